"""Estimates of costs: what is dear is known to be dear, cheaply."""

from __future__ import annotations

from claws.runner.costs import Costs, model_length
from claws.syntax.reader import load_text

NET = "dim n, m\nparam U: [n, m], V: [m]\nmap U @ V\n"


def costs(text: str) -> list[float]:
    spec = load_text(text)
    assert not spec.diagnostics
    known = Costs(spec)
    return [known.claim(claim, sizes) for claim in spec.claims for sizes in claim.sizes]


def test_a_number_costs_more_than_a_law_and_more_for_more_parameters() -> None:
    text = NET + "law l = U.T @ U for n = 3, m = 3\ncount = 1 for n = 3, m in 2..4\n"
    law, *numbers = costs(text)
    assert law < numbers[0] < numbers[1] < numbers[2]


def test_a_law_that_is_not_expected_to_hold_costs_more_where_sizes_are_free() -> None:
    proved, fixed, free = costs(
        NET + "law a = U.T @ U\nlaw b = U for n = 2, m = 2 expect refuted\nlaw c = V expect refuted\n"
    )
    assert proved < fixed < free


def test_momentum_costs_more() -> None:
    text = NET + "count = 1 for n = 2, m = 2\n"
    (plain,), (momentum,) = costs(text), costs(text.replace("count", "const tau\nflow momentum(tau)\ncount"))
    assert momentum > 10 * plain


def test_all_parameters_are_counted() -> None:
    spec = load_text("dim n = 2, m\nconst k: [m]\nparam U: [n, m], V: [3*m], b\nmap sum(U) * sum(V) * b * sum(k)\n")
    assert Costs(spec).parameters({"m": 5}) == 2 * 5 + 3 * 5 + 1
    assert Costs(spec).parameters({}) == 2 + 3 + 1


def test_a_longer_model_is_longer() -> None:
    short, long = load_text("param u\nmap u\n"), load_text("param u\nlet v = u*u*u\nmap u + v + u*v\n")
    assert model_length(short) < model_length(long)

"""What a file declares and claims, and what is said of one that is wrong: all of it, once, with a way forward."""

from __future__ import annotations

import pytest

from claws.kernel.core.sizes import Size
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from tests.syntax.test_spec import errors, good, only


def test_near_misses_are_suggested() -> None:
    assert only("param weight\nmap wieght").hint == "did you mean `weight`?"
    assert only("param x\nmap rleu(x)").hint == "did you mean `relu`?"
    assert "A @ B.T" in only("dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V").hint


def test_all_errors_of_a_file_come_in_one_run() -> None:
    found = errors("dim n\nparam U: [n, k]\nmap V\nlaw a = W\nlaw b = b +\nlaw c = n @ n\n")
    assert [(d.code, d.span.line) for d in found] == [
        ("CLAW021", 2),
        ("CLAW021", 3),
        ("CLAW021", 4),
        ("CLAW011", 5),
        ("CLAW022", 6),
    ]


def test_every_wrong_law_is_reported_also_where_the_map_is_wrong() -> None:
    found = errors("param u\nmap u*x\nlaw l = x\nlaw m = u + y\nlaw k = u^2\n")
    assert [(d.code, d.span.line) for d in found] == [("CLAW021", 2), ("CLAW021", 3), ("CLAW021", 4)]
    # a form feed is no line end
    found = errors("param u\f\nmap u +\nlaw l = u + y\n")
    assert [(d.code, d.span.line) for d in found] == [("CLAW011", 2), ("CLAW021", 3)]


def test_a_name_whose_declaration_is_wrong_is_reported_once() -> None:
    assert only("param U: [k, k]\nmap U @ U\nlaw a = U").message == "unknown name `k`"


def test_sizes_of_a_claim() -> None:
    spec = good(
        "dim n, m\nparam x: [n], y: [m]\nmap x[0]\nlaw l = x for n in {1, 3}, m in n..3 where m != 2, n + m <= 5\n"
    )
    assert spec.claims[0].sizes == ({"n": 1, "m": 1}, {"n": 1, "m": 3})


def test_an_override_fixes_a_dim_and_keeps_its_sizes() -> None:
    text = "dim n, m = 2\nparam x: [n], y: [m]\nmap x[0]\nlaw l = x for n in 1..4\nlaw k = y\n"
    spec = load_text(text, overrides={"n": 3, "m": 5})
    assert [c.sizes for c in spec.claims] == [({"n": 3},), ({},)]
    assert Instance(spec, {}).value("y").shape == (Size.of(5),)


@pytest.mark.parametrize(
    ("text", "laws"),
    [("activation s homogeneous 2\nparam w\nmap s(w)", {"s": 2}), ("activation s\nparam w\nmap s(w)", {"s": None})],
)
def test_activations(text: str, laws: dict[str, int | None]) -> None:
    assert good(text).activations == laws


def test_what_one_claim_needs_of_the_sizes_is_not_needed_by_the_next() -> None:
    """`U[2]` needs three rows, and the range at most two: each is a claim of its own."""
    text = "dim n\nparam U: [n]\nlet third = U[2]\nmap U\nlaw a = third\nlaw b = sum(k for k in n..2)\nlaw c = third*U[1]\n"
    spec = good(text)
    conditions = {law: [str(c) for c in Instance(spec, {}).statement(law).program.conditions] for law in "abc"}
    assert conditions == {"a": ["n - 3"], "b": ["-n + 3"], "c": ["n - 3"]}

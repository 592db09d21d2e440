"""Premises of numbers of laws: every theorem that uses one carries it, and no other theorem does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claws.discovery.conjectures import CONJECTURES
from claws.kernel.core.errors import Meter
from claws.kernel.core.finding import Finding, Layer, Premise, Verdict
from claws.kernel.counting.bounds import CountBounds
from claws.kernel.counting.claims import _count, check_number
from claws.kernel.counting.evidence import Sandwich, Step
from claws.kernel.counting.involution import ONE_FIELD
from claws.kernel.counting.points import ExactRanks
from claws.kernel.laws.evidence import ByTensors
from claws.prover.counting import NumberSearch
from claws.runner.check import check_text
from claws.runner.options import Options
from tests.kernel.counting.test_bounds import P, count, judge, relation, sandwich, statements

FREE = "activation s\nparam u, v\nmap u*v\nlaw a = s(u^2 - v^2)\nlaw b = u^2 - v^2\n"
"""A law that is an activation of a law: for a constant activation it says nothing."""

SMOOTH = "input x\nparam u, v\nmap u*v*x\nlaw a = erf(exp(u^2 - v^2))\nlaw b = u^2 - v^2\n"
"""A model without a premise, a law with one and a law without."""

ALONE = Sandwich((), (), (), P, 0)
GENERIC = (Premise.GENERIC_ACTIVATION,)
VALUES = (Premise.INDEPENDENT_VALUES,)


# --- independent -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "law", "premises"),
    [
        ("activation s\n", "s(u^2 - v^2)", GENERIC),
        ("activation s\n", "s(2)*(u^2 - v^2)", GENERIC),
        ("activation s homogeneous 2\n", "s(u^2 - v^2)", None),
        ("activation s with s' = 1 - s^2\n", "s(u^2 - v^2)", (Premise.NOT_CONSTANT,)),
        ("", "tanh(u^2 - v^2)", ()),
        ("", "erf(u^2 - v^2)", ()),
        ("", "erf(exp(u^2 - v^2))", VALUES),
        ("", "exp(erf(u^2 - v^2))", VALUES),
        ("", "u^2 - v^2", ()),
        ("", "1/(u^2 - v^2)", ()),
    ],
)
def test_independent_has_the_premises_of_its_laws(
    declared: str, law: str, premises: tuple[Premise, ...] | None
) -> None:
    text = f"{declared}param u, v\nmap u*v\nlaw a = {law}\n"
    (claim,) = [c for c in check_text(f"{text}independent a\n", "x", Options()).claims if c.kind == "independent"]
    if premises is None:
        assert claim.verdict is Verdict.UNKNOWN, "a law with a kink is not counted"
        return
    assert (claim.verdict, claim.premises) == (Verdict.PROVED, premises), claim.reason


def test_a_relation_has_the_premises_of_its_laws() -> None:
    square = relation((1, ((0, 2),)), (-1, ((1, 1),)))
    free = judge(statements(f"{FREE}law c = s(u^2 - v^2)^2\n", "independent a, c"), square)
    assert (free.verdict, free.premises) == ("REFUTED", GENERIC)
    plain = judge(statements(f"{FREE}law c = (u^2 - v^2)^2\n", "independent b, c"), square)
    assert (plain.verdict, plain.premises) == ("REFUTED", ())


# --- numbers of laws ---------------------------------------------------------------------------------------------------

BRACKETS = (Step(1, 4),)


def test_a_lower_bound_has_the_premises_of_its_laws() -> None:
    statement = count(">=", 1, SMOOTH)
    assert judge(statement, sandwich(statement, "a", SMOOTH, ())).premises == VALUES
    assert judge(statement, sandwich(statement, "b", SMOOTH, ())).premises == ()


def test_an_upper_bound_needs_no_law() -> None:
    """Both bounds are shown, and only the one that decides is used."""
    upper, both = count("<=", 1, SMOOTH), count("=", 1, SMOOTH)
    assert judge(upper, sandwich(upper, "a", SMOOTH, BRACKETS)).premises == ()
    assert judge(both, sandwich(both, "a", SMOOTH, BRACKETS)).premises == VALUES
    assert judge(both, sandwich(both, "b", SMOOTH, BRACKETS)).premises == ()


def test_one_number_without_data_needs_no_law() -> None:
    text = SMOOTH.replace("u*v*x", "u*v")
    statement = count("=", 1, text)
    evidence = sandwich(statement, "a", text, BRACKETS)
    assert judge(statement, evidence).premises == VALUES
    assert judge(statement, replace(evidence, involution=ONE_FIELD)).premises == ()


def test_what_is_true_of_every_model_has_no_premise() -> None:
    text = SMOOTH.replace("u*v*x", "u*erf(exp(v*x))")
    for sign, number, premises in ((">=", 0, ()), ("<=", 2, ()), ("<=", 0, VALUES)):
        statement = count(sign, number, text)
        assert judge(statement, replace(sandwich(statement, "a", text, BRACKETS), laws=())).premises == premises


def test_complete_has_the_premises_of_its_laws() -> None:
    for law, premises in (("a", GENERIC), ("b", ())):
        statement = statements(FREE, f"complete {law}")
        evidence = Sandwich((), ((statement.laws[0], ByTensors({})),), BRACKETS, P, 0)  # type: ignore[union-attr]
        theorem = judge(statement, evidence)
        assert (theorem.verdict, theorem.premises) == ("PROVED", premises)


A, B = (Premise.PATTERNS,), (Premise.NOT_CONSTANT,)


@pytest.mark.parametrize(
    ("relation_", "number", "verdict", "premises"),
    [
        ("=", 3, True, A + B),
        ("=", 2, False, A),
        ("=", 4, False, B),
        (">=", 3, True, A),
        (">=", 4, False, B),
        ("<=", 3, True, B),
        ("<=", 2, False, A),
        (">=", 0, True, ()),
        ("<=", 8, True, ()),
        ("=", 9, False, ()),
    ],
)
def test_a_number_has_the_premises_of_the_bounds_that_decide_it(
    relation_: str, number: int, verdict: bool, premises: tuple[Premise, ...]
) -> None:
    statement = count(relation_, number)
    found, used, _ = _count(statement, CountBounds(3, 3, 8, below=A, above=B, near=()))
    assert (found, set(used)) == (verdict, set(premises))


def test_the_premises_of_a_proved_law_are_carried_on() -> None:
    """No layer of laws has a premise; one that had would not lose it in a number."""
    statement = count("=", 3)
    laws = Finding(Verdict.PROVED, "tensors", frozenset({Layer.TENSORS}), premises=B)
    found = check_number(statement, sandwich(statement), lambda s, e: laws, ExactRanks(), Meter(10**7))
    assert found.premises == B
    assert judge(statement, sandwich(statement)).premises == ()


# --- the search --------------------------------------------------------------------------------------------------------


def test_the_search_prefers_laws_without_a_premise() -> None:
    (*_, claim) = check_text(f"{SMOOTH}count = 1\n", "x", Options()).claims
    assert (claim.verdict, claim.premises, claim.detail.laws) == (Verdict.PROVED, (), ("b",))


def test_the_search_takes_laws_with_a_premise_where_others_are_too_few() -> None:
    text = "activation s with s' = 1 - s^2\nparam u, v\ninput x\nprecondition v by 1 - s(u)^2\nmap x*(u + v)\n"
    (*_, claim) = check_text(f"{text}law a = v - s(u)\ncount >= 1\n", "x", Options()).claims
    assert (claim.verdict, claim.premises, claim.detail.laws) == (Verdict.PROVED, (Premise.NOT_CONSTANT,), ("a",))


def test_a_law_with_an_activation_that_the_model_has_not_is_left_out() -> None:
    (*_, claim) = check_text(f"{FREE}count = 1\n", "x", Options()).claims
    assert (claim.verdict, claim.premises, claim.detail.laws) == (Verdict.PROVED, (), ("b",))


@pytest.mark.parametrize(
    ("unit", "end"),
    [("erf(exp(V @ x))", "; under the premise independent-values"), ("erf(V @ x)", "still growing")],
)
def test_bounds_that_rest_on_a_premise_say_so(unit: str, end: str) -> None:
    text = f"input x: [2]\nparam u: [2], V: [2, 2]\nmap u @ {unit}\n"
    search = NumberSearch(count("=", 1, text), (), CONJECTURES, 0, Meter(10**7), pure=False)
    search.lower_upper(search.coordinates)
    assert search.gap().endswith(end)

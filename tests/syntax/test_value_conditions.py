"""Sizes at which nothing has a value are excluded by a condition, which is listed with the verdict; no other sizes are."""

from __future__ import annotations

import pytest

from claws.kernel.core.finding import Verdict
from claws.report.results import FileResult
from claws.runner.check import check_text
from claws.runner.options import Options

LAWS = "law l = sqnorm(U)\nlaw false = U expect refuted\n"
MODEL = "dim n\nparam U: [n]\ninput x: [n]\n"


def check(text: str) -> FileResult:
    return check_text(text, "x.claw", Options(timeout=None))


@pytest.mark.parametrize(
    ("model", "conditions"),
    [
        (f"{MODEL}map layernorm(U) @ x\n", ("n >= 2",)),
        (f"{MODEL}let d = U - sum(U)/n\nmap d/sqrt(sqnorm(d)) @ x\n", ("n >= 2",)),
        (f"{MODEL}let d = U - sum(U)/n\nmap d/sqrt(sqnorm(d)/(n - 1)) @ x\n", ("n >= 2",)),
        (f"{MODEL}let v = sum(U^2)/n - (sum(U)/n)^2\nmap (U - sum(U)/n)/sqrt(v) @ x\n", ("n >= 2",)),
        (f"{MODEL}map U/sqrt(sqnorm(U)) @ x\n", ()),
        (f"{MODEL}map rmsnorm(U) @ x\n", ()),
        (f"{MODEL}map rmsnorm(U) @ x*U[1]/U[0]\n", ("n >= 2",)),
        ("dim B, T, c\nparam U: [c]\ninput x: [B, T, c]\nlet y = x*U\nlet m = sum(sum(y, axis=0), axis=0)/(B*T)\n"
         "map (y - m)/sqrt(sum(sum((y - m)^2, axis=0), axis=0))\n", ("B*T >= 2",)),
        ("dim B, c\nparam U: [c]\ninput x: [B, c]\nlet y = x*U\nlet m = sum(y, axis=0)/B\n"
         "map (y - m)/sqrt(sum((y - m)^2, axis=0))\n", ("B >= 2",)),
        ("dim n, k\nparam U: [n]\ninput x: [n, k*n]\nmap layernorm(U @ x)/U[0]\n", ("k*n >= 2",)),
    ],
)  # fmt: skip
def test_a_norm_needs_two_entries(model: str, conditions: tuple[str, ...]) -> None:
    result = check(model + "law l = sum(U)*0 + 1\n")
    assert not result.errors, result.errors
    (claim,) = result.claims
    assert (claim.verdict, claim.conditions) == (Verdict.PROVED, conditions)


def test_the_reported_file() -> None:
    law, false = check(f"{MODEL}map layernorm(U) @ x\n{LAWS}").claims
    assert (law.verdict, law.conditions) == (Verdict.PROVED, ("n >= 2",))
    assert false.verdict is Verdict.REFUTED


def test_a_norm_of_one_entry_is_an_error_with_a_place() -> None:
    text = "param U: [1], v\nmap layernorm(U)*v\nlaw l = v\n"
    (problem,) = check(text).errors
    assert (problem.code, problem.span.line) == ("CLAW035", 2)
    assert "axis of size 1" in problem.message and "at least two entries" in problem.hint
    (claim,) = check(text.replace("[1]", "[2]").replace("v\nlaw l = v", "v\nlaw l = sqnorm(U)")).claims
    assert claim.verdict is Verdict.PROVED


def test_by_hand_one_entry_is_not_proved() -> None:
    text = "dim n\nparam U: [n], v\nlet d = U - sum(U)/n\nmap d/sqrt(sqnorm(d)), v\nlaw l = sqnorm(U) for n in 1..2\n"
    one, two = check(text).claims
    assert one.verdict is Verdict.UNKNOWN and "zero everywhere" in one.reason
    assert two.verdict is Verdict.PROVED


@pytest.mark.parametrize(
    ("model", "verdict"),
    [
        ("map sqrt(-v^2 - 1), U", Verdict.UNKNOWN),
        ("map sqrt(v^2 + 1)*0*U, log(-sqnorm(U))", Verdict.UNKNOWN),
        ("map 1/(v - v*n/n)", Verdict.UNKNOWN),
        ("map sqrt(-v^2 + 1)", Verdict.PROVED),
    ],
)
def test_a_model_that_has_values_nowhere_proves_nothing(model: str, verdict: Verdict) -> None:
    result = check(f"dim n\nparam U: [n], w: [n]\nparam v\n{model}\nlaw l = w\n")
    if result.errors:
        assert verdict is Verdict.UNKNOWN and result.errors[0].code == "CLAW035"
        return
    (claim,) = result.claims
    assert claim.verdict is verdict
    assert not claim.conditions
    if verdict is Verdict.UNKNOWN:
        assert "a claim that speaks of no point is not proved" in claim.reason or "zero everywhere" in claim.reason


@pytest.mark.parametrize(
    "zero", ["log({}1 + u^2)*0", "log({}1 + u^2)*(v - v)", "sqrt({}1 + u^2) - sqrt({}1 + u^2)", "0/sqrt({}1 + u^2)"]
)
def test_what_cancels_must_have_a_value_all_the_same(zero: str) -> None:
    """A claim about points at which an output has a value speaks of none where there are none."""
    for sign, verdicts in (("", ["PROVED", "REFUTED"]), ("-2 - u^2 + ", ["UNKNOWN", "UNKNOWN"])):
        result = check(f"param u, v\nmap u*v, {zero.format(sign, sign)}\nlaw a = u^2 - v^2\nlaw b = u + v\n")
        assert [claim.verdict for claim in result.claims] == verdicts

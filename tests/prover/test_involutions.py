"""The search for fields in involution: what it finds, what it leaves, and what is said of it."""

from __future__ import annotations

import pytest

from claws.kernel.core.errors import Meter, OutOfBudget
from claws.kernel.core.finding import Verdict
from claws.kernel.counting.statements import Count
from claws.prover.involutions import LIMITS, find_involution
from claws.readings.modular import PRIMES
from claws.runner.check import check_text
from claws.runner.options import Options
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from claws.testing.ranks import estimate
from tests.claims.published import linear_net

P = PRIMES[0]
NO_FORMULA = linear_net([2, 1, 2, 2, 1])


def model(text: str) -> Count:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return Instance(spec, {}).model()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "number"),
    [
        (NO_FORMULA, 8),
        (linear_net([3, 1, 2, 2, 1]), 8),
        (linear_net([2, 1, 2, 2, 1, 2]), 9),
        (linear_net([2, 1, 3, 3, 1]), 15),
        (linear_net([2, 1, 2, 2, 2, 1]), 12),
        (linear_net([3, 1, 2, 2, 1, 4]), 9),
        (
            "input x: [3]\nconst A: [2, 3]\nparam a: [2], B: [2, 2], c: [2], d: [2]\nmap dot(c, B @ a)*dot(d, relu(A @ x))\n",
            8,
        ),
        ("param u: [2], x: [4]\ninput y: [2]\nmap dot(u, y)*(x[0]^2 + x[1]^3*x[2])/(1 + x[3]^2 + x[0]*x[1])\n", 4),
        ("param u: [2], x: [3] in positive\nprecondition x by x\nmap (x[0]^2 + x[1]^3*x[2])*u\n", 3),
        ("param x: [3]\nconst c\nflow gradient, decay(c)\nmap x[0]*x[1]*x[2]^2 + x[0]^4 + 3*x[1]^4\n", 2),
    ],
)
def test_numbers_of_laws_without_a_formula(text: str, number: int) -> None:
    claim = check_text(f"{text}count = {number}\n", "x", Options()).claims[-1]
    assert claim.verdict is Verdict.PROVED, claim.reason
    assert claim.detail.laws is not None
    assert claim.detail.laws[-1].startswith(f"{number} laws that need no formula: ")
    # brackets of up to four generators in floating point, which know nothing of involution
    floating = estimate(model(text), 4)
    assert floating is not None
    assert floating.count == number
    assert floating.gap > 100
    assert check_text(f"{text}count = {number - 1}\n", "x", Options()).claims[-1].verdict is Verdict.REFUTED


def test_where_laws_are_enough_nothing_is_said_of_involution() -> None:
    claim = check_text(linear_net([2, 2, 2]) + "count = 3\n", "x", Options()).claims[-1]
    assert claim.detail.laws == ("l0",)


def test_fields_that_are_not_in_involution_are_not_taken_for_it() -> None:
    """A third output, with a field of its own, makes brackets with the other two: three fields are not in involution."""
    assert find_involution(model(NO_FORMULA), 2, P, 0, Meter(10**7)) is not None
    more = NO_FORMULA.replace("W3\nlaw", "W3, W2[0, 0]\nlaw")
    assert more != NO_FORMULA
    assert find_involution(model(more), 3, P, 0, Meter(10**7)) is None


@pytest.mark.parametrize(
    "text",
    [
        "param u: [2], x: [2]\nmap u*exp(x[0]*x[1]^2)\n",
        "param u: [2], x: [2]\nmap u*sqrt(x[0]^2 + x[1]^4)\n",
        "param u: [2], x: [2]\ninput y\nmap u/(x[0] + x[1]*y)\n",
        "param u: [2], x: [2]\nmap stop(x[0])*u*x[1]\n",
    ],
)
def test_models_of_other_kinds_have_none(text: str) -> None:
    assert find_involution(model(text), 2, P, 0, Meter(10**7)) is None


def test_limits_end_the_search_and_a_budget_ends_all() -> None:
    wide = "param u: [9], a, b\nmap a*b*u\n"
    assert LIMITS.basis < 9
    assert find_involution(model(wide), 9, P, 0, Meter(10**7)) is None
    assert find_involution(model(wide.replace("9", "3")), 3, P, 0, Meter(10**7)) is not None
    with pytest.raises(OutOfBudget):
        find_involution(model(NO_FORMULA), 2, P, 0, Meter(500))


@pytest.mark.parametrize("seed", range(4))
def test_the_number_does_not_depend_on_the_seed(seed: int) -> None:
    claim = check_text(NO_FORMULA + "count = 8\n", "x", Options(seed=seed)).claims[-1]
    assert claim.verdict is Verdict.PROVED

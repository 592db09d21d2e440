"""The number of laws does not depend on how a model is written, and agrees with an independent Lie closure in SymPy."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import pytest
import sympy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claws.report.sweeps import SweepRow
from claws.runner.options import Options
from claws.runner.sweep import count_at
from claws.syntax.reader import load_text

quiet = settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])

NAMES = ("x", "y", "z")


@st.composite
def maps(draw: st.DrawFn) -> list[str]:
    """One to three outputs, polynomials of degree at most 3 in x, y, z with small coefficients and few terms."""
    monomials = [m for m in product(range(4), repeat=3) if 0 < sum(m) <= 3]
    outputs = []
    for _ in range(draw(st.integers(1, 3))):
        terms = draw(st.lists(st.tuples(st.integers(-3, 3), st.sampled_from(monomials)), min_size=1, max_size=3))
        texts = [
            "*".join([f"({c})", *(f"{name}^{e}" for name, e in zip(NAMES, m, strict=True) if e)]) for c, m in terms if c
        ]
        outputs.append(" + ".join(texts) or "0*x")
    return outputs


def row(outputs: Sequence[str], params: Sequence[str] = NAMES, more: str = "") -> SweepRow:
    spec = load_text(f"param {', '.join(params)}\n{more}map {', '.join(outputs)}\n")
    assert not spec.diagnostics, spec.diagnostics
    return count_at(spec, {}, Options(budget=300_000, timeout=None))


def same(a: SweepRow, b: SweepRow, more: int = 0) -> bool:
    """Whether the second number is the first and so many more; where one is open, the bounds must leave room for it."""
    if a.status == b.status == "PROVED":
        return a.at_least + more == b.at_least
    return a.at_least + more <= b.at_most and b.at_least <= a.at_most + more


def lie_dimension(outputs: Sequence[str], depth: int) -> int:
    """The rank at a rational point of all brackets of up to so many gradients, by SymPy's own derivatives."""
    xs = sympy.symbols(NAMES)
    functions = [sympy.sympify(e.replace("^", "**"), dict(zip(NAMES, xs, strict=True))) for e in outputs]
    fields = [sympy.Matrix([sympy.diff(f, x) for x in xs]) for f in functions]
    by_depth = [fields]
    for _ in range(depth - 1):
        new = []
        for a in by_depth[-1]:
            for b in fields:
                bracket = (b.jacobian(xs) * a - a.jacobian(xs) * b).applyfunc(sympy.expand)
                if any(bracket):
                    new.append(bracket)
        by_depth.append(new)
    point = dict(zip(xs, (sympy.Rational(3, 7), sympy.Rational(-5, 11), sympy.Rational(13, 17)), strict=True))
    columns = [v.subs(point) for group in by_depth for v in group]
    return int(sympy.Matrix.hstack(*columns).rank()) if columns else 0


@quiet
@given(maps())
def test_the_bounds_agree_with_an_independent_lie_closure(outputs: list[str]) -> None:
    found = row(outputs)
    rank = lie_dimension(outputs, max(3, min(found.depth, 4)))
    assert found.at_least <= 3 - rank
    if found.status == "PROVED" and found.depth <= 4:
        assert found.at_least == 3 - rank


@pytest.mark.slow
@quiet
@given(maps(), st.permutations(NAMES), st.sampled_from([("3/5", "4/5"), ("5/13", "12/13"), ("0", "1")]))
def test_the_number_is_the_same_in_other_orthonormal_coordinates(
    outputs: list[str], order: Sequence[str], turn: tuple[str, str]
) -> None:
    c, s = turn
    lets = f"let x = {c}*p - {s}*q\nlet y = {s}*p + {c}*q\nlet z = -w\n"
    assert same(row(outputs), row(outputs, ("p", "q", "w"), lets))
    assert same(row(outputs), row(outputs[::-1], order))


@pytest.mark.slow
@quiet
@given(maps(), st.sampled_from(["{0}^2", "{0} + 3", "{0}*{0}*{0} - {0}", "2*{0}", "0*{0}"]))
def test_a_redundant_output_changes_nothing(outputs: list[str], function: str) -> None:
    assert same(row(outputs), row([*outputs, function.format(f"({outputs[0]})")]))


@pytest.mark.slow
@quiet
@given(maps())
def test_an_unused_parameter_adds_exactly_one(outputs: list[str]) -> None:
    assert same(row(outputs), row(outputs, (*NAMES, "unused")), more=1)


@quiet
@given(maps(), st.sampled_from(["10^16", "10^-14", "1/3"]))
def test_units_play_no_part(outputs: list[str], factor: str) -> None:
    assert same(row(outputs), row([f"{factor}*({e})" for e in outputs]))

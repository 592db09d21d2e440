"""Enclosures hold the numbers that they stand for: against mpmath's intervals at many more digits."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.kernel.core.errors import Irrational, Undefined
from claws.kernel.values.enclosures import Enclosures, Interval, Number, enclose
from claws.kernel.values.evidence import Choices
from tests.kernel.known_functions import MP, POSITIVE_ARGUMENT, SMOOTH, in_mpmath

TRUE = {name: in_mpmath(name) for name in SMOOTH}

rationals = st.fractions(-16, 16, max_denominator=1000)
positive = st.fractions(Fraction(1, 1000), 1000, max_denominator=1000)
few = settings(max_examples=25, deadline=None)


def real(x: Fraction) -> Any:
    return MP.mpf(x.numerator) / x.denominator


def holds(x: Number, true: Any) -> bool:
    low, high = Interval.of(x, 128).bounds
    return bool(real(low) <= true <= real(high))


@pytest.mark.parametrize("function", TRUE)
@few
@given(x=rationals, bits=st.integers(20, 200))
def test_values_at_rational_points(function: str, x: Fraction, bits: int) -> None:
    if function in POSITIVE_ARGUMENT:
        x = abs(x) + Fraction(1, 7)
    found = enclose(function, x, bits)
    assert holds(found, TRUE[function](real(x)))
    assert found.high - found.low <= 2 + (found.size >> bits)


@pytest.mark.parametrize("function", TRUE)
@few
@given(x=rationals, width=st.fractions(0, 2, max_denominator=100), at=st.fractions(0, 1, max_denominator=50))
def test_values_over_intervals(function: str, x: Fraction, width: Fraction, at: Fraction) -> None:
    if function in POSITIVE_ARGUMENT:
        x = abs(x) + Fraction(1, 7)
    x = max(Fraction(-13), min(Fraction(13), x)) if function not in POSITIVE_ARGUMENT else x
    low, high = Interval.of(x, 100), Interval.of(x + width, 100)
    found = enclose(function, Interval(low.low, high.high, 100), 100)
    assert holds(found, TRUE[function](real(x + at * width)))


@few
@given(x=rationals, y=rationals, k=st.integers(-4, 5), wide=st.integers(0, 1 << 90))
def test_arithmetic(x: Fraction, y: Fraction, k: int, wide: int) -> None:
    bits = 100
    a = Interval(Interval.of(x, bits).low - wide, Interval.of(x, bits).high + wide, bits)
    b = Interval.of(y, bits)
    assert holds(a + b, real(x + y)) and holds(a + y, real(x + y)) and holds(y + a, real(x + y))
    assert holds(a * b, real(x * y)) and holds(a * y, real(x * y)) and holds(y * a, real(x * y))
    if k >= 0 or a.excludes_zero():
        assert holds(a.power(k), real(x) ** k)
    else:
        with pytest.raises(Undefined, match="may be zero"):
            a.power(k)


@few
@given(x=positive, q=st.integers(2, 5))
def test_roots(x: Fraction, q: int) -> None:
    assert holds(Interval.of(x, 80).root(q), MP.root(real(x), q))


@pytest.mark.parametrize(
    ("function", "x", "reason"),
    [
        ("log", Fraction(0), "not positive"),
        ("log", Fraction(-1), "not positive"),
        ("exp", Fraction(300), "too large"),
        ("erf", Fraction(17), "too large"),
    ],
)
def test_where_there_are_no_bounds(function: str, x: Fraction, reason: str) -> None:
    with pytest.raises(Undefined, match=reason):
        enclose(function, x, 64)


def test_a_logarithm_near_zero_is_refused() -> None:
    with pytest.raises(Undefined, match="not positive"):
        enclose("log", Interval(-1, 5, 10), 64)


def ring(**activations: Fraction | None) -> Enclosures:
    return Enclosures(activations, Choices(homogeneous={"s": (Fraction(2), Fraction(-3))}), 100)


@few
@given(x=rationals)
def test_slopes(x: Fraction) -> None:
    for function, true in TRUE.items():
        if function == "log" and x <= 0:
            continue
        _, slope = ring().elementary(function, x)
        assert holds(slope, MP.diff(true, real(x))) or abs(MP.diff(true, real(x)) - real(middle(slope))) < MP.mpf(
            "1e-20"
        )


def middle(x: Number) -> Fraction:
    low, high = Interval.of(x, 100).bounds
    return (low + high) / 2


def test_what_is_rational_stays_so() -> None:
    assert ring().elementary("exp", Fraction(0)) == (1, 1)
    assert ring().elementary("relu", Fraction(-2)) == (0, 0)
    assert ring().power(Fraction(9, 4), Fraction(1, 2)) == Fraction(3, 2)
    assert isinstance(ring().power(Fraction(2), Fraction(1, 2)), Interval)
    assert isinstance(ring().elementary("exp", Fraction(1))[0], Interval)


def test_kinks() -> None:
    near = Interval(-1, 1, 100)
    with pytest.raises(Undefined, match="kink"):
        ring().elementary("relu", near)
    with pytest.raises(Undefined, match="kink"):
        ring(s=Fraction(2)).elementary("s", near)
    value, slope = ring(s=Fraction(2)).elementary("s", Interval.of(Fraction(-3), 100))
    assert holds(value, -27) and holds(slope, 18)


def test_what_a_file_leaves_open_has_no_value_at_an_irrational_point() -> None:
    with pytest.raises(Irrational, match="no value can be chosen"):
        ring(s=None).elementary("s", Interval.of(Fraction(1, 3), 100))
    with pytest.raises(Irrational, match="no value can be chosen"):
        ring().opaque("F", [{(): Interval.of(Fraction(1, 3), 100)}], [()], ())


@pytest.mark.parametrize("bits", [0, -1, 5000])
def test_precision_is_bounded(bits: int) -> None:
    with pytest.raises(Undefined, match="binary digits"):
        Enclosures({}, Choices(), bits)


def test_huge_numbers_are_refused() -> None:
    x = ring().power(Interval.of(Fraction(10), 100), Fraction(4096))
    ring().check(x)
    for _ in range(2):
        x = x * x
    with pytest.raises(Undefined, match="too large"):
        ring().check(x)

"""Sizes are polynomials (against SymPy), and what is said to be non-negative is (against brute force)."""

from __future__ import annotations

import itertools
from fractions import Fraction

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.kernel import Malformed, Program, Size
from claws.kernel.core.program import Leaf, count_entries
from claws.kernel.core.sizes import SizeBounds, condition_text

N, M, R = Size.dim("n"), Size.dim("m"), Size.dim("r")
DIMS = ("m", "n", "r")

coefficients = st.fractions(-4, 4, max_denominator=3)
monomials = st.dictionaries(st.sampled_from(DIMS), st.integers(1, 3), max_size=2).map(
    lambda d: tuple(sorted(d.items()))
)
sizes = st.dictionaries(monomials, coefficients, max_size=4).map(Size)
whole_sizes = st.dictionaries(monomials, st.integers(-3, 3).map(Fraction), max_size=3).map(Size)


def to_sympy(size: Size) -> sympy.Expr:
    total = sympy.Integer(0)
    for monomial, c in size.terms:
        total += sympy.Rational(c.numerator, c.denominator) * sympy.prod([sympy.Symbol(d) ** e for d, e in monomial])
    return total


def same(size: Size, expression: sympy.Expr) -> bool:
    return sympy.expand(to_sympy(size) - expression) == 0


@settings(deadline=None, max_examples=60)
@given(sizes, sizes, sizes, coefficients)
def test_arithmetic(a: Size, b: Size, c: Size, q: Fraction) -> None:
    x, y = to_sympy(a), to_sympy(b)
    assert same(a + b, x + y)
    assert same(a - b, x - y)
    assert same(a * b, x * y)
    assert same(-a, -x)
    assert same(q - a * q, sympy.Rational(q.numerator, q.denominator) * (1 - x))
    assert (a == b) == (sympy.expand(x - y) == 0)
    assert (a + b) * c == a * c + b * c
    assert a * b == b * a
    assert a - a == 0
    assert not a - a
    if a == b:
        assert hash(a) == hash(b)


@settings(deadline=None, max_examples=60)
@given(sizes, st.fixed_dictionaries({d: st.integers(1, 5) for d in DIMS}))
def test_values(size: Size, at: dict[str, int]) -> None:
    expected = to_sympy(size).subs(at)
    value = size.at(at).constant()
    assert value is not None
    assert sympy.Rational(value.numerator, value.denominator) == expected
    part = size.at({"n": at["n"]})
    assert "n" not in part.dims()
    assert part.at(at) == size.at(at)
    assert size.at({"n": N + 1}).at({"n": N - 1}) == size


@settings(deadline=None, max_examples=60)
@given(sizes)
def test_text_reads_back(size: Size) -> None:
    assert same(size, sympy.sympify(str(size).replace("^", "**")))


def test_constants() -> None:
    assert Size.of(3).constant() == 3
    assert Size.of(Fraction(1, 2)).integer() is None
    assert Size({}).constant() == 0
    assert N.constant() is None
    assert (N - N + 2).integer() == 2
    assert Size.of(2) == 2
    assert N != "n"


@settings(deadline=None, max_examples=300)
@given(whole_sizes, st.lists(whole_sizes, max_size=3))
def test_nonnegative_is_never_said_wrongly(size: Size, conditions: list[Size]) -> None:
    bounds = SizeBounds(conditions)
    nonnegative, positive = bounds.nonnegative(size), bounds.positive(size)
    if not (nonnegative or positive):
        return
    for point in itertools.product(range(1, 6), repeat=len(DIMS)):
        at = dict(zip(DIMS, point, strict=True))
        if bounds.hold_at(at):
            value = size.at(at).constant()
            assert value is not None
            assert not nonnegative or value >= 0
            assert not positive or value >= 1


@pytest.mark.parametrize(
    ("size", "conditions", "expected"),
    [
        (N - 1, (), True),
        (N - 2, (), False),
        (N - 2, (N - 2,), True),
        (N - 3, (N - 2,), False),
        (N - 2, (N * 2 - 4,), False),  # true, and not seen
        (N - M, (N - M,), True),
        (N - M, (M - N,), False),
        (N - M - 1, (N - M,), False),
        (N + R - M, (N - M,), True),
        (N * M - N, (), True),
        (N * M - N - M, (), False),
        (N * M - N - M, (N - 2, M - 2), True),
        (N * N - N * 2 + 1, (), True),
        (Size.of(Fraction(-1, 2)), (), False),
        (Size.of(-1), (Size.of(-1),), False),
        (N * Fraction(1, 2), (), True),
    ],
)
def test_nonnegative(size: Size, conditions: tuple[Size, ...], expected: bool) -> None:
    assert SizeBounds(conditions).nonnegative(size) is expected
    assert SizeBounds(conditions).nonnegative(size) is expected  # and when it is remembered


def test_half_integers_are_no_bound_on_integers() -> None:
    # 2n - 3 >= 0 says n >= 2, but only a condition n - k is read as a bound
    bounds = SizeBounds((N - Fraction(3, 2),))
    assert not bounds.nonnegative(N - 2)
    assert bounds.nonnegative(N - 1)


def test_conditions_at_sizes() -> None:
    bounds = SizeBounds((N - M, R - 2))
    assert bounds.hold_at({"n": 2, "m": 2, "r": 2})
    assert not bounds.hold_at({"n": 1, "m": 2, "r": 2})
    assert not bounds.hold_at({"n": 2, "m": 2, "r": 1})
    assert not SizeBounds().hold_at({"n": 0})
    with pytest.raises(Malformed, match="no size"):
        bounds.hold_at({"n": 2, "r": 2})


def test_conditions_as_text() -> None:
    assert condition_text(R - 2) == "r >= 2"
    assert condition_text(N - M - 1) == "n >= m + 1"


def test_programs_at_sizes() -> None:
    program = Program((Leaf("U", "param", (N - 1, M)),), conditions=(N - 2,))
    assert program.free_dims() == ["m", "n"]
    assert program.at({"n": 3, "m": 2}).shapes == ((Size.of(2), Size.of(2)),)
    with pytest.raises(Malformed, match="no size is given for m"):
        program.at({"n": 3})
    with pytest.raises(Malformed, match="outside the statement"):
        program.at({"n": 1, "m": 2})
    with pytest.raises(Malformed, match="outside the statement"):
        program.at({"n": 2, "m": 0})


def test_counting_entries() -> None:
    assert count_entries((N, M, Size.of(2))) == N * M * 2
    assert count_entries(()) == 1


def test_products_of_long_sizes_are_refused() -> None:
    size = Size({(("n", k),): Fraction(1) for k in range(1, 130)})
    assert len((size * size).terms) == 257
    with pytest.raises(Malformed, match="too many terms"):
        _ = size * size * size

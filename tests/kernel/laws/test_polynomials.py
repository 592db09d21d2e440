"""The polynomial reading: a ring (against SymPy), a zero test, and random programs against NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from random import Random

import pytest
import sympy
from hypothesis import example, given, settings
from hypothesis import strategies as st

from claws.kernel import Meter, OutOfBudget, Undefined
from claws.kernel.core.program import Apply, Call, Sum, power
from claws.kernel.laws.by_polynomials import generic_point
from claws.kernel.laws.evidence import ByPolynomials
from claws.kernel.laws.polynomials import Polynomial, Polynomials
from claws.kernel.values.evaluation import evaluate
from tests.kernel.laws.against_numpy import polynomials_agree
from tests.kernel.models import constant, judge, product, refuses, scalars, scale
from tests.kernel.random_programs import random_statement
from tests.kernel.sketches import Reshape

NAMES = ("x", "y", "z")
X, Y, Z = sympy.symbols("x y z", positive=True)
HALF = Fraction(1, 2)

monomials = st.tuples(*[st.integers(0, 2)] * 3)
tables = st.dictionaries(monomials, st.integers(-3, 3).filter(bool), max_size=4)
Table = Mapping[tuple[int, ...], int]


def ring(budget: int = 2_000_000) -> Polynomials:
    return Polynomials({"s": None, "h": Fraction(2), "k": Fraction(0), "base": None, "relu'": None}, Meter(budget))


def build(of: Polynomials, table: Table) -> Polynomial:
    total = of.number(Fraction(0))
    for exponents, c in table.items():
        term = of.number(Fraction(c))
        for name, e in zip(NAMES, exponents, strict=True):
            term = term * of.power(of.variable(name, name), Fraction(e))
        total = total + term
    return total


def to_sympy(table: Table) -> sympy.Expr:
    return sum((c * X**a * Y**b * Z**d for (a, b, d), c in table.items()), sympy.Integer(0))


def as_table(x: Polynomial) -> dict[tuple[int, ...], Fraction]:
    places = [next(iter(x.ring.variable(name, name).terms))[0][0] for name in NAMES]
    return {tuple(int(dict(m).get(v, 0)) for v in places): c for m, c in x.terms.items()}


def equals(x: Polynomial, expression: sympy.Expr) -> bool:
    poly = sympy.Poly(expression, X, Y, Z)
    expected = {m: Fraction(int(c.p), int(c.q)) for m, c in poly.terms() if c}
    return as_table(x) == expected


@settings(deadline=None, max_examples=80)
@given(tables, tables, tables, st.integers(0, 3))
def test_ring(a: Table, b: Table, c: Table, k: int) -> None:
    of = ring()
    p, q, r = (build(of, t) for t in (a, b, c))
    s, t = to_sympy(a), to_sympy(b)
    assert equals(p + q, s + t)
    assert equals(p * q, s * t)
    assert equals(of.power(p, k), s**k)
    assert (p * q).key() == (q * p).key()
    assert ((p + q) * r).key() == (p * r + q * r).key()
    assert bool(p) == (sympy.expand(s) != 0)
    assert of.vanishes(p + p * of.number(Fraction(-1)))


@settings(deadline=None, max_examples=80)
@given(
    tables,
    tables,
    st.sampled_from([HALF, Fraction(-1, 2), Fraction(1, 3), Fraction(-2), Fraction(-1), Fraction(5, 2)]),
)
def test_what_vanishes_with_powers(a: Table, b: Table, e: Fraction) -> None:
    """Laws of exponents, wherever the bases are not zero; and their neighbours, which do not vanish."""
    of = ring()
    p, q = build(of, a), build(of, b)
    if not p or not q:
        return
    minus, one = of.number(Fraction(-1)), of.number(Fraction(1))
    assert of.vanishes(of.power(p, e) * of.power(p, -e) + minus)
    assert of.vanishes(of.power(p, e) * of.power(p, 1 - e) + p * minus)
    assert of.vanishes((p + q) * of.power(p, -1) + q * of.power(p, -1) * minus + minus)
    assert of.vanishes(of.power(of.power(p, -1), Fraction(-1)) + p * minus)
    inverse = of.power(p, -1) * of.power(q, -1)
    assert of.vanishes(of.power(p * q, Fraction(-1)) + inverse * minus)
    assert not of.vanishes(of.power(p, e) * of.power(p, 1 - e) + (p + one) * minus)
    assert not of.vanishes(inverse)


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        # 1/(1/x + 1/y) = x y/(x + y)
        (
            lambda o, x, y: o.power(o.power(x, -1) + o.power(y, -1), -1) + x * y * o.power(x + y, -1) * o.number(-1),
            True,
        ),
        (
            lambda o, x, y: o.power(o.power(x, -1) + o.power(y, -1), -1) + x * x * o.power(x + y, -1) * o.number(-1),
            False,
        ),
        # x/(x + y) + y/(x + y) = 1
        (lambda o, x, y: (x + y) * o.power(x + y, -1) + o.number(-1), True),
        (lambda o, x, y: (x + y) * o.power(x + y, -2) + o.number(-1), False),
        # the square root of a square is not the number, its square is the square
        (lambda o, x, y: o.power(x * x, HALF) + x * o.number(-1), False),
        (lambda o, x, y: o.power(o.power(x * x, HALF), 2) + x * x * o.number(-1), True),
        (lambda o, x, y: o.power(o.power(x, HALF), 2) + x * o.number(-1), True),
        # sqrt(x + y) sqrt(x + y) = x + y, not x
        (lambda o, x, y: o.power(x + y, HALF) * o.power(x + y, HALF) + (x + y) * o.number(-1), True),
        (lambda o, x, y: o.power(x + y, HALF) * o.power(x + y, HALF) + x * o.number(-1), False),
        # 1/sqrt(p) - sqrt(p)/p = 0
        (
            lambda o, x, y: o.power(x + y, -HALF) + o.power(x + y, HALF) * o.power(x + y, -1) * o.number(-1),
            True,
        ),
        (lambda o, x, y: o.power(x + y, -HALF) + o.power(x + y, HALF) * o.number(-1), False),
        # sqrt(4x) and 2 sqrt(x) are not seen to be equal; they must not be seen to be opposite
        (lambda o, x, y: o.power(x * o.number(4), HALF) + o.power(x, HALF) * o.number(2), False),
    ],
)
def test_zero(terms: object, expected: bool) -> None:
    of = ring()
    raw_number, raw_power = of.number, of.power

    class Short:
        def number(self, c: int) -> Polynomial:
            return raw_number(Fraction(c))

        def power(self, x: Polynomial, e: Fraction | int) -> Polynomial:
            return raw_power(x, Fraction(e))

    value = terms(Short(), of.variable("x", "x"), of.variable("y", "y"))  # type: ignore[operator]
    assert of.vanishes(value) is expected


def test_division_by_zero_is_undefined() -> None:
    of = ring()
    x = of.variable("x", "x")
    nothing = x + x * of.number(Fraction(-1))
    assert of.power(nothing, 2).terms == {}
    with pytest.raises(Undefined, match="zero everywhere"):
        of.power(nothing, -1)


def test_masks() -> None:
    of = ring()
    x, minus = of.variable("x", "x"), of.number(Fraction(-1))
    value, slope = of.elementary("relu", x)
    assert (slope * slope).key() == slope.key()
    assert value.key() == (slope * x).key()
    # relu(3x) = 3 relu(x), relu(x) - relu(-x) = x
    assert of.elementary("relu", x * of.number(Fraction(3)))[0].key() == (value * of.number(Fraction(3))).key()
    other = of.elementary("relu", x * minus)[0]
    assert (value + other * minus).key() == x.key()
    assert (other + value * minus).key() != x.key()
    with pytest.raises(Undefined, match="kink everywhere"):
        of.elementary("relu", of.number(Fraction(0)))


def test_declared_activations() -> None:
    of = ring()
    x = of.variable("x", "x")
    value, slope = of.elementary("h", x)
    assert (value * of.number(Fraction(2))).key() == (slope * x).key()
    assert of.elementary("k", x)[1].terms == {}
    value, slope = of.elementary("s", x)
    assert len({value.key(), slope.key(), x.key(), of.elementary("s", x * x)[0].key()}) == 4
    assert of.elementary("s", x)[0].key() == value.key()


def test_an_activation_may_be_called_as_a_variable_of_the_kernel() -> None:
    of = ring()
    p = of.variable("x", "x") + of.number(Fraction(1))
    root = of.power(p, HALF)
    value = of.elementary("base", p)[0]
    assert not of.vanishes(value + root * root * of.number(Fraction(-1)))
    square = of.elementary("relu'", p)[0]
    of.elementary("relu", p)
    assert (square * square).key() != square.key()


def test_functions_of_other_shapes_are_other_functions() -> None:
    x, row = constant(2), constant(1, 2)
    for shape, agree in ((x, True), (constant(3), False)):
        statement = scalars(Call("F", (0,), x), Call("F", (0,), shape), functions=("F",))
        of = Polynomials({}, Meter(10_000))
        found = evaluate(statement.program, [2, 3], generic_point(statement.program, of), of, Meter(10_000))
        assert (found[2][0,].key() == found[3][0,].key()) is agree
    statement = scalars(Call("F", (0,), x), Call("F", (0,), row), Reshape(3, x), functions=("F",))
    found = evaluate(statement.program, [2, 4], generic_point(statement.program, of), of, Meter(10_000))
    assert found[2][0,].key() != found[4][0,].key()


def test_long_numbers_and_high_powers_are_refused() -> None:
    of = ring()
    x = of.variable("x", "x")
    with pytest.raises(OutOfBudget, match="coefficient has become too large"):
        of.power(of.number(Fraction(10**50)), Fraction(4000))
    with pytest.raises(OutOfBudget, match="exponent has become too large"):
        of.power(of.power(x, 4000), Fraction(4000))
    short = ring(50_000)
    binomial = short.variable("x", "x") + short.number(Fraction(1))
    with pytest.raises(OutOfBudget, match="budget"):
        short.power(binomial, 4000)


def test_names_of_variables_stay_short() -> None:
    of = ring()
    z = of.variable("x", "x")
    for _ in range(80):
        z = of.elementary("tanh", z + z * z)[0]
    assert max(len(v.text) for v in of.variables) < 60


def test_a_law_with_powers() -> None:
    # map a/b: a^2 + b^2 is conserved, a^2 - b^2 is not
    nodes = [power(1, -1), product(0, 2), power(0, 2), power(1, 2)]
    for sign, ok in ((1, True), (-1, False)):
        statement = scalars(*nodes, Sum((scale(1, 4), scale(sign, 5))), outputs=[3], law=6)
        if ok:
            assert judge(statement, ByPolynomials()).verdict == "PROVED"
        else:
            refuses(statement, ByPolynomials(), "is not zero")


def test_a_law_with_exp() -> None:
    # map exp(b) a: a^2 - 2b is conserved
    nodes = [Apply("exp", 1), product(0, 2), power(0, 2)]
    for c, ok in ((-2, True), (-1, False)):
        statement = scalars(*nodes, Sum((scale(1, 4), scale(c, 1))), outputs=[3], law=5)
        if ok:
            assert judge(statement, ByPolynomials()).verdict == "PROVED"
        else:
            refuses(statement, ByPolynomials(), "is not zero")


@settings(deadline=None, max_examples=80)
@given(st.integers(0, 10**6))
@example(7)
def test_random_programs_agree_with_numpy(seed: int) -> None:
    """Values and residues at fixed sizes, and what vanishes is zero."""
    random = Random(seed)
    polynomials_agree(random_statement(random, random.choice([5, 9, 12])), random, seed)

"""Every field of every row is true, against the functions as they are written down apart from the table.

A wrong derivative, side, value, sign, parity or degree fails here; and what a count needs to know of a function is compared with
polynomial relations between its values.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product
from typing import Any

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.kernel.core.errors import Irrational, Meter, Undefined
from claws.kernel.core.finding import Verdict
from claws.kernel.core.functions import KNOWN, Expression, MadeWith, Slope, function_of
from claws.kernel.laws.polynomials import Polynomials
from claws.kernel.values.enclosures import Enclosures, Interval
from claws.kernel.values.evidence import Choices
from claws.kernel.values.expressions import value_of
from claws.kernel.values.rationals import Rationals
from claws.report.results import ClaimResult
from claws.runner.check import check_text
from claws.runner.options import Options
from tests.kernel.known_functions import MP, POSITIVE_ARGUMENT, SMOOTH, TWO_SIDED, in_mpmath, in_sympy

ORDERS = 4
EPS = MP.mpf(10) ** -50
few = settings(max_examples=20, deadline=None)
arguments = st.fractions(-6, 6, max_denominator=50).filter(bool)


class Reals:
    """mpmath's numbers as those of `value_of`."""

    def number(self, value: Fraction) -> Any:
        return MP.mpf(value.numerator) / value.denominator

    def power(self, x: Any, exponent: Fraction) -> Any:
        return x ** int(exponent)


def real(x: Fraction) -> Any:
    return MP.mpf(x.numerator) / x.denominator


def value(expression: Expression, z: Any) -> Any:
    return value_of(expression, z, Reals(), lambda name: in_mpmath(name)(z))


def argument(name: str, z: Fraction) -> Fraction:
    """z, or |z| for a function that has no value at negative arguments."""
    return abs(z) if name in POSITIVE_ARGUMENT else z


def test_every_row_is_compared() -> None:
    assert {name for name, row in KNOWN.items() if row.sides is None} == set(SMOOTH)
    assert {name for name, row in KNOWN.items() if row.sides is not None} == set(TWO_SIDED)


@pytest.mark.parametrize("name", KNOWN)
def test_a_row_is_of_one_kind(name: str) -> None:
    row = KNOWN[name]
    assert row.name == name and row.about and not row.declared and not row.open
    assert (row.derivative is None) != (row.sides is None)
    assert row.exact is None or row.sides is None
    assert row.made_with is None or row.sides is None
    for f in row.smooth:
        assert KNOWN[f].derivative is not None


@pytest.mark.parametrize("name", KNOWN)
@few
@given(z=arguments)
def test_values_and_derivatives_of_every_order(name: str, z: Fraction) -> None:
    """By numerical differentiation of the function itself, on the side of z."""
    z = argument(name, z)
    row = KNOWN[name]
    for order in range(ORDERS + 1):
        found = value(row.on(int(z > 0), order), real(z))
        true = MP.diff(in_mpmath(name), real(z), order) if order else in_mpmath(name)(real(z))
        assert abs(found - true) <= EPS * (1 + abs(true)), order


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("change", ["coefficient", "exponent", "missing", "more"])
def test_a_wrong_derivative_is_seen(name: str, change: str) -> None:
    """The test above would fail for each of these rows."""
    row = KNOWN[name]
    right = row.on(1, 1)
    (c, k, factors), *rest = right
    wrong: dict[str, Expression] = {
        "coefficient": ((2 * c, k, factors), *rest),
        "exponent": ((c, k + 1, factors), *rest),
        "missing": tuple(rest),
        "more": (*right, (Fraction(1, 7), 0, ())),
    }
    z = MP.mpf(3) / 5
    assert abs(value(wrong[change], z) - MP.diff(in_mpmath(name), z)) > 1e-3


@pytest.mark.parametrize("name", SMOOTH)
def test_derivatives_are_closed(name: str) -> None:
    """Derivatives of all orders mention smooth functions of the table, and no power of one is negative."""
    for order in range(ORDERS + 1):
        for _, _, factors in KNOWN[name].on(1, order):
            for base, e in factors:
                assert KNOWN[base].derivative is not None and e > 0 if isinstance(base, str) else any(base)


@pytest.mark.parametrize("name", TWO_SIDED)
def test_sides_meet_at_the_kink_and_are_smooth_there(name: str) -> None:
    """The tensor reading uses the value at 0; readings in floating point look at both sides near 0."""
    right, left = (value(KNOWN[name].on(side), MP.mpf(0)) for side in (1, 0))
    assert right == left
    for side, order in product((0, 1), range(3)):
        assert abs(value(KNOWN[name].on(side, order), MP.mpf(0))) < 100


@pytest.mark.parametrize("name", SMOOTH)
def test_the_exact_value_is_exact(name: str) -> None:
    z = sympy.Symbol("z")
    for at in map(Fraction, (-1, 0, 1, 2, Fraction(1, 2))):
        try:
            found = KNOWN[name].at(at)
        except Irrational:
            # no value at 0 is left out, unless it is irrational or there is none
            true = in_sympy(name)(z).subs(z, 0)
            assert at or name in POSITIVE_ARGUMENT or true.is_rational is not True
            continue
        true = in_sympy(name)(z).subs(z, sympy.Rational(at.numerator, at.denominator))
        assert isinstance(found, Fraction) and sympy.simplify(true - sympy.Rational(str(found))) == 0


POINTS = [Fraction(k, 7) for k in range(-40, 41) if k]


@pytest.mark.parametrize("name", KNOWN)
def test_parity(name: str) -> None:
    """It is as the row says; and where it says nothing there is none."""
    if name in POSITIVE_ARGUMENT:
        assert KNOWN[name].parity == 0
        return
    f = in_mpmath(name)
    pairs = [(f(real(z)), f(real(-z))) for z in POINTS]
    even = all(abs(a - b) < EPS for a, b in pairs)
    odd = all(abs(a + b) < EPS for a, b in pairs)
    assert KNOWN[name].parity == int(even) - int(odd)


REFLECTED = [name for name, row in KNOWN.items() if row.reflection is not None]


@pytest.mark.parametrize("name", REFLECTED)
def test_reflection(name: str) -> None:
    """The value at -z is what the row makes of z and of the value at z; with any coefficient changed it is not."""
    rule, f = KNOWN[name].reflection, in_mpmath(name)
    assert rule is not None
    for z in POINTS:
        assert abs(value(rule, real(z)) - f(real(-z))) < EPS
    for k, (c, power, factors) in enumerate(rule):
        wrong = (*rule[:k], (c + 1, power, factors), *rule[k + 1 :])
        assert any(abs(value(wrong, real(z)) - f(real(-z))) > 1e-3 for z in POINTS)
    assert all({base for base, _ in factors} <= {name} for _, _, factors in rule)


def test_every_function_of_real_numbers_has_a_reflection_or_is_exponential() -> None:
    smooth = {name for name, row in KNOWN.items() if row.sides is None and name not in POSITIVE_ARGUMENT}
    assert smooth - set(REFLECTED) == {name for name, row in KNOWN.items() if row.exponential} == {"exp"}


def test_which_functions_are_the_exponential_and_the_logarithm() -> None:
    """By their functional equations, which no other row has."""
    pairs = [(a, b) for a in POINTS[::7] for b in POINTS[::11]]
    for name, row in KNOWN.items():
        f = in_mpmath(name)
        if name in POSITIVE_ARGUMENT:
            sums = all(abs(f(real(a * b)) - f(real(a)) - f(real(b))) < EPS for a, b in pairs if a > 0 and b > 0)
            natural = abs(f(MP.e) - 1) < EPS
            assert row.logarithm == (sums and natural) and not row.exponential
        else:
            products = all(abs(f(real(a + b)) - f(real(a)) * f(real(b))) < EPS for a, b in pairs)
            assert row.exponential == (products and abs(f(MP.mpf(1)) - MP.e) < EPS) and not row.logarithm
            assert not row.exponential or row.positive


@pytest.mark.parametrize("name", KNOWN)
def test_sign(name: str) -> None:
    f = in_mpmath(name)
    values = [f(real(argument(name, z))) for z in POINTS]
    assert KNOWN[name].positive == all(v > 0 for v in values)
    if KNOWN[name].positive:
        assert f(MP.mpf(0)) > 0 and f(MP.mpf(-12)) > 0 and f(MP.mpf(12)) > 0


@pytest.mark.parametrize("name", KNOWN)
def test_homogeneity(name: str) -> None:
    """The degree is the one that two points show, and holds at all; where the row has none, none holds."""
    f, row = in_mpmath(name), KNOWN[name]

    def holds(k: Any) -> bool:
        points = product((Fraction(3), Fraction(1, 2)), [argument(name, z) for z in POINTS])
        return all(abs(f(real(a * z)) - real(a) ** k * f(real(z))) < EPS for a, z in points)

    if row.degree is not None:
        assert holds(real(row.degree))
    else:
        shown = MP.log(abs(f(MP.mpf(3)) / f(MP.mpf(1)))) / MP.log(3) if f(MP.mpf(1)) else MP.mpf(0)
        assert not holds(shown)


# --- what counts rest on -----------------------------------------------------------------------------------------------

MADE_WITH: dict[str, MadeWith | None] = {
    "exp": MadeWith("exp", moebius=(1, 0, 0, 1)),
    "log": MadeWith(None, logarithm=True),
    "sin": MadeWith("circle"),
    "cos": MadeWith("circle"),
    "tanh": MadeWith("exp", rate=2, moebius=(1, -1, 1, 1)),
    "sigmoid": MadeWith("exp", moebius=(1, 0, 1, 1)),
    "softplus": MadeWith("exp", logarithm=True),
    "erf": MadeWith("erf", squared=True),
    "erf_slope": MadeWith("erf", squared=True),
    "normal_cdf": MadeWith("normal", squared=True),
    "normal_pdf": MadeWith("normal", squared=True),
    "atan": MadeWith(None, logarithm=True),
}
"""Each has its proof below."""


def test_what_functions_are_made_with_is_what_was_looked_at() -> None:
    assert {name: row.made_with for name, row in KNOWN.items() if row.sides is None} == MADE_WITH


EXPONENTIALS: dict[str, Callable[[Any], Any]] = {
    "exp": lambda z: MP.exp(z),
    "circle": lambda z: MP.expj(z),
    "erf": lambda z: MP.exp(-(z**2)),
    "normal": lambda z: MP.exp(-(z**2) / 2),
}
"""The exponential that the functions of a group are made with, at the rate 1."""

SLOPES: dict[str, Callable[[Any], Any]] = {
    "exp": lambda e: e,
    "sin": lambda e: (e + 1 / e) / 2,
    "cos": lambda e: -(e - 1 / e) / MP.mpc(0, 2),
    "tanh": lambda e: 4 * e / (1 + e) ** 2,
    "sigmoid": lambda e: e / (1 + e) ** 2,
    "softplus": lambda e: e / (1 + e),
    "erf": lambda e: 2 / MP.sqrt(MP.pi) * e,
    "normal_cdf": lambda e: e / MP.sqrt(2 * MP.pi),
}
"""Derivatives, rational in the exponential."""

VALUES: dict[str, Callable[[Any], Any]] = {
    "exp": lambda e: e,
    "sin": lambda e: (e - 1 / e) / MP.mpc(0, 2),
    "cos": lambda e: (e + 1 / e) / 2,
    "tanh": lambda e: (e - 1) / (e + 1),
    "sigmoid": lambda e: e / (1 + e),
    "softplus": lambda e: MP.log(1 + e),
    "erf_slope": lambda e: 2 / MP.sqrt(MP.pi) * e,
    "normal_pdf": lambda e: e / MP.sqrt(2 * MP.pi),
}
"""Values, rational in the exponential, or the logarithm of what is; those of erf and normal_cdf are integrals of it."""


LOGARITHMS: dict[str, Callable[[Any], Any]] = {
    "log": lambda z: MP.log(z),
    "atan": lambda z: (MP.log(1 + MP.mpc(0, 1) * z) - MP.log(1 - MP.mpc(0, 1) * z)) / MP.mpc(0, 2),
}
"""Functions without an exponential: logarithms of rational functions of the argument."""


@pytest.mark.parametrize(("name", "made"), MADE_WITH.items())
@few
@given(z=arguments)
def test_an_exponential_is_one(name: str, made: MadeWith, z: Fraction) -> None:
    """Ax's theorem is about exponentials: values are made with the one that the row names, or their derivatives are."""
    z, f = argument(name, z), in_mpmath(name)
    if made.exponential is None:
        assert made.logarithm and made.moebius is None
        assert abs(LOGARITHMS[name](real(z)) - f(real(z))) < EPS
        return
    assert name in VALUES or name in SLOPES
    e = EXPONENTIALS[made.exponential](made.rate * real(z))
    if made.moebius is not None:
        a, b, c, d = made.moebius
        assert a * d != b * c
        assert abs((a * e + b) / (c * e + d) - f(real(z))) < EPS * (1 + abs(e))
    if name in VALUES:
        assert abs(VALUES[name](e) - f(real(z))) < EPS
    if name in SLOPES:
        assert abs(SLOPES[name](e) - MP.diff(f, real(z))) < EPS
    square = EXPONENTIALS[made.exponential](made.rate * real(-z))
    assert made.squared == bool(abs(square - e) < EPS)


def test_no_theorem_no_count() -> None:
    """Solutions that may be algebraic are refused where laws are counted."""
    assert function_of("s", {"s": Slope(((Fraction(1), 2),))}).made_with is None
    assert function_of("s", {"s": Slope(((Fraction(1), 3),))}).made_with is None
    assert function_of("s", {"s": Slope(((Fraction(1), 0), (Fraction(-1), 2)))}).made_with == MadeWith("s'")
    text = "activation s with s' = {}\nparam a: [2], w: [2, 2]\ninput x: [2]\nmap a @ s(w @ x)\ncount = 0\n"
    for slope, verdict in (("s^2", Verdict.UNKNOWN), ("s^3", Verdict.UNKNOWN), ("1 - s^2", Verdict.PROVED)):
        found = count_of(text.format(slope))
        assert found.verdict is verdict and ("may be related" in found.reason) == (verdict is Verdict.UNKNOWN)


# --- false laws that a wrong row would prove ----------------------------------------------------------------------------


def count_of(text: str) -> ClaimResult:
    (claim,) = check_text(text, "f.claw", Options()).claims
    return claim


FALSE_LAWS = {
    # true where u > 0: a relu that is taken for smooth, with the slope that it has there, would prove it
    "right side for both": ("u, v", "x*(relu(u) + v)", "u - v"),
    # true where u < 0
    "left side for both": ("u", "x*relu(u)", "u"),
    # if relu were odd, the map would be 0
    "parity": ("u", "x*(relu(u) + relu(-u))", "u"),
    # true for a homogeneous tanh
    "degree": ("a, w", "a*tanh(w*x)", "a^2 - w^2"),
    # if tanh were positive, the map would be 0
    "sign": ("b, w", "relu(tanh(b)*w*x) - tanh(b)*relu(w*x)", "b"),
    # if sigmoid(0) were 0, the map would be 0
    "value": ("a, b", "x*a*sigmoid(0*b)", "a"),
    # if cos' were sin, the derivative of the map would be 0
    "derivative": ("u", "x*(cos(u)^2 - sin(u)^2)", "u"),
    # if cos were odd, the map would be 0; if sigmoid were, too
    "reflection of an even function": ("u", "x*(cos(u) + cos(-u))", "u"),
    "reflection": ("u", "x*u*(sigmoid(u) + sigmoid(-u))", "u"),
    # true where u > 0
    "a logarithm of a square": ("u", "x*(exp(log(u^2)/2) - u)", "u"),
}


@pytest.mark.parametrize("why", FALSE_LAWS)
def test_false_laws_are_refuted(why: str) -> None:
    params, model, law = FALSE_LAWS[why]
    text = "".join(f"param {name}\n" for name in params.split(", ")) + f"input x\nmap {model}\nlaw h = {law}\n"
    assert count_of(text).verdict is Verdict.REFUTED


@pytest.mark.parametrize("name", TWO_SIDED)
def test_a_two_sided_function_is_not_smooth_at_its_kink(name: str) -> None:
    """Neither a witness nor a proof may use a slope there."""
    for ring in (Rationals({}, Choices()), Enclosures({}, Choices(), 64)):
        with pytest.raises(Undefined, match="kink"):
            ring.elementary(name, Fraction(0))
    with pytest.raises(Undefined, match="kink"):
        Enclosures({}, Choices(), 64).elementary(name, Interval(-1, 1, 64))
    polynomials = Polynomials({}, Meter(1000))
    with pytest.raises(Undefined, match="kink"):
        polynomials.elementary(name, polynomials.number(Fraction(0)))
    # the two sides differ in some derivative: a proof that took one for both would be about another function
    row = KNOWN[name]
    assert any(value(row.on(1, k), MP.mpf(2)) != value(row.on(0, k), MP.mpf(2)) for k in range(3))

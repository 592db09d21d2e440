"""The ring of jets: exact derivatives modulo a prime, and the derivative rules of higher order."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.kernel.core.errors import Meter, Refused, Undefined
from claws.kernel.counting.jets import Jet, JetRing

P = 8388593


def ring(level: int) -> JetRing:
    return JetRing(P, level, 0, {"s": None, "q": Fraction(2)}, Meter(10**6))


@settings(deadline=None)
@given(st.integers(-4, 5), st.integers(1, P - 1), st.lists(st.integers(0, P - 1), min_size=3, max_size=3))
def test_powers_of_jets_are_their_taylor_expansion(k: int, z: int, parts: list[int]) -> None:
    """(z + a*e1 + b*e2 + c*e1*e2)^k, by the first two derivatives."""
    a, b, c = parts
    found = ring(2).power(Jet(ring(2), [z, a, b, c]), Fraction(k)).parts

    def term(factor: int, e: int) -> int:
        return factor * pow(z, e, P) % P

    assert found == [
        term(1, k),
        term(k * a, k - 1),
        term(k * b, k - 1),
        (term(k * c, k - 1) + term(k * (k - 1) * a * b, k - 2)) % P,
    ]


@pytest.mark.parametrize("function", ["exp", "tanh", "sigmoid", "sin", "softplus", "s"])
def test_a_slope_is_the_derivative_of_the_value(function: str) -> None:
    one, two = ring(1), ring(2)
    value, slope = one.elementary(function, Jet(one, [12345, 1]))
    assert value.parts[1] == slope.parts[0]
    # the second derivative, once as the slope of the slope and once by two nilpotents
    assert two.elementary(function, Jet(two, [12345, 1, 1, 0]))[0].parts[3] == slope.parts[1]


def test_sine_and_cosine_are_on_the_circle() -> None:
    r = ring(0)
    for z in (1, 77, 8_000_000):
        assert (r.symbol("sin", z) ** 2 + r.symbol("cos", z) ** 2) % P == 1


def test_equal_arguments_have_equal_values() -> None:
    r = ring(0)
    for function in ("exp", "log", "s"):
        first, again, other = (r.elementary(function, Jet(r, [z]))[0].parts for z in (77, 77, 78))
        assert first == again != other


@pytest.mark.parametrize("function", ["relu", "elu", "q"])
def test_the_side_of_a_piecewise_function_is_not_guessed(function: str) -> None:
    """Its side stands in the program of a cell; a smooth function of the same argument has a value."""
    r = ring(1)
    assert r.elementary("exp", Jet(r, [77, 1]))[0].parts
    with pytest.raises(Undefined, match=f"the side of {function} is not known"):
        r.elementary(function, Jet(r, [77, 1]))


def test_values_at_zero_are_exact_or_refused() -> None:
    """exp(0), sigmoid(0) and tanh(0) are numbers of the cell; softplus(0) = log 2 is no rational number."""
    r = ring(0)
    half = pow(2, -1, P)
    for function, value in (("exp", 1), ("sigmoid", half), ("tanh", 0), ("erf", 0), ("sin", 0), ("cos", 1)):
        assert r.symbol(function, 0) == value, function
        assert r.symbol(function, 5) != value
    assert r.symbol("softplus", 5)
    for function in ("softplus", "normal_pdf", "erf_slope"):
        with pytest.raises(Undefined, match=rf"{function}\(0\) is a number of its own"):
            r.symbol(function, 0)


@settings(deadline=None)
@given(st.integers(0, P - 1))
def test_functions_made_with_exp_are_so_in_residues(z: int) -> None:
    """sigmoid(z)*(1 + exp(z)) = exp(z) and tanh(z)*(exp(2z) + 1) = exp(2z) - 1, at every argument."""
    r = ring(0)
    one, two = r.symbol("exp", z), r.symbol("exp", 2 * z % P)
    assert r.symbol("sigmoid", z) * (1 + one) % P == one
    assert r.symbol("tanh", z) * (two + 1) % P == (two - 1) % P


def test_what_has_no_residue_is_refused() -> None:
    r = ring(1)
    assert r.power(Jet(r, [4, 1]), Fraction(-1)).parts[0] == pow(4, -1, P)
    with pytest.raises(Undefined, match="a division by a number that is 0"):
        r.power(Jet(r, [0, 1]), Fraction(-1))
    with pytest.raises(Undefined, match="only square roots have residues"):
        r.power(Jet(r, [4, 1]), Fraction(1, 3))
    with pytest.raises(Refused, match="any function of whole arrays"):
        r.opaque("F", [], [], ())

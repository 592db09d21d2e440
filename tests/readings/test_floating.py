"""The floating reading against SymPy: values and derivatives of every elementwise function."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.readings.floating import float_reading
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text

_z = sympy.Symbol("z")
FORMULAS = {
    "exp(z)": sympy.exp(_z),
    "log(z)": sympy.log(_z),
    "sqrt(z)": sympy.sqrt(_z),
    "sin(z)*cos(z)": sympy.sin(_z) * sympy.cos(_z),
    "tanh(z)": sympy.tanh(_z),
    "sigmoid(z)": 1 / (1 + sympy.exp(-_z)),
    "softplus(z)": sympy.log(1 + sympy.exp(_z)),
    "silu(z)": _z / (1 + sympy.exp(-_z)),
    "gelu(z)": _z * (1 + sympy.erf(_z / sympy.sqrt(2))) / 2,
    "erf(z)": sympy.erf(_z),
    "z^3/(1 + z)": _z**3 / (1 + _z),
}


def number(x: Any) -> float:
    """The value of an array of one entry."""
    assert x is not None
    return float(x[0])


def taylor(formula: str, z: float, order: int) -> list[float]:
    """The Taylor coefficients at z, as the reading has them along z + t."""
    program = Instance(load_text(f"param z in positive\nmap {formula}\n", "f.claw"), {}).model().program
    output = Instance(load_text(f"param z in positive\nmap {formula}\n", "f.claw"), {}).model().outputs[0]
    # along theta + t*1: a jet of level k has 2^k parts, one for each set of infinitesimals
    leaves = {"z": [np.array([z]), *([np.array([1.0])] if order else [None]), *[None] * (2**order - 2)][: 2**order]}
    for k in range(order):
        leaves["z"][1 << k] = np.array([1.0])
    jet = float_reading(program, leaves, order).value(output)
    return [number(jet[(1 << k) - 1]) for k in range(order + 1)]


@pytest.mark.parametrize("formula", FORMULAS)
@settings(max_examples=10, deadline=None)
@given(z=st.integers(1, 20).map(lambda k: k / 8))
def test_values_and_derivatives(formula: str, z: float) -> None:
    expected = [float(sympy.diff(FORMULAS[formula], _z, k).subs(_z, z)) for k in range(3)]
    np.testing.assert_allclose(taylor(formula, z, 2), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("degree", [1, 2, 3])
def test_a_homogeneous_activation_is_homogeneous(degree: int) -> None:
    text = f"param z\nactivation s homogeneous {degree}\nmap s(z)\n"
    model = Instance(load_text(text, "f.claw"), {}).model()

    def value(z: float) -> float:
        return number(float_reading(model.program, {"z": [np.array([z])]}, seed=5).value(model.outputs[0])[0])

    for z in (0.5, -0.75):
        assert value(3 * z) == pytest.approx(3**degree * value(z))
        assert value(z) != pytest.approx(value(-z))


@pytest.mark.parametrize("declaration", ["activation s", "function s"])
def test_derivatives_of_what_is_left_open_are_those_of_its_values(declaration: str) -> None:
    model = Instance(load_text(f"param z\n{declaration}\nmap s(z)\n", "f.claw"), {}).model()

    def jet(z: float, level: int) -> list[float]:
        leaves: dict[str, Any] = {"z": [np.array([z]), np.array([1.0])][: level + 1]}
        return [number(x) for x in float_reading(model.program, leaves, level, seed=2).value(model.outputs[0])]

    h = 1e-6
    assert jet(0.3, 1)[1] == pytest.approx((jet(0.3 + h, 0)[0] - jet(0.3 - h, 0)[0]) / (2 * h), rel=1e-6)


def test_a_soft_relu_is_one_away_from_its_kink() -> None:
    model = Instance(load_text("param z\nmap relu(z)\n", "f.claw"), {}).model()

    def value(z: float) -> float:
        return number(float_reading(model.program, {"z": [np.array([z])]}, soft=1e-3).value(model.outputs[0])[0])

    assert value(0.5) == pytest.approx(0.5, abs=1e-12)
    assert value(-0.5) == pytest.approx(0.0, abs=1e-12)
    assert abs(value(1e-3)) < 1e-3 and not math.isnan(value(0.0))

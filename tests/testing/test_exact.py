"""Residues at a point: over the rationals where they are rational, else modulo a prime, else in floating point."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from claws.testing.exact import FLOATING, MODULAR, RATIONAL, ExactRate, NoValue, residue, shape_of


def found_at(text: str, values: dict[str, Any], law: str = "l", weights: Any = None) -> ExactRate:
    statement = Instance(load_text(text, "f.claw"), {}).statement(law)
    leaves = {name: np.vectorize(Fraction, otypes=[object])(np.array(x, dtype=object)) for name, x in values.items()}
    shape = shape_of(statement, statement.law)
    return residue(statement, leaves, np.ones(shape, dtype=object) if weights is None else weights)


@settings(max_examples=30, deadline=None)
@given(st.integers(-5, 5), st.integers(-5, 5), st.integers(-5, 5))
def test_the_residue_of_a_polynomial_law_is_exact(u: int, v: int, x: int) -> None:
    # J grad h by hand: the map u*v*x has the gradient (v*x, u*x), the law u^2 + 3*v has (2*u, 3)
    found = found_at("input x\nparam u, v\nmap u*v*x\nlaw l = u^2 + 3*v\n", {"u": u, "v": v, "x": x})
    assert found.how == RATIONAL
    assert found.value == -(2 * u * v * x + 3 * u * x)


def test_the_drift_of_the_flow_counts_too() -> None:
    text = "param u, v\nmap u*v\nflow gradient, decay(1)\nlaw l = (u^2 - v^2)\n"
    found = found_at(text, {"u": 2, "v": 1})
    assert (found.value, found.how, found.where) == (-6, RATIONAL, "without a loss")
    again = found_at(text.replace("l = ", "l = exp(2*t)*"), {"u": 2, "v": 1, "t": 0})
    assert again.value == 0


def test_it_says_for_which_loss() -> None:
    found = found_at("param u: [2]\nmap sum(u), [0*u[0], u[1]]\nlaw l = u[0] - u[1]\n", {"u": [1, 2]})
    assert (found.value, found.where) == (1, "for the loss that is output 1[1]")


@pytest.mark.parametrize(
    ("law", "how", "zero"),
    [
        ("u^2 - v^2", RATIONAL, True),  # tanh'(0) is rational, but the data are not zero: see below
        ("u^2 + v^2", FLOATING, False),
    ],
)
def test_what_is_irrational_is_tried_modulo_a_prime(law: str, how: str, zero: bool) -> None:
    text = f"input x\nparam u, v\nmap exp(u*v*x)\nlaw l = {law}\n"
    found = found_at(text, {"u": 2, "v": 1, "x": 1})
    assert found.how == (MODULAR if zero else how)
    assert (found.value == 0) == zero
    if not zero:
        # exp(2)*(v*2u + u*2v) = 8*exp(2)
        assert float(found.value) == pytest.approx(-8 * float(np.exp(2)))


@pytest.mark.parametrize(
    ("map_", "law", "reason"),
    [
        ("log(u)*v", "u", "has no value|undefined|log"),
        ("u*v", "log(u)*1", "has no value|undefined|log"),
        ("v/(u + 1)", "v", "zero|no value"),
        ("relu(u + 1)*v", "v", "kink|relu|zero"),
    ],
)
def test_where_there_is_no_value(map_: str, law: str, reason: str) -> None:
    with pytest.raises(NoValue, match=reason):
        found_at(f"param u, v\nmap {map_}\nlaw l = {law}\n", {"u": -1, "v": 2})


def test_weights_choose_the_entry() -> None:
    text = "param u, v\nmap u*v\nlaw l = [u^2 - v^2, u]\n"
    for weights, zero in (([1, 0], True), ([0, 1], False)):
        assert (found_at(text, {"u": 1, "v": 2}, weights=np.array(weights, dtype=object)).value == 0) == zero

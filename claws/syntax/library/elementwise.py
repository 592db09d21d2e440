"""Elementwise functions that are written with others."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from claws.syntax import nodes
from claws.syntax.diagnostic import error
from claws.syntax.elaboration.array_builder import ArrayBuilder
from claws.syntax.elaboration.builder import Value, shape_text
from claws.syntax.elaboration.expressions import Scope
from claws.syntax.library.arguments import Keywords


def square_root(b: ArrayBuilder, z: Value) -> Value:
    """z^(1/2)."""
    return b.power(z, Fraction(1, 2))


def absolute_value(b: ArrayBuilder, z: Value) -> Value:
    """|z| = 2*relu(z) - z."""
    return b.add([(Fraction(2), b.apply("relu", z)), (Fraction(-1), z)], lambda: "")


def gated(gate: str) -> Callable[[ArrayBuilder, Value], Value]:
    """z*f(z): silu is z*sigmoid(z), gelu is z times the normal distribution function of z."""
    return lambda b, z: b.multiply(z, b.apply(gate, z), lambda: "")


def leaky_relu(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
    """a*z + (1 - a)*relu(z), where a is the slope on the left: 1/100 if none is given."""
    b = scope.builder
    z = scope.value(e.arguments[0])
    slope = e.arguments[1] if len(e.arguments) > 1 else keywords.get("slope")
    a = b.number(Fraction(1, 100)) if slope is None else scope.value(slope)
    if a.shape:
        raise error("CLAW022", f"the slope of `leaky_relu` is a number, this is {shape_text(a.shape)}", e.span)
    one_less = b.add([(Fraction(1), b.number(1)), (Fraction(-1), a)], lambda: "")
    return b.add(
        [
            (Fraction(1), b.multiply(a, z, lambda: "")),
            (Fraction(1), b.multiply(one_less, b.apply("relu", z), lambda: "")),
        ],
        lambda: "",
    )

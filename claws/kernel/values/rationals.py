"""One exact rational point: the ring of rational numbers, with the witness's choices for what a model leaves open.

Soundness-critical: a REFUTED rests on an evaluation over this ring. A declared activation or function stands for *any* one
with its declared property, so a witness may choose one; the choice is a table of values and slopes at finitely many
points, and a smooth function through any such table exists (Hermite interpolation). An activation that is positively
homogeneous of degree k is a*z^k for z > 0 and b*|z|^k for z < 0; the witness chooses a and b. Of one with a declared derivative
it chooses the value at one argument: a solution through it exists (Picard), and with it all other values are given.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from claws.kernel.core.errors import Irrational, Meter, Refused, Undefined, brief
from claws.kernel.core.functions import KNOWN, Function, Property, Slope, function_of
from claws.kernel.values.evaluation import Array, Jacobian
from claws.kernel.values.evidence import Choices, Index
from claws.kernel.values.expressions import value_of

MAX_BITS = 200_000


class Rationals:
    """The ring of rational numbers (see `claws.kernel.values.evaluation.Ring`)."""

    def __init__(self, activations: Mapping[str, Property], choices: Choices, meter: Meter | None = None) -> None:
        self.activations = activations
        self.choices = choices
        self.meter = meter

    def number(self, value: Fraction) -> Fraction | int:
        # whole numbers as int: the same values, added and multiplied ten times faster
        return value.numerator if value.denominator == 1 else value

    def check(self, x: Fraction) -> None:
        bits = x.numerator.bit_length() + x.denominator.bit_length()
        if bits > MAX_BITS:
            raise Undefined("a number has become too large")
        if bits > 2000 and self.meter is not None:
            # multiplying and reducing numbers of this length takes about this many ordinary steps
            self.meter.tick(bits * bits // 1_000_000)

    def power(self, x: Fraction, exponent: Fraction) -> Fraction:
        return exact_power(x, exponent)

    def elementary(self, function: str, x: Any) -> tuple[Any, Any]:
        row = function_of(function, self.activations)
        side = self.side(row, x)
        if not row.declared:
            # a smooth function is an expression in itself
            value, slope = (
                value_of(row.on(side, order), x, self, lambda f: self.smooth(KNOWN[f], x)) for order in (0, 1)
            )
            return value, slope
        if row.kinked:
            return self._homogeneous(row, side, x)
        return self._chosen(row, x)

    def side(self, row: Function, x: Any) -> int:
        """On which side of its kink a function is: 1 or 0, and 1 for a smooth one. Raises `Undefined` at the kink."""
        if row.kinked and x == 0:
            raise Undefined(f"{row.name if row.declared else f'a {row.name}'} stands at its kink")
        return int(x > 0) if row.kinked else 1

    def smooth(self, row: Function, x: Any) -> Any:
        """The value of a smooth function that is known. Raises `Irrational` where it is not known as a rational number."""
        return row.at(x)

    def _homogeneous(self, row: Function, side: int, x: Any) -> tuple[Any, Any]:
        """Of a homogeneous activation: f(z) = c |z|^k, so f'(z) = k c |z|^(k-1) sign(z)."""
        if row.name not in self.choices.homogeneous:
            raise Refused(f"the witness does not say which homogeneous function {row.name} is")
        c, sign = self.choices.homogeneous[row.name][1 - side], 1 if side else -1
        degree, size = row.degree, x * sign
        assert degree is not None
        return self.power(size, degree) * c, self.power(size, degree - 1) * (degree * c * sign)

    def _chosen(self, row: Function, x: Any) -> tuple[Fraction, Fraction]:
        """What the witness chose for an activation that is open, or any solution of an equation."""
        try:
            value, slope = self.choices.values[row.name][x]
        except KeyError:
            raise Refused(f"the witness gives no value for {row.name}({brief(x)})") from None
        declared = self.activations[row.name]
        if isinstance(declared, Slope):
            self._check_solution(row.name, declared, value, slope)
        return value, slope

    def _check_solution(self, function: str, derivative: Slope, value: Fraction, slope: Fraction) -> None:
        """Soundness-critical: raises `Refused` unless a solution of the declared equation has the values of the table."""
        if len(self.choices.values[function]) > 1:
            raise Refused(f"the witness gives {function} values at two arguments, which its derivative relates")
        if slope != derivative.at(value):
            raise Refused(f"the witness gives {function} a slope that is not {derivative.text(function)}")

    def opaque(
        self, function: str, arguments: list[Array], shapes: list[Index], shape: Index
    ) -> tuple[Array, list[Jacobian]]:
        point = tuple(tuple(sorted(x.items())) for x in arguments)
        for known, value, jacobian in self.choices.functions.get(function, []):
            if known == point:
                if len(jacobian) != len(arguments):
                    raise Refused(f"the witness does not give one Jacobian for each argument of {function}")
                return dict(value), jacobian
        raise Refused(f"the witness gives no value for {function} at one of its arguments")


def exact_power(base: Fraction, exponent: Fraction) -> Fraction:
    """base^exponent as a rational. Raises `Undefined` for a zero division, a negative base under a root, a non-square."""
    if exponent == 0:
        return Fraction(1)
    if base == 0:
        if exponent > 0:
            if exponent.denominator == 1:
                return Fraction(0)
            raise Undefined("a root is not differentiable at 0")
        raise Undefined("a division by zero")
    k, q = exponent.numerator, exponent.denominator
    base = Fraction(base)
    if q > 1:
        if base < 0:
            raise Undefined(f"{brief(base)} has no real root")
        base = Fraction(_exact_root(base.numerator, q), _exact_root(base.denominator, q))
    if (base.numerator.bit_length() + base.denominator.bit_length()) * abs(k) > 1_000_000:
        raise Undefined("a power is too large a number")
    return base**k


def _exact_root(n: int, q: int) -> int:
    low, high = 0, 1 << (n.bit_length() // q + 1)
    while low < high:
        mid = (low + high) // 2
        if mid**q < n:
            low = mid + 1
        else:
            high = mid
    if low**q != n:
        raise Irrational(f"{brief(n)} is not the power {q} of an integer")
    return low

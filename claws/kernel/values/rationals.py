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

from claws.kernel.core.errors import Meter, Refused, Undefined, brief
from claws.kernel.core.evidence import Choices
from claws.kernel.core.functions import Property, Slope, exact_derivative, exact_power, exact_value
from claws.kernel.values.evaluation import Array, Index, Jacobian

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

    def elementary(self, function: str, x: Fraction) -> tuple[Fraction, Fraction]:
        if function == "relu":
            if x == 0:
                raise Undefined("a relu stands at its kink")
            return (x, Fraction(1)) if x > 0 else (Fraction(0), Fraction(0))
        if function not in self.activations:
            return exact_value(function, x), exact_derivative(function, x)
        degree = self.activations[function]
        if not isinstance(degree, Fraction):
            try:
                value, slope = self.choices.values[function][x]
            except KeyError:
                raise Refused(f"the witness gives no value for {function}({brief(x)})") from None
            if degree is not None:
                self._check_solution(function, degree, value, slope)
            return value, slope
        if x == 0:
            raise Undefined(f"{function} stands at its kink")
        if function not in self.choices.homogeneous:
            raise Refused(f"the witness does not say which homogeneous function {function} is")
        up, down = self.choices.homogeneous[function]
        # f(z) = c |z|^k, so f'(z) = k c |z|^(k-1) sign(z)
        c, sign = (up, 1) if x > 0 else (down, -1)
        return c * self.power(abs(x), degree), degree * c * self.power(abs(x), degree - 1) * sign

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

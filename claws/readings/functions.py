"""What a kind of numbers has to know of functions, and the one evaluation of derivative rules for all untrusted readings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import factorial
from typing import Any, Protocol

import numpy as np

from claws.kernel.core.functions import Property, has_rule, higher_derivative
from claws.readings.jets import Array, Field


class Numbers(Protocol):
    """Numbers or expressions whose sums and products are Python's; a `claws.readings.jets.Field` is one."""

    def reduce(self, x: Any) -> Any:
        """A sum or product in the form in which it is used again."""

    def number(self, c: Fraction) -> Any:
        """A rational as such a number."""

    def power(self, x: Any, k: int) -> Any:
        """x^k for a whole k."""


def derivative(
    numbers: Numbers, function: str, order: int, declared: Property, z: Any, value: Callable[[str], Any]
) -> Any:
    """The derivative of this order at z of a function that has a rule, known or declared.

    `value` gives the values at z of the functions that the rules mention. Where neither they nor z matter, it is a plain number.
    """
    total: Any = None
    for (k, powers), c in higher_derivative(function, order, declared).items():
        term = numbers.number(c)
        if k:
            term = numbers.reduce(term * numbers.power(z, k))
        for name, e in powers:
            term = numbers.reduce(term * numbers.power(value(name), e))
        total = term if total is None else numbers.reduce(total + term)
    return numbers.number(Fraction(0)) if total is None else total


def binomials(exponent: Fraction, order: int) -> list[Fraction]:
    """exponent over j for j = 0, ..., order: what the Taylor coefficients of a power have in front."""
    result = [Fraction(1)]
    for j in range(order):
        result.append(result[-1] * (exponent - j) / (j + 1))
    return result


class Functions(ABC):
    """The functions of one program over one kind of numbers: their Taylor coefficients, by arrays.

    A kind says which values functions have, on which side of its kink an argument lies, and what stands for what a file leaves
    open. The coefficients f^(j)(z)/j! for j = 0, ..., order are a list of arrays of the shape of z.
    """

    def __init__(self, field: Field, seed: int, activations: Mapping[str, Property]) -> None:
        self.field = field
        self.seed = seed
        """It fixes everything that is drawn."""
        self.activations = activations
        """The declared activations."""

    def taylor(self, function: str, z: Array, order: int) -> list[Array]:
        """The Taylor coefficients at z of an elementwise function, for order >= 1. Raises `Undefined` where there are none."""
        if function == "relu":
            side = self.side(function, z)
            return [z * side, side, *[np.zeros_like(z)] * (order - 1)]
        declared = self.activations.get(function)
        if has_rule(function, self.activations):
            return self._by_rule(function, declared, z, order)
        if isinstance(declared, Fraction):
            return self.homogeneous(function, declared, z, order)
        return self.free(function, z, order)

    def _by_rule(self, function: str, declared: Property, z: Array, order: int) -> list[Array]:
        known: dict[str, Array] = {}

        def value(name: str) -> Array:
            if name not in known:
                known[name] = self.value(name, z)
            return known[name]

        result = []
        for j in range(order + 1):
            x = derivative(self.field, function, j, declared, z, value)
            scaled = x if j < 2 else self.field.reduce(x * self.field.number(Fraction(1, factorial(j))))
            result.append(scaled if np.ndim(scaled) else np.full_like(z, scaled))
        return result

    @abstractmethod
    def value(self, function: str, z: Array) -> Array:
        """The value at z of a function that has a derivative rule."""

    @abstractmethod
    def side(self, function: str, z: Array) -> Array:
        """On which side of its kink at 0 a function is: 1 where it is on, 0 where it is off."""

    @abstractmethod
    def power(self, exponent: Fraction, z: Array, order: int) -> list[Array]:
        """The Taylor coefficients of z^exponent. Raises `Undefined` where there are none."""

    @abstractmethod
    def homogeneous(self, function: str, degree: Fraction, z: Array, order: int) -> list[Array]:
        """The Taylor coefficients of an activation of which the degree of its positive homogeneity is declared."""

    @abstractmethod
    def free(self, function: str, z: Array, order: int) -> list[Array]:
        """The Taylor coefficients of an activation of which nothing is declared."""

    @abstractmethod
    def opaque(self, function: str, args: list[Array], shape: tuple[int, ...], batch: int, part: int | None) -> Array:
        """A declared function of whole arrays, or its Jacobian with respect to one of them.

        `args` are arrays of points x shape, of whose axes the first `batch` after that of the points are mapped over. With part
        None it is the value, and `shape` is that of the value; else the Jacobian with respect to the argument of this number, and
        `shape` has the axes of the value and then those of the argument that are not mapped over.
        """

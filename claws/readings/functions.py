"""What a kind of numbers has to know of functions, and the one evaluation of expressions for all untrusted readings."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache
from math import factorial
from typing import Any, Protocol

import numpy as np

from claws.kernel.core.functions import Expression, Function, Property, function_of
from claws.readings.jets import Array, NumberField


class ReducedNumbers(Protocol):
    """Numbers or expressions whose sums and products are Python's; a `claws.readings.jets.Field` is one."""

    def reduce(self, x: Any) -> Any:
        """A sum or product in the form in which it is used again."""

    def number(self, c: Fraction) -> Any:
        """A rational as such a number."""

    def power(self, x: Any, k: int) -> Any:
        """x^k for a whole k."""


def value_of(numbers: ReducedNumbers, expression: Expression, z: Any, value: Callable[[str], Any]) -> Any:
    """The value at z of an expression of the table of functions, as derivatives and sides are.

    `value` gives the values at z of the smooth functions in it. Where neither they nor z matter, it is a plain number.
    """
    total: Any = None
    for c, k, factors in expression:
        # a product with 1 costs as much as any other where numbers are arrays
        term = None if c == 1 and (k or factors) else numbers.number(c)
        if k:
            term = _times(numbers, term, z if k == 1 else numbers.power(z, k))
        for base, e in factors:
            if isinstance(base, str):
                x = value(base)
            else:
                x = value_of(numbers, tuple((d, j, ()) for j, d in enumerate(base) if d), z, value)
            term = _times(numbers, term, x if e == 1 else numbers.power(x, e))
        total = term if total is None else numbers.reduce(total + term)
    return numbers.number(Fraction(0)) if total is None else total


def _times(numbers: ReducedNumbers, term: Any, x: Any) -> Any:
    return x if term is None else numbers.reduce(term * x)


@cache
def binomials(exponent: Fraction, order: int) -> tuple[Fraction, ...]:
    """exponent over j for j = 0, ..., order: what the Taylor coefficients of a power have in front."""
    result = [Fraction(1)]
    for j in range(order):
        result.append(result[-1] * (exponent - j) / (j + 1))
    return tuple(result)


class Functions(ABC):
    """The functions of one program over one kind of numbers: their Taylor coefficients, by arrays.

    A kind says which values functions have, on which side of its kink an argument lies, and what stands for what a file leaves
    open. The coefficients f^(j)(z)/j! for j = 0, ..., order are a list of arrays of the shape of z.
    """

    def __init__(self, field: NumberField, seed: int, activations: Mapping[str, Property]) -> None:
        self.field = field
        self.seed = seed
        """It fixes everything that is drawn."""
        self.activations = activations
        """The declared activations."""

    def taylor(self, function: str, z: Array, order: int) -> list[Array]:
        """The Taylor coefficients at z of an elementwise function, for order >= 1. Raises `Undefined` where there are none."""
        row = function_of(function, self.activations)
        if row.open:
            return self.free(function, z, order) if row.degree is None else self.homogeneous(row, row.degree, z, order)
        if row.sides is None:
            return self._on(row, 1, z, order)
        on = self.side(z)
        if not any(factors for side in row.sides for _, _, factors in side):
            right, left = (self._on(row, side, z, order) for side in (1, 0))
        else:
            # what is not taken is had at 0, where it has a value
            right = self._on(row, 1, np.where(on == 0, 0.0, z), order)
            left = self._on(row, 0, np.where(on == 1, 0.0, z), order)
        return [on * x + (1.0 - on) * y for x, y in zip(right, left, strict=True)]

    def _on(self, row: Function, side: int, z: Array, order: int) -> list[Array]:
        """The Taylor coefficients at z of what a function is on one side of its kink."""
        known: dict[str, Array] = {}

        def value(name: str) -> Array:
            if name not in known:
                known[name] = self.value(name, z)
            return known[name]

        result = []
        for j in range(order + 1):
            x = value_of(self.field, row.on(side, j), z, value)
            scaled = x if j < 2 else self.field.reduce(x * self.field.number(Fraction(1, factorial(j))))
            result.append(scaled if np.ndim(scaled) else np.full_like(z, scaled))
        return result

    @abstractmethod
    def value(self, function: str, z: Array) -> Array:
        """The value at z of a function that has a derivative rule."""

    @abstractmethod
    def side(self, z: Array) -> Array:
        """On which side of their kinks at 0 functions of this argument are, all of them: 1 where they are on, 0 where off."""

    @abstractmethod
    def power(self, exponent: Fraction, z: Array, order: int) -> list[Array]:
        """The Taylor coefficients of z^exponent. Raises `Undefined` where there are none."""

    @abstractmethod
    def homogeneous(self, row: Function, degree: Fraction, z: Array, order: int) -> list[Array]:
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

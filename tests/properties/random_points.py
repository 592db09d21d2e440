"""Residues of laws at random points, exact or in floating point, with the independent interpreter."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from claws.syntax import nodes
from tests.properties.interpreter import (
    CONTEXT,
    PLAIN,
    SMOOTH,
    Array,
    Dual,
    Interpreter,
    NoValue,
    Numbers,
    Place,
    calls_in,
    residue_at,
    shapes_of,
)

# --- points ------------------------------------------------------------------------------------------------------------------


def exact_numbers(choose: Callable[[str, Fraction], tuple[Any, Any]]) -> Numbers:
    """Fractions; `choose` gives value and slope of declared activations. Smooth functions have no value."""

    def function(name: str, x: Dual) -> Dual:
        if name == "relu":
            if x.value == 0:
                raise NoValue("a kink")
            return x if x.value > 0 else Dual(Fraction(0))
        if name in SMOOTH:
            raise NoValue(name)
        return x.through(*choose(name, x.value))

    return Numbers(lambda q: Dual(q), function)


def floating_numbers(choose: Callable[[str, Any], tuple[Any, Any]]) -> Numbers:
    """Floating-point numbers of 40 digits."""

    def function(name: str, x: Dual) -> Dual:
        if name == "relu":
            if abs(x.value) < 1e-20:
                raise NoValue("a kink")
            return x if x.value > 0 else Dual(CONTEXT.mpf(0))
        if name in SMOOTH:
            if abs(x.value) > 1000 or (name in ("sqrt", "log") and x.value <= 0):
                raise NoValue(name)
            return x.through(*(f(x.value) for f in SMOOTH[name]))
        return x.through(*choose(name, x.value))

    return Numbers(lambda q: Dual(CONTEXT.mpf(q.numerator) / q.denominator), function)


def random_point(file: nodes.File, sizes: Mapping[str, int], rng: random.Random) -> dict[str, Array]:
    """A random rational for every entry, inside its domain."""
    point = {}
    for name, (_, shape, domain) in shapes_of(file, sizes).items():
        array = np.empty(shape, dtype=object)
        for i in np.ndindex(*shape):
            x = Fraction(rng.randint(1, 9), rng.randint(1, 6)) * rng.choice([-1, 1])
            array[i] = abs(x) if domain in ("positive", "nonnegative") else x
        point[name] = array
    return point


def as_floating(point: Mapping[str, Array]) -> dict[str, Array]:
    result = {}
    for name, array in point.items():
        result[name] = np.empty(array.shape, dtype=object)
        for i in np.ndindex(*array.shape):
            result[name][i] = CONTEXT.mpf(array[i].numerator) / array[i].denominator
    return result


# --- residues at random points ----------------------------------------------------------------------------------------------

TRANSCENDENTAL = set(SMOOTH) | {"softmax", "rmsnorm"}
"""Functions whose values are mostly irrational."""


class Activations:
    """Some functions with the properties that the file declares: homogeneous ones by two factors, others by a table."""

    def __init__(self, file: nodes.File, rng: random.Random) -> None:
        self.rng = rng
        self.degrees: dict[str, int | None] = {}
        for s in file.statements:
            if isinstance(s, nodes.Activation):
                for name, degree in s.entries:
                    self.degrees[name.name] = None if degree is None else _whole_degree(file, degree)
        self.factors = {name: (Fraction(rng.randint(1, 3)), Fraction(rng.randint(-3, 3))) for name in self.degrees}
        self.tables: dict[tuple[str, Any], tuple[Any, Any]] = {}

    def __call__(self, name: str, x: Any) -> tuple[Any, Any]:
        if name not in self.degrees:
            raise NotImplementedError(name)
        degree = self.degrees[name]
        exact = isinstance(x, Fraction)
        if degree is None:
            if exact or (name, x) in self.tables:
                values = Fraction(self.rng.randint(-5, 5)), Fraction(self.rng.randint(-5, 5))
                return self.tables.setdefault((name, x), values)
            return CONTEXT.cos(x) + x, 1 - CONTEXT.sin(x)  # in floating point equal arguments need not be equal
        if x == 0:
            raise NoValue("a kink")
        c, sign = (self.factors[name][0], 1) if x > 0 else (self.factors[name][1], -1)
        if not exact:
            c = CONTEXT.mpf(c.numerator)
        return c * abs(x) ** degree, c * degree * abs(x) ** (degree - 1) * sign


def residues(
    file: nodes.File, law: str, sizes: dict[str, int], rng: random.Random, attempts: int = 6
) -> Iterator[dict[Place, bool]]:
    """At random points, whether the residue is zero at each place; nothing for points where there is no value."""
    exact = not calls_in(file) & TRANSCENDENTAL
    for _ in range(attempts):
        point = random_point(file, sizes, rng)
        choose = Activations(file, rng)
        try:
            if exact:
                found = residue_at(file, law, sizes, point, exact_numbers(choose))
                yield {place: x == 0 for place, (x, _) in found.items()}
            else:
                found = residue_at(file, law, sizes, as_floating(point), floating_numbers(choose))
                yield {place: abs(x) <= CONTEXT.mpf("1e-24") * (1 + size) for place, (x, size) in found.items()}
        except NoValue:
            continue


def _whole_degree(file: nodes.File, degree: nodes.Expression | nodes.Derivative) -> int:
    assert not isinstance(degree, nodes.Derivative)
    value = Interpreter(file, {}, {}, PLAIN).constant(degree)
    if value.denominator != 1:
        raise NotImplementedError("a fractional degree")
    return int(value)

"""What a file leaves open: activations and functions of arrays of which only a property is declared.

They are drawn from a seed and from their names, as something that has the property, or chosen by a witness.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from tests.fuzz.series import SMOOTH, Numbers, Series, composed, pair, power, sides, smooth, solution_taylor

Sparse = Mapping[tuple[int, ...], Any]
"""An array by its entries that are not zero."""

Table = Sequence[tuple[Sequence[Any], Sparse, Sequence[Mapping[tuple[Any, Any], Any]]]]
"""The arguments at which a function of arrays is known, its value there, and its Jacobian by each argument; all sparse."""


class NoValue(Exception):
    """An expression has no value at these sizes: an array without entries, of which the shape is not known."""


@dataclass
class Chosen:
    """Functions that a file leaves open. What is not given is drawn from the seed, as something with the declared property."""

    seed: int = 0
    homogeneous: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """The factors of homogeneous activations on the right and on the left."""
    values: Mapping[str, Mapping[float, tuple[float, float]]] = field(default_factory=dict)
    """Values and slopes of activations, by the argument."""
    functions: Mapping[str, Table] = field(default_factory=dict)

    def random(self, *key: object) -> np.random.Generator:
        return np.random.default_rng(zlib.crc32(repr((self.seed, key)).encode()))

    def homogeneous_value(self, name: str, degree: Fraction, z: Series) -> Series:
        """A function that is homogeneous of this degree: a power with one factor on each side."""
        random = self.random(name)
        right, left = self.homogeneous.get(name) or (random.uniform(0.5, 1.5), random.uniform(-1, 1))
        return sides(z, lambda x: power(x, degree) * right, lambda x: power(-x, degree) * left)

    def solution_value(self, name: str, polynomial: Sequence[float], z: Series) -> Series:
        """A solution of s' = polynomial(s); the coefficient of 1 comes first."""
        return composed(z, self.solution(name, polynomial))

    def free_value(self, name: str, z: Series) -> Series:
        """Any smooth function."""
        return composed(z, self.free(name))

    def solution(self, name: str, polynomial: Sequence[float]) -> Callable[[Numbers, int], list[Numbers]]:
        """A solution of the declared equation: the chosen one, or one that is drawn."""
        start, value = 0.0, float(self.random(name).uniform(0.2, 0.8))
        for at, (f, _) in self.values.get(name, {}).items():
            start, value = at, f

        def taylor(z: Numbers, order: int) -> list[Numbers]:
            far = float(np.max(np.abs(z - start), initial=0.0))
            steps, terms = 1 + int(min(5 * far, 80) if np.isfinite(far) else 0), 14
            s = np.full(z.shape, value, dtype=z.dtype)
            h = (z - start) / steps
            for _ in range(steps):
                coefficients = solution_taylor(s, polynomial, terms)
                s = coefficients[terms]
                for c in reversed(coefficients[:terms]):
                    s = s * h + c
                s = np.where(np.abs(s) < 1e4, s, np.nan)
            return solution_taylor(s, polynomial, order)

        return taylor

    def free(self, name: str) -> Callable[[Numbers, int], Sequence[Numbers]]:
        """A smooth function, or one with the chosen values and slopes at their arguments."""
        a, b, c, d = self.random(name).uniform(0.4, 1.3, 4)
        table = self.values.get(name)

        def drawn(z: Numbers, order: int) -> list[Numbers]:
            sine = SMOOTH["sin"](b * z + c, order)
            found = [a * x * b**k for k, x in enumerate(sine)]
            found[0] = found[0] + d * z * z
            for k, x in enumerate((2 * d * z, d + 0 * z)):
                if order > k:
                    found[k + 1] = found[k + 1] + x
            return found

        def tabled(z: Numbers, order: int) -> list[Numbers]:
            found = drawn(z, order)
            assert table is not None
            for i in np.ndindex(*z.shape):
                near = [k for k in table if abs(k - float(z[i])) <= 1e-9 * (1 + abs(k))]
                if near:
                    for j, x in enumerate(table[near[0]][: order + 1]):
                        found[j] = np.array(found[j])
                        found[j][i] = x
            return found

        return drawn if table is None else tabled

    def function_value(self, name: str, arguments: Sequence[Series], shape: Sequence[int]) -> Series:
        """A function of whole arrays, as it was chosen at these arguments, or else any smooth one."""
        for points, value, slopes in self.functions.get(name, ()):
            jacobians = [{(*i, *j): y for (i, j), y in slope.items()} for slope in slopes]
            fits = len(points) == len(arguments) and has_room(value, shape)
            fits = fits and all(has_room(dict(p), x.shape) for p, x in zip(points, arguments, strict=True))
            # one name may stand for functions of arrays of several shapes
            fits = fits and all(has_room(y, (*shape, *x.shape)) for y, x in zip(jacobians, arguments, strict=True))
            if fits and all(
                np.allclose(dense(dict(p), x.shape), np.asarray(x.value, dtype=float), atol=1e-9)
                for p, x in zip(points, arguments, strict=True)
            ):
                total = arguments[0].algebra.plain(dense(value, shape))
                for x, slope in zip(arguments, jacobians, strict=True):
                    flat = (x - x.value).reshape([int(np.prod(x.shape))])
                    matrix = x.algebra.plain(dense(slope, (*shape, *x.shape)).reshape(-1, flat.shape[0]))
                    total = total + pair(matrix, "ij", flat, "j", "i").reshape(shape)
                return total
        return opaque(self, name, arguments, shape)


def has_room(entries: Sparse, shape: Sequence[int]) -> bool:
    """Whether these are entries of an array of this shape."""
    return all(len(i) == len(shape) and all(a < n for a, n in zip(i, shape, strict=True)) for i in entries)


def dense(entries: Sparse, shape: Sequence[int]) -> Numbers:
    """An array by the entries of it that are not zero."""
    x = np.zeros(tuple(shape))
    for i, value in entries.items():
        x[i] = float(value)
    return x


def opaque(chosen: Chosen, name: str, arguments: Sequence[Series], shape: Sequence[int]) -> Series:
    """A smooth function of whole arrays that goes by its name and by the shapes."""
    algebra = arguments[0].algebra
    random = chosen.random(name, [x.shape for x in arguments], tuple(shape))
    count = int(np.prod(shape))
    inner = algebra.plain(random.uniform(-1, 1, count))
    for x in arguments:
        size = int(np.prod(x.shape))
        weights = algebra.plain(random.uniform(-1, 1, (count, size)))
        inner = inner + pair(weights, "ij", x.reshape([size]), "j", "i")
    return (smooth("sin", inner) + inner * inner * 0.25).reshape(shape)

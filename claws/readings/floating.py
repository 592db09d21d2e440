"""Numbers in float64 for the array reading, for gradient flows, property tests and figures. They decide no claim.

What a file leaves open (`activation s`, `function F`) is a fixed smooth function, drawn from a seed; an activation with a
declared derivative is a solution of that equation, with its value at 0 drawn from the seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from claws.kernel.core.errors import Meter
from claws.kernel.core.functions import Function, Property, Slope
from claws.kernel.core.program import Program
from claws.kernel.counting.jets import salt
from claws.readings.arrays import Reading
from claws.readings.functions import Functions, binomials
from claws.readings.jets import Array, Jet, arranged
from claws.readings.solutions import solution

_AT_ONCE = 100_000
"""Products of arrays with more entries, before they are summed, are contracted two by two."""

_UNMETERED = 10**18
"""Work that no floating reading does: it is bounded by who asks for it."""

_einsum: Any = np.einsum  # its form with lists of labels is not in its type


class Floats:
    """The reals, in float64."""

    summands = 256  # short sums, added up one after the other, gather less rounding

    def reduce(self, x: Array) -> Array:
        """The same: there is nothing to reduce."""
        return x

    def number(self, c: Fraction | int) -> float:
        """The float64 that is nearest."""
        return c.numerator / c.denominator

    def power(self, x: Array, k: int) -> Array:
        """x^k elementwise; infinite or not a number where there is none."""
        return np.asarray(np.power(x, float(k)))

    def einsum_at_once(
        self, arrays: Sequence[Array], labels: Sequence[Sequence[int]], out: Sequence[int], sizes: Sequence[int]
    ) -> Array | None:
        """By NumPy, unless it is large: a flow takes many small steps."""
        if math.prod(sizes) > _AT_ONCE:
            return None
        carried = [label for label in dict.fromkeys(out) if any(label in row for row in labels)]
        pairs = [y for x, row in zip(arrays, labels, strict=True) for y in (x, [0, *(1 + label for label in row)])]
        found: Array = _einsum(*pairs, [0, *(1 + label for label in carried)])
        return found if carried == list(out) else arranged(found, carried, out, sizes)


def sigmoid(z: Array) -> Array:
    """1/(1 + exp(-z)), without overflow."""
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * z)))


def _erf(z: Array) -> Array:
    from scipy.special import erf

    return np.asarray(erf(z))


FLOATS: dict[str, Callable[[Array], Array]] = {
    "exp": np.exp,
    "log": np.log,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "sigmoid": sigmoid,
    "softplus": lambda z: np.logaddexp(0.0, z),
    "atan": np.arctan,
    "erf": _erf,
    "erf_slope": lambda z: 2.0 / math.sqrt(math.pi) * np.exp(-z * z),
    "normal_cdf": lambda z: 0.5 * (1.0 + _erf(z / math.sqrt(2.0))),
    "normal_pdf": lambda z: np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi),
}
"""How each known smooth function is computed."""


class FloatFunctions(Functions):
    """The functions themselves, and one fixed function for each that a file leaves open.

    With `soft`, the one side of a two-sided function goes over into the other within about that distance of its kink, so that the
    slope of a relu goes from 0 to 1, and relu(z) is slope*z: a choice among the subgradients (Filippov 1988), for training that
    slides along a kink.
    """

    def __init__(self, seed: int, activations: Mapping[str, Property], soft: float = 0.0) -> None:
        super().__init__(Floats(), seed, activations)
        self.soft = soft

    def value(self, function: str, z: Array) -> Array:
        declared = self.activations.get(function)
        if isinstance(declared, Slope):
            return np.asarray(solution(declared, salt("activation", self.seed, function))(z))
        return np.asarray(FLOATS[function](z))

    def side(self, z: Array) -> Array:
        """1 where z is positive, else 0; in between near 0, if soft."""
        return sigmoid(z / self.soft) if self.soft else np.asarray((z > 0).astype(np.float64))

    def power(self, exponent: Fraction, z: Array, order: int) -> list[Array]:
        """The Taylor coefficients of z^exponent; not a number where there are none."""
        return [
            np.asarray(float(c) * np.power(z, float(exponent - j))) if c else np.zeros_like(z)
            for j, c in enumerate(binomials(exponent, order))
        ]

    def homogeneous(self, row: Function, degree: Fraction, z: Array, order: int) -> list[Array]:
        """up*z^degree for positive z and down*|z|^degree for the others, with up in [0.5, 1.5] and down in [-1, 1]."""
        random = self._random("activation", row.name)
        up, down = random.uniform(0.5, 1.5), random.uniform(-1.0, 1.0)
        if degree == 1:
            slope = up * self.side(z) - down * self.side(-z)
            return [slope * z, slope, *[np.zeros_like(z)] * (order - 1)]
        positive = self.power(degree, np.abs(z), order)
        # f(-|z|) = down*|z|^k, whose j-th derivative in z has the sign (-1)^j
        return [np.where(z > 0, up * c, down * (-1.0) ** j * c) for j, c in enumerate(positive)]

    def free(self, function: str, z: Array, order: int) -> list[Array]:
        """A sum of three waves."""
        random = self._random("activation", function)
        waves = [(random.uniform(0.4, 1.0), random.uniform(0.5, 1.5), random.uniform(0.0, 6.0)) for _ in range(3)]
        result = []
        for j in range(order + 1):
            total = sum(a * w**j * np.sin(w * z + b + j * math.pi / 2) for a, w, b in waves)
            result.append(np.asarray(total) / math.factorial(j))
        return result

    def opaque(self, function: str, args: list[Array], shape: tuple[int, ...], batch: int, part: int | None) -> Array:
        """F(x)_i = the sum of A_ij sin(x_j + b_j) over all entries of all arguments, for each place on the batch axes."""
        rows = max(x.shape[0] for x in args)
        head = shape[:batch]
        flat = [np.broadcast_to(x, (rows, *x.shape[1:])).reshape(rows, *head, -1) for x in args]
        widths = [x.shape[-1] for x in flat]
        own = math.prod(shape[batch:])
        if part is not None:
            own //= widths[part]
        random = self._random("function", function, widths, own)
        weights = random.normal(size=(own, sum(widths))) / math.sqrt(sum(widths))
        shifts = random.uniform(0.0, 6.0, size=sum(widths))
        if part is None:
            x = np.concatenate(flat, axis=-1)
            return np.asarray((np.sin(x + shifts) @ weights.T).reshape(rows, *shape))
        columns = slice(sum(widths[:part]), sum(widths[: part + 1]))
        slope = np.cos(flat[part] + shifts[columns])
        block = weights[:, columns] * slope[..., None, :]
        return np.asarray(block.reshape(rows, *shape))

    def _random(self, kind: str, *key: object) -> np.random.Generator:
        return np.random.default_rng(salt(kind, self.seed, *key))


def float_reading(
    program: Program, leaves: Mapping[str, Jet], level: int = 0, seed: int = 0, soft: float = 0.0
) -> Reading:
    """One evaluation of a program in float64, at leaves that are jets of arrays batch x shape; see `FloatFunctions`."""
    return Reading(program, leaves, FloatFunctions(seed, dict(program.activations), soft), level, Meter(_UNMETERED))


def constant(x: Any) -> Array:
    """An array as the only one of its batch."""
    return np.asarray(x, dtype=np.float64)[None]


def values(program: Program, roots: Sequence[int], leaves: Mapping[str, Array], seed: int = 0) -> dict[int, Array]:
    """The values of nodes, without a batch, at leaves without one."""
    reading = float_reading(program, {name: [constant(x)] for name, x in leaves.items()}, 0, seed)
    return {n: reading.array(n)[0].copy() for n in roots}

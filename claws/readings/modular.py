"""Residues modulo a prime as numbers of the array reading, and values of functions that are drawn by a hash.

It is `claws.kernel.counting.jets` once more, on NumPy arrays instead of single numbers: with the same seed it draws the same
residues, so both find the same ranks. Arrays are float64 holding centred residues, so that matrix products run on BLAS exactly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from claws.kernel.core.errors import NoRoot, Undefined
from claws.kernel.core.functions import Function, Property, function_of
from claws.kernel.counting.jets import salt
from claws.readings.functions import Functions, binomials
from claws.readings.jets import Array
from claws.readings.limits import LIMITS

PRIMES = (8388593, 8388587, 8388581, 8388571)
"""Primes below 2^23; the first is the usual one, the others for where it is unlucky."""

PRIMES_WITH_ROOTS = (
    8388587, 8388571, 8388439, 8388547, 8388319, 8388539, 8388287, 8388451, 8388239, 8388427, 8388071, 8388371, 8387999,
    8388283, 8387959, 8388187, 8387879, 8388091, 8387839, 8388059,
)  # fmt: skip
"""Primes of the form 4*k + 3, modulo which a square root is a power; numbers such as 2 have roots modulo half of them."""

PATTERNS_FREE = "free"
"""Piecewise functions are on or off by a hash of their argument, all of one argument alike. For searches alone."""

PATTERNS_MOSTLY_ON = "mostly on"
"""Piecewise functions are on three times in four, so that signals get through deep networks. For searches alone."""

Residues = Array
"""Centred residues: whole numbers of absolute value below p/2."""


class PrimeField:
    """Residues modulo one prime below 2^23, centred.

    With p < 2^23 they are below 2^22 in absolute value, a product of two below 2^44, and the sum of `summands` products below
    2^52: float64 holds such sums exactly, and `reduce` is exact for them.
    """

    summands = 256

    def __init__(self, p: int) -> None:
        """Raises `Undefined` for any other number than the primes of `PRIMES` and `PRIMES_WITH_ROOTS`."""
        if p not in (*PRIMES, *PRIMES_WITH_ROOTS):
            raise Undefined(f"{p} is none of the primes for which arithmetic in float64 is exact")
        self.p = p

    def reduce(self, x: Array) -> Residues:
        """Centred residues of exact integers below 2^52 in absolute value."""
        result: Residues = x - self.p * np.rint(x * (1.0 / self.p))
        return result

    def number(self, c: Fraction | int) -> float:
        """A rational as a centred residue. Raises `Undefined` where p divides the denominator."""
        if c.denominator % self.p == 0:
            raise Undefined(f"{c} has no residue modulo {self.p}")
        value = c.numerator * pow(c.denominator, -1, self.p) % self.p
        return float(value - self.p if value > self.p // 2 else value)

    def power(self, x: Residues, k: int) -> Residues:
        """x^k elementwise. Raises `Undefined` for k < 0 where an entry is 0."""
        if k < 0:
            if not np.all(x):
                raise Undefined("a division by zero")
            k = k % (self.p - 1)
        result = np.ones_like(x)
        base = x
        while k:
            if k & 1:
                result = self.reduce(result * base)
            k >>= 1
            if k:
                base = self.reduce(base * base)
        return result

    def einsum_at_once(
        self, arrays: Sequence[Array], labels: Sequence[Sequence[int]], out: Sequence[int], sizes: Sequence[int]
    ) -> None:
        """Never: sums of more than `summands` products, or products of three residues, would not be exact."""

    def draw(self, start: npt.NDArray[np.uint64] | int, k: Residues) -> Residues:
        """`claws.kernel.counting.jets.draw`, elementwise: the residues, not centred, at the places k of the sequences `start`.

        Places are residues, or indices as unsigned integers.
        """
        place = np.mod(np.rint(k), self.p) if k.dtype == np.float64 else k
        z = place.astype(np.uint64)
        with np.errstate(over="ignore"):
            z = np.asarray(start, dtype=np.uint64) + (z + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            z ^= z >> np.uint64(31)
        return (z % np.uint64(self.p)).astype(np.float64)

    def drawn(self, starts: Sequence[int], shape: tuple[int, ...]) -> Residues:
        """An array of this shape for each of these sequences."""
        places = np.arange(math.prod(shape), dtype=np.uint64)
        found = self.draw(np.array(starts, dtype=np.uint64)[:, None], places[None])  # type: ignore[arg-type]
        return self.reduce(found).reshape(len(starts), *shape)


class DrawnFunctions(Functions):
    """What is not rational becomes a residue of its own, drawn by a hash of the argument, as `claws.kernel.counting.jets` has it.

    So equal arguments have equal values: of exp(z), of the coefficients of a free activation, of the 0/1 pattern of a relu.
    """

    field: PrimeField

    def __init__(
        self,
        field: PrimeField,
        seed: int,
        activations: Mapping[str, Property],
        patterns: str = PATTERNS_FREE,
        twisted: bool = False,
        tables: Sequence[Mapping[int, int]] | None = None,
    ) -> None:
        super().__init__(field, seed, activations)
        self.patterns = patterns
        """How sides of kinks are drawn."""
        self.twisted = twisted
        """Whether the root of -z stands for that of z where only it exists: the model with other constants before its roots."""
        self.tables = tables
        """exp(z) by the residue of z for each row of the batch, where it is not drawn; one for all, or one for each."""
        self.rootless: npt.NDArray[np.bool_] | None = None
        """If not None: which rows of the batch had a square root that does not exist, or a division by 0; then no error."""

    def value(self, function: str, z: Array) -> Residues:
        """The residue that stands for the value; sin and cos are a point of the circle, as sin^2 + cos^2 = 1.

        Functions that are made with exp are so here. Raises `Undefined` for a constant such as log(2).
        """
        f = self.field
        row = function_of(function, self.activations)
        made = row.made_with
        if made is not None and made.moebius is not None:
            x = self._exponential(z if made.rate == 1 else f.reduce(made.rate * z))
            a, b, c, d = made.moebius
            top = f.reduce(a * x + b)
            return top if (c, d) == (0, 1) else f.reduce(top * f.power(f.reduce(c * x + d), -1))
        if function not in ("sin", "cos"):
            result = f.reduce(self._drawn(function, z))
        else:
            t = f.reduce(self._drawn("circle", z))
            square = f.reduce(t * t)
            scale = f.power(f.reduce(1 + square), -1)
            result = f.reduce((2 * t if function == "sin" else f.reduce(1 - square)) * scale)
        zero = z == 0
        if row.partial or row.declared or not np.any(zero):
            return result
        if row.exact is None or row.exact[0]:
            raise Undefined(f"{function}(0) is a number of its own")
        return np.where(zero, f.number(row.exact[1]), result)

    def _exponential(self, z: Residues) -> Residues:
        """exp of arguments."""
        f = self.field
        result = np.where(z == 0, 1.0, f.reduce(self._drawn("exp", z)))
        if self.tables is not None:
            rows = np.broadcast_to(z, (max(len(z), len(self.tables)), *z.shape[1:]))
            result = np.broadcast_to(result, rows.shape).copy()
            for k, row in enumerate(rows):
                table = self.tables[k if len(self.tables) > 1 else 0]
                for i, x in np.ndenumerate(np.mod(row, f.p)):
                    if int(x) in table:
                        result[(k, *i)] = table[int(x)]
            result = f.reduce(result)
        return result

    def side(self, z: Array) -> Residues:
        side = self._drawn("relu", z, "side")
        return np.minimum(np.mod(side, 4.0), 1.0) if self.patterns == PATTERNS_MOSTLY_ON else np.mod(side, 2.0)

    def power(self, exponent: Fraction, z: Array, order: int) -> list[Residues]:
        """The Taylor coefficients of z^exponent, for whole numbers and halves. Raises `Undefined` and `NoRoot`."""
        if exponent.denominator != 1:
            return self._root(exponent, z, order)
        f, k = self.field, exponent.numerator
        if k < 0 and self.rootless is not None and not np.all(z):
            # these rows are drawn again
            self._mark(z == 0)
            z = np.where(z == 0, 1.0, z)
        return [
            f.reduce(f.number(c) * f.power(z, k - j)) if c else np.zeros_like(z)
            for j, c in enumerate(binomials(exponent, order))
        ]

    def _root(self, exponent: Fraction, z: Array, order: int) -> list[Residues]:
        """The Taylor coefficients of z^(k/2), as `claws.kernel.counting.jets` has them: sqrt(z)^k * z^-j."""
        f = self.field
        if exponent.denominator != 2:
            raise Undefined("only square roots have residues here")
        if f.p % 4 != 3:
            raise Undefined("square roots need a modulus of the form 4*k + 3")
        root = np.abs(f.power(z, (f.p + 1) // 4))
        wrong = f.reduce(f.reduce(root * root) - z) != 0
        if self.rootless is not None:
            wrong |= z == 0
        if np.any(wrong) and not self.twisted:
            if self.rootless is None:
                raise NoRoot(f"a square root does not exist modulo {f.p}")
            self._mark(wrong)
            # any root will do: these rows are drawn again
            root, z = np.where(wrong, 1.0, root), np.where(wrong, 1.0, z)
        first, result = f.power(root, exponent.numerator), []
        for j, c in enumerate(binomials(exponent, order)):
            term = f.reduce(f.number(c) * first)
            result.append(f.reduce(term * f.power(z, -j)) if j else term)
        return result

    def _mark(self, wrong: npt.NDArray[np.bool_]) -> None:
        """Note the rows in which something has no value."""
        assert self.rootless is not None
        self.rootless = self.rootless | np.any(wrong.reshape(len(wrong), -1), axis=1)

    def homogeneous(self, row: Function, degree: Fraction, z: Array, order: int) -> list[Residues]:
        """c*z^degree, with a constant c for either side of 0."""
        factor = self.field.reduce(self._drawn(row.name, self.side(z), "factor"))
        return [self.field.reduce(factor * c) for c in self.power(degree, z, order)]

    def free(self, function: str, z: Array, order: int) -> list[Residues]:
        """A residue for each coefficient."""
        return [self.field.reduce(self._drawn(function, z, j)) for j in range(order + 1)]

    def opaque(
        self, function: str, args: list[Array], shape: tuple[int, ...], batch: int, part: int | None
    ) -> Residues:
        """A pseudo-random array for each value of the arguments. Raises `Undefined` for large arguments."""
        f = self.field
        if sum(math.prod(x.shape[1 + batch :]) for x in args) > LIMITS.arguments:
            raise Undefined("the arguments of a function are too large")
        count = max(x.shape[0] for x in args)
        key = np.zeros((count, *shape[:batch]))
        for k, x in enumerate(args):
            flat = x.reshape(x.shape[0], *shape[:batch], -1)
            for j in range(flat.shape[-1]):
                key = self._drawn(function, f.reduce(key + flat[..., j]), ("argument", k, j))
        places = np.arange(math.prod(shape[batch:]), dtype=np.float64).reshape(shape[batch:])
        lifted = key.reshape(*key.shape, *[1] * (len(shape) - batch))
        mixed = f.reduce(lifted + self._drawn(function, places, "place"))
        return f.reduce(self._drawn(function, mixed, ("part", "value" if part is None else part)))

    def _drawn(self, name: str, z: Array, part: object = 0) -> Array:
        """The residue, not centred, drawn for a part of what a function is at z."""
        return self.field.draw(salt("value", self.seed, name, part), z)

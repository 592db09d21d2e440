"""The modular reading: whole arrays of residues modulo a prime, in batches, with nilpotents for derivatives of any order.

Untrusted. It is `claws.kernel.counting.jets` and `claws.kernel.counting.points` once more, on NumPy arrays instead of single
numbers: with the same seed it draws the same residues, so both find the same ranks. Arrays are float64 holding centred residues,
so that matrix products run on BLAS exactly: with p < 2^23 a product of residues is below 2^44, and 256 of them add up below 2^52.
Axis 0 of every array is the batch.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt

from claws.kernel.core.errors import Meter, NoRoot, Undefined
from claws.kernel.core.functions import has_rule, higher_derivative
from claws.kernel.core.program import (
    Apply,
    Det,
    Einsum,
    Gather,
    Iota,
    Leaf,
    Number,
    Opaque,
    Power,
    Product,
    Program,
    Reshape,
    Scatter,
    Sum,
    operands_of,
)
from claws.kernel.counting.jets import PATTERNS_FREE, PATTERNS_ON, products, salt
from claws.kernel.values.evaluation import fixed

PRIMES = (8388593, 8388587, 8388581, 8388571)
"""Primes below 2^23; the first is the usual one, the others for where it is unlucky."""

PRIMES_WITH_ROOTS = (
    8388587, 8388571, 8388439, 8388547, 8388319, 8388539, 8388287, 8388451, 8388239, 8388427, 8388071, 8388371, 8387999,
    8388283, 8387959, 8388187, 8387879, 8388091, 8387839, 8388059,
)  # fmt: skip
"""Primes of the form 4*k + 3, modulo which a square root is a power; numbers such as 2 have roots modulo half of them."""

PATTERNS_MOSTLY_ON = "mostly on"
"""Piecewise functions are on three times in four, so that signals get through deep networks. For searches alone."""

MAX_ENTRIES = 20_000_000
"""Larger arrays are not read."""

MAX_ARGUMENTS = 10_000
"""A function of whole arrays with more entries than this is not read."""

_INNER = 256
"""Residue products that may be added up before a reduction."""

Residues = npt.NDArray[np.float64]
Jet = list[Residues | None]
"""The parts of an array over the jets, as in `claws.kernel.counting.jets`; None is zero."""


class Field:
    """Residues modulo one prime below 2^23, centred."""

    def __init__(self, p: int) -> None:
        if p not in (*PRIMES, *PRIMES_WITH_ROOTS):
            raise Undefined(f"{p} is none of the primes for which arithmetic in float64 is exact")
        self.p = p

    def reduce(self, x: Residues) -> Residues:
        """Centred residues of exact integers below 2^52 in absolute value."""
        result: Residues = x - self.p * np.rint(x * (1.0 / self.p))
        return result

    def residue(self, c: Fraction) -> float:
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

    def draw(self, start: npt.NDArray[np.uint64] | int, k: Residues) -> Residues:
        """`jets.draw`, elementwise: the residues at the places k (residues, or indices) of the sequences `start`."""
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

    # --- jets ------------------------------------------------------------------------------------------------

    def add(self, a: Residues | None, b: Residues | None) -> Residues | None:
        if a is None or b is None:
            return b if a is None else a
        return self.reduce(a + b)

    def multiply(self, a: Jet, b: Jet, op: Callable[[Residues, Residues], Residues] = np.multiply) -> Jet:
        """The product of two jets, for a product `op` of arrays that stays below 2^52."""
        total: Jet = [None] * len(a)
        for i, j, k in products(len(a).bit_length() - 1):
            x, y = a[i], b[j]
            if x is not None and y is not None:
                total[k] = self.add(total[k], self.reduce(op(x, y)))
        return total

    def linear(self, terms: Sequence[tuple[Fraction, Jet]]) -> Jet:
        total: Jet = [None] * len(terms[0][1])
        for c, x in terms:
            factor = self.residue(c)
            for k, part in enumerate(x):
                if part is not None:
                    total[k] = self.add(total[k], part if factor == 1 else self.reduce(factor * part))
        return total

    def series(self, x: Jet, coefficients: Sequence[Residues]) -> Jet:
        """sum of c_j * (x - x0)^j."""
        total: Jet = [coefficients[0], *[None] * (len(x) - 1)]
        nilpotent: Jet = [None, *x[1:]]
        power = nilpotent
        for j, c in enumerate(coefficients[1:], 1):
            if all(part is None for part in power):
                break
            for k, part in enumerate(power):
                if part is not None:
                    total[k] = self.add(total[k], self.reduce(c * part))
            if j + 1 < len(coefficients):
                power = self.multiply(power, nilpotent)
        return total

    def einsum(
        self, operands: Sequence[Jet], labels: Sequence[Sequence[int]], out: Sequence[int], sizes: Sequence[int]
    ) -> Jet:
        """The batched einsum of `claws.kernel.core.program.Einsum`: every operand and the result have the batch as axis 0."""
        order = _contraction_order(labels, out, sizes)
        operands, labels = [operands[k] for k in order], [labels[k] for k in order]
        names: list[int] = []
        result: Jet = []
        for k, (jet, ls) in enumerate(zip(operands, labels, strict=True)):
            later = {label for rest in labels[k + 1 :] for label in rest} | set(out)
            row: list[int] = []
            prepared: Jet = []
            for x in jet:
                if x is not None:
                    x, row = self._prepared(x, list(ls), later | set(names))
                prepared.append(x)
            if not any(x is not None for x in prepared):
                return [None] * len(jet)
            if k == 0:
                result, names = prepared, row
            else:
                pair = _Pair(names, row, later, self)
                result = self.multiply(result, prepared, pair.product)
                names = pair.names
        return [None if x is None else arranged(x, names, out, sizes) for x in result]

    def _prepared(self, x: Residues, row: list[int], keep: set[int]) -> tuple[Residues, list[int]]:
        """Without repeated labels, and summed over those that nothing needs."""
        distinct = list(dict.fromkeys(row))
        if len(distinct) != len(row):
            diagonal: Any = np.einsum  # its form with lists of labels is not in its type
            x = diagonal(x, [0, *(1 + label for label in row)], [0, *(1 + label for label in distinct)])
        axes = tuple(1 + k for k, label in enumerate(distinct) if label not in keep)
        if axes:
            x = self.reduce(np.sum(x, axis=axes))
        return x, [label for label in distinct if label in keep]


def _contraction_order(labels: Sequence[Sequence[int]], out: Sequence[int], sizes: Sequence[int]) -> list[int]:
    """Greedy: start anywhere small, go on with the operand that keeps the product smallest."""
    if len(labels) < 3:
        return list(range(len(labels)))

    def volume(names: set[int]) -> int:
        return math.prod(sizes[x] for x in names)

    def kept(names: set[int], others: set[int]) -> set[int]:
        """The labels of a product that the other operands or the result still need."""
        return names & ({x for j in others for x in labels[j]} | set(out))

    left = set(range(len(labels)))
    first = min(left, key=lambda k: (volume(set(labels[k])), k))
    left.remove(first)
    order, names = [first], kept(set(labels[first]), left)
    while left:
        _, best = min((volume(names | set(labels[k])), k) for k in left)
        left.remove(best)
        order.append(best)
        names = kept(names | set(labels[best]), left)
    return order


class _Pair:
    """One product of two arrays, as a batched matrix product over the labels that nothing needs later."""

    def __init__(self, la: list[int], lb: list[int], later: set[int], field: Field) -> None:
        self.la, self.lb, self.field = la, lb, field
        self.both = [x for x in la if x in lb and x in later]
        self.inner = [x for x in la if x in lb and x not in later]
        self.left = [x for x in la if x not in lb]
        self.right = [x for x in lb if x not in la]
        self.names = [*self.both, *self.left, *self.right]

    def product(self, a: Residues, b: Residues) -> Residues:
        size = {x: n for row, array in ((self.la, a), (self.lb, b)) for x, n in zip(row, array.shape[1:], strict=True)}

        def volume(names: list[int]) -> int:
            return math.prod(size[x] for x in names)

        def arrange(array: Residues, row: list[int], order: list[list[int]]) -> Residues:
            axes = [0, *(1 + row.index(x) for group in order for x in group)]
            return np.transpose(array, axes).reshape(array.shape[0], *(volume(g) for g in order))

        if volume(self.names) * max(a.shape[0], b.shape[0]) > MAX_ENTRIES:
            raise Undefined("the arrays are too large")
        shape = [max(a.shape[0], b.shape[0]), *(size[x] for x in self.names)]
        m = arrange(a, self.la, [self.both, self.left, self.inner])
        n = arrange(b, self.lb, [self.both, self.inner, self.right])
        if not self.inner:
            return (m * n).reshape(shape)
        total: Residues | None = None
        for start in range(0, m.shape[-1], _INNER):
            part = np.matmul(m[..., start : start + _INNER], n[..., start : start + _INNER, :])
            total = part if total is None else self.field.reduce(total) + self.field.reduce(part)
        assert total is not None
        return total.reshape(shape)


def arranged(x: Residues, names: list[int], out: Sequence[int], sizes: Sequence[int]) -> Residues:
    """Axes in the order of `out`, broadcast over labels that no operand has, repeated ones on a diagonal."""
    carried = [label for label in dict.fromkeys(out) if label in names]
    x = np.transpose(x, [0, *(1 + names.index(label) for label in carried)])
    new = list(dict.fromkeys(out))
    x = x.reshape([x.shape[0], *(sizes[label] if label in carried else 1 for label in new)])
    x = np.broadcast_to(x, [x.shape[0], *(sizes[label] for label in new)])
    if len(new) != len(out):
        whole = np.zeros([x.shape[0], *(sizes[label] for label in out)])
        grid = np.indices([sizes[label] for label in new])
        whole[(slice(None), *(grid[new.index(label)] for label in out))] = x
        return whole
    return x


class Reading:
    """One evaluation of a program with fixed sizes, at a batch of points over the jets of one level.

    `leaves` gives each leaf as a jet of arrays batch x shape; a batch of 1 stands for all. Raises `Undefined` for a division by
    zero, for roots, and for opaque functions where their second derivative would be needed.
    """

    def __init__(
        self,
        program: Program,
        leaves: Mapping[str, Jet],
        field: Field,
        level: int,
        seed: int,
        meter: Meter,
        patterns: str = PATTERNS_FREE,
    ) -> None:
        self.program = program
        self.leaves = leaves
        self.field = field
        self.level = level
        self.seed = seed
        self.meter = meter
        self.patterns = patterns
        self.shapes = [tuple(fixed(n) for n in shape) for shape in program.shapes]
        if any(math.prod(shape) > MAX_ENTRIES for shape in self.shapes):
            raise Undefined("the arrays are too large")
        self.activations = dict(program.activations)
        self.rootless: np.ndarray | None = None
        """If not None: which rows of the batch have a square root that does not exist."""
        self.twisted = False
        """Whether the root of -z stands for that of z where only it exists: the model with other constants before its roots."""
        self._values: dict[int, Jet] = {}
        self._slopes: dict[int, Jet] = {}

    def value(self, root: int) -> Jet:
        """The value of a node."""
        for n in self.program.cone([root]):
            if n not in self._values:
                self._values[n] = self._value(n)
                parts = [x.size for x in self._values[n] if x is not None]
                # every array costs a call, and its entries
                self.meter.tick(10 * len(parts) + sum(parts) // 200)
        return self._values[root]

    def _constant(self, x: Residues) -> Jet:
        return [x, *[None] * ((1 << self.level) - 1)]

    def _value(self, n: int) -> Jet:
        node = self.program.nodes[n]
        args = [self._values[m] for m in operands_of(node)]
        f = self.field
        match node:
            case Leaf(name):
                return self.leaves[name]
            case Number(value):
                c = value.constant()
                assert c is not None
                return self._constant(np.full((1,), f.residue(c)))
            case Iota(start, step, _):
                whole = fixed(start) + step * np.arange(self.shapes[n][0], dtype=np.float64)
                return self._constant(f.reduce(whole)[None])
            case Einsum((), _, out, sizes):
                return self._constant(arranged(np.ones((1,)), [], out, [fixed(k) for k in sizes]))
            case Einsum(_, labels, out, sizes):
                return f.einsum(args, labels, out, [fixed(k) for k in sizes])
            case Sum(terms):
                return f.linear([(c, x) for (c, _), x in zip(terms, args, strict=True)])
            case Power(_, exponent):
                taylor = self._power_series(exponent, self._base(args[0], n), self.level + 1)
                return self._functional(n, args[0], taylor)
            case Apply(function, _):
                return self._functional(n, args[0], self._taylor(function, self._base(args[0], n)))
            case Product():
                return self._product(args[0])
            case Det():
                return self._minor(args[0], range(self.shapes[operands_of(node)[0]][-1]), None)
            case Opaque():
                return self._opaque_value(n, args)
            case _:
                return self._linear(n, args[0])

    def _base(self, x: Jet, n: int) -> Residues:
        """The part without nilpotents, as an array."""
        if x[0] is not None:
            return x[0]
        return np.zeros((1, *self.shapes[operands_of(self.program.nodes[n])[0]]))

    def _functional(self, n: int, x: Jet, taylor: list[Residues]) -> Jet:
        """f(x) from its Taylor coefficients, one more than the level needs; f'(x) is kept for `pull`."""
        self._slopes[n] = self.field.series(x, [self.field.reduce((j + 1) * c) for j, c in enumerate(taylor[1:])])
        return self.field.series(x, taylor[:-1])

    # --- functions ---------------------------------------------------------------------------------------------

    def _power_series(self, exponent: Fraction, z: Residues, order: int, factor: float = 1.0) -> list[Residues]:
        if exponent.denominator != 1:
            return self._root_series(exponent, z, order)
        k = exponent.numerator
        result = []
        for j in range(order + 1):
            binomial = math.comb(k, j) if k >= 0 else (-1) ** j * math.comb(j - k - 1, j)
            c = self.field.reduce(np.array(self.field.residue(Fraction(binomial)) * factor))
            result.append(self.field.reduce(c * self.field.power(z, k - j)) if binomial else np.zeros_like(z))
        return result

    def _root_series(self, exponent: Fraction, z: Residues, order: int) -> list[Residues]:
        """The Taylor coefficients of z^(k/2), as `claws.kernel.counting.jets` has them: sqrt(z)^k * z^-j."""
        f = self.field
        if exponent.denominator != 2:
            raise Undefined("only square roots have residues here")
        if f.p % 4 != 3:
            raise Undefined("square roots need a modulus of the form 4*k + 3")
        root = np.abs(f.power(z, (f.p + 1) // 4))
        wrong = f.reduce(f.reduce(root * root) - z) != 0
        if np.any(wrong) and not self.twisted:
            if self.rootless is None:
                raise NoRoot(f"a square root does not exist modulo {f.p}")
            rows = np.any(wrong.reshape(len(wrong), -1), axis=1)
            self.rootless = self.rootless | rows
            # any root will do: these rows are drawn again
            root, z = np.where(wrong, 1.0, root), np.where(wrong, 1.0, z)
        first, result, binomial = f.power(root, exponent.numerator), [], Fraction(1)
        for j in range(order + 1):
            term = f.reduce(f.residue(binomial) * first)
            result.append(f.reduce(term * f.power(z, -j)) if j else term)
            binomial = binomial * (exponent - j) / (j + 1)
        return result

    def _taylor(self, function: str, z: Residues) -> list[Residues]:
        """f^(j)(z)/j! for j = 0, ..., level + 1."""
        f, order = self.field, self.level + 1
        if function == "relu":
            side = self._side(function, z)
            return [z * side, side, *[np.zeros_like(z)] * (order - 1)]
        declared = self.activations.get(function)
        if not has_rule(function, self.activations):
            if not isinstance(declared, Fraction):
                return [f.reduce(self._drawn(function, z, j)) for j in range(order + 1)]
            factor = f.reduce(self._drawn(function, self._side(function, z), "factor"))
            return [f.reduce(factor * c) for c in self._power_series(declared, z, order)]
        result = []
        for j in range(order + 1):
            total = np.zeros_like(z)
            for (k, powers), c in higher_derivative(function, j, declared).items():
                term = f.reduce(f.residue(c) * f.power(z, k))
                for name, e in powers:
                    term = f.reduce(term * f.power(self._symbol(name, z), e))
                total = f.reduce(total + term)
            result.append(f.reduce(total * f.residue(Fraction(1, math.factorial(j)))))
        return result

    def _side(self, function: str, z: Residues) -> Residues:
        if self.patterns == PATTERNS_ON:
            return np.ones_like(z)
        side = self._drawn(function, z, "side")
        return np.minimum(np.mod(side, 4.0), 1.0) if self.patterns == PATTERNS_MOSTLY_ON else np.mod(side, 2.0)

    def _symbol(self, name: str, z: Residues) -> Residues:
        f = self.field
        if name in ("sin", "cos"):
            t = f.reduce(self._drawn("circle", z))
            square = f.reduce(t * t)
            scale = f.power(f.reduce(1 + square), -1)
            return f.reduce((2 * t if name == "sin" else f.reduce(1 - square)) * scale)
        return f.reduce(self._drawn(name, z))

    def _drawn(self, name: str, z: Residues, part: object = 0) -> Residues:
        return self.field.draw(salt("value", self.seed, name, part), z)

    def _opaque_value(self, n: int, args: list[Jet]) -> Jet:
        """To first order: F(x) + sum of Jacobian * tangent. Enough where the nilpotents' products do not matter."""
        if self.level > 1:
            raise Undefined("a function of whole arrays has no second derivative here")
        node = self.program.nodes[n]
        assert isinstance(node, Opaque)
        base = [self._base_of(x, m) for x, m in zip(args, node.operands, strict=True)]
        result = self._constant(self._opaque(node.function, base, self.shapes[n], node.batch, "value"))
        for k, m in enumerate(node.operands):
            if self.level and (tangent := args[k][1]) is not None:
                axes, inner, outer, sizes = self._block_labels(n, m)
                block = self._block(n, m, k, base)
                (part,) = self.field.einsum([[block], [tangent]], [outer, inner], axes, sizes)
                result[1] = self.field.add(result[1], part)
        return result

    def _base_of(self, x: Jet, m: int) -> Residues:
        return x[0] if x[0] is not None else np.zeros((1, *self.shapes[m]))

    def _block_labels(self, n: int, m: int) -> tuple[list[int], list[int], list[int], list[int]]:
        """Labels of a value, of an argument, of the Jacobian between them, and their sizes."""
        node = self.program.nodes[n]
        shape, own = self.shapes[n], self.shapes[m]
        batch = node.batch if isinstance(node, Opaque) else len(shape)
        axes = list(range(len(shape)))
        inner = [*axes[:batch], *range(len(shape), len(shape) + len(own) - batch)]
        return axes, inner, [*axes, *inner[batch:]], [*shape, *own[batch:]]

    def _block(self, n: int, m: int, k: int, base: list[Residues]) -> Residues:
        node = self.program.nodes[n]
        assert isinstance(node, Opaque)
        shape = (*self.shapes[n], *self.shapes[m][node.batch :])
        if math.prod(shape) > MAX_ENTRIES:
            raise Undefined("the arrays are too large")
        return self._opaque(node.function, base, shape, node.batch, k)

    def _opaque(
        self, function: str, args: list[Residues], shape: tuple[int, ...], batch: int, part: object
    ) -> Residues:
        """A pseudo-random array for each value of the arguments."""
        f = self.field
        if sum(math.prod(x.shape[1 + batch :]) for x in args) > MAX_ARGUMENTS:
            raise Undefined("the arguments of a function are too large")
        count = max(x.shape[0] for x in args)
        key = np.zeros((count, *shape[:batch]))
        for k, x in enumerate(args):
            flat = x.reshape(x.shape[0], *shape[:batch], -1)
            for j in range(flat.shape[-1]):
                key = self._drawn(function, f.reduce(key + flat[..., j]), ("argument", k, j))
        places = np.arange(math.prod(shape[batch:]), dtype=np.float64).reshape(shape[batch:])
        lifted = key.reshape(*key.shape, *[1] * (len(shape) - batch))
        return f.reduce(
            self._drawn(function, f.reduce(lifted + self._drawn(function, places, "place")), ("part", part))
        )

    # --- products, determinants, linear nodes ----------------------------------------------------------------------

    def _product(self, x: Jet) -> Jet:
        total: Jet | None = None
        length = next(part.shape[-1] for part in x if part is not None)
        for k in range(length):
            entry = [None if part is None else part[..., k] for part in x]
            total = entry if total is None else self.field.multiply(total, entry)
        assert total is not None
        return total

    def _minor(self, x: Jet, rows: Sequence[int], without: int | None) -> Jet:
        """The determinant of these rows and all columns but one, by minors along the rows."""
        n = next(part.shape[-1] for part in x if part is not None)
        if n > 9:
            raise Undefined("a determinant of this size is not expanded")
        columns = [c for c in range(n) if c != without]
        entry = {(i, j): [None if p is None else p[..., i, j] for p in x] for i in rows for j in columns}
        one = next(np.ones_like(p[..., 0, 0]) for p in x if p is not None)
        minors: dict[tuple[int, ...], Jet] = {(): self._constant(one)}
        for size, row in enumerate(reversed(rows), 1):
            new: dict[tuple[int, ...], Jet] = {}
            for chosen in combinations(columns, size):
                terms = [
                    (Fraction((-1) ** k), self.field.multiply(entry[row, c], minors[chosen[:k] + chosen[k + 1 :]]))
                    for k, c in enumerate(chosen)
                ]
                new[chosen] = self.field.linear(terms)
            minors = new
        return minors[tuple(columns)]

    def _cofactors(self, x: Jet) -> Jet:
        """d det / d entry: signed minors."""
        n = next(part.shape[-1] for part in x if part is not None)
        rows = []
        for i in range(n):
            minors = [self._minor(x, [r for r in range(n) if r != i], j) for j in range(n)]
            rows.append(
                _stacked([self.field.linear([(Fraction((-1) ** (i + j)), m)]) for j, m in enumerate(minors)], -1)
            )
        return _stacked(rows, -2)

    def _linear(self, n: int, x: Jet, transposed: bool = False) -> Jet:
        """A Gather, Scatter or Reshape node, or its transpose, applied to an array."""
        return [None if part is None else self._linear_part(n, part, transposed) for part in x]

    def _linear_part(self, n: int, x: Residues, transposed: bool) -> Residues:
        node = self.program.nodes[n]
        (m,) = operands_of(node)
        if isinstance(node, Reshape):
            return x.reshape(x.shape[0], *self.shapes[m if transposed else n])
        assert isinstance(node, Gather | Scatter)
        whole, inner = (
            (self.shapes[m], self.shapes[n]) if isinstance(node, Gather) else (self.shapes[n], self.shapes[m])
        )
        axis, count = 1 + node.axis, len(node.steps)
        lengths = inner[node.axis : node.axis + count]
        index = np.full(lengths, fixed(node.start), dtype=np.int64)
        for k, step in enumerate(node.steps):
            index = index + step * np.arange(lengths[k]).reshape([-1 if j == k else 1 for j in range(count)])
        if isinstance(node, Gather) != transposed:
            return np.take(x, index, axis=axis)
        result = np.zeros((x.shape[0], *whole))
        np.add.at(np.moveaxis(result, axis, 0), index, np.moveaxis(x, range(axis, axis + count), range(count)))
        return self.field.reduce(result)

    # --- derivatives -------------------------------------------------------------------------------------------------

    def pull(self, seeds: Mapping[int, Jet]) -> dict[str, Jet]:
        """The gradient of the sum of <seed, node> with respect to each leaf it depends on, by one backward pass."""
        adjoint: dict[int, Jet] = {}
        for n, seed in seeds.items():
            self.value(n)
            adjoint[n] = (
                seed if n not in adjoint else self.field.linear([(Fraction(1), adjoint[n]), (Fraction(1), seed)])
            )
        result: dict[str, Jet] = {}
        for n in reversed(self.program.cone(seeds)):
            a = adjoint.pop(n, None)
            if a is None:
                continue
            node = self.program.nodes[n]
            if isinstance(node, Leaf):
                result[node.name] = a
                continue
            for m, part in self._pulled(n, a):
                if m in adjoint:
                    part = self.field.linear([(Fraction(1), adjoint[m]), (Fraction(1), part)])
                adjoint[m] = part
        return result

    def _pulled(self, n: int, a: Jet) -> list[tuple[int, Jet]]:
        """What an adjoint of a node gives each of its operands."""
        node = self.program.nodes[n]
        operands = operands_of(node)
        args = [self._values[m] for m in operands]
        f = self.field
        if isinstance(node, Einsum):
            sizes = [fixed(k) for k in node.sizes]
            return [
                (
                    m,
                    f.einsum(
                        [*args[:k], a, *args[k + 1 :]],
                        [*node.labels[:k], node.out, *node.labels[k + 1 :]],
                        node.labels[k],
                        sizes,
                    ),
                )
                for k, m in enumerate(operands)
            ]
        if isinstance(node, Sum):
            return [(m, f.linear([(c, a)])) for c, m in node.terms]
        if isinstance(node, Power | Apply):
            return [(operands[0], f.multiply(self._slopes[n], a))]
        if isinstance(node, Product):
            return [(operands[0], self._product_pulled(args[0], a))]
        if isinstance(node, Det):
            lifted = [None if part is None else part[..., None, None] for part in a]
            return [(operands[0], f.multiply(self._cofactors(args[0]), lifted))]
        if isinstance(node, Opaque):
            if self.level:
                raise Undefined("a function of whole arrays has no second derivative here")
            base = [self._base_of(x, m) for x, m in zip(args, operands, strict=True)]
            found = []
            for k, m in enumerate(operands):
                axes, inner, outer, sizes = self._block_labels(n, m)
                found.append((m, f.einsum([[self._block(n, m, k, base)], a], [outer, axes], inner, sizes)))
            return found
        return [(m, self._linear(n, a, transposed=True)) for m in operands]

    def _product_pulled(self, x: Jet, a: Jet) -> Jet:
        # products of all entries but one, from both ends, so that zero entries do no harm
        f = self.field
        like = next(part for part in x if part is not None)
        n = like.shape[-1]
        entries = [[None if part is None else part[..., k] for part in x] for k in range(n)]
        one = self._constant(np.ones_like(like[..., 0]))
        left, right = [one], [one]
        for k in range(n - 1):
            left.append(f.multiply(left[-1], entries[k]))
            right.append(f.multiply(right[-1], entries[n - 1 - k]))
        others = [f.multiply(a, f.multiply(left[k], right[n - 1 - k])) for k in range(n)]
        return _stacked(others, -1)


def _stacked(jets: Sequence[Jet], axis: int) -> Jet:
    """Jets side by side along a new axis."""
    result: Jet = []
    for parts in zip(*jets, strict=True):
        present = [p for p in parts if p is not None]
        if not present:
            result.append(None)
            continue
        shape = np.broadcast_shapes(*(p.shape for p in present))
        result.append(np.stack([np.zeros(shape) if p is None else np.broadcast_to(p, shape) for p in parts], axis=axis))
    return result

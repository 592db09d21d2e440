"""Many sparse generators at once: networks of relus seen along single paths, for models too large for a dense matrix.

An accelerator: it is not in the kernel, and the trust line of every theorem that rests on it says so. A row is the gradient of
one entry of an output at some data, where in each of some relus one unit is on and all other units are off: it touches few
parameters. No data need have this pattern. But at almost all parameters the row is a linear combination of the values of true
generators there, so a rank of rows is one of generators. Here S is the span of the true ones, x the data, and g_P the output
where exactly the units in P are on, which is polynomial in x.

1. Data at which P occurs, with no unit at its kink, are an open set. A linear form that vanishes on grad g_P(x) for these x
   vanishes for all x. So if P occurs, grad g_P(x) is in S for all x, also where the units have other sides.
2. One layer: g_P = c_0 + sum of c_j*z_j over j in P, where z_j, the argument of unit j, is affine in x. If z_j is not constant
   in x it is 0 on a hyperplane. If no other argument is proportional to z_j none is 0 on all of it, so some datum there has
   all other units beside their kinks, and on the two sides of it the patterns are P and P + {j}. By 1 the difference
   grad(c_j*z_j)(x) is in S for all x; so is grad c_0(x), the rest; so is grad g_P(x) for every P, whether it occurs or not.
   Nothing else is needed: a bias is a part of z_j or of c_0.
3. Several layers: g_P is the sum of terms v_Q over sets Q within P, where v_Q collects the ways through exactly the units of Q.
   Let each Q whose units are on one path take all on/off combinations while the other units keep their sides. The alternating
   sum of these grad g is the sum of grad v_Q' over the Q' that contain Q and are within what is on. From the largest Q
   downwards, every grad v_Q(x) is in S for all x; so is grad g_P(x) for every P. This is the premise `PATTERNS`: patterns at
   finitely many data, beside all kinks, stay the same near some parameters.

`path_premises.py` checks what 2 needs, and refuses what contradicts 3. The rank of very many rows is had by peeling: rows with a
column each that no other row has are independent of the others and of each other, and are taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from claws.kernel.core.errors import Malformed, Meter, Refused
from claws.kernel.core.flow import gradient_flow
from claws.kernel.core.program import Apply, Einsum, Leaf, Number, Sum, Window
from claws.kernel.counting.evidence import Bundle
from claws.kernel.counting.points import CountedModel, ExactRanks, Setting, coordinates
from claws.kernel.values.evaluation import fixed
from claws.prover.path_premises import check_paths
from claws.readings.points import ModularPoint

Column = npt.NDArray[np.int64]
"""One number for each row of a bundle."""


class PathRanks(ExactRanks):
    """The kernel's own ranks, and those of paths, which it does not follow by itself."""

    def of_paths(
        self, model: CountedModel, bundles: Sequence[Bundle], setting: Setting, meter: Meter
    ) -> tuple[int, bool]:
        return path_rank(model, bundles, setting, meter)


def path_rank(model: CountedModel, bundles: Sequence[Bundle], setting: Setting, meter: Meter) -> tuple[int, bool]:
    """A lower bound of the rank of these generators at the setting, and whether it rests on the premise about patterns.

    Raises `Refused` for what is no path, and where the program contradicts the premise.
    """
    point = ModularPoint(model, setting, meter)
    premised = check_paths(point, bundles, meter)
    parts: list[tuple[Column, Column, Column]] = []
    start = 0
    for bundle in bundles:
        rows, columns, residues = _Paths(point, bundle, meter).entries()
        parts.append((rows + start, columns, residues))
        start += len(bundle.entries)
    if not parts:
        return 0, premised
    rows, columns, residues = (np.concatenate(part) for part in zip(*parts, strict=True))
    return peeled(rows, columns, residues, coordinates(model.program), setting.modulus, meter), premised


def peeled(rows: Column, columns: Column, residues: Column, width: int, p: int, meter: Meter) -> int:
    """How many rows are taken away by peeling.

    Entries are a row, a column and a residue modulo a prime; those for one place are added up.
    """
    keys, place = np.unique(rows * width + columns, return_inverse=True)
    total = np.zeros(len(keys), dtype=np.int64)
    np.add.at(total, place, residues % p)
    keys = keys[total % p != 0]
    rows, columns = keys // width, keys % width
    rank = 0
    while len(rows):
        meter.tick(len(rows))
        alone = np.bincount(columns, minlength=width)[columns] == 1
        gone = np.unique(rows[alone])
        if not len(gone):
            break
        rank += len(gone)
        left = ~np.isin(rows, gone)
        rows, columns = rows[left], columns[left]
    return rank


@dataclass
class _Value:
    """The values of an expression in all rows (None: zero in all), and how an adjoint goes back through it."""

    column: Column | None
    pull: Callable[[Column], None]


class _Paths:
    """One bundle at a point."""

    def __init__(self, point: ModularPoint, bundle: Bundle, meter: Meter) -> None:
        self.point = point
        self.program = point.program
        self.p = point.field.p
        self.meter = meter
        self.bundle = bundle
        self.size = len(bundle.entries)
        self.shapes = {n: tuple(fixed(k) for k in shape) for n, shape in enumerate(self.program.shapes)}
        self.on = {n: self._places(n, places) for n, places in bundle.on}
        self.data: dict[str, list[Column]] = {}
        for name, places in bundle.data:
            found = [n for n, leaf in self.program.leaves("input") if leaf.name == name]
            if not found:
                raise Malformed(f"{name} is no input of the model")
            self.data[name] = self._places(found[0], places)
        self.offsets = point.offsets()
        self.gradients: list[tuple[Column, Column]] = []
        """(coordinates, slopes) of every parameter that is met."""

    def _places(self, n: int, places: Sequence[int]) -> list[Column]:
        """The index columns of flat places in a node's array."""
        if not 0 <= n < len(self.program.nodes) or len(places) != self.size:
            raise Malformed("a bundle of paths names a node that is not there, or has rows of different length")
        total = 1
        for k in self.shapes[n]:
            total *= k
        if not all(0 <= x < total for x in places):
            raise Malformed("a path leaves an array")
        return split_places(np.array(places, dtype=np.int64), self.shapes[n])

    def entries(self) -> tuple[Column, Column, Column]:
        """The entries of the generators: rows, coordinates and residues."""
        if not 0 <= self.bundle.output < len(self.point.model.outputs):
            raise Malformed("a bundle of paths names an output that is not there")
        if self.point.model.flow != gradient_flow(self.program):
            raise Refused("paths are followed under plain gradient flow only")
        n = self.point.model.outputs[self.bundle.output]
        value = self._value(n, self._places(n, self.bundle.entries))
        if value.column is not None:
            value.pull(self._constant(1))
        rows = np.arange(self.size)
        none = [(rows[:0], rows[:0], rows[:0])]
        found = [(rows, columns, slopes) for columns, slopes in self.gradients] or none
        self.meter.tick(self.size * len(found))
        first, second, third = (np.concatenate(part) for part in zip(*found, strict=True))
        return first, second, third

    def _constant(self, x: int) -> Column:
        return np.full(self.size, x, dtype=np.int64)

    def _value(self, n: int, index: list[Column]) -> _Value:
        """The entry `index` of a node, in every row."""
        self.meter.tick(self.size)
        node = self.program.nodes[n]
        match node:
            case Leaf(name, "param"):
                return self._parameter(name, _flat(index, self.shapes[n], self.size))
            case Leaf(name, "input"):
                place = self.data.get(name)
                return _Value(None if place is None else self._equal(index, place), lambda a: None)
            case Leaf(name, "const"):
                return _Value(self._taken(self.point.consts[name], index, n), lambda a: None)
            case Number(size):
                c = size.constant()
                assert c is not None
                return _Value(self._constant(self._residue(c)), lambda a: None)
            case Sum(terms):
                return self._sum([(c, self._value(m, index)) for c, m in terms])
            case Apply("relu", operand):
                return self._relu(n, operand, index)
            case Einsum():
                return self._einsum(node, index)
            case Window(operand, axis, transposed=transposed):
                rest = index[axis + (1 if transposed else len(node.steps)) :]
                if not transposed:
                    return self._value(operand, [*index[:axis], self._inside(node, index), *rest])
                if node.merges:
                    lengths = [fixed(n) for n in node.lengths]
                    return self._value(operand, [*index[:axis], *split_places(index[axis], lengths), *rest])
                if node.steps:
                    raise Refused("no path is followed through a padding")
                there = (index[axis] == fixed(node.start)).astype(np.int64)
                inner = self._value(operand, [*index[:axis], *rest])
                return self._product([_Value(there, lambda a: None), inner])
            case _:
                raise Refused(f"no path is followed through {type(node).__name__}")

    def _residue(self, c: Fraction) -> int:
        return int(self.point.field.number(c)) % self.p

    def _inside(self, node: Window, index: list[Column]) -> Column:
        """The places along the axis of a window that index columns of its own axes stand for."""
        inside = self._constant(fixed(node.start))
        for step, column in zip(node.steps, index[node.axis : node.axis + len(node.steps)], strict=True):
            inside = inside + fixed(step) * column
        return inside

    def _taken(self, array: npt.NDArray[np.float64], index: list[Column], n: int) -> Column:
        """The entries of a leaf's array at these indices."""
        flat = _flat(index, self.shapes[n], self.size)
        taken: Column = array.reshape(-1)[flat].astype(np.int64) % self.p
        return taken

    def _parameter(self, name: str, flat: Column) -> _Value:
        x = self.point.theta[name][0]
        assert x is not None
        theta = x.reshape(-1)[flat].astype(np.int64) % self.p
        return _Value(theta, lambda adjoint: self.gradients.append((self.offsets[name] + flat, adjoint)))

    def _sum(self, terms: Sequence[tuple[Fraction, _Value]]) -> _Value:
        kept = [(self._residue(c), v) for c, v in terms if v.column is not None]
        if not kept:
            return _Value(None, lambda a: None)
        total = self._constant(0)
        for c, v in kept:
            assert v.column is not None
            total = (total + c * v.column) % self.p

        def pull(adjoint: Column) -> None:
            for c, v in kept:
                v.pull(adjoint if c == 1 else c * adjoint % self.p)

        return _Value(total, pull)

    def _relu(self, n: int, operand: int, index: list[Column]) -> _Value:
        if n not in self.on:
            return _Value(None, lambda a: None)
        return self._product([_Value(self._equal(index, self.on[n]), lambda a: None), self._value(operand, index)])

    def _equal(self, a: Sequence[Column], b: Sequence[Column]) -> Column:
        """1 in the rows in which two indices are the same, 0 in the others."""
        same = self._constant(1)
        for x, y in zip(a, b, strict=True):
            if x is not y:
                same = same * (x == y)
        return same

    def _einsum(self, node: Einsum, index: list[Column]) -> _Value:
        bound: dict[int, Column] = {}
        factors: list[_Value] = []

        def bind(labels: Iterable[int], columns: Sequence[Column]) -> None:
            for label, column in zip(labels, columns, strict=True):
                known = bound.setdefault(label, column)
                if known is not column:
                    factors.append(_Value(self._equal([known], [column]), lambda a: None))

        bind(node.out, index)
        # what is summed over is known from an operand that has one entry that is not zero
        for m, labels in zip(node.operands, node.labels, strict=True):
            if all(label in bound for label in labels):
                continue
            inner = self.program.nodes[m]
            if isinstance(inner, Apply) and inner.function == "relu":
                place = self.on.get(m)
            elif isinstance(inner, Leaf) and inner.role == "input":
                place = self.data.get(inner.name)
            else:
                continue
            if place is None:
                return _Value(None, lambda a: None)
            bind(labels, place)
        if any(label not in bound for labels in node.labels for label in labels):
            raise Refused("a sum runs over more than one path")
        factors += [
            self._value(m, [bound[x] for x in labels]) for m, labels in zip(node.operands, node.labels, strict=True)
        ]
        return self._product(factors)

    def _product(self, factors: Sequence[_Value]) -> _Value:
        known = [v.column for v in factors if v.column is not None]
        if len(known) < len(factors):
            return _Value(None, lambda a: None)
        total = self._constant(1)
        for c in known:
            total = total * c % self.p

        def pull(adjoint: Column) -> None:
            for k, v in enumerate(factors):
                others = adjoint
                for j, c in enumerate(known):
                    if j != k:
                        others = others * c % self.p
                v.pull(others)

        return _Value(total, pull)


def split_places(flat: Column, shape: Sequence[int]) -> list[Column]:
    """Flat places as one column for each axis."""
    columns: list[Column] = []
    for n in reversed(shape):
        columns.append(flat % n)
        flat = flat // n
    return columns[::-1]


def _flat(index: Sequence[Column], shape: Sequence[int], size: int) -> Column:
    """The flat places of an index. Raises `Malformed` outside the array."""
    flat: Column = np.zeros(size, dtype=np.int64)
    for n, column in zip(shape, index, strict=True):
        if not np.all((column >= 0) & (column < n)):
            raise Malformed("a path leaves an array")
        flat = flat * n + column
    return flat

"""Many sparse generators at once: networks of relus seen along single paths, for models too large for a dense matrix.

An accelerator: it is not in the kernel, and the trust line of every theorem that rests on it says so. Where every on/off pattern
of the relus occurs, so does one with a single unit on in each of some relus and the others off (no two units may be the same
function: `check_assumptions` sees to it). The generator is then polynomial in the data, so its value at unit vectors is in the
span, too. Such a generator sees the model along one path and touches few parameters. The rank of very many of them is had by
peeling: a row with a column that no other row has is independent of the others, and is taken away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from claws.kernel.core.errors import Malformed, Meter, Refused
from claws.kernel.core.flow import STATE, gradient_flow
from claws.kernel.core.program import Apply, Einsum, Leaf, Number, Sum, Window, count_entries
from claws.kernel.counting.evidence import Bundle
from claws.kernel.counting.points import CountedModel, ExactRanks, Point
from claws.kernel.counting.ranks import peel
from claws.kernel.values.evaluation import fixed

Column = list[int]
"""One number for each row of a bundle."""


class PathRanks(ExactRanks):
    """The kernel's own ranks, and those of paths, which it does not follow by itself."""

    def of_paths(self, model: CountedModel, bundles: Sequence[Bundle], modulus: int, seed: int, meter: Meter) -> int:
        return path_rank(model, bundles, modulus, seed, meter)


def path_rank(model: CountedModel, bundles: Sequence[Bundle], modulus: int, seed: int, meter: Meter) -> int:
    """A lower bound of the rank of these generators at the point of the seed. Raises `Refused` for what is no path."""
    point = Point(model, modulus, seed, meter)
    rows: list[dict[int, int]] = []
    for bundle in bundles:
        rows += _Paths(point, bundle).rows()
    return peel(rows, modulus, meter)[0]


@dataclass
class _Value:
    """The values of an expression in all rows (None: zero in all), and how an adjoint goes back through it."""

    column: Column | None
    pull: Callable[[Column], None]


class _Paths:
    """One bundle at a point."""

    def __init__(self, point: Point, bundle: Bundle) -> None:
        self.point = point
        self.program = point.program
        self.p = point.modulus
        self.meter = point.meter
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
        self.offsets: dict[str, int] = {}
        start = 0
        for n, leaf in self.program.leaves(*STATE):
            self.offsets[leaf.name] = start
            start += fixed(count_entries(self.program.shapes[n]))
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
        return split_places(places, self.shapes[n])

    def rows(self) -> list[dict[int, int]]:
        """The generators: residues by coordinate, without zeros."""
        if not 0 <= self.bundle.output < len(self.point.model.outputs):
            raise Malformed("a bundle of paths names an output that is not there")
        if self.point.model.flow != gradient_flow(self.program):
            raise Refused("paths are followed under plain gradient flow only")
        n = self.point.model.outputs[self.bundle.output]
        value = self._value(n, self._places(n, self.bundle.entries))
        if value.column is not None:
            value.pull([1] * self.size)
        rows: list[dict[int, int]] = [{} for _ in range(self.size)]
        for coordinates, slopes in self.gradients:
            self.meter.tick(self.size)
            for row, k, slope in zip(rows, coordinates, slopes, strict=True):
                if slope:
                    row[k] = (row.get(k, 0) + slope) % self.p
        return [{k: x for k, x in row.items() if x} for row in rows]

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
                values = self.point.consts[name]
                return _Value([values[k] for k in _flat(index, self.shapes[n], self.size)], lambda a: None)
            case Number(size):
                c = size.constant()
                assert c is not None
                return _Value([self.point.ring(0).residue(c)] * self.size, lambda a: None)
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
                there = [int(k == fixed(node.start)) for k in index[axis]]
                inner = self._value(operand, [*index[:axis], *rest])
                return self._product([_Value(there, lambda a: None), inner])
            case _:
                raise Refused(f"no path is followed through {type(node).__name__}")

    def _inside(self, node: Window, index: list[Column]) -> Column:
        """The places along the axis of a window that index columns of its own axes stand for."""
        inside = [fixed(node.start)] * self.size
        for step, column in zip(node.steps, index[node.axis : node.axis + len(node.steps)], strict=True):
            inside = [x + fixed(step) * j for x, j in zip(inside, column, strict=True)]
        return inside

    def _parameter(self, name: str, flat: Column) -> _Value:
        start = self.offsets[name]
        coordinates = [start + k for k in flat]
        theta = [x.parts[0] if x is not None else 0 for x in (self.point.theta[k] for k in coordinates)]
        return _Value(theta, lambda adjoint: self.gradients.append((coordinates, adjoint)))

    def _sum(self, terms: Sequence[tuple[Fraction, _Value]]) -> _Value:
        p = self.p
        kept = [(self.point.ring(0).residue(c), v) for c, v in terms if v.column is not None]
        if not kept:
            return _Value(None, lambda a: None)
        total = [0] * self.size
        for c, v in kept:
            assert v.column is not None
            total = [(t + c * x) % p for t, x in zip(total, v.column, strict=True)]

        def pull(adjoint: Column) -> None:
            for c, v in kept:
                v.pull(adjoint if c == 1 else [c * a % p for a in adjoint])

        return _Value(total, pull)

    def _relu(self, n: int, operand: int, index: list[Column]) -> _Value:
        if n not in self.on:
            return _Value(None, lambda a: None)
        return self._product([_Value(self._equal(index, self.on[n]), lambda a: None), self._value(operand, index)])

    def _equal(self, a: Sequence[Column], b: Sequence[Column]) -> Column:
        """1 in the rows in which two indices are the same, 0 in the others."""
        same = [1] * self.size
        for x, y in zip(a, b, strict=True):
            if x is not y:
                same = [s and int(i == j) for s, i, j in zip(same, x, y, strict=True)]
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
        p = self.p
        columns = [v.column for v in factors]
        if any(c is None for c in columns):
            return _Value(None, lambda a: None)
        known = [c for c in columns if c is not None]

        def times(a: Column, b: Column) -> Column:
            return [x * y % p for x, y in zip(a, b, strict=True)]

        total = [1] * self.size
        for c in known:
            total = times(total, c)

        def pull(adjoint: Column) -> None:
            for k, v in enumerate(factors):
                others = adjoint
                for j, c in enumerate(known):
                    if j != k:
                        others = times(others, c)
                v.pull(others)

        return _Value(total, pull)


def split_places(flat: Sequence[int], shape: Sequence[int]) -> list[Column]:
    """Flat places as one column for each axis."""
    columns: list[Column] = []
    rest = list(flat)
    for n in reversed(shape):
        columns.append([k % n for k in rest])
        rest = [k // n for k in rest]
    return columns[::-1]


def _flat(index: Sequence[Column], shape: Sequence[int], size: int) -> Column:
    """The flat places of an index. Raises `Malformed` outside the array."""
    flat = [0] * size
    for n, column in zip(shape, index, strict=True):
        if not all(0 <= k < n for k in column):
            raise Malformed("a path leaves an array")
        flat = [k * n + j for k, j in zip(flat, column, strict=True)]
    return flat

"""Permutations of hidden neurons, of inputs, of outputs: symmetries of a program, which take laws to laws.

Untrusted, and harmless: what is wrong here can hide a law from the search, and make none.

Axes of nodes that are indexed alike are tied together: those with one label in an einsum, those of the terms of a sum, ...
Where no node tells the positions along a bunch of axes apart (as a slice, a range of numbers or a reshape does), any
permutation of these, done to all leaves that have such an axis, permutes every node, and so the generators among themselves. A
law then goes to a law: of all classes of monomials that permutations take to each other, one is solved.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import numpy as np
import numpy.typing as npt

from claws.kernel.core.flow import STATE
from claws.kernel.core.program import Apply, Call, Einsum, Iota, Leaf, Node, Number, Stop, Sum, Window, operands_of
from claws.kernel.core.sizes import ONE
from claws.kernel.counting.points import CountedModel
from claws.kernel.values.evaluation import fixed

Axis = tuple[int, int]
"""A node and one of its axes."""

Permutation = npt.NDArray[np.int64]
"""Where each of some places goes: an array of their numbers."""


def permutations(model: CountedModel, letters: Sequence[tuple[int, int]]) -> list[Permutation]:
    """Generators of the group of permutations that a model with fixed sizes has, as permutations of letters.

    Letters are entries of nodes, counted row by row: pairs of a node and an entry. Permutations that take a letter to none are
    left out.
    """
    program = model.program
    shapes = [tuple(fixed(k) for k in shape) for shape in program.shapes]
    nodes = list(dict.fromkeys(n for n, _ in letters))
    number = {place: k for k, place in enumerate(letters)}
    result = []
    for bunch in _bunches(model, shapes, nodes):
        axes = {n: [k for m, k in bunch if m == n] for n in nodes}
        if not any(axes.values()):
            continue
        n, k = bunch[0]
        for moved in _generators(shapes[n][k]):
            goes = {n: _moved(shapes[n], axes[n], moved) for n in nodes}
            images = [number.get((n, int(goes[n][entry]))) for n, entry in letters]
            if None not in images:
                result.append(np.array(images, dtype=np.int64))
    return result


def _generators(size: int) -> list[Permutation]:
    """Generators of the symmetric group on `size` >= 2 places: a swap of the first two, and a step of all by one."""
    swap, cycle = np.arange(size), np.roll(np.arange(size), 1)
    swap[:2] = [1, 0]
    return [swap] if size == 2 else [swap, cycle]


def _moved(shape: Sequence[int], axes: Sequence[int], moved: Permutation) -> Permutation:
    """Where each entry of an array goes, counted row by row, when a permutation acts on some of its axes."""
    numbers = np.arange(int(np.prod(shape, dtype=np.int64))).reshape(shape)
    for axis in axes:
        numbers = np.take(numbers, moved, axis=axis)
    return numbers.ravel()


# --- axes that are tied --------------------------------------------------------------------------------------------------


class _Ties:
    """A partition of the axes, by union and find; in some parts, positions are told apart."""

    def __init__(self) -> None:
        self.parent: dict[Axis, Axis] = {}
        self.told: set[Axis] = set()

    def root(self, axis: Axis) -> Axis:
        """The axis that stands for the part that this one is in."""
        while (up := self.parent.get(axis, axis)) != axis:
            self.parent[axis] = self.parent.get(up, up)
            axis = up
        return axis

    def tie(self, a: Axis, b: Axis) -> None:
        """Make one part of the parts of two axes."""
        a, b = self.root(a), self.root(b)
        if a != b:
            self.parent[b] = a
            if b in self.told:
                self.told.add(a)

    def tell(self, axis: Axis) -> None:
        """Note that positions along an axis are told apart."""
        self.told.add(self.root(axis))


def _bunches(model: CountedModel, shapes: Sequence[tuple[int, ...]], letters: Sequence[int]) -> list[list[Axis]]:
    """The axes that may be permuted, those that must be permuted together in one list."""
    program = model.program
    state = {leaf.name: n for n, leaf in program.leaves(*STATE)}
    cone = program.cone([*model.outputs, *model.flow.nodes(), *state.values(), *letters])
    ties = _Ties()
    for n in cone:
        _tie(ties, n, program.nodes[n], shapes)
    for part in (part for field in model.flow.fields for part in field.parts):
        n = state[part.target]
        others = [part.factor, None if part.gradient is None else state[part.gradient]]
        for m in (m for m in others if m is not None):
            for k in range(len(shapes[n])):
                ties.tie((n, k), (m, k))
    bunches: dict[Axis, list[Axis]] = {}
    for n in cone:
        for k, size in enumerate(shapes[n]):
            root = ties.root((n, k))
            if size > 1 and root not in ties.told:
                bunches.setdefault(root, []).append((n, k))
    return list(bunches.values())


def _tie(ties: _Ties, n: int, node: Node, shapes: Sequence[tuple[int, ...]]) -> None:
    """Tie the axes of a node to those of its operands that are indexed alike."""
    rank = len(shapes[n])
    match node:
        case Iota():
            ties.tell((n, 0))
        case Einsum(operands, labels, out):
            first: dict[int, Axis] = {}
            for m, row in [*zip(operands, labels, strict=True), (n, out)]:
                for k, label in enumerate(row):
                    ties.tie(first.setdefault(label, (m, k)), (m, k))
        case Call("det", (m,)):
            for k in range(rank):
                ties.tie((n, k), (m, k))
            # rows and columns that are permuted alike leave a determinant as it is
            ties.tie((m, rank), (m, rank + 1))
        case Call(_, operands, _, batch) if node.function != "prod":
            for m in (n, *operands):
                for k in range(len(shapes[m])):
                    if k < batch:
                        ties.tie((n, k), (m, k))
                    else:
                        ties.tell((m, k))
        case Window(m):
            if node.merges:
                _tie_reshaped(ties, (m, n), shapes)
            else:
                _tie_window(ties, (n, m) if node.transposed else (m, n), node, shapes)
        case Leaf() | Number() | Sum() | Apply() | Call() | Stop():
            # elementwise, or a product along the last axis of the operand, which may be in any order
            for m in operands_of(node):
                for k in range(rank):
                    ties.tie((n, k), (m, k))
        case _:
            assert_never(node)


def _tie_window(ties: _Ties, pair: tuple[int, int], node: Window, shapes: Sequence[tuple[int, ...]]) -> None:
    """Tie the axes of a node and of another that has windows along one axis of it; `pair` is the whole and the part."""
    whole, part = pair
    count = len(node.steps)
    for k in range(node.axis):
        ties.tie((whole, k), (part, k))
    for k in range(node.axis + 1, len(shapes[whole])):
        ties.tie((whole, k), (part, k + count - 1))
    full = node.steps == (ONE,) and fixed(node.start) == 0 and shapes[part][node.axis] == shapes[whole][node.axis]
    if full:
        ties.tie((whole, node.axis), (part, node.axis))
        return
    for axis in [(whole, node.axis), *((part, node.axis + k) for k in range(count))]:
        ties.tell(axis)


def _tie_reshaped(ties: _Ties, pair: tuple[int, int], shapes: Sequence[tuple[int, ...]]) -> None:
    """Tie the axes that a reshape leaves as they are, between others that it cuts or joins."""
    a, b = ([(n, k) for k, size in enumerate(shapes[n]) if size != 1] for n in pair)

    def size(axes: Sequence[Axis]) -> int:
        """The product of the lengths of some axes."""
        return int(np.prod([shapes[n][k] for n, k in axes], dtype=np.int64))

    while a and b:
        i = j = 1
        while size(a[:i]) != size(b[:j]) and (i < len(a) or j < len(b)):
            if j == len(b) or (i < len(a) and size(a[:i]) < size(b[:j])):
                i += 1
            else:
                j += 1
        if i == j == 1:
            ties.tie(a[0], b[0])
        else:
            for axis in a[:i] + b[:j]:
                ties.tell(axis)
        a, b = a[i:], b[j:]

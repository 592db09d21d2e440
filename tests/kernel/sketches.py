"""Nodes as a test's table would write them: sketches that know no sizes, and what makes real nodes of them.

A sketch may become no node, one or two; positions in a list of nodes and sketches count its items, and `drawn` says where each
item has gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from math import prod
from operator import mul

from claws.kernel import Malformed, Program, Size
from claws.kernel.core.functions import Property
from claws.kernel.core.program import Call, Node, Shape, Window, infer_shape, renumbered
from claws.kernel.core.sizes import ONE, ZERO


@dataclass(frozen=True)
class Gather:
    """Entries start + sum steps*j of an axis, with an axis for each step."""

    operand: int
    axis: int
    start: Size
    steps: tuple[int | Size, ...]
    lengths: Shape


@dataclass(frozen=True)
class Scatter:
    """The entries of axes put at start + sum steps*j of one of this length."""

    operand: int
    axis: int
    start: Size
    steps: tuple[int | Size, ...]
    length: Size


@dataclass(frozen=True)
class Reshape:
    """The same entries in row-major order."""

    operand: int
    shape: Shape


@dataclass(frozen=True)
class Product:
    """The product along the last axis."""

    operand: int


@dataclass(frozen=True)
class Det:
    """The determinant of the last two axes."""

    operand: int


Sketch = Node | Gather | Scatter | Reshape | Product | Det


@dataclass
class Drawing:
    """Real nodes, and the place of each item that they were made of."""

    nodes: list[Node] = field(default_factory=list)
    place: dict[int, int] = field(default_factory=dict)

    def __getitem__(self, n: int) -> int:
        """Where an item has gone; what names no item stays."""
        return self.place.get(n, n)


class _Places(dict[int, int]):
    """The places of items; what names an item that does not come before still names none."""

    def __init__(self, place: Mapping[int, int], here: int) -> None:
        super().__init__(place)
        self.here = here

    def __missing__(self, n: int) -> int:
        return self.here + max(n - len(self), 0) if n >= 0 else n


def drawn(
    items: Sequence[Sketch],
    activations: tuple[tuple[str, Property], ...] = (),
    functions: tuple[str, ...] = (),
    conditions: tuple[Size, ...] = (),
) -> Drawing:
    """The nodes that these items stand for. Raises `Malformed` for the first that does not fit."""
    result, shapes = Drawing(), list[Shape]()
    bounds = Program((), (), (), conditions).bounds
    for k, item in enumerate(items):
        places = _Places(result.place, len(result.nodes))
        at = -1
        for node in _nodes(item, shapes, places):
            moved = renumbered(node, {-1: at}) if isinstance(node, Window) and node.operand == -1 else node
            shapes.append(infer_shape(moved, shapes, bounds, dict(activations), functions))
            result.nodes.append(moved)
            at = len(result.nodes) - 1
        # a reshape that changes nothing is its operand
        result.place[k] = places[item.operand] if at < 0 and isinstance(item, Reshape) else at
    return result


def drawn_nodes(*items: Sketch, functions: tuple[str, ...] = ()) -> tuple[Node, ...]:
    """The nodes alone."""
    return tuple(drawn(items, functions=functions).nodes)


def _nodes(item: Sketch, shapes: Sequence[Shape], places: Mapping[int, int]) -> list[Node]:
    if not isinstance(item, Gather | Scatter | Reshape | Product | Det):
        return [renumbered(item, places)]
    n = places[item.operand]
    if not 0 <= n < len(shapes):
        raise Malformed(f"node {len(shapes)} reads a node that does not come before it")
    shape = shapes[n]
    match item:
        case Gather(_, axis, start, steps, lengths):
            size = shape[axis] if 0 <= axis < len(shape) else ONE
            return [Window(n, axis, start, tuple(map(Size.of, steps)), lengths, size)]
        case Scatter(_, axis, start, steps, length):
            lengths = shape[axis : axis + len(steps)]
            return [Window(n, axis, start, tuple(map(Size.of, steps)), lengths, length, transposed=True)]
        case Product():
            return [Call("prod", (n,), shape[:-1], len(shape[:-1]))]
        case Det():
            return [Call("det", (n,), shape[:-2], len(shape[:-2]))]
        case Reshape(_, new):
            total = prod(shape, start=ONE)
            assert total == prod(new, start=ONE), "a reshape keeps the number of entries"
            if shape == new:
                return []
            merge = Window(n, 0, ZERO, strides(shape), shape, total, transposed=True)
            split = Window(n if len(shape) == 1 else -1, 0, ZERO, strides(new), new, total)
            return [*([] if len(shape) == 1 else [merge]), *([] if len(new) == 1 else [split])]


def strides(shape: Shape) -> Shape:
    """How far apart neighbours along each axis are, row by row: the products of the later sizes."""
    return tuple(accumulate(shape[:0:-1], mul, initial=ONE))[::-1] if shape else ()

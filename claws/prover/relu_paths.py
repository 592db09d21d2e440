"""Paths through a network of relus, one for every entry of every parameter: sparse generators for very large models.

Untrusted: the kernel evaluates every path. From the entry of a parameter a path goes up to the data and down to an output, at
each sum through the first entry. In a multilayer network without dead ends these are D - H independent generators, H the number
of hidden units, as many as there can be (Marcotte, Gribonval, Peyré 2023, on ReLU networks).
"""

from __future__ import annotations

from collections.abc import Iterator

from claws.kernel.core.program import Apply, Einsum, Leaf, Sum, count_entries, operands_of
from claws.kernel.counting.evidence import Bundle
from claws.kernel.counting.points import CountedModel
from claws.kernel.values.evaluation import fixed
from claws.prover.path_ranks import Column, split_places


class _NoPath(Exception):
    """The walk has come to an operation that it does not know."""


def find_paths(model: CountedModel) -> tuple[Bundle, ...]:
    """Bundles of paths through the entries of all parameters, no path twice.

    Parameters that no path is found for have none; for a program with sizes that are fixed.
    """
    network = _Network(model)
    bundles: list[Bundle] = []
    seen: set[tuple[object, ...]] = set()
    for n, _ in model.program.leaves("param"):
        for user in network.users(n):
            try:
                bundle = network.through(n, user)
            except _NoPath:
                continue
            kept = _without(bundle, seen)
            if kept.entries:
                bundles.append(kept)
    return tuple(bundles)


def _without(bundle: Bundle, seen: set[tuple[object, ...]]) -> Bundle:
    """The bundle without the paths that were seen before; those that are new are added to `seen`."""
    names = (bundle.output, *(name for name, _ in bundle.data), *(n for n, _ in bundle.on))
    columns = [bundle.entries, *(p for _, p in bundle.data), *(p for _, p in bundle.on)]
    rows = []
    for k, row in enumerate(zip(*columns, strict=True)):
        if (names, row) not in seen:
            seen.add((names, row))
            rows.append(k)
    if len(rows) == len(bundle.entries):
        return bundle

    def some(places: tuple[int, ...]) -> tuple[int, ...]:
        """The places in the rows that are kept."""
        return tuple(places[k] for k in rows)

    return Bundle(
        bundle.output,
        some(bundle.entries),
        tuple((name, some(p)) for name, p in bundle.data),
        tuple((n, some(p)) for n, p in bundle.on),
    )


class _Network:
    """A model as a graph in which paths are walked, and the choices on the current way: data, and units that are on."""

    def __init__(self, model: CountedModel) -> None:
        self.model = model
        self.program = model.program
        self.shapes = [tuple(fixed(k) for k in shape) for shape in self.program.shapes]
        self.cone = self.program.cone(model.outputs)
        self._users: dict[int, list[int]] = {}
        for n in self.cone:
            for m in operands_of(self.program.nodes[n]):
                self._users.setdefault(m, []).append(n)
        self.size = 0
        self.data: dict[str, list[Column]] = {}
        self.on: dict[int, list[Column]] = {}

    def users(self, n: int) -> list[int]:
        """The nodes that read a node."""
        return self._users.get(n, [])

    def through(self, n: int, user: int) -> Bundle:
        """The paths through every entry of the leaf `n`, by way of one operation that reads it. Raises `_NoPath`."""
        self.size = fixed(count_entries(self.program.shapes[n]))
        self.data, self.on = {}, {}
        output, index = self._down(n, user, split_places(range(self.size), self.shapes[n]))
        return Bundle(
            output,
            tuple(self._flat(index, self.model.outputs[output])),
            tuple((name, tuple(self._flat(c, self._leaf(name)))) for name, c in sorted(self.data.items())),
            tuple((m, tuple(self._flat(c, m))) for m, c in sorted(self.on.items())),
        )

    def _leaf(self, name: str) -> int:
        """The node of an input."""
        return next(n for n, leaf in self.program.leaves("input") if leaf.name == name)

    def _flat(self, index: list[Column], n: int) -> Iterator[int]:
        """The entries of a node with these indices, a column for each axis, counted row by row."""
        for row in zip(*index, strict=True) if index else [()] * self.size:
            k = 0
            for size, i in zip(self.shapes[n], row, strict=True):
                k = k * size + i
            yield k

    def _first(self) -> Column:
        """The index 0 for every path."""
        return [0] * self.size

    def _down(self, n: int, user: int, index: list[Column]) -> tuple[int, list[Column]]:
        """Walk from the entries `index` of a node, through a user of it, to an output. Returns its number, and its entries.

        Raises `_NoPath`.
        """
        while True:
            node = self.program.nodes[user]
            if isinstance(node, Einsum):
                labels = node.labels[node.operands.index(n)]
                bound = dict(zip(labels, index, strict=True))
                index = [bound.setdefault(x, self._first()) for x in node.out]
                for k, (m, row) in enumerate(zip(node.operands, node.labels, strict=True)):
                    if k != node.operands.index(n):
                        self._up(m, [bound.setdefault(x, self._first()) for x in row])
            elif isinstance(node, Apply) and node.function == "relu":
                self.on[user] = index
            elif not isinstance(node, Sum):
                raise _NoPath
            n = user
            if n in self.model.outputs:
                return self.model.outputs.index(n), index
            if not self.users(n):
                raise _NoPath
            user = self.users(n)[0]

    def _up(self, n: int, index: list[Column]) -> None:
        """Make the entries `index` of a node depend on the data, by units that are on. Raises `_NoPath`."""
        node = self.program.nodes[n]
        match node:
            case Leaf(name, "input"):
                self.data.setdefault(name, index)
            case Leaf():
                pass
            case Apply("relu", operand):
                if n not in self.on:
                    self.on[n] = index
                    self._up(operand, index)
            case Einsum():
                bound = dict(zip(node.out, index, strict=True))
                for m, row in zip(node.operands, node.labels, strict=True):
                    self._up(m, [bound.setdefault(x, self._first()) for x in row])
            case Sum(terms):
                for _, m in terms:
                    self._up(m, index)
            case _:
                raise _NoPath

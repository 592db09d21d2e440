"""Paths through a network of relus, one for every entry of every parameter: sparse generators for very large models.

Untrusted: the kernel evaluates every path. From the entry of a parameter a path goes up to the data and down to an output, at
each sum through the first entry. In a multilayer network without dead ends these are D - H independent generators, H the number
of hidden units, as many as there can be (Marcotte, Gribonval, Peyré 2023, on ReLU networks).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

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
    seen: dict[tuple[object, ...], list[Rows]] = {}
    for n, _ in model.program.leaves("param"):
        for user in network.users(n):
            try:
                names, rows = network.through(n, user)
            except _NoPath:
                continue
            known = seen.setdefault(names, [])
            fresh = _without(rows, known)
            if len(fresh):
                known.append(fresh)
                bundles.append(_bundle(names, fresh))
    return tuple(bundles)


Rows = npt.NDArray[np.int64]
"""Flat places: a row for each path, a column for the entry of the output, for each input and for each relu."""


def _without(rows: Rows, known: Sequence[Rows]) -> Rows:
    """The rows that are not among those that are known, each once, in their order."""
    start = sum(map(len, known))
    _, first = np.unique(np.concatenate([*known, rows]), axis=0, return_index=True)
    return rows[np.sort(first[first >= start]) - start]


def _bundle(names: tuple[int, tuple[str, ...], tuple[int, ...]], rows: Rows) -> Bundle:
    output, data, on = names
    entries, *rest = (tuple(column) for column in rows.T.tolist())
    return Bundle(
        output,
        entries,
        tuple(zip(data, rest[: len(data)], strict=True)),
        tuple(zip(on, rest[len(data) :], strict=True)),
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

    def through(self, n: int, user: int) -> tuple[tuple[int, tuple[str, ...], tuple[int, ...]], Rows]:
        """The paths through every entry of the leaf `n`, by way of one operation that reads it.

        Returns the output, the inputs and the relus of all, and the places in these. Raises `_NoPath`.
        """
        self.size = fixed(count_entries(self.program.shapes[n]))
        self.data, self.on = {}, {}
        output, index = self._down(n, user, split_places(np.arange(self.size), self.shapes[n]))
        data, on = sorted(self.data), sorted(self.on)
        columns = [
            self._flat(index, self.model.outputs[output]),
            *(self._flat(self.data[name], self._leaf(name)) for name in data),
            *(self._flat(self.on[m], m) for m in on),
        ]
        return (output, tuple(data), tuple(on)), np.stack(columns, axis=1)

    def _leaf(self, name: str) -> int:
        """The node of an input."""
        return next(n for n, leaf in self.program.leaves("input") if leaf.name == name)

    def _flat(self, index: list[Column], n: int) -> Column:
        """The entries of a node with these indices, a column for each axis, counted row by row."""
        flat = self._first()
        for size, column in zip(self.shapes[n], index, strict=True):
            flat = flat * size + column
        return flat

    def _first(self) -> Column:
        """The index 0 for every path."""
        return np.zeros(self.size, dtype=np.int64)

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

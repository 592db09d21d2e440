"""Ranks of generators and brackets on NumPy arrays: the kernel's accelerator for large models.

It finds what `claws.kernel.counting.points.ExactRanks` finds, at the same point, in batches. It is named in the trust line of a
theorem that used it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from claws.kernel.core.errors import Meter
from claws.kernel.counting.evidence import Bundle, Step
from claws.kernel.counting.points import CountedModel, coordinates
from claws.kernel.counting.ranks import Row, sparse_rank
from claws.prover.path_ranks import path_rank
from claws.readings.echelon import BATCH, Echelon, elimination_work
from claws.readings.modular import Residues
from claws.readings.points import ModularPoint

SPARSE = 20_000
"""With more coordinates than this, rows are sparse or not at all: dense ones would not fit into memory."""


class ArrayRanks:
    """`claws.kernel.counting.points.Ranks` on NumPy arrays."""

    name = "NumPy (ranks modulo a prime)"

    def __init__(self) -> None:
        self._known: dict[object, int] = {}

    def remember(self, model: CountedModel, steps: Sequence[Step], modulus: int, seed: int, rank: int) -> None:
        """The search has found this rank by adding the same elements in the same order."""
        self._known[_key(model, steps, modulus, seed)] = rank

    def of_gradients(self, model: CountedModel, laws: Sequence[int], modulus: int, seed: int, meter: Meter) -> int:
        key = _key(model, (), modulus, seed), tuple(laws)
        if key not in self._known:
            blocks = ModularPoint(model, modulus, seed, meter).law_gradients(laws)
            total = coordinates(model.program)
            if total > SPARSE:
                # gradients of laws are sparse in large models
                sparse = [row for block in blocks for row in _sparse_rows(block, modulus)]
                self._known[key] = sparse_rank(sparse, modulus, meter)
            else:
                rows = Echelon(modulus, total)
                seen: set[int] = set()
                for block in blocks:
                    block = _new_rows(block, seen)
                    meter.tick(elimination_work(rows, len(block)))
                    rows.add(block)
                self._known[key] = rows.rank
        return self._known[key]

    def of_paths(self, model: CountedModel, bundles: Sequence[Bundle], modulus: int, seed: int, meter: Meter) -> int:
        return path_rank(model, bundles, modulus, seed, meter)

    def of_brackets(self, model: CountedModel, steps: Sequence[Step], modulus: int, seed: int, meter: Meter) -> int:
        known = self._known.get(_key(model, steps, modulus, seed))
        if known is not None:
            return known
        point = ModularPoint(model, modulus, seed, meter)
        rows = Echelon(modulus, coordinates(model.program))
        for s, step in enumerate(steps):
            for start in range(0, step.count, BATCH):
                elements = point.elements(step.tree, s, range(start, min(start + BATCH, step.count)))
                meter.tick(elimination_work(rows, len(elements)))
                rows.add(elements)
        return rows.rank


def _new_rows(block: Residues, seen: set[int]) -> Residues:
    """The rows that are not among those before. One that is lost to a collision of hashes could only lower the rank."""
    fresh = []
    for k, row in enumerate(block):
        key = hash(row.tobytes())
        if key not in seen:
            seen.add(key)
            fresh.append(k)
    return block[fresh]


def _sparse_rows(block: Residues, modulus: int) -> Iterator[Row]:
    """The rows of a dense block by their entries that are not zero."""
    for row in block:
        columns = np.flatnonzero(row)
        yield {int(c): int(x) % modulus for c, x in zip(columns, row[columns], strict=True)}


def _key(model: CountedModel, steps: Sequence[Step], modulus: int, seed: int) -> object:
    return model.program, model.outputs, model.flow, tuple(steps), modulus, seed

"""Ranks of generators and brackets on NumPy arrays: the kernel's accelerator for large models.

It finds what `claws.kernel.counting.points.ExactRanks` finds, at the same point, in batches. It is named in the trust line of a
theorem that used it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from claws.kernel.core.errors import Meter
from claws.kernel.counting.evidence import Bundle, Step
from claws.kernel.counting.points import CountedModel, Setting, coordinates
from claws.kernel.counting.ranks import Row, peel
from claws.prover.path_ranks import path_rank
from claws.readings.alignment import aligned_leaves
from claws.readings.echelon import BATCH, Echelon, elimination_work
from claws.readings.modular import Residues
from claws.readings.points import ModularPoint

SPARSE = 20_000
"""With more coordinates than this, rows are sparse or not at all: dense ones would not fit into memory."""


class ArrayRanks:
    """`claws.kernel.counting.points.Ranks` on NumPy arrays."""

    name = "NumPy (ranks modulo a prime)"

    def of_gradients(self, model: CountedModel, laws: Sequence[int], setting: Setting, meter: Meter) -> int:
        point = ModularPoint(model, setting, meter)
        total = coordinates(model.program)
        apart = [aligned_leaves(model.program, law) is not None for law in laws]
        if all(apart) or total > SPARSE:
            # gradients of laws are sparse in large models
            return _sparse_rank(point.sparse_law_gradients(laws), setting.modulus, meter)
        rows = Echelon(setting.modulus, total)
        seen: set[int] = set()
        for block in point.law_gradients(laws):
            block = _new_rows(block, seen)
            meter.tick(elimination_work(rows, len(block)))
            rows.add(block)
        return rows.rank

    def of_paths(
        self, model: CountedModel, bundles: Sequence[Bundle], setting: Setting, meter: Meter
    ) -> tuple[int, bool]:
        return path_rank(model, bundles, setting, meter)

    def of_brackets(self, model: CountedModel, steps: Sequence[Step], setting: Setting, meter: Meter) -> int:
        point = ModularPoint(model, setting, meter)
        rows = Echelon(setting.modulus, coordinates(model.program))
        for s, step in enumerate(steps):
            for start in range(0, step.count, BATCH):
                elements = point.elements_of(step, s, range(start, min(start + BATCH, step.count)))
                meter.tick(elimination_work(rows, len(elements)))
                rows.add(elements)
        return rows.rank


class SearchRanks(ArrayRanks):
    """The same for the search, which asks for the rank of the same gradients again and again.

    The kernel is handed none of these: what it is told by an accelerator was computed for it.
    """

    def __init__(self) -> None:
        self._known: dict[object, int] = {}

    def of_gradients(self, model: CountedModel, laws: Sequence[int], setting: Setting, meter: Meter) -> int:
        if setting.data or setting.exponentials is not None:
            return super().of_gradients(model, laws, setting, meter)
        given = tuple((name, tuple(x)) for name, x in setting.given.items())
        key = model.program, model.outputs, model.flow, tuple(laws), setting.modulus, setting.seed, given
        if key not in self._known:
            self._known[key] = super().of_gradients(model, laws, setting, meter)
        return self._known[key]


def _new_rows(block: Residues, seen: set[int]) -> Residues:
    """The rows that are not among those before. One that is lost to a collision of hashes could only lower the rank."""
    fresh = []
    for k, row in enumerate(block):
        key = hash(row.tobytes())
        if key not in seen:
            seen.add(key)
            fresh.append(k)
    return block[fresh]


def _sparse_rank(rows: Sequence[Row], modulus: int, meter: Meter) -> int:
    """The rank of sparse rows: by peeling, and by elimination of what is left."""
    rank, left = peel(rows, modulus, meter)
    # only the columns that are left matter, which may be few
    columns = {c: k for k, c in enumerate(sorted({c for row in left for c in row}))}
    echelon = Echelon(modulus, len(columns))
    for start in range(0, len(left), BATCH):
        block = left[start : start + BATCH]
        meter.tick(elimination_work(echelon, len(block)))
        dense = np.zeros((len(block), len(columns)))
        for k, row in enumerate(block):
            dense[k, [columns[c] for c in row]] = list(row.values())
        echelon.add(echelon.field.reduce(dense))
    return rank + echelon.rank

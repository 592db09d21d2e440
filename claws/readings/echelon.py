"""The row space of residue vectors, on NumPy arrays: ranks, what is new, and null spaces, modulo a prime."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from claws.readings.modular import PrimeField, Residues

BATCH = 128
"""Rows that are best added at a time; not more than the products of residues that may be added up."""

_SMALL = 16
"""Rows that are eliminated one by one."""


class Echelon:
    """The row space of vectors of `width` residues, in blocks each of which is reduced."""

    def __init__(self, p: int, width: int) -> None:
        self.field = PrimeField(p)
        self.width = width
        self.blocks: list[tuple[list[int], Residues]] = []
        """Pivot columns and rows: the identity on the pivots, zero at those of earlier blocks."""

    @property
    def rank(self) -> int:
        return sum(len(pivots) for pivots, _ in self.blocks)

    def add(self, rows: Residues) -> list[int]:
        """Add rows (at most 256). Returns the places of those that are independent of the ones before and of each other."""
        pivots, block, kept = self._eliminated(self.rest(rows), 0)
        if pivots:
            self.blocks.append((pivots, block))
        return kept

    def rest(self, rows: Residues) -> Residues:
        """What is left of rows modulo the row space: zero for those that are in it."""
        for pivots, block in self.blocks:
            rows = self._reduced(rows, pivots, block)
        return rows

    def _reduced(self, rows: Residues, pivots: list[int], block: Residues) -> Residues:
        factors = rows[:, pivots]
        return self.field.reduce(rows - factors @ block) if np.any(factors) else rows

    def _eliminated(self, rows: Residues, start: int) -> tuple[list[int], Residues, list[int]]:
        """The reduced echelon form of some rows, halves first: most of the work is then in matrix products.

        Returns pivot columns, rows, and which of the rows that come from `start` on they are.
        """
        if len(rows) <= _SMALL:
            return self._one_by_one(rows, start)
        half = len(rows) // 2
        first, upper, kept = self._eliminated(rows[:half], start)
        rest = self._reduced(rows[half:], first, upper) if first else rows[half:]
        second, lower, more = self._eliminated(rest, start + half)
        if second and first:
            upper = self._reduced(upper, second, lower)
        return first + second, np.concatenate([upper, lower]), kept + more

    def _one_by_one(self, rows: Residues, start: int) -> tuple[list[int], Residues, list[int]]:
        pivots: list[int] = []
        rows = rows.copy()
        kept: list[int] = []
        for k in range(len(rows)):
            places = np.flatnonzero(rows[k])
            if not places.size:
                continue
            pivot = int(places[0])
            inverse = pow(int(rows[k, pivot]), -1, self.field.p)
            rows[k] = self.field.reduce(
                rows[k] * float(inverse if inverse <= self.field.p // 2 else inverse - self.field.p)
            )
            others = [j for j in range(len(rows)) if j != k and rows[j, pivot]]
            if others:
                rows[others] = self.field.reduce(rows[others] - rows[others, pivot][:, None] * rows[k])
            pivots.append(pivot)
            kept.append(k)
        return pivots, rows[kept], [start + k for k in kept]


def elimination_work(rows: Echelon, more: int) -> int:
    """What adding so many rows costs, in steps of a `Meter`."""
    return 1 + more * (rows.rank + more) * rows.width // 100_000


def null_space(equations: Echelon) -> Iterator[Residues]:
    """A basis of the vectors on which all equations vanish, each 1 at one free unknown and 0 at the others."""
    field, width = equations.field, equations.width
    blocks = list(equations.blocks)
    # earlier blocks are not yet zero at the pivots of later ones
    for k in range(len(blocks) - 2, -1, -1):
        pivots, block = blocks[k]
        for later, other in blocks[k + 1 :]:
            block = field.reduce(block - block[:, later] @ other)
        blocks[k] = (pivots, block)
    rows = [pair for pivots, block in blocks for pair in zip(pivots, block, strict=True)]
    for free in sorted(set(range(width)) - {p for p, _ in rows}):
        v = np.zeros(width)
        v[free] = 1.0
        for p, row in rows:
            v[p] = -row[free]
        yield v

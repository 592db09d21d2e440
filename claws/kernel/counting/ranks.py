"""Lower bounds of ranks, from residues modulo a number.

Soundness-critical. Each pivot is a unit, so a minor is one, and a minor that is a unit modulo any number is not zero over the
rationals.
"""

from __future__ import annotations

from collections.abc import Sequence

from claws.kernel.core.errors import Meter, Undefined

Row = dict[int, int]
"""A sparse row: residues that are not zero, by column."""


def sparse_rank(rows: Sequence[Row], modulus: int, meter: Meter) -> int:
    """The rank of sparse rows: by peeling, and by elimination of what is left."""
    rank, left = peel(rows, modulus, meter)
    echelon = ResidueRows(modulus, meter)
    # only the columns that are left matter, which may be few
    columns = {c: k for k, c in enumerate(sorted({c for row in left for c in row}))}
    for row in left:
        dense = [0] * len(columns)
        for c, x in row.items():
            dense[columns[c]] = x
        echelon.add(dense)
    return rank + echelon.rank


def peel(rows: Sequence[Row], modulus: int, meter: Meter) -> tuple[int, list[Row]]:
    """Take rows away one by one, each with a unit in a column that no other row has: how many, and the rows that are left.

    The rank of all rows is the number of those taken away and the rank of the rest, whose columns they do not share.
    """
    count: dict[int, int] = {}
    among: dict[int, int] = {}  # the sum of the rows that have a column: the row, where it is one
    for r, row in enumerate(rows):
        meter.tick(len(row))
        for c in row:
            count[c] = count.get(c, 0) + 1
            among[c] = among.get(c, 0) + r
    alone = [c for c, k in count.items() if k == 1]
    gone: set[int] = set()
    while alone:
        column = alone.pop()
        if count[column] != 1 or not _is_unit(rows[among[column]][column], modulus):
            continue
        r = among[column]
        gone.add(r)
        for c in rows[r]:
            count[c] -= 1
            among[c] -= r
            if count[c] == 1:
                alone.append(c)
    return len(gone), [row for r, row in enumerate(rows) if r not in gone]


def _is_unit(x: int, modulus: int) -> bool:
    try:
        return bool(pow(x, -1, modulus))
    except ValueError:
        return False


class ResidueRows:
    """The row space of residue vectors. Each pivot is a unit, so the rank is a lower bound over the rationals."""

    def __init__(self, modulus: int, meter: Meter) -> None:
        self.modulus = modulus
        self.meter = meter
        self.rows: list[tuple[int, list[int]]] = []

    @property
    def rank(self) -> int:
        return len(self.rows)

    def add(self, row: list[int]) -> bool:
        """Add a row; whether it is independent of those before."""
        p = self.modulus
        for pivot, other in self.rows:
            if row[pivot]:
                self.meter.tick(len(row) // 8)
                c = p - row[pivot]
                row = [(a + c * b) % p for a, b in zip(row, other, strict=True)]
        pivot = next((k for k, a in enumerate(row) if a), -1)
        if pivot < 0:
            return False
        try:
            scale = pow(row[pivot], -1, p)
        except ValueError:
            raise Undefined(f"a pivot is no unit modulo {p}") from None
        self.rows.append((pivot, [a * scale % p for a in row]))
        return True

"""Models whose outputs all push along one field: by the straightening theorem there are as many laws as coordinates, less one.

A law that is missing then needs no formula. `Straighten.v` shows that each gradient w that is orthogonal to the field is the
gradient of a law; what is searched here is a point, and a w that is no combination of the gradients of the known laws.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from claws.coq.proofs.drawn_points import anywhere, draw, points, rank_at, sparse
from claws.coq.proofs.entry_polynomials import PolynomialField, gradients_of, times, values
from claws.coq.proofs.linear_algebra import RationalMatrix, dot, orthogonal, whole
from claws.coq.statements.exported_model import ExportedModel


@dataclass(frozen=True)
class OneField:
    """A proof that there are D - 1 laws near a point, with a gradient that is missing: all fields are along that of output
    number `output`, of which component `coordinate` (from 1) is not 0 at the point."""

    consts: list[Fraction]
    samples: list[list[Fraction]]
    point: list[Fraction]
    output: int
    coordinate: int
    entries: list[tuple[str, int]]
    """The entries of the known laws, by law and position."""
    slope: list[int]
    """The vector that `Missing.v` calls w: orthogonal to the field at the point, and no combination of the gradients of these
    entries."""
    direction: list[int]
    """The vector that it calls u: orthogonal to these gradients, not to w."""


def search_one_field(model: ExportedModel, laws: Sequence[str], seed: int = 0) -> OneField | None:
    """Returns a gradient of a law that is missing among the entries of these. None where the outputs push in several
    directions, or where the search fails at all points that are tried, as it does where none is missing."""
    rng = random.Random(seed)
    size = model.parameters()
    drawn = draw(model, rng)
    fields = drawn.fields
    output = next((i for i, v in enumerate(fields) if v), None)
    if output is None or not all(_parallel(fields[output], w) for w in fields[output + 1 :]):
        return None
    field = fields[output]
    listed = gradients_of(drawn.entries, laws)
    wanted = rank_at(listed, anywhere(size, rng), size)
    for point in points(model, rng):
        here = sparse(point)
        v = values(field, here, size)
        if not any(v) or rank_at(listed, here, size) != wanted:
            continue
        u = _unseen([values(g, here, size) for _, g in listed], v)
        if u is not None:
            coordinate = min((k for k in field if v[k - 1]), key=lambda k: (len(field[k]), k))
            w = whole([dot(v, v) * a - dot(u, v) * b for a, b in zip(u, v, strict=True)])
            known = [key for key, _ in listed]
            return OneField(drawn.consts, drawn.samples, point, output, coordinate, known, w, whole(u))
    return None


def _parallel(v: PolynomialField, w: PolynomialField) -> bool:
    """Whether two fields are parallel, all 2x2 minors being 0, where v is not 0 everywhere."""
    pivot = min(v, key=lambda k: len(v[k]))
    across = w.get(pivot, {})
    return all(times(v[pivot], w.get(k, {})) == times(across, v.get(k, {})) for k in {*v, *w})


def _unseen(rows: RationalMatrix, v: Sequence[Fraction]) -> list[Fraction] | None:
    """Returns a vector orthogonal to the rows, and not a multiple of v, with few entries; None if there is none."""
    found = [u for u in orthogonal(rows, len(v)) if dot(u, v) ** 2 != dot(u, u) * dot(v, v)]
    return min(found, key=lambda u: sum(map(bool, u)), default=None)

"""Models whose outputs all push along one field: by the straightening theorem there are as many laws as coordinates, less one.

A law that is missing then needs no formula. `Straighten.v` shows that each gradient w that is orthogonal to the field is the
gradient of a law; what is searched here is a point, and a w that is no combination of the gradients of the known laws.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

import flint

from claws.coq.model import Model
from claws.coq.points import PRIME, drawn_consts, drawn_samples, points, rank_at, sparse
from claws.coq.terms import Field, distinct, entries_at, gradient, times, values


@dataclass(frozen=True)
class OneField:
    """All fields are along that of output number `output`, of which component `coordinate` (from 1) is not 0 at the point."""

    consts: list[Fraction]
    samples: list[list[Fraction]]
    point: list[Fraction]
    output: int
    coordinate: int
    entries: list[tuple[str, int]]
    """The entries of the known laws, by law and position."""
    slope: list[int]
    """What `Missing.v` calls w: orthogonal to the field at the point, and no combination of the gradients of these entries."""
    direction: list[int]
    """What it calls u: orthogonal to these gradients, not to w."""


def search_one_field(model: Model, laws: Sequence[str], seed: int = 0) -> OneField | None:
    """A gradient of a law that is missing among the entries of these. None where the outputs push in several directions, or
    where the search fails at all points that are tried, as it does where none is missing."""
    rng = random.Random(seed)
    size = model.parameters()
    consts = drawn_consts(model, rng)
    samples = drawn_samples(model, consts, size, rng)
    entries = entries_at(model, consts, samples)
    fields = [gradient(f, entries.factors) for f in entries.outputs]
    output = next((i for i, v in enumerate(fields) if v), None)
    if output is None or not all(_parallel(fields[output], w) for w in fields[output + 1 :]):
        return None
    field = fields[output]
    listed = [((name, n), gradient(f, [])) for name in laws for n, f in distinct(entries.laws[name])]
    generic = {k: Fraction(rng.randrange(1, PRIME)) for k in range(1, size + 1)}
    wanted = rank_at(listed, generic, size)
    for point in points(model, rng):
        here = sparse(point)
        v = values(field, here, size)
        if not any(v) or rank_at(listed, here, size) != wanted:
            continue
        u = _unseen([values(g, here, size) for _, g in listed], v)
        if u is not None:
            coordinate = min((k for k in field if v[k - 1]), key=lambda k: (len(field[k]), k))
            w = _whole([_dot(v, v) * a - _dot(u, v) * b for a, b in zip(u, v, strict=True)])
            return OneField(consts, samples, point, output, coordinate, [key for key, _ in listed], w, _whole(u))
    return None


def _parallel(v: Field, w: Field) -> bool:
    """Whether all 2x2 minors are 0, where v is not 0 everywhere."""
    pivot = min(v, key=lambda k: len(v[k]))
    across = w.get(pivot, {})
    return all(times(v[pivot], w.get(k, {})) == times(across, v.get(k, {})) for k in {*v, *w})


def _unseen(rows: Sequence[Sequence[Fraction]], v: Sequence[Fraction]) -> list[Fraction] | None:
    """A vector orthogonal to the rows, and not a multiple of v, with few entries."""
    size = len(v)
    flat = [flint.fmpq(x.numerator, x.denominator) for row in rows for x in row]
    reduced, rank = flint.fmpq_mat(len(rows), size, flat).rref()
    pivots = [next(j for j in range(size) if reduced[i, j] != 0) for i in range(rank)]
    found = []
    for free in (j for j in range(size) if j not in pivots):
        u = [Fraction(0)] * size
        u[free] = Fraction(1)
        for i, j in enumerate(pivots):
            u[j] = -Fraction(int(reduced[i, free].p), int(reduced[i, free].q))
        if _dot(u, v) ** 2 != _dot(u, u) * _dot(v, v):
            found.append(u)
    return min(found, key=lambda u: sum(map(bool, u)), default=None)


def _dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def _whole(u: Sequence[Fraction]) -> list[int]:
    """The same direction with whole numbers, as small as they can be."""
    scale = 1
    for x in u:
        scale = scale * x.denominator // gcd(scale, x.denominator)
    whole = [int(x * scale) for x in u]
    common = gcd(*whole) or 1
    return [x // common for x in whole]

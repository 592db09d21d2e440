"""The search for a certificate that there is no other law: a rational point, brackets, and two matrices.

At the point p let the rows of V be brackets of the model's fields, and the rows of G the gradients of laws. With matrices A and C
such that A V + G^T C G = N and C (G G^T) = N, a number that is not zero, every vector w with V w = 0 is G^T C G w / N, so a
combination of the rows of G; and these are independent. Coq multiplies the matrices; how they were found plays no part.
"""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm

import flint
import numpy as np

from claws.coq.linear import Matrix, dot, matrix_of, orthogonal, rational, rows_of, whole
from claws.coq.model import CannotExport, Model
from claws.coq.points import (
    PRIME,
    Drawn,
    Rank,
    Residues,
    Vector,
    anywhere,
    draw,
    drawn_consts,
    drawn_point,
    points,
    rank_at,
    residue,
    sparse,
)
from claws.coq.terms import (
    Field,
    Poly,
    along,
    bracket,
    distinct,
    entries_at,
    gradient,
    gradients_of,
    sandwich_laws,
    values,
)
from claws.kernel.core.errors import Meter, OutOfBudget
from claws.kernel.core.evidence import Sandwich
from claws.kernel.core.program import count_entries
from claws.kernel.values.evaluation import fixed

MAX_DEPTH = 8
"""The deepest brackets that are tried."""

SPARE = 60
"""Brackets of one depth that are kept for the next although they have not raised the rank."""

STEPS = 8_000_000
"""The work of a search: terms that are multiplied."""

SHRINK = 40
"""With more coordinates than this a point is not made sparser: each attempt is a search of its own."""


@dataclass(frozen=True)
class Certificate:
    """What `NoOther.v` calls p, prog, sel, N, A and C."""

    consts: list[Fraction]
    samples: list[list[Fraction]]
    point: list[Fraction]
    brackets: list[tuple[int, int]]
    chosen: list[int]
    scale: int
    a: list[list[int]]
    c: list[list[int]]
    entries: list[tuple[str, int]]
    """The laws in G, by law and position; the name is empty for one that the file does not have."""
    laws: list[Poly]
    """The same at the constants."""


@dataclass
class Fields:
    """The fields of the outputs, then the brackets that have been made, with their derivatives."""

    size: int
    fields: list[Field]
    meter: Meter
    made: dict[tuple[int, int], int | None] = field(default_factory=dict)

    def bracket(self, i: int, j: int) -> int | None:
        """The number of [field i, field j]; None where it vanishes or is too large."""
        if (i, j) not in self.made:
            new = bracket(self.fields[i], self.fields[j], self.meter)
            self.made[i, j] = len(self.fields) if new else None
            if new:
                self.fields.append(new)
        return self.made[i, j]


class Here:
    """The fields at a point, modulo the prime."""

    def __init__(self, fields: Fields, point: Mapping[int, Fraction]) -> None:
        self.fields = fields
        self.residues = Residues(point)
        self._values: dict[int, Vector] = {}
        self._jacobians: dict[int, list[tuple[int, int, int]]] = {}

    def value(self, n: int) -> Vector:
        if n not in self._values:
            self._values[n] = self.residues.field(self.fields.fields[n], self.fields.size)
        return self._values[n]

    def _moved(self, n: int, direction: Vector) -> Vector:
        """The derivative of field n along a direction."""
        if n not in self._jacobians:
            entries = []
            for k, f in self.fields.fields[n].items():
                self.fields.meter.tick(len(f))
                entries += [(k - 1, v - 1, slope) for v, slope in sorted(self.residues.slopes(f).items())]
            self._jacobians[n] = entries
        self.fields.meter.tick(len(self._jacobians[n]))
        result = np.zeros(self.fields.size, dtype=np.int64)
        for k, v, slope in self._jacobians[n]:
            if direction[v]:
                result[k] = (result[k] + slope * int(direction[v])) % PRIME
        return result

    def bracket(self, i: int, j: int) -> Vector:
        result: Vector = (self._moved(j, self.value(i)) - self._moved(i, self.value(j))) % PRIME
        return result


def search_brackets(here: Here, outputs: int, wanted: int) -> list[int] | None:
    """Numbers of fields that are independent at the point, as many as wanted; None where they are not found."""
    fields = here.fields
    rank = Rank()
    chosen = [n for n in range(outputs) if rank.add(here.value(n))]
    level = list(range(outputs))
    for depth in range(2, MAX_DEPTH + 1):
        if len(rank) == wanted:
            return chosen
        fresh: list[int] = []
        spare: list[tuple[int, int]] = []
        for i in range(outputs):
            for j in level:
                if len(rank) == wanted:
                    return chosen
                if depth == 2 and j <= i:
                    continue
                if rank.add(here.bracket(i, j)):
                    n = fields.bracket(i, j)
                    if n is None:
                        return None
                    chosen.append(n)
                    fresh.append(n)
                elif len(spare) < SPARE:
                    spare.append((i, j))
        if len(rank) == wanted:
            return chosen
        level = fresh + [n for i, j in spare if (n := fields.bracket(i, j)) is not None]
        if not level:
            return None
    return None


def search_certificate(
    model: Model, laws: Sequence[str], seed: int = 0, evidence: Sandwich | None = None
) -> Certificate:
    """A certificate that the entries of these laws, or those that a sandwich rests on, are all laws.

    Only as many entries are taken as are independent. Raises `CannotExport` where none is found.
    """
    rng = random.Random(seed)
    size = model.parameters()
    drawn = draw(model, rng)
    fields = Fields(size, drawn.fields, Meter(STEPS))
    outputs = len(fields.fields)
    listed = [(name, n, f) for name in laws for n, f in distinct(drawn.entries.laws[name])]
    if evidence is not None:
        listed += [("", n, f) for n, f in distinct(sandwich_laws(model, evidence, drawn.consts))]
    gradients = [gradient(f, []) for _, _, f in listed]
    generic = Residues(anywhere(size, rng))
    rank = Rank()
    kept = [n for n, g in enumerate(gradients) if rank.add(generic.field(g, size))]
    for n in kept:
        name, _, f = listed[n]
        if any(along(v, f) for v in fields.fields):
            raise CannotExport(f"`{name or 'law'}` is not conserved")
    domains = [
        leaf.domain
        for n, leaf in model.fixed.leaves("param")
        for _ in range(fixed(count_entries(model.fixed.shapes[n])))
    ]

    def works(point: Sequence[Fraction]) -> list[int] | None:
        here = Here(fields, sparse(point))
        rank = Rank()
        if not all(rank.add(here.residues.field(gradients[n], size)) for n in kept):
            return None
        return search_brackets(here, outputs, size - len(kept))

    # where there are more laws than these no point will do, and each would be searched in vain
    with contextlib.suppress(OutOfBudget):
        for point in points(model, rng):
            chosen = works(point)
            if chosen is not None:
                point, chosen = _sparser(point, chosen, works, domains) if size <= SHRINK else (point, chosen)
                rows = [gradients[n] for n in kept]
                found = [listed[n] for n in kept]
                return _certificate(fields, outputs, drawn, point, chosen, rows, found)
    raise CannotExport(
        f"no point was found at which brackets of depth {MAX_DEPTH} or less and these laws span all {size} directions"
    )


@dataclass(frozen=True)
class Independence:
    """A point at which the gradients of the entries times the rows of B are `scale` times the identity."""

    consts: list[Fraction]
    point: list[Fraction]
    scale: int
    b: list[list[int]]
    entries: list[tuple[str, int]]


def search_independence(model: Model, laws: Sequence[str], seed: int = 0) -> Independence:
    """That all different entries of these laws are independent, so that none is constant.

    Raises `CannotExport` where they are not at any point tried.
    """
    rng = random.Random(seed)
    size = model.parameters()
    consts = drawn_consts(model, rng, outputs=False)
    entries = entries_at(model, consts, [])
    listed = gradients_of(entries, laws, constants=True)
    for point in points(model, rng):
        here = sparse(point)
        if rank_at(listed, here, size) < len(listed):
            continue
        rows = [values(g, here, size) for _, g in listed]
        columns = _pivots(rows, size) if rows else []
        inverse = rows_of(
            flint.fmpq_mat(len(rows), len(rows), [rational(row[j]) for row in rows for j in columns]).inv()
        )
        scale = lcm(*(x.denominator for row in inverse for x in row), 1)
        b = [[0] * size for _ in rows]
        for i, j in enumerate(columns):
            for k, x in enumerate(inverse[i]):
                b[k][j] = int(x * scale)
        return Independence(consts, point, scale, b, [key for key, _ in listed])
    raise CannotExport("no point was found at which the gradients of all entries are independent")


@dataclass(frozen=True)
class Dependence:
    """A combination of the gradients of the entries that is 0 at a point."""

    consts: list[Fraction]
    point: list[Fraction]
    combination: list[Fraction]
    entries: list[tuple[str, int]]


def search_dependence(model: Model, laws: Sequence[str], seed: int = 0) -> Dependence:
    """That the different entries of these laws are not independent, at a point that is drawn. Raises `CannotExport`."""
    rng = random.Random(seed)
    size = model.parameters()
    consts = drawn_consts(model, rng, outputs=False)
    entries = entries_at(model, consts, [])
    listed = gradients_of(entries, laws, constants=True)
    point = drawn_point(model, rng)
    rows = [values(g, sparse(point), size) for _, g in listed]
    for k, row in enumerate(rows):
        # the first row that those before it span
        if k == 0:
            if any(row):
                continue
            found: list[Fraction] = []
        else:
            solved = _combination(rows[:k], row)
            if solved is None:
                continue
            found = solved
        rest = [Fraction(0)] * (len(rows) - k - 1)
        return Dependence(consts, point, [*found, Fraction(-1), *rest], [key for key, _ in listed])
    raise CannotExport("the gradients are independent at the point that was drawn")


def _combination(rows: Matrix, row: list[Fraction]) -> list[Fraction] | None:
    """The numbers x with sum_k x_k rows_k = row, where the rows are independent; None if there are none."""
    size = len(row)
    columns = _pivots(rows, size)
    square = flint.fmpq_mat(len(rows), len(rows), [rational(r[j]) for r in rows for j in columns])
    found = rows_of(flint.fmpq_mat(1, len(rows), [rational(row[j]) for j in columns]) * square.inv())[0]
    fits = all(sum(x * r[j] for x, r in zip(found, rows, strict=True)) == row[j] for j in range(size))
    return found if fits else None


def conserved_entries(model: Model, laws: Sequence[str], seed: int = 0) -> bool:
    """Whether the laws are conserved, at constants and on data that are drawn: a necessary condition."""
    rng = random.Random(seed)
    drawn = draw(model, rng)
    return not any(along(v, h) for v in drawn.fields for name in laws for h in drawn.entries.laws[name])


@dataclass(frozen=True)
class Missing:
    """Another law, whose gradient is no combination of the laws' gradients at a point."""

    other: Poly
    entries: list[tuple[str, int]]
    """The entries of the laws, by law and position."""
    point: list[Fraction]
    consts: list[Fraction]
    samples: list[list[Fraction]]
    direction: list[int]
    """What `Missing.v` calls u: orthogonal to the gradients of the laws, and not to that of the other law."""


def search_missing(model: Model, laws: Sequence[str], evidence: Sandwich, seed: int = 0) -> Missing | None:
    """A law that a sandwich rests on and that is independent of these; None if there is none at the point that is drawn."""
    rng = random.Random(seed)
    size = model.parameters()
    drawn = draw(model, rng)
    listed = gradients_of(drawn.entries, laws)
    wanted = rank_at(listed, anywhere(size, rng), size)
    point = drawn_point(model, rng)
    here = sparse(point)
    if rank_at(listed, here, size) != wanted:
        return None
    rows = [values(g, here, size) for _, g in listed]
    directions = list(orthogonal(rows, size))
    for _, f in distinct(sandwich_laws(model, evidence, drawn.consts)):
        row = values(gradient(f, []), here, size)
        telling = next((u for u in directions if dot(u, row)), None)
        if telling is not None:
            return Missing(f, [key for key, _ in listed], point, drawn.consts, drawn.samples, whole(telling))
    return None


def _sparser(
    point: list[Fraction],
    chosen: list[int],
    works: Callable[[Sequence[Fraction]], list[int] | None],
    domains: Sequence[str],
) -> tuple[list[Fraction], list[int]]:
    """The same with more entries that are 0 or 1: numbers in the proof stay small."""
    for k in range(len(point)):
        for x in (0, 1):
            if point[k] == x:
                break
            if x == 0 and domains[k] != "real":
                continue
            other = [*point[:k], Fraction(x), *point[k + 1 :]]
            try:
                found = works(other)
            except OutOfBudget:
                return point, chosen
            if found is not None and max(found, default=-1) <= max(chosen, default=-1):
                point, chosen = other, found
                break
    return point, chosen


def _certificate(
    fields: Fields,
    outputs: int,
    drawn: Drawn,
    point: list[Fraction],
    chosen: list[int],
    laws: list[Field],
    found: Sequence[tuple[str, int, Poly]],
) -> Certificate:
    """The matrices, exactly. The brackets are numbered anew: only those that are needed."""
    size = fields.size
    source = {n: pair for pair, n in fields.made.items() if n is not None}
    needed: set[int] = set()
    stack = [n for n in chosen if n >= outputs]
    while stack:
        n = stack.pop()
        if n not in needed:
            needed.add(n)
            stack += [m for m in source[n] if m >= outputs]
    number = {n: n for n in range(outputs)} | {n: outputs + k for k, n in enumerate(sorted(needed))}
    here = sparse(point)
    g = [values(v, here, size) for v in laws]
    v = [values(fields.fields[n], here, size) for n in chosen]
    c, a = _matrices(v, g, size)
    scale = lcm(*(x.denominator for row in (*a, *c) for x in row), 1)
    return Certificate(
        drawn.consts,
        drawn.samples,
        point,
        [(number[source[n][0]], number[source[n][1]]) for n in sorted(needed)],
        [number[n] for n in chosen],
        scale,
        [[int(x * scale) for x in row] for row in a],
        [[int(x * scale) for x in row] for row in c],
        [(name, n) for name, n, _ in found],
        [f for _, _, f in found],
    )


def _matrices(v: Matrix, g: Matrix, size: int) -> tuple[Matrix, Matrix]:
    """C = (G G^T)^-1, and the A with A V = 1 - G^T C G: read off at columns where V is invertible."""
    k = len(g)
    big_g = matrix_of(g, size)
    gram = big_g * big_g.transpose()
    c = gram.inv() if k else flint.fmpq_mat(0, 0)
    left = matrix_of([[Fraction(int(i == j)) for j in range(size)] for i in range(size)], size)
    if k:
        left = left - big_g.transpose() * c * big_g
    if not v:
        return rows_of(c), [[] for _ in range(size)]
    columns = _pivots(v, size)
    square = flint.fmpq_mat(len(v), len(v), [rational(row[j]) for row in v for j in columns])
    part = flint.fmpq_mat(size, len(v), [left[i, j] for i in range(size) for j in columns])
    return rows_of(c), rows_of(part * square.inv())


def _pivots(v: Matrix, size: int) -> list[int]:
    """Columns at which the rows are independent, sparse columns first."""
    weight = [sum(1 for row in v if row[j]) for j in range(size)]
    rank = Rank()
    found = []
    for j in sorted(range(size), key=lambda j: (weight[j], j)):
        if rank.add(np.array([residue(row[j]) for row in v], dtype=np.int64)):
            found.append(j)
            if len(found) == len(v):
                break
    return sorted(found)

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

from claws.coq.proofs.drawn_points import (
    PRIME,
    Drawn,
    Rank,
    ResiduesAt,
    ResidueVector,
    anywhere,
    draw,
    drawn_point,
    pivots,
    points,
    rank_at,
    sparse,
)
from claws.coq.proofs.entry_polynomials import (
    Poly,
    PolynomialField,
    ProvedLaws,
    along,
    bracket,
    distinct,
    gradient,
    gradients_of,
    proved_entries,
    values,
)
from claws.coq.proofs.linear_algebra import (
    RationalMatrix,
    dot,
    flint_rational,
    matrix_of,
    orthogonal,
    rows_of,
    whole,
)
from claws.coq.statements.exported_model import ExportedModel
from claws.coq.statements.node_facts import CannotExport
from claws.kernel.core.errors import Meter, OutOfBudget
from claws.kernel.core.program import count_entries
from claws.kernel.values.evaluation import fixed


@dataclass(frozen=True, slots=True)
class BracketLimits:
    """How far a search for brackets goes."""

    depth: int = 8
    """The deepest brackets that are tried."""
    spare: int = 60
    """Brackets of one depth that are kept for the next although they have not raised the rank."""
    steps: int = 8_000_000
    """The work of a search: terms that are multiplied."""
    shrink: int = 40
    """With more coordinates than this a point is not made sparser: each attempt is a search of its own."""


LIMITS = BracketLimits()


@dataclass(frozen=True)
class AllLawsCertificate:
    """A proof that some laws are all: what `NoOther.v` calls p, prog, sel, N, A and C, and where it holds."""

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
    """The same as polynomials, at the constants."""


@dataclass
class BracketedFields:
    """The fields of the outputs, then the brackets that have been made, by number. The meter counts the work."""

    size: int
    fields: list[PolynomialField]
    meter: Meter
    made: dict[tuple[int, int], int | None] = field(default_factory=dict)

    def bracket(self, i: int, j: int) -> int | None:
        """Returns the number of [field i, field j], which it makes if need be; None where it vanishes or is too large."""
        if (i, j) not in self.made:
            new = bracket(self.fields[i], self.fields[j], self.meter)
            self.made[i, j] = len(self.fields) if new else None
            if new:
                self.fields.append(new)
        return self.made[i, j]


class FieldsAt:
    """The values of the fields, and of their brackets, at a point, modulo the prime."""

    def __init__(self, fields: BracketedFields, point: Mapping[int, Fraction]) -> None:
        self.fields = fields
        self.residues = ResiduesAt(point)
        self._values: dict[int, ResidueVector] = {}
        self._jacobians: dict[int, list[tuple[int, int, int]]] = {}

    def value(self, n: int) -> ResidueVector:
        """Returns the value of field number n."""
        if n not in self._values:
            self._values[n] = self.residues.field(self.fields.fields[n], self.fields.size)
        return self._values[n]

    def _moved(self, n: int, direction: ResidueVector) -> ResidueVector:
        """Returns the derivative of field n along a direction."""
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

    def bracket(self, i: int, j: int) -> ResidueVector:
        """Returns the value of [field i, field j], without making it."""
        result: ResidueVector = (self._moved(j, self.value(i)) - self._moved(i, self.value(j))) % PRIME
        return result


def search_brackets(here: FieldsAt, outputs: int, wanted: int) -> list[int] | None:
    """Returns the numbers of fields that are independent at the point, as many as wanted; None where they are not found.

    Raises `OutOfBudget`.
    """
    fields = here.fields
    rank = Rank()
    chosen = [n for n in range(outputs) if rank.add(here.value(n))]
    level = list(range(outputs))
    for depth in range(2, LIMITS.depth + 1):
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
                elif len(spare) < LIMITS.spare:
                    spare.append((i, j))
        if len(rank) == wanted:
            return chosen
        level = fresh + [n for i, j in spare if (n := fields.bracket(i, j)) is not None]
        if not level:
            return None
    return None


def search_certificate(
    model: ExportedModel, laws: Sequence[str], seed: int = 0, proved: ProvedLaws | None = None
) -> AllLawsCertificate:
    """Returns a certificate that the entries of these laws, or those that are proved, are all laws.

    Only as many entries are taken as are independent. Raises `CannotExport` where none is found.
    """
    rng = random.Random(seed)
    size = model.parameters()
    drawn = draw(model, rng)
    fields = BracketedFields(size, drawn.fields, Meter(LIMITS.steps))
    outputs = len(fields.fields)
    listed = [(name, n, f) for name in laws for n, f in distinct(drawn.entries.laws[name])]
    if proved is not None:
        listed += [("", n, f) for n, f in distinct(proved_entries(model, proved, drawn.consts))]
    gradients = [gradient(f, []) for _, _, f in listed]
    generic = ResiduesAt(anywhere(size, rng))
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
        here = FieldsAt(fields, sparse(point))
        rank = Rank()
        if not all(rank.add(here.residues.field(gradients[n], size)) for n in kept):
            return None
        return search_brackets(here, outputs, size - len(kept))

    # where there are more laws than these no point will do, and each would be searched in vain
    with contextlib.suppress(OutOfBudget):
        for point in points(model, rng):
            chosen = works(point)
            if chosen is not None:
                point, chosen = _sparser(point, chosen, works, domains) if size <= LIMITS.shrink else (point, chosen)
                rows = [gradients[n] for n in kept]
                found = [listed[n] for n in kept]
                return _certificate(fields, outputs, drawn, point, chosen, rows, found)
    raise CannotExport(
        f"no point was found at which brackets of depth {LIMITS.depth} or less and these laws span all {size} directions"
    )


def conserved_entries(model: ExportedModel, laws: Sequence[str], seed: int = 0) -> bool:
    """Whether the entries of these laws are conserved, at constants and on data that are drawn: a necessary condition."""
    rng = random.Random(seed)
    drawn = draw(model, rng)
    return not any(along(v, h) for v in drawn.fields for name in laws for h in drawn.entries.laws[name])


@dataclass(frozen=True)
class MissingLaw:
    """A proof that laws are not all: another law, whose gradient is no combination of the laws' gradients at a point."""

    other: Poly
    entries: list[tuple[str, int]]
    """The entries of the laws, by law and position."""
    point: list[Fraction]
    consts: list[Fraction]
    samples: list[list[Fraction]]
    direction: list[int]
    """The vector that `Missing.v` calls u: orthogonal to the gradients of the laws, and not to that of the other law."""


def search_missing(model: ExportedModel, laws: Sequence[str], proved: ProvedLaws, seed: int = 0) -> MissingLaw | None:
    """Returns a proved law that is independent of these; None if there is none at the point that is
    drawn."""
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
    for _, f in distinct(proved_entries(model, proved, drawn.consts)):
        row = values(gradient(f, []), here, size)
        telling = next((u for u in directions if dot(u, row)), None)
        if telling is not None:
            return MissingLaw(f, [key for key, _ in listed], point, drawn.consts, drawn.samples, whole(telling))
    return None


def _sparser(
    point: list[Fraction],
    chosen: list[int],
    works: Callable[[Sequence[Fraction]], list[int] | None],
    domains: Sequence[str],
) -> tuple[list[Fraction], list[int]]:
    """Returns a point with more entries that are 0 or 1, and brackets that work there: numbers in the proof stay small."""
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
    fields: BracketedFields,
    outputs: int,
    drawn: Drawn,
    point: list[Fraction],
    chosen: list[int],
    laws: list[PolynomialField],
    found: Sequence[tuple[str, int, Poly]],
) -> AllLawsCertificate:
    """Returns the certificate with exact matrices. The brackets are numbered anew: only those that are needed."""
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
    return AllLawsCertificate(
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


def _matrices(v: RationalMatrix, g: RationalMatrix, size: int) -> tuple[RationalMatrix, RationalMatrix]:
    """Returns C = (G G^T)^-1, and the A with A V = 1 - G^T C G: read off at columns where V is invertible."""
    k = len(g)
    big_g = matrix_of(g, size)
    gram = big_g * big_g.transpose()
    c = gram.inv() if k else flint.fmpq_mat(0, 0)
    left = matrix_of([[Fraction(int(i == j)) for j in range(size)] for i in range(size)], size)
    if k:
        left = left - big_g.transpose() * c * big_g
    if not v:
        return rows_of(c), [[] for _ in range(size)]
    columns = pivots(v, size)
    square = flint.fmpq_mat(len(v), len(v), [flint_rational(row[j]) for row in v for j in columns])
    part = flint.fmpq_mat(size, len(v), [left[i, j] for i in range(size) for j in columns])
    return rows_of(c), rows_of(part * square.inv())

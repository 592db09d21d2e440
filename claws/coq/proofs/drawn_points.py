"""Where proofs at given numbers stand: constants, samples and points that are drawn, and ranks at them modulo a prime."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from claws.coq.proofs.entry_polynomials import Coefficient, ModelEntries, Poly, PolynomialField, entries_at, gradient
from claws.coq.statements.exported_model import ExportedModel
from claws.coq.statements.node_facts import CannotExport
from claws.kernel.core.errors import Undefined
from claws.kernel.core.program import count_entries
from claws.kernel.values.evaluation import fixed, indices

PRIME = 67_108_859
"""The prime modulo which ranks are looked at first: products of residues, a thousand of them added, fit into 64 bits."""

ResidueVector = npt.NDArray[np.int64]
"""A vector of residues modulo the prime, of shape [D]."""


@dataclass(frozen=True, slots=True)
class DrawingLimits:
    """How many points, constants and samples are drawn, and how large they are."""

    points: int = 60
    """Points that are tried."""
    draws: int = 20
    """Small constants that are tried."""
    large: int = 10_000
    """The constants that small ones are compared with are below this, or squares of numbers that are."""
    idle_samples: int = 8
    """Samples without a new direction before no more are drawn."""


LIMITS = DrawingLimits()


class Rank:
    """A growing list of rows in echelon form modulo the prime; its length is their rank."""

    def __init__(self) -> None:
        self.rows: list[tuple[int, ResidueVector]] = []

    def add(self, row: ResidueVector) -> bool:
        """Adds a row; returns whether it was independent of those before, and so has raised the rank."""
        row = row.copy()
        for pivot, other in self.rows:
            if row[pivot]:
                row = (row - row[pivot] * other) % PRIME
        found = np.flatnonzero(row)
        if not len(found):
            return False
        pivot = int(found[0])
        self.rows.append((pivot, row * pow(int(row[pivot]), -1, PRIME) % PRIME))
        return True

    def __len__(self) -> int:
        return len(self.rows)


def residue(x: Coefficient) -> int:
    """Returns a rational number modulo the prime."""
    return x.numerator * pow(x.denominator, -1, PRIME) % PRIME


class ResiduesAt:
    """The values of polynomials at a point, given by its coordinates that are not 0, modulo the prime."""

    def __init__(self, point: Mapping[int, Fraction]) -> None:
        self._point = {k: residue(x) for k, x in point.items()}
        self._inverse = {k: pow(x, -1, PRIME) for k, x in self._point.items() if x}

    def value(self, f: Poly) -> int:
        """Returns the value of a polynomial."""
        return sum(self._product(m, c) for m, c in f.items()) % PRIME

    def slopes(self, f: Poly) -> dict[int, int]:
        """Returns the partial derivatives that are not 0, by coordinate."""
        result: dict[int, int] = {}
        for m, c in f.items():
            zeros = [k for k in m if k not in self._inverse]
            if len(zeros) > 1:
                continue
            if zeros:
                rest = [k for k in m if k != zeros[0]]
                result[zeros[0]] = result.get(zeros[0], 0) + self._product(rest, c)
                continue
            whole = self._product(m, c)
            for k in m:
                result[k] = result.get(k, 0) + whole * self._inverse[k]
        return {k: x % PRIME for k, x in result.items() if x % PRIME}

    def field(self, v: PolynomialField, size: int) -> ResidueVector:
        """Returns the components 1..`size` of a field."""
        return np.array([self.value(v[k]) if k in v else 0 for k in range(1, size + 1)], dtype=np.int64)

    def _product(self, m: Sequence[int], c: Coefficient) -> int:
        x = c if isinstance(c, int) else residue(c)
        for k in m:
            y = self._point.get(k)
            if not y:
                return 0
            x = x * y % PRIME
        return x


def rank_at(listed: Sequence[tuple[tuple[str, int], PolynomialField]], point: Mapping[int, Fraction], size: int) -> int:
    """Returns the rank of these gradients at a point, modulo the prime."""
    rank, here = Rank(), ResiduesAt(point)
    return sum(rank.add(here.field(g, size)) for _, g in listed)


def pivots(v: Sequence[Sequence[Fraction]], size: int) -> list[int]:
    """Returns columns at which the rows, which are independent, still are: sparse ones, if these will do, in order."""
    weight = [sum(1 for row in v if row[j]) for j in range(size)]
    rank = Rank()
    found = []
    for j in sorted(range(size), key=lambda j: (weight[j], j)):
        if rank.add(np.array([residue(row[j]) for row in v], dtype=np.int64)):
            found.append(j)
            if len(found) == len(v):
                break
    return sorted(found)


def anywhere(size: int, rng: random.Random) -> dict[int, Fraction]:
    """Returns a point whose coordinates are random modulo the prime, none of them 0."""
    return {k: Fraction(rng.randrange(1, PRIME)) for k in range(1, size + 1)}


@dataclass(frozen=True)
class Drawn:
    """A model at constants and samples that were drawn."""

    consts: list[Fraction]
    samples: list[list[Fraction]]
    entries: ModelEntries

    @property
    def fields(self) -> list[PolynomialField]:
        """The fields of the outputs: their gradients times the factors of the preconditioner."""
        return [gradient(f, self.entries.factors) for f in self.entries.outputs]


def draw(model: ExportedModel, rng: random.Random) -> Drawn:
    """Returns the model at constants and samples that are drawn: the samples span what all data do, as far as trying tells."""
    consts = drawn_consts(model, rng)
    samples = _samples(model, consts, rng)[0]
    return Drawn(consts, samples, entries_at(model, consts, samples))


def drawn_consts(model: ExportedModel, rng: random.Random, outputs: bool = True) -> list[Fraction]:
    """Returns a value in its domain for each entry of the constants: small numbers in general position, if such are found.

    The gradients of the laws, and those of the `outputs`, are then of the same rank as at large numbers.
    """
    domains = [
        leaf.domain
        for n, leaf in model.fixed.leaves("const")
        for _ in range(fixed(count_entries(model.fixed.shapes[n])))
    ]
    if not domains:
        return []
    # squares, because roots may be taken of what is positive
    large = [Fraction(rng.randrange(1, LIMITS.large) ** (2 if domain == "positive" else 1)) for domain in domains]
    wanted = _ranks(model, large, rng, outputs)
    for _ in range(LIMITS.draws):
        # rates that differ tell more than equal ones
        positive = itertools.cycle(rng.sample((1, 2, 3), 3))
        small = []
        for domain in domains:
            # what may be divided by is not 0
            nonzero = domain == "nonzero" or model.beyond_polynomials()
            numbers = (1, -1, 2, -2) if nonzero else (0, 1, 1, -1, 2)
            small.append(Fraction(next(positive) if domain == "positive" else rng.choice(numbers)))
        if _ranks(model, small, rng, outputs) == wanted:
            return small
    return large


def _ranks(model: ExportedModel, consts: list[Fraction], rng: random.Random, outputs: bool) -> tuple[int, int] | None:
    """Returns the ranks of the gradients of the outputs, on any data, and of the laws; None where they are not defined."""
    size = model.parameters()
    try:
        laws = entries_at(model, consts, []).laws
        of_outputs = _samples(model, consts, rng)[1] if outputs else 0
    except (CannotExport, Undefined):
        return None
    listed = [(("", 0), gradient(f, [])) for entries in laws.values() for f in entries]
    return of_outputs, rank_at(listed, anywhere(size, rng), size)


def _samples(model: ExportedModel, consts: list[Fraction], rng: random.Random) -> tuple[list[list[Fraction]], int]:
    """Returns samples on which the gradients of the outputs span all that they span on any data, as far as trying tells, and
    the rank of these gradients."""
    size = model.parameters()
    count = sum(fixed(count_entries(model.fixed.shapes[n])) for n, _ in model.fixed.leaves("input"))
    generic = ResiduesAt(anywhere(size, rng))
    rank = Rank()
    kept: list[list[Fraction]] = []
    idle = 0
    attempt = 0
    while idle < LIMITS.idle_samples or attempt < count:
        if attempt < count:
            sample = [Fraction(int(k == attempt)) for k in range(count)]
        else:
            sample = [Fraction(rng.choice((0, 1, 1, -1, 2))) for _ in range(count)]
        attempt += 1
        entries = entries_at(model, consts, [sample])
        new = [rank.add(generic.field(gradient(f, entries.factors), size)) for f in entries.outputs]
        if any(new) or not count:
            kept.append(sample)
            idle = 0
        else:
            idle += 1
        if len(rank) == size or not count:
            break
    return kept or [[Fraction(0)] * count], len(rank)


def points(model: ExportedModel, rng: random.Random) -> Iterator[list[Fraction]]:
    """Yields points with small entries, in their domains: at first diagonal ones, then with more and more entries beside the
    diagonal."""
    for attempt in range(LIMITS.points):
        beside = 0.0 if attempt < 4 else 0.02 * (attempt - 3)
        numbers = (1, 1, -1, 2) if attempt < 2 else (1, -1, 2, -2, 3)
        point = []
        for n, leaf in model.fixed.leaves("param"):
            for i in indices(model.shape(n)):
                if leaf.domain == "positive":
                    point.append(Fraction(rng.choice((1, 1, 2, 3))))
                elif leaf.domain == "nonzero" or len(set(i)) <= 1 or rng.random() < beside:
                    point.append(Fraction(rng.choice(numbers)))
                else:
                    point.append(Fraction(0))
        yield point


def sparse(point: Sequence[Fraction]) -> dict[int, Fraction]:
    """Returns the coordinates of a point, numbered from 1, that are not 0."""
    return {k + 1: x for k, x in enumerate(point) if x}


def drawn_point(model: ExportedModel, rng: random.Random) -> list[Fraction]:
    """Returns a point with small entries, none of them 0, in their domains."""
    return [
        Fraction(rng.choice((1, 2, 3, -1, -2) if leaf.domain == "real" else (1, 2, 3)))
        for n, leaf in model.fixed.leaves("param")
        for _ in indices(model.shape(n))
    ]

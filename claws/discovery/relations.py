"""Polynomial relations between laws, by linear algebra modulo a prime.

Untrusted: the kernel checks what is found.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from claws.discovery.reconstruction import reconstructed
from claws.discovery.search_points import random_states
from claws.kernel.core.errors import Malformed, Meter
from claws.kernel.counting.evidence import Relation
from claws.kernel.counting.points import Setting
from claws.kernel.counting.statements import Independent
from claws.kernel.values.evaluation import fixed
from claws.readings.echelon import BATCH, Echelon, elimination_work, null_space
from claws.readings.modular import PrimeField, Residues
from claws.readings.points import ModularPoint


@dataclass(frozen=True, slots=True)
class RelationLimits:
    """How far the search for relations between laws goes."""

    unknowns: int = 3_000
    """Larger linear systems are not solved."""
    degree: int = 4
    """The highest degree of a relation: that of the determinant of a 4 x 4 matrix of laws that has a lower rank."""
    spare: int = 8
    """Equations beyond the number of unknowns."""


LIMITS = RelationLimits()


def find_relations(
    statement: Independent, distinct: Sequence[int], modulus: int, seed: int, meter: Meter
) -> Iterator[Relation]:
    """Candidates for polynomial relations of degree 1, 2, ... between these entries of the laws; the shortest first.

    `distinct` are numbers of entries, counted through all laws. Raises `Malformed` where the laws have too many entries.
    """
    point = ModularPoint(statement, Setting(modulus, seed), meter)
    sizes = [math.prod(fixed(k) for k in statement.program.shapes[n]) for n in statement.laws]
    if sum(sizes) > LIMITS.unknowns:
        raise Malformed("the laws have too many entries for a relation between them to be looked for")
    for degree in range(1, LIMITS.degree + 1):
        monomials = [m for d in range(degree + 1) for m in combinations_with_replacement(distinct, d)]
        if len(monomials) > LIMITS.unknowns:
            return
        equations = Echelon(modulus, len(monomials))
        for start in range(0, len(monomials) + LIMITS.spare, BATCH):
            meter.tick(elimination_work(equations, BATCH))
            values = _law_values(point, statement.laws, start)
            equations.add(_monomial_values(point.field, values, monomials))
        found = []
        for v in null_space(equations):
            places = list(map(int, np.flatnonzero(v)))
            numbers = [reconstructed(int(v[k]), modulus) for k in places]
            if all(c is not None for c in numbers):
                found.append({monomials[k]: c for k, c in zip(places, numbers, strict=True) if c is not None})
        for law in sorted(found, key=lambda law: (len(law), sorted(law))):
            terms = tuple((c, tuple((k, m.count(k)) for k in dict.fromkeys(m))) for m, c in law.items())
            yield Relation(terms, modulus, seed)


def _law_values(point: ModularPoint, laws: Sequence[int], start: int) -> Residues:
    """All entries of the laws at random parameters: points x entries."""
    keys = [(start + k,) for k in range(BATCH)]
    theta = random_states(point, keys)
    reading = point.reading(theta, 0, None)
    columns = []
    for law in laws:
        part = reading.value(law)[0]
        size = math.prod(reading.shapes[law])
        zero = np.zeros((BATCH, size))
        columns.append(zero if part is None else np.broadcast_to(part.reshape(part.shape[0], size), (BATCH, size)))
    return np.concatenate(columns, axis=1)


def _monomial_values(field: PrimeField, values: Residues, monomials: Sequence[tuple[int, ...]]) -> Residues:
    """The monomials in entries of which the values are given: points x monomials."""
    result = np.ones((len(values), len(monomials)))
    for k, m in enumerate(monomials):
        for entry in m:
            result[:, k] = field.reduce(result[:, k] * values[:, entry])
    return result

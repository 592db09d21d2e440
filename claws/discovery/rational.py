"""Rational laws P/Q, whatever their denominators, by linear algebra alone.

Untrusted: a search. P/Q is conserved iff X(P)*Q - P*X(Q) = 0 for every generator X. With P and Q in the span of monomials m_1,
m_2, ... this is linear in the antisymmetric matrix w of P and Q, w_ab = p_a*q_b - p_b*q_a: the sum over a < b of
w_ab*(X(m_a)*m_b - m_a*X(m_b)) vanishes. A solution w is that of a pair P, Q iff its rank is 2, and two of its rows then are
such a pair. The pairs split by the gradings of a model as monomials do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from claws.discovery.ansatz import Ansatz, Coefficients, polynomial_text
from claws.discovery.polynomial_search import Monomials, PolynomialSearch
from claws.discovery.reconstruction import rational_vector, shortened
from claws.readings.echelon import BATCH, Echelon, elimination_work, null_space


@dataclass(frozen=True, slots=True)
class QuotientLimits:
    """How far the search for quotients of polynomials goes."""

    pairs: int = 20_000
    """With more pairs of monomials than this, no quotients are looked for."""
    members: int = 500
    """Larger classes of pairs are not solved."""
    solutions: int = 60
    """A class with more solutions gives none: hardly one is a pair by itself, as known laws, times anything, are among them."""
    spare: int = 16
    """Equations beyond the number of unknowns."""


LIMITS = QuotientLimits()


@dataclass(frozen=True)
class Quotient:
    """A quotient P/Q of polynomials that seems to be conserved."""

    ansatz: Ansatz
    top: Coefficients
    bottom: Coefficients

    @property
    def text(self) -> str:
        """The quotient as it would be written in a file."""
        top, bottom = (polynomial_text(part, self.ansatz.letters) for part in (self.top, self.bottom))
        return f"{_operand(top, self.top)}/{_divisor(bottom, self.bottom)}"


def _operand(text: str, part: Coefficients) -> str:
    """A polynomial as the top of a quotient."""
    return text if len(part) == 1 else f"({text})"


def _divisor(text: str, part: Coefficients) -> str:
    """A polynomial as the bottom of a quotient: all but powers of a letter in parentheses."""
    ((m, c),) = part.items() if len(part) == 1 else ((((0, 0)), 0),)
    return text if c == 1 and len(set(m)) == 1 else f"({text})"


def quotients(search: PolynomialSearch, degree: int) -> Iterator[Quotient]:
    """Quotients of polynomials of at most this degree that seem to be conserved, in a fixed order."""
    monomials = search.monomials(degree)
    if monomials is None:
        return
    one = len(search.places)
    # 1 is a monomial here
    monomials = np.concatenate([np.full((1, degree), one), monomials])
    count = len(monomials)
    if count * (count - 1) // 2 > LIMITS.pairs:
        search.notes.add(f"quotients of degree {degree} were not searched: there are too many pairs of monomials")
        return
    a, b = np.triu_indices(count, 1)
    keys = search.grades(monomials).product(np.stack([a, b], axis=1)).keys()
    _, inverse = np.unique(keys, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    bounds = np.flatnonzero(np.diff(inverse[order])) + 1
    classes = sorted(np.split(order, bounds), key=lambda members: int(members[0]))
    for members in classes:
        if len(members) > LIMITS.members:
            search.notes.add(f"a class of {len(members)} pairs of monomials of degree {degree} was not searched")
            continue
        for w in shortened(_kernel(search, monomials, a[members], b[members])):
            entries = {(int(a[members[k]]), int(b[members[k]])): c for k, c in w.items()}
            pair = decomposed(entries)
            if pair is not None:
                top, bottom = ({_letters(monomials[k], one): c for k, c in part.items()} for part in pair)
                yield Quotient(search.ansatz, top, bottom)


def _letters(m: np.ndarray, one: int) -> tuple[int, ...]:
    """A monomial without the letter 1, which has the number `one`."""
    return tuple(int(x) for x in m if x != one)


def _kernel(search: PolynomialSearch, monomials: Monomials, a: np.ndarray, b: np.ndarray) -> list[dict[int, Fraction]]:
    """A basis of the vectors w over the pairs (a[k], b[k]) of monomials that solve the equations, where it is rational."""
    width = len(a)
    equations = Echelon(search.modulus, width)
    stop = 0
    while equations.rank < width:
        before, start = equations.rank, stop
        stop = start + min(BATCH, width + LIMITS.spare)
        samples = search.sampled(search.modulus, stop)
        reduce = samples.point.field.reduce
        values, slopes = samples.products(monomials, start, stop), samples.equations(monomials, start, stop)
        search.meter.tick(elimination_work(equations, stop - start) + len(monomials))
        equations.add(reduce(reduce(slopes[:, a] * values[:, b]) - reduce(values[:, a] * slopes[:, b])))
        if equations.rank == before and stop >= width + LIMITS.spare:
            break
    if width - equations.rank > LIMITS.solutions:
        search.notes.add(f"a class of pairs of monomials with more than {LIMITS.solutions} solutions gave no quotient")
        return []
    vectors = [rational_vector({search.modulus: v}) for v in null_space(equations)]
    return [v for v, sure in vectors if sure and v is not None]


def decomposed(w: Mapping[tuple[int, int], int]) -> tuple[dict[int, int], dict[int, int]] | None:
    """Vectors p, q with p_a*q_b - p_b*q_a proportional to w_ab; None where there are none.

    `w` is an antisymmetric matrix, by its entries above the diagonal.
    """
    rows: dict[int, dict[int, int]] = {}
    for (a, b), c in w.items():
        rows.setdefault(a, {})[b] = c
        rows.setdefault(b, {})[a] = -c
    (a, b), pivot = min(w.items())
    p, q = rows[a], rows[b]
    # the rank is 2 iff every row is the combination of these two that its entries at a and b say
    for k in rows:
        for j in rows:
            if pivot * rows[k].get(j, 0) != rows[k].get(b, 0) * p.get(j, 0) - rows[k].get(a, 0) * q.get(j, 0):
                return None
    bottom, top = shortened([{k: Fraction(c) for k, c in row.items()} for row in (p, q)])
    return top, bottom

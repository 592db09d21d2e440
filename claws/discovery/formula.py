"""The smallest formula in the dims that agrees with numbers at many sizes: a conjecture, never a proof.

A polynomial of low degree is looked for first; then two of them, on both sides of a linear condition such as r <= n + m.
A formula counts only if it has fewer coefficients than sizes that support it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, combinations_with_replacement
from typing import Any


@dataclass(frozen=True, slots=True)
class FormulaLimits:
    """Which formulas are tried."""

    degree: int = 4
    """The highest degree of a polynomial in the dims."""
    spare: int = 2
    """Sizes beyond the number of monomials of a degree that a piece needs before that degree is tried."""


LIMITS = FormulaLimits()

DimPolynomial = dict[tuple[str, ...], Fraction]
"""A polynomial in the dims: coefficients by the dims of each monomial, sorted, () for 1."""


@dataclass(frozen=True)
class Piece:
    """A polynomial in the dims, and where it holds."""

    polynomial: DimPolynomial
    condition: str
    """Where it holds, as `r <= n + m`; empty for everywhere."""
    support: int
    """How many of the sizes agree with it."""

    def text(self) -> str:
        """The polynomial as it would be written in a `.claw` file, factored."""
        import sympy

        total: Any = sympy.Integer(0)
        for m, c in self.polynomial.items():
            total += sympy.Rational(c.numerator, c.denominator) * sympy.prod([sympy.Symbol(d) for d in m])
        return str(sympy.factor(total)).replace("**", "^")


def fit(points: Sequence[tuple[Mapping[str, int], int]]) -> list[Piece]:
    """The pieces of a formula that agrees with every point; none if there is no such formula within reach.

    There is one piece, or two on both sides of a condition.
    """
    if not points:
        return []
    dims = list(points[0][0])
    whole = _polynomial(dims, points)
    if whole is not None:
        return [Piece(whole, "", len(points))]
    best: list[Piece] = []
    for left, right in _conditions(dims):
        inside = [p for p in points if _total(left, p[0]) <= _total(right, p[0])]
        outside = [p for p in points if _total(left, p[0]) > _total(right, p[0])]
        if not inside or not outside:
            continue
        first, second = _polynomial(dims, inside), _polynomial(dims, outside)
        if first is None or second is None:
            continue
        text = f"{' + '.join(left)} {{}} {' + '.join(right)}"
        pieces = [Piece(first, text.format("<="), len(inside)), Piece(second, text.format(">"), len(outside))]
        if not best or _size(pieces) < _size(best):
            best = pieces
    return best


def _size(pieces: Sequence[Piece]) -> int:
    """How many coefficients some pieces have together."""
    return sum(len(p.polynomial) for p in pieces)


def _total(dims: Sequence[str], sizes: Mapping[str, int]) -> int:
    """The sum of some dims, or of 1, at these sizes."""
    return sum(1 if d == "1" else sizes[d] for d in dims)


def _conditions(dims: Sequence[str]) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """The linear conditions left <= right between dims, sums of two of them, and 1."""
    for left in dims:
        yield (left,), ("1",)
        for right in dims:
            if right != left:
                yield (left,), (right,)
        for pair in combinations([d for d in dims if d != left], 2):
            yield (left,), pair


def _polynomial(dims: Sequence[str], points: Sequence[tuple[Mapping[str, int], int]]) -> DimPolynomial | None:
    """The polynomial of the lowest degree through all points; None unless they are more than its coefficients."""
    for degree in range(LIMITS.degree + 1):
        monomials = [m for d in range(degree + 1) for m in combinations_with_replacement(dims, d)]
        if degree and len(points) < len(monomials) + LIMITS.spare:
            return None
        found = _solve(monomials, points)
        if found is not None:
            return found
    return None


def _solve(
    monomials: Sequence[tuple[str, ...]], points: Sequence[tuple[Mapping[str, int], int]]
) -> DimPolynomial | None:
    """The exact coefficients of a polynomial in these monomials through all points; None where there is none.

    Monomials that come first are preferred where the sizes do not tell them apart.
    """
    from flint import fmpq, fmpq_mat

    rows = []
    for sizes, value in points:
        row = []
        for m in monomials:
            x = 1
            for d in m:
                x *= sizes[d]
            row.append(x)
        rows.append([*row, value])
    n = len(monomials)
    reduced, rank = fmpq_mat(len(rows), n + 1, [fmpq(x) for row in rows for x in row]).rref()
    result: DimPolynomial = {}
    for i in range(rank):
        pivot = next(j for j in range(n + 1) if reduced[i, j] != 0)
        if pivot == n:
            return None
        c = reduced[i, n]
        if c != 0:
            result[monomials[pivot]] = Fraction(int(c.p), int(c.q))
    return result

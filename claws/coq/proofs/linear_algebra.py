"""Exact linear algebra with rational numbers, by FLINT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import gcd, lcm

import flint

RationalMatrix = list[list[Fraction]]
"""A matrix by its rows."""


def flint_rational(x: Fraction) -> flint.fmpq:
    """Returns a rational number as one of FLINT."""
    return flint.fmpq(x.numerator, x.denominator)


def matrix_of(rows: RationalMatrix, width: int) -> flint.fmpq_mat:
    """Returns the matrix with these rows, of which there may be none, and this many columns."""
    return flint.fmpq_mat(len(rows), width, [flint_rational(x) for row in rows for x in row])


def rows_of(m: flint.fmpq_mat) -> RationalMatrix:
    """Returns the rows of a matrix of FLINT."""
    return [[Fraction(int(x.p), int(x.q)) for x in row] for row in m.tolist()]


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    """Returns the inner product of two vectors of one length."""
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def orthogonal(rows: RationalMatrix, width: int) -> Iterator[list[Fraction]]:
    """Yields a basis of the vectors orthogonal to all rows, each 1 at one free place and 0 at the others."""
    reduced, rank = matrix_of(rows, width).rref()
    echelon = rows_of(reduced)[:rank]
    pivots = [next(j for j, x in enumerate(row) if x) for row in echelon]
    for free in (j for j in range(width) if j not in pivots):
        u = [Fraction(0)] * width
        u[free] = Fraction(1)
        for row, j in zip(echelon, pivots, strict=True):
            u[j] = -row[free]
        yield u


def whole(u: Sequence[Fraction]) -> list[int]:
    """Returns the vector of whole numbers, as small as they can be, that has the same direction."""
    scale = lcm(*(x.denominator for x in u))
    entries = [int(x * scale) for x in u]
    common = gcd(*entries) or 1
    return [x // common for x in entries]

"""Exact linear algebra with rational numbers, by FLINT."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import gcd, lcm

import flint

Matrix = list[list[Fraction]]


def rational(x: Fraction) -> flint.fmpq:
    return flint.fmpq(x.numerator, x.denominator)


def matrix_of(rows: Matrix, width: int) -> flint.fmpq_mat:
    """The matrix with these rows, of which there may be none."""
    return flint.fmpq_mat(len(rows), width, [rational(x) for row in rows for x in row])


def rows_of(m: flint.fmpq_mat) -> Matrix:
    return [[Fraction(int(x.p), int(x.q)) for x in row] for row in m.tolist()]


def dot(a: Sequence[Fraction], b: Sequence[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


def orthogonal(rows: Matrix, width: int) -> Iterator[list[Fraction]]:
    """A basis of the vectors orthogonal to all rows, each 1 at one free place and 0 at the others."""
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
    """The same direction with whole numbers, as small as they can be."""
    scale = lcm(*(x.denominator for x in u))
    entries = [int(x * scale) for x in u]
    common = gcd(*entries) or 1
    return [x // common for x in entries]

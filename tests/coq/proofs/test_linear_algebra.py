"""Exact linear algebra, against SymPy."""

from __future__ import annotations

from fractions import Fraction
from math import gcd

import sympy
from hypothesis import given
from hypothesis import strategies as st

from claws.coq.proofs.linear_algebra import dot, orthogonal, whole

NUMBERS = st.fractions(-3, 3, max_denominator=4)
WIDTH = 4
ROWS = st.lists(st.lists(NUMBERS, min_size=WIDTH, max_size=WIDTH), max_size=5)


def rank(rows: list[list[Fraction]]) -> int:
    entries = [sympy.Rational(x.numerator, x.denominator) for row in rows for x in row]
    return int(sympy.Matrix(len(rows), WIDTH, entries).rank())


@given(ROWS)
def test_a_basis_of_the_orthogonal_vectors(rows: list[list[Fraction]]) -> None:
    basis = list(orthogonal(rows, WIDTH))
    assert all(dot(row, u) == 0 for row in rows for u in basis)
    assert len(basis) == rank(basis) == WIDTH - rank(rows)


@given(st.lists(NUMBERS, min_size=1, max_size=4))
def test_whole_numbers_of_the_same_direction(u: list[Fraction]) -> None:
    found = whole(u)
    assert [x > 0 for x in found] == [x > 0 for x in u]
    assert all(a * y == b * x for a, x in zip(found, u, strict=True) for b, y in zip(found, u, strict=True))
    assert gcd(*found) == (1 if any(u) else 0)

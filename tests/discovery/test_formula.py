"""Formulas in the dims: found where there is one that is smaller than its data, and not invented."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.discovery.formula import fit


def points(count: Callable[[int, int], int], high: int = 5) -> list[tuple[dict[str, int], int]]:
    return [({"n": n, "r": r}, count(n, r)) for n, r in product(range(1, high + 1), repeat=2)]


def test_a_polynomial_is_found_and_factored() -> None:
    (piece,) = fit(points(lambda n, r: r * (r + 1) // 2))
    assert (piece.text(), piece.condition, piece.support) == ("r*(r + 1)/2", "", 25)


def test_a_constant_and_a_zero() -> None:
    assert fit(points(lambda n, r: 7))[0].text() == "7"
    assert fit(points(lambda n, r: 0))[0].text() == "0"


def test_two_pieces_are_told_apart_by_a_condition() -> None:
    pieces = fit(points(lambda n, r: min(n, r) ** 2, 6))
    assert {(p.text(), p.condition) for p in pieces} == {("n^2", "n <= r"), ("r^2", "n > r")}


@pytest.mark.parametrize("count", [lambda n, r: 2 ** (n + r), lambda n, r: (n * 7 + r * 13) ** 3 % 11])
def test_no_formula_is_no_formula(count: Callable[[int, int], int]) -> None:
    assert fit(points(count)) == []
    assert fit([]) == []


def test_few_sizes_support_no_formula_of_high_degree() -> None:
    assert fit([({"n": n}, n**3) for n in range(1, 5)]) == []
    assert fit([({"n": n}, n**3) for n in range(1, 8)])[0].text() == "n^3"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=6, max_size=6))
def test_every_formula_agrees_with_every_point(coefficients: list[int]) -> None:
    a, b, c, d, e, f = coefficients
    data = points(lambda n, r: a + b * n + c * r + d * n * n + e * n * r + f * r * r)
    (piece,) = fit(data)
    for sizes, value in data:
        total = Fraction(0)
        for monomial, coefficient in piece.polynomial.items():
            term = coefficient
            for d_name in monomial:
                term *= sizes[d_name]
            total += term
        assert total == value

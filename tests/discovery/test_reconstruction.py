"""Kernels modulo primes, rational reconstruction, short vectors."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import fmpq_mat, nmod_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.discovery.reconstruction import rational_vector, reconstructed, shortened, without_kernel
from claws.readings.modular import PRIMES, PrimeField, Residues

numbers = st.fractions(-1000, 1000, max_denominator=10**5)


def image(vector: list[Fraction], p: int) -> Residues:
    return np.array([float(x.numerator * pow(x.denominator, -1, p) % p) for x in vector])


@given(st.lists(numbers, min_size=1, max_size=6))
def test_large_numbers_need_several_primes(vector: list[Fraction]) -> None:
    found, sure = rational_vector({p: image(vector, p) for p in PRIMES})
    assert sure
    assert found == {k: x for k, x in enumerate(vector) if x}


@given(st.lists(st.fractions(-30, 30, max_denominator=30), min_size=1, max_size=6))
def test_small_numbers_need_one(vector: list[Fraction]) -> None:
    small = all(abs(x.numerator) * x.denominator <= 1000 for x in vector)
    found, sure = rational_vector({PRIMES[0]: image(vector, PRIMES[0])})
    assert sure == small
    assert found == {k: x for k, x in enumerate(vector) if x}


def test_one_prime_is_not_enough_for_a_large_number() -> None:
    vector = [Fraction(1), Fraction(123456, 654321)]
    found, sure = rational_vector({PRIMES[0]: image(vector, PRIMES[0])})
    assert not (sure and found == {0: vector[0], 1: vector[1]})


def test_what_no_small_fraction_gives_is_not_reconstructed() -> None:
    p = PRIMES[0]
    missing = [x for x in range(2000, 2300) if reconstructed(x * x % p, p) is None]
    assert missing
    assert reconstructed(p - 7, p) == -7


vectors = st.lists(
    st.dictionaries(st.integers(0, 7), st.fractions(-9, 9, max_denominator=9).filter(bool), min_size=1, max_size=5),
    min_size=1,
    max_size=4,
)


@given(vectors)
def test_shorter_vectors_span_the_same(given: list[dict[int, Fraction]]) -> None:
    def matrix(rows: list[dict[int, Fraction]]) -> fmpq_mat:
        from flint import fmpq

        entries = [
            [fmpq(row.get(k, Fraction(0)).numerator, row.get(k, Fraction(0)).denominator) for k in range(8)]
            for row in rows
        ]
        return fmpq_mat(entries)

    before = matrix(given)
    if before.rref()[1] < len(given):
        return  # a basis is what is made shorter
    found = shortened(given)
    after = [{k: Fraction(c) for k, c in v.items()} for v in found]
    assert matrix(after).rref()[0] == before.rref()[0]
    for v in found:
        assert np.gcd.reduce(list(v.values())) == 1
        assert v[min(v)] > 0


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(0, 2), st.integers(0, 2**32 - 1))
def test_matrices_without_kernel_are_told_from_the_others(columns: int, more: int, seed: int) -> None:
    random, p = np.random.default_rng(seed), PRIMES[0]
    rows = columns + more
    stack = random.integers(-3, 4, (40, rows, columns)).astype(float)
    # some have one on purpose
    stack[::3, :, -1] = stack[::3, :, 0] if columns > 1 else 0
    full = without_kernel(PrimeField(p), stack)
    for a, said in zip(stack, full, strict=True):
        assert said == (nmod_mat(rows, columns, [int(x) % p for x in a.ravel()], p).rank() == columns)

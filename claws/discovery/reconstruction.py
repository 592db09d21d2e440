"""Exact linear algebra for the search: kernels modulo primes, and the short integer vectors that they come from.

Untrusted: what is reconstructed from residues is a guess that the kernel of claws checks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from claws.readings.modular import PrimeField, Residues


@dataclass(frozen=True, slots=True)
class ReconstructionLimits:
    """When a vector is taken for the one that its residues come from, and how hard it is tried to make it short."""

    lll: int = 40
    """More vectors than this are not made shorter together by LLL."""
    height: int = 1_000
    """Numerator times denominator below which a reconstructed number is hardly ever an accident of one prime."""
    terms: int = 50
    """Longer vectors are not subtracted from others."""


LIMITS = ReconstructionLimits()

Combination = dict[int, Fraction]
"""A vector by its entries that are not 0: the coefficient of each of some numbered terms."""


def reconstructed(x: int, modulus: int) -> Fraction | None:
    """The rational a/b with |a|, b <= sqrt(modulus/2) that is x modulo the number; None where there is none (Wang 1981)."""
    bound = math.isqrt(modulus // 2)
    r0, r1, t0, t1 = modulus, x % modulus, 0, 1
    while r1 > bound:
        q = r0 // r1
        r0, r1, t0, t1 = r1, r0 - q * r1, t1, t0 - q * t1
    if not t1 or abs(t1) > bound:
        return None
    return Fraction(r1, t1)


def rational_vector(images: Mapping[int, Residues]) -> tuple[dict[int, Fraction] | None, bool]:
    """The rational vector with these images modulo several primes, by its non-zero entries, and whether it is sure enough.

    It is sure enough if its entries are small, or if it is found without the last prime as well. None stands for no vector.
    """
    primes = list(images)
    vector = _combined(images, primes)
    if vector is not None and all(abs(c.numerator) * c.denominator <= LIMITS.height for c in vector.values()):
        return vector, True
    if len(primes) == 1:
        return vector, False
    earlier = _combined(images, primes[:-1])
    return vector, vector is not None and vector == earlier


def _combined(images: Mapping[int, Residues], primes: Sequence[int]) -> dict[int, Fraction] | None:
    """The rational vector with these images modulo some of the primes; None where an entry is no small rational."""
    result: dict[int, Fraction] = {}
    places = sorted({int(k) for p in primes for k in np.flatnonzero(images[p])})
    for k in places:
        x, modulus = 0, 1
        for p in primes:
            # Chinese remainders, one prime at a time
            x += modulus * ((int(images[p][k]) - x) * pow(modulus, -1, p) % p)
            modulus *= p
        c = reconstructed(x, modulus)
        if c is None:
            return None
        result[k] = c
    return result


def shortened(vectors: Sequence[Mapping[int, Fraction]]) -> list[dict[int, int]]:
    """Vectors with short primitive integer entries that span the same space over Q, the sparsest first; deterministic."""
    whole = [_primitive(v) for v in vectors]
    if 1 < len(whole) <= LIMITS.lll:
        from flint import fmpz_mat

        columns = sorted({k for v in whole for k in v})
        matrix = fmpz_mat([[v.get(k, 0) for k in columns] for v in whole])
        reduced = matrix.lll()
        shorter = [
            _primitive({k: Fraction(int(reduced[i, j])) for j, k in enumerate(columns) if reduced[i, j]})
            for i in range(len(whole))
        ]
        # short in length is mostly sparse, but not always
        if sum(map(len, shorter)) <= sum(map(len, whole)):
            whole = shorter
    return sorted(whole, key=lambda v: (len(v), sorted(v), [v[k] for k in sorted(v)]))


def _primitive(v: Mapping[int, Fraction]) -> dict[int, int]:
    """The multiple of a vector with coprime integer entries, the first of them positive, in the order of their places."""
    common = math.lcm(*(c.denominator for c in v.values()))
    whole = {k: int(c * common) for k, c in sorted(v.items())}
    content = math.gcd(*whole.values())
    if next(iter(whole.values())) < 0:
        content = -content
    return {k: c // content for k, c in whole.items()}


def without_kernel(field: PrimeField, stack: Residues) -> np.ndarray:
    """Which of many matrices surely have a trivial kernel: a mask over the stack.

    The stack is matrices x rows x columns, with at least as many rows as columns.
    """
    full = np.ones(len(stack), dtype=bool)
    a = stack.copy()
    chosen = np.arange(len(stack))
    for c in range(a.shape[2]):
        pivot = np.argmax(a[:, c:, c] != 0, axis=1) + c
        good = a[np.arange(len(a)), pivot, c] != 0
        full[chosen[~good]] = False
        if not np.all(good):
            a, chosen, pivot = a[good], chosen[good], pivot[good]
        if not len(a):
            break
        each = np.arange(len(a))
        row = a[each, pivot]
        a[each, pivot] = a[:, c]
        row = field.reduce(row * field.power(row[:, c], -1)[:, None])
        a[:, c] = row
        a[:, c + 1 :, c:] = field.reduce(a[:, c + 1 :, c:] - a[:, c + 1 :, c, None] * row[:, None, c:])
    return full


# --- vectors over the rationals ----------------------------------------------------------------------------------------


def integral(v: Combination) -> Combination:
    """The multiple of a vector with coprime integer entries, the first of them positive."""
    return {k: Fraction(c) for k, c in _primitive(v).items()}


def rational_vectors(vectors: Iterable[Residues], prime: int) -> list[Combination]:
    """The vectors that have small rational entries modulo the prime, as coprime integers; the others are left out."""
    found = []
    for v in vectors:
        entries = {int(k): reconstructed(int(v[k]) % prime, prime) for k in np.flatnonzero(v)}
        if all(c is not None for c in entries.values()):
            found.append(integral({k: c for k, c in entries.items() if c is not None}))
    return found


def rational_kernel(equations: Sequence[Combination], unknowns: Sequence[int]) -> list[Combination]:
    """A basis of the vectors over the given unknowns on which all equations vanish, exactly."""
    pivots: dict[int, Combination] = {}
    for row in equations:
        row = {k: c for k, c in row.items() if c}
        for p, other in pivots.items():
            if p in row:
                row = _minus(row, row[p], other)
        if row:
            p = min(row)
            row = {k: c / row[p] for k, c in row.items()}
            pivots = {q: _minus(x, x[p], row) if p in x else x for q, x in pivots.items()}
            pivots[p] = row
    result = []
    for free in unknowns:
        if free not in pivots:
            result.append(integral({free: Fraction(1), **{p: -x[free] for p, x in pivots.items() if free in x}}))
    return sparser(result)


def sparser(vectors: Sequence[Combination]) -> list[Combination]:
    """Another basis of the same space, with fewer terms where subtracting one vector from another leaves fewer.

    The shortest vectors come first.
    """
    result = list(vectors)
    changed = True
    while changed:
        changed = False
        for i, v in enumerate(result):
            for j, w in enumerate(result):
                if i == j or len(w) > LIMITS.terms:
                    continue
                for k in w.keys() & v.keys():
                    new = _minus(v, v[k] / w[k], w)
                    if len(new) < len(v):
                        result[i] = v = integral(new)
                        changed = True
                        break
    return sorted(result, key=lambda v: (len(v), max(abs(c) for c in v.values()), sorted(v)))


def _minus(row: Combination, factor: Fraction, other: Combination) -> Combination:
    """The vector row - factor*other."""
    result = dict(row)
    for k, c in other.items():
        result[k] = result.get(k, Fraction(0)) - factor * c
    return {k: c for k, c in result.items() if c}

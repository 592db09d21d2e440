"""Exact linear algebra for the search: kernels modulo primes, and short vectors with integer entries that they come from.

Untrusted: what is reconstructed from residues is a guess that the kernel of claws checks.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from claws.readings.modular import PrimeField, Residues

MAX_LLL = 40
"""More vectors than this are not made shorter together."""

_SMALL_HEIGHT = 1_000
"""Numerator times denominator below which a reconstructed number is hardly ever an accident of one prime."""


def reconstructed(x: int, modulus: int) -> Fraction | None:
    """The rational a/b with |a|, b <= sqrt(modulus/2) that is x modulo the number, if there is one (Wang 1981)."""
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

    It is if its entries are small, or if it is found without the last prime as well.
    """
    primes = list(images)
    vector = _combined(images, primes)
    if vector is not None and all(abs(c.numerator) * c.denominator <= _SMALL_HEIGHT for c in vector.values()):
        return vector, True
    if len(primes) == 1:
        return vector, False
    earlier = _combined(images, primes[:-1])
    return vector, vector is not None and vector == earlier


def _combined(images: Mapping[int, Residues], primes: Sequence[int]) -> dict[int, Fraction] | None:
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
    if 1 < len(whole) <= MAX_LLL:
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
    """The multiple with coprime integer entries, the first of them positive."""
    common = math.lcm(*(c.denominator for c in v.values()))
    whole = {k: int(c * common) for k, c in sorted(v.items())}
    content = math.gcd(*whole.values())
    if next(iter(whole.values())) < 0:
        content = -content
    return {k: c // content for k, c in whole.items()}


def without_kernel(field: PrimeField, stack: Residues) -> np.ndarray:
    """Which of many matrices (stack x rows x columns, with at least as many rows as columns) surely have a trivial kernel."""
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

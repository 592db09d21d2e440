"""Residues modulo a prime with nilpotents: exact derivatives of any order, at one pseudo-random point.

Soundness-critical: ranks are computed over this ring. A jet of level L is an element of F_p[e1, ..., eL] with each
ek^2 = 0; it is stored by its 2^L parts, part b belonging to the product of the ek with bit k set in b. Evaluating at
x + e*v gives the derivative along v as the part of e.

What is not rational becomes a residue of its own, drawn by a hash of the argument, so that equal arguments have equal
values: exp(z), the Taylor coefficients of a declared activation. A polynomial that is not zero at such residues is not the zero
polynomial; that it is then not zero as a function is what `independence.py` checks. Piecewise functions have no place here:
`cells.py` has put their sides into the program.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import cache

from claws.kernel.core.errors import Meter, NoRoot, Refused, Undefined
from claws.kernel.core.functions import Expression, Polynomial, Property, function_of
from claws.kernel.values.evaluation import Array, Jacobian
from claws.kernel.values.evidence import Index

_MASK = (1 << 64) - 1
_STEP = 0x9E3779B97F4A7C15


def salt(*key: object) -> int:
    """A 64-bit number for a key made of numbers and texts."""
    return int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:8], "big")


def draw(start: int, k: int, modulus: int) -> int:
    """The k-th residue of a pseudo-random sequence (splitmix64)."""
    z = (start + (k + 1) * _STEP) & _MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
    return (z ^ (z >> 31)) % modulus


@cache
def products(level: int) -> tuple[tuple[int, int, int], ...]:
    """(a, b, a | b) for all parts a, b of jets whose product is not zero."""
    n = 1 << level
    return tuple((a, b, a | b) for a in range(n) for b in range(n) if not a & b)


class Jet:
    """An element of the ring. Immutable."""

    __slots__ = ("parts", "ring")

    def __init__(self, ring: JetRing, parts: Sequence[int]) -> None:
        self.ring = ring
        self.parts = parts

    def __add__(self, other: Jet) -> Jet:
        p = self.ring.modulus
        x, y = self.parts, other.parts
        if self.ring.level == 0:
            return Jet(self.ring, [(x[0] + y[0]) % p])
        return Jet(self.ring, [(a + b) % p for a, b in zip(x, y, strict=True)])

    def __mul__(self, other: Jet) -> Jet:
        p = self.ring.modulus
        x, y = self.parts, other.parts
        if self.ring.level == 0:
            return Jet(self.ring, [x[0] * y[0] % p])
        total = [0] * len(x)
        for a, b, c in products(self.ring.level):
            if x[a] and y[b]:
                total[c] += x[a] * y[b]
        return Jet(self.ring, [t % p for t in total])

    def __bool__(self) -> bool:
        return any(self.parts)


class JetRing:
    """The jets of one level modulo `modulus` (see `claws.kernel.values.evaluation.Ring`). `seed` fixes all that is drawn.

    The modulus need not be prime for what is concluded: a minor that is a unit modulo any number is not zero.
    """

    def __init__(
        self,
        modulus: int,
        level: int,
        seed: int,
        activations: Mapping[str, Property],
        meter: Meter,
        exponentials: Mapping[int, int] | None = None,
    ) -> None:
        self.modulus = modulus
        self.level = level
        self.seed = seed
        self.activations = activations
        self.meter = meter
        self.exponentials = exponentials
        """exp(z) by the residue of z, where it is not drawn."""
        self._salts: dict[tuple[str, object], int] = {}

    def number(self, value: Fraction) -> Jet:
        return Jet(self, [self.residue(value)] + [0] * ((1 << self.level) - 1))

    def residue(self, c: Fraction) -> int:
        return c.numerator * self.inverse(c.denominator) % self.modulus

    def inverse(self, x: int) -> int:
        try:
            return pow(x, -1, self.modulus)
        except ValueError:
            raise Undefined(f"a division by a number that is 0 modulo {self.modulus}") from None

    def check(self, x: Jet) -> None:
        if self.level:
            self.meter.tick(1 << self.level)

    def power(self, x: Jet, exponent: Fraction) -> Jet:
        z = x.parts[0]
        if exponent.denominator == 1:
            return self._series(x, self._power_series(exponent.numerator, z, 1, self.level))
        if exponent.denominator != 2:
            raise Undefined("only square roots have residues here")
        # z^(k/2 - j) = sqrt(z)^k * z^-j
        first = self._term(1, self.root(z), exponent.numerator)
        coefficients, binomial = [], Fraction(1)
        for j in range(self.level + 1):
            coefficients.append(self._term(first * self.residue(binomial), z, -j))
            binomial = binomial * (exponent - j) / (j + 1)
        return self._series(x, coefficients)

    def root(self, z: int) -> int:
        """The smaller square root of z (`roots.py` says what it stands for). Raises `NoRoot` where there is none."""
        m = self.modulus
        if m % 4 != 3:
            raise Undefined("square roots need a modulus of the form 4*k + 3")
        r = pow(z, (m + 1) // 4, m)
        if r * r % m != z:
            raise NoRoot(f"a square root does not exist modulo {m}")
        if not z:
            raise Undefined("a root is not differentiable at 0")
        return min(r, m - r)

    def _power_series(self, k: int, z: int, factor: int, order: int) -> list[int]:
        """The Taylor coefficients of factor*z^k."""
        # binom(k, j) for any integer k; 0 from j = k + 1 on where k >= 0, so no inverse of 0 is asked for
        binomials = [math.comb(k, j) if k >= 0 else (-1) ** j * math.comb(j - k - 1, j) for j in range(order + 1)]
        return [self._term(factor * b, z, k - j) for j, b in enumerate(binomials)]

    def _term(self, factor: int, z: int, k: int) -> int:
        """factor * z^k. Raises `Undefined` for a division by zero."""
        if not factor:
            return 0
        base = self.inverse(z) if k < 0 else z
        return factor * pow(base, abs(k), self.modulus) % self.modulus

    def _series(self, x: Jet, coefficients: Sequence[int]) -> Jet:
        """sum of c_j * (x - x0)^j, x0 the part of x without nilpotents; the powers above the level vanish."""
        total = [coefficients[0] % self.modulus] + [0] * ((1 << self.level) - 1)
        nilpotent = power = Jet(self, [0, *x.parts[1:]])
        for j in range(1, self.level + 1):
            for k, part in enumerate(power.parts):
                total[k] += coefficients[j] * part
            if j < self.level:
                power = power * nilpotent
        return Jet(self, [t % self.modulus for t in total])

    def elementary(self, function: str, x: Jet) -> tuple[Jet, Jet]:
        taylor = self._taylor(function, x.parts[0], self.level + 1)
        slope = [(j + 1) * c for j, c in enumerate(taylor[1:])]
        return self._series(x, taylor), self._series(x, slope)

    def _taylor(self, function: str, z: int, order: int) -> list[int]:
        """The coefficients f^(j)(z)/j! for j = 0, ..., order."""
        row = function_of(function, self.activations)
        if row.kinked:
            raise Undefined(f"the side of {function} is not known")
        if row.open:
            return [self.drawn(function, z, j) for j in range(order + 1)]
        return [self._value(row.on(1, j), z) * self.inverse(math.factorial(j)) % self.modulus for j in range(order + 1)]

    def _value(self, expression: Expression, z: int) -> int:
        """The residue of an expression at z, where the smooth functions in it have those that are drawn for them."""
        total = 0
        for c, k, factors in expression:
            term = self.residue(c)
            for base, e in factors:
                term = self._term(term, self.symbol(base, z) if isinstance(base, str) else self._polynomial(base, z), e)
            total += self._term(term, z, k)
        return total

    def _polynomial(self, polynomial: Polynomial, z: int) -> int:
        return sum(self.residue(c) * pow(z, k, self.modulus) for k, c in enumerate(polynomial)) % self.modulus

    def symbol(self, name: str, z: int) -> int:
        """The residue that stands for the value at z of a function with a rule.

        Functions that are made with exp are so here, and exp(0) is 1. Raises `Undefined` for a constant such as log(2).
        """
        row = function_of(name, self.activations)
        made_with = row.made_with
        if made_with is not None and made_with.moebius is not None:
            x = self._exponential(made_with.rate * z % self.modulus)
            a, b, c, d = made_with.moebius
            return (a * x + b) * self.inverse(c * x + d) % self.modulus
        if not z:
            if row.exact is not None and not row.exact[0]:
                return self.residue(row.exact[1])
            if not row.partial and not row.declared:
                raise Undefined(f"{name}(0) is a number of its own")
        if name in ("sin", "cos"):
            # any point of the circle: sin^2 + cos^2 = 1
            t = self.drawn("circle", z)
            return (2 * t if name == "sin" else 1 - t * t) * self.inverse(1 + t * t) % self.modulus
        return self.drawn(name, z)

    def _exponential(self, z: int) -> int:
        """exp(z) for an argument of this residue."""
        if self.exponentials is not None and z in self.exponentials:
            return self.exponentials[z]
        return self.drawn("exp", z) if z else 1

    def drawn(self, name: str, z: int, part: object = 0) -> int:
        """The residue drawn for a part of what a function is at z."""
        key = (name, part)
        if key not in self._salts:
            self._salts[key] = salt("value", self.seed, *key)
        return draw(self._salts[key], z, self.modulus)

    def opaque(
        self, function: str, arguments: list[Array], shapes: list[Index], shape: Index
    ) -> tuple[Array, list[Jacobian]]:
        raise Refused(f"`{function}` may be any function of whole arrays: the laws of such a model can't be counted")

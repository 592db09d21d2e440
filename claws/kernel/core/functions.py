"""The elementwise functions with a derivative rule, known or declared, and where a value is an exact rational.

Soundness-critical: the derivative rules are used by every proof. A rule is a sum of terms; a term is a coefficient, a
power of the argument z, and powers of functions of the same z. A file may declare the rule of an activation: s' is a polynomial
in s (a Pfaffian function). Then s is any solution of that equation, and a proof is one for all of them.

`relu` is not in `CHAINS`: it is z times the 0/1 mask [z > 0], away from its kink. `leaky_relu`, `abs`, `silu`, `gelu`,
`softmax`, `layernorm` and `rmsnorm` are written with these before a program is made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

from claws.kernel.core.errors import Irrational, Undefined, brief

# (coefficient, exponent of z, ((function, exponent), ...))
Rule = tuple[tuple[Fraction, int, tuple[tuple[str, int], ...]], ...]


def _rule(*terms: tuple[int, int, tuple[tuple[str, int], ...]]) -> Rule:
    return tuple((Fraction(c), k, fs) for c, k, fs in terms)


CHAINS: dict[str, Rule] = {
    "exp": _rule((1, 0, (("exp", 1),))),
    "log": _rule((1, -1, ())),
    "sin": _rule((1, 0, (("cos", 1),))),
    "cos": _rule((-1, 0, (("sin", 1),))),
    "tanh": _rule((1, 0, ()), (-1, 0, (("tanh", 2),))),
    "sigmoid": _rule((1, 0, (("sigmoid", 1),)), (-1, 0, (("sigmoid", 2),))),
    "softplus": _rule((1, 0, (("sigmoid", 1),))),
    # erf' = (2/sqrt(pi)) exp(-z^2), kept as one function so that every coefficient is rational
    "erf": _rule((1, 0, (("erf_slope", 1),))),
    "erf_slope": _rule((-2, 1, (("erf_slope", 1),))),
    # the distribution function and the density of the standard normal law: gelu(z) = z*normal_cdf(z)
    "normal_cdf": _rule((1, 0, (("normal_pdf", 1),))),
    "normal_pdf": _rule((-1, 1, (("normal_pdf", 1),))),
}
"""Derivatives: d f(z)/dz, for each known smooth function."""

KNOWN = frozenset(CHAINS) | {"relu"}


@dataclass(frozen=True, slots=True)
class Slope:
    """A declared derivative: s' is the sum of c*s^e over the terms (c, e), by rising exponent, none of them zero."""

    terms: tuple[tuple[Fraction, int], ...]

    @property
    def degree(self) -> int:
        return self.terms[-1][1]

    def at(self, value: Fraction) -> Fraction:
        """s'(z) where s(z) is this."""
        return sum((c * value**e for c, e in self.terms), start=Fraction(0))

    def text(self, name: str) -> str:
        """The polynomial, with a name for s."""
        parts: list[str] = []
        for c, e in self.terms:
            power = name if e == 1 else f"{name}^{e}" if e else ""
            size = "*".join(([str(abs(c))] if abs(c) != 1 or not power else []) + ([power] if power else []))
            parts.append((" - " if c < 0 else " + ") + size if parts else ("-" if c < 0 else "") + size)
        return "".join(parts)


Property = Fraction | Slope | None
"""What is declared of an activation: the degree of its positive homogeneity, its derivative, or nothing."""


def has_rule(function: str, activations: Mapping[str, Property]) -> bool:
    """Whether a function is smooth with a derivative rule, known or declared."""
    return function in CHAINS or isinstance(activations.get(function), Slope)


def rule_of(function: str, activations: Mapping[str, Property]) -> Rule:
    """The derivative rule of a function that has one."""
    declared = activations.get(function)
    if isinstance(declared, Slope):
        return tuple((c, 0, ((function, e),) if e else ()) for c, e in declared.terms)
    return CHAINS[function]


_AT_ZERO = {
    "exp": Fraction(1),
    "sin": Fraction(0),
    "cos": Fraction(1),
    "tanh": Fraction(0),
    "sigmoid": Fraction(1, 2),
    "erf": Fraction(0),
    "normal_cdf": Fraction(1, 2),
}


def exact_value(function: str, z: Fraction) -> Fraction:
    """f(z), where it is a rational number that is known exactly. Raises `Undefined` elsewhere."""
    if z == 0 and function in _AT_ZERO:
        return _AT_ZERO[function]
    if z == 1 and function == "log":
        return Fraction(0)
    raise Irrational(f"{function}({brief(z)}) is not known as an exact rational number")


def exact_derivative(function: str, z: Fraction) -> Fraction:
    """f'(z), in the same sense, by the rule."""
    z = Fraction(z)  # an int to a negative power would be a float
    total = Fraction(0)
    for c, k, powers in CHAINS[function]:
        term = c
        if k < 0 and z == 0:
            raise Undefined(f"{function} has no derivative at 0")
        term *= z**k
        if term:
            for name, e in powers:
                term *= exact_value(name, z) ** e
        total += term
    return total


@cache
def higher_derivative(
    function: str, order: int, declared: Property = None
) -> Mapping[tuple[int, tuple[tuple[str, int], ...]], Fraction]:
    """The derivative of this order by the rules: coefficients by (exponent of z, powers of functions of z).

    `declared` is the derivative of a function that is not a known one.
    """
    if order == 0:
        return {(0, ((function, 1),)): Fraction(1)}
    total: dict[tuple[int, tuple[tuple[str, int], ...]], Fraction] = {}

    def put(c: Fraction, k: int, powers: dict[str, int]) -> None:
        key = (k, tuple(sorted((name, e) for name, e in powers.items() if e)))
        total[key] = total.get(key, Fraction(0)) + c

    for (k, powers), c in higher_derivative(function, order - 1, declared).items():
        if k:
            put(c * k, k - 1, dict(powers))
        for name, e in powers:
            for c2, k2, more in rule_of(name, {function: declared}):
                exponents = dict(powers)
                exponents[name] -= 1
                for other, e2 in more:
                    exponents[other] = exponents.get(other, 0) + e2
                put(c * e * c2, k + k2, exponents)
    return {key: c for key, c in total.items() if c}


def exact_power(base: Fraction, exponent: Fraction) -> Fraction:
    """base^exponent as a rational. Raises `Undefined` for a zero division, a negative base under a root, a non-square."""
    if exponent == 0:
        return Fraction(1)
    if base == 0:
        if exponent > 0:
            if exponent.denominator == 1:
                return Fraction(0)
            raise Undefined("a root is not differentiable at 0")
        raise Undefined("a division by zero")
    k, q = exponent.numerator, exponent.denominator
    base = Fraction(base)
    if q > 1:
        if base < 0:
            raise Undefined(f"{brief(base)} has no real root")
        base = Fraction(_exact_root(base.numerator, q), _exact_root(base.denominator, q))
    if (base.numerator.bit_length() + base.denominator.bit_length()) * abs(k) > 1_000_000:
        raise Undefined("a power is too large a number")
    return base**k


def _exact_root(n: int, q: int) -> int:
    low, high = 0, 1 << (n.bit_length() // q + 1)
    while low < high:
        mid = (low + high) // 2
        if mid**q < n:
            low = mid + 1
        else:
            high = mid
    if low**q != n:
        raise Irrational(f"{brief(n)} is not the power {q} of an integer")
    return low

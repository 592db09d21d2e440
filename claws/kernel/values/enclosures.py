"""Real numbers between bounds: what a refutation uses where a value is not rational.

Soundness-critical: an `Interval` holds the real number that it stands for. Bounds are whole multiples of 2^-bits, rounded
outwards by every operation, so a residue whose interval leaves out 0 is not 0. The known functions are enclosed by power series
with a bound for the rest; no floating point is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, lru_cache
from math import ceil
from typing import Any

from claws.kernel.core.errors import Irrational, Meter, Undefined, brief
from claws.kernel.core.functions import Function, Property
from claws.kernel.values.evaluation import Array, Jacobian
from claws.kernel.values.evidence import Choices, Index
from claws.kernel.values.rationals import Rationals

MAX_BITS = 4096
"""The finest bounds that are computed."""

MAX_LENGTH = 40_000
"""Bounds with more binary digits than this are refused."""


class Interval:
    """A real number from low*2^-bits to high*2^-bits."""

    __slots__ = ("bits", "high", "low")

    def __init__(self, low: int, high: int, bits: int) -> None:
        self.low = low
        self.high = high
        self.bits = bits

    @staticmethod
    def of(x: Number, bits: int) -> Interval:
        """The number with bounds of this precision; an interval keeps its own."""
        if isinstance(x, Interval):
            return x
        scaled = Fraction(x) * (1 << bits)
        return Interval(scaled.__floor__(), scaled.__ceil__(), bits)

    def at(self, bits: int) -> Interval:
        """With coarser bounds."""
        drop = self.bits - bits
        return Interval(self.low >> drop, -(-self.high >> drop), bits)

    @property
    def bounds(self) -> tuple[Fraction, Fraction]:
        return Fraction(self.low, 1 << self.bits), Fraction(self.high, 1 << self.bits)

    @property
    def size(self) -> int:
        """A bound of the absolute value, in units of 2^-bits."""
        return max(abs(self.low), abs(self.high))

    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0

    def __bool__(self) -> bool:
        return True  # arrays leave out what is known to be zero

    def __add__(self, other: Number) -> Interval:
        y = Interval.of(other, self.bits)
        return Interval(self.low + y.low, self.high + y.high, self.bits)

    __radd__ = __add__

    def __mul__(self, other: Number) -> Any:
        return self.times(other) if other else 0  # exactly 0: an interval is never taken for zero

    __rmul__ = __mul__

    def times(self, other: Number) -> Interval:
        y = Interval.of(other, self.bits)
        corners = [a * b for a in (self.low, self.high) for b in (y.low, y.high)]
        return Interval(min(corners) >> self.bits, -(-max(corners) >> self.bits), self.bits)

    def inverse(self) -> Interval:
        """Raises `Undefined` where the number may be zero."""
        if not self.excludes_zero():
            raise Undefined("a division by a number that may be zero")
        one = 1 << (2 * self.bits)
        return Interval(one // self.high, -(-one // self.low), self.bits)

    def power(self, k: int) -> Interval:
        """x^k for a whole number k."""
        if k < 0:
            return self.inverse().power(-k)
        if k % 2 == 0 and self.low < 0:
            # an even power does not see the sign
            return Interval(max(0, -self.high), self.size, self.bits).power(k)
        if k == 0:
            return Interval.of(1, self.bits)
        one = 1 << (self.bits * (k - 1))  # the power is increasing from here on
        return Interval(self.low**k // one, -(-(self.high**k) // one), self.bits)

    def root(self, q: int) -> Interval:
        """x^(1/q). Raises `Undefined` unless the number is positive."""
        if self.low <= 0:
            raise Undefined("a root of a number that may be zero or negative")
        shift = self.bits * (q - 1)
        return Interval(_root(self.low << shift, q), _root(self.high << shift, q) + 1, self.bits)


Number = Interval | Fraction | int


def _root(n: int, q: int) -> int:
    """The largest integer whose power q is at most n."""
    low, high = 0, 1 << (n.bit_length() // q + 1)
    while high - low > 1:
        middle = (low + high) // 2
        if middle**q <= n:
            low = middle
        else:
            high = middle
    return low


# --- known functions -------------------------------------------------------------------------------------------------


def _series(first: Interval, following: Callable[[int, Interval], Interval], settled: int = 0) -> Interval:
    """first = t(0), and the sum of t(n + 1) = following(n, t(n)) over all n.

    From n = `settled` on, every |t(n + 1)| must be at most |t(n)|/2: the rest after t(n) is then at most |t(n)|.
    """
    total, term, n = first, first, 0
    while n < settled or term.size > 2:
        term = following(n, term)
        total = total + term
        n += 1
    return Interval(total.low - term.size, total.high + term.size, total.bits)


def _exp(x: Fraction, bits: int) -> Interval:
    if x < 0:
        return _exp(-x, bits).inverse()
    halvings = ceil(x).bit_length()
    y = x / (1 << halvings)  # at most 1, where t(n + 1)/t(n) = y/(n + 1) is at most 1/2 from n = 1 on
    value = _series(Interval.of(1, bits), lambda n, t: t.times(y / (n + 1)), 1)
    for _ in range(halvings):
        value = value.times(value)
    return value


def _odd_series(x: Fraction, sign: int, bits: int) -> Interval:
    """atanh (sign 1) or arctan (sign -1), for |x| <= 1/2: the sum of sign^n x^(2n+1)/(2n+1)."""
    return _series(
        Interval.of(x, bits),
        lambda n, t: t.times(sign * x * x * Fraction(2 * n + 1, 2 * n + 3)),
    )


@cache
def _pi(bits: int) -> Interval:
    """Machin's formula."""
    return _odd_series(Fraction(1, 5), -1, bits).times(16) + _odd_series(Fraction(1, 239), -1, bits).times(-4)


def _log(x: Fraction, bits: int) -> Interval:
    if x <= 0:
        raise Undefined("the logarithm of a number that is not positive")
    shift = x.numerator.bit_length() - x.denominator.bit_length()
    m = x / Fraction(2) ** shift  # between 1/2 and 2
    whole = _odd_series((m - 1) / (m + 1), 1, bits).times(2)  # |(m - 1)/(m + 1)| <= 1/3
    return whole + _odd_series(Fraction(1, 3), 1, bits).times(2 * shift)


def _atan(x: Fraction, bits: int) -> Interval:
    if x < 0:
        return _atan(-x, bits).times(-1)
    if x > 2:
        return _pi(bits).times(Fraction(1, 2)) + _odd_series(1 / x, -1, bits).times(-1)
    if x > Fraction(1, 2):
        # the tangent of a difference; |(x - 1)/(x + 1)| <= 1/3
        return _pi(bits).times(Fraction(1, 4)) + _odd_series((x - 1) / (x + 1), -1, bits)
    return _odd_series(x, -1, bits)


def _sin(x: Fraction, bits: int) -> Interval:
    return _series(Interval.of(x, bits), lambda n, t: t.times(-x * x / ((2 * n + 2) * (2 * n + 3))), ceil(abs(x)))


def _cos(x: Fraction, bits: int) -> Interval:
    return _series(Interval.of(1, bits), lambda n, t: t.times(-x * x / ((2 * n + 1) * (2 * n + 2))), ceil(abs(x)))


def _tanh(x: Fraction, bits: int) -> Interval:
    return _sigmoid(2 * x, bits).times(2) + -1


def _sigmoid(x: Fraction, bits: int) -> Interval:
    return (_exp(-x, bits) + 1).inverse()


def _softplus(x: Fraction, bits: int) -> Interval:
    inner = _exp(x, bits) + 1
    low, high = inner.bounds
    return Interval(_log(low, bits).low, _log(high, bits).high, bits)


def _erf_slope(x: Fraction, bits: int) -> Interval:
    """2/sqrt(pi) exp(-x^2)."""
    return _exp(-x * x, bits).times(_pi(bits).root(2).inverse()).times(2)


def _normal_pdf(x: Fraction, bits: int) -> Interval:
    """exp(-x^2/2)/sqrt(2 pi)."""
    return _exp(-x * x / 2, bits).times(_pi(bits).times(2).root(2).inverse())


def _erf(x: Fraction, bits: int) -> Interval:
    """2/sqrt(pi) exp(-x^2) times the sum of 2^n x^(2n+1)/(2n+1)!! (Abramowitz and Stegun 7.1.6)."""
    s = _series(Interval.of(x, bits), lambda n, t: t.times(2 * x * x / (2 * n + 3)), ceil(2 * x * x))
    return _erf_slope(x, bits).times(s)


def _normal_cdf(x: Fraction, bits: int) -> Interval:
    """1/2 + exp(-x^2/2)/sqrt(2 pi) times the sum of x^(2n+1)/(2n+1)!! (26.2.11)."""
    s = _series(Interval.of(x, bits), lambda n, t: t.times(x * x / (2 * n + 3)), ceil(x * x))
    return _normal_pdf(x, bits).times(s) + Fraction(1, 2)


@dataclass(frozen=True)
class _Function:
    """Bounds at a rational point; over an interval by its ends if the function increases, else by its slope, at most 1."""

    at: Callable[[Fraction, int], Interval]
    increases: bool = True
    largest: int = 256
    """Arguments up to this in absolute value are taken."""
    growth: int = 1
    """The largest term of its series is below exp(2*|x|^growth)."""


ENCLOSURES: Mapping[str, _Function] = {
    "exp": _Function(_exp),
    "tanh": _Function(_tanh),
    "sigmoid": _Function(_sigmoid),
    "softplus": _Function(_softplus),
    "erf": _Function(_erf, largest=16, growth=2),
    "normal_cdf": _Function(_normal_cdf, largest=16, growth=2),
    "sin": _Function(_sin, increases=False),
    "cos": _Function(_cos, increases=False),
    # the slope of erf_slope is at most 4/sqrt(2*pi*e) = 0.97
    "erf_slope": _Function(_erf_slope, increases=False, largest=16, growth=2),
    "normal_pdf": _Function(_normal_pdf, increases=False, largest=16, growth=2),
    "log": _Function(_log, largest=2**64, growth=0),
    "atan": _Function(_atan, largest=2**64, growth=0),
}
"""How each smooth function is enclosed; a two-sided one is enclosed by what is on its side."""


def enclose(function: str, x: Number, bits: int) -> Interval:
    """Bounds of f(x), for a known smooth function. Raises `Undefined` outside its domain, or for a large argument."""
    f = ENCLOSURES[function]
    low, high = x.bounds if isinstance(x, Interval) else (Fraction(x), Fraction(x))
    size = max(abs(low), abs(high))
    if size > f.largest:
        raise Undefined(f"an argument of {function} is too large for bounds of its value")
    work = bits + 64 + (4 * ceil(size) ** f.growth if f.growth else 0)
    if f.increases:
        first, last = _at(function, low, work), _at(function, high, work)
        return Interval(first.low, last.high, work).at(bits)
    value = _at(function, (low + high) / 2, work)
    spread = Interval.of((high - low) / 2, work).high
    return Interval(value.low - spread, value.high + spread, work).at(bits)


@lru_cache(maxsize=4096)
def _at(function: str, x: Fraction, bits: int) -> Interval:
    return ENCLOSURES[function].at(x, bits)


# --- the ring --------------------------------------------------------------------------------------------------------


class Enclosures(Rationals):
    """The ring of rational numbers where a value is one, and of intervals of a precision elsewhere (see `evaluation.Ring`)."""

    def __init__(
        self,
        activations: Mapping[str, Property],
        choices: Choices,
        bits: int,
        meter: Meter | None = None,
    ) -> None:
        super().__init__(activations, choices, meter)
        if not 0 < bits <= MAX_BITS:
            raise Undefined(f"bounds of {brief(bits)} binary digits can't be had")
        self.bits = bits

    def check(self, x: Any) -> None:
        if not isinstance(x, Interval):
            super().check(x)
        elif x.size.bit_length() > MAX_LENGTH:
            raise Undefined("a number has become too large")

    def power(self, x: Any, exponent: Fraction) -> Any:
        if not isinstance(x, Interval):
            try:
                return super().power(x, exponent)
            except Irrational:
                x = Interval.of(x, self.bits)
        k, q = exponent.numerator, exponent.denominator
        self._tick(abs(k) + q)
        return (x if q == 1 else x.root(q)).power(k)

    def side(self, row: Function, x: Any) -> int:
        if not isinstance(x, Interval):
            return super().side(row, x)
        if row.kinked and not x.excludes_zero():
            raise Undefined(f"the argument of {row.name} may be at its kink")
        return int(x.low > 0) if row.kinked else 1

    def _chosen(self, row: Function, x: Any) -> tuple[Fraction, Fraction]:
        if isinstance(x, Interval):
            raise Irrational(f"the argument of {row.name} is not rational, so no value can be chosen there")
        return super()._chosen(row, x)

    def opaque(
        self, function: str, arguments: list[Array], shapes: list[Index], shape: Index
    ) -> tuple[Array, list[Jacobian]]:
        if any(isinstance(y, Interval) for x in arguments for y in x.values()):
            raise Irrational(f"an argument of {function} is not rational, so no value can be chosen there")
        return super().opaque(function, arguments, shapes, shape)

    def smooth(self, row: Function, x: Any) -> Any:
        if not isinstance(x, Interval):
            try:
                return super().smooth(row, x)
            except Irrational:
                pass
        self._tick(self.bits)
        return enclose(row.name, x, self.bits)

    def _tick(self, steps: int) -> None:
        if self.meter is not None:
            self.meter.tick(steps)

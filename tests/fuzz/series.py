"""Arrays of truncated power series in NumPy: values, first derivatives by many variables, and nilpotents for brackets.

An entry is a polynomial in `levels` nilpotents (e^2 = 0) whose coefficients have first derivatives by some variables. Everything
is floating point and no exception is raised for a value that does not exist: it is not a number, and so is what is made of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

Numbers = Any
"""A NumPy array of floating-point numbers."""


class Algebra:
    """How many nilpotents and variables there are, and how precise the numbers are."""

    def __init__(self, levels: int, variables: int, dtype: Any = np.float64) -> None:
        self.levels = levels
        self.variables = variables
        self.dtype = dtype
        self.size = 1 << levels
        self.pairs = [(s, t) for s in range(self.size) for t in range(self.size) if not s & t]

    def plain(self, value: Any) -> Series:
        """Numbers without derivatives."""
        return Series(self, np.asarray(value, dtype=self.dtype)[..., None, None])

    def variable(self, value: Numbers, first: int) -> Series:
        """An array of variables, numbered from `first` on."""
        value = np.asarray(value, dtype=self.dtype)
        c = np.zeros((value.size, self.size, 1 + self.variables), dtype=self.dtype)
        c[:, 0, 0] = value.ravel()
        for k in range(value.size):
            c[k, 0, 1 + first + k] = 1
        return Series(self, c.reshape(*value.shape, self.size, 1 + self.variables))


class Series:
    """An array of such series: `c` has the shape of the array, then a nilpotent axis, then the value and its derivatives."""

    __slots__ = ("algebra", "c")
    __array_priority__ = 100

    def __init__(self, algebra: Algebra, c: Numbers) -> None:
        self.algebra = algebra
        self.c = c

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.c.shape[:-2])

    @property
    def is_plain(self) -> bool:
        return bool(self.c.shape[-2] * self.c.shape[-1] == 1 and self.algebra.size * (1 + self.algebra.variables) > 1)

    @property
    def value(self) -> Numbers:
        return self.c[..., 0, 0]

    @property
    def slopes(self) -> Numbers:
        """The derivatives by the variables, along a last axis."""
        return self.full().c[..., 0, 1:]

    def full(self) -> Series:
        """The same with room for derivatives."""
        if not self.is_plain:
            return self
        c = np.zeros((*self.shape, self.algebra.size, 1 + self.algebra.variables), dtype=self.algebra.dtype)
        c[..., 0, 0] = self.value
        return Series(self.algebra, c)

    def moved(self, change: Callable[[Numbers], Numbers]) -> Series:
        """The same entries elsewhere: `change` works on arrays with two more axes at the end."""
        return Series(self.algebra, change(self.c))

    def __getitem__(self, items: Any) -> Series:
        return Series(self.algebra, self.c[items])

    def reshape(self, shape: Sequence[int]) -> Series:
        return Series(self.algebra, self.c.reshape(*shape, *self.c.shape[-2:]))

    def transposed(self, order: Sequence[int] | None = None) -> Series:
        rank = len(self.shape)
        order = list(range(rank))[::-1] if order is None else list(order)
        return Series(self.algebra, self.c.transpose(*order, rank, rank + 1))

    def broadcast(self, shape: Sequence[int]) -> Series:
        return Series(self.algebra, np.broadcast_to(self.c, (*shape, *self.c.shape[-2:])))

    def total(self, axis: int | tuple[int, ...] | None = None) -> Series:
        rank = len(self.shape)
        axes = tuple(range(rank)) if axis is None else (axis,) if isinstance(axis, int) else axis
        return Series(self.algebra, self.c.sum(axis=tuple(a % rank for a in axes))) if axes else self

    def stopped(self) -> Series:
        """The same values as constants."""
        return self.algebra.plain(self.value)

    # --- arithmetic ---

    def __neg__(self) -> Series:
        return Series(self.algebra, -self.c)

    def __add__(self, other: Any) -> Series:
        other = self._with(other)
        if self.is_plain != other.is_plain:
            return Series(self.algebra, self.full().c + other.full().c)
        return Series(self.algebra, self.c + other.c)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Series:
        return self + (-self._with(other))

    def __rsub__(self, other: Any) -> Series:
        return (-self) + other

    def __mul__(self, other: Any) -> Series:
        other = self._with(other)
        if self.is_plain or other.is_plain:
            return Series(self.algebra, self.c * other.c)
        a, b = self.c, other.c
        if self.algebra.levels == 0:
            c = a[..., :1] * b
            c[..., 1:] += a[..., 1:] * b[..., :1]
            return Series(self.algebra, c)
        shape = np.broadcast_shapes(a.shape, b.shape)
        c = np.zeros(shape, dtype=self.algebra.dtype)
        for s, t in self.algebra.pairs:
            c[..., s | t, :] += a[..., s, :1] * b[..., t, :]
            c[..., s | t, 1:] += a[..., s, 1:] * b[..., t, :1]
        return Series(self.algebra, c)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Series:
        return self * power(self._with(other), Fraction(-1))

    def _with(self, other: Any) -> Series:
        return other if isinstance(other, Series) else self.algebra.plain(other)


def pair(a: Series, rows: str, b: Series, columns: str, out: str) -> Series:
    """`np.einsum` of two arrays by their letters; no letter stands twice in one place."""
    algebra = a.algebra
    if a.is_plain or b.is_plain:
        more_a, more_b = ("" if x.is_plain else "YZ" for x in (a, b))
        first, second = (x.value if x.is_plain else x.c for x in (a, b))
        c = np.einsum(f"{rows}{more_a},{columns}{more_b}->{out}{more_a or more_b}", first, second)
        return algebra.plain(c) if a.is_plain and b.is_plain else Series(algebra, c)
    shape = dict(zip(rows, a.shape, strict=True)) | dict(zip(columns, b.shape, strict=True))
    c = np.zeros((*(shape[x] for x in out), algebra.size, 1 + algebra.variables), dtype=algebra.dtype)
    for s, t in algebra.pairs:
        c[..., s | t, :] += np.einsum(f"{rows},{columns}Z->{out}Z", a.c[..., s, 0], b.c[..., t, :])
        c[..., s | t, 1:] += np.einsum(f"{rows}Z,{columns}->{out}Z", a.c[..., s, 1:], b.c[..., t, 0])
    return Series(algebra, c)


def einsum(rows: Sequence[str], operands: Sequence[Series], out: str) -> Series:
    """`np.einsum`, two arrays at a time."""
    algebra = operands[0].algebra
    left, right = _plain(rows[0], operands[0])
    for k in range(1, len(rows)):
        name, x = _plain(rows[k], operands[k])
        later = set(out).union(*rows[k + 1 :])
        keep = "".join(dict.fromkeys(c for c in left + name if c in later))
        left, right = keep, pair(right, left, x, name, keep)
    extra = "" if right.is_plain else "YZ"
    c = np.einsum(f"{left}{extra}->{out}{extra}", right.value if right.is_plain else right.c)
    return algebra.plain(c) if right.is_plain else Series(algebra, c)


def _plain(row: str, x: Series) -> tuple[str, Series]:
    """The array with no letter twice: the diagonal where one is."""
    once = "".join(dict.fromkeys(row))
    return (row, x) if once == row else (once, x.moved(lambda c: np.einsum(f"{row}YZ->{once}YZ", c)))


def stacked(items: Sequence[Series], axis: int = 0, join: bool = False) -> Series:
    """Arrays of one shape along a new axis, or joined along one that they have."""
    if not all(x.is_plain for x in items):
        items = [x.full() for x in items]
    arrays = [x.c for x in items]
    rank = len(items[0].shape)
    if join:
        return Series(items[0].algebra, np.concatenate(arrays, axis=axis % rank))
    return Series(items[0].algebra, np.stack(arrays, axis=axis))


# --- functions ---------------------------------------------------------------------------------------------------------


def composed(a: Series, taylor: Callable[[Numbers, int], Sequence[Numbers]]) -> Series:
    """f(a) for a function by its Taylor coefficients: `taylor(z, k)` has those up to the k-th at z."""
    with np.errstate(all="ignore"):
        if a.is_plain:
            return a.algebra.plain(taylor(a.value, 0)[0])
        if a.algebra.levels == 0:
            value, slope = taylor(a.value, 1)
            c = a.c * slope[..., None, None]
            c[..., 0, 0] = value
            return Series(a.algebra, c)
        order = a.algebra.levels + 1
        coefficients = taylor(a.value, order)
        step = Series(a.algebra, a.c.copy())
        step.c[..., 0, 0] = 0
        total = a.algebra.plain(coefficients[order])
        for k in reversed(range(order)):
            total = total * step + a.algebra.plain(coefficients[k])
        return total


def power(a: Series, exponent: Fraction) -> Series:
    """a^exponent: for other exponents than whole numbers the base is positive."""

    def taylor(z: Numbers, order: int) -> list[Numbers]:
        whole = exponent.denominator == 1
        if not whole:
            z = np.where(z > 0, z, np.nan)
        found, binomial = [], Fraction(1)
        for k in range(order + 1):
            e = exponent - k
            if not binomial:
                found.append(z * 0)
            else:
                factor = z.dtype.type(binomial.numerator) / binomial.denominator
                if e == 0:
                    x = z * 0 + 1
                elif whole:
                    x = z ** int(e) if e > 0 else 1 / np.where(z == 0, np.nan, z) ** int(-e)
                else:
                    x = z ** (z.dtype.type(e.numerator) / e.denominator)
                found.append(factor * x)
            binomial = binomial * e / (k + 1)
        return found

    return composed(a, taylor)


def integrated(value: Numbers, slope: Sequence[Numbers]) -> list[Numbers]:
    """The coefficients of a function of which one knows the value, and the coefficients of the derivative."""
    return [value, *(x / (k + 1) for k, x in enumerate(slope))]


def solution_taylor(value: Numbers, polynomial: Sequence[float], order: int) -> list[Numbers]:
    """The coefficients of the solution of s' = polynomial(s) with this value; the coefficient of 1 comes first."""
    s = [value]
    # powers[d] are the coefficients of s^(d + 1), as far as they are known
    powers: list[list[Numbers]] = [s, *([] for _ in polynomial[2:])]
    for k in range(order):
        total = value * 0 + (polynomial[0] if k == 0 else 0)
        for d, c in enumerate(polynomial[1:]):
            if d:
                known = powers[d - 1]
                x = s[0] * known[k]
                for i in range(1, k + 1):
                    x = x + s[i] * known[k - i]
                powers[d].append(x)
            if c:
                total = total + c * powers[d][k]
        s.append(total / (k + 1))
    return s


def _exp(z: Numbers, order: int) -> list[Numbers]:
    e = np.exp(z)
    return [e / math.factorial(k) for k in range(order + 1)]


def _log(z: Numbers, order: int) -> list[Numbers]:
    z = np.where(z > 0, z, np.nan)
    return [np.log(z), *(-((-1) ** k) / (k * z**k) for k in range(1, order + 1))]


def _sin(z: Numbers, order: int, shift: int = 0) -> list[Numbers]:
    cycle = (np.sin(z), np.cos(z), -np.sin(z), -np.cos(z))
    return [cycle[(k + shift) % 4] / math.factorial(k) for k in range(order + 1)]


def _sigmoid(z: Numbers, order: int) -> list[Numbers]:
    return solution_taylor(1 / (1 + np.exp(-z)), (0, 1, -1), order)


def _softplus(z: Numbers, order: int) -> list[Numbers]:
    return integrated(np.logaddexp(z, 0 * z), _sigmoid(z, order))[: order + 1]


def _atan(z: Numbers, order: int) -> list[Numbers]:
    q = 1 + z * z
    slope = [1 / q]
    for k in range(1, order):
        slope.append(-(2 * z * slope[-1] + (slope[-2] if k > 1 else 0)) / q)
    return integrated(np.arctan(z), slope)[: order + 1]


def _gaussian(z: Numbers, factor: Numbers, order: int) -> list[Numbers]:
    """The coefficients of factor*exp(-z^2)."""
    found = [factor * np.exp(-z * z)]
    for k in range(order):
        found.append(-2 * (z * found[k] + (found[k - 1] if k else 0)) / (k + 1))
    return found


def erf_value(z: Numbers) -> Numbers:
    """The error function, by its series: as precise as the numbers are (for arguments that are not large)."""
    w = np.clip(z, -5, 5)
    term, total, k = w, w * 1, 0
    while k < 120:
        k += 1
        term = -term * w * w / k
        total = total + term / (2 * k + 1)
    return np.where(np.abs(z) > 5, np.sign(z), total * 2 / np.sqrt(_pi(z)))


def _pi(z: Numbers) -> Numbers:
    return 4 * np.arctan(z.dtype.type(1))


def _erf(z: Numbers, order: int) -> list[Numbers]:
    return integrated(erf_value(z), _gaussian(z, 2 / np.sqrt(_pi(z)), order))[: order + 1]


SMOOTH: dict[str, Callable[[Numbers, int], Sequence[Numbers]]] = {
    "exp": _exp,
    "log": _log,
    "sin": _sin,
    "cos": lambda z, order: _sin(z, order, 1),
    "tanh": lambda z, order: solution_taylor(np.tanh(z), (1, 0, -1), order),
    "sigmoid": _sigmoid,
    "softplus": _softplus,
    "atan": _atan,
    "erf": _erf,
}
"""Elementwise functions by their Taylor coefficients."""


def smooth(name: str, a: Series) -> Series:
    return composed(a, SMOOTH[name])


def normal_cdf(a: Series) -> Series:
    """The distribution function of the standard normal law."""
    half = 1 / np.sqrt(a.algebra.dtype(2))
    return smooth("erf", a * half) * 0.5 + 0.5


def sides(a: Series, right: Callable[[Series], Series], left: Callable[[Series], Series]) -> Series:
    """A two-sided function: not a number at a kink, which is where the argument is 0 and moves; 0 where it does not move."""
    z = a.value
    still: Any = z == 0
    if not a.is_plain:
        still = still & ~np.any(a.c.reshape(*a.shape, -1)[..., 1:], axis=-1)
    positive, negative = right(a), left(a)
    if not a.is_plain:
        positive, negative = positive.full(), negative.full()
    at_kink: Any = (z == 0) & ~still
    c: Any = np.where((z > 0)[..., None, None], positive.c, negative.c)
    c = np.where(at_kink[..., None, None], np.nan, c)
    return Series(a.algebra, np.where(still[..., None, None], 0, c))


def determinant(a: Series) -> Series:
    """The determinant of the last two axes, by its first row."""
    n = a.shape[-1]
    if n == 0:
        return a.algebra.plain(np.ones(a.shape[:-2]))
    lead = (slice(None),) * (len(a.shape) - 2)
    if n == 1:
        return a[(*lead, 0, 0)]
    total: Any = 0
    for k in range(n):
        rest = [j for j in range(n) if j != k]
        minor = determinant(a[(*lead, slice(1, None))][(*lead, slice(None), rest)])
        total = a[(*lead, 0, k)] * minor * (-1) ** k + total
    return total


def product(a: Series) -> Series:
    """The product along the first axis."""
    total = a.algebra.plain(np.ones(a.shape[1:]))
    for k in range(a.shape[0]):
        total = total * a[k]
    return total

"""Sizes: polynomials in the dims with rational coefficients.

Soundness-critical: shapes are compared, and indices found to be in range, by what is here. A dim is any integer
>= 1; a statement may add conditions `c >= 0`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import total_ordering

from claws.kernel.core.errors import Malformed

MAX_PRODUCTS = 20_000
"""Two polynomials with more pairs of terms are not multiplied."""

MAX_SHAPE_TERMS = 64
MAX_SHAPE_DEGREE = 16
MAX_SHAPE_NUMBER = 10**12
"""The size of an axis has at most so many terms, such a degree, and such numerators and denominators."""

MAX_WORK = 5_000_000
"""Terms looked at while the sizes of one program are compared."""

Monomial = tuple[tuple[str, int], ...]  # ((dim, exponent >= 1), ...) sorted by dim


@total_ordering
class Size:
    """An immutable polynomial in the dims. Equal polynomials are equal objects of the same hash."""

    __slots__ = ("_hash", "terms")

    def __init__(self, terms: Mapping[Monomial, Fraction]) -> None:
        self.terms: tuple[tuple[Monomial, Fraction], ...] = tuple(sorted((m, c) for m, c in terms.items() if c))
        self._hash = hash(self.terms)

    # --- making ---

    @staticmethod
    def of(value: int | Fraction | Size) -> Size:
        if isinstance(value, Size):
            return value
        known = _CONSTANTS.get(value)
        return Size({(): Fraction(value)}) if known is None else known

    @staticmethod
    def dim(name: str) -> Size:
        return Size({((name, 1),): Fraction(1)})

    # --- arithmetic ---

    def __add__(self, other: int | Fraction | Size) -> Size:
        terms = dict(self.terms)
        for monomial, c in Size.of(other).terms:
            terms[monomial] = terms.get(monomial, Fraction(0)) + c
        return Size(terms)

    __radd__ = __add__

    def __neg__(self) -> Size:
        return Size({m: -c for m, c in self.terms})

    def __sub__(self, other: int | Fraction | Size) -> Size:
        return self + (-Size.of(other))

    def __rsub__(self, other: int | Fraction) -> Size:
        return Size.of(other) + (-self)

    def __mul__(self, other: int | Fraction | Size) -> Size:
        other = Size.of(other)
        if other is ONE:
            return self
        if self is ONE:
            return other
        if len(self.terms) * len(other.terms) > MAX_PRODUCTS:
            raise Malformed("a size has too many terms")
        terms: dict[Monomial, Fraction] = {}
        for m1, c1 in self.terms:
            for m2, c2 in other.terms:
                powers = dict(m1)
                for name, e in m2:
                    powers[name] = powers.get(name, 0) + e
                m = tuple(sorted(powers.items()))
                terms[m] = terms.get(m, Fraction(0)) + c1 * c2
        return Size(terms)

    __rmul__ = __mul__

    # --- comparing ---

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Size):
            return self.terms == other.terms
        if isinstance(other, int | Fraction):
            return self.terms == Size.of(other).terms
        return NotImplemented

    def __lt__(self, other: Size) -> bool:
        """An arbitrary total order, for canonical forms; it says nothing of the values."""
        return self.terms < other.terms

    def __hash__(self) -> int:
        return self._hash

    def __bool__(self) -> bool:
        return bool(self.terms)

    # --- reading ---

    def constant(self) -> Fraction | None:
        """The value, where no dim occurs."""
        if not self.terms:
            return Fraction(0)
        if len(self.terms) == 1 and self.terms[0][0] == ():
            return self.terms[0][1]
        return None

    def integer(self) -> int | None:
        """The value, where no dim occurs and it is an integer."""
        c = self.constant()
        return int(c) if c is not None and c.denominator == 1 else None

    def bits(self) -> int:
        """How long its numbers are, together."""
        return sum(c.numerator.bit_length() + c.denominator.bit_length() for _, c in self.terms)

    def dims(self) -> set[str]:
        return {name for m, _ in self.terms for name, _ in m}

    def at(self, sizes: Mapping[str, int | Size]) -> Size:
        """The polynomial with these dims put in; the others stay."""
        if not sizes or not self.terms:
            return self
        total = ZERO
        for monomial, c in self.terms:
            product = Size.of(c)
            for name, e in monomial:
                value = Size.of(sizes[name]) if name in sizes else Size.dim(name)
                for _ in range(e):
                    product = product * value
            total = total + product
        return total

    def __str__(self) -> str:
        parts: list[str] = []
        # highest degree first reads best; the order is fixed, so text is stable
        for monomial, c in sorted(self.terms, key=lambda t: (-sum(e for _, e in t[0]), t[0])):
            body = "*".join(name if e == 1 else f"{name}^{e}" for name, e in monomial)
            number = str(abs(c))
            text = body if body and abs(c) == 1 else f"{number}*{body}" if body else number
            sign = "-" if c < 0 else "+"
            parts.append((f" {sign} " if parts else "-" if c < 0 else "") + text)
        return "".join(parts) or "0"

    def __repr__(self) -> str:
        return f"Size({self})"


_CONSTANTS: Mapping[int | Fraction, Size] = {k: Size({(): Fraction(k)}) for k in range(-2, 33)}
ZERO = _CONSTANTS[0]
ONE = _CONSTANTS[1]


def condition_text(size: Size) -> str:
    """The condition size >= 0 with what is subtracted on the other side: `r >= 2`, `n >= m + 1`."""
    left = Size({m: c for m, c in size.terms if c > 0})
    right = Size({m: -c for m, c in size.terms if c < 0})
    return f"{left} >= {right}"


def _obviously_nonnegative(size: Size, lows: Mapping[str, int]) -> bool:
    """Whether every coefficient is >= 0 after writing each dim as its lower bound plus something >= 0."""
    shifted = size.at({name: Size.dim(name) + lows.get(name, 1) for name in size.dims()})
    return all(c >= 0 for _, c in shifted.terms)


class SizeBounds:
    """What is known of the dims: each is >= 1, and every condition is >= 0.

    Soundness-critical: `nonnegative` returns True only if the size is >= 0 for all dims that satisfy these; False
    means 'not shown'.
    """

    def __init__(self, conditions: Iterable[Size] = ()) -> None:
        self.conditions = tuple(conditions)
        self._known: dict[Size, bool] = {}
        self._work = 0
        self._lows: dict[str, int] = {}
        for c in self.conditions:
            # d - k >= 0 raises the lower bound of d to k
            names = c.dims()
            if len(names) == 1:
                (name,) = names
                rest = (c - Size.dim(name)).integer()
                if rest is not None:
                    self._lows[name] = max(self._lows.get(name, 1), -rest)

    def spend(self, amount: int) -> None:
        """Count work; raises `Malformed` for a program whose sizes are too many or too long to be compared."""
        self._work += amount
        if self._work > MAX_WORK:
            raise Malformed("the sizes of this program are too complicated")

    def check_axis(self, size: Size, what: str) -> None:
        """Raises `Malformed` unless `size` can be the size of an axis: short, whole where it is fixed, never negative."""
        self.check_short(size)
        value = size.constant()
        if value is not None and value.denominator != 1:
            raise Malformed(f"{what} {size}, which is not a whole number")
        if not self.nonnegative(size):
            raise Malformed(f"{what} {size}, which may be negative")

    def check_short(self, size: Size) -> None:
        """Raises `Malformed` for a size that is no sensible one for an axis or an index, before anything is done with it."""
        self.spend(1 + len(size.terms))
        degree = max((sum(e for _, e in m) for m, _ in size.terms), default=0)
        if len(size.terms) > MAX_SHAPE_TERMS or degree > MAX_SHAPE_DEGREE:
            raise Malformed("a size has too many terms or too high a degree")
        if any(max(abs(c.numerator), c.denominator) > MAX_SHAPE_NUMBER for _, c in size.terms):
            raise Malformed("a size has too large a number")

    def nonnegative(self, size: Size) -> bool:
        value = size.constant()
        if value is not None:
            return value >= 0
        known = self._known.get(size)
        if known is None:
            known = self._known[size] = self._nonnegative(size)
        return known

    def _nonnegative(self, size: Size) -> bool:
        # writing a monomial in shifted dims gives up to the product of (exponent + 1) terms
        for s in (size, *(size - c for c in self.conditions)):
            for monomial, _ in s.terms:
                work = 1
                for _, e in monomial:
                    work *= e + 1
                self.spend(work * (1 + sum(e for _, e in monomial)))
        if _obviously_nonnegative(size, self._lows):
            return True
        return any(_obviously_nonnegative(size - c, self._lows) for c in self.conditions)

    def positive(self, size: Size) -> bool:
        """Whether an integer-valued size is >= 1, in the same sense."""
        return self.nonnegative(size - 1)

    def hold_at(self, sizes: Mapping[str, int]) -> bool:
        """Whether these numbers, one for every dim that occurs, satisfy all that is known."""
        if any(n < 1 for n in sizes.values()):
            return False
        for c in self.conditions:
            value = c.at(sizes).constant()
            if value is None:
                raise Malformed(f"the condition {c} >= 0 mentions a dim that has no size")
            if value < 0:
                return False
        return True

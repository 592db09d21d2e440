"""Polynomials over Q for laws at fixed sizes: every entry of every leaf is a variable.

Soundness-critical: a law whose residue is the zero polynomial here is PROVED at those sizes.

A polynomial is a dict from monomials to non-zero coefficients; a monomial maps variables to exponents, which may be negative
or fractional where a power of the variable occurs in the program. What is not a polynomial becomes a variable
of its own: the base of a negative or fractional power (with the base as its definition), the value of a function at
an argument (one variable for equal arguments), the 0/1 mask of two-sided functions such as `relu`. Variables of functions are
treated as independent of the rest, which is sound for proofs: an identity in independent variables holds for their values.

Values of exponentials and logarithms are rewritten over as few variables as can be: e^(a + 2*b) is e^a*(e^b)^2 where both of
these were met, e^(c*log(u)) is u^c, and log(a*b) is log(a) + log(b) where a is positive by its form. Of other functions only that
is used which relates a value at -x to that at x (`Function.reflection`).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

from claws.kernel.core.errors import Meter, OutOfBudget, Undefined
from claws.kernel.core.functions import Function, Property, function_of
from claws.kernel.values.evaluation import Array, Element, Jacobian, indices
from claws.kernel.values.evidence import Index
from claws.kernel.values.expressions import value_of

Key = TypeVar("Key")

Monomial = tuple[tuple[int, Fraction | int], ...]  # ((variable, exponent), ...) by variable

MAX_BITS = 200_000
"""A coefficient that is longer is refused."""

MAX_DEGREE = 1_000_000
"""So is a higher exponent."""


MAX_EXPONENT = 1_000_000
"""Of e^(c*z) with a numerator or denominator of c beyond, e^z is not looked for."""


@dataclass(slots=True)
class Variable:
    """A variable. `definition` is its value in earlier variables, or None where it is taken to be independent."""

    text: str
    definition: Polynomial | None = None
    zero_one: bool = False
    positive: bool = False
    """Whether its values are positive wherever there are any."""
    row: Function | None = None
    """The exponential or the logarithm whose value it is, if it is one."""
    argument: Polynomial | None = None
    """At which argument."""


@dataclass(frozen=True, slots=True)
class Exponent:
    """A combination of arguments of exponentials: `terms` is the sum of e * (the argument of v) over v and e in `powers`. It has
    the coefficient 1 at `pivot`, where no later combination has any.
    """

    pivot: Monomial
    terms: Mapping[Monomial, Fraction]
    powers: Mapping[int, Fraction]


class Polynomial:
    """An element of a `Polynomials` ring. Immutable by convention."""

    __slots__ = ("ring", "terms")

    def __init__(self, ring: Polynomials, terms: dict[Monomial, Fraction]) -> None:
        self.ring = ring
        self.terms = terms

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __add__(self, other: Polynomial) -> Polynomial:
        if not other.terms:
            return self
        if not self.terms:
            return other
        small, large = (self, other) if len(self.terms) < len(other.terms) else (other, self)
        self.ring.meter.tick(len(small.terms) + len(large.terms) // 8)
        total = dict(large.terms)
        for m, c in small.terms.items():
            new = total.get(m, Fraction(0)) + c
            if new:
                self.ring.bounded(new)
                total[m] = new
            else:
                del total[m]
        return Polynomial(self.ring, total)

    def __mul__(self, other: Polynomial) -> Polynomial:
        a, b = len(self.terms), len(other.terms)
        # long monomials take longer to multiply
        lengths = b * sum(map(len, self.terms)) + a * sum(map(len, other.terms))
        self.ring.meter.tick(1 + a * b + lengths // 8)
        total: dict[Monomial, Fraction] = {}
        for m1, c1 in self.terms.items():
            for m2, c2 in other.terms.items():
                m = self.ring.multiply(m1, m2)
                new = total.get(m, Fraction(0)) + c1 * c2
                if new:
                    self.ring.bounded(new)
                    total[m] = new
                else:
                    del total[m]
        return Polynomial(self.ring, total)

    def key(self) -> Hashable:
        return frozenset(self.terms.items())

    def __str__(self) -> str:
        parts = []
        for m, c in sorted(self.terms.items(), key=lambda t: (len(t[0]), t[0])):
            names = [self.ring.variables[v].text + ("" if e == 1 else f"^{e}") for v, e in m]
            parts.append("*".join(([str(c)] if c != 1 or not names else []) + names))
        return " + ".join(parts) or "0"


def _is_short(c: Fraction) -> bool:
    return abs(c.numerator) <= MAX_EXPONENT and c.denominator <= MAX_EXPONENT


def _subtract(total: dict[Key, Fraction], terms: Mapping[Key, Fraction], c: Fraction) -> None:
    """Subtract c times the terms in place."""
    for key, value in terms.items():
        new = total.get(key, Fraction(0)) - c * value
        if new:
            total[key] = new
        else:
            total.pop(key, None)


class Polynomials:
    """The ring, with its variables made as they are met. Work is counted by `meter`."""

    def __init__(self, activations: Mapping[str, Property], meter: Meter) -> None:
        self.activations = activations
        self.meter = meter
        self.variables: list[Variable] = []
        self._interned: dict[Hashable, int] = {}
        self._exponents: list[Exponent] = []
        self._exponentials: dict[Hashable, Polynomial] = {}

    # --- variables and monomials -----------------------------------------------------------------------------

    def variable(
        self,
        key: Hashable,
        text: str,
        definition: Polynomial | None = None,
        zero_one: bool = False,
        positive: bool = False,
    ) -> Polynomial:
        """The variable of this key. Equal keys must mean equal values."""
        number = self._interned.get(key)
        if number is None:
            # a variable takes the memory of several steps
            self.meter.tick(10)
            number = self._interned[key] = len(self.variables)
            self.variables.append(Variable(text, definition, zero_one, positive))
        return Polynomial(self, {((number, 1),): Fraction(1)})

    def multiply(self, a: Monomial, b: Monomial) -> Monomial:
        if not a:
            return b
        if not b:
            return a
        powers = dict(a)
        for v, e in b:
            powers[v] = powers.get(v, 0) + e
        return tuple((v, 1 if self.variables[v].zero_one else powers[v]) for v in sorted(powers) if powers[v])

    # --- the ring (see `claws.kernel.values.evaluation.Ring`) ------------------------------------------------------------

    def check(self, x: Polynomial) -> None:
        """Growth is bounded by the meter, which counts monomials, and by `bounded`."""

    def bounded(self, c: Fraction) -> None:
        """Count the length of a coefficient; raises `OutOfBudget` where it is too long."""
        bits = c.numerator.bit_length() + c.denominator.bit_length()
        if bits > 2000:
            if bits > MAX_BITS:
                raise OutOfBudget("a coefficient has become too large")
            self.meter.tick(bits * bits // 1_000_000)

    def number(self, value: Fraction) -> Polynomial:
        return Polynomial(self, {(): value} if value else {})

    def power(self, x: Polynomial, exponent: Fraction) -> Polynomial:
        if exponent == 0:
            return self.number(Fraction(1))
        if not x.terms:
            if exponent > 0:
                return x
            raise Undefined("the expression divides by something that is zero everywhere")
        whole = exponent.denominator == 1
        if len(x.terms) == 1:
            ((m, c),) = x.terms.items()
            self._bounded_power(m, c, exponent)
            masks = any(self.variables[v].zero_one for v, _ in m)
            if whole and not masks:
                return Polynomial(self, {tuple((v, e * exponent) for v, e in m): c ** int(exponent)})
            single = len(m) == 1 and m[0][1] == 1 and not masks
            # the root of a product of positive numbers is that of their roots
            if c == 1 and (single or all(self.variables[v].positive for v, _ in m)):
                return Polynomial(self, {tuple((v, e * exponent) for v, e in m): Fraction(1)})
        if whole and exponent > 0:
            result = self.number(Fraction(1))
            for bit in bin(int(exponent))[2:]:
                result = result * result
                if bit == "1":
                    result = result * x
            return result
        text = f"base#{len(self.variables)}"
        base = self.variable(("base", x.key()), text, definition=x, positive=self._is_positive(x))
        ((m, _),) = base.terms.items()
        return Polynomial(self, {((m[0][0], exponent),): Fraction(1)})

    def _bounded_power(self, m: Monomial, c: Fraction, exponent: Fraction) -> None:
        bits = c.numerator.bit_length() + c.denominator.bit_length()
        if bits > 2 and bits * abs(exponent) > MAX_BITS:
            raise OutOfBudget("a coefficient has become too large")
        if any(abs(e * exponent) > MAX_DEGREE for _, e in m):
            raise OutOfBudget("an exponent has become too large")

    def elementary(self, function: str, x: Element) -> tuple[Element, Element]:
        self.meter.tick(len(x.terms))
        row = function_of(function, self.activations)
        if row.open:
            if row.degree == 0:
                return self.value(function, x), self.number(Fraction(0))
            slope = self.variable(("slope", function, x.key()), f"{function}'#{len(self.variables)}")
            if row.degree is not None:
                # Euler: f(z) = f'(z)*z/k for f positively homogeneous of degree k
                return slope * x * self.number(1 / row.degree), slope
            return self.value(function, x), slope

        def on(side: int, order: int) -> Polynomial:
            found: Polynomial = value_of(row.on(side, order), x, self, lambda f: self.value(f, x))
            return found

        if row.sides is None:
            return on(1, 0), on(1, 1)
        # f(z) = [z > 0]*right(z) + (1 - [z > 0])*left(z)
        mask = self._mask(function, x)
        unmasked = self.number(Fraction(1)) + mask * self.number(Fraction(-1))
        value, slope = (mask * on(1, order) + unmasked * on(0, order) for order in (0, 1))
        return value, slope

    def _is_positive(self, x: Polynomial) -> bool:
        """Whether all values are positive, by its form. False means 'not shown'."""
        return bool(x.terms) and all(
            c > 0 and all(self.variables[v].positive for v, _ in m) for m, c in x.terms.items()
        )

    # --- values of functions -------------------------------------------------------------------------------------

    def value(self, function: str, x: Polynomial) -> Polynomial:
        """f(x). Soundness-critical: all that is known of values at different arguments is used here."""
        row = function_of(function, self.activations)
        if row.exponential:
            return self._exponential(row, x)
        if row.logarithm:
            return self._logarithm(row, x)
        if row.exact is not None and x.terms == self.number(row.exact[0]).terms:
            return self.number(row.exact[1])
        if row.reflection is not None and x.terms and x.terms[min(x.terms)] < 0:
            opposite = x * self.number(Fraction(-1))
            found: Polynomial = value_of(row.reflection, opposite, self, lambda f: self.value(f, opposite))
            return found
        return self.new_value(row, x)

    def new_value(self, row: Function, x: Polynomial) -> Polynomial:
        """The variable that stands for f(x)."""
        # kinds of keys stay apart whatever an activation is called
        key = ("value", row.name, x.key())
        result = self.variable(key, f"{row.name}#{len(self.variables)}", positive=row.positive)
        if row.exponential or row.logarithm:
            variable = self.variables[self._number_of(result)]
            variable.row, variable.argument = row, x
        return result

    def _number_of(self, variable: Polynomial) -> int:
        ((((number, _),), _),) = variable.terms.items()
        return number

    def _exponential(self, row: Function, x: Polynomial) -> Polynomial:
        """e^x, as powers of earlier values where x is a rational combination of their arguments. Soundness-critical.

        e^(c*log(u)) = u^c wherever log(u) has a value; all exponentials are positive, so that their roots are the positive ones.
        """
        known = self._exponentials.get(x.key())
        if known is not None:
            return known
        result = self.number(Fraction(1))
        rest: dict[Monomial, Fraction] = {}
        for m, c in x.terms.items():
            inside = self._inside_logarithm(m) if _is_short(c) else None
            if inside is None:
                rest[m] = c
            else:
                result = result * self.power(inside, c)
        if rest:
            powers = self._powers(row, Polynomial(self, rest))
            result = result * Polynomial(self, {tuple(sorted((v, e) for v, e in powers.items() if e)): Fraction(1)})
        self._exponentials[x.key()] = result
        return result

    def _inside_logarithm(self, m: Monomial) -> Polynomial | None:
        """The u of a monomial that is log(u)."""
        if len(m) != 1 or m[0][1] != 1:
            return None
        variable = self.variables[m[0][0]]
        return variable.argument if variable.row is not None and variable.row.logarithm else None

    def _powers(self, row: Function, x: Polynomial) -> dict[int, Fraction]:
        """The exponents e with e^x = product of v^e over variables v for exponentials, by linear algebra over their arguments.

        Soundness-critical: x is the sum of e * (the argument of v).
        """
        left, powers = dict(x.terms), dict[int, Fraction]()
        self.meter.tick(len(left) + len(self._exponents))
        for known in self._exponents:
            c = left.get(known.pivot)
            if c:
                self.bounded(c)
                self.meter.tick(len(known.terms) + len(known.powers))
                _subtract(left, known.terms, c)
                _subtract(powers, known.powers, -c)
        if left:
            v = self._number_of(self.new_value(row, x))
            pivot = min(left)
            scale = 1 / left[pivot]
            # what is left is x less the combination that was found
            rows = {v: Fraction(1)}
            _subtract(rows, powers, Fraction(1))
            terms = {m: c * scale for m, c in left.items()}
            self._exponents.append(Exponent(pivot, terms, {w: e * scale for w, e in rows.items()}))
            powers = {v: Fraction(1)}
        if not all(map(_is_short, powers.values())):
            raise OutOfBudget("an exponent has become too large")
        return powers

    def _logarithm(self, row: Function, x: Polynomial) -> Polynomial:
        """log(x), with factors of x that are positive by their form outside: log(p*y) = log(p) + log(y). Soundness-critical.

        The two sides have a value at the same points, as p is positive.
        """
        if not x.terms:
            return self.new_value(row, x)
        first = min(x.terms)
        # the lowest power of each variable: what is left has it in no denominator
        monomials = [dict(m) for m in x.terms]
        positive = {v for m in monomials for v in m if self.variables[v].positive}
        shared = {v: e for v in positive if (e := min(m.get(v, 0) for m in monomials))}
        self.meter.tick(len(positive) * len(monomials))
        size = abs(x.terms[first])
        total = self.number(Fraction(0))
        for v, e in shared.items():
            total = total + self._logarithm_of_variable(row, v) * self.number(Fraction(e))
        if size != 1:
            total = total + self.new_value(row, self.number(size))
        inverse = Polynomial(self, {tuple(sorted((v, -e) for v, e in shared.items())): 1 / size})
        rest = x * inverse
        return total if rest.terms == {(): 1} else total + self.new_value(row, rest)

    def _logarithm_of_variable(self, row: Function, v: int) -> Polynomial:
        """log(v), for a variable that is positive."""
        variable = self.variables[v]
        if variable.argument is not None and variable.row is not None and variable.row.exponential:
            return variable.argument
        if variable.definition is not None:
            return self._logarithm(row, variable.definition)
        return self.new_value(row, Polynomial(self, {((v, 1),): Fraction(1)}))

    def _mask(self, function: str, x: Polynomial) -> Polynomial:
        """[x > 0] away from 0; the same variable for c*x with c > 0, and 1 minus it for c < 0."""
        if not x.terms:
            raise Undefined(f"a {function} stands at its kink everywhere")
        lead = x.terms[min(x.terms)]
        monic = x * self.number(1 / lead)
        mask = self.variable(("mask", monic.key()), f"relu'#{len(self.variables)}", zero_one=True)
        return mask if lead > 0 else self.number(Fraction(1)) + mask * self.number(Fraction(-1))

    def opaque(
        self, function: str, arguments: list[Array], shapes: list[Index], shape: Index
    ) -> tuple[Array, list[Jacobian]]:
        key = (tuple(shapes), shape, tuple(frozenset((i, y.key()) for i, y in x.items()) for x in arguments))
        value: Array = {}
        jacobian: list[Jacobian] = [{} for _ in arguments]
        for i in indices(shape):
            value[i] = self.variable(("opaque", function, key, i), f"{function}{list(i)}")
            for k, argument_shape in enumerate(shapes):
                for j in indices(argument_shape):
                    self.meter.tick()
                    text = f"D{k}{function}{list(i)}{list(j)}"
                    jacobian[k][i, j] = self.variable(("jacobian", function, key, i, k, j), text)
        return value, jacobian

    # --- the zero test -------------------------------------------------------------------------------------------

    def vanishes(self, x: Polynomial) -> bool:
        """Whether x is zero once the definitions are opened, latest variable first. Soundness-critical.

        A variable v with a definition and negative exponents is cleared first: every term is multiplied by a power of v,
        which is not zero where v^-1 has a value.
        """
        while x.terms:
            open_here = [
                v for m in x.terms for v, e in m if self.variables[v].definition is not None and (e >= 1 or e < 0)
            ]
            if not open_here:
                return False
            x = self._open(x, max(open_here))
        return True

    def _open(self, x: Polynomial, v: int) -> Polynomial:
        definition = self.variables[v].definition
        if definition is None:
            raise Undefined("a variable without a definition cannot be opened")
        lowest = min(min((e for w, e in m if w == v), default=0) for m in x.terms)
        shift = -lowest if lowest < 0 else 0
        total = self.number(Fraction(0))
        for m, c in x.terms.items():
            e = Fraction(sum(e for w, e in m if w == v) + shift)
            whole = e.numerator // e.denominator
            rest = tuple((w, f) for w, f in m if w != v)
            part = Polynomial(self, {self.multiply(rest, ((v, e - whole),) if e != whole else ()): c})
            total = total + part * self.power(definition, Fraction(whole))
        return total

"""Elementwise functions of tensors: values, derivatives, and what relates values at different arguments.

Soundness-critical. The value of a function at an argument is a symbol of its own, taken to be independent of others, but for what
is known of exponentials, of logarithms, and of values at -z. Where a term of the argument does not depend on some leg, nor
does its factor of the exponential: e^(a[i] + b[j]) = e^a[i] * e^b[j].
"""

from __future__ import annotations

from fractions import Fraction

from claws.kernel.core.functions import Expression, Function, Polynomial, function_of
from claws.kernel.core.program import Shape
from claws.kernel.core.sizes import ONE, Size
from claws.kernel.laws.algebra import Algebra
from claws.kernel.laws.evidence import Network
from claws.kernel.laws.symbols import NetworkTerm, Symbol, Tensor

MAX_SUMMANDS = 12
"""An argument of the exponential is taken apart into at most so many terms."""

MAX_EXPONENT = 1_000_000
"""Of e^(c*z) with a numerator or denominator of c beyond, e^z is not looked for."""


class FunctionValues(Algebra):
    """The tensors of one program with functions that are applied to them elementwise."""

    def apply(self, function: str, z: Tensor) -> Tensor:
        """f(z), elementwise; z has at most one term. Soundness-critical."""
        row = function_of(function, self._activations)
        if row.sides is not None:
            # at 0 both sides have one value
            return self._two_sided(row, 0, z) if z.terms else self._expression(row.on(1), z)
        if row.open and row.degree:
            # Euler: f(z) = f'(z)*z/k for f positively homogeneous of degree k
            if z.terms:
                return self.add((1 / row.degree, self.hadamard(self._slope(function, z), z)))
            return self.power(z, row.degree)
        return self._value_at(function, z)

    def _two_sided(self, row: Function, order: int, z: Tensor) -> Tensor:
        """A derivative of a two-sided function away from 0: [z > 0]*right(z) + (1 - [z > 0])*left(z). Soundness-critical."""
        right, left = row.on(1, order), row.on(0, order)
        mask = self._mask(z)
        parts = [self.hadamard(mask, self._expression(right, z))]
        if left:
            unmasked = self.add((Fraction(1), self.power(z, Fraction(0))), (Fraction(-1), mask))
            parts.append(self.hadamard(unmasked, self._expression(left, z)))
        return self.add(*((Fraction(1), part) for part in parts))

    def _expression(self, expression: Expression, z: Tensor) -> Tensor:
        """The value of an expression at z, elementwise; z has at most one term. Soundness-critical."""
        parts: list[tuple[Fraction | Size, Tensor]] = []
        for c, k, factors in expression:
            tensors = [self.power(z, Fraction(k))]
            for base, e in factors:
                x = self.as_one_term(self._value_at(base, z)) if isinstance(base, str) else self._polynomial(base, z)
                tensors.append(self.power(x, Fraction(e)))
            parts.append((c, self.hadamard(*tensors)))
        return self.add(*parts) if parts else Tensor(z.shape, {})

    def _polynomial(self, polynomial: Polynomial, z: Tensor) -> Tensor:
        """A polynomial in z, elementwise, as at most one term."""
        return self.as_one_term(self.add(*((c, self.power(z, Fraction(k))) for k, c in enumerate(polynomial) if c)))

    # --- values of smooth functions -----

    def _value_at(self, function: str, z: Tensor) -> Tensor:
        """f(z), elementwise; z has at most one term. Soundness-critical: it relates values at different arguments."""
        row = function_of(function, self._activations)
        if row.exponential:
            return self._exponential(row, z)
        if row.logarithm:
            return self._logarithm(row, z)
        if row.exact is not None and z.terms == self._constant(row.exact[0], z.shape).terms:
            return self._constant(row.exact[1], z.shape)
        if row.reflection is not None and z.terms:
            ((_, c),) = z.terms.items()
            constant = c.constant()
            if constant is not None and constant < 0:
                return self._expression(row.reflection, self.add((Fraction(-1), z)))
        return self.single(self._value_symbol(row, z))

    def _value_symbol(self, row: Function, z: Tensor) -> Symbol:
        """The symbol of f(z). Its kind keeps it apart whatever an activation is called."""
        symbol = self.symbol("value", (row.name, z.key()), z.shape, row.name, positive=row.positive)
        symbol.row, symbol.argument = row, z
        return symbol

    def _constant(self, value: Fraction, shape: Shape) -> Tensor:
        """The array of this shape with this value everywhere."""
        return Tensor(shape, {(): Size.of(value)} if value else {})

    def _exponential(self, row: Function, z: Tensor) -> Tensor:
        """e^z as a product, with a factor for each term of z. Soundness-critical.

        e^(c*y) is the power c of e^y, a positive number, for a rational c; e^(c*log(u)) = u^c wherever log(u) has a value.
        """
        term = NetworkTerm(ONE, [], {})
        for network, coefficient in self._expanded(z).terms.items():
            for monomial, q in coefficient.terms:
                short = abs(q.numerator) <= MAX_EXPONENT and q.denominator <= MAX_EXPONENT
                exponent = q if short else Fraction(1)
                size = Size({monomial: q / exponent})
                inside = self._inside_logarithm(network, len(z.shape)) if size == ONE else None
                if inside is not None:
                    base, legs = self.power(inside, exponent), network[0][2]
                else:
                    own, legs = self._own(network, size, z.shape)
                    base = self.single(self._value_symbol(row, own), exponent)
                if not base.terms:
                    return Tensor(z.shape, {})
                ((factors, c),) = base.terms.items()
                term.coefficient = term.coefficient * c
                term.factors += self._placed(factors, legs, term.bound)
        total: dict[Network, Size] = {}
        self._collect(total, term, len(z.shape))
        return Tensor(z.shape, total)

    def _expanded(self, z: Tensor) -> Tensor:
        """The same array with definitions opened, as far as there are not more than a few terms; whole powers only."""
        while True:
            latest = -1
            for network in z.terms:
                for s, e, _ in network:
                    if e >= 1 and self.symbols[s].definition is not None:
                        latest = max(latest, s)
            if latest < 0:
                return z
            symbol = self.symbols[latest]
            assert symbol.definition is not None
            each, count = len(symbol.definition.terms), 0
            for network in z.terms:
                times = sum(int(e) for s, e, _ in network if s == latest and e >= 1)
                count += each ** min(times, MAX_SUMMANDS)
            if count > MAX_SUMMANDS:
                return z
            z = self._open(z, symbol)

    def _inside_logarithm(self, network: Network, rank: int) -> Tensor | None:
        """The u of a network that is log(u), at some indices, none of them summed: e^(sum of logarithms) is a product."""
        if len(network) != 1 or network[0][1] != 1 or any(i >= rank for i in network[0][2]):
            return None
        symbol = self.symbols[network[0][0]]
        return symbol.argument if symbol.row is not None and symbol.row.logarithm else None

    def _own(self, network: Network, coefficient: Size, shape: Shape) -> tuple[Tensor, tuple[int, ...]]:
        """A term of an array of this shape as an array with the legs that occur in it, and these legs."""
        rank = len(shape)
        legs = tuple(sorted({i for _, _, ix in network for i in ix if 0 <= i < rank}))
        names = {leg: k for k, leg in enumerate(legs)}
        # indices that are summed are numbered from the legs on
        less = rank - len(legs)
        own = tuple(
            (s, e, tuple(names[i] if 0 <= i < rank else i - less if i >= rank else i for i in ix))
            for s, e, ix in network
        )
        return Tensor(tuple(shape[i] for i in legs), {own: coefficient}), legs

    def _logarithm(self, row: Function, z: Tensor) -> Tensor:
        """log(z) with factors that are positive by their form outside: log(p*y) = log(p) + log(y). Soundness-critical.

        The two sides have a value at the same points, as p is positive.
        """
        if not z.terms:
            return self.single(self._value_symbol(row, z))
        ((network, c),) = z.terms.items()
        rank, constant = len(z.shape), c.constant()
        # c is a positive size times a rest of unknown sign
        size, left = (c, ONE) if self.is_positive_number(c) else (ONE, c)
        if constant is not None and constant < 0:
            size, left = -c, Size.of(-1)
        parts: list[tuple[Fraction | Size, Tensor]] = []
        if size != ONE:
            of_size = self._value_symbol(row, self.scalar(size))
            parts.append((ONE, self._spread(self.single(of_size), (), z.shape)))
        rest = []
        for s, e, ix in network:
            symbol = self.symbols[s]
            if not symbol.positive or any(i >= rank for i in ix):
                rest.append((s, e, ix))
            else:
                parts.append((e, self._spread(self._logarithm_of_symbol(row, symbol), ix, z.shape)))
        if rest or left != ONE:
            own, legs = self._own(tuple(rest), left, z.shape)
            parts.append((ONE, self._spread(self.single(self._value_symbol(row, own)), legs, z.shape)))
        return self.add(*parts) if parts else Tensor(z.shape, {})

    def _logarithm_of_symbol(self, row: Function, symbol: Symbol) -> Tensor:
        """log(s), for a symbol that is positive."""
        if symbol.row is not None and symbol.row.exponential and symbol.argument is not None:
            return symbol.argument
        if symbol.definition is not None and len(symbol.definition.terms) == 1:
            return self._logarithm(row, symbol.definition)
        return self.single(self._value_symbol(row, self.single(symbol)))

    # --- what is free -----

    def _mask(self, z: Tensor) -> Tensor:
        """[z > 0] away from 0. [c*z > 0] is [z > 0] for c > 0 and 1 - [z > 0] for c < 0."""
        ((network, c),) = z.terms.items()
        constant = c.constant()
        if constant is None:
            return self.single(self.symbol("mask", z.key(), z.shape, "relu'"))
        monic = Tensor(z.shape, {network: ONE})
        mask = self.single(self.symbol("mask", monic.key(), z.shape, "relu'"))
        if constant > 0:
            return mask
        return self.add((Fraction(1), self.power(z, Fraction(0))), (Fraction(-1), mask))

    def _slope(self, function: str, z: Tensor) -> Tensor:
        """f'(z), elementwise, where nothing is known of it: a symbol of its own."""
        return self.single(self.symbol("slope", (function, z.key()), z.shape, function + "'"))

    def derivative(self, function: str, z: Tensor) -> Tensor:
        """f'(z), elementwise; z has at most one term. Soundness-critical."""
        row = function_of(function, self._activations)
        if row.sides is not None:
            return self._two_sided(row, 1, z) if z.terms else self._slope(function, z)
        if row.derivative is not None:
            return self._expression(row.derivative, z)
        if row.degree == 0:
            # f(s*z) = f(z) for all s > 0: f is constant on each side of 0
            return Tensor(z.shape, {})
        return self._slope(function, z)

"""The polynomial reading on python-flint: rational functions over Q at fixed sizes.

Untrusted: it tells quickly whether a residue vanishes identically, before the kernel is asked to prove it with its own, slower
polynomials. Elements are fractions of FLINT polynomials; the variables are the entries of the leaves and, as they are met, the
values of functions (the same for equal arguments). How values at different arguments are related, as exp(a)*exp(b) = exp(a + b),
is left to the kernel's polynomials.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from fractions import Fraction
from typing import Any

import flint

from claws.kernel.core.errors import Meter, Undefined
from claws.kernel.core.functions import Property, function_of
from claws.kernel.core.program import ROLES, count_entries
from claws.kernel.core.statement import Statement
from claws.kernel.values.evaluation import Array, Jacobian, directional, fixed, indices
from claws.kernel.values.evidence import Index
from claws.kernel.values.residues import law_directions, law_drift
from claws.readings.functions import value_of
from claws.readings.limits import LIMITS


class RationalFunction:
    """numerator / denominator, in lowest terms."""

    __slots__ = ("bottom", "top")

    def __init__(self, top: Any, bottom: Any) -> None:
        # FLINT's work can't be metered, so it is bounded beforehand
        terms, degree = max(len(top), len(bottom)), max(top.total_degree(), bottom.total_degree())
        if terms > LIMITS.terms or degree > LIMITS.degree:
            raise Undefined("the polynomials are too large")
        if bottom != 1:
            common = top.gcd(bottom)
            if common != 1:
                top, bottom = top / common, bottom / common
        self.top = top
        self.bottom = bottom

    def __bool__(self) -> bool:
        return bool(self.top != 0)

    def __add__(self, other: RationalFunction) -> RationalFunction:
        if self.bottom == other.bottom:
            return RationalFunction(self.top + other.top, self.bottom)
        return RationalFunction(self.top * other.bottom + other.top * self.bottom, self.bottom * other.bottom)

    def __mul__(self, other: RationalFunction) -> RationalFunction:
        if len(self.top) * len(other.top) > 50 * LIMITS.terms:
            raise Undefined("the polynomials are too large")
        return RationalFunction(self.top * other.top, self.bottom * other.bottom)

    def key(self) -> Hashable:
        lead = self.bottom.leading_coefficient()
        return (str(self.top / lead), str(self.bottom / lead))


class FlintRing:
    """Rational functions in named variables (see `claws.kernel.values.evaluation.Ring`)."""

    def __init__(self, names: list[str], activations: Mapping[str, Property]) -> None:
        context = flint.fmpq_mpoly_ctx.get(
            tuple(f"v{k}" for k in range(len(names) + LIMITS.function_values)), "degrevlex"
        )
        self.activations = activations
        self._one = context.constant(1)
        self._gens = context.gens()
        self._names = {name: k for k, name in enumerate(names)}
        self._spare: dict[Hashable, int] = {}
        self.related = False
        """Whether functions were met whose values at different arguments may be related."""

    def variable(self, name: str) -> RationalFunction:
        return RationalFunction(self._gens[self._names[name]], self._one)

    def _extra(self, key: Hashable) -> RationalFunction:
        k = self._spare.setdefault(key, len(self._names) + len(self._spare))
        if k >= len(self._gens):
            raise Undefined("too many function values for the polynomial reading")
        return RationalFunction(self._gens[k], self._one)

    def check(self, x: RationalFunction) -> None:
        """FLINT has no bound to keep."""

    def reduce(self, x: RationalFunction) -> RationalFunction:
        """The same: sums and products are in lowest terms."""
        return x

    def number(self, value: Fraction) -> RationalFunction:
        return RationalFunction(self._one * flint.fmpq(value.numerator, value.denominator), self._one)

    def power(self, x: RationalFunction, exponent: Fraction | int) -> RationalFunction:
        if exponent.denominator != 1:
            raise Undefined("a root is not a rational function")
        k = int(exponent)
        if abs(k) > LIMITS.exponent and max(len(x.top), len(x.bottom)) > 1:
            raise Undefined("the polynomials are too large")
        if k >= 0:
            return RationalFunction(x.top**k, x.bottom**k)
        if not x:
            raise Undefined("the expression divides by something that is zero everywhere")
        return RationalFunction(x.bottom**-k, x.top**-k)

    def elementary(self, function: str, x: RationalFunction) -> tuple[RationalFunction, RationalFunction]:
        row = function_of(function, self.activations)
        if row.sides is not None:
            # which side it is on is a number that is its own square, which a free variable is not
            raise Undefined(f"a {function} is not a rational function")
        if row.open:
            slope = self._extra((function, "slope", x.key()))
            if row.degree == 0:
                return self._extra((function, x.key())), self.number(Fraction(0))
            if row.degree is not None:
                return slope * x * self.number(1 / row.degree), slope
            return self._extra((function, x.key())), slope
        self.related = self.related or row.exponential or row.logarithm or row.reflection is not None
        slope = value_of(self, row.on(1, 1), x, lambda name: self._extra((name, x.key())))
        return self._extra((function, x.key())), slope

    def opaque(
        self, function: str, arguments: list[Array], shapes: list[Index], shape: Index
    ) -> tuple[Array, list[Jacobian]]:
        key = tuple(tuple(sorted((i, y.key()) for i, y in x.items())) for x in arguments)
        value = {i: self._extra((function, key, i)) for i in indices(shape)}
        jacobian = [
            {(i, j): self._extra((function, key, i, k, j)) for i in indices(shape) for j in indices(s)}
            for k, s in enumerate(shapes)
        ]
        return value, jacobian


def residue_vanishes(statement: Statement, meter: Meter) -> bool:
    """Whether the residue of every entry of the law is identically zero, at the statement's fixed sizes.

    Raises `Undefined` for what is not a rational function of the entries and of function values, and where it does not vanish in
    independent function values but these may be related.
    """
    program = statement.program
    leaves = program.leaves(*ROLES)
    names = [f"{leaf.name}{list(i)}" for n, leaf in leaves for i in indices([fixed(k) for k in program.shapes[n]])]
    total = sum(fixed(count_entries(program.shapes[n])) for n, _ in leaves)
    assert total == len(names)
    ring = FlintRing(names, dict(program.activations))
    point = {
        leaf.name: {i: ring.variable(f"{leaf.name}{list(i)}") for i in indices([fixed(k) for k in program.shapes[n]])}
        for n, leaf in leaves
    }
    found = not any(law_drift(statement, point, ring, meter).values()) and not any(
        direction and any(directional(program, statement.outputs, point, direction, ring, meter).values())
        for direction in law_directions(statement, point, ring, meter).values()
    )
    if not found and ring.related:
        raise Undefined("values of functions at different arguments may be related")
    return found

"""Evidence that the fields of a model are in involution: combinations of a basis with polynomial coefficients.

Untrusted. The basis is chosen by ranks modulo a prime at a random point. Only where all other fields and all brackets lie in its
span there are their coefficients computed, as quotients of polynomials, by elimination.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from random import Random
from typing import Any

import flint

from claws.kernel.core.errors import Meter, Refused, Undefined
from claws.kernel.counting.evidence import Combination, Involution, Terms
from claws.kernel.counting.involution import ONE_FIELD, Field, SpanningFields, is_one_field
from claws.kernel.counting.points import CountedModel
from claws.kernel.counting.ranks import ResidueRows
from claws.kernel.laws.polynomials import Polynomial
from claws.readings.flint_reading import RationalFunction


@dataclass(frozen=True, slots=True)
class InvolutionLimits:
    """How far the search for an involution goes. What is larger has none, as far as is known."""

    basis: int = 8
    """Fields of a basis."""
    spanning: int = 400
    """Fields that span all generators."""
    terms: int = 3_000
    """Terms of a quotient of polynomials: work in FLINT cannot be metered."""
    products: int = 300_000
    """Terms that are multiplied with each other at once."""
    work: int = 2_000_000
    """Elementary steps."""


LIMITS = InvolutionLimits()


def one_field(model: CountedModel) -> Involution | None:
    """The evidence where the loss sees one number that depends on no data; None for another model."""
    return ONE_FIELD if is_one_field(model) else None


def find_involution(model: CountedModel, rank: int, modulus: int, seed: int, meter: Meter) -> Involution | None:
    """Evidence that the Lie algebra has no more independent elements than the `rank` that was found; None where there is none.

    Raises `OutOfBudget` where the meter has no more.
    """
    if rank > LIMITS.basis:
        return None
    share = Meter(min(LIMITS.work, meter.limit - meter.used), meter.seconds)
    try:
        return _Search(SpanningFields(model, share), modulus, seed).run(rank)
    except Refused:
        # the model is not of the kind, or it takes too much
        return None
    finally:
        meter.tick(share.used)


class _Search:
    """The fields of a model, with their values modulo a prime at a random point."""

    def __init__(self, fields: SpanningFields, modulus: int, seed: int) -> None:
        self.fields = fields
        self.ring = fields.ring
        self.modulus = modulus
        self.spanning = len(fields.fields)
        random = Random(seed)
        self._values = {v: random.randrange(1, modulus) for v in range(len(self.ring.roles))}
        self._quotients: dict[int, RationalFunction] = {}
        names = tuple(f"v{v}" for v, role in enumerate(self.ring.roles) if role != "input") or ("v",)
        self._context = flint.fmpq_mpoly_ctx.get(names, "degrevlex")
        self._one = self._context.constant(1)

    def run(self, rank: int) -> Involution | None:
        """The evidence with a basis of so many fields; None where there is none. Raises `Refused` where it is too large."""
        if self.spanning > LIMITS.spanning:
            return None
        fields = self.fields.fields
        rows = self._rows()
        basis = [n for n in sorted(range(self.spanning), key=self._length) if rows.add(self._residues(fields[n]))]
        added: list[tuple[int, int]] = []
        brackets: dict[tuple[int, int], Field] = {}
        while len(basis) <= rank:
            new = [pair for pair in combinations(basis, 2) if pair not in brackets]
            if not new:
                break
            for pair in new:
                brackets[pair] = self.fields.bracket(*pair)
                if rows.add(self._residues(brackets[pair])):
                    added.append(pair)
                    basis.append(len(fields))
                    fields.append(brackets[pair])
        if len(basis) != rank:
            return None
        others = [fields[n] for n in range(self.spanning) if n not in basis]
        found = self._solve(basis, [*others, *(brackets[pair] for pair in combinations(basis, 2))])
        return Involution(tuple(added), tuple(basis), tuple(found[: len(others)]), tuple(found[len(others) :]))

    def _rows(self) -> ResidueRows:
        return ResidueRows(self.modulus, self.ring.meter)

    def _length(self, n: int) -> int:
        return sum(len(y.terms) for y in self.fields.fields[n].values())

    # --- values modulo the prime ---------------------------------------------------------------------------------------

    def _residues(self, field: Field) -> list[int]:
        return [self._residue(field[w]) if w in field else 0 for w in range(len(self.ring.coordinates))]

    def _residue(self, x: Polynomial) -> int:
        total = 0
        for m, c in x.terms.items():
            self.ring.meter.tick(1 + len(m))
            try:
                term = c.numerator * pow(c.denominator, -1, self.modulus)
                for v, e in m:
                    term = term * pow(self._value(v), self._whole(e), self.modulus) % self.modulus
            except ValueError:
                raise Undefined("a divisor is zero modulo the prime") from None
            total += term
        return total % self.modulus

    def _value(self, v: int) -> int:
        if v not in self._values:
            self._values[v] = self._residue(self._definition(v))
        return self._values[v]

    def _whole(self, e: Fraction | int) -> int:
        if e.denominator != 1:
            raise Undefined("a root is not a rational function")
        return int(e)

    def _definition(self, v: int) -> Polynomial:
        definition = self.ring.variables[v].definition
        if definition is None:
            raise Undefined("the value of a function of constants is not a rational function")
        return definition

    # --- quotients of polynomials --------------------------------------------------------------------------------------

    def _solve(self, basis: Sequence[int], wanted: Sequence[Field]) -> list[Combination]:
        """Each field as a combination of the basis, of which it is one at the point."""
        fields = [self.fields.fields[n] for n in basis]
        matrix = [[self._quotient(f.get(w)) for f in [*fields, *wanted]] for w in self._pivots(fields) if wanted]
        for k in range(len(basis) if wanted else 0):
            # the shortest pivot of the columns of the basis
            rows = range(k, len(basis))
            r = min((r for r in rows if matrix[r][k]), key=lambda r: len(matrix[r][k].top) + len(matrix[r][k].bottom))
            matrix[k], matrix[r] = matrix[r], matrix[k]
            inverse = self._power(matrix[k][k], -1)
            matrix[k] = [self._times(x, inverse) for x in matrix[k]]
            for r, row in enumerate(matrix):
                if r != k and row[k]:
                    factor = self._times(row[k], self._number(Fraction(-1)))
                    matrix[r] = [self._plus(x, self._times(factor, y)) for x, y in zip(row, matrix[k], strict=True)]
        return [self._combination([row[len(basis) + c] for row in matrix]) for c in range(len(wanted))]

    def _pivots(self, fields: Sequence[Field]) -> list[int]:
        """As many coordinates as there are fields, at which these are independent, those of short entries first."""

        def length(w: int) -> int:
            return sum(len(f[w].terms) for f in fields if w in f)

        rows, found = self._rows(), []
        for w in sorted(range(len(self.ring.coordinates)), key=length):
            if rows.rank < len(fields) and rows.add([self._residue(f[w]) if w in f else 0 for f in fields]):
                found.append(w)
        return found

    def _combination(self, coefficients: Sequence[RationalFunction]) -> Combination:
        multiple = self._one
        for x in coefficients:
            multiple = multiple * (x.bottom / multiple.gcd(x.bottom))
        return Combination(
            self._terms(multiple), tuple(self._terms(x.top * (multiple / x.bottom)) for x in coefficients)
        )

    def _terms(self, x: Any) -> Terms:
        found = sorted(x.to_dict().items())
        return tuple((Fraction(int(c.p), int(c.q)), tuple((v, int(e)) for v, e in enumerate(m) if e)) for m, c in found)

    def _number(self, c: Fraction) -> RationalFunction:
        return RationalFunction(self._one * flint.fmpq(c.numerator, c.denominator), self._one)

    def _quotient(self, x: Polynomial | None) -> RationalFunction:
        """A polynomial of the kernel, whose variables may be bases of quotients."""
        total = self._number(Fraction(0))
        for m, c in x.terms.items() if x is not None else ():
            term = self._number(c)
            for v, e in m:
                term = self._times(term, self._power(self._variable(v), self._whole(e)))
            total = self._plus(total, term)
        return total

    def _variable(self, v: int) -> RationalFunction:
        if v < len(self.ring.roles):
            return RationalFunction(self._context.gen(v), self._one)
        if v not in self._quotients:
            self._quotients[v] = self._quotient(self._definition(v))
        return self._quotients[v]

    def _power(self, x: RationalFunction, k: int) -> RationalFunction:
        if k < 0:
            x, k = RationalFunction(x.bottom, x.top), -k
        result = self._number(Fraction(1))
        for _ in range(k):
            result = self._times(result, x)
        return result

    def _times(self, x: RationalFunction, y: RationalFunction) -> RationalFunction:
        self._bound(len(x.top) * len(y.top) + len(x.bottom) * len(y.bottom))
        return self._bounded(x * y)

    def _plus(self, x: RationalFunction, y: RationalFunction) -> RationalFunction:
        self._bound(len(x.top) * len(y.bottom) + len(x.bottom) * len(y.top))
        return self._bounded(x + y)

    def _bound(self, products: int) -> None:
        self.ring.meter.tick(1 + products // 8)
        if products > LIMITS.products:
            raise Undefined("the polynomials are too large")

    def _bounded(self, x: RationalFunction) -> RationalFunction:
        if len(x.top) + len(x.bottom) > LIMITS.terms:
            raise Undefined("the polynomials are too large")
        return x

"""Exponents that are related: a basis of them over the rational numbers, and the exponentials of the others as monomials.

Soundness-critical. At fixed sizes, and in one cell, the argument of an exponential is expanded as a polynomial in the entries of
the state, the constants and the data. It is a part A with data and a part F without. Elimination over the rationals finds a basis
A_b of all A, so that A = sum n_b A_b; and F is a sum of its monomials m. Then exp(A + F) is the product of exp(A_b/N)^(N n_b) and
of exp(m/M)^(M c_m), where the exponentials of the A_b/N and of the m/M are free residues: the monomials m, which include 1, are
linearly independent; that the A_b are so up to functions of the state, and the monomials also from whatever else has no data, is
checked in `independence.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from claws.kernel.core.errors import Meter, Refused, Undefined
from claws.kernel.core.functions import MadeWith
from claws.kernel.core.program import Leaf
from claws.kernel.counting.jets import draw, salt
from claws.kernel.counting.points import CountedModel, Setting
from claws.kernel.laws.polynomials import Monomial, Polynomials
from claws.kernel.values.evaluation import Array, evaluate, fixed, indices
from claws.kernel.values.evidence import Index

Terms = dict[Monomial, Fraction]


@dataclass(frozen=True, slots=True)
class _Exponent:
    """An argument of exp: its parts with and without data, and the first as a combination of the basis."""

    with_data: Terms
    without: Terms
    combination: dict[int, Fraction]
    needs_data: bool


class RelatedExponents:
    """The values of exponentials at related arguments (see `claws.kernel.counting.points.Exponentials`).

    Raises `Refused` where an argument is no polynomial. Members are those of `claws.kernel.counting.independence`.
    """

    def __init__(
        self,
        model: CountedModel,
        members: Sequence[tuple[str, int, int, MadeWith]],
        cells: Sequence[Mapping[str, Sequence[int]]],
        setting: Setting,
        meter: Meter,
    ) -> None:
        self.program = model.program
        self.setting = setting
        self.meter = meter
        self._ring = Polynomials(dict(self.program.activations), meter)
        self._leaf: dict[int, tuple[str, int]] = {}
        """By variable: the leaf and the number of the entry."""
        self._entry: dict[int, tuple[str, Index]] = {}
        self._data = {leaf.name for _, leaf in self.program.leaves("input")}
        self._arguments = sorted({(n, made.rate) for _, _, n, made in members if made.exponential == "exp"})
        self._sides = sorted(cells[0])
        self._cells: dict[object, tuple[list[_Exponent], list[tuple[int, Index]], list[Terms]]] = {}
        for cell in cells:
            if _key(cell) not in self._cells:
                self._cells[_key(cell)] = self._expanded(cell)
        found = [e for exponents, _, _ in self._cells.values() for e in exponents]
        self._parts = lcm(*(c.denominator for e in found for c in e.without.values()))
        self._known: dict[object, Mapping[int, int]] = {}

    def _expanded(
        self, cell: Mapping[str, Sequence[int]]
    ) -> tuple[list[_Exponent], list[tuple[int, Index]], list[Terms]]:
        """All arguments in a cell, the entries in its basis, and the parts of these with data."""
        ring, program = self._ring, self.program
        leaves: dict[str, Array] = {}
        for n, leaf in program.leaves("param", "velocity", "time", "const", "input"):
            places = indices([fixed(k) for k in program.shapes[n]])
            if leaf.name in cell:
                numbers = {i: ring.number(Fraction(x)) for i, x in zip(places, cell[leaf.name], strict=True)}
                leaves[leaf.name] = {i: x for i, x in numbers.items() if x}
                continue
            leaves[leaf.name] = {}
            for k, i in enumerate(places):
                x = leaves[leaf.name][i] = ring.variable(("leaf", leaf.name, i), leaf.name)
                ((m, _),) = x.terms.items()
                self._leaf[m[0][0]] = leaf.name, k
                self._entry[m[0][0]] = leaf.name, i
        values = evaluate(program, sorted({n for n, _ in self._arguments}), leaves, ring, self.meter)
        exponents: list[_Exponent] = []
        basis: list[tuple[int, Index]] = []
        parts: list[Terms] = []
        rows: list[tuple[Monomial, Terms, dict[int, Fraction]]] = []
        for n, rate in self._arguments:
            needs_data = self._needs_data(n)
            for i in indices([fixed(k) for k in program.shapes[n]]):
                terms: Terms = {m: c * rate for m, c in values[n][i].terms.items()} if i in values[n] else {}
                if any(v not in self._leaf or e < 0 or Fraction(e).denominator > 1 for m in terms for v, e in m):
                    raise Refused("related exponents that are no polynomials can't be put into a basis yet")
                with_data = {m: c for m, c in terms.items() if any(self._leaf[v][0] in self._data for v, _ in m)}
                without = {m: c for m, c in terms.items() if m not in with_data}
                rest, combination = self._reduced(with_data, rows)
                if rest:
                    b, pivot = len(basis), min(rest)
                    # rest = with_data - sum of combination: as a row, in terms of the basis with this one in it
                    rows.append((pivot, rest, {**{k: -c for k, c in combination.items()}, b: Fraction(1)}))
                    basis.append((n, i))
                    parts.append(with_data)
                    combination = {b: Fraction(1)}
                exponents.append(_Exponent(with_data, without, combination, needs_data))
        return exponents, basis, parts

    def _reduced(
        self, terms: Terms, rows: Sequence[tuple[Monomial, Terms, dict[int, Fraction]]]
    ) -> tuple[Terms, dict[int, Fraction]]:
        """terms = rest + sum of combination[b] * A_b."""
        rest, combination = dict(terms), dict[int, Fraction]()
        for pivot, row, of_basis in rows:
            factor = rest.get(pivot, Fraction(0)) / row[pivot]
            if factor:
                self.meter.tick(len(row))
                for m, c in row.items():
                    rest[m] = rest.get(m, Fraction(0)) - factor * c
                rest = {m: c for m, c in rest.items() if c}
                for b, c in of_basis.items():
                    combination[b] = combination.get(b, Fraction(0)) + factor * c
        return rest, {b: c for b, c in combination.items() if c}

    def _needs_data(self, n: int) -> bool:
        nodes = (self.program.nodes[m] for m in self.program.cone([n]))
        return any(isinstance(node, Leaf) and node.role == "input" for node in nodes)

    def basis(self, cell: Mapping[str, Sequence[int]]) -> set[tuple[int, Index]]:
        """The entries of arguments, by node, whose exponentials are taken for independent in a cell."""
        return set(self._cells[_key(cell)][1])

    def monomials(self, cell: Mapping[str, Sequence[int]]) -> list[list[tuple[str, Index, int]]]:
        """The monomials other than 1 whose exponentials are taken for independent in a cell, as powers of entries of leaves."""
        exponents, _, _ = self._cells[_key(cell)]
        found = dict.fromkeys(m for e in exponents for m in e.without if m)
        return [[(*self._entry[v], int(k)) for v, k in m] for m in found]

    def at(self, leaves: Mapping[str, Sequence[int]]) -> Mapping[int, int]:
        """The residue of exp(z) by that of z, for the arguments at these leaves; without data, for those that need none.

        Raises `Refused` for a cell that was not looked at, and where two exponents have one residue by chance.
        """
        known = tuple((name, tuple(x)) for name, x in leaves.items())
        if known not in self._known:
            try:
                self._known[known] = self._at(leaves)
            except ValueError:
                raise Undefined(f"a number has no inverse modulo {self.setting.modulus}") from None
        return self._known[known]

    def _at(self, leaves: Mapping[str, Sequence[int]]) -> Mapping[int, int]:
        p = self.setting.modulus
        has_data = self._data <= set(leaves)
        sides = {name: leaves[name] for name in self._sides} if has_data else {}
        cells = [self._cells.get(_key(sides))] if has_data else list(self._cells.values())
        table: dict[int, int] = {}
        for cell in cells:
            if cell is None:
                raise Refused("the sides of units at a datum are those of no cell that was looked at")
            exponents, _, parts = cell
            scales = [
                lcm(*(e.combination[b].denominator for e in exponents if b in e.combination)) for b in range(len(parts))
            ]
            drawn = []
            for b, scale in enumerate(scales):
                x = self._value(parts[b], leaves) * pow(scale, -1, p) % p if has_data else 0
                drawn.append(1 + draw(salt("exponential", self.setting.seed, b), x, p - 1))
            for e in exponents:
                if e.needs_data and not has_data:
                    continue
                value = 1
                for b, c in e.combination.items():
                    value = value * pow(drawn[b], int(c * scales[b]), p) % p
                for m, c in e.without.items():
                    names = [(*self._leaf[v], int(k)) for v, k in m]
                    one = 1 + draw(salt("monomial", self.setting.seed, *sorted(names)), 0, p - 1)
                    value = value * pow(one, int(c * self._parts), p) % p
                z = (self._value(e.with_data, leaves) + self._value(e.without, leaves)) % p
                if table.setdefault(z, value) != value:
                    raise Refused("two exponents have the same residue: another point is needed")
        return table

    def _value(self, terms: Terms, leaves: Mapping[str, Sequence[int]]) -> int:
        """The residue of a polynomial."""
        p, total = self.setting.modulus, 0
        for m, c in terms.items():
            self.meter.tick()
            term = c.numerator * pow(c.denominator, -1, p)
            for v, e in m:
                name, k = self._leaf[v]
                term = term * pow(leaves[name][k], int(e), p) % p
            total += term
        return total % p


def _key(cell: Mapping[str, Sequence[int]]) -> object:
    return tuple(sorted((name, tuple(x)) for name, x in cell.items()))

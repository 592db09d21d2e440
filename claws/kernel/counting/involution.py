"""Laws that need no formula: fields in involution, by Frobenius' theorem.

Soundness-critical. Let g_1, ..., g_s be fields on the state such that every generator is a combination of them whose coefficients
are rational functions of the state, and so is every bracket [g_i, g_j]. Where no denominator vanishes, the combinations with
analytic coefficients are closed under brackets, since [a g, b h] = a b [g, h] + a g(b) h - b h(a) g. So they contain the Lie
algebra of the generators, whose dimension is s at most there; and everywhere else too, since determinants of order s + 1 of its
elements are analytic in the state and the constants, and vanish on a dense set. By Frobenius' theorem (Warner 1983, Foundations
of Differentiable Manifolds and Lie Groups, Theorem 1.60) there are at least D - s independent laws near a generic point, whether
or not they have a formula. That g_1, ..., g_s are independent is not needed.

All generators are had from finitely many fields where data stand beside the state in products only: an entry of an output is a
sum of (function of the data) * (function of the state), and the gradients of the latter span those of the entry, whatever the
data. What mixes data and state in another way is refused, and so is a function of the state that is not rational or algebraic.
Of a piecewise unit the sides (`cells.py`) are such data: fields that span the generators for all sides do so for those there are.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations

from claws.kernel.core.errors import Malformed, Meter, Refused
from claws.kernel.core.flow import STATE
from claws.kernel.core.program import ROLES, Leaf, count_entries, stops_gradient
from claws.kernel.counting.cells import Sided
from claws.kernel.counting.evidence import Combination, Involution, Terms
from claws.kernel.counting.points import CountedModel
from claws.kernel.laws.polynomials import Monomial, Polynomial, Polynomials
from claws.kernel.values.evaluation import Array, Element, Jacobian, elementwise, evaluate, fixed, indices
from claws.kernel.values.evidence import Index

Field = Mapping[int, Polynomial]
"""A vector field on the state, by the number of the coordinate; what is not there is zero."""

ONE_FIELD = Involution((), (0,), (), ())
"""The evidence about a single field, which has nothing to be bracketed with."""


def involutive_rank(model: CountedModel, evidence: Involution, meter: Meter) -> int:
    """A number that the dimension of the Lie algebra exceeds nowhere. Raises `Refused` unless the evidence shows it."""
    if not takes_polynomials(model, evidence):
        # every bracket of multiples of one field is a multiple of it, whatever functions it is made of
        return 1
    # the sides of units are data: what holds for all sides holds for those that there are
    fields = SpanningFields(model, meter)
    spanning = len(fields.fields)
    for i, j in evidence.added:
        fields.fields.append(fields.bracket(i, j))
    for n in evidence.basis:
        fields.check_number(n)
    shown = [fields.fields[n] for n in range(spanning) if n not in evidence.basis]
    if len(shown) != len(evidence.spans):
        raise Refused("an involution gives a combination for each field that is not in its basis")
    if len(evidence.brackets) != len(evidence.basis) * (len(evidence.basis) - 1) // 2:
        raise Refused("an involution gives a combination for the bracket of each two fields of its basis")
    for field, combination in zip(shown, evidence.spans, strict=True):
        fields.check_combination(field, evidence.basis, combination)
    for (i, j), combination in zip(combinations(evidence.basis, 2), evidence.brackets, strict=True):
        fields.check_combination(fields.bracket(i, j), evidence.basis, combination)
    return len(evidence.basis)


def takes_polynomials(model: CountedModel, evidence: Involution) -> bool:
    """Whether there is anything to expand."""
    return evidence != ONE_FIELD or not is_one_field(model)


def is_one_field(model: CountedModel) -> bool:
    """Whether the loss sees one number that depends on no data, and nothing else moves the state."""
    program = model.program
    if model.flow.drift:
        return False
    seen = (program.nodes[n] for n in program.cone(model.outputs))
    if any(isinstance(node, Leaf) and node.role == "input" for node in seen):
        return False
    return sum(fixed(count_entries(program.shapes[n])) for n in set(model.outputs)) == 1


class StateRing(Polynomials):
    """Polynomials in the entries of the state, of the constants and of the inputs, which are its first variables in this order.

    Functions are taken of data and constants alone. Raises `Refused` for a function of the state.
    """

    def __init__(self, model: CountedModel, sides: Collection[str], meter: Meter) -> None:
        program = model.program
        super().__init__(dict(program.activations), meter)
        self.leaves: dict[str, Array] = {}
        self.roles: list[str] = []
        self.coordinates: dict[tuple[str, Index], int] = {}
        """The number of each entry of the state."""
        leaves = program.leaves(*ROLES)

        def role(leaf: Leaf) -> str:
            return "state" if leaf.role in STATE else "input" if leaf.name in sides else leaf.role

        for n, leaf in sorted(leaves, key=lambda item: ("state", "const", "input").index(role(item[1]))):
            array = self.leaves[leaf.name] = {}
            for i in indices([fixed(k) for k in program.shapes[n]]):
                if leaf.role in STATE:
                    self.coordinates[leaf.name, i] = len(self.roles)
                self.roles.append(role(leaf))
                text = leaf.name + (str(list(i)) if i else "")
                array[i] = self.variable(("leaf", leaf.name, i), text, zero_one=leaf.name in sides)
        self._depends: dict[int, frozenset[str]] = {}
        """What later variables depend on, as far as it was asked for."""

    def depends(self, v: int) -> frozenset[str]:
        """What a variable depends on: `state`, `const`, `input`. Soundness-critical."""
        if v < len(self.roles):
            return frozenset({self.roles[v]})
        if v not in self._depends:
            definition = self.variables[v].definition
            if definition is None:
                raise Malformed("a variable without a definition is not known to depend on nothing")
            self._depends[v] = self.depends_of([definition])
        return self._depends[v]

    def depends_of(self, polynomials: Iterable[Polynomial]) -> frozenset[str]:
        """What polynomials depend on."""
        return frozenset().union(*(self.depends(v) for v in {v for x in polynomials for m in x.terms for v, _ in m}))

    def elementary(self, function: str, x: Element) -> tuple[Element, Element]:
        depends = self._without_state(function, [x])
        known = len(self.variables)
        found = super().elementary(function, x)
        self._note(known, depends)
        return found

    def opaque(
        self, function: str, arguments: list[Array], shapes: list[Index], shape: Index
    ) -> tuple[Array, list[Jacobian]]:
        depends = self._without_state(function, [y for x in arguments for y in x.values()])
        known = len(self.variables)
        found = super().opaque(function, arguments, shapes, shape)
        self._note(known, depends)
        return found

    def _without_state(self, function: str, arguments: Iterable[Polynomial]) -> frozenset[str]:
        depends = self.depends_of(arguments)
        if "state" in depends:
            raise Refused(f"{function} is taken of the state, so the fields are not written as polynomials")
        return depends

    def _note(self, known: int, depends: frozenset[str]) -> None:
        """Variables that were made for values of a function depend on what its arguments do."""
        for v in range(known, len(self.variables)):
            self._depends[v] = depends

    def gradient(self, x: Polynomial) -> dict[int, Polynomial]:
        """The derivatives of a polynomial by the entries of the state that it depends on. Soundness-critical."""
        found: dict[int, Polynomial] = {}
        for m, c in x.terms.items():
            for v, e in m:
                if "state" not in self.depends(v):
                    continue
                self.meter.tick(len(m))
                definition = self.variables[v].definition
                # d v^e = e*v^(e - 1) dv, also for the base v of a root or a quotient, which has a definition
                outer = Polynomial(self, {self.multiply(m, ((v, -1),)): c * e})
                inner = {v: self.number(Fraction(1))} if definition is None else self.gradient(definition)
                for w, slope in inner.items():
                    found[w] = found[w] + outer * slope if w in found else outer * slope
        return {w: y for w, y in found.items() if y}

    def by_data(self, x: Polynomial) -> list[Polynomial]:
        """The functions of the state of which x is a combination with functions of the data. Soundness-critical."""
        parts: dict[Monomial, dict[Monomial, Fraction]] = {}
        for m, c in x.terms.items():
            data = tuple(p for p in m if "input" in self.depends(p[0]))
            if any("state" in self.depends(v) for v, _ in data):
                raise Refused(
                    "data and the state are mixed in a root or a quotient, so no finite number of fields spans all"
                )
            parts.setdefault(data, {})[tuple(p for p in m if p not in data)] = c
        return [Polynomial(self, parts[data]) for data in sorted(parts)]


class SpanningFields:
    """Finitely many fields that span all generators, numbered, and brackets of these.

    The drift is first, if there is one; then there is a field for each entry of an output and each function of the data in it.
    What is zero, or equal to an earlier field, is left out. Raises `Refused` where the generators are not had so.
    """

    def __init__(self, model: CountedModel, meter: Meter) -> None:
        sided = Sided(model)
        model = sided.model
        program, flow = model.program, model.flow
        if any(stops_gradient(program.nodes[n]) for n in program.cone([*model.outputs, *flow.nodes()])):
            raise Refused("a gradient is stopped, so the fields are no derivatives of polynomials")
        self.ring = ring = StateRing(model, sided.sides, meter)
        self.fields: list[Field] = []
        self._slopes: dict[int, dict[int, dict[int, Polynomial]]] = {}
        values = evaluate(program, [*model.outputs, *flow.nodes()], ring.leaves, ring, meter)
        names = {number: place for place, number in ring.coordinates.items()}
        moving: list[dict[str, Array]] = [{name: values[n] for name, n in flow.drift.items()}]
        for n in dict.fromkeys(model.outputs):
            for i in sorted(values[n]):
                for part in ring.by_data(values[n][i]):
                    slopes: dict[str, Array] = {}
                    for w, y in ring.gradient(part).items():
                        name, j = names[w]
                        slopes.setdefault(name, {})[j] = y
                    moving.append(flow.control(slopes, elementwise(values)))
        known: dict[Hashable, Field] = {}
        for arrays in moving:
            field = {ring.coordinates[name, i]: y for name, x in arrays.items() for i, y in x.items() if y}
            if field:
                known.setdefault(frozenset((w, y.key()) for w, y in field.items()), field)
        self.fields = list(known.values())
        for variable in list(ring.variables):
            if variable.definition is not None and ring.vanishes(variable.definition):
                raise Refused("the model divides by something that is zero everywhere")

    def check_number(self, n: int) -> None:
        """Raises `Refused` for a field that is not there."""
        if not 0 <= n < len(self.fields):
            raise Refused("an involution names a field that is not there")

    def bracket(self, i: int, j: int) -> Field:
        """[f_i, f_j] = Df_j f_i - Df_i f_j. Soundness-critical."""
        minus = self.ring.number(Fraction(-1))
        total: dict[int, Polynomial] = {}
        for along, moved, sign in ((i, j, None), (j, i, minus)):
            for w, row in self._derivatives(moved).items():
                for v, slope in row.items():
                    if v in self.fields[along]:
                        part = self.fields[along][v] * slope
                        part = part if sign is None else part * sign
                        total[w] = total[w] + part if w in total else part
        return {w: y for w, y in total.items() if y}

    def _derivatives(self, n: int) -> dict[int, dict[int, Polynomial]]:
        """The Jacobian of a field, by row."""
        self.check_number(n)
        if n not in self._slopes:
            self._slopes[n] = {w: self.ring.gradient(y) for w, y in self.fields[n].items()}
        return self._slopes[n]

    def check_combination(self, field: Field, basis: Sequence[int], combination: Combination) -> None:
        """Raises `Refused` unless a multiple of a field that is not zero is this combination of the basis. Soundness-critical."""
        ring = self.ring
        if len(combination.coefficients) != len(basis):
            raise Refused("a combination has a coefficient for each field of the basis")
        multiple = self._polynomial(combination.multiple)
        if not multiple:
            raise Refused("a field is multiplied by zero in a combination")
        minus = ring.number(Fraction(-1))
        factors = [self._polynomial(terms) * minus for terms in combination.coefficients]
        total = {w: multiple * y for w, y in field.items()}
        for n, factor in zip(basis, factors, strict=True):
            for w, y in self.fields[n].items():
                total[w] = total[w] + factor * y if w in total else factor * y
        if not all(ring.vanishes(y) for y in total.values()):
            raise Refused(
                "a field, or a bracket of two, is not the combination of the basis that the certificate gives"
            )

    def _polynomial(self, terms: Terms) -> Polynomial:
        """A polynomial in the state and the constants, so that it is zero only where its normal form is."""
        total = self.ring.number(Fraction(0))
        for coefficient, powers in terms:
            term = self.ring.number(coefficient)
            for v, e in powers:
                if not 0 <= v < len(self.ring.roles) or self.ring.roles[v] == "input":
                    raise Refused("a combination mentions what is no entry of the state or of a constant")
                if e < 1:
                    raise Malformed("an exponent of a combination is at least 1")
                term = term * Polynomial(self.ring, {((v, e),): Fraction(1)})
            total = total + term
        return total

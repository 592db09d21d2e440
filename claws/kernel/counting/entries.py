"""The entries of laws: which are different, and polynomial relations between them.

Soundness-critical: `independent` and `complete` speak of different entries, and a relation refutes independence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from claws.kernel.core.errors import Malformed, Meter, Refused
from claws.kernel.core.finding import Finding, Layer, Verdict
from claws.kernel.core.flow import STATE
from claws.kernel.counting.bounds import check_modulus
from claws.kernel.counting.cells import is_piecewise
from claws.kernel.counting.evidence import Relation
from claws.kernel.counting.independence import check_values
from claws.kernel.counting.points import CountedModel, Point, Setting
from claws.kernel.counting.statements import Independent
from claws.kernel.laws.polynomials import Polynomial, Polynomials
from claws.kernel.values.defined import check_defined
from claws.kernel.values.evaluation import Array, evaluate, fixed, indices


class Entries:
    """All entries of some laws, exactly and at one point, and which of them are there for the first time.

    Entries that are equal, or opposite, at a pseudo-random point are compared exactly. Raises `Refused` where that does not
    settle it.
    """

    def __init__(self, model: CountedModel, laws: Sequence[int], setting: Setting, meter: Meter) -> None:
        program = model.program
        self.ring = Polynomials(dict(program.activations), meter)
        leaves: dict[str, Array] = {
            leaf.name: {
                i: self.ring.variable(("leaf", leaf.name, i), leaf.name)
                for i in indices([fixed(k) for k in program.shapes[n]])
            }
            for n, leaf in program.leaves(*STATE, "const")
        }
        point = Point(model, setting, meter)
        modulus = setting.modulus
        jets = point.ring(0, point.consts)
        numbers = point.arrays(point.theta, point.consts, jets)
        self.values: list[Polynomial] = []
        """Every entry, in the laws' order, row by row."""
        self.residues: list[int] = []
        """The same at the point."""
        self.distinct: list[int] = []
        """The entries that are neither equal nor opposite to an earlier one."""
        seen: dict[int, int] = {}
        for law in laws:
            array = evaluate(program, [law], leaves, self.ring, meter)[law]
            at_point = evaluate(program, [law], numbers, jets, meter)[law]
            for i in indices([fixed(k) for k in program.shapes[law]]):
                value = array.get(i, self.ring.number(Fraction(0)))
                x = at_point[i].parts[0] if i in at_point else 0
                alike = min(x, (modulus - x) % modulus)
                if alike not in seen:
                    seen[alike] = len(self.values)
                    self.distinct.append(len(self.values))
                elif not self._alike(value, self.values[seen[alike]]):
                    raise Refused(
                        "two entries of the laws are the same at a random point, but not shown to be the same"
                    )
                self.values.append(value)
                self.residues.append(x)

    def _alike(self, a: Polynomial, b: Polynomial) -> bool:
        minus = self.ring.number(Fraction(-1))
        return self.ring.vanishes(a + b * minus) or self.ring.vanishes(a + b)


def check_relation(statement: Independent, relation: Relation, meter: Meter) -> Finding:
    """The finding that laws are not independent.

    Raises `Refused` unless the relation holds between entries that count, and says that their gradients are dependent.
    """
    model, laws = statement, statement.laws
    check_modulus(relation.modulus)
    if any(len({entry for entry, _ in powers}) != len(powers) for _, powers in relation.terms):
        raise Malformed("a term of a relation names an entry twice")
    if is_piecewise(model.program, laws):
        raise Refused("a law is piecewise, so its entries have no values at a point that is drawn")
    check_defined(model.program, laws, {}, meter)
    drawn = Setting(relation.modulus, relation.seed)
    found, exponentials = check_values(model, laws, [{}], drawn, meter)
    setting = replace(drawn, exponentials=exponentials)
    entries = Entries(model, laws, setting, meter)
    ring = entries.ring
    total = ring.number(Fraction(0))
    for coefficient, powers in relation.terms:
        term = ring.number(coefficient)
        for entry, exponent in powers:
            if entry not in entries.distinct:
                raise Refused("the relation is about an entry that is not there, or that counts with another")
            if exponent < 1:
                raise Malformed("an exponent of a relation is at least 1")
            term = term * ring.power(entries.values[entry], Fraction(exponent))
        total = total + term
    if not ring.vanishes(total):
        raise Refused("the relation between the laws does not hold")
    # sum of dF/dh_k * grad h_k = 0, and the coefficients dF/dh_k must not all be zero
    jets = Point(model, setting, meter).ring(0)
    slopes: dict[int, int] = {}
    for coefficient, powers in relation.terms:
        for entry, exponent in powers:
            product = jets.residue(coefficient) * exponent
            for other, e in powers:
                product = (
                    product * pow(entries.residues[other], e - (other == entry), relation.modulus) % relation.modulus
                )
            slopes[entry] = (slopes.get(entry, 0) + product) % relation.modulus
    if not any(slopes.values()):
        raise Refused("the relation says nothing about gradients")
    return Finding(
        Verdict.REFUTED,
        "relation",
        frozenset({Layer.CORE, Layer.VALUES, Layer.COUNTING, Layer.POLYNOMIALS}),
        premises=found,
    )

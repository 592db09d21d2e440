"""How many laws: bounds from both sides, independence and dependence.

Soundness-critical. `bounds` never proves that something is small but by one of two facts: k conserved laws whose gradients are
independent at a point are k laws near almost every point; and s independent elements of the Lie algebra leave at most D - s.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from claws.kernel.core.errors import Malformed, Meter, Refused
from claws.kernel.core.evidence import ByPolynomials, ByTensors, Relation, Sandwich
from claws.kernel.core.flow import STATE, Flow
from claws.kernel.core.program import Leaf, Program, count_entries
from claws.kernel.core.statement import Count, Statement
from claws.kernel.counting.assumptions import check_assumptions, simplified
from claws.kernel.counting.paths import path_rank
from claws.kernel.counting.points import Model, Point, Ranks, check_steps, coordinates
from claws.kernel.laws.polynomials import Polynomial, Polynomials
from claws.kernel.values.evaluation import Array, evaluate, fixed, indices

MIN_MODULUS = 1000


@dataclass(frozen=True, slots=True)
class Changed:
    """A model whose program is not the statement's own: longer, or simplified (see `claws.kernel.counting.points.Model`)."""

    program: Program
    outputs: tuple[int, ...]
    flow: Flow


@dataclass(frozen=True, slots=True)
class Bounds:
    """There are at least and at most so many independent laws of so many coordinates, under these assumptions."""

    at_least: int
    at_most: int
    coordinates: int
    assumptions: tuple[str, ...]


Prove = Callable[[Statement, ByTensors | ByPolynomials], object]
"""Raises `Refused` unless the law of the statement is conserved by this evidence."""


def bounds(model: Model, sandwich: Sandwich, prove: Prove, ranks: Ranks, meter: Meter) -> Bounds:
    """What a sandwich shows. Raises `Refused` where one of its parts is not so."""
    longer = _extended(model, sandwich)
    total = coordinates(longer.program)
    for law, evidence in sandwich.laws:
        prove(Statement(longer.program, longer.outputs, law, longer.flow), evidence)
    nodes = [law for law, _ in sandwich.laws]
    at_least = gradient_rank(longer, nodes, sandwich.modulus, sandwich.seed, ranks, meter)
    if _is_one_function(longer):
        # one field and nothing to bracket it with: the Lie algebra is its multiples
        at_least = max(at_least, total - 1)
    rank = 0
    assumptions: tuple[str, ...] = ()
    if sandwich.steps or sandwich.paths:
        check_steps(sandwich.steps)
        simple, modulus, seed = simple_model(model), sandwich.modulus, sandwich.seed
        assumptions = check_assumptions(simple, (), modulus, seed, meter, distinct=bool(sandwich.paths))
        if sandwich.steps:
            rank = ranks.of_brackets(simple, sandwich.steps, modulus, seed, meter)
        if sandwich.paths:
            rank = max(rank, path_rank(simple, sandwich.paths, modulus, seed, meter))
    at_most = total - rank
    if at_least > at_most:
        raise Refused(
            f"there would be at least {at_least} and at most {at_most} laws: an assumption is false, or a rank is wrong"
        )
    return Bounds(at_least, at_most, total, assumptions)


def compare(statement: Count, low: int, high: int) -> bool | None:
    """Whether a number of laws between these bounds is as claimed; None where that is open."""
    k = statement.number
    if statement.relation == ">=":
        return True if low >= k else False if high < k else None
    if statement.relation == "<=":
        return True if high <= k else False if low > k else None
    return True if low == high == k else False if not low <= k <= high else None


def simple_model(model: Model) -> Changed:
    """The model with positive factors outside of its relus: the same functions."""
    program, place = simplified(model.program)
    return Changed(program, tuple(place[n] for n in model.outputs), model.flow.placed(place))


def gradient_rank(model: Model, laws: Sequence[int], modulus: int, seed: int, ranks: Ranks, meter: Meter) -> int:
    """A lower bound of the generic rank of the gradients of all entries of these nodes."""
    _check_modulus(modulus)
    if not laws:
        return 0
    check_assumptions(model, laws, modulus, seed, meter)
    return ranks.of_gradients(model, laws, modulus, seed, meter)


def _check_modulus(modulus: int) -> None:
    if modulus < MIN_MODULUS:
        raise Malformed(f"a modulus is at least {MIN_MODULUS}")


def _extended(model: Model, sandwich: Sandwich) -> Changed:
    """The sandwich's program in place of the statement's, of which it must be a continuation with no new parameter or data."""
    old, new = model.program, sandwich.program
    n = len(old.nodes)
    same = (old.activations, old.functions, old.conditions) == (new.activations, new.functions, new.conditions)
    if new.nodes[:n] != old.nodes or not same:
        raise Refused("the certificate's laws belong to another model")
    if any(isinstance(node, Leaf) and node.role != "const" for node in new.nodes[n:]):
        raise Refused("the certificate's laws mention something that the model does not have")
    return Changed(new, model.outputs, model.flow)


def _is_one_function(model: Model) -> bool:
    """Whether the loss sees one number that depends on no data, and nothing else moves the state."""
    program = model.program
    if model.flow.drift:
        return False
    seen = (program.nodes[n] for n in program.cone(model.outputs))
    if any(isinstance(node, Leaf) and node.role == "input" for node in seen):
        return False
    return sum(fixed(count_entries(program.shapes[n])) for n in set(model.outputs)) == 1


# --- entries of laws -------------------------------------------------------------------------------------------


class Entries:
    """All entries of some laws, exactly and at one point, and which of them are there for the first time.

    Entries that are equal, or opposite, at a pseudo-random point are compared exactly. Raises `Refused` where that does not
    settle it.
    """

    def __init__(self, model: Model, laws: Sequence[int], modulus: int, seed: int, meter: Meter) -> None:
        program = model.program
        self.ring = Polynomials(dict(program.activations), meter)
        leaves: dict[str, Array] = {
            leaf.name: {
                i: self.ring.variable(("leaf", leaf.name, i), leaf.name)
                for i in indices([fixed(k) for k in program.shapes[n]])
            }
            for n, leaf in program.leaves(*STATE, "const")
        }
        point = Point(model, modulus, seed, meter)
        jets = point.ring(0)
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


def check_relation(model: Model, laws: Sequence[int], relation: Relation, meter: Meter) -> None:
    """Raises `Refused` unless the relation holds between entries that count, and says that their gradients are dependent."""
    _check_modulus(relation.modulus)
    if any(len({entry for entry, _ in powers}) != len(powers) for _, powers in relation.terms):
        raise Malformed("a term of a relation names an entry twice")
    check_assumptions(model, laws, relation.modulus, relation.seed, meter)
    entries = Entries(model, laws, relation.modulus, relation.seed, meter)
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
    jets = Point(model, relation.modulus, relation.seed, meter).ring(0)
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

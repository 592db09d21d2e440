"""How many laws: bounds from both sides, independence and dependence.

Soundness-critical. `bounds` never proves that something is small but by one of three facts: k conserved laws whose gradients are
independent at a point are k laws near almost every point; s fields in involution that span all generators leave at least D - s;
and s independent elements of the Lie algebra leave at most D - s. Of a model with piecewise units the last is a fact about the
parameters near a true point (`cells.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import NamedTuple

from claws.kernel.core.errors import Malformed, Meter, Refused
from claws.kernel.core.finding import Finding, NamedPoint, Premise
from claws.kernel.core.logarithms import opened_logarithms
from claws.kernel.core.program import ROLES, Apply, Leaf, Node, Program, count_entries
from claws.kernel.core.signs import Signs
from claws.kernel.core.simplified import simplified
from claws.kernel.core.statement import Statement
from claws.kernel.counting.cells import Sided, Sides, is_partial, is_piecewise
from claws.kernel.counting.evidence import Sandwich, Step, TruePoint
from claws.kernel.counting.independence import Cell, check_values
from claws.kernel.counting.involution import involutive_rank
from claws.kernel.counting.points import Changed, CountedModel, Ranks, Setting, check_steps, coordinates
from claws.kernel.counting.statements import Count
from claws.kernel.laws.evidence import ByPolynomials, ByTensors
from claws.kernel.values.defined import check_defined
from claws.kernel.values.evaluation import fixed

MIN_MODULUS = 1000


@dataclass(frozen=True, slots=True)
class CountBounds:
    """There are at least and at most so many independent laws of so many coordinates, each bound under its premises.

    `near` is the point near which the upper bound holds; empty for almost everywhere.
    """

    at_least: int
    at_most: int
    coordinates: int
    below: tuple[Premise, ...]
    above: tuple[Premise, ...]
    near: tuple[NamedPoint, ...]


class Ranked(NamedTuple):
    """A lower bound of a rank, and the premises that it rests on."""

    rank: int
    premises: tuple[Premise, ...]


Prove = Callable[[Statement, ByTensors | ByPolynomials], Finding]
"""Proves a law. Raises `Refused` where it is not proved."""


class Here:
    """A model at a point, where each piecewise unit is on the side that it has there, and ranks at that point.

    `laws` are nodes of its program that have values at the point, too. Without a true point, residues are drawn by the seed;
    piecewise units are then refused. Raises `Refused` where the point is none.
    """

    def __init__(
        self, model: CountedModel, laws: Sequence[int], sandwich: Sandwich, ranks: Ranks, meter: Meter
    ) -> None:
        check_modulus(sandwich.modulus)
        self.ranks = ranks
        self.meter = meter
        program, place = opened_logarithms(model.program)
        outputs = tuple(place[n] for n in model.outputs)
        self.model: CountedModel = Changed(program, outputs, model.flow.placed(place))
        self._place: Mapping[int, int] = place
        self.true = sandwich.point is not None
        self.setting = Setting(sandwich.modulus, sandwich.seed)
        self.cells: list[Cell] = []
        """The sides of units at all data."""
        self.still: Cell = {}
        """The sides of those units that need no data."""
        self.near: tuple[NamedPoint, ...] = ()
        if sandwich.point is not None:
            self._go_to(sandwich.point, [place[n] for n in laws])

    def _go_to(self, point: TruePoint, laws: Sequence[int]) -> None:
        sided, p = Sided(self.model), self.setting.modulus
        program = sided.model.program
        leaves = [(n, leaf) for n, leaf in program.leaves(*ROLES) if leaf.name not in sided.sides]
        numbers = dict(point.values)
        if set(numbers) != {leaf.name for _, leaf in leaves if leaf.role != "input"}:
            raise Malformed("a point gives a value to every parameter and constant, and to nothing else")
        for n, leaf in leaves:
            count = fixed(count_entries(program.shapes[n]))
            if leaf.role != "input" and len(numbers[leaf.name]) != count:
                raise Malformed(f"a point does not give {count} numbers for {leaf.name}")
        inputs = [(leaf, fixed(count_entries(program.shapes[n]))) for n, leaf in leaves if leaf.role == "input"]
        for _, leaf in leaves:
            if leaf.role != "input":
                _check_domain(leaf, numbers[leaf.name])
        scale = pow(2, -point.bits, p)

        def residues(given: Mapping[str, Sequence[int]]) -> dict[str, Sequence[int]]:
            return {name: [x * scale % p for x in xs] for name, xs in given.items()}

        sides = Sides(sided, numbers, point.bits, self.meter)
        apart = [*self.model.flow.nodes(), *laws]
        self.still = sides.at(apart, {})
        data: list[Mapping[str, Sequence[int]]] = []
        cells: dict[object, Cell] = {}
        for datum in point.data:
            given, start = {}, 0
            for leaf, size in inputs:
                given[leaf.name] = datum[start : start + size]
                _check_domain(leaf, given[leaf.name])
                start += size
            if start != len(datum):
                raise Malformed("a datum does not give every entry of the inputs, and no more")
            cell = sides.at([*self.model.outputs, *apart], given)
            data.append({**residues(given), **cells.setdefault(tuple(map(tuple, cell.values())), cell)})
        self.near = tuple(
            NamedPoint(
                leaf.name,
                tuple(fixed(k) for k in program.shapes[n]),
                tuple(Fraction(x, 1 << point.bits) for x in numbers[leaf.name]),
            )
            for n, leaf in leaves
            if leaf.role != "input"
        )
        self.cells = list(cells.values())
        self.model, self._place = sided.model, {n: sided.place[m] for n, m in self._place.items()}
        self.setting = replace(self.setting, given={**residues(numbers), **self.still}, data=data)

    def gradients(self, laws: Sequence[int]) -> Ranked:
        """A lower bound of the rank of the gradients of all entries of these nodes near the point. Raises `Refused`."""
        if not laws:
            return Ranked(0, ())
        setting, premises = self.setting_of_gradients(laws)
        return Ranked(self.ranks.of_gradients(self.model, self.placed(laws), setting, self.meter), premises)

    def brackets(self, steps: Sequence[Step]) -> Ranked:
        """A lower bound of the rank of these elements of the Lie algebra near the point. Raises `Refused`."""
        check_steps(steps)
        setting, premises = self.setting_of_brackets()
        if self.true and not all(step.data for step in steps):
            raise Malformed("a step at a true point does not name its data")
        return Ranked(self.ranks.of_brackets(self.model, steps, setting, self.meter), premises)

    def setting_of_brackets(self) -> tuple[Setting, tuple[Premise, ...]]:
        """The setting of elements of the Lie algebra, and what their values rest on. Raises `Refused`."""
        roots = [*self.model.outputs, *self.model.flow.nodes()]
        return self._checked(roots, self.cells if self.true else [{}])

    def setting_of_gradients(self, laws: Sequence[int]) -> tuple[Setting, tuple[Premise, ...]]:
        """The setting of the gradients of these nodes, and what their values rest on. Raises `Refused`."""
        return self._checked(self.placed(laws), [self.still])

    def placed(self, nodes: Sequence[int]) -> list[int]:
        """Where nodes of the program that was given are in the model."""
        return [self._place[n] for n in nodes]

    def _checked(self, roots: Sequence[int], cells: Sequence[Cell]) -> tuple[Setting, tuple[Premise, ...]]:
        if is_piecewise(self.model.program, roots):
            raise Refused("piecewise units have no sides at a point that is drawn: a true point is needed")
        found, exponentials = check_values(self.model, roots, cells, self.setting, self.meter)
        return replace(self.setting, exponentials=exponentials), found


def _check_domain(leaf: Leaf, entries: Sequence[int]) -> None:
    """Raises `Refused` for numbers outside the domain of a leaf."""
    if leaf.role == "time" and any(x < 0 for x in entries):
        raise Refused("the point has a negative time: training begins at 0")
    if (leaf.domain == "positive" and any(x <= 0 for x in entries)) or (leaf.domain == "nonzero" and 0 in entries):
        raise Refused(f"the point has an entry of {leaf.name} that is not {leaf.domain}")


def bounds(
    model: CountedModel,
    sandwich: Sandwich,
    prove: Callable[[Statement, ByTensors | ByPolynomials], object],
    ranks: Ranks,
    meter: Meter,
) -> CountBounds:
    """What a sandwich shows. Raises `Refused` where one of its parts is not so."""
    longer = _extended(model, sandwich)
    total = coordinates(longer.program)
    for law, evidence in sandwich.laws:
        prove(Statement(longer.program, longer.outputs, law, longer.flow), evidence)
    laws = [law for law, _ in sandwich.laws]
    if is_piecewise(model.program, [*model.outputs, *model.flow.nodes()]):
        # of such a model regions differ, and a law that has no value in one is none there
        laws = [law for law in laws if is_total(longer.program, law)]
    check_somewhere(model, (), sandwich, meter)
    here = Here(longer, laws, sandwich, ranks, meter)
    at_least, below = here.gradients(laws)
    if sandwich.involution is not None:
        involved = total - involutive_rank(model, sandwich.involution, meter)
        if involved >= at_least:
            at_least, below = involved, ()
    rank, above = here.brackets(sandwich.steps) if sandwich.steps else Ranked(0, ())
    if sandwich.paths:
        if here.true:
            raise Malformed("paths are followed at parameters that are drawn, which nothing says are near a true point")
        along_paths, premised = ranks.of_paths(simple_model(model), sandwich.paths, here.setting, meter)
        if along_paths > rank or (along_paths == rank and not premised):
            rank, above = along_paths, (Premise.PATTERNS,) if premised else ()
    at_most = total - rank
    if at_least > at_most:
        raise Refused(
            f"there would be at least {at_least} and at most {at_most} laws: a premise is false, or a rank is wrong"
        )
    return CountBounds(at_least, at_most, total, below, above, here.near if sandwich.steps else ())


def check_somewhere(model: CountedModel, laws: Sequence[int], sandwich: Sandwich, meter: Meter) -> None:
    """Raises `Undefined` where no point is seen at which the model and these laws have values: claims about none are empty.

    Whoever goes to a true point with data has evaluated them there.
    """
    if sandwich.point is None or not sandwich.point.data:
        check_defined(model.program, [*model.outputs, *model.flow.nodes(), *laws], {}, meter)


def is_total(program: Program, n: int) -> bool:
    """Whether a node has a value at almost all parameters in their domains, and no kinks, by its form."""
    activations, signs = dict(program.activations), Signs(program)

    def holds(node: Node) -> bool:
        if not isinstance(node, Apply) or not is_partial(node, activations):
            return True
        whole = node.exponent is not None and node.exponent.denominator == 1
        return whole or signs[node.operand].positive

    return all(holds(program.nodes[m]) for m in program.cone([n]))


def compare(statement: Count, low: int, high: int) -> bool | None:
    """Whether a number of laws between these bounds is as claimed; None where that is open."""
    k = statement.number
    if statement.relation == ">=":
        return True if low >= k else False if high < k else None
    if statement.relation == "<=":
        return True if high <= k else False if low > k else None
    return True if low == high == k else False if not low <= k <= high else None


def simple_model(model: CountedModel) -> Changed:
    """The model with positive factors outside of its relus: the same functions."""
    program, place = simplified(model.program)
    return Changed(program, tuple(place[n] for n in model.outputs), model.flow.placed(place))


def check_modulus(modulus: int) -> None:
    """Raises `Malformed` for a modulus that is even, or too small for a rank to be found."""
    if modulus < MIN_MODULUS or modulus % 2 == 0:
        raise Malformed(f"a modulus is odd and at least {MIN_MODULUS}")


def _extended(model: CountedModel, sandwich: Sandwich) -> Changed:
    """The model with a program that is continued by the sandwich's nodes, which bring no new parameter or data."""
    if any(isinstance(node, Leaf) and node.role != "const" for node in sandwich.nodes):
        raise Refused("the certificate's laws mention something that the model does not have")
    return Changed(model.program.continued(sandwich.nodes), model.outputs, model.flow)

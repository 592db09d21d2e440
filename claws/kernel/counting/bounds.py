"""How many laws: bounds from both sides, independence and dependence.

Soundness-critical. `bounds` never proves that something is small but by one of two facts: k conserved laws whose gradients are
independent at a point are k laws near almost every point; and s independent elements of the Lie algebra leave at most D - s.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from claws.kernel.core.errors import Malformed, Meter, Refused
from claws.kernel.core.finding import Layer
from claws.kernel.core.flow import Flow
from claws.kernel.core.program import Leaf, Program, count_entries
from claws.kernel.core.simplified import simplified
from claws.kernel.core.statement import Statement
from claws.kernel.counting.assumptions import check_assumptions
from claws.kernel.counting.evidence import Sandwich
from claws.kernel.counting.points import CountedModel, Ranks, check_steps, coordinates
from claws.kernel.counting.statements import Count
from claws.kernel.laws.evidence import ByPolynomials, ByTensors
from claws.kernel.values.evaluation import fixed

MIN_MODULUS = 1000


@dataclass(frozen=True, slots=True)
class Changed:
    """A model whose program is not the statement's own: longer, or simplified (see `claws.kernel.counting.points.Model`)."""

    program: Program
    outputs: tuple[int, ...]
    flow: Flow


@dataclass(frozen=True, slots=True)
class CountBounds:
    """There are at least and at most so many independent laws of so many coordinates, under these assumptions."""

    at_least: int
    at_most: int
    coordinates: int
    assumptions: tuple[str, ...]


Prove = Callable[[Statement, ByTensors | ByPolynomials], Iterable[Layer]]
"""Proves a law, and says on which layers that rests. Raises `Refused` where it is not proved."""


def bounds(
    model: CountedModel,
    sandwich: Sandwich,
    prove: Callable[[Statement, ByTensors | ByPolynomials], None],
    ranks: Ranks,
    meter: Meter,
) -> CountBounds:
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
            rank = max(rank, ranks.of_paths(simple, sandwich.paths, modulus, seed, meter))
    at_most = total - rank
    if at_least > at_most:
        raise Refused(
            f"there would be at least {at_least} and at most {at_most} laws: an assumption is false, or a rank is wrong"
        )
    return CountBounds(at_least, at_most, total, assumptions)


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


def gradient_rank(model: CountedModel, laws: Sequence[int], modulus: int, seed: int, ranks: Ranks, meter: Meter) -> int:
    """A lower bound of the generic rank of the gradients of all entries of these nodes."""
    check_modulus(modulus)
    if not laws:
        return 0
    check_assumptions(model, laws, modulus, seed, meter)
    return ranks.of_gradients(model, laws, modulus, seed, meter)


def check_modulus(modulus: int) -> None:
    """Raises `Malformed` for a modulus that is too small for a rank to be found."""
    if modulus < MIN_MODULUS:
        raise Malformed(f"a modulus is at least {MIN_MODULUS}")


def _extended(model: CountedModel, sandwich: Sandwich) -> Changed:
    """The model with a program that is continued by the sandwich's nodes, which bring no new parameter or data."""
    if any(isinstance(node, Leaf) and node.role != "const" for node in sandwich.nodes):
        raise Refused("the certificate's laws mention something that the model does not have")
    return Changed(model.program.continued(sandwich.nodes), model.outputs, model.flow)


def _is_one_function(model: CountedModel) -> bool:
    """Whether the loss sees one number that depends on no data, and nothing else moves the state."""
    program = model.program
    if model.flow.drift:
        return False
    seen = (program.nodes[n] for n in program.cone(model.outputs))
    if any(isinstance(node, Leaf) and node.role == "input" for node in seen):
        return False
    return sum(fixed(count_entries(program.shapes[n])) for n in set(model.outputs)) == 1

"""The field that a law generates: P grad <S, law>, parameter by parameter, as products of named arrays.

S is any constant array of the law's shape, P the preconditioners of the flow. By Noether's theorem for gradient flow (see
`claws.discovery.noether`) the outputs of the model do not change along this field iff the law is conserved. Under momentum the
gradient is that in the velocities.

Untrusted: it describes a law that was proved elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from claws.discovery.notation import Labels
from claws.kernel.core.errors import Meter
from claws.kernel.core.flow import STATE
from claws.kernel.core.program import Leaf, Program, Shape
from claws.kernel.core.statement import Statement
from claws.kernel.laws.evidence import Network
from claws.kernel.laws.symbols import Tensor, squeeze
from claws.kernel.laws.tensors import Tensors
from claws.prover.renamings import LeastForms
from claws.readings.flow import factors_of


@dataclass(frozen=True)
class FieldTerm:
    """coefficient * S[seed] * product of factors: one term of the field in a parameter. Axes of size 1 are left out."""

    coefficient: Fraction
    factors: tuple[tuple[str, Fraction, Labels], ...]
    """Arrays of the state and constants: name, exponent, indices; 0, 1, ... are the parameter's own axes."""
    seed: Labels
    """The indices of S, one for each of its axes; those from the parameter's rank on are summed."""
    at: tuple[tuple[int, str], ...]
    """Pairs of an axis of the parameter and the one place along it that moves, as text; every other place stands still."""
    pace: tuple[tuple[int, Fraction], ...]
    """Factors that are one number, constants or functions of the time: symbols of `Tensors` and exponents."""


@dataclass(frozen=True)
class LawField:
    """The field of one law, and what is needed of the model to write it down."""

    program: Program
    parameters: Mapping[str, Shape]
    """The shape of every leaf, its axes of size 1 among them."""
    shape: Shape
    """The shape of the law and of S, without axes of size 1."""
    preconditioned: bool
    """Whether the flow has preconditioners, so that P is not the identity."""
    exchange: Mapping[tuple[int, int], int]
    """Pairs of axes of the law that may be exchanged, with the sign, 1 or -1, that this brings."""
    terms: Mapping[str, Sequence[FieldTerm]] | None
    """The terms of each parameter that moves; None where some term is no product of named arrays, or paces differ."""

    def rank(self, name: str) -> int:
        """How many axes of a size other than 1 an array has."""
        return len(squeeze(self.parameters[name]))


def field_of_law(statement: Statement, order: Sequence[str], meter: Meter) -> LawField:
    """The field of a statement's law, its parameters in the given order. Raises `Refused` where the budget does not suffice."""
    program = statement.program
    tensors = Tensors(program, meter, LeastForms(meter))
    shapes = {node.name: program.shapes[n] for n, node in enumerate(program.nodes) if isinstance(node, Leaf)}
    timed = _timed_symbols(statement, tensors)
    return LawField(
        program,
        shapes,
        squeeze(program.shapes[statement.law]),
        bool(factors_of(statement.flow)),
        _exchanged_axes(statement, tensors),
        _terms(statement, tensors, timed, order),
    )


def _timed_symbols(statement: Statement, tensors: Tensors) -> set[int]:
    """The symbols of numbers that are constant or depend on the time alone."""
    program = statement.program
    found: set[int] = set()
    for n in program.cone([statement.law, *statement.flow.nodes()]):
        leaves = [node for m in program.cone([n]) if isinstance(node := program.nodes[m], Leaf)]
        if not program.shapes[n] and leaves and all(leaf.role in ("const", "time") for leaf in leaves):
            found.update(s for network in tensors.value(n).terms for s, _, _ in network)
    return found


def _exchanged_axes(statement: Statement, t: Tensors) -> dict[tuple[int, int], int]:
    """The pairs of axes of the law that may be exchanged, with the sign that this brings."""
    value = t.value(statement.law)
    shape = squeeze(statement.program.shapes[statement.law])
    found = {}
    for a, b in combinations(range(len(shape)), 2):
        if shape[a] == shape[b] and value.terms:
            axes = list(range(len(shape)))
            axes[a], axes[b] = b, a
            other = t.einsum([value], [axes], range(len(axes)), dict(enumerate(shape)))
            for sign in (1, -1):
                if t.vanishes(t.add((Fraction(1), value), (Fraction(-sign), other))):
                    found[a, b] = sign
    return found


def _terms(
    statement: Statement, t: Tensors, timed: set[int], order: Sequence[str]
) -> dict[str, list[FieldTerm]] | None:
    """The terms of P grad <S, law> for each parameter that moves; None where one has no simple form."""
    program, flow = statement.program, statement.flow
    place = {leaf.name: n for n, leaf in program.leaves(*STATE)}
    targets = {place[part.target]: part.target for part in flow.parts(1)}
    seed = t.fresh_constant("S", program.shapes[statement.law])
    found: dict[str, list[FieldTerm]] = {}
    gradient = {targets[n]: g for n, g in t.gradient(statement.law, seed, targets).items()}
    for name, g in flow.transposed(gradient, lambda n, g: t.hadamard(t.value(n), g)).items():
        direction = _written_out(t, g)
        for network, c in direction.terms.items():
            number = c.constant()
            term = None if number is None else _term(t, timed, network, number, len(direction.shape))
            if term is None:
                return None
            found.setdefault(name, []).append(term)
    if len({term.pace for terms in found.values() for term in terms}) > 1:
        return None

    def places(term: FieldTerm) -> list[tuple[int, int, str]]:
        """The order in which terms at single places are written."""
        # x[2] before x[10]
        return [(axis, len(position), position) for axis, position in term.at]

    return {name: sorted(found[name], key=places) for name in order if name in found}


def _term(t: Tensors, timed: set[int], network: Network, c: Fraction, rank: int) -> FieldTerm | None:
    """A network as a term of the field in a parameter with `rank` axes; None for one with anything but named arrays in it."""
    factors: list[tuple[str, Fraction, Labels]] = []
    seed: Labels = ()
    at: dict[int, str] = {}
    pace: list[tuple[int, Fraction]] = []
    for s, e, ix in network:
        symbol = t.symbols[s]
        if symbol.kind == "constant":
            seed = ix
        elif symbol.select is not None and len(ix) == 1 and 0 <= ix[0] < rank:
            at[ix[0]] = str(symbol.select.start)
        elif s in timed:
            pace.append((s, e))
        elif symbol.kind == "leaf":
            factors.append((symbol.text, e, ix))
        else:
            return None
    # a place of the parameter itself: U[0] in the direction of U[0]
    own = [
        (name, e, tuple(k if i < 0 and at.get(k) == str(t.position(i)) else i for k, i in enumerate(ix)))
        for name, e, ix in factors
    ]
    if any(i < 0 for row in (seed, *(ix for _, _, ix in own)) for i in row):
        return None
    return FieldTerm(c, tuple(own), seed, tuple(sorted(at.items())), tuple(pace))


def _written_out(t: Tensors, x: Tensor) -> Tensor:
    """The same tensor with its sums written out, but for those in a denominator.

    `Tensors.opened` multiplies by the denominators, which keeps a zero and changes everything else.
    """
    while True:
        exponents: dict[int, set[Fraction]] = {}
        for network in x.terms:
            for number, e, _ in network:
                exponents.setdefault(number, set()).add(e)
        sums = [
            k
            for k, found in exponents.items()
            if t.symbols[k].definition is not None and max(found) >= 1 and min(found) > 0
        ]
        if not sums:
            return x
        latest = max(sums)
        x = t.opened(x, lambda symbol, latest=latest: symbol.number == latest)  # type: ignore[misc]

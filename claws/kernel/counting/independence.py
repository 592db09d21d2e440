"""What a rank over the jets says of the real model where that is not rational.

Soundness-critical. In `claws.kernel.counting.jets` a value such as exp(z) is any residue. A minor that is not zero there is a
polynomial in the state, the data and such values that is not the zero polynomial. For the real model it is then not zero near
almost every point, if these values are algebraically independent over the rational functions. That is what Ax (1971, Schanuel's
conjecture for power series) says of exponentials e^a and logarithms log u, in towers as well, wherever the exponents a and the
logarithms have no linear relation with rational coefficients up to a constant. That hypothesis is checked here, by derivatives
at random points: of what depends on data along these, so up to functions of the state, and of the rest along the state.
Square roots are looked at in `roots.py`, and exponents that are related are put into a basis (`exponents.py`).

The integrals erf and the normal distribution function are independent of each other and of exponentials where no argument
contains another transcendental function (Kolchin 1968, after Ostrowski: were they not, a rational function f would satisfy
f' - 2 z z' f = c z'). Elsewhere that is a premise. Values of other functions, which no theorem speaks of, are refused.

All this is asked for each cell (`cells.py`), since what a unit is on its side may bring relations that the model lacks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from claws.kernel.core.errors import Meter, NoRoot, Refused, Undefined
from claws.kernel.core.finding import Premise
from claws.kernel.core.functions import Function, MadeWith, Slope, function_of
from claws.kernel.core.program import Apply, Leaf, Program, stops_gradient
from claws.kernel.counting.cells import factors_of
from claws.kernel.counting.exponents import RelatedExponents
from claws.kernel.counting.jets import Jet, JetRing, salt
from claws.kernel.counting.points import MAX_DRAWS, CountedModel, Exponentials, Point, Setting
from claws.kernel.counting.ranks import ResidueRows
from claws.kernel.counting.roots import check_roots, source_of
from claws.kernel.values.evaluation import Array, evaluate, fixed, indices
from claws.kernel.values.evidence import Index

_SPARE = 4
"""Samples beyond the number of exponents that are compared."""

Cell = Mapping[str, Sequence[int]]
"""The sides of the units of a model (`cells.py`): leaves of 0 and 1. A model without units has one cell, without leaves."""

Member = tuple[str, int, int, MadeWith]
"""What Ax's theorem is about: the function, its node, its argument, and what it is made with."""

RELATED = (
    "arguments of transcendental functions have a linear relation with constant coefficients (as z and 2*z), "
    "so their values are related and the number of laws can't be had from independent ones"
)


def check_values(
    model: CountedModel, roots: Sequence[int], cells: Sequence[Cell], setting: Setting, meter: Meter
) -> tuple[tuple[Premise, ...], Exponentials | None]:
    """What ranks of the values of these nodes, and of their derivatives, rest on: premises; and related exponentials.

    Raises `Refused` where values are related in a way that is not understood. The model has no piecewise functions.
    """
    program = model.program
    if any(stops_gradient(program.nodes[n]) for n in program.cone(roots)):
        raise Refused("a gradient is stopped, and the fields of such a model can't be counted yet")
    drawn = replace(setting, given={}, data=())
    used = _functions(program, roots)
    members = list(_members(program, roots))
    exponentials: Exponentials | None = None
    if members and any(_related(model, members, replace(drawn, given=cell), meter) for cell in cells):
        related = RelatedExponents(model, members, cells, drawn, meter)
        for cell in cells:
            here = replace(drawn, given=cell, exponentials=related)
            if _related(model, members, here, meter, _Rewritten(related, cell)):
                raise Refused(RELATED)
        exponentials = related
    for cell in cells:
        check_roots(model, roots, replace(drawn, given=cell, exponentials=exponentials), meter)
    found: list[Premise] = []
    if any(m.squared for *_, m in members) and any(_functions(program, [n]) for _, _, n, _ in members):
        found.append(Premise.INDEPENDENT_VALUES)
    if any(f.declared and f.smooth for f in used):
        found.append(Premise.NOT_CONSTANT)
    leaves = {node.name for n in program.cone(roots) if isinstance(node := program.nodes[n], Leaf)}
    if any(f.open for f in used) or any(factors_of(name)[0] in leaves for name, _ in program.activations):
        found.append(Premise.GENERIC_ACTIVATION)
    return tuple(found), exponentials


def _functions(program: Program, roots: Sequence[int]) -> list[Function]:
    """The functions that occur under these nodes, in the order of their names."""
    activations = dict(program.activations)
    names = {node.function for node in program.applications(roots)}
    return [function_of(name, activations) for name in sorted(names)]


def _members(program: Program, roots: Sequence[int]) -> Iterator[Member]:
    """The smooth functions under these nodes. Raises `Refused` for one of whose values nothing is known."""
    activations = dict(program.activations)
    for n in program.cone(roots):
        node = program.nodes[n]
        if isinstance(node, Apply) and node.exponent is None:
            row = function_of(node.function, activations)
            if row.open:
                continue
            if row.made_with is not None:
                yield node.function, n, node.operand, row.made_with
                continue
            declared = activations.get(node.function)
            why = "values at different arguments may be related"
            if isinstance(declared, Slope):
                name = node.function
                why = f"the solutions of {name}' = {declared.text(name)} may be algebraic, so {why}"
            raise Refused(f"of {node.function} {why}, so such a model can't be counted")


class _Rewritten:
    """What the exponentials in a cell are made with, where exponents are related: those of a basis, and of monomials."""

    def __init__(self, related: RelatedExponents, cell: Cell) -> None:
        self.basis = related.basis(cell)
        """By node of the argument and entry."""
        self.monomials = related.monomials(cell)
        """Each as powers of entries of leaves."""


def _related(
    model: CountedModel,
    members: Sequence[Member],
    setting: Setting,
    meter: Meter,
    rewritten: _Rewritten | None = None,
) -> bool:
    """Whether exponents and logarithms are linearly dependent, by their derivatives; arguments that are one entry are one.

    Of exponents that are `rewritten` those of the basis are looked at, and the monomials, and no others.
    """
    program = model.program
    with_data = {n for n in range(len(program.nodes)) if _depends_on_data(program, n)}
    for data in (True, False):
        group = [m for m in members if (m[2] in with_data) == data]
        if group and _are_related(model, group, data, setting, meter, rewritten):
            return True
    return False


def _depends_on_data(program: Program, n: int) -> bool:
    return any(isinstance(node := program.nodes[m], Leaf) and node.role == "input" for m in program.cone([n]))


def _are_related(
    model: CountedModel,
    members: Sequence[Member],
    data: bool,
    setting: Setting,
    meter: Meter,
    rewritten: _Rewritten | None,
) -> bool:
    program = model.program
    # free residues stand for the exponentials of monomials too, and whatever is not such an exponential may be related to them
    monomials = [] if data or rewritten is None else rewritten.monomials
    nodes = sorted({n for _, value, argument, _ in members for n in (value, argument)})
    entries = [(m, i) for m in members for i in indices([fixed(k) for k in program.shapes[m[2]]])]
    columns: list[list[list[int]]] = [[] for _ in entries]
    slopes: list[list[int]] = [[] for _ in monomials]
    p = setting.modulus
    for k in range(2 * len(entries) + len(monomials) + _SPARE):
        point = _sample(model, replace(setting, seed=salt("sample", setting.seed, k)), meter)
        ring, arrays = _moving(point, data, k, meter)
        found = _slopes(point, nodes, ring, arrays, meter)
        for powers, of_monomial in zip(monomials, slopes, strict=True):
            value_there = ring.number(Fraction(1))
            for name, place, e in powers:
                value_there = value_there * ring.power(arrays[name][place], Fraction(e))
            of_monomial.append(value_there.parts[1])
        for j, ((_, value, argument, made), i) in enumerate(entries):
            x, slope = found[argument][i]
            columns[j].append([slope * (2 * x if made.squared else 1) % p, found[value][i][1]])
    exponents: dict[object, list[int]] = {}
    logarithms: dict[object, list[int]] = {}
    for ((function, _, argument, made), i), column in zip(entries, columns, strict=True):
        entry = source_of(program, argument, i)
        is_monomial = rewritten is not None and made.exponential == "exp" and (argument, i) not in rewritten.basis
        if made.exponential is not None and not is_monomial:
            exponents.setdefault((made.exponential, made.rate, made.squared, entry), [c for c, _ in column])
        if made.logarithm:
            logarithms.setdefault((function, entry), [c for _, c in column])
    if not exponents and not logarithms:
        return False  # different monomials are independent
    echelon = ResidueRows(p, meter)
    try:
        return not all(echelon.add(column) for column in (*exponents.values(), *logarithms.values(), *slopes))
    except Undefined:
        return True


def _sample(model: CountedModel, setting: Setting, meter: Meter) -> Point:
    """A random point at which square roots of functions of the parameters exist."""
    for attempt in range(MAX_DRAWS):
        point = Point(model, replace(setting, seed=salt(setting.seed, attempt)) if attempt else setting, meter)
        try:
            point.check_fixed_roots()
            return point
        except NoRoot:
            continue
    raise Undefined("no point was found at which all square roots exist modulo the prime")


def _moving(point: Point, data: bool, key: int, meter: Meter) -> tuple[JetRing, dict[str, Array]]:
    """The leaves at the point and data drawn by the key, where the data, or all the rest, move."""
    setting = point.setting
    direction = Point(point.model, replace(setting, seed=salt("direction", setting.seed, key)), meter)
    leaves = point.data(key) if data else point.consts
    ring = point.ring(1, leaves)
    theta: list[Jet | None] = [
        Jet(ring, [x.parts[0], 0 if data else d.parts[0]])
        for x, d in zip(point.theta, direction.theta, strict=True)
        if x is not None and d is not None
    ]
    arrays: dict[str, Array] = point.arrays(theta, leaves, ring)
    moved = direction.data(key) if data else direction.consts
    for _, leaf in point.program.leaves("input" if data else "const"):
        if leaf.name not in setting.given:
            for i, value in zip(indices(point.shapes[leaf.name]), moved[leaf.name], strict=True):
                arrays[leaf.name][i] = arrays[leaf.name][i] + Jet(ring, [0, value])
    return ring, arrays


def _slopes(
    point: Point, nodes: Sequence[int], ring: JetRing, arrays: Mapping[str, Array], meter: Meter
) -> dict[int, dict[Index, tuple[int, int]]]:
    """The entries of nodes, and how they move with the leaves."""
    found = evaluate(point.program, nodes, arrays, ring, meter)
    zero = ring.number(Fraction(0))
    return {
        n: {
            i: (x.parts[0], x.parts[1])
            for i in indices([fixed(size) for size in point.program.shapes[n]])
            for x in [found[n].get(i, zero)]
        }
        for n in nodes
    }

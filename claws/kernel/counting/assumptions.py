"""What a rank over the jets rests on where a model is not rational, and where the program itself shows that to be false.

Soundness-critical. In `claws.kernel.counting.jets` a relu is on or off by a hash, and a value such as exp(z) is any residue. For
the real model this is right where every on/off pattern occurs, and where these values are algebraically independent. Both are
assumptions of the theorem, listed with it; but what the program contradicts is refused:

* two relus whose arguments are proportional as functions of the data share their kink, and one whose argument does not depend
  on the data is on or off for good: which patterns occur then depends on the parameters;
* exponents with a linear relation, such as z and 2z, make values that are related (Ax 1971: without one they are independent);
* of smooth functions, known or with a declared derivative, only those are taken that are made with an exponential of their
  argument or of its square, and logarithms: values of others, such as the arctangent, may be related by a theorem of addition.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from claws.kernel.core.errors import Meter, NoRoot, Refused, Undefined
from claws.kernel.core.functions import Function, MadeWith, Slope, function_of
from claws.kernel.core.program import Apply, Einsum, Leaf, Program, Sum, Window, operands_of, stops_gradient
from claws.kernel.counting.jets import PATTERNS_ON, Jet, salt
from claws.kernel.counting.points import MAX_DRAWS, CountedModel, Point
from claws.kernel.counting.ranks import ResidueRows
from claws.kernel.counting.roots import check_roots
from claws.kernel.values.evaluation import Array, evaluate, fixed, indices
from claws.kernel.values.evidence import Index

PATTERNS = "every on/off pattern of the piecewise units occurs"
INDEPENDENCE = "the values of transcendental functions are algebraically independent at generic data"
GENERIC = "a declared activation is a generic function"
NOT_CONSTANT = "an activation with a declared derivative is not one of the constant solutions"

_DATA = 3
"""Data samples at which the arguments of relus are compared."""

_SPARE = 4
"""Samples beyond the number of exponents that are compared."""

_LOGARITHM = MadeWith(None, logarithm=True)


def check_assumptions(
    model: CountedModel, laws: Sequence[int], modulus: int, seed: int, meter: Meter, distinct: bool = False
) -> tuple[str, ...]:
    """What ranks of brackets (without `laws`), or of the gradients of these laws, rest on.

    Raises `Refused` where the program contradicts it; with `distinct` also where two piecewise units are the same function, which
    are on and off together.
    """
    program = model.program
    apart = tuple(laws) or model.flow.nodes()
    if any(f.kinked for f in _functions(program, apart)):
        raise Refused(f"the laws can't be counted: {'a law' if laws else 'the flow'} is piecewise")
    roots = apart if laws else (*model.outputs, *apart)
    if any(stops_gradient(program.nodes[n]) for n in program.cone(roots)):
        raise Refused("a gradient is stopped, and the fields of such a model can't be counted yet")
    used = _functions(program, roots)
    found = []
    if any(f.kinked for f in used):
        _check_form(model)
        _check_kinks(model, modulus, seed, meter, distinct)
        found.append(PATTERNS)
    check_roots(model, roots, modulus, seed, meter)
    if any(f.smooth for f in used):
        for f in used:
            for name in f.smooth:
                _made_with(program, name)
        _check_exponents(model, roots, modulus, seed, meter)
        found.append(INDEPENDENCE)
    if any(f.declared and f.smooth for f in used):
        found.append(NOT_CONSTANT)
    if any(f.open for f in used):
        found.append(GENERIC)
    return tuple(found)


def _functions(program: Program, roots: Sequence[int]) -> list[Function]:
    """The functions that occur under these nodes, in the order of their names."""
    activations = dict(program.activations)
    names = {node.function for node in program.applications(roots)}
    return [function_of(name, activations) for name in sorted(names)]


def _is_kinked(program: Program, node: Apply) -> bool:
    return node.exponent is None and function_of(node.function, dict(program.activations)).kinked


def _made_with(program: Program, name: str) -> MadeWith:
    """What the values of a smooth function are made with. Raises `Refused` where no theorem says that they are independent."""
    activations = dict(program.activations)
    found = function_of(name, activations).made_with
    declared = activations.get(name)
    if found is None and isinstance(declared, Slope):
        raise Refused(
            f"the solutions of {name}' = {declared.text(name)} may be algebraic, so values at different arguments may be "
            "related, and such a model can't be counted"
        )
    if found is None:
        raise Refused(f"values of {name} at different arguments may be related, so such a model can't be counted")
    return found


def _check_form(model: CountedModel) -> None:
    """Raises `Refused` unless every piecewise unit is one of a network: affine in data and inner units, with free weights.

    What is allowed: an entry of unconstrained data; sums of terms each of which has data or inner units in one factor only and,
    where these are not unconstrained data themselves, an unconstrained parameter or constant in another; and no product of
    two factors that both depend on units.
    """
    program = model.program
    size = len(program.nodes)
    data = [_depends(program, n, "input") for n in range(size)]
    units = [False] * size
    for n in program.cone(model.outputs):
        node = program.nodes[n]
        operands = operands_of(node)
        if isinstance(node, Apply) and _is_kinked(program, node):
            if not _is_unit_argument(program, node.operand, data, units):
                raise Refused(
                    "a piecewise unit is not affine in the data with weights of either sign, so which on/off patterns occur "
                    "is not known"
                )
            units[n] = True
        elif isinstance(node, Einsum):
            if sum(units[m] for m in operands) > 1:
                raise Refused("piecewise units are multiplied, so which of their on/off patterns occur matters")
            units[n] = any(units[m] for m in operands)
        elif any(units[m] for m in operands):
            if not isinstance(node, Sum | Window):
                raise Refused("a piecewise unit is inside a function that is not linear: its patterns are not known")
            units[n] = True


def _is_unit_argument(program: Program, n: int, data: Sequence[bool], units: Sequence[bool]) -> bool:
    node = program.nodes[n]
    if not data[n]:
        return True  # a bias; that the whole depends on data is checked at points
    match node:
        case Leaf():
            return node.domain == "real"
        case Window(operand):
            return _is_unit_argument(program, operand, data, units)
        case Sum(terms):
            return len(terms) == 1 or all(_is_affine_term(program, m, data, units) for _, m in terms)
        case Einsum():
            return _is_affine_term(program, n, data, units)
    return False


def _is_affine_term(program: Program, n: int, data: Sequence[bool], units: Sequence[bool]) -> bool:
    """Data-free; or linear in data or units through one factor, with free weights."""
    node = program.nodes[n]
    if not data[n]:
        return True
    if isinstance(node, Window):
        return _is_affine_term(program, node.operand, data, units)
    if isinstance(node, Sum):
        return all(_is_affine_term(program, m, data, units) for _, m in node.terms)
    if not isinstance(node, Einsum):
        return False
    inner = [m for m in node.operands if data[m]]
    if len(inner) != 1 or not _is_network(program, inner[0], data):
        return False
    others = [k for k, m in enumerate(node.operands) if not data[m]]
    free = False
    for k in others:
        leaf = _free_leaf(program, node.operands[k])
        # nothing else in the product may go with its sign
        free = free or (leaf is not None and leaf not in program.cone(m for j, m in enumerate(node.operands) if j != k))
    plain = _is_plain_data(program, inner[0])
    if not others:
        return plain and not any(set(row) - set(node.out) for row in node.labels)
    return free or (plain and not units[inner[0]])


def _is_network(program: Program, n: int, data: Sequence[bool]) -> bool:
    """Linear in unconstrained data and in units (which are looked at by themselves)."""
    node = program.nodes[n]
    if not data[n]:
        return True
    match node:
        case Leaf():
            return node.domain == "real"
        case Apply():
            return _is_kinked(program, node)
        case Window():
            return _is_network(program, node.operand, data)
        case Sum(terms):
            return all(_is_network(program, m, data) for _, m in terms)
        case Einsum(operands, _, _, _):
            inner = [m for m in operands if data[m]]
            return len(inner) == 1 and _is_network(program, inner[0], data)
    return False


def _is_plain_data(program: Program, n: int) -> bool:
    """Entries of unconstrained data, moved about."""
    node = program.nodes[n]
    if isinstance(node, Window):
        return _is_plain_data(program, node.operand)
    return isinstance(node, Leaf) and node.role == "input" and node.domain == "real"


def _free_leaf(program: Program, n: int) -> int | None:
    """The unconstrained parameter or constant that gives a weight either sign: it itself, or one term of it and no other."""
    node = program.nodes[n]
    match node:
        case Leaf():
            return n if node.role in ("param", "const") and node.domain != "positive" else None
        case Window():
            return _free_leaf(program, node.operand)
        case Sum(terms):
            for k, (_, m) in enumerate(terms):
                leaf = _free_leaf(program, m)
                if leaf is not None and leaf not in program.cone([m for j, (_, m) in enumerate(terms) if j != k]):
                    return leaf
    return None


def _check_kinks(model: CountedModel, modulus: int, seed: int, meter: Meter, distinct: bool) -> None:
    """Raises `Refused` if two piecewise units share their kink, or one stands on one side of it for all data."""
    program = model.program
    point = Point(model, modulus, seed, meter)
    ring = point.ring(0, PATTERNS_ON)
    arguments = sorted({node.operand for node in program.applications(model.outputs) if _is_kinked(program, node)})
    samples = [
        evaluate(program, arguments, point.arrays(point.theta, point.data("kink", k), ring), ring, meter)
        for k in range(_DATA)
    ]
    seen: dict[tuple[int, ...], tuple[int, ...]] = {}
    for n in arguments:
        for i in indices([fixed(size) for size in program.shapes[n]]):
            column = tuple(s[n][i].parts[0] if i in s[n] else 0 for s in samples)
            if not column[0]:
                raise Refused("the argument of a piecewise unit is 0 at a random point: its pattern is not known")
            scale = ring.inverse(column[0])
            direction = tuple(x * scale % modulus for x in column)
            if all(x == 1 for x in direction):
                raise Refused(
                    "a relu's argument keeps its sign for all data, so the number of laws depends on the signs of parameters; "
                    "declare domains (`in positive`) where they decide it"
                )
            if distinct and direction in seen:
                raise Refused("two relus are the same function, so they are on and off together")
            if seen.setdefault(direction, column) != column:
                raise Refused(
                    "two relus have proportional arguments and share their kink, so not every on/off pattern occurs and the "
                    "number of laws depends on the signs of parameters; declare domains (`in positive`) where they decide it"
                )


def _check_exponents(model: CountedModel, roots: Sequence[int], modulus: int, seed: int, meter: Meter) -> None:
    """Raises `Refused` unless the transcendental values are independent by Ax's theorem, as functions of the data.

    At one theta with many data, exponents must have no linear relation up to a function of theta; those without data none up
    to a constant; and the same of logarithms, by their logarithmic derivatives.
    """
    program = model.program
    activations = dict(program.activations)
    # a two-sided function is made with the smooth ones on its sides
    used = [
        (_made_with(program, f), node.operand)
        for node in program.applications(roots)
        for f in function_of(node.function, activations).smooth
    ]
    for made_with, operand in used:
        inner = _functions(program, [operand])
        names = [name for f in inner for name in f.smooth]
        if any(_made_with(program, name).logarithm for name in names) or (names and made_with == _LOGARITHM):
            raise Refused("logarithms and exponentials of each other may be related: such a model can't be counted yet")
        if any(f.kinked for f in inner):
            raise Refused(
                "a transcendental function of a piecewise one has known values where it is off: it can't be counted"
            )
    logarithms = sorted({n for made_with, n in used if made_with == _LOGARITHM})
    if logarithms and any(made_with.logarithm and made_with != _LOGARITHM for made_with, _ in used):
        raise Refused("a log beside a softplus may be related to it: such a model can't be counted yet")
    # an activation is a group of its own: at equal arguments two of them, or one and exp, count as related
    exponents = {(MadeWith(m.exponential, m.squared), n) for m, n in used if m.exponential is not None}
    with_data = {n for n in range(len(program.nodes)) if _depends(program, n, "input")}
    for group in (sorted(exponents, key=lambda e: (e[0].exponential, e[1])), [(_LOGARITHM, n) for n in logarithms]):
        for data in (True, False):
            members = [(made_with, n) for made_with, n in group if (n in with_data) == data]
            if members and _related(model, members, data, modulus, seed, meter):
                raise Refused(
                    "arguments of transcendental functions have a linear relation with constant coefficients (as z and 2*z), "
                    "so their values are related and the number of laws can't be had from independent ones"
                )


def _depends(program: Program, n: int, role: str) -> bool:
    return any(isinstance(node := program.nodes[m], Leaf) and node.role == role for m in program.cone([n]))


def _related(
    model: CountedModel, members: Sequence[tuple[MadeWith, int]], data: bool, modulus: int, seed: int, meter: Meter
) -> bool:
    """Whether arguments are linearly dependent, in the sense of `_check_exponents`; equal arguments of one name are one."""
    program = model.program
    entries = [(m, n, i) for m, n in members for i in indices([fixed(k) for k in program.shapes[n]])]
    nodes = list(dict.fromkeys(n for _, n in members))
    keys: list[tuple[object, ...]] = [(m.exponential,) for m, _, _ in entries]
    columns: list[list[int]] = [[] for _ in entries]
    ones: list[int] = []
    base = Point(model, modulus, seed, meter)
    for k in range(len(entries) + _SPARE):
        here = _sample(model, modulus, salt("sample", seed, k), meter)
        if not data:
            here.consts = base.consts  # a constant is a constant
        first = _values(here, nodes, "first", "data" if data else "theta", meter)
        second = _values(here, nodes, "second", "data", meter) if data else {}
        ring = here.ring(0)
        ones.append(1)
        for j, (made_with, n, i) in enumerate(entries):
            x, slope = first[n][i]
            keys[j] += (x,)
            if made_with == _LOGARITHM:
                columns[j].append(slope * ring.inverse(x) % modulus)
                continue
            other = second[n][i][0] if data else 0
            columns[j].append((x * x - other * other if made_with.squared else x - other) % modulus)
    echelon = ResidueRows(modulus, meter)
    if not data and members[0][0] != _LOGARITHM:
        echelon.add(ones)
    try:
        return not all(echelon.add(column) for column in dict(zip(keys, columns, strict=True)).values())
    except Undefined:
        return True


def _sample(model: CountedModel, modulus: int, seed: int, meter: Meter) -> Point:
    """A random point at which square roots of functions of the parameters exist."""
    for attempt in range(MAX_DRAWS):
        point = Point(model, modulus, salt(seed, attempt) if attempt else seed, meter)
        try:
            point.check_fixed_roots()
            return point
        except NoRoot:
            continue
    raise Undefined("no point was found at which all square roots exist modulo the prime")


def _values(
    point: Point, nodes: Sequence[int], key: str, moved: str, meter: Meter
) -> dict[int, dict[Index, tuple[int, int]]]:
    """The entries of nodes at the point and data drawn by the key, with their derivatives as the data (or theta) move."""
    ring = point.ring(1)
    direction = Point(point.model, point.modulus, salt("direction", point.seed), meter)
    theta: list[Jet | None] = [
        Jet(ring, [x.parts[0], d.parts[0] if moved == "theta" else 0])
        for x, d in zip(point.theta, direction.theta, strict=True)
        if x is not None and d is not None
    ]
    leaves: dict[str, Array] = point.arrays(theta, point.data(key), ring)
    if moved == "data":
        drawn = direction.data(key)
        for _, leaf in point.program.leaves("input"):
            for i, value in zip(indices(point.shapes[leaf.name]), drawn[leaf.name], strict=True):
                leaves[leaf.name][i] = leaves[leaf.name][i] + Jet(ring, [0, value])
    found = evaluate(point.program, nodes, leaves, ring, meter)
    zero = ring.number(Fraction(0))
    return {
        n: {
            i: (x.parts[0], x.parts[1])
            for i in indices([fixed(size) for size in point.program.shapes[n]])
            for x in [found[n].get(i, zero)]
        }
        for n in nodes
    }

"""What a rank over the jets rests on where a model is not rational, and where the program itself shows that to be false.

Soundness-critical. In `claws.kernel.counting.jets` a relu is on or off by a hash, and a value such as exp(z) is any residue. For
the real model this is right where every on/off pattern occurs, and where these values are algebraically independent. Both are
assumptions of the theorem, listed with it; but what the program contradicts is refused:

* two relus whose arguments are proportional as functions of the data share their kink, and one whose argument does not depend
  on the data is on or off for good: which patterns occur then depends on the parameters;
* exponents with a linear relation, such as z and 2z, make values that are related (Ax 1971: without one they are independent);
* of activations with a declared derivative only those are taken that are made with an exponential of their argument.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from claws.kernel.core.errors import Meter, NoRoot, Refused, Undefined
from claws.kernel.core.functions import Property, Slope, has_rule
from claws.kernel.core.program import (
    Apply,
    Einsum,
    Gather,
    Leaf,
    Program,
    Reshape,
    Scatter,
    Sum,
    operands_of,
)
from claws.kernel.counting.jets import PATTERNS_ON, Jet, salt
from claws.kernel.counting.points import MAX_DRAWS, Model, Point
from claws.kernel.counting.ranks import Echelon
from claws.kernel.counting.roots import check_roots
from claws.kernel.values.evaluation import Array, Index, evaluate, fixed, indices

PATTERNS = "every on/off pattern of the piecewise units occurs"
INDEPENDENCE = "the values of transcendental functions are algebraically independent at generic data"
GENERIC = "a declared activation is a generic function"
NOT_CONSTANT = "an activation with a declared derivative is not one of the constant solutions"

_DATA = 3
"""Data samples at which the arguments of relus are compared."""

_SPARE = 4
"""Samples beyond the number of exponents that are compared."""

_EXPONENTIAL = {
    "exp": "exp",
    "sigmoid": "sigmoid",
    "softplus": "sigmoid",
    "tanh": "tanh",
    "sin": "circle",
    "cos": "circle",
    "erf": "erf",
    "erf_slope": "erf",
    "normal_cdf": "normal",
    "normal_pdf": "normal",
}
"""Functions that are made with an exponential of their argument, or of its square; those with the same values are alike."""

_SQUARED = ("erf", "normal")


def check_assumptions(
    model: Model, laws: Sequence[int], modulus: int, seed: int, meter: Meter, distinct: bool = False
) -> tuple[str, ...]:
    """What ranks of brackets (without `laws`), or of the gradients of these laws, rest on.

    Raises `Refused` where the program contradicts it; with `distinct` also where two piecewise units are the same function, which
    are on and off together.
    """
    program = model.program
    activations = dict(program.activations)
    apart = tuple(laws) or model.flow.nodes()
    if any(_kinked(f, activations) for f in _functions(program, apart)):
        raise Refused(f"the laws can't be counted: {'a law' if laws else 'the flow'} is piecewise")
    roots = apart if laws else (*model.outputs, *apart)
    used = _functions(program, roots)
    found = []
    if any(_kinked(f, activations) for f in used):
        _check_form(model)
        _check_kinks(model, modulus, seed, meter, distinct)
        found.append(PATTERNS)
    check_roots(model, roots, modulus, seed, meter)
    if any(has_rule(f, activations) for f in used):
        for f in sorted(used):
            _check_solutions(f, activations.get(f))
        _check_exponents(model, roots, modulus, seed, meter)
        found.append(INDEPENDENCE)
    if any(isinstance(activations.get(f), Slope) for f in used):
        found.append(NOT_CONSTANT)
    if any(f in activations and not has_rule(f, activations) for f in used):
        found.append(GENERIC)
    return tuple(found)


def _functions(program: Program, roots: Sequence[int]) -> set[str]:
    return {node.function for n in program.cone(roots) if isinstance(node := program.nodes[n], Apply)}


def _kinked(function: str, activations: dict[str, Property]) -> bool:
    return function == "relu" or isinstance(activations.get(function), Fraction)


def _check_solutions(function: str, declared: Property) -> None:
    """Raises `Refused` unless the solutions s that are not constant are made with an exponential e^(d*z), for one number d.

    s' = b*s + c with b != 0: s is linear in e^(b*z). s' = a*s^2 + b*s + c with d^2 = b^2 - 4*a*c != 0: s is a Moebius function of
    e^(d*z) (Riccati). Both maps can be undone, so s(z) is as good as e^(d*z) in Ax's theorem.
    """
    if not isinstance(declared, Slope):
        return
    c, b, a = ({e: x for x, e in declared.terms}.get(k, Fraction(0)) for k in range(3))
    if declared.degree > 2 or not (b if not a else b * b - 4 * a * c):
        raise Refused(
            f"the solutions of {function}' = {declared.text(function)} may be algebraic, so values at different arguments may be "
            "related, and such a model can't be counted"
        )


def _check_form(model: Model) -> None:
    """Raises `Refused` unless every piecewise unit is one of a network: affine in data and inner units, with free weights.

    What is allowed: an entry of unconstrained data; sums of terms each of which has data or inner units in one factor only and,
    where these are not unconstrained data themselves, an unconstrained parameter or constant in another; and no product of
    two factors that both depend on units.
    """
    program = model.program
    activations = dict(program.activations)
    size = len(program.nodes)
    data = [_depends(program, n, "input") for n in range(size)]
    units = [False] * size
    for n in program.cone(model.outputs):
        node = program.nodes[n]
        operands = operands_of(node)
        if isinstance(node, Apply) and _kinked(node.function, activations):
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
            if not isinstance(node, Sum | Gather | Scatter | Reshape):
                raise Refused("a piecewise unit is inside a function that is not linear: its patterns are not known")
            units[n] = True


def _is_unit_argument(program: Program, n: int, data: Sequence[bool], units: Sequence[bool]) -> bool:
    node = program.nodes[n]
    if not data[n]:
        return True  # a bias; that the whole depends on data is checked at points
    match node:
        case Leaf():
            return node.domain == "real"
        case Gather(operand, _, _, _, _) | Scatter(operand, _, _, _, _) | Reshape(operand, _):
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
    if isinstance(node, Gather | Scatter | Reshape):
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
        case Apply(function, _):
            return _kinked(function, dict(program.activations))
        case Gather() | Scatter() | Reshape():
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
    if isinstance(node, Gather | Scatter | Reshape):
        return _is_plain_data(program, node.operand)
    return isinstance(node, Leaf) and node.role == "input" and node.domain == "real"


def _free_leaf(program: Program, n: int) -> int | None:
    """The unconstrained parameter or constant that gives a weight either sign: it itself, or one term of it and no other."""
    node = program.nodes[n]
    match node:
        case Leaf():
            return n if node.role in ("param", "const") and node.domain != "positive" else None
        case Gather() | Scatter() | Reshape():
            return _free_leaf(program, node.operand)
        case Sum(terms):
            for k, (_, m) in enumerate(terms):
                leaf = _free_leaf(program, m)
                if leaf is not None and leaf not in program.cone([m for j, (_, m) in enumerate(terms) if j != k]):
                    return leaf
    return None


def _check_kinks(model: Model, modulus: int, seed: int, meter: Meter, distinct: bool) -> None:
    """Raises `Refused` if two piecewise units share their kink, or one stands on one side of it for all data."""
    program = model.program
    point = Point(model, modulus, seed, meter)
    ring = point.ring(0, PATTERNS_ON)
    activations = dict(program.activations)
    arguments = sorted(
        {
            node.operand
            for n in program.cone(model.outputs)
            if isinstance(node := program.nodes[n], Apply) and _kinked(node.function, activations)
        }
    )
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


def _check_exponents(model: Model, roots: Sequence[int], modulus: int, seed: int, meter: Meter) -> None:
    """Raises `Refused` unless the transcendental values are independent by Ax's theorem, as functions of the data.

    At one theta with many data, exponents must have no linear relation up to a function of theta; those without data none up
    to a constant; and the same of logarithms, by their logarithmic derivatives.
    """
    program = model.program
    activations = dict(program.activations)
    used = [
        node
        for n in program.cone(roots)
        if isinstance(node := program.nodes[n], Apply) and has_rule(node.function, activations)
    ]
    for node in used:
        inner = _functions(program, [node.operand])
        transcendental = any(has_rule(f, activations) for f in inner)
        if inner & {"log", "softplus"} or (node.function == "log" and transcendental):
            raise Refused("logarithms and exponentials of each other may be related: such a model can't be counted yet")
        if any(_kinked(f, activations) for f in inner):
            raise Refused(
                "a transcendental function of a piecewise one has known values where it is off: it can't be counted"
            )
    if any(node.function == "log" for node in used) and any(node.function == "softplus" for node in used):
        raise Refused("a log beside a softplus may be related to it: such a model can't be counted yet")
    # an activation is a group of its own: at equal arguments two of them, or one and exp, count as related
    exponents = sorted(
        {
            (_EXPONENTIAL.get(node.function, f"{node.function}'"), node.operand)
            for node in used
            if node.function != "log"
        }
    )
    logarithms = sorted({("log", node.operand) for node in used if node.function == "log"})
    with_data = {n for n in range(len(program.nodes)) if _depends(program, n, "input")}
    for group in (exponents, logarithms):
        for data in (True, False):
            members = [(name, n) for name, n in group if (n in with_data) == data]
            if members and _related(model, members, data, modulus, seed, meter):
                raise Refused(
                    "arguments of transcendental functions have a linear relation with constant coefficients (as z and 2*z), "
                    "so their values are related and the number of laws can't be had from independent ones"
                )


def _depends(program: Program, n: int, role: str) -> bool:
    return any(isinstance(node := program.nodes[m], Leaf) and node.role == role for m in program.cone([n]))


def _related(
    model: Model, members: Sequence[tuple[str, int]], data: bool, modulus: int, seed: int, meter: Meter
) -> bool:
    """Whether arguments are linearly dependent, in the sense of `_check_exponents`; equal arguments of one name are one."""
    program = model.program
    entries = [(name, n, i) for name, n in members for i in indices([fixed(k) for k in program.shapes[n]])]
    nodes = list(dict.fromkeys(n for _, n in members))
    keys: list[tuple[object, ...]] = [(name,) for name, _, _ in entries]
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
        for j, (name, n, i) in enumerate(entries):
            x, slope = first[n][i]
            keys[j] += (x,)
            if name == "log":
                columns[j].append(slope * ring.inverse(x) % modulus)
                continue
            other = second[n][i][0] if data else 0
            columns[j].append((x * x - other * other if name in _SQUARED else x - other) % modulus)
    echelon = Echelon(modulus, meter)
    if not data and members[0][0] != "log":
        echelon.add(ones)
    try:
        return not all(echelon.add(column) for column in dict(zip(keys, columns, strict=True)).values())
    except Undefined:
        return True


def _sample(model: Model, modulus: int, seed: int, meter: Meter) -> Point:
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

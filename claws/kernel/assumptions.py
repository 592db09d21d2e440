"""What a rank over the jets rests on where a model is not rational, and where the program itself shows that to be false.

Soundness-critical. In `claws.kernel.jets` a relu is on or off by a hash, and a value such as exp(z) is any residue. For the real
model this is right where every on/off pattern occurs, and where these values are algebraically independent. Both are assumptions
of the theorem, listed with it; but what the program contradicts is refused:

* two relus whose arguments are proportional as functions of the data share their kink, and one whose argument does not depend
  on the data is on or off for good: which patterns occur then depends on the parameters;
* exponents with a linear relation, such as z and 2z, make values that are related (Ax 1971: without one they are independent).
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from claws.kernel.errors import Meter, Refused, Undefined
from claws.kernel.evaluate import Array, evaluate, fixed, indices
from claws.kernel.functions import CHAINS
from claws.kernel.jets import PATTERNS_ON, Jet, salt
from claws.kernel.lie import Model, Point
from claws.kernel.program import Apply, Einsum, Leaf, Node, Number, Power, Program, Sum, renumbered
from claws.kernel.ranks import Echelon

PATTERNS = "every on/off pattern of the piecewise units occurs"
INDEPENDENCE = "the values of transcendental functions are algebraically independent at generic data"
GENERIC = "a declared activation is a generic function"

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


def simplified(program: Program) -> tuple[Program, dict[int, int]]:
    """relu(p*z) = p*relu(z) wherever p is positive: the program, and where each node now is."""
    relus = [node for node in program.nodes if isinstance(node, Apply) and node.function == "relu"]
    if not any(_positive_operands(program, program.nodes[node.operand]) for node in relus):
        return program, {n: n for n in range(len(program.nodes))}
    nodes: list[Node] = []
    place: dict[int, int] = {}
    for n, node in enumerate(program.nodes):
        if isinstance(node, Apply) and node.function == "relu":
            inner = program.nodes[node.operand]
            outside = _positive_operands(program, inner)
            if isinstance(inner, Einsum) and outside:
                rest = [k for k in range(len(inner.operands)) if k not in outside]
                kept = [(place[inner.operands[k]], inner.labels[k]) for k in rest]
                nodes.append(Einsum(tuple(m for m, _ in kept), tuple(ls for _, ls in kept), inner.out, inner.sizes))
                nodes.append(Apply("relu", len(nodes) - 1))
                factors = [(place[inner.operands[k]], inner.labels[k]) for k in outside] + [(len(nodes) - 1, inner.out)]
                nodes.append(
                    Einsum(tuple(m for m, _ in factors), tuple(ls for _, ls in factors), inner.out, inner.sizes)
                )
                place[n] = len(nodes) - 1
                continue
        nodes.append(renumbered(node, place))
        place[n] = len(nodes) - 1
    return Program(tuple(nodes), program.activations, program.functions, program.conditions), place


def _positive_operands(program: Program, node: Node) -> list[int]:
    """The positions of the factors of an elementwise product that are positive; empty where nothing else would be left."""
    if not isinstance(node, Einsum) or len(set(node.out)) != len(node.out):
        return []
    if any(x not in node.out for row in node.labels for x in row):
        return []
    found = [k for k, m in enumerate(node.operands) if is_positive(program, m)]
    return found if len(found) < len(node.operands) else []


def is_positive(program: Program, n: int) -> bool:
    """Whether every entry of a node is positive by its form. False means 'not shown'."""
    node = program.nodes[n]
    match node:
        case Leaf():
            return node.domain == "positive"
        case Number(value):
            c = value.constant()
            return c is not None and c > 0
        case Power(operand, exponent):
            return is_positive(program, operand) and exponent != 0
        case Einsum():
            carried = {x for row in node.labels for x in row}
            return (
                len(set(node.out)) == len(node.out)
                and carried >= set(node.out)
                and all(is_positive(program, m) for m in node.operands)
            )
        case Sum(terms):
            return all(c > 0 and is_positive(program, m) for c, m in terms)
        case Apply(function, _):
            return function in ("exp", "sigmoid", "softplus", "normal_cdf", "normal_pdf", "erf_slope")
    return False


def check_assumptions(
    model: Model, laws: Sequence[int], modulus: int, seed: int, meter: Meter, distinct: bool = False
) -> tuple[str, ...]:
    """What ranks of brackets (without `laws`), or of the gradients of these laws, rest on.

    Raises `Refused` where the program contradicts it; with `distinct` also where two piecewise units are the same function, which
    are on and off together.
    """
    program = model.program
    activations = dict(program.activations)
    apart = tuple(laws) or tuple(p for _, p in model.preconditioners)
    if any(_kinked(f, activations) for f in _functions(program, apart)):
        raise Refused(f"the laws can't be counted: a {'law' if laws else 'preconditioner'} is piecewise")
    roots = apart if laws else (*model.outputs, *apart)
    used = _functions(program, roots)
    found = []
    if any(_kinked(f, activations) for f in used):
        _check_kinks(model, modulus, seed, meter, distinct)
        found.append(PATTERNS)
    if any(f in CHAINS for f in used):
        _check_exponents(model, roots, modulus, seed, meter)
        found.append(INDEPENDENCE)
    if any(f in activations and activations[f] is None for f in used):
        found.append(GENERIC)
    return tuple(found)


def _functions(program: Program, roots: Sequence[int]) -> set[str]:
    return {node.function for n in program.cone(roots) if isinstance(node := program.nodes[n], Apply)}


def _kinked(function: str, activations: dict[str, Fraction | None]) -> bool:
    return function == "relu" or activations.get(function) is not None


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
    """Raises `Refused` if exponents have a linear relation with constant coefficients, or logarithms may."""
    program = model.program
    used = [
        node for n in program.cone(roots) if isinstance(node := program.nodes[n], Apply) and node.function in CHAINS
    ]
    for node in used:
        inner = _functions(program, [node.operand])
        if (node.function == "log" and inner & set(CHAINS)) or (node.function != "log" and "log" in inner):
            raise Refused("logarithms and exponentials of each other may be related: such a model can't be counted yet")
    if sum(node.function == "log" for node in used) and any(node.function == "softplus" for node in used):
        raise Refused("a log beside a softplus may be related to it: such a model can't be counted yet")
    exponents = sorted({(_EXPONENTIAL[node.function], node.operand) for node in used if node.function != "log"})
    logarithms = sorted({node.operand for node in used if node.function == "log"})
    entries = sum(1 for _, n in exponents for _ in indices([fixed(size) for size in program.shapes[n]]))
    entries += sum(1 for n in logarithms for _ in indices([fixed(size) for size in program.shapes[n]]))
    rows: list[list[int]] = []
    slopes: list[list[int]] = []
    for k in range(entries + _SPARE):
        values, tangents = _sample(
            model, [*(n for _, n in exponents), *logarithms], modulus, salt("sample", seed, k), meter
        )
        rows.append([1])
        for group, n in exponents:
            rows[-1] += [x * x % modulus if group in _SQUARED else x for x in values[n]]
        ring = Point(model, modulus, seed, meter).ring(0)
        slopes.append(
            [v * ring.inverse(x) % modulus for n in logarithms for x, v in zip(values[n], tangents[n], strict=True)]
        )
    groups = [g for g, n in exponents for _ in indices([fixed(size) for size in program.shapes[n]])]
    for columns, names in ((rows, ["constant", *groups]), (slopes, ["log"] * len(slopes[0]))):
        if _related(columns, names, modulus, meter):
            raise Refused(
                "arguments of transcendental functions have a linear relation with constant coefficients (as z and 2*z), "
                "so their values are related and the number of laws can't be had from independent ones"
            )


def _sample(
    model: Model, nodes: Sequence[int], modulus: int, seed: int, meter: Meter
) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
    """The entries of nodes at random parameters and data, and their derivatives in a random direction."""
    point = Point(model, modulus, seed, meter)
    ring = point.ring(1)
    direction = Point(model, modulus, salt("direction", seed), meter)
    theta: list[Jet | None] = [
        Jet(ring, [x.parts[0], d.parts[0]])
        for x, d in zip(point.theta, direction.theta, strict=True)
        if x is not None and d is not None
    ]
    leaves: dict[str, Array] = point.arrays(theta, point.data("exponent"), ring)
    for name, values in direction.data("exponent").items():
        for i, value in zip(indices(point.shapes[name]), values, strict=True):
            leaves[name][i] = leaves[name][i] + Jet(ring, [0, value])
    found = evaluate(model.program, list(dict.fromkeys(nodes)), leaves, ring, meter)
    shapes = {n: [fixed(size) for size in model.program.shapes[n]] for n in nodes}
    zero = ring.number(Fraction(0))
    jets = {n: [found[n].get(i, zero) for i in indices(shapes[n])] for n in nodes}
    return {n: [x.parts[0] for x in xs] for n, xs in jets.items()}, {
        n: [x.parts[1] for x in xs] for n, xs in jets.items()
    }


def _related(rows: list[list[int]], names: list[str], modulus: int, meter: Meter) -> bool:
    """Whether columns are linearly dependent; equal columns of the same name are one."""
    columns = dict.fromkeys((name, *column) for name, column in zip(names, zip(*rows, strict=True), strict=True))
    echelon = Echelon(modulus, meter)
    try:
        return not all(echelon.add([int(x) for x in column[1:]]) for column in columns)
    except Undefined:
        return True

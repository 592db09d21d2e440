"""The program: a model as a DAG of typed array nodes. Every reading of a model is a reading of this.

Soundness-critical: a claim is a claim about a `Program`, so what a node means is fixed here, once. Nodes are kept in
one tuple, operands before users; a node is named by its position. Shapes are tuples of `Size`. `Program` infers every
shape again from the node itself and refuses what does not fit, so a program read from a file is as good as one built.

| node | its value |
| --- | --- |
| `Leaf` | a parameter, an input, a constant: free real numbers, within the domain |
| `Number` | a scalar: a polynomial in the dims |
| `Iota` | the vector start, start + step, ... |
| `Einsum` | out[o] = sum over the other labels of the product of operands; a label of `out` that no operand carries \
broadcasts, one that is repeated in `out` puts the value on a diagonal and 0 beside it |
| `Sum` | a linear combination of nodes of one shape |
| `Power` | elementwise power with a constant rational exponent |
| `Apply` | an elementwise function: a known one, or a declared activation |
| `Product` | the product along the last axis |
| `Det` | the determinant of the last two axes |
| `Opaque` | a declared function of whole arrays; the first `batch` axes are mapped over |
| `Gather` | out[.., j1, .., jm, ..] = x[.., start + sum_k steps_k*j_k, ..]: an entry (m = 0), a slice, a window |
| `Scatter` | its transpose: out[.., i, ..] = the sum of x[.., j1, .., jm, ..] over start + sum_k steps_k*j_k = i |
| `Reshape` | the same entries in row-major order |
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from claws.kernel.core.errors import Malformed
from claws.kernel.core.functions import KNOWN, Property, Slope
from claws.kernel.core.sizes import ONE, Bounds, Size

Shape = tuple[Size, ...]

ROLES = ("param", "input", "const", "time", "velocity")
DOMAINS = ("real", "positive", "nonzero")

MAX_NODES = 200_000
MAX_RANK = 24
MAX_EXPONENT = 4096
MAX_DEGREE = 256
MAX_SLOPE_DEGREE = 32
MAX_SLOPE_NUMBER = 10**9
MAX_CONDITIONS = 200


@dataclass(frozen=True, slots=True)
class Leaf:
    name: str
    role: str
    shape: Shape
    domain: str = "real"


@dataclass(frozen=True, slots=True)
class Number:
    value: Size


@dataclass(frozen=True, slots=True)
class Iota:
    start: Size
    step: int
    length: Size


@dataclass(frozen=True, slots=True)
class Einsum:
    """`labels[k]` names the axes of `operands[k]`; `sizes[l]` is the size of label l."""

    operands: tuple[int, ...]
    labels: tuple[tuple[int, ...], ...]
    out: tuple[int, ...]
    sizes: Shape


@dataclass(frozen=True, slots=True)
class Sum:
    terms: tuple[tuple[Fraction, int], ...]


@dataclass(frozen=True, slots=True)
class Power:
    operand: int
    exponent: Fraction


@dataclass(frozen=True, slots=True)
class Apply:
    function: str
    operand: int


@dataclass(frozen=True, slots=True)
class Product:
    operand: int


@dataclass(frozen=True, slots=True)
class Det:
    operand: int


@dataclass(frozen=True, slots=True)
class Opaque:
    """`shape` is the whole shape of the value, batch axes first."""

    function: str
    operands: tuple[int, ...]
    shape: Shape
    batch: int = 0


@dataclass(frozen=True, slots=True)
class Gather:
    operand: int
    axis: int
    start: Size
    steps: tuple[int, ...]
    lengths: Shape


@dataclass(frozen=True, slots=True)
class Scatter:
    """The axes axis, ..., axis + len(steps) - 1 of the operand become one axis of size `length`."""

    operand: int
    axis: int
    start: Size
    steps: tuple[int, ...]
    length: Size


@dataclass(frozen=True, slots=True)
class Reshape:
    operand: int
    shape: Shape


Node = Leaf | Number | Iota | Einsum | Sum | Power | Apply | Product | Det | Opaque | Gather | Scatter | Reshape


def operands_of(node: Node) -> tuple[int, ...]:
    """The nodes that this one reads."""
    if isinstance(node, Einsum | Opaque):
        return node.operands
    if isinstance(node, Sum):
        return tuple(n for _, n in node.terms)
    if isinstance(node, Leaf | Number | Iota):
        return ()
    return (node.operand,)


def renumbered(node: Node, number: Mapping[int, int]) -> Node:
    """The same node reading other positions."""
    if isinstance(node, Einsum | Opaque):
        return replace(node, operands=tuple(number[n] for n in node.operands))
    if isinstance(node, Sum):
        return Sum(tuple((c, number[n]) for c, n in node.terms))
    if isinstance(node, Leaf | Number | Iota):
        return node
    return replace(node, operand=number[node.operand])


def count_entries(shape: Shape) -> Size:
    total = ONE
    for n in shape:
        total = total * n
    return total


def _need(condition: bool, message: str) -> None:
    if not condition:
        raise Malformed(message)


def _whole(size: Size) -> bool:
    """Whether it is a whole number for all dims, by its form."""
    return all(c.denominator == 1 for _, c in size.terms)


def infer_shape(
    node: Node,
    shapes: list[Shape],
    bounds: Bounds,
    activations: Mapping[str, Property],
    functions: frozenset[str],
) -> Shape:
    """The shape of `node`, given those of the nodes before it.

    Soundness-critical: every node is well defined for all sizes within `bounds`, or `Malformed` is raised.
    """
    here = len(shapes)
    _need(all(0 <= n < here for n in operands_of(node)), f"node {here} reads a node that does not come before it")
    if isinstance(node, Leaf):
        _need(node.role in ROLES, f"unknown role {node.role!r}")
        _need(node.domain in DOMAINS, f"unknown domain {node.domain!r}")
        for n in node.shape:
            bounds.check_axis(n, f"an axis of {node.name} has size")
        return node.shape
    if isinstance(node, Number):
        degree = max((sum(e for _, e in m) for m, _ in node.value.terms), default=0)
        _need(degree <= MAX_DEGREE, "a number has too high a degree in the dims")
        bounds.spend(1 + len(node.value.terms) * (1 + degree))
        return ()
    if isinstance(node, Iota):
        bounds.check_short(node.start)
        _need(_whole(node.start), f"a range starts at {node.start}, which is not a whole number")
        bounds.check_axis(node.length, "a range has length")
        return (node.length,)
    if isinstance(node, Einsum):
        used = [label for ls in node.labels for label in ls] + list(node.out)
        bounds.spend(len(used))
        _need(len(node.labels) == len(node.operands), "an einsum has one list of labels for each operand")
        _need(all(0 <= label < len(node.sizes) for label in used), "an einsum uses a label that has no size")
        for n in node.sizes:
            bounds.check_axis(n, "an einsum has a label of size")
        for operand, ls in zip(node.operands, node.labels, strict=True):
            _need(
                shapes[operand] == tuple(node.sizes[label] for label in ls),
                f"an einsum gives node {operand} labels that do not fit its shape",
            )
        return tuple(node.sizes[label] for label in node.out)
    if isinstance(node, Sum):
        _need(bool(node.terms), "a sum has no term")
        first = shapes[node.terms[0][1]]
        bounds.spend(len(node.terms) * (1 + len(first)))
        _need(all(shapes[n] == first for _, n in node.terms), "a sum has terms of different shapes")
        return first
    if isinstance(node, Power):
        e = node.exponent
        _need(max(abs(e.numerator), e.denominator) <= MAX_EXPONENT, f"the exponent {e} is too large")
        return shapes[node.operand]
    if isinstance(node, Apply):
        _need(node.function in KNOWN or node.function in activations, f"unknown function {node.function!r}")
        return shapes[node.operand]
    shape = shapes[operands_of(node)[0]] if operands_of(node) else ()
    if isinstance(node, Product):
        _need(len(shape) >= 1, "a product needs an axis")
        return shape[:-1]
    if isinstance(node, Det):
        _need(len(shape) >= 2 and shape[-1] == shape[-2], "a determinant needs a square matrix")
        return shape[:-2]
    if isinstance(node, Opaque):
        _need(node.function in functions, f"unknown function {node.function!r}")
        _need(bool(node.operands), "a function needs an argument")
        _need(0 <= node.batch <= len(node.shape), "a function has more batch axes than axes")
        head = node.shape[: node.batch]
        _need(all(shapes[n][: node.batch] == head for n in node.operands), "batch axes of a function differ")
        for n in node.shape:
            bounds.check_axis(n, "a function's value has an axis of size")
        return node.shape
    if isinstance(node, Reshape):
        _need(len(node.shape) <= MAX_RANK, f"an array has more than {MAX_RANK} axes")
        for n in node.shape:
            bounds.check_axis(n, "a reshape has an axis of size")
        for n in (*shape, *node.shape):
            bounds.spend(len(n.terms) ** 2)
        _need(count_entries(shape) == count_entries(node.shape), "a reshape changes the number of entries")
        return node.shape
    m = len(node.steps)
    if isinstance(node, Gather):
        _need(0 <= node.axis < len(shape), "an index names an axis that is not there")
        _need(len(node.lengths) == m, "a gather has one length for each step")
        lengths, size = node.lengths, shape[node.axis]
        result = (*shape[: node.axis], *lengths, *shape[node.axis + 1 :])
    else:
        _need(node.axis >= 0 and node.axis + m <= len(shape), "a scatter names an axis that is not there")
        lengths, size = shape[node.axis : node.axis + m], node.length
        result = (*shape[: node.axis], size, *shape[node.axis + m :])
    bounds.check_short(node.start)
    _need(_whole(node.start), f"an index starts at {node.start}, which is not a whole number")
    if isinstance(node, Scatter):
        bounds.check_axis(node.length, "an axis is made with size")
    low = high = node.start
    for step, length in zip(node.steps, lengths, strict=True):
        _need(step != 0, "a step is 0")
        bounds.check_axis(length, "a slice has length")
        if step > 0:
            high = high + (length - 1) * step
        else:
            low = low + (length - 1) * step
    # a slice that is empty at some sizes reads nothing there, so its far end is not asked for more than this
    _need(bounds.nonnegative(low), f"an index reaches {low}, which may be negative")
    _need(bounds.nonnegative(size - 1 - high), f"an index reaches {high}, which may be outside an axis of size {size}")
    return result


@dataclass(frozen=True, slots=True)
class Program:
    """A checked program. Raises `Malformed` when a node does not fit.

    `activations` are the declared elementwise functions, each with its degree of positive homogeneity, its derivative or None;
    `functions` the declared maps between arrays; each of `conditions` is a size that is assumed to be >= 0.
    """

    nodes: tuple[Node, ...]
    activations: tuple[tuple[str, Property], ...] = ()
    functions: tuple[str, ...] = ()
    conditions: tuple[Size, ...] = ()
    shapes: tuple[Shape, ...] = ()

    def __post_init__(self) -> None:
        _need(len(self.nodes) <= MAX_NODES, f"a program has at most {MAX_NODES} nodes")
        bounds, activations, functions = Bounds(self.conditions), dict(self.activations), frozenset(self.functions)
        names = [n.name for n in self.nodes if isinstance(n, Leaf)]
        _need(len(set(names)) == len(names), "two leaves have the same name")
        _need(not set(activations) & set(KNOWN), "an activation has the name of a known function")
        _need(len(activations) == len(self.activations), "two activations have the same name")
        _need(len(functions) == len(self.functions), "two functions have the same name")
        for name, k in self.activations:
            if isinstance(k, Slope):
                _check_slope(name, k)
                continue
            small = k is None or max(abs(k.numerator), k.denominator) <= MAX_EXPONENT
            _need(small, f"the degree of {name} is too large")
        _need(len(self.conditions) <= MAX_CONDITIONS, f"a program has at most {MAX_CONDITIONS} conditions")
        for c in self.conditions:
            bounds.check_short(c)
        shapes: list[Shape] = []
        for node in self.nodes:
            shape = infer_shape(node, shapes, bounds, activations, functions)
            _need(len(shape) <= MAX_RANK, f"an array has more than {MAX_RANK} axes")
            shapes.append(shape)
        object.__setattr__(self, "shapes", tuple(shapes))

    @property
    def bounds(self) -> Bounds:
        return Bounds(self.conditions)

    def leaves(self, *roles: str) -> list[tuple[int, Leaf]]:
        """The leaves of these roles, in the order of the program, with their positions."""
        return [(k, n) for k, n in enumerate(self.nodes) if isinstance(n, Leaf) and n.role in roles]

    def free_dims(self) -> list[str]:
        """The dims that occur in the program, sorted."""
        found = {name for shape in self.shapes for n in shape for name in n.dims()}
        for node in self.nodes:
            for n in _sizes_of(node):
                found |= n.dims()
        for c in self.conditions:
            found |= c.dims()
        return sorted(found)

    def cone(self, roots: Iterable[int]) -> list[int]:
        """The nodes that these depend on, themselves included, in order."""
        seen: set[int] = set()
        stack = list(roots)
        while stack:
            n = stack.pop()
            if n not in seen:
                seen.add(n)
                stack.extend(operands_of(self.nodes[n]))
        return sorted(seen)

    def at(self, sizes: Mapping[str, int]) -> Program:
        """The same program at these sizes. Raises `Malformed` where they break a condition or leave a dim free."""
        missing = [d for d in self.free_dims() if d not in sizes]
        _need(not missing, f"no size is given for {', '.join(missing)}")
        _need(Bounds(self.conditions).hold_at(sizes), "these sizes are outside the statement")
        return Program(tuple(node_at(n, sizes) for n in self.nodes), self.activations, self.functions)


def _check_slope(name: str, slope: Slope) -> None:
    exponents = [e for _, e in slope.terms]
    _need(bool(exponents) and all(c for c, _ in slope.terms), f"the derivative of {name} has no term, or one that is 0")
    _need(exponents == sorted(set(exponents)), f"the terms of the derivative of {name} are not in order")
    _need(
        exponents[0] >= 0 and exponents[-1] <= MAX_SLOPE_DEGREE, f"the degree of the derivative of {name} is too large"
    )
    small = all(max(abs(c.numerator), c.denominator) <= MAX_SLOPE_NUMBER for c, _ in slope.terms)
    _need(small, f"the derivative of {name} has too large a number")


def _sizes_of(node: Node) -> Shape:
    if isinstance(node, Number):
        return (node.value,)
    if isinstance(node, Iota):
        return (node.start, node.length)
    if isinstance(node, Einsum):
        return node.sizes
    if isinstance(node, Gather):
        return (node.start, *node.lengths)
    if isinstance(node, Scatter):
        return (node.start, node.length)
    return ()


def node_at(node: Node, sizes: Mapping[str, int | Size]) -> Node:
    """The same node with these sizes put in for dims; operands stay."""

    def put(shape: Shape) -> Shape:
        return tuple(n.at(sizes) for n in shape)

    if isinstance(node, Leaf | Opaque | Reshape):
        return replace(node, shape=put(node.shape))
    if isinstance(node, Number):
        return Number(node.value.at(sizes))
    if isinstance(node, Iota):
        return Iota(node.start.at(sizes), node.step, node.length.at(sizes))
    if isinstance(node, Einsum):
        return replace(node, sizes=put(node.sizes))
    if isinstance(node, Gather):
        return replace(node, start=node.start.at(sizes), lengths=put(node.lengths))
    if isinstance(node, Scatter):
        return replace(node, start=node.start.at(sizes), length=node.length.at(sizes))
    return node

"""The program: a model as a DAG of typed array nodes. Every reading of a model is a reading of this.

Soundness-critical: a claim is a claim about a `Program`, so what a node means is fixed here, once. Nodes are kept in
one tuple, operands before users; a node is named by its position. Shapes are tuples of `Size`. `Program` infers every
shape again from the node itself and refuses what does not fit, so a program read from a file is as good as one built.
Which fields of a node are operands and which are sizes is said by their types (`fields.py`).

| node | its value |
| --- | --- |
| `Leaf` | a parameter, an input, a constant: free real numbers, within the domain |
| `Number` | a scalar: a polynomial in the dims |
| `Iota` | the vector start, start + step, ... |
| `Einsum` | out[o] = sum over the other labels of the product of operands; a label of `out` that no operand carries \
broadcasts, one that is repeated in `out` puts the value on a diagonal and 0 beside it |
| `Sum` | a linear combination of nodes of one shape |
| `Apply` | an elementwise function: a known one, a declared activation, or a power with a constant rational exponent |
| `Call` | a function of whole arrays: the product of a vector, the determinant of a matrix, a declared one; the first \
`batch` axes are mapped over |
| `Window` | entries moved: out[.., j1, .., jm, ..] = x[.., i, ..] where i = start + sum_k steps_k*j_k: an entry (m = 0), a \
slice, a window, an axis that is split; `transposed`, out[.., i, ..] = the sum of x[.., j1, .., jm, ..] over all j of that i: a \
padding, axes that are merged |
| `Stop` | its operand, in training taken for a constant: derivatives by what it depends on are 0 |
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated, assert_never

from claws.kernel.core.errors import Malformed
from claws.kernel.core.fields import (
    MAX_NODES,
    Longest,
    Name,
    Natural,
    NodeNumber,
    Row,
    Tagged,
    Whole,
    positions,
    with_positions,
    with_sizes,
)
from claws.kernel.core.fields import (
    sizes as sizes_of,
)
from claws.kernel.core.functions import KNOWN, Property, Slope
from claws.kernel.core.identifiers import is_leaf_name, is_name
from claws.kernel.core.sizes import ONE, Size, SizeBounds

Shape = tuple[Size, ...]

ROLES = ("param", "input", "const", "time", "velocity")
DOMAINS = ("real", "positive", "nonzero")

POWER = "^"
"""The function of an `Apply` that is a power; no activation has this name."""

ARRAY_FUNCTIONS = {"prod": 1, "det": 2}
"""The known functions of whole arrays, each with the number of axes of its argument; the value is a number."""

FUNCTIONS = frozenset({*KNOWN, *ARRAY_FUNCTIONS})
"""The known functions. Nothing that a program declares has the name of one: no leaf, dim, activation or function."""

MAX_RANK = 24
MAX_EXPONENT = 4096
MAX_DEGREE = 256
MAX_SLOPE_DEGREE = 32
MAX_SLOPE_NUMBER = 10**9
MAX_CONDITIONS = 200


@dataclass(frozen=True, slots=True)
class Leaf(Row):
    name: Name
    role: str
    shape: Shape
    domain: str = "real"


@dataclass(frozen=True, slots=True)
class Number(Row):
    value: Size


@dataclass(frozen=True, slots=True)
class Iota(Row):
    start: Size
    step: Whole
    length: Size


@dataclass(frozen=True, slots=True)
class Einsum(Row):
    """`labels[k]` names the axes of `operands[k]`; `sizes[l]` is the size of label l."""

    operands: tuple[NodeNumber, ...]
    labels: tuple[tuple[Natural, ...], ...]
    out: tuple[Natural, ...]
    sizes: Shape


@dataclass(frozen=True, slots=True)
class Sum(Row):
    terms: tuple[tuple[Fraction, NodeNumber], ...]


@dataclass(frozen=True, slots=True)
class Apply(Row):
    """`exponent` is given where the function is a power, and nowhere else."""

    function: Name
    operand: NodeNumber
    exponent: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Call(Row):
    """`shape` is the whole shape of the value, batch axes first."""

    function: Name
    operands: tuple[NodeNumber, ...]
    shape: Shape
    batch: Natural = 0


@dataclass(frozen=True, slots=True)
class Window(Row):
    """The axis `axis` of size `size` on one side, the axes of sizes `lengths` in its place on the other."""

    operand: NodeNumber
    axis: Natural
    start: Size
    steps: Shape
    lengths: Shape
    size: Size
    transposed: bool = False

    @property
    def merges(self) -> bool:
        """Whether i numbers the index tuples j in row-major order: nothing is left out, and nothing is met twice."""
        return is_row_major(self.start, self.steps, self.lengths, self.size)


@dataclass(frozen=True, slots=True)
class Stop(Row):
    """What frameworks call `detach` or `stop_gradient`: gradients of the loss don't go through it."""

    operand: NodeNumber


Node = Annotated[
    Leaf | Number | Iota | Einsum | Sum | Apply | Call | Window | Stop,
    Tagged.by_name("node", Leaf, Number, Iota, Einsum, Sum, Apply, Call, Window, Stop),
]

WORDS = FUNCTIONS.union(ROLES, "leaf number iota einsum sum apply call window stop vel grad".split())
"""The known functions, and words for nodes, leaves and gradients. No declared activation or function has the name of one."""


def stops_gradient(node: Node) -> bool:
    """Whether training takes a node for a constant, even where it depends on the state.

    Soundness-critical: each type of node has to say.
    """
    match node:
        case Stop():
            return True
        case Leaf() | Number() | Iota() | Einsum() | Sum() | Apply() | Call() | Window():
            return False
        case _:
            assert_never(node)


def is_row_major(start: Size, steps: Shape, lengths: Shape, size: Size) -> bool:
    """Whether start + sum steps_k*j_k numbers the indices j of these lengths from 0 to size - 1 in row-major order."""
    return not start and len(lengths) > 0 and steps == row_major(lengths) and size == count_entries(lengths)


def row_major(lengths: Sequence[Size]) -> Shape:
    """How far apart entries that are neighbours along each axis stand when an array is written row by row."""
    steps = [ONE]
    for n in reversed(lengths[1:]):
        steps.append(steps[-1] * n)
    return tuple(reversed(steps)) if lengths else ()


def power(operand: int, exponent: Fraction | int) -> Apply:
    """The elementwise power of a node."""
    return Apply(POWER, operand, Fraction(exponent))


def operands_of(node: Node) -> tuple[int, ...]:
    """The nodes that this one reads."""
    return positions(node)


def renumbered(node: Node, number: Mapping[int, int]) -> Node:
    """The same node reading other positions."""
    changed: Node = with_positions(node, number.__getitem__)
    return changed


def node_at(node: Node, given: Mapping[str, int | Size]) -> Node:
    """The same node with these sizes put in for dims; operands stay."""
    changed: Node = with_sizes(node, lambda n: n.at(given))
    return changed


def count_entries(shape: Iterable[Size]) -> Size:
    """The number of entries of an array of this shape."""
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


class _Shapes:
    """The shapes of nodes, one after another. Raises `Malformed` for what has no meaning at some sizes within `bounds`."""

    def __init__(
        self,
        shapes: list[Shape],
        bounds: SizeBounds,
        activations: Mapping[str, Property],
        functions: Collection[str],
    ) -> None:
        self.shapes = shapes
        self.bounds = bounds
        self.activations = activations
        self.functions = functions

    def of(self, node: Node) -> Shape:
        here = len(self.shapes)
        _need(all(0 <= n < here for n in operands_of(node)), f"node {here} reads a node that does not come before it")
        shape = self._shape(node)
        _need(len(shape) <= MAX_RANK, f"an array has more than {MAX_RANK} axes")
        return shape

    def _shape(self, node: Node) -> Shape:
        match node:
            case Leaf():
                return self._leaf(node)
            case Number(value):
                degree = max((sum(e for _, e in m) for m, _ in value.terms), default=0)
                _need(degree <= MAX_DEGREE, "a number has too high a degree in the dims")
                self.bounds.spend(1 + len(value.terms) * (1 + degree))
                return ()
            case Iota(start, _, length):
                self.bounds.check_short(start)
                _need(_whole(start), f"a range starts at {start}, which is not a whole number")
                self.bounds.check_axis(length, "a range has length")
                return (length,)
            case Einsum():
                return self._einsum(node)
            case Sum(terms):
                _need(bool(terms), "a sum has no term")
                first = self.shapes[terms[0][1]]
                self.bounds.spend(len(terms) * (1 + len(first)))
                _need(all(self.shapes[n] == first for _, n in terms), "a sum has terms of different shapes")
                return first
            case Apply(function, operand, exponent):
                _need(
                    (function == POWER) == (exponent is not None), "a power has an exponent, and no other function does"
                )
                if exponent is not None:
                    small = max(abs(exponent.numerator), exponent.denominator) <= MAX_EXPONENT
                    _need(small, f"the exponent {exponent} is too large")
                else:
                    _need(function in KNOWN or function in self.activations, f"unknown function {function!r}")
                return self.shapes[operand]
            case Call():
                return self._call(node)
            case Window():
                return self._window(node)
            case Stop(operand):
                return self.shapes[operand]
            case _:
                assert_never(node)

    def _leaf(self, node: Leaf) -> Shape:
        _need(node.role in ROLES, f"unknown role {node.role!r}")
        _need(node.domain in DOMAINS, f"unknown domain {node.domain!r}")
        for n in node.shape:
            self.bounds.check_axis(n, f"an axis of {node.name} has size")
        return node.shape

    def _einsum(self, node: Einsum) -> Shape:
        used = [label for ls in node.labels for label in ls] + list(node.out)
        self.bounds.spend(len(used))
        _need(len(node.labels) == len(node.operands), "an einsum has one list of labels for each operand")
        _need(all(0 <= label < len(node.sizes) for label in used), "an einsum uses a label that has no size")
        for n in node.sizes:
            self.bounds.check_axis(n, "an einsum has a label of size")
        for operand, ls in zip(node.operands, node.labels, strict=True):
            _need(
                self.shapes[operand] == tuple(node.sizes[label] for label in ls),
                f"an einsum gives node {operand} labels that do not fit its shape",
            )
        return tuple(node.sizes[label] for label in node.out)

    def _call(self, node: Call) -> Shape:
        _need(bool(node.operands), "a function needs an argument")
        _need(0 <= node.batch <= len(node.shape), "a function has more batch axes than axes")
        head = node.shape[: node.batch]
        _need(all(self.shapes[n][: node.batch] == head for n in node.operands), "batch axes of a function differ")
        axes = ARRAY_FUNCTIONS.get(node.function)
        if axes is None:
            _need(node.function in self.functions, f"unknown function {node.function!r}")
        else:
            shape = self.shapes[node.operands[0]]
            fits = len(node.operands) == 1 and len(shape) == node.batch + axes and node.shape == head
            _need(
                fits and len(set(shape[node.batch :])) == 1, f"{node.function} does not fit the shape of its argument"
            )
        for n in node.shape:
            self.bounds.check_axis(n, "a function's value has an axis of size")
        return node.shape

    def _window(self, node: Window) -> Shape:
        shape, m = self.shapes[node.operand], len(node.steps)
        _need(len(node.lengths) == m, "a window has one length for each step")
        _need(m <= MAX_RANK, f"an array has more than {MAX_RANK} axes")
        whole, parts = (node.size,), node.lengths
        there, here = (parts, whole) if node.transposed else (whole, parts)
        end = node.axis + len(there)
        fits = node.axis >= 0 and end <= len(shape) and shape[node.axis : end] == there
        _need(fits, "a window names axes that are not there")
        self.bounds.check_short(node.start)
        _need(_whole(node.start), f"an index starts at {node.start}, which is not a whole number")
        for length in parts:
            self.bounds.check_axis(length, "a slice has length")
        if node.merges:
            # products of lengths, none of them negative: the indices are those of the axis, also where one of them is 0
            for n in (*node.steps, node.size):
                self.bounds.check_short(n)
        else:
            self._check_range(node)
        return (*shape[: node.axis], *here, *shape[end:])

    def _check_range(self, node: Window) -> None:
        """Every index i is one of the axis, and different for j that differ in one place."""
        self.bounds.check_axis(node.size, "an axis is made with size")
        low = high = node.start
        for step, length in zip(node.steps, node.lengths, strict=True):
            self.bounds.check_short(step)
            _need(bool(step) and _whole(step), f"a step is {step}")
            if self.bounds.nonnegative(step):
                _need(self.bounds.positive(step), f"a step is {step}, which may be 0")
                high = high + (length - 1) * step
            else:
                _need(self.bounds.nonnegative(-step), f"a step is {step}, which may have either sign")
                _need(self.bounds.positive(-step), f"a step is {step}, which may be 0")
                low = low + (length - 1) * step
        # a slice that is empty at some sizes reads nothing there, so its far end is not asked for more than this
        _need(self.bounds.nonnegative(low), f"an index reaches {low}, which may be negative")
        inside = self.bounds.nonnegative(node.size - 1 - high)
        _need(inside, f"an index reaches {high}, which may be outside an axis of size {node.size}")


def infer_shape(
    node: Node,
    shapes: list[Shape],
    bounds: SizeBounds,
    activations: Mapping[str, Property],
    functions: Collection[str],
) -> Shape:
    """The shape of `node`, given those of the nodes before it.

    Soundness-critical: every node is well defined for all sizes within `bounds`, or `Malformed` is raised.
    """
    return _Shapes(shapes, bounds, activations, functions).of(node)


@dataclass(frozen=True, slots=True)
class Program:
    """A checked program. Raises `Malformed` when a node does not fit.

    `activations` are the declared elementwise functions, each with its degree of positive homogeneity, its derivative or None;
    `functions` the declared maps between arrays; each of `conditions` is a size that is assumed to be >= 0.
    """

    nodes: Annotated[tuple[Node, ...], Longest(MAX_NODES)]
    activations: tuple[tuple[Name, Property], ...] = ()
    functions: tuple[Name, ...] = ()
    conditions: tuple[Size, ...] = ()
    shapes: tuple[Shape, ...] = field(default=(), init=False)

    def __post_init__(self) -> None:
        _need(len(self.nodes) <= MAX_NODES, f"a program has at most {MAX_NODES} nodes")
        self._check_names()
        bounds, activations, functions = SizeBounds(self.conditions), dict(self.activations), frozenset(self.functions)
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
            shapes.append(infer_shape(node, shapes, bounds, activations, functions))
        object.__setattr__(self, "shapes", tuple(shapes))

    def declared(self) -> list[tuple[str, str]]:
        """Every name with what it stands for: a leaf, a dim, an activation or a function."""
        names = {"leaf": [node.name for node in self.nodes if isinstance(node, Leaf)], "dim": self.free_dims()}
        names |= {"activation": [name for name, _ in self.activations], "function": list(self.functions)}
        return [(what, name) for what, own in names.items() for name in own]

    def _check_names(self) -> None:
        """Raises `Malformed` unless each name that is declared can be one, stands for one thing and hides nothing."""
        known: dict[str, str] = {}
        for what, name in self.declared():
            _need(is_leaf_name(name) if what == "leaf" else is_name(name), f"{name[:40]!a} can't be a name")
            taken = WORDS if what in ("activation", "function") else FUNCTIONS
            _need(name not in taken, f"a declared {what} has a name that means something else: {name}")
            _need(name not in known, f"{name} is the name of two things: {known.get(name)}, {what}")
            known[name] = what

    @property
    def bounds(self) -> SizeBounds:
        return SizeBounds(self.conditions)

    def leaves(self, *roles: str) -> list[tuple[int, Leaf]]:
        """The leaves of these roles, in the order of the program, with their positions."""
        return [(k, n) for k, n in enumerate(self.nodes) if isinstance(n, Leaf) and n.role in roles]

    def free_dims(self) -> list[str]:
        """The dims that occur in the program, sorted."""
        found = {name for shape in self.shapes for n in shape for name in n.dims()}
        for node in self.nodes:
            for n in sizes_of(node):
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

    def applications(self, roots: Iterable[int]) -> list[Apply]:
        """The elementwise functions that these nodes depend on, in order, without powers."""
        nodes = (self.nodes[n] for n in self.cone(roots))
        return [node for node in nodes if isinstance(node, Apply) and node.exponent is None]

    def continued(self, nodes: Sequence[Node]) -> Program:
        """The same program with more nodes at its end."""
        if not nodes:
            return self
        return Program((*self.nodes, *nodes), self.activations, self.functions, self.conditions)

    def at(self, sizes: Mapping[str, int]) -> Program:
        """The same program at these sizes. Raises `Malformed` where they break a condition or leave a dim free."""
        missing = [d for d in self.free_dims() if d not in sizes]
        _need(not missing, f"no size is given for {', '.join(missing)}")
        _need(SizeBounds(self.conditions).hold_at(sizes), "these sizes are outside the statement")
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

"""The nodes of a program, made one by one: every node of the kernel that stands for a piece of a file is made in this file.

READ WITH CARE: together with `arrays`, `expressions` and `library` it decides what a claim means. A `Value` is an array whose
first axes belong to the comprehension variables that it depends on (`loops`), so a body is elaborated once for all values of
its variable; every operation here carries those axes along. Shapes are symbolic; two sizes agree only if they are the same
polynomial.

What does not fit raises `Misfit`, a message without a place; `expressions` adds the place.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import assert_never

from claws.kernel.core.errors import Malformed, Undefined
from claws.kernel.core.functions import Property, function_of
from claws.kernel.core.program import (
    Apply,
    Call,
    Einsum,
    Iota,
    Leaf,
    Node,
    Number,
    Program,
    Shape,
    Stop,
    Sum,
    Window,
    count_entries,
    infer_shape,
    node_at,
    operands_of,
    power,
    renumbered,
    row_major,
)
from claws.kernel.core.sizes import ONE, ZERO, Size, SizeBounds
from claws.kernel.values.rationals import exact_power
from claws.syntax.limits import LIMITS


class Misfit(Exception):
    """An operation does not fit its operands. `code` is the diagnostic's; `hint` a way forward."""

    def __init__(self, code: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint


class NeedsSizes(Misfit):
    """The operation has a meaning only at fixed sizes."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(
            "CLAW025", message, hint or "fix the sizes it depends on: `dim n = 3`, `-D n=3` or `for n = 3`"
        )


class NeedsUnrolling(NeedsSizes):
    """The operation has a meaning only for one value of a comprehension variable at a time."""


@dataclass(frozen=True, slots=True)
class LoopVariable:
    """A comprehension variable: low, low + 1, ..., low + length - 1."""

    number: int
    name: str
    low: Size
    length: Size


@dataclass(frozen=True, slots=True)
class Value:
    """Node `node` has the shape loop lengths + `shape`. Loops are sorted by number."""

    node: int
    shape: Shape
    loops: tuple[LoopVariable, ...] = ()


@dataclass(frozen=True, slots=True)
class Affine:
    """An index: offset + sum of coefficient * loop variable."""

    offset: Size
    terms: tuple[tuple[LoopVariable, int], ...] = ()


def shape_text(shape: Shape) -> str:
    """`4 x 2` for a matrix, `a vector of 3`, `a scalar`."""
    if not shape:
        return "a scalar"
    if len(shape) == 1:
        return f"a vector of {shape[0]}"
    return " x ".join(f"({n})" if "+" in str(n) or "-" in str(n) else str(n) for n in shape)


class Builder:
    """Makes the nodes of one program, each with its shape. Equal nodes are made once."""

    def __init__(self, activations: dict[str, Property], functions: dict[str, Shape | None]) -> None:
        self.nodes: list[Node] = []
        self.shapes: list[Shape] = []
        self.conditions: list[Size] = []
        self.activations = activations
        self.functions = functions
        self.sealed: set[int] = set()
        """Nodes that stay as they are: no operation is fused with them, so that the kernel finds them."""
        self._interned: dict[Node, int] = {}

    def program(self, roots: Sequence[int]) -> tuple[Program, dict[int, int]]:
        """The program of all leaves and of what the roots need, with the new number of each node that is kept."""
        wanted: set[int] = {n for n, node in enumerate(self.nodes) if isinstance(node, Leaf)}
        stack = list(roots)
        while stack:
            n = stack.pop()
            if n not in wanted or n in roots:
                stack.extend(m for m in operands_of(self.nodes[n]) if m not in wanted)
                wanted.add(n)
        number = {n: k for k, n in enumerate(sorted(wanted))}
        nodes = tuple(renumbered(self.nodes[n], number) for n in sorted(wanted))
        activations = tuple((a, k) for a, k in self.activations.items() if any(_uses(n, a) for n in nodes))
        functions = tuple(f for f in self.functions if any(_uses(n, f) for n in nodes))
        return Program(nodes, activations, functions, tuple(self.conditions)), number

    # --- nodes ---------------------------------------------------------------------------------------------------

    def node(self, node: Node) -> int:
        """The position of this node. Raises `Misfit` where it has no shape or the program becomes too long."""
        found = self._interned.get(node)
        if found is None:
            if len(self.nodes) >= LIMITS.nodes:
                raise Misfit("CLAW034", f"this needs a program of more than {LIMITS.nodes} operations")
            bounds = SizeBounds(self.conditions)
            try:
                shape = infer_shape(node, self.shapes, bounds, self.activations, frozenset(self.functions))
            except Malformed as error:
                raise Misfit("CLAW022", str(error)) from error
            found = self._interned[node] = len(self.nodes)
            self.nodes.append(node)
            self.shapes.append(shape)
        return found

    def require(self, size: Size, message: str, code: str = "CLAW023", hint: str = "") -> None:
        """Makes sure that size >= 0: it is so, or it becomes a condition of the statement. Raises `Misfit` where it is not so."""
        if SizeBounds(self.conditions).nonnegative(size):
            return
        if size.constant() is not None or SizeBounds(self.conditions).positive(-size):
            raise Misfit(code, message, hint)
        self.conditions.append(size)

    def leaf(self, name: str, role: str, shape: Shape, domain: str = "real") -> Value:
        """A parameter, an input, a constant, a velocity or the time, as `role` says."""
        return Value(self.node(Leaf(name, role, shape, domain)), shape)

    def number(self, value: Size | Fraction | int) -> Value:
        """A scalar. Raises `Misfit` where it is too long."""
        if isinstance(value, Size | Fraction) and Size.of(value).bits() > LIMITS.bits:
            raise Misfit("CLAW029", "this number is too large to be written out")
        return Value(self.node(Number(Size.of(value))), ())

    def constant(self, v: Value) -> Size | None:
        """The polynomial in the dims that a scalar is, if it is one."""
        node = self.nodes[v.node]
        return node.value if isinstance(node, Number) else None

    def loop_value(self, loop: LoopVariable) -> Value:
        """The comprehension variable itself as a number."""
        return Value(self.node(Iota(loop.low, 1, loop.length)), (), (loop,))

    # --- the one way to move axes ----------------------------------------------------------------------------------

    def einsum(
        self,
        operands: Sequence[Value],
        labels: Sequence[Sequence[Hashable]],
        out: Sequence[Hashable],
        sizes: dict[Hashable, Size] | None = None,
        drop: Sequence[LoopVariable] = (),
    ) -> Value:
        """The product of arrays, summed over the labels that `out` lacks.

        `labels` name the axes of the operands' own shapes; loops are carried along, and summed if in `drop`.
        A label may be a `LoopVariable`: then that axis is taken along the loop. `sizes` is needed for labels of `out` that no
        operand has.
        """
        numbers: dict[Hashable, int] = {}
        extents: list[Size] = []

        def number(label: Hashable, size: Size) -> int:
            if label not in numbers:
                numbers[label] = len(extents)
                extents.append(size)
            return numbers[label]

        loops: set[LoopVariable] = set()
        rows: list[tuple[int, ...]] = []
        for v, ls in zip(operands, labels, strict=True):
            loops.update(v.loops)
            loops.update(x for x in ls if isinstance(x, LoopVariable))
            row = [number(x, x.length) for x in v.loops]
            row += [number(x, n) for x, n in zip(ls, v.shape, strict=True)]
            rows.append(tuple(row))
        kept = tuple(sorted((x for x in loops if x not in drop and x not in out), key=lambda x: x.number))
        shape = []
        targets = []
        for x in out:
            if x not in numbers:
                size = x.length if isinstance(x, LoopVariable) else (sizes or {})[x]
                number(x, size)
            targets.append(numbers[x])
            shape.append(extents[numbers[x]])
        target = (*(numbers[x] for x in kept), *targets)
        if len(operands) == 1 and rows[0] == target:
            return Value(operands[0].node, tuple(shape), kept)
        node = Einsum(tuple(v.node for v in operands), tuple(rows), target, tuple(extents))
        return Value(self.node(self._fuse(node)), tuple(shape), kept)

    def _fuse(self, node: Einsum) -> Node:
        """Folds an inner einsum that only renames or copies axes into this one, and a product into what only renames its axes."""
        operands: list[int] = []
        rows: list[tuple[int, ...]] = []
        sizes = list(node.sizes)
        for n, row in zip(node.operands, node.labels, strict=True):
            inner = self.nodes[n]
            # a product inside a product stays a node of its own, as a step on the way; inside a trace or diagonal it does not
            alone = isinstance(inner, Einsum) and (len(inner.operands) == 1 or len(node.operands) == 1)
            if isinstance(inner, Einsum) and alone and n not in self.sealed and len(set(inner.out)) == len(inner.out):
                names = dict(zip(inner.out, row, strict=True))
                carried = {x for ls in inner.labels for x in ls}
                if all(x in carried for x in inner.out):
                    for x in sorted(carried - set(names)):
                        names[x] = len(sizes)
                        sizes.append(inner.sizes[x])
                    operands.extend(inner.operands)
                    rows.extend(tuple(names[x] for x in ls) for ls in inner.labels)
                    continue
            operands.append(n)
            rows.append(row)
        used = list(dict.fromkeys([x for row in rows for x in row] + list(node.out)))
        rename = {x: k for k, x in enumerate(used)}
        return Einsum(
            tuple(operands),
            tuple(tuple(rename[x] for x in row) for row in rows),
            tuple(rename[x] for x in node.out),
            tuple(sizes[x] for x in used),
        )

    def expand(self, v: Value, shape: Shape, loops: tuple[LoopVariable, ...]) -> Value:
        """Broadcast to this shape and these loops (a superset of its own)."""
        labels, out = aligned(v.shape, shape)
        sizes: dict[Hashable, Size] = dict(enumerate(shape))
        extra = [x for x in loops if x not in v.loops]
        if not extra:
            return self.einsum([v], [labels], out, sizes)
        # axes for the new loops come first; the loops are then sorted into place
        moved = self.einsum([v], [labels], [*loops, *out], sizes)
        return Value(moved.node, shape, loops)

    # --- elementwise ------------------------------------------------------------------------------------------------

    def add(self, terms: Sequence[tuple[Fraction, Value]], describe: Callable[[], str]) -> Value:
        """A linear combination of arrays that broadcast. Raises `Misfit`, which says `describe()`, where they do not."""
        shape: Shape = ()
        loops: set[LoopVariable] = set()
        for _, v in terms:
            shape = broadcast(shape, v.shape, describe)
            loops.update(v.loops)
        order = tuple(sorted(loops, key=lambda x: x.number))
        constants = [self.constant(v) for _, v in terms]
        if all(k is not None for k in constants):
            total = ZERO
            for (c, _), k in zip(terms, constants, strict=True):
                assert k is not None
                total = total + k * c
            return self.number(total)
        collected: dict[int, Fraction] = {}
        for c, v in terms:
            n = self.expand(v, shape, order).node
            inner = self.nodes[n]
            # a sum of sums is one sum
            parts = inner.terms if isinstance(inner, Sum) and n not in self.sealed else ((Fraction(1), n),)
            for c2, m in parts:
                collected[m] = collected.get(m, Fraction(0)) + c * c2
        kept = tuple((c, n) for n, c in collected.items() if c)
        # what cancels says nothing but where it has a value
        gone = [n for n, c in collected.items() if not c and _may_lack_a_value(self, n)]
        axes = range(len(shape))
        zeros = (self.einsum([self.number(0), Value(n, shape, order)], [[], axes], axes) for n in gone)
        kept = (*kept, *((Fraction(1), zero.node) for zero in zeros))
        if not kept:
            return self.expand(self.number(0), shape, order)
        if kept[0][0] == 1 and len(kept) == 1:
            return Value(kept[0][1], shape, order)
        return Value(self.node(Sum(kept)), shape, order)

    def power(self, v: Value, exponent: Fraction) -> Value:
        """The power with a constant exponent. Raises `Misfit` for 1/0 and for numbers that are too long."""
        if exponent == 1:
            return v
        size = self.constant(v)
        if size is not None:
            c = size.constant()
            if exponent.denominator == 1 and exponent >= 0 and (c is not None or exponent <= 64):
                if c is not None and exponent * max(c.numerator.bit_length(), c.denominator.bit_length()) > LIMITS.bits:
                    raise Misfit("CLAW029", "this number is too large to be written out")
                result = Size.of(1)
                for _ in range(int(exponent)) if c is None else ():
                    result = result * size
                return self.number(result if c is None else c ** int(exponent))
            if c == 0:
                raise Misfit("CLAW035", "division by zero")
            if c is not None and exponent.denominator == 1:
                if abs(exponent) * max(c.numerator.bit_length(), c.denominator.bit_length()) > LIMITS.bits:
                    raise Misfit("CLAW029", "this number is too large to be written out")
                return self.number(c ** int(exponent))
            if c is not None and exponent.denominator > 1:
                with suppress(Undefined):
                    return self.number(exact_power(c, exponent))  # the root of a square is a number
        if exponent == 0:
            return self.expand(self.number(1), v.shape, v.loops)
        return Value(self.node(power(v.node, exponent)), v.shape, v.loops)

    def apply(self, function: str, v: Value) -> Value:
        """An elementwise function of the kernel, or a declared activation."""
        return Value(self.node(Apply(function, v.node)), v.shape, v.loops)

    def stop(self, v: Value) -> Value:
        """The same, through which no gradient goes."""
        return Value(self.node(Stop(v.node)), v.shape, v.loops)

    # --- whole arrays --------------------------------------------------------------------------------------------------

    def product(self, v: Value, loops: tuple[LoopVariable, ...]) -> Value:
        """The product along the last axis of `v`; the value depends on these loops."""
        return Value(self.node(self._call("prod", v, 1)), v.shape[:-1], loops)

    def det(self, v: Value) -> Value:
        """The determinant of the last two axes. Raises `Misfit` where these are not square."""
        if len(v.shape) < 2 or v.shape[-1] != v.shape[-2]:
            raise Misfit("CLAW022", f"`det` needs a square matrix, this is {shape_text(v.shape)}")
        return Value(self.node(self._call("det", v, 2)), v.shape[:-2], v.loops)

    def _call(self, function: str, v: Value, axes: int) -> Call:
        """A known function of so many last axes, for all others."""
        head = self.shapes[v.node][:-axes]
        return Call(function, (v.node,), head, len(head))

    def opaque(self, function: str, arguments: Sequence[Value]) -> Value:
        """A declared function of whole arrays; without a declared shape its value has that of the first argument."""
        loops = tuple(sorted({x for v in arguments for x in v.loops}, key=lambda x: x.number))
        declared = self.functions[function]
        shape = arguments[0].shape if declared is None else declared
        operands = tuple(self.expand(v, v.shape, loops).node for v in arguments)
        full = (*(x.length for x in loops), *shape)
        return Value(self.node(Call(function, operands, full, len(loops))), shape, loops)

    # --- moving entries --------------------------------------------------------------------------------------------

    def gather(self, v: Value, axis: int, index: Affine) -> Value:
        """One index along one axis; loop variables in it become loops of the result. Raises `Misfit` out of range."""
        size = v.shape[axis]
        start = index.offset
        for loop, c in index.terms:
            start = start + loop.low * c
        lengths = tuple(loop.length for loop, _ in index.terms)
        steps = tuple(c for _, c in index.terms)
        self._in_range(start, steps, lengths, size)
        labels: list[Hashable] = list(range(len(v.shape)))
        out = [x for x in labels if x != axis]
        if steps == (1,) and not start and lengths == (size,):
            labels[axis] = index.terms[0][0]
            return self.einsum([v], [labels], out)
        node = self._taken(v, axis, start, tuple(Size.of(c) for c in steps), lengths)
        shape = (*v.shape[:axis], *lengths, *v.shape[axis + 1 :])
        taken: list[Hashable] = [*labels[:axis], *(loop for loop, _ in index.terms), *labels[axis + 1 :]]
        return self.einsum([Value(node, shape, v.loops)], [taken], out)

    def window(self, v: Value, axis: int, start: Size, steps: tuple[int, ...], lengths: Shape) -> Value:
        """x[start + sum steps*j] along one axis, with one new axis for each step. Raises `Misfit` out of range."""
        size = v.shape[axis]
        if steps == (1,) and not start and lengths == (size,):
            return v
        self._in_range(start, steps, lengths, size)
        node = self._taken(v, axis, start, tuple(Size.of(c) for c in steps), lengths)
        return Value(node, (*v.shape[:axis], *lengths, *v.shape[axis + 1 :]), v.loops)

    def _taken(self, v: Value, axis: int, start: Size, steps: Shape, lengths: Shape) -> int:
        """The axes of these lengths in place of one, at start + sum steps*j of it."""
        return self.node(Window(v.node, len(v.loops) + axis, start, steps, lengths, v.shape[axis]))

    def _in_range(self, start: Size, steps: tuple[int, ...], lengths: Shape, size: Size) -> None:
        low = high = start
        for step, length in zip(steps, lengths, strict=True):
            self.require(length, f"a range has length {length}", hint="ranges `a..b` include both ends")
            if step > 0:
                high = high + (length - 1) * step
            else:
                low = low + (length - 1) * step
        valid = f"valid indices are 0 to {size - 1}"
        self.require(low, f"the index {low} is outside an axis of size {size}", hint=valid)
        self.require(size - 1 - high, f"the index {high} is outside an axis of size {size}", hint=valid)

    def place(self, v: Value, axis: int, start: Size, length: Size, new_axis: bool) -> Value:
        """An array inside a larger one of zeros: as one slice of a new axis, or along an axis it has."""
        if not new_axis and not start and v.shape[axis] == length:
            return v
        steps, lengths = ((), ()) if new_axis else ((ONE,), (v.shape[axis],))
        node = self.node(Window(v.node, len(v.loops) + axis, start, steps, lengths, length, transposed=True))
        rest = v.shape[axis:] if new_axis else v.shape[axis + 1 :]
        return Value(node, (*v.shape[:axis], length, *rest), v.loops)

    def reshape(self, v: Value, shape: Shape) -> Value:
        """The same entries in row-major order: axes are merged and split. Raises `Misfit` where there are not as many."""
        if v.shape == shape:
            return v
        if count_entries(v.shape) != count_entries(shape):
            raise Misfit(
                "CLAW022",
                f"an array of shape {shape_text(v.shape)} has {count_entries(v.shape)} entries, "
                f"{shape_text(shape)} has {count_entries(shape)}",
            )
        node, axis = v.node, len(v.loops)
        for old, new in _regrouped(v.shape, shape):
            size = count_entries(old)
            if old != new and len(old) != 1:
                node = self.node(Window(node, axis, ZERO, row_major(old), old, size, transposed=True))
            if old != new and len(new) != 1:
                node = self.node(Window(node, axis, ZERO, row_major(new), new, size))
            axis += len(new)
        return Value(node, shape, v.loops)

    # --- copying ------------------------------------------------------------------------------------------------------

    def copied(
        self,
        node: Node,
        shape: Shape,
        operands: Sequence[Value],
        dims: Mapping[str, Size],
        functions: Mapping[str, str],
    ) -> Value:
        """A node of another program, of this shape there, over values of this one.

        Sizes are put in for its dims, and declared functions have other names here. What depends on comprehension variables has
        their axes first.
        """
        shape = tuple(k.at(dims) for k in shape)
        node = node_at(node, dims)
        if isinstance(node, Apply | Call):
            node = replace(node, function=functions.get(node.function, node.function))
        if not any(v.loops for v in operands):
            place = dict(zip(operands_of(node), (v.node for v in operands), strict=True))
            return Value(self.node(renumbered(node, place)), shape)
        if isinstance(node, Einsum):
            labels: list[list[Hashable]] = [list(row) for row in node.labels]
            return self.einsum(operands, labels, list(node.out), dict(enumerate(node.sizes)))
        if isinstance(node, Sum):
            return self.add([(c, v) for (c, _), v in zip(node.terms, operands, strict=True)], lambda: "")
        loops = tuple(sorted({x for v in operands for x in v.loops}, key=lambda x: x.number))
        first = tuple(x.length for x in loops)
        moved = [self.expand(v, v.shape, loops).node for v in operands]
        match node:
            case Apply() | Stop():
                node = replace(node, operand=moved[0])
            case Call():
                node = replace(node, operands=tuple(moved), shape=(*first, *node.shape), batch=node.batch + len(loops))
            case Window():
                node = replace(node, operand=moved[0], axis=node.axis + len(loops))
            case Leaf() | Number() | Iota():
                raise Malformed(f"a {type(node).__name__} has no operands")
            case _:
                assert_never(node)
        return Value(self.node(node), shape, loops)

    # --- asking --------------------------------------------------------------------------------------------------------

    def leaves_of(self, node: int, role: str) -> list[str]:
        """The names of the leaves of this role that a node depends on."""
        cone = (self.nodes[n] for n in self.cone(node))
        return sorted(leaf.name for leaf in cone if isinstance(leaf, Leaf) and leaf.role == role)

    def cone(self, node: int) -> list[int]:
        """The nodes that this one depends on, itself included, in order."""
        seen: set[int] = set()
        stack = [node]
        while stack:
            n = stack.pop()
            if n not in seen:
                seen.add(n)
                stack.extend(operands_of(self.nodes[n]))
        return sorted(seen)


def broadcast(a: Shape, b: Shape, describe: Callable[[], str]) -> Shape:
    """NumPy's rule. Raises `Misfit` naming the two sizes that differ."""
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    padded = (ONE,) * (len(longer) - len(shorter)) + shorter
    result = []
    for m, n in zip(longer, padded, strict=True):
        if m == n or n == ONE:
            result.append(m)
        elif m == ONE:
            result.append(n)
        else:
            first, second = (m, n) if longer is a else (n, m)
            raise Misfit("CLAW022", f"{describe()}: the sizes {first} and {second} differ")
    return tuple(result)


def aligned(own: Shape, shape: Shape) -> tuple[list[Hashable], list[Hashable]]:
    """Labels that broadcast an array of shape `own` to `shape`: its own labels, and those of the result."""
    out: list[Hashable] = list(range(len(shape)))
    offset = len(shape) - len(own)
    labels: list[Hashable] = []
    for k, n in enumerate(own):
        # an axis of size 1 against a longer one is summed away (over its one entry)
        labels.append(offset + k if n == shape[offset + k] else ("one", k))
    return labels, out


def _may_lack_a_value(builder: Builder, n: int) -> bool:
    """Whether a division, a root or a logarithm occurs in a node."""
    stack, seen = [n], {n}
    while stack:
        node = builder.nodes[stack.pop()]
        if isinstance(node, Apply):
            e = node.exponent
            if function_of(node.function, builder.activations).partial if e is None else e < 0 or e.denominator > 1:
                return True
        stack += (new := [m for m in operands_of(node) if m not in seen])
        seen.update(new)
    return False


def _uses(node: Node, function: str) -> bool:
    return isinstance(node, Apply | Call) and node.function == function


def _regrouped(old: Shape, new: Shape) -> list[tuple[Shape, Shape]]:
    """A reshape as the smallest runs of axes with equal numbers of entries, from the left."""
    result: list[tuple[Shape, Shape]] = []
    i = j = 0
    while i < len(old) or j < len(new):
        if i < len(old) and j < len(new) and old[i] == new[j]:
            result.append(((old[i],), (new[j],)))
            i, j = i + 1, j + 1
            continue
        # the first cut at which both sides have the same number of entries; the whole rest is always one
        best = (len(old), len(new))
        left = ONE
        for a in range(i + 1, len(old) + 1):
            left = left * old[a - 1]
            right = ONE
            for b in range(j + 1, len(new) + 1):
                right = right * new[b - 1]
                if left == right and a + b < sum(best):
                    best = (a, b)
        result.append((old[i : best[0]], new[j : best[1]]))
        i, j = best
    return result

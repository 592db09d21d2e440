"""Evaluating a program at fixed sizes over any commutative ring: rational numbers, polynomials, and what others bring.

Soundness-critical: what a node *computes* is fixed here. Arrays are sparse, a dict from index tuples to entries;
an entry that is absent is zero. Ring elements support + and *, and `bool(x)` is False only for the zero that may be left
out. Derivatives are had by evaluating over `Dual` (one direction, forwards) or `Traced` (all leaves, backwards) elements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from heapq import heappop, heappush
from itertools import combinations, product
from typing import Any, Protocol, assert_never

from claws.kernel.core.errors import Malformed, Meter, brief
from claws.kernel.core.program import Apply, Call, Einsum, Iota, Leaf, Number, Program, Stop, Sum, Window, operands_of
from claws.kernel.core.sizes import Size
from claws.kernel.values.evidence import Index

Element = Any
Array = dict[Index, Element]
Jacobian = dict[tuple[Index, Index], Element]  # by (index of the value, index of the argument)

MAX_ENTRIES = 2_000_000
"""An array with more entries is refused at once."""

MAX_DET = 9
"""Determinants are expanded by minors, so larger matrices are refused."""


class Ring(Protocol):
    """What an evaluation needs of the numbers it works on."""

    def number(self, value: Fraction) -> Element:
        """The rational number as an element."""

    def power(self, x: Element, exponent: Fraction) -> Element:
        """x^exponent. Raises `Undefined` where it has no value."""

    def elementary(self, function: str, x: Element) -> tuple[Element, Element]:
        """(f(x), f'(x)) for a known function or a declared activation. Raises `Undefined`."""

    def check(self, x: Element) -> None:
        """Called on every entry of every array. Raises `Undefined` for a number that has become too large."""

    def opaque(
        self, function: str, arguments: list[Array], shapes: list[Index], shape: Index
    ) -> tuple[Array, list[Jacobian]]:
        """The value, of this shape, of a declared function, and its Jacobian with respect to each argument.

        `shapes` are those of the arguments. The Jacobian speaks of every entry, also of those where an argument is zero.
        """


def fixed(size: Size) -> int:
    n = size.integer()
    if n is None:
        raise Malformed(f"the size {size} is not fixed")
    return n


def evaluate(
    program: Program, roots: Sequence[int], leaves: Mapping[str, Array], ring: Ring, meter: Meter
) -> dict[int, Array]:
    """The values of the `roots`, given those of the leaves (by name). The program has fixed sizes.

    Raises `Undefined` where an expression has no value at this point, `Malformed` for sizes that are too large.
    """
    values: dict[int, Array] = {}
    cone = program.cone(roots)
    last_use = {m: n for n in cone for m in operands_of(program.nodes[n])}
    for n in cone:
        shape = tuple(fixed(k) for k in program.shapes[n])
        entries = 1
        for k in shape:
            entries *= k
        if entries > MAX_ENTRIES:
            raise Malformed(f"an array of shape {tuple(map(brief, shape))} has more than {MAX_ENTRIES} entries")
        meter.tick()
        values[n] = _node(program, n, shape, values, leaves, ring, meter)
        meter.tick(len(values[n]))
        for y in values[n].values():
            ring.check(y)
        for m in operands_of(program.nodes[n]):
            if last_use[m] == n and m not in roots:
                values.pop(m, None)
    return {r: values[r] for r in roots}


def _node(
    program: Program,
    n: int,
    shape: Index,
    values: Mapping[int, Array],
    leaves: Mapping[str, Array],
    ring: Ring,
    meter: Meter,
) -> Array:
    node = program.nodes[n]
    match node:
        case Leaf(name):
            if name not in leaves:
                raise Malformed(f"no value is given for {name}")
            return leaves[name]
        case Number(size):
            value = size.constant()
            if value is None:
                raise Malformed(f"the number {size} is not fixed")
            return _clean({(): ring.number(value)})
        case Iota(start, step, _):
            first = fixed(start)
            return _clean({(k,): ring.number(Fraction(first + step * k)) for k in range(shape[0])})
        case Einsum(operands, labels, out, sizes):
            return _einsum([values[m] for m in operands], labels, out, [fixed(k) for k in sizes], ring, meter)
        case Sum(terms):
            return _sum([(c, values[m]) for c, m in terms], ring, meter)
        case Apply(_, operand, _):
            return _apply(node, values[operand], shape, ring, meter)
        case Call(function, operands, _, batch):
            whole = tuple(fixed(k) for k in program.shapes[operands[0]])
            if function == "prod":
                return _products(values[operands[0]], shape, whole[-1], ring, meter)
            if function == "det":
                if whole[-1] > MAX_DET:
                    raise Malformed(f"a determinant of a {whole[-1]} x {whole[-1]} matrix is not expanded here")
                return _clean({i: _det(values[operands[0]], i, whole[-1], ring, meter) for i in indices(shape)})
            shapes = [tuple(fixed(k) for k in program.shapes[m])[batch:] for m in operands]
            return _called(function, [values[m] for m in operands], shapes, shape, batch, ring, meter)
        case Window(operand):
            return _moved(node, values[operand], ring, meter)
        case Stop(operand):
            return _clean({i: _as_constant(x, ring) for i, x in values[operand].items()})
        case _:
            assert_never(node)


def _sum(terms: Sequence[tuple[Fraction, Array]], ring: Ring, meter: Meter) -> Array:
    total: Array = {}
    for c, x in terms:
        factor = ring.number(c)
        for i, y in x.items():
            meter.tick()
            y = y if c == 1 else y * factor
            if i in total:
                y = total[i] + y
                ring.check(y)
            total[i] = y
    return _clean(total)


def _apply(node: Apply, x: Array, shape: Index, ring: Ring, meter: Meter) -> Array:
    zero = ring.number(Fraction(0))
    result: Array = {}
    fill: Element = None
    for i in indices(shape):
        meter.tick()
        if i not in x and fill is not None:
            y = fill
        elif node.exponent is not None:
            y = ring.power(x.get(i, zero), node.exponent)
        else:
            y = ring.elementary(node.function, x.get(i, zero))[0]
        if i not in x:
            fill = y
        result[i] = y
    return _clean(result)


def _products(x: Array, shape: Index, length: int, ring: Ring, meter: Meter) -> Array:
    one = ring.number(Fraction(1))
    result: Array = {}
    for i in indices(shape):
        total = one
        for k in range(length):
            meter.tick()
            if (*i, k) not in x:
                break
            total = total * x[*i, k]
            ring.check(total)
        else:
            result[i] = total
    return _clean(result)


def _moved(node: Window, x: Array, ring: Ring, meter: Meter) -> Array:
    start, steps, at, m = fixed(node.start), [fixed(k) for k in node.steps], node.axis, len(node.steps)
    if not node.transposed:
        return _gather(x, at, start, steps, [fixed(k) for k in node.lengths], meter)
    result: Array = {}
    for i, y in x.items():
        meter.tick()
        position = start + sum(s * j for s, j in zip(steps, i[at : at + m], strict=True))
        target = (*i[:at], position, *i[at + m :])
        if target in result:
            y = result[target] + y
            ring.check(y)
        result[target] = y
    return _clean(result)


def indices(shape: Sequence[int]) -> Iterable[Index]:
    """Every index of an array of this shape, in order. Raises `Malformed` for too large an array, before it is begun."""
    entries = 1
    for k in shape:
        entries *= k
    if entries > MAX_ENTRIES:
        raise Malformed(f"an array of shape {tuple(map(brief, shape))} has more than {MAX_ENTRIES} entries")
    if entries == 0:
        return ()
    return product(*(range(k) for k in shape))


def elementwise(values: Mapping[int, Array]) -> Callable[[int, Array], Array]:
    """What multiplies an array by the value of a node, elementwise."""
    return lambda n, x: {i: y * values[n][i] for i, y in x.items() if i in values[n]}


def _clean(x: Array) -> Array:
    return {i: y for i, y in x.items() if y}


def _einsum(
    operands: Sequence[Array],
    labels: Sequence[tuple[int, ...]],
    out: tuple[int, ...],
    sizes: Sequence[int],
    ring: Ring,
    meter: Meter,
) -> Array:
    """Join the operands one after another on their shared labels, summing a label as soon as nothing needs it."""
    acc_labels: tuple[int, ...] = ()
    acc: Array = {(): ring.number(Fraction(1))}
    for k, (x, ls) in enumerate(zip(operands, labels, strict=True)):
        later = {label for rest in labels[k + 1 :] for label in rest} | set(out)
        acc_labels, acc = _join(acc_labels, acc, ls, x, later, ring, meter, first=k == 0)
    # labels of `out` that no operand carries, then the order and the diagonals of `out`
    carried = set(acc_labels)
    new = [label for label in dict.fromkeys(out) if label not in carried]
    position = {label: k for k, label in enumerate((*acc_labels, *new))}
    result: Array = {}
    for extra in indices([sizes[label] for label in new]):
        for i, y in acc.items():
            meter.tick()
            whole = (*i, *extra)
            result[tuple(whole[position[label]] for label in out)] = y
    return _clean(result)


def _join(
    left_labels: tuple[int, ...],
    left: Array,
    right_labels: tuple[int, ...],
    right: Array,
    later: set[int],
    ring: Ring,
    meter: Meter,
    first: bool,
) -> tuple[tuple[int, ...], Array]:
    shared = [label for label in dict.fromkeys(right_labels) if label in left_labels]
    keep_left = [k for k, label in enumerate(left_labels) if label in later]
    fresh = [label for label in dict.fromkeys(right_labels) if label not in left_labels and label in later]
    at_left = [left_labels.index(label) for label in shared]
    at_right = {label: right_labels.index(label) for label in dict.fromkeys(right_labels)}
    repeated = len(at_right) != len(right_labels)
    buckets: dict[Index, list[tuple[Index, Element]]] = {}
    for i, y in right.items():
        if repeated and any(i[k] != i[at_right[label]] for k, label in enumerate(right_labels)):
            continue
        key = tuple(i[at_right[label]] for label in shared)
        buckets.setdefault(key, []).append((tuple(i[at_right[label]] for label in fresh), y))
    result: Array = {}
    for i, x in left.items():
        kept = tuple([i[k] for k in keep_left])
        found = buckets.get(tuple([i[k] for k in at_left]), ())
        meter.tick(1 + len(found))
        for tail, y in found:
            term = y if first else x * y
            target = kept + tail
            result[target] = result[target] + term if target in result else term
            ring.check(result[target])
        if len(result) > MAX_ENTRIES:
            raise Malformed(f"a product of arrays has more than {MAX_ENTRIES} entries before it is summed")
    return tuple(left_labels[k] for k in keep_left) + tuple(fresh), _clean(result)


def _gather(x: Array, axis: int, start: int, steps: Sequence[int], lengths: Sequence[int], meter: Meter) -> Array:
    # every window position that reads index p of the axis
    readers: dict[int, list[Index]] = {}
    for js in indices(lengths):
        meter.tick()
        readers.setdefault(start + sum(s * j for s, j in zip(steps, js, strict=True)), []).append(js)
    result: Array = {}
    for i, y in x.items():
        for js in readers.get(i[axis], ()):
            meter.tick()
            result[*i[:axis], *js, *i[axis + 1 :]] = y
    return result


def _det(x: Array, head: Index, n: int, ring: Ring, meter: Meter) -> Element:
    """Laplace expansion along rows, with the minors of the lower rows shared."""
    minors: dict[tuple[int, ...], Element] = {(): ring.number(Fraction(1))}
    for size in range(1, n + 1):
        row = n - size
        new: dict[tuple[int, ...], Element] = {}
        for columns in combinations(range(n), size):
            total = ring.number(Fraction(0))
            for k, column in enumerate(columns):
                meter.tick()
                if (*head, row, column) in x:
                    minor = minors[columns[:k] + columns[k + 1 :]]
                    total = total + x[*head, row, column] * minor * ring.number(Fraction(-1 if k % 2 else 1))
                    ring.check(total)
            new[columns] = total
        minors = new
    return minors[tuple(range(n))]


def _called(
    function: str,
    operands: Sequence[Array],
    shapes: list[Index],
    shape: Index,
    batch: int,
    ring: Ring,
    meter: Meter,
) -> Array:
    result: Array = {}
    for head in indices(shape[:batch]):
        meter.tick()
        arguments = [{i[batch:]: y for i, y in x.items() if i[:batch] == head} for x in operands]
        value, _ = ring.opaque(function, arguments, shapes, shape[batch:])
        for i, y in value.items():
            if len(i) != len(shape) - batch or not all(0 <= k < n for k, n in zip(i, shape[batch:], strict=True)):
                raise Malformed(f"a value of {function} has an entry outside its shape")
            result[*head, *i] = y
    return _clean(result)


# --- derivatives -----------------------------------------------------------------------------------------------


class Dual:
    """value + tangent * epsilon, with epsilon^2 = 0."""

    __slots__ = ("tangent", "value")

    def __init__(self, value: Element, tangent: Element) -> None:
        self.value = value
        self.tangent = tangent

    def __add__(self, other: Dual) -> Dual:
        return Dual(self.value + other.value, self.tangent + other.tangent)

    def __mul__(self, other: Dual) -> Dual:
        return Dual(self.value * other.value, self.value * other.tangent + self.tangent * other.value)

    def __bool__(self) -> bool:
        return bool(self.value) or bool(self.tangent)


class DualRing:
    """First-order forward derivatives over another ring."""

    def __init__(self, base: Ring) -> None:
        self.base = base
        self.zero = base.number(Fraction(0))

    def check(self, x: Dual) -> None:
        self.base.check(x.value)
        self.base.check(x.tangent)

    def number(self, value: Fraction) -> Dual:
        return Dual(self.base.number(value), self.zero)

    def power(self, x: Dual, exponent: Fraction) -> Dual:
        value = self.base.power(x.value, exponent)
        if not x.tangent or not exponent:
            return Dual(value, self.zero)
        slope = self.base.power(x.value, exponent - 1) * self.base.number(exponent)
        return Dual(value, slope * x.tangent)

    def elementary(self, function: str, x: Dual) -> tuple[Dual, Dual]:
        value, slope = self.base.elementary(function, x.value)
        # only first derivatives are ever asked for, so the slope needs no tangent of its own
        return Dual(value, slope * x.tangent), Dual(slope, self.zero)

    def opaque(
        self, function: str, arguments: list[Array], shapes: list[Index], shape: Index
    ) -> tuple[Array, list[Jacobian]]:
        plain = [_clean({i: y.value for i, y in x.items()}) for x in arguments]
        value, jacobian = self.base.opaque(function, plain, shapes, shape)
        result = {i: Dual(y, self.zero) for i, y in value.items()}
        for x, block in zip(arguments, jacobian, strict=True):
            for (i, j), slope in block.items():
                if j in x:
                    part = Dual(self.zero, slope * x[j].tangent)
                    result[i] = result[i] + part if i in result else part
        return result, []


class Tape:
    """Reverse-mode derivatives over another ring: the ring of `Traced` elements on one tape."""

    def __init__(self, base: Ring) -> None:
        self.base = base
        self.parents: list[tuple[tuple[int, Element], ...]] = []

    def traced(self, value: Element, *parents: tuple[int, Element]) -> Traced:
        self.parents.append(parents)
        return Traced(self, value, len(self.parents) - 1)

    def check(self, x: Traced) -> None:
        self.base.check(x.value)

    def variable(self, value: Element) -> Traced:
        return self.traced(value)

    def number(self, value: Fraction) -> Traced:
        return Traced(self, self.base.number(value), -1)

    def power(self, x: Traced, exponent: Fraction) -> Traced:
        value = self.base.power(x.value, exponent)
        if x.place < 0 or not exponent:
            return Traced(self, value, -1)
        return self.traced(value, (x.place, self.base.power(x.value, exponent - 1) * self.base.number(exponent)))

    def elementary(self, function: str, x: Traced) -> tuple[Traced, Traced]:
        value, slope = self.base.elementary(function, x.value)
        return self.traced(value, (x.place, slope)), Traced(self, slope, -1)

    def opaque(
        self, function: str, arguments: list[Array], shapes: list[Index], shape: Index
    ) -> tuple[Array, list[Jacobian]]:
        plain = [_clean({i: y.value for i, y in x.items()}) for x in arguments]
        value, jacobian = self.base.opaque(function, plain, shapes, shape)
        zero = self.base.number(Fraction(0))
        result: Array = {}
        for i in indices(shape):
            parents = [
                (x[j].place, slope)
                for x, block in zip(arguments, jacobian, strict=True)
                for (k, j), slope in block.items()
                if k == i and j in x
            ]
            result[i] = self.traced(value.get(i, zero), *parents)
        return result, []

    def gradient(self, root: Traced, meter: Meter) -> dict[int, Element]:
        """d root / d x by the place of x on the tape, for all x that root depends on."""
        adjoint: dict[int, Element] = {root.place: self.base.number(Fraction(1))}
        waiting = [-root.place]
        result: dict[int, Element] = {}
        while waiting:
            # operands stand before their users on the tape, so the highest place is complete
            place = -heappop(waiting)
            a = result[place] = adjoint.pop(place)
            self.base.check(a)
            for parent, slope in self.parents[place]:
                meter.tick()
                part = a * slope
                if parent in adjoint:
                    adjoint[parent] = adjoint[parent] + part
                    self.base.check(adjoint[parent])
                elif parent >= 0:
                    adjoint[parent] = part
                    heappush(waiting, -parent)
        return result


def _as_constant(x: Element, ring: Ring) -> Element:
    """The same value without derivatives. Soundness-critical: no ring but these two computes derivatives."""
    match ring:
        case DualRing():
            return Dual(_as_constant(x.value, ring.base), ring.zero)
        case Tape():
            return Traced(ring, _as_constant(x.value, ring.base), -1)
    return x


class Traced:
    """A value and its place on a tape; place -1 is a constant. A variable is never the zero that may be left out."""

    __slots__ = ("place", "tape", "value")

    def __init__(self, tape: Tape, value: Element, place: int) -> None:
        self.tape = tape
        self.value = value
        self.place = place

    def __add__(self, other: Traced) -> Traced:
        one = self.tape.base.number(Fraction(1))
        return self._make(self.value + other.value, other, one, one)

    def __mul__(self, other: Traced) -> Traced:
        return self._make(self.value * other.value, other, other.value, self.value)

    def _make(self, value: Element, other: Traced, a: Element, b: Element) -> Traced:
        if self.place < 0 and other.place < 0:
            return Traced(self.tape, value, -1)
        parents = [(t.place, slope) for t, slope in ((self, a), (other, b)) if t.place >= 0]
        return self.tape.traced(value, *parents)

    def __bool__(self) -> bool:
        return self.place >= 0 or bool(self.value)


def gradients(
    program: Program, root: int, leaves: Mapping[str, Array], names: Sequence[str], ring: Ring, meter: Meter
) -> dict[Index, dict[str, Array]]:
    """The gradient of each entry of a node with respect to the named leaves: entry -> leaf -> array."""
    tape = Tape(ring)
    inputs: dict[str, Array] = {}
    places: dict[int, tuple[str, Index]] = {}
    shapes = {leaf.name: program.shapes[k] for k, leaf in program.leaves("param", "input", "const", "time", "velocity")}
    zero = ring.number(Fraction(0))
    for name, shape in shapes.items():
        array = leaves.get(name, {})
        if name in names:
            inputs[name] = {}
            for i in indices([fixed(k) for k in shape]):
                meter.tick()
                x = tape.variable(array.get(i, zero))
                inputs[name][i] = x
                places[x.place] = (name, i)
        else:
            inputs[name] = {i: Traced(tape, y, -1) for i, y in array.items()}
    values = evaluate(program, [root], inputs, tape, meter)[root]
    result: dict[Index, dict[str, Array]] = {}
    for i in indices([fixed(k) for k in program.shapes[root]]):
        gradient: dict[str, Array] = {}
        entry = values.get(i)
        if entry is not None and entry.place >= 0:
            for place, slope in tape.gradient(entry, meter).items():
                if place in places and slope:
                    name, j = places[place]
                    gradient.setdefault(name, {})[j] = slope
        result[i] = gradient
    return result


def directional(
    program: Program,
    roots: Sequence[int],
    leaves: Mapping[str, Array],
    direction: Mapping[str, Array],
    ring: Ring,
    meter: Meter,
) -> dict[int, Array]:
    """The derivative of each root along `direction` (by leaf), at the point `leaves`."""
    dual = DualRing(ring)
    zero = ring.number(Fraction(0))
    inputs: dict[str, Array] = {}
    for name, array in leaves.items():
        tangent = direction.get(name, {})
        inputs[name] = {i: Dual(array.get(i, zero), tangent.get(i, zero)) for i in {**array, **tangent}}
    values = evaluate(program, roots, inputs, dual, meter)
    return {r: _clean({i: y.tangent for i, y in x.items()}) for r, x in values.items()}

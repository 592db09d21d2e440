"""Candidates for the terms of a law: products of one or two arrays of the state, with some indices summed.

They are enumerated from the shapes of the parameters alone, with sizes left free: no model is recognised. Candidates whose
result has the same shape may be added up; which sums are conserved, `claws.discovery.matrices` finds out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, permutations, product

from claws.discovery.notation import Labels, Operand, product_of, weight_text
from claws.discovery.program_writer import ProgramWriter
from claws.discovery.scaling import Weight
from claws.kernel.core.flow import velocity_of
from claws.kernel.core.program import Apply, Einsum, Leaf, Program, Shape, Sum, Window, operands_of, power
from claws.kernel.core.sizes import ONE, ZERO, Size
from claws.kernel.counting.points import Changed
from claws.kernel.laws.symbols import squeeze
from claws.syntax import nodes
from claws.syntax.printer import print_expression


@dataclass(frozen=True, slots=True)
class CandidateLimits:
    """Which products are candidates: those with few axes."""

    legs: int = 3
    """The result of a product of two arrays has at most so many axes."""
    own: int = 2
    """At most so many of them belong to one of the two factors only."""
    shared: int = 2
    """At most so many of them belong to both factors."""
    rank: int = 5
    """Arrays with more axes than this take part only as wholes."""


LIMITS = CandidateLimits()

_UNIT = -1000
"""The labels of axes of size 1 go down from here."""


@dataclass(frozen=True, slots=True)
class StateArray:
    """An array that laws are made of: a part of the state, a slice of one, or a function of one."""

    written: Operand
    node: int
    shape: Shape
    owner: str
    """The parameter whose entries, or whose velocity, it has."""
    velocity: bool = False
    alone: bool = False
    """Whether it is a term by itself only, as `log(U)`."""
    inverse: bool = False
    """Whether it is 1/U, which makes quotients with others."""
    weight: Weight | None = None

    @property
    def late(self) -> bool:
        """Whether it reads better at the end of a sum: a function, but not a power."""
        return self.inverse or (self.alone and self.written.form != "power" and not self.written.is_grouped)


@dataclass(frozen=True, slots=True)
class FlowText:
    """What the search for candidates needs of the flow as the file has it."""

    preconditioned: tuple[str, ...]
    """The parameters with a preconditioner."""
    friction: nodes.Expression | None
    """The friction of momentum; None for a flow without momentum."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A constant that divides the squares of a parameter elementwise."""

    text: str
    inverse: int
    """The node of its inverse."""
    shape: Shape
    """The shape of the parameter, or () for one number."""

    @property
    def scalar(self) -> bool:
        """Whether it is one number."""
        return not self.shape


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product of arrays, its indices labelled, with the legs 0, 1, ... of the shape `shape`.

    With `entry` it is entry 0 along the first of the product's own axes, repeated along leg `entry`.
    """

    elements: tuple[StateArray, ...]
    labels: tuple[Labels, ...]
    shape: Shape
    rate: Rate | None = None
    entry: int | None = None

    @property
    def degree(self) -> int:
        """How many arrays are multiplied; 2 where one of them is a function."""
        if any(e.inverse or (e.alone and not e.written.is_grouped) for e in self.elements):
            return 2
        return len(self.elements)

    @property
    def place(self) -> tuple[object, ...]:
        """What candidates are sorted by in a sum: products, then arrays by themselves, functions, and single entries last."""
        return self.entry is not None, any(e.late for e in self.elements), -self.degree

    @property
    def is_quotient(self) -> bool:
        """Whether it is one array over another."""
        return len(self.elements) == 2 and any(e.inverse for e in self.elements)

    @property
    def mixing(self) -> int:
        """How mixed it is: 0 where it is made of one parameter, 1 where of two of one shape, else 2, which few laws need."""
        if len({e.owner for e in self.elements}) == 1:
            return 0
        return 1 if len({e.shape for e in self.elements}) == 1 else 2

    @property
    def weight(self) -> str:
        """The weight of the whole product, as text."""
        return weight_text([e.weight.written for e in self.elements if e.weight is not None])

    def written(self, order: Sequence[int]) -> Operand:
        """The product without its weight, as a person would write it; the legs of the result in this order."""
        operands = [e.written for e in self.elements]
        if self.rate and not self.rate.scalar:
            operands[-1] = Operand(f"{operands[-1].text}/{self.rate.text}", "quotient")
        out = tuple(x for x in order if x != self.entry)
        if self.entry is not None:
            # the entry is taken along the first axis, so the text has that axis first
            return product_of(operands, self.labels, (self.entry, *out)).first_entry()
        body = product_of(operands, self.labels, out)
        return body.over(self.rate.text) if self.rate and self.rate.scalar else body


def elements_of(
    model: Changed, weights: Mapping[str, Weight], flow: FlowText, degree: int, put: CandidateWriter
) -> list[StateArray]:
    """The arrays of the state, the parts of them that the model uses, and, for degree >= 2, functions of them."""
    program = model.program
    velocities = {leaf.name: n for n, leaf in program.leaves("velocity")}
    found: list[StateArray] = []
    for n, leaf in program.leaves("param"):
        shape = program.shapes[n]
        whole = StateArray(Operand(leaf.name), n, shape, leaf.name, weight=weights.get(leaf.name))
        # parts come first: a sum over all of them is then no competitor to one
        own = [
            replace(whole, written=view, node=m, shape=program.shapes[m])
            for m, view in _views(program, n, Operand(leaf.name))
        ]
        own.append(whole)
        if (name := velocity_of(leaf.name)) in velocities:
            velocity = StateArray(Operand(name), velocities[name], shape, leaf.name, True, weight=weights.get(name))
            own.append(velocity)
            own += _at_rest(program, whole, velocity, flow.friction, put)
        elif degree >= 2:
            own += _functions(whole, leaf, leaf.name in flow.preconditioned, degree, put)
        found += own
    return found


def _at_rest(
    program: Program, x: StateArray, v: StateArray, friction: nodes.Expression | None, put: CandidateWriter
) -> Iterator[StateArray]:
    """The place at which U would come to rest by friction alone, or where it was at t = 0 if there is no friction."""
    axes = tuple(range(len(x.shape)))

    def plus(factors: tuple[int, ...]) -> int:
        """The node of U minus a product of scalars and the velocity."""
        part = put.put(Einsum((*factors, v.node), (*(() for _ in factors), axes), axes, x.shape))
        return put.put(Sum(((Fraction(1), x.node), (Fraction(-1), part))))

    if friction is None:
        return
    if v.weight is not None and v.weight.written.is_exponential and x.weight is None:
        # U' = v, v' = -tau*v: U + v/tau stands still; the growth of v is -tau
        text = print_expression(friction)
        divisor = text if _is_plain(friction) else f"({text})"
        sum_ = Operand(f"{x.written.text} + {v.written.text}/{divisor}", "quotient")
        yield replace(x, written=sum_, node=plus((put.put(power(v.weight.growth, -1)),)), alone=True)
    elif v.weight is None and isinstance(friction, nodes.Number) and friction.value == 0:
        time = next(n for n, _ in program.leaves("time"))
        difference = Operand(f"{x.written.text} - t*{v.written.text}", "sum")
        yield replace(x, written=difference, node=plus((time,)), alone=True)


def _is_plain(e: nodes.Expression) -> bool:
    """Whether an expression is a name, a number, or a quotient of these, which is written without parentheses."""
    match e:
        case nodes.Name() | nodes.Number():
            return True
        case nodes.Binary("/", left, right):
            return _is_plain(left) and _is_plain(right)
    return False


def _functions(
    x: StateArray, leaf: Leaf, preconditioned: bool, degree: int, put: CandidateWriter
) -> Iterator[StateArray]:
    """The functions log(U) and 1/U where they are defined, exp(U) where the model has it, and U^3, U^4, ... up to the degree."""
    if x.weight is not None:
        return
    name = x.written.text
    if leaf.domain == "positive":
        yield replace(x, written=Operand(f"log({name})"), node=put.put(Apply("log", x.node)), alone=True)
    if leaf.domain != "real" or preconditioned:
        yield replace(x, written=Operand(name, "inverse"), node=put.put(power(x.node, -1)), inverse=True)
    if Apply("exp", x.node) in put.nodes:
        yield replace(x, written=Operand(f"exp({name})"), node=put.put(Apply("exp", x.node)), alone=True)
        inverse = put.put(power(put.put(Apply("exp", x.node)), -1))
        yield replace(x, written=Operand(f"exp({name})", "inverse"), node=inverse, alone=True)
    for k in range(3, degree + 1):
        yield replace(x, written=Operand(name, "power", Fraction(k)), node=put.put(power(x.node, k)), alone=True)


def _views(program: Program, leaf: int, whole: Operand) -> Iterator[tuple[int, Operand]]:
    """What the model makes of a leaf by indexing and reshaping, as `U[0]`, `U[:, 1:3]`, `reshape(U, [n, m])`, and their nodes."""
    reshaped = _reshaped(program, leaf)
    for n, node in enumerate(program.nodes):
        if n in reshaped and squeeze(program.shapes[n]) != squeeze(program.shapes[leaf]):
            yield n, Operand(f"reshape({whole.text}, [{', '.join(map(str, program.shapes[n]))}])")
        if not isinstance(node, Window) or node.transposed or node.operand != leaf or len(node.steps) > 1:
            continue
        if node.steps == ():
            index = str(node.start)
        elif node.steps == (ONE,):
            stop = node.start + node.lengths[0]
            index = f"{node.start if node.start else ''}:{'' if stop == program.shapes[leaf][node.axis] else stop}"
        else:
            continue
        inner = Operand(f"{whole.text}[{':, ' * node.axis}{index}]", "part")
        yield n, inner
        yield from _views(program, n, inner)


def _reshaped(program: Program, leaf: int) -> set[int]:
    """What the model makes of a leaf by merging and splitting axes alone, without what is only a step on the way."""
    found: set[int] = set()
    used: set[int] = set()
    for n, node in enumerate(program.nodes):
        if isinstance(node, Window) and node.merges and (node.operand == leaf or node.operand in found):
            found.add(n)
        else:
            used.update(operands_of(node))
    steps = {node.operand for n in found if isinstance(node := program.nodes[n], Window)}
    return {n for n in found if n in used or n not in steps}


class CandidateWriter(ProgramWriter):
    """A program that is continued by the nodes of candidates."""

    def put_candidate(self, c: Candidate) -> int:
        """The node of a candidate, its weight included."""
        operands = [e.node for e in c.elements]
        labels: list[Labels] = list(c.labels)
        if c.rate is not None:
            operands.append(c.rate.inverse)
            labels.append(() if c.rate.scalar else labels[len(c.elements) - 1])
        for e in c.elements:
            if e.weight is not None:
                operands.append(e.weight.factor)
                labels.append(())
        sizes: dict[int, Size] = dict(enumerate(c.shape))
        for e, row in zip(c.elements, c.labels, strict=True):
            sizes.update(zip(row, e.shape, strict=True))
        legs = list(range(len(c.shape)))
        if c.entry is not None:
            inner = [c.entry, *(x for x in legs if x != c.entry)]
            whole = self._einsum(operands, labels, inner, sizes)
            first = self.put(Window(whole, 0, ZERO, (), (), sizes[c.entry]))
            return self._einsum([first], [tuple(inner[1:])], legs, sizes)
        return self._einsum(operands, labels, legs, sizes)

    def _einsum(
        self, operands: Sequence[int], labels: Sequence[Labels], out: Sequence[int], sizes: Mapping[int, Size]
    ) -> int:
        """The node of a product with any whole numbers as labels."""
        used = sorted({x for row in (*labels, out) for x in row})
        place = {x: k for k, x in enumerate(used)}
        return self.put(
            Einsum(
                tuple(operands),
                tuple(tuple(place[x] for x in row) for row in labels),
                tuple(place[x] for x in out),
                tuple(sizes[x] for x in used),
            )
        )


# --- enumeration -------------------------------------------------------------------------------------------------------


def candidates(elements: Sequence[StateArray], degree: int, rates: Mapping[str, Rate]) -> Iterator[Candidate]:
    """Every product of at most `degree` <= 2 of these arrays, each once, in a fixed order.

    `rates` has by parameter what divides its squares.
    """
    seen: set[object] = set()
    for c in _products(elements, degree):
        key = _key(c)
        if key not in seen:
            seen.add(key)
            owners = {e.owner for e in c.elements}
            rate = rates.get(next(iter(owners))) if len(owners) == 1 else None
            fits = rate is not None and rate.shape in ((), c.elements[-1].shape)
            yield replace(c, rate=rate) if fits else c


def with_entries(found: Sequence[Candidate]) -> list[Candidate]:
    """The candidates, and entry 0 along each leg of each: where all entries change alike, their differences are conserved."""
    return [*found, *(replace(c, entry=k) for c in found if c.rate is None for k in range(len(c.shape)))]


def _products(elements: Sequence[StateArray], degree: int) -> Iterator[Candidate]:
    """The products, with repetitions."""
    for e in elements:
        yield from _single(e)
    if degree < 2:
        return
    pairs = [e for e in elements if not e.alone and len(e.shape) <= LIMITS.rank]
    for k, a in enumerate(pairs):
        for b in pairs[k:]:
            # under momentum a law is at most linear in velocities: an angular momentum
            if not (a.velocity and b.velocity) and not (a.inverse and b.inverse):
                yield from _pair(a, b)


def _single(e: StateArray) -> Iterator[Candidate]:
    """An array, the sums along some of its axes, its diagonal and its trace."""
    axes = [k for k, n in enumerate(e.shape) if n != ONE]
    if len(axes) > LIMITS.rank:
        return
    for count in range(len(axes), -1, -1):
        for kept in combinations(axes, count):
            names = {k: j for j, k in enumerate(kept)}
            labels = tuple(names[k] if k in names else _bound(e.shape, k) for k in range(len(e.shape)))
            yield from _ordered((e,), (labels,), tuple(e.shape[k] for k in kept))
    if len(e.shape) == 2 and e.shape[0] == e.shape[1] != ONE:
        yield Candidate((e,), ((0, 0),), (e.shape[0],))
        yield Candidate((e,), ((-1, -1),), ())


def _bound(shape: Shape, k: int) -> int:
    """The label of an axis that is summed over: one for axes of size 1, another for others."""
    return _UNIT - k if shape[k] == ONE else -1 - k


def _pair(a: StateArray, b: StateArray) -> Iterator[Candidate]:
    """The products of two arrays: every axis of one is matched with an axis of the other of the same size, or is a leg."""
    axes_a = [k for k, n in enumerate(a.shape) if n != ONE]
    axes_b = [k for k, n in enumerate(b.shape) if n != ONE]
    # arrays with many axes of one shape are matched axis by axis: other matchings are many, and mean nothing
    aligned = a.shape == b.shape and len(a.shape) > 2
    for count in range(min(len(axes_a), len(axes_b)), -1, -1):
        if len(axes_a) + len(axes_b) - 2 * count > LIMITS.own:
            return
        for left in combinations(axes_a, count):
            for right in [left] if aligned else permutations(axes_b, count):
                if all(a.shape[i] == b.shape[j] for i, j in zip(left, right, strict=True)):
                    yield from _matched(a, b, left, right)


def _matched(a: StateArray, b: StateArray, left: Sequence[int], right: Sequence[int]) -> Iterator[Candidate]:
    """The products with these pairs of axes matched: each pair is summed over, or is a leg that both factors share."""
    own = len([n for n in a.shape if n != ONE]) + len([n for n in b.shape if n != ONE]) - 2 * len(left)
    for summed in product((True, False), repeat=len(left)):
        shared = summed.count(False)
        if shared > LIMITS.shared or own + shared > LIMITS.legs:
            continue
        la = [_UNIT - k for k in range(len(a.shape))]
        lb = [
            _UNIT - k if k < len(a.shape) and a.shape[k] == ONE else _UNIT - LIMITS.rank - k
            for k in range(len(b.shape))
        ]
        legs: list[Size] = []
        for k, (i, j) in enumerate(zip(left, right, strict=True)):
            if summed[k]:
                la[i] = lb[j] = -1 - k
            else:
                la[i] = lb[j] = len(legs)
                legs.append(a.shape[i])
        for row, shape, matched in ((la, a.shape, left), (lb, b.shape, right)):
            for k, n in enumerate(shape):
                if n != ONE and k not in matched:
                    row[k] = len(legs)
                    legs.append(n)
        yield from _ordered((a, b), (tuple(la), tuple(lb)), tuple(legs))


def _ordered(elements: tuple[StateArray, ...], labels: tuple[Labels, ...], legs: Shape) -> Iterator[Candidate]:
    """The candidates with this product, its legs in each order in which their sizes are sorted."""
    shape = tuple(sorted(legs, key=str))  # any fixed order
    for order in permutations(range(len(legs))):
        if tuple(legs[k] for k in order) == shape:
            place = {k: j for j, k in enumerate(order)}
            yield Candidate(elements, tuple(tuple(place.get(x, x) for x in row) for row in labels), shape)


def _key(c: Candidate) -> object:
    """What is equal for products that differ in the names of summed indices or in the order of equal factors."""

    def named(order: Sequence[int]) -> tuple[object, ...]:
        """The factors in an order, with summed indices named as they come."""
        names: dict[int, int] = {}
        rows = []
        for k in order:
            row = []
            for x in c.labels[k]:
                if x < 0:
                    x = names.setdefault(x, -1 - len(names))
                row.append(x)
            rows.append((c.elements[k].written.text, tuple(row)))
        return tuple(rows)

    return min(named(order) for order in permutations(range(len(c.elements)))), c.shape

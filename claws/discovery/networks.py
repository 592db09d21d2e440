"""Candidates for the terms of a law: products of one or two arrays of the state, with some indices summed.

They are enumerated from the shapes of the parameters alone, with sizes left free: no model is recognised. Candidates whose
result has the same shape may be added up; which sums are conserved, `claws.discovery.matrices` finds out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations, permutations, product

from claws.discovery.notation import Labels, product_text, scaled_entry, weight_text
from claws.kernel.core.flow import velocity_of
from claws.kernel.core.program import Apply, Einsum, Gather, Leaf, Node, Power, Program, Reshape, Shape, Sum
from claws.kernel.core.sizes import ONE, Size
from claws.kernel.counting.bounds import Changed
from claws.kernel.laws.symbols import squeeze
from claws.prover.scaling import Weight

MAX_LEGS = 3
"""The result of a product of two arrays has at most so many axes."""

MAX_OWN = 2
"""At most so many of them belong to one of the two factors only."""

MAX_SHARED = 2
"""At most so many of them belong to both."""

MAX_RANK = 5
"""Arrays with more axes take part only as wholes."""

_UNIT = -1000
"""The labels of axes of size 1 go down from here."""


@dataclass(frozen=True, slots=True)
class Element:
    """An array that laws are made of: a part of the state, a slice of one, or a function of one."""

    text: str
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
        return self.inverse or (self.alone and "^" not in self.text and not self.text.startswith("("))


@dataclass(frozen=True, slots=True)
class Written:
    """What is asked of the flow as it is written."""

    preconditioned: tuple[str, ...]
    """The parameters with a preconditioner."""
    friction: str
    """That of momentum, as text; empty without."""


@dataclass(frozen=True, slots=True)
class Rate:
    """What divides the squares of a parameter elementwise, a constant."""

    text: str
    inverse: int
    """The node of its inverse."""
    shape: Shape
    """That of the parameter, or none for one number."""

    @property
    def scalar(self) -> bool:
        return not self.shape


@dataclass(frozen=True, slots=True)
class Candidate:
    """A product of elements, its indices labelled, with the legs 0, 1, ... of the shape `shape`.

    With `entry` it is entry 0 along the first of the product's own axes, repeated along leg `entry`.
    """

    elements: tuple[Element, ...]
    labels: tuple[Labels, ...]
    shape: Shape
    rate: Rate | None = None
    entry: int | None = None

    @property
    def degree(self) -> int:
        if any(e.inverse or (e.alone and not e.text.startswith("(")) for e in self.elements):
            return 2
        return len(self.elements)

    @property
    def place(self) -> tuple[object, ...]:
        """Where it stands in a sum: products, then arrays by themselves, functions, and single entries last."""
        return self.entry is not None, any(e.late for e in self.elements), -self.degree

    @property
    def is_quotient(self) -> bool:
        return len(self.elements) == 2 and any(e.inverse for e in self.elements)

    @property
    def mixing(self) -> int:
        """0 where it is made of one parameter, 1 where of two of one shape, 2 for others, which few laws need."""
        if len({e.owner for e in self.elements}) == 1:
            return 0
        return 1 if len({e.shape for e in self.elements}) == 1 else 2

    @property
    def weight(self) -> str:
        """The weight of the whole product, as text."""
        return weight_text([e.weight.text for e in self.elements if e.weight is not None])

    def text(self, order: Sequence[int]) -> str:
        """The product without its weight; the legs of the result in this order."""
        texts = [e.text for e in self.elements]
        if self.rate and not self.rate.scalar:
            texts[-1] = f"({texts[-1]}/{self.rate.text})"
        out = tuple(x for x in order if x != self.entry)
        if self.entry is not None:
            # the entry is taken along the first axis, so the text has that axis first
            return scaled_entry(product_text(texts, self.labels, (self.entry, *out)))
        body = product_text(texts, self.labels, out)
        return f"{body}/{self.rate.text}" if self.rate and self.rate.scalar else body


def elements_of(
    model: Changed, weights: Mapping[str, Weight], flow: Written, degree: int, put: Writer
) -> list[Element]:
    """The arrays of the state, the parts of them that the model uses, and, for degree >= 2, functions of them."""
    program = model.program
    velocities = {leaf.name: n for n, leaf in program.leaves("velocity")}
    found: list[Element] = []
    for n, leaf in program.leaves("param"):
        shape = program.shapes[n]
        whole = Element(leaf.name, n, shape, leaf.name, weight=weights.get(leaf.name))
        # parts come first: a sum over all of them is then no competitor to one
        own = [replace(whole, text=text, node=m, shape=program.shapes[m]) for m, text in _views(program, n, leaf.name)]
        own.append(whole)
        if model.flow.second_order:
            name = velocity_of(leaf.name)
            velocity = Element(name, velocities[name], shape, leaf.name, True, weight=weights.get(name))
            own.append(velocity)
            own += _at_rest(program, whole, velocity, flow.friction, put)
        elif degree >= 2:
            own += _functions(whole, leaf, leaf.name in flow.preconditioned, degree, put)
        found += own
    return found


def _at_rest(program: Program, x: Element, v: Element, friction: str, put: Writer) -> Iterator[Element]:
    """The place at which U would come to rest by friction alone, or where it would have been at t = 0 without any."""
    axes = tuple(range(len(x.shape)))

    def plus(factors: tuple[int, ...]) -> int:
        part = put.node(Einsum((*factors, v.node), (*(() for _ in factors), axes), axes, x.shape))
        return put.node(Sum(((Fraction(1), x.node), (Fraction(-1), part))))

    if v.weight is not None and v.weight.text.startswith("exp") and x.weight is None:
        # U' = v, v' = -tau*v: U + v/tau stands still; the growth of v is -tau
        divisor = friction if re.fullmatch(r"[\w/]+", friction) else f"({friction})"
        text = f"({x.text} + {v.text}/{divisor})"
        yield replace(x, text=text, node=plus((put.node(Power(v.weight.growth, Fraction(-1))),)), alone=True)
    elif v.weight is None and friction == "0":
        time = next(n for n, _ in program.leaves("time"))
        yield replace(x, text=f"({x.text} - t*{v.text})", node=plus((time,)), alone=True)


def _functions(x: Element, leaf: Leaf, preconditioned: bool, degree: int, put: Writer) -> Iterator[Element]:
    """log(U) and 1/U where they are defined, exp(U) where the model has it, and U^3, U^4, ... up to the degree."""
    if x.weight is not None:
        return
    if leaf.domain == "positive":
        yield replace(x, text=f"log({x.text})", node=put.node(Apply("log", x.node)), alone=True)
    if leaf.domain != "real" or preconditioned:
        yield replace(x, text=f"1/{x.text}", node=put.node(Power(x.node, Fraction(-1))), inverse=True)
    if Apply("exp", x.node) in put.nodes:
        yield replace(x, text=f"exp({x.text})", node=put.node(Apply("exp", x.node)), alone=True)
        inverse = put.node(Power(put.node(Apply("exp", x.node)), Fraction(-1)))
        yield replace(x, text=f"1/exp({x.text})", node=inverse, alone=True)
    for k in range(3, degree + 1):
        yield replace(x, text=f"{x.text}^{k}", node=put.node(Power(x.node, Fraction(k))), alone=True)


def _views(program: Program, leaf: int, text: str) -> Iterator[tuple[int, str]]:
    """What the model makes of a leaf by indexing and reshaping, as `U[0]`, `U[:, 1:3]`, `reshape(U, [n, m])`: nodes, texts."""
    for n, node in enumerate(program.nodes):
        if isinstance(node, Reshape) and node.operand == leaf and squeeze(node.shape) != squeeze(program.shapes[leaf]):
            yield n, f"reshape({text}, [{', '.join(map(str, node.shape))}])"
        if not isinstance(node, Gather) or node.operand != leaf or len(node.steps) > 1:
            continue
        if node.steps == ():
            index = str(node.start)
        elif node.steps == (1,):
            stop = node.start + node.lengths[0]
            index = f"{node.start if node.start else ''}:{'' if stop == program.shapes[leaf][node.axis] else stop}"
        else:
            continue
        inner = f"{text}[{':, ' * node.axis}{index}]"
        yield n, inner
        yield from _views(program, n, inner)


class Writer:
    """A program that is continued, each node once; the nodes of candidates go to its end."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.nodes: list[Node] = list(program.nodes)
        self._known = {node: n for n, node in enumerate(self.nodes)}

    def node(self, node: Node) -> int:
        if node not in self._known:
            self._known[node] = len(self.nodes)
            self.nodes.append(node)
        return self._known[node]

    def candidate(self, c: Candidate) -> int:
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
            first = self.node(Gather(whole, 0, Size.of(0), (), ()))
            return self._einsum([first], [tuple(inner[1:])], legs, sizes)
        return self._einsum(operands, labels, legs, sizes)

    def _einsum(
        self, operands: Sequence[int], labels: Sequence[Labels], out: Sequence[int], sizes: Mapping[int, Size]
    ) -> int:
        used = sorted({x for row in (*labels, out) for x in row})
        place = {x: k for k, x in enumerate(used)}
        return self.node(
            Einsum(
                tuple(operands),
                tuple(tuple(place[x] for x in row) for row in labels),
                tuple(place[x] for x in out),
                tuple(sizes[x] for x in used),
            )
        )

    def finished(self) -> Program:
        p = self.program
        return Program(tuple(self.nodes), p.activations, p.functions, p.conditions)


# --- enumeration -------------------------------------------------------------------------------------------------------


def candidates(elements: Sequence[Element], degree: int, rates: Mapping[str, Rate]) -> Iterator[Candidate]:
    """Every product of these elements, each once, in a fixed order. `rates` by parameter: what divides its squares."""
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
    """The candidates, and entry 0 along each leg of each: where all entries are alike, their differences are conserved."""
    return [*found, *(replace(c, entry=k) for c in found if c.rate is None for k in range(len(c.shape)))]


def _products(elements: Sequence[Element], degree: int) -> Iterator[Candidate]:
    for e in elements:
        yield from _single(e)
    if degree < 2:
        return
    pairs = [e for e in elements if not e.alone and len(e.shape) <= MAX_RANK]
    for k, a in enumerate(pairs):
        for b in pairs[k:]:
            # under momentum a law is at most linear in velocities: an angular momentum
            if not (a.velocity and b.velocity) and not (a.inverse and b.inverse):
                yield from _pair(a, b)


def _single(e: Element) -> Iterator[Candidate]:
    """An element, the sums along some of its axes, its diagonal and its trace."""
    axes = [k for k, n in enumerate(e.shape) if n != ONE]
    if len(axes) > MAX_RANK:
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
    return _UNIT - k if shape[k] == ONE else -1 - k


def _pair(a: Element, b: Element) -> Iterator[Candidate]:
    """The products of two arrays: every axis of one is matched with an axis of the other of the same size, or is a leg."""
    axes_a = [k for k, n in enumerate(a.shape) if n != ONE]
    axes_b = [k for k, n in enumerate(b.shape) if n != ONE]
    # arrays with many axes of one shape are matched axis by axis: other matchings are many, and mean nothing
    aligned = a.shape == b.shape and len(a.shape) > 2
    for count in range(min(len(axes_a), len(axes_b)), -1, -1):
        if len(axes_a) + len(axes_b) - 2 * count > MAX_OWN:
            return
        for left in combinations(axes_a, count):
            for right in [left] if aligned else permutations(axes_b, count):
                if all(a.shape[i] == b.shape[j] for i, j in zip(left, right, strict=True)):
                    yield from _matched(a, b, left, right)


def _matched(a: Element, b: Element, left: Sequence[int], right: Sequence[int]) -> Iterator[Candidate]:
    """Each matched pair of axes is summed over, or is a leg that both factors share."""
    own = len([n for n in a.shape if n != ONE]) + len([n for n in b.shape if n != ONE]) - 2 * len(left)
    for summed in product((True, False), repeat=len(left)):
        shared = summed.count(False)
        if shared > MAX_SHARED or own + shared > MAX_LEGS:
            continue
        la = [_UNIT - k for k in range(len(a.shape))]
        lb = [
            _UNIT - k if k < len(a.shape) and a.shape[k] == ONE else _UNIT - MAX_RANK - k for k in range(len(b.shape))
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


def _ordered(elements: tuple[Element, ...], labels: tuple[Labels, ...], legs: Shape) -> Iterator[Candidate]:
    """The same product with its legs in each order in which their sizes are sorted."""
    shape = tuple(sorted(legs, key=str))  # any fixed order
    for order in permutations(range(len(legs))):
        if tuple(legs[k] for k in order) == shape:
            place = {k: j for j, k in enumerate(order)}
            yield Candidate(elements, tuple(tuple(place.get(x, x) for x in row) for row in labels), shape)


def _key(c: Candidate) -> object:
    """Equal for products that differ in the names of summed indices or in the order of equal factors."""

    def named(order: Sequence[int]) -> tuple[object, ...]:
        names: dict[int, int] = {}
        rows = []
        for k in order:
            row = []
            for x in c.labels[k]:
                if x < 0:
                    x = names.setdefault(x, -1 - len(names))
                row.append(x)
            rows.append((c.elements[k].text, tuple(row)))
        return tuple(rows)

    return min(named(order) for order in permutations(range(len(c.elements)))), c.shape

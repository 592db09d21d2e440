"""The Lie algebra of a model's training fields, at one pseudo-random point modulo a number.

Soundness-critical. The generators are the fields that move the state in training: the flow's drift, if it has one, plus its
control for the gradient of <c, g(theta, x)>, for any constant c and any data x. Every iterated bracket of generators is in
the Lie algebra that they generate, so the rank of some of them at one point is a lower bound of its generic dimension, and the
number D of coordinates minus that rank an upper bound of the number of independent conservation laws (Marcotte, Gribonval,
Peyré 2023, Theorem 3.3, with Frobenius' theorem). A rank modulo a number is a lower bound of the rank over the rationals,
since a minor that is a unit there is not zero. Nothing here ever bounds a rank from above.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Protocol

from claws.kernel.core.errors import Malformed, Meter, NoRoot, Refused, Undefined
from claws.kernel.core.flow import STATE, Flow
from claws.kernel.core.program import ROLES, Apply, Leaf, Node, Program, count_entries
from claws.kernel.counting.evidence import Bundle, Step, Tree
from claws.kernel.counting.jets import Jet, JetRing, draw, salt
from claws.kernel.counting.ranks import ResidueRows, Row, sparse_rank
from claws.kernel.values.evaluation import Array, Tape, Traced, elementwise, evaluate, fixed, indices
from claws.kernel.values.evidence import Index

MAX_DEPTH = 64

MAX_LEVEL = 8
"""Nilpotents that an element may need at once: 2^8 parts, 3^8 products."""


MAX_DRAWS = 4096
"""Data samples that are drawn until all square roots exist: half of the residues have one."""


class CountedModel(Protocol):
    """What is common to all statements: the outputs that the loss sees, and the flow."""

    @property
    def program(self) -> Program: ...
    @property
    def outputs(self) -> tuple[int, ...]: ...
    @property
    def flow(self) -> Flow: ...


@dataclass(frozen=True, slots=True)
class Changed:
    """A model whose program is not the statement's own: longer, or with other nodes."""

    program: Program
    outputs: tuple[int, ...]
    flow: Flow


@dataclass(frozen=True, slots=True)
class Setting:
    """Where ranks are taken: residues modulo a number, drawn by a seed where they are not given.

    `given` are the residues of leaves, entry by entry; `data` those of all inputs, by the number of a datum; `exponentials` are
    the values of exponentials at related arguments.
    """

    modulus: int
    seed: int
    given: Mapping[str, Sequence[int]] = field(default_factory=dict)
    data: Sequence[Mapping[str, Sequence[int]]] = ()
    exponentials: Exponentials | None = None


class Exponentials(Protocol):
    """Values of exponentials where arguments are related."""

    def at(self, leaves: Mapping[str, Sequence[int]]) -> Mapping[int, int]:
        """The residue of exp(z) by that of z, for every argument z at these leaves. Raises `Refused`."""


def depth(tree: Tree) -> int:
    """The number of generators in a bracket."""
    return 1 if isinstance(tree, int) else depth(tree[0]) + depth(tree[1])


def level(tree: Tree) -> int:
    """The number of nilpotents that a bracket needs: one for each derivative inside another."""
    return 0 if isinstance(tree, int) else 1 + max(level(tree[0]), level(tree[1]))


def parameters(program: Program) -> int:
    """The number of parameters at fixed sizes."""
    return sum(fixed(count_entries(program.shapes[n])) for n, _ in program.leaves("param"))


def coordinates(program: Program) -> int:
    """D, the number of coordinates of the state: the parameters and, where there are any, their velocities and the time."""
    return sum(fixed(count_entries(program.shapes[n])) for n, _ in program.leaves(*STATE))


class Ranks(Protocol):
    """The ranks that a sandwich needs. `ExactRanks` computes them here; an accelerator may do so elsewhere."""

    name: str
    """What a trust line calls it; empty for the kernel's own."""

    def of_gradients(self, model: CountedModel, laws: Sequence[int], setting: Setting, meter: Meter) -> int:
        """The rank of the gradients of all entries of these nodes."""

    def of_brackets(self, model: CountedModel, steps: Sequence[Step], setting: Setting, meter: Meter) -> int:
        """The rank of the elements of the Lie algebra that the steps name."""

    def of_paths(
        self, model: CountedModel, bundles: Sequence[Bundle], setting: Setting, meter: Meter
    ) -> tuple[int, bool]:
        """A lower bound of the rank of the generators of these bundles, and whether it rests on the premise about patterns."""


class ExactRanks:
    """In Python's integers, without anything from outside."""

    name = ""

    def of_gradients(self, model: CountedModel, laws: Sequence[int], setting: Setting, meter: Meter) -> int:
        return sparse_rank(Point(model, setting, meter).law_gradients(laws), setting.modulus, meter)

    def of_brackets(self, model: CountedModel, steps: Sequence[Step], setting: Setting, meter: Meter) -> int:
        point = Point(model, setting, meter)
        rows = ResidueRows(setting.modulus, meter)
        for s, step in enumerate(steps):
            for k in range(step.count):
                rows.add(point.element(step, s, k))
        return rows.rank

    def of_paths(
        self, model: CountedModel, bundles: Sequence[Bundle], setting: Setting, meter: Meter
    ) -> tuple[int, bool]:
        raise Refused("the kernel does not follow paths by itself: an accelerator must")


def is_root(node: Node) -> bool:
    return isinstance(node, Apply) and node.exponent is not None and node.exponent.denominator == 2


def roots_of(model: CountedModel) -> list[int]:
    """The square roots that a generator needs."""
    program = model.program
    return [n for n in program.cone([*model.outputs, *model.flow.nodes()]) if is_root(program.nodes[n])]


def has_data(program: Program, n: int) -> bool:
    """Whether a node depends on an input."""
    return any(isinstance(node := program.nodes[m], Leaf) and node.role == "input" for m in program.cone([n]))


Vector = list[Jet | None]
"""A field at a point, by coordinate; None is zero."""


class Point:
    """A model at a setting: at parameters and data that are given, or pseudo-random."""

    def __init__(self, model: CountedModel, setting: Setting, meter: Meter) -> None:
        self.model = model
        self.program = model.program
        self.setting = setting
        self.modulus = setting.modulus
        self.meter = meter
        self.activations = dict(self.program.activations)
        self.coordinates: list[tuple[str, Index]] = []
        """Every entry of the state, in the program's order."""
        self.shapes = {
            leaf.name: tuple(fixed(k) for k in self.program.shapes[n]) for n, leaf in self.program.leaves(*ROLES)
        }
        for _, leaf in self.program.leaves(*STATE):
            self.coordinates += [(leaf.name, i) for i in indices(self.shapes[leaf.name])]
        self.number = {coordinate: k for k, coordinate in enumerate(self.coordinates)}
        state = {leaf.name: self._drawn("param", leaf.name) for _, leaf in self.program.leaves(*STATE)}
        self.theta: Vector = [Jet(self.ring(0), [x]) for values in state.values() for x in values]
        self.consts = {leaf.name: self._drawn("const", leaf.name) for _, leaf in self.program.leaves("const")}
        self.roots = roots_of(model)
        self._data_of: dict[tuple[int, ...], int] = {}
        """Which of the given data a generator is taken at, by its key."""
        self._known_data: dict[tuple[object, ...], dict[str, list[int]]] = {}
        self._state = state

    def ring(self, level: int, leaves: Mapping[str, Sequence[int]] | None = None) -> JetRing:
        """The jets of this level, with the exponentials at these leaves (beside those of the state)."""
        table = None
        if leaves is not None and self.setting.exponentials is not None:
            table = self.setting.exponentials.at({**self._state, **leaves})
        return JetRing(self.modulus, level, self.setting.seed, self.activations, self.meter, table)

    def _drawn(self, role: str, name: str, *key: object) -> list[int]:
        count = 1
        for k in self.shapes[name]:
            count *= k
        self.meter.tick(count)
        given = self.setting.given.get(name)
        if given is not None:
            if len(given) != count:
                raise Malformed(f"a point does not give {count} numbers for {name}")
            return list(given)
        start = salt(role, self.setting.seed, name, *key)
        return [draw(start, k, self.modulus) for k in range(count)]

    def data(self, *key: int) -> dict[str, list[int]]:
        """The inputs for a generator, with the constants: those given for it, or the first drawn at which every root exists."""
        if key not in self._known_data:
            if key in self._data_of:
                given = self.setting.data[self._data_of[key]]
                self._known_data[key] = {**self.consts, **{name: list(x) for name, x in given.items()}}
            else:
                self._known_data[key] = self._data_for(self.roots, key)[0]
        return self._known_data[key]

    def values(self, nodes: Sequence[int], *key: object) -> dict[int, Array]:
        """The values of nodes, at the first data drawn for a key at which they have values, or without a key at none."""
        if key:
            return self._data_for(nodes, key)[1]
        ring = self.ring(0, self.consts)
        return evaluate(self.program, nodes, self.arrays(self.theta, self.consts, ring), ring, self.meter)

    def _data_for(self, nodes: Sequence[int], key: tuple[object, ...]) -> tuple[dict[str, list[int]], dict[int, Array]]:
        names = [leaf.name for _, leaf in self.program.leaves("input")]
        for attempt in range(MAX_DRAWS):
            again = ("again", attempt) if attempt else ()
            data = {**self.consts, **{name: self._drawn("input", name, *key, *again) for name in names}}
            ring = self.ring(0, data)
            try:
                arrays = self.arrays(self.theta, data, ring)
                return data, evaluate(self.program, nodes, arrays, ring, self.meter) if nodes else {}
            except NoRoot:
                if not names:
                    raise
                self.check_fixed_roots()
        raise Undefined("no data were found at which all square roots exist modulo the prime")

    def check_fixed_roots(self) -> None:
        """Raises `NoRoot` if the root of a function of the parameters does not exist: other data would not help."""
        self.values([n for n in self.roots if not has_data(self.program, n)])

    def arrays(self, theta: Vector, data: Mapping[str, Sequence[int]], ring: JetRing) -> dict[str, Array]:
        """The leaves as arrays over the ring."""
        result: dict[str, Array] = {name: {} for name in self.shapes}
        for (name, i), x in zip(self.coordinates, theta, strict=True):
            if x is not None:
                result[name][i] = x
        for name, values in data.items():
            for i, value in zip(indices(self.shapes[name]), values, strict=True):
                result[name][i] = ring.number(Fraction(value))
        return result

    # --- fields ------------------------------------------------------------------------------------------------

    def generator(self, theta: Vector, level: int, key: tuple[int, ...]) -> Vector:
        """The drift plus the control for grad <c, g(theta, x)>, for the weights c and the data x of this key, at jets theta."""
        data = self.data(*key)
        ring = self.ring(level, data)
        tape = Tape(ring)
        arrays = self.arrays(theta, data, ring)
        zero = ring.number(Fraction(0))
        variables = [tape.variable(Jet(ring, x.parts) if x is not None else zero) for x in theta]
        leaves: dict[str, Array] = {name: {i: Traced(tape, y, -1) for i, y in a.items()} for name, a in arrays.items()}
        for (name, i), variable in zip(self.coordinates, variables, strict=True):
            leaves[name][i] = variable
        values = evaluate(self.program, self.model.outputs, leaves, tape, self.meter)
        total = tape.number(Fraction(0))
        for k, n in enumerate(self.model.outputs):
            start = salt("weight", self.setting.seed, k, *key)
            for flat, i in enumerate(indices([fixed(size) for size in self.program.shapes[n]])):
                if i in values[n]:
                    total = total + values[n][i] * tape.number(Fraction(draw(start, flat, self.modulus)))
        slopes = tape.gradient(total, self.meter) if total.place >= 0 else {}
        return self._moving([slopes.get(v.place) for v in variables], arrays, ring)

    def _moving(self, gradient: Vector, arrays: Mapping[str, Array], ring: JetRing) -> Vector:
        """How the state moves for a gradient, by coordinate: the sum of the flow's fields."""
        flow = self.model.flow
        values = evaluate(self.program, flow.nodes(), arrays, ring, self.meter)
        slopes: dict[str, Array] = {}
        for (name, i), x in zip(self.coordinates, gradient, strict=True):
            if x is not None:
                slopes.setdefault(name, {})[i] = x
        fields = [{name: values[n] for name, n in flow.drift.items()}, flow.control(slopes, elementwise(values))]
        found = (
            [field[name][i] for field in fields if name in field and i in field[name]] for name, i in self.coordinates
        )
        return [sum(parts[1:], start=parts[0]) if parts else None for parts in found]

    def element(self, step: Step, number: int, place: int) -> list[int]:
        """The element at this place in the step of this number, as residues."""
        key = number, sample_of(step, place)
        self._data_of.update(data_of(step, number, place, len(self.setting.data)))
        return [x.parts[0] if x is not None else 0 for x in self._bracket(step.tree, self.theta, 0, key)]

    def _bracket(self, tree: Tree, theta: Vector, level: int, key: tuple[int, ...]) -> Vector:
        if isinstance(tree, int):
            return self.generator(theta, level, key)
        left, right = tree
        # [X, Y] = DY X - DX Y, each derivative along a field by one more nilpotent
        x = self._bracket(left, theta, level, (*key, 0))
        y, dy = _halves(self._bracket(right, self._moved(theta, x, level), level + 1, (*key, 1)), self.ring(level))
        _, dx = _halves(self._bracket(left, self._moved(theta, y, level), level + 1, (*key, 0)), self.ring(level))
        return [_difference(a, b) for a, b in zip(dy, dx, strict=True)]

    def _moved(self, theta: Vector, direction: Vector, level: int) -> Vector:
        """theta + e*direction, with a new nilpotent e."""
        ring = self.ring(level + 1)
        zero = [0] * (1 << level)
        return [
            Jet(ring, [*(t.parts if t is not None else zero), *(d.parts if d is not None else zero)])
            for t, d in zip(theta, direction, strict=True)
        ]

    # --- laws --------------------------------------------------------------------------------------------------

    def law_gradients(self, laws: Sequence[int]) -> list[Row]:
        """The gradient of every entry of these nodes, as sparse residues by coordinate."""
        ring = self.ring(0, self.consts)
        arrays = self.arrays(self.theta, self.consts, ring)
        rows: list[Row] = []
        for law in laws:
            tape = Tape(ring)
            leaves: dict[str, Array] = {}
            places: dict[int, int] = {}
            for n in self.program.cone([law]):
                node = self.program.nodes[n]
                if isinstance(node, Leaf) and node.role in STATE:
                    leaves[node.name] = {}
                    for i in indices(self.shapes[node.name]):
                        x = tape.variable(arrays[node.name].get(i, ring.number(Fraction(0))))
                        leaves[node.name][i] = x
                        places[x.place] = self.number[node.name, i]
                elif isinstance(node, Leaf):
                    leaves[node.name] = {i: Traced(tape, y, -1) for i, y in arrays[node.name].items()}
            for entry in evaluate(self.program, [law], leaves, tape, self.meter)[law].values():
                if entry.place >= 0:
                    slopes = tape.gradient(entry, self.meter)
                    found = {places[p]: x.parts[0] for p, x in slopes.items() if p in places}
                    rows.append({k: x for k, x in found.items() if x})
        return rows


def _halves(field: Vector, ring: JetRing) -> tuple[Vector, Vector]:
    """A field over jets with one nilpotent more, as the part without it and the part of it."""
    base: Vector = []
    slope: Vector = []
    for x in field:
        n = len(x.parts) // 2 if x is not None else 0
        base.append(None if x is None else Jet(ring, x.parts[:n]))
        slope.append(None if x is None else Jet(ring, x.parts[n:]))
    return base, slope


def _difference(a: Jet | None, b: Jet | None) -> Jet | None:
    if b is None:
        return a
    minus = Jet(b.ring, [-x % b.ring.modulus for x in b.parts])
    return minus if a is None else a + minus


def leaves_of(tree: Tree, key: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The keys of the generators of a bracket, from left to right."""
    if isinstance(tree, int):
        return [key]
    return [*leaves_of(tree[0], (*key, 0)), *leaves_of(tree[1], (*key, 1))]


def sample_of(step: Step, place: int) -> int:
    """The number of the element at this place of a step in its pseudo-random sequence."""
    return step.samples[place] if step.samples else place


def data_of(step: Step, number: int, place: int, total: int) -> dict[tuple[int, ...], int]:
    """Which datum of `total` each generator of an element is taken at, by its key; none where data are not given."""
    if not step.data:
        return {}
    leaves = leaves_of(step.tree, (number, sample_of(step, place)))
    numbers = step.data[place * len(leaves) : (place + 1) * len(leaves)]
    if len(numbers) != len(leaves) or not all(0 <= n < total for n in numbers):
        raise Malformed("a step of the certificate does not name the data of its generators")
    return dict(zip(leaves, numbers, strict=True))


def check_steps(steps: Sequence[Step]) -> None:
    """Raises `Malformed` for brackets that no search makes."""
    for step in steps:
        if step.count < 0 or depth(step.tree) > MAX_DEPTH or level(step.tree) > MAX_LEVEL:
            raise Malformed("a step of the certificate is no sensible one")
        if step.samples and len(step.samples) != step.count:
            raise Malformed("a step of the certificate does not name each of its elements")

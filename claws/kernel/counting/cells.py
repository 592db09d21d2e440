"""Cells: a model at a true point, where each piecewise unit is on the side that it has there.

Soundness-critical. Near rational parameters, and at rational data at which every unit stands beside its kink, the model equals a
*cell*: the program in which each unit is what it is on its side. A cell is analytic, so generators and brackets at the point are
ordinary ones, and their rank bounds the number of laws near the point. Sides are found with bounds of real numbers, without
floating point. An argument that is zero because what it is made of is off is zero in all of the cell: it is no kink. That is seen
by structure, as an entry that nothing reaches, and never by value.

A cell is written as one program for all data: a unit f(z) becomes right*f_right(right*z) + left*f_left(left*z), where `right`
and `left` are arrays of 0 and 1 that come with each datum. A declared homogeneous activation is c_right*z^k and c_left*|z|^k,
with two constants, which the point names as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from claws.kernel.core.errors import Meter, Refused, Undefined
from claws.kernel.core.functions import Expression, Function, Property, expanded, function_of
from claws.kernel.core.program import ROLES, Apply, Einsum, Leaf, Node, Number, Program, Shape, Sum, power, renumbered
from claws.kernel.core.sizes import ONE
from claws.kernel.counting.points import Changed, CountedModel
from claws.kernel.values.enclosures import Enclosures, Interval
from claws.kernel.values.evaluation import Array, evaluate, fixed, indices
from claws.kernel.values.evidence import Choices

PRECISIONS = (64, 192, 768)
"""Binary digits of the bounds that are tried until every sign is known."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A piecewise function in a program: its node and argument there, and the names of the leaves for its sides."""

    function: str
    node: int
    argument: int
    right: str
    left: str


@dataclass
class _Builder:
    """A program in the making: what is said once about products, sums and constants of one shape."""

    nodes: list[Node] = field(default_factory=list)

    def add(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def product(self, factors: Sequence[int], shape: Shape) -> int:
        """The elementwise product."""
        axes = tuple(range(len(shape)))
        return (
            factors[0] if len(factors) == 1 else self.add(Einsum(tuple(factors), (axes,) * len(factors), axes, shape))
        )

    def one(self, shape: Shape) -> int:
        """An array of ones."""
        return self.add(Einsum((self.add(Number(ONE)),), ((),), tuple(range(len(shape))), shape))

    def expression(self, expression: Expression, z: int, shape: Shape) -> int:
        """The node of an expression of the table of functions at z. There is at least one term."""
        terms = []
        for c, k, factors in expression:
            parts = ([z] if k == 1 else [self.add(power(z, k))]) if k else []
            for base, e in factors:
                x = self.add(Apply(base, z)) if isinstance(base, str) else self.expression(expanded(base), z, shape)
                parts.append(x if e == 1 else self.add(power(x, e)))
            terms.append((c, self.product(parts, shape) if parts else self.one(shape)))
        return terms[0][1] if len(terms) == 1 and terms[0][0] == 1 else self.add(Sum(tuple(terms)))


class Sided:
    """A model with the sides of its units as data: the model, its units, and where the nodes of the program now are."""

    def __init__(self, model: CountedModel) -> None:
        program = model.program
        self.program = program
        self.units: list[Unit] = []
        self.place: dict[int, int] = {}
        self._build = _Builder()
        self._constants: dict[str, tuple[int, int]] = {}
        self._on: dict[str, int] = {}
        activations = dict(program.activations)
        for n, node in enumerate(program.nodes):
            if isinstance(node, Apply) and node.exponent is None and function_of(node.function, activations).kinked:
                self.place[n] = self._unit(n, node, function_of(node.function, activations))
            else:
                self.place[n] = self._build.add(renumbered(node, self.place))
        self.model = Changed(
            Program(tuple(self._build.nodes), program.activations, program.functions, program.conditions),
            tuple(self.place[n] for n in model.outputs),
            model.flow.placed(self.place),
        )
        self.sides = {name for unit in self.units for name in (unit.right, unit.left)}
        """The names of the leaves that say on which side a unit is."""

    def _unit(self, n: int, node: Apply, row: Function) -> int:
        """The node that stands for a piecewise function, with its sides as leaves."""
        build, shape = self._build, self.program.shapes[n]
        # units of one argument change sides together
        unit = Unit(row.name, n, node.operand, f"side.right_{node.operand}", f"side.left_{node.operand}")
        self.units.append(unit)
        parts = []
        for k, name in enumerate((unit.right, unit.left)):
            if name not in self._on:
                self._on[name] = build.add(Leaf(name, "const", shape))
            on = self._on[name]
            z = build.product([self.place[node.operand], on], shape)
            if row.sides is not None:
                side = row.sides[k]
                if side == Z:
                    parts.append((Fraction(1), z))
                elif side:
                    parts.append((Fraction(1), build.product([on, build.expression(side, z, shape)], shape)))
                continue
            # c*|z|^k where it is on this side; elsewhere the base is 1, so that any power has a value
            assert row.degree is not None
            off = build.add(Sum(((Fraction(1), build.one(shape)), (Fraction(-1), on))))
            size = build.add(Sum(((Fraction(1 - 2 * k), z), (Fraction(1), off))))
            factor = self._constant(row.name)[k]
            axes = tuple(range(len(shape)))
            scaled = Einsum((factor, on, build.add(power(size, row.degree))), ((), axes, axes), axes, shape)
            parts.append((Fraction(1), build.add(scaled)))
        return parts[0][1] if len(parts) == 1 else build.add(Sum(tuple(parts)))

    def _constant(self, function: str) -> tuple[int, int]:
        """The factors of a homogeneous activation for positive and for negative arguments."""
        if function not in self._constants:
            right, left = factors_of(function)
            add = self._build.add
            self._constants[function] = add(Leaf(right, "const", ())), add(Leaf(left, "const", ()))
        return self._constants[function]


Z: Expression = ((Fraction(1), 1, ()),)


def factors_of(function: str) -> tuple[str, str]:
    """The names of the constants of a homogeneous activation, for positive and for negative arguments."""
    return f"{function}.right", f"{function}.left"


def is_piecewise(program: Program, nodes: Sequence[int]) -> bool:
    """Whether any of these nodes depends on a piecewise function."""
    activations = dict(program.activations)
    return any(function_of(node.function, activations).kinked for node in program.applications(nodes))


# --- sides ------------------------------------------------------------------------------------------------------------


class _Live(Enclosures):
    """Bounds of real numbers that are zero only where nothing reaches an entry: an `Interval` is never left out of an array.

    What is exact here is a constant of the cell: a number of the program, or the value at an argument that is zero in all of it.
    """

    def side(self, row: Function, x: Any) -> int:
        if isinstance(x, Interval):
            return super().side(row, x)
        # of an argument that is constant in all of the cell: at 0 both sides are the same, if they have a value at all
        return int(x > 0)

    def _chosen(self, row: Function, x: Any) -> Any:
        raise Refused(f"which side a unit is on depends on {row.name}, of which no value is known")


class Sides:
    """The sides of units at one state and at data, all of them whole multiples of 2^-bits."""

    def __init__(self, sided: Sided, state: Mapping[str, Sequence[int]], bits: int, meter: Meter) -> None:
        self.sided = sided
        self.bits = bits
        self.meter = meter
        program = self.program = sided.program
        self.activations = dict(program.activations)
        self._places = {
            leaf.name: list(indices([fixed(k) for k in program.shapes[n]])) for n, leaf in program.leaves(*ROLES)
        }
        self._factors = {
            name: (Fraction(state[right][0], 1 << bits), Fraction(state[left][0], 1 << bits))
            for name in self.activations
            for right, left in [factors_of(name)]
            if right in state
        }
        self._state = {precision: self._arrays(state, precision) for precision in PRECISIONS}

    def _arrays(self, numbers: Mapping[str, Sequence[int]], precision: int) -> dict[str, Array]:
        shift = precision - self.bits
        return {
            name: {i: Interval(x << shift, x << shift, precision) for i, x in zip(places, numbers[name], strict=True)}
            for name, places in self._places.items()
            if name in numbers
        }

    def at(self, roots: Sequence[int], data: Mapping[str, Sequence[int]]) -> dict[str, list[int]]:
        """The sides of the units that these nodes of the program need, as arrays row by row; of others, nothing is on.

        Raises `Refused` where one of the `roots` has no value, where a unit stands at its kink, and where neither can be told.
        """
        for precision in PRECISIONS[:-1]:
            try:
                return self._at(roots, data, precision)
            except Undefined:
                continue
        return self._at(roots, data, PRECISIONS[-1])

    def _at(self, roots: Sequence[int], data: Mapping[str, Sequence[int]], precision: int) -> dict[str, list[int]]:
        program = self.program
        cone = set(program.cone(roots))
        ring = _Live(self.activations, Choices(homogeneous=self._factors), precision, self.meter)
        arrays = {**self._state[precision], **self._arrays(data, precision)}
        # what may have no value, and the units
        partial = [n for n in cone if is_partial(program.nodes[n], self.activations)]
        arguments = [node.operand for n in partial if isinstance(node := program.nodes[n], Apply)]
        found = evaluate(program, sorted({*partial, *arguments}), arrays, ring, self.meter)
        result: dict[str, list[int]] = {}
        for unit in self.sided.units:
            places = list(indices([fixed(k) for k in program.shapes[unit.node]]))
            if unit.node not in cone:
                result.setdefault(unit.right, [0] * len(places))
                result.setdefault(unit.left, [0] * len(places))
                continue
            row = function_of(unit.function, self.activations)
            on = [ring.side(row, found[unit.argument].get(i, Fraction(0))) for i in places]
            result[unit.right], result[unit.left] = on, [1 - x for x in on]
        return result


def is_partial(node: Node, activations: Mapping[str, Property]) -> bool:
    """Whether a node is an elementwise function that is undefined somewhere, or has a kink."""
    if not isinstance(node, Apply):
        return False
    if node.exponent is not None:
        return node.exponent < 0 or node.exponent.denominator > 1
    row = function_of(node.function, activations)
    return row.kinked or row.partial

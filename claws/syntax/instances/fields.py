"""The fields that move the state, as arrays: what a `flow` statement means at some sizes.

READ WITH CARE: it decides what a claim means. `claws.syntax.dynamics` has the equations; every `Flow` of the kernel that stands
for a file is made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from claws.kernel.core.flow import Flow, Part, flow_of, parameter_of, velocity_of
from claws.kernel.core.program import Leaf, Node
from claws.syntax import nodes
from claws.syntax.diagnostic import Span, error
from claws.syntax.dynamics import TIME, Dynamics
from claws.syntax.elaboration.array_builder import ArrayBuilder
from claws.syntax.elaboration.builder import Misfit, Value, broadcast, shape_text
from claws.syntax.elaboration.expressions import Scope


class FlowFields:
    """The fields of a flow, in nodes of one builder.

    Raises `SourceError` where what the flow says does not fit the parameters.
    """

    def __init__(
        self, dynamics: Dynamics, scope: Scope, state: Mapping[str, Value], given: Mapping[str, Value]
    ) -> None:
        self.scope = scope
        self.builder: ArrayBuilder = scope.builder
        self.dynamics = dynamics
        self._parts: list[Part] = []
        for name, theta in state.items():
            self._one(name, theta, given.get(name))
        if dynamics.timed:
            self._parts.append(Part(TIME, self.builder.number(1).node))

    def _one(self, name: str, theta: Value, given: Value | None) -> None:
        """How one parameter moves and, under momentum, its velocity."""
        rate = self._coefficient("rate", self.dynamics.rate, name, theta)
        decay = self._coefficient("decay", self.dynamics.decay, name, theta)
        factor = given if rate is None else rate if given is None else self._times(rate, given)
        multiplier = None if factor is None else self._filled(factor, theta)
        if decay is not None and rate is not None:
            decay = self._times(rate, decay)
        pull = None if decay is None else self._times(decay, theta)
        terms = [] if pull is None else [(Fraction(-1), pull)]
        if self.dynamics.momentum is None:
            self._parts.append(Part(name, multiplier, name))
            if terms:
                self._parts.append(Part(name, self._sum(terms, theta)))
            return
        velocity = velocity_leaf(self.builder, name, theta)
        friction = self._value("friction", self.dynamics.momentum)
        if friction.shape:
            raise error("CLAW022", f"a friction is one number, this is {shape_text(friction.shape)}",
                        self.dynamics.momentum.span)  # fmt: skip
        terms.append((Fraction(-1), self._times(friction, velocity)))
        self._parts += [
            Part(name, velocity.node),
            Part(velocity_of(name), self._sum(terms, theta)),
            Part(velocity_of(name), multiplier, name),
        ]

    def _filled(self, v: Value, theta: Value) -> int:
        """A coefficient in the shape of its parameter."""
        return self.builder.expand(v, theta.shape, ()).node

    def _sum(self, terms: list[tuple[Fraction, Value]], theta: Value) -> int:
        return self._filled(self.builder.add(terms, lambda: ""), theta)

    def _times(self, a: Value, b: Value) -> Value:
        return self.builder.multiply(a, b, lambda: "")

    def _coefficient(
        self, what: str, table: Mapping[str | None, nodes.Expression], name: str, theta: Value
    ) -> Value | None:
        e = table.get(name, table.get(None))
        if e is None:
            return None
        v = self._value(what, e)
        check_fit(self.builder, what, name, theta, v, e.span)
        return v

    def _value(self, what: str, e: nodes.Expression) -> Value:
        v = self.scope.value(e)
        found = [x for role in ("param", "velocity") for x in self.builder.leaves_of(v.node, role)]
        if found:
            raise error(
                "CLAW032",
                f"a {what} can't depend on `{found[0]}`, which training moves",
                e.span,
                "it is made of numbers, constants and the time `t`; `precondition U by ...` may mention parameters",
            )
        return v

    def flow(self, among: tuple[str, ...] | None = None) -> Flow:
        """The flow as the kernel has it, with positions in the builder; with `among` its part that moves these parameters."""
        whole = flow_of(self._parts)
        return whole if among is None else whole.moving(lambda name: name == TIME or parameter_of(name) in among)


def check_fit(builder: ArrayBuilder, what: str, name: str, theta: Value, v: Value, span: Span) -> None:
    """Raises `SourceError` unless a coefficient broadcasts to the shape of its parameter."""
    try:
        shape = broadcast(theta.shape, v.shape, lambda: "")
    except Misfit:
        shape = ()
    if shape != theta.shape:
        raise error(
            "CLAW022",
            f"`{name}` is {shape_text(theta.shape)}, its {what} is {shape_text(v.shape)}",
            span,
            f"a {what} is one number, or has the shape of its parameter",
        )


def velocity_leaf(builder: ArrayBuilder, name: str, theta: Value) -> Value:
    """The velocity of a parameter."""
    return builder.leaf(velocity_of(name), "velocity", theta.shape)


def time_leaf(builder: ArrayBuilder) -> Value:
    """The time."""
    return builder.leaf(TIME, "time", ())


def as_data(node: Node, among: tuple[str, ...]) -> Node:
    """The node where parameters that are not among these, and their velocities, are data."""
    if isinstance(node, Leaf) and node.role in ("param", "velocity") and parameter_of(node.name) not in among:
        return replace(node, role="input")
    return node

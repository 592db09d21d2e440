"""The fields that move the state, as arrays: what a `flow` statement means at some sizes.

READ WITH CARE: it decides what a claim means. `claws.syntax.dynamics` has the equations; every `Flow` of the kernel that stands
for a file is made here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from claws.kernel.core.flow import Flow, parameter_of, velocity_of
from claws.kernel.core.program import Leaf, Node
from claws.syntax import nodes
from claws.syntax.diagnostic import Span, error
from claws.syntax.dynamics import TIME, Dynamics
from claws.syntax.elaboration.array_builder import ArrayBuilder
from claws.syntax.elaboration.builder import Misfit, Value, shape_text
from claws.syntax.elaboration.expressions import Scope


class FlowFields:
    """The fields of a flow as values of one builder: factors by parameter, the drift by leaf of the state.

    Raises `SourceError` where what the flow says does not fit the parameters.
    """

    def __init__(
        self, dynamics: Dynamics, scope: Scope, state: Mapping[str, Value], given: Mapping[str, Value]
    ) -> None:
        self.scope = scope
        self.builder: ArrayBuilder = scope.builder
        self.dynamics = dynamics
        self.factors: dict[str, Value] = {}
        self.drift: dict[str, Value] = {}
        for name, theta in state.items():
            self._one(name, theta, given.get(name))
        if dynamics.timed:
            self.drift[TIME] = self.builder.number(1)

    def _one(self, name: str, theta: Value, given: Value | None) -> None:
        b = self.builder
        rate = self._coefficient("rate", self.dynamics.rate, name, theta)
        decay = self._coefficient("decay", self.dynamics.decay, name, theta)
        factor = given if rate is None else rate if given is None else self._times(rate, given)
        if factor is not None:
            self.factors[name] = b.expand(factor, theta.shape, ())
        if decay is not None and rate is not None:
            decay = self._times(rate, decay)
        pull = None if decay is None else self._times(decay, theta)
        terms = [] if pull is None else [(Fraction(-1), pull)]
        if self.dynamics.momentum is None:
            if terms:
                self.drift[name] = b.expand(b.add(terms, lambda: ""), theta.shape, ())
            return
        velocity = velocity_leaf(b, name, theta)
        friction = self._value("friction", self.dynamics.momentum)
        if friction.shape:
            raise error("CLAW022", f"a friction is one number, this is {shape_text(friction.shape)}",
                        self.dynamics.momentum.span)  # fmt: skip
        terms.append((Fraction(-1), self._times(friction, velocity)))
        self.drift[name] = velocity
        self.drift[velocity_of(name)] = b.expand(b.add(terms, lambda: ""), theta.shape, ())

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

    def values(self) -> list[Value]:
        """All arrays of the fields."""
        return [*self.factors.values(), *self.drift.values()]

    def flow(self, among: tuple[str, ...] | None = None) -> Flow:
        """The flow as the kernel has it, with positions in the builder; with `among` its part that moves these parameters."""

        def moved(name: str) -> bool:
            return among is None or name == TIME or parameter_of(name) in among

        return Flow(
            tuple((name, v.node) for name, v in self.factors.items() if moved(name)),
            tuple((name, v.node) for name, v in self.drift.items() if moved(name)),
            self.dynamics.momentum is not None,
        )


def check_fit(builder: ArrayBuilder, what: str, name: str, theta: Value, v: Value, span: Span) -> None:
    """Raises `SourceError` unless a coefficient broadcasts to the shape of its parameter."""
    try:
        shape = builder.broadcast(theta.shape, v.shape, lambda: "")
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

"""The training dynamics: which vector fields move the state of a model.

Soundness-critical: a claim is about the curves of a `Flow`. The state is every entry of the parameters and, where there are any,
of their velocities and the time. It moves along

    state' = drift(state) - the sum over the data of any number * control(theta, x)

where the control of an output <c, g(theta, x)> is its gradient in each parameter U, times the factor of U; it moves U itself or,
in a flow of second order, the velocity of U. The numbers come from a loss of which nothing is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from claws.kernel.core.errors import Malformed
from claws.kernel.core.program import Leaf, Number, Program
from claws.kernel.core.sizes import ONE

STATE = ("param", "velocity", "time")
"""The roles of the leaves that a flow moves, and that laws may mention beside constants."""


def velocity_of(parameter: str) -> str:
    """The name of the leaf that is the velocity of a parameter."""
    return f"vel({parameter})"


def parameter_of(velocity: str) -> str:
    """The parameter of which a leaf is the velocity, by the leaf's name."""
    return velocity.removeprefix("vel(").removesuffix(")")


@dataclass(frozen=True, slots=True)
class Flow:
    """theta' = -grad E by default.

    `factors` are nodes by parameter, elementwise (a preconditioner, a learning rate), 1 for the rest; `drift` are nodes by state
    leaf, 0 for the rest. Momentum, theta'' + tau theta' + grad E = 0, is of second order with the drift U' = vel(U),
    vel(U)' = -tau vel(U), t' = 1.
    """

    factors: tuple[tuple[str, int], ...] = ()
    drift: tuple[tuple[str, int], ...] = ()
    second_order: bool = False

    def moved(self, parameter: str) -> str:
        """The state leaf that the gradient with respect to a parameter moves."""
        return velocity_of(parameter) if self.second_order else parameter

    def nodes(self) -> tuple[int, ...]:
        return tuple(n for _, n in (*self.factors, *self.drift))

    def placed(self, place: Mapping[int, int]) -> Flow:
        """The same flow in a program whose nodes are elsewhere."""
        return Flow(
            tuple((name, place[n]) for name, n in self.factors),
            tuple((name, place[n]) for name, n in self.drift),
            self.second_order,
        )

    def check(self, program: Program) -> None:
        """Raises `Malformed` for a flow that does not fit the program."""
        state = {leaf.name: n for n, leaf in program.leaves(*STATE)}
        velocities = {leaf.name: n for n, leaf in program.leaves("velocity")}
        params = {leaf.name: n for n, leaf in program.leaves("param")}
        for what, pairs, owners in (("factor", self.factors, params), ("drift", self.drift, state)):
            if len({name for name, _ in pairs}) != len(pairs):
                raise Malformed(f"a {what} is given twice")
            for name, n in pairs:
                if name not in owners or program.shapes[n] != program.shapes[owners[name]]:
                    raise Malformed(f"the {what} of {name} does not fit a part of the state")
        for n in program.cone(self.nodes()):
            node = program.nodes[n]
            if isinstance(node, Leaf) and node.role == "input":
                raise Malformed(f"the flow mentions the input {node.name}")
        if self.second_order:
            for name, n in params.items():
                v = velocities.pop(velocity_of(name), None)
                if v is None or program.shapes[v] != program.shapes[n]:
                    raise Malformed(f"a flow of second order moves the velocity of {name}, which is not there")
            if velocities:
                raise Malformed(f"{next(iter(velocities))} is the velocity of no parameter")
        elif velocities:
            raise Malformed("a velocity has a meaning in a flow of second order only")
        drift = dict(self.drift)
        for _, leaf in program.leaves("time"):
            if program.nodes[drift.get(leaf.name, 0)] != Number(ONE) or leaf.name not in drift:
                raise Malformed(f"{leaf.name} is a time, so its derivative is 1")


GRADIENT = Flow()
"""theta' = -grad E."""

"""How a flow moves the state, and the residue of a law: on arrays of any kind of numbers.

A law is conserved if and only if its residue vanishes everywhere: its rate of change without a loss, <grad h, drift>, and the
derivative of every output along P * grad h, which is what any loss could make of it (see `claws.kernel.core.flow`).
"""

from __future__ import annotations

from collections.abc import Iterator

from claws.kernel.core.flow import STATE, Flow
from claws.kernel.core.statement import Statement
from claws.readings import jets
from claws.readings.arrays import Reading, Theta
from claws.readings.jets import Array


def motion(reading: Reading, flow: Flow, gradient: Theta) -> Theta:
    """The drift plus factor * gradient, by state leaf, for a gradient by parameter; what is missing in either is 0."""
    field = reading.field
    moved = {name: reading.value(n) for name, n in flow.drift.items()}
    for name, x in flow.control(gradient, lambda n, x: jets.multiply(field, x, reading.value(n))).items():
        moved[name] = jets.linear(field, [(1, moved[name]), (1, x)]) if name in moved else x
    return moved


def moves_velocities(flow: Flow) -> bool:
    """Whether gradients of the loss move velocities, and these the parameters: a flow of second order."""
    return any(part.target != part.gradient for part in flow.parts(1))


def factors_of(flow: Flow) -> dict[str, int]:
    """By parameter, the node that its gradient is multiplied by: a preconditioner, a learning rate. It is 1 for the others."""
    return {part.gradient: part.factor for part in flow.parts(1) if part.gradient and part.factor is not None}


class LawResidue:
    """The residue of <weights, law> at the point of a reading of level 0; `weights` are 1 x the law's shape."""

    def __init__(self, statement: Statement, here: Reading, weights: Array) -> None:
        self.statement = statement
        self.here = here
        pulled = here.pull({statement.law: [weights]})
        state = [leaf.name for _, leaf in statement.program.leaves(*STATE)]
        self.gradient: Theta = {name: pulled[name] for name in state if name in pulled}
        """That of <weights, law>, by state leaf."""

    def without_loss(self) -> list[Array]:
        """The products of the gradient and the drift, whose sum is the rate of change where the loss is constant."""
        found = []
        for name, n in self.statement.flow.drift.items():
            g, drift = self.gradient.get(name, [None])[0], self.here.value(n)[0]
            if g is not None and drift is not None:
                found.append(self.here.field.reduce(g * drift))
        return found

    def direction(self) -> Theta:
        """P times the gradient, by parameter: a loss changes the law by minus its own derivative along this."""
        here = self.here
        return self.statement.flow.transposed(self.gradient, lambda n, g: jets.multiply(here.field, g, here.value(n)))

    def slopes(self, direction: Theta) -> Iterator[Array | None]:
        """The derivative of each output along a direction; None is zero."""
        there = self.here.along(direction)
        for n in self.statement.outputs:
            yield there.value(n)[1]

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
    field, factors = reading.field, dict(flow.factors)
    moved = {name: reading.value(n) for name, n in flow.drift}
    for _, leaf in reading.program.leaves("param"):
        if (x := gradient.get(leaf.name)) is not None:
            if leaf.name in factors:
                x = jets.multiply(field, x, reading.value(factors[leaf.name]))
            target = flow.moved(leaf.name)
            moved[target] = jets.linear(field, [(1, moved[target]), (1, x)]) if target in moved else x
    return moved


class LawResidue:
    """The residue of <weights, law> at the point of a reading of level 0; `weights` are 1 x the law's shape."""

    def __init__(self, statement: Statement, here: Reading, weights: Array) -> None:
        self.statement = statement
        self.here = here
        state = {leaf.name for _, leaf in statement.program.leaves(*STATE)}
        pulled = here.pull({statement.law: [weights]})
        self.gradient: Theta = {name: g for name, g in pulled.items() if name in state}
        """That of <weights, law>, by state leaf."""

    def without_loss(self) -> list[Array]:
        """The products of the gradient and the drift, whose sum is the rate of change where the loss is constant."""
        found = []
        for name, n in self.statement.flow.drift:
            g, drift = self.gradient.get(name, [None])[0], self.here.value(n)[0]
            if g is not None and drift is not None:
                found.append(self.here.field.reduce(g * drift))
        return found

    def direction(self) -> Theta:
        """P times the gradient, by parameter: a loss changes the law by minus its own derivative along this."""
        flow, here = self.statement.flow, self.here
        factors = dict(flow.factors)
        result: Theta = {}
        for _, leaf in here.program.leaves("param"):
            if (g := self.gradient.get(flow.moved(leaf.name))) is not None:
                n = factors.get(leaf.name)
                result[leaf.name] = g if n is None else jets.multiply(here.field, g, here.value(n))
        return result

    def slopes(self, direction: Theta) -> Iterator[Array | None]:
        """The derivative of each output along a direction; None is zero."""
        there = self.here.along(direction)
        for n in self.statement.outputs:
            yield there.value(n)[1]

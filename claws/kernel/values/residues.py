"""The residue of a law at fixed sizes, over any ring: its gradient as the flow moves it, pushed through the outputs.

Soundness-critical: a law is conserved iff both conditions of `core.statement.Statement` hold, and these are computed here.
"""

from __future__ import annotations

from collections.abc import Mapping

from claws.kernel.core.errors import Meter
from claws.kernel.core.statement import Statement
from claws.kernel.values.evaluation import Array, Index, Ring, directional, evaluate, gradients


def law_directions(
    statement: Statement, leaves: Mapping[str, Array], ring: Ring, meter: Meter
) -> dict[Index, dict[str, Array]]:
    """P * grad h at a point, for every entry h of the law, by parameter; the gradient is in what the flow moves.

    Soundness-critical.
    """
    program, flow = statement.program, statement.flow
    moved = {flow.moved(leaf.name): leaf.name for _, leaf in program.leaves("param")}
    found = gradients(program, statement.law, leaves, list(moved), ring, meter)
    by_entry = {i: {moved[name]: x for name, x in gradient.items()} for i, gradient in found.items()}
    factors = {name: evaluate(program, [p], leaves, ring, meter)[p] for name, p in flow.factors}
    for gradient in by_entry.values():
        for name, factor in factors.items():
            if name in gradient:
                gradient[name] = {i: factor[i] * y for i, y in gradient[name].items() if i in factor}
    return by_entry


def law_drift(statement: Statement, leaves: Mapping[str, Array], ring: Ring, meter: Meter) -> Array:
    """The derivative of every entry of the law along the flow's drift. Soundness-critical."""
    program, drift = statement.program, statement.flow.drift
    if not drift:
        return {}
    values = evaluate(program, [n for _, n in drift], leaves, ring, meter)
    return directional(program, [statement.law], leaves, {name: values[n] for name, n in drift}, ring, meter)[
        statement.law
    ]

"""The residues of a law at fixed sizes, over any ring: how it changes along the fields of the flow.

Soundness-critical: a law is conserved iff both conditions of `core.statement.Statement` hold, and these are computed here.
"""

from __future__ import annotations

from collections.abc import Mapping

from claws.kernel.core.errors import Meter
from claws.kernel.core.statement import Statement
from claws.kernel.values.evaluation import Array, Ring, directional, elementwise, evaluate, gradients
from claws.kernel.values.evidence import Index


def law_directions(
    statement: Statement, leaves: Mapping[str, Array], ring: Ring, meter: Meter
) -> dict[Index, dict[str, Array]]:
    """B^T grad h at a point, by parameter, for every entry h of the law; B is the flow's control. Soundness-critical."""
    program, flow = statement.program, statement.flow
    found = gradients(program, statement.law, leaves, [part.target for part in flow.parts(1)], ring, meter)
    values = evaluate(program, [part.factor for part in flow.parts(1) if part.factor is not None], leaves, ring, meter)
    return {i: flow.transposed(gradient, elementwise(values)) for i, gradient in found.items()}


def law_drift(statement: Statement, leaves: Mapping[str, Array], ring: Ring, meter: Meter) -> Array:
    """The derivative of every entry of the law along the drift of the flow. Soundness-critical."""
    program, law, drift = statement.program, statement.law, statement.flow.drift
    if not drift:
        return {}
    values = evaluate(program, list(drift.values()), leaves, ring, meter)
    return directional(program, [law], leaves, {name: values[n] for name, n in drift.items()}, ring, meter)[law]

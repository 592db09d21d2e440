"""PROVED for every size: the normal form of the residue is empty."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from claws.kernel.core.errors import Meter, Refused
from claws.kernel.core.finding import Finding, Layer, Verdict
from claws.kernel.core.flow import STATE
from claws.kernel.core.scope import check_scope, conditions_of
from claws.kernel.core.signs import has_values_by_form
from claws.kernel.core.simplified import simplified_statement
from claws.kernel.core.statement import Statement
from claws.kernel.laws.evidence import ByTensors
from claws.kernel.laws.symbols import Tensor
from claws.kernel.laws.tensors import Tensors
from claws.kernel.values.defined import check_defined

LAYERS = frozenset({Layer.CORE, Layer.TENSORS})


class NotShown(Refused):
    """The normal form does not vanish: `residue` holds the outputs and what is left of each.

    `tied` says that some network has several labellings, so that renamings might make terms equal.
    """

    def __init__(self, message: str, residue: dict[int, Tensor], tied: bool) -> None:
        super().__init__(message)
        self.residue = residue
        self.tied = tied


def check_by_tensors(
    statement: Statement, evidence: ByTensors, meter: Meter, having: tuple[int, ...] | None = None
) -> Finding:
    """The finding that a law is conserved at every size. Raises `NotShown` where the normal form of its residue is not empty.

    `having` are the nodes that have values wherever the finding is used, None for the statement's own subject; then raises
    `Undefined` where no point is seen at which they have.
    """
    sizes = check_scope(statement.program, evidence.sizes)
    simple = simplified_statement(statement, having)
    tensors = Tensors(simple.program, meter, dict(evidence.renamings))
    residue = tensor_residue(simple, tensors)
    if residue.left or residue.drift:
        raise NotShown("the normal form of the residue does not vanish", residue.left, tensors.tied)
    layers = LAYERS
    if having is None and not has_values_by_form(statement.program, statement.subject):
        check_defined(statement.program, statement.subject, evidence.sizes, meter)
        layers |= {Layer.VALUES}
    return Finding(Verdict.PROVED, "tensors", layers, sizes, conditions_of(statement.program))


@dataclass(frozen=True, slots=True)
class TensorResidue:
    """`direction` is B^T grad <A, law> by parameter, for an arbitrary constant A; `left` what remains of each output's derivative
    along it, by node; `drift` what remains of the law's derivative along the drift, None for nothing. The law is
    conserved for all sizes if nothing is left.
    """

    direction: Mapping[str, Tensor]
    left: dict[int, Tensor]
    drift: Tensor | None


def tensor_residue(statement: Statement, tensors: Tensors) -> TensorResidue:
    """Both conditions for a conservation law, by tensors. Soundness-critical."""
    program, law, flow = statement.program, statement.law, statement.flow
    place = {leaf.name: n for n, leaf in program.leaves(*STATE)}
    targets = {place[part.target]: part.target for part in flow.parts(1)}
    found = tensors.gradient(law, tensors.fresh_constant("A", program.shapes[law]), targets)
    direction = flow.transposed(
        {targets[n]: g for n, g in found.items()}, lambda n, g: tensors.hadamard(tensors.value(n), g)
    )
    pushed = tensors.push(statement.outputs, {place[name]: g for name, g in direction.items()})
    left = {n: opened for n, tangent in pushed.items() if (opened := tensors.opened(tangent))}
    along = {place[name]: tensors.value(n) for name, n in flow.drift.items()}
    rest = tensors.opened(tensors.push([law], along)[law])
    return TensorResidue(direction, left, rest if rest else None)

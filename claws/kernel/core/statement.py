"""The statement: what is claimed, in full, with nothing left to a name or a file.

Soundness-critical: a theorem is about a `Statement` and about nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from claws.kernel.core.errors import Malformed
from claws.kernel.core.fields import Longest, NodeNumber
from claws.kernel.core.flow import STATE, Flow
from claws.kernel.core.program import Leaf, Program, stops_gradient

Outputs = Annotated[tuple[NodeNumber, ...], Longest(10_000)]
"""The nodes through which a loss sees the parameters."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Every entry of the law is conserved along every training flow of the model.

    The model sees its parameters only through the `outputs`; its loss and its data are arbitrary. By the chain rule this is a
    condition for each field of the flow, at every state and every x at which these are defined: the derivative of h along the
    field of degree 0 is 0; and J(theta, x) (B^T grad h) = 0, where J is the Jacobian of the outputs and B^T the transpose of the
    field of degree 1, `Flow.transposed` (Marcotte, Gribonval, Peyré 2023, section 2, for B = 1).
    J takes what a `Stop` stands for as a constant, as training does.
    At other points it says nothing; one that says nothing anywhere is not proved, though it is not false.
    Dims that the program leaves free are any integers >= 1 that satisfy its conditions.
    """

    program: Program
    outputs: Outputs
    law: NodeNumber
    flow: Flow

    def __post_init__(self) -> None:
        check_laws(self.program, (self.law,))
        check_model(self.program, self.outputs, self.flow)

    @property
    def subject(self) -> tuple[int, ...]:
        """The nodes that have values wherever the claim says something: the outputs, the flow's and the law."""
        return (*self.outputs, *self.flow.nodes(), self.law)


def check_laws(program: Program, laws: tuple[int, ...]) -> None:
    """Raises `Malformed` unless these are nodes that depend on the state and on constants alone, and stop no gradient."""
    _check_roots(program, laws)
    for n in program.cone(laws):
        node = program.nodes[n]
        if isinstance(node, Leaf) and node.role not in (*STATE, "const"):
            raise Malformed(f"the law mentions {node.name}, which is neither a parameter nor a constant")
        if stops_gradient(node):
            # it does change along a flow, and its derivative would say that it doesn't
            raise Malformed("the law stops the gradient of something, which changes in training all the same")


def _check_roots(program: Program, roots: tuple[int, ...]) -> None:
    if not all(0 <= r < len(program.nodes) for r in roots):
        raise Malformed("the statement names a node that is not there")


def check_model(program: Program, outputs: Outputs, flow: Flow) -> None:
    """Raises `Malformed` unless the outputs are those of a model, and the flow moves its state."""
    if not outputs:
        raise Malformed("the model has no output")
    _check_roots(program, (*outputs, *flow.nodes()))
    for n in program.cone(outputs):
        node = program.nodes[n]
        if isinstance(node, Leaf) and node.role not in ("param", "input", "const"):
            raise Malformed(f"an output mentions {node.name}")
    flow.check(program)

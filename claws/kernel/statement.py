"""The statement: what is claimed, in full, with nothing left to a name or a file.

Soundness-critical: a theorem is about a `Statement` and about nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

from claws.kernel.errors import Malformed
from claws.kernel.program import Leaf, Program


@dataclass(frozen=True, slots=True)
class Statement:
    """Every entry of the law is conserved along every training flow of the model.

    The model sees its parameters only through the `outputs`; its loss and its data are arbitrary. The flow is
    theta' = -P * grad E, elementwise, with P given for some parameters by `preconditioners` and 1 for the rest.
    By the chain rule this is: J(theta, x) (P * grad h(theta)) = 0 for every theta and x, where J is the Jacobian of the
    outputs (Marcotte, Gribonval, Peyré 2023, section 2), at every point at which these are defined.
    Dims that the program leaves free are any integers >= 1 that satisfy its conditions.
    """

    program: Program
    outputs: tuple[int, ...]
    law: int
    preconditioners: tuple[tuple[str, int], ...] = ()

    def __post_init__(self) -> None:
        nodes = self.program.nodes
        roots = (*self.outputs, self.law, *(p for _, p in self.preconditioners))
        if not self.outputs:
            raise Malformed("the model has no output")
        if not all(0 <= r < len(nodes) for r in roots):
            raise Malformed("the statement names a node that is not there")
        for what, of in (("the law", [self.law]), ("a preconditioner", [p for _, p in self.preconditioners])):
            for n in self.program.cone(of):
                node = nodes[n]
                if isinstance(node, Leaf) and node.role not in ("param", "const"):
                    raise Malformed(f"{what} mentions {node.name}, which is neither a parameter nor a constant")
        for n in self.program.cone(self.outputs):
            node = nodes[n]
            if isinstance(node, Leaf) and node.role not in ("param", "input", "const"):
                raise Malformed(f"an output mentions {node.name}")
        params = {leaf.name: self.program.shapes[n] for n, leaf in self.program.leaves("param")}
        if len({name for name, _ in self.preconditioners}) != len(self.preconditioners):
            raise Malformed("a parameter is preconditioned twice")
        for name, p in self.preconditioners:
            if name not in params or self.program.shapes[p] != params[name]:
                raise Malformed(f"the preconditioner of {name} does not fit a parameter")

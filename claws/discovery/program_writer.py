"""Programs that are continued with nodes for what a search looks at."""

from __future__ import annotations

from collections.abc import Sequence

from claws.kernel.core.program import Node, Program


def continued(program: Program, nodes: Sequence[Node]) -> Program:
    """The program with these nodes, of which its own are the first, in place of its own."""
    if len(nodes) == len(program.nodes):
        return program
    return Program(tuple(nodes), program.activations, program.functions, program.conditions)


class ProgramWriter:
    """A program that is continued, each node once."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.nodes: list[Node] = list(program.nodes)
        self._known = {node: n for n, node in enumerate(self.nodes)}

    def put(self, node: Node) -> int:
        """The number of a node, which is appended if the program does not have it."""
        if node not in self._known:
            self._known[node] = len(self.nodes)
            self.nodes.append(node)
        return self._known[node]

    def number_of(self, node: Node) -> int | None:
        """The number of a node; None for one that the program does not have."""
        return self._known.get(node)

    def finished(self) -> Program:
        """The program with all that was put into it."""
        return continued(self.program, self.nodes)

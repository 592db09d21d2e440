"""Logarithms of products: log(p*q^k) = log p + k*log q and log(exp z) = z, for factors that are positive by their form.

Soundness-critical: the opened program computes the same functions. The logarithm of a softmax is so seen to be its argument
without one logarithm of a sum.
"""

from __future__ import annotations

from fractions import Fraction

from claws.kernel.core.program import Apply, Einsum, Node, Program, Sum, renumbered
from claws.kernel.core.signs import Signs


def opened_logarithms(program: Program) -> tuple[Program, dict[int, int]]:
    """The program with logarithms of products opened, and where each node now is."""
    if not any(isinstance(node, Apply) and node.function == "log" for node in program.nodes):
        return program, {n: n for n in range(len(program.nodes))}
    signs = Signs(program)
    nodes: list[Node] = []
    place: dict[int, int] = {}

    def add(node: Node) -> int:
        nodes.append(node)
        return len(nodes) - 1

    def log_of(n: int) -> int:
        """The place of the logarithm of a node of the old program."""
        node = program.nodes[n]
        match node:
            case Apply("exp", operand):
                return place[operand]
            case Apply(_, operand, exponent) if exponent is not None and signs[operand].positive:
                return add(Sum(((exponent, log_of(operand)),)))
            case Einsum(operands, labels, out, sizes) if _is_elementwise(node) and all(
                signs[m].positive for m in operands
            ):
                terms = [add(Einsum((log_of(m),), (row,), out, sizes)) for m, row in zip(operands, labels, strict=True)]
                return add(Sum(tuple((Fraction(1), m) for m in terms)))
        return add(Apply("log", place[n]))

    for n, node in enumerate(program.nodes):
        is_log = isinstance(node, Apply) and node.function == "log"
        place[n] = log_of(node.operand) if isinstance(node, Apply) and is_log else add(renumbered(node, place))
    return Program(tuple(nodes), program.activations, program.functions, program.conditions), place


def _is_elementwise(node: Einsum) -> bool:
    """Whether it multiplies entry by entry, of at least one operand, with nothing summed and nothing put on a diagonal."""
    rows = (node.out, *node.labels)
    return bool(node.operands) and all(len(set(row)) == len(row) and set(row) <= set(node.out) for row in rows)

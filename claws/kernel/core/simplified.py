"""Positive factors taken out of functions of degree 1, such as relu: f(p*z) = p*f(z) wherever p is positive.

Soundness-critical: the simplified program computes the same functions, with derivatives that are the same away from kinks.
"""

from __future__ import annotations

from claws.kernel.core.functions import function_of
from claws.kernel.core.program import Apply, Einsum, Leaf, Node, Number, Program, Sum, renumbered
from claws.kernel.core.statement import Statement


def simplified_statement(statement: Statement) -> Statement:
    """The same claim about a law with positive factors outside of functions of degree 1."""
    program, place = simplified(statement.program)
    return Statement(
        program,
        tuple(place[n] for n in statement.outputs),
        place[statement.law],
        statement.flow.placed(place),
    )


def simplified(program: Program) -> tuple[Program, dict[int, int]]:
    """f(p*z) = p*f(z) wherever p is positive and f has degree 1: the program, and where each node now is.

    Only two-sided functions are looked at: what is declared homogeneous stays as it is.
    """
    found = [node for node in program.nodes if isinstance(node, Apply) and _has_degree_1(program, node)]
    if not any(_positive_operands(program, program.nodes[node.operand]) for node in found):
        return program, {n: n for n in range(len(program.nodes))}
    nodes: list[Node] = []
    place: dict[int, int] = {}
    for n, node in enumerate(program.nodes):
        if isinstance(node, Apply) and _has_degree_1(program, node):
            inner = program.nodes[node.operand]
            outside = _positive_operands(program, inner)
            if isinstance(inner, Einsum) and outside:
                rest = [k for k in range(len(inner.operands)) if k not in outside]
                kept = [(place[inner.operands[k]], inner.labels[k]) for k in rest]
                nodes.append(Einsum(tuple(m for m, _ in kept), tuple(ls for _, ls in kept), inner.out, inner.sizes))
                nodes.append(Apply(node.function, len(nodes) - 1))
                factors = [(place[inner.operands[k]], inner.labels[k]) for k in outside] + [(len(nodes) - 1, inner.out)]
                nodes.append(
                    Einsum(tuple(m for m, _ in factors), tuple(ls for _, ls in factors), inner.out, inner.sizes)
                )
                place[n] = len(nodes) - 1
                continue
        nodes.append(renumbered(node, place))
        place[n] = len(nodes) - 1
    return Program(tuple(nodes), program.activations, program.functions, program.conditions), place


def _has_degree_1(program: Program, node: Apply) -> bool:
    if node.exponent is not None:
        return False
    row = function_of(node.function, dict(program.activations))
    return row.sides is not None and row.degree == 1


def _positive_operands(program: Program, node: Node) -> list[int]:
    """The positions of the factors of an elementwise product that are positive; empty where nothing else would be left."""
    if not isinstance(node, Einsum) or len(set(node.out)) != len(node.out):
        return []
    if any(x not in node.out for row in node.labels for x in row):
        return []
    found = [k for k, m in enumerate(node.operands) if is_positive(program, m)]
    return found if len(found) < len(node.operands) else []


def is_positive(program: Program, n: int) -> bool:
    """Whether every entry of a node is positive by its form. False means 'not shown'."""
    node = program.nodes[n]
    match node:
        case Leaf():
            return node.domain == "positive"
        case Number(value):
            c = value.constant()
            return c is not None and c > 0
        case Einsum():
            carried = {x for row in node.labels for x in row}
            return (
                len(set(node.out)) == len(node.out)
                and carried >= set(node.out)
                and all(is_positive(program, m) for m in node.operands)
            )
        case Sum(terms):
            return all(c > 0 and is_positive(program, m) for c, m in terms)
        case Apply(_, operand, exponent) if exponent is not None:
            return is_positive(program, operand) and exponent != 0
        case Apply(function):
            return function_of(function, dict(program.activations)).positive
    return False

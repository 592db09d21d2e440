"""Positive factors taken out of functions of degree 1, such as relu: f(p*z) = p*f(z) wherever p is positive; and functions with a
kink put on one side of it where their argument has one sign.

Soundness-critical: the simplified program computes the same functions, with derivatives that are the same away from kinks,
wherever the nodes have values that are said to have them.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from claws.kernel.core.functions import Expression, expanded, function_of
from claws.kernel.core.program import Apply, Einsum, Node, Program, Shape, Sum, power, renumbered
from claws.kernel.core.signs import Signs
from claws.kernel.core.statement import Statement


def simplified_statement(statement: Statement, having: Iterable[int] | None = None) -> Statement:
    """The same claim about a law with positive factors outside of functions of degree 1.

    The claim speaks of points at which the nodes `having` have values: for None, all of its subject.
    """
    program, place = simplified(statement.program, statement.subject if having is None else having)
    return Statement(
        program,
        tuple(place[n] for n in statement.outputs),
        place[statement.law],
        statement.flow.placed(place),
    )


def simplified(program: Program, having: Iterable[int] | None = None) -> tuple[Program, dict[int, int]]:
    """f(p*z) = p*f(z) wherever p is positive and f has degree 1: the program, and where each node now is.

    With `having`, functions that stay on one side of their kink are written as what they are there, at points at which the
    nodes `having` have values. Only two-sided functions are looked at: what is declared homogeneous stays as it is.
    """
    found = [n for n, node in enumerate(program.nodes) if isinstance(node, Apply) and _is_two_sided(program, node)]
    if not found:
        return program, {n: n for n in range(len(program.nodes))}
    writer = _Writer(program, Signs(program, having or ()), having is not None)
    if not any(writer.side(n) is not None or writer.outside(n) for n in found):
        return program, {n: n for n in range(len(program.nodes))}
    for n, node in enumerate(program.nodes):
        writer.write(n, node)
    return Program(tuple(writer.nodes), program.activations, program.functions, program.conditions), writer.place


class _Writer:
    def __init__(self, program: Program, signs: Signs, sides: bool) -> None:
        self.program = program
        self.signs = signs
        self.sides = sides
        self.nodes: list[Node] = []
        self.place: dict[int, int] = {}

    def side(self, n: int) -> int | None:
        """On which side of its kink a two-sided function is wherever it has a value: 1 or 0; None where that is not known."""
        node = self.program.nodes[n]
        if not self.sides or not isinstance(node, Apply) or not _is_two_sided(self.program, node):
            return None
        sign = self.signs[node.operand]
        # at 0 it stands at its kink, where it has no value
        return 1 if sign.low >= 0 else 0 if sign.high <= 0 else None

    def outside(self, n: int) -> list[int]:
        """The positions of positive factors in the argument of a function of degree 1; none where nothing else would be left."""
        node = self.program.nodes[n]
        if not isinstance(node, Apply) or not _is_two_sided(self.program, node):
            return []
        inner, row = self.program.nodes[node.operand], function_of(node.function, dict(self.program.activations))
        if row.degree != 1 or not isinstance(inner, Einsum) or len(set(inner.out)) != len(inner.out):
            return []
        if any(x not in inner.out for labels in inner.labels for x in labels):
            return []
        found = [k for k, m in enumerate(inner.operands) if self.signs[m].positive]
        return found if len(found) < len(inner.operands) else []

    def write(self, n: int, node: Node) -> None:
        side, outside = self.side(n), self.outside(n)
        if isinstance(node, Apply) and side is not None:
            row = function_of(node.function, dict(self.program.activations))
            self.place[n] = self._expression(row.on(side), self.place[node.operand], self.program.shapes[n])
        elif isinstance(node, Apply) and outside:
            inner = self.program.nodes[node.operand]
            assert isinstance(inner, Einsum)
            rest = [k for k in range(len(inner.operands)) if k not in outside]
            kept = [(self.place[inner.operands[k]], inner.labels[k]) for k in rest]
            m = self._put(Einsum(tuple(m for m, _ in kept), tuple(ls for _, ls in kept), inner.out, inner.sizes))
            factors = [(self.place[inner.operands[k]], inner.labels[k]) for k in outside]
            factors.append((self._put(Apply(node.function, m)), inner.out))
            self.place[n] = self._put(
                Einsum(tuple(m for m, _ in factors), tuple(ls for _, ls in factors), inner.out, inner.sizes)
            )
        else:
            self.place[n] = self._put(renumbered(node, self.place))

    def _put(self, node: Node) -> int:
        self.nodes.append(node)
        return len(self.nodes) - 1

    def _expression(self, expression: Expression, z: int, shape: Shape) -> int:
        """An expression in the array z, elementwise. Soundness-critical."""
        axes = tuple(range(len(shape)))
        terms: list[tuple[Fraction, int]] = []
        for c, k, factors in expression:
            operands = [self._power(z, k)] if k else []
            for base, e in factors:
                f = self._put(Apply(base, z)) if isinstance(base, str) else self._expression(expanded(base), z, shape)
                operands.append(self._power(f, e))
            if len(operands) == 1:
                terms.append((c, operands[0]))
            else:
                terms.append((c, self._put(Einsum(tuple(operands), (axes,) * len(operands), axes, shape))))
        if len(terms) == 1 and terms[0][0] == 1:
            return terms[0][1]
        return self._put(Sum(tuple(terms) if terms else ((Fraction(0), z),)))

    def _power(self, n: int, exponent: int) -> int:
        return n if exponent == 1 else self._put(power(n, exponent))


def _is_two_sided(program: Program, node: Apply) -> bool:
    return node.exponent is None and function_of(node.function, dict(program.activations)).sides is not None

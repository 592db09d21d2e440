"""Programs and statements as text, so that a reader can see what the kernel saw.

Soundness-critical: nothing is decided here, but what is printed is what a reader believes. The text determines the statement: no
two statements have one text. FORMAT.md has its grammar, and the tests a parser that reads it back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import assert_never
from unicodedata import name as name_of

from claws.kernel.core.flow import STATE, Flow
from claws.kernel.core.functions import Property, Slope
from claws.kernel.core.program import Apply, Call, Einsum, Iota, Leaf, Node, Number, Program, Shape, Stop, Sum, Window
from claws.kernel.core.sizes import Size, condition_text
from claws.kernel.core.statement import Statement
from claws.kernel.counting.statements import AnyStatement, Complete, Count, Independent

LETTERS = "ijklmnpqrsuvwxyzabcdefgh"
"""The names of labels 0, 1, ... of an einsum; further ones are written as <24>, <25>, ..."""


def render_statement(statement: AnyStatement) -> str:
    """The statement in full: what is declared, nodes, outputs, the flow, and what is claimed."""
    return "\n".join(statement_lines(statement))


def statement_lines(statement: AnyStatement) -> Iterator[str]:
    """The lines of the text, one by one, as it may be long."""
    program = statement.program
    yield from _declared(program)
    for n, node in enumerate(program.nodes):
        yield f"  %{n}: {_shape(program.shapes[n])} = {render_node(node)}"
    yield f"the model sees its parameters through {_nodes(statement.outputs)}"
    yield "training moves, elementwise, with grad_U the gradient of any loss in U:"
    for _, leaf in program.leaves(*STATE):
        yield f"  {leaf.name}' = {_derivative(statement.flow, leaf.name)}"
    yield f"claim: {_claim(statement)}"


def _declared(program: Program) -> Iterator[str]:
    """Dims with their conditions, activations and functions; and what letters beyond ASCII are, as they may look like others."""
    dims = program.free_dims()
    if dims:
        yield f"for all integers {', '.join(dims)} >= 1"
    for size in program.conditions:
        yield f"given {condition_text(size)}"
    for name, known in program.activations:
        yield f"for any function {name}{_known(name, known)}, elementwise"
    for name in program.functions:
        yield f"for any differentiable map {name}"
    letters = {c for _, name in program.declared() for c in name if not c.isascii()}
    if letters:
        yield f"in names, {', '.join(f'{c} is {name_of(c, hex(ord(c)))}' for c in sorted(letters))}"


def _known(name: str, known: Property) -> str:
    """What is declared of an activation."""
    match known:
        case None:
            return ""
        case Slope():
            return f" with {name}' = {known.text(name)}"
        case degree:
            return f" that is positively homogeneous of degree {degree}"


def _derivative(flow: Flow, name: str) -> str:
    """How a leaf of the state moves: every part of every field."""
    text = ""
    for part in flow.at(name).values():
        factor, gradient = part.factor, part.gradient
        own = [*([] if factor is None else [f"%{factor}"]), *([] if gradient is None else [f"grad_{gradient}"])]
        sign = "-" if gradient is not None else "+"
        text += f" {sign} {'*'.join(own)}" if text else f"{sign.strip('+')}{'*'.join(own)}"
    return text or "0"


def _claim(statement: AnyStatement) -> str:
    match statement:
        case Statement():
            return f"every entry of %{statement.law} is conserved, whatever the loss and the data"
        case Count():
            number = "the least number of independent conservation laws near generic points of an open region"
            return f"{number} is {statement.relation} {statement.number}"
        case Complete():
            laws = _nodes(statement.laws)
            near = "near generic points of some open region"
            return f"{laws} are conserved, and {near} every conservation law is a function of them"
        case Independent():
            return f"the gradients of all entries of {_nodes(statement.laws)} are independent at generic parameters"


def _nodes(numbers: Sequence[int]) -> str:
    return ", ".join(f"%{n}" for n in numbers) or "no node"


def _shape(shape: Shape) -> str:
    return f"[{', '.join(map(str, shape))}]"


def render_node(node: Node) -> str:
    """One node, with %k for the node at position k. What it leaves out is in its shape and those of its operands."""
    match node:
        case Leaf(name, role, _, domain):
            return f"{role} {name}" + ("" if domain == "real" else f" in {domain}")
        case Number(value):
            return str(value)
        case Iota(start, step, _):
            return f"{start}, {start + step}, ..."
        case Einsum(operands, labels, out, _):
            rows = ",".join(map(_letters, labels))
            return f"einsum {rows}->{_letters(out)} ({', '.join(f'%{n}' for n in operands)}){_unused(node)}"
        case Sum(terms):
            return _sum(terms)
        case Apply(function, operand, exponent):
            return f"{function}(%{operand})" if exponent is None else f"%{operand}^{_exponent(exponent)}"
        case Call(function, operands, _, batch):
            over = f" over {batch} batch axes" if batch else ""
            return f"{function}({', '.join(f'%{n}' for n in operands)}){over}"
        case Window(operand, axis, start, steps, _, size, transposed):
            if transposed:
                return f"%{operand} put at {_position(start, steps)} of an axis {axis} of {size}"
            return f"%{operand} at {_position(start, steps)} of axis {axis}"
        case Stop(operand):
            return f"stop(%{operand})"
        case _:
            assert_never(node)


def _letters(labels: Sequence[int]) -> str:
    return "".join(LETTERS[x] if x < len(LETTERS) else f"<{x}>" for x in labels)


def _unused(node: Einsum) -> str:
    """The labels that neither an operand nor the value has, of which no shape shows the size."""
    used = {label for ls in (*node.labels, node.out) for label in ls}
    return "".join(f" with {_letters([k])} of {n}" for k, n in enumerate(node.sizes) if k not in used)


def _sum(terms: Sequence[tuple[Fraction, int]]) -> str:
    text = ""
    for c, n in terms:
        term = f"%{n}" if abs(c) == 1 else f"{abs(c)}*%{n}"
        text += f" {'-' if c < 0 else '+'} {term}" if text else f"{'-' if c < 0 else ''}{term}"
    return text


def _exponent(exponent: Fraction) -> str:
    return str(exponent) if exponent.denominator == 1 and exponent >= 0 else f"({exponent})"


def _position(start: Size, steps: Sequence[Size]) -> str:
    """start + step*j0 + ...; what is no plain number stands in brackets, so that no dim looks like a j."""
    return " + ".join(
        [_bracketed(start), *(f"{'' if t == 1 else f'{_bracketed(t)}*'}j{k}" for k, t in enumerate(steps))]
    )


def _bracketed(size: Size) -> str:
    text = str(size)
    return text if text.isdecimal() else f"({text})"

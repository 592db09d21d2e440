"""Programs and statements as text, so that a reader can see what the kernel saw.

Not soundness-critical: nothing is decided here. What it prints is the statement that a theorem is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from claws.kernel.core.flow import STATE, Flow
from claws.kernel.core.functions import Slope
from claws.kernel.core.program import Apply, Call, Einsum, Iota, Leaf, Node, Number, Shape, Stop, Sum, Window
from claws.kernel.core.sizes import Size, condition_text
from claws.kernel.core.statement import Statement
from claws.kernel.counting.statements import AnyStatement, Complete, Count, Independent
from claws.kernel.laws.symbols import Symbol, Tensor
from claws.kernel.laws.tensors import Tensors

_LETTERS = "ijklmnpqrsuvwxyzabcdefgh"


def render_statement(statement: AnyStatement) -> str:
    """The statement in full: leaves, nodes, and what is claimed of them."""
    program = statement.program
    lines = []
    dims = program.free_dims()
    if dims:
        given = "".join(f", {condition_text(c)}" for c in program.conditions)
        lines.append(f"for all integers {', '.join(dims)} >= 1{given}")
    for name, known in program.activations:
        match known:
            case None:
                lines.append(f"for any function {name}, elementwise")
            case Slope():
                lines.append(f"for any function {name} with {name}' = {known.text(name)}, elementwise")
            case degree:
                lines.append(f"for any function positively homogeneous of degree {degree} {name}, elementwise")
    for name in program.functions:
        lines.append(f"for any differentiable map {name}")
    for n, node in enumerate(program.nodes):
        lines.append(f"  %{n}: {_shape(program.shapes[n])} = {render_node(node)}")
    lines.append(f"the model sees its parameters through {', '.join(f'%{n}' for n in statement.outputs)}")
    lines.append("training moves, elementwise, with grad_U the gradient of any loss in U:")
    for _, leaf in program.leaves(*STATE):
        lines.append(f"  {leaf.name}' = {_derivative(statement.flow, leaf.name)}")
    lines.append(f"claim: {_claim(statement)}")
    return "\n".join(lines)


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
    def nodes(laws: tuple[int, ...]) -> str:
        return ", ".join(f"%{n}" for n in laws)

    match statement:
        case Statement():
            return f"every entry of %{statement.law} is conserved, whatever the loss and the data"
        case Count():
            return f"the number of independent conservation laws near a generic point is {statement.relation} {statement.number}"
        case Complete():
            return f"{nodes(statement.laws)} are conserved, and near a generic point every conservation law is a function of them"
        case Independent():
            return f"the gradients of all entries of {nodes(statement.laws)} are independent at generic parameters"


def _shape(shape: Shape) -> str:
    return f"[{', '.join(map(str, shape))}]"


def render_node(node: Node) -> str:
    """One node, with %k for the node at position k."""
    match node:
        case Leaf(name, role, _, domain):
            return f"{role} {name}" + ("" if domain == "real" else f" in {domain}")
        case Number(value):
            return str(value)
        case Iota(start, step, _):
            return f"{start}, {start + step}, ..."
        case Einsum(operands, labels, out, _):
            rows = ",".join(_letters(ls) for ls in labels)
            return f"einsum {rows or '()'}->{_letters(out)} ({', '.join(f'%{n}' for n in operands)})"
        case Sum(terms):
            return " + ".join(f"%{n}" if c == 1 else f"{c}*%{n}" for c, n in terms)
        case Apply(function, operand, exponent):
            return f"{function}(%{operand})" if exponent is None else f"%{operand}^{exponent}"
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
    return "".join(_LETTERS[x] if x < len(_LETTERS) else f"<{x}>" for x in labels)


def _position(start: object, steps: Sequence[Size]) -> str:
    return " + ".join([str(start), *(f"{_factor(t)}j{k}" for k, t in enumerate(steps))])


def _factor(size: Size) -> str:
    return "" if size == 1 else f"({size})*" if len(size.terms) > 1 else f"{size}*"


# --- tensors -------------------------------------------------------------------------------------------------------


class TensorPrinter:
    """Writes tensors in index notation; named symbols are listed once, with their definitions."""

    def __init__(self, tensors: Tensors) -> None:
        self.tensors = tensors
        self.names: dict[int, str] = {}

    def render(self, tensor: Tensor) -> str:
        """`2*U[i,k]*A[k,l]`, summed over the indices that are not legs; legs are the first letters."""
        if not tensor.terms:
            return "0"
        parts = []
        rank = len(tensor.shape)
        for network, c in sorted(tensor.terms.items()):
            # letters by first use after the legs, so that terms read alike
            letters = {k: _LETTERS[k % len(_LETTERS)] for k in range(rank)}
            factors = []
            for s, e, ix in network:
                for i in ix:
                    if i >= rank and i not in letters:
                        k = len(letters)
                        letters[i] = _LETTERS[k] if k < len(_LETTERS) else f"i{k}"
                inside = ",".join(letters[i] if i >= 0 else str(self.tensors.position(i)) for i in ix)
                symbol = self.tensors.symbols[s]
                power = "" if e == 1 else f"^{e}" if e.denominator == 1 and e > 0 else f"^({e})"
                factors.append(self._factor(symbol, inside) + power)
            number = str(c)
            sign = ""
            if number.startswith("-"):
                sign, number = "-", str(-c)
            if len(c.terms) > 1:
                number = f"({number})"
            body = "*".join(([number] if number != "1" or not factors else []) + factors)
            parts.append((sign, body))
        text = ("-" if parts[0][0] else "") + parts[0][1]
        for sign, body in parts[1:]:
            text += f" {sign or '+'} {body}"
        return text

    def _factor(self, symbol: Symbol, inside: str) -> str:
        return self._name(symbol) + (f"[{inside}]" if inside else "")

    def _name(self, symbol: Symbol) -> str:
        if symbol.kind in ("leaf", "constant"):
            return symbol.text
        if symbol.number not in self.names:
            used = len([n for n in self.names.values() if n.startswith(f"{symbol.text}_")])
            self.names[symbol.number] = (
                symbol.text if symbol.kind in ("equal", "select", "iota") else f"{symbol.text}_{used + 1}"
            )
        return self.names[symbol.number]

    def definitions(self) -> list[str]:
        """A line for each symbol that has been printed and is defined by others."""
        done: set[int] = set()
        lines = []
        while set(self.names) - done:
            for number in sorted(set(self.names) - done):
                done.add(number)
                symbol = self.tensors.symbols[number]
                if symbol.definition is not None:
                    legs = ",".join(_LETTERS[k] for k in range(len(symbol.shape)))
                    head = self.names[number] + (f"[{legs}]" if legs else "")
                    lines.append(f"{head} = {self.render(symbol.definition)}")
        return lines

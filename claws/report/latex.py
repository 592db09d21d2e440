"""Expressions of a file as LaTeX, as they stand: `U.T @ U - V.T @ V` is U^{\\top} U - V^{\\top} V. Only for reading."""

from __future__ import annotations

import re

from claws.syntax import nodes
from claws.syntax.printer import print_expression

_GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi "
    "omega Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega".split()
)
_COMMANDS = frozenset("exp log sin cos tanh det".split())
_SUM, _PRODUCT, _UNARY, _POWER, _ATOM = range(5)


def latex_of(e: nodes.Expression) -> str:
    """The expression in LaTeX's math mode."""
    return _written(e, _SUM)


def latex_name(name: str) -> str:
    """A name as a symbol: W1 is W_{1}, lambda a Greek letter, longer words are upright."""
    stem, digits = re.fullmatch(r"(.*?)_?(\d*)", name).groups()  # type: ignore[union-attr]
    if not stem:
        return rf"\mathrm{{{_escaped(name)}}}"
    head = rf"\{stem}" if stem in _GREEK else stem if len(stem) == 1 else rf"\mathrm{{{_escaped(stem)}}}"
    return head + (f"_{{{digits}}}" if digits else "")


def _escaped(text: str) -> str:
    return text.replace("_", r"\_")


def _written(e: nodes.Expression | nodes.Slice, level: int) -> str:
    text, own = _pieces(e)
    return rf"\left({text}\right)" if own < level else text


def _pieces(e: nodes.Expression | nodes.Slice) -> tuple[str, int]:
    """The text, and how tightly it holds together."""
    match e:
        case nodes.Number(value):
            if value.denominator == 1:
                return str(value), _ATOM if value >= 0 else _UNARY
            return rf"\frac{{{value.numerator}}}{{{value.denominator}}}", _POWER
        case nodes.Name(name):
            return latex_name(name), _ATOM
        case nodes.Negative(operand):
            return f"-{_written(operand, _UNARY)}", _UNARY
        case nodes.Transpose(operand):
            return rf"{_written(operand, _ATOM)}^{{\top}}", _POWER
        case nodes.Binary(operator, left, right):
            return _binary(operator, left, right)
        case nodes.Index(base, items):
            return f"{_written(base, _ATOM)}_{{{', '.join(_written(x, _SUM) for x in items)}}}", _POWER
        case nodes.Slice(start, stop, step):
            parts = ["" if x is None else _written(x, _SUM) for x in (start, stop)]
            return ":".join(parts if step is None else [*parts, _written(step, _SUM)]), _ATOM
        case nodes.Call(function, arguments, keywords):
            return _call(function.name, arguments, keywords, e)
        case nodes.Array(items):
            return rf"\left[{', '.join(_written(x, _SUM) for x in items)}\right]", _ATOM
        case nodes.ArrayComprehension(body, loops):
            return rf"\left[{_written(body, _SUM)}\right]_{{{_ranges(loops)}}}", _ATOM
        case nodes.Generator(body, loops):
            return rf"\sum_{{{_ranges(loops)}}} {_written(body, _PRODUCT)}", _PRODUCT
    return rf"\text{{{_escaped(print_expression(e))}}}", _ATOM  # a string: the labels of an einsum


def _binary(operator: str, left: nodes.Expression, right: nodes.Expression) -> tuple[str, int]:
    if operator in "+-":
        return f"{_written(left, _SUM)} {operator} {_written(right, _PRODUCT)}", _SUM
    if operator == "^":
        return f"{_written(left, _ATOM)}^{{{_written(right, _SUM)}}}", _POWER
    if operator == "/":
        return rf"\frac{{{_written(left, _SUM)}}}{{{_written(right, _SUM)}}}", _POWER
    sign = " " if operator == "@" or isinstance(left, nodes.Number) else r" \cdot "
    # a minus after the sign of a product that is left out would be read as a difference
    return f"{_written(left, _PRODUCT)}{sign}{_written(right, _POWER)}", _PRODUCT


def _call(
    name: str,
    arguments: tuple[nodes.Expression, ...],
    keywords: tuple[tuple[nodes.Identifier, nodes.Expression], ...],
    e: nodes.Expression,
) -> tuple[str, int]:
    if name == "sqnorm" and len(arguments) == 1:
        return rf"\left\lVert {_written(arguments[0], _SUM)} \right\rVert^{{2}}", _POWER
    if name == "vel" and len(arguments) == 1:
        return rf"\dot{{{_written(arguments[0], _SUM)}}}", _ATOM
    if name == "sqrt" and len(arguments) == 1:
        return rf"\sqrt{{{_written(arguments[0], _SUM)}}}", _ATOM
    if name == "sum" and not keywords and len(arguments) == 1 and isinstance(arguments[0], nodes.Generator):
        return _pieces(arguments[0])
    if name == "einsum":
        return rf"\mathtt{{{_escaped(print_expression(e))}}}", _ATOM
    head = rf"\{name}" if name in _COMMANDS else rf"\operatorname{{{_escaped(name)}}}"
    given = [_written(x, _SUM) for x in arguments]
    given += [rf"\mathrm{{{_escaped(key.name)}}} = {_written(x, _SUM)}" for key, x in keywords]
    return rf"{head}\left({', '.join(given)}\right)", _ATOM


def _ranges(loops: tuple[nodes.Loop, ...]) -> str:
    return ", ".join(
        rf"{latex_name(x.variable.name)} = {_written(x.low, _SUM)}, \ldots, {_written(x.high, _SUM)}" for x in loops
    )

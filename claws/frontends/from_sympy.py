"""SymPy expressions as `.claw` source: a syntax tree is built and printed, so they take the same way as any file."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from typing import Any

import sympy

from claws.kernel.core.program import FUNCTIONS, WORDS
from claws.syntax import nodes
from claws.syntax.lexer import CLAUSE_KEYWORDS, STATEMENT_KEYWORDS
from claws.syntax.library.table import BUILTINS, ELEMENTWISE
from claws.syntax.printer import print_file

_KNOWN = {getattr(sympy, name): name for name in ELEMENTWISE if hasattr(sympy, name)} | {sympy.Abs: "abs"}
"""The functions of the language that SymPy has by the same name."""


def source_from_sympy(
    params: Iterable[sympy.Symbol] | sympy.Symbol,
    map: Iterable[sympy.Expr] | sympy.Expr,
    laws: Mapping[str, sympy.Expr] | Iterable[sympy.Expr] | sympy.Expr,
    inputs: Iterable[sympy.Symbol] | sympy.Symbol = (),
    name: str = "sympy",
) -> str:
    """The text of a file with this model and these laws. Raises `ValueError` for what has no exact counterpart.

    One symbol or expression may stand for a list of one; a matrix is the list of its entries.
    """
    writer = _Writer()
    statements: list[nodes.Statement] = [nodes.Model(nodes.Identifier(_word(name)))]
    for role, symbols in (("param", params), ("input", inputs)):
        groups = tuple(writer.declare(s) for s in _listed(symbols))
        if groups:
            statements.append(nodes.Declare(role, groups))
    body: list[nodes.Statement] = [
        nodes.Map(tuple(writer.expression(sympy.sympify(e, strict=True)) for e in _listed(map)))
    ]
    named = laws.items() if isinstance(laws, Mapping) else ((f"law{k}", e) for k, e in enumerate(_listed(laws), 1))
    for law, e in named:
        body.append(nodes.Law(nodes.Identifier(_word(law)), writer.expression(sympy.sympify(e, strict=True))))
    for function in writer.activations:
        statements.append(nodes.Activation(((nodes.Identifier(function), None),)))
    return print_file(nodes.File(None, tuple(statements + body)))


def _listed(x: Any) -> list[Any]:
    if isinstance(x, sympy.MatrixBase):
        return list(x.flat())
    return [x] if isinstance(x, sympy.Basic) else list(x)


def _word(name: str, taken: Collection[str] = FUNCTIONS) -> str:
    """A name of the language that resembles `name`, and is none of those that are taken."""
    word = re.sub(r"\W+", "_", name).strip("_") or "x"
    if word[0].isdigit():
        word = "_" + word
    return word + "_" if word in {*STATEMENT_KEYWORDS, *CLAUSE_KEYWORDS, *BUILTINS, *taken} else word


class _Writer:
    def __init__(self) -> None:
        self.names: dict[sympy.Symbol, str] = {}
        self.activations: list[str] = []

    def declare(self, symbol: Any) -> nodes.Group:
        if not isinstance(symbol, sympy.Symbol):
            raise ValueError(f"{symbol!r} is not a sympy.Symbol; list the entries of a matrix one by one")
        word = _word(symbol.name)
        if word in self.names.values():
            raise ValueError(f"two symbols would both be called {word}")
        self.names[symbol] = word
        domain = "positive" if symbol.is_positive else "nonzero" if symbol.is_nonzero else None
        return nodes.Group((nodes.Identifier(word),), None, nodes.Identifier(domain or "real"))

    def expression(self, e: Any) -> nodes.Expression:
        if isinstance(e, sympy.Symbol):
            if e not in self.names:
                raise ValueError(f"the symbol {e} is neither a parameter nor an input")
            return nodes.Name(self.names[e])
        if isinstance(e, sympy.Rational):
            return _number(Fraction(int(e.p), int(e.q)))
        if isinstance(e, sympy.Add | sympy.Mul):
            operator = "+" if isinstance(e, sympy.Add) else "*"
            first, *rest = (self.expression(x) for x in e.args)
            for x in rest:
                first = nodes.Binary(operator, first, x)
            return first
        if isinstance(e, sympy.Pow):
            exponent = e.exp
            if not isinstance(exponent, sympy.Rational):
                raise ValueError(f"the exponent {exponent} is not a rational number")
            return nodes.Binary("^", self.expression(e.base), _number(Fraction(int(exponent.p), int(exponent.q))))
        if isinstance(e, sympy.Max) and len(e.args) == 2 and sympy.S.Zero in e.args:
            (x,) = (a for a in e.args if a != 0)
            return self._call("relu", x)
        if type(e) in _KNOWN:
            return self._call(_KNOWN[type(e)], e.args[0])
        if isinstance(e, sympy.core.function.AppliedUndef) and len(e.args) == 1:
            word = _word(e.func.__name__, WORDS)
            if word not in self.activations:
                self.activations.append(word)
            return self._call(word, e.args[0])
        if isinstance(e, sympy.Float):
            raise ValueError(f"{e} is a float: write sympy.Rational for an exact number")
        raise ValueError(f"{e} ({type(e).__name__}) has no counterpart in a .claw file")

    def _call(self, function: str, argument: Any) -> nodes.Expression:
        return nodes.Call(nodes.Identifier(function), (self.expression(argument),))


def _number(value: Fraction) -> nodes.Expression:
    if value < 0:
        return nodes.Negative(_number(-value))
    if value.denominator == 1:
        return nodes.Number(value, str(value))
    top, bottom = Fraction(value.numerator), Fraction(value.denominator)
    return nodes.Binary("/", nodes.Number(top, str(top)), nodes.Number(bottom, str(bottom)))

"""The sympy reading: a program's entries as SymPy expressions, for people to read and go on with.

Sympy takes no part in any verdict. Expressions are built from the program's nodes; no text is ever parsed by sympy.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import sympy

from claws.kernel.core.errors import Meter, Undefined
from claws.kernel.core.functions import Property, function_of
from claws.kernel.core.program import ROLES, Program
from claws.kernel.core.statement import Statement
from claws.kernel.values.evaluation import Array, Jacobian, evaluate, fixed, indices
from claws.kernel.values.evidence import Index
from claws.readings.functions import value_of


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + sympy.exp(-x))


def _normal_cdf(x: Any) -> Any:
    return (1 + sympy.erf(x / sympy.sqrt(2))) / 2


WRITTEN: dict[str, Any] = {
    "relu": lambda x: sympy.Max(0, x),
    "sigmoid": _sigmoid,
    "softplus": lambda x: sympy.log(1 + sympy.exp(x)),
    "erf_slope": lambda x: 2 / sympy.sqrt(sympy.pi) * sympy.exp(-(x**2)),
    "normal_cdf": _normal_cdf,
    "normal_pdf": lambda x: sympy.exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi),
}
"""How functions are written that SymPy does not have by the same name; a two-sided one need not be here, as its sides are."""


def known_function(name: str) -> Any:
    """The SymPy function for a smooth one of the table."""
    return WRITTEN[name] if name in WRITTEN else getattr(sympy, name)


class SympyRing:
    """SymPy expressions as ring elements (see `claws.kernel.values.evaluation.Ring`)."""

    def __init__(self, meter: Meter, activations: Mapping[str, Property] | None = None) -> None:
        self.meter = meter
        self.activations = activations or {}
        self._dummy = sympy.Symbol("z", real=True)

    def check(self, x: Any) -> None:
        """Long sums and products count as work: SymPy sorts their terms anew at each step."""
        self.meter.tick(len(x.args))

    def reduce(self, x: Any) -> Any:
        """The same: SymPy's own sums and products are in a canonical order."""
        return x

    def number(self, value: Fraction) -> Any:
        return sympy.Rational(value.numerator, value.denominator)

    def power(self, x: Any, exponent: Fraction | int) -> Any:
        if x == 0 and exponent <= 0:
            raise Undefined("a division by zero")
        return x ** sympy.Rational(exponent.numerator, exponent.denominator)

    def elementary(self, function: str, x: Any) -> tuple[Any, Any]:
        row = function_of(function, self.activations)
        if row.sides is not None:
            right, left, right_slope, left_slope = (
                value_of(self, row.on(side, order), x, lambda name: known_function(name)(x))
                for order in (0, 1)
                for side in (1, 0)
            )
            on = sympy.Heaviside(x)
            value = WRITTEN[function](x) if function in WRITTEN else sympy.Piecewise((right, x > 0), (left, True))
            return value, on * right_slope + (1 - on) * left_slope
        f = sympy.Function(function) if row.declared else known_function(function)
        if row.declared and not row.open:
            return f(x), value_of(self, row.on(1, 1), x, lambda name: f(x))
        return f(x), sympy.diff(f(self._dummy), self._dummy).subs(self._dummy, x)

    def opaque(
        self, function: str, arguments: list[Array], shapes: list[Index], shape: Index
    ) -> tuple[Array, list[Jacobian]]:
        flat = [x.get(i, sympy.Integer(0)) for x, s in zip(arguments, shapes, strict=True) for i in indices(s)]
        places = [(k, i) for k, s in enumerate(shapes) for i in indices(s)]
        dummies = sympy.symbols(f"z:{len(flat)}")
        value: Array = {}
        jacobian: list[Jacobian] = [{} for _ in shapes]
        for i in indices(shape):
            f = sympy.Function(function + "".join(f"_{k}" for k in i))
            value[i] = f(*flat)
            for dummy, (k, j) in zip(dummies, places, strict=True):
                jacobian[k][i, j] = sympy.diff(f(*dummies), dummy).subs(dict(zip(dummies, flat, strict=True)))
        return value, jacobian


def symbols_of(program: Program) -> dict[str, Array]:
    """A symbol for each entry of each leaf, `U_0_1` for U[0, 1], with the leaf's domain as an assumption."""
    result: dict[str, Array] = {}
    for n, leaf in program.leaves(*ROLES):
        assumptions: Mapping[str, bool] = {"real": {"real": True}, "positive": {"positive": True}}.get(
            leaf.domain, {"real": True, "nonzero": True}
        )
        result[leaf.name] = {
            i: sympy.Symbol("_".join([leaf.name, *map(str, i)]), **assumptions)
            for i in indices([fixed(k) for k in program.shapes[n]])
        }
    return result


def as_matrix(x: Array, shape: Index) -> Any:
    """An expression for a scalar, a column or matrix for one or two axes, an N-dimensional array beyond."""
    zero = sympy.Integer(0)
    if not shape:
        return x.get((), zero)
    if len(shape) == 1:
        return sympy.Matrix([x.get((i,), zero) for i in range(shape[0])])
    if len(shape) == 2:
        return sympy.Matrix(shape[0], shape[1], lambda i, j: x.get((int(i), int(j)), zero))
    return sympy.Array([x.get(i, zero) for i in indices(shape)], shape)


def law_in_sympy(statement: Statement, meter: Meter) -> Any:
    """The law of a statement with fixed sizes as an expression, column, matrix or array, by its number of axes.

    Raises `Refused` where it has no value, or the budget does not suffice.
    """
    program = statement.program
    values = evaluate(program, [statement.law], symbols_of(program), SympyRing(meter), meter)
    return as_matrix(values[statement.law], tuple(fixed(k) for k in program.shapes[statement.law]))


def python_text(x: Any) -> str:
    """An expression, matrix or array as text that Python and `sympy.sympify` read as the same.

    Symbols that are no names there, or names of something else, have others: `vel_U_0_1` for `vel(U)_0_1`, `E_` for `E`.
    """
    taken: set[str] = set()
    names = {}
    for symbol in sorted(x.free_symbols, key=lambda symbol: str(symbol.name)):
        name = re.sub(r"\W+", "_", symbol.name).strip("_")
        while name in taken or keyword.iskeyword(name) or hasattr(sympy, name):
            name += "_"
        taken.add(name)
        names[symbol] = sympy.Symbol(name, **symbol.assumptions0)
    if isinstance(x, sympy.NDimArray):
        return f"Array({x.applyfunc(lambda entry: entry.xreplace(names))})"
    return str(x.xreplace(names))

"""The right-hand side of `activation s with s' = 1 - s^2`: a polynomial in s with rational coefficients.

Soundness-critical in the sense of this folder: it decides what a declared derivative means.
"""

from __future__ import annotations

from fractions import Fraction

from claws.kernel.core.functions import Slope
from claws.kernel.core.program import MAX_SLOPE_DEGREE, MAX_SLOPE_NUMBER
from claws.syntax import nodes
from claws.syntax.diagnostic import Span, error

_FORM = "a derivative is a polynomial in the activation itself, as in `activation s with s' = 1 - s^2`"

_Polynomial = dict[int, Fraction]
"""Coefficients that are not zero, by exponent."""


def read_slope(name: nodes.Identifier, declared: nodes.Derivative) -> Slope:
    """Reads the derivative that is declared of an activation. Raises `SourceError` unless it is a polynomial in it, not zero."""
    if declared.of.name != name.name:
        message = f"the derivative of `{name.name}` is declared here, not that of `{declared.of.name}`"
        raise error("CLAW024", message, declared.of.span, f"write `{name.name}' = ...`")
    found = _polynomial(declared.value, name.name)
    if not found:
        hint = "a number that is not known is declared with `const`"
        raise error("CLAW024", f"the derivative of `{name.name}` is 0, so it is a constant", declared.value.span, hint)
    return Slope(tuple((found[e], e) for e in sorted(found)))


def _polynomial(e: nodes.Expression, name: str) -> _Polynomial:
    match e:
        case nodes.Number(value):
            return _bounded({0: value}, e.span)
        case nodes.Name(found) if found == name:
            return {1: Fraction(1)}
        case nodes.Name(found):
            message = f"the derivative of `{name}` can mention `{name}` and numbers, `{found}` is neither"
            raise error("CLAW024", message, e.span, _FORM)
        case nodes.Negative(operand):
            return {k: -c for k, c in _polynomial(operand, name).items()}
        case nodes.Binary("+" | "-" as operator, left, right):
            sign = 1 if operator == "+" else -1
            total = dict(_polynomial(left, name))
            for k, c in _polynomial(right, name).items():
                total[k] = total.get(k, Fraction(0)) + sign * c
            return _bounded(total, e.span)
        case nodes.Binary("*", left, right):
            return _product(_polynomial(left, name), _polynomial(right, name), e.span)
        case nodes.Binary("/", left, right):
            by = _number(right, name)
            if not by:
                raise error("CLAW035", "division by zero", right.span)
            return _bounded({k: c / by for k, c in _polynomial(left, name).items()}, e.span)
        case nodes.Binary("^", left, right):
            exponent = _number(right, name)
            if exponent.denominator != 1 or not 0 <= exponent <= MAX_SLOPE_DEGREE:
                message = f"an exponent here is a whole number from 0 to {MAX_SLOPE_DEGREE}"
                raise error("CLAW029", message, right.span, _FORM)
            base, total = _polynomial(left, name), {0: Fraction(1)}
            for _ in range(int(exponent)):
                total = _product(total, base, e.span)
            return total
        case nodes.Call(function):
            message = (
                f"the derivative of `{name}` is a polynomial in `{name}`, so `{function.name}(...)` can't occur in it"
            )
            hint = f"write `{name}` for its value" if function.name == name else _FORM
            raise error("CLAW024", message, e.span, hint)
    raise error("CLAW024", f"the derivative of `{name}` is a polynomial in `{name}` with numbers", e.span, _FORM)


def _number(e: nodes.Expression, name: str) -> Fraction:
    found = _polynomial(e, name)
    if set(found) - {0}:
        raise error("CLAW024", f"`{name}` can't stand in a divisor or an exponent here", e.span, _FORM)
    return found.get(0, Fraction(0))


def _product(a: _Polynomial, b: _Polynomial, span: Span) -> _Polynomial:
    total: _Polynomial = {}
    for k, c in a.items():
        for m, d in b.items():
            total[k + m] = total.get(k + m, Fraction(0)) + c * d
    return _bounded(total, span)


def _bounded(x: _Polynomial, span: Span) -> _Polynomial:
    x = {k: c for k, c in x.items() if c}
    if max(x, default=0) > MAX_SLOPE_DEGREE:
        raise error("CLAW029", f"the degree of a derivative is at most {MAX_SLOPE_DEGREE}", span)
    if any(max(abs(c.numerator), c.denominator) > MAX_SLOPE_NUMBER for c in x.values()):
        raise error("CLAW029", f"the numbers of a derivative are at most {MAX_SLOPE_NUMBER}, above and below", span)
    return x

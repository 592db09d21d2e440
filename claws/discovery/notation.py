"""Products of arrays and their combinations, written as a person would write them in a `.claw` file.

What is written keeps its form beside its text (`Operand`), so that no text is read again to see where parentheses belong.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from claws.discovery.scaling import WeightText

Labels = tuple[int, ...]
"""The indices of an array: 0, 1, ... are those of the result, negative ones are summed."""


@dataclass(frozen=True, slots=True)
class Operand:
    """An array, or a product of some, as it is written."""

    body: str
    form: Literal["name", "part", "power", "inverse", "sum", "quotient", "product", "one"] = "name"
    """What the body is put into, and how the result may be used in another product:

    a `name` or a call, as `U` and `log(U)`, stands as it is, and so does a `part`, as `U[0]`;
    a `power` is the body with an exponent, an `inverse` is 1/body;
    a `sum` is the body in parentheses, and so is a `quotient`, a body with a division in it;
    a `product`, or anything else that needs parentheses in most places, stands as it is; `one` is the number 1.
    """
    exponent: Fraction = Fraction(1)
    """The exponent of a `power`."""

    @property
    def text(self) -> str:
        """The operand as it stands in a product of others."""
        match self.form:
            case "power":
                return f"{self.body}^{self.exponent}"
            case "inverse":
                return f"1/{self.body}"
            case "sum" | "quotient":
                return f"({self.body})"
        return self.body

    @property
    def is_grouped(self) -> bool:
        """Whether it stands in parentheses, which an argument of a function does not need."""
        return self.form in ("sum", "quotient")

    def over(self, divisor: str) -> Operand:
        """The quotient of this by a divisor that is written as it is given: U/eta."""
        if self.form == "inverse":
            return Operand(f"{self.body}/{divisor}", "inverse")
        return Operand(f"{self.text}/{divisor}", "product")

    def times(self, other: Operand) -> Operand:
        """The elementwise product of this and another."""
        if self.form == "inverse":
            return Operand(f"{self.body}*{other.text}", "inverse")
        return Operand(f"{self.text}*{other.text}", "product")

    def first_entry(self) -> Operand:
        """Entry 0 along the first axis: U[0], U[0]^2 for U^2."""
        match self.form:
            case "name":
                return Operand(f"{self.body}[0]", "part")
            case "power":
                return Operand(f"{self.body}[0]", "power", self.exponent)
        return Operand(f"({self.text})[0]", "part")


ONE_OPERAND = Operand("1", "one")
"""The number 1, the product of no arrays."""


@dataclass(frozen=True, slots=True)
class Summand:
    """A term c * weight * body of a sum. `weight` is a function of the time, as text, or empty."""

    coefficient: Fraction
    weight: str
    body: Operand


def sum_text(terms: Sequence[Summand]) -> str:
    """The sum of the terms as text, with a weight that all share written once."""
    weights = {t.weight for t in terms}
    if len(weights) != 1 or "" in weights:
        weighted = [Operand(f"{t.weight}*{t.body.text}", "product") if t.weight else t.body for t in terms]
        return _sum([(t.coefficient, body) for t, body in zip(terms, weighted, strict=True)])
    (weight,) = weights
    inner = _sum([(t.coefficient, t.body) for t in terms])
    return f"{weight}*{inner}" if len(terms) == 1 else f"{weight}*({inner})"


def _sum(terms: Sequence[tuple[Fraction, Operand]]) -> str:
    """The sum of the products of a number and an operand each, as text."""
    parts: list[str] = []
    for coefficient, operand in terms:
        c = abs(coefficient)
        body = operand.text
        if operand.form == "one":
            body, c = str(c), Fraction(1)
        elif c != 1 and operand.form == "inverse":
            body, c = f"{c.numerator}/{operand.body}", Fraction(1, c.denominator)
        elif c.numerator != 1:
            body = f"{c.numerator}*{body}"
        body += f"/{c.denominator}" if c.denominator != 1 else ""
        minus = coefficient < 0
        parts.append((" - " if minus else " + ") + body if parts else ("-" if minus else "") + body)
    return "".join(parts)


def weight_text(weights: Sequence[WeightText]) -> str:
    """The product of at most two weights such as `exp(tau*t)` and `t^3`, as text; empty for none."""
    if len(weights) == 2 and weights[0] == weights[1]:
        return weights[0].squared_text
    return "*".join(w.text for w in weights)


def product_of(operands: Sequence[Operand], labels: Sequence[Labels], out: Labels) -> Operand:
    """The product of some arrays, summed over the labels that are not in `out`."""
    if len(operands) == 1:
        return _one(operands[0], labels[0], out)
    if len(operands) > 2:
        if any(row != out for row in labels):
            return _einsum([x.text for x in operands], labels, out)
        total = operands[0]
        for x in operands[1:]:
            total = total.times(x)
        return total
    return _two(operands[0], labels[0], operands[1], labels[1], out)


def _one(a: Operand, la: Labels, out: Labels) -> Operand:
    """One array, summed over the labels that are not in `out`."""
    if la == out:
        return a
    text = a.body if a.is_grouped and not (len(la) == len(out) == 2) else a.text
    if not out and len(set(la)) == len(la):
        return Operand(f"sum({text})")
    if len(la) == 2:
        if la[0] == la[1]:
            return Operand(f"diag({text})" if out else f"trace({text})")
        if len(out) == 2:
            return Operand(f"({text}).T" if a.form in ("inverse", "quotient") else f"{text}.T", "product")
    rest = tuple(x for x in la if x in out)
    if rest == out and len(out) == len(la) - 1:
        (axis,) = (k for k, x in enumerate(la) if x not in out)
        return Operand(f"sum({text}, axis={axis})")
    return _einsum([text], [la], out)


def _two(a: Operand, la: Labels, b: Operand, lb: Labels, out: Labels) -> Operand:
    """The product of two arrays, by the name that a person would use for it."""
    if a.form == "inverse":
        a, la, b, lb = b, lb, a, la
    if la == lb == out:
        if a == b:
            return _squared(a)
        return a.over(b.body) if b.form == "inverse" else a.times(b)
    if not la or not lb:
        if b.form == "inverse" and not lb:
            return _one(a, la, out).over(b.body)
        return a.times(_one(b, lb, out)) if not la else b.times(_one(a, la, out))
    if la == lb and not out and len(set(la)) == len(la):
        if a == b:
            return Operand(f"sqnorm({a.text})")
        return Operand(f"dot({a.text}, {b.text})" if len(la) == 1 else f"sum({a.text}*{b.text})")
    if len(la) == len(lb) == 1 and set(out) == {*la, *lb}:
        return Operand(f"outer({a.text}, {b.text})" if out == (*la, *lb) else f"outer({b.text}, {a.text})")
    if len(set(la)) == len(la) and len(set(lb)) == len(lb) and len(la) <= 2 and len(lb) <= 2:
        found = _matrices(a.text, la, f"({b.text})" if b.form == "inverse" else b.text, lb, out)
        if found is not None:
            return found
    return _einsum([a.text, b.text], [la, lb], out)


def _squared(a: Operand) -> Operand:
    """The square of an array, entry by entry."""
    if a.form == "inverse":
        return Operand(f"{a.body}^2", "inverse")
    return Operand(a.body, "power", Fraction(2)) if a.form == "name" else Operand(f"{a.text}^2", "product")


def _matrices(a: str, la: Labels, b: str, lb: Labels, out: Labels) -> Operand | None:
    """The product of two as a matrix product, its diagonal or its trace; None for anything else."""
    inner = [x for x in la if x in lb and x not in out]
    free_a, free_b = [x for x in la if x not in inner], [x for x in lb if x not in inner]
    if len(la) == len(lb) == 2:
        if not out and len(inner) == 2:
            return Operand(f"trace({a} @ {b})")
        if len(inner) != 1:
            return None
        (x,) = inner
        if free_a == free_b and out == tuple(free_a):
            return Operand(
                f"diag({_first(a, la, x)} @ {_second(b, lb, x)})"
                if la[0] == x or lb == la
                else (f"diag({b} @ {a})" if lb[1] == x else f"diag({a} @ {b})")
            )
        if out == (*free_a, *free_b):
            return Operand(f"{_first(a, la, x)} @ {_second(b, lb, x)}", "product")
        if out == (*free_b, *free_a):
            return Operand(f"{_first(b, lb, x)} @ {_second(a, la, x)}", "product")
        return None
    if len(inner) == 1 and len(out) == 1 and {len(la), len(lb)} == {1, 2}:
        (x,) = inner
        if len(la) == 2 and not free_b:
            return Operand(f"{_first(a, la, x)} @ {b}", "product")
        if len(lb) == 2 and not free_a:
            return Operand(f"{_first(b, lb, x)} @ {a}", "product")
    return None


def _first(a: str, la: Labels, inner: int) -> str:
    """The left factor of a matrix product over the label `inner`, transposed where it has to be."""
    return a if la[1] == inner else f"{a}.T"


def _second(b: str, lb: Labels, inner: int) -> str:
    """The right factor of a matrix product over the label `inner`, transposed where it has to be."""
    return b if lb[0] == inner else f"{b}.T"


def _einsum(texts: Sequence[str], labels: Sequence[Labels], out: Labels) -> Operand:
    """The product in NumPy's notation: i, j, k for what is left, a, b, c for what is summed."""
    used = list(dict.fromkeys(x for row in labels for x in row))
    names = dict(zip([x for x in used if x in out], "ijklmnopqrst", strict=False))
    names.update(zip([x for x in used if x not in out], "abcdefghuvwxyz", strict=False))
    rows = ",".join("".join(names[x] for x in row) for row in labels)
    result = "".join(names[x] for x in out)
    return Operand(f'einsum("{rows}->{result}", {", ".join(texts)})')

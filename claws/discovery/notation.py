"""Products of arrays and their combinations, written as a person would write them in a `.claw` file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

Labels = tuple[int, ...]
"""The indices of an array: 0, 1, ... are those of the result, negative ones are summed."""


@dataclass(frozen=True, slots=True)
class Term:
    """c * weight * body. `weight` is a function of the time, as text, or empty; the body of a number is "1"."""

    coefficient: Fraction
    weight: str
    body: str


def law_text(terms: Sequence[Term]) -> str:
    """The sum of the terms, the first of them positive, with a weight that all share written once."""
    weights = {t.weight for t in terms}
    if len(weights) != 1 or "" in weights:
        return _sum([Term(t.coefficient, "", f"{t.weight}*{t.body}" if t.weight else t.body) for t in terms])
    (weight,) = weights
    inner = _sum([Term(t.coefficient, "", t.body) for t in terms])
    return f"{weight}*{inner}" if len(terms) == 1 else f"{weight}*({inner})"


def _sum(terms: Sequence[Term]) -> str:
    parts: list[str] = []
    for t in terms:
        c = abs(t.coefficient)
        body = t.body
        if body == "1":
            body, c = str(c), Fraction(1)
        elif c != 1 and body.startswith("1/"):
            body, c = f"{c.numerator}{body[1:]}", Fraction(1, c.denominator)
        elif c.numerator != 1:
            body = f"{c.numerator}*{body}"
        body += f"/{c.denominator}" if c.denominator != 1 else ""
        minus = t.coefficient < 0
        parts.append((" - " if minus else " + ") + body if parts else ("-" if minus else "") + body)
    return "".join(parts)


def weight_text(weights: Sequence[str]) -> str:
    """The product of weights such as `exp(tau*t)` and `t^3`."""
    if len(weights) == 2 and weights[0] == weights[1]:
        found = re.fullmatch(r"exp\((.*)\)", weights[0])
        if found:
            inner = found[1]
            return f"exp(2*({inner}))" if " " in inner else f"exp(2*{inner})".replace("2*-", "-2*")
        found = re.fullmatch(r"t\^(-?\d+)", weights[0])
        if found:
            return f"t^{2 * int(found[1])}"
    return "*".join(w for w in weights if w)


def product_text(texts: Sequence[str], labels: Sequence[Labels], out: Labels) -> str:
    """The product of some arrays, summed over the labels that are not in `out`."""
    if len(texts) == 1:
        return _one(texts[0], labels[0], out)
    if len(texts) > 2:
        return "*".join(texts) if all(row == out for row in labels) else _einsum(texts, labels, out)
    return _two(texts[0], labels[0], texts[1], labels[1], out)


def scaled_entry(text: str) -> str:
    """Entry 0 along the first axis of an array that is written so."""
    square = re.fullmatch(r"([\w()]+)\^(\d+)", text)
    if square:
        return f"{square[1]}[0]^{square[2]}"
    return f"{text}[0]" if re.fullmatch(r"\w+(\([^()]*(\([^()]*\)[^()]*)*\))?", text) else f"({text})[0]"


def _one(a: str, la: Labels, out: Labels) -> str:
    if la == out:
        return a
    if a.startswith("(") and a.endswith(")") and not (len(la) == len(out) == 2):
        a = a[1:-1]
    if not out and len(set(la)) == len(la):
        return f"sum({a})"
    if len(la) == 2:
        if la[0] == la[1]:
            return f"diag({a})" if out else f"trace({a})"
        if len(out) == 2:
            return f"({a}).T" if "/" in a else f"{a}.T"
    rest = tuple(x for x in la if x in out)
    if rest == out and len(out) == len(la) - 1:
        (axis,) = (k for k, x in enumerate(la) if x not in out)
        return f"sum({a}, axis={axis})"
    return _einsum([a], [la], out)


def _two(a: str, la: Labels, b: str, lb: Labels, out: Labels) -> str:
    if a.startswith("1/"):
        a, la, b, lb = b, lb, a, la
    if la == lb == out:
        return f"{a}^2" if a == b else f"{a}{b[1:]}" if b.startswith("1/") else f"{a}*{b}"
    if not la or not lb:
        if b.startswith("1/") and not lb:
            return f"{_one(a, la, out)}{b[1:]}"
        return f"{a}*{_one(b, lb, out)}" if not la else f"{b}*{_one(a, la, out)}"
    if la == lb and not out and len(set(la)) == len(la):
        return f"sqnorm({a})" if a == b else f"dot({a}, {b})" if len(la) == 1 else f"sum({a}*{b})"
    if len(la) == len(lb) == 1 and set(out) == {*la, *lb}:
        return f"outer({a}, {b})" if out == (*la, *lb) else f"outer({b}, {a})"
    if len(set(la)) == len(la) and len(set(lb)) == len(lb) and len(la) <= 2 and len(lb) <= 2:
        found = _matrices(a, la, b, lb, out)
        if found:
            return found
    return _einsum([a, b], [la, lb], out)


def _matrices(a: str, la: Labels, b: str, lb: Labels, out: Labels) -> str:
    """A matrix product, its diagonal or its trace; empty for anything else."""
    b = f"({b})" if b.startswith("1/") else b
    inner = [x for x in la if x in lb and x not in out]
    free_a, free_b = [x for x in la if x not in inner], [x for x in lb if x not in inner]
    if len(la) == len(lb) == 2:
        if not out and len(inner) == 2:
            return f"trace({a} @ {b})"
        if len(inner) != 1:
            return ""
        (x,) = inner
        if free_a == free_b and out == tuple(free_a):
            return (
                f"diag({_first(a, la, x)} @ {_second(b, lb, x)})"
                if la[0] == x or lb == la
                else (f"diag({b} @ {a})" if lb[1] == x else f"diag({a} @ {b})")
            )
        if out == (*free_a, *free_b):
            return f"{_first(a, la, x)} @ {_second(b, lb, x)}"
        if out == (*free_b, *free_a):
            return f"{_first(b, lb, x)} @ {_second(a, la, x)}"
        return ""
    if len(inner) == 1 and len(out) == 1 and {len(la), len(lb)} == {1, 2}:
        (x,) = inner
        if len(la) == 2 and not free_b:
            return f"{_first(a, la, x)} @ {b}"
        if len(lb) == 2 and not free_a:
            return f"{_first(b, lb, x)} @ {a}"
    return ""


def _first(a: str, la: Labels, inner: int) -> str:
    """The left factor of a matrix product over `inner`."""
    return a if la[1] == inner else f"{a}.T"


def _second(b: str, lb: Labels, inner: int) -> str:
    return b if lb[0] == inner else f"{b}.T"


def _einsum(texts: Sequence[str], labels: Sequence[Labels], out: Labels) -> str:
    """NumPy's notation: i, j, k for what is left, a, b, c for what is summed."""
    used = list(dict.fromkeys(x for row in labels for x in row))
    names = dict(zip([x for x in used if x in out], "ijklmnopqrst", strict=False))
    names.update(zip([x for x in used if x not in out], "abcdefghuvwxyz", strict=False))
    rows = ",".join("".join(names[x] for x in row) for row in labels)
    result = "".join(names[x] for x in out)
    return f'einsum("{rows}->{result}", {", ".join(texts)})'

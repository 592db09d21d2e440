"""The normal form of sums with open sizes: its value stays, and laws of random products of matrices leave nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claws.coq.proofs.laws_for_all_sizes import all_sizes_file
from claws.coq.proofs.network_check import EQUAL, HOLE, NetFactor, NetMonomial, Problem, derivative, expand
from claws.coq.statements.index_terms import Ix
from claws.coq.statements.networks import (
    ArrayEntry,
    Net,
    NetNumber,
    NetOperation,
    NetOpposite,
    NetPower,
    NetSize,
    Numbering,
    ProductOver,
    SumOver,
    WhereEqual,
)
from claws.coq.statements.node_facts import CannotExport
from claws.syntax.reader import load_text

SIZES = {"n": 2, "m": 3}
Arrays = Callable[[str, tuple[int, ...]], Fraction]


def arrays(name: str, indices: tuple[int, ...]) -> Fraction:
    """Values without a pattern."""
    code = ord(name[0])
    for i in indices:
        code = code * 31 + i
    return Fraction(code * code % 19 - 7, 3)


def index(i: Ix, at: Mapping[str, int]) -> int:
    if isinstance(i, str):
        return at[i]
    if isinstance(i, int):
        return i
    a, b = index(i[1], at), index(i[2], at)
    return a + b if i[0] == "+" else a * b


def value(net: Net, at: Mapping[str, int], of: Arrays = arrays) -> Fraction:
    """By the meaning of the words."""
    if isinstance(net, NetNumber):
        return net.value
    if isinstance(net, NetSize):
        return Fraction(SIZES[net.size])
    if isinstance(net, ArrayEntry):
        return of(net.array, tuple(index(i, at) for i in net.indices))
    if isinstance(net, NetOperation):
        a, b = value(net.left, at, of), value(net.right, at, of)
        return {"Nadd": a + b, "Nsub": a - b, "Nmul": a * b}[net.operation]
    if isinstance(net, NetOpposite):
        return -value(net.operand, at, of)
    if isinstance(net, NetPower):
        return value(net.operand, at, of) ** net.exponent
    if isinstance(net, SumOver):
        return sum((value(net.body, {**at, net.index: k}, of) for k in range(SIZES[net.size])), Fraction(0))
    if isinstance(net, ProductOver):
        result = Fraction(1)
        for k in range(SIZES[net.size]):
            if net.without is None or index(net.without, at) != k:
                result *= value(net.body, {**at, net.index: k}, of)
        return result
    return value(net.body, at, of) if index(net.left, at) == index(net.right, at) else Fraction(0)


def factor_value(f: NetFactor, at: Mapping[str, int]) -> Fraction:
    if f.array == EQUAL:
        return Fraction(index(f.indices[0], at) == index(f.indices[1], at))
    if not f.over:
        return arrays(f.array, tuple(index(i, at) for i in f.indices))
    result = Fraction(1)
    for k in range(SIZES[f.over]):
        if f.indices[0] == HOLE or index(f.indices[0], at) != k:
            result *= arrays(f.array, tuple(k if i == HOLE else index(i, at) for i in f.indices[1:]))
    return result


def sum_value(ms: list[NetMonomial], at: Mapping[str, int]) -> Fraction:
    total = Fraction(0)
    for m in ms:
        for ks in product(*(range(SIZES[d]) for _, d in m.bound)):
            inner = {**at, **{v: k for (v, _), k in zip(m.bound, ks, strict=True)}}
            term = m.coefficient
            for f in m.factors:
                term *= factor_value(f, inner)
            total += term
    return total


FREE = {"i": "n", "j": "n", "k": "m"}
"""Free variables with their sizes. U is [n, m], V is [m, n], c a number."""


@st.composite
def nets(draw: st.DrawFn, depth: int = 3, scope: tuple[tuple[str, str], ...] = tuple(FREE.items())) -> Net:
    def variable(size: str) -> Ix:
        return draw(st.sampled_from([v for v, d in scope if d == size] + [0]))

    kinds = ["U", "V", "c", "number", "dim"] + (
        ["+", "-", "*", "*", "neg", "^", "sum", "sum", "prod", "when"] * (depth > 0)
    )
    kind = draw(st.sampled_from(kinds))
    if kind == "U":
        return ArrayEntry("U", (variable("n"), variable("m")))
    if kind == "V":
        return ArrayEntry("V", (variable("m"), variable("n")))
    if kind == "c":
        return ArrayEntry("c", ())
    if kind == "number":
        return NetNumber(Fraction(draw(st.integers(-3, 3)), draw(st.integers(1, 3))))
    if kind == "dim":
        return NetSize(draw(st.sampled_from(["n", "m"])))
    inner = nets(depth - 1, scope)
    if kind in "+-*":
        return NetOperation({"+": "Nadd", "-": "Nsub", "*": "Nmul"}[kind], draw(inner), draw(inner))
    if kind == "neg":
        return NetOpposite(draw(inner))
    if kind == "^":
        return NetPower(draw(inner), draw(st.integers(0, 2)))
    size = draw(st.sampled_from(["n", "m"]))
    if kind == "when":
        return WhereEqual(variable(size), variable(size), draw(inner))
    # the same name may be bound twice, in parts that are used twice
    name = f"b{depth}"
    within = (*(p for p in scope if p[0] != name), (name, size))
    if kind == "sum":
        return SumOver(name, size, draw(nets(depth - 1, within)))
    return ProductOver(
        name, size, ArrayEntry("V", (name, variable("n"))) if size == "m" else ArrayEntry("U", (name, variable("m")))
    )


AT = {"i": 1, "j": 0, "k": 2}


@given(nets())
def test_expanding_keeps_the_value(net: Net) -> None:
    assert sum_value(expand(net), AT) == value(net, AT)


PROBLEM = Problem({"U": (("x", "n"), ("y", "m"))}, {}, {}, {"n": 1, "m": 1})


@given(nets())
def test_a_normal_form_keeps_the_value(net: Net) -> None:
    terms = [PROBLEM._reduced(m, FREE) for m in expand(net)]
    collected: list[NetMonomial] = []
    for m in terms:
        PROBLEM._collect(collected, m)
    assert sum_value(terms, AT) == sum_value(collected, AT) == value(net, AT)


@given(nets(), st.sampled_from([(0, 0), (1, 2)]))
def test_the_derivative_is_that_of_the_value(net: Net, entry: tuple[int, int]) -> None:
    # the value is a polynomial in the entry, of a low degree: from its values the derivative at 0 is exact
    def moved(s: Fraction) -> Fraction:
        return value(net, AT, lambda a, at: s if (a, at) == ("U", entry) else arrays(a, at))

    degree = 16
    points = [Fraction(s) for s in range(-degree // 2, degree // 2 + 1)]
    slope = _slope_at(points, [moved(s) for s in points], arrays("U", entry))
    at = {**AT, "x": entry[0], "y": entry[1]}
    assert sum_value(expand(derivative(net, "U", ["x", "y"])), at) == slope


def _slope_at(points: list[Fraction], values: list[Fraction], at: Fraction) -> Fraction:
    """The derivative at a point of the polynomial through these points (Newton's form)."""
    coefficients = list(values)
    for order in range(1, len(points)):
        for k in range(len(points) - 1, order - 1, -1):
            coefficients[k] = (coefficients[k] - coefficients[k - 1]) / (points[k] - points[k - order])
    result, slope = Fraction(0), Fraction(0)
    for c, x in zip(reversed(coefficients), reversed(points), strict=True):
        slope = slope * (at - x) + result
        result = result * (at - x) + c
    return slope


def test_the_text_numbers_variables_sizes_and_arrays() -> None:
    net = SumOver(
        "k",
        "m",
        NetOperation("Nmul", ArrayEntry("U", ("i", "k")), WhereEqual("k", ("+", "i", 1), NetNumber(Fraction(-1, 2)))),
    )
    assert (
        Numbering({"U": 4}).net(net)
        == "(Nsum 0 0 (Nmul (Nentry 4 [(Iv 1); (Iv 0)]) (Nwhen (Iv 0) (Iadd (Iv 1) (Ic 1)) (Nfrac (-1) 2))))"
    )


# --- random products of matrices ---


@st.composite
def products(draw: st.DrawFn) -> tuple[str, str, str]:
    """A product of matrices, some of them stored transposed and some of them scaled; a law, and one that is none."""
    layers = draw(st.integers(2, 5))
    dims = [draw(st.sampled_from(["n", "m", "r", "2"])) for _ in range(layers + 1)]
    dims[draw(st.integers(0, layers))] = "n"
    turned = [draw(st.booleans()) for _ in range(layers)]
    shapes = [f"[{b}, {a}]" if t else f"[{a}, {b}]" for a, b, t in zip(dims, dims[1:], turned, strict=False)]
    params = ", ".join(f"W{k}: {shape}" for k, shape in enumerate(shapes))
    factors = [f"W{k}.T" if t else f"W{k}" for k, t in enumerate(turned)]
    order = draw(st.booleans())
    text = " @ ".join(factors)
    if order and layers > 2:
        text = f"{factors[0]} @ ({' @ '.join(factors[1:])})"
    k = draw(st.integers(0, layers - 2))
    left, right = factors[k], factors[k + 1]
    law = draw(
        st.sampled_from(
            [
                "({l}).T @ {l} {sign} {r} @ ({r}).T",
                "sqnorm({l}) {sign} sqnorm({r})",
                "trace((({l}).T @ {l} {sign} {r} @ ({r}).T)^3)",
            ]
        )
    )
    return (
        f"dim n, m, r\nparam {params}\nmap {text}\n",
        law.format(l=left, r=right, sign="-"),
        law.format(l=left, r=right, sign="+"),
    )


@given(products())
def test_balances_of_products_of_matrices_are_exported_for_all_sizes(model: tuple[str, str, str]) -> None:
    head, right, wrong = model
    spec = load_text(f"{head}law right = {right}\nlaw wrong = {wrong}\n", "model.claw")
    assert not spec.diagnostics
    sizes = {"n": 2, "m": 3, "r": 2}
    file = all_sizes_file(spec, {}, sizes, [(spec.claims[0], {})])
    assert "Theorem right_conserved : right_for_all_sizes." in file.text
    with pytest.raises(CannotExport, match=r"terms? (is|are) left"):
        all_sizes_file(spec, {}, sizes, [(spec.claims[1], {})])

"""What each node computes, against NumPy, over the rational numbers; derivatives against SymPy."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib.stride_tricks import sliding_window_view

from claws.kernel import Malformed, Meter, OutOfBudget, Program, Size, Undefined
from claws.kernel.core.errors import Irrational
from claws.kernel.core.program import Apply, Call, Einsum, Iota, Leaf, Node, Number, Sum, Window, power
from claws.kernel.values.evaluation import MAX_ENTRIES, directional, evaluate, gradients, indices
from claws.kernel.values.evidence import Choices
from claws.kernel.values.rationals import Rationals, exact_power
from tests.kernel.models import constant
from tests.kernel.sketches import Det, Gather, Product, Reshape, Scatter, Sketch, drawn, drawn_nodes

Numbers = np.ndarray[Any, np.dtype[np.object_]]

# many zeros, for arrays are sparse
entries = st.one_of(st.just(Fraction(0)), st.fractions(-3, 3, max_denominator=4))
SETTINGS = settings(deadline=None, max_examples=40)


def arrays(*shape: int) -> st.SearchStrategy[Numbers]:
    size = int(np.prod(shape, dtype=int))
    return st.lists(entries, min_size=size, max_size=size).map(lambda xs: np.array(xs, dtype=object).reshape(shape))


def sparse(x: Numbers) -> dict[tuple[int, ...], Fraction]:
    return {i: x[i] for i in np.ndindex(x.shape) if x[i]}


def ring() -> Rationals:
    return Rationals({"h": Fraction(2)}, Choices(homogeneous={"h": (Fraction(3), Fraction(5))}))


def run(node: Sketch, *arguments: Numbers, functions: tuple[str, ...] = ()) -> Numbers:
    """The value of one node on these arguments, dense."""
    leaves = [Leaf(f"v{k}", "param", constant(*x.shape)) for k, x in enumerate(arguments)]
    activations = (("h", Fraction(2)),)
    drawing = drawn([*leaves, node], activations, functions)
    program = Program(tuple(drawing.nodes), activations, functions)
    values = {leaf.name: sparse(x) for leaf, x in zip(leaves, arguments, strict=True)}
    root = drawing.place[len(leaves)]
    found = evaluate(program, [root], values, ring(), Meter(100_000))[root]
    shape = tuple(int(n.integer() or 0) for n in program.shapes[root])
    result = np.full(shape, Fraction(0), dtype=object)
    for i, y in found.items():
        assert y != 0  # a zero is left out
        result[i] = y
    return result


def same(found: Numbers, expected: Numbers) -> None:
    assert found.shape == np.shape(expected)
    assert (found == expected).all()


# --- nodes ---

SPECS = [
    ((2, 3), (3, 2), "ij,jk->ik"),
    ((2, 3), (2, 3), "ij,ij->"),
    ((2, 3), (2, 3), "ij,ij->ij"),
    ((3, 3), (3,), "ii,i->i"),
    ((3, 3), (3, 3), "ij,ji->"),
    ((3, 3), (2,), "ii,k->k"),
    ((2, 2, 2), (2,), "iji,j->j"),
    ((2,), (3,), "i,j->ji"),
    ((2, 3), (), "ij,->ji"),
    ((1, 3), (3, 1), "ij,jk->ki"),
]


@pytest.mark.parametrize(("first", "second", "spec"), SPECS)
@SETTINGS
@given(data=st.data())
def test_einsum(first: tuple[int, ...], second: tuple[int, ...], spec: str, data: st.DataObject) -> None:
    x, y = data.draw(arrays(*first)), data.draw(arrays(*second))
    left, out = spec.split("->")
    letters = sorted(set(left) - {","})
    labels = tuple(tuple(letters.index(c) for c in part) for part in left.split(","))
    sizes = dict(zip("".join(left.split(",")), (*first, *second), strict=True))
    node = Einsum((0, 1), labels, tuple(letters.index(c) for c in out), constant(*(sizes[c] for c in letters)))
    same(run(node, x, y), np.einsum(spec, x.astype(object), y.astype(object)))


@SETTINGS
@given(arrays(3), arrays(3))
def test_einsum_broadcasts_and_makes_diagonals(x: Numbers, y: Numbers) -> None:
    three, two = Size.of(3), Size.of(2)
    same(run(Einsum((0,), ((0,),), (1, 0), (three, two)), x), np.broadcast_to(x, (2, 3)))
    same(run(Einsum((0,), ((0,),), (0, 0), (three,)), x), np.where(np.eye(3, dtype=bool), x, Fraction(0)))
    same(run(Einsum((0,), ((0,),), (1,), (three, two)), x), np.array([x.sum()] * 2, dtype=object))
    same(run(Einsum((), (), (0, 0), (three,))), np.eye(3, dtype=object))
    both = run(Einsum((0, 1), ((0,), (0,)), (0, 1, 0), (three, two)), x, y)
    for i, j, k in np.ndindex(3, 2, 3):
        assert both[i, j, k] == (x[i] * y[i] if i == k else 0)


@SETTINGS
@given(arrays(2, 3), arrays(2, 3), st.fractions(-2, 2, max_denominator=3))
def test_sum(x: Numbers, y: Numbers, c: Fraction) -> None:
    same(run(Sum(((c, 0), (Fraction(1), 1), (Fraction(1), 0))), x, y), c * x + y + x)
    same(run(Sum(((Fraction(1), 0), (Fraction(-1), 0))), x), np.full((2, 3), Fraction(0)))


@SETTINGS
@given(arrays(2, 2), st.integers(0, 4))
def test_power(x: Numbers, k: int) -> None:
    same(run(power(0, k), x), x**k)
    if x.all():
        same(run(power(0, -k), x), (1 / x) ** k)
    elif k:
        with pytest.raises(Undefined, match="division by zero"):
            run(power(0, -k), x)


@SETTINGS
@given(arrays(2, 2))
def test_relu_and_homogeneous_functions(x: Numbers) -> None:
    if not x.all():
        for function in ("relu", "h"):
            with pytest.raises(Undefined, match="kink"):
                run(Apply(function, 0), x)
        return
    same(run(Apply("relu", 0), x), np.where(x > 0, x, Fraction(0)))
    same(run(Apply("h", 0), x), np.where(x > 0, 3 * x**2, 5 * x**2))


@SETTINGS
@given(arrays(2, 3))
def test_product(x: Numbers) -> None:
    same(run(Product(0), x), x.prod(axis=-1))


def test_an_empty_product_is_1_and_an_empty_sum_0() -> None:
    empty = np.zeros((2, 0), dtype=object)
    same(run(Product(0), empty), np.array([Fraction(1)] * 2, dtype=object))
    same(run(Einsum((0,), ((0, 1),), (0,), constant(2, 0)), empty), np.array([Fraction(0)] * 2, dtype=object))


@pytest.mark.parametrize("n", [1, 2, 3, 4])
@SETTINGS
@given(data=st.data())
def test_det(n: int, data: st.DataObject) -> None:
    x = data.draw(arrays(2, n, n))
    expected = [Fraction(str(sympy.Matrix(n, n, [sympy.Rational(str(v)) for v in m.ravel()]).det())) for m in x]
    same(run(Det(0), x), np.array(expected, dtype=object))


def test_a_large_determinant_is_refused() -> None:
    assert run(Det(0), np.eye(9, dtype=object)) == 1
    with pytest.raises(Malformed, match="10 x 10 matrix is not expanded"):
        run(Det(0), np.eye(10, dtype=object))


@SETTINGS
@given(arrays(3, 5))
def test_gather(x: Numbers) -> None:
    def take(axis: int, start: int, steps: tuple[int, ...], lengths: tuple[int, ...]) -> Numbers:
        return run(Gather(0, axis, Size.of(start), steps, constant(*lengths)), x)

    same(take(1, 2, (), ()), x[:, 2])
    same(take(0, 1, (), ()), x[1])
    same(take(1, 1, (1,), (3,)), x[:, 1:4])
    same(take(1, 0, (2,), (3,)), x[:, ::2])
    same(take(1, 4, (-1,), (5,)), x[:, ::-1])
    same(take(0, 0, (1,), (0,)), x[0:0])
    same(take(1, 0, (1, 1), (3, 3)), sliding_window_view(x, 3, axis=1))
    same(take(1, 0, (2, 1), (2, 3)), sliding_window_view(x, 3, axis=1)[:, ::2])


@SETTINGS
@given(arrays(2, 3), arrays(2, 3, 2))
def test_scatter(x: Numbers, w: Numbers) -> None:
    placed = np.full((2, 6), Fraction(0), dtype=object)
    placed[:, 1:4] = x
    same(run(Scatter(0, 1, Size.of(1), (1,), Size.of(6)), x), placed)
    placed = np.full((2, 6), Fraction(0), dtype=object)
    placed[:, 5::-2] = x
    same(run(Scatter(0, 1, Size.of(5), (-2,), Size.of(6)), x), placed)
    # overlapping windows add up
    windows = np.full((2, 4), Fraction(0), dtype=object)
    for j in range(3):
        for k in range(2):
            windows[:, j + k] += w[:, j, k]
    same(run(Scatter(0, 1, Size.of(0), (1, 1), Size.of(4)), w), windows)
    new = np.full((2, 4, 3), Fraction(0), dtype=object)
    new[:, 3] = x
    same(run(Scatter(0, 1, Size.of(3), (), Size.of(4)), x), new)


@SETTINGS
@given(arrays(2, 3, 2))
def test_reshape(x: Numbers) -> None:
    for shape in ((12,), (3, 4), (2, 1, 6), (4, 3)):
        same(run(Reshape(0, constant(*shape)), x), x.reshape(shape))


def test_leaves_without_operands() -> None:
    same(run(Iota(Size.of(-1), 2, Size.of(4))), np.array([-1, 1, 3, 5], dtype=object))
    same(run(Number(Size.of(Fraction(2, 7)))), np.array(Fraction(2, 7), dtype=object))


def test_opaque_maps_over_its_batch() -> None:
    table = []
    for k in (1, 2):
        point = (tuple({(0,): Fraction(k)}.items()),)
        table.append((point, {(): Fraction(10 * k)}, [{((), (0,)): Fraction(k)}]))
    chosen = Rationals({}, Choices(functions={"F": table}))
    program = Program((Leaf("x", "param", constant(2, 1)), Call("F", (0,), constant(2), 1)), functions=("F",))
    x = {"x": {(0, 0): Fraction(2), (1, 0): Fraction(1)}}
    found = evaluate(program, [1], x, chosen, Meter(1000))[1]
    assert found == {(0,): 20, (1,): 10}
    moved = directional(program, [1], x, {"x": {(0, 0): Fraction(1)}}, chosen, Meter(1000))[1]
    assert moved == {(0,): 2}
    slopes = gradients(program, 1, x, ["x"], chosen, Meter(1000))
    assert slopes == {(0,): {"x": {(0, 0): 2}}, (1,): {"x": {(1, 0): 1}}}


def window(steps: tuple[int, ...], lengths: tuple[Size, ...], size: int, transposed: bool = False) -> Window:
    return Window(0, 0, Size.of(0), constant(*steps), lengths, Size.of(size), transposed)


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        (Gather(0, 0, Size.of(3), (), ()), "an index reaches 3, which may be outside an axis of size 3"),
        (Gather(0, 0, Size.of(-1), (), ()), "an index reaches -1, which may be negative"),
        (Gather(0, 0, Size.of(1), (1,), constant(3)), "an index reaches 3, which may be outside an axis of size 3"),
        (Gather(0, 0, Size.of(1), (-1,), constant(3)), "an index reaches -1, which may be negative"),
        (Gather(0, 0, Size.of(0), (0,), constant(3)), "a step is 0"),
        (Gather(0, 1, Size.of(0), (), ()), "a window names axes that are not there"),
        (Gather(0, 0, Size.of(0), (1, 1), constant(3)), "a window has one length for each step"),
        (Scatter(0, 0, Size.of(2), (1,), Size.of(4)), "an index reaches 4, which may be outside an axis of size 4"),
        (Scatter(0, 0, Size.of(0), (1, 1), Size.of(4)), "a window has one length for each step"),
        (window((1, 1), constant(3, 3), 5, transposed=True), "a window names axes that are not there"),
        (window((1,), constant(3), 4), "a window names axes that are not there"),
        (window((1,), constant(2), 3, transposed=True), "a window names axes that are not there"),
        # no reshape: too many entries, or too few places
        (window((2, 1), constant(2, 2), 3), "an index reaches 3, which may be outside an axis of size 3"),
        (window((1,), constant(3), 2, transposed=True), "an index reaches 2, which may be outside an axis of size 2"),
        (Product(1), "prod does not fit the shape of its argument"),
        (Det(0), "det does not fit the shape of its argument"),
    ],
)
def test_indices_out_of_range_are_refused(node: Sketch, reason: str) -> None:
    leaves = (Leaf("x", "param", constant(3)), Leaf("a", "param", ()))
    with pytest.raises(Malformed, match=reason):
        Program((*leaves, *drawn([*leaves, node]).nodes[2:]))


def test_arrays_that_are_too_large_are_refused_before_they_are_made() -> None:
    assert len(list(indices([3, 4]))) == 12
    assert list(indices([10**12, 0])) == []
    with pytest.raises(Malformed, match="more than"):
        indices([MAX_ENTRIES, 2])
    with pytest.raises(Malformed, match="a number of"):
        indices([10**1000])
    huge = constant(10**6, 10**6)
    # sums of nothing: only the size is large
    program = Program((Leaf("a", "param", ()), Einsum((0,), ((),), (0, 1), huge), Einsum((1,), ((0, 1),), (), huge)))
    with pytest.raises(Malformed, match="more than"):
        evaluate(program, [2], {"a": {(): Fraction(1)}}, ring(), Meter(1000))
    with pytest.raises(Malformed, match="more than"):
        gradients(Program((Leaf("u", "param", huge), Leaf("a", "param", ()))), 1, {}, ["u"], ring(), Meter(1000))


def test_long_numbers_are_refused() -> None:
    nodes: list[Node] = [Leaf("a", "param", ())]
    for _ in range(200):
        last = len(nodes) - 1
        nodes.append(Einsum((last, last), ((), ()), (), ()))
    program = Program(tuple(nodes))
    assert evaluate(program, [5], {"a": {(): Fraction(2)}}, ring(), Meter(10_000))[5] == {(): 2**32}
    with pytest.raises(Undefined, match="too large"):
        evaluate(program, [200], {"a": {(): Fraction(2)}}, ring(), Meter(10_000))
    row = Program(drawn_nodes(Leaf("x", "param", constant(10_000)), Product(0)))
    x = {"x": {(k,): Fraction(10**100) for k in range(10_000)}}
    with pytest.raises(Undefined, match="too large"):
        evaluate(row, [1], x, ring(), Meter(100_000))


def test_the_length_of_numbers_is_counted_as_work() -> None:
    program = Program((Leaf("x", "param", constant(1000)), Einsum((0,), ((0,),), (), constant(1000))))
    x = {"x": {(k,): Fraction(1, 10**300 + k) for k in range(1000)}}
    meter = Meter(5_000)
    with pytest.raises(OutOfBudget):
        evaluate(program, [1], x, Rationals({}, Choices(), meter), meter)


# --- derivatives ---


def model() -> tuple[Program, int]:
    """A program of rational nodes in a [2, 2] and a [2] leaf, whose last node has shape [2]."""
    two = Size.of(2)
    items: list[Sketch] = [
        Leaf("W", "param", (two, two)),
        Leaf("x", "param", (two,)),
        Einsum((0, 1), ((0, 1), (1,)), (0,), (two, two)),
        power(2, 3),
        power(1, -2),
        Einsum((3, 4), ((0,), (0,)), (0,), (two,)),
        Det(0),
        Product(0),
        Einsum((5, 6, 7), ((0,), (), (0,)), (0,), (two,)),
        Gather(8, 0, Size.of(1), (-1,), (two,)),
        Scatter(0, 1, Size.of(0), (1,), Size.of(3)),
        Reshape(10, constant(6)),
        Einsum((11, 11), ((0,), (0,)), (), constant(6)),
        Einsum((12, 9), ((), (0,)), (0,), (two,)),
        Sum(((Fraction(2, 3), 13), (Fraction(-1), 1))),
    ]
    nodes = drawn_nodes(*items)
    return Program(nodes), len(nodes) - 1


def expression() -> tuple[sympy.Matrix, sympy.Matrix, list[sympy.Expr]]:
    w = sympy.Matrix(2, 2, sympy.symbols("w00 w01 w10 w11"))
    x = sympy.Matrix(sympy.symbols("x0 x1"))
    z = w * x
    norm = sum(e**2 for e in w)
    inner = [z[k] ** 3 / x[k] ** 2 * w.det() * w[k, 0] * w[k, 1] for k in range(2)]
    return w, x, [sympy.Rational(2, 3) * norm * inner[1 - k] - x[k] for k in range(2)]


def rational(value: sympy.Expr) -> Fraction:
    return Fraction(int(value.p), int(value.q))


@settings(deadline=None, max_examples=15)
@given(
    arrays(2, 2),
    st.lists(st.fractions(1, 3, max_denominator=3), min_size=2, max_size=2),
    arrays(2, 2),
    arrays(2),
)
def test_derivatives_against_sympy(w: Numbers, x: list[Fraction], dw: Numbers, dx: Numbers) -> None:
    program, root = model()
    sw, sx, outputs = expression()
    at = {s: sympy.Rational(str(v)) for s, v in zip([*sw, *sx], [*w.ravel(), *x], strict=True)}
    leaves = {"W": sparse(w), "x": {(k,): v for k, v in enumerate(x)}}
    values = evaluate(program, [root], leaves, ring(), Meter(10_000))[root]
    slopes = gradients(program, root, leaves, ["W", "x"], ring(), Meter(10_000))
    along = directional(program, [root], leaves, {"W": sparse(dw), "x": sparse(dx)}, ring(), Meter(10_000))[root]
    for k, output in enumerate(outputs):
        assert values.get((k,), 0) == rational(output.subs(at))
        total = Fraction(0)
        for s, name, i, d in [
            *((sw[i, j], "W", (i, j), dw[i, j]) for i, j in np.ndindex(2, 2)),
            *((sx[i], "x", (i,), dx[i]) for i in range(2)),
        ]:
            slope = rational(sympy.diff(output, s).subs(at))
            assert slopes[k,].get(name, {}).get(i, 0) == slope
            total += slope * d
        assert along.get((k,), 0) == total


@given(st.fractions(-3, 3, max_denominator=5), st.fractions(-3, 3, max_denominator=3))
def test_exact_powers(base: Fraction, exponent: Fraction) -> None:
    try:
        found = exact_power(base, exponent)
    except Undefined:
        return
    assert found**exponent.denominator == base**exponent.numerator
    if exponent.denominator % 2 == 0:
        assert found >= 0


@pytest.mark.parametrize(
    ("base", "exponent", "reason"),
    [
        (Fraction(-8), Fraction(1, 3), "no real root"),
        (Fraction(2), Fraction(1, 2), "not the power 2"),
        (Fraction(0), Fraction(-1), "division by zero"),
        (Fraction(0), Fraction(1, 2), "not differentiable at 0"),
        (Fraction(10**400), Fraction(4096), "too large a number"),
        (Fraction(3**5001), Fraction(1, 2), "a number of"),
    ],
)
def test_powers_that_are_refused(base: Fraction, exponent: Fraction, reason: str) -> None:
    assert exact_power(Fraction(8, 27), Fraction(-2, 3)) == Fraction(9, 4)
    assert exact_power(Fraction(0), Fraction(0)) == 1
    with pytest.raises((Undefined, Irrational), match=reason):
        exact_power(base, exponent)

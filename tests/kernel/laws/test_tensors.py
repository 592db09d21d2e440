"""The tensor reading: its identities one by one, its normal form, and random programs against NumPy."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from claws.kernel import Malformed, Meter, Program, Size, check
from claws.kernel.core.program import Apply, Call, Einsum, Iota, Leaf, Number, Sum, power
from claws.kernel.laws.evidence import ByTensors
from claws.kernel.laws.tensors import Tensors
from tests.kernel.laws.against_numpy import tensors_agree
from tests.kernel.models import M, N, judge, make, product, refuses, scale
from tests.kernel.random_programs import random_leaves, random_statement
from tests.kernel.reference import TensorReader, values
from tests.kernel.sketches import Det, Gather, Product, Reshape, Scatter, Sketch, drawn

ZERO, ONE, TWO = Size.of(0), Size.of(1), Size.of(2)
HALF = Fraction(1, 2)
ACTIVATIONS = (
    ("s", None),
    ("h", Fraction(2)),
    ("k", Fraction(0)),
    ("mask", None),
    ("named", None),
    ("equal", None),
    ("select", None),
)

# the leaves of every program below, by name
LEAVES = (
    Leaf("U", "param", (N, M)),
    Leaf("W", "param", (N, N)),
    Leaf("x", "param", (N,)),
    Leaf("z", "param", (N,)),
    Leaf("a", "param", ()),
    Leaf("b", "param", ()),
    Leaf("y", "param", ()),
    Leaf("E", "param", (N, N, ONE, ONE)),
)
U, W, X, Z, A, B, Y, E = range(len(LEAVES))


@dataclass
class Pair:
    """Two expressions over the leaves: nodes, and the positions of the two."""

    nodes: list[Sketch]
    conditions: tuple[Size, ...] = ()

    def vanishes(self, functions: tuple[str, ...] = ("F",)) -> bool:
        """Whether the last two nodes are found to be equal; checked again through a theorem."""
        nodes: list[Sketch] = [*LEAVES, *self.nodes]
        last = len(nodes) - 1
        drawing = drawn(nodes, ACTIVATIONS, functions, self.conditions)
        program = Program(tuple(drawing.nodes), ACTIVATIONS, functions, self.conditions)
        tensors = Tensors(program, Meter(100_000))
        first, second = (tensors.value(drawing.place[n]) for n in (last - 1, last))
        same = first.shape == second.shape and tensors.vanishes(tensors.add((ONE, first), (-ONE, second)))
        # (first - second)*y sees y iff they differ somewhere
        shape = program.shapes[drawing.place[last]]
        labels = tuple(range(len(shape)))
        nodes += [
            Sum((scale(1, last - 1), scale(-1, last))),
            Einsum((last + 1, Y), (labels, ()), labels, shape),
        ]
        statement = make(nodes, [last + 2], Y, activations=ACTIVATIONS, functions=functions, conditions=self.conditions)
        low = ByTensors(dict.fromkeys(statement.program.free_dims(), 3))
        if same:
            judge(statement, low)
        else:
            refuses(statement, low, "does not vanish")
        return same


def entries(x: int, *labels: int, out: Sequence[int] = (), sizes: Sequence[Size] = (N, N, N)) -> Einsum:
    return Einsum((x,), (labels,), tuple(out), tuple(sizes))


K = len(LEAVES)  # the first node after the leaves


# Each rule: (nodes whose last two are equal, the same one edit away).
RULES: dict[str, tuple[list[Sketch], list[Sketch]]] = {
    "x^a x^b = x^(a+b)": (
        [power(X, 2), Einsum((X, X), ((0,), (0,)), (0,), (N,))],
        [power(X, 3), Einsum((X, X), ((0,), (0,)), (0,), (N,))],
    ),
    "fractional exponents add": (
        [power(A, HALF), product(K, K), Sum((scale(1, A),))],
        [power(A, Fraction(1, 3)), product(K, K), Sum((scale(1, A),))],
    ),
    "a root of a square is not the number": (
        [power(A, 2), power(K, HALF), power(K + 1, 2), Sum((scale(1, K),))],
        [power(A, 2), power(K, HALF), Sum((scale(1, A),))],
    ),
    "x/x = 1, counted": (
        [power(X, -1), Einsum((X, K), ((0,), (0,)), (), (N,)), Number(N)],
        [power(X, -1), Einsum((X, K), ((0,), (0,)), (), (N,)), Number(ONE)],
    ),
    "an index of no factor counts as its size": (
        [Einsum((A,), ((),), (0,), (N,)), Number(N), entries(K, 0), product(A, K + 1)],
        [Einsum((A,), ((),), (0,), (N,)), Number(N * N), entries(K, 0), product(A, K + 1)],
    ),
    "a 0/1 mask is its own square": (
        [Apply("relu", A), product(K, K), product(A, K)],
        [Apply("s", A), product(K, K), product(A, K)],
    ),
    "relu of a positive multiple": (
        [
            Sum((scale(3, X),)),
            Apply("relu", K),
            Apply("relu", X),
            Sum((scale(3, K + 2),)),
            Sum((scale(1, K + 1),)),
        ],
        [
            Sum((scale(-3, X),)),
            Apply("relu", K),
            Apply("relu", X),
            Sum((scale(-3, K + 2),)),
            Sum((scale(1, K + 1),)),
        ],
    ),
    "relu(x) - relu(-x) = x": (
        [
            Sum((scale(-1, X),)),
            Apply("relu", K),
            Apply("relu", X),
            Sum((scale(1, K + 2), scale(-1, K + 1))),
            Sum((scale(1, X),)),
        ],
        [
            Sum((scale(-1, X),)),
            Apply("relu", K),
            Apply("relu", X),
            Sum((scale(1, K + 2), scale(1, K + 1))),
            Sum((scale(1, X),)),
        ],
    ),
    "the diagonal of the identity": (
        [Einsum((), (), (0, 0), (N,)), entries(K, 0, 0), Number(N)],
        [Einsum((), (), (0, 0), (N,)), entries(K, 0, 1), Number(N * N)],
    ),
    "the identity passes an index on": (
        [
            Einsum((), (), (0, 0), (N,)),
            Einsum((K, W), ((0, 1), (1, 2)), (0, 2), (N, N, N)),
            Sum((scale(1, W),)),
        ],
        [
            Einsum((), (), (0, 0), (N,)),
            Einsum((K, W), ((0, 1), (2, 1)), (0, 2), (N, N, N)),
            Sum((scale(1, W),)),
        ],
    ),
    "a diagonal array depends on one index": (
        [
            Einsum((X,), ((0,),), (0, 0), (N,)),
            Einsum((K, Z), ((0, 1), (0,)), (0, 1), (N, N)),
            Einsum((K, Z), ((0, 1), (1,)), (0, 1), (N, N)),
        ],
        [
            Einsum((W,), ((0, 1),), (0, 1), (N, N)),
            Einsum((K, Z), ((0, 1), (0,)), (0, 1), (N, N)),
            Einsum((K, Z), ((0, 1), (1,)), (0, 1), (N, N)),
        ],
    ),
    "an entry of a scatter": (
        [Scatter(A, 0, ZERO, (), N), Gather(K, 0, ZERO, (), ()), Sum((scale(1, A),))],
        [Scatter(A, 0, N - 1, (), N), Gather(K, 0, ZERO, (), ()), Sum((scale(1, A),))],
    ),
    "the sum over a scatter is the sum": (
        [Scatter(X, 0, TWO, (1,), N + 2), entries(K, 0, sizes=(N + 2,)), entries(X, 0, sizes=(N,))],
        [
            Scatter(X, 0, TWO, (1,), N + 2),
            entries(K, 0, sizes=(N + 2,)),
            entries(X, 0, sizes=(N,)),
            Number(N),
            product(K + 2, K + 3),
            Sum((scale(1, K + 1),)),
        ],
    ),
    "slices of slices": (
        [Scatter(X, 0, ONE, (1,), N + 2), Gather(K, 0, ONE, (1,), (N,)), Sum((scale(1, X),))],
        [Scatter(X, 0, ONE, (1,), N + 2), Gather(K, 0, ZERO, (1,), (N,)), Sum((scale(1, X),))],
    ),
    "reversing twice": (
        [Gather(X, 0, N - 1, (-1,), (N,)), Gather(K, 0, N - 1, (-1,), (N,)), Sum((scale(1, X),))],
        [Gather(X, 0, N - 1, (-1,), (N,)), Gather(K, 0, ZERO, (1,), (N,)), Sum((scale(1, X),))],
    ),
    "reversing gives the entries in reverse": (
        [Gather(X, 0, N - 1, (-1,), (N,)), Gather(K, 0, ZERO, (), ()), Gather(X, 0, N - 1, (), ())],
        [Gather(X, 0, N - 1, (-1,), (N,)), Gather(K, 0, ZERO, (), ()), Gather(X, 0, ZERO, (), ())],
    ),
    "parts of a concatenation do not meet": (
        [
            Scatter(X, 0, ZERO, (1,), N + N),
            Scatter(Z, 0, N, (1,), N + N),
            Sum((scale(1, K), scale(1, K + 1))),
            Einsum((K + 2, K + 2), ((0,), (0,)), (), (N + N,)),
            Einsum((X, X), ((0,), (0,)), (), (N,)),
            Einsum((Z, Z), ((0,), (0,)), (), (N,)),
            Sum((scale(1, K + 4), scale(1, K + 5))),
            Sum((scale(1, K + 3),)),
        ],
        [
            Scatter(X, 0, ZERO, (1,), N + N),
            Scatter(Z, 0, ZERO, (1,), N + N),
            Sum((scale(1, K), scale(1, K + 1))),
            Einsum((K + 2, K + 2), ((0,), (0,)), (), (N + N,)),
            Einsum((X, X), ((0,), (0,)), (), (N,)),
            Einsum((Z, Z), ((0,), (0,)), (), (N,)),
            Sum((scale(1, K + 4), scale(1, K + 5))),
            Sum((scale(1, K + 3),)),
        ],
    ),
    "even and odd places do not meet": (
        [
            Scatter(X, 0, ZERO, (2,), N + N),
            Scatter(Z, 0, ONE, (2,), N + N),
            Einsum((K, K + 1), ((0,), (0,)), (), (N + N,)),
            Number(ZERO),
        ],
        [
            Scatter(X, 0, ONE, (2,), N + N),
            Scatter(Z, 0, ONE, (2,), N + N),
            Einsum((K, K + 1), ((0,), (0,)), (), (N + N,)),
            Number(ZERO),
        ],
    ),
    "entries of even places": (
        [Scatter(X, 0, ZERO, (2,), N + N + 4), Gather(K, 0, Size.of(3), (), ()), Number(ZERO)],
        [Scatter(X, 0, ZERO, (2,), N + N + 4), Gather(K, 0, ZERO, (), ()), Number(ZERO)],
    ),
    "a reshape keeps the sum": (
        [Reshape(U, (M, N)), entries(K, 0, 1, sizes=(M, N)), entries(U, 0, 1, sizes=(N, M))],
        [Reshape(U, (M, N)), Einsum((K, K), ((0, 1), (0, 1)), (), (M, N)), entries(U, 0, 1, sizes=(N, M))],
    ),
    "a reshape keeps the sum of squares": (
        [
            Reshape(U, (N * M,)),
            Einsum((K, K), ((0,), (0,)), (), (N * M,)),
            Einsum((U, U), ((0, 1), (0, 1)), (), (N, M)),
        ],
        [
            Reshape(U, (N * M,)),
            Einsum((K, K), ((0,), (1,)), (), (N * M, N * M)),
            Einsum((U, U), ((0, 1), (0, 1)), (), (N, M)),
        ],
    ),
    "reshaping there and back": (
        [Reshape(U, (N * M,)), Reshape(K, (N, M)), Sum((scale(1, U),))],
        [Reshape(W, (N * N,)), Reshape(K, (N, N)), entries(W, 1, 0, out=(0, 1), sizes=(N, N))],
    ),
    "(c a b)^k = c^k a^k b^k": (
        [
            product(A, B),
            Sum((scale(3, K),)),
            power(K + 1, -2),
            power(A, -2),
            power(B, -2),
            product(K + 3, K + 4),
            Sum(((Fraction(1, 9), K + 5),)),
            Sum((scale(1, K + 2),)),
        ],
        [
            product(A, B),
            Sum((scale(3, K),)),
            power(K + 1, -2),
            power(A, -2),
            power(B, -2),
            product(K + 3, K + 4),
            Sum(((Fraction(1, 3), K + 5),)),
            Sum((scale(1, K + 2),)),
        ],
    ),
    "the power of a sum over an index is not the sum of powers": (
        [entries(X, 0, sizes=(N,)), power(K, 2), Einsum((X, X), ((0,), (1,)), (), (N, N))],
        [entries(X, 0, sizes=(N,)), power(K, 2), Einsum((X, X), ((0,), (0,)), (), (N,))],
    ),
    "denominators are cleared": (
        # (a^2 - b^2)/(a - b) = a + b
        [
            Sum((scale(1, A), scale(-1, B))),
            Sum((scale(1, A), scale(1, B))),
            product(K, K + 1),
            power(K, -1),
            product(K + 2, K + 3),
            Sum((scale(1, K + 1),)),
        ],
        [
            Sum((scale(1, A), scale(-2, B))),
            Sum((scale(1, A), scale(1, B))),
            product(K, K + 1),
            power(A, -1),
            product(K + 2, K + 3),
            Sum((scale(1, K + 1),)),
        ],
    ),
    "Euler's identity": (
        # h(3x) = 9 h(x) is not used; h'(x) x = 2 h(x) is, so h(x)/h(x) = 1
        [Apply("h", A), power(K, -1), product(K, K + 1), Number(ONE)],
        [Apply("h", A), power(K, -1), product(A, K + 1), Number(ONE)],
    ),
    "an activation may be called as a symbol of the kernel": (
        [Apply("mask", A), Sum((scale(1, K),)), Sum((scale(1, K),))],
        [Apply("mask", A), product(K, K), Sum((scale(1, K),))],
    ),
    "an activation called named": (
        [Sum((scale(1, A), scale(1, B))), Apply("named", K), Apply("named", K)],
        [Sum((scale(1, A), scale(1, B))), Apply("named", K), Sum((scale(1, K),))],
    ),
    "a function at equal arguments": (
        [Call("F", (X,), (N,)), Call("F", (X,), (N,))],
        [Call("F", (X,), (N,)), Call("F", (Z,), (N,))],
    ),
    "a function of a vector and of a row": (
        [Reshape(X, (ONE, N)), Call("F", (K,), (N,)), Call("F", (K,), (N,))],
        [Reshape(X, (ONE, N)), Call("F", (K,), (N,)), Call("F", (X,), (N,))],
    ),
    "a function with values of another shape": (
        [
            Call("F", (X,), (N, ONE)),
            Reshape(K, (N,)),
            Call("F", (X,), (N, ONE)),
            Reshape(K + 2, (N,)),
            Sum((scale(1, K + 1),)),
        ],
        [Call("F", (X,), (N, ONE)), Reshape(K, (N,)), Call("F", (X,), (N,)), Sum((scale(1, K + 1),))],
    ),
    "a function mapped over one axis or the other": (
        [Reshape(X, (N, ONE)), Call("F", (K,), (N, ONE), 1), Reshape(K + 1, (N,)), Sum((scale(1, K + 2),))],
        [
            Reshape(X, (N, ONE)),
            Call("F", (K,), (N, ONE), 1),
            Reshape(K + 1, (N,)),
            Reshape(X, (ONE, N)),
            Call("F", (K + 3,), (ONE, N), 1),
            Reshape(K + 4, (N,)),
            Sum((scale(1, K + 2),)),
        ],
    ),
    "determinants of single entries": (
        [Reshape(W, (N, N, ONE, ONE)), Det(K), Det(K)],
        [
            Reshape(W, (N, N, ONE, ONE)),
            Det(K),
            Det(W),
            Einsum((K + 2,), ((),), (0, 1), (N, N)),
            Sum((scale(1, K + 1),)),
        ],
    ),
    "products over an axis of size 1": (
        [Reshape(X, (N, ONE)), Product(K), Sum((scale(1, X),))],
        [Reshape(X, (ONE, N)), Product(K), Einsum((A,), ((),), (0,), (ONE,))],
    ),
    "ranges": (
        [Iota(ONE, 2, N), Iota(ONE, 2, N)],
        [Iota(ONE, 2, N), Iota(ONE, 3, N)],
    ),
    "a range of one": (
        [Iota(N, 5, ONE), Reshape(K, ()), Number(N)],
        [Iota(N, 5, ONE), Reshape(K, ()), Number(N + 5)],
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_rule(name: str) -> None:
    """Every identity holds, and does not hold one edit away."""
    good, bad = RULES[name]
    assert Pair(good).vanishes()
    assert not Pair(bad).vanishes()


def test_conditions_decide_whether_positions_meet() -> None:
    # x[0] and x[n - 1] are different entries only for n >= 2
    nodes: list[Sketch] = [Scatter(A, 0, ZERO, (), N), Gather(K, 0, N - 1, (), ()), Number(ZERO)]
    assert Pair(nodes, (N - 2,)).vanishes()
    assert not Pair(nodes).vanishes()


def test_a_division_by_zero_is_refused() -> None:
    nodes = (*LEAVES, Sum((scale(1, A), scale(-1, A))), power(K, -1), product(K + 1, Y))
    for exponent, ok in ((2, True), (-1, False)):
        put = (*nodes[:-2], power(K, exponent), nodes[-1])
        statement = make(put, [K + 2], Y)
        sizes = ByTensors({"n": 1, "m": 1})
        if ok:
            assert judge(statement, sizes).verdict == "PROVED"
        else:
            refuses(statement, sizes, "divides by something that is zero everywhere")


def test_degree_0_means_a_slope_of_zero() -> None:
    flat = make([*LEAVES, Apply("k", A)], [K], A, activations=ACTIVATIONS)
    assert judge(flat, ByTensors({"n": 1, "m": 1})).verdict == "PROVED"
    refuses(
        make([*LEAVES, Apply("h", A)], [K], A, activations=ACTIVATIONS),
        ByTensors({"n": 1, "m": 1}),
        "not vanish",
    )


def test_symbols_of_two_shapes_are_refused() -> None:
    tensors = Tensors(Program(LEAVES), Meter(1000))
    tensors.symbol("leaf", "x", (N,))
    assert tensors.symbol("leaf", "x", (N,)).shape == (N,)
    with pytest.raises(Malformed, match="different shapes"):
        tensors.symbol("leaf", "x", (M,))
    with pytest.raises(Malformed, match="different shapes are added"):
        tensors.add((ONE, tensors.fresh_constant("p", (N,))), (ONE, tensors.fresh_constant("q", (M,))))


# --- normal form ---


@st.composite
def networks(draw: st.DrawFn) -> tuple[list[tuple[int, tuple[int, ...]]], int, int]:
    """Factors (leaf, labels), the number of labels, the number of legs (the first labels)."""
    labels = draw(st.integers(1, 6))
    index = st.integers(0, labels - 1)
    factor = st.one_of(
        st.tuples(st.just(W), st.tuples(index, index)), st.tuples(st.sampled_from([X, Z]), st.tuples(index))
    )
    factors = draw(st.lists(factor, min_size=1, max_size=7))
    return factors, labels, draw(st.integers(0, min(2, labels)))


@settings(deadline=None, max_examples=150)
@given(networks(), st.randoms(use_true_random=False))
def test_the_normal_form_does_not_depend_on_names_and_order(
    network: tuple[list[tuple[int, tuple[int, ...]]], int, int], random: Random
) -> None:
    factors, labels, legs = network
    names = list(range(labels))
    random.shuffle(names)
    shuffled = [(s, tuple(names[i] for i in ix)) for s, ix in factors]
    random.shuffle(shuffled)
    out = tuple(range(legs))
    sizes = (N,) * labels

    def node(of: list[tuple[int, tuple[int, ...]]], legs: tuple[int, ...]) -> Einsum:
        return Einsum(tuple(s for s, _ in of), tuple(ix for _, ix in of), legs, sizes)

    program = Program((*LEAVES, node(factors, out), node(shuffled, tuple(names[i] for i in out))))
    tensors = Tensors(program, Meter(100_000))
    first, second = tensors.value(K), tensors.value(K + 1)
    assert first.key() == second.key()

    sizes_here = {"n": 2, "m": 1}
    at = program.at(sizes_here)
    leaves = random_leaves(at, np.random.default_rng(0))
    reader = TensorReader(tensors, at, sizes_here, leaves, np.zeros(()))
    np.testing.assert_allclose(reader.read(first), values(at, leaves)[K], rtol=1e-9)


def star(rays: int, hub: int = 0) -> list[tuple[int, ...]]:
    return [(hub, k) for k in range(rays + 1) if k != hub]


def cycle(length: int, turn: int = 0) -> list[tuple[int, ...]]:
    return [((k + turn) % length, (k + turn + 1) % length) for k in range(length)]


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ([(k,) for k in range(20)], [(19 - k,) for k in range(20)], True),
        (star(20), star(20, hub=7), True),
        (cycle(16), cycle(16, turn=5)[::-1], True),
        (cycle(3) + [(i + 3, j + 3) for i, j in cycle(3)], cycle(6), False),
        (star(6), cycle(6) + [(0, 6)][:0], False),
        (
            list(itertools.combinations(range(5), 2)),
            [(4 - j, 4 - i) for i, j in itertools.combinations(range(5), 2)],
            True,
        ),
        (
            [(i, 6 + j) for i in range(6) for j in range(6)],
            [(11 - i, 5 - j) for i in range(6) for j in range(6)],
            True,
        ),
        # K(3,3) and the prism: both with 6 vertices of degree 3
        (
            [p for i in range(3) for j in range(3, 6) for p in ((i, j), (j, i))],
            [p for i, j in (*cycle(3), (3, 4), (4, 5), (5, 3), (0, 3), (1, 4), (2, 5)) for p in ((i, j), (j, i))],
            False,
        ),
    ],
    ids=[
        "20 equal factors",
        "star",
        "cycle",
        "two triangles",
        "star or cycle",
        "complete",
        "bipartite",
        "cubic",
    ],
)
def test_canonical_labelling_of_symmetric_networks(
    first: list[tuple[int, ...]], second: list[tuple[int, ...]], same: bool
) -> None:
    """Within a small meter, and never the same form for two networks that differ."""

    def node(factors: list[tuple[int, ...]]) -> Einsum:
        leaf = X if len(factors[0]) == 1 else W
        count = max(i for ix in factors for i in ix) + 1
        return Einsum((leaf,) * len(factors), tuple(factors), (), (N,) * count)

    tensors = Tensors(Program((*LEAVES, node(first), node(second))), Meter(600_000))
    assert (tensors.value(K).key() == tensors.value(K + 1).key()) is same


# --- random programs ---


@settings(deadline=None, max_examples=120)
@given(st.integers(0, 10**6))
@example(119)  # the sum over a scatter counted the sizes twice
@example(98)  # and so did the sum over a reshape
def test_random_programs_agree_with_numpy(seed: int) -> None:
    """Values, the gradient of the law and the residue, at two sizes; and there is no false theorem."""
    random = Random(seed)
    tensors_agree(random_statement(random, random.choice([5, 9, 13])), random, seed)


def test_what_is_shown_is_shown_again() -> None:
    """A theorem does not depend on what was read before it."""
    nodes = [
        *LEAVES,
        product(A, B),
        power(A, 2),
        power(B, 2),
        Sum((scale(1, K + 1), scale(-1, K + 2))),
    ]
    statement = make(nodes, [K], K + 3)
    used = []
    for _ in range(2):
        meter = Meter(10_000)
        check(statement, ByTensors({"n": 1, "m": 1}), meter)
        used.append(meter.used)
    assert used[0] == used[1]

"""Windows: which are refused, and what merging and splitting axes means for all sizes."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from claws.kernel import Malformed, Program, Size, Statement
from claws.kernel.core.program import Einsum, Leaf, Node, Sum, Window, is_row_major, row_major
from claws.kernel.counting.roots import _source_in_window
from claws.kernel.laws.evidence import ByTensors
from tests.kernel.models import constant, judge, make, refuses, scale
from tests.kernel.reference import values
from tests.kernel.sketches import strides

N, M, R = Size.dim("n"), Size.dim("m"), Size.dim("r")
ZERO, ONE, TWO = Size.of(0), Size.of(1), Size.of(2)
AT = ByTensors({"n": 2, "m": 2, "r": 2})

Window1 = tuple[Size, tuple[Size, ...], tuple[Size, ...], Size]


def program(start: Size, steps: tuple[Size, ...], lengths: tuple[Size, ...], size: Size, conditions: tuple[Size, ...] = (),
            transposed: bool = False) -> Program:  # fmt: skip
    shape = lengths if transposed else (size,)
    return Program(
        (Leaf("x", "param", shape), Window(0, 0, start, steps, lengths, size, transposed)), conditions=conditions
    )


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(
    ("window", "conditions", "reason"),
    [
        ((ZERO, (ZERO,), (N,), N), (), "a step is 0$"),
        ((ZERO, (N - M,), (TWO,), N + M), (), "a step is -m \\+ n, which may have either sign"),
        ((M, (N - TWO,), (TWO,), N + M), (), "a step is n - 2, which may have either sign"),
        ((ZERO, (N - ONE,), (TWO,), N), (), "a step is n - 1, which may be 0"),
        ((N - ONE, (ONE - N,), (TWO,), N), (), "a step is -n \\+ 1, which may be 0"),
        ((ZERO, (N * Fraction(1, 2),), (TWO,), N), (), "a step is 1/2\\*n"),
        ((ZERO, (N,), (M,), N * M - N), (), "an index reaches m\\*n - n, which may be outside an axis of size m\\*n - n"),
        ((ZERO, (-N,), (M,), N * M), (), "an index reaches -m\\*n \\+ n, which may be negative"),
        ((ZERO, (M, ONE), (N, M), N * M - ONE), (), "an index reaches m\\*n - 1, which may be outside"),
        ((ZERO, (ONE, M), (N, M), N * M), (), "which may be outside an axis of size m\\*n"),
    ],
)  # fmt: skip
def test_windows_that_are_refused(window: Window1, conditions: tuple[Size, ...], reason: str, transposed: bool) -> None:
    with pytest.raises(Malformed, match=reason):
        program(*window, conditions, transposed)


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize(
    ("window", "conditions"),
    [
        ((ZERO, (ONE,), (N,), N), ()),
        ((ZERO, (N - M,), (TWO,), N + M), (N - M - 1,)),
        ((M, (N - TWO,), (TWO,), N + M), (N - 3,)),
        ((ZERO, (N - ONE,), (TWO,), N), (N - 2,)),
        ((N - ONE, (ONE - N,), (TWO,), N), (N - 2,)),
        ((ZERO, (N,), (M,), N * M), ()),
        ((N * M - ONE, (-N,), (M,), N * M), ()),
        ((ZERO, (M, ONE), (N, M), N * M), ()),
        # an axis that may be empty is merged and split all the same
        ((ZERO, (N - ONE, ONE), (TWO, N - ONE), 2 * N - 2), ()),
        ((ZERO, (M * (N - ONE), N - ONE, ONE), (TWO, M, N - ONE), 2 * M * N - 2 * M), ()),
    ],
)
def test_twins_that_are_accepted(window: Window1, conditions: tuple[Size, ...], transposed: bool) -> None:
    """At every small size within the conditions too, with the meaning of the definition."""
    free = program(*window, conditions, transposed)
    for numbers in itertools.product((1, 2, 3), repeat=len(free.free_dims())):
        sizes = dict(zip(free.free_dims(), numbers, strict=True))
        if not free.bounds.hold_at(sizes):
            continue
        here = free.at(sizes)
        shape = tuple(int(n.integer() or 0) for n in here.shapes[0])
        x = np.arange(1, 1 + np.prod(shape, dtype=int)).reshape(shape) + 0j
        found = values(here, {"x": x})[1]
        if window[1] == row_major(window[2]):
            other = tuple(int(n.integer() or 0) for n in here.shapes[1])
            assert (found == x.reshape(other)).all()


def test_axes_that_are_merged_need_no_product_that_is_seen_to_be_a_size() -> None:
    """Each of n - m and r - 1 is; that their product is can't be seen from its coefficients."""
    shape, back = (N - M, R - ONE), (R - ONE, N - M)
    total = (N - M) * (R - ONE)
    nodes = [
        Leaf("x", "param", shape),
        Window(0, 0, ZERO, (R - ONE, ONE), shape, total, transposed=True),
        Window(1, 0, ZERO, (N - M, ONE), back, total),
    ]
    assert Program(tuple(nodes), conditions=(N - M,)).shapes[2] == back
    with pytest.raises(Malformed, match="may be negative"):
        Program(tuple(nodes))
    with pytest.raises(Malformed, match="may be negative"):
        Program((Leaf("x", "param", (total,)),), conditions=(N - M,))


def test_row_major() -> None:
    assert row_major((N, M, R)) == (M * R, R, ONE) == strides((N, M, R))
    assert row_major((N,)) == (ONE,)
    assert row_major(()) == ()
    for start, steps, lengths, size, found in [
        (ZERO, (M, ONE), (N, M), N * M, True),
        (ONE, (M, ONE), (N, M), N * M, False),
        (ZERO, (N, ONE), (N, M), N * M, False),
        (ZERO, (M, ONE), (N, M), N * M + 1, False),
        (ZERO, (ONE, N), (N, M), N * M, False),
        (ZERO, (), (), ONE, False),
    ]:
        assert is_row_major(start, steps, lengths, size) is found


# --- for all sizes ---


def split(operand: int, *lengths: Size) -> Window:
    total = row_major(lengths)[0] * lengths[0]
    return Window(operand, 0, ZERO, row_major(lengths), lengths, total)


def merged(operand: int, *lengths: Size) -> Window:
    total = row_major(lengths)[0] * lengths[0]
    return Window(operand, 0, ZERO, row_major(lengths), lengths, total, transposed=True)


def difference(nodes: list[Node], first: int, second: int, shape: tuple[Size, ...]) -> Statement:
    """Conserves y by the map (first - second)*y iff these are equal. Nodes 0 to 3 are U [n, m], x [n*m], y and V [n, m]."""
    leaves: list[Node] = [
        Leaf("U", "param", (N, M)),
        Leaf("x", "param", (N * M,)),
        Leaf("y", "param", ()),
        Leaf("V", "param", (N, M)),
    ]
    last, labels = 4 + len(nodes), tuple(range(len(shape)))
    ends: list[Node] = [
        Sum((scale(1, first), scale(-1, second))),
        Einsum((last, 2), (labels, ()), labels, shape),
    ]
    return make([*leaves, *nodes, *ends], [last + 1], 2)


TRANSPOSED = Einsum((0,), ((0, 1),), (1, 0), (N, M))
ALL_OF = {
    "merging and splitting again": (
        difference([merged(0, N, M), split(4, N, M)], 0, 5, (N, M)),
        difference([merged(0, N, M), split(4, M, N), Einsum((5,), ((1, 0),), (0, 1), (N, M))], 0, 6, (N, M)),
    ),
    "splitting and merging again": (
        difference([split(1, N, M), merged(4, N, M)], 1, 5, (N * M,)),
        difference([split(1, N, M), Einsum((4,), ((0, 1),), (1, 0), (N, M)), merged(5, M, N)], 1, 6, (N * M,)),
    ),
    "the sum of the parts is the sum of all": (
        difference([split(1, N, M), Einsum((4,), ((0, 1),), (), (N, M)), Einsum((1,), ((0,),), (), (N * M,))], 5, 6, ()),
        difference(
            [split(1, N, M), Einsum((4, 4), ((0, 1), (0, 1)), (), (N, M)), Einsum((1,), ((0,),), (), (N * M,))], 5, 6, ()
        ),
    ),
    "inner products do not see how axes are merged": (
        difference(
            [merged(0, N, M), merged(3, N, M), Einsum((4, 5), ((0,), (0,)), (), (N * M,)),
             Einsum((0, 3), ((0, 1), (0, 1)), (), (N, M))], 6, 7, ()),
        difference(
            [merged(0, N, M), TRANSPOSED, merged(5, M, N), Einsum((4, 6), ((0,), (0,)), (), (N * M,)),
             Einsum((0, 0), ((0, 1), (0, 1)), (), (N, M))], 7, 8, ()),
    ),
    "a row is a slice": (
        difference(
            [split(1, N, M), Window(4, 0, ZERO, (), (), N), Window(1, 0, ZERO, (ONE,), (M,), N * M)], 5, 6, (M,)),
        difference(
            [split(1, N, M), Window(4, 0, N - 1, (), (), N), Window(1, 0, ZERO, (ONE,), (M,), N * M)], 5, 6, (M,)),
    ),
    "a column is a slice with a symbolic step": (
        difference(
            [split(1, N, M), Window(4, 1, ZERO, (), (), M), Window(1, 0, ZERO, (M,), (N,), N * M)], 5, 6, (N,)),
        difference(
            [split(1, N, M), Window(4, 1, M - 1, (), (), M), Window(1, 0, ZERO, (M,), (N,), N * M)], 5, 6, (N,)),
    ),
    "the last column": (
        difference(
            [split(1, N, M), Window(4, 1, M - 1, (), (), M), Window(1, 0, M - 1, (M,), (N,), N * M)], 5, 6, (N,)),
        difference(
            [split(1, N, M), Window(4, 1, ZERO, (), (), M), Window(1, 0, M - 1, (M,), (N,), N * M)], 5, 6, (N,)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ALL_OF)
def test_merging_and_splitting_for_all_sizes(name: str) -> None:
    true, false = ALL_OF[name]
    for statement, holds in ((true, True), (false, False)):
        evidence = ByTensors(dict.fromkeys(statement.program.free_dims(), 2))
        if holds:
            assert judge(statement, evidence).verdict == "PROVED"
        else:
            refuses(statement, evidence, "the normal form of the residue does not vanish")


def test_parts_of_different_lengths_are_told_apart() -> None:
    """The same steps and another length: reshapes into [n, m] and [n, m + 1] have nothing to do with each other."""
    assert AT.sizes.keys() == {"n", "m", "r"}
    long = N * (M + 1)
    nodes = [
        Leaf("x", "param", (long,)),
        Leaf("y", "param", ()),
        Window(0, 0, ZERO, (M + 1, ONE), (N, M + 1), long),
        Window(0, 0, ZERO, (M + 1, ONE), (N, M), long),
        Window(2, 1, ZERO, (ONE,), (M,), M + 1),
        Window(2, 1, ONE, (ONE,), (M,), M + 1),
    ]
    for start, holds in ((4, True), (5, False)):
        more = [Sum((scale(1, 3), scale(-1, start))), Einsum((6, 1), ((0, 1), ()), (0, 1), (N, M))]
        statement = make([*nodes, *more], [7], 1)
        evidence = ByTensors({"n": 2, "m": 2})
        if holds:
            assert judge(statement, evidence).verdict == "PROVED"
        else:
            refuses(statement, evidence, "the normal form of the residue does not vanish")


# --- where entries come from ---


@pytest.mark.parametrize(
    "window",
    [
        Window(0, 1, Size.of(2), (), (), Size.of(5)),
        Window(0, 1, Size.of(4), (Size.of(-2),), constant(3), Size.of(5)),
        Window(0, 1, Size.of(0), (ONE, TWO), constant(2, 2), Size.of(5)),
        Window(0, 0, Size.of(0), row_major(constant(2, 1, 3)), constant(2, 1, 3), Size.of(6)),
        Window(0, 1, Size.of(0), row_major(constant(2, 3)), constant(2, 3), Size.of(6), transposed=True),
        Window(0, 0, Size.of(0), row_major(constant(1, 4, 2)), constant(1, 4, 2), Size.of(8), transposed=True),
    ],
)
def test_an_entry_of_a_window_is_that_of_its_source(window: Window) -> None:
    here = window.lengths if window.transposed else (window.size,)
    shape = (*(TWO,) * window.axis, *here, Size.of(3))
    leaf = Leaf("x", "param", shape)
    fixed = tuple(int(n.integer() or 0) for n in shape)
    x = np.arange(np.prod(fixed)).reshape(fixed) + 0j
    found = values(Program((leaf, window)), {"x": x})[1]
    for i in np.ndindex(found.shape):
        assert found[i] == x[_source_in_window(window, i)]

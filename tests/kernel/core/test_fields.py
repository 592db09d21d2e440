"""What is derived from the types of fields: operands, renumbering and sizes of every node, against a table by hand."""

from __future__ import annotations

from fractions import Fraction
from typing import get_args

import pytest

from claws.kernel import Size
from claws.kernel.core.fields import positions, sizes, unmarked, with_positions, with_sizes
from claws.kernel.core.flow import Flow
from claws.kernel.core.program import (
    Apply,
    Call,
    Einsum,
    Iota,
    Leaf,
    Node,
    Number,
    Program,
    Stop,
    Sum,
    Window,
    node_at,
    operands_of,
    power,
    renumbered,
)
from claws.kernel.core.statement import Statement
from claws.kernel.counting.evidence import Bundle, Sandwich, Step
from claws.kernel.counting.statements import Complete, Count
from claws.kernel.laws.evidence import BlockLaw, ByBlock

N, M, TWO = Size.dim("n"), Size.dim("m"), Size.of(2)
SUM = N + M
PLACE = {0: 10, 1: 11, 2: 12, 3: 13}
AT = {"n": 3}
THREE, LONGER = Size.of(3), M + 3

# a node, its operands, its sizes, the node that reads 10 more, the node at n = 3
TABLE: list[tuple[Node, tuple[int, ...], tuple[Size, ...], Node, Node]] = [
    (
        Leaf("n", "param", (N, SUM)),
        (),
        (N, SUM),
        Leaf("n", "param", (N, SUM)),
        Leaf("n", "param", (THREE, LONGER)),
    ),
    (
        Leaf("a", "const", (), "positive"),
        (),
        (),
        Leaf("a", "const", (), "positive"),
        Leaf("a", "const", (), "positive"),
    ),
    (Number(SUM), (), (SUM,), Number(SUM), Number(LONGER)),
    (Iota(N, 3, SUM), (), (N, SUM), Iota(N, 3, SUM), Iota(THREE, 3, LONGER)),
    (
        Einsum((2, 0, 2), ((0, 1), (), (1, 0)), (1,), (N, TWO)),
        (2, 0, 2),
        (N, TWO),
        Einsum((12, 10, 12), ((0, 1), (), (1, 0)), (1,), (N, TWO)),
        Einsum((2, 0, 2), ((0, 1), (), (1, 0)), (1,), (THREE, TWO)),
    ),
    (
        Sum(((Fraction(2), 1), (Fraction(1, 3), 0))),
        (1, 0),
        (),
        Sum(((Fraction(2), 11), (Fraction(1, 3), 10))),
        Sum(((Fraction(2), 1), (Fraction(1, 3), 0))),
    ),
    (Stop(3), (3,), (), Stop(13), Stop(3)),
    (Apply("tanh", 3), (3,), (), Apply("tanh", 13), Apply("tanh", 3)),
    (power(3, Fraction(1, 2)), (3,), (), power(13, Fraction(1, 2)), power(3, Fraction(1, 2))),
    (
        Call("F", (1, 3), (N, SUM), 1),
        (1, 3),
        (N, SUM),
        Call("F", (11, 13), (N, SUM), 1),
        Call("F", (1, 3), (THREE, LONGER), 1),
    ),
    (
        Window(2, 1, N, (TWO, SUM), (M, N), SUM, True),
        (2,),
        (N, TWO, SUM, M, N, SUM),
        Window(12, 1, N, (TWO, SUM), (M, N), SUM, True),
        Window(2, 1, THREE, (TWO, LONGER), (M, THREE), LONGER, True),
    ),
]


@pytest.mark.parametrize(("node", "operands", "own", "moved", "put"), TABLE, ids=lambda x: type(x).__name__)
def test_operands_renumbering_and_sizes_of_a_node(
    node: Node, operands: tuple[int, ...], own: tuple[Size, ...], moved: Node, put: Node
) -> None:
    assert operands_of(node) == positions(node) == operands
    assert sizes(node) == own
    assert renumbered(node, PLACE) == moved
    assert node_at(node, AT) == put
    assert with_positions(node, lambda k: k) == node == with_sizes(node, lambda n: n)


def test_every_node_type_is_in_the_table() -> None:
    assert {type(node) for node, *_ in TABLE} == set(get_args(unmarked(Node)[0]))


def test_what_is_no_operand_is_not_renumbered() -> None:
    """Labels, axes, batches and exponents are integers too."""
    node = Window(0, 1, Size.of(1), (Size.of(1),), (Size.of(1),), Size.of(4))
    assert renumbered(node, {0: 7}) == Window(7, 1, Size.of(1), (Size.of(1),), (Size.of(1),), Size.of(4))
    with pytest.raises(KeyError):
        renumbered(Einsum((0, 1), ((0,), (0,)), (), (N,)), {0: 7})


def test_a_program_says_which_dims_are_free() -> None:
    """Those of starts, steps and lengths count as well as those of shapes."""
    leaf = Leaf("x", "param", (N * M,))
    window = Window(0, 0, Size.of(0), (M,), (N,), N * M)
    assert Program((leaf, window)).free_dims() == ["m", "n"]
    assert Program((leaf, Number(Size.dim("k")))).free_dims() == ["k", "m", "n"]
    assert Program((Leaf("x", "param", ()),), conditions=(Size.dim("j") - 2,)).free_dims() == ["j"]


@pytest.mark.parametrize("record", [Statement, Count, Complete, Flow, ByBlock, BlockLaw, Sandwich, Step, Bundle])
def test_marks_are_read_once_for_each_record(record: type) -> None:
    from claws.kernel.core.fields import hints

    assert list(hints(record)) == [name for name in record.__dataclass_fields__ if name != "theorem"]  # type: ignore[attr-defined]

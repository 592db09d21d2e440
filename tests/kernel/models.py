"""Small statements, made by hand, that several kernel tests share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from claws.kernel import Meter, Program, Refused, Size, Statement, Theorem, check
from claws.kernel.core.flow import Flow, Part, flow_of, gradient_flow
from claws.kernel.core.program import Apply, Call, Einsum, Leaf, Number, Stop, Sum, power
from claws.kernel.counting.evidence import Evidence
from claws.kernel.values.evidence import Choices, Witness
from tests.kernel.sketches import Det, Gather, Product, Sketch, drawn

ONE = Fraction(1)
N, M, R = Size.dim("n"), Size.dim("m"), Size.dim("r")


def judge(statement: Statement, evidence: Evidence, budget: int = 1_000_000) -> Theorem:
    return check(statement, evidence, Meter(budget))


def refuses(statement: Statement, evidence: Evidence, reason: str, budget: int = 1_000_000) -> None:
    with pytest.raises(Refused, match=reason):
        judge(statement, evidence, budget)


def constant(*shape: int) -> tuple[Size, ...]:
    return tuple(Size.of(k) for k in shape)


def make(
    nodes: Sequence[Sketch],
    outputs: Sequence[int],
    law: int,
    *,
    activations: tuple[tuple[str, Fraction | None], ...] = (),
    functions: tuple[str, ...] = (),
    conditions: tuple[Size, ...] = (),
    flow: Flow | None = None,
) -> Statement:
    """The statement; positions count the items of `nodes`. Without a flow, all parameters follow minus the gradient."""
    drawing = drawn(nodes, activations, functions, conditions)
    program = Program(tuple(drawing.nodes), activations, functions, conditions)
    moving = gradient_flow(program) if flow is None else flow.placed({n: drawing[n] for n in flow.nodes()})
    return Statement(program, tuple(drawing[n] for n in outputs), drawing[law], moving)


def with_factors(flow: Flow, **factors: int) -> Flow:
    """The flow that multiplies the gradients in these parameters by these nodes."""
    parts = (part for field in flow.fields for part in field.parts)
    return flow_of(replace(x, factor=factors[x.gradient]) if x.gradient in factors else x for x in parts)


def preconditioned(*parameters: str, **factors: int) -> Flow:
    """theta' = -P grad E: gradients move these parameters, multiplied by these nodes where there are any."""
    return with_factors(flow_of(Part(name, None, name) for name in parameters), **factors)


def scale(c: int, n: int) -> tuple[Fraction, int]:
    return Fraction(c), n


def product(*operands: int) -> Einsum:
    """The product of scalars."""
    return Einsum(operands, ((),) * len(operands), (), ())


def linear(n: Size = N, m: Size = M, r: Size = R, coefficient: int = -1) -> Statement:
    """Two linear layers U V^T and the law U^T U - V^T V, true for every size; false for another."""
    return make(
        [
            Leaf("U", "param", (n, r)),
            Leaf("V", "param", (m, r)),
            Einsum((0, 1), ((0, 2), (1, 2)), (0, 1), (n, m, r)),
            Einsum((0, 0), ((0, 1), (0, 2)), (1, 2), (n, r, r)),
            Einsum((1, 1), ((0, 1), (0, 2)), (1, 2), (m, r, r)),
            Sum((scale(1, 3), scale(coefficient, 4))),
        ],
        [2],
        5,
    )


def perceptron(function: str = "relu", degree: int = 1) -> Statement:
    """U f(V x) and a law per hidden neuron: degree * |U[:, i]|^2 - |V[i]|^2. For relu it needs degree 1."""
    return make(
        [
            Leaf("U", "param", (N, R)),
            Leaf("V", "param", (R, M)),
            Leaf("x", "input", (M,)),
            Einsum((1, 2), ((0, 1), (1,)), (0,), (R, M)),
            Apply(function, 3),
            Einsum((0, 4), ((0, 1), (1,)), (0,), (N, R)),
            Einsum((0, 0), ((0, 1), (0, 1)), (1,), (N, R)),
            Einsum((1, 1), ((0, 1), (0, 1)), (0,), (R, M)),
            Sum((scale(degree, 6), scale(-1, 7))),
        ],
        [5],
        8,
        activations=(("s", None), ("h", Fraction(2))),
    )


def scalars(
    *nodes: Sketch,
    outputs: Sequence[int] = (2,),
    law: int = 0,
    domain: str = "real",
    functions: tuple[str, ...] = (),
) -> Statement:
    """Parameters a and b (nodes 0 and 1), then these nodes."""
    leaves: list[Sketch] = [Leaf("a", "param", (), domain), Leaf("b", "param", ())]
    return make([*leaves, *nodes], outputs, law, activations=(("s", None), ("h", Fraction(2))), functions=functions)


def witness(
    a: int | Fraction = 1,
    b: int | Fraction = 1,
    residue: int | Fraction = 1,
    choices: Choices | None = None,
    sizes: dict[str, int] | None = None,
) -> Witness:
    """A witness for `scalars`."""
    leaves = {"a": {(): Fraction(a)}, "b": {(): Fraction(b)}}
    return Witness(sizes or {}, leaves, choices or Choices(), (), 0, (), Fraction(residue))


def every_kind() -> Statement:
    """A statement with a node of every kind in it; its law is the balance of two scalars."""
    n = constant(3)
    return make(
        [
            Leaf("a", "param", (), "positive"),
            Leaf("b", "param", ()),
            Leaf("x", "input", n),
            Leaf("c", "const", n),
            product(0, 1),
            Einsum((4, 2), ((), (0,)), (0,), n),
            Apply("tanh", 5),
            Gather(6, 0, Size.of(2), (-1,), n),
            Product(7),
            Einsum((7, 3), ((0,), (1,)), (0, 1), (*n, *n)),
            Det(9),
            Call("F", (7,), n, 1),
            power(11, 2),
            Number(Size.of(5)),
            power(0, 2),
            power(1, 2),
            Sum((scale(1, 14), scale(-1, 15))),
            Stop(10),
        ],
        [8, 10, 12, 17],
        16,
        functions=("F",),
    )

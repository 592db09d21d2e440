"""Flows: what is no flow, a condition for a law for each field, witnesses against either, certificates."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claws.cli import main
from claws.discovery.conjectures import CONJECTURES
from claws.kernel.core.errors import Malformed, Meter, Refused
from claws.kernel.core.flow import Field, Flow, Part, flow_of, gradient_flow, velocity_of
from claws.kernel.core.program import Apply, Leaf, Node, Number, Sum, power
from claws.kernel.core.sizes import ONE, Size
from claws.kernel.core.statement import Statement
from claws.kernel.counting.evidence import Bundle, Sandwich, Step, Tree
from claws.kernel.counting.involution import ONE_FIELD
from claws.kernel.counting.points import Point, Setting, coordinates, parameters
from claws.kernel.counting.statements import Count
from claws.kernel.format.certificate import Certificate, read_certificate
from claws.kernel.format.printing import render_statement
from claws.kernel.laws.evidence import ByPolynomials, ByTensors
from claws.kernel.values.evidence import Choices, Witness
from claws.prover.certificates import digest, write_certificate
from claws.prover.counting import decide_number
from claws.prover.path_ranks import path_rank
from claws.readings.modular import PRIMES
from claws.readings.points import ModularPoint
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from tests.kernel.models import constant, judge, make, preconditioned, product, refuses, scale, with_factors

P = PRIMES[0]
AT_ONCE = ByTensors({})

A, B, VEL_A, VEL_B, T, UNIT, MAP, SLOWER_A, SLOWER_B, GROWTH, DIFFERENCE, TOTAL, LAW, PUSHED, X, PAIR = range(16)
NODES: tuple[Node, ...] = (
    Leaf("a", "param", ()),
    Leaf("b", "param", ()),
    Leaf("vel(a)", "velocity", ()),
    Leaf("vel(b)", "velocity", ()),
    Leaf("t", "time", ()),
    Number(ONE),
    Sum((scale(1, A), scale(1, B))),
    Sum((scale(-1, VEL_A),)),
    Sum((scale(-1, VEL_B),)),
    Apply("exp", T),
    Sum((scale(1, VEL_A), scale(-1, VEL_B))),
    Sum((scale(1, VEL_A), scale(1, VEL_B))),
    product(GROWTH, DIFFERENCE),
    product(GROWTH, TOTAL),
    Leaf("x", "input", ()),
    Leaf("pair", "const", constant(2)),
)
"""The map a + b under the friction 1. `LAW` is conserved; `DIFFERENCE` is not along the drift, `PUSHED` not along the control."""

DRIFT = (Part("a", VEL_A), Part("b", VEL_B), Part("vel(a)", SLOWER_A), Part("vel(b)", SLOWER_B), Part("t", UNIT))
CONTROL = (Part("vel(a)", None, "a"), Part("vel(b)", None, "b"))
MOMENTUM = flow_of((*DRIFT, *CONTROL))


def momentum(law: int = LAW, flow: Flow = MOMENTUM) -> Statement:
    return make(NODES, [MAP], law, flow=flow)


def without(target: str) -> list[Part]:
    """The parts of the flow but for the drift of this leaf."""
    return [part for part in (*DRIFT, *CONTROL) if part.target != target or part.gradient is not None]


def at(law_entry: tuple[int, ...] = (), output: int | None = 0, residue: int = 1, **leaves: int) -> Witness:
    """A witness for `momentum`; `va` and `vb` are velocities."""
    names = {"va": "vel(a)", "vb": "vel(b)"}
    values: dict[str, dict[tuple[int, ...], Fraction]] = {
        names.get(name, name): {(): Fraction(x)} for name, x in leaves.items()
    }
    return Witness({}, values, Choices(), law_entry, output, (), Fraction(residue))


def statement(text: str, law: str = "l") -> Statement:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return Instance(spec, {}).statement(law)


# --- what is no flow ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        ((*DRIFT, Part("a", VEL_A), *CONTROL), "a drift is given twice"),
        ((*DRIFT, *CONTROL, Part("vel(a)", UNIT, "a")), "a factor is given twice"),
        ((*DRIFT, *CONTROL, Part("a", None, "a")), "a factor is given twice"),
        ((*DRIFT, *CONTROL, Part("vel(a)", None, "c")), "a factor is given twice"),
        ((*DRIFT, *CONTROL, Part("vel(vel(a))", UNIT, "vel(a)")), r"the factor of vel\(vel\(a\)\) does not fit"),
        ((*DRIFT, Part("vel(a)", None, "vel(a)")), r"moves by the gradient in vel\(a\), which does not fit it"),
        ((*DRIFT, *CONTROL, Part("c", UNIT, "c")), "the factor of c does not fit"),
        ((*DRIFT, *CONTROL, Part("a", None, "c")), "a moves by the gradient in c, which does not fit it"),
        ((*DRIFT, *CONTROL, Part("a", None, "x")), "a moves by the gradient in x, which does not fit it"),
        ((*DRIFT, *CONTROL, Part("a", None, "pair")), "a moves by the gradient in pair, which does not fit it"),
        ((*DRIFT, Part("vel(a)", PAIR, "a"), CONTROL[1]), r"the factor of vel\(a\) does not fit"),
        ((*DRIFT, *CONTROL, Part("pair", PAIR)), "the drift of pair does not fit"),
        ((*DRIFT, *CONTROL, Part("x", UNIT)), "the drift of x does not fit"),
        ((*without("a"), Part("a", PAIR)), "the drift of a does not fit"),
        ((*without("a"), Part("a", X)), "the flow mentions the input x"),
        ((*DRIFT, Part("vel(a)", X, "a"), CONTROL[1]), "the flow mentions the input x"),
        (without("t"), "t is a time, so its derivative is 1"),
        ((*without("t"), Part("t", T)), "t is a time, so its derivative is 1"),
        ((*DRIFT, Part("t", None, "a"), CONTROL[1]), "the gradient in a moves t, neither it nor its velocity"),
        (
            (*DRIFT, Part("vel(b)", None, "a"), Part("vel(a)", None, "b")),
            r"the gradient in b moves vel\(a\), neither it nor its velocity",
        ),
        (
            (*DRIFT, Part("a", None, "a"), Part("b", None, "b")),
            "a velocity has a meaning in a flow of second order only",
        ),
        ((*DRIFT, CONTROL[0]), "a velocity has a meaning in a flow of second order only"),
        (DRIFT, "a velocity has a meaning in a flow of second order only"),
        ((*DRIFT, Part("vel(a)", len(NODES), "a"), CONTROL[1]), "a node that is not there"),
        ((*without("a"), Part("a", -1)), "a node that is not there"),
        ((*DRIFT, Part("a"), *CONTROL), "the drift of a is not given"),
    ],
)
def test_a_flow_that_does_not_fit_is_refused(parts: Sequence[Part], reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        momentum(flow=flow_of(parts))


A_DRIFT, A_PUSH = Part("a", UNIT), Part("a", None, "a")


@pytest.mark.parametrize(
    ("degree", "parts", "reason"),
    [
        (2, (A_PUSH,), "the degree of a field in the gradient is 0 or 1"),
        (-1, (A_DRIFT,), "the degree of a field in the gradient is 0 or 1"),
        (0, (A_PUSH,), "what moves a is not of degree 0 in the gradient"),
        (1, (A_DRIFT,), "what moves a is not of degree 1 in the gradient"),
        (1, (A_PUSH, Part("b", UNIT)), "what moves b is not of degree 1 in the gradient"),
        (0, (), "a field has no parts"),
        (0, (Part("b", UNIT), A_DRIFT), "the parts of a field are not in the order of what they move"),
    ],
)
def test_a_field_is_homogeneous(degree: int, parts: tuple[Part, ...], reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        Field(degree, parts)


def test_a_flow_has_one_field_of_each_degree() -> None:
    drift, control = MOMENTUM.fields
    assert (drift.degree, control.degree) == (0, 1)
    for fields in ((control, drift), (drift, drift), (control, control)):
        with pytest.raises(Malformed, match="not in the order of their degrees, each once"):
            Flow(fields)


@pytest.mark.parametrize(
    "parts",
    [
        (*DRIFT, *CONTROL),
        (*DRIFT, Part("vel(a)", UNIT, "a"), CONTROL[1]),
        (*DRIFT, Part("vel(a)", GROWTH, "a"), Part("vel(b)", VEL_A, "b")),
        (Part("t", UNIT), *CONTROL),
    ],
    ids=["momentum", "a factor", "factors of the state", "no friction"],
)
def test_a_flow_that_fits_is_accepted(parts: Sequence[Part]) -> None:
    assert momentum(flow=flow_of(parts)).flow == flow_of(reversed(parts))


def test_a_flow_of_second_order_needs_every_velocity() -> None:
    nodes: list[Node] = [Leaf("a", "param", ()), Leaf("b", "param", ()), Leaf("vel(a)", "velocity", ())]
    complete = [*nodes, Leaf("vel(b)", "velocity", ())]
    flow = flow_of(CONTROL)
    assert make(complete, [0], 1, flow=flow).flow == flow
    with pytest.raises(Malformed, match=r"the factor of vel\(b\) does not fit a part of the state"):
        make(nodes, [0], 1, flow=flow)
    with pytest.raises(Malformed, match=r"vel\(b\) moves by the gradient in b, which does not fit it"):
        make([*nodes, Leaf("vel(b)", "velocity", constant(2))], [0], 1, flow=flow)
    with pytest.raises(Malformed, match="a velocity has a meaning in a flow of second order only"):
        make([*complete, Leaf("vel(c)", "velocity", ())], [0], 1, flow=flow)


def test_no_gradient_moves_the_time() -> None:
    """Whatever it is called."""
    nodes: list[Node] = [Leaf("a", "param", ()), Leaf("vel(a)", "time", ()), Number(ONE)]
    passing = Part("vel(a)", 2)
    assert make(nodes, [0], 2, flow=flow_of([passing])).flow.drift == {"vel(a)": 2}
    with pytest.raises(Malformed, match=r"the gradient in a moves vel\(a\), neither it nor its velocity"):
        make(nodes, [0], 2, flow=flow_of([passing, CONTROL[0]]))
    with pytest.raises(Malformed, match=r"the gradient in a moves vel\(a\), neither it nor its velocity"):
        make([nodes[0], Leaf("vel(a)", "param", ())], [0], 1, flow=flow_of([CONTROL[0]]))


@pytest.mark.parametrize(("node", "word"), [(VEL_A, r"vel\(a\)"), (T, "t")])
def test_an_output_sees_parameters_alone(node: int, word: str) -> None:
    assert make(NODES, [A], LAW, flow=MOMENTUM).outputs == (A,)
    with pytest.raises(Malformed, match=f"an output mentions {word}"):
        make(NODES, [node], LAW, flow=MOMENTUM)


def test_a_law_mentions_the_state_but_no_data() -> None:
    for n in (A, VEL_A, T, PAIR):
        assert momentum(n).law == n
    with pytest.raises(Malformed, match="the law mentions x"):
        momentum(X)


def test_the_coordinates_are_those_of_the_state() -> None:
    program = momentum().program
    assert (parameters(program), coordinates(program)) == (2, 5)


# --- both conditions ---------------------------------------------------------------------------------------------------


def test_a_law_is_conserved_along_the_drift_and_the_controls() -> None:
    assert judge(momentum(), AT_ONCE).method == "tensors"
    assert judge(momentum(), ByPolynomials()).method == "polynomials"


@pytest.mark.parametrize(
    ("law", "reason"),
    [(DIFFERENCE, "along the drift is not zero"), (PUSHED, r"residue at entry \[\] of the law and \[\] of the output")],
    ids=["controls only", "drift only"],
)
def test_either_condition_alone_is_not_enough(law: int, reason: str) -> None:
    refuses(momentum(law), AT_ONCE, "the normal form of the residue does not vanish")
    refuses(momentum(law), ByPolynomials(), reason)


@pytest.mark.parametrize("law", [T, VEL_A, A], ids=["time", "velocity", "parameter"])
def test_the_state_itself_moves(law: int) -> None:
    refuses(momentum(law), AT_ONCE, "does not vanish")
    refuses(momentum(law), ByPolynomials(), "along the drift is not zero")
    assert judge(momentum(UNIT), ByPolynomials()).verdict == "PROVED"


def test_factors_are_those_of_the_controls() -> None:
    """With the factor 2 for a, va - 2*vb is conserved along the control, va - vb is not."""
    two = Number(Size.of(2))
    twice = Sum((scale(1, VEL_A), scale(-2, VEL_B)))
    nodes = [*NODES, two, twice, product(GROWTH, len(NODES) + 1)]
    flow = with_factors(MOMENTUM, a=len(NODES))
    true = make(nodes, [MAP], len(NODES) + 2, flow=flow)
    for evidence, reason in ((AT_ONCE, "does not vanish"), (ByPolynomials(), "is not zero")):
        assert judge(true, evidence).verdict == "PROVED"
        refuses(replace(true, law=LAW), evidence, reason)
        refuses(replace(true, flow=MOMENTUM), evidence, reason)


def test_a_factor_is_taken_once() -> None:
    """a' = -2 dE/da, b' = -dE/db: a - 2*b is conserved by the map a + b; a - b and a - 4*b are for no factor and for two."""
    two = Number(Size.of(2))
    laws: list[Node] = [Sum((scale(1, 0), scale(-k, 1))) for k in (1, 2, 4)]
    nodes: list[Node] = [Leaf("a", "param", ()), Leaf("b", "param", ()), Sum((scale(1, 0), scale(1, 1))), two, *laws]
    true = make(nodes, [2], 5, flow=preconditioned("a", "b", a=3))
    for evidence in (AT_ONCE, ByPolynomials()):
        assert judge(true, evidence).verdict == "PROVED"
        for law in (4, 6):
            refuses(replace(true, law=law), evidence, "not")
    for law, residue in ((4, 1), (6, -2)):
        assert judge(replace(true, law=law), at(residue=residue)).verdict == "REFUTED"


def test_what_no_field_moves_stands_still() -> None:
    """b alone moves, so a is conserved and b is not."""
    nodes: list[Node] = [Leaf("a", "param", ()), Leaf("b", "param", ()), product(0, 1)]
    frozen = make(nodes, [2], 0, flow=preconditioned("b"))
    free = make(nodes, [2], 0)
    assert free.flow == preconditioned("a", "b") == gradient_flow(free.program)
    for evidence in (AT_ONCE, ByPolynomials()):
        assert judge(frozen, evidence).verdict == "PROVED"
        refuses(free, evidence, "not")
        refuses(replace(frozen, law=1), evidence, "not")
    refuses(frozen, at(a=2, b=3, residue=3), "the residue at the witness is zero")
    assert judge(free, at(a=2, b=3, residue=3)).verdict == "REFUTED"
    assert judge(replace(frozen, law=1), at(a=2, b=3, residue=2)).verdict == "REFUTED"


def test_a_coordinate_that_stands_still_is_counted() -> None:
    """Of a, b and c only b and c move, by the map a*b*c: a and b^2 - c^2 are the laws."""
    nodes: list[Node] = [Leaf(x, "param", ()) for x in "abc"]
    nodes += [product(0, 1, 2), power(1, 2), power(2, 2), Sum((scale(1, 4), scale(-1, 5)))]
    frozen, free = (make(nodes, [3], 6, flow=flow) for flow in (preconditioned("b", "c"), None))
    laws = tuple((law, ByPolynomials()) for law in (0, 6))
    evidence = Sandwich((), laws, (Step(1, 1),), P, 0)
    assert judge(Count(frozen.program, (3,), frozen.flow, "=", 2), evidence).verdict == "PROVED"
    refuses(Count(free.program, (3,), free.flow, "=", 2), evidence, "is not zero")
    point = Point(frozen, Setting(P, 0), Meter(10**6))
    field = dict(zip(point.coordinates, point.element(Step(1, 1), 0, 0), strict=True))
    assert [bool(field[x, ()]) for x in "abc"] == [False, True, True]


def test_a_drift_alone_is_no_plain_gradient_flow() -> None:
    """One function of the parameters, so one field and all of its functions: not where there is a drift or a second field."""
    nodes: list[Node] = [Leaf("a", "param", ()), Leaf("b", "param", ()), product(0, 1)]
    plain = make(nodes, [2], 2)
    evidence = Sandwich((), (), (), P, 0, involution=ONE_FIELD)
    assert judge(Count(plain.program, (2,), plain.flow, ">=", 1), evidence).verdict == "PROVED"
    drifting = flow_of([*plain.flow.parts(1), Part("a", 0)])
    refuses(Count(plain.program, (2,), drifting, ">=", 1), evidence, "for each field that is not in its basis")


@pytest.mark.parametrize("flow", [preconditioned("a"), preconditioned("a", "b", a=0), flow_of([A_PUSH, Part("b", 0)])])
def test_paths_are_followed_under_plain_gradient_flow_only(flow: Flow) -> None:
    nodes: list[Node] = [Leaf("a", "param", ()), Leaf("b", "param", ()), product(0, 1)]
    bundle = Bundle(0, (0,), (), ())
    for plain in (make(nodes, [2], 2), make(nodes, [2], 2, flow=preconditioned("b", "a"))):
        assert path_rank(plain, [bundle], Setting(P, 0), Meter(10**6))[0] == 1
    with pytest.raises(Refused, match="under plain gradient flow only"):
        path_rank(make(nodes, [2], 2, flow=flow), [bundle], Setting(P, 0), Meter(10**6))


NAMES = ("a", "b", "c")


@given(
    st.permutations(NAMES),
    st.lists(st.sampled_from([None, 0, 1]), min_size=3, max_size=3),
    st.lists(st.integers(-5, 5), min_size=6, max_size=6),
)
def test_the_transpose_is_one(order: list[str], factors: list[int | None], numbers: list[int]) -> None:
    """<B^T h, u> = <h, B u>, also where B is defined on a part of the leaves."""
    flow = flow_of(
        Part(name if k % 2 else velocity_of(name), n, name)
        for k, (name, n) in enumerate(zip(order[:2], factors, strict=False))
    )
    values = {0: 7, 1: 11}
    u = dict(zip(NAMES, numbers[:3], strict=True))
    h = dict(zip([*NAMES, *map(velocity_of, NAMES)], [*numbers[3:], *numbers[:3]], strict=True))

    def times(n: int, x: int) -> int:
        return values[n] * x

    there, back = flow.control(u, times), flow.transposed(h, times)
    assert sum(h[x] * y for x, y in there.items()) == sum(u[x] * y for x, y in back.items())


def test_what_is_printed_determines_the_flow() -> None:
    """Flows that differ are printed differently, also those that leave something where it is."""
    others = [
        flow_of(parts)
        for parts in (
            (*DRIFT, *CONTROL),
            (*without("a"),),
            (*DRIFT, Part("vel(a)", UNIT, "a"), CONTROL[1]),
            (*DRIFT, Part("vel(a)", GROWTH, "a"), CONTROL[1]),
            (*DRIFT, CONTROL[0], Part("vel(b)", UNIT, "b")),
            (*without("vel(a)"), Part("vel(a)", VEL_A)),
        )
    ]
    texts = [render_statement(momentum(flow=flow)) for flow in others]
    assert len(set(texts)) == len(set(others)) == len(others)
    assert "\n  a' = %2\n  b' = %3\n  vel(a)' = %7 - grad_a\n  vel(b)' = %8 - grad_b\n  t' = %5\n" in texts[0]
    assert "\n  a' = 0\n" in texts[1]
    assert "\n  vel(a)' = %7 - %9*grad_a\n" in texts[3]
    nodes: list[Node] = [Leaf("a", "param", ()), Leaf("b", "param", ())]
    assert "\n  a' = -grad_a\n  b' = 0\n" in render_statement(make(nodes, [0], 1, flow=preconditioned("a")))


def test_for_all_sizes() -> None:
    head = "dim n, m, r\nconst tau\nparam U: [n, r], V: [m, r]\nmap U @ V.T\nflow momentum(tau)\n"
    moment = "U.T @ vel(U) - vel(U).T @ U + V.T @ vel(V) - vel(V).T @ V"
    sizes = ByTensors({"n": 1, "m": 1, "r": 1})
    assert judge(statement(f"{head}law l = exp(tau*t)*({moment})"), sizes).sizes is None
    for law in (moment, f"exp(2*tau*t)*({moment})", "U.T @ U - V.T @ V", "exp(tau*t)*(U.T @ vel(U) - vel(U).T @ U)"):
        refuses(statement(f"{head}law l = {law}"), sizes, "does not vanish")


# --- witnesses ---------------------------------------------------------------------------------------------------------


def test_a_witness_against_the_drift_has_no_output() -> None:
    assert judge(momentum(DIFFERENCE), at(output=None, residue=-3, va=3)).verdict == "REFUTED"
    # no control changes it
    refuses(momentum(DIFFERENCE), at(residue=-3, va=3), "the residue at the witness is zero")


def test_a_witness_against_a_control_has_an_output() -> None:
    assert judge(momentum(PUSHED), at(residue=2)).verdict == "REFUTED"
    # the drift leaves it alone
    refuses(momentum(PUSHED), at(output=None, residue=2, va=1), "the residue at the witness is zero")


@pytest.mark.parametrize(
    ("witness", "reason"),
    [
        (at(output=None, residue=-2, va=3), "the residue at the witness is -3, not -2"),
        (at(output=None, residue=0, va=3), "the residue at the witness is -3, not 0"),
        (at(output=None, residue=-3, va=3, vb=3), "the residue at the witness is zero"),
        (at(output=None, residue=-3), "the residue at the witness is zero"),
        (at(output=None, residue=-3, va=3, t=-1), "the witness has a negative time"),
        (at(output=1, residue=-3, va=3), "names an output that is not there"),
        (at(output=-1, residue=-3, va=3), "names an output that is not there"),
        (at((0,), output=None, residue=-3, va=3), "names an entry that the law does not have"),
        (at(output=None, residue=-3, va=3, s=1), "something that the statement does not mention"),
    ],
)
def test_a_wrong_witness_against_the_drift_is_refused(witness: Witness, reason: str) -> None:
    refuses(momentum(DIFFERENCE), witness, reason)
    assert judge(momentum(DIFFERENCE), at(output=None, residue=-3, va=3, t=1)).verdict == "REFUTED"


def test_training_begins_at_time_0() -> None:
    assert judge(momentum(T), at(output=None)).verdict == "REFUTED"
    assert judge(momentum(T), at(output=None, t=5)).verdict == "REFUTED"
    refuses(momentum(T), at(output=None, t=-5), "training begins at 0")


def test_a_flow_without_drift_has_no_witness_against_it() -> None:
    nodes: list[Node] = [Leaf("a", "param", ()), Leaf("b", "param", ()), product(0, 1)]
    plain = make(nodes, [2], 0)
    assert judge(plain, at(a=0, b=1)).verdict == "REFUTED"
    refuses(plain, at(output=None, a=1, b=1), "the residue at the witness is zero")


def test_friction_is_evaluated_where_it_is_defined() -> None:
    inverse = power(T, -1)
    slow: list[Node] = [product(len(NODES), SLOWER_A), product(len(NODES), SLOWER_B)]
    drift = (*DRIFT[:2], Part("vel(a)", len(NODES) + 1), Part("vel(b)", len(NODES) + 2), DRIFT[4])
    here = make([*NODES, inverse, *slow], [MAP], DIFFERENCE, flow=flow_of((*drift, *CONTROL)))
    assert judge(here, at(output=None, residue=-1, va=2, t=2)).verdict == "REFUTED"
    refuses(here, at(output=None, residue=-1, va=2, t=0), "division by zero")


# --- ranks: the kernel's and NumPy's -----------------------------------------------------------------------------------

TREES: list[Tree] = [1, (1, 1), (1, (1, 1)), ((1, 1), (1, 1)), (1, (1, (1, 1)))]

MODELS = {
    "momentum": "param U: [2, 2], V: [1, 2]\nmap U @ V.T\nflow momentum(1/2)\nlaw l = exp(t)*(vel(U) + U*U)",
    "nesterov": "input x: [2]\nparam a: [2], b: [2], unused\nconst c\nmap sum(a*tanh(b*x)), c*a[0]\nflow momentum(3/t)\n"
    "law l = t^3*(a*vel(b) - vel(a)*b)/c",
    "decay": "param a: [2], b\nconst lam: [2]\nmap a*b\nflow gradient, decay(lam, a)\nlaw l = exp(2*lam*t)*a*b",
    "rates": "param a: [2], b in positive\nmap sum(a*b)\nflow momentum(1/(1 + t)), rate(exp(-t), a), rate(2), decay(t)\n"
    "precondition a by 1 + a^2, b by b\nlaw l = vel(a)^2*b/t",
    "schedule": "param a: [2], b\ninput x\nmap sum(a*tanh(b*x))\nflow gradient, rate(1/(1 + t))\nlaw l = t*a - b",
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", [0, 1])
def test_arrays_and_the_kernel_draw_the_same_elements(name: str, seed: int) -> None:
    s = statement(MODELS[name])
    setting = Setting(P, seed)
    exact, fast = Point(s, setting, Meter(10**9)), ModularPoint(s, setting, Meter(10**9))
    for k, tree in enumerate(TREES):
        got = np.mod(np.rint(fast.elements(tree, k, range(2))), P).astype(int).tolist()
        assert got == [exact.element(Step(tree, 2), k, j) for j in range(2)], tree
    dense = np.mod(np.rint(np.concatenate(list(fast.law_gradients([s.law])))), P).astype(int).tolist()
    sparse = [tuple(row.get(c, 0) for c in range(len(exact.coordinates))) for row in exact.law_gradients([s.law])]
    assert sorted(sparse) == sorted(tuple(r) for r in dense if any(r))


def test_a_generator_is_the_drift_and_a_gradient() -> None:
    point = Point(momentum(), Setting(P, 0), Meter(10**6))
    a, b = (dict(zip(point.coordinates, point.element(Step(1, 2), 0, k), strict=True)) for k in range(2))
    theta = {name: x.parts[0] for (name, _), x in zip(point.coordinates, point.theta, strict=True) if x is not None}
    for field in (a, b):
        assert field["t", ()] == 1
        assert (field["a", ()], field["b", ()]) == (theta["vel(a)"], theta["vel(b)"])
        # the same number moves both velocities
        pushes = [(field[v, ()] + theta[v]) % P for v in ("vel(a)", "vel(b)")]
        assert pushes[0] == pushes[1] != 0
    assert a["vel(a)", ()] != b["vel(a)", ()]


# --- certificates ------------------------------------------------------------------------------------------------------

FILE = (
    "param U: [1, 2], V: [1, 2]\nmap U @ V.T\nflow momentum(1)\n"
    "let J = U.T @ vel(U) - vel(U).T @ U + V.T @ vel(V) - vel(V).T @ V\n"
    "law moment = exp(t)*J\nlaw still = J expect refuted\ncount = 2\n"
)


def test_a_law_survives_its_certificate() -> None:
    for s, evidence in ((momentum(), AT_ONCE), (momentum(DIFFERENCE), at(output=None, residue=-3, va=3))):
        text = write_certificate(Certificate(s, evidence, {}))
        back = read_certificate(text)
        assert isinstance(back.statement, Statement)
        assert (back.statement, digest(back.statement)) == (s, digest(s))
        assert write_certificate(back) == text
        assert judge(back.statement, back.evidence).verdict == judge(s, evidence).verdict


def test_a_count_survives_its_certificate() -> None:
    spec = load_text(FILE)
    count = Instance(spec, {}).number_statement(spec.claims[-1])
    assert isinstance(count, Count)
    theorem = decide_number(count, [], CONJECTURES).theorem
    assert theorem is not None
    assert isinstance(theorem.evidence, Sandwich)
    assert (theorem.verdict, theorem.found["coordinates"], theorem.found["count_at_most"]) == ("PROVED", 9, 2)
    text = write_certificate(Certificate(count, theorem.evidence, {}))
    back = read_certificate(text)
    assert (back.statement, write_certificate(back)) == (count, text)


Data = dict[str, Any]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Path]]:
    """The file and the certificates of its claims."""
    folder = tmp_path_factory.mktemp("flow")
    file, certificates = folder / "m.claw", folder / "certificates"
    file.write_text(FILE, encoding="utf-8")
    assert main(["check", str(file), "--certificates", str(certificates)]) == 0
    return file, sorted(certificates.iterdir())


Parts = list[Data]


def drift_of(flow: Data) -> Parts:
    """The parts of the field of degree 0: target, factor and no gradient."""
    drift, _ = flow["fields"]
    assert (drift.keys(), drift["degree"]) == ({"degree", "parts"}, 0)
    return drift["parts"]


def control_of(flow: Data) -> Parts:
    _, control = flow["fields"]
    assert (control.keys(), control["degree"]) == ({"degree", "parts"}, 1)
    return control["parts"]


def first_order(flow: Data, data: Data) -> None:
    for part in control_of(flow):
        part["target"] = part["gradient"]


def no_drift(flow: Data, data: Data) -> None:
    del flow["fields"][0]


def no_control(flow: Data, data: Data) -> None:
    del flow["fields"][1]


def no_friction(flow: Data, data: Data) -> None:
    flow["fields"][0]["parts"] = [x for x in drift_of(flow) if not x["target"].startswith("vel")]


def a_factor(flow: Data, data: Data) -> None:
    control_of(flow)[0]["factor"] = drift_of(flow)[0]["factor"]


def _drifting(flow: Data, name: str, node: int) -> None:
    for part in drift_of(flow):
        if part["target"] == name:
            part["factor"] = node


def speed_up(flow: Data, data: Data) -> None:
    """vel(U)' = +vel(U)."""
    _drifting(flow, "vel(U)", next(x["factor"] for x in drift_of(flow) if x["target"] == "U"))


def time_stands(flow: Data, data: Data) -> None:
    """t' = t."""
    (t,) = (n for n, node in enumerate(data["statement"]["program"]["nodes"]) if node[:2] == ["leaf", "t"])
    _drifting(flow, "t", t)


def more_fields(flow: Data, data: Data) -> None:
    flow["noise"] = 1


def another_degree(flow: Data, data: Data) -> None:
    flow["fields"][1]["degree"] = 2


def exchanged(flow: Data, data: Data) -> None:
    """The gradient in U moves vel(V), that in V moves vel(U)."""
    first, second = control_of(flow)
    first["gradient"], second["gradient"] = second["gradient"], first["gradient"]


def twice(flow: Data, data: Data) -> None:
    control_of(flow).append(control_of(flow)[-1])


def out_of_order(flow: Data, data: Data) -> None:
    control_of(flow).reverse()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (first_order, "a velocity has a meaning in a flow of second order only"),
        (no_control, "a velocity has a meaning in a flow of second order only"),
        (no_drift, "t is a time, so its derivative is 1"),
        (time_stands, "t is a time, so its derivative is 1"),
        (no_friction, "about another statement than the claim"),
        (a_factor, "about another statement than the claim"),
        (speed_up, "about another statement than the claim"),
        (more_fields, "missing or unknown fields: noise"),
        (another_degree, "the degree of a field in the gradient is 0 or 1"),
        (exchanged, "neither it nor its velocity"),
        (twice, "a factor is given twice"),
        (out_of_order, "the parts of a field are not in the order of what they move"),
    ],
)
def test_another_flow_is_another_statement(
    written: tuple[Path, list[Path]],
    change: Callable[[Data, Data], None],
    reason: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file, certificates = written
    assert len(certificates) == 3
    for certificate in certificates:
        data = json.loads(certificate.read_text(encoding="utf-8"))
        change(data["statement"]["flow"], data)
        changed = tmp_path / certificate.name
        changed.write_text(json.dumps(data), encoding="utf-8")
        assert main(["verify", str(file), str(certificate)]) == 0
        capsys.readouterr()
        assert main(["verify", str(file), str(changed)]) == 4
        assert reason in capsys.readouterr().out

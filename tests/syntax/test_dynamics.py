"""What `flow` and `precondition` mean: the fields that move the state, and what is said of a flow that means nothing."""

from __future__ import annotations

from fractions import Fraction

import pytest

from claws.kernel.core.errors import Meter
from claws.kernel.core.flow import velocity_of
from claws.kernel.core.program import Program
from claws.kernel.core.statement import Statement
from claws.kernel.counting.statements import Count
from claws.kernel.values.evaluation import Array, evaluate
from claws.kernel.values.evidence import Choices
from claws.kernel.values.rationals import Rationals
from claws.syntax.diagnostic import Diagnostic
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from claws.syntax.spec import Spec

HEAD = "const e: [2], c\nparam u: [2], v\ninput x\nmap sum(u)*v*x\n"

POINT = {
    "u": [2, 3], "v": [5], "vel(u)": [7, 11], "vel(v)": [13], "t": [2], "c": [17], "e": [19, 23],
}  # fmt: skip
"""The point at which fields are compared."""

Entries = dict[str, list[int | Fraction]]

Fields = tuple[Entries, Entries, bool]
"""Factors by parameter, the drift by state leaf, and whether the gradient moves velocities."""


def good(text: str) -> Spec:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return spec


def model(flow: str, head: str = HEAD) -> Count:
    return Instance(good(f"{head}{flow}\n"), {}).model()


def entries(program: Program, node: int) -> list[int | Fraction]:
    """The entries of a node at `POINT`, row by row."""
    leaves: dict[str, Array] = {
        leaf.name: {(i,) if program.shapes[n] else (): Fraction(x) for i, x in enumerate(POINT[leaf.name])}
        for n, leaf in program.leaves("param", "velocity", "time", "const")
    }
    found = evaluate(program, [node], leaves, Rationals({}, Choices()), Meter(10_000))[node]
    places = [(0,), (1,)] if program.shapes[node] else [()]
    return [Fraction(found.get(i, 0)) for i in places]


def fields(flow: str, head: str = HEAD) -> Fields:
    m = model(flow, head)
    factors = {x.gradient: entries(m.program, x.factor) for x in m.flow.parts(1) if x.gradient and x.factor is not None}
    moved = {x.gradient: x.target for x in m.flow.parts(1)}
    momentum = "vel(u)" in moved.values()
    assert moved == {name: velocity_of(name) if momentum else name for name in ("u", "v")}
    return factors, {name: entries(m.program, n) for name, n in m.flow.drift.items()}, momentum


def only(flow: str, head: str = HEAD) -> Diagnostic:
    found = load_text(f"{head}{flow}\nlaw l = 1\n").diagnostics
    assert len(found) == 1, found
    return found[0]


# --- first order -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("flow", ["", "flow gradient"])
def test_gradient_flow_is_the_default(flow: str) -> None:
    assert fields(flow) == ({}, {}, False)
    assert not model(flow).program.leaves("time", "velocity")


@pytest.mark.parametrize(
    ("flow", "factors"),
    [
        ("flow gradient, rate(3)", {"u": [3, 3], "v": [3]}),
        ("flow gradient, rate(c)", {"u": [17, 17], "v": [17]}),
        ("flow gradient, rate(3, u)", {"u": [3, 3]}),
        ("flow gradient, rate(e, u)", {"u": [19, 23]}),
        ("flow gradient, rate(3, u, v)", {"u": [3, 3], "v": [3]}),
        ("flow gradient, rate(3), rate(4, v)", {"u": [3, 3], "v": [4]}),
        ("flow gradient, rate(4, v), rate(3)", {"u": [3, 3], "v": [4]}),
        ("flow gradient, rate(3, u), rate(4, v)", {"u": [3, 3], "v": [4]}),
        ("flow gradient, rate(0, v)", {"v": [0]}),
        ("precondition u by 3", {"u": [3, 3]}),
        ("precondition u by u, v by v^2", {"u": [2, 3], "v": [25]}),
        ("flow gradient, rate(3)\nprecondition u by u", {"u": [6, 9], "v": [3]}),
        ("precondition u by u\nflow gradient, rate(e, u)", {"u": [38, 69]}),
    ],
)
def test_rates_and_preconditioners_multiply_the_gradient(flow: str, factors: Entries) -> None:
    assert fields(flow) == (factors, {}, False)


@pytest.mark.parametrize(
    ("flow", "factors", "drift"),
    [
        ("decay(3)", {}, {"u": [-6, -9], "v": [-15]}),
        ("decay(3, v)", {}, {"v": [-15]}),
        ("decay(e, u)", {}, {"u": [-38, -69]}),
        ("decay(3), decay(1, v)", {}, {"u": [-6, -9], "v": [-5]}),
        ("decay(3), decay(0, v)", {}, {"u": [-6, -9], "v": [0]}),
        ("decay(t)", {}, {"u": [-4, -6], "v": [-10]}),
        ("decay(1), rate(3)", {"u": [3, 3], "v": [3]}, {"u": [-6, -9], "v": [-15]}),
        ("rate(3), decay(1)", {"u": [3, 3], "v": [3]}, {"u": [-6, -9], "v": [-15]}),
        ("decay(1, u), rate(3, v)", {"v": [3]}, {"u": [-2, -3]}),
        ("decay(1, u), rate(e, u)", {"u": [19, 23]}, {"u": [-38, -69]}),
        ("rate(1/(1 + t))", {"u": [Fraction(1, 3)] * 2, "v": [Fraction(1, 3)]}, {}),
        ("rate(t, v)", {"v": [2]}, {}),
    ],
)
def test_weight_decay_and_schedules(flow: str, factors: Entries, drift: Entries) -> None:
    assert fields(f"flow gradient, {flow}") == (factors, {**drift, "t": [1]}, False)


def test_a_preconditioner_leaves_weight_decay_alone() -> None:
    factors, drift, _ = fields("flow gradient, decay(1), rate(3)\nprecondition u by u")
    assert factors == {"u": [6, 9], "v": [3]}
    assert drift == {"u": [-6, -9], "v": [-15], "t": [1]}


# --- second order ------------------------------------------------------------------------------------------------------

MOVING = {"u": [7, 11], "v": [13], "t": [1]}


@pytest.mark.parametrize(
    ("flow", "factors", "drift"),
    [
        ("momentum(0)", {}, {"vel(u)": [0, 0], "vel(v)": [0]}),
        ("momentum(3)", {}, {"vel(u)": [-21, -33], "vel(v)": [-39]}),
        ("momentum(c)", {}, {"vel(u)": [-119, -187], "vel(v)": [-221]}),
        ("momentum(2/t)", {}, {"vel(u)": [-7, -11], "vel(v)": [-13]}),
        ("momentum(1), decay(10, v)", {}, {"vel(u)": [-7, -11], "vel(v)": [-63]}),
        ("momentum(0), decay(e, u)", {}, {"vel(u)": [-38, -69], "vel(v)": [0]}),
        # friction is not multiplied by the rate, the decay is
        ("momentum(1), decay(1, v), rate(2)", {"u": [2, 2], "v": [2]}, {"vel(u)": [-7, -11], "vel(v)": [-23]}),
        ("momentum(1), rate(t, u)", {"u": [2, 2]}, {"vel(u)": [-7, -11], "vel(v)": [-13]}),
        ("momentum(1)\nprecondition v by v", {"v": [5]}, {"vel(u)": [-7, -11], "vel(v)": [-13]}),
    ],
)
def test_momentum(flow: str, factors: Entries, drift: Entries) -> None:
    assert fields(f"flow {flow}") == (factors, {**MOVING, **drift}, True)


def test_a_parameter_that_the_map_ignores_is_a_part_of_the_state() -> None:
    for flow, velocities in (("flow momentum(1)", {"vel(u)", "vel(v)"}), ("flow gradient", set())):
        program = model(flow, "param u: [2], v\nmap v\n").program
        assert {leaf.name for _, leaf in program.leaves("param")} == {"u", "v"}
        assert {leaf.name for _, leaf in program.leaves("velocity")} == velocities


# --- the same meaning --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("flow gradient, rate(2, u)", "precondition u by 2"),
        ("flow gradient, rate(e, u)", "flow gradient\nprecondition u by e"),
        ("flow gradient, rate(2)", "flow gradient, rate(2, u, v)"),
        ("flow gradient, rate(2)", "flow gradient, rate(2, v), rate(2, u)"),
        ("flow gradient, decay(c)", "flow gradient, decay(c, u), decay(c, v)"),
        ("flow gradient, decay(1), rate(2)", "flow gradient, rate(2), decay(1)"),
        ("flow gradient, decay(1, u), rate(2)", "flow gradient, decay(2, u)\nprecondition u by 2, v by 2"),
        ("flow momentum(1), rate(2, u)", "flow momentum(1)\nprecondition u by 2"),
        ("flow momentum(c)", "let tau = c\nflow momentum(tau)"),
        ("flow momentum(1 + 2)", "flow momentum(3)"),
        ("flow momentum(1), decay(0)", "flow momentum(1)"),
        ("flow momentum(3/t)", "flow momentum(3*t^-1)"),
    ],
)
def test_forms_that_mean_the_same(one: str, other: str) -> None:
    assert fields(one) == fields(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("flow gradient, rate(2, u)", "flow gradient, rate(2, v)"),
        ("flow gradient, decay(1), rate(2)", "flow gradient, decay(1)\nprecondition u by 2, v by 2"),
        ("flow gradient, decay(1)", "flow momentum(1)"),
        ("flow momentum(0)", "flow gradient"),
        ("flow momentum(1), rate(2)", "flow momentum(2)"),
        ("flow momentum(1), decay(1)", "flow momentum(1)"),
    ],
)
def test_forms_that_mean_different_things(one: str, other: str) -> None:
    assert fields(one) != fields(other)


def test_rates_at_free_sizes() -> None:
    head = "dim n, r\nparam U: [n, r]\nmap U\n"
    true = Instance(good(f"{head}const e: [r]\nflow gradient, rate(e)\nlaw l = U\n"), {}).statement("l")
    (part,) = true.flow.parts(1)
    assert (part.target, part.gradient) == ("U", "U")
    assert part.factor is not None
    assert true.program.shapes[part.factor] == true.program.shapes[true.law]
    found = only("const e: [n]\nflow gradient, rate(e)", head)
    assert (found.code, found.message) == ("CLAW022", "`U` is n x r, its rate is a vector of n")


# --- the time and the velocities ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("flow", ["momentum(1)", "gradient, decay(1)", "gradient, rate(t)"])
def test_laws_may_mention_the_time(flow: str) -> None:
    law = Instance(good(f"{HEAD}let s = 2*t\nflow {flow}\nlaw l = s*t\n"), {}).statement("l")
    assert isinstance(law, Statement)
    assert entries(law.program, law.law) == [8]


@pytest.mark.parametrize("flow", ["", "flow gradient", "flow gradient, rate(2)"])
def test_without_a_part_that_needs_it_there_is_no_time(flow: str) -> None:
    found = load_text(f"{HEAD}{flow}\nlaw l = t\n").diagnostics
    assert [(d.code, d.message) for d in found] == [("CLAW021", "unknown name `t`")]
    # and it may be declared
    assert Instance(good(f"{HEAD}{flow}\nconst t\nlaw l = t\n"), {}).statement("l").flow.drift == {}


def test_a_rate_may_mention_the_time_through_a_let() -> None:
    assert fields("let k = 1/(1 + t)\nflow gradient, rate(k)") == fields("flow gradient, rate(1/(1 + t))")


def test_friction_may_mention_the_time_through_a_let() -> None:
    assert fields("let k = 3/t\nflow momentum(k)") == fields("flow momentum(3/t)")


def test_velocities_have_the_shape_of_their_parameter() -> None:
    law = Instance(good(f"{HEAD}flow momentum(1)\nlet w = vel(u)\nlaw l = u*w\n"), {}).statement("l")
    assert entries(law.program, law.law) == [14, 33]


# --- errors ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("flow", "code", "place", "message"),
    [
        ("flow momentum", "CLAW032", (5, 6), "`flow momentum` needs its friction"),
        ("flow momentum(1, 2)", "CLAW032", (5, 6), "`flow momentum` needs its friction"),
        ("flow gradient(1)", "CLAW032", (5, 15), "`flow gradient` takes no argument"),
        ("flow gradient, decay", "CLAW032", (5, 16), "`decay` needs a number"),
        ("flow momentum(1), rate", "CLAW032", (5, 19), "`rate` needs a number"),
        ("flow gradient, decay(1, x)", "CLAW032", (5, 25), "`decay` is about parameters, and this is none"),
        ("flow gradient, rate(1, 2)", "CLAW032", (5, 24), "`rate` is about parameters, and this is none"),
        ("flow gradient, rate(1, u, c)", "CLAW032", (5, 27), "`rate` is about parameters, and this is none"),
        (
            "flow gradient, rate(1, u), rate(2, u)", "CLAW032", (5, 28), "`rate` is given twice: `u` has two of them"
        ),
        (
            "flow gradient, decay(1), decay(2)", "CLAW032", (5, 26),
            "`decay` is given twice: two of them are for all parameters",
        ),
        ("flow gradient, rate(1, u, u)", "CLAW032", (5, 16), "`rate` is given twice: `u` has two of them"),
        ("flow momentum(e)", "CLAW022", (5, 15), "a friction is one number, this is a vector of 2"),
        ("flow gradient, decay(e, v)", "CLAW022", (5, 22), "`v` is a scalar, its decay is a vector of 2"),
        ("flow gradient, rate(e)", "CLAW022", (5, 21), "`v` is a scalar, its rate is a vector of 2"),
        ("flow gradient, rate(ones(3), u)", "CLAW022", (5, 21), "`u` is a vector of 2, its rate is a vector of 3"),
        ("flow momentum(v)", "CLAW032", (5, 15), "a friction can't depend on `v`, which training moves"),
        ("flow gradient, decay(v)", "CLAW032", (5, 22), "a decay can't depend on `v`, which training moves"),
        ("flow gradient, rate(u, u)", "CLAW032", (5, 21), "a rate can't depend on `u`, which training moves"),
        ("let w = v^2\nflow momentum(w)", "CLAW032", (6, 15), "a friction can't depend on `v`, which training moves"),
        ("flow momentum(1)\nconst t", "CLAW020", (6, 7), "`t` is the time under this flow"),
        ("let t = 1\nflow gradient, decay(1)", "CLAW020", (5, 5), "`t` is the time under this flow"),
        ("flow gradient\nflow momentum(1)", "CLAW027", (6, 1), "a second `flow`: the first is in line 5"),
    ],
)  # fmt: skip
def test_a_flow_that_means_nothing(flow: str, code: str, place: tuple[int, int], message: str) -> None:
    found = only(flow)
    assert (found.code, (found.span.line, found.span.column), found.message) == (code, place, message)


@pytest.mark.parametrize("part", ["momentum(w)", "momentum(1), rate(w)", "momentum(1), decay(w)"])
def test_a_velocity_is_no_part_of_a_coefficient(part: str) -> None:
    assert only(f"let w = vel(v)\nflow {part}").code == "CLAW032"


def test_an_input_is_no_part_of_a_flow() -> None:
    for flow in ("flow momentum(x)", "flow gradient, rate(x)", "let y = x\nflow gradient, decay(y)"):
        found = only(flow)
        assert found.code == "CLAW028"
        assert "a flow cannot mention the input" in found.message


@pytest.mark.parametrize("what", ["vel(u)[0]", "t"])
def test_the_map_sees_neither_velocities_nor_the_time(what: str) -> None:
    found = load_text(f"param u: [2]\nlet s = {what}\nflow momentum(1)\nmap u[0] + s\n").diagnostics
    name = what.removesuffix("[0]")
    assert [(d.code, d.span.line) for d in found] == [("CLAW028", 4)]
    assert found[0].message == f"the map can't mention `{name}`: the loss sees parameters and data"
    assert good(f"param u: [2]\nlet s = {what}\nflow momentum(1)\nmap u[0]\nlaw l = s\n").claims


def test_near_misses_are_suggested() -> None:
    assert only("flow gradient, rate(1, w)", "param ww\nmap ww\n").hint == "did you mean `ww`?"
    assert only("flow momentum").hint == "write `flow momentum(tau)`"
    assert only("flow gradient, decay").hint == "write `decay(lambda)`"
    assert "`precondition U by ...` may mention parameters" in only("flow momentum(v)").hint

"""Flows with a drift: what is no flow, both conditions for a law, witnesses against either, certificates."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claws.cli import main
from claws.kernel.core.errors import Malformed, Meter
from claws.kernel.core.evidence import ByPolynomials, ByTensors, Choices, Sandwich, Tree, Witness
from claws.kernel.core.flow import Flow
from claws.kernel.core.program import Apply, Leaf, Node, Number, Power, Sum
from claws.kernel.core.sizes import ONE, Size
from claws.kernel.core.statement import Count, Statement
from claws.kernel.counting.points import Point, coordinates, parameters
from claws.kernel.format.certificate import Certificate, digest, read_certificate, write_certificate
from claws.prover.counting import decide_number
from claws.readings.modular import PRIMES
from claws.readings.points import ModularPoint
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from tests.kernel.models import constant, judge, make, product, refuses, scale

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

DRIFT = (("a", VEL_A), ("b", VEL_B), ("vel(a)", SLOWER_A), ("vel(b)", SLOWER_B), ("t", UNIT))
MOMENTUM = Flow((), DRIFT, True)


def momentum(law: int = LAW, flow: Flow = MOMENTUM) -> Statement:
    return make(NODES, [MAP], law, flow=flow)


def without(name: str) -> tuple[tuple[str, int], ...]:
    return tuple((owner, n) for owner, n in DRIFT if owner != name)


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
    ("flow", "reason"),
    [
        (replace(MOMENTUM, drift=(*DRIFT, ("a", VEL_A))), "a drift is given twice"),
        (replace(MOMENTUM, factors=(("a", UNIT), ("a", UNIT))), "a factor is given twice"),
        (replace(MOMENTUM, factors=(("vel(a)", UNIT),)), r"the factor of vel\(a\) does not fit"),
        (replace(MOMENTUM, factors=(("c", UNIT),)), "the factor of c does not fit"),
        (replace(MOMENTUM, factors=(("a", PAIR),)), "the factor of a does not fit"),
        (replace(MOMENTUM, drift=(*DRIFT, ("pair", PAIR))), "the drift of pair does not fit"),
        (replace(MOMENTUM, drift=(*DRIFT, ("x", UNIT))), "the drift of x does not fit"),
        (replace(MOMENTUM, drift=(*without("a"), ("a", PAIR))), "the drift of a does not fit"),
        (replace(MOMENTUM, drift=(*without("a"), ("a", X))), "the flow mentions the input x"),
        (replace(MOMENTUM, factors=(("a", X),)), "the flow mentions the input x"),
        (replace(MOMENTUM, drift=without("t")), "t is a time, so its derivative is 1"),
        (replace(MOMENTUM, drift=(*without("t"), ("t", T))), "t is a time, so its derivative is 1"),
        (replace(MOMENTUM, second_order=False), "a velocity has a meaning in a flow of second order only"),
        (replace(MOMENTUM, factors=(("a", len(NODES)),)), "a node that is not there"),
    ],
)
def test_a_flow_that_does_not_fit_is_refused(flow: Flow, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        momentum(flow=flow)


@pytest.mark.parametrize(
    "flow",
    [
        MOMENTUM,
        replace(MOMENTUM, factors=(("a", UNIT),)),
        replace(MOMENTUM, factors=(("a", GROWTH), ("b", VEL_A))),
        replace(MOMENTUM, drift=(("t", UNIT),)),
    ],
    ids=["momentum", "a factor", "factors of the state", "no friction"],
)
def test_a_flow_that_fits_is_accepted(flow: Flow) -> None:
    assert momentum(flow=flow).flow == flow


def test_a_flow_of_second_order_needs_every_velocity() -> None:
    nodes: list[Node] = [Leaf("a", "param", ()), Leaf("b", "param", ()), Leaf("vel(a)", "velocity", ())]
    complete = [*nodes, Leaf("vel(b)", "velocity", ())]
    assert make(complete, [0], 1, flow=Flow((), (), True)).flow.second_order
    with pytest.raises(Malformed, match="moves the velocity of b, which is not there"):
        make(nodes, [0], 1, flow=Flow((), (), True))
    with pytest.raises(Malformed, match="moves the velocity of b, which is not there"):
        make([*nodes, Leaf("vel(b)", "velocity", constant(2))], [0], 1, flow=Flow((), (), True))


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
    flow = replace(MOMENTUM, factors=(("a", len(NODES)),))
    true = make(nodes, [MAP], len(NODES) + 2, flow=flow)
    for evidence, reason in ((AT_ONCE, "does not vanish"), (ByPolynomials(), "is not zero")):
        assert judge(true, evidence).verdict == "PROVED"
        refuses(replace(true, law=LAW), evidence, reason)
        refuses(replace(true, flow=MOMENTUM), evidence, reason)


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
    inverse = Power(T, Fraction(-1))
    slow: list[Node] = [product(len(NODES), SLOWER_A), product(len(NODES), SLOWER_B)]
    drift = (*DRIFT[:2], ("vel(a)", len(NODES) + 1), ("vel(b)", len(NODES) + 2), DRIFT[4])
    here = make([*NODES, inverse, *slow], [MAP], DIFFERENCE, flow=Flow((), drift, True))
    assert judge(here, at(output=None, residue=-1, va=2, t=2)).verdict == "REFUTED"
    refuses(here, at(output=None, residue=-1, va=2, t=0), "division by zero")


# --- ranks: the kernel's and NumPy's -----------------------------------------------------------------------------------

TREES: list[Tree] = [1, (1, 1), (1, (1, 1)), ((1, 1), (1, 1)), (1, (1, (1, 1)))]

MODELS = {
    "momentum": "param U: [2, 2], V: [1, 2]\nmap U @ V.T\nflow momentum(1/2)\nlaw l = exp(t)*(vel(U) + U*U)",
    "nesterov": "input x: [2]\nparam a: [2], b: [2], unused\nconst c\nmap sum(a*relu(b*x)), c*a[0]\nflow momentum(3/t)\n"
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
    exact, fast = Point(s, P, seed, Meter(10**9)), ModularPoint(s, P, seed, Meter(10**9))
    for k, tree in enumerate(TREES):
        got = np.mod(np.rint(fast.elements(tree, k, range(2))), P).astype(int).tolist()
        assert got == [exact.element(tree, k, j) for j in range(2)], tree
    dense = np.mod(np.rint(np.concatenate(list(fast.law_gradients([s.law])))), P).astype(int).tolist()
    sparse = [tuple(row.get(c, 0) for c in range(len(exact.coordinates))) for row in exact.law_gradients([s.law])]
    assert sorted(sparse) == sorted(tuple(r) for r in dense if any(r))


def test_a_generator_is_the_drift_and_a_gradient() -> None:
    point = Point(momentum(), P, 0, Meter(10**6))
    a, b = (dict(zip(point.coordinates, point.element(1, k), strict=True)) for k in range(2))
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
    theorem = decide_number(count, []).theorem
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


def first_order(flow: Data, data: Data) -> None:
    flow["second_order"] = False


def no_drift(flow: Data, data: Data) -> None:
    flow["drift"] = []


def no_friction(flow: Data, data: Data) -> None:
    flow["drift"] = [x for x in flow["drift"] if not x[0].startswith("vel")]


def a_factor(flow: Data, data: Data) -> None:
    flow["factors"] = [["U", dict(flow["drift"])["U"]]]


def speed_up(flow: Data, data: Data) -> None:
    """vel(U)' = +vel(U)."""
    velocity = dict(flow["drift"])["U"]
    flow["drift"] = [[name, velocity if name == "vel(U)" else n] for name, n in flow["drift"]]


def time_stands(flow: Data, data: Data) -> None:
    """t' = t."""
    (t,) = (n for n, node in enumerate(data["statement"]["nodes"]) if node[:2] == ["leaf", "t"])
    flow["drift"] = [[name, t if name == "t" else n] for name, n in flow["drift"]]


def more_fields(flow: Data, data: Data) -> None:
    flow["noise"] = 1


def no_truth_value(flow: Data, data: Data) -> None:
    flow["second_order"] = 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (first_order, "a velocity has a meaning in a flow of second order only"),
        (no_drift, "t is a time, so its derivative is 1"),
        (time_stands, "t is a time, so its derivative is 1"),
        (no_friction, "about another statement than the claim"),
        (a_factor, "about another statement than the claim"),
        (speed_up, "about another statement than the claim"),
        (more_fields, "missing or unknown fields: noise"),
        (no_truth_value, "second_order is true or false"),
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

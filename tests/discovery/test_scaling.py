"""Weights that undo friction and decay, and the laws that are found with them."""

from __future__ import annotations

import pytest

from claws.discovery.scaling import scaled_model
from claws.kernel.core.errors import Meter
from claws.kernel.counting.statements import Count
from claws.kernel.laws.by_polynomials import generic_point
from claws.kernel.laws.polynomials import Polynomials
from claws.kernel.values.evaluation import directional, evaluate
from claws.runner.options import Options
from claws.runner.sweep import count_at
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text

SCALARS = "const tau, lambda\nparam u, v\nmap u*v\n"


def model(text: str) -> Count:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return Instance(spec, {}).model()


def weights(text: str) -> dict[str, str]:
    return {name: weight.text for name, weight in scaled_model(model(text))[1].items()}


def both(text: str) -> dict[str, str]:
    return {"u": text, "v": text}


def velocities(text: str) -> dict[str, str]:
    return {"vel(u)": text, "vel(v)": text}


@pytest.mark.parametrize(
    ("flow", "found"),
    [
        ("momentum(tau)", velocities("exp(tau*t)")),
        ("momentum(2)", velocities("exp(2*t)")),
        ("momentum(1/2)", velocities("exp(1/2*t)")),
        ("momentum(-1)", velocities("exp(-1*t)")),
        ("momentum(2*tau)", velocities("exp(2*tau*t)")),
        ("momentum(tau + lambda)", velocities("exp(tau*t + lambda*t)")),
        ("momentum(tau*lambda)", velocities("exp(tau*lambda*t)")),
        ("momentum(3/t)", velocities("t^3")),
        ("momentum(1/t + 2/t)", velocities("t^3")),
        ("momentum(-2/t)", velocities("t^-2")),
        ("gradient, decay(lambda)", both("exp(lambda*t)")),
        ("gradient, decay(2*lambda)", both("exp(2*lambda*t)")),
        ("gradient, decay(lambda), rate(2)", both("exp(2*lambda*t)")),
        ("gradient, decay(lambda), rate(tau)", both("exp(tau*lambda*t)")),
        ("gradient, decay(lambda, v)", {"v": "exp(lambda*t)"}),
        ("gradient, decay(2/t)", both("t^2")),
        # the decay pulls at velocities, and is no multiple of them
        ("momentum(tau), decay(lambda)", velocities("exp(tau*t)")),
    ],
)
def test_a_weight_undoes_growth(flow: str, found: dict[str, str]) -> None:
    assert weights(f"{SCALARS}flow {flow}\n") == found


@pytest.mark.parametrize(
    "flow",
    [
        *("gradient", "gradient, rate(1/(1 + t))", "gradient, decay(t)", "gradient, decay(1/(1 + t))"),
        *("momentum(t)", "momentum(exp(-t))", "momentum(1 + 1/t)", "momentum(tau/t)", "momentum(1/(2*t))"),
        *("momentum(1/tau)", "momentum(1/t^2)"),
    ],
)
def test_no_weight_is_known(flow: str) -> None:
    assert weights(f"{SCALARS}flow {flow}\n") == {}


def test_there_is_none_where_the_decay_is_an_array() -> None:
    text = "param u: [2], v: [2]\nconst lambda: [2], one\nmap sum(u*v)\nflow gradient, "
    assert weights(f"{text}decay(lambda)\n") == {}
    assert weights(f"{text}decay(lambda, u), decay(one, v)\n") == {"v": "exp(one*t)"}
    assert weights(f"{text}decay(one), rate(lambda, u)\n") == {"v": "exp(one*t)"}


@pytest.mark.parametrize("flow", ["momentum(tau)", "momentum(3/t)", "gradient, decay(2*lambda), rate(3)"])
def test_a_weight_is_a_solution(flow: str) -> None:
    """w' = -a*w, exactly."""
    scaled, found = scaled_model(model(f"{SCALARS}flow {flow}\n"))
    assert found
    meter = Meter(100_000)
    ring = Polynomials({}, meter)
    point = generic_point(scaled.program, ring)
    for weight in found.values():
        factor, growth = weight.factor, weight.growth
        values = evaluate(scaled.program, [factor, growth], point, ring, meter)
        slope = directional(scaled.program, [factor], point, {"t": {(): ring.variable("one", "one")}}, ring, meter)
        one = ring.variable("one", "one")
        assert ring.vanishes(slope[factor][()] + values[growth][()] * values[factor][()] * one)


# --- laws that no file names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number", "written"),
    [
        ("param U: [1, 2], V: [1, 2]\nmap U @ V.T\nflow momentum(1)", 2, "exp(t)*(U[0, 0]*vel(U)[0, 1] - "),
        (
            "const tau\nparam U: [1, 2], V: [1, 2]\nmap U @ V.T\nflow momentum(tau)",
            2,
            "exp(tau*t)*(U[0, 0]*vel(U)[0, 1] - ",
        ),
        pytest.param(
            "param U: [1, 2], V: [1, 2]\nmap U @ V.T\nflow momentum(3/t)",
            2,
            "t^3*(U[0, 0]*vel(U)[0, 1] - ",
            marks=pytest.mark.slow,
        ),
        ("param u, v\nmap u*v\nflow gradient, decay(1)", 1, "exp(t)^2*(u^2 - v^2)"),
        ("param u, v\nmap u*v\nflow gradient, decay(2/t)", 1, "t^4*(u^2 - v^2)"),
        ("param u, v\nmap u + v\nflow momentum(2)", 2, "exp(2*t)*(vel(u) - vel(v))"),
        ("param u, rest\nmap u\nflow momentum(2)", 2, "exp(2*t)*vel(rest)"),
        ("param u, v\nmap u + v\nflow momentum(2)\nlaw l = u - v + (vel(u) - vel(v))/2", 2, "l"),
        ("param u, rest\nmap u\nflow momentum(0)", 2, "vel(rest)"),
        ("param u, v\nmap u*v\nflow momentum(1)", 0, ""),
    ],
)
def test_the_count_needs_no_law_in_the_file(text: str, number: int, written: str) -> None:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    row = count_at(spec, {}, Options(timeout=None))
    assert (row.at_least, row.at_most) == (number, number)
    assert written in " ".join(row.laws)

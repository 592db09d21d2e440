"""Strategies: what they draw fits the file, shrinks to something small, and finds what is wrong in another's code."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st

from claws import loads, strategies
from claws.flows.losses import SQUARE
from claws.flows.problem import TrainingProblem

NET = loads(
    "dim n, m, r\ninput x: [m]\nconst k in nonzero\nparam U: [n, r], V: [r, m], a: [r] in positive\n"
    "map U @ (a * relu(V @ x)) * k\n"
    "law balance = diag(U.T @ U) - a^2\nlaw small = a[0] - a[1] for r = 2, n in 1..2\n"
)
LINEAR = loads("dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T\nlaw balance = U.T @ U - V.T @ V\n")
MOMENTUM = loads("dim r\nparam u, v: [r]\nmap dot(u, v)\nflow momentum(3/t)\nlaw l = t*vel(u)\n")
AT = {"n": 2, "m": 3, "r": 2}

brief = settings(max_examples=40, deadline=None)


@brief
@given(strategies.sizes(NET))
def test_sizes_are_those_of_the_free_dims(at: dict[str, int]) -> None:
    assert set(at) == {"n", "m", "r"}
    assert all(1 <= n <= 3 for n in at.values())


@brief
@given(strategies.sizes(NET, "small"))
def test_sizes_of_a_law_are_those_of_its_claim(at: dict[str, int]) -> None:
    assert at["r"] == 2 and at["n"] in (1, 2) and 1 <= at["m"] <= 3


@brief
@given(strategies.sizes(loads("dim n\nparam u: [n]\nmap u\nlaw l = u[1]\n"), "l"))
def test_sizes_without_a_meaning_are_not_drawn(at: dict[str, int]) -> None:
    assert at["n"] > 1


def test_a_law_that_is_not_there() -> None:
    with pytest.raises(KeyError, match="the model has no law `balence`; it has balance, small"):
        strategies.sizes(NET, "balence")


@brief
@given(strategies.parameters(NET, AT), strategies.data(NET, AT, samples=5), strategies.parameters(NET, AT, exact=False))
def test_numbers_are_inside_their_domains(exact: Any, known: Any, floats: Any) -> None:
    assert {name: x.shape for name, x in exact.items()} == {"U": (2, 2), "V": (2, 3), "a": (2,)}
    assert {name: x.shape for name, x in known.items()} == {"x": (5, 3), "k": ()}
    assert all(isinstance(x, Fraction) for array in [*exact.values(), *known.values()] for x in array.flat)
    assert all(x > 0 for x in exact["a"]) and known["k"][()] != 0
    assert all(x.dtype == np.float64 for x in floats.values()) and np.all(floats["a"] > 0)


@brief
@given(strategies.states(MOMENTUM, {"r": 2}))
def test_the_state_has_velocities_and_the_time(state: Any) -> None:
    assert set(state) == {"u", "v", "vel(u)", "vel(v)", "t"}
    assert state["t"][()] > 0


@brief
@given(strategies.losses(), st.floats(-2, 2), st.floats(-2, 2))
def test_losses_are_differentiable(loss: Any, y: float, target: float) -> None:
    h, t = 1e-6, np.array(target)
    slope = (loss.value(np.array(y + h), t) - loss.value(np.array(y - h), t)) / (2 * h)
    assert float(loss.slope(np.array(y), t)) == pytest.approx(float(slope), rel=1e-4, abs=1e-5)


@brief
@given(strategies.training_problems(NET, law="balance", samples=3))
def test_training_problems_fit_the_model(problem: TrainingProblem) -> None:
    n, m, r = (problem.sizes[d] for d in "nmr")
    assert problem.start["U"].shape == (n, r)
    count = len(problem.data["x"])
    assert 1 <= count <= 3 and problem.data["x"].shape == (count, m)
    assert problem.targets[0].shape == (count, n)
    assert np.isfinite(problem.energy())


@brief
@given(strategies.training_problems(LINEAR, at=AT, loss=st.just(SQUARE)))
def test_sizes_and_losses_can_be_given(problem: TrainingProblem) -> None:
    assert problem.sizes == AT and problem.loss is SQUARE
    np.testing.assert_allclose(problem.law_rate("balance"), 0, atol=1e-9)


def test_they_shrink_to_something_small() -> None:
    quietly = settings(
        max_examples=300, phases=[Phase.generate, Phase.shrink], database=None, suppress_health_check=list(HealthCheck)
    )
    problem = find(
        strategies.training_problems(LINEAR, law="balance"),
        lambda p: bool(np.max(np.abs(p.law_rate("balance", {"U": p.gradient()["U"], "V": 0 * p.start["V"]}))) > 1e-9),
        settings=quietly,
    )
    assert all(np.all(np.abs(x) <= 1) for x in problem.start.values())
    assert sum(np.count_nonzero(x) for x in problem.start.values()) <= 4
    drawn = find(strategies.parameters(LINEAR, AT), lambda p: p["U"][1, 1] > 0, settings=quietly)
    assert drawn["U"][1, 1] == 1 and np.count_nonzero(drawn["U"]) == 1 and not np.any(drawn["V"])


def test_another_implementation_that_is_wrong_is_found() -> None:
    def wrong(problem: TrainingProblem) -> dict[str, np.ndarray]:
        g = problem.gradient()
        g["V"] = g["V"] * 1.01
        return g

    @settings(max_examples=100, database=None, deadline=None, phases=[Phase.generate])
    @given(strategies.training_problems(LINEAR, law="balance"))
    def check(problem: TrainingProblem) -> None:
        np.testing.assert_allclose(problem.law_rate("balance", wrong(problem)), 0, atol=1e-8)

    with pytest.raises(AssertionError, match="Not equal to tolerance"):
        check()

"""Training problems: gradients against finite differences, flows against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.flows.losses import LOSSES, SQUARE, Loss, polynomial
from claws.flows.problem import CannotTrain, TrainingProblem, gradient_descent, gradient_flow, law_at, random_problem
from claws.syntax.reader import load_text
from claws.syntax.spec import Spec

LINEAR = (
    "dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T\nlaw balance = U.T @ U - V.T @ V\nlaw energy = sqnorm(U)\n"
)
NET = (
    "dim n, r\ninput x: [n]\nconst k in positive\nparam W: [r, n], b: [r], a: [r] in positive\n"
    "map sum(a * tanh(W @ x + k*b)), softmax(W @ x)\nlaw l = a\n"
)


def spec_of(text: str) -> Spec:
    spec = load_text(text, "model.claw")
    assert not spec.diagnostics
    return spec


def check_gradient(problem: TrainingProblem) -> None:
    """By central differences in every coordinate."""
    g = problem.gradient()
    h = 1e-6
    for name, x in problem.parameters.items():
        for i in np.ndindex(*x.shape):
            values = []
            for sign in (1, -1):
                moved = x.copy()
                moved[i] += sign * h
                values.append(problem.energy({**problem.start, name: moved}))
            slope = (values[0] - values[1]) / (2 * h)
            assert g[name][i] == pytest.approx(slope, rel=1e-5, abs=1e-7), (name, i)


@pytest.mark.parametrize("loss", [*LOSSES.values(), polynomial(0.5, -1.0, 0.25)], ids=str)
def test_the_gradient_is_that_of_the_energy(loss: Loss) -> None:
    check_gradient(random_problem(spec_of(NET), {"n": 2, "r": 3}, seed=1, samples=4, loss=loss))


@settings(max_examples=20, deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3))
def test_slopes_of_losses(y: float, target: float) -> None:
    h = 1e-6
    for loss in [*LOSSES.values(), polynomial(0.5, -1.0, 0.25)]:
        t = np.array(target)
        slope = (loss.value(np.array(y + h), t) - loss.value(np.array(y - h), t)) / (2 * h)
        assert float(loss.slope(np.array(y), t)) == pytest.approx(float(slope), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "solution"),
    [
        # E = (u - 2)^2/2 from 1
        ("param u\nmap u\nlaw l = u\n", lambda t: 2 - math.exp(-t)),
        ("param u\nmap u\nflow gradient, rate(3)\nlaw l = u\n", lambda t: 2 - math.exp(-3 * t)),
        ("param u\nmap u\nflow gradient, rate(t)\nlaw l = u\n", lambda t: 2 - math.exp(-(t**2) / 2)),
        ("param u\nmap u\nflow gradient, decay(1)\nlaw l = u\n", lambda t: 1.0),
        ("param u\nmap u\nflow gradient, decay(3)\nlaw l = u\n", lambda t: 0.5 + 0.5 * math.exp(-4 * t)),
        ("param u\nmap u\nprecondition u by 5\nlaw l = u\n", lambda t: 2 - math.exp(-5 * t)),
        # u'' + u = 2 from 1 at rest
        ("param u\nmap u\nflow momentum(0)\nlaw l = u\n", lambda t: 2 - math.cos(t)),
        # critically damped
        ("param u\nmap u\nflow momentum(2)\nlaw l = u\n", lambda t: 2 - (1 + t) * math.exp(-t)),
    ],
)  # fmt: skip
def test_flows_with_a_closed_form(text: str, solution: object) -> None:
    problem = random_problem(spec_of(text), {}, data={"target": np.array([2.0])})
    start = {name: np.array({"u": 1.0}.get(name, 0.0)) for name in problem.start}
    run = gradient_flow(problem.with_start(start), duration=1.5, points=7)
    assert not run.stopped
    assert callable(solution)
    np.testing.assert_allclose(run.laws()["l"], [solution(t) for t in run.times], rtol=1e-8)


def test_descent_halves_its_distance_from_the_flow_with_the_step() -> None:
    problem = random_problem(spec_of(LINEAR), {"n": 2, "m": 2, "r": 2}, seed=3)
    flow = gradient_flow(problem, points=2).states[-1]
    errors = [np.max(np.abs(gradient_descent(problem, s, points=2).states[-1] - flow)) for s in (0.02, 0.01, 0.005)]
    assert errors[0] / errors[1] == pytest.approx(2, rel=0.1)
    assert errors[1] / errors[2] == pytest.approx(2, rel=0.05)


def test_one_step_of_descent_is_what_it_says() -> None:
    problem = random_problem(spec_of(LINEAR), {"n": 2, "m": 1, "r": 1}, seed=3)
    after = problem.unpack(gradient_descent(problem, 0.125, 0.125, points=2).states[-1])
    for name, g in problem.gradient().items():
        np.testing.assert_array_equal(after[name], problem.start[name] - 0.125 * g)


def test_momentum_steps_move_the_velocity_first() -> None:
    problem = random_problem(spec_of("param u\nmap u\nflow momentum(2)\n"), {}, data={"target": np.array([2.0])})
    start = {"u": np.array(1.0), "vel(u)": np.array(3.0), "t": np.array(0.0)}
    after = problem.unpack(gradient_descent(problem.with_start(start), 0.5, 0.5, points=2).states[-1])
    assert float(after["vel(u)"]) == 3 + 0.5 * (-2 * 3 - (1 - 2))
    assert float(after["u"]) == 1 + 0.5 * float(after["vel(u)"])


def test_a_flow_ends_where_a_parameter_leaves_its_domain() -> None:
    problem = random_problem(spec_of("param u in positive\nmap u\n"), {}, data={"target": np.array([-2.0])})
    run = gradient_flow(problem.with_start({"u": np.array(1.0)}), duration=5)
    assert run.stopped == "a parameter leaves its domain"
    assert run.times[-1] < math.log(1.5) < 5


def test_a_flow_ends_before_it_overflows() -> None:
    problem = random_problem(spec_of("param u\nmap u^3\n"), {}, loss=polynomial(-1.0, 0.0, -1.0))
    run = gradient_flow(problem.with_start({"u": np.array(2.0)}), duration=5)
    assert run.stopped and np.all(np.isfinite(run.states))


def test_descent_ends_before_it_overflows() -> None:
    problem = random_problem(spec_of("param u\nmap u^3\n"), {}, loss=SQUARE)
    run = gradient_descent(problem.with_start({"u": np.array(9.0)}), 1.0, 50.0)
    assert run.stopped == "the steps diverge" and np.all(np.isfinite(run.states))


def test_friction_that_has_no_value_at_zero_starts_at_one() -> None:
    problem = random_problem(spec_of("param u\nmap u\nflow momentum(3/t)\n"), {})
    assert float(problem.start["t"]) == 1.0


def test_a_problem_is_determined_by_its_seed() -> None:
    first, again, other = (random_problem(spec_of(NET), {"n": 2, "r": 2}, seed) for seed in (4, 4, 5))
    assert repr(first) == repr(again) != repr(other)


def test_positive_parameters_start_positive() -> None:
    for seed in range(5):
        assert np.all(random_problem(spec_of(NET), {"n": 2, "r": 3}, seed).start["a"] > 0)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"x": np.ones((3, 5))}, "the data of `x` have shape (3, 5); expected (samples, 2)"),
        ({"x": np.ones((0, 2))}, "there are no samples"),
        ({"k": np.ones(2)}, "the constant `k` has shape (2,); expected ()"),
        ({"y": np.ones(2)}, "the model has no `y`; data may be given for x, k, target"),
        ({"target": np.ones((8, 3))}, "`target` has shape (8, 3); expected (8,)"),
        ({"target1": np.ones((8, 2))}, "`target1` has shape (8, 2); expected (8, 3)"),
    ],
)
def test_data_that_do_not_fit(data: dict[str, np.ndarray], reason: str) -> None:
    with pytest.raises(CannotTrain) as failure:
        random_problem(spec_of(NET), {"n": 2, "r": 3}, data=data)
    assert str(failure.value) == reason


def test_a_model_without_a_value_cannot_train() -> None:
    with pytest.raises(CannotTrain, match="no value at the start"):
        random_problem(spec_of("param u\nmap log(-u^2)\n"), {})


def test_the_rate_of_a_law_is_its_derivative_along_the_flow() -> None:
    problem = random_problem(spec_of(LINEAR), {"n": 2, "m": 2, "r": 2}, seed=1)
    np.testing.assert_allclose(problem.law_rate("balance"), 0, atol=1e-12)
    h = 1e-4
    moved = problem.motion(problem.start)
    values = [
        problem.law_values({k: x + s * h * moved[k] for k, x in problem.start.items()})["energy"] for s in (1, -1)
    ]
    np.testing.assert_allclose(problem.law_rate("energy"), (values[0] - values[1]) / (2 * h), rtol=1e-6)


def test_the_rate_of_a_law_sees_another_gradient() -> None:
    problem = random_problem(spec_of(LINEAR), {"n": 2, "m": 2, "r": 2}, seed=1)
    wrong = {name: (2 if name == "U" else 1) * g for name, g in problem.gradient().items()}
    assert np.max(np.abs(problem.law_rate("balance", wrong))) > 1e-3


def test_a_law_at_arrays() -> None:
    u, v = np.array([[1.0, 2.0]]), np.array([[3.0, -1.0], [0.5, 0.0]])
    np.testing.assert_allclose(law_at(spec_of(LINEAR), "balance", {"U": u, "V": v}, {}), u.T @ u - v.T @ v)
    with pytest.raises(CannotTrain, match="the law `balance` mentions `V`, and no value is given for it"):
        law_at(spec_of(LINEAR), "balance", {"U": u}, {"m": 2})
    with pytest.raises(CannotTrain, match="the arrays do not show the size m"):
        law_at(spec_of(LINEAR), "balance", {"U": u}, {})
    with pytest.raises(CannotTrain, match=r"laws of the model have no `W`; they may have U, V"):
        law_at(spec_of(LINEAR), "balance", {"W": u}, {})
    with pytest.raises(CannotTrain, match=r"`V` has shape \(2, 2\); expected \(3, 2\)"):
        law_at(spec_of(LINEAR), "balance", {"U": u, "V": v}, {"m": 3})

"""Hypothesis strategies for models: sizes, parameters, data, losses and whole training problems.

For property tests of your own code against a `.claw` file:

    import claws, numpy as np
    from claws.strategies import training_problems
    from hypothesis import given

    model = claws.load("two_layer.claw")

    @given(training_problems(model, law="balance"))
    def test_my_gradient_conserves_the_balance(problem):
        g = my_gradient(problem.parameters, problem.data, problem.targets)   # a dict of arrays: NumPy, or .numpy() of PyTorch
        np.testing.assert_allclose(problem.law_rate("balance", g), 0, atol=1e-8)

Everything shrinks: to small sizes, to few entries that are not zero, to small whole numbers. Settings and profiles are
hypothesis's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from claws.api import Model
from claws.flows.losses import Loss
from claws.flows.problem import TrainingProblem
from claws.testing import strategies as drawn

__all__ = ["data", "losses", "parameters", "sizes", "states", "training_problems"]

losses = drawn.losses


def sizes(model: Model, law: str | None = None, *, largest: int = 3) -> st.SearchStrategy[dict[str, int]]:
    """Sizes at which the model has a meaning, and the law if one is given, as a dict by dim.

    Those of the law's `for` clause, else 1 to `largest` for each free dim. Raises `KeyError` for a law that is not there.
    """
    return drawn.sizes(model.spec, law, largest=largest)


def parameters(model: Model, sizes: Mapping[str, int], *, exact: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """The parameters by name, inside their domains: arrays of `Fraction` (dtype object), or of float64."""
    return drawn.parameters(model.spec, sizes, exact=exact)


def states(model: Model, sizes: Mapping[str, int], *, exact: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """The whole state by name: parameters and, where the flow has them, velocities `vel(U)` and the time `t`."""
    return drawn.states(model.spec, sizes, exact=exact)


def data(
    model: Model, sizes: Mapping[str, int], *, samples: int | None = None, exact: bool = True
) -> st.SearchStrategy[dict[str, Any]]:
    """Inputs and constants by name. With `samples` every input has an axis of that length in front."""
    return drawn.data(model.spec, sizes, samples=samples, exact=exact)


def training_problems(
    model: Model,
    law: str | None = None,
    *,
    at: Mapping[str, int] | None = None,
    samples: int = 4,
    loss: st.SearchStrategy[Loss] | None = None,
) -> st.SearchStrategy[TrainingProblem]:
    """Training problems of a model in float64: sizes (or `at` these), initial state, data, targets and a loss.

    With a law, sizes are such that it has a meaning. Up to `samples` samples; one for a map without an input.
    """
    return drawn.training_problems(model.spec, law, at=at, samples=samples, loss=loss)

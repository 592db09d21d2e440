"""Laws that claws proves, watched while PyTorch trains: `torch.optim.SGD` on minibatches, with losses of its own.

PyTorch is large, so these tests run where it is asked for: `pytest -m torch`, as .ci/run does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import claws
from claws.kernel.core.finding import Verdict
from claws.syntax.instances.instance import Instance

if TYPE_CHECKING:
    from torch import Tensor

pytestmark = pytest.mark.torch

MLP = """
dim d, h, k
param W1: [h, d], b1: [h], W2: [k, h], b2: [k]
input x: [d]
map W2 @ relu(W1 @ x + b1) + b2
law neurons = diag(W1 @ W1.T) + b1^2 - diag(W2.T @ W2)
law no_bias = diag(W1 @ W1.T) - diag(W2.T @ W2)             expect refuted
law matrix  = W1 @ W1.T + outer(b1, b1) - W2.T @ W2         expect refuted
"""

CNN = """
dim c
param K: [c, 2, 3, 3], b: [c], W: [4, c*4]
input x: [2, 4, 4]
map W @ reshape(relu(conv2d(x, K, bias=b)), [c*4])
law channels = [sqnorm(K[i]) + b[i]^2 - sqnorm(reshape(W, [4, c, 4])[:, i]) for i in 0..c-1]
law no_bias  = [sqnorm(K[i]) - sqnorm(reshape(W, [4, c, 4])[:, i]) for i in 0..c-1]                expect refuted
law twice    = [sqnorm(K[i]) + b[i]^2 - 2*sqnorm(reshape(W, [4, c, 4])[:, i]) for i in 0..c-1]     expect refuted
"""

ATTENTION = """
dim T, e, a
param Q: [a, e], K: [a, e], V: [a, e], O: [e, a]
input x: [T, e]
map softmax((x @ Q.T) @ (x @ K.T).T / 2) @ (x @ V.T) @ O.T
law query_key    = Q @ Q.T - K @ K.T
law value_output = V @ V.T - O.T @ O
law query_value  = Q @ Q.T - V @ V.T       expect refuted
law wrong_sign   = V @ V.T + O.T @ O       expect refuted
"""


@dataclass
class Case:
    """A model, its sizes, and the same network in PyTorch: parameters by the names of the file."""

    text: str
    sizes: dict[str, int]
    forward: Callable[[Mapping[str, Tensor], Tensor], Tensor]
    shape: tuple[int, ...]
    """Of one input."""


def _mlp(p: Mapping[str, Tensor], x: Tensor) -> Tensor:
    from torch.nn import functional

    hidden = functional.relu(functional.linear(x, p["W1"], p["b1"]))
    return functional.linear(hidden, p["W2"], p["b2"])


def _cnn(p: Mapping[str, Tensor], x: Tensor) -> Tensor:
    from torch.nn import functional

    return functional.linear(functional.relu(functional.conv2d(x, p["K"], p["b"])).flatten(1), p["W"])


def _attention(p: Mapping[str, Tensor], x: Tensor) -> Tensor:
    from torch.nn import functional

    # a = 4 heads' width gives PyTorch's own scale 1/sqrt(4)
    q, k, v = x @ p["Q"].T, x @ p["K"].T, x @ p["V"].T
    return functional.scaled_dot_product_attention(q, k, v) @ p["O"].T


CASES = {
    "mlp": Case(MLP, {"d": 3, "h": 5, "k": 2}, _mlp, (3,)),
    "cnn": Case(CNN, {"c": 3}, _cnn, (2, 4, 4)),
    "attention": Case(ATTENTION, {"T": 3, "e": 3, "a": 4}, _attention, (3, 3)),
}


def train(case: Case, step: float, seed: int = 0) -> dict[str, np.ndarray]:
    """The drift of every law after training for one unit of time with steps of this length."""
    import torch
    from torch.nn import functional

    model = claws.loads(case.text, sizes=case.sizes)
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    names = model.spec.parameters()
    shapes = {
        leaf.name: tuple(int(str(n)) for n in leaf.shape)
        for _, leaf in Instance(model.spec, case.sizes).model().program.leaves("param")
    }
    parameters = {
        name: torch.nn.Parameter(0.5 * torch.randn(shapes[name], dtype=torch.float64, generator=generator))
        for name in names
    }
    x = torch.randn((64, *case.shape), dtype=torch.float64, generator=generator)
    with torch.no_grad():
        target = torch.randn(case.forward(parameters, x).shape, dtype=torch.float64, generator=generator)

    def laws() -> dict[str, np.ndarray]:
        arrays = {name: p.detach().numpy() for name, p in parameters.items()}
        return {name: law.evaluate(arrays, case.sizes) for name, law in model.laws.items()}

    start = laws()
    optimiser = torch.optim.SGD(list(parameters.values()), lr=step)
    for k in range(round(1 / step)):
        # minibatches by time, so that a run with half the step sees each of them for as long
        first = 16 * (int(k * step * 16) % 4)
        optimiser.zero_grad()
        output = case.forward(parameters, x[first : first + 16])
        loss: Any = functional.smooth_l1_loss(output, target[first : first + 16], beta=0.5)
        loss.backward()
        optimiser.step()
    return {name: np.abs(value - start[name]) for name, value in laws().items()}


@pytest.mark.parametrize("name", CASES)
def test_proved_laws_drift_by_the_step_and_refuted_ones_by_themselves(name: str) -> None:
    case = CASES[name]
    checked = {c.name: c for c in claws.loads(case.text, sizes=case.sizes).check().claims}
    assert all(c.holds for c in checked.values())
    coarse, fine = train(case, 1 / 256), train(case, 1 / 512)
    for law, claim in checked.items():
        order = math.log2(coarse[law].max() / fine[law].max())
        if claim.verdict is Verdict.PROVED:
            assert 0.85 < order < 1.15, law
            assert coarse[law].max() < 1e-2, law
        else:
            assert abs(order) < 0.15, law
            assert fine[law].max() > 10 * max(fine[p].max() for p, c in checked.items() if c.verdict is Verdict.PROVED)


@pytest.mark.parametrize("name", CASES)
def test_gradients_of_pytorch_pass_the_property_test(name: str) -> None:
    """The check of an implementation that the documentation shows, on PyTorch's own gradients."""
    import torch
    from hypothesis import given, settings

    from claws.flows.problem import TrainingProblem
    from claws.strategies import training_problems

    case = CASES[name]
    model = claws.loads(case.text, sizes=case.sizes)
    proved = [c.name for c in model.check().claims if c.verdict is Verdict.PROVED]

    @settings(max_examples=20, deadline=None)
    @given(training_problems(model, at=case.sizes))
    def gradients_agree(problem: TrainingProblem) -> None:
        parameters = {k: torch.tensor(p, requires_grad=True) for k, p in problem.parameters.items()}
        output = case.forward(parameters, torch.tensor(problem.data["x"]))
        slope = problem.loss.slope(output.detach().numpy(), problem.targets[0]) / len(problem.targets[0])
        output.backward(torch.tensor(np.ascontiguousarray(slope)))
        gradient = {k: p.grad.numpy() for k, p in parameters.items() if p.grad is not None}
        for k, g in problem.gradient().items():
            np.testing.assert_allclose(gradient[k], g, rtol=1e-9, atol=1e-9)
        for law in proved:
            np.testing.assert_allclose(problem.law_rate(law, gradient), 0, atol=1e-7)

    gradients_agree()

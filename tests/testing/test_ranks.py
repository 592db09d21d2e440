"""The number of laws in floating point, against numbers that are proved or known."""

from __future__ import annotations

import pytest

from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from claws.testing.ranks import MAX_COORDINATES, estimate

LINEAR = "dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T\n"
RELU = "dim n, m, r\ninput x: [m]\nparam U: [n, r], V: [r, m]\nmap U @ relu(V @ x)\n"


@pytest.mark.parametrize(
    ("text", "sizes", "depth", "count"),
    [
        (LINEAR, {"n": 2, "m": 2, "r": 2}, 2, 3),
        (LINEAR, {"n": 1, "m": 1, "r": 3}, 2, 5),
        (LINEAR, {"n": 2, "m": 2, "r": 2}, 1, 4),  # without brackets
        (RELU, {"n": 2, "m": 2, "r": 3}, 2, 3),
        ("param u, v\nmap u*tanh(v)\n", {}, 2, 1),
        ("input x\nparam u, v\nmap u*tanh(v*x)\n", {}, 2, 0),
        ("param u, v, w\nmap u*v\n", {}, 2, 2),
        (LINEAR + "flow momentum(1)\n", {"n": 2, "m": 1, "r": 2}, 8, 1),
        ("param u\nmap 0*u\n", {}, 1, 1),
    ],
)
def test_known_numbers(text: str, sizes: dict[str, int], depth: int, count: int) -> None:
    found = estimate(Instance(load_text(text, "f.claw"), sizes).model(), depth, seed=1)
    assert found is not None
    assert found.count == count
    assert found.gap > 100


def test_large_models_are_left_out() -> None:
    model = Instance(load_text(f"param u: [{MAX_COORDINATES + 1}]\nmap sum(u)\n", "f.claw"), {}).model()
    assert estimate(model, 1) is None


def test_a_model_without_a_value_has_no_number() -> None:
    assert estimate(Instance(load_text("param u\nmap sqrt(-1 - u^2)\n", "f.claw"), {}).model(), 1) is None

"""`claws test` catches laws that are wrong, with a small example, and says nothing of those that are right."""

from __future__ import annotations

import re

import pytest

from claws.report.trials import FileTrials
from claws.runner.options import Options
from claws.syntax.reader import load_text
from claws.testing.files import spec_tests
from claws.testing.laws import Plan
from tests.testing.broken import BROKEN, Broken


def outcome(text: str, seed: int = 0, examples: int = 30) -> FileTrials:
    found = spec_tests(load_text(text, "broken.claw"), Options(), Plan(seed, examples), bundles="nowhere")
    assert not found.errors
    return found


def numbers(case: list[str]) -> list[str]:
    """The numbers of the leaves in a printed example."""
    leaves = [line.split(" = ", 1)[1] for line in case if re.match(r"[\w()]+ = ", line) and "d/dt" not in line]
    return [x for line in leaves for x in re.findall(r"-?\d+(?:/\d+)?", line)]


def test_there_are_twenty() -> None:
    assert len({b.name for b in BROKEN}) == len(BROKEN) == 20


@pytest.mark.parametrize("broken", BROKEN, ids=lambda b: b.name)
def test_a_wrong_law_is_caught_with_a_small_example(broken: Broken) -> None:
    (law,) = outcome(broken.text).to_json()["laws"]
    assert law["tried"] and not law["conserved"] and not law["holds"] and not law["bug"]
    assert law["failure"]["value"] != "0"
    assert law["reproduce"] == "claws test broken.claw --law wrong --seed 0 --examples 30"
    case = law["case"]
    assert "it should be 0" in case[-1]
    found = numbers(case)
    assert sum(x != "0" for x in found) <= 10, case
    assert all(len(x) <= 4 for x in found), case


@pytest.mark.parametrize("broken", BROKEN[::7], ids=lambda b: b.name)
def test_the_seed_reproduces_the_example(broken: Broken) -> None:
    first, second = (outcome(broken.text, seed=3).to_json()["laws"][0] for _ in range(2))
    assert {**first, "seconds": 0} == {**second, "seconds": 0}


@pytest.mark.parametrize("broken", BROKEN, ids=lambda b: b.name)
def test_the_right_law_passes(broken: Broken) -> None:
    (law,) = outcome(broken.mended, examples=15).to_json()["laws"]
    assert law["tried"] and law["conserved"] and law["holds"] and not law["bug"]
    assert law["verdict"] == "PROVED"
    assert all(p["drift"] <= p["allowed"] for p in law["problems"])
    orders = [p["order"] for p in law["problems"] if p["order"] is not None]
    assert all(0.7 < order < 1.4 for order in orders), orders

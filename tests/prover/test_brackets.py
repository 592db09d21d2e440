"""The search for brackets: at a pseudo-random point and at data that are given."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from claws.kernel.core.errors import Meter
from claws.kernel.counting.evidence import Step
from claws.kernel.counting.points import CountedModel, ExactRanks, Setting, depth, level
from claws.prover.brackets import LIMITS, Brackets, balanced, chain, forms
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text

P = 8388587
LINEAR = "param U: [2, 2], V: [2, 2]\ninput x: [2]\nmap U @ V @ x"
PAIR = "param x, y, z\nmap x*y, z"


def model(text: str) -> CountedModel:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return Instance(spec, {}).model()


def search(text: str, data: tuple[Mapping[str, list[int]], ...] = ()) -> Brackets:
    return Brackets(model(text), Setting(P, 0, data=data), Meter(10**8))


def of_kernel(found: Brackets) -> int:
    return ExactRanks().of_brackets(found.model, found.steps, found.setting, Meter(10**8))


def test_forms_by_depth() -> None:
    for drift in (False, True):
        stages = list(forms(drift))
        assert stages[0] == [1]
        assert [{depth(tree) for tree in trees} for trees in stages] == [{d} for d in range(1, LIMITS.bracket + 1)]
        assert all(len(trees) == len(set(map(str, trees))) for trees in stages)
    assert all(level(balanced(d)) <= 5 for d in range(1, LIMITS.bracket + 1))
    assert [level(chain(d)) for d in (1, 2, 5)] == [0, 1, 4]
    assert any(chain(4) in (tree, *tree) for trees in forms(True) for tree in trees if isinstance(tree, tuple))


@pytest.mark.parametrize(
    ("text", "rank"), [(LINEAR, 5), (PAIR, 2), ("param a, b\nmap a*b, a", 2), ("param a\nmap 1", 0)]
)
def test_the_rank_is_the_kernels(text: str, rank: int) -> None:
    found = search(text)
    assert found.reach(100) == found.rank == of_kernel(found) == rank


def test_a_target_ends_the_search() -> None:
    """Generators have the rank 4, and are taken in batches."""
    whole, part = search(LINEAR), search(LINEAR)
    assert whole.reach(5) == 5
    assert part.reach(3) == 4
    assert [step.tree for step in part.steps] == [1]
    assert part.growing
    grown: list[int] = []
    again = search(LINEAR)
    again.reach(100, lambda: grown.append(again.rank))
    assert grown == sorted(set(grown))
    assert not again.growing


def test_a_pseudo_random_sequence_is_named_by_its_length() -> None:
    found = search(LINEAR)
    found.reach(100)
    assert all(step == Step(step.tree, step.count) for step in found.steps)


def test_given_data_are_named_one_by_one_and_those_that_brought_nothing_are_left_out() -> None:
    """At one datum twice and 0 the generators of U @ V @ x span the fields of one datum."""
    data = tuple({"x": [a, b]} for a, b in ((1, 2), (1, 2), (0, 0), (3, 1)))
    found = search(LINEAR, data)
    assert found.reach(100) == of_kernel(found) == 5
    for step in found.steps:
        assert len(step.samples) == step.count
        assert len(step.data) == step.count * depth(step.tree)
    assert sum(step.count for step in found.steps) == 5
    one = search(LINEAR, data[:1])
    assert one.reach(100) == of_kernel(one) < 5
    none = search(LINEAR, data[2:3])
    assert (none.reach(100), none.steps) == (0, [])


def test_every_datum_is_asked_for_generators() -> None:
    """Only the last of many data is not 0."""
    data = (*({"x": [0, 0]} for _ in range(400)), {"x": [5, 7]})
    found = search(LINEAR, data)
    assert found.reach(100) >= 3
    assert {k for step in found.steps for k in step.data} == {400}

"""Laws that need a renaming are proved all the same, though a counter-example is looked for before renamings are."""

from __future__ import annotations

from claws.kernel import ByTensors, Meter
from claws.prover.laws import decide_law, prove_law
from tests.kernel.laws.test_labelling import ANOTHER, FIRST, SECOND, difference


def test_a_law_that_needs_a_renaming_is_decided() -> None:
    outcome = decide_law(difference(FIRST, SECOND))
    assert outcome.theorem is not None
    assert outcome.theorem.verdict == "PROVED"
    assert isinstance(outcome.theorem.evidence, ByTensors)
    assert outcome.theorem.evidence.renamings
    assert prove_law(difference(FIRST, SECOND), Meter(10**8)) == outcome.theorem.evidence


def test_networks_that_only_look_alike_are_told_apart() -> None:
    outcome = decide_law(difference(FIRST, ANOTHER))
    assert outcome.theorem is not None
    assert outcome.theorem.verdict == "REFUTED"
    assert prove_law(difference(FIRST, ANOTHER), Meter(10**8)) is None

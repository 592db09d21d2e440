"""Claims whose truth is known: the verdict, and that a computation by hand agrees exactly."""

from __future__ import annotations

import ast
import random
from collections import Counter
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claws.kernel.core.finding import Verdict
from claws.report.results import ClaimResult, Exit
from claws.runner.check import check_paths, check_text
from claws.runner.options import Options
from tests.claims.by_hand import HANDS, Hand, Point, law_entries, random_point, residues
from tests.claims.known import CASES, VERDICTS, Known
from tests.claims.residues import bounds_of, is_nonzero

BY_NAME = {c.name: c for c in CASES}


@cache
def claims_of(name: str) -> tuple[ClaimResult, ...]:
    result = check_text(BY_NAME[name].text, f"{name}.claw", Options())
    assert not result.errors
    return tuple(result.claims)


def is_zero(x: Any) -> bool:
    """Exactly, for fractions; up to rounding, for floats."""
    return abs(x) < 1e-9 if isinstance(x, float) else x == 0


# --- verdicts -------------------------------------------------------------------------------------


def test_the_table_is_large_and_names_are_unique() -> None:
    assert len(CASES) >= 300
    assert [name for name, k in Counter(c.name for c in CASES).items() if k > 1] == []
    counts = Counter(c.expected for c in CASES)
    assert counts["proved"] > 100
    assert counts["refuted"] > 100


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_verdict(case: Known) -> None:
    claims = claims_of(case.name)
    assert claims
    for claim in claims:
        assert claim.verdict.value in VERDICTS[case.expected], (
            case.text,
            case.why,
            claim.sizes,
            claim.reason,
        )
        if claim.verdict is Verdict.REFUTED:
            assert is_nonzero(claim.detail.to_json()["residue"])


# --- the same by hand -----------------------------------------------------------------------------


def test_the_computation_by_hand_does_not_use_claws() -> None:
    tree = ast.parse(Path(__file__).with_name("by_hand.py").read_text(encoding="utf-8"))
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    imported |= {n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert not [m for m in imported if m.startswith(("claws", "tests"))]


def test_computations_by_hand_are_of_known_claims() -> None:
    assert set(HANDS) <= set(BY_NAME)
    assert sum(BY_NAME[name].expected == "refuted" for name in HANDS) >= 40
    assert sum(BY_NAME[name].expected == "proved" for name in HANDS) >= 30


def witness_point(claim: ClaimResult) -> Point:
    """The arrays of a reported witness."""

    def numbers(x: Any) -> Any:
        return [numbers(y) for y in x] if isinstance(x, list) else Fraction(x)

    arrays = {name: numbers(x) for name, x in claim.detail.to_json()["arrays"].items()}
    return {name: np.array(x, dtype=object) if isinstance(x, list) else x for name, x in arrays.items()}


@pytest.mark.parametrize("name", [n for n in HANDS if BY_NAME[n].expected == "refuted"])
def test_witness_agrees_with_the_computation_by_hand(name: str) -> None:
    for claim in claims_of(name):
        point = witness_point(claim)
        found = residues(HANDS[name], point, tuple(claim.detail.to_json()["law_entry"]))
        residue = found[tuple(claim.detail.to_json()["output_entry"])]
        assert not is_zero(residue)
        if isinstance(residue, float):
            low, high = bounds_of(claim.detail.to_json()["residue"])
            assert residue == pytest.approx(float(low)) and residue == pytest.approx(float(high))
        else:
            assert residue == Fraction(claim.detail.to_json()["residue"])


def vanishes(hand: Hand, seed: int) -> bool:
    """Whether the residue by hand is zero for every entry of the law and of the output at a random point."""
    point = random_point(hand, random.Random(seed))
    return all(is_zero(x) for entry in law_entries(hand, point) for x in residues(hand, point, entry).values())


@pytest.mark.parametrize("name", HANDS)
def test_truth_by_hand(name: str) -> None:
    found = [vanishes(HANDS[name], seed) for seed in range(5)]
    if BY_NAME[name].expected in ("proved", "not-refuted"):
        assert all(found)
    else:
        assert not all(found)


# --- where the sizes and entries of a verdict come from -------------------------------------------


def test_the_false_entry_of_a_law_is_named() -> None:
    (claim,) = claims_of("stack_one_false_entry")
    assert claim.detail.to_json()["law_entry"] == [2]


def test_the_output_that_moves_the_law_is_named() -> None:
    (claim,) = claims_of("second_output")
    assert claim.detail.to_json()["output"] == "u"


def test_a_witness_is_inside_its_domain() -> None:
    for name in ("power_root_as_product", "parallel_square", "entropic_ignored"):
        (claim,) = claims_of(name)
        positive = [k for k in ("x", "y", "U", "V") if f"{k} in positive" in BY_NAME[name].model]
        positive += [k for k in ("x", "y", "U", "V") if f"{k}: " in BY_NAME[name].model and name == "entropic_ignored"]
        point = witness_point(claim)
        assert positive
        assert all(x > 0 for k in positive if k in point for x in np.ravel(point[k]))


def test_a_witness_needs_a_negative_value_where_the_law_holds_for_positive_ones() -> None:
    for name in ("relu_two_regions", "domain_real", "root_of_square"):
        (claim,) = claims_of(name)
        assert witness_point(claim)["x"] < 0


def test_laws_with_conditions_say_so() -> None:
    (claim,) = claims_of("linear_two_columns")
    assert claim.for_all_sizes
    assert claim.conditions == ("r >= 2",)
    assert claims_of("linear_column")[0].conditions == ()


def test_a_claim_for_a_range_is_made_for_each_size() -> None:
    assert [c.sizes["r"] for c in claims_of("law_det") if c.sizes] == [1, 2, 3]
    sizes = [c.sizes for c in claims_of("sizes_where") if c.sizes]
    assert [(s["n"], s["m"]) for s in sizes] == [(1, 1), (1, 2), (1, 3), (2, 2), (2, 3), (3, 3)]


# --- what a file expects --------------------------------------------------------------------------

NEURON = "param u, v map u*v "
OPEN = "param u, v map u*v law h = tanh(v) - 2*sigmoid(2*v) "  # -1, which no reading knows


@pytest.mark.parametrize(
    ("text", "holds", "status"),
    [
        (NEURON + "law h = u^2 - v^2", [True], Exit.OK),
        (NEURON + "law h = u^2 - v^2 expect proved", [True], Exit.OK),
        (NEURON + "law h = u^2 + v^2 expect refuted", [True], Exit.OK),
        (NEURON + "law h = u^2 + v^2", [False], Exit.MISSED),
        (NEURON + "law h = u^2 - v^2 expect refuted", [False], Exit.MISSED),
        (NEURON + "law h = u^2 - v^2 expect unknown", [False], Exit.MISSED),
        (OPEN + "expect unknown", [True], Exit.OK),
        (OPEN, [False], Exit.UNDECIDED),
        (OPEN + "law k = v expect proved", [False, False], Exit.MISSED),
        (NEURON + "law h = u^2 - v^2 law k = u expect refuted", [True, True], Exit.OK),
        (NEURON + "law h = u^2 - w^2 law k = u^2", [], Exit.WRONG),
    ],
)
def test_expectations(tmp_path: Path, text: str, holds: list[bool], status: Exit) -> None:
    path = tmp_path / "file.claw"
    path.write_text(text, encoding="utf-8")
    report = check_paths([str(path)], Options())
    assert [c.holds for c in report.claims()] == holds
    assert report.exit_status() is status

"""What is said of a witness: what each term of the law leaves."""

from __future__ import annotations

from typing import Any

from claws.runner.check import check_text
from claws.runner.options import Options


def terms_of(law: str) -> list[dict[str, Any]]:
    (claim,) = check_text(f"param u, v\nmap u*v\nlaw l = {law}\n", "x.claw", Options()).claims
    found: list[dict[str, Any]] = claim.detail.to_json()["terms"]
    return found


def test_a_refutation_says_what_each_term_leaves() -> None:
    assert terms_of("2*u^2 - (v^2 - 3)") == [
        {"term": "2*u^2", "residue": "4"},
        {"term": "-(v^2)", "residue": "-2"},
        {"term": "3", "residue": "0"},
    ]  # fmt: skip


def test_a_law_of_one_term_or_of_very_many_has_no_such_list() -> None:
    assert terms_of("u") == []
    assert terms_of(" + ".join(["u"] * 1000)) == []

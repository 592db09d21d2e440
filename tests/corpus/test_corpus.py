"""Every file of the corpus is printed as expected: accepted and decided, rejected with its code, or survived."""

from __future__ import annotations

from pathlib import Path

import pytest

from claws.report.codes import CODES
from tests.corpus.corpus import CORPUS, KINDS, cases, expected, printed

NOT_ABOUT_A_FILE = {"CLAW040", "CLAW042", "CLAW043", "CLAW044", "CLAW090", "CLAW091", "CLAW092"}
"""Codes about the command line, about Coq, and about claws itself: no text triggers them."""


@pytest.mark.parametrize("path", cases(), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_what_is_printed(path: Path) -> None:
    assert printed(path) == expected(path).read_text(encoding="utf-8"), "if this is meant: make corpus"


def statuses(kind: str) -> dict[str, str]:
    return {p.name: p.read_text(encoding="utf-8").splitlines()[-1] for p in sorted((CORPUS / kind).glob("*.expected"))}


def test_accepted_files_hold() -> None:
    assert {name: status for name, status in statuses("accept").items() if status != "[exit 0]"} == {}


def test_rejected_files_are_wrong() -> None:
    assert {name: status for name, status in statuses("reject").items() if status != "[exit 2]"} == {}


def test_nothing_makes_the_checker_fail() -> None:
    assert {name: status for name, status in statuses("survive").items() if status == "[exit 4]"} == {}


def test_each_code_that_a_file_can_trigger_has_one_that_does() -> None:
    """The code stands in the file's name, `CLAW004_open_bracket.claw`, and in what is printed; a warning rejects nothing."""
    found = set()
    for path in [*(CORPUS / "reject").glob("*.claw"), *(CORPUS / "accept").glob("CLAW*.claw")]:
        code = path.name.partition("_")[0]
        assert f"[{code}]" in expected(path).read_text(encoding="utf-8"), path.name
        found.add(code)
    assert found == set(CODES) - NOT_ABOUT_A_FILE


def test_expectations_belong_to_files() -> None:
    there = {path for kind in KINDS for path in (CORPUS / kind).glob("*.expected")}
    assert there == {expected(path) for path in cases()}

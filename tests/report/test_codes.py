"""The table of error codes: complete, explained, and each with an example that triggers it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import claws
from claws.report.codes import CODES, Code
from claws.syntax.reader import load_text

SOURCES = sorted(Path(claws.__file__).parent.rglob("*.py"))


def test_every_code_in_the_source_is_in_the_table() -> None:
    used = {c for path in SOURCES for c in re.findall(r"\"(CLAW\d{3})\"", path.read_text(encoding="utf-8"))}
    assert used == set(CODES)


@pytest.mark.parametrize("code", [c for c in CODES.values() if c.example], ids=lambda c: c.code)
def test_the_example_of_a_code_triggers_it(code: Code) -> None:
    spec = load_text(code.example)
    found = spec.warnings if code.explanation.startswith("A warning.") else spec.diagnostics
    assert code.code in [d.code for d in found]


# These are about files, the command line or claws itself: commands/, runner/test_check.py and coq/ trigger them.
WITHOUT_EXAMPLE = {"CLAW034", "CLAW040", "CLAW041", "CLAW042", "CLAW043", "CLAW044", "CLAW090", "CLAW091", "CLAW092"}


def test_only_codes_that_no_text_can_trigger_lack_an_example() -> None:
    assert {c.code for c in CODES.values() if not c.example} == WITHOUT_EXAMPLE


def test_explanations_are_sentences() -> None:
    for code in CODES.values():
        assert len(code.explanation) > 30, code.code
        assert code.explanation.rstrip().endswith((".", "`.")), code.code

"""`claws fmt`: what is rewritten, and what is left alone."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from tests.command_line import TIDY, UGLY, WRONG, Claws, Run, write


def test_fmt_rewrites_and_keeps_comments(claws: Claws) -> None:
    run = claws("fmt", write("x.claw", UGLY))
    assert (run.status, run.out) == (0, "x.claw: rewritten\n")
    assert Path("x.claw").read_bytes() == TIDY.encode()
    assert claws("fmt", "x.claw") == Run(0, "", "")


def test_fmt_check_only_tells(claws: Claws) -> None:
    run = claws("fmt", "--check", write("ugly.claw", UGLY), write("tidy.claw", TIDY))
    assert (run.status, run.out) == (1, "ugly.claw: not in canonical form\n")
    assert Path("ugly.claw").read_text() == UGLY
    assert claws("fmt", "--check", "tidy.claw") == Run(0, "", "")


def test_fmt_leaves_a_wrong_file_alone_and_goes_on(claws: Claws) -> None:
    run = claws("fmt", write("wrong.claw", WRONG), "missing.claw", write("x.claw", UGLY))
    assert (run.status, run.out) == (2, "x.claw: rewritten\n")
    assert "wrong.claw:1:1: error[CLAW002]" in run.err
    assert "missing.claw:1:1: error[CLAW040]" in run.err
    assert Path("wrong.claw").read_text() == WRONG
    assert claws("fmt", "--check", "wrong.claw", write("x.claw", UGLY)).status == 2


def test_fmt_folders(claws: Claws) -> None:
    write("d/a.claw", UGLY)
    assert claws("fmt", "d").out == f"{os.path.join('d', 'a.claw')}: rewritten\n"
    os.mkdir("empty")
    assert claws("fmt", "empty").status == 2


def test_fmt_standard_input(claws: Claws, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    given(UGLY)
    assert claws("fmt", "-") == Run(0, TIDY, "")
    given(UGLY)
    assert claws("fmt", "-", "--check") == Run(1, "-: not in canonical form\n", "")
    given(WRONG)
    run = claws("fmt", "-")
    assert (run.status, run.out) == (2, "")


def test_fmt_of_a_file_that_can_not_be_written(claws: Claws, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [write(name, UGLY) for name in ("a.claw", "b.claw")]

    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not str(path).endswith("a.claw") and real(path, mode))
    run = claws("fmt", *paths)
    assert (run.status, run.out) == (2, "b.claw: rewritten\n")
    assert run.err == "claws: a.claw can't be written: Permission denied\n"

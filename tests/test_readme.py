"""What the README shows is what a reader gets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from claws.cli import EXIT_STATUSES, main
from claws.report.results import Exit

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks() -> list[str]:
    return re.findall(r"^```\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_first_run_is_real(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = next(b for b in blocks() if b.startswith('"""Two-layer'))
    shown = next(b for b in blocks() if b.startswith("$ claws check two_layer.claw\n"))
    (tmp_path / "two_layer.claw").write_text(source, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    main(["check", "two_layer.claw"])
    assert capsys.readouterr().out == shown.split("\n", 1)[1]


def test_exit_statuses_are_the_same_everywhere() -> None:
    table = {int(n): text for n, text in re.findall(r"^\| (\d+) \| (.*?) \|$", README, re.MULTILINE)}
    help_text = {int(n): text for n, text in re.findall(r"^  (\d+) +(.*)$", EXIT_STATUSES, re.MULTILINE)}
    assert set(table) == set(help_text) == {int(e) for e in Exit}


def test_links_lead_somewhere() -> None:
    here = Path(__file__).parent.parent
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (here / target).exists(), target

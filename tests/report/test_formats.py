"""The table of output formats: every row is a documented choice of some command, and renders what the command found."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from claws.cli import COMMANDS
from claws.report.formats import FORMATS, REPORT, Format, Style
from claws.report.results import Report
from claws.report.text import render_report
from claws.runner.check import check_text
from claws.runner.options import Options
from tests.command_line import GOOD, Claws, runner

SIZES = ["-D", "n=2"]
BARE = "dim n\nparam u, v: [n]\nmap u*v\n"

COMMAND_LINES = {
    "check": ["good.claw"],
    "find": ["bare.claw", *SIZES],
    "test": ["good.claw", "--examples", "5", "-j", "1"],
    "count": ["bare.claw", *SIZES],
    "sweep": ["bare.claw", "--over", "n=2"],
    "show": ["good.claw", *SIZES],
}

LINES = {
    ("check", "text"): "good.claw:4:1: PROVED balance for all n",
    ("find", "text"): "# bare.claw: 2 independent laws at n = 2, and there is no other",
    ("find", "claw"): "law law1 = u^2 - v^2",
    ("find", "latex"): r"\text{law1} = u^{2} - v^{2}",
    ("find", "sympy"): "law1 = Matrix([[u_0**2 - v_0**2], [u_1**2 - v_1**2]])",
    ("test", "text"): "2 laws tested with seed 0: all as expected",
    ("count", "text"): "2  4           2     2      1  PROVED",
    ("sweep", "text"): "2  4           2     2      1  PROVED",
    ("show", "text"): "law balance = u^2 - v^2",
    (
        "show",
        "latex",
    ): r"\text{balance} = \left[\begin{matrix}u_{0}^{2} - v_{0}^{2}\\u_{1}^{2} - v_{1}^{2}\end{matrix}\right]",
    ("show", "sympy"): "balance = Matrix([[u_0**2 - v_0**2], [u_1**2 - v_1**2]])",
    ("show", "program"): "law balance",
}

SCHEMAS = {
    "check": "claws-report/2",
    "find": "claws-find/1",
    "test": "claws-test/1",
    "count": "claws-sweep/1",
    "sweep": "claws-sweep/1",
}

ROWS = [(command, form) for command, formats in FORMATS.items() for form in formats]


@pytest.fixture
def claws(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Claws:
    """Runs a command in a folder with some files."""
    monkeypatch.chdir(tmp_path)
    Path("good.claw").write_text(GOOD)
    Path("bare.claw").write_text(BARE)
    return runner(capsys)


def rendered(claws: Claws, command: str, form: str) -> str:
    """What the command prints in this format."""
    choice = [f"--{form}"] * (form != "text") if command == "show" else ["--format", form]
    run = claws(command, *COMMAND_LINES[command], *choice)
    assert (run.status, run.err) == (0, "")
    return run.out


@pytest.mark.parametrize(("command", "form"), [row for row in ROWS if row[1] not in ("json", "csv")])
def test_every_text_is_rendered(claws: Claws, command: str, form: str) -> None:
    assert LINES[command, form] in rendered(claws, command, form).splitlines()


@pytest.mark.parametrize(("command", "form"), [row for row in ROWS if row[1] == "json"])
def test_every_json_says_its_schema(claws: Claws, command: str, form: str) -> None:
    text = rendered(claws, command, form)
    assert text.isascii() and text.endswith("}\n")
    assert json.loads(text)["schema"] == SCHEMAS[command]


@pytest.mark.parametrize(("command", "form"), [row for row in ROWS if row[1] == "csv"])
def test_every_csv_is_read_back(claws: Claws, command: str, form: str) -> None:
    (row,) = csv.DictReader(io.StringIO(rendered(claws, command, form)))
    assert (row["n"], row["at_least"], row["status"]) == ("2", "2", "PROVED")


@pytest.mark.parametrize(("command", "form"), ROWS)
def test_every_row_is_a_choice_of_its_command(claws: Claws, command: str, form: str) -> None:
    assert command in COMMANDS
    text = claws(command, "--help").out
    if command == "show":
        assert form == "text" or f"--{form}" in text
    else:
        choices = text[text.index("--format {") :].partition("{")[2].partition("}")[0]
        assert form in choices.split(",")


def test_a_run_is_the_files_and_what_comes_at_the_end() -> None:
    report = Report([check_text(GOOD, f"{k}.claw", Options()) for k in range(2)])
    assert REPORT["text"].text(report.files, report, Style()) == render_report(report)
    parts: Format[Any, Any] = Format(lambda whole, style: f"{whole}!", lambda file, style: f"{file} ")
    assert parts.text("ab", "end", Style()) == "a b end!"

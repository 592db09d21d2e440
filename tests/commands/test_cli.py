"""The command line, whatever the command: help, colour, bugs, interruptions, and as a process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from claws.commands.options import EXIT_STATUSES
from tests.command_line import FALSE, GOOD, WRONG, Claws, Run, write


@pytest.mark.parametrize("command", ["check", "verify", "fmt", "show", "explain"])
def test_help_of_each_command(claws: Claws, command: str) -> None:
    run = claws(command, "--help")
    assert run.status == 0
    assert run.out.startswith(f"usage: claws {command} ")
    assert f"  {command} " in claws("--help").out


def test_help_has_the_exit_statuses(claws: Claws) -> None:
    assert EXIT_STATUSES in claws("--help").out
    assert EXIT_STATUSES in claws("check", "--help").out


def test_version(claws: Claws) -> None:
    from claws import __version__

    assert claws("--version") == Run(0, f"claws {__version__}\n", "")


@pytest.mark.parametrize("arguments", [[], ["prove"], ["check"], ["verify", "x.claw"], ["show"]])
def test_an_incomplete_command_line(claws: Claws, arguments: list[str]) -> None:
    run = claws(*arguments)
    assert run.status == 2
    assert run.err.startswith("usage: claws")


@pytest.mark.parametrize(
    ("terminal", "environment", "colored"),
    [
        (False, {}, False),
        (True, {}, True),
        (True, {"NO_COLOR": ""}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colour(
    claws: Claws, monkeypatch: pytest.MonkeyPatch, terminal: bool, environment: dict[str, str], colored: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    out = claws("check", write("good.claw", GOOD), write("wrong.claw", WRONG)).out
    assert ("\x1b[32mPROVED\x1b[0m balance" in out) is colored
    assert ("\x1b[31merror[CLAW002]\x1b[0m" in out) is colored
    assert ("\x1b" in out) is colored


# --- any command -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["show"], ["fmt"], ["verify", "x.json"]])
def test_a_bug_in_any_command_is_4_and_no_traceback(
    claws: Claws, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("claws.syntax.parser.parse_source", fail)
    monkeypatch.setattr("claws.syntax.reader.parse_source", fail)
    run = claws(command[0], write("good.claw", GOOD), *command[1:])
    assert run.status == 4
    assert "error[CLAW090]: the checker failed (ZeroDivisionError: a bug)" in run.err
    assert "Traceback" not in run.err


def test_interruption_of_another_command_is_130(claws: Claws, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("claws.report.show.show", interrupt)
    run = claws("show", write("good.claw", GOOD))
    assert (run.status, run.err) == (130, "interrupted\n")


@pytest.mark.parametrize(
    ("command", "rest"), [("show", []), ("show", ["--sympy"]), ("verify", ["certificate.json"])], ids=" ".join
)
def test_other_commands_refuse_such_a_d_too(claws: Claws, command: str, rest: list[str]) -> None:
    run = claws(command, write("good.claw", GOOD), *rest, "-D", "q=3")
    assert run.status == 2
    assert "error[CLAW043]: no file declares the dim `q` of -D" in run.out


# --- as a process ----------------------------------------------------------------------------------------------------


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[Any]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    environment |= {"PYTHONPATH": str(Path(__file__).parents[2])} | options.pop("env", {})
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 120} | options
    return subprocess.run([sys.executable, "-m", "claws", *arguments], env=environment, **options)


def test_as_a_process(tmp_path: Path) -> None:
    (tmp_path / "false.claw").write_text(FALSE)
    run = process("check", "false.claw", cwd=tmp_path)
    assert run.returncode == 1
    assert run.stdout.startswith(b"false.claw:3:1: REFUTED total, expected PROVED" + os.linesep.encode())
    assert run.stderr == b""


@pytest.mark.parametrize("arguments", [["check", "good.claw"], ["show", "good.claw"], ["explain"]], ids=" ".join)
@pytest.mark.skipif(sys.platform == "win32", reason="pipes are others there")
def test_a_reader_that_goes_away(tmp_path: Path, arguments: list[str]) -> None:
    """As in `claws check examples | head -1`."""
    (tmp_path / "good.claw").write_text(GOOD)
    reader, writer = os.pipe()
    os.close(reader)
    run = process(*arguments, cwd=tmp_path, stdout=writer)
    os.close(writer)
    assert (run.returncode, run.stderr) == (130, b"")


def test_a_terminal_that_lacks_a_character(tmp_path: Path) -> None:
    (tmp_path / "x.claw").write_text(FALSE.replace("total", "größe"), encoding="utf-8")
    run = process("check", "x.claw", cwd=tmp_path, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert run.returncode == 1
    assert b"REFUTED gr\\xf6\\xdfe, expected PROVED" in run.stdout
    assert run.stderr == b""


def test_check_imports_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    """With the parse tables in the cache, a law for all sizes is a matter of the kernel alone."""
    (tmp_path / "good.claw").write_text(GOOD)
    program = (
        "import sys\nfrom claws.cli import main\nstatus = main(['check', 'good.claw'])\n"
        "print(status, *sorted({'lark', 'numpy', 'sympy', 'flint'} & set(sys.modules)))"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    for expected in ("0 lark", "0"):
        run = subprocess.run(
            [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True
        )
        assert run.stdout.splitlines()[-1] == expected, run.stderr

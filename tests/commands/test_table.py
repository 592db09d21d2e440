"""The table of commands: each has a file, a row in the README, help with its exit statuses, and imports nothing heavy early."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import claws.commands
from claws.cli import COMMANDS
from tests.command_line import Claws

ROOT = Path(__file__).parents[2]
HELPERS = {"__init__", "options", "output"}
HEAVY = {"lark", "numpy", "sympy", "flint", "hypothesis", "scipy", "matplotlib", "tqdm"}

every_command = pytest.mark.parametrize("command", list(COMMANDS))


def test_every_command_has_a_file_and_every_file_a_command() -> None:
    (folder,) = claws.commands.__path__
    assert {path.stem for path in Path(folder).glob("*.py")} - HELPERS == set(COMMANDS)


@every_command
def test_a_command_has_what_the_table_needs(command: str) -> None:
    module = import_module(f"claws.commands.{command}")
    assert callable(module.configure) and callable(module.run)
    assert module.__doc__ is not None and f"`claws {command}" in module.__doc__
    assert not module.EPILOG or module.EPILOG.startswith("exit status:\n  0    ")


@every_command
def test_the_help_of_a_command_says_what_it_does_and_its_statuses(claws: Claws, command: str) -> None:
    run = claws(command, "--help")
    assert run.status == 0
    assert run.out.startswith(f"usage: claws {command} ")
    assert COMMANDS[command] in " ".join(run.out.split())
    assert import_module(f"claws.commands.{command}").EPILOG in run.out
    assert re.search(rf"^    {command} ", claws("--help").out, re.MULTILINE)


@every_command
def test_a_command_has_a_row_in_the_readme(command: str) -> None:
    assert re.search(rf"^\| `claws {command}[ `]", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)


@every_command
def test_the_help_of_a_command_imports_nothing_heavy(command: str) -> None:
    program = (
        "import sys\nfrom claws.cli import main\n"
        f"try:\n    main(['{command}', '--help'])\nexcept SystemExit:\n    pass\n"
        "print('imported', *sorted(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    imported = set(run.stdout.splitlines()[-1].split()[1:])
    assert not HEAVY & imported
    own = {name.removeprefix("claws.commands.") for name in imported if name.startswith("claws.commands.")}
    assert own - HELPERS == ({command, "count"} if command == "sweep" else {command})

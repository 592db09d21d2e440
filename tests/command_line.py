"""Commands run in a folder of their own, and small files for them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from claws.cli import main

GOOD = "dim n\nparam u, v: [n]\nmap u*v\nlaw balance = u^2 - v^2\nlaw total = u^2 + v^2 expect refuted\n"
FALSE = "param u, v\nmap u*v\nlaw total = u^2 + v^2\n"
WRONG = "parm u\nmap u\n"
# -1, which no reading knows
UNDECIDED = "param u, v\nmap u*v\nlaw energy = tanh(v) - 2*sigmoid(2*v)\n"
UGLY = "# top\nparam u,v  # two\nmap u*v\n# between\nlaw   balance=u^2-v^2\n# end\n"
TIDY = "# top\nparam u, v  # two\nmap u*v\n# between\nlaw balance = u^2 - v^2\n# end\n"


@dataclass
class Run:
    status: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Claws = Callable[..., Run]


def runner(capsys: pytest.CaptureFixture[str]) -> Claws:
    """`claws` with these arguments."""

    def run(*arguments: str) -> Run:
        capsys.readouterr()
        try:
            status = main(arguments)
        except SystemExit as end:  # argparse's way out
            status = int(end.code or 0)
        captured = capsys.readouterr()
        return Run(status, captured.out, captured.err)

    return run


def write(name: str, text: str | bytes) -> str:
    """A file below the current folder."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return name


def without_seconds(text: str) -> str:
    return re.sub(r'"seconds": [\d.e-]+', '"seconds": _', text)

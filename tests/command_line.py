"""Commands run in a folder of their own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from claws.cli import main


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

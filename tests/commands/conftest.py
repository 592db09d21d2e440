from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import Claws, runner


@pytest.fixture
def claws(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Claws:
    """Runs a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return runner(capsys)

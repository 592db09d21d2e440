"""The maps of the search name every file, once in their tables, and none that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

CLAWS = Path(__file__).parents[2] / "claws"


@pytest.mark.parametrize("room", ["discovery", "prover"])
def test_every_file_is_on_the_map(room: str) -> None:
    text = (CLAWS / room / "README.md").read_text(encoding="utf-8")
    table = re.findall(r"^\| `(\w+\.py)` \|", text, re.MULTILINE)
    assert sorted(table) == sorted(p.name for p in (CLAWS / room).glob("*.py") if p.name != "__init__.py")
    for path in re.findall(r"`([\w/]+\.py)`", text):
        folder = CLAWS.parent if "/" in path else CLAWS / room
        assert (folder / path).is_file(), path
    # one screen
    assert len(text.splitlines()) <= 60

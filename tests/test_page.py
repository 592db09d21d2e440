"""The page for the next engineer: what it names is there, and the walk is the one that a check takes."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import FrameType

import pytest

import claws
from claws.cli import main

HOUSE = Path(claws.__file__).parent
ROOT = HOUSE.parent
PAGE = (HOUSE / "README.md").read_text(encoding="utf-8")

TWO_LAYER = "dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T\nlaw balance = U.T @ U - V.T @ V\n"

ONLY_DATA = {"syntax/library/table.py", "grammar/claws.lark", "syntax/nodes.py"}
"""Files on the walk in which nothing is called: tables, the grammar, the classes of the tree."""


def section(title: str) -> str:
    """The text of the page under a title."""
    return PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]


def paths(text: str) -> list[str]:
    """The files and folders that are named, from the house; a bare file name is in the folder of the path before it."""
    found: list[str] = []
    for name in re.findall(r"`([\w./]+(?:\.\w+|/))`", text):
        bare = "/" not in name and found and not (HOUSE / name).exists()
        found.append(str(Path(found[-1]).parent / name) if bare else name.rstrip("/"))
    return found


def stops() -> list[list[str]]:
    """The files of each stop of the walk, in order; each stop is a numbered item of the page."""
    walk = section("One claim, from text to verdict").split("\nHad the law", 1)[0]
    return [paths(item) for item in re.split(r"\n\d+\. ", walk)[1:]]


def test_what_is_named_is_there() -> None:
    named = [
        *paths(section("Rooms")),
        *paths(section("One claim, from text to verdict")),
        *paths(section("To add something")),
    ]
    assert len(named) > 60
    assert [name for name in named if not (HOUSE / name).exists() and not (ROOT / name).exists()] == []


def test_no_stop_is_visited_twice_but_the_runners() -> None:
    assert len(stops()) == 9
    rooms = [sorted({name.split("/")[0] if "kernel" not in name else name for name in stop}) for stop in stops()]
    files = [name for stop in stops() for name in stop]
    assert len(files) == len(set(files))
    assert [k for k, stop in enumerate(rooms) if "runner" in stop] == [1, 5]


def test_the_walk_is_the_one_that_a_check_takes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every stop is entered, and for the first time in the order of the page."""
    path = tmp_path / "two_layer.claw"
    path.write_text(TWO_LAYER, encoding="utf-8")
    assert main(["check", str(path), "-j", "1"]) == 0  # what is only imported is not entered
    first: dict[str, int] = {}

    def note(frame: FrameType, event: str, _: object) -> None:
        file = frame.f_code.co_filename
        if event == "call" and frame.f_code.co_name != "<module>" and file.startswith(str(HOUSE)):
            first.setdefault(Path(file).relative_to(HOUSE).as_posix(), len(first))

    sys.setprofile(note)
    try:
        status = main(["check", str(path), "-j", "1"])
    finally:
        sys.setprofile(None)
    assert (status, "PROVED" in capsys.readouterr().out) == (0, True)
    walked = [[name for name in stop if name not in ONLY_DATA] for stop in stops()]
    assert [name for stop in walked for name in stop if name not in first and name != "prover/witness.py"] == []
    starts = [min(first[name] for name in stop if name in first) for stop in walked]
    assert starts == sorted(starts)

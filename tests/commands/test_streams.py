"""Streams and places as they are found, full, closed or in another encoding: a quiet or a clear end, and no bug of claws."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TEXT = "param u, v\nmap u*v\nlaw a = u^2 - v^2\n"

LAW = b"PROVED a"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.claw"
    path.write_text(TEXT)
    return path


def shell(line: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """A command line with $CLAWS in it, as a shell runs it."""
    claws = f"{sys.executable} -m claws"
    return subprocess.run(
        ["bash", "-c", line],
        cwd=folder,
        env={**os.environ, "CLAWS": claws, **variables},
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize(
    ("line", "status", "said"),
    [
        ("$CLAWS check a.claw > /dev/full", 2, b"what is printed can't be written: No space left on device"),
        ("$CLAWS check a.claw --format json > /dev/full", 2, b"what is printed can't be written"),
        ("$CLAWS check a.claw >&-", 0, b""),
        ("$CLAWS check a.claw >&- 2>&- <&-", 0, b""),
        ("$CLAWS check - <&-", 2, b""),
        ("$CLAWS check a.claw | true; exit ${PIPESTATUS[0]}", None, b""),
        ("LC_ALL=C PYTHONUTF8=0 PYTHONIOENCODING=ascii $CLAWS check a.claw", 0, b""),
        ("env -u HOME $CLAWS check a.claw", 0, b""),
    ],
)
def test_no_stream_is_a_bug_of_claws(line: str, status: int | None, said: bytes, file: Path) -> None:
    run = shell(line, file.parent)
    assert run.returncode == status or (status is None and run.returncode in (0, 130))
    assert said in run.stderr
    assert b"Traceback" not in run.stderr and b"bug" not in run.stderr + run.stdout


def test_a_name_in_other_bytes(file: Path) -> None:
    """The name of a file need not be UTF-8; a certificate names it with an escape."""
    other = os.fsencode(file.parent) + b"/b\xff.claw"
    Path(os.fsdecode(other)).write_text(TEXT)
    run = shell("$CLAWS check b*.claw --certificates c && $CLAWS verify b*.claw c/*", file.parent)
    assert run.returncode == 0, run.stdout + run.stderr
    assert rb"b\udcff.claw:3:1: " + LAW in run.stdout


def test_on_a_full_disk_the_source_stays(file: Path) -> None:
    """A limit of the size of files stands for the disk; twin: without it the file is rewritten."""
    file.write_text(TEXT.replace("law a =", "law   a   ="))
    before = file.read_bytes()
    run = shell("trap '' XFSZ; ulimit -f 0; $CLAWS fmt a.claw | cat", file.parent)
    assert file.read_bytes() == before
    assert b"a.claw can't be written: File too large" in run.stderr
    assert [p.name for p in file.parent.iterdir()] == ["a.claw"]
    assert shell("$CLAWS fmt a.claw", file.parent).returncode == 0
    assert file.read_text() == TEXT

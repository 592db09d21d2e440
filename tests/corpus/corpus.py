"""The corpus: `.claw` files, each with what `claws check` prints of it in a file `.expected` beside it.

`python -m tests.corpus.corpus`, or `make corpus`, writes what is printed now; look at the difference before it is committed.
"""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

from claws.cli import main

CORPUS = Path(__file__).parent
KINDS = ("accept", "reject", "survive")


def cases() -> list[Path]:
    """All files of the corpus, but those that others import."""
    return sorted(path for kind in KINDS for path in (CORPUS / kind).glob("*.claw"))


def expected(path: Path) -> Path:
    """The file with what is to be printed."""
    return path.with_suffix(".expected")


def printed(path: Path) -> str:
    """What `claws check` prints of a file, with its exit status in the last line; paths are relative to the corpus."""
    out, err = io.StringIO(), io.StringIO()
    before = os.getcwd()
    try:
        os.chdir(CORPUS)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = main(["check", str(path.relative_to(CORPUS))])
    finally:
        os.chdir(before)
    return f"{out.getvalue()}{err.getvalue()}[exit {status}]\n"


def update() -> None:
    """Writes what is printed now, and takes away what belongs to no file."""
    wanted = {expected(path): printed(path) for path in cases()}
    for stale in {path for kind in KINDS for path in (CORPUS / kind).glob("*.expected")} - set(wanted):
        stale.unlink()
    for path, text in wanted.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(path.relative_to(CORPUS))


if __name__ == "__main__":
    update()

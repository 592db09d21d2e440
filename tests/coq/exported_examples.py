"""The exported files of the examples, each made once."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from claws.coq.exporter import Export, export
from claws.coq.statements.coq_file import CoqFile
from claws.syntax.reader import load_text
from claws.syntax.spec import Spec

EXAMPLES = Path(__file__).parents[2] / "examples"


@cache
def spec_of(name: str) -> Spec:
    """Returns an example, by its path in the folder without `.claw`."""
    path = EXAMPLES / f"{name}.claw"
    return load_text(path.read_text(encoding="utf-8"), str(path))


@cache
def exported(name: str) -> Export:
    """Returns what is exported of an example."""
    return export(spec_of(name))


def files(name: str) -> list[CoqFile]:
    """Returns the exported files of an example."""
    return exported(name).files


def one(name: str, kind: str) -> CoqFile:
    """Returns the first file of an example with these words in its name."""
    return next(file for file in files(name) if f"_{kind}" in file.name)

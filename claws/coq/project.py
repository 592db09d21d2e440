"""The folder that an export is written to: its files, the library's sources, and a project file for Coq's own tools."""

from __future__ import annotations

from pathlib import Path

from claws.coq.coqc import LIBRARY, sources
from claws.coq.exporter import Export
from claws.syntax.source import write_whole

PROJECT = ("-Q . Exported", "-Q Claws Claws", "-arg -w -arg -ambiguous-paths,-overriding-logical-loadpath")
"""What Coq's own tools are told: where the files and the library are, and which warnings are none."""


def write_project(found: Export, folder: Path) -> None:
    """Write the files, the library's sources beside them, and the project file that Coq's own tools take. Raises `OSError`."""
    (folder / "Claws").mkdir(parents=True, exist_ok=True)
    for name, text in sources().items():
        write_whole(str(folder / "Claws" / f"{name}.v"), text)
    for file in found.files:
        write_whole(str(folder / f"{file.name}.v"), file.text)
    listed = sorted(path.name for path in folder.glob("*.v"))
    project = [*PROJECT, *(f"Claws/{name}.v" for name in LIBRARY), *listed]
    write_whole(str(folder / "_CoqProject"), "\n".join(project) + "\n")

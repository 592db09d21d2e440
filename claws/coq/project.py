"""The folder that an export is written to: its files, the library's sources, and a project file for Coq's own tools."""

from __future__ import annotations

from pathlib import Path

from claws.coq.coqc import LIBRARY, sources
from claws.coq.exporter import Export

PROJECT = ("-Q . Exported", "-Q Claws Claws", "-arg -w -arg -ambiguous-paths,-overriding-logical-loadpath")
"""What Coq's own tools are told: where the files and the library are, and which warnings are none."""


def write_project(found: Export, folder: Path) -> None:
    """Write the files, the library's sources beside them, and the project file that Coq's own tools take. Raises `OSError`."""
    (folder / "Claws").mkdir(parents=True, exist_ok=True)
    for name, text in sources().items():
        (folder / "Claws" / f"{name}.v").write_text(text, encoding="utf-8")
    for file in found.files:
        (folder / f"{file.name}.v").write_text(file.text, encoding="utf-8")
    listed = sorted(path.name for path in folder.glob("*.v"))
    project = [*PROJECT, *(f"Claws/{name}.v" for name in LIBRARY), *listed]
    (folder / "_CoqProject").write_text("\n".join(project) + "\n", encoding="utf-8")

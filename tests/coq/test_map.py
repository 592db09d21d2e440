"""The map of `claws/coq`: every file is in it, and the arrows between its folders go one way."""

from __future__ import annotations

import re
from pathlib import Path

import claws.coq

FOLDER = Path(claws.coq.__file__).parent


def listed() -> list[str]:
    """Returns the files that the map names, in its order; those without a folder are in that of the file before in their row."""
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    table = text.split("## Map of the folder")[1].split("\n## ")[0]
    found = []
    for row in re.findall(r"^\| ([^|]*) \|", table, re.MULTILINE):
        names = re.findall(r"`([\w/]+\.(?:py|v))`", row)
        found += [name if "/" in name or "/" not in names[0] else f"{names[0].split('/')[0]}/{name}" for name in names]
    return found


def test_every_file_of_the_folder_is_in_the_map() -> None:
    files = {
        path.relative_to(FOLDER).as_posix()
        for path in FOLDER.rglob("*")
        if path.suffix in (".py", ".v") and path.name != "__init__.py"
    }
    assert len(listed()) == len(set(listed()))
    assert set(listed()) == files


def test_the_map_has_the_library_in_the_order_in_which_files_load_each_other() -> None:
    names = [Path(name).stem for name in listed() if name.endswith(".v")]
    for name in names:
        text = (FOLDER / "library" / f"{name}.v").read_text(encoding="utf-8")
        loaded = " ".join(re.findall(r"^From Claws Require (?:Import|Export) ([^.]*)\.", text, re.MULTILINE)).split()
        assert all(names.index(other) < names.index(name) for other in loaded), name


def test_statements_import_no_proof_and_proofs_no_exporter() -> None:
    for folder, allowed in (("statements", {"statements"}), ("proofs", {"statements", "proofs"})):
        for path in (FOLDER / folder).glob("*.py"):
            imported = set(re.findall(r"(?:from|import) claws\.coq\.(\w+)", path.read_text(encoding="utf-8")))
            assert imported <= allowed, path.name

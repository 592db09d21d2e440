"""The house itself: which room imports which, how large its pieces are, and that a name stands for one thing."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "claws").rglob("*.py"))

LONGEST_CLASS = 400
LONGEST_FILE = 700

SAME_CLASS_NAME: dict[str, str] = {}
"""Public classes in several files, each with the reason."""

TREE = ROOT / "claws" / "syntax" / "nodes.py"
"""What a file says: a node has the name of what it stands for (`nodes.Law`, `nodes.Flow`), and is always written with `nodes`."""

COMMAND = "a command's file has the name of the command, and so have its verb in the runner and what renders it"
TWICE = "the trusted one of the kernel, and the quick one of the search or of people: the same thing, twice on purpose"
ROOMS = "each room has its own: what it is is said by the room"

SAME_STEM: dict[str, str] = {
    "__init__": "a folder",
    "__main__": "a folder that can be run",
    **dict.fromkeys(("check", "find", "gallery", "show", "sweep"), COMMAND),
    **dict.fromkeys(("functions", "jets", "points", "ranks", "residues", "witness"), TWICE),
    **dict.fromkeys(("evidence", "expressions", "fields", "files", "laws", "limits", "options", "run"), ROOMS),
    "claims": "the kernel's verdicts on numbers of laws, and the runner's on one claim of a file",
    "flow": "the dynamics in the kernel, on arrays, and the command `claws flow`",
    "strategies": "the public face, and what stands behind it",
}
"""Modules of one name in several rooms, each with the reason."""


def test_the_import_contract() -> None:
    """pyproject.toml says which room imports which; lazy imports and those for types count."""
    code = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def listed(found: Mapping[str, object]) -> list[str]:
    """What was found, one after the other, so that a failure shows all of it."""
    return [f"{name}: {x}" for name, x in sorted(found.items())]


def files() -> Iterator[Path]:
    for folder in ("claws", "grammar", "tests", "examples"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.suffix in (".py", ".v", ".md", ".lark") and path.is_file():
                yield path
    yield from sorted(ROOT.glob("*.md"))


def test_no_file_is_too_long() -> None:
    lengths = {str(p.relative_to(ROOT)): len(p.read_text(encoding="utf-8").splitlines()) for p in files()}
    assert not listed({name: n for name, n in lengths.items() if n > LONGEST_FILE})


def classes() -> Iterator[tuple[Path, ast.ClassDef]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                yield path, node


def test_no_class_is_too_long() -> None:
    lengths = {f"{p.relative_to(ROOT)}: {c.name}": (c.end_lineno or 0) - c.lineno + 1 for p, c in classes()}
    assert not listed({name: n for name, n in lengths.items() if n > LONGEST_CLASS})


def shared(places: dict[str, list[str]]) -> dict[str, list[str]]:
    return {name: where for name, where in places.items() if len(where) > 1}


def test_a_public_class_has_its_name_for_itself() -> None:
    places = defaultdict(list)
    for path, node in classes():
        if not node.name.startswith("_") and path != TREE:
            places[node.name].append(str(path.relative_to(ROOT)))
    found = shared(places)
    assert not listed({name: where for name, where in found.items() if name not in SAME_CLASS_NAME})
    assert set(SAME_CLASS_NAME) <= set(found), "no longer in two places: take it off the list"


def test_a_module_has_its_name_for_itself() -> None:
    places = defaultdict(list)
    for path in SOURCES:
        places[path.stem].append(str(path.relative_to(ROOT)))
    found = shared(places)
    assert not listed({name: where for name, where in found.items() if name not in SAME_STEM})
    assert set(SAME_STEM) <= set(found), "no longer in two rooms: take it off the list"

"""The kernel's page says what one check enters, and the trust line which layers: both are measured here."""

from __future__ import annotations

import subprocess
import sys

import pytest

from claws.kernel.core.finding import VERSIONS, Layer
from tests.kernel.layers import KERNEL, KINDS, LAYERS, kernel_files, measure, of_layer, size

PAGE = (KERNEL / "README.md").read_text(encoding="utf-8")
TOLERANCE = 0.05
"""The page's numbers of lines may be off by so much; its files may not."""

ARE_READ_WITH_ALL = (
    "theorem",
    "counting/evidence",
    "counting/statements",
    "laws/evidence",
    "format/",
    "__init__",
    "__main__",
)
"""The dispatch, plain data of several layers, and what only reads and prints."""


def table() -> dict[str, list[str]]:
    """The rows of the page about kinds of theorems: layers, files, lines of the files, lines of the functions."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")]
    return {name: cells for name, *cells in rows if len(cells) == 4 and cells[2].isdigit() and not cells[0].isdigit()}


def test_the_page_has_every_kind() -> None:
    assert set(table()) == set(KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_what_one_check_enters(kind: str) -> None:
    """In a process of its own, as caches hide what is entered. `python -m tests.kernel.layers` prints the page's table."""
    command = [sys.executable, "-m", "tests.kernel.layers", kind]
    done = subprocess.run(command, cwd=KERNEL.parent.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    _, *found = (cell.strip() for cell in done.stdout.strip().strip("|").split("|"))
    said = table()[kind]
    assert found[:2] == said[:2]
    for now, then in zip(found[2:], said[2:], strict=True):
        assert int(now) == pytest.approx(int(then), rel=TOLERANCE), "print the table again"


@pytest.mark.parametrize(
    ("layer", "most"),
    [("tensors", 2450), ("polynomials", 2000), ("blocks", 2000), ("values", 2450), ("counting", 3200)],
)
def test_the_core_and_one_layer_are_read_in_an_evening(layer: str, most: int) -> None:
    lines = size({*of_layer("core"), *of_layer(layer)})
    assert lines <= most


@pytest.mark.parametrize("layer", Layer)
def test_the_page_says_how_long_a_layer_is(layer: Layer) -> None:
    (row,) = (line for line in PAGE.splitlines() if line.startswith(f"| {layer} |"))
    version, _, alone, with_core = (cell.strip() for cell in row.strip("|").split("|")[1:])
    assert int(version) == VERSIONS[layer]
    assert int(alone) == pytest.approx(size(of_layer(layer)), rel=TOLERANCE)
    assert int(with_core) == pytest.approx(size({*of_layer("core"), *of_layer(layer)}), rel=TOLERANCE)


def test_every_file_is_of_a_layer() -> None:
    known = tuple(start for starts in LAYERS.values() for start in starts)
    names = [name for name in kernel_files() if not name.endswith("__init__.py")]
    assert [name for name in names if not name.startswith((*known, *ARE_READ_WITH_ALL))] == []
    assert set(LAYERS) == set(Layer)


@pytest.mark.parametrize("kind", KINDS)
def test_the_trust_line_names_the_layers_that_were_entered(kind: str) -> None:
    theorem, entered = measure(kind)
    files = set(entered.files())
    for layer in Layer:
        others = {name for other in LAYERS if other != layer for name in of_layer(other)}
        alone = set(of_layer(layer)) - others
        assert (layer in theorem.layers or layer is Layer.CORE) == bool(files & alone), layer
        assert (f"{layer} {VERSIONS[layer]}" in theorem.trust) == bool(files & alone)

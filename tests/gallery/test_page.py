"""The index page of the gallery is what its files prove."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from claws.cli import main
from claws.report.gallery import entry_of, render, without_times
from claws.runner.check import check_text
from claws.runner.options import Options

GALLERY = Path(__file__).parent.parent.parent / "examples" / "gallery"


@pytest.mark.slow
def test_the_page_is_up_to_date_and_every_claim_holds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(GALLERY.parent.parent)
    status = main(["gallery", "examples/gallery", "--check"])
    assert status == 0, capsys.readouterr().out


def test_every_file_names_its_source() -> None:
    for path in GALLERY.rglob("*.claw"):
        docstring = path.read_text(encoding="utf-8").split('"""')[1]
        assert re.search(r"^Source: \S", docstring, re.MULTILINE), path
        assert len(docstring.strip().split("\n\n")) >= 3, path
        assert "expect refuted" in path.read_text(encoding="utf-8"), path


def test_there_are_many() -> None:
    assert len(list(GALLERY.rglob("*.claw"))) >= 100


TEXT = '''"""A pair | of numbers.

Source: Somebody 2020, Theorem 1.

What it is about.
Here: there is one more
than they say.
"""
param u, v, w
map u*v
law a = u^2 - v^2
law b = w
law wrong = u + v expect refuted
complete a, b
count = 2
count = 3 expect refuted
'''


def test_an_entry_has_its_parts() -> None:
    result = check_text(TEXT, "family/pair.claw", Options())
    entry = entry_of("family/pair.claw", TEXT.split('"""')[1], result)
    assert (entry.title, entry.source, entry.family) == ("A pair | of numbers", "Somebody 2020, Theorem 1", "family")
    assert entry.notes == ("there is one more than they say.",)
    page = render([entry], "Gallery", "claws gallery family")
    row = next(line for line in page.splitlines() if line.startswith("| [A pair"))
    cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]]
    assert cells[:-1] == [
        "[A pair \\| of numbers](family/pair.claw)",
        "Somebody 2020, Theorem 1",
        "`a`; `b`",
        "all of them; 2",
        "`wrong`",
    ]
    assert "* [A pair | of numbers](family/pair.claw): there is one more than they say." in page


def test_times_are_left_out_of_the_comparison() -> None:
    assert without_times("a | 0.3 s |\n") == without_times("a | < 0.1 s |\n") != without_times("b | 0.3 s |\n")


def test_a_folder_that_does_not_hold_has_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "false.claw").write_text("param u, v\nmap u*v\nlaw l = u\n")
    assert main(["gallery", str(tmp_path)]) == 1
    assert "no page is made" in capsys.readouterr().err
    assert not (tmp_path / "README.md").exists()
    assert main(["gallery", str(tmp_path / "nowhere")]) == 2


def test_a_page_that_is_out_of_date(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "pair.claw").write_text(TEXT)
    assert main(["gallery", str(tmp_path), "--check"]) == 2
    assert main(["gallery", str(tmp_path)]) == 0
    assert main(["gallery", str(tmp_path), "--check"]) == 0
    (tmp_path / "pair.claw").write_text(TEXT.replace("law b = w", "law c = w").replace("a, b", "a, c"))
    assert main(["gallery", str(tmp_path), "--check"]) == 1
    assert "out of date" in capsys.readouterr().out

"""Names that look alike get a warning, at their place, and nothing else changes."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from pathlib import Path

import pytest

from claws.cli import main
from claws.syntax.look_alikes import _LOOK, find_look_alikes, look_of
from claws.syntax.reader import load_text

A = "\N{CYRILLIC SMALL LETTER A}"
OMICRON = "\N{GREEK SMALL LETTER OMICRON}"
BOLD = "\N{MATHEMATICAL BOLD CAPITAL U}"


def script(letter: str) -> str:
    return unicodedata.name(letter).split()[0]


def test_a_look_is_of_another_script_and_is_its_own() -> None:
    for letter, look in ((chr(code), look) for code, look in _LOOK.items()):
        assert script(letter) != script(look)
        assert script(look) in ("LATIN", "GREEK")
        assert look_of(look) == look
        assert unicodedata.normalize("NFKC", letter) == letter


def test_letters_of_one_script_are_told_apart() -> None:
    looks = defaultdict(set)
    for code, look in _LOOK.items():
        looks[look].add(script(chr(code)))
    assert sum(map(len, looks.values())) == len(_LOOK)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", A),
        ("o", OMICRON),
        (OMICRON, "\N{CYRILLIC SMALL LETTER O}"),
        ("param1", "p" + A + "ram1"),
        ("W_o", "W_" + OMICRON),
        ("\N{LATIN SMALL LETTER E WITH DIAERESIS}", "\N{CYRILLIC SMALL LETTER IO}"),
        ("\N{GREEK CAPITAL LETTER PHI}", "\N{CYRILLIC CAPITAL LETTER EF}"),
    ],
)
def test_two_names_that_look_alike(one: str, other: str) -> None:
    (found,) = find_look_alikes(f"param {one}, {other}\nmap {one}*{other}\n")
    assert found.code == "CLAW050"
    assert (found.span.line, found.span.column) == (1, 9 + len(one))
    assert found.message == f"`{other}` looks like `{one}`, another name"
    assert unicodedata.name(next(b for a, b in zip(one, other, strict=True) if a != b)) in found.hint
    ((text, there),) = found.notes
    assert text == f"`{one}` stands here first"
    assert (there.line, there.column) == (1, 7)
    assert find_look_alikes(f"param {other}\nmap {other}\n") == []


@pytest.mark.parametrize("names", ["a, b", "a, \u03b1", "\u03b3, y", "\u0430, \u0431", "a, A", "a1, aI", "\u00e9, e"])
def test_names_that_are_told_apart(names: str) -> None:
    assert find_look_alikes(f"# \u00e9\nparam {names}\n") == []


def test_a_name_that_looks_like_a_word_of_the_language() -> None:
    text = f"activation t{A}nh, \N{CYRILLIC SMALL LETTER O}ne\nparam l{A}w\n"
    assert [d.message.partition(" looks like ")[2] for d in find_look_alikes(text)] == [
        "`tanh`, a function of the language",
        "`law`, a keyword",
    ]


def test_one_name_in_two_forms() -> None:
    (found,) = find_look_alikes(f"param U\nlet V = {BOLD} + U + {BOLD}\nmap V\n")
    assert found.message == f"`{BOLD}` is the same name as `U`"
    assert (found.span.line, found.span.column) == (2, 9)
    assert found.notes[0][1].line == 1
    assert find_look_alikes(f"param {BOLD}\nmap {BOLD}\n") == []


def test_subscripts_of_einsum_alone() -> None:
    """A path may have letters of two scripts."""
    text = 'map einsum("{0}a->{0}", U)\n'
    assert [d.message for d in find_look_alikes(text.format(A))] == [f"the subscripts `a` and `{A}` look alike"]
    assert find_look_alikes(text.format("\N{GREEK SMALL LETTER ALPHA}")) == []
    assert find_look_alikes(f'import "{A}a.claw" as B\n') == []


def test_a_warning_is_no_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"param a, {A}\nmap a*{A}\nlaw l = a^2 - {A}^2\n"
    spec = load_text(text)
    assert spec.diagnostics == []
    assert [d.code for d in spec.warnings] == ["CLAW050"]
    assert load_text(text.replace(A, "b")).warnings == []
    path = tmp_path / "a.claw"
    path.write_text(text, encoding="utf-8")
    assert main(["check", str(path), "--certificates", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert f"{path}:1:10: warning[CLAW050]: " in out
    assert out.endswith("1 claim: 1 proved, 0 refuted, 0 unknown; all hold; 1 warning\n")
    # other commands say it beside their results
    (certificate,) = tmp_path.glob("*.json")
    assert main(["verify", str(path), str(certificate)]) == 0
    said = capsys.readouterr()
    assert said.out.count("\n") == 1
    assert "warning[CLAW050]" in said.err

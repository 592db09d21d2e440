"""`claws find`: what the command prints, in each format, what it writes, and its exit status."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from claws import __version__
from claws.commands import find as command
from claws.discovery.found import Settings
from claws.discovery.polynomial_search import PolynomialSearch
from claws.runner.find import checked_file, find_in_text
from tests.command_line import Claws, runner

NET = "dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T\nlaw total = sqnorm(U) expect refuted\n"
SCALARS = "param u, v\nmap u*v\n"
OPEN = "param a: [2, 1], b: [2, 2], c: [1, 2]\nmap c @ b @ a\n"
WRONG = "param u\nmap w\n"


@pytest.fixture
def claws(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Claws:
    """Runs a command in a folder with some files."""
    monkeypatch.chdir(tmp_path)
    for name, text in {"net": NET, "scalars": SCALARS, "open": OPEN, "wrong": WRONG}.items():
        (tmp_path / f"{name}.claw").write_text(text, encoding="utf-8")
    return runner(capsys)


def test_text_is_claw_text_with_comments(claws: Claws) -> None:
    run = claws("find", "net.claw")
    assert run.status == 0
    assert run.out == (
        "# net.claw: 3 independent laws at n = 2, m = 3, r = 2, and there is no other\n"
        "# sizes that nobody gave are small: set them as in -D n=3\n"
        "law law1 = U.T @ U - V.T @ V  # all sizes; 3 entries\n"
        "# law1 generates U -> U exp(s*S), V -> V exp(-s*S), S symmetric\n"
    )
    assert run.err == ""


def test_what_is_missing_is_said(claws: Claws) -> None:
    run = claws("find", "open.claw")
    assert run.status == 3
    assert "# open.claw: 6 independent laws\n" in run.out
    assert (
        "# 1 of 7 independent laws is missing; polynomials were searched up to degree 2: try a higher --degree"
        in run.out
    )


def test_json_is_as_documented(claws: Claws) -> None:
    run = claws("find", "net.claw", "-D", "n=3", "--format", "json")
    assert run.status == 0
    assert run.json() == {
        "schema": "claws-find/1",
        "claws": __version__,
        "seed": 0,
        "path": "net.claw",
        "model": "net",
        "errors": [],
        "sizes": {"n": 3, "m": 2, "r": 3},
        "parameters": 15,
        "laws": [{"name": "law1", "text": "U.T @ U - V.T @ V", "for_all_sizes": True, "entries": 6}],
        "independent": 6,
        "count_at_least": 6,
        "count_at_most": 6,
        "missing": 0,
        "assumptions": [],
        "where": "almost everywhere",
        "degree": 0,
        "interrupted": False,
        "notes": [],
    }


def test_symmetries_are_told_where_asked(claws: Claws) -> None:
    run = claws("find", "net.claw", "--symmetries", "--format", "json")
    file = run.json()
    assert file["symmetries"] == [{"law": "law1", "flow": "U -> U exp(s*S), V -> V exp(-s*S), S symmetric"}]
    assert len(file["other_symmetries"]) == 1
    assert "# a symmetry that gives no law: U -> " in claws("find", "net.claw", "--symmetries").out


def test_the_output_does_not_depend_on_hashes(tmp_path: Path) -> None:
    (tmp_path / "a.claw").write_text(
        "const tau\nparam U: [1, 3], V: [1, 3]\nmap U @ V.T\nflow momentum(tau)\n", encoding="utf-8"
    )
    (tmp_path / "b.claw").write_text("param x, y, z\nmap x*y + z^2\n", encoding="utf-8")
    outputs = set()
    for seed in ("0", "1", "77"):
        command = [sys.executable, "-m", "claws", "find", "a.claw", "b.claw", "--format", "json", "--timeout", "0"]
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        outputs.add(subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=True).stdout)
    assert len(outputs) == 1
    assert b'"missing": 0' in outputs.pop()


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ("claw", "law law1 = U.T @ U - V.T @ V"),
        ("claw", "complete law1 for n = 2, m = 3, r = 2"),
        ("claw", "count = 3 for n = 2, m = 3, r = 2"),
        ("latex", r"\text{law1} = U^{\top} U - V^{\top} V"),
        ("latex", r"% law1 generates $U \mapsto U e^{s S},\; V \mapsto V e^{-s S}$"),
    ],
)
def test_formats(claws: Claws, form: str, line: str) -> None:
    run = claws("find", "net.claw", "--format", form)
    assert run.status == 0
    assert line in run.out.split("\n")


def test_sympy_has_the_entries(claws: Claws) -> None:
    import sympy

    run = claws("find", "scalars.claw", "--format", "sympy")
    name, _, text = run.out.strip().partition(" = ")
    assert name == "law1"
    u, v = sympy.symbols("u v")
    assert sympy.expand(sympy.sympify(text) - u**2 + v**2) == 0


def test_a_file_is_written_that_check_accepts(claws: Claws) -> None:
    assert claws("find", "net.claw", "--complete", "-o", "new.claw").status == 0
    text = Path("new.claw").read_text(encoding="utf-8")
    assert text.startswith("dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T\n")
    assert "total" not in text
    run = claws("check", "new.claw")
    assert (run.status, run.out.count("PROVED")) == (0, 3)
    # where some law is missing, the bounds are claimed
    assert claws("find", "open.claw", "-o", "new.claw").status == 3
    text = Path("new.claw").read_text(encoding="utf-8")
    assert text.endswith("count = 7\n")
    assert claws("check", "new.claw").status == 0


def test_a_fixed_size_may_be_overridden(claws: Claws) -> None:
    Path("fixed.claw").write_text("dim n = 2\nparam u, v: [n]\nmap sum(u*v)\n", encoding="utf-8")
    run = claws("find", "fixed.claw", "-D", "n=4", "-o", "new.claw")
    assert run.status == 0
    assert "dim n = 4" in Path("new.claw").read_text(encoding="utf-8")
    assert claws("check", "new.claw").status == 0


def test_standard_input(claws: Claws, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(SCALARS.encode())))
    run = claws("find", "-")
    assert (run.status, "law law1 = u^2 - v^2  # 1 entry" in run.out) == (0, True)


# --- what is wrong -------------------------------------------------------------------------------------------------------


def test_an_error_in_one_file_hides_nothing_of_another(claws: Claws) -> None:
    run = claws("find", "wrong.claw", "scalars.claw", "nowhere.claw")
    assert run.status == 2
    assert "wrong.claw:2:5: error[CLAW021]: unknown name `w`" in run.out
    assert "law law1 = u^2 - v^2" in run.out
    assert "nowhere.claw:1:1: error[CLAW040]" in run.out
    lines = claws("find", ".", "--format", "json", "--degree", "1").out.splitlines()
    found = {f["path"]: f for f in map(json.loads, lines)}
    assert found["wrong.claw"]["errors"] and not found["wrong.claw"]["laws"]
    assert found["scalars.claw"]["count_at_least"] == 1


@pytest.mark.parametrize(
    ("basis", "place", "message"),
    [
        ("log(w)", "1:5", "unknown name `w`"),
        ("log(u", "1:4", "this `(` is never closed"),
        ("u + ", "1:4", "the right side of `+` is missing"),
        ("u for n = 2", "1:1", "this is not one expression"),
        ("u\nlaw x = v", "2:1", "this is not one expression"),
        ("vel(u)", "1:1", "`vel`"),
        ("", "", ""),
    ],
)
def test_an_error_in_a_basis_has_its_place(claws: Claws, basis: str, place: str, message: str) -> None:
    run = claws("find", "scalars.claw", "--basis", "u*v", "--basis", basis)
    assert run.status == 2
    assert re.search(rf"scalars\.claw, --basis:{place}.*error\[CLAW\d+\]: .*{re.escape(message)}", run.out), run.out
    assert "Traceback" not in run.out + run.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--degree", "0"), "not a degree from 1 to 12"),
        (("--degree", "99"), "not a degree from 1 to 12"),
        (("--format", "xml"), "invalid choice"),
        (("--budget", "0"), "not a number >= 1"),
        (("-D", "n"), "write for example n=3"),
    ],
)
def test_wrong_options(claws: Claws, arguments: tuple[str, ...], message: str) -> None:
    run = claws("find", "net.claw", *arguments)
    assert run.status == 2
    assert message in run.err


def test_a_size_for_no_dim_is_an_error(claws: Claws) -> None:
    run = claws("find", "net.claw", "scalars.claw", "-D", "k=3")
    assert run.status == 2
    assert "CLAW043" in run.out and "law law1 = U.T @ U" in run.out


def test_the_output_goes_with_one_file(claws: Claws) -> None:
    run = claws("find", "net.claw", "scalars.claw", "-o", "new.claw")
    assert (run.status, run.out, run.err) == (2, "", "claws: -o takes the laws of one file\n")
    run = claws("find", "scalars.claw", "-o", "no/new.claw")
    assert run.status == 2
    assert "no/new.claw can't be written" in run.err


def test_an_interruption_keeps_what_was_found(claws: Claws, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(self: object, degree: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(PolynomialSearch, "laws", interrupt)
    run = claws("find", "open.claw", "scalars.claw")
    assert run.status == 130
    assert run.out.count("\nlaw ") == 2
    assert "# interrupted: what was found until then is above" in run.out
    assert "interrupted" in run.err
    assert "scalars" not in run.out


def test_notes_are_for_those_who_ask(claws: Claws, monkeypatch: pytest.MonkeyPatch) -> None:
    import claws.discovery.stages as module
    from claws.discovery.found import FoundLaw

    monkeypatch.setattr(module, "search_matrix_laws", lambda *given: iter([FoundLaw("u + v", False)]))
    quiet, loud = claws("find", "scalars.claw"), claws("find", "scalars.claw", "--verbose")
    assert "dropped" not in quiet.out
    assert "# note: dropped, for it holds modulo a prime only, as far as is known: u + v (it is false)" in loud.out
    assert "u + v" not in quiet.out


def test_a_file_that_check_does_not_accept_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    found = find_in_text(SCALARS, "scalars.claw", Settings())
    assert checked_file(found, Settings())[1] == ""
    found.laws[0] = replace(found.laws[0], text="u + v")
    assert "REFUTED law1, expected PROVED" in checked_file(found, Settings())[1]


def test_statuses_are_in_the_help(claws: Claws) -> None:
    run = claws("find", "--help")
    assert run.status == 0
    assert command.EPILOG in run.out


def test_a_file_that_is_written_elsewhere_finds_its_blocks(claws: Claws, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    network = 'import "scalars.claw" as A\nparam w\nmap w*A()\n'
    (tmp_path / "block.claw").write_text(network, encoding="utf-8")
    run = claws("find", "block.claw", "-o", "sub/out.claw")
    assert run.status == 0, run.err
    written = (tmp_path / "sub" / "out.claw").read_text(encoding="utf-8")
    assert 'import "../scalars.claw" as A' in written
    assert claws("check", "sub/out.claw").status == 0


def test_an_error_of_the_command_line_leaves_the_path_of_the_file(claws: Claws) -> None:
    run = claws("find", "scalars.claw", "--basis", "q", "--format", "json")
    assert run.status == 2
    assert (run.json()["path"], run.json()["errors"][0]["message"]) == ("scalars.claw", "unknown name `q`")
    assert claws("find", "scalars.claw", "--basis", "q").out.startswith("scalars.claw, --basis:1:1: error[CLAW021]")

"""`claws export coq` and `claws check --coq` without Coq: files, messages, exit statuses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from claws.cli import main
from claws.coq.coqc import AXIOMS, LIBRARY, assumptions_of

GOOD = "param u, v\nmap u*v\nlaw b = u^2 - v^2\n"
HALF = GOOD + "law e = relu(u^2 - v^2)\n"


@pytest.fixture
def without_coq(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    from claws.coq import coqc

    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    coqc.version.cache_clear()
    yield
    coqc.version.cache_clear()


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_export_writes_a_project(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.claw").write_text(GOOD)
    status, out, _ = run(capsys, "export", "coq", str(tmp_path / "m.claw"), "-o", str(tmp_path / "out"))
    assert status == 0
    assert "m_laws.v: b" in out
    assert "Theorem b_conserved : b_statement." in (tmp_path / "out" / "m_laws.v").read_text()
    project = (tmp_path / "out" / "_CoqProject").read_text().split("\n")
    assert [f"Claws/{name}.v" for name in LIBRARY] == project[3 : 3 + len(LIBRARY)] and "m_laws.v" in project
    assert (tmp_path / "out" / "Claws" / "Vocabulary.v").exists()


def test_what_is_left_out_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.claw").write_text(HALF)
    status, out, _ = run(capsys, "export", "coq", str(tmp_path / "m.claw"), "-o", str(tmp_path / "out"))
    assert status == 3
    assert "not exported: e (line 4): `relu` can't be exported yet" in out and "m_laws.v: b" in out


@pytest.mark.parametrize(
    ("text", "message"),
    [("param u\nmap u*w\n", "CLAW021"), ("param u\nmap u\n", "nothing to export: the file makes no claim")],
)
def test_a_file_without_claims_or_with_errors(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.claw").write_text(text)
    status, out, _ = run(capsys, "export", "coq", str(tmp_path / "m.claw"), "-o", str(tmp_path / "out"))
    assert status == 2 and message in out


def test_a_folder_that_can_not_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.claw").write_text(GOOD)
    status, _, err = run(capsys, "export", "coq", str(tmp_path / "m.claw"), "-o", str(tmp_path / "m.claw"))
    assert status == 2 and "can't be written" in err


@pytest.mark.usefixtures("without_coq")
def test_build_without_coq(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.claw").write_text(GOOD)
    status, out, err = run(capsys, "export", "coq", str(tmp_path / "m.claw"), "-o", str(tmp_path / "out"), "--build")
    assert status == 2
    assert "m_laws.v" in out
    assert "error[CLAW044]: coqc is not installed" in err and "apt-get install coq libcoq-coquelicot" in err


@pytest.mark.usefixtures("without_coq")
def test_check_without_coq_keeps_the_verdicts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.claw").write_text(GOOD)
    status, out, _ = run(capsys, "check", "--coq", "--format", "json", str(tmp_path / "m.claw"))
    report = json.loads(out)
    assert status == 2
    assert report["files"][0]["claims"][0]["verdict"] == "PROVED"
    (error,) = report["files"][1]["errors"]
    assert error["code"] == "CLAW044" and "libcoq-coquelicot" in error["hint"]


def test_check_without_the_option_does_not_load_the_export(tmp_path: Path) -> None:
    import subprocess
    import sys

    (tmp_path / "m.claw").write_text(GOOD)
    program = (
        "import sys; from claws.cli import main; main(['check', sys.argv[1]]); "
        "sys.exit(any(m.startswith('claws.coq') for m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path / "m.claw")], check=False, capture_output=True)
    assert done.returncode == 0


def test_the_assumptions_are_read_from_coqs_answer() -> None:
    output = """Axioms:
ClassicalDedekindReals.sig_not_dec : forall P : Prop, {~ ~ P} + {~ P}
ClassicalDedekindReals.sig_forall_dec
  : forall P : nat -> Prop,
    (forall n : nat, {P n} + {~ P n}) -> x
Closed under the global context
Axioms:
cheat : False
"""
    first, second, third = assumptions_of(output)
    assert first == {"ClassicalDedekindReals.sig_not_dec", "ClassicalDedekindReals.sig_forall_dec"} <= AXIOMS
    assert second == frozenset() and third == {"cheat"}

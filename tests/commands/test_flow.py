"""`claws flow`: what it prints and writes, and what it refuses."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from claws.cli import main

LINEAR = (
    "model linear\ndim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T\n"
    "law balance = U.T @ U - V.T @ V\nlaw energy = sqnorm(U) expect refuted\n"
)
NET = "dim n\ninput x: [n]\nparam w: [n], a\nmap a*tanh(dot(w, x))\nlaw l = a expect refuted\n"
SMALL = ["-D", "n=1", "-D", "m=1", "-D", "r=2", "--points", "9", "--step", "0.05"]

Flow = Callable[..., tuple[int, str, str]]


@pytest.fixture
def flow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Flow:
    monkeypatch.chdir(tmp_path)
    Path("linear.claw").write_text(LINEAR)
    Path("net.claw").write_text(NET)

    def run(*arguments: str) -> tuple[int, str, str]:
        status = main(["flow", *arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


def test_it_shows_a_run(flow: Flow) -> None:
    status, out, err = flow("linear.claw", *SMALL)
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "linear: linear.claw, seed 0"
    assert lines[1] == "n = 1, m = 1, r = 2; loss square; 1 samples"
    assert any(line.startswith("balance  PROVED") for line in lines)
    assert any(line.startswith("energy   REFUTED") for line in lines)


def test_the_seed_gives_the_same_run(flow: Flow) -> None:
    first, again, other = (flow("linear.claw", *SMALL, "--seed", seed)[1] for seed in ("3", "3", "4"))
    assert first == again
    assert first.splitlines()[3:] != other.splitlines()[3:]


@pytest.mark.parametrize("ending", ["png", "svg", "pdf", "csv"])
def test_it_writes_a_run(flow: Flow, ending: str) -> None:
    status, out, _ = flow("linear.claw", *SMALL, "-o", f"run.{ending}")
    assert status == 0 and out.endswith(f"written: run.{ending}\n")
    assert Path(f"run.{ending}").stat().st_size > 200


def test_data_come_from_a_file(flow: Flow) -> None:
    Path("data.csv").write_text("x[0],x[1],target\n1,0,0.5\n0,1,-0.5\n1,1,0\n")
    status, out, _ = flow("net.claw", "-D", "n=2", "--data", "data.csv", "--points", "5", "-o", "run.csv")
    assert status == 0 and "3 samples" in out
    with open("run.csv", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len({row["run"] for row in rows}) == 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.claw"], "error[CLAW040]: there is no such file"),
        (["linear.claw", "-D", "k=2"], "no file declares the dim `k` of -D"),
        (["linear.claw", "-o", "run.gif"], "run.gif: a run is written as .png, .svg, .pdf or .csv"),
        (["linear.claw", "--loss", "hinge"], "hinge"),
        (["linear.claw", "--data", "nowhere.csv"], "there is no file nowhere.csv"),
        (["linear.claw", *SMALL, "-o", "no/folder.csv"], "No such file or directory"),
        (["linear.claw", "--step", "0"], "'0' is not a number from 1e-6 to 1e6"),
        (["linear.claw", "--points", "1"], "'1' is not a number from 2 to 100000"),
    ],
)
def test_what_it_refuses(flow: Flow, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status, out, err = flow(*arguments)
    except SystemExit as end:
        captured = capsys.readouterr()
        status, out, err = int(end.code or 0), captured.out, captured.err
    assert status == 2
    assert words in out + err
    assert "Traceback" not in out + err


def test_data_that_do_not_fit_are_named(flow: Flow) -> None:
    Path("data.csv").write_text("y\n1\n")
    status, _, err = flow("net.claw", "-D", "n=2", "--data", "data.csv")
    assert (status, err) == (2, "claws: the model has no `y`; data may be given for x, target\n")


def test_without_matplotlib(flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("claws.commands.flow._missing_packages", lambda name: [name])
    status, _, err = flow("linear.claw", *SMALL, "-o", "run.png")
    assert status == 2 and "figures need matplotlib: pip install 'claws[plot]'" in err
    assert flow("linear.claw", *SMALL, "-o", "run.csv")[0] == 0

"""`claws count` and `claws sweep`: tables over sizes, saving and going on, the conjectured formula."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claws.cli import main
from claws.report.sweeps import SweepRow, csv_fields, table
from claws.runner.files import Source
from claws.runner.options import Options
from claws.runner.save import Save, SaveError
from claws.runner.sweep import all_sizes, parse_over, sweep
from claws.syntax.spec import Spec

LINEAR = "dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T\nlaw balance = U.T @ U - V.T @ V\n"
BARE = LINEAR.replace("law", "# law")
DIMS: tuple[str, ...] = ("n", "m", "r")


@pytest.fixture
def file(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "model.claw"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def rows_of(text: str, over: str, **options: Any) -> list[SweepRow]:
    found = sweep(Source("model.claw", text), all_sizes(parse_over(over)), Options(**options))
    (rows,) = found.results
    return rows.rows


# --- ranges --------------------------------------------------------------------------------------------------------


def test_ranges_include_both_ends_and_the_last_dim_runs_fastest() -> None:
    over = parse_over("n = 1..3, m=2")
    assert over == {"n": [1, 2, 3], "m": [2]}
    assert all_sizes(over) == [{"n": 1, "m": 2}, {"n": 2, "m": 2}, {"n": 3, "m": 2}]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("n", "'n' is not a range"),
        ("n=1..", "'n=1..' is not a range"),
        ("n=a..b", "is not a range"),
        ("n=1..2,n=3", "n is given twice"),
        ("n=3..1", "sizes run upwards"),
        ("n=0..1", "sizes run upwards from at least 1"),
        ("n=1..10000000", "at most 1000000"),
    ],
)
def test_wrong_ranges_are_refused(text: str, reason: str) -> None:
    assert parse_over("n=1..2") == {"n": [1, 2]}
    with pytest.raises(ValueError, match=reason):
        parse_over(text)


def test_too_many_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="these are 1000000 sizes"):
        all_sizes(parse_over("n=1..1000,m=1..1000"))


# --- rows ----------------------------------------------------------------------------------------------------------


def test_each_row_is_a_theorem() -> None:
    rows = rows_of(LINEAR, "n=2,m=2,r=1..5")
    assert [row.at_least for row in rows] == [1, 3, 6, 10, 14]
    assert all(row.status == "PROVED" and row.at_least == row.at_most for row in rows)
    assert all(row.lie_dimension == row.parameters - row.at_most for row in rows)
    assert rows[0].laws == ("balance",)


def test_laws_that_the_file_does_not_have_are_found() -> None:
    (row,) = rows_of(BARE, "n=2,m=2,r=2")
    assert (row.status, row.at_least) == ("PROVED", 3)
    assert len(row.laws) == 3
    assert all("U[" in law and "V[" in law for law in row.laws)


def test_what_is_open_says_why() -> None:
    (row,) = rows_of(BARE + "dim N\n", "n=2,m=2,r=2,N=1", budget=100)
    assert row.status == "UNKNOWN"
    assert "the budget of 100 steps is used up" in row.reason
    assert row.at_most > row.at_least


def test_an_error_is_a_row_too() -> None:
    rows = rows_of(LINEAR.replace("map U @ V.T", "map U[2] @ V.T"), "n=2..3,m=1,r=1")
    assert [row.status for row in rows] == ["ERROR", "PROVED"]
    assert "the index 2 is outside an axis of size 2" in rows[0].reason


def test_processes_give_the_same_rows_in_the_same_order() -> None:
    assert rows_of(LINEAR, "n=1..3,m=2,r=1..2", jobs=2) == rows_of(LINEAR, "n=1..3,m=2,r=1..2")


def test_the_table_is_aligned() -> None:
    lines = list(table(rows_of(LINEAR, "n=2,m=2,r=3..4"), DIMS))
    assert lines == [
        "n  m  r   D  dim Lie >=  laws  depth  status",
        "2  2  3  12           6     6      2  PROVED",
        "2  2  4  16           6    10      2  PROVED",
    ]


# --- saving --------------------------------------------------------------------------------------------------------


def test_a_later_run_goes_on_where_the_first_was_stopped(tmp_path: Path) -> None:
    path = str(tmp_path / "save.csv")
    rows = rows_of(LINEAR, "n=2,m=2,r=1..3")
    first = Save(path, LINEAR, DIMS, Options())
    for row in rows[:2]:
        first.add(row)
    # the third row was being written when the power went
    with open(path, "a", encoding="utf-8") as handle:
        handle.write("2,2,3,12")
    again = Save(path, LINEAR, DIMS, Options())
    assert [csv_fields(row, DIMS) for row in again.rows.values()] == [csv_fields(row, DIMS) for row in rows[:2]]
    again.add(rows[2])
    assert len(Save(path, LINEAR, DIMS, Options()).rows) == 3


@pytest.mark.parametrize("other", ["model", "dims", "seed", "something else", "a strange row"])
def test_a_file_of_something_else_is_not_continued(other: str, tmp_path: Path) -> None:
    path = tmp_path / "save.csv"
    Save(str(path), LINEAR, DIMS, Options())
    text, dims, options = LINEAR, DIMS, Options()
    if other == "model":
        text = BARE
    elif other == "dims":
        dims = DIMS[:2]
    elif other == "seed":
        options = Options(seed=1)
    elif other == "something else":
        path.write_text("n,m,r\n1,2,3\n", encoding="utf-8")
    else:
        path.write_text(path.read_text(encoding="utf-8") + "1,2,three\n", encoding="utf-8")
    with pytest.raises(SaveError, match=r"choose another file, or remove it|a row that is none of its own"):
        Save(str(path), text, dims, options)


# --- the command line ----------------------------------------------------------------------------------------------


def test_count_prints_one_row(file: Callable[[str], str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["count", file(LINEAR), "-D", "n=3", "-D", "m=2", "-D", "r=2"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split() == ["3", "2", "2", "10", "7", "3", "2", "PROVED"]


def test_count_without_sizes_says_how_to_give_them(
    file: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["count", file(LINEAR)]) == 2
    error = capsys.readouterr().err
    assert "the number of laws depends on the sizes m, n, r" in error
    assert "--over m=1..4,n=1..4,r=1..4" in error


@pytest.mark.parametrize(
    ("over", "reason"), [("n=1,q=1..2", "declares no dim `q`"), ("n=1..2", "depends on the sizes m, r")]
)
def test_sweep_needs_the_dims_of_the_file(
    over: str, reason: str, file: Callable[[str], str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", file(LINEAR), "--over", over]) == 2
    assert reason in capsys.readouterr().err


def test_sweep_saves_and_does_nothing_twice(
    file: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, save = file(LINEAR), str(tmp_path / "save.csv")
    assert main(["sweep", path, "--over", "n=1..2,m=2,r=1", "--save", save, "--format", "csv"]) == 0
    first = capsys.readouterr().out
    monkeypatch.setattr("claws.runner.sweep.count_at", lambda *task: pytest.fail("done already"))
    assert main(["sweep", path, "--over", "n=1..2,m=2,r=1", "--save", save, "--format", "csv"]) == 0
    assert capsys.readouterr().out == first
    assert first.splitlines()[0] == (
        "n,m,r,parameters,lie_dimension,at_least,at_most,depth,status,reason,premises,where"
    )


def test_an_interrupted_sweep_shows_what_was_finished(
    file: Callable[[str], str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    import claws.runner.sweep

    original, calls = claws.runner.sweep.count_at, []

    def stop(spec: Spec, sizes: dict[str, int], options: Options) -> SweepRow:
        calls.append(sizes)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return original(spec, sizes, options)

    monkeypatch.setattr(claws.runner.sweep, "count_at", stop)
    save = str(tmp_path / "save.csv")
    assert main(["sweep", file(LINEAR), "--over", "n=1..4,m=2,r=1", "--save", save]) == 130
    captured = capsys.readouterr()
    assert captured.out.count("PROVED") == 2
    assert "interrupted" in captured.err
    assert len(Save(save, LINEAR, DIMS, Options()).rows) == 2


def test_json_has_rows_and_the_conjecture(file: Callable[[str], str], capsys: pytest.CaptureFixture[str]) -> None:
    over = ["--over", "n=1..3,m=1..3,r=1..6"]
    assert main(["sweep", file(LINEAR), *over, "--formula", "--format", "json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["schema"] == "claws-sweep/1"
    assert data["rows"][0]["sizes"] == {"n": 1, "m": 1, "r": 1}
    assert [piece["where"] for piece in data["conjecture"]] == ["r <= n + m", "r > n + m"]
    assert data["conjecture"][0]["count"] == "r*(r + 1)/2"

"""Recorded runs: data files, tables, sparklines and figures."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claws.flows.figure import draw, save
from claws.flows.problem import random_problem
from claws.flows.record import BLOCKS, RecordedRun, run, sketch, sparkline, to_csv
from claws.syntax.reader import load_text

LINEAR = (
    "dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T\n"
    "law balance = U.T @ U - V.T @ V\nlaw energy = sqnorm(U) expect refuted\n"
)


@pytest.fixture(scope="module")
def record() -> RecordedRun:
    problem = random_problem(load_text(LINEAR, "linear.claw"), {"n": 2, "m": 2, "r": 2}, seed=1)
    found = run(problem, 1.0, [0.02, 0.01], 17)
    found.verdicts = {"balance": "PROVED", "energy": "REFUTED"}
    return found


def test_the_work_that_is_done_is_told() -> None:
    problem = random_problem(load_text(LINEAR, "linear.claw"), {"n": 1, "m": 1, "r": 1}, seed=1)
    told: list[float] = []
    run(problem, 1.0, [0.1, 0.05], 5, told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_the_table_has_every_run(record: RecordedRun) -> None:
    rows = list(csv.DictReader(io.StringIO(to_csv(record))))
    assert {row["run"] for row in rows} == {"flow", "descent, step 0.02", "descent, step 0.01"}
    assert list(rows[0]) == ["run", "time", "loss", "drift of balance", "drift of energy"]
    ends = {row["run"]: row for row in rows if float(row["time"]) == pytest.approx(1.0)}
    drifts = {kind: float(row["drift of balance"]) for kind, row in ends.items()}
    assert drifts["flow"] < 1e-8
    assert drifts["descent, step 0.02"] / drifts["descent, step 0.01"] == pytest.approx(2, rel=0.1)
    assert all(float(row["drift of energy"]) > 1e-3 for row in ends.values())
    assert all(float(row["loss"]) < float(rows[0]["loss"]) for row in ends.values())


def test_a_sparkline_is_logarithmic() -> None:
    assert sparkline(np.array([1e-8, 1e-4, 1.0]), 1e-8, 1.0) == BLOCKS[0] + BLOCKS[4] + BLOCKS[7]
    assert sparkline(np.array([0.0, np.nan, 1e9]), 1e-8, 1.0) == BLOCKS[0] + " " + BLOCKS[7]
    assert sparkline(np.array([2.0, 2.0]), 2.0, 2.0) == BLOCKS[0] * 2


def test_the_sketch_shows_loss_and_drifts(record: RecordedRun) -> None:
    lines = sketch(record)
    assert lines[0] == "n = 2, m = 2, r = 2; loss square; 1 samples"
    assert [line.split()[0] for line in lines[2::3][:3]] == ["loss", "balance", "energy"]
    assert "PROVED" in lines[5] and "REFUTED" in lines[8]
    assert all(any(c in line for c in BLOCKS) for line in lines[2:11])
    assert "1e-14" in lines[-1]


# --- figures -----------------------------------------------------------------------------------------------------------


def test_the_figure_has_labelled_axes(record: RecordedRun) -> None:
    figure = draw(record, "linear")
    panels = figure.get_axes()
    drawn = [p for p in panels if p.lines]
    assert len(drawn) == 4
    for panel in drawn:
        assert "dimensionless" in panel.get_xlabel() and panel.get_title()
    assert all(p.get_yscale() == "log" for p in drawn)


def test_refuted_laws_are_dashed(record: RecordedRun) -> None:
    panel = draw(record, "linear").get_axes()[1]
    assert {line.get_linestyle() for line in panel.lines} == {"-", "--"}


def test_no_two_texts_overlap(record: RecordedRun) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.text import Text

    figure = draw(record, "linear")
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    # matplotlib keeps labels of ticks that are out of view; it spaces those that it draws
    ticks = {t for p in figure.get_axes() for axis in (p.xaxis, p.yaxis) for t in axis.get_ticklabels(which="both")}
    texts = [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip() and t not in ticks]
    inside = [(t.get_text(), t.get_window_extent(renderer)) for t in texts]
    assert len(inside) > 12
    for k, (text, box) in enumerate(inside):
        for other, its in inside[:k]:
            assert not (box.padded(-1).overlaps(its.padded(-1))), (text, other)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_a_figure_is_a_file(record: RecordedRun, tmp_path: Path, ending: str) -> None:
    start = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[ending]
    first, again = tmp_path / f"a.{ending}", tmp_path / f"b.{ending}"
    save(record, str(first), "linear")
    save(record, str(again), "linear")
    assert first.read_bytes().startswith(start)
    assert first.read_bytes() == again.read_bytes()

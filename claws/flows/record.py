"""`claws flow`: one training run of a model, with the drift of every law, as a table, CSV, a text sketch or a figure."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from claws.flows.problem import Tick, TrainingProblem, Trajectory, gradient_descent, gradient_flow
from claws.readings.jets import Array

BLOCKS = "▁▂▃▄▅▆▇█"

LOWEST = 1e-17
"""Drifts below this are drawn there: zero has no place on a logarithmic axis."""


@dataclass(frozen=True, slots=True)
class RunLimits:
    """How exactly a flow is followed, and how far."""

    tolerance: float = 1e-10
    """The relative tolerance of the integrator."""
    softness: float = 1e-3
    """How near its kink a relu's slope begins to change: flows slide along kinks, which explicit methods can't follow."""
    evaluations: int = 100_000
    """Gradients along the flow, after which it is cut short."""


LIMITS = RunLimits()


@dataclass
class RecordedRun:
    """Gradient flow beside gradient descent at two step sizes. `verdicts` are those of `claws check`, by law."""

    problem: TrainingProblem
    flow: Trajectory
    descents: list[Trajectory]
    verdicts: dict[str, str] = field(default_factory=dict)

    @property
    def trajectories(self) -> list[Trajectory]:
        return [self.flow, *self.descents]


def run(
    problem: TrainingProblem, duration: float, steps: Sequence[float], points: int, tick: Tick | None = None
) -> RecordedRun:
    """Train three times from the same start. `tick` is told the share of the work that is done."""
    problem = replace(problem, system=replace(problem.system, soft=LIMITS.softness))
    shares = [0.4] + [0.6 / max(1, len(steps))] * len(steps)

    def part(k: int) -> Tick | None:
        before = sum(shares[:k])
        return None if tick is None else lambda x: tick(before + shares[k] * x)

    flow = gradient_flow(problem, duration, points, LIMITS.tolerance, part(0), LIMITS.evaluations)
    descents = [gradient_descent(problem, step, duration, points, tick=part(k)) for k, step in enumerate(steps, 1)]
    return RecordedRun(problem, flow, descents)


# --- text ------------------------------------------------------------------------------------------------------


def to_csv(record: RecordedRun) -> str:
    """A row for each time of each run: time, run, loss, and the drift of each law."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    laws = list(record.problem.system.laws)
    writer.writerow(["run", "time", "loss", *(f"drift of {name}" for name in laws)])
    for trajectory in record.trajectories:
        drifts, losses = trajectory.drifts(), trajectory.losses()
        for k, t in enumerate(trajectory.times):
            writer.writerow(
                [
                    trajectory.kind,
                    repr(float(t)),
                    repr(float(losses[k])),
                    *(repr(float(drifts[name][k])) for name in laws),
                ]
            )
    return out.getvalue()


def sparkline(values: Array, low: float, high: float) -> str:
    """A character for each value, on a logarithmic scale from `low` to `high`."""
    span = math.log(high / low) if high > low > 0 else 1.0
    marks = []
    for x in values:
        if not np.isfinite(x):
            marks.append(" ")
            continue
        share = math.log(max(float(x), low) / low) / span
        marks.append(BLOCKS[min(len(BLOCKS) - 1, max(0, int(share * len(BLOCKS))))])
    return "".join(marks)


def sketch(record: RecordedRun, width: int = 32) -> list[str]:
    """The run in the terminal: the loss, and the drift of every law on one logarithmic scale."""
    problem = record.problem
    sizes = ", ".join(f"{d} = {n}" for d, n in problem.sizes.items())
    lines = [f"{sizes + '; ' if sizes else ''}loss {problem.loss}; {len(problem.targets[0])} samples"]
    losses = {t.kind: t.losses() for t in record.trajectories}
    largest = max(float(np.nanmax(x)) for x in losses.values())
    smallest = min(float(np.nanmin(np.abs(x))) for x in losses.values())
    low = max(smallest, largest * 1e-12, 1e-300)
    name_width = max([4, *(len(name) for name in problem.system.laws)])
    kind_width = max(len(t.kind) for t in record.trajectories)

    def row(name: str, verdict: str, kind: str, values: Array, low: float, high: float) -> str:
        last = f"{values[-1]:8.1e}" if np.isfinite(values[-1]) else "no value"
        line = sparkline(_thinned(values, width), low, high)
        return f"{name:{name_width}}  {verdict:7}  {kind:{kind_width}}  {last}  {line}".rstrip()

    head = (
        f"{'':{name_width}}  {'':7}  {'':{kind_width}}  {'at end':8}  over time, t = 0 to {record.flow.times[-1]:.3g}"
    )
    lines.append(head.rstrip())
    for t in record.trajectories:
        lines.append(row("loss" if t is record.flow else "", "", t.kind, np.abs(losses[t.kind]), low, largest))
    drifts = [t.drifts() for t in record.trajectories]
    top = max([1e-3, *(float(np.nanmax(x)) for d in drifts for x in d.values() if np.any(np.isfinite(x)))])
    for name in problem.system.laws:
        for t, d in zip(record.trajectories, drifts, strict=True):
            first = t is record.flow
            lines.append(
                row(name if first else "", record.verdicts.get(name, "") if first else "", t.kind, d[name], 1e-14, top)
            )
    lines += [f"{t.kind} ended at t = {t.times[-1]:.3g}: {t.stopped}" for t in record.trajectories if t.stopped]
    lines.append(f"drift: max |h(t) - h(0)|, from {BLOCKS[0]} 1e-14 to {BLOCKS[-1]} {top:.0e}, logarithmic")
    return lines


def _thinned(values: Array, width: int) -> Array:
    if len(values) <= width:
        return values
    return np.asarray(values[np.linspace(0, len(values) - 1, width).round().astype(int)])

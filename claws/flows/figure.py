"""A training run as a figure, by matplotlib: loss, and the drift of every law on a logarithmic axis.

Laws differ by marker, grey level and, if refuted, by a dashed line, so that the figure can be read without colours.
"""

from __future__ import annotations

from typing import Any

from claws.flows.record import LOWEST, RecordedRun
from claws.readings.flow import moves_velocities

# isort: split
import numpy as np

MARKERS = "osD^vPX*<>hd"

_STYLES = ("-", "--", ":")


def draw(record: RecordedRun, title: str) -> Any:
    """The figure, not yet saved."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    laws = list(record.problem.system.laws)
    trajectories = record.trajectories
    rows = -(-(len(laws) + 1) // 4)
    figure = Figure(figsize=(9.0, 6.2 + 0.25 * rows), layout="constrained")
    axes = figure.subplots(2, 2)
    figure.suptitle(title, fontsize=12)
    loss = axes[0, 0]
    for style, t in zip(_STYLES, trajectories, strict=False):
        loss.plot(t.times, t.losses(), style, color="black", lw=1.4, label=_kind(record, t.kind))
    values = np.concatenate([t.losses() for t in trajectories])
    if np.all(values[np.isfinite(values)] > 0):
        loss.set_yscale("log")
    loss.set_title("loss", fontsize=10.5)
    loss.set(xlabel="time t (dimensionless)", ylabel="loss E (dimensionless)")
    loss.legend(fontsize=8, frameon=False)
    shades = colormaps["viridis"](np.linspace(0.0, 0.82, max(1, len(laws))))
    handles = []
    drifts = [t.drifts() for t in trajectories]
    seen = np.concatenate([np.concatenate(list(d.values())) for d in drifts]) if laws else np.array([1.0])
    top = 10.0 * max(1e-12, float(np.nanmax(np.where(np.isfinite(seen), seen, 0.0), initial=0.0)))
    for panel, t, drift in zip(axes.ravel()[1:], trajectories, drifts, strict=False):
        for k, name in enumerate(laws):
            refuted = record.verdicts.get(name) == "REFUTED"
            line = {
                "color": shades[k],
                "marker": MARKERS[k % len(MARKERS)],
                "markersize": 4,
                "lw": 1.2,
                "ls": "--" if refuted else "-",
            }
            # the drift at the start is 0, which has no place on this axis
            panel.plot(t.times[1:], np.maximum(drift[name][1:], LOWEST), markevery=max(1, len(t.times) // 8), **line)
            if panel is axes[0, 1]:
                verdict = record.verdicts.get(name, "").lower()
                handles.append(Line2D([], [], label=f"{name} ({verdict})" if verdict else name, **line))
        panel.set_yscale("log")
        panel.set_ylim(LOWEST / 3, top)
        panel.set_title(f"drift of laws: {_kind(record, t.kind)}", fontsize=10.5)
        panel.set_xlabel("time t (dimensionless)")
        panel.set_ylabel("max |h(t) - h(0)| (dimensionless)")
    for panel in axes.ravel()[len(trajectories) + 1 :]:
        panel.set_visible(False)
    for panel in axes.ravel():
        panel.grid(True, color="0.9", lw=0.6)
        panel.set_axisbelow(True)
        panel.spines[["top", "right"]].set_visible(False)
    if handles:
        figure.legend(
            handles=handles, loc="outside lower center", ncols=min(4, len(handles)), fontsize=8, frameon=False
        )
    return figure


def _kind(record: RecordedRun, kind: str) -> str:
    """The name of a run as it stands in a figure."""
    word = "momentum" if moves_velocities(record.problem.system.model.flow) else "gradient"
    return f"{word} {kind}"


def save(record: RecordedRun, path: str, title: str) -> None:
    """Write the figure; the ending of the path says how (png, svg, pdf). Equal runs give equal files."""
    import matplotlib

    figure = draw(record, title)
    with matplotlib.rc_context({"svg.hashsalt": "claws", "svg.fonttype": "none"}):
        metadata: dict[str, Any] = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
        figure.savefig(path, dpi=110, metadata=metadata.get(path.rsplit(".", 1)[-1].lower()))

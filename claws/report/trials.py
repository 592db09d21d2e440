"""What `claws test` prints. It only prints: every value comes from `claws.testing.laws`, as plain data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from claws.report.text import render_diagnostic
from claws.syntax.diagnostic import Diagnostic

Data = Mapping[str, Any]

_COLORS = {
    "holds": "32",
    "fails": "33",
    "FAILS": "31",
    "HOLDS": "31",
    "UNTRIED": "33",
    "agrees": "32",
    "WARNING": "33",
    "BUG": "31",
}


def render_file(f: Data, errors: Sequence[Diagnostic] = (), color: bool = False, verbose: bool = False) -> list[str]:
    """The lines of one file: a line for each law and count, and what is wrong under it."""
    lines: list[str] = []
    for d in errors:
        lines += render_diagnostic(f["path"], f["source"], d, color)
    for law in f["laws"]:
        lines += _law(f, law, color, verbose)
    for count in f["counts"]:
        lines += _count(f, count, color, verbose)
    return lines


def _paint(word: str, color: bool) -> str:
    return f"\x1b[{_COLORS[word]}m{word}\x1b[0m" if color else word


def _law(f: Data, law: Data, color: bool, verbose: bool) -> list[str]:
    expected = law["expected"] != "REFUTED"
    if not law["tried"]:
        word, more = "UNTRIED", f": {law['note']}"
    elif law["holds"]:
        word = "holds" if law["conserved"] else "fails"
        more = (", as expected" if law["expected"] == "REFUTED" else "") + f": {_tried(law)}"
    else:
        word = "HOLDS" if law["conserved"] else "FAILS"
        more = f", and should {'hold' if expected else 'fail'}: {_tried(law)}"
    lines = [f"{f['path']}:{law['line']}:{law['column']}: {_paint(word, color)} {law['name']}{more}"]
    if not law["holds"]:
        source = f["source"]
        number = law["line"]
        if number <= len(source):
            lines.append(f"  {number} | {source[number - 1]}")
        lines += [f"    {line}" for line in law["case"]]
        lines += [f"    reproduce  {law['reproduce']}"] if law["tried"] else []
    if verbose and law["steps"]:
        lines.append(f"    in steps   {law['steps']}")
    if verbose:
        lines += [f"    flow       {_problem(p)}" for p in law["problems"]]
    if law["bug"]:
        lines.append(f"    {_paint('BUG', color)}        {law['bug']}. One of them is wrong: please report it")
        lines.append(f"    bundle     {law['bundle'] or 'could not be written'}: attach this file")
    return lines


def _tried(law: Data) -> str:
    """What was tried, in a line."""
    parts = []
    if law["failure"] is not None:
        parts.append(f"its derivative is {law['failure']['value']} {law['failure']['how']}")
    elif law["examples"]:
        hows = [h for h in law["hows"] if h]
        parts.append(f"{law['examples']} examples {' and '.join(hows)}")
    drifts = [p["drift"] for p in law["problems"]]
    if drifts:
        flows = f"{len(drifts)} flow{'s' if len(drifts) > 1 else ''}"
        parts.append(f"drift {max(drifts):.1e} along {flows}")
    orders = [p["order"] for p in law["problems"] if p["order"] is not None]
    if law["conserved"] and orders:
        parts.append(f"order {sum(orders) / len(orders):.2f} in the step of descent")
    elif law["conserved"] and drifts:
        parts.append("none in steps of descent")
    if law["step_failure"]:
        parts.append(law["step_failure"])
    return "; ".join(parts)


def _problem(p: Data) -> str:
    at = ", ".join(f"{d} = {n}" for d, n in p["sizes"].items())
    order = "" if p["order"] is None else f", order {p['order']:.2f}"
    return (
        f"{at + ': ' if at else ''}drift {p['drift']:.1e}, the integrator's error allows {p['allowed']:.1e}; "
        f"steps {p['coarse']:.1e}, half steps {p['fine']:.1e}{order}"
    )


def _count(f: Data, count: Data, color: bool, verbose: bool) -> list[str]:
    if not count["warning"] and not verbose:
        return []
    at = ", ".join(f"{d} = {n}" for d, n in count["sizes"].items())
    word = "WARNING" if count["warning"] else "agrees"
    text = count["warning"] or f"{count['estimate']} laws in floating point"
    return [f"{f['path']}:{count['line']}:{count['column']}: {_paint(word, color)} {count['name']} for {at}: {text}"]


def render_summary(files: Sequence[Data], seed: int) -> str:
    laws = [law for f in files for law in f["laws"]]
    wrong = sum(not law["holds"] for law in laws)
    bugs = sum(bool(law["bug"]) for law in laws)
    counts = [c for f in files for c in f["counts"]]
    warnings = sum(bool(c["warning"]) for c in counts)
    agree = sum(
        c["estimate"] is not None and c["count_at_least"] <= c["estimate"] <= c["count_at_most"] for c in counts
    )
    errors = sum(len(f["errors"]) for f in files)
    if not laws and not errors:
        return "there is no law to test"
    text = f"{len(laws)} law{'s' if len(laws) != 1 else ''} tested with seed {seed}: "
    text += "all as expected" if not wrong else f"{len(laws) - wrong} as expected, {wrong} not"
    if counts:
        text += f"; {agree} of {len(counts)} numbers of laws are the same in floating point"
    for n, what in ((warnings, "warning"), (errors, "error"), (bugs, "BUG")):
        if n:
            text += f"; {n} {what}{'s' if n > 1 else ''}"
    return text

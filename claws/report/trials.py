"""What `claws test` found, as values, and as text and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from claws.kernel.core.finding import Premise, Verdict
from claws.report.premises import premise_rows, premises_json, under_text
from claws.report.results import Exit, diagnostics_json
from claws.report.text import render_diagnostic
from claws.syntax.diagnostic import Diagnostic, Span

SCHEMA = "claws-test/1"


@dataclass(frozen=True)
class Failure:
    """A derivative of the law that is not zero."""

    value: str
    how: str
    """How it was computed: over the rationals, modulo a prime, or in floating point."""
    where: str
    """The loss for which it is."""

    def to_json(self) -> dict[str, Any]:
        return {"value": self.value, "how": self.how, "where": self.where}


@dataclass(frozen=True)
class Training:
    """One training problem: how far the law drifts along the flow, and in steps of gradient descent."""

    sizes: Mapping[str, int]
    drift: float
    allowed: float
    """What the integrator's error explains."""
    coarse: float
    """The drift in steps."""
    fine: float
    """The drift in steps of half the length."""
    order: float | None
    """The order of the drift in the step; None where it is none."""

    def to_json(self) -> dict[str, Any]:
        return {
            "sizes": dict(self.sizes),
            "drift": self.drift,
            "allowed": self.allowed,
            "coarse": self.coarse,
            "fine": self.fine,
            "order": self.order,
        }


@dataclass(frozen=True)
class LawTrial:
    """One law, tried by random examples and by training."""

    name: str
    span: Span
    expected: Verdict
    verdict: Verdict | None
    """What `claws check` says; None where it was not asked."""
    tried: bool
    conserved: bool
    holds: bool
    """Whether it does what is expected of it."""
    examples: int
    hows: tuple[str, ...]
    """How its derivatives were computed."""
    failure: Failure | None
    case: tuple[str, ...]
    """The smallest example that fails, as lines."""
    problems: tuple[Training, ...]
    steps: str
    """What a step of gradient descent does to it, as far as that is derived."""
    step_failure: str
    note: str
    """Why it could not be tried."""
    reproduce: str
    """The command line that finds the same example again."""
    bug: str
    """How the test contradicts `claws check`; empty where it does not."""
    seconds: float
    bundle: str = ""
    """The file that shows the contradiction; empty where it could not be written."""

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "line": self.span.line,
            "column": self.span.column,
            "expected": self.expected.value,
            "verdict": None if self.verdict is None else self.verdict.value,
            "tried": self.tried,
            "conserved": self.conserved,
            "holds": self.holds,
            "examples": self.examples,
            "hows": list(self.hows),
            "failure": None if self.failure is None else self.failure.to_json(),
            "case": list(self.case),
            "problems": [p.to_json() for p in self.problems],
            "steps": self.steps,
            "step_failure": self.step_failure,
            "note": self.note,
            "reproduce": self.reproduce,
            "bug": self.bug,
            "bundle": self.bundle,
            "seconds": round(self.seconds, 3),
        }


@dataclass(frozen=True)
class CountTrial:
    """One decided number of laws, and what floating point sees."""

    name: str
    span: Span
    sizes: Mapping[str, int] | None
    verdict: Verdict
    at_least: int
    at_most: int
    estimate: int | None
    """The number in floating point; None where singular values have no gap."""
    warning: str
    premises: tuple[Premise, ...] = ()
    """What the verdict takes for granted."""

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "line": self.span.line,
            "column": self.span.column,
            "sizes": None if self.sizes is None else dict(self.sizes),
            "verdict": self.verdict.value,
            "count_at_least": self.at_least,
            "count_at_most": self.at_most,
            "estimate": self.estimate,
            "warning": self.warning,
            "assumptions": premises_json(self.premises),
        }


@dataclass
class FileTrials:
    """One file: its errors, or its laws and numbers."""

    path: str
    errors: list[Diagnostic] = field(default_factory=list)
    laws: list[LawTrial] = field(default_factory=list)
    counts: list[CountTrial] = field(default_factory=list)
    lines: tuple[str, ...] = ()
    """The source, for messages."""
    dims: tuple[str, ...] = ()
    failed: bool = False
    """Whether an error is claws' own."""
    interrupted: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "errors": diagnostics_json(self.errors),
            "laws": [law.to_json() for law in self.laws],
            "counts": [count.to_json() for count in self.counts],
        }


@dataclass
class TrialReport:
    """All files of one run."""

    files: list[FileTrials]
    seed: int = 0

    def exit_status(self) -> Exit:
        laws = [law for f in self.files for law in f.laws]
        if any(f.failed for f in self.files) or any(law.bug for law in laws):
            return Exit.FAILED
        if any(f.errors for f in self.files) or not laws:
            return Exit.WRONG
        if any(not law.holds and law.tried for law in laws):
            return Exit.MISSED
        return Exit.UNDECIDED if any(not law.holds for law in laws) else Exit.OK

    def to_json(self) -> dict[str, Any]:
        return {"schema": SCHEMA, "seed": self.seed, "files": [f.to_json() for f in self.files]}


# --- as text ---------------------------------------------------------------------------------------------------------

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


def render_file(f: FileTrials, color: bool = False, verbose: bool = False) -> list[str]:
    """The lines of one file: a line for each law and count, and what is wrong under it."""
    lines: list[str] = []
    for d in f.errors:
        lines += render_diagnostic(f.path, f.lines, d, color)
    for law in f.laws:
        lines += _law(f, law, color, verbose)
    for count in f.counts:
        lines += _count(f, count, color, verbose)
    return lines


def _paint(word: str, color: bool) -> str:
    return f"\x1b[{_COLORS[word]}m{word}\x1b[0m" if color else word


def _law(f: FileTrials, law: LawTrial, color: bool, verbose: bool) -> list[str]:
    expected = law.expected is not Verdict.REFUTED
    if not law.tried:
        word, more = "UNTRIED", f": {law.note}"
    elif law.holds:
        word = "holds" if law.conserved else "fails"
        more = (", as expected" if law.expected is Verdict.REFUTED else "") + f": {_tried(law)}"
    else:
        word = "HOLDS" if law.conserved else "FAILS"
        more = f", and should {'hold' if expected else 'fail'}: {_tried(law)}"
    lines = [f"{f.path}:{law.span.line}:{law.span.column}: {_paint(word, color)} {law.name}{more}"]
    if not law.holds:
        source = f.lines
        number = law.span.line
        if number <= len(source):
            lines.append(f"  {number} | {source[number - 1]}")
        lines += [f"    {line}" for line in law.case]
        lines += [f"    reproduce  {law.reproduce}"] if law.tried else []
    if verbose and law.steps:
        lines.append(f"    in steps   {law.steps}")
    if verbose:
        lines += [f"    flow       {_problem(p)}" for p in law.problems]
    if law.bug:
        lines.append(f"    {_paint('BUG', color)}        {law.bug}. One of them is wrong: please report it")
        lines.append(f"    bundle     {law.bundle or 'could not be written'}: attach this file")
    return lines


def _tried(law: LawTrial) -> str:
    """What was tried, in a line."""
    parts = []
    if law.failure is not None:
        parts.append(f"its derivative is {law.failure.value} {law.failure.how}")
    elif law.examples:
        hows = [h for h in law.hows if h]
        parts.append(f"{law.examples} examples {' and '.join(hows)}")
    drifts = [p.drift for p in law.problems]
    if drifts:
        flows = f"{len(drifts)} flow{'s' if len(drifts) > 1 else ''}"
        parts.append(f"drift {max(drifts):.1e} along {flows}")
    orders = [p.order for p in law.problems if p.order is not None]
    if law.conserved and orders:
        parts.append(f"order {sum(orders) / len(orders):.2f} in the step of descent")
    elif law.conserved and drifts:
        parts.append("none in steps of descent")
    if law.step_failure:
        parts.append(law.step_failure)
    return "; ".join(parts)


def _problem(p: Training) -> str:
    at = ", ".join(f"{d} = {n}" for d, n in p.sizes.items())
    order = "" if p.order is None else f", order {p.order:.2f}"
    return (
        f"{at + ': ' if at else ''}drift {p.drift:.1e}, the integrator's error allows {p.allowed:.1e}; "
        f"steps {p.coarse:.1e}, half steps {p.fine:.1e}{order}"
    )


def _count(f: FileTrials, count: CountTrial, color: bool, verbose: bool) -> list[str]:
    if not count.warning and not verbose:
        return []
    at = ", ".join(f"{d} = {n}" for d, n in (count.sizes or {}).items())
    word = "WARNING" if count.warning else "agrees"
    text = count.warning or f"{count.estimate} laws in floating point"
    name = " ".join(part for part in (count.name, f"for {at}" if at else "") if part)
    under = f", {count.verdict.value} {under_text(count.premises)}" if count.premises else ""
    lines = [f"{f.path}:{count.span.line}:{count.span.column}: {_paint(word, color)} {name}{under}: {text}"]
    return lines + [f"    {title}    {row}" for title, row in premise_rows(count.premises)]


def render_summary(report: TrialReport) -> str:
    files = report.files
    laws = [law for f in files for law in f.laws]
    wrong = sum(not law.holds for law in laws)
    bugs = sum(bool(law.bug) for law in laws)
    counts = [c for f in files for c in f.counts]
    warnings = sum(bool(c.warning) for c in counts)
    agree = sum(c.estimate is not None and c.at_least <= c.estimate <= c.at_most for c in counts)
    errors = sum(len(f.errors) for f in files)
    if not laws and not errors:
        return "there is no law to test"
    text = f"{len(laws)} law{'s' if len(laws) != 1 else ''} tested with seed {report.seed}: "
    text += "all as expected" if not wrong else f"{len(laws) - wrong} as expected, {wrong} not"
    if counts:
        text += f"; {agree} of {len(counts)} numbers of laws are the same in floating point"
    for n, what in ((warnings, "warning"), (errors, "error"), (bugs, "BUG")):
        if n:
            text += f"; {n} {what}{'s' if n > 1 else ''}"
    return text

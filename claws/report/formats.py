"""The one table of output formats: for each kind of result, the formats by name and what renders them.

A new format is a row here. Commands take the choices of their `--format` from these tables, so that nothing is imported before
a result is to be rendered. Every renderer gives the whole text, with its last newline.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from claws.discovery.found import Findings, Settings
    from claws.report.results import FileResult, Report
    from claws.report.sweeps import SweepResult
    from claws.report.trials import FileTrials, TrialReport
    from claws.syntax.spec import Spec

File = TypeVar("File")
Whole = TypeVar("Whole")


@dataclass(frozen=True)
class Style:
    """How text is shown: in colour on a terminal, and with all there is to say."""

    color: bool = False
    verbose: bool = False


@dataclass(frozen=True)
class Found:
    """What `find` found in some files, and what it was asked for."""

    files: Sequence[Findings]
    settings: Settings


@dataclass(frozen=True)
class Shown:
    """A file, and the laws of it that are to be shown; none for all of them."""

    spec: Spec
    laws: Sequence[str]


@dataclass(frozen=True)
class Format(Generic[File, Whole]):
    """One way to print the results of a run: what is printed as each file is done, and what comes at the end."""

    end: Callable[[Whole, Style], str]
    each: Callable[[File, Style], str] = lambda file, style: ""

    def text(self, files: Iterable[File], whole: Whole, style: Style) -> str:
        """All that is printed of a run, where nothing has been printed before its end."""
        return "".join(self.each(file, style) for file in files) + self.end(whole, style)


def _json_text(data: Mapping[str, Any]) -> str:
    """A result as JSON, in ASCII, so that neither the terminal's encoding nor a path that is no text can spoil it."""
    import json

    return json.dumps(data, indent=1) + "\n"


# --- check -----------------------------------------------------------------------------------------------------------


def _report_file(file: FileResult, style: Style) -> str:
    from claws.report.text import render_file

    return "".join(f"{line}\n" for line in render_file(file, style.color, style.verbose))


def _report_summary(report: Report, style: Style) -> str:
    from claws.report.text import render_summary

    return render_summary(report) + "\n"


def _report_json(report: Report, style: Style) -> str:
    return _json_text(report.to_json())


REPORT: Mapping[str, Format[FileResult, Report]] = {
    "text": Format(_report_summary, _report_file),
    "json": Format(_report_json),
}


# --- find ------------------------------------------------------------------------------------------------------------


def _found_text(found: Found, style: Style) -> str:
    from claws.report.findings import render_text

    return render_text(found.files, style.color, style.verbose)


def _found_claw(found: Found, style: Style) -> str:
    from claws.report.findings import render_claims

    return render_claims(found.files, style.color)


def _found_latex(found: Found, style: Style) -> str:
    from claws.report.findings import render_latex

    return render_latex(found.files, style.color)


def _found_sympy(found: Found, style: Style) -> str:
    from claws.report.findings import render_sympy

    return render_sympy(found.files, style.color)


def _found_json(found: Found, style: Style) -> str:
    from claws.report.findings import render_json

    return render_json(found.files, found.settings)


FINDINGS: Mapping[str, Format[Findings, Found]] = {
    "text": Format(_found_text),
    "claw": Format(_found_claw),
    "latex": Format(_found_latex),
    "sympy": Format(_found_sympy),
    "json": Format(_found_json),
}


# --- test ------------------------------------------------------------------------------------------------------------


def _tests_file(file: FileTrials, style: Style) -> str:
    from claws.report.trials import render_file

    return "".join(f"{line}\n" for line in render_file(file, style.color, style.verbose))


def _tests_summary(report: TrialReport, style: Style) -> str:
    from claws.report.trials import render_summary

    return render_summary(report) + "\n"


def _tests_json(report: TrialReport, style: Style) -> str:
    return _json_text(report.to_json())


TESTS: Mapping[str, Format[FileTrials, TrialReport]] = {
    "text": Format(_tests_summary, _tests_file),
    "json": Format(_tests_json),
}


# --- count, sweep ----------------------------------------------------------------------------------------------------


def _sweep_text(sweep: SweepResult, style: Style) -> str:
    from claws.report.sweeps import render_text

    return render_text(sweep)


def _sweep_csv(sweep: SweepResult, style: Style) -> str:
    from claws.report.sweeps import render_csv

    return render_csv(sweep)


def _sweep_json(sweep: SweepResult, style: Style) -> str:
    return _json_text(sweep.to_json())


SWEEP: Mapping[str, Format[None, SweepResult]] = {
    "text": Format(_sweep_text),
    "csv": Format(_sweep_csv),
    "json": Format(_sweep_json),
}


# --- show ------------------------------------------------------------------------------------------------------------


def _shown_as(form: str) -> Callable[[Shown, Style], str]:
    def render(shown: Shown, style: Style) -> str:
        from claws.report.show import show

        return show(shown.spec, shown.laws, form) + "\n"

    return render


SHOWN: Mapping[str, Format[None, Shown]] = {
    form: Format(_shown_as(form)) for form in ("text", "latex", "sympy", "program")
}
"""Raise `SourceError` for a law that is not there, and for LaTeX and SymPy where a size is left free."""


FORMATS: Mapping[str, Mapping[str, Format[Any, Any]]] = {
    "check": REPORT,
    "find": FINDINGS,
    "test": TESTS,
    "count": SWEEP,
    "sweep": SWEEP,
    "show": SHOWN,
}
"""The formats of each command that has several."""

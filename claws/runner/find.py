"""`find` as a verb of the runner: a unit of work is a whole file, whose laws are looked for together."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from claws.discovery.found import Findings, Settings
from claws.discovery.stages import find_laws_of
from claws.report.findings import new_file
from claws.report.results import Report
from claws.report.text import render_report
from claws.runner.check import check_text
from claws.runner.costs import model_length
from claws.runner.faults import Fault
from claws.runner.files import COMMAND_LINE, Source, unknown_dims
from claws.runner.options import Options
from claws.runner.run import Run, Tell, Verb, run, work_on
from claws.syntax import nodes
from claws.syntax.parser import parse_source
from claws.syntax.printer import print_file


@dataclass(frozen=True)
class Find(Verb[None, Findings, Findings]):
    """Look for the laws of each file."""

    settings: Settings

    def begin(self, source: Source) -> tuple[Findings, Sequence[None]]:
        spec = source.spec({})
        found = Findings(spec.path, spec.model, list(spec.diagnostics), spec.text, tuple(spec.dims))
        return found, () if found.errors else (None,)

    def costs(self, source: Source, units: Sequence[None]) -> list[float]:
        return [float(model_length(source.spec({}))) for _ in units]

    def do(self, source: Source, unit: None, tell: Tell) -> Findings:
        found = Findings(source.path)
        try:
            return find_laws_of(source.spec({}), self.settings, tell, found)
        except Exception as problem:
            # a bug, which must not cost what was found before it
            _put(found, Fault.of(problem))
        return found

    def add(self, result: Findings, unit: None, part: Findings | Fault) -> Findings:
        if isinstance(part, Fault):
            _put(result, part)
            return result
        return part

    def refuse(self, source: Source, fault: Fault) -> Findings:
        return Findings(source.path, errors=[fault.diagnostic], failed=fault.failed)


def _put(found: Findings, fault: Fault) -> None:
    found.errors.append(fault.diagnostic)
    found.failed = fault.failed


def find_in_sources(
    sources: Sequence[Source],
    settings: Settings,
    jobs: int = 1,
    tell: Callable[[str, str], None] = lambda path, what: None,
) -> Run[Findings]:
    """What was found in each file; what is wrong with the options is one more."""
    found = run(Find(settings), sources, jobs, tell=tell)
    if not found.interrupted:
        found.results += _command_line(settings, found.results)
    return found


def _command_line(settings: Settings, found: Sequence[Findings]) -> list[Findings]:
    """What is wrong with the options, as one more file."""
    problem = unknown_dims(settings.sizes, {d for f in found for d in f.dims}) if any(f.dims for f in found) else None
    return [] if problem is None else [Findings(COMMAND_LINE, errors=[problem])]


def find_in_text(text: str, path: str, settings: Settings) -> Findings:
    """What was found for the text of a file. Never raises."""
    return work_on(Find(settings), Source(path, text))


def checked_file(found: Findings, settings: Settings, output: str | None = None) -> tuple[str, str]:
    """The file with the laws that were found, and what `claws check` has against it: nothing, if all is well.

    At `output`, paths of imports are relative to its folder.
    """
    text = new_file(found)
    if output is not None and os.path.realpath(os.path.dirname(output)) != os.path.realpath(
        os.path.dirname(found.path)
    ):
        text = _with_imports_from(text, os.path.dirname(found.path), os.path.dirname(output))
    options = Options(seed=settings.seed, budget=settings.budget, timeout=settings.timeout)
    result = check_text(text, output or found.path, options)
    if not result.errors and all(claim.holds for claim in result.claims):
        return text, ""
    return text, render_report(Report([result], settings.seed), False)


def _with_imports_from(text: str, old: str, new: str) -> str:
    """The file with the paths of its imports, which are relative to one folder, made relative to another."""
    file, _ = parse_source(text)
    if not any(isinstance(s, nodes.Import) for s in file.statements):
        return text
    moved = tuple(
        replace(s, path=replace(s.path, value=os.path.relpath(os.path.join(old, s.path.value), new or os.curdir)))
        if isinstance(s, nodes.Import)
        else s
        for s in file.statements
    )
    return print_file(replace(file, statements=moved))

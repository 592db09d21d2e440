"""`claws find` on files and folders: an error in one never hides what was found in another."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace

from claws.discovery.find import Findings, Settings, find_laws_of
from claws.report.findings import new_file
from claws.report.text import render_report
from claws.runner.driver import Options, check_text, find_files, internal_error, unknown_dims
from claws.syntax import nodes
from claws.syntax.parser import parse_source
from claws.syntax.printer import print_file
from claws.syntax.reader import load_text
from claws.syntax.source import read_source

COMMAND_LINE = "<command line>"


def find_in_paths(
    paths: Sequence[str],
    settings: Settings,
    started: Callable[[str, str], None] = lambda path, what: None,
    done: Callable[[], object] = lambda: None,
) -> list[Findings]:
    """What was found in each file; where the search was interrupted, the last of these says so."""
    found: list[Findings] = []
    for path, problem in find_files(paths):
        text, unreadable = ("", problem) if problem is not None else read_source(path)
        if unreadable is not None:
            found.append(Findings(path, errors=[unreadable]))
        else:
            found.append(find_in_text(text, path, settings, lambda what, path=path: started(path, what)))  # type: ignore[misc]
        done()
        if found[-1].interrupted:
            return found
    return found + command_line(settings, found)


def command_line(settings: Settings, found: Sequence[Findings]) -> list[Findings]:
    """What is wrong with the options, as one more file."""
    problem = unknown_dims(settings.sizes, {d for f in found for d in f.dims}) if any(f.dims for f in found) else None
    return [] if problem is None else [Findings(COMMAND_LINE, errors=[problem])]


def find_in_text(
    text: str, path: str, settings: Settings, progress: Callable[[str], None] = lambda what: None
) -> Findings:
    """What was found for the text of a file. Never raises."""
    try:
        spec = load_text(text, path)
    except KeyboardInterrupt:
        return Findings(path, interrupted=True)
    except Exception as problem:
        diagnostic = internal_error(problem)
        return Findings(path, errors=[diagnostic], failed=diagnostic.code != "CLAW034")
    return find_laws_of(spec, settings, progress)


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
    from claws.report.results import Report

    return text, render_report(Report([replace(result)], settings.seed), False)


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

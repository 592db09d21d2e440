"""`claws test` on files and folders: in processes, in order, as text or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from claws.report.results import Exit
from claws.report.trials import render_file, render_summary
from claws.runner.driver import COMMAND_LINE, Options, find_files, process_died, unknown_dims
from claws.runner.processes import in_order

if TYPE_CHECKING:
    from claws.testing.files import FileTests
    from claws.testing.laws import Plan

SCHEMA = "claws-test/1"


def run_paths(
    paths: Sequence[str], options: Options, plan: Plan, bundles: str, form: str, color: bool, verbose: bool
) -> int:
    """Test files and folders, print what was found, and return the exit status."""
    import hypothesis

    try:
        plan.load_profile()
    except hypothesis.errors.InvalidArgument:
        print(f"claws: hypothesis has no profile `{plan.profile}`; it has default and ci", file=sys.stderr)
        return Exit.WRONG
    found: list[FileTests] = []
    interrupted = False
    try:
        for result in _results(paths, options, plan, bundles):
            found.append(result)
            if form == "text":
                for line in render_file(result.data, result.errors, color, verbose):
                    print(line, flush=True)
    except KeyboardInterrupt:
        interrupted = True
    data = [_with_errors(f) for f in found]
    if form == "json":
        print(json.dumps({"schema": SCHEMA, "seed": plan.seed, "files": [_without_source(f) for f in data]}, indent=1))
    else:
        print(render_summary(data, plan.seed))
    if interrupted:
        print("interrupted: what was finished is above", file=sys.stderr)
        return Exit.INTERRUPTED
    return _status(found)


def _results(paths: Sequence[str], options: Options, plan: Plan, bundles: str) -> Iterator[FileTests]:
    from claws.testing.files import no_result

    files = find_files(paths)
    readable = [path for path, problem in files if problem is None]
    calls = [(path, options, plan, bundles) for path in readable]
    jobs = min(options.jobs, len(calls))
    dims: set[str] = set()
    results = in_order(_one, calls, jobs) if jobs > 1 else (_one(*call) for call in calls)
    for path, problem in files:
        if problem is not None:
            yield no_result(path, problem)
        else:
            found = next(results) or no_result(path, process_died(), failed=True)
            dims.update(found.dims)
            yield found
    unknown = unknown_dims(options.sizes, dims)
    if dims and unknown is not None:
        yield no_result(COMMAND_LINE, unknown)


def _one(path: str, options: Options, plan: Plan, bundles: str) -> FileTests:
    from claws.testing.files import file_tests

    plan.load_profile()
    return file_tests(path, options, plan, bundles)


def _with_errors(f: FileTests) -> dict[str, Any]:
    errors = [
        {"code": d.code, "message": d.message, "line": d.span.line, "column": d.span.column, "hint": d.hint}
        for d in f.errors
    ]
    return {**f.data, "errors": errors}


def _without_source(data: dict[str, Any]) -> dict[str, Any]:
    return {name: x for name, x in data.items() if name != "source"}


def _status(files: Sequence[FileTests]) -> int:
    laws = [law for f in files for law in f.data["laws"]]
    if any(f.failed for f in files) or any(law["bug"] for law in laws):
        return Exit.FAILED
    if any(f.errors for f in files) or not laws:
        return Exit.WRONG
    if any(not law["holds"] and law["tried"] for law in laws):
        return Exit.MISSED
    return Exit.UNDECIDED if any(not law["holds"] for law in laws) else Exit.OK

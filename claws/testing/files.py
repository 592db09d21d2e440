"""`claws test` on files: every law tested, numbers of laws in floating point, and the result as plain data.

No verdict comes from here. A disagreement with `claws check` is a bug, and is written to a bundle that can be reported.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from claws.syntax.instances.instance import Instance
from claws.testing.exact import FLOATING, MODULAR, RATIONAL  # sets OPENBLAS_NUM_THREADS before NumPy loads

# isort: split
import hypothesis
import numpy as np

from claws import __version__
from claws.report.results import ClaimResult, Verdict, source_lines
from claws.runner.driver import Options, check_claim, internal_error
from claws.syntax.diagnostic import Diagnostic, SourceError, suggest
from claws.syntax.reader import load_text
from claws.syntax.source import read_source
from claws.syntax.spec import Spec
from claws.testing.laws import LawTest, Plan, law_tests
from claws.testing.ranks import Estimate, estimate

MAX_COUNTS = 6
"""Sizes of a `count` or `complete` claim that are looked at in floating point."""


@dataclass
class FileTests:
    """One file: its errors, or its laws and counts as plain data (`data`), which is what JSON has."""

    path: str
    errors: list[Diagnostic]
    data: dict[str, Any]
    failed: bool = False
    dims: tuple[str, ...] = ()


def file_tests(path: str, options: Options, plan: Plan, bundles: str) -> FileTests:
    """Test one file. Raises nothing: what is wrong is in the result. `bundles` is a folder for what shows a bug."""
    text, problem = read_source(path)
    if problem is not None:
        return no_result(path, problem)
    try:
        spec = load_text(text, path, options.sizes)
    except Exception as failure:
        diagnostic = internal_error(failure)
        return no_result(path, diagnostic, text, failed=diagnostic.code != "CLAW034")
    return spec_tests(spec, options, plan, bundles)


def no_result(path: str, problem: Diagnostic, text: str = "", failed: bool = False) -> FileTests:
    """A file that could not be tested."""
    return FileTests(path, [problem], _no_data(path, text), failed)


def spec_tests(spec: Spec, options: Options, plan: Plan, bundles: str) -> FileTests:
    """The same for a file that has been read."""
    data = _no_data(spec.path, spec.text)
    errors: list[Diagnostic] = []
    try:
        if spec.diagnostics:
            return FileTests(spec.path, list(spec.diagnostics), data)
        for name in plan.laws:
            if name not in spec.laws:
                hint = suggest(name, spec.laws) or "the laws are: " + ", ".join(spec.laws)
                return FileTests(spec.path, [Diagnostic("CLAW033", f"no law is named `{name}`", hint=hint)], data)
        for test in law_tests(spec, plan, lambda claim, at: check_claim(spec, claim, at, options)):
            if test.crash is None:
                data["laws"].append(_law_data(spec, test, plan, bundles))
            elif isinstance(test.crash, SourceError):
                errors.append(test.crash.diagnostic)
            else:
                errors.append(replace(internal_error(test.crash), span=test.claim.node.span))
        if not plan.laws:
            for found in _counts(spec, options, plan):
                data["counts"].append(_count_data(*found))
    except Exception as failure:
        errors.append(failure.diagnostic if isinstance(failure, SourceError) else internal_error(failure))
    failed = any(d.code in ("CLAW090", "CLAW091") for d in errors)
    return FileTests(spec.path, errors, data, failed, tuple(spec.dims))


def _no_data(path: str, text: str) -> dict[str, Any]:
    return {"path": path, "errors": [], "laws": [], "counts": [], "source": list(source_lines(text))}


def _law_data(spec: Spec, test: LawTest, plan: Plan, bundles: str) -> dict[str, Any]:
    claim = test.claim
    reproduce = f"claws test {spec.path} --law {claim.name} --seed {plan.seed}"
    if plan.examples is not None:
        reproduce += f" --examples {plan.examples}"
    data: dict[str, Any] = {
        "name": claim.name,
        "line": claim.node.span.line,
        "column": claim.node.span.column,
        "expected": claim.expected,
        "verdict": None if test.result is None else test.result.verdict.value,
        "tried": test.tried,
        "conserved": test.conserved,
        "holds": test.holds,
        "examples": test.examples,
        "hows": [how for how in (RATIONAL, MODULAR, FLOATING) if how in test.hows],
        "failure": None,
        "case": test.case.splitlines(),
        "problems": [
            {
                "sizes": dict(t.problem.sizes),
                "drift": t.drift,
                "allowed": t.allowed,
                "coarse": t.coarse,
                "fine": t.fine,
                "order": t.order,
            }
            for t in test.trained
        ],
        "steps": test.steps,
        "step_failure": test.step_failure,
        "note": "; ".join(x for x in (test.undefined, test.not_trained) if x),
        "reproduce": reproduce,
        "bug": test.contradiction,
        "bundle": "",
        "seconds": round(test.seconds, 3),
    }
    if test.failure is not None:
        value = test.failure.value
        text = f"{value:.3g}" if isinstance(value, float) else str(value)
        data["failure"] = {"value": text, "how": test.failure.how, "where": test.failure.where}
    elif not test.conserved and test.trained:
        worst = max(test.trained, key=lambda t: t.drift / t.allowed)
        data["case"] = [f"drift {worst.drift:.3g}, the integrator's error allows {worst.allowed:.3g}, for"]
        data["case"] += repr(worst.problem).splitlines()
    if test.contradiction:
        data["bundle"] = _write_bundle(spec, test, data, bundles)
    return data


def _write_bundle(spec: Spec, test: LawTest, data: dict[str, Any], folder: str) -> str:
    """What is needed to look into a disagreement, in one file; its path, or nothing where it can't be written."""
    versions = {m.__name__: m.__version__ for m in (hypothesis, np)} | {"claws": __version__, "python": sys.version}
    bundle = {
        "schema": "claws-bug/1",
        "versions": versions,
        "source": spec.text,
        "law": data,
        "check": None if test.result is None else test.result.to_json(),
        "problems": [repr(t.problem) for t in test.trained if not t.holds],
    }
    path = os.path.join(folder, f"claws-bug-{Path(spec.path).stem}-{test.claim.name}.json")
    try:
        os.makedirs(folder, exist_ok=True)
        with open(path, "w", encoding="utf-8") as handle:
            json.dump(bundle, handle, indent=1)
    except OSError:
        return ""
    return path


def _counts(spec: Spec, options: Options, plan: Plan) -> Iterator[tuple[ClaimResult, Estimate | None]]:
    """`complete` and `count` claims that are decided, with what floating point says."""
    for claim in spec.claims:
        if claim.kind not in ("complete", "count"):
            continue
        for at in claim.sizes[:MAX_COUNTS]:
            result = check_claim(spec, claim, at, options)
            if result.verdict is not Verdict.UNKNOWN and "count_at_least" in result.detail:
                depth = result.detail.get("bracket_depth", 1)
                yield result, estimate(Instance(spec, at).model(), depth, plan.seed)


def _count_data(result: ClaimResult, found: Estimate | None) -> dict[str, Any]:
    low, high = result.detail["count_at_least"], result.detail["count_at_most"]
    warning = ""
    if found is not None:
        seen = f"floating point sees {found.count} laws (a gap of {found.gap:.0e} between singular values)"
        if found.count < low:
            warning = f"{seen}, but {low} are proved"
        elif found.count > high and not result.assumptions:
            warning = f"{seen}, but there are at most {high}"
    return {
        "name": result.name,
        "line": result.span.line,
        "column": result.span.column,
        "sizes": result.sizes,
        "verdict": result.verdict.value,
        "count_at_least": low,
        "count_at_most": high,
        "estimate": None if found is None else found.count,
        "warning": warning,
    }

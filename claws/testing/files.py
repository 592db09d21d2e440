"""`claws test` on one file: every law tested, numbers of laws in floating point, and the results as records.

No verdict comes from here. A disagreement with `claws check` is a bug, and is written to a bundle that can be reported.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from claws.syntax.instances.instance import Instance
from claws.testing.exact import FLOATING, MODULAR, RATIONAL  # sets OPENBLAS_NUM_THREADS before NumPy loads

# isort: split
import hypothesis
import numpy as np

from claws.kernel.core.finding import Verdict
from claws.report.results import ClaimResult
from claws.report.trials import CountTrial, Failure, FileTrials, LawTrial, Training
from claws.runner.claims import check_claim
from claws.runner.faults import internal_error
from claws.runner.options import Options
from claws.syntax.diagnostic import Diagnostic, SourceError, suggest
from claws.syntax.source import source_lines, write_whole
from claws.syntax.spec import Spec
from claws.testing.laws import LawTest, Plan, law_tests
from claws.testing.ranks import Estimate, estimate
from claws.version import VERSION

MAX_COUNTS = 6
"""Sizes of a `count` or `complete` claim that are looked at in floating point."""


def spec_tests(spec: Spec, options: Options, plan: Plan, bundles: str) -> FileTrials:
    """Test a file that has been read. Raises nothing: what is wrong is in the result. What shows a bug goes to `bundles`."""
    found = FileTrials(spec.path, lines=source_lines(spec.text))
    try:
        if spec.diagnostics:
            found.errors += spec.diagnostics
            return found
        for name in plan.laws:
            if name not in spec.laws:
                hint = suggest(name, spec.laws) or "the laws are: " + ", ".join(spec.laws)
                found.errors.append(Diagnostic("CLAW033", f"no law is named `{name}`", hint=hint))
                return found
        for test in law_tests(spec, plan, lambda claim, at: check_claim(spec, claim, at, options)):
            if test.crash is None:
                found.laws.append(_law_trial(spec, test, plan, bundles))
            elif isinstance(test.crash, SourceError):
                found.errors.append(test.crash.diagnostic)
            else:
                found.errors.append(replace(internal_error(test.crash), span=test.claim.node.span))
        if not plan.laws:
            for result, seen in _counts(spec, options, plan):
                found.counts.append(_count_trial(result, seen))
    except Exception as failure:
        found.errors.append(failure.diagnostic if isinstance(failure, SourceError) else internal_error(failure))
    found.failed = any(d.code in ("CLAW090", "CLAW091") for d in found.errors)
    found.dims = tuple(spec.dims)
    return found


def _law_trial(spec: Spec, test: LawTest, plan: Plan, bundles: str) -> LawTrial:
    claim = test.claim
    reproduce = f"claws test {spec.path} --law {claim.name} --seed {plan.seed}"
    if plan.examples is not None:
        reproduce += f" --examples {plan.examples}"
    failure, case = None, test.case.splitlines()
    if test.failure is not None:
        value = test.failure.value
        text = f"{value:.3g}" if isinstance(value, float) else str(value)
        failure = Failure(text, test.failure.how, test.failure.where)
    elif not test.conserved and test.trained:
        worst = max(test.trained, key=lambda t: t.drift / t.allowed)
        case = [f"drift {worst.drift:.3g}, the integrator's error allows {worst.allowed:.3g}, for"]
        case += repr(worst.problem).splitlines()
    trial = LawTrial(
        name=claim.name,
        span=claim.node.span,
        expected=Verdict(claim.expected),
        verdict=None if test.result is None else test.result.verdict,
        tried=test.tried,
        conserved=test.conserved,
        holds=test.holds,
        examples=test.examples,
        hows=tuple(how for how in (RATIONAL, MODULAR, FLOATING) if how in test.hows),
        failure=failure,
        case=tuple(case),
        problems=tuple(
            Training(dict(t.problem.sizes), t.drift, t.allowed, t.coarse, t.fine, t.order) for t in test.trained
        ),
        steps=test.steps,
        step_failure=test.step_failure,
        note="; ".join(x for x in (test.undefined, test.not_trained) if x),
        reproduce=reproduce,
        bug=test.contradiction,
        seconds=test.seconds,
    )
    return replace(trial, bundle=_write_bundle(spec, test, trial, bundles)) if test.contradiction else trial


def _write_bundle(spec: Spec, test: LawTest, trial: LawTrial, folder: str) -> str:
    """What is needed to look into a disagreement, in one file; its path, or nothing where it can't be written."""
    versions = {m.__name__: m.__version__ for m in (hypothesis, np)} | {"claws": VERSION, "python": sys.version}
    bundle = {
        "schema": "claws-bug/1",
        "versions": versions,
        "source": spec.text,
        "law": trial.to_json(),
        "check": None if test.result is None else test.result.to_json(),
        "problems": [repr(t.problem) for t in test.trained if not t.holds],
    }
    path = os.path.join(folder, f"claws-bug-{Path(spec.path).stem}-{test.claim.name}.json")
    try:
        os.makedirs(folder, exist_ok=True)
        write_whole(path, json.dumps(bundle, indent=1))
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
            if result.verdict is not Verdict.UNKNOWN and result.detail.bounds is not None:
                depth = result.detail.bounds.bracket_depth
                yield result, estimate(Instance(spec, at).model(), 1 if depth is None else depth, plan.seed)


def _is_everywhere(result: ClaimResult) -> bool:
    """Whether a number of laws is one of all regions, so that floating point should see no more of them anywhere."""
    return not result.premises and (result.detail.where is None or result.detail.where.everywhere)


def _count_trial(result: ClaimResult, found: Estimate | None) -> CountTrial:
    bounds = result.detail.bounds
    assert bounds is not None
    low, high = bounds.at_least, bounds.at_most
    warning = ""
    if found is not None:
        seen = f"floating point sees {found.count} laws (a gap of {found.gap:.0e} between singular values)"
        if found.count < low:
            warning = f"{seen}, but {low} are proved"
        elif found.count > high and _is_everywhere(result):
            warning = f"{seen}, but there are at most {high}"
    return CountTrial(
        result.name,
        result.span,
        result.sizes,
        result.verdict,
        low,
        high,
        None if found is None else found.count,
        warning,
        result.premises,
    )

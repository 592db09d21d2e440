"""`test` as a verb of the runner: a unit of work is a whole file, whose laws share their training runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from claws.report.trials import FileTrials, TrialReport
from claws.runner.costs import model_length
from claws.runner.faults import Fault
from claws.runner.files import COMMAND_LINE, Source, unknown_dims
from claws.runner.options import Options
from claws.runner.run import Tell, Verb, run
from claws.syntax.source import source_lines

if TYPE_CHECKING:
    from claws.testing.laws import Plan


@dataclass(frozen=True)
class Trials(Verb[None, FileTrials, FileTrials]):
    """Try the laws of each file; what shows a bug of claws is written to the folder `bundles`."""

    options: Options
    plan: Plan
    bundles: str

    def begin(self, source: Source) -> tuple[FileTrials, Sequence[None]]:
        spec = source.spec(self.options.sizes)
        found = FileTrials(spec.path, list(spec.diagnostics), lines=source_lines(spec.text))
        return found, () if found.errors else (None,)

    def costs(self, source: Source, units: Sequence[None]) -> list[float]:
        spec = source.spec(self.options.sizes)
        return [1000.0 * len(spec.laws) + model_length(spec) for _ in units]

    def do(self, source: Source, unit: None, tell: Tell) -> FileTrials:
        from claws.testing.files import spec_tests

        self.plan.load_profile()
        return spec_tests(source.spec(self.options.sizes), self.options, self.plan, self.bundles)

    def add(self, result: FileTrials, unit: None, part: FileTrials | Fault) -> FileTrials:
        if isinstance(part, FileTrials):
            return part
        return replace(result, errors=[*result.errors, part.diagnostic], failed=part.failed)

    def refuse(self, source: Source, fault: Fault) -> FileTrials:
        return FileTrials(source.path, [fault.diagnostic], lines=source_lines(source.text), failed=fault.failed)


def run_tests(
    sources: Sequence[Source],
    options: Options,
    plan: Plan,
    bundles: str,
    done: Callable[[FileTrials], object] = lambda found: None,
) -> tuple[TrialReport, bool]:
    """What was found in each file, and whether the run was interrupted. `done` gets each file when its turn has come."""
    found = run(Trials(options, plan, bundles), sources, options.jobs, done=done)
    report = TrialReport([f for f in found.results if not f.interrupted], plan.seed)
    dims = {d for f in report.files for d in f.dims}
    unknown = unknown_dims(options.sizes, dims)
    if not found.interrupted and dims and unknown is not None:
        report.files.append(FileTrials(COMMAND_LINE, [unknown]))
        done(report.files[-1])
    return report, found.interrupted

"""`check` as a verb of the runner: a unit of work is one claim at one of its sizes.

The command line, the Python interface and the pytest plugin all come through here, with files, a text, or a file that is read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from claws.report.results import ClaimResult, FileResult, Report
from claws.runner.claims import CertificateNotWritten, check_claim
from claws.runner.costs import Costs
from claws.runner.faults import Fault
from claws.runner.files import COMMAND_LINE, Source, read_files, unknown_dims
from claws.runner.options import Options
from claws.runner.run import Tell, Verb, run, work_on
from claws.syntax.diagnostic import Diagnostic, SourceError, Span
from claws.syntax.source import read_source, source_lines
from claws.syntax.spec import Claim, Sizes, Spec

Decided = tuple[Claim, Sizes, ClaimResult]

Places = tuple[tuple[int, int], ...]
"""The positions of claims in the file and of their sizes in each: one, or all of a file where Coq is asked about them."""


@dataclass
class ClaimPart:
    """The results of some claims of a file, and what went wrong with them."""

    claims: list[ClaimResult] = field(default_factory=list)
    errors: list[Diagnostic] = field(default_factory=list)
    failed: bool = False
    interrupted: bool = False


@dataclass(frozen=True)
class Check(Verb[Places, ClaimPart, FileResult]):
    """Decide the claims of each file."""

    options: Options

    def begin(self, source: Source) -> tuple[FileResult, Sequence[Places]]:
        spec = source.spec(self.options.sizes)
        result = FileResult(
            spec.path,
            spec.model,
            list(spec.diagnostics),
            list(spec.warnings),
            lines=source_lines(spec.text),
            dims=tuple(spec.dims),
        )
        if result.errors:
            return result, ()
        places = [(c, k) for c, claim in enumerate(spec.claims) for k in range(len(claim.sizes))]
        return result, [tuple(places)] if self.options.coq else [(place,) for place in places]

    def costs(self, source: Source, units: Sequence[Places]) -> list[float]:
        spec = source.spec(self.options.sizes)
        cost = Costs(spec)
        return [sum(cost.claim(spec.claims[c], spec.claims[c].sizes[k]) for c, k in unit) for unit in units]

    def place(self, source: Source, unit: Places) -> Span:
        spec = source.spec(self.options.sizes)
        return spec.claims[unit[0][0]].node.span

    def do(self, source: Source, unit: Places, tell: Tell) -> ClaimPart:
        spec = source.spec(self.options.sizes)
        claims = [(spec.claims[c], spec.claims[c].sizes[k]) for c, k in unit]
        if self.options.coq:
            part = self._with_coq(spec, claims, source.stem)
        else:
            part = ClaimPart()
            ((claim, sizes),) = claims
            self._decide(spec, claim, sizes, source.stem, part)
        for own in part.claims:
            own.evidence = None
        return part

    def _decide(self, spec: Spec, claim: Claim, sizes: Sizes, stem: str, part: ClaimPart) -> Decided | None:
        try:
            part.claims.append(check_claim(spec, claim, sizes, self.options, stem))
            return claim, sizes, part.claims[-1]
        except SourceError as problem:
            if problem.diagnostic not in part.errors:
                part.errors.append(problem.diagnostic)
        except CertificateNotWritten as problem:
            part.errors.append(Diagnostic("CLAW040", str(problem), claim.node.span))
        return None

    def _with_coq(self, spec: Spec, claims: Sequence[tuple[Claim, Sizes]], stem: str) -> ClaimPart:
        from claws.coq.exporter import Work
        from claws.coq.second_opinion import ask_coq

        part, decided = ClaimPart(), list[Decided]()
        for claim, sizes in claims:
            try:
                found = self._decide(spec, claim, sizes, stem, part)
                decided += [] if found is None else [found]
            except KeyboardInterrupt:
                part.interrupted = True
                return part
            except Exception as problem:
                _put(part, Fault.of(problem, claim.node.span))
        try:
            work = Work(self.options.seed, self.options.budget, self.options.timeout)
            for diagnostic in ask_coq(spec, decided, work):
                _put(part, Fault(diagnostic, failed=True))
        except KeyboardInterrupt:
            part.interrupted = True
        except Exception as problem:
            _put(part, Fault.of(problem))
        return part

    def add(self, result: FileResult, unit: Places, part: ClaimPart | Fault) -> FileResult:
        if isinstance(part, Fault):
            _put(result, part)
            return result
        result.claims += part.claims
        result.errors += [d for d in part.errors if d not in result.errors]
        result.failed = result.failed or part.failed
        result.interrupted = result.interrupted or part.interrupted
        return result

    def refuse(self, source: Source, fault: Fault) -> FileResult:
        return FileResult(source.path, errors=[fault.diagnostic], failed=fault.failed)


def _put(result: ClaimPart | FileResult, fault: Fault) -> None:
    if fault.diagnostic not in result.errors:
        result.errors.append(fault.diagnostic)
    result.failed = result.failed or fault.failed


# --- files, a text, a file that is read ------------------------------------------------------------------------------


def check_paths(
    paths: Sequence[str], options: Options, progress: Callable[[FileResult], object] = lambda f: None
) -> Report:
    """Check files and folders. An error in one never hides the results of another."""
    return check_sources(read_files(paths), options, progress)


def check_sources(
    sources: Sequence[Source], options: Options, progress: Callable[[FileResult], object] = lambda f: None
) -> Report:
    """Check these files; what is wrong with the options is one more file of the report."""
    options, missing = _prepared(options)
    found = run(Check(options), sources, options.jobs, done=progress)
    report = Report(found.results, options.seed, found.interrupted)
    if not report.interrupted:
        report.files += _command_line(options, report.files) + missing
    return report


def check_file(path: str, options: Options, stem: str | None = None) -> FileResult:
    """Check one file. `stem` starts the names of its certificates."""
    text, problem = read_source(path)
    return work_on(Check(options), Source(path, text, problem, stem))


def check_text(text: str, path: str, options: Options, stem: str | None = None) -> FileResult:
    """Check the text of a file."""
    return work_on(Check(options), Source(path, text, None, stem))


def check_spec(spec: Spec, options: Options) -> FileResult:
    """Check a file that has been read, with the sizes that it was read with."""
    return work_on(Check(replace(options, sizes={})), Source.of(spec, {}))


def _prepared(options: Options) -> tuple[Options, list[FileResult]]:
    """The same options, without Coq if there is none; then also what is missing, as one more file."""
    if not options.coq:
        return options, []
    from claws.coq.second_opinion import prepare

    problem = prepare()
    if problem is None:
        return options, []
    return replace(options, coq=False), [FileResult(COMMAND_LINE, errors=[problem])]


def _command_line(options: Options, files: Sequence[FileResult]) -> list[FileResult]:
    """What is wrong with the options, as one more file."""
    problem = unknown_dims(options.sizes, {d for f in files for d in f.dims}) if any(f.claims for f in files) else None
    return [] if problem is None else [FileResult(COMMAND_LINE, errors=[problem])]

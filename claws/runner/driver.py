"""The one path from source to verdict: source -> statement -> search -> kernel -> result.

The command line, the Python interface and the pytest plugin all call `check_file` or `check_text`.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from math import ceil, floor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from claws.kernel.core.errors import Malformed, Meter, Refused
from claws.kernel.core.evidence import NotConserved, Residue, Witness
from claws.kernel.core.program import ROLES, count_entries
from claws.kernel.core.sizes import ZERO
from claws.kernel.core.statement import AnyStatement, Statement
from claws.kernel.counting.points import Ranks, coordinates
from claws.kernel.theorem import Theorem, check
from claws.kernel.values.evaluation import Index, fixed, indices
from claws.report.results import ClaimResult, FileResult, Report, Verdict, source_lines
from claws.runner.processes import in_order
from claws.syntax import nodes
from claws.syntax.diagnostic import START, Diagnostic, SourceError
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from claws.syntax.source import read_source
from claws.syntax.spec import Claim, Spec

if TYPE_CHECKING:
    from claws.kernel.format.certificate import Certificate
    from claws.prover.counting import KnownLaw


@dataclass(frozen=True)
class Options:
    """How to check. `budget` counts elementary steps of each claim, so the same budget gives the same verdict on every
    machine; `timeout` is a backstop in seconds for each claim, None for none."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    """Dims set or overridden (`-D n=3`)."""
    seed: int = 0
    budget: int = 20_000_000
    timeout: float | None = 60.0
    certificates: str | None = None
    """A folder for certificates; None: none are written."""
    jobs: int = 1
    pure: bool = False
    """Let the kernel compute every rank by itself, without an accelerator."""
    coq: bool = False
    """Let Coq check the claims, too, as far as they can be exported (see `claws.coq`)."""


# --- files -------------------------------------------------------------------------------------------------------------


def find_files(paths: Sequence[str]) -> list[tuple[str, Diagnostic | None]]:
    """The `.claw` files that these paths name, folders searched in order; each with its error, if it has one."""
    found: list[tuple[str, Diagnostic | None]] = []
    seen: set[str] = set()
    for path in paths:
        if os.path.isdir(path):
            inside = sorted(str(p) for p in Path(path).rglob("*.claw") if p.is_file())
            if not inside:
                found.append((path, Diagnostic("CLAW042", "this folder has no `.claw` file")))
        else:
            inside = [path]
        for p in inside:
            if p not in seen:
                seen.add(p)
                found.append((p, None))
    return found


def check_paths(
    paths: Sequence[str], options: Options, progress: Callable[[FileResult], None] = lambda f: None
) -> Report:
    """Check files and folders. An error in one never hides the results of another."""
    tasks: list[Task] = []
    stems: set[str] = set()
    for path, problem in find_files(paths):
        stem, copy = Path(path).stem, 1
        while stem in stems:
            copy += 1
            stem = f"{Path(path).stem}-{copy}"
        stems.add(stem)
        tasks.append((path, problem, stem))
    report = Report([], options.seed)
    options, missing = with_coq(options)
    try:
        parallel = options.jobs > 1
        for result in _in_processes(tasks, options) if parallel else (_check_task(task, options) for task in tasks):
            report.files.append(result)
            progress(result)
            if result.interrupted:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        report.interrupted = True
    else:
        report.files += command_line(options, report.files)
        report.files += missing
    return report


def with_coq(options: Options) -> tuple[Options, list[FileResult]]:
    """The same options, without Coq if there is none; then also what is missing, as one more file."""
    if not options.coq:
        return options, []
    from claws.coq.second_opinion import prepare

    problem = prepare()
    return (
        (options, [])
        if problem is None
        else (replace(options, coq=False), [FileResult(COMMAND_LINE, errors=[problem])])
    )


COMMAND_LINE = "<command line>"


def command_line(options: Options, files: Sequence[FileResult]) -> list[FileResult]:
    """What is wrong with the options, as one more file."""
    problem = unknown_dims(options.sizes, {d for f in files for d in f.dims}) if any(f.claims for f in files) else None
    return [] if problem is None else [FileResult(COMMAND_LINE, errors=[problem])]


def unknown_dims(sizes: Mapping[str, int], declared: Collection[str]) -> Diagnostic | None:
    """What is wrong with `-D`, if a size is for a dim that no file declares."""
    unknown = [f"`{d}`" for d in sizes if d not in declared]
    return Diagnostic("CLAW043", f"no file declares the dim {', '.join(unknown)} of -D") if unknown else None


Task = tuple[str, Diagnostic | None, str]
"""A path, its error if it has one, and how the names of its certificates start."""


PART = 8
"""Claims at one size that a process is given at a time."""


def _check_task(task: Task, options: Options, part: slice = slice(None)) -> FileResult:
    path, problem, stem = task
    if problem is not None:
        return FileResult(path, errors=[problem])
    return check_file(path, options, stem, part)


def _parts(task: Task, options: Options) -> list[slice]:
    """The claims of a file, at their sizes, in parts that can be checked apart."""
    path, problem, _ = task
    text, unreadable = ("", problem) if problem is not None else read_source(path)
    if unreadable is not None:
        return [slice(None)]
    try:
        count = sum(len(c.sizes) for c in load_text(text, path, options.sizes).claims)
    except Exception:
        return [slice(None)]  # checking it will say what is wrong
    return [slice(k, k + PART) for k in range(0, count, PART)] or [slice(None)]


def _in_processes(tasks: Sequence[Task], options: Options) -> Iterator[FileResult]:
    """The results in the order of the tasks, from several processes."""
    parts = [_parts(task, options) for task in tasks]
    calls = [(task, options, part) for task, own in zip(tasks, parts, strict=True) for part in own]
    results = in_order(_check_task, calls, options.jobs)
    for task, own in zip(tasks, parts, strict=True):
        yield _joined([_died(task[0]) if result is None else result for result in islice(results, len(own))])


def _joined(parts: Sequence[FileResult]) -> FileResult:
    """One result of the parts of one file."""
    whole = parts[0]
    for part in parts[1:]:
        whole.claims += part.claims
        whole.errors += [d for d in part.errors if d not in whole.errors]
        whole.failed = whole.failed or part.failed
    return whole


def _died(path: str) -> FileResult:
    return FileResult(path, errors=[process_died()], failed=True)


def process_died() -> Diagnostic:
    return Diagnostic("CLAW090", "a process that worked on this file died, perhaps for want of memory")


def check_file(path: str, options: Options, stem: str | None = None, part: slice = slice(None)) -> FileResult:
    """Check one file. `stem` starts the names of its certificates; `part` is some of its claims (at their sizes)."""
    text, problem = read_source(path)
    if problem is not None:
        return FileResult(path, errors=[problem])
    return check_text(text, path, options, stem, part)


def check_text(
    text: str, path: str, options: Options, stem: str | None = None, part: slice = slice(None)
) -> FileResult:
    """Check the text of a file."""
    try:
        spec = load_text(text, path, options.sizes)
    except Exception as problem:
        diagnostic = internal_error(problem)
        return FileResult(path, errors=[diagnostic], failed=diagnostic.code != "CLAW034")
    return check_spec(spec, options, stem, part)


def check_spec(spec: Spec, options: Options, stem: str | None = None, part: slice = slice(None)) -> FileResult:
    result = FileResult(
        spec.path,
        spec.model,
        list(spec.diagnostics),
        lines=source_lines(spec.text),
        dims=tuple(spec.dims),
    )
    if result.errors:
        return result
    instances = [(claim, sizes) for claim in spec.claims for sizes in claim.sizes]
    decided: list[tuple[Claim, dict[str, int], ClaimResult]] = []
    for claim, sizes in instances[part]:
        try:
            result.claims.append(check_claim(spec, claim, sizes, options, stem))
            decided.append((claim, sizes, result.claims[-1]))
        except SourceError as problem:
            if problem.diagnostic not in result.errors:
                result.errors.append(problem.diagnostic)
        except CertificateNotWritten as problem:
            result.errors.append(Diagnostic("CLAW040", str(problem), claim.node.span))
        except Exception as problem:
            _add_internal(result, replace(internal_error(problem), span=claim.node.span))
        except KeyboardInterrupt:
            result.interrupted = True
            break
    if options.coq and not result.interrupted:
        _ask_coq(spec, decided, options, result)
    for own in result.claims:
        own.evidence = None
    return result


def _add_internal(result: FileResult, diagnostic: Diagnostic) -> None:
    """An error of claws itself, or an expression that is nested too deeply, which is the file's."""
    result.errors.append(diagnostic)
    result.failed = result.failed or diagnostic.code != "CLAW034"


def _ask_coq(
    spec: Spec, decided: list[tuple[Claim, dict[str, int], ClaimResult]], options: Options, result: FileResult
) -> None:
    from claws.coq.exporter import Work
    from claws.coq.second_opinion import ask_coq

    try:
        ask_coq(spec, decided, result, Work(options.seed, options.budget, options.timeout))
    except Exception as problem:
        _add_internal(result, internal_error(problem))
    except KeyboardInterrupt:
        result.interrupted = True


def internal_error(problem: Exception) -> Diagnostic:
    if os.environ.get("CLAWS_DEBUG"):
        import traceback

        traceback.print_exception(problem, file=sys.stderr)
    if isinstance(problem, RecursionError | MemoryError):
        return Diagnostic(
            "CLAW034", "this is too large or nested too deeply to be checked", START, "split it with `let`"
        )
    if isinstance(problem, KernelRefusal):
        return Diagnostic("CLAW091", f"the kernel turned the checker's certificate down: {problem}", START, _BUG)
    return Diagnostic("CLAW090", f"the checker failed ({type(problem).__name__}: {problem})", START, _BUG)


_BUG = "this is a bug of claws: please report it with the file; CLAWS_DEBUG=1 shows where"


# --- claims ------------------------------------------------------------------------------------------------------------


class KernelRefusal(Exception):
    """The kernel refused evidence that the search believed in: a bug in one of them."""


class CertificateNotWritten(Exception):
    """The folder for certificates does not take one."""


def check_claim(
    spec: Spec, claim: Claim, sizes: Mapping[str, int], options: Options, stem: str | None = None
) -> ClaimResult:
    """The verdict on one claim at these sizes. Raises `SourceError` where the claim has no meaning at them."""
    start = time.perf_counter()
    given = {d: n for d, n in spec.dims.items() if n is not None} | dict(sizes)
    free = tuple(d for d in spec.dims if d not in given)
    result = ClaimResult(
        claim.name,
        claim.kind,
        claim.node.span,
        None if free and not given else {d: given[d] for d in spec.dims if d in given},
        Verdict.UNKNOWN,
        Verdict(claim.expected),
        free_dims=free,
    )
    if claim.kind != "law":
        _check_number(spec, claim, sizes, options, stem, result)
    else:
        _check_law(spec, claim, Instance(spec, sizes), options, stem, result)
    result.seconds = time.perf_counter() - start
    return result


def _check_number(
    spec: Spec, claim: Claim, sizes: Mapping[str, int], options: Options, stem: str | None, result: ClaimResult
) -> None:
    from claws.prover.counting import decide_number

    instance = Instance(spec, sizes)
    free = instance.free_dims(claim.laws)
    result.free_dims = tuple(d for d in result.free_dims if d in free)
    if free:
        example = ", ".join(f"{d} = 3" for d in result.free_dims)
        result.reason = f"the number of laws depends on the sizes: add some, as in `for {example}`"
        return
    statement = instance.number_statement(claim)
    try:
        outcome = decide_number(
            statement, known_laws(spec, claim, sizes), options.seed, options.budget, options.timeout, options.pure
        )
    except Malformed:
        raise
    except Refused as problem:
        raise KernelRefusal(str(problem)) from problem
    result.detail.update(outcome.found)
    theorem = outcome.theorem
    if theorem is None:
        result.reason = outcome.reason
        result.detail["tried"] = outcome.tried
        return
    result.detail["laws"] = outcome.used
    _put_theorem(result, theorem)
    if isinstance(theorem.evidence, NotConserved):
        law = claim.laws[theorem.evidence.law]
        result.detail.update(
            describe_witness(instance.statement(law, claim.among), theorem.evidence.witness, spec), law=law
        )
    if options.certificates is not None:
        result.detail["certificate"] = _write(spec, claim, result, theorem, options.certificates, stem)


def known_laws(spec: Spec, claim: Claim | None, sizes: Mapping[str, int]) -> list[KnownLaw]:
    """The file's laws that are claimed at these sizes, those of the claim itself left out (none for None)."""
    from claws.prover.counting import KnownLaw

    found = []
    among = None if claim is None else claim.among
    for other in spec.claims:
        if other.kind != "law" or other.expected != "PROVED" or (claim is not None and other.name in claim.laws):
            continue
        if any(all(sizes.get(d, n) == n for d, n in given.items()) for given in other.sizes):
            try:
                instance = Instance(spec, sizes)
                if among is None or instance.mentions_only(other.name, among):
                    found.append(KnownLaw(other.name, instance.statement(other.name, among)))
            except SourceError:
                continue  # it has no meaning at these sizes
    return found


def _put_theorem(result: ClaimResult, theorem: Theorem) -> None:
    result.evidence = theorem.evidence
    result.verdict = Verdict(theorem.verdict)
    result.method = theorem.method
    result.assumptions = theorem.assumptions
    result.trust = theorem.trust


def _check_law(
    spec: Spec, claim: Claim, instance: Instance, options: Options, stem: str | None, result: ClaimResult
) -> None:
    from claws.prover.blocks import prove_by_block
    from claws.prover.laws import decide_law

    statement = instance.statement(claim.name)
    result.free_dims = tuple(d for d in result.free_dims if d in statement.program.free_dims())
    params = statement.program.leaves("param")
    total = sum((count_entries(statement.program.shapes[n]) for n, _ in params), start=ZERO)
    result.detail["parameters"] = total.integer() if total.integer() is not None else str(total)
    lift = instance.lift(claim.name) if spec.blocks else None
    theorem = prove_by_block(statement, lift, options.budget) if lift is not None else None
    if theorem is None:
        try:
            outcome = decide_law(statement, options.seed, options.budget, options.timeout)
        except Malformed:
            raise
        except Refused as problem:
            raise KernelRefusal(str(problem)) from problem
        theorem = outcome.theorem
        if theorem is None:
            result.reason = outcome.reason
            result.detail["tried"] = outcome.tried
            return
    _put_theorem(result, theorem)
    result.for_all_sizes = theorem.verdict == "PROVED" and theorem.sizes is None
    if isinstance(theorem.evidence, Witness):
        result.detail.update(describe_witness(statement, theorem.evidence, spec))
        result.detail["terms"] = residue_by_term(spec, claim, instance, theorem.evidence)
    if options.certificates is not None:
        result.detail["certificate"] = _write(spec, claim, result, theorem, options.certificates, stem)


def _write(spec: Spec, claim: Claim, result: ClaimResult, theorem: Theorem, folder: str, stem: str | None) -> str:
    from claws.kernel.format.certificate import Certificate, write_certificate

    sizes = ",".join(f"{d}={n}" for d, n in (result.sizes or {}).items())
    about = {"file": os.path.basename(spec.path), "claim": claim.name, "sizes": sizes, "verdict": theorem.verdict}
    text = write_certificate(Certificate(theorem.statement, theorem.evidence, about))
    # a file may have several counts, and a list of laws is no file name
    label = claim.name if claim.kind == "law" else f"{claim.kind}-line-{claim.node.span.line}"
    name = ".".join(x for x in (stem or Path(spec.path).stem, label, sizes, "cert.json") if x)
    path = os.path.join(folder, name)
    try:
        os.makedirs(folder, exist_ok=True)
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(text)
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise CertificateNotWritten(f"the certificate {path} can't be written: {reason}") from problem
    return path


# --- explaining a refutation ---------------------------------------------------------------------------------------------


def describe_witness(statement: Statement, witness: Witness, spec: Spec | None = None) -> dict[str, Any]:
    """The witness for people and for JSON: entries by name, arrays as nested lists, the residue and where it stands."""
    program = statement.program.at(witness.sizes) if witness.sizes else statement.program
    arrays: dict[str, Any] = {}
    entries: dict[str, str] = {}
    for n, leaf in program.leaves(*ROLES):
        shape = [fixed(k) for k in program.shapes[n]]
        values = witness.leaves.get(leaf.name, {})
        arrays[leaf.name] = _nested(values, shape, ())
        for i in indices(shape):
            key = leaf.name + (f"[{','.join(map(str, i))}]" if i else "")
            entries[key] = str(values.get(i, 0))
    choices = []
    for name, (up, down) in witness.choices.homogeneous.items():
        degree = dict(program.activations).get(name)
        choices.append(f"{name}(z) = {up}*z^{degree} for z > 0, {down}*|z|^{degree} for z < 0")
    for name, table in witness.choices.values.items():
        for z, (f, g) in sorted(table.items()):
            choices.append(f"{name}({z}) = {f}, {name}'({z}) = {g}")
    for name, rows in witness.choices.functions.items():
        for point, value, _ in rows:
            at = "; ".join(_sparse_text(dict(x)) for x in point)
            choices.append(f"{name} at ({at}) is {_sparse_text(value)}, with the Jacobian in the certificate")
    output = "" if witness.output is None else f"output {witness.output}"
    if witness.output is not None and spec is not None and spec.map is not None:
        from claws.syntax.printer import print_expression

        output = print_expression(spec.map.outputs[witness.output])
    return {
        "sizes": dict(witness.sizes),
        "witness": entries,
        "arrays": arrays,
        "choices": choices,
        "law_entry": list(witness.law_entry),
        "output": output,
        "output_entry": list(witness.output_entry),
        "residue": residue_text(witness.residue),
        "residue_bits": witness.bits,
    }


DIGITS = 10


def residue_text(x: Residue) -> str:
    """A rational number, or bounds as decimals that are rounded outwards: [2.718281828, 2.718281829]."""
    if not isinstance(x, tuple):
        return str(x)
    return f"[{_decimal(x[0], floor)}, {_decimal(x[1], ceil)}]"


def _decimal(x: Fraction, towards: Callable[[Fraction], int]) -> str:
    """About ten digits, with the rounding of `towards`: 2.718281828, 3.354626279e-4."""
    if not x:
        return "0"
    exponent = len(str(abs(x.numerator))) - len(str(x.denominator)) - DIGITS
    digits = towards(x / Fraction(10) ** exponent)
    return str(Decimal(digits).scaleb(exponent).normalize())


def _nested(values: Mapping[Index, Fraction], shape: Sequence[int], head: Index) -> Any:
    if len(head) == len(shape):
        return str(values.get(head, 0))
    return [_nested(values, shape, (*head, k)) for k in range(shape[len(head)])]


def _sparse_text(x: Mapping[Index, Fraction]) -> str:
    return ", ".join(f"{list(i)}: {y}" if i else str(y) for i, y in sorted(x.items())) or "0"


MANY_TERMS = 50
"""Each term costs about as much as the law, and nobody reads more."""


def residue_by_term(spec: Spec, claim: Claim, instance: Instance, witness: Witness) -> list[dict[str, str]]:
    """What each term of the law leaves at the witness: the terms that should have cancelled."""
    from claws.kernel.values.witness import witness_residue
    from claws.prover.witness import statement_at
    from claws.syntax.printer import print_expression

    assert isinstance(claim.node, nodes.Law)
    terms = _split(claim.node.value, 1)
    if not 2 <= len(terms) <= MANY_TERMS:
        return []
    result = []
    for sign, term in terms:
        try:
            statement = statement_at(instance.statement_about(claim.name, term, sign), witness.sizes)
            leaves = {
                leaf.name: dict(witness.leaves.get(leaf.name, {})) for _, leaf in statement.program.leaves(*ROLES)
            }
            value = witness_residue(statement, leaves, witness, Meter(5_000_000))
        except (SourceError, Refused):
            return []  # a term that has no value by itself: nothing to say
        text = print_expression(term)
        result.append({"term": text if sign > 0 else f"-({text})", "residue": residue_text(value)})
    return result


def _split(e: nodes.Expression, sign: int) -> list[tuple[int, nodes.Expression]]:
    """The terms of a sum, with signs."""
    terms: list[tuple[int, nodes.Expression]] = []
    stack = [(sign, e)]
    while stack:
        sign, e = stack.pop()
        if isinstance(e, nodes.Binary) and e.operator in "+-":
            stack += [(sign if e.operator == "+" else -sign, e.right), (sign, e.left)]
        elif isinstance(e, nodes.Negative):
            stack.append((-sign, e.operand))
        else:
            terms.append((sign, e))
    return terms


# --- verifying certificates ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verification:
    """What the kernel said of one certificate: a theorem's verdict and name, or why it was refused."""

    path: str
    accepted: bool
    message: str
    verdict: str = ""
    unreadable: bool = False


def verify_certificate(spec: Spec, path: str, options: Options) -> Verification:
    """Re-check a certificate against the claim as the source states it; the prover takes no part."""
    from claws.kernel.format.certificate import read_certificate

    text, problem = read_source(path)
    if problem is not None:
        return Verification(path, False, problem.message, unreadable=True)
    try:
        certificate = read_certificate(text)
        name, statement = _claimed(spec, certificate)
        ranks = _accelerator(certificate, options.pure)
        theorem = check(statement, certificate.evidence, Meter(options.budget, options.timeout), ranks)
    except Refused as refusal:
        return Verification(path, False, str(refusal))
    except (RecursionError, MemoryError):
        return Verification(path, False, "the certificate is too large or nested too deeply")
    except Exception as failure:
        # a bug of the kernel; what it could not judge, it does not accept
        return Verification(path, False, internal_error(failure).message)
    return Verification(path, True, f"{theorem.verdict} {name} by {theorem.method}", theorem.verdict)


def _accelerator(certificate: Certificate, pure: bool) -> Ranks | None:
    """What computes the ranks of a certificate that are too large for Python's integers; None where none is."""
    from claws.kernel.core.evidence import Sandwich

    if not isinstance(certificate.evidence, Sandwich):
        return None
    if pure:
        from claws.prover.path_ranks import PathRanks

        return PathRanks()
    from claws.prover.array_ranks import ArrayRanks
    from claws.prover.counting import accelerator

    return accelerator(certificate.evidence, coordinates(certificate.statement.program), ArrayRanks())


def _claimed(spec: Spec, certificate: Certificate) -> tuple[str, AnyStatement]:
    """The claim of the file that the certificate is about, rebuilt from the source. Raises `Refused` if there is none."""
    name = certificate.about.get("claim", "")
    candidates = [c for c in spec.claims if c.name == name]
    if not candidates:
        raise Refused(f"the file has no claim `{name[:60]}`")
    for claim in candidates:
        for sizes in claim.sizes:
            try:
                instance = Instance(spec, sizes)
                if claim.kind == "law":
                    statement: AnyStatement = instance.statement(claim.name)
                elif instance.free_dims(claim.laws):
                    continue
                else:
                    statement = instance.number_statement(claim)
            except SourceError:
                continue
            if statement == certificate.statement:
                return name, statement
    raise Refused(f"the certificate is about another statement than the claim `{name}` of this file")

"""One claim at some sizes: its statement, the search, the kernel's verdict, and what is to be said of it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from claws.kernel.core.errors import Malformed, Refused
from claws.kernel.core.finding import Verdict
from claws.kernel.core.program import count_entries
from claws.kernel.core.sizes import ZERO
from claws.kernel.counting.evidence import NotConserved
from claws.kernel.theorem import Theorem
from claws.kernel.values.evidence import Witness
from claws.prover.lifting import prove_by_block
from claws.report.details import Bounds
from claws.report.premises import taken_for_unknown
from claws.report.results import ClaimResult
from claws.report.where import Where
from claws.runner.faults import KernelRefusal
from claws.runner.options import Options
from claws.syntax.diagnostic import SourceError
from claws.syntax.instances.instance import Instance
from claws.syntax.source import write_whole
from claws.syntax.spec import Claim, Spec

if TYPE_CHECKING:
    from claws.prover.counting import KnownLaw


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
        _decide_number(spec, claim, sizes, options, stem, result)
    else:
        _decide_law(spec, claim, Instance(spec, sizes), options, stem, result)
    result.seconds = time.perf_counter() - start
    return result


def _decide_number(
    spec: Spec, claim: Claim, sizes: Mapping[str, int], options: Options, stem: str | None, result: ClaimResult
) -> None:
    from claws.discovery.conjectures import CONJECTURES
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
            statement,
            known_laws(spec, claim, sizes),
            CONJECTURES,
            options.seed,
            options.budget,
            options.timeout,
            options.pure,
        )
    except Malformed:
        raise
    except Refused as problem:
        raise KernelRefusal(str(problem)) from problem
    result.detail.bounds = Bounds.of(outcome.found)
    theorem = outcome.theorem
    if theorem is None:
        result.reason = outcome.reason
        result.detail.tried = tuple(outcome.tried)
        return
    if not _put_theorem(result, theorem, options):
        # the bounds rest on the premise, too
        result.detail.bounds = None
        return
    result.detail.laws = tuple(outcome.used)
    if theorem.verdict is Verdict.PROVED or theorem.near:
        result.detail.where = Where.of(theorem.near)
    if isinstance(theorem.evidence, NotConserved):
        from claws.report.witnesses import describe_witness

        law = claim.laws[theorem.evidence.law]
        about = instance.statement(law, claim.among)
        result.detail.counterexample = describe_witness(about, theorem.evidence.witness, spec, law=law)
    if options.certificates is not None:
        result.detail.certificate = _write(spec, claim, result, theorem, options.certificates, stem)


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


def _put_theorem(result: ClaimResult, theorem: Theorem, options: Options) -> bool:
    """Put a theorem's verdict into the result, or, if it rests on a premise and none is wanted, why there is none.

    Returns whether there is a verdict.
    """
    if options.unconditional and theorem.premises:
        result.reason = taken_for_unknown(theorem.verdict, theorem.premises)
        return False
    result.evidence = theorem.evidence
    result.verdict = Verdict(theorem.verdict)
    result.method = theorem.method
    result.conditions = theorem.conditions
    result.premises = theorem.premises
    result.trust = theorem.trust
    return True


def _decide_law(
    spec: Spec, claim: Claim, instance: Instance, options: Options, stem: str | None, result: ClaimResult
) -> None:
    from claws.prover.laws import decide_law

    statement = instance.statement(claim.name)
    result.free_dims = tuple(d for d in result.free_dims if d in statement.program.free_dims())
    params = statement.program.leaves("param")
    total = sum((count_entries(statement.program.shapes[n]) for n, _ in params), start=ZERO)
    number = total.integer()
    result.detail.parameters = number if number is not None else str(total)
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
            result.detail.tried = tuple(outcome.tried)
            return
    if not _put_theorem(result, theorem, options):
        return
    result.for_all_sizes = theorem.verdict == "PROVED" and theorem.sizes is None
    if isinstance(theorem.evidence, Witness):
        from claws.report.witnesses import describe_witness, residue_by_term

        terms = residue_by_term(claim, instance, theorem.evidence)
        result.detail.counterexample = describe_witness(statement, theorem.evidence, spec, terms=terms)
    if options.certificates is not None:
        result.detail.certificate = _write(spec, claim, result, theorem, options.certificates, stem)


def _write(spec: Spec, claim: Claim, result: ClaimResult, theorem: Theorem, folder: str, stem: str | None) -> str:
    from claws.kernel.format.certificate import Certificate
    from claws.prover.certificates import write_certificate

    sizes = ",".join(f"{d}={n}" for d, n in (result.sizes or {}).items())
    about = {
        "file": os.path.basename(spec.path),
        "claim": claim.name,
        "sizes": sizes,
        "verdict": theorem.verdict,
        "conditions": ", ".join(theorem.conditions),
        "premises": " ".join(p.code for p in theorem.premises),
    }
    if result.detail.where is not None:
        about["where"] = result.detail.where.name
    text = write_certificate(Certificate(theorem.statement, theorem.evidence, about))
    # a file may have several counts, and a list of laws is no file name
    label = claim.name if claim.kind == "law" else f"{claim.kind}-line-{claim.node.span.line}"
    name = ".".join(x for x in (stem or Path(spec.path).stem, label, sizes, "cert.json") if x)
    path = os.path.join(folder, name)
    try:
        os.makedirs(folder, exist_ok=True)
        write_whole(path, text)
    except OSError as problem:
        reason = problem.strerror or type(problem).__name__
        raise CertificateNotWritten(f"the certificate {path} can't be written: {reason}") from problem
    return path

"""`claws check --coq`: Coq's answer to the claims of a file, beside the kernel's verdicts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from claws.coq.coqc import INSTALL, Answer, CoqFailed, CoqMissing, check_text, library, version
from claws.coq.exporter import Decided, Known, Work, export
from claws.coq.statements.coq_file import CoqFile
from claws.report.results import ClaimResult
from claws.syntax.diagnostic import START, Diagnostic
from claws.syntax.spec import Claim, Spec


def prepare() -> Diagnostic | None:
    """Compile the library, if that is not done yet; what stands in the way, if something does."""
    try:
        library()
    except CoqMissing as problem:
        return Diagnostic("CLAW044", str(problem), START, INSTALL)
    except CoqFailed as problem:
        return Diagnostic("CLAW092", f"coqc does not compile the library of claws: {problem}", START, _BUG)
    except OSError as problem:
        return Diagnostic("CLAW040", f"the folder for Coq's library can't be written: {problem.strerror}")
    return None


_BUG = "this is a bug of claws, or a version of Coq that it was not tested with (8.16 is): please report it"


def where(file: CoqFile) -> str:
    """The sizes that a file is about."""
    sizes = ", ".join(f"{d} = {n}" for d, n in file.sizes.items())
    if file.all_sizes:
        return " for all sizes" + (f" with {sizes}" if sizes else "")
    return f" at {sizes}" if sizes else ""


def ask_coq(
    spec: Spec, claims: Sequence[tuple[Claim, dict[str, int], ClaimResult]], work: Work
) -> Iterator[Diagnostic]:
    """Export these claims, let coqc check each file, and add what it says to the results of the claims; its errors are yielded.

    A claim of which Coq has accepted the verdict names it in its trust line. One that can't be exported, or that the kernel
    has not decided, says so under `coq`; its verdict is not touched. An exported file that coqc turns down is an error, and so
    is one that it accepts and that says the opposite of the verdict. If a file about several laws is not accepted, each of them
    is asked for alone.
    """
    known = {
        (id(claim), tuple(sizes.items())): Decided(own.verdict.value, own.evidence, own.reason)
        for claim, sizes, own in claims
    }
    found = export(spec, work, [(claim, sizes) for claim, sizes, _ in claims], known)
    place = {(id(claim), tuple(sizes.items())): own for claim, sizes, own in claims}
    for refusal in found.refused:
        own = place[id(refusal.claim), tuple(refusal.sizes.items())]
        own.detail.coq = f"not exported: {refusal.reason}"
    for refusal in found.one_size:
        own = place[id(refusal.claim), tuple(refusal.sizes.items())]
        own.detail.coq = f"not for all sizes: {refusal.reason}"
    for file in found.files:
        for part, answer in _answers(spec, file, work, known):
            for claim, sizes in part.claims:
                problem = _report(part, answer, claim, place[id(claim), tuple(sizes.items())])
                if problem is not None:
                    yield Diagnostic("CLAW092", problem, claim.node.span, _BUG)


def _answers(spec: Spec, file: CoqFile, work: Work, known: Known) -> Iterator[tuple[CoqFile, Answer]]:
    """coqc's answer; to a file about several claims that it does not accept, its answers to files about each of them."""
    answer = check_text(file.name, file.text)
    if answer.accepted or len(file.claims) == 1:
        yield file, answer
        return
    for claim, sizes in file.claims:
        alone = export(spec, work, [(claim, sizes)], known).files
        yield from ((part, check_text(part.name, part.text)) for part in alone if part.all_sizes == file.all_sizes)


def _report(file: CoqFile, answer: Answer, claim: Claim, own: ClaimResult) -> str | None:
    """Add coqc's answer to the result of a claim; what is wrong, if it contradicts the kernel or turns the file down."""
    at = where(file)
    before = "" if own.detail.coq is None else f"{own.detail.coq}; "
    verdict = own.verdict.value
    problem = None
    if answer.accepted and verdict == "UNKNOWN":
        own.detail.coq = f"{before}accepted as {file.verdict}{at}, which the kernel has not decided"
    elif answer.accepted and verdict != file.verdict:
        problem = f"coqc accepts the opposite of the verdict on `{claim.name}`"
        own.detail.coq = f"{before}REFUSED: {problem}"
    elif answer.accepted:
        own.trust = (*own.trust, f"Coq {version()}{at}")
        own.detail.coq = f"{before}accepted{at}"
    elif answer.out_of_time:
        own.detail.coq = f"{before}{answer.message}"
    else:
        own.detail.coq = f"REFUSED: {answer.message}"
        problem = f"coqc does not accept what was exported of `{claim.name}`: {answer.message}"
    return problem

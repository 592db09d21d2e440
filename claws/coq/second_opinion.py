"""`claws check --coq`: Coq's answer to the claims of a file, beside the kernel's verdicts."""

from __future__ import annotations

from collections.abc import Sequence

from claws.coq.exporter import Decided, Work, export
from claws.coq.proofs import CoqFile
from claws.coq.runner import INSTALL, CoqFailed, CoqMissing, check_text, library, version
from claws.report.results import ClaimResult, FileResult
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
    spec: Spec, claims: Sequence[tuple[Claim, dict[str, int], ClaimResult]], result: FileResult, work: Work
) -> None:
    """Export these claims, let coqc check each file, and add what it says to the results of the claims.

    A claim of which Coq has accepted the verdict names it in its trust line. One that can't be exported, or that the kernel
    has not decided, says so under `coq`; its verdict is not touched. An exported file that coqc turns down is an error, and so
    is one that it accepts and that says the opposite of the verdict.
    """
    known = {
        (id(claim), tuple(sizes.items())): Decided(own.verdict.value, own.evidence, own.reason)
        for claim, sizes, own in claims
    }
    found = export(spec, work, [(claim, sizes) for claim, sizes, _ in claims], known)
    place = {(id(claim), tuple(sizes.items())): own for claim, sizes, own in claims}
    for refusal in found.refused:
        own = place[id(refusal.claim), tuple(refusal.sizes.items())]
        own.detail["coq"] = f"not exported: {refusal.reason}"
    for refusal in found.one_size:
        own = place[id(refusal.claim), tuple(refusal.sizes.items())]
        own.detail["coq"] = f"not for all sizes: {refusal.reason}"
    for file in found.files:
        answer = check_text(file.name, file.text)
        at = where(file)
        for claim, sizes in file.claims:
            own = place[id(claim), tuple(sizes.items())]
            before = f"{own.detail['coq']}; " if "coq" in own.detail else ""
            verdict = own.verdict.value
            if answer.accepted and verdict == "UNKNOWN":
                own.detail["coq"] = f"{before}accepted as {file.verdict}{at}, which the kernel has not decided"
            elif answer.accepted and verdict != file.verdict:
                message = f"coqc accepts the opposite of the verdict on `{claim.name}`"
                own.detail["coq"] = f"{before}REFUSED: {message}"
                result.errors.append(Diagnostic("CLAW092", message, claim.node.span, _BUG))
                result.failed = True
            elif answer.accepted:
                own.trust = (*own.trust, f"Coq {version()}{at}")
                own.detail["coq"] = f"{before}accepted{at}"
            elif answer.out_of_time:
                own.detail["coq"] = f"{before}{answer.message}"
            else:
                own.detail["coq"] = f"REFUSED: {answer.message}"
                message = f"coqc does not accept what was exported of `{claim.name}`: {answer.message}"
                result.errors.append(Diagnostic("CLAW092", message, claim.node.span, _BUG))
                result.failed = True

"""Certificates checked again against the claims of a file, without the search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from claws.kernel.core.errors import Meter, Refused
from claws.kernel.counting.points import Ranks, coordinates
from claws.kernel.counting.statements import AnyStatement
from claws.kernel.theorem import check
from claws.runner.faults import internal_error
from claws.runner.options import Options
from claws.syntax.diagnostic import SourceError
from claws.syntax.instances.instance import Instance
from claws.syntax.source import read_source
from claws.syntax.spec import Spec

if TYPE_CHECKING:
    from claws.kernel.format.certificate import Certificate


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
    from claws.kernel.counting.evidence import Sandwich

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

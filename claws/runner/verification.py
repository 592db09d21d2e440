"""Certificates checked again against the claims of a file, without the search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from claws.kernel.core.errors import Meter, Refused
from claws.kernel.counting.points import Ranks, coordinates
from claws.kernel.counting.statements import AnyStatement
from claws.kernel.theorem import Theorem, check
from claws.report.premises import PREMISES, premise_rows, under_text
from claws.report.where import NEAR, Where
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
    """What the kernel said of one certificate: a theorem's verdict and name, or why it was refused.

    `rows` are what the theorem rests on, each with a title.
    """

    path: str
    accepted: bool
    message: str
    verdict: str = ""
    unreadable: bool = False
    rows: tuple[tuple[str, str], ...] = ()


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
        _compare(certificate.about, theorem)
    except Refused as refusal:
        return Verification(path, False, str(refusal))
    except (RecursionError, MemoryError):
        return Verification(path, False, "the certificate is too large or nested too deeply")
    except Exception as failure:
        # a bug of the kernel; what it could not judge, it does not accept
        return Verification(path, False, internal_error(failure).message)
    rows = tuple(premise_rows(theorem.premises))
    return Verification(path, True, _said(name, certificate, theorem), theorem.verdict, rows=rows)


def _said(name: str, certificate: Certificate, theorem: Theorem) -> str:
    """The theorem in a line, with where it was seen, its conditions and its premises; and those that it needs no more."""
    place = Where.of(theorem.near).text()
    given = f"given {', '.join(theorem.conditions)}" if theorem.conditions else ""
    text = " ".join(part for part in (f"{theorem.verdict} {name}", place, f"by {theorem.method}") if part)
    text = ", ".join(part for part in (text, given, under_text(theorem.premises)) if part)
    now = {p.code for p in theorem.premises}
    said = certificate.about.get("premises", "").split()
    gone = [code for code in PREMISES if code in said and code not in now]
    return f"{text} (the certificate names {', '.join(gone)}, too, which is not needed)" if gone else text


def _compare(about: Mapping[str, str], theorem: Theorem) -> None:
    """Raises `Refused` where a certificate says of itself more than the kernel finds: another verdict, or fewer premises."""
    if about.get("verdict", theorem.verdict) != theorem.verdict:
        raise Refused(f"the certificate says {about['verdict'][:20]!r}, and the kernel finds {theorem.verdict}")
    if "premises" in about:
        more = [p for p in theorem.premises if p.code not in about["premises"].split()]
        if more:
            raise Refused(
                f"the certificate does not say that its verdict holds {under_text(more)}: "
                + "; ".join(text for _, text in premise_rows(more))
            )
    if "conditions" in about and set(theorem.conditions) - set(about["conditions"].split(", ")):
        raise Refused(f"the certificate does not say that its verdict is for {', '.join(theorem.conditions)}")
    if "where" in about and theorem.near and about["where"] != NEAR:
        raise Refused("the certificate does not say that its verdict is about the neighbourhood of a point")


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

"""Verdicts on statements about the number of laws, from bounds and ranks alone.

Soundness-critical.
"""

from __future__ import annotations

from claws.kernel.core.errors import Meter, Refused
from claws.kernel.core.finding import Finding, Layer, Verdict
from claws.kernel.core.program import count_entries
from claws.kernel.counting.bounds import CountBounds, Prove, bounds, compare, gradient_rank
from claws.kernel.counting.entries import Entries
from claws.kernel.counting.evidence import Sandwich
from claws.kernel.counting.points import Ranks, coordinates, parameters
from claws.kernel.counting.statements import Complete, Count, Independent
from claws.kernel.values.evaluation import fixed

PATHS = "paths followed by an accelerator"
"""What a trust line says of evidence by paths: the kernel has not followed them by itself."""

LAYERS = frozenset({Layer.CORE, Layer.VALUES, Layer.COUNTING})


def check_number(statement: Count | Complete, evidence: Sandwich, prove: Prove, ranks: Ranks, meter: Meter) -> Finding:
    """The finding on a number of laws, or on laws that are claimed to be all. Raises `Refused` where the bounds leave it open."""
    layers: set[Layer] = set()
    found = bounds(statement, evidence, lambda s, e: layers.update(prove(s, e)), ranks, meter)
    if isinstance(statement, Count):
        verdict = compare(statement, found.at_least, found.at_most)
    else:
        verdict = _complete(statement, evidence, found, meter, ranks)
    numbers = {
        "parameters": parameters(statement.program),
        "coordinates": found.coordinates,
        "lie_dimension_at_least": found.coordinates - found.at_most,
        "count_at_least": found.at_least,
        "count_at_most": found.at_most,
    }
    return Finding(
        _decided(verdict), "sandwich", LAYERS | layers, {}, found.assumptions, _outside(evidence, ranks), numbers
    )


def check_independent(statement: Independent, evidence: Sandwich, ranks: Ranks, meter: Meter) -> Finding:
    """The finding on laws that are claimed to be independent. Raises `Refused` where the rank leaves it open."""
    rank = gradient_rank(statement, statement.laws, evidence.modulus, evidence.seed, ranks, meter)
    total = sum(fixed(count_entries(statement.program.shapes[n])) for n in statement.laws)
    if rank < total:
        total = len(_entries(statement, evidence, meter).distinct)
    verdict = True if rank == total else False if total > coordinates(statement.program) else None
    return Finding(_decided(verdict), "rank", LAYERS, outside=_outside(evidence, ranks))


def _decided(verdict: bool | None) -> Verdict:
    if verdict is None:
        raise Refused("the bounds do not decide the claim")
    return Verdict.PROVED if verdict else Verdict.REFUTED


def _outside(evidence: Sandwich, ranks: Ranks) -> tuple[str, ...]:
    paths = [PATHS] if evidence.paths else []
    return (f"ranks modulo {evidence.modulus}", *([ranks.name] if ranks.name else []), *paths)


def _complete(statement: Complete, evidence: Sandwich, found: CountBounds, meter: Meter, ranks: Ranks) -> bool | None:
    """Whether the claimed laws are as many as there can be (True), or fewer than there are (False)."""
    if not set(statement.laws) <= {law for law, _ in evidence.laws}:
        raise Refused("the certificate does not prove every law of the statement")
    rank = gradient_rank(statement, statement.laws, evidence.modulus, evidence.seed, ranks, meter)
    if rank >= found.at_most:
        return True
    if rank < found.at_least and len(_entries(statement, evidence, meter).distinct) < found.at_least:
        return False
    return None


def _entries(statement: Complete | Independent, evidence: Sandwich, meter: Meter) -> Entries:
    return Entries(statement, statement.laws, evidence.modulus, evidence.seed, meter)

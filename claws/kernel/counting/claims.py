"""Verdicts on statements about the number of laws, from bounds and ranks alone.

Soundness-critical.
"""

from __future__ import annotations

from claws.kernel.core.errors import Meter, Refused
from claws.kernel.core.finding import Finding, Layer, NamedPoint, Premise, Verdict
from claws.kernel.core.program import count_entries
from claws.kernel.counting.bounds import CountBounds, Here, Prove, bounds, check_somewhere, compare
from claws.kernel.counting.entries import Entries
from claws.kernel.counting.evidence import Sandwich
from claws.kernel.counting.involution import takes_polynomials
from claws.kernel.counting.points import Ranks, Setting, coordinates, parameters
from claws.kernel.counting.statements import Complete, Count, Independent
from claws.kernel.values.defined import check_defined
from claws.kernel.values.evaluation import fixed

PATHS = "paths followed by an accelerator"
"""What a trust line says of evidence by paths: the kernel has not followed them by itself."""

LAYERS = frozenset({Layer.CORE, Layer.VALUES, Layer.COUNTING})


def check_number(statement: Count | Complete, evidence: Sandwich, prove: Prove, ranks: Ranks, meter: Meter) -> Finding:
    """The finding on a number of laws, or on laws that are claimed to be all. Raises `Refused` where the bounds leave it open."""
    laws: list[Finding] = []
    found = bounds(statement, evidence, lambda s, e: laws.append(prove(s, e)), ranks, meter)
    if isinstance(statement, Count):
        verdict, premises, near = _count(statement, found)
    else:
        verdict, premises, near = _complete(statement, evidence, found, meter, ranks)
    layers = LAYERS.union(*(law.layers for law in laws))
    if evidence.involution is not None and takes_polynomials(statement, evidence.involution):
        layers |= {Layer.POLYNOMIALS}
    numbers = {
        "parameters": parameters(statement.program),
        "coordinates": found.coordinates,
        "lie_dimension_at_least": found.coordinates - found.at_most,
        "count_at_least": found.at_least,
        "count_at_most": found.at_most,
    }
    return Finding(
        _decided(verdict),
        "sandwich",
        layers,
        {},
        premises=(*premises, *(p for law in laws for p in law.premises)),
        near=near,
        outside=_outside(evidence, ranks),
        found=numbers,
    )


def check_independent(statement: Independent, evidence: Sandwich, ranks: Ranks, meter: Meter) -> Finding:
    """The finding on laws that are claimed to be independent. Raises `Refused` where the rank leaves it open."""
    if evidence.point is None:
        check_defined(statement.program, statement.laws, {}, meter)
    here = Here(statement, statement.laws, evidence, ranks, meter)
    rank, premises = here.gradients(statement.laws)
    total = sum(fixed(count_entries(statement.program.shapes[n])) for n in statement.laws)
    if rank < total:
        # entries that have different values where values are related as they should be are different
        exponentials = here.setting_of_gradients(statement.laws)[0].exponentials
        setting = Setting(evidence.modulus, evidence.seed, here.still, exponentials=exponentials)
        total = len(Entries(here.model, here.placed(statement.laws), setting, meter).distinct)
    verdict = True if rank == total else False if total > coordinates(statement.program) else None
    return Finding(
        _decided(verdict), "rank", LAYERS, premises=premises, near=here.near, outside=_outside(evidence, ranks)
    )


def _decided(verdict: bool | None) -> Verdict:
    if verdict is None:
        raise Refused("the bounds do not decide the claim")
    return Verdict.PROVED if verdict else Verdict.REFUTED


def _outside(evidence: Sandwich, ranks: Ranks) -> tuple[str, ...]:
    paths = [PATHS] if evidence.paths else []
    return (f"ranks modulo {evidence.modulus}", *([ranks.name] if ranks.name else []), *paths)


Said = tuple[bool | None, tuple[Premise, ...], tuple[NamedPoint, ...]]
"""Whether a claim is true, what that takes for granted, and the point near which it was seen; empty for almost everywhere."""


def _count(statement: Count, found: CountBounds) -> Said:
    """Whether a number is as claimed, by the bounds that say so: by both only where one is not enough."""
    low, high = found.at_least, found.at_most
    verdict = compare(statement, low, high)
    ways: list[Said] = [
        (compare(statement, 0, found.coordinates), (), ()),
        (compare(statement, low, found.coordinates), found.below, ()),
        (compare(statement, 0, high), found.above, found.near),
        (verdict, (*found.below, *found.above), found.near),
    ]
    return min((way for way in ways if way[0] is verdict), key=lambda way: len(set(way[1])))


def _complete(statement: Complete, evidence: Sandwich, found: CountBounds, meter: Meter, ranks: Ranks) -> Said:
    """Whether the claimed laws are as many as there can be (True), or fewer than there are (False)."""
    if not set(statement.laws) <= {law for law, _ in evidence.laws}:
        raise Refused("the certificate does not prove every law of the statement")
    check_somewhere(statement, statement.laws, evidence, meter)
    here = Here(statement, statement.laws, evidence, ranks, meter)
    rank, premises = here.gradients(statement.laws)
    if rank >= found.at_most:
        # the laws may be piecewise, so their rank is that near the point, whatever the upper bound rests on
        return True, (*premises, *found.above), here.near
    few = sum(fixed(count_entries(statement.program.shapes[n])) for n in statement.laws) < found.at_least
    # entries that are taken for different may be the same, which only makes fewer of them
    if few or (rank < found.at_least and len(_entries(statement, evidence, meter).distinct) < found.at_least):
        return False, found.below, ()
    return None, (), ()


def _entries(statement: Complete, evidence: Sandwich, meter: Meter) -> Entries:
    return Entries(statement, statement.laws, Setting(evidence.modulus, evidence.seed), meter)

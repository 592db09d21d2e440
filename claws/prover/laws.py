"""Deciding a `law`: try to prove it for all sizes, try to refute it, try to prove it at its fixed sizes.

Untrusted: a verdict is a theorem of the kernel, or it is UNKNOWN.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from claws.kernel.core.errors import Malformed, Meter, OutOfBudget, Refused, Undefined
from claws.kernel.core.program import ROLES, count_entries
from claws.kernel.core.simplified import simplified_statement
from claws.kernel.core.statement import Statement
from claws.kernel.laws.by_tensors import NotShown
from claws.kernel.laws.evidence import ByPolynomials, ByTensors
from claws.kernel.theorem import Theorem, check
from claws.kernel.values.evaluation import fixed
from claws.prover.least_sizes import sizes_with_values, smallest_sizes
from claws.prover.renamings import search_renamings

if TYPE_CHECKING:
    from claws.prover.witness import WitnessSearch


@dataclass(frozen=True, slots=True)
class LawLimits:
    """Which ways to decide a law are tried, and how much of the budget each gets."""

    first_share: int = 10
    """The tensor proof first gets one part in so many of the budget: a true law needs far less, a false one may need more than
    a refutation does."""
    too_large: int = 5_000_000
    """With more entries in leaves and law, nothing is evaluated at all: the tensor proof, which never looks at an entry, is the
    only way."""
    large: int = 2_000
    """With more entries than this, exact points are dear: residues modulo a prime are asked first."""


LIMITS = LawLimits()


@dataclass
class LawOutcome:
    """What was found out about a law. `theorem` is None for UNKNOWN; then `reason` says why."""

    theorem: Theorem | None
    reason: str = ""
    tried: list[str] = field(default_factory=list)
    """The ways to decide it that led nowhere, in words."""
    work: int = 0
    """Elementary steps that were used."""


def decide_law(
    statement: Statement, seed: int = 0, budget: int = 20_000_000, seconds: float | None = None
) -> LawOutcome:
    """Decide a law: PROVED or REFUTED by a theorem, or UNKNOWN with a reason.

    `budget` counts elementary steps. Deterministic for a seed when no time is set. Raises `Refused` where the kernel turns down a
    witness that was found.
    """
    meter = Meter(budget, seconds)
    outcome = LawOutcome(None)
    try:
        outcome.theorem = _decide(statement, seed, meter, outcome)
    except OutOfBudget as problem:
        outcome.reason = f"{problem}; raise it with --budget or --timeout"
    except (Undefined, Malformed) as problem:
        outcome.reason = str(problem)
    outcome.work = meter.used
    return outcome


def prove_law(statement: Statement, meter: Meter) -> ByTensors | ByPolynomials | None:
    """Evidence that a law is conserved wherever the model has a value, which the kernel has accepted; None where none was found.

    No counter-example is looked for. Raises `OutOfBudget`.
    """
    if simplified_statement(statement) != simplified_statement(
        statement, (*statement.outputs, *statement.flow.nodes())
    ):
        return None  # a proof may use that the law has a value, which it need not have everywhere
    evidence = ByTensors(sizes_with_values(statement))
    limit, meter.limit = meter.limit, meter.used + (meter.limit - meter.used) // LIMITS.first_share
    try:
        theorem = _by_tensors(statement, evidence, meter)
        assert isinstance(theorem.evidence, ByTensors)
        return theorem.evidence
    except Refused:
        pass
    finally:
        meter.limit = limit
    if statement.program.free_dims() or _entries(statement) > LIMITS.large:
        return None
    return ByPolynomials() if _polynomials(statement, meter, LawOutcome(None)) is not None else None


def _decide(statement: Statement, seed: int, meter: Meter, outcome: LawOutcome) -> Theorem | None:
    """The theorem, or None; `outcome` is told why, and what was tried. Raises `Refused`, out of budget among the reasons."""
    dims = statement.program.free_dims()
    evidence = ByTensors(sizes_with_values(statement))
    no_proof = "tensors, for all sizes: the normal form of the residue does not vanish"
    limit, meter.limit = meter.limit, meter.used + meter.limit // LIMITS.first_share
    short = tied = False
    try:
        return check(statement, evidence, meter)
    except NotShown as shown:
        tied = shown.tied
        outcome.tried.append(no_proof)
    except OutOfBudget:
        short = True
    finally:
        meter.limit = limit
    # a claim that is true is mostly proved by now: only the others pay for what follows
    from claws.prover.witness import WitnessSearch, search_witness

    seems_true = (
        not dims and LIMITS.large < _entries(statement) < LIMITS.too_large and _seems_true(statement, seed) is True
    )
    if seems_true:
        outcome.tried.append("residues: zero at 2 random points")
    search = WitnessSearch(None, 0, "") if seems_true else search_witness(statement, seed, meter)
    if search.witness is not None:
        # the kernel has work of its own: what the search has used up must not cost the verdict
        return check(statement, search.witness, Meter(meter.limit, meter.seconds))
    if not seems_true:
        looked = f"witness: the residue is {_zero(search)} at {search.points} random points"
        if search.obstacle:
            looked += f"; others have no exact value ({search.obstacle})"
        outcome.tried.append(looked)
    if short:
        try:
            return _by_tensors(statement, evidence, meter)
        except NotShown:
            outcome.tried.append(no_proof)
    elif tied:
        # few laws need it, and looking for renamings of a false one is dear
        renamed = search_renamings(statement, evidence, meter)
        if renamed is not None:
            return check(statement, renamed, meter)
    if not dims and _entries(statement) <= LIMITS.large:
        theorem = _polynomials(statement, meter, outcome)
        if theorem is not None:
            return theorem
    outcome.reason = _reason(statement, search, seed)
    return None


def _by_tensors(statement: Statement, evidence: ByTensors, meter: Meter) -> Theorem:
    """The proof for all sizes, with renamings where networks have several labellings. Raises `Refused`."""
    try:
        return check(statement, evidence, meter)
    except NotShown as shown:
        renamed = search_renamings(statement, evidence, meter) if shown.tied else None
        if renamed is None:
            raise
        return check(statement, renamed, meter)


def _polynomials(statement: Statement, meter: Meter, outcome: LawOutcome) -> Theorem | None:
    """The theorem at fixed sizes, by polynomials; None where there is none. FLINT is asked first whether there is one."""
    from claws.readings.flint_reading import residue_vanishes

    try:
        if not residue_vanishes(statement, meter):
            outcome.tried.append("polynomials: the residue is not zero as a rational function")
            return None
    except Undefined:
        pass  # a relu or a root: only the kernel's own polynomials know these
    try:
        return check(statement, ByPolynomials(), meter)
    except OutOfBudget:
        raise
    except Refused as problem:
        outcome.tried.append(f"polynomials: {problem}")
        return None


def _entries(statement: Statement) -> int:
    """How many entries leaves and law have together, at fixed sizes."""
    program = statement.program
    nodes = [n for n, _ in program.leaves(*ROLES)] + [statement.law]
    return sum(fixed(count_entries(program.shapes[n])) for n in nodes)


def _seems_true(statement: Statement, seed: int) -> bool | None:
    """Whether the residue is zero at random points of a statement with fixed sizes; None where it has no value."""
    from claws.readings.residues import residue_seems_zero

    try:
        return residue_seems_zero(statement, seed)
    except Undefined:
        return None


def _reason(statement: Statement, search: WitnessSearch, seed: int) -> str:
    """Why nothing was decided, in a sentence, with what is only probable."""
    from claws.prover.witness import statement_at
    from claws.readings.residues import transcendental_functions

    dims = statement.program.free_dims()
    if search.obstacle:
        base = smallest_sizes(dims, statement.program.bounds)
        sizes = {d: n + 1 for d, n in base.items()}
        if statement.program.bounds.hold_at(sizes) and _seems_true(statement_at(statement, sizes), seed) is False:
            how = "in floating point" if transcendental_functions(statement.program) else "modulo a prime"
            return (
                f"probably false, but not refuted: the residue is not zero at random points {how}, and no point was found at "
                f"which it has an exact rational value ({search.obstacle})"
            )
        return (
            "neither proved nor refuted: the residue does not cancel symbolically, and points with an exact rational value "
            f"are few ({search.obstacle})"
        )
    if not search.points:
        return "neither proved nor refuted: the residue does not cancel symbolically, and no point was tried"
    text = f"neither proved nor refuted: the residue is {_zero(search)} at random points, which is no proof"
    if dims:
        text += "; with sizes fixed (`for n = 2`) it can be decided by polynomials"
    return text


def _zero(search: WitnessSearch) -> str:
    """How zero the residue is at the points of a search, in words."""
    return "zero to more than 20 digits" if search.enclosed else "zero"

"""Theorems, and the one way to make one.

Soundness-critical. `check(statement, evidence, meter)` sends a statement and its evidence to the layer that can judge them, and
makes a `Theorem` of what that layer finds; or it raises `Refused`. Evidence is a hint: it says which way to go and, for a
refutation, where to look; nothing in it is believed.
"""

from __future__ import annotations

from collections.abc import Mapping

from claws.kernel.core.errors import Malformed, Meter, OutOfBudget, Refused
from claws.kernel.core.finding import Finding, Layer, NamedPoint, Premise, Verdict
from claws.kernel.core.simplified import simplified_statement
from claws.kernel.core.statement import Statement
from claws.kernel.counting.claims import check_independent, check_number
from claws.kernel.counting.entries import check_relation
from claws.kernel.counting.evidence import Evidence, NotConserved, Relation, Sandwich
from claws.kernel.counting.points import ExactRanks, Ranks
from claws.kernel.counting.statements import AnyStatement, Complete, Count, Independent
from claws.kernel.laws.blocks import check_by_block
from claws.kernel.laws.by_polynomials import check_by_polynomials
from claws.kernel.laws.by_tensors import check_by_tensors
from claws.kernel.laws.evidence import ByBlock, ByPolynomials, ByTensors
from claws.kernel.values.evidence import Witness
from claws.kernel.values.witness import check_witness

_TOKEN = object()


class Theorem:
    """What the kernel has established about a statement. Only `check` makes one."""

    __slots__ = ("_finding", "evidence", "statement")

    statement: AnyStatement
    evidence: Evidence
    _finding: Finding

    def __init__(self, token: object, statement: AnyStatement, evidence: Evidence, finding: Finding) -> None:
        if token is not _TOKEN:
            raise Refused("a theorem is made by the kernel's check alone")
        object.__setattr__(self, "statement", statement)
        object.__setattr__(self, "evidence", evidence)
        object.__setattr__(self, "_finding", finding)

    @property
    def verdict(self) -> Verdict:
        """PROVED or REFUTED."""
        return self._finding.verdict

    @property
    def method(self) -> str:
        """How it was established: `tensors`, `polynomials`, `block`, `witness`, `sandwich`, `rank`, `relation`."""
        return self._finding.method

    @property
    def sizes(self) -> Mapping[str, int] | None:
        """None for a theorem about every size; the sizes of the witness for a refutation."""
        return self._finding.sizes

    @property
    def conditions(self) -> tuple[str, ...]:
        """The statement's conditions on sizes, such as `r >= 2`: at other sizes it says nothing."""
        return self._finding.conditions

    @property
    def premises(self) -> tuple[Premise, ...]:
        """What it takes for granted, in the order of `Premise`; empty for what is true without."""
        return self._finding.premises

    @property
    def near(self) -> tuple[NamedPoint, ...]:
        """The rational point near which it was seen, leaf by leaf; empty for almost everywhere."""
        return self._finding.near

    @property
    def layers(self) -> frozenset[Layer]:
        """The layers of the kernel that it rests on."""
        return self._finding.layers

    @property
    def trust(self) -> tuple[str, ...]:
        """What a reader has to trust: the layers with their versions, and what was computed outside."""
        return self._finding.trust()

    @property
    def found(self) -> Mapping[str, int]:
        """Numbers that were established on the way: `parameters`, `count_at_least`, `count_at_most`, ..."""
        return self._finding.found

    def __setattr__(self, name: str, value: object) -> None:
        raise Refused("a theorem is not changed once it is made")

    def __delattr__(self, name: str) -> None:
        raise Refused("a theorem is not changed once it is made")

    def __repr__(self) -> str:
        return f"<Theorem {self.verdict} by {self.method}>"


def check(statement: AnyStatement, evidence: Evidence, meter: Meter, ranks: Ranks | None = None) -> Theorem:
    """The theorem that the evidence leads to. Raises `Refused`, with the reason, when it leads to none.

    `ranks` is an accelerator for large ranks, which the theorem's trust line then names; None does without.
    """
    try:
        finding = _find(statement, evidence, meter, ExactRanks() if ranks is None else ranks)
    except RecursionError:
        raise OutOfBudget("the statement is nested too deeply") from None
    except MemoryError:
        raise OutOfBudget("there is not enough memory for this statement") from None
    return Theorem(_TOKEN, statement, evidence, finding)


def _find(statement: AnyStatement, evidence: Evidence, meter: Meter, ranks: Ranks) -> Finding:
    match statement, evidence:
        case Statement(), _:
            return _find_law(statement, evidence, meter)
        case Complete(), NotConserved(law, witness):
            if not 0 <= law < len(statement.laws):
                raise Refused("the certificate names a law that the statement does not have")
            one = Statement(statement.program, statement.outputs, statement.laws[law], statement.flow)
            return check_witness(one, witness, meter)
        case Independent(), Relation():
            return check_relation(statement, evidence, meter)
        case Independent(), Sandwich():
            return check_independent(statement, evidence, ranks, meter)
        case ((Count() | Complete()), Sandwich()):
            return check_number(statement, evidence, lambda s, e: _find_counted(s, e, meter), ranks, meter)
    raise Malformed("this evidence is not about the number of laws")


def _find_counted(statement: Statement, evidence: Evidence, meter: Meter) -> Finding:
    """A law that counts, so one wherever the model has values: where only the law has none, it is a law all the same."""
    return _find_law(statement, evidence, meter, (*statement.outputs, *statement.flow.nodes()))


def _find_law(statement: Statement, evidence: Evidence, meter: Meter, having: tuple[int, ...] | None = None) -> Finding:
    match evidence:
        case ByTensors():
            return check_by_tensors(statement, evidence, meter, having)
        case ByPolynomials():
            return check_by_polynomials(statement, meter, having)
        case ByBlock():
            return check_by_block(statement, evidence, _find_block_law, meter)
        case Witness():
            return check_witness(statement, evidence, meter)
    raise Malformed("this evidence is not about a law")


def _find_block_law(evidence: ByBlock, meter: Meter) -> Finding:
    """The finding on a block's law. It is proved again, unless it comes with a theorem that the kernel has made."""
    block, known = evidence.premise.statement, evidence.premise.theorem
    # a proof is one wherever the law has a value, unless it used that the model has one
    alone = simplified_statement(block) == simplified_statement(block, (block.law,))
    if alone and isinstance(known, Theorem) and known.statement == block and known.verdict is Verdict.PROVED:
        return known._finding
    return _find_law(block, evidence.premise.evidence, meter, (block.law,))

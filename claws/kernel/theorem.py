"""Theorems, and the one way to make one.

Soundness-critical. `check(statement, evidence, meter)` re-derives a PROVED or re-evaluates a REFUTED, and returns a
`Theorem` or raises `Refused`. Evidence is a hint: it says which way to go and, for a refutation, where to look; nothing in
it is believed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from claws.kernel.core.errors import Malformed, Meter, OutOfBudget, Refused, brief
from claws.kernel.core.evidence import (
    ByBlock,
    ByPolynomials,
    ByTensors,
    Evidence,
    NotConserved,
    Relation,
    Residue,
    Sandwich,
    Witness,
)
from claws.kernel.core.flow import STATE
from claws.kernel.core.program import ROLES, Leaf, Program, count_entries
from claws.kernel.core.sizes import condition_text
from claws.kernel.core.statement import AnyStatement, Complete, Count, Independent, Statement
from claws.kernel.counting import bounds as counting
from claws.kernel.counting.assumptions import simplified
from claws.kernel.counting.points import ExactRanks, Ranks, coordinates, parameters
from claws.kernel.laws.blocks import check_use
from claws.kernel.laws.polynomials import Polynomial, Polynomials
from claws.kernel.laws.tensors import NotShown, Tensor, Tensors
from claws.kernel.values.enclosures import Enclosures, Interval
from claws.kernel.values.evaluation import Array, Index, Ring, directional, evaluate, fixed, gradients, indices
from claws.kernel.values.rationals import Rationals

VERSION = "1"


_TOKEN = object()


class Theorem:
    """What the kernel has established. Made by `check` alone."""

    __slots__ = ("assumptions", "evidence", "found", "method", "sizes", "statement", "trust", "verdict")

    statement: AnyStatement
    evidence: Evidence
    verdict: str
    """PROVED or REFUTED."""
    method: str
    sizes: Mapping[str, int] | None
    """None for a theorem about every size; the sizes of the witness for a refutation."""
    assumptions: tuple[str, ...]
    trust: tuple[str, ...]
    found: Mapping[str, int]
    """Numbers that were established on the way: `parameters`, `count_at_least`, `count_at_most`, `independent_laws`."""

    def __init__(
        self,
        token: object,
        statement: AnyStatement,
        evidence: Evidence,
        verdict: str,
        method: str,
        sizes: Mapping[str, int] | None,
        assumptions: tuple[str, ...],
        trust: tuple[str, ...] = (),
        found: Mapping[str, int] | None = None,
    ) -> None:
        if token is not _TOKEN:
            raise Refused("a theorem is made by the kernel's check alone")
        put = object.__setattr__
        put(self, "statement", statement)
        put(self, "evidence", evidence)
        put(self, "verdict", verdict)
        put(self, "method", method)
        put(self, "sizes", sizes)
        put(self, "assumptions", assumptions)
        put(self, "trust", (f"claws kernel {VERSION}", *trust))
        put(self, "found", dict(found or {}))

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
        if isinstance(statement, Statement):
            return _check_law(statement, evidence, meter)
        return _check_number(statement, evidence, meter, ExactRanks() if ranks is None else ranks)
    except RecursionError:
        raise OutOfBudget("the statement is nested too deeply") from None
    except MemoryError:
        raise OutOfBudget("there is not enough memory for this statement") from None


def _conditions_hold(program: Program, sizes: Mapping[str, int]) -> None:
    if any(type(n) is not int for n in sizes.values()):
        raise Refused("a size is a whole number")
    if not program.bounds.hold_at(sizes):
        raise Refused("the sizes are outside the statement's conditions, where it says nothing")


def _says_something(program: Program, sizes: Mapping[str, int]) -> bool:
    """Raises `Refused` unless the program has a meaning at these sizes, one for each free dim. Whether it has any."""
    dims = program.free_dims()
    if set(sizes) != set(dims):
        raise Refused("the certificate gives no sizes at which the statement says something")
    _conditions_hold(program, sizes)
    if dims:
        # every axis must be a whole number there, or there would be nothing that the theorem is about
        program.at(sizes)
    return bool(dims)


def _check_law(statement: Statement, evidence: Evidence, meter: Meter) -> Theorem:
    conditions = tuple(condition_text(c) for c in statement.program.conditions)
    if isinstance(evidence, ByTensors):
        free = _says_something(statement.program, evidence.sizes)
        simple = _simple(statement)
        residue = tensor_residue(simple, Tensors(simple.program, meter))
        if residue.left or residue.drift:
            raise NotShown("the normal form of the residue does not vanish", residue.left)
        return Theorem(_TOKEN, statement, evidence, "PROVED", "tensors", None if free else {}, conditions)
    if isinstance(evidence, ByBlock):
        free = _says_something(statement.program, evidence.sizes)
        block = evidence.premise
        known = block.theorem
        if not (isinstance(known, Theorem) and known.statement == block.statement and known.verdict == "PROVED"):
            _check_law(block.statement, block.evidence, meter)
        check_use(statement, block.statement, evidence, meter)
        return Theorem(_TOKEN, statement, evidence, "PROVED", "block", None if free else {}, conditions)
    if isinstance(evidence, ByPolynomials):
        if statement.program.free_dims():
            raise Refused("polynomials need fixed sizes")
        _conditions_hold(statement.program, {})
        _prove_polynomials(_simple(statement), meter)
        return Theorem(_TOKEN, statement, evidence, "PROVED", "polynomials", {}, conditions)
    if isinstance(evidence, Witness):
        _check_witness(statement, evidence, meter)
        return Theorem(_TOKEN, statement, evidence, "REFUTED", "witness", dict(evidence.sizes), ())
    raise Malformed("this evidence is not about a law")


def _simple(statement: Statement) -> Statement:
    """The same claim with positive factors outside of relus."""
    program, place = simplified(statement.program)
    return Statement(
        program,
        tuple(place[n] for n in statement.outputs),
        place[statement.law],
        statement.flow.placed(place),
    )


# --- how many laws -----------------------------------------------------------------------------------------------


def _check_number(statement: Count | Complete | Independent, evidence: Evidence, meter: Meter, ranks: Ranks) -> Theorem:
    """Soundness-critical: the verdict on a statement about the number of laws, from bounds alone."""
    method = "sandwich"
    found: dict[str, int] = {}
    assumptions: tuple[str, ...] = ()
    trust: tuple[str, ...] = ()
    verdict: bool | None
    if isinstance(evidence, NotConserved) and isinstance(statement, Complete):
        if not 0 <= evidence.law < len(statement.laws):
            raise Refused("the certificate names a law that the statement does not have")
        law = Statement(statement.program, statement.outputs, statement.laws[evidence.law], statement.flow)
        _check_witness(law, evidence.witness, meter)
        verdict, method = False, "witness"
    elif isinstance(evidence, Relation) and isinstance(statement, Independent):
        counting.check_relation(statement, statement.laws, evidence, meter)
        verdict, method = False, "relation"
    elif isinstance(evidence, Sandwich) and isinstance(statement, Independent):
        verdict, method = _independent(statement, evidence, meter, ranks), "rank"
        trust = _rank_trust(evidence, ranks)
    elif isinstance(evidence, Sandwich):
        bounds = counting.bounds(statement, evidence, lambda s, e: _check_law(s, e, meter), ranks, meter)
        found = {
            "parameters": parameters(statement.program),
            "coordinates": bounds.coordinates,
            "lie_dimension_at_least": bounds.coordinates - bounds.at_most,
            "count_at_least": bounds.at_least,
            "count_at_most": bounds.at_most,
        }
        assumptions, trust = bounds.assumptions, _rank_trust(evidence, ranks)
        if isinstance(statement, Count):
            verdict = counting.compare(statement, bounds.at_least, bounds.at_most)
        elif isinstance(statement, Complete):
            verdict = _complete(statement, evidence, bounds, meter, ranks)
    else:
        raise Malformed("this evidence is not about the number of laws")
    if verdict is None:
        raise Refused("the bounds do not decide the claim")
    name = "PROVED" if verdict else "REFUTED"
    return Theorem(_TOKEN, statement, evidence, name, method, {}, assumptions, trust, found)


def _rank_trust(evidence: Sandwich, ranks: Ranks) -> tuple[str, ...]:
    return (f"ranks modulo {evidence.modulus}", *([ranks.name] if ranks.name else []))


def _complete(
    statement: Complete, evidence: Sandwich, bounds: counting.Bounds, meter: Meter, ranks: Ranks
) -> bool | None:
    """The claimed laws are as many as there can be; or fewer than there are."""
    if not set(statement.laws) <= {law for law, _ in evidence.laws}:
        raise Refused("the certificate does not prove every law of the statement")
    rank = counting.gradient_rank(statement, statement.laws, evidence.modulus, evidence.seed, ranks, meter)
    if rank >= bounds.at_most:
        return True
    if rank < bounds.at_least and len(_entries(statement, evidence, meter).distinct) < bounds.at_least:
        return False
    return None


def _entries(statement: Complete | Independent, evidence: Sandwich, meter: Meter) -> counting.Entries:
    return counting.Entries(statement, statement.laws, evidence.modulus, evidence.seed, meter)


def _independent(statement: Independent, evidence: Sandwich, meter: Meter, ranks: Ranks) -> bool | None:
    rank = counting.gradient_rank(statement, statement.laws, evidence.modulus, evidence.seed, ranks, meter)
    total = sum(fixed(count_entries(statement.program.shapes[n])) for n in statement.laws)
    if rank < total:
        total = len(_entries(statement, evidence, meter).distinct)
    if rank == total:
        return True
    return False if total > coordinates(statement.program) else None


# --- tensors ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TensorResidue:
    """`direction` is P * grad <A, law> by parameter, for an arbitrary constant A; `left` what remains of each output's derivative
    along it, by node; `drift` what remains of the law's derivative along the drift. The law is conserved for all sizes if nothing
    is left.
    """

    direction: Mapping[str, Tensor]
    left: dict[int, Tensor]
    drift: Tensor | None


def tensor_residue(statement: Statement, tensors: Tensors) -> TensorResidue:
    """Both conditions for a conservation law, by tensors. Soundness-critical."""
    program, flow = statement.program, statement.flow
    place = {leaf.name: n for n, leaf in program.leaves(*STATE)}
    moved = {place[flow.moved(leaf.name)]: leaf.name for _, leaf in program.leaves("param")}
    seed = tensors.fresh_constant("A", program.shapes[statement.law])
    factors = dict(flow.factors)
    direction: dict[str, Tensor] = {}
    for n, g in tensors.gradient(statement.law, seed, moved).items():
        name = moved[n]
        direction[name] = tensors.hadamard(tensors.value(factors[name]), g) if name in factors else g
    pushed = tensors.push(statement.outputs, {place[name]: g for name, g in direction.items()})
    left = {n: opened for n, tangent in pushed.items() if (opened := tensors.opened(tangent))}
    return TensorResidue(direction, left, _tensor_drift(statement, tensors, place))


def _tensor_drift(statement: Statement, tensors: Tensors, place: Mapping[str, int]) -> Tensor | None:
    """What is left of the law's derivative along the drift; None for nothing. Soundness-critical."""
    along = {place[name]: tensors.value(n) for name, n in statement.flow.drift}
    tangent = tensors.opened(tensors.push([statement.law], along)[statement.law])
    return tangent if tangent else None


# --- polynomials -----------------------------------------------------------------------------------------------


def generic_point(program: Program, ring: Polynomials) -> dict[str, Array]:
    """Every entry of every leaf as a variable of its own."""
    return {
        leaf.name: {
            i: ring.variable(("leaf", leaf.name, i), leaf.name + (str(list(i)) if i else ""))
            for i in indices([fixed(k) for k in program.shapes[n]])
        }
        for n, leaf in program.leaves(*ROLES)
    }


def law_directions(
    statement: Statement, leaves: Mapping[str, Array], ring: Ring, meter: Meter
) -> dict[Index, dict[str, Array]]:
    """P * grad h at a point, for every entry h of the law, by parameter; the gradient is in what the flow moves.

    Soundness-critical.
    """
    program, flow = statement.program, statement.flow
    moved = {flow.moved(leaf.name): leaf.name for _, leaf in program.leaves("param")}
    found = gradients(program, statement.law, leaves, list(moved), ring, meter)
    by_entry = {i: {moved[name]: x for name, x in gradient.items()} for i, gradient in found.items()}
    factors = {name: evaluate(program, [p], leaves, ring, meter)[p] for name, p in flow.factors}
    for gradient in by_entry.values():
        for name, factor in factors.items():
            if name in gradient:
                gradient[name] = {i: factor[i] * y for i, y in gradient[name].items() if i in factor}
    return by_entry


def law_drift(statement: Statement, leaves: Mapping[str, Array], ring: Ring, meter: Meter) -> Array:
    """The derivative of every entry of the law along the flow's drift. Soundness-critical."""
    program, drift = statement.program, statement.flow.drift
    if not drift:
        return {}
    values = evaluate(program, [n for _, n in drift], leaves, ring, meter)
    return directional(program, [statement.law], leaves, {name: values[n] for name, n in drift}, ring, meter)[
        statement.law
    ]


def _prove_polynomials(statement: Statement, meter: Meter) -> None:
    """Soundness-critical: raises `Refused` unless the residue is the zero polynomial, for every entry."""
    program = statement.program
    ring = Polynomials(dict(program.activations), meter)
    leaves = generic_point(program, ring)
    for i, y in law_drift(statement, leaves, ring, meter).items():
        assert isinstance(y, Polynomial)
        if not ring.vanishes(y):
            raise Refused(f"the derivative of entry {list(i)} of the law along the drift is not zero")
    seen = set()
    for entry, direction in law_directions(statement, leaves, ring, meter).items():
        key = frozenset((name, i, y.key()) for name, x in direction.items() for i, y in x.items())
        if key in seen:
            continue
        seen.add(key)
        residue = directional(program, statement.outputs, leaves, direction, ring, meter)
        for x in residue.values():
            for i, y in x.items():
                assert isinstance(y, Polynomial)
                if not ring.vanishes(y):
                    raise Refused(
                        f"the residue at entry {list(entry)} of the law and {list(i)} of the output is not zero"
                    )


# --- witnesses -------------------------------------------------------------------------------------------------


def _check_witness(statement: Statement, w: Witness, meter: Meter) -> None:
    """Soundness-critical: raises `Refused` unless the residue at the witness is defined and not zero."""
    dims = statement.program.free_dims()
    if set(w.sizes) != set(dims):
        raise Refused("the witness does not give exactly the sizes that the statement leaves free")
    _conditions_hold(statement.program, w.sizes)
    program = statement.program.at(w.sizes) if dims else statement.program
    here = Statement(program, statement.outputs, statement.law, statement.flow)
    leaves = _witness_leaves(program, w)
    if w.output is not None and not 0 <= w.output < len(statement.outputs):
        raise Refused("the witness names an output that is not there")
    found = witness_residue(here, leaves, w, meter)
    if found == 0:
        raise Refused("the residue at the witness is zero")
    if isinstance(found, tuple) and found[0] <= 0 <= found[1]:
        raise Refused("the residue at the witness may be zero")
    if found != w.residue:
        raise Refused(f"the residue at the witness is {_residue_text(found)}, not {_residue_text(w.residue)}")


def _residue_text(x: Residue) -> str:
    return f"between {brief(x[0])} and {brief(x[1])}" if isinstance(x, tuple) else brief(x)


def _witness_leaves(program: Program, w: Witness) -> dict[str, Array]:
    declared = {leaf.name: (n, leaf) for n, leaf in program.leaves(*ROLES)}
    if set(w.leaves) - set(declared):
        raise Refused("the witness gives a value to something that the statement does not mention")
    result: dict[str, Array] = {}
    for name, (n, leaf) in declared.items():
        shape = [fixed(k) for k in program.shapes[n]]
        entries = {i: x for i, x in w.leaves.get(name, {}).items() if x}
        for i in entries:
            if len(i) != len(shape) or not all(0 <= a < b for a, b in zip(i, shape, strict=True)):
                raise Refused(f"the witness gives an entry of {name} outside its shape")
        if leaf.role == "time" and any(x < 0 for x in entries.values()):
            raise Refused("the witness has a negative time: training begins at 0")
        if leaf.domain != "real":
            _in_domain(leaf, shape, entries)
        result[name] = entries
    return result


def _in_domain(leaf: Leaf, shape: list[int], entries: Mapping[Index, Fraction]) -> None:
    total = 1
    for n in shape:
        total *= n
    if len(entries) != total:
        raise Refused(f"the witness has a zero in {leaf.name}, which is declared {leaf.domain}")
    if leaf.domain == "positive" and any(x <= 0 for x in entries.values()):
        raise Refused(f"the witness has a negative entry in {leaf.name}, which is declared positive")


def witness_residue(statement: Statement, leaves: Mapping[str, Array], w: Witness, meter: Meter) -> Residue:
    """The number that a witness is about, or its bounds, at the point `leaves` of a statement with fixed sizes.

    Soundness-critical: the derivative of one entry of the law along the drift, or one entry of J (P * grad h). Where either is
    not zero some loss changes the law: none at all, or that output entry.
    """
    program = statement.program
    activations = dict(program.activations)
    ring = Enclosures(activations, w.choices, w.bits, meter) if w.bits else Rationals(activations, w.choices, meter)
    leaves = {name: {i: ring.number(y) for i, y in x.items()} for name, x in leaves.items()}
    shape = [fixed(k) for k in program.shapes[statement.law]]
    if len(w.law_entry) != len(shape) or not all(0 <= a < b for a, b in zip(w.law_entry, shape, strict=True)):
        raise Refused("the witness names an entry that the law does not have")
    if w.output is None:
        found = law_drift(statement, leaves, ring, meter).get(w.law_entry, Fraction(0))
    else:
        direction = law_directions(statement, leaves, ring, meter)[w.law_entry]
        node = statement.outputs[w.output]
        found = directional(program, [node], leaves, direction, ring, meter)[node].get(w.output_entry, Fraction(0))
    return found.bounds if isinstance(found, Interval) else Fraction(found)

"""REFUTED: at one point the residue of a law is defined and not zero.

Soundness-critical. The point is rational and inside the domains, and everything that the claim speaks of has a value there, as
every output, every factor and drift of the flow, every entry of the law. Values that are not rational are enclosed between two
rationals.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from claws.kernel.core.errors import Meter, Refused, Undefined, brief
from claws.kernel.core.finding import Finding, Layer, Verdict
from claws.kernel.core.program import ROLES, Leaf, Program
from claws.kernel.core.scope import check_conditions
from claws.kernel.core.statement import Statement
from claws.kernel.values.defined import BITS, Solutions, check_values
from claws.kernel.values.enclosures import Enclosures, Interval
from claws.kernel.values.evaluation import Array, directional, fixed
from claws.kernel.values.evidence import Index, Residue, Witness
from claws.kernel.values.rationals import Rationals
from claws.kernel.values.residues import law_directions, law_drift

LAYERS = frozenset({Layer.CORE, Layer.VALUES})


def check_witness(statement: Statement, w: Witness, meter: Meter) -> Finding:
    """The finding that a law is not conserved.

    Raises `Refused` unless the residue at the witness is defined and not zero, and everything has a value there.
    """
    dims = statement.program.free_dims()
    if set(w.sizes) != set(dims):
        raise Refused("the witness does not give exactly the sizes that the statement leaves free")
    check_conditions(statement.program, w.sizes)
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
    try:
        ring = Solutions(dict(program.activations), w.choices, w.bits or BITS, meter)
        check_values(program, here.subject, leaves, ring, meter)
    except Undefined as problem:
        raise Refused(f"the model, its flow or the law has no value at the witness: {problem}") from problem
    return Finding(Verdict.REFUTED, "witness", LAYERS, dict(w.sizes))


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

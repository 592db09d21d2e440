"""PROVED at fixed sizes: the residue is the zero polynomial, for every entry of the law."""

from __future__ import annotations

from claws.kernel.core.errors import Meter, Refused
from claws.kernel.core.finding import Finding, Layer, Verdict
from claws.kernel.core.program import ROLES, Program
from claws.kernel.core.scope import check_conditions, conditions_of
from claws.kernel.core.simplified import simplified_statement
from claws.kernel.core.statement import Statement
from claws.kernel.laws.polynomials import Polynomial, Polynomials
from claws.kernel.values.defined import check_defined
from claws.kernel.values.evaluation import Array, directional, fixed, indices
from claws.kernel.values.residues import law_directions, law_drift

LAYERS = frozenset({Layer.CORE, Layer.VALUES, Layer.POLYNOMIALS})


def check_by_polynomials(statement: Statement, meter: Meter, having: tuple[int, ...] | None = None) -> Finding:
    """The finding that a law is conserved at the statement's fixed sizes. Raises `Refused` unless its residue vanishes.

    `having` is as for `check_by_tensors`.
    """
    if statement.program.free_dims():
        raise Refused("polynomials need fixed sizes")
    check_conditions(statement.program, {})
    simple = simplified_statement(statement, having)
    check_residue(simple, Polynomials(dict(simple.program.activations), meter), meter)
    if having is None:
        check_defined(statement.program, statement.subject, {}, meter)
    return Finding(Verdict.PROVED, "polynomials", LAYERS, {}, conditions_of(statement.program))


def generic_point(program: Program, ring: Polynomials) -> dict[str, Array]:
    """Every entry of every leaf as a variable of its own."""
    return {
        leaf.name: {
            i: ring.variable(
                ("leaf", leaf.name, i),
                leaf.name + (str(list(i)) if i else ""),
                positive=leaf.domain == "positive",
            )
            for i in indices([fixed(k) for k in program.shapes[n]])
        }
        for n, leaf in program.leaves(*ROLES)
    }


def check_residue(statement: Statement, ring: Polynomials, meter: Meter) -> None:
    """Soundness-critical: raises `Refused` unless the residue is the zero polynomial, for every entry."""
    program = statement.program
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

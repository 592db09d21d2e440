"""The witness of a refutation for people and for JSON: its entries by name, the residue, and what each term of the law leaves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction

from claws.kernel.core.errors import Meter, Refused
from claws.kernel.core.program import ROLES
from claws.kernel.core.statement import Statement
from claws.kernel.values.evaluation import fixed, indices
from claws.kernel.values.evidence import Choices, Index, Witness
from claws.kernel.values.witness import witness_residue
from claws.prover.witness import statement_at
from claws.report.details import Counterexample, Term
from claws.report.where import NestedText
from claws.syntax import nodes
from claws.syntax.diagnostic import SourceError
from claws.syntax.instances.instance import Instance
from claws.syntax.printer import print_expression
from claws.syntax.spec import Claim, Spec

MANY_TERMS = 50
"""Terms of a law that are told apart: each costs about as much as the law, and nobody reads more."""

TERM_BUDGET = 5_000_000
"""Steps of the kernel for the residue of one term."""


def describe_witness(
    statement: Statement,
    witness: Witness,
    spec: Spec,
    *,
    terms: tuple[Term, ...] | None = None,
    law: str | None = None,
) -> Counterexample:
    """The witness of a statement of this file; `terms` and `law` are handed through."""
    program = statement.program.at(witness.sizes) if witness.sizes else statement.program
    arrays: dict[str, NestedText] = {}
    entries: dict[str, str] = {}
    for n, leaf in program.leaves(*ROLES):
        shape = [fixed(k) for k in program.shapes[n]]
        values = witness.leaves.get(leaf.name, {})
        arrays[leaf.name] = _nested(values, shape, ())
        for i in indices(shape):
            key = leaf.name + (f"[{','.join(map(str, i))}]" if i else "")
            entries[key] = str(values.get(i, 0))
    output = "" if witness.output is None else f"output {witness.output}"
    if witness.output is not None and spec.map is not None:
        output = print_expression(spec.map.outputs[witness.output])
    return Counterexample(
        sizes=dict(witness.sizes),
        entries=entries,
        arrays=arrays,
        choices=tuple(_choices(witness.choices, dict(program.activations))),
        law_entry=tuple(witness.law_entry),
        output=output,
        output_entry=tuple(witness.output_entry),
        residue=witness.residue,
        bits=witness.bits,
        terms=terms,
        law=law,
    )


def _choices(choices: Choices, degrees: Mapping[str, object]) -> Iterator[str]:
    """A sentence for each choice; `degrees` are those of homogeneous activations."""
    for name, (up, down) in choices.homogeneous.items():
        degree = degrees.get(name)
        yield f"{name}(z) = {up}*z^{degree} for z > 0, {down}*|z|^{degree} for z < 0"
    for name, table in choices.values.items():
        for z, (f, g) in sorted(table.items()):
            yield f"{name}({z}) = {f}, {name}'({z}) = {g}"
    for name, rows in choices.functions.items():
        for point, value, _ in rows:
            at = "; ".join(_sparse_text(dict(x)) for x in point)
            yield f"{name} at ({at}) is {_sparse_text(value)}, with the Jacobian in the certificate"


def _nested(values: Mapping[Index, Fraction], shape: Sequence[int], head: Index) -> NestedText:
    if len(head) == len(shape):
        return str(values.get(head, 0))
    return [_nested(values, shape, (*head, k)) for k in range(shape[len(head)])]


def _sparse_text(x: Mapping[Index, Fraction]) -> str:
    return ", ".join(f"{list(i)}: {y}" if i else str(y) for i, y in sorted(x.items())) or "0"


def residue_by_term(claim: Claim, instance: Instance, witness: Witness) -> tuple[Term, ...]:
    """What each term of the law leaves at the witness: the terms that should have cancelled. Empty where that says nothing."""
    assert isinstance(claim.node, nodes.Law)
    terms = _terms(claim.node.value)
    if not 2 <= len(terms) <= MANY_TERMS:
        return ()
    result = []
    for sign, term in terms:
        try:
            statement = statement_at(instance.statement_about(claim.name, term, sign), witness.sizes)
            leaves = {
                leaf.name: dict(witness.leaves.get(leaf.name, {})) for _, leaf in statement.program.leaves(*ROLES)
            }
            value = witness_residue(statement, leaves, witness, Meter(TERM_BUDGET))
        except (SourceError, Refused):
            return ()  # a term that has no value by itself: nothing to say
        text = print_expression(term)
        result.append(Term(text if sign > 0 else f"-({text})", value))
    return tuple(result)


def _terms(e: nodes.Expression) -> list[tuple[int, nodes.Expression]]:
    """The terms of a sum, each with its sign, 1 or -1."""
    terms: list[tuple[int, nodes.Expression]] = []
    stack = [(1, e)]
    while stack:
        sign, e = stack.pop()
        if isinstance(e, nodes.Binary) and e.operator in "+-":
            stack += [(sign if e.operator == "+" else -sign, e.right), (sign, e.left)]
        elif isinstance(e, nodes.Negative):
            stack.append((-sign, e.operand))
        else:
            terms.append((sign, e))
    return terms

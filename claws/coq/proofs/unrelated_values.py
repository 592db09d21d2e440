"""Whether a law needs relations between values of functions, such as exp(a)*exp(b) = exp(a + b), which Coq's check lacks."""

from __future__ import annotations

from collections.abc import Hashable

from claws.coq.statements.node_facts import CannotExport
from claws.kernel.core.errors import Meter, OutOfBudget, Refused
from claws.kernel.core.functions import function_of
from claws.kernel.core.simplified import simplified_statement
from claws.kernel.core.statement import Statement
from claws.kernel.laws.by_polynomials import check_residue
from claws.kernel.laws.polynomials import Polynomial, Polynomials

BUDGET = 3_000_000
"""The steps of a `Meter` that looking for out may take; beyond, coqc has to say it."""


class UnrelatedValues(Polynomials):
    """The kernel's polynomials with values at different arguments that are independent, and nothing known to be positive."""

    def variable(
        self,
        key: Hashable,
        text: str,
        definition: Polynomial | None = None,
        zero_one: bool = False,
        positive: bool = False,
    ) -> Polynomial:
        return super().variable(key, text, definition, zero_one)

    def value(self, function: str, x: Polynomial) -> Polynomial:
        return self.new_value(function_of(function, self.activations), x)


def check_needs_no_relation(statement: Statement) -> None:
    """Raises `CannotExport` where a law of fixed sizes is seen to be conserved by relations between values, and not without."""
    simple = simplified_statement(statement)
    activations = dict(simple.program.activations)
    meter = Meter(BUDGET)
    try:
        check_residue(simple, UnrelatedValues(activations, meter), meter)
    except OutOfBudget:
        return
    except Refused:
        meter = Meter(BUDGET)
        try:
            check_residue(simple, Polynomials(activations, meter), meter)
        except Refused:
            return
        raise CannotExport(
            "it is true by relations between values of functions, such as exp(a)*exp(b) = exp(a + b), which are not used here yet"
        ) from None

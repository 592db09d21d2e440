"""Laws as SymPy expressions of their entries, at fixed sizes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from claws.kernel.core.errors import Meter, Refused
from claws.kernel.values.evaluation import evaluate, fixed
from claws.readings.sympy_reading import SympyRing, as_matrix, symbols_of
from claws.report.show import ENTRIES_BUDGET, no_value
from claws.syntax.diagnostic import Diagnostic, SourceError
from claws.syntax.instances.instance import Instance
from claws.syntax.spec import Spec


def law_entries(spec: Spec, law: str, sizes: Mapping[str, int] | None = None) -> Any:
    """A law as a SymPy expression, column, matrix or array (by its number of axes), at these sizes.

    The entry U[0, 1] of a parameter is the symbol `U_0_1`. Raises `SourceError` where a size is missing or does not fit.
    """
    statement = Instance(spec, dict(sizes or {})).statement(law)
    program = statement.program
    if program.free_dims():
        raise SourceError(Diagnostic("CLAW025", f"no size is given for {', '.join(program.free_dims())}"))
    meter = Meter(ENTRIES_BUDGET)
    try:
        values = evaluate(program, [statement.law], symbols_of(program), SympyRing(meter), meter)
    except Refused as problem:
        raise SourceError(no_value(problem, spec.laws[law].span)) from problem
    return as_matrix(values[statement.law], tuple(fixed(k) for k in program.shapes[statement.law]))

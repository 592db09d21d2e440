"""The smallest sizes at which a statement says something.

Untrusted: the kernel checks the sizes that it is given.
"""

from __future__ import annotations

from claws.kernel.core.errors import Meter, Refused
from claws.kernel.core.sizes import SizeBounds
from claws.kernel.core.statement import Statement
from claws.kernel.values.defined import check_defined

STEPS = 5_000_000
"""Elementary steps for finding sizes at which everything has a value somewhere."""


def sizes_with_values(statement: Statement) -> dict[str, int]:
    """The smallest sizes that meet the conditions and at which everything is seen to have a value somewhere, if there are any."""
    program = statement.program
    dims = program.free_dims()
    base = smallest_sizes(dims, program.bounds)
    meter = Meter(STEPS)
    raised = [(more, only) for more in (1, 2) for only in ("", *dims)] if dims else []
    for more, only in ((0, ""), *raised):
        sizes = {d: n + more * (only in (d, "")) for d, n in base.items()}
        try:
            if program.bounds.hold_at(sizes):
                check_defined(program, statement.subject, sizes, meter)
                return sizes
        except Refused:
            continue
    return base


def smallest_sizes(dims: list[str], bounds: SizeBounds) -> dict[str, int]:
    """Sizes that meet the conditions of a program: all 1 where that does, else raised one by one.

    They may fail to meet them where raising leads nowhere.
    """
    sizes = dict.fromkeys(dims, 1)
    for _ in range(4096):
        if bounds.hold_at(sizes):
            break
        for c in bounds.conditions:
            value = c.at(sizes).constant()
            if value is not None and value < 0:
                # such as n >= m + 1: n goes up
                up = [d for d in sorted(c.dims()) if (c.at({**sizes, d: sizes[d] + 1}).constant() or 0) > value]
                if up:
                    sizes[up[0]] += 1
    return sizes

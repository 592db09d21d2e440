"""Conditions on sizes without which nothing has a value: at n = 1 an entry less the mean is 0, and a norm divides by it.

READ WITH CARE: it decides what a claim means. Functions of the library that need an axis of two say so themselves; this finds
what is written by hand. A claim is made weaker by a condition, never stronger, and every condition is printed with its verdict.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from claws.kernel.core.errors import Malformed, Meter, OutOfBudget, Refused, Undefined
from claws.kernel.core.program import Apply, Program, node_at
from claws.kernel.core.signs import Signs, has_values_by_form
from claws.kernel.core.sizes import Size
from claws.kernel.laws.tensors import Tensors
from claws.kernel.values.defined import check_defined

STEPS = 1_000_000
"""Elementary steps for each look at a program."""

ROUNDS = 4
"""A dim is raised at most so often."""

SIZES = 6
"""No further than this are sizes raised until they meet the conditions."""


def with_value_conditions(program: Program, roots: Sequence[int]) -> Program:
    """The program where dims are at least so large that these nodes have a value, whatever the sizes of the others.

    What is excluded is excluded by form: some divisor is zero, or some unit stands at its kink, at every point. Two dims get the
    condition that not both are 1 where neither needs one of its own.
    """
    for _ in range(ROUNDS):
        dims = program.free_dims()
        if not dims or has_values_by_form(program, roots):
            break
        lows = {d: _low(program, d) for d in dims}
        if (program.bounds.hold_at(lows) and _has_values(program, roots, lows)) or _is_hopeless(program, roots, {}):
            break
        found = [Size.dim(d) - (lows[d] + 1) for d in dims if _is_hopeless(program, roots, {d: lows[d]})]
        if not found:
            pairs = ((a, b) for a, b in combinations(dims, 2) if lows[a] == lows[b] == 1)
            found = [Size.dim(a) * Size.dim(b) - 2 for a, b in pairs if _is_hopeless(program, roots, {a: 1, b: 1})]
        new = [c for c in found if c not in program.conditions]
        if not new:
            break
        program = Program(program.nodes, program.activations, program.functions, (*program.conditions, *new))
    return program


def _low(program: Program, dim: str) -> int:
    """The smallest size that the conditions leave to a dim by itself."""
    return next((n for n in range(1, SIZES) if not program.bounds.positive(Size.dim(dim) - n)), SIZES)


def _has_values(program: Program, roots: Sequence[int], sizes: dict[str, int]) -> bool:
    try:
        check_defined(program, roots, sizes, Meter(STEPS))
        return True
    except Refused:
        return False


def _is_hopeless(program: Program, roots: Sequence[int], sizes: dict[str, int]) -> bool:
    """Whether at these sizes of some dims, and any of the others, one of these nodes has no value anywhere.

    It is seen by the normal forms of the tensor reading.
    """
    try:
        nodes = tuple(node_at(node, sizes) for node in program.nodes)
        conditions = tuple(c.at(sizes) for c in program.conditions)
        if any((value := c.constant()) is not None and value < 0 for c in conditions):
            return False  # excluded already
        here = Program(nodes, program.activations, program.functions, conditions)
        tensors = Tensors(here, Meter(STEPS))
        for n in Signs(here).partial(roots):
            node = here.nodes[n]
            if isinstance(node, Apply) and tensors.vanishes(tensors.value(node.operand)):
                return True
        return False
    except Undefined:
        return True
    except (Malformed, OutOfBudget):
        return False

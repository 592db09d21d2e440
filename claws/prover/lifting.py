"""Laws that a network has from its blocks: proved once, for the block, and used in every network.

Untrusted: whether the network uses the block as it must, the kernel checks.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from claws.kernel.core.errors import Meter, Refused
from claws.kernel.core.statement import Statement
from claws.kernel.laws.evidence import BlockLaw, ByBlock
from claws.kernel.theorem import Theorem, check
from claws.prover.laws import prove_law
from claws.prover.least_sizes import sizes_with_values

if TYPE_CHECKING:
    from claws.syntax.instances.placed_blocks import Lift


def prove_by_block(statement: Statement, lift: Lift, budget: int) -> Theorem | None:
    """The theorem that a network's law holds since it is a law of a block; None where the block does not give it."""
    premise = _premise(lift.inner, budget)
    if premise is None:
        return None
    free = set(lift.inner.program.free_dims())
    dims = {d: n for d, n in lift.dims.items() if d in free}
    evidence = ByBlock(premise, dims, lift.names, lift.calls, sizes_with_values(statement))
    try:
        return check(statement, evidence, Meter(budget))
    except Refused:
        return None


@lru_cache(maxsize=256)
def _premise(block: Statement, budget: int) -> BlockLaw | None:
    """A law of a block with its theorem; None where it is not proved."""
    evidence = prove_law(block, Meter(budget))
    return None if evidence is None else BlockLaw(block, evidence, check(block, evidence, Meter(budget)))

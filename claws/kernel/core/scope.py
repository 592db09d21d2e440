"""The sizes that a statement speaks of.

Soundness-critical: a theorem says something only where its conditions can be met.
"""

from __future__ import annotations

from collections.abc import Mapping

from claws.kernel.core.errors import Refused
from claws.kernel.core.program import Program
from claws.kernel.core.sizes import condition_text


def check_conditions(program: Program, sizes: Mapping[str, int]) -> None:
    """Raises `Refused` unless these sizes satisfy the conditions of the program."""
    if any(type(n) is not int for n in sizes.values()):
        raise Refused("a size is a whole number")
    if not program.bounds.hold_at(sizes):
        raise Refused("the sizes are outside the statement's conditions, where it says nothing")


def check_scope(program: Program, sizes: Mapping[str, int]) -> Mapping[str, int] | None:
    """What a proof for all sizes is about: None for every size, {} where no dim is free.

    Raises `Refused` or `Malformed` unless the program has a meaning at the given sizes, one for each free dim.
    """
    dims = program.free_dims()
    if set(sizes) != set(dims):
        raise Refused("the certificate gives no sizes at which the statement says something")
    check_conditions(program, sizes)
    if dims:
        # every axis must be a whole number there, or there would be nothing that the theorem is about
        program.at(sizes)
    return None if dims else {}


def conditions_of(program: Program) -> tuple[str, ...]:
    """The conditions on sizes as texts, such as `r >= 2`."""
    return tuple(condition_text(c) for c in program.conditions)

"""Evidence that a law is not conserved: a point, of which nothing is believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated, Any

from claws.kernel.core.fields import Natural, Place, Range, Sizes

Index = tuple[Natural, ...]
"""The place of an entry in an array."""

Array = dict[Index, Fraction]
"""A sparse array: an entry that is absent is zero."""

MAX_PRECISION = 4096
"""The finest bounds of a real number have so many binary digits."""

Residue = Fraction | tuple[Fraction, Fraction]
"""A rational number, or bounds of a real one."""

FunctionTable = list[
    tuple[tuple[tuple[tuple[Index, Fraction], ...], ...], Array, list[dict[tuple[Index, Index], Fraction]]]
]
"""For each point at which a declared function is used: the arguments, the value, the Jacobian."""


def read_only(x: Any) -> Any:
    """The same value, copied so that nobody can change it: mappings that are read only, lists as tuples, and what is in them."""
    if isinstance(x, Mapping):
        return MappingProxyType({key: read_only(y) for key, y in x.items()})
    return tuple(map(read_only, x)) if isinstance(x, list | tuple) else x


@dataclass(frozen=True, slots=True)
class Choices:
    """What a witness chooses for declared activations and functions. Searches fill the tables; a witness's are read only."""

    homogeneous: dict[str, tuple[Fraction, Fraction]] = field(default_factory=dict)
    """By activation: its factors for z > 0 and for z < 0."""

    values: dict[str, dict[Fraction, tuple[Fraction, Fraction]]] = field(default_factory=dict)
    """By activation, by argument: value and slope."""

    functions: dict[str, FunctionTable] = field(default_factory=dict)

    def read_only(self) -> Choices:
        """The same choices, which nobody can change."""
        return Choices(read_only(self.homogeneous), read_only(self.values), read_only(self.functions))


@dataclass(frozen=True, slots=True)
class Witness:
    """REFUTED: at these sizes and this point, the residue at one entry of the law and of one output is not zero.

    `leaves` gives every leaf by its non-zero entries; `law_entry` and `output_entry` are index tuples; `output` is the
    position of the output in the statement, or None where the law changes along the flow's drift, whatever the outputs;
    `output_entry` is then (). With `bits`, values that are not rational are enclosed by multiples of 2^-bits, and a residue that
    is not rational is given by its bounds; without, every value must be rational.
    """

    sizes: Sizes
    leaves: Mapping[str, Mapping[Index, Fraction]]
    choices: Choices
    law_entry: Index
    output: Place | None
    output_entry: Index
    residue: Residue
    bits: Annotated[int, Range(0, MAX_PRECISION)] = 0

    def __post_init__(self) -> None:
        for name in ("sizes", "leaves"):
            object.__setattr__(self, name, read_only(getattr(self, name)))
        object.__setattr__(self, "choices", self.choices.read_only())

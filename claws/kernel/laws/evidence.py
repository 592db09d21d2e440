"""Evidence that a law is conserved: hints, of which nothing is believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Annotated

from claws.kernel.core.fields import Name, Natural, NodeNumber, Range, Sizes, Tagged
from claws.kernel.core.sizes import Size
from claws.kernel.core.statement import Statement

TensorFactor = tuple[Natural, Fraction, tuple[Annotated[int, Range(-2_000_000, 1_000_000)], ...]]
"""A symbol of the tensor reading by its number, its exponent, and its indices."""

Network = tuple[TensorFactor, ...]
"""A product of factors. Its legs are 0, 1, ...; a connected network in evidence has the summed indices -1, -2, ..."""


@dataclass(frozen=True, slots=True)
class ByTensors:
    """PROVED for every size by the tensor reading.

    `sizes` shows that the statement's conditions can be met. `renamings` are networks with several labellings, each with the new
    numbers of its summed indices, so that equal networks are seen to be equal.
    """

    sizes: Sizes
    renamings: tuple[tuple[Network, tuple[Natural, ...]], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "sizes", MappingProxyType(dict(self.sizes)))


@dataclass(frozen=True, slots=True)
class ByPolynomials:
    """PROVED at the statement's fixed sizes by polynomials over Q."""


DirectEvidence = Annotated[
    ByTensors | ByPolynomials, Tagged("method", (("tensors", ByTensors), ("polynomials", ByPolynomials)))
]
"""Evidence for a law that rests on no other law."""


@dataclass(frozen=True, slots=True)
class BlockLaw:
    """A law of a block, and the evidence for it. `theorem` may be what the kernel has made of these already."""

    statement: Statement
    evidence: LawEvidence
    theorem: object = field(default=None, compare=False, metadata={"kept": False})


@dataclass(frozen=True, slots=True)
class ByBlock:
    """PROVED because it is a law of a block that the network uses (`blocks.py`).

    `premise` is the block's law; `dims` gives the block's free dims in
    those of the statement, `names` what its leaves, activations and functions are called there; `calls` are pairs: the position
    of an output of the block, and a node of the statement that is this output. `sizes` is as in `ByTensors`.
    """

    premise: BlockLaw
    dims: Mapping[str, Size]
    names: Mapping[str, Name]
    calls: tuple[tuple[NodeNumber, NodeNumber], ...]
    sizes: Sizes

    def __post_init__(self) -> None:
        for name in ("dims", "names", "sizes"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))


LawEvidence = Annotated[
    ByTensors | ByPolynomials | ByBlock,
    Tagged("method", (("tensors", ByTensors), ("polynomials", ByPolynomials), ("block", ByBlock))),
]
"""Evidence that a law is conserved."""

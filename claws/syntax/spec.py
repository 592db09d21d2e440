"""A file that has been read, as plain data: what it declares and what it claims.

READ WITH CARE: it decides what the names of a file refer to. `claws.syntax.reader` makes a `Spec` of a text;
`claws.syntax.instances` says what it is at some sizes, and what the kernel is asked about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from claws.kernel.core.functions import Property
from claws.syntax import nodes
from claws.syntax.diagnostic import Diagnostic, SourceError
from claws.syntax.dynamics import Dynamics

Sizes = dict[str, int]


@dataclass(frozen=True)
class Claim:
    """One claim of a file, for every size of its `for` clause."""

    node: nodes.Claim
    kind: str  # "law", "independent", "complete" or "count"
    name: str
    laws: tuple[str, ...]
    expected: str  # "PROVED", "REFUTED" or "UNKNOWN"
    sizes: tuple[Sizes, ...]
    """The sizes given by `for`, one dict for each instance; a single empty dict without `for`."""
    among: tuple[str, ...] | None = None
    """The claim is about laws that are functions of these parameters alone; None: of all."""


@dataclass(frozen=True)
class Block:
    """An import: what the other file says, and each of its free dims as an expression in the dims of this one."""

    node: nodes.Import
    spec: Spec
    dims: Mapping[str, nodes.Expression]

    @property
    def name(self) -> str:
        """What the block is called in this file."""
        return self.node.name.name

    def ours(self, e: nodes.Expression) -> nodes.Expression:
        """An expression of the block in the names of this file."""
        spec = self.spec
        own: dict[str, nodes.Expression] = {
            x: nodes.Name(f"{self.name}.{x}") for x in (*spec.leaves, *spec.lets, *spec.block_values())
        }
        fixed = {d: nodes.Number(Fraction(n)) for d, n in spec.dims.items() if n is not None}
        return nodes.substituted(e, {**own, **fixed, **self.dims})


@dataclass
class Spec:
    """A file that has been read.

    `diagnostics` are its errors; claims of a file with errors are not checked. `warnings` are what a reader should know.
    """

    path: str
    text: str
    file: nodes.File
    model: str
    diagnostics: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)
    dims: dict[str, int | None] = field(default_factory=dict)
    """Each dim with its fixed size, or None where it is free."""
    claims: list[Claim] = field(default_factory=list)
    leaves: dict[str, tuple[nodes.Group, str]] = field(default_factory=dict)
    """Each parameter, input and constant with its group and role."""
    lets: dict[str, nodes.Let] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)
    """Imported blocks. Their parameters and constants are among the leaves, as `A.U`; so are their activations and functions."""
    activations: dict[str, Property] = field(default_factory=dict)
    functions: dict[str, tuple[nodes.Expression, ...] | None] = field(default_factory=dict)
    laws: dict[str, nodes.Law] = field(default_factory=dict)
    map: nodes.Map | None = None
    flow: nodes.Flow | None = None
    dynamics: Dynamics = field(default_factory=Dynamics)
    preconditions: dict[str, tuple[nodes.Identifier, nodes.Expression]] = field(default_factory=dict)
    taken: dict[tuple[object, ...], Any] = field(default_factory=dict, compare=False, repr=False)
    """What networks have taken from this file as a block, so that each thing is worked out once (`claws.syntax.instances`)."""
    broken: dict[str, SourceError] = field(default_factory=dict)
    """Names whose declaration is wrong: using them is no further error."""

    def parameters(self) -> list[str]:
        """The names of what is trained, those of blocks among them."""
        return [name for name, (_, role) in self.leaves.items() if role == "param"]

    def law_names(self) -> list[str]:
        """The laws of the file and, as `A.balance`, those of its blocks."""
        imported = (f"{a}.{name}" for a, block in self.blocks.items() for name in block.spec.law_names())
        return [*self.laws, *imported]

    def block_value(self, name: str) -> nodes.Expression:
        """A law or `let` of a block, `A.balance`, in the names of this file."""
        alias, _, inner = name.partition(".")
        block = self.blocks[alias]
        own = block.spec.laws.get(inner) or block.spec.lets.get(inner)
        return block.ours(block.spec.block_value(inner) if own is None else own.value)

    def block_values(self) -> list[str]:
        """What expressions may mention of the blocks, beside leaves: their laws and `let`s."""
        return [
            f"{a}.{name}"
            for a, block in self.blocks.items()
            for name in (*block.spec.laws, *block.spec.lets, *block.spec.block_values())
        ]

"""Evidence: hints about which way a theorem is to be had. Nothing in it is believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from claws.kernel.core.program import Program
from claws.kernel.core.sizes import Size
from claws.kernel.core.statement import Statement

Index = tuple[int, ...]
"""The place of an entry in an array."""

Array = dict[Index, Any]
"""A sparse array: an entry that is absent is zero."""

Residue = Fraction | tuple[Fraction, Fraction]
"""A rational number, or bounds of a real one."""


TensorFactor = tuple[int, Fraction, tuple[int, ...]]
"""A symbol of the tensor reading by its number, its exponent, and its indices."""

Network = tuple[TensorFactor, ...]
"""A product of factors. Its legs are 0, 1, ...; a connected network in evidence has the summed indices -1, -2, ..."""


@dataclass(frozen=True, slots=True)
class ByTensors:
    """PROVED for every size by the tensor reading.

    `sizes` shows that the statement's conditions can be met. `renamings` are networks with several labellings, each with the new
    numbers of its summed indices, so that equal networks are seen to be equal.
    """

    sizes: Mapping[str, int]
    renamings: tuple[tuple[Network, tuple[int, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class ByPolynomials:
    """PROVED at the statement's fixed sizes by polynomials over Q."""


@dataclass(frozen=True, slots=True)
class Premise:
    """A law of a block, and the evidence for it. `theorem` may be what the kernel has made of these already."""

    statement: Statement
    evidence: ByTensors | ByPolynomials | ByBlock
    theorem: object = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class ByBlock:
    """PROVED because it is a law of a block that the network uses (`blocks.py`).

    `premise` is the block's law; `dims` gives the block's free dims in
    those of the statement, `names` what its leaves, activations and functions are called there; `calls` are pairs: the position
    of an output of the block, and a node of the statement that is this output. `sizes` is as in `ByTensors`.
    """

    premise: Premise
    dims: Mapping[str, Size]
    names: Mapping[str, str]
    calls: tuple[tuple[int, int], ...]
    sizes: Mapping[str, int]


FunctionTable = list[tuple[tuple[tuple[tuple[Index, Fraction], ...], ...], Array, list[dict[tuple[Index, Index], Any]]]]
"""For each point at which a declared function is used: the arguments, the value, the Jacobian."""


@dataclass
class Choices:
    """What a witness chooses for declared activations and functions."""

    homogeneous: dict[str, tuple[Fraction, Fraction]] = field(default_factory=dict)
    """By activation: its factors for z > 0 and for z < 0."""

    values: dict[str, dict[Fraction, tuple[Fraction, Fraction]]] = field(default_factory=dict)
    """By activation, by argument: value and slope."""

    functions: dict[str, FunctionTable] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Witness:
    """REFUTED: at these sizes and this point, the residue at one entry of the law and of one output is not zero.

    `leaves` gives every leaf by its non-zero entries; `law_entry` and `output_entry` are index tuples; `output` is the
    position of the output in the statement, or None where the law changes along the flow's drift, whatever the outputs;
    `output_entry` is then (). With `bits`, values that are not rational are enclosed by multiples of 2^-bits, and a residue that
    is not rational is given by its bounds; without, every value must be rational.
    """

    sizes: Mapping[str, int]
    leaves: Mapping[str, Mapping[Index, Fraction]]
    choices: Choices
    law_entry: Index
    output: int | None
    output_entry: Index
    residue: Residue
    bits: int = 0


Tree = int | tuple["Tree", "Tree"]
"""A bracket: 1 for a generator, or the bracket of two of them, each leaf a generator of its own."""


@dataclass(frozen=True, slots=True)
class Step:
    """`count` random elements of the Lie algebra, all of this form."""

    tree: Tree
    count: int


@dataclass(frozen=True, slots=True)
class Bundle:
    """Generators of the same form. Places are flat: entries of an array are numbered row by row.

    Row k has the weight 1 at the entry `entries[k]` of one output, data that are 1 at one entry of some inputs and 0
    elsewhere, and in some relus one unit on; all other units are off.
    """

    output: int
    entries: tuple[int, ...]
    data: tuple[tuple[str, tuple[int, ...]], ...]
    on: tuple[tuple[int, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class Sandwich:
    """How many laws there are, from both sides, at the pseudo-random point of `seed` modulo `modulus`.

    `laws` are nodes of `program`, each with the evidence that it is conserved: there are at least as many laws as the rank
    of their gradients. `steps` are elements of the Lie algebra, `paths` sparse generators: there are at most D minus the rank
    of either. `program` is the statement's, with nodes for further laws at its end.
    """

    program: Program
    laws: tuple[tuple[int, ByTensors | ByPolynomials], ...]
    steps: tuple[Step, ...]
    modulus: int
    seed: int
    paths: tuple[Bundle, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """REFUTED: the entries of laws that are claimed to be independent satisfy a polynomial relation.

    The sum of coefficient * product of entry^exponent is zero. Entries are numbered through all laws in their order, each
    array row by row. `modulus` and `seed` give a point at which the relation is seen to involve an entry's gradient.
    """

    terms: tuple[tuple[Fraction, tuple[tuple[int, int], ...]], ...]
    modulus: int
    seed: int


@dataclass(frozen=True, slots=True)
class NotConserved:
    """REFUTED: the law at this position of a `complete` claim is not conserved."""

    law: int
    witness: Witness


Evidence = ByTensors | ByPolynomials | ByBlock | Witness | Sandwich | Relation | NotConserved

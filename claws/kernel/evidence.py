"""Evidence: hints about which way a theorem is to be had. Nothing in it is believed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from claws.kernel.evaluate import Index
from claws.kernel.lie import Step
from claws.kernel.paths import Bundle
from claws.kernel.program import Program
from claws.kernel.rational import Choices
from claws.kernel.sizes import Size
from claws.kernel.statement import Statement

Residue = Fraction | tuple[Fraction, Fraction]
"""A rational number, or bounds of a real one."""


@dataclass(frozen=True, slots=True)
class ByTensors:
    """PROVED for every size by the tensor reading. `sizes` shows that the statement's conditions can be met."""

    sizes: Mapping[str, int]


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

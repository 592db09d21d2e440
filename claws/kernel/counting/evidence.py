"""Evidence about the number of laws, and all kinds of evidence that there are: hints, of which nothing is believed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

from claws.kernel.core.fields import Bracket, Name, Natural, NodeNumber, Place, Range, Row, Tagged
from claws.kernel.core.program import Node
from claws.kernel.laws.evidence import ByBlock, ByPolynomials, ByTensors, DirectEvidence
from claws.kernel.values.evidence import Witness

Modulus = Annotated[int, Range(2, 2**64)]

Seed = Annotated[int, Range(0, 2**64)]

MAX_GENERATORS = 64
"""A bracket is made of at most so many generators."""

if TYPE_CHECKING:
    Tree = int | tuple["Tree", "Tree"]
else:
    # a type that contains itself is read by a rule of its own
    Tree = Annotated[object, Bracket(MAX_GENERATORS)]
"""A bracket: 1 for a generator, or the bracket of two of them, each leaf a generator of its own."""


@dataclass(frozen=True, slots=True)
class Step(Row):
    """`count` random elements of the Lie algebra, all of this form."""

    tree: Tree
    count: Annotated[int, Range(1, 1_000_000)]


@dataclass(frozen=True, slots=True)
class Bundle:
    """Generators of the same form. Places are flat: entries of an array are numbered row by row.

    Row k has the weight 1 at the entry `entries[k]` of one output, data that are 1 at one entry of some inputs and 0
    elsewhere, and in some relus one unit on; all other units are off.
    """

    output: Place
    entries: tuple[Natural, ...]
    data: tuple[tuple[Name, tuple[Natural, ...]], ...]
    on: tuple[tuple[NodeNumber, tuple[Natural, ...]], ...]


@dataclass(frozen=True, slots=True)
class Sandwich:
    """How many laws there are, from both sides, at the pseudo-random point of `seed` modulo `modulus`.

    `nodes` continue the statement's program. `laws` are nodes of the longer program, each with the evidence that it is conserved:
    there are at least as many laws as the rank of their gradients. `steps` are elements of the Lie algebra, `paths` sparse
    generators: there are at most D minus the rank of either.
    """

    nodes: tuple[Node, ...]
    laws: tuple[tuple[NodeNumber, DirectEvidence], ...]
    steps: tuple[Step, ...]
    modulus: Modulus
    seed: Seed
    paths: tuple[Bundle, ...] = ()


@dataclass(frozen=True, slots=True)
class Relation:
    """REFUTED: the entries of laws that are claimed to be independent satisfy a polynomial relation.

    The sum of coefficient * product of entry^exponent is zero. Entries are numbered through all laws in their order, each
    array row by row. `modulus` and `seed` give a point at which the relation is seen to involve an entry's gradient.
    """

    terms: tuple[tuple[Fraction, tuple[tuple[Natural, Annotated[int, Range(1, 100)]], ...]], ...]
    modulus: Modulus
    seed: Seed


@dataclass(frozen=True, slots=True)
class NotConserved:
    """REFUTED: the law at this position of a `complete` claim is not conserved."""

    law: Place
    witness: Witness


Evidence = Annotated[
    ByTensors | ByPolynomials | ByBlock | Witness | Sandwich | Relation | NotConserved,
    Tagged(
        "method",
        (
            ("tensors", ByTensors),
            ("polynomials", ByPolynomials),
            ("block", ByBlock),
            ("witness", Witness),
            ("sandwich", Sandwich),
            ("relation", Relation),
            ("not conserved", NotConserved),
        ),
    ),
]

"""Evidence about the number of laws, and all kinds of evidence that there are: hints, of which nothing is believed."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

from claws.kernel.core.fields import Bracket, Longest, Name, Natural, NodeNumber, Place, Range, Row, Tagged
from claws.kernel.core.program import Node
from claws.kernel.laws.evidence import ByBlock, ByPolynomials, ByTensors, DirectEvidence
from claws.kernel.values.evidence import Witness

Modulus = Annotated[int, Range(2, 2**64)]

Seed = Annotated[int, Range(0, 2**64)]

MAX_GENERATORS = 64
"""A bracket is made of at most so many generators."""

MAX_BASIS = 64
"""An involution has at most so many fields, and as many that are brackets of others."""

if TYPE_CHECKING:
    Tree = int | tuple["Tree", "Tree"]
else:
    # a type that contains itself is read by a rule of its own
    Tree = Annotated[object, Bracket(MAX_GENERATORS)]
"""A bracket: 1 for a generator, or the bracket of two of them, each leaf a generator of its own."""


Numerators = tuple[Annotated[int, Range(-(2**63), 2**63)], ...]
"""Real numbers as whole multiples of one power of 2."""


@dataclass(frozen=True, slots=True)
class TruePoint:
    """Rational parameters, velocities, time and constants, and rational data: all numbers are multiples of 2^-bits.

    `values` gives every entry of each of the leaves that are no inputs, row by row, and the two factors of each homogeneous
    activation; a datum has the entries of all inputs, one input after the other in the order of the program.
    """

    bits: Annotated[int, Range(0, 62)]
    values: tuple[tuple[Name, Numerators], ...]
    data: tuple[Numerators, ...]


@dataclass(frozen=True, slots=True)
class Step(Row):
    """`count` elements of the Lie algebra, all of this form.

    They are the first of a pseudo-random sequence, or those that `samples` names. At a true point `data` says which datum each
    generator is taken at, from left to right in one element after the other.
    """

    tree: Tree
    count: Annotated[int, Range(1, 1_000_000)]
    samples: tuple[Natural, ...] = ()
    data: tuple[Natural, ...] = ()


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


Terms = tuple[tuple[Fraction, tuple[tuple[Natural, Annotated[int, Range(1, 100)]], ...]], ...]
"""A polynomial in numbered things: the sum of coefficient * product of thing^exponent."""


@dataclass(frozen=True, slots=True)
class Combination:
    """A field as a combination of others: `multiple` * field = the sum of coefficient * other, one for each of the others.

    The polynomials are in the entries of the state and then of the constants, numbered in the program's order, each array row by
    row.
    """

    multiple: Terms
    coefficients: tuple[Terms, ...]


@dataclass(frozen=True, slots=True)
class Involution:
    """At no point has the Lie algebra more independent elements than there are fields in `basis` (`involution.py`).

    Fields are numbered: first those that span all generators, as the kernel finds them, then brackets of two earlier fields each,
    which `added` names. `spans` has a combination of the basis for each of the first that is not in it, `brackets` one for
    the bracket of each two of the basis, in the order of their places there.
    """

    added: Annotated[tuple[tuple[Natural, Natural], ...], Longest(MAX_BASIS)]
    basis: Annotated[tuple[Natural, ...], Longest(MAX_BASIS)]
    spans: tuple[Combination, ...]
    brackets: tuple[Combination, ...]


@dataclass(frozen=True, slots=True)
class Sandwich:
    """How many laws there are, from both sides, modulo a number: at `point`, or else at the pseudo-random point of `seed`.

    `nodes` continue the statement's program. `laws` are nodes of the longer program, each with the evidence that it is conserved:
    there are at least as many laws as the rank of their gradients, and at least D minus the number of fields that an
    `involution` takes. `steps` are elements of the Lie algebra, `paths` sparse generators: there are at most D minus the rank of
    either.
    """

    nodes: tuple[Node, ...]
    laws: tuple[tuple[NodeNumber, DirectEvidence], ...]
    steps: tuple[Step, ...]
    modulus: Modulus
    seed: Seed
    paths: tuple[Bundle, ...] = ()
    point: TruePoint | None = None
    involution: Involution | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """REFUTED: the entries of laws that are claimed to be independent satisfy a polynomial relation.

    The sum of coefficient * product of entry^exponent is zero. Entries are numbered through all laws in their order, each
    array row by row. `modulus` and `seed` give a point at which the relation is seen to involve an entry's gradient.
    """

    terms: Terms
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

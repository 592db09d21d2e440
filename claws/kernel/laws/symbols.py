"""Named arrays and the tensors made of them: the words of the tensor reading.

Soundness-critical. A term is a coefficient (a polynomial in the dims) times a product of factors symbol[i, j, ...]^e, summed over
the indices that are not legs of the array. Indices may repeat (a hypergraph), so diagonals and elementwise products cost nothing.
A `Tensor` maps each network, written with a fixed naming of its summed indices (`labelling.py`), to its coefficient. Axes of
size 1 are left out. An index is a leg, a summed index, or a literal position such as 0 or n - 1.

What is known to be positive (a declared domain, an exponential, sums and products of such) is marked so.

Special symbols: `equal` (the identity matrix), `select` (1 where i = start + sum steps*j, a constant 0/1 array with legs
j1, ..., jm, i), `mask` (1 where a pre-activation is positive, else 0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count

from claws.kernel.core.errors import Malformed, Meter, OutOfBudget
from claws.kernel.core.functions import Function
from claws.kernel.core.program import Program, Shape
from claws.kernel.core.sizes import ONE, ZERO, Size, SizeBounds
from claws.kernel.laws.evidence import Network, TensorFactor
from claws.kernel.laws.labelling import LITERAL

Exponent = Fraction
Factor = TensorFactor

MAX_BITS = 200_000
"""A coefficient with a longer number is refused."""

MAX_DEGREE = 1_000_000
"""So is a higher exponent."""


@dataclass(frozen=True, slots=True)
class Select:
    """The condition [i = start + sum steps*j] for j below `lengths` and i below `size`. `merges` says that each i has one j."""

    start: Size
    steps: Shape
    lengths: Shape
    size: Size
    merges: bool


@dataclass(slots=True)
class Symbol:
    """A named array. `definition` is its value in earlier symbols, or None where it is taken to be independent."""

    number: int
    kind: str
    text: str
    shape: Shape
    definition: Tensor | None = None
    select: Select | None = None
    positive: bool = False
    """Whether all entries are positive, wherever they have values."""
    row: Function | None = None
    """The elementwise function of which it is the value, if it is one."""
    argument: Tensor | None = None
    """At which array."""

    @property
    def idempotent(self) -> bool:
        return self.kind in ("mask", "select", "equal")


@dataclass(frozen=True, slots=True)
class Tensor:
    """`shape` has no axis of size 1; `terms` maps canonical networks to non-zero coefficients."""

    shape: Shape
    terms: Mapping[Network, Size] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.terms)

    def key(self) -> tuple[object, ...]:
        return (self.shape, tuple(sorted(self.terms.items())))


class NetworkTerm:
    """A network while it is being simplified: indices are any ints; those in `bound` are summed."""

    __slots__ = ("bound", "coefficient", "factors")

    def __init__(self, coefficient: Size, factors: list[Factor], bound: dict[int, Size]) -> None:
        self.coefficient = coefficient
        self.factors = factors
        self.bound = bound

    def replace(self, old: int, new: int) -> None:
        """Put index `new` for the summed index `old`, which an identity has made equal to it."""
        self.factors = [(s, e, tuple(new if i == old else i for i in ix)) for s, e, ix in self.factors]
        del self.bound[old]


def squeeze(shape: Shape) -> Shape:
    return tuple(n for n in shape if n != ONE)


class Symbols:
    """The symbols of one program, each made once. Work is counted by `meter`."""

    def __init__(self, program: Program, meter: Meter) -> None:
        self.program = program
        self.meter = meter
        self.bounds: SizeBounds = program.bounds
        self.symbols: list[Symbol] = []
        self._interned: dict[object, Symbol] = {}
        self.fresh = count(1_000_000)
        self._literals: dict[Size, int] = {}
        self._positions: list[Size] = []
        self._activations = dict(program.activations)

    def symbol(
        self,
        kind: str,
        key: object,
        shape: Shape,
        text: str = "",
        definition: Tensor | None = None,
        select: Select | None = None,
        positive: bool = False,
    ) -> Symbol:
        """The symbol with this kind and key, made on first use. Equal keys must mean equal values."""
        found = self._interned.get((kind, key))
        if found is None:
            positive = positive or (definition is not None and self.is_positive(definition))
            found = Symbol(len(self.symbols), kind, text or kind, shape, definition, select, positive)
            self.symbols.append(found)
            self._interned[kind, key] = found
        elif found.shape != shape:
            raise Malformed(f"two arrays of different shapes are both called {text or kind}")
        return found

    def single(self, s: Symbol, exponent: Exponent = Fraction(1)) -> Tensor:
        """The tensor s^exponent, with all of its legs open, in order."""
        return Tensor(s.shape, {((s.number, exponent, tuple(range(len(s.shape)))),): ONE})

    def is_positive(self, tensor: Tensor) -> bool:
        """Whether all entries are positive, by its form. False means 'not shown'. Soundness-critical."""
        return bool(tensor.terms) and all(
            self.is_positive_number(c) and all(self.symbols[s].positive for s, _, _ in network)
            for network, c in tensor.terms.items()
        )

    def is_positive_number(self, c: Size) -> bool:
        """Whether a coefficient is positive for all dims, in the same sense."""
        value = c.constant()
        return value > 0 if value is not None else all(q > 0 for _, q in c.terms)

    def fresh_constant(self, text: str, shape: Shape) -> Tensor:
        """An arbitrary constant array."""
        return self.single(self.symbol("constant", text, squeeze(shape), text))

    def literal(self, position: Size) -> int:
        """The index that stands for this position."""
        if position not in self._literals:
            self._literals[position] = LITERAL - len(self._positions)
            self._positions.append(position)
        return self._literals[position]

    def position(self, i: int) -> Size:
        """The position that a literal index stands for."""
        return self._positions[LITERAL - i]

    def scalar(self, value: Size) -> Tensor:
        return Tensor((), {(): value} if value else {})

    def weigh(self, coefficient: Size) -> None:
        """Count the length of a coefficient as work; raises `OutOfBudget` where it is too long."""
        bits = coefficient.bits()
        if bits > 1000:
            if bits > MAX_BITS:
                raise OutOfBudget("a coefficient has become too large")
            self.meter.tick(bits // 1000 + bits * bits // 1_000_000)
        self.meter.tick(len(coefficient.terms))


def accumulate(total: dict[Network, Size], network: Network, c: Size) -> None:
    new = total.get(network, ZERO) + c
    if new:
        if new.bits() > MAX_BITS:
            raise OutOfBudget("a coefficient has become too large")
        total[network] = new
    else:
        total.pop(network, None)

"""Sums of products of entries with open sizes, as data: the type `net` of the library's `NetworkTerms.v`, and its text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import assert_never

from claws.coq.statements.index_terms import Ix


@dataclass(frozen=True)
class NetNumber:
    """A rational number."""

    value: Fraction


@dataclass(frozen=True)
class NetSize:
    """The size with this name, as a number."""

    size: str


@dataclass(frozen=True)
class ArrayEntry:
    """The entry of an array, by its name, at these indices."""

    array: str
    indices: tuple[Ix, ...]


@dataclass(frozen=True)
class NetOperation:
    """A sum, difference or product: `operation` is the name Nadd, Nsub or Nmul in Coq."""

    operation: str
    left: Net
    right: Net


@dataclass(frozen=True)
class NetOpposite:
    """The operand with the other sign."""

    operand: Net


@dataclass(frozen=True)
class NetPower:
    """The operand to the power `exponent`, 0 or more."""

    operand: Net
    exponent: int


@dataclass(frozen=True)
class SumOver:
    """The sum over the values of `index` below the size `size`."""

    index: str
    size: str
    body: Net


@dataclass(frozen=True)
class ProductOver:
    """The product over the values of `index` below the size `size`; all but that at `without`, if that is given."""

    index: str
    size: str
    body: Net
    without: Ix | None = None


@dataclass(frozen=True)
class WhereEqual:
    """`body` where two indices are equal, 0 elsewhere."""

    left: Ix
    right: Ix
    body: Net


Net = NetNumber | NetSize | ArrayEntry | NetOperation | NetOpposite | NetPower | SumOver | ProductOver | WhereEqual

ZERO_NET = NetNumber(Fraction(0))
ONE_NET = NetNumber(Fraction(1))

Axes = tuple[tuple[str, str], ...]
"""The axes of an array: for each of them the variable that stands for its index, and the text of its size."""


def parts(net: Net) -> Iterator[Net]:
    """Yields all nets that a net is made of, itself first."""
    yield net
    if isinstance(net, NetOperation):
        yield from parts(net.left)
        yield from parts(net.right)
    elif isinstance(net, NetOpposite | NetPower):
        yield from parts(net.operand)
    elif isinstance(net, SumOver | ProductOver | WhereEqual):
        yield from parts(net.body)
    elif isinstance(net, NetNumber | NetSize | ArrayEntry):
        pass
    else:
        assert_never(net)


def entries(net: Net) -> list[ArrayEntry]:
    """Returns the entries that occur in a net, from left to right, with repetitions."""
    return [part for part in parts(net) if isinstance(part, ArrayEntry)]


def indices_of(net: Net) -> Iterator[Ix]:
    """Yields the indices that occur in a net: those of its entries, and those that it compares."""
    for part in parts(net):
        if isinstance(part, ArrayEntry):
            yield from part.indices
        elif isinstance(part, WhereEqual):
            yield from (part.left, part.right)


def variables_of(i: Ix) -> Iterator[str]:
    """Yields the variables of an index, with repetitions."""
    if isinstance(i, str):
        yield i
    elif not isinstance(i, int):
        yield from variables_of(i[1])
        yield from variables_of(i[2])


@dataclass
class Numbering:
    """The numbers that data use for variables, sizes and arrays, in the order in which they are met; and the text of data."""

    arrays: Mapping[str, int]
    variables: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def variable(self, name: str) -> int:
        """Returns the number of a variable."""
        return self.variables.setdefault(name, len(self.variables))

    def size(self, text: str) -> int:
        """Returns the number of a size, by its text."""
        return self.sizes.setdefault(text, len(self.sizes))

    def index(self, i: Ix) -> str:
        """Returns the text of an index."""
        if isinstance(i, str):
            return f"(Iv {self.variable(i)})"
        if isinstance(i, int):
            return f"(Ic {i})"
        return f"({'Iadd' if i[0] == '+' else 'Imul'} {self.index(i[1])} {self.index(i[2])})"

    def axes(self, axes: Axes) -> str:
        """Returns the text of a list of axes, with numbers for their variables and sizes."""
        return "[" + "; ".join(f"({self.variable(v)}, {self.size(d)})" for v, d in axes) + "]"

    def net(self, net: Net) -> str:
        """Returns the text of a net, as an argument."""
        if isinstance(net, NetNumber):
            c = net.value
            number = f"({c.numerator})" if c < 0 else str(c.numerator)
            return f"(Nfrac {number} {c.denominator})" if c.denominator != 1 else f"(Nint {number})"
        if isinstance(net, NetSize):
            return f"(Ndim {self.size(net.size)})"
        if isinstance(net, ArrayEntry):
            return f"(Nentry {self.arrays[net.array]} [{'; '.join(self.index(i) for i in net.indices)}])"
        if isinstance(net, NetOperation):
            return f"({net.operation} {self.net(net.left)} {self.net(net.right)})"
        if isinstance(net, NetOpposite):
            return f"(Nopp {self.net(net.operand)})"
        if isinstance(net, NetPower):
            return f"(Npow {self.net(net.operand)} {net.exponent})"
        if isinstance(net, SumOver):
            return f"(Nsum {self.variable(net.index)} {self.size(net.size)} {self.net(net.body)})"
        if isinstance(net, ProductOver):
            return f"(Nprod {self.variable(net.index)} {self.size(net.size)} {self.net(net.body)})"
        if isinstance(net, WhereEqual):
            return f"(Nwhen {self.index(net.left)} {self.index(net.right)} {self.net(net.body)})"
        assert_never(net)

"""What signs the entries of a node have, and which nodes may have no value, by the form of a program.

Soundness-critical: proofs take relus apart, and leave roots and divisions unlooked at, by what is here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import assert_never

from claws.kernel.core.functions import KNOWN, Slope, function_of
from claws.kernel.core.program import Apply, Call, Einsum, Iota, Leaf, Node, Number, Program, Stop, Sum, Window
from claws.kernel.core.sizes import Size


@dataclass(frozen=True, slots=True)
class SignBounds:
    """Every entry has a sign (-1, 0 or 1) from `low` to `high`, wherever it has a value."""

    low: int
    high: int

    @property
    def positive(self) -> bool:
        return self.low > 0

    @property
    def nonzero(self) -> bool:
        return self.low > 0 or self.high < 0

    def times(self, other: SignBounds) -> SignBounds:
        corners = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return SignBounds(min(corners), max(corners))

    def or_zero(self) -> SignBounds:
        return SignBounds(min(self.low, 0), max(self.high, 0))

    def power(self, k: int) -> SignBounds:
        """The sign of a whole power, where it has a value."""
        low, high = self.low, self.high
        if k < 0:
            low, high = low or 1, high or -1  # it has a value where the base is not zero
            if low > high:
                return POSITIVE  # of zero: there is none
        if k % 2:
            return SignBounds(low, high)
        return POSITIVE if k <= 0 or self.nonzero else SignBounds(0, 1 if low or high else 0)


UNKNOWN, POSITIVE, NEGATIVE, ZERO = SignBounds(-1, 1), SignBounds(1, 1), SignBounds(-1, -1), SignBounds(0, 0)

Line = tuple[object, ...]
"""What an array is a multiple of."""


class Signs:
    """The sign of every node of a program, wherever the node and those in `having` have values.

    The operand of a root or of a logarithm is positive where that has a value: so is then every positive multiple of it, and
    every negative multiple is negative. With `all_positive`, at points where every entry of every leaf is positive, and for
    some choice of what the program leaves open: then `partial` says whether there is such a point with values.
    """

    def __init__(self, program: Program, having: Iterable[int] = (), all_positive: bool = False) -> None:
        self.program = program
        self.all_positive = all_positive
        self._activations = dict(program.activations)
        self._bounds = program.bounds
        self._facts: dict[Line, int] = {}
        for n in program.cone(having):
            operand = _positive_operand(program.nodes[n])
            if operand is not None:
                sign, line = self._line(operand)
                self._facts[line] = sign
        self._signs: list[SignBounds] = []
        for n, node in enumerate(program.nodes):
            self._signs.append(self._known(n) if self._facts else self._of(node))

    def __getitem__(self, n: int) -> SignBounds:
        return self._signs[n]

    def _known(self, n: int) -> SignBounds:
        sign, line = self._line(n)
        fact = sign * self._facts.get(line, 0)
        return SignBounds(fact, fact) if fact else self._of(self.program.nodes[n])

    def _line(self, n: int) -> tuple[int, Line]:
        """The sign of a number and what it is multiplied by: proportional sums and multiples have one line."""
        sign = 1
        while isinstance(node := self.program.nodes[n], Sum) and len(node.terms) == 1 and node.terms[0][0]:
            ((c, n),) = node.terms
            sign = sign if c > 0 else -sign
        if not isinstance(node, Sum):
            return sign, ("node", n)
        terms = sorted((m, c) for c, m in node.terms)
        lead = terms[0][1]
        if not lead or len({m for m, _ in terms}) != len(terms):
            return sign, ("node", n)
        return sign if lead > 0 else -sign, ("sum", *((m, c / lead) for m, c in terms))

    def _of(self, node: Node) -> SignBounds:
        match node:
            case Leaf():
                return POSITIVE if self.all_positive or node.domain == "positive" else UNKNOWN
            case Number(value):
                return self._of_size(value)
            case Iota(start, step, _):
                return POSITIVE if step >= 0 and self._of_size(start).positive else UNKNOWN
            case Einsum():
                return self._of_product(node)
            case Sum(terms):
                found = [self._signs[m].times(_sign(c)) for c, m in terms]
                low = -1 if any(x.low < 0 for x in found) else max(x.low for x in found)
                high = 1 if any(x.high > 0 for x in found) else min(x.high for x in found)
                return SignBounds(low, high)
            case Apply(function, operand, exponent):
                if exponent is None:
                    return self._of_function(function, self._signs[operand])
                # a root has a value where its operand is positive, and is positive there
                return POSITIVE if exponent.denominator > 1 else self._signs[operand].power(int(exponent))
            case Call(function, operands):
                if function == "prod":
                    return POSITIVE if self._signs[operands[0]].positive else UNKNOWN
                return POSITIVE if self.all_positive and function in self.program.functions else UNKNOWN
            case Window(operand):
                whole = not node.transposed or node.merges
                return self._signs[operand] if whole else self._signs[operand].or_zero()
            case Stop(operand):
                return self._signs[operand]
            case _:
                assert_never(node)

    def _of_size(self, value: Size) -> SignBounds:
        c = value.constant()
        if c is not None:
            return _sign(c)
        return POSITIVE if self._bounds.positive(value) else UNKNOWN

    def _of_product(self, node: Einsum) -> SignBounds:
        total = POSITIVE
        factors = sorted(zip(node.operands, node.labels, strict=True))
        while factors:
            m, row = factors.pop()
            if factors and factors[-1] == (m, row):
                factors.pop()
                total = total.times(self._signs[m].power(2))
            else:
                total = total.times(self._signs[m])
        summed = {x for row in node.labels for x in row} - set(node.out)
        if len(set(node.out)) != len(node.out) or not all(self._bounds.positive(node.sizes[x]) for x in summed):
            return total.or_zero()  # beside a diagonal, or a sum of no terms
        return total

    def _of_function(self, function: str, z: SignBounds) -> SignBounds:
        row = function_of(function, self._activations)
        if row.positive:
            return POSITIVE
        if row.name == "relu":
            return SignBounds(max(z.low, 0), max(z.high, 0))
        # some function of which no more is known has positive values wherever it has values
        return POSITIVE if self.all_positive and row.open else UNKNOWN

    # --- values -----

    def partial(self, roots: Iterable[int]) -> list[int]:
        """The nodes that these depend on and that may have no value where their operands have one.

        A two-sided function has none at its kink, as everywhere in the kernel, and a root none at 0.
        """
        return [n for n in self.program.cone(roots) if self._is_partial(self.program.nodes[n])]

    def _is_partial(self, node: Node) -> bool:
        if not isinstance(node, Apply):
            return False  # Soundness-critical: no other type of node is a function that may have no value
        z = self._signs[node.operand]
        if node.exponent is not None:
            if node.exponent.denominator > 1:
                return not z.positive
            return node.exponent < 0 and not z.nonzero
        row = function_of(node.function, self._activations)
        if row.on_positive:
            return not z.positive
        if row.kinked:
            return not z.nonzero
        # a solution of s' = s^2 ends somewhere, one of a linear equation nowhere
        declared = self._activations.get(node.function)
        return isinstance(declared, Slope) and declared.degree > 1


def _sign(c: Fraction) -> SignBounds:
    return POSITIVE if c > 0 else NEGATIVE if c < 0 else ZERO


def _positive_operand(node: Node) -> int | None:
    """The operand of a root or a logarithm: it is positive where that has a value."""
    if not isinstance(node, Apply):
        return None
    if node.exponent is not None:
        return node.operand if node.exponent.denominator > 1 else None
    return node.operand if node.function in KNOWN and KNOWN[node.function].on_positive else None


def has_values_by_form(program: Program, nodes: Iterable[int]) -> bool:
    """Whether these nodes have values at every point with positive entries, at any sizes. False means 'not shown'."""
    return not Signs(program, all_positive=True).partial(nodes)

"""What the export knows of each node type of a program, in one place: whether it can be exported, whether it is a polynomial,
what it asks of its operand, and its sign. How a node is written is in `array_writer.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, NamedTuple, assert_never

from claws.coq.statements.function_table import NAMED, refusal_of_function
from claws.kernel.core.functions import Property
from claws.kernel.core.program import Apply, Call, Einsum, Iota, Leaf, Node, Number, Stop, Sum, Window, operands_of
from claws.kernel.core.sizes import Size


class CannotExport(Exception):
    """A claim that is outside of what can be exported; the message is a sentence that says why."""


def refusal_of_node(node: Node, activations: Mapping[str, Property]) -> str | None:
    """Returns the sentence that says why no model with this node can be exported; None where one can be."""
    if isinstance(node, Leaf):
        return "laws that depend on the time can't be exported yet" if node.role in ("time", "velocity") else None
    if isinstance(node, Apply):
        if node.exponent is None:
            return refusal_of_function(node.function, activations)
        return "roots other than square roots can't be exported yet" if node.exponent.denominator > 2 else None
    if isinstance(node, Call):
        if node.function == "det":
            return "determinants can't be exported yet"
        return None if is_product(node) else f"the declared function `{node.function}` can't be exported yet"
    if isinstance(node, Stop):
        return "stopped gradients can't be exported yet"
    if isinstance(node, Number | Iota | Einsum | Sum | Window):
        return None
    assert_never(node)


def refusal_for_all_sizes(node: Node) -> str | None:
    """Returns the sentence that says why no law with this node can be exported for all sizes; None where one can be."""
    what = _beyond_open_sizes(node)
    return what and f"{what} can't be exported for all sizes yet"


def _beyond_open_sizes(node: Node) -> str | None:
    if isinstance(node, Apply) and node.exponent is not None:
        return "a root" if node.exponent.denominator != 1 else None
    if isinstance(node, Call) and node.function == "det":
        return "a determinant"
    if isinstance(node, Apply | Call):
        return None if is_product(node) else f"`{node.function}`"
    if isinstance(node, Window):
        return "a reshape" if is_reshape(node) else None
    if isinstance(node, Iota):
        return "a range of numbers"
    if isinstance(node, Leaf):
        return "a law that depends on the time" if node.role in ("time", "velocity") else None
    if isinstance(node, Stop):
        return "a stopped gradient"
    if isinstance(node, Number | Einsum | Sum):
        return None
    assert_never(node)


def is_product(node: Node) -> bool:
    """Whether a node is the product along the last axis of its operand."""
    return isinstance(node, Call) and node.function == "prod"


def is_reshape(node: Window) -> bool:
    """Whether a window only numbers entries anew: axes become one axis, or one axis becomes axes, in row-major order."""
    return node.merges and len(node.steps) > 1


@dataclass(frozen=True, slots=True)
class Beyond:
    """What makes the value of a node no polynomial of its operand."""

    kind: Literal["function", "root", "division"]
    text: str
    """How a refusal names it."""


def beyond_polynomials(node: Node) -> Beyond | None:
    """Returns what makes this node no polynomial of its operands; None where it is one.

    Nodes that can't be exported at all (`refusal_of_node`) are not asked about.
    """
    if isinstance(node, Apply):
        if node.exponent is None:
            return Beyond("function", f"`{node.function}`")
        if node.exponent.denominator != 1:
            return Beyond("root", "a root")
        return Beyond("division", "a division") if node.exponent < 0 else None
    if isinstance(node, Leaf | Number | Iota | Einsum | Sum | Call | Window | Stop):
        return None
    assert_never(node)


def is_root(node: Node) -> bool:
    """Whether a node is a square root of its operand: where it has a derivative, it is not 0."""
    return isinstance(node, Apply) and node.exponent == Fraction(1, 2)


def demand_of_node(node: Node) -> tuple[Literal["nonzero", "positive"], int] | None:
    """Returns what the entries of the operand must be for the node to have values and derivatives, and the operand; None where
    nothing is asked."""
    if isinstance(node, Apply) and node.exponent is not None:
        if node.exponent.denominator == 2:
            return "positive", node.operand
        return ("nonzero", node.operand) if node.exponent < 0 else None
    if isinstance(node, Apply):
        known = NAMED.get(node.function)
        return ("positive", node.operand) if known is not None and known.positive_argument else None
    if isinstance(node, Leaf | Number | Iota | Einsum | Sum | Call | Window | Stop):
        return None
    assert_never(node)


class Sign(NamedTuple):
    """What the form of a node says of all its entries at every point."""

    positive: bool
    nonnegative: bool


UNKNOWN_SIGN = Sign(False, False)


def sign_of_node(node: Node, sign: Callable[[int], Sign], sizes: Mapping[str, int]) -> Sign:
    """Returns the sign of a node, given those of its operands by `sign`: no more than `sign` of `Towers.v` sees."""
    if isinstance(node, Number):
        value = number_of(node.value, sizes)
        return Sign(value > 0, value >= 0)
    if isinstance(node, Iota):
        start = number_of(node.start, sizes)
        return Sign(start > 0 and node.step >= 0, start >= 0 and node.step >= 0)
    if isinstance(node, Einsum):
        signs = [sign(m) for m in node.operands]
        square = len(node.operands) == 2 and len(set(node.operands)) == 1 and len(set(node.labels)) == 1
        whole = len(set(node.out)) == len(node.out)
        return Sign(whole and all(s.positive for s in signs), square or all(s.nonnegative for s in signs))
    if isinstance(node, Sum):
        signs = [sign(m) for _, m in node.terms]
        if any(c < 0 for c, _ in node.terms) or not all(s.nonnegative for s in signs):
            return UNKNOWN_SIGN
        return Sign(any(s.positive for s in signs), True)
    if isinstance(node, Apply) and node.exponent is not None:
        positive, nonnegative = sign(node.operand)
        if node.exponent.denominator == 2:
            return Sign(positive, True)
        return Sign(positive, nonnegative or node.exponent.numerator % 2 == 0)
    if isinstance(node, Apply):
        known = NAMED.get(node.function)
        return Sign(True, True) if known is not None and known.positive_value else UNKNOWN_SIGN
    if isinstance(node, Window):
        inner = sign(node.operand)
        return Sign(False, inner.nonnegative) if node.transposed and not is_reshape(node) else inner
    if isinstance(node, Leaf | Call | Stop):
        return sign(operands_of(node)[0]) if is_product(node) else UNKNOWN_SIGN
    assert_never(node)


def is_sum(node: Node) -> bool:
    """Whether a node is written as a sum or product of several terms, which is long where it stands inside another term."""
    if isinstance(node, Einsum):
        return any(label not in node.out for labels in node.labels for label in labels)
    return isinstance(node, Sum) or is_product(node) or _is_padding(node)


def encloses_operands(node: Node) -> bool:
    """Whether the operands of a node stand inside of a term, not as terms of a sum or as they are."""
    return isinstance(node, Einsum | Apply) or is_product(node) or _is_padding(node)


def _is_padding(node: Node) -> bool:
    return isinstance(node, Window) and node.transposed and not is_reshape(node)


def number_of(value: Fraction | Size, sizes: Mapping[str, int]) -> Fraction:
    """Returns the value of a polynomial in the dims at the sizes, which must give all dims that occur in it."""
    c = Size.of(value).at(sizes).constant()
    assert c is not None
    return c

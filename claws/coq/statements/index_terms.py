"""Indices of arrays: the text that stands in a file, and the same as data where the proofs for all sizes need it."""

from __future__ import annotations

from dataclasses import dataclass

from claws.coq.statements.coq_text import as_atom

Ix = str | int | tuple[str, "Ix", "Ix"]
"""An index as data: a variable, a number, or ("+" or "*", an index, an index)."""


@dataclass(frozen=True)
class IndexTerm:
    """An index of an array in exported text."""

    text: str
    ix: Ix | None = None
    """The same as data; None for what is no sum of products, as a difference or a quotient is."""

    def atom(self) -> IndexTerm:
        """Returns the same index in a form that can be an argument: with parentheses, where it needs them."""
        return IndexTerm(as_atom(self.text), self.ix)

    def enclosed(self) -> IndexTerm:
        """Returns the same index in parentheses, whether it needs them or not."""
        return IndexTerm(f"({self.text})", self.ix)


def variable(name: str) -> IndexTerm:
    """Returns the index that is a variable."""
    return IndexTerm(name, name)


def sum_of(parts: list[Ix | None]) -> Ix | None:
    """Returns the sum of indices, of one at least, added from left to right; None if one of them is None."""
    return _folded("+", parts)


def product_of(parts: list[Ix | None]) -> Ix | None:
    """Returns the product of indices, of one at least, multiplied from left to right; None if one of them is None."""
    return _folded("*", parts)


def _folded(operation: str, parts: list[Ix | None]) -> Ix | None:
    total, *rest = parts
    for part in rest:
        if total is None or part is None:
            return None
        total = (operation, total, part)
    return total

"""Residues as results have them."""

from __future__ import annotations

from fractions import Fraction


def bounds_of(residue: str) -> tuple[Fraction, Fraction]:
    """A residue as bounds; a rational number is both."""
    low, *high = residue.strip("[]").split(", ")
    return Fraction(low), Fraction(*high) if high else Fraction(low)


def is_nonzero(residue: str) -> bool:
    low, high = bounds_of(residue)
    return low > 0 or high < 0

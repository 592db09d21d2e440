"""Residues as values and as text: exact where they are rational, else bounds that are rounded outwards."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from claws.kernel.values.evidence import Residue

DIGITS = 10
"""The digits to which the bounds of a residue are shown."""


def negative(x: Residue) -> Residue:
    """Minus a number, or the bounds of minus a number that has these bounds."""
    return (-x[1], -x[0]) if isinstance(x, tuple) else -x


def residue_text(x: Residue) -> str:
    """A rational number, or bounds as decimals that are rounded outwards: [2.718281828, 2.718281829]."""
    if not isinstance(x, tuple):
        return str(x)
    return f"[{_decimal(x[0], floor)}, {_decimal(x[1], ceil)}]"


def _decimal(x: Fraction, towards: Callable[[Fraction], int]) -> str:
    """About ten digits, with the rounding of `towards`: 2.718281828, 3.354626279e-4."""
    if not x:
        return "0"
    exponent = len(str(abs(x.numerator))) - len(str(x.denominator)) - DIGITS
    digits = towards(x / Fraction(10) ** exponent)
    return str(Decimal(digits).scaleb(exponent).normalize())

"""Residues as values and as text."""

from __future__ import annotations

from fractions import Fraction

import pytest

from claws.kernel.values.evidence import Residue
from claws.report.residues import negative, residue_text


@pytest.mark.parametrize(
    ("residue", "text", "opposite"),
    [
        (Fraction(0), "0", "0"),
        (Fraction(-3, 2), "-3/2", "3/2"),
        ((Fraction(1, 3), Fraction(2, 3)), "[0.3333333333, 0.6666666667]", "[-0.6666666667, -0.3333333333]"),
        ((Fraction(0), Fraction(1, 7)), "[0, 0.1428571429]", "[-0.1428571429, 0]"),
        ((Fraction(-1, 30000), Fraction(5)), "[-0.00003333333334, 5]", "[-5, 0.00003333333334]"),
    ],
)
def test_bounds_are_rounded_outwards_on_either_side(residue: Residue, text: str, opposite: str) -> None:
    assert residue_text(residue) == text
    assert residue_text(negative(residue)) == opposite
    assert negative(negative(residue)) == residue

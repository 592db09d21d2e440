"""What is too large to be read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """Bounds beyond which a reading raises `Undefined`."""

    entries: int = 20_000_000
    """Entries of one array, with its batch."""
    program_entries: int = 50_000_000
    """Entries of all arrays of a program together, where it would be read for a mere hint."""
    arguments: int = 10_000
    """Entries of all arguments of one function of whole arrays."""
    determinant: int = 9
    """Rows of a determinant: minors are expanded, 2^rows of them."""
    terms: int = 20_000
    """Terms of a polynomial in FLINT, whose work cannot be metered."""
    degree: int = 4096
    """The total degree of a polynomial in FLINT."""
    exponent: int = 64
    """The exponent, in absolute value, to which FLINT raises a polynomial of several terms."""
    function_values: int = 256
    """Variables that FLINT keeps for values of functions."""


LIMITS = ReadingLimits()

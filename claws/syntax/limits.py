"""The limits of what a file may ask for. Beyond them a file gets a message, never a crash or an endless wait."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may ask for at most. Each limit has a message of its own."""

    nodes: int = 50_000
    """The most operations of a program; longer ones take minutes to be made and checked."""
    bits: int = 10_000
    """The most bits of a number that a file computes."""
    unrolled: int = 10_000
    """The most values of a comprehension that is written out element by element."""


LIMITS = Limits()

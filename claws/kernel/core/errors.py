"""How the kernel says no. Soundness-critical only in that nothing here is ever swallowed inside the kernel."""

from __future__ import annotations

import time


class Refused(Exception):
    """The evidence does not establish the statement; the reason is the message."""


class Malformed(Refused):
    """The statement or the certificate is not well formed, so there is nothing to judge."""


class OutOfBudget(Refused):
    """The work or the time allowed ran out. It says nothing about the statement."""


class Undefined(Refused):
    """An expression has no value here: a division by zero, a kink."""


class Irrational(Undefined):
    """An expression has a value here, but none that is known as an exact rational number."""


class NoRoot(Undefined):
    """A number is no square modulo the prime: at another point it may be one."""


def brief(x: object, bits: int = 400) -> str:
    """A number as text for a message; a very long one (which Python would not even print) by its length."""
    numerator, denominator = getattr(x, "numerator", 0), getattr(x, "denominator", 1)
    size = int(numerator).bit_length() + int(denominator).bit_length()
    return str(x) if size <= bits else f"a number of {size} bits"


class Meter:
    """Counts work, deterministically, with the clock as a backstop.

    `limit` is an amount of elementary steps (a term normalised, two numbers multiplied, ...); `seconds` a
    wall-clock bound, None for none. Raises `OutOfBudget` from `tick`.
    """

    __slots__ = ("_check", "_deadline", "limit", "seconds", "used")

    def __init__(self, limit: int, seconds: float | None = None) -> None:
        self.limit = limit
        self.used = 0
        self.seconds = seconds
        self._deadline = None if seconds is None else time.monotonic() + seconds
        self._check = 0

    def tick(self, amount: int = 1) -> None:
        self.used += amount
        if self.used > self.limit:
            raise OutOfBudget(f"the budget of {self.limit} steps is used up")
        if self._deadline is not None and self.used >= self._check:
            self._check = self.used + 500
            if time.monotonic() > self._deadline:
                raise OutOfBudget("the time allowed for this claim is used up")

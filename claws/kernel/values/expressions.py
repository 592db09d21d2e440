"""The value of an expression of the table of functions, over any numbers.

Soundness-critical: values and slopes of elementwise functions are computed here, at exact points and over polynomials.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Protocol

from claws.kernel.core.functions import Expression, expanded


class Numbers(Protocol):
    """Numbers whose sums and products are Python's, as those of a `claws.kernel.values.evaluation.Ring`."""

    def number(self, value: Fraction) -> Any:
        """The rational number as such a number."""

    def power(self, x: Any, exponent: Fraction) -> Any:
        """x^exponent. May raise `Undefined`."""


def value_of(expression: Expression, z: Any, ring: Numbers, function: Callable[[str], Any]) -> Any:
    """The value of an expression at z, where `function` gives those of smooth functions at z.

    Soundness-critical. Raises what `function` and `ring` raise, `Undefined` for a division by zero among them; what is multiplied
    by zero is not asked for.
    """
    total = ring.number(Fraction(0))
    for c, k, factors in expression:
        term = ring.number(c)
        if k:
            term = (z if k == 1 else ring.power(z, Fraction(k))) * term
        for base, e in factors:
            if not term:
                break
            x = function(base) if isinstance(base, str) else value_of(expanded(base), z, ring, function)
            term = term * ring.power(x, Fraction(e))
        total = total + term
    return total

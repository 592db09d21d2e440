"""The known functions once more, apart from the kernel's table: what its rows and every reading are compared with.

A definition is a function of z and of a namespace that has `exp`, `log`, `sqrt`, `pi` and so on: SymPy, mpmath, or NumPy with
what it lacks. A function that the kernel gets needs a line here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mpmath
import sympy

Definition = Callable[[Any, Any], Any]

SMOOTH: dict[str, Definition] = {
    "exp": lambda z, m: m.exp(z),
    "log": lambda z, m: m.log(z),
    "sin": lambda z, m: m.sin(z),
    "cos": lambda z, m: m.cos(z),
    "tanh": lambda z, m: m.tanh(z),
    "sigmoid": lambda z, m: 1 / (1 + m.exp(-z)),
    "softplus": lambda z, m: m.log(1 + m.exp(z)),
    "erf": lambda z, m: m.erf(z),
    "erf_slope": lambda z, m: 2 / m.sqrt(m.pi) * m.exp(-(z**2)),
    "normal_cdf": lambda z, m: (1 + m.erf(z / m.sqrt(2))) / 2,
    "normal_pdf": lambda z, m: m.exp(-(z**2) / 2) / m.sqrt(2 * m.pi),
    "atan": lambda z, m: m.atan(z),
}

TWO_SIDED: dict[str, tuple[Definition, Definition]] = {
    "relu": (lambda z, m: z, lambda z, m: 0 * z),
    "elu": (lambda z, m: z, lambda z, m: m.exp(z) - 1),
}
"""What a function is where z > 0, and where z < 0."""

POSITIVE_ARGUMENT = ("log",)
"""The functions that have values at positive arguments only."""

MP = mpmath.mp.clone()
MP.dps = 120


def in_sympy(name: str) -> Callable[[Any], Any]:
    """A smooth function of SymPy's expressions."""
    return lambda z: SMOOTH[name](z, sympy)


def in_mpmath(name: str) -> Callable[[Any], Any]:
    """A smooth or two-sided function of real numbers of 120 digits; a two-sided one is not asked for at 0."""
    if name in SMOOTH:
        return lambda z: SMOOTH[name](z, MP)
    return lambda z: TWO_SIDED[name][0 if z > 0 else 1](z, MP)

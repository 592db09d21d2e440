"""The one table of elementwise functions: what Coq calls each, which lemma has its derivative, and where it has a value.

A function of the kernel's table (`kernel/core/functions.py`) is in one of three groups: Coq has a name for it (`NAMED`); a
statement speaks of all functions with its derivative (`BY_DERIVATIVE`); or it has no export, for a reason that its row gives.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from claws.kernel.core.functions import KNOWN, Expression, Function, Property, Slope


@dataclass(frozen=True, slots=True)
class CoqFunction:
    """What exported files and the library know of a function that Coq, Coquelicot or `Vocabulary.v` has a name for."""

    name: str
    """The function's name in Coq."""
    derivative: str
    """The lemma about its derivative that `slope_derives` of `Elements.v` applies."""
    positive_argument: bool = False
    """Whether it has a value and a derivative at positive arguments only (`only_positive` of `Elements.v`)."""
    positive_value: bool = False
    """Whether all its values are positive, which `sign` of `Towers.v` uses."""


NAMED: Mapping[str, CoqFunction] = {
    "exp": CoqFunction("exp", "derive_exp", positive_value=True),
    "log": CoqFunction("ln", "derive_ln", positive_argument=True),
    "sin": CoqFunction("sin", "derivable_pt_lim_sin"),
    "cos": CoqFunction("cos", "derivable_pt_lim_cos"),
    "tanh": CoqFunction("tanh", "derive_tanh"),
    "sigmoid": CoqFunction("sigmoid", "derive_sigmoid", positive_value=True),
    "softplus": CoqFunction("softplus", "derive_softplus"),
}
"""The functions with a name, in the order of their numbers 1, 2, ... in `functions` of `Elements.v`."""

NUMBERS: Mapping[str, int] = {name: k for k, name in enumerate(NAMED, start=1)}
"""The numbers of these functions; those that a file declares are numbered from `len(NAMED) + 1` on."""


def refusal_of_row(row: Function) -> str | None:
    """Returns the sentence that says why no model with a known function can be exported; None where one can be."""
    if row.name in NAMED:
        return None
    if row.derivative is None:
        reason = "it has no derivative at its kink, and a statement would have to say how a curve crosses it"
        return f"`{row.name}` can't be exported yet: {reason}"
    if any(not isinstance(base, str) for _, _, factors in row.derivative for base, _ in factors):
        return f"`{row.name}` can't be exported yet: its derivative is a fraction"
    return None


BY_DERIVATIVE: Mapping[str, Expression] = {
    name: row.derivative
    for name, row in KNOWN.items()
    if name not in NAMED and row.derivative is not None and refusal_of_row(row) is None
}
"""Functions without a name in Coq, and their derivatives: a statement speaks of all functions with these derivatives."""

MOST_DEGREE = 50
"""The highest degree of a declared derivative, as a polynomial in the function, of which the real zeros are counted."""


def refusal_of_function(name: str, activations: Mapping[str, Property]) -> str | None:
    """Returns the sentence that says why no model with this function can be exported; None where one can be.

    `activations` are the functions that the file declares, with what it says of them.
    """
    if name in KNOWN:
        return refusal_of_row(KNOWN[name])
    if name not in activations:
        return f"`{name}` can't be exported yet"
    known = activations[name]
    return _refusal_of_slope(name, known) if isinstance(known, Slope) else None


def _refusal_of_slope(name: str, slope: Slope) -> str | None:
    """Returns why the declared derivative can't be exported; None where some function on all of R, beside constants, has it.

    A statement about all functions that have it would say nothing: none has s' = 1 + s^2, only 0 s' = s^2. A solution is
    monotone; if the degree is 2 or more, it reaches infinity in finite time unless it stays between two zeros of the polynomial.
    """
    if slope.degree < 2:
        return None
    if slope.degree > MOST_DEGREE:
        return f"an activation whose derivative has a degree above {MOST_DEGREE} can't be exported yet"
    import sympy

    z = sympy.Symbol("z")
    terms = {(e,): sympy.Rational(c.numerator, c.denominator) for c, e in slope.terms}
    if sympy.Poly.from_dict(terms, z, domain="QQ").sqf_part().count_roots() < 2:
        return (
            f"no function on all of R, but for constants, has the derivative {name}' = {slope.text(name)}: "
            "that can't be exported yet, a statement about such functions would say nothing"
        )
    return None

"""The residue of a law at one point, as exactly as the model allows: over the rationals, modulo a prime, in floating point.

Not trusted: it samples, so it can refute a law and prove none. The kernel's own evaluation is used where numbers are rational.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from claws.kernel.core.errors import Irrational, Meter, Refused, Undefined
from claws.kernel.core.statement import Statement
from claws.kernel.values import evaluation as exact
from claws.kernel.values.defined import check_values
from claws.kernel.values.evaluation import directional, fixed
from claws.kernel.values.evidence import Choices
from claws.kernel.values.residues import law_directions, law_drift
from claws.prover.witness import RecordingNumbers
from claws.readings.arrays import Reading, Theta
from claws.readings.floating import constant, float_reading
from claws.readings.jets import Array
from claws.readings.modular import PRIMES, DrawnFunctions, PrimeField
from claws.readings.residues import float_rate, is_zero_residue

Rational = Any
"""A NumPy array of dtype object that holds fractions."""

RATIONAL, MODULAR, FLOATING = "over the rationals", "modulo a prime", "in floating point"

BUDGET = 3_000_000
"""Steps of a `Meter` that one residue over the rationals may take."""


class NoValue(Exception):
    """Raised where the model or the law has no value at a point; the message says which."""


@dataclass(frozen=True)
class ExactRate:
    """The residue of a law at a point. `value` is exact over the rationals, else a float; 0 where it vanishes."""

    value: Fraction | float
    how: str
    where: str
    """The loss for which it is the rate of change; empty where it vanishes."""


def to_sparse(x: Rational) -> exact.Array:
    """An array as the kernel has it: entries that are not zero, by index."""
    return {i: y for i, y in np.ndenumerate(x) if y}


def residue(statement: Statement, leaves: Mapping[str, Rational], weights: Rational, seed: int = 0) -> ExactRate:
    """d/dt of <weights, law> without a loss, and for every entry of the outputs as a loss: the first that is not zero, or zero.

    `leaves` has fractions for every leaf of the statement, whose sizes are fixed, and `weights` the shape of the law. Raises
    `NoValue` where the model or the law has none.
    """
    try:
        return _rational(statement, leaves, weights, seed)
    except Irrational:
        pass
    except Undefined as problem:
        raise NoValue(str(problem)) from problem
    except Refused:
        pass  # too large for fractions
    _check_defined(statement, leaves, seed)
    try:
        if _vanishes_modulo(statement, leaves, weights, seed):
            return ExactRate(Fraction(0), MODULAR, "")
    except Undefined:
        pass
    return floating(statement, leaves, weights, seed)


def _rational(statement: Statement, leaves: Mapping[str, Rational], weights: Rational, seed: int) -> ExactRate:
    """The residue over the rationals. Raises `Irrational`, `Undefined`, and `Refused` for what is too large."""
    meter = Meter(BUDGET)
    program = statement.program
    ring = RecordingNumbers(dict(program.activations), Choices(), seed, meter, rational=True)
    point = {name: to_sparse(x) for name, x in leaves.items()}
    # where anything has no value the claim says nothing
    check_values(program, statement.subject, point, ring, meter)
    for i, y in law_drift(statement, point, ring, meter).items():
        if y:
            return ExactRate(Fraction(y) * Fraction(weights[i] or 1), RATIONAL, "without a loss")
    direction: dict[str, exact.Array] = {}
    for i, gradient in law_directions(statement, point, ring, meter).items():
        weight = weights[i]
        if not weight:
            continue
        for name, x in gradient.items():
            total = direction.setdefault(name, {})
            for j, y in x.items():
                total[j] = total.get(j, Fraction(0)) + y * weight
    direction = {name: {j: y for j, y in x.items() if y} for name, x in direction.items()}
    # kinks and poles of the outputs count even where the law does not move
    found = directional(program, statement.outputs, point, direction, ring, meter)
    for k, n in enumerate(statement.outputs):
        for i, y in found[n].items():
            if y:
                return ExactRate(-Fraction(y), RATIONAL, _loss(k, i))
    return ExactRate(Fraction(0), RATIONAL, "")


def _float_leaves(leaves: Mapping[str, Rational]) -> Theta:
    return {name: [constant(x)] for name, x in leaves.items()}


def _check_defined(statement: Statement, leaves: Mapping[str, Rational], seed: int) -> None:
    """Raises `NoValue` where the law or the map has no real value, which derivatives and residues do not show."""
    with np.errstate(all="ignore"):
        reading = float_reading(statement.program, _float_leaves(leaves), 0, seed)
        for n, what in ((statement.law, "law"), *((n, "map") for n in statement.outputs)):
            if not np.all(np.isfinite(reading.array(n))):
                raise NoValue(f"the {what} has no value here")


def _vanishes_modulo(statement: Statement, leaves: Mapping[str, Rational], weights: Rational, seed: int) -> bool:
    """Whether the residue is 0 modulo a prime. Raises `Undefined` where a number has no residue, or the model no value there."""
    field = PrimeField(PRIMES[0])

    def residues(x: Rational) -> Array:
        return np.array([field.number(Fraction(y)) for y in np.ravel(x)]).reshape(1, *np.shape(x))

    functions = DrawnFunctions(field, seed, dict(statement.program.activations))
    here = Reading(statement.program, {name: [residues(x)] for name, x in leaves.items()}, functions, 0, Meter(10**18))
    return is_zero_residue(statement, here, field, residues(weights))


def floating(statement: Statement, leaves: Mapping[str, Rational], weights: Rational, seed: int) -> ExactRate:
    """The residue in float64: what is larger than rounding explains, relative to the size of its terms, or 0.

    Raises `NoValue` where the law or the map has no value, or no derivative.
    """
    try:
        here = float_reading(statement.program, _float_leaves(leaves), 0, seed)
        rate = float_rate(statement, here, constant(weights))
    except Undefined as problem:
        raise NoValue(str(problem)) from problem
    if not rate.value:
        return ExactRate(0.0, FLOATING, "")
    if rate.output is None:
        return ExactRate(rate.value, FLOATING, "without a loss")
    return ExactRate(-rate.value, FLOATING, _loss(rate.output, rate.entry))


def _loss(output: int, entry: tuple[int, ...]) -> str:
    """The text for the loss that is one entry of an output."""
    return f"for the loss that is output {output}" + (f"[{', '.join(map(str, entry))}]" if entry else "")


def shape_of(statement: Statement, n: int) -> tuple[int, ...]:
    """The shape of a node of a statement whose sizes are fixed."""
    return tuple(fixed(k) for k in statement.program.shapes[n])

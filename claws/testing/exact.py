"""The residue of a law at one point, as exactly as the model allows: over the rationals, modulo a prime, in floating point.

Not trusted: it samples, so it can refute a law and prove none. The kernel's own evaluation is used where numbers are rational.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from claws.readings.floating import FloatReading  # sets OPENBLAS_NUM_THREADS before NumPy loads

# isort: split
import numpy as np

from claws.kernel.core.errors import Irrational, Meter, Refused, Undefined
from claws.kernel.core.evidence import Choices
from claws.kernel.core.flow import STATE
from claws.kernel.core.statement import Statement
from claws.kernel.values import evaluation as exact
from claws.kernel.values.evaluation import directional, fixed
from claws.kernel.values.residues import law_directions, law_drift
from claws.prover.lie import is_zero_residue
from claws.prover.witness import RecordingNumbers
from claws.readings.arrays import PRIMES, Field, Jet, Reading

Rational = Any
"""A NumPy array of dtype object that holds fractions."""

RATIONAL, MODULAR, FLOATING = "over the rationals", "modulo a prime", "in floating point"

TOLERANCE = 1e-9
"""Relative to the size of what should cancel, where only floating point is to be had."""

BUDGET = 3_000_000


class NoValue(Exception):
    """The model or the law has no value at this point."""


@dataclass(frozen=True)
class Found:
    """d/dt of a law at a point. `value` is exact over the rationals, else a float; 0 where it vanishes."""

    value: Fraction | float
    how: str
    where: str
    """For which loss."""


def to_sparse(x: Rational) -> exact.Array:
    """An array as the kernel has it."""
    return {i: y for i, y in np.ndenumerate(x) if y}


def residue(statement: Statement, leaves: Mapping[str, Rational], weights: Rational, seed: int = 0) -> Found:
    """d/dt of <weights, law> without a loss, and along every output: the first that is not zero, or zero.

    `leaves` has fractions for every leaf of the statement, whose sizes are fixed. Raises `NoValue`.
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
            return Found(Fraction(0), MODULAR, "")
    except Undefined:
        pass
    return floating(statement, leaves, weights, seed)


def _rational(statement: Statement, leaves: Mapping[str, Rational], weights: Rational, seed: int) -> Found:
    meter = Meter(BUDGET)
    program = statement.program
    ring = RecordingNumbers(dict(program.activations), Choices(), seed, meter, rational=True)
    point = {name: to_sparse(x) for name, x in leaves.items()}
    for i, y in law_drift(statement, point, ring, meter).items():
        if y:
            return Found(Fraction(y) * Fraction(weights[i] or 1), RATIONAL, "without a loss")
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
                return Found(-Fraction(y), RATIONAL, _loss(k, i))
    return Found(Fraction(0), RATIONAL, "")


def _check_defined(statement: Statement, leaves: Mapping[str, Rational], seed: int) -> None:
    """Raises `NoValue` where the law or the map has no real value, which derivatives and residues do not show."""
    point: dict[str, Jet] = {name: [np.asarray(x, dtype=np.float64)[None]] for name, x in leaves.items()}
    with np.errstate(all="ignore"):
        reading = FloatReading(statement.program, point, 0, seed)
        for n, what in ((statement.law, "law"), *((n, "map") for n in statement.outputs)):
            value = reading.value(n)[0]
            if value is not None and not np.all(np.isfinite(value)):
                raise NoValue(f"the {what} has no value here")


def _vanishes_modulo(statement: Statement, leaves: Mapping[str, Rational], weights: Rational, seed: int) -> bool:
    field = Field(PRIMES[0])

    def residues(x: Rational) -> Any:
        return np.array([field.residue(Fraction(y)) for y in np.ravel(x)]).reshape(1, *np.shape(x))

    reading = Reading(
        statement.program, {name: [residues(x)] for name, x in leaves.items()}, field, 0, seed, Meter(10**18)
    )
    return is_zero_residue(statement, reading, residues(weights))


def floating(statement: Statement, leaves: Mapping[str, Rational], weights: Rational, seed: int) -> Found:
    """Both conditions in float64, relative to the size of their terms."""
    program, flow = statement.program, statement.flow
    point = {name: np.asarray(x, dtype=np.float64)[None] for name, x in leaves.items()}
    with np.errstate(all="ignore"):
        here = FloatReading(program, {name: [x] for name, x in point.items()}, 0, seed)
        state = {leaf.name for _, leaf in program.leaves(*STATE)}
        pulled = here.pull({statement.law: [np.asarray(weights, dtype=np.float64)[None]]})
        gradient = {name: g[0] for name, g in pulled.items() if name in state and g[0] is not None}
        total = size = 0.0
        for name, n in flow.drift:
            y = here.value(n)[0]
            if name in gradient and y is not None:
                terms = gradient[name] * y
                total, size = total + float(np.sum(terms)), size + float(np.sum(np.abs(terms)))
        if not np.isfinite(total):
            raise NoValue("the law has no value here")
        if abs(total) > TOLERANCE * (1 + size):
            return Found(total, FLOATING, "without a loss")
        factors = dict(flow.factors)
        direction = {}
        for _, leaf in program.leaves("param"):
            g = gradient.get(flow.moved(leaf.name))
            if g is not None:
                factor = here.value(factors[leaf.name])[0] if leaf.name in factors else 1.0
                direction[leaf.name] = g * (0.0 if factor is None else factor)
        for k, n in enumerate(statement.outputs):
            slope, size = _slope(statement, n, point, direction, seed)
            if not np.all(np.isfinite(slope)):
                raise NoValue("the map has no value here")
            worst = np.argmax(np.abs(slope)) if slope.size else 0
            if slope.size and abs(slope.ravel()[worst]) > TOLERANCE * (1 + size):
                entry = np.unravel_index(worst, slope.shape)[1:]
                return Found(-float(slope.ravel()[worst]), FLOATING, _loss(k, tuple(map(int, entry))))
    return Found(0.0, FLOATING, "")


def _slope(
    statement: Statement, n: int, point: Mapping[str, Any], direction: Mapping[str, Any], seed: int
) -> tuple[Any, float]:
    """The derivative of an output along a direction, and the size of the parts from single parameters."""
    program = statement.program
    total: Any = np.zeros(())
    size = 0.0
    for name, d in direction.items():
        moved = {leaf: [x, np.broadcast_to(d, x.shape) if leaf == name else None] for leaf, x in point.items()}
        part = FloatReading(program, moved, 1, seed).value(n)[1]
        if part is not None:
            total = total + part
            size = max(size, float(np.max(np.abs(part), initial=0.0)))
    return np.asarray(total), size


def _loss(output: int, entry: tuple[int, ...]) -> str:
    """The loss that is one entry of an output."""
    return f"for the loss that is output {output}" + (f"[{', '.join(map(str, entry))}]" if entry else "")


def shape_of(statement: Statement, n: int) -> tuple[int, ...]:
    return tuple(fixed(k) for k in statement.program.shapes[n])

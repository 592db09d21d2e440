"""Whether the residue of a law vanishes at a point, modulo a prime or in floating point: quick, and no proof either way.

Modulo a prime, values of functions at different arguments are drawn one by one, so that exp(a)*exp(b) - exp(a + b) is not zero
there. Where a model has such functions, the real numbers have the last word.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from claws.kernel.core.errors import Meter, Undefined
from claws.kernel.core.functions import function_of
from claws.kernel.core.program import Apply, Program
from claws.kernel.core.statement import Statement
from claws.kernel.counting.jets import salt
from claws.kernel.counting.points import Setting
from claws.kernel.values.evaluation import fixed
from claws.readings.arrays import Reading
from claws.readings.flow import LawResidue
from claws.readings.jets import Array
from claws.readings.limits import LIMITS
from claws.readings.modular import PRIMES, PrimeField, Residues
from claws.readings.points import FloatPoint, ModularPoint

TOLERANCE = 1e-9
"""A residue in floating point that is less than this, relative to the size of what should cancel, is zero."""


@dataclass(frozen=True, slots=True)
class FloatRate:
    """The residue of a law at a point in float64: the first of its numbers that is larger than rounding explains, or 0."""

    value: float
    output: int | None = None
    """The output whose derivative it is, by its number; None for the change of the law without a loss."""
    entry: tuple[int, ...] = ()
    """The entry of this output."""


def residue_seems_zero(statement: Statement, seed: int, points: int = 2) -> bool:
    """Whether the residue of a random combination of the law's entries is 0 at random points.

    It is 0 modulo a prime, or, for a model with functions that are not rational, in floating point. The sizes are fixed. Raises
    `Undefined` where no point can be evaluated.
    """
    program = statement.program
    if sum(math.prod(fixed(k) for k in shape) for shape in program.shapes) > LIMITS.program_entries:
        raise Undefined("the arrays are too large")
    for k in range(points):
        point = ModularPoint(statement, Setting(PRIMES[0], seed + k), Meter(10**18))
        here = point.reading(point.theta, 0, [(0,)])
        weights = point.field.drawn([salt("law weight", seed, k)], here.shapes[statement.law])
        if not is_zero_residue(statement, here, point.field, weights):
            return bool(transcendental_functions(program)) and _vanish_in_floats(statement, seed, points)
    return True


def transcendental_functions(program: Program) -> list[str]:
    """The functions of a program that are neither rational nor piecewise so, by name."""
    activations = dict(program.activations)
    applied = (node for node in program.nodes if isinstance(node, Apply) and node.exponent is None)
    names = {node.function for node in applied if function_of(node.function, activations).smooth}
    return sorted(names)


def _vanish_in_floats(statement: Statement, seed: int, points: int) -> bool:
    """Whether the residue is 0 in floating point at random points. Raises `Undefined` where it has no value."""
    for k in range(points):
        point = FloatPoint(statement, seed + k)
        here = point.reading(point.theta, 0, [(0,)])
        weights = point.weights(0, [("law", k)], here.shapes[statement.law])
        if float_rate(statement, here, weights).value:
            return False
    return True


def float_rate(statement: Statement, here: Reading, weights: Array) -> FloatRate:
    """The residue of <weights, law> at the point of this reading in float64. Raises `Undefined` where it has no value."""
    with np.errstate(all="ignore"):
        residue = LawResidue(statement, here, weights)
        terms = residue.without_loss()
        total, size = sum(float(np.sum(x)) for x in terms), sum(float(np.sum(np.abs(x))) for x in terms)
        if not np.isfinite(total):
            raise Undefined("the law has no value here")
        if abs(total) > TOLERANCE * (1 + size):
            return FloatRate(total)
        # what should cancel are the parts that single parameters have in the slope of an output
        parts = [list(residue.slopes({name: x})) for name, x in residue.direction().items()]
        for k in range(len(statement.outputs)):
            own = [x for part in parts if (x := part[k]) is not None]
            slope = np.asarray(sum(own, start=np.zeros(())))
            size = max((float(np.max(np.abs(x), initial=0.0)) for x in own), default=0.0)
            if not np.all(np.isfinite(slope)):
                raise Undefined("the map has no value here")
            worst = np.argmax(np.abs(slope)) if slope.size else 0
            if slope.size and abs(slope.ravel()[worst]) > TOLERANCE * (1 + size):
                entry = np.unravel_index(worst, slope.shape)[1:]
                return FloatRate(float(slope.ravel()[worst]), k, tuple(map(int, entry)))
    return FloatRate(0.0)


def is_zero_residue(statement: Statement, here: Reading, field: PrimeField, weights: Residues) -> bool:
    """Whether the residue of <weights, law> is 0 at the point of this reading, of level 0 and modulo the field's prime."""
    residue = LawResidue(statement, here, weights)
    if sum(sum(map(int, terms.ravel())) for terms in residue.without_loss()) % field.p:
        return False
    return not any(slope is not None and np.any(slope) for slope in residue.slopes(residue.direction()))

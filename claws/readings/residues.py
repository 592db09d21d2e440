"""Whether the residue of a law vanishes modulo a prime, at one point: quick, and no proof either way."""

from __future__ import annotations

import math

import numpy as np

from claws.kernel.core.errors import Meter, Undefined
from claws.kernel.core.statement import Statement
from claws.kernel.counting.jets import salt
from claws.kernel.values.evaluation import fixed
from claws.readings.arrays import Reading
from claws.readings.flow import LawResidue
from claws.readings.limits import LIMITS
from claws.readings.modular import PRIMES, PrimeField, Residues
from claws.readings.points import ModularPoint


def residue_seems_zero(statement: Statement, seed: int, points: int = 2) -> bool:
    """Whether the residue of a random combination of the law's entries is 0 modulo a prime at random points.

    The sizes are fixed. Raises `Undefined` where no point can be evaluated.
    """
    program = statement.program
    if sum(math.prod(fixed(k) for k in shape) for shape in program.shapes) > LIMITS.program_entries:
        raise Undefined("the arrays are too large")
    for k in range(points):
        point = ModularPoint(statement, PRIMES[0], seed + k, Meter(10**18))
        here = point.reading(point.theta, 0, [(0,)])
        weights = point.field.drawn([salt("law weight", seed, k)], here.shapes[statement.law])
        if not is_zero_residue(statement, here, point.field, weights):
            return False
    return True


def is_zero_residue(statement: Statement, here: Reading, field: PrimeField, weights: Residues) -> bool:
    """Whether the residue of <weights, law> is 0 at the point of this reading, of level 0 and modulo the field's prime."""
    residue = LawResidue(statement, here, weights)
    if sum(sum(map(int, terms.ravel())) for terms in residue.without_loss()) % field.p:
        return False
    return not any(slope is not None and np.any(slope) for slope in residue.slopes(residue.direction()))

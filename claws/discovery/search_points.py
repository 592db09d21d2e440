"""Random points modulo a prime at which searches evaluate a model.

Untrusted: what seems to be conserved there is a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from claws.kernel.core.errors import Meter
from claws.kernel.core.program import count_entries
from claws.kernel.counting.jets import salt
from claws.kernel.counting.points import CountedModel, Setting, roots_of
from claws.kernel.values.evaluation import fixed
from claws.readings.arrays import Theta
from claws.readings.modular import PATTERNS_MOSTLY_ON, PRIMES, PRIMES_WITH_ROOTS
from claws.readings.points import ModularPoint


@dataclass(frozen=True, slots=True)
class SearchPointLimits:
    """At which points a model is evaluated."""

    roots: int = 4
    """With more square roots than this, a point at which all exist is too rare: they are twisted."""


LIMITS = SearchPointLimits()


class SearchPoint(ModularPoint):
    """A point for searches: piecewise units are mostly on; with `twisted`, square roots need not exist (see `DrawnFunctions`)."""

    patterns = PATTERNS_MOSTLY_ON

    def __init__(self, model: CountedModel, setting: Setting, meter: Meter, twisted: bool) -> None:
        self.twisted = twisted
        super().__init__(model, setting, meter)


def points_of(model: CountedModel) -> list[tuple[int, bool]]:
    """The primes to try in turn, each with whether roots are to be twisted.

    Where there are few square roots, points are drawn until all exist, as a law may rest on sqrt(z)^2 = z. Most need no more
    than that sqrt(z)^2 is a multiple of z, the scale invariance of a norm.
    """
    roots = roots_of(model)
    if not roots:
        return [(PRIMES[0], False)]
    twisted = (PRIMES_WITH_ROOTS[0], True)
    if sum(fixed(count_entries(model.program.shapes[n])) for n in roots) > LIMITS.roots:
        return [twisted]
    return [*((p, False) for p in PRIMES_WITH_ROOTS), twisted]


def random_states(point: ModularPoint, keys: Sequence[tuple[int, ...]]) -> Theta:
    """A random state for each key."""
    return {
        name: [point.field.drawn([salt("law point", point.seed, name, *key) for key in keys], point.shapes[name])]
        for name in point.state
    }

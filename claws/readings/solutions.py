"""Solutions of s' = P(s) in float64, for activations of which a file declares only this.

Not trusted. A solution is kept as its Taylor coefficients at evenly spaced points, made once and on demand; where it does not
exist (beyond a pole) its value is NaN.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from claws.kernel.core.functions import Slope

_ORDER = 14
"""The order of the Taylor polynomials."""

_SETTLED = 1e-12
"""The last terms of a Taylor polynomial are below this, relative to its value; elsewhere there is a pole nearby."""

_MAX_POINTS = 16_384
"""Points on either side of 0; beyond the last there is no value."""


class Solution:
    """One solution, with its value at 0 drawn from a seed: between two roots of P if it has two, where none has a pole."""

    def __init__(self, slope: Slope, seed: int) -> None:
        dense = np.zeros(slope.degree + 1)
        for c, e in slope.terms:
            dense[e] = c.numerator / c.denominator
        self._coefficients: list[float] = dense.tolist()
        start = _start(dense, np.random.default_rng(seed))
        # the step is short where values change fast: |P'| is bounded near the start
        rate = sum(e * abs(c) * (1 + abs(start)) ** (e - 1) for e, c in enumerate(self._coefficients) if e)
        self.step = 2.0 ** -math.ceil(math.log2(8 * max(1.0, rate)))
        self._rows = {sign: [self._taylor(start)] for sign in (1, -1)}
        self._table: npt.NDArray[np.float64] = np.empty((0, 0))
        self._reach = -1

    def __call__(self, z: Any) -> npt.NDArray[np.float64]:
        """s(z), elementwise."""
        z = np.asarray(z, dtype=np.float64)
        with np.errstate(all="ignore"):
            place = np.rint(z / self.step)
            inside = np.abs(place) <= _MAX_POINTS  # False for NaN
            place = np.where(inside, place, 0.0)
            reach = int(np.max(np.abs(place), initial=0.0))
            if reach > self._reach:
                self._extend(min(_MAX_POINTS, max(64, 2 * reach)))
            rows = self._table[place.astype(np.int64) + self._reach]
            offset = np.where(inside, z - place * self.step, np.nan)
            total = rows[..., _ORDER]
            for k in range(_ORDER - 1, -1, -1):
                total = total * offset + rows[..., k]
        return np.asarray(total)

    def _extend(self, reach: int) -> None:
        for sign, rows in self._rows.items():
            while len(rows) <= reach:
                rows.append(self._taylor(_horner(rows[-1], sign * self.step)))
        up, down = self._rows[1], self._rows[-1]
        self._table = np.array([*reversed(down[1 : reach + 1]), *up[: reach + 1]])
        self._reach = reach

    def _taylor(self, value: float) -> list[float]:
        """The Taylor coefficients of the solution with this value, by the equation; NaN where they do not settle."""
        series = [value]
        for k in range(_ORDER):
            # the coefficient k of P(s), by Horner's scheme on truncated series
            total = [0.0] * (k + 1)
            for c in reversed(self._coefficients):
                total = [sum(total[i] * series[j - i] for i in range(j + 1)) for j in range(k + 1)]
                total[0] += c
            series.append(total[k] / (k + 1))
        rest = sum(abs(series[k]) * self.step**k for k in (_ORDER - 1, _ORDER))
        if not rest <= _SETTLED * (1 + abs(value)):
            return [math.nan] * (_ORDER + 1)
        return series


def _horner(series: list[float], x: float) -> float:
    total = 0.0
    for c in reversed(series):
        total = total * x + c
    return total


def _start(dense: npt.NDArray[np.float64], random: np.random.Generator) -> float:
    roots = np.roots(dense[::-1])
    real = sorted({round(float(r.real), 9) for r in roots if abs(r.imag) < 1e-9 * (1 + abs(r))})
    share = random.uniform(0.25, 0.75)
    if len(real) > 1:
        k = int(random.integers(len(real) - 1))
        return real[k] + share * (real[k + 1] - real[k])
    if real:
        # near a lone root the solution is slow, and so exists for long; far from it where it grows like an exponential
        return real[0] + share * float(random.choice([-1.0, 1.0]) if len(dense) > 2 else 2.0)
    return share - 0.5


@lru_cache(maxsize=64)
def solution(slope: Slope, seed: int) -> Solution:
    return Solution(slope, seed)

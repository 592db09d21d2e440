"""Losses of one output and its target, elementwise: conservation laws hold for every one of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from claws.readings.jets import Array

Elementwise = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class Loss:
    """`value(y, target)` and its derivative in y, `slope(y, target)`, for arrays of any shape. Equal texts are equal losses."""

    text: str
    value: Elementwise
    slope: Elementwise

    def __repr__(self) -> str:
        return self.text


def _sigmoid(z: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * z)))


SQUARE = Loss("square", lambda y, t: 0.5 * (y - t) ** 2, lambda y, t: y - t)
"""(y - t)^2/2."""

LOGISTIC = Loss(
    "logistic",
    lambda y, t: np.logaddexp(0.0, -np.sign(t) * y),
    lambda y, t: -np.sign(t) * _sigmoid(-np.sign(t) * y),
)
"""log(1 + exp(-sign(t)*y)), for classes +1 and -1."""

SOFTPLUS = Loss("softplus", lambda y, t: np.logaddexp(0.0, y) - t * y, lambda y, t: _sigmoid(y) - t)
"""log(1 + exp(y)) - t*y, for probabilities t."""

PSEUDO_HUBER = Loss(
    "pseudo-Huber", lambda y, t: np.sqrt(1.0 + (y - t) ** 2) - 1.0, lambda y, t: (y - t) / np.sqrt(1.0 + (y - t) ** 2)
)
"""sqrt(1 + (y - t)^2) - 1."""


def polynomial(a: float, b: float, c: float) -> Loss:
    """a*r + b*r^2 + c*r^4 of the residual r = y - t; bounded below for c > 0."""

    def value(y: Array, t: Array) -> Array:
        r = y - t
        return a * r + b * r**2 + c * r**4

    def slope(y: Array, t: Array) -> Array:
        r = y - t
        return a + 2 * b * r + 4 * c * r**3

    return Loss(f"{a:g}*r + {b:g}*r^2 + {c:g}*r^4", value, slope)


LOSSES = {loss.text: loss for loss in (SQUARE, LOGISTIC, SOFTPLUS, PSEUDO_HUBER)}

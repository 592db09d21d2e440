"""Models written by hand in NumPy, to compare with what claws makes of the gallery's files."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

Array = Any


@dataclass(frozen=True)
class Hand:
    """`model(p)` gives the output, or a tuple of outputs, for the arrays of one data sample: `p.U`, `p.x`, by their names in the
    file. What the file leaves open is a function here: `p.s(z)` for an activation, `p.F(z, n)` for a function of vectors with n
    values. `sizes` are those of the free dims that are tried.
    """

    model: Callable[[SimpleNamespace], Any]
    sizes: Mapping[str, int]


def relu(z: Array) -> Array:
    return np.maximum(z, 0.0)


def sigmoid(z: Array) -> Array:
    return 1.0 / (1.0 + np.exp(-z))


def silu(z: Array) -> Array:
    return z * sigmoid(z)


def gelu(z: Array) -> Array:
    return z * 0.5 * (1.0 + np.vectorize(math.erf)(z / math.sqrt(2.0)))


def softplus(z: Array) -> Array:
    return np.log1p(np.exp(z))


def softmax(z: Array) -> Array:
    e = np.exp(z - np.max(z, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)

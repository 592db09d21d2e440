"""The number of laws in floating point: a second opinion on `count` and `complete`, which can only warn.

The dimension of the Lie algebra is estimated as the numerical rank of some of its elements at a random point: as the gap in their
singular values shows it. Marcotte, Gribonval and Peyré (2023, section 4.2) count laws in this way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from claws.kernel.core.functions import KNOWN
from claws.kernel.core.program import Apply
from claws.kernel.counting.bounds import simple_model
from claws.kernel.counting.points import CountedModel, coordinates
from claws.prover.brackets import forms
from claws.readings.points import FloatPoint

SMALL = 1e-8
"""Singular values below this, relative to the largest, may be zero."""

POINTS = 3
"""Random points; a bad one shows a lower rank, never a higher one."""

MAX_COORDINATES = 200
"""Larger models are not looked at: this is a second opinion, not a search."""


@dataclass(frozen=True)
class Estimate:
    """The number of laws as floating point sees it. `gap` is the quotient of the singular values on both sides of the rank."""

    count: int
    rank: int
    gap: float


def estimate(model: CountedModel, depth: int, seed: int = 0) -> Estimate | None:
    """The number of laws by brackets of up to `depth` generators, at the best of some points.

    None for a model that is too large, or that has no value at these points.
    """
    if coordinates(model.program) > MAX_COORDINATES:
        return None
    found = [e for k in range(POINTS) if (e := _at_point(model, depth, seed + k)) is not None]
    return max(found, key=lambda e: e.rank, default=None)


def _has_units(model: CountedModel) -> bool:
    """Whether the model has two-sided functions, such as relu."""
    names = {n.function for n in model.program.nodes if isinstance(n, Apply)}
    return any(KNOWN[name].sides is not None for name in names if name in KNOWN)


def _at_point(model: CountedModel, depth: int, seed: int) -> Estimate | None:
    total = coordinates(model.program)
    simple = simple_model(model)
    point = FloatPoint(simple, seed)
    # units that are seldom on need many data to be seen
    samples = total * (12 if _has_units(model) else 1) + 8
    blocks = []
    with np.errstate(all="ignore"):
        for d, trees in enumerate(forms(bool(simple.flow.drift)), 1):
            if d > depth:
                break
            for k, tree in enumerate(trees):
                block = point.elements(tree, 100 * d + k, range(samples))
                if not np.all(np.isfinite(block)):
                    return None
                blocks.append(block)
    largest = max(float(np.max(np.linalg.norm(block, axis=1), initial=0.0)) for block in blocks)
    rows = [np.zeros((1, total))]
    for block in blocks:
        norms = np.linalg.norm(block, axis=1)
        # brackets that vanish leave rounding errors, which must not be scaled up
        kept = (
            norms > 1e-6 * largest if np.max(norms, initial=0.0) > 1e-9 * largest else np.zeros(len(norms), dtype=bool)
        )
        rows.append(block[kept] / norms[kept, None])
    values = np.linalg.svd(np.concatenate(rows), compute_uv=False)
    rank = int(np.sum(values > SMALL * values[0])) if values[0] > 0 else 0
    below = values[rank] if rank < len(values) else 0.0
    return Estimate(total - rank, rank, float(values[rank - 1] / max(below, 1e-300)) if rank else float("inf"))

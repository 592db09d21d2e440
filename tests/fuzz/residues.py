"""Residues of laws at one point of a file at fixed sizes: how much a law changes along the drift, and by every output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from claws.syntax import nodes
from tests.fuzz.evaluator import TIME, Run, Source, velocity_of
from tests.fuzz.opened import Chosen
from tests.fuzz.series import Algebra, Numbers, Series, stacked


def draw_point(source: Source, random: np.random.Generator, scale: float = 1.0) -> dict[str, Numbers]:
    """A random number for every entry of every leaf, inside its domain."""
    point = {}
    for name, leaf in {**source.leaves, **source.state()}.items():
        x = random.uniform(0.3, 1.5, leaf.shape) * scale
        if leaf.domain in ("real", "nonzero"):
            x = x * random.choice([-1, 1], leaf.shape)
        point[name] = np.asarray(x)
    return point


@dataclass
class Residues:
    """How much every entry of a law changes, along the drift (first column) and by every entry of the outputs."""

    values: Numbers
    scales: Numbers
    """The sum of the absolute values of the terms of each."""

    @property
    def defined(self) -> bool:
        return bool(np.all(np.isfinite(self.values)) and np.all(np.isfinite(self.scales)))

    def worst(self) -> float:
        """The largest one, in units of the terms that it is made of."""
        if not self.values.size:
            return 0.0
        return float(np.max(np.abs(self.values) / (1 + self.scales)))


class Model:
    """A file at one point."""

    def __init__(self, source: Source, point: Mapping[str, Numbers], chosen: Chosen, dtype: Any = np.float64) -> None:
        state = source.state()
        algebra = Algebra(0, sum(int(np.prod(leaf.shape)) for leaf in state.values()), dtype)
        leaves: dict[str, Series] = {}
        first = 0
        for name, leaf in state.items():
            leaves[name] = algebra.variable(point[name], first)
            first += int(np.prod(leaf.shape))
        leaves |= {name: algebra.plain(x) for name, x in point.items() if name not in state}
        self._set(source, leaves, chosen, algebra)

    @classmethod
    def of(cls, source: Source, leaves: Mapping[str, Series], chosen: Chosen, algebra: Algebra) -> Model:
        """A file where its leaves have these values."""
        found = cls.__new__(cls)
        found._set(source, leaves, chosen, algebra)
        return found

    def _set(self, source: Source, leaves: Mapping[str, Series], chosen: Chosen, algebra: Algebra) -> None:
        self.source = source
        self.algebra = algebra
        self.state = source.state()
        self.places: dict[str, int] = {}
        self.total = 0
        for name, leaf in self.state.items():
            self.places[name] = self.total
            self.total += int(np.prod(leaf.shape))
        self.run = Run(source, leaves, chosen, algebra)

    def flat(self, name: str) -> slice:
        first = self.places[name]
        return slice(first, first + int(np.prod(self.state[name].shape)))

    def _spread(self, e: nodes.Expression, name: str, run: Run | None = None) -> Series:
        return (run or self.run).value(e).broadcast(self.state[name].shape)

    def fields(self) -> tuple[Series, Series | None]:
        """What multiplies minus the gradient by each coordinate of the state that it moves, and the drift, both flat.

        The first is by parameter and in the places of what the gradient moves: velocities under momentum.
        """
        motion, plain = self.source.motion, self.algebra.plain
        factors: list[Series] = []
        drift: dict[str, Series] = {}
        for name, leaf in self.state.items():
            if leaf.role != "param":
                continue
            rate_of = motion.rate.get(name, motion.rate.get(None))
            decay_of = motion.decay.get(name, motion.decay.get(None))
            rate = plain(np.ones(leaf.shape)) if rate_of is None else self._spread(rate_of, name)
            factor = rate
            found = self.source.factor(name)
            if found is not None:
                source, inner, prefix = found
                run = self.run
                for part in prefix.split(".")[:-1]:
                    run = run._inside(part, {})
                factor = rate * self._spread(source.preconditions[inner], name, run)
            factors.append(factor.reshape([int(np.prod(leaf.shape))]))
            pull = None if decay_of is None else rate * self._spread(decay_of, name) * self.run.values[name]
            if motion.friction is not None:
                velocity = self.run.values[velocity_of(name)]
                drift[name] = velocity
                slowed = -(self.run.value(motion.friction) * velocity)
                drift[velocity_of(name)] = slowed if pull is None else slowed - pull
            elif pull is not None:
                drift[name] = -pull
        if self.source.timed:
            drift[TIME] = plain(np.ones(()))
        control = stacked(factors, 0, join=True)
        if not drift:
            return control, None
        parts = [
            drift[name].reshape([int(np.prod(leaf.shape))])
            if name in drift
            else plain(np.zeros(int(np.prod(leaf.shape))))
            for name, leaf in self.state.items()
        ]
        return control, stacked(parts, 0, join=True)

    def moved(self) -> list[int]:
        """The coordinates that the gradient moves, in the order of the parameters."""
        second = self.source.motion.friction is not None
        return [
            k
            for name, leaf in self.state.items()
            if leaf.role == "param"
            for k in range(self.total)[self.flat(velocity_of(name) if second else name)]
        ]

    def parameters(self) -> list[int]:
        return [
            k for name, leaf in self.state.items() if leaf.role == "param" for k in range(self.total)[self.flat(name)]
        ]

    def outputs(self) -> Series:
        """All entries of all outputs."""
        found = [self.run.value(e) for e in self.source.outputs]
        return stacked([x.reshape([int(np.prod(x.shape))]) for x in found], 0, join=True)

    def law(self, e: nodes.Expression) -> Series:
        x = self.run.value(e)
        return x.reshape([int(np.prod(x.shape))])

    def residues(self, e: nodes.Expression) -> Residues:
        """The derivatives of a law along the drift, and those of every output along what the gradient of the law makes."""
        with np.errstate(all="ignore"):
            h = self.law(e)
            g = self.outputs()
            control, drift = self.fields()
            slopes = h.slopes[:, self.moved()] * control.value
            jacobian = g.slopes[:, self.parameters()]
            values, scales = slopes @ jacobian.T, np.abs(slopes) @ np.abs(jacobian).T
            if drift is None:
                along, size = np.zeros((len(values), 1)), np.zeros((len(values), 1))
            else:
                along, size = (h.slopes @ drift.value)[:, None], (np.abs(h.slopes) @ np.abs(drift.value))[:, None]
            values, scales = np.hstack([along, values]), np.hstack([size, scales])
            # a law or an output without a value has no residue, whatever its derivatives are
            bad = ~np.isfinite(h.value)
            values[bad] = np.nan
            if not np.all(np.isfinite(g.value)):
                values[:, 1:] = np.nan
            return Residues(values, scales)

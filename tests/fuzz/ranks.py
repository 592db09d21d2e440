"""The number of conservation laws at true points, in floating point: coordinates less the rank of iterated brackets.

A generator is a field of the flow for real data and a real cotangent, and a bracket is made of derivatives of these by
nilpotents: nothing is drawn modulo a prime, and a piecewise unit has the side that it has. A rank that was not seen may be there
all the same, so what is found is an upper bound of the number near the point, and exact where enough was tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from tests.fuzz.evaluator import Leaf, Source
from tests.fuzz.opened import Chosen
from tests.fuzz.residues import Model
from tests.fuzz.series import Algebra, Numbers, Series

NEW = 1e-5
"""A unit vector is independent of others where this much of it is left without them."""

NOISE = 1e-9
"""It depends on them where less than this is left. What lies between is not clear."""

SHORT = 1e-8
"""A bracket of fields of length 1 that is shorter than this is taken for 0."""

LENGTHS = (1e-5, 1e7)
"""Generators whose length is outside are made of differences of rounded numbers, as where a softmax is saturated: not taken."""

Element = Callable[[Numbers], Numbers]
"""A vector field: from a state with nilpotent parts, one row each, to the field there."""


class Span:
    """An orthonormal basis of the vectors that were added."""

    def __init__(self, size: int) -> None:
        self.basis: Numbers = np.zeros((0, size))
        self.clear = True

    @property
    def rank(self) -> int:
        return len(self.basis)

    def add(self, vector: Numbers) -> bool:
        length = float(np.linalg.norm(vector))
        if not np.isfinite(length) or length == 0:
            return False
        rest = vector / length
        for _ in range(3):
            rest = rest - self.basis.T @ (self.basis @ rest)
        left = float(np.linalg.norm(rest))
        if left > NEW:
            self.basis = np.vstack([self.basis, rest / left])
            return True
        if left > NOISE:
            self.clear = False
        return False


class Moment(Protocol):
    """A model where its state has nilpotent parts."""

    algebra: Algebra

    def outputs(self) -> Series:
        """All entries of all outputs."""

    def fields(self) -> tuple[Series, Series | None]:
        """What multiplies minus the gradient, by what it moves, and the drift."""

    def parameters(self) -> list[int]:
        """The coordinates in which gradients are taken."""

    def moved(self) -> list[int]:
        """The coordinates that these gradients move."""


class Fields:
    """The fields of a model at one state, as elements that can be bracketed. Constants and open functions are fixed."""

    def __init__(
        self,
        state: Mapping[str, Leaf],
        inputs: Mapping[str, Leaf],
        constants: Mapping[str, Numbers],
        point: Mapping[str, Numbers],
        dtype: Any = np.float64,
    ) -> None:
        self.state = state
        self.dtype = dtype
        self.inputs = inputs
        self.constants = constants
        self.theta = np.concatenate([np.asarray(point[k], dtype=dtype).ravel() for k in state])
        self.total = len(self.theta)

    def moment(self, leaves: Mapping[str, Series], algebra: Algebra) -> Moment:
        """The model for these leaves."""
        raise NotImplementedError

    def model(self, theta: Numbers, data: Mapping[str, Numbers]) -> Moment:
        """The model where the state has these nilpotent parts, one row each."""
        rows = len(theta)
        algebra = Algebra(rows.bit_length() - 1, self.total, self.dtype)
        leaves: dict[str, Series] = {}
        first = 0
        for name, leaf in self.state.items():
            size = int(np.prod(leaf.shape))
            c = np.zeros((size, rows, 1 + self.total), dtype=self.dtype)
            c[:, :, 0] = theta[:, first : first + size].T
            c[range(size), 0, range(1 + first, 1 + first + size)] = 1
            leaves[name] = Series(algebra, c.reshape(*leaf.shape, rows, 1 + self.total))
            first += size
        leaves |= {k: algebra.plain(x) for k, x in (*self.constants.items(), *data.items())}
        return self.moment(leaves, algebra)

    def generator(self, samples: Sequence[tuple[Mapping[str, Numbers], int]]) -> Element:
        """The control for the gradient of a sum of <c, g(theta, x)>; each c is drawn from its seed."""

        def element(theta: Numbers) -> Numbers:
            total = np.zeros((len(theta), self.total), dtype=self.dtype)
            for data, seed in samples:
                model = self.model(theta, data)
                g = model.outputs().full()
                weights = np.random.default_rng(seed).normal(size=len(g.value))
                gradient = np.tensordot(weights, g.c[..., 1:], axes=1)[:, model.parameters()]
                control = model.fields()[0].full().c[:, :, 0].T
                product = np.zeros_like(gradient)
                for s, t in model.algebra.pairs:
                    product[s | t] += control[s] * gradient[t]
                total[:, model.moved()] += product
            return total

        return element

    def drift(self) -> Element | None:
        """The field that is there without a loss."""
        data = {k: np.zeros(leaf.shape) for k, leaf in self.inputs.items()}
        if self.model(self.theta[None], data).fields()[1] is None:
            return None

        def element(theta: Numbers) -> Numbers:
            found = self.model(theta, data).fields()[1]
            assert found is not None
            return found.full().c[:, :, 0].T

        return element

    def data(self, random: np.random.Generator) -> dict[str, Numbers]:
        """Random data, of several scales: kinks of units with large biases are far out."""
        scale = random.choice([0.25, 1, 1, 1, 4, 16])

        def draw(leaf: Leaf) -> Numbers:
            x = random.normal(size=leaf.shape)
            return np.abs(x) + 0.1 if leaf.domain == "positive" else x * scale

        return {k: draw(leaf) for k, leaf in self.inputs.items()}


class FileFields(Fields):
    """The fields of a file at one state."""

    def __init__(self, source: Source, point: Mapping[str, Numbers], chosen: Chosen, dtype: Any = np.float64) -> None:
        state = source.state()
        inputs = {k: leaf for k, leaf in source.leaves.items() if leaf.role == "input"}
        constants = {k: x for k, x in point.items() if k not in state and source.leaves[k].role == "const"}
        super().__init__(state, inputs, constants, point, dtype)
        self.source, self.chosen = source, chosen

    def moment(self, leaves: Mapping[str, Series], algebra: Algebra) -> Moment:
        return Model.of(self.source, leaves, self.chosen, algebra)


def scaled(element: Element, factor: float) -> Element:
    return lambda theta: element(theta) * factor


def bracket(a: Element, b: Element) -> Element:
    """The commutator of two fields."""

    def element(theta: Numbers) -> Numbers:
        size = len(theta)
        return a(np.vstack([theta, b(theta)]))[size:] - b(np.vstack([theta, a(theta)]))[size:]

    return element


@dataclass(frozen=True)
class Number:
    """How many laws there are near a point, as far as was seen."""

    laws: int
    clear: bool
    """Whether every vector was clearly in the span of others or clearly not."""
    depth: int
    """The longest brackets that added to the rank."""


def number_at(fields: Fields, seed: int, depth: int = 4, idle: int = 12, stop: int = 0) -> Number | None:
    """The number of laws near a point; None where the model has no value for any data. Ends early where it is at most `stop`."""
    random = np.random.default_rng(seed)
    span = Span(fields.total)
    here = fields.theta[None]
    pool: list[Element] = []

    def draw() -> Element | None:
        for _ in range(6):
            samples = [(fields.data(random), int(random.integers(2**31))) for _ in range(random.choice([1, 1, 2]))]
            element = fields.generator(samples)
            length = float(np.linalg.norm(element(here)))
            if LENGTHS[0] < length < LENGTHS[1]:
                return scaled(element, 1 / length)
            if length == 0 and random.random() < 0.5:
                return None
        return None

    with np.errstate(all="ignore"):
        first = fields.drift()
        if first is not None:
            length = float(np.linalg.norm(first(here)))
            if not np.isfinite(length):
                return None
            if length > 0:
                pool.append(scaled(first, 1 / length))
                span.add(first(here)[0])
        deepest, still, seen = 0, 0, False
        while still < idle and fields.total - span.rank > stop:
            element = draw()
            if element is None:
                still += 2
                continue
            seen = True
            if span.add(element(here)[0]):
                pool.append(element)
                deepest, still = 1, 0
            else:
                still += 1
        if not seen and first is None:
            values = fields.model(here, fields.data(random)).outputs().value
            if not np.all(np.isfinite(values)):
                return None
        level, quiet, last = 1, 0, list(pool)
        while level < depth and fields.total - span.rank > stop and quiet < 2 and pool:
            level += 1
            new: list[Element] = []
            still = 0
            # each element of the last level with the drift and a new generator, then chains of new ones
            tries = [(own, e) for e in last for own in (*pool[: int(first is not None)], None)]
            while (tries or still < max(5, idle // 2)) and fields.total - span.rank > stop:
                if tries:
                    own, element = tries.pop()
                    found: Any = bracket(own or draw() or pool[0], element)
                else:
                    still += 1
                    found = None
                    for k in range(level):
                        part = pool[0] if first is not None and random.random() < 0.35 else draw() or pool[-1]
                        found = part if k == 0 else bracket(part, found)
                vector = found(here)[0]
                length = float(np.linalg.norm(vector))
                if np.isfinite(length) and length > SHORT and span.add(vector):
                    new.append(scaled(found, 1 / length))
                    deepest, still = level, 0
            quiet = 0 if new else quiet + 1
            last = new or last
    return Number(fields.total - span.rank, span.clear, deepest)


def rank_of(rows: Numbers) -> tuple[int, bool]:
    """The rank of some rows, and whether it is clear."""
    span = Span(rows.shape[1])
    for row in rows:
        span.add(row)
    return span.rank, span.clear

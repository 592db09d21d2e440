"""A model at a random point, on arrays: its generators, the brackets of these, and the gradients of its laws, in batches.

At residues it is what `claws.kernel.counting.points.Point` is, at the same point. What is drawn for a sample is named by its key.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from claws.kernel.core.errors import Meter, NoRoot
from claws.kernel.core.flow import STATE
from claws.kernel.core.program import ROLES, Leaf
from claws.kernel.counting.evidence import Tree
from claws.kernel.counting.jets import PATTERNS_FREE, salt
from claws.kernel.counting.points import MAX_DRAWS, CountedModel, has_data, roots_of
from claws.kernel.values.evaluation import fixed
from claws.readings import jets
from claws.readings.arrays import Reading, Theta
from claws.readings.echelon import BATCH
from claws.readings.floating import Floats, float_reading
from claws.readings.flow import motion
from claws.readings.jets import Array, Jet, NumberField
from claws.readings.modular import DrawnFunctions, PrimeField, Residues

Key = tuple[object, ...]
"""The name of a sample: of the data that are drawn for it, and of the weights of its outputs."""

MAX_DRAWN = 2048
"""Points that are drawn at a time until square roots exist."""


def flattened(parts: Theta, shapes: Mapping[str, tuple[int, ...]], names: Sequence[str], rows: int) -> Array:
    """Arrays by name as one matrix, rows x all their entries in this order of the names; without nilpotents, a new array."""
    blocks = []
    for name in names:
        size = math.prod(shapes[name])
        x = parts[name][0] if name in parts else None
        blocks.append(np.zeros((rows, size)) if x is None else np.broadcast_to(x.reshape(len(x), size), (rows, size)))
    return np.concatenate(blocks, axis=1)


class ArrayPoint(ABC):
    """A model with fixed sizes at the parameters that a seed names; a kind of numbers says how they are drawn."""

    field: NumberField

    def __init__(self, model: CountedModel, seed: int) -> None:
        self.model = model
        self.program = model.program
        self.seed = seed
        self.shapes = {
            leaf.name: tuple(fixed(k) for k in self.program.shapes[n]) for n, leaf in self.program.leaves(*ROLES)
        }
        self.state = [leaf.name for _, leaf in self.program.leaves(*STATE)]
        self.theta: Theta = {name: [self.drawn("param", name, [()])] for name in self.state}
        self.consts = {leaf.name: self.drawn("const", leaf.name, [()]) for _, leaf in self.program.leaves("const")}

    @abstractmethod
    def drawn(self, role: str, name: str, keys: Sequence[Key]) -> Array:
        """A value of the leaf of this name for each key."""

    @abstractmethod
    def weights(self, k: int, keys: Sequence[Key], shape: tuple[int, ...]) -> Array:
        """The weights of the k-th output in the generator of each key."""

    @abstractmethod
    def reading(self, theta: Theta, level: int, keys: Sequence[tuple[int, ...]] | None) -> Reading:
        """The program at this state and, for generators, the data of these keys."""

    def leaves(self, theta: Theta, level: int, keys: Sequence[Key] | None) -> Theta:
        """The value of every leaf: this state, the constants, and data for these keys."""
        leaves = {**theta, **{name: jets.constant(x, level) for name, x in self.consts.items()}}
        if keys is not None:
            for _, leaf in self.program.leaves("input"):
                leaves[leaf.name] = jets.constant(self.drawn("input", leaf.name, keys), level)
        return leaves

    def generators(self, theta: Theta, level: int, keys: Sequence[tuple[int, ...]]) -> Theta:
        """The drift plus P * grad <c, g(theta, x)> at jets theta, for the weights and the data of each key."""
        reading = self.reading(theta, level, keys)
        seeds: dict[int, Jet] = {}
        for k, n in enumerate(self.model.outputs):
            weights = jets.constant(self.weights(k, keys, reading.shapes[n]), level)
            seeds[n] = weights if n not in seeds else jets.linear(self.field, [(1, seeds[n]), (1, weights)])
        return motion(reading, self.model.flow, reading.pull(seeds))

    def elements(self, tree: Tree, step: int, samples: Sequence[int]) -> Array:
        """Elements of the Lie algebra at the point: samples x coordinates of the state."""
        found = self._bracket(tree, self.theta, 0, [(step, k) for k in samples])
        return flattened(found, self.shapes, self.state, len(samples))

    def _bracket(self, tree: Tree, theta: Theta, level: int, keys: Sequence[tuple[int, ...]]) -> Theta:
        """An iterated bracket of generators at jets theta, for each key."""
        if isinstance(tree, int):
            return self.generators(theta, level, keys)
        left, right = tree
        lefts, rights = [(*k, 0) for k in keys], [(*k, 1) for k in keys]
        n = 1 << level
        # [X, Y] = DY X - DX Y, each derivative along a field by one more nilpotent
        x = self._bracket(left, theta, level, lefts)
        both = self._bracket(right, _moved(theta, x, n), level + 1, rights)
        y = {name: v[:n] for name, v in both.items()}
        dx = self._bracket(left, _moved(theta, y, n), level + 1, lefts)
        result: Theta = {}
        for name in self.state:
            a, b = (both[name][n:] if name in both else None), (dx[name][n:] if name in dx else None)
            if a is not None and b is not None:
                result[name] = jets.linear(self.field, [(1, a), (-1, b)])
            elif a is not None:
                result[name] = a
            elif b is not None:
                result[name] = jets.linear(self.field, [(-1, b)])
        return result

    def law_gradients(self, laws: Sequence[int]) -> Iterator[Array]:
        """The gradient of every entry of these nodes, in blocks of rows; columns are the coordinates of the state."""
        reading = self.reading(self.theta, 0, None)
        for law in laws:
            shape = reading.shapes[law]
            count = math.prod(shape)
            for start in range(0, count, BATCH):
                rows = range(start, min(start + BATCH, count))
                seed = np.zeros((len(rows), count))
                seed[np.arange(len(rows)), rows] = 1.0
                pulled = reading.pull({law: [seed.reshape(len(rows), *shape)]})
                yield flattened(pulled, self.shapes, self.state, len(rows))


def _moved(theta: Theta, direction: Theta, n: int) -> Theta:
    """theta + e*direction, with a new nilpotent e, for jets of n parts."""
    return {name: [*x, *direction.get(name, [None] * n)] for name, x in theta.items()}


class ModularPoint(ArrayPoint):
    """A model at the pseudo-random residues of a seed, where every square root exists for the data that are drawn."""

    field: PrimeField
    patterns = PATTERNS_FREE
    twisted = False

    def __init__(self, model: CountedModel, modulus: int, seed: int, meter: Meter) -> None:
        """Raises `Undefined` for a modulus without exact arithmetic (see `PrimeField`)."""
        self.field = PrimeField(modulus)
        self.meter = meter
        super().__init__(model, seed)
        self.roots = roots_of(model)
        self._draws: dict[tuple[int, ...], Key] = {}

    def drawn(self, role: str, name: str, keys: Sequence[Key]) -> Residues:
        return self.field.drawn([salt(role, self.seed, name, *key) for key in keys], self.shapes[name])

    def weights(self, k: int, keys: Sequence[Key], shape: tuple[int, ...]) -> Residues:
        return self.field.drawn([salt("weight", self.seed, k, *key) for key in keys], shape)

    def functions(self) -> DrawnFunctions:
        """The values of functions for one reading at this point."""
        return DrawnFunctions(self.field, self.seed, dict(self.program.activations), self.patterns, self.twisted)

    def reading(self, theta: Theta, level: int, keys: Sequence[tuple[int, ...]] | None) -> Reading:
        """The program at this state and, for generators, the first data drawn for each key at which all square roots exist.

        Raises `NoRoot` where none are found.
        """
        leaves = self.leaves(theta, level, None if keys is None else self._with_roots(keys))
        return Reading(self.program, leaves, self.functions(), level, self.meter)

    def _with_roots(self, keys: Sequence[tuple[int, ...]]) -> Sequence[Key]:
        """The keys of the first data drawn for each of these at which every square root exists."""
        if not self.roots or self.twisted:
            return keys
        waiting = [k for k in dict.fromkeys(keys) if k not in self._draws]
        for attempt in range(MAX_DRAWS):
            if not waiting:
                return [self._draws[k] for k in keys]
            drawn: list[Key] = [(*k, "again", attempt) if attempt else k for k in waiting]
            missing = self._rootless({name: [x[0]] for name, x in self.theta.items()}, drawn)
            self._draws.update({k: d for k, d, bad in zip(waiting, drawn, missing, strict=True) if not bad})
            waiting = [k for k, bad in zip(waiting, missing, strict=True) if bad]
        raise NoRoot("no data were found at which all square roots exist modulo the prime")

    def _rootless(self, theta: Theta, keys: Sequence[Key], own_states: bool = False) -> list[bool]:
        """For the data of each key (with `own_states`: and its state), whether some square root does not exist."""
        functions = self.functions()
        reading = Reading(self.program, self.leaves(theta, 0, keys), functions, 0, self.meter)
        if not own_states:
            for n in self.roots:
                if not has_data(self.program, n):
                    reading.value(n)  # raises `NoRoot`: other data would not help
        functions.rootless = np.zeros(len(keys), dtype=bool)
        for n in self.roots:
            reading.value(n)
        return [bool(x) for x in functions.rootless]

    def with_own_states(
        self, start: int, count: int, states: Callable[[Sequence[tuple[int, ...]]], Theta]
    ) -> list[tuple[int, ...]]:
        """Keys of data and of states, from the given number on, at which every square root exists.

        `states` gives a state for each key. Raises `NoRoot` where none are found.
        """
        keys: list[tuple[int, ...]] = [(start + k,) for k in range(count)]
        if not self.roots or self.twisted:
            return keys
        self._check_constant_roots()
        found: dict[int, tuple[int, ...]] = {}
        attempt, width = 0, 1
        while attempt < MAX_DRAWS:
            waiting = [k for k in range(count) if k not in found]
            if not waiting:
                self._draws.update({key: key for key in found.values()})
                return [found[k] for k in range(count)]
            # ever more draws at a time: the first that will do is the same as if they were made one by one
            places = [(k, attempt + j) for k in waiting for j in range(width)]
            drawn = [(*keys[k], j) for k, j in places]
            missing = self._rootless(states(drawn), drawn, own_states=True)
            for (k, _), key, bad in zip(places, drawn, missing, strict=True):
                if not bad:
                    found.setdefault(k, key)
            attempt += width
            width = max(1, min(2 * width, MAX_DRAWN // len(waiting)))
        raise NoRoot("no points were found at which all square roots exist modulo the prime")

    def _check_constant_roots(self) -> None:
        """Raises `NoRoot` if the root of a constant such as 2 does not exist: no point would help."""
        program = self.program
        reading = self.reading(self.theta, 0, None)
        for n in self.roots:
            if not any(isinstance(x := program.nodes[m], Leaf) and x.role != "const" for m in program.cone([n])):
                reading.value(n)


class FloatPoint(ArrayPoint):
    """A model at a random point in float64: normal numbers, but positive ones for what is positive, and for the time."""

    def __init__(self, model: CountedModel, seed: int) -> None:
        self.field = Floats()
        super().__init__(model, seed)

    def drawn(self, role: str, name: str, keys: Sequence[Key]) -> Array:
        rows = np.array([self._normal(self.shapes[name], role, name, *key) for key in keys])
        return np.abs(rows) + 0.3 if role != "input" and self._is_positive(name) else rows

    def _is_positive(self, name: str) -> bool:
        leaf = next(leaf for _, leaf in self.program.leaves(*STATE, "const") if leaf.name == name)
        return leaf.domain == "positive" or leaf.role == "time"

    def weights(self, k: int, keys: Sequence[Key], shape: tuple[int, ...]) -> Array:
        return np.array([self._normal(shape, "weight", k, *key) for key in keys])

    def _normal(self, shape: tuple[int, ...], kind: str, *key: object) -> Array:
        return np.random.default_rng(salt(kind, self.seed, *key)).normal(size=shape)

    def reading(self, theta: Theta, level: int, keys: Sequence[tuple[int, ...]] | None) -> Reading:
        return float_reading(self.program, self.leaves(theta, level, keys), level, self.seed)

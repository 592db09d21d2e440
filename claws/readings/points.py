"""A model at a random point, on arrays: its generators, the brackets of these, and the gradients of its laws, in batches.

At residues it is what `claws.kernel.counting.points.Point` is, at the same point. What is drawn for a sample is named by its key.
"""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from claws.kernel.core.errors import Meter, NoRoot
from claws.kernel.core.flow import STATE
from claws.kernel.core.program import ROLES, Apply, Leaf
from claws.kernel.counting.cells import is_piecewise
from claws.kernel.counting.evidence import Step, Tree
from claws.kernel.counting.jets import salt
from claws.kernel.counting.points import MAX_DRAWS, CountedModel, Setting, data_of, has_data, roots_of, sample_of
from claws.kernel.counting.ranks import Row
from claws.kernel.values.evaluation import fixed
from claws.readings import jets
from claws.readings.alignment import aligned_leaves
from claws.readings.arrays import Reading, Theta
from claws.readings.echelon import BATCH
from claws.readings.floating import Floats, float_reading
from claws.readings.flow import motion
from claws.readings.jets import Array, Jet, NumberField
from claws.readings.limits import LIMITS
from claws.readings.modular import PATTERNS_FREE, DrawnFunctions, PrimeField, Residues

Key = tuple[object, ...]
"""The name of a sample: of the data that are drawn for it, and of the weights of its outputs."""

MAX_DRAWN = 2048
"""Points that are drawn at a time until square roots exist."""


def divisions_of(model: CountedModel) -> list[int]:
    """The nodes of a model that divide by something that depends on data."""
    program = model.program
    return [
        n
        for n in program.cone(model.outputs)
        if isinstance(node := program.nodes[n], Apply)
        and node.exponent is not None
        and node.exponent < 0
        and has_data(program, n)
    ]


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

    def offsets(self) -> dict[str, int]:
        """The first coordinate of each array of the state."""
        sizes = [math.prod(self.shapes[name]) for name in self.state]
        return dict(zip(self.state, itertools.accumulate(sizes, initial=0), strict=False))

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
        # a batch of the largest array has to fit
        largest = max(math.prod(reading.shapes[n]) for n in self.program.cone(laws)) if laws else 1
        batch = max(1, min(BATCH, LIMITS.entries // (largest + sum(map(math.prod, self.shapes.values())))))
        for law in laws:
            shape = reading.shapes[law]
            count = math.prod(shape)
            for start in range(0, count, batch):
                rows = range(start, min(start + batch, count))
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

    def __init__(self, model: CountedModel, setting: Setting, meter: Meter) -> None:
        """Raises `Undefined` for a modulus without exact arithmetic (see `PrimeField`)."""
        self.field = PrimeField(setting.modulus)
        self.setting = setting
        self.meter = meter
        super().__init__(model, setting.seed)
        self.roots = roots_of(model)
        if is_piecewise(self.program, model.outputs):
            # what is divided by may be 0 where units are off
            self.roots = sorted({*self.roots, *divisions_of(model)})
        self._draws: dict[tuple[int, ...], Key] = {}
        self._data_of: dict[tuple[int, ...], int] = {}
        self._data = {
            name: np.array([self._centred(name, datum[name]) for datum in setting.data])
            for name in (setting.data[0] if setting.data else ())
        }
        """The given data: by leaf, data x shape."""

    def drawn(self, role: str, name: str, keys: Sequence[Key]) -> Residues:
        given = self.setting.given.get(name)
        if given is not None:
            return self._centred(name, given)[None]
        return self.field.drawn([salt(role, self.seed, name, *key) for key in keys], self.shapes[name])

    def _centred(self, name: str, residues: Sequence[int]) -> Residues:
        """The entries of a leaf as centred residues."""
        return self.field.reduce(np.array(residues, dtype=np.float64).reshape(self.shapes[name]))

    def elements_of(self, step: Step, number: int, places: Sequence[int]) -> Residues:
        """The elements at these places of the step of this number: places x coordinates of the state."""
        for k in places:
            self._data_of.update(data_of(step, number, k, len(self.setting.data)))
        return self.elements(step.tree, number, [sample_of(step, k) for k in places])

    def sparse_law_gradients(self, laws: Sequence[int]) -> list[Row]:
        """The gradient of every entry of these nodes, as sparse residues by coordinate."""
        starts = self.offsets()
        rows: list[Row] = []
        for law in laws:
            aligned = aligned_leaves(self.program, law)
            if aligned is None:
                for block in self.law_gradients([law]):
                    self.meter.tick(block.size // 200)
                    for dense in block:
                        columns = np.flatnonzero(dense)
                        found = (dense[columns].astype(np.int64) % self.field.p).tolist()
                        rows.append(dict(zip(columns.tolist(), found, strict=True)))
                continue
            # entries share nothing that they depend on: the gradient of their sum has all of them side by side
            reading = self.reading(self.theta, 0, None)
            shape = reading.shapes[law]
            own: list[Row] = [{} for _ in range(math.prod(shape))]
            for name, slopes in reading.pull({law: [np.ones((1, *shape))]}).items():
                x = slopes[0]
                if name not in starts or x is None:
                    continue
                flat = np.broadcast_to(x, (1, *self.shapes[name])).ravel()
                places = np.flatnonzero(flat)
                index = np.unravel_index(places, self.shapes[name] or (1,))
                entry = np.zeros(len(places), dtype=np.int64)
                for size, axis in zip(shape, aligned[name], strict=True):
                    entry = entry * size + index[axis]
                found = (flat[places].astype(np.int64) % self.field.p).tolist()
                self.meter.tick(len(places))
                for k, column, value in zip(entry.tolist(), (places + starts[name]).tolist(), found, strict=True):
                    own[k][column] = value
            rows += own
        return rows

    def rootless_data(self) -> list[bool]:
        """For each of the given data, whether some square root does not exist modulo the prime.

        Raises `NoRoot` where that of a function of the state alone does not.
        """
        if not self.roots:
            return [False] * len(self.setting.data)
        data = {name: jets.constant(x, 0) for name, x in self._data.items()}
        leaves = {**self.leaves(self.theta, 0, None), **data}
        return self._without_roots(leaves, self.functions(self._tables(leaves, True)), len(self.setting.data))

    def weights(self, k: int, keys: Sequence[Key], shape: tuple[int, ...]) -> Residues:
        return self.field.drawn([salt("weight", self.seed, k, *key) for key in keys], shape)

    def functions(self, tables: Sequence[Mapping[int, int]] | None = None) -> DrawnFunctions:
        """The values of functions for one reading at this point."""
        activations = dict(self.program.activations)
        return DrawnFunctions(self.field, self.seed, activations, self.patterns, self.twisted, tables)

    def reading(self, theta: Theta, level: int, keys: Sequence[tuple[int, ...]] | None) -> Reading:
        """The program at this state and, for generators, the first data drawn for each key at which all square roots exist.

        Raises `NoRoot` where none are found.
        """
        numbers = [] if keys is None else [self._data_of[key] for key in keys if key in self._data_of]
        if numbers:
            data = {name: jets.constant(x[numbers], level) for name, x in self._data.items()}
            leaves = {**self.leaves(theta, level, None), **data}
        else:
            leaves = self.leaves(theta, level, None if keys is None else self._with_roots(keys))
        return Reading(self.program, leaves, self.functions(self._tables(leaves, keys is not None)), level, self.meter)

    def _tables(self, leaves: Theta, with_data: bool) -> list[Mapping[int, int]] | None:
        """The values of related exponentials at the leaves of each row, without nilpotents."""
        exponentials, p = self.setting.exponentials, self.field.p
        if exponentials is None:
            return None
        inputs = {leaf.name for _, leaf in self.program.leaves("input")}
        arrays = {
            name: np.mod(np.rint(x[0]), p).astype(np.int64).reshape(len(x[0]), -1)
            for name, x in leaves.items()
            if x[0] is not None and (with_data or name not in inputs)
        }
        count = max(len(x) for x in arrays.values())
        rows = ({name: x[k if len(x) > 1 else 0].tolist() for name, x in arrays.items()} for k in range(count))
        return [exponentials.at(row) for row in rows]

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
        leaves = self.leaves(theta, 0, keys)
        functions = self.functions(self._tables(leaves, True))
        return self._without_roots(leaves, functions, len(keys), own_states)

    def _without_roots(
        self, leaves: Theta, functions: DrawnFunctions, count: int, own_states: bool = False
    ) -> list[bool]:
        reading = Reading(self.program, leaves, functions, 0, self.meter)
        if not own_states:
            for n in self.roots:
                if not has_data(self.program, n):
                    reading.value(n)  # raises `NoRoot`: other data would not help
        functions.rootless = np.zeros(count, dtype=bool)
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

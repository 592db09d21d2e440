"""Ranks of generators and brackets on NumPy arrays: the search's tool, and the kernel's accelerator for large models.

It finds what `claws.kernel.counting.points.ExactRanks` finds, at the same point, in batches. Used as an accelerator it is named
in the theorem's trust line.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

import numpy as np

from claws.kernel.core.errors import Meter, NoRoot, Undefined
from claws.kernel.core.evidence import Bundle, Step, Tree
from claws.kernel.core.flow import STATE
from claws.kernel.core.program import ROLES, Leaf
from claws.kernel.core.statement import Statement
from claws.kernel.counting.jets import PATTERNS_FREE, salt
from claws.kernel.counting.points import MAX_DRAWS, Model, coordinates, has_data, roots_of
from claws.kernel.counting.ranks import Row, sparse_rank
from claws.kernel.values.evaluation import fixed
from claws.prover.path_ranks import path_rank
from claws.readings.arrays import PRIMES, Field, Jet, Reading, Residues

BATCH = 128
"""Rows made at a time; also the block of the elimination, so it is at most 256 (see `claws.readings.arrays`)."""

SPARSE = 20_000
"""With more parameters than this, rows are sparse or not at all."""

MAX_ALL_ENTRIES = 50_000_000
"""Programs whose arrays are larger together are not read for a mere hint."""

MAX_DRAWN = 2048
"""Points that are drawn at a time until square roots exist."""

_SMALL = 16
"""Rows that are eliminated one by one."""


class ArrayRanks:
    """`claws.kernel.counting.points.Ranks` on NumPy arrays."""

    name = "NumPy (ranks modulo a prime)"

    def __init__(self) -> None:
        self._known: dict[object, int] = {}

    def remember(self, model: Model, steps: Sequence[Step], modulus: int, seed: int, rank: int) -> None:
        """The search has found this rank by adding the same elements in the same order."""
        self._known[_key(model, steps, modulus, seed)] = rank

    def of_gradients(self, model: Model, laws: Sequence[int], modulus: int, seed: int, meter: Meter) -> int:
        key = _key(model, (), modulus, seed), tuple(laws)
        if key not in self._known:
            blocks = Point(model, modulus, seed, meter).law_gradients(laws)
            total = coordinates(model.program)
            if total > SPARSE:
                # dense rows would not fit into memory; gradients of laws are sparse in large models
                sparse = [row for block in blocks for row in _sparse_rows(block, modulus)]
                self._known[key] = sparse_rank(sparse, modulus, meter)
            else:
                rows = Echelon(modulus, total)
                seen: set[int] = set()
                for block in blocks:
                    block = _new_rows(block, seen)
                    meter.tick(elimination_work(rows, len(block)))
                    rows.add(block)
                self._known[key] = rows.rank
        return self._known[key]

    def of_paths(self, model: Model, bundles: Sequence[Bundle], modulus: int, seed: int, meter: Meter) -> int:
        return path_rank(model, bundles, modulus, seed, meter)

    def of_brackets(self, model: Model, steps: Sequence[Step], modulus: int, seed: int, meter: Meter) -> int:
        known = self._known.get(_key(model, steps, modulus, seed))
        if known is not None:
            return known
        point = Point(model, modulus, seed, meter)
        rows = Echelon(modulus, coordinates(model.program))
        for s, step in enumerate(steps):
            for start in range(0, step.count, BATCH):
                elements = point.elements(step.tree, s, range(start, min(start + BATCH, step.count)))
                meter.tick(elimination_work(rows, len(elements)))
                rows.add(elements)
        return rows.rank


def _new_rows(block: Residues, seen: set[int]) -> Residues:
    """The rows that are not among those before. One that is lost to a collision of hashes could only lower the rank."""
    fresh = []
    for k, row in enumerate(block):
        key = hash(row.tobytes())
        if key not in seen:
            seen.add(key)
            fresh.append(k)
    return block[fresh]


def _sparse_rows(block: Residues, modulus: int) -> Iterator[Row]:
    """The rows of a dense block by their entries that are not zero."""
    for row in block:
        columns = np.flatnonzero(row)
        yield {int(c): int(x) % modulus for c, x in zip(columns, row[columns], strict=True)}


def elimination_work(rows: Echelon, more: int) -> int:
    """What adding so many rows costs, in steps of the meter."""
    return 1 + more * (rows.rank + more) * rows.width // 100_000


def _key(model: Model, steps: Sequence[Step], modulus: int, seed: int) -> object:
    return model.program, model.outputs, model.flow, tuple(steps), modulus, seed


Theta = dict[str, Jet]
"""The state over the jets, by name: batch x shape."""


class Point:
    """A model at the pseudo-random parameters of a seed, as `claws.kernel.counting.points.Point`."""

    patterns = PATTERNS_FREE

    def __init__(self, model: Model, modulus: int, seed: int, meter: Meter) -> None:
        self.model = model
        self.program = model.program
        self.field = Field(modulus)
        self.seed = seed
        self.meter = meter
        self.shapes = {
            leaf.name: tuple(fixed(k) for k in self.program.shapes[n]) for n, leaf in self.program.leaves(*ROLES)
        }
        self.state = [leaf.name for _, leaf in self.program.leaves(*STATE)]
        self.theta: Theta = {name: [self._drawn("param", name, [()])] for name in self.state}
        self.consts = {leaf.name: self._drawn("const", leaf.name, [()]) for _, leaf in self.program.leaves("const")}
        self.roots = roots_of(model)
        self._draws: dict[tuple[int, ...], tuple[object, ...]] = {}

    def _drawn(self, role: str, name: str, keys: Sequence[tuple[object, ...]]) -> Residues:
        return self.field.drawn([salt(role, self.seed, name, *key) for key in keys], self.shapes[name])

    def reading(self, theta: Theta, level: int, keys: Sequence[tuple[int, ...]] | None) -> Reading:
        """The program at this state and, for generators, the data of these keys."""
        leaves = self.leaves(theta, level, keys)
        return Reading(self.program, leaves, self.field, level, self.seed, self.meter, self.patterns)

    def leaves(self, theta: Theta, level: int, keys: Sequence[tuple[int, ...]] | None) -> Theta:
        none: Jet = [None] * ((1 << level) - 1)
        leaves = {**theta, **{name: [x, *none] for name, x in self.consts.items()}}
        if keys is not None:
            drawn = self._with_roots(keys)
            for _, leaf in self.program.leaves("input"):
                leaves[leaf.name] = [self._drawn("input", leaf.name, drawn), *none]
        return leaves

    def _with_roots(self, keys: Sequence[tuple[int, ...]]) -> list[tuple[object, ...]]:
        """The keys of the first data drawn for each of these at which every square root exists."""
        if not self.roots:
            return list(keys)
        waiting = [k for k in dict.fromkeys(keys) if k not in self._draws]
        for attempt in range(MAX_DRAWS):
            if not waiting:
                return [self._draws[k] for k in keys]
            drawn: list[tuple[object, ...]] = [(*k, "again", attempt) if attempt else k for k in waiting]
            missing = self._rootless({name: [x[0]] for name, x in self.theta.items()}, drawn)
            self._draws.update({k: d for k, d, bad in zip(waiting, drawn, missing, strict=True) if not bad})
            waiting = [k for k, bad in zip(waiting, missing, strict=True) if bad]
        raise NoRoot("no data were found at which all square roots exist modulo the prime")

    def _rootless(self, theta: Theta, keys: Sequence[tuple[object, ...]], own_states: bool = False) -> list[bool]:
        """For the data of each key (with `own_states`: and its state), whether some square root does not exist."""
        leaves: Theta = {**theta, **{name: [x] for name, x in self.consts.items()}}
        for _, leaf in self.program.leaves("input"):
            leaves[leaf.name] = [self._drawn("input", leaf.name, keys)]
        reading = Reading(self.program, leaves, self.field, 0, self.seed, self.meter, self.patterns)
        if not own_states:
            for n in self.roots:
                if not has_data(self.program, n):
                    reading.value(n)  # raises `NoRoot`: other data would not help
        reading.rootless = np.zeros(len(keys), dtype=bool)
        for n in self.roots:
            reading.value(n)
        return [bool(x) for x in reading.rootless]

    def with_own_states(
        self, start: int, count: int, states: Callable[[Sequence[tuple[int, ...]]], Theta]
    ) -> list[tuple[int, ...]]:
        """Keys of data and of states, from the given number on, at which every square root exists."""
        keys: list[tuple[int, ...]] = [(start + k,) for k in range(count)]
        if not self.roots:
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

    def _weights(self, k: int, keys: Sequence[tuple[int, ...]], shape: tuple[int, ...]) -> Residues:
        """The weights of the k-th output in the generator of each key."""
        return self.field.drawn([salt("weight", self.seed, k, *key) for key in keys], shape)

    def generators(self, theta: Theta, level: int, keys: Sequence[tuple[int, ...]]) -> Theta:
        """The drift plus P * grad <c, g(theta, x)> at jets theta, for the weights and the data of each key."""
        reading = self.reading(theta, level, keys)
        none: Jet = [None] * ((1 << level) - 1)
        seeds: dict[int, Jet] = {}
        for k, n in enumerate(self.model.outputs):
            weights = self._weights(k, keys, reading.shapes[n])
            seeds[n] = [weights, *none] if n not in seeds else self._sum(seeds[n], [weights, *none])
        pulled = reading.pull(seeds)
        return self.moving(pulled, reading)

    def moving(self, gradient: Theta, reading: Reading) -> Theta:
        """How the state moves for a gradient, by leaf."""
        flow = self.model.flow
        factors = {name: reading.value(n) for name, n in flow.factors if name in gradient}
        field = {name: reading.value(n) for name, n in flow.drift}
        for _, leaf in self.program.leaves("param"):
            if (x := gradient.get(leaf.name)) is not None:
                if leaf.name in factors:
                    x = self.field.multiply(x, factors[leaf.name])
                target = flow.moved(leaf.name)
                field[target] = self._sum(field[target], x) if target in field else x
        return field

    def _sum(self, a: Jet, b: Jet, sign: int = 1) -> Jet:
        return self.field.linear([(Fraction(1), a), (Fraction(sign), b)])

    def elements(self, tree: Tree, step: int, samples: Sequence[int]) -> Residues:
        """Elements of the Lie algebra at the point: samples x parameters."""
        found = self._bracket(tree, self.theta, 0, [(step, k) for k in samples])
        result = np.zeros((len(samples), sum(math.prod(self.shapes[name]) for name in self.state)))
        start = 0
        for name in self.state:
            size = math.prod(self.shapes[name])
            part = found[name][0] if name in found else None
            if part is not None:
                result[:, start : start + size] = part.reshape(part.shape[0], size)
            start += size
        return result

    def _bracket(self, tree: Tree, theta: Theta, level: int, keys: Sequence[tuple[int, ...]]) -> Theta:
        if isinstance(tree, int):
            return self.generators(theta, level, keys)
        left, right = tree
        lefts, rights = [(*k, 0) for k in keys], [(*k, 1) for k in keys]
        n = 1 << level
        # [X, Y] = DY X - DX Y, each derivative along a field by one more nilpotent
        x = self._bracket(left, theta, level, lefts)
        both = self._bracket(right, self._moved(theta, x, n), level + 1, rights)
        y = {name: v[:n] for name, v in both.items()}
        dx = self._bracket(left, self._moved(theta, y, n), level + 1, lefts)
        result: Theta = {}
        for name in self.state:
            a, b = (both[name][n:] if name in both else None), (dx[name][n:] if name in dx else None)
            if a is not None and b is not None:
                result[name] = self._sum(a, b, -1)
            elif a is not None:
                result[name] = a
            elif b is not None:
                result[name] = self.field.linear([(Fraction(-1), b)])
        return result

    def _moved(self, theta: Theta, direction: Theta, n: int) -> Theta:
        """theta + e*direction, with a new nilpotent e."""
        return {name: [*x, *direction.get(name, [None] * n)] for name, x in theta.items()}

    def law_gradients(self, laws: Sequence[int]) -> Iterator[Residues]:
        """The gradient of every entry of these nodes, in blocks of rows."""
        reading = self.reading(self.theta, 0, None)
        for law in laws:
            shape = reading.shapes[law]
            count = math.prod(shape)
            for start in range(0, count, BATCH):
                rows = range(start, min(start + BATCH, count))
                seed = np.zeros((len(rows), count))
                seed[np.arange(len(rows)), rows] = 1.0
                pulled = reading.pull({law: [seed.reshape(len(rows), *shape)]})
                block = []
                for name in self.state:
                    part = pulled[name][0] if name in pulled else None
                    size = math.prod(self.shapes[name])
                    block.append(np.zeros((len(rows), size)) if part is None else part.reshape(len(rows), size))
                yield np.concatenate(block, axis=1)


def residue_seems_zero(statement: Statement, seed: int, points: int = 2) -> bool:
    """Whether the residue of a random combination of the law's entries is 0 modulo a prime at random points.

    No proof either way. The sizes are fixed. Raises `Undefined` where no point can be evaluated.
    """
    program = statement.program
    if sum(math.prod(fixed(k) for k in shape) for shape in program.shapes) > MAX_ALL_ENTRIES:
        raise Undefined("the arrays are too large")
    for k in range(points):
        point = Point(statement, PRIMES[0], seed + k, Meter(10**18))
        here = point.reading(point.theta, 0, [(0,)])
        weights = point.field.drawn([salt("law weight", seed, k)], here.shapes[statement.law])
        if not is_zero_residue(statement, here, weights):
            return False
    return True


def is_zero_residue(statement: Statement, here: Reading, weights: Residues) -> bool:
    """Whether the residue of <weights, law> is 0 at the leaves of this reading, which is of level 0; weights are 1 x shape."""
    field = here.field
    state = {leaf.name for _, leaf in statement.program.leaves(*STATE)}
    gradient = {name: g for name, g in here.pull({statement.law: [weights]}).items() if name in state}
    total = 0
    for name, n in statement.flow.drift:
        x, y = gradient.get(name, [None])[0], here.value(n)[0]
        if x is not None and y is not None:
            total += sum(map(int, field.reduce(x * y).ravel()))
    if total % field.p:
        return False
    factors = dict(statement.flow.factors)
    direction: Theta = {}
    for _, leaf in statement.program.leaves("param"):
        if (g := gradient.get(statement.flow.moved(leaf.name))) is not None:
            factor = factors.get(leaf.name)
            direction[leaf.name] = g if factor is None else field.multiply(g, here.value(factor))
    moved = {name: [*x, *direction.get(name, [None])] for name, x in here.leaves.items()}
    there = Reading(statement.program, moved, field, 1, here.seed, here.meter)
    for n in statement.outputs:
        slope = there.value(n)[1]
        if slope is not None and np.any(slope):
            return False
    return True


class Echelon:
    """The row space of residue vectors, in blocks each of which is reduced."""

    def __init__(self, p: int, width: int) -> None:
        self.field = Field(p)
        self.width = width
        self.blocks: list[tuple[list[int], Residues]] = []
        """Pivot columns and rows, the identity on the pivots."""

    @property
    def rank(self) -> int:
        return sum(len(pivots) for pivots, _ in self.blocks)

    def add(self, rows: Residues) -> int:
        """Add rows (at most 256, overwritten); how many are independent of those before and of each other."""
        for pivots, block in self.blocks:
            rows = self._reduced(rows, pivots, block)
        pivots, block = self._eliminated(rows)
        if pivots:
            self.blocks.append((pivots, block))
        return len(pivots)

    def _reduced(self, rows: Residues, pivots: list[int], block: Residues) -> Residues:
        factors = rows[:, pivots]
        return self.field.reduce(rows - factors @ block) if np.any(factors) else rows

    def _eliminated(self, rows: Residues) -> tuple[list[int], Residues]:
        """The reduced echelon form of some rows, halves first: most of the work is then in matrix products."""
        if len(rows) <= _SMALL:
            return self._one_by_one(rows)
        half = len(rows) // 2
        first, upper = self._eliminated(rows[:half])
        second, lower = self._eliminated(self._reduced(rows[half:], first, upper) if first else rows[half:])
        if second and first:
            upper = self._reduced(upper, second, lower)
        return first + second, np.concatenate([upper, lower])

    def _one_by_one(self, rows: Residues) -> tuple[list[int], Residues]:
        pivots: list[int] = []
        rows = rows.copy()
        kept: list[int] = []
        for k in range(len(rows)):
            places = np.flatnonzero(rows[k])
            if not places.size:
                continue
            pivot = int(places[0])
            inverse = pow(int(rows[k, pivot]), -1, self.field.p)
            rows[k] = self.field.reduce(
                rows[k] * float(inverse if inverse <= self.field.p // 2 else inverse - self.field.p)
            )
            others = [j for j in range(len(rows)) if j != k and rows[j, pivot]]
            if others:
                rows[others] = self.field.reduce(rows[others] - rows[others, pivot][:, None] * rows[k])
            pivots.append(pivot)
            kept.append(k)
        return pivots, rows[kept]

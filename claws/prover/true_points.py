"""True points: rational parameters and data at which the units of a piecewise model are alive, and generators taken there.

Untrusted: the kernel finds the sides of units and the rank again. What matters is where to look. At parameters at which some unit
is off for all data there are more laws than elsewhere, and random data miss the sectors that only few data lie in. So parameters
are moved until every unit is on for some data and off for others, and data are taken in pairs on both sides of every kink, beside
random ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from claws.kernel.core.errors import Meter, NoRoot, OutOfBudget, Refused
from claws.kernel.core.flow import STATE
from claws.kernel.core.functions import Function, Property, function_of
from claws.kernel.core.program import ROLES, Apply, Leaf
from claws.kernel.counting.cells import Sided, factors_of
from claws.kernel.counting.evidence import Step, TruePoint
from claws.kernel.counting.independence import check_values
from claws.kernel.counting.jets import salt
from claws.kernel.counting.points import CountedModel, Setting, coordinates, roots_of
from claws.kernel.values.evaluation import fixed
from claws.prover.brackets import Brackets
from claws.readings.arrays import Reading, Theta
from claws.readings.floating import FloatFunctions
from claws.readings.jets import Array
from claws.readings.points import ModularPoint

BITS = 24
"""All numbers are multiples of 2^-BITS."""

STATE_BITS = 12
"""Parameters are multiples of 2^-STATE_BITS."""

DATA_BITS = 20
"""Data are multiples of 2^-DATA_BITS, so that they can lie close beside a kink."""


@dataclass(frozen=True, slots=True)
class TruePointLimits:
    """How long good parameters and data are looked for."""

    margin: float = 1e-9
    """An argument that is closer to 0 than this, relative to the largest, is taken to be at its kink."""
    moves: int = 250
    """Moves that are tried to bring units to life."""
    stalled: int = 60
    """Moves in vain after which no other is tried."""
    batch: int = 128
    """Data at which it is looked which units are alive."""
    patterns: int = 96
    """As many patterns of sides are as good as there can be."""
    bisections: int = 18
    """Steps by which data are brought to a kink."""
    fresh: int = 8
    """States that are drawn before the best of them is changed, too."""
    turns: int = 3
    """Then one of so many states is drawn; the others are changes of the best."""
    aimed: float = 0.7
    """How often a change is one of weights of a unit beside a coordinate that no element moves, if there is one."""
    points: int = 60
    """States that are tried in all until the rank is as high as is wanted."""
    agree: int = 3
    """States of one rank after which no other is tried, where no state had another rank..."""
    agree_at_once: int = 100
    """... and more of them where there are few coordinates: so many, divided by the number of coordinates."""
    refused: int = 8
    """States that can't be used after which no other is tried, where none could; for want of roots all are tried."""
    often: int = 5
    """States of the best rank after which no other is tried, where others had a lower one."""
    pairs: int = 3
    """Pairs of data beside each kink."""
    cells: int = 8
    """Cells that data are taken in where values in each must be looked at."""
    in_cell: int = 40
    """Data that are looked for in each of these."""


LIMITS = TruePointLimits()

SCALES = (1.0, 1.0, 0.25, 4.0, 16.0)
"""Data are drawn at these scales in turn, since large biases have kinks far out."""

Rows = npt.NDArray[np.bool_]


class _PointFunctions(FloatFunctions):
    """Functions in floating point, with given factors of homogeneous activations."""

    def __init__(self, seed: int, activations: Mapping[str, Property], factors: Mapping[str, float]) -> None:
        super().__init__(seed, activations)
        self.factors = factors

    def homogeneous(self, row: Function, degree: Fraction, z: Array, order: int) -> list[Array]:
        right, left = (self.factors[name] for name in factors_of(row.name))
        size = self.power(degree, np.abs(z), order)
        return [np.where(z > 0, right * c, left * (-1.0) ** j * c) for j, c in enumerate(size)]


@dataclass
class Look:
    """What is seen at a batch of data: the side of each unit (data x its entries), and which data can't be used."""

    sides: list[Rows]
    bad: Rows
    arguments: list[Array]


@dataclass
class Landscape:
    """A model in floating point at one state, with constants, and the sides of its units at data."""

    sided: Sided
    model: CountedModel
    roots: Sequence[int]
    """The nodes that must have values."""
    seed: int
    state: dict[str, Array] = field(default_factory=dict)
    """The values of everything that is no input."""

    def __post_init__(self) -> None:
        program = self.sided.model.program
        self.shapes = {leaf.name: tuple(fixed(k) for k in program.shapes[n]) for n, leaf in program.leaves(*ROLES)}
        self.leaves = {leaf.name: leaf for _, leaf in program.leaves(*ROLES) if leaf.name not in self.sided.sides}
        self.coordinates = [leaf for _, leaf in self.model.program.leaves(*STATE)]
        self.inputs = [name for name, leaf in self.leaves.items() if leaf.role == "input"]
        for name, leaf in self.leaves.items():
            if leaf.role != "input" and name not in self.state:
                self.state[name] = self.drawn(leaf, 1.0, STATE_BITS, "state")

    def drawn(self, leaf: Leaf, scale: float, bits: int, *key: object) -> Array:
        """Normal numbers on a grid, none of them 0, in the domain of the leaf."""
        rng = np.random.default_rng(salt("true", self.seed, leaf.name, *key))
        x = np.rint(rng.normal(size=self.shapes[leaf.name]) * scale * 2.0**bits)
        x = np.where(x == 0, 1.0, x) / 2.0**bits
        return np.abs(x) if leaf.domain == "positive" or leaf.role == "time" else x

    def data(self, numbers: Sequence[int]) -> dict[str, Array]:
        """Random data, by their numbers."""
        return {
            name: np.array(
                [self.drawn(self.leaves[name], SCALES[k % len(SCALES)], STATE_BITS, "datum", k) for k in numbers]
            )
            for name in self.inputs
        }

    def look(self, data: Mapping[str, Array]) -> Look:
        """The sides of all units at these data."""
        count = max([len(x) for x in data.values()], default=1)
        reading = self._reading(data)
        bad = np.zeros(count, dtype=bool)
        sides, arguments = [], []
        shaken: Reading | None = None
        with np.errstate(all="ignore"):
            for n in self.roots:
                bad |= self._rows(~np.isfinite(reading.array(n)), count)
            for unit in self.sided.units:
                z = np.broadcast_to(reading.array(unit.argument), (count, *reading.shapes[unit.argument]))
                z = z.reshape(count, -1)
                scale = max(1.0, float(np.max(np.abs(z), initial=0.0, where=np.isfinite(z))))
                close = np.abs(z) < LIMITS.margin * scale
                if np.any(z == 0):
                    # what is 0 at other parameters and data as well is made of units that are off
                    shaken = shaken or self._reading(data, 1 + 2.0**-20)
                    other = np.broadcast_to(shaken.array(unit.argument), (count, *reading.shapes[unit.argument]))
                    close &= ~((z == 0) & (other.reshape(count, -1) == 0))
                bad |= np.any(close, axis=1) | ~np.all(np.isfinite(z), axis=1)
                sides.append(z > 0)
                arguments.append(z)
        return Look(sides, bad, arguments)

    def _reading(self, data: Mapping[str, Array], factor: float = 1.0) -> Reading:
        activations = dict(self.model.program.activations)
        factors = {name: float(self.state[name]) for f in activations for name in factors_of(f) if name in self.state}
        rng = np.random.default_rng(1)

        def near(x: Array) -> Array:
            """The same numbers, or others close to them, none of which is 0."""
            return x if factor == 1.0 else np.where(x == 0, factor - 1, x) * rng.uniform(1.0, factor, size=x.shape)

        leaves: Theta = {name: [near(x)[None]] for name, x in self.state.items()}
        functions = _PointFunctions(self.seed, activations, factors)
        program = self.model.program
        return Reading(program, {**leaves, **{n: [near(x)] for n, x in data.items()}}, functions, 0, Meter(10**18))

    def _rows(self, wrong: Rows, count: int) -> Rows:
        return np.broadcast_to(wrong.reshape(len(wrong), -1).any(axis=1), (count,))

    # --- parameters ------------------------------------------------------------------------------------------------

    def score(self, data: Mapping[str, Array]) -> float:
        """How alive units are: the shares of units with a kink among these data and of pairs in neighbouring layers that are on
        together, and some more for every pattern of sides. At most 2 + `LIMITS.patterns`/50.
        """
        seen = self.look(data)
        sides = [side[~seen.bad] for side in seen.sides]
        if seen.bad.all():
            return 0.0
        together = [float(((a.T.astype(float) @ b.astype(float)) > 0).mean()) for a, b in pairwise(sides)]
        whole = np.concatenate(sides, axis=1)
        kinks = float((np.any(whole, axis=0) & ~np.all(whole, axis=0)).mean())
        patterns = len(np.unique(np.packbits(whole, axis=1), axis=0))
        return kinks + float(np.mean(together or [1.0])) + min(patterns, LIMITS.patterns) / 50

    def climb(self, meter: Meter) -> float:
        """Draw entries, rows or columns of parameters again while units become more alive. Returns the score."""
        data = self.data(range(LIMITS.batch))
        rng = np.random.default_rng(salt("climb", self.seed))
        names = [
            name
            for name, leaf in self.leaves.items()
            if leaf.role not in ("input", "time") and self.shapes[name] != (0,)
        ]
        best = self.score(data)
        units = sum(math.prod(self.shapes_of(unit.node)) for unit in self.sided.units)
        patterns = min(LIMITS.patterns, 2 ** min(units, 20))
        last = 0
        for move in range(LIMITS.moves):
            if best >= 2 + patterns / 50 or move - last > LIMITS.stalled:
                break
            meter.tick(1000)
            name = names[int(rng.integers(len(names)))]
            old, fresh = self.state[name], self.drawn(self.leaves[name], 1.0, STATE_BITS, "move", move)
            self.state[name] = _some(old, fresh, rng)
            found = self.score(data)
            if found >= best:
                last = move if found > best else last
                best = found
            else:
                self.state[name] = old
        return best

    def changed(self, seed: int, still: Sequence[int]) -> Landscape:
        """The same with some of the coordinates that do not move turned round, or one slice of a parameter drawn again.

        A weight between two units that are never on together does not move; with the other sign they may be, or with other
        weights of one of them.
        """
        rng = np.random.default_rng(seed)
        other = Landscape(self.sided, self.model, self.roots, seed, dict(self.state))
        start, turned, share = 0, False, rng.choice((0.0, 0.2, 0.7))
        stuck: list[tuple[str, int]] = []
        for leaf in self.coordinates:
            x = self.state[leaf.name].copy()
            here = [k - start for k in still if start <= k < start + x.size]
            stuck += [(leaf.name, k) for k in here if leaf.role not in ("input", "time")]
            places = [k for k in here if rng.random() < share]
            start += x.size
            if places and leaf.domain != "positive" and leaf.role != "time":
                x.reshape(-1)[places] *= -1
                other.state[leaf.name], turned = x, True
        if not turned:
            names = [name for name, leaf in self.leaves.items() if leaf.role not in ("input", "time")]
            name, place = names[int(rng.integers(len(names)))], None
            if stuck and rng.random() < LIMITS.aimed:
                name, place = stuck[int(rng.integers(len(stuck)))]
            fresh = other.drawn(self.leaves[name], 1.0, STATE_BITS, "new")
            other.state[name] = _some(self.state[name], fresh, rng, place)
        return other

    # --- data ------------------------------------------------------------------------------------------------------

    def beside_kinks(self, pairs: int, start: int = 0) -> dict[str, Array] | None:
        """Data on both sides of every kink, found by bisection between random data, all units at once; None if there are none."""
        batch = 2 * LIMITS.batch
        data = self.data(range(start, start + batch))
        seen = self.look(data)
        rng = np.random.default_rng(salt("kinks", self.seed, start))
        jobs: list[tuple[int, int]] = []
        ons: list[int] = []
        offs: list[int] = []
        for u, side in enumerate(seen.sides):
            for j in range(side.shape[1]):
                on = np.flatnonzero(side[:, j] & ~seen.bad)
                off = np.flatnonzero(~side[:, j] & ~seen.bad)
                if len(on) and len(off):
                    jobs += [(u, j)] * pairs
                    ons += [int(k) for k in rng.choice(on, pairs)]
                    offs += [int(k) for k in rng.choice(off, pairs)]
        if not jobs:
            return None
        a = {name: x[ons] for name, x in data.items()}
        b = {name: x[offs] for name, x in data.items()}
        for _ in range(LIMITS.bisections):
            middle = {name: np.rint((a[name] + b[name]) * 2.0 ** (DATA_BITS - 1)) / 2.0**DATA_BITS for name in a}
            sides = self.look(middle).sides
            on = np.array([sides[u][k, j] for k, (u, j) in enumerate(jobs)])
            for name in a:
                chosen = on.reshape(-1, *[1] * (a[name].ndim - 1))
                a[name] = np.where(chosen, middle[name], a[name])
                b[name] = np.where(chosen, b[name], middle[name])
        return {name: np.concatenate([a[name], b[name]]) for name in a}

    def around(self, datum: Mapping[str, Array], count: int) -> dict[str, Array]:
        """Data close to one, for more of them in its cell."""
        rng = np.random.default_rng(salt("around", self.seed))
        found = {}
        for name, x in datum.items():
            size = 2.0 ** -rng.integers(3, 12, size=(count, *[1] * x.ndim))
            moved = np.rint((x[None] + size * rng.normal(size=(count, *x.shape))) * 2.0**DATA_BITS) / 2.0**DATA_BITS
            moved = np.where(moved == 0, 2.0**-DATA_BITS, moved)
            found[name] = np.abs(moved) if self.leaves[name].domain == "positive" else moved
        return found

    def shapes_of(self, n: int) -> tuple[int, ...]:
        """The shape of a node of the model's own program."""
        return tuple(fixed(k) for k in self.model.program.shapes[n])

    def still_sides(self) -> dict[str, list[int]]:
        """The sides of those units that need no data, for which laws and the flow may ask; of others, nothing is on."""
        program = self.model.program
        result: dict[str, list[int]] = {}
        reading: Reading | None = None
        for unit in self.sided.units:
            size = math.prod(self.shapes_of(unit.node))
            cone = (program.nodes[n] for n in program.cone([unit.node]))
            if any(isinstance(node, Leaf) and node.role == "input" for node in cone):
                result[unit.right] = result[unit.left] = [0] * size
                continue
            reading = reading or self._reading({})
            on = [
                int(x > 0) for x in np.broadcast_to(reading.array(unit.argument)[0], self.shapes_of(unit.node)).ravel()
            ]
            result[unit.right], result[unit.left] = on, [1 - x for x in on]
        return result

    # --- evidence --------------------------------------------------------------------------------------------------

    def numerators(self, x: Array) -> tuple[int, ...]:
        """The entries of an array as multiples of 2^-BITS."""
        return tuple(int(v) for v in np.rint(x.ravel() * 2.0**BITS))

    def point(self, data: Sequence[Mapping[str, Array]]) -> TruePoint:
        """The evidence for the state and these data."""
        values = tuple((name, self.numerators(self.state[name])) for name in sorted(self.state))
        rows = tuple(tuple(v for name in self.inputs for v in self.numerators(datum[name])) for datum in data)
        return TruePoint(BITS, values, rows)


def _some(old: Array, fresh: Array, rng: np.random.Generator, through: int | None = None) -> Array:
    """An array with one slice drawn again, or all of it; the slice goes through a place, if one is given (row by row)."""
    if not old.shape or rng.random() < 0.2:
        return fresh
    axis = int(rng.integers(old.ndim))
    k = int(rng.integers(old.shape[axis])) if through is None else int(np.unravel_index(through, old.shape)[axis])
    new, place = old.copy(), (slice(None),) * axis + (k,)
    new[place] = fresh[place]
    return new


# --- the search -------------------------------------------------------------------------------------------------------


@dataclass
class AtTruePoint:
    """What was found at one true point: elements of the Lie algebra, and where they are taken."""

    land: Landscape
    data: Mapping[str, Array]
    found: Brackets

    @property
    def rank(self) -> int:
        """The rank of the elements."""
        return self.found.rank

    def evidence(self) -> tuple[list[Step], TruePoint]:
        """The elements and the point, with the data that are used and no others."""
        used = sorted({n for step in self.found.steps for n in step.data})
        place = {n: k for k, n in enumerate(used)}
        steps = [replace(step, data=tuple(place[n] for n in step.data)) for step in self.found.steps]
        return steps, self.land.point([{name: x[n] for name, x in self.data.items()} for n in used])


class TruePointSearch:
    """The search for a true point at which generators and their brackets have a high rank.

    `laws` are nodes of the model's program that must have values there, too.
    """

    def __init__(self, model: CountedModel, laws: Sequence[int], modulus: int, seed: int, meter: Meter) -> None:
        self.model = model
        self.sided = Sided(model)
        program = model.program
        self.roots = [*model.outputs, *model.flow.nodes(), *laws]
        self.modulus = modulus
        self.seed = seed
        self.meter = meter
        activations = dict(program.activations)
        cone = program.cone([*model.outputs, *model.flow.nodes()])
        # whether values on a cell may be related, so that each cell must be looked at
        self.rational = not roots_of(model) and not any(
            isinstance(node := program.nodes[n], Apply) and node.exponent is None
            and not (row := function_of(node.function, activations)).open and (row.smooth or not row.kinked)
            for n in cone
        )  # fmt: skip
        self.parameters = coordinates(program)
        self.reasons: list[str] = []
        """Why states could not be used, one by one."""
        self.rootless = False
        """Whether a state could not be used for want of square roots modulo the prime."""

    def why(self) -> str:
        """Why no state could be used; empty where one could."""
        if self.reasons:
            return self.reasons[0]
        return "no point was found at which all square roots exist modulo the prime" if self.rootless else ""

    def best(self, target: int) -> AtTruePoint | None:
        """The best of several points, or the first that reaches the target; None where none could be used.

        Generators come first, at states that are drawn; where their ranks differ, the best is changed as well. At the end
        brackets are added at the best.
        """
        best: AtTruePoint | None = None
        drawn: list[int] = []
        agree = max(LIMITS.agree, min(LIMITS.points, LIMITS.agree_at_once // max(1, self.parameters)))
        for attempt in range(LIMITS.points):
            fresh = best is None or attempt < LIMITS.fresh or attempt % LIMITS.turns == 0
            found = self._at(self._state(attempt, None if fresh else best), target, attempt)
            if found is None:
                if best is None and len(self.reasons) >= LIMITS.refused:
                    break
                continue
            if fresh:
                drawn.append(found.rank)
            # also to another of the same rank: a change of both may bring more
            if best is None or found.rank >= best.rank:
                best = found
            enough = agree if len(set(drawn)) == 1 else max(agree, LIMITS.often)
            if best.rank >= target or drawn.count(best.rank) >= enough:
                break
        if best is not None and best.rank < target:
            best.found.reach(target)
        return best

    def _state(self, attempt: int, best: AtTruePoint | None) -> Landscape:
        """The state of an attempt: the best so far with a change, or one that is drawn and brought to life."""
        seed = salt("point", self.seed, attempt)
        if best is not None:
            return best.land.changed(seed, best.found.still())
        land = Landscape(self.sided, self.model, self.roots, seed)
        if attempt:
            land.climb(self.meter)
        return land

    def _at(self, land: Landscape, target: int, attempt: int) -> AtTruePoint | None:
        """The generators at one state; None where its data can't be used."""
        try:
            pool = self._pool(land, attempt)
            if pool is None:
                return None
            search = Brackets(self.sided.model, pool[1], self.meter)
            search.generate(target)
        except OutOfBudget:
            raise
        except NoRoot:
            self.rootless = True
            return None
        except Refused as problem:
            self.reasons.append(str(problem))
            return None
        return AtTruePoint(land, pool[0], search)

    def _pool(self, land: Landscape, attempt: int) -> tuple[dict[str, Array], Setting] | None:
        """Data beside every kink, with the setting that gives their residues and sides; None where there are none."""
        outputs = sum(math.prod(land.shapes_of(n)) for n in self.model.outputs)
        random = max(LIMITS.batch // 2, min(4096, 2 * self.parameters // max(1, outputs)))
        data = land.data(range(1000, 1000 + random))
        beside = land.beside_kinks(LIMITS.pairs) if attempt and land.inputs else None
        if beside is not None:
            data = {name: np.concatenate([beside[name], x]) for name, x in data.items()}
        seen = land.look(data)
        good = np.flatnonzero(~seen.bad)
        if not land.inputs:
            good = good[:1]
        if not len(good):
            self.reasons.append("no data were found at which every unit stands beside its kink")
            return None
        if not self.rational:
            data, seen, good = self._in_few_cells(land, data, seen, good)
        setting = self._setting(land, data, seen, good)
        roots, cells = [*self.sided.model.outputs, *self.sided.model.flow.nodes()], self._cells(setting)
        _, exponentials = check_values(self.sided.model, roots, cells, setting, self.meter)
        setting = replace(setting, exponentials=exponentials)
        rootless = ModularPoint(self.sided.model, setting, self.meter).rootless_data()
        good = good[~np.array(rootless)]
        kept = tuple(datum for datum, bad in zip(setting.data, rootless, strict=True) if not bad)
        if not kept:
            raise NoRoot("no data were found at which all square roots exist modulo the prime")
        return {name: x[good] for name, x in data.items()}, replace(setting, data=kept)

    def _in_few_cells(
        self, land: Landscape, data: dict[str, Array], seen: Look, good: npt.NDArray[np.int64]
    ) -> tuple[dict[str, Array], Look, npt.NDArray[np.int64]]:
        """Data in a few cells whose values are not related in a way that is not understood, many in each.

        Raises `Refused` where all are.
        """
        first: dict[bytes, int] = {}
        for k in good:
            first.setdefault(b"".join(side[k].tobytes() for side in seen.sides), int(k))
        roots = [*self.sided.model.outputs, *self.sided.model.flow.nodes()]
        accepted: list[int] = []
        problem: Refused | None = None
        for k in first.values():
            setting = self._setting(land, data, seen, np.array([k]))
            try:
                check_values(self.sided.model, roots, self._cells(setting), setting, self.meter)
            except OutOfBudget:
                raise
            except Refused as refused:
                problem = refused
                continue
            accepted.append(k)
            if len(accepted) == LIMITS.cells:
                break
        if not accepted:
            raise problem or Refused("no data can be used")
        if not land.inputs:
            return data, seen, good
        near = [land.around({name: x[k] for name, x in data.items()}, LIMITS.in_cell) for k in accepted]
        data = {name: np.concatenate([data[name][accepted], *(found[name] for found in near)]) for name in data}
        known = {b"".join(side[k].tobytes() for side in seen.sides) for k in accepted}
        seen = land.look(data)
        same = [b"".join(side[k].tobytes() for side in seen.sides) in known for k in range(len(seen.bad))]
        return data, seen, np.flatnonzero(~seen.bad & np.array(same))

    def _cells(self, setting: Setting) -> list[dict[str, Sequence[int]]]:
        """The different cells of the given data."""
        names = sorted(self.sided.sides)
        cells = {
            tuple(tuple(datum[name]) for name in names): {name: datum[name] for name in names} for datum in setting.data
        }
        return list(cells.values()) if not self.rational else list(cells.values())[:1]

    def _setting(
        self, land: Landscape, data: Mapping[str, Array], seen: Look, numbers: npt.NDArray[np.int64]
    ) -> Setting:
        """Residues of the state and of these data, with the sides of units."""
        p = self.modulus
        scale = pow(2, -BITS, p)

        def residues(x: Array) -> list[int]:
            return [v * scale % p for v in land.numerators(x)]

        still = land.still_sides()
        given: dict[str, Sequence[int]] = {name: residues(x) for name, x in land.state.items()}
        rows: list[Mapping[str, Sequence[int]]] = []
        for n in numbers:
            row: dict[str, Sequence[int]] = {name: residues(x[n]) for name, x in data.items()}
            for unit, side in zip(self.sided.units, seen.sides, strict=True):
                on = [int(x) for x in side[n]]
                row[unit.right], row[unit.left] = on, [1 - x for x in on]
            rows.append(row)
        return Setting(p, self.seed, {**given, **still}, rows)

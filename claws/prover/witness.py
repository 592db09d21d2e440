"""The search for a small exact witness against a law.

Untrusted: what it finds is evidence, which the kernel evaluates again. A witness is searched at random points with small
integer entries, first at small sizes when sizes are free; then it is made simple: sizes as small, entries as often 0 and
as small as they can be while the residue stays non-zero.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from claws.kernel.core.errors import Irrational, Malformed, Meter, OutOfBudget, Refused, Undefined
from claws.kernel.core.functions import Property, Slope
from claws.kernel.core.program import ROLES, Leaf, Program, count_entries
from claws.kernel.core.sizes import SizeBounds
from claws.kernel.core.statement import Statement
from claws.kernel.values.defined import Solutions, check_values
from claws.kernel.values.enclosures import Enclosures, Interval
from claws.kernel.values.evaluation import Array, Jacobian, directional, fixed, indices
from claws.kernel.values.evidence import Choices, Index, Witness
from claws.kernel.values.residues import law_directions, law_drift
from claws.prover.least_sizes import smallest_sizes


@dataclass(frozen=True, slots=True)
class WitnessLimits:
    """How many points are tried, and how large. Where they end, the search gives up: it says nothing of the law."""

    bits: int = 96
    """The precision of values that are not rational."""
    attempts: int = 40
    """Random points tried at each size before it is given up."""
    smaller_attempts: int = 9
    """The same for smaller sizes, where a witness is known."""
    irrational: int = 200
    """The same where values are not rational at most points (square roots, exp away from 0)."""
    all_irrational: int = 600
    """Such points tried at all sizes together: more of them hardly ever help."""
    zero_points: int = 10
    """Dense points at which the residue may be zero before the law is held to be true at these sizes."""
    many: int = 400
    """With more parameter entries than this, points with few non-zero entries are tried first: they are quick to evaluate."""
    too_many: int = 50_000
    """With more numbers than this in parameters, inputs and constants no exact point is tried."""
    passes: int = 4
    """Rounds of simplification of a witness."""
    simplification: int = 5_000_000
    """Elementary steps, at least, for writing down a witness that was found."""


LIMITS = WitnessLimits()

_VALUES = (-2, -1, 0, 1, 2, 3)
"""What a solution of a declared equation may be at the argument that is met."""


@dataclass
class WitnessSearch:
    """What a search for a witness did: the witness if one was found, and what to say if not."""

    witness: Witness | None
    points: int
    """Points at which the residue was evaluated and was zero."""
    obstacle: str
    """Why points could not be evaluated, if that happened: the kernel's words."""
    enclosed: bool = False
    """Whether zero means: between bounds that are close together."""


class RecordingNumbers(Enclosures):
    """Numbers (rational, or between bounds) where a value that the choices do not give is chosen, once, and recorded."""

    def __init__(
        self,
        activations: Mapping[str, Property],
        choices: Choices,
        seed: int,
        meter: Meter | None = None,
        rational: bool = False,
    ) -> None:
        super().__init__(activations, choices, LIMITS.bits, meter)
        self.seed = seed
        self.rational = rational
        """Whether to raise `Irrational` where bounds are needed."""
        self.irrational = False
        """Whether bounds were needed."""

    def check(self, x: Any) -> None:
        """Note that bounds were needed for a value.

        Raises `Irrational` where they must not be, and what `Enclosures` raises.
        """
        if isinstance(x, Interval):
            if self.rational:
                raise Irrational("a value is not rational")
            self.irrational = True
        super().check(x)

    def _random(self, *key: object) -> random.Random:
        """A generator of random numbers that depends on the seed and this key alone."""
        return random.Random(f"{self.seed}{key}")

    def elementary(self, function: str, x: Any) -> tuple[Any, Any]:
        """The value of a function and of its derivative; a declared function has its value chosen where it has none.

        Raises `Irrational` where a value can't be chosen.
        """
        if function in self.activations:
            declared = self.activations[function]
            if not isinstance(declared, Fraction):
                if not isinstance(x, Interval):
                    self._choose_value(function, declared, x)
            elif function not in self.choices.homogeneous:
                r = self._random(function)
                options = [(1, 0), (1, 1), (1, -1), (1, 2), (2, 1), (3, -2)]
                a, b = options[r.randrange(len(options))]
                self.choices.homogeneous[function] = (Fraction(a), Fraction(b))
        return super().elementary(function, x)

    def _choose_value(self, function: str, declared: Slope | None, x: Any) -> None:
        """Choose the value of a declared function at `x`, and of its derivative, unless that was done.

        Raises `Irrational` where a solution of a differential equation has been met at another argument.
        """
        table = self.choices.values.setdefault(function, {})
        if x in table:
            return
        r = self._random(function, x)
        if declared is None:
            table[x] = (Fraction(r.randint(-2, 2)), Fraction(r.randint(-2, 2)))
        elif table:
            self._beside(function)
        else:
            # a constant solution is the last to be taken
            values = [Fraction(v) for v in _VALUES]
            moving = [v for v in values if declared.at(v)] or values
            value = moving[r.randrange(len(moving))]
            table[x] = (value, declared.at(value))

    def _beside(self, function: str) -> None:
        """What to do where a solution of a differential equation is met at a second argument. Raises `Irrational`."""
        raise Irrational(f"the value of {function} can be chosen at one argument only")

    def opaque(
        self, function: str, arguments: list[Array], shapes: list[Index], shape: Index
    ) -> tuple[Array, list[Jacobian]]:
        """The value and the Jacobians of an opaque function, small numbers that are chosen where there are none."""
        try:
            return super().opaque(function, arguments, shapes, shape)
        except Irrational:
            raise
        except Refused:
            point = tuple(tuple(sorted(x.items())) for x in arguments)
            r = self._random(function, point)
            value = {i: Fraction(v) for i in indices(shape) if (v := r.randint(-1, 1))}
            jacobian = [_random_block(r, shape, s) for s in shapes]
            self.choices.functions.setdefault(function, []).append((point, value, jacobian))
            return value, jacobian


class RecordingValues(Solutions, RecordingNumbers):
    """The same where values alone are asked for: those of solutions at other arguments are enclosed."""

    def _beside(self, function: str) -> None:
        pass


def check_recorded(statement: Statement, leaves: Mapping[str, Array], ring: RecordingNumbers, meter: Meter) -> None:
    """Raises `Undefined` unless all that the statement speaks of has a value at a point; what is chosen there is recorded."""
    wide = RecordingValues(dict(ring.activations), ring.choices, ring.seed, meter)
    try:
        check_values(statement.program, statement.subject, leaves, wide, meter)
    except Irrational as problem:
        raise Undefined(str(problem)) from problem


def _random_block(r: random.Random, shape: Index, own: Index) -> Jacobian:
    """A Jacobian with random small entries: most of a small one, a few of a large one."""
    count = math.prod(shape) * math.prod(own)
    if count <= LIMITS.many:
        return {(i, j): Fraction(v) for i in indices(shape) for j in indices(own) if (v := r.randint(-1, 1))}

    def place(lengths: Index) -> Index:
        """A random index."""
        return tuple(r.randrange(n) for n in lengths)

    return {(place(shape), place(own)): Fraction(r.choice([-1, 1])) for _ in range(LIMITS.many)}


def search_witness(statement: Statement, seed: int, meter: Meter) -> WitnessSearch:
    """Look for a witness at small sizes, and make it simple. Deterministic for a seed.

    Raises `OutOfBudget` when the meter does, before a witness was found.
    """
    rng = random.Random(seed)
    dims = statement.program.free_dims()
    bounds = statement.program.bounds
    points, obstacle, enclosed = 0, "", False
    allowance = _Allowance()
    for sizes in _sizes(dims, bounds, rng) if dims else iter([{}]):
        try:
            here = statement_at(statement, sizes)
        except Malformed as problem:
            obstacle = obstacle or str(problem)
            continue
        found = _at_size(here, rng, meter, allowance)
        points += found.points
        obstacle = obstacle or found.obstacle
        enclosed = enclosed or found.enclosed
        if found.leaves is not None:
            with suppress(OutOfBudget):
                sizes, here, found = _smaller_sizes(statement, sizes, here, found, rng, meter)
            # a share of the work: a witness that is not as simple as can be is one all the same
            share = Meter(meter.limit // 4, None if meter.seconds is None else meter.seconds / 4)
            witness = _simplify(here, sizes, found, share)
            return WitnessSearch(witness, points, obstacle, enclosed)
    return WitnessSearch(None, points, obstacle, enclosed)


def statement_at(statement: Statement, sizes: Mapping[str, int]) -> Statement:
    """The statement at fixed sizes. Raises `Malformed` for sizes that do not meet its conditions."""
    program = statement.program.at(sizes) if sizes else statement.program
    return replace(statement, program=program)


def _sizes(dims: list[str], bounds: SizeBounds, rng: random.Random) -> Iterator[dict[str, int]]:
    """Small sizes, the simplest first, each once, at most about 60; where conditions ask for larger ones, from there on."""
    seen = set()
    base = smallest_sizes(dims, bounds)

    def fresh(values: list[int]) -> Iterator[dict[str, int]]:
        """The sizes with these values, raised as the conditions ask, unless they were tried or do not meet the conditions."""
        if tuple(values) not in seen:
            seen.add(tuple(values))
            sizes = {d: n + base[d] - 1 for d, n in zip(dims, values, strict=True)}
            if bounds.hold_at(sizes):
                yield sizes

    k = len(dims)
    for n in (1, 2, 3):
        yield from fresh([n] * k)
    for n, others in ((1, 2), (2, 1), (3, 2)):
        for i in range(min(k, 12)):
            yield from fresh([n if j == i else others for j in range(k)])
    for _ in range(20):
        yield from fresh([rng.randint(1, 4) for _ in range(k)])


@dataclass
class _Point:
    """What was found at one choice of sizes: a point with a residue that is not zero, if there is one."""

    leaves: dict[str, Array] | None
    """The point; None where none was found."""
    choices: Choices
    """The values of declared functions there."""
    law_entry: Index
    """The entry of the law whose residue is not zero."""
    points: int
    """Points at which the residue was evaluated and was zero."""
    obstacle: str
    """Why points could not be evaluated, if that happened."""
    seed: int
    """The seed from which values were chosen."""
    enclosed: bool = False
    """Whether zero means: between bounds that are close together."""


POSITIVE, DENSE, SPARSE, UNIT, WHOLE, FEW = range(6)
"""Kinds of random points: positive entries (every relu is on), no zeros, half zeros, entries -1, 0 and 1, whole arrays zero,
about six entries that are not zero in each array."""


@dataclass
class _Allowance:
    """What is left to try at points without rational values, at all sizes together."""

    irrational: int = LIMITS.all_irrational


def _at_size(
    statement: Statement, rng: random.Random, meter: Meter, allowance: _Allowance, attempts: int = LIMITS.attempts
) -> _Point:
    """Try random points of a statement with fixed sizes until the residue is not zero. Raises `OutOfBudget`."""
    program = statement.program
    points, obstacle, irrational, enclosed = 0, "", False, False
    entries = sum(fixed(count_entries(program.shapes[n])) for n, _ in program.leaves("param"))
    if sum(fixed(count_entries(program.shapes[n])) for n, _ in program.leaves(*ROLES)) > LIMITS.too_many:
        return _Point(None, Choices(), (), 0, f"at these sizes the model has more than {LIMITS.too_many} numbers", 0)
    kinds: tuple[int, ...] = (FEW, POSITIVE, SPARSE, DENSE) if entries > LIMITS.many else (DENSE, POSITIVE, SPARSE)
    attempt = 0
    while points < LIMITS.zero_points and attempt < attempts:
        if irrational:
            kinds = (DENSE, UNIT, UNIT, SPARSE, UNIT, UNIT, WHOLE)
            allowance.irrational -= 1
        kind = kinds[attempt % len(kinds)]
        leaves: dict[str, Array] | None = _random_leaves(program, rng, kind)
        seed = rng.randrange(1 << 30)
        attempt += 1
        entry: Index | None = None
        choices = Choices()
        while leaves is not None:
            try:
                entry, ring = failing_entry(statement, leaves, seed, meter)
                choices, enclosed = ring.choices, enclosed or ring.irrational
                break
            except Irrational as problem:
                if not irrational:
                    irrational = True
                    attempts = attempt + min(LIMITS.irrational, allowance.irrational)
                obstacle = obstacle or str(problem)
                # exp and its kin have a rational value at few points, mostly 0: take entries away until all have
                # one, or hope that -1, 0 and 1 cancel
                leaves = None if kind == UNIT else _thinned(program, leaves, rng)
            except (Undefined, Malformed) as problem:
                obstacle = obstacle or str(problem)
                leaves = None
        if entry is not None:
            return _Point(leaves, choices, entry, points, obstacle, seed, enclosed)
        # a point with zeros, where the residue is often zero for no good reason, says little
        points += leaves is not None and kind == DENSE and not irrational
    return _Point(None, Choices(), (), points, obstacle, 0, enclosed)


def _thinned(program: Program, leaves: dict[str, Array], rng: random.Random) -> dict[str, Array] | None:
    """The point with an eighth of its entries, at least one, set to 0; None where there are none that may be 0."""
    free = [leaf.name for _, leaf in program.leaves(*ROLES) if leaf.domain == "real"]
    places = [(name, i) for name in free for i in sorted(leaves[name])]
    if not places:
        return None
    gone = set(rng.sample(places, max(1, len(places) // 8)))
    return {name: {i: y for i, y in x.items() if (name, i) not in gone} for name, x in leaves.items()}


def _random_leaves(program: Program, rng: random.Random, kind: int) -> dict[str, Array]:
    """A random point: small integers for every leaf, inside its domain. `kind` is one of POSITIVE, DENSE, ..."""
    result: dict[str, Array] = {}
    for n, leaf in program.leaves(*ROLES):
        shape = [fixed(k) for k in program.shapes[n]]
        all_zero = kind == WHOLE and rng.random() < 0.4
        few = 1 - min(1.0, 6 / max(math.prod(shape), 1))
        zeros = {POSITIVE: 0.0, DENSE: 0.0, SPARSE: 0.5, UNIT: 0.33, WHOLE: 0.3, FEW: few}[kind]
        array = {}
        for i in indices(shape):
            x = rng.choice([-1, 1] if kind == UNIT else [-3, -2, -1, 1, 2, 3])
            if kind == POSITIVE or leaf.domain == "positive" or leaf.role == "time":
                x = abs(x)
            if leaf.domain == "real" and (all_zero or rng.random() < zeros):
                x = 0
            if x:
                array[i] = x
        result[leaf.name] = array
    return result


def failing_entry(
    statement: Statement, leaves: dict[str, Array], seed: int, meter: Meter, only: Index | None = None
) -> tuple[Index | None, RecordingNumbers]:
    """An entry of the law (or `only` that one) with a non-zero residue at this point, None for none, and the numbers used.

    Raises `Undefined`, `Irrational` or `OutOfBudget`.
    """
    program = statement.program
    ring = RecordingNumbers(dict(program.activations), Choices(), seed, meter)
    for entry, x in law_drift(statement, leaves, ring, meter).items():
        if (only is None or entry == only) and is_nonzero(x):
            check_recorded(statement, leaves, ring, meter)
            return entry, ring
    by_entry = law_directions(statement, leaves, ring, meter)
    for entry, direction in by_entry.items():
        if (only is None or entry == only) and direction:
            residue = directional(program, statement.outputs, leaves, direction, ring, meter)
            if any(is_nonzero(x) for array in residue.values() for x in array.values()):
                check_recorded(statement, leaves, ring, meter)
                return entry, ring
    return None, ring


def is_nonzero(x: Any) -> bool:
    """Whether a number is known not to be zero."""
    return x.excludes_zero() if isinstance(x, Interval) else bool(x)


def _smaller_sizes(
    statement: Statement, sizes: dict[str, int], here: Statement, found: _Point, rng: random.Random, meter: Meter
) -> tuple[dict[str, int], Statement, _Point]:
    """The smallest sizes reached by lowering them in ever smaller groups while a failing point is found, and that point."""
    group = len(sizes)
    while group:
        names = [d for d in sorted(sizes, key=lambda d: (-sizes[d], d)) if sizes[d] > 1]
        for k in range(0, len(names), group):
            lower = sizes
            while True:
                lower = {d: max(1, n - (d in names[k : k + group])) for d, n in lower.items()}
                if lower == sizes or not statement.program.bounds.hold_at(lower):
                    break
                try:
                    there = statement_at(statement, lower)
                except Malformed:
                    break
                point = _at_size(there, rng, meter, _Allowance(), LIMITS.smaller_attempts)
                if point.leaves is None:
                    break
                sizes, here, found = lower, there, point
        group = 0 if group == 1 else (group + 1) // 2
    return sizes, here, found


def _simplify(statement: Statement, sizes: dict[str, int], found: _Point, meter: Meter) -> Witness:
    """A simple witness: entries made 0 (or 1 in a domain without 0) in ever smaller groups, then the others small."""
    leaves = found.leaves
    assert leaves is not None
    entry, seed = found.law_entry, found.seed
    declared = [leaf for _, leaf in statement.program.leaves(*ROLES)]

    def fails(candidate: dict[str, Array]) -> bool:
        """Whether the residue is not zero at a point."""
        try:
            return failing_entry(statement, candidate, seed, meter, only=entry)[0] is not None
        except OutOfBudget:
            raise
        except Refused:
            return False

    try:
        leaves = _clear_groups(leaves, declared, fails)
        for _ in range(LIMITS.passes):
            changed = False
            for leaf in declared:
                for i in sorted(leaves[leaf.name]):
                    for x in _simpler(leaves[leaf.name][i], leaf):
                        candidate = _with(leaves, leaf, [i], x)
                        if fails(candidate):
                            leaves, changed = candidate, True
                            break
            if not changed:
                break
    except OutOfBudget:
        pass  # what has been reached is a witness all the same
    program = statement.program
    meter = Meter(max(meter.limit, LIMITS.simplification))
    ring = RecordingNumbers(dict(program.activations), Choices(), seed, meter)
    exact = {name: {i: Fraction(y) for i, y in x.items()} for name, x in leaves.items()}
    drift = law_drift(statement, leaves, ring, meter).get(entry)
    if drift is not None and is_nonzero(drift):
        check_recorded(statement, leaves, ring, meter)
        return _witness(sizes, exact, ring, entry, None, (), drift)
    direction = law_directions(statement, leaves, ring, meter)[entry]
    residue = directional(program, statement.outputs, leaves, direction, ring, meter)
    places = [(k, i) for k, n in enumerate(statement.outputs) for i, x in residue[n].items() if is_nonzero(x)]
    check_recorded(statement, leaves, ring, meter)
    output, place = min(places, key=lambda at: (at[0], sum(at[1]), at[1]))
    return _witness(sizes, exact, ring, entry, output, place, residue[statement.outputs[output]][place])


def _witness(
    sizes: dict[str, int],
    leaves: dict[str, Array],
    ring: RecordingNumbers,
    entry: Index,
    output: int | None,
    place: Index,
    found: Any,
) -> Witness:
    """A witness that does without bounds where every value on the way was rational."""
    residue = found.bounds if isinstance(found, Interval) else Fraction(found)
    return Witness(sizes, leaves, ring.choices, entry, output, place, residue, ring.bits if ring.irrational else 0)


def _with(leaves: dict[str, Array], leaf: Leaf, places: Sequence[Index], x: int) -> dict[str, Array]:
    """The leaves with `x` at these places of one of them."""
    array = {i: y for i, y in leaves[leaf.name].items() if i not in places}
    if x:
        array.update(dict.fromkeys(places, x))
    return {**leaves, leaf.name: array}


def _clear_groups(
    leaves: dict[str, Array], declared: list[Leaf], fails: Callable[[dict[str, Array]], bool]
) -> dict[str, Array]:
    """The leaves with whole arrays, then halves of what is left, and so on, at their simplest value where it still fails."""
    for leaf in declared:
        simplest = 0 if leaf.domain == "real" else 1
        size = max(1, len(leaves[leaf.name]))
        while True:
            places = sorted(i for i, y in leaves[leaf.name].items() if y != simplest)
            for k in range(0, len(places), size):
                candidate = _with(leaves, leaf, places[k : k + size], simplest)
                if fails(candidate):
                    leaves = candidate
            if size == 1:
                break
            size = (size + 1) // 2
    return leaves


def _simpler(x: int, leaf: Leaf) -> list[int]:
    """The values to try instead of x, the simplest first."""
    candidates = {"real": [0, 1, -1, 2, -2], "positive": [1, 2], "nonzero": [1, -1, 2, -2]}[leaf.domain]
    if leaf.role == "time":
        candidates = [y for y in candidates if y >= 0]
    return candidates[: candidates.index(x)] if x in candidates else candidates

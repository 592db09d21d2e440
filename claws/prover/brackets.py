"""Elements of the Lie algebra that are independent at a point: generators first, then brackets of more and more of them.

Untrusted: the kernel finds the rank again. Without given data the point is pseudo-random. At a true point elements are taken at
its data, and those that brought nothing are left out of the evidence, as each datum costs the kernel the sides of all units.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from claws.kernel.core.errors import Meter
from claws.kernel.core.program import count_entries
from claws.kernel.counting.evidence import Step, Tree
from claws.kernel.counting.jets import salt
from claws.kernel.counting.points import MAX_LEVEL, CountedModel, Setting, coordinates, depth
from claws.kernel.values.evaluation import fixed
from claws.readings.echelon import BATCH, Echelon, elimination_work
from claws.readings.points import ModularPoint


@dataclass(frozen=True, slots=True)
class ElementLimits:
    """How far the search for brackets goes. Where it ends, it gives up, with what it has."""

    pause: int = 3
    """Depths at which the rank may stand still before the search gives up: it can grow again."""
    idle: int = 2
    """Batches of elements of one form that may bring nothing before the next form is tried."""
    bracket: int = 24
    """The deepest brackets that are tried."""
    chain: int = MAX_LEVEL
    """The longest chain of brackets inside another bracket: each takes a nilpotent."""
    pair: int = 5
    """The longest chains that are bracketed with each other."""


LIMITS = ElementLimits()


@dataclass
class Brackets:
    """One search: steps that name elements of the Lie algebra, and the rank of these."""

    model: CountedModel
    setting: Setting
    meter: Meter
    pause: int = LIMITS.pause
    steps: list[Step] = field(default_factory=list)
    rank: int = 0
    growing: bool = False
    """Whether the rank was still growing at the last depth."""

    def __post_init__(self) -> None:
        self._point = ModularPoint(self.model, self.setting, self.meter)
        self._rows = Echelon(self.setting.modulus, coordinates(self.model.program))
        self._generated = False
        self._useful: list[int] = []
        """The data whose generators brought something."""
        shapes = [self.model.program.shapes[n] for n in self.model.outputs]
        self._outputs = sum(fixed(count_entries(shape)) for shape in shapes)

    @property
    def depth(self) -> int:
        """The most generators that a bracket is made of; 0 without any."""
        return max((depth(step.tree) for step in self.steps), default=0)

    def reach(self, target: int, grown: Callable[[], None] = lambda: None) -> int:
        """Add elements until their rank is the target, or stands still. Returns it; calls `grown` whenever it has grown.

        A second call goes on with brackets where the first was for generators alone (`generate`).
        """
        still = 0
        for trees in forms(bool(self.model.flow.drift)):
            if trees == [1] and self._generated:
                continue
            start = self.rank
            for tree in trees:
                if self._add(tree, target):
                    grown()
            self.growing = self.rank > start
            still = 0 if self.growing or trees == [1] else still + 1
            if self.rank >= target or still > self.pause:
                break
        return self.rank

    def still(self) -> list[int]:
        """The coordinates of the state that no element moves."""
        moved = np.zeros(self._rows.width, dtype=bool)
        for _, block in self._rows.blocks:
            moved |= np.any(block, axis=0)
        return [int(k) for k in np.flatnonzero(~moved)]

    def generate(self, target: int) -> int:
        """Add generators alone, until their rank is the target or stands still. Returns it."""
        self._add(1, target)
        self._generated = True
        return self.rank

    def _add(self, tree: Tree, target: int) -> bool:
        """Add elements of one form; whether they brought anything."""
        number, count, idle = len(self.steps), 0, 0
        samples: list[int] = []
        data: list[int] = []
        # every datum is asked once: those near kinks are few
        least = len(self.setting.data) * self._outputs if tree == 1 else 0
        # one idle batch may be bad luck: where units are off, many elements are zero
        while self.rank < target and (idle < LIMITS.idle or count < least):
            batch = min(BATCH, max(8, target - self.rank + 4, min(64, least - count)))
            new = range(count, count + batch)
            named = [n for k in new for n in self._data(tree, number, k)]
            step = Step(tree, batch, tuple(new), tuple(named))
            self.meter.tick(elimination_work(self._rows, batch))
            kept = self._rows.add(self._point.elements_of(step, number, range(batch)))
            self.rank = self._rows.rank
            idle = 0 if kept else idle + 1
            width = len(named) // batch
            for k in kept:
                samples.append(count + k)
                data += named[k * width : (k + 1) * width]
            count += batch
        if not samples:
            return False
        if tree == 1:
            self._useful = sorted(set(data))
        true = bool(self.setting.data)
        # a pseudo-random sequence is as short as its length, with what brought nothing
        self.steps.append(
            Step(tree, len(samples), tuple(samples), tuple(data)) if true else Step(tree, samples[-1] + 1)
        )
        return True

    def _data(self, tree: Tree, number: int, k: int) -> list[int]:
        """The data of one element, where data are given."""
        total = len(self.setting.data)
        if not total:
            return []
        if isinstance(tree, int):
            return [k // self._outputs % total]
        # many data may be of no use, as where all units are off; those that seemed so may still be for brackets
        pool = self._useful if k % 2 and self._useful else range(total)
        return [pool[salt("datum", self.setting.seed, number, k, leaf) % len(pool)] for leaf in range(depth(tree))]


def forms(drift: bool) -> Iterable[list[Tree]]:
    """The brackets to try, by depth: balanced ones, and a generator with a balanced one.

    Where a drift moves the state, brackets with it again and again are what matters: chains, and pairs of chains.
    """
    yield [1]
    for d in range(2, LIMITS.bracket + 1):
        if not drift:
            yield [balanced(d)] + ([(1, balanced(d - 1))] if d > 3 else [])
            continue
        trees: list[Tree] = [balanced(d)]
        trees += [
            (chain(a), chain(d - a)) for a in range(1, d // 2 + 1) if d - a <= (LIMITS.chain if a == 1 else LIMITS.pair)
        ]
        yield list(dict.fromkeys(trees))


def chain(d: int) -> Tree:
    """The bracket [X1, [X2, [X3, ...]]] of `d` >= 1 generators."""
    return 1 if d == 1 else (1, chain(d - 1))


def balanced(d: int) -> Tree:
    """The bracket of `d` >= 1 generators that is as little deep as can be."""
    return 1 if d == 1 else (balanced(d // 2), balanced(d - d // 2))

"""The upper bound for the number of laws: elements of the Lie algebra whose rank is as high as can be found.

Untrusted: the kernel finds the rank again, and what it does not accept is taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from claws.kernel.core.errors import Meter, OutOfBudget, Refused
from claws.kernel.core.finding import Premise
from claws.kernel.counting.bounds import Here, simple_model
from claws.kernel.counting.cells import is_piecewise
from claws.kernel.counting.evidence import Bundle, Sandwich, Step, TruePoint
from claws.kernel.counting.points import CountedModel, Ranks, Setting, coordinates, depth
from claws.prover.array_ranks import SPARSE
from claws.prover.brackets import Brackets
from claws.prover.path_premises import is_deep
from claws.prover.true_points import TruePointSearch


@dataclass(frozen=True, slots=True)
class UpperBoundLimits:
    """From how many coordinates on sparse generators along paths are tried before a dense matrix."""

    many: int = 8_000
    """With more coordinates than this, paths that need a premise are tried before a true point."""
    one_layer: int = 1_000
    """With more coordinates than this, those that need no premise are."""


LIMITS = UpperBoundLimits()


class UpperBound:
    """The evidence for an upper bound, as far as the search has come: brackets at a point, or paths.

    `laws` are nodes of the model's program that must have values at a true point, too.
    """

    def __init__(self, model: CountedModel, laws: Sequence[int], modulus: int, seed: int, ranks: Ranks) -> None:
        self.model = model
        self.laws = laws
        self.modulus = modulus
        self.seed = seed
        self.ranks = ranks
        self.coordinates = coordinates(model.program)
        self.piecewise = is_piecewise(model.program, [*model.outputs, *model.flow.nodes()])
        self.steps: list[Step] = []
        self.point: TruePoint | None = None
        self.paths: tuple[Bundle, ...] = ()
        self.rank = 0
        """The rank that was found; the number of laws is at most the number of coordinates less this one."""
        self.premises: tuple[Premise, ...] = ()
        self.growing = False
        """Whether the rank of brackets was still growing at the last depth."""
        self.reason = ""
        """Why there is no evidence, where there is none."""

    @property
    def depth(self) -> int:
        """The most generators that an element is made of; 0 without any."""
        return 1 if self.paths else max((depth(step.tree) for step in self.steps), default=0)

    def lower(self, target: int, meter: Meter, paths: bool = True) -> None:
        """Add elements until their rank is the target, or stands still. Raises `Refused` for what the kernel will refuse, too.

        With `paths`, a large network of relus has sparse generators tried first. What was found when the budget ended is kept.
        """
        if paths and self.piecewise and self.coordinates > LIMITS.one_layer:
            model = simple_model(self.model)
            if self.coordinates > LIMITS.many or not is_deep(model):
                self._follow_paths(model, target, meter)
            if self.paths:
                return
        if self.coordinates > SPARSE:
            self.reason = self.reason or f"{self.coordinates} coordinates are too many for a dense matrix"
        elif self.piecewise:
            self._go_to_true_points(target, meter)
        else:
            self._draw(target, meter)

    def take_back(self, reason: str) -> None:
        """Drop what the kernel did not accept."""
        self.steps, self.paths, self.point = [], (), None
        self.rank, self.premises, self.growing, self.reason = 0, (), False, reason

    def text(self) -> str:
        """What the bound rests on, or why there is none, as the end of a sentence; empty where there is nothing to say."""
        if self.steps:
            growth = "was still growing" if self.growing else "had stopped growing, which is no proof"
            return f", by brackets of up to {self.depth} generators; the rank {growth}"
        return f": {self.reason}" if self.reason else ""

    def _draw(self, target: int, meter: Meter) -> None:
        """Take elements at a pseudo-random point."""
        here = self._here(meter)
        # what the kernel would refuse in the end is refused before the work
        setting, self.premises = here.setting_of_brackets()
        search = Brackets(here.model, setting, meter)
        search.reach(target, lambda: self._take(search.steps, search.rank))
        self.growing = search.growing

    def _go_to_true_points(self, target: int, meter: Meter) -> None:
        """Take elements at parameters and data that are real."""
        here = self._here(meter)
        search = TruePointSearch(here.model, here.placed(self.laws), self.modulus, self.seed, meter)
        best = search.best(target)
        if best is None:
            self.reason = search.why()
            return
        steps, self.point = best.evidence()
        self.growing = best.found.growing
        self._take(steps, best.rank)

    def _here(self, meter: Meter) -> Here:
        return Here(self.model, (), Sandwich((), (), (), self.modulus, self.seed), self.ranks, meter)

    def _take(self, steps: Sequence[Step], rank: int) -> None:
        self.steps, self.rank = list(steps), rank

    def _follow_paths(self, model: CountedModel, target: int, meter: Meter) -> None:
        """Take sparse generators instead of a dense matrix, where the model is a network of relus.

        If there are as many as are wanted they are hoped to be independent: it is the kernel that finds their rank.
        """
        from claws.prover.relu_paths import find_paths

        paths = find_paths(model)
        rank = total = sum(len(bundle.entries) for bundle in paths)
        if total != target:
            try:
                rank, _ = self.ranks.of_paths(model, paths, Setting(self.modulus, self.seed), meter)
            except OutOfBudget:
                raise
            except Refused as problem:
                self.reason = str(problem)
                return
        if not rank or (rank < total and rank < target and self.coordinates <= SPARSE):
            self.reason = "no path from data to an output was found" if not rank else "paths are dependent"
            return
        self.paths, self.rank = paths, rank

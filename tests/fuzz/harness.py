"""What the fuzzers share: cases by number, what was found in them, processes, a summary.

A case is made of the seed and of its number, and of nothing else. So a run can go on where another has stopped, and a finding is
made again by its number, whatever the number of processes.
"""

from __future__ import annotations

import multiprocessing
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from random import Random


@dataclass(frozen=True)
class Finding:
    """Something that is wrong with claws."""

    kind: str
    """In a few words, the same for all findings of a kind."""
    message: str
    text: str
    """A file that shows it."""
    case: int = 0
    seed: int = 0

    def report(self, fuzzer: str) -> str:
        again = f"python -m tests.fuzz {fuzzer} 1 --seed {self.seed} --start {self.case}"
        return f"FINDING: {self.kind}\n{self.message}\nagain: {again}\n{self.text.rstrip()}\n"


@dataclass
class Outcome:
    """What happened in one case, or in many."""

    verdicts: Counter[str] = field(default_factory=Counter)
    """Claims, by verdict."""
    constructs: Counter[str] = field(default_factory=Counter)
    """Decided claims, by what their files use of the language."""
    notes: Counter[str] = field(default_factory=Counter)
    """What else is worth counting, such as points at which nothing has a value."""
    findings: list[Finding] = field(default_factory=list)
    suspects: list[Finding] = field(default_factory=list)
    """What is worth a look, and not wrong for sure."""

    @property
    def size(self) -> int:
        return sum(self.verdicts.values())

    def add(self, other: Outcome) -> None:
        self.verdicts += other.verdicts
        self.constructs += other.constructs
        self.notes += other.notes
        self.findings += other.findings
        self.suspects += other.suspects


Case = Callable[[int, int], Outcome]
"""A fuzzer: what happens in the case of a seed and a number."""


def random_of(*key: object) -> Random:
    """Random numbers that go by the key alone."""
    return Random(repr(key))


def _numbered(case: Case, seed: int, number: int) -> Outcome:
    try:
        outcome = case(seed, number)
    except Exception:
        # a fault of the fuzzer is to be mended, too, and no reason to lose a long run
        outcome = Outcome(findings=[Finding("the fuzzer failed", traceback.format_exc(limit=-4), "")])
    outcome.findings = [replace(f, case=number, seed=seed) for f in outcome.findings]
    outcome.suspects = [replace(f, case=number, seed=seed) for f in outcome.suspects]
    return outcome


def _outcomes(one: Callable[[int], Outcome], start: int, jobs: int, end: float | None) -> Iterator[Outcome]:
    """The outcomes of all cases from the first on, in their order. Raises `TimeoutError` at the end of the time."""
    if jobs == 1:
        yield from map(one, count(start))
        return
    numbers = count(start)
    with multiprocessing.Pool(jobs) as pool:
        # only so many are under way that none waits long for those before it
        waiting = deque(pool.apply_async(one, (next(numbers),)) for _ in range(4 * jobs))
        while True:
            first = waiting.popleft()
            yield first.get(None if end is None else max(end - time.monotonic(), 0.1))
            waiting.append(pool.apply_async(one, (next(numbers),)))


def run(
    case: Case,
    wanted: int,
    seed: int = 0,
    start: int = 0,
    jobs: int = 1,
    seconds: float | None = None,
    tell: Callable[[Outcome, int], object] = lambda outcome, number: None,
) -> tuple[Outcome, int]:
    """Cases from the number `start` on, until there are as many claims as wanted or the time is up; and the next number.

    Without a limit of time the same arguments give the same outcome, whatever the number of processes. `tell` is called after
    each case.
    """
    end = None if seconds is None else time.monotonic() + seconds
    total, number = Outcome(), start
    one = partial(_numbered, case, seed)
    try:
        for outcome in _outcomes(one, start, jobs, end):
            total.add(outcome)
            number += 1
            tell(total, number)
            if total.size >= wanted or (end is not None and time.monotonic() > end):
                break
    except (KeyboardInterrupt, multiprocessing.TimeoutError):
        pass  # what was found until then is worth saying
    return total, number


def summary(fuzzer: str, outcome: Outcome, seed: int, first: int, following: int, seconds: float) -> str:
    """The outcome in a few lines."""
    verdicts = ", ".join(f"{n} {verdict}" for verdict, n in sorted(outcome.verdicts.items()))
    lines = [
        f"{fuzzer}: {outcome.size} claims ({verdicts or 'none'}) in {seconds:.0f} s, cases {first} to {following - 1} "
        f"of seed {seed}; go on with --start {following}",
        *(f"  {n} {note}" for note, n in sorted(outcome.notes.items())),
    ]
    lines += [f"  {n} {kind}" for kind, n in sorted(Counter(f.kind for f in outcome.suspects).items())]
    kinds = Counter(f.kind for f in outcome.findings)
    lines += [f"  FINDINGS: {n} {kind}" for kind, n in sorted(kinds.items())] or ["  nothing wrong"]
    return "\n".join(lines)

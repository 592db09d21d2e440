"""The one loop behind all verbs: files in order, their work shared among processes, the longest first.

A `Verb` says what a file's work is, how one unit of it is done, and how units make the file's result. Everything else is here:
results in the order of the files, whatever the order of the work; a fault of claws or a dead process costs one unit, never the
results of another; an interruption keeps what was finished.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from typing import Any, Generic, Protocol, TypeVar

from claws.runner.faults import Fault, process_died
from claws.runner.files import Source
from claws.runner.processes import share
from claws.syntax.diagnostic import START, Span

BUNDLE = 60.0
"""Cheap units of one file are done together until they cost this many milliseconds: they share the file as it is read."""

KEPT_FILES = 64
"""A process keeps so many files as they are read, the last that it worked on."""


class FileOutcome(Protocol):
    """The result of a file, whatever the verb."""

    interrupted: bool
    """Whether its work was stopped before the end."""


Unit = TypeVar("Unit")
Part = TypeVar("Part")
Result = TypeVar("Result", bound=FileOutcome)

Tell = Callable[[str], None]
"""It is told what is being done, a few words at a time, where someone is looking on."""


class Verb(ABC, Generic[Unit, Part, Result]):
    """What is done with each file. It goes to other processes, so it holds options and nothing that is open."""

    @abstractmethod
    def begin(self, source: Source) -> tuple[Result, Sequence[Unit]]:
        """The file's result before any work, and the units of its work in the order in which they are reported."""

    def costs(self, source: Source, units: Sequence[Unit]) -> list[float]:
        """About how many milliseconds each unit takes: an estimate for the order of the work, on which no result depends."""
        return [BUNDLE] * len(units)

    def place(self, source: Source, unit: Unit) -> Span:
        """Where a fault of this unit is shown."""
        return START

    @abstractmethod
    def do(self, source: Source, unit: Unit, tell: Tell) -> Part:
        """One unit of work. What it raises is a fault of claws."""

    @abstractmethod
    def add(self, result: Result, unit: Unit, part: Part | Fault) -> Result:
        """The file's result with what one more unit has given, or why it gave nothing; called in the order of the units."""

    @abstractmethod
    def refuse(self, source: Source, fault: Fault) -> Result:
        """The result of a file that can't be worked on."""


@dataclass
class Run(Generic[Result]):
    """The results of all files, in their order; an interrupted run has those of the files that were finished or begun."""

    results: list[Result] = field(default_factory=list)
    interrupted: bool = False


def run(
    verb: Verb[Unit, Part, Result],
    sources: Sequence[Source],
    jobs: int = 1,
    *,
    done: Callable[[Result], object] = lambda result: None,
    unit_done: Callable[[Unit, Part | Fault], object] = lambda unit, part: None,
    tell: Callable[[str, str], None] = lambda path, what: None,
) -> Run[Result]:
    """Work on every file, with at most `jobs` processes.

    `done` gets each file's result when its turn has come, `unit_done` each unit as soon as it is finished, `tell` the path of
    a file and what is being done with it (from this process only). Raises nothing that a unit raises.
    """
    found: Run[Result] = Run()

    def finish(result: Result) -> None:
        found.results.append(result)
        done(result)
        if result.interrupted:
            raise KeyboardInterrupt

    try:
        if jobs > 1 and not _is_single(verb, sources):
            _Shared(verb, sources, finish, unit_done).run(jobs)
        else:
            for source in sources:
                finish(work_on(verb, source, unit_done, tell))
                source.forget()
    except KeyboardInterrupt:
        found.interrupted = True
    return found


def work_on(
    verb: Verb[Unit, Part, Result],
    source: Source,
    unit_done: Callable[[Unit, Part | Fault], object] = lambda unit, part: None,
    tell: Callable[[str, str], None] = lambda path, what: None,
) -> Result:
    """Work on one file in this process, unit by unit. An interruption is noted in the result."""
    result, units = _begun(verb, source)
    try:
        for unit in units:
            part = _done(verb, source, unit, lambda what: tell(source.path, what))
            result = verb.add(result, unit, part)
            unit_done(unit, part)
            if result.interrupted:
                break
    except KeyboardInterrupt:
        result.interrupted = True
    return result


def _begun(verb: Verb[Unit, Part, Result], source: Source) -> tuple[Result, Sequence[Unit]]:
    if source.problem is not None:
        return verb.refuse(source, Fault(source.problem)), ()
    try:
        return verb.begin(source)
    except Exception as problem:
        return verb.refuse(source, Fault.of(problem)), ()


def _done(verb: Verb[Unit, Part, Result], source: Source, unit: Unit, tell: Tell) -> Part | Fault:
    try:
        return verb.do(source, unit, tell)
    except Exception as problem:
        return Fault.of(problem, verb.place(source, unit))


def _is_single(verb: Verb[Unit, Part, Result], sources: Sequence[Source]) -> bool:
    """Whether there is nothing to share: no more than one unit of work."""
    return not sources or (len(sources) == 1 and len(_begun(verb, sources[0])[1]) <= 1)


# --- in several processes --------------------------------------------------------------------------------------------


@dataclass
class _File(Generic[Unit, Part, Result]):
    """A file that has been begun, with what is finished of it."""

    result: Result
    units: Sequence[Unit]
    parts: dict[int, Part | Fault] = field(default_factory=dict)


Bundle = tuple[int, tuple[int, ...]]
"""The position of a file, and those of some of its units."""


class _Shared(Generic[Unit, Part, Result]):
    """The work of all files, shared among processes: the longest of what is known first, while more files are looked at."""

    def __init__(
        self,
        verb: Verb[Unit, Part, Result],
        sources: Sequence[Source],
        finish: Callable[[Result], None],
        unit_done: Callable[[Unit, Part | Fault], object],
    ) -> None:
        self.verb = verb
        self.sources = sources
        self.finish = finish
        self.unit_done = unit_done
        self.files: list[_File[Unit, Part, Result]] = []
        self.waiting: list[tuple[float, Bundle]] = []
        """A heap of bundles by minus their cost."""
        self.given: list[Bundle] = []
        """What processes were given, in the order of the calls."""
        self.finished = 0

    def run(self, jobs: int) -> None:
        self._share(self._bundles(), jobs)
        # a process that dies takes the whole bundle with it: each of its units is tried again, alone
        again = [(k, (u,)) for k, file in enumerate(self.files) for u in range(len(file.units)) if u not in file.parts]
        self._share(again, jobs)

    def _share(self, bundles: Iterator[Bundle] | Sequence[Bundle], jobs: int) -> None:
        self.given = []
        setup = (_prepare, (self.verb, list(self.sources)))
        calls = share(_do_bundle, self._drawn(bundles), jobs, setup, self._look_at_next)
        try:
            for position, parts in calls:
                self._take(self.given[position], parts)
        finally:
            # an interruption does not wait for what other processes are at
            calls.close()  # type: ignore[attr-defined]

    def _drawn(self, bundles: Iterator[Bundle] | Sequence[Bundle]) -> Iterator[tuple[int, list[Any]]]:
        for bundle in bundles:
            self.given.append(bundle)
            k, positions = bundle
            yield k, [self.files[k].units[u] for u in positions]

    def _bundles(self) -> Iterator[Bundle]:
        """The longest bundle that is known and not given yet, until there is none."""
        while True:
            while not self.waiting and self._look_at_next():
                pass
            if not self.waiting:
                return
            yield heappop(self.waiting)[1]

    def _look_at_next(self) -> bool:
        """Read one more file, and see what its work is. False where there is none left."""
        k = len(self.files)
        if k == len(self.sources):
            return False
        source = self.sources[k]
        result, units = _begun(self.verb, source)
        self.files.append(_File(result, units))
        for cost, positions in bundled(self._costs(source, units)):
            heappush(self.waiting, (-cost, (k, positions)))
        source.forget()
        self._finish_in_order()
        return True

    def _costs(self, source: Source, units: Sequence[Unit]) -> list[float]:
        try:
            return self.verb.costs(source, units)
        except Exception:
            return [BUNDLE] * len(units)  # the units themselves will say what is wrong

    def _take(self, bundle: Bundle, parts: list[Part | Fault] | None) -> None:
        k, positions = bundle
        file = self.files[k]
        if parts is None and len(positions) > 1:
            return  # to be tried again
        for u, part in zip(positions, [process_died()] if parts is None else parts, strict=True):
            file.parts[u] = part
            self.unit_done(file.units[u], part)
        self._finish_in_order()

    def _finish_in_order(self) -> None:
        while self.finished < len(self.files):
            file = self.files[self.finished]
            if len(file.parts) < len(file.units):
                return
            result = file.result
            for u, unit in enumerate(file.units):
                result = self.verb.add(result, unit, file.parts[u])
            file.parts.clear()
            file.units = ()
            self.finished += 1
            self.finish(result)


def bundled(costs: Sequence[float]) -> Iterator[tuple[float, tuple[int, ...]]]:
    """The units of one file, by position, in bundles with their cost: a dear one is alone, cheap ones come together."""
    cost = 0.0
    bundle: list[int] = []
    for u, own in enumerate(costs):
        if own >= BUNDLE:
            yield own, (u,)
            continue
        cost, bundle = cost + own, [*bundle, u]
        if cost >= BUNDLE:
            yield cost, tuple(bundle)
            cost, bundle = 0.0, []
    if bundle:
        yield cost, tuple(bundle)


_WORK: tuple[Verb[Any, Any, Any], list[Source]]
"""The verb and the files of the run that this process works for."""

_READ: list[int] = []
"""The positions of the files that this process keeps as they are read, the last used at the end."""


def _prepare(verb: Verb[Any, Any, Any], sources: list[Source]) -> None:
    global _WORK
    _WORK = verb, sources


def _do_bundle(k: int, units: list[Any]) -> list[Any]:
    """Some units of one file, in a process of its own."""
    verb, sources = _WORK
    if k in _READ:
        _READ.remove(k)
    _READ.append(k)
    if len(_READ) > KEPT_FILES:
        sources[_READ.pop(0)].forget()
    return [_done(verb, sources[k], unit, lambda what: None) for unit in units]

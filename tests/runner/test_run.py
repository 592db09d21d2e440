"""The one loop: order of the work and of the results, faults of one unit, dead processes, interruptions."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from claws.runner.faults import Fault
from claws.runner.files import Source, read_files
from claws.runner.run import BUNDLE, Run, Tell, Verb, bundled, run
from claws.syntax.diagnostic import Diagnostic, Span

Word = tuple[int, str]


@dataclass
class Words:
    """What came of the words of a file: each that was done, by the time at which it was; what went wrong."""

    path: str
    done: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    interrupted: bool = False


@dataclass(frozen=True)
class Read(Verb[Word, str, Words]):
    """A verb whose units are the words of a file. Some words have an effect."""

    journal: str = ""

    def begin(self, source: Source) -> tuple[Words, Sequence[Word]]:
        if source.text == "bug":
            raise ZeroDivisionError("while reading")
        return Words(source.path), list(enumerate(source.text.split()))

    def costs(self, source: Source, units: Sequence[Word]) -> list[float]:
        return [BUNDLE * len(word) / 10 for _, word in units]

    def place(self, source: Source, unit: Word) -> Span:
        return Span(1, unit[0] + 1, 1, unit[0] + 2)

    def do(self, source: Source, unit: Word, tell: Tell) -> str:
        _, word = unit
        if word == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if word == "sleep":
            time.sleep(60)
        if word == "crash":
            raise ZeroDivisionError("a bug")
        if word == "deep":
            raise RecursionError
        if word == "interrupt":
            raise KeyboardInterrupt
        if self.journal:
            with open(self.journal, "a") as handle:
                handle.write(f"{word}\n")
        tell(word)
        return word

    def add(self, result: Words, unit: Word, part: str | Fault) -> Words:
        if isinstance(part, Fault):
            result.faults.append(part)
        else:
            result.done.append(part)
        return result

    def refuse(self, source: Source, fault: Fault) -> Words:
        return Words(source.path, faults=[fault])


def sources(*texts: str) -> list[Source]:
    return [Source(f"{k}.claw", text) for k, text in enumerate(texts)]


def words(found: Run[Words]) -> list[list[str]]:
    return [f.done for f in found.results]


JOBS = pytest.mark.parametrize("jobs", [1, 2])


@JOBS
def test_results_come_in_the_order_of_the_files(jobs: int) -> None:
    texts = ["a bb ccc", "", "a" * 50, "b a", "c" * 20 + " d"]
    shown: list[str] = []
    found = run(Read(), sources(*texts), jobs, done=lambda result: shown.append(result.path))
    assert words(found) == [text.split() for text in texts]
    assert shown == [f.path for f in found.results] == [f"{k}.claw" for k in range(5)]
    assert not found.interrupted


def test_the_longest_come_first(tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    journal.touch()
    first = "sixteen_letters_ a bb twenty_letters_words"
    run(Read(str(journal)), sources(first, "c dd", "fourteen_words"), 2)
    # while the two processes start, all files are looked at
    begun = journal.read_text().split()
    assert set(begun[:2]) == {"sixteen_letters_", "twenty_letters_words"}
    assert sorted(begun) == sorted(f"{first} c dd fourteen_words".split())


def test_cheap_units_of_a_file_come_together() -> None:
    half = BUNDLE / 2
    assert list(bundled([half, 5 * BUNDLE, half / 2, half, half])) == [
        (5 * BUNDLE, (1,)),
        (2.5 * half, (0, 2, 3)),
        (half, (4,)),
    ]
    assert list(bundled([])) == []


@JOBS
def test_a_unit_that_crashes_costs_itself_alone(jobs: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLAWS_DEBUG", raising=False)
    found = run(Read(), sources("a crash b", "deep", "c"), jobs)
    assert words(found) == [["a", "b"], [], ["c"]]
    (crash,), (deep,), none = (f.faults for f in found.results)
    assert (crash.diagnostic.code, crash.failed, crash.diagnostic.span.column) == ("CLAW090", True, 2)
    assert crash.diagnostic.message == "the checker failed (ZeroDivisionError: a bug)"
    assert (deep.diagnostic.code, deep.failed) == ("CLAW034", False)
    assert none == []


@JOBS
def test_a_file_that_can_not_be_begun_costs_itself_alone(jobs: int, tmp_path: Path) -> None:
    (tmp_path / "a.claw").write_text("a")
    (tmp_path / "b.claw").write_text("bug")
    found = run(Read(), read_files([str(tmp_path), "nowhere.claw"]), jobs)
    assert words(found) == [["a"], [], []]
    assert [[fault.diagnostic.code for fault in f.faults] for f in found.results] == [[], ["CLAW090"], ["CLAW040"]]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal")
def test_a_process_that_dies_costs_one_unit_alone() -> None:
    found = run(Read(), sources("a die b", "c", "d " + "e" * 30), 2)
    assert words(found) == [["a", "b"], ["c"], ["d", "e" * 30]]
    ((fault,), *others) = (f.faults for f in found.results)
    assert (fault.diagnostic.code, fault.failed, fault.died) == ("CLAW090", True, True)
    assert "a process that worked on this file died" in fault.diagnostic.message
    assert others == [[], []]


def test_an_interruption_of_a_unit_keeps_what_was_finished() -> None:
    found = run(Read(), sources("a", "b interrupt c", "d"))
    assert found.interrupted
    assert words(found) == [["a"], ["b"]]
    assert [f.interrupted for f in found.results] == [False, True]


def test_an_interruption_does_not_wait_for_other_processes() -> None:
    def interrupt(result: Words) -> None:
        raise KeyboardInterrupt

    found = run(Read(), sources("a", "sleep"), 2, done=interrupt)
    assert found.interrupted
    assert words(found) == [["a"]]


@JOBS
def test_units_are_told_as_they_are_finished(jobs: int) -> None:
    seen: list[tuple[Word, str | Fault]] = []
    run(Read(), sources("a bb crash", "ccc"), jobs, unit_done=lambda unit, part: seen.append((unit, part)))
    assert sorted(word for (_, word), _ in seen) == ["a", "bb", "ccc", "crash"]
    assert all(part == word for (_, word), part in seen if word != "crash")


def test_what_is_done_is_told_where_someone_looks_on() -> None:
    told: list[tuple[str, str]] = []
    run(Read(), sources("a b"), tell=lambda path, what: told.append((path, what)))
    assert told == [("0.claw", "a"), ("0.claw", "b")]


def test_one_unit_needs_no_process() -> None:
    here: list[int] = []

    @dataclass(frozen=True)
    class Local(Read):
        def do(self, source: Source, unit: Word, tell: Tell) -> str:
            here.append(os.getpid())
            return "done"

    assert words(run(Local(), sources("a"), 8)) == [["done"]]
    assert here == [os.getpid()]
    refused = Source("x.claw", problem=Diagnostic("CLAW040", "no"))
    assert run(Local(), [refused], 8).results[0].faults[0].diagnostic.code == "CLAW040"
    assert run(Local(), [], 8).results == []

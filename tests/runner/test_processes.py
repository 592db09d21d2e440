"""Processes that die take no other result with them."""

from __future__ import annotations

import os
import signal

import pytest

from claws.runner.processes import share


def _square(n: int, bombs: frozenset[int]) -> int:
    if n in bombs:
        os.kill(os.getpid(), signal.SIGKILL)
    return n * n


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal")
@pytest.mark.parametrize("bombs", [(), (0,), (3,), (1, 2)])
def test_every_other_call_has_its_result(bombs: tuple[int, ...]) -> None:
    found = dict(share(_square, [(n, frozenset(bombs)) for n in range(4)], 2))
    assert [found[n] for n in range(4)] == [None if n in bombs else n * n for n in range(4)]


def test_an_error_of_a_call_is_raised() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(share(int, [("1",), ("one",)], 2))


def test_calls_are_drawn_when_there_is_a_process_for_them() -> None:
    drawn = []

    def calls() -> object:
        for n in range(6):
            drawn.append(n)
            yield n, frozenset[int]()

    found = share(_square, calls(), 2)  # type: ignore[arg-type]
    next(found)
    assert len(drawn) <= 3
    assert len(list(found)) == 5


_OFFSET = 0


def _set_up(offset: int) -> None:
    global _OFFSET
    _OFFSET = offset


def _moved(n: int) -> int:
    return n + _OFFSET


def test_each_process_is_set_up_first() -> None:
    assert sorted(share(_moved, [(1,), (2,)], 2, (_set_up, (10,)))) == [(0, 11), (1, 12)]


def test_what_is_left_is_done_while_processes_are_busy() -> None:
    left = iter(range(3))
    done = []

    def idle() -> bool:
        done.append(next(left, None))
        return done[-1] is not None

    assert list(share(_square, [(2, frozenset())], 1, None, idle)) == [(0, 4)]
    assert done[0] == 0

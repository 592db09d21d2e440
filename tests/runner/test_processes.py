"""Processes that die take no other result with them."""

from __future__ import annotations

import os
import signal

import pytest

from claws.runner.processes import in_order


def _square(n: int, bombs: frozenset[int]) -> int:
    if n in bombs:
        os.kill(os.getpid(), signal.SIGKILL)
    return n * n


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no such signal")
@pytest.mark.parametrize("bombs", [(), (0,), (3,), (1, 2)])
def test_every_other_call_has_its_result(bombs: tuple[int, ...]) -> None:
    found = list(in_order(_square, [(n, frozenset(bombs)) for n in range(4)], 2))
    assert found == [None if n in bombs else n * n for n in range(4)]


def test_an_error_of_a_call_is_raised() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(in_order(int, [("1",), ("one",)], 2))

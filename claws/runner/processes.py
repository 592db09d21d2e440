"""Work shared among processes, none of which can take the results of the others with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor

Result = TypeVar("Result")


def in_order(function: Callable[..., Result], calls: Sequence[tuple[Any, ...]], jobs: int) -> Iterator[Result | None]:
    """The result of every call, in their order, from at most `jobs` processes; None where the process of a call died."""
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import active_children

    done = 0
    while done < len(calls):
        with _pool(min(jobs, len(calls) - done)) as pool:
            futures = [pool.submit(function, *call) for call in calls[done:]]
            try:
                for future in futures:
                    result = future.result()
                    done += 1
                    yield result
            except BrokenProcessPool:
                pass
            except (KeyboardInterrupt, GeneratorExit):
                for process in active_children():
                    process.terminate()
                raise
        if done < len(calls):
            # a process died, of which call is not known: this one has a process to itself, the rest a new pool
            done += 1
            yield _alone(function, calls[done - 1])


def _alone(function: Callable[..., Result], call: tuple[Any, ...]) -> Result | None:
    from concurrent.futures.process import BrokenProcessPool

    with _pool(1) as pool:
        try:
            return pool.submit(function, *call).result()
        except BrokenProcessPool:
            return None


def _pool(jobs: int) -> ProcessPoolExecutor:
    import signal
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    # Ctrl-C reaches every process of the terminal; these then end without a word
    quietly = (signal.SIGINT, signal.SIG_DFL)
    return ProcessPoolExecutor(jobs, get_context("spawn"), signal.signal, quietly)

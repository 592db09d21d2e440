"""Work shared among processes, none of which can take the results of the others with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

Result = TypeVar("Result")
Call = tuple[Any, ...]
Setup = tuple[Callable[..., object], tuple[Any, ...]]


def share(
    function: Callable[..., Result],
    calls: Iterable[Call],
    jobs: int,
    setup: Setup | None = None,
    idle: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[int, Result | None]]:
    """The position and the result of every call as it is finished; None where the process of a call died.

    Calls are begun in their order, and drawn when one of at most `jobs` processes is free. Each process runs `setup` first.
    `idle` is called again and again while all processes are busy, until it says that it has nothing left to do. Raises what a
    call raises. When the iterator is closed, or interrupted, the processes end.
    """
    from concurrent.futures import FIRST_COMPLETED, wait
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import active_children

    left = enumerate(calls)
    ended = False
    while not ended:
        begun: dict[int, Call] = {}
        flying: dict[Future[Result], int] = {}
        with _pool(jobs, setup) as pool:
            try:
                while True:
                    while len(begun) < jobs and (one := next(left, None)) is not None:
                        position, begun[position] = one
                        flying[pool.submit(function, *begun[position])] = position
                    if not begun:
                        ended = True
                        break
                    while not any(future.done() for future in flying) and idle():
                        pass
                    for future in wait(flying, return_when=FIRST_COMPLETED).done:
                        result = future.result()
                        position = flying.pop(future)
                        del begun[position]
                        yield position, result
            except BrokenProcessPool:
                pass
            except BaseException:
                # an interruption, an error, or nobody who wants more: no process is waited for
                for process in active_children():
                    process.terminate()
                raise
        # a process died, of which call is not known: each that was begun has a process to itself, the rest a new pool
        for position, call in begun.items():
            yield position, _alone(function, call, setup)


def _alone(function: Callable[..., Result], call: Call, setup: Setup | None) -> Result | None:
    from concurrent.futures.process import BrokenProcessPool

    with _pool(1, setup) as pool:
        try:
            return pool.submit(function, *call).result()
        except BrokenProcessPool:
            return None


def _pool(jobs: int, setup: Setup | None) -> ProcessPoolExecutor:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    return ProcessPoolExecutor(jobs, get_context("spawn"), _start, (setup,))


def _start(setup: Setup | None) -> None:
    import signal

    # Ctrl-C reaches every process of the terminal; these then end without a word
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if setup is not None:
        function, arguments = setup
        function(*arguments)

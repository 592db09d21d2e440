"""`make bench`: what counting costs.

* every case of the published benchmark, and all 1344 linear networks of two to four matrices with widths 2 to 5: seconds in all;
* a two-layer linear network with about D parameters, as a multiple of the rank of a random dense D x D matrix modulo the same
  prime by python-flint;
* large ReLU networks with one hidden layer, up to D = 10^6.
"""

from __future__ import annotations

import itertools
import random
import resource
import sys
import time
from collections.abc import Iterable
from math import isqrt

from claws.readings.modular import PRIMES
from claws.report.sweeps import SweepRow
from claws.runner.options import Options
from claws.runner.sweep import count_at
from claws.syntax.reader import load_text
from tests.claims.published import LINEAR, RELU, linear_net, relu_net

OPTIONS = Options(budget=10**9, timeout=None)


def main(sizes: Iterable[int]) -> int:
    _total("published, linear", [linear_net(w) for w, _ in LINEAR])
    _total("published, ReLU", [relu_net(w) for w, _ in RELU])
    widths = [w for q in (2, 3, 4) for w in itertools.product(range(2, 6), repeat=q + 1)]
    _total("linear, widths 2 to 5", [linear_net(w) for w in widths])
    for size in sizes:
        n = isqrt(size // 2)
        start = time.perf_counter()
        row = _count(linear_net([n, n, n]))
        seconds = time.perf_counter() - start
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        dense = _flint_rank(row.parameters)
        print(
            f"D = {row.parameters}: {row.status}, {row.at_least} laws, {seconds:.2f} s, {memory} MB; "
            f"a dense rank by FLINT {dense:.2f} s, ratio {seconds / dense:.2f}",
            flush=True,
        )
    for large in LARGE:
        _timed(f"ReLU, widths {large}", relu_net(large))
    return 0


LARGE = [(100, 900, 100), (400, 400, 400), (100, 5000, 100), (10, 50_000, 10)]


def _timed(name: str, text: str) -> None:
    start = time.perf_counter()
    row = _count(text)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    seconds = time.perf_counter() - start
    print(f"{name}, D = {row.parameters}: {row.status}, {row.at_least} laws, {seconds:.1f} s, {memory} MB", flush=True)


def _count(text: str) -> SweepRow:
    return count_at(load_text(text), {}, OPTIONS)


def _total(name: str, texts: list[str]) -> None:
    start = time.perf_counter()
    proved = sum(_count(text).status == "PROVED" for text in texts)
    print(f"{name}: {proved} of {len(texts)} proved, {time.perf_counter() - start:.1f} s", flush=True)


def _flint_rank(n: int) -> float:
    from flint import nmod_mat

    p, rng = PRIMES[0], random.Random(0)
    matrix = nmod_mat(n, n, [rng.randrange(p) for _ in range(n * n)], p)
    start = time.perf_counter()
    matrix.rank()
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main([int(x) for x in sys.argv[1:]] or [2000, 4000]))

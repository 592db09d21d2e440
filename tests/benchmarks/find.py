"""`make bench`: what the search for laws costs, beside the same kernel computed plainly by python-flint and by SymPy.

The plain way lists all monomials, takes random integer points and generators, and asks for the kernel of the matrix of
derivatives: the whole of it, modulo a prime by FLINT's `nmod_mat.nullspace`, over the rationals by
SymPy's `Matrix.nullspace`. Each has a minute.
"""

from __future__ import annotations

import math
import multiprocessing
import time
from collections.abc import Callable
from itertools import combinations_with_replacement

import numpy as np

from claws.discovery.ansatz import state_ansatz
from claws.discovery.found import Settings
from claws.discovery.polynomial_search import PolynomialSearch
from claws.discovery.stages import find_laws_of
from claws.kernel.core.errors import Meter
from claws.readings.modular import PRIMES
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text

PATIENCE = 60.0

LINEAR = "dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T\n"
RELU = "dim n, m, r\ninput x: [m]\nparam U: [n, r], V: [m, r], b: [r]\nmap U @ relu(V.T @ x + b)\n"

Sizes = dict[str, int]

CASES: list[tuple[str, str, Sizes, int]] = [
    ("linear", LINEAR, {"n": 1, "m": 1, "r": 4}, 2),
    ("linear", LINEAR, {"n": 5, "m": 5, "r": 10}, 2),
    ("linear", LINEAR, {"n": 50, "m": 50, "r": 10}, 2),
    ("linear", LINEAR, {"n": 3, "m": 2, "r": 4}, 4),
    ("linear", LINEAR, {"n": 5, "m": 5, "r": 5}, 4),
    ("ReLU", RELU, {"n": 5, "m": 4, "r": 10}, 2),
    ("ReLU", RELU, {"n": 10, "m": 9, "r": 50}, 2),
    ("ReLU", RELU, {"n": 2, "m": 2, "r": 4}, 4),
]


def main() -> int:
    for name, text, sizes, degree in CASES:
        spec = load_text(text)
        start = time.perf_counter()
        ansatz = next(state_ansatz(Instance(spec, sizes).model()))
        laws = list(PolynomialSearch(ansatz, PRIMES[0], 0, Meter(10**12)).laws(degree))
        search = time.perf_counter() - start
        start = time.perf_counter()
        found = find_laws_of(spec, Settings(sizes=sizes, degree=degree))
        whole = time.perf_counter() - start
        count = len(ansatz.letters)
        line = (
            f"{name}, D = {count}, degree {degree}: {math.comb(count + degree, degree) - 1} monomials, {len(laws)} laws in "
            f"{search:.2f} s; claws find {whole:.2f} s ({found.independent} independent, {found.missing} missing)"
        )
        if name == "linear":
            shape = sizes["n"], sizes["m"], sizes["r"]
            line += f"; plainly by FLINT {_timed(_flint, shape, degree)}, by SymPy {_timed(_sympy, shape, degree)}"
        print(line, flush=True)
    return 0


# --- the plain way -------------------------------------------------------------------------------------------------------

Shape = tuple[int, int, int]


def _matrix(shape: Shape, degree: int, p: int) -> list[list[int]]:
    """The derivative of every monomial along random generators at random points: a row for each, a few more than monomials."""
    n, m, r = shape
    count = (n + m) * r
    monomials = [x for d in range(1, degree + 1) for x in combinations_with_replacement(range(count), d)]
    random = np.random.default_rng(0)
    rows = []
    for _ in range(len(monomials) + 8):
        u, v, c = (random.integers(-9, 10, s) for s in ((n, r), (m, r), (n, m)))
        x = np.concatenate([u.ravel(), v.ravel()]).tolist()
        speed = np.concatenate([(c @ v).ravel(), (c.T @ u).ravel()]).tolist()
        row = []
        for monomial in monomials:
            total = 0
            for k in range(len(monomial)):
                rest = monomial[:k] + monomial[k + 1 :]
                total += speed[monomial[k]] * math.prod(x[j] for j in rest)
            row.append(total % p if p else total)
        rows.append(row)
    return rows


def _flint(shape: Shape, degree: int) -> int:
    from flint import nmod_mat

    rows = _matrix(shape, degree, PRIMES[0])
    return int(nmod_mat(rows, PRIMES[0]).nullspace()[1])


def _sympy(shape: Shape, degree: int) -> int:
    import sympy

    return len(sympy.Matrix(_matrix(shape, degree, 0)).nullspace())


def _timed(compute: Callable[[Shape, int], int], shape: Shape, degree: int) -> str:
    n, m, r = shape
    entries = math.comb((n + m) * r + degree, degree) ** 2
    if entries > 10**9:
        return f"impossible ({entries:.0e} entries)"
    queue: multiprocessing.Queue[tuple[int, float]] = multiprocessing.Queue()
    process = multiprocessing.Process(target=_into, args=(queue, compute, shape, degree))
    process.start()
    process.join(PATIENCE)
    if process.is_alive():
        process.terminate()
        process.join()
        return f"> {PATIENCE:.0f} s"
    laws, seconds = queue.get()
    return f"{seconds:.2f} s ({laws})"


def _into(
    queue: multiprocessing.Queue[tuple[int, float]], compute: Callable[[Shape, int], int], shape: Shape, degree: int
) -> None:
    start = time.perf_counter()
    laws = compute(shape, degree)
    queue.put((laws, time.perf_counter() - start))


if __name__ == "__main__":
    raise SystemExit(main())

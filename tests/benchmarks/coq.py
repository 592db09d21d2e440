"""What Coq's check of exported files costs, beside the start-up of a file that only loads the library. Needs coqc.

PYTHONPATH=. .venv/bin/python tests/benchmarks/coq.py
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from claws.coq.coqc import check_text, library
from claws.coq.exporter import export
from claws.syntax.reader import load_text

EXAMPLES = Path(__file__).parents[2] / "examples"

LINEAR = (
    "dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T\nlaw balance = U.T @ U - V.T @ V\n"
    "law frobenius = sqnorm(U) - sqnorm(V)\n"
    "law volume = trace((U.T @ U - V.T @ V) @ (U.T @ U - V.T @ V))\n"
    "complete balance for n = 8, m = 8, r = 6\n"
)

START = "From Coq Require Import Reals QArith ZArith List.\nFrom Claws Require Import Claws.\n"

ROUNDS = 3
"""The shortest of so many is taken."""


def seconds(name: str, text: str) -> tuple[float, float]:
    """On the clock, and of the processor."""
    found = []
    for _ in range(ROUNDS):
        start, before = time.perf_counter(), os.times()
        answer = check_text(name, text)
        after = os.times()
        used = after.children_user + after.children_system - before.children_user - before.children_system
        found.append((time.perf_counter() - start, used))
        assert answer.accepted, answer.message
    return min(found)


def main() -> None:
    library()
    start, used = seconds("Start", START)
    print(f"{'start-up':45} {start:6.2f} s ({used:.2f} s of the processor)")
    models = [("two layers", LINEAR, {"n": 8, "m": 8, "r": 6})]
    for name in ("normalisation", "attention", "multi_head_attention"):
        models.append((name, (EXAMPLES / f"{name}.claw").read_text(encoding="utf-8"), {}))
    for name, text, sizes in models:
        for file in export(load_text(text, f"{name}.claw", sizes)).files:
            more, of_processor = seconds(file.name, file.text)
            print(f"{file.name:45} {more - start:6.2f} s more ({of_processor - used:.2f} s)")


if __name__ == "__main__":
    main()

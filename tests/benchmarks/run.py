"""`make bench`: what a check costs, in whole processes, start-up included.

Prints the median time of `claws check` for one small file, as a multiple of that of a Python that only imports
what any such tool needs; and that of all files of examples/. The two commands take turns, so that a busy
machine slows both.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[2]
RUNS = 10
SMALL = """dim n, m, r
param U: [n, r], V: [m, r]
map U @ V.T
law balance = U.T @ U - V.T @ V
"""


def main() -> int:
    check = [sys.executable, "-m", "claws", "check"]
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder, "small.claw")
        small.write_text(SMALL, encoding="utf-8")
        commands = {
            "one small file": [*check, str(small)],
            "python -c 'import argparse, json, lark'": [sys.executable, "-c", "import argparse, json, lark"],
            "examples/": [*check, str(ROOT / "examples")],
        }
        environment = os.environ | {"XDG_CACHE_HOME": folder, "PYTHONPATH": str(ROOT)}
        first = _seconds(commands["one small file"], environment)  # makes the grammar's tables; the next runs find them
        times: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(RUNS):
            for name, command in commands.items():
                times[name].append(_seconds(command, environment))
    for name, seconds in times.items():
        print(f"{1000 * median(seconds):8.1f} ms  {name}")
    print(f"{1000 * first:8.1f} ms  one small file, the first time")
    small_time, base_time, _ = map(median, times.values())
    print(f"{small_time / base_time:8.2f}     one small file / imports alone (median of {RUNS})")
    return 0


def _seconds(command: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - start
    if done.returncode not in (0, 1, 3):  # the verdicts are not the point here; a failure would be
        sys.exit(f"{' '.join(command)} exits with {done.returncode}:\n{done.stdout}{done.stderr}")
    return seconds


if __name__ == "__main__":
    sys.exit(main())

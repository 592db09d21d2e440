"""`python -m claws.kernel CERT...`: re-check certificates with nothing but the kernel.

A certificate carries its statement; it is printed, since what was proved is that and nothing else. Whether it is the
claim of some `.claw` file, `claws verify FILE CERT` tells. What a theorem takes for granted, its premises, is listed below it.
Each certificate is judged with a budget of work and a time;
one that needs more is refused. Exit status: 0 all accepted, 2 a file or an option can't be read, 4 one was refused.
"""

from __future__ import annotations

import argparse
import math
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from claws.kernel.core.errors import Meter, OutOfBudget, Refused, brief
from claws.kernel.format.certificate import MAX_BYTES, digest_of, read_certificate
from claws.kernel.format.printing import statement_lines
from claws.kernel.theorem import Theorem, check

BUDGET = 100_000_000
SECONDS = 300.0

MAX_ENTRIES = 1000
"""Of an array of a point so many entries are printed."""


def theorem_lines(theorem: Theorem) -> Iterator[str]:
    """What a theorem rests on beside the layers: its conditions on sizes, its premises, and the point near which it is."""
    yield from (f"given {condition}" for condition in theorem.conditions)
    yield from (f"premise {p.code}: {p.text}" for p in theorem.premises)
    for leaf in theorem.near:
        shape = "".join(f"[{k}]" for k in leaf.shape)
        shown = " ".join(brief(x) for x in leaf.entries[:MAX_ENTRIES])
        yield f"near {leaf.name}{shape} = {shown}{' ...' if len(leaf.entries) > MAX_ENTRIES else ''}"


def main(words: list[str]) -> int:
    """Judges the certificates that the words of a command line name. Returns the exit status."""
    parser = argparse.ArgumentParser(
        "python -m claws.kernel", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="+", metavar="CERT", help="a certificate")
    parser.add_argument(
        "--budget", type=_steps, default=BUDGET, help=f"elementary steps for each certificate (default: {BUDGET})"
    )
    parser.add_argument(
        "--timeout", type=_seconds, default=SECONDS, help=f"seconds for each; 0: none (default: {SECONDS:g})"
    )
    options = parser.parse_args(words)
    return max(_judge(path, options.budget, options.timeout or None) for path in options.paths)


def _steps(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"expected a number of steps, found {text[:20]!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"expected a number of seconds, found {text[:20]!r}")
    return seconds


def _judge(path: str, budget: int, seconds: float | None) -> int:
    """Reads and judges one certificate, and prints what was found. Returns the exit status for it."""
    try:
        with _ended_after(seconds):
            found = _found(path, Meter(budget, seconds))
    except (OSError, UnicodeError) as problem:
        print(f"{path}: can't be read: {problem}", file=sys.stderr)
        return 2
    except OutOfBudget as refusal:
        found = [f"{path}: REFUSED: {refusal}; --budget and --timeout allow more"]
    except Refused as refusal:
        found = [f"{path}: REFUSED: {refusal}"]
    except (RecursionError, MemoryError):
        found = [f"{path}: REFUSED: too large or nested too deeply"]
    except Exception as problem:
        # a bug of the kernel; what it could not judge, it does not accept
        found = [f"{path}: REFUSED: the kernel failed: {type(problem).__name__}: {problem}"]
    else:
        print("\n".join(found))
        return 0
    print(*found)
    return 4


def _found(path: str, meter: Meter) -> list[str]:
    """What is to be printed of a certificate that is accepted: the statement, the theorem, a hash.

    Raises `Refused` for any other, and where the meter has not enough for the proof and the text of the statement.
    """
    with open(path, encoding="utf-8") as handle:
        text = handle.read(MAX_BYTES + 1)
    certificate = read_certificate(text)
    theorem = check(certificate.statement, certificate.evidence, meter)
    lines = []
    for line in statement_lines(certificate.statement):
        meter.tick(len(line))
        lines.append(line)
    at = f" at {dict(theorem.sizes)}" if theorem.sizes else ""
    under = f", under {', '.join(p.code for p in theorem.premises)}" if theorem.premises else ""
    lines.append(f"{path}: {theorem.verdict} by {theorem.method}{at}{under}, {', '.join(theorem.trust)}")
    return [*lines, *(f"  {line}" for line in theorem_lines(theorem)), f"  statement {digest_of(text)}"]


@contextmanager
def _ended_after(seconds: float | None) -> Iterator[None]:
    """Raises `OutOfBudget` inside after so many seconds, also where no meter counts, on systems that have such timers."""

    def end(*_: object) -> NoReturn:
        raise OutOfBudget("the time allowed is used up")

    if seconds is None or not hasattr(signal, "setitimer"):
        yield
        return
    before = signal.signal(signal.SIGALRM, end)
    # again and again, since Python passes over what is raised in some places
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

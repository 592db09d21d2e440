"""The fuzzers from the command line: `python -m tests.fuzz laws 50000 --seed 3 -j 2`.

Exit status: 0 if nothing is wrong, 1 if something is, 2 for a wrong command line.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial

from tests.fuzz import certificates, counts, laws
from tests.fuzz.constructs import ALL, DYNAMICS
from tests.fuzz.harness import Case, Outcome, run, summary

FUZZERS: dict[str, Case] = {
    "laws": laws.case,
    "flows": partial(laws.case, flows=True),
    "counts": counts.case,
    "certificates": certificates.case,
}

WANTED = {"laws": ALL, "flows": DYNAMICS}
"""Constructs that no long run of a fuzzer should miss."""

SHARES = {"laws": 1.0, "flows": 0.1, "counts": 0.02, "certificates": 1.0}
"""How many claims each fuzzer decides of the N that all are given."""

SUSPECTS = 3
"""Examples of each kind of what is only suspicious, with --verbose."""

SHOWN = 20
"""Findings that are shown of each run."""


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    result = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Random claims, checked by other means.")
    result.add_argument("fuzzer", choices=[*FUZZERS, "all"])
    result.add_argument("number", type=int, help="claims to decide; of `all`, shares of it: 1, 1/10, 1/50 and 1")
    result.add_argument("--seed", type=int, default=0)
    result.add_argument("--start", type=int, default=0, metavar="CASE", help="go on from this case")
    result.add_argument("-j", "--jobs", type=int, default=1)
    result.add_argument("--seconds", type=float, help="stop each fuzzer after so long")
    result.add_argument("-v", "--verbose", action="store_true", help="how often each construct was seen; progress")
    return result


def fuzz(name: str, number: int, arguments: argparse.Namespace) -> Outcome:
    """Run one fuzzer, and say what it found."""
    begun = time.monotonic()
    told, reported = 0.0, 0

    def tell(outcome: Outcome, case: int) -> None:
        """Findings as they come, as a long run may be cut off, and how far it is."""
        nonlocal told, reported
        for finding in outcome.findings[reported:]:
            print(finding.report(name), file=sys.stderr, flush=True)
        reported = len(outcome.findings)
        if arguments.verbose and time.monotonic() - told > 60:
            told = time.monotonic()
            print(
                f"{name}: {outcome.size} of {number} claims, {reported} findings, case {case}",
                file=sys.stderr,
                flush=True,
            )

    found, following = run(
        FUZZERS[name], number, arguments.seed, arguments.start, arguments.jobs, arguments.seconds, tell
    )
    print(summary(name, found, arguments.seed, arguments.start, following, time.monotonic() - begun))
    if arguments.verbose:
        seen = ", ".join(f"{k} {found.constructs[k]}" for k in sorted(found.constructs))
        print(f"  decided claims by construct: {seen}")
    missing = [k for k in WANTED.get(name, ()) if not found.constructs[k]]
    if missing:
        print(f"  never seen in a decided claim: {', '.join(missing)}")
    for finding in found.findings[:SHOWN]:
        print("\n" + finding.report(name))
    if arguments.verbose:
        shown: Counter[str] = Counter()
        for suspect in found.suspects:
            shown[suspect.kind] += 1
            if shown[suspect.kind] <= SUSPECTS:
                print("\n" + suspect.report(name).replace("FINDING", "suspect", 1))
    sys.stdout.flush()
    return found


def main(argv: Sequence[str] | None = None) -> int:
    arguments = parser().parse_args(argv)
    names = list(FUZZERS) if arguments.fuzzer == "all" else [arguments.fuzzer]
    shares = SHARES if arguments.fuzzer == "all" else dict.fromkeys(names, 1.0)
    found = [fuzz(name, max(1, round(arguments.number * shares[name])), arguments) for name in names]
    return 1 if any(x.findings for x in found) else 0


if __name__ == "__main__":
    sys.exit(main())

"""`python -m claws.kernel CERT...`: re-check certificates with nothing but the kernel.

A certificate carries its statement; it is printed, since what was proved is that and nothing else. Whether it is the
claim of some `.claw` file, `claws verify FILE CERT` tells. Exit status: 0 all accepted, 2 a file can't be read, 4 one was
refused.
"""

from __future__ import annotations

import sys

from claws.kernel.core.errors import Meter, Refused
from claws.kernel.format.certificate import MAX_BYTES, digest_of, read_certificate
from claws.kernel.format.printing import render_statement
from claws.kernel.theorem import check

BUDGET = 100_000_000


def main(paths: list[str]) -> int:
    if not paths or paths[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if paths else 2
    status = 0
    for path in paths:
        try:
            with open(path, encoding="utf-8") as handle:
                text = handle.read(MAX_BYTES + 1)
        except (OSError, ValueError) as problem:
            print(f"{path}: can't be read: {problem}", file=sys.stderr)
            status = max(status, 2)
            continue
        try:
            certificate = read_certificate(text)
            theorem = check(certificate.statement, certificate.evidence, Meter(BUDGET))
        except Refused as refusal:
            print(f"{path}: REFUSED: {refusal}")
            status = 4
            continue
        except (RecursionError, MemoryError):
            print(f"{path}: REFUSED: too large or nested too deeply")
            status = 4
            continue
        except Exception as problem:
            # a bug of the kernel; what it could not judge, it does not accept
            print(f"{path}: REFUSED: the kernel failed: {type(problem).__name__}: {problem}")
            status = 4
            continue
        print(render_statement(certificate.statement))
        at = f" at {dict(theorem.sizes)}" if theorem.sizes else ""
        print(f"{path}: {theorem.verdict} by {theorem.method}{at}, {', '.join(theorem.trust)}")
        print(f"  statement {digest_of(text)}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""`claws explain`: what an error code means, with an example, or the code of a premise."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claws.kernel.core.finding import Premise

EPILOG = ""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "code",
        nargs="?",
        metavar="CODE",
        help="such as CLAW021, or not-constant for a premise; without it, all codes are listed",
    )


def run(arguments: argparse.Namespace) -> int:
    from claws.report.codes import CODES
    from claws.report.premises import PREMISES

    if arguments.code is None:
        for code in CODES.values():
            print(f"{code.code}  {code.title}")
        for premise in PREMISES.values():
            print(f"{premise.code}  a premise that verdicts may rest on")
        return 0
    if arguments.code.lower() in PREMISES:
        print(_explained(PREMISES[arguments.code.lower()]))
        return 0
    name = arguments.code.upper()
    if name not in CODES:
        from claws.syntax.diagnostic import nearest

        near = nearest(name, CODES) or nearest(arguments.code.lower(), PREMISES)
        print(f"claws: no code {arguments.code}" + (f"; did you mean {near}?" if near else ""), file=sys.stderr)
        print("`claws explain` lists all codes", file=sys.stderr)
        return 2
    code = CODES[name]
    print(f"{code.code}: {code.title}\n\n{code.explanation}")
    if code.example:
        print("\nfor example:\n\n" + "\n".join(f"    {line}" for line in code.example.rstrip("\n").split("\n")))
    return 0


def _explained(premise: Premise) -> str:
    """What a premise says, who uses it, and what one can do about it."""
    return (
        f"{premise.code}: a premise of theorems of the kernel's layer {premise.layer}\n\n{premise.text}\n\n"
        "A verdict that rests on it says so, and says nothing where it is false. `claws check --unconditional` takes such a\n"
        "verdict for UNKNOWN."
    )

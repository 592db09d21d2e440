"""`claws explain`: what an error code means, with an example."""

from __future__ import annotations

import argparse
import sys

EPILOG = ""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("code", nargs="?", metavar="CODE", help="such as CLAW021; without it, all codes are listed")


def run(arguments: argparse.Namespace) -> int:
    from claws.report.codes import CODES

    if arguments.code is None:
        for code in CODES.values():
            print(f"{code.code}  {code.title}")
        return 0
    name = arguments.code.upper()
    if name not in CODES:
        from claws.syntax.diagnostic import nearest

        near = nearest(name, CODES)
        print(f"claws: no code {arguments.code}" + (f"; did you mean {near}?" if near else ""), file=sys.stderr)
        print("`claws explain` lists all codes", file=sys.stderr)
        return 2
    code = CODES[name]
    print(f"{code.code}: {code.title}\n\n{code.explanation}")
    if code.example:
        print("\nfor example:\n\n" + "\n".join(f"    {line}" for line in code.example.rstrip("\n").split("\n")))
    return 0

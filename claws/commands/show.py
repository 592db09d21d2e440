"""`claws show`: the model, the gradients and the residues in readable mathematics."""

from __future__ import annotations

import argparse
import sys

from claws.commands import options as shared
from claws.report.formats import SHOWN, Shown, Style

EPILOG = ""


def configure(parser: argparse.ArgumentParser) -> None:
    shared.add_file(parser)
    parser.add_argument("laws", nargs="*", metavar="LAW", help="the laws to show (default: all)")
    shared.add_sizes(parser)
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--latex", action="store_true", help="as LaTeX, entry by entry, at fixed sizes")
    form.add_argument("--sympy", action="store_true", help="as SymPy expressions, entry by entry, at fixed sizes")
    form.add_argument("--program", action="store_true", help="the program as the kernel sees it")


def run(arguments: argparse.Namespace) -> int:
    from claws.commands.output import loaded, print_errors
    from claws.syntax.diagnostic import SourceError

    spec = loaded(arguments.file, arguments.sizes)
    if spec is None:
        return 2
    form = next((f for f in SHOWN if getattr(arguments, f, False)), "text")
    try:
        sys.stdout.write(SHOWN[form].text((), Shown(spec, arguments.laws), Style()))
        return 0
    except SourceError as found:
        print_errors(spec.path, spec.text, [found.diagnostic], sys.stdout)
        return 2

"""`claws fmt`: put .claw files into canonical form."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from claws.commands import options as shared

if TYPE_CHECKING:
    from claws.runner.files import Source

EPILOG = ""


def configure(parser: argparse.ArgumentParser) -> None:
    shared.add_paths(parser)
    parser.add_argument(
        "--check", action="store_true", help="change nothing; exit with 1 if a file is not in canonical form"
    )


def run(arguments: argparse.Namespace) -> int:
    from claws.runner.files import NoText, read_inputs

    try:
        sources = read_inputs(arguments.paths, "-")
    except NoText as problem:
        print(problem, file=sys.stderr)
        return 2
    return max((_format(source, arguments.check) for source in sources), default=0)


def _format(source: Source, check: bool) -> int:
    """Rewrite one file, or with `check` say that it should be; the exit status. Standard input is written to standard output."""
    from claws.commands.output import print_errors
    from claws.syntax.parser import parse_source
    from claws.syntax.printer import print_file
    from claws.syntax.source import write_whole

    file, errors = parse_source(source.text)
    errors = [source.problem] if source.problem is not None else errors
    if errors:
        print_errors(source.path, source.text, errors, sys.stderr)
        return 2
    new = print_file(file)
    if source.path == "-" and not check:
        sys.stdout.write(new)
    elif new != source.text and check:
        print(f"{source.path}: not in canonical form")
        return 1
    elif new != source.text:
        try:
            write_whole(source.path, new)
        except OSError as failure:
            print(f"claws: {source.path} can't be written: {failure.strerror}", file=sys.stderr)
            return 2
        print(f"{source.path}: rewritten")
    return 0

"""`claws sweep`: count the conservation laws of a model at many sizes."""

from __future__ import annotations

import argparse
import sys

from claws.commands import options as shared
from claws.commands.count import add_table, counted

EPILOG = shared.COUNT_STATUSES


def configure(parser: argparse.ArgumentParser) -> None:
    shared.add_file(parser, standard_input=True)
    parser.add_argument(
        "--over", required=True, type=over, metavar="RANGES", help="sizes to run over, such as n=1..6,m=1..6,r=2"
    )
    shared.add_sizes(parser)
    add_table(parser)
    shared.add_jobs(parser)
    parser.add_argument(
        "--save",
        metavar="CSV",
        help="add each row to this file when it is finished; what is there already is not done again",
    )
    parser.add_argument(
        "--formula",
        action="store_true",
        help="look for a formula in the dims that agrees with every proved size: a conjecture",
    )


def over(text: str) -> dict[str, list[int]]:
    from claws.runner.sweep import parse_over

    try:
        return parse_over(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem


def run(arguments: argparse.Namespace) -> int:
    from claws.runner.sweep import all_sizes

    ranges = {**arguments.over, **{d: [n] for d, n in arguments.sizes}}
    try:
        sizes = all_sizes(ranges)
    except ValueError as problem:
        print(f"claws: {problem}", file=sys.stderr)
        return 2
    return counted(arguments, sizes, tuple(ranges), arguments.jobs, arguments.save or None, arguments.formula)

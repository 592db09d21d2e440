"""`claws check`: decide the claims of files and folders."""

from __future__ import annotations

import argparse
import os
import sys

from claws.commands import options as shared
from claws.report.formats import REPORT, Style

EPILOG = shared.EXIT_STATUSES


def configure(parser: argparse.ArgumentParser) -> None:
    shared.add_paths(parser)
    shared.add_sizes(parser)
    shared.add_format(parser, REPORT)
    parser.add_argument("-v", "--verbose", action="store_true", help="show how each claim was decided")
    parser.add_argument("--certificates", metavar="DIR", help="write a certificate for each verdict to this folder")
    shared.add_seed(parser, "for the search of counter-examples")
    shared.add_work(parser)
    shared.add_jobs(parser)
    shared.add_pure(parser)
    shared.add_unconditional(parser)
    parser.add_argument(
        "--coq",
        action="store_true",
        help="let Coq check what can be exported to it, too; needs coqc (see `claws export`)",
    )


def run(arguments: argparse.Namespace) -> int:
    from claws.commands.output import has_color
    from claws.runner.check import check_sources
    from claws.runner.files import NoText, read_inputs
    from claws.runner.options import Options

    options = Options(
        sizes=dict(arguments.sizes),
        seed=arguments.seed,
        budget=arguments.budget,
        timeout=arguments.timeout or None,
        certificates=arguments.certificates,
        jobs=arguments.jobs,
        pure=arguments.pure,
        unconditional=arguments.unconditional,
        coq=arguments.coq,
    )
    if arguments.certificates is not None:
        try:
            os.makedirs(arguments.certificates, exist_ok=True)
        except OSError as problem:
            print(f"claws: the folder for certificates can't be made: {problem.strerror}", file=sys.stderr)
            return 2
    try:
        sources = read_inputs(arguments.paths)
    except NoText as problem:
        print(problem, file=sys.stderr)
        return 2
    report = check_sources(sources, options)
    style = Style(has_color(), arguments.verbose)
    sys.stdout.write(REPORT[arguments.format].text(report.files, report, style))
    if report.interrupted:
        print("interrupted: what was finished is above", file=sys.stderr)
    return report.exit_status()

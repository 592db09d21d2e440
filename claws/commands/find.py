"""`claws find`: the laws of a model, proved, and how many are missing."""

from __future__ import annotations

import argparse
import sys

from claws.commands import options as shared
from claws.discovery.found import Settings
from claws.report.formats import FINDINGS, Found, Style

EPILOG = """exit status:
  0    all laws were found: there is no other
  2    a file or the command line is wrong
  3    some law may be missing
  4    the search failed, or the file that it wrote is not accepted
  130  interrupted; what was found until then is printed"""


def configure(parser: argparse.ArgumentParser) -> None:
    shared.add_paths(parser)
    shared.add_sizes(parser)
    parser.add_argument("--degree", type=degree, default=2, metavar="K", help="the degree of polynomials (default: 2)")
    parser.add_argument("--basis", action="append", default=[], metavar="EXPR", help="a function that laws may be made of, "
                        "in the names of the file, as in --basis 'log(U)'; may be given several times")  # fmt: skip
    parser.add_argument(
        "--complete",
        action="store_true",
        help="raise the degree until no law is missing, or the next takes too much work",
    )
    parser.add_argument(
        "--symmetries",
        action="store_true",
        help="list linear symmetries that give no law, too; in JSON, those of laws as well",
    )
    parser.add_argument("-o", "--output", metavar="PATH", help="write the model with these laws as claims to this file")
    shared.add_format(parser, FINDINGS, "how to print the laws; latex and sympy at fixed sizes")
    parser.add_argument("-v", "--verbose", action="store_true", help="say what was left out, and why")
    shared.add_seed(parser, "for random points")
    parser.add_argument("--budget", type=shared.positive, default=100_000_000,
                        help="work allowed for each file, in elementary steps (default: 100000000)")  # fmt: skip
    parser.add_argument("--timeout", type=shared.seconds, default=300.0,
                        help="seconds allowed for each file, as a backstop; 0: none (default: 300)")  # fmt: skip
    shared.add_jobs(parser)


def degree(text: str) -> int:
    n = shared.natural(text)
    if not 1 <= n <= 12:
        raise argparse.ArgumentTypeError(f"{text!r} is not a degree from 1 to 12")
    return n


def run(arguments: argparse.Namespace) -> int:
    from claws.commands.output import has_color, stages
    from claws.report.findings import exit_status
    from claws.report.results import Exit
    from claws.runner.files import NoText, read_inputs
    from claws.runner.find import checked_file, find_in_sources
    from claws.syntax.source import write_whole

    settings = Settings(
        dict(arguments.sizes), arguments.degree, tuple(arguments.basis), arguments.complete, arguments.symmetries,
        arguments.seed, arguments.budget, arguments.timeout or None,
    )  # fmt: skip
    try:
        sources = read_inputs(arguments.paths)
    except NoText as problem:
        print(problem, file=sys.stderr)
        return 2
    if arguments.output is not None and len(sources) != 1:
        print("claws: -o takes the laws of one file", file=sys.stderr)
        return 2
    with stages() as tell:
        found = find_in_sources(sources, settings, arguments.jobs, tell)
    status = Exit.INTERRUPTED if found.interrupted else exit_status(found.results)
    style = Style(has_color(), arguments.verbose)
    sys.stdout.write(FINDINGS[arguments.format].text(found.results, Found(found.results, settings), style))
    if arguments.output is not None and found.results and not any(f.errors for f in found.results):
        text, refusal = checked_file(found.results[0], settings, arguments.output)
        try:
            write_whole(arguments.output, text)
        except OSError as failure:
            print(f"claws: {arguments.output} can't be written: {failure.strerror}", file=sys.stderr)
            return 2
        if refusal:
            print(f"claws: `claws check` does not accept {arguments.output}:\n{refusal}", file=sys.stderr)
            return 4
    if status == Exit.INTERRUPTED:
        print("interrupted: what was found until then is above", file=sys.stderr)
    return status

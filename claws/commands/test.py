"""`claws test`: try every law by random examples and by training, as a second opinion."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from claws.commands import options as shared
from claws.report.formats import TESTS, Style

if TYPE_CHECKING:
    from claws.report.trials import FileTrials

EPILOG = """exit status:
  0    every law holds, or fails where that is expected
  1    a law fails that should hold, or holds that should fail
  2    a file or the command line is wrong, or there was nothing to test
  3    only laws that could not be tried stand in the way
  4    a test contradicts a verdict of `claws check`: a bug of claws
  130  interrupted
The worst of several wins, in the order 4, 2, 1, 3, 0."""


def configure(parser: argparse.ArgumentParser) -> None:
    shared.add_paths(parser, standard_input=False)
    shared.add_sizes(parser)
    parser.add_argument("--law", action="append", default=[], metavar="LAW", dest="laws", help="only this law")
    shared.add_seed(parser, "for everything random")
    parser.add_argument(
        "--examples",
        type=shared.positive,
        default=None,
        metavar="N",
        help="examples for each law (default: the profile's)",
    )
    parser.add_argument(
        "--profile", metavar="NAME", help="hypothesis's settings profile, such as ci (default: its own choice)"
    )
    shared.add_format(parser, TESTS)
    parser.add_argument("-v", "--verbose", action="store_true", help="show every flow, and what steps of descent do")
    parser.add_argument(
        "-j", "--jobs", type=shared.positive, default=None, help="processes (default: one for each processor)"
    )
    parser.add_argument(
        "--bundle", metavar="DIR", default=".", help="where to write what shows a bug of claws (default: .)"
    )
    shared.add_work(parser)


def run(arguments: argparse.Namespace) -> int:
    # hypothesis keeps what it works out in .hypothesis of the current folder, where a command should leave nothing
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(home, "claws", "hypothesis"))
    import hypothesis

    from claws.commands.output import has_color
    from claws.report.results import Exit
    from claws.runner.files import read_files
    from claws.runner.options import Options
    from claws.testing.laws import Plan
    from claws.testing.run import run_tests

    options = Options(
        dict(arguments.sizes), arguments.seed, budget=arguments.budget, timeout=arguments.timeout or None,
        jobs=arguments.jobs or os.cpu_count() or 1,
    )  # fmt: skip
    plan = Plan(arguments.seed, arguments.examples, tuple(arguments.laws), arguments.profile or "")
    try:
        plan.load_profile()
    except hypothesis.errors.InvalidArgument:
        print(f"claws: hypothesis has no profile `{plan.profile}`; it has default and ci", file=sys.stderr)
        return Exit.WRONG
    form, style = TESTS[arguments.format], Style(has_color(), arguments.verbose)

    def show(found: FileTrials) -> None:
        sys.stdout.write(form.each(found, style))
        sys.stdout.flush()

    report, interrupted = run_tests(read_files(arguments.paths), options, plan, arguments.bundle, show)
    sys.stdout.write(form.end(report, style))
    if interrupted:
        print("interrupted: what was finished is above", file=sys.stderr)
        return Exit.INTERRUPTED
    return report.exit_status()

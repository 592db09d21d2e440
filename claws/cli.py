"""The command line: `claws check`, `find`, `test`, `flow`, `count`, `sweep`, `verify`, `fmt`, `show`, `export`, `explain`.

Nothing heavy is imported before a command needs it.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

from claws import __version__

if TYPE_CHECKING:
    from claws.runner.sweep import Row
    from claws.syntax.diagnostic import Diagnostic
    from claws.syntax.spec import Spec

EXIT_STATUSES = """exit status:
  0    every claim holds
  1    a claim does not hold: refuted, or not the verdict that the file expects
  2    a file or the command line is wrong, or there was nothing to check
  3    only undecided claims stand in the way
  4    the checker failed, or the kernel turned a certificate down
  130  interrupted
The worst of several wins, in the order 4, 2, 1, 3, 0."""

EXPORT_STATUSES = """exit status:
  0    every claim is exported (with --build: and coqc accepts it)
  2    the file or the command line is wrong, a file can't be written, or --build finds no coqc
  3    a claim can't be exported, or coqc gave no answer in time
  4    coqc does not accept an exported file
  130  interrupted
The worst of several wins, in the order 4, 2, 3, 0."""

COUNT_STATUSES = """exit status:
  0    every number is proved
  2    the file or the command line is wrong
  3    some number is only bounded
  130  interrupted"""


FIND_STATUSES = """exit status:
  0    all laws were found: there is no other
  2    a file or the command line is wrong
  3    some law may be missing
  4    the search failed, or the file that it wrote is not accepted
  130  interrupted; what was found until then is printed"""

FLOW_STATUSES = """exit status:
  0    the run was made
  2    the file, the data or the command line is wrong, or a file can't be written
  130  interrupted"""

TEST_STATUSES = """exit status:
  0    every law holds, or fails where that is expected
  1    a law fails that should hold, or holds that should fail
  2    a file or the command line is wrong, or there was nothing to test
  3    only laws that could not be tried stand in the way
  4    a test contradicts a verdict of `claws check`: a bug of claws
  130  interrupted
The worst of several wins, in the order 4, 2, 1, 3, 0."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    arguments = _parser().parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        # a terminal that lacks a character is no reason to fail
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")
    try:
        status = int(arguments.run(arguments))
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # the reader went away, as `| head` does; keep Python from complaining again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 130
    except Exception as problem:
        from claws.runner.driver import internal_error

        _print_errors("claws", "", [internal_error(problem)], sys.stderr)
        return 4


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="claws",
        description="Machine-checked conservation laws of neural-network training.",
        epilog=EXIT_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"claws {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, text: str, run: object, epilog: str = "") -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name, help=text, description=text, epilog=epilog, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        sub.set_defaults(run=run)
        return sub

    check = command("check", "check the claims of .claw files", _check, EXIT_STATUSES)
    check.add_argument(
        "paths", nargs="+", metavar="FILE", help="a .claw file, or a folder of them; - reads standard input"
    )
    _sizes_option(check)
    check.add_argument(
        "--format", choices=("text", "json"), default="text", help="how to print results (default: text)"
    )
    check.add_argument("-v", "--verbose", action="store_true", help="show how each claim was decided")
    check.add_argument("--certificates", metavar="DIR", help="write a certificate for each verdict to this folder")
    check.add_argument("--seed", type=_natural, default=0, help="for the search of counter-examples (default: 0)")
    _work_options(check)
    check.add_argument("-j", "--jobs", type=_positive, default=1, help="processes (default: 1)")

    _pure_option(check)
    check.add_argument(
        "--coq",
        action="store_true",
        help="let Coq check what can be exported to it, too; needs coqc (see `claws export`)",
    )

    find = command("find", "find the conservation laws of a model, and prove them", _find, FIND_STATUSES)
    find.add_argument(
        "paths", nargs="+", metavar="FILE", help="a .claw file, or a folder of them; - reads standard input"
    )
    _sizes_option(find)
    find.add_argument("--degree", type=_degree, default=2, metavar="K", help="the degree of polynomials (default: 2)")
    find.add_argument("--basis", action="append", default=[], metavar="EXPR", help="a function that laws may be made of, "
                      "in the names of the file, as in --basis 'log(U)'; may be given several times")  # fmt: skip
    find.add_argument(
        "--complete",
        action="store_true",
        help="raise the degree until no law is missing, or the next takes too much work",
    )
    find.add_argument(
        "--symmetries",
        action="store_true",
        help="list linear symmetries that give no law, too; in JSON, those of laws as well",
    )
    find.add_argument("-o", "--output", metavar="PATH", help="write the model with these laws as claims to this file")
    find.add_argument("--format", choices=("text", "claw", "latex", "sympy", "json"), default="text",
                      help="how to print the laws; latex and sympy at fixed sizes (default: text)")  # fmt: skip
    find.add_argument("-v", "--verbose", action="store_true", help="say what was left out, and why")
    find.add_argument("--seed", type=_natural, default=0, help="for random points (default: 0)")
    find.add_argument("--budget", type=_positive, default=100_000_000,
                      help="work allowed for each file, in elementary steps (default: 100000000)")  # fmt: skip
    find.add_argument("--timeout", type=_seconds, default=300.0,
                      help="seconds allowed for each file, as a backstop; 0: none (default: 300)")  # fmt: skip

    test = command(
        "test", "test laws by random examples and by training: a second opinion, no proof", _test, TEST_STATUSES
    )
    test.add_argument("paths", nargs="+", metavar="FILE", help="a .claw file, or a folder of them")
    _sizes_option(test)
    test.add_argument("--law", action="append", default=[], metavar="LAW", dest="laws", help="only this law")
    test.add_argument("--seed", type=_natural, default=0, help="for everything random (default: 0)")
    test.add_argument(
        "--examples", type=_positive, default=None, metavar="N", help="examples for each law (default: the profile's)"
    )
    test.add_argument(
        "--profile", metavar="NAME", help="hypothesis's settings profile, such as ci (default: its own choice)"
    )
    test.add_argument("--format", choices=("text", "json"), default="text", help="how to print results (default: text)")
    test.add_argument("-v", "--verbose", action="store_true", help="show every flow, and what steps of descent do")
    test.add_argument("-j", "--jobs", type=_positive, default=None, help="processes (default: one for each processor)")
    test.add_argument(
        "--bundle", metavar="DIR", default=".", help="where to write what shows a bug of claws (default: .)"
    )
    _work_options(test)

    flow = command("flow", "train a model and draw how far each law drifts", _flow, FLOW_STATUSES)
    flow.add_argument("file", metavar="FILE", help="the .claw file")
    _sizes_option(flow)
    flow.add_argument("-o", "--output", action="append", default=[], metavar="PATH", dest="outputs",
                      help="write the run here: .png, .svg or .pdf (a figure), or .csv; may be given several times")  # fmt: skip
    flow.add_argument(
        "--data", metavar="PATH", help="inputs, constants and targets: .npz, or .csv with a header x[0],x[1],target"
    )
    flow.add_argument(
        "--loss", default="square", metavar="NAME", help="square, logistic, softplus or pseudo-Huber (default: square)"
    )
    flow.add_argument(
        "--duration", type=_length, default=5.0, metavar="T", help="how long to train, in the flow's time (default: 5)"
    )
    flow.add_argument(
        "--step",
        type=_length,
        default=0.02,
        metavar="ETA",
        help="the step of gradient descent; half of it is run too (default: 0.02)",
    )
    flow.add_argument(
        "--scale", type=_length, default=0.5, help="the standard deviation of initial parameters (default: 0.5)"
    )
    flow.add_argument(
        "--samples", type=_positive, default=16, metavar="N", help="random samples, without --data (default: 16)"
    )
    flow.add_argument("--points", type=_points, default=101, metavar="N", help="times that are kept (default: 101)")
    flow.add_argument("--seed", type=_natural, default=0, help="for parameters and data (default: 0)")

    count = command("count", "count the conservation laws of a model at fixed sizes", _count, COUNT_STATUSES)
    count.add_argument("file", metavar="FILE", help="the .claw file; - reads standard input")
    _sizes_option(count)
    _table_options(count)

    sweep = command("sweep", "count the conservation laws of a model at many sizes", _sweep, COUNT_STATUSES)
    sweep.add_argument("file", metavar="FILE", help="the .claw file; - reads standard input")
    sweep.add_argument(
        "--over", required=True, type=_over, metavar="RANGES", help="sizes to run over, such as n=1..6,m=1..6,r=2"
    )
    _sizes_option(sweep)
    _table_options(sweep)
    sweep.add_argument("-j", "--jobs", type=_positive, default=1, help="processes (default: 1)")
    sweep.add_argument(
        "--save",
        metavar="CSV",
        help="add each row to this file when it is finished; what is there already is not done again",
    )
    sweep.add_argument(
        "--formula",
        action="store_true",
        help="look for a formula in the dims that agrees with every proved size: a conjecture",
    )

    verify = command("verify", "re-check certificates against the claims of a file, without the prover", _verify)
    verify.add_argument("file", metavar="FILE", help="the .claw file")
    verify.add_argument(
        "certificates", nargs="+", metavar="CERT", help="certificates that `check --certificates` wrote"
    )
    _sizes_option(verify)
    _work_options(verify)
    _pure_option(verify)

    fmt = command("fmt", "put .claw files into canonical form", _fmt)
    fmt.add_argument(
        "paths", nargs="+", metavar="FILE", help="a .claw file, or a folder of them; - reads standard input"
    )
    fmt.add_argument(
        "--check", action="store_true", help="change nothing; exit with 1 if a file is not in canonical form"
    )

    show = command("show", "show the model, the gradients and the residues in readable mathematics", _show)
    show.add_argument("file", metavar="FILE", help="the .claw file")
    show.add_argument("laws", nargs="*", metavar="LAW", help="the laws to show (default: all)")
    _sizes_option(show)
    form = show.add_mutually_exclusive_group()
    form.add_argument("--latex", action="store_true", help="as LaTeX, entry by entry, at fixed sizes")
    form.add_argument("--sympy", action="store_true", help="as SymPy expressions, entry by entry, at fixed sizes")
    form.add_argument("--program", action="store_true", help="the program as the kernel sees it")

    gallery = command("gallery", "make an index page of a folder of models, with what is proved of each", _gallery)
    gallery.add_argument("folder", metavar="FOLDER", help="the folder; each folder in it is a family")
    gallery.add_argument("-o", "--output", metavar="FILE", help="where to write the page (default: FOLDER/README.md)")
    gallery.add_argument("--check", action="store_true", help="write nothing: is the page up to date, but for times?")
    gallery.add_argument("-j", "--jobs", type=_positive, default=1, metavar="N", help="processes (default: 1)")

    export = command(
        "export", "export claims to Coq: statements to read, proofs that coqc checks", _export, EXPORT_STATUSES
    )
    export.add_argument("prover", choices=("coq",), help="the proof assistant")
    export.add_argument("file", metavar="FILE", help="the .claw file")
    _sizes_option(export)
    export.add_argument("-o", "--output", metavar="DIR", default="coq", help="the folder to write to (default: coq)")
    export.add_argument("--build", action="store_true", help="compile the library and let coqc check what is exported")
    export.add_argument("--seed", type=_natural, default=0, help="for the search of points (default: 0)")
    _work_options(export)

    explain = command("explain", "explain an error code", _explain)
    explain.add_argument("code", nargs="?", metavar="CODE", help="such as CLAW021; without it, all codes are listed")
    return parser


def _table_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--format", choices=("text", "csv", "json"), default="text", help="how to print the table (default: text)"
    )
    parser.add_argument("--seed", type=_natural, default=0, help="for the random point (default: 0)")
    _work_options(parser)
    _pure_option(parser)


def _pure_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pure", action="store_true", help="let the kernel compute large ranks by itself, too, without NumPy: slow"
    )


def _over(text: str) -> dict[str, list[int]]:
    from claws.runner.sweep import parse_over

    try:
        return parse_over(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem


def _sizes_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-D", action="append", default=[], metavar="DIM=SIZE", type=_size, dest="sizes", help="set a dim, as in -D n=3"
    )


def _work_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--budget",
        type=_positive,
        default=20_000_000,
        help="work allowed for each claim, in elementary steps: the same on every machine (default: 20000000)",
    )
    parser.add_argument(
        "--timeout",
        type=_seconds,
        default=60.0,
        help="seconds allowed for each claim, as a backstop; 0: none (default: 60)",
    )


def _size(text: str) -> tuple[str, int]:
    name, _, value = (part.strip() for part in text.partition("="))
    if not name.isidentifier() or not _is_number(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write for example n=3")
    from claws.syntax.limits import LIMITS

    if not 1 <= int(value) <= LIMITS.size:
        raise argparse.ArgumentTypeError(f"{text!r}: sizes are at least 1 and at most {LIMITS.size}")
    return name, int(value)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 18


def _natural(text: str) -> int:
    if not _is_number(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number >= 0")
    return int(text)


def _positive(text: str) -> int:
    n = _natural(text)
    if n < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number >= 1")
    return n


def _degree(text: str) -> int:
    n = _natural(text)
    if not 1 <= n <= 12:
        raise argparse.ArgumentTypeError(f"{text!r} is not a degree from 1 to 12")
    return n


def _points(text: str) -> int:
    n = _natural(text)
    if not 2 <= n <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 2 to 100000")
    return n


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def _length(text: str) -> float:
    value = _seconds(text)
    if not 1e-6 <= value <= 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1e-6 to 1e6")
    return value


def _color() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _print_errors(path: str, text: str, errors: Iterable[Diagnostic], stream: TextIO) -> None:
    from claws.report.results import source_lines
    from claws.report.text import render_diagnostic

    color = stream is sys.stdout and _color()
    for d in errors:
        print("\n".join(render_diagnostic(path, source_lines(text), d, color)), file=stream)


# --- commands ------------------------------------------------------------------------------------------------------


def _check(arguments: argparse.Namespace) -> int:
    from claws.report.results import Report
    from claws.runner.driver import Options, check_paths, check_text, command_line, with_coq

    options = Options(
        sizes=dict(arguments.sizes),
        seed=arguments.seed,
        budget=arguments.budget,
        timeout=arguments.timeout or None,
        certificates=arguments.certificates,
        jobs=arguments.jobs,
        pure=arguments.pure,
        coq=arguments.coq,
    )
    if arguments.certificates is not None:
        try:
            os.makedirs(arguments.certificates, exist_ok=True)
        except OSError as problem:
            print(f"claws: the folder for certificates can't be made: {problem.strerror}", file=sys.stderr)
            return 2
    if arguments.paths == ["-"]:
        text, problem_text = _standard_input()
        if problem_text:
            print(problem_text, file=sys.stderr)
            return 2
        options, missing = with_coq(options)
        result = check_text(text, "<stdin>", options, "stdin")
        report = Report([result, *command_line(options, [result]), *missing], options.seed)
    else:
        report = check_paths(arguments.paths, options)
    if arguments.format == "json":
        import json

        # in ASCII, so that neither the terminal's encoding nor a path that is no text can spoil it
        print(json.dumps(report.to_json(), indent=1))
    else:
        from claws.report.text import render_report

        sys.stdout.write(render_report(report, _color(), arguments.verbose))
    if report.interrupted:
        print("interrupted: what was finished is above", file=sys.stderr)
    return report.exit_status()


def _find(arguments: argparse.Namespace) -> int:
    from claws.discovery.find import Settings
    from claws.report.findings import exit_status, render
    from claws.runner.driver import find_files
    from claws.runner.find import checked_file, command_line, find_in_paths, find_in_text

    if arguments.output is not None and len(find_files(arguments.paths)) != 1:
        print("claws: -o takes the laws of one file", file=sys.stderr)
        return 2
    settings = Settings(
        dict(arguments.sizes), arguments.degree, tuple(arguments.basis), arguments.complete, arguments.symmetries,
        arguments.seed, arguments.budget, arguments.timeout or None,
    )  # fmt: skip
    if arguments.paths == ["-"]:
        text, problem = _standard_input()
        if problem:
            print(problem, file=sys.stderr)
            return 2
        found = [find_in_text(text, "<stdin>", settings)]
        found += command_line(settings, found)
    else:
        with _stages() as tell:
            found = find_in_paths(arguments.paths, settings, tell)
    status = int(exit_status(found))
    sys.stdout.write(render(found, settings, arguments.format, _color(), arguments.verbose))
    if arguments.output is not None and not any(f.errors for f in found):
        text, problem = checked_file(found[0], settings, arguments.output)
        try:
            with open(arguments.output, "w", encoding="utf-8", newline="\n") as handle:
                handle.write(text)
        except OSError as failure:
            print(f"claws: {arguments.output} can't be written: {failure.strerror}", file=sys.stderr)
            return 2
        if problem:
            print(f"claws: `claws check` does not accept {arguments.output}:\n{problem}", file=sys.stderr)
            return 4
    if status == 130:
        print("interrupted: what was found until then is above", file=sys.stderr)
    return status


@contextlib.contextmanager
def _stages() -> Iterator[Callable[[str, str], None]]:
    """A line that says what is being done, where someone is looking on."""
    if not sys.stderr.isatty():
        yield lambda path, what: None
        return
    from tqdm import tqdm

    with tqdm(file=sys.stderr, leave=False, bar_format="{desc} {elapsed}") as bar:
        yield lambda path, what: bar.set_description_str(f"{path}: {what}")


def _test(arguments: argparse.Namespace) -> int:
    # hypothesis keeps what it works out in .hypothesis of the current folder, where a command should leave nothing
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(home, "claws", "hypothesis"))
    from claws.runner.driver import Options
    from claws.testing.laws import Plan
    from claws.testing.run import run_paths

    options = Options(
        dict(arguments.sizes), arguments.seed, budget=arguments.budget, timeout=arguments.timeout or None,
        jobs=arguments.jobs or os.cpu_count() or 1,
    )  # fmt: skip
    plan = Plan(arguments.seed, arguments.examples, tuple(arguments.laws), arguments.profile or "")
    return run_paths(arguments.paths, options, plan, arguments.bundle, arguments.format, _color(), arguments.verbose)


def _flow(arguments: argparse.Namespace) -> int:
    spec, errors = _load(arguments.file, dict(arguments.sizes))
    if errors:
        _print_errors(spec.path, spec.text, errors, sys.stdout)
        return 2
    from claws.flows.problem import CannotTrain
    from claws.syntax.diagnostic import SourceError

    try:
        _flow_of(spec, arguments)
        return 0
    except SourceError as problem:
        _print_errors(spec.path, spec.text, [problem.diagnostic], sys.stdout)
    except (CannotTrain, OSError) as problem:
        print(f"claws: {problem}", file=sys.stderr)
    return 2


FIGURES = (".png", ".svg", ".pdf")


def _flow_of(spec: Spec, arguments: argparse.Namespace) -> None:
    """Train, print the sketch, write the outputs. Raises `SourceError`, `CannotTrain`, `OSError`."""
    from claws.flows.losses import LOSSES
    from claws.flows.problem import CannotTrain, System, random_problem
    from claws.flows.record import fitted, read_data, run, sketch, to_csv

    for path in arguments.outputs:
        ending = os.path.splitext(path)[1].lower()
        if ending not in (*FIGURES, ".csv"):
            raise CannotTrain(f"{path}: a run is written as {', '.join(FIGURES)} or .csv")
        if ending in FIGURES and _missing_packages("matplotlib"):
            raise CannotTrain("figures need matplotlib: pip install 'claws[plot]'; .csv needs nothing more")
    if arguments.loss not in LOSSES:
        raise CannotTrain(f"there is no loss `{arguments.loss}`; there are {', '.join(LOSSES)}")
    sizes = {d: FLOW_SIZE for d, n in spec.dims.items() if n is None} | dict(arguments.sizes)
    data = {}
    if arguments.data is not None:
        data = fitted(read_data(arguments.data), System.of(spec, sizes).shapes)
    problem = random_problem(
        spec,
        sizes,
        arguments.seed,
        scale=arguments.scale,
        samples=arguments.samples,
        data=data,
        loss=LOSSES[arguments.loss],
    )
    with _bar() as tick:
        record = run(problem, arguments.duration, [arguments.step, arguments.step / 2], arguments.points, tick)
    record.verdicts = _verdicts(spec, sizes, list(problem.system.laws))
    print(f"{spec.model}: {spec.path}, seed {arguments.seed}")
    for line in sketch(record):
        print(line)
    for path in arguments.outputs:
        if path.lower().endswith(".csv"):
            with open(path, "w", encoding="utf-8", newline="") as handle:
                handle.write(to_csv(record))
        else:
            from claws.flows.figure import save

            at = ", ".join(f"{d} = {n}" for d, n in sizes.items())
            save(record, path, spec.model.replace("_", " ") + (f" ({at})" if at else ""))
        print(f"written: {path}")


FLOW_SIZE = 3
"""The size of a dim that neither the file nor `-D` gives."""


def _verdicts(spec: Spec, sizes: Mapping[str, int], laws: Sequence[str]) -> dict[str, str]:
    """What `claws check` says of laws at these sizes."""
    from claws.runner.driver import Options, check_claim
    from claws.syntax.diagnostic import SourceError

    found = {}
    for claim in spec.claims:
        if claim.kind == "law" and claim.name in laws:
            try:
                found[claim.name] = check_claim(spec, claim, sizes, Options(timeout=20.0)).verdict.value
            except SourceError:
                continue
    return found


@contextlib.contextmanager
def _bar() -> Iterator[Callable[[float], None] | None]:
    """A progress bar for a share from 0 to 1, where someone is looking on."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=100, unit="%", file=sys.stderr, leave=False, bar_format="{l_bar}{bar}| {elapsed}") as bar:

        def tick(share: float) -> None:
            bar.update(max(0, int(100 * share) - bar.n))

        yield tick


def _missing_packages(*names: str) -> str:
    from importlib.util import find_spec

    return " and ".join(name for name in names if find_spec(name) is None)


def _standard_input() -> tuple[str, str]:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return "", "claws: standard input is not UTF-8"


def _load(path: str, sizes: Mapping[str, int]) -> tuple[Spec, list[Diagnostic]]:
    """A file and what is wrong with it, or with the `-D` that came with it."""
    from claws.runner.driver import unknown_dims
    from claws.syntax.reader import load_text
    from claws.syntax.source import read_source

    text, problem = read_source(path)
    spec = load_text(text, path, sizes)
    if problem is not None:
        return spec, [problem]
    unknown = unknown_dims(sizes, spec.dims)
    return spec, spec.diagnostics or ([] if unknown is None else [unknown])


def _verify(arguments: argparse.Namespace) -> int:
    from claws.runner.driver import Options, verify_certificate

    options = Options(
        dict(arguments.sizes), budget=arguments.budget, timeout=arguments.timeout or None, pure=arguments.pure
    )
    spec, errors = _load(arguments.file, options.sizes)
    if errors:
        _print_errors(spec.path, spec.text, errors, sys.stdout)
        return 2
    status = 0
    for path in arguments.certificates:
        found = verify_certificate(spec, path, options)
        print(f"{path}: {'accepted: ' if found.accepted else 'REFUSED: '}{found.message}")
        if not found.accepted:
            status = max(status, 2 if found.unreadable else 4)
    return status


def _count(arguments: argparse.Namespace) -> int:
    return _counted(arguments, [dict(arguments.sizes)], list(dict(arguments.sizes)))


def _sweep(arguments: argparse.Namespace) -> int:
    from claws.runner.sweep import all_sizes

    over = {**arguments.over, **{d: [n] for d, n in arguments.sizes}}
    try:
        sizes = all_sizes(over)
    except ValueError as problem:
        print(f"claws: {problem}", file=sys.stderr)
        return 2
    return _counted(arguments, sizes, list(over))


def _counted(arguments: argparse.Namespace, sizes: list[dict[str, int]], dims: list[str]) -> int:
    """The table of the numbers of laws at these sizes."""
    from claws.runner.driver import Options
    from claws.runner.sweep import Save, SaveError, sweep
    from claws.syntax.diagnostic import START, Diagnostic, SourceError

    spec, errors = _load(arguments.file, {})
    if not errors and (problem := _not_sizes(spec, dims)):
        errors = [problem]
    if errors:
        _print_errors(spec.path, spec.text, errors, sys.stderr)
        return 2
    options = Options(
        seed=arguments.seed,
        budget=arguments.budget,
        timeout=arguments.timeout or None,
        jobs=getattr(arguments, "jobs", 1),
        pure=arguments.pure,
    )
    try:
        from claws.syntax.instances.instance import Instance

        missing = Instance(spec, sizes[0]).free_dims()
    except SourceError as problem:
        _print_errors(spec.path, spec.text, [problem.diagnostic], sys.stderr)
        return 2
    if missing:
        more = ",".join(f"{d}=1..4" for d in missing)
        hint = f"give sizes, as in `-D {missing[0]}=3`, or run over them: `claws sweep {arguments.file} --over {more}`"
        message = f"the number of laws depends on the sizes {', '.join(missing)}"
        _print_errors(spec.path, spec.text, [Diagnostic("CLAW025", message, START, hint)], sys.stderr)
        return 2
    rows: dict[tuple[int, ...], Row] = {}
    interrupted = False
    try:
        save = Save(arguments.save, spec.text, dims, options) if getattr(arguments, "save", None) else None
        known = save.rows if save else {}
        rows = {tuple(s.values()): known[tuple(s.values())] for s in sizes if tuple(s.values()) in known}
        todo = [s for s in sizes if tuple(s.values()) not in rows]
        with _progress(len(sizes), len(rows)) as step:

            def done(row: Row) -> None:
                rows[tuple(row.sizes.values())] = row
                if save:
                    save.add(row)
                step()

            sweep(spec.text, spec.path, todo, options, done)
    except SaveError as problem:
        print(f"claws: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        interrupted = True
    finished = [rows[tuple(s.values())] for s in sizes if tuple(s.values()) in rows]
    _print_rows(finished, dims, arguments)
    if interrupted:
        print("interrupted: what was finished is above", file=sys.stderr)
        return 130
    statuses = {row.status for row in finished}
    return 2 if "ERROR" in statuses else 3 if "UNKNOWN" in statuses else 0


def _not_sizes(spec: Spec, dims: Sequence[str]) -> Diagnostic | None:
    """What is wrong with names that are to be given sizes."""
    from claws.syntax.diagnostic import START, Diagnostic, nearest

    for d in dims:
        if d not in spec.dims:
            near = nearest(d, spec.dims)
            hint = f"did you mean `{near}`?" if near else f"its dims are: {', '.join(spec.dims) or 'none'}"
            return Diagnostic("CLAW043", f"the file declares no dim `{d}`", START, hint)
    return None


def _print_rows(rows: Sequence[Row], dims: Sequence[str], arguments: argparse.Namespace) -> None:
    from claws.prover.formula import fit
    from claws.runner.sweep import COLUMNS, csv_fields, csv_line, table

    pieces = []
    if getattr(arguments, "formula", False):
        # a dim that does not vary would only blur the formula
        moving = [d for d in dims if len({row.sizes[d] for row in rows}) > 1]
        pieces = fit([({d: row.sizes[d] for d in moving}, row.at_least) for row in rows if row.status == "PROVED"])
    if arguments.format == "json":
        import json

        data: dict[str, object] = {"schema": "claws-sweep/1", "rows": [row.to_json() for row in rows]}
        if getattr(arguments, "formula", False):
            data["conjecture"] = [{"count": p.text(), "where": p.condition, "sizes": p.support} for p in pieces]
        print(json.dumps(data, indent=1))
        return
    if arguments.format == "csv":
        sys.stdout.write(csv_line([*dims, *COLUMNS]) + "".join(csv_line(csv_fields(row, dims)) for row in rows))
        return
    for line in table(rows, dims):
        print(line)
    for piece in pieces:
        where = f" where {piece.condition}" if piece.condition else ""
        print(f"conjecture: count = {piece.text()}{where} (agrees with {piece.support} proved sizes)")
    if getattr(arguments, "formula", False) and not pieces:
        print("no formula within reach agrees with every proved size")


@contextlib.contextmanager
def _progress(total: int, done: int) -> Iterator[Callable[[], object]]:
    """A progress bar where someone is looking on and it is worth it."""
    if total < 4 or not sys.stderr.isatty():
        yield lambda: None
        return
    from tqdm import tqdm

    with tqdm(total=total, initial=done, unit="size", file=sys.stderr, leave=False) as bar:
        yield lambda: bar.update(1)


def _fmt(arguments: argparse.Namespace) -> int:
    from claws.runner.driver import find_files
    from claws.syntax.parser import parse_source
    from claws.syntax.printer import print_file
    from claws.syntax.source import read_source

    status = 0
    standard_input = arguments.paths == ["-"]
    for path, problem in [("-", None)] if standard_input else find_files(arguments.paths):
        text = ""
        if standard_input:
            text, message = _standard_input()
            if message:
                print(message, file=sys.stderr)
                return 2
        elif problem is None:
            text, problem = read_source(path)
        file, errors = parse_source(text)
        errors = [problem] if problem is not None else errors
        if errors:
            _print_errors(path, text, errors, sys.stderr)
            status = max(status, 2)
            continue
        new = print_file(file)
        if standard_input and not arguments.check:
            sys.stdout.write(new)
        elif new != text:
            if arguments.check:
                print(f"{path}: not in canonical form")
                status = max(status, 1)
                continue
            try:
                with open(path, "w", encoding="utf-8", newline="\n") as handle:
                    handle.write(new)
            except OSError as failure:
                print(f"claws: {path} can't be written: {failure.strerror}", file=sys.stderr)
                status = max(status, 2)
                continue
            print(f"{path}: rewritten")
    return status


def _show(arguments: argparse.Namespace) -> int:
    from claws.report.show import show
    from claws.syntax.diagnostic import SourceError

    spec, errors = _load(arguments.file, dict(arguments.sizes))
    if not errors:
        form = next((f for f in ("latex", "sympy", "program") if getattr(arguments, f)), "text")
        try:
            print(show(spec, arguments.laws, form))
            return 0
        except SourceError as found:
            errors = [found.diagnostic]
    _print_errors(spec.path, spec.text, errors, sys.stdout)
    return 2


def _gallery(arguments: argparse.Namespace) -> int:
    from claws.report.gallery import entry_of, render, without_times
    from claws.report.results import Exit
    from claws.report.text import render_report
    from claws.runner.driver import Options, check_paths
    from claws.syntax.reader import load_text
    from claws.syntax.source import read_source

    report = check_paths([arguments.folder], Options(jobs=arguments.jobs))
    status = report.exit_status()
    if status != Exit.OK:
        sys.stdout.write(render_report(report, _color()))
        print("no page is made of files that do not hold", file=sys.stderr)
        return status
    entries = []
    for f in report.files:
        docstring = load_text(read_source(f.path)[0], f.path).file.docstring
        path = os.path.relpath(f.path, arguments.folder).replace(os.sep, "/")
        entries.append(entry_of(path, docstring or f.model, f))
    page = render(entries, "Gallery", f"claws gallery {arguments.folder.rstrip('/')}")
    path = arguments.output or os.path.join(arguments.folder, "README.md")
    try:
        if arguments.check:
            with open(path, encoding="utf-8") as handle:
                same = without_times(handle.read()) == without_times(page)
            print(f"{path} is up to date" if same else f"{path} is out of date: make it again with `claws gallery`")
            return Exit.OK if same else Exit.MISSED
        with open(path, "w", encoding="utf-8") as handle:
            handle.write(page)
    except OSError as problem:
        print(f"claws: {path}: {problem.strerror}", file=sys.stderr)
        return Exit.WRONG
    print(f"written: {path}")
    return Exit.OK


def _export(arguments: argparse.Namespace) -> int:
    from claws.coq.command import export_file
    from claws.coq.exporter import Work

    spec, errors = _load(arguments.file, dict(arguments.sizes))
    if errors:
        _print_errors(spec.path, spec.text, errors, sys.stdout)
        return 2
    work = Work(arguments.seed, arguments.budget, arguments.timeout or None)
    return export_file(spec, arguments.output, work, arguments.build)


def _explain(arguments: argparse.Namespace) -> int:
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


if __name__ == "__main__":
    sys.exit(main())

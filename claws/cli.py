"""The command line: `claws check`, `verify`, `fmt`, `show`, `explain`.

Nothing heavy is imported before a command needs it.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from claws import __version__

EXIT_STATUSES = """exit status:
  0    every claim holds
  1    a claim does not hold: refuted, or not the verdict that the file expects
  2    a file or the command line is wrong, or there was nothing to check
  3    only undecided claims stand in the way
  4    the checker failed, or the kernel turned a certificate down
  130  interrupted
The worst of several wins, in the order 4, 2, 1, 3, 0."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    arguments = _parser().parse_args(argv)
    try:
        return int(arguments.run(arguments))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # the reader went away, as `| head` does; keep Python from complaining again at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 130


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
    check.add_argument("-j", "--jobs", type=_positive, default=1, help="processes, one file each (default: 1)")

    verify = command("verify", "re-check certificates against the claims of a file, without the prover", _verify)
    verify.add_argument("file", metavar="FILE", help="the .claw file")
    verify.add_argument(
        "certificates", nargs="+", metavar="CERT", help="certificates that `check --certificates` wrote"
    )
    _sizes_option(verify)
    _work_options(verify)

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

    explain = command("explain", "explain an error code", _explain)
    explain.add_argument("code", nargs="?", metavar="CODE", help="such as CLAW021; without it, all codes are listed")
    return parser


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
    name, equals, value = text.partition("=")
    if not equals or not name.strip().isidentifier() or not value.strip().isdigit() or not 1 <= len(value.strip()) <= 6:
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write for example n=3")
    if int(value) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: sizes are at least 1")
    return name.strip(), int(value)


def _natural(text: str) -> int:
    if not text.isdigit() or len(text) > 18:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number >= 0")
    return int(text)


def _positive(text: str) -> int:
    n = _natural(text)
    if n < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number >= 1")
    return n


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value


def _color() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


# --- commands ------------------------------------------------------------------------------------------------------


def _check(arguments: argparse.Namespace) -> int:
    from claws.driver import Options, check_paths, check_text
    from claws.report.results import Report

    options = Options(
        sizes=dict(arguments.sizes),
        seed=arguments.seed,
        budget=arguments.budget,
        timeout=arguments.timeout or None,
        certificates=arguments.certificates,
        jobs=arguments.jobs,
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
        report = Report([check_text(text, "<stdin>", options)], options.seed)
    else:
        report = check_paths(arguments.paths, options)
    if arguments.format == "json":
        import json

        print(json.dumps(report.to_json(), indent=1, ensure_ascii=False))
    else:
        from claws.report.text import render_report

        sys.stdout.write(render_report(report, _color(), arguments.verbose))
    if report.interrupted:
        print("interrupted: what was finished is above", file=sys.stderr)
    sys.stdout.flush()
    return report.exit_status()


def _standard_input() -> tuple[str, str]:
    try:
        return sys.stdin.buffer.read().decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return "", "claws: standard input is not UTF-8"


def _verify(arguments: argparse.Namespace) -> int:
    from claws.driver import Options, read_source, verify_certificate
    from claws.report.text import render_diagnostic
    from claws.syntax.spec import load_text

    options = Options(dict(arguments.sizes), budget=arguments.budget, timeout=arguments.timeout or None)
    text, problem = read_source(arguments.file)
    spec = load_text(text, arguments.file, options.sizes)
    errors = [problem] if problem is not None else spec.diagnostics
    if errors:
        for d in errors:
            print("\n".join(render_diagnostic(arguments.file, tuple(text.splitlines()), d, _color())))
        return 2
    status = 0
    for path in arguments.certificates:
        found = verify_certificate(spec, path, options)
        print(f"{path}: {'accepted: ' if found.accepted else 'REFUSED: '}{found.message}")
        if not found.accepted:
            status = max(status, 2 if found.unreadable else 4)
    return status


def _fmt(arguments: argparse.Namespace) -> int:
    from claws.driver import find_files, read_source
    from claws.report.text import render_diagnostic
    from claws.syntax.parser import parse_source
    from claws.syntax.printer import print_file

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
            for d in errors:
                print("\n".join(render_diagnostic(path, tuple(text.splitlines()), d, _color())), file=sys.stderr)
            status = max(status, 2)
            continue
        new = print_file(file)
        if standard_input and not arguments.check:
            sys.stdout.write(new)
        elif new != text:
            if arguments.check:
                print(f"{path}: not in canonical form")
                status = max(status, 1)
            else:
                with open(path, "w", encoding="utf-8", newline="\n") as handle:
                    handle.write(new)
                print(f"{path}: rewritten")
    return status


def _show(arguments: argparse.Namespace) -> int:
    from claws.driver import read_source
    from claws.report.show import show
    from claws.report.text import render_diagnostic
    from claws.syntax.diagnostic import SourceError
    from claws.syntax.spec import load_text

    text, problem = read_source(arguments.file)
    spec = load_text(text, arguments.file, dict(arguments.sizes))
    errors = [problem] if problem is not None else spec.diagnostics
    if not errors:
        form = next((f for f in ("latex", "sympy", "program") if getattr(arguments, f)), "text")
        try:
            print(show(spec, arguments.laws, form))
            return 0
        except SourceError as found:
            errors = [found.diagnostic]
    for d in errors:
        print("\n".join(render_diagnostic(arguments.file, tuple(text.splitlines()), d, _color())))
    return 2


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

"""The command line: the table of commands, each of which is a file of `claws.commands`, and `main`.

A command's file has `configure(parser)`, `EPILOG` and `run(arguments)`; it is imported only where the command is asked for, and
imports nothing heavy itself before it runs.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from claws.commands.options import EXIT_STATUSES
from claws.version import VERSION

COMMANDS = {
    "check": "check the claims of .claw files",
    "find": "find the conservation laws of a model, and prove them",
    "test": "test laws by random examples and by training: a second opinion, no proof",
    "flow": "train a model and draw how far each law drifts",
    "count": "count the conservation laws of a model at fixed sizes",
    "sweep": "count the conservation laws of a model at many sizes",
    "verify": "re-check certificates against the claims of a file, without the prover",
    "fmt": "put .claw files into canonical form",
    "show": "show the model, the gradients and the residues in readable mathematics",
    "gallery": "make an index page of a folder of models, with what is proved of each",
    "export": "export claims to Coq: statements to read, proofs that coqc checks",
    "explain": "explain an error code",
}
"""The commands in the order of `claws --help`, each with what it does."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit status."""
    given = sys.argv[1:] if argv is None else list(argv)
    _open_streams()
    try:
        arguments = command_parser(given).parse_args(given)
        status = int(arguments.run(arguments))
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # the reader went away, as `| head` does
        _drop_output()
        return 130
    except OSError as problem:
        if problem.filename is not None or problem.errno not in NO_ROOM:
            return _failed(problem)
        _drop_output()
        print(f"claws: what is printed can't be written: {problem.strerror}", file=sys.stderr)
        return 2
    except Exception as problem:
        return _failed(problem)


NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What is wrong where standard output takes no more."""


def _open_streams() -> None:
    """Take streams as they are: closed ones lead nowhere, and a terminal that lacks a character is no reason to fail."""
    # opened in this order, each takes the number that is free
    sys.stdin = sys.stdin or os.fdopen(os.open(os.devnull, os.O_RDONLY))
    sys.stdout = sys.stdout or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    sys.stderr = sys.stderr or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors in ("strict", "surrogateescape"):
            stream.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Let what is still to be printed go nowhere, so that Python does not complain again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(problem: Exception) -> int:
    """Report an exception that nobody expected; the exit status."""
    from claws.commands.output import print_errors
    from claws.runner.faults import internal_error

    print_errors("claws", "", [internal_error(problem)], sys.stderr)
    return 4


def command_parser(given: Sequence[str]) -> argparse.ArgumentParser:
    """The parser for this command line: every command is known by name, those that it mentions with their options."""
    parser = argparse.ArgumentParser(
        prog="claws",
        description="Machine-checked conservation laws of neural-network training.",
        epilog=EXIT_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"claws {VERSION}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        if name not in given:
            commands.add_parser(name, help=text)
            continue
        module = import_module(f"claws.commands.{name}")
        sub = commands.add_parser(
            name,
            help=text,
            description=text,
            epilog=module.EPILOG,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.set_defaults(run=module.run)
        module.configure(sub)
    return parser


if __name__ == "__main__":
    sys.exit(main())

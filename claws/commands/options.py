"""Options that several commands have, and the values that options take. Nothing heavy is imported here."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

EXIT_STATUSES = """exit status:
  0    every claim holds
  1    a claim does not hold: refuted, or not the verdict that the file expects
  2    a file or the command line is wrong, or there was nothing to check
  3    only undecided claims stand in the way
  4    the checker failed, or the kernel turned a certificate down
  130  interrupted
The worst of several wins, in the order 4, 2, 1, 3, 0."""

COUNT_STATUSES = """exit status:
  0    every number is proved
  2    the file or the command line is wrong
  3    some number is only bounded
  130  interrupted"""


# --- groups ----------------------------------------------------------------------------------------------------------


def add_paths(parser: argparse.ArgumentParser, standard_input: bool = True) -> None:
    """Files and folders, at least one."""
    text = "a .claw file, or a folder of them" + ("; - reads standard input" if standard_input else "")
    parser.add_argument("paths", nargs="+", metavar="FILE", help=text)


def add_file(parser: argparse.ArgumentParser, standard_input: bool = False) -> None:
    text = "the .claw file" + ("; - reads standard input" if standard_input else "")
    parser.add_argument("file", metavar="FILE", help=text)


def add_sizes(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "-D", action="append", default=[], metavar="DIM=SIZE", type=size, dest="sizes", help="set a dim, as in -D n=3"
    )


def add_work(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--budget",
        type=positive,
        default=20_000_000,
        help="work allowed for each claim, in elementary steps: the same on every machine (default: 20000000)",
    )
    parser.add_argument(
        "--timeout",
        type=seconds,
        default=60.0,
        help="seconds allowed for each claim, as a backstop; 0: none (default: 60)",
    )


def add_seed(parser: argparse.ArgumentParser, purpose: str) -> None:
    parser.add_argument("--seed", type=natural, default=0, help=f"{purpose} (default: 0)")


def add_jobs(parser: argparse.ArgumentParser, metavar: str | None = None) -> None:
    parser.add_argument("-j", "--jobs", type=positive, default=1, metavar=metavar, help="processes (default: 1)")


def add_format(parser: argparse.ArgumentParser, choices: Iterable[str], text: str = "how to print results") -> None:
    parser.add_argument("--format", choices=tuple(choices), default="text", help=f"{text} (default: text)")


def add_unconditional(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--unconditional", action="store_true", help="take a verdict that rests on a premise for UNKNOWN"
    )


def add_pure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--pure", action="store_true", help="let the kernel compute large ranks by itself, too, without NumPy: slow"
    )


# --- values ----------------------------------------------------------------------------------------------------------


def size(text: str) -> tuple[str, int]:
    """A dim with its size, as in `n=3`. Raises `ArgumentTypeError`, as the others do."""
    name, _, value = (part.strip() for part in text.partition("="))
    if not name.isidentifier() or not is_number(value):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write for example n=3")
    from claws.syntax.limits import LIMITS

    if not 1 <= int(value) <= LIMITS.size:
        raise argparse.ArgumentTypeError(f"{text!r}: sizes are at least 1 and at most {LIMITS.size}")
    return name, int(value)


def is_number(text: str) -> bool:
    """Whether these are ASCII digits, and no more than any option takes."""
    return text.isascii() and text.isdigit() and len(text) <= 18


def natural(text: str) -> int:
    if not is_number(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number >= 0")
    return int(text)


def positive(text: str) -> int:
    n = natural(text)
    if n < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number >= 1")
    return n


def seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return value

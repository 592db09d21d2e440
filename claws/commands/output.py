"""What commands print: errors, in colour where that is wanted, and progress where someone is looking on."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from claws.syntax.diagnostic import Diagnostic
    from claws.syntax.spec import Spec


def has_color() -> bool:
    """Whether standard output is a terminal that takes colours, and nobody objects to them (https://no-color.org)."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def print_errors(path: str, text: str, errors: Iterable[Diagnostic], stream: TextIO, kind: str = "error") -> None:
    """The errors of the file at this path, which has this text, or its warnings."""
    from claws.report.text import render_diagnostic
    from claws.syntax.source import source_lines

    color = stream is sys.stdout and has_color()
    for d in errors:
        print("\n".join(render_diagnostic(path, source_lines(text), d, color, kind)), file=stream)


def loaded(path: str, sizes: Iterable[tuple[str, int]]) -> Spec | None:
    """One file with these dims set; None where something is wrong with it, which has then been printed.

    Warnings go to standard error, since results are all that standard output has.
    """
    from claws.runner.files import load_file

    spec, errors = load_file(path, dict(sizes))
    if errors:
        print_errors(spec.path, spec.text, errors, sys.stdout)
        return None
    print_errors(spec.path, spec.text, spec.warnings, sys.stderr, "warning")
    return spec


@contextlib.contextmanager
def stages() -> Iterator[Callable[[str, str], None]]:
    """A line that says what is being done with a file, where someone is looking on."""
    if not sys.stderr.isatty():
        yield lambda path, what: None
        return
    from tqdm import tqdm

    with tqdm(file=sys.stderr, leave=False, bar_format="{desc} {elapsed}") as bar:
        yield lambda path, what: bar.set_description_str(f"{path}: {what}")


@contextlib.contextmanager
def share_bar() -> Iterator[Callable[[float], None] | None]:
    """A progress bar for a share from 0 to 1, where someone is looking on."""
    if not sys.stderr.isatty():
        yield None
        return
    from tqdm import tqdm

    with tqdm(total=100, unit="%", file=sys.stderr, leave=False, bar_format="{l_bar}{bar}| {elapsed}") as bar:

        def tick(share: float) -> None:
            bar.update(max(0, int(100 * share) - bar.n))

        yield tick


@contextlib.contextmanager
def step_bar(total: int, done: int, unit: str) -> Iterator[Callable[[], object]]:
    """A progress bar for this many steps, where someone is looking on and it is worth it."""
    if total < 4 or not sys.stderr.isatty():
        yield lambda: None
        return
    from tqdm import tqdm

    with tqdm(total=total, initial=done, unit=unit, file=sys.stderr, leave=False) as bar:
        yield lambda: bar.update(1)

"""What goes wrong with claws itself, or with the machine it runs on, as a diagnostic beside those of the file."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

from claws.syntax.diagnostic import START, Diagnostic, Span

BUG = "this is a bug of claws: please report it with the file; CLAWS_DEBUG=1 shows where"


class KernelRefusal(Exception):
    """The kernel refused evidence that the search believed in: a bug in one of them."""


@dataclass(frozen=True)
class Fault:
    """Why a file, or a unit of its work, has no result. `failed` says that claws is to blame and not the file."""

    diagnostic: Diagnostic
    failed: bool = False
    died: bool = False
    """Whether its process ended without a word."""

    @staticmethod
    def of(problem: Exception, span: Span = START) -> Fault:
        """The fault that an exception stands for, at a place of the file."""
        found = internal_error(problem)
        return Fault(Diagnostic(found.code, found.message, span, found.hint), found.code != "CLAW034")


def internal_error(problem: Exception) -> Diagnostic:
    """An exception that nobody expected, as a diagnostic; with CLAWS_DEBUG set its traceback is printed, too."""
    if os.environ.get("CLAWS_DEBUG"):
        import traceback

        traceback.print_exception(problem, file=sys.stderr)
    if isinstance(problem, RecursionError | MemoryError):
        return Diagnostic(
            "CLAW034", "this is too large or nested too deeply to be checked", START, "split it with `let`"
        )
    if isinstance(problem, KernelRefusal):
        return Diagnostic("CLAW091", f"the kernel turned the checker's certificate down: {problem}", START, BUG)
    return Diagnostic("CLAW090", f"the checker failed ({type(problem).__name__}: {problem})", START, BUG)


def process_died() -> Fault:
    """A process that ended without a result takes the unit of work with it that it was at."""
    message = "a process that worked on this file died, perhaps for want of memory"
    return Fault(Diagnostic("CLAW090", message), failed=True, died=True)

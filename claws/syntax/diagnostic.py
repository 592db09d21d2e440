"""What went wrong in a file, as a value: a code, a place, a message and a way forward.

Every part that reads a file reports through `Diagnostic`; one printer (`claws.report.text`) writes them,
and text is never parsed back. The codes themselves, with an explanation and an example each, are in
`claws.report.codes`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A place in a source text. Lines and columns count from 1, in characters; the end is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int

    def to(self, other: Span) -> Span:
        """The span from the start of this one to the end of `other`."""
        return Span(self.line, self.column, other.end_line, other.end_column)


START = Span(1, 1, 1, 1)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error in one file, or one warning."""

    code: str
    message: str
    span: Span = START
    hint: str = ""
    notes: tuple[tuple[str, Span], ...] = field(default=())
    """Further places that belong to the error, each with what to say of it."""


class SourceError(Exception):
    """Raised inside the front end to abandon one statement; the statement loop collects the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def error(code: str, message: str, span: Span, hint: str = "") -> SourceError:
    """An error at one place, to be raised."""
    return SourceError(Diagnostic(code, message, span, hint))


def suggest(name: str, known: Iterable[str]) -> str:
    """A hint that names the closest known name, or nothing."""
    found = nearest(name, known)
    return f"did you mean `{found}`?" if found else ""


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The word of `words` that `word` is most likely a slip for, upper or lower case, if there is one."""
    if len(word) > 40:
        return None
    import difflib

    known = {w.lower(): w for w in words}
    found = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return known[found[0]] if found else None

"""The text of a file, or why it can't be read."""

from __future__ import annotations

from claws.syntax.diagnostic import START, Diagnostic
from claws.syntax.limits import LIMITS


def read_source(path: str) -> tuple[str, Diagnostic | None]:
    """Reads a file, at most `LIMITS.file_bytes` bytes of UTF-8; where it can't be read, the second value says why."""
    try:
        with open(path, "rb") as handle:
            data = handle.read(LIMITS.file_bytes + 1)
    except FileNotFoundError:
        return "", Diagnostic("CLAW040", "there is no such file", START, "check the path")
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else "not a path"
        return "", Diagnostic("CLAW040", f"the file can't be read: {reason}")
    if len(data) > LIMITS.file_bytes:
        return "", Diagnostic("CLAW041", f"the file is larger than {LIMITS.file_bytes} bytes")
    try:
        return data.decode("utf-8-sig"), None
    except UnicodeDecodeError as problem:
        line = data[: problem.start].count(b"\n") + 1
        return "", Diagnostic("CLAW041", f"the file is not UTF-8: line {line} has a byte that is no character")


def source_lines(text: str) -> tuple[str, ...]:
    """The lines of a source text as spans count them: other separators than newlines are characters of a line."""
    return tuple(line.removesuffix("\r") for line in text.split("\n"))

"""The text of a file: read, or why it can't be; and written whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import stat

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


def write_whole(path: str, text: str) -> None:
    """Write a text file, or leave what was there: it is written beside, in UTF-8, and renamed. Raises `OSError`.

    A link is followed, permissions are kept, and a file that may not be written stays. What is no ordinary file, as a pipe, is
    written to. Characters that UTF-8 does not have, as of a file name in other bytes, are written as `\\udcff`, which JSON reads.
    """
    import tempfile

    target = os.path.realpath(path)
    data = text.encode("utf-8", "backslashreplace")
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode):
        with open(target, "wb") as handle:
            handle.write(data)
        return
    if mode is not None and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)
    descriptor, temporary = tempfile.mkstemp(dir=os.path.dirname(target), prefix=".claws-", suffix=".tmp")
    try:
        with open(descriptor, "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        os.chmod(temporary, stat.S_IMODE(mode) if mode is not None else 0o666 & ~_umask())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _umask() -> int:
    """What the user takes from the permissions of new files. It can only be read by being set."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask

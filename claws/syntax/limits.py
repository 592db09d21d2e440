"""The limits of what a file may ask for. Beyond them a file gets a message, never a crash or an endless wait."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FileLimits:
    """What one file may ask for at most. Each limit has a message of its own."""

    nodes: int = 50_000
    """The most operations of a program; longer ones take minutes to be made and checked."""
    bits: int = 10_000
    """The most bits of a number that a file computes."""
    size: int = 1_000_000
    """The largest size of a dim, as for certificates; whole numbers in indices and options are as large at most."""
    unrolled: int = 10_000
    """The most values of a comprehension that is written out element by element."""
    instances: int = 100_000
    """The most sizes that one `for` may run over, those that its `where` turns down among them."""
    import_depth: int = 16
    """How deep files may import each other."""
    imported_names: int = 4_000
    """The most leaves, laws and abbreviations that a file may have from its blocks: imports of imports multiply."""
    file_bytes: int = 8 * 1024 * 1024
    """The largest file that is read."""
    number_length: int = 200
    """The most characters of a number."""
    number_exponent: int = 400
    """The largest power of ten in a number like `1e9`, either way."""
    nesting: int = 100
    """The most open brackets, and signs, powers, transposes and indices in a chain, that may be pending at one place."""
    diagnostics: int = 20
    """The most errors that are listed of one file; one more says how many were left out."""


LIMITS = FileLimits()

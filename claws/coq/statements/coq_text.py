"""Pieces of Coq text that mean the same in every file: comments, rational numbers, sparse matrices, and where long lines
break."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

WIDEST = 120
"""Lines of an exported file have at most this many characters, but for words that are longer."""


def as_atom(text: str) -> str:
    """Returns a term in a form that can be an argument: in parentheses, unless it is one word or has them already."""
    return text if re.fullmatch(r"[\w']+|\([^()]*\)", text) else f"({text})"


def comment(text: str) -> str:
    """Returns text that can stand in a Coq comment: on one line, without marks of comments or an open quotation."""
    text = re.sub(r"\s+", " ", text).replace("(*", "( *").replace("*)", "* )")
    return text if text.count('"') % 2 == 0 else text.replace('"', "'")


def rationals(values: Sequence[Fraction]) -> str:
    """Returns the list of these numbers, of type `list Q`."""
    return "[" + "; ".join(rational(x) for x in values) + "]%Q"


def rational(x: Fraction) -> str:
    """Returns a number as an entry of a list in the scope `Q`."""
    text = str(x.numerator) if x.denominator == 1 else f"{x.numerator} # {x.denominator}"
    return f"({text})" if x < 0 else text


def matrix(rows: Sequence[Sequence[int]]) -> str:
    """Returns the matrix with these rows of whole numbers, as the library's `row` reads them: each number that is not 0, after
    how many zeros stand before it."""
    return f"map row [{'; '.join(_row(row) for row in rows)}]%Z"


def _row(values: Sequence[int]) -> str:
    parts = []
    gap = 0
    for x in values:
        if x:
            parts += [str(gap), str(x)]
            gap = 0
        else:
            gap += 1
    return f"[{'; '.join(parts)}]"


def wrapped(line: str) -> str:
    """Returns a line of a file; one that is too long is broken after `:=`, then at spaces."""
    if len(line) <= WIDEST:
        return line
    head, mark, body = line.partition(" := ")
    if mark and len(head) < WIDEST and not line.startswith("(*"):
        return f"{head} :=\n" + "\n".join(_pieces(f"  {body}"))
    return "\n".join(_pieces(line))


def _pieces(line: str) -> list[str]:
    pieces = []
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    while len(line) > WIDEST:
        cut = line.rfind(" ", len(indent) + 1, WIDEST)
        if cut < 0:
            break
        pieces.append(line[:cut])
        line = indent + line[cut + 1 :]
    return [*pieces, line]

"""Identifiers: what can be a name.

Soundness-critical: a reader believes a theorem by the text of its statement (`format/printing.py`), so a name must not look like
other text. Which names a program may declare, `program.py` says.
"""

from __future__ import annotations

import re
from unicodedata import is_normalized

UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""What Unicode allows in identifiers and shows by nothing: fillers, joiners, selectors of variants."""


def is_name(text: str) -> bool:
    """Whether a text can be a name: identifiers joined by points, as in `A.U`, in the normal form NFKC, all of it seen."""
    return all(map(str.isidentifier, text.split("."))) and is_normalized("NFKC", text) and not UNSEEN.search(text)


def is_leaf_name(text: str) -> bool:
    """Whether a leaf can have this name: `U`, or `vel(U)` for the velocity of U."""
    return is_name(text[4:-1] if text.startswith("vel(") and text.endswith(")") else text)

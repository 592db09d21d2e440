"""What an exported file is: its name, its text, and the claims that it is about."""

from __future__ import annotations

import re
from dataclasses import dataclass

from claws.coq.statements.exported_model import Sizes
from claws.syntax.spec import Claim, Spec


@dataclass(frozen=True)
class CoqFile:
    """One exported file, `name` without `.v`. `claims` are the claims that it proves, with the sizes of their `for`."""

    name: str
    text: str
    claims: tuple[tuple[Claim, Sizes], ...]
    sizes: Sizes
    """The sizes of all dims that the file is about; if it is about all sizes, of those that are fixed."""
    all_sizes: bool = False
    verdict: str = "PROVED"
    """The verdict that its theorems stand for."""


def file_name(spec: Spec, what: str, sizes: Sizes) -> str:
    """Returns the name of a file about this model, without `.v`: a name that Coq can load."""
    name = "_".join([re.sub(r"\W", "_", spec.model) or "model", what, *(f"{d}{n}" for d, n in sizes.items())])
    return name if re.match(r"[^\W\d]", name) else f"model_{name}"

"""What a search hands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class FoundLaw:
    """A conservation law that the kernel has proved.

    `text` is an expression in the file's names, ready for `law NAME = text`. `sizes` are the dims that were fixed for the proof;
    empty where none was. `for_all_sizes` has the meaning it has in reports: the law is proved with every remaining dim free.
    """

    text: str
    for_all_sizes: bool
    sizes: Mapping[str, int] = field(default_factory=dict)


@dataclass
class Notes:
    """What a search left out, for people."""

    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        if line not in self.lines:
            self.lines.append(line)

"""Where a number of laws was seen: almost everywhere, or near a rational point, as JSON and as text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from claws.kernel.core.finding import NamedPoint

NestedText = str | list["NestedText"]
"""An array as nested lists of the texts of its entries."""

_FEW = 6
"""A point with more entries than this is cut short in a line."""

_SHORT = 2
"""So many arrays of a long point, rows of an array, and entries of a row are shown in a line."""

_ALL = 1000
"""A point with more entries than this is cut short wherever people read it."""

EVERYWHERE = "almost everywhere"
NEAR = "near a point"


@dataclass(frozen=True)
class Where:
    """Where a number of laws was seen: near this rational point, its arrays by name; almost everywhere for none."""

    point: Mapping[str, NestedText]
    """Empty also for a place near a point that was not kept."""
    everywhere: bool

    @staticmethod
    def of(near: Sequence[NamedPoint]) -> Where:
        """The place that a theorem names."""
        return Where({leaf.name: _nested(leaf.shape, leaf.entries) for leaf in near}, not near)

    @staticmethod
    def named(name: str) -> Where | None:
        """The place of this name, without its point; None for no place."""
        return Where({}, name == EVERYWHERE) if name else None

    @property
    def name(self) -> str:
        """The one or the other, as JSON has it under `where`."""
        return EVERYWHERE if self.everywhere else NEAR

    def to_json(self) -> dict[str, Any]:
        """`where`, and for a point `point` as well."""
        return {"where": self.name} | ({"point": dict(self.point)} if self.point else {})

    def text(self) -> str:
        """The point in a line, as in `near W = [[1/2, 3], [0, 1]], b = 0`, cut short where it is long; empty for everywhere."""
        if not self.point:
            return "" if self.everywhere else NEAR
        cut = sum(_entries(x) for x in self.point.values()) > _FEW
        shown = list(self.point.items())[:_SHORT] if cut else self.point.items()
        arrays = [f"{name} = {nested_text(x, _SHORT if cut else None)}" for name, x in shown]
        return f"near {', '.join(arrays)}" + (", ..." if len(arrays) < len(self.point) else "")

    def rows(self) -> Iterator[tuple[str, str]]:
        """A row for each array, with all of its entries unless there are very many."""
        most = None if sum(_entries(x) for x in self.point.values()) <= _ALL else _SHORT
        yield from (("near", f"{name} = {nested_text(x, most)}") for name, x in self.point.items())


def elsewhere(kind: str, exact: bool) -> str:
    """What a claim of this kind that was seen near a point says of other regions; `exact` where the number there is known."""
    if kind == "independent":
        return "(in other regions they may be dependent)"
    return f"(other regions may have more laws{', none has fewer' if exact else ''})"


def _nested(shape: Sequence[int], entries: Sequence[Fraction]) -> NestedText:
    if not shape:
        return str(entries[0])
    step = len(entries) // shape[0] if shape[0] else 0
    return [_nested(shape[1:], entries[k * step : (k + 1) * step]) for k in range(shape[0])]


def _entries(x: NestedText) -> int:
    return sum(map(_entries, x)) if isinstance(x, list) else 1


def nested_text(x: NestedText, most: int | None = None) -> str:
    """An array as nested lists, of which at most so many items are shown at each level; all for None."""
    if not isinstance(x, list):
        return x
    items = [nested_text(y, most) for y in x[:most]]
    return f"[{', '.join([*items, '...'] if len(items) < len(x) else items)}]"

"""The number of laws at many sizes, as rows: what `count` and `sweep` print as a table, as CSV and as JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from claws.discovery.formula import Piece
from claws.kernel.core.finding import Premise
from claws.report.premises import premise_rows, premises_json, under_text
from claws.report.results import Exit
from claws.report.where import Where, elsewhere

SCHEMA = "claws-sweep/1"

FIELDS = ("parameters", "lie_dimension", "at_least", "at_most", "depth", "status", "reason")

COLUMNS = (*FIELDS, "premises", "where")
"""Of CSV: the fields, the codes of the premises, and whether a number was seen near a point (which JSON has)."""


@dataclass(frozen=True)
class SweepRow:
    """The number of laws at some sizes: it is known where `at_least` and `at_most` agree in a theorem."""

    sizes: Mapping[str, int]
    parameters: int
    """D, all that training moves: under momentum velocities and the time, too."""
    lie_dimension: int
    """The rank of brackets that was reached: a lower bound of the dimension of the Lie algebra."""
    at_least: int
    at_most: int
    depth: int
    """The number of generators in the deepest bracket that was needed; 0 for none."""
    status: str
    """PROVED, UNKNOWN or ERROR."""
    reason: str = ""
    laws: tuple[str, ...] = ()
    """What the lower bound rests on: names of the file's laws, or formulas of laws that were found."""
    trust: tuple[str, ...] = ()
    premises: tuple[Premise, ...] = ()
    """What the number takes for granted."""
    where: Where | None = None
    """Where a proved number was seen; None where none is proved."""

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"sizes": dict(self.sizes)} | {name: getattr(self, name) for name in FIELDS}
        if self.where is not None:
            data |= self.where.to_json()
        return data | {
            "laws": list(self.laws),
            "assumptions": premises_json(self.premises),
            "trust": list(self.trust),
        }


@dataclass
class SweepResult:
    """The rows of one file, in the order of their sizes."""

    dims: tuple[str, ...]
    """The dims that were given sizes, in the order of the columns."""
    rows: list[SweepRow] = field(default_factory=list)
    conjecture: Sequence[Piece] | None = None
    """A formula that agrees with every proved row, in pieces; None where none was asked for."""

    def exit_status(self) -> Exit:
        statuses = {row.status for row in self.rows}
        return Exit.WRONG if "ERROR" in statuses else Exit.UNDECIDED if "UNKNOWN" in statuses else Exit.OK

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"schema": SCHEMA, "rows": [row.to_json() for row in self.rows]}
        if self.conjecture is not None:
            data["conjecture"] = [
                {"count": p.text(), "where": p.condition, "sizes": p.support} for p in self.conjecture
            ]
        return data


def render_csv(sweep: SweepResult) -> str:
    """A line of titles, and a line for each row."""
    lines = [csv_line([*sweep.dims, *COLUMNS])]
    return "".join(lines + [csv_line(csv_fields(row, sweep.dims)) for row in sweep.rows])


def render_text(sweep: SweepResult) -> str:
    """The table for people, and the formula under it."""
    lines = list(table(sweep.rows, sweep.dims))
    for piece in sweep.conjecture or ():
        where = f" where {piece.condition}" if piece.condition else ""
        lines.append(f"conjecture: count = {piece.text()}{where} (agrees with {piece.support} proved sizes)")
    if sweep.conjecture is not None and not sweep.conjecture:
        lines.append("no formula within reach agrees with every proved size")
    return "".join(f"{line}\n" for line in lines)


def csv_fields(row: SweepRow, dims: Iterable[str]) -> list[str]:
    """A row of CSV: the sizes, and what `COLUMNS` names."""
    fields = [str(row.sizes[d]) for d in dims] + [str(getattr(row, name)) for name in FIELDS]
    return [*fields, " ".join(p.code for p in row.premises), "" if row.where is None else row.where.name]


def csv_line(fields: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(fields)
    return buffer.getvalue()


def table(rows: Sequence[SweepRow], dims: Sequence[str]) -> Iterator[str]:
    """The rows as a text table, columns aligned; under it what proved rows rest on, and reasons of those that are not proved."""
    titles = [*dims, "D", "dim Lie >=", "laws", "depth", "status"]
    cells = [titles]
    for row in rows:
        number = str(row.at_least) if row.at_least == row.at_most else f"{row.at_least}..{row.at_most}"
        cells.append(
            [
                *(str(row.sizes[d]) for d in dims),
                str(row.parameters),
                str(row.lie_dimension),
                number if row.status != "ERROR" else "",
                str(row.depth),
                row.status,
            ]
        )
    widths = [max(len(line[k]) for line in cells) for k in range(len(titles))]
    for line in cells:
        yield "  ".join(cell.rjust(width) for cell, width in zip(line[:-1], widths, strict=False)) + "  " + line[-1]
    for row in rows:
        at = ", ".join(f"{d} = {n}" for d, n in row.sizes.items())
        place = row.where.text() if row.where is not None else ""
        place = f"{place} {elsewhere('count', exact=True)}" if place else ""
        notes = ", ".join(note for note in (place, under_text(row.premises)) if note)
        text = row.reason if row.status != "PROVED" else notes
        if text:
            yield f"{row.status}{' at ' + at if at else ''}: {text}"
    for name, text in premise_rows(sorted({p for row in rows for p in row.premises}, key=list(Premise).index)):
        yield f"{name} {text}"

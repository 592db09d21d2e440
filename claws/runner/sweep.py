"""The number of laws over many sizes: one row for each, computed in several processes, saved as they come.

Soundness rests on nothing here: each number is a theorem of the kernel, or there are bounds and a reason.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

from claws.kernel.core.errors import Refused
from claws.runner.driver import Options, known_laws
from claws.runner.processes import in_order
from claws.syntax.diagnostic import START, Diagnostic, SourceError
from claws.syntax.instances.instance import Instance
from claws.syntax.limits import LIMITS
from claws.syntax.reader import load_text
from claws.syntax.spec import Spec

MAX_ROWS = 100_000

COLUMNS = ("parameters", "lie_dimension", "at_least", "at_most", "depth", "status", "reason")


@dataclass(frozen=True)
class Row:
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
    assumptions: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {"sizes": dict(self.sizes)} | {name: getattr(self, name) for name in COLUMNS}
        return data | {"laws": list(self.laws), "assumptions": list(self.assumptions), "trust": list(self.trust)}


def count_at(spec: Spec, sizes: Mapping[str, int], options: Options) -> Row:
    """The number of laws of a file's model at these sizes. Raises `SourceError` where the model has no meaning at them."""
    from claws.prover.counting import count_laws

    instance = Instance(spec, sizes)
    free = instance.free_dims()
    if free:
        hint = f"give it, as in `-D {free[0]}=3`, or use `claws sweep FILE --over {free[0]}=1..4`"
        raise SourceError(Diagnostic("CLAW025", f"the number of laws depends on the size {free[0]}", START, hint))
    model = instance.model()
    outcome = count_laws(
        model, known_laws(spec, None, sizes), options.seed, options.budget, options.timeout, options.pure
    )
    found, theorem = outcome.found, outcome.theorem
    total = found.get("coordinates", 0)
    return Row(
        dict(sizes),
        total,
        found.get("lie_dimension_at_least", 0),
        found.get("count_at_least", 0),
        found.get("count_at_most", total),
        found.get("bracket_depth", 0),
        "UNKNOWN" if theorem is None else theorem.verdict,
        outcome.reason,
        tuple(outcome.used),
        () if theorem is None else theorem.trust,
        () if theorem is None else theorem.assumptions,
    )


# --- sizes -------------------------------------------------------------------------------------------------------------


def parse_over(text: str) -> dict[str, list[int]]:
    """Ranges such as `n=1..6,m=2,r=1..4`, both ends included. Raises `ValueError` with what is wrong."""
    result: dict[str, list[int]] = {}
    for part in text.split(","):
        name, equals, values = (x.strip() for x in part.partition("="))
        low, dots, high = (x.strip() for x in values.partition(".."))
        if not (equals and name.isidentifier() and low.isascii() and low.isdigit() and (not dots or high.isdigit())):
            raise ValueError(f"{part.strip()!r} is not a range; write for example n=1..6")
        if name in result:
            raise ValueError(f"{name} is given twice")
        first, last = int(low), int(high or low)
        if not 1 <= first <= last <= LIMITS.size:
            raise ValueError(f"{part.strip()!r}: sizes run upwards from at least 1 to at most {LIMITS.size}")
        result[name] = list(range(first, last + 1))
    return result


def all_sizes(over: Mapping[str, Sequence[int]]) -> list[dict[str, int]]:
    """Every combination, the last dim running fastest. Raises `ValueError` for too many."""
    count = 1
    for values in over.values():
        count *= len(values)
    if count > MAX_ROWS:
        raise ValueError(f"these are {count} sizes; at most {MAX_ROWS} are swept at a time")
    return [dict(zip(over, values, strict=True)) for values in product(*over.values())]


# --- many sizes --------------------------------------------------------------------------------------------------------


def sweep(
    text: str,
    path: str,
    sizes: Sequence[Mapping[str, int]],
    options: Options,
    done: Callable[[Row], None],
) -> None:
    """Count at every size; `done` is called for each row as it is finished, in the order of the sizes."""
    tasks = [(text, path, dict(s), options) for s in sizes]
    if options.jobs > 1 and len(tasks) > 1:
        for task, row in zip(tasks, in_order(_row, tasks, options.jobs), strict=True):
            done(_no_row(task[2], "its process died, perhaps for want of memory") if row is None else row)
    else:
        for task in tasks:
            done(_row(*task))


def _row(text: str, path: str, sizes: dict[str, int], options: Options) -> Row:
    """One row; an error is a row, too, so that it does not end the sweep."""
    try:
        return count_at(_spec(text, path), sizes, options)
    except SourceError as problem:
        reason = problem.diagnostic.message
    except Refused as problem:
        reason = str(problem)
    except (RecursionError, MemoryError):
        reason = "this is too large to be counted"
    return _no_row(sizes, reason)


def _no_row(sizes: Mapping[str, int], reason: str) -> Row:
    return Row(sizes, 0, 0, 0, 0, 0, "ERROR", reason)


_SPECS: dict[tuple[str, str], Spec] = {}


def _spec(text: str, path: str) -> Spec:
    """The file as it is read once in each process."""
    if (text, path) not in _SPECS:
        _SPECS.clear()
        _SPECS[text, path] = load_text(text, path)
    return _SPECS[text, path]


# --- saving ------------------------------------------------------------------------------------------------------------


class SaveError(Exception):
    """A file of results that can't be continued; the message says why and what to do."""


class Save:
    """A CSV file to which rows are added as they are finished, and from which a later run goes on."""

    def __init__(self, path: str, text: str, dims: Sequence[str], options: Options) -> None:
        self.path = path
        self.dims = list(dims)
        key = f"{text}\0{options.seed}\0{options.budget}"
        self.mark = "# claws sweep " + hashlib.sha256(key.encode()).hexdigest()[:16]
        self.header = [*self.dims, *COLUMNS]
        self.rows: dict[tuple[int, ...], Row] = {}
        if os.path.exists(path):
            self._read()
        else:
            self._write(f"{self.mark}\n{csv_line(self.header)}", "w")

    def _read(self) -> None:
        try:
            with open(self.path, encoding="utf-8", newline="") as handle:
                content = handle.read()
        except (OSError, UnicodeDecodeError) as problem:
            raise SaveError(f"{self.path} can't be read: {problem}") from problem
        lines = content.splitlines(keepends=True)
        if not lines or lines[0].strip() != self.mark or next(csv.reader(lines[1:2]), []) != self.header:
            raise SaveError(
                f"{self.path} holds something else, or another model, seed or budget: choose another file, or remove it"
            )
        if not content.endswith("\n"):
            # the last row was being written when the run was stopped
            lines = lines[:-1]
            self._write("".join(lines), "w")
        for fields in csv.reader(lines[2:]):
            row = self._row(fields)
            self.rows[tuple(row.sizes.values())] = row

    def _row(self, fields: list[str]) -> Row:
        try:
            numbers = [int(x) for x in fields[: len(self.header) - 2]]
            k = len(self.dims)
            sizes = dict(zip(self.dims, numbers[:k], strict=True))
            parameters, lie_dimension, at_least, at_most, depth = numbers[k:]
            return Row(sizes, parameters, lie_dimension, at_least, at_most, depth, fields[-2], fields[-1])
        except (ValueError, TypeError, IndexError) as problem:
            raise SaveError(f"{self.path} has a row that is none of its own: {','.join(fields)[:60]}") from problem

    def add(self, row: Row) -> None:
        self.rows[tuple(row.sizes.values())] = row
        self._write(csv_line(csv_fields(row, self.dims)), "a")

    def _write(self, text: str, mode: str) -> None:
        try:
            with open(self.path, mode, encoding="utf-8", newline="") as handle:
                handle.write(text)
        except OSError as problem:
            raise SaveError(f"{self.path} can't be written: {problem.strerror}") from problem


def csv_fields(row: Row, dims: Iterable[str]) -> list[str]:
    return [str(row.sizes[d]) for d in dims] + [str(getattr(row, name)) for name in COLUMNS]


def csv_line(fields: Sequence[str]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(fields)
    return buffer.getvalue()


def table(rows: Sequence[Row], dims: Sequence[str]) -> Iterator[str]:
    """The rows as a text table, columns aligned; reasons of rows that are not proved under it."""
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
        if row.status != "PROVED":
            at = ", ".join(f"{d} = {n}" for d, n in row.sizes.items())
            yield f"{row.status}{' at ' + at if at else ''}: {row.reason}"

"""Rows of a sweep in a CSV file: added as they are finished, and gone on from by a later run."""

from __future__ import annotations

import csv
import hashlib
import os
from collections.abc import Sequence

from claws.report.premises import PREMISES
from claws.report.sweeps import COLUMNS, SweepRow, csv_fields, csv_line
from claws.report.where import Where
from claws.runner.options import Options


class SaveError(Exception):
    """A file of results that can't be continued; the message says why and what to do."""


class Save:
    """A CSV file to which rows are added as they are finished, and from which a later run goes on."""

    def __init__(self, path: str, text: str, dims: Sequence[str], options: Options) -> None:
        self.path = path
        self.dims = list(dims)
        key = f"{text}\0{options.seed}\0{options.budget}" + "\0unconditional" * options.unconditional
        self.mark = "# claws sweep " + hashlib.sha256(key.encode()).hexdigest()[:16]
        self.header = [*self.dims, *COLUMNS]
        self.rows: dict[tuple[int, ...], SweepRow] = {}
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

    def _row(self, fields: list[str]) -> SweepRow:
        try:
            k = len(self.dims)
            sizes = dict(zip(self.dims, map(int, fields[:k]), strict=True))
            *numbers, status, reason, codes, where = fields[k:]
            parameters, lie_dimension, at_least, at_most, depth = map(int, numbers)
            premises = tuple(PREMISES[code] for code in codes.split())
            place = Where.named(where)
            return SweepRow(
                sizes, parameters, lie_dimension, at_least, at_most, depth, status, reason,
                premises=premises, where=place,
            )  # fmt: skip
        except (ValueError, TypeError, KeyError) as problem:
            raise SaveError(f"{self.path} has a row that is none of its own: {','.join(fields)[:60]}") from problem

    def add(self, row: SweepRow) -> None:
        self.rows[tuple(row.sizes.values())] = row
        self._write(csv_line(csv_fields(row, self.dims)), "a")

    def _write(self, text: str, mode: str) -> None:
        try:
            with open(self.path, mode, encoding="utf-8", newline="") as handle:
                handle.write(text)
        except OSError as problem:
            raise SaveError(f"{self.path} can't be written: {problem.strerror}") from problem

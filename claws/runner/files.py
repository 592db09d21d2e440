"""The files of a run: found in folders, read once, and loaded once in each process that works on them."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from claws.syntax.diagnostic import START, Diagnostic, nearest
from claws.syntax.reader import load_text
from claws.syntax.source import read_source
from claws.syntax.spec import Spec

COMMAND_LINE = "<command line>"
"""The path under which a report says what is wrong with the options."""

STANDARD_INPUT = "<stdin>"
"""The path under which a report shows standard input."""


class Source:
    """One file of a run: its text, or why there is none. Processes hand it on without what they have loaded."""

    __slots__ = ("_loaded", "path", "problem", "stem", "text")

    def __init__(self, path: str, text: str = "", problem: Diagnostic | None = None, stem: str | None = None) -> None:
        self.path = path
        self.text = text
        self.problem = problem
        self.stem = stem if stem is not None else Path(path).stem
        """How the names of its certificates start."""
        self._loaded: tuple[dict[str, int], Spec] | None = None

    def __reduce__(self) -> tuple[type[Source], tuple[str, str, Diagnostic | None, str]]:
        return Source, (self.path, self.text, self.problem, self.stem)

    def spec(self, sizes: Mapping[str, int]) -> Spec:
        """The file as it is read with these dims set. What is wrong with it is in `diagnostics`."""
        if self._loaded is None or self._loaded[0] != sizes:
            self._loaded = dict(sizes), load_text(self.text, self.path, sizes)
        return self._loaded[1]

    def forget(self) -> None:
        """Give back the memory of what was loaded."""
        self._loaded = None

    @staticmethod
    def of(spec: Spec, sizes: Mapping[str, int]) -> Source:
        """A file that has been read already, with these dims set."""
        source = Source(spec.path, spec.text)
        source._loaded = dict(sizes), spec
        return source


def find_files(paths: Sequence[str]) -> list[tuple[str, Diagnostic | None]]:
    """The `.claw` files that these paths name, folders searched in order; each with its error, if it has one."""
    found: list[tuple[str, Diagnostic | None]] = []
    seen: set[str] = set()
    for path in paths:
        if os.path.isdir(path):
            inside = sorted(str(p) for p in Path(path).rglob("*.claw") if p.is_file())
            if not inside:
                found.append((path, Diagnostic("CLAW042", "this folder has no `.claw` file")))
        else:
            inside = [path]
        for p in inside:
            if p not in seen:
                seen.add(p)
                found.append((p, None))
    return found


def read_files(paths: Sequence[str]) -> list[Source]:
    """The files that these paths name, each read once; every one has a stem of its own."""
    sources: list[Source] = []
    stems: set[str] = set()
    for path, problem in find_files(paths):
        stem, copy = Path(path).stem, 1
        while stem in stems:
            copy += 1
            stem = f"{Path(path).stem}-{copy}"
        stems.add(stem)
        text, unreadable = ("", problem) if problem is not None else read_source(path)
        sources.append(Source(path, text, unreadable, stem))
    return sources


class NoText(Exception):
    """Standard input is no text; the message is for the terminal."""


def read_standard_input(path: str = STANDARD_INPUT) -> Source:
    """What comes through standard input, under this path. Raises `NoText` where it is not UTF-8."""
    try:
        return Source(path, sys.stdin.buffer.read().decode("utf-8-sig"), None, "stdin")
    except UnicodeDecodeError as problem:
        raise NoText("claws: standard input is not UTF-8") from problem


def read_inputs(paths: Sequence[str], path: str = STANDARD_INPUT) -> list[Source]:
    """The files that a command line names; `-` alone is standard input, under `path`. Raises `NoText`."""
    return [read_standard_input(path)] if list(paths) == ["-"] else read_files(paths)


def unknown_dims(sizes: Mapping[str, int], declared: Collection[str]) -> Diagnostic | None:
    """What is wrong with `-D`, if a size is for a dim that no file declares."""
    unknown = [f"`{d}`" for d in sizes if d not in declared]
    return Diagnostic("CLAW043", f"no file declares the dim {', '.join(unknown)} of -D") if unknown else None


def undeclared(dims: Sequence[str], spec: Spec) -> Diagnostic | None:
    """What is wrong with names that are to be given sizes, if the file does not declare one of them."""
    for d in dims:
        if d not in spec.dims:
            near = nearest(d, spec.dims)
            hint = f"did you mean `{near}`?" if near else f"its dims are: {', '.join(spec.dims) or 'none'}"
            return Diagnostic("CLAW043", f"the file declares no dim `{d}`", START, hint)
    return None


def load_file(path: str, sizes: Mapping[str, int]) -> tuple[Spec, list[Diagnostic]]:
    """One file, and what is wrong with it or with the `-D` that came with it."""
    text, problem = read_source(path)
    spec = load_text(text, path, sizes)
    if problem is not None:
        return spec, [problem]
    unknown = unknown_dims(sizes, spec.dims)
    return spec, spec.diagnostics or ([] if unknown is None else [unknown])

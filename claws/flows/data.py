"""Files of data for `claws flow`: inputs, constants and targets, as NumPy's `.npz` or as CSV.

Files come from anywhere, so what they unpack to is bounded before it is unpacked: an archive of a megabyte may hold zeros of many
gigabytes.
"""

from __future__ import annotations

import csv
import io
import math
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.lib import format as npy

from claws.flows.problem import CannotTrain
from claws.readings.jets import Array


@dataclass(frozen=True, slots=True)
class DataLimits:
    """How large a file of data may be, in bytes."""

    file: int = 64 * 2**20
    unpacked: int = 256 * 2**20
    """All arrays of an archive together, as numbers of eight bytes."""


LIMITS = DataLimits()

NUMBERS = "biuf"
"""The kinds of NumPy's types that are real numbers."""


def read_data(path: str) -> dict[str, Array]:
    """Arrays by name, from a NumPy `.npz` file, or from CSV with a header such as `x[0],x[1],target`.

    CSV columns with the same name are entries of one array, in their order, a sample in each row. Raises `CannotTrain` with the
    file, and the row or the array that is wrong.
    """
    try:
        with open(path, "rb") as handle:
            content = handle.read(LIMITS.file + 1)
    except FileNotFoundError:
        raise CannotTrain(f"there is no file {path}") from None
    except (OSError, ValueError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) and problem.strerror else "not a path"
        raise CannotTrain(f"{path} can't be read: {reason}") from None
    if len(content) > LIMITS.file:
        raise CannotTrain(f"{path} is larger than {LIMITS.file} bytes")
    if path.lower().endswith(".npz"):
        return dict(_arrays(path, content))
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        line = content[: problem.start].count(b"\n") + 1
        raise CannotTrain(f"{path}:{line}: this is not UTF-8") from None
    return _columns(path, text)


def fitted(data: Mapping[str, Array], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Array]:
    """Rows of CSV in the shapes of the inputs they are for, where the number of entries is right."""
    result = {}
    for name, x in data.items():
        shape = shapes.get(name)
        fits = shape is not None and x.ndim and len(x) and x.size == len(x) * math.prod(shape)
        result[name] = x.reshape(len(x), *shape) if fits and shape is not None else x
    return result


# --- NumPy ---------------------------------------------------------------------------------------------------------------


def _arrays(path: str, content: bytes) -> Iterator[tuple[str, Array]]:
    """The arrays of an archive. Raises `CannotTrain`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            room = LIMITS.unpacked
            for info in archive.infolist():
                name = info.filename.removesuffix(".npy")
                with archive.open(info) as member:
                    shape, dtype = _header(member)
                    if dtype.kind not in NUMBERS:
                        raise CannotTrain(f"{path}: `{name}` holds {dtype}, not real numbers")
                    room -= 8 * math.prod(shape)
                    if room < 0:
                        raise CannotTrain(
                            f"{path}: its arrays take more than {LIMITS.unpacked} bytes: `{name}` is {shape}"
                        )
                with archive.open(info) as member:
                    yield name, np.asarray(npy.read_array(member, allow_pickle=False), dtype=np.float64)
    except (zipfile.BadZipFile, zlib.error, struct.error, EOFError, ValueError, OSError, RuntimeError) as problem:
        raise CannotTrain(f"{path} is no archive of NumPy arrays, or damaged: {problem}") from None


def _header(member: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[np.generic]]:
    """The shape and the type of an array, before it is read. Raises `ValueError`."""
    version = npy.read_magic(member)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"arrays of version {version} are not known")
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(member)
    return shape, dtype


# --- CSV -----------------------------------------------------------------------------------------------------------------


def _columns(path: str, text: str) -> dict[str, Array]:
    """The columns of a table by name. Raises `CannotTrain`."""
    reader = csv.reader(io.StringIO(text, newline=""))
    numbers: list[list[float]] = []
    names: list[str] = []
    try:
        for row in reader:
            if not row:
                continue
            if not names:
                names = [name.strip() for name in row]
                continue
            if len(row) != len(names):
                raise CannotTrain(f"{path}:{reader.line_num}: {len(row)} numbers in a table of {len(names)} columns")
            try:
                numbers.append([float(x) for x in row])
            except ValueError:
                raise CannotTrain(f"{path}:{reader.line_num}: this row has something that is no number") from None
            if not all(map(math.isfinite, numbers[-1])):
                raise CannotTrain(f"{path}:{reader.line_num}: every number must be finite")
    except csv.Error as problem:
        raise CannotTrain(f"{path}:{reader.line_num}: {problem}") from None
    if not numbers:
        raise CannotTrain(f"{path}: a header and at least one row of numbers are needed")
    table = np.array(numbers)
    header = [re.sub(r"\[.*\]$", "", name) for name in names]
    result = {}
    for name in dict.fromkeys(header):
        places = [k for k, other in enumerate(header) if other == name]
        # without an index, a column is a number for each sample
        alone = len(places) == 1 and names[places[0]] == name
        result[name] = table[:, places[0]] if alone else table[:, places]
    return result

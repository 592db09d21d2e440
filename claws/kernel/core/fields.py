"""What the types of a record's fields say: which are positions of nodes, which are sizes, and how large each may be.

Soundness-critical: operands, renumbering, sizes and decoding of every record are derived from these types and written nowhere
else. A field's type is a plain one (`str`, `int`, `bool`, `Fraction`, `Size`, another record), a tuple, mapping, union or `None`
of such, or `Annotated` with one of the marks below.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from claws.kernel.core.sizes import Size


@dataclass(frozen=True, slots=True)
class Range:
    """An integer from `low` to `high`, both included."""

    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Position:
    """The position of a node of a program."""

    high: int


@dataclass(frozen=True, slots=True)
class Longest:
    """A list, a mapping or a text of at most so many items."""

    length: int


@dataclass(frozen=True, slots=True)
class Printed:
    """A name that is printed, so it must not look like other text."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """One of several records, written with a field `key` that says which, by these tags."""

    key: str
    tags: tuple[tuple[str, type], ...]

    @staticmethod
    def by_name(key: str, *records: type) -> Tagged:
        """Each record by its own name, in small letters."""
        return Tagged(key, tuple((record.__name__.lower(), record) for record in records))


@dataclass(frozen=True, slots=True)
class Bracket:
    """A bracket of at most so many generators: 1, or a list of two brackets."""

    generators: int


class Row:
    """A record that is written as a list of its fields in their order; other records are written as objects."""

    __slots__ = ()


MAX_NODES = 200_000

NodeNumber = Annotated[int, Position(MAX_NODES)]
"""The position of a node."""

Name = Annotated[str, Printed()]
Natural = Annotated[int, Range(0, 1_000_000)]
Whole = Annotated[int, Range(-1_000_000, 1_000_000)]

Sizes = Mapping[str, Annotated[int, Range(1, 1_000_000)]]
"""A size for some dims."""

Place = Annotated[int, Range(0, 10_000)]
"""The place of an output or a law among those of a statement."""


def hints(record: Any) -> dict[str, Any]:
    """The type of each field of a record that is given when it is made, with its marks, in order."""
    found = get_type_hints(record, include_extras=True)
    return {f.name: found[f.name] for f in fields(record) if f.init and f.metadata.get("kept", True)}


def unmarked(tp: Any) -> tuple[Any, tuple[Any, ...]]:
    """A type without its marks, and the marks."""
    if get_origin(tp) is Annotated:
        inner, *marks = get_args(tp)
        return inner, tuple(marks)
    return tp, ()


def is_union(tp: Any) -> bool:
    """Whether a type is a union of several."""
    return get_origin(tp) in (Union, UnionType)


# --- walking ----------------------------------------------------------------------------------------------------------

Change = Callable[[Any], Any]
Changer = Callable[[Any, Change], Any] | None


def _is_position(tp: Any) -> bool:
    return any(isinstance(mark, Position) for mark in unmarked(tp)[1])


def _is_size(tp: Any) -> bool:
    return tp is Size


@cache
def _reader(tp: Any, wanted: Callable[[Any], bool]) -> Callable[[Any], tuple[Any, ...]] | None:
    """What reads the wanted values inside a value of this type, in order; None where the type has none."""
    if wanted(tp):
        return lambda x: (x,)
    plain = unmarked(tp)[0]
    inner = get_args(plain) if get_origin(plain) is tuple else ()
    if len(inner) == 2 and inner[1] is ...:
        if wanted(inner[0]):
            return tuple
        read = _reader(inner[0], wanted)
        return None if read is None else lambda x: tuple(y for item in x for y in read(item))
    reads = [(k, read) for k, item in enumerate(inner) if (read := _reader(item, wanted)) is not None]
    if not reads:
        return None
    return lambda x: tuple(y for k, read in reads for y in read(x[k]))


def _record_reader(record: type, wanted: Callable[[Any], bool]) -> Callable[[Any], tuple[Any, ...]]:
    reads = [
        (attrgetter(name), read) for name, tp in hints(record).items() if (read := _reader(tp, wanted)) is not None
    ]
    if not reads:
        return lambda x: ()
    if len(reads) == 1:
        ((get, only),) = reads
        return lambda x: only(get(x))
    return lambda x: tuple(y for get, read in reads for y in read(get(x)))


_POSITIONS: dict[type, Callable[[Any], tuple[int, ...]]] = {}
_SIZES: dict[type, Callable[[Any], tuple[Size, ...]]] = {}
"""What reads positions and sizes, by type, made once each: programs are walked all the time."""


def positions(record: Any) -> tuple[int, ...]:
    """The positions of nodes that a record names, in the order of its fields."""
    kind = type(record)
    if kind not in _POSITIONS:
        _POSITIONS[kind] = _record_reader(kind, _is_position)
    return _POSITIONS[kind](record)


def sizes(record: Any) -> tuple[Size, ...]:
    """The sizes that a record mentions, in the order of its fields."""
    kind = type(record)
    if kind not in _SIZES:
        _SIZES[kind] = _record_reader(kind, _is_size)
    return _SIZES[kind](record)


def _changer(tp: Any, wanted: Callable[[Any], bool]) -> Changer:
    """What puts other values for the wanted ones inside a value of this type; None where the type has none."""
    if wanted(tp):
        return lambda x, change: change(x)
    plain = unmarked(tp)[0]
    inner = get_args(plain) if get_origin(plain) is tuple else ()
    if len(inner) == 2 and inner[1] is ...:
        each = _changer(inner[0], wanted)
        return None if each is None else lambda x, change: tuple(each(y, change) for y in x)
    each_of = [_changer(item, wanted) for item in inner]
    if not any(each_of):
        return None
    return lambda x, change: tuple(y if put is None else put(y, change) for y, put in zip(x, each_of, strict=True))


_CHANGES: dict[tuple[type, Callable[[Any], bool]], tuple[tuple[str, Changer], ...]] = {}


def _changed(record: Any, wanted: Callable[[Any], bool], change: Change) -> Any:
    key = (type(record), wanted)
    if key not in _CHANGES:
        _CHANGES[key] = tuple((name, _changer(tp, wanted)) for name, tp in hints(type(record)).items())
    parts = _CHANGES[key]
    if not any(put for _, put in parts):
        return record
    values = ((getattr(record, name), put) for name, put in parts)
    return type(record)(*(x if put is None else put(x, change) for x, put in values))


def with_positions(record: Any, change: Change) -> Any:
    """The same record with other positions of nodes."""
    return _changed(record, _is_position, change)


def with_sizes(record: Any, change: Change) -> Any:
    """The same record with other sizes."""
    return _changed(record, _is_size, change)

"""Records from JSON, by the types of their fields.

Soundness-critical: everything read is checked for type, range and length before anything is computed. Raises `Malformed` for
whatever does not fit. How a value is written follows from its type alone (FORMAT.md), and it is written by the same types.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from fractions import Fraction
from functools import cache, lru_cache
from types import NoneType
from typing import Any, get_args, get_origin

from claws.kernel.core.errors import Malformed
from claws.kernel.core.fields import Bracket, Longest, Position, Printed, Range, Row, Tagged, hints, is_union, unmarked
from claws.kernel.core.identifiers import is_leaf_name
from claws.kernel.core.program import POWER
from claws.kernel.core.sizes import Size

MAX_DIGITS = 2000
"""A numerator or a denominator has at most so many digits."""

MAX_LIST = 1_000_000
MAX_FIELDS = 10_000
MAX_TEXT = 200
"""Lists, objects and texts without a bound of their own are at most so long."""

MAX_SIZE_TERMS = 200
MAX_SIZE_DEGREE = 64
MAX_SIZE_NUMBER = 1_000_000
"""The terms of a size, the degree in one dim, and the absolute value of a size that is a number."""

Decoder = Callable[[Any], Any]


def decode(tp: Any, data: Any) -> Any:
    """The value of this type that JSON data stand for. Raises `Malformed` where they stand for none."""
    return decoder(tp)(data)


@cache
def decoder(tp: Any) -> Decoder:
    """What reads values of a type."""
    plain, marks = unmarked(tp)
    if plain is Size:
        return _size
    for mark in marks:
        match mark:
            case Position(high):
                return lambda x: _integer(x, 0, high)
            case Range(low, high):
                return lambda x: _integer(x, low, high)
            case Bracket(generators):
                return lambda x: _tree(x, generators, generators)
            case Printed():
                return _name
            case Tagged(key, tags):
                return _tagged(key, dict(tags))
    longest = next((mark.length for mark in marks if isinstance(mark, Longest)), None)
    if plain is str:
        return lambda x: _text(x, MAX_TEXT if longest is None else longest)
    if plain is Fraction:
        return _fraction
    if plain is bool:
        return _boolean
    if plain is NoneType:
        return _null
    if is_union(plain):
        return _union(get_args(plain))
    if isinstance(plain, type) and is_dataclass(plain):
        return _row(plain) if issubclass(plain, Row) else _object(plain)
    origin, inner = get_origin(plain), get_args(plain)
    if origin is list or (origin is tuple and len(inner) == 2 and inner[1] is ...):
        return _many(inner[0], MAX_LIST if longest is None else longest, list if origin is list else tuple)
    if origin is tuple:
        return _fixed(inner)
    if origin in (dict, Mapping):
        return _mapping(*inner)
    raise TypeError(f"no values of the type {tp} are read")


# --- values ------------------------------------------------------------------------------------------------------------


def _integer(x: Any, low: int, high: int) -> int:
    if type(x) is not int:
        raise Malformed(f"expected an integer, found {type(x).__name__}")
    if not low <= x <= high:
        raise Malformed(f"an integer is outside {low}..{high}")
    return x


def _boolean(x: Any) -> bool:
    if not isinstance(x, bool):
        raise Malformed(f"expected true or false, found {type(x).__name__}")
    return x


def _null(x: Any) -> None:
    if x is not None:
        raise Malformed(f"expected null, found {type(x).__name__}")


def _text(x: Any, longest: int) -> str:
    if not isinstance(x, str):
        raise Malformed(f"expected a string, found {type(x).__name__}")
    if len(x) > longest:
        raise Malformed("a string is too long")
    return x


def _name(x: Any) -> str:
    """The name of a leaf, a dim, an activation, a function."""
    text = _text(x, MAX_TEXT)
    if text != POWER and not is_leaf_name(text):
        raise Malformed(f"{text[:40]!a} can't be a name")
    return text


def _fraction(x: Any) -> Fraction:
    text = _text(x, 2 * MAX_DIGITS + 2)
    return _short_fraction(text) if len(text) <= 8 else _read_fraction(text)


@lru_cache(maxsize=4096)
def _short_fraction(text: str) -> Fraction:
    return _read_fraction(text)


def _read_fraction(text: str) -> Fraction:
    if not re.fullmatch(rf"-?[0-9]{{1,{MAX_DIGITS}}}(/[0-9]{{1,{MAX_DIGITS}}})?", text):
        raise Malformed(f"expected a rational such as '-1/2', found {text[:20]!r}")
    try:
        return Fraction(text)
    except ZeroDivisionError:
        raise Malformed("a rational has denominator 0") from None


def _size(x: Any) -> Size:
    if not isinstance(x, list):
        return Size.of(_integer(x, -MAX_SIZE_NUMBER, MAX_SIZE_NUMBER))
    terms: dict[tuple[tuple[str, int], ...], Fraction] = {}
    for row in _items(x, MAX_SIZE_TERMS):
        c, powers = _exactly(row, 2)
        monomial = []
        for pair in _items(powers, MAX_SIZE_TERMS):
            name, e = _exactly(pair, 2)
            monomial.append((_name(name), _integer(e, 1, MAX_SIZE_DEGREE)))
        names = [name for name, _ in monomial]
        if names != sorted(set(names)):
            raise Malformed("the dims of a size are not in order")
        if tuple(monomial) in terms:
            raise Malformed("a size has a monomial twice")
        terms[tuple(monomial)] = _fraction(c)
    return Size(terms)


def _tree(x: Any, leaves: int, most: int) -> Any:
    """A bracket of at most so many generators."""
    if x == 1 and not isinstance(x, bool):
        return 1
    if leaves < 2:
        raise Malformed(f"a bracket has more than {most} generators")
    left, right = _exactly(x, 2)
    return (_tree(left, leaves - 1, most), _tree(right, leaves - 1, most))


# --- what is made of values --------------------------------------------------------------------------------------------


def _items(x: Any, longest: int) -> list[Any]:
    if not isinstance(x, list):
        raise Malformed(f"expected a list, found {type(x).__name__}")
    if len(x) > longest:
        raise Malformed(f"a list is longer than {longest}")
    return x


def _exactly(x: Any, length: int) -> list[Any]:
    if not isinstance(x, list) or len(x) != length:
        raise Malformed(f"expected a list of {length}")
    return x


def _fields(x: Any, names: set[str]) -> dict[str, Any]:
    if not isinstance(x, dict):
        raise Malformed(f"expected an object, found {type(x).__name__}")
    if set(x) != names:
        odd = sorted(str(k)[:40] for k in set(x) ^ names)
        raise Malformed(f"missing or unknown fields: {', '.join(odd)}")
    return x


def _many(item: Any, longest: int, kind: type) -> Decoder:
    def read(x: Any) -> Any:
        return kind([each(y) for y in _items(x, longest)])

    each = decoder(item)
    return read


def _fixed(inner: tuple[Any, ...]) -> Decoder:
    each = [decoder(tp) for tp in inner]
    return lambda x: tuple([read(y) for read, y in zip(each, _exactly(x, len(each)), strict=True)])


def _mapping(key: Any, value: Any) -> Decoder:
    """An object where the keys are texts, else a list of pairs, none of them with the key of another."""
    read_key, read_value = decoder(key), decoder(value)
    if unmarked(key)[0] is str:

        def read(x: Any) -> Any:
            if not isinstance(x, dict):
                raise Malformed(f"expected an object, found {type(x).__name__}")
            if len(x) > MAX_FIELDS:
                raise Malformed("an object has too many fields")
            return {read_key(k): read_value(v) for k, v in x.items()}

        return read

    def read_pairs(x: Any) -> Any:
        pairs = [_exactly(y, 2) for y in _items(x, MAX_LIST)]
        result = {read_key(k): read_value(v) for k, v in pairs}
        if len(result) != len(pairs):
            raise Malformed("an array gives an entry twice")
        return result

    return read_pairs


def _row(record: type, tag: int = 0) -> Decoder:
    """A record as the list of its fields, after a tag or none."""
    each = [decoder(tp) for tp in hints(record).values()]

    def read(x: Any) -> Any:
        row = _exactly(x, len(each) + tag)
        return record(*[read(y) for read, y in zip(each, row[tag:], strict=True)])

    return read


def _object(record: type, key: str | None = None) -> Decoder:
    """A record as an object with exactly its fields, and with the field of a tag or none."""
    each = {name: decoder(tp) for name, tp in hints(record).items()}
    names = {*each, *([] if key is None else [key])}

    def read(x: Any) -> Any:
        found = _fields(x, names)
        return record(**{name: read(found[name]) for name, read in each.items()})

    return read


def _tagged(key: str, tags: Mapping[str, type]) -> Decoder:
    """One of several records: a list that starts with its tag, or an object with a field for it."""

    def read(x: Any) -> Any:
        tag = x[0] if isinstance(x, list) and x else x.get(key) if isinstance(x, dict) else None
        record = tags.get(tag) if isinstance(tag, str) else None
        if record is None or issubclass(record, Row) != isinstance(x, list):
            raise Malformed(f"expected one of {', '.join(tags)}, with the name of its kind as its {key}")
        return _member(record, key)(x)

    return read


@cache
def _member(record: type, key: str) -> Decoder:
    return _row(record, 1) if issubclass(record, Row) else _object(record, key)


def _union(members: tuple[Any, ...]) -> Decoder:
    """The member whose values are written as data of this kind: no two members of a union are written alike."""
    kinds = {_kind(tp): decoder(tp) for tp in members}
    if len(kinds) != len(members):
        raise TypeError("two members of a union are written alike")

    def read(x: Any) -> Any:
        found = kinds.get(type(x))
        if found is None:
            raise Malformed(f"expected another kind of value than {type(x).__name__}")
        return found(x)

    return read


def _kind(tp: Any) -> type:
    """How values of a type are written in JSON."""
    plain, _ = unmarked(tp)
    if plain in (str, Fraction):
        return str
    if plain in (int, bool, NoneType):
        return {int: int, bool: bool, NoneType: NoneType}[plain]
    if get_origin(plain) in (tuple, list) or (isinstance(plain, type) and issubclass(plain, Row)):
        return list
    return dict

"""Records from JSON: every type that a certificate may hold can be read, and what is written is read again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import is_dataclass
from fractions import Fraction
from types import NoneType
from typing import Any, get_args, get_origin

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claws.kernel import Malformed, Size
from claws.kernel.core import flow as f
from claws.kernel.core import program as p
from claws.kernel.core.fields import Bracket, Longest, Position, Printed, Range, Row, Tagged, hints, is_union, unmarked
from claws.kernel.core.functions import Slope
from claws.kernel.core.statement import Statement
from claws.kernel.counting import evidence as e
from claws.kernel.counting import statements as s
from claws.kernel.format.certificate import About
from claws.kernel.format.decoding import decode, decoder
from claws.kernel.laws import evidence as laws
from claws.kernel.values import evidence as points
from claws.prover.certificates import encode


def reachable(tp: Any, found: set[Any]) -> set[Any]:
    """A type, and every type inside it."""
    if tp in found or tp is ...:
        return found
    found.add(tp)
    plain, marks = unmarked(tp)
    for mark in marks:
        if isinstance(mark, Tagged):
            for _, record in mark.tags:
                reachable(record, found)
            return found
        if isinstance(mark, Bracket):
            return found
    if isinstance(plain, type) and is_dataclass(plain):
        for inner in hints(plain).values():
            reachable(inner, found)
    for inner in get_args(plain):
        reachable(inner, found)
    return found


TYPES = sorted(reachable(e.Evidence, reachable(s.AnyStatement, set())), key=str)
RECORDS = [tp for tp in TYPES if isinstance(tp, type) and is_dataclass(tp)]

ALL_RECORDS = {
    *(p.Leaf, p.Number, p.Iota, p.Einsum, p.Sum, p.Apply, p.Call, p.Window, p.Stop, p.Program, Slope),
    *(f.Flow, f.Field, f.Part),
    *(Statement, s.Count, s.Complete, s.Independent),
    *(
        laws.ByTensors,
        laws.ByPolynomials,
        laws.BlockLaw,
        laws.ByBlock,
        points.Choices,
        points.Witness,
        e.Step,
        e.Bundle,
        e.TruePoint,
        e.Combination,
        e.Involution,
        e.Sandwich,
    ),
    *(e.Relation, e.NotConserved),
}


def test_every_record_is_reached() -> None:
    assert set(RECORDS) == ALL_RECORDS


@pytest.mark.parametrize("tp", [*TYPES, About], ids=lambda tp: str(tp).replace("claws.kernel.", "")[:60])
def test_every_type_can_be_read(tp: Any) -> None:
    """Also that no two members of a union are written alike. What is no value of JSON is refused as malformed."""
    with pytest.raises(Malformed):
        decoder(tp)(object())


def test_a_type_without_a_rule_is_an_error() -> None:
    with pytest.raises(TypeError, match="no values of the type"):
        decoder(complex)
    with pytest.raises(TypeError, match="two members of a union are written alike"):
        decoder(str | Fraction)


# --- round trips ---

FRACTIONS = st.fractions(max_denominator=50)
NAMES = st.from_regex(r"[abU_][abU_1]{0,3}(\.V)?|vel\(U1?\)", fullmatch=True)
SIZES = st.lists(
    st.tuples(st.fractions(-9, 9, max_denominator=3), st.dictionaries(st.sampled_from("mnr"), st.integers(1, 3))),
    max_size=3,
).map(lambda terms: Size({tuple(sorted(powers.items())): c for c, powers in terms}))
TREES = st.recursive(st.just(1), lambda inner: st.tuples(inner, inner), max_leaves=5)


def values(tp: Any) -> st.SearchStrategy[Any]:
    """Values of a type, made from its parts without their checks against each other."""
    plain, marks = unmarked(tp)
    if plain is Size:
        return SIZES
    for mark in marks:
        match mark:
            case Position(high):
                return st.integers(0, high)
            case Range(low, high):
                return st.integers(low, high)
            case Bracket():
                return TREES
            case Printed():
                return NAMES
            case Tagged(_, tags):
                return st.one_of(*(st.deferred(lambda record=record: values(record)) for _, record in tags))
    if plain is str:
        length = next((mark.length for mark in marks if isinstance(mark, Longest)), 200)
        return st.text(max_size=min(length, 5))
    if plain in (Fraction, bool, NoneType):
        return {Fraction: FRACTIONS, bool: st.booleans(), NoneType: st.none()}[plain]
    if is_union(plain):
        return st.one_of(*map(values, get_args(plain)))
    if isinstance(plain, type) and is_dataclass(plain):
        return st.fixed_dictionaries({k: values(inner) for k, inner in hints(plain).items()}).map(
            lambda given: unchecked(plain, given)
        )
    origin, inner = get_origin(plain), get_args(plain)
    if origin is list or (origin is tuple and inner[-1] is ...):
        return st.lists(values(inner[0]), max_size=2).map(origin)
    if origin is tuple:
        return st.tuples(*map(values, inner))
    assert origin in (dict, Mapping), tp
    return st.dictionaries(values(inner[0]), values(inner[1]), max_size=2)


def unchecked(record: type, given: Mapping[str, Any]) -> Any:
    """A record with these fields, whatever they are: only how it is written is looked at."""
    x = object.__new__(record)
    for name, value in given.items():
        object.__setattr__(x, name, value)
    return x


def same(x: Any, y: Any) -> bool:
    """Whether two values are the same, field by field."""
    if is_dataclass(x) and not isinstance(x, type):
        return type(x) is type(y) and all(same(getattr(x, k), getattr(y, k)) for k in hints(type(x)))
    if isinstance(x, tuple | list):
        return type(x) is type(y) and len(x) == len(y) and all(map(same, x, y))
    if isinstance(x, Mapping):
        return isinstance(y, Mapping) and sorted(x) == sorted(y) and all(same(x[k], y[k]) for k in x)
    return type(x) is type(y) and bool(x == y)


class Unchecked:
    """Records are made without their checks while they are read."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        for record in RECORDS:
            if hasattr(record, "__post_init__"):
                patch.setattr(record, "__post_init__", lambda self: None)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_what_is_written_is_read_again(record: type) -> None:
    @settings(deadline=None, max_examples=25, database=None, suppress_health_check=list(HealthCheck))
    @given(values(record))
    def check(x: Any) -> None:
        text = json.dumps(encode(record, x))
        again = decode(record, json.loads(text))
        assert same(x, again)
        assert json.dumps(encode(record, again)) == text

    with pytest.MonkeyPatch.context() as patch:
        Unchecked(patch)
        check()


@pytest.mark.parametrize("tp", [p.Node, laws.LawEvidence, laws.DirectEvidence], ids=["nodes", "laws", "direct"])
def test_the_tag_says_which_record_it_is(tp: Any) -> None:
    _, (tagged,) = unmarked(tp)
    assert len({tag for tag, _ in tagged.tags}) == len({record for _, record in tagged.tags}) == len(tagged.tags)
    assert {record for _, record in tagged.tags} == set(get_args(unmarked(tp)[0]))


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)
def test_a_field_more_or_less_is_refused(record: type) -> None:
    """Twins: the fields as they are, with one more, and with one less."""

    @settings(deadline=None, max_examples=5, database=None, suppress_health_check=list(HealthCheck))
    @given(values(record))
    def check(x: Any) -> None:
        data = encode(record, x)
        assert same(decode(record, data), x)
        if issubclass(record, Row):
            wrong = [[*data, 0], data[:-1]]
            reason = f"expected a list of {len(data)}"
        else:
            wrong = [{**data, "more": 0}, *([dict(list(data.items())[1:])] if data else [])]
            reason = "missing or unknown fields"
        for bad in wrong:
            with pytest.raises(Malformed, match=reason):
                decode(record, bad)

    with pytest.MonkeyPatch.context() as patch:
        Unchecked(patch)
        check()

"""Where a number was seen: the point in a line, in rows and as JSON, and what a line says of conditions and premises."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from claws.kernel import NamedPoint, Premise, Verdict
from claws.report.details import Bounds, Detail
from claws.report.results import ClaimResult, FileResult
from claws.report.sweeps import SweepResult, SweepRow, csv_fields, render_text
from claws.report.text import render_claim, render_file
from claws.report.where import Where
from claws.syntax.diagnostic import Span

SOURCE = ("dim n", "param u, v: [n]", "map u*v", "count = 2")
SPAN = Span(4, 1, 4, 10)
HALF = Fraction(1, 2)


def point(name: str, shape: tuple[int, ...], *entries: int | Fraction) -> NamedPoint:
    return NamedPoint(name, shape, tuple(map(Fraction, entries)))


SHORT = (point("W", (2, 2), HALF, 3, 0, -1), point("b", (), 2))
LONG = (point("W", (3, 4), *range(12)), point("b", (3,), 1, 2, 3), point("c", (), 7))


def claim(near: tuple[NamedPoint, ...] = (), **fields: Any) -> ClaimResult:
    detail = Detail(where=Where.of(near), bounds=Bounds(5, 5, 2, 2, 3))
    given = {"sizes": None, "verdict": Verdict.PROVED, "expected": Verdict.PROVED, "detail": detail} | fields
    return ClaimResult(given.pop("name", "count"), given.pop("kind", "count"), SPAN, **given)


def shown(c: ClaimResult, **options: Any) -> str:
    f = FileResult("x.claw", "x", claims=[c], lines=SOURCE)
    return "\n".join(render_claim(f, c, **options)).removeprefix("x.claw:4:1: ")


# --- the point ---------------------------------------------------------------------------------------------------------


def test_a_point_as_json() -> None:
    assert Where.of(()).to_json() == {"where": "almost everywhere"}
    assert Where.of(SHORT).to_json() == {
        "where": "near a point",
        "point": {"W": [["1/2", "3"], ["0", "-1"]], "b": "2"},
    }


@pytest.mark.parametrize(
    ("near", "text"),
    [
        ((), ""),
        (SHORT, "near W = [[1/2, 3], [0, -1]], b = 2"),
        (LONG, "near W = [[0, 1, ...], [4, 5, ...], ...], b = [1, 2, ...], ..."),
        ((point("W", (1, 2), 1, 2),), "near W = [[1, 2]]"),
        ((point("W", (7,), *range(7)),), "near W = [0, 1, ...]"),
        ((point("W", (6,), *range(6)),), "near W = [0, 1, 2, 3, 4, 5]"),
    ],
)
def test_a_point_in_a_line_is_cut_short_where_it_is_long(near: tuple[NamedPoint, ...], text: str) -> None:
    assert Where.of(near).text() == text


def test_rows_have_all_of_a_point_up_to_a_bound() -> None:
    assert list(Where.of(LONG).rows())[1:] == [("near", "b = [1, 2, 3]"), ("near", "c = 7")]
    (row,) = Where.of([point("W", (1001,), *range(1001))]).rows()
    assert row == ("near", "W = [0, 1, ...]")


def test_a_place_that_was_saved_has_a_name_alone() -> None:
    for near in ((), SHORT):
        where = Where.of(near)
        again = Where.named(where.name)
        assert again is not None
        assert (again.name, again.to_json()) == (where.name, {"where": where.name})
    assert Where.named("") is None


# --- the line of a claim -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({}, "PROVED count"),
        (
            {"near": SHORT},
            "PROVED count near W = [[1/2, 3], [0, -1]], b = 2 (other regions may have more laws, none has fewer)",
        ),
        (
            {"near": SHORT[1:], "sizes": {"n": 2}},
            "PROVED count for n = 2 near b = 2 (other regions may have more laws, none has fewer)",
        ),
        (
            {"near": SHORT[1:], "kind": "independent", "name": "independent a"},
            "PROVED independent a near b = 2 (in other regions they may be dependent)",
        ),
        (
            {"near": SHORT[1:], "verdict": Verdict.REFUTED, "expected": Verdict.REFUTED},
            "REFUTED count near b = 2 (other regions may have more laws, none has fewer), as expected",
        ),
    ],
)
def test_a_line_says_where(fields: dict[str, Any], line: str) -> None:
    assert shown(claim(**fields)) == line


def test_that_none_has_fewer_is_said_where_it_is_known_only() -> None:
    c = claim(SHORT[1:])
    c.detail.bounds = Bounds(5, 5, 1, 2, 3)
    assert shown(c) == "PROVED count near b = 2 (other regions may have more laws)"


def test_verbose_has_the_whole_point() -> None:
    text = shown(claim(LONG), verbose=True)
    assert "    near  W = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]\n" in text
    assert "    near  c = 7" in text
    assert "    near" not in shown(claim(), verbose=True)


@pytest.mark.parametrize("verdict", [Verdict.PROVED, Verdict.REFUTED])
def test_premises_stand_in_the_line_and_below(verdict: Verdict) -> None:
    premises = (Premise.PATTERNS, Premise.NOT_CONSTANT)
    word = verdict.value + " count"
    end = "" if verdict is Verdict.PROVED else ", as expected"
    one = claim(verdict=verdict, expected=verdict, premises=premises[1:], sizes={"n": 1})
    assert shown(one) == (
        f"{word} for n = 1, under the premise not-constant{end}\n    premise  not-constant: {Premise.NOT_CONSTANT.text}"
    )
    two = claim(verdict=verdict, expected=verdict, premises=premises)
    assert shown(two).splitlines() == [
        f"{word} under the premises patterns, not-constant{end}",
        f"    premise  patterns: {Premise.PATTERNS.text}",
        f"    premise  not-constant: {Premise.NOT_CONSTANT.text}",
    ]
    assert "premise" not in shown(claim(verdict=verdict, expected=verdict))


def test_conditions_and_premises_are_apart() -> None:
    c = claim(free_dims=("n",), conditions=("n >= 2",), premises=(Premise.PATTERNS,))
    assert shown(c).splitlines()[0] == "PROVED count for all n, given n >= 2, under the premise patterns"
    data = c.to_json()
    assert data["conditions"] == ["n >= 2"]
    assert data["assumptions"] == [{"premise": "patterns", "text": Premise.PATTERNS.text}]


# --- several sizes -----------------------------------------------------------------------------------------------------


def lines_of(*claims: ClaimResult) -> list[str]:
    return render_file(FileResult("x.claw", "x", claims=list(claims), lines=SOURCE))


def test_sizes_that_are_shown_together_have_their_premises() -> None:
    several = [claim(sizes={"n": n}, premises=(Premise.PATTERNS,)) for n in (1, 2, 3)]
    assert lines_of(*several) == [
        "x.claw:4:1: PROVED count at 3 sizes, n = 1 to n = 3, under the premise patterns",
        f"    premise  patterns: {Premise.PATTERNS.text}",
    ]
    near = [claim(SHORT, sizes={"n": n}) for n in (1, 2)]
    assert lines_of(*near) == [
        "x.claw:4:1: PROVED count at 2 sizes, n = 1 to n = 2 near a point each "
        "(other regions may have more laws, none has fewer)"
    ]


def test_sizes_that_rest_on_different_things_are_not_shown_together() -> None:
    plain = [claim(sizes={"n": n}) for n in (1, 2)]
    assert len(lines_of(*plain)) == 1
    for other in (
        claim(sizes={"n": 3}, premises=(Premise.PATTERNS,)),
        claim(SHORT, sizes={"n": 3}),
        claim(sizes={"n": 3}, conditions=("n >= 3",)),
    ):
        lines = [line for line in lines_of(*plain, other) if "PROVED" in line]
        assert len(lines) == 2
        assert " at 2 sizes, n = 1 to n = 2" in lines[0]
        assert "for n = 3" in lines[1]


# --- tables ------------------------------------------------------------------------------------------------------------


def row(n: int, **fields: Any) -> SweepRow:
    return SweepRow({"n": n}, 5, 3, 2, 2, 1, "PROVED", where=fields.pop("where", Where.of(())), **fields)


def test_a_table_says_what_its_rows_rest_on() -> None:
    rows = [row(1), row(2, premises=(Premise.PATTERNS,)), row(3, where=Where.of(SHORT[1:]))]
    lines = render_text(SweepResult(("n",), rows)).splitlines()
    assert lines[4:] == [
        "PROVED at n = 2: under the premise patterns",
        "PROVED at n = 3: near b = 2 (other regions may have more laws, none has fewer)",
        f"premise patterns: {Premise.PATTERNS.text}",
    ]
    assert len(render_text(SweepResult(("n",), rows[:1])).splitlines()) == 2


def test_the_rows_of_a_table_as_json_and_csv() -> None:
    plain, under, near = row(1), row(2, premises=(Premise.PATTERNS,)), row(3, where=Where.of(SHORT[1:]))
    assert (plain.to_json()["assumptions"], plain.to_json()["where"]) == ([], "almost everywhere")
    assert under.to_json()["assumptions"] == [{"premise": "patterns", "text": Premise.PATTERNS.text}]
    assert near.to_json()["point"] == {"b": "2"}
    assert [csv_fields(r, ["n"])[-2:] for r in (plain, under, near)] == [
        ["", "almost everywhere"],
        ["patterns", "almost everywhere"],
        ["", "near a point"],
    ]

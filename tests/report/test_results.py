"""Results as values: exit statuses and JSON."""

from __future__ import annotations

import itertools
import json

import pytest

from claws import __version__
from claws.kernel.core.finding import Verdict
from claws.report.details import Detail
from claws.report.results import ClaimResult, Exit, FileResult, Report
from claws.syntax.diagnostic import START, Diagnostic, Span
from claws.syntax.source import source_lines

WORST_FIRST = [Exit.FAILED, Exit.WRONG, Exit.MISSED, Exit.UNDECIDED, Exit.OK]


def claim(verdict: Verdict = Verdict.PROVED, expected: Verdict = Verdict.PROVED, name: str = "l") -> ClaimResult:
    return ClaimResult(name, "law", Span(3, 1, 3, 8), None, verdict, expected)


def error(code: str = "CLAW021") -> Diagnostic:
    return Diagnostic(code, "unknown name `x`", Span(2, 5, 2, 6), "declare it")


FILES = {
    Exit.OK: FileResult("ok.claw", claims=[claim()]),
    Exit.UNDECIDED: FileResult("undecided.claw", claims=[claim(Verdict.UNKNOWN)]),
    Exit.MISSED: FileResult("missed.claw", claims=[claim(Verdict.REFUTED)]),
    Exit.WRONG: FileResult("wrong.claw", errors=[error()]),
    Exit.FAILED: FileResult("failed.claw", errors=[error("CLAW090")], failed=True),
}


@pytest.mark.parametrize("verdict", list(Verdict))
@pytest.mark.parametrize("expected", list(Verdict))
def test_a_claim_holds_where_its_verdict_is_the_expected_one(verdict: Verdict, expected: Verdict) -> None:
    status = Report([FileResult("x", claims=[claim(verdict, expected)])]).exit_status()
    if verdict is expected:
        assert status is Exit.OK
    else:
        assert status is (Exit.UNDECIDED if verdict is Verdict.UNKNOWN else Exit.MISSED)


@pytest.mark.parametrize("status", WORST_FIRST)
def test_the_status_of_one_file(status: Exit) -> None:
    assert Report([FILES[status], FILES[Exit.OK]]).exit_status() is status


@pytest.mark.parametrize("pair", list(itertools.permutations(WORST_FIRST, 2)))
def test_the_worst_of_two_files_wins(pair: tuple[Exit, Exit]) -> None:
    worst = min(pair, key=WORST_FIRST.index)
    assert Report([FILES[status] for status in pair]).exit_status() is worst


def test_nothing_to_check_is_wrong() -> None:
    assert Report([]).exit_status() is Exit.WRONG
    assert Report([FileResult("empty.claw")]).exit_status() is Exit.WRONG
    assert Report([FileResult("empty.claw"), FILES[Exit.OK]]).exit_status() is Exit.OK


def test_an_interruption_comes_before_all() -> None:
    assert Report(list(FILES.values()), interrupted=True).exit_status() is Exit.INTERRUPTED


def test_json_of_a_report() -> None:
    report = Report(list(FILES.values()), seed=7)
    data = report.to_json()
    assert data["schema"] == "claws-report/2"
    assert (data["claws"], data["seed"]) == (__version__, 7)
    assert data["summary"] == {"claims": 3, "hold": 1, "proved": 1, "refuted": 1, "unknown": 1, "errors": 2}
    assert [f["path"] for f in data["files"]] == [f.path for f in report.files]


def test_json_of_a_file_with_errors() -> None:
    data = FileResult("x.claw", "m", errors=[error()]).to_json()
    assert data == {
        "path": "x.claw",
        "model": "m",
        "errors": [
            {"code": "CLAW021", "message": "unknown name `x`", "line": 2, "column": 5, "hint": "declare it"},
        ],
        "claims": [],
    }
    data = FileResult("x.claw", "m", warnings=[error()]).to_json()
    assert (data["errors"], [d["code"] for d in data["warnings"]]) == ([], ["CLAW021"])


def test_json_of_a_claim() -> None:
    c = claim(Verdict.UNKNOWN)
    c.sizes = {"n": 3}
    c.reason = "out of budget"
    c.detail = Detail(tried=("polynomials",))
    c.conditions = ("r >= 2",)
    c.seconds = 0.12345678
    assert c.to_json() == {
        "name": "l",
        "kind": "law",
        "line": 3,
        "column": 1,
        "sizes": {"n": 3},
        "verdict": "UNKNOWN",
        "expected": "PROVED",
        "holds": False,
        "for_all_sizes": False,
        "method": "",
        "detail": {"tried": ["polynomials"], "reason": "out of budget"},
        "conditions": ["r >= 2"],
        "assumptions": [],
        "trust": [],
        "seconds": 0.123457,
    }
    assert c.detail == Detail(tried=("polynomials",)), "writing a result does not change it"


def test_json_survives_a_round_trip() -> None:
    files = [*FILES.values(), FileResult("größe \udcff.claw", "größe", errors=[Diagnostic("CLAW040", "nö", START)])]
    data = Report(files).to_json()
    assert json.loads(json.dumps(data)) == data


def test_lines_are_those_that_spans_count() -> None:
    assert source_lines("a\x0cb\u2028c\nd\r\ne\rf\n") == ("a\x0cb\u2028c", "d", "e\rf", "")

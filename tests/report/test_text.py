"""Results as text."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from claws.kernel.core.finding import Verdict
from claws.report.details import Counterexample, Detail, Term
from claws.report.results import ClaimResult, FileResult, Report
from claws.report.text import render_claim, render_diagnostic, render_file, render_report
from claws.syntax.diagnostic import START, Diagnostic, Span

SOURCE = ("dim n", "param u, v: [n]", "map u*v", "law l = u^2 - v^2")
SPAN = Span(4, 1, 4, 18)
WITNESS = Counterexample(
    sizes={"n": 2},
    entries={"u[0]": "1", "u[1]": "0", "v[0]": "1/2", "v[1]": "0"},
    arrays={"u": ["1", "0"], "v": ["1/2", "0"]},
    choices=("s(z) = 1*z^2 for z > 0, 0*|z|^2 for z < 0",),
    law_entry=(0,),
    output="u*v",
    output_entry=(0,),
    residue=Fraction(-3, 2),
    bits=0,
    terms=(Term("u^2", Fraction(-1)), Term("-(v^2)", Fraction(-1, 2))),
)


def claim(verdict: Verdict = Verdict.PROVED, **fields: Any) -> ClaimResult:
    return ClaimResult("l", "law", SPAN, **{"sizes": None, "verdict": verdict, "expected": Verdict.PROVED} | fields)


def file(*claims: ClaimResult) -> FileResult:
    return FileResult("x.claw", "x", claims=list(claims), lines=SOURCE, dims=("n",))


def shown(c: ClaimResult, **options: Any) -> str:
    return "\n".join(render_claim(file(c), c, **options))


# --- claims --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"free_dims": ("n", "m")}, "PROVED l for all n, m"),
        ({"sizes": {"r": 1}, "free_dims": ("n",)}, "PROVED l for r = 1 and all n"),
        ({"sizes": {"n": 2, "m": 3}}, "PROVED l for n = 2, m = 3"),
        ({"sizes": {}}, "PROVED l"),
        ({"free_dims": ("n",), "conditions": ("n >= 2",)}, "PROVED l for all n, given n >= 2"),
        ({"verdict": Verdict.REFUTED, "expected": Verdict.REFUTED, "free_dims": ("n",)}, "REFUTED l, as expected"),
        (
            {"verdict": Verdict.REFUTED, "expected": Verdict.REFUTED, "sizes": {"r": 2}, "free_dims": ("n",)},
            "REFUTED l for r = 2, as expected",
        ),
        ({"verdict": Verdict.UNKNOWN, "expected": Verdict.UNKNOWN, "sizes": {}}, "UNKNOWN l, as expected"),
    ],
)
def test_a_claim_that_holds_is_one_line(fields: dict[str, Any], line: str) -> None:
    assert shown(claim(**fields)) == f"x.claw:4:1: {line}"


def test_a_proof_that_was_not_expected() -> None:
    assert shown(claim(expected=Verdict.REFUTED, free_dims=("n",))) == (
        "x.claw:4:1: PROVED l for all n, expected REFUTED\n"
        "  4 | law l = u^2 - v^2"
    )  # fmt: skip


def test_a_refutation() -> None:
    assert shown(claim(Verdict.REFUTED, free_dims=("n",), detail=Detail(counterexample=WITNESS))) == (
        "x.claw:4:1: REFUTED l, expected PROVED\n"
        "  4 | law l = u^2 - v^2\n"
        "    not conserved  d/dt l[0] = 3/2 for the loss (u*v)[0]; it should be 0\n"
        "    at sizes       n = 2\n"
        "    at             u = [1, 0]\n"
        "    at             v = [1/2, 0]\n"
        "    with           s(z) = 1*z^2 for z > 0, 0*|z|^2 for z < 0\n"
        "    term           `u^2` leaves -1\n"
        "    term           `-(v^2)` leaves -1/2"
    )


def test_a_witness_with_many_entries_is_listed_by_those_that_are_not_zero() -> None:
    entries = {f"u[{k}]": "0" for k in range(100)} | {"u[7]": "1/3"}
    found = replace(WITNESS, entries=entries, arrays={"u": ["0"] * 100}, terms=())
    text = shown(claim(Verdict.REFUTED, detail=Detail(counterexample=found)))
    assert "    at             u[7] = 1/3\n    at             every other entry is 0\n" in text
    assert "u[8]" not in text


def test_an_undecided_claim() -> None:
    c = claim(
        Verdict.UNKNOWN, sizes={"n": 2}, reason="out of budget", detail=Detail(tried=("tensors: no", "witness: no"))
    )
    assert shown(c) == (
        "x.claw:4:1: UNKNOWN l for n = 2, expected PROVED\n"
        "  4 | law l = u^2 - v^2\n"
        "    reason  out of budget\n"
        "    tried   tensors: no\n"
        "    tried   witness: no"
    )


def test_verbose() -> None:
    c = claim(free_dims=("n",), method="tensors", trust=("core 3",), detail=Detail(certificate="c/x.json"))
    assert shown(c, verbose=True) == (
        "x.claw:4:1: PROVED l for all n\n"
        "  4 | law l = u^2 - v^2\n"
        "    method       tensors\n"
        "    trust        core 3\n"
        "    certificate  c/x.json"
    )


def test_sizes_with_the_same_to_say_are_shown_together() -> None:
    claims = [claim(sizes={"n": n}) for n in (1, 2, 3)]
    assert render_file(file(*claims)) == ["x.claw:4:1: PROVED l at 3 sizes, n = 1 to n = 3"]
    assert len(render_file(file(*claims), verbose=True)) == 6
    undecided = claim(Verdict.UNKNOWN, sizes={"n": 4}, reason="out of budget")
    assert [line.split(":")[3] for line in render_file(file(*claims, undecided)) if line.startswith("x.claw")] == [
        " PROVED l at 3 sizes, n = 1 to n = 3",
        " UNKNOWN l for n = 4, expected PROVED",
    ]


def test_colour() -> None:
    for verdict, code in ((Verdict.PROVED, 32), (Verdict.REFUTED, 31), (Verdict.UNKNOWN, 33)):
        c = claim(verdict, expected=verdict, sizes={})
        plain, painted = shown(c), shown(c, color=True)
        assert "\x1b" not in plain
        assert painted == plain.replace(verdict.value, f"\x1b[{code}m{verdict.value}\x1b[0m")
    d = Diagnostic("CLAW021", "unknown name", START)
    assert render_diagnostic("x", (), d, True) == ["x:1:1: \x1b[31merror[CLAW021]\x1b[0m: unknown name"]


# --- errors --------------------------------------------------------------------------------------------------------


def marked(line: str, start: int, end: int) -> list[str]:
    """A line and its marks, as shown for an error at these columns."""
    d = Diagnostic("CLAW021", "unknown name", Span(1, start, 1, end))
    _, text, marks = render_diagnostic("x.claw", (line,), d)
    assert text.startswith("  1 | ")
    assert marks.startswith("    | ")
    return [text[6:], marks[6:]]


def test_an_error_with_hint_and_note() -> None:
    d = Diagnostic(
        "CLAW020", "`u` is declared twice", Span(3, 5, 3, 6), "rename one", (("first here", Span(2, 7, 2, 8)),)
    )
    assert render_diagnostic("x.claw", SOURCE, d) == [
        "x.claw:3:5: error[CLAW020]: `u` is declared twice",
        "  3 | map u*v",
        "    |     ^",
        "    hint: rename one",
        "x.claw:2:7: note: first here",
        "  2 | param u, v: [n]",
        "    |       ^",
    ]


def test_an_error_of_a_whole_file_marks_no_place() -> None:
    d = Diagnostic("CLAW027", "the file has no `map`", START, "add one")
    expected = ["x.claw:1:1: error[CLAW027]: the file has no `map`", "    hint: add one"]
    assert render_diagnostic("x.claw", SOURCE, d) == expected


def test_an_error_beyond_the_text_marks_no_place() -> None:
    d = Diagnostic("CLAW003", "something is missing", Span(9, 1, 9, 1))
    assert render_diagnostic("x.claw", SOURCE, d) == ["x.claw:9:1: error[CLAW003]: something is missing"]


def test_marks() -> None:
    assert marked("map u * wieghts", 9, 16) == ["map u * wieghts", "        ^^^^^^^"]
    assert marked("map u *", 8, 8) == ["map u *", "       ^"]


def test_marks_of_several_lines_end_with_the_first() -> None:
    d = Diagnostic("CLAW022", "shapes do not fit", Span(1, 5, 2, 3))
    assert render_diagnostic("x", ("map u +", "  w"), d)[1:] == ["  1 | map u +", "    |     ^^^"]


def test_a_tab_is_shown_as_one_space() -> None:
    assert marked("map\tu +\tw", 9, 10) == ["map u + w", "        ^"]


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert marked("map \x1b[31mu", 10, 11) == ["map  [31mu", "         ^"]


def test_wide_characters_take_two_columns() -> None:
    assert marked("map 変数 + 間違", 10, 12) == ["map 変数 + 間違", "           ^^^^"]


def test_combining_characters_take_none() -> None:
    assert marked("map e\N{COMBINING ACUTE ACCENT} + w", 10, 11) == ["map e\N{COMBINING ACUTE ACCENT} + w", "        ^"]


@pytest.mark.parametrize("start", [1, 50, 161, 500, 990])
def test_a_long_line_is_shown_around_the_place(start: int) -> None:
    line = "".join(f"{k:<10}" for k in range(100))
    text, marks = marked(line, start, start + 3)
    assert len(text) <= 160
    at = marks.index("^")
    assert marks[at:] == "^^^"
    assert text[at : at + 3].strip() == line[start - 1 : start + 2].strip()


def test_a_file_with_errors() -> None:
    result = FileResult("x.claw", errors=[Diagnostic("CLAW040", "there is no such file", START, "check the path")])
    assert render_file(result) == [
        "x.claw:1:1: error[CLAW040]: there is no such file",
        "    hint: check the path",
        "x.claw: no claim was checked",
    ]


# --- summaries -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "errors", "summary"),
    [
        ([Verdict.PROVED], 0, "1 claim: 1 proved, 0 refuted, 0 unknown; all hold"),
        ([Verdict.PROVED, Verdict.REFUTED], 0, "2 claims: 1 proved, 1 refuted, 0 unknown; 1 hold, 1 do not"),
        ([Verdict.UNKNOWN], 1, "1 claim: 0 proved, 0 refuted, 1 unknown; 0 hold, 1 do not; 1 error"),
        ([], 2, "0 claims: 0 proved, 0 refuted, 0 unknown; 0 hold, 0 do not; 2 errors"),
        ([], 0, "nothing to check: no claim was found"),
    ],
)
def test_summary(claims: list[Verdict], errors: int, summary: str) -> None:
    wrong = FileResult("y.claw", errors=[Diagnostic("CLAW040", "no")] * errors)
    report = Report([file(*map(claim, claims)), wrong])
    assert render_report(report).splitlines()[-1] == summary
    assert render_report(report).endswith(f"{summary}\n")


def test_summary_of_an_interrupted_run() -> None:
    assert render_report(Report([], interrupted=True)) == "no claim was decided\n"

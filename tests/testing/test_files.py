"""`claws test` on files: what is printed, exit statuses, disagreements, and files that are wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import claws.testing.files as files
from claws.cli import main
from claws.flows.problem import TrainingProblem
from claws.kernel.core.finding import Verdict
from claws.report.details import Counterexample, Detail
from claws.report.results import ClaimResult, Exit
from claws.report.trials import FileTrials, TrialReport, render_file, render_summary
from claws.report.where import NestedText
from claws.runner.options import Options
from claws.syntax.reader import load_text
from claws.testing.files import spec_tests
from claws.testing.laws import Plan

GOOD = "dim n\nparam u, v: [n]\nmap u*v\nlaw balance = u^2 - v^2\nlaw total = u^2 + v^2 expect refuted\n"
FALSE = "param u, v\nmap u*v\nlaw total = u^2 + v^2\n"
QUICK = ["--examples", "10", "-j", "1"]


@pytest.fixture
def claw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Writes files into the current folder."""
    monkeypatch.chdir(tmp_path)

    def write(**texts: str) -> None:
        for name, text in texts.items():
            Path(f"{name}.claw").write_text(text)

    return write


def outcome(text: str, plan: Plan | None = None, bundles: str = "nowhere") -> FileTrials:
    return spec_tests(load_text(text, "model.claw"), Options(), plan or Plan(0, 15), bundles)


def laws(found: FileTrials) -> dict[str, Any]:
    return {law["name"]: law for law in found.to_json()["laws"]}


def shown(found: FileTrials) -> str:
    return "\n".join(render_file(found))


# --- what is found -------------------------------------------------------------------------------------------------------


def test_laws_are_tried_in_three_ways() -> None:
    law = laws(outcome(GOOD))["balance"]
    assert law["holds"] and law["conserved"] and law["examples"] >= 15 and law["hows"] == ["over the rationals"]
    (problem,) = law["problems"]
    assert problem["drift"] <= problem["allowed"] < 1e-6
    assert 0.9 < problem["order"] < 1.1
    assert law["steps"].startswith("a step eta of gradient descent changes it by exactly eta^2*(")


def test_a_law_that_should_fail_must_fail() -> None:
    found = laws(outcome(GOOD.replace("u^2 + v^2", "v^2 - u^2")))["total"]
    assert found["conserved"] and not found["holds"]
    text = shown(outcome(GOOD.replace("u^2 + v^2", "v^2 - u^2")))
    assert "HOLDS total, and should fail" in text


def test_a_law_of_unknown_truth_may_do_either() -> None:
    for law in ("u^2 - v^2", "u^2 + v^2"):
        assert laws(outcome(f"param u, v\nmap u*v\nlaw l = {law} expect unknown\n"))["l"]["holds"]


def test_a_law_without_a_value_is_not_tried() -> None:
    (law,) = outcome("param u, v\nmap u*v\nlaw l = log(-1 - u^2)\n").to_json()["laws"]
    assert not law["tried"] and not law["holds"] and law["note"]
    assert "UNTRIED" in shown(outcome("param u, v\nmap u*v\nlaw l = log(-1 - u^2)\n"))


def test_laws_without_a_rational_value_are_tried_otherwise() -> None:
    found = outcome("input x\nparam u, b\nmap exp(u*x + b)\nlaw l = u*0 + 1\nlaw m = b expect refuted\n")
    assert laws(found)["m"]["failure"]["how"] == "in floating point"
    assert laws(found)["l"]["holds"]


def test_steps_are_compared_with_what_is_derived(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from claws.testing import laws as testing

    real = testing.descend  # type: ignore[attr-defined]

    def wrong(spec: Any, law: str) -> Any:
        known = real(spec, law)
        return replace(known, kind=testing.EXACT)  # type: ignore[attr-defined]

    monkeypatch.setattr(testing, "descend", wrong)
    law = laws(outcome(GOOD, bundles=str(tmp_path)))["balance"]
    assert not law["conserved"] and "a step of 0.25 changes the law by" in law["step_failure"]
    # the verdict is PROVED all the same: a bug somewhere, said loudly
    assert law["bug"] == "claws check says PROVED, and the law fails"


def test_counts_have_a_second_opinion() -> None:
    found = outcome(GOOD + "complete balance for n = 2\ncount = 3 for n = 2 expect refuted\n")
    assert [(c["estimate"], c["count_at_least"], c["warning"]) for c in found.to_json()["counts"]] == [(2, 2, "")] * 2
    assert render_summary(TrialReport([found])).endswith("2 of 2 numbers of laws are the same in floating point")


@pytest.mark.parametrize(
    ("seen", "warning"),
    [
        (1, "floating point sees 1 laws (a gap of 1e+09 between singular values), but 2 are proved"),
        (3, "floating point sees 3 laws (a gap of 1e+09 between singular values), but there are at most 2"),
    ],
)
def test_another_count_in_floating_point_is_a_warning(monkeypatch: pytest.MonkeyPatch, seen: int, warning: str) -> None:
    monkeypatch.setattr(files, "estimate", lambda *_: files.Estimate(seen, 4 - seen, 1e9))  # type: ignore[attr-defined]
    found = outcome(GOOD + "count = 2 for n = 2\n")
    (count,) = found.to_json()["counts"]
    assert (count["verdict"], count["warning"]) == ("PROVED", warning)
    assert f"WARNING count for n = 2: {warning}" in shown(found)
    assert not found.failed


# --- disagreements ----------------------------------------------------------------------------------------------------------


def verdict(monkeypatch: pytest.MonkeyPatch, wrong: Verdict) -> None:
    """`claws check` with a bug."""
    real = files.check_claim  # type: ignore[attr-defined]

    def check(spec: Any, claim: Any, at: Any, options: Any) -> ClaimResult:
        return replace(real(spec, claim, at, options), verdict=wrong)

    monkeypatch.setattr(files, "check_claim", check)


def test_a_wrong_proof_is_reported_with_a_bundle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    verdict(monkeypatch, Verdict.PROVED)
    found = outcome(FALSE, bundles=str(tmp_path / "bugs"))
    law = laws(found)["total"]
    assert law["bug"] == "claws check says PROVED, and the law fails"
    assert law["verdict"] == "PROVED" and not law["holds"]
    bundle = json.loads(Path(law["bundle"]).read_text())
    assert bundle["source"] == FALSE and bundle["check"]["verdict"] == "PROVED" and bundle["law"]["case"]
    assert set(bundle["versions"]) == {"claws", "python", "numpy", "hypothesis"}
    text = shown(found)
    assert "BUG" in text and "please report it" in text and f"bundle     {law['bundle']}" in text


def test_a_wrong_refutation_is_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = files.check_claim  # type: ignore[attr-defined]

    def check(spec: Any, claim: Any, at: Any, options: Any) -> ClaimResult:
        result = real(spec, claim, at, options)
        arrays: dict[str, NestedText] = {"u": "1", "v": "2"}
        witness = Counterexample({}, {}, arrays, (), (), "", (), Fraction(1), 0)
        return replace(result, verdict=Verdict.REFUTED, detail=Detail(counterexample=witness))

    monkeypatch.setattr(files, "check_claim", check)
    found = outcome("param u, v\nmap u*v\nlaw balance = u^2 - v^2\n", bundles=str(tmp_path))
    law = laws(found)["balance"]
    assert law["bug"] == "claws check says REFUTED, and floating point sees no change at its witness"
    assert law["conserved"] and Path(law["bundle"]).exists()


def test_a_bundle_that_can_not_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    verdict(monkeypatch, Verdict.PROVED)
    (tmp_path / "file").write_text("")
    found = outcome(FALSE, bundles=str(tmp_path / "file"))
    assert laws(found)["total"]["bug"] and not laws(found)["total"]["bundle"]
    assert "could not be written" in shown(found)


# --- the command -------------------------------------------------------------------------------------------------------------


def status(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    return main(["test", *arguments])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (GOOD, Exit.OK),
        (FALSE, Exit.MISSED),
        ("param u, v\nmap u*v\nlaw l = log(-1 - u^2)\n", Exit.UNDECIDED),
        ("param u, v\nmap u*v\nlaw l = log(-1 - u^2)\nlaw total = u^2 + v^2\n", Exit.MISSED),
        ("parm u\nmap u\n", Exit.WRONG),
        ("param u\nmap u\n", Exit.WRONG),
    ],
)
def test_exit_statuses(
    claw: Callable[..., None], capsys: pytest.CaptureFixture[str], text: str, expected: Exit
) -> None:
    claw(model=text)
    assert main(["test", "model.claw", *QUICK]) == expected


def test_a_bug_has_a_status_of_its_own(claw: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    verdict(monkeypatch, Verdict.PROVED)
    claw(model=FALSE)
    assert main(["test", "model.claw", *QUICK]) == Exit.FAILED
    assert Path("claws-bug-model-total.json").exists()


def test_a_wrong_file_hides_no_other(claw: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    claw(a=GOOD, b="parm u\nmap u\n", c=FALSE)
    for jobs in ("1", "2"):
        assert main(["test", ".", "nowhere.claw", "--examples", "10", "-j", jobs]) == Exit.WRONG
        out = capsys.readouterr().out
        assert "a.claw:4:1: holds balance" in out
        assert "b.claw:1:1: error[CLAW002]" in out and "did you mean `param`" in out
        assert "c.claw:3:1: FAILS total" in out
        assert "nowhere.claw" in out
        assert out.splitlines()[-1] == "3 laws tested with seed 0: 2 as expected, 1 not; 2 errors"


def test_the_printed_line_reproduces_the_example(claw: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    claw(model=FALSE.replace("law", "law other = u\nlaw"))

    def failing(arguments: list[str]) -> list[str]:
        assert main(arguments) == Exit.MISSED
        out = capsys.readouterr().out
        return out[out.index("model.claw:4:1: FAILS total") :].splitlines()[2:-1]

    first = failing(["test", "model.claw", "--seed", "7", "--examples", "10"])
    (line,) = (x.split(None, 1)[1] for x in first if "reproduce" in x)
    assert line == "claws test model.claw --law total --seed 7 --examples 10"
    assert failing(line.split()[1:]) == first


def test_json_has_everything(claw: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    claw(model=GOOD, wrong="parm u\nmap u\n")
    assert main(["test", ".", *QUICK, "--format", "json"]) == Exit.WRONG
    data = json.loads(capsys.readouterr().out)
    assert (data["schema"], data["seed"]) == ("claws-test/1", 0)
    model, wrong = data["files"]
    assert [law["name"] for law in model["laws"]] == ["balance", "total"]
    assert wrong["errors"][0]["code"] == "CLAW002" and "source" not in wrong


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--law", "balence"], "no law is named `balence`"),
        (["--law", "balence"], "did you mean `balance`"),
        (["-D", "k=2"], "error[CLAW043]: no file declares the dim `k` of -D"),
    ],
)
def test_what_is_not_there_is_said(
    claw: Callable[..., None], capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    claw(model=GOOD)
    assert main(["test", "model.claw", *QUICK, *arguments]) == Exit.WRONG
    captured = capsys.readouterr()
    assert words in captured.out + captured.err


def test_an_unknown_profile(claw: Callable[..., None], capsys: pytest.CaptureFixture[str]) -> None:
    claw(model=GOOD)
    assert main(["test", "model.claw", "--profile", "fast"]) == Exit.WRONG
    assert capsys.readouterr().err == "claws: hypothesis has no profile `fast`; it has default and ci\n"


def test_nothing_is_left_behind(claw: Callable[..., None]) -> None:
    claw(model=GOOD)
    assert main(["test", "model.claw", *QUICK]) == Exit.OK
    assert [path.name for path in Path().iterdir()] == ["model.claw"]


def test_problems_print_as_what_they_are() -> None:
    from claws.flows.problem import random_problem

    problem = random_problem(load_text(GOOD, "model.claw"), {"n": 2}, seed=1)
    assert isinstance(problem, TrainingProblem)
    text = repr(problem)
    assert "sizes {'n': 2}, loss square" in text and "u = [" in text and "target 0 = [" in text

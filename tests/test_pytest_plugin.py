"""The pytest plugin: each test runs pytest on a folder of its own (`pytester`)."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import scipy.integrate
import scipy.special  # noqa: F401

import claws.prover.laws
import claws.prover.witness
import claws.report.text
import claws.report.trials

# all that the plugin imports later: what a run inside this one imports first, pytester makes it forget
import claws.runner.check
import claws.testing.files  # noqa: F401
from claws.cli import main

GOOD = "dim n\nparam u, v: [n]\nmap u*v\nlaw balance = u^2 - v^2\nlaw total = u^2 + v^2 expect refuted\n"
FALSE = "param u, v\nmap u*v\nlaw balance = u^2 - v^2\nlaw total = u^2 + v^2\n"
RANGE = "dim n\nparam u, v: [n]\nmap u*v\nlaw balance = u^2 - v^2 for n in 1..3\n"
UNDECIDED = "param u, v\nmap u*v\nlaw three = 3\nlaw energy = tanh(v) - 2*sigmoid(2*v)\n"
WRONG = "parm u\nmap u\n"

# no:claws: an installed claws would be loaded a second time, by its entry point; the rest saves time
PLUGIN = (
    "-p",
    "no:claws",
    "-p",
    "claws.pytest_plugin",
    "-p",
    "no:hypothesispytest",
    "-p",
    "no:xdist",
    "--assert=plain",
)


@pytest.fixture(autouse=True)
def _cache(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """pytester has a home of its own: one cache of the parse tables for all tests."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))


def write(pytester: pytest.Pytester, **texts: str) -> None:
    for name, text in texts.items():
        (pytester.path / f"{name}.claw").write_text(text)


def run(pytester: pytest.Pytester, *arguments: str) -> pytest.RunResult:
    return pytester.runpytest_inprocess(*PLUGIN, *arguments)


def text(result: pytest.RunResult) -> str:
    return "\n".join(result.outlines)


def test_every_claim_is_a_test(pytester: pytest.Pytester) -> None:
    write(pytester, good=GOOD)
    run(pytester).assert_outcomes(passed=2)


def test_ids(pytester: pytest.Pytester) -> None:
    write(pytester, good=GOOD, range=RANGE, twice=FALSE + "count = 1\ncount = 2\n")
    lines = run(pytester, "--collect-only", "-q").outlines
    assert [line for line in lines if "::" in line] == [
        "good.claw::balance",
        "good.claw::total",
        "range.claw::balance[n=1]",
        "range.claw::balance[n=2]",
        "range.claw::balance[n=3]",
        "twice.claw::balance",
        "twice.claw::total",
        "twice.claw::count",
        "twice.claw::count-2",
    ]


def test_an_id_selects_one_size(pytester: pytest.Pytester) -> None:
    write(pytester, range=RANGE)
    run(pytester, "range.claw::balance[n=2]").assert_outcomes(passed=1)


def test_a_keyword_selects_laws(pytester: pytest.Pytester) -> None:
    write(pytester, good=GOOD, false=FALSE)
    run(pytester, "-k", "balance").assert_outcomes(passed=2, deselected=2)
    run(pytester, "-k", "good").assert_outcomes(passed=2, deselected=2)


def test_a_failing_test_shows_the_text_of_the_command_line(
    pytester: pytest.Pytester, capsys: pytest.CaptureFixture[str]
) -> None:
    write(pytester, false=FALSE)
    main(["check", "false.claw"])
    _, *block, _ = capsys.readouterr().out.splitlines()
    assert block[0] == "false.claw:4:1: REFUTED total, expected PROVED"
    result = run(pytester)
    result.assert_outcomes(passed=1, failed=1)
    assert "\n".join(block) in text(result)
    assert "Traceback" not in text(result)
    assert "pytest_plugin.py" not in text(result)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_failing_test_shows_the_size_that_it_is_about(pytester: pytest.Pytester) -> None:
    write(pytester, range=RANGE.replace("- v^2", "+ v^2"))
    run(pytester, "range.claw::balance[n=2]").stdout.fnmatch_lines(
        ["range.claw:4:1: REFUTED balance for n = 2, expected PROVED"]
    )


@pytest.mark.parametrize(
    ("option", "outcome"),
    [([], "failed"), (["fail"], "failed"), (["xfail"], "xfailed"), (["skip"], "skipped")],
)
def test_an_undecided_claim(pytester: pytest.Pytester, option: list[str], outcome: str) -> None:
    write(pytester, undecided=UNDECIDED)
    result = run(pytester, "-rA", *(f"--claws-unknown={o}" for o in option))
    result.assert_outcomes(passed=1, **{outcome: 1})
    assert "zero to more than 20 digits at random points" in text(result)
    assert "Traceback" not in text(result)


def test_only_undecided_claims_are_excused(pytester: pytest.Pytester) -> None:
    write(pytester, false=FALSE)
    for option in ("xfail", "skip"):
        run(pytester, f"--claws-unknown={option}").assert_outcomes(passed=1, failed=1)


def test_a_claim_that_expects_to_be_undecided_passes(pytester: pytest.Pytester) -> None:
    write(pytester, undecided=UNDECIDED.replace("sigmoid(2*v)", "sigmoid(2*v) expect unknown"))
    run(pytester, "--claws-unknown=fail").assert_outcomes(passed=2)


def test_a_skipped_claim_stands_in_its_file(pytester: pytest.Pytester) -> None:
    write(pytester, undecided=UNDECIDED)
    result = run(pytester, "--claws-unknown=skip", "-rs")
    result.stdout.fnmatch_lines(["SKIPPED * undecided.claw:4: UNKNOWN: *zero to more than 20 digits at random points*"])


def test_an_unknown_choice_is_refused(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--claws-unknown=ignore")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "argument --claws-unknown: invalid choice: 'ignore'" in "\n".join(result.errlines)


def test_a_budget(pytester: pytest.Pytester) -> None:
    write(pytester, good=GOOD)
    result = run(pytester, "--claws-budget=1")
    result.assert_outcomes(failed=2)
    assert "the budget of 1 steps is used up" in text(result)
    assert run(pytester, "--claws-budget=0").ret == pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (WRONG.encode(), "wrong.claw:1:1: error[CLAW002]: no statement starts with `parm`"),
        (b"param u # \xff\n", "wrong.claw:1:1: error[CLAW041]: the file is not UTF-8: line 1 has"),
    ],
)
def test_a_wrong_file_fails_and_hides_no_other(pytester: pytest.Pytester, content: bytes, message: str) -> None:
    """It is a failing test and no error of collection, which would end the run before any other test."""
    write(pytester, good=GOOD)
    (pytester.path / "wrong.claw").write_bytes(content)
    result = run(pytester)
    result.assert_outcomes(passed=2, failed=1)
    assert message in text(result)
    assert "Traceback" not in text(result)
    result.stdout.fnmatch_lines(["FAILED wrong.claw::file*"])


def test_a_bug_while_reading_is_worded(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("claws.syntax.reader.load_text", fail)
    monkeypatch.setattr("claws.runner.files.load_text", fail)
    write(pytester, good=GOOD)
    result = run(pytester)
    result.assert_outcomes(failed=1)
    assert "error[CLAW090]: the checker failed (ZeroDivisionError: a bug)" in text(result)


def test_other_patterns(pytester: pytest.Pytester) -> None:
    write(pytester, good=GOOD, other=GOOD)
    (pytester.path / "good.claws").write_text(GOOD)
    pytester.makeini("[pytest]\nclaws_files = good.claw good.claws\n")
    run(pytester).assert_outcomes(passed=4)


def test_other_files_are_left_alone(pytester: pytest.Pytester) -> None:
    (pytester.path / "notes.txt").write_text(GOOD)
    pytester.makepyfile("def test_one(): pass")
    run(pytester).assert_outcomes(passed=1)


@pytest.mark.parametrize("collected", [False, True])
def test_nothing_is_imported_before_there_is_a_claw_file(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, collected: bool
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]), prepend=os.pathsep)
    pytester.makeconftest(
        """
        import sys
        HEAVY = {"lark", "sympy", "numpy", "scipy", "hypothesis.strategies", "flint", "claws.runner.check", "claws.kernel"}

        def pytest_sessionfinish(session):
            print("imported:", *sorted(HEAVY & set(sys.modules)))
        """
    )
    pytester.makepyfile("def test_one(): pass")
    if collected:
        write(pytester, good=GOOD.replace("law total", "# "))
        pytester.run(sys.executable, "-m", "claws", "check", "good.claw")  # the parse tables are in the cache now
    result = pytester.run(sys.executable, "-m", "pytest", "-s", *PLUGIN)
    result.assert_outcomes(passed=1 + collected)
    (line,) = (line for line in result.outlines if "imported:" in line)
    assert line.split("imported:")[1].split() == (["claws.kernel", "claws.runner.check"] if collected else [])


# --- property tests ---------------------------------------------------------------------------------------------------


def test_every_law_is_property_tested(pytester: pytest.Pytester) -> None:
    write(pytester, good=GOOD)
    result = run(pytester, "--claws-test", "-v")
    result.assert_outcomes(passed=4)
    assert "good.claw::balance::test PASSED" in text(result)


def test_a_law_that_fails_shows_its_example(pytester: pytest.Pytester) -> None:
    write(pytester, false=FALSE)
    result = run(pytester, "--claws-test", "-k", "test and total")
    result.assert_outcomes(failed=1, deselected=3)
    assert "FAILS total, and should hold" in text(result)
    assert "reproduce  claws test false.claw --law total --seed 0" in text(result)


def test_a_law_that_can_not_be_tried_is_skipped(pytester: pytest.Pytester) -> None:
    write(pytester, odd="param u, v\nmap u*v\nlaw l = log(-1 - u^2) expect unknown\n")
    result = run(pytester, "--claws-test", "-rs", "-k", "test")
    assert "the law could not be tried" in text(result)


def test_a_fixture_loads_a_file(pytester: pytest.Pytester) -> None:
    write(pytester, good=GOOD, wrong=WRONG)
    pytester.makepyfile(
        """
        import pytest

        def test_name(claw):
            assert list(claw("good.claw").laws) == ["balance", "total"]

        def test_wrong(claw):
            import claws

            with pytest.raises(claws.ClawError, match="did you mean"):
                claw("wrong.claw")
        """
    )
    run(pytester, "-k", "test_name or test_wrong").assert_outcomes(passed=2, deselected=3)


# --- premises ----------------------------------------------------------------------------------------------------------

PREMISE = "activation s\nparam u, v\nmap u*v\nlaw a = s(u^2 - v^2)\ncomplete a\nindependent a\n"


def test_claims_that_hold_under_a_premise_are_listed_at_the_end(pytester: pytest.Pytester) -> None:
    write(pytester, x=PREMISE, good=GOOD)
    found = run(pytester)
    found.assert_outcomes(passed=5)
    found.stdout.fnmatch_lines(
        [
            "*= claims that hold under a premise =*",
            "generic-activation: each activation that is declared without a derivative is generic: *",
            "    x.claw::complete a",
            "    x.claw::independent a",
        ]
    )
    assert text(found).count("x.claw::") == 2


def test_without_a_premise_nothing_is_listed(pytester: pytest.Pytester) -> None:
    write(pytester, good=GOOD)
    assert "under a premise" not in text(run(pytester))


@pytest.mark.parametrize("kind", ["fail", "xfail", "skip"])
def test_unconditional_takes_a_premise_for_unknown(pytester: pytest.Pytester, kind: str) -> None:
    write(pytester, x=PREMISE, good=GOOD)
    found = run(pytester, "--claws-unconditional", f"--claws-unknown={kind}", "-rxs")
    outcome = {"fail": "failed", "xfail": "xfailed", "skip": "skipped"}[kind]
    found.assert_outcomes(passed=3, **{outcome: 2})
    assert "--unconditional takes that for UNKNOWN" in text(found)
    assert "claims that hold under a premise" not in text(found)


def test_premises_are_properties_in_junit(pytester: pytest.Pytester) -> None:
    write(pytester, x=PREMISE)
    run(pytester, "--junitxml=out.xml", "-o", "junit_family=xunit1").assert_outcomes(passed=3)
    xml = (pytester.path / "out.xml").read_text()
    assert xml.count('<property name="claws premise" value="generic-activation: ') == 2

"""`check` on files and texts: errors of files and of claws itself, and that none hides another result."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from claws.kernel.core.errors import Malformed, Refused
from claws.prover import laws
from claws.report.results import Exit, FileResult, Report
from claws.runner import files
from claws.runner.check import check_file, check_paths, check_text
from claws.runner.files import find_files
from claws.runner.options import Options
from claws.syntax import source
from claws.syntax.limits import LIMITS

GOOD = "dim n\nparam u, v: [n]\nmap u*v\nlaw balance = u^2 - v^2\nlaw total = u^2 + v^2 expect refuted\n"


def write(path: Path, content: str | bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def codes(result: FileResult) -> list[str]:
    return [d.code for d in result.errors]


def values(report: Report) -> Any:
    """All there is to know of a report but for the time it took."""
    data = report.to_json()
    for f in data["files"]:
        for c in f["claims"]:
            del c["seconds"]
    return data


# --- codes about files and the command line ------------------------------------------------------------------------


def test_claw034_where_the_checker_runs_out_of_stack_or_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    for problem in (RecursionError, MemoryError):

        def fail(*arguments: object, problem: type[Exception] = problem) -> None:
            raise problem

        monkeypatch.setattr(laws, "decide_law", fail)
        result = check_text(GOOD, "x.claw", Options())
        assert codes(result) == ["CLAW034", "CLAW034"]
        assert [d.span.line for d in result.errors] == [4, 5]
        assert Report([result]).exit_status() is Exit.WRONG


def test_claw034_where_a_range_is_too_long() -> None:
    text = "param x\nmap sum(x^k for k in 1..10^5)\nlaw l = x\n"
    assert codes(check_text(text, "x.claw", Options())) == ["CLAW034"]


def test_claw040_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert codes(check_file(str(tmp_path / "x.claw"), Options())) == ["CLAW040"]
    assert codes(check_file(str(tmp_path), Options())) == ["CLAW040"], "a folder is not a file"


def test_claw041_a_file_that_is_not_utf8(tmp_path: Path) -> None:
    result = check_file(write(tmp_path / "x.claw", b"param u\n# \xff\n"), Options())
    assert codes(result) == ["CLAW041"]
    assert "line 2 has a byte that is no character" in result.errors[0].message


def test_claw041_a_file_that_is_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "LIMITS", replace(LIMITS, file_bytes=len(GOOD)))
    assert not check_file(write(tmp_path / "fits.claw", GOOD), Options()).errors
    result = check_file(write(tmp_path / "x.claw", GOOD + "\n"), Options())
    assert codes(result) == ["CLAW041"]
    assert result.errors[0].message == f"the file is larger than {len(GOOD)} bytes"


def test_claw042_a_folder_without_files(tmp_path: Path) -> None:
    write(tmp_path / "notes.txt", GOOD)
    ((path, problem),) = find_files([str(tmp_path)])
    assert path == str(tmp_path)
    assert problem is not None
    assert problem.code == "CLAW042"


def test_claw043_a_size_for_no_dim(tmp_path: Path) -> None:
    one = write(tmp_path / "one.claw", GOOD)
    other = write(tmp_path / "other.claw", GOOD.replace("n", "k"))
    report = check_paths([one, other], Options(sizes={"n": 2, "k": 2, "q": 2}))
    assert [codes(f) for f in report.files] == [[], [], ["CLAW043"]]
    assert report.files[-1].errors[0].message == "no file declares the dim `q` of -D"
    assert check_paths([one, other], Options(sizes={"n": 2, "k": 2})).exit_status() is Exit.OK


# --- codes about claws itself --------------------------------------------------------------------------------------


def test_claw090_a_bug(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(laws, "decide_law", fail)
    monkeypatch.delenv("CLAWS_DEBUG", raising=False)
    result = check_text(GOOD, "x.claw", Options())
    assert codes(result) == ["CLAW090", "CLAW090"]
    assert result.errors[0].message == "the checker failed (ZeroDivisionError: a bug)"
    assert result.failed
    assert Report([result]).exit_status() is Exit.FAILED
    assert capsys.readouterr().err == ""

    monkeypatch.setenv("CLAWS_DEBUG", "1")
    check_text(GOOD, "x.claw", Options())
    assert "Traceback" in capsys.readouterr().err


def test_claw090_a_bug_while_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(files, "load_text", fail)
    result = check_text(GOOD, "x.claw", Options())
    assert (codes(result), result.failed) == (["CLAW090"], True)


def test_claw091_a_certificate_that_the_kernel_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise Refused("the residue is 0")

    monkeypatch.setattr(laws, "decide_law", refuse)
    result = check_text(GOOD, "x.claw", Options())
    assert codes(result) == ["CLAW091", "CLAW091"]
    assert result.errors[0].message == "the kernel turned the checker's certificate down: the residue is 0"
    assert Report([result]).exit_status() is Exit.FAILED


def test_claw091_a_search_that_claims_a_false_counter_example(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way: a search that believes in a residue which is not there."""
    from dataclasses import replace

    from claws.prover import witness

    search = witness.search_witness

    def believe(*arguments: Any) -> Any:
        found = search(*arguments)
        return found if found.witness is None else replace(found, witness=replace(found.witness, residue=Fraction(17)))

    monkeypatch.setattr(witness, "search_witness", believe)
    result = check_text(GOOD, "x.claw", Options())
    assert [c.verdict for c in result.claims] == ["PROVED"]
    assert codes(result) == ["CLAW091"]
    assert "residue" in result.errors[0].message
    assert result.errors[0].span.line == 5


def test_a_malformed_statement_is_a_bug_and_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise Malformed("no such node")

    monkeypatch.setattr(laws, "decide_law", refuse)
    assert set(codes(check_text(GOOD, "x.claw", Options()))) == {"CLAW090"}


# --- nothing hides another result ----------------------------------------------------------------------------------


def test_one_file_fails_and_the_others_are_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decide = laws.decide_law

    def fail_on_products(statement: Any, *arguments: Any) -> Any:
        if len(statement.outputs) == 2:
            raise ZeroDivisionError("a bug")
        return decide(statement, *arguments)

    monkeypatch.setattr(laws, "decide_law", fail_on_products)
    paths = [
        write(tmp_path / "a.claw", GOOD),
        write(tmp_path / "b.claw", GOOD.replace("map u*v", "map u*v, u*v")),
        write(tmp_path / "c.claw", "parm u\n"),
        write(tmp_path / "d.claw", GOOD),
    ]
    a, b, c, d = check_paths(paths, Options()).files
    assert [x.verdict for x in a.claims] == [x.verdict for x in d.claims] == ["PROVED", "REFUTED"]
    assert (codes(b), b.failed) == (["CLAW090", "CLAW090"], True)
    assert (codes(c), c.failed) == (["CLAW002"], False)


def test_one_claim_fails_and_the_others_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    decide = laws.decide_law
    calls = iter(range(9))

    def fail_first(*arguments: Any) -> Any:
        if next(calls) == 0:
            raise ZeroDivisionError("a bug")
        return decide(*arguments)

    monkeypatch.setattr(laws, "decide_law", fail_first)
    result = check_text(GOOD, "x.claw", Options())
    assert (codes(result), [c.name for c in result.claims]) == (["CLAW090"], ["total"])


def test_several_errors_of_a_file_in_one_run() -> None:
    text = "dim n\nparam u, v: [n]\nlet z = u*x\nmap u*w\nlet y = u + 1/0\nlaw c = u^2 - v^2\nindependent d\n"
    result = check_text(text, "x.claw", Options())
    assert [(d.span.line, d.code) for d in result.errors] == [
        (3, "CLAW021"),
        (4, "CLAW021"),
        (5, "CLAW035"),
        (7, "CLAW033"),
    ]
    assert not result.claims
    assert not result.failed


def test_several_syntax_errors_of_a_file_in_one_run() -> None:
    result = check_text("parm u\nparam v\nmap v +\nlaw l: v\n", "x.claw", Options())
    assert [d.span.line for d in result.errors] == [1, 3, 4]


def test_nothing_depends_on_the_run_or_on_the_processes(tmp_path: Path) -> None:
    for name, text in (("a", GOOD), ("b", "parm u\n"), ("c", GOOD.replace("u*v", "u*v^2"))):
        write(tmp_path / f"{name}.claw", text)
    first, again, parallel = (check_paths([str(tmp_path)], Options(seed=3, jobs=jobs)) for jobs in (1, 1, 2))
    assert values(first) == values(again) == values(parallel)


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interruption_keeps_what_was_finished(tmp_path: Path, jobs: int) -> None:
    def interrupt(result: FileResult) -> None:
        raise KeyboardInterrupt

    paths = [write(tmp_path / f"{name}.claw", GOOD) for name in ("a", "b")]
    report = check_paths(paths, Options(jobs=jobs), interrupt)
    assert report.interrupted
    assert [len(f.claims) for f in report.files] == [2]


def test_the_sizes_of_one_claim_are_shared_among_processes(tmp_path: Path) -> None:
    text = "dim n\nparam u, v: [n]\nmap u*v\nlaw l = u^2 - v^2 for n in 1..40\ncount = n for n in 1..5\n"
    path = write(tmp_path / "many.claw", text)
    apart, together = check_paths([path], Options(jobs=2)), check_paths([path], Options())
    for report in (apart, together):
        for claim in report.files[0].claims:
            claim.seconds = 0.0
    assert apart.to_json() == together.to_json()
    assert len(apart.files[0].claims) == 45

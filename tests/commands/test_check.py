"""`claws check`: exit statuses, files, options, JSON."""

from __future__ import annotations

import errno
import io
import os
import sys
from typing import Any

import pytest

from tests.command_line import FALSE, GOOD, UNDECIDED, WRONG, Claws, without_seconds, write

# --- exit statuses ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "status", "says"),
    [
        (GOOD, 0, "2 claims: 1 proved, 1 refuted, 0 unknown; all hold"),
        (FALSE, 1, "x.claw:3:1: REFUTED total, expected PROVED"),
        (GOOD.replace("- v^2", "- v^2 expect refuted"), 1, "PROVED balance for all n, expected REFUTED"),
        (WRONG, 2, "x.claw:1:1: error[CLAW002]"),
        ("param u\nmap u\n", 2, "nothing to check: no claim was found"),
        ("", 2, "error[CLAW027]"),
        (UNDECIDED, 3, "x.claw:3:1: UNKNOWN energy, expected PROVED"),
        (UNDECIDED.replace("sigmoid(2*v)", "sigmoid(2*v) expect unknown"), 0, "UNKNOWN energy, as expected"),
    ],
)
def test_exit_status_of_a_file(claws: Claws, text: str, status: int, says: str) -> None:
    run = claws("check", write("x.claw", text))
    assert run.status == status
    assert says in run.out
    assert not run.err


@pytest.mark.parametrize(
    ("texts", "status"),
    [
        ((GOOD, UNDECIDED), 3),
        ((GOOD, UNDECIDED, FALSE), 1),
        ((GOOD, UNDECIDED, FALSE, WRONG), 2),
    ],
)
def test_the_worst_status_wins(claws: Claws, texts: tuple[str, ...], status: int) -> None:
    files = [write(f"{k}.claw", text) for k, text in enumerate(texts)]
    assert claws("check", *files).status == status
    assert claws("check", *reversed(files)).status == status


def test_a_failure_of_the_checker_is_4_and_wins(claws: Claws, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("claws.prover.laws.decide_law", fail)
    run = claws("check", write("good.claw", GOOD), write("wrong.claw", WRONG))
    assert run.status == 4
    assert "error[CLAW090]: the checker failed (ZeroDivisionError: a bug)" in run.out
    assert "error[CLAW002]" in run.out


def test_interruption_is_130_and_keeps_what_was_finished(claws: Claws, monkeypatch: pytest.MonkeyPatch) -> None:
    from claws.runner import check
    from claws.runner.claims import check_claim

    def interrupted(spec: Any, *arguments: Any) -> Any:
        if spec.path == "b.claw":
            raise KeyboardInterrupt
        return check_claim(spec, *arguments)

    monkeypatch.setattr(check, "check_claim", interrupted)
    run = claws("check", *(write(name, GOOD) for name in ("a.claw", "b.claw", "c.claw")))
    assert run.status == 130
    assert "a.claw:4:1: PROVED balance" in run.out
    assert "c.claw" not in run.out
    assert run.err == "interrupted: what was finished is above\n"


# --- files -----------------------------------------------------------------------------------------------------------


def test_folders_are_searched_in_order(claws: Claws) -> None:
    for name in ("d/b.claw", "d/a.claw", "d/sub/c.claw", "d/notes.txt", "e.claw"):
        write(name, GOOD)
    paths = [f["path"] for f in claws("check", "--format", "json", "e.claw", "d").json()["files"]]
    assert paths == ["e.claw", *(os.path.join("d", *x) for x in (["a.claw"], ["b.claw"], ["sub", "c.claw"]))]


def test_a_file_named_twice_is_checked_once(claws: Claws) -> None:
    write("d/a.claw", GOOD)
    assert len(claws("check", "--format", "json", "d", os.path.join("d", "a.claw")).json()["files"]) == 1


@pytest.mark.parametrize(
    ("bad", "content", "error"),
    [
        ("missing.claw", None, "missing.claw:1:1: error[CLAW040]: there is no such file"),
        ("latin.claw", "param u # caf\xe9\n".encode("latin-1"), "error[CLAW041]: the file is not UTF-8: line 1 has"),
        ("nul\0.claw", None, "error[CLAW040]: the file can't be read: not a path"),
        ("folder", b"", "folder:1:1: error[CLAW042]: this folder has no `.claw` file"),
    ],
)
def test_a_bad_file_does_not_hide_a_good_one(claws: Claws, bad: str, content: bytes | None, error: str) -> None:
    if content is not None:
        write(f"{bad}/notes.txt" if bad == "folder" else bad, content)
    run = claws("check", bad, write("good.claw", GOOD))
    assert run.status == 2
    assert error in run.out
    assert "good.claw:4:1: PROVED balance for all n" in run.out
    assert "2 claims: 1 proved, 1 refuted, 0 unknown; all hold; 1 error" in run.out


def test_a_file_without_permission(claws: Claws, monkeypatch: pytest.MonkeyPatch) -> None:
    real = open

    def denied(path: Any, *arguments: Any, **keywords: Any) -> Any:
        if path == "secret.claw":  # root may read every file, so that chmod is not enough
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return real(path, *arguments, **keywords)

    write("secret.claw", GOOD)
    monkeypatch.setattr("builtins.open", denied)
    run = claws("check", "secret.claw")
    assert run.status == 2
    assert "error[CLAW040]: the file can't be read: Permission denied" in run.out


def test_standard_input(claws: Claws, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(data: bytes) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))

    given(GOOD.encode())
    run = claws("check", "-")
    assert run.status == 0
    assert "<stdin>:4:1: PROVED balance for all n" in run.out
    given(GOOD.encode())
    assert "error[CLAW043]: no file declares the dim `q` of -D" in claws("check", "-", "-D", "q=1").out
    given(b"\xff")
    run = claws("check", "-")
    assert (run.status, run.out, run.err) == (2, "", "claws: standard input is not UTF-8\n")


def test_a_byte_order_mark_and_carriage_returns_are_harmless(claws: Claws) -> None:
    crlf = GOOD.replace("\n", "\r\n")
    assert claws("check", write("bom.claw", b"\xef\xbb\xbf" + crlf.encode())).status == 0


# --- options ---------------------------------------------------------------------------------------------------------


def test_d_sets_a_size(claws: Claws) -> None:
    write("good.claw", GOOD)
    assert "PROVED balance for n = 3\n" in claws("check", "good.claw", "-D", "n=3").out
    assert claws("check", "good.claw", "-Dn=3", "--format", "json").json()["files"][0]["claims"][0]["sizes"] == {"n": 3}


def test_d_keeps_the_sizes_of_a_range_that_fit(claws: Claws) -> None:
    write("x.claw", "dim n\nparam u, v: [n]\nmap u*v\nlaw balance = u^2 - v^2 for n in 1..3\n")
    assert "PROVED balance at 3 sizes, n = 1 to n = 3" in claws("check", "x.claw").out
    assert "PROVED balance for n = 2\n1 claim:" in claws("check", "x.claw", "-D", "n=2").out
    assert claws("check", "x.claw", "-D", "n=4").status == 2


def test_d_of_a_dim_that_no_file_has(claws: Claws) -> None:
    run = claws("check", write("good.claw", GOOD), write("scalar.claw", FALSE), "-D", "n=2", "-D", "q=3")
    assert run.status == 2
    assert "<command line>:1:1: error[CLAW043]: no file declares the dim `q` of -D" in run.out
    assert "PROVED balance for n = 2" in run.out


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["-D", "n"], "argument -D: 'n' is not a size; write for example n=3"),
        (["-D", "n=x"], "argument -D: 'n=x' is not a size"),
        (["-D", "n=\N{SUPERSCRIPT TWO}"], "argument -D: 'n=\N{SUPERSCRIPT TWO}' is not a size"),
        (["-D", "=3"], "argument -D: '=3' is not a size"),
        (["-D", "n=-1"], "argument -D: 'n=-1' is not a size"),
        (["-D", "n=0"], "argument -D: 'n=0': sizes are at least 1 and at most 1000000"),
        (["-D", "n=1000001"], "argument -D: 'n=1000001': sizes are at least 1 and at most 1000000"),
        (["--seed", "-1"], "argument --seed: '-1' is not a number >= 0"),
        (["--seed", "\N{SUPERSCRIPT TWO}"], "argument --seed: '\N{SUPERSCRIPT TWO}' is not a number >= 0"),
        (["--budget", "0"], "argument --budget: '0' is not a number >= 1"),
        (["-j", "0"], "argument -j/--jobs: '0' is not a number >= 1"),
        (["--timeout", "nan"], "argument --timeout: 'nan' is not a number of seconds"),
        (["--timeout", "soon"], "argument --timeout: 'soon' is not a number of seconds"),
        (["--format", "xml"], "argument --format: invalid choice: 'xml'"),
        (["--certainly"], "unrecognized arguments: --certainly"),
    ],
)
def test_a_wrong_option_is_refused_before_anything_is_read(claws: Claws, options: list[str], reason: str) -> None:
    run = claws("check", "missing.claw", *options)
    assert run.status == 2
    assert reason in run.err
    assert not run.out


def test_the_largest_size_is_no_wrong_option(claws: Claws) -> None:
    run = claws("check", write("good.claw", GOOD.replace("law total", "# ")), "-D", "n=1000000")
    assert (run.status, run.out.splitlines()[0]) == (0, "good.claw:4:1: PROVED balance for n = 1000000")


def test_a_budget_that_is_too_small(claws: Claws) -> None:
    write("good.claw", GOOD)
    run = claws("check", "good.claw", "--budget", "1")
    assert run.status == 3
    assert "UNKNOWN balance for all n, expected PROVED" in run.out
    assert "    reason  the budget of 1 steps is used up; raise it with --budget or --timeout\n" in run.out
    assert claws("check", "good.claw", "--budget", "100000").status == 0


def test_a_time_that_is_too_short(claws: Claws) -> None:
    write("good.claw", GOOD)
    run = claws("check", "good.claw", "--timeout", "1e-9")
    assert run.status == 3
    assert "    reason  the time allowed for this claim is used up; raise it with --budget or --timeout\n" in run.out
    assert claws("check", "good.claw", "--timeout", "0").status == 0, "0 is no limit"


def test_the_same_seed_gives_the_same_report(claws: Claws) -> None:
    write("x.claw", "dim n, r\nparam U, V: [n, r]\nmap U @ V.T\nlaw l = U.T @ U + V.T @ V for n = 2, r = 3\n")
    first, again = (claws("check", "x.claw", "--format", "json", "--seed", "7") for _ in range(2))
    assert without_seconds(first.out) == without_seconds(again.out)
    assert first.json()["seed"] == 7
    assert claws("check", "x.claw", "--seed", "8").status == first.status == 1


@pytest.mark.parametrize("form", ["text", "json"])
def test_jobs_change_nothing(claws: Claws, form: str) -> None:
    for k, text in enumerate((GOOD, FALSE, WRONG, UNDECIDED)):
        write(f"d/{k}.claw", text)
    one, two = (claws("check", "d", "missing.claw", "--format", form, "-j", jobs) for jobs in "12")
    assert one.status == two.status == 2
    assert without_seconds(one.out) == without_seconds(two.out)


def test_verbose_says_how(claws: Claws) -> None:
    out = claws("check", "-v", write("good.claw", GOOD)).out
    assert "  4 | law balance = u^2 - v^2\n    method  tensors\n    trust   core 3, tensors 3\n" in out


# --- what is printed -------------------------------------------------------------------------------------------------


def test_json_has_the_schema_of_the_design(claws: Claws) -> None:
    report = claws("check", "--format", "json", write("good.claw", GOOD), write("wrong.claw", WRONG)).json()
    assert list(report) == ["schema", "claws", "seed", "files", "summary"]
    assert report["schema"] == "claws-report/2"
    assert report["summary"] == {"claims": 2, "hold": 2, "proved": 1, "refuted": 1, "unknown": 0, "errors": 1}
    good, wrong = report["files"]
    assert list(good) == list(wrong) == ["path", "model", "errors", "claims"]
    assert (good["path"], good["model"], good["errors"]) == ("good.claw", "good", [])
    balance, total = good["claims"]
    assert balance.pop("seconds") >= 0
    assert balance == {
        "name": "balance",
        "kind": "law",
        "line": 4,
        "column": 1,
        "sizes": None,
        "verdict": "PROVED",
        "expected": "PROVED",
        "holds": True,
        "for_all_sizes": True,
        "method": "tensors",
        "detail": {"parameters": "2*n"},
        "conditions": [],
        "assumptions": [],
        "trust": ["core 3", "tensors 3"],
    }
    assert (total["verdict"], total["expected"], total["holds"]) == ("REFUTED", "REFUTED", True)
    assert total["detail"]["witness"] == {"u[0]": "1", "v[0]": "1"}
    assert (total["detail"]["sizes"], total["detail"]["residue"]) == ({"n": 1}, "4")
    assert wrong["claims"] == []
    assert wrong["errors"] == [
        {
            "code": "CLAW002",
            "message": "no statement starts with `parm`",
            "line": 1,
            "column": 1,
            "hint": "did you mean `param`?",
        }
    ]


def test_json_of_an_undecided_claim(claws: Claws) -> None:
    (claim,) = claws("check", "--format", "json", write("x.claw", UNDECIDED)).json()["files"][0]["claims"]
    assert (claim["name"], claim["sizes"], claim["verdict"], claim["holds"]) == ("energy", {}, "UNKNOWN", False)
    assert claim["method"] == ""
    assert "zero to more than 20 digits at random points" in claim["detail"]["reason"]
    assert [text.split(":")[0] for text in claim["detail"]["tried"]] == [
        "tensors, for all sizes",
        "witness",
        "polynomials",
    ]


def test_json_has_an_entry_for_each_size(claws: Claws) -> None:
    text = "dim n, m = 2\nparam u, v: [n, m]\nmap u*v\nlaw l = u^2 - v^2 for n in 1..3\n"
    claims = claws("check", "--format", "json", write("x.claw", text)).json()["files"][0]["claims"]
    assert [c["sizes"] for c in claims] == [{"n": n, "m": 2} for n in (1, 2, 3)]
    assert not any(c["for_all_sizes"] for c in claims)


def test_json_does_not_depend_on_the_terminal(claws: Claws) -> None:
    run = claws("check", "--format", "json", write("x.claw", FALSE.replace("total", "größe")))
    assert run.out.isascii()
    assert run.json()["files"][0]["claims"][0]["name"] == "größe"


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("param u, v: [2]\nmap u*v\nlaw l = u[0]^2 - v[0]^2\ncomplete l\n", "missing  u[1]^2 - v[1]^2"),
        (
            "param a, b: [2], c: [2]\nmap a*dot(b, c)*a\nlaw l = sqnorm(b) - sqnorm(c)\ncomplete l\n",
            "missing  ",
        ),
    ],
)
def test_a_complete_claim_that_fails_names_what_is_missing(claws: Claws, text: str, missing: str) -> None:
    run = claws("check", write("x.claw", text))
    assert run.status == 1
    assert "REFUTED complete l, expected PROVED" in run.out
    assert missing in run.out
    assert "bounds   at least" in run.out

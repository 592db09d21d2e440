"""The command line: what each command prints, and its exit status."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from claws.cli import EXIT_STATUSES
from claws.kernel.__main__ import main as kernel_main
from tests.command_line import Claws, Run, runner

GOOD = "dim n\nparam u, v: [n]\nmap u*v\nlaw balance = u^2 - v^2\nlaw total = u^2 + v^2 expect refuted\n"
FALSE = "param u, v\nmap u*v\nlaw total = u^2 + v^2\n"
WRONG = "parm u\nmap u\n"
# 0, which no reading knows
UNDECIDED = "param u, v\nmap u*v\nlaw energy = exp(2*v) - exp(v)^2\n"
UGLY = "# top\nparam u,v  # two\nmap u*v\n# between\nlaw   balance=u^2-v^2\n# end\n"
TIDY = "# top\nparam u, v  # two\nmap u*v\n# between\nlaw balance = u^2 - v^2\n# end\n"


@pytest.fixture
def claws(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Claws:
    """Runs a command in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return runner(capsys)


def write(name: str, text: str | bytes) -> str:
    """A file below the current folder."""
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return name


def without_seconds(text: str) -> str:
    return re.sub(r'"seconds": [\d.e-]+', '"seconds": _', text)


# --- check: exit statuses ------------------------------------------------------------------------------------------


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
        (UNDECIDED.replace("exp(v)^2", "exp(v)^2 expect unknown"), 0, "UNKNOWN energy, as expected"),
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


@pytest.mark.parametrize("command", [["show"], ["fmt"], ["verify", "x.json"]])
def test_a_bug_in_any_command_is_4_and_no_traceback(
    claws: Claws, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("claws.syntax.parser.parse_source", fail)
    monkeypatch.setattr("claws.syntax.reader.parse_source", fail)
    run = claws(command[0], write("good.claw", GOOD), *command[1:])
    assert run.status == 4
    assert "error[CLAW090]: the checker failed (ZeroDivisionError: a bug)" in run.err
    assert "Traceback" not in run.err


def test_interruption_is_130_and_keeps_what_was_finished(claws: Claws, monkeypatch: pytest.MonkeyPatch) -> None:
    from claws.runner import driver

    check_spec = driver.check_spec

    def interrupted(spec: Any, *arguments: Any) -> Any:
        if spec.path == "b.claw":
            raise KeyboardInterrupt
        return check_spec(spec, *arguments)

    monkeypatch.setattr(driver, "check_spec", interrupted)
    run = claws("check", *(write(name, GOOD) for name in ("a.claw", "b.claw", "c.claw")))
    assert run.status == 130
    assert "a.claw:4:1: PROVED balance" in run.out
    assert "c.claw" not in run.out
    assert run.err == "interrupted: what was finished is above\n"


def test_interruption_of_another_command_is_130(claws: Claws, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("claws.report.show.show", interrupt)
    run = claws("show", write("good.claw", GOOD))
    assert (run.status, run.err) == (130, "interrupted\n")


# --- check: files --------------------------------------------------------------------------------------------------


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


# --- check: options ------------------------------------------------------------------------------------------------


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
    ("command", "rest"), [("show", []), ("show", ["--sympy"]), ("verify", ["certificate.json"])], ids=" ".join
)
def test_other_commands_refuse_such_a_d_too(claws: Claws, command: str, rest: list[str]) -> None:
    run = claws(command, write("good.claw", GOOD), *rest, "-D", "q=3")
    assert run.status == 2
    assert "error[CLAW043]: no file declares the dim `q` of -D" in run.out


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
    assert "  4 | law balance = u^2 - v^2\n    method  tensors\n    trust   core 2, tensors 2\n" in out


# --- check: JSON ---------------------------------------------------------------------------------------------------


def test_json_has_the_schema_of_the_design(claws: Claws) -> None:
    report = claws("check", "--format", "json", write("good.claw", GOOD), write("wrong.claw", WRONG)).json()
    assert list(report) == ["schema", "claws", "seed", "files", "summary"]
    assert report["schema"] == "claws-report/1"
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
        "assumptions": [],
        "trust": ["core 2", "tensors 2"],
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


# --- check --certificates, verify ----------------------------------------------------------------------------------


@pytest.fixture
def certificates(claws: Claws) -> list[str]:
    """The certificates of `good.claw`, of balance and of total."""
    assert claws("check", write("good.claw", GOOD), "--certificates", "new/certs").status == 0
    return [os.path.join("new", "certs", f"good.{law}.cert.json") for law in ("balance", "total")]


def test_certificates_are_written_and_accepted(
    claws: Claws, certificates: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert sorted(os.listdir("new/certs")) == [os.path.basename(c) for c in certificates]
    run = claws("verify", "good.claw", *certificates)
    balance, total = certificates
    assert run.status == 0
    assert run.out == f"{balance}: accepted: PROVED balance by tensors\n{total}: accepted: REFUTED total by witness\n"
    assert kernel_main(certificates) == 0
    out = capsys.readouterr().out
    assert f"{balance}: PROVED by tensors, core 2, tensors 2" in out
    assert f"{total}: REFUTED by witness" in out


def test_the_report_names_the_certificate(claws: Claws) -> None:
    options = ("--certificates", "c", "--format", "json")
    claims = claws("check", write("x.claw", GOOD), *options, "-D", "n=2").json()["files"][0]["claims"]
    names = [f"x.{law}.n=2.cert.json" for law in ("balance", "total")]
    assert [c["detail"]["certificate"] for c in claims] == [os.path.join("c", name) for name in names]
    assert claws("verify", "x.claw", os.path.join("c", names[0]), "-D", "n=2").status == 0


def test_files_of_one_name_have_certificates_of_their_own(claws: Claws) -> None:
    paths = [write(name, FALSE) for name in ("a/x.claw", "b/x.claw", "b/x-2.claw")]
    claws("check", *paths, "--certificates", "c")
    assert sorted(os.listdir("c")) == [f"{stem}.total.cert.json" for stem in ("x-2-2", "x-2", "x")]


def test_an_undecided_claim_has_no_certificate(claws: Claws) -> None:
    assert claws("check", write("x.claw", UNDECIDED), "--certificates", "c").status == 3
    assert os.listdir("c") == []


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (GOOD.replace("map u*v", "map u*v^2"), "is about another statement than the claim `balance` of this file"),
        (
            GOOD.replace("u^2 - v^2", "2*u^2 - 2*v^2"),
            "is about another statement than the claim `balance` of this file",
        ),
        (
            GOOD.replace("param u, v", "param u, v, w"),
            "is about another statement than the claim `balance` of this file",
        ),
        (GOOD.replace("in real", "").replace("[n]", "[n] in positive"), "is about another statement than the claim"),
        (GOOD.replace("balance", "other"), "the file has no claim `balance`"),
    ],
)
def test_verify_refuses_the_certificate_of_another_model(
    claws: Claws, certificates: list[str], changed: str, reason: str
) -> None:
    run = claws("verify", write("changed.claw", changed), certificates[0])
    assert run.status == 4
    assert run.out.startswith(f"{certificates[0]}: REFUSED: ")
    assert reason in run.out


def test_verify_accepts_the_same_model_written_otherwise(claws: Claws, certificates: list[str]) -> None:
    other = "# a comment\n" + GOOD.replace("u^2 - v^2", "(u^2) - v ^ 2")
    assert claws("verify", write("other.claw", other), *certificates).status == 0


def test_verify_refuses_the_certificate_of_another_law(claws: Claws, certificates: list[str]) -> None:
    data = json.loads(Path(certificates[1]).read_text())
    data["about"]["claim"] = "balance"
    run = claws("verify", "good.claw", write("swapped.json", json.dumps(data)))
    assert run.status == 4
    assert "REFUSED: the certificate is about another statement than the claim `balance` of this file" in run.out


def test_verify_refuses_another_residue(claws: Claws, certificates: list[str]) -> None:
    data = json.loads(Path(certificates[1]).read_text())
    data["evidence"]["residue"] = "5"
    run = claws("verify", "good.claw", write("changed.json", json.dumps(data)))
    assert run.status == 4
    assert re.search(r"REFUSED: .*residue", run.out)


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (None, 2, "there is no such file"),
        (b"\xff", 2, "the file is not UTF-8"),
        (b"model a", 4, "the certificate is not JSON"),
        (b"{}", 4, ""),
        (b"[" * 100_000, 4, ""),
    ],
)
def test_verify_goes_on_after_a_bad_certificate(
    claws: Claws, certificates: list[str], content: bytes | None, status: int, reason: str
) -> None:
    if content is not None:
        write("bad.json", content)
    run = claws("verify", "good.claw", "bad.json", certificates[0])
    assert run.status == status
    refused, accepted = run.out.splitlines()
    assert refused.startswith(f"bad.json: REFUSED: {reason}")
    assert accepted.startswith(f"{certificates[0]}: accepted")


def test_verify_needs_a_right_file(claws: Claws, certificates: list[str]) -> None:
    assert claws("verify", "missing.claw", *certificates).status == 2
    run = claws("verify", write("wrong.claw", WRONG), *certificates)
    assert run.status == 2
    assert "error[CLAW002]" in run.out
    assert "accepted" not in run.out


def test_verify_survives_a_bug_of_the_kernel(
    claws: Claws, certificates: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("claws.runner.driver.check", fail)
    run = claws("verify", "good.claw", *certificates)
    assert run.status == 4
    assert run.out.count("REFUSED: the checker failed (ZeroDivisionError: a bug)") == 2


def test_a_folder_for_certificates_that_is_a_file(claws: Claws) -> None:
    run = claws("check", write("good.claw", GOOD), "--certificates", write("taken", ""))
    assert run.status == 2
    assert run.err == "claws: the folder for certificates can't be made: File exists\n"


def test_a_certificate_that_can_not_be_written(claws: Claws) -> None:
    os.makedirs("c/good.balance.cert.json")
    run = claws("check", write("good.claw", GOOD), "--certificates", "c")
    assert run.status == 2
    path = os.path.join("c", "good.balance.cert.json")
    assert f"error[CLAW040]: the certificate {path} can't be written: Is a directory" in run.out
    assert "good.claw:5:1: REFUTED total, as expected" in run.out


# --- fmt -----------------------------------------------------------------------------------------------------------


def test_fmt_rewrites_and_keeps_comments(claws: Claws) -> None:
    run = claws("fmt", write("x.claw", UGLY))
    assert (run.status, run.out) == (0, "x.claw: rewritten\n")
    assert Path("x.claw").read_bytes() == TIDY.encode()
    assert claws("fmt", "x.claw") == Run(0, "", "")


def test_fmt_check_only_tells(claws: Claws) -> None:
    run = claws("fmt", "--check", write("ugly.claw", UGLY), write("tidy.claw", TIDY))
    assert (run.status, run.out) == (1, "ugly.claw: not in canonical form\n")
    assert Path("ugly.claw").read_text() == UGLY
    assert claws("fmt", "--check", "tidy.claw") == Run(0, "", "")


def test_fmt_leaves_a_wrong_file_alone_and_goes_on(claws: Claws) -> None:
    run = claws("fmt", write("wrong.claw", WRONG), "missing.claw", write("x.claw", UGLY))
    assert (run.status, run.out) == (2, "x.claw: rewritten\n")
    assert "wrong.claw:1:1: error[CLAW002]" in run.err
    assert "missing.claw:1:1: error[CLAW040]" in run.err
    assert Path("wrong.claw").read_text() == WRONG
    assert claws("fmt", "--check", "wrong.claw", write("x.claw", UGLY)).status == 2


def test_fmt_folders(claws: Claws) -> None:
    write("d/a.claw", UGLY)
    assert claws("fmt", "d").out == f"{os.path.join('d', 'a.claw')}: rewritten\n"
    os.mkdir("empty")
    assert claws("fmt", "empty").status == 2


def test_fmt_standard_input(claws: Claws, monkeypatch: pytest.MonkeyPatch) -> None:
    def given(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    given(UGLY)
    assert claws("fmt", "-") == Run(0, TIDY, "")
    given(UGLY)
    assert claws("fmt", "-", "--check") == Run(1, "-: not in canonical form\n", "")
    given(WRONG)
    run = claws("fmt", "-")
    assert (run.status, run.out) == (2, "")


def test_fmt_of_a_file_that_can_not_be_written(claws: Claws, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [write(name, UGLY) for name in ("a.claw", "b.claw")]

    def read_only(path: Any, mode: str = "r", **options: Any) -> Any:
        if path == "a.claw" and "w" in mode:
            raise PermissionError(errno.EACCES, "Permission denied")
        return open(path, mode, **options)

    monkeypatch.setattr("claws.cli.open", read_only, raising=False)
    run = claws("fmt", *paths)
    assert (run.status, run.out) == (2, "b.claw: rewritten\n")
    assert run.err == "claws: a.claw can't be written: Permission denied\n"


# --- show ----------------------------------------------------------------------------------------------------------


def test_show_as_text(claws: Claws) -> None:
    run = claws("show", write("good.claw", GOOD))
    assert run.status == 0
    for line in (
        "model good",
        "  parameters  u [n], v [n]; D = 2*n",
        "law balance = u^2 - v^2",
        "  d(output 0) along it = 0",
        "  the residue vanishes for all sizes: the law is conserved",
        "law total = u^2 + v^2",
        "  d(output 0) along it = 4*u[i]*v[i]*A[i]",
    ):
        assert line in run.out.splitlines()


@pytest.mark.parametrize(
    ("form", "lines"),
    [
        (
            "--sympy",
            [
                "phi_0 = Matrix([[u_0*v_0], [u_1*v_1]])",
                "total = Matrix([[u_0**2 + v_0**2], [u_1**2 + v_1**2]])",
                "grad_u total[1] = Matrix([[0], [2*u_1]])",
                "residue_0 total[1] = Matrix([[0], [4*u_1*v_1]])",
            ],
        ),
        (
            "--latex",
            [
                r"\text{total} = \left[\begin{matrix}u_{0}^{2} + v_{0}^{2}\\u_{1}^{2} + v_{1}^{2}\end{matrix}\right]",
                r"J_0 \nabla \text{total}[1] = \left[\begin{matrix}0\\4 u_{1} v_{1}\end{matrix}\right]",
            ],
        ),
    ],
)
def test_show_entries(claws: Claws, form: str, lines: list[str]) -> None:
    run = claws("show", write("good.claw", GOOD), "total", form, "-D", "n=2")
    assert run.status == 0
    assert set(lines) <= set(run.out.splitlines())
    assert "balance" not in run.out


def test_show_program(claws: Claws) -> None:
    out = claws("show", write("good.claw", GOOD), "balance", "--program").out
    assert out.startswith("law balance\nfor all integers n >= 1\n")
    assert "whatever the loss and the data" in out


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["balanc"], "error[CLAW033]: no law is named `balanc`", "did you mean `balance`?"),
        (["zzz"], "error[CLAW033]: no law is named `zzz`", "the laws are: balance, total"),
        (["--sympy"], "error[CLAW025]: entries can be written only at fixed sizes; n is free", "add -D n=2"),
        pytest.param(
            ["total", "--sympy", "-D", "n=10000"],
            "error[CLAW034]: the budget of 1000000 steps is used up",
            "",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_show_refuses(claws: Claws, arguments: list[str], error: str, hint: str) -> None:
    text = GOOD.replace("v^2 expect", "v^2 + sum(outer(u, v)) expect")
    run = claws("show", write("good.claw", text), *arguments)
    assert run.status == 2
    assert error in run.out
    assert not hint or f"    hint: {hint}\n" in run.out


def test_show_a_law_without_sizes(claws: Claws) -> None:
    write("x.claw", "dim n\nparam u, v: [n]\nmap u*v\nlaw l = u^2 - v^2 for n = 1\nlaw m = u^2\n")
    run = claws("show", "x.claw", "l", "-D", "n=2")
    assert run.status == 2
    assert "x.claw:4:1: error[CLAW030]: none of the sizes of `l` is left" in run.out
    assert "law m = u^2" in claws("show", "x.claw", "-D", "n=2").out


def test_show_needs_a_right_file(claws: Claws) -> None:
    assert "error[CLAW002]" in claws("show", write("wrong.claw", WRONG)).out
    assert claws("show", "missing.claw").status == 2


# --- explain -------------------------------------------------------------------------------------------------------


def test_explain_a_code(claws: Claws) -> None:
    run = claws("explain", "claw021")
    assert run.status == 0
    assert run.out.startswith("CLAW021: an unknown name\n\n")
    assert run.out.endswith("\nfor example:\n\n    param weights\n    map wieghts^2\n")


def test_explain_a_code_without_an_example(claws: Claws) -> None:
    assert "for example" not in claws("explain", "CLAW090").out


def test_explain_an_unknown_code(claws: Claws) -> None:
    run = claws("explain", "CLAW91")
    assert (run.status, run.out) == (2, "")
    assert run.err == "claws: no code CLAW91; did you mean CLAW091?\n`claws explain` lists all codes\n"
    assert claws("explain", "zzz").err.startswith("claws: no code zzz\n")


def test_explain_lists_all_codes(claws: Claws) -> None:
    from claws.report.codes import CODES

    lines = claws("explain").out.splitlines()
    assert [line.split()[0] for line in lines] == list(CODES)


# --- help, colour --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["check", "verify", "fmt", "show", "explain"])
def test_help_of_each_command(claws: Claws, command: str) -> None:
    run = claws(command, "--help")
    assert run.status == 0
    assert run.out.startswith(f"usage: claws {command} ")
    assert f"  {command} " in claws("--help").out


def test_help_has_the_exit_statuses(claws: Claws) -> None:
    assert EXIT_STATUSES in claws("--help").out
    assert EXIT_STATUSES in claws("check", "--help").out


def test_version(claws: Claws) -> None:
    from claws import __version__

    assert claws("--version") == Run(0, f"claws {__version__}\n", "")


@pytest.mark.parametrize("arguments", [[], ["prove"], ["check"], ["verify", "x.claw"], ["show"]])
def test_an_incomplete_command_line(claws: Claws, arguments: list[str]) -> None:
    run = claws(*arguments)
    assert run.status == 2
    assert run.err.startswith("usage: claws")


@pytest.mark.parametrize(
    ("terminal", "environment", "colored"),
    [
        (False, {}, False),
        (True, {}, True),
        (True, {"NO_COLOR": ""}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"TERM": "dumb"}, False),
    ],
)
def test_colour(
    claws: Claws, monkeypatch: pytest.MonkeyPatch, terminal: bool, environment: dict[str, str], colored: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    out = claws("check", write("good.claw", GOOD), write("wrong.claw", WRONG)).out
    assert ("\x1b[32mPROVED\x1b[0m balance" in out) is colored
    assert ("\x1b[31merror[CLAW002]\x1b[0m" in out) is colored
    assert ("\x1b" in out) is colored


# --- as a process --------------------------------------------------------------------------------------------------


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    environment |= {"PYTHONPATH": str(Path(__file__).parents[2])} | options.pop("env", {})
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 120} | options
    return subprocess.run([sys.executable, "-m", "claws", *arguments], env=environment, **options)


def test_as_a_process(tmp_path: Path) -> None:
    (tmp_path / "false.claw").write_text(FALSE)
    run = process("check", "false.claw", cwd=tmp_path)
    assert run.returncode == 1
    assert run.stdout.startswith(b"false.claw:3:1: REFUTED total, expected PROVED" + os.linesep.encode())
    assert run.stderr == b""


@pytest.mark.parametrize("arguments", [["check", "good.claw"], ["show", "good.claw"], ["explain"]], ids=" ".join)
@pytest.mark.skipif(sys.platform == "win32", reason="pipes are others there")
def test_a_reader_that_goes_away(tmp_path: Path, arguments: list[str]) -> None:
    """As in `claws check examples | head -1`."""
    (tmp_path / "good.claw").write_text(GOOD)
    reader, writer = os.pipe()
    os.close(reader)
    run = process(*arguments, cwd=tmp_path, stdout=writer)
    os.close(writer)
    assert (run.returncode, run.stderr) == (130, b"")


def test_a_terminal_that_lacks_a_character(tmp_path: Path) -> None:
    (tmp_path / "x.claw").write_text(FALSE.replace("total", "größe"), encoding="utf-8")
    run = process("check", "x.claw", cwd=tmp_path, env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"})
    assert run.returncode == 1
    assert b"REFUTED gr\\xf6\\xdfe, expected PROVED" in run.stdout
    assert run.stderr == b""


def test_check_imports_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    """With the parse tables in the cache, a law for all sizes is a matter of the kernel alone."""
    (tmp_path / "good.claw").write_text(GOOD)
    program = (
        "import sys\nfrom claws.cli import main\nstatus = main(['check', 'good.claw'])\n"
        "print(status, *sorted({'lark', 'numpy', 'sympy', 'flint'} & set(sys.modules)))"
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2]), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    for expected in ("0 lark", "0"):
        run = subprocess.run(
            [sys.executable, "-c", program], env=environment, cwd=tmp_path, capture_output=True, text=True
        )
        assert run.stdout.splitlines()[-1] == expected, run.stderr


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

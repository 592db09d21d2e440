"""`claws check --certificates` and `claws verify`."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from claws.kernel.__main__ import main as kernel_main
from tests.command_line import FALSE, GOOD, UNDECIDED, WRONG, Claws, write


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
    assert f"{balance}: PROVED by tensors, core 3, tensors 3" in out
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

    monkeypatch.setattr("claws.runner.verification.check", fail)
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

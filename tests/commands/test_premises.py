"""Premises at every front door: a verdict with one says so, its twin without says nothing, and `--unconditional`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

import claws as api
import claws.runner.verification as verification
from claws.coq.exporter import export
from claws.kernel import NamedPoint, Premise, check
from claws.kernel.__main__ import main as kernel_main
from claws.kernel.__main__ import theorem_lines
from claws.report.gallery import entry_of, render
from claws.runner.check import check_text
from claws.runner.options import Options
from claws.syntax.reader import load_text
from tests.command_line import Claws, write

CONSTANT = """activation s
param u, v
map u*v
law a = s(u^2 - v^2)
complete a
independent a
"""
"""Complete and independent, unless `s` is constant: both were proved without a premise once."""

PLAIN = CONSTANT.replace("s(u^2 - v^2)", "u^2 - v^2")
"""The twin that needs none."""

FREE = "dim n\nactivation s\ninput x: [2]\nparam u: [n], V: [n, 2]\nmap u @ s(V @ x)\n"
GENERIC = Premise.GENERIC_ACTIVATION
JSON = {"premise": "generic-activation", "text": GENERIC.text}
ROW = f"premise  generic-activation: {GENERIC.text}"
UNKNOWN = f"PROVED under a premise: generic-activation: {GENERIC.text}; --unconditional takes that for UNKNOWN"


# --- check -------------------------------------------------------------------------------------------------------------


def test_a_constant_activation_is_excluded_by_a_premise(claws: Claws) -> None:
    run = claws("check", write("x.claw", CONSTANT))
    assert run.status == 0
    assert run.out.splitlines()[:5] == [
        "x.claw:4:1: PROVED a",
        "x.claw:5:1: PROVED complete a under the premise generic-activation",
        f"    {ROW}",
        "x.claw:6:1: PROVED independent a under the premise generic-activation",
        f"    {ROW}",
    ]
    assert "premise" not in claws("check", write("plain.claw", PLAIN), "-v").out


def claims_of(claws: Claws, text: str, *options: str) -> list[dict[str, Any]]:
    report = claws("check", write("x.claw", text), "--format", "json", *options).json()
    assert report["schema"] == "claws-report/2"
    found: list[dict[str, Any]] = report["files"][0]["claims"]
    return found


def test_premises_are_objects_in_json(claws: Claws) -> None:
    assert [c["assumptions"] for c in claims_of(claws, CONSTANT)] == [[], [JSON], [JSON]]
    assert [c["assumptions"] for c in claims_of(claws, PLAIN)] == [[], [], []]


def test_json_says_where(claws: Claws) -> None:
    where = [c["detail"].get("where") for c in claims_of(claws, PLAIN + "count = 2 expect refuted\n")]
    assert where == [None, "almost everywhere", "almost everywhere", None]


def test_conditions_on_sizes_are_no_premises(claws: Claws) -> None:
    text = "dim n, r\nparam U: [n, r], V: [n, r]\nmap U @ V.T\nlaw l = (U.T @ U - V.T @ V)[1, 1]\n"
    (claim,) = claims_of(claws, text, "--unconditional")
    assert (claim["verdict"], claim["conditions"], claim["assumptions"]) == ("PROVED", ["r >= 2"], [])
    assert "given r >= 2" in claws("check", "x.claw").out


@pytest.mark.parametrize(("text", "status"), [(CONSTANT, 3), (PLAIN, 0)])
def test_unconditional_takes_a_verdict_with_a_premise_for_unknown(claws: Claws, text: str, status: int) -> None:
    assert claws("check", write("x.claw", text)).status == 0
    run = claws("check", "x.claw", "--unconditional")
    assert run.status == status
    assert run.out.count(f"reason  {UNKNOWN}\n") == (2 if status else 0)
    assert ("x.claw:4:1: PROVED a\n" in run.out) and ("bounds" not in run.out)


def test_unconditional_in_json(claws: Claws) -> None:
    law, complete, independent = claims_of(claws, CONSTANT, "--unconditional")
    assert law["verdict"] == "PROVED"
    for claim in (complete, independent):
        assert (claim["verdict"], claim["method"], claim["trust"], claim["assumptions"]) == ("UNKNOWN", "", [], [])
        assert claim["detail"] == {"reason": UNKNOWN}


def test_unconditional_is_about_refutations_as_well(claws: Claws) -> None:
    text = "activation s\ninput x: [2]\nparam u, v: [2]\nmap u*s(dot(v, x))\ncount = 2 expect refuted\n"
    run = claws("check", write("x.claw", text))
    assert (run.status, "REFUTED count under the premise generic-activation, as expected" in run.out) == (0, True)
    run = claws("check", "x.claw", "--unconditional")
    assert (run.status, "REFUTED under a premise: " in run.out) == (3, True)


def test_what_is_expected_is_so_with_and_without_premises(claws: Claws) -> None:
    text = CONSTANT.replace("complete a", "complete a expect unknown").replace(
        "independent a", "independent a expect unknown"
    )
    assert claws("check", write("x.claw", text), "--unconditional").status == 0
    assert claws("check", "x.claw").status == 1


def test_unconditional_writes_no_certificate_of_a_premise(claws: Claws) -> None:
    claws("check", write("x.claw", CONSTANT), "--certificates", "c", "--unconditional")
    assert os.listdir("c") == ["x.a.cert.json"]


def test_unconditional_from_python() -> None:
    model = api.loads(CONSTANT)
    assert [c.verdict for c in model.check().claims] == ["PROVED", "PROVED", "PROVED"]
    assert [c.verdict for c in model.check(unconditional=True).claims] == ["PROVED", "UNKNOWN", "UNKNOWN"]
    assert [c.verdict for c in api.loads(PLAIN).check(unconditional=True).claims] == ["PROVED"] * 3


# --- certificates ------------------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(claws: Claws) -> str:
    """The certificate of `complete a`."""
    assert claws("check", write("x.claw", CONSTANT), "--certificates", "c").status == 0
    return os.path.join("c", "x.complete-line-5.cert.json")


def test_verify_names_the_premises(claws: Claws, certificate: str) -> None:
    run = claws("verify", "x.claw", certificate)
    assert run.status == 0
    assert run.out == (
        f"{certificate}: accepted: PROVED complete a by sandwich, under the premise generic-activation\n  {ROW}\n"
    )
    claws("check", write("plain.claw", PLAIN), "--certificates", "c")
    plain = os.path.join("c", "plain.complete-line-5.cert.json")
    assert claws("verify", "plain.claw", plain).out == f"{plain}: accepted: PROVED complete a by sandwich\n"


def changed(certificate: str, change: Callable[[dict[str, str]], object]) -> str:
    """The same certificate with another text for readers."""
    data = json.loads(Path(certificate).read_text(encoding="utf-8"))
    change(data["about"])
    return write("changed.cert.json", json.dumps(data))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda about: about.update(premises=""),
            "does not say that its verdict holds under the premise generic-activation: ",
        ),
        (
            lambda about: about.update(premises="patterns"),
            "under the premise generic-activation: generic-activation: each",
        ),
        (lambda about: about.update(verdict="REFUTED"), "the certificate says 'REFUTED', and the kernel finds PROVED"),
        (lambda about: about.pop("premises"), None),
        (lambda about: about.pop("verdict"), None),
        (lambda about: about.update(premises="generic-activation"), None),
    ],
)
def test_verify_compares_what_is_stored(
    claws: Claws, certificate: str, change: Callable[[dict[str, str]], object], reason: str | None
) -> None:
    run = claws("verify", "x.claw", changed(certificate, change))
    assert run.status == (0 if reason is None else 4)
    assert ("accepted: PROVED complete a" if reason is None else reason) in run.out
    assert GENERIC.text in run.out or (reason is not None and "REFUTED" in reason)


def test_verify_says_which_premise_is_not_needed(claws: Claws, certificate: str) -> None:
    more = changed(certificate, lambda about: about.update(premises="patterns generic-activation \033[2Jodd"))
    run = claws("verify", "x.claw", more)
    assert (run.status, "(the certificate names patterns, too, which is not needed)" in run.out) == (0, True)


def test_verify_compares_conditions(claws: Claws) -> None:
    text = "dim n, r\nparam U: [n, r], V: [n, r]\nmap U @ V.T\nlaw l = (U.T @ U - V.T @ V)[1, 1]\n"
    claws("check", write("x.claw", text), "--certificates", "c")
    path = os.path.join("c", "x.l.cert.json")
    assert "accepted: PROVED l by tensors, given r >= 2\n" in claws("verify", "x.claw", path).out
    run = claws("verify", "x.claw", changed(path, lambda about: about.update(conditions="")))
    assert (run.status, "does not say that its verdict is for r >= 2" in run.out) == (4, True)


def test_verify_compares_the_place(claws: Claws, monkeypatch: pytest.MonkeyPatch) -> None:
    claws("check", write("x.claw", PLAIN), "--certificates", "c")
    path = os.path.join("c", "x.complete-line-5.cert.json")
    kernel = check

    class Near:
        """A theorem that was seen near a point, until the kernel makes one."""

        def __init__(self, *given: Any) -> None:
            self.theorem = kernel(*given)
            self.near = (NamedPoint("u", (2,), (Fraction(1, 2), Fraction(3))),)

        def __getattr__(self, name: str) -> Any:
            return getattr(self.theorem, name)

    monkeypatch.setattr(verification, "check", Near)
    run = claws("verify", "x.claw", path)
    assert (run.status, "does not say that its verdict is about the neighbourhood of a point" in run.out) == (4, True)
    run = claws("verify", "x.claw", changed(path, lambda about: about.update(where="near a point")))
    assert (run.status, "accepted: PROVED complete a near u = [1/2, 3] by sandwich" in run.out) == (0, True)


def test_the_kernel_alone_prints_premises_and_conditions(
    claws: Claws, certificate: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert kernel_main([certificate]) == 0
    out = capsys.readouterr().out
    assert f"{certificate}: PROVED by sandwich, under generic-activation, core 3, tensors 3" in out
    assert f"\n  premise generic-activation: {GENERIC.text}\n  statement " in out
    law = os.path.join("c", "x.a.cert.json")
    assert kernel_main([law]) == 0
    assert "premise" not in capsys.readouterr().out


def test_the_kernel_alone_prints_the_point() -> None:
    class Near:
        conditions = ("n >= 2",)
        premises = (GENERIC,)
        near = (
            NamedPoint("W", (1, 2), (Fraction(1, 2), Fraction(3))),
            NamedPoint("b", (), (Fraction(-1),)),
            NamedPoint("c", (1001,), (Fraction(0),) * 1001),
        )

    *lines, last = theorem_lines(Near())  # type: ignore[arg-type]
    assert lines == [
        "given n >= 2",
        f"premise generic-activation: {GENERIC.text}",
        "near W[1][2] = 1/2 3",
        "near b = -1",
    ]
    assert last.startswith("near c[1001] = 0 0") and last.endswith(" 0 ...")


# --- numbers at many sizes ---------------------------------------------------------------------------------------------


def test_count_and_sweep_name_the_premises(claws: Claws) -> None:
    write("x.claw", FREE)
    run = claws("sweep", "x.claw", "--over", "n=1..2")
    assert run.status == 0
    assert run.out.splitlines()[3:] == [
        "PROVED at n = 1: under the premise generic-activation",
        "PROVED at n = 2: under the premise generic-activation",
        f"premise generic-activation: {GENERIC.text}",
    ]
    (row,) = claws("count", "x.claw", "-D", "n=1", "--format", "json").json()["rows"]
    assert (row["assumptions"], row["where"]) == ([JSON], "almost everywhere")
    write("plain.claw", FREE.replace("s(V @ x)", "V @ x"))
    run = claws("sweep", "plain.claw", "--over", "n=1..2")
    assert (run.status, "premise" in run.out) == (0, False)


def test_unconditional_sweep(claws: Claws) -> None:
    write("x.claw", FREE)
    run = claws("sweep", "x.claw", "--over", "n=1..2", "--unconditional", "--format", "json")
    assert run.status == 3
    for row in run.json()["rows"]:
        assert (row["status"], row["reason"], row["assumptions"]) == ("UNKNOWN", UNKNOWN, [])
        assert (row["at_least"], row["at_most"]) == (0, row["parameters"])
    write("plain.claw", FREE.replace("s(V @ x)", "V @ x"))
    assert claws("count", "plain.claw", "-D", "n=2", "--unconditional").status == 0


def test_saved_rows_keep_their_premises(claws: Claws) -> None:
    write("x.claw", FREE)
    first = claws("sweep", "x.claw", "--over", "n=1..2", "--save", "s.csv")
    again = claws("sweep", "x.claw", "--over", "n=1..2", "--save", "s.csv")
    assert "under the premise generic-activation" in again.out
    assert (again.status, again.out) == (first.status, first.out)
    other = claws("sweep", "x.claw", "--over", "n=1..2", "--save", "s.csv", "--unconditional")
    assert (other.status, "another model, seed or budget" in other.err) == (2, True)


# --- find, test, gallery, coq ------------------------------------------------------------------------------------------


def test_find_names_the_premises(claws: Claws) -> None:
    write("x.claw", FREE)
    run = claws("find", "x.claw", "-D", "n=1")
    assert run.out.splitlines()[:2] == [
        "# x.claw: there is no law at n = 1, under the premise generic-activation",
        f"# premise generic-activation: {GENERIC.text}",
    ]
    assert claws("find", "x.claw", "-D", "n=1", "--format", "json").json()["assumptions"] == [JSON]
    write("plain.claw", FREE.replace("s(V @ x)", "V @ x"))
    run = claws("find", "plain.claw", "-D", "n=1")
    assert (run.status, "premise" in run.out) == (0, False)
    assert claws("find", "plain.claw", "-D", "n=1", "--format", "json").json()["assumptions"] == []


def test_test_names_the_premises(claws: Claws) -> None:
    options = ("--examples", "5", "-v")
    run = claws("test", write("x.claw", CONSTANT.replace("activation s", "activation s with s' = s")), *options)
    assert "agrees complete a, PROVED under the premise not-constant: 1 laws" in run.out
    assert f"    premise    not-constant: {Premise.NOT_CONSTANT.text}\n" in run.out
    (count,) = claws("test", "x.claw", *options, "--format", "json").json()["files"][0]["counts"]
    assert [a["premise"] for a in count["assumptions"]] == ["not-constant"]
    assert "premise" not in claws("test", write("plain.claw", PLAIN), *options).out


def test_the_gallery_names_the_premises() -> None:
    pages = [
        render([entry_of("f/x.claw", '"""A net."""', check_text(text, "x.claw", Options()))], "T", "c")
        for text in (CONSTANT, PLAIN)
    ]
    assert "all of them (under the premise generic-activation)" in pages[0]
    assert "| all of them; " in pages[1]


def test_coq_takes_no_premise_over() -> None:
    spec = load_text("param u, v\nmap u*v\nlaw b = u^2 - v^2\ncomplete b\n")
    files = export(spec).files
    assert len(files) == 2
    for file in files:
        assert "the theorem rests on no premise of the kernel" in " ".join(file.text.split())


def test_options_are_in_one_place() -> None:
    assert replace(Options(), unconditional=True).unconditional
    assert not Options().unconditional

"""`claws explain`."""

from __future__ import annotations

import pytest

from claws.kernel import Premise
from tests.command_line import Claws


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
    from claws.report.premises import PREMISES

    lines = claws("explain").out.splitlines()
    assert [line.split()[0] for line in lines] == [*CODES, *PREMISES]


@pytest.mark.parametrize("premise", Premise)
def test_explain_a_premise(claws: Claws, premise: Premise) -> None:
    run = claws("explain", premise.code)
    assert run.status == 0
    assert run.out.startswith(f"{premise.code}: a premise of theorems of the kernel's layer {premise.layer}\n\n")
    assert f"\n{premise.text}\n" in run.out
    assert "--unconditional" in run.out


def test_explain_an_unknown_premise(claws: Claws) -> None:
    run = claws("explain", "not-constants")
    assert (run.status, run.out) == (2, "")
    assert "did you mean not-constant?" in run.err

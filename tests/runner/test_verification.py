"""Certificates checked again: the kernel's word, and its budget."""

from __future__ import annotations

from pathlib import Path

from claws.runner.check import check_text
from claws.runner.options import Options
from claws.runner.verification import Verification, verify_certificate
from claws.syntax.reader import load_text

GOOD = "dim n\nparam u, v: [n]\nmap u*v\nlaw balance = u^2 - v^2\nlaw total = u^2 + v^2 expect refuted\n"


def test_verification_says_what_the_kernel_said(tmp_path: Path) -> None:
    options = Options(certificates=str(tmp_path / "c"))
    result = check_text(GOOD, "x.claw", options)
    spec = load_text(GOOD, "x.claw")
    for claim in result.claims:
        path = str(claim.detail.certificate)
        message = f"{claim.verdict} {claim.name} by {claim.method}"
        assert verify_certificate(spec, path, options) == Verification(path, True, message, claim.verdict)


def test_verification_has_a_budget(tmp_path: Path) -> None:
    (claim, _) = check_text(GOOD, "x.claw", Options(certificates=str(tmp_path))).claims
    found = verify_certificate(load_text(GOOD), str(claim.detail.certificate), Options(budget=1))
    assert not found.accepted
    assert found.message == "the budget of 1 steps is used up"

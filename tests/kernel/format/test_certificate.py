"""Certificates: round trips and digests."""

from __future__ import annotations

import pytest

from claws.kernel import Meter, check
from claws.kernel.format.certificate import Certificate, read_certificate
from claws.kernel.laws.evidence import ByPolynomials
from claws.prover.certificates import digest, write_certificate
from tests.kernel.format.cases import BUDGET, CASES, judge, text_of
from tests.kernel.models import every_kind, linear, perceptron

# --- round trip ---


@pytest.mark.parametrize("case", CASES)
def test_round_trip(case: str) -> None:
    statement, evidence = CASES[case]
    text = text_of(case)
    certificate = read_certificate(text)
    assert certificate.statement == statement
    assert digest(certificate.statement) == digest(statement)
    assert certificate.evidence == evidence
    assert certificate.about == {"claim": "a"}
    assert write_certificate(certificate) == text
    first, second = check(statement, evidence, Meter(BUDGET)), judge(text)
    assert (first.verdict, first.method, first.sizes) == (second.verdict, second.method, second.sizes)


def test_round_trip_of_every_kind_of_node() -> None:
    statement = every_kind()
    text = write_certificate(Certificate(statement, ByPolynomials()))
    assert read_certificate(text).statement == statement


def test_digests_tell_statements_apart() -> None:
    statements = [*(s for s, _ in CASES.values()), linear(coefficient=1), perceptron("s"), every_kind()]
    assert len({digest(s) for s in statements}) == len(statements)

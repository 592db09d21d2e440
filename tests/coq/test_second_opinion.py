"""What `claws check --coq` makes of coqc's answers: no answer of coqc may hide what contradicts the verdict."""

from __future__ import annotations

from dataclasses import replace

import pytest

from claws.coq import second_opinion as module
from claws.coq.coqc import Answer
from claws.coq.exporter import Export, Work, export
from claws.coq.second_opinion import ask_coq
from claws.report.results import FileResult
from claws.runner.check import check_text
from claws.runner.options import Options
from claws.syntax.reader import load_text

TEXT = "param u, v\nmap u*v\nlaw balance = u^2 - v^2\n"


def asked(monkeypatch: pytest.MonkeyPatch, answer: Answer, verdict: str = "PROVED") -> FileResult:
    """The result of a file with one law, which is proved, where coqc gives this answer on a file for this verdict."""
    spec = load_text(TEXT)
    result = check_text(TEXT, "m.claw", Options())
    own = result.claims[0]

    def exported(*arguments: object) -> Export:
        found = export(spec)
        return replace(found, files=[replace(file, verdict=verdict) for file in found.files])

    monkeypatch.setattr(module, "export", exported)
    monkeypatch.setattr(module, "check_text", lambda name, text: answer)
    monkeypatch.setattr(module, "version", lambda: "8.16.1")
    result.errors += ask_coq(spec, [(spec.claims[0], {}, own)], Work())
    return result


def test_the_same_verdict_is_in_the_trust_line(monkeypatch: pytest.MonkeyPatch) -> None:
    result = asked(monkeypatch, Answer(True))
    assert not result.errors
    assert result.claims[0].trust[-1] == "Coq 8.16.1" and result.claims[0].detail.coq == "accepted"


def test_the_opposite_of_the_verdict_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    result = asked(monkeypatch, Answer(True), "REFUTED")
    (error,) = result.errors
    assert error.code == "CLAW092" and error.span.line == 3
    assert "coqc accepts the opposite of the verdict on `balance`" in error.message
    assert not any("Coq" in line for line in result.claims[0].trust)


def test_what_coqc_turns_down_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    result = asked(monkeypatch, Answer(False, "Unable to unify"))
    (error,) = result.errors
    assert error.code == "CLAW092" and "Unable to unify" in error.message
    assert not any("Coq" in line for line in result.claims[0].trust)


def test_no_answer_is_no_error_and_no_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    result = asked(monkeypatch, Answer(False, "no answer within 60 s", out_of_time=True))
    assert not result.errors
    assert not any("Coq" in line for line in result.claims[0].trust)
    assert result.claims[0].detail.coq == "no answer within 60 s"


def test_a_law_that_takes_too_long_does_not_take_others_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "dim n\nparam u, v: [n]\nmap u*v\nlaw quick = u^2 - v^2\nlaw slow = 2*u^2 - 2*v^2\n"
    spec, result = load_text(text), check_text(text, "m.claw", Options())
    late = Answer(False, "no answer within 60 s", out_of_time=True)
    monkeypatch.setattr(module, "check_text", lambda name, text: late if "slow" in text else Answer(True))
    monkeypatch.setattr(module, "version", lambda: "8.16.1")
    assert not list(
        ask_coq(spec, [(claim, {}, own) for claim, own in zip(spec.claims, result.claims, strict=True)], Work())
    )
    quick, slow = result.claims
    assert quick.trust[2:] == ("Coq 8.16.1 at n = 2", "Coq 8.16.1 for all sizes")
    assert quick.detail.coq == "accepted at n = 2; accepted for all sizes"
    assert not any("Coq" in line for line in slow.trust)
    assert slow.detail.coq == "no answer within 60 s; no answer within 60 s"

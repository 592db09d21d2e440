"""`python -m claws.kernel`: it ends on any certificate, by the work or by the time that it is allowed. No time is measured."""

from __future__ import annotations

import itertools
import signal
from pathlib import Path

import pytest

import claws.kernel.__main__ as command
from claws.kernel import Count, Sandwich
from claws.kernel.core.program import Apply, Leaf, Node
from claws.kernel.counting.evidence import Step
from claws.kernel.format.certificate import Certificate
from claws.kernel.laws.evidence import ByTensors
from claws.prover.brackets import chain
from claws.prover.certificates import write_certificate
from claws.readings.modular import PRIMES
from tests.kernel.format.cases import text_of
from tests.kernel.models import make, scalars
from tests.kernel.models import product as times


def written(tmp_path: Path, text: str, name: str = "a") -> str:
    path = tmp_path / f"{name}.json"
    path.write_text(text, encoding="utf-8")
    return str(path)


def brackets(tmp_path: Path, count: int, generators: int) -> str:
    """A certificate that a*b has at most one law, by so many brackets: one would do."""
    model = scalars(times(0, 1))
    claim = Count(model.program, model.outputs, model.flow, "<=", 1)
    evidence = Sandwich((), (), (Step(chain(generators), count),), PRIMES[0], 0)
    return written(tmp_path, write_certificate(Certificate(claim, evidence)), f"{count}")


def test_a_certificate_with_a_million_brackets_ends_by_its_budget(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    few, many = brackets(tmp_path, 2, 1), brackets(tmp_path, 10**6, 6)
    assert command.main([few, "--budget", "20000", "--timeout", "0"]) == 0
    assert f"{few}: PROVED by sandwich" in capsys.readouterr().out
    assert command.main([many, "--budget", "20000", "--timeout", "0"]) == 4
    out = capsys.readouterr().out
    assert out == f"{many}: REFUSED: the budget of 20000 steps is used up; --budget and --timeout allow more\n"


def test_it_has_a_budget_and_a_time_by_default(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    many = brackets(tmp_path, 10**6, 6)
    assert command.BUDGET < 10**12
    assert 0 < command.SECONDS < 10**4
    monkeypatch.setattr(command, "BUDGET", 20_000)
    assert command.main([many]) == 4
    assert "the budget of 20000 steps is used up" in capsys.readouterr().out
    monkeypatch.setattr(command, "BUDGET", 10**12)
    monkeypatch.setattr(command, "SECONDS", 0.1)
    assert command.main([many]) == 4
    assert "the time allowed" in capsys.readouterr().out


def test_the_time_ends_what_no_meter_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    good = written(tmp_path, text_of("tensors"))
    before = signal.getsignal(signal.SIGALRM)
    assert command.main([good, "--timeout", "60"]) == 0
    monkeypatch.setattr(command, "check", lambda *_: [None for _ in itertools.count()])
    assert command.main([good, "--timeout", "0.05"]) == 4
    assert "REFUSED: the time allowed is used up" in capsys.readouterr().out
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_the_text_of_a_statement_is_a_part_of_the_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nodes that the proof does not look at are printed, too."""

    def certificate(more: int) -> str:
        nodes: list[Node] = [Leaf("a", "param", ()), Leaf("b", "param", ()), Apply("tanh", 0)]
        nodes += [Apply("tanh", 2 + k) for k in range(more)]
        return write_certificate(Certificate(make(nodes, [2], 1), ByTensors({})))

    short, long = written(tmp_path, certificate(0), "short"), written(tmp_path, certificate(1000), "long")
    assert command.main([short, "--budget", "3000"]) == 0
    assert capsys.readouterr().out.count("tanh") == 1
    assert command.main([long, "--budget", "3000"]) == 4
    assert capsys.readouterr().out.startswith(f"{long}: REFUSED: the budget of 3000 steps")
    assert command.main([long, "--budget", "300000"]) == 0
    assert capsys.readouterr().out.count("tanh") == 1001


@pytest.mark.parametrize(
    "options",
    [["--budget", "0"], ["--budget", "x"], ["--timeout", "-1"], ["--timeout", "nan"], ["--timeout", "inf"], []],
)
def test_options_that_can_not_be_read(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as problem:
        command.main(options)
    assert problem.value.code == 2
    assert "expected a number of" in capsys.readouterr().err or not options


def test_the_worst_status_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, none, bad = written(tmp_path, text_of("tensors")), str(tmp_path / "none"), written(tmp_path, "{}", "bad")
    assert [command.main(paths) for paths in ([good], [good, none], [none, bad, good])] == [0, 2, 4]
    assert capsys.readouterr().out.count("PROVED by tensors") == 3

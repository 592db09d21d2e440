"""The fuzzers themselves: they find wrong verdicts that are planted, and reach every construct of the language."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from functools import partial
from random import Random
from typing import Any

import numpy as np
import pytest

from claws.kernel.core.finding import Verdict
from claws.kernel.format.certificate import read_certificate
from claws.kernel.values.evidence import Witness
from claws.report.details import Bounds
from claws.report.results import ClaimResult
from claws.runner.claims import check_claim
from claws.syntax.diagnostic import SourceError
from claws.syntax.reader import load_text
from tests.fuzz import __main__ as command
from tests.fuzz import certificates, counts, laws
from tests.fuzz.constructs import ALL, DYNAMICS
from tests.fuzz.evaluator import Source, read
from tests.fuzz.harness import Outcome, random_of, run
from tests.fuzz.kernel_programs import leaves_of, moment
from tests.fuzz.opened import Chosen
from tests.fuzz.programs import Program, random_program
from tests.fuzz.ranks import FileFields, number_at
from tests.fuzz.residues import Model, draw_point


def looked(text: str) -> Outcome:
    outcome = Outcome()
    laws.check_program(Program(text, frozenset(), ""), "test", outcome)
    return outcome


def kinds(outcome: Outcome) -> list[str]:
    return [f.kind for f in outcome.findings]


# --- the evaluator ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("u + 2", 5),
        ("-u^2", -9),
        ("2^3^2*u", 1536),
        ("u/4", 0.75),
        ("w[0] + 10*w[-1]", 52),
        ("sum(w[1:3])", 9),
        ("sum(w[::2])", 7),
        ("sum(w[i]*i for i in 0..2)", 14),
        ("prod(w[i] for i in 0..n - 2)", 8),
        ("[w[i] + u for i in 0..2][2]", 8),
        ("W.T[2, 1]", 5),
        ("(W @ w)[1]", 47),
        ("det(W @ W.T)", 54),
        ("trace(W @ W.T)", 55),
        ("kron(w, w)[1]", 8),
        ("tril(W)[0, 1] + triu(W)[0, 1]", 1),
        ("tri(2, 3, k=1)[0, 1]", 1),
        ("reshape(W, [3, 2])[2, 0]", 4),
        ("concat(W, W, axis=1)[1, 5]", 5),
        ('einsum("ij,ij", W, W)', 55),
        ("conv1d(w, w[0:2])[1]", 28),
        ("conv1d(w, w[0:2], padding=1, stride=2)[0]", 8),
        ("conv2d(W, W)[0, 0]", 55),
        ("relu(-u) + abs(-u) + leaky_relu(-u, slope=1/3)", 2),
        ("rmsnorm(w)[1]", 4 / np.sqrt(15)),
        ("layernorm(w)[2]", 4 / np.sqrt(14)),
        ("softmax(w, mask=[1, 0, 0])[0]", 1),
        ("sqrt(u + 1) + u^(-1/2)*sqrt(u)", 3),
        ("outer(w, w)[0, 2]", 10),
        ("sum(W, axis=0)[1] + prod(W, axis=1)[1]", 65),
        ("gelu(0*u) + silu(0*u) + elu(0*u)", 0),
    ],
)
def test_the_evaluator_knows_the_language(expression: str, value: float) -> None:
    """Values that were worked out by hand."""
    source = Source(read(f"dim n = 3\nparam u, w: [n], W: [2, n]\nmap {expression}"), {})
    point = {"u": np.array(3.0), "w": np.array([2.0, 4.0, 5.0]), "W": np.arange(6.0).reshape(2, 3)}
    assert float(Model(source, point, Chosen()).run.value(source.outputs[0]).value) == pytest.approx(value)


def test_the_evaluator_agrees_with_the_program_that_claws_makes() -> None:
    """Two readings, one of the text and one of the kernel's program, give one residue."""
    from claws.syntax.instances.instance import Instance

    compared = 0
    for k in range(24):
        random = random_of("agree", k)
        text = laws.without_wrong_laws(random_program(random, flows=k % 3 == 0).text)
        spec = load_text(text, str(laws.FOLDER / "random.claw"))
        if spec.diagnostics:
            continue
        sizes = {d: n or random.randint(1, 2) for d, n in spec.dims.items()}
        source = Source(read(text), sizes, laws.FOLDER)
        point = draw_point(source, np.random.default_rng(k))
        for name in spec.laws:
            try:
                program = (statement := Instance(spec, sizes).statement(name)).program
            except SourceError as problem:
                if problem.diagnostic.code != "CLAW035":
                    raise
                continue  # refused at this size alone
            if program.free_dims() or "F" in "".join(f for f in program.functions):
                continue
            leaves = {leaf: point[leaf] for leaf in leaves_of(program)}
            ours = Model(source, point, Chosen(k)).residues(source.laws[name])
            theirs = moment(program, statement.outputs, statement.flow, leaves, Chosen(k)).residues([statement.law])
            assert ours.values == pytest.approx(theirs.values, rel=1e-6, abs=1e-6, nan_ok=True), text
            compared += 1
    assert compared > 25


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("param u, v\nmap u*v", 1),
        ("param U: [2, 2], V: [2, 2]\nmap U @ V.T", 3),
        ("param u: [4], V: [4, 2]\ninput x: [2]\nmap u @ relu(V @ x)", 4),
        ("activation s homogeneous 1, q homogeneous 1\nparam u, w, p\nparam v: [2]\ninput x: [2]\n"
         "map u*relu(v @ x) + w*s(v @ x) + p*q(v @ x)", 2),
        ("param u, v, b\ninput x\nmap u*exp(v*x + b)", 1),
        pytest.param("param U: [1, 2], V: [1, 2]\nmap U @ V.T\nflow momentum(0)", 2, marks=pytest.mark.slow),
    ],
)  # fmt: skip
def test_numbers_of_laws_in_floating_point(text: str, number: int) -> None:
    source = Source(read(text), {})
    found = [
        number_at(FileFields(source, draw_point(source, np.random.default_rng(k)), Chosen(k)), k, 5, 30)
        for k in range(2)
    ]
    assert min(x.laws for x in found if x is not None and x.clear) == number


# --- planted verdicts ------------------------------------------------------------------------------------------------------


def test_laws_that_are_decided_rightly_give_no_finding() -> None:
    outcome = looked("dim n\nparam u, v: [n]\nmap u*v\nlaw a = u^2 - v^2\nlaw b = u^2 + v^2\n")
    assert outcome.verdicts == {"PROVED": 1, "REFUTED": 1} and not outcome.findings


def test_a_false_law_that_is_proved_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    real = check_claim

    def lying(*given: Any) -> ClaimResult:
        result = real(*given)
        return replace(result, verdict=Verdict.PROVED)

    monkeypatch.setattr(laws, "check_claim", lying)
    outcome = looked("dim n\nparam u, v: [n]\nmap u*v\nlaw b = u^2 + v^2\n")
    assert kinds(outcome) == ["PROVED, and false"]
    assert "PROVED" in outcome.findings[0].report("laws") and "--start 0" in outcome.findings[0].report("laws")


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"residue": Fraction(17)}, "a witness with another residue"),
        ({"residue": (Fraction(-1), Fraction(1))}, "a witness without a residue"),
        ({"leaves": {"u": {(): Fraction(-1)}, "v": {(): Fraction(1)}}}, "a witness outside of a domain"),
    ],
)
def test_a_wrong_witness_is_found(change: Mapping[str, Any], kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = check_claim

    def lying(*given: Any) -> ClaimResult:
        result = real(*given)
        assert isinstance(result.evidence, Witness)
        return replace(result, evidence=replace(result.evidence, **change))

    monkeypatch.setattr(laws, "check_claim", lying)
    assert kinds(looked("param u, v in positive\nmap u*v\nlaw b = u^2 + v^2\n")) == [kind]


def test_a_witness_where_an_output_has_no_value_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The output has a value for u < 0 only, and there the law is 0."""
    text = "param u\nmap sqrt(-u)\nflow gradient, decay(1)\nlaw a = relu(u)\n"
    result = replace(laws.decided("param u\nmap u\nflow gradient, decay(1)\nlaw a = relu(u)\n")[1][0])
    assert isinstance(result.evidence, Witness)
    witness = replace(
        result.evidence, output=None, output_entry=(), residue=Fraction(-1), leaves={"u": {(): Fraction(1)}}
    )
    finding = laws.check_witness(text, result, witness, Outcome())
    assert finding is not None and finding.kind == "a witness where something has no value"


def test_an_exception_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*given: Any) -> ClaimResult:
        raise ZeroDivisionError

    monkeypatch.setattr(laws, "check_claim", broken)
    assert kinds(looked("param u\nmap u\nlaw a = u\n")) == ["an exception, ZeroDivisionError"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        (1, 1, []),
        (2, 3, ["too many laws"]),
        pytest.param(0, 0, ["too few laws"], marks=pytest.mark.slow),
        (0, 3, []),
    ],
)
def test_wrong_bounds_of_a_number_are_found(
    low: int, high: int, kind: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = laws.decided

    def lying(text: str, options: Any) -> Any:
        spec, results, errors = real(text, options)
        for r in results:
            r.verdict = Verdict.UNKNOWN
            r.premises = ()
            r.detail.bounds = Bounds(3, 3, low, high, 3 - high)
        return spec, results, errors

    monkeypatch.setattr(counts, "decided", lying)
    monkeypatch.setattr(counts, "MORE", 4)
    outcome = Outcome()
    counts.check_model("param u\nparam v: [2]\ninput x: [2]\nmap u*relu(v @ x)\n", "test", "key", Random(4), outcome)
    assert sorted(set(kinds(outcome))) == kind


def test_a_verdict_that_its_bounds_contradict_is_found() -> None:
    text = "param u, v\nmap u*v\ncount = 1\n"
    _, (result,), _ = laws.decided(text)
    seen = counts.Seen(Source(read(text), {}), 1)
    assert counts.judge(text, result, seen, "key", 3, Outcome()) is None
    result.verdict = Verdict.REFUTED
    finding = counts.judge(text, result, seen, "key", 3, Outcome())
    assert finding is not None and finding.kind == "a verdict that its bounds do not support"


def certified(text: str) -> dict[str, Any]:
    """The certificate of the only claim of a file."""
    import tempfile
    from pathlib import Path

    from claws.runner.check import check_text
    from claws.runner.options import Options

    with tempfile.TemporaryDirectory() as folder:
        (claim,) = check_text(text, "test.claw", Options(certificates=folder)).claims
        assert claim.detail.certificate is not None
        found: dict[str, Any] = json.loads(Path(claim.detail.certificate).read_text())
        return found


def test_a_false_certificate_that_is_accepted_is_found() -> None:
    data = certified("dim n\nparam u, v: [n]\nmap u*v\nlaw a = u^2 - v^2\n")
    theorem = certificates.accepted(json.dumps(data))
    changed = json.loads(json.dumps(data).replace('"-1"', '"-3"'))
    assert changed != data

    def lying(text: str) -> Any:
        found = read_certificate(text)

        class Lie:
            statement, evidence = found.statement, found.evidence
            verdict, premises = theorem.verdict, ()

        return Lie

    outcome = Outcome()
    certificates.examine(changed, theorem, Random(0), outcome, certificates.accepted)
    assert outcome.verdicts == {"refused": 1} and not outcome.findings
    certificates.examine(changed, theorem, Random(0), outcome, lying)
    assert [f.message.split(" is ")[0] for f in outcome.findings] == ["PROVED, and the residue"]


@pytest.mark.parametrize(
    ("text", "found", "wrong"),
    [
        ("param u, v\nmap u*v\ncount = 1\n", {"count_at_least": 2, "count_at_most": 2}, "from the bounds"),
        ("param u, v\nmap u*v\ncount <= 2\n", {"count_at_least": 2, "count_at_most": 2}, "at least 2 laws"),
        ("param u, v\nmap u*v\ncount >= 0\n", {"count_at_least": 0, "count_at_most": 0}, "at most 0 laws"),
    ],
)
def test_a_false_number_in_a_certificate_is_found(text: str, found: Mapping[str, int], wrong: str) -> None:
    theorem = certificates.accepted(json.dumps(certified(text)))
    assert certificates.judge(theorem, Random(0)) == ""
    statement = theorem.statement

    class Lie:
        verdict, premises = "PROVED", ()

    Lie.found = found  # type: ignore[attr-defined]
    assert wrong in certificates.judge_number(Lie, statement, Random(0))  # type: ignore[arg-type]


# --- runs --------------------------------------------------------------------------------------------------------------------


def test_a_run_is_the_same_whatever_the_processes_and_can_go_on() -> None:
    case = partial(laws.case, flows=True)
    one, following = run(case, 9, seed=5)
    two, also = run(case, 9, seed=5, jobs=2)
    assert (one, following) == (two, also) and one.size >= 9
    first, middle = run(case, 3, seed=5)
    second, end = run(case, one.size - first.size, seed=5, start=middle)
    first.add(second)
    assert (first, end) == (one, following)


def test_the_command_line_says_what_was_found(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert command.main(["flows", "10", "--seed", "3"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("flows: 1") and "nothing wrong" in out and "go on with --start" in out
    real = check_claim
    monkeypatch.setattr(laws, "check_claim", lambda *given: replace(real(*given), verdict=Verdict.PROVED))
    assert command.main(["flows", "10", "--seed", "3"]) == 1
    assert "FINDING: PROVED, and false" in capsys.readouterr().out


def test_a_fault_of_the_fuzzer_does_not_end_a_run() -> None:
    def case(seed: int, number: int) -> Outcome:
        if number == 1:
            raise ZeroDivisionError
        return Outcome(Counter(PROVED=1))

    found, following = run(case, 3)
    assert (found.size, following, kinds(found)) == (3, 4, ["the fuzzer failed"])
    assert found.findings[0].case == 1 and "ZeroDivisionError" in found.findings[0].message


def test_a_witness_may_choose_a_function_of_arrays_of_several_shapes() -> None:
    """A row of the table is about one shape; an array without entries that are not zero is one of every shape."""
    one = {(): Fraction(1)}
    table: list[Any] = [([tuple({(0,): Fraction(2)}.items())], {(1,): Fraction(3)}, [{((0,), (0,)): Fraction(5)}]),
             ([tuple(one.items())], {(): Fraction(7)}, [{((), ()): Fraction(11)}])]  # fmt: skip
    chosen = Chosen(functions={"F": table})
    source = Source(read("function F\nparam w: [2], u\nmap F(u), F(w)"), {})
    model = Model(source, {"u": np.array(1.0), "w": np.array([2.0, 0.0])}, chosen)
    assert model.outputs().value.tolist() == [7, 0, 3]
    assert model.outputs().slopes.tolist() == [[0, 0, 11], [5, 0, 0], [0, 0, 0]]


@pytest.mark.slow
@pytest.mark.parametrize(("flows", "wanted", "number"), [(False, ALL, 700), (True, DYNAMICS, 150)])
def test_every_construct_is_reached(flows: bool, wanted: tuple[str, ...], number: int) -> None:
    found, _ = run(partial(laws.case, flows=flows), number)
    assert [k for k in wanted if not found.constructs[k]] == []
    assert not [f.report("laws") for f in found.findings]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "number"), [("counts", 20), ("certificates", 400)])
def test_a_short_run_finds_nothing_wrong(name: str, number: int) -> None:
    found, _ = run(command.FUZZERS[name], number, seed=1)
    assert found.size >= number
    assert not [f.report(name) for f in found.findings]

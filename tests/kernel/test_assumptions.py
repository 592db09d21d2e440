"""What counting assumes of models that are not rational is refused where the program shows it to be false."""

from __future__ import annotations

import pytest

from claws.driver import Options
from claws.kernel.assumptions import GENERIC, INDEPENDENCE, PATTERNS, is_positive, simplified
from claws.kernel.program import Apply, Einsum
from claws.report.results import Verdict
from claws.sweep import Row, count_at
from claws.syntax.spec import load_text

KINK = "share their kink"
SIDE = "keeps its sign for all data"
RELATED = "linear relation with constant coefficients"
NESTED = "logarithms and exponentials of each other"


def row(text: str) -> Row:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return count_at(spec, {}, Options(timeout=None))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        # both signs of v: 3 laws; different ones: 2
        ("input x\nparam u: [2], v: [2]\nmap sum(u[k]*relu(v[k]*x) for k in 0..1)", KINK),
        ("input x: [2]\nparam u, v\nmap u*relu(sum(x)) + v*relu(-sum(x))", KINK),
        ("input x: [2]\nparam u, v: [2]\nmap u*relu(dot(v, x)) + relu(3*dot(x, v))", KINK),
        ("input x: [2]\nparam u, w, v: [2]\nmap u*relu(w*relu(dot(v, x)))", KINK),
        ("input x\nparam u, v\nmap u*relu(v)*x", SIDE),
        ("const x: [3]\nparam u, v\nmap u*relu(v*x)", SIDE),
        ("activation s homogeneous 2\ninput x\nparam u: [2], v: [2]\nmap sum(u*s(v*x))", KINK),
        ("input x: [2]\nparam u, v: [2]\nmap u*(exp(dot(v, x)) + exp(2*dot(v, x)))", RELATED),
        ("input x: [2]\nparam u, v: [2]\nmap u*(sigmoid(dot(v, x)) - sigmoid(-dot(v, x)))", RELATED),
        ("input x: [2]\nparam u, v, w: [2]\nmap exp(u*x)*exp(v*x) + exp((u + v)*x)", RELATED),
        ("input x: [2]\nparam u, v: [2]\nmap u*(tanh(dot(v, x)) + sigmoid(2*dot(v, x)))", RELATED),
        ("input x\nparam u, v\nmap sin(u*x) + v*cos(3*u*x)", RELATED),
        ("param u, v in positive\ninput x in positive\nmap log(u*x)*v + log(u) + log(x)", RELATED),
        ("param u, v\ninput x\nmap v*log(exp(u*x) + 1)", NESTED),
        ("param u, v in positive\ninput x\nmap v*exp(x*log(u))", NESTED),
    ],
)
def test_a_false_assumption_is_refused(text: str, reason: str) -> None:
    found = row(text)
    assert found.status == "UNKNOWN"
    assert reason in found.reason


@pytest.mark.parametrize(
    ("text", "number", "assumptions"),
    [
        ("input x\nparam u: [2], v: [2] in positive\nmap sum(u[k]*relu(v[k]*x) for k in 0..1)", 3, (PATTERNS,)),
        ("input x\nparam u: [2], v: [2], b: [2]\nmap sum(u*relu(v*x + b))", 2, (PATTERNS,)),
        ("input x: [2]\nparam u, v: [2]\nmap u*relu(dot(v, x)) + u*relu(dot(x, v))", 1, (PATTERNS,)),
        ("input x: [2]\nparam u, v: [2]\nmap u*leaky_relu(dot(v, x))", 1, (PATTERNS,)),
        ("input x: [2]\nparam u, v: [2]\nmap u*abs(dot(v, x))", 1, (PATTERNS,)),
        ("input x: [2]\nparam u, v: [2], b\nmap u*exp(dot(v, x) + b)", 1, (INDEPENDENCE,)),
        ("input x: [2]\nparam u, v: [2]\nmap u*(tanh(dot(v, x)) + tanh(dot(x, v)))", 0, (INDEPENDENCE,)),
        ("input x\nparam u, v\nmap sin(u*x)*v + cos(u*x)", 0, (INDEPENDENCE,)),
        ("activation s\ninput x: [2]\nparam u, v: [2]\nmap u*(s(dot(v, x)) + s(2*dot(v, x)))", 0, (GENERIC,)),
    ],
)
def test_what_is_not_contradicted_is_assumed_and_listed(text: str, number: int, assumptions: tuple[str, ...]) -> None:
    found = row(text)
    assert (found.status, found.at_least, found.assumptions) == ("PROVED", number, assumptions), found.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("param x, y\nmap sqrt(x*y)*y, x", "roots have no residue"),
        ("function F\nparam x: [2]\nmap F(x)[0], x[1]", "may be any function|second derivative"),
        ("input x\nparam u, v\nprecondition u by relu(v)\nmap u*v*x, u*x", "a preconditioner is piecewise"),
    ],
)
def test_what_can_not_be_counted_says_so(text: str, reason: str) -> None:
    found = row(text)
    assert found.status == "UNKNOWN"
    assert any(r in found.reason for r in reason.split("|")), found.reason


def test_no_number_is_proved_for_both_signs() -> None:
    """The issue's own example: 3 laws where both v > 0, 2 where the signs differ."""
    from claws.driver import check_text

    text = "input x\nparam u: [2], v: [2]\nmap sum(u[k]*relu(v[k]*x) for k in 0..1)\n"
    for k in range(5):
        (claim,) = check_text(f"{text}count = {k}\n", "x", Options()).claims
        assert claim.verdict is Verdict.UNKNOWN or (claim.verdict is Verdict.REFUTED and k in (0, 1))


def test_only_positive_factors_leave_a_relu() -> None:
    text = (
        "input x: [2]\nparam p: [2] in positive, q: [2], r: [2] in nonzero\nmap relu(p*q*x), relu(r*x), relu(p^-2*x)\n"
    )
    program, _ = simplified(load_text(text).instance({}).model().program)
    inside = []
    for node in program.nodes:
        if isinstance(node, Apply) and node.function == "relu":
            product = program.nodes[node.operand]
            assert isinstance(product, Einsum)
            inside.append(len(product.operands))
            assert not any(is_positive(program, n) for n in product.operands)
    assert inside == [2, 2, 1]

"""What counting assumes of models that are not rational is refused where the program shows it to be false."""

from __future__ import annotations

import pytest

from claws.kernel.core.finding import Verdict
from claws.kernel.core.program import Apply, Einsum
from claws.kernel.core.simplified import is_positive, simplified
from claws.kernel.counting.assumptions import GENERIC, INDEPENDENCE, PATTERNS
from claws.report.sweeps import SweepRow
from claws.runner.options import Options
from claws.runner.sweep import count_at
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text

KINK = "share their kink"
FORM = "not affine in the data with weights of either sign"
SIDE = "keeps its sign for all data"
RELATED = "linear relation with constant coefficients"
NESTED = "logarithms and exponentials of each other"


def row(text: str) -> SweepRow:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return count_at(spec, {}, Options(timeout=None))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        # both signs of v: 3 laws; different ones: 2
        ("input x\nparam u: [2], v: [2]\nmap sum(u[k]*relu(v[k]*x) for k in 0..1)", KINK),
        ("input x: [2]\nparam u, v\nmap u*relu(sum(x)) + v*relu(-sum(x))", FORM),
        ("input x: [2]\nparam u, v\nmap u*relu(v*x[0]) + v*relu(-v*x[0])", KINK),
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
        # the exponential on the side of an elu is one like any other, and its kink is a kink
        ("input x: [2]\nparam u, v: [2]\nmap u*(elu(dot(v, x)) + exp(2*dot(v, x)))", RELATED),
        ("input x: [2]\nparam u, v\nmap u*elu(v*x[0]) + v*relu(-v*x[0])", KINK),
        ("input x\nparam u, v\nmap u*elu(v)*x", SIDE),
        (
            "input x: [2]\nparam u: [2], w, v: [2, 2]\nmap u @ elu(w @ elu(v @ x))",
            "a transcendental function of a piecewise one",
        ),
    ],
)
def test_a_false_assumption_is_refused(text: str, reason: str) -> None:
    found = row(text)
    assert found.status == "UNKNOWN"
    assert reason in found.reason


@pytest.mark.parametrize(
    ("text", "number", "assumptions"),
    [
        (
            "dim n = 2\ninput x: [n]\nparam A, B: [n, n], C: [1, n]\nmap C @ B @ elu(A @ x)",
            3,
            (PATTERNS, INDEPENDENCE),
        ),
        # on the right both are the same function, on the left relu is off and elu is not
        ("input x\nparam a, b, c\nmap a*elu(b*x) + c*relu(b*x)", 0, (PATTERNS, INDEPENDENCE)),
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
        ("param x, y\nmap (x*y)^(1/3)*y, x", "only square roots have residues"),
        ("function F\nparam x: [2]\nmap F(x)[0], x[1]", "may be any function|second derivative"),
        ("input x\nparam u, v\nprecondition u by relu(v)\nmap u*v*x, u*x", "the flow is piecewise"),
    ],
)
def test_what_can_not_be_counted_says_so(text: str, reason: str) -> None:
    found = row(text)
    assert found.status == "UNKNOWN"
    assert any(r in found.reason for r in reason.split("|")), found.reason


def test_no_number_is_proved_for_both_signs() -> None:
    """The issue's own example: 3 laws where both v > 0, 2 where the signs differ."""
    from claws.runner.check import check_text

    text = "input x\nparam u: [2], v: [2]\nmap sum(u[k]*relu(v[k]*x) for k in 0..1)\n"
    for k in range(5):
        (claim,) = check_text(f"{text}count = {k}\n", "x", Options()).claims
        assert claim.verdict is Verdict.UNKNOWN or (claim.verdict is Verdict.REFUTED and k in (0, 1))


def test_only_positive_factors_leave_a_relu() -> None:
    text = (
        "input x: [2]\nparam p: [2] in positive, q: [2], r: [2] in nonzero\nmap relu(p*q*x), relu(r*x), relu(p^-2*x)\n"
    )
    program, _ = simplified(Instance(load_text(text), {}).model().program)
    inside = []
    for node in program.nodes:
        if isinstance(node, Apply) and node.function == "relu":
            product = program.nodes[node.operand]
            assert isinstance(product, Einsum)
            inside.append(len(product.operands))
            assert not any(is_positive(program, n) for n in product.operands)
    assert inside == [2, 2, 1]


TRANSCENDENTAL = [
    "param u, b: [2]\ninput x\nmap sum(u[k]*exp(x + b[k]) for k in 0..1)",
    "param b: [3]\ninput x\nmap sum(exp(x + b[k]) for k in 0..2)",
    "param b, v: [2]\ninput x\nmap softmax([x + b[0], x + b[1]]) @ v",
    "param a, b, c\ninput x\nmap exp(a + x)*b + exp(c + x)",
    "param a, b, p\ninput x\nmap a*exp(x + p)/exp(x) + b",
    "param a, b, p in positive\ninput x in positive\nmap a*(log(p*x) - log(x)) + b",
    "param a, b\nconst c\ninput x\nmap a*exp(x + c)/exp(x) + b",
    "param a, b\nconst c in positive\ninput x in positive\nmap a*(log(c*x) - log(x)) + b",
    "param a, b\ninput x in positive\nmap a*(log(2*x) - log(x)) + b",
    "param a, b\ninput x\nmap a*erf(x) + b*erf(-x)",
    "param a, p: [2]\ninput x\nmap sum(a[k]*erf(p[k]*x) for k in 0..1) + a[0]*erf(-p[0]*x)",
    "param a, b, c\ninput x\nmap a*gelu(x) + b*gelu(-x) + c*x",
    "param a, b\ninput x\nmap a*exp(softplus(x))*(1 - sigmoid(x)) + b",
    "param a, b\ninput x\nmap a*tanh(relu(x))*(x - relu(x)) + b",
]
"""Models whose transcendental values are related in a way that looks independent at first."""

PIECEWISE = [
    "param a, b\ninput x\nmap a*abs(abs(x)) + b*abs(x)",
    "param a, b, c\ninput x\nmap a*leaky_relu(leaky_relu(x)) + b*leaky_relu(x) + c*x",
    "param u, v\ninput x\nmap u*relu(x^2 + 1) + v*(x^2 + 1)",
    "param u, w\ninput x\nmap u*relu(w*x^2)",
    "param a, b\ninput x\nmap a*relu(relu(x) + 1) + b*(relu(x) + 1)",
    "param a, b\ninput x: [2]\nmap a*relu(relu(x[0]) + relu(x[1])) + b*(relu(x[0]) + relu(x[1]))",
    "param u: [2], V: [2, 2] in positive\ninput x: [2]\nmap u @ relu(V @ relu(x))",
    "param a, b\ninput x\nmap a*relu(tanh(x) - 2) + b",
    "param a, b\ninput x\nmap a*relu(x - 1)*relu(-x - 1) + b",
    "param a, b\ninput x\nmap a*relu(x)*relu(-x^3) + b",
    "param a, b\ninput x: [3]\nmap a*relu(x[0] - x[1])*relu(x[1] - x[2])*relu(x[2] - x[0]) + b",
    "param a, b, c, d\ninput x\nmap relu(a*x + b)*relu(c*x + d)",
    "param a, b, c\ninput x\nmap c*relu(b - a^2*x^2)",
    "param u, v: [2]\ninput x: [2] in positive\nmap u*relu(v @ x)",
    "param a, b, w\ninput x: [2]\nlet h = relu(x[0]) + relu(x[1])\nmap a*relu((w*w + w + 1)*h) + b*h",
    "param a, b, w: [1]\ninput x: [2]\nlet h = relu(x[0]) + relu(x[1])\n"
    'map a*relu(einsum("i,i,->", w, reshape(reshape(w, [1, 1]), [1]), h)) + b*h',
    "param u: [2], V: [2, 2] in positive, W: [2, 2]\ninput x: [2]\nmap u @ relu(V @ relu(W @ x))",
    "param u: [2], W: [2, 2] in positive\ninput x: [2]\nmap u @ relu(W @ (x*x))",
]
"""Models whose on/off patterns do not all occur, whatever the parameters, or occur for some parameters only."""


@pytest.mark.parametrize("text", TRANSCENDENTAL + PIECEWISE)
def test_a_number_that_would_rest_on_an_assumption_known_to_be_false_is_not_proved(text: str) -> None:
    found = row(text)
    assert found.status == "UNKNOWN"
    assert any(
        word in found.reason for word in ("linear relation", "can't be counted", "units", "a piecewise unit", "kink")
    )

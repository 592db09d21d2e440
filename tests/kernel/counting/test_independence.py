"""What counting assumes of models that are not rational is refused where the program shows it to be false."""

from __future__ import annotations

import pytest

from claws.kernel.core.finding import Premise, Verdict
from claws.kernel.core.program import Apply, Einsum
from claws.kernel.core.signs import Signs
from claws.kernel.core.simplified import simplified
from claws.report.sweeps import SweepRow
from claws.runner.options import Options
from claws.runner.sweep import count_at
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text

RELATED = "linear relation with constant coefficients"


def row(text: str) -> SweepRow:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return count_at(spec, {}, Options(timeout=None))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        # one kink for both: 3 laws where both v are positive, 2 where the signs differ
        ("input x\nparam u: [2], v: [2]\nmap sum(u[k]*relu(v[k]*x) for k in 0..1)", 2, 2),
        ("input x: [2]\nparam u, v\nmap u*relu(sum(x)) + v*relu(-sum(x))", 0, 0),
        ("input x: [2]\nparam u, v\nmap u*relu(v*x[0]) + v*relu(-v*x[0])", 0, 0),
        ("input x: [2]\nparam u, v: [2]\nmap u*relu(dot(v, x)) + relu(3*dot(x, v))", 0, 1),
        ("input x: [2]\nparam u, w, v: [2]\nmap u*relu(w*relu(dot(v, x)))", 3, 3),
        # a side that no datum changes
        ("input x\nparam u, v\nmap u*relu(v)*x", 1, 1),
        ("const x: [3]\nparam u, v\nmap u*relu(v*x)", 1, 1),
        ("input x\nparam u, v\nprecondition u by relu(v)\nmap u*v*x, u*x", 0, 0),
        ("activation s homogeneous 2\ninput x\nparam u: [2], v: [2]\nmap sum(u*s(v*x))", 2, 2),
        # exponents that are related
        ("input x: [2]\nparam u, v: [2]\nmap u*(exp(dot(v, x)) + exp(2*dot(v, x)))", 0, 0),
        ("input x: [2]\nparam u, v: [2]\nmap u*(sigmoid(dot(v, x)) - sigmoid(-dot(v, x)))", 0, 0),
        ("input x: [2]\nparam u, v, w: [2]\nmap exp(u*x)*exp(v*x) + exp((u + v)*x)", 4, 4),
        ("input x: [2]\nparam u, v: [2]\nmap u*(tanh(dot(v, x)) + sigmoid(2*dot(v, x)))", 0, 0),
        ("param u, v in positive\ninput x in positive\nmap log(u*x)*v + log(u) + log(x)", 0, 0),
        ("param u, v\ninput x\nmap v*log(exp(u*x) + 1)", 0, 0),
        ("param u, v in positive\ninput x\nmap v*exp(x*log(u))", 0, 0),
        ("input x: [2]\nparam u, v: [2]\nmap u*(elu(dot(v, x)) + exp(2*dot(v, x)))", 0, 0),
        ("input x: [2]\nparam u, v\nmap u*elu(v*x[0]) + v*relu(-v*x[0])", 0, 0),
        ("input x\nparam u, v\nmap u*elu(v)*x", 0, 1),
        ("input x: [2]\nparam u: [2], w, v: [2, 2]\nmap u @ elu(w @ elu(v @ x))", 0, 0),
    ],
)
def test_what_is_related_is_counted_as_it_is(text: str, low: int, high: int) -> None:
    found = row(text)
    assert (found.at_least, found.at_most) == (low, high), found.reason
    assert found.status == ("PROVED" if low == high else "UNKNOWN")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "number", "premises"),
    [
        (
            "dim n = 2\ninput x: [n]\nparam A, B: [n, n], C: [1, n]\nmap C @ B @ elu(A @ x)",
            3,
            (),
        ),
        # on the right both are the same function, on the left relu is off and elu is not
        ("input x\nparam a, b, c\nmap a*elu(b*x) + c*relu(b*x)", 0, ()),
        ("input x\nparam u: [2], v: [2] in positive\nmap sum(u[k]*relu(v[k]*x) for k in 0..1)", 3, ()),
        ("input x\nparam u: [2], v: [2], b: [2]\nmap sum(u*relu(v*x + b))", 2, ()),
        ("input x: [2]\nparam u, v: [2]\nmap u*relu(dot(v, x)) + u*relu(dot(x, v))", 1, ()),
        ("input x: [2]\nparam u, v: [2]\nmap u*leaky_relu(dot(v, x))", 1, ()),
        ("input x: [2]\nparam u, v: [2]\nmap u*abs(dot(v, x))", 1, ()),
        ("input x: [2]\nparam u, v: [2], b\nmap u*exp(dot(v, x) + b)", 1, ()),
        ("input x: [2]\nparam u, v: [2]\nmap u*(tanh(dot(v, x)) + tanh(dot(x, v)))", 0, ()),
        ("input x\nparam u, v\nmap sin(u*x)*v + cos(u*x)", 0, ()),
        (
            "activation s\ninput x: [2]\nparam u, v: [2]\nmap u*(s(dot(v, x)) + s(2*dot(v, x)))",
            0,
            (Premise.GENERIC_ACTIVATION,),
        ),
    ],
)
def test_what_is_not_contradicted_is_assumed_and_listed(text: str, number: int, premises: tuple[Premise, ...]) -> None:
    found = row(text)
    assert (found.status, found.at_least, found.premises) == ("PROVED", number, premises), found.reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("param x, y\nmap (x*y)^(1/3)*y, x", "only square roots have residues"),
        ("function F\nparam x: [2]\nmap F(x)[0], x[1]", "may be any function|second derivative"),
        ("input x\nparam u, v\nmap sin(u*x) + v*cos(3*u*x)", RELATED),
    ],
)
def test_what_can_not_be_counted_says_so(text: str, reason: str) -> None:
    found = row(text)
    assert found.status == "UNKNOWN"
    assert any(r in found.reason for r in reason.split("|")), found.reason


@pytest.mark.slow
def test_the_number_is_the_least_over_regions() -> None:
    """There are 3 laws where both v > 0, 2 where the signs differ."""
    from claws.runner.check import check_text

    text = "input x\nparam u: [2], v: [2]\nmap sum(u[k]*relu(v[k]*x) for k in 0..1)\n"
    for k in (1, 2, 3):
        (claim,) = check_text(f"{text}count = {k}\n", "x", Options()).claims
        assert claim.verdict is (Verdict.PROVED if k == 2 else Verdict.REFUTED)


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
            assert not any(Signs(program)[n].positive for n in product.operands)
    assert inside == [2, 2, 1]


TRANSCENDENTAL = [
    ("param u, b: [2]\ninput x\nmap sum(u[k]*exp(x + b[k]) for k in 0..1)", 3),
    ("param b: [3]\ninput x\nmap sum(exp(x + b[k]) for k in 0..2)", 2),
    ("param b, v: [2]\ninput x\nmap softmax([x + b[0], x + b[1]]) @ v", 3),
    ("param a, b, c\ninput x\nmap exp(a + x)*b + exp(c + x)", 2),
    ("param a, b, p\ninput x\nmap a*exp(x + p)/exp(x) + b", 2),
    ("param a, b, p in positive\ninput x in positive\nmap a*(log(p*x) - log(x)) + b", 2),
    ("param a, b\nconst c\ninput x\nmap a*exp(x + c)/exp(x) + b", 1),
    ("param a, b\nconst c in positive\ninput x in positive\nmap a*(log(c*x) - log(x)) + b", 1),
    ("param a, b\ninput x in positive\nmap a*(log(2*x) - log(x)) + b", 1),
    ("param a, b\ninput x\nmap a*erf(x) + b*erf(-x)", 1),
    ("param a, p: [2]\ninput x\nmap sum(a[k]*erf(p[k]*x) for k in 0..1) + a[0]*erf(-p[0]*x)", 2),
    ("param a, b, c\ninput x\nmap a*gelu(x) + b*gelu(-x) + c*x", 1),
    ("param a, b\ninput x\nmap a*exp(softplus(x))*(1 - sigmoid(x)) + b", 1),
    ("param a, b\ninput x\nmap a*tanh(relu(x))*(x - relu(x)) + b", 1),
]
"""Models whose transcendental values are related in a way that looks independent at first."""

PIECEWISE = [
    ("param a, b\ninput x\nmap a*abs(abs(x)) + b*abs(x)", 1),
    ("param a, b, c\ninput x\nmap a*leaky_relu(leaky_relu(x)) + b*leaky_relu(x) + c*x", 1),
    ("param u, v\ninput x\nmap u*relu(x^2 + 1) + v*(x^2 + 1)", 1),
    ("param u, w\ninput x\nmap u*relu(w*x^2)", 1),
    ("param a, b\ninput x\nmap a*relu(relu(x) + 1) + b*(relu(x) + 1)", 1),
    ("param a, b\ninput x: [2]\nmap a*relu(relu(x[0]) + relu(x[1])) + b*(relu(x[0]) + relu(x[1]))", 1),
    ("param u: [2], V: [2, 2] in positive\ninput x: [2]\nmap u @ relu(V @ relu(x))", 3),
    ("param a, b\ninput x\nmap a*relu(tanh(x) - 2) + b", 1),
    ("param a, b\ninput x\nmap a*relu(x - 1)*relu(-x - 1) + b", 1),
    ("param a, b\ninput x\nmap a*relu(x)*relu(-x^3) + b", 1),
    ("param a, b\ninput x: [3]\nmap a*relu(x[0] - x[1])*relu(x[1] - x[2])*relu(x[2] - x[0]) + b", 1),
    ("param a, b, c, d\ninput x\nmap relu(a*x + b)*relu(c*x + d)", 1),
    ("param a, b, c\ninput x\nmap c*relu(b - a^2*x^2)", 1),
    ("param u, v: [2]\ninput x: [2] in positive\nmap u*relu(v @ x)", 1),
    ("param a, b, w\ninput x: [2]\nlet h = relu(x[0]) + relu(x[1])\nmap a*relu((w*w + w + 1)*h) + b*h", 2),
    (
        "param a, b, w: [1]\ninput x: [2]\nlet h = relu(x[0]) + relu(x[1])\n"
        'map a*relu(einsum("i,i,->", w, reshape(reshape(w, [1, 1]), [1]), h)) + b*h',
        2,
    ),
    ("param u: [2], V: [2, 2] in positive, W: [2, 2]\ninput x: [2]\nmap u @ relu(V @ relu(W @ x))", 5),
    ("param u: [2], W: [2, 2] in positive\ninput x: [2]\nmap u @ relu(W @ (x*x))", 3),
]
"""Models whose on/off patterns do not all occur, whatever the parameters, or occur for some parameters only."""


@pytest.mark.slow
@pytest.mark.parametrize(("text", "number"), TRANSCENDENTAL + PIECEWISE)
def test_no_upper_bound_is_below_the_number(text: str, number: int) -> None:
    """The numbers are those of ranks in floating point, at real parameters and data."""
    found = row(text)
    assert found.at_least <= number <= found.at_most
    assert found.status == "UNKNOWN" or found.at_least == number == found.at_most

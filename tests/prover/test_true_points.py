"""True points: counts of piecewise models, what was once counted wrong, and the same elements by arrays and by the kernel."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from random import Random

import numpy as np
import pytest

from claws.discovery.conjectures import CONJECTURES
from claws.kernel.core.errors import Meter
from claws.kernel.core.finding import Premise, Verdict
from claws.kernel.counting.bounds import Here
from claws.kernel.counting.evidence import Sandwich, Step, Tree
from claws.kernel.counting.points import ExactRanks, Point, depth
from claws.kernel.counting.statements import Count
from claws.kernel.theorem import Theorem, check
from claws.prover.array_ranks import ArrayRanks
from claws.prover.counting import decide_number
from claws.readings.points import ModularPoint
from claws.report.results import ClaimResult
from claws.report.sweeps import SweepRow
from claws.runner.check import check_text
from claws.runner.options import Options
from claws.runner.sweep import count_at
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from tests.claims.published import relu_net

EXAMPLES = Path(__file__).parents[2] / "examples"


def verdicts(text: str) -> list[ClaimResult]:
    return check_text(text, "x", Options(timeout=None)).claims


def row(text: str, sizes: dict[str, int] | None = None, seed: int = 0) -> SweepRow:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return count_at(spec, sizes or {}, Options(timeout=None, seed=seed))


# --- what was counted wrong -------------------------------------------------------------------------------------------------

ONE_KINK = (
    "activation s homogeneous 1\nactivation q homogeneous 1\nparam u, w, p\nparam v: [2]\ninput x: [2]\n"
    "map u*relu(v @ x) + w*s(v @ x) + p*q(v @ x)\n"
)
TIED = (
    "param A: [2, 2], B: [2, 2]\nparam w, u, p\ninput x: [2], y: [2]\n"
    "map u*relu(w*sum(relu(A @ x))), p*relu(-w*sum(relu(B @ y)))\n"
)
SECTORS = "param u: [4], V: [4, 2]\ninput x: [2]\nmap u @ relu(V @ x)\nlaw balance = u^2 - diag(V @ V.T)\n"
SOFTMAX = (
    "param W: [2, 2], b: [2], V: [2, 2]\ninput x: [2]\nmap softmax(W @ relu(V.T @ x) + b)\n"
    "law sums = sum(W, axis=0)\nlaw bias = sum(b)\nlaw units = diag(V.T @ V) - diag(W.T @ W)\n"
)
RATES = (
    "const lam\nparam a, b, u, v\nflow gradient, decay(lam)\nmap a + b, u*v\n"
    "law lin = exp(lam*t)*(a - b)\nlaw quad = exp(2*lam*t)*(u^2 - v^2)\n"
)
FEW = (
    "param x, y, z, s\nmap x + y + z + s\nprecondition x by (y - x)/2, y by -x*z - y, z by x*y - z, s by 1\n"
    "law one = (x^2 - z)*exp(s)\nlaw two = (y^2 + z^2)*exp(2*s)\n"
)
ROOT_ON_CELL = "param u, v, w\ninput x\nmap u*relu(v*x)/sqrt(relu(v*x)^2) + w\n"
EXP_ON_CELL = "param u, v, w\ninput x\nmap relu(v*x)/(v*x)*(u*exp(abs(v*x))*exp(-v*x) + w)\n"

PROVED, REFUTED, UNKNOWN = Verdict.PROVED, Verdict.REFUTED, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("text", "claim", "verdict"),
    [
        # three functions of one argument change sides together: two combinations of u, w and p move
        (ONE_KINK, "count = 2", PROVED),
        (ONE_KINK, "count = 1", REFUTED),
        # one of the two outer units is dead at every w
        (TIED, "count <= 7", PROVED),
        # four lines through 0 make 8 sectors, not 16
        (SECTORS, "complete balance", PROVED),
        (SECTORS, "count = 4", PROVED),
        (SOFTMAX, "complete sums, bias, units", PROVED),
        (SOFTMAX, "count = 5", PROVED),
        (SOFTMAX, "count <= 4", REFUTED),
        (RATES, "independent lin, quad", PROVED),
        (RATES, "complete lin, quad", PROVED),
        (RATES, "count = 2", PROVED),
        (FEW, "complete one", REFUTED),
        (FEW, "count = 3", PROVED),
        # near w > 0 one law, near w < 0 two
        ("param u, w\nmap u*relu(w)\n", "count = 1", PROVED),
        ("param u, w\nmap u*relu(-w)\n", "count = 1", PROVED),
    ],
)
def test_reported_counts(text: str, claim: str, verdict: Verdict) -> None:
    found = verdicts(f"{text}{claim}\n")[-1]
    assert found.verdict is verdict, found.reason
    assert Premise.PATTERNS not in found.premises


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (SECTORS, 4),
        (SOFTMAX, 5),
        (ROOT_ON_CELL, 2),
        (FEW, 3),
        (RATES, 2),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in ((ONE_KINK, 2), (TIED, 7), (EXP_ON_CELL, 2))),
    ],
)
def test_no_fewer_laws_than_there_are_are_proved(text: str, number: int) -> None:
    """Of a model with several regions `number` is the least."""
    for claim in (f"count <= {number - 1}", f"count = {number - 1}", f"count = {number - 2}"):
        assert verdicts(f"{text}{claim}\n")[-1].verdict is not PROVED, claim
    for claim in (f"count >= {number}", f"count = {number}", f"count <= {number}"):
        assert verdicts(f"{text}{claim}\n")[-1].verdict is not REFUTED, claim


# --- units in every place -----------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("param u: [2], v: [2], b\ninput x: [2]\nlet z = v @ x + b\nmap u*(relu(z) - relu(z - 1))", 0),
        ("param u, v, w\ninput x\nmap u*exp(relu(v*x)) + w", 0),
        ("param u: [2], v: [2]\ninput x: [2]\nmap u*relu(relu(v @ x))", 1),
        ("param u, w, p, v: [2]\ninput x: [2]\nmap u*relu(v @ x) + w*abs(v @ x) + p*leaky_relu(v @ x, 1/5)", 3),
        (
            "param K: [2, 2], U: [2]\ninput x: [2], y: [2]\nlet a = relu(K @ x)\nlet e = relu(K @ y)\nmap U @ (a + relu(e - a))",
            2,
        ),
        ("param u, v: [2]\ninput x: [2]\nmap u*relu(v @ x)/(1 + relu(v @ x))", 0),
        ("param u: [2], v: [2, 2]\ninput x: [2]\nmap softmax(relu(v @ x)) @ u", 0),
        ("param u, v\nconst c: [2]\nmap u*relu(v*c)", 1),
        ("param u, v, w\ninput x\nprecondition u by relu(w)\nmap u*v*x", 2),
        ("param u, v\ninput x\nflow momentum(1)\nmap u*relu(v*x)", 0),
    ],
)
def test_units_in_every_place(text: str, number: int) -> None:
    """The number of laws near some parameters, by ranks in floating point at true data."""
    found = row(text)
    assert found.at_least <= number <= found.at_most, found.reason
    assert found.at_most == number, found.reason


# --- networks ---------------------------------------------------------------------------------------------------------------


def is_on_a_ray(widths: Sequence[int], bias: bool) -> bool:
    """Whether all data become multiples of one vector before another relu: then there are more laws than those of the units."""
    return not bias and 1 in widths[:-2]


def nets(count: int) -> list[tuple[tuple[int, ...], bool]]:
    random = Random(15)
    drawn = (
        (tuple(random.randint(1, 3) for _ in range(random.choice((4, 5)))), random.random() < 0.5) for _ in range(count)
    )
    return [(widths, bias) for widths, bias in drawn if not is_on_a_ray(widths, bias)]


@pytest.mark.parametrize(("widths", "bias"), nets(8))
def test_deep_networks_close(widths: Sequence[int], bias: bool) -> None:
    found = row(relu_net(widths, bias))
    number = sum(widths[1:-1])
    assert (found.status, found.at_least, found.at_most) == ("PROVED", number, number), found.reason
    assert not found.premises


@pytest.mark.slow
def test_more_deep_networks_close() -> None:
    """3 and 4 layers of weights, of widths 1 to 3."""
    open_ones = []
    for widths, bias in nets(120):
        found = row(relu_net(widths, bias))
        if (found.status, found.at_most) != ("PROVED", sum(widths[1:-1])):
            open_ones.append((widths, bias, found.reason))
    assert not open_ones


@pytest.mark.slow
def test_the_count_does_not_depend_on_the_seed() -> None:
    text = (EXAMPLES / "deep_relu.claw").read_text(encoding="utf-8")
    for widths in product((1, 2), repeat=4):
        sizes = dict(zip(("n0", "n1", "n2", "n3"), widths, strict=True))
        for seed in range(20):
            found = row(text, sizes, seed)
            assert (found.status, found.at_most) == ("PROVED", sum(widths[1:-1])), (sizes, seed, found.reason)


# --- the same elements --------------------------------------------------------------------------------------------------------

MODELS = [
    "param u: [2], V: [2, 2], b: [2]\ninput x: [2]\nmap u @ relu(V @ x + b)",
    "param W: [2, 2], U: [2, 2], V: [2, 2]\ninput x: [2]\nmap W @ relu(U @ relu(V @ x))",
    "param W: [2, 2], b: [2], V: [2, 2]\ninput x: [2]\nmap softmax(W @ relu(V.T @ x) + b)",
    "param u, v, w: [2]\ninput x: [2]\nmap u*elu(v*x) + exp(relu(w*x))*exp(2*w*x)",
    "param V: [2, 2], g: [2]\ninput x: [2]\nmap g*relu(V @ x)/sqrt(1 + sqnorm(V @ x))",
    "param V: [2, 2], u: [2]\ninput x: [2]\nflow momentum(1/(1 + t))\nmap u @ abs(V @ x)",
    "activation s homogeneous 2\nparam u: [2], v: [2]\nconst c\ninput x: [2]\nmap c*u*s(v @ x)",
]


def theorem_of(text: str) -> tuple[Count, Theorem]:
    """The upper bound of a model as a theorem."""
    spec = load_text(f"{text}\ncount <= 100\n")
    assert not spec.diagnostics, spec.diagnostics
    statement = Instance(spec, {}).number_statement(spec.claims[-1])
    assert isinstance(statement, Count)
    high = row(text).at_most
    known = Count(statement.program, statement.outputs, statement.flow, "<=", high)
    theorem = decide_number(known, [], CONJECTURES).theorem
    assert theorem is not None
    assert theorem.verdict is PROVED
    return known, theorem


@pytest.mark.slow
@pytest.mark.parametrize("text", MODELS)
def test_arrays_and_the_kernel_take_the_same_elements_at_a_true_point(text: str) -> None:
    statement, theorem = theorem_of(text)
    evidence = theorem.evidence
    assert isinstance(evidence, Sandwich)
    assert evidence.point is not None
    total = len(evidence.point.data)
    trees: list[Tree] = [1, (1, 1), ((1, 1), 1)]
    more = [Step(tree, 2, (0, 1), tuple(k % total for k in range(2 * depth(tree)))) for tree in trees]
    here = Here(statement, (), evidence, ExactRanks(), Meter(10**9))
    setting, _ = here.setting_of_brackets()
    exact, fast = Point(here.model, setting, Meter(10**9)), ModularPoint(here.model, setting, Meter(10**9))
    for number, step in enumerate([*evidence.steps, *more]):
        count = min(step.count, 8)
        got = np.mod(np.rint(fast.elements_of(step, number, range(count))), evidence.modulus).astype(int).tolist()
        assert got == [exact.element(step, number, k) for k in range(count)], step.tree
        assert any(map(any, got))
    for ranks in (None, ArrayRanks()):
        assert check(statement, evidence, Meter(10**9), ranks).verdict is PROVED


def test_evidence_names_only_the_data_it_needs() -> None:
    _, theorem = theorem_of(MODELS[0])
    evidence = theorem.evidence
    assert isinstance(evidence, Sandwich)
    assert evidence.point is not None
    used = {k for step in evidence.steps for k in step.data}
    assert used == set(range(len(evidence.point.data)))
    rank = theorem.found["lie_dimension_at_least"]
    assert sum(step.count for step in evidence.steps) == rank

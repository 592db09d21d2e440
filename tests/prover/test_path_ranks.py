"""Generators along single paths: proved for one layer of relus, a premise for several, refused where a program contradicts it."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from claws.kernel.core.errors import Meter, Refused
from claws.kernel.core.finding import Premise
from claws.kernel.counting.bounds import simple_model
from claws.kernel.counting.evidence import Bundle
from claws.kernel.counting.points import Setting, coordinates
from claws.prover.path_premises import check_paths
from claws.prover.path_ranks import path_rank
from claws.prover.relu_paths import find_paths
from claws.readings.alignment import aligned_leaves
from claws.readings.modular import PRIMES
from claws.readings.points import ModularPoint
from claws.report.sweeps import SweepRow
from claws.runner.options import Options
from claws.runner.sweep import count_at
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from tests.claims.published import relu_net


def along_paths(text: str) -> tuple[int, bool]:
    """The number of laws that paths leave, and whether this rests on the premise."""
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    model = simple_model(Instance(spec, {}).model())
    rank, premised = path_rank(model, find_paths(model), Setting(PRIMES[0], 0), Meter(10**8))
    return coordinates(model.program) - rank, premised


def counted(text: str) -> SweepRow:
    return count_at(load_text(text), {}, Options(timeout=None))


def premised(text: str) -> bool:
    """Whether paths to the first output of a model rest on the premise. Raises `Refused` where it has none."""
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    model = simple_model(Instance(spec, {}).model())
    bundles = [Bundle(0, (0,), (), ()), *find_paths(model)]
    return check_paths(ModularPoint(model, Setting(PRIMES[0], 0), Meter(10**8)), bundles, Meter(10**8))


ONE = "input x, y: [2]\nparam u, v: [2], s, t, b\nmap "

TWO = "input x: [3], y: [2]\nparam A, B: [3, 3], C: [3, 2], W: [2, 3], w, z: [3], u: [2], Q: [2, 3] in positive, s, t, b\nmap "

TIED = "signs of the weights between units are forced or tied"
KINK = "proportional arguments and share their kink"
CROSS = "too few inputs for the units of a path"


@pytest.mark.parametrize(
    ("accepted", "refused", "reason"),
    [
        # one layer: two inputs, or one and a bias, make kinks different
        ("s*relu(u[0]*x[0]) + t*relu(v[0]*x[1])", "s*relu(u[0]*x[0]) + t*relu(v[0]*x[0])", KINK),
        ("dot(u, relu(v*x[0] + [s, t]))", "dot(u, relu(v*x[0]))", KINK),
        ("s*relu(dot(u, x)) + t*relu(dot(v, x))", "s*relu(dot(u, x)) + t*relu(-3*dot(u, x))", KINK),
        ("s*relu(dot(u, x) + b)", "s*relu(dot(u, v) + b)*x[0]", "keeps its sign for all data"),
        ("s*relu(dot(u, x))", "s*relu(dot(u, x)*y[0])", "not affine in the data"),
        ("s*relu(dot(u, x))*y[0]", "s*relu(dot(u, x))*relu(dot(v, x))", "units are multiplied"),
        ("s*relu(dot(u, x)) + abs(t*x[0])", "s*relu(dot(u, x)) + elu(t*x[0])", "networks of relus only|may have no value"),
        ("s*relu(dot(u, x)) + t", "exp(s*relu(dot(u, x)) + t)", "networks of relus only, not through exp"),
        ("s*relu(dot(u, x)), exp(t*x[0])", "s*relu(dot(u, x)), log(t*x[0])", "may have no value at data"),
        # several
        ("dot(u, relu(W @ relu(A @ x)))", "dot(u, relu(Q @ relu(A @ x)))", TIED),
        ("s*relu(dot(w, relu(A @ x)))", "s*relu(t*sum(relu(A @ x)))", TIED),
        ("s*relu(dot(w, relu(A @ x)))", "s*relu(dot(w*w, relu(A @ x)))", TIED),
        ("s*relu(dot(w, relu(A @ x)) + t)", "s*relu(sum(relu(A @ x)) + t)", TIED),
        ("s*relu(dot(w, relu(A @ x)) + sum(x))", "s*relu(dot(w, relu(A @ x)) + dot(w, relu(B @ x)))", TIED),
        ("s*relu(dot(w, relu(A @ x)))", "s*relu(t*(relu(dot(w, x)) + relu(dot(z, x))))", TIED),
        ("dot(u, relu(W @ relu(A @ x)))", "dot(u, relu(W @ relu(C @ y)))", CROSS),
        ("s*relu(dot(w, relu(A @ x)) + t)", "s*relu(b*relu(dot(w, x)) + t)", CROSS),
    ],
)  # fmt: skip
def test_what_the_program_contradicts_is_refused(accepted: str, refused: str, reason: str) -> None:
    start = TWO if reason in (TIED, CROSS) else ONE
    assert premised(start + accepted) == (start is TWO)
    with pytest.raises(Refused, match=reason):
        premised(start + refused)


def test_data_of_one_sign_are_refused() -> None:
    text = "input x: [2]{}\nparam s, u: [2]\nmap s*relu(dot(u, x))"
    assert not premised(text.format(""))
    with pytest.raises(Refused, match="the data x are positive"):
        premised(text.format(" in positive"))


def test_opposite_weights_are_refused() -> None:
    """The reported case: at every w one of the two outer units is dead, so that there are more laws than paths leave."""
    tied = "param A, B: [2, 2]\nparam w, u, p\ninput x, y: [2]\nmap u*relu(w*sum(relu(A @ x))), p*relu(-w*sum(relu(B @ y)))\n"
    with pytest.raises(Refused, match=TIED):
        along_paths(tied)


def test_one_layer_needs_no_premise() -> None:
    assert along_paths(relu_net([3, 4, 2])) == (4, False)
    assert along_paths(relu_net([1, 4, 2], bias=True)) == (4, False)
    assert along_paths(relu_net([3, 4, 4, 2])) == (8, True)


@pytest.mark.parametrize("seed", range(12))
def test_paths_leave_the_number_that_true_points_leave(seed: int) -> None:
    rng = random.Random(seed)
    widths = [rng.randint(1, 4) for _ in range(rng.choice([3, 3, 4]))]
    bias = rng.random() < 0.5
    text = relu_net(widths, bias)
    try:
        number, rests = along_paths(text)
    except Refused:
        # all units share the kink 0, or a layer or the data are too narrow for two kinks to cross
        assert widths[0] == 1 or (len(widths) > 3 and min(widths[:2]) < 3)
        return
    assert rests == (len(widths) > 3)
    found = counted(text)
    assert (found.at_least, found.at_most, found.premises) == (number, number, ())


@pytest.mark.parametrize(("widths", "premises"), [((20, 30, 20), ()), ((50, 60, 50, 50), (Premise.PATTERNS,))])
def test_large_networks_are_counted_along_paths(widths: Sequence[int], premises: tuple[Premise, ...]) -> None:
    found = counted(relu_net(widths))
    assert (found.status, found.at_least) == ("PROVED", sum(widths[1:-1])), found.reason
    assert found.premises == premises
    assert "paths followed by an accelerator" in found.trust


def test_small_networks_are_counted_at_a_point() -> None:
    assert "paths followed by an accelerator" not in counted(relu_net([3, 4, 4, 2])).trust


def test_the_reason_names_what_stops_a_bound() -> None:
    found = counted("input x\nparam u, v: [10001]\nmap dot(u, relu(v*x))\n")
    assert found.status == "UNKNOWN"
    assert KINK in found.reason


def test_gradients_of_laws_are_found_all_at_once_and_one_by_one() -> None:
    text = "param A, B: [3, 4], c: [4]\nmap 1\n" + "".join(f"law l{k} = {law}\n" for k, law in enumerate(LAWS))
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    for k in range(len(LAWS)):
        statement = Instance(spec, {}).statement(f"l{k}")
        point = ModularPoint(statement, Setting(PRIMES[0], 0), Meter(10**8))
        dense = [row for block in point.law_gradients([statement.law]) for row in block]
        found = [{c: int(x) % PRIMES[0] for c, x in enumerate(row) if x} for row in dense]
        assert point.sparse_law_gradients([statement.law]) == found
        assert (aligned_leaves(statement.program, statement.law) is None) == (k >= ALIGNED)


ALIGNED = 6

LAWS = [
    "diag(A @ A.T) - diag(B @ B.T)", "A*B", "sum(A*B)", "sum(A, 0)*c", "A.T + 2*B.T", "A[0] + A[1]",
    "A @ B.T", "A + c", "sum(A, 0) + c[0]",
]  # fmt: skip

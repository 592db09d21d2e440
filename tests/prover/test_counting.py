"""The search for the number of laws, and its ranks on NumPy arrays against the kernel's own."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from random import Random
from typing import Any

import numpy as np
import pytest
from flint import nmod_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.discovery.reconstruction import reconstructed
from claws.kernel.core.errors import Meter
from claws.kernel.core.finding import Verdict
from claws.kernel.core.statement import Statement
from claws.kernel.counting.cells import Sided
from claws.kernel.counting.evidence import Step, Tree
from claws.kernel.counting.points import Changed, CountedModel, ExactRanks, Point, Setting, depth
from claws.kernel.values.evaluation import fixed
from claws.prover.array_ranks import ArrayRanks
from claws.prover.brackets import balanced, forms
from claws.readings.echelon import Echelon, null_space
from claws.readings.modular import PRIMES
from claws.readings.points import ModularPoint
from claws.report.sweeps import SweepRow
from claws.runner.check import check_text
from claws.runner.options import Options
from claws.runner.sweep import count_at
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from tests.claims.published import linear_net, relu_net

P = PRIMES[0]
TREES: list[Tree] = [1, (1, 1), (1, (1, 1)), ((1, 1), (1, 1)), ((1, 1), (1, (1, 1)))]

MODELS = [
    "param U: [2, 2], V: [3, 2]\nmap U @ V.T\nlaw l = U.T @ U - V.T @ V",
    "input x: [3]\nparam U: [2, 2], V: [3, 2], b: [2]\nmap U @ relu(V.T @ x + b)\nlaw l = diag(U.T @ U - V.T @ V) - b^2",
    "param a: [2], b: [2]\ninput x: [2]\nmap sum(a*tanh(b*x)), sin(a[0]*b) + softplus(x*a), prod(a*b*x), 1/(1 + a[0]*x[0])\n"
    "law l = [prod(a), a[0]^-2*exp(b[1])]",
    "param A: [3, 3]\nconst c: [3]\nmap det(A), A @ c\nlaw l = A @ A.T",
    "activation s, q homogeneous 2\nparam a: [4], b: [2] in positive\nprecondition a by 1 + a^2, b by b\ninput x: [2]\n"
    "map sum(reshape(a, [2, 2])*s(b*x)), conv1d(a, b), q(a[::2]*x) + relu(a[1:3])\nlaw l = a",
]


def statement(text: str) -> Statement:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return Instance(spec, {}).statement("l")


def with_sides(s: Statement, seed: int) -> tuple[CountedModel, int, Setting]:
    """The model with its units on sides that are drawn, its law there, and the setting that names these sides."""
    sided, random = Sided(Changed(s.program, s.outputs, s.flow)), Random(seed)
    sides: dict[str, list[int]] = {}
    for unit in sided.units:
        size = prod(fixed(k) for k in s.program.shapes[unit.node])
        right = sides[unit.right] = [random.randint(0, 1) for _ in range(size)]
        sides[unit.left] = [1 - x for x in right]
    return sided.model, sided.place[s.law], Setting(P, seed, sides)


def row(text: str, **options: Any) -> SweepRow:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return count_at(spec, {}, Options(timeout=None, **options))


# --- the same vectors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", MODELS)
@pytest.mark.parametrize("seed", [0, 1])
def test_arrays_and_the_kernel_draw_the_same_elements(text: str, seed: int) -> None:
    model, law, setting = with_sides(statement(text), seed)
    exact, fast = Point(model, setting, Meter(10**9)), ModularPoint(model, setting, Meter(10**9))
    for k, tree in enumerate(TREES):
        got = np.mod(np.rint(fast.elements(tree, k, range(2))), P).astype(int).tolist()
        assert got == [exact.element(Step(tree, 2), k, j) for j in range(2)], tree
    dense = np.mod(np.rint(np.concatenate(list(fast.law_gradients([law])))), P).astype(int).tolist()
    sparse = [tuple(row.get(c, 0) for c in range(len(exact.coordinates))) for row in exact.law_gradients([law])]
    assert sorted(sparse) == sorted(tuple(r) for r in dense if any(r))


@pytest.mark.parametrize("text", MODELS)
def test_the_ranks_are_the_same(text: str) -> None:
    model, law, setting = with_sides(statement(text), 0)
    steps = [Step(1, 6), Step((1, 1), 4)]
    exact, arrays = ExactRanks(), ArrayRanks()
    meter = Meter(10**9)
    assert arrays.of_gradients(model, [law], setting, meter) == exact.of_gradients(model, [law], setting, meter)
    assert arrays.of_brackets(model, steps, setting, meter) == exact.of_brackets(model, steps, setting, meter)


def test_brackets_are_antisymmetric_and_satisfy_the_jacobi_identity() -> None:
    """On the generators of one draw: [X, Y] + [Y, X] = 0 and the cyclic sum of [X, [Y, Z]] is 0."""
    s = statement(MODELS[0])
    point = Point(s, Setting(P, 0), Meter(10**9))
    fields = {name: (k,) for k, name in enumerate("XYZ")}

    def bracket(expression: object) -> list[int]:
        return [x.parts[0] if x is not None else 0 for x in evaluate(expression, point.theta, 0)]

    def evaluate(e: Any, theta: list[Any], level: int) -> list[Any]:
        if isinstance(e, str):
            return point.generator(theta, level, fields[e])
        left, right = e
        x = evaluate(left, theta, level)
        y, dy = _halves(evaluate(right, point._moved(theta, x, level), level + 1), point.ring(level))
        _, dx = _halves(evaluate(left, point._moved(theta, y, level), level + 1), point.ring(level))
        return [_difference(a, b) for a, b in zip(dy, dx, strict=True)]

    from claws.kernel.counting.points import _difference, _halves

    assert all((a + b) % P == 0 for a, b in zip(bracket(("X", "Y")), bracket(("Y", "X")), strict=True))
    cyclic = [bracket((a, (b, c))) for a, b, c in ("XYZ", "YZX", "ZXY")]
    assert any(cyclic[0])
    assert all(sum(column) % P == 0 for column in zip(*cyclic, strict=True))


def test_a_bracket_by_hand() -> None:
    """For the outputs x*y and x: [(y, x), (1, 0)] = -(0, 1), so the two brackets span what the formula says."""
    s = statement("param x, y\nmap x*y, x\nlaw l = x")
    point = Point(s, Setting(P, 3), Meter(10**6))
    a, b = point.generator(point.theta, 0, (0, 0, 0)), point.generator(point.theta, 0, (0, 0, 1))
    theta_x, theta_y = (t.parts[0] for t in point.theta if t is not None)
    # X = c*(y, x) + d*(1, 0): the coefficients are read off, then [X, X'] = (c*d' - c'*d)*-(0, 1)... up to the common sign
    (c1, c2) = (g[1].parts[0] * pow(theta_x, -1, P) % P for g in (a, b) if g[1] is not None)
    (d1, d2) = ((g[0].parts[0] - c * theta_y) % P for g, c in ((a, c1), (b, c2)) if g[0] is not None)
    assert point.element(Step((1, 1), 1), 0, 0) == [0, (c2 * d1 - c1 * d2) % P]


# --- linear algebra ------------------------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 60), st.integers(0, 60), st.integers(0, 10**6))
def test_the_rank_is_that_of_flint(rows: int, columns: int, rank: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    if rank > 40:
        matrix = (rng.integers(0, P, (rows, columns)) * (rng.random((rows, columns)) < 0.05)).astype(object)
    else:
        matrix = (
            rng.integers(0, P, (rows, rank)).astype(object) @ rng.integers(0, P, (rank, columns)).astype(object) % P
        )
    echelon = Echelon(P, columns)
    for start in range(0, rows, 25):
        echelon.add(echelon.field.reduce(matrix[start : start + 25].astype(np.float64)))
    expected = nmod_mat(rows, columns, [int(x) for x in matrix.ravel()], P)
    assert echelon.rank == expected.rank()
    for v in null_space(echelon):
        assert not any((matrix @ np.mod(np.rint(v), P).astype(np.int64).astype(object)) % P)


@given(st.fractions(-2000, 2000, max_denominator=2000))
def test_rationals_are_reconstructed(x: Fraction) -> None:
    if abs(x.numerator) <= 2000:
        assert reconstructed(x.numerator * pow(x.denominator, -1, P) % P, P) == x


def test_trees_by_depth() -> None:
    assert [depth(balanced(d)) for d in range(1, 20)] == list(range(1, 20))
    depths = [depth(tree) for trees in forms(drift=False) for tree in trees]
    assert depths == sorted(depths)


# --- numbers of laws -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("param x: [4]\nmap (x[0]*x[1])^20, x[2]*x[3]\n", 2),
        ("param x, y, z\nlet l = 3*x - 5*y + 2*z\nmap l^8, l^11\n", 2),
        ("param x, y, z\nmap 10^16*x*y + z*10^-14\n", 2),
        ("param x, y, z, unused\nmap 10^16*x*y, z*10^-14\n", 2),
        ("param A: [2, 3], B: [3, 2]\nmap A @ B, B @ A\n", 1),
        ("param A: [3, 3]\nmap A @ A\n", 0),
        (linear_net([2, 9, 9, 2]), 90),
        (linear_net([1, 2, 2, 1]), 7),
        (linear_net([2, 1, 2]), 1),
        (linear_net([2, 3, 1, 3, 2]), 13),
        (linear_net([1, 5, 2]), 12),
        (relu_net([3, 5, 4, 2], bias=True), 9),
        ("param x, y in nonzero\nmap x + y^3\nlaw l = x + 1/(3*y)\n", 1),
        (
            "param U, V: [2, 2] in positive\nprecondition U by U, V by V\nmap U @ V.T\nlaw l = sum(U, axis=0) - sum(V, axis=0)\n",
            2,
        ),
    ],
)
def test_numbers_that_are_known(text: str, number: int) -> None:
    found = row(text)
    assert (found.status, found.at_least, found.at_most) == ("PROVED", number, number), found.reason


def test_depth_is_no_constant() -> None:
    assert row(linear_net([2, 3, 2])).depth == 2
    assert row(linear_net([2, 9, 9, 2])).depth >= 9


def test_a_rank_that_only_looks_final_is_not_reported_as_proved() -> None:
    """Without its laws the net of widths 2, 9, 9, 2 is open: its rank grows again and again, up to depth 9."""
    bare = "\n".join(line for line in linear_net([2, 9, 9, 2]).splitlines() if not line.startswith("law"))
    found = row(bare, budget=200_000)
    assert found.status == "UNKNOWN"
    assert found.at_least < 90 <= found.at_most


@pytest.mark.parametrize("claimed", [0, 2, 3, 4, 100])
def test_the_expectation_of_the_file_plays_no_part(claimed: int) -> None:
    text = f"param U, V: [2, 2]\nmap U @ V.T\nlaw l = U.T @ U - V.T @ V\ncount = {claimed}\n"
    claim = check_text(text, "x", Options()).claims[-1]
    assert claim.verdict is (Verdict.PROVED if claimed == 3 else Verdict.REFUTED)
    assert claim.detail.to_json()["count_at_least"] == 3 or claim.detail.to_json()["count_at_least"] > claimed


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [
        ("complete l", Verdict.PROVED),
        ("complete half", Verdict.REFUTED),
        ("complete l, bad", Verdict.REFUTED),
        ("independent l", Verdict.PROVED),
        ("independent l, half", Verdict.REFUTED),
        ("independent squares", Verdict.REFUTED),
        ("count >= 2", Verdict.PROVED),
        ("count <= 2", Verdict.REFUTED),
    ],
)
def test_claims_about_a_linear_net(claim: str, verdict: Verdict) -> None:
    text = (
        "param U, V: [2, 2]\nmap U @ V.T\nlaw l = U.T @ U - V.T @ V\nlaw half = sqnorm(U) - sqnorm(V)\nlaw bad = sqnorm(U)\n"
        f"law squares = [half, half^2]\n{claim}\n"
    ).replace("[half, half^2]", "[sqnorm(U) - sqnorm(V), (sqnorm(U) - sqnorm(V))^2]")
    assert check_text(text, "x", Options()).claims[-1].verdict is verdict

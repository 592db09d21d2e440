"""Claims under momentum, weight decay and learning rates whose truth is known, both ways.

The truths were derived by hand: with X the skew moment of two linear layers, X' = -friction*X under momentum, since the part of
the gradient is symmetric; counts are D - dim Lie, from brackets by SymPy.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest

from claws.report.results import ClaimResult
from claws.runner.check import check_text
from claws.runner.options import Options
from claws.syntax import nodes
from tests.claims.residues import is_nonzero
from tests.properties.interpreter import read
from tests.properties.random_points import residues

LINEAR = "dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T\n"
MOMENT = "(U.T @ vel(U) - vel(U).T @ U + V.T @ vel(V) - vel(V).T @ V)"
BALANCE = "(U.T @ U - V.T @ V)"
RELU = "dim n, m, r\ninput x: [m]\nparam U: [n, r], V: [r, m]\nmap U @ relu(V @ x)\n"
SCALARS = "param u, v\nmap u*v\n"
SUM = "param u, v\nmap u + v\n"
SUM_LAWS = "law a = exp(2*t)*(vel(u) - vel(v))\nlaw b = u - v + (vel(u) - vel(v))/2"
THREE = "param u, v, w\nmap u*v*w\n"


@dataclass(frozen=True)
class Known:
    text: str
    claim: str
    verdict: str

    def decide(self) -> list[ClaimResult]:
        result = check_text(f"{self.text}\n{self.claim}\n", "known.claw", Options(timeout=None))
        assert not result.errors, result.errors
        assert result.claims
        return list(result.claims)


def law(text: str, formula: str, verdict: str = "PROVED") -> Known:
    return Known(text, f"law l = {formula}", verdict)


def count(text: str, number: int) -> list[Known]:
    """The number, and that the next ones are wrong."""
    wrong = [Known(text, f"count = {k}", "REFUTED") for k in (number - 1, number + 1) if k >= 0]
    return [Known(text, f"count = {number}", "PROVED"), *wrong]


def momentum(friction: str, const: str = "") -> str:
    return f"{LINEAR}{const}flow momentum({friction})"


def sized(n: int, m: int, r: int, friction: str = "1/2") -> str:
    return f"dim n = {n}, m = {m}, r = {r}\n{momentum(friction).removeprefix('dim n, m, r')}"


TRUE = [
    # momentum: the moment decays with the friction
    law(momentum("0"), MOMENT),
    law(momentum("2"), f"exp(2*t)*{MOMENT}"),
    law(momentum("tau", "const tau\n"), f"exp(tau*t)*{MOMENT}"),
    law(momentum("3/t"), f"t^3*{MOMENT}"),
    law(momentum("1/(1 + t)"), f"(1 + t)*{MOMENT}"),
    law(momentum("t"), f"exp(t^2/2)*{MOMENT}"),
    law(momentum("exp(-t)"), f"exp(-exp(-t))*{MOMENT}"),
    # one decay for each layer: it pulls along the layer, so the moment does not see it
    law(momentum("1") + ", decay(3)", f"exp(t)*{MOMENT}"),
    law(momentum("1") + ", decay(3, U)", f"exp(t)*{MOMENT}"),
    # learning rates weight the layers
    law(
        momentum("1", "const a, b\n") + ", rate(a, U), rate(b, V)",
        "exp(t)*(b*(U.T @ vel(U) - vel(U).T @ U) + a*(V.T @ vel(V) - vel(V).T @ V))",
    ),
    law(momentum("1") + "\nprecondition U by 2, V by 2", f"exp(t)*{MOMENT}"),
    # one number of one unit: u*v' + v*u' with another column
    law(
        "param a, b, c, d\nmap a*c + b*d\nflow momentum(1)",
        "exp(t)*(a*vel(d) - vel(a)*d - b*vel(c) + vel(b)*c)",
    ),
    # positive parameters in mirror coordinates
    law(
        "param u, v in positive\nmap u*v\nflow momentum(1)\nprecondition u by u, v by v",
        "exp(t)*(vel(u) - vel(v))",
    ),
    # what the loss does not see
    law(f"{SUM}flow momentum(2)", "[exp(2*t)*(vel(u) - vel(v)), u - v + (vel(u) - vel(v))/2]"),
    law(f"{SUM}flow momentum(3), decay(2)", "[exp(t)*(vel(u) - vel(v) + 2*(u - v)), exp(2*t)*(vel(u) - vel(v) + u - v)]"),
    law(f"{SUM}flow momentum(0), decay(1)", "(vel(u) - vel(v))*cos(t) + (u - v)*sin(t)"),
    law("param u, w\nmap u^2\nflow momentum(3/t)", "[t^3*vel(w), w + t*vel(w)/2]"),
    law("param u, v\nmap u*v, u\nflow momentum(1), rate(0, u)", "[exp(t)*vel(u), u + vel(u)]"),
    # weight decay and learning rates
    law(f"{LINEAR}const lambda\nflow gradient, decay(lambda)", f"exp(2*lambda*t)*{BALANCE}"),
    law(f"{LINEAR}flow gradient, decay(1/(1 + t))", f"(1 + t)^2*{BALANCE}"),
    law(f"{LINEAR}flow gradient, decay(1), rate(1/(1 + t))", f"(1 + t)^2*{BALANCE}"),
    law(f"{LINEAR}flow gradient, rate(1/(1 + t))", BALANCE),
    law(f"{LINEAR}const a, b\nflow gradient, rate(a, U), rate(b, V)", "b*U.T @ U - a*V.T @ V"),
    law(
        f"{RELU}flow gradient, decay(1)",
        "exp(2*t)*(diag(U.T @ U) - diag(V @ V.T))",
    ),
    law("param u: [2], v: [2]\nconst k: [2]\nmap sum(u*v)\nflow gradient, decay(k)", "exp(2*k*t)*(u^2 - v^2)"),
    law("param u: [2], v: [2]\nconst k: [2]\nmap sum(u*v)\nflow gradient, rate(k, u)", "u^2 - k*v^2"),
    law(f"{THREE}flow gradient, decay(1)", "(u^2 - v^2)/(u^2 - w^2)"),
]  # fmt: skip

FALSE = [
    # the moment, with another weight or another part
    law(momentum("1"), MOMENT, "REFUTED"),
    law(momentum("1"), f"exp(2*t)*{MOMENT}", "REFUTED"),
    law(momentum("1"), f"exp(-t)*{MOMENT}", "REFUTED"),
    law(momentum("0"), f"exp(t)*{MOMENT}", "REFUTED"),
    law(momentum("tau", "const tau\n"), f"exp(2*tau*t)*{MOMENT}", "REFUTED"),
    law(momentum("3/t"), f"t^2*{MOMENT}", "REFUTED"),
    law(momentum("1/(1 + t)"), f"(1 + t)^2*{MOMENT}", "REFUTED"),
    law(momentum("1"), "exp(t)*(U.T @ vel(U) - vel(U).T @ U)", "REFUTED"),
    law(momentum("1"), "exp(t)*(U.T @ vel(U) - vel(U).T @ U - V.T @ vel(V) + vel(V).T @ V)", "REFUTED"),
    law(momentum("1"), "exp(t)*(U.T @ vel(U) - V.T @ vel(V))", "REFUTED"),
    law(momentum("1") + ", rate(2, U)", f"exp(t)*{MOMENT}", "REFUTED"),
    law(momentum("1", "const k: [r]\n") + ", decay(k)", f"exp(t)*{MOMENT}", "REFUTED"),
    # laws of gradient flow, under momentum
    law(momentum("1"), BALANCE, "REFUTED"),
    law(momentum("0"), BALANCE, "REFUTED"),
    law(momentum("3/t"), BALANCE, "REFUTED"),
    law(f"{RELU}flow momentum(1)", "diag(U.T @ U) - diag(V @ V.T)", "REFUTED"),
    law(f"{RELU}flow momentum(1)", "exp(t)*(diag(U.T @ vel(U)) - diag(V @ vel(V).T))", "REFUTED"),
    law(f"{RELU}flow momentum(0)", "diag(vel(U).T @ vel(U)) - diag(vel(V) @ vel(V).T)", "REFUTED"),
    law("input x\nparam u, v\nmap u*tanh(v*x)\nflow momentum(1)", "exp(t)*(u*vel(v) - v*vel(u))", "REFUTED"),
    law(f"{SCALARS}flow momentum(1)", "exp(t)*(u*vel(v) - v*vel(u))", "REFUTED"),
    law(f"{SCALARS}flow momentum(0)", "vel(u)^2 + vel(v)^2 + u*v", "REFUTED"),
    law(
        "param u, v in positive\nmap u*v\nflow momentum(1)\nprecondition u by u, v by v",
        "exp(t)*(vel(u)/u - vel(v)/v)",
        "REFUTED",
    ),
    # what the loss does not see moves all the same
    law(f"{SUM}flow momentum(2)", "u - v", "REFUTED"),
    law(f"{SUM}flow momentum(2)", "exp(2*t)*vel(u)", "REFUTED"),
    law(f"{SUM}flow momentum(2)", "u - v + vel(u) - vel(v)", "REFUTED"),
    law(f"{SUM}flow momentum(0)", "u - v + t*(vel(u) - vel(v))", "REFUTED"),
    law(f"{SUM}flow momentum(3), decay(2)", "exp(2*t)*(vel(u) - vel(v) + 2*(u - v))", "REFUTED"),
    law(f"{SUM}flow momentum(0), decay(1)", "(vel(u) - vel(v))*sin(t) + (u - v)*cos(t)", "REFUTED"),
    # weight decay and learning rates
    law(f"{LINEAR}flow gradient, decay(1)", BALANCE, "REFUTED"),
    law(f"{LINEAR}flow gradient, decay(1)", f"exp(t)*{BALANCE}", "REFUTED"),
    law(f"{LINEAR}flow gradient, decay(1)", f"exp(-2*t)*{BALANCE}", "REFUTED"),
    law(f"{LINEAR}flow gradient, decay(1, U)", f"exp(2*t)*{BALANCE}", "REFUTED"),
    law(f"{LINEAR}flow gradient, decay(1), rate(2)", f"exp(2*t)*{BALANCE}", "REFUTED"),
    law(f"{LINEAR}flow gradient, decay(1), rate(1/(1 + t))", f"(1 + t)*{BALANCE}", "REFUTED"),
    law(f"{LINEAR}flow gradient, rate(2, U)", "2*U.T @ U - V.T @ V", "REFUTED"),
    law(f"{LINEAR}flow gradient, rate(1/(1 + t))", f"(1 + t)*{BALANCE}", "REFUTED"),
    law(f"{LINEAR}flow gradient, rate(1/(1 + t), U)", BALANCE, "REFUTED"),
    law(f"{THREE}flow gradient, decay(1)", "u^2 - v^2", "REFUTED"),
    law(f"{THREE}flow gradient, rate(t)", "u^2 - v^2 - t", "REFUTED"),
    law(f"{THREE}flow gradient, rate(1 + t), rate(2, u)", "(1 + t)*u^2 - 2*v^2", "REFUTED"),
]

COUNTS = [
    *count(sized(1, 1, 1), 0),
    *(
        Known(sized(n, m, r), f"count = {k}", "PROVED")
        for n, m, r, k in [(1, 1, 2, 2), (1, 1, 3, 6), (2, 1, 2, 1), (2, 1, 3, 3)]
    ),
    Known(sized(1, 1, 2), "count = 1", "REFUTED"),
    Known(sized(1, 1, 2, "3/t"), "count = 2", "PROVED"),
    *count(f"{SUM}flow momentum(2)\n{SUM_LAWS}", 2),
    *count(f"{SUM}flow momentum(0)", 2),
    *count("param u, rest\nmap u\nflow momentum(2)\nlaw a = rest + vel(rest)/2", 2),
    *count("param u\nmap u\nflow momentum(1)", 0),
    *count("param u, v in positive\nmap u*v\nflow momentum(0)\nprecondition u by u, v by v", 2),
    *count(f"{SCALARS}flow gradient, decay(1)", 1),
    *count(f"{SCALARS}flow gradient, decay(1, u)", 0),
    *count(f"{SCALARS}flow gradient, rate(t)", 1),
    *count(f"{SCALARS}flow gradient, rate(t, u)", 0),
    *count(f"{THREE}flow gradient, rate(t), rate(2, u)", 1),
    *count("input x: [2]\nparam u, v: [2]\nmap u*relu(v @ x)\nflow momentum(1)", 0),
    *count("input x: [2]\nparam U: [2, 2], V: [2, 2]\nmap U @ relu(V @ x)\nflow momentum(1)", 0),
    *count("input x\nparam u, v\nmap u*tanh(v*x)\nflow momentum(1)", 0),
]

BOTH = [
    Known(f"{SUM}flow momentum(2)\n{SUM_LAWS}", "complete a, b", "PROVED"),
    Known(f"{SUM}flow momentum(2)\n{SUM_LAWS}", "complete a", "REFUTED"),
    Known(f"{SUM}flow momentum(2)\n{SUM_LAWS}\nlaw c = u - v", "complete a, c", "REFUTED"),
    Known(f"{SUM}flow momentum(2)\n{SUM_LAWS}", "independent a, b", "PROVED"),
    Known(f"{SUM}flow momentum(2)\n{SUM_LAWS}\nlaw c = exp(2*t)^2*(vel(u) - vel(v))^2", "independent a, c", "REFUTED"),
]


def name_of(known: Known) -> str:
    return f"{known.text.splitlines()[-1]} {known.claim}"


def cases() -> Iterator[object]:
    """All; wrong numbers under momentum take as long as the right one, and are slow tests."""
    for known in (*TRUE, *FALSE, *COUNTS, *BOTH):
        again = "momentum" in known.text and known.claim.startswith("count") and known.verdict == "REFUTED"
        yield pytest.param(known, marks=pytest.mark.slow) if again else known


@pytest.mark.parametrize("known", [*cases()], ids=name_of)
def test_verdict(known: Known) -> None:
    claim = known.decide()[-1]
    assert claim.verdict.value == known.verdict, (known.text, claim.reason)
    if claim.kind == "law" and known.verdict == "REFUTED":
        assert is_nonzero(claim.detail.to_json()["residue"])
        t = claim.detail.to_json()["witness"].get("t", "0")
        assert Fraction(t) >= 0


def test_a_further_law_loses_no_count() -> None:
    more = "law c = exp(4*t)*(vel(u) - vel(v))^2"
    assert Known(f"{SUM}flow momentum(2)\n{SUM_LAWS}", "count = 2", "PROVED").decide()[-1].verdict.value == "PROVED"
    assert (
        Known(f"{SUM}flow momentum(2)\n{SUM_LAWS}\n{more}", "count = 2", "PROVED").decide()[-1].verdict.value
        == "PROVED"
    )


@pytest.mark.slow
def test_wide_layers_have_more_laws_than_the_moment() -> None:
    for known in count(sized(2, 1, 8), 27):
        (claim,) = known.decide()
        assert claim.verdict.value == known.verdict, claim.reason


# --- a second opinion: derivatives by another program ------------------------------------------------------------------


@pytest.mark.parametrize("known", [*TRUE, *FALSE], ids=name_of)
def test_the_independent_residue_agrees(known: Known) -> None:
    file = read(f"{known.text}\n{known.claim}\n")
    dims = [name.name for s in file.statements if isinstance(s, nodes.Dim) for name, size in s.entries if size is None]
    rng = random.Random(0)
    found = list(islice(residues(file, "l", dict.fromkeys(dims, 2), rng), 3))
    assert found
    assert all(all(x.values()) for x in found) == (known.verdict == "PROVED")


# --- a second opinion: training runs in floating point -----------------------------------------------------------------


def change_of_moment(weight: float, seed: int) -> float:
    """How much exp(weight*t) times the moment changes along a run with friction 1, by classical Runge-Kutta steps."""
    rng = np.random.default_rng(seed)
    target = rng.standard_normal((3, 2))

    def move(u: np.ndarray, v: np.ndarray, pu: np.ndarray, pv: np.ndarray) -> list[np.ndarray]:
        error = np.tanh(u @ v.T - target)
        return [pu, pv, -pu - error @ v, -pv - error.T @ u]

    state = [rng.standard_normal(shape) for shape in ((3, 2), (2, 2), (3, 2), (2, 2))]

    def moment(t: float) -> float:
        u, v, pu, pv = state
        half = u.T @ pu + v.T @ pv
        return float(np.exp(weight * t) * (half - half.T)[0, 1])

    start, h, steps = moment(0), 0.01, 100
    for _ in range(steps):
        k1 = move(*state)
        k2 = move(*(x + h / 2 * k for x, k in zip(state, k1, strict=True)))
        k3 = move(*(x + h / 2 * k for x, k in zip(state, k2, strict=True)))
        k4 = move(*(x + h * k for x, k in zip(state, k3, strict=True)))
        state = [x + h / 6 * (a + 2 * b + 2 * c + d) for x, a, b, c, d in zip(state, k1, k2, k3, k4, strict=True)]
    return abs(moment(h * steps) - start) / abs(start)


@pytest.mark.parametrize("seed", range(3))
def test_a_run_keeps_the_moment_with_the_right_weight(seed: int) -> None:
    assert change_of_moment(1, seed) < 1e-7
    assert change_of_moment(0, seed) > 0.5
    assert change_of_moment(2, seed) > 0.5

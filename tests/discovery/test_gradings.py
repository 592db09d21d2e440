"""The gradings that are read off a program, against all gradings of its generators, expanded by SymPy."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import sympy
from flint import nmod_mat

from claws.discovery import gradings as module
from claws.discovery.gradings import WEIGHT_PRIME, Grading, gradings
from claws.kernel.core.flow import STATE
from claws.kernel.counting.bounds import simple_model
from claws.kernel.counting.points import CountedModel
from claws.readings.modular import PRIMES
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from tests.properties import interpreter as plain


def model(text: str) -> CountedModel:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return simple_model(Instance(spec, {}).model())


def grades(m: CountedModel, *roles: str) -> Grading:
    """Of all coordinates of the state, in order; or of the leaves of these roles."""
    leaves = [n for n, _ in m.program.leaves(*(roles or STATE))]
    found = gradings(m, leaves)
    assert found is not None
    return Grading(np.concatenate([found[n].sign for n in leaves]), np.concatenate([found[n].weight for n in leaves]))


def all_gradings(text: str, modulus: int) -> list[list[int]]:
    """A basis of the weights modulo a prime under which every generator has one: of the parameters, row by row."""
    file = plain.read(text)
    shapes = plain.shapes_of(file, {})
    places = [(name, i) for name, (_, shape, _) in shapes.items() for i in np.ndindex(*shape)]
    domain, *variables = sympy.ring([f"x{k}" for k in range(len(places))], sympy.QQ)
    number = dict(zip(places, range(len(places)), strict=True))
    leaves: dict[str, plain.Array] = {}
    for name, (_, shape, _) in shapes.items():
        leaves[name] = np.empty(shape, dtype=object)
        for i in np.ndindex(*shape):
            leaves[name][i] = variables[number[name, i]]

    def exact(x: Fraction) -> Any:
        return domain(sympy.QQ(x.numerator, x.denominator))

    def function(name: str, x: Any) -> Any:
        raise NotImplementedError(name)

    run = plain.Interpreter(file, {}, leaves, plain.Numbers(exact, function))
    factors = {name: np.broadcast_to(run.value(e), shapes[name][1]) for name, e in plain._factors(file).items()}
    outputs = [domain(x) for e in plain._outputs(file) for x in run.value(e).flat]
    rows = []
    for k, g in enumerate(outputs):
        for (name, i), j in number.items():
            if shapes[name][0] != "param":
                continue
            speed = g.diff(variables[j]) * (factors[name][i] if name in factors else 1)
            for exponents, _ in speed.terms() if speed else ():
                row = [*exponents, *(int(k == h) for h in range(len(outputs)))]
                row[j] -= 1
                rows.append(row)
    width = len(places) + len(outputs)
    matrix, count = nmod_mat([[x % modulus for x in row] for row in rows] or [[0] * width], modulus).nullspace()
    state = [k for (name, _), k in number.items() if shapes[name][0] == "param"]
    return [[int(matrix[k, c]) for k in state] for c in range(count)]


POLYNOMIAL = [
    "param u, v\nmap u*v",
    "param u, v\nmap u*v + u",
    "param U: [2, 2], V: [1, 2]\nmap U @ V.T",
    "param u: [3]\nmap prod(u), u[0]",
    "param u: [3]\nmap prod(u) + u[0]",
    "param u: [2], v: [2]\ninput x: [2]\nmap dot(u*u - v*v, x)",
    "param u: [4], v\nmap u[1:3]*v + u[0:2]^3",
    "param u: [2], v: [2]\nmap concat(u, v)*[1, 2, 3, 4], reshape([u, v], [4])*u[0]",
    "param u: [2]\nconst c: [2]\nmap dot(u, c)",
    "param u: [2]\nconst c: [2]\nmap u*c, 0*u[0] + u[1]",
    "param u: [3]\nmap einsum('i,i->i', u, u) + 1".replace("'", '"'),
    "param W: [2, 2], V: [2]\ninput x: [2]\nmap V @ (W @ x)^2",
    "param U: [2, 2], V: [2, 2]\nmap U @ V.T\nprecondition U by U*U, V by V",
    "param U: [2, 2]\nmap U @ U.T",
    "param U: [2, 2], V: [2, 2], W: [2, 2]\nmap U @ V @ W, trace(V)*W[0]",
    "param x, y, z\nmap x + y^3, x*z",
]


DETERMINANT = "param A: [2, 2], b\nmap det(A)*b"


@pytest.mark.parametrize("text", [*POLYNOMIAL, DETERMINANT])
def test_monomials_are_told_apart_iff_some_grading_does(text: str) -> None:
    found = grades(model(text))
    text = text.replace("det(A)", "(A[0, 0]*A[1, 1] - A[0, 1]*A[1, 0])")
    every = [(all_gradings(text, p), p) for p in (2, PRIMES[0])]
    count = len(found.sign)
    monomials = [(), *((k,) for k in range(count)), *((j, k) for j in range(count) for k in range(j, count))]

    def hashed(monomial: tuple[int, ...]) -> tuple[int, int]:
        whole = found.product(np.array([monomial], dtype=np.int64).reshape(1, -1))
        return int(whole.sign[0]), int(whole.weight[0])

    def weights(monomial: tuple[int, ...]) -> list[list[int]]:
        return [[sum(w[k] for k in monomial) % p for w in basis] for basis, p in every]

    assert {(hashed(a) == hashed(b)) == (weights(a) == weights(b)) for a in monomials for b in monomials} == {True}


def test_a_hidden_neuron_has_a_weight_of_its_own() -> None:
    u, v = np.split(grades(model("param U: [3, 2], V: [4, 2]\nmap U @ V.T")).weight, [6])
    assert len(set(u.tolist())) == 2 and set(u.tolist()) == set(v.tolist())
    assert u[0] == u[2] == v[0] != u[1]


def test_weights_are_those_of_the_generators_rather_than_of_the_outputs() -> None:
    """x + y^3 has the law 3*x + 1/y, which has one weight, and no output has."""
    x, y = grades(model("param x, y\nmap x + y^3")).weight.tolist()
    assert x and (x + y) % WEIGHT_PRIME == 0


@pytest.mark.parametrize("activation", ["relu", "relu2", "tanh", "exp"])
def test_neurons_are_scaled_apart_iff_their_activation_is_positively_homogeneous(activation: str) -> None:
    text = f"activation relu2 homogeneous 2\nparam U: [2, 3], V: [3, 2]\ninput x: [2]\nmap U @ {activation}(V @ x)"
    u, v = np.split(grades(model(text)).weight, 2)
    assert np.all(u.reshape(2, 3) == u[:3]) and np.all(v[::2] == v.reshape(3, 2).T)
    assert len({*u.tolist()}) == (3 if activation == "relu" else 1)


@pytest.mark.parametrize(
    ("text", "free"),
    [
        # the slopes of a relu are data: hidden units have flips, a bias with them
        ("param u, v, b\ninput x\nmap u*relu(v*x + b)", True),
        ("param u, v, b\ninput x\nmap u*tanh(v*x + b)", True),
        ("param u, v, b\ninput x\nmap u*exp(v*x + b)", False),
        ("param u, v, b\ninput x\nmap u*sigmoid(v*x + b)", False),
    ],
)
def test_a_bias_has_a_sign_iff_the_function_is_odd(text: str, free: bool) -> None:
    assert (grades(model(text)).sign[2] != 0) == free


def test_a_preconditioner_ties_signs() -> None:
    def tied(p: str) -> bool:
        u, v = grades(model(f"param u, v\nmap u*v\nprecondition u by u^{p}, v by v^{p}")).sign.tolist()
        return bool(u == v != 0)

    assert tied("1") and not tied("2")


def test_velocities_count_in_parameters_by_time() -> None:
    m = model("param u, v\nconst tau\nmap u*v\nflow momentum(tau)")
    names = [leaf.name for _, leaf in m.program.leaves(*STATE)]
    sign = dict(zip(names, grades(m).sign.tolist(), strict=True))
    weight = dict(zip(names, grades(m).weight.tolist(), strict=True))
    for name in ("u", "v"):
        assert sign[f"vel({name})"] == sign[name] ^ sign["t"]
        assert weight[f"vel({name})"] == (weight[name] - weight["t"]) % WEIGHT_PRIME
    assert sign["u"] != sign["v"] and weight["u"] == weight["v"]


def test_rates_of_decay_count_in_inverse_times() -> None:
    m = model("param u, v\nconst a\nmap u*v\nflow gradient, decay(a)")
    (a,), (u, v, t) = grades(m, "const").weight.tolist(), grades(m).weight.tolist()
    assert u == v != 0 and (a + t) % WEIGHT_PRIME == 0 != t


def test_a_model_that_is_too_large_has_no_gradings(monkeypatch: pytest.MonkeyPatch) -> None:
    m = model("param U: [2, 2], V: [1, 2]\nmap U @ V.T")
    leaves = [n for n, _ in m.program.leaves(*STATE)]
    assert gradings(m, leaves) is not None
    monkeypatch.setattr(module, "LIMITS", replace(module.LIMITS, terms=3))
    assert gradings(m, leaves) is None

"""The sign flips and degrees that are read off a program, against all flips that leave its outputs alike."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from math import prod
from random import Random

import pytest

from claws.kernel.counting import simple_model
from claws.kernel.errors import Meter
from claws.kernel.evaluate import evaluate, fixed, indices
from claws.kernel.flow import STATE
from claws.kernel.lie import Model
from claws.kernel.rational import Choices, Rationals
from claws.prover.discovery import gradings as module
from claws.prover.discovery.gradings import gradings
from claws.syntax.spec import load_text

Grade = tuple[int, int]


def model(text: str) -> Model:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return simple_model(spec.instance({}).model())


def grades(m: Model) -> list[Grade]:
    """The signature and the degree of each coordinate."""
    leaves = [n for n, _ in m.program.leaves(*STATE)]
    found = gradings(m, leaves)
    return [(int(s), int(d)) for n in leaves for s, d in zip(found[n].signature, found[n].degree, strict=True)]


def flips(m: Model) -> list[tuple[int, ...]]:
    """All signs of the coordinates that, with some signs of the data, change every output entry by a sign at most."""
    program = m.program
    leaves = program.leaves(*STATE, "input")
    places = [(leaf.name, i) for n, leaf in leaves for i in indices([fixed(k) for k in program.shapes[n]])]
    random = Random(1)
    values = {place: Fraction(random.randint(2, 9**9)) for place in places}
    constants = {
        leaf.name: {i: Fraction(random.randint(2, 9**9)) for i in indices([fixed(k) for k in program.shapes[n]])}
        for n, leaf in program.leaves("const")
    }
    ring = Rationals({}, Choices(), Meter(10**9))

    def outputs(signs: tuple[int, ...]) -> list[Fraction]:
        arrays = {leaf.name: {} for _, leaf in leaves} | constants
        for (name, i), sign in zip(places, signs, strict=True):
            arrays[name][i] = sign * values[name, i]
        found = evaluate(program, list(m.outputs), arrays, ring, Meter(10**9))
        return [abs(x) for n in m.outputs for _, x in sorted(found[n].items())]

    base = outputs((1,) * len(places))
    state = sum(prod(fixed(k) for k in program.shapes[n]) for n, _ in program.leaves(*STATE))
    return sorted({signs[:state] for signs in product((1, -1), repeat=len(places)) if outputs(signs) == base})


POLYNOMIAL = [
    "param u, v\nmap u*v",
    "param u, v\nmap u*v + u",
    "param U: [2, 2], V: [1, 2]\nmap U @ V.T",
    "param u: [3]\nmap prod(u), u[0]",
    "param u: [3]\nmap prod(u) + u[0]",
    "param u: [2], v: [2]\ninput x: [2]\nmap dot(u*u - v*v, x)",
    "param A: [2, 2], b\nmap det(A)*b",
    "param u: [4], v\nmap u[1:3]*v + u[0:2]^3",
    "param u: [2], v: [2]\nmap concat(u, v)*[1, 2, 3, 4], reshape([u, v], [4])*u[0]",
    "param u, v\nmap u/v + v^3",
    "param u: [2]\nconst c: [2]\nmap dot(u, c)",
    "param u: [2]\nconst c: [2]\nmap u*c, 0*u[0] + u[1]",
    "param u: [3]\nmap einsum('i,i->i', u, u) + 1".replace("'", '"'),
    "param W: [2, 2], V: [2]\ninput x: [2]\nmap V @ (W @ x)^2",
]


@pytest.mark.parametrize("text", POLYNOMIAL)
def test_signatures_are_those_of_all_flips(text: str) -> None:
    """Two monomials of degree 1 or 2 have one signature iff every flip changes them alike."""
    m = model(text)
    signature = [s for s, _ in grades(m)]
    every = flips(m)
    count = len(signature)
    monomials = [(), *((k,) for k in range(count)), *((j, k) for j in range(count) for k in range(j, count))]

    def hashed(monomial: tuple[int, ...]) -> int:
        total = 0
        for k in monomial:
            total ^= signature[k]
        return total

    def changes(monomial: tuple[int, ...]) -> list[int]:
        return [prod(signs[k] for k in monomial) for signs in every]

    for a in monomials:
        for b in monomials:
            assert (hashed(a) == hashed(b)) == (changes(a) == changes(b)), (a, b)


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
    (_, _), (_, _), (b, _) = grades(model(text))
    assert (b != 0) == free


def test_a_preconditioner_takes_signs_away() -> None:
    assert [s for s, _ in grades(model("param u, v\nmap u*v\nprecondition u by u, v by v"))] == [0, 0]
    assert [s for s, _ in grades(model("param u, v\nmap u*v\nprecondition u by u^2, v by v^2"))] != [0, 0]


def test_velocities_change_as_their_parameters_and_time_does_not() -> None:
    m = model("param u, v\nconst tau\nmap u*v\nflow momentum(tau)")
    by_name = dict(zip([leaf.name for _, leaf in m.program.leaves(*STATE)], grades(m), strict=True))
    assert by_name["u"] == by_name["vel(u)"] != by_name["v"]
    assert by_name["t"][0] == 0


def test_degrees_are_for_homogeneous_models_alone() -> None:
    assert {d for _, d in grades(model("param u, v\nmap u*v, u^3"))} == {1}
    assert {d for _, d in grades(model("param u, v\nmap u*v + u"))} == {0}
    assert {d for _, d in grades(model("param u, v\nmap u*v\nprecondition u by u"))} == {0}


def test_a_model_that_is_too_large_has_no_signs(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "param U: [2, 2], V: [1, 2]\nmap U @ V.T"
    assert any(s for s, _ in grades(model(text)))
    monkeypatch.setattr(module, "MAX_WORDS", 3)
    assert not any(s for s, _ in grades(model(text)))

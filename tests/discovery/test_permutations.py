"""Permutations of neurons that are read off a program, against its outputs at permuted points."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from random import Random

import pytest

from claws.discovery.ansatz import state_ansatz
from claws.discovery.permutations import permutations
from claws.discovery.polynomial_search import Monomials, PolynomialSearch
from claws.kernel.core.errors import Meter
from claws.kernel.core.flow import STATE
from claws.kernel.counting.bounds import simple_model
from claws.kernel.counting.points import CountedModel
from claws.kernel.values.evaluation import evaluate, fixed, indices
from claws.kernel.values.evidence import Choices
from claws.kernel.values.rationals import Rationals
from claws.readings.modular import PRIMES
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text

Place = tuple[int, int]


def model(text: str) -> CountedModel:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return simple_model(Instance(spec, {}).model())


def places(m: CountedModel, *roles: str) -> list[Place]:
    return [(n, k) for n, _ in m.program.leaves(*roles) for k in range(prod(fixed(s) for s in m.program.shapes[n]))]


def orbits(text: str) -> int:
    """In how many parts the entries of the state fall."""
    m = model(text)
    letters = places(m, *STATE)
    of = list(range(len(letters)))
    for p in permutations(m, letters):
        for a, b in enumerate(p):
            of = [of[a] if x == of[b] else x for x in of]
    return len(set(of))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("param U: [3, 2], V: [4, 2]\nmap U @ V.T", 2),
        ("param U: [3, 3]\nmap U @ U.T", 1),
        # rows and columns of W are permuted together: its diagonal is apart
        ("param W: [3, 3]\nmap W", 1),
        ("param W: [3, 3]\nmap trace(W @ W)", 2),
        ("param A: [3, 3]\nmap det(A)", 2),
        ("param W: [3, 4], v: [4], b: [3]\ninput x: [4]\nmap relu(W @ (v*x) + b)", 3),
        ("param W: [3, 4], v: [4], b: [3]\ninput x: [4]\nmap prod(relu(W @ (v*x) + b))", 3),
        # what tells positions apart
        ("param u: [4]\nmap prod(u)", 1),
        ("param u: [4]\nmap dot(u, [1, 2, 3, 4])", 4),
        ("param u: [4]\nmap prod(u) + u[0]", 4),
        ("param u: [4]\nmap prod(u[0:2])", 4),
        ("param u: [4], v: [4]\nmap dot(u[0:4], v)", 2),
        ("param W: [2, 3], v: [6]\nmap reshape(W, [6])*v", 12),
        ("param W: [2, 1, 3], v: [2, 3]\nmap reshape(W, [2, 3])*v", 2),
        ("param W: [2, 2, 3], v: [2, 6]\nmap dot(reshape(W, [2, 6])[0], v[0])", 24),
        ("param W: [3, 2], v: [3]\nmap W.T @ v\nprecondition W by 1, v by [1, 2, 3]", 6),
        ("param W: [3, 2], v: [3]\nconst c: [3]\nmap W.T @ v\nprecondition v by c^2", 2),
        # a flow that moves velocities: u, vel(u) and t
        ("param u: [3]\nconst tau\nmap prod(u)\nflow momentum(tau)", 3),
    ],
)
def test_orbits(text: str, expected: int) -> None:
    assert orbits(text) == expected


MODELS = [
    "param U: [3, 2], V: [4, 2]\nmap U @ V.T, trace(U[0:2])",
    "param W: [3, 3], v: [3]\nmap det(W)*dot(v, W @ v), prod(v)",
    "param W: [3, 4], v: [4], b: [3]\ninput x: [4]\nconst c: [4]\nmap relu(W @ (v*x + c) + b)^3",
    "param A: [2, 3], B: [2, 3], s: [2]\nmap concat(A, B), s @ A",
    "param W: [2, 1, 3], v: [2, 3]\nmap reshape(W, [2, 3])*v, v.T @ v",
]


@pytest.mark.parametrize("text", MODELS)
def test_a_permutation_of_the_leaves_permutes_the_outputs(text: str) -> None:
    m = model(text)
    letters = places(m, *STATE, "input", "const")
    found = permutations(m, letters)
    assert found
    random = Random(1)
    values = [Fraction(random.randint(2, 9**9)) for _ in letters]

    def outputs(point: list[Fraction]) -> list[Fraction]:
        at = dict(zip(letters, point, strict=True))
        arrays = {}
        for n, leaf in m.program.leaves(*STATE, "input", "const"):
            shape = [fixed(k) for k in m.program.shapes[n]]
            arrays[leaf.name] = {i: at[n, k] for k, i in enumerate(indices(shape))}
        ring = Rationals({}, Choices(), Meter(10**9))
        result = evaluate(m.program, list(m.outputs), arrays, ring, Meter(10**9))
        return sorted(x for n in m.outputs for x in result[n].values())

    for p in found:
        assert sorted(p.tolist()) == list(range(len(letters))) != p.tolist()
        moved = [Fraction(0)] * len(letters)
        for k, x in zip(p, values, strict=True):
            moved[k] = x
        assert outputs(moved) == outputs(values)


def test_letters_that_go_nowhere_leave_a_permutation_out() -> None:
    m = model("param u: [3], v: [3]\nmap u*v")
    letters = places(m, "param")
    assert len(permutations(m, letters)) == 2
    (swap,) = permutations(m, letters[:-1])
    assert swap.tolist() == [1, 0, 2, 4, 3]


def test_images_of_one_class_are_not_solved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neurons of U @ V.T: only the laws U[:, 0]'U[:, 0] and U[:, 0]'U[:, 1] are solved for."""
    solved = []
    kernel = PolynomialSearch._kernel

    def counted(self: PolynomialSearch, monomials: Monomials) -> object:
        solved.append(len(monomials))
        return kernel(self, monomials)

    monkeypatch.setattr(PolynomialSearch, "_kernel", counted)
    ansatz = next(state_ansatz(Instance(load_text("param U: [3, 6], V: [4, 6]\nmap U @ V.T"), {}).model()))
    laws = list(PolynomialSearch(ansatz, PRIMES[0], 0, Meter(10**9)).laws(2))
    assert len(laws) == 21 and solved == [7, 7]

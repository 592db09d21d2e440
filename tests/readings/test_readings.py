"""The quick readings (residues, FLINT) agree with the kernel's exact ones."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.kernel.core.errors import Meter, Undefined
from claws.kernel.core.program import Program
from claws.kernel.core.statement import Statement
from claws.kernel.values.evaluation import Array, directional, evaluate, fixed, gradients, indices
from claws.kernel.values.evidence import Choices
from claws.kernel.values.rationals import Rationals
from claws.readings import jets
from claws.readings.arrays import Reading
from claws.readings.flint_reading import residue_vanishes
from claws.readings.modular import PRIMES, DrawnFunctions, PrimeField
from claws.readings.residues import residue_seems_zero
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text

P = PRIMES[0]
FIELD = PrimeField(P)
FUNCTIONS = DrawnFunctions(FIELD, 0, {})

# every node kind that is a rational function of the leaves
OUTPUTS = [
    "U @ V.T",
    "diag(U.T @ U)",
    "trace(U @ U.T)*c",
    "(U + 1/3)^3",
    "1/(c^2 + 1)",
    "prod(U[0])*prod(V)",
    "det(concat(U, V)[0:2, 0:2])",
    "[sum(V[:, k] * c for i in 0..1) for k in 0..1]",
    "[U[i + j, 0] for i in 0..1 for j in 0..1]",
    "reshape(kron(U, V), [12, 3])",
    "concat(U, V)[::2]",
    "diag(U[:, 0])",
    "I(2) @ U.T",
    "sum(k*U[k, 0] for k in 0..2)",
    "outer(U[0], V[-1])",
    'einsum("ij,kj,ij->k", U, V, U)',
    "conv1d(U.T, ones(2, 2, 2), padding=1)",
]


def statement(output: str, law: str = "sqnorm(U) + c*V[0, 1]^2") -> Statement:
    spec = load_text(f"param U: [3, 2], V: [3, 2], c\nmap {output}\nlaw l = {law}\n")
    assert not spec.diagnostics, spec.diagnostics
    return Instance(spec, {}).statement("l")


def leaves_mod(program: Program, exact: dict[str, Array]) -> dict[str, np.ndarray]:
    result = {}
    for n, leaf in program.leaves("param"):
        shape = [fixed(k) for k in program.shapes[n]]
        array = np.zeros((1, *shape))
        for i in indices(shape):
            array[(0, *i)] = FIELD.number(Fraction(exact[leaf.name].get(i, 0)))
        result[leaf.name] = array
    return result


def points() -> st.SearchStrategy[dict[str, Array]]:
    number = st.fractions(-3, 3, max_denominator=4)

    def array(shape: tuple[int, ...]) -> st.SearchStrategy[Array]:
        places = list(indices(shape))
        return st.lists(number, min_size=len(places), max_size=len(places)).map(
            lambda ys: {i: y for i, y in zip(places, ys, strict=True) if y}
        )

    return st.fixed_dictionaries({"U": array((3, 2)), "V": array((3, 2)), "c": array(())})


def same(modular: np.ndarray | None, exact: Array) -> bool:
    assert modular is not None
    dense = np.zeros(modular.shape[1:])
    for i, y in exact.items():
        dense[i] = FIELD.number(Fraction(y))
    return bool(np.array_equal(np.mod(modular[0], P), np.mod(dense, P)))


@pytest.mark.parametrize("output", OUTPUTS)
@settings(max_examples=15, deadline=None)
@given(point=points())
def test_residues_are_the_residues_of_the_rational_values(output: str, point: dict[str, Array]) -> None:
    s = statement(output)
    ring, meter = Rationals({}, Choices()), Meter(10**7)
    names = ["U", "V", "c"]
    residues = leaves_mod(s.program, point)
    here = Reading(s.program, {name: [x] for name, x in residues.items()}, FUNCTIONS, 0, meter)
    root = s.outputs[0]
    assert same(here.value(root)[0], evaluate(s.program, [root], point, ring, meter)[root])
    # backwards: the gradient of the law; forwards: the derivative of the output along it
    gradient = gradients(s.program, s.law, point, names, ring, meter)[()]
    pulled = here.pull({s.law: [np.ones((1,))]})
    for name in names:
        assert same(pulled[name][0], gradient.get(name, {}))
    exact = directional(s.program, [root], point, gradient, ring, meter)[root]
    moved = Reading(s.program, {name: [x, *pulled[name]] for name, x in residues.items()}, FUNCTIONS, 1, meter)
    pushed = moved.value(root)[1]
    assert (not exact) if pushed is None else same(np.broadcast_to(pushed, (1, *here.shapes[root])), exact)


def test_einsum_of_residues_is_exact_where_floats_would_not_be() -> None:
    rng = np.random.default_rng(0)
    a, b = (FIELD.reduce(rng.integers(0, P, (2, 3, 700)).astype(np.float64)) for _ in range(2))
    (got,) = jets.einsum(FIELD, [[a], [b]], [(0, 2), (1, 2)], (0, 1), [3, 3, 700])
    exact = np.einsum("bik,bjk->bij", a.astype(object), b.astype(object))
    assert got is not None and np.array_equal(np.mod(got, P), np.mod(exact, P).astype(np.float64))


@settings(deadline=None)
@given(st.integers(1, P - 1), st.integers(-50, 50))
def test_powers(x: int, k: int) -> None:
    assert int(FIELD.power(FIELD.reduce(np.array([float(x)])), k)[0]) % P == pow(x, k, P)


def test_a_division_by_zero_is_undefined() -> None:
    with pytest.raises(Undefined, match="division by zero"):
        FIELD.power(np.zeros(1), -1)


LINEAR = "dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T\n"


@pytest.mark.parametrize(
    ("law", "true"),
    [
        ("U.T @ U - V.T @ V", True),
        ("U.T @ U + V.T @ V", False),
        ("sqnorm(U)^2 - sqnorm(V)^2", False),
        ("1/sqnorm(U)", False),
    ],
)
def test_both_quick_readings_tell_true_laws_from_false_ones(law: str, true: bool) -> None:
    spec = load_text(f"{LINEAR}law l = {law}")
    s = Instance(spec, {"n": 2, "m": 3, "r": 2}).statement("l")
    assert residue_seems_zero(s, 0) is true
    assert residue_vanishes(s, Meter(10**7)) is true


@pytest.mark.parametrize(
    ("law", "true"),
    [
        ("exp(u + v) - exp(u)*exp(v)", True),
        ("exp(u*v) - exp(u)*exp(v)", False),
        # an addition theorem that nothing but real numbers knows
        ("tanh(2*u)*(1 + tanh(u)^2) - 2*tanh(u)", True),
        ("tanh(2*u)*(1 + tanh(u)^2) - tanh(u)", False),
    ],
)
def test_values_that_are_related_are_compared_as_real_numbers(law: str, true: bool) -> None:
    s = Instance(load_text(f"param u, v\nmap u*v\nlaw l = {law}"), {}).statement("l")
    assert residue_seems_zero(s, 0) is true
    # FLINT sees that it is not zero in independent values, and says no more
    with pytest.raises(Undefined, match="may be related"):
        residue_vanishes(s, Meter(10**7))


def test_no_real_value_is_no_answer() -> None:
    s = Instance(load_text("param u, v\nmap u*v\nlaw l = u*log(-1 - u^2) + exp(u)*exp(v)"), {}).statement("l")
    with pytest.raises(Undefined, match="no value here"):
        residue_seems_zero(s, 0)


@pytest.mark.parametrize("function", ["tanh", "exp", "sigmoid", "softplus", "gelu", "silu", "s", "q", "relu"])
def test_function_values_keep_their_identities_in_the_modular_reading(function: str) -> None:
    # the derivative of f(z)/f(z) is zero whatever f is, that of f is not
    head = "activation s homogeneous 3\nactivation q\nparam u, v\n"
    true = load_text(f"{head}map {function}(u*v + 1) - {function}(1 + v*u) + 0*u\nlaw l = u^2 + v")
    false = load_text(f"{head}map u*{function}(u*v + 1)\nlaw l = u^2 + v")
    assert residue_seems_zero(Instance(true, {}).statement("l"), 1)
    assert not residue_seems_zero(Instance(false, {}).statement("l"), 1)

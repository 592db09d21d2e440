"""What a step of gradient descent does to a law: what is stated, against SymPy's expansion of one step."""

from __future__ import annotations

import pytest
import sympy

from claws import loads
from claws.report.descent import EXACT, FIRST_ORDER, QUADRATIC, descend
from claws.syntax.reader import load_text
from tests.properties.interpreter import Interpreter, Numbers, read

MODEL = "dim n, r\nconst c: [r]\nparam U: [n, r], v: [r]\nmap U * v\n"
SIZES = {"n": 2, "r": 2}
GRAD = {"U": (2, 2), "v": (2,)}

QUADRATIC_LAWS = [
    ("U.T @ U - outer(v, v)", ""),
    ("sqnorm(U)", ""),
    ("sum(U, axis=0)^2 + v", ""),
    ("sum(U[i, 0]*v[1] for i in 0..n-1)", ""),
    ("[U[k, 0]^2 - v[0] for k in 0..n-1]", ""),
    ("[v[0], v[0]*v[1], 3]", ""),
    ("(v + c)*(v - c)", ""),
    ("(v + 1)^2", ""),
    ("dot(v, v) + trace(U @ U.T)", ""),
    ('einsum("ij,ij->j", U, U) - v^2', ""),
    ("concat(v^2, c, v)", ""),
    ("-(v*v)/3", ""),
    ("diag(U.T @ U) - v^2", ""),
    ("reshape(U*U, 4)", ""),
    ("half^2", "let half = v/2\n"),
    ("sum(U[:, 1:2]*U[:, 0:1])", ""),
]


def symbol(name: str, i: tuple[int, ...]) -> sympy.Symbol:
    return sympy.Symbol("_".join([name, *map(str, i)]))


def evaluated(text: str, law: str, shift: bool) -> list[sympy.Expr]:
    """The law's entries by the independent interpreter, at theta or, with `shift`, at theta - eta*d."""
    import numpy as np

    leaves = {}
    for name, shape in {**GRAD, "c": (2,)}.items():
        array = np.empty(shape, dtype=object)
        for i in np.ndindex(*shape):
            array[i] = symbol(name, i)
            if shift and name in GRAD:
                array[i] -= sympy.Symbol("eta") * symbol(f"d{name}", i)
        leaves[name] = array
    numbers = Numbers(lambda q: sympy.Rational(q.numerator, q.denominator), lambda name, x: sympy.Function(name)(x))
    file = read(text)
    run = Interpreter(file, SIZES, leaves, numbers)
    value = next(s.value for s in file.statements if getattr(getattr(s, "name", None), "name", "") == law)
    return [sympy.expand(x) for x in run.value(value).flat]


@pytest.mark.parametrize(("law", "before"), QUADRATIC_LAWS)
def test_the_second_order_part_is_what_a_step_adds(law: str, before: str) -> None:
    text = f"{MODEL}{before}law l = {law}\n"
    known = descend(load_text(text, "f.claw"), "l")
    assert known.kind == QUADRATIC
    # h(theta - eta d) by SymPy; what is stated, with d for grad
    stated = known.text.removeprefix("a step eta of gradient descent changes it by exactly eta^2*(").removesuffix(")")
    stated = stated.replace("grad(U)", "dU").replace("grad(v)", "dv")
    other = "dim n, r\nconst c: [r]\nparam dU: [n, r], dv: [r]\nmap dU * dv\nlaw l = " + stated + "\n"
    eta = sympy.Symbol("eta")
    changed = evaluated(text, "l", shift=True)
    names = {"dU": (2, 2), "dv": (2,)}
    added = _at_gradient(other, names)
    if len(added) == 1:
        added = added * len(changed)
    assert len(added) == len(changed)
    for after, part in zip(changed, added, strict=True):
        assert sympy.expand(after.coeff(eta, 2) - part) == 0
        assert after.coeff(eta, 3) == 0


def _at_gradient(text: str, shapes: dict[str, tuple[int, ...]]) -> list[sympy.Expr]:
    import numpy as np

    leaves = {}
    for name, shape in {**shapes, "c": (2,)}.items():
        leaves[name] = np.empty(shape, dtype=object)
        for i in np.ndindex(*shape):
            leaves[name][i] = symbol(name, i)
    numbers = Numbers(lambda q: sympy.Rational(q.numerator, q.denominator), lambda name, x: sympy.Function(name)(x))
    file = read(text)
    value = next(s.value for s in file.statements if getattr(getattr(s, "name", None), "name", "") == "l")
    return [sympy.expand(x) for x in Interpreter(file, SIZES, leaves, numbers).value(value).flat]


@pytest.mark.parametrize("law", ["sum(v)", "v + c", "3", "U @ c", "[v[0], U[1, 1]/2]", "c*c + v", "-v", "exp(c)*v"])
def test_affine_laws_are_conserved_in_steps(law: str) -> None:
    assert descend(load_text(f"{MODEL}law l = {law}\n", "f.claw"), "l").kind == EXACT


@pytest.mark.parametrize("law", ["v^3", "exp(v)", "v^2*v", "1/v", "prod(v)", "sqrt(v)", "v*U[0]*v", "relu(v)"])
def test_other_laws_drift_at_first_order(law: str) -> None:
    known = descend(load_text(f"{MODEL}law l = {law}\n", "f.claw"), "l")
    assert known.kind == FIRST_ORDER and "first order in eta" in known.text


@pytest.mark.parametrize("flow", ["flow momentum(1)", "flow gradient, decay(1)", "flow gradient, rate(t)"])
def test_other_dynamics_have_no_plain_step(flow: str) -> None:
    assert descend(load_text(f"{MODEL}{flow}\nlaw l = v\n", "f.claw"), "l").kind == FIRST_ORDER


def test_rates_and_preconditioners_are_in_the_step() -> None:
    text = "param u, v\nmap u*v\nprecondition u by 2\nflow gradient, rate(3, u)\nlaw l = u^2 - 6*v^2\n"
    known = descend(load_text(text, "f.claw"), "l")
    assert known.text.endswith("eta^2*((3*(2*grad(u)))^2 - 6*grad(v)^2)")


def test_it_is_shown_with_the_law() -> None:
    model = loads(f"{MODEL}law l = U.T @ U - outer(v, v)\n")
    assert "grad(U)" in descend(model.spec, "l").text

"""What is known of values of functions at different arguments: identities with false twins, and random programs against NumPy."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.kernel import Meter, OutOfBudget, Refused, Statement, check
from claws.kernel.core import program as p
from claws.kernel.core.functions import KNOWN
from claws.kernel.laws.evidence import ByPolynomials, ByTensors
from claws.kernel.laws.polynomials import Polynomials
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from tests.kernel.laws.against_numpy import polynomials_agree, tensors_agree
from tests.kernel.random_programs import Maker

MODEL = """dim n
param u: [n] in positive, v: [n] in positive, q in positive, a: [n], b: [n], y: [n]
param c
"""


def zero_statement(expression: str, **sizes: int) -> Statement:
    """A law that is true iff the expression is zero wherever it has a value: y is conserved iff the map does not see it."""
    spec = load_text(f"{MODEL}map ({expression})*y\nlaw l = y\n", "test.claw")
    assert not spec.diagnostics, spec.diagnostics
    return Instance(spec, sizes).statement("l")


def refusal(statement: Statement, evidence: ByTensors | ByPolynomials) -> str:
    """Why the kernel turns down a proof; empty where it accepts it."""
    try:
        check(statement, evidence, Meter(1_000_000))
    except Refused as problem:
        return str(problem)
    return ""


def by_tensors(expression: str) -> bool:
    why = refusal(zero_statement(expression), ByTensors({"n": 1}))
    assert not why or "does not vanish" in why
    return not why


def by_polynomials(expression: str) -> bool:
    why = refusal(zero_statement(expression, n=2), ByPolynomials())
    assert not why or "is not zero" in why
    return not why


# An identity, and the same one edit away, which is false at some point where both sides have values.
IDENTITIES = {
    "a sum": ("exp(a + b) - exp(a)*exp(b)", "exp(a*b) - exp(a)*exp(b)"),
    "a multiple": ("exp(3*a) - exp(a)^3", "exp(3*a) - 3*exp(a)"),
    "a part": ("exp(a)^(1/2) - exp(a/2)", "exp(a)^(1/2) - exp(a)/2"),
    "a negative": ("exp(-a)*exp(a) - 1", "exp(-a)*exp(a) + 1"),
    "a difference": ("exp(a - b)*exp(b - a) - 1", "exp(a - b)*exp(a - b) - 1"),
    "a constant": ("exp(a + 1) - exp(1)*exp(a)", "exp(a + 1) - exp(2)*exp(a)"),
    "a combination met before its parts": (
        "exp(2*a - b)*exp(b)*exp(a) - exp(a)^3",
        "exp(2*a - b)*exp(b)*exp(a) - exp(a)^2",
    ),
    "a scalar and a vector": ("exp(a + c) - exp(a)*exp(c)", "exp(a + c) - exp(a)*exp(a*c)"),
    "products in exponents": ("exp(c*(a + b)) - exp(c*a)*exp(c*b)", "exp(c*(a + b)) - exp(c*a)*exp(b)"),
    "squares of sums": (
        "exp((a + b)^2) - exp(a^2)*exp(2*a*b)*exp(b^2)",
        "exp((a + b)^2) - exp(a^2)*exp(a*b)*exp(b^2)",
    ),
    "two sides": ("elu(a)*exp(-a)*exp(b) - elu(a)*exp(b - a)", "elu(a)*exp(-a) - elu(-a)*exp(a)"),
    "exp of log": ("exp(log(a)) - a", "exp(log(a)) + a"),
    "exp of a multiple of log": ("exp(-2*log(u)) - u^(-2)", "exp(-2*log(u)) - u^2"),
    "exp of half a log": ("exp(log(u)/2) - sqrt(u)", "exp(log(u)/2) - u/2"),
    "a constant power": ("exp((c - 2)*log(u))*u^2 - exp(c*log(u))", "exp((c - 2)*log(u))*u - exp(c*log(u))"),
    "a constant power of a sum": (
        "exp((c + 1)*log(u + v)) - (u + v)*exp(c*log(u + v))",
        "exp((c + 1)*log(u + v)) - u*exp(c*log(u + v))",
    ),
    "exp of a sum of logs": ("exp(log(a) + 2*b) - a*exp(b)^2", "exp(log(a) + 2*b) - a + exp(b)^2"),
    "log of exp": ("log(exp(a)) - a", "log(exp(a)) + a"),
    "log of a product": ("log(u*v) - log(u) - log(v)", "log(u + v) - log(u) - log(v)"),
    "log of a quotient": ("log(u/v) - log(u) + log(v)", "log(u/v) - log(u) - log(v)"),
    "log of a power": ("log(u^3) - 3*log(u)", "log(u^3) - log(u)^3"),
    "log of a multiple": ("log(2*u) - log(u) - log(2)", "log(2*u) - 2*log(u)"),
    "log with one factor of any sign": ("log(exp(a)*b) - a - log(b)", "log(exp(a)*b) - a*log(b)"),
    # defined for a*b > 0 only, and where a, b < 0 the right side has no value: nothing is said there
    "log of what is negative": ("exp(log(u*a)) - u*a", "exp(log(u*a)) - u^2*a"),
    "root of a square": ("sqrt(u^2) - u", "sqrt(a^2) - a"),
    "root of a product": ("sqrt(u*v) - sqrt(u)*sqrt(v)", "sqrt(u + v) - sqrt(u) - sqrt(v)"),
    "log of a square": ("log(u^2) - 2*log(u)", "log(a^2)/2 - log(u)"),
    "half the log of a square": ("exp(log(u^2)/2) - u", "exp(log(a^2)/2) - a"),
    "tanh": ("tanh(a - b) + tanh(b - a)", "tanh(a - b) - tanh(b - a)"),
    "sin": ("sin(-a) + sin(a)", "sin(-a) - sin(a)"),
    "cos": ("cos(a - b) - cos(b - a)", "cos(a - b) + cos(b - a)"),
    "sigmoid": ("sigmoid(-a) + sigmoid(a) - 1", "sigmoid(-a) + sigmoid(a)"),
    "sigmoid of a multiple": ("sigmoid(-2*a) + sigmoid(2*a) - 1", "sigmoid(-2*a) + sigmoid(a) - 1"),
    "softplus": ("softplus(-a) + a - softplus(a)", "softplus(-a) - a - softplus(a)"),
    "silu": ("silu(a) - silu(-a) - a", "silu(a) + silu(-a) - a"),
    "gelu": ("gelu(a) - gelu(-a) - a", "gelu(a) + gelu(-a) - a"),
    "erf": ("erf(-a) + erf(a)", "erf(-a) - erf(a)"),
    "atan": ("atan(-a) + atan(a)", "atan(-a) - atan(a)"),
    "values that are known": ("exp(0*a) + sigmoid(0*a)*2 + tanh(0*a) - 2", "exp(0*a) + sigmoid(0*a) + tanh(0*a) - 2"),
    "the log of 1": ("log(u/u)", "log(2*u/u)"),
}


@pytest.mark.parametrize("why", IDENTITIES)
def test_identities_and_their_twins(why: str) -> None:
    true, false = IDENTITIES[why]
    assert by_tensors(true)
    assert by_polynomials(true)
    assert not by_tensors(false)
    assert not by_polynomials(false)


# Exponents whose sum over indices or coefficients depend on sizes.
FOR_ALL_SIZES = {
    "a sum over an index": ("exp(sum(a) + b) - exp(sum(a))*exp(b)", "exp(sum(a) + b) - exp(a)*exp(b)"),
    "a size as a coefficient": ("exp((n + 2)*a) - exp(n*a)*exp(a)^2", "exp((n + 2)*a) - exp(n*a)*exp(a)"),
    "an entry of a logarithm": (
        "exp(c*log(u)[0])*u[0] - exp((c + 1)*log(u)[0])",
        "exp(c*log(u)[0])*u - exp((c + 1)*log(u)[0])",
    ),
    "the denominators of softmax": (
        "exp(a)/sum(exp(a)) - exp(a + c)/sum(exp(a + c))",
        "exp(a)/sum(exp(a)) - exp(a + b)/sum(exp(a + b))",
    ),
    "log-softmax": ("log(exp(a)/sum(exp(a))) - a + log(sum(exp(a)))", "log(exp(a)/sum(exp(a))) - a - log(sum(exp(a)))"),
    "log of the size": ("log(n*u) - log(n) - log(u)", "log(n*u) - n*log(u)"),
    # e^(sum of log u_i) is the product of the u_i
    "the sum of logarithms": ("exp(log(sum(u))) - sum(u)", "exp(sum(log(u))) - sum(u)"),
    "the sum of logarithms beside others": (
        "exp(log(sum(u^(1/2))) + a) - sum(u^(1/2))*exp(a)",
        "exp(sum(log(u))/2 + a) - sum(u^(1/2))*exp(a)",
    ),
    "the trace of logarithms": (
        "exp(log(trace(outer(u, v)))) - dot(u, v)",
        "exp(trace(log(outer(u, v)))) - dot(u, v)",
    ),
    "the diagonal of logarithms": ("exp(diag(log(outer(u, v)))) - u*v", "exp(diag(log(outer(u, v)))) - u"),
}


@pytest.mark.parametrize("why", FOR_ALL_SIZES)
def test_identities_for_all_sizes(why: str) -> None:
    true, false = FOR_ALL_SIZES[why]
    assert by_tensors(true)
    assert not by_tensors(false)


def test_a_common_factor_of_a_sum_leaves_a_logarithm_at_fixed_sizes() -> None:
    assert by_polynomials("log(exp(a) + exp(b)) - a - log(1 + exp(b - a))")
    assert not by_polynomials("log(exp(a) + exp(b)) - a - log(1 + exp(a - b))")


def test_a_sign_is_positive_only_by_domain() -> None:
    """The same identities, for parameters whose sign nobody gives."""
    for expression in ("sqrt(a^2) - a", "log(a^2) - 2*log(u)", "sqrt(a^2*b^2) - a*b", "sqrt(u^2*a^2) - u*a"):
        assert not by_tensors(expression)
        assert not by_polynomials(expression)
    for expression in ("sqrt(u^2) - u", "log(u^2) - 2*log(u)", "sqrt(u^2*v^2) - u*v", "sqrt(q^2*u^2) - u*q"):
        assert by_tensors(expression)
        assert by_polynomials(expression)


def test_long_exponents_are_left_as_they_are() -> None:
    """Taking an argument apart costs no proof that needs it whole, and exponents stay short."""
    long = " + ".join(f"a^{k}*b" for k in range(2, 40))
    assert by_tensors(f"exp(c*({long})) - exp(({long})*c)")
    assert not by_tensors(f"exp(c*({long})) - exp(({long})*a)")
    for c in ("10000001", "1/10000001"):
        assert by_tensors(f"exp({c}*a)*exp(b) - exp(b)*exp({c}*a)")
        assert by_polynomials(f"exp({c}*a)*exp(b) - exp(b)*exp({c}*a)")


def test_exponents_are_rewritten_over_a_basis() -> None:
    """However many arguments are met, as many variables are made as are independent."""
    of = Polynomials({}, Meter(1_000_000))
    x, y = (of.variable(name, name) for name in "xy")
    found = [
        of.elementary("exp", x * of.number(Fraction(j)) + y * of.number(Fraction(k, 2)))[0]
        for j in range(-3, 4)
        for k in range(-3, 4)
    ]
    assert len(of.variables) == 4
    assert len({z.key() for z in found}) == 49
    big = of.number(Fraction(10**7))
    with pytest.raises(OutOfBudget, match="exponent"):
        of.elementary("exp", x * big)


FUNCTIONS = tuple(name for name, row in KNOWN.items() if row.sides is None)


class FunctionMaker(Maker):
    """Programs of functions of sums, multiples and products of few arrays, so that arguments are related."""

    def step(self) -> None:
        r = self.random
        kind = r.choice(["sum", "sum", "multiple", "apply", "apply", "apply", "product", "power"])
        x = self.some()
        same = [k for k, shape in enumerate(self.shapes) if shape == self.shapes[x]]
        rank = len(self.shapes[x])
        y = r.choice(same)
        new: int | None
        if kind == "sum":
            c = Fraction(r.choice([1, -1, 2, -2, 3]), r.choice([1, 1, 2]))
            new = self.put(p.Sum(((c, x), (Fraction(r.choice([1, -1])), y))))
            positive = False
        elif kind == "multiple":
            c = Fraction(r.choice([1, -1, 2, -2, 3]), r.choice([1, 2, 3]))
            new = self.put(p.Sum(((c, x),)))
            positive = c > 0 and x in self.positive
        elif kind == "apply":
            logs = [k for k in range(len(self.nodes)) if k in self.positive]
            f = r.choice(["exp", "exp", "exp", "log", "log", r.choice(FUNCTIONS)])
            new = self.put(p.Apply(f, r.choice(logs) if f == "log" else x))
            positive = KNOWN[f].positive
        elif kind == "product":
            labels = tuple(range(rank))
            new = self.put(p.Einsum((x, y), (labels, labels), labels, self.shapes[x]))
            positive = x in self.positive and y in self.positive
        else:
            roots = [Fraction(1, 2), Fraction(-1, 2), Fraction(3, 2), Fraction(1, 3)] if x in self.positive else []
            e = r.choice([Fraction(2), Fraction(2), Fraction(-1), *roots])
            new = self.put(p.power(x, e))
            # squares are not, by their form, but have logarithms and roots
            positive = x in self.positive or e == 2
        if new is not None and positive:
            self.positive.add(new)


def random_functions(random: Random) -> Statement:
    maker = FunctionMaker(random)
    for _ in range(random.choice([6, 10, 14])):
        maker.step()
    return maker.statement()


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 10**6))
def test_random_functions_as_tensors_agree_with_numpy(seed: int) -> None:
    random = Random(seed)
    tensors_agree(random_functions(random), random, seed)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 10**6))
def test_random_functions_as_polynomials_agree_with_numpy(seed: int) -> None:
    random = Random(seed)
    polynomials_agree(random_functions(random), random, seed)


def test_random_functions_are_mostly_compared() -> None:
    seeds = range(40)
    assert sum(tensors_agree(random_functions(Random(k)), Random(k), k) for k in seeds) > 30
    assert sum(polynomials_agree(random_functions(Random(k)), Random(k), k) for k in seeds) > 30

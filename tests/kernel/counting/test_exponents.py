"""Related exponents: what is no exponential may be related to them too, and every reader of a setting uses their values."""

from __future__ import annotations

import numpy as np
import pytest

from claws.kernel.core.errors import Meter, Refused
from claws.kernel.core.finding import Verdict
from claws.kernel.counting.bounds import Here
from claws.kernel.counting.evidence import Sandwich, Step
from claws.kernel.counting.points import ExactRanks, Point
from claws.prover.array_ranks import ArrayRanks
from claws.readings.points import ModularPoint
from claws.runner.check import check_text
from claws.runner.options import Options
from tests.kernel.counting.test_bounds import P, count, judge
from tests.kernel.counting.true import drawn_rank, rank_at

OTHER = 8388587
"""A prime of the form 4*k + 3, so square roots have residues."""

RELATED = "linear relation with constant coefficients"

ERF = """param w, v, s, t
input x, y
map x*(erf(w) + erf(v)) + y*(s + t)
precondition w by exp({0})
precondition v by exp({1})
precondition s by 1 + (w - v)^2
"""

STEPS = (Step(1, 4), Step((1, 1), 4))


def evidence(modulus: int = P) -> Sandwich:
    return Sandwich((), (), STEPS, modulus, 0)


# --- exponentials without data, and what else has none ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "at_most", "twin"),
    [
        # the logarithm is w, and the output is 0: 3 laws
        (
            "param w, v, u\ninput x\nmap x*(log((exp(w)*u/u + exp(w)*u/u)/2) - w)*v\n",
            2,
            "param w, v, u\ninput x\nmap x*(log(exp(2*w) + exp(w) + u^2) - w)*v\n",
        ),
        # tanh is a solution, and then the output is 0: 2 laws
        (
            "activation s with s' = 1 - s^2\nparam w, v\ninput x\nmap x*v*(s(w) - tanh(w))\n",
            1,
            "activation s with s' = 1 - s^2\nparam w, v\ninput x\nmap x*v*(s(w) - tanh(v))\n",
        ),
        # exp(w^2) times the slope of erf is one number for w and for v, so w - v is a law beside another: 2 laws
        (ERF.format("w^2", "v^2"), 1, ERF.format("2*w", "v")),
    ],
)
def test_exponentials_without_data_are_compared_with_all_other_functions(text: str, at_most: int, twin: str) -> None:
    with pytest.raises(Refused, match=RELATED):
        judge(count("<=", at_most, text), evidence())
    assert judge(count("<=", at_most, twin), evidence()).verdict is Verdict.PROVED


def test_a_logarithm_beside_related_exponentials_is_counted() -> None:
    text = "param w, v\ninput x\nmap x*(exp(w) + exp(2*w))*log(1 + v^2)\n"
    assert judge(count("<=", 1, text), evidence()).verdict is Verdict.PROVED


# --- entries of laws ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "b", "verdict"),
    [
        ("exp(2*w)", "exp(w)^2", Verdict.PROVED),  # one function, which counts once
        ("exp(2*w)", "exp(w)^3", Verdict.REFUTED),
        # one function, though nothing shows it
        ("exp(w)*sigmoid(-w)", "sigmoid(w)", Verdict.UNKNOWN),
    ],
)
def test_entries_are_told_apart_where_exponentials_are_related(a: str, b: str, verdict: Verdict) -> None:
    text = f"param w\ninput x\nmap x\nlaw a = {a}\nlaw b = {b}\nindependent a, b\n"
    (claim,) = [c for c in check_text(text, "x", Options()).claims if c.kind == "independent"]
    assert claim.verdict is verdict, claim.reason


# --- the accelerator ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "output",
    ["v*(sigmoid(w*x) + sigmoid(-w*x)) + u", "v*exp(w*x)*exp(-w*x) + u", "v*sqrt(exp(w*x) + exp(2*w*x) + u^2)"],
)
def test_arrays_and_the_kernel_take_the_same_values_of_related_exponentials(output: str) -> None:
    statement = count("<=", 1, f"param w, v, u\ninput x\nmap {output}\n")
    drawn = Sandwich((), (), (), OTHER, 0)
    setting, _ = Here(statement, (), drawn, ExactRanks(), Meter(10**9)).setting_of_brackets()
    assert setting.exponentials is not None
    exact, fast = Point(statement, setting, Meter(10**9)), ModularPoint(statement, setting, Meter(10**9))
    for s, step in enumerate(STEPS):
        got = np.mod(np.rint(fast.elements_of(step, s, range(step.count))), OTHER).astype(int).tolist()
        assert got == [exact.element(step, s, k) for k in range(step.count)]


def test_an_accelerator_knows_that_exponentials_are_related() -> None:
    # each output is v + u, so there are 2 fields of 8 parameters
    text = "param w, v, u, a: [2]\ninput x\nmap v*(sigmoid(w*x) + sigmoid(-w*x)) + u\n"
    for ranks in (None, ArrayRanks()):
        with pytest.raises(Refused, match="do not decide"):
            judge(count("<=", 5, text), evidence(), ranks)
        assert judge(count("<=", 6, text), evidence(), ranks).verdict is Verdict.PROVED


def test_a_modulus_that_divides_a_denominator_is_refused() -> None:
    text = f"param w, v\ninput x\nmap v*exp({P}*w*x) + exp(w*x)\n"
    with pytest.raises(Refused, match="no inverse"):
        judge(count("<=", 0, text), evidence())
    assert judge(count("<=", 0, text), evidence(OTHER)).verdict is Verdict.PROVED


# --- ranks, by hand --------------------------------------------------------------------------------------------------

REASONS = ("the same residue", "linear relation", "no polynomials", "a number of its own")


def rank_or_reason(text: str, modulus: int = P) -> int | str:
    """The rank of generators, or the words of a refusal that are known here."""
    try:
        return drawn_rank(text, modulus=modulus)
    except Refused as problem:
        return next((words for words in REASONS if words in str(problem)), str(problem))


RANKS = [
    ("param a, b\ninput x\nmap a*exp(x) + b*exp(2*x)", 2),
    ("param a, b\ninput x\nmap a*exp(x)^2 + b*exp(2*x)", 1),
    ("param a, b\ninput x\nmap a*exp(x)*exp(-x) + b", 1),
    ("param a, b\ninput x\nmap a*exp(x/2)*exp(x/3) + b*exp(5*x/6)", 1),
    ("param a, b\ninput x\nmap a*exp(x/2)*exp(x/3) + b*exp(x)", 2),
    ("param a, b\ninput x: [2]\nmap a*exp(x[0])*exp(x[1]) + b*exp(x[0] + x[1])", 1),
    ("param a, b\ninput x: [2]\nmap a*exp(x[0])*exp(x[1]) + b*exp(x[0] - x[1])", 2),
    ("param a, b, c\ninput x: [2]\nmap a*exp(x[0]*x[1]) + b*exp(x[0]) + c*exp(2*x[0]*x[1] - x[0])", 3),
    # the parts without data: exp(a + x) is exp(a)*exp(x)
    ("param a, b, c\ninput x\nmap exp(a + x)*b + exp(c + x)", 1),
    ("param u, b: [2]\ninput x\nmap sum(u[k]*exp(x + b[k]) for k in 0..1)", 1),
    ("param a, b, c\ninput x\nmap exp(a + x)*b + exp(c + 2*x)", 2),
    ("param a, b\nconst c\ninput x\nmap a*exp(x + c)/exp(x) + b", 1),
    ("param a, b\ninput x\nmap a*exp(b) + exp(2*b)*x", 2),
    ("param a, b\ninput x\nmap (a*exp(b) + exp(2*b)*exp(-b))*x", 1),
    ("param a, b, c\ninput x\nmap exp(a*b)*exp(c) + exp(a*b + c)*x", 1),
    # what is made with exp
    ("param a, b\ninput x\nmap a*(tanh(x) - 2*sigmoid(2*x) + 1) + b", 1),
    ("param a, b\ninput x\nmap a*(tanh(x) - 2*sigmoid(2*x)) + b", 1),
    ("param a, b\ninput x\nmap a*(sigmoid(x) + sigmoid(-x)) + b", 1),
    ("param a, b\ninput x\nmap a*(sigmoid(x) - sigmoid(-x)) + b*tanh(x/2)", 1),
    ("param a, b\ninput x\nmap a*sigmoid(2*x) + b*sigmoid(x)", 2),
    ("param b, v: [2]\ninput x\nmap softmax([x + b[0], x + b[1]]) @ v", 1),
    ("param b, v: [2]\ninput x\nmap softmax([x + b[0], 2*x + b[1]]) @ v", 3),
    # numbers that are no integers, and 1
    ("param a, b\ninput x\nmap a*exp(x + 1/3)*exp(2/3 - x) + b*exp(1)", 1),
    ("param a, b\ninput x\nmap a*exp(1/3)*x + b*exp(1)", 2),
]


@pytest.mark.parametrize(("text", "rank"), RANKS)
def test_generators_with_related_exponents(text: str, rank: int) -> None:
    """By hand: the number of different functions of the data, which generators are gradients of."""
    assert drawn_rank(text) == rank
    assert drawn_rank(text, ranks=ArrayRanks()) == rank


@pytest.mark.parametrize("p", [P, OTHER])
def test_exponents_that_are_equal_modulo_the_prime_are_not_merged(p: int) -> None:
    """exp((p + 1)*x) and exp(x) are two functions, of which the arguments have one residue."""
    for k in (p + 1, 1 - p, 2 * p + 1):
        with pytest.raises(Refused, match="the same residue"):
            drawn_rank(f"param a, b\ninput x\nmap a*exp({k}*x) + b*exp(x)", modulus=p)
        assert drawn_rank(f"param a, b\ninput x\nmap a*exp({k}*x) + b*exp(x)", modulus=P + OTHER - p) == 2
    # what is zero as a function stays zero
    for text in (f"exp({p + 1}*x) - exp(x)*exp({p}*x)", f"exp({p}*x)*exp(-{p}*x) - 1"):
        assert rank_or_reason(f"param a, b\ninput x\nmap a*({text}) + b*x", p) in (1, "the same residue")


def test_a_number_without_an_inverse_is_refused() -> None:
    text = "param a, b\ninput x\nmap a*exp(x)*exp(-x/7) + b*exp(x/{k})"
    assert drawn_rank(text.format(k=13), modulus=1009) == 2
    for k, modulus in ((1009, 1009), (13, 1001)):
        with pytest.raises(Refused, match=r"has no inverse|a division by|a pivot is no unit"):
            drawn_rank(text.format(k=k), modulus=modulus)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("map a*exp(exp(x)) + b*exp(2*exp(x))", "no polynomials"),
        ("map a*exp(sqrt(1 + x^2)) + b*exp(2*sqrt(1 + x^2))", "no polynomials"),
        ("map a*exp(1/x) + b*exp(2/x)", "no polynomials"),
        ("map a*erf(x) + b*erf(2*x)", "linear relation"),
        ("map a*sin(x) + b*sin(2*x)", "linear relation"),
    ],
)
def test_related_exponents_that_have_no_basis_are_refused(text: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        drawn_rank(f"param a, b\ninput x in positive\n{text}")
    apart = (
        text.replace("2*exp(x)", "x^2").replace("2*sqrt(1 + x^2)", "2*x").replace("2/x", "x").replace("(2*x)", "(x^2)")
    )
    assert apart != text
    assert drawn_rank(f"param a, b\ninput x in positive\n{apart}") == 2


@pytest.mark.parametrize(
    "value",
    [
        "log(exp(a)*exp(2*a)) - 3*a",
        "log(exp(a) + exp(2*a)) - a - softplus(a)",
        "log(sum([exp(a)*exp(2*a), 0])) - 3*a",
        "log(exp(a)^2 + exp(2*a)) - 2*a - log(2 + 0*a)",
        "log((exp(a) + exp(2*a))*exp(a)) - log(exp(2*a) + exp(3*a))",
        "log(exp(a*c)*exp(2*a*c)) - 3*a*c",
        "log(exp(a + x)*exp(a - x)*exp(x)) - 2*a - x",
    ],
)
def test_logarithms_of_related_exponentials_are_not_independent_of_them(value: str) -> None:
    """The output is 0, so there are no fields: a rank of 1 would be wrong."""
    text = f"param a, b\nconst c\ninput x\nmap b*({value})*x"
    assert rank_or_reason(text) in (0, "linear relation", "no polynomials", "a number of its own")
    assert drawn_rank("param a, b\ninput x\nmap b*(log(exp(a) + exp(2*a) + exp(x)) - 3*a)*x") == 2


def test_each_cell_has_a_basis_of_its_own() -> None:
    """exp(|z|)*exp(-z) is 1 on one side and exp(-2z) on the other."""
    text = "param u, w\ninput x\nmap u*exp(abs(x))*exp(-x) + w"
    values = {"u": [1], "w": [2]}
    for ranks in (None, ArrayRanks()):
        assert rank_at(text, values, [[1], [2], [3]], ranks=ranks) == 1
        assert rank_at(text, values, [[-1]], ranks=ranks) == 1
        assert rank_at(text, values, [[-1], [-2]], ranks=ranks) == 2
        assert rank_at(text, values, [[1], [-2]], ranks=ranks) == 2

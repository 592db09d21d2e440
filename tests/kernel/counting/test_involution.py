"""Fields in involution: laws that need no formula. What is accepted, and forged evidence that is refused for the right reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest

from claws.kernel.core.errors import Malformed, Meter, Refused
from claws.kernel.counting.evidence import Combination, Involution, Sandwich, Step, Terms
from claws.kernel.counting.involution import ONE_FIELD, SpanningFields, involutive_rank
from claws.kernel.counting.points import ExactRanks, Setting
from claws.kernel.counting.statements import Complete, Count
from claws.kernel.format.certificate import Certificate, read_certificate
from claws.kernel.laws.evidence import ByTensors
from claws.prover.certificates import write_certificate
from claws.prover.involutions import find_involution
from tests.claims.published import linear_net
from tests.kernel.counting.test_bounds import P, count, judge, statements


def terms(*parts: tuple[int, dict[int, int]]) -> Terms:
    """A polynomial: coefficients, and exponents by coordinate."""
    return tuple((Fraction(c), tuple(powers.items())) for c, powers in parts)


# With s = a*b the fields are g_k = s d/du_k + u_k grad s, and [g_0, g_1] = |grad s|^2 (u_0 d/du_1 - u_1 d/du_0). So
# s*[g_0, g_1] = |grad s|^2 (u_0 g_1 - u_1 g_0). The coordinates are u_0, u_1, a, b.
SCALED = "param u: [2], a, b\nmap a*b*u\n"
BRACKET = Combination(
    terms((1, {2: 1, 3: 1})),
    (
        terms((-1, {1: 1, 2: 2}), (-1, {1: 1, 3: 2})),
        terms((1, {0: 1, 2: 2}), (1, {0: 1, 3: 2})),
    ),
)
BY_HAND = Involution((), (0, 1), (), (BRACKET,))


def rank(text: str, evidence: Involution) -> int:
    return involutive_rank(count(">=", 0, text), evidence, Meter(10**7))


def found(text: str, expected: int) -> Involution:
    """The evidence of the search that the Lie algebra has this dimension."""
    evidence = find_involution(count(">=", 0, text), expected, P, 0, Meter(10**7))
    assert evidence is not None
    return evidence


def only(evidence: Involution | None, *steps: Step) -> Sandwich:
    return Sandwich((), (), steps, P, 0, involution=evidence)


def test_an_involution_counts_laws_without_one() -> None:
    statement = count("=", 2, SCALED)
    theorem = judge(statement, only(BY_HAND, Step(1, 4)))
    assert theorem.verdict == "PROVED"
    assert theorem.found["count_at_least"] == theorem.found["count_at_most"] == 2
    assert theorem.trust == ("core 3", "polynomials 3", "values 3", "counting 3", f"ranks modulo {P}")
    assert theorem.premises == ()
    with pytest.raises(Refused, match="the bounds do not decide the claim"):
        judge(statement, only(None, Step(1, 4)))
    assert judge(count(">=", 3, SCALED), only(BY_HAND, Step(1, 4))).verdict == "REFUTED"


def test_complete_is_refuted_by_laws_that_nobody_names() -> None:
    statement = statements(SCALED + "law l = a^2 - b^2\n", "complete l")
    assert isinstance(statement, Complete)
    # the program of the claim has its leaves in another order
    evidence = only(find_involution(statement, 2, P, 0, Meter(10**6)))
    evidence = replace(evidence, laws=((statement.laws[0], ByTensors({})),))
    assert judge(statement, evidence).verdict == "REFUTED"
    with pytest.raises(Refused, match="the bounds do not decide the claim"):
        judge(statement, replace(evidence, involution=None))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"basis": (0,)}, "for each field that is not in its basis"),
        ({"basis": ()}, "for each field that is not in its basis"),
        ({"basis": (1, 0)}, "is not the combination"),
        ({"basis": (0, 2)}, "a field that is not there"),
        ({"basis": (0, -1)}, "a field that is not there"),
        ({"basis": (0, 0)}, "for each field that is not in its basis"),
        ({"basis": (0, 1, 1)}, "for the bracket of each two fields"),
        ({"spans": (BRACKET,)}, "for each field that is not in its basis"),
        ({"brackets": ()}, "for the bracket of each two fields"),
        ({"brackets": (BRACKET, BRACKET)}, "for the bracket of each two fields"),
        ({"added": ((0, 2),)}, "a field that is not there"),
        ({"added": ((0, -1),)}, "a field that is not there"),
    ],
)
def test_a_changed_involution_is_refused(change: dict[str, object], reason: str) -> None:
    assert rank(SCALED, BY_HAND) == 2
    with pytest.raises(Refused, match=reason):
        rank(SCALED, replace(BY_HAND, **change))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"multiple": terms((2, {2: 1, 3: 1}))}, "is not the combination"),
        ({"multiple": terms((1, {2: 1}))}, "is not the combination"),
        ({"multiple": ()}, "multiplied by zero"),
        ({"multiple": terms((1, {2: 1}), (-1, {2: 1})), "coefficients": ((), ())}, "multiplied by zero"),
        ({"multiple": terms((0, {2: 1})), "coefficients": ((), ())}, "multiplied by zero"),
        ({"multiple": terms((1, {4: 1}))}, "no entry of the state or of a constant"),
        ({"multiple": terms((1, {-1: 1}))}, "no entry of the state or of a constant"),
        ({"multiple": terms((1, {2: 0}))}, "an exponent of a combination is at least 1"),
        ({"multiple": terms((1, {2: -1}))}, "an exponent of a combination is at least 1"),
        ({"coefficients": ((), ())}, "is not the combination"),
        ({"coefficients": BRACKET.coefficients[::-1]}, "is not the combination"),
        ({"coefficients": BRACKET.coefficients[:1]}, "a coefficient for each field of the basis"),
        ({"coefficients": (*BRACKET.coefficients, ())}, "a coefficient for each field of the basis"),
        ({"coefficients": (BRACKET.coefficients[0][:1], BRACKET.coefficients[1])}, "is not the combination"),
    ],
)
def test_a_changed_combination_is_refused(change: dict[str, object], reason: str) -> None:
    assert rank(SCALED, BY_HAND) == 2
    with pytest.raises(Refused, match=reason):
        rank(SCALED, replace(BY_HAND, brackets=(replace(BRACKET, **change),)))


@pytest.mark.parametrize(
    "other",
    [
        "param u: [2], a, b\nmap a*b*u, a\n",
        "param u: [2], a, b\nmap a*b*u, a*b\n",
        "param u: [2], a, b\nmap a*b*[u[0], u[1] + a]\n",
        "param u: [2], a, b\nmap a^2*b*u\n",
        "param u: [2], a, b\nprecondition a by a^2\nmap a*b*u\n",
        "param u: [2], a, b\nconst lambda\nflow gradient, decay(lambda)\nmap a*b*u\n",
    ],
)
def test_the_evidence_for_one_model_is_none_for_another(other: str) -> None:
    assert rank(SCALED, BY_HAND) == 2
    with pytest.raises(Refused, match=r"is not the combination|for each field that is not in its basis"):
        rank(other, BY_HAND)


def times_c(x: Terms) -> Terms:
    """The polynomial times the leaf that comes after the state."""
    return tuple((c, (*powers, (4, 1))) for c, powers in x)


def test_combinations_have_coefficients_in_the_state_and_the_constants() -> None:
    by_c = tuple(times_c(x) for x in BRACKET.coefficients)
    constant = "param u: [2], a, b\nconst c\nmap c*a*b*u\n"
    assert rank(constant, replace(BY_HAND, brackets=(replace(BRACKET, coefficients=by_c),))) == 2
    with pytest.raises(Refused, match="is not the combination"):
        rank(constant, BY_HAND)
    data = constant.replace("const", "input")
    assert rank(data, BY_HAND) == 2
    with pytest.raises(Refused, match="no entry of the state or of a constant"):
        rank(data, replace(BY_HAND, brackets=(Combination(times_c(BRACKET.multiple), by_c),)))


def test_fields_that_are_not_in_the_basis_are_combinations_of_it() -> None:
    text = "param u: [2], a, b\nmap a*b*u, a*b*(u[0] - 3*u[1])\n"
    span = Combination(terms((1, {})), (terms((1, {})), terms((-3, {}))))
    good = replace(BY_HAND, spans=(span,))
    assert rank(text, good) == 2
    for bad in (BY_HAND, replace(good, spans=(replace(span, coefficients=span.coefficients[::-1]),))):
        with pytest.raises(Refused, match=r"is not the combination|for each field that is not in its basis"):
            rank(text, bad)


def test_what_is_zero_or_met_before_is_no_other_field() -> None:
    assert rank("param u: [2], a, b\nmap a*b*u, a*b*u[1], u[0] - u[0], 1\n", BY_HAND) == 2
    nothing = Involution((), (), (), ())
    assert judge(count("=", 2, "param a, b\nmap 3\n"), only(nothing)).verdict == "PROVED"
    with pytest.raises(Refused, match="for each field that is not in its basis"):
        rank("param a, b\nmap 3*a\n", nothing)


# --- which fields there are -----------------------------------------------------------------------------------------------


def fields(text: str) -> int:
    return len(SpanningFields(count(">=", 0, text), Meter(10**6)).fields)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("param u, v\nmap u*v\n", 1),
        ("param u, v\nmap u*v, u, u\n", 2),
        ("param u, v\ninput x\nmap u*x + v*x^2 + u*v*x\n", 2),
        ("param u, v\ninput x: [3]\nmap u*x + v*x^2\n", 2),
        ("param u: [3]\ninput x: [3]\nmap dot(u, x)\n", 3),
        ("param u: [3]\nconst c: [3]\nmap dot(u, c)\n", 1),
        ("param u, v\ninput x, y\nmap (u*x + v*y)^2\n", 3),
        ("param u, v\ninput x\nmap u*exp(x)*relu(x) + v*exp(x)*relu(x) + u^2/(1 + x^2)\n", 2),
        ("param u, v\nfunction F\ninput x: [2]\nmap u*F(x)\n", 1),
        ("param u, v\nconst c\nmap u*exp(c) + v\n", 1),
        ("param u, v\nmap u/v\n", 1),
        ("param u, v\nmap u*relu(v), v\n", 2),
        ("param u, v\nconst c\nmap 1/(u*v + exp(c))\n", 1),
        ("param u, v\nconst lambda\nflow gradient, decay(lambda)\nmap u*v\n", 2),
        ("param u\nconst tau\nflow momentum(tau)\nmap u\n", 2),
    ],
)
def test_the_fields_that_span_all_generators(text: str, number: int) -> None:
    assert fields(text) == number


@pytest.mark.parametrize(
    ("text", "twin", "reason"),
    [
        ("param u, v\nmap u*exp(v), v\n", "param u, v\nconst c\nmap u*exp(c), v\n", "exp is taken of the state"),
        ("activation s\nparam u, v\nmap u*s(v), v\n", "param u, v\nmap u*v, v\n", "s is taken of the state"),
        (
            "function F\nparam u: [2]\nmap F(u)\n",
            "function F\nparam u: [2]\nconst c: [2]\nmap F(c)*u\n",
            "F is taken of the state",
        ),
        (
            "param u, v\nprecondition u by exp(u)\nmap u*v, v\n",
            "param u, v\nprecondition u by 1 + u^2\nmap u*v, v\n",
            "exp is taken of the state",
        ),
        (
            "param u, v\ninput x\nmap 1/(u + v*x)\n",
            "param u, v\ninput x\nmap 1/(u + v)/(1 + x^2)\n",
            "data and the state are mixed",
        ),
        (
            "param u, v\ninput x\nmap sqrt(u^2 + v^2*x^2)\n",
            "param u, v\ninput x\nmap sqrt(u^2 + v^2)*x\n",
            "data and the state are mixed",
        ),
        ("param u, v\nmap stop(u)*v, u\n", "param u, v\nmap u*v, u\n", "a gradient is stopped"),
    ],
)
def test_other_models_have_no_such_fields(text: str, twin: str, reason: str) -> None:
    with pytest.raises(Refused, match=reason):
        fields(text)
    assert fields(twin) > 0


def test_a_model_that_has_a_value_nowhere_has_no_fields() -> None:
    for root, inside in (("sqrt(u)*sqrt(u)", "u"), ("sqrt(u^2 + v^2)^2", "u^2 - v^2")):
        text = f"param u in positive, v\nmap v/({root} - {{}})\n"
        assert fields(text.format("1")) == 1
        with pytest.raises(Refused, match="zero everywhere"):
            fields(text.format(inside))


def test_one_number_without_data_is_one_field_whatever_it_is_made_of() -> None:
    for text in ("param u, v, w\nmap u*tanh(v) + exp(w)\n", "param u, v, w\nmap 1/(u*v + exp(w))\n"):
        theorem = judge(count("=", 2, text), only(ONE_FIELD, Step(1, 1)))
        assert theorem.verdict == "PROVED"
        assert not any(layer.startswith("polynomials") for layer in theorem.trust)
    for more in (
        "param u, v, w\ninput x\nmap x*u*tanh(v) + exp(w)\n",
        "param u, v, w\nmap u*tanh(v) + exp(w), u\n",
        "param u, v, w\nconst c\nflow gradient, decay(c)\nmap u*tanh(v) + exp(w)\n",
    ):
        with pytest.raises(Refused, match="is taken of the state"):
            rank(more, ONE_FIELD)


def test_one_field_with_data_is_seen_by_its_polynomials() -> None:
    text = "param u, v, w\ninput x\nmap exp(x)*(u^2 + v^3*w)\n"
    theorem = judge(count("=", 2, text), only(ONE_FIELD, Step(1, 2)))
    assert theorem.verdict == "PROVED"
    assert "polynomials 3" in theorem.trust


# --- what the search finds ------------------------------------------------------------------------------------------------

FOUND = [
    (linear_net([2, 1, 2, 2, 1]), 2),
    (linear_net([2, 1, 2, 2, 1, 2]), 3),
    ("param u: [2], x: [3], k\ninput y: [2]\nmap dot(u, y)*(x[0]^2 + x[1]^3*x[2])/(1 + k^2 + x[0]*x[1])\n", 2),
    ("param u: [2], x: [3] in positive\nprecondition x by x\nmap (x[0]^2 + x[1]^3*x[2])*u\n", 2),
    ("param x: [3]\nconst c\nflow gradient, decay(c)\nmap x[0]*x[1]*x[2]^2 + x[0]^4 + 3*x[1]^4\n", 2),
    ("param x: [2]\nconst tau\nflow momentum(tau)\nmap x[0] + x[1]\n", 3),
    ("param x, y, z\nmap x*y, x\n", 2),
    ("param x, y, z\nmap x*y, y*z\n", 2),
    ("param x, y, z, w\nmap x*y + z^3, y*z, w\n", 4),
]
"""Models, and the dimension of the Lie algebra at a generic point."""


@pytest.mark.parametrize(("text", "dimension"), FOUND)
def test_an_involution_is_found_and_brackets_reach_it(text: str, dimension: int) -> None:
    """From above the same number comes from brackets, which know nothing of involution."""
    statement = count(">=", 0, text)
    evidence = found(text, dimension)
    assert rank(text, evidence) == dimension
    steps = (Step(1, 12), Step((1, 1), 12), Step((1, (1, 1)), 6), Step(((1, 1), (1, 1)), 6))
    assert ExactRanks().of_brackets(statement, steps, Setting(P, 0), Meter(10**8)) == dimension


@pytest.mark.parametrize(("text", "dimension"), FOUND)
def test_no_involution_is_found_for_fewer_fields(text: str, dimension: int) -> None:
    for fewer in range(dimension):
        assert find_involution(count(">=", 0, text), fewer, P, 0, Meter(10**7)) is None


def test_brackets_may_be_in_the_basis() -> None:
    """Position and velocity: the fields are the drift and a push, and their bracket moves the position."""
    text = "param x: [2]\nconst tau\nflow momentum(tau)\nmap x[0] + x[1]\n"
    evidence = found(text, 3)
    assert evidence.added
    with pytest.raises(Refused, match="for the bracket of each two fields"):
        rank(text, replace(evidence, basis=evidence.basis[:2]))
    shorter = replace(evidence, added=(), basis=evidence.basis[:2], brackets=evidence.brackets[:1])
    with pytest.raises(Refused, match="a coefficient for each field of the basis"):
        rank(text, shorter)


def _random_model(random: Random) -> str:
    def factor() -> str:
        return f"x[{random.randrange(4)}]^{random.choice((1, 1, 2))}"

    def polynomial() -> str:
        return " + ".join("*".join([str(random.choice((1, -2, 3))), factor(), factor()]) for _ in range(2))

    outputs = [polynomial() for _ in range(random.choice((1, 2)))]
    # functions of one number are in involution; and those of others are not, as a rule
    more = {0: f"({outputs[0]})^2", 1: f"{outputs[0]} + y*x[3]", 2: f"y*({outputs[-1]})"}[random.randrange(3)]
    return f"param x: [4]\ninput y\nmap {', '.join([*outputs, more])}\n"


@pytest.mark.parametrize("seed", range(25))
def test_what_is_accepted_is_never_below_a_rank_of_brackets(seed: int) -> None:
    text = _random_model(Random(seed))
    statement = count(">=", 0, text)
    deep = (Step(1, 8), Step((1, 1), 8), Step((1, (1, 1)), 6), Step(((1, 1), (1, 1)), 6))
    above = ExactRanks().of_brackets(statement, deep, Setting(P, 0), Meter(10**8))
    for wanted in range(1, 5):
        evidence = find_involution(statement, wanted, P, 0, Meter(10**7))
        assert evidence is None or rank(text, evidence) == wanted == above


# --- certificates ------------------------------------------------------------------------------------------------------------


def mutated(evidence: Involution, random: Random) -> Involution:
    """The evidence with one number in it changed."""

    def other(old: Terms) -> Terms:
        k = random.randrange(len(old))
        c, powers = old[k]
        if powers and random.random() < 0.5:
            j = random.randrange(len(powers))
            v, e = powers[j]
            changed = random.choice(((v, e + 1), ((v + 1) % 4, e)))
            return (*old[:k], (c, (*powers[:j], changed, *powers[j + 1 :])), *old[k + 1 :])
        return (*old[:k], (c + random.choice((-1, 1, 7)), powers), *old[k + 1 :])

    name = random.choice([name for name in ("spans", "brackets") if getattr(evidence, name)])
    chosen = list(getattr(evidence, name))
    k = random.randrange(len(chosen))
    combination = chosen[k]
    filled = [j for j, c in enumerate(combination.coefficients) if c]
    if not filled or random.random() < 0.3:
        chosen[k] = replace(combination, multiple=other(combination.multiple))
    else:
        j = random.choice(filled)
        coefficients = list(combination.coefficients)
        coefficients[j] = other(coefficients[j])
        chosen[k] = replace(combination, coefficients=tuple(coefficients))
    return replace(evidence, **{name: tuple(chosen)})


@pytest.mark.parametrize("make", [lambda: (SCALED, BY_HAND), lambda: (FOUND[1][0], found(*FOUND[1]))])
def test_no_mutation_is_accepted(make: Callable[[], tuple[str, Involution]]) -> None:
    """Every coefficient is determined by the others: the basis is independent."""
    text, good = make()
    for seed in range(60):
        bad = mutated(good, Random(seed))
        with pytest.raises(Refused, match=r"is not the combination|multiplied by zero"):
            rank(text, bad)
    assert rank(text, good) == len(good.basis)


def test_certificates_round_trip() -> None:
    statement = count("=", 2, SCALED)
    evidence = only(BY_HAND, Step(1, 4))
    text = write_certificate(Certificate(statement, evidence))
    again = read_certificate(text)
    assert (again.statement, again.evidence) == (statement, evidence)
    assert judge(again.statement, again.evidence).verdict == "PROVED"
    for old, new, reason in [
        ('"basis": [\n    0,', '"basis": [\n    true,', "expected an integer"),
        ('"basis": [\n    0,', '"basis": [\n    ' + "0, " * 64, "longer than 64"),
        ('"basis"', '"base"', "missing or unknown fields"),
    ]:
        assert old in text
        with pytest.raises(Malformed, match=reason):
            read_certificate(text.replace(old, new))


def test_a_certificate_that_asks_for_too_much_is_out_of_budget() -> None:
    statement = count("=", 2, SCALED)
    assert isinstance(statement, Count)
    # each bracket is of twice the degree of the last
    deep = tuple((n, n + 1) for n in range(40))
    with pytest.raises(Refused, match="budget"):
        involutive_rank(statement, replace(BY_HAND, added=deep), Meter(10**5))
    assert involutive_rank(statement, BY_HAND, Meter(10**5)) == 2

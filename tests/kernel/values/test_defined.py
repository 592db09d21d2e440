"""Where a program has values: witnesses lie there, and a claim that speaks of no point is not proved."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.kernel import Meter, Refused, Statement, check
from claws.kernel.core.errors import Undefined
from claws.kernel.core.functions import Slope
from claws.kernel.counting.evidence import Sandwich
from claws.kernel.counting.statements import Count
from claws.kernel.laws.evidence import ByPolynomials, ByTensors
from claws.kernel.values.defined import Solutions, check_defined
from claws.kernel.values.enclosures import Interval
from claws.kernel.values.evidence import Choices, Residue, Witness
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text

P = 8388593


def statement(text: str, law: str = "l") -> Statement:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return Instance(spec, {}).statement(law)


def witness(at: Mapping[str, int], residue: Residue, output: int | None = 0, **choices: object) -> Witness:
    """The residue of a law that is a number, for an output that is one."""
    leaves = {name: {(): Fraction(x)} if x else {} for name, x in at.items()}
    return Witness({}, leaves, Choices(**choices), (), output, (), residue)  # type: ignore[arg-type]


# --- witnesses ---

NOWHERE = [
    ("sqrt(-u)", "a root of a number|has no real root"),
    ("log(u - 1)", "logarithm of a number that is not positive"),
    ("1/(u - 1)", "division by zero"),
    ("relu(u - 1)", "stands at its kink"),
    ("elu(1 - u)", "stands at its kink"),
    ("sqrt(u - 1)", "not differentiable at 0"),
    ("(u - 2)^(1/3)", "has no real root"),
]
"""What has no value at u = 1, and why."""


@pytest.mark.parametrize(("expression", "reason"), NOWHERE)
def test_a_witness_lies_where_every_output_has_a_value(expression: str, reason: str) -> None:
    """The first output changes the law; the other one has no value there. On the twin's side of 1 it has."""
    here = statement(f"param u\nmap u, {expression}\nlaw l = u\n")
    with pytest.raises(Refused, match=f"no value at the witness: .*({reason})"):
        check(here, witness({"u": 1}, Fraction(1)), Meter(10_000))
    u = next(k for k in (-3, 5, 0) if k != (0 if "u - 1" in expression else None) and _has_value(expression, k))
    assert check(here, witness({"u": u}, Fraction(1)), Meter(10_000)).verdict == "REFUTED"


def _has_value(expression: str, u: int) -> bool:
    return u < 0 if expression == "sqrt(-u)" else u > 2


@pytest.mark.parametrize(
    ("text", "point"),
    [
        ("param u, v\nprecondition v by sqrt(-u)\nmap u\nlaw l = u\n", {"u": -1, "v": 1}),
        ("param u, v\nconst c\nflow gradient, decay(sqrt(c), v)\nmap u\nlaw l = u\n", {"u": 1, "v": 1, "c": 1, "t": 0}),
        ("param u, v\nmap u\nlaw l = [u, sqrt(v)]\n", {"u": 1, "v": 1}),
        ("param u, v\nmap u, sqrt(v)*relu(u)\nlaw l = [u, 0]\n", {"u": 1, "v": 1}),
    ],
)
def test_factors_drifts_and_other_entries_of_the_law_have_values_too(text: str, point: dict[str, int]) -> None:
    """At this point all of them have; at the opposite one a root has none."""
    here = statement(text)
    entry = (0,) if "[" in text else ()
    for sign in (1, -1):
        leaves = {name: {(): Fraction(sign * x)} for name, x in point.items() if x}
        w = Witness({}, leaves, Choices(), entry, 0, (), Fraction(1))
        if sign > 0:
            assert check(here, w, Meter(10_000)).verdict == "REFUTED"
        else:
            with pytest.raises(Refused, match=r"-1 has no real root|a root of a number that may be zero or negative"):
                check(here, w, Meter(10_000))


def test_values_that_are_not_rational_are_no_hindrance() -> None:
    """The residue is rational; the other output has a value, which is enclosed, and one that may be 0 is not divided by."""
    for u, fits in ((2, True), (0, False)):
        here = statement("param u\nmap u, 1/(exp(u) - 1)\nlaw l = u\n")
        if fits:
            assert check(here, witness({"u": u}, Fraction(1)), Meter(100_000)).verdict == "REFUTED"
        else:
            with pytest.raises(Refused, match="no value at the witness: a division by zero"):
                check(here, witness({"u": u}, Fraction(1)), Meter(100_000))


def test_choices_are_given_wherever_a_value_hangs_on_them() -> None:
    here = statement("activation s\nparam u\nmap u, log(s(u))\nlaw l = u\n")
    with pytest.raises(Refused, match="the witness gives no value for s"):
        check(here, witness({"u": 1}, Fraction(1)), Meter(10_000))
    for value, verdict in ((2, "REFUTED"), (-2, None)):
        w = witness({"u": 1}, Fraction(1), values={"s": {Fraction(1): (Fraction(value), Fraction(0))}})
        if verdict:
            assert check(here, w, Meter(10_000)).verdict == verdict
        else:
            with pytest.raises(Refused, match="logarithm of a number that is not positive"):
                check(here, w, Meter(10_000))


def test_a_solution_exists_wherever_the_model_asks_for_it() -> None:
    """s' = 1 + s^2 is a tangent, which ends at a distance of at most pi; it is asked for beside the argument that was chosen."""
    here = statement("activation s with s' = 1 + s^2\nparam u\nmap u + 0*u*s(u), s(c*u)\nconst c\nlaw l = u\n")
    zero = {"s": {Fraction(0): (Fraction(0), Fraction(1))}}
    with pytest.raises(Refused, match="may have no value so far from where one was chosen"):
        check(here, witness({"u": 1, "c": 100}, Fraction(1), values=zero), Meter(10_000))
    near = Witness(
        {}, {"u": {(): Fraction(1)}, "c": {(): Fraction(1, 3)}}, Choices(values=zero), (), 0, (), Fraction(1)
    )
    assert check(here, near, Meter(10_000)).verdict == "REFUTED"


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["tanh", "exp", "tan", "line"]),
    distance=st.fractions(-2, 2, max_denominator=40),
    moved=st.fractions(-1, 1, max_denominator=20),
)
def test_the_bounds_hold_the_solution(kind: str, distance: Fraction, moved: Fraction) -> None:
    one, two = Fraction(1), Fraction(2)
    slopes = {
        "tanh": Slope(((one, 0), (-one, 2))),
        "tan": Slope(((one, 0), (one, 2))),
        "exp": Slope(((one, 1),)),
        "line": Slope(((two, 0),)),
    }
    real: dict[str, Callable[[float], float]] = {
        "tanh": lambda d: math.tanh(math.atanh(float(moved) * 0.999) + d),
        "tan": lambda d: math.tan(math.atan(float(moved)) + d),
        "exp": lambda d: float(moved) * math.exp(d),
        "line": lambda d: float(moved) + 2 * d,
    }
    value = Fraction(float(moved) * 0.999) if kind == "tanh" else moved
    slope = slopes[kind]
    ring = Solutions({"s": slope}, Choices(values={"s": {Fraction(5): (value, slope.at(value))}}), 64)
    try:
        found, steep = ring.elementary("s", 5 + distance)
    except Undefined:
        assert kind == "tan"
        return
    truth = real[kind](float(distance))
    for bounds, x in ((found, truth), (steep, float(slope.at(Fraction(truth))))):
        low, high = bounds.bounds if isinstance(bounds, Interval) else (bounds, bounds)
        assert float(low) - 1e-9 <= x <= float(high) + 1e-9


# --- points ---

SOMEWHERE = [
    "map sqrt(-u)*v",
    "map log(1 - u^2 - v^2)",
    "map sqrt(u - v)*log(v - u^2)",
    "map 1/(u - v)",
    "map relu(u - v) + elu(v)",
    "activation s\nmap log(s(u) - s(v))",
    "activation s homogeneous 2\nmap sqrt(s(u) - s(v))",
    "activation s with s' = 1 + s^2\nmap s(u)*s(v)",
    "activation s with s' = s\nmap s(u) + s(v)",
    "function F\nmap sqrt(F(u) - 1)",
    "map sqrt(-u), log(v - 3)",
    "map exp(u)*v",
]
NOTHING = [
    "map sqrt(-u^2 - 1)*v",
    "map log(-exp(u))",
    "map 1/(u*v - v*u)",
    "map relu((u + v)^2 - u^2 - 2*u*v - v^2)",
    "map sqrt(u), log(-u)",
    "map u\nprecondition v by sqrt(-v^2)",
]


@pytest.mark.parametrize("text", SOMEWHERE)
def test_a_point_with_values_is_found(text: str) -> None:
    here = statement(f"param u, v\n{text}\nlaw l = u\n")
    check_defined(here.program, here.subject, {}, Meter(10**7))


@pytest.mark.parametrize("text", NOTHING)
def test_where_nothing_has_a_value_no_law_is_proved(text: str) -> None:
    here = statement(f"param u, v, w\n{text}\nlaw l = w\n")
    for evidence in (ByTensors({}), ByPolynomials()):
        with pytest.raises(Refused, match=r"a claim that speaks of no point is not proved|zero everywhere|everywhere"):
            check(here, evidence, Meter(10**7))


def test_a_law_without_values_is_not_proved() -> None:
    for law, defined in (("log(w)", True), ("log(-w^2)", False)):
        here = statement(f"param u, w\nmap u\nlaw l = {law}\n")
        for evidence in (ByTensors({}), ByPolynomials()):
            if defined:
                assert check(here, evidence, Meter(10**7)).verdict == "PROVED"
            else:
                with pytest.raises(Refused, match="a claim that speaks of no point is not proved"):
                    check(here, evidence, Meter(10**7))


def test_positive_leaves_are_enough_where_they_are_and_large_arrays_are_not_filled() -> None:
    form = statement("param U: [500, 500], V: [500, 500]\ninput x: [500]\nmap relu(U @ relu(V @ x))\nlaw l = U\n")
    meter = Meter(1)
    assert not check_defined(form.program, form.subject, {}, meter) and not meter.used
    norm = statement("param U: [300, 400]\ninput x: [400]\nmap layernorm(U @ relu(x - 1))\nlaw l = U\n")
    meter = Meter(10**7)
    assert check_defined(norm.program, norm.subject, {}, meter) and meter.used < 100_000


def test_a_proof_names_sizes_at_which_there_is_something() -> None:
    text = "dim n\nparam U: [n], v\nmap U/sqrt(sqnorm(U - sum(U)/n))\nlaw l = v\n"
    here = statement(text)
    assert check(here, ByTensors({"n": 2}), Meter(10**7)).verdict == "PROVED"
    if not here.program.conditions:
        with pytest.raises(Refused, match="speaks of no point"):
            check(here, ByTensors({"n": 1}), Meter(10**7))


# --- one side of a kink ---

SIDES = [
    ("sqrt(-u)", "relu(u)", "relu(-u)"),
    ("log(u)", "relu(-u)", "relu(u)"),
    ("(2*u - 2*w)^(1/3)", "relu(w - u)", "relu(u - w)"),
    ("log(u)*sqrt(w)", "relu(-u*w)", "relu(u*w)"),
    ("log(u)*sqrt(w)", "relu(-u - 2*w)", "relu(u - w)"),
    ("sqrt(-u)", "elu(u) - exp(u)", "elu(-u) - exp(-u)"),
    ("sqrt(u)", "abs(u) - u", "abs(u) + u"),
    ("1/u + w", "0*u", "relu(u)"),
    ("sqrt(p)*u", "relu(-p)", "relu(-u)"),
    ("sqrt(u^2 + 1)", "relu(-u^2 - 1)", "relu(u)"),
]
"""An output, a law that is constant wherever it has a value, and one that is not (both under decay)."""


@pytest.mark.parametrize(("output", "true", "false"), SIDES)
def test_the_operand_of_a_root_or_a_logarithm_is_positive(output: str, true: str, false: str) -> None:
    text = "param u, w\nparam p in positive\nflow gradient, decay(1)\n"
    good, bad = (statement(f"{text}map {output}, u - u + w\nlaw l = {law}\n") for law in (true, false))
    for evidence in (ByTensors({}), ByPolynomials()):
        assert check(good, evidence, Meter(10**7)).verdict == "PROVED"
        with pytest.raises(Refused, match=r"not zero|does not vanish"):
            check(bad, evidence, Meter(10**7))


def test_what_is_not_in_the_claim_says_nothing() -> None:
    """Neither a `let` that is not used nor an even power, an exponent that is whole, or the root of something else."""
    text = "param u, w\nflow gradient, decay(1)\nlet r = sqrt(-u)\n"
    for output in ("w", "u^2*w", "u^(-1) + w", "sqrt(-u*w)", "sqrt(1 - u)", "exp(-u)"):
        here = statement(f"{text}map {output}\nlaw l = relu(u)\n")
        for evidence in (ByTensors({}), ByPolynomials()):
            with pytest.raises(Refused, match=r"not zero|does not vanish"):
                check(here, evidence, Meter(10**7))


def test_a_law_that_counts_is_one_wherever_the_model_has_values() -> None:
    """For v < 0 the model has the one law v^2 - w^2. Those with log(v) hold where v > 0, and say nothing there."""
    text = "param v, w\ninput x\nmap relu(-v)*w*x\nlaw one = w + log(v)\nlaw two = log(v)\n"
    laws = [statement(text, name) for name in ("one", "two")]
    for law in laws:
        assert check(law, ByTensors({}), Meter(10**6)).verdict == "PROVED"
    spec = load_text(text)
    about, nodes = Instance(spec, {}).with_laws(["one", "two"])
    number = Count(about.program, about.outputs, about.flow, ">=", 2)
    with pytest.raises(Refused, match="does not vanish"):
        check(number, Sandwich((), tuple((n, ByTensors({})) for n in nodes), (), P, 0), Meter(10**6))

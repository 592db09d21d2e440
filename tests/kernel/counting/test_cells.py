"""True points: the sides of units there, and points, data and steps that are refused, each with a twin that is accepted."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.kernel.core.errors import Malformed, Meter, Refused
from claws.kernel.counting.cells import factors_of
from claws.kernel.counting.evidence import Sandwich, Step, TruePoint
from claws.kernel.counting.statements import AnyStatement
from claws.kernel.format.certificate import Certificate, read_certificate
from claws.kernel.theorem import check
from claws.prover.certificates import write_certificate
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from tests.kernel.counting.true import Numbers, P, count_of, generators, point_of, rank_at

UNIT = "param W: [2], b, u in positive\nconst c in nonzero\ninput x: [2]\nmap u*relu(W @ x + b)*c"
VALUES: Mapping[str, Numbers] = {"W": [1, -2], "b": [1], "u": [3], "c": [2]}
DATA: Sequence[Numbers] = [[1, 0], [0, 0], [2, 1]]


def without(name: str) -> dict[str, Numbers]:
    return {k: x for k, x in VALUES.items() if k != name}


# --- points that are none ----------------------------------------------------------------------------------------------


def test_the_rank_of_one_unit_at_a_point() -> None:
    """Where the unit is on, generators move W, b and u in 3 directions of 4: |W|^2 + b^2 - u^2 is conserved."""
    assert rank_at(UNIT, VALUES, DATA) == 3
    # off at every datum: nothing moves
    assert rank_at(UNIT, VALUES, [[-3, 0], [-5, 1]]) == 0
    assert rank_at(UNIT, VALUES, [[-3, 0], [1, 0]]) == 1


@pytest.mark.parametrize(
    ("values", "data", "reason"),
    [
        (VALUES, [[1, 1]], "the argument of relu may be at its kink"),
        (VALUES, [[1, 0], [1, 1]], "the argument of relu may be at its kink"),
        ({**VALUES, "u": [-3]}, DATA, "an entry of u that is not positive"),
        ({**VALUES, "u": [0]}, DATA, "an entry of u that is not positive"),
        ({**VALUES, "c": [0]}, DATA, "an entry of c that is not nonzero"),
        (without("b"), DATA, "a value to every parameter and constant"),
        (without("c"), DATA, "a value to every parameter and constant"),
        ({**VALUES, "z": [1]}, DATA, "a value to every parameter and constant"),
        ({**VALUES, "x": [1, 1]}, DATA, "a value to every parameter and constant"),
        ({**VALUES, "right 5": [1]}, DATA, "a value to every parameter and constant"),
        ({**VALUES, "W": [1]}, DATA, "does not give 2 numbers for W"),
        ({**VALUES, "W": [1, -2, 5]}, DATA, "does not give 2 numbers for W"),
        ({**VALUES, "b": []}, DATA, "does not give 1 numbers for b"),
        (VALUES, [[1]], "every entry of the inputs, and no more"),
        (VALUES, [[]], "every entry of the inputs, and no more"),
        (VALUES, [[1, 0, 1]], "every entry of the inputs, and no more"),
        (VALUES, [[1, 0], [1]], "every entry of the inputs, and no more"),
    ],
)
def test_a_point_that_is_none_is_refused(values: Mapping[str, Numbers], data: Sequence[Numbers], reason: str) -> None:
    assert rank_at(UNIT, VALUES, DATA) == 3
    with pytest.raises(Refused, match=reason):
        rank_at(UNIT, values, data)


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (Step(1, 3), "does not name its data"),
        (Step(1, 3, (0, 1, 2)), "does not name its data"),
        (Step(1, 3, (0, 1), (0, 1, 2)), "does not name each of its elements"),
        (Step(1, 3, (0, 1, 2, 3), (0, 1, 2)), "does not name each of its elements"),
        (Step(1, 3, (0, 1, 2), (0, 1)), "does not name the data of its generators"),
        (Step(1, 3, (0, 1, 2), (0, 1, 3)), "does not name the data of its generators"),
        (Step(1, 3, (0, 1, 2), (0, 1, -1)), "does not name the data of its generators"),
        (Step((1, 1), 3, (0, 1, 2), (0, 1, 2)), "does not name the data of its generators"),
    ],
)
def test_a_step_that_does_not_fit_the_data_is_refused(step: Step, reason: str) -> None:
    assert rank_at(UNIT, VALUES, DATA, [Step(1, 3, (0, 1, 2), (0, 1, 2))]) == 3
    assert rank_at(UNIT, VALUES, DATA, [Step((1, 1), 3, (0, 1, 2), (0, 1, 1, 2, 2, 0))]) > 0
    with pytest.raises(Malformed, match=reason):
        rank_at(UNIT, VALUES, DATA, [step])


def test_a_datum_outside_the_domain_of_an_input_is_refused() -> None:
    text = "param u, v\ninput x in positive\ninput y in nonzero\nmap u*relu(v*x + y)"
    values: Mapping[str, Numbers] = {"u": [1], "v": [1]}
    assert rank_at(text, values, [[1, 1], [2, -1]]) == 2
    for datum, reason in (
        ([-1, 2], "x that is not positive"),
        ([0, 1], "x that is not positive"),
        ([1, 0], "y that is"),
    ):
        with pytest.raises(Refused, match=reason):
            rank_at(text, values, [[1, 1], datum])


def test_piecewise_units_have_no_sides_without_a_point() -> None:
    statement = count_of(UNIT)
    for steps in ((Step(1, 4),), (Step((1, 1), 2),)):
        with pytest.raises(Refused, match="a true point is needed"):
            check(statement, Sandwich((), (), steps, P, 0), Meter(10**7))
    smooth = count_of(UNIT.replace("relu", "tanh"))
    assert check(smooth, Sandwich((), (), (Step(1, 4),), P, 0), Meter(10**7)).found["lie_dimension_at_least"] == 4


def test_a_time_before_training_is_refused() -> None:
    text = "param u, v\ninput x\nflow gradient, decay(t)\nmap u*relu(v*x)"
    values: Mapping[str, Numbers] = {"u": [1], "v": [1]}
    assert rank_at(text, {**values, "t": [1]}, [[1], [-1]]) > 0
    assert rank_at(text, {**values, "t": [0]}, [[1], [-1]]) > 0
    with pytest.raises(Refused, match="a negative time"):
        rank_at(text, {**values, "t": [-1]}, [[1], [-1]])


def test_a_flow_has_a_value_at_the_point() -> None:
    text = "param u, v\ninput x\nflow momentum(3/t)\nmap u*relu(v*x)"
    values: Mapping[str, Numbers] = {name: [1] for name in ("u", "v", "vel(u)", "vel(v)")}
    assert rank_at(text, {**values, "t": [1]}, [[1], [-1]]) == 2
    with pytest.raises(Refused, match="a division by"):
        rank_at(text, {**values, "t": [0]}, [[1], [-1]])


@pytest.mark.parametrize(("output", "bad"), [("log(x)", -1), ("1/x", 0), ("sqrt(x)", -1), ("x^(-1/2)", 0)])
def test_the_model_has_a_value_at_each_datum(output: str, bad: int) -> None:
    text = f"param w\ninput x\nmap w*{output}*relu(x + 2)"
    assert rank_at(text, {"w": [1]}, [[Fraction(9, 4)]]) == 1
    with pytest.raises(Refused, match=r"logarithm of a number|a division by|a root of a number"):
        rank_at(text, {"w": [1]}, [[Fraction(9, 4)], [bad]])


@pytest.mark.parametrize(
    ("law", "good", "reason"),
    [
        ("log(w)", 2, "the logarithm of a number that is not positive"),
        ("relu(w)", 2, "the argument of relu may be at its kink"),
        ("1/w", 2, "a division by"),
    ],
)
def test_a_law_has_a_value_at_the_point(law: str, good: int, reason: str) -> None:
    spec = load_text(f"param w, v\ninput x\nmap v*x\nlaw l = {law}\nindependent l\n")
    assert not spec.diagnostics, spec.diagnostics
    statement: AnyStatement = Instance(spec, {}).number_statement(spec.claims[-1])

    def judge(w: int) -> str:
        evidence = Sandwich((), (), (), P, 0, (), point_of({"w": [w], "v": [1]}, []))
        return str(check(statement, evidence, Meter(10**7)).verdict)

    assert judge(good) == "PROVED"
    with pytest.raises(Refused, match=reason):
        judge(0)


# --- sides -------------------------------------------------------------------------------------------------------------

DEEP = "param u: [2], v: [2]\ninput x: [2]\nmap u @ relu(v*relu(x))"
ONES: Mapping[str, Numbers] = {"u": [1, 1], "v": [1, 2]}


@pytest.mark.parametrize(
    ("output", "rank"),
    [
        # both inner units are off: 0 is their argument in all of the cell, which is no kink
        ("u @ relu(v*relu(x))", 0),
        ("u @ relu(v*relu(x) + 0*x)", 0),
        ("u @ relu(-v*relu(x))", 0),
        ("u @ relu(relu(x) - 1)", 0),
        ("u @ relu(relu(x) + 1)", 1),
        ("u @ relu(exp(v*relu(x)) - 1)", 0),
        ("u @ relu(sigmoid(v*relu(x)) - 1/3)", 1),
        ("u @ relu(tanh(v*relu(x)))", 0),
        ("u @ relu(0*v*x)", 0),
    ],
)
def test_what_units_that_are_off_leave_is_no_kink(output: str, rank: int) -> None:
    text = f"param u: [2], v: [2]\ninput x: [2]\nmap {output}"
    assert rank_at(text, ONES, [[-1, -2], [-3, -1]]) == rank


@pytest.mark.parametrize(
    "argument",
    ["v*x - x*v[0]", "v*x - v[0]*x[0]", "v*relu(x) - v*abs(x)", "(x - 1)*(x + 1) + 1 - x*x + relu(-x)*x"],
)
def test_an_argument_that_is_zero_by_value_is_a_kink(argument: str) -> None:
    """Nothing says that it stays zero beside the point; it is not asked whether it does."""
    text = f"param u: [2], v: [2]\ninput x: [2]\nmap u @ relu({argument})"
    with pytest.raises(Refused, match="the argument of relu may be at its kink"):
        rank_at(text, ONES, [[1, 2]])
    assert rank_at(text.replace(f"relu({argument})", f"relu({argument} + 1/8)"), ONES, [[1, 2]]) > 0


@pytest.mark.parametrize(
    ("argument", "bits"),
    [("x^5", 20), ("x^5*y - x^6*y", 20), ("exp(x) - 1 - x", 50), ("x - sin(x)", 20), ("log(1 + x) - x + x^2/2", 20)],
)
def test_a_sign_that_needs_more_digits_is_found(argument: str, bits: int) -> None:
    """Arguments below 2^-60 are positive, and the unit is on; the opposite is off."""
    text = f"param u, v\ninput x in positive, y\nmap u*relu({argument})*y, v*relu(-({argument}))*y"
    x = Fraction(1, 2**bits)
    for sign, rank in ((1, 1), (-1, 1)):
        assert rank_at(text.replace("u*relu(", f"u*relu({sign}*"), {"u": [1], "v": [1]}, [[x, 1]], bits=60) >= rank - 1
    only = f"param u\ninput x in positive, y\nmap u*relu({argument})*y"
    assert rank_at(only, {"u": [1]}, [[x, 1]], bits=60) == 1
    assert rank_at(only.replace("relu(", "relu(-1*(").replace(")*y", "))*y"), {"u": [1]}, [[x, 1]], bits=60) == 0


def test_a_sign_that_no_precision_shows_is_refused() -> None:
    for k, found in ((38, True), (40, False)):
        text = f"param u\ninput x\nmap u*relu(x^{k})"
        if found:
            assert rank_at(text, {"u": [1]}, [[Fraction(1, 2**20)]]) == 1
        else:
            with pytest.raises(Refused, match="the argument of relu may be at its kink"):
                rank_at(text, {"u": [1]}, [[Fraction(1, 2**20)]])


@pytest.mark.parametrize(
    ("function", "value", "on"),
    [("exp", 1, 3), ("sigmoid", Fraction(1, 2), 3), ("tanh", 0, 3), ("elu", 0, 2), ("silu", 0, 3)],
)
def test_values_where_a_unit_is_off_are_exact(function: str, value: Fraction, on: int) -> None:
    """a*f(0) + b and value*a + b are one function there, and not where the unit is on: elu(w*x) = w*x mixes a and w."""
    text = f"param a, b, w\ninput x\nmap a*{function}(relu(w*x)) + b, ({value})*a + b"
    values: Mapping[str, Numbers] = {"a": [2], "b": [3], "w": [1]}
    assert rank_at(text, values, [[-1], [-2]]) == 1
    assert rank_at(text, values, [[1], [2]]) == on


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        ("softplus", "is a number of its own"),
        ("gelu", "is a number of its own"),
        ("erf", "is a number of its own"),
        ("sin", "linear relation"),
        ("atan", "linear relation"),
    ],
)
def test_values_where_a_unit_is_off_that_are_no_rational_numbers_are_refused(function: str, reason: str) -> None:
    """log(2) = softplus(0) is no residue that could be drawn."""
    text = f"param a, b, w\ninput x\nmap a*{function}(relu(w*x)) + b, a + b"
    values: Mapping[str, Numbers] = {"a": [2], "b": [3], "w": [1]}
    with pytest.raises(Refused, match=reason):
        rank_at(text, values, [[-1], [-2]])
    assert rank_at(text, values, [[1], [2]]) == 3


# --- homogeneous activations --------------------------------------------------------------------------------------------


def homogeneous(degree: str, right: Numbers = (2,), left: Numbers = (3,)) -> int:
    """The rank of one unit, on for some data and off for others."""
    text = f"activation s homogeneous {degree}\nparam u\nparam v: [2]\ninput x: [2]\nmap u*s(v @ x)"
    plus, minus = factors_of("s")
    values = {"u": [1], "v": [1, 3], plus: right, minus: left}
    return rank_at(text, values, [[1, 2], [-1, 1], [-1, -2], [3, -2]])


@pytest.mark.parametrize(("degree", "rank"), [("0", 1), ("1", 2), ("2", 2), ("-1", 2), ("3", 2)])
def test_homogeneous_activations(degree: str, rank: int) -> None:
    """v moves along c*|z|^k, and k*u^2 - |v|^2 is conserved; for k = 0 it does not move."""
    assert homogeneous(degree) == rank


def test_roots_where_a_unit_is_off_are_refused() -> None:
    """The root of 1 on the other side is no independent root."""
    for degree in ("1/2", "-3/2"):
        with pytest.raises(Refused, match="square roots of functions whose product is a square"):
            homogeneous(degree)
    with pytest.raises(Refused, match="only square roots"):
        homogeneous("1/3")
    assert homogeneous("1") == 2


def test_a_homogeneous_activation_has_two_factors_at_the_point() -> None:
    for right, left in (((), (3,)), ((2,), ()), ((2, 2), (3,))):
        with pytest.raises(Malformed, match="does not give 1 numbers for"):
            homogeneous("1", right, left)
    assert homogeneous("1", (0,), (0,)) == 0
    assert homogeneous("1", (1,), (0,)) == 2


# --- certificates -------------------------------------------------------------------------------------------------------

LAYER = "param U: [1, 2], W: [2, 2]\ninput x: [2]\nmap U @ relu(W @ x)"
POINT: Mapping[str, Numbers] = {"U": [1, 2], "W": [1, 2, -1, 3]}


def evidence(**change: object) -> Sandwich:
    data: Sequence[Numbers] = [[1, 1], [1, 0], [-1, 0], [4, 1]]
    good = Sandwich((), (), (generators(len(data)),), P, 0, (), point_of(POINT, data))
    return replace(good, **change)  # type: ignore[arg-type]


def test_certificates_of_true_points_round_trip() -> None:
    statement = count_of(LAYER, "<=", 2)
    text = write_certificate(Certificate(statement, evidence()))
    again = read_certificate(text)
    assert again.evidence == evidence()
    assert check(again.statement, again.evidence, Meter(10**7)).verdict == "PROVED"
    assert write_certificate(again) == text


def test_no_change_of_a_certificate_makes_it_prove_more() -> None:
    """There are 2 laws, near all parameters at least: whatever the evidence says, 1 is not proved, and no crash comes of it."""
    good = evidence()
    assert good.point is not None
    point, step = good.point, good.steps[0]
    assert check(count_of(LAYER, "<=", 2), good, Meter(10**7)).verdict == "PROVED"
    points = [replace(point, bits=bits) for bits in (0, 1, 29, 31, 62)] + [
        replace(point, data=point.data[:-1]),
        replace(point, data=(*point.data, (0, 0))),
        replace(point, data=tuple((x, 0) for x, _ in point.data)),
        replace(point, data=tuple(reversed(point.data))),
        replace(point, data=()),
        replace(point, values=point.values[:1]),
        replace(point, values=tuple((name, tuple(-x for x in xs)) for name, xs in point.values)),
        replace(point, values=tuple((name, tuple(0 for _ in xs)) for name, xs in point.values)),
        replace(point, values=(*point.values, point.values[0])),
        replace(point, values=tuple((name, xs[:-1]) for name, xs in point.values)),
        replace(point, values=tuple((name, tuple(2**62 - 1 for _ in xs)) for name, xs in point.values)),
        TruePoint(0, (), ()),
    ]
    steps = [
        replace(step, count=5),
        replace(step, count=5, samples=step.samples[:5], data=step.data[:5]),
        replace(step, samples=()),
        replace(step, samples=(0,) * step.count),
        replace(step, data=()),
        replace(step, data=(0,) * step.count),
        replace(step, data=tuple(10**6 + x for x in step.data)),
        Step((1, 1), 3, (0, 1, 2), (0, 1, 2, 3, 0, 2)),
        Step((1, (1, 1)), 1, (7,), (3, 1, 2)),
    ]
    changed = [replace(good, point=p) for p in (*points, None)]
    changed += [replace(good, steps=(s,)) for s in steps] + [replace(good, steps=(step, s)) for s in steps]
    changed += [replace(good, modulus=m) for m in (1001, 1003, 3**13, 8388593, 2**61 - 1)] + [replace(good, seed=1)]
    proved = 0
    for bad in changed:
        for relation, number in (("<=", 1), ("=", 1)):
            with pytest.raises(Refused):
                check(count_of(LAYER, relation, number), bad, Meter(10**7))
        try:
            proved += check(count_of(LAYER, "<=", 2), bad, Meter(10**7)).verdict == "PROVED"
        except Refused:
            continue
    assert 3 <= proved < len(changed)


# --- against an independent computation ---------------------------------------------------------------------------------

Float = npt.NDArray[np.float64]


def slopes_of(weights: Sequence[Float], biases: Sequence[Float | None], x: Float, out: int) -> tuple[Float, bool]:
    """The gradient of one output of a network of relus by hand, weights first, and whether a unit is close to its kink."""
    values, on, close = [x], [], False
    for k, (w, b) in enumerate(zip(weights, biases, strict=True)):
        z = w @ values[-1] + (b if b is not None else 0)
        if k + 1 < len(weights):
            on.append(z > 0)
            # a zero that is not exact, or one that comes from units that are on, is a kink
            close = (
                close or bool(np.any(np.abs(z[z != 0]) < 1e-9)) or bool(np.any((z == 0) & _reached(w, values[-1], b)))
            )
            z = np.maximum(z, 0)
        values.append(z)
    back = np.zeros(len(values[-1]))
    back[out] = 1.0
    parts: list[Float] = []
    for k in reversed(range(len(weights))):
        if k + 1 < len(weights):
            back = back * on[k]
        bias = [back] if biases[k] is not None else []
        parts = [np.outer(back, values[k]).ravel(), *bias, *parts]
        back = weights[k].T @ back
    return np.concatenate(parts), close


def _reached(w: Float, x: Float, b: Float | None) -> npt.NDArray[np.bool_]:
    """Which units get anything: a bias, or something that is not 0."""
    return np.any((w != 0) & (x != 0), axis=1) | (b is not None)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_the_rank_at_a_point_is_that_of_float_gradients(data: st.DataObject) -> None:
    """Generators of a network of relus at rational parameters and data, with dead units and layers among them."""
    depth = data.draw(st.integers(2, 4))
    sizes = [data.draw(st.integers(1, 3)) for _ in range(depth + 1)]
    entries = st.integers(-8, 8).filter(bool)
    weights = [
        np.array(data.draw(st.lists(entries, min_size=a * b, max_size=a * b)), dtype=float).reshape(b, a) / 4
        for a, b in itertools.pairwise(sizes)
    ]
    biases = [
        np.array(data.draw(st.lists(entries, min_size=b, max_size=b)), dtype=float) / 4
        if data.draw(st.booleans())
        else None
        for b in sizes[1:]
    ]
    inputs = data.draw(
        st.lists(st.lists(entries, min_size=sizes[0], max_size=sizes[0]), min_size=1, max_size=6, unique_by=tuple)
    )
    lines, values, expression = [], {}, "x"
    for k, (w, b) in enumerate(zip(weights, biases, strict=True)):
        lines.append(f"param W{k}: [{w.shape[0]}, {w.shape[1]}]")
        values[f"W{k}"] = [Fraction(x) for x in w.ravel()]
        expression = f"W{k} @ {expression}"
        if b is not None:
            lines.append(f"param b{k}: [{len(b)}]")
            values[f"b{k}"] = [Fraction(x) for x in b]
            expression = f"{expression} + b{k}"
        if k + 1 < depth:
            expression = f"relu({expression})"
    text = "\n".join([*lines, f"input x: [{sizes[0]}]", f"map {expression}"])
    found = [slopes_of(weights, biases, np.array(x, dtype=float), j) for x in inputs for j in range(sizes[-1])]
    numbers: list[Numbers] = [[Fraction(v) for v in x] for x in inputs]
    if any(close for _, close in found):
        with pytest.raises(Refused, match="may be at its kink"):
            rank_at(text, values, numbers)
        return
    expected = int(np.linalg.matrix_rank(np.array([g for g, _ in found]), tol=1e-8))
    assert rank_at(text, values, numbers, [generators(len(inputs), sizes[-1] + 1)]) == expected

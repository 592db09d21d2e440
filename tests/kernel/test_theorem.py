"""What `check` accepts and refuses. Every refusal has an accepted twin, one edit away."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

from claws.kernel import Malformed, Meter, OutOfBudget, Refused, Size, Statement, Theorem, check
from claws.kernel.core.finding import Finding, Verdict
from claws.kernel.core.flow import Part, flow_of
from claws.kernel.core.program import Apply, Call, Einsum, Iota, Leaf, Number, Program, Sum, power
from claws.kernel.laws.evidence import ByPolynomials, ByTensors
from claws.kernel.values.evidence import Choices, Witness
from tests.kernel.models import (
    M,
    N,
    R,
    constant,
    judge,
    linear,
    make,
    perceptron,
    preconditioned,
    product,
    refuses,
    scalars,
    scale,
    witness,
)

AT_ONE = ByTensors({"n": 1, "m": 1, "r": 1})
HALF = Fraction(1, 2)


# --- theorems ---


def test_a_theorem_is_made_by_check_alone() -> None:
    theorem = judge(linear(), AT_ONE)
    assert (theorem.verdict, theorem.method, theorem.sizes) == ("PROVED", "tensors", None)
    with pytest.raises(Refused, match="made by the kernel's check alone"):
        Theorem(object(), linear(), AT_ONE, Finding(Verdict.PROVED, "tensors", frozenset()))


def test_a_theorem_cannot_be_changed() -> None:
    theorem = judge(linear(), AT_ONE)
    with pytest.raises(Refused, match="not changed"):
        theorem.verdict = Verdict.REFUTED
    with pytest.raises(Refused, match="not changed"):
        del theorem.statement
    with pytest.raises(Refused):
        copy.copy(theorem).verdict = Verdict.REFUTED


def test_evidence_of_an_unknown_kind_is_refused() -> None:
    refuses(linear(), "believe me", "not about a law")  # type: ignore[arg-type]


def test_the_statement_alone_decides_what_is_proved() -> None:
    assert judge(linear(), AT_ONE).statement == linear()
    refuses(linear(coefficient=-2), AT_ONE, "does not vanish")


# --- tensors ---


@pytest.mark.parametrize(
    ("true", "false"),
    [
        (linear(), linear(coefficient=1)),
        (perceptron(), perceptron(degree=2)),
        (perceptron("h", 2), perceptron("h", 1)),
    ],
)
def test_tensors_prove_a_law_and_refuse_its_neighbour(true: Statement, false: Statement) -> None:
    assert judge(true, AT_ONE).verdict == "PROVED"
    refuses(false, AT_ONE, "does not vanish")


def test_tensors_refuse_an_activation_of_which_nothing_is_known() -> None:
    refuses(perceptron("s"), AT_ONE, "does not vanish")


@pytest.mark.parametrize(
    "sizes", [{}, {"n": 1, "m": 1}, {"n": 1, "m": 1, "r": 1, "k": 1}], ids=["none", "missing", "too many"]
)
def test_sizes_must_be_those_that_are_free(sizes: dict[str, int]) -> None:
    refuses(linear(), ByTensors(sizes), "no sizes at which")


def test_sizes_must_satisfy_the_conditions() -> None:
    plain = linear()
    bounded = replace(plain, program=Program(plain.program.nodes, conditions=(R - 3,)))
    assert judge(bounded, ByTensors({"n": 1, "m": 1, "r": 3})).conditions == ("r >= 3",)
    refuses(bounded, ByTensors({"n": 1, "m": 1, "r": 2}), "outside the statement's conditions")
    refuses(linear(), ByTensors({"n": 0, "m": 1, "r": 1}), "outside the statement's conditions")
    refuses(linear(), ByTensors({"n": True, "m": 1, "r": 1}), "whole number")


def test_sizes_must_give_whole_axes() -> None:
    half = linear(n=N * HALF)
    assert judge(half, ByTensors({"n": 2, "m": 1, "r": 1})).verdict == "PROVED"
    refuses(half, ByTensors({"n": 3, "m": 1, "r": 1}), "not a whole number")


def test_conditions_that_contradict_each_other_prove_nothing() -> None:
    plain = linear(coefficient=1)
    empty = replace(plain, program=Program(plain.program.nodes, conditions=(N - 3, 2 - N)))
    for n in (1, 2, 3, 4):
        refuses(empty, ByTensors({"n": n, "m": 1, "r": 1}), "outside the statement's conditions")


def test_work_is_bounded() -> None:
    with pytest.raises(OutOfBudget, match="budget of 20 steps"):
        check(linear(), AT_ONE, Meter(20))


# --- polynomials ---


def test_polynomials_need_fixed_sizes() -> None:
    two, three = Size.of(2), Size.of(3)
    assert judge(linear(three, two, two), ByPolynomials()).method == "polynomials"
    refuses(linear(three, two, R), ByPolynomials(), "fixed sizes")


def test_polynomials_refuse_a_false_law() -> None:
    two = Size.of(2)
    refuses(linear(two, two, two, coefficient=-3), ByPolynomials(), "residue at entry .* is not zero")


def test_a_condition_that_fails_leaves_nothing_to_prove_or_refute() -> None:
    square = scalars(product(0, 1), power(0, 2), power(1, 2), Sum((scale(1, 3), scale(-1, 4))), law=5)
    for size, ok in ((Size.of(0), True), (Size.of(-1), False)):
        true = replace(square, program=Program(square.program.nodes, conditions=(size,)))
        false = replace(true, law=3)
        if ok:
            assert judge(true, ByPolynomials()).verdict == "PROVED"
            assert judge(false, witness(residue=2)).verdict == "REFUTED"
        else:
            refuses(true, ByPolynomials(), "outside the statement's conditions")
            refuses(true, ByTensors({}), "outside the statement's conditions")
            refuses(false, witness(residue=2), "outside the statement's conditions")


# --- witnesses ---

# map a*b, law a: the residue is b
TRUE_REFUTATION = scalars(product(0, 1))


def test_a_witness_refutes() -> None:
    theorem = judge(TRUE_REFUTATION, witness(a=5, b=Fraction(2, 3), residue=Fraction(2, 3)))
    assert (theorem.verdict, theorem.method, theorem.sizes) == ("REFUTED", "witness", {})


Edit = Callable[[Witness], Witness]


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda w: replace(w, residue=Fraction(2)), "the residue at the witness is 1, not 2"),
        (lambda w: replace(w, leaves={**w.leaves, "b": {}}), "residue at the witness is zero"),
        (lambda w: replace(w, leaves={**w.leaves, "b": {(0,): Fraction(1)}}), "entry of b outside its shape"),
        (lambda w: replace(w, leaves={**w.leaves, "c": {}}), "does not mention"),
        (lambda w: replace(w, law_entry=(0,)), "an entry that the law does not have"),
        (lambda w: replace(w, output=1), "an output that is not there"),
        (lambda w: replace(w, output=-1), "an output that is not there"),
        (lambda w: replace(w, output_entry=(0,)), "residue at the witness is zero"),
        (lambda w: replace(w, sizes={"n": 1}), "exactly the sizes"),
    ],
)
def test_a_wrong_witness_is_refused(edit: Edit, reason: str) -> None:
    assert judge(TRUE_REFUTATION, witness()).verdict == "REFUTED"
    refuses(TRUE_REFUTATION, edit(witness()), reason)


def test_a_true_law_has_no_witness() -> None:
    square = scalars(product(0, 1), power(0, 2), power(1, 2), Sum((scale(1, 3), scale(-1, 4))), law=5)
    assert judge(square, ByPolynomials()).verdict == "PROVED"
    refuses(square, witness(3, 7, 1), "residue at the witness is zero")
    assert judge(replace(square, law=3), witness(3, 7, 42)).verdict == "REFUTED"


@pytest.mark.parametrize(
    ("domain", "good", "bad", "reason"),
    [
        ("positive", 1, -1, "a negative entry in a"),
        ("positive", 1, 0, "a zero in a"),
        ("nonzero", -1, 0, "a zero in a"),
    ],
)
def test_a_witness_stays_in_the_domain(domain: str, good: int, bad: int, reason: str) -> None:
    statement = scalars(product(0, 1), domain=domain)
    assert judge(statement, witness(a=good)).verdict == "REFUTED"
    refuses(statement, witness(a=bad), reason)


def test_a_witness_stays_away_from_kinks_and_poles() -> None:
    kink = scalars(Apply("relu", 0))
    assert judge(kink, witness(a=1)).verdict == "REFUTED"
    refuses(kink, witness(a=0), "kink")
    pole = scalars(power(0, -1))
    assert judge(pole, witness(a=2, residue=Fraction(-1, 4))).verdict == "REFUTED"
    refuses(pole, witness(a=0), "division by zero")
    root = scalars(power(0, HALF))
    assert judge(root, witness(a=4, residue=Fraction(1, 4))).verdict == "REFUTED"
    refuses(root, witness(a=0), "not differentiable at 0")
    refuses(root, witness(a=-4), "no real root")
    refuses(root, witness(a=2), "is not the power 2")


def test_a_witness_at_sizes_outside_the_conditions_is_refused() -> None:
    plain = linear(coefficient=1)
    bounded = replace(plain, program=Program(plain.program.nodes, conditions=(R - 2,)))
    u = {(0, 0): Fraction(1)}

    def at(r: int) -> Witness:
        # h = U^T U + V^T V, entry (0, 0): the residue is 2 (U V^T + U V^T)
        return Witness({"n": 1, "m": 1, "r": r}, {"U": u, "V": u}, Choices(), (0, 0), 0, (0, 0), Fraction(4))

    assert judge(plain, at(1)).sizes == {"n": 1, "m": 1, "r": 1}
    assert judge(bounded, at(2)).verdict == "REFUTED"
    refuses(bounded, at(1), "outside the statement's conditions")
    refuses(bounded, at(0), "outside the statement's conditions")
    refuses(bounded, replace(at(2), sizes={"n": 1, "m": 1}), "exactly the sizes")


def test_transcendental_values_must_be_known() -> None:
    statement = scalars(Apply("exp", 0))
    assert judge(statement, witness(a=0)).verdict == "REFUTED"
    refuses(statement, witness(a=1), "not known as an exact rational")
    refuses(scalars(Apply("softplus", 0)), witness(a=0), "not known as an exact rational")


def test_the_slope_of_log_at_1_is_an_exact_number() -> None:
    # log'(1)*(u + v - (u + v)): in floating point 0.1 + 0.2 - 0.3 is not 0, were the slope 1.0 and not 1
    u, v, w = (
        Number(Size.of(Fraction(1, 10))),
        Number(Size.of(Fraction(1, 5))),
        Number(Size.of(Fraction(-3, 10))),
    )
    nodes = [Apply("log", 0), u, v, w, product(2, 3), product(2, 4), product(2, 5)]
    statement = scalars(*nodes, Sum((scale(1, 6), scale(1, 7), scale(1, 8))), outputs=[9])
    assert judge(statement, ByPolynomials()).verdict == "PROVED"
    noise = Fraction(0.1 + 0.2 - 0.3)
    assert noise != 0
    refuses(statement, witness(residue=noise), "residue at the witness is zero")


# --- what a witness may choose ---


def test_a_witness_chooses_a_value_and_a_slope() -> None:
    statement = scalars(Apply("s", 0))
    table = {Fraction(1): (Fraction(7), Fraction(3))}
    assert judge(statement, witness(residue=3, choices=Choices(values={"s": table}))).verdict == "REFUTED"
    refuses(statement, witness(residue=3), r"no value for s\(1\)")
    refuses(statement, witness(a=2, residue=3, choices=Choices(values={"s": table})), r"no value for s\(2\)")


def test_a_witness_chooses_a_homogeneous_function() -> None:
    statement = scalars(Apply("h", 0))
    choices = Choices(homogeneous={"h": (Fraction(3), Fraction(5))})
    assert judge(statement, witness(a=2, residue=12, choices=choices)).verdict == "REFUTED"
    assert judge(statement, witness(a=-2, residue=-20, choices=choices)).verdict == "REFUTED"
    refuses(statement, witness(a=2, residue=12), "does not say which homogeneous function")
    refuses(statement, witness(a=0, residue=12, choices=choices), "kink")
    # a table is not believed: it could break homogeneity
    free = Choices(values={"h": {Fraction(2): (Fraction(1), Fraction(12))}})
    refuses(statement, witness(a=2, residue=12, choices=free), "does not say which homogeneous function")


def test_a_witness_chooses_a_function_of_arrays() -> None:
    statement = scalars(Call("F", (0, 1), ()), functions=("F",))
    point = ((((), Fraction(1)),), (((), Fraction(1)),))
    slope = {((), ()): Fraction(4)}

    def with_row(*row: object) -> Witness:
        return witness(residue=4, choices=Choices(functions={"F": [row]}))  # type: ignore[list-item]

    assert judge(statement, with_row(point, {(): Fraction(9)}, [slope, {}])).verdict == "REFUTED"
    refuses(statement, witness(residue=4), "no value for F at one of its arguments")
    refuses(statement, with_row(point[:1], {}, [slope, {}]), "no value for F")
    refuses(statement, with_row(point, {}, [slope]), "one Jacobian for each argument")
    refuses(statement, with_row(point, {}, [slope, {}, {}]), "one Jacobian for each argument")
    refuses(statement, with_row(point, {(0,): Fraction(9)}, [slope, {}]), "outside its shape")
    refuses(statement, with_row(point, {}, [{((3,), ()): Fraction(4)}, {}]), "outside its shape")


def test_a_function_has_one_value_at_one_point() -> None:
    # F(a) - F(a) is 0 whatever the table says, also when it says two things
    statement = scalars(
        Call("F", (0,), ()),
        Call("F", (0,), ()),
        Sum((scale(1, 2), scale(-1, 3))),
        outputs=[4],
        functions=("F",),
    )
    point = ((((), Fraction(1)),),)
    rows = [(point, {}, [{((), ()): Fraction(k)}]) for k in (1, 2)]
    refuses(statement, witness(choices=Choices(functions={"F": rows})), "residue at the witness is zero")
    assert judge(statement, ByTensors({})).verdict == "PROVED"
    assert judge(statement, ByPolynomials()).verdict == "PROVED"


# --- what a statement may say ---


def test_a_law_is_about_parameters_and_constants() -> None:
    def law_of(role: str) -> Statement:
        return make([Leaf("a", "param", ()), Leaf("z", role, ()), product(0, 1)], [0], 2)

    assert law_of("const").law == 2
    for role, reason in (
        ("input", "the law mentions z"),
        ("time", "its derivative is 1"),
        ("velocity", "in a flow of second order only"),
    ):
        with pytest.raises(Malformed, match=reason):
            law_of(role)


@pytest.mark.parametrize("role", ["time", "velocity"])
def test_an_output_is_not_about_time(role: str) -> None:
    with pytest.raises(Malformed, match="an output mentions z"):
        make([Leaf("a", "param", ()), Leaf("z", role, ()), product(0, 1)], [2], 0)


def test_a_statement_names_its_nodes() -> None:
    nodes = [Leaf("a", "param", ())]
    with pytest.raises(Malformed, match="no output"):
        make(nodes, [], 0)
    for outputs, law in (([1], 0), ([-1], 0), ([0], 1), ([0], -1)):
        with pytest.raises(Malformed, match="a node that is not there"):
            make(nodes, outputs, law)


def test_a_preconditioner_fits_its_parameter() -> None:
    nodes = [Leaf("a", "param", ()), Leaf("x", "input", ()), Leaf("u", "param", (N,))]
    assert make(nodes, [0], 0, flow=preconditioned("a", "u", a=0)).flow.nodes() == (0,)
    for bad, reason in (
        ((("a", 2),), "does not fit"),
        ((("x", 0),), "does not fit"),
        ((("z", 0),), "does not fit"),
        ((("a", 1),), "the flow mentions the input x"),
        ((("a", 0), ("a", 0)), "a factor is given twice"),
        ((("a", 7),), "a node that is not there"),
    ):
        with pytest.raises(Malformed, match=reason):
            make(nodes, [0], 0, flow=flow_of(Part(name, n, name) for name, n in bad))


def test_a_preconditioner_counts() -> None:
    # a' = -a dE/da, b' = -b dE/db: a - b is conserved by the map a*b, a^2 - b^2 is not
    nodes = [Leaf("a", "param", ()), Leaf("b", "param", ()), product(0, 1), Sum((scale(1, 0), scale(-1, 1)))]
    mirror = make(nodes, [2], 3, flow=preconditioned("a", "b", a=0, b=1))
    for evidence in (ByTensors({}), ByPolynomials()):
        assert judge(mirror, evidence).verdict == "PROVED"
        refuses(replace(mirror, flow=preconditioned("a", "b")), evidence, "not")
    refuses(mirror, witness(2, 3, 1), "residue at the witness is zero")
    assert judge(replace(mirror, flow=preconditioned("a", "b", a=0)), witness(2, 3, 4)).verdict == "REFUTED"


def test_the_degree_of_an_activation_is_bounded() -> None:
    with pytest.raises(Malformed, match="degree of s is too large"):
        Program((), (("s", Fraction(1, 10**100)),))
    assert Program((), (("s", Fraction(1, 10)),)).activations


# --- programs that are not well defined for every size ---


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        (Leaf("u", "param", (N - 2,)), "may be negative"),
        (Leaf("u", "param", (Size.of(HALF),)), "not a whole number"),
        (Leaf("u", "weight", ()), "unknown role"),
        (Leaf("u", "param", (), "tiny"), "unknown domain"),
        (Leaf("u", "param", constant(10**13)), "too large a number"),
        (
            Leaf("u", "param", (N * N * N * N * N * N * N * N * N * N * N * N * N * N * N * N * N,)),
            "too high a degree",
        ),
        (Iota(Size.of(HALF), 1, N), "not a whole number"),
        (Iota(Size.of(0), 1, N - 2), "may be negative"),
        (Einsum((0,), ((0,),), (), (M,)), "do not fit its shape"),
        (Einsum((0,), ((0, 0),), (), (N,)), "do not fit its shape"),
        (Einsum((0,), ((1,),), (), (N,)), "a label that has no size"),
        (Einsum((0,), (), (), (N,)), "one list of labels for each operand"),
        (Einsum((1,), ((0,),), (), (N,)), "does not come before it"),
        (Sum(()), "a sum has no term"),
        (power(0, 5000), "exponent 5000 is too large"),
        (Apply("swish", 0), "unknown function"),
        (Call("F", (0,), ()), "unknown function"),
    ],
)
def test_a_program_is_checked(node: object, reason: str) -> None:
    with pytest.raises(Malformed, match=reason):
        Program((Leaf("w", "param", (N,)), node))  # type: ignore[arg-type]

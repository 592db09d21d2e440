"""`Stop`: what is stopped has its value and no derivative, in every layer, and no law may hide behind it."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claws.kernel import (
    BlockLaw,
    ByBlock,
    ByPolynomials,
    ByTensors,
    Evidence,
    Malformed,
    Meter,
    Program,
    Refused,
    Witness,
)
from claws.kernel.core.program import Leaf, Node, Stop, Sum, power
from claws.kernel.values.evaluation import directional, evaluate, gradients
from claws.kernel.values.evidence import Choices
from claws.kernel.values.rationals import Rationals
from tests.kernel.counting.test_bounds import STEPS, count, judge, sandwich
from tests.kernel.models import judge as check
from tests.kernel.models import make, product, refuses, scale

ENTRIES = st.fractions(-4, 4, max_denominator=5)


def balance(*first: Node) -> list[Node]:
    """Parameters u, v, w; three nodes, of which the last is the output; u^2 - w^2."""
    leaves = [Leaf("u", "param", ()), Leaf("v", "param", ()), Leaf("w", "param", ())]
    return [*leaves, *first, power(0, Fraction(2)), power(2, Fraction(2)), Sum((scale(1, 6), scale(-1, 7)))]


@pytest.mark.parametrize("evidence", [ByTensors({}), ByPolynomials()])
def test_no_gradient_goes_through_it(evidence: Evidence) -> None:
    """stop(u)*v + u*w: v moves u by nothing, so u and w are balanced; without the stop they are not."""
    output = Sum((scale(1, 4), scale(1, 5)))
    stopped = [Stop(0), product(3, 1), product(0, 2)]
    true = make([*balance(*stopped), output], [9], 8)
    false = make([*balance(Sum((scale(1, 0),)), *stopped[1:]), output], [9], 8)
    assert check(true, evidence).verdict == "PROVED"
    refuses(false, evidence, "residue")


def test_a_witness_sees_what_is_left() -> None:
    """v is moved by stop(u), u is not moved by v: the residue of v is the value of u, that of u is 0."""
    leaves = {"u": {(): Fraction(3)}, "v": {(): Fraction(5)}, "w": {(): Fraction(1)}}
    nodes = [Leaf("u", "param", ()), Leaf("v", "param", ()), Stop(0), product(2, 1)]
    point = {name: leaves[name] for name in ("u", "v")}
    seen = Witness({}, point, Choices(), (), 0, (), Fraction(3))
    assert check(make(nodes, [3], 1), seen).verdict == "REFUTED"
    refuses(make(nodes, [3], 0), seen, "the residue at the witness is zero")


def test_a_law_that_stops_a_gradient_is_refused() -> None:
    """u changes in training, whatever stop(u) says of its derivative."""
    nodes = [Leaf("u", "param", ()), Leaf("v", "param", ()), product(0, 1)]
    assert check(make([*nodes, power(0, Fraction(0))], [2], 3), ByTensors({})).verdict == "PROVED"
    with pytest.raises(Malformed, match="stops the gradient"):
        make([*nodes, Stop(0)], [2], 3)
    with pytest.raises(Malformed, match="stops the gradient"):
        make([*nodes, Stop(0), Sum((scale(1, 3), scale(-1, 3)))], [2], 4)


def test_such_a_model_has_a_bound_from_below_only() -> None:
    text = "param U: [2, 2], V: [2, 2], W: [2, 2]\nmap U @ V.T, U @ stop(W)\nlaw l = V.T @ V - U.T @ U\nlaw z = 0*U\n"
    plain = text.replace("stop(W)", "W")
    free = count("<=", 12, plain)
    assert judge(free, sandwich(free, "z", plain)).verdict == "PROVED"
    stopped = count("<=", 12, text)
    with pytest.raises(Refused, match="a gradient is stopped"):
        judge(stopped, sandwich(stopped, "z", text, STEPS))
    below = count(">=", 0, text)
    assert judge(below, sandwich(below, "z", text, ())).verdict == "PROVED"


def test_a_block_that_stops_a_gradient_is_no_other_block() -> None:
    """The block stop(a)*b*x moves b alone, so a is a law of it; the network a*b*x is not one that calls it."""

    def model(prefix: str, factor: Node) -> list[Node]:
        leaves = [Leaf(f"{prefix}a", "param", ()), Leaf(f"{prefix}b", "param", ()), Leaf(f"{prefix}x", "input", ())]
        return [*leaves, factor, product(3, 1), product(4, 2)]

    premise = BlockLaw(make(model("", Stop(0)), [5], 0), ByTensors({}))
    use = ByBlock(premise, {}, {"a": "A.a", "b": "A.b"}, ((0, 5),), {})
    assert check(make(model("A.", Stop(0)), [5], 0), use).verdict == "PROVED"
    with pytest.raises(Refused):
        check(make(model("A.", Sum((scale(1, 0),))), [5], 0), use)


@given(st.tuples(ENTRIES, ENTRIES, ENTRIES), st.tuples(ENTRIES, ENTRIES, ENTRIES))
def test_it_is_an_input_with_the_same_value(point: tuple[Fraction, ...], direction: tuple[Fraction, ...]) -> None:
    """Forwards and backwards, derivatives are those of the program that reads the value from an input."""
    leaves: list[Node] = [Leaf(name, "param", ()) for name in "uvw"]
    inner = [product(0, 1), Sum((scale(2, 3), scale(-1, 2)))]
    rest = [product(5, 0), power(6, Fraction(2)), Sum((scale(1, 7), scale(3, 4)))]
    stopped = Program((*leaves, *inner, Stop(4), *rest), (), ())
    read = Program((*leaves, *inner, Leaf("s", "input", ()), *rest), (), ())
    ring = Rationals({}, Choices())
    at = {name: {(): x} if x else {} for name, x in zip("uvw", point, strict=True)}
    along = {name: {(): x} for name, x in zip("uvw", direction, strict=True) if x}
    both = at | {"s": evaluate(stopped, [5], at, ring, Meter(1000))[5]}
    assert evaluate(stopped, [8], at, ring, Meter(1000)) == evaluate(read, [8], both, ring, Meter(1000))
    there = directional(stopped, [8], at, along, ring, Meter(1000))
    assert there == directional(read, [8], both, along, ring, Meter(1000))
    names = ["u", "v", "w"]
    assert gradients(stopped, 8, at, names, ring, Meter(1000)) == gradients(read, 8, both, names, ring, Meter(1000))

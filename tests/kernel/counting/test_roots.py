"""Square roots in residues: numbers of laws that are known, and relations between roots that are refused."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.kernel.core.errors import Meter, NoRoot, Undefined
from claws.kernel.counting.evidence import Step, Tree
from claws.kernel.counting.jets import Jet, JetRing
from claws.kernel.counting.points import Point, Setting
from claws.kernel.counting.roots import independent, jacobi
from claws.readings.modular import PRIMES, PRIMES_WITH_ROOTS
from claws.readings.points import ModularPoint
from claws.report.sweeps import SweepRow
from claws.runner.options import Options
from claws.runner.sweep import count_at
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text

P = PRIMES_WITH_ROOTS[0]
RELATED = "square roots of functions whose product is a square"


def row(text: str) -> SweepRow:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return count_at(spec, {}, Options(timeout=None))


# --- what is counted ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        # one law for each normalised vector: the generators are orthogonal to it, and transitive on the sphere
        ("param v: [3], g\ninput x: [3]\nmap g*dot(v, x)/sqrt(sqnorm(v))", 1),
        ("param v: [2], w: [2]\ninput x: [2], y: [2]\nmap dot(v, x)/sqrt(sqnorm(v)) + dot(w, y)/sqrt(sqnorm(w))", 2),
        ("param W: [2, 2], g: [2]\ninput x: [2]\nmap g*rmsnorm(W @ x)", 1),
        # layernorm of three numbers: their norm about the mean, and the mean for each column
        ("param W: [3, 2]\ninput x: [2]\nmap layernorm(W @ x)", 3),
        # radial functions: everything but the radius
        ("param v: [4]\nmap sqrt(sqnorm(v))", 3),
        ("param u, v\nmap sqrt(1 + u^2), v", 0),
        ("param u, v\nmap sqrt(1 + u^2)*v", 1),
        # numbers under roots are what they are
        ("param u, v\nmap sqrt(2)*u + sqrt(3)*v", 1),
        ("param u, v\ninput x\nmap sqrt(2)*u*x + sqrt(3)*v", 0),
        ("param u, v in positive\nmap sqrt(u*v)", 1),
        ("const k in positive\nparam u, v\nmap sqrt(k)*u*v", 1),
        # nested
        ("param u, v\nmap sqrt(1 + sqrt(1 + u^2))*v", 1),
        ("param u, v\nmap sqrt(u + sqrt(v))*sqrt(u - sqrt(v)), sqrt(u^2 - 2*v)", 0),
        ("param W: [3, 2], A: [2, 3]\ninput x: [2]\nmap rmsnorm(A @ tanh(rmsnorm(W @ x)))", 2),
        # as factors of the flow
        ("param u, v in positive\nmap u*v\nprecondition u by sqrt(u), v by sqrt(v)", 1),
    ],
)
def test_numbers_that_are_known(text: str, number: int) -> None:
    found = row(text)
    assert (found.at_least, found.at_most, found.status) == (number, number, "PROVED"), found.reason


# --- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        # with independent signs there would seem to be more generators than there are
        ("input x\nparam u, v, w\nmap u*sqrt(1 + x^2*w^2) + v*sqrt(4 + 4*x^2*w^2)", RELATED),
        ("param u, v\nmap u*sqrt(v^2)", RELATED),
        ("param u, v\nmap (sqrt(2) + sqrt(8))*u*v", RELATED),
        ("param u, v, w in positive\nmap sqrt(u*v) + sqrt(v*w) + sqrt(u*w)", RELATED),
        ("param u, v, w in positive\ninput x in positive\nmap w*sqrt(u*x) + sqrt(v*x)", RELATED),
        ("param W: [2, 2]\ninput x: [2]\nmap layernorm(W @ x)", RELATED),
        ("param u, v\nmap u*sqrt(1 + v^2 + sqrt(1 + u^2)) + sqrt(9 + 9*u^2)", RELATED),
        # the product of the outer roots is a root beside them, so there is one output, and one law
        ("param u, v\nmap sqrt(u + sqrt(v))*sqrt(u - sqrt(v)), sqrt(u^2 - v)", RELATED),
        (
            "param u, v\ninput x, y\nmap u*sqrt(x + sqrt(y))*sqrt(x - sqrt(y)) + v*sqrt(x^2 - y)",
            RELATED,
        ),
        (
            "param u, v\nconst c\ninput x\nmap u*sqrt(x + sqrt(c))*sqrt(x - sqrt(c)) + v*sqrt(x^2 - c)",
            RELATED,
        ),
        ("param u, v\nmap u^(1/3)*v", "only square roots have residues"),
        ("param u, v\nmap sqrt(-2)*u*v", "not positive|no real root"),
    ],
)  # fmt: skip
def test_related_roots_are_refused(text: str, reason: str) -> None:
    found = row(text)
    assert found.status == "UNKNOWN"
    assert any(words in found.reason for words in reason.split("|")), found.reason


def test_a_law_with_related_roots_lends_no_rank() -> None:
    """sqrt(u^2) and u are one law; by residues with independent signs they might seem to be two."""
    found = row("param u, v\nmap v\nlaw a = u\nlaw b = sqrt(u^2)")
    assert (found.at_least, found.at_most) == (1, 1)


# --- the arithmetic -----------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 10**4).map(lambda k: 2 * k + 1))
def test_the_jacobi_symbol(a: int, n: int) -> None:
    assert jacobi(a, n) == sympy.jacobi_symbol(a % n, n)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 1), min_size=5, max_size=5), max_size=6))
def test_independence_over_two_elements(rows: list[list[int]]) -> None:
    vectors = [int("".join(map(str, r)), 2) for r in rows]
    rank = 0
    if rows:
        reduced = sympy.polys.matrices.DomainMatrix.from_list(rows, sympy.ZZ).convert_to(sympy.GF(2))
        rank = reduced.rank()
    assert independent(vectors) == (rank == len(rows))


@settings(max_examples=40, deadline=None)
@given(st.integers(1, P - 1), st.integers(0, P - 1), st.sampled_from([-3, -1, 1, 3]))
def test_a_root_squares_to_its_argument_with_derivatives(z: int, slope: int, k: int) -> None:
    from fractions import Fraction

    ring = JetRing(P, 1, 0, {}, Meter(10**6))
    square = z * z % P
    root = ring.power(Jet(ring, [square, slope]), Fraction(k, 2))
    assert root.parts[0] == pow(min(z, P - z), k, P)
    whole = ring.power(Jet(ring, [square, slope]), Fraction(k))
    assert list((root * root).parts) == list(whole.parts)


def test_where_there_is_no_root() -> None:
    ring = JetRing(P, 0, 0, {}, Meter(10**6))
    with pytest.raises(NoRoot):
        ring.root(next(z for z in range(2, 50) if jacobi(z, P) < 0))
    with pytest.raises(Undefined, match="at 0"):
        ring.root(0)
    with pytest.raises(Undefined, match=r"of the form 4\*k \+ 3"):
        JetRing(PRIMES[0], 0, 0, {}, Meter(10**6)).root(4)


@pytest.mark.parametrize("tree", [1, (1, 1), ((1, 1), 1)])
@pytest.mark.parametrize(
    "text",
    [
        "param W: [2, 2], g: [2]\ninput x: [2]\nmap g*rmsnorm(W @ x)",
        "param u, v\ninput x\nmap sqrt(1 + u^2*x^2 + sqrt(2 + x^2))*v",
        "param A: [3, 2]\ninput X: [2, 2]\nmap layernorm(A @ tanh(X))",
    ],
)
def test_the_accelerator_draws_the_same_elements(text: str, tree: Tree) -> None:
    model = Instance(load_text(text), {}).model()
    setting = Setting(P, 5)
    slow, fast = Point(model, setting, Meter(10**8)), ModularPoint(model, setting, Meter(10**8))
    expected = [slow.element(Step(tree, 3), 0, k) for k in range(3)]
    got = np.mod(np.rint(fast.elements(tree, 0, range(3))), P).astype(int).tolist()
    assert got == expected

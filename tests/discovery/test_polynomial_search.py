"""Laws of bounded degree at fixed sizes: as many as plain linear algebra finds, and each of them true."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations_with_replacement, product

import pytest
import sympy
from flint import fmpq, fmpq_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.discovery import polynomial_search as module
from claws.discovery.ansatz import Coefficients, Letter, LetterText, PolynomialLaw, polynomial_text, state_ansatz
from claws.discovery.beyond import letter_text
from claws.discovery.conjectures import CONJECTURES
from claws.discovery.found import Notes
from claws.discovery.polynomial_search import PolynomialSearch, find_laws
from claws.discovery.scaling import WeightText
from claws.kernel.core.errors import Meter
from claws.kernel.laws.evidence import ByPolynomials, ByTensors
from claws.prover.counting import NumberSearch
from claws.prover.laws import decide_law, prove_law
from claws.readings.modular import PRIMES
from claws.readings.residues import residue_seems_zero
from claws.syntax.instances.instance import Instance
from claws.syntax.parser import parse_expression
from claws.syntax.reader import load_text

NAMES = ("x", "y", "z")
quiet = settings(deadline=None, max_examples=25)


def searches(text: str, notes: Notes | None = None, **sizes: int) -> Iterator[PolynomialSearch]:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    for ansatz in state_ansatz(Instance(spec, sizes).model()):
        yield PolynomialSearch(ansatz, PRIMES[0], 0, Meter(10**9), notes)


def laws(text: str, degree: int, **sizes: int) -> list[PolynomialLaw]:
    return list(next(searches(text, None, **sizes)).laws(degree))


def texts(text: str, degree: int, **sizes: int) -> list[str]:
    return sorted(law.text() for law in laws(text, degree, **sizes))


# --- against plain linear algebra ----------------------------------------------------------------------------------------


@st.composite
def maps(draw: st.DrawFn) -> list[str]:
    """One or two outputs, polynomials of degree at most 3 in x, y, z with small coefficients and few terms."""
    monomials = [m for m in product(range(4), repeat=3) if 0 < sum(m) <= 3]
    outputs = []
    for _ in range(draw(st.integers(1, 2))):
        terms = draw(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(monomials)), min_size=1, max_size=3))
        outputs.append(
            " + ".join(
                "*".join([str(c), *(f"{name}^{e}" for name, e in zip(NAMES, m, strict=True) if e)]) for c, m in terms
            )
        )
    return outputs


def plainly(outputs: list[str], degree: int) -> int:
    """How many polynomials of this degree are conserved: each coefficient of a derivative is an equation. SymPy and FLINT."""
    xs = sympy.symbols(NAMES)
    fields = [sympy.sympify(e.replace("^", "**"), dict(zip(NAMES, xs, strict=True))) for e in outputs]
    monomials = [
        sympy.prod(m) for d in range(1, degree + 1) for m in combinations_with_replacement(xs, d)
    ]  # no constant
    equations: dict[tuple[int, object], dict[int, int]] = {}
    for k, m in enumerate(monomials):
        for j, f in enumerate(fields):
            derivative = sum(sympy.diff(m, x) * sympy.diff(f, x) for x in xs)
            for exponents, c in sympy.Poly(derivative, *xs).terms():
                equations.setdefault((j, exponents), {})[k] = int(c)
    if not equations:
        return len(monomials)
    rows = [[fmpq(row.get(k, 0)) for k in range(len(monomials))] for row in equations.values()]
    return len(monomials) - int(fmpq_mat(rows).rref()[1])


@quiet
@given(maps(), st.integers(1, 3))
def test_as_many_as_plain_linear_algebra_finds(outputs: list[str], degree: int) -> None:
    found = laws(f"param x, y, z\nmap {', '.join(outputs)}", degree)
    assert len(found) == plainly(outputs, degree)
    for law in found:
        assert isinstance(prove_law(law.statement(), Meter(10**8)), ByTensors | ByPolynomials), law.text()


@pytest.mark.parametrize(
    ("text", "degree"),
    [
        ("param U: [2, 3], V: [2, 3]\nmap U @ V.T", 3),
        ("param U: [2, 2], V: [1, 2], b: [2]\ninput x: [1]\nmap U @ relu(V.T @ x + b)", 3),
        ("param a: [2, 1], b: [2, 2], c: [1, 2]\nmap c @ b @ a", 4),
        ("param u: [3] in positive, v: [3] in positive\nmap u*v\nprecondition u by u, v by v", 2),
        ("param u: [4]\nmap prod(u)", 2),
        ("param u: [4]\nmap u[0]*u[1], u[2]*u[3]", 2),
        ("param u: [3], v: [3]\nmap u*v + u", 3),
        ("param u: [3]\nconst tau\nmap sqnorm(u)\nflow momentum(tau)", 2),
        ("param A: [2, 2, 2], b: [2]\nmap sum(A, 2) @ b", 2),
    ],
)
def test_without_symmetries_the_same_laws_are_found(text: str, degree: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The classes, and permutations of them, only save work."""
    apart = laws(text, degree)
    assert apart

    monkeypatch.setattr(module, "gradings", lambda model, letters: None)
    monkeypatch.setattr(module, "permutations", lambda model, letters: [])
    together = laws(text, degree)
    assert len(apart) == len(together)
    rows = [law.coefficients for law in (*apart, *together)]
    columns = sorted({m for row in rows for m in row})
    matrix = fmpq_mat([[fmpq(row.get(m, 0)) for m in columns] for row in rows])
    assert matrix.rref()[1] == len(apart)


# --- laws and their texts ------------------------------------------------------------------------------------------------


def test_laws_are_sparse_with_small_integers() -> None:
    assert texts("param U: [2, 2], V: [1, 2]\nmap U @ V.T", 2) == [
        "U[0, 0]*U[0, 1] + U[1, 0]*U[1, 1] - V[0, 0]*V[0, 1]",
        "U[0, 0]^2 + U[1, 0]^2 - V[0, 0]^2",
        "U[0, 1]^2 + U[1, 1]^2 - V[0, 1]^2",
    ]


@pytest.mark.parametrize(
    ("text", "degree", "found"),
    [
        ("param u, v\nmap u*v", 1, []),
        ("param u, v\nmap u*v", 2, ["u^2 - v^2"]),
        ("param u, v, w\nmap u", 1, ["v", "w"]),
        ("param u, v\ninput x\nmap u*exp(x + v)", 2, ["u^2 - 2*v"]),
        ("param u, v\nmap u^2*v^3", 2, ["3*u^2 - 2*v^2"]),
        # coefficients that one prime does not give
        ("param u, v\nmap 100003*u + 99991*v", 1, ["99991*u - 100003*v"]),
        ("param u, v\nmap u/1000003 + v", 1, ["1000003*u - v"]),
        ("param u: [2] in positive\nmap u[0]*u[1]\nprecondition u by u", 1, ["u[0] - u[1]"]),
        ("param u, v\nmap u*v\nflow gradient, decay(2)", 2, ["exp(2*t)^2*(u^2 - v^2)"]),
        ("param u, v\nmap u*v\nflow gradient, decay(3/t)", 2, ["t^6*(u^2 - v^2)"]),
        ("param u, v\nconst tau\nmap u*u + v*v\nflow momentum(tau)", 2, ["exp(tau*t)*(u*vel(v) - v*vel(u))"]),
    ],
)
def test_laws_of_small_models(text: str, degree: int, found: list[str]) -> None:
    assert texts(text, degree) == found
    for law in found:
        spec = load_text(f"{text}\nlaw l = {law}")
        outcome = decide_law(Instance(spec, {}).statement("l"))
        assert outcome.theorem is not None and outcome.theorem.verdict == "PROVED"


def test_a_text_and_its_statement_say_the_same() -> None:
    text = "param a: [2, 1], b: [2, 2], c: [1, 2]\nmap c @ b @ a"
    for law in laws(text, 4):
        written = Instance(load_text(f"{text}\nlaw l = {law.text()}"), {}).statement("l")
        assert residue_seems_zero(law.statement(), 3) and residue_seems_zero(written, 3)


def test_mixtures_of_coordinates_that_grow_differently() -> None:
    plain = list(searches("param u, v\nmap u + v\nflow momentum(2)"))[1]
    assert "2*u - 2*v + vel(u) - vel(v)" in [law.text() for law in plain.laws(1)]


@pytest.mark.parametrize(
    ("coefficients", "text"),
    [
        ({(0,): 1, (1,): -2}, "x - 2*y"),
        ({(0,): -1, (): 3}, "-x + 3"),
        ({(0, 0, 1): 2}, "2*x^2*y"),
        ({(0, 2): 3, (2, 2): -1}, "3*x/(1 + y) - 1/(1 + y)^2"),
        ({(0, 2, 3): -1}, "-x/((1 + y)*z)"),
        ({(4, 4): 1, (4, 5): 2}, "t^6*(u^2 + 2*u*v)"),
        ({(4,): 1, (0,): 1}, "t^3*u + x"),
        ({(4, 4): 1, (0,): 1}, "(t^3*u)^2 + x"),
    ],
)
def test_polynomials_are_written_as_people_would(coefficients: Coefficients, text: str) -> None:
    letters = [
        *(Letter(k, (), LetterText(name)) for k, name in enumerate("xy")),
        Letter(2, (), LetterText("(1/(1 + y))"), denominator=LetterText("(1 + y)")),
        Letter(3, (), LetterText("(1/z)"), denominator=LetterText("z")),
        *(Letter(k, (), LetterText(name), WeightText(exponent=3)) for k, name in ((4, "u"), (5, "v"))),
    ]
    assert polynomial_text(coefficients, letters) == text


def test_a_long_text_is_cut_only_where_asked() -> None:
    law = next(law for law in laws("param U: [9, 1], V: [9, 1]\nmap U @ V.T", 2))
    assert law.text(limit=2) == "U[0, 0]^2 + U[1, 0]^2 + ... (18 terms)"
    assert law.text().count("^2") == 18


# --- what is left out is said --------------------------------------------------------------------------------------------


def test_what_is_too_large_is_noted(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "param u: [4] in positive\nmap prod(u), log(u[0])"
    notes = Notes()
    assert list(next(searches(text, notes)).laws(2)) and not notes.lines
    monkeypatch.setattr(module, "LIMITS", replace(module.LIMITS, unknowns=3))
    assert not list(next(searches(text, notes)).laws(2))
    assert (
        "1 of 7 classes of monomials of degree 2 were not searched: they have up to 5 members, more than 3"
        in notes.lines[0]
    )
    monkeypatch.setattr(module, "LIMITS", replace(module.LIMITS, monomials=10))
    assert not list(next(searches(text, notes)).laws(2))
    assert "degree 2 was not searched: there are 14 monomials" in notes.lines[1]


def test_laws_that_no_rational_numbers_give_are_noted() -> None:
    notes = Notes()
    search = next(searches("param u, v\nmap u + 123456789123456789123*v", notes))
    assert [law.text() for law in search.laws(1)] == []
    assert "no small rational coefficients give them" in notes.lines[0]
    search = next(searches("param u, v\nmap u + 123456789*v", notes))
    assert [law.text() for law in search.laws(1)] == ["123456789*u - v"]


def test_the_search_stops_when_nothing_is_wanted() -> None:
    model = Instance(load_text("param u: [3]\nmap prod(u)"), {}).model()
    wanted = [2]
    found = []
    for text, _ in find_laws(model, lambda: wanted[0], 4, PRIMES[0], 0, Meter(10**8)):
        found.append(text)
        wanted[0] -= 1
    assert found == ["u[0]^2 - u[1]^2", "u[0]^2 - u[2]^2"]


def test_counting_uses_this_search() -> None:
    model = Instance(load_text("param u, v\ninput x\nmap u*v*x"), {}).model()
    search = NumberSearch(model, (), CONJECTURES, 0, Meter(10**7), False)
    assert search.tally(model) is not None
    assert search.outcome.used == ["u^2 - v^2"]


@pytest.mark.parametrize(
    ("text", "law"),
    [
        ("u^2", "u^6 - 2*(v + 1)^3"),
        ("U[0, 1]^2", "U[0, 1]^6 - 2*(v + 1)^3"),
        ("u^2 + 1", "(u^2 + 1)^3 - 2*(v + 1)^3"),
        ("2^u", "(2^u)^3 - 2*(v + 1)^3"),
    ],
)
def test_a_power_of_a_power_is_one(text: str, law: str) -> None:
    spec = load_text("param u, v, U: [2, 2]\nmap u*v*U")
    letters = [Letter(k, (), letter_text(spec, parse_expression(e), ())) for k, e in enumerate((text, "v + 1"))]
    assert polynomial_text({(0, 0, 0): 1, (1, 1, 1): -2}, letters) == law

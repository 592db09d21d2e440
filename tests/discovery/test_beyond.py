"""Laws that are no polynomials: Darboux polynomials, functions of the model and of the user, quotients."""

from __future__ import annotations

import pytest

from claws.discovery.ansatz import state_ansatz
from claws.discovery.beyond import ansatz_with, darboux_polynomials, letter_text, own_functions
from claws.discovery.found import Findings, Notes, Settings
from claws.discovery.polynomial_search import PolynomialSearch
from claws.discovery.rational import decomposed, quotients
from claws.discovery.stages import find_laws_of
from claws.kernel.core.errors import Meter
from claws.readings.modular import PRIMES
from claws.syntax.instances.instance import Instance
from claws.syntax.parser import parse_expression
from claws.syntax.printer import print_expression
from claws.syntax.reader import load_text


def find(text: str, **settings: object) -> Findings:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return find_laws_of(spec, Settings(**settings))  # type: ignore[arg-type]


def darboux(text: str, **sizes: int) -> list[str]:
    return darboux_polynomials(Instance(load_text(text), sizes).model(), PRIMES[0], 0, Meter(10**8), Notes())


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("param x, y\nmap x + y^3", ["y"]),
        ("param x, y\nmap x*y", ["x + y", "x - y"]),
        ("param x, y\nmap x + y", ["x - y"]),
        ("param x, y, z\nmap x*y + z^2", ["z", "x + y", "x - y"]),
        ("param x, y\nmap x^2 + x*y", []),
        # an extactic factor with other coefficients
        ("param x, y\nmap 3*x^2 + 8*x*y - 3*y^2", ["2*x + y", "x - 2*y"]),
        ("param x, y\nmap 11*x^2 + 4*x*y + 14*y^2", ["2*x - y", "x + 2*y"]),
        ("param u: [2]\nmap sum(u^3)", ["u", "u[0] - u[1]"]),
        ("param u: [3]\nmap sum(u[0:2]^3) + u[2]*u[1]", ["u[0]"]),
        ("param u: [2] in positive\nmap u[0] + sum(u)^2\nprecondition u by u", ["u"]),
        ("param U: [2, 3]\nmap U @ U.T", [
            "U[0, 0]*U[1, 1] - U[0, 1]*U[1, 0]", "U[0, 0]*U[1, 2] - U[0, 2]*U[1, 0]", "U[0, 1]*U[1, 2] - U[0, 2]*U[1, 1]",
        ]),
        # all velocities are zero wherever one coordinate is
        ("param x, y\nmap x/(1 + y^2)", ["y"]),
        # a division by one candidate does not concern the others
        ("param x, y\nmap x^2/y", ["x"]),
        ("param x, y\nmap x*y/(x + y)", ["x - y"]),
        # the value of a function is no coordinate
        ("activation s with s' = 1 - s^2\nparam u, b\nmap u*s(b)", []),
        # a coordinate that never moves is a law, and no Darboux polynomial
        ("param x, y\nmap x^2", ["x"]),
        # every generator counts
        ("param x, y\nmap x*y, x", []),
        ("param x, y\ninput a\nmap a*x*y + y^2", []),
    ],
)  # fmt: skip
def test_darboux_polynomials(text: str, found: list[str]) -> None:
    assert darboux(text) == found


@pytest.mark.parametrize(
    ("text", "laws"),
    [
        ("param x, y\nmap x + y^3", ["3*x + 1/y"]),
        ("param x, y\nmap x^2 + y^2 + x*y", ["(x + y)/(x - y)^3"]),
        ("param x, y, z\nmap x*y + z^2", ["x^2 - y^2", "z/(x + y)^2"]),
        ("param x: [3]\nmap x[0]^2 + 2*x[1]^2 + 3*x[2]^2", ["x[0]^2/x[1]", "x[0]^3/x[2]"]),
        ("param x, y, z\nmap x*(1 + y*z)", ["y^2 - z^2", "x^2 - y^2 - log((y + z)^2)"]),
        ("param x, y\nmap x + exp(y)", ["x + 1/exp(y)"]),
        ("param x, y\nmap x + tanh(y)", ["2*x - y - tanh(y)/(1 - tanh(y)^2)"]),
        ("const a\nparam u, v\nmap u + a*v^3", ["3*u + 1/(a*v)"]),
        ("const a: [2]\nparam u: [2]\nmap dot(a, u)^2", ["u[0]*a - u*a[0]"]),
        ("param x, y in positive\nmap x^2 + y^2", ["log(x) - log(y)"]),
        ("dim n\nparam u, v: [n]\ninput x: [n]\nmap dot(u + v^3, x)", ["3*u + 1/v"]),
        ("dim n\nparam u: [n]\nmap sum(u^3)", ["1/u - 1/u[0]"]),
    ],
)
def test_laws_beyond_polynomials_are_found_and_there_are_no_others(text: str, laws: list[str]) -> None:
    found = find(text)
    assert [law.text for law in found.laws] == laws
    assert found.missing == 0
    assert all(law.for_all_sizes == ("dim" in text) for law in found.laws)


def test_a_function_of_the_user_closes_a_gap() -> None:
    text = "param x, y\nmap x + tanh(y + 1)/2 + tanh(y + 1)^3/6"
    assert find(text).missing == 1
    found = find(text, basis=("1/(1 - tanh(y + 1)^4)",), degree=3)
    assert found.missing == 1  # its integral needs arctan
    text = "param x, y\nmap x + y/(1 + y)"
    assert find(text, degree=1).missing == 1
    found = find(text, basis=("(1 + y)^3",), degree=1)
    assert [law.text for law in found.laws] == ["3*x - (1 + y)^3"]
    assert found.missing == 0


def test_the_users_function_may_be_an_array() -> None:
    found = find("dim n\nparam x, y: [n]\ninput a: [n]\nmap dot(x + y + exp(y), a)", basis=("log(1 + exp(y))",))
    assert [law.text for law in found.laws] == ["x - y + log(1 + exp(y))"]
    assert found.missing == 0


@pytest.mark.parametrize(
    ("text", "law"),
    [
        ("param x, y\nmap x/(1 + y^2)", "2*x^2 + y^2 + log(y^2)"),
        ("param x, y\nmap sin(x)*cos(y)", "cos(x)/sin(y)"),
        ("param x, y\nmap x + softplus(y)", "x - y + 1/sigmoid(y)"),
        ("param x, y\nmap x*y\nprecondition x by 1 + x^2", "2*y^2 - log((1 + x^2)^2)"),
        ("param x, y\nmap x*y\nprecondition x by 1/(1 + x^2)", "2*y^2 - (1 + x^2)^2"),
        ("param x in positive, y\nmap x*y\nprecondition x by 1/x^2", "2*y^2 - x^4"),
        ("param x, y\nmap x + y\nprecondition x by exp(x)\nprecondition y by y^3", "2/exp(x) - 1/y^2"),
        ("activation s with s' = 1 - s^2\nparam u, b\nmap u*s(b)", "u^2 - 1/(1 - s(b)^2)"),
    ],
)
def test_what_the_functions_of_a_model_and_their_slopes_give(text: str, law: str) -> None:
    found = find(text)
    assert [x.text for x in found.laws] == [law] and found.missing == 0


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("param u: [301]\nmap sum(u^2)", "no coordinate was tried as a Darboux polynomial: there are more than 300"),
        (
            "param u: [30]\nmap sum(u^2)",
            "sums and differences were not tried as Darboux polynomials: there are over 24",
        ),
        ("param U: [4, 4]\nmap det(U)", "minors of U were not tried as Darboux polynomials"),
        ("param u: [7]\nmap sum(u^3)", "affine functions were not tried as Darboux polynomials: there are over 6"),
        ("param u, v\nmap u/v", "affine functions were not tried as Darboux polynomials: no model but a polynomial"),
        (
            "param u, v\nmap u*v\nflow gradient, decay(1)",
            "affine functions were not tried as Darboux polynomials: the flow",
        ),
        ("param u, v\nmap sqrt(u^2 + v^2)", "coordinates and minors were not tried as Darboux polynomials"),
    ],
)
def test_what_is_not_tried_as_a_darboux_polynomial_is_noted(text: str, note: str) -> None:
    notes = Notes()
    darboux_polynomials(Instance(load_text(text), {}).model(), PRIMES[0], 0, Meter(10**8), notes)
    assert any(line.startswith(note) for line in notes.lines), notes.lines


def test_further_letters_that_are_left_out_are_noted() -> None:
    spec = load_text("dim n\nparam u: [n]\nconst c: [9]\nmap c[0]*sin(u)")
    instance, notes = Instance(spec, {"n": 25}), Notes()
    (ansatz,) = ansatz_with(instance, own_functions(spec), notes)
    assert len(ansatz.letters) == 25 + 60
    assert notes.lines == [
        "entries of c stand in no coefficient: there are 9",
        "15 of 75 further functions take no part in laws",
    ]


# --- the functions of a model --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "functions"),
    [
        ("param u, v\nmap u*v", []),
        ("param u, v\ninput x\nmap exp(u*x) + v", []),
        ("param u, v\ninput x\nmap exp(u)*x + tanh(v)", ["tanh(v)", "1/(1 - tanh(v)^2)", "exp(u)", "1/exp(u)"]),
        ("param u, v\nmap sin(u)*cos(v)", ["sin(u)", "cos(u)", "1/cos(u)", "cos(v)", "sin(v)", "1/sin(v)"]),
        ("param v\nmap softplus(v)", ["softplus(v)", "sigmoid(v)", "1/sigmoid(v)"]),
        ("activation s with s' = 1 - s^2\nparam v\nmap s(v)", ["s(v)", "1/(1 - s(v)^2)"]),
        ("activation s homogeneous 2\nparam v\nmap s(v)", ["s(v)"]),
        ("param u, v\nmap u*v\nprecondition u by 1 + u^2\nprecondition v by v^3", ["1/(1 + u^2)", "log((1 + u^2)^2)"]),
        ("param u, v\nmap u*v\nprecondition u by exp(u)", ["1/exp(u)", "log(exp(u)^2)", "exp(u)"]),
        ("const c\nparam u, v\nmap u*v\nprecondition u by 2*c", ["c", "1/c"]),
        ("param u, v\nmap u*v\nprecondition u by 1/(1 + u^2)", ["1 + u^2", "1/(1 + u^2)", "log((1 + u^2)^2)"]),
        ("param u, v\nlet w = u + 1\nmap v/w", ["1/w"]),
        ("param u, v\ninput x\nlet w = u*x\nmap v/w", []),
        ("param u: [3]\nmap sum(exp(u[k]) for k in 0..2)", []),
        ("param u, v\nmap u^-2*v", ["1/u"]),
        ("const b: [2], a\nparam u, v\nmap a*u + b*v", ["b", "a", "1/a"]),
    ],
)
def test_functions_that_a_model_has_in_it(text: str, functions: list[str]) -> None:
    assert [print_expression(extra.value) for extra in own_functions(load_text(text))] == functions


@pytest.mark.parametrize(
    ("expression", "entry"),
    [
        ("log(U)", "log(U[0, 1])"),
        ("1/(1 + U)", "(1/(1 + U[0, 1]))"),
        ("a*U", "(a*U[0, 1])"),
        ("U @ U.T", "(U @ U.T)[0, 1]"),
        ("-U", "(-U[0, 1])"),
        ("U[0:2]", "U[0:2][0, 1]"),
    ],
)
def test_entries_are_written_inside_where_that_means_the_same(expression: str, entry: str) -> None:
    spec = load_text("param U: [2, 2], a\nmap U")
    assert letter_text(spec, parse_expression(expression), (0, 1)).text == entry


# --- quotients -------------------------------------------------------------------------------------------------------------


def quotient_texts(text: str, degree: int) -> list[str]:
    ansatz = next(state_ansatz(Instance(load_text(text), {}).model()))
    return [q.text for q in quotients(PolynomialSearch(ansatz, PRIMES[0], 0, Meter(10**8)), degree)]


def test_quotients_need_no_denominators_to_be_known() -> None:
    assert "(1 + 3*x*y)/y" in quotient_texts("param x, y\nmap x + y^3", 2)
    assert quotient_texts("param x, y\nmap 11*x^2 + 4*x*y + 14*y^2", 1) == []
    # an irreducible denominator of degree 2, which is no candidate otherwise
    assert find("param x, y\nmap (x^2 + 1)/2*1 + y^2/2*1").missing == 0


@pytest.mark.parametrize(
    ("w", "pair"),
    [
        ({(0, 1): 1}, ({0: 1}, {1: 1})),
        ({(0, 1): 2, (0, 2): 4}, ({0: 1}, {1: 1, 2: 2})),
        ({(0, 1): 1, (2, 3): 1}, None),
        ({(0, 1): 1, (0, 2): 1, (1, 2): 1}, ({0: 1, 1: 1}, {1: 1, 2: 1})),
    ],
)
def test_antisymmetric_matrices_of_rank_2_are_pairs(
    w: dict[tuple[int, int], int], pair: tuple[dict[int, int], dict[int, int]] | None
) -> None:
    found = decomposed(w)
    assert (found is None) == (pair is None)
    if found is not None:
        p, q = found
        keys = {*p, *q}
        wedge = {(a, b): p.get(a, 0) * q.get(b, 0) - p.get(b, 0) * q.get(a, 0) for a in keys for b in keys if a < b}
        wedge = {k: c for k, c in wedge.items() if c}
        assert set(wedge) == set(w)
        ratios = {c * w[min(w)] - w[k] * wedge[min(w)] for k, c in wedge.items()}
        assert ratios == {0}

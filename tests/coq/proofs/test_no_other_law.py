"""The certificates for 'no other law': the identities that Coq checks, checked here with fractions."""

from __future__ import annotations

import random
from collections.abc import Iterator
from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from claws.coq.proofs import no_other_law
from claws.coq.proofs.entry_polynomials import (
    Poly,
    PolynomialField,
    along,
    bracket,
    derivative,
    entries_at,
    gradient,
    times,
    value,
    values,
)
from claws.coq.proofs.independent_gradients import search_dependence, search_independence
from claws.coq.proofs.no_other_law import conserved_entries, search_certificate
from claws.coq.statements.exported_model import read_model
from claws.coq.statements.node_facts import CannotExport
from claws.syntax.reader import load_text

POLYNOMIALS = st.dictionaries(
    st.lists(st.integers(1, 3), max_size=3).map(lambda m: tuple(sorted(m))),
    st.fractions(-3, 3, max_denominator=3).filter(bool),
    max_size=4,
)
X = sympy.symbols("x1:4")


def as_sympy(f: Poly) -> sympy.Expr:
    return sum(
        (sympy.Rational(c.numerator, c.denominator) * sympy.prod(X[k - 1] for k in m) for m, c in f.items()),
        sympy.Integer(0),
    )


@given(POLYNOMIALS, POLYNOMIALS)
def test_polynomials_agree_with_sympy(f: Poly, g: Poly) -> None:
    assert sympy.expand(as_sympy(f) * as_sympy(g) - as_sympy(times(f, g))) == 0
    for k in (1, 2, 3):
        assert sympy.expand(sympy.diff(as_sympy(f), X[k - 1]) - as_sympy(derivative(f, k))) == 0
    point = {1: Fraction(1, 2), 3: Fraction(-2)}
    at = as_sympy(f).subs({X[0]: sympy.Rational(1, 2), X[1]: 0, X[2]: -2})
    assert Fraction(str(at)) == value(f, point)


@given(*[st.fixed_dictionaries(dict.fromkeys((1, 2, 3), POLYNOMIALS))] * 2)
def test_brackets_agree_with_sympy(v: PolynomialField, w: PolynomialField) -> None:
    found = bracket(v, w)
    assert found is not None
    for k in (1, 2, 3):
        expected = sum(
            as_sympy(v[j]) * sympy.diff(as_sympy(w[k]), X[j - 1])
            - as_sympy(w[j]) * sympy.diff(as_sympy(v[k]), X[j - 1])
            for j in (1, 2, 3)
        )
        assert sympy.expand(expected - as_sympy(found.get(k, {}))) == 0


MODELS = [
    "dim n = 3, m = 2, r = 2\nparam U: [n, r], V: [m, r]\nmap U @ V.T\nlaw b = U.T @ U - V.T @ V\n",
    "dim n = 2, r = 3\nparam U: [n, r], V: [n, r]\nmap U @ V.T\nlaw b = U.T @ U - V.T @ V\n",
    "dim n = 2, r = 1\nconst W: [n, n]\ninput x: [n]\nparam A: [r, n], B: [n, r]\n"
    "map (W + B @ A) @ x\nlaw b = B.T @ B - A @ A.T\n",
    "dim n = 2\nparam u: [n] in positive, v: [n] in positive\nmap u*v\nprecondition u by u, v by v\nlaw b = u - v\n",
]


@pytest.mark.parametrize("text", MODELS)
def test_the_matrices_are_what_coq_needs(text: str) -> None:
    model = read_model(load_text(text, "model.claw"), {}, ["b"])
    found = search_certificate(model, ["b"])
    size = model.parameters()
    entries = entries_at(model, found.consts, found.samples)
    fields = [gradient(f, entries.factors) for f in entries.outputs]
    for i, j in found.brackets:
        new = bracket(fields[i], fields[j])
        assert new is not None
        fields.append(new)
    here = {k + 1: x for k, x in enumerate(found.point) if x}
    v = [values(fields[n], here, size) for n in found.chosen]
    g = [values(gradient(entries.laws[name][n], []), here, size) for name, n in found.entries]
    assert len(v) + len(g) == size
    for i in range(size):
        for j in range(size):
            total = sum((a * row[j] for a, row in zip(found.a[i], v, strict=True)), start=Fraction(0))
            total += sum(g[m][i] * found.c[m][k] * g[k][j] for m in range(len(g)) for k in range(len(g)))
            assert total == (found.scale if i == j else 0)
    for m in range(len(g)):
        for k in range(len(g)):
            gram = sum(found.c[m][q] * sum(a * b for a, b in zip(g[q], g[k], strict=True)) for q in range(len(g)))
            assert gram == (found.scale if m == k else 0)
    # the laws are conserved by every field
    assert not any(along(f, entries.laws[name][n]) for f in fields for name, n in found.entries)


def test_points_keep_to_the_domains() -> None:
    model = read_model(load_text(MODELS[-1], "model.claw"), {}, ["b"])
    assert all(x > 0 for x in search_certificate(model, ["b"]).point)


def test_independent_gradients_have_a_right_inverse() -> None:
    text = "const a, b in positive\ndim n = 2\nparam U, V: [n, n]\nmap U @ V.T\nlaw w = U.T @ U/a - V.T @ V/b\n"
    model = read_model(load_text(text, "model.claw"), {"n": 2}, ["w"])
    found = search_independence(model, ["w"])
    assert found.entries == [("w", 0), ("w", 1), ("w", 3)]
    # rates that differ
    assert len(set(found.consts)) == 2
    laws = entries_at(model, found.consts, []).laws["w"]
    point = dict(enumerate(found.point, 1))
    for i, (_, n) in enumerate(found.entries):
        row = values(gradient(laws[n], []), point, model.parameters())
        for j, b in enumerate(found.b):
            assert sum(x * y for x, y in zip(row, b, strict=True)) == (found.scale if i == j else 0)


def test_laws_that_are_none_are_seen() -> None:
    text = "input x\nparam u, v\nmap u*v*x\nlaw right = u^2 - v^2\nlaw wrong = u^2 + v^2\n"
    model = read_model(load_text(text, "model.claw"), {}, ["right", "wrong"])
    assert conserved_entries(model, ["right"]) and not conserved_entries(model, ["right", "wrong"])


def test_dependent_gradients_have_a_combination() -> None:
    text = "dim r = 3\nparam U, V: [1, r]\nmap U @ V.T\nlaw b = U.T @ U - V.T @ V\n"
    model = read_model(load_text(text, "model.claw"), {"r": 3}, ["b"])
    found = search_dependence(model, ["b"])
    point = dict(enumerate(found.point, 1))
    laws = entries_at(model, found.consts, []).laws["b"]
    rows = [values(gradient(laws[n], []), point, model.parameters()) for _, n in found.entries]
    assert any(found.combination) and len(rows) == 6
    for column in zip(*rows, strict=True):
        assert sum(x * y for x, y in zip(found.combination, column, strict=True)) == 0


def test_independent_gradients_have_none() -> None:
    model = read_model(load_text("param u, v\nmap u*v\nlaw b = u^2 - v^2\n", "model.claw"), {}, ["b"])
    with pytest.raises(CannotExport, match="are independent at the point"):
        search_dependence(model, ["b"])


def test_a_search_in_vain_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are more laws than these no point will do: not all are tried, with ever more brackets."""
    text = "dim n = 2\nparam i, j, k, l, q: [n]\nmap i*j*k + l*q\nlaw b = sqnorm(i) - sqnorm(j)\n"
    model = read_model(load_text(text, "model.claw"), {"n": 2}, ["b"])
    monkeypatch.setattr(no_other_law, "LIMITS", no_other_law.BracketLimits(steps=2_000))
    asked = 0

    def points(*_: object) -> Iterator[list[Fraction]]:
        nonlocal asked
        for asked in range(1, 1000):
            yield [Fraction(random.Random(asked + k).choice((1, -1, 2, 3))) for k in range(10)]

    monkeypatch.setattr(no_other_law, "points", points)
    with pytest.raises(CannotExport, match="no point was found"):
        search_certificate(model, ["b"])
    assert 0 < asked < 999

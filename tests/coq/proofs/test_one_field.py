"""Laws without a formula: the numbers that Coq checks, checked here with fractions."""

from __future__ import annotations

from fractions import Fraction

import pytest

from claws.coq.proofs.entry_polynomials import entries_at, gradient, values
from claws.coq.proofs.one_field import OneField, search_one_field
from claws.coq.statements.exported_model import read_model
from claws.syntax.reader import load_text

ONE_FIELD = {
    "deep": ("dim n = 2\nparam a: [n], B: [n, n], c: [n]\nmap dot(c, B @ a)\nlaw b = B.T @ B - outer(a, a)\n", ["b"]),
    "no law known": ("param u, v, w\nmap u + u^2*v + w^3\n", []),
    "preconditioned": ("param u in positive, v, w\nmap u*v + w^2\nprecondition u by u\nlaw b = 2*u - v^2\n", ["b"]),
    "rates": (
        "const a in positive\nparam u, v, w\nmap u*v*w\nflow gradient, rate(1/a, u)\nlaw b = a*u^2 - v^2\n",
        ["b"],
    ),
    "two samples": ("input x\nparam u, v, w\nmap u*v*w*x\nlaw b = u^2 - v^2\n", ["b"]),
    "two outputs along one field": ("param u, v, w\nmap u*v*w, (u*v*w)^2 + 1\nlaw b = u^2 - v^2\n", ["b"]),
}


def search(text: str, laws: list[str]) -> tuple[OneField | None, list[list[Fraction]], list[list[Fraction]]]:
    """What is found, and at its point the values of the fields and the gradients of the laws."""
    spec = load_text(text, "model.claw")
    assert not spec.diagnostics
    model = read_model(spec, {d: n for d, n in spec.dims.items() if n is not None}, laws)
    found = search_one_field(model, laws)
    if found is None:
        return None, [], []
    here = {k + 1: x for k, x in enumerate(found.point) if x}
    entries = entries_at(model, found.consts, found.samples)
    size = model.parameters()
    fields = [values(gradient(f, entries.factors), here, size) for f in entries.outputs]
    return found, fields, [values(gradient(entries.laws[name][n], []), here, size) for name, n in found.entries]


def dot(a: list[Fraction], b: list[int]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=True)), Fraction(0))


@pytest.mark.parametrize("case", ONE_FIELD)
def test_the_gradient_is_one_of_a_law_that_is_missing(case: str) -> None:
    found, fields, gradients = search(*ONE_FIELD[case])
    assert found is not None
    field = fields[found.output]
    assert field[found.coordinate - 1] != 0
    for other in fields:
        assert all(
            x * field[found.coordinate - 1] == other[found.coordinate - 1] * y
            for x, y in zip(other, field, strict=True)
        )
    assert dot(field, found.slope) == 0
    assert all(dot(g, found.direction) == 0 for g in gradients)
    assert dot([Fraction(x) for x in found.slope], found.direction) != 0


@pytest.mark.parametrize(
    ("text", "laws"),
    [
        # all are there
        ("param u, v\nmap u*v\nlaw b = u^2 - v^2\n", ["b"]),
        # two directions
        ("param u, v, w\nmap u*v, v*w\n", []),
        # two directions, although everywhere on the data of one sample there is one
        ("dim n = 2\ninput x: [n]\nparam u: [n], v\nmap v*dot(u, x)\n", []),
        # no direction
        ("param u, v\nmap 0*u\n", []),
    ],
)
def test_nothing_is_found_where_no_law_is_missing_or_there_are_several_fields(text: str, laws: list[str]) -> None:
    assert search(text, laws)[0] is None

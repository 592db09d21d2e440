"""The search for a point at which the gradients of laws are independent, with an inverse that shows it; or for a relation of
them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import flint

from claws.coq.proofs.drawn_points import drawn_consts, drawn_point, pivots, points, rank_at, sparse
from claws.coq.proofs.entry_polynomials import entries_at, gradients_of, values
from claws.coq.proofs.linear_algebra import RationalMatrix, flint_rational, rows_of
from claws.coq.statements.exported_model import ExportedModel
from claws.coq.statements.node_facts import CannotExport


@dataclass(frozen=True)
class IndependentGradients:
    """A proof that laws are independent: a point at which the gradients of the entries times the rows of B are `scale` times the
    identity."""

    consts: list[Fraction]
    point: list[Fraction]
    scale: int
    b: list[list[int]]
    entries: list[tuple[str, int]]


def search_independence(model: ExportedModel, laws: Sequence[str], seed: int = 0) -> IndependentGradients:
    """Returns a proof that all different entries of these laws are independent, so that none is constant.

    Raises `CannotExport` where they are not at any point tried.
    """
    rng = random.Random(seed)
    size = model.parameters()
    consts = drawn_consts(model, rng, outputs=False)
    entries = entries_at(model, consts, [])
    listed = gradients_of(entries, laws, constants=True)
    for point in points(model, rng):
        here = sparse(point)
        if rank_at(listed, here, size) < len(listed):
            continue
        rows = [values(g, here, size) for _, g in listed]
        columns = pivots(rows, size) if rows else []
        inverse = rows_of(
            flint.fmpq_mat(len(rows), len(rows), [flint_rational(row[j]) for row in rows for j in columns]).inv()
        )
        scale = lcm(*(x.denominator for row in inverse for x in row), 1)
        b = [[0] * size for _ in rows]
        for i, j in enumerate(columns):
            for k, x in enumerate(inverse[i]):
                b[k][j] = int(x * scale)
        return IndependentGradients(consts, point, scale, b, [key for key, _ in listed])
    raise CannotExport("no point was found at which the gradients of all entries are independent")


@dataclass(frozen=True)
class DependentGradients:
    """A proof that laws are not independent: a combination of the gradients of the entries that is 0 at a point."""

    consts: list[Fraction]
    point: list[Fraction]
    combination: list[Fraction]
    entries: list[tuple[str, int]]


def search_dependence(model: ExportedModel, laws: Sequence[str], seed: int = 0) -> DependentGradients:
    """Returns a proof that the different entries of these laws are not independent, at a point that is drawn.

    Raises `CannotExport` where they are independent there.
    """
    rng = random.Random(seed)
    size = model.parameters()
    consts = drawn_consts(model, rng, outputs=False)
    entries = entries_at(model, consts, [])
    listed = gradients_of(entries, laws, constants=True)
    point = drawn_point(model, rng)
    rows = [values(g, sparse(point), size) for _, g in listed]
    for k, row in enumerate(rows):
        # the first row that those before it span
        if k == 0:
            if any(row):
                continue
            found: list[Fraction] = []
        else:
            solved = _combination(rows[:k], row)
            if solved is None:
                continue
            found = solved
        rest = [Fraction(0)] * (len(rows) - k - 1)
        return DependentGradients(consts, point, [*found, Fraction(-1), *rest], [key for key, _ in listed])
    raise CannotExport("the gradients are independent at the point that was drawn")


def _combination(rows: RationalMatrix, row: list[Fraction]) -> list[Fraction] | None:
    """Returns the numbers x with sum_k x_k rows_k = row, where the rows are independent; None if there are none."""
    size = len(row)
    columns = pivots(rows, size)
    square = flint.fmpq_mat(len(rows), len(rows), [flint_rational(r[j]) for r in rows for j in columns])
    found = rows_of(flint.fmpq_mat(1, len(rows), [flint_rational(row[j]) for j in columns]) * square.inv())[0]
    fits = all(sum(x * r[j] for x, r in zip(found, rows, strict=True)) == row[j] for j in range(size))
    return found if fits else None

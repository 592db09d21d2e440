"""Laws of degree 1 and 2, and relations between laws, by linear algebra modulo a prime.

Untrusted: what is found is rational again by reconstruction, and goes to the kernel as any law does. A polynomial h with unknown
coefficients is conserved iff <grad h, X> = 0 for every generator X at every point: one linear equation for each random
generator at a random point. Where the flow makes a coordinate grow or decay by itself, as friction does with velocities, h is a
polynomial in coordinates that are scaled to stand still (see `claws.prover.scaling`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations_with_replacement

import numpy as np

from claws.kernel.counting import simple_model
from claws.kernel.errors import Malformed, Meter
from claws.kernel.evaluate import Index, fixed, indices
from claws.kernel.evidence import Relation
from claws.kernel.flow import STATE
from claws.kernel.jets import salt
from claws.kernel.lie import Model
from claws.kernel.program import Einsum, Gather, Node, Program, Sum
from claws.kernel.sizes import Size
from claws.kernel.statement import Independent, Statement
from claws.prover.jets import Field, Residues
from claws.prover.lie import BATCH, Echelon, Point, Theta, elimination_work
from claws.prover.scaling import Weight, placed_weights, scaled_model

MAX_UNKNOWNS = 3_000
"""Larger linear systems are not solved."""

MAX_RELATION = 4
"""The highest degree of a relation between laws: the determinant of a 4 x 4 matrix of laws that has a lower rank."""

_SPARE = 8
"""Equations beyond the number of unknowns."""

Law = dict[tuple[int, ...], Fraction]
"""A polynomial in the coordinates: coefficients by their numbers in each monomial."""


def find_laws(model: Model, wanted: int, modulus: int, seed: int, meter: Meter) -> Iterator[tuple[str, Statement]]:
    """Candidates for conserved polynomials of degree 1, then 2, the sparsest first, each with a text.

    `wanted` is how many are missing; none are looked for where none is, or where the system is too large.
    """
    scaled, weights = scaled_model(model)
    # laws may mix coordinates that grow differently, as u + vel(u)/tau under friction
    for ansatz in (weights, {}) if weights else ({},):
        yield from _find_scaled(scaled, ansatz, wanted, modulus, seed, meter)


def _find_scaled(
    model: Model, weights: Mapping[str, Weight], wanted: int, modulus: int, seed: int, meter: Meter
) -> Iterator[tuple[str, Statement]]:
    point = Point(simple_model(model), modulus, seed, meter)
    places = placed_weights(model, weights)
    coordinates = [(name, i) for name in point.state for i in indices(point.shapes[name])]
    for degree in (1, 2):
        monomials = [m for d in range(1, degree + 1) for m in combinations_with_replacement(range(len(coordinates)), d)]
        if wanted < 1 or len(monomials) > MAX_UNKNOWNS:
            return
        equations = Echelon(modulus, len(monomials))
        for start in range(0, len(monomials) + _SPARE, BATCH):
            meter.tick(elimination_work(equations, BATCH))
            equations.add(_equations(point, places, monomials, start))
        found = [law for v in null_space(equations) if (law := _rational(v, monomials, modulus)) is not None]
        for law in sorted(found, key=lambda law: (len(law), sorted(law))):
            if degree == 2 and all(len(m) == 1 for m in law):
                continue  # found before
            yield _text(law, coordinates, weights), law_statement(model, weights, law, coordinates)


def _equations(
    point: Point, weights: Mapping[str, Weight], monomials: Sequence[tuple[int, ...]], start: int
) -> Residues:
    """<grad m, X> for every monomial m of the scaled coordinates, at random points and for random generators: a row each."""
    field = point.field
    keys = point.with_own_states(start, BATCH, lambda keys: _random_theta(point, keys))
    theta = _random_theta(point, keys)
    generators = point.generators(theta, 0, keys)
    reading = point.reading(theta, 0, None)
    flat, moved = [], []
    for name in point.state:
        x = theta[name][0]
        assert x is not None
        flat.append(x.reshape(BATCH, -1))
        g = generators[name][0] if name in generators else None
        moved.append(np.zeros_like(flat[-1]) if g is None else np.broadcast_to(g, x.shape).reshape(BATCH, -1))
        if name in weights:
            # y = w*x with w' = -a*w, so y' = w*(x' - a*x)
            w, a = (reading.value(n)[0] for n in (weights[name].factor, weights[name].growth))
            assert w is not None and a is not None
            w, a = w.reshape(-1, 1), a.reshape(-1, 1)
            moved[-1] = field.reduce(w * field.reduce(moved[-1] - field.reduce(a * flat[-1])))
            flat[-1] = field.reduce(w * flat[-1])
    x, v = np.concatenate(flat, axis=1), np.concatenate(moved, axis=1)
    rows = np.empty((BATCH, len(monomials)))
    first = np.array([m[0] for m in monomials])
    second = np.array([m[1] if len(m) == 2 else -1 for m in monomials])
    linear = second < 0
    rows[:, linear] = v[:, first[linear]]
    a, b = first[~linear], second[~linear]
    rows[:, ~linear] = field.reduce(field.reduce(x[:, a] * v[:, b]) + field.reduce(v[:, a] * x[:, b]))
    return rows


def _random_theta(point: Point, keys: Sequence[tuple[int, ...]]) -> Theta:
    """A random state for each key."""
    return {
        name: [point.field.drawn([salt("law point", point.seed, name, *key) for key in keys], point.shapes[name])]
        for name in point.state
    }


def null_space(equations: Echelon) -> Iterator[Residues]:
    """A basis of the vectors on which all equations vanish, each 1 at one free unknown and 0 at the others."""
    field, width = equations.field, equations.width
    rows: list[tuple[int, Residues]] = []
    blocks = list(equations.blocks)
    # earlier blocks are not yet zero at the pivots of later ones
    for k in range(len(blocks) - 2, -1, -1):
        pivots, block = blocks[k]
        for later, other in blocks[k + 1 :]:
            block = field.reduce(block - block[:, later] @ other)
        blocks[k] = (pivots, block)
    for pivots, block in blocks:
        rows += list(zip(pivots, block, strict=True))
    pivots = [p for p, _ in rows]
    for free in sorted(set(range(width)) - set(pivots)):
        v = np.zeros(width)
        v[free] = 1.0
        for p, row in rows:
            v[p] = -row[free]
        yield v


def _rational(v: Residues, monomials: Sequence[tuple[int, ...]], modulus: int) -> Law | None:
    """The vector with small rational entries that is v modulo the prime, or None."""
    law: Law = {}
    for k in map(int, np.flatnonzero(v)):
        c = reconstructed(int(v[k]) % modulus, modulus)
        if c is None:
            return None
        law[monomials[k]] = c
    return law


def reconstructed(x: int, modulus: int) -> Fraction | None:
    """The rational a/b with |a|, b <= sqrt(modulus/2) that is x modulo the prime, if there is one (Wang 1981)."""
    bound = math.isqrt(modulus // 2)
    r0, r1, t0, t1 = modulus, x, 0, 1
    while r1 > bound:
        q = r0 // r1
        r0, r1, t0, t1 = r1, r0 - q * r1, t1, t0 - q * t1
    if not t1 or abs(t1) > bound:
        return None
    return Fraction(r1, t1)


def _text(law: Law, coordinates: Sequence[tuple[str, Index]], weights: Mapping[str, Weight]) -> str:
    """The law as it would be written in a file, cut where it is long."""

    def entry(k: int) -> str:
        name, i = coordinates[k]
        text = f"{name}[{', '.join(map(str, i))}]" if i else name
        return f"{weights[name].text}*{text}" if name in weights else text

    terms = []
    for m, c in list(law.items())[:12]:
        squared = f"({entry(m[0])})^2" if "*" in entry(m[0]) else f"{entry(m[0])}^2"
        body = "*".join(entry(k) for k in m) if len(set(m)) == len(m) else squared
        terms.append(f"{'-' if c < 0 else '+'} {'' if abs(c) == 1 else f'{abs(c)}*'}{body}")
    text = " ".join(terms).removeprefix("+ ")
    return text if len(law) <= 12 else f"{text} + ... ({len(law)} terms)"


def law_statement(
    model: Model, weights: Mapping[str, Weight], law: Law, coordinates: Sequence[tuple[str, Index]]
) -> Statement:
    """The claim that a polynomial in the scaled coordinates is conserved, as a statement that continues the model's program."""
    program = model.program
    nodes: list[Node] = list(program.nodes)
    leaves = {leaf.name: n for n, leaf in program.leaves(*STATE)}
    entries: dict[int, int] = {}

    def put(node: Node) -> int:
        nodes.append(node)
        return len(nodes) - 1

    for k in sorted({k for m in law for k in m}):
        name, i = coordinates[k]
        n = leaves[name]
        for position in i:
            n = put(Gather(n, 0, Size.of(position), (), ()))
        if name in weights:
            n = put(Einsum((weights[name].factor, n), ((), ()), (), ()))
        entries[k] = n
    terms = tuple(
        (c, entries[m[0]] if len(m) == 1 else put(Einsum((entries[m[0]], entries[m[1]]), ((), ()), (), ())))
        for m, c in law.items()
    )
    law_node = put(Sum(terms))
    new = Program(tuple(nodes), program.activations, program.functions, program.conditions)
    return Statement(new, model.outputs, law_node, model.flow)


# --- relations between laws --------------------------------------------------------------------------------------------


def find_relation(
    statement: Independent, distinct: Sequence[int], modulus: int, seed: int, meter: Meter
) -> Iterator[Relation]:
    """Candidates for polynomial relations of degree 1, 2, ... between these entries of the laws; the shortest first."""
    point = Point(statement, modulus, seed, meter)
    sizes = [math.prod(fixed(k) for k in statement.program.shapes[n]) for n in statement.laws]
    if sum(sizes) > MAX_UNKNOWNS:
        raise Malformed("the laws have too many entries for a relation between them to be looked for")
    for degree in range(1, MAX_RELATION + 1):
        monomials = [m for d in range(degree + 1) for m in combinations_with_replacement(distinct, d)]
        if len(monomials) > MAX_UNKNOWNS:
            return
        equations = Echelon(modulus, len(monomials))
        for start in range(0, len(monomials) + _SPARE, BATCH):
            meter.tick(elimination_work(equations, BATCH))
            values = _law_values(point, statement.laws, start)
            equations.add(_monomial_values(point.field, values, monomials))
        found = [law for v in null_space(equations) if (law := _rational(v, monomials, modulus)) is not None]
        for law in sorted(found, key=lambda law: (len(law), sorted(law))):
            terms = tuple((c, tuple((k, m.count(k)) for k in dict.fromkeys(m))) for m, c in law.items())
            yield Relation(terms, modulus, seed)


def _law_values(point: Point, laws: Sequence[int], start: int) -> Residues:
    """All entries of the laws at random parameters: one row for each point."""
    keys = [(start + k,) for k in range(BATCH)]
    theta = _random_theta(point, keys)
    reading = point.reading(theta, 0, None)
    columns = []
    for law in laws:
        part = reading.value(law)[0]
        size = math.prod(reading.shapes[law])
        zero = np.zeros((BATCH, size))
        columns.append(zero if part is None else np.broadcast_to(part.reshape(part.shape[0], size), (BATCH, size)))
    return np.concatenate(columns, axis=1)


def _monomial_values(field: Field, values: Residues, monomials: Sequence[tuple[int, ...]]) -> Residues:
    result = np.ones((len(values), len(monomials)))
    for k, m in enumerate(monomials):
        for entry in m:
            result[:, k] = field.reduce(result[:, k] * values[:, entry])
    return result

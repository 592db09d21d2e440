"""The polynomials of a model, entry by entry, for the data of a proof: its constants and samples are numbers here.

They are read off the program by the kernel's polynomial ring; the variables are the coordinates 1..D of the exported statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from claws.coq.model import CannotExport, Model
from claws.kernel.core.errors import Meter, Undefined
from claws.kernel.core.evidence import Sandwich
from claws.kernel.laws.polynomials import Polynomial, Polynomials
from claws.kernel.values.evaluation import Array, Index, evaluate, fixed, indices

Monomial = tuple[int, ...]
"""Coordinates in order, with repetitions."""

Coefficient = int | Fraction
"""Whole numbers are `int`, which is quicker."""

Poly = dict[Monomial, Coefficient]
Field = dict[int, Poly]
"""A vector field by coordinate, where it is not zero."""

BUDGET = 20_000_000

MAX_TERMS = 200_000
"""A field with more terms is not bracketed."""


@dataclass(frozen=True)
class Entries:
    """The entries of a model at some constants and samples. Each list is in the order of the exported statement."""

    outputs: list[Poly]
    laws: dict[str, list[Poly]]
    factors: list[Poly]
    """Of each coordinate; empty for plain gradient flow."""


def entries_at(model: Model, consts: Iterable[Fraction], samples: Iterable[Iterable[Fraction]]) -> Entries:
    """The polynomials with these constants, and on these samples (one, empty, for a model without data)."""
    program = model.fixed
    meter = Meter(BUDGET)
    ring = Polynomials(dict(program.activations), meter)
    point = _variables(model, ring) | _numbers(model, "const", consts, ring)
    roots = [*model.laws.values(), *model.factors.values()]
    of_laws = evaluate(program, roots, _with_inputs(model, point, [], ring), ring, meter)
    outputs: list[Poly] = []
    for sample in samples:
        values = evaluate(program, model.outputs, _with_inputs(model, point, sample, ring), ring, meter)
        outputs += [y for n in model.outputs for y in _listed(model, n, values[n])]
    return Entries(
        outputs,
        {name: _listed(model, n, of_laws[n]) for name, n in model.laws.items()},
        _factors(model, of_laws),
    )


def sandwich_laws(model: Model, evidence: Sandwich, consts: Iterable[Fraction]) -> list[Poly]:
    """The entries, at these constants, of the laws that a sandwich rests on, as far as they are polynomials.

    Constants that the model does not have, as the laws hold for all their values, are 1.
    """
    meter = Meter(BUDGET)
    program = evidence.program
    ring = Polynomials(dict(program.activations), meter)
    ones = {
        leaf.name: {i: ring.number(Fraction(1)) for i in indices([fixed(k) for k in program.shapes[n]])}
        for n, leaf in program.leaves("const")
    }
    point = ones | _variables(model, ring) | _numbers(model, "const", consts, ring)
    result: list[Poly] = []
    for node, _ in evidence.laws:
        try:
            values = evaluate(program, [node], point, ring, meter)[node]
            shape = [fixed(k) for k in program.shapes[node]]
            result += [_poly(values[i], model.parameters()) for i in indices(shape) if i in values]
        except (CannotExport, Undefined):
            continue
    return result


def _variables(model: Model, ring: Polynomials) -> dict[str, Array]:
    """All parameters, in the order of their coordinates."""
    return {
        leaf.name: {i: ring.variable(("leaf", leaf.name, i), "") for i in indices(model.shape(n))}
        for n, leaf in model.fixed.leaves("param")
    }


def _numbers(model: Model, role: str, values: Iterable[Fraction], ring: Polynomials) -> dict[str, Array]:
    supply = iter(values)
    return {
        leaf.name: {
            i: ring.number(x)
            for i in indices([fixed(k) for k in model.fixed.shapes[n]])
            if (x := next(supply, Fraction(0)))
        }
        for n, leaf in model.fixed.leaves(role)
    }


def _with_inputs(
    model: Model, point: Mapping[str, Array], sample: Iterable[Fraction], ring: Polynomials
) -> dict[str, Array]:
    return {**point, **_numbers(model, "input", sample, ring)}


def _listed(model: Model, n: int, values: Array) -> list[Poly]:
    size = model.parameters()
    return [_poly(values[i], size) if i in values else {} for i in indices(model.shape(n))]


def _poly(x: Polynomial, size: int) -> Poly:
    for m in x.terms:
        for v, e in m:
            if v >= size or e < 0 or e != int(e):
                raise CannotExport("it is not a polynomial at given constants and data")
    # the ring numbers its variables from 0 in the order of the coordinates
    return {
        tuple(v + 1 for v, e in m for _ in range(int(e))): c.numerator if c.denominator == 1 else Fraction(c)
        for m, c in x.terms.items()
    }


def _factors(model: Model, values: Mapping[int, Array]) -> list[Poly]:
    if not model.factors:
        return []
    result: list[Poly] = []
    for n, leaf in model.fixed.leaves("param"):
        if leaf.name in model.factors:
            node = model.factors[leaf.name]
            result += _listed(model, node, values[node])
        else:
            result += [{(): 1} for _ in indices(model.shape(n))]
    return result


# --- how large ----------------------------------------------------------------------------------------------------


class _Terms:
    """The number of terms of a polynomial, at most; quotients, roots and values of functions count as variables."""

    def check(self, x: int) -> None:
        if x > MOST_TERMS:
            raise CannotExport(f"its polynomials are too large for Coq: more than {MOST_TERMS} terms")

    def number(self, value: Fraction) -> int:
        return int(value != 0)

    def power(self, x: int, exponent: Fraction) -> int:
        return int(x ** min(int(exponent), 64)) if exponent.denominator == 1 and exponent > 0 else 1

    def elementary(self, function: str, x: int) -> tuple[int, int]:
        return 1, 1

    def opaque(self, *_: object) -> tuple[Array, list[dict[tuple[Index, Index], int]]]:
        raise CannotExport("a declared function can't be exported yet")


MOST_TERMS = 500
"""Of a model with functions: gradients, and what comes of clearing denominators, are many times as large."""


def check_size(model: Model) -> None:
    """Of a model with functions. Raises `CannotExport` where an output, a law, or an argument in it is too large a polynomial."""
    program = model.fixed
    leaves = {
        leaf.name: dict.fromkeys(indices(model.shape(n)), 1)
        for role in ("param", "const", "input")
        for n, leaf in program.leaves(role)
    }
    evaluate(program, [*model.outputs, *model.laws.values()], leaves, _Terms(), Meter(BUDGET))


# --- calculus -----------------------------------------------------------------------------------------------------


def derivative(f: Poly, k: int) -> Poly:
    result: Poly = {}
    for m, c in f.items():
        e = m.count(k)
        if e:
            at = m.index(k)
            result[m[:at] + m[at + 1 :]] = c * e
    return result


def add_to(total: Poly, f: Poly, factor: int = 1) -> None:
    for m, c in f.items():
        new = total.get(m, 0) + factor * c
        if new:
            total[m] = new
        else:
            total.pop(m, None)


def times(f: Poly, g: Poly) -> Poly:
    result: Poly = {}
    for m, c in f.items():
        for n, d in g.items():
            key = tuple(sorted(m + n))
            new = result.get(key, 0) + c * d
            if new:
                result[key] = new
            else:
                del result[key]
    return result


def variables(f: Poly) -> set[int]:
    return {k for m in f for k in m}


def gradient(f: Poly, factors: list[Poly]) -> Field:
    """The gradient times the factors of the preconditioner."""
    result = {}
    for k in sorted(variables(f)):
        g = derivative(f, k)
        g = times(factors[k - 1], g) if factors else g
        if g:
            result[k] = g
    return result


def along(v: Field, f: Poly, meter: Meter | None = None) -> Poly:
    """The derivative of f along the field."""
    total: Poly = {}
    for k in sorted(variables(f)):
        if k in v:
            slope = derivative(f, k)
            if meter is not None:
                meter.tick(len(f) + len(v[k]) * len(slope))
            add_to(total, times(v[k], slope))
    return total


def bracket(v: Field, w: Field, meter: Meter | None = None) -> Field | None:
    """[v, w] = Dw v - Dv w; None where it is too large. The meter counts the terms that are multiplied."""
    result: Field = {}
    size = 0
    for k in sorted(set(v) | set(w)):
        f = along(v, w.get(k, {}), meter)
        add_to(f, along(w, v.get(k, {}), meter), -1)
        size += len(f)
        if size > MAX_TERMS:
            return None
        if f:
            result[k] = f
    return result


def value(f: Poly, point: Mapping[int, Fraction]) -> Fraction:
    """The value at a point, given by its coordinates that are not zero."""
    total: Coefficient = 0
    for m, c in f.items():
        for k in m:
            x = point.get(k)
            if x is None:
                break
            c = c * x
        else:
            total += c
    return Fraction(total)


def values(v: Field, point: Mapping[int, Fraction], size: int) -> list[Fraction]:
    return [value(v[k], point) if k in v else Fraction(0) for k in range(1, size + 1)]


def distinct(entries: Iterable[Poly], constants: bool = False) -> Iterator[tuple[int, Poly]]:
    """The entries, with their numbers, that are not equal or opposite to an earlier one; without `constants` none is constant."""
    seen = set()
    for n, f in enumerate(entries):
        key = frozenset(f.items())
        if key not in seen and (constants or variables(f)):
            seen.add(key)
            seen.add(frozenset((m, -c) for m, c in f.items()))
            yield n, f


def gradients_of(entries: Entries, laws: Iterable[str], constants: bool = False) -> list[tuple[tuple[str, int], Field]]:
    """The gradients of the distinct entries of laws, by law and number."""
    return [((name, n), gradient(f, [])) for name in laws for n, f in distinct(entries.laws[name], constants)]

"""The polynomials of a model, entry by entry, for the data of a proof: its constants and samples are numbers here.

They are read off the program by the kernel's polynomial ring; the variables are the coordinates 1..D of the exported statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from claws.coq.statements.exported_model import ExportedModel
from claws.coq.statements.node_facts import CannotExport
from claws.kernel.core.errors import Meter, Undefined
from claws.kernel.core.program import Program
from claws.kernel.counting.evidence import Sandwich
from claws.kernel.laws.polynomials import Polynomial, Polynomials
from claws.kernel.values.evaluation import Array, evaluate, fixed, indices
from claws.kernel.values.evidence import Index

CoordinateProduct = tuple[int, ...]
"""A monomial: its coordinates, from 1, in order and with repetitions."""

Coefficient = int | Fraction
"""A coefficient: whole numbers are `int`, which is quicker."""

Poly = dict[CoordinateProduct, Coefficient]
"""A polynomial in the coordinates; no coefficient is 0."""
PolynomialField = dict[int, Poly]
"""A vector field: its components, by coordinate, that are not zero."""


@dataclass(frozen=True, slots=True)
class EntryLimits:
    """How large the polynomials of a model may become; a model beyond is not exported."""

    budget: int = 20_000_000
    """The work of reading the polynomials off a program, as the kernel's `Meter` counts it."""
    field_terms: int = 200_000
    """A bracket with more terms is not made."""
    function_terms: int = 500
    """The most terms of an output, a law or an argument in a model with functions: gradients, and what comes of clearing
    denominators, are many times as large."""


LIMITS = EntryLimits()


@dataclass(frozen=True)
class ModelEntries:
    """The entries of a model at some constants and samples, as polynomials, each list in the order of the exported statement."""

    outputs: list[Poly]
    laws: dict[str, list[Poly]]
    factors: list[Poly]
    """The factor of each coordinate; empty for plain gradient flow."""


def entries_at(model: ExportedModel, consts: Iterable[Fraction], samples: Iterable[Iterable[Fraction]]) -> ModelEntries:
    """Returns the polynomials of a model with these constants, on these samples (one, empty, for a model without data).

    Constants that are not given are 0. Raises `CannotExport` where an entry is no polynomial, `Undefined` and `OutOfBudget`.
    """
    program = model.fixed
    meter = Meter(LIMITS.budget)
    ring = Polynomials(dict(program.activations), meter)
    point = _variables(model, ring) | _numbers(model, "const", consts, ring)
    roots = [*model.laws.values(), *model.factors.values()]
    of_laws = evaluate(program, roots, _with_inputs(model, point, [], ring), ring, meter)
    outputs: list[Poly] = []
    for sample in samples:
        values = evaluate(program, model.outputs, _with_inputs(model, point, sample, ring), ring, meter)
        outputs += [y for n in model.outputs for y in _listed(model, n, values[n])]
    return ModelEntries(
        outputs,
        {name: _listed(model, n, of_laws[n]) for name, n in model.laws.items()},
        _factors(model, of_laws),
    )


@dataclass(frozen=True, slots=True)
class ProvedLaws:
    """The laws that a verdict on a number of laws rests on, as nodes of a program."""

    program: Program
    laws: tuple[int, ...]

    @classmethod
    def of(cls, program: Program, evidence: object) -> ProvedLaws | None:
        """Returns those of evidence for a statement about this program; None where it rests on no laws."""
        if not isinstance(evidence, Sandwich):
            return None
        return cls(program.continued(evidence.nodes), tuple(n for n, _ in evidence.laws))


def proved_entries(model: ExportedModel, proved: ProvedLaws, consts: Iterable[Fraction]) -> list[Poly]:
    """Returns the entries, at these constants, of proved laws, as far as they are polynomials.

    Constants that the model does not have, as the laws hold for all their values, are 1.
    """
    meter = Meter(LIMITS.budget)
    program = proved.program
    ring = Polynomials(dict(program.activations), meter)
    ones = {
        leaf.name: {i: ring.number(Fraction(1)) for i in indices([fixed(k) for k in program.shapes[n]])}
        for n, leaf in program.leaves("const")
    }
    point = ones | _variables(model, ring) | _numbers(model, "const", consts, ring)
    result: list[Poly] = []
    for node in proved.laws:
        try:
            values = evaluate(program, [node], point, ring, meter)[node]
            shape = [fixed(k) for k in program.shapes[node]]
            result += [_poly(values[i], model.parameters()) for i in indices(shape) if i in values]
        except (CannotExport, Undefined):
            continue
    return result


def _variables(model: ExportedModel, ring: Polynomials) -> dict[str, Array]:
    """Returns the parameters as variables of the ring, in the order of their coordinates."""
    return {
        leaf.name: {i: ring.variable(("leaf", leaf.name, i), "") for i in indices(model.shape(n))}
        for n, leaf in model.fixed.leaves("param")
    }


def _numbers(model: ExportedModel, role: str, values: Iterable[Fraction], ring: Polynomials) -> dict[str, Array]:
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
    model: ExportedModel, point: Mapping[str, Array], sample: Iterable[Fraction], ring: Polynomials
) -> dict[str, Array]:
    return {**point, **_numbers(model, "input", sample, ring)}


def _listed(model: ExportedModel, n: int, values: Array) -> list[Poly]:
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


def _factors(model: ExportedModel, values: Mapping[int, Array]) -> list[Poly]:
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
    """A ring for `evaluate` whose elements are the most terms that polynomials may have; quotients, roots and values of functions
    count as variables."""

    def check(self, x: int) -> None:
        if x > LIMITS.function_terms:
            raise CannotExport(f"its polynomials are too large for Coq: more than {LIMITS.function_terms} terms")

    def number(self, value: Fraction) -> int:
        return int(value != 0)

    def power(self, x: int, exponent: Fraction) -> int:
        return int(x ** min(int(exponent), 64)) if exponent.denominator == 1 and exponent > 0 else 1

    def elementary(self, function: str, x: int) -> tuple[int, int]:
        return 1, 1

    def opaque(self, *_: object) -> tuple[Array, list[dict[tuple[Index, Index], int]]]:
        raise CannotExport("a declared function can't be exported yet")


def check_size(model: ExportedModel) -> None:
    """Raises `CannotExport` where an output, a law, or an argument in a model with functions is too large a polynomial."""
    program = model.fixed
    leaves = {
        leaf.name: dict.fromkeys(indices(model.shape(n)), 1)
        for role in ("param", "const", "input")
        for n, leaf in program.leaves(role)
    }
    evaluate(program, [*model.outputs, *model.laws.values()], leaves, _Terms(), Meter(LIMITS.budget))


# --- calculus -----------------------------------------------------------------------------------------------------


def derivative(f: Poly, k: int) -> Poly:
    """Returns the derivative in coordinate k."""
    result: Poly = {}
    for m, c in f.items():
        e = m.count(k)
        if e:
            at = m.index(k)
            result[m[:at] + m[at + 1 :]] = c * e
    return result


def add_to(total: Poly, f: Poly, factor: int = 1) -> None:
    """Adds a multiple of a polynomial to `total`."""
    for m, c in f.items():
        new = total.get(m, 0) + factor * c
        if new:
            total[m] = new
        else:
            total.pop(m, None)


def times(f: Poly, g: Poly) -> Poly:
    """Returns the product of two polynomials."""
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
    """Returns the coordinates that occur in a polynomial."""
    return {k for m in f for k in m}


def gradient(f: Poly, factors: list[Poly]) -> PolynomialField:
    """Returns the gradient of a polynomial times the factors of the preconditioner, if there are any."""
    result = {}
    for k in sorted(variables(f)):
        g = derivative(f, k)
        g = times(factors[k - 1], g) if factors else g
        if g:
            result[k] = g
    return result


def along(v: PolynomialField, f: Poly, meter: Meter | None = None) -> Poly:
    """Returns the derivative of f along the field. The meter counts the terms that are multiplied; then it raises
    `OutOfBudget`."""
    total: Poly = {}
    for k in sorted(variables(f)):
        if k in v:
            slope = derivative(f, k)
            if meter is not None:
                meter.tick(len(f) + len(v[k]) * len(slope))
            add_to(total, times(v[k], slope))
    return total


def bracket(v: PolynomialField, w: PolynomialField, meter: Meter | None = None) -> PolynomialField | None:
    """Returns [v, w] = Dw v - Dv w; None where it is too large.

    The meter counts the terms that are multiplied; then it raises `OutOfBudget`.
    """
    result: PolynomialField = {}
    size = 0
    for k in sorted(set(v) | set(w)):
        f = along(v, w.get(k, {}), meter)
        add_to(f, along(w, v.get(k, {}), meter), -1)
        size += len(f)
        if size > LIMITS.field_terms:
            return None
        if f:
            result[k] = f
    return result


def value(f: Poly, point: Mapping[int, Fraction]) -> Fraction:
    """Returns the value of a polynomial at a point, given by its coordinates that are not zero."""
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


def values(v: PolynomialField, point: Mapping[int, Fraction], size: int) -> list[Fraction]:
    """Returns the components 1..`size` of a field at a point."""
    return [value(v[k], point) if k in v else Fraction(0) for k in range(1, size + 1)]


def distinct(entries: Iterable[Poly], constants: bool = False) -> Iterator[tuple[int, Poly]]:
    """Yields the entries, with their numbers, that are not equal or opposite to an earlier one, nor constant unless
    `constants`."""
    seen = set()
    for n, f in enumerate(entries):
        key = frozenset(f.items())
        if key not in seen and (constants or variables(f)):
            seen.add(key)
            seen.add(frozenset((m, -c) for m, c in f.items()))
            yield n, f


def gradients_of(
    entries: ModelEntries, laws: Iterable[str], constants: bool = False
) -> list[tuple[tuple[str, int], PolynomialField]]:
    """Returns the gradients of the distinct entries of laws, by law and number (see `distinct`)."""
    return [((name, n), gradient(f, [])) for name in laws for n, f in distinct(entries.laws[name], constants)]

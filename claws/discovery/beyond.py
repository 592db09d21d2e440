"""Functions beyond polynomials of which laws may be made: what the model has in it, and what its Darboux polynomials give.

Untrusted: an ansatz. A polynomial P with X(P) = K P for every generator X, for some K, is a *Darboux polynomial* with the
cofactor K: no generator leaves the set P = 0. Then 1/P and log(P) may stand in laws: d/dt log(P) = K has no denominator, and
the sum of n*log(P) over Darboux polynomials is a law where the sum of n*K is zero; it is the logarithm of a rational law, the
product of the P to the powers n. Coordinates, their sums and differences and minors are tried one by one; other affine
polynomials, in models with few coordinates, are factors of the *extactic* determinant of X(x_j), X(X(x_j)), ... (Pereira 2001,
Vector fields, invariant varieties and linear systems).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, permutations
from typing import Any

import numpy as np

from claws.discovery.ansatz import (
    Ansatz,
    Coefficients,
    Letter,
    LetterText,
    PolynomialLaw,
    entry_text,
    polynomial_text,
    state_ansatz,
)
from claws.discovery.found import Notes
from claws.discovery.search_points import random_states
from claws.kernel.core.errors import Meter, Undefined
from claws.kernel.core.flow import STATE
from claws.kernel.core.functions import Slope
from claws.kernel.counting.jets import draw, salt
from claws.kernel.counting.points import CountedModel, Setting, coordinates
from claws.kernel.values.evaluation import Array, elementwise, evaluate, fixed, gradients, indices
from claws.kernel.values.evidence import Index
from claws.readings.echelon import BATCH
from claws.readings.points import ModularPoint, flattened
from claws.syntax import nodes
from claws.syntax.instances.instance import Instance
from claws.syntax.library.table import ELEMENTWISE
from claws.syntax.parser import parse_expression
from claws.syntax.printer import print_expression
from claws.syntax.spec import Spec


@dataclass(frozen=True, slots=True)
class FunctionLimits:
    """Which functions beyond polynomials are tried."""

    extra: int = 60
    """With more letters than this beside the coordinates, only the first are kept."""
    affine: int = 6
    """With more coordinates, no affine Darboux polynomials are looked for."""
    terms: int = 20_000
    """An extactic determinant that may have more terms is not expanded."""
    coordinates: int = 300
    """With more coordinates, none is tried as a Darboux polynomial."""
    sums: int = 24
    """With more coordinates, no sums and differences of two are tried as Darboux polynomials."""
    minors: int = 40
    """A matrix with more maximal minors has none of them tried."""
    minor: int = 3
    """Larger minors are not tried."""
    constants: int = 8
    """Constants with more entries do not stand in coefficients."""
    zeros: int = 4
    """Points on P = 0 at which a guess P is tested."""


LIMITS = FunctionLimits()


@dataclass(frozen=True)
class Extra:
    """A function of the state, as an expression in the names of a file."""

    value: nodes.Expression
    constant: bool = False
    """Whether no flow changes it."""
    darboux: nodes.Expression | None = None
    """The Darboux polynomials (one, or all entries of an array) of whose squares this is the logarithm."""


def ansatz_with(instance: Instance, extras: Sequence[Extra], notes: Notes) -> Iterator[Ansatz]:
    """The ansatzes with the coordinates and all entries of these functions as letters; `notes` says which were too many.

    Raises `SourceError` where a function has no meaning.
    """
    model, places = instance.with_expressions([extra.value for extra in extras])
    shapes = [[fixed(k) for k in model.program.shapes[n]] for n in places]
    placed = []
    for extra, n, shape in zip(extras, places, shapes, strict=True):
        if extra.constant and math.prod(shape) > LIMITS.constants:
            notes.add(
                f"entries of {print_expression(extra.value)} stand in no coefficient: there are {math.prod(shape)}"
            )
        else:
            placed.append((extra, n, shape))
    for base in state_ansatz(model):
        known = {(letter.node, letter.entry) for letter in base.letters}
        letters = list(base.letters)
        for extra, n, shape in placed:
            for i in indices(shape):
                if (n, i) not in known:
                    known.add((n, i))
                    letters.append(_letter(instance.spec, extra, n, i))
        most = len(base.letters) + LIMITS.extra
        if len(letters) > most:
            notes.add(
                f"{len(letters) - most} of {len(letters) - len(base.letters)} further functions take no part in laws"
            )
        yield Ansatz(base.model, tuple(letters[:most]))


def _letter(spec: Spec, extra: Extra, n: int, i: Index) -> Letter:
    """The entry `i` of a function, whose node is `n`, as a letter; 1/P is written as a division by P."""
    value, below = extra.value, None
    match value:
        case nodes.Binary("/", nodes.Number(one), divisor) if one == 1:
            below = divisor
    operand = value if below is None else below
    return Letter(
        n,
        i,
        letter_text(spec, value, i),
        denominator=None if below is None else letter_text(spec, below, i),
        whole=letter_text(spec, operand, ()) if i else None,
        logarithm="" if extra.darboux is None else _base_text(_entry_of(spec, extra.darboux, i)),
        constant=extra.constant,
    )


def rational_law_text(law: PolynomialLaw) -> str:
    """The rational law of which a sum of logarithms of squares is the logarithm, as text; empty for another law."""
    powers: dict[str, int] = {}
    for m, c in law.coefficients.items():
        polynomial = law.ansatz.letters[m[0]].logarithm if len(m) == 1 else ""
        if not polynomial:
            return ""
        powers[polynomial] = c
    if all(c < 0 for c in powers.values()):
        powers = {p: -c for p, c in powers.items()}
    top = [_power_text(p, c) for p, c in powers.items() if c > 0]
    bottom = [_power_text(p, -c) for p, c in powers.items() if c < 0]
    text = "*".join(top)
    return text + (f"/({'*'.join(bottom)})" if len(bottom) > 1 else f"/{bottom[0]}" if bottom else "")


def _power_text(base: str, exponent: int) -> str:
    """A power with a positive exponent."""
    return base if exponent == 1 else f"{base}^{exponent}"


def _base_text(e: nodes.Expression) -> str:
    """An expression as it stands in a product or under an exponent: sums in parentheses."""
    return f"({print_expression(e)})" if _has_sum(e) else print_expression(e)


def _has_sum(e: nodes.Expression) -> bool:
    """Whether an expression has a sum, a difference or a minus sign in it."""
    match e:
        case nodes.Negative() | nodes.Binary("+" | "-"):
            return True
        case nodes.Binary(_, left, right):
            return _has_sum(left) or _has_sum(right)
        case nodes.Call(_, arguments):
            return any(_has_sum(x) for x in arguments)
        case nodes.Index(base) | nodes.Transpose(base):
            return _has_sum(base)
    return False


# --- texts of entries ------------------------------------------------------------------------------------------------------


def letter_text(spec: Spec, e: nodes.Expression, i: Index) -> LetterText:
    """An entry of an expression as a letter; () is that of a scalar, or an array as a whole."""
    entry = _entry_of(spec, e, i)
    match entry:
        case nodes.Binary("^", base, nodes.Number(exponent)) if exponent >= 1 and exponent.denominator == 1:
            if _is_coordinate(base):
                return LetterText(print_expression(base), int(exponent))
    text = print_expression(entry)
    return LetterText(text if isinstance(entry, nodes.Name | nodes.Call | nodes.Index) else f"({text})")


def _is_coordinate(e: nodes.Expression) -> bool:
    """Whether an expression is an array or an entry of one."""
    match e:
        case nodes.Index(nodes.Name(), items):
            return all(isinstance(item, nodes.Number) for item in items)
    return isinstance(e, nodes.Name)


def _entry_of(spec: Spec, e: nodes.Expression, i: Index) -> nodes.Expression:
    """An entry of an expression: with the index at its names where that is possible, else at the whole."""
    entry = _entry(spec, e, i) if i else e
    return nodes.Index(e, tuple(_whole(k) for k in i)) if entry is None else entry


def _whole(k: int) -> nodes.Number:
    """A whole number as an expression."""
    return nodes.Number(Fraction(k), str(k))


def _entry(spec: Spec, e: nodes.Expression, i: Index) -> nodes.Expression | None:
    """The entry with the index at the names; None where the expression does not work entry by entry."""
    match e:
        case nodes.Number():
            return e
        case nodes.Name(name):
            if name not in spec.leaves:
                return None
            shape = spec.leaves[name][0].shape
            if shape is None:
                return e
            return nodes.Index(e, tuple(_whole(k) for k in i)) if len(shape) == len(i) else None
        case nodes.Negative(operand):
            inner = _entry(spec, operand, i)
            return None if inner is None else nodes.Negative(inner)
        case nodes.Binary(operator, left, right) if operator != "@":
            a, b = _entry(spec, left, i), _entry(spec, right, i)
            return None if a is None or b is None else nodes.Binary(operator, a, b)
        case nodes.Call(function, (argument,), ()) if function.name in (*ELEMENTWISE, "sqrt"):
            inner = _entry(spec, argument, i)
            return None if inner is None else nodes.Call(function, (inner,))
    return None


# --- what the model has in it --------------------------------------------------------------------------------------------


def own_functions(spec: Spec) -> list[Extra]:
    """The functions in the map and the preconditioners that depend on parameters alone: values of functions, and inverses.

    With them come preconditioners that are no arrays by themselves, and the constants, scalar ones with their inverses.
    """
    found: dict[str, Extra] = {}
    stack: list[object] = list(spec.map.outputs if spec.map is not None else ())
    for _, factor in spec.preconditions.values():
        stack.append(factor)
        polynomial = factor
        match factor:
            case nodes.Binary("/", nodes.Number(), divisor):
                polynomial = divisor
                if not isinstance(divisor, nodes.Name):
                    _keep(spec, found, divisor)
        if not _is_power(polynomial) and _is_function(spec, polynomial):
            # P(x) in front of the gradient in x is a Darboux polynomial, if it is a polynomial
            for extra in darboux_functions([polynomial]):
                found[print_expression(extra.value)] = extra
    seen: set[str] = set()
    while stack:
        e = stack.pop(0)
        match e:
            case nodes.Name(name):
                if name in spec.lets and name not in seen:
                    seen.add(name)
                    stack.append(spec.lets[name].value)
            case nodes.Negative(operand) | nodes.Transpose(operand):
                stack.append(operand)
            case nodes.Binary(operator, left, right):
                stack += [left, right]
                if operator == "/" and not isinstance(right, nodes.Number):
                    _keep(spec, found, nodes.Binary("/", _whole(1), right))
                if operator == "^" and not isinstance(right, nodes.Number):
                    _keep(spec, found, nodes.Binary("/", _whole(1), left))
            case nodes.Index(base):
                stack.append(base)
            case nodes.Call(function, arguments):
                stack += arguments
                if function.name in (*ELEMENTWISE, *spec.activations):
                    _keep(spec, found, e)
                    slope = _slope(spec, e)
                    if isinstance(slope, nodes.Call):
                        _keep(spec, found, slope)
                    if slope is not None:
                        _keep(spec, found, nodes.Binary("/", _whole(1), slope))
            case nodes.Array(items):
                stack += items
            case nodes.ArrayComprehension(body) | nodes.Generator(body):
                stack.append(body)
    for name, (group, role) in spec.leaves.items():
        if role == "const":
            found[name] = Extra(nodes.Name(name), constant=True)
            if group.shape is None:
                found[f"1/{name}"] = Extra(nodes.Binary("/", _whole(1), nodes.Name(name)), constant=True)
    return list(found.values())


def _slope(spec: Spec, e: nodes.Call) -> nodes.Expression | None:
    """The derivative f'(z) for f(z), as sigmoid(z)*(1 - sigmoid(z)); None for a function with none in the language.

    Integrals over z have its inverse in them.
    """
    name = e.function.name
    declared = spec.activations.get(name)
    if isinstance(declared, Slope):
        return parse_expression(declared.text(print_expression(e)))
    match name:
        case "exp":
            return e
        case "sin" | "cos" | "softplus":
            other = {"sin": "cos", "cos": "sin", "softplus": "sigmoid"}[name]
            return nodes.Call(nodes.Identifier(other), e.arguments)
        case "tanh":
            return nodes.Binary("-", _whole(1), nodes.Binary("^", e, _whole(2)))
        case "sigmoid":
            return nodes.Binary("*", e, nodes.Binary("-", _whole(1), e))
    return None


def _keep(spec: Spec, found: dict[str, Extra], e: nodes.Expression) -> None:
    """Keep an expression that mentions parameters, and no data."""
    if _is_function(spec, e):
        found.setdefault(print_expression(e), Extra(e))


def _is_power(e: nodes.Expression) -> bool:
    """Whether an expression is an array or a power of one, which is a letter by itself."""
    match e:
        case nodes.Binary("^", nodes.Name(), nodes.Number()):
            return True
    return isinstance(e, nodes.Name)


def _is_function(spec: Spec, e: nodes.Expression) -> bool:
    """Whether an expression mentions parameters, and no data."""
    roles = [_role(spec, name, set()) for name in nodes.names_in(e)]
    return "param" in roles and all(role in ("param", "const", "dim") for role in roles)


def _role(spec: Spec, name: str, open_names: set[str]) -> str:
    """What a name depends on: input before param before const before dim; `other` for the variable of a loop."""
    if name in spec.leaves:
        return spec.leaves[name][1]
    if name in spec.dims:
        return "dim"
    if name not in spec.lets or name in open_names:
        return "other"
    inner = {_role(spec, x, open_names | {name}) for x in nodes.names_in(spec.lets[name].value)}
    return next((role for role in ("other", "input", "param", "const") if role in inner), "dim")


# --- Darboux polynomials -----------------------------------------------------------------------------------------------------


def darboux_functions(polynomials: Sequence[nodes.Expression]) -> list[Extra]:
    """The functions 1/P and log(P^2) for each of these polynomials, or arrays of them."""
    extras = []
    for p in polynomials:
        extras.append(Extra(nodes.Binary("/", _whole(1), p)))
        square = nodes.Binary("^", p, _whole(2))
        extras.append(Extra(nodes.Call(nodes.Identifier("log"), (square,)), darboux=p))
    return extras


def darboux_polynomials(model: CountedModel, modulus: int, seed: int, meter: Meter, notes: Notes) -> list[str]:
    """Some Darboux polynomials, as texts: coordinates (an array for all of its own), minors, and in small models affine ones.

    They are tested modulo a prime at random points, so they are most likely right, no more. `notes` says what was not tried.
    """
    point = ModularPoint(model, Setting(modulus, seed), meter)
    found: list[str] = []
    if point.roots:
        notes.add("coordinates and minors were not tried as Darboux polynomials: the model has square roots")
    else:
        found += _coordinates(point, notes)
        found += _guessed(point, meter, notes)
    whole = {entry_text(leaf.name, i) for n, leaf in model.program.leaves(*STATE) if leaf.name in found
             for i in indices([fixed(k) for k in model.program.shapes[n]])}  # fmt: skip
    try:
        found += [text for text in _affine(model, seed, meter, notes) if text not in {*found, *whole}]
    except Undefined:
        notes.add("affine functions were not tried as Darboux polynomials: no model but a polynomial has these")
    return found


def _coordinates(point: ModularPoint, notes: Notes) -> list[str]:
    """The coordinates that no generator moves away from 0."""
    places = [(name, i) for name in point.state for i in indices(point.shapes[name])]
    if len(places) > LIMITS.coordinates:
        notes.add(f"no coordinate was tried as a Darboux polynomial: there are more than {LIMITS.coordinates}")
        return []
    found: list[tuple[str, Index]] = []
    for start in range(0, len(places), BATCH):
        found += _staying(point, places[start : start + BATCH], start)
    result = []
    for name in point.state:
        own = [place for place in found if place[0] == name]
        whole = len(own) == math.prod(point.shapes[name])
        result += [name] if whole else [entry_text(*place) for place in own]
    return result


def _staying(point: ModularPoint, places: Sequence[tuple[str, Index]], start: int) -> list[tuple[str, Index]]:
    """The coordinates among these that move, but not where they are 0.

    There is one point for each coordinate, at which it is 0, and a last point at which none is.
    """
    keys = [(start, k) for k in range(len(places) + 1)]
    theta = random_states(point, keys)
    for k, (name, i) in enumerate(places):
        x = theta[name][0]
        assert x is not None
        x[(k, *i)] = 0.0
    try:
        moved = point.generators(theta, 0, keys)
    except Undefined:
        # a division by one of them, which does not concern the others
        half = len(places) // 2
        return _staying(point, places[:half], start) + _staying(point, places[half:], start + half) if half else []
    found = []
    for k, (name, i) in enumerate(places):
        v = moved[name][0] if name in moved else None
        if v is not None:
            own = np.moveaxis(np.broadcast_to(v, (len(keys), *point.shapes[name])), 0, -1)[i]
            if np.any(own) and own[k] == 0:
                found.append((name, i))
    return found


def _guessed(point: ModularPoint, meter: Meter, notes: Notes) -> list[str]:
    """The Darboux polynomials among x_i + x_j, x_i - x_j and the maximal minors of parameters, as texts."""
    plain = [(name, i) for name in point.state for i in indices(point.shapes[name])]
    number = {place: k for k, place in enumerate(plain)}
    guesses: list[Coefficients] = []
    if len(plain) <= LIMITS.sums:
        guesses += [{(j,): 1, (k,): sign} for j, k in combinations(range(len(plain)), 2) for sign in (1, -1)]
    else:
        notes.add(
            f"sums and differences were not tried as Darboux polynomials: there are over {LIMITS.sums} coordinates"
        )
    for _, leaf in point.program.leaves("param"):
        guesses += _minors(leaf.name, point.shapes[leaf.name], number, notes)
    letters = [Letter(0, i, LetterText(entry_text(name, i))) for name, i in plain]
    found = []
    for start in range(0, len(guesses), BATCH // LIMITS.zeros):
        part = guesses[start : start + BATCH // LIMITS.zeros]
        meter.tick(len(part))
        found += [polynomial_text(g, letters) for g in _invariant(point, part, plain, start)]
    return found


def _minors(
    name: str, shape: Sequence[int], number: Mapping[tuple[str, Index], int], notes: Notes
) -> list[Coefficients]:
    """The 2 x 2 or 3 x 3 maximal minors of a matrix, in the coordinates that `number` numbers; none of another array."""
    size = min(shape, default=0)
    if len(shape) != 2 or size < 2:
        return []
    if size > LIMITS.minor or math.comb(max(shape), size) > LIMITS.minors:
        notes.add(f"minors of {name} were not tried as Darboux polynomials: they are too large or too many")
        return []
    found = []
    for chosen in combinations(range(max(shape)), size):
        minor: Coefficients = {}
        for p in permutations(range(size)):
            sign = math.prod(1 if p[a] < p[b] else -1 for a, b in combinations(range(size), 2))
            places = [(a, chosen[p[a]]) if shape[0] == size else (chosen[p[a]], a) for a in range(size)]
            minor[tuple(sorted(number[name, place] for place in places))] = sign
        found.append(minor)
    return found


def _invariant(
    point: ModularPoint, guesses: Sequence[Coefficients], plain: Sequence[tuple[str, Index]], start: int
) -> list[Coefficients]:
    """The guesses whose zeros no generator leaves, at random points.

    The first coordinate of each guess must occur in it to the first degree: a point on P = 0 is found by solving for it.
    """
    count = LIMITS.zeros * len(guesses)
    keys = [(start, k) for k in range(count)]
    theta = random_states(point, keys)
    flat = flattened(theta, point.shapes, point.state, count)
    p = point.field.p
    rows = [[int(x) for x in row] for row in flat]
    for k, row in enumerate(rows):
        guess = guesses[k // LIMITS.zeros]
        first = min(min(guess))
        rest = sum(c * math.prod(row[j] for j in m) for m, c in guess.items() if first not in m)
        slope = sum(c * math.prod(row[j] for j in m if j != first) for m, c in guess.items() if first in m)
        if slope % p == 0:
            return []
        row[first] = -rest * pow(slope, -1, p) % p
        name, i = plain[first]
        x = theta[name][0]
        assert x is not None
        x[(k, *i)] = float(row[first] if row[first] <= p // 2 else row[first] - p)
    try:
        moved = flattened(point.generators(theta, 0, keys), point.shapes, point.state, count)
    except Undefined:
        # a division by one of them, which does not concern the others
        half = len(guesses) // 2
        if not half:
            return []
        return _invariant(point, guesses[:half], plain, start) + _invariant(point, guesses[half:], plain, start + half)
    kept = []
    for g, guess in enumerate(guesses):
        changes = []
        for k in range(g * LIMITS.zeros, (g + 1) * LIMITS.zeros):
            row, speed = rows[k], [int(x) for x in moved[k]]
            changes.append(
                sum(
                    c * speed[m[a]] * math.prod(row[j] for b, j in enumerate(m) if b != a)
                    for m, c in guess.items()
                    for a in range(len(m))
                )
            )
        if not any(x % p for x in changes) and any(
            any(moved[k]) for k in range(g * LIMITS.zeros, (g + 1) * LIMITS.zeros)
        ):
            kept.append(guess)
    return kept


def _affine(model: CountedModel, seed: int, meter: Meter, notes: Notes) -> list[str]:
    """The affine Darboux polynomials, as texts: factors of the extactic determinant of one generator (Pereira 2001).

    A factor P must divide X(P) for this generator and for another. Raises `Undefined` where a generator is no polynomial.
    """
    total = coordinates(model.program)
    if total > LIMITS.affine or model.flow.drift:
        why = "the flow has a drift" if model.flow.drift else f"there are over {LIMITS.affine} coordinates"
        notes.add(f"affine functions were not tried as Darboux polynomials: {why}")
        return []
    if total < 2:
        return []
    from claws.readings.flint_reading import FlintRing

    leaves = model.program.leaves(*STATE)
    places = [(leaf.name, i) for n, leaf in leaves for i in indices([fixed(k) for k in model.program.shapes[n]])]
    names = [entry_text(name, i) for name, i in places]
    ring = FlintRing(names, dict(model.program.activations))
    fields = [_field(model, ring, places, names, salt("darboux", seed, k), meter) for k in range(2)]
    variables = [ring.variable(name).top for name in names]
    first = fields[0]
    degree = max(x.total_degree() for x in first)
    if degree < 1:
        # the rows beyond the first are 0, and so is the determinant
        return []
    # entries of degree 1 + i*(degree - 1) for i = 1, ..., total
    whole = sum(1 + i * (degree - 1) for i in range(1, total + 1))
    if math.comb(whole + total, total) > LIMITS.terms:
        notes.add("affine functions were not tried as Darboux polynomials: the determinant for it has too many terms")
        return []
    rows, row = [], list(variables)
    for _ in range(total):
        row = [_along(first, x, len(variables)) for x in row]
        rows.append(row)
    determinant = _determinant(rows)
    if determinant == 0:
        return []
    found = []
    for factor, _ in determinant.factor()[1]:
        if factor.total_degree() == 1 and all(
            divmod(_along(field, factor, len(variables)), factor)[1] == 0 for field in fields
        ):
            found.append(_affine_text(factor, names))
    return sorted(found, key=lambda text: (len(text), text))


def _field(
    model: CountedModel, ring: Any, places: Sequence[tuple[str, Index]], names: Sequence[str], start: int, meter: Meter
) -> list[Any]:
    """A generator with small random data, as polynomials in the coordinates, in the order of `places`.

    Raises `Undefined` where it has a denominator or another function.
    """
    program = model.program
    arrays: dict[str, Array] = {}
    drawn = 0
    for (name, i), text in zip(places, names, strict=True):
        arrays.setdefault(name, {})[i] = ring.variable(text)
    for n, leaf in program.leaves("input", "const"):
        arrays[leaf.name] = {}
        for i in indices([fixed(k) for k in program.shapes[n]]):
            drawn += 1
            arrays[leaf.name][i] = ring.number(Fraction(1 + draw(start, drawn, 7)))
    params = [leaf.name for _, leaf in program.leaves("param")]
    total: dict[str, Array] = {}
    for n in model.outputs:
        for gradient in gradients(program, n, arrays, params, ring, meter).values():
            drawn += 1
            weight = ring.number(Fraction(1 + draw(start, drawn, 7)))
            for name, entries in gradient.items():
                own = total.setdefault(name, {})
                for i, x in entries.items():
                    own[i] = own[i] + x * weight if i in own else x * weight
    values = evaluate(program, model.flow.nodes(), arrays, ring, meter)
    moved = model.flow.control(total, elementwise(values))
    field = []
    for name, i in places:
        x = moved.get(name, {}).get(i, ring.number(Fraction(0)))
        if x.bottom != 1:
            raise Undefined("a denominator")
        if any(x.top.degrees()[len(names) :]):
            raise Undefined("a function that is no polynomial")
        field.append(x.top)
    return field


def _along(field: Sequence[Any], x: Any, count: int) -> Any:
    """The derivative of a polynomial along a field."""
    total = x * 0
    for k in range(count):
        total = total + field[k] * x.derivative(k)
    return total


def _determinant(rows: list[list[Any]]) -> Any:
    """The determinant of a matrix of polynomials, by minors along its rows, of which there are at most six."""
    minors: dict[tuple[int, ...], Any] = {(): rows[0][0] * 0 + 1}
    for row in reversed(rows):
        new: dict[tuple[int, ...], Any] = {}
        for chosen, minor in minors.items():
            for c in range(len(rows)):
                if c in chosen:
                    continue
                key = tuple(sorted((*chosen, c)))
                term = row[c] * minor if key.index(c) % 2 == 0 else -(row[c] * minor)
                new[key] = new[key] + term if key in new else term
        minors = new
    return minors[tuple(range(len(rows)))]


def _affine_text(p: Any, names: Sequence[str]) -> str:
    """An affine polynomial with coprime integer coefficients, the first of them positive."""
    terms = {}
    for exponents, c in p.to_dict().items():
        variable = next((k for k, e in enumerate(exponents) if e), len(names))
        terms[variable] = Fraction(int(c.p), int(c.q))
    order = sorted(terms)
    scale = Fraction(math.lcm(*(c.denominator for c in terms.values())))
    scale /= math.gcd(*(int(c * scale) for c in terms.values()))
    if terms[order[0]] < 0:
        scale = -scale
    text = ""
    for k in order:
        c = int(terms[k] * scale)
        body = names[k] if k < len(names) else ""
        number = "" if abs(c) == 1 and body else f"{abs(c)}{'*' if body else ''}"
        # the first is positive
        text += (f" {'-' if c < 0 else '+'} " if text else "") + number + body
    return text

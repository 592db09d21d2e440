"""Where a program has values: at a point that is given, and whether there is a point at all.

Soundness-critical: a refutation lies where everything that the claim speaks of has a value, and a claim that speaks of no point
is not proved.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from fractions import Fraction
from math import ceil, prod
from typing import Any

from claws.kernel.core.errors import Malformed, Meter, Undefined
from claws.kernel.core.functions import Function, Slope
from claws.kernel.core.program import ROLES, Program
from claws.kernel.core.signs import Signs, has_values_by_form
from claws.kernel.values.enclosures import Enclosures, Interval, Number
from claws.kernel.values.evaluation import Array, Jacobian, Ring, evaluate, fixed, indices
from claws.kernel.values.evidence import Choices, Index

BITS = 128
"""The precision of values at points that are not given."""

ATTEMPTS = 40
"""So many points are tried."""

STEPS = 2_000_000
"""No further point is tried after so many elementary steps."""

DENSE = 20_000
"""Leaves with more entries than this have few that are not zero at the points that are tried."""


class Solutions(Enclosures):
    """Numbers at which a solution of a declared equation has a value where it is defined, also beside the one that was chosen.

    Soundness-critical: the bounds hold the value of the solution through the chosen one, and it exists up to there.
    """

    def _chosen(self, row: Function, x: Any) -> tuple[Any, Any]:
        declared, table = self.activations[row.name], self.choices.values.get(row.name, {})
        if not isinstance(declared, Slope) or len(table) != 1 or (not isinstance(x, Interval) and x in table):
            return super()._chosen(row, x)
        ((start, (value, _)),) = table.items()
        super()._chosen(row, start)  # that the chosen value and slope fit
        reach = _reach(declared, value, _distance(x, start))
        if reach is None:
            raise Undefined(f"{row.name} may have no value so far from where one was chosen")
        low, high = Interval.of(value - reach, self.bits), Interval.of(value + reach, self.bits)
        found = Interval(low.low, high.high, self.bits)
        slope: Any = 0
        for c, e in declared.terms:
            slope = found.power(e) * c + slope
        return found, slope


def _distance(x: Number, start: Fraction) -> Fraction:
    """A bound for |x - start|."""
    low, high = x.bounds if isinstance(x, Interval) else (Fraction(x), Fraction(x))
    return max(abs(low - start), abs(high - start))


def _reach(slope: Slope, value: Fraction, distance: Fraction) -> Fraction | None:
    """How far a solution of s' = P(s) can get from a value that it has, within this distance of the argument.

    Soundness-critical: None where it is not shown that the solution exists up to there. Solutions do not cross a zero of P. Where
    |P| <= M between value - 1 and value + 1, they stay between these up to 1/M from the argument (Picard and Lindelöf). Those of
    linear equations exist everywhere, and |s - value| <= |P(value)| d e^(a d) (Gronwall).
    """
    here = slope.at(value)
    if not here or not distance:
        return Fraction(0)
    steepest = sum((abs(c) * (abs(value) + 1) ** e for c, e in slope.terms), start=Fraction(0))
    if distance * steepest <= 1:
        return Fraction(1)
    walls = [next((k for k in range(1, 17) if slope.at(value + side * k) * here <= 0), None) for side in (-1, 1)]
    if walls[0] is not None and walls[1] is not None:
        return Fraction(max(walls[0], walls[1]))
    a = next((abs(c) for c, e in slope.terms if e == 1), Fraction(0))
    if slope.degree > 1 or a * distance > 100:
        return None
    return abs(here) * distance * Fraction(3) ** ceil(a * distance)


def check_values(program: Program, nodes: Iterable[int], leaves: Mapping[str, Array], ring: Ring, meter: Meter) -> None:
    """Raises `Undefined` unless these nodes have values at a point of a program with fixed sizes, and no unit stands at its kink.

    Soundness-critical. Nodes that always have a value are not evaluated.
    """
    partial = Signs(program).partial(nodes)
    if partial:
        values = {name: {i: ring.number(Fraction(y)) for i, y in x.items()} for name, x in leaves.items()}
        evaluate(program, partial, values, ring, meter)


def check_defined(program: Program, nodes: Iterable[int], sizes: Mapping[str, int], meter: Meter) -> bool:
    """Raises `Undefined` unless a point is seen at which all these nodes have values; whether one had to be looked for.

    Soundness-critical: a claim about points at which these nodes have values is empty where there is none. `sizes` has a size for
    every dim that the program leaves free. The point lies inside the domains of the leaves, and no unit stands at its kink there;
    activations and functions that the program leaves open are some that have values there. Whoever is refused with good reason
    may ask again at other sizes.
    """
    nodes = list(nodes)
    if has_values_by_form(program, nodes):
        return False
    here = program.at(sizes) if program.free_dims() else program
    partial = Signs(here).partial(nodes)
    obstacle, end = "", meter.used + STEPS
    for attempt in range(ATTEMPTS):
        try:
            evaluate(here, partial, _point(here, attempt, meter), _Drawn(here, attempt, meter), meter)
            return True
        except Undefined as problem:
            obstacle = obstacle or str(problem)
        except Malformed as problem:  # too large, at every point
            obstacle = str(problem)
            break
        if meter.used > end:
            break
    raise Undefined(
        f"no point was found at which the model, its flow and what is claimed all have a value ({obstacle}), "
        "and a claim that speaks of no point is not proved"
    )


# --- points ------------------------------------------------------------------------------------------------------------

SCALES = (Fraction(1), Fraction(1, 8), Fraction(1, 128), Fraction(8))


def _point(program: Program, attempt: int, meter: Meter) -> dict[str, Array]:
    """The values of all leaves at one of the points that are tried: small numbers of any sign, or positive ones."""
    scale, positive = SCALES[attempt // 2 % len(SCALES)], attempt % 2 == 1
    result: dict[str, Array] = {}
    for n, leaf in program.leaves(*ROLES):
        shape = [fixed(k) for k in program.shapes[n]]
        signed = not positive and leaf.domain != "positive" and leaf.role != "time"
        array: Array = {}
        for i in _places(shape, dense=leaf.domain != "real"):
            meter.tick()
            x = scale * _draw(attempt, leaf.name, i)
            array[i] = Interval.of(x if signed else abs(x), BITS)
        result[leaf.name] = array
    return result


def _places(shape: list[int], dense: bool) -> Iterable[Index]:
    """All places of an array, or those of a band in a large one: every row and every column has something there."""
    if dense or len(shape) < 2 or prod(shape) <= DENSE:
        return indices(shape)
    *head, last = shape
    band = min(shape)
    return ((*i, j) for i in indices(head) for j in range(-sum(i) % band, last, band))


def _draw(*key: object) -> Fraction:
    """A small rational number that is not zero, fixed by the key."""
    n = int.from_bytes(hashlib.sha256(repr(key).encode()).digest()[:6], "big")
    return Fraction(1 + n // 2 % 1023, 256) * (-1 if n % 2 else 1)


class _Drawn(Solutions):
    """Numbers at which what the program leaves open was drawn: polynomials, solutions of equations, multiples of |z|^k."""

    def __init__(self, program: Program, attempt: int, meter: Meter) -> None:
        activations = dict(program.activations)
        sides = {
            a: (abs(_draw(attempt, a)), _draw(attempt, a, 0)) for a, k in activations.items() if isinstance(k, Fraction)
        }
        super().__init__(activations, Choices(homogeneous=sides), BITS, meter)
        self.attempt = attempt

    def _chosen(self, row: Function, x: Any) -> tuple[Any, Any]:
        declared = self.activations[row.name]
        if isinstance(declared, Slope):
            table = self.choices.values.setdefault(row.name, {})
            if not table:
                low, high = x.bounds if isinstance(x, Interval) else (Fraction(x), Fraction(x))
                value = _draw(self.attempt, row.name)
                table[(low + high) / 2] = value, declared.at(value)
            return super()._chosen(row, x)
        a, b, c = (_draw(self.attempt, row.name, k) for k in range(3))
        return (x * a + b) * x + c, x * (2 * a) + b

    def opaque(
        self, function: str, arguments: list[Array], shapes: list[Index], shape: Index
    ) -> tuple[Array, list[Jacobian]]:
        result: Array = {}
        for i in indices(shape):
            total: Any = _draw(self.attempt, function, i)
            for k, x in enumerate(arguments):
                for j, y in x.items():
                    self._tick(1)
                    total = y * _draw(self.attempt, function, i, k, j) + total
            result[i] = total
        return result, []

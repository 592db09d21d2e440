"""Counts at points that are written by hand: numbers in, and what the kernel's own check says of the rank there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from claws.kernel.core.errors import Meter
from claws.kernel.counting.evidence import Sandwich, Step, TruePoint
from claws.kernel.counting.points import Ranks
from claws.kernel.counting.statements import Count
from claws.kernel.theorem import Theorem, check
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text

P = 8388587
"""A prime of the form 4*k + 3, below 2^23: roots exist, and arrays are exact."""

Numbers = Sequence[int | Fraction]


def count_of(text: str, relation: str = ">=", number: int = 0) -> Count:
    """The claim about the number of laws of a model; without more, one that is always true."""
    spec = load_text(f"{text}\ncount {relation} {number}\n")
    assert not spec.diagnostics, spec.diagnostics
    statement = Instance(spec, {}).number_statement(spec.claims[-1])
    assert isinstance(statement, Count)
    return statement


def point_of(values: Mapping[str, Numbers], data: Sequence[Numbers], bits: int = 30) -> TruePoint:
    """The evidence for these numbers, which must be whole multiples of 2^-bits."""

    def numerators(numbers: Numbers) -> tuple[int, ...]:
        scaled = [Fraction(x) * 2**bits for x in numbers]
        assert all(x.denominator == 1 for x in scaled), numbers
        return tuple(int(x) for x in scaled)

    return TruePoint(bits, tuple((name, numerators(x)) for name, x in values.items()), tuple(map(numerators, data)))


def generators(data: int, each: int = 3) -> Step:
    """Generators at each of so many data, with other weights of the outputs each time."""
    count = each * data
    return Step(1, count, tuple(range(count)), tuple(k % data for k in range(count)))


def judged(
    text: str,
    values: Mapping[str, Numbers],
    data: Sequence[Numbers],
    steps: Sequence[Step] | None = None,
    *,
    bits: int = 30,
    modulus: int = P,
    ranks: Ranks | None = None,
) -> Theorem:
    """The theorem that there are 0 laws or more, by generators at a point. Raises `Refused`."""
    steps = (generators(len(data)),) if steps is None else tuple(steps)
    evidence = Sandwich((), (), steps, modulus, 0, (), point_of(values, data, bits))
    return check(count_of(text), evidence, Meter(10**8), ranks)


def rank_at(
    text: str,
    values: Mapping[str, Numbers],
    data: Sequence[Numbers],
    steps: Sequence[Step] | None = None,
    *,
    bits: int = 30,
    modulus: int = P,
    ranks: Ranks | None = None,
) -> int:
    """The rank of generators at a point, as the kernel finds it. Raises `Refused`."""
    return judged(text, values, data, steps, bits=bits, modulus=modulus, ranks=ranks).found["lie_dimension_at_least"]


def drawn_rank(text: str, count: int = 12, modulus: int = P, ranks: Ranks | None = None) -> int:
    """The rank of generators of a model without units at the pseudo-random point. Raises `Refused`."""
    evidence = Sandwich((), (), (Step(1, count),), modulus, 0)
    return check(count_of(text), evidence, Meter(10**8), ranks).found["lie_dimension_at_least"]

"""Square roots in residues: why a rank at a point where every root exists is a rank of the real model.

Soundness-critical. A rank over the jets is had at a point where each root w = sqrt(q) is some number with w^2 = q modulo p. A
minor is a polynomial in parameters, data and roots. If it were zero for the real model, it would be zero at every such point,
whatever the signs of the roots, provided that no root can be had from the others: that the q are independent in the group of
functions modulo squares and constants (Kummer theory). This is checked, not assumed. A product of some q that is a constant times
a square has the same Jacobi symbol at all points; so symbols at random points that are independent over F_2, also of the
constant vector, show that there is no such product. What fails this is refused: sqrt(4*q) beside sqrt(q), sqrt(q^2), the root
of a square number.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import count

from claws.kernel.core.errors import Irrational, Meter, NoRoot, Refused
from claws.kernel.core.program import Apply, Einsum, Leaf, Program, Window
from claws.kernel.counting.jets import salt
from claws.kernel.counting.points import CountedModel, Point, Setting, has_data, is_root
from claws.kernel.values.evaluation import evaluate, fixed, indices
from claws.kernel.values.evidence import Choices, Index
from claws.kernel.values.rationals import Rationals

_SPARE = 12
"""Points beyond the number of roots."""

_ATTEMPTS = 4096
"""Points that are tried until inner roots exist."""

_LARGEST = 10**12
"""Numbers under a root are factored, up to here."""

Entry = tuple[int, Index]
"""An entry of a node."""

RELATED = (
    "square roots of functions whose product is a square (as sqrt(q) and sqrt(4*q), or sqrt(q^2)) are related, so such a model "
    "can't be counted"
)


def check_roots(model: CountedModel, nodes: Sequence[int], setting: Setting, meter: Meter) -> None:
    """Raises `Refused` unless the square roots in these nodes are independent of each other, at every level of nesting."""
    program = model.program
    roots = [n for n in program.cone(nodes) if is_root(program.nodes[n])]
    levels: dict[int, int] = {}
    for n in roots:
        inner = [levels[m] for m in program.cone([_operand(program, n)]) if m in levels]
        levels[n] = 1 + max(inner, default=0)
    for level in sorted(set(levels.values())):
        groups: dict[str, dict[Entry, None]] = {"numbers": {}, "parameters": {}, "data": {}}
        for n in roots:
            if levels[n] == level:
                q = _operand(program, n)
                group = groups[_kind(program, q)]
                for i in indices([fixed(k) for k in program.shapes[q]]):
                    group[source_of(program, q, i)] = None
        lower = [n for n in roots if levels[n] < level]
        _check_numbers(program, list(groups["numbers"]), meter)
        for kind in ("parameters", "data"):
            if groups[kind]:
                salted = salt("root", setting.seed, level)
                _check_group(model, list(groups[kind]), lower, kind == "data", salted, setting, meter)


def _operand(program: Program, n: int) -> int:
    node = program.nodes[n]
    assert isinstance(node, Apply)
    return node.operand


def _kind(program: Program, n: int) -> str:
    """What a node depends on: data (and anything else), parameters and constants, or nothing."""
    roles = {node.role for m in program.cone([n]) if isinstance(node := program.nodes[m], Leaf)}
    return "data" if "input" in roles else "parameters" if roles else "numbers"


def source_of(program: Program, n: int, i: Index) -> Entry:
    """Where an entry comes from that is only repeated or renamed here: equal sources are equal functions."""
    while True:
        node = program.nodes[n]
        if isinstance(node, Einsum) and len(node.operands) == 1 and len(set(node.out)) == len(node.out):
            if not set(node.labels[0]) <= set(node.out):
                return n, i
            at = dict(zip(node.out, i, strict=True))
            n, i = node.operands[0], tuple(at[label] for label in node.labels[0])
        elif isinstance(node, Window) and (node.merges or not node.transposed):
            n, i = node.operand, _source_in_window(node, i)
        else:
            return n, i


def _source_in_window(node: Window, i: Index) -> Index:
    """Which entry of its operand an entry of a window is; the window is not transposed, or it merges axes."""
    at, steps = node.axis, [fixed(t) for t in node.steps]
    if not node.transposed:
        inside = fixed(node.start) + sum(t * j for t, j in zip(steps, i[at : at + len(steps)], strict=True))
        return (*i[:at], inside, *i[at + len(steps) :])
    apart = []
    rest = i[at]
    for t in steps:
        j, rest = divmod(rest, t)
        apart.append(j)
    return (*i[:at], *apart, *i[at + 1 :])


def _check_group(
    model: CountedModel,
    entries: Sequence[Entry],
    lower: Sequence[int],
    data: bool,
    salted: int,
    setting: Setting,
    meter: Meter,
) -> None:
    """Symbols at random data for one theta, or at random theta and constants for roots without data.

    The `lower` roots exist at these points, also those that the entries do not need: a square may be one of such roots, as
    (x + sqrt(y))*(x - sqrt(y)) is that of sqrt(x^2 - y).
    """
    below = lower if data else [n for n in lower if not has_data(model.program, n)]
    nodes = list(dict.fromkeys([*(n for n, _ in entries), *below]))
    columns = [0] * len(entries)
    wanted = len(entries) + _SPARE
    for k, point in enumerate(_points(model, nodes, data, salted, setting, meter)):
        if k == wanted:
            break
        found = point.values(nodes, salted, k) if data else point.values(nodes)
        for j, (n, i) in enumerate(entries):
            x = found[n][i].parts[0] if i in found[n] else 0
            symbol = jacobi(x, setting.modulus)
            if not symbol:
                raise Refused("a number under a square root is 0 at a random point")
            columns[j] |= (symbol < 0) << k
    # the constant vector: a number in front of a square changes all symbols or none
    if not independent([(1 << wanted) - 1, *columns]):
        raise Refused(RELATED)


def _points(
    model: CountedModel, nodes: Sequence[int], data: bool, salted: int, setting: Setting, meter: Meter
) -> Iterator[Point]:
    """One point again and again, or points at which these nodes can be evaluated."""
    if data:
        point = Point(model, setting, meter)
        while True:
            yield point
    for k in count():
        if k > _ATTEMPTS:
            raise Refused("no point was found at which all square roots exist modulo the prime")
        point = Point(model, replace(setting, seed=salt("point", salted, k)), meter)
        try:
            point.values(nodes)
        except NoRoot:
            continue
        yield point


def _check_numbers(program: Program, entries: Sequence[Entry], meter: Meter) -> None:
    """Numbers under roots must be independent modulo squares of rational numbers."""
    if not entries:
        return
    nodes = list(dict.fromkeys(n for n, _ in entries))
    try:
        found = evaluate(program, nodes, {}, Rationals({}, Choices(), meter), meter)
    except Irrational as problem:
        raise Refused(f"a root inside a root of a number can't be counted: {problem}") from problem
    primes: dict[int, int] = {}
    vectors = []
    for q in {Fraction(found[n].get(i, 0)) for n, i in entries}:
        if q <= 0 or q.numerator * q.denominator > _LARGEST:
            raise Refused("a number under a square root is not positive, or too large to be factored")
        vectors.append(sum(1 << primes.setdefault(p, len(primes)) for p in _odd_primes(q.numerator * q.denominator)))
    if not independent(vectors):
        raise Refused(RELATED)


def _odd_primes(n: int) -> list[int]:
    """The primes that divide n an odd number of times."""
    found, p = [], 2
    while p * p <= n:
        times = 0
        while n % p == 0:
            n, times = n // p, times + 1
        if times % 2:
            found.append(p)
        p += 1
    return [*found, n] if n > 1 else found


def independent(vectors: Sequence[int]) -> bool:
    """Whether vectors over F_2, given by their bits, are linearly independent."""
    pivots: dict[int, int] = {}
    for v in vectors:
        while v and v.bit_length() in pivots:
            v ^= pivots[v.bit_length()]
        if not v:
            return False
        pivots[v.bit_length()] = v
    return True


def jacobi(a: int, n: int) -> int:
    """The Jacobi symbol (a/n) for odd n > 0: multiplicative in a, 1 for a square that is prime to n, 0 if a is not prime to n."""
    a %= n
    sign = 1
    while a:
        while a % 2 == 0:
            a //= 2
            if n % 8 in (3, 5):
                sign = -sign
        a, n = n, a
        if a % 4 == 3 and n % 4 == 3:
            sign = -sign
        a %= n
    return sign if n == 1 else 0

"""The check of a law for all sizes, done in advance: what `check_all_sizes` of the library does, so that only such laws are
exported for all sizes as coqc accepts. coqc takes nothing from it.

Derivatives of nets in an entry with open indices are multiplied and expanded into monomials; an index that equals a summed one is
put in its place; monomials that are the same up to the names of summed indices and order are collected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from typing import NamedTuple, assert_never

from claws.coq.statements.index_terms import Ix
from claws.coq.statements.networks import (
    ONE_NET,
    ZERO_NET,
    ArrayEntry,
    Axes,
    Net,
    NetNumber,
    NetOperation,
    NetOpposite,
    NetPower,
    NetSize,
    ProductOver,
    SumOver,
    WhereEqual,
    variables_of,
)
from claws.coq.statements.node_facts import CannotExport
from claws.kernel.core.errors import Meter


@dataclass(frozen=True, slots=True)
class NetworkLimits:
    """How large the derivative of a law may become; a law beyond is not exported for all sizes."""

    terms: int = 150
    """The most terms of a product of two expanded nets."""
    comparisons: int = 1_000_000
    """The most comparisons of factors."""


LIMITS = NetworkLimits()

EQUAL = "="
"""The array of a factor that is 1 where two indices are equal."""
HOLE = -1
"""What stands among the indices of a product for the index that it is over."""


class NetFactor(NamedTuple):
    """A factor of a monomial: an entry. For the array "=" it is 1 where the two indices are equal, and 0 elsewhere.

    With `over`, a product of entries: over an index below the size `over`, for which `HOLE` stands among the indices, all
    but that at the first of `indices`, unless that is `HOLE` as well.
    """

    array: str
    indices: tuple[Ix, ...]
    over: str = ""


@dataclass(frozen=True)
class NetMonomial:
    """A term of an expanded net: the coefficient times the sum, over the bound variables, of the product of the factors."""

    coefficient: Fraction
    bound: Axes
    factors: tuple[NetFactor, ...]


_fresh = count()


def _put(i: Ix, new: Mapping[str, Ix]) -> Ix:
    if isinstance(i, str):
        return new.get(i, i)
    return i if isinstance(i, int) else (i[0], _put(i[1], new), _put(i[2], new))


def _put_all(factors: Sequence[NetFactor], new: Mapping[str, Ix]) -> tuple[NetFactor, ...]:
    return tuple(f._replace(indices=tuple(_put(i, new) for i in f.indices)) for f in factors)


def _renamed(m: NetMonomial) -> NetMonomial:
    new = {v: f"{v}'{next(_fresh)}" for v, _ in m.bound}
    return NetMonomial(m.coefficient, tuple((new[v], d) for v, d in m.bound), _put_all(m.factors, dict(new)))


def _product(ms: Sequence[NetMonomial], ns: Sequence[NetMonomial]) -> list[NetMonomial]:
    if len(ms) * len(ns) > LIMITS.terms:
        raise CannotExport(f"its derivative has more than {LIMITS.terms} terms")
    result = []
    for m in ms:
        for n in ns:
            # the same part may have been met twice
            n = _renamed(n) if {v for v, _ in n.bound} & {v for v, _ in m.bound} else n
            result.append(NetMonomial(m.coefficient * n.coefficient, m.bound + n.bound, m.factors + n.factors))
    return result


def expand(net: Net) -> list[NetMonomial]:
    """Returns a net as a sum of monomials. Raises `CannotExport` where there would be too many, and for a product of other than
    entries."""
    if isinstance(net, NetNumber):
        return [NetMonomial(net.value, (), ())] if net.value else []
    if isinstance(net, NetSize):
        return [NetMonomial(Fraction(1), ((f"'{next(_fresh)}", net.size),), ())]
    if isinstance(net, ArrayEntry):
        return [NetMonomial(Fraction(1), (), (NetFactor(net.array, net.indices),))]
    if isinstance(net, NetOperation):
        left, right = expand(net.left), expand(net.right)
        if net.operation == "Nmul":
            return _product(left, right)
        return left + (right if net.operation == "Nadd" else _opposite(right))
    if isinstance(net, NetOpposite):
        return _opposite(expand(net.operand))
    if isinstance(net, NetPower):
        result, base = [NetMonomial(Fraction(1), (), ())], expand(net.operand)
        for _ in range(net.exponent):
            result = _product(base, result)
        return result
    if isinstance(net, SumOver):
        return [NetMonomial(m.coefficient, ((net.index, net.size), *m.bound), m.factors) for m in expand(net.body)]
    if isinstance(net, ProductOver):
        return [NetMonomial(Fraction(1), (), (_multiplied(net),))]
    if isinstance(net, WhereEqual):
        return _product([NetMonomial(Fraction(1), (), (NetFactor(EQUAL, (net.left, net.right)),))], expand(net.body))
    assert_never(net)


def _multiplied(net: ProductOver) -> NetFactor:
    if not isinstance(net.body, ArrayEntry):
        raise CannotExport("a product over an axis, of other than entries, can't be exported for all sizes yet")
    indices: list[Ix] = [HOLE if net.without is None else net.without]
    for i in net.body.indices:
        if i != net.index and net.index in variables_of(i):
            raise CannotExport("a product over an index that is shifted can't be exported for all sizes yet")
        indices.append(HOLE if i == net.index else i)
    return NetFactor(net.body.array, tuple(indices), net.size)


def _opposite(ms: Sequence[NetMonomial]) -> list[NetMonomial]:
    return [NetMonomial(-m.coefficient, m.bound, m.factors) for m in ms]


def derivative(net: Net, array: str, legs: Sequence[str]) -> Net:
    """Returns the derivative of a net in the entry of an array at the indices `legs`."""
    if isinstance(net, NetNumber | NetSize):
        return ZERO_NET
    if isinstance(net, ArrayEntry):
        if net.array != array:
            return ZERO_NET
        result: Net = ONE_NET
        for i, x in reversed(list(zip(net.indices, legs, strict=True))):
            result = WhereEqual(i, x, result)
        return result
    if isinstance(net, NetOperation):
        left, right = derivative(net.left, array, legs), derivative(net.right, array, legs)
        if net.operation != "Nmul":
            return NetOperation(net.operation, left, right)
        return NetOperation("Nadd", NetOperation("Nmul", left, net.right), NetOperation("Nmul", net.left, right))
    if isinstance(net, NetOpposite):
        return NetOpposite(derivative(net.operand, array, legs))
    if isinstance(net, NetPower):
        inner = NetOperation("Nmul", NetNumber(Fraction(net.exponent)), derivative(net.operand, array, legs))
        return NetOperation("Nmul", inner, NetPower(net.operand, max(net.exponent - 1, 0)))
    if isinstance(net, SumOver):
        return SumOver(net.index, net.size, derivative(net.body, array, legs))
    if isinstance(net, ProductOver):
        others = ProductOver(net.index, net.size, net.body, net.index)
        return SumOver(net.index, net.size, NetOperation("Nmul", derivative(net.body, array, legs), others))
    if isinstance(net, WhereEqual):
        return WhereEqual(net.left, net.right, derivative(net.body, array, legs))
    assert_never(net)


# --- the check -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """What is checked of a model: `parameters` by name with their axes, their `factors` in these variables (1 where there is
    none), `inverses` of constants by the constant's name, with its shape, and lower bounds for sizes."""

    parameters: Mapping[str, Axes]
    factors: Mapping[str, Net]
    inverses: Mapping[str, tuple[str, tuple[str, ...]]]
    lows: Mapping[str, int]
    meter: Meter = field(default_factory=lambda: Meter(LIMITS.comparisons))

    def residue(self, axes: Axes, output: Net, entry: Axes, law: Net) -> list[NetMonomial]:
        """Returns what is left of the sum of factor * derivative of the output * derivative of the law, over all entries of the
        parameters: nothing, for a law. Raises `CannotExport` where a parameter is read at an index that may not be there, and
        `OutOfBudget`."""
        free = {**dict(axes), **dict(entry)}
        for net in (output, law):
            self._check_indices(net, free)
        total: list[NetMonomial] = []
        for name, legs in self.parameters.items():
            xs = [x for x, _ in legs]
            f, h = derivative(output, name, xs), derivative(law, name, xs)
            terms = _product(expand(self.factors.get(name, ONE_NET)), _product(expand(f), expand(h)))
            for m in terms:
                self._collect(total, self._reduced(NetMonomial(m.coefficient, legs + m.bound, m.factors), free))
        return [m for m in total if m.coefficient]

    def _check_indices(self, net: Net, sizes: Mapping[str, str]) -> None:
        if isinstance(net, ArrayEntry):
            for i, (_, d) in zip(net.indices, self.parameters.get(net.array, ()), strict=False):
                if not self._below(i, d, sizes):
                    raise CannotExport(f"a slice of `{net.array}` can't be exported for all sizes yet")
        elif isinstance(net, NetOperation):
            self._check_indices(net.left, sizes)
            self._check_indices(net.right, sizes)
        elif isinstance(net, NetOpposite | NetPower):
            self._check_indices(net.operand, sizes)
        elif isinstance(net, SumOver | ProductOver):
            self._check_indices(net.body, {**sizes, net.index: net.size})
        elif isinstance(net, WhereEqual):
            self._check_indices(net.body, sizes)
        elif isinstance(net, NetNumber | NetSize):
            pass
        else:
            assert_never(net)

    def _below(self, i: Ix, size: str, sizes: Mapping[str, str]) -> bool:
        return sizes.get(i) == size if isinstance(i, str) else isinstance(i, int) and i < self.lows.get(size, 0)

    def _reduced(self, m: NetMonomial, free: Mapping[str, str]) -> NetMonomial:
        while (n := self._step(m, free)) is not None:
            m = n
        return m

    def _step(self, m: NetMonomial, free: Mapping[str, str]) -> NetMonomial | None:
        sizes = {**free, **dict(m.bound)}
        for k, factor in enumerate(m.factors):
            array, indices, over = factor
            rest = m.factors[:k] + m.factors[k + 1 :]
            if over:
                left_out, others = indices[0], indices[1:]
                there = NetFactor(array, tuple(left_out if i == HOLE else i for i in others))
                if left_out != HOLE and there in rest and self._below(left_out, over, sizes):
                    at = rest.index(there)
                    whole = factor._replace(indices=(HOLE, *others))
                    return NetMonomial(m.coefficient, m.bound, (whole, *rest[:at], *rest[at + 1 :]))
                continue
            if array != EQUAL:
                inverse, shape = self.inverses.get(array, ("", ()))
                there = NetFactor(inverse, indices)
                if there in rest and all(self._below(i, d, sizes) for i, d in zip(indices, shape, strict=True)):
                    at = rest.index(there)
                    return NetMonomial(m.coefficient, m.bound, rest[:at] + rest[at + 1 :])
                continue
            i, j = indices
            if i == j:
                return NetMonomial(m.coefficient, m.bound, rest)
            bound = dict(m.bound)
            for v, w in ((i, j), (j, i)):
                if isinstance(v, str) and v in bound and v not in variables_of(w) and self._below(w, bound[v], sizes):
                    return NetMonomial(m.coefficient, tuple(p for p in m.bound if p[0] != v), _put_all(rest, {v: w}))
            if isinstance(i, int) and isinstance(j, int):
                return NetMonomial(Fraction(0), (), ())
            if isinstance(j, str) and (isinstance(i, int) or (isinstance(i, str) and j < i)):
                return NetMonomial(
                    m.coefficient, m.bound, (*m.factors[:k], NetFactor(EQUAL, (j, i)), *m.factors[k + 1 :])
                )
            if isinstance(i, str) and isinstance(j, str | int):
                old, new = (i, j) if isinstance(j, int) else (j, i)
                if any(old in variables_of(x) for f in rest for x in f.indices):
                    return NetMonomial(m.coefficient, m.bound, (factor, *_put_all(rest, {old: new})))
        return None

    def _collect(self, total: list[NetMonomial], m: NetMonomial) -> None:
        for k, n in enumerate(total):
            if _same(m, n, self.meter):
                total[k] = NetMonomial(m.coefficient + n.coefficient, n.bound, n.factors)
                return
        total.append(m)


def _same(m: NetMonomial, n: NetMonomial, meter: Meter) -> bool:
    """Whether two monomials differ only in the names of the bound variables and in order."""
    if sorted(d for _, d in m.bound) != sorted(d for _, d in n.bound):
        return False
    if sorted(f.array for f in m.factors) != sorted(f.array for f in n.factors):
        return False
    return _match(m.factors, n.factors, dict(m.bound), dict(n.bound), {}, meter)


def _match(
    left: Sequence[NetFactor],
    right: Sequence[NetFactor],
    b: Mapping[str, str],
    c: Mapping[str, str],
    known: dict[str, str],
    meter: Meter,
) -> bool:
    if not left:
        return True
    array, indices, over = left[0]
    for k, other in enumerate(right):
        meter.tick()
        if other.array == array and other.over == over:
            new = _match_indices(indices, other.indices, b, c, known)
            if new is not None and _match(left[1:], (*right[:k], *right[k + 1 :]), b, c, new, meter):
                return True
    return False


def _match_indices(
    left: Sequence[Ix], right: Sequence[Ix], b: Mapping[str, str], c: Mapping[str, str], known: dict[str, str]
) -> dict[str, str] | None:
    new: dict[str, str] | None = known
    for i, j in zip(left, right, strict=True):
        new = None if new is None else _match_index(i, j, b, c, new)
    return new


def _match_index(
    i: Ix, j: Ix, b: Mapping[str, str], c: Mapping[str, str], known: dict[str, str]
) -> dict[str, str] | None:
    if isinstance(i, str) and isinstance(j, str):
        if i in known:
            return known if known[i] == j else None
        if i in b and j in c:
            return {**known, i: j} if b[i] == c[j] and j not in known.values() else None
        return known if i == j and i not in b and j not in c else None
    if isinstance(i, int) or isinstance(j, int) or isinstance(i, str) or isinstance(j, str):
        return known if i == j else None
    if i[0] != j[0]:
        return None
    new = _match_index(i[1], j[1], b, c, known)
    return None if new is None else _match_index(i[2], j[2], b, c, new)

"""Sums of products of entries with open sizes, as data: what `Networks.v` and `AllSizes.v` compute with, and how.

A `Net` is a `net` of `Networks.v`. `residue` does what `check_all_sizes` does in Coq, so that only such laws are exported for all
sizes as coqc accepts; coqc takes nothing from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count
from typing import NamedTuple

from claws.coq.model import CannotExport
from claws.kernel.core.errors import Meter

Ix = str | int | tuple[str, "Ix", "Ix"]
"""An index: a variable, a number, or ("+" or "*", an index, an index)."""

MAX_TERMS = 150
MAX_COMPARISONS = 1_000_000
"""A law whose derivative has more terms, or takes more comparisons of factors, is not exported for all sizes."""


@dataclass(frozen=True)
class Num:
    value: Fraction


@dataclass(frozen=True)
class Dim:
    """The size with this name, as a number."""

    size: str


@dataclass(frozen=True)
class Entry:
    array: str
    indices: tuple[Ix, ...]


@dataclass(frozen=True)
class Binary:
    """`operation` is Nadd, Nsub or Nmul."""

    operation: str
    left: Net
    right: Net


@dataclass(frozen=True)
class Opposite:
    operand: Net


@dataclass(frozen=True)
class Raised:
    operand: Net
    exponent: int


@dataclass(frozen=True)
class Total:
    """The sum over the values of `index` below the size `size`."""

    index: str
    size: str
    body: Net


@dataclass(frozen=True)
class Multiplied:
    """The product over the values of `index` below the size `size`; all but that at `without`, if that is given."""

    index: str
    size: str
    body: Net
    without: Ix | None = None


@dataclass(frozen=True)
class When:
    """`body` where two indices are equal, 0 elsewhere."""

    left: Ix
    right: Ix
    body: Net


Net = Num | Dim | Entry | Binary | Opposite | Raised | Total | Multiplied | When

ZERO = Num(Fraction(0))
ONE = Num(Fraction(1))

Axes = tuple[tuple[str, str], ...]
"""Of each axis the variable that stands for its index, and its size."""


def parts(net: Net) -> Iterator[Net]:
    """All nets that it is made of, itself first."""
    yield net
    if isinstance(net, Binary):
        yield from parts(net.left)
        yield from parts(net.right)
    elif isinstance(net, Opposite | Raised):
        yield from parts(net.operand)
    elif isinstance(net, Total | Multiplied | When):
        yield from parts(net.body)


def entries(net: Net) -> list[Entry]:
    """The entries that occur in it."""
    return [part for part in parts(net) if isinstance(part, Entry)]


def indices_of(net: Net) -> Iterator[Ix]:
    """The indices that occur in it."""
    for part in parts(net):
        if isinstance(part, Entry):
            yield from part.indices
        elif isinstance(part, When):
            yield from (part.left, part.right)


# --- text ----------------------------------------------------------------------------------------------------------


@dataclass
class Numbering:
    """Numbers for variables, sizes and arrays, in the order in which they are met."""

    arrays: Mapping[str, int]
    variables: dict[str, int] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)

    def variable(self, name: str) -> int:
        return self.variables.setdefault(name, len(self.variables))

    def size(self, text: str) -> int:
        return self.sizes.setdefault(text, len(self.sizes))

    def index(self, i: Ix) -> str:
        if isinstance(i, str):
            return f"(Iv {self.variable(i)})"
        if isinstance(i, int):
            return f"(Ic {i})"
        return f"({'Iadd' if i[0] == '+' else 'Imul'} {self.index(i[1])} {self.index(i[2])})"

    def axes(self, axes: Axes) -> str:
        return "[" + "; ".join(f"({self.variable(v)}, {self.size(d)})" for v, d in axes) + "]"

    def net(self, net: Net) -> str:
        """Coq's text, as an argument."""
        if isinstance(net, Num):
            c = net.value
            number = f"({c.numerator})" if c < 0 else str(c.numerator)
            return f"(Nfrac {number} {c.denominator})" if c.denominator != 1 else f"(Nint {number})"
        if isinstance(net, Dim):
            return f"(Ndim {self.size(net.size)})"
        if isinstance(net, Entry):
            return f"(Nentry {self.arrays[net.array]} [{'; '.join(self.index(i) for i in net.indices)}])"
        if isinstance(net, Binary):
            return f"({net.operation} {self.net(net.left)} {self.net(net.right)})"
        if isinstance(net, Opposite):
            return f"(Nopp {self.net(net.operand)})"
        if isinstance(net, Raised):
            return f"(Npow {self.net(net.operand)} {net.exponent})"
        if isinstance(net, Total):
            return f"(Nsum {self.variable(net.index)} {self.size(net.size)} {self.net(net.body)})"
        if isinstance(net, Multiplied):
            return f"(Nprod {self.variable(net.index)} {self.size(net.size)} {self.net(net.body)})"
        return f"(Nwhen {self.index(net.left)} {self.index(net.right)} {self.net(net.body)})"


# --- monomials -----------------------------------------------------------------------------------------------------

EQUAL = "="
HOLE = -1


class Factor(NamedTuple):
    """An entry. For the array "=" it is 1 where the two indices are equal, and 0 elsewhere.

    With `over`, a product of entries: over an index below the size `over`, for which `HOLE` stands among the indices, all
    but that at the first of `indices`, unless that is `HOLE` as well.
    """

    array: str
    indices: tuple[Ix, ...]
    over: str = ""


@dataclass(frozen=True)
class Monomial:
    """The coefficient times the sum of the product of the factors over the bound variables."""

    coefficient: Fraction
    bound: Axes
    factors: tuple[Factor, ...]


_fresh = count()


def variables_of(i: Ix) -> Iterator[str]:
    """The variables of an index."""
    if isinstance(i, str):
        yield i
    elif not isinstance(i, int):
        yield from variables_of(i[1])
        yield from variables_of(i[2])


def _put(i: Ix, new: Mapping[str, Ix]) -> Ix:
    if isinstance(i, str):
        return new.get(i, i)
    return i if isinstance(i, int) else (i[0], _put(i[1], new), _put(i[2], new))


def _put_all(factors: Sequence[Factor], new: Mapping[str, Ix]) -> tuple[Factor, ...]:
    return tuple(f._replace(indices=tuple(_put(i, new) for i in f.indices)) for f in factors)


def _renamed(m: Monomial) -> Monomial:
    new = {v: f"{v}'{next(_fresh)}" for v, _ in m.bound}
    return Monomial(m.coefficient, tuple((new[v], d) for v, d in m.bound), _put_all(m.factors, dict(new)))


def _product(ms: Sequence[Monomial], ns: Sequence[Monomial]) -> list[Monomial]:
    if len(ms) * len(ns) > MAX_TERMS:
        raise CannotExport(f"its derivative has more than {MAX_TERMS} terms")
    result = []
    for m in ms:
        for n in ns:
            # the same part may have been met twice
            n = _renamed(n) if {v for v, _ in n.bound} & {v for v, _ in m.bound} else n
            result.append(Monomial(m.coefficient * n.coefficient, m.bound + n.bound, m.factors + n.factors))
    return result


def expand(net: Net) -> list[Monomial]:
    """The net as a sum of monomials."""
    if isinstance(net, Num):
        return [Monomial(net.value, (), ())] if net.value else []
    if isinstance(net, Dim):
        return [Monomial(Fraction(1), ((f"'{next(_fresh)}", net.size),), ())]
    if isinstance(net, Entry):
        return [Monomial(Fraction(1), (), (Factor(net.array, net.indices),))]
    if isinstance(net, Binary):
        left, right = expand(net.left), expand(net.right)
        if net.operation == "Nmul":
            return _product(left, right)
        return left + (right if net.operation == "Nadd" else _opposite(right))
    if isinstance(net, Opposite):
        return _opposite(expand(net.operand))
    if isinstance(net, Raised):
        result, base = [Monomial(Fraction(1), (), ())], expand(net.operand)
        for _ in range(net.exponent):
            result = _product(base, result)
        return result
    if isinstance(net, Total):
        return [Monomial(m.coefficient, ((net.index, net.size), *m.bound), m.factors) for m in expand(net.body)]
    if isinstance(net, Multiplied):
        return [Monomial(Fraction(1), (), (_multiplied(net),))]
    return _product([Monomial(Fraction(1), (), (Factor(EQUAL, (net.left, net.right)),))], expand(net.body))


def _multiplied(net: Multiplied) -> Factor:
    if not isinstance(net.body, Entry):
        raise CannotExport("a product over an axis, of other than entries, can't be exported for all sizes yet")
    indices: list[Ix] = [HOLE if net.without is None else net.without]
    for i in net.body.indices:
        if i != net.index and net.index in variables_of(i):
            raise CannotExport("a product over an index that is shifted can't be exported for all sizes yet")
        indices.append(HOLE if i == net.index else i)
    return Factor(net.body.array, tuple(indices), net.size)


def _opposite(ms: Sequence[Monomial]) -> list[Monomial]:
    return [Monomial(-m.coefficient, m.bound, m.factors) for m in ms]


def derivative(net: Net, array: str, legs: Sequence[str]) -> Net:
    """The derivative in the entry of the array at the indices `legs`."""
    if isinstance(net, Num | Dim):
        return ZERO
    if isinstance(net, Entry):
        if net.array != array:
            return ZERO
        result: Net = ONE
        for i, x in reversed(list(zip(net.indices, legs, strict=True))):
            result = When(i, x, result)
        return result
    if isinstance(net, Binary):
        left, right = derivative(net.left, array, legs), derivative(net.right, array, legs)
        if net.operation != "Nmul":
            return Binary(net.operation, left, right)
        return Binary("Nadd", Binary("Nmul", left, net.right), Binary("Nmul", net.left, right))
    if isinstance(net, Opposite):
        return Opposite(derivative(net.operand, array, legs))
    if isinstance(net, Raised):
        inner = Binary("Nmul", Num(Fraction(net.exponent)), derivative(net.operand, array, legs))
        return Binary("Nmul", inner, Raised(net.operand, max(net.exponent - 1, 0)))
    if isinstance(net, Total):
        return Total(net.index, net.size, derivative(net.body, array, legs))
    if isinstance(net, Multiplied):
        others = Multiplied(net.index, net.size, net.body, net.index)
        return Total(net.index, net.size, Binary("Nmul", derivative(net.body, array, legs), others))
    return When(net.left, net.right, derivative(net.body, array, legs))


# --- the check -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """What is checked: `parameters` by name with their axes, their `factors` in these variables (1 where there is none),
    `inverses` of constants by the constant's name, with its shape, and lower bounds for sizes."""

    parameters: Mapping[str, Axes]
    factors: Mapping[str, Net]
    inverses: Mapping[str, tuple[str, tuple[str, ...]]]
    lows: Mapping[str, int]
    meter: Meter = field(default_factory=lambda: Meter(MAX_COMPARISONS))

    def residue(self, axes: Axes, output: Net, entry: Axes, law: Net) -> list[Monomial]:
        """What is left of the sum of factor * derivative of the output * derivative of the law, over all entries of the
        parameters: nothing, for a law. Raises `CannotExport` where a parameter is read at an index that may not be there, and
        `OutOfBudget`."""
        free = {**dict(axes), **dict(entry)}
        for net in (output, law):
            self._check_indices(net, free)
        total: list[Monomial] = []
        for name, legs in self.parameters.items():
            xs = [x for x, _ in legs]
            f, h = derivative(output, name, xs), derivative(law, name, xs)
            terms = _product(expand(self.factors.get(name, ONE)), _product(expand(f), expand(h)))
            for m in terms:
                self._collect(total, self._reduced(Monomial(m.coefficient, legs + m.bound, m.factors), free))
        return [m for m in total if m.coefficient]

    def _check_indices(self, net: Net, sizes: Mapping[str, str]) -> None:
        if isinstance(net, Entry):
            for i, (_, d) in zip(net.indices, self.parameters.get(net.array, ()), strict=False):
                if not self._below(i, d, sizes):
                    raise CannotExport(f"a slice of `{net.array}` can't be exported for all sizes yet")
        elif isinstance(net, Binary):
            self._check_indices(net.left, sizes)
            self._check_indices(net.right, sizes)
        elif isinstance(net, Opposite | Raised):
            self._check_indices(net.operand, sizes)
        elif isinstance(net, Total | Multiplied):
            self._check_indices(net.body, {**sizes, net.index: net.size})
        elif isinstance(net, When):
            self._check_indices(net.body, sizes)

    def _below(self, i: Ix, size: str, sizes: Mapping[str, str]) -> bool:
        return sizes.get(i) == size if isinstance(i, str) else isinstance(i, int) and i < self.lows.get(size, 0)

    def _reduced(self, m: Monomial, free: Mapping[str, str]) -> Monomial:
        while (n := self._step(m, free)) is not None:
            m = n
        return m

    def _step(self, m: Monomial, free: Mapping[str, str]) -> Monomial | None:
        sizes = {**free, **dict(m.bound)}
        for k, factor in enumerate(m.factors):
            array, indices, over = factor
            rest = m.factors[:k] + m.factors[k + 1 :]
            if over:
                left_out, others = indices[0], indices[1:]
                there = Factor(array, tuple(left_out if i == HOLE else i for i in others))
                if left_out != HOLE and there in rest and self._below(left_out, over, sizes):
                    at = rest.index(there)
                    whole = factor._replace(indices=(HOLE, *others))
                    return Monomial(m.coefficient, m.bound, (whole, *rest[:at], *rest[at + 1 :]))
                continue
            if array != EQUAL:
                inverse, shape = self.inverses.get(array, ("", ()))
                there = Factor(inverse, indices)
                if there in rest and all(self._below(i, d, sizes) for i, d in zip(indices, shape, strict=True)):
                    at = rest.index(there)
                    return Monomial(m.coefficient, m.bound, rest[:at] + rest[at + 1 :])
                continue
            i, j = indices
            if i == j:
                return Monomial(m.coefficient, m.bound, rest)
            bound = dict(m.bound)
            for v, w in ((i, j), (j, i)):
                if isinstance(v, str) and v in bound and v not in variables_of(w) and self._below(w, bound[v], sizes):
                    return Monomial(m.coefficient, tuple(p for p in m.bound if p[0] != v), _put_all(rest, {v: w}))
            if isinstance(i, int) and isinstance(j, int):
                return Monomial(Fraction(0), (), ())
            if isinstance(j, str) and (isinstance(i, int) or (isinstance(i, str) and j < i)):
                return Monomial(m.coefficient, m.bound, (*m.factors[:k], Factor(EQUAL, (j, i)), *m.factors[k + 1 :]))
            if isinstance(i, str) and isinstance(j, str | int):
                old, new = (i, j) if isinstance(j, int) else (j, i)
                if any(old in variables_of(x) for f in rest for x in f.indices):
                    return Monomial(m.coefficient, m.bound, (factor, *_put_all(rest, {old: new})))
        return None

    def _collect(self, total: list[Monomial], m: Monomial) -> None:
        for k, n in enumerate(total):
            if _same(m, n, self.meter):
                total[k] = Monomial(m.coefficient + n.coefficient, n.bound, n.factors)
                return
        total.append(m)


def _same(m: Monomial, n: Monomial, meter: Meter) -> bool:
    """Whether they differ only in the names of the bound variables and in order."""
    if sorted(d for _, d in m.bound) != sorted(d for _, d in n.bound):
        return False
    if sorted(f.array for f in m.factors) != sorted(f.array for f in n.factors):
        return False
    return _match(m.factors, n.factors, dict(m.bound), dict(n.bound), {}, meter)


def _match(
    left: Sequence[Factor],
    right: Sequence[Factor],
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

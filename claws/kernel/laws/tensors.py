"""The tensor reading: arrays as sums of tensor networks with sizes left free, in a normal form.

Soundness-critical: a law that this reading finds to vanish is PROVED for every size.

A term is a coefficient (a polynomial in the dims) times a product of factors symbol[i, j, ...]^e, summed over the indices
that are not legs of the array. Indices may repeat (a hypergraph), so diagonals and elementwise products cost nothing.
A `Tensor` maps each network, written in a canonical labelling, to its coefficient; two terms are merged only when their
labelled networks are the same, so a labelling that is not perfectly canonical can lose a proof and never make one.
Axes of size 1 are left out. An index is a leg, a summed index, or a literal position such as 0 or n - 1.

A node's value is kept as one term: a sum, or a function of one, becomes a *named* symbol with a definition. Whether a tensor
vanishes is decided by opening the definitions, latest symbol first. Function values without a definition are
treated as independent, which is sound for proofs: an identity in independent symbols holds for their values.

Special symbols: `equal` (the identity matrix), `select` (1 where i = start + sum steps*j, a constant 0/1 array with legs
j1, ..., jm, i), `regroup` (the 0/1 array of a reshape), `mask` (1 where a pre-activation is positive, else 0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import count

from claws.kernel.core.errors import Malformed, Meter, OutOfBudget, Refused, Undefined
from claws.kernel.core.functions import has_rule, rule_of
from claws.kernel.core.program import (
    Apply,
    Det,
    Einsum,
    Gather,
    Iota,
    Leaf,
    Number,
    Opaque,
    Power,
    Product,
    Program,
    Reshape,
    Scatter,
    Shape,
    Sum,
    operands_of,
)
from claws.kernel.core.sizes import ONE, ZERO, Bounds, Size

Exponent = Fraction
Factor = tuple[int, Exponent, tuple[int, ...]]  # symbol, exponent, indices
Network = tuple[Factor, ...]  # canonical: legs are 0 .. rank-1, summed indices follow

_LITERAL = -1_000_000
"""Indices at or below this are literal positions."""

_MAX_BITS = 200_000
"""A coefficient with a longer number is refused."""

_MAX_DEGREE = 1_000_000
"""So is a higher exponent."""

_MAX_COPIES = 8
"""A power up to this of a sum over indices is written as a product of copies; a higher one is a named symbol."""

_MAX_CHOICES = 400
"""Leaves of the search for a canonical labelling; past it a network keeps a labelling that may not be canonical."""


@dataclass(slots=True)
class Symbol:
    """A named array. `definition` is its value in earlier symbols, or None where it is taken to be independent."""

    number: int
    kind: str
    text: str
    shape: Shape
    definition: Tensor | None = None
    data: tuple[object, ...] = ()

    @property
    def idempotent(self) -> bool:
        return self.kind in ("mask", "select", "equal", "regroup")


@dataclass(frozen=True, slots=True)
class Tensor:
    """`shape` has no axis of size 1; `terms` maps canonical networks to non-zero coefficients."""

    shape: Shape
    terms: Mapping[Network, Size] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.terms)

    def key(self) -> tuple[object, ...]:
        return (self.shape, tuple(sorted(self.terms.items())))


class _Term:
    """A network while it is being simplified: indices are any ints; those in `bound` are summed."""

    __slots__ = ("bound", "coefficient", "factors")

    def __init__(self, coefficient: Size, factors: list[Factor], bound: dict[int, Size]) -> None:
        self.coefficient = coefficient
        self.factors = factors
        self.bound = bound

    def replace(self, old: int, new: int) -> None:
        """Put index `new` for the summed index `old`, which an identity has made equal to it."""
        self.factors = [(s, e, tuple(new if i == old else i for i in ix)) for s, e, ix in self.factors]
        del self.bound[old]


def squeeze(shape: Shape) -> Shape:
    return tuple(n for n in shape if n != ONE)


class Tensors:
    """The symbols of one program and the operations on its tensors. Work is counted by `meter`."""

    def __init__(self, program: Program, meter: Meter) -> None:
        self.program = program
        self.meter = meter
        self.bounds: Bounds = program.bounds
        self.symbols: list[Symbol] = []
        self._interned: dict[object, Symbol] = {}
        self._values: dict[int, Tensor] = {}
        self._fresh = count(1_000_000)
        self._literals: dict[Size, int] = {}
        self._positions: list[Size] = []
        self._activations = dict(program.activations)

    # --- symbols ---------------------------------------------------------------------------------------------

    def symbol(
        self,
        kind: str,
        key: object,
        shape: Shape,
        text: str = "",
        definition: Tensor | None = None,
        data: tuple[object, ...] = (),
    ) -> Symbol:
        """The symbol with this kind and key, made on first use. Equal keys must mean equal values."""
        found = self._interned.get((kind, key))
        if found is None:
            found = Symbol(len(self.symbols), kind, text or kind, shape, definition, data)
            self.symbols.append(found)
            self._interned[kind, key] = found
        elif found.shape != shape:
            raise Malformed(f"two arrays of different shapes are both called {text or kind}")
        return found

    def _single(self, s: Symbol, exponent: Exponent = Fraction(1)) -> Tensor:
        """The tensor s^exponent, with all of its legs open, in order."""
        return Tensor(s.shape, {((s.number, exponent, tuple(range(len(s.shape)))),): ONE})

    def fresh_constant(self, text: str, shape: Shape) -> Tensor:
        """An arbitrary constant array."""
        return self._single(self.symbol("constant", text, squeeze(shape), text))

    def literal(self, position: Size) -> int:
        """The index that stands for this position."""
        if position not in self._literals:
            self._literals[position] = _LITERAL - len(self._positions)
            self._positions.append(position)
        return self._literals[position]

    def position(self, i: int) -> Size:
        """The position that a literal index stands for."""
        return self._positions[_LITERAL - i]

    def scalar(self, value: Size) -> Tensor:
        return Tensor((), {(): value} if value else {})

    # --- operations ------------------------------------------------------------------------------------------

    def add(self, *parts: tuple[Fraction | Size, Tensor]) -> Tensor:
        """The linear combination. All parts have one shape."""
        shape = parts[0][1].shape
        total: dict[Network, Size] = {}
        for c, tensor in parts:
            if tensor.shape != shape:
                raise Malformed("two arrays of different shapes are added")
            factor = Size.of(c)
            for network, coefficient in tensor.terms.items():
                product = coefficient * factor
                self._weigh(product)
                _accumulate(total, network, product)
        return Tensor(shape, total)

    def einsum(
        self, operands: Sequence[Tensor], labels: Sequence[Sequence[int]], out: Sequence[int], sizes: Mapping[int, Size]
    ) -> Tensor:
        """Soundness-critical: out[out labels] = sum over all other labels of the product.

        A label repeated in `out` gives a diagonal. Labels of size 1 must not occur.
        """
        place: dict[int, int] = {}
        extra: list[Factor] = []
        for position, label in enumerate(out):
            if label in place:
                n = sizes[label]
                equal = self.symbol("equal", n, (n, n), "eq")
                extra.append((equal.number, Fraction(1), (place[label], position)))
            else:
                place[label] = position
        partial: list[tuple[Size, list[Factor], dict[int, Size]]] = [(ONE, extra, {})]
        for tensor, ls in zip(operands, labels, strict=True):
            grown = []
            for coefficient, factors, bound in partial:
                for network, c in tensor.terms.items():
                    self.meter.tick(1 + len(factors) + len(network))
                    names: dict[int, int] = {}
                    new_bound = dict(bound)
                    for leg, label in enumerate(ls):
                        if label not in place:
                            place[label] = next(self._fresh)
                        names[leg] = place[label]
                    new_factors = list(factors)
                    for s, e, ix in network:
                        renamed = []
                        for axis, i in enumerate(ix):
                            if i <= _LITERAL:
                                names[i] = i
                            elif i not in names:
                                names[i] = next(self._fresh)
                                new_bound[names[i]] = self.symbols[s].shape[axis]
                            renamed.append(names[i])
                        new_factors.append((s, e, tuple(renamed)))
                    grown.append((coefficient * c, new_factors, new_bound))
            partial = grown
        shape = tuple(sizes[label] for label in out)
        if not partial:
            return Tensor(shape, {})
        outer = set(out)
        summed = {place[label]: sizes[label] for ls in labels for label in ls if label not in outer}
        total: dict[Network, Size] = {}
        for coefficient, factors, bound in partial:
            self._collect(total, _Term(coefficient, factors, {**bound, **summed}), len(shape))
        return Tensor(shape, total)

    def hadamard(self, *operands: Tensor) -> Tensor:
        """The elementwise product of tensors of one shape."""
        shape = operands[0].shape
        axes = range(len(shape))
        return self.einsum(operands, [axes] * len(operands), axes, dict(enumerate(shape)))

    # --- simplification --------------------------------------------------------------------------------------

    def _collect(self, total: dict[Network, Size], term: _Term, rank: int) -> None:
        self._weigh(term.coefficient)
        if term.coefficient and self._simplify(term):
            _accumulate(total, self._canonical(term, rank), term.coefficient)

    def _weigh(self, coefficient: Size) -> None:
        """Count the length of a coefficient as work; raises `OutOfBudget` where it is too long."""
        bits = coefficient.bits()
        if bits > 1000:
            if bits > _MAX_BITS:
                raise OutOfBudget("a coefficient has become too large")
            self.meter.tick(bits // 1000 + bits * bits // 1_000_000)
        self.meter.tick(len(coefficient.terms))

    def _simplify(self, term: _Term) -> bool:
        """Rewrite a term in place by the identities below; False if it is zero. Soundness-critical."""
        changed = True
        while changed:
            self.meter.tick(1 + len(term.factors))
            changed = False
            merged: dict[tuple[int, tuple[int, ...]], Exponent] = {}
            for s, e, ix in term.factors:
                # x^a x^b = x^(a+b); a 0/1 array is its own square
                if self.symbols[s].idempotent:
                    merged[s, ix] = Fraction(1)
                else:
                    merged[s, ix] = merged.get((s, ix), Fraction(0)) + e
            term.factors = [(s, e, ix) for (s, ix), e in merged.items() if e]
            for position, (s, _, ix) in enumerate(term.factors):
                symbol = self.symbols[s]
                outcome: bool | None = False
                if symbol.kind == "equal":
                    outcome = self._use_equal(term, position, symbol, ix)
                elif symbol.kind == "select":
                    outcome = self._use_select(term, position, symbol, ix)
                elif symbol.kind == "regroup":
                    outcome = self._use_regroup(term, position, symbol, ix)
                if outcome is None:
                    return False
                if outcome:
                    changed = True
                    break
        used = {i for _, _, ix in term.factors for i in ix}
        for i, n in list(term.bound.items()):
            if i not in used:
                # the sum of a term that does not depend on i is the term times the size of i
                term.coefficient = term.coefficient * n
                del term.bound[i]
        return bool(term.coefficient)

    def _use_equal(self, term: _Term, position: int, symbol: Symbol, ix: tuple[int, ...]) -> bool | None:
        """Identities of [i = j]. True: the term was rewritten; None: it is zero."""
        i, j = ix
        if i == j:
            # the diagonal of the identity matrix is 1
            del term.factors[position]
            return True
        for old, new in ((i, j), (j, i)):
            if old in term.bound:
                # sum_i [i = j] f(i) = f(j)
                del term.factors[position]
                term.replace(old, new)
                return True
        if min(ix) <= _LITERAL:
            if max(ix) <= _LITERAL:
                return self._compare(term, position, self.position(i) - self.position(j))
            term.factors[position] = self._select_factor(self.position(min(ix)), (), (), symbol.shape[0], (max(ix),))
            return True
        # both are legs: f(j) [i = j] = f(i) [i = j]; use the smaller elsewhere
        low, high = min(ix), max(ix)
        changed = ix != (low, high)
        term.factors[position] = (symbol.number, Fraction(1), (low, high))
        return self._elsewhere(term, position, high, low) or changed

    def _compare(self, term: _Term, position: int, difference: Size) -> bool | None:
        """Use a factor that says difference = 0 between literal positions."""
        if not difference:
            del term.factors[position]
            return True
        if self.bounds.positive(difference) or self.bounds.positive(-difference):
            return None
        return False

    def _elsewhere(self, term: _Term, position: int, old: int, new: int) -> bool:
        """Put `new` for the leg `old` in every other factor; whether that changed anything."""
        changed = False
        for k, (s, e, ix) in enumerate(term.factors):
            if k != position and old in ix:
                term.factors[k] = (s, e, tuple(new if i == old else i for i in ix))
                changed = True
        return changed

    def _use_select(self, term: _Term, position: int, symbol: Symbol, ix: tuple[int, ...]) -> bool | None:
        """Identities of [i = start + sum steps*j], which is 1 for exactly one i for each j."""
        start, steps, lengths, size = _select_data(symbol)
        *js, i = ix
        for k, j in enumerate(js):
            if j <= _LITERAL:
                # the position of j is known: it is part of the start
                legs = (*js[:k], *js[k + 1 :], i)
                new_start = start + self.position(j) * steps[k]
                term.factors[position] = self._select_factor(
                    new_start, steps[:k] + steps[k + 1 :], lengths[:k] + lengths[k + 1 :], size, legs
                )
                return True
        if not steps:
            # [i = c] f(i) = [i = c] f(c)
            if i <= _LITERAL:
                return self._compare(term, position, start - self.position(i))
            c = self.literal(start)
            if i in term.bound:
                del term.factors[position]
                term.replace(i, c)
                return True
            return self._elsewhere(term, position, i, c)
        if i <= _LITERAL:
            return self._solve(term, position, symbol, js, self.position(i)) if len(js) == 1 else False
        others = [(k, f) for k, f in enumerate(term.factors) if k != position and i in f[2]]
        if i in term.bound and not others and i not in js:
            # sum_i [i = ...] = 1; the sum over i is done, so i is not summed (and counted) once more
            del term.factors[position]
            del term.bound[i]
            return True
        for k, (s2, _, ix2) in others:
            other = self.symbols[s2]
            if other.kind != "select":
                continue
            start2, steps2, lengths2, size2 = _select_data(other)
            if ix2[-1] == i:
                # two conditions on the same i
                if len(steps) == len(steps2) == 1:
                    if s2 == symbol.number and ix2[0] != js[0]:
                        # start + t*j = start + t*j' means j = j'
                        equal = self.symbol("equal", lengths[0], (lengths[0], lengths[0]), "eq")
                        term.factors[k] = (equal.number, Fraction(1), (js[0], ix2[0]))
                        return True
                    if self._apart(start, steps[0], lengths[0], start2, steps2[0], lengths2[0]):
                        return None
            elif i in term.bound and len(others) == 1 and i not in js and ix2.count(i) == 1:
                # sum_i [i = A(j)] [k = B(i, ..)] = [k = B(A(j), ..)]
                at = ix2.index(i)
                t = steps2[at]
                new_steps = (*steps2[:at], *(t * u for u in steps), *steps2[at + 1 :])
                new_lengths = (*lengths2[:at], *lengths, *lengths2[at + 1 :])
                new_legs = (*ix2[:at], *js, *ix2[at + 1 :])
                term.factors[k] = self._select_factor(start2 + start * t, new_steps, new_lengths, size2, new_legs)
                del term.factors[position]
                del term.bound[i]
                return True
        return False

    def _solve(self, term: _Term, position: int, symbol: Symbol, js: list[int], c: Size) -> bool | None:
        """[c = start + t*j]: j is (c - start)/t where that is a whole number in range, and else the factor is 0."""
        start, (t,), (length,), _ = _select_data(symbol)
        shift = c - start
        if t != 1:
            value = shift.integer()
            if value is None:
                return False
            if value % t:
                return None
            shift = Size.of(value // t)
        if self.bounds.positive(-shift) or self.bounds.nonnegative(shift - length):
            return None
        if self.bounds.nonnegative(shift) and self.bounds.positive(length - shift):
            term.factors[position] = self._select_factor(shift, (), (), length, (js[0],))
            return True
        return False

    def _apart(self, a: Size, s: int, m: Size, b: Size, t: int, n: Size) -> bool:
        """Whether no a + s*j (0 <= j < m) equals a b + t*k (0 <= k < n)."""
        if s == t:
            difference = (a - b).integer()
            if difference is not None and difference % s:
                return True
        (low1, high1), (low2, high2) = (
            (x, x + (k - 1) * u) if u > 0 else (x + (k - 1) * u, x) for x, u, k in ((a, s, m), (b, t, n))
        )
        return self.bounds.positive(low2 - high1) or self.bounds.positive(low1 - high2)

    def _select_factor(
        self, start: Size, steps: tuple[int, ...], lengths: Shape, size: Size, legs: tuple[int, ...]
    ) -> Factor:
        """The factor [legs[-1] = start + sum steps*legs[:-1]]; the identity where it is one."""
        if steps == (1,) and not start and lengths[0] == size:
            return (self.symbol("equal", size, (size, size), "eq").number, Fraction(1), legs)
        text = f"at[{start}]" if not steps else f"window[{start}{''.join(f'+{t}*' for t in steps)}]"
        data = (start, steps, lengths, size)
        s = self.symbol("select", data, (*lengths, size), text, data=data)
        return (s.number, Fraction(1), legs)

    def _use_regroup(self, term: _Term, position: int, symbol: Symbol, ix: tuple[int, ...]) -> bool | None:
        """Identities of the 0/1 array of a bijection between two groups of indices."""
        (m,) = symbol.data
        assert isinstance(m, int)
        sides = (ix[:m], ix[m:])
        elsewhere = {i for k, (_, _, jx) in enumerate(term.factors) if k != position for i in jx}
        for side in sides:
            if all(i in term.bound and i not in elsewhere for i in side) and len(set(ix)) == len(ix):
                # each index on one side meets exactly one on the other; the sum over this side is done
                del term.factors[position]
                for i in side:
                    del term.bound[i]
                return True
        for k, (s2, _, ix2) in enumerate(term.factors):
            if k == position or s2 != symbol.number:
                continue
            for same, old, new in ((ix[:m] == ix2[:m], ix2[m:], ix[m:]), (ix[m:] == ix2[m:], ix2[:m], ix[:m])):
                if same and old != new:
                    # the same entry seen twice: its other indices agree too
                    for a, b, n in zip(old, new, symbol.shape[m:] if old == ix2[m:] else symbol.shape[:m], strict=True):
                        if a != b:
                            equal = self.symbol("equal", n, (n, n), "eq")
                            term.factors.append((equal.number, Fraction(1), (a, b)))
                    del term.factors[k]
                    return True
        return False

    # --- canonical labelling ---------------------------------------------------------------------------------

    def _canonical(self, term: _Term, rank: int) -> Network:
        """The factors in an order and with names for the summed indices that depend on the network alone.

        Not soundness-critical beyond this: the result is the same network with its summed indices renamed.
        """
        factors = term.factors
        if not term.bound:
            self.meter.tick(1)
            return tuple(sorted(factors))
        # connected parts (through summed indices) are labelled one by one: equal parts must not multiply the search
        parts = _components(factors, term.bound)
        fixed = sorted(f for f in factors if not any(i in term.bound for i in f[2]))
        forms = sorted(self._canonical_part(part, term.bound) for part in parts)
        result = list(fixed)
        offset = rank
        for n, form in forms:
            # summed indices in a form are -1, -2, ..., -n
            for s, e, ix in form:
                result.append((s, e, tuple(offset - 1 - i if _LITERAL < i < 0 else i for i in ix)))
            offset += n
        return tuple(result)

    def _canonical_part(self, factors: list[Factor], bound: Mapping[int, Size]) -> tuple[int, Network]:
        indices = sorted({i for _, _, ix in factors for i in ix if i in bound})
        self.meter.tick(len(factors) + len(indices))
        choices = 0
        # small numbers in the same order as (symbol, exponent): fractions are slow to hash
        tags = {pair: k for k, pair in enumerate(sorted({(s, e) for s, e, _ in factors}))}
        tagged = [(tags[s, e], ix) for s, e, ix in factors]

        def color_of(i: int, color: Mapping[int, int]) -> int:
            # legs and literals keep colors of their own, below those of the summed indices
            return color[i] if i in color else i if i <= _LITERAL else -1 - i

        def refine(color: dict[int, int]) -> dict[int, int]:
            while True:
                self.meter.tick(len(factors))
                seen: dict[int, list[tuple[object, ...]]] = {i: [] for i in color}
                for tag, ix in tagged:
                    shade = (tag, tuple(color_of(i, color) for i in ix))
                    for axis, i in enumerate(ix):
                        if i in color:
                            seen[i].append((shade, axis))
                signature = {i: (color[i], tuple(sorted(seen[i]))) for i in color}
                order = {v: k for k, v in enumerate(sorted(set(signature.values())))}
                new = {i: order[signature[i]] for i in color}
                if len(order) == len(set(color.values())):
                    return new
                color = new

        def split(color: dict[int, int], i: int) -> dict[int, int]:
            return {j: 2 * c + (1 if j != i and c == color[i] else 0) for j, c in color.items()}

        def cell_of(color: dict[int, int]) -> list[int]:
            cells: dict[int, list[int]] = {}
            for i, c in color.items():
                cells.setdefault(c, []).append(i)
            return next((cells[c] for c in sorted(cells) if len(cells[c]) > 1), [])

        def form(color: dict[int, int]) -> Network:
            return tuple(sorted((s, e, tuple(-1 - color[i] if i in color else i for i in ix)) for s, e, ix in factors))

        def first_leaf(color: dict[int, int]) -> Network:
            while True:
                cell = cell_of(color)
                if not cell:
                    return form(color)
                color = refine(split(color, cell[0]))

        def search(color: dict[int, int]) -> Network:
            nonlocal choices
            cell = cell_of(color)
            if not cell:
                choices += 1
                return form(color)
            best: Network | None = None
            leaves: set[Network] = set()
            for i in cell:
                if choices > _MAX_CHOICES and best is not None:
                    break
                child = refine(split(color, i))
                leaf = first_leaf(child)
                if leaf in leaves:
                    # a leaf seen before: an automorphism maps that choice to this one
                    continue
                leaves.add(leaf)
                found = search(child)
                if best is None or found < best:
                    best = found
            assert best is not None
            return best

        return len(indices), search(refine(dict.fromkeys(indices, 0)))

    # --- definitions -----------------------------------------------------------------------------------------

    def named(self, tensor: Tensor, text: str = "v") -> tuple[Fraction, Tensor]:
        """`tensor` as c times one symbol that is defined by it; proportional tensors share the symbol."""
        lead = tensor.terms[min(tensor.terms)].constant()
        c = Fraction(1) if lead is None else lead
        monic = tensor if c == 1 else self.add((1 / c, tensor))
        s = self.symbol("named", monic.key(), tensor.shape, text, definition=monic)
        return c, self._single(s)

    def as_one_term(self, tensor: Tensor) -> Tensor:
        """The same tensor as at most one term, by naming a longer sum."""
        if len(tensor.terms) <= 1:
            return tensor
        c, single = self.named(tensor)
        return single if c == 1 else self.add((c, single))

    def vanishes(self, tensor: Tensor, only: Callable[[Symbol], bool] | None = None) -> bool:
        """Whether the tensor is zero once definitions are opened, latest first. Soundness-critical.

        `only` restricts which definitions are opened: with it, False may mean 'not seen to vanish'.
        """
        return not self.opened(tensor, only)

    def opened(self, tensor: Tensor, only: Callable[[Symbol], bool] | None = None) -> Tensor:
        """A tensor that vanishes iff this one does, with definitions opened. Negative powers are cleared first.

        To clear a symbol v, every term is multiplied by a power of v; where v^-1 occurs, v is not zero.
        """
        while tensor.terms:
            latest: Symbol | None = None
            highest: dict[int, Fraction] = {}
            for network in tensor.terms:
                for s, e, _ in network:
                    highest[s] = max(highest.get(s, e), e)
            for s in sorted(highest, reverse=True):
                symbol = self.symbols[s]
                if symbol.definition is None or (only is not None and not only(symbol)):
                    continue
                if highest[s] >= 1 or self._can_clear(tensor, symbol):
                    latest = symbol
                    break
            if latest is None:
                return tensor
            tensor = self._clear(tensor, latest) if self._can_clear(tensor, latest) else tensor
            tensor = self._open(tensor, latest)
        return tensor

    def _can_clear(self, tensor: Tensor, symbol: Symbol) -> bool:
        """Whether the symbol occurs with a negative exponent, always at the same indices, all of them legs."""
        places = {ix for network in tensor.terms for s, _, ix in network if s == symbol.number}
        if len(places) != 1:
            return False
        negative = any(e < 0 for network in tensor.terms for s, e, _ in network if s == symbol.number)
        return negative and all(i < len(tensor.shape) for i in next(iter(places)))

    def _clear(self, tensor: Tensor, symbol: Symbol) -> Tensor:
        lowest = Fraction(0)
        place: tuple[int, ...] = ()
        for network in tensor.terms:
            for s, e, ix in network:
                if s == symbol.number:
                    lowest, place = min(lowest, e), ix
        total: dict[Network, Size] = {}
        for network, c in tensor.terms.items():
            term = self._term_of(network, c, len(tensor.shape))
            term.factors.append((symbol.number, -lowest, place))
            self._collect(total, term, len(tensor.shape))
        return Tensor(tensor.shape, total)

    def _term_of(self, network: Network, c: Size, rank: int) -> _Term:
        bound = {i: self.symbols[s].shape[axis] for s, _, ix in network for axis, i in enumerate(ix) if i >= rank}
        return _Term(c, list(network), bound)

    def _open(self, tensor: Tensor, symbol: Symbol) -> Tensor:
        """Replace every whole power >= 1 of the symbol by its definition."""
        rank = len(tensor.shape)
        definition = symbol.definition
        if definition is None:
            raise Malformed(f"{symbol.text} has no definition to open")
        while True:
            total: dict[Network, Size] = {}
            again = False
            for network, c in tensor.terms.items():
                place = next((k for k, (s, e, _) in enumerate(network) if s == symbol.number and e >= 1), None)
                if place is None:
                    _accumulate(total, network, c)
                    continue
                again = True
                s, e, legs = network[place]
                rest = [*network[:place], *network[place + 1 :]]
                if e > 1:
                    rest.append((s, e - 1, legs))
                for inner, c2 in definition.terms.items():
                    self.meter.tick(len(inner) + len(network))
                    term = self._term_of(network, c * c2, rank)
                    names = dict(enumerate(legs))
                    added = []
                    for s2, e2, ix in inner:
                        renamed = []
                        for axis, i in enumerate(ix):
                            if i <= _LITERAL:
                                names[i] = i
                            elif i not in names:
                                names[i] = next(self._fresh)
                                term.bound[names[i]] = self.symbols[s2].shape[axis]
                            renamed.append(names[i])
                        added.append((s2, e2, tuple(renamed)))
                    term.factors = [*rest, *added]
                    self._collect(total, term, rank)
            tensor = Tensor(tensor.shape, total)
            if not again:
                return tensor

    # --- values ----------------------------------------------------------------------------------------------

    def value(self, root: int) -> Tensor:
        """The value of a node, as at most one term."""
        if root not in self._values:
            missing: set[int] = set()
            stack = [root]
            while stack:
                n = stack.pop()
                if n not in missing and n not in self._values:
                    missing.add(n)
                    stack.extend(operands_of(self.program.nodes[n]))
            for n in sorted(missing):
                self.meter.tick()
                self._values[n] = self.as_one_term(self._value(n))
        return self._values[root]

    def _value(self, n: int) -> Tensor:
        node = self.program.nodes[n]
        shape = squeeze(self.program.shapes[n])
        if isinstance(node, Leaf):
            return self._single(self.symbol("leaf", node.name, shape, node.name))
        if isinstance(node, Number):
            return self.scalar(node.value)
        if isinstance(node, Iota):
            if node.length == ONE:
                return self.scalar(node.start)
            key = (node.start, node.step, node.length)
            return self._single(self.symbol("iota", key, shape, f"iota[{node.start}+{node.step}*]"))
        args = [self._values[m] for m in operands_of(node)]
        if isinstance(node, Einsum):
            return self._einsum_node(node, args)
        if isinstance(node, Sum):
            return self.add(*((c, self._values[m]) for c, m in node.terms))
        if isinstance(node, Power):
            return self.power(args[0], node.exponent)
        if isinstance(node, Apply):
            return self._apply_value(node.function, args[0])
        if isinstance(node, Product):
            if shape == args[0].shape:  # the last axis has size 1
                return args[0]
            return self._single(self.symbol("product", (shape, args[0].key()), shape, "product"))
        if isinstance(node, Det):
            # shapes are kept in every such key: with axes of size 1 left out, arguments of different rank look alike
            return self._single(self.symbol("det", (shape, args[0].key()), shape, "det"))
        if isinstance(node, Opaque):
            return self._single(self._opaque_symbol(node, shape))
        return self._linear(n, args[0])

    def _opaque_symbol(self, node: Opaque, shape: Shape) -> Symbol:
        # whole shapes, with the axes of size 1: a function of an n-vector is not that of a 1 x n matrix, and which axes are
        # mapped over shows only there
        shapes = (node.shape, *(self.program.shapes[m] for m in node.operands))
        key = (node.function, node.batch, shapes, tuple(self._values[m].key() for m in node.operands))
        return self.symbol("opaque", key, shape, node.function)

    def _einsum_node(self, node: Einsum, args: Sequence[Tensor]) -> Tensor:
        sizes = {k: n for k, n in enumerate(node.sizes) if n != ONE}
        labels = [[x for x in ls if x in sizes] for ls in node.labels]
        return self.einsum(args, labels, [x for x in node.out if x in sizes], sizes)

    def _linear(self, n: int, x: Tensor, transposed: bool = False) -> Tensor:
        """Apply a Gather, Scatter or Reshape node, or its transpose, to a tensor of the right shape."""
        node = self.program.nodes[n]
        if isinstance(node, Reshape):
            return self._reshape(node, x, transposed)
        assert isinstance(node, Gather | Scatter)
        gather = isinstance(node, Gather) != transposed
        # in the shape of the side that carries the long axis
        if isinstance(node, Gather):
            whole = self.program.shapes[node.operand]
            lengths = node.lengths
        else:
            whole = self.program.shapes[n]
            inner = self.program.shapes[node.operand]
            lengths = inner[node.axis : node.axis + len(node.steps)]
        size = whole[node.axis]
        kept = [k for k, length in enumerate(lengths) if length != ONE]
        before = len(squeeze(whole[: node.axis]))
        after = len(squeeze(whole[node.axis + 1 :]))
        labels = list(range(before + after))
        sizes = dict(enumerate(squeeze(whole[: node.axis]) + squeeze(whole[node.axis + 1 :])))
        js = [before + after + k for k in range(len(kept))]
        i = before + after + len(kept)
        sizes.update({j: lengths[k] for j, k in zip(js, kept, strict=True)})
        short = [*labels[:before], *js, *labels[before:]]
        if size == ONE:
            # the only index there is: nothing to select
            return self.einsum([x], [labels if gather else short], short if gather else labels, sizes)
        sizes[i] = size
        long = [*labels[:before], i, *labels[before:]]
        symbol, e, legs = self._select_factor(
            node.start, tuple(node.steps[k] for k in kept), tuple(lengths[k] for k in kept), size, (*js, i)
        )
        select = self._single(self.symbols[symbol], e)
        return self.einsum([x, select], [long if gather else short, legs], short if gather else long, sizes)

    def _reshape(self, node: Reshape, x: Tensor, transposed: bool) -> Tensor:
        old, new = squeeze(self.program.shapes[node.operand]), squeeze(node.shape)
        labels: dict[int, Size] = {}
        fresh = count()

        def take(n: Size) -> int:
            label = next(fresh)
            labels[label] = n
            return label

        old_labels: list[int] = []
        new_labels: list[int] = []
        tensors: list[Tensor] = []
        legs: list[list[int]] = []
        for a, b in _groups(old, new):
            if a == b:
                shared = [take(n) for n in a]
                old_labels += shared
                new_labels += shared
                continue
            la, lb = [take(n) for n in a], [take(n) for n in b]
            old_labels += la
            new_labels += lb
            first, second, fl, sl = (a, b, la, lb) if a <= b else (b, a, lb, la)
            s = self.symbol("regroup", (first, second), first + second, "regroup", data=(len(first),))
            tensors.append(self._single(s))
            legs.append(fl + sl)
        source, target = (new_labels, old_labels) if transposed else (old_labels, new_labels)
        return self.einsum([x, *tensors], [source, *legs], target, labels)

    def power(self, x: Tensor, exponent: Fraction) -> Tensor:
        """Elementwise x^exponent, for x of at most one term. Raises `Undefined` for a division by zero."""
        if exponent == 0:
            axes = range(len(x.shape))
            return self.einsum([], [], axes, dict(enumerate(x.shape)))
        if not x.terms:
            if exponent > 0:
                return x
            raise Undefined("the expression divides by something that is zero everywhere")
        if exponent == 1:
            return x
        ((network, c),) = x.terms.items()
        whole = exponent.denominator == 1
        constant = c.constant()
        summed = any(i >= len(x.shape) for _, _, ix in network for i in ix)
        zero_one = any(self.symbols[s].idempotent for s, _, _ in network)
        if whole and not summed and constant is not None and not (zero_one and exponent < 0):
            # (c*a*b)^k = c^k a^k b^k, elementwise
            bits = c.bits()
            too_long = bits > 2 and bits * abs(exponent) > _MAX_BITS
            if too_long or any(abs(e * exponent) > _MAX_DEGREE for _, e, _ in network):
                raise OutOfBudget("a coefficient or an exponent has become too large")
            total: dict[Network, Size] = {}
            factors = [(s, e * exponent, ix) for s, e, ix in network]
            self._collect(total, _Term(Size.of(constant ** int(exponent)), factors, {}), len(x.shape))
            return Tensor(x.shape, total)
        if whole and 0 < exponent <= _MAX_COPIES:
            return self.hadamard(*[x] * int(exponent))
        if not whole and constant == 1 and len(network) == 1 and network[0][1] == 1 and not summed and not zero_one:
            # (a)^(p/q) for a single array a
            s, _, ix = network[0]
            return Tensor(x.shape, {((s, exponent, ix),): ONE})
        symbol = self.symbol("named", x.key(), x.shape, "v", definition=x)
        return self._single(symbol, exponent)

    def _apply_value(self, function: str, z: Tensor) -> Tensor:
        if function == "relu":
            return self.hadamard(self._mask(z), z) if z.terms else z
        degree = self._activations.get(function)
        if isinstance(degree, Fraction) and degree:
            # Euler: f(z) = f'(z)*z/k for f positively homogeneous of degree k
            if z.terms:
                return self.add((1 / degree, self.hadamard(self._slope(function, z), z)))
            return self.power(z, degree)
        return self._function_value(function, z)

    def _function_value(self, function: str, z: Tensor) -> Tensor:
        """f(z), elementwise: a symbol of its own. Its kind keeps it apart whatever an activation is called."""
        return self._single(self.symbol("value", (function, z.key()), z.shape, function))

    def _mask(self, z: Tensor) -> Tensor:
        """[z > 0] away from 0. [c*z > 0] is [z > 0] for c > 0 and 1 - [z > 0] for c < 0."""
        ((network, c),) = z.terms.items()
        constant = c.constant()
        if constant is None:
            return self._single(self.symbol("mask", z.key(), z.shape, "relu'"))
        monic = Tensor(z.shape, {network: ONE})
        mask = self._single(self.symbol("mask", monic.key(), z.shape, "relu'"))
        if constant > 0:
            return mask
        return self.add((Fraction(1), self.power(z, Fraction(0))), (Fraction(-1), mask))

    def _slope(self, function: str, z: Tensor) -> Tensor:
        """f'(z), elementwise, for a declared activation: a symbol of its own."""
        return self._single(self.symbol("slope", (function, z.key()), z.shape, function + "'"))

    def derivative(self, function: str, z: Tensor) -> Tensor:
        """f'(z), elementwise; z has at most one term. Soundness-critical."""
        if function == "relu":
            return self._mask(z) if z.terms else self._slope(function, z)
        if not has_rule(function, self._activations):
            if self._activations[function] == 0:
                # f(s*z) = f(z) for all s > 0: f is constant on each side of 0
                return Tensor(z.shape, {})
            return self._slope(function, z)
        parts: list[tuple[Fraction | Size, Tensor]] = []
        for c, k, powers in rule_of(function, self._activations):
            factors = [self.power(z, Fraction(k))]
            for name, e in powers:
                factors.append(self.power(self._function_value(name, z), Fraction(e)))
            parts.append((c, self.hadamard(*factors)))
        return self.add(*parts)

    # --- derivatives -----------------------------------------------------------------------------------------

    def jacobian_terms(self, n: int) -> list[tuple[int, Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]]:
        """For each operand of node n: (operand, push a tangent forward, pull an adjoint back). Soundness-critical.

        Each is the linear map J_k of the node with respect to that operand, or its transpose.
        """
        node = self.program.nodes[n]
        shape = squeeze(self.program.shapes[n])
        axes = tuple(range(len(shape)))
        result: list[tuple[int, Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = []
        if isinstance(node, Einsum):
            sizes = {k: n for k, n in enumerate(node.sizes) if n != ONE}
            labels = [[x for x in ls if x in sizes] for ls in node.labels]
            out = [x for x in node.out if x in sizes]
            values = [self.value(m) for m in node.operands]
            for k, m in enumerate(node.operands):
                result.append(
                    (
                        m,
                        lambda d, k=k: self.einsum([*values[:k], d, *values[k + 1 :]], labels, out, sizes),  # type: ignore[misc]
                        lambda a, k=k: self.einsum(  # type: ignore[misc]
                            [*values[:k], a, *values[k + 1 :]], [*labels[:k], out, *labels[k + 1 :]], labels[k], sizes
                        ),
                    )
                )
            return result
        if isinstance(node, Sum):
            for c, m in node.terms:
                scale = lambda d, c=c: self.add((c, d))  # noqa: E731
                result.append((m, scale, scale))
            return result
        if isinstance(node, Power | Apply):
            z = self.value(node.operand)
            if isinstance(node, Power):
                slope = self.add((node.exponent, self.power(z, node.exponent - 1)))
            else:
                slope = self.derivative(node.function, z)
            both = lambda d: self.hadamard(slope, d)  # noqa: E731
            return [(node.operand, both, both)]
        if isinstance(node, Gather | Scatter | Reshape):
            return [(node.operand, lambda d: self._linear(n, d), lambda a: self._linear(n, a, transposed=True))]
        if isinstance(node, Product | Det | Opaque):
            return [self._block(n, m, k, shape, axes) for k, m in enumerate(operands_of(node))]
        return result

    def _block(
        self, n: int, m: int, k: int, shape: Shape, axes: tuple[int, ...]
    ) -> tuple[int, Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
        """The Jacobian block of a Product, Det or Opaque node with respect to its operand number k."""
        node = self.program.nodes[n]
        x = self.value(m)
        value = self.value(n)
        if isinstance(node, Product):
            if shape == x.shape:
                return (m, lambda d: d, lambda a: a)
            if self._free_entries(x):
                # d prod = prod * sum_i dx_i / x_i, where no entry is zero: a dense open set, as the entries are free
                inner = (*axes, len(axes))
                sizes = dict(enumerate(x.shape))
                inverse = self.power(x, Fraction(-1))
                return (
                    m,
                    lambda d: self.einsum([value, inverse, d], [axes, inner, inner], axes, sizes),
                    lambda a: self.einsum([value, inverse, a], [axes, inner, axes], inner, sizes),
                )
        batch = len(squeeze(self.program.shapes[n][: node.batch])) if isinstance(node, Opaque) else len(shape)
        # the Jacobian is an array of its own, with legs batch + value + argument
        ((network, _),) = value.terms.items()
        own = x.shape[batch:]
        block = self._single(
            self.symbol("jacobian", (network[0][0], k), shape + own, f"D{k}[{value_text(self, value)}]")
        )
        inner = (*axes[:batch], *range(len(axes), len(axes) + len(own)))
        outer = (*axes, *inner[batch:])
        sizes = dict(zip(outer, shape + own, strict=True))
        return (
            m,
            lambda d: self.einsum([block, d], [outer, inner], axes, sizes),
            lambda a: self.einsum([block, a], [outer, axes], inner, sizes),
        )

    def _free_entries(self, x: Tensor) -> bool:
        """Whether every entry of x is a product of powers of leaf entries, so non-zero on a dense open set."""
        if len(x.terms) != 1:
            return False
        ((network, c),) = x.terms.items()
        constant = c.constant()
        return (
            constant is not None
            and all(self.symbols[s].kind == "leaf" for s, _, _ in network)
            and all(i < len(x.shape) for _, _, ix in network for i in ix)
        )

    def gradient(self, root: int, seed: Tensor, wanted: Iterable[int]) -> dict[int, Tensor]:
        """The gradient of <seed, node> with respect to the wanted leaves, by one backward pass."""
        adjoint: dict[int, Tensor] = {root: seed}
        cone = self.program.cone([root])
        targets = set(wanted)
        live = self._depend_on(cone, targets)
        result: dict[int, Tensor] = {}
        for n in reversed(cone):
            a = adjoint.pop(n, None)
            if a is None or not a.terms:
                continue
            if n in targets:
                result[n] = a
                continue
            for m, _, pull in self.jacobian_terms(n):
                if m in live:
                    part = pull(a)
                    adjoint[m] = self.add((Fraction(1), adjoint[m]), (Fraction(1), part)) if m in adjoint else part
        return result

    def push(self, roots: Sequence[int], tangents: Mapping[int, Tensor]) -> dict[int, Tensor]:
        """The directional derivative of each root along the leaf tangents, by one forward pass.

        A tangent that is seen to vanish is dropped at once, so that cancellation stays local.
        """
        cone = self.program.cone(roots)
        live = self._depend_on(cone, {n for n, t in tangents.items() if t.terms})
        moving: dict[int, Tensor] = {}
        # the symbols of nodes that move: only their definitions can cancel against a tangent
        near: set[int] = set()
        for n in cone:
            if n not in live:
                continue
            near.update(s for network in self.value(n).terms for s, _, _ in network)
            if n in tangents:
                moving[n] = tangents[n]
                continue
            parts: list[tuple[Fraction | Size, Tensor]] = []
            for m, forward, _ in self.jacobian_terms(n):
                if m in moving:
                    parts.append((Fraction(1), forward(moving[m])))
            if parts:
                total = self.add(*parts)
                if total.terms and not self.vanishes(total, lambda symbol: symbol.number in near):
                    moving[n] = total
        return {r: moving.get(r, Tensor(squeeze(self.program.shapes[r]), {})) for r in roots}

    def _depend_on(self, cone: Iterable[int], targets: set[int]) -> set[int]:
        live: set[int] = set()
        for n in cone:
            if n in targets or any(m in live for m in operands_of(self.program.nodes[n])):
                live.add(n)
        return live


def value_text(tensors: Tensors, value: Tensor) -> str:
    ((network, _),) = value.terms.items()
    return tensors.symbols[network[0][0]].text


def _accumulate(total: dict[Network, Size], network: Network, c: Size) -> None:
    new = total.get(network, ZERO) + c
    if new:
        if new.bits() > _MAX_BITS:
            raise OutOfBudget("a coefficient has become too large")
        total[network] = new
    else:
        total.pop(network, None)


def _components(factors: Sequence[Factor], bound: Mapping[int, Size]) -> list[list[Factor]]:
    """The factors that carry a summed index, grouped by which of them share one."""
    parent: dict[int, int] = {}

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for _, _, ix in factors:
        summed = [i for i in ix if i in bound]
        for i in summed:
            parent.setdefault(i, i)
            parent[find(i)] = find(summed[0])
    groups: dict[int, list[Factor]] = {}
    for f in factors:
        for i in f[2]:
            if i in bound:
                groups.setdefault(find(i), []).append(f)
                break
    return list(groups.values())


def _groups(old: Shape, new: Shape) -> list[tuple[Shape, Shape]]:
    """Split a reshape into the smallest runs of axes with equal numbers of entries, from the left."""
    result: list[tuple[Shape, Shape]] = []
    i = j = 0
    while i < len(old) or j < len(new):
        if i < len(old) and j < len(new) and old[i] == new[j]:
            result.append(((old[i],), (new[j],)))
            i, j = i + 1, j + 1
            continue
        # the first cut at which both sides have the same number of entries; the whole rest is always one
        best = (len(old), len(new))
        left = ONE
        for a in range(i + 1, len(old) + 1):
            left = left * old[a - 1]
            right = ONE
            for b in range(j + 1, len(new) + 1):
                right = right * new[b - 1]
                if left == right and a + b < sum(best):
                    best = (a, b)
        result.append((old[i : best[0]], new[j : best[1]]))
        i, j = best
    return result


def _select_data(symbol: Symbol) -> tuple[Size, tuple[int, ...], Shape, Size]:
    start, steps, lengths, size = symbol.data
    return start, steps, lengths, size  # type: ignore[return-value]


class NotShown(Refused):
    """The normal form does not vanish. `residue` holds the outputs and what is left of each."""

    def __init__(self, message: str, residue: dict[int, Tensor]) -> None:
        super().__init__(message)
        self.residue = residue

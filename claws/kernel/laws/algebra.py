"""Sums, products, powers and definitions of tensors, in normal form.

Soundness-critical. Two terms are merged only when their labelled networks are the same. A sum, or a function of one, may become a
*named* symbol with a definition; whether a tensor vanishes is decided by opening the definitions, latest symbol first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from claws.kernel.core.errors import Malformed, Meter, OutOfBudget, Undefined
from claws.kernel.core.program import Program, Shape
from claws.kernel.core.sizes import ONE, Size
from claws.kernel.laws.evidence import Network
from claws.kernel.laws.identities import Identities
from claws.kernel.laws.labelling import LITERAL, Renamings, labelled
from claws.kernel.laws.symbols import MAX_BITS, MAX_DEGREE, Factor, NetworkTerm, Symbol, Tensor, accumulate

MAX_COPIES = 8
"""A power up to this of a sum over indices is written as a product of copies; a higher one is a named symbol."""


class Algebra(Identities):
    """The operations on tensors of one program. `renamings` is evidence for labellings (see `labelling.py`)."""

    def __init__(self, program: Program, meter: Meter, renamings: Renamings) -> None:
        super().__init__(program, meter)
        self.renamings = renamings
        self.tied = False
        """Whether a network was met that has several labellings: equal ones may then be told apart."""

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
                self.weigh(product)
                accumulate(total, network, product)
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
                            place[label] = next(self.fresh)
                        names[leg] = place[label]
                    new_factors = list(factors)
                    for s, e, ix in network:
                        renamed = []
                        for axis, i in enumerate(ix):
                            if i <= LITERAL:
                                names[i] = i
                            elif i not in names:
                                names[i] = next(self.fresh)
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
            self._collect(total, NetworkTerm(coefficient, factors, {**bound, **summed}), len(shape))
        return Tensor(shape, total)

    def hadamard(self, *operands: Tensor) -> Tensor:
        """The elementwise product of tensors of one shape."""
        shape = operands[0].shape
        axes = range(len(shape))
        return self.einsum(operands, [axes] * len(operands), axes, dict(enumerate(shape)))

    def _collect(self, total: dict[Network, Size], term: NetworkTerm, rank: int) -> None:
        self.weigh(term.coefficient)
        if term.coefficient and self.simplify(term):
            network, tied = labelled(term.factors, term.bound, rank, self.meter, self.renamings)
            self.tied = self.tied or tied
            accumulate(total, network, term.coefficient)

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
            too_long = bits > 2 and bits * abs(exponent) > MAX_BITS
            if too_long or any(abs(e * exponent) > MAX_DEGREE for _, e, _ in network):
                raise OutOfBudget("a coefficient or an exponent has become too large")
            total: dict[Network, Size] = {}
            factors = [(s, e * exponent, ix) for s, e, ix in network]
            self._collect(total, NetworkTerm(Size.of(constant ** int(exponent)), factors, {}), len(x.shape))
            return Tensor(x.shape, total)
        if whole and 0 < exponent <= MAX_COPIES:
            return self.hadamard(*[x] * int(exponent))
        if not whole and constant == 1 and not summed and not zero_one:
            single = len(network) == 1 and network[0][1] == 1
            # (a)^(p/q) for a single array a, and (a^j b^k)^(p/q) = a^(j*p/q) b^(k*p/q) for positive ones
            if single or all(self.symbols[s].positive for s, _, _ in network):
                return Tensor(x.shape, {tuple((s, e * exponent, ix) for s, e, ix in network): ONE})
        symbol = self.symbol("named", x.key(), x.shape, "v", definition=x)
        return self.single(symbol, exponent)

    # --- definitions -----

    def named(self, tensor: Tensor, text: str = "v") -> tuple[Fraction, Tensor]:
        """`tensor` as c times one symbol that is defined by it; proportional tensors share the symbol."""
        lead = tensor.terms[min(tensor.terms)].constant()
        c = Fraction(1) if lead is None else lead
        monic = tensor if c == 1 else self.add((1 / c, tensor))
        s = self.symbol("named", monic.key(), tensor.shape, text, definition=monic)
        return c, self.single(s)

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

    def _term_of(self, network: Network, c: Size, rank: int) -> NetworkTerm:
        bound = {i: self.symbols[s].shape[axis] for s, _, ix in network for axis, i in enumerate(ix) if i >= rank}
        return NetworkTerm(c, list(network), bound)

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
                    accumulate(total, network, c)
                    continue
                again = True
                s, e, legs = network[place]
                rest = [*network[:place], *network[place + 1 :]]
                if e > 1:
                    rest.append((s, e - 1, legs))
                for inner, c2 in definition.terms.items():
                    self.meter.tick(len(inner) + len(network))
                    term = self._term_of(network, c * c2, rank)
                    term.factors = [*rest, *self._placed(inner, legs, term.bound)]
                    self._collect(total, term, rank)
            tensor = Tensor(tensor.shape, total)
            if not again:
                return tensor

    def _placed(self, network: Network, legs: Sequence[int], bound: dict[int, Size]) -> list[Factor]:
        """The factors of a network with these indices for its legs, and new ones, put into `bound`, for those it sums over."""
        names = dict(enumerate(legs))
        result: list[Factor] = []
        for s, e, ix in network:
            renamed = []
            for axis, i in enumerate(ix):
                if i <= LITERAL:
                    names[i] = i
                elif i not in names:
                    names[i] = next(self.fresh)
                    bound[names[i]] = self.symbols[s].shape[axis]
                renamed.append(names[i])
            result.append((s, e, tuple(renamed)))
        return result

    def _spread(self, x: Tensor, legs: Sequence[int], shape: Shape) -> Tensor:
        """The array of this shape with the entries of x at these of its indices: legs of the array, or literal positions."""
        total: dict[Network, Size] = {}
        for network, c in x.terms.items():
            self.meter.tick(1 + len(network))
            term = NetworkTerm(c, [], {})
            term.factors = self._placed(network, legs, term.bound)
            self._collect(total, term, len(shape))
        return Tensor(shape, total)

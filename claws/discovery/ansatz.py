"""The span in which polynomial laws are looked for: letters, polynomials in them, and these as texts and as statements.

Untrusted: a polynomial is a guess until the kernel has accepted a proof of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from claws.discovery.program_writer import continued
from claws.discovery.scaling import WeightText, scaled_model
from claws.kernel.core.flow import STATE
from claws.kernel.core.program import Einsum, Node, Number, Sum, Window, power
from claws.kernel.core.sizes import Size
from claws.kernel.core.statement import Statement
from claws.kernel.counting.points import Changed, CountedModel
from claws.kernel.values.evaluation import fixed, indices
from claws.kernel.values.evidence import Index

LetterProduct = tuple[int, ...]
"""A monomial: the numbers of its letters, sorted, each as often as its exponent says; () is 1."""

Coefficients = dict[LetterProduct, int]
"""A polynomial with integer coefficients, none of them 0."""


@dataclass(frozen=True, slots=True)
class LetterText:
    """A letter as a file would write it: a power of a coordinate, or anything else with exponent 1."""

    base: str
    """What stands under the exponent; for exponent 1 with parentheses, where it needs some."""
    exponent: int = 1

    @property
    def text(self) -> str:
        """The letter as it stands in a product."""
        return self.base if self.exponent == 1 else f"({self.base}^{self.exponent})"

    def power_text(self, exponent: int) -> str:
        """A power of the letter, which may be one itself: (u[0]^2)^3 is u[0]^6."""
        total = self.exponent * exponent
        return self.base if total == 1 else f"{self.base}^{total}"


@dataclass(frozen=True, slots=True)
class Letter:
    """A function of the state that polynomials are made of: an entry of a node, and how a file would write it."""

    node: int
    entry: Index
    written: LetterText
    weight: WeightText | None = None
    """A factor in front, which the node has already."""
    denominator: LetterText | None = None
    """The function whose inverse the letter is; None for a letter that is not written as an inverse."""
    whole: LetterText | None = None
    """The array that it is an entry of (under a denominator, if it has one); None for a scalar."""
    logarithm: str = ""
    """The polynomial whose square it is the logarithm of, in parentheses if it is a sum; empty for another letter."""
    constant: bool = False
    """Whether no flow changes it: it may stand in coefficients, and is no law by itself."""


@dataclass(frozen=True)
class Ansatz:
    """A model whose program has the nodes of the letters as well, and the letters."""

    model: Changed
    letters: tuple[Letter, ...]


@dataclass(frozen=True)
class PolynomialLaw:
    """A polynomial in the letters of an ansatz that seems to be conserved."""

    ansatz: Ansatz
    coefficients: Coefficients

    @property
    def degree(self) -> int:
        """The highest degree of its monomials, at least 1."""
        return max(map(len, self.coefficients))

    def text(self, limit: int | None = None) -> str:
        """The law as it would be written in a file, cut after `limit` terms."""
        return polynomial_text(self.coefficients, self.ansatz.letters, limit)

    def lifted_text(self) -> str:
        """The law of an entry as a law of all: u^2 - v^2 for u[1]^2 - v[1]^2, u^2 - u[0]^2 for u[1]^2 - u[0]^2.

        A guess, and often right; empty where it makes no sense.
        """
        letters = list(self.ansatz.letters)
        used = sorted({k for m in self.coefficients for k in m if letters[k].entry})
        shapes = {self.ansatz.model.program.shapes[letters[k].node] for k in used}
        entries = sorted({letters[k].entry for k in used})
        if len(shapes) != 1 or len(entries) > 2:
            return ""
        # the law for u reads better with u first
        order = sorted(self.coefficients, key=lambda m: (not all(letters[k].entry in ((), entries[-1]) for k in m), m))
        sign = 1 if self.coefficients[order[0]] > 0 else -1
        lifted = {m: sign * self.coefficients[m] for m in order}
        for k in used:
            whole = letters[k].whole
            if whole is None:
                return ""
            letters[k] = _lifted(letters[k], whole, entries[-1])
        return polynomial_text(lifted, letters)

    def statement(self) -> Statement:
        """The claim that the polynomial is conserved."""
        return law_statement(self.ansatz, self.coefficients)


def _lifted(letter: Letter, whole: LetterText, last: Index) -> Letter:
    """The array of which a letter is the entry `last`, or a part of that array which broadcasts with the whole."""
    written = whole
    if letter.entry != last:
        # an axis along which both entries agree is as long as before, another one has length 1
        pairs = list(zip(letter.entry, last, strict=True))
        items = [":" if a == b else f"{a}:{a + 1}" for a, b in pairs]
        written = LetterText(whole.text + (f"[{', '.join(items)}]" if len(pairs) > 1 else f"[{pairs[0][0]}]"))
    return replace(letter, written=written, denominator=None if letter.denominator is None else written)


def state_ansatz(model: CountedModel) -> Iterator[Ansatz]:
    """The coordinates of the state as letters: scaled to stand still where the flow moves them by itself, then as they are."""
    scaled, weights = scaled_model(model)
    nodes = list(scaled.program.nodes)
    letters: list[Letter] = []
    for n, leaf in scaled.program.leaves(*STATE):
        place, weight = n, None
        if leaf.name in weights:
            axes = tuple(range(len(leaf.shape)))
            nodes.append(Einsum((weights[leaf.name].factor, n), ((), axes), axes, leaf.shape))
            place, weight = len(nodes) - 1, weights[leaf.name].written
        for i in indices([fixed(k) for k in leaf.shape]):
            letters.append(replace(_coordinate(leaf.name, place, i), weight=weight))
    program = continued(scaled.program, nodes)
    yield Ansatz(Changed(program, model.outputs, model.flow), tuple(letters))
    if weights:
        # laws may mix coordinates that grow differently, as u + vel(u)/tau under friction
        plain = Changed(model.program, model.outputs, model.flow)
        own = [
            _coordinate(leaf.name, n, i)
            for n, leaf in model.program.leaves(*STATE)
            for i in indices([fixed(k) for k in leaf.shape])
        ]
        yield Ansatz(plain, tuple(own))


def _coordinate(name: str, node: int, i: Index) -> Letter:
    """An entry of an array of the state as a letter."""
    return Letter(node, i, LetterText(entry_text(name, i)), whole=LetterText(name) if i else None)


def entry_text(name: str, i: Index) -> str:
    """An entry of an array as a file would write it; () is that of a scalar."""
    return f"{name}[{', '.join(map(str, i))}]" if i else name


# --- texts and statements ------------------------------------------------------------------------------------------------


def polynomial_text(
    coefficients: Mapping[LetterProduct, int], letters: Sequence[Letter], limit: int | None = None
) -> str:
    """The polynomial as it would be written in a file, cut after `limit` terms.

    A weight that all terms have alike is taken out in front.
    """
    weights = {_weights_of(m, letters) for m in coefficients}
    common = weights.pop() if len(weights) == 1 else ()
    text = ""
    for m, c in list(coefficients.items())[:limit]:
        sign = ("-" if c < 0 else "") if not text else (" - " if c < 0 else " + ")
        text += sign + _term(m, abs(c), letters, bool(common))
    if limit is not None and len(coefficients) > limit:
        text += f" + ... ({len(coefficients)} terms)"
    if not common:
        return text
    front = "*".join(w.power_text(common.count(w)) for w in dict.fromkeys(common))
    return f"{front}*({text})" if len(coefficients) > 1 else f"{front}*{text}"


def _weights_of(m: LetterProduct, letters: Sequence[Letter]) -> tuple[WeightText, ...]:
    """The weights in front of the letters of a monomial, in the order of their texts."""
    return tuple(sorted((w for k in m if (w := letters[k].weight) is not None), key=lambda w: w.text))


def _term(m: LetterProduct, c: int, letters: Sequence[Letter], without_weight: bool) -> str:
    """A monomial with a positive coefficient."""
    top, bottom = [], []
    for k in dict.fromkeys(m):
        below = letters[k].denominator
        if below is None:
            top.append(_powered(letters[k], m.count(k), without_weight))
        else:
            bottom.append(below.power_text(m.count(k)))
    if c != 1 or not top:
        top.insert(0, str(c))
    text = "*".join(top)
    return text + (f"/({'*'.join(bottom)})" if len(bottom) > 1 else f"/{bottom[0]}" if bottom else "")


def _powered(letter: Letter, exponent: int, without_weight: bool) -> str:
    """A power of a letter, with its weight unless that stands elsewhere."""
    if letter.weight is None or without_weight:
        return letter.written.power_text(exponent)
    text = f"{letter.weight.text}*{letter.written.text}"
    return text if exponent == 1 else f"({text})^{exponent}"


def law_statement(ansatz: Ansatz, coefficients: Mapping[LetterProduct, int]) -> Statement:
    """The claim that a polynomial in the letters is conserved, as a statement that continues the ansatz's program."""
    program, letters = ansatz.model.program, ansatz.letters
    nodes: list[Node] = list(program.nodes)

    def put(node: Node) -> int:
        """Append a node."""
        nodes.append(node)
        return len(nodes) - 1

    entries: dict[int, int] = {}
    for k in sorted({k for m in coefficients for k in m}):
        n = letters[k].node
        for position, size in zip(letters[k].entry, program.shapes[n], strict=True):
            n = put(Window(n, 0, Size.of(position), (), (), size))
        entries[k] = n
    terms = []
    for m, c in coefficients.items():
        if not m:
            terms.append((Fraction(c), put(Number(Size.of(1)))))
            continue
        factors = [entries[k] for k in m]
        if len(m) > 2:
            factors = [entries[k] if m.count(k) == 1 else put(power(entries[k], m.count(k))) for k in dict.fromkeys(m)]
        terms.append((Fraction(c), factors[0] if len(factors) == 1 else put(_product(factors))))
    law = put(Sum(tuple(terms)))
    model = ansatz.model
    return Statement(continued(program, nodes), model.outputs, law, model.flow)


def _product(factors: Sequence[int]) -> Einsum:
    """The product of scalar nodes."""
    return Einsum(tuple(factors), tuple(() for _ in factors), (), ())

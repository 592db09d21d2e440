"""Coordinates that grow or decay by themselves, scaled to stand still.

Untrusted: an ansatz for laws, which the kernel checks. If the drift of a coordinate x has the part a*x, where a depends on
constants and the time only, then y = w*x with w' = -a*w does not have it: w = exp(-a*t) for a constant a, w = t^(-c) for a = c/t.
So exp(tau*t) undoes the friction tau, t^3 undoes 3/t, and exp(lambda*t) undoes weight decay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from claws.discovery.program_writer import ProgramWriter
from claws.kernel.core.flow import STATE
from claws.kernel.core.program import Apply, Einsum, Leaf, Number, Program, Sum, power
from claws.kernel.core.sizes import Size
from claws.kernel.counting.points import Changed, CountedModel

ScalarTerm = tuple[Fraction, tuple[int, ...]]
"""A number times a product of scalar nodes: constants, or 1/t."""


@dataclass(frozen=True, slots=True)
class WeightText:
    """A function of the time as a file would write it: exp of a sum of products, or a whole power of t."""

    rates: tuple[tuple[Fraction, tuple[str, ...]], ...] = ()
    """The terms in the exponent of exp, each a number and names; empty for a power of t."""
    exponent: int = 0
    """The exponent of t, for a power of t."""

    @property
    def is_exponential(self) -> bool:
        """Whether it is exp of something, rather than a power of t."""
        return bool(self.rates)

    @property
    def text(self) -> str:
        """The function: `exp(tau*t)`, `t^3`."""
        return f"exp({self._exponent_text()})" if self.rates else f"t^{self.exponent}"

    @property
    def squared_text(self) -> str:
        """The square of the function: `exp(2*tau*t)`, `t^6`."""
        if not self.rates:
            return f"t^{2 * self.exponent}"
        if len(self.rates) > 1:
            return f"exp(2*({self._exponent_text()}))"
        ((c, names),) = self.rates
        return f"exp({'-' if c < 0 else ''}2*{_without_sign(c, names)})"

    def power_text(self, exponent: int) -> str:
        """A whole power of the function: `t^6`, `exp(tau*t)^2`."""
        if not self.rates:
            return f"t^{self.exponent * exponent}"
        return self.text if exponent == 1 else f"{self.text}^{exponent}"

    def _exponent_text(self) -> str:
        """The sum in the exponent of exp."""
        parts: list[str] = []
        for c, names in self.rates:
            minus = c < 0
            sign = (" - " if minus else " + ") if parts else ("-" if minus else "")
            parts.append(sign + _without_sign(c, names))
        return "".join(parts)


def _without_sign(c: Fraction, names: Sequence[str]) -> str:
    """The absolute value of a number times some names; a factor 1 is left out, but for one that was -1."""
    return "*".join([*([] if c == 1 else [str(abs(c))]), *names])


@dataclass(frozen=True, slots=True)
class Weight:
    """What makes a coordinate stand still: w and a as nodes of the scaled model's program, and w as a file would write it."""

    factor: int
    growth: int
    written: WeightText

    @property
    def text(self) -> str:
        """The weight w as a file would write it."""
        return self.written.text


def scaled_model(model: CountedModel) -> tuple[Changed, dict[str, Weight]]:
    """The model with a longer program, and the weights of the state leaves that have one, by name."""
    program = model.program
    writer = _WeightWriter(program)
    state = {leaf.name: n for n, leaf in program.leaves(*STATE)}
    weights = {}
    for name, n in model.flow.drift.items():
        weight = writer.weight(_growth(program, n, state[name]))
        if weight is not None:
            weights[name] = weight
    return Changed(writer.finished(), model.outputs, model.flow), weights


def _growth(program: Program, n: int, leaf: int) -> list[ScalarTerm]:
    """The terms of a, where the node is a*leaf + ...; none where it has no such form."""
    if n == leaf:
        return [(Fraction(1), ())]
    node = program.nodes[n]
    if isinstance(node, Sum):
        return [(c * c2, rest) for c, m in node.terms for c2, rest in _growth(program, m, leaf)]
    if isinstance(node, Einsum) and node.operands.count(leaf) == 1:
        k = node.operands.index(leaf)
        if node.labels[k] != node.out or any(node.labels[j] for j in range(len(node.operands)) if j != k):
            return []
        terms: list[ScalarTerm] = [(Fraction(1), ())]
        for j, m in enumerate(node.operands):
            if j != k:
                factor = _scalar(program, m)
                if factor is None:
                    return []
                terms = [(c * d, (*p, *q)) for c, p in terms for d, q in factor]
        return terms
    return []


def _scalar(program: Program, n: int) -> list[ScalarTerm] | None:
    """A scalar as a sum of products of constants and 1/t; None for one that is no such sum."""
    node = program.nodes[n]
    match node:
        case Number(value):
            c = value.constant()
            return None if c is None else [(c, ())]
        case Leaf(_, "const"):
            return [(Fraction(1), (n,))]
        case Apply(_, operand, exponent) if exponent == -1:
            inner = program.nodes[operand]
            return [(Fraction(1), (n,))] if isinstance(inner, Leaf) and inner.role == "time" else None
        case Sum(terms):
            total: list[ScalarTerm] = []
            for c, m in terms:
                part = _scalar(program, m)
                if part is None:
                    return None
                total += [(c * d, p) for d, p in part]
            return total
        case Einsum(operands, labels, (), _) if not any(labels):
            product: list[ScalarTerm] = [(Fraction(1), ())]
            for m in operands:
                part = _scalar(program, m)
                if part is None:
                    return None
                product = [(c * d, (*p, *q)) for c, p in product for d, q in part]
            return product
    return None


class _WeightWriter(ProgramWriter):
    """A program that is continued by weights."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self.time = next((n for n, _ in program.leaves("time")), None)

    def weight(self, growth: list[ScalarTerm]) -> Weight | None:
        """The weight for a sum of terms that are all constant, or all a number over t; None for other sums."""
        if not growth or self.time is None:
            return None
        inverse = self.number_of(power(self.time, -1))
        a = self._total(growth)
        if all(inverse not in factors for _, factors in growth):
            rate = [(-c, (*factors, self.time)) for c, factors in growth]
            return Weight(self.put(Apply("exp", self._total(rate))), a, WeightText(self._named(rate)))
        if all(factors == (inverse,) for _, factors in growth):
            exponent = -sum((c for c, _ in growth), start=Fraction(0))
            if exponent.denominator == 1:
                return Weight(self.put(power(self.time, exponent)), a, WeightText(exponent=int(exponent)))
        return None

    def _total(self, terms: list[ScalarTerm]) -> int:
        """The node of a sum."""
        return self.put(Sum(tuple((c, self._product(factors)) for c, factors in terms)))

    def _product(self, factors: tuple[int, ...]) -> int:
        """The node of a product of scalars."""
        if not factors:
            return self.put(Number(Size.of(1)))
        if len(factors) == 1:
            return factors[0]
        return self.put(Einsum(factors, tuple(() for _ in factors), (), ()))

    def _named(self, terms: list[ScalarTerm]) -> tuple[tuple[Fraction, tuple[str, ...]], ...]:
        """The terms with the names of leaves for their nodes."""
        return tuple(
            (c, tuple(node.name for n in factors if isinstance(node := self.nodes[n], Leaf))) for c, factors in terms
        )

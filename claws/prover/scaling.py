"""Coordinates that grow or decay by themselves, scaled to stand still.

Untrusted: an ansatz for laws, which the kernel checks. If the drift of a coordinate x has the part a*x, where a depends on
constants and the time only, then y = w*x with w' = -a*w does not have it: w = exp(-a*t) for a constant a, w = t^(-c) for a = c/t.
So exp(tau*t) undoes the friction tau, t^3 undoes 3/t, and exp(lambda*t) undoes weight decay.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from claws.kernel.core.flow import STATE
from claws.kernel.core.program import Apply, Einsum, Leaf, Node, Number, Power, Program, Sum
from claws.kernel.core.simplified import simplified
from claws.kernel.core.sizes import Size
from claws.kernel.counting.bounds import Changed
from claws.kernel.counting.points import Model

Term = tuple[Fraction, tuple[int, ...]]
"""A number times a product of scalar nodes: constants, or 1/t."""


@dataclass(frozen=True, slots=True)
class Weight:
    """w and a as nodes of the scaled model's program, and w as it would be written in a file."""

    factor: int
    growth: int
    text: str


def scaled_model(model: Model) -> tuple[Changed, dict[str, Weight]]:
    """The model with a longer program, and the weights of the state leaves that have one, by name."""
    program = model.program
    writer = _Writer(program)
    state = {leaf.name: n for n, leaf in program.leaves(*STATE)}
    weights = {}
    for name, n in model.flow.drift:
        weight = writer.weight(_growth(program, n, state[name]))
        if weight is not None:
            weights[name] = weight
    longer = Program(tuple(writer.nodes), program.activations, program.functions, program.conditions)
    return Changed(longer, model.outputs, model.flow), weights


def placed_weights(model: Model, weights: Mapping[str, Weight]) -> dict[str, Weight]:
    """The weights in the simplified program of the model (see `claws.kernel.counting.bounds.simple_model`)."""
    place = simplified(model.program)[1]
    return {name: Weight(place[w.factor], place[w.growth], w.text) for name, w in weights.items()}


def _growth(program: Program, n: int, leaf: int) -> list[Term]:
    """The terms of a, where the node is a*leaf + ..."""
    if n == leaf:
        return [(Fraction(1), ())]
    node = program.nodes[n]
    if isinstance(node, Sum):
        return [(c * c2, rest) for c, m in node.terms for c2, rest in _growth(program, m, leaf)]
    if isinstance(node, Einsum) and node.operands.count(leaf) == 1:
        k = node.operands.index(leaf)
        if node.labels[k] != node.out or any(node.labels[j] for j in range(len(node.operands)) if j != k):
            return []
        terms: list[Term] = [(Fraction(1), ())]
        for j, m in enumerate(node.operands):
            if j != k:
                factor = _scalar(program, m)
                if factor is None:
                    return []
                terms = [(c * d, (*p, *q)) for c, p in terms for d, q in factor]
        return terms
    return []


def _scalar(program: Program, n: int) -> list[Term] | None:
    """A scalar as a sum of products of constants and 1/t; None for another."""
    node = program.nodes[n]
    match node:
        case Number(value):
            c = value.constant()
            return None if c is None else [(c, ())]
        case Leaf(_, "const"):
            return [(Fraction(1), (n,))]
        case Power(operand, exponent) if exponent == -1:
            inner = program.nodes[operand]
            return [(Fraction(1), (n,))] if isinstance(inner, Leaf) and inner.role == "time" else None
        case Sum(terms):
            total: list[Term] = []
            for c, m in terms:
                part = _scalar(program, m)
                if part is None:
                    return None
                total += [(c * d, p) for d, p in part]
            return total
        case Einsum(operands, labels, (), _) if not any(labels):
            product: list[Term] = [(Fraction(1), ())]
            for m in operands:
                part = _scalar(program, m)
                if part is None:
                    return None
                product = [(c * d, (*p, *q)) for c, p in product for d, q in part]
            return product
    return None


class _Writer:
    """A program that is continued, each node once."""

    def __init__(self, program: Program) -> None:
        self.nodes: list[Node] = list(program.nodes)
        self.known = {node: n for n, node in enumerate(self.nodes)}
        self.time = next((n for n, _ in program.leaves("time")), None)

    def put(self, node: Node) -> int:
        if node not in self.known:
            self.known[node] = len(self.nodes)
            self.nodes.append(node)
        return self.known[node]

    def weight(self, growth: list[Term]) -> Weight | None:
        """w and a for a sum of terms that are all constant, or all a number over t."""
        if not growth or self.time is None:
            return None
        inverse = self.known.get(Power(self.time, Fraction(-1)))
        a = self.total(growth)
        if all(inverse not in factors for _, factors in growth):
            rate = [(-c, (*factors, self.time)) for c, factors in growth]
            return Weight(self.put(Apply("exp", self.total(rate))), a, f"exp({self.text(rate)})")
        if all(factors == (inverse,) for _, factors in growth):
            exponent = -sum((c for c, _ in growth), start=Fraction(0))
            if exponent.denominator == 1:
                return Weight(self.put(Power(self.time, exponent)), a, f"t^{exponent}")
        return None

    def total(self, terms: list[Term]) -> int:
        return self.put(Sum(tuple((c, self.product(factors)) for c, factors in terms)))

    def product(self, factors: tuple[int, ...]) -> int:
        if not factors:
            return self.put(Number(Size.of(1)))
        if len(factors) == 1:
            return factors[0]
        return self.put(Einsum(factors, tuple(() for _ in factors), (), ()))

    def text(self, terms: list[Term]) -> str:
        """The terms as they would be written in a file."""
        parts = []
        for c, factors in terms:
            names = [node.name for n in factors if isinstance(node := self.nodes[n], Leaf)]
            parts.append("*".join([*([] if c == 1 else [str(c)]), *names]))
        return " + ".join(parts).replace("+ -", "- ")

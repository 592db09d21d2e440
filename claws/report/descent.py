"""What plain gradient descent does to a law that gradient flow conserves, exactly.

For theta+ = theta - eta*d with d = P grad E, a polynomial law h = h0 + h1 + h2 of degree 2 in the parameters has, by Taylor's
formula, h(theta+) = h(theta) - eta*<grad h(theta), d> + eta^2*h2(d), and the middle term is zero because h is conserved. So laws
of degree 1 are conserved in steps of any size, and those of degree 2 drift by exactly eta^2*h2(d) in a step. Other laws drift by
O(eta^2) in a step, which is O(eta) per unit of time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce

from claws.syntax import nodes
from claws.syntax.printer import print_expression
from claws.syntax.spec import Spec

EXACT, QUADRATIC, FIRST_ORDER = "conserved", "quadratic", "first order"

MAX_PARTS = 64
"""Longer expressions are not expanded."""


@dataclass(frozen=True)
class Discrete:
    """`kind` is EXACT, QUADRATIC or FIRST_ORDER. For QUADRATIC, `part` is h2, in the names of the parameters."""

    kind: str
    text: str
    part: nodes.Expression | None = None


Parts = dict[int, nodes.Expression]
"""An expression as a sum of homogeneous parts, by degree in the parameters."""


class _NoPolynomial(Exception):
    pass


def descend(spec: Spec, law: str) -> Discrete:
    """What a step of gradient descent of length eta does to a law that the file's flow conserves."""
    dynamics = spec.dynamics
    if dynamics.momentum is not None or dynamics.decay or dynamics.timed:
        return Discrete(FIRST_ORDER, "in steps of eta the drift is of first order in eta, per unit of time")
    try:
        parts = _Degrees(spec).parts(spec.laws[law].value)
    except (_NoPolynomial, RecursionError):
        parts = {3: spec.laws[law].value}
    degree = max(parts, default=0)
    if degree <= 1:
        return Discrete(EXACT, "gradient descent conserves it exactly, in steps of any size")
    if degree == 2:
        drift = print_expression(_put_gradients(spec, parts[2]))
        return Discrete(QUADRATIC, f"a step eta of gradient descent changes it by exactly eta^2*({drift})", parts[2])
    return Discrete(FIRST_ORDER, "in steps of eta the drift is of first order in eta, per unit of time")


class _Degrees:
    """The homogeneous parts of expressions of a file."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.of_blocks = frozenset(spec.block_values())
        self.known: dict[str, Parts] = {}

    def parts(self, e: nodes.Expression) -> Parts:
        """Raises `_NoPolynomial` for what is none, or can't be split by its form."""
        match e:
            case nodes.Number():
                return {0: e}
            case nodes.Name(name):
                return self._name(name, e)
            case nodes.Negative(operand):
                return {d: nodes.Negative(x) for d, x in self.parts(operand).items()}
            case nodes.Transpose(operand):
                return {d: nodes.Transpose(x) for d, x in self.parts(operand).items()}
            case nodes.Index(base, items):
                return {d: nodes.Index(x, items) for d, x in self.parts(base).items()}
            case nodes.Binary():
                return self._binary(e)
            case nodes.Array(items):
                return self._alike(items, lambda xs: nodes.Array(tuple(xs)))
            case nodes.ArrayComprehension(body, loops):
                self._check_loops(loops)
                return {d: nodes.ArrayComprehension(x, loops) for d, x in self.parts(body).items()}
            case nodes.Call():
                return self._call(e)
        raise _NoPolynomial

    def _name(self, name: str, e: nodes.Expression) -> Parts:
        if name in self.spec.lets or name in self.of_blocks:
            if name not in self.known:
                let = self.spec.lets.get(name)
                self.known[name] = self.parts(self.spec.block_value(name) if let is None else let.value)
            return self.known[name]
        leaf = self.spec.leaves.get(name)
        return {1 if leaf is not None and leaf[1] == "param" else 0: e}

    def _binary(self, e: nodes.Binary) -> Parts:
        left = self.parts(e.left)
        if e.operator == "^":
            if not isinstance(e.right, nodes.Number) or e.right.value.denominator != 1:
                exponent = self.parts(e.right)
                if set(left) | set(exponent) <= {0}:
                    return {0: e}
                raise _NoPolynomial
            return self._power(left, int(e.right.value), e)
        right = self.parts(e.right)
        if e.operator in "+-":
            total = dict(left)
            for d, y in right.items():
                if d in total:
                    total[d] = nodes.Binary(e.operator, total[d], y)
                else:
                    total[d] = y if e.operator == "+" else nodes.Negative(y)
            return total
        if e.operator == "/":
            if set(right) - {0}:
                raise _NoPolynomial
            return {d: nodes.Binary("/", x, e.right) for d, x in left.items()}
        return self._products([left, right], lambda x: nodes.Binary(e.operator, x[0], x[1]))

    def _power(self, base: Parts, exponent: int, e: nodes.Binary) -> Parts:
        if set(base) <= {0}:
            return {0: e}
        if exponent < 1 or exponent > 4:
            raise _NoPolynomial
        if len(base) == 1:
            ((d, x),) = base.items()
            return {d * exponent: nodes.Binary("^", x, e.right)}
        return self._products([base] * exponent, lambda xs: reduce(lambda a, b: nodes.Binary("*", a, b), xs))

    def _products(self, factors: Sequence[Parts], made: Callable[[list[nodes.Expression]], nodes.Expression]) -> Parts:
        """The parts of a product that is linear in each factor."""
        combinations: list[tuple[int, list[nodes.Expression]]] = [(0, [])]
        for parts in factors:
            combinations = [(d + d2, [*xs, x]) for d, xs in combinations for d2, x in parts.items()]
            if len(combinations) > MAX_PARTS:
                raise _NoPolynomial
        total: Parts = {}
        for d, xs in combinations:
            term = made(xs)
            total[d] = nodes.Binary("+", total[d], term) if d in total else term
        return total

    def _alike(
        self, items: Sequence[nodes.Expression], made: Callable[[list[nodes.Expression]], nodes.Expression]
    ) -> Parts:
        """Entries side by side: a part that an entry does not have is 0 there."""
        parts = [self.parts(x) for x in items]
        zero = nodes.Number(Fraction(0), "0")
        return {
            d: made([p.get(d, nodes.Binary("*", zero, x)) for p, x in zip(parts, items, strict=True)])
            for d in {d for p in parts for d in p}
        }

    def _call(self, e: nodes.Call) -> Parts:
        name, arguments = e.function.name, e.arguments

        def again(xs: Sequence[nodes.Expression]) -> nodes.Expression:
            return replace(e, arguments=tuple(xs))

        if len(arguments) == 1 and isinstance(arguments[0], nodes.Generator):
            generator = arguments[0]
            self._check_loops(generator.loops)
            if name != "sum":
                raise _NoPolynomial
            return {d: again([nodes.Generator(x, generator.loops)]) for d, x in self.parts(generator.body).items()}
        if name in ("sum", "trace", "diag"):
            return {d: again([x]) for d, x in self.parts(arguments[0]).items()}
        if name == "reshape":
            return {d: again([x, *arguments[1:]]) for d, x in self.parts(arguments[0]).items()}
        if name == "sqnorm":
            (x,) = arguments
            parts = self.parts(x)
            if len(parts) == 1:
                ((d, y),) = parts.items()
                return {2 * d: again([y])}
            product = self._products([parts, parts], lambda xs: nodes.Binary("*", xs[0], xs[1]))
            return {d: nodes.Call(nodes.Identifier("sum"), (y,)) for d, y in product.items()}
        if name in ("dot", "outer", "kron"):
            return self._products([self.parts(x) for x in arguments], again)
        if name == "einsum":
            return self._products([self.parts(x) for x in arguments[1:]], lambda xs: again([arguments[0], *xs]))
        if name == "concat":
            return self._alike(arguments, again)
        if name in self.spec.blocks or set(nodes.names_in(e)) & self._moving():
            raise _NoPolynomial
        return {0: e}

    def _check_loops(self, loops: Sequence[nodes.Loop]) -> None:
        if any(x.variable.name in self.spec.leaves or x.variable.name in self.spec.lets for x in loops):
            raise _NoPolynomial

    def _moving(self) -> set[str]:
        """Names that depend on parameters."""
        moving = {*self.spec.parameters(), *self.of_blocks}
        while True:
            more = {x for x, let in self.spec.lets.items() if set(nodes.names_in(let.value)) & moving} - moving
            if not more:
                return moving
            moving |= more


def _put_gradients(spec: Spec, e: nodes.Expression) -> nodes.Expression:
    """The expression at d, which is `grad(U)` for a parameter U, times its factors."""
    direction: dict[str, nodes.Expression] = {}
    for name in spec.parameters():
        d: nodes.Expression = nodes.Call(nodes.Identifier("grad"), (nodes.Name(name),))
        if name in spec.preconditions:
            d = nodes.Binary("*", spec.preconditions[name][1], d)
        rate = spec.dynamics.rate.get(name, spec.dynamics.rate.get(None))
        if rate is not None:
            d = nodes.Binary("*", rate, d)
        direction[name] = d
    return nodes.substituted(e, direction)

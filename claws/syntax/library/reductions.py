"""Sums and products: over entries, axes and comprehensions."""

from __future__ import annotations

from fractions import Fraction

from claws.kernel.core.sizes import ZERO
from claws.syntax import nodes
from claws.syntax.elaboration.builder import LoopVariable, Value
from claws.syntax.elaboration.expressions import Collect, Scope
from claws.syntax.library.arguments import Keywords, Write, axis_of


class _Fold(Collect):
    """`sum` or `prod` over comprehension values."""

    def __init__(self, scope: Scope, product: bool) -> None:
        self.scope = scope
        self.product = product

    def along(self, loop: LoopVariable, v: Value) -> Value:
        b = self.scope.builder
        if self.product:
            return b.product_along(v, loop)
        axes = list(range(len(v.shape)))
        if loop in v.loops:
            return b.einsum([v], [axes], axes, drop=[loop])
        # the body does not depend on the variable: as many equal terms as there are values
        return b.multiply(b.number(loop.length), v, lambda: "")

    def items(self, values: list[Value]) -> Value:
        b = self.scope.builder
        if not self.product:
            zero = (Fraction(1), b.number(0))
            return b.add([zero, *((Fraction(1), v) for v in values)], lambda: "the entries of this sum")
        total = b.number(1)
        for v in values:
            total = b.multiply(total, v, lambda: "the entries of this product")
        return total


def fold(product: bool) -> Write:
    """`sum` or `prod`: of all entries, along an axis, or over a comprehension."""

    def function(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
        b = scope.builder
        argument = e.arguments[0]
        if isinstance(argument, nodes.Generator):
            return scope.over(argument.loops, argument.body, _Fold(scope, product))
        axis = e.arguments[1] if len(e.arguments) > 1 else keywords.get("axis")
        if product and axis is None and isinstance(argument, nodes.Array):
            # the entries are at hand one by one
            total = b.number(1)
            for v in (scope.value(x) for x in argument.items):
                total = b.multiply(total, b.product_of_entries(v), lambda: "")
            return total
        v = scope.value(argument)
        if axis is None:
            return b.product_of_entries(v) if product else b.total(v)
        k = axis_of(scope, axis, v)
        if not product:
            return b.total(v, [k])
        axes = list(range(len(v.shape)))
        loop = LoopVariable(0, "axis", ZERO, v.shape[k])
        labels = [loop if x == k else x for x in axes]
        return b.product_along(b.einsum([v], [labels], [x for x in axes if x != k]), loop)

    return function

"""NumPy's arithmetic on arrays, written with the nodes of `builder`.

READ WITH CARE: it decides what a claim means. No node of the kernel is named here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from claws.kernel.core.program import count_entries
from claws.kernel.core.sizes import ZERO, Size
from claws.syntax.elaboration.builder import Builder, LoopVariable, Misfit, Value, aligned, broadcast, shape_text


class ArrayBuilder(Builder):
    """A program in the making, with the operations of NumPy."""

    def scale(self, c: Fraction, v: Value) -> Value:
        """A multiple of an array."""
        return self.add([(c, v)], lambda: "")

    def multiply(self, a: Value, b: Value, describe: Callable[[], str]) -> Value:
        """The elementwise product. Raises `Misfit`, which says `describe()`, where the arrays do not broadcast."""
        for x, y in ((a, b), (b, a)):
            size = self.constant(x)
            if size is not None:
                other = self.constant(y)
                if other is not None:
                    return self.number(size * other)
                c = size.constant()
                if c is not None:
                    return self.scale(c, y)
        shape = broadcast(a.shape, b.shape, describe)
        la, out = aligned(a.shape, shape)
        lb, _ = aligned(b.shape, shape)
        return self.einsum([a, b], [la, lb], out, dict(enumerate(shape)))

    def divide(self, a: Value, b: Value, describe: Callable[[], str]) -> Value:
        """The elementwise quotient. Raises `Misfit` where the arrays do not broadcast and for a divisor that is the number 0."""
        return self.multiply(a, self.power(b, Fraction(-1)), describe)

    # --- linear algebra ----------------------------------------------------------------------------------------------

    def transpose(self, v: Value) -> Value:
        """The array with its axes in the opposite order."""
        axes = list(range(len(v.shape)))
        return self.einsum([v], [axes], axes[::-1])

    def matmul(self, a: Value, b: Value, describe: Callable[[], str]) -> Value:
        """NumPy's `@`: leading axes broadcast, a vector has no axis on its outer side. Raises `Misfit` where sizes do not fit."""
        if not a.shape or not b.shape:
            raise Misfit(
                "CLAW022", f"{describe()}: `@` needs arrays, one of these is a scalar", "write `*` for a scalar"
            )
        inner_a, inner_b = a.shape[-1], b.shape[-2] if len(b.shape) > 1 else b.shape[0]
        if inner_a != inner_b:
            raise Misfit(
                "CLAW022", f"{describe()}: the inner sizes {inner_a} and {inner_b} differ", _transpose_hint(a, b)
            )
        head = broadcast(a.shape[:-2], b.shape[:-2], describe)
        la, out = aligned(a.shape[:-2], head)
        lb, _ = aligned(b.shape[:-2], head)
        rows = ["row"] if len(a.shape) > 1 else []
        columns = ["column"] if len(b.shape) > 1 else []
        return self.einsum(
            [a, b],
            [[*la, *rows, "inner"], [*lb, "inner", *columns]],
            [*out, *rows, *columns],
            dict(enumerate(head)),
        )

    def total(self, v: Value, axes: Sequence[int] | None = None) -> Value:
        """The sum along these axes (all of them for None)."""
        labels = list(range(len(v.shape)))
        return self.einsum([v], [labels], [] if axes is None else [x for x in labels if x not in axes])

    def product_of_entries(self, v: Value) -> Value:
        """The product of all entries."""
        if not v.shape:
            return v
        flat = self.reshape(v, (count_entries(v.shape),)) if len(v.shape) > 1 else v
        return self.product(flat, v.loops)

    def product_along(self, v: Value, loop: LoopVariable) -> Value:
        """The product over a loop."""
        axes = list(range(len(v.shape)))
        last = self.einsum([v], [axes], [*axes, loop])
        return self.product(last, last.loops)

    def stack(self, items: Sequence[Value], describe: Callable[[], str]) -> Value:
        """Arrays of one shape along a new first axis. Raises `Misfit` where the shapes differ."""
        for v in items:
            if v.shape != items[0].shape:
                raise Misfit(
                    "CLAW022",
                    f"{describe()}: its entries have different shapes, {shape_text(items[0].shape)} and "
                    f"{shape_text(v.shape)}",
                    "use `concat(a, b)` to join arrays end to end",
                )
        n = Size.of(len(items))
        parts = [(Fraction(1), self.place(v, 0, Size.of(k), n, new_axis=True)) for k, v in enumerate(items)]
        return self.add(parts, describe)

    def concat(self, items: Sequence[Value], axis: int, describe: Callable[[], str]) -> Value:
        """Arrays joined end to end along an axis. Raises `Misfit` where the others differ."""
        first = items[0].shape
        total = ZERO
        for v in items:
            same = len(v.shape) == len(first) and all(
                m == n for k, (m, n) in enumerate(zip(v.shape, first, strict=True)) if k != axis
            )
            if not same:
                raise Misfit(
                    "CLAW022",
                    f"{describe()}: {shape_text(first)} and {shape_text(v.shape)} cannot be joined along axis {axis}",
                )
            total = total + v.shape[axis]
        start = ZERO
        parts = []
        for v in items:
            parts.append((Fraction(1), self.place(v, axis, start, total, new_axis=False)))
            start = start + v.shape[axis]
        return self.add(parts, describe)


def _transpose_hint(a: Value, b: Value) -> str:
    if len(a.shape) == 2 and len(b.shape) == 2:
        if a.shape[1] == b.shape[1]:
            return "transpose the right one: `A @ B.T`"
        if a.shape[0] == b.shape[0]:
            return "transpose the left one: `A.T @ B`"
    return ""

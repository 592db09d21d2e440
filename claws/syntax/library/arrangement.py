"""Arrays of given shapes, triangles, joining and reshaping."""

from __future__ import annotations

from fractions import Fraction

from claws.kernel.core.sizes import ZERO, Size
from claws.syntax import nodes
from claws.syntax.diagnostic import error
from claws.syntax.elaboration.builder import Misfit, NeedsSizes, Value, shape_text
from claws.syntax.elaboration.expressions import Scope, short_text
from claws.syntax.library.arguments import Keywords, Write, axis_of, diagonal_of, shape_arguments


def identity(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
    """The identity matrix."""
    (n,) = scope.shape(e.arguments, "a size")
    return scope.builder.einsum([], [], ["i", "i"], {"i": n})


def filled(value: int) -> Write:
    """An array of a given shape with one number everywhere."""

    def function(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
        return scope.builder.expand(scope.builder.number(value), shape_arguments(scope, e.arguments), ())

    return function


def tri(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
    """NumPy's `tri`: ones at and below the k-th diagonal, 0 elsewhere."""
    shape = scope.shape(e.arguments, "a size")
    return _below(scope, shape[0], shape[-1], diagonal_of(scope, keywords))


def triangle(lower: bool) -> Write:
    """`tril` or `triu`: the entries at and below, or at and above, the k-th diagonal; 0 elsewhere."""

    def function(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
        b = scope.builder
        v = scope.value(e.arguments[0])
        if len(v.shape) < 2:
            raise Misfit("CLAW022", f"`{e.function.name}` needs a matrix, this is {shape_text(v.shape)}")
        k = diagonal_of(scope, keywords)
        below = b.multiply(v, _below(scope, v.shape[-2], v.shape[-1], k if lower else k - 1), lambda: "")
        return below if lower else b.add([(Fraction(1), v), (Fraction(-1), below)], lambda: "")

    return function


def _below(scope: Scope, rows: Size, columns: Size, k: int) -> Value:
    """The rows x columns matrix of 1 where column <= row + k, and 0 elsewhere."""
    n, m = rows.integer(), columns.integer()
    if n is None or m is None:
        raise NeedsSizes(
            f"a triangle of {shape_text((rows, columns))} needs fixed sizes",
            f"fix them, or declare the mask, `const M: [{rows}, {columns}]`: the claim is then made for every mask",
        )
    b = scope.builder
    lengths = (min(max(i + k + 1, 0), m) for i in range(n))
    parts = [(Fraction(1), b.expand(b.number(0), (rows, columns), ()))]
    for i, length in enumerate(lengths):
        if length:
            row = b.place(b.expand(b.number(1), (Size.of(length),), ()), 0, ZERO, columns, new_axis=False)
            parts.append((Fraction(1), b.place(row, 0, Size.of(i), rows, new_axis=True)))
    return b.add(parts, lambda: "")


def concat(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
    """Arrays joined end to end."""
    parts = e.arguments
    if len(parts) == 1 and isinstance(parts[0], nodes.Array):
        parts = parts[0].items
    values = [scope.value(x) for x in parts]
    for v, x in zip(values, parts, strict=True):
        if not v.shape:
            raise error(
                "CLAW022", f"`concat` joins arrays, `{short_text(x)}` is a scalar", x.span, "write `[a, b]` for scalars"
            )
    axis = axis_of(scope, keywords["axis"], values[0]) if "axis" in keywords else 0
    return scope.builder.concat(values, axis, lambda: "these arrays")


def reshape(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
    """An array with the same entries in row-major order and another shape."""
    v = scope.value(e.arguments[0])
    return scope.builder.reshape(v, shape_arguments(scope, e.arguments[1:]))

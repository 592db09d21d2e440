"""Matrix functions and `einsum`."""

from __future__ import annotations

from claws.kernel.core.sizes import Size
from claws.syntax import nodes
from claws.syntax.diagnostic import error
from claws.syntax.elaboration.array_builder import ArrayBuilder
from claws.syntax.elaboration.builder import Misfit, Value, shape_text
from claws.syntax.elaboration.expressions import Scope, short_text
from claws.syntax.library.arguments import Keywords, need_rank


def trace(b: ArrayBuilder, v: Value) -> Value:
    """The sum of the diagonal of a square matrix."""
    need_rank(v, (2,), "trace")
    if v.shape[0] != v.shape[1]:
        raise Misfit("CLAW022", f"`trace` needs a square matrix, this is {shape_text(v.shape)}")
    return b.einsum([v], [["i", "i"]], [])


def diag(b: ArrayBuilder, v: Value) -> Value:
    """The diagonal of a square matrix; of a vector, the matrix with it on the diagonal."""
    need_rank(v, (1, 2), "diag")
    if len(v.shape) == 1:
        return b.einsum([v], [["i"]], ["i", "i"])
    if v.shape[0] != v.shape[1]:
        raise Misfit("CLAW022", f"`diag` needs a square matrix, this is {shape_text(v.shape)}")
    return b.einsum([v], [["i", "i"]], ["i"])


def sqnorm(b: ArrayBuilder, v: Value) -> Value:
    """The sum of the squares of all entries."""
    axes = list(range(len(v.shape)))
    return b.einsum([v, v], [axes, axes], [])


def dot(builder: ArrayBuilder, a: Value, b: Value) -> Value:
    """NumPy's `dot`: a product with a number, or `a @ b`."""
    if not a.shape or not b.shape:
        return builder.multiply(a, b, lambda: "")
    return builder.matmul(a, b, lambda: f"`dot` of {shape_text(a.shape)} and {shape_text(b.shape)}")


def outer(builder: ArrayBuilder, a: Value, b: Value) -> Value:
    """The matrix of all products of an entry of one vector and one of the other."""
    need_rank(a, (1,), "outer")
    need_rank(b, (1,), "outer")
    return builder.einsum([a, b], [["i"], ["j"]], ["i", "j"])


def kron(builder: ArrayBuilder, a: Value, b: Value) -> Value:
    """The Kronecker product of two vectors or two matrices."""
    need_rank(a, (1, 2), "kron")
    need_rank(b, (1, 2), "kron")
    if len(a.shape) != len(b.shape):
        raise Misfit(
            "CLAW022", f"`kron` of {shape_text(a.shape)} and {shape_text(b.shape)}: both are vectors or both matrices"
        )
    rank = len(a.shape)
    out = [x for k in range(rank) for x in (("a", k), ("b", k))]
    product = builder.einsum([a, b], [[("a", k) for k in range(rank)], [("b", k) for k in range(rank)]], out)
    return builder.reshape(product, tuple(m * n for m, n in zip(a.shape, b.shape, strict=True)))


def einsum(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
    """NumPy's `einsum`, with a text of subscripts first."""
    text = e.arguments[0]
    if not isinstance(text, nodes.Text):
        raise error(
            "CLAW024", "the first argument of `einsum` is a text", text.span, 'for example `einsum("ij,jk->ik", A, B)`'
        )
    values = [scope.value(x) for x in e.arguments[1:]]
    spec = text.value.replace(" ", "")
    left, arrow, right = spec.partition("->")
    rows = left.split(",")
    letters = set(left) - {","}
    if not all(x.isalpha() for x in letters | set(right)):
        raise error("CLAW024", f'`einsum` subscripts are letters, "," and "->", not "{text.value}"', text.span)
    if len(rows) != len(values):
        raise error("CLAW024", f"`einsum` has subscripts for {len(rows)} arrays and {len(values)} arrays", text.span)
    if not arrow:
        # NumPy's implicit form: the letters that occur once, in order
        right = "".join(sorted(x for x in letters if left.count(x) == 1))
    sizes: dict[str, Size] = {}
    for row, v, x in zip(rows, values, e.arguments[1:], strict=True):
        if len(row) != len(v.shape):
            raise error(
                "CLAW022", f'"{row}" has {len(row)} subscripts, `{short_text(x)}` is {shape_text(v.shape)}', x.span
            )
        for letter, n in zip(row, v.shape, strict=True):
            if sizes.setdefault(letter, n) != n:
                raise error("CLAW022", f'the subscript "{letter}" has the sizes {sizes[letter]} and {n}', x.span)
    if not set(right) <= letters:
        odd = sorted(set(right) - letters)[0]
        raise error("CLAW024", f'the subscript "{odd}" of the result is on no array', text.span)
    if len(set(right)) != len(right):
        raise error("CLAW024", "a subscript stands twice in the result", text.span)
    return scope.builder.einsum(values, [list(row) for row in rows], list(right))

"""The built-in functions of the language, written with the operations of `builder`.

READ WITH CARE: it decides what a claim means. Everything is NumPy's (or, for convolutions and normalisations, PyTorch's)
function of the same name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from claws.kernel.core.program import Shape
from claws.kernel.core.sizes import ONE, ZERO, Size
from claws.syntax import nodes
from claws.syntax.elaborate import Collect, Scope, error, short_text, suggest
from claws.syntax.elaboration.builder import Loop, Misfit, NeedsSizes, Value, shape_text

Keywords = dict[str, nodes.Expression]


ELEMENTWISE = ("exp", "log", "sin", "cos", "tanh", "relu", "sigmoid", "softplus", "erf")


def _call(scope: Scope, e: nodes.Call) -> Value:
    """A call of a built-in function. Raises `SourceError` for arguments that do not fit."""
    name = e.function.name
    low, high, usage, keywords, function = TABLE[name]
    given: Keywords = {}
    for key, x in e.keywords:
        if key.name not in keywords:
            hint = suggest(key.name, keywords) or f"usage: {usage}"
            raise error("CLAW024", f"`{name}` has no keyword `{key.name}`", key.span, hint)
        if key.name in given:
            raise error("CLAW024", f"the keyword `{key.name}` is given twice", key.span)
        given[key.name] = x
    if not low <= len(e.arguments) <= high:
        count = f"{low}" if low == high else f"{low} to {high}" if high < 99 else f"at least {low}"
        raise error(
            "CLAW024",
            f"`{name}` takes {count} argument{'' if count == '1' else 's'}, not {len(e.arguments)}",
            e.span,
            f"usage: {usage}",
        )
    if name not in ("sum", "prod"):
        for x in e.arguments:
            if isinstance(x, nodes.Generator):
                raise error(
                    "CLAW024", f"`{name}` takes an array, not `... for ...`", x.span, "write `[... for k in a..b]`"
                )
    elif len(e.arguments) > 1 and any(isinstance(x, nodes.Generator) for x in e.arguments):
        raise error("CLAW024", f"`{name}(... for ...)` takes nothing else", e.span)
    return function(scope, e, given)


class _Fold(Collect):
    """`sum` or `prod` over comprehension values."""

    def __init__(self, scope: Scope, product: bool) -> None:
        self.scope = scope
        self.product = product

    def along(self, loop: Loop, v: Value) -> Value:
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


def _fold(product: bool) -> Callable[[Scope, nodes.Call, Keywords], Value]:
    def fold(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
        b = scope.builder
        argument = e.arguments[0]
        if isinstance(argument, nodes.Generator):
            return scope._over(argument.loops, argument.body, _Fold(scope, product))
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
        k = _axis(scope, axis, v)
        if not product:
            return b.total(v, [k])
        axes = list(range(len(v.shape)))
        loop = Loop(0, "axis", ZERO, v.shape[k])
        labels = [loop if x == k else x for x in axes]
        return b.product_along(b.einsum([v], [labels], [x for x in axes if x != k]), loop)

    return fold


def _axis(scope: Scope, e: nodes.Expression, v: Value) -> int:
    k = scope.integer(e, "an axis")
    if not -len(v.shape) <= k < len(v.shape):
        raise error("CLAW023", f"axis {k} is outside an array with {len(v.shape)} axes", e.span)
    return k % len(v.shape)


def _simple(build: Callable[..., Value]) -> Callable[[Scope, nodes.Call, Keywords], Value]:
    """A function of arrays alone."""

    def function(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
        return build(scope, *(scope.value(x) for x in e.arguments))

    return function


def _need(v: Value, ranks: Sequence[int], name: str) -> None:
    if len(v.shape) not in ranks:
        wanted = {(1,): "a vector", (2,): "a matrix", (1, 2): "a vector or a matrix"}[tuple(ranks)]
        raise Misfit("CLAW022", f"`{name}` needs {wanted}, this is {shape_text(v.shape)}")


def _trace(scope: Scope, v: Value) -> Value:
    _need(v, (2,), "trace")
    if v.shape[0] != v.shape[1]:
        raise Misfit("CLAW022", f"`trace` needs a square matrix, this is {shape_text(v.shape)}")
    return scope.builder.einsum([v], [["i", "i"]], [])


def _diag(scope: Scope, v: Value) -> Value:
    _need(v, (1, 2), "diag")
    if len(v.shape) == 1:
        return scope.builder.einsum([v], [["i"]], ["i", "i"])
    if v.shape[0] != v.shape[1]:
        raise Misfit("CLAW022", f"`diag` needs a square matrix, this is {shape_text(v.shape)}")
    return scope.builder.einsum([v], [["i", "i"]], ["i"])


def _sqnorm(scope: Scope, v: Value) -> Value:
    axes = list(range(len(v.shape)))
    return scope.builder.einsum([v, v], [axes, axes], [])


def _dot(scope: Scope, a: Value, b: Value) -> Value:
    if not a.shape or not b.shape:
        return scope.builder.multiply(a, b, lambda: "")
    return scope.builder.matmul(a, b, lambda: f"`dot` of {shape_text(a.shape)} and {shape_text(b.shape)}")


def _outer(scope: Scope, a: Value, b: Value) -> Value:
    _need(a, (1,), "outer")
    _need(b, (1,), "outer")
    return scope.builder.einsum([a, b], [["i"], ["j"]], ["i", "j"])


def _kron(scope: Scope, a: Value, b: Value) -> Value:
    _need(a, (1, 2), "kron")
    _need(b, (1, 2), "kron")
    if len(a.shape) != len(b.shape):
        raise Misfit(
            "CLAW022", f"`kron` of {shape_text(a.shape)} and {shape_text(b.shape)}: both are vectors or both matrices"
        )
    rank = len(a.shape)
    out = [x for k in range(rank) for x in (("a", k), ("b", k))]
    product = scope.builder.einsum([a, b], [[("a", k) for k in range(rank)], [("b", k) for k in range(rank)]], out)
    return scope.builder.reshape(product, tuple(m * n for m, n in zip(a.shape, b.shape, strict=True)))


def _identity(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
    (n,) = scope.shape(e.arguments, "a size")
    return scope.builder.einsum([], [], ["i", "i"], {"i": n})


def _filled(value: int) -> Callable[[Scope, nodes.Call, Keywords], Value]:
    def function(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
        return scope.builder.expand(scope.builder.number(value), _shape_arguments(scope, e.arguments), ())

    return function


def _tri(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
    """NumPy's `tri`: ones at and below the k-th diagonal."""
    shape = scope.shape(e.arguments, "a size")
    return _below(scope, shape[0], shape[-1], _diagonal(scope, keywords))


def _triangle(lower: bool) -> Callable[[Scope, nodes.Call, Keywords], Value]:
    def function(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
        b = scope.builder
        v = scope.value(e.arguments[0])
        if len(v.shape) < 2:
            raise Misfit("CLAW022", f"`{e.function.name}` needs a matrix, this is {shape_text(v.shape)}")
        k = _diagonal(scope, keywords)
        below = b.multiply(v, _below(scope, v.shape[-2], v.shape[-1], k if lower else k - 1), lambda: "")
        return below if lower else b.add([(Fraction(1), v), (Fraction(-1), below)], lambda: "")

    return function


def _diagonal(scope: Scope, keywords: Keywords) -> int:
    return scope.integer(keywords["k"], "a diagonal") if "k" in keywords else 0


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


def _shape_arguments(scope: Scope, arguments: Sequence[nodes.Expression]) -> Shape:
    """`f(n, m)` or `f([n, m])`."""
    if len(arguments) == 1 and isinstance(arguments[0], nodes.Array):
        return scope.shape(arguments[0].items, "a size")
    return scope.shape(arguments, "a size")


def _concat(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
    parts = e.arguments
    if len(parts) == 1 and isinstance(parts[0], nodes.Array):
        parts = parts[0].items
    values = [scope.value(x) for x in parts]
    for v, x in zip(values, parts, strict=True):
        if not v.shape:
            raise error(
                "CLAW022", f"`concat` joins arrays, `{short_text(x)}` is a scalar", x.span, "write `[a, b]` for scalars"
            )
    axis = _axis(scope, keywords["axis"], values[0]) if "axis" in keywords else 0
    return scope.builder.concat(values, axis, lambda: "these arrays")


def _reshape(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
    v = scope.value(e.arguments[0])
    return scope.builder.reshape(v, _shape_arguments(scope, e.arguments[1:]))


def _einsum(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
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


# --- elementwise and normalisations ------------------------------------------------------------------------------


def _elementwise(name: str) -> Callable[[Scope, nodes.Call, Keywords], Value]:
    return _simple(lambda scope, v: scope.builder.apply(name, v))


def _sqrt(scope: Scope, v: Value) -> Value:
    return scope.builder.power(v, Fraction(1, 2))


def _abs(scope: Scope, v: Value) -> Value:
    # |z| = 2 relu(z) - z
    b = scope.builder
    return b.add([(Fraction(2), b.apply("relu", v)), (Fraction(-1), v)], lambda: "")


def _leaky_relu(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
    # a*z + (1 - a)*relu(z)
    b = scope.builder
    z = scope.value(e.arguments[0])
    slope = e.arguments[1] if len(e.arguments) > 1 else keywords.get("slope")
    a = b.number(Fraction(1, 100)) if slope is None else scope.value(slope)
    if a.shape:
        raise error("CLAW022", f"the slope of `leaky_relu` is a number, this is {shape_text(a.shape)}", e.span)
    one_less = b.add([(Fraction(1), b.number(1)), (Fraction(-1), a)], lambda: "")
    return b.add(
        [
            (Fraction(1), b.multiply(a, z, lambda: "")),
            (Fraction(1), b.multiply(one_less, b.apply("relu", z), lambda: "")),
        ],
        lambda: "",
    )


def _gate(name: str) -> Callable[[Scope, nodes.Call, Keywords], Value]:
    """z*f(z): silu is z*sigmoid(z), gelu is z times the normal distribution function of z."""
    return _simple(lambda scope, v: scope.builder.multiply(v, scope.builder.apply(name, v), lambda: ""))


def _last_axis(v: Value, name: str) -> list[int]:
    if not v.shape:
        raise Misfit("CLAW022", f"`{name}` needs an axis, this is a scalar")
    return list(range(len(v.shape)))


def _softmax(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
    """With a mask, exp(z)*mask divided by its sum: what is masked by 0 has no weight."""
    b = scope.builder
    v = scope.value(e.arguments[0])
    axes = _last_axis(v, "softmax")
    weights = b.apply("exp", v)
    if "mask" in keywords:
        mask = scope.value(keywords["mask"])
        weights = b.multiply(weights, mask, lambda: "the mask of `softmax`")
        if weights.shape != v.shape:
            message = f"`softmax` of {shape_text(v.shape)} has a mask of {shape_text(mask.shape)}"
            raise error("CLAW022", message, keywords["mask"].span)
    inverse = b.power(b.total(weights, [axes[-1]]), Fraction(-1))
    return b.einsum([weights, inverse], [axes, axes[:-1]], axes)


def _mean(scope: Scope, v: Value, axes: list[int]) -> Value:
    b = scope.builder
    return b.divide(b.total(v, [axes[-1]]), b.number(v.shape[-1]), lambda: "")


def _normalised(scope: Scope, v: Value, axes: list[int]) -> Value:
    """v / sqrt(mean of v^2 along the last axis)."""
    b = scope.builder
    square = b.einsum([v, v], [axes, axes], axes)
    inverse = b.power(_mean(scope, square, axes), Fraction(-1, 2))
    return b.einsum([v, inverse], [axes, axes[:-1]], axes)


def _layernorm(scope: Scope, v: Value) -> Value:
    b = scope.builder
    axes = _last_axis(v, "layernorm")
    mean = _mean(scope, v, axes)
    spread = b.einsum([mean], [axes[:-1]], axes, {axes[-1]: v.shape[-1]})
    return _normalised(scope, b.add([(Fraction(1), v), (Fraction(-1), spread)], lambda: ""), axes)


def _rmsnorm(scope: Scope, v: Value) -> Value:
    return _normalised(scope, v, _last_axis(v, "rmsnorm"))


# --- convolutions --------------------------------------------------------------------------------------------------


def _conv(rank: int) -> Callable[[Scope, nodes.Call, Keywords], Value]:
    name = f"conv{rank}d"

    def convolution(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
        """PyTorch's: x [..., c_in, n...], w [c_out, c_in/groups, k...]; or one channel, x [n...] and w [k...]."""
        b = scope.builder
        x, w = scope.value(e.arguments[0]), scope.value(e.arguments[1])
        bias = e.arguments[2] if len(e.arguments) > 2 else keywords.get("bias")
        strides = _per_axis(scope, keywords.get("stride"), rank, 1, "stride")
        paddings = _per_axis(scope, keywords.get("padding"), rank, 0, "padding")
        dilations = _per_axis(scope, keywords.get("dilation"), rank, 1, "dilation")
        groups = scope.integer(keywords["groups"], "groups") if "groups" in keywords else 1
        plain = len(x.shape) == rank and len(w.shape) == rank
        if not plain and not (len(x.shape) > rank and len(w.shape) == rank + 2):
            raise error(
                "CLAW022",
                f"`{name}` needs an input with channels, {' x '.join(['c', *'nm'[:rank]])}, and a kernel "
                f"{' x '.join(['d', 'c', *'kl'[:rank]])} (or both without channels); these are {shape_text(x.shape)} and "
                f"{shape_text(w.shape)}",
                e.span,
            )
        if plain:
            if groups != 1 or bias is not None:
                raise error("CLAW024", f"`{name}` without channels takes no groups and no bias", e.span)
            x = Value(b.expand(x, (ONE, *x.shape), x.loops).node, (ONE, *x.shape), x.loops)
            w = Value(b.expand(w, (ONE, ONE, *w.shape), w.loops).node, (ONE, ONE, *w.shape), w.loops)
        batch = len(x.shape) - rank - 1
        channels, per_group, out_channels = x.shape[batch], w.shape[1], w.shape[0]
        if per_group * groups != channels:
            raise error(
                "CLAW022",
                f"`{name}`: the input has {channels} channels, the kernel takes {per_group}"
                + (f" in each of {groups} groups" if groups != 1 else ""),
                e.span,
            )
        for axis in range(rank):
            x = _windows(
                scope, x, batch + 1 + 2 * axis, w.shape[2 + axis], strides[axis], paddings[axis], dilations[axis]
            )
        head: list[object] = [("batch", k) for k in range(batch)]
        spots: list[object] = [("at", k) for k in range(rank)]
        taps: list[object] = [("tap", k) for k in range(rank)]
        pairs = [label for pair in zip(spots, taps, strict=True) for label in pair]
        if groups == 1:
            y = b.einsum([x, w], [[*head, "in", *pairs], ["out", "in", *taps]], [*head, "out", *spots])
        else:
            share = out_channels.integer()
            if share is None or share % groups:
                raise NeedsSizes(f"`{name}` with groups needs a fixed number of output channels that they divide")
            gx = b.reshape(x, (*x.shape[:batch], Size.of(groups), per_group, *x.shape[batch + 1 :]))
            gw = b.reshape(w, (Size.of(groups), Size.of(share // groups), *w.shape[1:]))
            y = b.einsum([gx, gw], [[*head, "g", "in", *pairs], ["g", "out", "in", *taps]], [*head, "g", "out", *spots])
            y = b.reshape(y, (*y.shape[:batch], out_channels, *y.shape[batch + 2 :]))
        if plain:
            return b.total(y, [0])
        if bias is None:
            return y
        v = scope.value(bias)
        if v.shape != (out_channels,):
            raise error(
                "CLAW022",
                f"the bias of `{name}` is a vector of {out_channels}, this is {shape_text(v.shape)}",
                bias.span,
            )
        ones = (ONE,) * rank
        column = b.reshape(v, (out_channels, *ones))
        return b.add([(Fraction(1), y), (Fraction(1), column)], lambda: "")

    return convolution


def _per_axis(scope: Scope, e: nodes.Expression | None, rank: int, default: int, what: str) -> list[int]:
    if e is None:
        return [default] * rank
    items = e.items if isinstance(e, nodes.Array) else (e,) * rank
    if len(items) != rank:
        raise error("CLAW024", f"`{what}` is one number or {rank}", e.span)
    values = [scope.integer(x, what) for x in items]
    if any(k < (0 if what == "padding" else 1) for k in values):
        raise error("CLAW024", f"`{what}` is too small", e.span)
    return values


def _windows(scope: Scope, x: Value, axis: int, taps: Size, stride: int, padding: int, dilation: int) -> Value:
    """Replace one axis of n by two: the place of the window and the tap inside it."""
    b = scope.builder
    n = x.shape[axis] + 2 * padding
    if padding:
        x = b.place(x, axis, Size.of(padding), n, new_axis=False)
    span = n - (taps - 1) * dilation - 1
    b.require(span, f"a kernel of {taps} does not fit into {n}", "CLAW022")
    if stride == 1:
        count = span + 1
    else:
        last = span.integer()
        if last is None:
            raise NeedsSizes(f"a convolution with stride {stride} needs fixed sizes")
        count = Size.of(last // stride + 1)
    return b.window(x, axis, ZERO, (stride, dilation), (count, taps))


def _vel(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
    (argument,) = e.arguments
    if scope.velocity is None:
        raise error(
            "CLAW032", "`vel` has a meaning only under `flow momentum(tau)`", e.span, "declare `flow momentum(tau)`"
        )
    if not isinstance(argument, nodes.Name):
        raise error("CLAW032", "`vel` takes the name of a parameter", argument.span)
    return scope.velocity(argument.name)


Entry = tuple[int, int, str, tuple[str, ...], Callable[[Scope, nodes.Call, Keywords], Value]]

TABLE: dict[str, Entry] = {
    "trace": (1, 1, "trace(A)", (), _simple(_trace)),
    "diag": (1, 1, "diag(A)", (), _simple(_diag)),
    "sqnorm": (1, 1, "sqnorm(A)", (), _simple(_sqnorm)),
    "dot": (2, 2, "dot(a, b)", (), _simple(_dot)),
    "sum": (1, 2, "sum(A), sum(A, axis=0) or sum(e for k in 0..r-1)", ("axis",), _fold(False)),
    "prod": (1, 2, "prod(A), prod(A, axis=0) or prod(e for k in 0..r-1)", ("axis",), _fold(True)),
    "det": (1, 1, "det(A)", (), _simple(lambda scope, v: scope.builder.det(v))),
    "outer": (2, 2, "outer(a, b)", (), _simple(_outer)),
    "kron": (2, 2, "kron(A, B)", (), _simple(_kron)),
    "I": (1, 1, "I(n)", (), _identity),
    "ones": (1, 99, "ones(n, m)", (), _filled(1)),
    "zeros": (1, 99, "zeros(n, m)", (), _filled(0)),
    "tri": (1, 2, "tri(n) or tri(n, m)", ("k",), _tri),
    "tril": (1, 1, "tril(A) or tril(A, k=-1)", ("k",), _triangle(lower=True)),
    "triu": (1, 1, "triu(A) or triu(A, k=1)", ("k",), _triangle(lower=False)),
    "concat": (1, 99, "concat(A, B) or concat(A, B, axis=1)", ("axis",), _concat),
    "reshape": (2, 99, "reshape(A, [n, m])", (), _reshape),
    "einsum": (2, 99, 'einsum("ij,jk->ik", A, B)', (), _einsum),
    **{name: (1, 1, f"{name}(z)", (), _elementwise(name)) for name in ELEMENTWISE},
    "sqrt": (1, 1, "sqrt(z)", (), _simple(_sqrt)),
    "abs": (1, 1, "abs(z)", (), _simple(_abs)),
    "leaky_relu": (1, 2, "leaky_relu(z) or leaky_relu(z, slope=1/10)", ("slope",), _leaky_relu),
    "silu": (1, 1, "silu(z)", (), _gate("sigmoid")),
    "gelu": (1, 1, "gelu(z)", (), _gate("normal_cdf")),
    "softmax": (1, 1, "softmax(z) or softmax(z, mask=M), along the last axis", ("mask",), _softmax),
    "layernorm": (1, 1, "layernorm(z), along the last axis", (), _simple(_layernorm)),
    "rmsnorm": (1, 1, "rmsnorm(z), along the last axis", (), _simple(_rmsnorm)),
    "conv1d": (
        2,
        3,
        "conv1d(x, w, stride=1, padding=0)",
        ("bias", "stride", "padding", "dilation", "groups"),
        _conv(1),
    ),
    "conv2d": (
        2,
        3,
        "conv2d(x, w, stride=1, padding=0)",
        ("bias", "stride", "padding", "dilation", "groups"),
        _conv(2),
    ),
    "vel": (1, 1, "vel(U)", (), _vel),
}

BUILTINS: dict[str, Callable[[Scope, nodes.Call], Value]] = dict.fromkeys(TABLE, _call)
"""The functions of the language by name, as `Scope` calls them."""

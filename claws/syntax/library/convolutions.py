"""PyTorch's convolutions."""

from __future__ import annotations

from fractions import Fraction

from claws.kernel.core.sizes import ONE, ZERO, Size
from claws.syntax import nodes
from claws.syntax.diagnostic import error
from claws.syntax.elaboration.builder import NeedsSizes, Value, shape_text
from claws.syntax.elaboration.expressions import Scope
from claws.syntax.library.arguments import Keywords, Write


def convolution(rank: int) -> Write:
    """`conv1d`, `conv2d`: PyTorch's functions of these names, along the last `rank` axes."""
    name = f"conv{rank}d"

    def function(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
        """Takes x [..., c_in, n...], w [c_out, c_in/groups, k...]; or one channel, x [n...] and w [k...]."""
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

    return function


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

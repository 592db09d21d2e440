"""What softmax and the norms divide by: all along the last axis."""

from __future__ import annotations

from fractions import Fraction

from claws.syntax import nodes
from claws.syntax.diagnostic import error
from claws.syntax.elaboration.array_builder import ArrayBuilder
from claws.syntax.elaboration.builder import Misfit, Value, shape_text
from claws.syntax.elaboration.expressions import Scope
from claws.syntax.library.arguments import Keywords


def _last_axis(v: Value, name: str) -> list[int]:
    if not v.shape:
        raise Misfit("CLAW022", f"`{name}` needs an axis, this is a scalar")
    return list(range(len(v.shape)))


def softmax(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
    """exp(z) divided by its sum; with a mask, exp(z)*mask: what is masked by 0 has no weight."""
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


def _mean(b: ArrayBuilder, v: Value, axes: list[int]) -> Value:
    return b.divide(b.total(v, [axes[-1]]), b.number(v.shape[-1]), lambda: "")


def _normalised(b: ArrayBuilder, v: Value, axes: list[int]) -> Value:
    """v / sqrt(mean of v^2 along the last axis)."""
    square = b.einsum([v, v], [axes, axes], axes)
    inverse = b.power(_mean(b, square, axes), Fraction(-1, 2))
    return b.einsum([v, inverse], [axes, axes[:-1]], axes)


def layernorm(b: ArrayBuilder, v: Value) -> Value:
    """The entries less their mean, over their standard deviation; without scale, shift and epsilon."""
    axes = _last_axis(v, "layernorm")
    b.require(
        v.shape[-1] - 2,
        f"`layernorm` along an axis of size {v.shape[-1]}: the entry less its mean is 0, and so is what it is divided by",
        "CLAW035",
        "it needs at least two entries: normalise along another axis, or give a larger size",
    )
    mean = _mean(b, v, axes)
    spread = b.einsum([mean], [axes[:-1]], axes, {axes[-1]: v.shape[-1]})
    return _normalised(b, b.add([(Fraction(1), v), (Fraction(-1), spread)], lambda: ""), axes)


def rmsnorm(b: ArrayBuilder, v: Value) -> Value:
    """The entries over the root of the mean of their squares; without scale and epsilon."""
    return _normalised(b, v, _last_axis(v, "rmsnorm"))

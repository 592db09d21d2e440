"""What the functions of the language take: arrays, axes, shapes, keywords."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from claws.kernel.core.program import Shape
from claws.syntax import nodes
from claws.syntax.diagnostic import error
from claws.syntax.elaboration.builder import Misfit, Value, shape_text
from claws.syntax.elaboration.expressions import Scope

Keywords = dict[str, nodes.Expression]
"""The arguments of a call that are given by name."""

Write = Callable[[Scope, nodes.Call, Keywords], Value]
"""How a function is written: its value for the arguments of a call. Raises `SourceError` or `Misfit` for what does not fit."""


def of_arrays(build: Callable[..., Value]) -> Write:
    """A function of arrays alone."""

    def function(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
        return build(scope.builder, *(scope.value(x) for x in e.arguments))

    return function


def axis_of(scope: Scope, e: nodes.Expression, v: Value) -> int:
    """An axis of `v`, counted from the start. Raises `SourceError` where it has none such."""
    k = scope.integer(e, "an axis")
    if not -len(v.shape) <= k < len(v.shape):
        raise error("CLAW023", f"axis {k} is outside an array with {len(v.shape)} axes", e.span)
    return k % len(v.shape)


def need_rank(v: Value, ranks: Sequence[int], name: str) -> None:
    """Raises `Misfit` unless the array has one of these numbers of axes."""
    if len(v.shape) not in ranks:
        wanted = {(1,): "a vector", (2,): "a matrix", (1, 2): "a vector or a matrix"}[tuple(ranks)]
        raise Misfit("CLAW022", f"`{name}` needs {wanted}, this is {shape_text(v.shape)}")


def shape_arguments(scope: Scope, arguments: Sequence[nodes.Expression]) -> Shape:
    """The shape that is given as `f(n, m)` or as `f([n, m])`."""
    if len(arguments) == 1 and isinstance(arguments[0], nodes.Array):
        return scope.shape(arguments[0].items, "a size")
    return scope.shape(arguments, "a size")


def diagonal_of(scope: Scope, keywords: Keywords) -> int:
    """Which diagonal `k=` names: 0 is the main one, 1 the one above."""
    return scope.integer(keywords["k"], "a diagonal") if "k" in keywords else 0

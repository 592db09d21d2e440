"""The functions of the language: one table, a function is one row.

READ WITH CARE: it decides what a claim means. Everything is NumPy's (or, for convolutions and normalisations, PyTorch's) function
of the same name. To add a function, write a row; where it needs more than a line, its arrays go into the file of its kind beside
this one. An elementwise function that the kernel has a row for, in `claws/kernel/core/functions.py`, needs none here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from claws.kernel.core.functions import KNOWN, Function
from claws.syntax import nodes
from claws.syntax.diagnostic import error, suggest
from claws.syntax.elaboration.array_builder import ArrayBuilder
from claws.syntax.elaboration.builder import Value
from claws.syntax.elaboration.expressions import Scope
from claws.syntax.library.arguments import Keywords, Write, of_arrays
from claws.syntax.library.arrangement import concat, filled, identity, reshape, tri, triangle
from claws.syntax.library.convolutions import convolution
from claws.syntax.library.elementwise import absolute_value, gated, leaky_relu, square_root
from claws.syntax.library.matrix_functions import diag, dot, einsum, kron, outer, sqnorm, trace
from claws.syntax.library.normalisation import layernorm, rmsnorm, softmax
from claws.syntax.library.reductions import fold

MANY = 99
"""As many arguments as one likes."""


@dataclass(frozen=True, slots=True)
class Builtin:
    """A function of the language."""

    name: str
    usage: str
    """How it is called, for messages."""
    about: str
    """What it is, in half a line."""
    write: Write
    """Its value for the arguments of a call, written in nodes of the program."""
    least: int = 1
    most: int = 1
    """How many arguments it takes, those given by name apart."""
    keywords: tuple[str, ...] = ()
    """What may be given by name."""
    folds: bool = False
    """Whether it takes `... for k in a..b`."""
    applied: bool = False
    """Whether it is an elementwise function of the kernel of the same name, and not written with others."""


def _applied(row: Function) -> Builtin:
    """The row for an elementwise function that the kernel knows by this name."""
    return Builtin(row.name, f"{row.name}(z)", row.about, of_arrays(lambda b, z: b.apply(row.name, z)), applied=True)


def _elementwise(name: str, about: str, build: Callable[[ArrayBuilder, Value], Value]) -> Builtin:
    """A row for an elementwise function of one array that is written with others."""
    return Builtin(name, f"{name}(z)", about, of_arrays(build))


def _velocity(scope: Scope, e: nodes.Call, keywords: Keywords) -> Value:
    (argument,) = e.arguments
    if scope.velocity is None:
        raise error(
            "CLAW032", "`vel` has a meaning only under `flow momentum(tau)`", e.span, "declare `flow momentum(tau)`"
        )
    if not isinstance(argument, nodes.Name):
        raise error("CLAW032", "`vel` takes the name of a parameter", argument.span)
    return scope.velocity(argument.name)


_OF_CONVOLUTIONS = ("bias", "stride", "padding", "dilation", "groups")

# fmt: off
TABLE: tuple[Builtin, ...] = (
    # matrices
    Builtin("trace", "trace(A)", "the sum of the diagonal", of_arrays(trace)),
    Builtin("diag", "diag(A)", "a matrix to its diagonal, a vector to a diagonal matrix", of_arrays(diag)),
    Builtin("sqnorm", "sqnorm(A)", "the sum of the squares", of_arrays(sqnorm)),
    Builtin("dot", "dot(a, b)", "a product with a number, or `a @ b`", of_arrays(dot), 2, 2),
    # sums and products
    Builtin("sum", "sum(A), sum(A, axis=0) or sum(e for k in 0..r-1)", "the sum of entries", fold(False), 1, 2, ("axis",),
            folds=True),
    Builtin("prod", "prod(A), prod(A, axis=0) or prod(e for k in 0..r-1)", "the product of entries", fold(True), 1, 2, ("axis",),
            folds=True),
    # matrices
    Builtin("det", "det(A)", "the determinant of the last two axes", of_arrays(lambda b, v: b.det(v))),
    Builtin("outer", "outer(a, b)", "all products of two vectors' entries", of_arrays(outer), 2, 2),
    Builtin("kron", "kron(A, B)", "the Kronecker product", of_arrays(kron), 2, 2),
    # arrays of given shapes
    Builtin("I", "I(n)", "the identity matrix", identity),
    Builtin("ones", "ones(n, m)", "1 everywhere", filled(1), 1, MANY),
    Builtin("zeros", "zeros(n, m)", "0 everywhere", filled(0), 1, MANY),
    Builtin("tri", "tri(n) or tri(n, m)", "1 at and below the k-th diagonal", tri, 1, 2, ("k",)),
    Builtin("tril", "tril(A) or tril(A, k=-1)", "what is at and below the k-th diagonal", triangle(lower=True), 1, 1, ("k",)),
    Builtin("triu", "triu(A) or triu(A, k=1)", "what is at and above the k-th diagonal", triangle(lower=False), 1, 1, ("k",)),
    # the same entries otherwise
    Builtin("concat", "concat(A, B) or concat(A, B, axis=1)", "arrays joined end to end", concat, 1, MANY, ("axis",)),
    Builtin("reshape", "reshape(A, [n, m])", "the same entries in row-major order", reshape, 2, MANY),
    Builtin("einsum", 'einsum("ij,jk->ik", A, B)', "sums of products by subscripts", einsum, 2, MANY),
    # elementwise
    *(_applied(row) for row in KNOWN.values() if row.word),
    _elementwise("sqrt", "the square root", square_root),
    _elementwise("abs", "the absolute value", absolute_value),
    Builtin("leaky_relu", "leaky_relu(z) or leaky_relu(z, slope=1/10)", "z on the right, slope*z on the left", leaky_relu, 1, 2,
            ("slope",)),
    _elementwise("silu", "z*sigmoid(z)", gated("sigmoid")),
    _elementwise("gelu", "z times the normal distribution function of z", gated("normal_cdf")),
    _elementwise("stop", "the same, but a constant in training: no gradient goes through it", lambda b, z: b.stop(z)),
    # along the last axis
    Builtin("softmax", "softmax(z) or softmax(z, mask=M), along the last axis", "exp(z) over its sum", softmax, 1, 1, ("mask",)),
    Builtin("layernorm", "layernorm(z), along the last axis", "mean 0 and variance 1", of_arrays(layernorm)),
    Builtin("rmsnorm", "rmsnorm(z), along the last axis", "mean square 1", of_arrays(rmsnorm)),
    # convolutions
    Builtin("conv1d", "conv1d(x, w, stride=1, padding=0)", "PyTorch's", convolution(1), 2, 3, _OF_CONVOLUTIONS),
    Builtin("conv2d", "conv2d(x, w, stride=1, padding=0)", "PyTorch's", convolution(2), 2, 3, _OF_CONVOLUTIONS),
    # the state
    Builtin("vel", "vel(U)", "the velocity of a parameter under momentum", _velocity),
)
# fmt: on

_BY_NAME = {row.name: row for row in TABLE}


def _call(scope: Scope, e: nodes.Call) -> Value:
    """A call of a function of the language. Raises `SourceError` for arguments that do not fit."""
    row = _BY_NAME[e.function.name]
    name = row.name
    given: Keywords = {}
    for key, x in e.keywords:
        if key.name not in row.keywords:
            hint = suggest(key.name, row.keywords) or f"usage: {row.usage}"
            raise error("CLAW024", f"`{name}` has no keyword `{key.name}`", key.span, hint)
        if key.name in given:
            raise error("CLAW024", f"the keyword `{key.name}` is given twice", key.span)
        given[key.name] = x
    if not row.least <= len(e.arguments) <= row.most:
        raise error(
            "CLAW024", f"`{name}` takes {_how_many(row)}, not {len(e.arguments)}", e.span, f"usage: {row.usage}"
        )
    if not row.folds:
        for x in e.arguments:
            if isinstance(x, nodes.Generator):
                raise error(
                    "CLAW024", f"`{name}` takes an array, not `... for ...`", x.span, "write `[... for k in a..b]`"
                )
    elif len(e.arguments) > 1 and any(isinstance(x, nodes.Generator) for x in e.arguments):
        raise error("CLAW024", f"`{name}(... for ...)` takes nothing else", e.span)
    return row.write(scope, e, given)


def _how_many(row: Builtin) -> str:
    if row.most == MANY:
        return f"at least {row.least} arguments"
    if row.least < row.most:
        return f"{row.least} to {row.most} arguments"
    return f"{row.least} argument{'' if row.least == 1 else 's'}"


BUILTINS: dict[str, Callable[[Scope, nodes.Call], Value]] = {row.name: _call for row in TABLE}
"""The functions of the language by name, as `Scope` calls them."""

ELEMENTWISE = tuple(row.name for row in TABLE if row.applied)
"""The elementwise functions that are the kernel's own."""

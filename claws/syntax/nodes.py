"""The syntax tree of a `.claw` file, as written: nothing is resolved and no shape is known yet.

Nodes compare by what they say, not by where they stand, so `parse(print(tree)) == tree` is an equality
of trees. By convention nobody changes a node; freezing thirty classes would double the time that reading them takes,
which is a good part of what a small check takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from claws.syntax.diagnostic import START, Span


def _span() -> Span:
    return field(default=START, compare=False, repr=False)


@dataclass(slots=True)
class Identifier:
    """A name where it is declared or mentioned outside an expression."""

    name: str
    span: Span = _span()


# --- expressions -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Number:
    """An exact number; `text` is how it was written (`0.1` is 1/10)."""

    value: Fraction
    text: str = field(default="", compare=False)
    span: Span = _span()


@dataclass(slots=True)
class Text:
    """A string literal: the subscripts of `einsum`."""

    value: str
    span: Span = _span()


@dataclass(slots=True)
class Name:
    """A name where it is used."""

    name: str
    span: Span = _span()


@dataclass(slots=True)
class Negative:
    """`-operand`"""

    operand: Expression
    span: Span = _span()


@dataclass(slots=True)
class Binary:
    """`operator` is one of `+ - * / @ ^` (`**` reads as `^`); `operator_span` is where it stands."""

    operator: str
    left: Expression
    right: Expression
    span: Span = _span()
    operator_span: Span = _span()


@dataclass(slots=True)
class Transpose:
    """`operand.T`"""

    operand: Expression
    span: Span = _span()


@dataclass(slots=True)
class Slice:
    """`start:stop:step` inside an index; each part may be missing."""

    start: Expression | None
    stop: Expression | None
    step: Expression | None
    span: Span = _span()


@dataclass(slots=True)
class Index:
    """`base[items]`: numbers and slices, one for each of the first axes."""

    base: Expression
    items: tuple[Expression | Slice, ...]
    span: Span = _span()


@dataclass(slots=True)
class Call:
    """`function(arguments, keyword=...)`"""

    function: Identifier
    arguments: tuple[Expression, ...]
    keywords: tuple[tuple[Identifier, Expression], ...] = ()
    span: Span = _span()


@dataclass(slots=True)
class Array:
    """`[e1, e2, ...]`"""

    items: tuple[Expression, ...]
    span: Span = _span()


@dataclass(slots=True)
class Loop:
    """`for variable in low..high`, both ends included."""

    variable: Identifier
    low: Expression
    high: Expression
    span: Span = _span()


@dataclass(slots=True)
class ArrayComprehension:
    """`[body for k in low..high]`: stacks along a new first axis (one per loop, in order)."""

    body: Expression
    loops: tuple[Loop, ...]
    span: Span = _span()


@dataclass(slots=True)
class Generator:
    """`body for k in low..high`, only as the single argument of `sum` or `prod`."""

    body: Expression
    loops: tuple[Loop, ...]
    span: Span = _span()


Expression = (
    Number | Text | Name | Negative | Binary | Transpose | Index | Call | Array | ArrayComprehension | Generator
)


def names_in(root: Expression) -> list[str]:
    """The names that an expression mentions, each once, in no particular order; variables of loops among them."""
    found: dict[str, None] = {}
    stack: list[object] = [root]
    while stack:
        x = stack.pop()
        match x:
            case Name(name):
                found[name] = None
            case Negative(operand) | Transpose(operand):
                stack.append(operand)
            case Binary(_, left, right):
                stack += (left, right)
            case Slice(start, stop, step):
                stack += (start, stop, step)
            case Index(base, items):
                stack += (base, *items)
            case Call(_, arguments, keywords):
                stack += (*arguments, *(e for _, e in keywords))
            case Array(items):
                stack += items
            case ArrayComprehension(body, loops) | Generator(body, loops):
                stack += (body, *(e for loop in loops for e in (loop.low, loop.high)))
    return list(found)


def substituted(e: Expression, values: Mapping[str, Expression]) -> Expression:
    """The expression with these names replaced; variables of loops are names like any other."""

    def again(x: Any) -> Any:
        match x:
            case Name(name):
                return values.get(name, x)
            case Negative(operand):
                return Negative(again(operand))
            case Transpose(operand):
                return Transpose(again(operand))
            case Binary(operator, left, right):
                return Binary(operator, again(left), again(right))
            case Slice(start, stop, step):
                return Slice(again(start), again(stop), again(step))
            case Index(base, items):
                return Index(again(base), tuple(map(again, items)))
            case Call(function, arguments, keywords):
                return Call(function, tuple(map(again, arguments)), tuple((k, again(y)) for k, y in keywords))
            case Array(items):
                return Array(tuple(map(again, items)))
            case ArrayComprehension(body, loops):
                return ArrayComprehension(again(body), tuple(map(again, loops)))
            case Generator(body, loops):
                return Generator(again(body), tuple(map(again, loops)))
            case Loop(variable, low, high):
                return Loop(variable, again(low), again(high))
        return x

    result: Expression = again(e)
    return result


# --- declarations ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class Model:
    """`model NAME`"""

    name: Identifier
    span: Span = _span()


@dataclass(slots=True)
class Import:
    """`import "attention.claw" as A(n = 4)`: the model of another file as a block, at sizes for its dims."""

    path: Text
    name: Identifier
    settings: tuple[tuple[Identifier, Expression], ...] = ()
    span: Span = _span()


@dataclass(slots=True)
class Dim:
    """`dim n, r = 2`: each name with its fixed size, or None where it is free."""

    entries: tuple[tuple[Identifier, Expression | None], ...]
    span: Span = _span()


@dataclass(slots=True)
class Group:
    """Names that share a shape and a domain: `a, b: [n] in positive`. None: a scalar; the real numbers."""

    names: tuple[Identifier, ...]
    shape: tuple[Expression, ...] | None = None
    domain: Identifier | None = None
    span: Span = _span()


@dataclass(slots=True)
class Declare:
    """`param`, `input` or `const`, as `role` says."""

    role: str
    groups: tuple[Group, ...]
    span: Span = _span()


@dataclass(slots=True)
class Derivative:
    """`s' = 1 - s^2`, after `with`."""

    of: Identifier
    value: Expression
    span: Span = _span()


@dataclass(slots=True)
class Activation:
    """`activation s homogeneous 2`, `activation s with s' = 1 - s^2`: a degree, a derivative, or None where none is declared."""

    entries: tuple[tuple[Identifier, Expression | Derivative | None], ...]
    span: Span = _span()


@dataclass(slots=True)
class Function:
    """`function F` or `function F: [k]`: without a shape, the value has the shape of the first argument."""

    entries: tuple[tuple[Identifier, tuple[Expression, ...] | None], ...]
    span: Span = _span()


@dataclass(slots=True)
class Let:
    """`let name = value`: an abbreviation."""

    name: Identifier
    value: Expression
    span: Span = _span()


@dataclass(slots=True)
class Map:
    """`map e1, e2`: what the loss sees."""

    outputs: tuple[Expression, ...]
    span: Span = _span()


@dataclass(slots=True)
class Dynamic:
    """One part of a flow: `momentum(tau)`, `rate(eta, U)`."""

    kind: Identifier
    arguments: tuple[Expression, ...] = ()
    span: Span = _span()


@dataclass(slots=True)
class Flow:
    """`flow gradient` or `flow momentum(tau)`, then perhaps `decay(lambda)` and `rate(eta, U)`."""

    parts: tuple[Dynamic, ...]
    span: Span = _span()


@dataclass(slots=True)
class Precondition:
    """`precondition U by P`: U' = -P * grad_U E, elementwise."""

    entries: tuple[tuple[Identifier, Expression], ...]
    span: Span = _span()


# --- claims ----------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Values:
    """What a `for` binding runs over: one value (`n = 3`), a range (`n in 1..4`) or a set (`n in {1, 2}`)."""

    kind: str  # "value", "range" or "set"
    items: tuple[Expression, ...]
    span: Span = _span()


@dataclass(slots=True)
class Comparison:
    """A chain `e1 < e2 <= e3`; operators are `< <= > >= = !=` (`==` reads as `=`)."""

    operands: tuple[Expression, ...]
    operators: tuple[str, ...]
    span: Span = _span()


@dataclass(slots=True)
class For:
    """`for n = 3, m in 1..4 where m < n`, after a claim."""

    bindings: tuple[tuple[Identifier, Values], ...]
    where: tuple[Comparison, ...] = ()
    span: Span = _span()


@dataclass(slots=True)
class Law:
    """`law name = value for ... expect ...`"""

    name: Identifier
    value: Expression
    sizes: For | None = None
    expect: Identifier | None = None
    span: Span = _span()


@dataclass(slots=True)
class Independent:
    """`independent a, b`: no law of these is a function of the others."""

    laws: tuple[Identifier, ...]
    sizes: For | None = None
    expect: Identifier | None = None
    span: Span = _span()


@dataclass(slots=True)
class Complete:
    """`complete a, b in U, V`: every law is a function of these."""

    laws: tuple[Identifier, ...]
    sizes: For | None = None
    expect: Identifier | None = None
    among: tuple[Identifier, ...] | None = None
    """`in Q, K`: of the laws that are functions of these parameters alone. None: of all."""
    span: Span = _span()


@dataclass(slots=True)
class Count:
    """`count = value in U, V`: how many independent laws there are. `relation` is `=`, `>=` or `<=`."""

    relation: str
    value: Expression
    sizes: For | None = None
    expect: Identifier | None = None
    among: tuple[Identifier, ...] | None = None
    """As for `Complete`."""
    span: Span = _span()


Claim = Law | Independent | Complete | Count
Statement = (
    Model
    | Import
    | Dim
    | Declare
    | Activation
    | Function
    | Let
    | Map
    | Flow
    | Precondition
    | Law
    | Independent
    | Complete
    | Count
)


@dataclass(slots=True)
class Comment:
    """A `#` comment, without the mark; the formatter puts it back where it belongs."""

    text: str
    span: Span = _span()


@dataclass(slots=True)
class File:
    """A whole file, in the order of its text."""

    docstring: str | None
    statements: tuple[Statement, ...]
    comments: tuple[Comment, ...] = field(default=(), compare=False)
    docstring_span: Span = _span()

"""Expressions of a `.claw` file to nodes of a program.

READ WITH CARE: with `builder` this decides what a claim means. Expressions are walked as trees; no text is ever
executed. What is wrong raises `SourceError` with the place in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import assert_never

from claws.kernel.core.errors import Malformed
from claws.kernel.core.program import MAX_EXPONENT
from claws.kernel.core.sizes import ZERO, Size
from claws.syntax import nodes
from claws.syntax.diagnostic import Diagnostic, Span, error, suggest
from claws.syntax.elaboration.builder import (
    Affine,
    LoopVariable,
    Misfit,
    NeedsSizes,
    NeedsUnrolling,
    Value,
    broadcast,
    shape_text,
)
from claws.syntax.elaboration.names import Meanings, NeedsSizesHere, NeedsUnrollingHere
from claws.syntax.limits import LIMITS
from claws.syntax.printer import print_expression


@dataclass(frozen=True)
class Calls:
    """What may be called, by name."""

    builtins: Mapping[str, Callable[[Scope, nodes.Call], Value]]
    """The functions of the language; what each one is, `claws.syntax.library` says."""
    activations: Collection[str] = ()
    """Declared functions of one number, applied to each entry."""
    functions: Collection[str] = ()
    """Declared functions of whole arrays."""
    blocks: Mapping[str, Callable[[Scope, nodes.Call], Value]] = field(default_factory=dict)
    """Imported blocks."""


@dataclass(kw_only=True)
class Scope(Meanings):
    """What expressions mean while one program is built: names, and what is called, indexed and gathered."""

    calls: Calls
    velocity: Callable[[str], Value] | None = None
    """The velocity of a parameter, under `flow momentum` only."""
    _loops: int = 0
    """How many loops there have been: each has a number of its own."""

    # --- expressions -----------------------------------------------------------------------------------------------

    def value(self, e: nodes.Expression) -> Value:
        """The array that an expression is."""
        try:
            return self._value(e)
        except NeedsUnrolling as misfit:
            raise NeedsUnrollingHere(Diagnostic(misfit.code, misfit.message, e.span, misfit.hint)) from misfit
        except NeedsSizes as misfit:
            raise NeedsSizesHere(Diagnostic(misfit.code, misfit.message, e.span, misfit.hint)) from misfit
        except Misfit as misfit:
            raise error(misfit.code, misfit.message, e.span, misfit.hint) from misfit
        except Malformed as problem:
            raise error("CLAW029", str(problem), e.span) from problem

    def _value(self, e: nodes.Expression) -> Value:
        b = self.builder
        match e:
            case nodes.Number(value):
                return b.number(value)
            case nodes.Name():
                return self._named(e)
            case nodes.Negative(operand):
                return b.scale(Fraction(-1), self.value(operand))
            case nodes.Binary():
                return self._binary(e)
            case nodes.Transpose(operand):
                return b.transpose(self.value(operand))
            case nodes.Index():
                return self._index(e)
            case nodes.Array(items):
                if not items:
                    raise error("CLAW024", "an array needs an entry", e.span)
                return b.stack([self.value(x) for x in items], lambda: "this array")
            case nodes.ArrayComprehension(body, loops):
                return self.over(loops, body, _Stack(self, e.span))
            case nodes.Call():
                return self._call(e)
            case nodes.Text():
                raise error("CLAW024", 'a text stands only in `einsum("ij,jk->ik", A, B)`', e.span)
            case nodes.Generator():
                raise error("CLAW024", "`... for k in a..b` stands only in `sum`, `prod` and `[...]`", e.span)
        assert_never(e)

    def _named(self, e: nodes.Name) -> Value:
        found = self.resolve(e)
        if isinstance(found, LoopVariable):
            return self.builder.loop_value(found)
        if isinstance(found, Size):
            return self.builder.number(found)
        assert isinstance(found, Value)
        return found

    def _binary(self, e: nodes.Binary) -> Value:
        if e.operator == "^":
            return self._power(e)
        # along the left operands in a loop: a sum of a thousand terms is no deep recursion
        chain = [e]
        while isinstance(e.left, nodes.Binary) and e.left.operator != "^":
            e = e.left
            chain.append(e)
        total = self.value(e.left)
        terms: list[tuple[Fraction, Value]] = []  # of a sum that is still open; `total` then has its shape only
        for k in range(len(chain) - 1, -1, -1):
            e = chain[k]
            right = self.value(e.right)
            try:
                if e.operator in "+-":
                    terms = terms or [(Fraction(1), total)]
                    terms.append((Fraction(1 if e.operator == "+" else -1), right))
                    shape = broadcast(total.shape, right.shape, self._describe(e, total, right))
                    total = replace(total, shape=shape)
                    if k == 0 or chain[k - 1].operator not in "+-":
                        total, terms = self.builder.add(terms, lambda: ""), []
                else:
                    total = self._product(e, total, right)
            except NeedsSizes:
                raise
            except Misfit as misfit:
                raise error(misfit.code, misfit.message, e.operator_span, misfit.hint) from misfit
        return total

    def _product(self, e: nodes.Binary, left: Value, right: Value) -> Value:
        describe = self._describe(e, left, right)
        if e.operator == "*":
            return self.builder.multiply(left, right, describe)
        if e.operator == "/":
            return self.builder.divide(left, right, describe)
        return self.builder.matmul(left, right, describe)

    def _describe(self, e: nodes.Binary, left: Value, right: Value) -> Callable[[], str]:
        return lambda: (
            f"`{print_expression(e.left)}` is {shape_text(left.shape)} and "
            f"`{print_expression(e.right)}` is {shape_text(right.shape)}, so "
            f"`{short_text(e)}` does not fit"
        )

    def _power(self, e: nodes.Binary) -> Value:
        exponent = self.constant(e.right, "an exponent")
        if max(abs(exponent.numerator), exponent.denominator) > MAX_EXPONENT:
            raise error(
                "CLAW029", f"the exponent {_shorten(str(exponent))} is too large (at most {MAX_EXPONENT})", e.right.span
            )
        return self.builder.power(self.value(e.left), exponent)

    def _index(self, e: nodes.Index) -> Value:
        v = self.value(e.base)
        if len(e.items) > len(v.shape):
            raise error(
                "CLAW023",
                f"`{short_text(e.base)}` is {shape_text(v.shape)}: it takes at most {len(v.shape)} "
                f"{'index' if len(v.shape) == 1 else 'indices'}, not {len(e.items)}",
                e.span,
            )
        # from the last axis back, so that the positions of earlier axes stay
        for axis in range(len(e.items) - 1, -1, -1):
            item = e.items[axis]
            n = v.shape[axis]
            try:
                if isinstance(item, nodes.Slice):
                    v = self._slice(v, axis, item)
                else:
                    form = self.affine(item, "an index")
                    if any(c.denominator != 1 for _, c in form.offset.terms):
                        raise error("CLAW026", f"an index must be a whole number, this is {form.offset}", item.span)
                    c = form.offset.integer()
                    if isinstance(item, nodes.Negative) and not form.terms and c is not None and c < 0:
                        form = Affine(n + c)  # written so: an index that is computed counts from the start
                    v = self.builder.gather(v, axis, form)
            except NeedsSizes:
                raise
            except Misfit as misfit:
                raise error(
                    misfit.code, f"`{short_text(e.base)}`: {misfit.message}", item.span, misfit.hint
                ) from misfit
        return v

    def _slice(self, v: Value, axis: int, item: nodes.Slice) -> Value:
        n = v.shape[axis]
        step = 1 if item.step is None else self.integer(item.step, "the step of a slice")

        def bound(e: nodes.Expression | None, default: Size) -> Size:
            if e is None:
                return default
            size = self.size(e, "a slice bound")
            c = size.integer()
            return n + c if isinstance(e, nodes.Negative) and c is not None and c < 0 else size

        if step < 1:
            raise error("CLAW023", "the step of a slice is 1 or more", item.span)
        start, stop = bound(item.start, ZERO), bound(item.stop, n)
        self.builder.require(n - stop, f"the slice ends at {stop}, after the end {n} of the axis")
        self.builder.require(stop - start, f"the slice starts at {start}, after its end {stop}")
        length = stop - start
        if step > 1:
            count = length.integer()
            if count is None:
                raise NeedsSizes(f"a slice with step {step} needs a fixed length, this has {length}")
            length = Size.of((count + step - 1) // step)
        return self.builder.window(v, axis, start, (step,), (length,))

    # --- comprehensions ----------------------------------------------------------------------------------------------

    def _range(self, loop: nodes.Loop) -> tuple[Size, Size]:
        low, high = self.size(loop.low, "a range bound"), self.size(loop.high, "a range bound")
        length = high - low + 1
        # an empty range is allowed, `0..r - 2` at r = 1, a negative one is not
        try:
            self.builder.require(length, f"the range {low}..{high} runs backwards", "CLAW023")
        except Misfit as misfit:
            raise error(misfit.code, misfit.message, loop.span, misfit.hint) from misfit
        return low, length

    def over(self, loops: tuple[nodes.Loop, ...], body: nodes.Expression, collect: Collect) -> Value:
        """The body for all values of the loops, first loop outermost, collected by `collect`."""
        if not loops:
            return self.value(body)
        first, rest = loops[0], loops[1:]
        name = first.variable.name
        if "." in name or name in self.names or name in self.calls.builtins or name in self.local:
            raise error("CLAW020", f"`{name}` already has a meaning; name the variable otherwise", first.variable.span)
        low, length = self._range(first)
        self._loops += 1
        loop = LoopVariable(self._loops, name, low, length)
        try:
            self.local[name] = loop
            return collect.along(loop, self.over(rest, body, collect))
        except NeedsUnrollingHere as problem:
            count, start = length.integer(), low.integer()
            if count is None or start is None:
                raise NeedsSizesHere(problem.diagnostic) from problem
            if count > LIMITS.unrolled:
                raise error(
                    "CLAW034", f"a range of {count} values is too long to be written out", first.span
                ) from problem
            values = []
            for k in range(start, start + count):
                self.local[name] = Size.of(k)
                values.append(self.over(rest, body, collect))
            return collect.items(values)
        finally:
            del self.local[name]

    # --- calls ---------------------------------------------------------------------------------------------------------

    def _call(self, e: nodes.Call) -> Value:
        name = e.function.name
        if name in self.calls.blocks:
            return self.calls.blocks[name](self, e)
        if name in self.calls.activations or name in self.calls.functions:
            if e.keywords:
                raise error("CLAW024", f"`{name}` takes no keyword", e.keywords[0][0].span)
            arguments = [self.value(x) for x in e.arguments]
            if name in self.calls.activations:
                if len(arguments) != 1:
                    raise error("CLAW024", f"the activation `{name}` takes one argument, not {len(arguments)}", e.span)
                return self.builder.apply(name, arguments[0])
            if not arguments:
                raise error("CLAW024", f"the function `{name}` needs an argument", e.span)
            return self.builder.opaque(name, arguments)
        if name not in self.calls.builtins:
            self.check_head(name)
            if name in self.names or name in self.local:
                raise error(
                    "CLAW024",
                    f"`{name}` is not a function",
                    e.function.span,
                    f"write `{name}*(...)` for a product, `{name}[...]` for an entry",
                )
            known = [*self.calls.builtins, *self.calls.activations, *self.calls.functions, *self.calls.blocks]
            hint = suggest(name, known) or "declare it with `activation` (elementwise) or `function`"
            raise error("CLAW021", f"unknown function `{name}`", e.function.span, hint)
        return self.calls.builtins[name](self, e)


class Collect:
    """What a comprehension does with its values."""

    def along(self, loop: LoopVariable, v: Value) -> Value:
        """`v` for all values of the loop at once."""
        raise NotImplementedError

    def items(self, values: list[Value]) -> Value:
        """Values that were elaborated one by one."""
        raise NotImplementedError


class _Stack(Collect):
    def __init__(self, scope: Scope, span: Span) -> None:
        self.scope = scope
        self.span = span

    def along(self, loop: LoopVariable, v: Value) -> Value:
        axes = list(range(len(v.shape)))
        return self.scope.builder.einsum([v], [axes], [loop, *axes])

    def items(self, values: list[Value]) -> Value:
        if not values:
            raise error("CLAW023", "this array is empty", self.span)
        return self.scope.builder.stack(values, lambda: "this array")


def short_text(e: nodes.Expression) -> str:
    """An expression as it is printed, at most 60 characters of it, for messages."""
    return _shorten(print_expression(e))


def _shorten(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."

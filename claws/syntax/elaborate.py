"""Expressions of a `.claw` file to nodes of a program.

READ WITH CARE: with `builder` this decides what a claim means. Expressions are walked as trees; no text is ever
executed. What is wrong raises `SourceError` with the place in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from claws.kernel.core.errors import Malformed
from claws.kernel.core.functions import Property
from claws.kernel.core.program import MAX_EXPONENT, Shape
from claws.kernel.core.sizes import ONE, ZERO, Bounds, Size
from claws.syntax import nodes
from claws.syntax.diagnostic import Diagnostic, SourceError, Span, nearest
from claws.syntax.elaboration.arrays import Arrays
from claws.syntax.elaboration.builder import (
    Affine,
    Loop,
    Misfit,
    NeedsSizes,
    NeedsUnrolling,
    Value,
    shape_text,
)
from claws.syntax.printer import print_expression

MAX_UNROLLED = 10_000
"""The longest comprehension that is written out element by element."""

Named = Value | Loop | Size | SourceError
"""What a name stands for: an array, a comprehension variable, a dim or an unrolled variable, or its own error."""


class NeedsSizesHere(SourceError):
    """A `NeedsSizes` with its place: an error only if nobody gives the sizes."""


class NeedsUnrollingHere(NeedsSizesHere):
    """Raised inside a comprehension; the comprehension tries again, value by value."""


def error(code: str, message: str, span: Span, hint: str = "") -> SourceError:
    return SourceError(Diagnostic(code, message, span, hint))


def suggest(name: str, known: Iterable[str]) -> str:
    """A hint that names the closest known name, or nothing."""
    found = nearest(name, known)
    return f"did you mean `{found}`?" if found else ""


@dataclass
class Scope:
    """What names mean while one claim's program is built."""

    builder: Arrays
    names: Mapping[str, Callable[[], Named]]
    """Declared names; each is elaborated when it is first used."""
    builtins: Mapping[str, Callable[[Scope, nodes.Call], Value]]
    """The functions of the language; what each one is, `claws.syntax.library` says."""
    activations: Mapping[str, Property] = field(default_factory=dict)
    functions: Mapping[str, Shape | None] = field(default_factory=dict)
    about: str = "map"
    """What is being elaborated, for messages: `map`, `law`, ..."""
    inputs_allowed: bool = True
    velocity: Callable[[str], Value] | None = None
    """The velocity of a parameter, under `flow momentum` only."""
    blocks: Mapping[str, Callable[[Scope, nodes.Call], Value]] = field(default_factory=dict)
    """Imported blocks, which are called like functions."""
    _loops: int = field(default=0)
    _local: dict[str, Named] = field(default_factory=dict)

    def resolve(self, node: nodes.Name) -> Named:
        if node.name in self._local:
            return self._local[node.name]
        self._check_head(node.name)
        if node.name not in self.names:
            known = [*self._local, *self.names]
            if node.name in self.blocks:
                hint = f"call it, `{node.name}(...)`, or name one of its parameters, `{node.name}.U`"
                raise error("CLAW024", f"`{node.name}` is a block", node.span, hint)
            if node.name in self.builtins or node.name in self.activations or node.name in self.functions:
                raise error("CLAW024", f"`{node.name}` is a function: call it, `{node.name}(...)`", node.span)
            hint = suggest(node.name, known) or "declare it with `param`, `input`, `const`, `dim` or `let`"
            raise error("CLAW021", f"unknown name `{node.name}`", node.span, hint)
        found = self.names[node.name]()
        if isinstance(found, SourceError):
            raise found
        if isinstance(found, Value) and not self.inputs_allowed:
            inputs = self.builder.leaves_of(found.node, "input")
            if inputs:
                what = f"`{node.name}`" if inputs == [node.name] else f"`{node.name}`, which depends on `{inputs[0]}`,"
                raise error(
                    "CLAW028",
                    f"a {self.about} cannot mention the input {what}".rstrip(",") + ": it must hold for all data",
                    node.span,
                    "laws are about parameters and constants; declare fixed data with `const`",
                )
        return found

    def _check_head(self, name: str) -> None:
        """A name of a block that can't be used is no further error."""
        head = name.partition(".")[0]
        if head in self.names and (head != name or head not in self._local):
            found = self.names[head]()
            if isinstance(found, SourceError):
                raise found

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
        if isinstance(e, nodes.Number):
            return b.number(e.value)
        if isinstance(e, nodes.Name):
            found = self.resolve(e)
            if isinstance(found, Loop):
                return b.loop_value(found)
            if isinstance(found, Size):
                return b.number(found)
            assert isinstance(found, Value)
            return found
        if isinstance(e, nodes.Negative):
            return b.scale(Fraction(-1), self.value(e.operand))
        if isinstance(e, nodes.Binary):
            return self._binary(e)
        if isinstance(e, nodes.Transpose):
            return b.transpose(self.value(e.operand))
        if isinstance(e, nodes.Index):
            return self._index(e)
        if isinstance(e, nodes.Array):
            if not e.items:
                raise error("CLAW024", "an array needs an entry", e.span)
            return b.stack([self.value(x) for x in e.items], lambda: "this array")
        if isinstance(e, nodes.ArrayComprehension):
            return self._array_comprehension(e)
        if isinstance(e, nodes.Call):
            return self._call(e)
        if isinstance(e, nodes.Text):
            raise error("CLAW024", 'a text stands only in `einsum("ij,jk->ik", A, B)`', e.span)
        raise error("CLAW024", "`... for k in a..b` stands only in `sum`, `prod` and `[...]`", e.span)

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
                    shape = self.builder.broadcast(total.shape, right.shape, self._describe(e, total, right))
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

    def constant(self, e: nodes.Expression, what: str) -> Fraction:
        """A rational number that is known at once: numbers, fixed dims, and arithmetic of these."""
        if isinstance(e, nodes.Number):
            return e.value
        if isinstance(e, nodes.Negative):
            return -self.constant(e.operand, what)
        if isinstance(e, nodes.Name):
            found = self.resolve(e)
            if isinstance(found, Loop):
                raise NeedsUnrollingHere(
                    Diagnostic("CLAW025", f"{what} that varies with `{e.name}` needs a range of fixed length", e.span)
                )
            size = found if isinstance(found, Size) else None
            if isinstance(found, Value):
                size = self.builder.constant(found)
            if size is None:
                raise error(
                    "CLAW029",
                    f"{what} is a number, `{e.name}` is not one",
                    e.span,
                    "write powers with numbers, as in `x^3`",
                )
            c = size.constant()
            if c is None:
                raise NeedsSizesHere(
                    Diagnostic(
                        "CLAW025",
                        f"{what} needs a fixed size for `{e.name}`",
                        e.span,
                        f"write `dim {e.name} = 3`, `-D {e.name}=3` or `for {e.name} = 3`",
                    )
                )
            return c
        if isinstance(e, nodes.Binary) and e.operator in "+-*/^":
            a, b = self.constant(e.left, what), self.constant(e.right, what)
            if e.operator == "+":
                return a + b
            if e.operator == "-":
                return a - b
            if e.operator == "*":
                return a * b
            if e.operator == "/":
                if not b:
                    raise error("CLAW035", "division by zero", e.span)
                return a / b
            if b.denominator == 1 and abs(b) <= 64 and (a or b >= 0):
                return a ** int(b)
        raise error("CLAW029", f"{what} must be a number that is known at once", e.span)

    def integer(self, e: nodes.Expression, what: str) -> int:
        c = self.constant(e, what)
        if c.denominator != 1:
            raise error("CLAW029", f"{what} must be a whole number, this is {c}", e.span)
        if abs(c) > 10**6:
            raise error("CLAW029", f"{what} is too large", e.span)
        return int(c)

    # --- sizes and indices -----------------------------------------------------------------------------------------

    def size(self, e: nodes.Expression, what: str) -> Size:
        """An integer expression in the dims."""
        try:
            form = self.affine(e, what)
            Bounds().check_short(form.offset)
        except Malformed as problem:
            raise error("CLAW026", f"{what} is no sensible one: {problem}", e.span) from problem
        if form.terms:
            names = ", ".join(f"`{loop.name}`" for loop, _ in form.terms)
            raise NeedsUnrollingHere(
                Diagnostic("CLAW025", f"{what} that varies with {names} needs a range of fixed length", e.span)
            )
        if any(c.denominator != 1 for _, c in form.offset.terms):
            raise error("CLAW026", f"{what} must be a whole number, this is {form.offset}", e.span)
        value = form.offset.integer()
        if value is not None and abs(value) > 10**6:
            raise error("CLAW026", f"{what} is too large (at most 1000000)", e.span)
        return form.offset

    def affine(self, e: nodes.Expression, what: str) -> Affine:
        """An index expression: a size plus whole multiples of comprehension variables."""
        if isinstance(e, nodes.Number):
            if e.value.denominator != 1:
                raise error("CLAW026", f"{what} must be a whole number, this is {e.text or e.value}", e.span)
            return Affine(Size.of(e.value))
        if isinstance(e, nodes.Name):
            found = self.resolve(e)
            if isinstance(found, Loop):
                return Affine(ZERO, ((found, 1),))
            if isinstance(found, Value):
                size = self.builder.constant(found)
                if size is not None:
                    return Affine(size)
                raise error(
                    "CLAW026",
                    f"{what} is made of whole numbers, dims and comprehension variables; `{e.name}` is an array",
                    e.span,
                )
            assert isinstance(found, Size)
            return Affine(found)
        if isinstance(e, nodes.Negative):
            return _combine(Affine(ZERO), self.affine(e.operand, what), -1)
        if isinstance(e, nodes.Binary):
            if e.operator in "+-":
                return _combine(self.affine(e.left, what), self.affine(e.right, what), 1 if e.operator == "+" else -1)
            if e.operator == "*":
                a, b = self.affine(e.left, what), self.affine(e.right, what)
                if b.terms:
                    a, b = b, a
                if not a.terms:
                    return Affine(a.offset * b.offset)
                c = b.offset.integer()
                if b.terms or c is None:
                    raise NeedsUnrollingHere(
                        Diagnostic(
                            "CLAW025", f"{what} may hold a comprehension variable times a fixed number only", e.span
                        )
                    )
                return _combine(Affine(ZERO), a, c) if c else Affine(ZERO)
            if e.operator == "/":
                a, b = self.affine(e.left, what), self.affine(e.right, what)
                c = b.offset.integer()
                if a.terms or b.terms or c is None:
                    raise NeedsUnrollingHere(Diagnostic("CLAW025", f"{what} with a division needs fixed sizes", e.span))
                if c == 0:
                    raise error("CLAW035", "division by zero", e.span)
                return Affine(a.offset * Fraction(1, c))
            if e.operator == "^":
                a = self.affine(e.left, what)
                k = self.integer(e.right, "an exponent")
                if not a.terms and 0 <= k <= 16:
                    result = ONE
                    for _ in range(k):
                        result = result * a.offset
                    return Affine(result)
        raise error("CLAW026", f"{what} must be a whole-number expression in the dims", e.span)

    def shape(self, items: Iterable[nodes.Expression], what: str) -> Shape:
        result = []
        for e in items:
            n = self.size(e, what)
            self._nonnegative(n, what, e.span)
            result.append(n)
        return tuple(result)

    def _nonnegative(self, n: Size, what: str, span: Span) -> None:
        try:
            self.builder.require(n - 1, f"{what} is {n}, but sizes are at least 1", "CLAW026")
        except Misfit as misfit:
            raise error(misfit.code, misfit.message, span, misfit.hint) from misfit

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

    def _over(self, loops: tuple[nodes.Loop, ...], body: nodes.Expression, collect: Collect) -> Value:
        """The body for all values of the loops, first loop outermost, collected by `collect`."""
        if not loops:
            return self.value(body)
        first, rest = loops[0], loops[1:]
        name = first.variable.name
        if "." in name or name in self.names or name in self.builtins or name in self._local:
            raise error("CLAW020", f"`{name}` already has a meaning; name the variable otherwise", first.variable.span)
        low, length = self._range(first)
        self._loops += 1
        loop = Loop(self._loops, name, low, length)
        try:
            self._local[name] = loop
            return collect.along(loop, self._over(rest, body, collect))
        except NeedsUnrollingHere as problem:
            count, start = length.integer(), low.integer()
            if count is None or start is None:
                raise NeedsSizesHere(problem.diagnostic) from problem
            if count > MAX_UNROLLED:
                raise error(
                    "CLAW034", f"a range of {count} values is too long to be written out", first.span
                ) from problem
            values = []
            for k in range(start, start + count):
                self._local[name] = Size.of(k)
                values.append(self._over(rest, body, collect))
            return collect.items(values)
        finally:
            del self._local[name]

    def _array_comprehension(self, e: nodes.ArrayComprehension) -> Value:
        return self._over(e.loops, e.body, _Stack(self, e.span))

    # --- calls ---------------------------------------------------------------------------------------------------------

    def _call(self, e: nodes.Call) -> Value:
        name = e.function.name
        if name in self.blocks:
            return self.blocks[name](self, e)
        if name in self.activations or name in self.functions:
            if e.keywords:
                raise error("CLAW024", f"`{name}` takes no keyword", e.keywords[0][0].span)
            arguments = [self.value(x) for x in e.arguments]
            if name in self.activations:
                if len(arguments) != 1:
                    raise error("CLAW024", f"the activation `{name}` takes one argument, not {len(arguments)}", e.span)
                return self.builder.apply(name, arguments[0])
            if not arguments:
                raise error("CLAW024", f"the function `{name}` needs an argument", e.span)
            return self.builder.opaque(name, arguments)
        if name not in self.builtins:
            self._check_head(name)
            if name in self.names or name in self._local:
                raise error(
                    "CLAW024",
                    f"`{name}` is not a function",
                    e.function.span,
                    f"write `{name}*(...)` for a product, `{name}[...]` for an entry",
                )
            known = [*self.builtins, *self.activations, *self.functions, *self.blocks]
            hint = suggest(name, known) or "declare it with `activation` (elementwise) or `function`"
            raise error("CLAW021", f"unknown function `{name}`", e.function.span, hint)
        return self.builtins[name](self, e)


class Collect:
    """What a comprehension does with its values."""

    def along(self, loop: Loop, v: Value) -> Value:
        """`v` for all values of the loop at once."""
        raise NotImplementedError

    def items(self, values: list[Value]) -> Value:
        """Values that were elaborated one by one."""
        raise NotImplementedError


class _Stack(Collect):
    def __init__(self, scope: Scope, span: Span) -> None:
        self.scope = scope
        self.span = span

    def along(self, loop: Loop, v: Value) -> Value:
        axes = list(range(len(v.shape)))
        return self.scope.builder.einsum([v], [axes], [loop, *axes])

    def items(self, values: list[Value]) -> Value:
        if not values:
            raise error("CLAW023", "this array is empty", self.span)
        return self.scope.builder.stack(values, lambda: "this array")


def _combine(a: Affine, b: Affine, sign: int) -> Affine:
    terms = dict(a.terms)
    for loop, c in b.terms:
        terms[loop] = terms.get(loop, 0) + sign * c
    return Affine(a.offset + b.offset * sign, tuple((loop, c) for loop, c in terms.items() if c))


def short_text(e: nodes.Expression) -> str:
    return _shorten(print_expression(e))


def _shorten(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "..."

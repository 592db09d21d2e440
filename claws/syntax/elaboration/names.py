"""What a name stands for where it is used, and the numbers, sizes and indices that are made of names.

READ WITH CARE: it decides what a claim means. What is wrong raises `SourceError` with the place in the file.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from claws.kernel.core.errors import Malformed
from claws.kernel.core.program import Shape
from claws.kernel.core.sizes import ONE, ZERO, Size, SizeBounds
from claws.syntax import nodes
from claws.syntax.diagnostic import Diagnostic, SourceError, Span, error, suggest
from claws.syntax.elaboration.array_builder import ArrayBuilder
from claws.syntax.elaboration.builder import Affine, LoopVariable, Misfit, Value
from claws.syntax.limits import LIMITS

Named = Value | LoopVariable | Size | SourceError
"""What a name stands for: an array, a comprehension variable, a dim or an unrolled variable, or its own error."""


class NeedsSizesHere(SourceError):
    """Raised for a `NeedsSizes` with its place: an error only if nobody gives the sizes."""


class NeedsUnrollingHere(NeedsSizesHere):
    """Raised inside a comprehension; the comprehension tries again, value by value."""


@dataclass(kw_only=True)
class Meanings:
    """What names mean where an expression stands.

    Every method raises `SourceError` for what is wrong, and `NeedsSizesHere` for what has a meaning only at fixed sizes.
    """

    builder: ArrayBuilder
    names: Mapping[str, Callable[[], Named]]
    """Declared names; each is elaborated when it is first used."""
    functions: Collection[str]
    """What is called and has no value by itself."""
    blocks: Collection[str] = ()
    """Imported blocks, which are called, too."""
    about: str = "map"
    """What is being elaborated, for messages: `map`, `law`, ..."""
    inputs_allowed: bool = True
    local: dict[str, Named] = field(default_factory=dict)
    """The variables of the comprehensions around."""

    def resolve(self, node: nodes.Name) -> Named:
        """What a name stands for here."""
        if node.name in self.local:
            return self.local[node.name]
        self.check_head(node.name)
        if node.name not in self.names:
            known = [*self.local, *self.names]
            if node.name in self.blocks:
                hint = f"call it, `{node.name}(...)`, or name one of its parameters, `{node.name}.U`"
                raise error("CLAW024", f"`{node.name}` is a block", node.span, hint)
            if node.name in self.functions:
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

    def check_head(self, name: str) -> None:
        """Raises the error of a block whose name this is, where the block can't be used: its names are no further errors."""
        head = name.partition(".")[0]
        if head in self.names and (head != name or head not in self.local):
            found = self.names[head]()
            if isinstance(found, SourceError):
                raise found

    def constant(self, e: nodes.Expression, what: str) -> Fraction:
        """A rational number that is known at once: numbers, fixed dims, and arithmetic of these."""
        if isinstance(e, nodes.Number):
            return e.value
        if isinstance(e, nodes.Negative):
            return -self.constant(e.operand, what)
        if isinstance(e, nodes.Name):
            found = self.resolve(e)
            if isinstance(found, LoopVariable):
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
        """A whole number that is known at once, at most a million either way."""
        c = self.constant(e, what)
        if c.denominator != 1:
            raise error("CLAW029", f"{what} must be a whole number, this is {c}", e.span)
        if abs(c) > LIMITS.size:
            raise error("CLAW029", f"{what} is too large", e.span)
        return int(c)

    # --- sizes and indices -----------------------------------------------------------------------------------------

    def size(self, e: nodes.Expression, what: str) -> Size:
        """A whole-number expression in the dims."""
        try:
            form = self.affine(e, what)
            SizeBounds().check_short(form.offset)
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
        if value is not None and abs(value) > LIMITS.size:
            raise error("CLAW026", f"{what} is too large (at most {LIMITS.size})", e.span)
        return form.offset

    def affine(self, e: nodes.Expression, what: str) -> Affine:
        """An index expression: a size plus whole multiples of comprehension variables."""
        if isinstance(e, nodes.Number):
            if e.value.denominator != 1:
                raise error("CLAW026", f"{what} must be a whole number, this is {e.text or e.value}", e.span)
            return Affine(Size.of(e.value))
        if isinstance(e, nodes.Name):
            found = self.resolve(e)
            if isinstance(found, LoopVariable):
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
        """Sizes, each at least 1 or required to be so."""
        result = []
        for e in items:
            n = self.size(e, what)
            self._require_positive(n, what, e.span)
            result.append(n)
        return tuple(result)

    def _require_positive(self, n: Size, what: str, span: Span) -> None:
        try:
            self.builder.require(n - 1, f"{what} is {n}, but sizes are at least 1", "CLAW026")
        except Misfit as misfit:
            raise error(misfit.code, misfit.message, span, misfit.hint) from misfit


def _combine(a: Affine, b: Affine, sign: int) -> Affine:
    terms = dict(a.terms)
    for loop, c in b.terms:
        terms[loop] = terms.get(loop, 0) + sign * c
    return Affine(a.offset + b.offset * sign, tuple((loop, c) for loop, c in terms.items() if c))

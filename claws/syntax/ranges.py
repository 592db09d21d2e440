"""Numbers that must be known at once, and the sizes that a `for` clause runs over.

READ WITH CARE: it decides at which sizes a claim is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from claws.kernel.core.sizes import Size
from claws.syntax import nodes
from claws.syntax.diagnostic import error, suggest
from claws.syntax.elaboration.array_builder import ArrayBuilder
from claws.syntax.elaboration.names import Meanings
from claws.syntax.library.table import BUILTINS
from claws.syntax.limits import LIMITS
from claws.syntax.spec import Sizes, Spec


def numbers(spec: Spec, known: Mapping[str, int]) -> Meanings:
    """The dims by themselves at these sizes, for numbers that must be known at once; those that neither is known stay free."""
    fixed = {
        d: Size.of(known[d]) if d in known else Size.of(n) if n is not None else Size.dim(d)
        for d, n in spec.dims.items()
    }
    names = {d: (lambda d=d: fixed[d]) for d in fixed}
    return Meanings(builder=ArrayBuilder({}, {}), names=names, functions=BUILTINS, about="size")


def _number(spec: Spec, e: nodes.Expression, known: Sizes) -> int:
    return numbers(spec, known).integer(e, "a size")


class Ranges:
    """What `for` clauses of a file run over."""

    def __init__(self, spec: Spec, overrides: Mapping[str, int]) -> None:
        self.spec = spec
        self.overrides = overrides
        self.tried = 0
        """Sizes of the clause so far, those that its `where` turns down among them."""

    def sizes(self, clause: nodes.For) -> Iterator[Sizes]:
        """The sizes of a `for` clause. Raises `SourceError` for what is no dim, is no size, or is too much."""
        spec = self.spec
        names: list[str] = []
        for name, _ in clause.bindings:
            if name.name not in spec.dims:
                hint = suggest(name.name, spec.dims) or "declare it with `dim`"
                raise error("CLAW030", f"`{name.name}` is not a dim", name.span, hint)
            if name.name in names:
                raise error("CLAW030", f"`{name.name}` is bound twice", name.span)
            if spec.dims[name.name] is not None and name.name not in self.overrides:
                raise error(
                    "CLAW030",
                    f"the dim `{name.name}` is fixed to {spec.dims[name.name]}",
                    name.span,
                    "remove its size from `dim`",
                )
            names.append(name.name)
        # what `where` turns down is work, too
        self.tried = 0
        for sizes in self._bindings(clause.bindings, {}):
            if all(self._holds(c, sizes) for c in clause.where):
                yield sizes

    def _bindings(self, bindings: tuple[tuple[nodes.Identifier, nodes.Values], ...], known: Sizes) -> Iterator[Sizes]:
        if not bindings:
            yield dict(known)
            return
        (name, values), rest = bindings[0], bindings[1:]
        for n in self._values(values, known):
            self.tried += 1
            if self.tried > LIMITS.instances:
                raise error("CLAW030", f"this `for` runs over more than {LIMITS.instances} sizes", name.span)
            if n < 1:
                raise error("CLAW030", f"sizes are at least 1, this gives {name.name} = {n}", values.span)
            if self.overrides.get(name.name, n) != n:
                continue  # `-D` keeps one of the sizes
            yield from self._bindings(rest, {**known, name.name: n})

    def _values(self, values: nodes.Values, known: Sizes) -> Iterator[int]:
        numbers = [_number(self.spec, e, known) for e in values.items]
        if values.kind == "range":
            low, high = numbers
            if high - low > LIMITS.instances:
                raise error("CLAW030", "this range is too long", values.span)
            yield from range(low, high + 1)
        else:
            yield from dict.fromkeys(numbers)

    def _holds(self, c: nodes.Comparison, sizes: Sizes) -> bool:
        numbers = [_number(self.spec, e, sizes) for e in c.operands]
        tests: dict[str, Callable[[int, int], bool]] = {
            "<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__, "=": int.__eq__, "!=": int.__ne__,
        }  # fmt: skip
        return all(tests[op](a, b) for op, a, b in zip(c.operators, numbers, numbers[1:], strict=False))

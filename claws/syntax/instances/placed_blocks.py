"""Imported blocks: the model of another file, called like a function, with parameters of its own.

READ WITH CARE: it decides what a network made of blocks means. A block is elaborated by itself, with its dims left free, and
its nodes are then copied one by one into the network's program: sizes are put in for its dims, the network's leaves and
arguments for its own leaves. So a call means what the block's file says, whatever names the network uses, and the kernel can
find the block again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from claws.kernel.core.flow import STATE, parameter_of, velocity_of
from claws.kernel.core.program import Leaf, operands_of
from claws.kernel.core.sizes import Size
from claws.kernel.core.statement import Statement
from claws.syntax import nodes
from claws.syntax.diagnostic import Diagnostic, SourceError, error, suggest
from claws.syntax.dynamics import TIME
from claws.syntax.elaboration.array_builder import ArrayBuilder
from claws.syntax.elaboration.builder import Misfit, Value, shape_text
from claws.syntax.elaboration.expressions import Scope
from claws.syntax.elaboration.names import NeedsSizesHere
from claws.syntax.spec import Block, Spec


class Elaborated(Protocol):
    """What a block needs of a file at some sizes: of the network that it is placed in, and of its own."""

    builder: ArrayBuilder

    def value(self, name: str) -> Value:
        """A declared array."""
        ...

    def law(self, name: str) -> Value:
        """A law of the file."""
        ...

    def outputs(self) -> list[Value]:
        """What the loss sees."""
        ...

    def velocity(self, name: str) -> Value:
        """The velocity of a parameter. Raises `Misfit` without one."""
        ...

    def time(self) -> Value:
        """The time. Raises `Misfit` without one."""
        ...

    def statement(self, law: str) -> Statement:
        """What PROVED means for a law of the file."""
        ...


class BlockValue:
    """A law or a `let` of a block (its output for the name "") in a program of the block's own. Networks share it."""

    def __init__(self, spec: Spec, name: str, instance: Elaborated) -> None:
        self.name = name
        self.instance = instance
        if name:
            inner = self.instance
            self.value = inner.law(name) if name in spec.law_names() else inner.value(name)
        else:
            (self.value,) = self.instance.outputs()
        self.conditions = tuple(self.instance.builder.conditions)
        """What it needs of the sizes; what the model needs beside may come later."""

    @cached_property
    def statement(self) -> Statement:
        """The law, as one of the block alone."""
        return self.instance.statement(self.name)


@dataclass(frozen=True)
class Lift:
    """A law of a network that is a law of one of its blocks.

    `inner` is the law as one of the block alone; `dims` are the block's dims in the network, `names` what its leaves and
    functions are called there, `calls` the positions of its outputs and the nodes of the network's statement that are these.
    """

    inner: Statement
    dims: Mapping[str, Size]
    names: Mapping[str, str]
    calls: tuple[tuple[int, int], ...]


class PlacedBlock:
    """A block in a network at some sizes. What is wrong raises `SourceError` with a place in the network's file."""

    def __init__(
        self,
        block: Block,
        dims: Mapping[str, Size],
        here: Elaborated,
        elaborate: Callable[[Spec, Mapping[str, int]], Elaborated],
    ) -> None:
        self.block = block
        self.dims = dims
        """The sizes of the block's dims, in the dims of the network."""
        self.here = here
        """The network."""
        self.elaborate = elaborate
        """A file at some sizes: the block by itself."""
        self.calls: list[int] = []
        """The nodes of the network that are values of the block, but for those inside comprehensions."""
        self._values: dict[str, Value] = {}

    def value(self, name: str) -> Value:
        """A law or a `let` of the block in the network's program."""
        if name not in self._values:
            try:
                self._values[name] = _Copy(self, self._reading(name), {}).result()
            except Misfit as misfit:
                message = f"`{self.block.name}.{name}` has no meaning here: {misfit.message}"
                raise error(misfit.code, message, self.block.node.span, misfit.hint) from misfit
        return self._values[name]

    def call(self, scope: Scope, e: nodes.Call) -> Value:
        """The block's output for these arguments."""
        outputs = self.block.spec.map.outputs if self.block.spec.map is not None else ()
        if len(outputs) != 1:
            raise error(
                "CLAW036",
                f"`{self.block.name}` has {len(outputs)} outputs, and only a block with one can be called",
                e.span,
                "join them, for example by `concat`",
            )
        reading = self._reading("")
        arguments = self._arguments(scope, e, reading.instance)
        try:
            result = _Copy(self, reading, arguments).result()
        except Misfit as misfit:
            message = f"`{self.block.name}` does not fit here: {misfit.message}"
            raise error(misfit.code, message, e.span, misfit.hint) from misfit
        if not result.loops:
            self.here.builder.sealed.add(result.node)
            self.calls.append(result.node)
        return result

    def _arguments(self, scope: Scope, e: nodes.Call, inner: Elaborated) -> dict[str, Value]:
        block = self.block.name
        names = [name for name, (_, role) in self.block.spec.leaves.items() if role == "input"]
        usage = f"usage: {block}({', '.join(names)})"
        if len(e.arguments) > len(names):
            count = f"{len(names)} argument{'' if len(names) == 1 else 's'}"
            raise error("CLAW024", f"`{block}` takes {count}, not {len(e.arguments)}", e.span, usage)
        given = dict(zip(names, e.arguments, strict=False))
        for key, x in e.keywords:
            if key.name not in names:
                hint = suggest(key.name, names) or usage
                raise error("CLAW024", f"`{block}` has no input `{key.name}`", key.span, hint)
            if key.name in given:
                raise error("CLAW024", f"the input `{key.name}` is given twice", key.span)
            given[key.name] = x
        missing = [f"`{name}`" for name in names if name not in given]
        if missing:
            raise error("CLAW024", f"`{block}` needs a value for {', '.join(missing)}", e.span, usage)
        found = {}
        for name, x in given.items():
            v = scope.value(x)
            wanted = tuple(n.at(self.dims) for n in inner.value(name).shape)
            if v.shape != wanted:
                message = f"`{block}` takes {shape_text(wanted)} for `{name}`, this is {shape_text(v.shape)}"
                raise error("CLAW022", message, x.span, f"the sizes of `{block}` are given where it is imported")
            found[name] = v
        return found

    def _reading(self, name: str) -> BlockValue:
        """With the block's dims left free, if that can be, else at the sizes that they have here."""
        try:
            try:
                return self._read(name, {})
            except NeedsSizesHere:
                sizes = {d: n.integer() for d, n in self.dims.items()}
                if not sizes or any(n is None for n in sizes.values()):
                    raise
                return self._read(name, {d: n for d, n in sizes.items() if n is not None})
        except SourceError as problem:
            d = problem.diagnostic
            message = f"`{self.block.name}` ({self.block.spec.path}, line {d.span.line}): {d.message}"
            kind = NeedsSizesHere if isinstance(problem, NeedsSizesHere) else SourceError
            raise kind(Diagnostic(d.code, message, self.block.node.span, d.hint)) from problem

    def _read(self, name: str, sizes: Mapping[str, int]) -> BlockValue:
        spec, key = self.block.spec, (name, *sizes.items())
        if key not in spec.taken:
            spec.taken[key] = BlockValue(spec, name, self.elaborate(spec, sizes))
        found: BlockValue = spec.taken[key]
        return found

    def lift(self, law: str, number: Mapping[int, int]) -> Lift:
        """A law of the block as one of the network, whose nodes have these numbers in its statement."""
        inner = self._reading(law).statement
        program = inner.program
        own = [leaf.name for _, leaf in program.leaves(*STATE, "const")]
        own += [*dict(program.activations), *program.functions]
        calls = tuple((0, number[n]) for n in dict.fromkeys(self.calls) if n in number)
        return Lift(inner, self.dims, {x: self.name_here(x) for x in own}, calls)

    def name_here(self, name: str) -> str:
        """What a leaf or a function of the block is called in the network."""
        if name == TIME:
            return name
        parameter = parameter_of(name)
        here = f"{self.block.name}.{parameter}"
        return here if parameter == name else velocity_of(here)

    def leaf(self, leaf: Leaf) -> Value:
        """What a leaf of the block is in the network."""
        if leaf.role == "velocity":
            return self.here.velocity(f"{self.block.name}.{parameter_of(leaf.name)}")
        if leaf.role == "time":
            return self.here.time()
        if leaf.role == "input":
            raise Misfit("CLAW028", f"it depends on the block's input `{leaf.name}`")
        return self.here.value(self.name_here(leaf.name))


class _Copy:
    """Copies nodes of a block into the network's program; what depends on comprehension variables has their axes first."""

    def __init__(self, placed: PlacedBlock, reading: BlockValue, arguments: Mapping[str, Value]) -> None:
        self.placed = placed
        self.reading = reading
        self.source = reading.instance.builder
        self.arguments = arguments
        self.known: dict[int, Value] = {}
        prefix = placed.block.name
        self.functions = {f: f"{prefix}.{f}" for f in (*self.source.activations, *self.source.functions)}
        """What the block's functions are called in the network."""

    def result(self) -> Value:
        """Raises `Misfit` where the block has no meaning in this network."""
        source, target = self.source, self.placed.here.builder
        for condition in self.reading.conditions:
            here = condition.at(self.placed.dims)
            target.require(here, f"the block needs {here} >= 0", "CLAW026")
        for n in source.cone(self.reading.value.node):
            if n not in self.known:
                self.known[n] = self._node(n)
        return self.known[self.reading.value.node]

    def _node(self, n: int) -> Value:
        node = self.source.nodes[n]
        if isinstance(node, Leaf):
            return self.arguments[node.name] if node.name in self.arguments else self.placed.leaf(node)
        operands = [self.known[m] for m in operands_of(node)]
        target = self.placed.here.builder
        return target.copied(node, self.source.shapes[n], operands, self.placed.dims, self.functions)

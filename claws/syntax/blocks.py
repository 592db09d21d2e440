"""Imported blocks: the model of another file, called like a function, with parameters of its own.

READ WITH CARE: it decides what a network made of blocks means. A block is elaborated by itself, with its dims left free, and
its nodes are then copied one by one into the network's program: sizes are put in for its dims, the network's leaves and
arguments for its own leaves. So a call means what the block's file says, whatever names the network uses, and the kernel can
find the block again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from claws.kernel.errors import Malformed
from claws.kernel.flow import STATE, parameter_of, velocity_of
from claws.kernel.program import (
    Apply,
    Det,
    Einsum,
    Gather,
    Leaf,
    Node,
    Opaque,
    Power,
    Product,
    Reshape,
    Scatter,
    Sum,
    node_at,
    operands_of,
    renumbered,
)
from claws.kernel.sizes import Size
from claws.kernel.statement import Statement
from claws.syntax import nodes
from claws.syntax.builder import Builder, Misfit, Value, shape_text
from claws.syntax.diagnostic import Diagnostic, SourceError
from claws.syntax.dynamics import TIME
from claws.syntax.elaborate import NeedsSizesHere, Scope, error, suggest

if TYPE_CHECKING:
    from claws.syntax.spec import Instance, Spec


@dataclass(frozen=True)
class Block:
    """An import: what the other file says, and each of its free dims as an expression in the dims of this one."""

    node: nodes.Import
    spec: Spec
    dims: Mapping[str, nodes.Expression]

    @property
    def name(self) -> str:
        return self.node.name.name

    def ours(self, e: nodes.Expression) -> nodes.Expression:
        """An expression of the block in the names of this file."""
        spec = self.spec
        own: dict[str, nodes.Expression] = {x: nodes.Name(f"{self.name}.{x}") for x in (*spec.leaves, *spec.lets)}
        fixed = {d: nodes.Number(Fraction(n)) for d, n in spec.dims.items() if n is not None}
        return nodes.substituted(e, {**own, **fixed, **self.dims})


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

    def __init__(self, block: Block, here: Instance, dims: Mapping[str, Size]) -> None:
        self.block = block
        self.here = here
        self.dims = dims
        self.calls: list[int] = []
        """The nodes of the network that are values of the block, but for those inside comprehensions."""
        self._read: dict[str, tuple[Instance, Value]] = {}
        self._values: dict[str, Value] = {}

    def value(self, name: str) -> Value:
        """A law or a `let` of the block in the network's program."""
        if name not in self._values:
            inner, own = self._own(name)
            try:
                self._values[name] = _Copy(self, inner.builder, {}).value(own)
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
        inner, output = self._own("")
        arguments = self._arguments(scope, e, inner)
        try:
            result = _Copy(self, inner.builder, arguments).value(output)
        except Misfit as misfit:
            message = f"`{self.block.name}` does not fit here: {misfit.message}"
            raise error(misfit.code, message, e.span, misfit.hint) from misfit
        if not result.loops:
            self.here.builder.sealed.add(result.node)
            self.calls.append(result.node)
        return result

    def _arguments(self, scope: Scope, e: nodes.Call, inner: Instance) -> dict[str, Value]:
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

    def _own(self, name: str) -> tuple[Instance, Value]:
        """A law or `let` of the block (its output for "") in a program of the block's own, with dims left free if that can be."""
        if name not in self._read:
            try:
                try:
                    self._read[name] = self._elaborate(name, {})
                except NeedsSizesHere:
                    sizes = {d: n.integer() for d, n in self.dims.items()}
                    if not sizes or any(n is None for n in sizes.values()):
                        raise
                    self._read[name] = self._elaborate(name, {d: n for d, n in sizes.items() if n is not None})
            except SourceError as problem:
                d = problem.diagnostic
                message = f"`{self.block.name}` ({self.block.spec.path}, line {d.span.line}): {d.message}"
                kind = NeedsSizesHere if isinstance(problem, NeedsSizesHere) else SourceError
                raise kind(Diagnostic(d.code, message, self.block.node.span, d.hint)) from problem
        return self._read[name]

    def _elaborate(self, name: str, sizes: Mapping[str, int]) -> tuple[Instance, Value]:
        spec = self.block.spec
        inner = spec.instance(sizes)
        if name:
            return inner, inner.law(name) if name in spec.law_names() else inner.value(name)
        assert spec.map is not None
        return inner, inner.output(spec.map.outputs[0])

    def lift(self, law: str, number: Mapping[int, int]) -> Lift:
        """A law of the block as one of the network, whose nodes have these numbers in its statement."""
        inner = self._own(law)[0].statement(law)
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

    def __init__(self, placed: PlacedBlock, source: Builder, arguments: Mapping[str, Value]) -> None:
        self.placed = placed
        self.source = source
        self.arguments = arguments
        self.known: dict[int, Value] = {}

    def value(self, v: Value) -> Value:
        """Raises `Misfit` where the block has no meaning in this network."""
        source, target = self.source, self.placed.here.builder
        for condition in source.conditions:
            here = condition.at(self.placed.dims)
            target.require(here, f"the block needs {here} >= 0", "CLAW026")
        for n in source.cone(v.node):
            if n not in self.known:
                self.known[n] = self._node(n, target)
        return self.known[v.node]

    def _node(self, n: int, target: Builder) -> Value:
        source, dims, name = self.source, self.placed.dims, self.placed.block.name
        node = source.nodes[n]
        if isinstance(node, Leaf):
            return self.arguments[node.name] if node.name in self.arguments else self.placed.leaf(node)
        shape = tuple(k.at(dims) for k in source.shapes[n])
        node = node_at(node, dims)
        if isinstance(node, Apply | Opaque) and (
            node.function in source.activations or node.function in source.functions
        ):
            node = replace(node, function=f"{name}.{node.function}")
        operands = [self.known[m] for m in operands_of(node)]
        if not any(v.loops for v in operands):
            place = dict(zip(operands_of(node), (v.node for v in operands), strict=True))
            return Value(target.node(renumbered(node, place)), shape)
        return _over_loops(target, node, operands, shape)


def _over_loops(target: Builder, node: Node, operands: list[Value], shape: tuple[Size, ...]) -> Value:
    """The node for all values of the comprehension variables that its operands depend on."""
    if isinstance(node, Einsum):
        sizes = dict(enumerate(node.sizes))
        return target.einsum(operands, node.labels, node.out, sizes)  # type: ignore[arg-type]
    if isinstance(node, Sum):
        return target.add([(c, v) for (c, _), v in zip(node.terms, operands, strict=True)], lambda: "")
    loops = tuple(sorted({x for v in operands for x in v.loops}, key=lambda x: x.number))
    first = tuple(x.length for x in loops)
    moved = [target.expand(v, v.shape, loops).node for v in operands]
    match node:
        case Power() | Apply() | Product() | Det():
            node = replace(node, operand=moved[0])
        case Opaque():
            node = replace(node, operands=tuple(moved), shape=(*first, *node.shape), batch=node.batch + len(loops))
        case Gather() | Scatter():
            node = replace(node, operand=moved[0], axis=node.axis + len(loops))
        case Reshape():
            node = replace(node, operand=moved[0], shape=(*first, *node.shape))
        case _:
            raise Malformed(f"a {type(node).__name__} depends on a comprehension variable")
    return Value(target.node(node), shape, loops)

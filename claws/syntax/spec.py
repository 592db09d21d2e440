"""A whole `.claw` file: its declarations, its claims, and the statement of each claim at each size.

READ WITH CARE: it decides what a claim means. `load_text` reads a file and reports every error that it finds;
`Spec.instance(sizes)` is the model at these sizes (dims not given stay free), and `Instance.statement(law)` what the kernel
is asked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction

from claws.kernel.errors import Malformed
from claws.kernel.flow import Flow, parameter_of
from claws.kernel.functions import Property
from claws.kernel.program import Leaf, Node, Program, Shape
from claws.kernel.sizes import Size
from claws.kernel.statement import Complete, Count, Independent, Statement
from claws.syntax import nodes
from claws.syntax.blocks import Block, Lift, PlacedBlock, Reading
from claws.syntax.builder import Builder, Misfit, Value
from claws.syntax.diagnostic import START, Diagnostic, SourceError, Span
from claws.syntax.dynamics import (
    TIME,
    Dynamics,
    Elaborated,
    check_fit,
    check_names,
    read_flow,
    time_leaf,
    velocity_leaf,
)
from claws.syntax.elaborate import Named, NeedsSizesHere, Scope, error, suggest
from claws.syntax.lexer import quote
from claws.syntax.library import BUILTINS
from claws.syntax.parser import parse_source
from claws.syntax.slopes import read_slope
from claws.syntax.source import read_source

MAX_INSTANCES = 100_000
"""The most sizes that one `for` may run over, those that its `where` turns down among them."""

MAX_IMPORTS = 16
"""How deep files may import each other."""

MAX_IMPORTED = 4_000
"""The most leaves, laws and abbreviations that a file may have from its blocks: imports of imports multiply."""

MAX_SIZE = 1_000_000
"""The largest size that may be given, as for certificates."""

Sizes = dict[str, int]


@dataclass(frozen=True)
class Claim:
    """One claim of a file, for every size of its `for` clause."""

    node: nodes.Claim
    kind: str  # "law", "independent", "complete" or "count"
    name: str
    laws: tuple[str, ...]
    expected: str  # "PROVED", "REFUTED" or "UNKNOWN"
    sizes: tuple[Sizes, ...]
    """The sizes given by `for`, one dict for each instance; a single empty dict without `for`."""
    among: tuple[str, ...] | None = None
    """The claim is about laws that are functions of these parameters alone; None: of all."""


@dataclass
class Spec:
    """A file that has been read. `diagnostics` are its errors; claims of a file with errors are not checked."""

    path: str
    text: str
    file: nodes.File
    model: str
    diagnostics: list[Diagnostic] = field(default_factory=list)
    dims: dict[str, int | None] = field(default_factory=dict)
    """Each dim with its fixed size, or None where it is free."""
    claims: list[Claim] = field(default_factory=list)
    leaves: dict[str, tuple[nodes.Group, str]] = field(default_factory=dict)
    """Each parameter, input and constant with its group and role."""
    lets: dict[str, nodes.Let] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)
    """Imported blocks. Their parameters and constants are among the leaves, as `A.U`; so are their activations and functions."""
    activations: dict[str, Property] = field(default_factory=dict)
    functions: dict[str, tuple[nodes.Expression, ...] | None] = field(default_factory=dict)
    laws: dict[str, nodes.Law] = field(default_factory=dict)
    map: nodes.Map | None = None
    flow: nodes.Flow | None = None
    dynamics: Dynamics = field(default_factory=Dynamics)
    preconditions: dict[str, tuple[nodes.Identifier, nodes.Expression]] = field(default_factory=dict)
    readings: dict[tuple[object, ...], Reading] = field(default_factory=dict)
    """What networks have taken from this file."""
    broken: dict[str, SourceError] = field(default_factory=dict)
    """Names whose declaration is wrong: using them is no further error."""

    def instance(self, sizes: Mapping[str, int]) -> Instance:
        """The model at these sizes. Dims that are neither given nor fixed stay free."""
        return Instance(self, sizes)

    def parameters(self) -> list[str]:
        return [name for name, (_, role) in self.leaves.items() if role == "param"]

    def law_names(self) -> list[str]:
        """The laws of the file and, as `A.balance`, those of its blocks."""
        imported = (f"{a}.{name}" for a, block in self.blocks.items() for name in block.spec.law_names())
        return [*self.laws, *imported]

    def block_value(self, name: str) -> nodes.Expression:
        """A law or `let` of a block, `A.balance`, in the names of this file."""
        alias, _, inner = name.partition(".")
        block = self.blocks[alias]
        own = block.spec.laws.get(inner) or block.spec.lets.get(inner)
        return block.ours(block.spec.block_value(inner) if own is None else own.value)

    def block_values(self) -> list[str]:
        """What expressions may mention of the blocks, beside leaves: their laws and `let`s."""
        return [
            f"{a}.{name}"
            for a, block in self.blocks.items()
            for name in (*block.spec.laws, *block.spec.lets, *block.spec.block_values())
        ]


class Instance:
    """A model at some sizes: names are elaborated when they are first used. Raises `SourceError`."""

    def __init__(self, spec: Spec, sizes: Mapping[str, int]) -> None:
        self.spec = spec
        self.sizes = {d: n for d, n in spec.dims.items() if n is not None} | dict(sizes)
        self.dims: dict[str, Size] = {d: Size.of(self.sizes[d]) if d in self.sizes else Size.dim(d) for d in spec.dims}
        self._functions: dict[str, Shape | None] = {}
        self.builder = Builder(dict(spec.activations), self._functions)
        self._known: dict[str, Named] = {}
        self._open: list[str] = []
        self._placed: dict[str, PlacedBlock] = {}
        self._outputs: list[Value] | None = None
        self._flow: Elaborated | None = None
        self._of_blocks = frozenset(spec.block_values())
        self._map_scope = self._scope("map", True)
        self._let_scope = self._scope("let", True)
        self._law_scope = self._scope("law", False)
        for name, shape in spec.functions.items():
            self._functions[name] = None if shape is None else self._dims_only().shape(shape, "a size")

    def _scope(self, about: str, inputs_allowed: bool) -> Scope:
        names = {
            name: self._thunk(name)
            for name in (*self.dims, *self.spec.leaves, *self.spec.lets, *self._of_blocks, *self.spec.broken)
        }
        velocity = None
        if self.spec.dynamics.timed and about in ("let", "law", "flow"):
            names.setdefault(TIME, self.time)
        if self.spec.dynamics.momentum is not None and about in ("map", "let", "law"):
            velocity = self.velocity
        blocks = {a: lambda scope, e, a=a: self.block(a).call(scope, e) for a in self.spec.blocks}
        return Scope(
            self.builder,
            names,
            BUILTINS,
            self.spec.activations,
            self._functions,
            about,
            inputs_allowed,
            velocity,
            blocks,
        )

    def block(self, name: str) -> PlacedBlock:
        """An imported block at the sizes that this model gives it."""
        if name not in self._placed:
            block = self.spec.blocks[name]
            scope = self._dims_only()
            dims = {d: scope.shape([e], f"the {d} of `{name}`")[0] for d, e in block.dims.items()}
            self._placed[name] = PlacedBlock(block, self, dims)
        return self._placed[name]

    def _dims_only(self) -> Scope:
        return Scope(self.builder, {d: self._thunk(d) for d in self.dims}, BUILTINS, about="shape")

    def _thunk(self, name: str) -> Callable[[], Named]:
        return lambda: self.named(name)

    def named(self, name: str) -> Named:
        """What a declared name stands for."""
        if name in self.dims:
            return self.dims[name]
        for earlier in self._needs(name):
            if earlier not in self._known:
                self._known[earlier] = self._elaborate_name(earlier)
        return self._known[name]

    def _needs(self, name: str) -> list[str]:
        """The name after all the `let`s that it needs: a long chain of these must not become a deep recursion."""
        order: list[str] = []
        stack = [(name, False)]
        seen: set[str] = set()
        while stack:
            here, done = stack.pop()
            if done:
                order.append(here)
            elif here not in seen and here not in self._known:
                seen.add(here)
                stack.append((here, True))
                if here in self.spec.lets and here not in self.spec.broken:
                    stack += [(x, False) for x in nodes.names_in(self.spec.lets[here].value) if x in self.spec.lets]
        return order

    def _elaborate_name(self, name: str) -> Named:
        if name in self.spec.broken:
            return self.spec.broken[name]
        try:
            if name in self._of_blocks:
                block, _, inner = name.partition(".")
                return self.block(block).value(inner)
            if name in self.spec.leaves:
                group, role = self.spec.leaves[name]
                shape = () if group.shape is None else self._dims_only().shape(group.shape, "a size")
                domain = "real" if group.domain is None else group.domain.name
                return self.builder.leaf(Leaf(name, role, shape, domain))
            let = self.spec.lets[name]
            if name in self._open:
                raise error("CLAW021", f"`{name}` is defined by itself", let.name.span)
            self._open.append(name)
            try:
                # a `let` is closed: it may be used first inside a comprehension, whose variables mean nothing to it
                return replace(self._let_scope, _local={}).value(let.value)
            finally:
                self._open.pop()
        except SourceError as problem:
            if "." in name:  # its shape is made of what the import says
                return SourceError(replace(problem.diagnostic, span=self.spec.blocks[name.partition(".")[0]].node.span))
            return problem
        except (Misfit, Malformed) as problem:
            return error(getattr(problem, "code", "CLAW026"), str(problem), self.spec.leaves[name][0].span)

    def time(self) -> Value:
        """The time, where the flow has one."""
        if not self.spec.dynamics.timed:
            raise Misfit("CLAW036", "it mentions the time, and this file's flow has none")
        return time_leaf(self.builder)

    def velocity(self, name: str) -> Value:
        """The velocity of a parameter. Raises `Misfit` without one."""
        if self.spec.dynamics.momentum is None:
            raise Misfit("CLAW036", "it mentions a velocity, and this file's flow has none")
        if name not in self.spec.leaves or self.spec.leaves[name][1] != "param":
            raise Misfit("CLAW032", f"`{name}` is not a parameter", suggest(name, self.spec.parameters()))
        value = self.named(name)
        if isinstance(value, SourceError):
            raise value
        assert isinstance(value, Value)
        return velocity_leaf(self.builder, name, value)

    # --- what the file declares --------------------------------------------------------------------------------------

    def value(self, name: str) -> Value:
        """A declared array."""
        found = self.named(name)
        if isinstance(found, SourceError):
            raise found
        assert isinstance(found, Value)
        return found

    def output(self, e: nodes.Expression) -> Value:
        v = self._map_scope.value(e)
        found = [x for role in ("velocity", "time") for x in self.builder.leaves_of(v.node, role)]
        if found:
            raise error("CLAW028", f"the map can't mention `{found[0]}`: the loss sees parameters and data", e.span)
        return v

    def law(self, name: str) -> Value:
        """A law of the file, or of a block of it."""
        return self._law_scope.value(self.spec.laws[name].value) if name in self.spec.laws else self.value(name)

    def preconditioner(self, name: str) -> Value:
        _, e = self.spec.preconditions[name]
        v = self._scope("preconditioner", False).value(e)
        found = [x for role in ("velocity", "time") for x in self.builder.leaves_of(v.node, role)]
        if found:
            hint = "it is made of parameters and constants; `rate(...)` may depend on the time"
            raise error("CLAW032", f"a preconditioner can't depend on `{found[0]}`", e.span, hint)
        own = self.value(name)
        check_fit(self.builder, "preconditioner", name, own, v, e.span)
        return self.builder.expand(v, own.shape, ())

    def statement(self, law: str, among: tuple[str, ...] | None = None) -> Statement:
        """What PROVED means for this law at these sizes; with `among` where all other parameters are data (see `_model`)."""
        return self._statement(law, self.law(law), among)

    def statement_of(self, e: nodes.Expression) -> Statement:
        """The same for an expression that a law may be. Raises `Malformed` where it makes no statement."""
        program, outputs, flow, (node,) = self._model([self._law_scope.value(e)])
        return Statement(program, outputs, node, flow)

    def statement_about(self, law: str, term: nodes.Expression, sign: int) -> Statement:
        """The same for `sign` times a term of the law, broadcast to the law's shape."""
        v = self.builder.scale(Fraction(sign), self._law_scope.value(term))
        return self._statement(law, self.builder.expand(v, self.law(law).shape, ()))

    def _statement(self, law: str, value: Value, among: tuple[str, ...] | None = None) -> Statement:
        try:
            program, outputs, flow, (node,) = self._model([value], among)
            return Statement(program, outputs, node, flow)
        except Malformed as problem:
            laws, blocks = self.spec.laws, self.spec.blocks
            span = laws[law].span if law in laws else blocks[law.partition(".")[0]].node.span
            raise error("CLAW022", str(problem), span) from problem

    def outputs(self) -> list[Value]:
        """What the loss sees."""
        if self._outputs is None:
            assert self.spec.map is not None
            self._outputs = [self.output(e) for e in self.spec.map.outputs]
        return self._outputs

    def flow(self) -> Elaborated:
        """The fields that move the state; every parameter has a leaf then, and so has what else is a part of the state."""
        if self._flow is None:
            self._flow = self._elaborate_flow()
        return self._flow

    def _elaborate_flow(self) -> Elaborated:
        state = {name: self.value(name) for name in self.spec.parameters()}
        given = {name: self.preconditioner(name) for name in self.spec.preconditions}
        if self.spec.dynamics.timed:
            time_leaf(self.builder)
        return Elaborated(self.spec.dynamics, self._scope("flow", False), state, given)

    def _model(
        self, laws: list[Value], among: tuple[str, ...] | None = None
    ) -> tuple[Program, tuple[int, ...], Flow, tuple[int, ...]]:
        """The program of the outputs, the flow and these laws, and where each of them is in it.

        A function of some of the parameters, `among`, is conserved iff it is so whatever the values of the others are: these
        are data then, as far as it is concerned.
        """
        fields = self.flow()
        outputs = [v.node for v in self.outputs()]
        flow = Flow(
            tuple((name, v.node) for name, v in fields.factors.items()),
            tuple((name, v.node) for name, v in fields.drift.items()),
            self.spec.dynamics.momentum is not None,
        )
        if among is not None:
            flow = _flow_of(flow, among)
        program, number = self.builder.program([*outputs, *(v.node for v in laws), *flow.nodes()])
        if among is not None:
            nodes_ = tuple(_as_data(node, among) for node in program.nodes)
            program = Program(nodes_, program.activations, program.functions, program.conditions)
        return (
            program,
            tuple(number[n] for n in outputs),
            flow.placed(number),
            tuple(number[v.node] for v in laws),
        )

    def lift(self, law: str) -> Lift | None:
        """The law of a block that this law is, if it is one."""
        node = self.law(law).node
        owners = {x.partition(".")[0] for x in self.builder.leaves_of(node, "param")}
        if len(owners) != 1 or not (owners <= set(self._placed)):
            return None
        (owner,) = owners
        for name in self.spec.blocks[owner].spec.law_names() if self._placed[owner].calls else ():
            try:
                found = self.value(f"{owner}.{name}").node == node
            except SourceError:
                continue  # it has no meaning at these sizes
            if found:
                fields, outputs = self.flow(), [v.node for v in self.outputs()]
                moves = [v.node for v in (*fields.factors.values(), *fields.drift.values())]
                return self._placed[owner].lift(name, self.builder.program([*outputs, node, *moves])[1])
        return None

    def free_dims(self, laws: tuple[str, ...] = ()) -> list[str]:
        """The dims without a size that the model and these laws depend on."""
        return self._model([self.law(name) for name in laws])[0].free_dims()

    def model(self) -> Count:
        """The model by itself, as a statement about the number of its laws that claims nothing."""
        program, outputs, flow, _ = self._model([])
        return Count(program, outputs, flow, ">=", 0)

    def with_laws(self, names: Iterable[str]) -> tuple[Count, tuple[int, ...]]:
        """The model as in `model`, with these laws in its program, and where they are."""
        return self.with_expressions([self.spec.laws[name].value for name in names])

    def with_expressions(self, expressions: Iterable[nodes.Expression]) -> tuple[Count, tuple[int, ...]]:
        """The same with other expressions that a law may be."""
        program, outputs, flow, found = self._model([self._law_scope.value(e) for e in expressions])
        return Count(program, outputs, flow, ">=", 0), found

    def number_statement(self, claim: Claim) -> Count | Complete | Independent:
        """What PROVED means for a `count`, `complete` or `independent` claim at these sizes."""
        node = claim.node
        try:
            for name in claim.laws:
                self.check_among(name, claim)
            program, outputs, flow, laws = self._model([self.law(name) for name in claim.laws], claim.among)
            if not isinstance(node, nodes.Count):
                kind = Complete if claim.kind == "complete" else Independent
                return kind(program, outputs, flow, laws)
            number = self._dims_only().affine(node.value, "a count").offset.constant()
            if number is None:
                raise error("CLAW025", "this count is not a number at these sizes", node.value.span)
            if number.denominator != 1:
                raise error("CLAW026", f"a count is a whole number, this is {number}", node.value.span)
            return Count(program, outputs, flow, node.relation, int(number))
        except Malformed as problem:
            raise error("CLAW022", str(problem), node.span) from problem

    def mentions_only(self, law: str, among: tuple[str, ...]) -> bool:
        """Whether a law is a function of these parameters, their velocities, constants and the time."""
        return not self._others(law, among)

    def _others(self, law: str, among: tuple[str, ...]) -> list[str]:
        node = self.law(law).node
        found = self.builder.leaves_of(node, "param")
        found += [parameter_of(x) for x in self.builder.leaves_of(node, "velocity")]
        return [x for x in found if x not in among]

    def check_among(self, law: str, claim: Claim) -> None:
        """Raises `SourceError` where a law of the claim mentions other parameters than those that it is about."""
        others = [] if claim.among is None else self._others(law, claim.among)
        if others:
            raise error(
                "CLAW033",
                f"`{law}` mentions `{others[0]}`, which is not among the parameters after `in`",
                claim.node.span,
                "name all parameters of the law after `in`",
            )


def _flow_of(flow: Flow, among: tuple[str, ...]) -> Flow:
    """The part of a flow that moves these parameters."""
    drift = tuple((name, n) for name, n in flow.drift if parameter_of(name) in among or name == TIME)
    return Flow(tuple((name, n) for name, n in flow.factors if name in among), drift, flow.second_order)


def _as_data(node: Node, among: tuple[str, ...]) -> Node:
    """The node where parameters that are not among these, and their velocities, are data."""
    if isinstance(node, Leaf) and node.role in ("param", "velocity") and parameter_of(node.name) not in among:
        return replace(node, role="input")
    return node


# --- reading a file ----------------------------------------------------------------------------------------------------


def load_text(text: str, path: str = "<text>", overrides: Mapping[str, int] | None = None) -> Spec:
    """Read a file. Never raises for any text: what is wrong is in `diagnostics`, sorted by place.

    `overrides` sets or overrides dims (`-D n=3`); names that the file does not declare are ignored. Paths of blocks are relative
    to the folder of `path`.
    """
    return _load(text, path, overrides or {}, {}, ())


def _load(
    text: str, path: str, overrides: Mapping[str, int], imported: dict[str, Spec], above: tuple[str, ...]
) -> Spec:
    """The file, its blocks taken from `imported` where they are there; it is imported by the files `above`."""
    file, found = parse_source(text)
    spec = Spec(path, text, file, _default_name(path), list(found))
    reader = _Reader(spec, overrides, imported, (*above, os.path.realpath(path)))
    try:
        reader.read()
    except RecursionError:
        spec.diagnostics.append(
            Diagnostic("CLAW034", "an expression is nested too deeply", START, "split it with `let`")
        )
    unique = {(d.code, d.span, d.message): d for d in spec.diagnostics}
    spec.diagnostics = sorted(unique.values(), key=lambda d: (d.span, d.code))
    return spec


def _default_name(path: str) -> str:
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    return name.removesuffix(".claw")


class _Reader:
    def __init__(
        self, spec: Spec, overrides: Mapping[str, int], imported: dict[str, Spec], above: tuple[str, ...]
    ) -> None:
        self.spec = spec
        self.overrides = overrides
        self.imported = imported
        self.above = above
        self.places: dict[str, Span] = {}
        self.tried = 0
        self._apart: Instance | None = None
        self.taken = 0
        """Names that the blocks of the file have."""
        self.tries: dict[tuple[tuple[str, int], ...], Instance] = {}
        self.found_blocks: dict[str, tuple[nodes.Import, Spec]] = {}

    def report(self, problem: SourceError) -> None:
        self.spec.diagnostics.append(problem.diagnostic)

    def read(self) -> None:
        spec = self.spec
        found_errors = list(spec.diagnostics)
        syntax_errors = bool(found_errors)
        for statement in spec.file.statements:
            try:
                self._declare(statement)
            except SourceError as problem:
                self.report(problem)
        for name, (node, inner) in self.found_blocks.items():
            try:
                self._block(name, node, inner)
            except SourceError as problem:
                self.report(problem)
                spec.broken.setdefault(name, problem)
        self._read_dynamics()
        if spec.map is None and not syntax_errors and not any(d.code == "CLAW027" for d in spec.diagnostics):
            spec.diagnostics.append(
                Diagnostic(
                    "CLAW027",
                    "the file has no `map`: it does not say what the loss sees of the parameters",
                    START,
                    "add a line such as `map U @ V.T`",
                )
            )
        if not spec.parameters() and not syntax_errors and not spec.broken:
            spec.diagnostics.append(
                Diagnostic(
                    "CLAW027", "the file has no `param`: there is nothing to train", START, "add `param U: [n, r]`"
                )
            )
        if syntax_errors:
            self._suspect(found_errors)
        self._survey()
        for statement in spec.file.statements:
            if isinstance(statement, nodes.Law | nodes.Independent | nodes.Complete | nodes.Count):
                try:
                    self._claim(statement)
                except SourceError as problem:
                    self.report(problem)

    def _suspect(self, errors: list[Diagnostic]) -> None:
        """Names on lines with syntax errors may have been declared there: using them is no further error."""
        lines = self.spec.text.split("\n")
        for d in errors:
            for word in re.findall(r"[^\W\d]\w*", lines[d.span.line - 1] if d.span.line <= len(lines) else ""):
                if word not in self.places and word not in BUILTINS:
                    self.spec.broken.setdefault(word, SourceError(d))

    def _read_dynamics(self) -> None:
        if self.spec.flow is None:
            return
        try:
            self.spec.dynamics = read_flow(self.spec.flow, self.spec.parameters(), self.spec.lets)
        except SourceError as problem:
            self.report(problem)
            return
        clash = check_names(self.spec.dynamics, self.places)
        if clash is not None:
            self.report(clash)

    # --- declarations ---

    def _name(self, name: nodes.Identifier, what: str) -> None:
        if name.name in BUILTINS:
            raise error(
                "CLAW020",
                f"`{name.name}` is a built-in function and can't be declared",
                name.span,
                "choose another name",
            )
        if "." in name.name:
            raise error(
                "CLAW020", f"`{name.name}` is a name of a block", name.span, "a declared name has no point in it"
            )
        if name.name in self.places:
            line = self.places[name.name].line
            raise error(
                "CLAW020", f"`{name.name}` is declared twice, first in line {line}", name.span, "rename one of them"
            )
        self.places[name.name] = name.span

    def _declare(self, s: nodes.Statement) -> None:
        spec = self.spec
        if isinstance(s, nodes.Model):
            spec.model = s.name.name
        elif isinstance(s, nodes.Import):
            self._each(s.name, "import", lambda: self.found_blocks.update({s.name.name: (s, self._import(s))}))
        elif isinstance(s, nodes.Dim):
            for name, value in s.entries:
                self._each(name, "dim", lambda name=name, value=value: self._dim(name, value))  # type: ignore[misc]
        elif isinstance(s, nodes.Declare):
            for group in s.groups:
                for name in group.names:
                    self._each(name, s.role, lambda name=name, group=group: self._leaf(name, group, s.role))  # type: ignore[misc]
        elif isinstance(s, nodes.Activation):
            for name, known in s.entries:
                self._each(name, "activation", lambda name=name, known=known: self._activation(name, known))  # type: ignore[misc]
        elif isinstance(s, nodes.Function):
            for name, shape in s.entries:
                self._each(name, "function", lambda name=name, shape=shape: spec.functions.update({name.name: shape}))  # type: ignore[misc]
        elif isinstance(s, nodes.Let):
            self._each(s.name, "let", lambda: spec.lets.update({s.name.name: s}))
        elif isinstance(s, nodes.Map):
            if spec.map is not None:
                raise error(
                    "CLAW027",
                    f"a second `map`: the first is in line {spec.map.span.line}",
                    s.span,
                    "write all outputs after one `map`, with commas",
                )
            spec.map = s
        elif isinstance(s, nodes.Flow):
            if spec.flow is not None:
                raise error("CLAW027", f"a second `flow`: the first is in line {spec.flow.span.line}", s.span)
            spec.flow = s
        elif isinstance(s, nodes.Precondition):
            for name, e in s.entries:
                if name.name in spec.preconditions:
                    raise error("CLAW020", f"`{name.name}` is preconditioned twice", name.span)
                spec.preconditions[name.name] = (name, e)
        elif isinstance(s, nodes.Law):
            self._each(s.name, "law", lambda: spec.laws.update({s.name.name: s}))

    def _each(self, name: nodes.Identifier, what: str, declare: Callable[[], None]) -> None:
        """Declare one name; where that fails the name is known to be broken, so that its uses are not errors too."""
        try:
            self._name(name, what)
            declare()
        except SourceError as problem:
            self.report(problem)
            if name.name not in self.places and name.name not in BUILTINS:
                self.places[name.name] = name.span
            if name.name not in {**self.spec.dims, **self.spec.leaves, **self.spec.lets, **self.spec.laws}:
                self.spec.broken.setdefault(name.name, problem)

    # --- blocks ---

    def _import(self, s: nodes.Import) -> Spec:
        """The file that an import names, its dims free where the import sets them."""
        path = os.path.join(os.path.dirname(self.spec.path), s.path.value)
        # neither a folder nor a pipe, which may never end
        if "\0" in path or not os.path.isfile(path):
            hint = "the path of a block is relative to the folder of this file"
            raise error("CLAW036", f"there is no file {quote(s.path.value)}", s.path.span, hint)
        real = os.path.realpath(path)
        if real in self.above:
            raise error("CLAW036", "this file would be a part of itself", s.path.span, "import another file")
        if len(self.above) > MAX_IMPORTS:
            raise error("CLAW034", f"files import each other more than {MAX_IMPORTS} deep", s.path.span)
        settings = {name.name for name, _ in s.settings}
        key = "\n".join((real, *sorted(settings)))
        if key not in self.imported:
            text, problem = read_source(path)
            if problem is not None:
                raise error("CLAW036", f"{quote(s.path.value)}: {problem.message}", s.path.span, problem.hint)
            inner = _load(text, path, {}, self.imported, self.above)
            if inner.diagnostics:
                first = inner.diagnostics[0]
                message = f"{quote(s.path.value)} is wrong, in line {first.span.line}: {first.message}"
                raise error("CLAW036", message, s.path.span, first.hint or f"run `claws check {s.path.value}`")
            inner.dims.update((d, None) for d in settings if d in inner.dims)
            self.imported[key] = inner
        return self.imported[key]

    def _block(self, alias: str, s: nodes.Import, inner: Spec) -> None:
        """Take a block's parameters, constants and functions into the file, and see what its dims are."""
        spec = self.spec
        dims: dict[str, nodes.Expression] = {}
        self.taken += len(inner.leaves) + len(inner.laws) + len(inner.lets) + len(inner.block_values())
        if self.taken > MAX_IMPORTED:
            raise error("CLAW034", f"the blocks of this file have more than {MAX_IMPORTED} names", s.span)
        for dim, e in s.settings:
            if dim.name not in inner.dims:
                hint = suggest(dim.name, inner.dims) or f"its dims are {', '.join(inner.dims) or 'none'}"
                raise error("CLAW036", f"{quote(s.path.value)} has no dim `{dim.name}`", dim.span, hint)
            if dim.name in dims:
                raise error("CLAW020", f"the size `{dim.name}` is given twice", dim.span)
            dims[dim.name] = e
        for d, fixed in inner.dims.items():
            if fixed is None and d not in dims:
                if d not in spec.dims:
                    raise error(
                        "CLAW036",
                        f"`{alias}` needs a size for `{d}`",
                        s.span,
                        f"write `as {alias}({d} = 3)`, or declare `dim {d}` in this file",
                    )
                dims[d] = nodes.Name(d, s.name.span)
        block = spec.blocks[alias] = Block(s, inner, dims)
        for name, (group, role) in inner.leaves.items():
            if role != "input":
                shape = None if group.shape is None else tuple(block.ours(e) for e in group.shape)
                here = nodes.Identifier(f"{alias}.{name}", s.name.span)
                spec.leaves[here.name] = (nodes.Group((here,), shape, group.domain, s.span), role)
        spec.activations.update((f"{alias}.{f}", known) for f, known in inner.activations.items())
        for f, form in inner.functions.items():
            spec.functions[f"{alias}.{f}"] = None if form is None else tuple(block.ours(e) for e in form)
        for p, (_, factor) in inner.preconditions.items():
            here = nodes.Identifier(f"{alias}.{p}", s.span)
            spec.preconditions.setdefault(here.name, (here, block.ours(factor)))

    # --- the rest ---

    def _dim(self, name: nodes.Identifier, value: nodes.Expression | None) -> None:
        spec = self.spec
        fixed: int | None = None
        if value is not None:
            scope = self._numbers()
            fixed = scope.integer(value, "a size")
            if fixed < 1:
                raise error("CLAW026", f"the size {name.name} is {fixed}, but sizes are at least 1", value.span)
        if name.name in self.overrides:
            fixed = self.overrides[name.name]
        spec.dims[name.name] = fixed

    def _numbers(self) -> Scope:
        """A scope of dims that are already fixed, for numbers that must be known at once."""
        fixed = {d: Size.of(n) if n is not None else Size.dim(d) for d, n in self.spec.dims.items()}
        return Scope(Builder({}, {}), {d: (lambda d=d: fixed[d]) for d in fixed}, BUILTINS, about="size")  # type: ignore[misc]

    def _leaf(self, name: nodes.Identifier, group: nodes.Group, role: str) -> None:
        self.spec.leaves[name.name] = (group, role)

    def _activation(self, name: nodes.Identifier, degree: nodes.Expression | nodes.Derivative | None) -> None:
        if isinstance(degree, nodes.Derivative):
            self.spec.activations[name.name] = read_slope(name, degree)
            return
        k = None if degree is None else self._numbers().constant(degree, "a degree")
        if k is not None and max(abs(k.numerator), k.denominator) > 64:
            raise error("CLAW029", "a degree of homogeneity is at most 64", degree.span if degree else name.span)
        self.spec.activations[name.name] = k

    # --- everything once, with dims left free ---

    def _survey(self) -> None:
        """Elaborate every declaration with its dims left free, to find what is wrong whatever the sizes."""
        spec = self.spec
        try:
            here = spec.instance({})
        except SourceError as problem:
            self.report(problem)
            spec.functions.clear()  # what is wrong with the shape of one has been said
            here = spec.instance({})

        def attempt(action: Callable[[], object]) -> None:
            try:
                action()
            except NeedsSizesHere as problem:
                # an error only if a claim is made without these sizes: that claim will say so
                if not any(
                    isinstance(s, nodes.Law | nodes.Complete | nodes.Count | nodes.Independent)
                    for s in spec.file.statements
                ):
                    self.report(problem)
            except SourceError as problem:
                if problem not in spec.broken.values():
                    self.report(problem)

        for name in spec.blocks:
            try:
                here.block(name)
            except SourceError as problem:
                self.report(problem)
                spec.broken |= {x: problem for x in (name, *spec.leaves) if x == name or x.startswith(f"{name}.")}
        for name in (*spec.leaves, *spec.lets):
            attempt(lambda name=name: here.value(name))  # type: ignore[misc]
        for e in spec.map.outputs if spec.map is not None else ():
            attempt(lambda e=e: here.output(e))  # type: ignore[misc]
        for name, (target, _) in list(spec.preconditions.items()):
            if name not in spec.parameters():
                del spec.preconditions[name]
                if name not in spec.broken:
                    self.report(
                        error("CLAW021", f"`{name}` is not a parameter", target.span, suggest(name, spec.parameters()))
                    )
            else:
                attempt(lambda name=name: here.preconditioner(name))  # type: ignore[misc]
        attempt(here.flow)

    # --- claims ---

    def _claim(self, s: nodes.Claim) -> None:
        spec = self.spec
        if isinstance(s, nodes.Law):
            laws: tuple[str, ...] = (s.name.name,)
            kind, name = "law", s.name.name
            if spec.laws.get(name) is not s:
                return  # declared twice: reported already
        elif isinstance(s, nodes.Count):
            kind, name, laws = "count", "count", ()
        else:
            kind = "independent" if isinstance(s, nodes.Independent) else "complete"
            laws = tuple(x.name for x in s.laws)
            name = f"{kind} {', '.join(laws)}"
            for x in s.laws:
                if x.name in spec.broken:
                    return
                if x.name not in spec.law_names():
                    hint = suggest(x.name, spec.law_names()) or "declare it with `law`"
                    raise error("CLAW033", f"no law is named `{x.name}`", x.span, hint)
            if len(set(laws)) != len(laws):
                raise error("CLAW033", "a law stands twice in this list", s.span)
        among = self._among(s)
        if among is not None:
            assert isinstance(s, nodes.Complete | nodes.Count) and s.among is not None
            name += f" in {', '.join(x.name for x in s.among)}"
        expected = "PROVED" if s.expect is None else s.expect.name.upper()
        sizes = tuple(self._sizes(s.sizes)) if s.sizes is not None else ({},)
        if not sizes:
            assert s.sizes is not None
            if self.overrides:
                return  # made at other sizes than those of `-D`
            raise error("CLAW030", "no sizes satisfy this `for`", s.sizes.span)
        spec.claims.append(Claim(s, kind, name, laws, expected, sizes, among))
        if spec.diagnostics or spec.map is None:
            self._try_laws(laws)
        else:
            # the smallest and the largest: what is wrong at others is found when they are checked
            for size in sizes[:1] if len(sizes) == 1 else (sizes[0], sizes[-1]):
                self._try_claim(spec.claims[-1], size)

    def _among(self, s: nodes.Claim) -> tuple[str, ...] | None:
        """The parameters after `in`; the name of a block stands for all of its own."""
        if not isinstance(s, nodes.Complete | nodes.Count) or s.among is None:
            return None
        found: dict[str, None] = {}
        parameters = self.spec.parameters()
        for x in s.among:
            own = [p for p in parameters if p == x.name or (x.name in self.spec.blocks and p.startswith(x.name + "."))]
            if not own:
                hint = suggest(x.name, [*parameters, *self.spec.blocks]) or "name parameters, or a block"
                raise error("CLAW021", f"`{x.name}` is not a parameter", x.span, hint)
            found |= dict.fromkeys(own)
        return tuple(found)

    @property
    def apart(self) -> Instance:
        """An instance for laws alone: an error of the map leaves it unharmed."""
        if self._apart is None:
            self._apart = self.spec.instance({})
        return self._apart

    def _try_laws(self, laws: tuple[str, ...]) -> None:
        """What is wrong with laws themselves, in a file that has other errors."""
        for law in laws:
            try:
                self.apart.law(law)
            except NeedsSizesHere:
                pass  # at the claim's sizes it may be right
            except SourceError as problem:
                if problem not in self.spec.broken.values():
                    self.report(problem)

    def _try_claim(self, claim: Claim, sizes: Sizes) -> None:
        """Raises `SourceError` where the claim has no meaning at these sizes."""
        key = tuple(sizes.items())
        if key in self.tries:
            try:
                self._elaborate(claim, self.tries[key])
                return
            except SourceError:
                pass  # perhaps because of what an earlier claim needs of the sizes
        self.tries[key] = self.spec.instance(sizes)
        self._elaborate(claim, self.tries[key])

    @staticmethod
    def _elaborate(claim: Claim, here: Instance) -> None:
        for law in claim.laws:
            here.statement(law)
            here.check_among(law, claim)
        if isinstance(claim.node, nodes.Count):
            here._dims_only().affine(claim.node.value, "a count")

    def _sizes(self, clause: nodes.For) -> Iterator[Sizes]:
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
            if self.tried > MAX_INSTANCES:
                raise error("CLAW030", f"this `for` runs over more than {MAX_INSTANCES} sizes", name.span)
            if n < 1:
                raise error("CLAW030", f"sizes are at least 1, this gives {name.name} = {n}", values.span)
            if self.overrides.get(name.name, n) != n:
                continue  # `-D` keeps one of the sizes
            yield from self._bindings(rest, {**known, name.name: n})

    def _values(self, values: nodes.Values, known: Sizes) -> Iterator[int]:
        numbers = [self._number(e, known) for e in values.items]
        if values.kind == "range":
            low, high = numbers
            if high - low > MAX_INSTANCES:
                raise error("CLAW030", "this range is too long", values.span)
            yield from range(low, high + 1)
        else:
            yield from dict.fromkeys(numbers)

    def _number(self, e: nodes.Expression, known: Sizes) -> int:
        scope = self._numbers()
        fixed = {
            d: Size.of(known[d]) if d in known else Size.of(n) if n is not None else Size.dim(d)
            for d, n in self.spec.dims.items()
        }
        scope.names = {d: (lambda d=d: fixed[d]) for d in fixed}  # type: ignore[misc]
        return scope.integer(e, "a size")

    def _holds(self, c: nodes.Comparison, sizes: Sizes) -> bool:
        numbers = [self._number(e, sizes) for e in c.operands]
        tests: dict[str, Callable[[int, int], bool]] = {
            "<": int.__lt__, "<=": int.__le__, ">": int.__gt__, ">=": int.__ge__, "=": int.__eq__, "!=": int.__ne__,
        }  # fmt: skip
        return all(tests[op](a, b) for op, a, b in zip(c.operators, numbers, numbers[1:], strict=False))

"""A file at some sizes: its names as arrays of one program, and what the kernel is asked about it.

READ WITH CARE: it decides what a claim means. `Instance(spec, sizes)` is the model at these sizes (dims not given stay free), and
`Instance.statement(law)` what PROVED means for a law of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fractions import Fraction

from claws.kernel.core.errors import Malformed
from claws.kernel.core.flow import Flow, parameter_of
from claws.kernel.core.program import Program, Shape
from claws.kernel.core.sizes import Size, SizeBounds
from claws.kernel.core.statement import Statement
from claws.kernel.counting.statements import Complete, Count, Independent
from claws.syntax import nodes
from claws.syntax.diagnostic import SourceError, error, suggest
from claws.syntax.dynamics import TIME
from claws.syntax.elaboration.array_builder import ArrayBuilder
from claws.syntax.elaboration.builder import Misfit, Value
from claws.syntax.elaboration.expressions import Calls, Scope
from claws.syntax.elaboration.names import Meanings, Named
from claws.syntax.instances.fields import FlowFields, as_data, check_fit, time_leaf, velocity_leaf
from claws.syntax.instances.placed_blocks import Lift, PlacedBlock
from claws.syntax.instances.value_conditions import with_value_conditions
from claws.syntax.library.table import BUILTINS
from claws.syntax.spec import Claim, Spec


class Instance:
    """A model at some sizes. Names are elaborated when they are first used; whatever is wrong with one raises `SourceError`.

    The dims that are neither given nor fixed by the file stay free.
    """

    def __init__(self, spec: Spec, sizes: Mapping[str, int]) -> None:
        self.spec = spec
        self.sizes = {d: n for d, n in spec.dims.items() if n is not None} | dict(sizes)
        self.dims: dict[str, Size] = {d: Size.of(self.sizes[d]) if d in self.sizes else Size.dim(d) for d in spec.dims}
        self._functions: dict[str, Shape | None] = {}
        self.builder = ArrayBuilder(dict(spec.activations), self._functions)
        self._known: dict[str, Named] = {}
        self._open: list[str] = []
        self._placed: dict[str, PlacedBlock] = {}
        self._outputs: list[Value] | None = None
        self._fields: FlowFields | None = None
        self._of_blocks = frozenset(spec.block_values())
        self._map_scope = self._scope("map", True)
        self._let_scope = self._scope("let", True)
        self._law_scope = self._scope("law", False)
        for name, shape in spec.functions.items():
            self._functions[name] = None if shape is None else self.dims_only().shape(shape, "a size")

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
            builder=self.builder,
            names=names,
            functions=(*BUILTINS, *self.spec.activations, *self.spec.functions),
            blocks=blocks,
            about=about,
            inputs_allowed=inputs_allowed,
            calls=Calls(BUILTINS, self.spec.activations, self._functions, blocks),
            velocity=velocity,
        )

    def block(self, name: str) -> PlacedBlock:
        """An imported block at the sizes that this model gives it."""
        if name not in self._placed:
            block = self.spec.blocks[name]
            scope = self.dims_only()
            dims = {d: scope.shape([e], f"the {d} of `{name}`")[0] for d, e in block.dims.items()}
            self._placed[name] = PlacedBlock(block, dims, self, Instance)
        return self._placed[name]

    def dims_only(self) -> Meanings:
        """The dims by themselves, of which sizes and counts are made."""
        names = {d: self._thunk(d) for d in self.dims}
        return Meanings(builder=self.builder, names=names, functions=BUILTINS, about="shape")

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
                shape = () if group.shape is None else self.dims_only().shape(group.shape, "a size")
                domain = "real" if group.domain is None else group.domain.name
                return self.builder.leaf(name, role, shape, domain)
            let = self.spec.lets[name]
            if name in self._open:
                raise error("CLAW021", f"`{name}` is defined by itself", let.name.span)
            self._open.append(name)
            try:
                # a `let` is closed: it may be used first inside a comprehension, whose variables mean nothing to it
                return replace(self._let_scope, local={}).value(let.value)
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
        """One output of the map."""
        v = self._map_scope.value(e)
        found = [x for role in ("velocity", "time") for x in self.builder.leaves_of(v.node, role)]
        if found:
            raise error("CLAW028", f"the map can't mention `{found[0]}`: the loss sees parameters and data", e.span)
        return v

    def law(self, name: str) -> Value:
        """A law of the file, or of a block of it."""
        return self._law_scope.value(self.spec.laws[name].value) if name in self.spec.laws else self.value(name)

    def preconditioner(self, name: str) -> Value:
        """What the gradient of a parameter is multiplied by. Raises `SourceError` where it has no meaning."""
        _, e = self.spec.preconditions[name]
        v = self._scope("preconditioner", False).value(e)
        found = [x for role in ("velocity", "time") for x in self.builder.leaves_of(v.node, role)]
        if found:
            hint = "it is made of parameters and constants; `rate(...)` may depend on the time"
            raise error("CLAW032", f"a preconditioner can't depend on `{found[0]}`", e.span, hint)
        own = self.value(name)
        check_fit(self.builder, "preconditioner", name, own, v, e.span)
        return self.builder.expand(v, own.shape, ())

    def outputs(self) -> list[Value]:
        """What the loss sees."""
        if self._outputs is None:
            assert self.spec.map is not None
            self._outputs = [self.output(e) for e in self.spec.map.outputs]
        return self._outputs

    def fields(self) -> FlowFields:
        """The fields that move the state; every parameter has a leaf then, and so has what else is a part of the state."""
        if self._fields is None:
            state = {name: self.value(name) for name in self.spec.parameters()}
            given = {name: self.preconditioner(name) for name in self.spec.preconditions}
            if self.spec.dynamics.timed:
                time_leaf(self.builder)
            self._fields = FlowFields(self.spec.dynamics, self._scope("flow", False), state, given)
        return self._fields

    # --- what the kernel is asked ---------------------------------------------------------------------------------------

    def statement(self, law: str, among: tuple[str, ...] | None = None) -> Statement:
        """What PROVED means for this law at these sizes; with `among` where all other parameters are data (see `_model`)."""
        return self._statement(law, self.law(law), among)

    def statement_of(self, e: nodes.Expression) -> Statement:
        """What PROVED means for an expression as a law. Raises `Malformed` where it makes no statement."""
        program, outputs, flow, (node,) = self._model([self._law_scope.value(e)])
        return Statement(program, outputs, node, flow)

    def statement_about(self, law: str, term: nodes.Expression, sign: int) -> Statement:
        """What PROVED means for `sign` times a term of the law, broadcast to the law's shape."""
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

    def _model(
        self, laws: list[Value], among: tuple[str, ...] | None = None
    ) -> tuple[Program, tuple[int, ...], Flow, tuple[int, ...]]:
        """The program of the outputs, the flow and these laws, and where each of them is in it.

        A function of some of the parameters, `among`, is conserved iff it is so whatever the values of the others are: these
        are data then, as far as it is concerned.
        """
        flow = self.fields().flow(among)
        outputs = [v.node for v in self.outputs()]
        roots = [*outputs, *(v.node for v in laws), *flow.nodes()]
        program, number = self.builder.program(roots)
        program = with_value_conditions(program, [number[n] for n in roots])
        if among is not None:
            nodes_ = tuple(as_data(node, among) for node in program.nodes)
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
                outputs = [v.node for v in self.outputs()]
                moves = self.fields().flow().nodes()
                return self._placed[owner].lift(name, self.builder.program([*outputs, node, *moves])[1])
        return None

    def free_dims(self, laws: tuple[str, ...] = ()) -> list[str]:
        """The dims without a size that the model and these laws depend on."""
        return self._model([self.law(name) for name in laws])[0].free_dims()

    def bounds(self) -> SizeBounds:
        """What the model needs of the dims that are left free."""
        return self._model([])[0].bounds

    def model(self) -> Count:
        """The model by itself, as a statement about the number of its laws that claims nothing."""
        program, outputs, flow, _ = self._model([])
        return Count(program, outputs, flow, ">=", 0)

    def with_laws(self, names: Iterable[str]) -> tuple[Count, tuple[int, ...]]:
        """The model as in `model`, with these laws in its program, and where they are."""
        return self.with_expressions([self.spec.laws[name].value for name in names])

    def with_expressions(self, expressions: Iterable[nodes.Expression]) -> tuple[Count, tuple[int, ...]]:
        """The model as in `model`, with these expressions in its program, and where they are."""
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
            number = self.dims_only().affine(node.value, "a count").offset.constant()
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

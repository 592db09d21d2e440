"""Reads a `.claw` file: what it declares and claims, and every error in it.

READ WITH CARE: it decides what the words of a file refer to. Names are declared first, whatever their order; then everything is
elaborated once with its dims left free; then each claim at its smallest and largest sizes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping

from claws.kernel.core.sizes import Size
from claws.syntax import nodes
from claws.syntax.blocks import Block
from claws.syntax.diagnostic import START, Diagnostic, SourceError, Span
from claws.syntax.dynamics import check_names, read_flow
from claws.syntax.elaborate import NeedsSizesHere, Scope, error, suggest
from claws.syntax.elaboration.arrays import Arrays
from claws.syntax.lexer import quote
from claws.syntax.library import BUILTINS
from claws.syntax.parser import parse_source
from claws.syntax.slopes import read_slope
from claws.syntax.source import read_source
from claws.syntax.spec import Claim, Instance, Sizes, Spec

MAX_INSTANCES = 100_000
"""The most sizes that one `for` may run over, those that its `where` turns down among them."""

MAX_IMPORTS = 16
"""How deep files may import each other."""

MAX_IMPORTED = 4_000
"""The most leaves, laws and abbreviations that a file may have from its blocks: imports of imports multiply."""


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
        return Scope(Arrays({}, {}), {d: (lambda d=d: fixed[d]) for d in fixed}, BUILTINS, about="size")  # type: ignore[misc]

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
            here.dims_only().affine(claim.node.value, "a count")

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

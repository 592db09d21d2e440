"""What a file declares: its names, whatever their order, and what each stands for.

READ WITH CARE: it decides what the words of a file refer to.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from claws.kernel.core.program import FUNCTIONS, WORDS
from claws.syntax import nodes
from claws.syntax.diagnostic import START, Diagnostic, SourceError, Span, error
from claws.syntax.dynamics import check_names, read_flow
from claws.syntax.imports import Imports, place_block
from claws.syntax.library.table import BUILTINS
from claws.syntax.ranges import numbers
from claws.syntax.slopes import read_slope
from claws.syntax.spec import Spec

_RESERVED: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("dim", "param", "input", "const"), FUNCTIONS),
    **dict.fromkeys(("activation", "function"), WORDS),
}
"""What can't be declared by each kind of declaration, since the kernel would refuse the program."""


class Declarations:
    """Gathers the declarations of one file in its `Spec`."""

    def __init__(self, spec: Spec, overrides: Mapping[str, int], imports: Imports) -> None:
        self.spec = spec
        self.overrides = overrides
        self.imports = imports
        self.places: dict[str, Span] = {}
        """Where each name is declared."""
        self.found_blocks: dict[str, tuple[nodes.Import, Spec]] = {}

    def _report(self, problem: SourceError) -> None:
        self.spec.diagnostics.append(problem.diagnostic)

    def read(self) -> None:
        """Gathers everything; what is wrong is in `Spec.diagnostics`."""
        spec = self.spec
        found_errors = list(spec.diagnostics)
        syntax_errors = bool(found_errors)
        for statement in spec.file.statements:
            try:
                self._declare(statement)
            except SourceError as problem:
                self._report(problem)
        for name, (node, inner) in self.found_blocks.items():
            try:
                place_block(spec, name, node, inner)
            except SourceError as problem:
                self._report(problem)
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
            self._report(problem)
            return
        clash = check_names(self.spec.dynamics, self.places)
        if clash is not None:
            self._report(clash)

    # --- declarations ---

    def _name(self, name: nodes.Identifier, what: str) -> None:
        if name.name in BUILTINS:
            raise error(
                "CLAW020",
                f"`{name.name}` is a built-in function and can't be declared",
                name.span,
                "choose another name",
            )
        if name.name in _RESERVED.get(what, ()):
            known = "a function of the kernel" if name.name in FUNCTIONS else "the kernel's word for a kind of node"
            message = f"`{name.name}` is {known} and can't be declared as {what}"
            raise error("CLAW020", message, name.span, "choose another name")
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
            self._each(
                s.name, "import", lambda: self.found_blocks.update({s.name.name: (s, self.imports.read(spec.path, s))})
            )
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
        """Declares one name; where that fails the name is known to be broken, so that its uses are not errors too."""
        try:
            self._name(name, what)
            declare()
        except SourceError as problem:
            self._report(problem)
            if name.name not in self.places and name.name not in BUILTINS:
                self.places[name.name] = name.span
            if name.name not in {**self.spec.dims, **self.spec.leaves, **self.spec.lets, **self.spec.laws}:
                self.spec.broken.setdefault(name.name, problem)

    def _dim(self, name: nodes.Identifier, value: nodes.Expression | None) -> None:
        spec = self.spec
        fixed: int | None = None
        if value is not None:
            fixed = numbers(spec, {}).integer(value, "a size")
            if fixed < 1:
                raise error("CLAW026", f"the size {name.name} is {fixed}, but sizes are at least 1", value.span)
        if name.name in self.overrides:
            fixed = self.overrides[name.name]
        spec.dims[name.name] = fixed

    def _leaf(self, name: nodes.Identifier, group: nodes.Group, role: str) -> None:
        self.spec.leaves[name.name] = (group, role)

    def _activation(self, name: nodes.Identifier, degree: nodes.Expression | nodes.Derivative | None) -> None:
        if isinstance(degree, nodes.Derivative):
            self.spec.activations[name.name] = read_slope(name, degree)
            return
        k = None if degree is None else numbers(self.spec, {}).constant(degree, "a degree")
        if k is not None and max(abs(k.numerator), k.denominator) > 64:
            raise error("CLAW029", "a degree of homogeneity is at most 64", degree.span if degree else name.span)
        self.spec.activations[name.name] = k

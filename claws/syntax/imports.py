"""Imports: the files that a file names, each read once, and what a block gives to the file that imports it.

READ WITH CARE: it decides what the words of a file refer to.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from claws.syntax import nodes
from claws.syntax.diagnostic import error, suggest
from claws.syntax.lexer import quote
from claws.syntax.limits import LIMITS
from claws.syntax.source import read_source
from claws.syntax.spec import Block, Spec


@dataclass(frozen=True)
class Imports:
    """The files that are being read, and those that have been."""

    load: Callable[[str, str, Imports], Spec]
    """The file with this text and path, which may import others."""
    above: tuple[str, ...] = ()
    """The files that import each other down to this one, itself the last."""
    known: dict[str, Spec] = field(default_factory=dict)
    """What has been read, by path and by which dims are free."""

    def inside(self, path: str) -> Imports:
        """The imports as they are inside a file, which becomes the last of `above`."""
        return replace(self, above=(*self.above, os.path.realpath(path)))

    def read(self, importer: str, s: nodes.Import) -> Spec:
        """The file that an import of the file `importer` names, its dims free where the import sets them.

        Raises `SourceError` where there is none, where it has errors, and where it would be a part of itself.
        """
        path = os.path.join(os.path.dirname(importer), s.path.value)
        # neither a folder nor a pipe, which may never end
        if "\0" in path or not os.path.isfile(path):
            hint = "the path of a block is relative to the folder of this file"
            raise error("CLAW036", f"there is no file {quote(s.path.value)}", s.path.span, hint)
        real = os.path.realpath(path)
        if real in self.above:
            raise error("CLAW036", "this file would be a part of itself", s.path.span, "import another file")
        if len(self.above) > LIMITS.import_depth:
            raise error("CLAW034", f"files import each other more than {LIMITS.import_depth} deep", s.path.span)
        settings = {name.name for name, _ in s.settings}
        key = "\n".join((real, *sorted(settings)))
        if key not in self.known:
            text, problem = read_source(path)
            if problem is not None:
                raise error("CLAW036", f"{quote(s.path.value)}: {problem.message}", s.path.span, problem.hint)
            inner = self.load(text, path, self)
            if inner.diagnostics:
                first = inner.diagnostics[0]
                message = f"{quote(s.path.value)} is wrong, in line {first.span.line}: {first.message}"
                raise error("CLAW036", message, s.path.span, first.hint or f"run `claws check {s.path.value}`")
            inner.dims.update((d, None) for d in settings if d in inner.dims)
            self.known[key] = inner
        return self.known[key]


def place_block(spec: Spec, alias: str, s: nodes.Import, inner: Spec) -> None:
    """Takes a block's parameters, constants and functions into the file, and sees what its dims are.

    Raises `SourceError` where a dim has no size or none of that name is there.
    """
    dims: dict[str, nodes.Expression] = {}
    if sum(map(_names_of, (inner, *(block.spec for block in spec.blocks.values())))) > LIMITS.imported_names:
        raise error("CLAW034", f"the blocks of this file have more than {LIMITS.imported_names} names", s.span)
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


def _names_of(spec: Spec) -> int:
    """How many names a block has."""
    return len(spec.leaves) + len(spec.laws) + len(spec.lets) + len(spec.block_values())

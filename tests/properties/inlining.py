"""Files that import blocks, written out as one: by substitution in the tree, which shares nothing with how claws does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from claws.syntax import nodes
from tests.properties.interpreter import read


def rewritten(x: Any, change: Callable[[Any], Any]) -> Any:
    """The tree with `change` applied to each node, inner ones first."""
    if isinstance(x, tuple):
        return tuple(rewritten(y, change) for y in x)
    if not is_dataclass(x):
        return x
    inner = {f.name: rewritten(getattr(x, f.name), change) for f in fields(x) if f.name != "span"}
    return change(replace(x, **inner))  # type: ignore[type-var]


def with_names(e: Any, values: Mapping[str, nodes.Expression]) -> Any:
    return rewritten(e, lambda x: values.get(x.name, x) if isinstance(x, nodes.Name) else x)


def inlined(file: nodes.File, folder: Path) -> nodes.File:
    """The file without imports: blocks are declarations of `A.U`, and calls of them the expressions that they stand for."""
    known: dict[str, nodes.Expression] = {}
    outputs: dict[str, tuple[list[str], nodes.Expression]] = {}
    more: list[nodes.Statement] = []
    for s in file.statements:
        if not isinstance(s, nodes.Import):
            continue
        block = inlined(read((folder / s.path.value).read_text(encoding="utf-8")), folder)
        alias = s.name.name
        dims = {name.name: e for name, e in s.settings}
        names: dict[str, nodes.Expression] = {}
        inputs: list[str] = []
        for d in block.statements:
            if isinstance(d, nodes.Dim):
                for name, fixed in d.entries:
                    names[name.name] = dims.get(name.name, fixed or nodes.Name(name.name))
        for d in block.statements:
            if isinstance(d, nodes.Declare) and d.role == "input":
                inputs += [name.name for group in d.groups for name in group.names]
            elif isinstance(d, nodes.Declare):
                for group in d.groups:
                    own = tuple(nodes.Identifier(f"{alias}.{name.name}") for name in group.names)
                    names |= {name.name: nodes.Name(f"{alias}.{name.name}") for name in group.names}
                    shape = with_names(group.shape, names)
                    more.append(nodes.Declare(d.role, (nodes.Group(own, shape, group.domain),)))
        for d in block.statements:
            if isinstance(d, nodes.Let):
                names[d.name.name] = with_names(d.value, names)
        for d in block.statements:
            if isinstance(d, nodes.Law):
                known[f"{alias}.{d.name.name}"] = with_names(d.value, names)
            elif isinstance(d, nodes.Map):
                outputs[alias] = inputs, with_names(d.outputs[0], names)

    def change(x: Any) -> Any:
        if isinstance(x, nodes.Name):
            return known.get(x.name, x)
        if isinstance(x, nodes.Call) and x.function.name in outputs:
            names, output = outputs[x.function.name]
            given = dict(zip(names, x.arguments, strict=False)) | {k.name: e for k, e in x.keywords}
            return with_names(output, given)
        return x

    kept = [rewritten(s, change) for s in file.statements if not isinstance(s, nodes.Import)]
    return replace(file, statements=(*more, *kept))

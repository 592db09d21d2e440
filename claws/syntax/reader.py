"""Reads a `.claw` file: what it declares and claims, and every error in it.

READ WITH CARE: it decides what the words of a file refer to. One way, no step twice: the text is parsed; what it declares is
gathered, whatever the order (`declarations`, which reads the files that it imports); then what it claims (`file_claims`); then
everything is elaborated once with its dims left free, and each claim at its smallest and largest sizes (`survey`).
"""

from __future__ import annotations

from collections.abc import Mapping

from claws.syntax.declarations import Declarations
from claws.syntax.diagnostic import START, Diagnostic
from claws.syntax.file_claims import read_claims
from claws.syntax.imports import Imports
from claws.syntax.lexer import quote
from claws.syntax.look_alikes import find_look_alikes
from claws.syntax.parser import parse_source
from claws.syntax.spec import Block, Spec
from claws.syntax.survey import Survey


def load_text(text: str, path: str = "<text>", overrides: Mapping[str, int] | None = None) -> Spec:
    """Reads a file. Never raises for any text: what is wrong is in `diagnostics`, sorted by place, and what is odd in `warnings`.

    `overrides` sets or overrides dims (`-D n=3`); names that the file does not declare are ignored. Paths of blocks are relative
    to the folder of `path`.
    """
    return _load(text, path, overrides or {}, Imports(_load_imported))


def _load_imported(text: str, path: str, imports: Imports) -> Spec:
    return _load(text, path, {}, imports)


def _load(text: str, path: str, overrides: Mapping[str, int], imports: Imports) -> Spec:
    file, found = parse_source(text)
    spec = Spec(path, text, file, _default_name(path), list(found))
    try:
        Declarations(spec, overrides, imports.inside(path)).read()
        claims = read_claims(spec, overrides)
        Survey(spec).run(claims)
    except RecursionError:
        spec.diagnostics.append(
            Diagnostic("CLAW034", "an expression is nested too deeply", START, "split it with `let`")
        )
    unique = {(d.code, d.span, d.message): d for d in spec.diagnostics}
    spec.diagnostics = sorted(unique.values(), key=lambda d: (d.span, d.code))
    spec.warnings = [*find_look_alikes(text), *(d for block in spec.blocks.values() for d in _warnings_of(block))]
    return spec


def _warnings_of(block: Block) -> list[Diagnostic]:
    """The warnings of an imported file, where it is imported."""
    path = block.node.path
    return [
        Diagnostic(d.code, f"{quote(path.value)}, in line {d.span.line}: {d.message}", path.span, d.hint)
        for d in block.spec.warnings
    ]


def _default_name(path: str) -> str:
    name = path.replace("\\", "/").rsplit("/", 1)[-1]
    return name.removesuffix(".claw")

"""`claws find` for people and programs: the laws that were found as text, as a `.claw` file, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from claws.discovery.find import FileLaw, Findings, Settings
from claws.report.latex import latex_of
from claws.report.results import Exit
from claws.report.text import render_diagnostic
from claws.syntax.parser import parse_expression

SCHEMA = "claws-find/1"


def render(files: Sequence[Findings], settings: Settings, form: str, color: bool, verbose: bool) -> str:
    """What the command prints. `form` is text, claw, latex, sympy or json."""
    if form == "json":
        # a single file as an object to read, several as a line each
        indent = 1 if len(files) == 1 else None
        return "".join(json.dumps(to_json(f, settings), indent=indent) + "\n" for f in files)
    if form == "text":
        return render_text(files, color, verbose)
    lines: list[str] = []
    for f in files:
        lines += [line for d in f.errors for line in render_diagnostic(f.place or f.path, f.lines, d, color)]
        if f.errors and not f.laws:
            continue
        if form == "claw":
            lines += claims(f)
        elif f.laws:
            lines.append(_formulas(f, form))
    return "\n".join(lines) + "\n" if lines else ""


def _formulas(f: Findings, form: str) -> str:
    """The laws as LaTeX, as they stand, or as SymPy's expressions of their entries at the sizes of the search."""
    if form == "latex":
        lines = []
        for law in f.laws:
            lines.append(rf"\text{{{law.name}}} = {latex_of(parse_expression(law.text))}")
            if law.symmetry_latex:
                lines.append(f"% {law.name} generates ${law.symmetry_latex}$")
        return "\n".join(lines)
    from claws.api import ClawError, loads
    from claws.readings.sympy_reading import python_text

    try:
        model = loads(new_file(f), f.path, f.sizes)
        return "\n".join(f"{law.name} = {python_text(model.laws[law.name].to_sympy())}" for law in f.laws)
    except ClawError as problem:
        return f"# {f.path}: {problem}"


def to_json(f: Findings, settings: Settings) -> dict[str, Any]:
    """The same for the same file, settings and seed, byte for byte."""
    from claws import __version__

    found: dict[str, Any] = {
        "schema": SCHEMA,
        "claws": __version__,
        "seed": settings.seed,
        "path": f.path,
        "model": f.model,
        "errors": [
            {"code": d.code, "message": d.message, "line": d.span.line, "column": d.span.column, "hint": d.hint}
            for d in f.errors
        ],
        "sizes": f.sizes,
        "parameters": f.parameters,
        "laws": [
            {"name": x.name, "text": x.claim, "for_all_sizes": x.for_all_sizes, "entries": x.entries} for x in f.laws
        ],
        "independent": f.independent,
        "count_at_least": f.count_at_least,
        "count_at_most": f.count_at_most,
        "missing": f.missing,
        "degree": f.degree,
        "interrupted": f.interrupted,
        "notes": f.notes,
    }
    if settings.symmetries:
        found["symmetries"] = [{"law": x.name, "flow": x.symmetry} for x in f.laws if x.symmetry]
        found["other_symmetries"] = f.symmetries
    return found


def render_text(files: Sequence[Findings], color: bool, verbose: bool) -> str:
    """For each file its laws as `.claw` text, with what is known about them in comments."""
    lines: list[str] = []
    for k, f in enumerate(files):
        if k:
            lines.append("")
        for d in f.errors:
            lines += render_diagnostic(f.place or f.path, f.lines, d, color)
        if f.errors and not f.laws:
            continue
        lines.append(f"# {f.path}: {summary(f)}")
        if f.chosen:
            example = f.chosen[0]
            lines.append(f"# sizes that nobody gave are small: set them as in -D {example}={f.sizes[example] + 1}")
        for law in f.laws:
            lines.append(f"{law_line(law)}  # {_about(law)}")
            if law.symmetry:
                lines.append(f"# {law.name} generates {law.symmetry}")
        if f.missing and not f.interrupted:
            lines.append(f"# {missing_text(f)}; {_advice(f)}")
        lines += [f"# a symmetry that gives no law: {s}" for s in f.symmetries]
        if verbose:
            lines += [f"# note: {note}" for note in f.notes]
        if f.interrupted:
            lines.append("# interrupted: what was found until then is above")
    return "\n".join(lines) + "\n" if lines else ""


def summary(f: Findings) -> str:
    """One sentence: how many laws, at which sizes, and whether these are all."""
    at = f" at {sizes_text(f)}" if f.sizes else ""
    if not f.laws:
        text = "no law was found" if f.missing else "there is no law"
        return text + at
    noun = "law" if f.independent == 1 else "laws"
    return f"{f.independent} independent {noun}{at}" + ("" if f.missing else ", and there is no other")


def sizes_text(f: Findings) -> str:
    return ", ".join(f"{d} = {n}" for d, n in f.sizes.items())


def missing_text(f: Findings) -> str:
    one = f.missing == 1
    if f.count_at_least == f.count_at_most:
        return f"{f.missing} of {f.count_at_most} independent laws {'is' if one else 'are'} missing"
    return f"up to {f.missing} independent {'law' if one else 'laws'} may be missing"


def _advice(f: Findings) -> str:
    """How far the search went, and what may help."""
    went = f"polynomials were searched up to degree {f.degree}: " if f.degree else ""
    return f"{went}try a higher --degree, or --basis with a function that may occur"


def law_line(law: FileLaw) -> str:
    return f"law {law.name} = {law.claim}"


def _about(law: FileLaw) -> str:
    entries = f"{law.entries} {'entry' if law.entries == 1 else 'entries'}"
    return f"all sizes; {entries}" if law.for_all_sizes else entries


def claims(f: Findings) -> list[str]:
    """The laws as statements of the file, and what is known of their number."""
    lines = [law_line(law) for law in f.laws]
    clause = f" for {sizes_text(f)}" if f.sizes else ""
    if f.counted < f.count_at_most or f.missing:
        return [*lines, f"count >= {f.counted}{clause}", f"count <= {f.count_at_most}{clause}"]
    if f.laws:
        lines.append(f"complete {', '.join(law.name for law in f.laws)}{clause}")
    return [*lines, f"count = {f.count_at_most}{clause}"]


def new_file(f: Findings) -> str:
    """The file with the laws that were found in place of its claims."""
    return f.bare.rstrip("\n") + "\n\n" + "\n".join(claims(f)) + "\n"


def exit_status(files: Sequence[Findings]) -> Exit:
    if any(f.interrupted for f in files):
        return Exit.INTERRUPTED
    if any(f.failed for f in files):
        return Exit.FAILED
    if any(f.errors for f in files) or not files:
        return Exit.WRONG
    return Exit.UNDECIDED if any(f.missing for f in files) else Exit.OK

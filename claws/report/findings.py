"""`claws find` for people and programs: the laws that were found as text, as a `.claw` file, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from claws.discovery.found import FileLaw, Findings, Settings
from claws.report.latex import latex_of
from claws.report.premises import premise_rows, premises_json, under_text
from claws.report.results import Exit, diagnostics_json
from claws.report.text import render_diagnostic
from claws.report.where import Where, elsewhere
from claws.syntax.diagnostic import SourceError
from claws.syntax.parser import parse_expression
from claws.syntax.reader import load_text
from claws.syntax.source import source_lines

SCHEMA = "claws-find/1"


def render_json(files: Sequence[Findings], settings: Settings) -> str:
    """A single file as an object to read, several as a line each."""
    indent = 1 if len(files) == 1 else None
    return "".join(json.dumps(to_json(f, settings), indent=indent) + "\n" for f in files)


def render_claims(files: Sequence[Findings], color: bool = False) -> str:
    """The laws as statements of each file, and what is known of their number."""
    return _rendered(files, color, claims)


def render_latex(files: Sequence[Findings], color: bool = False) -> str:
    """The laws in LaTeX's math mode, as they stand, with what they generate in comments."""
    return _rendered(files, color, _latex_lines)


def render_sympy(files: Sequence[Findings], color: bool = False) -> str:
    """SymPy's expressions of the laws' entries, at the sizes of the search."""
    return _rendered(files, color, _sympy_lines)


def _rendered(files: Sequence[Findings], color: bool, law_lines: Callable[[Findings], list[str]]) -> str:
    """The errors of each file, and these lines of each that has laws or no errors."""
    lines: list[str] = []
    for f in files:
        lines += [
            line for d in f.errors for line in render_diagnostic(f.place or f.path, source_lines(f.text), d, color)
        ]
        if f.laws or not f.errors:
            lines += law_lines(f)
    return "\n".join(lines) + "\n" if lines else ""


def _latex_lines(f: Findings) -> list[str]:
    lines = []
    for law in f.laws:
        lines.append(rf"\text{{{law.name}}} = {latex_of(parse_expression(law.text))}")
        if law.symmetry_latex:
            lines.append(f"% {law.name} generates ${law.symmetry_latex}$")
    return lines


def _sympy_lines(f: Findings) -> list[str]:
    from claws.readings.sympy_reading import python_text
    from claws.report.formulas import law_entries

    if not f.laws:
        return []
    spec = load_text(new_file(f), f.path, f.sizes)
    errors = spec.diagnostics
    if not errors:
        try:
            return [f"{law.name} = {python_text(law_entries(spec, law.name))}" for law in f.laws]
        except SourceError as problem:
            errors = [problem.diagnostic]
    text = "\n".join("\n".join(render_diagnostic(spec.path, source_lines(spec.text), d)) for d in errors)
    return [f"# {f.path}: {text}"]


def to_json(f: Findings, settings: Settings) -> dict[str, Any]:
    """The same for the same file, settings and seed, byte for byte."""
    from claws.version import VERSION

    found: dict[str, Any] = {
        "schema": SCHEMA,
        "claws": VERSION,
        "seed": settings.seed,
        "path": f.path,
        "model": f.model,
        "errors": diagnostics_json(f.errors),
        "sizes": f.sizes,
        "parameters": f.parameters,
        "laws": [
            {"name": x.name, "text": x.claim, "for_all_sizes": x.for_all_sizes, "entries": x.entries} for x in f.laws
        ],
        "independent": f.independent,
        "count_at_least": f.count_at_least,
        "count_at_most": f.count_at_most,
        "missing": f.missing,
        "assumptions": premises_json(f.premises),
        **Where.of(f.near).to_json(),
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
            lines += render_diagnostic(f.place or f.path, source_lines(f.text), d, color)
        if f.errors and not f.laws:
            continue
        lines.append(f"# {f.path}: {summary(f)}")
        lines += [f"# {text}" for text in _resting(f)]
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


def _resting(f: Findings) -> list[str]:
    """Where the number of laws was seen, if not everywhere, and what it takes for granted."""
    place = Where.of(f.near).text()
    exact = f.counted == f.count_at_most
    return ([f"the number is that {place} {elsewhere('count', exact)}"] if place else []) + [
        f"{title} {text}" for title, text in premise_rows(f.premises)
    ]


def summary(f: Findings) -> str:
    """One sentence: how many laws, at which sizes, and whether these are all."""
    at = f" at {sizes_text(f)}" if f.sizes else ""
    if not f.laws:
        if f.missing:
            return f"no law was found{at}"
        return f"there is no law{at}" + (f", {under_text(f.premises)}" if f.premises else "")
    noun = "law" if f.independent == 1 else "laws"
    under = f", {under_text(f.premises)}" if f.premises else ""
    return f"{f.independent} independent {noun}{at}" + ("" if f.missing else f", and there is no other{under}")


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
        if f.counted == f.count_at_most:
            return [*lines, f"count = {f.counted}{clause}"]
        return [*lines, f"count >= {f.counted}{clause}", f"count <= {f.count_at_most}{clause}"]
    if f.laws and f.together == f.count_at_most:
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

"""`claws export coq`: write the files, say what was left out and why, and with `--build` let coqc check them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from claws.coq.coqc import LIBRARY, check_text, sources
from claws.coq.exporter import Export, Refusal, Work, export
from claws.coq.second_opinion import prepare, where
from claws.report.results import Exit, source_lines
from claws.report.text import render_diagnostic
from claws.syntax.spec import Spec

PROJECT = ("-Q . Exported", "-Q Claws Claws", "-arg -w -arg -ambiguous-paths,-overriding-logical-loadpath")


def export_file(spec: Spec, folder: str, work: Work, build: bool) -> Exit:
    """Export every claim of a file without errors into a folder; the exit status."""
    found = export(spec, work)
    status = Exit.OK
    try:
        write(found, Path(folder))
    except OSError as problem:
        print(f"claws: {folder} can't be written: {problem.strerror}", file=sys.stderr)
        return Exit.WRONG
    for file in found.files:
        names = ", ".join(dict.fromkeys(claim.name for claim, _ in file.claims))
        refuted = ", refuted" if file.verdict == "REFUTED" else ""
        print(f"written: {Path(folder) / file.name}.v: {names}{where(file)}{refuted}")
    for reason, claims in _reasons(found.one_size).items():
        print(f"not for all sizes: {', '.join(claims)}: {reason}")
    for reason, claims in _reasons(found.refused).items():
        print(f"not exported: {', '.join(claims)}: {reason}")
        status = Exit.UNDECIDED
    if not found.files and not found.refused:
        print("nothing to export: the file makes no claim")
        return Exit.WRONG
    return _build(spec, found, status) if build and found.files else status


def _reasons(refused: Sequence[Refusal]) -> dict[str, list[str]]:
    """What was left out, by the reason."""
    reasons: dict[str, list[str]] = {}
    for refusal in refused:
        name = f"{refusal.claim.name} (line {refusal.claim.node.span.line})"
        names = reasons.setdefault(refusal.reason, [])
        if name not in names:
            names.append(name)
    return reasons


def write(found: Export, folder: Path) -> None:
    """The files, the library's sources beside them, and the project file with which Coq's own tools compile it all."""
    (folder / "Claws").mkdir(parents=True, exist_ok=True)
    for name, text in sources().items():
        (folder / "Claws" / f"{name}.v").write_text(text, encoding="utf-8")
    for file in found.files:
        (folder / f"{file.name}.v").write_text(file.text, encoding="utf-8")
    listed = sorted(path.name for path in folder.glob("*.v"))
    project = [*PROJECT, *(f"Claws/{name}.v" for name in LIBRARY), *listed]
    (folder / "_CoqProject").write_text("\n".join(project) + "\n", encoding="utf-8")


def _build(spec: Spec, found: Export, status: Exit) -> Exit:
    problem = prepare()
    if problem is not None:
        print("\n".join(render_diagnostic(spec.path, source_lines(spec.text), problem)), file=sys.stderr)
        return Exit.FAILED if problem.code == "CLAW092" else Exit.WRONG
    for file in found.files:
        answer = check_text(file.name, file.text)
        if answer.accepted:
            print(f"coqc accepts {file.name}")
        elif answer.out_of_time:
            print(f"{file.name}: {answer.message}")
            status = status if status is Exit.FAILED else Exit.UNDECIDED
        else:
            print(f"coqc does not accept {file.name}: {answer.message}")
            status = Exit.FAILED
    return status

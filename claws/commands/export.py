"""`claws export coq`: claims as Coq files, what was left out and why, and with `--build` what coqc says of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from claws.commands import options as shared

if TYPE_CHECKING:
    from claws.coq.exporter import Export, Refusal, Work
    from claws.report.results import Exit
    from claws.syntax.spec import Spec

EPILOG = """exit status:
  0    every claim is exported (with --build: and coqc accepts it)
  2    the file or the command line is wrong, a file can't be written, or --build finds no coqc
  3    a claim can't be exported, or coqc gave no answer in time
  4    coqc does not accept an exported file
  130  interrupted
The worst of several wins, in the order 4, 2, 3, 0."""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prover", choices=("coq",), help="the proof assistant")
    shared.add_file(parser)
    shared.add_sizes(parser)
    parser.add_argument("-o", "--output", metavar="DIR", default="coq", help="the folder to write to (default: coq)")
    parser.add_argument("--build", action="store_true", help="compile the library and let coqc check what is exported")
    shared.add_seed(parser, "for the search of points")
    shared.add_work(parser)


def run(arguments: argparse.Namespace) -> int:
    from claws.commands.output import loaded
    from claws.coq.exporter import Work

    spec = loaded(arguments.file, arguments.sizes)
    if spec is None:
        return 2
    work = Work(arguments.seed, arguments.budget, arguments.timeout or None)
    return _export(spec, arguments.output, work, arguments.build)


def _export(spec: Spec, folder: str, work: Work, build: bool) -> Exit:
    """Export every claim of a file without errors into a folder; the exit status."""
    from pathlib import Path

    from claws.coq.exporter import export
    from claws.coq.project import write_project
    from claws.coq.second_opinion import where
    from claws.report.results import Exit

    found = export(spec, work)
    status = Exit.OK
    try:
        write_project(found, Path(folder))
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


def _build(spec: Spec, found: Export, status: Exit) -> Exit:
    from claws.commands.output import print_errors
    from claws.coq.coqc import check_text
    from claws.coq.second_opinion import prepare
    from claws.report.results import Exit

    problem = prepare()
    if problem is not None:
        print_errors(spec.path, spec.text, [problem], sys.stderr)
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

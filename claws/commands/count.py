"""`claws count`: the number of conservation laws of a model at fixed sizes. `claws sweep` prints the same table for many."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from claws.commands import options as shared
from claws.discovery.formula import fit
from claws.report.formats import SWEEP, Style
from claws.syntax.instances.instance import Instance

if TYPE_CHECKING:
    from claws.report.sweeps import SweepRow
    from claws.syntax.diagnostic import Diagnostic
    from claws.syntax.spec import Sizes, Spec

EPILOG = shared.COUNT_STATUSES


def configure(parser: argparse.ArgumentParser) -> None:
    shared.add_file(parser, standard_input=True)
    shared.add_sizes(parser)
    add_table(parser)


def add_table(parser: argparse.ArgumentParser) -> None:
    shared.add_format(parser, SWEEP, "how to print the table")
    shared.add_seed(parser, "for the random point")
    shared.add_work(parser)
    shared.add_pure(parser)
    shared.add_unconditional(parser)


def run(arguments: argparse.Namespace) -> int:
    sizes = dict(arguments.sizes)
    return counted(arguments, [sizes], tuple(sizes))


def counted(
    arguments: argparse.Namespace,
    sizes: Sequence[Sizes],
    dims: tuple[str, ...],
    jobs: int = 1,
    save_path: str | None = None,
    with_formula: bool = False,
) -> int:
    """Print the table of the numbers of laws at these sizes of these dims; the exit status."""
    from claws.commands.output import print_errors, step_bar
    from claws.report.sweeps import SweepResult
    from claws.runner.files import NoText, Source, read_standard_input
    from claws.runner.options import Options
    from claws.runner.save import Save, SaveError
    from claws.runner.sweep import sweep
    from claws.syntax.source import read_source

    try:
        source = (
            read_standard_input() if arguments.file == "-" else Source(arguments.file, *read_source(arguments.file))
        )
    except NoText as failure:
        print(failure, file=sys.stderr)
        return 2
    spec = source.spec({})
    errors = _errors(source.problem, spec, sizes[0], dims, arguments.file)
    if errors:
        print_errors(spec.path, spec.text, errors, sys.stderr)
        return 2
    options = Options(
        seed=arguments.seed,
        budget=arguments.budget,
        timeout=arguments.timeout or None,
        jobs=jobs,
        pure=arguments.pure,
        unconditional=arguments.unconditional,
    )
    rows: dict[tuple[int, ...], SweepRow] = {}
    try:
        save = Save(save_path, spec.text, dims, options) if save_path is not None else None
        known = save.rows if save else {}
        rows = {tuple(s.values()): known[tuple(s.values())] for s in sizes if tuple(s.values()) in known}
        todo = [s for s in sizes if tuple(s.values()) not in rows]
        with step_bar(len(sizes), len(rows), "size") as step:

            def done(row: SweepRow) -> None:
                rows[tuple(row.sizes.values())] = row
                if save:
                    save.add(row)
                step()

            found = sweep(source, todo, options, done)
    except SaveError as unusable:
        print(f"claws: {unusable}", file=sys.stderr)
        return 2
    fault = next((r.fault for r in found.results if r.fault is not None), None)
    if fault is not None:
        print_errors("claws", "", [fault.diagnostic], sys.stderr)
        return 4
    table = SweepResult(dims, [rows[tuple(s.values())] for s in sizes if tuple(s.values()) in rows])
    if with_formula:
        # a dim that does not vary would only blur the formula
        moving = [d for d in dims if len({row.sizes[d] for row in table.rows}) > 1]
        proved = [row for row in table.rows if row.status == "PROVED"]
        table.conjecture = fit([({d: row.sizes[d] for d in moving}, row.at_least) for row in proved])
    sys.stdout.write(SWEEP[arguments.format].text((), table, Style()))
    if found.interrupted:
        print("interrupted: what was finished is above", file=sys.stderr)
        return 130
    return table.exit_status()


def _errors(problem: Diagnostic | None, spec: Spec, sizes: Sizes, dims: Sequence[str], path: str) -> list[Diagnostic]:
    """What is wrong with the file, or with the dims that were given sizes, or what sizes are missing."""
    from claws.runner.files import undeclared
    from claws.syntax.diagnostic import START, Diagnostic, SourceError

    if problem is not None:
        return [problem]
    if spec.diagnostics:
        return spec.diagnostics
    unknown = undeclared(dims, spec)
    if unknown is not None:
        return [unknown]
    try:
        missing = Instance(spec, sizes).free_dims()
    except SourceError as failure:
        return [failure.diagnostic]
    if not missing:
        return []
    more = ",".join(f"{d}=1..4" for d in missing)
    hint = f"give sizes, as in `-D {missing[0]}=3`, or run over them: `claws sweep {path} --over {more}`"
    return [Diagnostic("CLAW025", f"the number of laws depends on the sizes {', '.join(missing)}", START, hint)]

"""`claws gallery`: an index page of a folder of models, with what is proved of each."""

from __future__ import annotations

import argparse
import os
import sys

from claws.commands import options as shared
from claws.report.formats import REPORT, Style

EPILOG = ""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="FOLDER", help="the folder; each folder in it is a family")
    parser.add_argument("-o", "--output", metavar="FILE", help="where to write the page (default: FOLDER/README.md)")
    parser.add_argument("--check", action="store_true", help="write nothing: is the page up to date, but for times?")
    shared.add_jobs(parser, "N")


def run(arguments: argparse.Namespace) -> int:
    from claws.commands.output import has_color
    from claws.report.gallery import entry_of, render, without_times
    from claws.report.results import Exit
    from claws.runner.check import check_sources
    from claws.runner.files import read_files
    from claws.runner.options import Options
    from claws.syntax.source import write_whole

    sources = read_files([arguments.folder])
    report = check_sources(sources, Options(jobs=arguments.jobs))
    status = report.exit_status()
    if status != Exit.OK:
        sys.stdout.write(REPORT["text"].text(report.files, report, Style(has_color())))
        print("no page is made of files that do not hold", file=sys.stderr)
        return status
    entries = []
    for source, f in zip(sources, report.files, strict=True):
        docstring = source.spec({}).file.docstring
        path = os.path.relpath(f.path, arguments.folder).replace(os.sep, "/")
        entries.append(entry_of(path, docstring or f.model, f))
    page = render(entries, "Gallery", f"claws gallery {arguments.folder.rstrip('/')}")
    path = arguments.output or os.path.join(arguments.folder, "README.md")
    try:
        if arguments.check:
            with open(path, encoding="utf-8") as handle:
                same = without_times(handle.read()) == without_times(page)
            print(f"{path} is up to date" if same else f"{path} is out of date: make it again with `claws gallery`")
            return Exit.OK if same else Exit.MISSED
        write_whole(path, page)
    except OSError as problem:
        print(f"claws: {path}: {problem.strerror}", file=sys.stderr)
        return Exit.WRONG
    print(f"written: {path}")
    return Exit.OK

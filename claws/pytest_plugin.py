"""pytest collects `.claw` files: one test for each claim, at each of its sizes; with `--claws-test` also one for each law.

The fixture `claw` loads a file for property tests of one's own: `claw("two_layer.claw")`, by a path from the test's folder.

Soundness rests on nothing here: a test asks the runner, as the command line does, and shows its text.
This module is imported by every run of pytest, so it imports the rest of claws only for a `.claw` file.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from claws.api import Model
    from claws.report.results import FileResult
    from claws.runner.options import Options
    from claws.syntax.spec import Claim, Spec


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("claws", "conservation laws in .claw files")
    group.addoption(
        "--claws-unknown",
        choices=("fail", "xfail", "skip"),
        default="fail",
        help="what a claim is whose verdict is UNKNOWN and should not be (default: fail)",
    )
    group.addoption(
        "--claws-budget",
        type=_positive,
        metavar="STEPS",
        help="work allowed for each claim, in elementary steps (default: as for `claws check`)",
    )
    group.addoption(
        "--claws-seed",
        type=_natural,
        default=0,
        metavar="SEED",
        help="for the search of counter-examples (default: 0)",
    )
    group.addoption(
        "--claws-unconditional",
        action="store_true",
        help="take a verdict that rests on a premise for UNKNOWN",
    )
    group.addoption(
        "--claws-test",
        action="store_true",
        help="test each law by random examples and by training, too, as `claws test` does; hypothesis's profile counts",
    )
    parser.addini("claws_files", "patterns of the files that claws collects", type="args", default=["*.claw"])


def _natural(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number >= 0")
    return int(text)


def _positive(text: str) -> int:
    if (n := _natural(text)) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number >= 1")
    return n


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    patterns: list[str] = parent.config.getini("claws_files")
    if any(_matches(file_path, pattern, parent.config.rootpath) for pattern in patterns):
        return ClawFile.from_parent(parent, path=file_path)
    return None


def _matches(path: Path, pattern: str, root: Path) -> bool:
    """As for pytest's `python_files`: a pattern with a slash is about the path below the root, else about the name."""
    if "/" not in pattern:
        return fnmatch(path.name, pattern)
    return path.is_relative_to(root) and fnmatch(path.relative_to(root).as_posix(), pattern)


PREMISE = "claws premise"
"""The user property of a test whose verdict rests on a premise."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which claims hold under a premise, and under which."""
    found: dict[str, list[str]] = {}
    for report in terminalreporter.getreports("passed"):
        if report.when == "call":
            for name, text in report.user_properties:
                if name == PREMISE:
                    found.setdefault(str(text), []).append(report.nodeid)
    if found:
        terminalreporter.section("claims that hold under a premise")
    for text, tests in found.items():
        terminalreporter.write_line(text)
        for test in tests:
            terminalreporter.write_line(f"    {test}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if isinstance(item, ClawItem) and report.skipped and isinstance(report.longrepr, tuple):
        # a skipped claim stands at its place in the .claw file, not at the line that skips it
        _, _, reason = report.longrepr
        report.longrepr = (str(item.path), item.line + 1, reason)
    return report


class ClawFile(pytest.File):
    """A `.claw` file. One that is wrong has one test, `file`, which fails and so hides no other file's results."""

    def collect(self) -> Iterator[ClawItem]:
        from claws.report.results import FileResult
        from claws.runner.check import check_text
        from claws.runner.options import Options
        from claws.syntax.reader import load_text
        from claws.syntax.source import read_source

        options = Options(
            seed=self.config.getoption("claws_seed"), unconditional=self.config.getoption("claws_unconditional")
        )
        if (budget := self.config.getoption("claws_budget")) is not None:
            options = replace(options, budget=budget)
        shown = self._shown_path()
        text, problem = read_source(str(self.path))
        if problem is not None:
            yield WrongFile.from_parent(self, name="file", result=FileResult(shown, errors=[problem]))
            return
        try:
            spec = load_text(text, shown)
        except Exception:
            # a bug of claws: the runner words it
            yield WrongFile.from_parent(self, name="file", result=check_text(text, shown, options))
            return
        if spec.diagnostics:
            yield WrongFile.from_parent(self, name="file", result=check_text(text, shown, options))
            return
        seen: Counter[str] = Counter()
        for claim in spec.claims:
            for sizes in claim.sizes:
                at = f"[{','.join(f'{dim}={n}' for dim, n in sizes.items())}]" if sizes else ""
                seen[claim.name + at] += 1
                again = seen[claim.name + at]
                name = f"{claim.name}{f'-{again}' if again > 1 else ''}{at}"
                yield ClaimItem.from_parent(self, name=name, spec=spec, claim=claim, sizes=sizes, options=options)
        if self.config.getoption("claws_test"):
            for claim in spec.claims:
                if claim.kind == "law":
                    yield LawItem.from_parent(self, name=f"{claim.name}::test", spec=spec, claim=claim, options=options)

    def _shown_path(self) -> str:
        """The path as one would give it to `claws check` here."""
        try:
            return os.path.relpath(self.path, self.config.invocation_params.dir)
        except ValueError:  # on another drive
            return str(self.path)


class NotHeldError(Exception):
    """A test fails. The message is all there is to say: the command line's text, without a traceback."""


class ClawItem(pytest.Item):
    """A test that shows the command line's text. `line` counts from 0."""

    line = 0
    text = ""

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, self.line, self.name

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any, **kwargs: Any) -> Any:
        if isinstance(excinfo.value, NotHeldError | pytest.xfail.Exception):
            return self.text
        return super().repr_failure(excinfo, *args, **kwargs)


class WrongFile(ClawItem):
    """The errors of a file."""

    def __init__(self, *, result: FileResult, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.result = result
        self.line = result.errors[0].span.line - 1 if result.errors else 0

    def runtest(self) -> None:
        from claws.report.text import render_file

        self.text = "\n".join(render_file(self.result))
        raise NotHeldError(self.text)


class LawItem(ClawItem):
    """A law tried by hypothesis and by training."""

    def __init__(self, *, spec: Spec, claim: Claim, options: Options, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.spec, self.claim, self.options = spec, claim, options
        self.line = claim.node.span.line - 1

    def runtest(self) -> None:
        from claws.report.trials import render_file
        from claws.testing.files import spec_tests
        from claws.testing.laws import Plan

        plan = Plan(self.options.seed, laws=(self.claim.name,))
        found = spec_tests(self.spec, self.options, plan, bundles=".")
        law = found.laws[0] if found.laws else None
        if found.errors or law is None or not law.holds or law.bug:
            self.text = "\n".join(render_file(found, verbose=True))
            if not found.errors and law is not None and not law.tried and not law.bug:
                pytest.skip(f"the law could not be tried: {law.note}")
            raise NotHeldError(self.text)


@pytest.fixture
def claw(request: pytest.FixtureRequest) -> Callable[[str], Model]:
    """`claw(path)` loads a `.claw` file, by a path from the folder of the test: a `claws.Model`. Raises `claws.ClawError`."""

    def load(path: str) -> Model:
        import claws

        return claws.load(str(request.path.parent / path))

    return load


class ClaimItem(ClawItem):
    """One claim at some sizes, checked when the test runs."""

    def __init__(self, *, spec: Spec, claim: Claim, sizes: Mapping[str, int], options: Options, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        # a file with this claim alone, for the runner to report on as on any file
        self.spec = replace(spec, claims=[replace(claim, sizes=(dict(sizes),))])
        self.options = options
        self.line = claim.node.span.line - 1

    def runtest(self) -> None:
        from claws.kernel.core.finding import Verdict
        from claws.report.text import render_claim, render_diagnostic
        from claws.runner.check import check_spec

        result = check_spec(self.spec, self.options)
        lines = [line for d in result.errors for line in render_diagnostic(result.path, result.lines, d)]
        missed = [c for c in result.claims if not c.holds]
        for p in {p: None for c in result.claims for p in c.premises}:
            # reports carry it to the summary, from other processes as well, and to JUnit's XML
            self.user_properties.append((PREMISE, f"{p.code}: {p.text}"))
        for c in missed:
            lines += render_claim(result, c)
        self.text = "\n".join(lines)
        if not self.text:
            return
        if not result.errors and all(c.verdict is Verdict.UNKNOWN for c in missed):
            reason = f"UNKNOWN: {'; '.join(c.reason for c in missed)}"
            unknown = self.config.getoption("claws_unknown")
            if unknown == "skip":
                pytest.skip(reason)
            if unknown == "xfail":
                pytest.xfail(reason)  # does nothing under --runxfail
        raise NotHeldError(self.text)

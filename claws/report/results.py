"""What a check found, as values. Every front door renders these; nothing is parsed back from text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from claws.kernel.core.finding import Premise, Verdict
from claws.report.details import Detail
from claws.report.premises import premises_json
from claws.syntax.diagnostic import Diagnostic, Span

SCHEMA = "claws-report/2"


def diagnostics_json(errors: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """The errors of a file, or its warnings, as every command's JSON has them."""
    return [
        {"code": d.code, "message": d.message, "line": d.span.line, "column": d.span.column, "hint": d.hint}
        for d in errors
    ]


class Exit(IntEnum):
    """Exit statuses of the command line. Of several, the worst counts: FAILED, WRONG, MISSED, UNDECIDED, OK."""

    OK = 0
    """Every claim holds."""
    MISSED = 1
    """A claim does not hold: it is refuted, or has another verdict than the file expects."""
    WRONG = 2
    """A file or the command line is wrong, or there was nothing to check."""
    UNDECIDED = 3
    """Only undecided claims stand in the way."""
    FAILED = 4
    """The checker failed, or the kernel turned its certificate down."""
    INTERRUPTED = 130


_WORST = (Exit.FAILED, Exit.WRONG, Exit.MISSED, Exit.UNDECIDED)


def worst(found: Iterable[Exit]) -> Exit:
    """The exit status of several outcomes together; OK for none."""
    seen = set(found)
    return next((e for e in _WORST if e in seen), Exit.OK)


@dataclass
class ClaimResult:
    """One claim at one size (`sizes` is None where a claim is for all sizes, {} where there are no dims)."""

    name: str
    kind: str
    span: Span
    sizes: dict[str, int] | None
    verdict: Verdict
    expected: Verdict
    for_all_sizes: bool = False
    method: str = ""
    reason: str = ""
    """Why the verdict is UNKNOWN, in a sentence; otherwise empty."""
    detail: Detail = field(default_factory=Detail)
    conditions: tuple[str, ...] = ()
    """The conditions on sizes under which a law for all sizes is claimed, such as `r >= 2`."""
    premises: tuple[Premise, ...] = ()
    """What the verdict takes for granted; none where it is true without."""
    trust: tuple[str, ...] = ()
    seconds: float = 0.0
    free_dims: tuple[str, ...] = ()
    """The dims that stay free in this claim."""
    evidence: object = None
    """What the kernel has accepted; kept only while Coq is asked, too."""

    @property
    def holds(self) -> bool:
        return self.verdict == self.expected

    def to_json(self) -> dict[str, Any]:
        detail = self.detail.to_json()
        if self.reason:
            detail["reason"] = self.reason
        return {
            "name": self.name,
            "kind": self.kind,
            "line": self.span.line,
            "column": self.span.column,
            "sizes": self.sizes,
            "verdict": self.verdict.value,
            "expected": self.expected.value,
            "holds": self.holds,
            "for_all_sizes": self.for_all_sizes,
            "method": self.method,
            "detail": detail,
            "conditions": list(self.conditions),
            "assumptions": premises_json(self.premises),
            "trust": list(self.trust),
            "seconds": round(self.seconds, 6),
        }


@dataclass
class FileResult:
    """One file: its errors (then no claim was checked) or its claims, and warnings. `lines` are its source, for messages."""

    path: str
    model: str = ""
    errors: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)
    claims: list[ClaimResult] = field(default_factory=list)
    lines: tuple[str, ...] = ()
    dims: tuple[str, ...] = ()
    failed: bool = False
    """Whether an error is the checker's own: a bug, or a certificate that the kernel turned down."""
    interrupted: bool = False
    """Whether it was stopped before its last claim."""

    def to_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "model": self.model,
            "errors": diagnostics_json(self.errors),
            # there only where a file has some
            **({"warnings": diagnostics_json(self.warnings)} if self.warnings else {}),
            "claims": [c.to_json() for c in self.claims],
        }


@dataclass
class Report:
    """All files of one run."""

    files: list[FileResult]
    seed: int = 0
    interrupted: bool = False

    def claims(self) -> list[ClaimResult]:
        return [c for f in self.files for c in f.claims]

    def count(self, verdict: Verdict) -> int:
        return sum(c.verdict is verdict for c in self.claims())

    def exit_status(self) -> Exit:
        if self.interrupted:
            return Exit.INTERRUPTED
        found = {Exit.OK}
        claims = self.claims()
        if not claims:
            found.add(Exit.WRONG)
        for f in self.files:
            if f.failed:
                found.add(Exit.FAILED)
            elif f.errors:
                found.add(Exit.WRONG)
        for c in claims:
            if not c.holds:
                found.add(Exit.UNDECIDED if c.verdict is Verdict.UNKNOWN else Exit.MISSED)
        return worst(found)

    def to_json(self) -> dict[str, Any]:
        from claws.version import VERSION

        return {
            "schema": SCHEMA,
            "claws": VERSION,
            "seed": self.seed,
            "files": [f.to_json() for f in self.files],
            "summary": {
                "claims": len(self.claims()),
                "hold": sum(c.holds for c in self.claims()),
                "proved": self.count(Verdict.PROVED),
                "refuted": self.count(Verdict.REFUTED),
                "unknown": self.count(Verdict.UNKNOWN),
                "errors": sum(len(f.errors) for f in self.files),
            },
        }

"""The index page of a folder of models, made from their docstrings and results. It only prints."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from claws.kernel.core.finding import Verdict
from claws.report.premises import under_text
from claws.report.results import ClaimResult, FileResult
from claws.report.text import sizes_text

NOTE = re.compile(r"^(Source|Here): (.*)", re.DOTALL)


@dataclass(frozen=True)
class Entry:
    """One file: `path` as the page links to it, `family` its folder."""

    path: str
    family: str
    title: str
    source: str
    notes: tuple[str, ...]
    """Sentences that start with `Here:`, where claws goes beyond what is published."""
    claims: tuple[ClaimResult, ...]


def entry_of(path: str, docstring: str, result: FileResult) -> Entry:
    """A file with the parts of its docstring: the title, and paragraphs or lines that start with `Source:` and `Here:`."""
    title, _, rest = docstring.strip().partition("\n")
    source, notes = "", []
    for part in re.split(r"\n\s*\n|\n(?=Here: )", rest):
        match = NOTE.match(part.strip())
        if match is None:
            continue
        text = " ".join(match[2].split())
        if match[1] == "Source":
            source = text.rstrip(".")
        else:
            notes.append(text)
    family = Path(path).parent.name
    return Entry(path, family, title.strip().rstrip("."), source, tuple(notes), tuple(result.claims))


def render(entries: Iterable[Entry], title: str, command: str) -> str:
    """The page as Markdown: a table for each family."""
    entries = list(entries)
    families: dict[str, list[Entry]] = {}
    for e in entries:
        families.setdefault(e.family, []).append(e)
    claims = [c for e in entries for c in e.claims]
    proved = sum(c.verdict is Verdict.PROVED for c in claims)
    refuted = sum(c.verdict is Verdict.REFUTED for c in claims)
    seconds = sum(c.seconds for c in claims)
    lines = [
        f"# {title}",
        "",
        f"{len(entries)} models with {len(claims)} claims: {proved} proved, {refuted} refuted with an exact witness or bound, "
        "all as the files expect. Every proof has been accepted by the kernel. *All* means: for every size. Times are those of "
        f"the claims of a file together, {_seconds(seconds)} in all. This page is made by `{command}`.",
        "",
        "Families: " + " · ".join(f"[{family}](#{family})" for family in families) + ".",
    ]
    for family, members in families.items():
        lines += [
            "",
            f"## {family}",
            "",
            "| model | source | laws | how many | false friends | time |",
            "| --- | --- | --- | --- | --- | --- |",
        ]
        lines += [_row(e) for e in members]
        notes = [(e, note) for e in members for note in e.notes]
        if notes:
            lines += ["", "Beyond what is published:", ""]
            lines += [f"* [{e.title}]({e.path}): {note}" for e, note in notes]
    return "\n".join(lines) + "\n"


def _row(e: Entry) -> str:
    laws = [c for c in e.claims if c.kind == "law"]
    columns = [
        f"[{e.title}]({e.path})",
        e.source,
        "; ".join(_laws([c for c in laws if c.verdict is Verdict.PROVED])),
        "; ".join(_numbers([c for c in e.claims if c.kind != "law"])),
        "; ".join(_laws([c for c in laws if c.verdict is Verdict.REFUTED])),
        _seconds(sum(c.seconds for c in e.claims)),
    ]
    return "| " + " | ".join(text.replace("|", "\\|") for text in columns) + " |"


def _laws(claims: Sequence[ClaimResult]) -> list[str]:
    """Laws by name, with the sizes that they are claimed for; refuted ones by name alone."""
    groups: dict[str, list[ClaimResult]] = {}
    for c in claims:
        groups.setdefault(c.name, []).append(c)
    found = []
    for name, group in groups.items():
        scope = "" if group[0].verdict is Verdict.REFUTED else _scope(group)
        found.append(f"`{name}`" + (f" ({scope})" if scope else ""))
    return found


def _numbers(claims: Sequence[ClaimResult]) -> list[str]:
    """`complete` and `count` claims, with their sizes."""
    groups: dict[tuple[int, Verdict], list[ClaimResult]] = {}
    for c in claims:
        groups.setdefault((c.span.line, c.verdict), []).append(c)
    found = []
    for (_, verdict), group in groups.items():
        first = group[0]
        if verdict is Verdict.REFUTED and first.kind != "complete":
            continue  # a neighbour of the right number
        bounds = [c.detail.bounds for c in group]
        low = {None if b is None else b.at_least for b in bounds}
        if first.kind == "complete":
            what = "all of them" if verdict is Verdict.PROVED else "not all"
        elif len(low) == 1 and bounds[0] is not None and bounds[0].at_least == bounds[0].at_most:
            what = f"{bounds[0].at_least}"
        else:
            what = "counted"
        scope = _scope(group)
        premises = dict.fromkeys(p for c in group for p in c.premises)
        near = any(c.detail.where is not None and not c.detail.where.everywhere for c in group)
        notes = [scope, "near a point" if near else "", under_text(list(premises))]
        given = ", ".join(note for note in notes if note)
        found.append(what + (f" ({given})" if given else ""))
    return found


def _scope(group: Sequence[ClaimResult]) -> str:
    first, last = group[0], group[-1]
    if first.sizes is None:
        return "all"
    if not first.sizes:
        return ""
    if len(group) == 1:
        return sizes_text(first.sizes)
    return f"{len(group)} sizes, {sizes_text(first.sizes)} to {sizes_text(last.sizes or {})}"


def _seconds(x: float) -> str:
    return "< 0.1 s" if x < 0.1 else f"{x:.1f} s"


def without_times(page: str) -> str:
    """A page as far as it is the same on every machine."""
    return re.sub(r"(< 0\.1|\d+\.\d) s\b", "- s", page)

"""The report as text. It only prints: every value comes from `results`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from claws.kernel.core.finding import Verdict
from claws.report.details import Counterexample
from claws.report.premises import premise_rows, under_text
from claws.report.residues import residue_text
from claws.report.results import ClaimResult, FileResult, Report
from claws.report.where import NestedText, elsewhere, nested_text
from claws.syntax.diagnostic import START, Diagnostic, Span

_COLORS = {"PROVED": "32", "REFUTED": "31", "UNKNOWN": "33", "error": "31", "warning": "33"}


def render_report(report: Report, color: bool = False, verbose: bool = False) -> str:
    """The whole report: a line per claim, what is wrong under it, and a summary."""
    parts: list[str] = []
    for f in report.files:
        parts.extend(render_file(f, color, verbose))
    parts.append(render_summary(report))
    return "\n".join(parts) + "\n"


def render_file(f: FileResult, color: bool = False, verbose: bool = False) -> list[str]:
    lines: list[str] = []
    for d in f.errors:
        lines.extend(render_diagnostic(f.path, f.lines, d, color))
    for d in f.warnings:
        lines.extend(render_diagnostic(f.path, f.lines, d, color, "warning"))
    for group in _groups(f.claims):
        if len(group) > 1 and not verbose:
            lines.extend(render_claim(f, group[0], color, scope=_range_text(group)))
        else:
            for c in group:
                lines.extend(render_claim(f, c, color, verbose))
    if f.errors and not f.claims:
        lines.append(f"{f.path}: no claim was checked")
    return lines


def _groups(claims: Iterable[ClaimResult]) -> list[list[ClaimResult]]:
    """Neighbouring sizes of one claim are shown together where there is the same to say of each."""
    groups: list[list[ClaimResult]] = []
    for c in claims:
        last = groups[-1][-1] if groups else None
        if last is not None and last.span == c.span and _alike(last, c):
            groups[-1].append(c)
        else:
            groups.append([c])
    return groups


def _alike(a: ClaimResult, b: ClaimResult) -> bool:
    return (
        a.verdict is b.verdict
        and a.holds == b.holds
        and (a.conditions, a.premises, _near(a)) == (b.conditions, b.premises, _near(b))
        and (a.holds or (b.detail.counterexample is None and a.reason == b.reason))
    )


def _near(c: ClaimResult) -> bool:
    """Whether the verdict was seen near a point, and not everywhere."""
    return c.detail.where is not None and not c.detail.where.everywhere


def _elsewhere(c: ClaimResult) -> str:
    bounds = c.detail.bounds
    return elsewhere(c.kind, bounds is not None and bounds.at_least == bounds.at_most)


def _range_text(group: list[ClaimResult]) -> str:
    first, last = group[0], group[-1]
    sizes = f"at {len(group)} sizes, {sizes_text(first.sizes or {})} to {sizes_text(last.sizes or {})}"
    return _qualified(first, sizes, f"near a point each {_elsewhere(first)}")


def sizes_text(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{name} = {n}" for name, n in sizes.items())


def scope_text(c: ClaimResult) -> str:
    """What the verdict is about: `for all n, m`, `for n = 3`, or nothing where there are no dims; where; and what it rests on."""
    parts = [sizes_text(c.sizes)] if c.sizes else []
    if c.free_dims and c.verdict is not Verdict.REFUTED:
        parts.append("all " + ", ".join(c.free_dims))
    where = "" if c.detail.where is None else f"{c.detail.where.text()} {_elsewhere(c)}"
    return _qualified(c, "for " + " and ".join(parts) if parts else "", where)


def _qualified(c: ClaimResult, sizes: str, where: str) -> str:
    """The sizes of a claim, with the place where it was seen if that is not everywhere, its conditions and its premises."""
    text = " ".join(part for part in (sizes, where if _near(c) else "") if part)
    given = f"given {', '.join(c.conditions)}" if c.conditions and c.verdict is Verdict.PROVED else ""
    return ", ".join(part for part in (text, given, under_text(c.premises)) if part)


def _claim_line(path: str, c: ClaimResult, color: bool, scope: str | None = None) -> str:
    word = _paint(c.verdict.value, c.verdict.value, color)
    scope = scope_text(c) if scope is None else scope
    expected = ""
    if c.expected is not Verdict.PROVED or not c.holds:
        expected = ", as expected" if c.holds else f", expected {c.expected.value}"
    return f"{path}:{c.span.line}:{c.span.column}: {word} {c.name}{' ' + scope if scope else ''}{expected}"


def render_claim(
    f: FileResult, c: ClaimResult, color: bool = False, verbose: bool = False, scope: str | None = None
) -> list[str]:
    """The line of one claim, under it its premises, and the reason if it does not hold (or if `verbose`).

    `scope` replaces the text that says for which sizes it is.
    """
    lines = [_claim_line(f.path, c, color, scope)]
    rows = list(premise_rows(c.premises))
    if c.holds and not verbose:
        return lines + _table(rows)
    lines.extend(_snippet(f.lines, c.span, mark=False))
    if c.reason:
        rows.append(("reason", c.reason))
    rows.extend(_found_rows(c, verbose))
    if c.detail.counterexample is not None:
        rows.extend(_counterexample_rows(c.name, c.detail.counterexample))
    if verbose:
        rows.extend(_trust_rows(c))
    if c.detail.certificate is not None:
        rows.append(("certificate", c.detail.certificate))
    return lines + _table(rows)


def _table(rows: Sequence[tuple[str, str]]) -> list[str]:
    width = max((len(name) for name, _ in rows), default=0)
    return [f"    {name:<{width}}  {text}" for name, text in rows]


def _found_rows(c: ClaimResult, verbose: bool) -> Iterator[tuple[str, str]]:
    """What was tried, and what is known of the number of laws."""
    detail = c.detail
    if c.verdict is Verdict.UNKNOWN:
        yield from (("tried", text) for text in detail.tried or ())
    if detail.bounds is not None and not c.holds:
        b = detail.bounds
        state = f"{b.parameters} parameters"
        if b.coordinates != b.parameters:
            state = f"{b.coordinates} coordinates: parameters, time and velocities"
        yield "bounds", f"at least {b.at_least} and at most {b.at_most} laws of {state}"
    if c.kind == "complete" and c.verdict is Verdict.REFUTED and detail.counterexample is None:
        yield "missing", ", ".join(detail.laws or ()) or "laws that are no polynomials of degree 2"
    elif detail.laws and verbose:
        yield "laws", ", ".join(detail.laws)


def _counterexample_rows(law: str, found: Counterexample) -> Iterator[tuple[str, str]]:
    """Where the law changes, how, and what each of its terms leaves there."""
    how = " even without a loss"
    if found.output:
        how = f" for the loss {_entry_text(f'({_shortened(found.output)})', found.output_entry)}"
    is_ = "is in" if isinstance(found.change, tuple) else "="
    change = f"d/dt {_entry_text(law, found.law_entry)} {is_} {residue_text(found.change)}"
    yield "not conserved", f"{change}{how}; it should be 0"
    if found.sizes:
        yield "at sizes", sizes_text(found.sizes)
    yield from (("at", text) for text in witness_rows(found.entries, found.arrays))
    yield from (("with", text) for text in found.choices)
    yield from (("term", f"`{_shortened(t.text)}` leaves {residue_text(t.residue)}") for t in found.terms or ())


def _trust_rows(c: ClaimResult) -> Iterator[tuple[str, str]]:
    """How the claim was decided, and what that rests on."""
    if c.method:
        yield "method", c.method
    if c.detail.where is not None:
        yield from c.detail.where.rows()
    if c.trust:
        yield "trust", ", ".join(c.trust)
    if c.detail.coq is not None:
        yield "coq", c.detail.coq


_LONG = 100
"""An expression with more characters than this is cut in its middle."""


def _shortened(expression: str) -> str:
    half = _LONG // 2 - 2
    return expression if len(expression) <= _LONG else f"{expression[:half]} ... {expression[-half:]}"


def _entry_text(name: str, entry: Sequence[int]) -> str:
    return f"{name}[{', '.join(map(str, entry))}]" if entry else name


_MANY = 60
"""A witness with more entries than this is listed by those that are not zero."""


def witness_rows(entries: Mapping[str, str], arrays: Mapping[str, NestedText]) -> list[str]:
    """Each array of a witness as nested lists, or the entries that are not zero where there are many."""
    if len(entries) <= _MANY:
        return [f"{name} = {nested_text(x)}" for name, x in arrays.items()]
    rows = [f"{name} = {x}" for name, x in entries.items() if x != "0"]
    return [*rows, "every other entry is 0"]


def render_diagnostic(
    path: str, lines: tuple[str, ...], d: Diagnostic, color: bool = False, kind: str = "error"
) -> list[str]:
    """`path:line:column: error[CODE]: message`, the source line with the place marked, and the hint. `kind`: error or warning."""
    word = _paint(f"{kind}[{d.code}]", kind, color)
    result = [f"{path}:{d.span.line}:{d.span.column}: {word}: {d.message}"]
    if d.span != START:
        result.extend(_snippet(lines, d.span))
    if d.hint:
        result.append(f"    hint: {d.hint}")
    for text, span in d.notes:
        result.append(f"{path}:{span.line}:{span.column}: note: {text}")
        result.extend(_snippet(lines, span))
    return result


_WIDEST = 160


def _snippet(lines: tuple[str, ...], span: Span, mark: bool = True) -> list[str]:
    if not 1 <= span.line <= len(lines):
        return []
    source = lines[span.line - 1]
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(source)
    # a very long line is shown around the place
    cut = max(0, start - _WIDEST // 2) if len(source) > _WIDEST else 0
    shown = "".join(ch if ch.isprintable() else " " for ch in source[cut : cut + _WIDEST])
    number = str(span.line)
    result = [f"  {number} | {shown}".rstrip()]
    if mark:
        before, marked = shown[: start - cut], shown[start - cut : max(end, start) - cut]
        result.append(f"  {' ' * len(number)} | {' ' * _width(before)}{'^' * max(1, _width(marked))}")
    return result


def _width(text: str) -> int:
    """The columns of a terminal that a text takes."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(0 if category(ch) in ("Mn", "Me") else 2 if east_asian_width(ch) in "WF" else 1 for ch in text)


def render_summary(report: Report) -> str:
    claims = report.claims()
    errors = sum(len(f.errors) for f in report.files)
    parts = [
        f"{report.count(Verdict.PROVED)} proved",
        f"{report.count(Verdict.REFUTED)} refuted",
        f"{report.count(Verdict.UNKNOWN)} unknown",
    ]
    held = sum(c.holds for c in claims)
    text = f"{_plural(len(claims), 'claim')}: {', '.join(parts)}; "
    text += "all hold" if held == len(claims) and claims else f"{held} hold, {len(claims) - held} do not"
    if errors:
        text += f"; {_plural(errors, 'error')}"
    warnings = sum(len(f.warnings) for f in report.files)
    if warnings:
        text += f"; {_plural(warnings, 'warning')}"
    if claims or errors:
        return text
    return "no claim was decided" if report.interrupted else "nothing to check: no claim was found"


def _plural(n: int, word: str) -> str:
    return f"{n} {word}{'' if n == 1 else 's'}"


def _paint(text: str, kind: str, color: bool) -> str:
    return f"\x1b[{_COLORS[kind]}m{text}\x1b[0m" if color else text

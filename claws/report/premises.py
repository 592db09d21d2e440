"""What a theorem takes for granted: as JSON, and as text for every front door."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from claws.kernel.core.finding import Premise

PREMISES: Mapping[str, Premise] = {p.code: p for p in Premise}
"""The premises by their codes."""


def premises_json(premises: Sequence[Premise]) -> list[dict[str, str]]:
    """The premises as every JSON has them, under `assumptions`."""
    return [{"premise": p.code, "text": p.text} for p in premises]


def under_text(premises: Sequence[Premise]) -> str:
    """The premises by their codes, as in `under the premise not-constant`; empty for none."""
    codes = ", ".join(p.code for p in premises)
    return f"under the premise{'s' if len(premises) > 1 else ''} {codes}" if premises else ""


def premise_rows(premises: Sequence[Premise]) -> Iterator[tuple[str, str]]:
    """A row for each premise, with all of its text."""
    yield from (("premise", f"{p.code}: {p.text}") for p in premises)


def taken_for_unknown(verdict: str, premises: Sequence[Premise]) -> str:
    """Why a verdict does not count with `--unconditional`."""
    texts = "; ".join(f"{p.code}: {p.text}" for p in premises)
    return f"{verdict} under {'premises' if len(premises) > 1 else 'a premise'}: {texts}; --unconditional takes that for UNKNOWN"

"""No text breaks the checker: hostile files, damaged examples and random words end in a verdict or a clear error."""

from __future__ import annotations

import contextlib
import io
import random
import re
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from claws.cli import main
from claws.kernel.core.errors import Meter
from claws.kernel.core.finding import Verdict
from claws.report.codes import CODES
from claws.report.results import ClaimResult, FileResult
from claws.runner.check import check_text
from claws.runner.options import Options
from claws.syntax.diagnostic import Span
from claws.syntax.lexer import STATEMENT_KEYWORDS, Token, scan_tokens
from claws.syntax.parser import parse_source
from claws.syntax.printer import print_file
from claws.syntax.source import source_lines
from tests.properties.interpreter import read
from tests.properties.nasty import NASTY
from tests.properties.programs import programs
from tests.properties.random_points import residues
from tests.strategies import files, token_soup

quiet = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

BUDGET = 20_000
OPTIONS = Options(budget=BUDGET, timeout=None)
EXPLAINING = 5_000_000
"""The least budget of the work that follows a verdict: the exact residue of a witness, and of each term of its law."""

EXAMPLES = {p.name: p.read_text(encoding="utf-8") for p in sorted(Path("examples").glob("*.claw"))}


# --- what every check must satisfy ---------------------------------------------------------------------------------------


@contextlib.contextmanager
def granted_steps() -> Iterator[dict[Meter, int]]:
    """The steps that each meter grants while this lasts."""
    granted: dict[Meter, int] = {}
    tick = Meter.tick

    def counting(meter: Meter, amount: int = 1) -> None:
        tick(meter, amount)
        granted[meter] = granted.get(meter, 0) + amount

    with mock.patch.object(Meter, "tick", counting):
        yield granted


def check_span(span: Span, lines: tuple[str, ...]) -> None:
    """It is a place in the text."""
    assert (1, 1) <= (span.line, span.column) <= (span.end_line, span.end_column)
    assert span.end_line <= max(len(lines), 1)
    assert span.end_column <= len(lines[span.end_line - 1]) + 2  # a carriage return is no part of a line


def outcome(result: FileResult) -> list[object]:
    """All that must be the same each time."""
    claims = [
        (c.name, c.sizes, c.verdict, c.method, c.reason, c.detail.to_json(), c.conditions, c.premises)
        for c in result.claims
    ]
    return [result.model, result.errors, claims]


def checked(text: str) -> FileResult:
    """The result of a check that is sane: no failure, errors with place and message, verdicts with reasons, few steps."""
    with granted_steps() as granted:
        result = check_text(text, "fuzz.claw", OPTIONS)
    assert not result.failed, result.errors
    assert result.errors or parse_source(text)[1] == []
    for d in result.errors:
        assert d.code in CODES and d.code not in ("CLAW090", "CLAW091")
        assert d.message and (d.message + d.hint).isprintable()
        check_span(d.span, source_lines(text))
    for c in result.claims:
        check_span(c.span, source_lines(text))
        check_claim(c)
    # two meters may have the budget: the search, and the kernel for what was found
    spent = sum(steps for meter, steps in granted.items() if meter.limit < EXPLAINING)
    # errors may come from claims whose work is counted all the same
    assert spent <= 2.25 * BUDGET * (len(result.claims) + len(result.errors))
    return result


def check_claim(claim: ClaimResult) -> None:
    """A verdict comes with what it needs."""
    if claim.verdict is Verdict.UNKNOWN:
        assert claim.reason
    else:
        assert claim.method and claim.trust
    if claim.kind == "law" and claim.verdict is Verdict.REFUTED:
        assert claim.detail.to_json()["residue"] != "0"
    assert all(text.isprintable() for text in (claim.name, claim.reason, *claim.conditions))


# --- hostile files -------------------------------------------------------------------------------------------------------

LONG = {
    "function of many", "long chain of lets", "long product", "long sum", "long sum of terms", "number of dims to the 64th",
    "prod of a long vector", "range of a million", "unrolled powers", "unrolled thrice", "unrolled twice",
    "count over a trillion", "for that filters all",
}  # fmt: skip
"""Those that take a second or more."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in LONG else []) for name in NASTY]
)
def test_a_hostile_file_ends_in_verdicts_or_clear_errors(name: str) -> None:
    result = checked(NASTY[name])
    assert result.claims or result.errors


# --- random and damaged files --------------------------------------------------------------------------------------------


def spelt(token: Token) -> str:
    """A token's text, on a new line where a statement starts, for those who read what failed."""
    return "\n" + token.text if token.text in STATEMENT_KEYWORDS else token.text


def joined(tokens: list[Token]) -> str:
    return " ".join(map(spelt, tokens)) + "\n"


VOCABULARY = sorted(
    {token.kind + token.text: token for text in EXAMPLES.values() for token in scan_tokens(text).tokens}.values(),
    key=lambda token: (token.kind, token.text),
)


@st.composite
def damaged_words(draw: st.DrawFn, text: str) -> str:
    """One to three of its tokens are gone, doubled, exchanged or replaced."""
    tokens = scan_tokens(text).tokens
    for _ in range(draw(st.integers(1, 3))):
        i, j = (draw(st.integers(0, len(tokens) - 1)) for _ in range(2))
        match draw(st.sampled_from(["delete", "double", "swap", "other"])):
            case "delete" if len(tokens) > 1:
                del tokens[i]
            case "double":
                tokens.insert(i, tokens[i])
            case "swap":
                tokens[i], tokens[j] = tokens[j], tokens[i]
            case _:
                tokens[i] = draw(st.sampled_from(VOCABULARY))
    return joined(tokens)


OPERATORS = ("PLUS", "MINUS", "TIMES")


@st.composite
def altered_words(draw: st.DrawFn, text: str) -> str:
    """One or two names, numbers or operators of its formulas are others of their kind: it is still a file, and often a model."""
    tokens = scan_tokens(text).tokens
    formulas = next(k for k, token in enumerate(tokens) if token.text in ("let", "map"))
    for _ in range(draw(st.integers(1, 2))):
        places = [k for k in range(formulas, len(tokens)) if tokens[k].kind in ("NAME", "NUMBER", *OPERATORS)]
        i = draw(st.sampled_from(places))
        kinds = OPERATORS if tokens[i].kind in OPERATORS else (tokens[i].kind,)
        tokens[i] = draw(st.sampled_from([token for token in tokens if token.kind in kinds]))
    return joined(tokens)


def squared(text: str) -> str:
    """A random program with one dim for all its dims, so that more formulas fit."""
    return re.sub(r"\b(m|r)\b", "n", text.replace("dim n, m, r", "dim n"))


@st.composite
def damaged_lines(draw: st.DrawFn, text: str) -> str:
    """A line is gone, doubled, moved or another file's."""
    lines = text.splitlines(keepends=True)
    i, j = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    match draw(st.sampled_from(["delete", "double", "swap", "other"])):
        case "delete":
            del lines[i]
        case "double":
            lines.insert(j, lines[i])
        case "swap":
            lines[i], lines[j] = lines[j], lines[i]
        case "other":
            other = draw(st.sampled_from(list(EXAMPLES.values())))
            lines[i] = draw(st.sampled_from(other.splitlines(keepends=True)))
    return "".join(lines)


@st.composite
def damaged_characters(draw: st.DrawFn, text: str) -> str:
    """A few characters become others."""
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 2)))
        text = (
            text[:start]
            + draw(st.text(st.sampled_from('0123456789+-*/@^.,:()[]{}=<>"#\n xUVnrT²∞'), max_size=2))
            + text[end:]
        )
    return text


originals = st.one_of(st.sampled_from(list(EXAMPLES.values())), programs().map(lambda p: squared(p.text)))
damaged = originals.flatmap(
    lambda text: st.one_of(damaged_words(text), altered_words(text), damaged_lines(text), damaged_characters(text))
)
altered = originals.flatmap(altered_words)


def checked_twice(text: str) -> None:
    result = checked(text)
    assert outcome(checked(text)) == outcome(result)
    event("errors" if result.errors else f"verdicts: {', '.join(sorted({c.verdict for c in result.claims}))}")


@pytest.mark.slow
@settings(quiet, max_examples=100)
@given(damaged)
def test_a_damaged_file_ends_in_verdicts_or_clear_errors(text: str) -> None:
    checked_twice(text)


@settings(quiet, max_examples=100)
@given(st.one_of(token_soup, files.map(print_file)))
def test_random_words_and_random_trees_end_in_verdicts_or_clear_errors(text: str) -> None:
    checked_twice(text)


@pytest.mark.slow
@settings(quiet, max_examples=400)
@given(damaged)
def test_many_damaged_files_end_in_verdicts_or_clear_errors(text: str) -> None:
    checked_twice(text)


# --- what is proved of a damaged file ------------------------------------------------------------------------------------


def check_proofs(text: str, rng: random.Random) -> None:
    """The independent residue of what is proved vanishes at random points."""
    result = checked(text)
    for claim in result.claims:
        if claim.kind == "law" and claim.verdict is Verdict.PROVED and not (claim.conditions or claim.premises):
            sizes = {d: rng.randint(1, 2) for d in result.dims} | (claim.sizes or {})
            try:
                found = list(islice(residues(read(text), claim.name, sizes, rng), 2))
            except NotImplementedError as problem:
                event(f"the interpreter has no {problem}")
                continue
            assert all(all(x.values()) for x in found), (claim.name, sizes)
            event(f"a proof checked at {len(found)} points")


@settings(quiet, max_examples=60)
@given(altered, st.integers(0, 1000))
def test_what_is_proved_of_a_damaged_file_is_true(text: str, seed: int) -> None:
    check_proofs(text, random.Random(seed))


@pytest.mark.slow
@settings(quiet, max_examples=200)
@given(altered, st.integers(0, 1000))
def test_what_is_proved_of_many_damaged_files_is_true(text: str, seed: int) -> None:
    check_proofs(text, random.Random(seed))


# --- the formatter -------------------------------------------------------------------------------------------------------


def formatted(path: Path, *options: str) -> int:
    """The status of `claws fmt` on a file, which says nothing here."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return main(["fmt", *options, str(path)])


@settings(quiet, max_examples=60)
@given(damaged)
def test_formatting_is_settled_after_once_and_leaves_wrong_files_alone(text: str) -> None:
    data = text.encode()
    tree, errors = parse_source(data.decode())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "damaged.claw")
        path.write_bytes(data)
        status = formatted(path)
        if errors:
            assert status == 2 and path.read_bytes() == data
        else:
            once = path.read_bytes()
            assert status == 0 and read(once.decode()) == tree
            assert formatted(path, "--check") == 0
            assert formatted(path) == 0 and path.read_bytes() == once
    event("an error" if errors else "formatted")

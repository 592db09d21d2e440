"""Printing and parsing undo each other, formatting is settled after once, and no text breaks the parser."""

from __future__ import annotations

from collections import Counter

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from claws.report.codes import CODES
from claws.syntax import nodes
from claws.syntax.diagnostic import START, Diagnostic
from claws.syntax.lexer import scan_tokens
from claws.syntax.limits import LIMITS
from claws.syntax.parser import parse_source
from claws.syntax.printer import print_expression, print_file
from tests.strategies import comment_texts, expressions, files, statements, token_soup

many = settings(deadline=None, max_examples=120)


def parse_whole(text: str) -> nodes.File:
    file, diagnostics = parse_source(text)
    assert diagnostics == [], text
    return file


@many
@given(expressions)
def test_a_printed_expression_reads_back_as_the_same_tree(tree: nodes.Expression) -> None:
    text = print_expression(tree)
    assert parse_whole("let z = " + text).statements == (nodes.Let(nodes.Identifier("z"), tree),)


@many
@given(expressions)
def test_every_printed_pair_of_parentheses_is_needed(tree: nodes.Expression) -> None:
    """Without any one pair that is no call's, the text is wrong or means something else."""
    text = print_expression(tree)
    assume('"' not in text)  # where brackets may be text
    opened: list[int] = []
    for place, character in enumerate(text):
        if character == "(":
            opened.append(place)
        elif character == ")":
            start = opened.pop()
            is_call = start > 0 and (text[start - 1].isalnum() or text[start - 1] == "_")
            if not is_call:
                # spaces, so that the words left and right of a bracket stay apart
                shorter = f"{text[:start]} {text[start + 1 : place]} {text[place + 1 :]}"
                file, diagnostics = parse_source("let z = " + shorter)
                assert diagnostics or file.statements != (nodes.Let(nodes.Identifier("z"), tree),), text


@many
@given(files)
def test_a_printed_file_reads_back_as_the_same_tree(tree: nodes.File) -> None:
    text = print_file(tree)
    assert parse_whole(text) == tree
    assert print_file(parse_whole(text)) == text
    assert text.endswith("\n") and not text.endswith("\n\n")


@st.composite
def commented_files(draw: st.DrawFn) -> tuple[str, list[str]]:
    """A valid file with comments and line ends at many places between its words, and the comments."""
    comments: list[str] = []
    pieces: list[str] = []
    for statement in draw(st.lists(statements, min_size=1, max_size=3)):
        text = print_file(nodes.File(None, (statement,)))
        for token in scan_tokens(text).tokens:
            pieces.append(token.text)
            gap = draw(st.sampled_from([" "] * 12 + ["\n", "\n\n\n", "#", "#", "\n#"]))
            if gap.endswith("#"):
                comments.append(draw(comment_texts))
                gap = f" {gap}{comments[-1]}\n"
            pieces.append(gap)
        pieces.append("\n")
    return "".join(pieces), comments


@many
@given(commented_files())
def test_formatting_keeps_the_tree_and_every_comment_and_is_settled_after_once(
    case: tuple[str, list[str]],
) -> None:
    text, comments = case
    tree = parse_whole(text)
    assert [comment.text for comment in tree.comments] == comments
    once = print_file(tree)
    again = parse_whole(once)
    assert again == tree
    assert Counter(comment.text for comment in again.comments) == Counter(comments)
    assert print_file(again) == once
    assert "\n\n\n" not in once


def check_diagnostics(text: str, diagnostics: list[Diagnostic]) -> None:
    """Known codes, places in the text, in order, no more than the limit, and messages that can be printed."""
    lines = text.split("\n")
    assert len(diagnostics) <= LIMITS.diagnostics + 1
    assert diagnostics == sorted(diagnostics, key=lambda diagnostic: diagnostic.span)
    for diagnostic in diagnostics:
        assert diagnostic.code in CODES
        span = diagnostic.span
        assert span >= START and (span.line, span.column) <= (span.end_line, span.end_column)
        assert span.end_line <= len(lines) and span.end_column <= len(lines[span.end_line - 1]) + 1
        assert diagnostic.message
        assert (diagnostic.message + diagnostic.hint).isprintable()


@many
@given(st.text())
@example("\0")
@example("\ud800")
@example("\ufeffdim n")
@example('"""')
@example("x" * 10_000)
def test_any_text_can_be_parsed(text: str) -> None:
    file, diagnostics = parse_source(text)
    check_diagnostics(text, diagnostics)
    assert diagnostics or parse_whole(print_file(file)) == file


@settings(deadline=None, max_examples=400)
@given(token_soup)
def test_any_words_of_the_language_can_be_parsed(text: str) -> None:
    file, diagnostics = parse_source(text)
    check_diagnostics(text, diagnostics)
    assert diagnostics or parse_whole(print_file(file)) == file


@st.composite
def mutated_files(draw: st.DrawFn) -> str:
    text = print_file(draw(files))
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 5)))
        text = text[:start] + draw(st.one_of(st.just(""), token_soup, st.text(max_size=3))) + text[end:]
    return text


@many
@given(mutated_files())
def test_a_damaged_file_can_be_parsed(text: str) -> None:
    file, diagnostics = parse_source(text)
    check_diagnostics(text, diagnostics)
    assert diagnostics or parse_whole(print_file(file)) == file


@many
@given(files, st.integers(0, 3))
def test_an_error_hides_no_other_statement(tree: nodes.File, place: int) -> None:
    """Put a wrong line between statements: it is the only error, and the others are all read."""
    place = min(place, len(tree.statements))
    before = print_file(nodes.File(tree.docstring, tree.statements[:place]))
    after = print_file(nodes.File(None, tree.statements[place:]))
    file, diagnostics = parse_source(before + "law wrong = (1 + \n" + after)
    assert [d.code for d in diagnostics] == ["CLAW004"]
    assert file.statements == tree.statements

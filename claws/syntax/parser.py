"""From text to the syntax tree, with every error of the file in one go.

The text is split into tokens once, the tokens into statements at the statement keywords, and each statement
is parsed by itself, with the LALR tables of `grammar/claws.lark`. So an error in a statement hides none in
the next, and nothing here recurses, however deep or long the text is. Files are not trusted: nesting, numbers
and the list of errors are bounded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from claws.syntax import nodes
from claws.syntax.diagnostic import START, Diagnostic, SourceError, Span
from claws.syntax.lexer import STATEMENT_KEYWORDS, WRONG, Token, quote, scan_tokens
from claws.syntax.limits import LIMITS
from claws.syntax.mistakes import explain_unexpected, nearest_keyword
from claws.syntax.tables import END, Tables, load_tables
from claws.syntax.tree_builder import TreeBuilder


def parse_source(text: str) -> tuple[nodes.File, list[Diagnostic]]:
    """Parse the text of a file: the statements that could be read, and all errors, in the order of the text.

    Never raises for a `str`. With no diagnostics, the file is what the text says; otherwise statements may be
    missing or be a guess at what was meant, which is good for finding further errors and for nothing else.
    """
    return _FileParser(text).run()


EXPRESSION = "law expression =\n"
"""What is put before an expression that stands alone."""


def parse_expression(text: str) -> nodes.Expression:
    """The expression that a text is; names may be those of blocks.

    Raises `SourceError` with places one line below those in the text.
    """
    file, problems = _FileParser(EXPRESSION + text, dotted=True).run()
    if problems:
        raise SourceError(problems[0])
    law = file.statements[0] if len(file.statements) == 1 else None
    if not isinstance(law, nodes.Law) or law.sizes is not None or law.expect is not None:
        span = file.statements[-1].span
        raise SourceError(Diagnostic("CLAW004", "this is not one expression", span, "write one, such as log(U)"))
    return law.value


class _FileParser:
    def __init__(self, text: str, dotted: bool = False) -> None:
        self.text = text
        scan = scan_tokens(text, dotted)
        self.scan = scan
        self.diagnostics: list[Diagnostic] = list(scan.diagnostics)
        self.builder = TreeBuilder()
        self.machine = _Machine(load_tables(), self.builder)
        self.nearest: dict[str, str | None] = {}
        self.reported = {diagnostic.span for diagnostic in scan.diagnostics}

    def run(self) -> tuple[nodes.File, list[Diagnostic]]:
        statements: list[nodes.Statement] = []
        chunks = self._split()
        skip = False
        for number, chunk in enumerate(chunks):
            if skip:
                skip = False
                continue
            following = chunks[number + 1] if number + 1 < len(chunks) else None
            found, skip = self._parse_chunk(chunk, following)
            statements += found
        docstring = self.scan.docstring
        file = nodes.File(
            docstring.text if docstring else None,
            tuple(statements),
            tuple(self.scan.comments),
            docstring.span if docstring else START,
        )
        return file, _bounded(self.diagnostics + self.builder.problems)

    # --- from tokens to statements

    def _split(self) -> list[list[Token]]:
        """The tokens of each statement. What begins no statement is reported here, and left out.

        A statement begins at a keyword, and at a name that is the first on its line, outside brackets and
        after something complete: such a name fits nowhere, and is probably a misspelt keyword.
        """
        chunks: list[list[Token]] = []
        current: list[Token] | None = None  # None: in text that is no statement
        depth = 0
        for place, token in enumerate(self.scan.tokens):
            if token.text in STATEMENT_KEYWORDS:
                current, depth = [token], 0
                chunks.append(current)
                continue
            if current is None or self._is_stray(token, current, depth):
                if token.kind != "NAME" or not token.first:
                    if place == 0:
                        self._report_stray(token, None, False)
                    continue
                next_token = self.scan.tokens[place + 1] if place + 1 < len(self.scan.tokens) else None
                keyword = self._nearest_keyword(token.text)
                if current is not None or place == 0 or (keyword and _starts_statement(next_token, keyword)):
                    self._report_stray(token, next_token, current is not None)
                    current = None
                    if keyword:
                        current, depth = [_as_keyword(token, keyword)], 0
                        chunks.append(current)
                continue
            depth += (token.kind in _OPENING) - (token.kind in _CLOSING)
            current.append(token)
        return chunks

    @staticmethod
    def _is_stray(token: Token, current: list[Token], depth: int) -> bool:
        """Whether a line begins here with a name that can't go on with the statement above."""
        if token.kind != "NAME" or not token.first or token.text in _JOINING_WORDS:
            return False
        if depth > 0 or len(current) < 2 or current[-1].kind not in _OPERAND_ENDS:
            return False
        joins = current[-1].text in _JOINING_WORDS and current[-2].kind in _OPERAND_ENDS
        return not joins

    def _report_stray(self, token: Token, next_token: Token | None, after_statement: bool) -> None:
        keyword = self._nearest_keyword(token.text) if token.kind == "NAME" else None
        if token.kind == WRONG:  # reported as a character
            return
        if keyword:
            hint = f"did you mean `{keyword}`?"
        elif next_token is not None and next_token.kind == "EQUAL" and token.kind == "NAME":
            hint = f"an abbreviation is written {quote(f'let {token.text} = ...')}"
        elif after_statement:
            hint = "if it goes on with the statement above, an operator or a comma is missing before it"
        else:
            hint = "the keywords are " + ", ".join(f"`{word}`" for word in STATEMENT_KEYWORDS)
        message = f"no statement starts with {quote(token.text)}"
        self.diagnostics.append(Diagnostic("CLAW002", message, token.span, hint))

    # --- one statement

    def _parse_chunk(self, tokens: list[Token], following: list[Token] | None) -> tuple[list[nodes.Statement], bool]:
        """The statements in these tokens, errors reported; and whether the next chunk belongs to the error.

        After an error the chunk is split once more, at lines that seem to begin with a misspelt keyword.
        """
        try:
            return [self._parse_statement(tokens, following)], False
        except _FailureError as failure:
            starts = self._misspelt_starts(tokens, max(failure.place - 1, 1))
            if not starts:
                self._report(failure)
                return [], failure.takes_next
        pieces = [tokens[: starts[0]]]
        for start, end in zip(starts, [*starts[1:], len(tokens)], strict=True):
            self._report_stray(tokens[start], None, False)
            keyword = self._nearest_keyword(tokens[start].text) or "let"
            pieces.append([_as_keyword(tokens[start], keyword), *tokens[start + 1 : end]])
        statements: list[nodes.Statement] = []
        for number, piece in enumerate(pieces):
            try:
                statements.append(
                    self._parse_statement(piece, pieces[number + 1] if number + 1 < len(pieces) else None)
                )
            except _FailureError as failure:
                self._report(failure)
        return statements, False

    def _report(self, failure: _FailureError) -> None:
        """Add the error, unless the lexer has reported the very place."""
        if failure.diagnostic is not None and failure.diagnostic.span not in self.reported:
            self.diagnostics.append(failure.diagnostic)

    def _parse_statement(self, tokens: list[Token], following: list[Token] | None) -> nodes.Statement:
        if any(token.kind == WRONG for token in tokens):
            raise _FailureError(None, 1)
        reserved = _reserved_name(tokens, following)
        bracket_error = _check_brackets(tokens)
        if bracket_error is not None:
            if reserved and bracket_error.code == "CLAW004" and _closes_more(following):
                raise _FailureError(reserved, 1, takes_next=True)
            raise _FailureError(bracket_error, 1)
        try:
            statement: nodes.Statement = self.machine.run(tokens)
            return statement
        except _UnexpectedError as error:
            if error.place == len(tokens) and reserved:
                raise _FailureError(reserved, error.place, takes_next=True) from None
            raise _FailureError(self._unexpected(tokens, error, following), error.place) from None

    def _unexpected(self, tokens: list[Token], error: _UnexpectedError, following: list[Token] | None) -> Diagnostic:
        place = error.place
        follows = f"the next statement, {quote(following[0].text)}" if following else "the end of the file"
        span = tokens[place].span if place < len(tokens) else _end_of(tokens[-1].span)
        if len(self.diagnostics) > 2 * LIMITS.diagnostics:
            # it will not be listed, so a good message would be waste
            return Diagnostic("CLAW003", "this is not expected here", span)
        accepted = self.machine.accepted(error.stack)
        code, message, hint = explain_unexpected(self.text, tokens, place, accepted, follows)
        return Diagnostic(code, message, span, hint)

    def _misspelt_starts(self, tokens: list[Token], place: int) -> list[int]:
        """Where, from `place` on, a line seems to begin a statement with a misspelt keyword."""
        starts = []
        for start in range(place, len(tokens) - 1):
            token = tokens[start]
            if token.kind == "NAME" and token.first:
                keyword = self._nearest_keyword(token.text)
                if keyword and _starts_statement(tokens[start + 1], keyword):
                    starts.append(start)
        return starts

    def _nearest_keyword(self, word: str) -> str | None:
        """The keyword that is meant, as long as there are not too many to ask for: it is slow."""
        if word not in self.nearest:
            self.nearest[word] = nearest_keyword(word) if len(self.nearest) < 500 else None
        return self.nearest[word]


class _FailureError(Exception):
    """A statement can't be parsed. `place`: the token up to which all is well, or 1 if that isn't known.
    `takes_next`: the next chunk is part of the same error. No diagnostic: it was reported as a character."""

    def __init__(self, diagnostic: Diagnostic | None, place: int, takes_next: bool = False) -> None:
        super().__init__(diagnostic)
        self.diagnostic = diagnostic
        self.place = place
        self.takes_next = takes_next


_OPENING = ("LPAR", "LSQB", "LBRACE")
_CLOSING = ("RPAR", "RSQB", "RBRACE")
_PARTNER = {"(": ")", "[": "]", "{": "}"}
_JOINING_WORDS = ("by", "and", "homogeneous", "with", "as")
"""The names that may stand between two complete things."""
_OPERAND_ENDS = ("NAME", "NUMBER", "STRING", "TRANSPOSE", *_CLOSING)


def _as_keyword(token: Token, keyword: str) -> Token:
    return Token(keyword.upper(), keyword, token.span, token.start, token.end, token.first)


def _starts_statement(next_token: Token | None, keyword: str) -> bool:
    """Whether `next_token` may follow the keyword, and can't follow a name in an expression."""
    if next_token is None:
        return False
    relations = ("EQUAL", "EQUALS", "COMPARE")
    return next_token.kind == "NAME" or (keyword == "count" and next_token.kind in relations)


def _end_of(span: Span) -> Span:
    return Span(span.end_line, span.end_column, span.end_line, span.end_column)


def _reserved_name(tokens: list[Token], following: list[Token] | None) -> Diagnostic | None:
    """The error that a keyword in the middle of a line was meant as a name, as in `param input: [n]`."""
    if following is None or following[0].first or following[0].span.line != tokens[-1].span.end_line:
        return None
    keyword = following[0]
    message = f"{quote(keyword.text)} is a keyword, so it can't be a name"
    return Diagnostic("CLAW009", message, keyword.span, "choose another name")


def _closes_more(tokens: list[Token] | None) -> bool:
    """Whether more brackets are closed than opened."""
    depth = 0
    for token in tokens or ():
        depth += (token.kind in _OPENING) - (token.kind in _CLOSING)
        if depth < 0:
            return True
    return False


def _bounded(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    ordered = sorted(dict.fromkeys(diagnostics), key=lambda d: d.span)
    if len(ordered) <= LIMITS.diagnostics:
        return ordered
    left_out = len(ordered) - LIMITS.diagnostics
    what = "error is" if left_out == 1 else "errors are"
    message, span = f"{left_out} more {what} not listed", ordered[LIMITS.diagnostics].span
    return [*ordered[: LIMITS.diagnostics], Diagnostic("CLAW019", message, span, "mend the others first")]


# --- brackets and depth ----------------------------------------------------------------------------------


def _check_brackets(tokens: list[Token]) -> Diagnostic | None:
    """The first bracket that has no partner, or the place where the nesting is too deep.

    Depth counts what a tree walk has pending: open brackets, and in each the signs, powers, transposes and
    indices of the operand at hand. So no tree is deep, except to the left along a sum or a product.
    """
    opened: list[tuple[Token, bool, int]] = []  # the bracket, whether it is an index, the chain before it
    chain = total = 0
    previous = ""
    for token in tokens:
        kind = token.kind
        if kind in _OPENING:
            opened.append((token, kind == "LSQB" and previous in _OPERAND_ENDS, chain))
            total += 1
            chain = 0
        elif kind in _CLOSING:
            if not opened:
                return Diagnostic("CLAW004", f"this {quote(token.text)} closes nothing", token.span)
            opener, is_index, outer = opened.pop()
            if _PARTNER[opener.text] != token.text:
                message = f"{quote(opener.text)} is closed by {quote(token.text)}"
                notes = ((f"the {quote(opener.text)} is here", opener.span),)
                hint = f"write {quote(_PARTNER[opener.text])}"
                return Diagnostic("CLAW004", message, token.span, hint, notes)
            total -= 1 + chain
            chain = outer + is_index
            total += is_index
        elif kind in ("POWER", "TRANSPOSE") or (kind == "MINUS" and previous not in _OPERAND_ENDS):
            chain += 1
            total += 1
        elif kind not in _OPERAND_ENDS:
            total -= chain
            chain = 0
        if total > LIMITS.nesting:
            hint = f"at most {LIMITS.nesting} levels; name a part of it with `let`"
            return Diagnostic("CLAW005", "this is nested too deeply", token.span, hint)
        previous = kind
    if opened:
        opener = opened[-1][0]
        return Diagnostic("CLAW004", f"this {quote(opener.text)} is never closed", opener.span)
    return None


# --- the LALR machine ------------------------------------------------------------------------------------


class _UnexpectedError(Exception):
    """The token at `place` (or the end) fits nowhere; `stack` is the state of the machine before it."""

    def __init__(self, place: int, stack: list[int]) -> None:
        super().__init__(place)
        self.place = place
        self.stack = stack


class _Machine:
    """Runs the tables over the tokens of a statement; the same algorithm as lark's own."""

    def __init__(self, tables: Tables, builder: TreeBuilder) -> None:
        self.tables = tables
        self.build: list[Callable[[list[Any]], Any] | None] = [
            None if rule.helper or rule.inline else getattr(builder, rule.build) for rule in tables.rules
        ]

    def run(self, tokens: list[Token]) -> Any:
        tables, build = self.tables, self.build
        states, rules, end_state = tables.states, tables.rules, tables.end
        stack: list[int] = [tables.start]
        values: list[Any] = []
        kinds = [token.kind for token in tokens]
        kinds.append(END)
        for place, kind in enumerate(kinds):
            while True:
                target = states[stack[-1]].get(kind)
                if target is None:
                    raise _UnexpectedError(place, stack)
                if target >= 0:
                    stack.append(target)
                    values.append(tokens[place])
                    break
                rule = rules[~target]
                size = rule.size
                children: list[Any] = []
                if size:
                    children = values[-size:]
                    del values[-size:], stack[-size:]
                if rule.spread:
                    children = _spread(children, rule.spread)
                method = build[~target]
                if method is not None:
                    values.append(method(children))
                else:
                    values.append(children if rule.helper else children[0])
                stack.append(states[stack[-1]][rule.origin])
                if kind == END and stack[-1] == end_state:
                    return values[-1]
        raise AssertionError("the end of a statement is accepted or unexpected")

    def accepted(self, stack: list[int]) -> list[str]:
        """The kinds of token that could come next: not all that the state lists lead to a shift."""
        candidates = [symbol for symbol in self.tables.states[stack[-1]] if symbol == END or symbol.isupper()]
        return [kind for kind in candidates if self._accepts(list(stack), kind)]

    def _accepts(self, stack: list[int], kind: str) -> bool:
        while True:
            target = self.tables.states[stack[-1]].get(kind)
            if target is None:
                return False
            if target >= 0:
                return True
            rule = self.tables.rules[~target]
            if rule.size:
                del stack[-rule.size :]
            stack.append(self.tables.states[stack[-1]][rule.origin])
            if kind == END and stack[-1] == self.tables.end:
                return True


def _spread(children: list[Any], places: tuple[int, ...]) -> list[Any]:
    """Put the lists at `places` into the row of values. The first is extended, to keep long lists cheap."""
    if places[0] == 0:
        result: list[Any] = children[0]
        begin = 1
    else:
        result, begin = [], 0
    for place in range(begin, len(children)):
        if place in places:
            result.extend(children[place])
        else:
            result.append(children[place])
    return result

"""The canonical form of a `.claw` file: what `claws fmt` writes, and how reports quote an expression.

Only parentheses that the tree needs are written; numbers keep the text they were written with; comments stay
where they were, as far as one line per statement allows. Nothing here recurses: trees may be long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction

from claws.syntax import nodes
from claws.syntax.diagnostic import Span

_SUM, _PRODUCT, _UNARY, _POWER, _POSTFIX, _ATOM = range(1, 7)
_LEVELS = {"+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "@": _PRODUCT, "^": _POWER}
_SPACED = ("+", "-", "@")

_Piece = str | tuple[nodes.Expression | nodes.Slice, int]
"""Text, or a node and the least level of precedence at which it needs no parentheses."""


def print_expression(node: nodes.Expression) -> str:
    """The expression as it would be written in a file."""
    return _print([(node, _SUM)])


def print_file(file: nodes.File) -> str:
    """The whole file in canonical form. For files without errors: what did not parse is not in the tree."""
    items = _placed(file)
    lines: list[str] = []
    last_line = 0
    for text, is_trailing, first, last in items:
        if is_trailing:
            lines[-1] += "  " + text
        else:
            if lines and first > last_line + 1:
                lines.append("")
            lines.append(text)
        last_line = max(last_line, last)
    return "\n".join(lines) + "\n"


# --- the layout of a file --------------------------------------------------------------------------------

_Item = tuple[str, bool, int, int]
"""A text, whether it goes to the end of the line before, and the first and last line where it stood."""


def _placed(file: nodes.File) -> Iterator[_Item]:
    """The docstring, comments and statements in the order in which they are to be written."""
    comments = list(file.comments)[::-1]
    written: list[tuple[str, Span]] = []
    if file.docstring is not None:
        written.append((f'"""{file.docstring}"""', file.docstring_span))
    written += ((print_statement(statement), statement.span) for statement in file.statements)

    last_line = 0
    for number, (text, span) in enumerate(written):
        after = written[number + 1][1] if number + 1 < len(written) else None
        while comments and _starts(comments[-1].span) < _starts(span):
            comment = comments.pop()
            yield _comment(comment, comment.span.line == last_line)
        while comments and _starts(comments[-1].span) < (span.end_line, span.end_column):
            # inside the statement: it moves to a line of its own before it
            yield "#" + comments.pop().text, False, span.line, span.line
        yield text, False, span.line, span.end_line
        last_line = span.end_line
        if comments and comments[-1].span.line == last_line and (after is None or after.line > last_line):
            yield _comment(comments.pop(), True)
    for comment in reversed(comments):
        yield _comment(comment, False)


def _comment(comment: nodes.Comment, trailing: bool) -> _Item:
    return "#" + comment.text, trailing, comment.span.line, comment.span.line


def _starts(span: Span) -> tuple[int, int]:
    return span.line, span.column


# --- statements ------------------------------------------------------------------------------------------


def print_statement(statement: nodes.Statement) -> str:
    """A statement on one line."""
    return _print(list(_statement_pieces(statement)))


def _statement_pieces(statement: nodes.Statement) -> Iterator[_Piece]:
    match statement:
        case nodes.Model(name):
            yield f"model {name.name}"
        case nodes.Import(path, name, settings):
            yield "import "
            yield path, _ATOM
            yield f" as {name.name}"
            if settings:
                yield "("
                yield from _entries(settings, " = ")
                yield ")"
        case nodes.Dim(entries):
            yield "dim "
            yield from _entries(entries, " = ")
        case nodes.Declare(role, groups):
            yield role + " "
            for number, group in enumerate(groups):
                yield ", " * (number > 0)
                yield from _group(group, number == len(groups) - 1)
        case nodes.Activation(declared):
            yield "activation "
            yield from _activated(declared)
        case nodes.Function(opaque):
            yield "function "
            for number, (name, shape) in enumerate(opaque):
                yield ", " * (number > 0) + name.name
                yield from _shape(shape)
        case nodes.Let(name, value):
            yield f"let {name.name} = "
            yield value, _SUM
        case nodes.Map(outputs):
            yield "map "
            yield from _listed(outputs)
        case nodes.Flow(parts):
            yield "flow "
            for number, part in enumerate(parts):
                yield ", " * (number > 0) + part.kind.name
                if part.arguments:
                    yield "("
                    yield from _listed(part.arguments)
                    yield ")"
        case nodes.Precondition(scaled):
            yield "precondition "
            yield from _entries(scaled, " by ")
        case nodes.Law(name, value):
            yield f"law {name.name} = "
            yield value, _SUM
            yield from _clauses(statement)
        case nodes.Independent(laws):
            yield "independent " + ", ".join(name.name for name in laws)
            yield from _clauses(statement)
        case nodes.Complete(laws):
            yield "complete " + ", ".join(name.name for name in laws)
            yield from _among(statement.among)
            yield from _clauses(statement)
        case nodes.Count(relation, value):
            yield f"count {relation} "
            yield value, _SUM
            yield from _among(statement.among)
            yield from _clauses(statement)


def _entries(entries: Iterable[tuple[nodes.Identifier, nodes.Expression | None]], mark: str) -> Iterator[_Piece]:
    for number, (name, value) in enumerate(entries):
        yield ", " * (number > 0) + name.name
        if value is not None:
            yield mark
            yield value, _SUM


def _activated(
    entries: Iterable[tuple[nodes.Identifier, nodes.Expression | nodes.Derivative | None]],
) -> Iterator[_Piece]:
    for number, (name, known) in enumerate(entries):
        yield ", " * (number > 0) + name.name
        if isinstance(known, nodes.Derivative):
            yield f" with {known.of.name}' = "
            yield known.value, _SUM
        elif known is not None:
            yield " homogeneous "
            yield known, _SUM


def _group(group: nodes.Group, is_last: bool) -> Iterator[_Piece]:
    yield ", ".join(name.name for name in group.names)
    yield from _shape(group.shape)
    if group.domain is not None:
        yield f" in {group.domain.name}"
    elif group.shape is None and not is_last:
        yield " in real"  # no file reads as such a group; without a word it would be taken into the next one


def _shape(shape: tuple[nodes.Expression, ...] | None) -> Iterator[_Piece]:
    if shape is not None:
        yield ": ["
        yield from _listed(shape)
        yield "]"


def _among(names: tuple[nodes.Identifier, ...] | None) -> Iterator[_Piece]:
    if names is not None:
        yield " in " + ", ".join(name.name for name in names)


def _clauses(claim: nodes.Claim) -> Iterator[_Piece]:
    if claim.sizes is not None:
        for number, (name, values) in enumerate(claim.sizes.bindings):
            yield (", " if number else " for ") + name.name
            if values.kind == "value":
                yield from (" = ", (values.items[0], _SUM))
            elif values.kind == "range":
                yield from (" in ", (values.items[0], _SUM), "..", (values.items[1], _SUM))
            else:
                yield " in {"
                yield from _listed(values.items)
                yield "}"
        for number, comparison in enumerate(claim.sizes.where):
            yield ", " if number else " where "
            yield comparison.operands[0], _SUM
            for operator, operand in zip(comparison.operators, comparison.operands[1:], strict=True):
                yield from (f" {operator} ", (operand, _SUM))
    if claim.expect is not None:
        yield f" expect {claim.expect.name}"


# --- expressions -----------------------------------------------------------------------------------------


def _print(pieces: list[_Piece]) -> str:
    """Take nodes apart until there is only text."""
    texts: list[str] = []
    pending = pieces[::-1]
    while pending:
        piece = pending.pop()
        if isinstance(piece, str):
            texts.append(piece)
            continue
        node, level = piece
        parts = list(_pieces(node))
        if _level(node) < level:
            parts = ["(", *parts, ")"]
        pending.extend(reversed(parts))
    return "".join(texts)


def _level(node: nodes.Expression | nodes.Slice) -> int:
    match node:
        case nodes.Binary(operator):
            return _LEVELS[operator]
        case nodes.Negative():
            return _UNARY
        case nodes.Transpose() | nodes.Index():
            return _POSTFIX
        case nodes.Number(value, ""):  # made by a program
            return _UNARY if value < 0 else _ATOM if _is_decimal(value) else _PRODUCT
        case _:
            return _ATOM


def _pieces(node: nodes.Expression | nodes.Slice) -> Iterator[_Piece]:
    match node:
        case nodes.Number(value, text):
            yield text or _number(value)
        case nodes.Text(value):
            yield f"'{value}'" if '"' in value else f'"{value}"'
        case nodes.Name(name):
            yield name
        case nodes.Negative(operand):
            yield "-"
            yield operand, _UNARY
        case nodes.Binary(operator, left, right):
            level = _LEVELS[operator]
            # to the right goes what binds more; of a power, to the left
            yield left, _POSTFIX if operator == "^" else level
            yield f" {operator} " if operator in _SPACED else operator
            yield right, _UNARY if operator == "^" else level + 1
        case nodes.Transpose(operand):
            yield operand, _POSTFIX
            yield ".T"
        case nodes.Index(base, items):
            yield base, _POSTFIX
            yield "["
            yield from _listed(items)
            yield "]"
        case nodes.Slice(start, stop, step):
            if start is not None:
                yield start, _SUM
            yield ":"
            if stop is not None:
                yield stop, _SUM
            if step is not None:
                yield ":"
                yield step, _SUM
        case nodes.Call(function, arguments, named):
            yield function.name + "("
            yield from _listed(arguments)
            for number, (keyword, argument) in enumerate(named):
                yield ", " * bool(number or arguments) + keyword.name + "="
                yield argument, _SUM
            yield ")"
        case nodes.Array(items):
            yield "["
            yield from _listed(items)
            yield "]"
        case nodes.ArrayComprehension(body, loops):
            yield "["
            yield from _looped(body, loops)
            yield "]"
        case nodes.Generator(body, loops):
            yield from _looped(body, loops)


def _listed(items: Iterable[nodes.Expression | nodes.Slice]) -> Iterator[_Piece]:
    for number, item in enumerate(items):
        if number:
            yield ", "
        yield item, _SUM


def _looped(body: nodes.Expression, loops: tuple[nodes.Loop, ...]) -> Iterator[_Piece]:
    yield body, _SUM
    for loop in loops:
        yield f" for {loop.variable.name} in "
        yield loop.low, _SUM
        yield ".."
        yield loop.high, _SUM


def _is_decimal(value: Fraction) -> bool:
    rest = value.denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    return rest == 1


def _number(value: Fraction) -> str:
    """Text for a number that has none: a decimal number where there is one, or else a quotient."""
    if value.denominator == 1 or not _is_decimal(value):
        return str(value)
    places = 0
    while (value * 10**places).denominator != 1:
        places += 1
    digits = str(abs(int(value * 10**places))).rjust(places + 1, "0")
    return ("-" if value < 0 else "") + digits[:-places] + "." + digits[-places:]

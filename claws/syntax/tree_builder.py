"""From reductions of the parser to nodes of the tree, one method per rule of `grammar/claws.lark`.

A method is given what the rule matched, from left to right: tokens and the values of earlier methods. The
words that the grammar takes as names (`positive`, `by`, `refuted`, ...) are checked here.
"""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import Any, Protocol

from claws.syntax import nodes
from claws.syntax.diagnostic import Diagnostic, Span, nearest
from claws.syntax.lexer import Token, quote

DOMAINS = ("real", "positive", "nonzero")
FLOWS = ("gradient", "momentum")
ADDITIONS = ("decay", "rate")
VERDICTS = ("proved", "refuted", "unknown")

_WITH = "a derivative is declared as `activation s with s' = 1 - s^2`"
_HOMOGENEOUS = "`s homogeneous 2` says that s(a*x) = a^2*s(x) for a > 0"


class _Placed(Protocol):
    @property
    def span(self) -> Span: ...


Children = list[Any]
"""Tokens and values. What a rule can match is fixed by the grammar, so no type says it again."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Declared:
    """`U: [n, r] in positive`, before names are gathered into groups."""

    name: nodes.Identifier
    shape: tuple[nodes.Expression, ...] | None
    domain: nodes.Identifier | None
    span: Span


@dataclasses.dataclass(frozen=True, slots=True)
class _Part:
    """A value that is no node, with its place. `kind` tells parts of a claim from each other."""

    value: Any
    span: Span
    kind: str = ""


class TreeBuilder:
    """Builds the tree of one file; problems that leave the tree usable are gathered in `problems`."""

    def __init__(self) -> None:
        self.problems: list[Diagnostic] = []

    # --- declarations

    def model(self, children: Children) -> nodes.Model:
        """`model NAME`."""
        return nodes.Model(_identifier(children[1]), _whole(children))

    def block(self, children: Children) -> nodes.Import:
        """`import "file.claw" as A(n = 4)`."""
        self._exact_word(children[2], "as", 'a block is imported as `import "attention.claw" as A(n = 4)`')
        settings = [part.value for part in children[5:-1] if isinstance(part, _Part)] if len(children) > 4 else []
        return nodes.Import(self.text(children[1:2]), _identifier(children[3]), tuple(settings), _whole(children))

    def setting(self, children: Children) -> _Part:
        """`n = 4` of an import."""
        return _Part((_identifier(children[0]), children[2]), _whole(children))

    def dim(self, children: Children) -> nodes.Dim:
        """`dim n, r = 2`."""
        return nodes.Dim(_values(children[1::2]), _whole(children))

    def size(self, children: Children) -> _Part:
        """`r = 2` of a `dim`."""
        return _Part((_identifier(children[0]), children[2] if len(children) > 1 else None), _whole(children))

    def declare(self, children: Children) -> nodes.Declare:
        """`param U, V: [n, r], w`: names without a shape have that of the next name with one."""
        groups: list[nodes.Group] = []
        pending: list[_Declared] = []
        for declared in children[1::2]:
            pending.append(declared)
            if declared.shape is not None or declared.domain is not None:
                groups.append(_group(pending))
                pending = []
        if pending:
            groups.append(_group(pending))
        return nodes.Declare(children[0].text, tuple(groups), _whole(children))

    def declared(self, children: Children) -> _Declared:
        """`U: [n, r] in positive`."""
        shape = domain = None
        for mark, value in zip(children[1::2], children[2::2], strict=True):
            if mark.kind == "COLON":
                shape = value.value
            else:
                domain = self._word(value, DOMAINS, "a domain")
        return _Declared(_identifier(children[0]), shape, domain, _whole(children))

    def shape(self, children: Children) -> _Part:
        """`[n, r]`."""
        return _Part(_between_commas(children[1:-1]), _whole(children))

    def activation(self, children: Children) -> nodes.Activation:
        """`activation s homogeneous 2, f`."""
        return nodes.Activation(_values(children[1::2]), _whole(children))

    def activated(self, children: Children) -> _Part:
        """`s with s' = 1 - s^2`, `s homogeneous 2` or `s`."""
        name = _identifier(children[0])
        if len(children) == 6:
            self._exact_word(children[1], "with", _WITH)
            of = _identifier(children[2])
            return _Part((name, nodes.Derivative(of, children[5], of.span.to(children[5].span))), _whole(children))
        if len(children) == 3:
            self._exact_word(children[1], "homogeneous", _WITH if children[1].text == "with" else _HOMOGENEOUS)
        return _Part((name, children[2] if len(children) == 3 else None), _whole(children))

    def function(self, children: Children) -> nodes.Function:
        """`function F, G: [k]`."""
        return nodes.Function(_values(children[1::2]), _whole(children))

    def opaque(self, children: Children) -> _Part:
        """`G: [k]` of a `function`."""
        shape = children[2].value if len(children) > 1 else None
        return _Part((_identifier(children[0]), shape), _whole(children))

    def let(self, children: Children) -> nodes.Let:
        """`let name = value`."""
        return nodes.Let(_identifier(children[1]), children[3], _whole(children))

    def map(self, children: Children) -> nodes.Map:
        """`map e1, e2`."""
        return nodes.Map(_between_commas(children[1:]), _whole(children))

    def flow(self, children: Children) -> nodes.Flow:
        """`flow momentum(tau), decay(e)`."""
        parts = []
        for k, part in enumerate(children[1::2]):
            token, arguments = part.value
            kind = self._word(token, ADDITIONS if k else FLOWS, "a part of a flow" if k else "a flow")
            parts.append(nodes.Dynamic(kind or _identifier(token), arguments, part.span))
        return nodes.Flow(tuple(parts), _whole(children))

    def dynamic(self, children: Children) -> _Part:
        """`momentum(tau)` of a `flow`."""
        return _Part((children[0], _between_commas(children[2:-1])), _whole(children))

    def precondition(self, children: Children) -> nodes.Precondition:
        """`precondition U by P, V by Q`."""
        return nodes.Precondition(_values(children[1::2]), _whole(children))

    def scaled(self, children: Children) -> _Part:
        """`U by P`."""
        self._exact_word(children[1], "by", "a preconditioner is written `precondition U by P`")
        return _Part((_identifier(children[0]), children[2]), _whole(children))

    # --- claims

    def law(self, children: Children) -> nodes.Law:
        """`law name = value`, with its clauses."""
        sizes, expect, _ = _clauses(children[4:])
        return nodes.Law(_identifier(children[1]), children[3], sizes, expect, _whole(children))

    def independent(self, children: Children) -> nodes.Independent:
        """`independent a, b`, with its clauses."""
        sizes, expect, _ = _clauses(children[2:])
        return nodes.Independent(children[1].value, sizes, expect, _whole(children))

    def complete(self, children: Children) -> nodes.Complete:
        """`complete a, b`, with its clauses."""
        sizes, expect, among = _clauses(children[2:])
        return nodes.Complete(children[1].value, sizes, expect, among, _whole(children))

    def count(self, children: Children) -> nodes.Count:
        """`count >= 3`, with its clauses."""
        relation = _relation(children[1])
        if relation not in ("=", ">=", "<="):
            hints = {"<": "`count < k` is `count <= k - 1`", ">": "`count > k` is `count >= k + 1`"}
            message = f"a count is compared by `=`, `>=` or `<=`, not by {quote(relation)}"
            self._problem("CLAW003", message, children[1].span, hints.get(relation, ""))
        sizes, expect, among = _clauses(children[3:])
        return nodes.Count(relation, children[2], sizes, expect, among, _whole(children))

    def among(self, children: Children) -> _Part:
        """`in U, V` of a claim."""
        return _Part(children[1].value, _whole(children), "among")

    def names(self, children: Children) -> _Part:
        """`a, b`."""
        return _Part(tuple(_identifier(token) for token in children[::2]), _whole(children))

    def sizes(self, children: Children) -> nodes.For:
        """`for n = 3 where ...`."""
        has_where = children[-1].kind == "where"
        where = children[-1].value if has_where else ()
        bindings = children[1:-1] if has_where else children[1:]
        return nodes.For(_values(bindings[::2]), where, _whole(children))

    def bind_value(self, children: Children) -> _Part:
        """`n = 3`."""
        return self._binding("value", children, children[2:3])

    def bind_range(self, children: Children) -> _Part:
        """`n in 1..4`."""
        return self._binding("range", children, [children[2], children[4]])

    def bind_set(self, children: Children) -> _Part:
        """`n in {1, 2}`."""
        return self._binding("set", children, children[3:-1:2])

    def _binding(self, kind: str, children: Children, items: Children) -> _Part:
        values = nodes.Values(kind, tuple(items), _whole(children[2:]))
        return _Part((_identifier(children[0]), values), _whole(children))

    def where(self, children: Children) -> _Part:
        """`where n < m and m < r`."""
        for mark in children[2::2]:
            if mark.kind == "NAME":
                self._exact_word(mark, "and", "conditions are joined by `,` or `and`")
        return _Part(tuple(children[1::2]), _whole(children), "where")

    def comparison(self, children: Children) -> nodes.Comparison:
        """`n < m <= r`."""
        operators = tuple(_relation(token) for token in children[1::2])
        return nodes.Comparison(tuple(children[::2]), operators, _whole(children))

    def expect(self, children: Children) -> _Part:
        """`expect refuted`."""
        return _Part(self._word(children[1], VERDICTS, "an expected verdict"), _whole(children), "expect")

    # --- expressions

    def binary(self, children: Children) -> nodes.Binary:
        """`left + right`."""
        left, operator, right = children
        text = "^" if operator.kind == "POWER" else operator.text
        return nodes.Binary(text, left, right, _whole(children), operator.span)

    def negative(self, children: Children) -> nodes.Negative:
        """`-operand`."""
        return nodes.Negative(children[1], _whole(children))

    def transpose(self, children: Children) -> nodes.Transpose:
        """`operand.T`."""
        return nodes.Transpose(children[0], _whole(children))

    def index(self, children: Children) -> nodes.Index:
        """`base[0, 1:]`."""
        return nodes.Index(children[0], _between_commas(children[2:-1]), _whole(children))

    def slice(self, children: Children) -> nodes.Slice:
        """`start:stop:step`."""
        parts: list[nodes.Expression | None] = [None, None, None]
        place = 0
        for child in children:
            if isinstance(child, Token):
                place += 1
            else:
                parts[place] = child
        return nodes.Slice(parts[0], parts[1], parts[2], _whole(children))

    def number(self, children: Children) -> nodes.Number:
        """A number."""
        token = children[0]
        return nodes.Number(Fraction(token.text), token.text, token.span)

    def text(self, children: Children) -> nodes.Text:
        """A text between quotes."""
        return nodes.Text(children[0].text[1:-1], children[0].span)

    def name(self, children: Children) -> nodes.Name:
        """A name in an expression."""
        return nodes.Name(children[0].text, children[0].span)

    def parenthesised(self, children: Children) -> nodes.Expression:
        """`(e)`."""
        # A node's place includes its parentheses, so that an error marks `(a + b)` and not `a + b)*c`.
        inner: nodes.Expression = children[1]
        return dataclasses.replace(inner, span=_whole(children))

    def call(self, children: Children) -> nodes.Call:
        """`f(x, k=1)`."""
        arguments: list[nodes.Expression] = []
        keywords: list[tuple[nodes.Identifier, nodes.Expression]] = []
        for child in _between_commas(children[2:-1]):
            if isinstance(child, _Part):
                keywords.append(child.value)
                continue
            if keywords:
                message = "an argument without a name follows one with a name"
                self._problem("CLAW003", message, child.span, "arguments such as `stride=2` come last")
            arguments.append(child)
        return nodes.Call(_identifier(children[0]), tuple(arguments), tuple(keywords), _whole(children))

    def keyword_argument(self, children: Children) -> _Part:
        """`k=1` of a call."""
        return _Part((_identifier(children[0]), children[2]), _whole(children))

    def generator(self, children: Children) -> nodes.Generator:
        """`e for k in 0..r-1`."""
        return nodes.Generator(children[0], tuple(children[1:]), _whole(children))

    def loop(self, children: Children) -> nodes.Loop:
        """`for k in 0..r-1`."""
        return nodes.Loop(_identifier(children[1]), children[3], children[5], _whole(children))

    def array(self, children: Children) -> nodes.Array:
        """`[a, b]`."""
        return nodes.Array(_between_commas(children[1:-1]), _whole(children))

    def comprehension(self, children: Children) -> nodes.ArrayComprehension:
        """`[e for k in 0..r-1]`."""
        return nodes.ArrayComprehension(children[1], tuple(children[2:-1]), _whole(children))

    # --- words that are no keywords

    def _problem(self, code: str, message: str, span: Span, hint: str = "") -> None:
        self.problems.append(Diagnostic(code, message, span, hint))

    def _word(self, token: Token, words: tuple[str, ...], what: str) -> nodes.Identifier | None:
        """The word, if it is one of `words`; otherwise a problem, and the word that is probably meant."""
        if token.text in words:
            return _identifier(token)
        meant = nearest(token.text, words)
        listed = ", ".join(f"`{word}`" for word in words[:-1]) + f" or `{words[-1]}`"
        message = f"{quote(token.text)} is not {what}: {listed} is expected"
        self._problem("CLAW008", message, token.span, f"did you mean `{meant}`?" if meant else "")
        return nodes.Identifier(meant, token.span) if meant else None

    def _exact_word(self, token: Token, word: str, hint: str) -> None:
        if token.text != word:
            message = f"`{word}` is expected here, found {quote(token.text)}"
            self._problem("CLAW008", message, token.span, hint)


def _whole(children: Children) -> Span:
    first: _Placed = children[0]
    last: _Placed = children[-1]
    return first.span.to(last.span)


def _identifier(token: Token) -> nodes.Identifier:
    return nodes.Identifier(token.text, token.span)


def _relation(token: Token) -> str:
    return "=" if token.kind == "EQUALS" else token.text


def _between_commas(children: Children) -> tuple[Any, ...]:
    return tuple(children[::2])


def _values(parts: Children) -> tuple[Any, ...]:
    return tuple(part.value for part in parts)


def _group(declared: list[_Declared]) -> nodes.Group:
    last = declared[-1]
    names = tuple(one.name for one in declared)
    return nodes.Group(names, last.shape, last.domain, declared[0].span.to(last.span))


def _clauses(
    children: Children,
) -> tuple[nodes.For | None, nodes.Identifier | None, tuple[nodes.Identifier, ...] | None]:
    """What follows a claim: `for ...`, `expect ...` and `in ...`, each of them optional."""
    sizes = expect = among = None
    for child in children:
        if isinstance(child, nodes.For):
            sizes = child
        elif child.kind == "among":
            among = child.value
        else:
            expect = child.value
    return sizes, expect, among

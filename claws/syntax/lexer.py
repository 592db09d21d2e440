"""From text to tokens: every character of a file is a token, a comment, white space or a diagnostic.

The terminals are the grammar's. Text that no terminal matches is met by patterns of its own, so that lexing
never stops: what is meant is often plain (`≤`, `U'`, `x²`), and then the error is reported and the token that
was meant stands in its place; otherwise a token of kind `WRONG` marks the statement as not to be parsed.
"""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass

from claws.syntax.diagnostic import Diagnostic, Span
from claws.syntax.limits import LIMITS
from claws.syntax.nodes import Comment
from claws.syntax.tables import load_tables

WRONG = "WRONG"
"""The kind of a token that has been reported already and that no statement can contain."""


STATEMENT_KEYWORDS = (
    "model", "import", "dim", "param", "input", "const", "activation", "function", "let", "map", "flow", "precondition",
    "law", "independent", "complete", "count",
)  # fmt: skip
_STATEMENT_KINDS = frozenset(word.upper() for word in STATEMENT_KEYWORDS)
CLAUSE_KEYWORDS = ("for", "in", "where", "expect")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text, from offset `start` to `end`; `first`: it is the first token on its line."""

    kind: str
    text: str
    span: Span
    start: int
    end: int
    first: bool = False


@dataclass(frozen=True, slots=True)
class Scan:
    """What lexing gives. The docstring, if there is one, is not among the tokens."""

    tokens: list[Token]
    comments: list[Comment]
    docstring: Token | None
    diagnostics: list[Diagnostic]


# --- wrong characters ------------------------------------------------------------------------------------

# What stands in the place of a wrong character: the kind and the text of a token.
_REPLACEMENTS = {
    "·": ("TIMES", "*"), "×": ("TIMES", "*"), "∗": ("TIMES", "*"), "⋅": ("TIMES", "*"), "∙": ("TIMES", "*"),
    "⊙": ("TIMES", "*"), "∘": ("TIMES", "*"), "÷": ("TIMES", "/"), "∕": ("TIMES", "/"),
    "−": ("MINUS", "-"), "–": ("MINUS", "-"), "—": ("MINUS", "-"), "‐": ("MINUS", "-"), "‑": ("MINUS", "-"),
    "≤": ("COMPARE", "<="), "⩽": ("COMPARE", "<="), "≥": ("COMPARE", ">="), "⩾": ("COMPARE", ">="),
    "≠": ("COMPARE", "!="), "∈": ("IN", "in"), "…": ("RANGE", ".."),
    "⋯": ("RANGE", ".."), "⊤": ("TRANSPOSE", ".T"),
}  # fmt: skip

_HINTS = {
    ";": "nothing is needed between statements",
    "%": "there is no remainder; a comment starts with `#`",
    "&": "conditions are joined by `,` or `and`",
    "|": "an absolute value is written `abs(x)`, a sum of squares `sqnorm(U)`",
    "‖": "a sum of squares is written `sqnorm(U)`",
    "∥": "a sum of squares is written `sqnorm(U)`",
    "√": "a square root is written `sqrt(x)`",
    "∑": "a sum is written `sum(e for k in 0..r-1)`",
    "∏": "a product is written `prod(e for k in 0..r-1)`",
    "⊗": "the Kronecker product is written `kron(A, B)`, the outer product `outer(a, b)`",
    "∀": "sizes are given as `for n in 1..4`",
    "⟨": "an inner product is written `dot(a, b)`",
    "⟩": "an inner product is written `dot(a, b)`",
    "⁻": "a negative power is written `x^-1`",
    "“": "texts are put between straight quotes",
    "”": "texts are put between straight quotes",
    "‘": "texts are put between straight quotes",
    "’": "a transpose is written `U.T`; texts are put between straight quotes",
    "′": "a transpose is written `U.T`",
    "\\": "a statement may go on in the next line as it is",
    ".": "the only attribute is the transpose, `U.T`; a range is written `0..3`",
    "\N{NO-BREAK SPACE}": "type an ordinary space",
}
_LEFT_OUT = ";\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{ZERO WIDTH SPACE}\N{ZERO WIDTH NO-BREAK SPACE}"

# Tried before the grammar's terminals. DOCSTRING is one of them, though only its start rule `file` uses it.
_BEFORE = (
    ("DOCSTRING", r'"""[\s\S]*?"""'),
    ("OPEN_DOCSTRING", r'"""[\s\S]*'),
    ("APOSTROPHES", r"'''[\s\S]*?(?:'''|\Z)"),
    ("PRIMES", r"(?<=[\w)\]])'+"),
    ("DOTS", r"\.\.\.+"),
    ("BARE_FRACTION", r"[0-9]+\.(?![.0-9]|[^\W\d])|\.[0-9]+"),
)
# Tried after them.
_AFTER = (
    ("ATTRIBUTE", r"\.[^\W\d]\w*"),
    ("OPEN_STRING", r"[\"'][^\n]*"),
    ("WORD", r"\w+"),  # what \w matches beyond letters, such as `²`
    ("OTHER", r"(?P<character>[\s\S])(?P=character)*"),  # a run of the same one
)


_ALIAS = re.compile(r"""\bimport\s*(?:"[^"\n]*"|'[^'\n]*')\s*as\s+([^\W\d]\w*)""")


@functools.cache
def _pattern() -> re.Pattern[str]:
    terminals = (*_BEFORE, *load_tables().terminals, *_AFTER)
    return re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in terminals))


def quote(text: str, limit: int = 40) -> str:
    """A piece of source text for a message, between backquotes: short, on one line, and printable."""
    return "`" + printable(text if len(text) <= limit else text[: limit - 1] + "…") + "`"


def printable(text: str) -> str:
    """The text with names for the characters that can't be shown, or not safely."""
    return "".join(c if c.isprintable() else f"<U+{ord(c):04X}>" for c in text)


# --- lexing ----------------------------------------------------------------------------------------------


def scan_tokens(text: str, dotted: bool = False) -> Scan:
    """Split `text` into tokens and comments; report whatever is in no file. `dotted`: names such as `A.U` need no import."""
    return _Scanner(text, dotted).run()


class _Scanner:
    def __init__(self, text: str, dotted: bool) -> None:
        self.text = text
        self.dotted = dotted
        self.tokens: list[Token] = []
        self.comments: list[Comment] = []
        self.docstring: Token | None = None
        self.diagnostics: list[Diagnostic] = []
        self.line = 1
        self.line_start = 0
        self.first = True
        """Whether the next token is the first on its line."""
        self.statement = ""
        """The kind of the last token that begins a statement."""

    def run(self) -> Scan:
        keywords = load_tables().keywords
        begin = 1 if self.text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}") else 0  # a byte order mark
        self.line_start = begin
        for match in _pattern().finditer(self.text, begin):
            kind, text = match.lastgroup, match.group()
            assert kind is not None
            start, end = match.span()
            if kind == "SPACE":
                self._advance(text, start)
            elif kind == "COMMENT":
                self.comments.append(Comment(text[1:].rstrip(), self._span(start, start + len(text.rstrip()))))
            elif kind == "NAME":
                if "." in text:
                    self._dotted(text, start)
                elif text.isascii():
                    self._add(keywords.get(text, kind), text, start, end)
                else:
                    self._unicode_name(text, start)
            elif kind == "NUMBER":
                self._number(text, start, end)
            elif (handler := _HANDLERS.get(kind)) is not None:
                handler(self, text, start, end)
            else:
                self._add(kind, text, start, end)
        return Scan(self.tokens, self.comments, self.docstring, self.diagnostics)

    # --- helpers

    def _advance(self, text: str, start: int) -> None:
        newlines = text.count("\n")
        if newlines:
            self.line += newlines
            self.line_start = start + text.rfind("\n") + 1
            self.first = True

    def _span(self, start: int, end: int) -> Span:
        """The span of a piece of the current line."""
        return Span(self.line, start - self.line_start + 1, self.line, end - self.line_start + 1)

    def _add(self, kind: str, text: str, start: int, end: int) -> None:
        self.tokens.append(Token(kind, text, self._span(start, end), start, end, self.first))
        self.first = False
        if kind in _STATEMENT_KINDS:
            self.statement = kind

    def _report(self, code: str, message: str, start: int, end: int, hint: str = "") -> None:
        self.diagnostics.append(Diagnostic(code, message, self._span(start, end), hint))

    # --- names and numbers

    @functools.cached_property
    def blocks(self) -> frozenset[str]:
        """The names of imported blocks."""
        import unicodedata

        return frozenset(unicodedata.normalize("NFKC", name) for name in _ALIAS.findall(self.text))

    def _dotted(self, text: str, start: int) -> None:
        """`A.U` is a name of the block A; after anything else a point is an attribute, and there are none."""
        import unicodedata

        from claws.kernel.core.identifiers import is_name

        head, *parts = text.split(".")
        plain = unicodedata.normalize("NFKC", text)
        if (self.dotted or plain.split(".")[0] in self.blocks) and is_name(plain):
            self._add("NAME", plain, start, start + len(text))
            return
        end = start + len(head)
        if head.isascii():
            self._add(load_tables().keywords.get(head, "NAME"), head, start, end)
        else:
            self._unicode_name(head, start)
        for part in parts:
            self._attribute("." + part, end, end + 1 + len(part))
            end += 1 + len(part)

    def _unicode_name(self, text: str, start: int) -> None:
        """A name beyond ASCII: Python's rule (NFKC), except that raised and lowered characters are errors.

        `x²` and `Uᵀ` would otherwise be names that look like something else.
        """
        import unicodedata

        position = 0
        for raised, run in itertools.groupby(text, lambda c: unicodedata.decomposition(c).startswith("<super>")):
            raw = "".join(run)
            begin, end = start + position, start + position + len(raw)
            position += len(raw)
            plain = unicodedata.normalize("NFKC", raw)
            if not raised:
                self._plain_name(raw, plain, begin, end)
            elif plain == "T":
                self._report("CLAW001", f"{quote(raw)} can't be read", begin, end, "a transpose is written `U.T`")
                self._add("TRANSPOSE", ".T", begin, end)
            else:
                hint = f"a power is written {quote('^' + plain)}"
                self._report("CLAW001", f"{quote(raw)} can't be read", begin, end, hint)
                self._add("POWER", "^", begin, end)
                if plain.isdecimal() and len(plain) <= LIMITS.number_length:
                    self._add("NUMBER", plain, begin, end)
                else:
                    self._add("NAME" if plain.isidentifier() else WRONG, plain, begin, end)

    def _plain_name(self, raw: str, plain: str, start: int, end: int) -> None:
        if not plain.isidentifier() or plain in load_tables().keywords:
            hint = f"write {quote(plain)}" if plain in load_tables().keywords else ""
            self._report("CLAW001", f"{quote(raw)} can't be a name", start, end, hint)
            self._add(WRONG, raw, start, end)
            return
        from claws.kernel.core.identifiers import UNSEEN

        if UNSEEN.search(plain):
            named = UNSEEN.sub(lambda c: f"<U+{ord(c.group()):04X}>", plain)
            seen = UNSEEN.sub("", plain)
            hint = f"write {quote(seen)}" if seen.isidentifier() else "a name is made of letters that are seen"
            self._report("CLAW001", f"{quote(named)} has a letter that is not seen", start, end, hint)
            self._add("NAME" if seen.isidentifier() else WRONG, seen, start, end)
            return
        if not raw.isidentifier():  # x₁
            self._report("CLAW001", f"{quote(raw)} can't be a name", start, end, f"write {quote(plain)}")
        self._add("NAME", plain, start, end)

    def _number(self, text: str, start: int, end: int) -> None:
        exponent = text.lower().partition("e")[2]
        if len(text) > LIMITS.number_length:
            problem = f"a number has at most {LIMITS.number_length} characters, and this one has {len(text)}"
        elif exponent and abs(int(exponent)) > LIMITS.number_exponent:
            limits = f"-{LIMITS.number_exponent} and {LIMITS.number_exponent}"
            problem = f"the exponent of a number is between {limits}, found {quote(exponent)}"
        else:
            self._add("NUMBER", text, start, end)
            return
        self._report("CLAW006", problem, start, end, "build a larger number with powers and products")
        self._add("NUMBER", "1", start, end)

    def _bare_fraction(self, text: str, start: int, end: int) -> None:
        right = "0" + text if text.startswith(".") else text + "0"
        self._report("CLAW006", f"{quote(text)} lacks a digit beside its point", start, end, f"write {quote(right)}")
        if len(right) <= LIMITS.number_length:
            self._add("NUMBER", right, start, end)
        else:
            self._add(WRONG, text, start, end)

    # --- quotes

    def _docstring(self, text: str, start: int, end: int) -> None:
        if not self.tokens and self.docstring is None:
            mark = self._span(start, start + 3)
            self._advance(text, start)
            self.first = False
            span = Span(mark.line, mark.column, self.line, end - self.line_start + 1)
            self.docstring = Token("DOCSTRING", text[3:-3], span, start, end, True)
        else:
            self._stray_text(
                "a docstring stands at the start of the file",
                "move it above all statements, or write a comment with `#`", text, start, end,
            )  # fmt: skip

    def _apostrophes(self, text: str, start: int, end: int) -> None:
        self._stray_text("`'''` opens nothing", 'a docstring is put between `"""`', text, start, end)

    def _stray_text(self, message: str, hint: str, text: str, start: int, end: int) -> None:
        self._report("CLAW007", message, start, start + 3, hint)
        if not self.first:  # on a line of its own it can be passed over
            self._add(WRONG, text[:3], start, start + 3)
        self._advance(text, start)

    def _open_docstring(self, text: str, start: int, end: int) -> None:
        self._report("CLAW007", "this docstring is never closed", start, start + 3, 'it ends with `"""`')
        self._advance(text, start)

    def _primes(self, text: str, start: int, end: int) -> None:
        if self.statement == "ACTIVATION":
            before = self.tokens[-2:]
            if text == "'" and [t.kind for t in before] == ["NAME", "NAME"] and before[0].text == "with":
                self._add("PRIME", text, start, end)
                return
            hint = "a derivative is declared as `activation s with s' = 1 - s^2`"
            self._report("CLAW010", f"{quote(text)} has no meaning here", start, end, hint)
            self._add(WRONG, text, start, end)
            return
        self._report("CLAW010", f"{quote(text)} doesn't transpose", start, end, "a transpose is written `U.T`")
        self._add("TRANSPOSE", ".T", start, end)

    def _open_string(self, text: str, start: int, end: int) -> None:
        text = text.rstrip()
        message = f"the text {quote(text)} is never closed"
        self._report("CLAW007", message, start, start + len(text), "close it on its line")
        self._add(WRONG, text, start, end)

    # --- everything else

    def _dots(self, text: str, start: int, end: int) -> None:
        self._report("CLAW001", f"{quote(text)} can't be read", start, end, "a range is written `0..3`")
        self._add("RANGE", "..", start, end)

    def _attribute(self, text: str, start: int, end: int) -> None:
        base = self.tokens[-1].text if self.tokens and self.tokens[-1].end == start else ""
        if text in (".t", ".transpose"):
            hint = "a transpose is written `U.T`"
        elif base in ("np", "numpy", "torch", "jnp", "math", "sp", "sympy", "F"):
            hint = f"functions have no prefix: write {quote(text[1:])}"
        else:
            call = quote(f"{text[1:]}({base})")
            hint = f"if {quote(text[1:])} is a function, write {call}" if base.isidentifier() else ""
        message = f"there is no attribute {quote(text)}; the only one is `.T`"
        self._report("CLAW010", message, start, end, hint)
        self._add(WRONG, text, start, end)

    def _other(self, text: str, start: int, end: int) -> None:
        character = text[0]
        if character in _REPLACEMENTS:
            kind, right = _REPLACEMENTS[character]
            self._report("CLAW001", f"{quote(character)} can't be read", start, end, f"write {quote(right)}")
            self._add(kind, right, start, end)
            return
        previous = self.tokens[-1] if self.tokens else None
        if previous and previous.kind == WRONG and previous.end == start and previous.text[0] not in "._\"'":
            # a run of wrong characters is one error
            last = self.diagnostics[-1]
            if last.code == "CLAW001" and last.span.end_column == start - self.line_start + 1:
                self._extend_run(end)
                return
        self._report("CLAW001", f"{quote(character)} can't be read", start, end, _HINTS.get(character, ""))
        if character not in _LEFT_OUT:
            self._add(WRONG, text, start, end)

    def _extend_run(self, end: int) -> None:
        last, token = self.diagnostics[-1], self.tokens[-1]
        span = last.span.to(self._span(end - 1, end))
        self.diagnostics[-1] = Diagnostic(last.code, last.message, span, last.hint)
        self.tokens[-1] = Token(WRONG, token.text, span, token.start, end, token.first)

    def _word(self, text: str, start: int, end: int) -> None:
        self._unicode_name(text, start)


_HANDLERS = {
    "DOCSTRING": _Scanner._docstring,
    "OPEN_DOCSTRING": _Scanner._open_docstring,
    "APOSTROPHES": _Scanner._apostrophes,
    "PRIMES": _Scanner._primes,
    "DOTS": _Scanner._dots,
    "BARE_FRACTION": _Scanner._bare_fraction,
    "ATTRIBUTE": _Scanner._attribute,
    "OPEN_STRING": _Scanner._open_string,
    "WORD": _Scanner._word,
    "OTHER": _Scanner._other,
}

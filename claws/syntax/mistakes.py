"""What to say of a statement that does not parse: common mistakes, each with its message, and a general one.

`MISTAKES` is a table of examples. A row says what stands before the place where the parser stopped and what
it found there, as people write it, not in the parser's terms; the first row that fits gives the message.
Where no row fits, `describe_unexpected` says what could have followed.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from claws.syntax.diagnostic import nearest
from claws.syntax.lexer import CLAUSE_KEYWORDS, STATEMENT_KEYWORDS, Token, printable, quote
from claws.syntax.tables import END

SYNONYMS = {
    "parameter": "param", "parameters": "param", "params": "param", "variable": "param", "var": "param",
    "weight": "param", "weights": "param", "dims": "dim", "dimension": "dim", "size": "dim", "sizes": "dim",
    "data": "input", "inputs": "input", "constant": "const", "fixed": "const", "act": "activation",
    "def": "", "define": "let", "set": "let", "output": "map", "outputs": "map", "network": "map",
    "dynamics": "flow", "conserved": "law", "invariant": "law", "claim": "law", "assert": "law",
    "preconditioner": "precondition", "func": "function", "fn": "function",
    "from": "", "use": "import", "include": "import", "print": "", "class": "",
}  # fmt: skip


def nearest_keyword(word: str) -> str | None:
    """The statement keyword that `word` is most likely a slip for."""
    lower = word.lower()
    return SYNONYMS[lower] or None if lower in SYNONYMS else nearest(word, STATEMENT_KEYWORDS)


@dataclass(frozen=True, slots=True)
class Mistake:
    """One row. `before` is searched in the words of the statement so far, with single spaces between them;
    `found` has to match all of the word that was found, which is "" at the end of the statement.

    Templates may use the groups of `before`, and `{found}`, `{last}` (the word before), `{group}` (the word
    that was found, or all of the bracket that it opens) and `{inner}` (the same without the brackets). In
    `example`, `§` is put before the place that the message is about.
    """

    code: str
    before: str
    found: str
    message: str
    hint: str
    example: str
    accepted: str = ""
    """A kind of token that has to be possible at the place."""


_NAME = r"[^\W\d]\w*"
_OPERAND = r"(?:[\w)\]]|\.T)"
_RESERVED = "|".join(CLAUSE_KEYWORDS)

MISTAKES = (
    # names
    Mistake(
        "CLAW009", r"", rf"(?:{_RESERVED})",
        "`{found}` is a keyword, so it can't be a name", "choose another name",
        "dim §in", "NAME",
    ),
    Mistake(
        "CLAW009", r"^(?P<keyword>model|law|let)$", r".*",
        "`{keyword}` needs a name", "it is written `{keyword} NAME{shape}`",
        "param U\nlaw §= sqnorm(U)",
    ),
    Mistake(
        "CLAW009", r"^(?P<keyword>dim|param|input|const|activation|function)$", r".*",
        "`{keyword}` needs a name", "it is written `{keyword} NAME{shape}`",
        "param §: [n, r]",
    ),
    Mistake(
        "CLAW009", r"^(?P<keyword>independent|complete)$", r".*",
        "`{keyword}` needs the names of laws", "write `law balance = ...` first and then `{keyword} balance`",
        "complete §[U.T @ U]",
    ),
    Mistake(
        "CLAW010", r"^import$", r".*",
        "the file of a block is written between quotes", 'such as `import "attention.claw" as A`',
        "import §attention as A",
    ),
    Mistake(
        "CLAW009", r"^import \S+(?: as)?$", r".*",
        "a block needs a name", 'such as `import "attention.claw" as A`',
        'import "attention.claw"§',
    ),
    Mistake(
        "CLAW009", r"^model (?P<name>\S+)$", r"-",
        "a model's name is one word", "write `_` for `-`",
        "model two§-layer",
    ),
    # shapes and domains
    Mistake(
        "CLAW010", r"^(?P<keyword>param|input|const|function)(?: .*)? (?P<name>\w+)$", r"[\[(]",
        "the shape of {name_quoted} is written after a colon", "write `{keyword} {name}: [{inner}]`",
        "param U§[n, r]",
    ),
    Mistake(
        "CLAW010", r"^(?:param|input|const|function) (?:.* )?(?P<name>\w+) :$", r"\(",
        "a shape is written in square brackets", "write `{name}: [{inner}]`",
        "param U: §(n, r)",
    ),
    Mistake(
        "CLAW010", r"^(?:param|input|const|function) (?:.* )?(?P<name>\w+) :$", rf"\d+|{_NAME}|",
        "a shape is written in square brackets", "such as `{name}: [n, r]`; a scalar has none",
        "input x: §m",
    ),
    Mistake(
        "CLAW010", r"^(?P<keyword>param|input|const)(?: .*)? (?P<name>\w+)$", r"=",
        "{name_quoted} has no value of its own",
        "a fixed value is named by `let {name} = ...`, a size by `dim {name} = ...`",
        "const c §= 3",
    ),
    Mistake(
        "CLAW010", r"^(?:param|input|const)(?: .*)? (?P<name>\w+)(?: : \[[^\[\]]*\])?$",
        r"positive|nonzero|real",
        "a domain is written after `in`", "write `in {found}`",
        "param s: [r] §positive",
    ),
    Mistake(
        "CLAW010", r"^dim (?:.* )?(?P<name>\w+)$", r"in|:",
        "a size is free, as in `dim n`, or fixed, as in `dim n = 3`",
        "a claim is made for several sizes by `for {name} in 1..4`",
        "dim n §: 3",
    ),
    # `=`
    Mistake(
        "CLAW010", r"^(?:law|let) \S+$|^dim (?:.* )?\S+$|\bfor (?:.* , )?\w+$", r"==",
        "after {last} an `=` is expected, found `==`", "`=` gives a name to a value; `==` compares",
        "law norm §== sqnorm(U)",
    ),
    Mistake(
        "CLAW003", r"^(?P<keyword>law|let) (?P<name>\S+)$", r".*",
        "after `{keyword} {name}` an `=` is expected, found {found_quoted}",
        "it is written `{keyword} {name} = expression`",
        "law balance§: U.T @ U",
    ),
    # loops and sizes
    Mistake(
        "CLAW010", r"\bfor \w+ in range \( (?:0 , )?(?P<stop>[^,]+) \)$", r".*|",
        "a range is written `low..high`, both ends included", "write `0..{stop}-1`",
        "law s = sum(U[k] for k in range(r)§)",
    ),
    Mistake(
        "CLAW010", r"\bfor \w+ in range \( (?P<start>[^,]+) , (?P<stop>[^,]+) \)$", r".*|",
        "a range is written `low..high`, both ends included", "write `{start}..{stop}-1`",
        "law s = sum(U[k] for k in range(1, r)§)",
    ),
    Mistake(
        "CLAW010", r"\bfor (?:.* , )?\w+ in (?P<low>[^,:\[\]]+)$", r":",
        "a range is written `low..high`, both ends included", "write `..` for `:`",
        "law h = U for n in 1§:4",
    ),
    Mistake(
        "CLAW012", r"\bfor (?:.* , )?(?P<name>\w+) = [^,=]+$", r"\.\.",
        "`{name} = ...` gives one value; a range follows `in`", "write `{name} in 1..4`",
        "law h = U for n = 1§..4",
    ),
    Mistake(
        "CLAW012", r"\bfor (?:.* , )?(?P<name>\w+) in \[ (?P<items>[^\[\]]*) \]$", r".*|",
        "the sizes to try are written in braces or as a range", "write `{name} in {{{items}}}`",
        "law h = U for n in [1, 2]§",
    ),
    Mistake(
        "CLAW012", r"\bfor (?:.* , )?(?P<name>\w+) in (?P<value>(?:(?!\.\.|where)[^,\[\](){}])+)$",
        r"[,)\]]|where|expect|",
        "after `in` a range such as `1..4` or a set such as `{{1, 2}}` is expected",
        "one value is written `{name} = {value}`",
        "law h = U for n in 3§",
    ),
    Mistake(
        "CLAW012", r"[\[(](?:.* )?for (?P<name>\w+)$", r"=",
        "a loop is written `for {name} in low..high`", "both ends are included: `for {name} in 0..r-1`",
        "law s = sum(U[k] for k §= 0..3)",
    ),
    Mistake(
        "CLAW012",
        r"^(?P<keyword>model|dim|param|input|const|activation|function|let|map|flow|precondition) .*$",
        r"for|where|expect",
        "`{found}` belongs to a claim, and `{keyword}` is none",
        "the claims are `law`, `independent`, `complete`, `count`",
        "let z = x §for n = 3",
    ),
    Mistake(
        "CLAW012", r"^(?!.*\bfor\b).+$", r"where",
        "`where` chooses among the sizes of a `for`, and there is none here",
        "write `for n in 1..4 where n < m`",
        "law h = U §where n < 3",
    ),
    Mistake(
        "CLAW012", r"\bexpect \w+$", r"for|where",
        "`{found}` stands before `expect`", "write `for ... where ... expect ...`",
        "law h = U expect refuted §for n = 3",
    ),
    Mistake(
        "CLAW012", r"\bwhere\b.*\bfor\b|\bfor\b.*\bwhere .*$|\bfor .*$", r"for",
        "a claim has one `for`, with commas inside", "write `for n = 3, m = 2`",
        "law h = U for n = 3 §for m = 2",
    ),
    Mistake(
        "CLAW012", r"\bwhere (?:(?!.*(?:[<>=]|\band\b))|.*(?:,|\band\b)(?!.*[<>=])).*$", r"expect|,|",
        "a condition after `where` compares two sizes", "such as `n <= m`",
        "law h = U for n in 1..2 where n§",
    ),
    # something is missing between two things
    Mistake(
        "CLAW011", rf"^activation (?:.* , )?{_NAME} with (?P<name>{_NAME})$", r"=",
        "the derivative of `{name}` is written `{name}'`", "a derivative is declared as `activation s with s' = 1 - s^2`",
        "activation s with s§= 1 - s^2",
    ),
    Mistake(
        "CLAW011", r"(?:^| )(?P<number>[\d.]+(?:[eE][+-]?\d+)?)$", rf"{_NAME}|\(",
        "a `*` is missing after {last}", "write `{number}*{group}`",
        "law h = 2§x",
    ),
    Mistake(
        "CLAW011", r"^(?P<keyword>dim|param|input|const|activation|function|independent|complete) "
        rf"(?:{_NAME}(?: : \[[^\[\]]*\])?(?: in \w+)? , )*{_NAME}(?: : \[[^\[\]]*\])?(?: in \w+)?$",
        _NAME,
        "a comma is missing before {found_quoted}", "names are listed as `{keyword} a, b`",
        "param a §b",
    ),
    Mistake(
        "CLAW011", r"\((?:[^()]*|.*\))$|\)$|\.T$", r"\(",
        "a `*` or another operator is missing before {found_quoted}", "only a name can be called",
        "law h = (x + 1)§(x - 1)",
    ),
    Mistake(
        "CLAW011", rf"{_OPERAND}$", rf"{_NAME}|\d\S*|\"[^\"]*\"|'[^']*'",
        "an operator or a comma is missing between {last} and {found_quoted}",
        "`*` multiplies entry by entry, `@` is the matrix product",
        "law h = U §V", "PLUS",
    ),
    Mistake(
        "CLAW011", r",$", r"",
        "something is missing after the comma", "leave the comma out, or go on with the list",
        "param U, V,§",
    ),
    Mistake(
        "CLAW011", r"(?:[-+*/@^]|\*\*)$", r"|[)\],:]|for|expect|where",
        "the right side of {last} is missing", "",
        "law h = x +§",
    ),
    # notation
    Mistake(
        "CLAW010", r"/$", r"/",
        "there is no `//`", "a quotient is written `a/b`, a comment `# ...`",
        "let z = x /§/ 2",
    ),
    Mistake(
        "CLAW010", r"(?:[-+*/@^=,(\[]|\*\*)$", r"\+",
        "a sign `+` before a value is not written", "leave it out",
        "let z = §+x",
    ),
    Mistake(
        "CLAW010", rf"^law .*{_OPERAND}$", r"<=?|>=?|==|!=|=",
        "{found_quoted} compares, and there is nothing to compare here",
        "a law is one expression: `a = b` is conserved as `a - b`",
        "law h = x §== y",
    ),
    Mistake(
        "CLAW003", r"(?:[\w.T)\]]) \[$", r"\]",
        "an index is missing between the brackets", "such as `U[0, 1]` or `U[:, k]`",
        "law h = U[§]",
    ),
    Mistake(
        "CLAW003", r"\[$", r"\]",
        "an array has at least one entry", "zeros of any shape are `zeros(n, m)`",
        "let z = [§]",
    ),
    Mistake(
        "CLAW003", r"^(?P<keyword>map|let \S+ =|law \S+ =|count \S+)$", r"",
        "after `{keyword}` an expression is expected", "",
        "map§",
    ),
)  # fmt: skip

_SHAPES = {
    "model": "", "law": " = expression", "let": " = expression", "dim": "",
    "param": ": [n, r]", "input": ": [n]", "const": ": [n, m]", "activation": "", "function": "",
}  # fmt: skip


def explain_unexpected(
    source: str, tokens: list[Token], place: int, accepted: Collection[str], follows: str
) -> tuple[str, str, str]:
    """The code, message and hint for `tokens[place]`, or for the end of the statement.

    `accepted` are the kinds of token that could have stood there; `follows` says what comes next in the file.
    """
    before = " ".join(token.text for token in tokens[max(0, place - 60) : place])[-600:]
    at_end = place >= len(tokens)
    found = "" if at_end else tokens[place].text
    if len(found) <= 200:
        for mistake in MISTAKES:
            if re.fullmatch(mistake.found, found) and (match := re.search(mistake.before, before)):
                if mistake.accepted and mistake.accepted not in accepted:
                    continue
                fields = _fields(source, tokens, place, match, follows)
                return mistake.code, mistake.message.format(**fields), mistake.hint.format(**fields)
    return "CLAW003", describe_unexpected(source, tokens, place, accepted, follows), ""


def _fields(source: str, tokens: list[Token], place: int, match: re.Match[str], follows: str) -> dict[str, str]:
    group = _bracket_group(source, tokens, place)
    groups = {name: _tidy(value or "") for name, value in match.groupdict().items()}
    found = printable(tokens[place].text) if place < len(tokens) else ""
    return {
        **groups,
        "name_quoted": quote(groups.get("name", "")),
        "shape": _SHAPES.get(groups.get("keyword", ""), ""),
        "found": found,
        "found_quoted": quote(found) if found else follows,
        "last": quote(tokens[place - 1].text),
        "group": group,
        "inner": group[1:-1].strip() if group[:1] in ("(", "[") and len(group) > 1 else group,
    }


def _tidy(text: str) -> str:
    """Words with spaces between them, put together as one would write them, and cut if long."""
    text = re.sub(r" ?([\[(.^*/]|[)\],]|\.\.|\*\*) ?", r"\1", text).replace(",", ", ")
    return printable(text) if len(text) <= 40 else "..."


def _bracket_group(source: str, tokens: list[Token], place: int) -> str:
    """The source text of the token at `place`, or of the whole bracket that it opens."""
    if place >= len(tokens):
        return ""
    depth = 0
    for token in tokens[place : place + 60]:
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        if depth <= 0:
            text = " ".join(source[tokens[place].start : token.end].split())
            return printable(text if len(text) <= 60 else tokens[place].text)
    return printable(tokens[place].text)


# --- in general ------------------------------------------------------------------------------------------

_WORDS = {
    "EQUAL": "`=`", "EQUALS": "`==`", "COMMA": "`,`", "COLON": "`:`", "RANGE": "`..`",
    "LPAR": "`(`", "RPAR": "`)`", "LSQB": "`[`", "RSQB": "`]`", "LBRACE": "`{`", "RBRACE": "`}`",
    "FOR": "`for`", "IN": "`in`", "WHERE": "`where`", "EXPECT": "`expect`", END: "the end of the statement",
}  # fmt: skip
_OPERATORS = frozenset(("PLUS", "MINUS", "TIMES", "POWER", "TRANSPOSE"))


def describe_unexpected(source: str, tokens: list[Token], place: int, accepted: Collection[str], follows: str) -> str:
    """Where the parser stopped, what could have followed, and what was found, in words."""
    found = quote(tokens[place].text) if place < len(tokens) else follows
    last, expected = _last_words(source, tokens, place), _expected(tokens[:place], set(accepted))
    return f"after {last} {expected} is expected, found {found}"


def _last_words(source: str, tokens: list[Token], place: int) -> str:
    """The end of the statement so far: enough of it to be recognised."""
    first = last = place - 1
    while (
        first > 0
        and tokens[last].end - tokens[first].start < 6
        and tokens[first - 1].span.line == tokens[last].span.line
    ):
        first -= 1
    if tokens[last].end - tokens[first].start > 30:
        first = last
    return quote(source[tokens[first].start : tokens[last].end], 30)


def _expected(before: list[Token], kinds: set[str]) -> str:
    words: list[str] = []
    if "NUMBER" in kinds:
        kinds -= {"NAME", "NUMBER", "STRING", "LPAR", "LSQB", "MINUS"}
        words.append("an expression")
    elif "NAME" in kinds:
        words.append(_name_in_place(before))
    relations = {"EQUAL", "EQUALS", "COMPARE"}
    if "COMPARE" in kinds:
        kinds -= relations
        words.append("`=`, `<=` or `>=`" if len(before) == 1 else "a comparison such as `<=`")
    if kinds & _OPERATORS:
        kinds.discard("LSQB")
        closing = kinds & {END, "RPAR", "RSQB", "RBRACE", "COMMA"}
        if closing:
            words.append("an operator")
    if before[-1].kind == "NAME" and "RPAR" not in kinds:
        kinds.discard("LPAR")
    words += [_WORDS[kind] for kind in _WORDS if kind in kinds]
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " or " + words[-1]


def _name_in_place(before: list[Token]) -> str:
    """What the grammar takes as a name may be one of the words that the tree builder knows."""
    operand_before = before[-1].kind in ("NAME", "NUMBER", "RPAR", "RSQB", "TRANSPOSE")
    if not operand_before:
        if before[-1].kind == "EXPECT":
            return "`proved`, `refuted` or `unknown`"
        if before[-1].kind == "FLOW":
            return "`gradient` or `momentum(tau)`"
        if before[0].kind == "FLOW":
            return "`decay(lambda)` or `rate(eta, U)`"
        if before[-1].kind == "IN":
            return "`real`, `positive` or `nonzero`"
        return "a name"
    if before[0].kind == "ACTIVATION":
        return "`homogeneous` or `with`"
    if before[0].kind == "PRECONDITION":
        return "`by`"
    return "`and`"

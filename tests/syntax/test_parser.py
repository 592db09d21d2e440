"""The parser: every statement of the language, every kind of error and its place, hostile text, the cache."""

from __future__ import annotations

import re
import time
from fractions import Fraction
from pathlib import Path

import lark
import pytest

from claws.report.codes import CODES
from claws.syntax import lexer, nodes, tables
from claws.syntax.diagnostic import Diagnostic, Span
from claws.syntax.limits import LIMITS
from claws.syntax.mistakes import MISTAKES, SYNONYMS, Mistake
from claws.syntax.parser import parse_source
from claws.syntax.tree_builder import TreeBuilder

ROOT = Path(__file__).parents[2]

EXAMPLE = '''"""Two-layer linear network.
Marcotte, Gribonval, Peyré 2023, section 4."""
model two_layer_linear

dim n, m, r                            # any size
param U: [n, r], V: [m, r]
map U @ V.T                            # all that the loss sees of the parameters

law balance = U.T @ U - V.T @ V        # r(r+1)/2 different scalar laws, claimed for every n, m, r
law norm    = sqnorm(U)                             expect refuted
complete balance                                    for n = 3, m = 2, r = 2
count = r*(r + 1)/2                                 for n in 2..4, m in 2..4, r in 1..3
'''


def parse_whole(text: str) -> nodes.File:
    file, diagnostics = parse_source(text)
    assert diagnostics == []
    return file


def parse_statement(text: str) -> nodes.Statement:
    (statement,) = parse_whole(text).statements
    return statement


def parse_expression(text: str) -> nodes.Expression:
    statement = parse_statement("let z = " + text)
    assert isinstance(statement, nodes.Let)
    return statement.value


def ids(text: str) -> tuple[nodes.Identifier, ...]:
    return tuple(nodes.Identifier(name) for name in text.split())


def name(text: str) -> nodes.Name:
    return nodes.Name(text)


def number(value: int | str) -> nodes.Number:
    return nodes.Number(Fraction(value))


n, m, r, x, y, z, k = map(name, ("n", "m", "r", "x", "y", "z", "k"))


# --- what is read ----------------------------------------------------------------------------------------


def test_the_example_of_the_language_page() -> None:
    file = parse_whole(EXAMPLE)
    assert file.docstring == "Two-layer linear network.\nMarcotte, Gribonval, Peyré 2023, section 4."
    assert file.docstring_span == Span(1, 1, 2, 47)
    assert [type(statement).__name__ for statement in file.statements] == [
        "Model", "Dim", "Declare", "Map", "Law", "Law", "Complete", "Count",
    ]  # fmt: skip
    assert file.comments[0].text == " any size"
    assert file.comments[0].span == Span(5, 40, 5, 50)
    assert file.statements[5].span == Span(10, 1, 10, 67)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model two_layer", nodes.Model(nodes.Identifier("two_layer"))),
        ("dim n, r = 2", nodes.Dim(((ids("n")[0], None), (ids("r")[0], number(2))))),
        ("param a, b", nodes.Declare("param", (nodes.Group(ids("a b")),))),
        (
            "param U: [n, r], V: [m, r]",
            nodes.Declare("param", (nodes.Group(ids("U"), (n, r)), nodes.Group(ids("V"), (m, r)))),
        ),
        (
            "param x, y in positive",
            nodes.Declare("param", (nodes.Group(ids("x y"), None, ids("positive")[0]),)),
        ),
        (
            "param s: [r] in positive, c, d",
            nodes.Declare("param", (nodes.Group(ids("s"), (r,), ids("positive")[0]), nodes.Group(ids("c d")))),
        ),
        (
            "param a, b: [n], c in real, d",
            nodes.Declare(
                "param",
                (
                    nodes.Group(ids("a b"), (n,)),
                    nodes.Group(ids("c"), None, ids("real")[0]),
                    nodes.Group(ids("d")),
                ),
            ),
        ),
        ("input x: []", nodes.Declare("input", (nodes.Group(ids("x"), ()),))),
        (
            "const A: [k, n + 1,]",
            nodes.Declare("const", (nodes.Group(ids("A"), (k, nodes.Binary("+", n, number(1)))),)),
        ),
        ("activation s", nodes.Activation(((ids("s")[0], None),))),
        (
            "activation s, t homogeneous 1/2",
            nodes.Activation(((ids("s")[0], None), (ids("t")[0], nodes.Binary("/", number(1), number(2))))),
        ),
        ("function F: [k], G", nodes.Function(((ids("F")[0], (k,)), (ids("G")[0], None)))),
        ("let z = x", nodes.Let(ids("z")[0], x)),
        ("map x, y", nodes.Map((x, y))),
        ("flow gradient", nodes.Flow((nodes.Dynamic(ids("gradient")[0]),))),
        ("flow momentum(x)", nodes.Flow((nodes.Dynamic(ids("momentum")[0], (x,)),))),
        (
            "flow gradient, decay(x), rate(1, x, n)",
            nodes.Flow(
                (
                    nodes.Dynamic(ids("gradient")[0]),
                    nodes.Dynamic(ids("decay")[0], (x,)),
                    nodes.Dynamic(ids("rate")[0], (number(1), x, n)),
                )
            ),
        ),
        (
            "precondition x\n by\n x, y by 2*y",
            nodes.Precondition(((ids("x")[0], x), (ids("y")[0], nodes.Binary("*", number(2), y)))),
        ),
        ("law h = x expect unknown", nodes.Law(ids("h")[0], x, None, ids("unknown")[0])),
        ("independent a, b", nodes.Independent(ids("a b"))),
        ("complete a expect proved", nodes.Complete(ids("a"), None, ids("proved")[0])),
        ("count == n", nodes.Count("=", n)),
        ("count >= n", nodes.Count(">=", n)),
        (
            "count <= n for n = 3, m in 1..4, r in {1, 2}\nwhere 1 <= r <= m, n != 3 and n == m expect refuted",
            nodes.Count(
                "<=",
                n,
                nodes.For(
                    (
                        (ids("n")[0], nodes.Values("value", (number(3),))),
                        (ids("m")[0], nodes.Values("range", (number(1), number(4)))),
                        (ids("r")[0], nodes.Values("set", (number(1), number(2)))),
                    ),
                    (
                        nodes.Comparison((number(1), r, m), ("<=", "<=")),
                        nodes.Comparison((n, number(3)), ("!=",)),
                        nodes.Comparison((n, m), ("=",)),
                    ),
                ),
                ids("refuted")[0],
            ),
        ),
    ],
)
def test_statements(text: str, expected: nodes.Statement) -> None:
    assert parse_statement(text) == expected


def binary(operator: str, left: nodes.Expression, right: nodes.Expression) -> nodes.Binary:
    return nodes.Binary(operator, left, right)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x - y - z", binary("-", binary("-", x, y), z)),
        ("x + y*z", binary("+", x, binary("*", y, z))),
        ("x*y @ z/x", binary("/", binary("@", binary("*", x, y), z), x)),
        ("-x^2", nodes.Negative(binary("^", x, number(2)))),
        ("(-x)^2", binary("^", nodes.Negative(x), number(2))),
        ("x^-2", binary("^", x, nodes.Negative(number(2)))),
        ("x**y^z", binary("^", x, binary("^", y, z))),
        ("x^-y^z", binary("^", x, nodes.Negative(binary("^", y, z)))),
        ("-x*y", binary("*", nodes.Negative(x), y)),
        ("x*-y", binary("*", x, nodes.Negative(y))),
        ("x - -y", binary("-", x, nodes.Negative(y))),
        ("x.T^2", binary("^", nodes.Transpose(x), number(2))),
        ("x^y.T", binary("^", x, nodes.Transpose(y))),
        ("x[0, 1].T", nodes.Transpose(nodes.Index(x, (number(0), number(1))))),
        (
            "x[:, k, 1:, :2, ::3, 1:2:3]",
            nodes.Index(
                x,
                (
                    nodes.Slice(None, None, None),
                    k,
                    nodes.Slice(number(1), None, None),
                    nodes.Slice(None, number(2), None),
                    nodes.Slice(None, None, number(3)),
                    nodes.Slice(number(1), number(2), number(3)),
                ),
            ),
        ),
        ("f()", nodes.Call(nodes.Identifier("f"), ())),
        (
            "f(x, y, stride=2)",
            nodes.Call(nodes.Identifier("f"), (x, y), ((nodes.Identifier("stride"), number(2)),)),
        ),
        (
            "sum(x for k in 0..r-1 for z in 0..3)",
            nodes.Call(
                nodes.Identifier("sum"),
                (
                    nodes.Generator(
                        x,
                        (
                            nodes.Loop(nodes.Identifier("k"), number(0), binary("-", r, number(1))),
                            nodes.Loop(nodes.Identifier("z"), number(0), number(3)),
                        ),
                    ),
                ),
            ),
        ),
        (
            "[x for k in 0..3]",
            nodes.ArrayComprehension(x, (nodes.Loop(nodes.Identifier("k"), number(0), number(3)),)),
        ),
        ("[x, [y],]", nodes.Array((x, nodes.Array((y,))))),
        ("f('ij', \"kl\")", nodes.Call(nodes.Identifier("f"), (nodes.Text("ij"), nodes.Text("kl")))),
        ("0.1 + 1e-3 + 2.5E2", binary("+", binary("+", number("1/10"), number("1/1000")), number(250))),
        ("by + homogeneous", binary("+", name("by"), name("homogeneous"))),
        ("Ünïcode_θ1", name("Ünïcode_θ1")),
        ("ϕ", name("φ")),  # two code points for one letter, as in Python
    ],
)
def test_expressions(text: str, expected: nodes.Expression) -> None:
    assert parse_expression(text) == expected


def test_numbers_keep_their_text() -> None:
    value = parse_expression("1E-3")
    assert isinstance(value, nodes.Number) and value.text == "1E-3" and value.value == Fraction(1, 1000)


def test_places_of_nodes_include_their_parentheses() -> None:
    value = parse_expression("(x + y) *\n  f(z)")
    assert isinstance(value, nodes.Binary)
    assert value.span == Span(1, 9, 2, 7)
    assert value.operator_span == Span(1, 17, 1, 18)
    assert value.left.span == Span(1, 9, 1, 16)
    assert value.right.span == Span(2, 3, 2, 7)


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment", "\ufeff", '"""only a docstring"""', "\r\n\t\f"])
def test_a_file_may_have_no_statement(text: str) -> None:
    assert parse_whole(text).statements == ()


def test_statements_need_no_line_ends_and_may_have_many() -> None:
    assert parse_whole("dim n param x\n:\n[n] map\r\nx") == parse_whole("dim n\nparam x: [n]\nmap x")


def test_a_byte_order_mark_takes_no_column() -> None:
    assert parse_whole("\ufeffdim n").statements[0].span == Span(1, 1, 1, 6)


def test_a_joining_word_may_end_or_begin_a_line() -> None:
    joined = parse_whole("activation s homogeneous r\nlaw h = x for n in 1..2 where n < r and r < m")
    assert parse_whole("activation s homogeneous\nr\nlaw h = x for n in 1..2 where n < r and\nr < m") == joined
    assert parse_whole("activation s\nhomogeneous r\nlaw h = x for n in 1..2 where n < r\nand r < m") == joined


# --- the machine is lark's -------------------------------------------------------------------------------


class _Adapter(lark.Transformer[lark.Token, nodes.Statement]):
    """Lets lark's own parser build our trees: its tokens are changed into ours."""

    def __init__(self) -> None:
        super().__init__()
        self.builder = TreeBuilder()

    def __getattr__(self, rule: str) -> object:
        if rule.startswith("_") or not hasattr(TreeBuilder, rule):
            raise AttributeError(rule)
        method = getattr(self.builder, rule)

        def build(children: list[object]) -> object:
            return method([_own(child) if isinstance(child, lark.Token) else child for child in children])

        return build


def _own(token: lark.Token) -> lexer.Token:
    assert token.line and token.column and token.end_line and token.end_column
    assert token.start_pos is not None and token.end_pos is not None
    span = Span(token.line, token.column, token.end_line, token.end_column)
    return lexer.Token(token.type, str(token), span, token.start_pos, token.end_pos)


@pytest.fixture(scope="module")
def lark_parser() -> lark.Lark:
    return lark.Lark(
        (ROOT / "grammar" / "claws.lark").read_text(encoding="utf-8"),
        parser="lalr",
        lexer="basic",
        start=["statement", "file"],
        keep_all_tokens=True,
        maybe_placeholders=False,
        transformer=_Adapter(),
    )


STATEMENTS = [
    "model a",
    'import "a.claw" as A',
    "import 'a b.claw' as A(n = 2*m, r = 3,)",
    "complete a, b in U, V for n = 2",
    "count = 2*r in U expect refuted",
    "dim n, m = 2*n",
    "param a, b: [n, m], c in positive, d, e",
    "activation s homogeneous 1/2, t",
    "function F: [k], G",
    "let z = -x^-2*y.T[1:, ::2, k]",
    "map f(x, [1, 2,], k=3) @ [x for k in 0..2 for j in 0..k], sum(x[k] for k in 0..r-1), g()",
    "precondition U by U, V by 2*V",
    "flow momentum(tau)",
    "law h = einsum('ij,jk->ik', A, B) for m in 1..2, r in {1, 2} where 1 <= n < m and n = 2 expect proved",
    "independent a, b, c expect proved",
    "complete a for n = 2",
    "count >= 3 for n in 1..3 where n != 2, n > 1",
]  # fmt: skip


@pytest.mark.parametrize("text", STATEMENTS)
def test_lark_gives_the_same_tree(text: str, lark_parser: lark.Lark) -> None:
    """The tables may be run by lark's machine or by ours."""
    theirs = lark_parser.parse(text, start="statement")
    ours = parse_statement(text)
    assert theirs == ours
    assert repr(theirs) == repr(ours)
    assert theirs.span == ours.span  # type: ignore[attr-defined]


def test_the_file_rule_describes_the_same_language(lark_parser: lark.Lark) -> None:
    tree = lark_parser.parse(EXAMPLE, start="file")
    assert tuple(tree.children[1:]) == parse_whole(EXAMPLE).statements
    assert str(tree.children[0])[3:-3] == parse_whole(EXAMPLE).docstring
    terminal = {t.name: t for t in lark_parser.terminals}["DOCSTRING"]
    assert terminal.pattern.value == dict(lexer._BEFORE)["DOCSTRING"]


def test_the_keywords_are_the_grammars() -> None:
    assert set(tables.load_tables().keywords) == {*lexer.STATEMENT_KEYWORDS, *lexer.CLAUSE_KEYWORDS}
    page = (ROOT / "grammar" / "claws.lark").read_text(encoding="utf-8")
    assert all(f'"{word}"' in page for word in lexer.STATEMENT_KEYWORDS)
    assert {word for word in SYNONYMS.values() if word} <= set(lexer.STATEMENT_KEYWORDS)
    assert not set(SYNONYMS) & set(lexer.STATEMENT_KEYWORDS)


# --- errors ----------------------------------------------------------------------------------------------


def at(diagnostic: Diagnostic) -> tuple[str, int, int]:
    return diagnostic.code, diagnostic.span.line, diagnostic.span.column


def split_mark(example: str) -> tuple[str, int, int]:
    """The text without its mark `§`, and the line and column of the mark."""
    head, _, tail = example.partition("§")
    return head + tail, head.count("\n") + 1, len(head) - (head.rfind("\n") + 1) + 1


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.example)
def test_each_row_of_the_table_answers_its_example(mistake: Mistake) -> None:
    """Exactly one error, at the mark, with the message and the hint of this row and no other."""
    text, line, column = split_mark(mistake.example)
    _, (diagnostic,) = parse_source(text)
    assert at(diagnostic) == (mistake.code, line, column)
    for template, said in ((mistake.message, diagnostic.message), (mistake.hint, diagnostic.hint)):
        if "{" in template:
            pattern = "".join(
                re.escape(part) if number % 2 == 0 else ".*"
                for number, part in enumerate(re.split(r"(\{\w+\})", template.replace("{{", "{").replace("}}", "}")))
            )
            assert re.fullmatch(pattern, said)
        else:
            assert said == template


ERRORS = [
    # characters
    ("let z = x§²", "CLAW001", "`²`", "`^2`"),
    ("let z = U§ᵀ", "CLAW001", "`ᵀ`", "`U.T`"),
    ("let z = §x₁", "CLAW001", "`x₁`", "`x1`"),
    ("let z = x §· y", "CLAW001", "`·`", "`*`"),
    ("let z = x §− y", "CLAW001", "`−`", "`-`"),
    ("count = 1 for n in 1..3 where n §≤ 2", "CLAW001", "`≤`", "`<=`"),
    ("count = 1 for n in 1§…3", "CLAW001", "`…`", "`..`"),
    ("count = 1 for n in 1§...3", "CLAW001", "`...`", "`0..3`"),
    ("let z = x§;", "CLAW001", "`;`", "nothing is needed"),
    ("let z = §$x", "CLAW001", "`$` can't be read", ""),
    ("let z = §%&$ x", "CLAW001", "`%`", "comment"),
    ("let z = \n  §\0", "CLAW001", "`<U+0000>`", ""),
    ("let z = §\ud800", "CLAW001", "`<U+D800>`", ""),
    ("let z = §½", "CLAW001", "`½` can't be a name", ""),
    ("§ｌａｗ h = x", "CLAW001", "can't be a name", "`law`"),
    # statements
    ("§parm U: [n, r]", "CLAW002", "no statement starts with `parm`", "`param`"),
    ("§Param U: [n, r]", "CLAW002", "`Param`", "`param`"),
    ("§variable x", "CLAW002", "`variable`", "`param`"),
    ("§= 3", "CLAW002", "`=`", "the keywords are"),
    ("§for n = 3", "CLAW002", "`for`", "the keywords are"),
    ("import §numpy as np", "CLAW010", "is written between quotes", '`import "attention.claw" as A`'),
    ('import "a.claw" §to A', "CLAW008", "`as` is expected here", '`import "attention.claw" as A(n = 4)`'),
    ('import "a.claw" as A\nlet z = x§.shape', "CLAW010", "there is no attribute `.shape`", "write `shape(x)`"),
    ("let z = np§.exp(x)", "CLAW010", "there is no attribute `.exp`", "functions have no prefix: write `exp`"),
    ("§qqq = 3", "CLAW002", "`qqq`", "`let qqq = ...`"),
    ("param U\n§lwa h = U\nlet z = 3", "CLAW002", "`lwa`", "`law`"),
    ("map x\n§cuont = 2", "CLAW002", "`cuont`", "`count`"),
    ("law h = x\n  §zzzz\nlet y = 3", "CLAW002", "`zzzz`", "operator or a comma"),
    # expected and found
    (
        "flow§", "CLAW003",
        "after `flow` `gradient` or `momentum(tau)` is expected, found the end of the file", "",
    ),
    (
        "law h = x for n§\nlet z = 3", "CLAW003",
        "`=` or `in` is expected, found the next statement, `let`", "",
    ),
    (
        "dim n §3", "CLAW003",
        "after `dim n` `=`, `,` or the end of the statement is expected, found `3`", "",
    ),
    ("count §3", "CLAW003", "after `count` `=`, `<=` or `>=` is expected, found `3`", ""),
    ("count §< 3", "CLAW003", "not by `<`", "`count <= k - 1`"),
    ("let z = f(a=1, §2)", "CLAW003", "without a name", "come last"),
    ("let z = x[1:2:3§:4]", "CLAW003", "an operator, `,` or `]` is expected, found `:`", ""),
    # brackets and depth
    ("let z = f§(x\nlet y = 3", "CLAW004", "this `(` is never closed", ""),
    ("let z = x + y§)", "CLAW004", "this `)` closes nothing", ""),
    ("let z = [x, y§)", "CLAW004", "`[` is closed by `)`", "`]`"),
    # numbers and quotes
    ("let z = §.5", "CLAW006", "`.5`", "`0.5`"),
    ("let z = §5. + 1", "CLAW006", "`5.`", "`5.0`"),
    ("let z = 1 + §1e401", "CLAW006", "-400 and 400", "powers and products"),
    ("let z = §1e-99999999999", "CLAW006", "-400 and 400", "powers and products"),
    ("let z = §" + "7" * 201, "CLAW006", "at most 200 characters", "powers and products"),
    ("dim n\n§\"\"\"late\"\"\"\nmap n", "CLAW007", "start of the file", "above"),
    ("dim n = §\"\"\"late\"\"\"\nmap n", "CLAW007", "start of the file", "above"),
    ("§\"\"\"never\nclosed", "CLAW007", "never closed", '`"""`'),
    ("§'''text'''", "CLAW007", "`'''`", '`"""`'),
    ("let z = f(§'ij)", "CLAW007", "`'ij)`", "on its line"),
    # words
    (
        "param s in §postive", "CLAW008",
        "`postive` is not a domain: `real`, `positive` or `nonzero` is expected", "did you mean `positive`?",
    ),
    ("law h = x expect §REFUTED", "CLAW008", "`REFUTED`", "`refuted`"),
    ("flow §graident", "CLAW008", "`graident`", "`gradient`"),
    ("activation s §homogenous 2", "CLAW008", "`homogeneous` is expected here", "s(a*x) = a^2*s(x)"),
    ("precondition x §with x", "CLAW008", "`by` is expected here, found `with`", "`precondition U by P`"),
    ("count = 1 for n in 1..2 where n < 2 §or n > 3", "CLAW008", "`and` is expected here", "`,` or `and`"),
    # names
    ("param §input: [n]\nlet z = x", "CLAW009", "`input` is a keyword", "another name"),
    ("let z = f(§input + 1)\nlet y = x", "CLAW009", "`input` is a keyword", "another name"),
    ("model §'a'", "CLAW009", "`model` needs a name", "`model NAME`"),
    # notation
    ("let z = U§' @ V", "CLAW010", "`'`", "`U.T`"),
    ("let z = np§.exp(x)", "CLAW010", "`.exp`", "write `exp`"),
    ("let z = U§.trace()", "CLAW010", "`.trace`", "`trace(U)`"),
    ("let z = U§.t", "CLAW010", "`.t`", "`U.T`"),
    ("law z = sum(x for k in range(0, r + 1)§)", "CLAW010", "low..high", "`0..r + 1-1`"),
    ("param U§['\0']", "CLAW010", "`U`", "`param U: ['<U+0000>']`"),
    ("param U: [n, r], V§[m, r]", "CLAW010", "`V`", "`param V: [m, r]`"),
    # something missing
    ("let z = 2§(x + 1)", "CLAW011", "after `2`", "`2*(x + 1)`"),
    ("let z = lambda §x: x", "CLAW011", "between `lambda` and `x`", "`@` is the matrix product"),
    ("param U: [n, r] §V: [m, r]", "CLAW011", "a comma is missing before `V`", "`param a, b`"),
]  # fmt: skip


@pytest.mark.parametrize(("example", "code", "message", "hint"), ERRORS)
def test_one_error_is_reported_once_at_its_place(example: str, code: str, message: str, hint: str) -> None:
    text, line, column = split_mark(example)
    _, diagnostics = parse_source(text)
    assert [at(diagnostic) for diagnostic in diagnostics] == [(code, line, column)]
    assert message in diagnostics[0].message
    assert (hint in diagnostics[0].hint) if hint else (diagnostics[0].hint == "")


@pytest.mark.parametrize("code", [code for code in CODES if code < "CLAW020"])
def test_each_code_has_an_explanation_and_an_example(code: str) -> None:
    entry = CODES[code]
    assert entry.code == code and entry.title and entry.explanation
    assert code in {diagnostic.code for diagnostic in parse_source(entry.example)[1]}


def test_every_code_that_the_parser_reports_is_explained() -> None:
    used = {mistake.code for mistake in MISTAKES} | {code for _, code, _, _ in ERRORS}
    assert used <= set(CODES)
    assert {code for code in CODES if code < "CLAW020"} - used == {"CLAW005", "CLAW019"}


@pytest.mark.parametrize(
    ("text", "places", "statements"),
    [
        # what is meant is plain, so the statement is read all the same
        ("let z = x² · y\nlet y = U'", [("CLAW001", 1, 10), ("CLAW001", 1, 12), ("CLAW010", 2, 10)], 2),
        # a misspelt keyword after a statement that does not end
        ("let z =\nlwa h = 3\ncuont = 2", [("CLAW003", 1, 8), ("CLAW002", 2, 1), ("CLAW002", 3, 1)], 2),
        ("let z = (x\nlwa h = y", [("CLAW004", 1, 9), ("CLAW002", 2, 1)], 1),
        ("let z = $\nlwa h = y", [("CLAW001", 1, 9), ("CLAW002", 2, 1)], 1),
        # text of another kind is one error; a line in it that looks like a statement is one more
        ("print(this)\nif x:\n    y = 3\nparma U", [("CLAW002", 1, 1), ("CLAW002", 4, 1)], 1),
        # two words wrong in one statement
        ("param x in postive, y in nonzro", [("CLAW008", 1, 12), ("CLAW008", 1, 26)], 1),
        # a comparison sign in the wrong place is one error, though it is also a wrong character
        ("law h = x ≤ 4", [("CLAW001", 1, 11)], 0),
    ],
)
def test_all_errors_come_in_one_run(text: str, places: list[tuple[str, int, int]], statements: int) -> None:
    file, diagnostics = parse_source(text)
    assert [at(diagnostic) for diagnostic in diagnostics] == places
    assert len(file.statements) == statements


def test_a_bracket_of_the_wrong_kind_points_at_its_partner() -> None:
    _, (diagnostic,) = parse_source("let z =\n [x, y)")
    assert diagnostic.notes == (("the `[` is here", Span(2, 2, 2, 3)),)


def test_the_words_of_a_wrong_statement_are_replaced_by_those_meant() -> None:
    file, diagnostics = parse_source("parm x in postive\nmap x")
    assert len(diagnostics) == 2
    assert file == parse_whole("param x in positive\nmap x")


def test_at_most_twenty_errors_are_listed() -> None:
    for count, extra in (
        (20, None),
        (21, "1 more error is not listed"),
        (50, "30 more errors are not listed"),
    ):
        _, diagnostics = parse_source("law = x\n" * count)
        assert [d.code for d in diagnostics[:20]] == ["CLAW009"] * 20
        assert [d.span.line for d in diagnostics[:20]] == list(range(1, 21))
        if extra is None:
            assert len(diagnostics) == 20
        else:
            (last,) = diagnostics[20:]
            assert at(last) == ("CLAW019", 21, 5) and last.message == extra


# --- hostile text ----------------------------------------------------------------------------------------

MANY = 20_000


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("map " + "(" * 100_000, {"CLAW005"}),
        ("map " + "-" * MANY + "x", {"CLAW005"}),
        ("map " + "^".join("x" * MANY), {"CLAW005"}),
        ("map x" + ".T" * MANY, {"CLAW005"}),
        ("map x" + "[0]" * MANY, {"CLAW005"}),
        ("map " + " + ".join("x" * 100_000), set()),
        ("map [" + ", ".join("x" * MANY) + "]", set()),
        ("map " + "x" * 10 * MANY, set()),
        ("map " + "1" * 10 * MANY, {"CLAW006"}),
        ("$" * 10 * MANY, {"CLAW001"}),
        ("$ " * MANY, {"CLAW001", "CLAW019"}),
        ("law " * MANY, {"CLAW009", "CLAW019"}),
        ("law $ = 3\n" * MANY, {"CLAW001", "CLAW019"}),
        ("".join(f"foo{i} = 3\n" for i in range(MANY)), {"CLAW002"}),
        ("let z = (\n" + "lwa x = 3\n" * MANY, {"CLAW002", "CLAW004", "CLAW019"}),
        ("count = 1 for n in 1..2 where " + "where and for " * (MANY // 10), {"CLAW009"}),
        ('"""' + "x\n" * MANY, {"CLAW007"}),
        ("²" * MANY, {"CLAW001", "CLAW002"}),
    ],
    ids=lambda value: repr(value[:24]) if isinstance(value, str) else "",
)
def test_long_text_takes_no_long_time(text: str, codes: set[str]) -> None:
    start = time.perf_counter()
    _, diagnostics = parse_source(text)
    assert {diagnostic.code for diagnostic in diagnostics} == codes
    assert time.perf_counter() - start < 30  # far above what it takes, below what a square would take


@pytest.mark.parametrize(
    "pieces",
    [
        ("(", "x", ")"),
        ("-", "x", ""),
        ("x^", "x", ""),
        ("", "x", ".T"),
        ("", "x", "[0]"),
        ("[-", "x", "]"),
        ("f(x^", "x", ")"),
    ],
)
def test_the_limit_of_nesting(pieces: tuple[str, str, str]) -> None:
    """100 levels are read; one more is an error, wherever they come from."""
    before, middle, after = pieces
    levels = LIMITS.nesting // sum(mark in before + after for mark in ("(", "[-", "-", "^", ".T", "[0"))
    levels = {"[-": 50, "f(x^": 50}.get(before, levels)
    assert parse_source("map " + before * levels + middle + after * levels)[1] == []
    (diagnostic,) = parse_source("map " + before * (levels + 1) + middle + after * (levels + 1))[1]
    assert diagnostic.code == "CLAW005" and diagnostic.message == "this is nested too deeply"


def test_the_limits_of_numbers() -> None:
    assert parse_expression("1" * 200) == number(int("1" * 200))
    assert parse_expression("1e400") == number(10**400)
    assert parse_expression("1e-400") == nodes.Number(Fraction(1, 10**400))

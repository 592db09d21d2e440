"""Hypothesis strategies for syntax trees: expressions, statements, whole files, and texts close to files.

The trees are those that the parser can give: printing one and parsing the text gives the tree back. They need
not make sense (names are not declared, shapes do not fit); tests that need models make their own.
"""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st

from claws.syntax import nodes
from claws.syntax.lexer import CLAUSE_KEYWORDS, STATEMENT_KEYWORDS

KEYWORDS = (*STATEMENT_KEYWORDS, *CLAUSE_KEYWORDS)

# Words that mean something in some places are names everywhere else, so they are tried often.
names = st.one_of(
    st.sampled_from(
        (
            "U",
            "V",
            "x",
            "y",
            "n",
            "r",
            "θ",
            "ψ_1",
            "T",
            "e",
            "e5",
            "by",
            "and",
            "homogeneous",
            "positive",
            "sum",
            "for_",
        )
    ),
    st.from_regex(r"[A-Za-z_α-ω][A-Za-z0-9_α-ω]{0,6}", fullmatch=True).filter(lambda name: name not in KEYWORDS),
)
identifiers = names.map(nodes.Identifier)


@st.composite
def numbers(draw: st.DrawFn) -> nodes.Number:
    """A number with its text, in any of the ways in which numbers are written."""
    text = draw(st.from_regex(r"[0-9]{1,5}(\.[0-9]{1,4})?([eE][+-]?[0-9]{1,2})?", fullmatch=True))
    return nodes.Number(Fraction(text), text)


texts = st.from_regex(r"[^\"\n]{0,8}", fullmatch=True).map(nodes.Text)
_leaves = st.one_of(names.map(nodes.Name), numbers(), names.map(nodes.Name))


def _slices(parts: st.SearchStrategy[nodes.Expression]) -> st.SearchStrategy[nodes.Slice]:
    part = st.none() | parts
    return st.builds(nodes.Slice, part, part, part)


def _loops(parts: st.SearchStrategy[nodes.Expression]) -> st.SearchStrategy[tuple[nodes.Loop, ...]]:
    return st.lists(st.builds(nodes.Loop, identifiers, parts, parts), min_size=1, max_size=2).map(tuple)


def _some(
    parts: st.SearchStrategy[nodes.Expression], least: int = 1
) -> st.SearchStrategy[tuple[nodes.Expression, ...]]:
    return st.lists(parts, min_size=least, max_size=3).map(tuple)


def _extend(parts: st.SearchStrategy[nodes.Expression]) -> st.SearchStrategy[nodes.Expression]:
    keywords = st.lists(st.tuples(identifiers, parts), max_size=2).map(tuple)
    items = st.lists(parts | _slices(parts), min_size=1, max_size=3).map(tuple)
    generators = st.builds(nodes.Generator, parts, _loops(parts))
    return st.one_of(
        st.builds(nodes.Binary, st.sampled_from("+-*/@^"), parts, parts),
        st.builds(nodes.Negative, parts),
        st.builds(nodes.Transpose, parts),
        st.builds(nodes.Index, parts, items),
        st.builds(nodes.Call, identifiers, _some(parts | texts, 0), keywords),
        st.builds(nodes.Call, identifiers, generators.map(lambda generator: (generator,))),
        st.builds(nodes.Array, _some(parts)),
        st.builds(nodes.ArrayComprehension, parts, _loops(parts)),
    )


expressions: st.SearchStrategy[nodes.Expression] = st.recursive(_leaves, _extend, max_leaves=10)


# --- statements ------------------------------------------------------------------------------------------

_domains = st.sampled_from(["real", "positive", "nonzero"]).map(nodes.Identifier)
_verdicts = st.sampled_from(["proved", "refuted", "unknown"]).map(nodes.Identifier)
_shapes = _some(expressions, 0)
_names_list = st.lists(identifiers, min_size=1, max_size=3).map(tuple)


@st.composite
def _declares(draw: st.DrawFn) -> nodes.Declare:
    """Groups as the parser forms them: only the last one may have neither shape nor domain."""
    groups = [
        nodes.Group(draw(_names_list), shape, draw(_domains) if shape is None else draw(st.none() | _domains))
        for shape in draw(st.lists(st.none() | _shapes, max_size=3))
    ]
    if not groups or draw(st.booleans()):
        groups.append(nodes.Group(draw(_names_list)))
    return nodes.Declare(draw(st.sampled_from(["param", "input", "const"])), tuple(groups))


def _flows() -> st.SearchStrategy[nodes.Flow]:
    def part(*words: str) -> st.SearchStrategy[nodes.Dynamic]:
        kind = st.sampled_from(words).map(nodes.Identifier)
        return st.builds(nodes.Dynamic, kind, st.lists(expressions, max_size=3).map(tuple))

    others = st.lists(part("decay", "rate"), max_size=2)
    return st.builds(lambda first, rest: nodes.Flow((first, *rest)), part("gradient", "momentum"), others)


def _entries(values: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(st.tuples(identifiers, values), min_size=1, max_size=3).map(tuple)


_values = st.one_of(
    st.builds(nodes.Values, st.just("value"), st.tuples(expressions)),
    st.builds(nodes.Values, st.just("range"), st.tuples(expressions, expressions)),
    st.builds(nodes.Values, st.just("set"), _some(expressions)),
)


@st.composite
def _comparisons(draw: st.DrawFn) -> nodes.Comparison:
    operators = draw(st.lists(st.sampled_from(["<", "<=", ">", ">=", "=", "!="]), min_size=1, max_size=2))
    operands = tuple(draw(expressions) for _ in range(len(operators) + 1))
    return nodes.Comparison(operands, tuple(operators))


_sizes = st.none() | st.builds(nodes.For, _entries(_values), st.lists(_comparisons(), max_size=2).map(tuple))
_expect = st.none() | _verdicts

claims: st.SearchStrategy[nodes.Claim] = st.one_of(
    st.builds(nodes.Law, identifiers, expressions, _sizes, _expect),
    st.builds(nodes.Independent, _names_list, _sizes, _expect),
    st.builds(nodes.Complete, _names_list, _sizes, _expect, st.none() | _names_list),
    st.builds(nodes.Count, st.sampled_from(["=", ">=", "<="]), expressions, _sizes, _expect, st.none() | _names_list),
)
statements: st.SearchStrategy[nodes.Statement] = st.one_of(
    st.builds(nodes.Model, identifiers),
    st.builds(
        nodes.Import,
        st.from_regex(r"[^\"\n']{0,12}", fullmatch=True).map(nodes.Text),
        identifiers,
        st.just(()) | _entries(expressions),
    ),
    st.builds(nodes.Dim, _entries(st.none() | expressions)),
    _declares(),
    st.builds(nodes.Activation, _entries(st.none() | expressions)),
    st.builds(nodes.Function, _entries(st.none() | _shapes)),
    st.builds(nodes.Let, identifiers, expressions),
    st.builds(nodes.Map, _some(expressions)),
    _flows(),
    st.builds(nodes.Precondition, _entries(expressions)),
    claims,
)
docstrings = st.none() | st.from_regex(r"[^\"]{0,20}", fullmatch=True)
files: st.SearchStrategy[nodes.File] = st.builds(nodes.File, docstrings, st.lists(statements, max_size=4).map(tuple))


# --- texts -----------------------------------------------------------------------------------------------

comment_texts = st.from_regex(r"[^\n]{0,10}", fullmatch=True).map(str.rstrip)
"""What may stand between `#` and the end of a line, as the tree keeps it."""

_words = st.sampled_from(
    (
        *KEYWORDS, "U", "x", "n", "3", "0.5", "1e9", ".5", "5.", "by", "and", "homogeneous", "positive",
        "lwa", "parm", "+", "-", "*", "**", "^", "/", "@", "=", "==", "<=", "!=", "<", "(", ")", "[", "]",
        "{", "}", ",", ":", "..", "...", ".T", ".shape", "'", '"', '"""', "#", "\n", "\n\n", ";",
        "²", "≤", "ᵀ", "½", "\0", "\ud800",
    )
)  # fmt: skip
token_soup = st.lists(_words, max_size=40).flatmap(
    lambda words: st.sampled_from(["", " "]).map(lambda space: space.join(words))
)
"""Words of the language, and near misses of them, in any order."""

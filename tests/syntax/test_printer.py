"""The canonical form: spacing, the parentheses that are needed, comments and blank lines."""

from __future__ import annotations

from fractions import Fraction

import pytest

from claws.syntax import nodes
from claws.syntax.parser import parse_source
from claws.syntax.printer import print_expression, print_file, print_statement


def fmt(text: str) -> str:
    file, diagnostics = parse_source(text)
    assert diagnostics == []
    return print_file(file)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a+b-c", "a + b - c"),
        ("a - (b - c) + (d + e)", "a - (b - c) + (d + e)"),
        ("(a + b) + c", "a + b + c"),
        ("a * b / c@d", "a*b/c @ d"),
        ("a*(b/c)", "a*(b/c)"),
        ("(a*b)/c", "a*b/c"),
        ("(a + b)*c", "(a + b)*c"),
        ("- ( - x )", "--x"),
        ("-(a*b)", "-(a*b)"),
        ("(-a)*b", "-a*b"),
        ("a - (-b)", "a - -b"),
        ("-(x**2)", "-x^2"),
        ("(-x)**2", "(-x)^2"),
        ("(x^y)^z", "(x^y)^z"),
        ("x^(y^z)", "x^y^z"),
        ("x^(-2)", "x^-2"),
        ("x^(a*b)", "x^(a*b)"),
        ("(x^2).T", "(x^2).T"),
        ("(U.T)[0,1]", "U.T[0, 1]"),
        ("(-U)[ 1 : 3 ]", "(-U)[1:3]"),
        ("U[:,::2,1:,a+b:c:d]", "U[:, ::2, 1:, a + b:c:d]"),
        ("f( x,stride = 2 ,y=a+b)", "f(x, stride=2, y=a + b)"),
        ("f()", "f()"),
        ("[a,b,]", "[a, b]"),
        ("[e for k in 0..r-1 for j in 0..(k)]", "[e for k in 0..r - 1 for j in 0..k]"),
        ("sum((e) for k in 0..r-1)", "sum(e for k in 0..r - 1)"),
        ("einsum('ij,jk->ik',A,B)", 'einsum("ij,jk->ik", A, B)'),
        ("f('\"')", "f('\"')"),
        ("007 + 0.50 + 1E+2", "007 + 0.50 + 1E+2"),
    ],
)
def test_expressions(text: str, expected: str) -> None:
    assert fmt("let z = " + text) == f"let z = {expected}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dim n,m=2", "dim n, m = 2"),
        ("param a,b:[n , r],s:[] in positive,c", "param a, b: [n, r], s: [] in positive, c"),
        ("activation s,t homogeneous 1/2", "activation s, t homogeneous 1/2"),
        ("function F:[k],G", "function F: [k], G"),
        ("precondition U by U,V by 2*V", "precondition U by U, V by 2*V"),
        ("flow momentum( tau )", "flow momentum(tau)"),
        ("map\n  a,\n  b", "map a, b"),
        (
            "law name=expr for n=3,m in 1 .. 4,r in {1,2} where 1<=r<=m and n==3 expect refuted",
            "law name = expr for n = 3, m in 1..4, r in {1, 2} where 1 <= r <= m, n = 3 expect refuted",
        ),
        ("count==r", "count = r"),
        ("independent a,b expect proved", "independent a, b expect proved"),
    ],
)
def test_statements(text: str, expected: str) -> None:
    assert fmt(text) == expected + "\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "\n"),
        ("dim n dim m", "dim n\ndim m\n"),
        ("\n\ndim n\n\n\n\ndim m\ndim r\n\n", "dim n\n\ndim m\ndim r\n"),
        (
            "# first\n\ndim n   #trailing  \n# own\ndim m\n\n\n#last",
            "# first\n\ndim n  #trailing\n# own\ndim m\n\n#last\n",
        ),
        ("dim n,  # one\n  m  # two\ndim r", "# one\ndim n, m  # two\ndim r\n"),
        ("dim a\n\ndim n,  # one\n  # more\n  m", "dim a\n\n# one\n# more\ndim n, m\n"),
        ("dim a dim b # both\ndim c", "dim a\ndim b  # both\ndim c\n"),
        ("dim a dim b, # inside\n c", "dim a\n# inside\ndim b, c\n"),
        (
            '# before\n"""doc\n  string"""  # after\n\n\ndim n',
            '# before\n"""doc\n  string"""  # after\n\ndim n\n',
        ),
        ('"""doc"""dim n', '"""doc"""\ndim n\n'),
        ('"""doc"""\n# only', '"""doc"""\n# only\n'),
        ("# only", "# only\n"),
        ("dim n\r\n# c\r\ndim m\r\n", "dim n\n# c\ndim m\n"),
        ("\ufeffdim n", "dim n\n"),
    ],
)
def test_layout(text: str, expected: str) -> None:
    once = fmt(text)
    assert once == expected
    assert fmt(once) == once


def test_trees_made_by_a_program() -> None:
    """Numbers without text, and groups that no file reads as."""
    x = nodes.Name("x")
    for value, expected in (
        (Fraction(3), "3^x"),
        (Fraction(-3), "(-3)^x"),
        (Fraction(1, 8), "0.125^x"),
        (Fraction(-1, 20), "(-0.05)^x"),
        (Fraction(5, 2), "2.5^x"),
        (Fraction(2, 3), "(2/3)^x"),
    ):
        assert print_expression(nodes.Binary("^", nodes.Number(value), x)) == expected
    assert print_expression(nodes.Binary("*", x, nodes.Number(Fraction(2, 3)))) == "x*(2/3)"
    names = (nodes.Identifier("a"),)
    groups = (nodes.Group(names), nodes.Group((nodes.Identifier("b"),), (x,)))
    assert print_statement(nodes.Declare("param", groups)) == "param a in real, b: [x]"


@pytest.mark.slow
def test_a_long_sum_is_printed() -> None:
    text = "let z = " + " + ".join("x" * 100_000) + "\n"
    assert fmt(text) == text

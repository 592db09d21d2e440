"""Expressions as LaTeX: what it means to a reader is what the file means."""

from __future__ import annotations

import pytest

from claws.report.latex import latex_name, latex_of
from claws.syntax.parser import parse_expression


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("U.T @ U - V.T @ V", r"U^{\top} U - V^{\top} V"),
        ("2*x - 3*y^2", r"2 x - 3 y^{2}"),
        # without parentheses this would be a difference
        ("2*(-x)", r"2 \left(-x\right)"),
        ("A @ (-B)", r"A \left(-B\right)"),
        ("a*(-b)", r"a \cdot \left(-b\right)"),
        ("-a*b", r"-a \cdot b"),
        ("a*(b*c)", r"a \cdot \left(b \cdot c\right)"),
        ("a - (b - c)", r"a - \left(b - c\right)"),
        # a power, a transpose or an index of a fraction
        ("(a/b)^2", r"\left(\frac{a}{b}\right)^{2}"),
        ("(A/b).T", r"\left(\frac{A}{b}\right)^{\top}"),
        ("a*b/c", r"\frac{a \cdot b}{c}"),
        ("a*(b/c)", r"a \cdot \frac{b}{c}"),
        ("exp(t/2)*x", r"\exp\left(\frac{t}{2}\right) \cdot x"),
        ("sqnorm(U)^2", r"\left(\left\lVert U \right\rVert^{2}\right)^{2}"),
    ],
)
def test_latex_of_an_expression(text: str, latex: str) -> None:
    assert latex_of(parse_expression(text)) == latex


@pytest.mark.parametrize(
    ("name", "latex"),
    [("W1", "W_{1}"), ("lambda", r"\lambda"), ("beta_2", r"\beta_{2}"), ("my_rate", r"\mathrm{my\_rate}"), ("x", "x")],
)
def test_latex_of_a_name(name: str, latex: str) -> None:
    assert latex_name(name) == latex

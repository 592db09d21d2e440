"""Activations with a declared derivative: what holds for every solution is proved, and no more."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.kernel.core.errors import Malformed, Meter, Refused
from claws.kernel.core.functions import Slope, function_of
from claws.kernel.format.certificate import Certificate, read_certificate
from claws.kernel.theorem import check
from claws.kernel.values.evidence import Witness
from claws.prover.certificates import write_certificate
from claws.prover.laws import decide_law
from claws.readings.solutions import solution
from claws.report.results import ClaimResult
from claws.runner.check import check_text
from claws.runner.options import Options
from claws.syntax.instances.instance import Instance
from claws.syntax.parser import parse_source
from claws.syntax.printer import print_file
from claws.syntax.reader import load_text

NET = "dim n, m, r\ninput x: [m]\nparam U: [n, r], V: [r, m], b: [r]\nmap U @ s(V @ x + b)\n"


def claims(text: str) -> list[ClaimResult]:
    result = check_text(text, "s.claw", Options(timeout=None))
    assert not result.errors, result.errors
    return list(result.claims)


@pytest.mark.parametrize(
    ("derivative", "law", "verdict"),
    [
        ("s", "diag(U.T @ U) - 2*b", "PROVED"),
        ("3*s", "diag(U.T @ U)*3 - 2*b", "PROVED"),
        ("s", "diag(U.T @ U) - b", "REFUTED"),
        ("s", "diag(U.T @ U) - diag(V @ V.T) - b^2", "REFUTED"),
        ("1 - s^2", "diag(U.T @ U) - diag(V @ V.T) - b^2", "REFUTED"),
        ("s - s^2", "diag(U.T @ U) - 2*b", "REFUTED"),
        ("s^2", "diag(U.T @ U) - 2*b", "REFUTED"),
        ("1", "sum(U, axis=0)", "REFUTED"),
    ],
)
def test_laws(derivative: str, law: str, verdict: str) -> None:
    (claim,) = claims(f"activation s with s' = {derivative}\n{NET}law l = {law}\n")
    assert claim.verdict.value == verdict, claim.reason


def test_what_holds_for_one_solution_alone_is_not_proved() -> None:
    # tanh is odd, so this map does not depend on u; other solutions of the equation are not odd
    odd = "input x\nparam u, v\nmap {s}(u*x) + {s}(-u*x), v*x\nlaw l = u\n"
    (claim,) = claims("activation s with s' = 1 - s^2\n" + odd.format(s="s"))
    assert claim.verdict.value != "PROVED"
    # exp(0) = 1 is a value of one solution of s' = s
    (claim,) = claims("activation s with s' = s\nparam u, v\nmap u*(s(0*u) - 1) + v\nlaw l = u\n")
    assert claim.verdict.value == "REFUTED"
    # 1/2 is a constant solution of s' = 1 - 4*s^2, along which u is conserved; others do not conserve it
    (claim,) = claims("activation s with s' = 1 - 4*s^2\nparam u, v\nmap s(u)\nlaw l = u\n")
    assert claim.verdict.value == "REFUTED"


@pytest.mark.parametrize(
    ("derivative", "known"), [("1 - s^2", "tanh"), ("s - s^2", "sigmoid"), ("s", "exp"), ("2 - 2*s^2", "tanh")]
)
@pytest.mark.parametrize("model", ["u*{s}(v*x + b)", "u*{s}(v*x) + b", "u*x*{s}(v*x + b)", "{s}(u*x)*{s}(v*x + b)"])
def test_counts_are_those_of_a_known_solution(derivative: str, known: str, model: str) -> None:
    numbers = []
    for declared, name in ((f"activation s with s' = {derivative}\n", "s"), ("", known)):
        text = f"{declared}input x\nparam u, v, b\nmap {model.format(s=name)}\n"
        found = [c.verdict.value for k in range(3) for c in claims(f"{text}count = {k}\n")]
        numbers.append(found)
    assert numbers[0] == numbers[1]
    assert "PROVED" in numbers[0]


@pytest.mark.parametrize("derivative", ["1", "s^2", "s^3", "1 + 2*s + s^2", "1 - s^4"])
def test_algebraic_solutions_are_not_counted(derivative: str) -> None:
    text = f"activation s with s' = {derivative}\ninput x\nparam u, v\nmap u*s(v*x)\ncount >= 0\ncount = 0\n"
    claim = claims(text)[-1]
    assert claim.verdict.value == "UNKNOWN"
    assert "may be algebraic" in claim.reason


def test_related_arguments_are_refused() -> None:
    text = "activation s with s' = 1 - s^2\ninput x\nparam u, v\nmap u*s(v*x) + s(2*v*x)\ncount = 0\n"
    (claim,) = claims(text)
    assert claim.verdict.value == "UNKNOWN" and "linear relation" in claim.reason


# --- witnesses ---------------------------------------------------------------------------------------------------------


Table = dict[Fraction, tuple[Fraction, Fraction]]
"""An argument of an activation, its value and its slope."""


def refutation() -> Certificate:
    text = "activation s with s' = 1 - s^2\nparam u, v\nmap u*s(v)\nlaw l = u^2 - v^2\n"
    statement = Instance(load_text(text, "s.claw"), {}).statement("l")
    theorem = decide_law(statement).theorem
    assert theorem is not None
    return Certificate(theorem.statement, theorem.evidence)


def test_the_kernel_accepts_one_value() -> None:
    again = read_certificate(write_certificate(refutation()))
    assert check(again.statement, again.evidence, Meter(10**6)).verdict == "REFUTED"


@pytest.mark.parametrize(
    ("edit", "reason"),
    [
        (lambda table: {z: (f, g + 1) for z, (f, g) in table.items()}, "a slope that is not 1 - s^2"),
        (lambda table: {**table, Fraction(77): (Fraction(0), Fraction(1))}, "values at two arguments"),
        (lambda table: {}, "gives no value"),
    ],
)
def test_a_wrong_table_is_refused(edit: Callable[[Table], Table], reason: str) -> None:
    certificate = refutation()
    witness = certificate.evidence
    assert isinstance(witness, Witness)
    choices = replace(witness.choices, values={"s": edit(witness.choices.values["s"])})
    with pytest.raises(Refused, match=re.escape(reason)):
        check(certificate.statement, replace(witness, choices=choices), Meter(10**6))


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ("[]", "no term"),
        ('[["0", 1]]', "no term, or one that is 0"),
        ('[["1", 2], ["1", 0]]', "not in order"),
        ('[["1", 33]]', "outside 0"),
        ('[["10000000000", 1]]', "too large a number"),
    ],
)
def test_a_wrong_derivative_is_malformed(terms: str, reason: str) -> None:
    text = write_certificate(refutation()).replace(" ", "").replace("\n", "")
    assert '["s",[[["1",0],["-1",2]]]]' in text
    with pytest.raises(Malformed, match=reason):
        read_certificate(text.replace('["s",[[["1",0],["-1",2]]]]', f'["s",[{terms}]]'))


# --- values -------------------------------------------------------------------------------------------------------------

terms = st.dictionaries(st.integers(0, 3), st.integers(-3, 3).filter(bool), min_size=1, max_size=3).map(
    lambda found: Slope(tuple((Fraction(c), e) for e, c in sorted(found.items())))
)


@settings(max_examples=15, deadline=None)
@given(terms, st.integers(0, 100))
def test_a_solution_solves_its_equation(slope: Slope, seed: int) -> None:
    s = solution(slope, seed)
    z = np.linspace(-0.5, 0.5, 9)
    h = 1e-5
    found = (s(z + h) - s(z - h)) / (2 * h)
    expected = sum(float(c) * s(z) ** e for c, e in slope.terms)
    here = np.isfinite(found) & np.isfinite(expected) & (np.abs(s(z)) < 50)
    np.testing.assert_allclose(found[here], np.broadcast_to(expected, z.shape)[here], rtol=1e-5, atol=1e-6)


@settings(max_examples=30, deadline=None)
@given(terms)
def test_higher_derivatives_are_sympys(slope: Slope) -> None:
    import sympy

    s = sympy.Symbol("s")
    rule = sum(sympy.Rational(c.numerator, c.denominator) * s**e for c, e in slope.terms)
    expected = s
    for order in range(4):
        found = sum(
            sympy.Rational(c.numerator, c.denominator) * sympy.prod([s**e for _, e in powers])
            for c, _, powers in function_of("s", {"s": slope}).on(1, order)
        )
        assert sympy.expand(found - expected) == 0
        expected = sympy.diff(expected, s) * rule


# --- files ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declaration", "words"),
    [
        ("s with s' = 1 - t^2", "can mention `s` and numbers"),
        ("s with s' = tanh(s)", "so `tanh(...)` can't occur in it"),
        ("s with t' = 1 - t", "not that of `t`"),
        ("s with s' = s - s", "is 0, so it is a constant"),
        ("s with s' = 1/s", "can't stand in a divisor"),
        ("s with s' = s^40", "a whole number from 0 to 32"),
        ("s with s = 1", "is written `s'`"),
        ("s by s' = 1", "with"),
        ("s with s'' = s", "has no meaning here"),
    ],
)
def test_wrong_declarations(declaration: str, words: str) -> None:
    spec = load_text(f"activation {declaration}\nparam u\nmap s(u)\nlaw l = u\n", "s.claw")
    assert spec.diagnostics
    assert any(words in f"{d.message} {d.hint}" for d in spec.diagnostics), spec.diagnostics
    assert spec.diagnostics[0].span.line == 1


@settings(max_examples=30, deadline=None)
@given(terms)
def test_a_declaration_is_printed_as_it_is_read(slope: Slope) -> None:
    text = f"activation s with s' = {slope.text('s')}\nparam u\nmap s(u)\nlaw l = u\n"
    spec = load_text(text, "s.claw")
    assert spec.activations["s"] == slope
    file, errors = parse_source(print_file(spec.file))
    assert not errors and print_file(file) == print_file(spec.file)

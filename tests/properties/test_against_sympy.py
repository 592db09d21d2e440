"""Verdicts on random models agree with an independent computation: own interpreter, NumPy's arrays, SymPy's algebra."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from claws.kernel.core.errors import Meter, OutOfBudget, Refused
from claws.kernel.core.finding import Verdict
from claws.kernel.laws.evidence import ByPolynomials, ByTensors
from claws.kernel.theorem import check
from claws.report.results import ClaimResult
from claws.runner.check import check_text
from claws.runner.options import Options
from claws.syntax import nodes
from claws.syntax.instances.instance import Instance
from claws.syntax.printer import print_expression
from claws.syntax.reader import load_text
from tests.claims.residues import bounds_of, is_nonzero
from tests.properties.interpreter import CONTEXT, Array, NoValue, read, residue_at, ring_residue_vanishes, shapes_of
from tests.properties.programs import (
    DIMS,
    FAMILIES,
    PIECEWISE,
    POLYNOMIAL,
    POLYNOMIAL_FAMILIES,
    RATIONAL,
    RATIONAL_FAMILIES,
    Program,
    programs,
)
from tests.properties.random_points import (
    Activations,
    as_floating,
    exact_numbers,
    floating_numbers,
    random_point,
    residues,
)

quiet = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
OPTIONS = Options(budget=300_000, timeout=None)


# --- (a) and (b): verdicts for all sizes ---------------------------------------------------------------------------------


def chosen(result: ClaimResult, file: nodes.File) -> Activations:
    """The activations that a witness chooses, read from the report."""
    choose = Activations(file, random.Random(0))
    choose.factors.clear()
    for line in result.detail.to_json()["choices"]:
        if match := re.fullmatch(r"(\w+)\(z\) = (\S+)\*z\^\d+ for z > 0, (\S+)\*\|z\|\^\d+ for z < 0", line):
            choose.factors[match[1]] = (Fraction(match[2]), Fraction(match[3]))
        else:
            match = re.fullmatch(r"(\w+)\((\S+)\) = (\S+), (\w+)'\((\S+)\) = (\S+)", line)
            assert match and match[1] == match[4] and match[2] == match[5], line
            value = Fraction(match[3]), Fraction(match[6])
            choose.tables[match[1], Fraction(match[2])] = value
            choose.tables[match[1], CONTEXT.mpf(Fraction(match[2]).numerator) / Fraction(match[2]).denominator] = value
    return choose


def witness_point(result: ClaimResult, file: nodes.File, sizes: dict[str, int], rng: random.Random) -> dict[str, Array]:
    """The reported counter-example; leaves of the file that the law's program does not use may be anything."""
    point = random_point(file, sizes, rng)
    values = result.detail.to_json()["witness"]
    for name, (_, shape, domain) in shapes_of(file, sizes).items():
        if name not in result.detail.to_json()["arrays"]:
            continue
        for i in np.ndindex(*shape):
            x = Fraction(values[name + (f"[{','.join(map(str, i))}]" if i else "")])
            inside = {"real": True, "positive": x > 0, "nonzero": x != 0, "nonnegative": x >= 0}
            assert inside[domain], (name, x)
            point[name][i] = x
    return point


def check_refutation(file: nodes.File, result: ClaimResult, rng: random.Random) -> None:
    """The independent residue at the witness is the reported one, and not zero."""
    sizes = {**dict.fromkeys(DIMS, 1), **(result.sizes or {}), **result.detail.to_json()["sizes"]}
    point = witness_point(result, file, sizes, rng)
    found = result.detail.counterexample
    assert found is not None
    place = found.law_entry, _output_number(file, result), found.output_entry
    low, high = bounds_of(result.detail.to_json()["residue"])
    assert is_nonzero(result.detail.to_json()["residue"])
    choose = chosen(result, file)
    try:
        found, _ = residue_at(file, result.name, sizes, point, exact_numbers(choose))[place]
        assert low <= found <= high
    except NoValue:
        value, size = residue_at(file, result.name, sizes, as_floating(point), floating_numbers(choose))[place]
        slack = CONTEXT.mpf("1e-24") * (1 + size)
        below, above = (CONTEXT.mpf(x.numerator) / x.denominator for x in (low, high))
        assert below - slack <= value <= above + slack


def _output_number(file: nodes.File, result: ClaimResult) -> int:
    outputs = next(s.outputs for s in file.statements if isinstance(s, nodes.Map))
    return [print_expression(e) for e in outputs].index(result.detail.to_json()["output"])


def check_proof(file: nodes.File, result: ClaimResult, rng: random.Random) -> int:
    """The independent residue vanishes at random sizes and points. Returns at how many."""
    checked = 0
    for _ in range(2):
        sizes = {d: rng.randint(1, 3) for d in DIMS} | (result.sizes or {})
        for found in islice(residues(file, result.name, sizes, rng), 2):
            assert all(found.values()), (sizes, result.name)
            checked += 1
    return checked


def check_verdicts(program: Program, seed: int) -> None:
    file, rng = read(program.text), random.Random(seed)
    result = check_text(program.text, "random.claw", OPTIONS)
    assert not result.failed
    assume(not result.errors)
    for claim in result.claims:
        event(f"{claim.name[0]} {claim.verdict}")
        if claim.verdict is Verdict.PROVED:
            event(f"a proof checked at {check_proof(file, claim, rng)} points")
        elif claim.verdict is Verdict.REFUTED:
            assert claim.name not in program.true
            check_refutation(file, claim, rng)


@pytest.mark.slow
@settings(quiet, max_examples=70)
@given(programs(), st.integers(0, 1000))
def test_verdicts_for_all_sizes_agree_with_an_independent_residue(program: Program, seed: int) -> None:
    check_verdicts(program, seed)


@settings(quiet, max_examples=25)
@given(programs(PIECEWISE, ("relu", "leaky", "hadamard", "product", "homogeneous")), st.integers(0, 1000))
def test_verdicts_on_piecewise_models_agree(program: Program, seed: int) -> None:
    check_verdicts(program, seed)


# --- (c): both proofs at fixed sizes -------------------------------------------------------------------------------------


@st.composite
def sizes(draw: st.DrawFn, largest: int = 2) -> dict[str, int]:
    return {d: draw(st.integers(1, largest)) for d in DIMS}


def proves(statement: Any, evidence: ByTensors | ByPolynomials, budget: int) -> bool | None:
    """Whether this evidence is accepted; None where the work was too much."""
    try:
        check(statement, evidence, Meter(budget))
    except OutOfBudget:
        return None
    except Refused:
        return False
    return True


def laws_at(text: str, at: dict[str, int]) -> Iterator[tuple[str, Any]]:
    spec = load_text(text, "random.claw", at)
    assume(not spec.diagnostics)
    for name in spec.laws:
        yield name, Instance(spec, {}).statement(name)


def check_decision(statement: Any, truth: bool, law: str) -> None:
    """Polynomials prove exactly what is true, and tensors nothing else."""
    by_polynomials = proves(statement, ByPolynomials(), 300_000)
    by_tensors = proves(statement, ByTensors({}), 300_000)
    assert by_polynomials in (truth, None), law
    assert truth or not by_tensors, law
    event(f"{'true' if truth else 'false'}, by polynomials: {by_polynomials}, by tensors: {by_tensors}")


@settings(quiet, max_examples=40)
@given(programs(POLYNOMIAL, POLYNOMIAL_FAMILIES), sizes())
def test_proofs_of_polynomial_laws_agree_with_sympy(program: Program, at: dict[str, int]) -> None:
    file = read(program.text)
    for law, statement in laws_at(program.text, at):
        check_decision(statement, ring_residue_vanishes(file, law, at), law)


@settings(quiet, max_examples=40)
@given(programs(RATIONAL, RATIONAL_FAMILIES, depth=1), sizes(), st.integers(0, 1000))
def test_proofs_of_rational_laws_agree_with_exact_points(program: Program, at: dict[str, int], seed: int) -> None:
    """Points, since SymPy's fractions of many variables can take for ever."""
    file, rng = read(program.text), random.Random(seed)
    for law, statement in laws_at(program.text, at):
        found = list(islice(residues(file, law, at, rng), 3))
        if found:
            check_decision(statement, all(all(x.values()) for x in found), law)


@settings(quiet, max_examples=40)
@given(programs(depth=1), sizes(), st.integers(0, 1000))
def test_proofs_at_fixed_sizes_never_contradict_points(program: Program, at: dict[str, int], seed: int) -> None:
    """With functions of all kinds: what either way proves is zero at random points."""
    file, rng = read(program.text), random.Random(seed)
    for law, statement in laws_at(program.text, at):
        ways = [proves(statement, e, 100_000) for e in (ByTensors({}), ByPolynomials())]
        event(f"tensors {ways[0]}, polynomials {ways[1]}")
        if any(ways):
            for found in islice(residues(file, law, at, rng), 2):
                assert all(found.values()), (law, ways)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_laws_of_each_family_are_proved_and_its_near_misses_are_not(family: str) -> None:
    """The models by themselves, without anything random: the strategies do make laws of all kinds."""
    f = FAMILIES[family]
    outputs = ", ".join(e for e, _ in f.phi.values())
    laws = [f"law t{k} = {e}" for k, e in enumerate(f.laws)] + [f"law y{k} = {e}" for k, e in enumerate(f.near)]
    text = "\n".join(["dim n, m, r", f.params, f"map {outputs}", *laws, ""])
    result = check_text(text, "family.claw", OPTIONS)
    assert not result.errors
    file, rng = read(text), random.Random(0)
    for claim in result.claims:
        if claim.name.startswith("t"):
            assert claim.verdict is Verdict.PROVED, claim.reason
            assert check_proof(file, claim, rng)
        else:
            assert claim.verdict is not Verdict.PROVED
            if claim.verdict is Verdict.REFUTED:
                check_refutation(file, claim, rng)


def test_the_interpreter_itself() -> None:
    """A residue by hand: for u*v and u^2 + v^2 it is 4*u*v."""
    file = read("param u, v\nmap u*v\nlaw l = u^2 + v^2\nlaw m = u^2 - v^2\n")
    point = {"u": np.array(Fraction(3), dtype=object), "v": np.array(Fraction(5), dtype=object)}
    numbers = exact_numbers(Activations(file, random.Random(0)))
    assert residue_at(file, "l", {}, point, numbers) == {((), 0, ()): (60, 60)}
    assert residue_at(file, "m", {}, point, numbers) == {((), 0, ()): (0, 60)}
    assert not ring_residue_vanishes(file, "l", {})
    assert ring_residue_vanishes(file, "m", {})

"""Every function of the kernel's table has its cell in every column, or a reason why not; and each reading computes it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy

from claws.coq.statements.function_table import BY_DERIVATIVE, NAMED, refusal_of_row
from claws.frontends.from_sympy import source_from_sympy
from claws.kernel.core.errors import Meter, Undefined
from claws.kernel.core.functions import KNOWN
from claws.kernel.counting.jets import JetRing
from claws.kernel.values.enclosures import ENCLOSURES
from claws.readings.flint_reading import FlintRing
from claws.readings.floating import FLOATS, FloatFunctions
from claws.readings.modular import PRIMES, DrawnFunctions, PrimeField
from claws.readings.sympy_reading import WRITTEN, SympyRing, known_function
from claws.report.latex import latex_of
from claws.syntax.library.table import BUILTINS, ELEMENTWISE
from claws.syntax.parser import parse_expression
from tests.kernel.known_functions import MP, POSITIVE_ARGUMENT, in_mpmath

ORDER = 3

WITHOUT = {
    "enclosures": "a two-sided function is enclosed by what is on its side",
    "floats": "a two-sided function is computed by what is on its sides",
    "sympy": "SymPy has the smooth functions by the same name, and two-sided ones are written with their sides",
    "coq": "the row gives the reason: `refusal_of_row`",
    "language": "it is the derivative of another function, or what another is written with: it is no word of the language",
}
"""Why a cell may be missing, by column."""


def missing() -> set[tuple[str, str]]:
    """(column, function) for each cell that is not there."""
    columns = {
        "enclosures": set(ENCLOSURES),
        "floats": set(FLOATS),
        "sympy": set(WRITTEN) | {name for name in KNOWN if hasattr(sympy, name)},
        "coq": {*NAMED, *BY_DERIVATIVE},
        "language": set(BUILTINS),
    }
    for column, cells in columns.items():
        assert cells & set(KNOWN) == cells or column == "language", f"{column} has a cell for no row"
    return {(column, name) for column, cells in columns.items() for name in KNOWN if name not in cells}


def test_every_row_has_a_cell_in_every_column_or_a_reason() -> None:
    for column, name in missing():
        row = KNOWN[name]
        match column:
            case "enclosures" | "floats" | "sympy":
                assert row.sides is not None, (column, name)
            case "coq":
                assert refusal_of_row(row), (column, name)
            case "language":
                assert not row.word, (column, name)
        assert WITHOUT[column]


def test_the_words_of_the_language_are_those_of_the_table() -> None:
    assert {name for name, row in KNOWN.items() if row.word} == set(ELEMENTWISE)


def points(name: str) -> list[Fraction]:
    """Arguments at which the function has a value and is smooth."""
    return [Fraction(k, 5) for k in (-12, -3, 1, 4, 11) if k > 0 or name not in POSITIVE_ARGUMENT]


def taylor(name: str, z: Fraction) -> list[float]:
    """The Taylor coefficients, by numerical differentiation of the function itself."""
    at = MP.mpf(z.numerator) / z.denominator
    return [
        float((MP.diff(in_mpmath(name), at, j) if j else in_mpmath(name)(at)) / MP.factorial(j))
        for j in range(ORDER + 1)
    ]


@pytest.mark.parametrize("name", KNOWN)
def test_floats(name: str) -> None:
    z = np.array([float(x) for x in points(name)])
    found = FloatFunctions(0, {}).taylor(name, z, ORDER)
    np.testing.assert_allclose(np.array(found).T, [taylor(name, x) for x in points(name)], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", KNOWN)
def test_large_arguments_in_floats(name: str) -> None:
    """The side that is not taken is not computed, so it can't overflow."""
    if KNOWN[name].sides is not None:
        found = FloatFunctions(0, {}).taylor(name, np.array([-900.0, 900.0]), 1)
        assert np.all(np.isfinite(found))


@pytest.mark.parametrize("name", KNOWN)
def test_sympy(name: str) -> None:
    ring = SympyRing(Meter(10**9))
    x = sympy.Symbol("x", real=True)
    value, slope = ring.elementary(name, x)
    for z in points(name):
        expected = taylor(name, z)
        at = sympy.Rational(z.numerator, z.denominator)
        assert float(value.subs(x, at)) == pytest.approx(expected[0])
        assert float(slope.subs(x, at)) == pytest.approx(expected[1])
    if KNOWN[name].sides is None:
        assert known_function(name)(x) == value


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("seed", range(3))
def test_arrays_of_residues_are_the_kernels_jets(name: str, seed: int) -> None:
    p = PRIMES[0]
    ring = JetRing(p, 0, seed, {}, Meter(10**9))
    functions = DrawnFunctions(PrimeField(p), seed, {})
    z = [3, 17, 12345]
    centred = np.array([float(x) for x in z])
    found = np.mod(np.rint(functions.taylor(name, centred, ORDER)), p).astype(int).T.tolist()
    if KNOWN[name].kinked:
        # a search may draw sides, a proof may not
        with pytest.raises(Undefined, match=f"the side of {name} is not known"):
            ring._taylor(name, z[0], ORDER)
        return
    assert found == [ring._taylor(name, x, ORDER) for x in z]


@pytest.mark.parametrize("name", KNOWN)
def test_rational_functions(name: str) -> None:
    ring = FlintRing(["x"], {})
    if KNOWN[name].sides is not None:
        with pytest.raises(Undefined, match="not a rational function"):
            ring.elementary(name, ring.variable("x"))
    else:
        value, slope = ring.elementary(name, ring.variable("x"))
        assert value and slope


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_latex(name: str) -> None:
    text = latex_of(parse_expression(f"{name}(z)"))
    assert text in (rf"\{name}\left(z\right)", rf"\operatorname{{{name}}}\left(z\right)")


@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if hasattr(sympy, name)])
def test_from_sympy(name: str) -> None:
    x = sympy.Symbol("x", positive=True)
    assert f"map {name}(x)" in source_from_sympy([x], getattr(sympy, name)(x), [])

"""The sympy reading as text that can be read again."""

from __future__ import annotations

from typing import Any

import pytest
import sympy

from claws.api import loads
from claws.readings.sympy_reading import python_text


def law(text: str, sizes: dict[str, int] | None = None) -> Any:
    return loads(text, "a.claw").laws["h"].to_sympy(sizes or {})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("param u, v\nmap u*v\nlaw h = u^2 - v^2", "u**2 - v**2"),
        # E, N, S, beta are something else in SymPy, and lambda in Python
        ("param E, N, S, beta, lambda\nmap E*N*S*beta*lambda\nlaw h = E*N*S*beta*lambda", "E_*N_*S_*beta_*lambda_"),
        ("param x, y\nmap x - y\nflow momentum(0)\nlaw h = vel(x) + vel(y)", "vel_x + vel_y"),
        ("param vel_x, x\nmap x\nflow momentum(0)\nlaw h = vel_x*vel(x)", "vel_x*vel_x_"),
    ],
)
def test_names_that_python_or_sympy_reads_otherwise(text: str, expected: str) -> None:
    written = python_text(law(text))
    again = sympy.sympify(written)
    assert sympy.sympify(expected) == again
    assert all(isinstance(symbol, sympy.Symbol) for symbol in again.free_symbols)
    assert len(again.free_symbols) == len(law(text).free_symbols)


@pytest.mark.parametrize(
    ("law_text", "shape"),
    [("A[0]", (2,)), ("A", (2, 2)), ('einsum("ij,ik->ijk", A, A)', (2, 2, 2))],
)
def test_arrays_are_arrays_again(law_text: str, shape: tuple[int, ...]) -> None:
    x = law(f"dim n\nparam A: [n, n]\nmap A\nlaw h = {law_text}", {"n": 2})
    again = sympy.sympify(python_text(x))
    assert again.shape == (shape if len(shape) != 1 else (*shape, 1))
    names = {s: sympy.Symbol(s.name) for s in x.free_symbols}
    assert [e.xreplace(names) for e in sympy.flatten(x)] == list(sympy.flatten(again))

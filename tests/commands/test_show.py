"""`claws show`: formulas as text, LaTeX, SymPy and program."""

from __future__ import annotations

import pytest

from tests.command_line import GOOD, WRONG, Claws, write


def test_show_as_text(claws: Claws) -> None:
    run = claws("show", write("good.claw", GOOD))
    assert run.status == 0
    for line in (
        "model good",
        "  parameters  u [n], v [n]; D = 2*n",
        "law balance = u^2 - v^2",
        "  d(output 0) along it = 0",
        "  the residue vanishes for all sizes: the law is conserved",
        "law total = u^2 + v^2",
        "  d(output 0) along it = 4*u[i]*v[i]*A[i]",
    ):
        assert line in run.out.splitlines()


@pytest.mark.parametrize(
    ("form", "lines"),
    [
        (
            "--sympy",
            [
                "phi_0 = Matrix([[u_0*v_0], [u_1*v_1]])",
                "total = Matrix([[u_0**2 + v_0**2], [u_1**2 + v_1**2]])",
                "grad_u total[1] = Matrix([[0], [2*u_1]])",
                "residue_0 total[1] = Matrix([[0], [4*u_1*v_1]])",
            ],
        ),
        (
            "--latex",
            [
                r"\text{total} = \left[\begin{matrix}u_{0}^{2} + v_{0}^{2}\\u_{1}^{2} + v_{1}^{2}\end{matrix}\right]",
                r"J_0 \nabla \text{total}[1] = \left[\begin{matrix}0\\4 u_{1} v_{1}\end{matrix}\right]",
            ],
        ),
    ],
)
def test_show_entries(claws: Claws, form: str, lines: list[str]) -> None:
    run = claws("show", write("good.claw", GOOD), "total", form, "-D", "n=2")
    assert run.status == 0
    assert set(lines) <= set(run.out.splitlines())
    assert "balance" not in run.out


def test_show_program(claws: Claws) -> None:
    out = claws("show", write("good.claw", GOOD), "balance", "--program").out
    assert out.startswith("law balance\nfor all integers n >= 1\n")
    assert "whatever the loss and the data" in out


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["balanc"], "error[CLAW033]: no law is named `balanc`", "did you mean `balance`?"),
        (["zzz"], "error[CLAW033]: no law is named `zzz`", "the laws are: balance, total"),
        (["--sympy"], "error[CLAW025]: entries can be written only at fixed sizes; n is free", "add -D n=2"),
        pytest.param(
            ["total", "--sympy", "-D", "n=10000"],
            "error[CLAW034]: the budget of 1000000 steps is used up",
            "",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_show_refuses(claws: Claws, arguments: list[str], error: str, hint: str) -> None:
    text = GOOD.replace("v^2 expect", "v^2 + sum(outer(u, v)) expect")
    run = claws("show", write("good.claw", text), *arguments)
    assert run.status == 2
    assert error in run.out
    assert not hint or f"    hint: {hint}\n" in run.out


def test_show_a_law_without_sizes(claws: Claws) -> None:
    write("x.claw", "dim n\nparam u, v: [n]\nmap u*v\nlaw l = u^2 - v^2 for n = 1\nlaw m = u^2\n")
    run = claws("show", "x.claw", "l", "-D", "n=2")
    assert run.status == 2
    assert "x.claw:4:1: error[CLAW030]: none of the sizes of `l` is left" in run.out
    assert "law m = u^2" in claws("show", "x.claw", "-D", "n=2").out


def test_show_needs_a_right_file(claws: Claws) -> None:
    assert "error[CLAW002]" in claws("show", write("wrong.claw", WRONG)).out
    assert claws("show", "missing.claw").status == 2

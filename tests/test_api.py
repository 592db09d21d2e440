"""The Python interface."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sympy

import claws
from claws.cli import main
from claws.kernel.core.finding import Verdict

GOOD = "dim n\nparam u, v: [n]\nmap u*v\nlaw balance = u^2 - v^2\nlaw total = u^2 + v^2 expect refuted\n"
u, v, w = sympy.symbols("u v w")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "good.claw"
    path.write_text(GOOD)
    return path


# --- reading and checking ------------------------------------------------------------------------------------------


def test_load_and_loads_read_the_same(file: Path) -> None:
    loaded, read = claws.load(file), claws.loads(GOOD)
    assert loaded.name == "good"
    assert loaded.text == read.text == GOOD
    assert list(loaded.laws) == list(read.laws) == ["balance", "total"]
    assert repr(loaded) == "<claws.Model good: 2 claims>"
    assert claws.load(str(file)).name == "good"


def test_check_gives_verdicts() -> None:
    balance, total = claws.loads(GOOD).check().claims
    assert (balance.verdict, balance.for_all_sizes, balance.holds) == (Verdict.PROVED, True, True)
    assert (total.verdict, total.expected, total.detail.to_json()["residue"]) == (Verdict.REFUTED, Verdict.REFUTED, "4")


def test_check_gives_what_the_command_line_gives(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", str(file), "--format", "json", "--seed", "5", "-D", "n=2"])
    (shown,) = json.loads(capsys.readouterr().out)["files"]
    result = claws.load(file, {"n": 2}).check(seed=5).to_json()
    for c in shown["claims"] + result["claims"]:
        del c["seconds"]
    assert result == shown


def test_sizes_set_dims() -> None:
    (balance, _) = claws.loads(GOOD, sizes={"n": 3}).check().claims
    assert (balance.sizes, balance.for_all_sizes) == ({"n": 3}, False)


def test_check_has_the_options_of_the_command_line(tmp_path: Path) -> None:
    model = claws.loads(GOOD)
    assert {c.verdict for c in model.check(budget=1).claims} == {Verdict.UNKNOWN}
    assert {c.verdict for c in model.check(timeout=1e-9).claims} == {Verdict.UNKNOWN}
    model.check(certificates=str(tmp_path / "c"))
    assert len(list((tmp_path / "c").iterdir())) == 2


def test_a_file_with_errors_is_refused_with_all_of_them() -> None:
    with pytest.raises(claws.ClawError) as found:
        claws.loads("param u\nlet a = x\nmap u + y\n", "wrong.claw")
    assert [d.code for d in found.value.diagnostics] == ["CLAW021", "CLAW021"]
    assert str(found.value).startswith(
        "wrong.claw:2:9: error[CLAW021]: unknown name `x`\n  2 | let a = x\n    |         ^"
    )
    assert isinstance(found.value, ValueError)


def test_a_file_that_can_not_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(claws.ClawError, match=r"error\[CLAW040\]: there is no such file"):
        claws.load(tmp_path / "missing.claw")
    (tmp_path / "latin.claw").write_bytes(b"\xff")
    with pytest.raises(claws.ClawError, match=r"error\[CLAW041\]: the file is not UTF-8"):
        claws.load(tmp_path / "latin.claw")


@pytest.mark.parametrize(
    ("sizes", "reason"),
    [
        ({"q": 2}, r"error\[CLAW043\]: the file declares no dim `q`"),
        ({"n": 0}, r"error\[CLAW043\]: the size n = 0 is no whole number from 1 to"),
        ({"n": "a"}, r"the size n = 'a' is no whole number"),
        ({"n": 10**9}, r"error\[CLAW043\]: the size n = 1000000000 is no whole number"),
    ],
)
def test_wrong_sizes_are_refused(sizes: dict[str, int], reason: str) -> None:
    with pytest.raises(claws.ClawError, match=reason):
        claws.loads(GOOD, sizes=sizes)
    with pytest.raises(claws.ClawError, match=reason):
        claws.loads(GOOD).laws["balance"].to_sympy(sizes)


# --- to SymPy ------------------------------------------------------------------------------------------------------


def symbols(*names: str) -> list[Any]:
    return [sympy.Symbol(name, real=True) for name in names]


def test_a_law_as_a_matrix() -> None:
    model = claws.loads("dim n, r\nparam U, V: [n, r]\nmap U @ V.T\nlaw balance = U.T @ U - V.T @ V\n")
    a, b, c, d = symbols("U_0_0", "U_0_1", "V_0_0", "V_0_1")
    by_hand = sympy.Matrix([[a**2 - c**2, a * b - c * d], [a * b - c * d, b**2 - d**2]])
    assert model.laws["balance"].to_sympy({"n": 1, "r": 2}) == by_hand


def test_a_law_as_a_number_and_as_a_column() -> None:
    text = "param x in positive, y: [2]\nmap x*y\nlaw l = x^(1/2) + 3*y[1]/2\nlaw m = y\n"
    model = claws.loads(text)
    y_0, y_1 = symbols("y_0", "y_1")
    x = sympy.Symbol("x", positive=True)
    assert model.laws["m"].to_sympy() == sympy.Matrix([y_0, y_1])
    assert model.laws["l"].to_sympy() == sympy.sqrt(x) + sympy.Rational(3, 2) * y_1


def test_a_law_as_an_array_of_three_axes() -> None:
    model = claws.loads('param a: [1, 2, 1]\nmap a\nlaw l = einsum("ijk->kji", 2*a)\n')
    first, second = symbols("a_0_0_0", "a_0_1_0")
    assert model.laws["l"].to_sympy() == sympy.Array([[[2 * first], [2 * second]]])


def test_a_law_without_the_size_that_it_needs() -> None:
    with pytest.raises(claws.ClawError, match=r"error\[CLAW025\]: no size is given for n"):
        claws.loads(GOOD).laws["balance"].to_sympy()


def test_a_law_that_is_too_large_to_be_written() -> None:
    model = claws.loads("dim n\nparam x, y: [n]\nmap x*y\nlaw l = outer(x, y)\n")
    with pytest.raises(claws.ClawError, match=r"error\[CLAW034\]: an array of shape .* has more than"):
        model.laws["l"].to_sympy({"n": 10_000})


# --- from SymPy ----------------------------------------------------------------------------------------------------


def test_from_sympy_with_laws_by_name() -> None:
    model = claws.Model.from_sympy([u, v], u * v, {"balance": u**2 - v**2, "total": u**2 + v**2}, name="pair")
    assert model.name == "pair"
    assert [(c.name, c.verdict) for c in model.check().claims] == [
        ("balance", Verdict.PROVED),
        ("total", Verdict.REFUTED),
    ]


def test_from_sympy_with_laws_in_a_list_inputs_and_several_outputs() -> None:
    model = claws.Model.from_sympy([u, v], [u * w, v * w**2], [u - v, sympy.Integer(3)], inputs=[w])
    assert [(c.name, c.verdict) for c in model.check().claims] == [("law1", Verdict.REFUTED), ("law2", Verdict.PROVED)]


def test_from_sympy_keeps_domains_and_functions() -> None:
    p = sympy.Symbol("p", positive=True)
    f = sympy.Function("f")
    expression = sympy.sqrt(p) * f(u) + sympy.tanh(u) / p - sympy.Max(0, u) * sympy.Rational(2, 3)
    text = claws.Model.from_sympy([p, u], expression, {"l": p}).text
    assert "param p in positive, u in real" in text
    assert "activation f" in text
    for part in ("f(u)", "tanh(u)", "relu(u)", "p^(1/2)", "p^-1", "2/3"):
        assert part in text


def test_from_sympy_takes_the_law_back_that_to_sympy_gave() -> None:
    law = claws.loads(GOOD).laws["balance"].to_sympy({"n": 2})
    params = sorted(law.free_symbols, key=str)
    a, b, c, d = params
    (claim,) = claws.Model.from_sympy(params, [a * c, b * d], {"l": law[0] + 5 * law[1]}).check().claims
    assert claim.verdict is Verdict.PROVED


def test_from_sympy_renames_what_the_language_keeps() -> None:
    model = claws.Model.from_sympy(sympy.symbols("map sum"), sympy.Symbol("map"), {"law": sympy.Symbol("sum")})
    assert list(model.laws) == ["law_"]
    assert "param map_ in real, sum_ in real" in model.text


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (([u], 0.5 * u, [u]), "0.500000000000000 is a float: write sympy.Rational"),
        (([u], u * v, [u]), "the symbol v is neither a parameter nor an input"),
        (([u], u, [u**u]), "the exponent u is not a rational number"),
        (([u], u, [sympy.pi * u]), r"pi \(Pi\) has no counterpart in a .claw file"),
        (([u], u, ["u"]), "SympifyError"),
        (([u + v], u, [u]), r"u \+ v is not a sympy.Symbol; list the entries of a matrix one by one"),
        (([u, u], u, [u]), "two symbols would both be called u"),
    ],
)
def test_from_sympy_refuses(arguments: tuple[Any, Any, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        claws.Model.from_sympy(*arguments)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (([], [sympy.Integer(1)], [sympy.Integer(1)]), r"error\[CLAW027\]: the file has no `param`"),
        (([u], [], [u]), r"error\[CLAW003\]: after `map` an expression is expected"),
        (([u], u, {"u": u}), r"error\[CLAW020\]: `u` is declared twice"),
        (([u], u, {"a b": u, "a_b": u}), r"error\[CLAW020\]: `a_b` is declared twice"),
    ],
)
def test_from_sympy_gives_the_errors_of_a_file(arguments: tuple[Any, Any, Any], reason: str) -> None:
    with pytest.raises(claws.ClawError, match=reason):
        claws.Model.from_sympy(*arguments)


# --- the package ---------------------------------------------------------------------------------------------------


def test_the_package_is_typed() -> None:
    assert Path(claws.__file__).with_name("py.typed").exists()


def test_the_names_of_the_package() -> None:
    assert all(getattr(claws, name) is not None for name in claws.__all__)
    with pytest.raises(AttributeError, match="module 'claws' has no attribute 'lode'"):
        claws.lode  # noqa: B018


def imported_by(statements: str, cache: Path) -> set[str]:
    """Which of the slow modules these statements import, in a process of their own."""
    heavy = "{'sympy', 'numpy', 'flint', 'lark'}"
    program = f"import sys\n{statements}\nprint(*({heavy} & set(sys.modules)))"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[1]), "XDG_CACHE_HOME": str(cache)}
    run = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def test_importing_is_cheap(tmp_path: Path) -> None:
    assert imported_by("import claws", tmp_path) == set()
    assert imported_by("import claws; claws.Model, claws.load, claws.ClawError", tmp_path) == set()


def test_a_proof_for_all_sizes_needs_no_other_package(tmp_path: Path) -> None:
    text = GOOD.replace("law total", "# ")
    check = f"import claws; assert claws.loads({text!r}).check().claims[0].holds"
    assert imported_by(check, tmp_path) == {"lark"}
    assert imported_by(check, tmp_path) == set(), "the parse tables are in the cache now"


def test_one_symbol_expression_or_matrix_stands_for_a_list() -> None:
    u, v = sympy.symbols("u v", positive=True)
    assert claws.Model.from_sympy(u, u**2, u).check().claims[0].verdict is Verdict.REFUTED
    model = claws.Model.from_sympy([u, v], sympy.ImmutableMatrix([u * v]), sympy.Matrix([u**2 - v**2]))
    assert [c.verdict for c in model.check().claims] == [Verdict.PROVED]
    assert model.spec.model == "sympy"


# --- the value of a law ---------------------------------------------------------------------------------------------


def test_a_law_is_evaluated_at_arrays() -> None:
    model = claws.loads("dim n\nparam u: [n], v: [n]\nconst k\nmap u*v\nlaw l = k*(u^2 - v^2)\n")
    found = model.laws["l"].evaluate({"u": [1, 2], "v": np.array([3.0, 4.0]), "k": 2})
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, [-16, -24])


def test_a_law_is_evaluated_at_velocities_and_a_time() -> None:
    model = claws.loads("dim n\nparam u: [n]\nmap u\nflow momentum(1)\nlaw l = exp(t)*vel(u)\n")
    np.testing.assert_allclose(model.laws["l"].evaluate({"vel(u)": [1.0, 2.0], "t": 0.0}, {"n": 2}), [1, 2])


@pytest.mark.parametrize(
    ("values", "sizes", "words"),
    [
        ({"u": [1.0]}, {}, "the law `l` mentions `v`, and no value is given for it"),
        ({"u": [1.0], "v": [[1.0]]}, {}, "`v` has shape"),
        ({"u": [1.0], "w": [1.0]}, {}, "no `w`"),
        ({"u": [1.0], "v": [1.0]}, {"q": 1}, "no dim `q`"),
    ],
)
def test_arrays_that_do_not_fit(values: dict[str, Any], sizes: dict[str, int], words: str) -> None:
    law = claws.loads("dim n\nparam u: [n], v: [n]\nmap u*v\nlaw l = u^2 - v^2\n").laws["l"]
    with pytest.raises(claws.ClawError) as failure:
        law.evaluate(values, sizes)
    assert words in str(failure.value)

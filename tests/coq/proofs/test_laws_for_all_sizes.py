"""Laws for all sizes: the statement, what is refused and why, and coqc's word on what is right and what is wrong."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import claws.coq
from claws.cli import main
from claws.coq.coqc import check_again, check_text
from claws.coq.exporter import Export, export
from claws.coq.proofs import network_check
from claws.coq.proofs.laws_for_all_sizes import all_sizes_file
from claws.coq.statements.coq_file import CoqFile
from claws.coq.statements.document import LINE
from claws.coq.statements.node_facts import CannotExport
from claws.kernel.core.errors import OutOfBudget
from claws.syntax.reader import load_text

EXAMPLES = Path(__file__).parents[3] / "examples"

TWO_LAYERS = """
dim n, m, r
param U: [n, r], V: [m, r]
map U @ V.T
law balance = U.T @ U - V.T @ V
"""


ONE_OF_TWO = """dim n
param U, V: [n]
map U*V
law b = [k*(sqnorm(U) - sqnorm(V)) for k in 0..n-1]
law c = U^2 - V^2
"""
"""The first law can't be exported for all sizes."""


def exported(text: str, **sizes: int) -> Export:
    spec = load_text(text, "model.claw", sizes)
    assert not spec.diagnostics
    return export(spec)


def all_sizes(text: str, **sizes: int) -> CoqFile:
    (file,) = [file for file in exported(text, **sizes).files if file.all_sizes]
    return file


def statement(text: str, **sizes: int) -> str:
    """What is to be read, each definition on one line."""
    return re.sub(r"\n  +", " ", all_sizes(text, **sizes).text.split(LINE)[0])


NEEDS_MORE = """dim n, k
const c: [k] in nonzero
param U, V: [n, k], s
map (U*V) @ c * s
law one = U[:, 1]^2 - V[:, 1]^2
law first = sum(U[i, 0]^2/c[0] for i in 0..n-1) - sum(V[i, 0]^2/c[0] for i in 0..n-1)
law norm = sqnorm(U) - sqnorm(V)
"""
"""The first law needs a second column, the others do not."""


def test_what_one_law_needs_is_no_premise_of_another() -> None:
    text = statement(NEEDS_MORE)
    assert "Definition one_for_all_sizes : Prop := forall n k : nat, (2 <= k)%nat -> one_statement n k." in text
    assert "Definition first_for_all_sizes : Prop := forall n k : nat, (0 < k)%nat -> first_statement n k." in text
    assert "Definition norm_for_all_sizes : Prop := forall n k : nat, norm_statement n k." in text


@pytest.mark.coq
def test_sizes_are_coefficients_of_sums() -> None:
    file = all_sizes(
        "dim n, m\nparam U, V: [n, m]\nmap n*m*(U*V), m*U*V\nlaw a = n*(sqnorm(U) - sqnorm(V))\n"
        "law b = (n^2*(m - 1)/2)*sum(U^2 - V^2)\nlaw c = m*(U^2 - V^2)*n\n"
    )
    answer = check_text(file.name, file.text)
    assert answer.accepted, answer.message


@pytest.mark.coq
def test_laws_that_need_different_sizes_are_accepted() -> None:
    file = all_sizes(NEEDS_MORE)
    answer = check_text(file.name, file.text)
    assert answer.accepted, answer.message


# --- the statement ---


def test_the_statement_quantifies_over_the_sizes() -> None:
    lines = statement(TWO_LAYERS).splitlines()
    expected = """Section Sizes.
Variables n m r : nat.

Definition D := Pos.of_nat (n * r + m * r).

(* param U: [n, r], V: [m, r] *)
Definition U (theta : params) (i j : nat) : R := theta (coordinate (i * r + j)).
Definition V (theta : params) (i j : nat) : R := theta (coordinate (n * r + (i * r + j))).

(* map U @ V.T *)
Definition phi (theta : params) : list R := array2 n m (fun i j => Rsum r (fun k => U theta i k * V theta j k)).

(* law balance = U.T @ U - V.T @ V *)
Definition balance (theta : params) (i j : nat) : R := Rsum n (fun k => U theta k i * U theta k j) - Rsum m (fun l => \
V theta l i * V theta l j).

Definition balance_statement : Prop := forall i j, (i < r)%nat -> (j < r)%nat -> conservation_law D gradient phi \
(fun theta => balance theta i j).
End Sizes.

Definition balance_for_all_sizes : Prop := forall n m r : nat, balance_statement n m r."""
    start = lines.index("Section Sizes.")
    assert "\n".join(lines[start:]).strip() == expected


def test_the_page_shows_the_statement_as_it_is_exported() -> None:
    read = all_sizes(TWO_LAYERS).text.split(LINE)[0]
    shown = read[read.index("Section Sizes.") :].strip()
    assert shown in (Path(claws.coq.__file__).parent / "README.md").read_text(encoding="utf-8")


def test_a_file_says_what_it_needs_of_the_sizes() -> None:
    text = "dim n, m\nparam U: [n, m], V: [n, m]\nmap U*V\nlaw two = U[0, 1]^2 - V[0, 1]^2\n"
    assert (
        "Definition two_for_all_sizes : Prop := forall n m : nat, (2 <= m)%nat -> (0 < n)%nat -> two_statement n m."
        in statement(text)
    )


def test_constants_that_are_divided_by_are_not_zero() -> None:
    text = (
        "dim n, m\nconst a: [n] in positive, b in nonzero\nparam U, V: [n], w: [m]\nmap a*U*V, w\n"
        "law d = b*(U^2 - V^2)/(a^2)/b\n"
    )
    read = statement(text)
    assert "(/ a consts i) ^ 2" in read and "/ b consts" in read
    assert (
        "forall (consts : data), (forall i, (i < n)%nat -> 0 < a consts i) -> b consts <> 0 -> forall i, (i < n)%nat ->"
        in read
    )


def test_sizes_that_are_given_are_numbers() -> None:
    file = all_sizes(TWO_LAYERS, r=3)
    assert file.name == "model_laws_r3_all_sizes" and file.sizes == {"r": 3}
    assert "model for all sizes with r = 3: conservation laws" in file.text
    assert "Definition balance_for_all_sizes : Prop := forall n m : nat, balance_statement n m." in file.text


def test_a_claim_about_some_sizes_is_for_all_others() -> None:
    text = TWO_LAYERS + "law b = sqnorm(U) - sqnorm(V)  for r = 2\n"
    names = {file.name: [claim.name for claim, _ in file.claims] for file in exported(text).files if file.all_sizes}
    assert names == {"model_laws_all_sizes": ["balance"], "model_laws_r2_all_sizes": ["b"]}


def test_without_open_sizes_there_is_nothing_more_to_say() -> None:
    assert not any(file.all_sizes for file in exported("param u, v\nmap u*v\nlaw b = u^2 - v^2\n").files)
    assert not any(file.all_sizes for file in exported(TWO_LAYERS, n=2, m=2, r=2).files)


def test_names_of_the_proof_give_way_to_those_of_the_file() -> None:
    text = "dim net, sizes, i\nparam Nsum, place_: [net, sizes], C0, Hi, P0: [i]\nmap Nsum*place_, C0*Hi*P0\n"
    text += "law e = Nsum^2 - place_^2\nlaw inside = C0[1]^2 - Hi[1]^2\n"
    read = statement(text)
    assert "Variables net' sizes' i : nat." in read and "Definition Nsum' (theta : params)" in read
    assert "Definition place_ (theta : params)" in read


def test_an_export_is_stable() -> None:
    first, second = (exported(TWO_LAYERS + "law b = sqnorm(U) - sqnorm(V)\n") for _ in range(2))
    assert [(f.name, f.text) for f in first.files] == [(f.name, f.text) for f in second.files]


def test_an_export_does_not_depend_on_how_python_hashes(tmp_path: Path) -> None:
    path = tmp_path / "m.claw"
    path.write_text("dim n, m, r, s\nparam U, V: [n, m, r, s]\nmap U*V\nlaw b = U[0, 0, 0, 0]^2 - V[0, 0, 0, 0]^2\n")
    texts = set()
    for seed in "1", "2":
        command = [sys.executable, "-m", "claws", "export", "coq", str(path), "-o", str(tmp_path / seed)]
        subprocess.run(command, check=True, capture_output=True, env={**os.environ, "PYTHONHASHSEED": seed})
        texts.add((tmp_path / seed / "m_laws_all_sizes.v").read_text(encoding="utf-8"))
    assert len(texts) == 1


# --- what is refused ---


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("map U*V, reshape(W, [4])\nlaw b = U^2 - V^2", "a reshape can't be exported for all sizes yet"),
        ("map U*V\nlaw b = U[1:]^2 - V[1:]^2", "a slice of `U` can't be exported for all sizes yet"),
        ("map U*V, sqrt(s)*W\nlaw b = U^2 - V^2", "a root can't be exported for all sizes yet"),
        ("map U*V, exp(s)\nlaw b = U^2 - V^2", "`exp` can't be exported for all sizes yet"),
        (
            "map U*V, W/s\nlaw b = U^2 - V^2",
            "a division by other than a constant in `positive` or `nonzero` can't be exported for all sizes yet",
        ),
        (
            "map U*V, W/(c + 1)\nlaw b = U^2 - V^2",
            "a division by other than a constant in `positive` or `nonzero` can't be exported for all",
        ),
        (
            "map U*V, W/n\nlaw b = U^2 - V^2",
            "a division by other than a constant in `positive` or `nonzero` can't be exported for all sizes yet",
        ),
        ("map U*V, prod(U*V)\nlaw b = U^2 - V^2", "a product over an axis, of other than entries, can't be exported"),
        ("map U*V, x[n:]\nlaw b = U^2 - V^2", "an index that depends on the sizes can't be exported for all sizes yet"),
        ("map U*V, concat(U, x)\nlaw b = U^2 - V^2", "an index that depends on the sizes can't be exported"),
        ("map U*V, det(W)\nlaw b = U^2 - V^2", "a determinant can't be exported for all sizes yet"),
        (
            "map U*V\nlaw b = [k*(U[0]^2 - V[0]^2) for k in 0..n-1]",
            "a range of numbers can't be exported for all sizes",
        ),
    ],
)
def test_what_can_not_be_exported_for_all_sizes_says_why(text: str, reason: str) -> None:
    spec = load_text(
        f"dim n\nconst c in positive\ninput x: [2*n]\nparam U, V: [n], W: [2, 2], s in positive\n{text}\n", "model.claw"
    )
    assert not spec.diagnostics
    with pytest.raises(CannotExport) as problem:
        all_sizes_file(spec, {}, {"n": 3}, [(spec.claims[0], {})])
    assert reason in str(problem.value)


def test_a_derivative_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    spec = load_text(TWO_LAYERS + "law long = (sqnorm(U) - sqnorm(V))^9\n", "model.claw")
    with pytest.raises(CannotExport, match="its derivative has more than 150 terms"):
        all_sizes_file(spec, {}, {"n": 2, "m": 2, "r": 2}, [(spec.claims[1], {})])
    monkeypatch.setattr(network_check, "LIMITS", network_check.NetworkLimits(comparisons=1))
    with pytest.raises(OutOfBudget, match="the budget of 1 steps is used up"):
        all_sizes_file(spec, {}, {"n": 2, "m": 2, "r": 2}, [(spec.claims[0], {})])


def test_a_law_that_is_exported_at_one_size_only_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.claw"
    path.write_text(ONE_OF_TWO)
    assert main(["export", "coq", str(path), "-o", str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert "not for all sizes: b (line 4): a range of numbers can't be exported for all sizes yet" in out
    assert "m_laws_all_sizes.v: c for all sizes" in out and "m_laws_n2.v: b, c at n = 2" in out


# --- coqc ---

IN_CLASS = {
    "cp": ["first", "second"],
    "deep_linear": ["balance1", "balance2", "balance3", "ends"],
    "diagonal_linear": ["product"],
    "learning_rates": ["balance"],
    "linear_convolution": ["channels", "norms"],
    "lora": ["balance"],
    "matrix_sensing": ["balance"],
    "nmf_entropic": ["mass", "total"],
    "product": ["differences"],
    "tucker": ["first", "second", "third", "norms"],
    "two_layer_linear": ["balance", "frobenius", "volume"],
}


@cache
def of_example(name: str) -> CoqFile:
    path = EXAMPLES / f"{name}.claw"
    found = export(load_text(path.read_text(encoding="utf-8"), str(path)))
    (file,) = [file for file in found.files if file.all_sizes]
    assert not found.one_size
    return file


@pytest.mark.parametrize("name", IN_CLASS)
def test_the_examples_have_files_for_all_sizes(name: str) -> None:
    # that coqc accepts them is a test in test_coq.py
    assert [claim.name for claim, _ in of_example(name).claims] == IN_CLASS[name]


VARIED = """
dim n, m, r, e
const a: [r] in positive, b in nonzero
input x: [e]
param U: [n, r], V: [m, r], s, t: [e], W: [n, n]
map (U * a) @ V.T, b*s*t*x, prod(W, axis=1)
flow gradient, rate(b^2, s), rate(b^2, t)
law columns = diag(U.T @ U)/a^2 - sum(V*V, axis=0)/a^2
law units   = (s^2 - t^2)*sum(s^2 - t^2)/b
law one     = s[0]^2 - t[0]^2 + n*(s[1]^2 - t[1]^2)/3
law cube    = (dot(s, s) - dot(t, t))^3
law rows    = [W[k, i]^2 - W[k, j]^2 for k in 0..n-1 for i in 0..n-1 for j in 0..n-1]
law corner  = (W[0, 0] - W[0, 1])*(W[0, 0] + W[0, 1])
law masked  = diag(s^2 - t^2)
law second  = (sum(U[:, 1]^2) - sum(V[:, 1]^2))/a[1]
"""


WINDOWS = """
dim n, m
input x: [n + 2], y: [m, 3]
const c: [n, 2]
param U, V: [n]
param W: [3, n]
param s, t
map concat([s*t], x), prod(x)*s*t, dot(U*V, x[2:]), dot(U*V, x[:n])*c[:, 1], s*t*y[0, 1], W @ (x[1:n+1]*U*V)
law hidden  = U^2 - V^2
law scalars = s^2 - t^2
law seen    = dot(U^2 - V^2, c[:, 0])
"""


@pytest.mark.coq
@pytest.mark.parametrize("text", [VARIED, WINDOWS], ids=["varied", "windows"])
def test_a_file_with_a_bit_of_everything_is_accepted(text: str) -> None:
    file = all_sizes(text)
    assert len(file.claims) == text.count("\nlaw ")
    answer = check_text(file.name, file.text)
    assert answer.accepted, answer.message


@pytest.mark.coq
@pytest.mark.parametrize(
    ("shapes", "map_", "law"),
    [
        ("A: [n, n], B: [n, m], C: [r, m], E: [2, r]", "A.T @ B @ C.T @ E.T", "B.T @ B - C.T @ C"),
        ("A: [2, n], B: [n, n], C: [n, n], E: [n, 3]", "A @ (B @ C) @ E", "sqnorm(A) - sqnorm(E)"),
        ("A: [n, m], B: [m, r]", "A @ B, trace(A @ B @ B.T @ A.T)", "trace((A.T @ A - B @ B.T) @ (A.T @ A - B @ B.T))"),
    ],
)
def test_other_products_of_matrices_are_accepted(shapes: str, map_: str, law: str) -> None:
    file = all_sizes(f"dim n, m, r\nparam {shapes}\nmap {map_}\nlaw b = {law}\n")
    answer = check_text(file.name, file.text)
    assert answer.accepted, answer.message


@pytest.mark.coq
def test_coqchk_accepts_it_too() -> None:
    file = of_example("learning_rates")
    answer = check_again(file.name, file.text)
    assert answer.accepted, answer.message


WRONG_SIGN = ("Rsum n (fun k => U theta k i * U theta k j) - ", "Rsum n (fun k => U theta k i * U theta k j) + ")

WRONG = {
    "law: wrong": (
        "two_layer_linear",
        [WRONG_SIGN, ("balance_conserved'n : net := (Nsub", "balance_conserved'n : net := (Nadd")],
        "check_all_sizes [] axes_n cshapes ishapes inverted [] outputs_n",
    ),
    "law: only the statement is wrong": ("two_layer_linear", [WRONG_SIGN], "= balance n m r theta (index"),
    "law: transposed": (
        "two_layer_linear",
        [
            ("U theta k i * U theta k j", "U theta i k * U theta j k"),
            (
                "(Nentry 0 [(Iv 9); (Iv 7)]) (Nentry 0 [(Iv 9); (Iv 8)])",
                "(Nentry 0 [(Iv 7); (Iv 9)]) (Nentry 0 [(Iv 8); (Iv 9)])",
            ),
        ],
        "check_all_sizes",
    ),
    "law: of entries that are not there": (
        "two_layer_linear",
        [("forall i j, (i < r)%nat -> (j < r)%nat", "forall i j, (i < n)%nat -> (j < r)%nat")],
        "No such assumption",
    ),
    "model: another": (
        "two_layer_linear",
        [
            ("U theta i k * V theta j k))", "U theta i k * V theta j k * V theta j k))"),
            (
                "(Nmul (Nentry 0 [(Iv 4); (Iv 6)]) (Nentry 1 [(Iv 5); (Iv 6)]))",
                "(Nmul (Nmul (Nentry 0 [(Iv 4); (Iv 6)]) (Nentry 1 [(Iv 5); (Iv 6)])) (Nentry 1 [(Iv 5); (Iv 6)]))",
            ),
        ],
        "check_all_sizes",
    ),
    "model: only that of the statement is another": (
        "two_layer_linear",
        [("U theta i k * V theta j k))", "U theta i k * V theta k j))")],
        "= phi n m r theta",
    ),
    "model: of another size": ("two_layer_linear", [("array2 n m (fun", "array2 n (m + 1) (fun")], "= phi n m r theta"),
    "flow: another": (
        "two_layer_linear",
        [
            ("conservation_law D gradient phi", "conservation_law D phi phi"),
            ("(D n m r) (gradient)", "(D n m r) (phi n m r)"),
        ],
        "factor",
    ),
    "flow: only that of the statement is another": (
        "two_layer_linear",
        [("conservation_law D gradient phi", "conservation_law D phi phi")],
        '" has type "conservation_law (D n m r) gradient',
    ),
    "flow: without the preconditioner": (
        "nmf_entropic",
        [
            ("conservation_law D factors phi", "conservation_law D gradient phi"),
            ("(D n m r) (factors n m r)", "(D n m r) (gradient)"),
            ("inverted factors_n outputs_n", "inverted [] outputs_n"),
            (
                "apply (listed_factor _ axes_n cshapes ishapes inverted (fun _ => 0) factors_n); [reflexivity|]. "
                "intros. apply factors'same.",
                "intros. apply gradient_factor.",
            ),
        ],
        "check_all_sizes",
    ),
    "flow: other rates": (
        "learning_rates",
        [
            ("array2 m r (fun i j => b consts)", "array2 m r (fun i j => a consts)"),
            ("[(Nentry 2 []); (Nentry 3 [])]", "[(Nentry 2 []); (Nentry 2 [])]"),
        ],
        "check_all_sizes",
    ),
    "rates: that may be 0": (
        "learning_rates",
        [("0 < a consts -> ", "0 <= a consts -> ")],
        "0 <= a consts",
    ),
    "dimensions: too few": (
        "two_layer_linear",
        [("Pos.of_nat (n * r + m * r)", "Pos.of_nat (n * r + m)")],
        'expected to have type "D n m r = Pos.of_nat (offset',
    ),
    "dimensions: two arrays at one place": (
        "two_layer_linear",
        [("theta (coordinate (n * r + (i * r + j)))", "theta (coordinate (i * r + j))")],
        "= phi n m r theta",
    ),
    "sizes: in another order": ("two_layer_linear", [("[n; r; m]%nat", "[m; r; n]%nat")], "= phi n m r theta"),
    "certificate: an axis is corrupted": (
        "two_layer_linear",
        [("[(2, 2); (3, 1)]]", "[(2, 2); (3, 0)]]")],
        "= phi n m r theta",
    ),
    "certificate: two axes are one": (
        "two_layer_linear",
        [("[[(0, 0); (1, 1)]", "[[(0, 0); (0, 1)]")],
        "check_all_sizes",
    ),
    "certificate: a variable of the law is one of the model": (
        "two_layer_linear",
        [("outputs_n [(7, 1); (8, 1)]%nat balance", "outputs_n [(4, 1); (5, 1)]%nat balance")],
        "check_all_sizes",
    ),
    "certificate: the outputs are corrupted": (
        "two_layer_linear",
        [("(Nentry 1 [(Iv 5); (Iv 6)])", "(Nentry 1 [(Iv 6); (Iv 5)])")],
        "= phi n m r theta",
    ),
    "certificate: without its outputs": (
        "two_layer_linear",
        [("[([(4, 0); (5, 2)]%nat, (Nsum 6 1 (Nmul (Nentry 0 [(Iv 4); (Iv 6)]) (Nentry 1 [(Iv 5); (Iv 6)]))))]", "[]")],
        "= phi n m r theta",
    ),
    "on data: a wrong law": (
        "lora",
        [
            ("Rsum n (fun k => B theta k i * B theta k j) - ", "Rsum n (fun k => B theta k i * B theta k j) + "),
            ("balance_conserved'n : net := (Nsub", "balance_conserved'n : net := (Nadd"),
        ],
        "check_all_sizes",
    ),
    "on data: without the data": (
        "lora",
        [("(on_data (phi consts) samples)", "(phi consts (fun _ => 0))")],
        'eq_refl ?HP ?Hh (phi n m r consts) ?e samples [i; j] ?i" has type',
    ),
    "product: a wrong law": (
        "product",
        [
            ("x theta i ^ 2 - x theta j ^ 2", "x theta i ^ 3 - x theta j ^ 3"),
            (
                "(Npow (Nentry 0 [(Iv 2)]) 2) (Npow (Nentry 0 [(Iv 3)]) 2)",
                "(Npow (Nentry 0 [(Iv 2)]) 3) (Npow (Nentry 0 [(Iv 3)]) 3)",
            ),
        ],
        "check_all_sizes",
    ),
}


@pytest.mark.coq
@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_turned_down_for_that_reason(case: str) -> None:
    name, changes, reason = WRONG[case]
    file = of_example(name)
    text = re.sub(r"\n  +(?!- )", " ", file.text)
    for old, new in changes:
        assert old in text, f"the export no longer says: {old}"
        text = text.replace(old, new)
    answer = check_text(file.name, text)
    assert not answer.accepted and not answer.out_of_time
    assert reason in answer.message


@pytest.mark.coq
def test_a_condition_on_the_sizes_can_not_be_left_out() -> None:
    file = all_sizes("dim n\nparam U, V: [n]\nmap U*V\nlaw b = U[1]^2 - V[1]^2\n")
    assert check_text(file.name, file.text).accepted
    answer = check_text(file.name, file.text.replace("(2 <= n)%nat", "(1 <= n)%nat"))
    assert not answer.accepted and "Cannot find witness" in answer.message


# --- the front doors ---


@pytest.mark.coq
def test_the_trust_line_says_that_the_verdict_for_all_sizes_is_confirmed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "m.claw"
    path.write_text(ONE_OF_TWO)
    assert main(["check", "--coq", "--format", "json", str(path)]) == 0
    b, c = json.loads(capsys.readouterr().out)["files"][0]["claims"]
    said = {name: [t.split(" ", 2)[2] for t in x["trust"] if t.startswith("Coq ")] for name, x in (("b", b), ("c", c))}
    assert said["c"] == ["at n = 2", "for all sizes"]
    assert c["detail"]["coq"] == "accepted at n = 2; accepted for all sizes"
    assert said["b"] == ["at n = 2"]
    assert b["detail"]["coq"].startswith(
        "not for all sizes: a range of numbers can't be exported for all sizes yet; acc"
    )

"""The exported text: what is read, its names and its length."""

import re
from pathlib import Path

import pytest

import claws.coq
from claws.coq.coqc import LIBRARY, sources
from claws.coq.exporter import export
from claws.coq.proofs.conserved_laws import laws_file
from claws.coq.statements.coq_text import comment
from claws.coq.statements.document import LINE, Document
from claws.syntax.reader import load_text

TWO_LAYERS = """
dim n, m, r
param U: [n, r], V: [m, r]
map U @ V.T
law balance = U.T @ U - V.T @ V
"""


def statement(text: str, **sizes: int) -> str:
    """What is to be read of the exported laws."""
    (file,) = export(load_text(text, "model.claw", sizes)).files
    return file.text.split(LINE)[0]


def test_the_statement_in_matrix_form() -> None:
    lines = statement(TWO_LAYERS, n=8, m=8, r=6).splitlines()
    assert "Definition n := 8%nat. Definition m := 8%nat. Definition r := 6%nat." in lines
    assert "Definition V (theta : params) (i j : nat) : R := theta (coordinate (n * r + i * r + j))." in lines
    assert (
        "Definition phi (theta : params) : list R := array2 n m (fun i j => Rsum r (fun k => U theta i k * V theta j k))."
        in lines
    )
    assert "  Rsum n (fun k => U theta k i * U theta k j) - Rsum m (fun l => V theta l i * V theta l j)." in lines
    assert (
        "  forall i j, (i < r)%nat -> (j < r)%nat -> conservation_law D gradient phi (fun theta => balance theta i j)."
        in lines
    )


def test_the_statement_fits_on_one_screen_at_any_size() -> None:
    small, large = statement(TWO_LAYERS, n=2, m=2, r=2), statement(TWO_LAYERS, n=8, m=8, r=6)
    assert len(small.splitlines()) == len(large.splitlines()) <= 30
    assert max(map(len, large.splitlines())) <= 120


def test_every_line_carries_its_source() -> None:
    text = statement(TWO_LAYERS, n=2, m=2, r=2)
    for source in ("param U: [n, r], V: [m, r]", "map U @ V.T", "law balance = U.T @ U - V.T @ V"):
        assert f"(* {source} *)" in text


def test_sizes_stay_numbers_where_the_file_has_no_meaning_without_them() -> None:
    text = statement(
        "dim n\nparam x: [n]\nmap prod(x)\nlaw d = [x[i]^2 - x[j]^2 for i in 0..n-1 for j in 0..n-1]\n", n=3
    )
    assert "Definition D := 3%positive." in text


def test_names_that_coq_has_already_get_a_prime() -> None:
    text = statement("param Rsum, match, D, theta\nmap Rsum*match + D*theta\nlaw phi = Rsum^2 - match^2\n")
    assert "Definition Rsum' (theta : params) : R := theta (coordinate 0)." in text
    assert "Definition match' (theta : params)" in text
    assert "Definition theta' (theta : params) : R := theta (coordinate 3)." in text
    # what the exporter adds gives way to the file's own names
    assert "Definition D' := 4%positive." in text and "Definition phi' (theta : params) : list R" in text


def test_an_export_is_stable() -> None:
    text = TWO_LAYERS + "complete balance for n = 3, m = 2, r = 2\nlaw t = sqnorm(U) expect refuted\n"
    first, second = (export(load_text(text, "model.claw")) for _ in range(2))
    assert [(f.name, f.text) for f in first.files] == [(f.name, f.text) for f in second.files]
    assert len(first.files) == 4


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("a (* b *) c", "a ( * b * ) c"),
        ('einsum("ij,jk")', 'einsum("ij,jk")'),
        ('an odd " one', "an odd ' one"),
        ("a\n  b", "a b"),
    ],
)
def test_comments_can_hold_any_text(text: str, safe: str) -> None:
    assert comment(text) == safe


def test_a_size_of_the_command_line_replaces_that_of_the_file() -> None:
    text = "dim n, r = 2\nparam U, V: [n, r]\nmap U @ V.T\nlaw b = U.T @ U - V.T @ V\n"
    file = export(load_text(text, "model.claw", {"r": 3})).files[0]
    assert file.sizes == {"n": 2, "r": 3}
    assert "Definition D := 12%positive." in file.text and "(j < 3)%nat" in file.text


def test_data_and_constants_are_quantified() -> None:
    text = statement(
        "dim n, r\nconst W: [n, n]\ninput x: [n]\nparam A: [r, n], B: [n, r]\nmap (W + B @ A) @ x\nlaw b = B.T @ B - A @ A.T\n",
        n=2,
        r=1,
    )
    assert re.search(r"forall \(consts : data\) \(samples : list data\) i j,", text)
    assert "(on_data\n" in text or "(on_data (phi consts) samples)" in text


def test_a_preconditioner_is_stated() -> None:
    text = statement("param u in positive, v in positive\nmap u*v\nprecondition u by u, v by v\nlaw m = u - v\n")
    assert "(* precondition u by u, v by v *)" in text
    assert "Definition factors (theta : params) : list R := [u theta] ++ [v theta]." in text
    assert "conservation_law D factors phi m" in text


def test_a_law_with_many_axes_is_stated_as_a_list() -> None:
    spec = load_text(
        "param u, v\nmap u*v\nlaw a = reshape([u^2 - v^2 for i in 0..31], [2, 2, 2, 2, 2])\n", "model.claw"
    )
    file = laws_file(spec, {}, [(spec.claims[0], {})])
    assert "forall l, conservation_law D gradient phi (fun theta => nth l (" in " ".join(file.text.split())
    assert len(Document(spec, {}, ["a"]).model.shape(0)) == 0


def test_where_a_model_is_defined_is_stated() -> None:
    text = statement("input x\nparam u, v, w\nmap u*v/(x - w), sqrt(w)\nlaw b = u^2 - v^2\nlaw q = 1/(u^2 - v^2)\n")
    assert "Definition radicands (theta : params) : list R := [w theta]." in text
    assert "Definition sample_denominators (sample : data) (theta : params) : list R := [x sample - w theta]." in text
    assert (
        "Definition defined (samples : list data) (theta : params) : Prop :=\n"
        "  all_positive (radicands theta) /\\ all_nonzero (on_data sample_denominators samples theta)." in text
    )
    # a law asks for what it divides by, the others do not
    assert "Definition q_denominators (theta : params) : list R := [b theta]." in text
    assert "conservation_law_on (defined samples) D gradient (on_data phi samples) b." in " ".join(text.split())
    assert "conservation_law_on (q_defined samples) D gradient (on_data phi samples) q." in " ".join(text.split())


def test_what_is_positive_everywhere_is_not_asked_for() -> None:
    text = statement(
        "dim n = 2\ninput x: [n]\nparam W: [n, n], u, v\nmap u*v*softmax(W @ x)/sqrt(1 + sqnorm(x))\nlaw b = u^2 - v^2\n"
    )
    assert "all_" not in text and "conservation_law D gradient (on_data phi samples) b" in text


def test_functions_are_those_of_coq() -> None:
    text = statement(
        "input x\nparam u, v, w, exp1\nmap u*v*exp(w)/w, tanh(exp1*x), log(w), sigmoid(w)\nlaw b = u^2 - v^2\n"
    )
    for part in ("exp (w theta) / w theta", "tanh (exp1 theta * x sample)", "ln (w theta)", "sigmoid (w theta)"):
        assert part in " ".join(text.split())


@pytest.mark.parametrize(
    ("declared", "assumed"),
    [
        ("activation s", "(forall z, ex_derive s z) -> "),
        ("activation s with s' = 1 - 2*s^2", "(forall z, is_derive s z (1 + (- 2) * s z ^ 2)) -> "),
        ("activation s homogeneous 3", "(forall z, ex_derive s z) -> homogeneous 3 s -> "),
    ],
)
def test_an_activation_is_quantified_with_what_is_known_of_it(declared: str, assumed: str) -> None:
    text = statement(f"{declared}\ninput x\nparam u, v, w\nmap u*v*s(w*x)\nlaw b = u^2 - v^2\n")
    assert (
        f"forall (s : R -> R) (samples : list data), {assumed}conservation_law D gradient (on_data (phi s) samples) b."
        in (" ".join(text.split()))
    )


def test_a_function_without_a_name_in_coq_is_any_with_its_derivative() -> None:
    text = statement("input x\nparam u, v, w\nmap u*v*gelu(w*x)\nlaw normal_cdf = u^2 - v^2\n")
    assert (
        "forall (normal_cdf' normal_pdf : R -> R) (samples : list data), "
        "(forall z, is_derive normal_cdf' z (normal_pdf z)) -> "
        "(forall z, is_derive normal_pdf z (- (z * normal_pdf z))) -> conservation_law D"
    ) in " ".join(text.split())


def test_headers_say_what_is_given() -> None:
    text = "const a\ninput x\nparam u, v\nmap a*u*v*x\nlaw b = u^2 - v^2\nlaw e = u^2 expect refuted\n"
    laws, refuted = export(load_text(text, "model.claw")).files
    assert laws.text.startswith("(** model: conservation laws, for all constants and data.")
    assert refuted.text.startswith(
        "(** model: a law that is not conserved, at the constants and data that are given below."
    )


def test_the_library_proves_all_that_it_states() -> None:
    for name, text in sources().items():
        assert not re.search(r"\b(Admitted|Abort|admit|give_up)\b", text), name
        assert not re.search(r"^\s*(Axioms?|Parameters?|Conjecture)\b", text, re.MULTILINE), name


def test_the_library_lists_its_files() -> None:
    assert {path.stem for path in (Path(claws.coq.__file__).parent / "library").glob("*.v")} == set(LIBRARY)

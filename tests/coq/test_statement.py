"""The exported text: what is read, its names and its length."""

import re
from pathlib import Path

import pytest

import claws.coq
from claws.coq.document import LINE, Document, comment
from claws.coq.exporter import export
from claws.coq.proofs import laws_file
from claws.coq.runner import LIBRARY, sources
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
    assert len(first.files) == 3


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


def test_the_library_proves_all_that_it_states() -> None:
    for name, text in sources().items():
        assert not re.search(r"\b(Admitted|Abort|admit|give_up)\b", text), name
        assert not re.search(r"^\s*(Axioms?|Parameters?|Conjecture)\b", text, re.MULTILINE), name


def test_the_library_lists_its_files() -> None:
    assert {path.stem for path in Path(claws.coq.__file__).parent.glob("*.v")} == set(LIBRARY)

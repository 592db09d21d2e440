"""coqc's word: every polynomial example is accepted; of each kind, theorems that are wrong are turned down for that reason."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from claws.cli import main
from claws.coq.exporter import Export, export
from claws.coq.proofs import CoqFile
from claws.coq.runner import check_again, check_text, library
from claws.syntax.reader import load_text
from claws.syntax.spec import Spec

pytestmark = pytest.mark.coq

EXAMPLES = Path(__file__).parents[2] / "examples"

POLYNOMIAL = (
    "cp deep_linear diagonal_linear learning_rates linear_convolution lora matrix_sensing nmf_entropic product scalar_neuron "
    "tucker two_layer_linear"
).split()

FUNCTIONS = (
    "attention cubic_neuron declared_activation homogeneous_neuron multi_head_attention normalisation rational_law "
    "softmax_classifier swiglu"
).split()
"""Examples with divisions, roots and functions that are not polynomials."""

OTHER_FLOWS = ("momentum", "weight_decay")

GALLERY = [
    *(
        f"linear/{path.stem}"
        for path in sorted((EXAMPLES / "gallery" / "linear").glob("*.claw"))
        if path.stem not in (*OTHER_FLOWS, "input_convex")
    ),
    *("attention/linear_attention", "attention/state_space", "smooth/bilinear"),
    *("piecewise/fixed_gates", "piecewise/lookup", "piecewise/repeated_feature"),
]
"""Those of the gallery that are polynomials (input_convex has a relu), under gradient flow or with a preconditioner."""

MOST_FILES = 2
"""Of each claim for many sizes so many are tried."""


@cache
def spec_of(name: str) -> Spec:
    path = EXAMPLES / f"{name}.claw"
    return load_text(path.read_text(encoding="utf-8"), str(path))


@cache
def exported(name: str) -> Export:
    return export(spec_of(name))


def files(name: str) -> list[CoqFile]:
    return exported(name).files


def some(found: list[CoqFile], most: int = MOST_FILES) -> list[CoqFile]:
    """Not all sizes of a claim, but the first and the last ones."""
    by_claim: dict[tuple[int, ...], list[CoqFile]] = {}
    for file in found:
        by_claim.setdefault(tuple(id(claim) for claim, _ in file.claims), []).append(file)
    return [file for group in by_claim.values() for file in ([group[0], *group[max(1, len(group) - most + 1) :]])]


@pytest.mark.parametrize("name", POLYNOMIAL)
def test_every_polynomial_example_is_accepted(name: str) -> None:
    assert not exported(name).refused
    for file in some(files(name)):
        answer = check_text(file.name, file.text)
        assert answer.accepted, f"{file.name}: {answer.message}"


@pytest.mark.parametrize("name", GALLERY)
def test_every_polynomial_of_the_gallery_is_accepted(name: str) -> None:
    found = exported(f"gallery/{name}")
    assert not found.refused
    for file in some(found.files, 1):
        answer = check_text(file.name, file.text)
        assert answer.accepted, f"{file.name}: {answer.message}"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_laws_of_models_with_functions_are_accepted(name: str) -> None:
    wanted = [claim.name for claim in spec_of(name).claims if claim.kind == "law" and claim.expected == "PROVED"]
    found = [claim.name for file in files(name) for claim, _ in file.claims if "_laws" in file.name]
    assert sorted(set(found)) == sorted(wanted)
    for file in files(name):
        answer = check_text(file.name, file.text)
        assert answer.accepted, f"{file.name}: {answer.message}"


TRANSCENDENTAL = {
    "log": "param u, v in positive\nmap u*v\nlaw b = u^2 - v^2\nlaw l = log(v^2) - log(v) - log(v)\n",
    "log in a law": "param u in positive, w\nmap log(u) + w\nlaw b = u^2/2 - w\n",
    "sine": "input x\nparam u, v, w\nmap u*v*sin(w*x) + cos(w)\nlaw b = u^2 - v^2\n",
    "softplus": "input x\nparam u, v, w\nmap u*v*softplus(w*x)\nlaw b = u^2 - v^2\n",
    "scale": "input x\nparam w: [2]\nmap tanh(w[0]*x/sqrt(w[0]^2 + w[1]^2))\nlaw b = sqnorm(w)\n",
    "exponential neuron": "input x\nparam u, w, b\nmap u*exp(w*x + b)\nlaw l = u^2 - 2*b\nindependent l\n",
    "nested": "input x\nparam u, v, w\nmap exp(tanh(u*v*x))/(1 + exp(w*x))\nlaw b = u^2 - v^2\n",
    "root of a rate": "const a in positive\nparam u, v\nmap u*v\nflow gradient, rate(sqrt(a), u)\nlaw b = u^2/sqrt(a) - v^2\n",
    "gelu": "input x\nparam u, v, w\nmap u*v*gelu(w*x) + erf(w)\nlaw b = u^2 - v^2\n",
    "any activation": "activation s\ninput x\nparam u, v, w\nmap u*v*s(w*x)\nlaw b = u^2 - v^2\n",
    "three activations": (
        "activation s with s' = 1 - s^2\nactivation t homogeneous 3\nactivation q\ninput x\nparam u, v, w\n"
        "map u*t(v*x), q(s(w*x))\nlaw b = 3*u^2 - v^2\n"
    ),
}


@pytest.mark.parametrize("case", TRANSCENDENTAL)
def test_functions(case: str) -> None:
    found = export(load_text(TRANSCENDENTAL[case], "model.claw"))
    assert found.files and not found.refused
    for file in found.files:
        answer = check_text(file.name, file.text)
        assert answer.accepted, answer.message


NUMBERS = {
    "constants of the laws alone": (
        "const a in positive, b in positive, d in positive\nparam u, v, w, q\nmap b*u*v, d*w*q\nlaw l = a*w^2 - a*q^2\n"
        "law k = u^2 - v^2\ncount = 2\ncount >= 2\ncomplete k  expect refuted\ncomplete l  expect refuted\ncomplete l, k\n"
    ),
    "fractions": (
        "const a in positive, b in positive\nparam u, v, w, q\nmap b*u*v, w*q\nprecondition u by a\nlaw l = w^2 - q^2\n"
        "law k = u^2/a - v^2\ncount = 2\ncount = 1\ncomplete k, l\ncomplete l  expect refuted\n"
    ),
    "parameters that no output sees": (
        "param z, u, v, y\nmap u*v\nlaw l = u^2 - v^2\nlaw m = z\ncount = 3\ncomplete l, m  expect refuted\n"
    ),
    "data": "input x\nparam u, v, w\nmap u*v*w*x\nlaw b = u^2 - v^2\ncomplete b  expect refuted\ncount = 2\ncount <= 2\n",
    "laws that are found": "param u, v, w, q\nmap u*v, w*q\nlaw b = u^2 - v^2\ncomplete b  expect refuted\ncount >= 1\n",
    "one parameter": "param u\nmap u^2\ncount = 0\n",
    "a negative number": "param x, y\nmap x*y\ncount = -1  expect refuted\ncount >= -1\n",
    "a large number": "param x, y\nmap x*y\ncount <= 10^12\ncount = 10^12  expect refuted\n",
    "no direction": "param u, v\nmap 0*u\nlaw l = [u, v]\ncount = 2\ncomplete l\n",
}


@pytest.mark.parametrize("case", NUMBERS)
def test_numbers_of_laws(case: str) -> None:
    found = export(load_text(NUMBERS[case], "model.claw"))
    assert not found.refused
    for file in found.files:
        answer = check_text(file.name, file.text)
        assert answer.accepted, f"{file.name}: {answer.message}"


LARGE_DEGREES = {
    "a function of laws": "param u, v, w\nmap u*v*w\nlet b = u^2 - v^2\nlaw f = b^3*(v^2 - w^2) - 2*b + 1\n",
    "the same, expanded": "param u, v\nmap u*v\nlaw f = u^4 - 2*u^2*v^2 + v^4\n",
    "no function of laws": "param u in positive, v in positive\nmap u*v\nprecondition u by v\nlaw f = 3*u^2 - 2*v^3\n",
    "of constants": "const a\nparam u, v\nmap u*v\nlaw f = a^3*(u^2 - v^2)^2 + a^5\n",
    "on data": "input x: [2]\nparam u: [2], v\nmap v*dot(u, x)\nlaw f = (sqnorm(u) - v^2)^2\n",
}
"""Laws of a degree above 2, of which the parts are looked at first."""


@pytest.mark.parametrize("case", LARGE_DEGREES)
def test_laws_of_large_degrees(case: str) -> None:
    (file, *_) = export(load_text(LARGE_DEGREES[case], "model.claw")).files
    answer = check_text(file.name, file.text)
    assert answer.accepted, answer.message


NAMES = {
    "hypotheses": (
        "dim r = 2\nactivation s with s' = s\ninput x\nparam u, v, w\nmap u*v*s(w*x)\n"
        "law Hi = [u^2 - v^2 for k in 0..r-1]\nlaw F0 = u^2 - v^2\n"
    ),
    "entries": (
        "dim r = 2\nparam U, V: [r, r]\nmap U @ V.T\nlaw e = U.T @ U - V.T @ V\ncomplete e\n"
        "law two = [trace(e2) for k in 0..1]\nlet e2 = U.T @ U - V.T @ V\nindependent e\n"
    ),
    "numbers of laws": (
        "param other, all_laws, direction, slope\nlet number = other*all_laws\nmap number, direction*slope\n"
        "law laws = other^2 - all_laws^2\nlaw no_laws = direction^2 - slope^2\ncomplete laws  expect refuted\ncount = 2\n"
        "law polynomial_of = 2*laws2\nlet laws2 = other^2 - all_laws^2\n"
    ),
    "an argument": (
        "activation z with z' = z\nactivation H homogeneous 3\ninput x\nparam u, v, w\nmap u*v*z(w*x) + u*v*gelu(x), H(w)\n"
        "law b = u^2 - v^2\n"
    ),
    "lists of the proof": (
        "param all_laws, other, polynomial_of, slope\nmap all_laws*other + polynomial_of*slope\n"
        "law direction = all_laws^2 - other^2\ncomplete direction  expect refuted\ncount = 3\n"
    ),
    "a lemma": "dim n = 2\nparam nth_array1, True: [n]\nmap nth_array1*True\nlaw numbers = nth_array1^2 - True^2\n",
    "constants": (
        "const A in positive\nparam x, y\nmap A*x*y\nprecondition x by A\nlaw consts = x^2/A - y^2\ncomplete consts\n"
    ),
    "five axes": "dim l\nparam U, V: [l]\nmap U*V\nlaw b = reshape(U^2 - V^2, [1, 1, l, 1, 1])\n",
}
"""Names of a file that are those of bound variables."""


@pytest.mark.parametrize("case", NAMES)
def test_names_of_the_file_are_not_captured(case: str) -> None:
    found = export(load_text(NAMES[case], "model.claw"))
    assert found.files and not found.refused
    for file in found.files:
        answer = check_text(file.name, file.text)
        assert answer.accepted, answer.message


FALSE = """param u, v
map u*v
law a = u^2 + v^2  expect refuted
law b = [u^2 - v^2, 1]
complete a
independent b
"""


def checked(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, object]:
    (tmp_path / "m.claw").write_text(text)
    main(["check", "--coq", "--format", "json", *options, str(tmp_path / "m.claw")])
    (file,) = json.loads(capsys.readouterr().out)["files"]
    assert not file["errors"]
    return {claim["name"]: (claim["verdict"], claim["detail"].get("coq"), claim["trust"]) for claim in file["claims"]}


def test_what_coqc_accepts_is_the_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = checked(FALSE, tmp_path, capsys)
    assert {name: answer[:2] for name, answer in found.items()} == {
        "a": ("REFUTED", "accepted"),
        "b": ("PROVED", "accepted"),
        "complete a": ("REFUTED", "accepted"),
        "independent b": ("REFUTED", "accepted"),
    }


def test_what_is_not_decided_has_no_trust_in_coq(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "dim n = 3\nparam U, V: [n, n]\nmap U @ V.T\nlaw b = U.T @ U - V.T @ V\ncomplete b\n"
    verdict, coq, trust = checked(text, tmp_path, capsys, "--budget", "2000")["complete b"]
    assert (verdict, trust) == ("UNKNOWN", [])
    assert coq == "accepted as PROVED at n = 3, which the kernel has not decided"


def one(name: str, kind: str) -> CoqFile:
    return next(file for file in files(name) if f"_{kind}" in file.name)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("two_layer_linear", "complete"),
        ("lora", "laws"),
        ("nmf_entropic", "refuted_balance"),
        ("rational_law", "laws"),
        ("deep_linear", "missing"),
    ],
)
def test_coqchk_accepts_too(name: str, kind: str) -> None:
    file = one(name, kind)
    answer = check_again(file.name, file.text)
    assert answer.accepted, answer.message


# --- what must be turned down: (example, file, changes, what coqc's message must name) ---

LAW = [("- Rsum m", "+ Rsum m"), ("Sub (Esum n", "Add (Esum n")]
"""The wrong sign in the first law, in the statement and in its expression."""

WRONG = {
    # a law
    "law: wrong": ("two_layer_linear", "laws", LAW, "check_conserved D phi'e"),
    "law: a function of more than laws": (
        "two_layer_linear",
        "laws",
        [
            ("balance theta i j * balance theta j i", "balance theta i j * U theta j i"),
            ("Mul (balance'e i j) (balance'e j i)", "Mul (balance'e i j) (U'e j i)"),
        ],
        "check_conserved D phi'e",
    ),
    "law: a power that is none": (
        "two_layer_linear",
        "laws",
        [
            ("balance theta i j * balance theta j i", "(balance theta i j + U theta j i) ^ 3"),
            ("Mul (balance'e i j) (balance'e j i)", "Pow (Add (balance'e i j) (U'e j i)) 3"),
        ],
        "check_conserved D phi'e",
    ),
    "law: only the statement is wrong": ("two_layer_linear", "laws", LAW[:1], "balance_conserved'l"),
    "law: another flow": (
        "two_layer_linear",
        "laws",
        [
            ("gradient", "(fun theta => array2 n r (U theta))"),
            ("factors'e : list pexp := []", "factors'e : list pexp := array2 n r U'e"),
        ],
        "check_conserved D phi'e",
    ),
    "law: only the flow of the statement is another": (
        "two_layer_linear",
        "laws",
        [("conservation_law D gradient phi", "conservation_law D phi phi")],
        'Unable to unify "conserved D gradient phi',
    ),
    "law: too few dimensions": (
        "two_layer_linear",
        "laws",
        [("D := 8%positive", "D := 7%positive")],
        "(eval (lift D consts sample theta)) phi'e",
    ),
    # a law of a network
    "law on data: wrong": (
        "lora",
        "laws",
        [("- Rsum m", "+ Rsum m"), ("Sub (Esum n", "Add (Esum n")],
        "check_conserved D phi'e",
    ),
    "law on data: too few dimensions": (
        "lora",
        "laws",
        [("D := 8%positive", "D := 4%positive")],
        "(eval (lift D consts sample theta)) phi'e",
    ),
    # a law of a preconditioned flow
    "preconditioned: without the preconditioner": (
        "nmf_entropic",
        "laws",
        [
            (" factors phi", " gradient phi"),
            ("= factors", "= gradient"),
            ("(factors theta)", "(gradient theta)"),
            ("factors'e : list pexp := array2 n r U'e ++ array2 m r V'e", "factors'e : list pexp := []"),
        ],
        "check_conserved D phi'e",
    ),
    # no other law
    "complete: a law less": (
        "two_layer_linear",
        "complete",
        [("[(0, 0); (0, 1); (1, 1)]", "[(0, 0); (0, 1)]")],
        "check_complete D",
    ),
    "complete: wrong law": ("two_layer_linear", "complete", LAW, "check_complete D"),
    "complete: another flow": (
        "two_layer_linear",
        "complete",
        [("D gradient phi", "D laws phi"), (" gradient (fun", " laws (fun")],
        "factors'same",
    ),
    "complete: one dimension more": (
        "two_layer_linear",
        "complete",
        [("D := 10%positive", "D := 11%positive")],
        "check_complete D",
    ),
    "complete: another point": (
        "two_layer_linear",
        "complete",
        [("Definition p := [", "Definition p := [7; ")],
        "check_complete D",
    ),
    "complete: a bracket is corrupted": (
        "two_layer_linear",
        "complete",
        [("list (nat * nat) := [(0, 1)", "list (nat * nat) := [(0, 0)")],
        "check_complete D",
    ),
    "complete: a matrix is corrupted": (
        "two_layer_linear",
        "complete",
        [("matrix_C : list (list Q) := map row [[0; ", "matrix_C : list (list Q) := map row [[1; ")],
        "check_complete D",
    ),
    "complete: the scale is 0": (
        "two_layer_linear",
        "complete",
        [("scale := 4%Q", "scale := 0%Q")],
        "check_complete D",
    ),
    # not conserved
    "refuted: of a true law": (
        "two_layer_linear",
        "refuted_total",
        [(") + Rsum", ") - Rsum"), ("total'e (i j : nat) : pexp :=\n  Add", "total'e (i j : nat) : pexp :=\n  Sub")],
        "check_refuted D",
    ),
    "refuted: at another point": (
        "two_layer_linear",
        "refuted_total",
        [("p := [1; 1]%Q", "p := [1; 0]%Q")],
        "check_refuted D",
    ),
    "refuted: another flow": (
        "nmf_entropic",
        "refuted_balance",
        [("~ conserved D factors phi", "~ conserved D gradient phi")],
        "refuted_ok",
    ),
    "refuted: no dimension for the second layer": (
        "two_layer_linear",
        "refuted_total",
        [("D := 2%positive", "D := 1%positive")],
        "(eval (lift D consts sample theta)) phi'e",
    ),
    # another law
    "missing: not another": (
        "two_layer_linear",
        "missing",
        [("other : pexp := ", "other : pexp := nth 0 laws'e (Zc 0). Definition unused := ")],
        "check_missing D",
    ),
    "missing: not conserved": (
        "two_layer_linear",
        "missing",
        [("other : pexp := polynomial_of [", "other : pexp := polynomial_of [[1; 1; 1]; ")],
        "check_missing D",
    ),
    # a law with functions
    "function: wrong law": (
        "rational_law",
        "laws",
        [("x theta + / (3", "x theta - / (3"), ("TAdd x'e (TInv", "TSub x'e (TInv")],
        "check_tower D",
    ),
    "function: only the statement is wrong": (
        "rational_law",
        "laws",
        [("x theta + / (3", "x theta - / (3")],
        "rational_conserved'l",
    ),
    "function: another flow": (
        "rational_law",
        "laws",
        [("gradient", "(fun theta => [y theta])"), ("factors'e : list texp := []", "factors'e : list texp := [y'e]")],
        "check_tower D",
    ),
    "function: only the flow of the statement is another": (
        "rational_law",
        "laws",
        [("D gradient phi rational", "D phi phi rational")],
        "Unable to unify",
    ),
    "function: too few dimensions": (
        "rational_law",
        "laws",
        [("D := 2%positive", "D := 1%positive")],
        "(lift D consts sample theta)) phi'e",
    ),
    "function: nothing is said of the denominator": (
        "rational_law",
        "laws",
        [
            (
                "rational_denominators (theta : params) : list R := [3 * y theta]",
                "rational_denominators (theta : params) : list R := []",
            ),
            (
                "rational_conserved_nonzero'e : list texp := ([TMul (TZc 3) y'e])",
                "rational_conserved_nonzero'e : list texp := []",
            ),
        ],
        "check_tower D",
    ),
    "function: another denominator": (
        "rational_law",
        "laws",
        [
            (
                "rational_conserved_nonzero'e : list texp := ([TMul (TZc 3) y'e])",
                "rational_conserved_nonzero'e : list texp := ([x'e])",
            )
        ],
        "rational_conserved_nonzero'e",
    ),
    "function: a radicand that may be negative": (
        "normalisation",
        "laws",
        [
            ("list R := [part3 sample theta / 2]", "list R := [part3 sample theta / 2 + 1]"),
            (
                "sample_positive'e : list texp := ([TMul part3'e (TInv (TZc 2))])",
                "sample_positive'e : list texp := ([TAdd (TMul part3'e (TInv (TZc 2))) (TZc 1)])",
            ),
        ],
        "check_tower D",
    ),
    "function: only the activation's derivative in the statement is another": (
        "declared_activation",
        "laws",
        [("is_derive s z (s z)", "is_derive s z (2 * s z)")],
        "facts'true",
    ),
    "function: another activation": (
        "declared_activation",
        "laws",
        [
            ("is_derive s z (s z)", "is_derive s z (2 * s z)"),
            ("facts := [(Some (Mul (Zc 1)", "facts := [(Some (Mul (Zc 2)"),
        ],
        "check_tower D",
    ),
    "function: another degree": (
        "homogeneous_neuron",
        "laws",
        [("homogeneous 2 s", "homogeneous 3 s"), ("Some (Mul (Qc 1 2)", "Some (Mul (Qc 1 3)")],
        "check_tower D",
    ),
    # a quotient that is not conserved
    "quotient: at another point": (
        "scalar_neuron",
        "refuted_ratio",
        [("p := [0; 1]%Q", "p := [1; 1]%Q")],
        "check_refuted_quotient D",
    ),
    "quotient: where it is not defined": (
        "scalar_neuron",
        "refuted_ratio",
        [("p := [0; 1]%Q", "p := [1; 0]%Q")],
        "check_refuted_quotient D",
    ),
    "quotient: of a true law": (
        "rational_law",
        "refuted_sign",
        [("x theta - / (3", "x theta + / (3"), ("TSub x'e (TInv", "TAdd x'e (TInv")],
        "check_refuted_quotient D",
    ),
    "quotient: another flow": (
        "scalar_neuron",
        "refuted_ratio",
        [("D gradient phi ratio", "D phi phi ratio")],
        "refuted_quotient_ok",
    ),
    "quotient: too few dimensions": (
        "scalar_neuron",
        "refuted_ratio",
        [("D := 2%positive", "D := 1%positive")],
        "(lift D consts sample theta)) phi'e",
    ),
    # independent laws
    "independent: a law twice": (
        "two_layer_linear",
        "independent",
        [("[(0, 0); (0, 1); (1, 1)]", "[(0, 0); (0, 1); (0, 1)]")],
        "check_independent_given D",
    ),
    "independent: the matrix is corrupted": (
        "two_layer_linear",
        "independent",
        [("matrix_B : list (list Q) := map row [", "matrix_B : list (list Q) := map row [[0; 7]; ")],
        "check_independent_given D",
    ),
    "independent: another point": (
        "two_layer_linear",
        "independent",
        [("Definition p := [", "Definition p := [7; ")],
        "check_independent_given D",
    ),
    "independent: too few dimensions": (
        "two_layer_linear",
        "independent",
        [("D := 6%positive", "D := 5%positive")],
        "(lift D consts sample theta)) phi'e",
    ),
    # laws that are not
    "dependent: another combination": (
        "two_layer_linear",
        "dependent",
        [("combination : list Q := [", "combination : list Q := [7; ")],
        "check_dependent_given D",
    ),
    "dependent: nothing is combined": (
        "two_layer_linear",
        "dependent",
        [("combination : list Q := [", "combination : list Q := map (fun _ => 0%Q) [")],
        "check_dependent_given D",
    ),
    "dependent: fewer laws": (
        "two_layer_linear",
        "dependent",
        [("[(0, 0); (0, 1); (0, 2);", "[(0, 0); (0, 1);")],
        "check_dependent_given D",
    ),
    "dependent: too few dimensions": (
        "two_layer_linear",
        "dependent",
        [("D := 6%positive", "D := 5%positive")],
        "(lift D consts sample theta)) phi'e",
    ),
    # how many laws there are
    "count: another number": (
        "two_layer_linear",
        "count_line21_n2_m2_r2",
        [("phi 3 (", "phi 2 (")],
        "counted_ok D p brackets",
    ),
    "count: another number, in the check as well": (
        "two_layer_linear",
        "count_line21_n2_m2_r2",
        [("phi 3 (", "phi 2 ("), ("all_laws 3", "all_laws 2")],
        "check_counted D",
    ),
    "count: a law less": (
        "two_layer_linear",
        "count_line21_n2_m2_r2",
        [
            ("phi 3 (", "phi 2 ("),
            ("all_laws 3", "all_laws 2"),
            ("[[[1; 1; 1; 1]; [1; 1; 3; 3]; [-1; 1; 5; 5]; [-1; 1; 7; 7]]; ", "["),
        ],
        "check_counted D",
    ),
    "count: no law": (
        "two_layer_linear",
        "count_line21_n2_m2_r2",
        [
            (
                "[[[1; 1; 1; 1]; [1; 1; 3; 3]; [-1; 1; 5; 5]; [-1; 1; 7; 7]]; ",
                "[[[1; 1; 1; 1]; [1; 1; 3; 3]; [1; 1; 5; 5]; [-1; 1; 7; 7]]; ",
            )
        ],
        "check_counted D",
    ),
    "count: another flow": (
        "two_layer_linear",
        "count_line21_n2_m2_r2",
        [("counted D gradient phi", "counted D phi phi")],
        "counted_ok D",
    ),
    "count: a matrix is corrupted": (
        "two_layer_linear",
        "count_line21_n2_m2_r2",
        [("matrix_C : list (list Q) := map row [[0; ", "matrix_C : list (list Q) := map row [[1; ")],
        "check_counted D",
    ),
    "count: too few dimensions": (
        "two_layer_linear",
        "count_line21_n2_m2_r2",
        [("D := 8%positive", "D := 7%positive")],
        "(eval (lift D consts sample theta)) phi'e",
    ),
    # laws without a formula
    "straight: the gradient is not orthogonal to the field": (
        "deep_linear",
        "missing",
        [("slope : list Q := [(-4)", "slope : list Q := [4")],
        "check_missing_straight D",
    ),
    "straight: the direction does not tell": (
        "deep_linear",
        "missing",
        [("direction : list Q := [0; 0; 0; 1; 1;", "direction : list Q := [0; 0; 0; 0; 0;")],
        "check_missing_straight D",
    ),
    "straight: the direction is not orthogonal to the laws": (
        "deep_linear",
        "missing",
        [("direction : list Q := [0;", "direction : list Q := [1;")],
        "check_missing_straight D",
    ),
    "straight: a component that vanishes": (
        "deep_linear",
        "missing",
        [
            (
                "p := [(-1); 2; 1; 0; 0; (-1); 2; 0; (-1); (-1); 1; 0]",
                "p := [0; 0; 1; 0; 0; (-1); 2; 0; (-1); (-1); 1; 0]",
            )
        ],
        "check_missing_straight D",
    ),
    "straight: no such output": (
        "deep_linear",
        "missing",
        [
            ("check_missing_straight D p 0", "check_missing_straight D p 1"),
            ("missing_straight_ok D p 0", "missing_straight_ok D p 1"),
        ],
        "check_missing_straight D",
    ),
    "straight: too few dimensions": (
        "deep_linear",
        "missing",
        [("D := 12%positive", "D := 11%positive")],
        "(eval (lift D consts sample theta)) phi'e",
    ),
    "straight: another flow": (
        "deep_linear",
        "missing",
        [("~ no_other_law D gradient phi", "~ no_other_law D laws phi")],
        "missing_straight_ok D",
    ),
    "straight: another law": (
        "deep_linear",
        "missing",
        [
            ("W3 theta k i * W3 theta k j", "W2 theta i j * W3 theta k j"),
            ("Mul (W3'e k i) (W3'e k j)", "Mul (W2'e i j) (W3'e k j)"),
        ],
        "check_missing_straight D",
    ),
    "straight: so many laws of another flow": (
        "deep_linear",
        "count_line19",
        [("counted D gradient phi", "counted D phi phi")],
        "counted_straight_ok D",
    ),
    "straight: one dimension more": (
        "deep_linear",
        "count_line19",
        [("D := 12%positive", "D := 13%positive")],
        "check_counted_straight D",
    ),
    "straight: two outputs": (
        "deep_linear",
        "count_line19",
        [
            ("n4 := 1%nat", "n4 := 2%nat"),
            ("D := 12%positive", "D := 14%positive"),
            (" 11 (", " 13 ("),
            ("p 0 3 11", "p 0 3 13"),
        ],
        "check_counted_straight D",
    ),
    "straight: another number": (
        "deep_linear",
        "count_line19",
        [(" 11 (", " 9 ("), ("p 0 3 11", "p 0 3 9")],
        "check_counted_straight D",
    ),
    "straight: where the field vanishes": (
        "deep_linear",
        "count_line19",
        [("p := [(-1); 2;", "p := [0; 0;")],
        "check_counted_straight D",
    ),
    # no other law, at given constants
    "given: wrong law": (
        "learning_rates",
        "complete",
        [("/ a consts - part2", "/ a consts + part2"), ("TSub (TMul (part1'e", "TAdd (TMul (part1'e")],
        "check_complete D",
    ),
    "given: other constants": (
        "learning_rates",
        "complete",
        [("given_consts := [", "given_consts := [7; ")],
        "check_complete D",
    ),
    "given: a rate is 0": (
        "learning_rates",
        "complete",
        [("given_consts := [", "given_consts := [0; ")],
        "check_complete D",
    ),
    "given: another flow": (
        "learning_rates",
        "complete",
        [("complete D (factors (point given_consts))", "complete D gradient")],
        "complete_ok",
    ),
    "missing: the direction is corrupted": (
        "two_layer_linear",
        "missing",
        [("direction : list Q := [", "direction : list Q := [1; ")],
        "check_missing D",
    ),
    "missing: too few dimensions": (
        "two_layer_linear",
        "missing",
        [("D := 10%positive", "D := 9%positive")],
        "(eval (lift D consts sample theta)) phi'e",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_turned_down_for_that_reason(case: str) -> None:
    name, kind, changes, reason = WRONG[case]
    file = one(name, kind)
    text = file.text
    for old, new in changes:
        assert old in text, f"the export no longer says: {old}"
        text = text.replace(old, new)
    answer = check_text(file.name, text)
    assert not answer.accepted and not answer.out_of_time
    assert reason in answer.message


def test_a_theorem_that_rests_on_more_is_not_accepted() -> None:
    file = one("product", "laws")
    cheat = "Axiom cheat : forall P : Prop, P.\nTheorem differences_conserved : differences_statement. Proof. apply cheat. Qed.\n"
    start, end = file.text.index("Theorem differences_conserved"), file.text.index("Print Assumptions")
    answer = check_text(file.name, file.text[:start] + cheat + file.text[end:])
    assert not answer.accepted and "rests on cheat" in answer.message


def test_a_file_that_takes_too_long_is_stopped() -> None:
    library()
    answer = check_text("Endless", "Goal True. Proof. repeat (pose 0). Qed.\n", seconds=1.0)
    assert answer.out_of_time and "no answer in 1 seconds" in answer.message


def test_a_file_that_takes_too_much_memory_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    library()
    monkeypatch.setattr("claws.coq.runner.MEMORY", 1 << 30)
    text = (
        "From Coq Require Import List.\nLemma a : length (repeat true (4000 * 40000)) = 0.\nProof. vm_compute. Abort.\n"
    )
    answer = check_text("Large", text, seconds=100.0)
    assert answer.out_of_time and answer.message == "coqc has no memory left for it"


# --- the front doors ---


def test_export_build(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["export", "coq", str(EXAMPLES / "diagonal_linear.claw"), "-o", str(tmp_path / "out"), "--build"])
    assert status == 0
    assert capsys.readouterr().out.count("coqc accepts") == 4


def test_check_with_coq_adds_to_the_trust_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "m.claw"
    path.write_text("dim n\nparam U, V: [n]\nmap U*V\nlaw b = U^2 - V^2\nlaw e = relu(U^2 - V^2)\n")
    assert main(["check", "--coq", "--format", "json", str(path)]) == 0
    b, e = json.loads(capsys.readouterr().out)["files"][0]["claims"]
    assert b["trust"][1].startswith("Coq 8") and b["trust"][1].endswith("at n = 2")
    assert len(e["trust"]) == 1 and e["detail"]["coq"].startswith("not exported: `relu` can't be exported yet")


def test_an_export_that_coqc_refuses_is_an_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from claws.coq import proofs

    # a bug of the exporter, which takes the sign for another
    monkeypatch.setattr("claws.coq.statement.Reals.subtract", proofs.EXPRESSIONS.__class__.__mro__[1].add)
    path = tmp_path / "m.claw"
    path.write_text("param u, v\nmap u*v\nlaw b = u^2 - v^2\n")
    assert main(["check", "--coq", str(path)]) == 4
    out = capsys.readouterr().out
    assert "PROVED b" in out and "error[CLAW092]" in out

"""coqc's word: what is exported of every example is accepted; how coqc is run, and what a result says of its answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claws.cli import main
from claws.coq import coqc
from claws.coq.coqc import check_again, check_text, library
from claws.coq.exporter import export
from claws.coq.statements.coq_file import CoqFile
from claws.coq.statements.term_languages import Reals
from claws.syntax.reader import load_text
from tests.coq.exported_examples import EXAMPLES, exported, files, one, spec_of

pytestmark = pytest.mark.coq

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


def checked(
    text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], *options: str
) -> dict[str, tuple[str, str | None, list[str]]]:
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


def test_a_file_that_takes_too_long_is_stopped() -> None:
    library()
    answer = check_text("Endless", "Goal True. Proof. repeat (pose 0). Qed.\n", seconds=1.0)
    assert answer.out_of_time and "no answer in 1 seconds" in answer.message


def test_a_file_that_takes_too_much_memory_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    library()
    monkeypatch.setattr(coqc, "LIMITS", coqc.CoqcLimits(memory=1 << 30))
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
    kernel = ["core 3", "tensors 3"]
    assert b["trust"][:2] == kernel
    assert b["trust"][2].startswith("Coq 8") and b["trust"][2].endswith("at n = 2")
    assert e["trust"] == [*kernel, "values 3"]
    assert e["detail"]["coq"].startswith("not exported: `relu` can't be exported yet")


def test_an_export_that_coqc_refuses_is_an_error(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # a bug of the exporter, which takes the sign for another
    monkeypatch.setattr(Reals, "subtract", Reals.add)
    path = tmp_path / "m.claw"
    path.write_text("param u, v\nmap u*v\nlaw b = u^2 - v^2\n")
    assert main(["check", "--coq", str(path)]) == 4
    out = capsys.readouterr().out
    assert "PROVED b" in out and "error[CLAW092]" in out

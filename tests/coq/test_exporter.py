"""Which claims are exported, and what is said of the others."""

from __future__ import annotations

import re

import pytest

from claws.coq import exporter
from claws.coq.coqc import sources
from claws.coq.exporter import Export, Known, export
from claws.coq.statements.reserved_names import Names
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text


def exported(text: str, **sizes: int) -> Export:
    spec = load_text(text, "model.claw", sizes)
    assert not spec.diagnostics
    return export(spec)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "input x\nparam u, v\nmap u*relu(v*x)\nlaw b = u^2 - v^2\n",
            "`relu` can't be exported yet: it has no derivative",
        ),
        (
            "input x\nparam u, v\nmap u*tanh(v*x)\nlaw b = u^2 - v^2\n",
            "models that are polynomials only yet, and `tanh` is none",
        ),
        (
            "activation s\ninput x\nparam u, v\nmap u*s(v*x)\nlaw b = u^2\n",
            "models that are polynomials only yet, and `s` is none",
        ),
        (
            "param x in positive, y\nmap x*y\nlaw r = y*sqrt(x)\n",
            "quotients of polynomials only yet, and a root is none",
        ),
        (
            "param x in positive, y\nmap y*sqrt(x)\nlaw r = x\n",
            "models that are polynomials only yet, and a root is none",
        ),
        ("function F\nparam u, v\nmap F(u*v)\nlaw b = u^2 - v^2\n", "the declared function `F` can't be exported yet"),
        ("param x in positive, y\nmap y + x^(1/3)\nlaw r = x\n", "roots other than square roots"),
        ("activation s homogeneous 1/2\nparam u, v\nmap u*s(v)\nlaw b = u^2 - 2*v^2\n", "homogeneous of degree 1/2"),
        (
            "param x, y in nonzero\nmap x + y^3\nlaw r = x + 1/(3*y)\ncomplete r\n",
            "no other law can be exported for polynomials",
        ),
        ("param u, v\nmap exp(u*v)\ncount = 1\n", "the number of laws can be exported for polynomials only yet"),
        (
            "dim n = 9\ninput x: [n]\nparam u, w: [n]\nmap u*exp(dot(w, x)^3)\nlaw b = 0*u\n",
            "too large for Coq: more than 500 terms",
        ),
        (
            "activation s\nparam u, v, w\nmap u*v*s(w)\nlaw b = u^2 - v^2\nindependent b\n",
            "can't be exported yet for models with s",
        ),
        (
            "param u in positive, v in positive, w, q\nmap u*v, w*q\nprecondition u by u^2, v by v\n"
            "law b = w^2 - q^2\nlaw l = log(u) - v\ncount = 2\n",
            "no list of all laws is known",
        ),
        (
            "param u in positive, v in positive, w, q\nmap u*v, w*q\nprecondition u by u^2, v by v\n"
            "law b = w^2 - q^2\nlaw l = log(u) - v\ncomplete b  expect refuted\n",
            "another law exists, but none that is known is a polynomial",
        ),
        ("param u, v, w\nmap u*v*w\nlaw b = u^2 - v^2\ncomplete b in u, v\n", "the laws of some of the parameters"),
        ("param A: [2, 2]\nmap det(A)\nlaw r = A[0, 0]*A[0, 1]\n", "determinants can't be exported yet"),
        ("param u, v\nmap u*v\nflow momentum(1)\nlaw b = u\n", "momentum and weight decay can't be exported yet"),
        (
            "param u, v\nmap u*v\nflow gradient, rate(1 + t)\nlaw b = u^2 - v^2\n",
            "learning rates that change with the time can't be exported yet",
        ),
        (
            "param u, v\nmap u*v\nflow gradient, decay(1)\nlaw b = u\n",
            "momentum and weight decay can't be exported yet",
        ),
    ],
)
def test_what_can_not_be_exported_says_why(text: str, reason: str) -> None:
    found = exported(text)
    assert [file for file in found.files if "_laws" not in file.name] == []
    assert reason in found.refused[0].reason


@pytest.mark.parametrize(
    ("law", "related"),
    [
        ("exp(u)*u^2*exp(-u) - v^2", True),
        ("u^2*(sigmoid(u) + sigmoid(-u)) - v^2", True),
        ("exp(u)*u^2/exp(u) - v^2", False),
        ("u^2 - v^2 + sigmoid(u) - sigmoid(u)", False),
    ],
)
def test_a_law_that_needs_relations_between_values_is_not_exported(law: str, related: bool) -> None:
    found = exported(f"param u, v\nmap u*v\nlaw b = {law}\n")
    assert bool(found.files) is not related
    assert [problem.reason for problem in found.refused] == (
        [
            "it is true by relations between values of functions, such as exp(a)*exp(b) = exp(a + b), which are not used here yet"
        ]
        if related
        else []
    )


@pytest.mark.parametrize(
    ("slope", "solvable"),
    [
        # a tangent, -1/z, and solutions that leave the only zero or come to it from infinity
        ("1 + s^2", False),
        ("s^2", False),
        ("1 - 2*s + s^2", False),
        ("s - s^3 + s^2 - 1", True),
        ("-s^3", False),
        ("1 - s^2", True),
        ("s - s^2", True),
        ("s^2 - s^3", True),
        ("2 - s", True),
        ("3", True),
    ],
)
def test_an_assumption_that_no_function_meets_is_not_exported(slope: str, solvable: bool) -> None:
    found = exported(f"activation s with s' = {slope}\ninput x\nparam u, v, w\nmap u*v*s(w*x)\nlaw b = u^2 - v^2\n")
    assert bool(found.files) == solvable
    if not solvable:
        assert "no function on all of R, but for constants, has the derivative s' = " in found.refused[0].reason


def test_a_refused_law_takes_no_other_with_it() -> None:
    found = exported("param u, v\nmap u*v\nlaw b = u^2 - v^2\nlaw r = relu(u^2 - v^2)\n")
    (file,) = found.files
    assert [claim.name for claim, _ in file.claims] == ["b"]
    assert [refusal.claim.name for refusal in found.refused] == ["r"]


def test_a_law_that_can_not_be_written_takes_no_other_with_it() -> None:
    text = "activation s homogeneous 1/2\nparam u, v\nmap u*v\nlaw b = u^2 - v^2\nlaw r = s(u^2 - v^2)\n"
    found = exported(text)
    (file,) = found.files
    assert [claim.name for claim, _ in file.claims] == ["b"]
    assert [refusal.claim.name for refusal in found.refused] == ["r"]


def test_laws_are_exported_as_their_verdict_is() -> None:
    # whatever the file expects
    found = exported("param u, v\nmap u*v\nlaw wrong = u^2 + v^2\nlaw right = u^2 - v^2  expect refuted\n")
    assert {file.name: [c.name for c, _ in file.claims] for file in found.files} == {
        "model_laws": ["right"],
        "model_refuted_wrong": ["wrong"],
    }


def test_laws_at_the_same_sizes_share_a_file() -> None:
    text = "dim n\nparam U, V: [n]\nmap U*V\nlaw a = U^2 - V^2\nlaw b = sqnorm(U) - sqnorm(V)\nlaw c = a_  for n = 3\n"
    text = text.replace("a_", "U^2 - V^2")
    found = exported(text)
    assert [(file.name, [c.name for c, _ in file.claims]) for file in found.files] == [
        ("model_laws_n2", ["a", "b"]),
        ("model_laws_n3", ["c"]),
        ("model_laws_all_sizes", ["a", "b"]),
    ]


def test_free_sizes_are_small_ones_that_fit() -> None:
    text = (
        "dim a, k, N\ninput x: [a, N]\nparam w: [a, a, k], v: [a, a, k]\n"
        "map conv1d(conv1d(x, w), v)\nlaw n = sqnorm(w) - sqnorm(v)\n"
    )
    (file,) = [file for file in exported(text).files if not file.all_sizes]
    assert file.sizes == {"a": 2, "k": 2, "N": 3}


def test_the_command_line_sets_sizes() -> None:
    (file,) = exported("dim n\nparam U, V: [n]\nmap U*V\nlaw a = U^2 - V^2\n", n=5).files
    assert file.sizes == {"n": 5} and file.name == "model_laws_n5"


def test_a_complete_claim_that_misses_a_law() -> None:
    text = "dim n = 2\nparam U, V: [n]\nmap U*V\nlaw a = U^2 - V^2\nlaw b = sum(U^2 - V^2)\ncomplete b expect refuted\n"
    names = [file.name for file in exported(text).files]
    assert names == ["model_laws_n2", "model_missing_line6_n2"]


@pytest.mark.parametrize("law", ["[u^2 - v^2, 1]", "0*u"])
def test_a_constant_is_not_independent(law: str) -> None:
    text = f"param u, v\nmap u*v\nlaw b = {law}\nindependent b\n"
    for said in (text, text.replace("independent b", "independent b expect refuted")):
        files = exported(said).files
        assert [file.name for file in files] == ["model_laws", "model_dependent_line4"]
        assert files[1].verdict == "REFUTED" and "~ independent D laws" in files[1].text


def test_a_complete_claim_with_a_law_that_is_not_conserved_says_which() -> None:
    found = exported("param u, v\nmap u*v\nlaw a = u^2 + v^2\ncomplete a\n")
    assert [(file.name, file.verdict) for file in found.files] == [
        ("model_refuted_a", "REFUTED"),
        ("model_refuted_complete_line4", "REFUTED"),
    ]
    assert "~ conserved D gradient phi a" in found.files[1].text


def test_what_is_known_to_be_false_is_exported_so() -> None:
    # whatever the file expects
    from claws.coq.exporter import Decided

    spec = load_text("param u, v\nmap u*v\nlaw a = [u^2, 2*u^2]\nindependent a\n", "model.claw")
    (found,) = [
        f
        for f in export(spec, known={(id(spec.claims[1]), ()): Decided("REFUTED", None)}).files
        if f.claims[0][0] is spec.claims[1]
    ]
    assert (found.name, found.verdict) == ("model_dependent_line4", "REFUTED")


def test_a_division_by_a_constant_that_may_be_zero_says_so() -> None:
    (refusal,) = exported("dim n\nconst a\nparam U, V: [n]\nmap U*V\nlaw b = (U^2 - V^2)/a\n").one_size
    assert refusal.reason.startswith("a division by other than a constant in `positive` or `nonzero`")


def test_claims_on_one_line_have_files_of_their_own() -> None:
    found = exported("param u, v\nmap u*v\nlaw b = u^2 - v^2 law c = 2*b2 let b2 = u^2 - v^2\ncomplete b complete c\n")
    assert {file.name: file.claims[0][0].name for file in found.files} == {
        "model_laws": "b",
        "model_complete_line4": "complete b",
        "model_complete_line4_2": "complete c",
    }


def test_laws_that_are_not_independent() -> None:
    text = "param u, v\nmap u*v\nlaw b = [u^2 - v^2, 2*u^2 - 2*v^2]\nindependent b expect refuted\n"
    names = [file.name for file in exported(text).files]
    assert names == ["model_laws", "model_dependent_line4"]


def test_a_complete_claim_with_a_law_that_is_none() -> None:
    text = "param u, v\nmap u*v\nlaw a = u^2 + v^2 expect refuted\ncomplete a expect refuted\n"
    files = exported(text).files
    assert [file.name for file in files] == ["model_refuted_a", "model_refuted_complete_line4"]


def test_a_claim_that_is_false_is_not_exported_as_true() -> None:
    # one law of two: no brackets can span the rest
    text = "dim n = 2\nparam U, V: [n]\nmap U*V\nlaw b = sum(U^2 - V^2)\ncomplete b\n"
    _, missing = exported(text).files
    assert (missing.name, missing.verdict) == ("model_missing_line5_n2", "REFUTED")
    assert "~ no_other_law D gradient phi laws" in missing.text


@pytest.mark.parametrize("dim", ["n", "lambda", "gradient"])
def test_an_index_with_a_dim_is_refused_whatever_the_dim_is_called(dim: str) -> None:
    # a keyword of Python, a name that gets a prime
    text = f"dim {dim}\ninput x: [2*{dim}]\nparam U, V: [{dim}]\nmap dot(x[{dim}:2*{dim}], U*V)\nlaw b = U^2 - V^2\n"
    found = exported(text)
    assert [file.all_sizes for file in found.files] == [False]
    assert found.one_size[0].reason == "an index that depends on the sizes can't be exported for all sizes yet"


def test_an_index_that_is_a_difference_is_refused_by_its_text() -> None:
    text = "dim n\ninput x: [n]\nparam U, V: [n]\nmap x[n-1]*sum(U*V)\nlaw b = U^2 - V^2\n"
    reasons = [refusal.reason for refusal in exported(text).one_size]
    assert reasons == ["the index `n - 1` can't be exported for all sizes yet"]


def test_what_is_decided_is_not_decided_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from claws.coq.exporter import Decided
    from claws.kernel.values.evidence import Witness

    def no_search(*_: object) -> None:
        raise AssertionError("decided again")

    text = "param u, v\nmap u*v\nlaw right = u^2 - v^2\nlaw wrong = u^2 + v^2\nlaw open = u\n"
    spec = load_text(text, "model.claw")
    right, wrong, unknown = spec.claims
    witness = exporter_witness(text)
    assert isinstance(witness, Witness)
    monkeypatch.setattr("claws.coq.exporter.decide_law", no_search)
    known: Known = {
        (id(right), ()): Decided("PROVED", None),
        (id(wrong), ()): Decided("REFUTED", witness),
        (id(unknown), ()): Decided("UNKNOWN", None, "time ran out"),
    }
    found = export(spec, known=known)
    assert [file.name for file in found.files] == ["model_laws", "model_refuted_wrong"]
    assert found.refused[0].reason == "it is not decided: time ran out"


def exporter_witness(text: str) -> object:
    from claws.prover.laws import decide_law

    spec = load_text(text, "model.claw")
    theorem = decide_law(Instance(spec, {}).statement("wrong"), 0, 20_000_000, 60.0).theorem
    assert theorem is not None
    return theorem.evidence


def test_laws_that_the_prover_finds_need_not_stand_in_the_file() -> None:
    found = exported(
        "param u, v, w, q\nmap u*v, w*q\nlaw b = u^2 - v^2\ncomplete b  expect refuted\ncount = 2\ncount >= 1\ncount = 1\n"
    )
    assert not found.refused
    (_, missing, two, more, one) = found.files
    assert "Definition other : pexp := polynomial_of [" in missing.text and missing.verdict == "REFUTED"
    assert "counted D gradient phi 2 (point p)." in two.text
    assert "counted D gradient phi 2 (point p) /\\ (2 >= 1)%Z." in more.text
    assert "counted D gradient phi 2 (point p) /\\ ~ (2 = 1)%Z." in one.text
    assert [file.verdict for file in (two, more, one)] == ["PROVED", "PROVED", "REFUTED"]


def test_one_field_has_laws_without_a_formula() -> None:
    found = exported("param u, v, w\nmap u + u^2*v + w^3\nlaw c = 0*u\ncomplete c  expect refuted\ncount = 2\n")
    assert not found.refused
    (_, missing, two) = found.files
    assert "check_missing_straight D p 0" in missing.text and "check_counted_straight D p 0" in two.text


def test_brackets_along_one_field_are_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    def search(*_: object, **__: object) -> None:
        raise AssertionError("a search in vain")

    monkeypatch.setattr(exporter, "search_certificate", search)
    (_, file) = exported("param u, v, w\nmap u*v*w, (u*v*w)^2\nlaw b = u^2 - v^2\ncount = 2\n").files
    assert "check_counted_straight D p 0" in file.text


@pytest.mark.parametrize("number", [-1, 10**12])
def test_a_count_is_compared_as_a_whole_number(number: int) -> None:
    (file,) = exported(f"param u, v\nmap u*v\ncount = {number}  expect refuted\n").files
    assert f"counted D gradient phi 1 (point p) /\\ ~ (1 = {number})%Z." in file.text


def test_models_without_a_direction_have_all_coordinates_as_laws() -> None:
    found = exported("param u, v\nmap 0*u + 1\nlaw all = [u, v]\ncomplete all\ncount = 2\n")
    assert not found.refused
    assert "counted D gradient phi 2 (point p)." in found.files[-1].text


def test_constants_that_are_drawn_are_in_general_position() -> None:
    # 1 and -1 would do for each alone
    found = exported(
        "const a, b in nonzero\nparam u, v\nmap a*u*v + b*u*v\nlaw c = (u^2 - v^2)*(2*a + b)\ncomplete c\ncount = 1\n"
    )
    assert not found.refused


def test_words_of_the_library_are_reserved() -> None:
    """A name of the file that is among them would be taken for it."""
    library: set[str] = set()
    for text in sources().values():
        library |= set(re.findall(r"^(?:Definition|Fixpoint|Inductive|Lemma|Theorem) ([\w']+)", text, re.MULTILINE))
    seen: set[str] = set()
    for model in WORDS:
        for file in exported(model).files:
            text = re.sub(r"\(\*.*?\*\)", "", file.text, flags=re.DOTALL)
            own = set(re.findall(r"(?:Definition|Lemma|Theorem) ([\w']+)", text))
            seen |= set(re.findall(r"[^\W\d][\w']*", text)) & library - own
    assert {"polynomial_of", "nth_array2", "refuted_ok", "counted_straight_ok", "independent_ok"} <= seen
    assert not seen - Names.reserved


WORDS = [
    "dim n = 2\nparam U, V: [n, n]\nmap U @ V.T\nlaw b = U.T @ U - V.T @ V\nlaw f = sqnorm(U) - sqnorm(V)\n"
    "law wrong = U  expect refuted\ncomplete b\ncomplete f  expect refuted\ncount = 3\nindependent b\n"
    "independent b, f  expect refuted\n",
    "param u, v, w\nmap u + u^2*v + w^3\nlaw c = 0*u\ncomplete c  expect refuted\ncount = 2\n",
    "dim n = 2\nparam u: [n], v in nonzero\nmap u[0]*v, u[1]\nlaw t = reshape(u, [1, 1, n])/v  expect refuted\n",
    "dim n = 2\ninput x: [n]\nparam u: [n], v: [n]\nmap u*exp(v*x)\nlaw t = reshape(u*0, [1, 1, n])\n",
    "dim n = 2\nparam u: [n]\nmap u\nlaw t = reshape(u*0, [1, 1, 1, n])\n",
]


def test_a_number_that_is_not_the_verdict_is_not_exported() -> None:
    """At special constants or data there may be more laws: a theorem about them would stand against a true verdict."""
    from claws.coq.exporter import Decided

    spec = load_text("param u, v\nmap u*v\nlaw b = u^2 - v^2\ncount = 2\n", "model.claw")
    count = spec.claims[1]
    found = export(spec, claims=[(count, {})], known={(id(count), ()): Decided("PROVED", None)})
    assert not found.files
    assert found.refused[0].reason.startswith(
        "there are 1 laws at the constants and data that were drawn, which is not"
    )
    (file,) = export(spec, claims=[(count, {})]).files
    assert file.verdict == "REFUTED"

"""The whole search on one file: what it finds, what it must never say, and what it keeps when it is stopped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from claws.discovery import stages as module
from claws.discovery.ansatz import PolynomialLaw
from claws.discovery.bare_model import bare_text, chosen_sizes
from claws.discovery.found import Findings, FoundLaw, Settings
from claws.discovery.generating import GradientSpan
from claws.discovery.polynomial_search import PolynomialSearch
from claws.discovery.stages import find_laws_of
from claws.kernel.core.errors import Malformed, Meter
from claws.kernel.core.finding import Verdict
from claws.report.findings import new_file
from claws.runner.check import check_text
from claws.runner.find import find_in_text
from claws.runner.options import Options
from claws.syntax.diagnostic import SourceError
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from claws.syntax.spec import Spec
from tests.properties.programs import Program, programs

EXAMPLES = Path(__file__).parents[2] / "examples"

quiet = settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])


def read(text: str) -> Spec:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return spec


def find(text: str, **given: Any) -> Findings:
    found = find_laws_of(read(text), Settings(**given))
    assert not found.errors, found.errors
    return found


def texts(found: Findings) -> list[str]:
    return [law.text for law in found.laws]


def assert_accepted(found: Findings, seed: int = 1) -> None:
    """`claws check` proves every law, and what is said of their number."""
    result = check_text(new_file(found), "found.claw", Options(seed=seed))
    assert not result.errors, (new_file(found), result.errors)
    assert result.claims
    for claim in result.claims:
        assert claim.verdict is Verdict.PROVED, (new_file(found), claim.name, claim.reason)


def test_powers_of_arrays_are_tried_up_to_the_degree() -> None:
    text = "dim n, m, r\nparam U: [n, r] in nonzero, V: [m, r]\nmap U @ V.T\nprecondition U by 1/U^2"
    assert texts(find(text, degree=4)) == ["sum(U^4, axis=0) - 2*diag(V.T @ V)"]


# --- what is found -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "laws"),
    [
        # the law of exp with a bias
        ("param u, v, b\ninput x\nmap u*exp(v*x + b)", ["u^2 - 2*b"]),
        # linear attention over two or more tokens has a law that softmax attention does not have
        (
            "dim T, d, k, v\ninput X: [T, d]\nparam Q: [d, k], K: [d, k], V: [d, v], O: [v, d]\n"
            "map (X @ Q @ K.T @ X.T) @ X @ V @ O",
            ["Q.T @ Q - K.T @ K", "V.T @ V - O @ O.T", "sqnorm(Q) - sqnorm(V)"],
        ),
        (
            "dim d, k, v\ninput X: [2, d]\nparam Q: [d, k], K: [d, k], V: [d, v], O: [v, d]\n"
            "map softmax(X @ Q @ K.T @ X.T) @ X @ V @ O",
            ["Q.T @ Q - K.T @ K", "V.T @ V - O @ O.T"],
        ),
        # there is none
        ("param u, v\ninput x\nmap u*tanh(v*x)", []),
        ("param u, v\nmap u, v", []),
        # without a loss that sees it
        ("param u, v\nmap u", ["v"]),
    ],
)
def test_all_laws_of_a_model(text: str, laws: list[str]) -> None:
    found = find(text)
    assert texts(found) == laws
    assert found.missing == 0
    assert_accepted(found)


def test_the_last_law_of_a_deep_linear_net_is_no_elementary_function() -> None:
    """One input and one output: D - 1 laws, and the balances are all but one.

    In singular values of b the flow is separable, with a polynomial of degree 5 under the root: the last law is the sum of two
    hyperelliptic integrals. So it is counted, and said to be missing.
    """
    found = find("param a: [2, 1], b: [2, 2], c: [1, 2]\nmap c @ b @ a", degree=4)
    assert (found.parameters, found.independent, found.count_at_least, found.count_at_most) == (8, 6, 7, 7)
    assert found.missing == 1
    assert_accepted(found)


def test_a_law_that_no_search_finds_is_counted_by_involution() -> None:
    """Two outputs u*s(w), so that nothing says at first sight that there is another law beside the balances."""
    found = find("param a: [2, 1], b: [2, 2], c: [1, 2], u: [2, 1]\nmap u @ c @ b @ a", degree=2)
    assert (found.parameters, found.independent, found.count_at_least, found.count_at_most) == (10, 7, 8, 8)
    assert found.missing == 1
    assert_accepted(found)


@pytest.mark.parametrize("name", ["two_layer_linear", "momentum", "nmf_entropic", "rational_law", "cp", "attention"])
def test_complete_claims_of_the_examples_are_reached(name: str) -> None:
    """From the bare model, at the sizes of each `complete` claim; every shipped law is a function of those that are found."""
    spec = read((EXAMPLES / f"{name}.claw").read_text(encoding="utf-8"))
    claims = [c for c in spec.claims if c.kind == "complete" and c.expected == "PROVED"]
    assert claims
    for claim in claims:
        sizes = claim.sizes[-1]
        found = find_laws_of(spec, Settings(sizes=sizes))
        assert found.missing == 0
        assert all(law.for_all_sizes or not spec.dims for law in found.laws)
        assert_spanned(found, spec, [c.name for c in spec.claims if c.kind == "law" and c.expected == "PROVED"])


def assert_spanned(found: Findings, spec: Spec, laws: Iterable[str]) -> None:
    """These laws of the file are functions of those that were found."""
    own = Instance(read(new_file(found)), found.sizes)
    model = own.model()
    span = GradientSpan(model, 8388593, 5, Meter(10**9))
    for name in own.spec.laws:
        statement = own.statement(name)
        span.add(span.of_nodes(statement, [statement.law]))
    for name in laws:
        statement = Instance(spec, found.sizes).statement(name)
        assert not span.news(span.of_nodes(statement, [statement.law])), name


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("dim n\nparam A: [n, n]\ninput x: [n]\nmap x @ A @ x", [1]),  # the antisymmetric part of a 2 x 2 matrix
        ("dim n, r\nparam U: [n, r]\nmap U @ U.T\nflow momentum(0)", [3]),
        ("dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T", [3]),
    ],
)
def test_entries_that_differ_in_sign_count_once(text: str, entries: list[int]) -> None:
    assert [law.entries for law in find(text).laws] == entries


def test_a_gap_that_stays_open_does_not_take_all_of_the_budget() -> None:
    """The one law of x^2 - x*y - 2*y^2 has irrational exponents: `complete` ends by itself, and says where."""
    text = "param x, y\nmap (x + y)*(x - 2*y)"
    stopped = find(text, complete=True, budget=500_000, timeout=None)
    assert (stopped.missing, stopped.degree) == (1, 2)
    note = "degrees above {} were not searched, for the work: raise --budget, or set --degree"
    assert note.format(2) in stopped.notes
    asked = find(text, complete=True, degree=4, budget=500_000, timeout=None)
    assert asked.degree == 4 and note.format(4) in asked.notes
    further = find(text, complete=True, budget=1_000_000, timeout=None)
    assert (further.missing, further.degree) == (1, 12)
    assert not any("degrees above" in line for line in further.notes)


@pytest.mark.parametrize(
    "text",
    [
        # the laws of a function of whole arrays can't be counted
        "dim n, m\nfunction F\nparam A: [n, m], B: [m, n]\nmap F(A @ B)",
    ],
)
def test_no_more_is_claimed_than_the_kernel_can_count(text: str) -> None:
    found = find(text)
    assert found.laws and found.counted < found.count_at_most
    assert "count >= " in new_file(found) and "complete" not in new_file(found)
    assert_accepted(found)


def test_a_law_that_is_missing_is_counted_all_the_same() -> None:
    """Where x > 0, z - log(x + y) is conserved beside x^2 - y^2: the output is one number without data."""
    found = find("param x, y, z\nmap relu(x)*y + z")
    assert (len(found.laws), found.counted, found.count_at_most, found.missing) == (1, 2, 2, 1)
    assert "count = 2\n" in new_file(found) and "complete" not in new_file(found)
    assert_accepted(found)


def test_laws_with_related_exponentials_are_counted_together() -> None:
    found = find("const lambda\nparam u, v, z\nmap sin(u*v)\nflow gradient, decay(lambda)")
    assert (len(found.laws), found.counted, found.count_at_most, found.missing) == (2, 2, 2, 0)
    assert "complete law1, law2\n" in new_file(found)
    assert_accepted(found)


def test_laws_that_cannot_be_counted_together_are_counted_by_involution() -> None:
    found = find("const lambda\nparam u, v, z\nmap u*v\nflow gradient, decay(lambda)")
    assert (len(found.laws), found.counted, found.count_at_most, found.missing) == (2, 2, 2, 0)
    assert_accepted(found)


@pytest.mark.parametrize("function", ["sqrt(x)", "x^(1/3)"])
def test_a_function_that_the_search_cannot_evaluate_is_refused(function: str) -> None:
    """It would cost all other functions, and nobody would know without --verbose."""
    text = "param x, y\nmap x/(1 + y^2)"
    found = find_laws_of(read(text), Settings(basis=("1/x", function)))
    (error,) = found.errors
    assert error.code == "CLAW022" and error.message.startswith("the search can't evaluate this function: ")
    assert find(text, basis=("1/x",)).missing == 0


def test_laws_for_whole_arrays_replace_those_of_entries() -> None:
    text = "dim n, r\nparam U: [n, r] in positive\ninput x: [n]\nmap dot(log(U) @ ones(r), x)"
    found = find(text)
    assert texts(found) == ["U^2 - U[:, 0:1]^2"]
    assert found.laws[0].for_all_sizes
    assert found.laws[0].name == "law1"


def test_raw_laws_have_the_sizes_at_which_they_hold() -> None:
    found = find("dim n, m\nparam U: [n, m]\nmap U @ U.T", sizes={"n": 2, "m": 3})
    assert [law.for_all_sizes for law in found.laws] == [False, False]
    assert all(law.claim.endswith(" for n = 2, m = 3") for law in found.laws)
    assert_accepted(found)


@pytest.mark.parametrize("text", ["param u, v, w, q\nmap u + 2*v, tanh(1)", "param u: [4]\nmap sum(u), tanh(1)"])
def test_generators_that_are_constant(text: str) -> None:
    found = find(text)
    assert found.independent == 3
    assert_accepted(found)


def test_degrees_are_raised_until_no_law_is_missing() -> None:
    """The harmonic conjugate of a polynomial of degree 5."""
    text = "param x, y\nmap 5*x^4*y - 10*x^2*y^3 + y^5"
    assert find(text, degree=1).missing == 1
    found = find(text, degree=1, complete=True)
    assert texts(found) == ["x^5 - 10*x^3*y^2 + 5*x*y^4"]
    assert found.missing == 0
    assert_accepted(found)


# --- what is never said --------------------------------------------------------------------------------------------------


@pytest.mark.slow
@quiet
@given(programs(depth=1), st.integers(0, 3))
def test_random_models(program: Program, seed: int) -> None:
    """Every law that is found is accepted; where none is missing, those that are known are functions of them."""
    spec = read(program.text)
    found = find_laws_of(spec, Settings(seed=seed, budget=2_000_000, timeout=None))
    assert not found.errors, found.errors
    lines = [line for line in new_file(found).split("\n") if not line.startswith(("count", "complete"))]
    if found.laws:
        result = check_text("\n".join(lines), "found.claw", Options(seed=seed + 7, timeout=None))
        assert not result.errors and result.claims
        assert all(claim.verdict is Verdict.PROVED for claim in result.claims), (lines, result.claims)
    if not found.missing:
        assert_spanned(found, spec, sorted(program.true))


FALSE = ["u + v", "u^2 + v^2", "exp(u)*v", "u/v", "u*v - 3*u", "1/(u - v)"]


@pytest.mark.parametrize("text", FALSE)
def test_a_false_law_from_the_matrix_search_is_dropped(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def lies(*given: object) -> Iterator[FoundLaw]:
        yield FoundLaw(text, True)
        yield FoundLaw("u^2 - v^2", False)

    monkeypatch.setattr(module, "search_matrix_laws", lies)
    found = find("param u, v\nmap u*v")
    assert texts(found) == ["u^2 - v^2"]
    assert any(note.startswith("dropped") and text in note for note in found.notes)


def test_a_law_of_these_sizes_alone_is_not_said_to_hold_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    def lies(*given: object) -> Iterator[FoundLaw]:
        yield FoundLaw("U.T @ U - V.T @ V", True)

    monkeypatch.setattr(module, "search_matrix_laws", lies)
    text = "dim n, m, r\nparam U: [n, r], V: [m, r]\ninput x: [m]\nmap U @ relu(V.T @ x)"
    found = find(text, sizes={"n": 1, "m": 1, "r": 1})
    assert [(law.claim, law.for_all_sizes) for law in found.laws] == [
        ("U.T @ U - V.T @ V for n = 1, m = 1, r = 1", False)
    ]
    assert not texts(find(text, sizes={"n": 1, "m": 1, "r": 2}))[0].startswith("U.T @ U")


@given(st.integers(0, 2**32))
@settings(deadline=None, max_examples=15)
def test_false_polynomials_are_dropped(seed: int) -> None:
    """As if a prime had been unlucky: the search believes in random polynomials."""
    random = Random(seed)
    true = PolynomialSearch.laws

    def lies(self: PolynomialSearch, degree: int) -> Iterator[PolynomialLaw]:
        count = len(self.ansatz.letters)
        for _ in range(3):
            monomial = tuple(sorted(random.randrange(count) for _ in range(degree)))
            other = tuple(sorted(random.randrange(count) for _ in range(degree)))
            yield PolynomialLaw(self.ansatz, {monomial: random.randint(1, 3), other: random.randint(1, 3)})
        yield from true(self, degree)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PolynomialSearch, "laws", lies)
        patch.setattr(module, "search_matrix_laws", lambda *given: iter(()))
        found = find("param u, v, w\nmap u*v*w, u")
    assert texts(found) == ["v^2 - w^2"]
    assert_accepted(found)


def test_the_upper_bound_has_the_kernels_word(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: object) -> None:
        raise Malformed("no")

    monkeypatch.setattr(module.NumberSearch, "confirmed", refuse)  # type: ignore[attr-defined]
    for text in ("param u, v\ninput x\nmap u*v*x", "param x, y, z\nmap x*y*z + x^2"):
        found = find(text)
        assert found.count_at_most == found.parameters
        assert "the kernel has not accepted the upper bound: no" in found.notes


# --- the bare model and its sizes ----------------------------------------------------------------------------------------


def test_the_bare_model_keeps_what_is_not_about_claims() -> None:
    text = (
        '"""A net."""\nmodel net\n# sizes\ndim n, r = 2  # two\nparam u: [n]\nmap sum(u)*ones(r)\n\n# the laws\n'
        "law a = u  expect refuted  # no\ncount = 1 for n = 2\nlet unused = u\n# end\n"
    )
    assert bare_text(read(text), {"r": 3, "n": 5}) == (
        '"""A net."""\nmodel net\n# sizes\ndim n, r = 3  # two\nparam u: [n]\nmap sum(u)*ones(r)\n\nlet unused = u\n'
    )


def test_claims_play_no_part_but_their_names_are_taken() -> None:
    found = find("param u, v, law1\nmap u*v*law1\nlaw law2 = u + v expect refuted\n")
    assert texts(found) == ["u^2 - v^2", "u^2 - law1^2"]
    assert not {law.name for law in found.laws} & {"law1", "law2"}
    assert_accepted(found)


@pytest.mark.parametrize(
    ("text", "given", "sizes"),
    [
        ("param u\nmap u", {}, {}),
        ("dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T", {}, {"n": 2, "m": 3, "r": 2}),
        ("dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T", {"m": 1}, {"n": 2, "m": 1, "r": 3}),
        ("dim n, m = 4\nparam U: [n, m]\nmap U", {"m": 7}, {"n": 2}),
        ("dim N, k\ninput x: [1, N]\nparam w: [1, 1, k]\nmap conv1d(x, w)", {}, {"N": 3, "k": 2}),
        ("dim n\nparam u: [n], v: [n - 4]\nmap u[0:n-4]*v", {}, {"n": 6}),
        # a vector of two that is normalised is (1, -1), whatever it was
        ("dim n, m\nparam W: [n, m]\ninput x: [m]\nmap layernorm(W @ x)", {}, {"n": 3, "m": 3}),
        ("dim n, m\nparam W: [n, m]\ninput x: [m]\nmap rmsnorm(W @ x)", {}, {"n": 2, "m": 3}),
        ("dim B\nparam u\ninput x: [B]\nmap (u*x - sum(u*x)/B)/sqrt(sqnorm(u*x - sum(u*x)/B))", {}, {"B": 3}),
        ("dim n, m\nparam W: [n, m]\ninput x: [m]\nmap layernorm(W @ x)", {"n": 2}, {"n": 2, "m": 2}),
    ],
)
def test_sizes_that_nobody_gave_are_small_and_make_sense(
    text: str, given: dict[str, int], sizes: dict[str, int]
) -> None:
    assert chosen_sizes(read(text), given) == sizes


def test_sizes_without_a_meaning_are_an_error() -> None:
    spec = read("dim N, k\ninput x: [1, N]\nparam w: [1, 1, k]\nmap conv1d(x, w)")
    with pytest.raises(SourceError, match="kernel"):
        chosen_sizes(spec, {"N": 2, "k": 5})
    assert chosen_sizes(spec, {"N": 5, "k": 2}) == {"N": 5, "k": 2}


# --- how it ends ---------------------------------------------------------------------------------------------------------

SLOW = "dim n, m\nparam U: [n, m]\nmap U @ U.T"


def test_a_budget_that_ends_keeps_what_was_found() -> None:
    found = find("param u, v, w\ninput x\nmap x*u*v*w + x^2*u^3", budget=2_000)
    assert any("raise it with --budget" in note or "used up" in note for note in found.notes)
    assert found.count_at_most <= found.parameters


def test_an_interruption_keeps_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(self: object, degree: int) -> Iterator[PolynomialLaw]:
        raise KeyboardInterrupt

    monkeypatch.setattr(PolynomialSearch, "laws", interrupt)
    found = find("param a: [2, 1], b: [2, 2], c: [1, 2]\nmap c @ b @ a")
    assert found.interrupted
    assert len(found.laws) == 2
    assert (found.independent, found.count_at_most) == (6, 7)


def test_a_bug_keeps_what_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(self: object, degree: int) -> Iterator[PolynomialLaw]:
        raise ZeroDivisionError("here")

    monkeypatch.setattr(PolynomialSearch, "laws", fail)
    text = "param a: [2, 1], b: [2, 2], c: [1, 2]\nmap c @ b @ a"
    kept = Findings("<text>")
    with pytest.raises(ZeroDivisionError, match="here"):
        find_laws_of(read(text), Settings(), found=kept)
    assert len(kept.laws) == 2
    # whoever runs the search says what it means
    found = find_in_text(text, "<text>", Settings())
    assert found.failed
    assert [d.code for d in found.errors] == ["CLAW090"]
    assert len(found.laws) == 2


def test_errors_of_a_file_are_its_result() -> None:
    found = find_laws_of(load_text("param u\nmap v\n"), Settings())
    assert [d.code for d in found.errors] == ["CLAW021"]
    assert not found.laws


def test_symmetries_are_described() -> None:
    found = find("dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T", symmetries=True)
    assert found.laws[0].symmetry == "U -> U exp(s*S), V -> V exp(-s*S), S symmetric"
    assert len(found.symmetries) == 1  # the rotation
    assert not find("dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T").symmetries


def test_laws_of_networks_made_of_blocks() -> None:
    path = EXAMPLES / "gallery" / "blocks" / "transformer_layer.claw"
    found = find_laws_of(
        load_text(path.read_text(encoding="utf-8"), str(path)), Settings(sizes={"T": 2, "d": 2, "k": 1, "r": 1})
    )
    assert texts(found) == [
        "A.Q.T @ A.Q - A.K.T @ A.K",
        "A.V.T @ A.V - A.O.T @ A.O",
        "diag(M.U.T @ M.U) - diag(M.D @ M.D.T)",
    ]
    assert found.missing == 0


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(EXAMPLES.rglob("*.claw")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_wherever_a_file_claims_to_be_complete_the_bare_model_gives_all(path: Path) -> None:
    """Of every example and every file of the gallery, at the first and the last of the sizes of each `complete` claim."""
    spec = load_text(path.read_text(encoding="utf-8"), str(path))
    claimed = [c for c in spec.claims if c.kind == "complete" and c.expected == "PROVED" and c.among is None]
    for sizes in [s for c in claimed for s in (c.sizes[0], c.sizes[-1])]:
        found = find_laws_of(spec, Settings(sizes=sizes, timeout=None))
        assert found.missing == 0, sizes
        assert found.count_at_least == found.count_at_most == found.independent

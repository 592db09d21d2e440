"""Bounds for the number of laws: what is accepted, and forged evidence that is refused for the right reason."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from claws.kernel.core.errors import Malformed, Meter, Refused
from claws.kernel.core.program import Apply, Leaf, renumbered
from claws.kernel.core.sizes import ONE
from claws.kernel.counting import points as lie
from claws.kernel.counting.evidence import Bundle, Evidence, NotConserved, Relation, Sandwich, Step, TruePoint
from claws.kernel.counting.involution import ONE_FIELD
from claws.kernel.counting.points import CountedModel, ExactRanks, Ranks, Setting
from claws.kernel.counting.statements import AnyStatement, Complete, Count, Independent
from claws.kernel.format.certificate import Certificate, read_certificate
from claws.kernel.laws.evidence import ByPolynomials, ByTensors
from claws.kernel.theorem import Theorem, check
from claws.kernel.values.evidence import Choices, Witness
from claws.prover.certificates import write_certificate
from claws.prover.path_ranks import PathRanks
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text

P = 8388593
LINEAR = (
    "param U: [2, 2], V: [2, 2]\nmap U @ V.T\n"
    "law balance = U.T @ U - V.T @ V\nlaw norm = sqnorm(U)\nlaw same = V.T @ V - U.T @ U\n"
)
STEPS = (Step(1, 8), Step((1, 1), 8))


def statements(text: str, claim: str) -> AnyStatement:
    spec = load_text(text + claim + "\n")
    assert not spec.diagnostics, spec.diagnostics
    return Instance(spec, {}).number_statement(spec.claims[-1])


def count(relation: str, number: int, text: str = LINEAR) -> Count:
    found = statements(text, f"count {relation} {number}")
    assert isinstance(found, Count)
    return found


def sandwich(
    statement: AnyStatement, law: str = "balance", text: str = LINEAR, steps: Sequence[Step] = STEPS
) -> Sandwich:
    """The sandwich of one law of the file, put after the statement's program."""
    from claws.prover.counting import appended

    spec = load_text(text)
    about = Instance(spec, {}).statement(law)
    program, (node,) = appended(statement.program, about.program, [about.law])
    more = program.nodes[len(statement.program.nodes) :]
    return Sandwich(more, ((node, ByTensors({})),), tuple(steps), P, 0)


def judge(statement: AnyStatement, evidence: Evidence, ranks: Ranks | None = None) -> Theorem:
    return check(statement, evidence, Meter(10**7), ranks)


# --- count -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("relation", "number", "verdict"),
    [
        *(("=", 3, "PROVED"), (">=", 3, "PROVED"), ("<=", 3, "PROVED"), (">=", 0, "PROVED"), ("<=", 8, "PROVED")),
        *(("=", 2, "REFUTED"), ("=", 4, "REFUTED"), (">=", 4, "REFUTED"), ("<=", 2, "REFUTED")),
    ],
)
def test_a_count_is_compared_with_both_bounds(relation: str, number: int, verdict: str) -> None:
    statement = count(relation, number)
    theorem = judge(statement, sandwich(statement))
    assert (theorem.verdict, theorem.method, theorem.sizes) == (verdict, "sandwich", {})
    assert theorem.found == {
        "parameters": 8,
        "coordinates": 8,
        "lie_dimension_at_least": 5,
        "count_at_least": 3,
        "count_at_most": 3,
    }
    assert theorem.trust == ("core 3", "tensors 3", "values 3", "counting 3", f"ranks modulo {P}")


def test_bounds_that_do_not_meet_decide_nothing() -> None:
    statement = count("=", 3)
    good = sandwich(statement)
    for bad in (replace(good, steps=(Step(1, 8),)), replace(good, steps=()), replace(good, laws=())):
        with pytest.raises(Refused, match="the bounds do not decide the claim"):
            judge(statement, bad)
    assert judge(statement, good).verdict == "PROVED"


def test_a_law_is_not_believed() -> None:
    statement = count(">=", 1)
    assert judge(statement, sandwich(statement, steps=())).verdict == "PROVED"
    with pytest.raises(Refused, match="the normal form of the residue does not vanish"):
        judge(statement, sandwich(statement, "norm", steps=()))
    good = sandwich(statement, steps=())
    ((node, _),) = good.laws
    with pytest.raises(Refused, match="is not zero"):
        judge(
            statement,
            replace(sandwich(statement, "norm", steps=()), laws=((_last(statement, "norm"), ByPolynomials()),)),
        )
    assert judge(statement, replace(good, laws=((node, ByPolynomials()),))).verdict == "PROVED"


def _last(statement: AnyStatement, law: str) -> int:
    return sandwich(statement, law).laws[0][0]


def test_the_program_must_continue_the_statement() -> None:
    statement = count("=", 3)
    good = sandwich(statement)
    assert judge(statement, replace(good, nodes=(*good.nodes, Leaf("W", "const", (ONE,))))).verdict == "PROVED"
    for role in ("param", "input", "velocity", "time"):
        more = replace(good, nodes=(*good.nodes, Leaf("W", role, (ONE,))))
        with pytest.raises(Refused, match="something that the model does not have"):
            judge(statement, more)


def test_the_laws_of_a_sandwich_are_read_in_the_statements_own_model() -> None:
    """Nodes continue the statement's, so what is a law of one model is no law of another."""
    statement = count("=", 3)
    good = sandwich(statement)
    assert judge(statement, good).verdict == "PROVED"
    # the loss sees U by itself too: the balance changes
    other = count("=", 3, LINEAR.replace("map U @ V.T", "map U @ V.T + U"))
    place = {n: n for n in range(len(statement.program.nodes))}
    shift = len(other.program.nodes) - len(statement.program.nodes)
    assert shift > 0
    place |= {n: n + shift for n in range(len(place), len(place) + len(good.nodes))}
    moved = replace(
        good,
        nodes=tuple(renumbered(node, place) for node in good.nodes),
        laws=tuple((place[n], evidence) for n, evidence in good.laws),
    )
    with pytest.raises(Refused, match="the normal form of the residue does not vanish"):
        judge(other, moved)
    with pytest.raises(Refused, match="a node that is not there"):
        judge(statement, replace(good, laws=((10_000, ByTensors({})),)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"modulus": 6}, "a modulus is odd and at least 1000"),
        ({"steps": (Step(1, -1),)}, "no sensible one"),
    ],
)
def test_senseless_evidence_is_refused(change: dict[str, object], reason: str) -> None:
    statement = count("=", 3)
    with pytest.raises(Malformed, match=reason):
        judge(statement, replace(sandwich(statement), **change))  # type: ignore[arg-type]


def test_brackets_of_too_many_generators_are_refused() -> None:
    tree: lie.Tree = 1
    for _ in range(lie.MAX_DEPTH):
        tree = (tree, 1)
    statement = count("=", 3)
    with pytest.raises(Malformed, match="no sensible one"):
        judge(statement, replace(sandwich(statement), steps=(Step(tree, 1),)))


def test_brackets_of_too_many_nilpotents_are_refused() -> None:
    tree: lie.Tree = 1
    for _ in range(lie.MAX_LEVEL + 1):
        tree = (1, tree)
    statement = count("=", 3)
    with pytest.raises(Malformed, match="no sensible one"):
        judge(statement, replace(sandwich(statement), steps=(Step(tree, 1),)))


@pytest.mark.parametrize("modulus", [2147483647, 2879 * 2903, 2**29 - 3, 8388593 * 3, 1009])
def test_the_accelerator_takes_no_modulus_for_which_it_is_not_exact(modulus: int) -> None:
    from claws.prover.array_ranks import ArrayRanks

    statement = count("=", 3)
    evidence = sandwich(statement)
    assert judge(statement, evidence, ArrayRanks()).verdict == "PROVED"
    with pytest.raises(Refused, match="none of the primes"):
        judge(statement, replace(evidence, modulus=modulus), ArrayRanks())


def test_at_an_unlucky_point_nothing_is_proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """At theta = 0 every rank is smaller than at generic parameters: proofs are lost, none is wrong."""
    statement = count("=", 3)
    evidence = sandwich(statement)
    assert judge(statement, evidence).verdict == "PROVED"
    monkeypatch.setattr(lie, "draw", lambda start, k, modulus: 0)
    with pytest.raises(Refused, match="the bounds do not decide the claim"):
        judge(statement, evidence)


def test_an_unlucky_prime_proves_nothing_wrong() -> None:
    """Modulo P the output P*x*y + z is z alone; over the rationals there are 2 - not 2 + 1 - laws of x, y, z."""
    text = f"param x, y, z\nmap {P}*x*y, z\nlaw l = x^2 - y^2\n"
    statement = count("=", 1, text)
    evidence = sandwich(statement, "l", text, (Step(1, 4), Step((1, 1), 4)))
    with pytest.raises(Refused, match="the bounds do not decide the claim"):
        judge(statement, evidence)
    assert judge(statement, replace(evidence, modulus=8388587)).verdict == "PROVED"


def test_a_composite_modulus_proves_nothing_without_units() -> None:
    statement = count("=", 3)
    with pytest.raises(Refused, match=r"a pivot is no unit|the bounds do not decide"):
        judge(statement, replace(sandwich(statement), modulus=3**13))


class Liar(ExactRanks):
    """An accelerator that says more than there is."""

    name = "a liar"

    def of_brackets(self, model: CountedModel, steps: Sequence[Step], setting: Setting, meter: Meter) -> int:
        return super().of_brackets(model, steps, setting, meter) + 1


def test_an_accelerator_is_named_and_caught_where_bounds_contradict() -> None:
    statement = count("=", 3)
    evidence = sandwich(statement)
    assert "a liar" in judge(count("<=", 4), replace(evidence, laws=()), Liar()).trust
    with pytest.raises(Refused, match="a premise is false"):
        judge(statement, evidence, Liar())


def test_one_number_without_data_leaves_all_laws_but_one() -> None:
    text = (
        "param A: [1, 2], B: [2, 2], C: [2, 1]\nmap A @ B @ C\nlaw l = A.T @ A - B @ B.T\nlaw k = B.T @ B - C @ C.T\n"
    )
    statement = count("=", 7, text)
    evidence = replace(sandwich(statement, "l", text), laws=(), steps=(Step(1, 1),), involution=ONE_FIELD)
    assert judge(statement, evidence).verdict == "PROVED"
    with pytest.raises(Refused, match="the bounds do not decide the claim"):
        judge(statement, replace(evidence, involution=None))
    complete = statements(text, "complete l, k")
    assert isinstance(complete, Complete)
    laws = tuple((n, ByTensors({})) for n in complete.laws)
    assert judge(complete, Sandwich((), laws, (Step(1, 1),), P, 0, involution=ONE_FIELD)).verdict == "REFUTED"


# --- complete and independent --------------------------------------------------------------------------------------------


def test_complete_needs_every_law_and_all_the_rank() -> None:
    statement = statements(LINEAR, "complete balance")
    assert isinstance(statement, Complete)
    good = Sandwich((), ((statement.laws[0], ByTensors({})),), STEPS, P, 0)
    assert judge(statement, good).verdict == "PROVED"
    with pytest.raises(Refused, match="does not prove every law"):
        judge(statement, replace(good, laws=()))


def test_complete_is_refuted_by_a_law_that_is_not_conserved() -> None:
    statement = statements(LINEAR, "complete balance, norm")
    one = {(0, 0): Fraction(1)}
    witness = Witness({}, {"U": one, "V": one}, Choices(), (), 0, (0, 0), Fraction(2))
    theorem = judge(statement, NotConserved(1, witness))
    assert (theorem.verdict, theorem.method) == ("REFUTED", "witness")
    with pytest.raises(Refused, match="the residue at the witness is"):
        judge(statement, NotConserved(1, replace(witness, residue=Fraction(3))))
    with pytest.raises(Refused, match=r"an entry that the law does not have|is zero"):
        judge(statement, NotConserved(0, witness))
    with pytest.raises(Refused, match="a law that the statement does not have"):
        judge(statement, NotConserved(2, witness))


def test_equal_and_opposite_entries_count_once() -> None:
    for claim in ("independent balance", "independent balance, same"):
        statement = statements(LINEAR, claim)
        assert judge(statement, Sandwich((), (), (), P, 0)).verdict == "PROVED"


def relation(*terms: tuple[int, tuple[tuple[int, int], ...]]) -> Relation:
    return Relation(tuple((Fraction(c), powers) for c, powers in terms), P, 0)


def test_independent_is_refuted_by_a_relation_between_different_entries() -> None:
    text = "param x, y\nmap x*y\nlaw a = [x^2 - y^2, y^2 - x^2, (x^2 - y^2)^2]\n"
    statement = statements(text, "independent a")
    assert isinstance(statement, Independent)
    good = relation((1, ((0, 2),)), (-1, ((2, 1),)))
    assert judge(statement, good).method == "relation"
    for bad, reason in [
        (relation((1, ((0, 2),)), (1, ((2, 1),))), "does not hold"),
        (relation((1, ((0, 1),)), (1, ((1, 1),))), "counts with another"),
        (relation((1, ((0, 1),)), (1, ((7, 1),))), "is not there"),
        (relation(), "says nothing about gradients"),
        (relation((1, ((0, 1), (0, 1))), (-1, ((0, 2),))), "names an entry twice"),
        (replace(good, modulus=7), "a modulus is odd and at least 1000"),
        (relation((1, ((0, 1),)), (-1, ((0, 1),))), "says nothing about gradients"),
        (relation((1, ((0, 4),)), (-2, ((0, 2), (2, 1))), (1, ((2, 2),))), "says nothing about gradients"),
    ]:
        with pytest.raises(Refused, match=reason):
            judge(statement, bad)


def test_entries_that_are_equal_only_as_functions_count_once() -> None:
    text = "param a, b\nmap 1\nlaw h = [(a^2 - b^2)/(a - b), a + b, a - b]\n"
    statement = statements(text, "independent h")
    assert judge(statement, Sandwich((), (), (), P, 0)).verdict == "PROVED"
    more = statements(text.replace("a - b]", "a - b, a]"), "independent h")
    assert judge(more, Sandwich((), (), (), P, 0)).verdict == "REFUTED"


def test_a_constant_entry_is_dependent() -> None:
    statement = statements("param x, y\nmap x*y\nlaw a = [x^2 - y^2, 1]\n", "independent a")
    assert judge(statement, relation((1, ((1, 1),)), (-1, ()))).verdict == "REFUTED"


@pytest.mark.parametrize("claim", ["count = 3", "complete balance", "independent balance", "law l = U"])
def test_evidence_of_another_kind_is_refused(claim: str) -> None:
    spec = load_text(LINEAR + claim + "\n")
    instance = Instance(spec, {})
    statement = instance.statement("l") if claim.startswith("law") else instance.number_statement(spec.claims[-1])
    with pytest.raises(Malformed, match="this evidence is not about"):
        judge(statement, relation() if not claim.startswith("independent") else ByTensors({}))


# --- paths -------------------------------------------------------------------------------------------------------------

RELU = "input x: [2]\nparam W: [2, 2], u: [2]\nmap dot(u, relu(W @ x))\nlaw l = diag(W @ W.T) - u^2\n"


def path_evidence(statement: Count) -> Sandwich:
    from claws.kernel.counting.bounds import simple_model
    from claws.prover.relu_paths import find_paths

    return replace(sandwich(statement, "l", RELU, ()), paths=find_paths(simple_model(statement)))


def test_paths_prove_the_number_for_a_network_of_relus() -> None:
    statement = count("=", 2, RELU)
    theorem = judge(statement, path_evidence(statement), PathRanks())
    assert theorem.verdict == "PROVED"
    assert theorem.premises == ()
    assert "paths followed by an accelerator" in theorem.trust


def test_the_kernel_follows_no_path_by_itself() -> None:
    statement = count("=", 2, RELU)
    with pytest.raises(Refused, match="an accelerator must"):
        judge(statement, path_evidence(statement))


def test_paths_that_leave_the_model_are_refused() -> None:
    statement = count("=", 2, RELU)
    good = path_evidence(statement)
    first = good.paths[0]
    shorter = Bundle(
        0, first.entries[:3], tuple((x, p[:3]) for x, p in first.data), tuple((n, p[:3]) for n, p in first.on)
    )

    def with_first(**change: object) -> Sandwich:
        return replace(good, paths=(replace(first, **change), *good.paths[1:]))  # type: ignore[arg-type]

    for bad, reason in [
        (with_first(output=1), "names an output that is not there"),
        (with_first(entries=(7,) * len(first.entries)), "a path leaves an array"),
        (with_first(data=(("y", first.entries),)), "y is no input"),
        (with_first(on=((10_000, first.entries),)), "names a node that is not there"),
        (with_first(on=()), "the bounds do not decide the claim"),
        (replace(good, paths=(shorter,)), "the bounds do not decide the claim"),
        (replace(good, paths=(shorter,) * 3), "the bounds do not decide the claim"),
    ]:
        with pytest.raises(Refused, match=reason):
            judge(statement, bad, PathRanks())


def test_paths_through_units_that_are_one_function_are_refused() -> None:
    text = "input x: [2]\nparam w: [2], u: [2]\nmap u[0]*relu(dot(w, x)) + u[1]*relu(sum(x*w))*x[0]\n"
    statement = count("<=", 4, text)
    bundle = Bundle(0, (0,), (("x", (0,)),), ())
    with pytest.raises(Refused, match="proportional arguments and share their kink"):
        judge(statement, Sandwich((), (), (), P, 0, (bundle,)), PathRanks())


def test_paths_and_a_true_point_are_no_evidence_together() -> None:
    """The patterns that paths may rest on occur at some parameters, and the point may be elsewhere."""
    statement = count("<=", 2, "param u, w, b\ninput x\nmap u*relu(w*x) + b\n")
    unit = next(n for n, node in enumerate(statement.program.nodes) if isinstance(node, Apply))
    paths = (Bundle(0, (0,), (("x", (0,)),), ((unit, (0,)),)),)
    point = TruePoint(0, (("u", (1,)), ("w", (2,)), ("b", (0,))), ((1,),))
    assert judge(statement, Sandwich((), (), (), P, 0, paths), PathRanks()).verdict == "PROVED"
    with pytest.raises(Malformed, match="paths are followed at parameters that are drawn"):
        judge(statement, Sandwich((), (), (), P, 0, paths, point), PathRanks())


def test_a_piecewise_law_is_complete_near_the_point_where_it_was_seen() -> None:
    """Where w < 0 all parameters are laws, and relu(w) says nothing of them."""
    for law, is_piecewise in (("relu(w)", True), ("w", False)):
        statement = statements(f"param w\nmap 0*w\nlaw l = {law}\n", "complete l")
        assert isinstance(statement, Complete)
        laws = ((statement.laws[0], ByTensors({})),)
        for w in (1, -1):
            evidence = Sandwich((), laws, (), P, 0, (), TruePoint(0, (("w", (w,)),), ()))
            if is_piecewise and w < 0:
                with pytest.raises(Refused, match="the bounds do not decide the claim"):
                    judge(statement, evidence)
                continue
            theorem = judge(statement, evidence)
            assert theorem.verdict == "PROVED"
            assert [(x.name, x.entries) for x in theorem.near] == [("w", (Fraction(w),))]


# --- claims that speak of no point ----------------------------------------------------------------------------------------

NO_POINT = "a claim that speaks of no point is not proved"


def test_a_point_without_data_is_none_at_which_the_model_has_values() -> None:
    for output, some in (("sqrt(1 + u^2)*v", True), ("sqrt(-1 - u^2)*v", False)):
        statement = count(">=", 1, f"param u, v\nmap {output}\n")
        for point in (None, TruePoint(0, (("u", (1,)), ("v", (1,))), ())):
            evidence = Sandwich((), (), (), P, 0, (), point, ONE_FIELD)
            if some:
                assert judge(statement, evidence).verdict == "PROVED"
            else:
                with pytest.raises(Refused, match=NO_POINT):
                    judge(statement, evidence)


@pytest.mark.parametrize("claim", ["independent l", "complete l"])
def test_laws_have_a_value_somewhere(claim: str) -> None:
    for law, some in (("log(1 + w^2)", True), ("log(-1 - w^2)", False)):
        statement = statements(f"param w, v\nmap v\nlaw l = {law}\n", claim)
        assert isinstance(statement, Independent | Complete)
        laws = ((statement.laws[0], ByTensors({})),) if claim == "complete l" else ()
        evidence = Sandwich((), laws, (Step(1, 3),), P, 0)
        if some:
            assert judge(statement, evidence).verdict == "PROVED"
        else:
            with pytest.raises(Refused, match=NO_POINT):
                judge(statement, evidence)


def test_a_relation_holds_where_the_laws_have_values() -> None:
    evidence = relation((2, ((0, 1),)), (-1, ((1, 1),)))
    for law, some in (("log(1 + w^2)", True), ("log(-1 - w^2)", False)):
        statement = statements(f"param w\nmap 1\nlaw l = [{law}, 2*{law}]\n", "independent l")
        if some:
            assert judge(statement, evidence).verdict == "REFUTED"
        else:
            with pytest.raises(Refused, match=NO_POINT):
                judge(statement, evidence)


# --- certificates ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["sandwich", "paths", "relation", "not conserved"])
def test_certificates_round_trip(which: str) -> None:
    statement: AnyStatement = count("=", 3)
    evidence: Evidence = sandwich(statement)
    if which == "paths":
        statement = count("=", 2, RELU)
        evidence = path_evidence(statement)
    elif which == "relation":
        statement = statements("param x, y\nmap x*y\nlaw a = [x^2, x]\n", "independent a")
        evidence = relation((1, ((0, 1),)), (-1, ((1, 2),)))
    elif which == "not conserved":
        statement = statements(LINEAR, "complete norm")
        one = {(0, 0): Fraction(1)}
        evidence = NotConserved(0, Witness({}, {"U": one, "V": one}, Choices(), (), 0, (0, 0), Fraction(2)))
    text = write_certificate(Certificate(statement, evidence))
    again = read_certificate(text)
    assert again.statement == statement
    assert (
        judge(again.statement, again.evidence, PathRanks()).verdict == judge(statement, evidence, PathRanks()).verdict
    )
    assert write_certificate(again) == text


def test_a_hostile_bracket_is_refused_quickly() -> None:
    statement = count("=", 3)
    text = write_certificate(Certificate(statement, replace(sandwich(statement), steps=(Step((1, 1), 2),))))
    compact = "".join(text.split())
    bracket = "[[1,1],2,[],[]]"
    assert bracket in compact
    for bad, reason in [
        ("[" * 5000 + "1" + "]" * 5000, "nested too deeply|more than 64 generators|expected"),
        ("[[1,1],1000001,[],[]]", "an integer is outside"),
        ("[[1,true],2,[],[]]", "expected"),
        ("[[1,2],2,[],[]]", "expected"),
    ]:
        with pytest.raises(Malformed, match=reason):
            read_certificate(compact.replace(bracket, bad))

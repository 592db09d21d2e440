"""Names of summed indices: what the kernel's first choice tells apart, and what renamings in the evidence can and can't do."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.kernel import Malformed, Meter, Program, Statement
from claws.kernel.core.program import Einsum, Leaf, Node, Sum
from claws.kernel.core.simplified import simplified_statement
from claws.kernel.format.certificate import Certificate, read_certificate
from claws.kernel.laws.by_tensors import NotShown, check_by_tensors, tensor_residue
from claws.kernel.laws.evidence import ByTensors, Network
from claws.kernel.laws.labelling import renamed
from claws.kernel.laws.tensors import Tensors
from claws.prover.certificates import write_certificate
from claws.prover.renamings import LeastForms, search_renamings
from tests.kernel.models import N, judge, make, product, refuses, scale

Edges = tuple[tuple[int, int], ...]

# Two arrows leave and enter each of five vertices, so colours tell none apart; but no symmetry maps the first to the last.
FIRST: Edges = ((0, 1), (0, 4), (1, 0), (1, 4), (2, 0), (2, 3), (3, 1), (3, 2), (4, 2), (4, 3))
# the same with other names, in another order
SECOND: Edges = ((0, 1), (3, 2), (4, 3), (3, 1), (2, 0), (0, 4), (2, 4), (1, 2), (1, 3), (4, 0))
# as regular, and another: the arrows k -> k + 1, k + 2
ANOTHER: Edges = tuple((k, (k + j) % 5) for k in range(5) for j in (1, 2))


def isomorphic(a: Edges, b: Edges, n: int) -> bool:
    return any({(p[i], p[j]) for i, j in a} == set(b) for p in itertools.permutations(range(n)))


def network(edges: Edges, n: int = 5) -> Einsum:
    """The sum over n indices of the product of W[i, j] over these pairs."""
    return Einsum((0,) * len(edges), edges, (), (N,) * n)


def difference(first: Edges, second: Edges, coefficient: int = -1) -> Statement:
    """y is conserved by the map (first + coefficient * second)*y iff that is zero for all W."""
    nodes: list[Node] = [Leaf("W", "param", (N, N)), Leaf("y", "param", ()), network(first), network(second)]
    return make([*nodes, Sum((scale(1, 2), scale(coefficient, 3))), product(4, 1)], [5], 1)


AT_TWO = ByTensors({"n": 2})


class Heard:
    """Renamings that rename nothing and keep what they were asked about."""

    def __init__(self) -> None:
        self.asked: list[Network] = []

    def get(self, network: Network, /) -> None:
        self.asked.append(network)


def asked(statement: Statement) -> list[Network]:
    """The networks with several labellings that occur while a law is checked."""
    heard, simple = Heard(), simplified_statement(statement)
    tensor_residue(simple, Tensors(simple.program, Meter(10**6), heard))
    return heard.asked


def test_the_networks_are_what_they_are_said_to_be() -> None:
    for edges in (FIRST, SECOND, ANOTHER):
        assert all(sum(k == e[side] for e in edges) == 2 for side in (0, 1) for k in range(5))
    assert isomorphic(FIRST, SECOND, 5)
    assert not isomorphic(FIRST, ANOTHER, 5)


def test_equal_networks_that_the_first_choice_tells_apart_need_renamings() -> None:
    statement = difference(FIRST, SECOND)
    with pytest.raises(NotShown, match="the normal form of the residue does not vanish") as problem:
        check_by_tensors(statement, AT_TWO, Meter(10**6))
    assert problem.value.tied
    evidence = search_renamings(statement, AT_TWO, Meter(10**6))
    assert evidence is not None
    assert evidence.renamings
    assert judge(statement, evidence).verdict == "PROVED"
    again = read_certificate(write_certificate(Certificate(statement, evidence)))
    assert again.evidence == evidence
    assert judge(again.statement, again.evidence).verdict == "PROVED"


def test_where_the_first_choice_finds_one_form_none_is_needed() -> None:
    statement = difference(FIRST, FIRST)
    assert judge(statement, AT_TWO).verdict == "PROVED"
    assert search_renamings(difference(ANOTHER, FIRST), AT_TWO, Meter(10**6)) is None


def test_the_coefficient_still_counts() -> None:
    statement = difference(FIRST, SECOND)
    evidence = search_renamings(statement, AT_TWO, Meter(10**6))
    assert evidence is not None
    refuses(difference(FIRST, SECOND, -2), evidence, "does not vanish")
    assert search_renamings(difference(FIRST, SECOND, -2), AT_TWO, Meter(10**6)) is None


def test_a_renaming_that_is_no_permutation_is_refused() -> None:
    statement = difference(FIRST, SECOND)
    evidence = search_renamings(statement, AT_TWO, Meter(10**6))
    assert evidence is not None
    ((form, renaming), *others) = evidence.renamings
    for bad in (
        (),
        renaming[:-1],
        (*renaming, 5),
        (renaming[0], *renaming[:-1]),
        (*renaming[:-1], 5),
        (0,) * 5,
        tuple(k + 1 for k in renaming),
    ):
        wrong = replace(evidence, renamings=((form, bad), *others))
        with pytest.raises(Malformed, match="a renaming of summed indices is no permutation of them"):
            judge(statement, wrong)
    assert judge(statement, evidence).verdict == "PROVED"


def test_no_renaming_proves_that_different_networks_are_equal() -> None:
    """Every renaming of one of them, and of the other, is tried."""
    statement = difference(FIRST, ANOTHER)
    networks = list(dict.fromkeys(asked(statement)))
    assert len(networks) >= 2
    for form, renaming in itertools.product(networks, itertools.permutations(range(5))):
        refuses(statement, replace(AT_TWO, renamings=((form, renaming),)), "does not vanish")
    proved = difference(FIRST, SECOND)
    for form in dict.fromkeys(asked(proved)):
        found = [r for r in itertools.permutations(range(5)) if shows(proved, replace(AT_TWO, renamings=((form, r),)))]
        assert len(found) >= 1


def shows(statement: Statement, evidence: ByTensors) -> bool:
    try:
        check_by_tensors(statement, evidence, Meter(10**6))
    except NotShown:
        return False
    return True


def test_renamings_of_networks_that_do_not_occur_say_nothing() -> None:
    false, true = difference(FIRST, ANOTHER), difference(FIRST, SECOND)
    evidence = search_renamings(true, AT_TWO, Meter(10**6))
    assert evidence is not None
    # a renaming that would take one network for the other, were it believed
    (one, other, *_) = dict.fromkeys(asked(false))
    refuses(false, evidence, "does not vanish")
    forged = json.loads(write_certificate(Certificate(true, evidence)))
    assert read_certificate(json.dumps(forged)).evidence == evidence
    forged["evidence"]["renamings"][0][1] = [[s, str(e), list(ix)] for s, e, ix in other]
    with pytest.raises(Malformed, match="expected an integer"):
        read_certificate(json.dumps(forged))
    assert renamed(one, 5, (1, 0, 2, 3, 4)) != other


@settings(deadline=None, max_examples=40)
@given(st.integers(4, 6), st.randoms(use_true_random=False))
def test_least_forms_are_equal_iff_networks_are(n: int, random: Random) -> None:
    """Regular networks, of which most have indices that colours do not tell apart."""

    def regular() -> Edges:
        columns = [list(range(n)) for _ in range(2)]
        for column in columns:
            random.shuffle(column)
        return tuple(sorted({(i, column[i]) for column in columns for i in range(n)}))

    def value(edges: Edges, least: LeastForms) -> tuple[object, ...]:
        used = sorted({i for e in edges for i in e})
        node = Einsum((0,) * len(edges), edges, (), (N,) * len(used))
        return Tensors(Program((Leaf("W", "param", (N, N)), node)), Meter(10**7), least).value(1).key()

    first, names, least = regular(), list(range(n)), LeastForms(Meter(10**7))
    random.shuffle(names)
    second = [(names[i], names[j]) for i, j in first]
    random.shuffle(second)
    assert value(first, least) == value(tuple(second), least)
    other = regular()
    assert (value(first, least) == value(other, least)) is isomorphic(first, other, n)


def test_a_renaming_changes_names_only() -> None:
    form: Network = ((0, Fraction(1), (-1, -2)), (0, Fraction(2), (0, -1)), (1, Fraction(1), (-1_000_000, -2)))
    assert renamed(form, 2, (0, 1)) == form
    assert renamed(form, 2, None) is form
    swapped = renamed(form, 2, (1, 0))
    assert set(swapped) == {
        (0, Fraction(1), (-2, -1)),
        (0, Fraction(2), (0, -2)),
        (1, Fraction(1), (-1_000_000, -1)),
    }
    assert renamed(swapped, 2, (1, 0)) == tuple(sorted(form))

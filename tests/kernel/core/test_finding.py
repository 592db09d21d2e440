"""Findings and premises: the list is closed and documented, and what a theorem says can't be changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import pytest

import claws.kernel
from claws.kernel import ByBlock, ByTensors, Layer, Meter, NamedPoint, Premise, Refused, Theorem, Verdict, check
from claws.kernel.core.finding import Finding
from claws.kernel.values.evidence import Choices, Witness
from tests.kernel.format.cases import CASES
from tests.kernel.layers import KERNEL
from tests.kernel.models import linear, product, scalars, witness

AT_ONE = {"n": 1, "m": 1, "r": 1}


# --- the list ----------------------------------------------------------------------------------------------------------


def test_the_list_is_closed() -> None:
    """A premise that comes or goes, or another code, is a change of every contract: it is made here, too."""
    assert [p.code for p in Premise] == ["patterns", "independent-values", "generic-activation", "not-constant"]
    assert len({p.text for p in Premise}) == len(Premise)
    assert {p.layer for p in Premise} <= set(Layer)
    with pytest.raises(TypeError):

        class More(Premise):  # type: ignore[misc]
            ANOTHER = "whatever is claimed"


@pytest.mark.parametrize("premise", Premise)
def test_each_premise_stands_on_the_kernels_page(premise: Premise) -> None:
    page = (KERNEL / "README.md").read_text(encoding="utf-8")
    (row,) = (line for line in page.splitlines() if line.startswith(f"| `{premise.code}` |"))
    code, text, user = (cell.strip() for cell in row.strip("|").split("|"))
    assert (code, text) == (f"`{premise.code}`", premise.text)
    assert user.startswith(f"{premise.layer}: ")


def test_the_page_has_no_other_premise() -> None:
    section = (KERNEL / "README.md").read_text(encoding="utf-8").split("\n## Premises\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == [p.code for p in Premise]


def test_the_premises_of_a_finding_are_a_set_in_the_order_of_the_list() -> None:
    given = (Premise.NOT_CONSTANT, Premise.PATTERNS, Premise.NOT_CONSTANT)
    assert Finding(Verdict.PROVED, "rank", frozenset(), premises=given).premises == (
        Premise.PATTERNS,
        Premise.NOT_CONSTANT,
    )


# --- what is established stays -----------------------------------------------------------------------------------------


def test_a_finding_does_not_follow_what_it_was_made_of() -> None:
    sizes, found = {"n": 1}, {"parameters": 3}
    finding = Finding(Verdict.PROVED, "sandwich", frozenset(), sizes, found=found)
    sizes["n"], found["parameters"] = 2, 4
    assert (finding.sizes, finding.found) == ({"n": 1}, {"parameters": 3})


def theorem_of(kind: str) -> Theorem:
    statement, evidence = CASES[kind]
    return check(statement, evidence, Meter(10**7))


def mappings(x: Any, seen: set[int]) -> list[Any]:
    """All mappings, lists and sets that hang on a value, through fields and items."""
    if x is None or id(x) in seen or isinstance(x, str | int | Fraction | type):
        return []
    seen.add(id(x))
    found = [x] if isinstance(x, dict | list | set | MappingProxyType) else []
    inner: list[Any] = []
    if isinstance(x, dict | MappingProxyType):
        inner = [*x.keys(), *x.values()]
    elif isinstance(x, list | tuple | set | frozenset):
        inner = list(x)
    else:
        slots = [name for cls in type(x).__mro__ for name in getattr(cls, "__slots__", ())]
        inner = [getattr(x, name) for name in slots if hasattr(x, name)]
    return found + [y for item in inner for y in mappings(item, seen)]


@pytest.mark.parametrize("kind", CASES)
def test_nothing_that_hangs_on_a_theorem_can_be_changed(kind: str) -> None:
    found = mappings(theorem_of(kind), set())
    assert found, "the walk sees nothing"
    assert all(type(x) is MappingProxyType for x in found)


FIELDS = ("verdict", "method", "sizes", "conditions", "premises", "near", "layers", "trust", "found")


@pytest.mark.parametrize("field", [*FIELDS, "statement", "evidence"])
def test_no_field_of_a_theorem_is_set(field: str) -> None:
    theorem = check(linear(), ByTensors(AT_ONE), Meter(10**6))
    before = getattr(theorem, field)
    with pytest.raises(Refused, match="not changed"):
        setattr(theorem, field, None)
    assert getattr(theorem, field) == before


def test_the_numbers_of_a_theorem_are_read_only() -> None:
    theorem = theorem_of("witness")
    for mapping in (theorem.found, theorem.sizes):
        with pytest.raises(TypeError):
            mapping["n"] = 7  # type: ignore[index]


Change = Callable[[], object]


def test_evidence_does_not_follow_what_it_was_made_of() -> None:
    sizes = dict(AT_ONE)
    evidence = ByTensors(sizes)
    theorem = check(linear(), evidence, Meter(10**6))
    sizes["n"] = 5
    assert theorem.evidence == ByTensors(AT_ONE)

    values = {"s": {Fraction(1): (Fraction(7), Fraction(3))}}
    leaves = {"a": {(): Fraction(1)}}
    given = witness(residue=1)
    point = replace(given, leaves=leaves, choices=Choices(values=values))
    values["s"][Fraction(1)] = (Fraction(0), Fraction(0))
    leaves["a"][()] = Fraction(2)
    assert point.choices.values == {"s": {Fraction(1): (Fraction(7), Fraction(3))}}
    assert point.leaves == {"a": {(): Fraction(1)}}
    with pytest.raises(FrozenInstanceError):
        point.choices.values = {}  # type: ignore[misc]


def test_a_block_does_not_follow_its_names() -> None:
    _, evidence = CASES["block"]
    assert isinstance(evidence, ByBlock)
    for mapping in (evidence.dims, evidence.names, evidence.sizes):
        assert type(mapping) is MappingProxyType


def test_a_witness_is_equal_to_its_copy() -> None:
    law = scalars(product(0, 1))
    again = replace(witness(residue=1))
    assert again == witness(residue=1)
    theorem = check(law, again, Meter(10**6))
    assert isinstance(theorem.evidence, Witness)
    assert theorem.evidence == again


def test_a_named_point_is_a_value() -> None:
    point = NamedPoint("W", (1, 2), (Fraction(1), Fraction(1, 2)))
    assert point == NamedPoint("W", (1, 2), (Fraction(1), Fraction(1, 2)))
    assert Finding(Verdict.PROVED, "sandwich", frozenset(), near=(point,)).near == (point,)
    assert Finding(Verdict.PROVED, "sandwich", frozenset()).near == ()


def test_the_kernel_names_them() -> None:
    assert {"Premise", "NamedPoint", "BlockLaw"} <= set(claws.kernel.__all__)

"""The table of functions agrees with the kernel's table and with the library."""

from __future__ import annotations

import re

import pytest

from claws.coq.coqc import sources
from claws.coq.statements.function_table import BY_DERIVATIVE, NAMED, NUMBERS, refusal_of_function, refusal_of_row
from claws.kernel.core.functions import KNOWN


def test_every_function_of_the_kernel_is_in_one_group() -> None:
    refused = [name for name, row in KNOWN.items() if refusal_of_row(row) is not None]
    assert sorted([*NAMED, *BY_DERIVATIVE, *refused]) == sorted(KNOWN)


@pytest.mark.parametrize("name", NAMED)
def test_the_library_knows_the_function_by_its_number(name: str) -> None:
    row, number = NAMED[name], NUMBERS[name]
    text = sources()["Elements"]
    assert re.search(rf"\| {number}%positive => {row.name}\b", text)
    proofs = re.findall(r"^    \+ apply (.*)\.$", text, re.MULTILINE)
    assert row.derivative in proofs[number - 1]
    asks = re.search(r"Definition only_positive .* := Pos.eqb f (\d+)\.", text)
    assert asks is not None and (asks[1] == str(number)) == row.positive_argument


def test_the_sign_of_a_value_is_that_of_the_library() -> None:
    (case,) = re.findall(r"\| TApp f _ => let p := \(([^)]*)\)%bool", sources()["Towers"])
    positive = {int(number) for number in re.findall(r"Pos.eqb f (\d+)", case)}
    assert positive == {NUMBERS[name] for name, row in NAMED.items() if row.positive_value}


def test_a_function_is_refused_with_its_reason() -> None:
    reason = "it has no derivative at its kink, and a statement would have to say how a curve crosses it"
    assert refusal_of_function("relu", {}) == f"`relu` can't be exported yet: {reason}"
    assert refusal_of_function("exp", {}) is None
    assert refusal_of_function("s", {"s": None}) is None
    assert refusal_of_function("s", {}) == "`s` can't be exported yet"

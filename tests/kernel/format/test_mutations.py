"""Named and random mutations of certificates. Each refusal names its reason."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.kernel import Malformed, Meter, Refused, Statement, check
from claws.kernel.format.certificate import MAX_BLOCKS, read_certificate
from claws.kernel.laws.evidence import ByTensors
from tests.kernel.format.cases import BUDGET, CASES, Data, data_of, judge, text_of
from tests.kernel.random_programs import random_leaves
from tests.kernel.reference import residue, shape_of

# --- named mutations ---


def put(*path: Any) -> Callable[[Data], None]:
    """Put the last item at the place that the others lead to."""

    def edit(data: Data) -> None:
        *way, last, value = path
        place: Any = data
        for step in way:
            place = place[step]
        place[last] = value

    return edit


def drop(*path: Any) -> Callable[[Data], None]:
    def edit(data: Data) -> None:
        *way, last = path
        place: Any = data
        for step in way:
            place = place[step]
        del place[last]

    return edit


NODES = ("statement", "program", "nodes")
PARTS = ("statement", "flow", "fields", 0, "parts")
NAMED: list[tuple[str, Callable[[Data], None], str]] = [
    # the envelope
    ("tensors", drop("claws-certificate"), "not a claws certificate"),
    ("tensors", put("claws-certificate", 2), "format version 2"),
    ("tensors", put("claws-certificate", True), "format version True"),
    ("tensors", put("claws-certificate", "1"), "format version 1, this kernel reads 3"),
    ("tensors", drop("about"), "missing or unknown fields: about"),
    ("tensors", put("extra", 0), "missing or unknown fields: extra"),
    ("tensors", put("about", "x", 3), "expected a string, found int"),
    ("tensors", put("about", []), "expected an object, found list"),
    # statements
    ("tensors", drop("statement", "law"), "missing or unknown fields: law"),
    ("tensors", put("statement", "assume", []), "missing or unknown fields: assume"),
    ("tensors", put("statement", "law", 99), "a node that is not there"),
    ("tensors", put("statement", "law", -1), "outside 0"),
    ("tensors", put("statement", "law", True), "expected an integer, found bool"),
    ("tensors", put("statement", "law", "5"), "expected an integer, found str"),
    ("tensors", put("statement", "law", None), "expected an integer, found NoneType"),
    ("tensors", put("statement", "law", 3), "does not vanish"),
    ("tensors", put("statement", "outputs", []), "no output"),
    ("tensors", put("statement", "outputs", 2), "expected a list, found int"),
    ("tensors", put(*PARTS, 0, "factor", 1), "the factor of U does not fit a part of the state"),
    (
        "tensors",
        put(*PARTS, 0, "target", "A"),
        "the factor of A does not fit a part of the state",
    ),
    (
        "tensors",
        put(*PARTS, 0, "gradient", "W"),
        "U moves by the gradient in W, which does not fit",
    ),
    ("tensors", put(*PARTS, 0, "gradient", "V"), "a factor is given twice"),
    ("tensors", put(*PARTS, 0, "gradient", None), "what moves U is not of degree 1"),
    ("tensors", put("statement", "flow", "fields", 0, "degree", 0), "what moves U is not of degree 0"),
    ("tensors", put(*PARTS, []), "a field has no parts"),
    ("tensors", drop(*PARTS, 1), "does not vanish"),
    ("tensors", put("statement", "flow", []), "expected an object, found list"),
    (
        "tensors",
        put("statement", "program", "activations", [["tanh", None]]),
        "declared activation has a name that means something else: tanh",
    ),
    ("tensors", put("statement", "program", "activations", [["s"]]), "expected a list of 2"),
    ("tensors", put("statement", "program", "activations", [["s", f"1/{10**30}"]]), "degree of s is too large"),
    ("tensors", put("statement", "program", "conditions", [-1]), "outside the statement's conditions"),
    # nodes
    ("tensors", put(*NODES, 0, ["wish"]), "the name of its kind"),
    ("tensors", put(*NODES, 0, {}), "the name of its kind"),
    ("tensors", put(*NODES, 0, ["leaf", "U", "param", []]), "expected a list of 5"),
    ("tensors", put(*NODES, 0, 1, "V"), "V is the name of two things: leaf, leaf"),
    ("tensors", put(*NODES, 0, 1, "U\nclaim: all"), "'U.nclaim: all' can't be a name"),
    ("tensors", put(*NODES, 0, 1, "\ud800"), "'.ud800' can't be a name"),
    ("tensors", put(*NODES, 0, 1, ""), "'' can't be a name"),
    ("tensors", put(*NODES, 0, 1, "U" * 500), "a string is too long"),
    ("tensors", put(*NODES, 0, 2, "input"), "the law mentions U"),
    ("tensors", put(*NODES, 2, 1, [0, 2]), "a node that does not come before it"),
    ("tensors", put(*NODES, 2, 1, [0, 5]), "a node that does not come before it"),
    ("tensors", put(*NODES, 2, 2, 1, [1, 0]), "do not fit its shape"),
    ("tensors", put(*NODES, 2, 3, [0, 7]), "a label that has no size"),
    ("tensors", put(*NODES, 5, 1, 0, 0, "1/0"), "denominator 0"),
    ("tensors", put(*NODES, 5, 1, 0, 0, "0.5"), "expected a rational"),
    ("tensors", put(*NODES, 5, 1, 0, 0, "1e5"), "expected a rational"),
    ("tensors", put(*NODES, 5, 1, 0, 0, " 1"), "expected a rational"),
    ("tensors", put(*NODES, 5, 1, 0, 0, "\u0661"), "expected a rational"),
    ("tensors", put(*NODES, 5, 1, 0, 0, 1), "expected a string, found int"),
    ("tensors", put(*NODES, 5, 1, 0, 0, "1" + "0" * 3000), "expected a rational"),
    ("tensors", put(*NODES, 5, 1, 0, 0, "2"), "does not vanish"),
    ("tensors", put(*NODES, 0, 3, 0, [["1", [["n", 0]]]]), "outside 1"),
    ("tensors", put(*NODES, 0, 3, 0, [["1", [["n", 65]]]]), "outside 1"),
    ("tensors", put(*NODES, 0, 3, 0, [["1", [["n", 1], ["m", 1]]]]), "not in order"),
    ("tensors", put(*NODES, 0, 3, 0, [["1", [["n", 1], ["n", 1]]]]), "not in order"),
    ("tensors", put(*NODES, 0, 3, 0, [["1", []], ["2", []]]), "a monomial twice"),
    ("tensors", put(*NODES, 0, 3, 0, [["1/2", []]]), "not a whole number"),
    ("tensors", put(*NODES, 0, 3, 0, [["-1", [["n", 1]]]]), "may be negative"),
    ("tensors", put(*NODES, 0, 3, 0, 10**7), "an integer is outside"),
    ("tensors", put(*NODES, 0, 3, 0, [[str(10**20), []]]), "too large a number"),
    # evidence
    ("tensors", put("evidence", {"method": "faith"}), "with the name of its kind as its method"),
    ("tensors", put("evidence", None), "with the name of its kind as its method"),
    ("tensors", put("evidence", "sizes", {}), "no sizes at which"),
    ("tensors", put("evidence", "sizes", "n", 0), "outside 1"),
    ("tensors", put("evidence", {"method": "polynomials"}), "fixed sizes"),
    ("polynomials", put("evidence", "sizes", {}), "missing or unknown fields: sizes"),
    ("polynomials", put(*NODES, 5, 1, 1, 0, "1"), "is not zero"),
    ("witness", put("evidence", "residue", "1/7"), "is -1/7, not 1/7"),
    ("witness", put("evidence", "residue", "0"), "is -1/7, not 0"),
    ("witness", put("evidence", "leaves", "b", []), "residue at the witness is zero"),
    ("witness", put("evidence", "leaves", "b", [[[], "1"], [[], "2"]]), "an entry twice"),
    ("witness", put("evidence", "leaves", "b", [[[0], "1"]]), "outside its shape"),
    ("witness", put("evidence", "leaves", "z", []), "does not mention"),
    ("witness", put("evidence", "output", 3), "an output that is not there"),
    ("witness", put("evidence", "law_entry", [0]), "an entry that the law does not have"),
    ("witness", put("evidence", "law_entry", [-1]), "outside 0"),
    ("witness", drop("evidence", "choices", "homogeneous"), "missing or unknown fields: homogeneous"),
    # bounds
    ("witness", put("evidence", "bits", 4097), "outside 0"),
    ("witness", put("evidence", "bits", -1), "outside 0"),
    ("enclosed", put("evidence", "bits", 0), "not known as an exact rational number"),
    ("enclosed", put("evidence", "bits", 30), "the residue at the witness is between"),
    ("enclosed", put("evidence", "bits", 1), "may be zero"),
    ("enclosed", put("evidence", "residue", 0, "1"), "the residue at the witness is between"),
    ("enclosed", put("evidence", "residue", ["1", "2", "3"]), "expected a list of 2"),
    ("enclosed", put("evidence", "residue", "1"), "the residue at the witness is between"),
    (
        "choices",
        put("evidence", "choices", "values", "s", [["2", ["3", "5"]], ["2", ["3", "6"]]]),
        "an array gives an entry twice",
    ),
    ("choices", put("evidence", "choices", "values", {}), r"no value for s\(2\)"),
    ("choices", put("evidence", "choices", "homogeneous", {}), "which homogeneous function h is"),
    ("choices", put("evidence", "choices", "functions", {}), "no value for F"),
    ("choices", put("evidence", "choices", "functions", "F", 0, 2, []), "one Jacobian for each argument"),
    ("choices", put("evidence", "choices", "functions", "F", 0, 1, [[[4], "2"]]), "outside its shape"),
    ("choices", drop("evidence", "choices", "functions", "F", 0, 1), "expected a list of 3"),
]


@pytest.mark.parametrize(("case", "edit", "reason"), NAMED, ids=[f"{k}-{case}" for k, (case, _, _) in enumerate(NAMED)])
def test_a_mutation_is_refused_for_its_reason(case: str, edit: Callable[[Data], None], reason: str) -> None:
    data = data_of(case)
    assert judge(json.dumps(data)).statement == CASES[case][0]
    edit(data)
    with pytest.raises(Refused, match=reason):
        judge(json.dumps(data))


def test_blocks_are_nested_only_so_deep() -> None:
    data = data_of("block")
    for _ in range(MAX_BLOCKS):
        premise = {**data["evidence"]["premise"], "evidence": copy.deepcopy(data["evidence"])}
        data["evidence"] = {**data["evidence"], "premise": premise}
    with pytest.raises(Malformed, match=f"blocks are nested more than {MAX_BLOCKS} deep"):
        read_certificate(json.dumps(data))


# --- random mutations ---

PIECES: list[Any] = [
    *(
        0,
        1,
        2,
        3,
        5,
        -1,
        10**6,
        10**30,
        True,
        None,
        0.5,
        "",
        "0",
        "1",
        "-1",
        "2",
        "1/2",
        "-3/7",
        "n",
        "r",
        "U",
        "V",
        "x",
    ),
    *(
        "param",
        "input",
        "const",
        "positive",
        "relu",
        "tanh",
        "s",
        "h",
        "sum",
        "einsum",
        "apply",
        "tensors",
        "witness",
    ),
    *(
        [],
        {},
        [[]],
        [0],
        [1, 0],
        [[0, 1]],
        [["1", 0]],
        [["1", [["n", 1]]]],
        ["apply", "relu", 0, None],
        ["apply", "^", 0, "2"],
    ),
    *(
        ["sum", [["1", 0]]],
        {"method": "polynomials"},
        {"method": "tensors", "renamings": [], "sizes": {"n": 2, "m": 1, "r": 1}},
    ),
]


def places(x: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [way] if way else []
    items = x.items() if isinstance(x, dict) else enumerate(x) if isinstance(x, list) else ()
    for k, y in items:
        found += places(y, (*way, k))
    return found


def mutate(data: Data, random: Random) -> Data:
    """A copy with one to three edits: replaced, removed, doubled, swapped or exchanged pieces."""
    result = copy.deepcopy(data)
    for _ in range(random.choice([1, 1, 2, 3])):
        ways = places(result)
        *way, last = random.choice(ways)
        place: Any = result
        for step in way:
            place = place[step]
        kind = random.choice(["piece", "piece", "number", "number", "remove", "double", "copy"])
        old = place[last]
        if kind == "number" and type(old) is int:
            place[last] = old + random.choice([-1, 1])
        elif kind == "remove":
            del place[last]
        elif kind == "double" and isinstance(place, list):
            place.insert(last, copy.deepcopy(old))
        elif kind == "copy":
            other: Any = result
            for step in random.choice(ways):
                if not isinstance(other, dict | list):
                    break
                try:
                    other = other[step]
                except (KeyError, IndexError):
                    break
            place[last] = copy.deepcopy(other)
        else:
            place[last] = copy.deepcopy(random.choice(PIECES))
        if not places(result):
            break
    return result


def is_true(statement: Statement, seed: int) -> bool:
    """Whether the residue is zero in floating point, at two sizes and points, wherever it is a number."""
    numbers = np.random.default_rng(seed)
    for _ in range(2):
        sizes = {d: int(numbers.integers(2, 4)) for d in statement.program.free_dims()}
        try:
            program = statement.program.at(sizes)
            if any((n.integer() or 0) > 10 for shape in program.shapes for n in shape):
                return True  # too large to compare
            here = replace(statement, program=program)
            leaves = random_leaves(program, numbers)
            weights = numbers.normal(size=shape_of(program, here.law)) + 0j
        except Refused:
            continue
        for x in residue(here, leaves, weights).values():
            ok = np.isfinite(x) & (abs(x) < 1e6)
            if (abs(x[ok]) > 1e-5).any():
                return False
    return True


@settings(deadline=None, max_examples=400)
@given(st.sampled_from(sorted(CASES)), st.integers(0, 2**32))
def test_a_mutant_is_refused_or_proves_what_it_says(case: str, seed: int) -> None:
    """A mutant raises only `Refused`; what it proves is true; the verdict on the old statement stays."""
    statement, evidence = CASES[case]
    text = json.dumps(mutate(data_of(case), Random(seed)))
    try:
        certificate = read_certificate(text)
        theorem = check(certificate.statement, certificate.evidence, Meter(BUDGET))
    except Refused:
        return
    assert theorem.statement is certificate.statement
    if theorem.statement == statement:
        assert theorem.verdict == check(statement, evidence, Meter(BUDGET)).verdict
    if theorem.verdict == "PROVED":
        assert is_true(theorem.statement, seed)
    else:
        with pytest.raises(Refused):
            check(theorem.statement, ByTensors(theorem.sizes or {}), Meter(BUDGET))


@settings(deadline=None, max_examples=150)
@given(st.sampled_from(sorted(CASES)), st.integers(0, 2**32))
def test_a_file_with_other_bytes_is_refused_or_proves_what_it_says(case: str, seed: int) -> None:
    random, text = Random(seed), text_of(case)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(text))
        text = (
            text[:at]
            + random.choice(["", '"', "[", "]", "{", ",", "0", "9", "-", "\\", "e", "\x00"])
            + text[at + random.randint(0, 2) :]
        )
    try:
        theorem = judge(text)
    except Refused:
        return
    if theorem.statement == CASES[case][0]:
        assert theorem.verdict == check(*CASES[case], Meter(BUDGET)).verdict
    elif theorem.verdict == "PROVED":
        assert is_true(theorem.statement, seed)

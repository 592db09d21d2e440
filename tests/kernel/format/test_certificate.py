"""Certificates: round trips, named and random mutations, hostile files. Each refusal names its reason."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.kernel import (
    ByPolynomials,
    ByTensors,
    Evidence,
    Malformed,
    Meter,
    Refused,
    Size,
    Statement,
    Theorem,
    check,
)
from claws.kernel.core.evidence import ByBlock, Choices, Premise
from claws.kernel.core.program import Apply, Leaf, Node, Opaque, Power, Sum
from claws.kernel.format.certificate import (
    FORMAT_VERSION,
    MAX_BLOCKS,
    Certificate,
    digest,
    read_certificate,
    write_certificate,
)
from claws.kernel.values.enclosures import enclose
from tests.kernel.models import every_kind, linear, make, perceptron, product, scalars, scale, witness
from tests.kernel.random_programs import random_leaves
from tests.kernel.reference import residue, shape_of

Data = dict[str, Any]
BUDGET = 20_000
AT_ONE = ByTensors({"n": 1, "m": 1, "r": 1})


def function_witness() -> tuple[Statement, Evidence]:
    statement = scalars(Opaque("F", (0,), ()), Apply("s", 2), Apply("h", 3), outputs=[4], functions=("F",))
    one = Fraction(1)
    choices = Choices(
        homogeneous={"h": (one, one)},
        values={"s": {Fraction(2): (Fraction(3), Fraction(5))}},
        functions={"F": [(((((), one),),), {(): Fraction(2)}, [{((), ()): Fraction(7)}])]},
    )
    return statement, witness(residue=2 * 3 * 5 * 7, choices=choices)


def enclosed_witness() -> tuple[Statement, Evidence]:
    """For the law a of the map b*exp(a): at a = -3, b = 1 the residue is exp(-3)."""
    low, high = enclose("exp", -3, 64).bounds
    statement = scalars(Apply("exp", 0), product(1, 2), outputs=[3], law=0)
    return statement, replace(witness(a=-3), residue=(low, high), bits=64)


def block_use() -> tuple[Statement, Evidence]:
    """Two linear layers of sizes n, n + 1, 2 r, called by a network."""
    n, r = Size.dim("n"), Size.dim("r")
    nodes = [
        replace(x, name="A." + x.name) if isinstance(x, Leaf) else x for x in linear(n, n + 1, r * 2).program.nodes
    ]
    network = make([*nodes, Apply("tanh", 2)], [6], 5)
    dims, names = {"n": n, "m": n + 1, "r": r * 2}, {"U": "A.U", "V": "A.V"}
    return network, ByBlock(Premise(linear(), AT_ONE), dims, names, ((0, 2),), {"n": 1, "r": 1})


CASES: dict[str, tuple[Statement, Evidence]] = {
    "tensors": (linear(), AT_ONE),
    "relu": (perceptron(), AT_ONE),
    "polynomials": (
        scalars(
            product(0, 1),
            Power(0, Fraction(2)),
            Power(1, Fraction(2)),
            Sum((scale(1, 3), scale(-1, 4))),
            law=5,
        ),
        ByPolynomials(),
    ),
    "witness": (
        scalars(product(0, 1)),
        witness(a=Fraction(2, 3), b=Fraction(-1, 7), residue=Fraction(-1, 7)),
    ),
    "choices": function_witness(),
    "enclosed": enclosed_witness(),
    "block": block_use(),
}


def text_of(case: str) -> str:
    statement, evidence = CASES[case]
    return write_certificate(Certificate(statement, evidence, {"claim": "a"}))


def data_of(case: str) -> Data:
    data: Data = json.loads(text_of(case))
    return data


def judge(text: str, budget: int = BUDGET) -> Theorem:
    certificate = read_certificate(text)
    return check(certificate.statement, certificate.evidence, Meter(budget))


# --- round trip ---


@pytest.mark.parametrize("case", CASES)
def test_round_trip(case: str) -> None:
    statement, evidence = CASES[case]
    text = text_of(case)
    certificate = read_certificate(text)
    assert certificate.statement == statement
    assert digest(certificate.statement) == digest(statement)
    assert certificate.evidence == evidence
    assert certificate.about == {"claim": "a"}
    assert write_certificate(certificate) == text
    first, second = check(statement, evidence, Meter(BUDGET)), judge(text)
    assert (first.verdict, first.method, first.sizes) == (second.verdict, second.method, second.sizes)


def test_round_trip_of_every_kind_of_node() -> None:
    statement = every_kind()
    text = write_certificate(Certificate(statement, ByPolynomials()))
    assert read_certificate(text).statement == statement


def test_digests_tell_statements_apart() -> None:
    statements = [*(s for s, _ in CASES.values()), linear(coefficient=1), perceptron("s"), every_kind()]
    assert len({digest(s) for s in statements}) == len(statements)


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


NODES = ("statement", "nodes")
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
    ("tensors", put("statement", "flow", "factors", [["U", 1]]), "does not fit a part of the state"),
    ("tensors", put("statement", "activations", [["tanh", None]]), "the name of a known function"),
    ("tensors", put("statement", "activations", [["s"]]), "expected a list of 2"),
    ("tensors", put("statement", "activations", [["s", f"1/{10**30}"]]), "degree of s is too large"),
    ("tensors", put("statement", "conditions", [-1]), "outside the statement's conditions"),
    # nodes
    ("tensors", put(*NODES, 0, ["wish"]), "the name of its kind"),
    ("tensors", put(*NODES, 0, {}), "the name of its kind"),
    ("tensors", put(*NODES, 0, ["leaf", "U", "param", []]), "expected a list of 5"),
    ("tensors", put(*NODES, 0, 1, "V"), "two leaves have the same name"),
    ("tensors", put(*NODES, 0, 1, "U\nclaim: all"), "not printable"),
    ("tensors", put(*NODES, 0, 1, "\ud800"), "not printable"),
    ("tensors", put(*NODES, 0, 1, ""), "a name is empty"),
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
    ("tensors", put("evidence", {"method": "faith"}), "unknown method"),
    ("tensors", put("evidence", None), "unknown method"),
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
    ("witness", drop("evidence", "homogeneous"), "missing or unknown fields: homogeneous"),
    # bounds
    ("witness", put("evidence", "bits", 4097), "outside 0"),
    ("witness", put("evidence", "bits", -1), "outside 0"),
    ("enclosed", put("evidence", "bits", 0), "not known as an exact rational number"),
    ("enclosed", put("evidence", "bits", 30), "the residue at the witness is between"),
    ("enclosed", put("evidence", "bits", 1), "may be zero"),
    ("enclosed", put("evidence", "residue", 0, "1"), "the residue at the witness is between"),
    ("enclosed", put("evidence", "residue", ["1", "2", "3"]), "expected a list of 2"),
    ("enclosed", put("evidence", "residue", "1"), "the residue at the witness is between"),
    ("choices", put("evidence", "values", "s", [["2", "3", "5"], ["2", "3", "6"]]), "an argument twice"),
    ("choices", put("evidence", "values", {}), r"no value for s\(2\)"),
    ("choices", put("evidence", "homogeneous", {}), "which homogeneous function h is"),
    ("choices", put("evidence", "functions", {}), "no value for F"),
    ("choices", put("evidence", "functions", "F", 0, "jacobian", []), "one Jacobian for each argument"),
    ("choices", put("evidence", "functions", "F", 0, "value", [[[4], "2"]]), "outside its shape"),
    ("choices", drop("evidence", "functions", "F", 0, "value"), "missing or unknown fields: value"),
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
        data["evidence"] = {**data["evidence"], "evidence": copy.deepcopy(data["evidence"])}
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
        "power",
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
        ["apply", "relu", 0],
        ["power", 0, "2"],
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


# --- hostile files ---


def hostile(
    nodes: list[Any], law: int = 0, outputs: tuple[int, ...] = (0,), evidence: Any = None, **fields: Any
) -> str:
    statement = {
        "nodes": nodes,
        "activations": [],
        "functions": [],
        "conditions": [],
        "outputs": list(outputs),
        "law": law,
        "flow": {"factors": [], "drift": [], "second_order": False},
        **fields,
    }
    evidence = evidence or {"method": "polynomials"}
    return json.dumps({"claws-certificate": FORMAT_VERSION, "about": {}, "statement": statement, "evidence": evidence})


A = ["leaf", "a", "param", [], "real"]


def big(shape: list[Any], name: str = "u") -> list[Any]:
    return ["leaf", name, "param", shape, "real"]


def at_point(leaves: Data, residue: str = "1", sizes: Data | None = None) -> Data:
    return {
        "method": "witness",
        "sizes": sizes or {},
        "leaves": leaves,
        "homogeneous": {},
        "values": {},
        "functions": {},
        "law_entry": [],
        "output": 0,
        "output_entry": [],
        "bits": 0,
        "residue": residue,
    }


def chain(*links: list[Any], length: int) -> list[Any]:
    """A leaf, and then these nodes again and again; 'last' in them is the node before."""
    nodes: list[Any] = [A]
    for k in range(length):
        last = len(nodes) - 1
        nodes.append(json.loads(json.dumps(links[k % len(links)]).replace('"last"', str(last))))
    return nodes


SQUARE = ["einsum", ["last", "last"], [[], []], [], []]
ANY_TWO = [["1", "last"], ["1", "last"]]
DIMS = [f"d{k:03}" for k in range(100)]
TENSORS = {"method": "tensors", "renamings": [], "sizes": {}}

# Each is small to write and, with no bound on it, would take hours or fill the memory.
HOSTILE: dict[str, tuple[Callable[[], str], str]] = {
    "an empty file": (lambda: "", "not JSON"),
    "not an object": (lambda: "[1, 2]", "not a claws certificate"),
    "deep brackets": (lambda: "[" * 100_000, "nested too deeply|not JSON"),
    "deep brackets inside": (
        lambda: hostile([]).replace("[]", "[" * 100_000 + "]" * 100_000, 1),
        "nested too deeply",
    ),
    "deep objects": (lambda: '{"a":' * 100_000, "nested too deeply|not JSON"),
    "a number of a million digits": (
        lambda: hostile([A]).replace('"law": 0', '"law": 1' + "0" * 10**6),
        "not JSON",
    ),
    "a rational of a million digits": (
        lambda: hostile([A, ["sum", [["1" + "0" * 10**6, 0]]]]),
        "a string is too long",
    ),
    "NaN": (lambda: hostile([A]).replace('"law": 0', '"law": NaN'), "NaN is not a number here"),
    "Infinity": (
        lambda: hostile([A]).replace('"law": 0', '"law": -Infinity'),
        "Infinity is not a number here",
    ),
    "a float": (lambda: hostile([A]).replace('"law": 0', '"law": 0.0'), "0.0 is not exact"),
    "a float with a huge exponent": (
        lambda: hostile([A]).replace('"law": 0', '"law": 1e999999999'),
        "is not exact",
    ),
    "a field twice": (lambda: hostile([A]).replace('"law": 0', '"law": 1, "law": 0'), "a field twice"),
    "sizes twice": (
        lambda: hostile([A], evidence={"method": "tensors", "renamings": [], "sizes": {"n": 1}}).replace(
            '{"n": 1}', '{"n": 1, "n": 2}'
        ),
        "a field twice",
    ),
    "a forward reference": (lambda: hostile([["power", 1, "2"], A]), "does not come before it"),
    "a reference to itself": (lambda: hostile([A, ["power", 1, "2"]]), "does not come before it"),
    "a huge array at fixed sizes": (lambda: hostile([A, big([10**6, 10**6])]), "more than 2000000 entries"),
    "a size of 1000 digits": (lambda: hostile([A, big([[["1" + "0" * 1000, []]]])]), "too large a number"),
    "a huge array beside an empty one": (lambda: hostile([A, big([10**6, 10**6, 0])]), "is not zero"),
    "a huge broadcast": (
        lambda: hostile([A, ["einsum", [0], [[]], [0, 1], [10**6, 10**6]]], law=0, outputs=(1,)),
        "more than 2000000 entries",
    ),
    "a huge inner product": (
        lambda: hostile(
            [
                A,
                ["einsum", [0], [[]], [0], [10**6]],
                ["einsum", [1, 1], [[0], [1]], [], [10**6, 10**6]],
            ],
            outputs=(2,),
        ),
        "budget",
    ),
    "an outer product before it is summed": (
        lambda: hostile([big([2000]), ["einsum", [0, 0, 0], [[0], [1], [2]], [0], [2000, 2000, 2000]]], outputs=(1,)),
        "budget|before it is summed",
    ),
    "a million labels": (
        lambda: hostile([A, ["einsum", [0], [[]], [0] * 10**6, [2]]], outputs=(1,)),
        "more than 24 axes",
    ),
    "more than a million labels": (
        lambda: hostile([A, ["einsum", [0], [[]], [0] * (10**6 + 1), [2]]]),
        "a list is longer than",
    ),
    "many terms": (lambda: hostile([A, ["sum", [["1/3", 0]] * 200_000]], outputs=(1,)), "budget"),
    "too many axes": (lambda: hostile([big([1] * 25)]), "more than 24 axes"),
    "25 axes in a reshape": (lambda: hostile([A, ["reshape", 0, [1] * 60]]), "more than 24 axes"),
    "a large exponent": (lambda: hostile([A, ["power", 0, "4097"]]), "exponent 4097 is too large"),
    "a small root": (lambda: hostile([A, ["power", 0, "1/4097"]]), "exponent 1/4097 is too large"),
    "exponents of exponents": (
        lambda: hostile(chain(["power", "last", "4096"], length=50), outputs=(50,)),
        "become too large",
    ),
    "exponents of exponents in tensors": (
        lambda: hostile(chain(["power", "last", "4096"], length=50), outputs=(50,), evidence=TENSORS),
        "become too large",
    ),
    "powers of a number": (
        lambda: hostile(
            [A, *chain(["power", "last", "4096"], length=6)[1:]],
            outputs=(6,),
            evidence=at_point({"a": [[[], "3"]]}),
        ),
        "too large a number|become too large",
    ),
    "powers of 2 in tensors": (
        lambda: hostile(
            [
                ["number", 2],
                *chain(["power", "last", "4096"], length=6)[1:],
                A,
                ["einsum", [6, 7], [[], []], [], []],
            ],
            law=7,
            outputs=(8,),
            evidence=TENSORS,
        ),
        "too large",
    ),
    "repeated squares at a point": (
        lambda: hostile(chain(SQUARE, length=200), outputs=(200,), evidence=at_point({"a": [[[], "3"]]})),
        "budget|become too large",
    ),
    "repeated squares": (lambda: hostile(chain(SQUARE, length=200), outputs=(200,)), "is not zero|too large"),
    "repeated squares in tensors": (
        lambda: hostile(chain(SQUARE, length=200), outputs=(200,), evidence=TENSORS),
        "does not vanish|too large",
    ),
    "repeated squares of a sum": (
        lambda: hostile(
            [A, big([], "b"), ["sum", [["1", 0], ["1", 1]]], *chain(SQUARE, length=200)[3:]], outputs=(200,)
        ),
        "budget",
    ),
    "repeated squares of dims": (
        lambda: hostile(
            [
                ["number", [["1", []], ["1", [["m", 1]]], ["1", [["n", 1]]]]],
                *chain(SQUARE, length=60)[1:],
                A,
                ["einsum", [60, 61], [[], []], [], []],
            ],
            law=61,
            outputs=(62,),
            evidence={"method": "tensors", "renamings": [], "sizes": {"n": 1, "m": 1}},
        ),
        "too many terms|too large",
    ),
    "functions of functions": (
        lambda: hostile(
            chain(["apply", "tanh", "last"], ["sum", ANY_TWO], SQUARE, length=120),
            outputs=(120,),
            evidence=TENSORS,
        ),
        "budget|does not vanish",
    ),
    "functions of functions at fixed sizes": (
        lambda: hostile(chain(["apply", "tanh", "last"], ["sum", ANY_TWO], SQUARE, length=120), outputs=(120,)),
        "budget|is not zero|too large",
    ),
    "a hundred thousand nodes": (
        lambda: hostile(chain(["sum", ANY_TWO], length=100_000), outputs=(100_000,), evidence=TENSORS),
        "budget|too large",
    ),
    "a hundred thousand nodes at a point": (
        lambda: hostile(
            chain(["apply", "relu", "last"], length=100_000),
            outputs=(100_000,),
            evidence=at_point({"a": [[[], "1"]]}, "2"),
        ),
        "budget|is 1, not 2",
    ),
    "too many nodes": (lambda: hostile([A] * 200_001), "longer than 200000"),
    "a large determinant": (
        lambda: hostile([big([10, 10]), ["det", 0]], outputs=(1,)),
        "10 x 10 matrix is not expanded",
    ),
    "many determinants": (
        lambda: hostile([big([100, 9, 9]), ["det", 0]], outputs=(1,)),
        "budget",
    ),
    "a long product": (lambda: hostile([big([10**6]), ["product", 0]], outputs=(1,)), "budget"),
    "a size of 100 dims": (
        lambda: hostile([big([[["1", [[d, 64] for d in DIMS]]]])], evidence=TENSORS),
        "too high a degree",
    ),
    "a size of 16 dims": (
        lambda: hostile(
            [
                big(
                    [
                        [["1", [[d, 1] for d in DIMS[:16]]], ["-1", [[d, 1] for d in DIMS[k : k + 16]]]]
                        for k in range(1, 21)
                    ]
                )
            ],
            evidence=TENSORS,
        ),
        "may be negative|too complicated|too many terms",
    ),
    "long conditions": (
        lambda: hostile(
            [big([[["1", [["a", 8], ["b", 8]]]]] * 20)] * 1,
            conditions=[[["1", [["a", 7], ["c", 9]]], [str(k + 1), []]] for k in range(200)],
            evidence=TENSORS,
        ),
        "no sizes at which",
    ),
    "too many conditions": (lambda: hostile([A], conditions=[1] * 300), "at most 200 conditions"),
    "products of long sizes": (
        lambda: hostile(
            [
                big([[["1", [[d, 1]]] for d in DIMS[k : k + 60]] for k in range(0, 24)]),
                ["reshape", 0, [[["1", [[d, 1]]] for d in DIMS[k : k + 60]] for k in range(1, 25)]],
            ],
            evidence=TENSORS,
        ),
        "too many terms|too complicated",
    ),
    "numbers of many terms": (
        lambda: hostile(
            [["number", [["1", [[d, 60]]] for d in DIMS]], A] * 1
            + [["einsum", [0] * 12, [[]] * 12, [], []], ["einsum", [1, 2], [[], []], [], []]],
            law=1,
            outputs=(3,),
            evidence={"method": "tensors", "renamings": [], "sizes": dict.fromkeys(DIMS, 1)},
        ),
        "too many terms",
    ),
    "ten thousand preconditioners": (
        lambda: hostile(
            [*chain(["sum", ANY_TWO], length=20_000)],
            flow={"factors": [["a", 20_000]] * 10_000, "drift": [], "second_order": False},
        ),
        "given twice",
    ),
    "sums of fractions with long denominators": (
        lambda: hostile(
            [big([4000]), ["einsum", [0], [[0]], [], [4000]], ["einsum", [1, 1], [[], []], [], []]],
            law=1,
            outputs=(2,),
            evidence=at_point({"u": [[[k], f"1/{10**1900 + k}"] for k in range(4000)]}),
        ),
        "budget|too large",
    ),
    "a root of a huge degree": (
        lambda: hostile(
            [A, ["apply", "h", 0]],
            outputs=(1,),
            activations=[["h", "1/" + "9" * 1999]],
            evidence={**at_point({"a": [[[], "2"]]}), "homogeneous": {"h": ["1", "1"]}},
        ),
        "degree of h is too large",
    ),
    "a star of many equal arms": (
        lambda: hostile(
            [
                big([[["1", [["n", 1]]]], [["1", [["n", 1]]]]]),
                A,
                [
                    "einsum",
                    [*[0] * 600, 1],
                    [[0, k] for k in range(1, 60)] * 10 + [[0, 1]] * 10 + [[]],
                    [],
                    [[["1", [["n", 1]]]]] * 60,
                ],
            ],
            law=1,
            outputs=(2,),
            evidence={"method": "tensors", "renamings": [], "sizes": {"n": 1}},
        ),
        "budget|does not vanish",
    ),
    "a function of large arrays": (
        lambda: hostile([big([1000]), ["opaque", "F", [0], [1000], 0]], outputs=(1,), functions=["F"]),
        "budget",
    ),
    "a batch that is large and empty": (
        lambda: hostile(
            [
                A,
                big([10**6, 10**6, 0]),
                ["opaque", "F", [1], [10**6, 10**6, 0], 2],
                ["einsum", [2, 0], [[0, 1, 2], []], [], [10**6, 10**6, 0]],
            ],
            outputs=(3,),
            functions=["F"],
        ),
        "more than 2000000 entries",
    ),
    "powers of a large empty array": (
        lambda: hostile(
            [
                A,
                big([10**6, 0]),
                ["product", 1],
                ["apply", "exp", 2],
                ["einsum", [3, 0], [[0], []], [], [10**6]],
            ],
            outputs=(4,),
        ),
        "budget",
    ),
}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name.startswith("a hundred thousand") else ()) for name in HOSTILE],
)
def test_hostile_files_are_refused(name: str) -> None:
    """With little work: the meter is small, and what is not metered is bounded. No time is measured."""
    make_text, reason = HOSTILE[name]
    text = make_text()
    with pytest.raises(Refused, match=reason):
        judge(text, 60_000)


def test_a_file_that_is_too_long_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    text = text_of("tensors")
    monkeypatch.setattr("claws.kernel.format.certificate.MAX_BYTES", len(text))
    assert judge(text).verdict == "PROVED"
    with pytest.raises(Malformed, match="longer than"):
        judge(text + " ")


def test_long_chains_are_accepted_where_they_are_true() -> None:
    nodes: list[Node] = [Leaf("a", "param", ()), Leaf("b", "param", ()), product(0, 1)]
    for _ in range(3000):
        nodes.append(Apply("tanh", len(nodes) - 1))
    last = len(nodes) - 1
    nodes += [product(0, 0), product(1, 1), Sum((scale(1, last + 1), scale(-1, last + 2)))]
    statement = make(nodes, [last], last + 3)
    text = write_certificate(Certificate(statement, ByTensors({})))
    assert judge(text, 500_000).verdict == "PROVED"

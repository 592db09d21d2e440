"""Hostile files: small to write, and refused with little work, each for its reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from claws.kernel import Malformed, Refused
from claws.kernel.core.program import Apply, Leaf, Node, Sum
from claws.kernel.format.certificate import FORMAT_VERSION, Certificate
from claws.kernel.laws.evidence import ByTensors
from claws.prover.certificates import write_certificate
from tests.kernel.format.cases import Data, judge, text_of
from tests.kernel.models import make, product, scale


def hostile(
    nodes: list[Any], law: int = 0, outputs: tuple[int, ...] = (0,), evidence: Any = None, **fields: Any
) -> str:
    moved = sorted({x[1] for x in nodes if isinstance(x, list) and x[:1] == ["leaf"] and x[2:3] == ["param"]})
    program = {"nodes": nodes, "activations": [], "functions": [], "conditions": []}
    statement = {
        "claim": "law",
        "program": {**program, **{k: fields.pop(k) for k in program if k in fields}},
        "outputs": list(outputs),
        "law": law,
        "flow": {"fields": [{"degree": 1, "parts": [part(name) for name in moved]}] if moved else []},
        **fields,
    }
    evidence = evidence or {"method": "polynomials"}
    return json.dumps({"claws-certificate": FORMAT_VERSION, "about": {}, "statement": statement, "evidence": evidence})


def part(name: str, factor: int | None = None) -> Data:
    return {"target": name, "factor": factor, "gradient": name}


A = ["leaf", "a", "param", [], "real"]


def big(shape: list[Any], name: str = "u") -> list[Any]:
    return ["leaf", name, "param", shape, "real"]


def at_point(leaves: Data, residue: str = "1", sizes: Data | None = None) -> Data:
    return {
        "method": "witness",
        "sizes": sizes or {},
        "leaves": leaves,
        "choices": {"homogeneous": {}, "values": {}, "functions": {}},
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
    "a forward reference": (lambda: hostile([["apply", "^", 1, "2"], A]), "does not come before it"),
    "a reference to itself": (lambda: hostile([A, ["apply", "^", 1, "2"]]), "does not come before it"),
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
    "25 axes that are merged": (
        lambda: hostile([big([1] * 24), ["window", 0, 0, 0, [1] * 25, [1] * 25, 1, True]]),
        "more than 24 axes",
    ),
    "an axis that is split into 60": (
        lambda: hostile([big([1]), ["window", 0, 0, 0, [1] * 60, [1] * 60, 1, False]]),
        "more than 24 axes",
    ),
    "an axis that is split into a million": (
        lambda: hostile([big([1]), ["window", 0, 0, 0, [1] * 10**6, [1] * 10**6, 1, False]]),
        "more than 24 axes",
    ),
    "axes that are split again and again": (
        lambda: hostile(
            [big([1]), *(["window", k, 0, 0, [1] * 13, [1] * 13, 1, False] for k in range(2))], outputs=(2,)
        ),
        "more than 24 axes",
    ),
    "a large exponent": (lambda: hostile([A, ["apply", "^", 0, "4097"]]), "exponent 4097 is too large"),
    "a small root": (lambda: hostile([A, ["apply", "^", 0, "1/4097"]]), "exponent 1/4097 is too large"),
    "exponents of exponents": (
        lambda: hostile(chain(["apply", "^", "last", "4096"], length=50), outputs=(50,)),
        "become too large",
    ),
    "exponents of exponents in tensors": (
        lambda: hostile(chain(["apply", "^", "last", "4096"], length=50), outputs=(50,), evidence=TENSORS),
        "become too large",
    ),
    "powers of a number": (
        lambda: hostile(
            [A, *chain(["apply", "^", "last", "4096"], length=6)[1:]],
            outputs=(6,),
            evidence=at_point({"a": [[[], "3"]]}),
        ),
        "too large a number|become too large",
    ),
    "powers of 2 in tensors": (
        lambda: hostile(
            [
                ["number", 2],
                *chain(["apply", "^", "last", "4096"], length=6)[1:],
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
            chain(["apply", "tanh", "last", None], ["sum", ANY_TWO], SQUARE, length=120),
            outputs=(120,),
            evidence=TENSORS,
        ),
        "budget|does not vanish",
    ),
    "functions of functions at fixed sizes": (
        lambda: hostile(chain(["apply", "tanh", "last", None], ["sum", ANY_TWO], SQUARE, length=120), outputs=(120,)),
        "budget|is not zero|too large",
    ),
    "a hundred thousand nodes": (
        lambda: hostile(chain(["sum", ANY_TWO], length=100_000), outputs=(100_000,), evidence=TENSORS),
        "budget|too large",
    ),
    "a hundred thousand nodes at a point": (
        lambda: hostile(
            chain(["apply", "relu", "last", None], length=100_000),
            outputs=(100_000,),
            evidence=at_point({"a": [[[], "1"]]}, "2"),
        ),
        "budget|is 1, not 2",
    ),
    "too many nodes": (lambda: hostile([A] * 200_001), "longer than 200000"),
    "a large determinant": (
        lambda: hostile([big([10, 10]), ["call", "det", [0], [], 0]], outputs=(1,)),
        "10 x 10 matrix is not expanded",
    ),
    "many determinants": (
        lambda: hostile([big([100, 9, 9]), ["call", "det", [0], [100], 1]], outputs=(1,)),
        "budget",
    ),
    "a long product": (lambda: hostile([big([10**6]), ["call", "prod", [0], [], 0]], outputs=(1,)), "budget"),
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
                [
                    "window",
                    0,
                    0,
                    0,
                    [1] * 24,
                    [[["1", [[d, 1]]] for d in DIMS[k : k + 60]] for k in range(24)],
                    1,
                    True,
                ],
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
            flow={"fields": [{"degree": 1, "parts": [part("a", 20_000)] * 10_000}]},
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
            [A, ["apply", "h", 0, None]],
            outputs=(1,),
            activations=[["h", "1/" + "9" * 1999]],
            evidence={
                **at_point({"a": [[[], "2"]]}),
                "choices": {"homogeneous": {"h": ["1", "1"]}, "values": {}, "functions": {}},
            },
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
        lambda: hostile([big([1000]), ["call", "F", [0], [1000], 0]], outputs=(1,), functions=["F"]),
        "budget",
    ),
    "a batch that is large and empty": (
        lambda: hostile(
            [
                A,
                big([10**6, 10**6, 0]),
                ["call", "F", [1], [10**6, 10**6, 0], 2],
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
                ["call", "prod", [1], [10**6], 1],
                ["apply", "exp", 2, None],
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

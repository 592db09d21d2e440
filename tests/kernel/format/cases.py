"""Certificates of every kind that tests change: statements with their evidence, and their JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from typing import Any

from claws.kernel import Meter, Size, Statement, Theorem, check
from claws.kernel.core.program import Apply, Call, Leaf, Sum, power
from claws.kernel.counting.evidence import Evidence
from claws.kernel.format.certificate import Certificate, read_certificate
from claws.kernel.laws.evidence import BlockLaw, ByBlock, ByPolynomials, ByTensors
from claws.kernel.values.enclosures import enclose
from claws.kernel.values.evidence import Choices
from claws.prover.certificates import write_certificate
from tests.kernel.models import linear, make, perceptron, product, scalars, scale, witness

Data = dict[str, Any]
BUDGET = 20_000
AT_ONE = ByTensors({"n": 1, "m": 1, "r": 1})


def function_witness() -> tuple[Statement, Evidence]:
    statement = scalars(Call("F", (0,), ()), Apply("s", 2), Apply("h", 3), outputs=[4], functions=("F",))
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
    return network, ByBlock(BlockLaw(linear(), AT_ONE), dims, names, ((0, 2),), {"n": 1, "r": 1})


CASES: dict[str, tuple[Statement, Evidence]] = {
    "tensors": (linear(), AT_ONE),
    "relu": (perceptron(), AT_ONE),
    "polynomials": (
        scalars(
            product(0, 1),
            power(0, 2),
            power(1, 2),
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

"""Plausible laws of the gallery that are false: refuted by a witness, where another program finds the same derivative."""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from claws.kernel.core.errors import Meter
from claws.kernel.core.finding import Verdict
from claws.kernel.format.certificate import Certificate, read_certificate
from claws.kernel.theorem import check
from claws.kernel.values.evidence import Witness
from claws.prover.certificates import write_certificate
from claws.prover.laws import decide_law
from claws.report.results import ClaimResult
from claws.runner.claims import check_claim
from claws.runner.options import Options
from claws.syntax.instances.instance import Instance
from claws.syntax.printer import print_expression
from claws.syntax.reader import load_text
from claws.syntax.spec import Claim, Spec
from tests.claims.residues import bounds_of, is_nonzero
from tests.gallery.test_models import FILES, name_of
from tests.properties.inlining import inlined
from tests.properties.interpreter import CONTEXT, NoValue, read, residue_at, shapes_of
from tests.properties.random_points import as_floating, exact_numbers, floating_numbers, random_point
from tests.properties.test_against_sympy import chosen, witness_point


@cache
def spec_of(path: Path) -> Spec:
    return load_text(path.read_text(encoding="utf-8"), str(path))


def false_laws() -> Iterator[tuple[Path, str]]:
    for path in FILES:
        for claim in spec_of(path).claims:
            if claim.kind == "law" and claim.expected == "REFUTED":
                yield path, claim.name


FALSE = list(false_laws())


def claim_of(path: Path, law: str) -> Claim:
    return next(c for c in spec_of(path).claims if c.kind == "law" and c.name == law)


def label(case: tuple[Path, str]) -> str:
    return f"{name_of(case[0])}:{case[1]}"


def test_there_are_many_and_of_every_kind() -> None:
    assert len(FALSE) >= 100
    words = [
        "softmax",
        "conv1d",
        "conv2d",
        "layernorm",
        "rmsnorm",
        "silu",
        "gelu",
        "tanh",
        "relu",
        "sin",
        "exp",
        "sqrt",
    ]
    words += [
        "homogeneous",
        "precondition",
        "momentum",
        "decay",
        "function",
        "groups",
        "stride",
        "padding",
        "einsum",
        "import",
    ]
    texts = [path.read_text(encoding="utf-8") for path, _ in FALSE]
    assert [word for word in words if not any(word in text for text in texts)] == []


SLOW = ("blocks/transformer_stack", "blocks/recurrent", "attention/modern_block")


@pytest.mark.parametrize(
    "case",
    [pytest.param(c, marks=pytest.mark.slow) if label(c).startswith(SLOW) else c for c in FALSE],
    ids=label,
)
def test_it_is_refuted(case: tuple[Path, str]) -> None:
    path, law = case
    spec, claim = spec_of(path), claim_of(path, law)
    at = claim.sizes[0]
    result = check_claim(spec, claim, at, Options(timeout=None))
    assert result.verdict is Verdict.REFUTED, result.reason
    assert is_nonzero(result.detail.to_json()["residue"])
    compare(path, result)


def compare(path: Path, result: ClaimResult) -> None:
    """The derivative at the witness, by an interpreter that shares only the parser with claws."""
    file = inlined(read(path.read_text(encoding="utf-8")), path.parent)
    spec = spec_of(path)
    sizes = dict.fromkeys(spec.dims, 1) | {d: n for d, n in spec.dims.items() if n is not None}
    sizes |= {**(result.sizes or {}), **result.detail.to_json()["sizes"]}
    outputs = [print_expression(e) for e in spec.map.outputs] if spec.map is not None else []
    number = outputs.index(result.detail.to_json()["output"]) if result.detail.to_json()["output"] else -1
    place = tuple(result.detail.to_json()["law_entry"]), number, tuple(result.detail.to_json()["output_entry"])
    if spec.functions:
        return  # the interpreter has no functions of whole arrays
    point = witness_point(result, file, sizes, random.Random(0))
    if number < 0:
        # the law changes without a loss, so whatever the data, also where they put a unit at its kink
        anywhere = random_point(file, sizes, random.Random(1))
        point |= {name: anywhere[name] for name, (role, _, _) in shapes_of(file, sizes).items() if role == "input"}
    choose = chosen(result, file)
    slack = 0
    try:
        value = residue_at(file, result.name, sizes, point, exact_numbers(choose))[place][0]
    except NoValue:
        value, size = residue_at(file, result.name, sizes, as_floating(point), floating_numbers(choose))[place]
        slack = CONTEXT.mpf("1e-24") * (1 + size)
    low, high = bounds_of(result.detail.to_json()["residue"])
    if slack:
        low, high = (CONTEXT.mpf(x.numerator) / x.denominator for x in (low, high))
    assert low - slack <= value <= high + slack


@pytest.mark.parametrize("case", FALSE[::9], ids=label)
def test_its_certificate_is_accepted_by_the_kernel_alone(case: tuple[Path, str]) -> None:
    path, law = case
    statement = Instance(spec_of(path), claim_of(path, law).sizes[0] or {}).statement(law)
    theorem = decide_law(statement).theorem
    assert theorem is not None and isinstance(theorem.evidence, Witness)
    again = read_certificate(write_certificate(Certificate(theorem.statement, theorem.evidence)))
    assert check(again.statement, again.evidence, Meter(10**8)).verdict == "REFUTED"

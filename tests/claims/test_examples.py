"""The shipped examples: every file is checked, with its outcome, and is fit to be copied."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from claws.kernel.core.finding import Verdict
from claws.report.results import FileResult
from claws.runner.check import check_file
from claws.runner.options import Options
from claws.syntax.reader import load_text

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(EXAMPLES.glob("*.claw"))
NAMES = [f.stem for f in FILES]


@cache
def checked(name: str) -> FileResult:
    return check_file(str(EXAMPLES / f"{name}.claw"), Options())


def source(name: str) -> str:
    return (EXAMPLES / f"{name}.claw").read_text(encoding="utf-8")


def test_there_are_examples() -> None:
    assert len(FILES) >= 24


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n == "momentum" else n for n in NAMES])
def test_every_claim_holds(name: str) -> None:
    result = checked(name)
    assert not result.errors
    wrong = [(c.name, c.sizes, c.verdict.value, c.reason) for c in result.claims if not c.holds]
    assert not wrong


@pytest.mark.parametrize("name", NAMES)
def test_proves_something_and_refutes_something(name: str) -> None:
    verdicts = {c.verdict for c in checked(name).claims}
    assert verdicts == {Verdict.PROVED, Verdict.REFUTED}


@pytest.mark.parametrize("name", NAMES)
def test_laws_without_sizes_are_proved_for_all_sizes(name: str) -> None:
    for claim in checked(name).claims:
        if claim.verdict is Verdict.PROVED and claim.sizes is None:
            assert claim.method == "tensors", claim.name
            assert claim.for_all_sizes, claim.name


def test_completeness_is_proved_by_a_sandwich() -> None:
    for name in ("two_layer_linear", "deep_linear", "two_layer_relu", "deep_relu", "attention", "nmf_entropic"):
        complete = [c for c in checked(name).claims if c.kind == "complete" and c.verdict is Verdict.PROVED]
        assert complete, name
        for claim in complete:
            assert claim.method == "sandwich"
            assert claim.detail.to_json()["count_at_least"] == claim.detail.to_json()["count_at_most"]


def test_matrix_laws_are_there_for_all_sizes() -> None:
    expected = {
        "two_layer_linear": "balance",
        "deep_linear": "balance2",
        "attention": "query_key",
        "multi_head_attention": "value_output",
        "linear_convolution": "channels",
        "lora": "balance",
        "tucker": "second",
        "matrix_sensing": "balance",
        "deep_relu": "layer2",
    }
    for name, law in expected.items():
        (claim,) = (c for c in checked(name).claims if c.name == law)
        assert (claim.verdict, claim.method, claim.for_all_sizes) == (Verdict.PROVED, "tensors", True), name


def test_a_law_at_one_size_only() -> None:
    claims = {c.name: c for c in checked("one_size_only").claims}
    assert claims["one_neuron"].verdict is Verdict.PROVED
    assert claims["one_neuron"].sizes == {"r": 1}
    assert claims["two_neurons"].verdict is Verdict.REFUTED
    assert claims["all_sizes"].detail.to_json()["sizes"]["r"] >= 2


@pytest.mark.parametrize("name", NAMES)
def test_docstring_names_a_source(name: str) -> None:
    found = re.match(r'"""(.+?)"""', source(name), re.DOTALL)
    assert found, "an example opens with a docstring"
    title, *rest = found[1].splitlines()
    assert title.endswith("."), "the first line is a title"
    assert re.search(r"[A-Z]\w+.* (19|20)\d\d, \S+", " ".join(rest)), "author, year, where"


@pytest.mark.parametrize("name", NAMES)
def test_is_named_and_says_why_false_laws_tempt(name: str) -> None:
    text = source(name)
    spec = load_text(text, f"{name}.claw")
    assert spec.model.startswith(name)
    lines = text.splitlines()
    for claim in spec.claims:
        if claim.expected == "REFUTED":
            last = lines[claim.node.span.end_line - 1]
            assert "# tempting: " in last, claim.name


def test_readme_has_a_line_for_every_file() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| \[(\w+)\]\(\1\.claw\) \|", readme, re.MULTILINE)
    assert sorted(listed) == NAMES

"""Laws for all sizes from bare models: every shipped file's, and those of models that are not shipped."""

from __future__ import annotations

import dataclasses
from fractions import Fraction
from itertools import permutations
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from claws.discovery import candidates, matrices
from claws.discovery.found import FoundLaw, Notes
from claws.discovery.matrices import matrix_laws, search_matrix_laws, small_sizes
from claws.discovery.reconstruction import rational_kernel, sparser
from claws.kernel.core.errors import Meter
from claws.kernel.counting.points import Changed, Setting
from claws.prover.array_ranks import ArrayRanks
from claws.readings.modular import PRIMES
from claws.readings.points import ModularPoint
from claws.runner.check import check_text
from claws.runner.options import Options
from claws.syntax import nodes
from claws.syntax.instances.instance import Instance
from claws.syntax.parser import parse_expression
from claws.syntax.printer import print_file
from claws.syntax.reader import load_text
from claws.syntax.spec import Spec

EXAMPLES = Path(__file__).parents[2] / "examples"

QUICK = """
attention convolution_einsum cp cubic_neuron declared_activation deep_linear deep_relu diagonal_linear leaky_relu learning_rates
linear_convolution lora momentum multi_head_attention nesterov nmf_entropic normalisation product relu_convolution residual
softmax_classifier swiglu tucker weight_decay gallery/attention/linear_attention gallery/attention/tied_embeddings
gallery/linear/tensor_train gallery/linear/input_convex gallery/smooth/exponential gallery/smooth/mixture_of_experts
""".split()

NEED_SIZES = ("gallery/attention/causal",)
"""Models that have a meaning at fixed sizes only."""

EVERY = sorted(str(p.relative_to(EXAMPLES).with_suffix("")) for p in EXAMPLES.rglob("*.claw"))


def read(text: str, path: str = "<text>") -> Spec:
    spec = load_text(text, path)
    assert not spec.diagnostics, spec.diagnostics
    return spec


def bare(spec: Spec) -> Spec:
    """The file without its claims."""
    claims = nodes.Law | nodes.Complete | nodes.Independent | nodes.Count
    kept = tuple(s for s in spec.file.statements if not isinstance(s, claims))
    return read(print_file(dataclasses.replace(spec.file, statements=kept, comments=())), spec.path)


def found(text: str, **options: Any) -> list[str]:
    return [law.text for law in matrix_laws(read(text), **options)]


def rank(spec: Spec, sizes: dict[str, int], expressions: list[nodes.Expression]) -> int:
    """The rank of the gradients of all entries of these laws, at a random point."""
    model, laws = Instance(spec, sizes).with_expressions(expressions)
    return ArrayRanks().of_gradients(model, laws, Setting(PRIMES[0], 1), Meter(10**9))


def check_spans(spec: Spec, laws: list[FoundLaw]) -> None:
    """The laws found span the shipped ones, and the front door accepts each of them."""
    shipped = [
        spec.laws[c.name].value for c in spec.claims if c.kind == "law" and c.expected == "PROVED" and c.sizes == ({},)
    ]
    options = small_sizes(Instance(spec, {}).statement_of(nodes.Name(spec.parameters()[0])).program)
    for sizes in (options[0], options[-2:][0]):
        own = [parse_expression(law.text) for law in laws]
        assert rank(spec, sizes, own) == rank(spec, sizes, own + shipped), sizes


def check_accepted(spec: Spec, laws: list[FoundLaw]) -> None:
    text = bare(spec).text + "".join(f"\nlaw found{k} = {law.text}" for k, law in enumerate(laws))
    result = check_text(text, spec.path, Options(timeout=None))
    assert not result.errors
    verdicts = [(c.verdict.value, c.for_all_sizes) for c in result.claims]
    assert verdicts == [("PROVED", law.for_all_sizes) for law in laws]


@pytest.mark.parametrize("name", QUICK)
def test_the_laws_of_an_example_are_found(name: str) -> None:
    path = EXAMPLES / f"{name}.claw"
    spec = read(path.read_text(encoding="utf-8"), str(path))
    laws = matrix_laws(bare(spec))
    check_spans(spec, laws)
    check_accepted(spec, laws)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in EVERY if name not in (*QUICK, *NEED_SIZES)])
def test_the_laws_of_every_example_are_found(name: str) -> None:
    test_the_laws_of_an_example_are_found(name)


# --- models that are not shipped: the text of each, and all of its laws in order ----------------------------------------

MODELS = {
    "one array for queries, keys and values": (
        "dim T, d, k\ninput X: [T, d]\nparam W: [3, d, k], O: [k, d]\n"
        "map softmax(X @ W[0] @ (X @ W[1]).T) @ X @ W[2] @ O",
        ["W[0].T @ W[0] - W[1].T @ W[1]", "W[2].T @ W[2] - O @ O.T"],
    ),
    "side by side in one matrix": (
        "dim T, d, k\ninput X: [T, d]\nparam W: [d, 2*k], V: [d, d]\n"
        "map softmax(X @ W[:, 0:k] @ (X @ W[:, k:2*k]).T) @ X @ V",
        ["W[:, :k].T @ W[:, :k] - W[:, k:].T @ W[:, k:]"],
    ),
    "heads in the middle": (
        "dim T, d, h, k\ninput X: [T, d]\nparam Q, K: [d, h, k]\n"
        'map softmax(einsum("ia,ahk,bhk,jb->hij", X, Q, K, X)) @ X',
        ['einsum("aij,aik->ijk", Q, Q) - einsum("aij,aik->ijk", K, K)'],
    ),
    "a linear recurrence": (
        "dim m, h, o\ninput x, y: [m]\nparam W: [h, m], A: [h, h], C: [o, h]\nmap C @ (A @ W @ x + W @ y)",
        ["W @ W.T - A.T @ A + A @ A.T - C.T @ C"],
    ),
    "singular values": (
        'dim n, m, r\nparam U: [n, r], s: [r], V: [m, r]\nmap einsum("ir,r,jr->ij", U, s, V)',
        ["diag(U.T @ U) - s^2", "diag(U.T @ U) - diag(V.T @ V)"],
    ),
    "a vector that is reshaped": (
        "dim n, m, r\nparam u: [n*r], V: [r, m]\nmap reshape(u, [n, r]) @ V",
        ["reshape(u, [n, r]).T @ reshape(u, [n, r]) - V @ V.T"],
    ),
    "a Kronecker product": (
        "dim n, m\nparam A: [n, n], B: [m, m]\nmap kron(A, B)",
        ["sqnorm(A) - sqnorm(B)"],
    ),
    "two opaque uses of one bottleneck": (
        "dim n, m, r\nfunction F: [n]\ninput x: [m]\nparam U: [n, r], V: [r, m], A: [m, n]\n"
        "map U @ (V @ (A @ F(U @ (V @ x))))",
        ["U.T @ U - V @ V.T"],
    ),
    "an exponential of a sum": ("param x, y\nmap x*exp(y)", ["x^2 - 2*y"]),
    "a sum with an exponential": ("param x, y\nmap x + exp(y)", ["x + 1/exp(y)"]),
    "a square of a preconditioner": (
        "dim n\ninput x: [n]\nparam u, v: [n] in positive\nmap dot(u*v, x)\nprecondition u by u^2, v by v^2",
        ["log(u) - log(v)"],
    ),
    "a translation under it": (
        "dim n\ninput x: [n]\nparam u, v: [n] in positive\nmap dot(u + v, x)\nprecondition u by u^2, v by v^2",
        ["1/u - 1/v"],
    ),
    "a constant preconditioner": (
        "dim n, m, r\nconst c: [n, r] in positive\ninput x: [m]\nparam U: [n, r], V: [m, r]\nmap U @ relu(V.T @ x)\n"
        "precondition U by c",
        ["diag(U.T @ (U/c)) - diag(V.T @ V)"],
    ),
    "rates that are expressions": (
        "dim n, m, r\nconst eta\ninput x: [m]\nparam U: [n, r], V: [m, r], b: [r]\nmap U @ relu(V.T @ x + b)\n"
        "flow gradient, rate(eta^2 + 1, U), rate(3, b)",
        ["diag(U.T @ U)/(eta^2 + 1) - diag(V.T @ V) - b^2/3"],
    ),
    "a rate that depends on the time": (
        "dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T\nflow gradient, rate(1/(1 + t), U)",
        [],
    ),
    "momentum of a translation": (
        "dim n, c\nconst tau\ninput x: [n]\nparam b: [c]\nmap softmax(b)\nflow momentum(tau)",
        ["exp(tau*t)*sum(vel(b))", "sum(b + vel(b)/tau)"],
    ),
    "momentum without friction": (
        "dim c\nparam b: [c]\nmap softmax(b)\nflow momentum(0)",
        ["sum(vel(b))", "sum(b - t*vel(b))"],
    ),
    "a block with more square roots than points have": (
        "dim T, d, k, r\ninput X: [T, d]\nparam g, h: [d], Q, K: [d, k], A: [d, r], B: [r, d]\nlet N = g*layernorm(X)\n"
        "let Y = X + softmax(N @ Q @ (N @ K).T) @ N\nmap Y + relu(h*layernorm(Y) @ A) @ B + layernorm(Y)*rmsnorm(N)",
        [
            "Q.T @ Q - K.T @ K",
            "h^2 - diag(A @ A.T)",
            "diag(A.T @ A) - diag(B @ B.T)",
        ],
    ),
    "no law: tanh": ("dim n, m, r\ninput x: [m]\nparam U: [n, r], V: [r, m]\nmap U @ tanh(V @ x)", []),
    "no law: the plain parameter": ("dim n\ninput x: [n]\nparam u: [n]\nmap dot(u, x)", []),
    "the radius of a vector": ("dim n\nparam u: [n] in nonzero\nmap sqnorm(u)", ["outer(u, 1/u)"]),
    "a quotient of columns": ("dim n, m\nparam U, V: [n, m] in nonzero\nmap U^2 + V^2", ["U/V"]),
    "nothing is seen": ("dim n, m\nparam U: [n, m], v\nmap v", ["U"]),
}


@pytest.mark.parametrize("name", MODELS)
def test_all_laws_of_a_model(name: str) -> None:
    text, laws = MODELS[name]
    got = matrix_laws(read(text))
    assert [law.text for law in got] == laws
    check_accepted(read(text), got)


def test_a_deep_network_has_a_law_for_every_layer() -> None:
    """Where a signal hardly gets through at random, too few equations are no reason for wrong candidates."""
    depth = 12
    lines = [f"dim {', '.join(f'n{k}' for k in range(depth + 1))}", "input x0: [n0]"]
    for k in range(depth):
        lines += [f"param W{k}: [n{k + 1}, n{k}]", f"let x{k + 1} = relu(W{k} @ x{k})"]
    laws = found("\n".join([*lines, f"map x{depth}"]))
    assert laws == [f"diag(W{k} @ W{k}.T) - diag(W{k + 1}.T @ W{k + 1})" for k in range(depth - 1)]


# --- how they are found ------------------------------------------------------------------------------------------------

SOFTMAX = """dim T, d, k
input X: [T, d]
param Q: [d, k], K: [d, k], V: [d, k], O: [d, k], b: [d]
map softmax(X @ Q @ (X @ K).T) @ X @ V @ O.T + b"""
LAWS = ["Q.T @ Q - K.T @ K", "V.T @ V - O.T @ O"]


def test_the_same_laws_every_time() -> None:
    assert found(SOFTMAX) == found(SOFTMAX) == found(SOFTMAX, seed=5) == LAWS


@pytest.mark.parametrize("budget", [1, 1000, 20_000, 100_000, 400_000])
def test_a_budget_cuts_the_list_short(budget: int) -> None:
    """What is found until then is proved, if perhaps a part of what could have been."""
    laws = matrix_laws(read(SOFTMAX), meter=Meter(budget))
    check_accepted(read(SOFTMAX), laws)
    assert len(laws) <= len(LAWS) and (budget > 1 or not laws)


def test_only_products_need_degree_2() -> None:
    text = "dim n, c\ninput x: [n]\nparam W: [c, n], V: [n, n]\nmap softmax(W @ relu(V @ x))"
    assert found(text, degree=1) == ["sum(W, axis=0)"]
    assert found(text) == ["sum(W, axis=0)", "diag(W.T @ W) - diag(V @ V.T)"]


def test_powers_of_a_higher_degree() -> None:
    """x' = -2*x^-2 and y' = -1 for a loss that is the output: x^3 - 6*y stands still."""
    text = "dim n\nparam x, y: [n] in positive\nmap x^2 + y\nprecondition x by x^-3"
    assert found(text) == []
    assert found(text, degree=3) == ["x^3 - 6*y"]


def test_at_given_sizes() -> None:
    """One neuron has the matrix law of a linear net, which is its neuron law."""
    text = "dim n, m, r\ninput x: [m]\nparam U: [n, r], V: [m, r]\nmap U @ relu(V.T @ x)"
    (law,) = matrix_laws(read(text), {"r": 1})
    assert law == FoundLaw(law.text, True, {"r": 1})
    (law,) = matrix_laws(read(text), {"n": 2, "m": 2, "r": 2})
    assert law == FoundLaw("diag(U.T @ U) - diag(V.T @ V)", False, {"n": 2, "m": 2, "r": 2})


@pytest.mark.parametrize("name", ["attention", "two_layer_relu", "cp", "weight_decay", "momentum", "rational_law"])
def test_without_a_point_the_normal_form_finds_them(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown coefficients in the residue: what is found modulo a prime, and nothing else."""
    spec = bare(read((EXAMPLES / f"{name}.claw").read_text()))
    expected = matrix_laws(spec)
    samples = matrices._Search._samples
    monkeypatch.setattr(matrices._Search, "_samples", lambda self: samples(self) and None)
    assert matrix_laws(spec) == expected


def test_laws_of_small_sizes_alone_are_not_taken_for_laws(monkeypatch: pytest.MonkeyPatch) -> None:
    """At r = 1 the matrix law of a ReLU net holds; what is left for all sizes is its diagonal."""
    monkeypatch.setattr(matrices, "small_sizes", lambda program: [dict.fromkeys(program.free_dims(), 1)])
    text = "dim n, m, r\ninput x: [m]\nparam U: [n, r], V: [m, r]\nmap U @ relu(V.T @ x)"
    laws = matrix_laws(read(text))
    assert [law.text for law in laws] == ["diag(U.T @ U) - diag(V.T @ V)"]


def test_the_rational_kernel() -> None:
    one, two, three = Fraction(1), Fraction(2), Fraction(3)
    assert rational_kernel([], [4, 7]) == [{4: one}, {7: one}]
    assert rational_kernel([{0: one, 1: two}, {1: one, 2: -three}], [0, 1, 2]) == [{0: Fraction(6), 1: -three, 2: -one}]
    assert rational_kernel([{0: one}, {1: one}], [0, 1]) == []


def test_a_sparser_basis_spans_the_same() -> None:
    one = Fraction(1)
    assert sparser([{0: one, 1: -one}, {0: one, 1: -one, 2: one, 3: -one}]) == [{0: one, 1: -one}, {2: one, 3: -one}]


# --- as text -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "dim n, r\nparam U, V: [n, r], W: [r, r], a, b: [r], c\nmap U",
        "dim n, r\nparam A: [n, 1, r], B: [n, r, r], d: [1], x: [n]\nmap A",
        "dim n, r\nparam U: [n, r] in nonzero, V: [n, r], W: [r, n], a: [r] in positive, c, d in nonzero\nmap U",
        "dim n, r\nconst e: [n, r]\nparam U: [n, r], V: [n, r], w: [n*r]\nmap U[0], reshape(w, [n, r]), U[:, 0:r]\n"
        "precondition U by e",
    ],
)
def test_a_candidate_is_what_its_text_says(text: str) -> None:
    """The node of a candidate and the node of its text have the same value, in every order of the legs."""
    spec = read(text)
    search = matrices._Search(spec, {}, 2, 0, Meter(10**9), Notes())
    groups = search.groups()
    sizes = {"n": 2, "r": 3}
    seen = 0
    for group in groups:
        expressions = []
        orders = []
        for c in group.members:
            for order in permutations(range(len(group.shape))):
                if c.entry is None or order[0] == c.entry:
                    expressions.append(parse_expression(c.written(order).text))
                    orders.append((c, order))
        model, laws = Instance(spec, sizes).with_expressions(expressions)
        one = ModularPoint(model, Setting(PRIMES[0], 0), Meter(10**9))
        two = ModularPoint(
            Changed(search.program.at(sizes), (0,), search.scaled.flow), Setting(PRIMES[0], 0), Meter(10**9)
        )
        left, right = one.reading(one.theta, 0, [(0,)]), two.reading(two.theta, 0, [(0,)])
        for (c, order), law in zip(orders, laws, strict=True):
            got, expected = left.value(law)[0], right.value(group.nodes[group.members.index(c)])[0]
            assert got is not None and expected is not None
            moved = np.moveaxis(expected, [0, *(1 + k for k in order)], range(expected.ndim))
            assert np.array_equal(np.broadcast_to(got, moved.shape), moved), c.written(order).text
            seen += 1
    assert seen > 40


# --- what is left out ------------------------------------------------------------------------------------------------


def notes_of(text: str, meter: Meter | None = None) -> list[str]:
    notes = Notes()
    list(search_matrix_laws(read(text), meter=meter, notes=notes))
    return notes.lines


LINEAR = "dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T"


def test_nothing_is_left_out_of_a_small_model() -> None:
    assert notes_of(LINEAR) == []


def test_a_budget_that_ends_is_noted() -> None:
    assert notes_of(LINEAR, Meter(400)) == ["matrix identities were not all searched: the budget for them is used up"]
    assert (
        "sums of 2 terms were not searched for identities for all sizes: the budget" in notes_of(LINEAR, Meter(2000))[0]
    )


@pytest.mark.parametrize(
    ("module", "limit", "value", "text", "note"),
    [
        (
            matrices,
            "candidates",
            5,
            LINEAR,
            "3 of 8 terms of matrix identities of shape [r] were not looked at, products of",
        ),
        (matrices, "entries", 3, LINEAR, "matrix identities with 16 entries at small sizes were not searched"),
        (matrices, "exact", 2, "dim n\nparam u: [n]\nmap u/sum(u - u)", "can't be evaluated modulo a prime"),
        (
            candidates,
            "rank",
            2,
            "dim n\nparam u: [n, n, n]\nmap u",
            "matrix identities have u as a whole only: it has more than 2",
        ),
    ],
)
def test_what_a_limit_leaves_out_is_noted(
    module: ModuleType, limit: str, value: int, text: str, note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = dataclasses.replace(module.LIMITS, **{limit: value})
    monkeypatch.setattr(module, "LIMITS", changed)
    if module is candidates:
        monkeypatch.setattr(matrices, "CANDIDATE_LIMITS", changed)
    lines = notes_of(text)
    assert any(note in line for line in lines), lines

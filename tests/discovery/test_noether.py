"""The symmetry behind a law, written down."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.linalg import expm

from claws.discovery.matrices import matrix_laws
from claws.discovery.noether import noether
from claws.syntax.diagnostic import SourceError
from claws.syntax.reader import load_text
from claws.syntax.spec import Spec

EXAMPLES = Path(__file__).parents[2] / "examples"


def read(text: str) -> Spec:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return spec


def example(name: str) -> Spec:
    return read((EXAMPLES / f"{name}.claw").read_text())


NOETHER = [
    ("two_layer_linear", "U.T @ U - V.T @ V", "U -> U exp(s*S), V -> V exp(-s*S), S symmetric"),
    ("two_layer_linear", "sqnorm(V) - sqnorm(U)", "U -> e^s U, V -> e^-s V"),
    ("deep_linear", "W1 @ W1.T - W2.T @ W2", "W1 -> exp(s*S) W1, W2 -> W2 exp(-s*S), S symmetric"),
    (
        "gallery/linear/biases",
        "U.T @ U - V @ V.T - outer(b, b)",
        "U -> U exp(s*S), V -> exp(-s*S) V, b -> exp(-s*S) b, S symmetric",
    ),
    (
        "two_layer_relu",
        "diag(U.T @ U) - diag(V.T @ V) - b^2",
        "U[:, k] -> e^s U[:, k], V[:, k] -> e^-s V[:, k], b[k] -> e^-s b[k], for each k",
    ),
    (
        "cubic_neuron",
        "diag(U.T @ U) - diag(V.T @ V)/3",
        "U[:, k] -> e^(3*s) U[:, k], V[:, k] -> e^-s V[:, k], for each k",
    ),
    (
        "declared_activation",
        "diag(U.T @ U) - 2*b",
        "U[:, k] -> e^s U[:, k], b[k] -> b[k] - s, for each k",
    ),
    (
        "gallery/piecewise/recurrent",
        "diag(U.T @ U) + diag(W.T @ W) - diag(W @ W.T) - diag(V @ V.T)",
        "U[:, k] -> e^s U[:, k], W[k, :] -> e^-s W[k, :], W[:, k] -> e^s W[:, k], V[k, :] -> e^-s V[k, :], for each k",
    ),
    ("softmax_classifier", "sum(W, axis=0)", "W[:, k] -> W[:, k] + s, for each k"),
    ("softmax_classifier", "sum(b)", "b -> b + s"),
    ("gallery/attention/one_token", "Q", "Q[i, j] -> Q[i, j] + s, for each i, j"),
    (
        "linear_convolution",
        'einsum("iak,jak->ij", w, w) - einsum("oil,ojl->ij", v, v)',
        "w -> w exp(s*S) (along axis 0), v -> v exp(-s*S) (along axis 1), S symmetric",
    ),
    (
        "multi_head_attention",
        "[V[h].T @ V[h] - O[h] @ O[h].T for h in 0..H-1]",
        "V[i] -> V[i] exp(s*S[i]), O[i] -> exp(-s*S[i]) O[i], S symmetric",
    ),
    (
        "gallery/attention/tied_embeddings",
        "E.T @ E - W @ W.T - W.T @ W",
        "E -> E exp(s*S), W -> exp(-s*S) W exp(-s*S), S symmetric",
    ),
    ("momentum", "exp(tau*t)*(U.T @ vel(U) - vel(U).T @ U)", "U -> U exp(s*S), S skew"),
    ("weight_decay", "exp(2*lambda*t)*(U.T @ U - V.T @ V)", "U -> U exp(s*S), V -> V exp(-s*S), S symmetric"),
    ("learning_rates", "U.T @ U/a - V.T @ V/b", "U -> U exp(s*S), V -> V exp(-s*S), S symmetric"),
    ("nmf_entropic", "sum(U, axis=0) - sum(V, axis=0)", "U[:, k] -> e^s U[:, k], V[:, k] -> e^-s V[:, k], for each k"),
    (
        "diagonal_linear",
        "u*v",
        "u[k] -> cosh(s)*u[k] + sinh(s)*v[k], v[k] -> cosh(s)*v[k] + sinh(s)*u[k], for each k",
    ),
    ("scalar_neuron", "u^2 - v^2", "u -> e^s u, v -> e^-s v"),
    ("rational_law", "x + 1/(3*y)", "dx/ds = 3, dy/ds = -1/y^2"),
    ("two_layer_linear", "sqnorm(U)^2", 'dU/ds = einsum("ij,ab->ij", U, U^2)'),
    ("product", "x^2 - x[0]^2", "the flow of d(theta)/ds = grad <S, x^2 - x[0]^2>, any S"),
]


@pytest.mark.parametrize(("name", "law", "expected"), NOETHER)
def test_the_symmetry_of_a_law(name: str, law: str, expected: str) -> None:
    assert noether(example(name), law).text == expected


def test_letters_that_the_file_uses_are_left_to_it() -> None:
    spec = read("dim k\nparam s: [k], u: [k]\nmap s*u")
    assert noether(spec, "s^2 - u^2").text == "s[i] -> e^eps s[i], u[i] -> e^-eps u[i], for each i"
    spec = read("dim n, m\nparam S: [n, m], U: [n, m]\nmap S @ U.T")
    assert noether(spec, "S.T @ S - U.T @ U").text == "S -> S exp(s*Z), U -> U exp(-s*Z), Z symmetric"


@pytest.mark.parametrize(
    ("model", "law", "expected"),
    [
        (
            "param A: [1, 2], B: [2, 3]\nmap A @ B",
            "A.T @ A - B @ B.T",
            "A -> A exp(s*S), B -> exp(-s*S) B, S symmetric",
        ),
        (
            "param A: [2, 1], B: [3, 2]\nmap B @ A",
            "A @ A.T - B.T @ B",
            "A -> exp(s*S) A, B -> B exp(-s*S), S symmetric",
        ),
        (
            'param A: [2, 1, 3], b: [2]\nmap einsum("iak,i->ak", A, b)',
            'einsum("iak,jak->ij", A, A) - outer(b, b)',
            "A -> A exp(s*S) (along axis 0), b -> exp(-s*S) b, S symmetric",
        ),
        (
            'param A: [1, 3, 2], b: [2]\nmap einsum("aki,i->ak", A, b)',
            'einsum("aki,akj->ij", A, A) - outer(b, b)',
            "A -> A exp(s*S) (along axis 2), b -> exp(-s*S) b, S symmetric",
        ),
    ],
)
def test_a_row_is_multiplied_from_the_right(model: str, law: str, expected: str) -> None:
    """Axes of size 1 count, as in NumPy."""
    assert noether(read(model), law).text == expected


def test_places_are_in_the_order_of_their_numbers() -> None:
    spec = read("param x: [12]\nmap x[2]*x[10]")
    assert noether(spec, "x[2]^2 - x[10]^2").text == "x[2] -> e^s x[2], x[10] -> e^-s x[10]"


def test_the_latex_of_a_symmetry() -> None:
    spec = example("deep_linear")
    assert (
        noether(spec, "W1 @ W1.T - W2.T @ W2").latex == "W_{1} \\mapsto e^{s S} W_{1},\\; W_{2} \\mapsto W_{2} e^{-s S}"
    )
    spec = example("declared_activation")
    assert noether(spec, "diag(U.T @ U) - 2*b").latex == "U_{:,k} \\mapsto e^{s} U_{:,k},\\; b_{k} \\mapsto b_{k} - s"


def test_a_function_of_a_parameter_is_no_pace() -> None:
    """exp(y) in the field of y is not the same for x: it must not be dropped as a function of the time is."""
    spec = read("param x, y\nmap x + exp(y)")
    assert noether(spec, "x + 1/exp(y)").text == "the flow of d(theta)/ds = grad (x + 1/exp(y))"


@pytest.mark.parametrize(
    ("model", "law", "expected"),
    [
        # multiplying by (a - c)^2 would change the field: da = b - c, db = -(a - c), dc = a - b
        ("param a, b, c\nmap a*b + b*c + c*a", "(a - b)/(a - c)", "the flow of d(theta)/ds = grad ((a - b)/(a - c))"),
        ("param x, y\nmap (1 + x)*y", "(1 + x)^2 - y^2", "dx/ds = x + 1, dy/ds = -y"),
        ("param u, v\nmap (1 + u)*exp(v)", "u^2 + 2*u - 2*v", "du/ds = u + 1, dv/ds = -1"),
        ("param x, y\nmap x/(1 + y^2)", "2*x^2 + y^2 + log(y^2)", "dx/ds = 2*x, dy/ds = y + 1/y"),
    ],
)
def test_denominators_and_sums_stay_in_the_field(model: str, law: str, expected: str) -> None:
    assert noether(read(model), law).text == expected


def test_an_expression_without_a_meaning_has_no_symmetry() -> None:
    with pytest.raises(SourceError, match="unknown name `Q`"):
        noether(example("two_layer_linear"), "Q.T @ Q")


def linear(p: dict[str, np.ndarray]) -> np.ndarray:
    return p["U"] @ p["V"].T


def deep(p: dict[str, np.ndarray]) -> np.ndarray:
    return p["W4"] @ p["W3"] @ p["W2"] @ p["W1"]


def tied(p: dict[str, np.ndarray]) -> np.ndarray:
    return p["E"] @ p["W"] @ p["E"].T


def recurrent(p: dict[str, np.ndarray]) -> np.ndarray:
    return np.stack([p["C"] @ np.linalg.matrix_power(p["A"], k) @ p["W"] for k in range(3)])


RECURRENT = "dim m, h, o\ninput x, y: [m]\nparam W: [h, m], A: [h, h], C: [o, h]\nmap C @ (A @ W @ x + W @ y)"


@pytest.mark.parametrize(
    ("spec", "outputs"),
    [
        (example("two_layer_linear"), linear),
        (example("deep_linear"), deep),
        (example("gallery/attention/tied_embeddings"), tied),
        (read(RECURRENT), recurrent),
    ],
)
def test_the_outputs_do_not_change_along_it(spec: Spec, outputs: object) -> None:
    """The text, read as matrix products and put into the model in floating point."""
    rng = np.random.default_rng(0)
    laws = matrix_laws(spec)
    assert laws
    for law in laws:
        text = noether(spec, law).text
        *moves, about = text.split(", ")
        assert about == "S symmetric"
        p = {name: rng.normal(size=(3, 3)) for name in spec.parameters()}
        before = outputs(p)  # type: ignore[operator]
        skewed = rng.normal(size=(3, 3))
        known = {**p, "exp(s*S)": expm(skewed + skewed.T), "exp(-s*S)": expm(-skewed - skewed.T)}
        for move in moves:
            name, factors = move.split(" -> ")
            p[name] = np.linalg.multi_dot([np.eye(3), *(known[x] for x in factors.split())])
        assert np.allclose(outputs(p), before, rtol=1e-6), text  # type: ignore[operator]
        assert not np.allclose(p[moves[0].split(" -> ")[0]], known[moves[0].split(" -> ")[0]])

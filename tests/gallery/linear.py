"""Linear networks, factorisations and polynomial models."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from tests.gallery.hand import Array, Hand, relu


def tensor_train(p: SimpleNamespace) -> Array:
    n, r = p.A.shape
    s = p.C.shape[0]
    return (p.A @ p.B.reshape(r, n * s)).reshape(n * n, s) @ p.C


def tucker(p: SimpleNamespace) -> Array:
    inner = np.tensordot(p.A, p.G, axes=(1, 0))
    inner = np.tensordot(p.B, inner, axes=(1, 1))
    return np.tensordot(p.C, inner, axes=(1, 2)).transpose(2, 1, 0)


def correlate(x: Array, w: Array) -> Array:
    return np.array([x[k : k + len(w)] @ w for k in range(len(x) - len(w) + 1)])


def residual(p: SimpleNamespace) -> Array:
    eye = np.eye(len(p.x))
    return (eye + p.C @ p.D) @ (eye + p.A @ p.B) @ p.x


def complex_measurements(p: SimpleNamespace) -> Array:
    return np.abs((p.A + 1j * p.B) @ (p.u + 1j * p.v)) ** 2


MODELS = {
    "two_layers": Hand(lambda p: p.U @ p.V.T, {"n": 2, "m": 3, "r": 2}),
    "three_layers": Hand(lambda p: p.A.dot(p.B).dot(p.C), {"n": 2, "m": 3, "h": 2, "k": 3}),
    "one_input_one_output": Hand(lambda p: p.a @ p.B @ p.c, {"h": 3}),
    "scalar_chain": Hand(lambda p: p.w[0] * p.w[1] * p.w[2], {"L": 3}),
    "biases": Hand(lambda p: p.U @ p.V @ p.x + p.U @ p.b + p.c, {"n": 2, "m": 3, "r": 2}),
    "tied_weights": Hand(lambda p: np.array([[u @ w for w in p.U] for u in p.U]), {"n": 3, "r": 2}),
    "autoencoder": Hand(lambda p: p.decoder @ (p.encoder @ p.x), {"n": 3, "r": 2}),
    "matrix_sensing": Hand(
        lambda p: np.array([np.sum(a * (p.U @ p.V.T)) for a in p.A]), {"k": 3, "n": 2, "m": 3, "r": 2}
    ),
    "deep_matrix_sensing": Hand(
        lambda p: np.array([np.trace(a.T @ p.W @ p.X @ p.Y) for a in p.A]), {"k": 3, "n": 2, "r": 2}
    ),
    "phase_retrieval": Hand(lambda p: np.array([(a @ p.u) ** 2 for a in p.A]), {"k": 3, "n": 2}),
    "complex_phase_retrieval": Hand(complex_measurements, {"k": 3, "n": 2}),
    "quadratic_network": Hand(
        lambda p: sum(p.U[:, k] * (p.V[k] @ p.x) ** 2 for k in range(2)), {"n": 2, "m": 3, "r": 2}
    ),
    "cubic_network": Hand(lambda p: sum(p.U[:, k] * (p.V[k] @ p.x) ** 3 for k in range(2)), {"n": 2, "m": 3, "r": 2}),
    "cp": Hand(
        lambda p: sum(p.A[:, k, None, None] * p.B[None, :, k, None] * p.C[None, None, :, k] for k in range(2)),
        {"a": 2, "b": 3, "c": 2, "r": 2},
    ),
    "tucker": Hand(tucker, {"n": 3, "r": 2}),
    "tensor_train": Hand(tensor_train, {"n": 2, "r": 2, "s": 3}),
    "diagonal": Hand(lambda p: sum(a * b * c for a, b, c in zip(p.u, p.v, p.x, strict=True)), {"n": 3}),
    "squares_difference": Hand(
        lambda p: sum((a - b) * (a + b) * c for a, b, c in zip(p.u, p.v, p.x, strict=True)), {"n": 3}
    ),
    "adapters": Hand(lambda p: (p.W + p.B @ p.A) @ p.x, {"n": 3, "m": 2, "r": 2}),
    "residual": Hand(residual, {"n": 3, "r": 2}),
    "convolutions": Hand(lambda p: correlate(p.x, np.convolve(p.a[::-1], p.b[::-1])[::-1]), {}),
    "entropic_factorisation": Hand(lambda p: np.inner(p.U, p.V), {"n": 2, "m": 3, "r": 2}),
    "momentum": Hand(lambda p: (p.U @ p.V) @ p.x, {"n": 2, "m": 3, "r": 2}),
    "weight_decay": Hand(lambda p: (p.U @ p.V) @ p.x, {"n": 2, "m": 3, "r": 2}),
    "input_convex": Hand(lambda p: p.W @ relu(p.V @ p.x + p.b), {"n": 2, "m": 3, "r": 2}),
}

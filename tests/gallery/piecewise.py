"""ReLU networks, other homogeneous activations, convolutional networks and graph-like architectures."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from tests.gallery.hand import Array, Hand, relu


def windows(x: Array, size: int) -> list[Array]:
    return [x[..., k : k + size] for k in range(x.shape[-1] - size + 1)]


def convolution_1d(p: SimpleNamespace) -> Array:
    h = np.array([[relu(np.sum(k * w) + b) for w in windows(p.x, 3)] for k, b in zip(p.K, p.b, strict=True)])
    return np.array([np.sum(w * h) for w in p.W])


def convolution_2d(p: SimpleNamespace) -> Array:
    x = np.pad(p.x, ((0, 0), (1, 1), (1, 1)))

    def conv(x: Array, kernel: Array, stride: int) -> Array:
        _, height, width = x.shape
        _, _, a, b = kernel.shape
        return np.array(
            [
                [
                    [np.sum(k * x[:, i : i + a, j : j + b]) for j in range(0, width - b + 1, stride)]
                    for i in range(0, height - a + 1, stride)
                ]
                for k in kernel
            ]
        )

    h = relu(conv(x, p.K, 2) + p.b[:, None, None])
    return conv(h, p.L, 1)


def grouped_convolution(p: SimpleNamespace) -> Array:
    a = relu(p.A @ p.x)
    h = np.array([[w @ k[0] for w in windows(row, 2)] for row, k in zip(a, p.K, strict=True)])
    return p.B @ relu(h)


def mean_pooling(p: SimpleNamespace) -> Array:
    h = np.array([np.mean([relu(np.sum(k * w)) for w in windows(p.x, 2)]) for k in p.K])
    return p.W @ h


def residual_stack(p: SimpleNamespace) -> Array:
    x = p.x
    for out, into in ((p.U, p.V), (p.W, p.Z)):
        x = x + out @ relu(into @ x)
    return x


def recurrent(p: SimpleNamespace) -> Array:
    h = np.zeros(len(p.W))
    for x in (p.x, p.y, p.z):
        h = relu(p.W @ h + p.V @ x)
    return p.U @ h


def dense_connections(p: SimpleNamespace) -> Array:
    y = relu(p.A @ p.x)
    z = np.concatenate([relu(p.B @ y), y])
    return np.concatenate([p.C, p.S], axis=1) @ z


def graph(p: SimpleNamespace) -> Array:
    messages = np.array([relu(x @ p.V) for x in p.X])
    return np.array([sum(a * m for a, m in zip(row, messages, strict=True)) for row in p.A]) @ p.U


def prelu(p: SimpleNamespace) -> Array:
    z = p.V @ p.x
    return p.U @ np.where(z > 0, z, p.a * z)


SMALL = {"n": 2, "m": 3, "r": 2}

MODELS = {
    "two_layers": Hand(lambda p: sum(p.U[:, k] * max(p.V[k] @ p.x, 0.0) for k in range(2)), SMALL),
    "biases": Hand(lambda p: p.U @ relu(p.V @ p.x + p.b) + p.c, SMALL),
    "three_layers": Hand(
        lambda p: p.C @ relu(p.b + p.B @ relu(p.a + p.A @ p.x)), {"n": 2, "m": 3, "h": 2, "k": 3}
    ),
    "leaky": Hand(lambda p: p.U @ (np.where(p.V @ p.x > 0, 1.0, 0.2) * (p.V @ p.x)), SMALL),
    "absolute_value": Hand(lambda p: p.U @ np.abs(p.V @ p.x), SMALL),
    "squared": Hand(lambda p: sum(u * p.s(v @ p.x) for u, v in zip(p.U.T, p.V, strict=True)), SMALL),
    "residual_block": Hand(lambda p: p.x + p.U @ relu(p.V @ p.x + p.b), {"n": 3, "r": 2}),
    "residual_stack": Hand(residual_stack, {"n": 3, "r": 2}),
    "dense_connections": Hand(dense_connections, {"n": 2, "m": 3, "h": 2, "k": 3}),
    "recurrent": Hand(recurrent, SMALL),
    "tied_autoencoder": Hand(lambda p: relu(p.V @ p.x + p.b) @ p.V, {"n": 3, "r": 2}),
    "convolution_1d": Hand(convolution_1d, {"n": 2, "c": 2}),
    "convolution_2d": Hand(convolution_2d, {"c": 2}),
    "grouped_convolution": Hand(grouped_convolution, {"n": 2}),
    "mean_pooling": Hand(mean_pooling, {"n": 2, "c": 3}),
    "random_features": Hand(lambda p: p.U @ relu(p.V @ p.x), {"n": 2, "m": 2, "r": 3}),
    "repeated_feature": Hand(lambda p: (p.u + p.v) @ p.x, {"n": 3}),
    "two_heads": Hand(
        lambda p: (p.U @ relu(p.V @ p.x), p.W @ relu(p.V @ p.x)), {"n": 2, "m": 3, "k": 1, "r": 2}
    ),
    "fixed_gates": Hand(lambda p: p.U @ np.diag(p.gate) @ p.V @ p.x, SMALL),
    "graph": Hand(graph, {"N": 3, "m": 2, "r": 2, "n": 2}),
    "sets": Hand(
        lambda p: sum(relu(x @ p.V + p.b) for x in p.X) @ p.U, {"N": 3, "m": 2, "r": 2, "n": 2}
    ),
    "embedding": Hand(
        lambda p: relu((p.E.T @ p.token) @ p.V) @ p.U, {"tokens": 3, "m": 2, "r": 2, "n": 2}
    ),
    "lookup": Hand(
        lambda p: np.array([[u @ v + a + b for v, b in zip(p.Q, p.q, strict=True)] for u, a in zip(p.P, p.p, strict=True)]),
        {"users": 2, "items": 3, "r": 2},
    ),
    "gain": Hand(lambda p: p.U @ relu(p.g * (p.V @ p.x)), SMALL),
    "parametric_slope": Hand(prelu, SMALL),
    "decay": Hand(lambda p: p.U @ relu(p.V @ p.x), SMALL),
}  # fmt: skip

"""Smooth activations, gates, softmax classifiers and normalisation layers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from tests.gallery.hand import Array, Hand, gelu, sigmoid, silu, softmax, softplus


def two_layers(activation: object) -> object:
    def model(p: SimpleNamespace) -> Array:
        assert callable(activation)
        z = p.V @ p.x + (p.b if hasattr(p, "b") else 0.0)
        return p.U @ activation(z) + (p.c if hasattr(p, "c") else 0.0)

    return model


def standardised(z: Array) -> Array:
    centred = z - np.mean(z)
    return centred / np.sqrt(np.mean(centred**2))


def rms(z: Array) -> Array:
    return z / np.sqrt(np.mean(z**2))


def bumps(p: SimpleNamespace) -> Array:
    return sum(a * np.exp(-w * np.sum((p.x - c) ** 2)) for a, w, c in zip(p.a, p.w, p.c, strict=True))


def experts(p: SimpleNamespace) -> Array:
    weights = softmax(p.G @ p.x + p.g)
    return sum(w * (a @ b @ p.x) for w, a, b in zip(weights, p.A, p.B, strict=True))


def batch(p: SimpleNamespace) -> Array:
    return p.g * standardised(p.X @ p.w + p.b)


def cosine(p: SimpleNamespace) -> Array:
    u, v = p.W @ p.x, p.Z @ p.y
    return u @ v / (np.linalg.norm(u) * np.linalg.norm(v))


SMALL = {"n": 2, "m": 3, "r": 2}


def hand(model: object, sizes: dict[str, int]) -> Hand:
    assert callable(model)
    return Hand(model, sizes)


MODELS = {
    "tanh": hand(two_layers(np.tanh), SMALL),
    "silu": hand(two_layers(silu), SMALL),
    "gelu": hand(two_layers(gelu), SMALL),
    "sigmoid": hand(two_layers(sigmoid), SMALL),
    "softplus": hand(two_layers(softplus), SMALL),
    "sine": hand(two_layers(np.sin), SMALL),
    "waves": Hand(lambda p: p.a @ np.sin(p.V @ p.x) + p.c @ np.cos(p.V @ p.x), {"m": 3, "r": 2}),
    "exponential": hand(two_layers(np.exp), SMALL),
    "gaussian_bumps": Hand(bumps, {"m": 3, "r": 2}),
    "swiglu": Hand(lambda p: p.down @ ((p.up @ p.x) * silu(p.gate @ p.x)), SMALL),
    "geglu": Hand(lambda p: p.down @ ((p.up @ p.x + p.b) * gelu(p.gate @ p.x + p.a)), SMALL),
    "bilinear": Hand(lambda p: p.down @ np.multiply(p.up @ p.x, p.gate @ p.x), SMALL),
    "mixture_of_experts": Hand(experts, {"n": 2, "m": 3, "e": 3, "r": 2}),
    "softmax_classifier": Hand(
        lambda p: softmax(p.W @ np.maximum(p.V @ p.x, 0.0) + p.c), {"classes": 3, "m": 2, "r": 2}
    ),
    "logistic_regression": Hand(lambda p: softmax(p.W @ p.x + p.b), {"classes": 3, "m": 2}),
    "temperature": Hand(lambda p: softmax((p.beta * p.W) @ p.x), {"classes": 3, "m": 2}),
    "layernorm_after": Hand(lambda p: p.g * standardised(p.W @ p.x) + p.b, {"n": 3, "m": 2}),
    "layernorm_before": Hand(lambda p: p.W @ (p.g * standardised(p.x)), {"n": 2, "m": 3}),
    "rmsnorm": Hand(lambda p: p.U @ (p.g * rms(p.V @ p.x)), {"n": 2, "m": 2, "r": 3}),
    "weight_normalisation": Hand(lambda p: p.g * (p.v @ p.x) / np.linalg.norm(p.v, axis=1), {"n": 2, "m": 3}),
    "batch_normalisation": Hand(batch, {"N": 4, "m": 2}),
    "cosine_similarity": Hand(cosine, {"d": 2, "m": 3}),
    "log_space": Hand(lambda p: np.prod(np.exp(p.a)) * p.x, {"L": 3}),
    "any_activation": Hand(lambda p: p.U @ p.s(p.V @ (p.W @ p.x)), {"n": 2, "m": 3, "r": 2, "k": 2}),
    "any_block": Hand(lambda p: (p.A @ p.B) @ p.F(p.C @ p.x, 2), SMALL),
    "rational_activation": hand(two_layers(lambda z: z / (1.0 + z**2)), SMALL),
    "scalar_gate": Hand(lambda p: p.x + p.alpha * p.U @ np.tanh(p.V @ p.x), {"n": 3, "r": 2}),
}

"""Networks made of blocks, written out: parameters of a block A are `p.A.U`."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from tests.gallery.attention import head, rms
from tests.gallery.hand import Array, Hand, silu, softmax


def gated(x: Array, p: SimpleNamespace) -> Array:
    return np.array([p.D.T @ (silu(p.G.T @ row) * (p.U.T @ row)) for row in x])


def layer(x: Array, p: SimpleNamespace) -> Array:
    middle = x + head(x, p.A)
    return middle + gated(middle, p.M)


def stack(p: SimpleNamespace) -> tuple[Array, Array]:
    low = layer(p.X @ p.E, p.First)
    return low @ p.E.T, (p.g * rms(layer(low, p.Second))) @ p.E.T


def siamese(p: SimpleNamespace) -> Array:
    u, w = gated(p.X, p.B).ravel(), gated(p.Y, p.B).ravel()
    return u @ w / np.sqrt((u @ u) * (w @ w))


def recurrent(p: SimpleNamespace) -> Array:
    state = np.zeros_like(p.X)
    for _ in range(3):
        state = gated(p.X + state, p.B)
    return state @ p.W.T


def experts(p: SimpleNamespace) -> Array:
    weights = np.array([softmax(p.G @ x + p.g) for x in p.X])
    both = gated(p.X, p.A), gated(p.X, p.B)
    return np.array([sum(w * y[k] for w, y in zip(row, both, strict=True)) for k, row in enumerate(weights)])


MODELS = {
    "attention_layer": Hand(lambda p: head(p.X, p), {"T": 3, "d": 2, "k": 2}),
    "gated_layer": Hand(lambda p: gated(p.X, p), {"T": 2, "d": 2, "r": 3}),
    "transformer_layer": Hand(lambda p: layer(p.X, p), {"T": 2, "d": 2, "k": 1, "r": 2}),
    "transformer_stack": Hand(stack, {"T": 2, "d": 2, "k": 1, "r": 1, "v": 3}),
    "siamese": Hand(siamese, {"T": 2, "d": 2, "r": 2}),
    "recurrent": Hand(recurrent, {"T": 2, "d": 2, "r": 2, "n": 1}),
    "experts": Hand(experts, {"T": 2, "d": 2, "r": 1}),
}

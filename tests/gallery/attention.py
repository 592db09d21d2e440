"""Attention, transformer blocks and other sequence models: one query at a time, in loops."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np

from tests.gallery.hand import Array, Hand, relu, silu, softmax


def attend(queries: Array, keys: Array, values: Array, bias: Array | None = None) -> Array:
    """Softmax attention, one query after the other."""
    rows = []
    for i, q in enumerate(queries):
        scores = np.array([q @ k for k in keys])
        rows.append(softmax(scores if bias is None else scores + bias[i]) @ values)
    return np.array(rows)


def head(x: Array, p: SimpleNamespace) -> Array:
    return attend(x @ p.Q, x @ p.K, x @ p.V) @ p.O.T


def heads(p: SimpleNamespace) -> Array:
    return sum(attend(p.X @ q, p.X @ k, p.X @ v) @ o.T for q, k, v, o in zip(p.Q, p.K, p.V, p.O, strict=True))


def shared_key(p: SimpleNamespace) -> Array:
    return sum(attend(p.X @ q, p.X @ p.K, p.X @ p.V) @ o.T for q, o in zip(p.Q, p.O, strict=True))


def biases(p: SimpleNamespace) -> Array:
    return attend(p.X @ p.Q + p.q, p.X @ p.K, p.X @ p.V + p.v) @ p.O.T + p.o


def masked(p: SimpleNamespace) -> Array:
    rows = []
    for i, x in enumerate(p.X):
        weights = np.array([m * np.exp((x @ p.Q) @ (y @ p.K)) for m, y in zip(p.M[i], p.X, strict=True)])
        rows.append(weights / sum(weights) @ p.X @ p.V @ p.O.T)
    return np.array(rows)


def causal(p: SimpleNamespace) -> Array:
    seen = [p.X[: k + 1] for k in range(len(p.X))]
    return np.array([attend(x[-1:] @ p.Q, x @ p.K, x @ p.V)[0] @ p.O.T for x in seen])


def rotary(p: SimpleNamespace) -> Array:
    turns = [np.array([[c, s], [-s, c]]) for c, s in zip(p.c, p.s, strict=True)]
    q = [x @ p.Q @ t for x, t in zip(p.X, turns, strict=True)]
    k = [x @ p.K @ t for x, t in zip(p.X, turns, strict=True)]
    return attend(np.array(q), np.array(k), p.X @ p.V)


def linear_attention(p: SimpleNamespace) -> Array:
    memory = sum(np.outer(x @ p.K, x @ p.V) for x in p.X)
    return p.X @ p.Q @ memory @ p.O.T


def rms(x: Array) -> Array:
    return x / np.sqrt(np.mean(x**2, axis=-1, keepdims=True))


def transformer(p: SimpleNamespace) -> Array:
    middle = p.X + head(p.X, p)
    return middle + np.array([p.Z.T @ relu(p.W.T @ y + p.b) for y in middle])


def modern(p: SimpleNamespace) -> Array:
    middle = p.X + head(rms(p.X) * p.a, p)
    return middle + np.array([p.D.T @ (silu(p.G.T @ z) * (p.U.T @ z)) for z in rms(middle) * p.b])


def adapters(p: SimpleNamespace) -> Array:
    return attend(p.X @ p.Q + p.X @ p.A @ p.B, p.X @ p.K, p.X @ p.V + p.X @ p.C @ p.D)


def tied(p: SimpleNamespace) -> Array:
    return softmax(p.E @ (p.W.T @ (p.E.T @ p.x)))


def state_space(p: SimpleNamespace) -> Array:
    h = np.zeros(len(p.a))
    for x in (p.x, p.y, p.z):
        h = p.a * h + p.B @ x
    return p.C @ h


def latent(p: SimpleNamespace) -> Array:
    small = p.X @ p.C
    return attend(p.X @ p.Q, small @ p.K, small @ p.V) @ p.O.T


SEQUENCE = {"T": 3, "d": 2, "k": 2}

MODELS = {
    "single_head": Hand(lambda p: head(p.X, p), SEQUENCE),
    "biases": Hand(biases, SEQUENCE),
    "key_bias": Hand(lambda p: attend(p.X @ p.Q, p.X @ p.K + p.b, p.X @ p.V), SEQUENCE),
    "multi_head": Hand(heads, {**SEQUENCE, "h": 2, "k": 1}),
    "grouped_query": Hand(shared_key, SEQUENCE),
    "multi_query": Hand(shared_key, {**SEQUENCE, "h": 3, "k": 1}),
    "cross": Hand(lambda p: attend(p.X @ p.Q, p.Y @ p.K, p.Y @ p.V) @ p.O.T, {"T": 2, "S": 3, "d": 2, "e": 3, "k": 2}),
    "linear_attention": Hand(linear_attention, SEQUENCE),
    "one_token": Hand(lambda p: p.x @ p.V @ p.O.T, {"d": 3, "k": 2}),
    "masked": Hand(masked, {"T": 2, "d": 2, "k": 2}),
    "causal": Hand(causal, SEQUENCE),
    "rotary": Hand(rotary, {"T": 3, "d": 2}),
    "learned_positions": Hand(lambda p: head(p.X + p.P, p), SEQUENCE),
    "distance_bias": Hand(lambda p: attend(p.X @ p.Q, p.X @ p.K, p.X @ p.V, p.B), SEQUENCE),
    "scaled": Hand(
        lambda p: attend(p.tau * (p.X @ p.Q) / np.sqrt(2.0), p.X @ p.K, p.X @ p.V), {"T": 3, "d": 2, "k": 2}
    ),
    "adapters": Hand(adapters, {"T": 3, "d": 2, "r": 1}),
    "transformer_block": Hand(transformer, {"T": 2, "d": 2, "k": 2, "r": 3}),
    "modern_block": Hand(modern, {"T": 2, "d": 3, "k": 2, "r": 2}),
    "normalised_queries": Hand(lambda p: attend(rms(p.X @ p.Q), rms(p.X @ p.K), p.X @ p.V), {"T": 3, "d": 2, "k": 2}),
    "tied_embeddings": Hand(tied, {"tokens": 3, "d": 2}),
    "pooling": Hand(lambda p: p.V @ attend(p.q[None], p.X @ p.K, p.X)[0], {"T": 3, "d": 2, "k": 2, "n": 2}),
    "state_space": Hand(state_space, {"m": 2, "n": 2, "r": 3}),
    "latent": Hand(latent, {"T": 3, "d": 3, "c": 2, "k": 1}),
    "memory": Hand(lambda p: attend(p.x[None], p.K, p.V)[0], {"N": 3, "d": 2, "n": 2}),
}

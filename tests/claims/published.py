"""The architectures of the published benchmark, with the number of conservation laws that it reports.

Marcotte, Gribonval, Peyré 2023, Abide by the law and follow the flow: conservation laws for gradient flows, NeurIPS, the
notebooks that go with it: fifty linear and fifty ReLU networks without biases, by their widths from input to output.
"""

from __future__ import annotations

from collections.abc import Sequence

# fmt: off
LINEAR = [
    ((5, 3, 2), 6), ((5, 5, 4, 4, 5), 35), ((3, 4, 2, 4), 13), ((2, 2, 2), 3), ((4, 2, 5), 3), ((3, 2, 3, 3), 9),
    ((2, 4, 5, 2, 2), 28), ((2, 3, 3), 6), ((2, 5, 4, 3), 25), ((2, 4, 2, 2), 13), ((2, 4, 3, 4, 4), 26),
    ((3, 2, 4), 3), ((4, 5, 3), 15), ((3, 2, 3), 3), ((5, 5, 2), 15), ((5, 5, 3, 2), 21), ((3, 4, 5, 4, 2), 35),
    ((5, 2, 3), 3), ((3, 4, 5), 10), ((3, 5, 5, 3, 2), 36), ((5, 5, 5), 15), ((5, 5, 4, 4, 5), 35), ((5, 2, 3), 3),
    ((3, 4, 3, 2, 3), 19), ((5, 4, 3), 10), ((2, 5, 4), 15), ((3, 2, 3, 5), 9), ((4, 5, 5, 5), 30), ((3, 2, 5), 3),
    ((5, 5, 3, 5), 21), ((2, 4, 5, 2), 25), ((3, 5, 3, 4), 21), ((3, 5, 3), 15), ((3, 2, 4, 2), 13), ((3, 3, 3), 6),
    ((3, 3, 3, 3), 12), ((4, 4, 5, 4, 4), 35), ((4, 5, 2), 15), ((5, 2, 3, 2, 4), 12), ((5, 3, 3, 2), 12),
    ((2, 4, 2, 4), 13), ((2, 3, 5), 6), ((2, 2, 3), 3), ((2, 2, 4), 3), ((3, 3, 5, 5, 2), 36), ((3, 5, 5, 5, 5), 45),
    ((5, 3, 3, 5, 3), 27), ((5, 5, 2, 2), 18), ((4, 5, 4), 15), ((4, 2, 5), 3),
]

RELU = [
    ((9, 7, 2), 7), ((8, 5, 8, 5, 5), 18), ((8, 8, 6, 6, 4), 20), ((8, 6, 8), 6), ((2, 4, 5, 8, 5), 17),
    ((8, 5, 9, 8), 14), ((4, 6, 7), 6), ((7, 3, 4, 5), 7), ((7, 2, 6), 2), ((7, 9, 9, 7, 3), 25),
    ((9, 8, 5, 4, 7), 17), ((7, 3, 4, 5), 7), ((8, 7, 3, 6), 10), ((6, 4, 2, 3, 6), 9), ((2, 6, 3, 7, 2), 16),
    ((9, 7, 3, 9, 4), 19), ((3, 5, 3), 5), ((3, 7, 9, 3, 3), 19), ((5, 3, 3, 4), 6), ((2, 3, 6, 8), 9),
    ((7, 2, 6, 6), 8), ((9, 3, 5, 9, 9), 17), ((9, 4, 7), 4), ((9, 9, 8, 8, 8), 25), ((9, 9, 3, 2), 12),
    ((3, 6, 2, 3, 7), 11), ((4, 2, 4, 3), 6), ((7, 4, 2, 5, 7), 11), ((9, 8, 4, 8, 5), 20), ((8, 2, 4, 5), 6),
    ((3, 6, 7), 6), ((2, 3, 9, 9, 3), 21), ((4, 5, 6), 5), ((9, 6, 7, 9), 13), ((6, 6, 4, 6), 10),
    ((7, 4, 7, 3, 4), 14), ((9, 6, 7, 9), 13), ((8, 2, 2), 2), ((2, 6, 6, 7), 12), ((7, 8, 7), 8), ((7, 9, 7, 6), 16),
    ((2, 6, 6), 6), ((9, 8, 4), 8), ((3, 9, 8, 3, 3), 20), ((8, 7, 5, 5, 5), 17), ((9, 5, 2), 5), ((9, 2, 7), 2),
    ((2, 7, 4, 5, 3), 16), ((9, 4, 8), 4), ((3, 6, 4, 2, 9), 12),
]
# fmt: on


def linear_net(widths: Sequence[int]) -> str:
    """A deep linear network with its balance laws l0, l1, ..., as a file."""
    layers = range(len(widths) - 1)
    params = ", ".join(f"W{k}: [{widths[k]}, {widths[k + 1]}]" for k in layers)
    laws = [f"law l{k} = W{k}.T @ W{k} - W{k + 1} @ W{k + 1}.T" for k in layers[:-1]]
    return "\n".join([f"param {params}", f"map {' @ '.join(f'W{k}' for k in layers)}", *laws, ""])


def relu_net(widths: Sequence[int], bias: bool = False) -> str:
    """A deep ReLU network with one law for each hidden neuron, as a file."""
    layers = range(len(widths) - 1)
    params = [f"W{k}: [{widths[k + 1]}, {widths[k]}]" for k in layers]
    params += [f"b{k}: [{widths[k + 1]}]" for k in layers if bias]
    e = "x"
    for k in layers:
        e = f"W{k} @ {f'relu({e})' if k else e}" + (f" + b{k}" if bias else "")
    square = " + b{0}^2" if bias else ""
    laws = [f"law l{k} = diag(W{k} @ W{k}.T) - diag(W{k + 1}.T @ W{k + 1})" + square.format(k) for k in layers[:-1]]
    return "\n".join([f"input x: [{widths[0]}]", f"param {', '.join(params)}", f"map {e}", *laws, ""])

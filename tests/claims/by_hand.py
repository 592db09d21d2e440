"""Models and laws written by hand in NumPy, with a differentiation of their own. Nothing here uses claws.

A `Dual` a + b*eps (eps^2 = 0) carries a value and a derivative. Over fractions everything is exact; where a
model needs exp or a root, values are floats. `residues` are J (P grad h): grad h with one pass for each
parameter entry, then one pass through the model.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np

Point = dict[str, Any]
"""Names to object arrays (or scalars) of fractions or floats."""


class Dual:
    """a + b*eps."""

    __slots__ = ("a", "b")

    def __init__(self, a: Any, b: Any = 0) -> None:
        self.a, self.b = a, b

    def __add__(self, other: Any) -> Dual:
        o = dual(other)
        return Dual(self.a + o.a, self.b + o.b)

    def __mul__(self, other: Any) -> Dual:
        o = dual(other)
        return Dual(self.a * o.a, self.a * o.b + self.b * o.a)

    def __truediv__(self, other: Any) -> Dual:
        o = dual(other)
        return Dual(self.a / o.a, (self.b * o.a - self.a * o.b) / (o.a * o.a))

    def __pow__(self, n: int) -> Dual:
        return Dual(self.a**n, n * self.a ** (n - 1) * self.b if n else 0)

    def __neg__(self) -> Dual:
        return Dual(-self.a, -self.b)

    def __sub__(self, other: Any) -> Dual:
        return self + -dual(other)

    def __rsub__(self, other: Any) -> Dual:
        return dual(other) - self

    def __rtruediv__(self, other: Any) -> Dual:
        return dual(other) / self

    __radd__ = __add__
    __rmul__ = __mul__


def dual(x: Any) -> Dual:
    return x if isinstance(x, Dual) else Dual(x if isinstance(x, float | Fraction) else Fraction(int(x)))


def elementwise(f: Callable[[Dual], Dual]) -> Callable[[Any], Any]:
    """A function of one number as a function of arrays."""

    def function(z: Any) -> Any:
        array = np.asarray(z, dtype=object)
        result = np.empty(array.shape, dtype=object)
        for i in np.ndindex(array.shape):
            result[i] = f(dual(array[i]))
        return result if array.shape else result[()]

    return function


def smooth(f: Callable[[float], float], slope: Callable[[float], float]) -> Callable[[Any], Any]:
    return elementwise(lambda z: Dual(f(float(z.a)), slope(float(z.a)) * float(z.b)))


def sigmoid_of(z: float) -> float:
    return 1 / (1 + math.exp(-z))


def cdf_of(z: float) -> float:
    return (1 + math.erf(z / math.sqrt(2))) / 2


def density_of(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


relu = elementwise(lambda z: z if z.a > 0 else Dual(Fraction(0)))
absolute = elementwise(lambda z: z if z.a > 0 else -z)
exp = smooth(math.exp, math.exp)
log = elementwise(lambda z: Dual(math.log(z.a), z.b / z.a))
sqrt = smooth(math.sqrt, lambda z: 1 / (2 * math.sqrt(z)))
tanh = smooth(math.tanh, lambda z: 1 - math.tanh(z) ** 2)
sin = smooth(math.sin, math.cos)
sigmoid = smooth(sigmoid_of, lambda z: sigmoid_of(z) * (1 - sigmoid_of(z)))
gelu = smooth(lambda z: z * cdf_of(z), lambda z: cdf_of(z) + z * density_of(z))
silu = smooth(lambda z: z * sigmoid_of(z), lambda z: sigmoid_of(z) * (1 + z * (1 - sigmoid_of(z))))


def leaky(slope: Fraction) -> Callable[[Any], Any]:
    return elementwise(lambda z: z if z.a > 0 else z * slope)


def homogeneous(degree: int, up: int, down: int) -> Callable[[Any], Any]:
    """up*z^k for z > 0, down*|z|^k for z < 0."""
    return elementwise(lambda z: z**degree * up if z.a > 0 else (-z) ** degree * down)


def softmax(z: Any) -> Any:
    e = exp(z)
    return e / np.sum(e, axis=-1, keepdims=True)


def conv1d(x: Any, w: Any, padding: int = 0) -> Any:
    """x [c_in, n], w [c_out, c_in, k]: correlation, written out."""
    zeros = np.full((x.shape[0], padding), Fraction(0), dtype=object)
    x = np.concatenate([zeros, x, zeros], axis=1)
    taps = w.shape[2]
    columns = [
        [sum((w[o, c, t] * x[c, p + t] for c in range(w.shape[1]) for t in range(taps)), Fraction(0))
         for p in range(x.shape[1] - taps + 1)]
        for o in range(w.shape[0])
    ]  # fmt: skip
    return np.array(columns, dtype=object)


def sq(x: Any) -> Any:
    return np.sum(x * x)


@dataclass(frozen=True)
class Hand:
    """A model and a law by hand. Each takes a namespace of the arrays; `shapes` are for random points."""

    model: Callable[[SimpleNamespace], Any]
    law: Callable[[SimpleNamespace], Any]
    shapes: Mapping[str, tuple[int, ...]]
    fixed: tuple[str, ...] = ()
    """Inputs and constants: they are not trained."""
    positive: tuple[str, ...] = ()
    precondition: Mapping[str, Callable[[SimpleNamespace], Any]] = field(default_factory=dict)


def random_point(hand: Hand, rng: random.Random) -> Point:
    """Entries are not zero and rarely equal, so that reciprocals exist."""
    point: Point = {}
    for name, shape in hand.shapes.items():
        array = np.empty(shape, dtype=object)
        for i in np.ndindex(shape):
            x = Fraction(rng.randint(1, 97), rng.randint(20, 70))
            array[i] = x if name in hand.positive or rng.random() < 0.5 else -x
        point[name] = array if shape else array[()]
    return point


def lifted(point: Point, tangent: Mapping[str, Any]) -> SimpleNamespace:
    """The point as dual numbers."""
    arrays = {}
    for name, value in point.items():
        values = np.asarray(value, dtype=object)
        tangents = np.asarray(tangent.get(name, np.zeros(values.shape, dtype=int)), dtype=object)
        array = np.empty(values.shape, dtype=object)
        for i in np.ndindex(values.shape):
            array[i] = Dual(values[i], tangents[i])
        arrays[name] = array if values.shape else array[()]
    return SimpleNamespace(**arrays)


def derivative(x: Any) -> Any:
    return x.b if isinstance(x, Dual) else 0


def residues(hand: Hand, point: Point, entry: tuple[int, ...]) -> dict[tuple[int, ...], Any]:
    """J (P grad h) for one entry h of the law, by entry of the output."""
    direction: Point = {}
    for name, value in point.items():
        if name in hand.fixed:
            continue
        gradient = np.zeros(np.shape(value), dtype=object)
        for i in np.ndindex(gradient.shape):
            one = np.zeros(gradient.shape, dtype=int)
            one[i] = 1
            law = np.asarray(hand.law(lifted(point, {name: one})), dtype=object)
            gradient[i] = derivative(law[entry])
        factor = hand.precondition.get(name)
        if factor is not None:
            gradient = gradient * np.asarray(factor(SimpleNamespace(**point)), dtype=object)
        direction[name] = gradient
    output = np.asarray(hand.model(lifted(point, direction)), dtype=object)
    return {i: derivative(output[i]) for i in np.ndindex(output.shape)}


def law_entries(hand: Hand, point: Point) -> Iterator[tuple[int, ...]]:
    return np.ndindex(np.shape(np.asarray(hand.law(lifted(point, {})), dtype=object)))


# --- models ---------------------------------------------------------------------------------------


def linear(p: SimpleNamespace) -> Any:
    return p.U @ p.V.T


def relu_net(p: SimpleNamespace) -> Any:
    return p.U @ relu(p.V.T @ p.x)


def relu_net_bias(p: SimpleNamespace) -> Any:
    return p.U @ relu(p.V.T @ p.x + p.b) + p.c


def three_layers(p: SimpleNamespace) -> Any:
    return p.C @ relu(p.B @ relu(p.A @ p.x))


def three_layers_bias(p: SimpleNamespace) -> Any:
    return p.C @ relu(p.B @ relu(p.A @ p.x + p.b))


def square_units(p: SimpleNamespace) -> Any:
    return p.U @ (p.V.T @ p.x) ** 2


def cp(p: SimpleNamespace) -> Any:
    return np.einsum("ir,jr,kr->ijk", p.A, p.B, p.C)


def attention(p: SimpleNamespace) -> Any:
    scores = p.X @ p.Q @ p.K.T @ p.X.T / Fraction(1)  # k = 1, so sqrt(k) = 1
    return softmax(scores) @ p.X @ p.V @ p.O


def two_heads(p: SimpleNamespace) -> Any:
    return sum(softmax(p.X @ p.Q[a] @ p.K[a].T @ p.X.T) @ p.X @ p.V[a] for a in range(p.Q.shape[0]))


def relu_conv(p: SimpleNamespace) -> Any:
    return conv1d(relu(conv1d(p.x, p.w)), p.v)


def relu_conv_bias(p: SimpleNamespace) -> Any:
    return conv1d(relu(conv1d(p.x, p.w, 1) + p.b[:, None]), p.v, 2)


def product(p: SimpleNamespace) -> Any:
    return np.prod(p.x)


def xy(p: SimpleNamespace) -> Any:
    return p.x * p.y


# --- laws -----------------------------------------------------------------------------------------


def balance(p: SimpleNamespace) -> Any:
    return p.U.T @ p.U - p.V.T @ p.V


def neurons(p: SimpleNamespace) -> Any:
    return np.diag(balance(p))


def layer_one(p: SimpleNamespace) -> Any:
    return np.diag(p.A @ p.A.T) - np.diag(p.B.T @ p.B)


def column_sums(p: SimpleNamespace) -> Any:
    return np.sum(p.U, axis=0) - np.sum(p.V, axis=0)


def squares(p: SimpleNamespace) -> Any:
    return p.x**2 - p.y**2


def channels(p: SimpleNamespace) -> Any:
    return np.array([sq(p.w[i]) - sq(p.v[:, i]) for i in range(p.w.shape[0])], dtype=object)


def channel_matrix(p: SimpleNamespace) -> Any:
    return np.einsum("iat,jat->ij", p.w, p.w) - np.einsum("oit,ojt->ij", p.v, p.v)


UV = {"U": (3, 2), "V": (2, 2)}
SQUARE = {"U": (3, 2), "V": (3, 2)}
NET = {"U": (3, 2), "V": (4, 2), "x": (4,)}
BIASED = {**NET, "b": (2,), "c": (3,)}
DEEP = {"A": (3, 2), "B": (2, 3), "C": (1, 2), "x": (2,)}
FACTORS = {"A": (2, 2), "B": (3, 2), "C": (2, 2)}
HEADS = {"X": (3, 2), "Q": (2, 2, 1), "K": (2, 2, 1), "V": (2, 2, 2)}
ATTENTION = {"X": (3, 2), "Q": (2, 1), "K": (2, 1), "V": (2, 2), "O": (2, 2)}
KERNELS = {"x": (2, 5), "w": (2, 2, 2), "v": (1, 2, 2)}
XY = {"x": (), "y": ()}
XYZ = {"x": (), "y": (), "z": ()}
SCALAR_NET = {"u": (), "v": (), "x": ()}
ENTROPIC = {"U": lambda p: p.U, "V": lambda p: p.V}

HANDS: dict[str, Hand] = {
    "linear": Hand(linear, balance, UV),
    "linear_sign": Hand(linear, lambda p: p.U.T @ p.U + p.V.T @ p.V, UV),
    "linear_factor_2": Hand(linear, lambda p: p.U.T @ p.U - 2 * (p.V.T @ p.V), UV),
    "linear_entry": Hand(linear, lambda p: p.U[0, 0] ** 2 - p.V[0, 0] ** 2, UV),
    "linear_wrong_side": Hand(linear, lambda p: p.U @ p.U.T - p.V @ p.V.T, SQUARE),
    "linear_mixed_product": Hand(linear, lambda p: p.U.T @ p.V, SQUARE),
    "linear_skew": Hand(linear, lambda p: p.U.T @ p.V - p.V.T @ p.U, SQUARE),
    "deep_linear_skipping": Hand(
        lambda p: p.W3 @ p.W2 @ p.W1,
        lambda p: p.W3.T @ p.W3 - p.W1 @ p.W1.T,
        {"W1": (2, 2), "W2": (2, 2), "W3": (2, 2)},
    ),
    "law_times_law": Hand(linear, lambda p: balance(p) * np.trace(balance(p)), UV),
    "law_times_other": Hand(linear, lambda p: sq(p.U) * np.trace(balance(p)), UV),
    "law_det": Hand(linear, lambda p: balance(p)[0, 0] * balance(p)[1, 1] - balance(p)[0, 1] ** 2, UV),
    "law_quotient": Hand(
        lambda p: p.u * p.v * p.w,
        lambda p: (p.u**2 - p.v**2) / (p.u**2 - p.w**2),
        {"u": (), "v": (), "w": ()},
    ),
    "law_cayley_hamilton_3": Hand(
        lambda p: p.U,
        lambda p: p.U @ p.U - p.U * np.trace(p.U) + np.eye(3, dtype=object) * det3(p.U),
        {"U": (3, 3)},
    ),
    "shared_twice": Hand(lambda p: p.w * p.w * p.v, lambda p: p.w**2 - 2 * p.v**2, {"w": (), "v": ()}),
    "shared_twice_as_once": Hand(lambda p: p.w * p.w * p.v, lambda p: p.w**2 - p.v**2, {"w": (), "v": ()}),
    "shared_gram": Hand(lambda p: p.U @ p.U.T, lambda p: p.U.T @ p.U, {"U": (2, 2)}),
    "product": Hand(product, lambda p: p.x[:, None] ** 2 - p.x[None, :] ** 2, {"x": (4,)}),
    "product_minus_one_twice": Hand(product, lambda p: p.x[-1] ** 2 - 2 * p.x[0] ** 2, {"x": (3,)}),
    "power": Hand(lambda p: p.x * p.y**2, lambda p: 2 * p.x**2 - p.y**2, XY),
    "power_as_product": Hand(lambda p: p.x * p.y**2, squares, XY),
    "power_negative": Hand(lambda p: p.y / (p.x * p.x), lambda p: p.x**2 + 2 * p.y**2, XY),
    "power_negative_sign": Hand(lambda p: p.y / (p.x * p.x), lambda p: p.x**2 - 2 * p.y**2, XY),
    "power_root": Hand(lambda p: sqrt(p.x) * p.y, lambda p: 2 * p.x**2 - p.y**2, XY, positive=("x",)),
    "minus_power": Hand(lambda p: 0 - p.x * p.x * p.y, lambda p: 0 - p.x * p.x + 2 * p.y**2, XY),
    "minus_power_squared": Hand(lambda p: 0 - p.x * p.x * p.y, lambda p: p.x * p.x + 2 * p.y**2, XY),
    "quotient_chain": Hand(lambda p: p.x / (p.y * p.z), lambda p: p.y**2 - p.z**2, XYZ),
    "quotient_nested": Hand(lambda p: p.x * p.z / p.y, lambda p: p.y**2 - p.z**2, XYZ),
    "square_elementwise": Hand(lambda p: np.sum(p.U * p.U), lambda p: p.U[0, 1] ** 2 - p.U[1, 0] ** 2, {"U": (2, 2)}),
    "square_matrix": Hand(lambda p: np.trace(p.U @ p.U), lambda p: p.U[0, 1] ** 2 - p.U[1, 0] ** 2, {"U": (2, 2)}),
    "hadamard_matrix": Hand(
        lambda p: p.u * p.v, lambda p: np.outer(p.u, p.u) - np.outer(p.v, p.v), {"u": (3,), "v": (3,)}
    ),
    "rational": Hand(lambda p: p.x + p.y**3, lambda p: p.x + 1 / (3 * p.y), XY),
    "rational_sign": Hand(lambda p: p.x + p.y**3, lambda p: p.x - 1 / (3 * p.y), XY),
    "parallel": Hand(lambda p: p.x * p.y / (p.x + p.y), lambda p: p.x**3 - p.y**3, XY, positive=("x", "y")),
    "parallel_square": Hand(lambda p: p.x * p.y / (p.x + p.y), squares, XY, positive=("x", "y")),
    "logarithm": Hand(lambda p: p.x + p.y**2, lambda p: p.x - log(p.y) / 2, XY, positive=("y",)),
    "exponential": Hand(lambda p: exp(p.x) * p.y, lambda p: p.y**2 / 2 - p.x, XY),
    "relu": Hand(relu_net, neurons, NET, fixed=("x",)),
    "relu_matrix": Hand(relu_net, balance, NET, fixed=("x",)),
    "relu_bias": Hand(relu_net_bias, lambda p: neurons(p) - p.b**2, BIASED, fixed=("x",)),
    "relu_bias_missing": Hand(relu_net_bias, neurons, BIASED, fixed=("x",)),
    "relu_bias_sign": Hand(relu_net_bias, lambda p: neurons(p) + p.b**2, BIASED, fixed=("x",)),
    "deep_relu": Hand(three_layers, layer_one, DEEP, fixed=("x",)),
    "deep_relu_ends_bias": Hand(three_layers_bias, lambda p: sq(p.A) - sq(p.C), {**DEEP, "b": (3,)}, fixed=("x",)),
    "relu_squared_as_relu": Hand(lambda p: p.U @ relu(p.V.T @ p.x) ** 2, neurons, NET, fixed=("x",)),
    "relu_two_regions": Hand(lambda p: p.x * p.y + relu(-p.x), squares, XY),
    "leaky_relu": Hand(lambda p: p.U @ leaky(Fraction(1, 10))(p.V.T @ p.x), neurons, NET, fixed=("x",)),
    "leaky_relu_matrix": Hand(lambda p: p.U @ leaky(Fraction(1, 100))(p.V.T @ p.x), balance, NET, fixed=("x",)),
    "abs": Hand(lambda p: p.U @ absolute(p.V.T @ p.x), neurons, NET, fixed=("x",)),
    "abs_matrix": Hand(lambda p: p.U @ absolute(p.V.T @ p.x), balance, NET, fixed=("x",)),
    "degree_3": Hand(
        lambda p: p.U @ homogeneous(3, 2, -5)(p.V.T @ p.x),
        lambda p: np.diag(3 * (p.U.T @ p.U) - p.V.T @ p.V),
        NET,
        fixed=("x",),
    ),
    "square_neurons": Hand(square_units, lambda p: np.diag(p.U.T @ p.U) - np.diag(p.V.T @ p.V) / 2, NET, fixed=("x",)),
    "square_neurons_matrix": Hand(square_units, lambda p: p.U.T @ p.U - p.V.T @ p.V / 2, NET, fixed=("x",)),
    "tanh_across": Hand(lambda p: p.u * tanh(p.v * p.x), lambda p: p.u**2 - p.v**2, SCALAR_NET, ("x",)),
    "gelu_across": Hand(lambda p: p.u * gelu(p.v * p.x), lambda p: p.u**2 - p.v**2, SCALAR_NET, ("x",)),
    "sin_across": Hand(lambda p: p.u * sin(p.v * p.x), lambda p: p.u**2 - p.v**2, SCALAR_NET, ("x",)),
    "sigmoid_across": Hand(lambda p: p.u * sigmoid(p.v * p.x), lambda p: p.u**2 - p.v**2, SCALAR_NET, ("x",)),
    "sigmoid_pair": Hand(lambda p: p.u * (sigmoid(p.v * p.x) + sigmoid(-p.v * p.x)), lambda p: p.v, SCALAR_NET, ("x",)),
    "silu_gate": Hand(
        lambda p: p.O @ (silu(p.G @ p.x) * (p.W @ p.x)),
        lambda p: np.diag(p.W @ p.W.T) - np.diag(p.O.T @ p.O),
        {"W": (2, 3), "G": (2, 3), "O": (3, 2), "x": (3,)},
        fixed=("x",),
    ),
    "exp_bias": Hand(
        lambda p: p.U @ exp(p.V.T @ p.x + p.b),
        lambda p: np.diag(p.U.T @ p.U) - 2 * p.b,
        {**NET, "b": (2,)},
        fixed=("x",),
    ),
    "softmax_shift": Hand(
        lambda p: softmax(p.W @ p.x), lambda p: np.sum(p.W, axis=0), {"W": (3, 2), "x": (2,)}, fixed=("x",)
    ),
    "softmax_wrong_axis": Hand(
        lambda p: softmax(p.W @ p.x), lambda p: np.sum(p.W, axis=1), {"W": (2, 1), "x": (1,)}, fixed=("x",)
    ),
    "attention_qk": Hand(attention, lambda p: p.Q.T @ p.Q - p.K.T @ p.K, ATTENTION, fixed=("X",)),
    "attention_vo": Hand(attention, lambda p: p.V.T @ p.V - p.O @ p.O.T, ATTENTION, fixed=("X",)),
    "heads": Hand(
        two_heads,
        lambda p: np.array([p.Q[a].T @ p.Q[a] - p.K[a].T @ p.K[a] for a in range(2)], dtype=object),
        HEADS,
        fixed=("X",),
    ),
    "heads_crossed": Hand(two_heads, lambda p: p.Q[0].T @ p.Q[1] - p.K[0].T @ p.K[1], HEADS, fixed=("X",)),
    "cp": Hand(cp, lambda p: np.diag(p.A.T @ p.A) - np.diag(p.B.T @ p.B), FACTORS),
    "cp_matrix": Hand(cp, lambda p: p.A.T @ p.A - p.B.T @ p.B, FACTORS),
    "cp_shared_once": Hand(
        lambda p: np.einsum("ir,jr,kr->ijk", p.A, p.A, p.B),
        lambda p: np.diag(p.A.T @ p.A) - np.diag(p.B.T @ p.B),
        {"A": (2, 2), "B": (3, 2)},
    ),
    "tucker_side": Hand(
        lambda p: p.A @ p.G @ p.B.T,
        lambda p: p.A.T @ p.A - p.G.T @ p.G,
        {"A": (3, 2), "B": (2, 2), "G": (2, 2)},
    ),
    "stack": Hand(
        lambda p: np.array([p.u * p.v, p.u * p.w], dtype=object),
        lambda p: p.u**2 - p.v**2 - p.w**2,
        {"u": (), "v": (), "w": ()},
    ),
    "stack_one_false_entry": Hand(
        lambda p: np.array([p.u * p.v, p.u * p.w], dtype=object),
        lambda p: np.array([p.u**2 - p.v**2 - p.w**2, dual(7), p.u**2 - p.w**2], dtype=object),
        {"u": (), "v": (), "w": ()},
    ),
    "slices": Hand(
        lambda p: p.U[0:2] @ p.V.T,
        lambda p: p.U[1:3].T @ p.U[1:3] - p.V.T @ p.V,
        {"U": (3, 2), "V": (2, 2)},
    ),
    "concat_columns": Hand(
        lambda p: np.concatenate([p.A, p.B], axis=1) @ p.C,
        lambda p: p.A.T @ p.B - p.C[0:2] @ p.C[2:5].T,
        {"A": (2, 2), "B": (2, 3), "C": (5, 2)},
    ),
    "reshape_order": Hand(
        lambda p: p.U.reshape(4) * p.V, lambda p: p.U[0, 1] ** 2 - p.V[2] ** 2, {"U": (2, 2), "V": (4,)}
    ),
    "kron": Hand(lambda p: np.kron(p.U, p.V), lambda p: sq(p.U) - sq(p.V), {"U": (2, 2), "V": (1, 3)}),
    "trace_output_axes": Hand(
        lambda p: np.trace(p.U @ p.V), lambda p: p.U * p.U - p.V * p.V, {"U": (2, 2), "V": (2, 2)}
    ),
    "det_output_3": Hand(lambda p: det3(p.U), lambda p: (p.U @ p.U.T)[0, 1], {"U": (3, 3)}),
    "broadcast_entries": Hand(lambda p: p.a * p.b, lambda p: p.a[:, 0] ** 2 - p.b**2, {"a": (3, 1), "b": (3,)}),
    "broadcast_row": Hand(lambda p: p.U + p.b, lambda p: np.sum(p.U, axis=0) - p.b, {"U": (3, 3), "b": (3,)}),
    "conv_channels": Hand(lambda p: conv1d(conv1d(p.x, p.w), p.v), channel_matrix, KERNELS, fixed=("x",)),
    "conv_relu": Hand(relu_conv, channels, KERNELS, fixed=("x",)),
    "conv_relu_matrix": Hand(relu_conv, channel_matrix, KERNELS, fixed=("x",)),
    "conv_relu_padding": Hand(relu_conv_bias, lambda p: channels(p) + p.b**2, {**KERNELS, "b": (2,)}, fixed=("x",)),
    "conv_padding_bias": Hand(relu_conv_bias, channels, {**KERNELS, "b": (2,)}, fixed=("x",)),
    "constants_ignored": Hand(
        lambda p: p.c[0] * p.u + p.c[1] * p.v,
        lambda p: p.u - p.v,
        {"c": (2,), "u": (), "v": ()},
        fixed=("c",),
    ),
    "entropic": Hand(linear, column_sums, UV, positive=("U", "V"), precondition=ENTROPIC),
    "entropic_ignored": Hand(linear, balance, UV, positive=("U", "V"), precondition=ENTROPIC),
    "entropic_without": Hand(linear, column_sums, UV),
    "entropic_half": Hand(xy, lambda p: p.x - p.y**2 / 2, XY, precondition={"x": lambda p: p.x}),
    "precondition_number_inverse": Hand(xy, lambda p: 2 * p.x**2 - p.y**2, XY, precondition={"x": lambda p: 2}),
    "precondition_by_other": Hand(xy, lambda p: p.x**2 / 2 - p.y**3 / 3, XY, precondition={"x": lambda p: p.y}),
    "precondition_by_other_not": Hand(xy, squares, XY, precondition={"x": lambda p: p.y}),
    "root_of_square": Hand(lambda p: absolute(p.x) * p.y + p.x * p.z, lambda p: p.y - p.z, XYZ),
    "relu_negated": Hand(lambda p: (relu(-p.x) + relu(p.x)) * p.y, lambda p: p.y, XY),
    "reversed_not": Hand(lambda p: p.x * p.y[::-1], lambda p: p.x**2 - p.y**2, {"x": (3,), "y": (3,)}),
    "kron_order_not": Hand(lambda p: np.kron(p.U, p.V)[1], lambda p: p.U[0] ** 2 - p.V[0] ** 2, {"U": (2,), "V": (2,)}),
}


def det3(u: Any) -> Any:
    """By the rule of Sarrus."""
    plus = u[0, 0] * u[1, 1] * u[2, 2] + u[0, 1] * u[1, 2] * u[2, 0] + u[0, 2] * u[1, 0] * u[2, 1]
    minus = u[0, 2] * u[1, 1] * u[2, 0] + u[0, 1] * u[1, 0] * u[2, 2] + u[0, 0] * u[1, 2] * u[2, 1]
    return plus - minus

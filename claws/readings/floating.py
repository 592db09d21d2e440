"""The floating reading: a program at fixed sizes in float64, with derivatives of any order.

Not trusted: it is for gradient flows, property tests and figures. It is the modular reading with other numbers; what a file
leaves open (`activation s`, `function F`) is a fixed smooth function, drawn from a seed; an activation with a declared derivative
is a solution of that equation, with its value at 0 drawn from the seed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from claws.readings.arrays import (  # sets OPENBLAS_NUM_THREADS before NumPy loads
    Field,
    Jet,
    Reading,
    Residues,
    arranged,
)

# isort: split
import numpy as np

from claws.kernel.core.errors import Meter
from claws.kernel.core.functions import Slope, has_rule, higher_derivative
from claws.kernel.core.program import Program
from claws.kernel.counting.jets import salt
from claws.readings.solutions import solution

Array = Residues


LARGE = 100_000
"""Products of arrays with more entries, before they are summed, are contracted two by two."""

einsum: Any = np.einsum  # its form with lists of labels is not in its type


class Floats(Field):
    """Floating-point numbers in place of residues."""

    def __init__(self) -> None:
        self.p = 0

    def reduce(self, x: Array) -> Array:
        return x

    def residue(self, c: Fraction) -> float:
        return c.numerator / c.denominator

    def power(self, x: Array, k: int) -> Array:
        return np.asarray(np.power(x, float(k)))

    def einsum(
        self, operands: Sequence[Jet], labels: Sequence[Sequence[int]], out: Sequence[int], sizes: Sequence[int]
    ) -> Jet:
        """Values alone (jets of level 0) at once, by NumPy: a flow takes many small steps."""
        arrays = [x for jet in operands if len(jet) == 1 and (x := jet[0]) is not None]
        if len(arrays) != len(operands) or math.prod(sizes) > LARGE:
            return super().einsum(operands, labels, out, sizes)
        carried = [label for label in dict.fromkeys(out) if any(label in row for row in labels)]
        pairs = [y for x, row in zip(arrays, labels, strict=True) for y in (x, [0, *(1 + label for label in row)])]
        found = einsum(*pairs, [0, *(1 + label for label in carried)])
        return [found if carried == list(out) else arranged(found, carried, out, sizes)]


def _sigmoid(z: Array) -> Array:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * z)))


def _erf(z: Array) -> Array:
    from scipy.special import erf

    return np.asarray(erf(z))


_FUNCTIONS: dict[str, Any] = {
    "exp": np.exp,
    "log": np.log,
    "sin": np.sin,
    "cos": np.cos,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "softplus": lambda z: np.logaddexp(0.0, z),
    "erf": _erf,
    "erf_slope": lambda z: 2.0 / math.sqrt(math.pi) * np.exp(-z * z),
    "normal_cdf": lambda z: 0.5 * (1.0 + _erf(z / math.sqrt(2.0))),
    "normal_pdf": lambda z: np.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi),
}


class FloatReading(Reading):
    """One evaluation of a program in float64: leaves, by name, are jets of arrays batch x shape; a batch of 1 stands for all.

    With `soft`, the slope of a relu goes from 0 to 1 within about that distance of its kink, and relu(z) is slope*z: a choice
    among the subgradients (Filippov 1988), for training that slides along a kink.
    """

    def __init__(
        self, program: Program, leaves: Mapping[str, Jet], level: int = 0, seed: int = 0, soft: float = 0.0
    ) -> None:
        super().__init__(program, leaves, Floats(), level, seed, Meter(10**18))
        self.soft = soft

    def _on(self, z: Array) -> Array:
        """1 where z is positive, else 0; in between near 0, if soft."""
        return _sigmoid(z / self.soft) if self.soft else np.asarray((z > 0).astype(np.float64))

    def _power_series(self, exponent: Fraction, z: Array, order: int, factor: float = 1.0) -> list[Array]:
        result = []
        binomial = Fraction(1)
        for j in range(order + 1):
            if binomial:
                result.append(np.asarray(float(binomial) * factor * np.power(z, float(exponent - j))))
            else:
                result.append(np.zeros_like(z))
            binomial = binomial * (exponent - j) / (j + 1)
        return result

    def _taylor(self, function: str, z: Array) -> list[Array]:
        order = self.level + 1
        if function == "relu":
            side = self._on(z)
            return [z * side, side, *[np.zeros_like(z)] * (order - 1)]
        declared = self.activations.get(function)
        if not has_rule(function, self.activations):
            degree = declared
            if not isinstance(degree, Fraction):
                return self._smooth(function, z, order)
            random = np.random.default_rng(salt("activation", self.seed, function))
            up, down = random.uniform(0.5, 1.5), random.uniform(-1.0, 1.0)
            if degree == 1:
                slope = up * self._on(z) - down * self._on(-z)
                return [slope * z, slope, *[np.zeros_like(z)] * (order - 1)]
            positive = self._power_series(degree, np.abs(z), order)
            # f(-|z|) = down*|z|^k, whose j-th derivative in z has the sign (-1)^j
            return [np.where(z > 0, up * c, down * (-1.0) ** j * c) for j, c in enumerate(positive)]
        known: dict[str, Array] = {}
        result = []
        for j in range(order + 1):
            total = np.zeros_like(z)
            for (k, powers), c in higher_derivative(function, j, declared).items():
                term = np.full_like(z, float(c)) * (np.power(z, float(k)) if k else 1.0)
                for name, e in powers:
                    if name not in known:
                        known[name] = self._known(name, z)
                    term = term * known[name] ** e
                total = total + term
            result.append(total / math.factorial(j))
        return result

    def _known(self, name: str, z: Array) -> Array:
        """The value of a function with a rule."""
        declared = self.activations.get(name)
        if isinstance(declared, Slope):
            return np.asarray(solution(declared, salt("activation", self.seed, name))(z))
        return np.asarray(_FUNCTIONS[name](z))

    def _smooth(self, function: str, z: Array, order: int) -> list[Array]:
        """A sum of three waves."""
        random = np.random.default_rng(salt("activation", self.seed, function))
        waves = [(random.uniform(0.4, 1.0), random.uniform(0.5, 1.5), random.uniform(0.0, 6.0)) for _ in range(3)]
        result = []
        for j in range(order + 1):
            total = sum(a * w**j * np.sin(w * z + b + j * math.pi / 2) for a, w, b in waves)
            result.append(np.asarray(total) / math.factorial(j))
        return result

    def _opaque(self, function: str, args: list[Array], shape: tuple[int, ...], batch: int, part: object) -> Array:
        """F(x)_i = the sum of A_ij sin(x_j + b_j) over all entries of all arguments, for each place on the batch axes."""
        rows = max(x.shape[0] for x in args)
        head = shape[:batch]
        flat = [np.broadcast_to(x, (rows, *x.shape[1:])).reshape(rows, *head, -1) for x in args]
        widths = [x.shape[-1] for x in flat]
        own = math.prod(shape[batch:])
        if part != "value":
            own //= widths[int(str(part))]
        random = np.random.default_rng(salt("function", self.seed, function, widths, own))
        weights = random.normal(size=(own, sum(widths))) / math.sqrt(sum(widths))
        shifts = random.uniform(0.0, 6.0, size=sum(widths))
        start = [sum(widths[:k]) for k in range(len(widths) + 1)]
        if part == "value":
            x = np.concatenate(flat, axis=-1)
            return np.asarray((np.sin(x + shifts) @ weights.T).reshape(rows, *shape))
        k = int(str(part))
        slope = np.cos(flat[k] + shifts[start[k] : start[k + 1]])
        block = weights[:, start[k] : start[k + 1]] * slope[..., None, :]
        return np.asarray(block.reshape(rows, *shape))


def constant(x: Any) -> Array:
    """An array as the only one of its batch."""
    return np.asarray(x, dtype=np.float64)[None]


def values(program: Program, roots: Sequence[int], leaves: Mapping[str, Array], seed: int = 0) -> dict[int, Array]:
    """The values of nodes, without a batch, at leaves without one."""
    reading = FloatReading(program, {name: [constant(x)] for name, x in leaves.items()}, 0, seed)
    found = {}
    for n in roots:
        x = reading.value(n)[0]
        shape = reading.shapes[n]
        found[n] = np.zeros(shape) if x is None else np.broadcast_to(x, (1, *shape))[0].copy()
    return found

"""An independent reading of programs, in NumPy: what the kernel is compared with.

Values are computed on complex arrays and derivatives are complex steps, so they are exact to rounding.
Declared activations and functions are analytic ones that are picked from their names and the shapes of their
arguments; two uses at equal arguments and shapes are equal, and any other two differ.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from claws.kernel.core import program as p
from claws.kernel.core.statement import Statement
from claws.kernel.laws.polynomials import Monomial, Polynomial, Polynomials
from claws.kernel.laws.symbols import Symbol, Tensor
from claws.kernel.laws.tensors import Tensors
from tests.kernel.known_functions import SMOOTH, TWO_SIDED

Array = NDArray[np.complex128]
STEP = 1e-60


def _size(n: Any) -> int:
    value = n.integer()
    assert value is not None
    return int(value)


def shape_of(program: p.Program, n: int) -> tuple[int, ...]:
    return tuple(_size(k) for k in program.shapes[n])


def _erf(z: Array) -> Array:
    flat = [complex(math.erf(x.real), 2 / math.sqrt(math.pi) * math.exp(-(x.real**2)) * x.imag) for x in z.ravel()]
    return np.array(flat, dtype=complex).reshape(z.shape)


class _Complex:
    """NumPy on complex numbers, where an imaginary part of 1e-60 stands for a derivative."""

    exp, log, sin, cos, tanh = np.exp, np.log, np.sin, np.cos, np.tanh
    atan = np.arctan
    erf = staticmethod(_erf)
    sqrt = staticmethod(math.sqrt)
    pi = math.pi


def known(name: str, z: Array) -> Array:
    """A function of the kernel's table."""
    if name in SMOOTH:
        return np.asarray(SMOOTH[name](z, _Complex))
    right, left = TWO_SIDED[name]
    return np.where(z.real > 0, right(z, _Complex), left(z, _Complex))


def power(x: Array, exponent: Fraction) -> Array:
    if exponent.denominator == 1:
        return x ** int(exponent) if exponent >= 0 else 1 / x ** int(-exponent)
    return np.exp(float(exponent) * np.log(x))


def _seed(*parts: object) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(repr(parts).encode()))


def activation(name: str, degree: Fraction | None, z: Array) -> Array:
    """A function of the declared kind, the same for every use of the name."""
    if name in SMOOTH or name in TWO_SIDED:
        return known(name, z)
    a, b = _seed(name).uniform(0.5, 2, 2)
    if degree is None:
        return np.sin(a * z) + b * z**2
    up = z.real > 0
    return np.where(up, a, -b) * np.exp(float(degree) * np.log(np.where(up, z, -z)))


def function_of_arrays(name: str, arguments: Sequence[Array], shape: tuple[int, ...]) -> Array:
    """The product of a vector, the determinant of a matrix, or a declared function."""
    if name == "prod":
        return np.prod(arguments[0])
    if name == "det":
        return np.linalg.det(arguments[0])
    return opaque(name, arguments, shape)


def opaque(name: str, arguments: Sequence[Array], shape: tuple[int, ...]) -> Array:
    """A function of whole arrays; another one for other shapes, as a declaration names no shape."""
    random = _seed(name, [x.shape for x in arguments], shape)
    total = np.zeros(shape, dtype=complex)
    for x in arguments:
        weights = random.normal(size=(*shape, x.size))
        total = total + np.sin(weights @ x.ravel() + 0.3)
    return total


def values(program: p.Program, leaves: Mapping[str, Array]) -> list[Array]:
    """The value of every node of a program of fixed sizes."""
    degrees = dict(program.activations)
    found: list[Array] = []
    for n, node in enumerate(program.nodes):
        shape = shape_of(program, n)
        with np.errstate(all="ignore"):
            value = _value(program, node, shape, found, leaves, degrees)
        found.append(np.asarray(value, dtype=complex).reshape(shape))
    return found


def _value(
    program: p.Program,
    node: p.Node,
    shape: tuple[int, ...],
    found: list[Array],
    leaves: Mapping[str, Array],
    degrees: Mapping[str, Fraction | None],
) -> Array:
    match node:
        case p.Leaf(name):
            return leaves[name]
        case p.Number(value):
            constant = value.constant()
            assert constant is not None
            return np.array(complex(constant))
        case p.Iota(start, step, _):
            return np.array([_size(start) + step * k for k in range(shape[0])], dtype=complex)
        case p.Einsum(operands, labels, out, sizes):
            return einsum([found[m] for m in operands], labels, out, [_size(n) for n in sizes])
        case p.Sum(terms):
            return sum((complex(c) * found[m] for c, m in terms), np.zeros(shape, dtype=complex))
        case p.Apply("^", m, exponent):
            assert exponent is not None
            return power(found[m], exponent)
        case p.Apply(function, m):
            return activation(function, degrees.get(function), found[m])
        case p.Call(function, operands, _, batch):
            result = np.zeros(shape, dtype=complex)
            for head in itertools.product(*(range(k) for k in shape[:batch])):
                result[head] = function_of_arrays(function, [found[m][head] for m in operands], shape[batch:])
            return result
        case p.Window(m, axis, start, steps, lengths, size, transposed):
            x = found[m]
            result = np.zeros(shape, dtype=complex)
            before = (slice(None),) * axis
            for js in itertools.product(*(range(_size(n)) for n in lengths)):
                i = _size(start) + sum(_size(t) * j for t, j in zip(steps, js, strict=True))
                assert 0 <= i < _size(size)
                if transposed:
                    result[(*before, i)] += x[before + js]
                else:
                    result[before + js] = x[(*before, i)]
            return result
        case p.Stop(m):
            # derivatives are steps into the complex plane
            return found[m].real + 0j
    raise TypeError(node)


def einsum(
    operands: Sequence[Array], labels: Sequence[Sequence[int]], out: Sequence[int], sizes: Sequence[int]
) -> Array:
    """The meaning of an einsum node, by the definition: a loop over every value of every label."""
    result = np.zeros([sizes[x] for x in out], dtype=complex)
    used = sorted({x for ls in labels for x in ls} | set(out))
    for point in itertools.product(*(range(sizes[x]) for x in used)):
        at = dict(zip(used, point, strict=True))
        entry = complex(1)
        for x, ls in zip(operands, labels, strict=True):
            entry *= x[tuple(at[k] for k in ls)]
        result[tuple(at[k] for k in out)] += entry
    return result


def derivative(program: p.Program, root: int, leaves: Mapping[str, Array], direction: Mapping[str, Array]) -> Array:
    """The derivative of a node along a direction in the leaves."""
    moved = {name: x + 1j * STEP * direction.get(name, 0) for name, x in leaves.items()}
    return values(program, moved)[root].imag / STEP + 0j


def gradient(program: p.Program, root: int, leaves: Mapping[str, Array], weights: Array) -> dict[str, Array]:
    """The gradient of the sum of weights * node with respect to every parameter."""
    result = {}
    for _, leaf in program.leaves("param"):
        x = leaves[leaf.name]
        g = np.zeros(x.shape, dtype=complex)
        for i in np.ndindex(x.shape):
            one = np.zeros(x.shape, dtype=complex)
            one[i] = 1
            with np.errstate(all="ignore"):
                g[i] = np.sum(weights * derivative(program, root, leaves, {leaf.name: one}))
        result[leaf.name] = g
    return result


def law_direction(statement: Statement, leaves: Mapping[str, Array], weights: Array) -> dict[str, Array]:
    """B^T grad <weights, law> by parameter, where B is the control of the flow."""
    slopes = gradient(statement.program, statement.law, leaves, weights)
    now = values(statement.program, leaves)
    with np.errstate(all="ignore"):
        return {
            part.gradient: slopes[part.target] * (1 if part.factor is None else now[part.factor])
            for part in statement.flow.parts(1)
            if part.gradient is not None and part.target in slopes
        }


def residue(statement: Statement, leaves: Mapping[str, Array], weights: Array) -> dict[int, Array]:
    """J (P * grad <weights, law>) for every output."""
    direction = law_direction(statement, leaves, weights)
    with np.errstate(all="ignore"):
        return {n: derivative(statement.program, n, leaves, direction) for n in set(statement.outputs)}


def drift(statement: Statement, leaves: Mapping[str, Array]) -> Array:
    """The derivative of the law along the flow's drift."""
    now = values(statement.program, leaves)
    along = {part.target: now[part.factor] for part in statement.flow.parts(0) if part.factor is not None}
    with np.errstate(all="ignore"):
        return derivative(statement.program, statement.law, leaves, along)


class TensorReader:
    """The numeric value of the kernel's tensors, symbol by symbol, at fixed sizes."""

    def __init__(
        self,
        tensors: Tensors,
        at: p.Program,
        dims: Mapping[str, int],
        leaves: Mapping[str, Array],
        weights: Array,
    ) -> None:
        self.tensors = tensors
        self.at = at
        self.dims = dims
        self.leaves = leaves
        self.weights = weights
        self.now = values(at, leaves)
        self.keys = {s.number: key for (_, key), s in tensors._interned.items()}
        self.arrays: dict[int, Array] = {}
        self.nodes: dict[int, int] = {}
        for n, tensor in tensors._values.items():
            if isinstance(tensors.program.nodes[n], p.Call) and len(tensor.terms) == 1:
                ((network, _),) = tensor.terms.items()
                if network and tensors.symbols[network[0][0]].kind == "call":
                    self.nodes.setdefault(network[0][0], n)

    def size(self, n: Any) -> int:
        return _size(n.at(self.dims))

    def read(self, tensor: Tensor) -> Array:
        with np.errstate(all="ignore"):
            return self._read(tensor)

    def _read(self, tensor: Tensor) -> Array:
        shape = [self.size(n) for n in tensor.shape]
        total = np.zeros(shape, dtype=complex)
        rank = len(shape)
        for network, c in tensor.terms.items():
            sizes = dict(enumerate(shape))
            operands, labels = [], []
            for s, e, ix in network:
                x = self.symbol(self.tensors.symbols[s])
                x = power(x, e)
                kept = []
                for i in reversed(ix):
                    kept.append(slice(None) if i >= 0 else self.size(self.tensors.position(i)))
                x = x[tuple(reversed(kept))]
                free = [i for i in ix if i >= 0]
                sizes.update(dict(zip(free, x.shape, strict=True)))
                operands.append(x)
                labels.append(free)
            order = sorted(sizes)
            place = {i: k for k, i in enumerate(order)}
            args: list[object] = []
            for x, free in zip(operands, labels, strict=True):
                args += [x, [place[i] for i in free]]
            for k in range(rank):
                args += [np.ones(shape[k]), [place[k]]]
            coefficient = c.at(self.dims).constant()
            assert coefficient is not None
            value = np.einsum(*args, [place[k] for k in range(rank)]) if args else np.array(1 + 0j)
            total = total + complex(coefficient) * value
        return total

    def symbol(self, s: Symbol) -> Array:
        if s.number not in self.arrays:
            shape = tuple(self.size(n) for n in s.shape)
            self.arrays[s.number] = np.asarray(self._symbol(s, shape), dtype=complex).reshape(shape)
        return self.arrays[s.number]

    def _symbol(self, s: Symbol, shape: tuple[int, ...]) -> Array:
        key = self.keys[s.number]
        if s.kind == "leaf":
            return self.leaves[key]
        if s.kind == "constant":
            return self.weights
        if s.kind == "named":
            assert s.definition is not None
            return self.read(s.definition)
        if s.kind == "equal":
            return np.eye(shape[0])
        if s.kind == "iota":
            start, step, _ = key
            return np.array([self.size(start) + step * k for k in range(shape[0])])
        if s.kind == "select":
            select = s.select
            assert select is not None
            start, steps = self.size(select.start), [self.size(t) for t in select.steps]
            result = np.zeros(shape)
            for js in np.ndindex(shape[:-1]):
                result[(*js, start + sum(t * j for t, j in zip(steps, js, strict=True)))] = 1
            return result
        if s.kind in ("value", "slope"):
            function, (z_shape, terms) = key
            z = self.read(Tensor(z_shape, dict(terms)))
            degree = dict(self.tensors.program.activations).get(function)
            if s.kind == "value":
                return activation(function, degree, z)
            return activation(function, degree, z + 1j * STEP).imag / STEP
        if s.kind == "mask":
            z_shape, terms = key
            return (self.read(Tensor(z_shape, dict(terms))).real > 0).astype(complex)
        if s.kind == "call":
            return self.now[self.nodes[s.number]]
        if s.kind == "jacobian":
            owner, k = key
            return self._jacobian(self.nodes[owner], k, shape)
        raise TypeError(s.kind)

    def _jacobian(self, n: int, k: int, shape: tuple[int, ...]) -> Array:
        node = self.at.nodes[n]
        assert isinstance(node, p.Call)
        arguments = [self.now[m] for m in node.operands]
        x, batch = arguments[k], node.batch
        out = shape_of(self.at, n)
        result = np.zeros((*out, *x.shape[batch:]), dtype=complex)
        for head in np.ndindex(x.shape[:batch]):
            for j in np.ndindex(x.shape[batch:]):
                moved = [np.array(y[head], dtype=complex) for y in arguments]
                moved[k][j] += 1j * STEP
                value = function_of_arrays(node.function, moved, out[batch:])
                result[(*head, ..., *j)] = np.asarray(value).imag / STEP
        return result.reshape(shape)


class PolynomialReader:
    """The numeric value of the kernel's polynomials, variable by variable, at one point."""

    def __init__(self, ring: Polynomials, leaves: Mapping[str, Array]) -> None:
        self.ring = ring
        self.leaves = leaves
        self.keys = {number: key for key, number in ring._interned.items()}
        self.found: dict[int, complex] = {}

    def read(self, x: Polynomial) -> complex:
        with np.errstate(all="ignore"):
            return self._terms(x.terms.items())

    def _terms(self, terms: Iterable[tuple[Monomial, Fraction]]) -> complex:
        return sum((complex(c) * math.prod(self._factor(v, e) for v, e in m) for m, c in terms), 0j)

    def _factor(self, v: int, e: Fraction | int) -> complex:
        if v not in self.found:
            self.found[v] = complex(self._variable(self.keys[v]))
        # NumPy's numbers: too large a power is infinite and no error
        return complex(np.complex128(self.found[v]) ** (int(e) if Fraction(e).denominator == 1 else float(e)))

    def _variable(self, key: Any) -> complex:
        kind, *rest = key
        if kind == "leaf":
            name, i = rest
            return complex(self.leaves[name][i])
        if kind == "base":
            return self._terms(rest[0])
        if kind == "mask":
            return complex(self._terms(rest[0]).real > 0)
        if kind in ("value", "slope"):
            function, terms = rest
            z = np.array(self._terms(terms))
            degree = self.ring.activations.get(function)
            if kind == "value":
                return complex(activation(function, degree, z))
            return complex(activation(function, degree, z + 1j * STEP).imag / STEP)
        function, (shapes, shape, arguments), i, *which = rest
        arrays = []
        for of, entries in zip(shapes, arguments, strict=True):
            x = np.zeros(of, dtype=complex)
            for j, terms in entries:
                x[j] = self._terms(terms)
            arrays.append(x)
        if kind == "opaque":
            return complex(opaque(function, arrays, shape)[i])
        k, j = which
        arrays[k][j] += 1j * STEP
        return complex(opaque(function, arrays, shape)[i].imag / STEP)

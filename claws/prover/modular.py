"""The modular reading: whole arrays of residues modulo a prime, in batches, with forward and reverse derivatives.

Untrusted, and never a proof of equality: a residue that is not 0 mod p at a point hints that a law is false, and one that is 0
that it is true. Arrays are float64 holding centred residues, so that matrix products run on BLAS exactly: with p < 2^23 a
product of residues is below 2^44, and 256 of them add up below 2^52. Axis 0 of every array is the batch.

What is not rational is given a pseudo-random residue that depends on the argument alone, so that equal arguments have equal
values: a value of exp, the slope of an activation, the pattern of a relu.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import numpy.typing as npt

from claws.kernel.errors import Undefined
from claws.kernel.evaluate import fixed
from claws.kernel.functions import CHAINS
from claws.kernel.program import (
    Apply,
    Det,
    Einsum,
    Gather,
    Iota,
    Leaf,
    Number,
    Opaque,
    Power,
    Product,
    Program,
    Reshape,
    Scatter,
    Sum,
    operands_of,
)
from claws.kernel.statement import Statement

P = 8388593
"""The largest prime below 2^23."""

MAX_ENTRIES = 20_000_000
"""Larger arrays are not read."""

MAX_ALL_ENTRIES = 50_000_000
"""Programs whose arrays are larger together are not read."""

_INNER = 256
"""Residue products that may be added up before a reduction."""

Residues = npt.NDArray[np.float64]


def reduce(x: Residues) -> Residues:
    """Centred residues of exact integers below 2^52 in absolute value."""
    result: Residues = x - P * np.rint(x * (1.0 / P))
    return result


def residue(c: Fraction) -> float:
    """A rational as a centred residue. Raises `Undefined` where p divides the denominator."""
    if c.denominator % P == 0:
        raise Undefined(f"{c} has no residue modulo {P}")
    value = c.numerator * pow(c.denominator, -1, P) % P
    return float(value - P if value > P // 2 else value)


def power(x: Residues, k: int) -> Residues:
    """x^k elementwise; k < 0 needs no zero entry, or `Undefined` is raised."""
    if k < 0:
        if not np.all(x):
            raise Undefined("a division by zero")
        k = k % (P - 1)
    result = np.ones_like(x)
    base = x
    while k:
        if k & 1:
            result = reduce(result * base)
        base = reduce(base * base)
        k >>= 1
    return result


def scramble(x: Residues, salt: int) -> Residues:
    """A pseudo-random residue for each residue: equal ones give equal ones."""
    z = np.mod(np.rint(x).astype(np.int64), P).astype(np.uint64)
    with np.errstate(over="ignore"):
        z = (z + np.uint64(salt & 0xFFFFFFFFFFFF)) * np.uint64(0x9E3779B97F4A7C15)
        z ^= z >> np.uint64(29)
        z *= np.uint64(0xBF58476D1CE4E5B9)
        z ^= z >> np.uint64(32)
        z *= np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return reduce((z % np.uint64(P)).astype(np.float64))


def einsum(
    operands: Sequence[Residues], labels: Sequence[Sequence[int]], out: Sequence[int], sizes: Sequence[int]
) -> Residues:
    """The batched einsum of `claws.kernel.program.Einsum`: every operand and the result have the batch as axis 0."""
    batch = max((x.shape[0] for x in operands), default=1)
    names: list[int] = []
    result: Residues = np.ones((1,))
    for k, (x, ls) in enumerate(zip(operands, labels, strict=True)):
        later = {label for rest in labels[k + 1 :] for label in rest} | set(out)
        x, row = _diagonal(x, list(ls))
        x, row = _sum_out(x, row, later | set(names))
        if k == 0:
            result, names = x, row
        else:
            result, names = _pair(result, names, x, row, later)
    carried = [label for label in dict.fromkeys(out) if label in names]
    result = np.transpose(result, [0, *(1 + names.index(label) for label in carried)])
    new = list(dict.fromkeys(out))
    shape = [result.shape[0], *(sizes[label] if label in carried else 1 for label in new)]
    result = np.broadcast_to(result.reshape(shape), [result.shape[0], *(sizes[label] for label in new)])
    if len(new) != len(out):
        # a repeated label puts the value on a diagonal
        whole = np.zeros([result.shape[0], *(sizes[label] for label in out)])
        grid = np.indices([sizes[label] for label in new])
        index = tuple(grid[new.index(label)] for label in out)
        whole[(slice(None), *index)] = result
        result = whole
    if result.shape[0] != batch and batch > 1:
        result = np.broadcast_to(result, (batch, *result.shape[1:]))
    return result


def _diagonal(x: Residues, row: list[int]) -> tuple[Residues, list[int]]:
    distinct = list(dict.fromkeys(row))
    if len(distinct) != len(row):
        diagonal: Any = np.einsum  # its form with lists of labels is not in its type
        x = diagonal(x, [0, *(1 + label for label in row)], [0, *(1 + label for label in distinct)])
    return x, distinct


def _sum_out(x: Residues, row: list[int], keep: set[int]) -> tuple[Residues, list[int]]:
    axes = tuple(1 + k for k, label in enumerate(row) if label not in keep)
    if axes:
        x = reduce(np.sum(x, axis=axes))
    return x, [label for label in row if label in keep]


def _pair(a: Residues, la: list[int], b: Residues, lb: list[int], later: set[int]) -> tuple[Residues, list[int]]:
    """One product, as a batched matrix product over the labels that nothing needs later."""
    both = [x for x in la if x in lb and x in later]
    inner = [x for x in la if x in lb and x not in later]
    left = [x for x in la if x not in lb]
    right = [x for x in lb if x not in la]
    size = {x: n for row, array in ((la, a), (lb, b)) for x, n in zip(row, array.shape[1:], strict=True)}

    def volume(names: list[int]) -> int:
        return int(np.prod([size[x] for x in names], dtype=np.int64)) if names else 1

    def arrange(array: Residues, row: list[int], order: list[list[int]]) -> Residues:
        axes = [0, *(1 + row.index(x) for group in order for x in group)]
        return np.ascontiguousarray(np.transpose(array, axes)).reshape(array.shape[0], *(volume(g) for g in order))

    if volume(both) * volume(left) * volume(right) * max(a.shape[0], b.shape[0]) > MAX_ENTRIES:
        raise Undefined("the arrays are too large")
    m = arrange(a, la, [both, left, inner])
    n = arrange(b, lb, [both, inner, right])
    total: Residues | None = None
    for start in range(0, max(1, m.shape[-1]), _INNER):
        part = reduce(np.matmul(m[..., start : start + _INNER], n[..., start : start + _INNER, :]))
        total = part if total is None else reduce(total + part)
    assert total is not None
    names = [*both, *left, *right]
    return total.reshape(total.shape[0], *(size[x] for x in names)), names


Pull = Callable[[Residues], Residues]
Push = Callable[[Residues], Residues]


@dataclass
class Modular:
    """One evaluation of a program with fixed sizes at a batch of points. `seed` fixes all pseudo-random values."""

    program: Program
    leaves: Mapping[str, Residues]
    seed: int = 0

    def __post_init__(self) -> None:
        self.shapes = [tuple(fixed(n) for n in shape) for shape in self.program.shapes]
        if any(math.prod(shape) > MAX_ENTRIES for shape in self.shapes):
            raise Undefined("the arrays are too large")
        self.activations = dict(self.program.activations)
        self._values: dict[int, Residues] = {}

    def _salt(self, *key: object) -> int:
        import hashlib

        return int.from_bytes(hashlib.sha256(repr((self.seed, *key)).encode()).digest()[:6], "big")

    def value(self, root: int) -> Residues:
        """The value of a node: batch x shape. Raises `Undefined` for a division by zero or a root."""
        for n in self.program.cone([root]):
            if n not in self._values:
                self._values[n] = self._value(n)
        return self._values[root]

    def _value(self, n: int) -> Residues:
        node = self.program.nodes[n]
        args = [self._values[m] for m in operands_of(node)]
        match node:
            case Leaf(name):
                return self.leaves[name]
            case Number(value):
                c = value.constant()
                assert c is not None
                return np.full((1,), residue(c))
            case Iota(start, step, _):
                return reduce((fixed(start) + step * np.arange(self.shapes[n][0], dtype=np.float64))[None])
            case Einsum(_, labels, out, sizes):
                return einsum(args, labels, out, [fixed(k) for k in sizes])
            case Sum(terms):
                total: Any = 0.0
                for (c, _), x in zip(terms, args, strict=True):
                    total = reduce(total + reduce(residue(c) * x))
                return np.asarray(total)
            case Power(_, exponent):
                if exponent.denominator != 1:
                    raise Undefined("a root has no residue here")
                return power(args[0], exponent.numerator)
            case Apply(function, _):
                return self._function(function, args[0])[0]
            case Product():
                return self._product(args[0])
            case Det():
                return _determinant(args[0])
            case Opaque(function, _, _, batch):
                return self._opaque(function, args, self.shapes[n], batch, "value")
            case _:
                return self._linear(n, args[0])

    def _function(self, function: str, z: Residues) -> tuple[Residues, Residues]:
        """(f(z), f'(z))."""
        if function == "relu":
            mask = np.mod(scramble(z, self._salt("relu")), 2.0)
            return z * mask, mask
        if function in self.activations:
            degree = self.activations[function]
            slope = scramble(z, self._salt(function, "slope"))
            if degree == 0:
                return scramble(z, self._salt(function)), np.zeros_like(z)
            if degree is not None:
                return reduce(reduce(slope * z) * residue(1 / degree)), slope
            return scramble(z, self._salt(function)), slope
        total = np.zeros_like(z)
        for c, k, powers in CHAINS[function]:
            term = reduce(residue(c) * power(z, k))
            for name, e in powers:
                term = reduce(term * power(scramble(z, self._salt(name)), e))
            total = reduce(total + term)
        return scramble(z, self._salt(function)), total

    def _product(self, x: Residues) -> Residues:
        total = np.ones(x.shape[:-1])
        for k in range(x.shape[-1]):
            total = reduce(total * x[..., k])
        return total

    def _opaque(
        self, function: str, args: list[Residues], shape: tuple[int, ...], batch: int, part: object
    ) -> Residues:
        """A pseudo-random array for each value of the arguments."""
        count = max(x.shape[0] for x in args)
        key = np.zeros((count, *shape[:batch]))
        for k, x in enumerate(args):
            flat = x.reshape(x.shape[0], *shape[:batch], -1)
            for j in range(flat.shape[-1]):
                key = scramble(reduce(key + flat[..., j]), self._salt(k, j))
        places = np.arange(int(np.prod(shape[batch:], dtype=np.int64)), dtype=np.float64).reshape(shape[batch:])
        lifted = key.reshape(*key.shape, *[1] * (len(shape) - batch))
        return scramble(reduce(lifted + scramble(places, self._salt("place"))), self._salt(function, part))

    def _linear(self, n: int, x: Residues, transposed: bool = False) -> Residues:
        """A Gather, Scatter or Reshape node, or its transpose, applied to an array."""
        node = self.program.nodes[n]
        (m,) = operands_of(node)
        if isinstance(node, Reshape):
            return x.reshape(x.shape[0], *self.shapes[m if transposed else n])
        assert isinstance(node, Gather | Scatter)
        whole, inner = (
            (self.shapes[m], self.shapes[n]) if isinstance(node, Gather) else (self.shapes[n], self.shapes[m])
        )
        axis, count = 1 + node.axis, len(node.steps)
        lengths = inner[node.axis : node.axis + count]
        index = np.full(lengths, fixed(node.start), dtype=np.int64)
        for k, step in enumerate(node.steps):
            index = index + step * np.arange(lengths[k]).reshape([-1 if j == k else 1 for j in range(count)])
        if isinstance(node, Gather) != transposed:
            return np.take(x, index, axis=axis)
        result = np.zeros((x.shape[0], *whole))
        moved = np.moveaxis(result, axis, 0)
        source = np.moveaxis(x, range(axis, axis + count), range(count))
        np.add.at(moved, index, source)
        return reduce(result)

    # --- derivatives -------------------------------------------------------------------------------------------------

    def links(self, n: int) -> list[tuple[int, Push, Pull]]:
        """For each operand: (operand, push a tangent forward, pull an adjoint back)."""
        node = self.program.nodes[n]
        args = [self.value(m) for m in operands_of(node)]
        result: list[tuple[int, Push, Pull]] = []
        if isinstance(node, Einsum):
            sizes = [fixed(k) for k in node.sizes]
            for k, m in enumerate(node.operands):
                before, after = args[:k], args[k + 1 :]
                lb, la = node.labels[:k], node.labels[k + 1 :]

                def push(d: Residues, k: int = k, before: Any = before, after: Any = after) -> Residues:
                    return einsum([*before, d, *after], node.labels, node.out, sizes)

                def pull(
                    a: Residues, k: int = k, before: Any = before, after: Any = after, lb: Any = lb, la: Any = la
                ) -> Residues:
                    return einsum([*before, a, *after], [*lb, node.out, *la], node.labels[k], sizes)

                result.append((m, push, pull))
        elif isinstance(node, Sum):
            for c, m in node.terms:
                factor = residue(c)
                scale = lambda d, factor=factor: reduce(d * factor)  # noqa: E731
                result.append((m, scale, scale))
        elif isinstance(node, Power | Apply | Product):
            (m,) = operands_of(node)
            x = args[0]
            if isinstance(node, Power):
                k = node.exponent.numerator
                slope = reduce(residue(node.exponent) * power(x, k - 1))
            elif isinstance(node, Apply):
                slope = self._function(node.function, x)[1]
            else:
                return [self._product_link(m, x)]
            both = lambda d: reduce(d * slope)  # noqa: E731
            result.append((m, both, both))
        elif isinstance(node, Gather | Scatter | Reshape):
            (m,) = operands_of(node)
            result.append((m, lambda d: self._linear(n, d), lambda a: self._linear(n, a, transposed=True)))
        elif isinstance(node, Det | Opaque):
            for k, m in enumerate(operands_of(node)):
                result.append(self._block_link(n, m, k, args))
        return result

    def _product_link(self, m: int, x: Residues) -> tuple[int, Push, Pull]:
        # products of all entries but one, from both ends, so that zero entries do no harm
        left, right = np.ones_like(x), np.ones_like(x)
        for k in range(1, x.shape[-1]):
            left[..., k] = reduce(left[..., k - 1] * x[..., k - 1])
            right[..., -k - 1] = reduce(right[..., -k] * x[..., -k])
        others = reduce(left * right)
        return (m, lambda d: _reduced_sum(reduce(d * others)), lambda a: reduce(a[..., None] * others))

    def _block_link(self, n: int, m: int, k: int, args: list[Residues]) -> tuple[int, Push, Pull]:
        """Det and Opaque nodes: an explicit Jacobian block."""
        node = self.program.nodes[n]
        shape, own = self.shapes[n], self.shapes[m]
        batch = node.batch if isinstance(node, Opaque) else len(shape)
        if math.prod((*shape, *own[batch:])) > MAX_ENTRIES:
            raise Undefined("the arrays are too large")
        if isinstance(node, Opaque):
            block = self._opaque(node.function, args, (*shape, *own[batch:]), batch, k)
        else:
            block = _cofactors(args[0])
        axes = list(range(len(shape)))
        inner = [*axes[:batch], *range(len(shape), len(shape) + len(own) - batch)]
        outer = [*axes, *inner[batch:]]
        sizes = [*shape, *own[batch:]]
        return (
            m,
            lambda d: einsum([block, d], [outer, inner], axes, sizes),
            lambda a: einsum([block, a], [outer, axes], inner, sizes),
        )

    def pull(self, root: int, seed: Residues) -> dict[str, Residues]:
        """The gradient of <seed, node> with respect to each leaf it depends on, by one backward pass."""
        self.value(root)
        adjoint: dict[int, Residues] = {root: seed}
        result: dict[str, Residues] = {}
        for n in reversed(self.program.cone([root])):
            a = adjoint.pop(n, None)
            if a is None:
                continue
            node = self.program.nodes[n]
            if isinstance(node, Leaf):
                result[node.name] = a
                continue
            for m, _, pull in self.links(n):
                part = pull(a)
                adjoint[m] = reduce(adjoint[m] + part) if m in adjoint else part
        return result

    def push(self, roots: Sequence[int], tangents: Mapping[str, Residues]) -> dict[int, Residues]:
        """The derivative of each root along the leaf tangents, by one forward pass; roots that do not move are left out."""
        moving: dict[int, Residues] = {}
        for n in self.program.cone(roots):
            node = self.program.nodes[n]
            if isinstance(node, Leaf):
                if node.name in tangents:
                    moving[n] = tangents[node.name]
                continue
            if not any(m in moving for m in operands_of(node)):
                continue
            for m, push, _ in self.links(n):
                if m in moving:
                    part = push(moving[m])
                    moving[n] = reduce(moving[n] + part) if n in moving else part
        return {r: moving[r] for r in roots if r in moving}


def _reduced_sum(x: Residues) -> Residues:
    return reduce(np.sum(x, axis=-1))


def _determinant(x: Residues) -> Residues:
    """Along the last two axes, by elimination."""
    flat = x.reshape(-1, *x.shape[-2:])
    values = [_eliminate(np.mod(np.rint(m), P).astype(object)) for m in flat]
    return reduce(np.array(values, dtype=np.float64).reshape(x.shape[:-2]))


def _eliminate(m: Any) -> int:
    n, total = m.shape[0], 1
    for k in range(n):
        pivot = next((i for i in range(k, n) if m[i, k]), None)
        if pivot is None:
            return 0
        if pivot != k:
            m[[k, pivot]] = m[[pivot, k]]
            total = -total
        total = total * int(m[k, k]) % P
        inverse = pow(int(m[k, k]), -1, P)
        for i in range(k + 1, n):
            if m[i, k]:
                m[i] = (m[i] - m[k] * (m[i, k] * inverse % P)) % P
    return total % P


def _cofactors(x: Residues) -> Residues:
    """d det / d entry: signed minors."""
    n = x.shape[-1]
    result = np.empty_like(x)
    for i in range(n):
        for j in range(n):
            minor = np.delete(np.delete(x, i, axis=-2), j, axis=-1)
            sign = -1.0 if (i + j) % 2 else 1.0
            result[..., i, j] = sign * (_determinant(minor) if n > 1 else np.ones(x.shape[:-2]))
    return result


# --- laws ------------------------------------------------------------------------------------------------------------


def random_leaves(program: Program, rng: np.random.Generator, batch: int = 1) -> dict[str, Residues]:
    """Uniform non-zero residues for every leaf."""
    return {
        leaf.name: reduce(rng.integers(1, P, (batch, *(fixed(k) for k in program.shapes[n]))).astype(np.float64))
        for n, leaf in program.leaves("param", "input", "const")
    }


def residue_seems_zero(statement: Statement, seed: int, points: int = 2) -> bool:
    """Whether the residue of a random combination of the law's entries is 0 mod p at random points.

    No proof either way. The sizes are fixed. Raises `Undefined` where no point can be evaluated.
    """
    program = statement.program
    if sum(math.prod(fixed(k) for k in shape) for shape in program.shapes) > MAX_ALL_ENTRIES:
        raise Undefined("the arrays are too large")
    rng = np.random.default_rng(seed)
    params = {leaf.name for _, leaf in program.leaves("param")}
    for k in range(points):
        here = Modular(program, random_leaves(program, rng), seed + k)
        shape = (1, *here.shapes[statement.law])
        gradient = here.pull(statement.law, reduce(rng.integers(0, P, shape).astype(np.float64)))
        direction = {name: g for name, g in gradient.items() if name in params}
        for name, factor in statement.preconditioners:
            if name in direction:
                direction[name] = reduce(direction[name] * here.value(factor))
        if any(np.any(t) for t in here.push(statement.outputs, direction).values()):
            return False
    return True

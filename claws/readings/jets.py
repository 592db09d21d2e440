"""Jets of arrays: derivatives of any order by nilpotents, over any field whose elements NumPy holds as float64.

A jet of level L is an array over F[e1, ..., eL] with each ek^2 = 0; it is a list of its 2^L parts, part b belonging to the
product of the ek with bit k set in b, and None for a part that is zero. Evaluating at x + e*v gives the derivative along v as
the part of e. It is `claws.kernel.counting.jets` once more, on whole arrays. Axis 0 of every array is the batch; a batch of 1
stands for all.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from claws.kernel.core.errors import Undefined
from claws.kernel.counting.jets import products
from claws.readings.limits import LIMITS

Array = npt.NDArray[np.float64]
"""Elements of a field, batch x shape."""

Jet = list[Array | None]
"""The parts of an array over the jets of one level; None is zero."""


class NumberField(Protocol):
    """A kind of numbers: what may be done with arrays of them.

    Sums and products of reduced arrays are NumPy's, and are reduced before they are used again.
    """

    summands: int
    """Products of two reduced numbers that may be added up before a reduction."""

    def reduce(self, x: Array) -> Array:
        """The numbers that these sums or products stand for."""

    def number(self, c: Fraction | int) -> float:
        """A rational as a number of this kind. Raises `Undefined` where it has none."""

    def power(self, x: Array, k: int) -> Array:
        """x^k elementwise, for any whole k. May raise `Undefined` for k < 0 where an entry is 0."""

    def einsum_at_once(
        self, arrays: Sequence[Array], labels: Sequence[Sequence[int]], out: Sequence[int], sizes: Sequence[int]
    ) -> Array | None:
        """The einsum of plain arrays by one call, with the batch as axis 0; None where products two by two are to be made."""


def constant(x: Array, level: int) -> Jet:
    """The jet of this level without nilpotents."""
    return [x, *[None] * ((1 << level) - 1)]


def add(field: NumberField, a: Array | None, b: Array | None) -> Array | None:
    """The sum of two parts of jets."""
    if a is None or b is None:
        return b if a is None else a
    return field.reduce(a + b)


def multiply(field: NumberField, a: Jet, b: Jet, op: Callable[[Array, Array], Array] = np.multiply) -> Jet:
    """The product of two jets, for a product `op` of arrays whose results may be reduced."""
    total: Jet = [None] * len(a)
    for i, j, k in products(len(a).bit_length() - 1):
        x, y = a[i], b[j]
        if x is not None and y is not None:
            total[k] = add(field, total[k], field.reduce(op(x, y)))
    return total


def linear(field: NumberField, terms: Sequence[tuple[Fraction | int, Jet]]) -> Jet:
    """The sum of c*x over the terms (c, x), of which there is at least one."""
    total: Jet = [None] * len(terms[0][1])
    for c, x in terms:
        factor = field.number(c)
        for k, part in enumerate(x):
            if part is not None:
                total[k] = add(field, total[k], part if factor == 1 else field.reduce(factor * part))
    return total


def series(field: NumberField, x: Jet, coefficients: Sequence[Array]) -> Jet:
    """sum of c_j * (x - x0)^j, where x0 is x without nilpotents: a function of x from its Taylor coefficients at x0."""
    total: Jet = [coefficients[0], *[None] * (len(x) - 1)]
    nilpotent: Jet = [None, *x[1:]]
    power = nilpotent
    for j, c in enumerate(coefficients[1:], 1):
        if all(part is None for part in power):
            break
        for k, part in enumerate(power):
            if part is not None:
                total[k] = add(field, total[k], field.reduce(c * part))
        if j + 1 < len(coefficients):
            power = multiply(field, power, nilpotent)
    return total


def stacked(jets: Sequence[Jet], axis: int) -> Jet:
    """Jets side by side along a new axis."""
    result: Jet = []
    for parts in zip(*jets, strict=True):
        present = [p for p in parts if p is not None]
        if not present:
            result.append(None)
            continue
        shape = np.broadcast_shapes(*(p.shape for p in present))
        result.append(np.stack([np.zeros(shape) if p is None else np.broadcast_to(p, shape) for p in parts], axis=axis))
    return result


# --- sums of products --------------------------------------------------------------------------------------------


def einsum(
    field: NumberField,
    operands: Sequence[Jet],
    labels: Sequence[Sequence[int]],
    out: Sequence[int],
    sizes: Sequence[int],
) -> Jet:
    """The batched einsum of `claws.kernel.core.program.Einsum`, of at least one operand, batch x the axes of its labels.

    Raises `Undefined` for arrays that would be too large.
    """
    if len(operands[0]) == 1:
        arrays = [x for jet in operands if (x := jet[0]) is not None]
        found = field.einsum_at_once(arrays, labels, out, sizes) if len(arrays) == len(operands) else None
        if found is not None:
            return [found]
    order = _contraction_order(labels, out, sizes)
    operands, labels = [operands[k] for k in order], [labels[k] for k in order]
    names: list[int] = []
    result: Jet = []
    for k, (jet, ls) in enumerate(zip(operands, labels, strict=True)):
        later = {label for rest in labels[k + 1 :] for label in rest} | set(out)
        row: list[int] = []
        prepared: Jet = []
        for x in jet:
            if x is not None:
                x, row = _prepared(field, x, list(ls), later | set(names))
            prepared.append(x)
        if not any(x is not None for x in prepared):
            return [None] * len(jet)
        if k == 0:
            result, names = prepared, row
        else:
            pair = _Pair(names, row, later, field)
            result = multiply(field, result, prepared, pair.product)
            names = pair.names
    return [None if x is None else arranged(x, names, out, sizes) for x in result]


def _prepared(field: NumberField, x: Array, row: list[int], keep: set[int]) -> tuple[Array, list[int]]:
    """An operand without repeated labels, and summed over those that nothing needs."""
    distinct = list(dict.fromkeys(row))
    if len(distinct) != len(row):
        diagonal: Any = np.einsum  # its form with lists of labels is not in its type
        x = diagonal(x, [0, *(1 + label for label in row)], [0, *(1 + label for label in distinct)])
    axes = tuple(1 + k for k, label in enumerate(distinct) if label not in keep)
    if axes:
        x = field.reduce(np.sum(x, axis=axes))
    return x, [label for label in distinct if label in keep]


def _contraction_order(labels: Sequence[Sequence[int]], out: Sequence[int], sizes: Sequence[int]) -> list[int]:
    """A greedy order of the operands: start anywhere small, go on with the one that keeps the product smallest."""
    if len(labels) < 3:
        return list(range(len(labels)))

    def volume(names: set[int]) -> int:
        return math.prod(sizes[x] for x in names)

    def kept(names: set[int], others: set[int]) -> set[int]:
        """The labels of a product that the other operands or the result still need."""
        return names & ({x for j in others for x in labels[j]} | set(out))

    left = set(range(len(labels)))
    first = min(left, key=lambda k: (volume(set(labels[k])), k))
    left.remove(first)
    order, names = [first], kept(set(labels[first]), left)
    while left:
        _, best = min((volume(names | set(labels[k])), k) for k in left)
        left.remove(best)
        order.append(best)
        names = kept(names | set(labels[best]), left)
    return order


class _Pair:
    """One product of two arrays, as a batched matrix product over the labels that nothing needs later."""

    def __init__(self, la: list[int], lb: list[int], later: set[int], field: NumberField) -> None:
        self.la, self.lb, self.field = la, lb, field
        self.both = [x for x in la if x in lb and x in later]
        self.inner = [x for x in la if x in lb and x not in later]
        self.left = [x for x in la if x not in lb]
        self.right = [x for x in lb if x not in la]
        self.names = [*self.both, *self.left, *self.right]

    def product(self, a: Array, b: Array) -> Array:
        """The product with axes in the order of `names`, not yet reduced."""
        size = {x: n for row, array in ((self.la, a), (self.lb, b)) for x, n in zip(row, array.shape[1:], strict=True)}

        def volume(names: list[int]) -> int:
            return math.prod(size[x] for x in names)

        def arrange(array: Array, row: list[int], order: list[list[int]]) -> Array:
            axes = [0, *(1 + row.index(x) for group in order for x in group)]
            return np.transpose(array, axes).reshape(array.shape[0], *(volume(g) for g in order))

        if volume(self.names) * max(a.shape[0], b.shape[0]) > LIMITS.entries:
            raise Undefined("the arrays are too large")
        shape = [max(a.shape[0], b.shape[0]), *(size[x] for x in self.names)]
        m = arrange(a, self.la, [self.both, self.left, self.inner])
        n = arrange(b, self.lb, [self.both, self.inner, self.right])
        if not self.inner:
            return (m * n).reshape(shape)
        total: Array | None = None
        length = self.field.summands
        for start in range(0, m.shape[-1], length):
            part = np.matmul(m[..., start : start + length], n[..., start : start + length, :])
            total = part if total is None else self.field.reduce(total) + self.field.reduce(part)
        assert total is not None
        return total.reshape(shape)


def arranged(x: Array, names: list[int], out: Sequence[int], sizes: Sequence[int]) -> Array:
    """Axes in the order of `out`, broadcast over labels that no operand has, repeated ones on a diagonal."""
    carried = [label for label in dict.fromkeys(out) if label in names]
    x = np.transpose(x, [0, *(1 + names.index(label) for label in carried)])
    new = list(dict.fromkeys(out))
    x = x.reshape([x.shape[0], *(sizes[label] if label in carried else 1 for label in new)])
    x = np.broadcast_to(x, [x.shape[0], *(sizes[label] for label in new)])
    if len(new) != len(out):
        whole = np.zeros([x.shape[0], *(sizes[label] for label in out)])
        grid = np.indices([sizes[label] for label in new])
        whole[(slice(None), *(grid[new.index(label)] for label in out))] = x
        return whole
    return x


# --- products along an axis, determinants --------------------------------------------------------------------------


def _some_part(x: Jet) -> Array:
    return next(part for part in x if part is not None)


def _entries(x: Jet) -> list[Jet]:
    """The entries along the last axis."""
    return [[None if part is None else part[..., k] for part in x] for k in range(_some_part(x).shape[-1])]


def product(field: NumberField, x: Jet) -> Jet:
    """The product along the last axis, which is not empty, of a jet that is not zero."""
    total, *others = _entries(x)
    for entry in others:
        total = multiply(field, total, entry)
    return total


def product_slopes(field: NumberField, x: Jet, seed: Jet) -> Jet:
    """The seed times d product / d entry: the products of all entries but one."""
    # from both ends, so that zero entries do no harm
    entries, n = _entries(x), _some_part(x).shape[-1]
    one = constant(np.ones_like(_some_part(x)[..., 0]), len(x).bit_length() - 1)
    left, right = [one], [one]
    for k in range(n - 1):
        left.append(multiply(field, left[-1], entries[k]))
        right.append(multiply(field, right[-1], entries[n - 1 - k]))
    return stacked([multiply(field, seed, multiply(field, left[k], right[n - 1 - k])) for k in range(n)], -1)


def determinant(field: NumberField, x: Jet) -> Jet:
    """The determinants of square matrices, batch x ... x n x n. Raises `Undefined` for large ones."""
    return _minor(field, x, range(_some_part(x).shape[-1]), None)


def determinant_slopes(field: NumberField, x: Jet, seed: Jet) -> Jet:
    """The seed times d determinant / d entry: the signed minors."""
    n = _some_part(x).shape[-1]
    rows = []
    for i in range(n):
        minors = [_minor(field, x, [r for r in range(n) if r != i], j) for j in range(n)]
        rows.append(stacked([linear(field, [((-1) ** (i + j), m)]) for j, m in enumerate(minors)], -1))
    lifted: Jet = [None if part is None else part[..., None, None] for part in seed]
    return multiply(field, stacked(rows, -2), lifted)


def _minor(field: NumberField, x: Jet, rows: Sequence[int], without: int | None) -> Jet:
    """The determinant of these rows and all columns but one, by minors along the rows."""
    some = _some_part(x)
    n = some.shape[-1]
    if n > LIMITS.determinant:
        raise Undefined("a determinant of this size is not expanded")
    columns = [c for c in range(n) if c != without]
    entry: dict[tuple[int, int], Jet] = {
        (i, j): [None if p is None else p[..., i, j] for p in x] for i in rows for j in columns
    }
    one = constant(np.ones_like(some[..., 0, 0]), len(x).bit_length() - 1)
    minors: dict[tuple[int, ...], Jet] = {(): one}
    for size, row in enumerate(reversed(rows), 1):
        new: dict[tuple[int, ...], Jet] = {}
        for chosen in combinations(columns, size):
            terms = [
                ((-1) ** k, multiply(field, entry[row, c], minors[chosen[:k] + chosen[k + 1 :]]))
                for k, c in enumerate(chosen)
            ]
            new[chosen] = linear(field, terms)
        minors = new
    return minors[tuple(columns)]

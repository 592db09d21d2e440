"""The array reading: values and gradients of a program with fixed sizes, at a batch of points, over jets of any kind of numbers.

Untrusted. The two kinds are residues modulo a prime (`claws.readings.modular`) and float64 (`claws.readings.floating`); what a
function is for a kind of numbers stands in its `Functions`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import assert_never

import numpy as np
import numpy.typing as npt

from claws.kernel.core.errors import Meter, Undefined
from claws.kernel.core.program import Apply, Call, Einsum, Iota, Leaf, Number, Program, Stop, Sum, Window, operands_of
from claws.kernel.values.evaluation import fixed
from claws.readings import jets
from claws.readings.functions import Functions
from claws.readings.jets import Array, Jet
from claws.readings.limits import LIMITS

Theta = dict[str, Jet]
"""Arrays by the names of leaves, over the jets: batch x shape."""


class Reading:
    """One evaluation of a program with fixed sizes, at a batch of points over the jets of one level.

    `leaves` gives each leaf as a jet of arrays batch x shape; a batch of 1 stands for all. Nodes are evaluated once, when they
    are asked for. Raises `Undefined` for arrays that are too large, for what has no value in these numbers (modulo a prime: a
    division by zero, most roots), and for functions of whole arrays where their second derivative would be needed.
    """

    def __init__(
        self, program: Program, leaves: Mapping[str, Jet], functions: Functions, level: int, meter: Meter
    ) -> None:
        self.program = program
        self.leaves = leaves
        self.functions = functions
        self.field = functions.field
        self.level = level
        self.meter = meter
        self.shapes = [tuple(fixed(n) for n in shape) for shape in program.shapes]
        if any(math.prod(shape) > LIMITS.entries for shape in self.shapes):
            raise Undefined("the arrays are too large")
        self._values: dict[int, Jet] = {}
        self._slopes: dict[int, Jet] = {}

    def value(self, root: int) -> Jet:
        """The value of a node: a jet of arrays batch x shape."""
        for n in self.program.cone([root]) if root not in self._values else ():
            if n not in self._values:
                self._values[n] = self._value(n)
                parts = [x.size for x in self._values[n] if x is not None]
                # every array costs a call, and its entries
                self.meter.tick(10 * len(parts) + sum(parts) // 200)
        return self._values[root]

    def array(self, root: int) -> Array:
        """The value of a node without nilpotents, batch x shape, to be read only."""
        x, shape = self.value(root)[0], self.shapes[root]
        if x is None:
            return np.zeros((1, *shape))
        return x if x.shape[1:] == shape else np.broadcast_to(x, (len(x), *shape))

    def along(self, direction: Mapping[str, Jet]) -> Reading:
        """The program at the same point, of level 0, moved along a direction: parts 1 of values are derivatives along it."""
        none: Jet = [None]
        moved = {name: [*x, *direction.get(name, none)] for name, x in self.leaves.items()}
        return Reading(self.program, moved, self.functions, 1, self.meter)

    def pull(self, seeds: Mapping[int, Jet]) -> Theta:
        """The gradient of the sum of <seed, node> with respect to each leaf it depends on, by one backward pass."""
        adjoint: dict[int, Jet] = {}
        for n, seed in seeds.items():
            self.value(n)
            self._gather_adjoint(adjoint, n, seed)
        result: Theta = {}
        for n in reversed(self.program.cone(seeds)):
            a = adjoint.pop(n, None)
            if a is None:
                continue
            node = self.program.nodes[n]
            if isinstance(node, Leaf):
                result[node.name] = a
                continue
            operands = operands_of(node)
            for m, part in zip(operands, self._pulled(n, [self._values[m] for m in operands], a), strict=True):
                self._gather_adjoint(adjoint, m, part)
        return result

    def _gather_adjoint(self, adjoint: dict[int, Jet], n: int, part: Jet) -> None:
        adjoint[n] = jets.linear(self.field, [(1, adjoint[n]), (1, part)]) if n in adjoint else part

    # --- node by node ------------------------------------------------------------------------------------------

    def _value(self, n: int) -> Jet:
        """The value of a node from those of its operands."""
        node, f = self.program.nodes[n], self.field
        args = [self._values[m] for m in operands_of(node)]
        match node:
            case Leaf(name):
                return self.leaves[name]
            case Number(value):
                c = value.constant()
                assert c is not None
                return self._constant(np.full((1,), f.number(c)))
            case Iota(start, step, _):
                whole = fixed(start) + step * np.arange(self.shapes[n][0], dtype=np.float64)
                return self._constant(f.reduce(whole)[None])
            case Einsum((), _, out, sizes):
                return self._constant(jets.arranged(np.ones((1,)), [], out, [fixed(k) for k in sizes]))
            case Einsum(_, labels, out, sizes):
                return jets.einsum(f, args, labels, out, [fixed(k) for k in sizes])
            case Sum(terms):
                return jets.linear(f, [(c, x) for (c, _), x in zip(terms, args, strict=True)])
            case Apply(function, m, exponent):
                z, order = self._base(m), self.level + 1
                if exponent is not None:
                    return self._functional(n, args[0], self.functions.power(exponent, z, order))
                return self._functional(n, args[0], self.functions.taylor(function, z, order))
            case Call("prod"):
                return jets.product(f, args[0])
            case Call("det"):
                return jets.determinant(f, args[0])
            case Call():
                return self._opaque_value(node, self.shapes[n], args)
            case Window():
                return self._moved(node, args[0], n, node.transposed)
            case Stop(m):
                return self._constant(self._base(m))
            case _:
                assert_never(node)

    def _pulled(self, n: int, args: list[Jet], a: Jet) -> list[Jet]:
        """What an adjoint of a node gives each of its operands, of which these are the values."""
        node, f = self.program.nodes[n], self.field
        match node:
            case Leaf() | Number() | Iota():
                return []
            case Einsum(_, labels, out, sizes):
                whole = [fixed(k) for k in sizes]
                return [
                    jets.einsum(f, [*args[:k], a, *args[k + 1 :]], [*labels[:k], out, *labels[k + 1 :]], own, whole)
                    for k, own in enumerate(labels)
                ]
            case Sum(terms):
                return [jets.linear(f, [(c, a)]) for c, _ in terms]
            case Apply():
                return [jets.multiply(f, self._slopes[n], a)]
            case Call("prod"):
                return [jets.product_slopes(f, args[0], a)]
            case Call("det"):
                return [jets.determinant_slopes(f, args[0], a)]
            case Call():
                return self._opaque_pulled(node, self.shapes[n], a)
            case Window(m):
                return [self._moved(node, a, m, not node.transposed)]
            case Stop():
                return [jets.linear(f, [(0, a)])]
            case _:
                assert_never(node)

    def _constant(self, x: Array) -> Jet:
        return jets.constant(x, self.level)

    def _base(self, m: int) -> Array:
        """The value of a node without nilpotents, not broadcast."""
        x = self._values[m][0]
        return np.zeros((1, *self.shapes[m])) if x is None else x

    def _functional(self, n: int, x: Jet, taylor: list[Array]) -> Jet:
        """f(x) from its Taylor coefficients, one more than the level needs; f'(x) is kept for `pull`."""
        reduce = self.field.reduce
        self._slopes[n] = jets.series(self.field, x, [reduce((j + 1) * c) for j, c in enumerate(taylor[1:])])
        return jets.series(self.field, x, taylor[:-1])

    def _moved(self, node: Window, x: Jet, target: int, summed: bool) -> Jet:
        """The entries of an array moved to the shape of node `target`: taken from places, or with `summed` added up at these."""
        shape, f = self.shapes[target], self.field
        if node.merges:
            return self._by_parts(x, lambda part: part.reshape(len(part), *shape))
        index = _places(node)
        if summed:
            return self._by_parts(x, lambda part: f.reduce(_put(part, node.axis, index, shape)))
        return self._by_parts(x, lambda part: _taken(part, node.axis, index))

    def _by_parts(self, x: Jet, linear: Callable[[Array], Array]) -> Jet:
        return [None if part is None else linear(part) for part in x]

    # --- functions of whole arrays -----------------------------------------------------------------------------

    def _opaque_value(self, node: Call, shape: tuple[int, ...], args: list[Jet]) -> Jet:
        """The value to first order: F(x) + sum of Jacobian * tangent. Enough where the nilpotents' products do not matter."""
        if self.level > 1:
            raise Undefined("a function of whole arrays has no second derivative here")
        base = [self._base(m) for m in node.operands]
        result = self._constant(self.functions.opaque(node.function, base, shape, node.batch, None))
        for k in range(len(args)):
            if self.level and (tangent := args[k][1]) is not None:
                axes, inner, outer, sizes = self._block_labels(node, shape, k)
                block = self._block(node, shape, k)
                (part,) = jets.einsum(self.field, [[block], [tangent]], [outer, inner], axes, sizes)
                result[1] = jets.add(self.field, result[1], part)
        return result

    def _opaque_pulled(self, node: Call, shape: tuple[int, ...], a: Jet) -> list[Jet]:
        if self.level:
            raise Undefined("a function of whole arrays has no second derivative here")
        found = []
        for k in range(len(node.operands)):
            axes, inner, outer, sizes = self._block_labels(node, shape, k)
            found.append(jets.einsum(self.field, [[self._block(node, shape, k)], a], [outer, axes], inner, sizes))
        return found

    def _block_labels(
        self, node: Call, shape: tuple[int, ...], k: int
    ) -> tuple[list[int], list[int], list[int], list[int]]:
        """Labels of a value, of its k-th argument, of the Jacobian between them, and their sizes."""
        own, batch = self.shapes[node.operands[k]], node.batch
        axes = list(range(len(shape)))
        inner = [*axes[:batch], *range(len(shape), len(shape) + len(own) - batch)]
        return axes, inner, [*axes, *inner[batch:]], [*shape, *own[batch:]]

    def _block(self, node: Call, shape: tuple[int, ...], k: int) -> Array:
        """The Jacobian with respect to the k-th argument."""
        whole = (*shape, *self.shapes[node.operands[k]][node.batch :])
        if math.prod(whole) > LIMITS.entries:
            raise Undefined("the arrays are too large")
        base = [self._base(m) for m in node.operands]
        return self.functions.opaque(node.function, base, whole, node.batch, k)


# --- indices -------------------------------------------------------------------------------------------------------


def _places(node: Window) -> npt.NDArray[np.int64]:
    """start + sum_k steps_k*j_k for all j, an array of the shape of the window's lengths."""
    lengths, count = [fixed(n) for n in node.lengths], len(node.steps)
    index = np.full(lengths, fixed(node.start), dtype=np.int64)
    for k, step in enumerate(node.steps):
        index = index + fixed(step) * np.arange(lengths[k]).reshape([-1 if j == k else 1 for j in range(count)])
    return index


def _taken(x: Array, axis: int, index: npt.NDArray[np.int64]) -> Array:
    """The entries at these places of an axis, which the axes of the index replace."""
    return np.take(x, index, axis=1 + axis)


def _put(x: Array, axis: int, index: npt.NDArray[np.int64], shape: tuple[int, ...]) -> Array:
    """The transpose of `_taken`: entries added up at their places, in an array batch x shape."""
    result, count = np.zeros((len(x), *shape)), index.ndim
    axis += 1
    np.add.at(np.moveaxis(result, axis, 0), index, np.moveaxis(x, range(axis, axis + count), range(count)))
    return result

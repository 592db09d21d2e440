"""The tensor reading: arrays as sums of tensor networks with sizes left free, in a normal form.

Soundness-critical: a law that this reading finds to vanish is PROVED for every size. A node's value is kept as one term. Function
values without a definition are treated as independent, which is sound for proofs: an identity in independent symbols holds for
their values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import assert_never

from claws.kernel.core.errors import Meter
from claws.kernel.core.program import (
    Apply,
    Call,
    Einsum,
    Iota,
    Leaf,
    Number,
    Program,
    Shape,
    Stop,
    Sum,
    Window,
    operands_of,
)
from claws.kernel.core.sizes import ONE, Size
from claws.kernel.laws.function_values import FunctionValues
from claws.kernel.laws.labelling import Renamings
from claws.kernel.laws.symbols import Symbol, Tensor, squeeze

Jacobian = tuple[int, Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]
"""An operand, and what pushes a tangent of it forward to the node and pulls an adjoint of the node back to it."""


class Tensors(FunctionValues):
    """The values and derivatives of one program as tensors."""

    def __init__(self, program: Program, meter: Meter, renamings: Renamings | None = None) -> None:
        super().__init__(program, meter, {} if renamings is None else renamings)
        self._values: dict[int, Tensor] = {}

    # --- values -----

    def value(self, root: int) -> Tensor:
        """The value of a node, as at most one term."""
        if root not in self._values:
            missing: set[int] = set()
            stack = [root]
            while stack:
                n = stack.pop()
                if n not in missing and n not in self._values:
                    missing.add(n)
                    stack.extend(operands_of(self.program.nodes[n]))
            for n in sorted(missing):
                self.meter.tick()
                self._values[n] = self.as_one_term(self._value(n))
        return self._values[root]

    def _value(self, n: int) -> Tensor:
        node = self.program.nodes[n]
        shape = squeeze(self.program.shapes[n])
        match node:
            case Leaf(name):
                return self.single(self.symbol("leaf", name, shape, name, positive=node.domain == "positive"))
            case Number(value):
                return self.scalar(value)
            case Iota(start, step, length):
                if length == ONE:
                    return self.scalar(start)
                return self.single(self.symbol("iota", (start, step, length), shape, f"iota[{start}+{step}*]"))
            case Einsum(operands):
                return self._einsum_node(node, [self._values[m] for m in operands])
            case Sum(terms):
                return self.add(*((c, self._values[m]) for c, m in terms))
            case Apply(function, operand, exponent):
                z = self._values[operand]
                return self.apply(function, z) if exponent is None else self.power(z, exponent)
            case Call(_, operands):
                if self._is_only_entry(node):
                    return self._values[operands[0]]
                return self.single(self._call_symbol(node, shape))
            case Window(operand):
                return self._moved(node, self._values[operand])
            case Stop(operand):
                return self._values[operand]
            case _:
                assert_never(node)

    def _is_only_entry(self, node: Call) -> bool:
        """Whether a node is the product of one number."""
        return node.function == "prod" and self.program.shapes[node.operands[0]][-1] == ONE

    def _call_symbol(self, node: Call, shape: Shape) -> Symbol:
        # whole shapes, with the axes of size 1: a function of an n-vector is not that of a 1 x n matrix, and which axes are
        # mapped over shows only there
        shapes = (node.shape, *(self.program.shapes[m] for m in node.operands))
        key = (node.function, node.batch, shapes, tuple(self._values[m].key() for m in node.operands))
        return self.symbol("call", key, shape, node.function)

    def _einsum_node(self, node: Einsum, args: Sequence[Tensor]) -> Tensor:
        sizes = {k: n for k, n in enumerate(node.sizes) if n != ONE}
        labels = [[x for x in ls if x in sizes] for ls in node.labels]
        return self.einsum(args, labels, [x for x in node.out if x in sizes], sizes)

    def _moved(self, node: Window, x: Tensor, transposed: bool = False) -> Tensor:
        """A window, or its transpose, applied to a tensor of the right shape."""
        shape = self.program.shapes[node.operand]
        before, after = (
            squeeze(shape[: node.axis]),
            squeeze(shape[node.axis + (len(node.steps) if node.transposed else 1) :]),
        )
        kept = [k for k, length in enumerate(node.lengths) if length != ONE]
        sizes = dict(enumerate((*before, *after, *(node.lengths[k] for k in kept), node.size)))
        own = len(before) + len(after)
        js, i = list(range(own, own + len(kept))), own + len(kept)
        short = [*range(len(before)), *js, *range(len(before), own)]
        # the only index there is: nothing to select
        only = node.size == ONE
        long = [*range(len(before)), *([] if only else [i]), *range(len(before), own)]
        source, target = (short, long) if node.transposed != transposed else (long, short)
        if only:
            return self.einsum([x], [source], target, sizes)
        symbol, e, legs = self.select_factor(
            node.start, tuple(node.steps[k] for k in kept), tuple(node.lengths[k] for k in kept), node.size, (*js, i)
        )
        return self.einsum([x, self.single(self.symbols[symbol], e)], [source, legs], target, sizes)

    # --- derivatives -----

    def jacobian_terms(self, n: int) -> list[Jacobian]:
        """For each operand of node n: (operand, push a tangent forward, pull an adjoint back). Soundness-critical.

        Each is the linear map J_k of the node with respect to that operand, or its transpose.
        """
        node = self.program.nodes[n]
        shape = squeeze(self.program.shapes[n])
        axes = tuple(range(len(shape)))
        result: list[Jacobian] = []
        match node:
            case Leaf() | Number() | Iota() | Stop():
                return []
            case Einsum(operands):
                return self._einsum_jacobian(node, [self.value(m) for m in operands])
            case Sum(terms):
                for c, m in terms:
                    scale = lambda d, c=c: self.add((c, d))  # noqa: E731
                    result.append((m, scale, scale))
                return result
            case Apply(function, operand, exponent):
                z = self.value(operand)
                slope = (
                    self.derivative(function, z)
                    if exponent is None
                    else self.add((exponent, self.power(z, exponent - 1)))
                )
                both = lambda d: self.hadamard(slope, d)  # noqa: E731
                return [(operand, both, both)]
            case Call(_, operands):
                return [self._block(n, node, m, k, shape, axes) for k, m in enumerate(operands)]
            case Window(operand):
                return [(operand, lambda d: self._moved(node, d), lambda a: self._moved(node, a, transposed=True))]
            case _:
                assert_never(node)

    def _einsum_jacobian(self, node: Einsum, values: Sequence[Tensor]) -> list[Jacobian]:
        sizes = {k: n for k, n in enumerate(node.sizes) if n != ONE}
        labels = [[x for x in ls if x in sizes] for ls in node.labels]
        out = [x for x in node.out if x in sizes]

        def one(k: int) -> Jacobian:
            def push(d: Tensor) -> Tensor:
                return self.einsum([*values[:k], d, *values[k + 1 :]], labels, out, sizes)

            def pull(a: Tensor) -> Tensor:
                others = [*labels[:k], out, *labels[k + 1 :]]
                return self.einsum([*values[:k], a, *values[k + 1 :]], others, labels[k], sizes)

            return node.operands[k], push, pull

        return [one(k) for k in range(len(values))]

    def _block(self, n: int, node: Call, m: int, k: int, shape: Shape, axes: tuple[int, ...]) -> Jacobian:
        """The Jacobian block of a function of whole arrays with respect to its operand number k."""
        x = self.value(m)
        value = self.value(n)
        if self._is_only_entry(node):
            return (m, lambda d: d, lambda a: a)
        if node.function == "prod" and self._free_entries(x):
            # d prod = prod * sum_i dx_i / x_i, where no entry is zero: a dense open set, as the entries are free
            inner = (*axes, len(axes))
            sizes = dict(enumerate(x.shape))
            inverse = self.power(x, Fraction(-1))
            return (
                m,
                lambda d: self.einsum([value, inverse, d], [axes, inner, inner], axes, sizes),
                lambda a: self.einsum([value, inverse, a], [axes, inner, axes], inner, sizes),
            )
        batch = len(squeeze(node.shape[: node.batch]))
        # the Jacobian is an array of its own, with legs batch + value + argument
        ((network, _),) = value.terms.items()
        own = x.shape[batch:]
        block = self.single(
            self.symbol("jacobian", (network[0][0], k), shape + own, f"D{k}[{value_text(self, value)}]")
        )
        inner = (*axes[:batch], *range(len(axes), len(axes) + len(own)))
        outer = (*axes, *inner[batch:])
        sizes = dict(zip(outer, shape + own, strict=True))
        return (
            m,
            lambda d: self.einsum([block, d], [outer, inner], axes, sizes),
            lambda a: self.einsum([block, a], [outer, axes], inner, sizes),
        )

    def _free_entries(self, x: Tensor) -> bool:
        """Whether every entry of x is a product of powers of leaf entries, so non-zero on a dense open set."""
        if len(x.terms) != 1:
            return False
        ((network, c),) = x.terms.items()
        constant = c.constant()
        return (
            constant is not None
            and all(self.symbols[s].kind == "leaf" for s, _, _ in network)
            and all(i < len(x.shape) for _, _, ix in network for i in ix)
        )

    def gradient(self, root: int, seed: Tensor, wanted: Iterable[int]) -> dict[int, Tensor]:
        """The gradient of <seed, node> with respect to the wanted leaves, by one backward pass."""
        adjoint: dict[int, Tensor] = {root: seed}
        cone = self.program.cone([root])
        targets = set(wanted)
        live = self._depend_on(cone, targets)
        result: dict[int, Tensor] = {}
        for n in reversed(cone):
            a = adjoint.pop(n, None)
            if a is None or not a.terms:
                continue
            if n in targets:
                result[n] = a
                continue
            for m, _, pull in self.jacobian_terms(n):
                if m in live:
                    part = pull(a)
                    adjoint[m] = self.add((Fraction(1), adjoint[m]), (Fraction(1), part)) if m in adjoint else part
        return result

    def push(self, roots: Sequence[int], tangents: Mapping[int, Tensor]) -> dict[int, Tensor]:
        """The directional derivative of each root along the leaf tangents, by one forward pass.

        A tangent that is seen to vanish is dropped at once, so that cancellation stays local.
        """
        cone = self.program.cone(roots)
        live = self._depend_on(cone, {n for n, t in tangents.items() if t.terms})
        moving: dict[int, Tensor] = {}
        # the symbols of nodes that move: only their definitions can cancel against a tangent
        near: set[int] = set()
        for n in cone:
            if n not in live:
                continue
            near.update(s for network in self.value(n).terms for s, _, _ in network)
            if n in tangents:
                moving[n] = tangents[n]
                continue
            parts: list[tuple[Fraction | Size, Tensor]] = []
            for m, forward, _ in self.jacobian_terms(n):
                if m in moving:
                    parts.append((Fraction(1), forward(moving[m])))
            if parts:
                total = self.add(*parts)
                if total.terms and not self.vanishes(total, lambda symbol: symbol.number in near):
                    moving[n] = total
        return {r: moving.get(r, Tensor(squeeze(self.program.shapes[r]), {})) for r in roots}

    def _depend_on(self, cone: Iterable[int], targets: set[int]) -> set[int]:
        live: set[int] = set()
        for n in cone:
            if n in targets or any(m in live for m in operands_of(self.program.nodes[n])):
                live.add(n)
        return live


def value_text(tensors: Tensors, value: Tensor) -> str:
    ((network, _),) = value.terms.items()
    return tensors.symbols[network[0][0]].text

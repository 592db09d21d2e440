"""The tensor reading: arrays as sums of tensor networks with sizes left free, in a normal form.

Soundness-critical: a law that this reading finds to vanish is PROVED for every size. A node's value is kept as one term. Function
values without a definition are treated as independent, which is sound for proofs: an identity in independent symbols holds for
their values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import count

from claws.kernel.core.errors import Meter, Refused
from claws.kernel.core.functions import has_rule, rule_of
from claws.kernel.core.program import (
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
    Shape,
    Sum,
    operands_of,
)
from claws.kernel.core.sizes import ONE, Size
from claws.kernel.laws.algebra import Algebra
from claws.kernel.laws.labelling import Renamings
from claws.kernel.laws.symbols import Symbol, Tensor, squeeze


class Tensors(Algebra):
    """The values and derivatives of one program as tensors."""

    def __init__(self, program: Program, meter: Meter, renamings: Renamings | None = None) -> None:
        super().__init__(program, meter, {} if renamings is None else renamings)
        self._values: dict[int, Tensor] = {}
        self._activations = dict(program.activations)

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
        if isinstance(node, Leaf):
            return self.single(self.symbol("leaf", node.name, shape, node.name))
        if isinstance(node, Number):
            return self.scalar(node.value)
        if isinstance(node, Iota):
            if node.length == ONE:
                return self.scalar(node.start)
            key = (node.start, node.step, node.length)
            return self.single(self.symbol("iota", key, shape, f"iota[{node.start}+{node.step}*]"))
        args = [self._values[m] for m in operands_of(node)]
        if isinstance(node, Einsum):
            return self._einsum_node(node, args)
        if isinstance(node, Sum):
            return self.add(*((c, self._values[m]) for c, m in node.terms))
        if isinstance(node, Power):
            return self.power(args[0], node.exponent)
        if isinstance(node, Apply):
            return self._apply_value(node.function, args[0])
        if isinstance(node, Product):
            if shape == args[0].shape:  # the last axis has size 1
                return args[0]
            return self.single(self.symbol("product", (shape, args[0].key()), shape, "product"))
        if isinstance(node, Det):
            # shapes are kept in every such key: with axes of size 1 left out, arguments of different rank look alike
            return self.single(self.symbol("det", (shape, args[0].key()), shape, "det"))
        if isinstance(node, Opaque):
            return self.single(self._opaque_symbol(node, shape))
        return self._linear(n, args[0])

    def _opaque_symbol(self, node: Opaque, shape: Shape) -> Symbol:
        # whole shapes, with the axes of size 1: a function of an n-vector is not that of a 1 x n matrix, and which axes are
        # mapped over shows only there
        shapes = (node.shape, *(self.program.shapes[m] for m in node.operands))
        key = (node.function, node.batch, shapes, tuple(self._values[m].key() for m in node.operands))
        return self.symbol("opaque", key, shape, node.function)

    def _einsum_node(self, node: Einsum, args: Sequence[Tensor]) -> Tensor:
        sizes = {k: n for k, n in enumerate(node.sizes) if n != ONE}
        labels = [[x for x in ls if x in sizes] for ls in node.labels]
        return self.einsum(args, labels, [x for x in node.out if x in sizes], sizes)

    def _linear(self, n: int, x: Tensor, transposed: bool = False) -> Tensor:
        """Apply a Gather, Scatter or Reshape node, or its transpose, to a tensor of the right shape."""
        node = self.program.nodes[n]
        if isinstance(node, Reshape):
            return self._reshape(node, x, transposed)
        assert isinstance(node, Gather | Scatter)
        gather = isinstance(node, Gather) != transposed
        # in the shape of the side that carries the long axis
        if isinstance(node, Gather):
            whole = self.program.shapes[node.operand]
            lengths = node.lengths
        else:
            whole = self.program.shapes[n]
            inner = self.program.shapes[node.operand]
            lengths = inner[node.axis : node.axis + len(node.steps)]
        size = whole[node.axis]
        kept = [k for k, length in enumerate(lengths) if length != ONE]
        before = len(squeeze(whole[: node.axis]))
        after = len(squeeze(whole[node.axis + 1 :]))
        labels = list(range(before + after))
        sizes = dict(enumerate(squeeze(whole[: node.axis]) + squeeze(whole[node.axis + 1 :])))
        js = [before + after + k for k in range(len(kept))]
        i = before + after + len(kept)
        sizes.update({j: lengths[k] for j, k in zip(js, kept, strict=True)})
        short = [*labels[:before], *js, *labels[before:]]
        if size == ONE:
            # the only index there is: nothing to select
            return self.einsum([x], [labels if gather else short], short if gather else labels, sizes)
        sizes[i] = size
        long = [*labels[:before], i, *labels[before:]]
        symbol, e, legs = self.select_factor(
            node.start, tuple(node.steps[k] for k in kept), tuple(lengths[k] for k in kept), size, (*js, i)
        )
        select = self.single(self.symbols[symbol], e)
        return self.einsum([x, select], [long if gather else short, legs], short if gather else long, sizes)

    def _reshape(self, node: Reshape, x: Tensor, transposed: bool) -> Tensor:
        old, new = squeeze(self.program.shapes[node.operand]), squeeze(node.shape)
        labels: dict[int, Size] = {}
        fresh = count()

        def take(n: Size) -> int:
            label = next(fresh)
            labels[label] = n
            return label

        old_labels: list[int] = []
        new_labels: list[int] = []
        tensors: list[Tensor] = []
        legs: list[list[int]] = []
        for a, b in _groups(old, new):
            if a == b:
                shared = [take(n) for n in a]
                old_labels += shared
                new_labels += shared
                continue
            la, lb = [take(n) for n in a], [take(n) for n in b]
            old_labels += la
            new_labels += lb
            first, second, fl, sl = (a, b, la, lb) if a <= b else (b, a, lb, la)
            s = self.symbol("regroup", (first, second), first + second, "regroup", data=(len(first),))
            tensors.append(self.single(s))
            legs.append(fl + sl)
        source, target = (new_labels, old_labels) if transposed else (old_labels, new_labels)
        return self.einsum([x, *tensors], [source, *legs], target, labels)

    def _apply_value(self, function: str, z: Tensor) -> Tensor:
        if function == "relu":
            return self.hadamard(self._mask(z), z) if z.terms else z
        degree = self._activations.get(function)
        if isinstance(degree, Fraction) and degree:
            # Euler: f(z) = f'(z)*z/k for f positively homogeneous of degree k
            if z.terms:
                return self.add((1 / degree, self.hadamard(self._slope(function, z), z)))
            return self.power(z, degree)
        return self._function_value(function, z)

    def _function_value(self, function: str, z: Tensor) -> Tensor:
        """f(z), elementwise: a symbol of its own. Its kind keeps it apart whatever an activation is called."""
        return self.single(self.symbol("value", (function, z.key()), z.shape, function))

    def _mask(self, z: Tensor) -> Tensor:
        """[z > 0] away from 0. [c*z > 0] is [z > 0] for c > 0 and 1 - [z > 0] for c < 0."""
        ((network, c),) = z.terms.items()
        constant = c.constant()
        if constant is None:
            return self.single(self.symbol("mask", z.key(), z.shape, "relu'"))
        monic = Tensor(z.shape, {network: ONE})
        mask = self.single(self.symbol("mask", monic.key(), z.shape, "relu'"))
        if constant > 0:
            return mask
        return self.add((Fraction(1), self.power(z, Fraction(0))), (Fraction(-1), mask))

    def _slope(self, function: str, z: Tensor) -> Tensor:
        """f'(z), elementwise, for a declared activation: a symbol of its own."""
        return self.single(self.symbol("slope", (function, z.key()), z.shape, function + "'"))

    def derivative(self, function: str, z: Tensor) -> Tensor:
        """f'(z), elementwise; z has at most one term. Soundness-critical."""
        if function == "relu":
            return self._mask(z) if z.terms else self._slope(function, z)
        if not has_rule(function, self._activations):
            if self._activations[function] == 0:
                # f(s*z) = f(z) for all s > 0: f is constant on each side of 0
                return Tensor(z.shape, {})
            return self._slope(function, z)
        parts: list[tuple[Fraction | Size, Tensor]] = []
        for c, k, powers in rule_of(function, self._activations):
            factors = [self.power(z, Fraction(k))]
            for name, e in powers:
                factors.append(self.power(self._function_value(name, z), Fraction(e)))
            parts.append((c, self.hadamard(*factors)))
        return self.add(*parts)

    # --- derivatives -----

    def jacobian_terms(self, n: int) -> list[tuple[int, Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]]:
        """For each operand of node n: (operand, push a tangent forward, pull an adjoint back). Soundness-critical.

        Each is the linear map J_k of the node with respect to that operand, or its transpose.
        """
        node = self.program.nodes[n]
        shape = squeeze(self.program.shapes[n])
        axes = tuple(range(len(shape)))
        result: list[tuple[int, Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]] = []
        if isinstance(node, Einsum):
            sizes = {k: n for k, n in enumerate(node.sizes) if n != ONE}
            labels = [[x for x in ls if x in sizes] for ls in node.labels]
            out = [x for x in node.out if x in sizes]
            values = [self.value(m) for m in node.operands]
            for k, m in enumerate(node.operands):
                result.append(
                    (
                        m,
                        lambda d, k=k: self.einsum([*values[:k], d, *values[k + 1 :]], labels, out, sizes),  # type: ignore[misc]
                        lambda a, k=k: self.einsum(  # type: ignore[misc]
                            [*values[:k], a, *values[k + 1 :]], [*labels[:k], out, *labels[k + 1 :]], labels[k], sizes
                        ),
                    )
                )
            return result
        if isinstance(node, Sum):
            for c, m in node.terms:
                scale = lambda d, c=c: self.add((c, d))  # noqa: E731
                result.append((m, scale, scale))
            return result
        if isinstance(node, Power | Apply):
            z = self.value(node.operand)
            if isinstance(node, Power):
                slope = self.add((node.exponent, self.power(z, node.exponent - 1)))
            else:
                slope = self.derivative(node.function, z)
            both = lambda d: self.hadamard(slope, d)  # noqa: E731
            return [(node.operand, both, both)]
        if isinstance(node, Gather | Scatter | Reshape):
            return [(node.operand, lambda d: self._linear(n, d), lambda a: self._linear(n, a, transposed=True))]
        if isinstance(node, Product | Det | Opaque):
            return [self._block(n, m, k, shape, axes) for k, m in enumerate(operands_of(node))]
        return result

    def _block(
        self, n: int, m: int, k: int, shape: Shape, axes: tuple[int, ...]
    ) -> tuple[int, Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]]:
        """The Jacobian block of a Product, Det or Opaque node with respect to its operand number k."""
        node = self.program.nodes[n]
        x = self.value(m)
        value = self.value(n)
        if isinstance(node, Product):
            if shape == x.shape:
                return (m, lambda d: d, lambda a: a)
            if self._free_entries(x):
                # d prod = prod * sum_i dx_i / x_i, where no entry is zero: a dense open set, as the entries are free
                inner = (*axes, len(axes))
                sizes = dict(enumerate(x.shape))
                inverse = self.power(x, Fraction(-1))
                return (
                    m,
                    lambda d: self.einsum([value, inverse, d], [axes, inner, inner], axes, sizes),
                    lambda a: self.einsum([value, inverse, a], [axes, inner, axes], inner, sizes),
                )
        batch = len(squeeze(self.program.shapes[n][: node.batch])) if isinstance(node, Opaque) else len(shape)
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


def _groups(old: Shape, new: Shape) -> list[tuple[Shape, Shape]]:
    """Split a reshape into the smallest runs of axes with equal numbers of entries, from the left."""
    result: list[tuple[Shape, Shape]] = []
    i = j = 0
    while i < len(old) or j < len(new):
        if i < len(old) and j < len(new) and old[i] == new[j]:
            result.append(((old[i],), (new[j],)))
            i, j = i + 1, j + 1
            continue
        # the first cut at which both sides have the same number of entries; the whole rest is always one
        best = (len(old), len(new))
        left = ONE
        for a in range(i + 1, len(old) + 1):
            left = left * old[a - 1]
            right = ONE
            for b in range(j + 1, len(new) + 1):
                right = right * new[b - 1]
                if left == right and a + b < sum(best):
                    best = (a, b)
        result.append((old[i : best[0]], new[j : best[1]]))
        i, j = best
    return result


class NotShown(Refused):
    """The normal form does not vanish. `residue` holds the outputs and what is left of each."""

    def __init__(self, message: str, residue: dict[int, Tensor]) -> None:
        super().__init__(message)
        self.residue = residue

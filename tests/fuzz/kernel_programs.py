"""A second meaning of the kernel's programs, in floating point, on power series: for statements that were read from certificates.

Written from the table at the top of `claws/kernel/core/program.py`; of the kernel it uses the records alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from claws.kernel.core import program as p
from claws.kernel.core.flow import Flow
from claws.kernel.core.functions import Slope
from claws.kernel.core.sizes import Size
from tests.fuzz.evaluator import Leaf
from tests.fuzz.opened import Chosen
from tests.fuzz.ranks import Fields
from tests.fuzz.residues import Residues
from tests.fuzz.series import (
    SMOOTH,
    Algebra,
    Numbers,
    Series,
    determinant,
    einsum,
    normal_cdf,
    power,
    product,
    sides,
    smooth,
    stacked,
)

STATE = ("param", "velocity", "time")


def whole(n: Size | int) -> int:
    """A size without dims."""
    total = Fraction(n) if isinstance(n, int) else sum((c for _, c in n.terms), Fraction(0))
    assert isinstance(n, int) or all(not m for m, _ in n.terms)
    assert total.denominator == 1
    return int(total)


def leaves_of(program: p.Program) -> dict[str, Leaf]:
    """The leaves of a program of fixed sizes."""
    return {
        x.name: Leaf(x.role, tuple(whole(n) for n in x.shape), "nonnegative" if x.role == "time" else x.domain)
        for x in program.nodes
        if isinstance(x, p.Leaf)
    }


def draw_leaves(program: p.Program, random: np.random.Generator, scale: float = 1.0) -> dict[str, Numbers]:
    """A random number for every entry of every leaf, inside its domain."""
    found = {}
    for name, leaf in leaves_of(program).items():
        x = random.uniform(0.3, 1.5, leaf.shape) * scale
        if leaf.domain in ("real", "nonzero"):
            x = x * random.choice([-1, 1], leaf.shape)
        found[name] = np.asarray(x)
    return found


class Evaluation:
    """The values of the nodes of a program of fixed sizes, each when it is asked for."""

    def __init__(self, program: p.Program, leaves: Mapping[str, Series], chosen: Chosen, algebra: Algebra) -> None:
        self.program = program
        self.leaves = leaves
        self.chosen = chosen
        self.algebra = algebra
        self.activations = dict(program.activations)
        self.found: dict[int, Series] = {}

    def value(self, root: int) -> Series:
        todo = [root]
        while todo:
            n = todo[-1]
            if n in self.found:
                todo.pop()
                continue
            missing = [m for m in _operands(self.program.nodes[n]) if m not in self.found]
            if missing:
                todo += missing
            else:
                self.found[n] = self._value(self.program.nodes[n])
                todo.pop()
        return self.found[root]

    def flat(self, root: int) -> Series:
        x = self.value(root)
        return x.reshape([int(np.prod(x.shape))])

    def _number(self, x: Fraction) -> Any:
        return self.algebra.dtype(x.numerator) / self.algebra.dtype(x.denominator)

    def _value(self, node: p.Node) -> Series:
        match node:
            case p.Leaf(name):
                return self.leaves[name]
            case p.Number(value):
                return self.algebra.plain(self._number(sum((c for _, c in value.terms), Fraction(0))))
            case p.Iota(start, step, length):
                return self.algebra.plain(whole(start) + step * np.arange(whole(length)))
            case p.Einsum(operands, labels, out, sizes):
                return self._einsum([self.found[m] for m in operands], labels, out, [whole(n) for n in sizes])
            case p.Sum(terms):
                total = self.found[terms[0][1]] * self._number(terms[0][0])
                for c, m in terms[1:]:
                    total = total + self.found[m] * self._number(c)
                return total
            case p.Apply("^", m, exponent):
                assert exponent is not None
                return power(self.found[m], exponent)
            case p.Apply(function, m):
                return self._apply(function, self.found[m])
            case p.Call(function, operands, shape, batch):
                return self._call(function, [self.found[m] for m in operands], [whole(n) for n in shape], batch)
            case p.Window():
                return self._window(node)
            case p.Stop(m):
                return self.found[m].stopped()
        raise TypeError(node)

    def _einsum(
        self, arrays: list[Series], labels: Sequence[Sequence[int]], out: Sequence[int], sizes: list[int]
    ) -> Series:
        used = sorted({x for row in labels for x in row} | set(out))
        letter = {x: chr(ord("a") + k) for k, x in enumerate(used)}
        rows = ["".join(letter[x] for x in row) for row in labels]
        carried = set("".join(rows))
        once = list(dict.fromkeys(out))
        for x in once:
            if letter[x] not in carried:
                rows.append(letter[x])
                arrays = [*arrays, self.algebra.plain(np.ones(sizes[x]))]
        if not arrays:
            return self.algebra.plain(1.0)
        result = einsum(rows, arrays, "".join(letter[x] for x in once))
        if len(once) == len(out):
            return result
        # a label that stands twice puts the value on a diagonal
        shape = [sizes[x] for x in out]
        c = np.zeros((*shape, *result.c.shape[-2:]), dtype=self.algebra.dtype)
        for at in np.ndindex(*result.shape):
            place = dict(zip(once, at, strict=True))
            c[tuple(place[x] for x in out)] = result.c[at]
        return Series(self.algebra, c)

    def _apply(self, name: str, z: Series) -> Series:
        if name in self.activations:
            declared = self.activations[name]
            if isinstance(declared, Slope):
                by = {e: float(c) for c, e in declared.terms}
                return self.chosen.solution_value(name, [by.get(k, 0.0) for k in range(max(by) + 1)], z)
            if declared is not None:
                return self.chosen.homogeneous_value(name, declared, z)
            return self.chosen.free_value(name, z)
        if name in SMOOTH:
            return smooth(name, z)
        pi = np.pi
        match name:
            case "relu":
                return sides(z, lambda x: x, lambda x: x * 0)
            case "elu":
                return sides(z, lambda x: x, lambda x: smooth("exp", x) - 1)
            case "normal_cdf":
                return normal_cdf(z)
            case "normal_pdf":
                return smooth("exp", z * z * -0.5) * (1 / np.sqrt(2 * pi))
            case "erf_slope":
                return smooth("exp", -(z * z)) * (2 / np.sqrt(pi))
        raise NotImplementedError(name)

    def _call(self, name: str, arguments: list[Series], shape: list[int], batch: int) -> Series:
        heads = list(np.ndindex(*shape[:batch]))
        rest = shape[batch:]
        parts = []
        for head in heads:
            own = [x[head] for x in arguments]
            if name == "prod":
                parts.append(product(own[0]))
            elif name == "det":
                parts.append(determinant(own[0]))
            else:
                parts.append(self.chosen.function_value(name, own, rest))
        if not parts:
            return self.algebra.plain(np.zeros(shape))
        return stacked(parts).reshape(shape)

    def _window(self, node: p.Window) -> Series:
        x = self.found[node.operand]
        lengths = [whole(n) for n in node.lengths]
        steps, start, size = [whole(n) for n in node.steps], whole(node.start), whole(node.size)
        places = np.array(
            [start + sum(t * j for t, j in zip(steps, js, strict=True)) for js in itertools.product(*map(range, lengths))],
            dtype=int,
        )  # fmt: skip
        before = x.shape[: node.axis]
        if not node.transposed:
            after = x.shape[node.axis + 1 :]
            c = np.take(x.c, places, axis=node.axis)
            return Series(self.algebra, c.reshape(*before, *lengths, *after, *x.c.shape[-2:]))
        after = x.shape[node.axis + len(lengths) :]
        flat = x.c.reshape(*before, len(places), *after, *x.c.shape[-2:])
        c = np.zeros((*before, size, *after, *x.c.shape[-2:]), dtype=self.algebra.dtype)
        np.add.at(np.moveaxis(c, node.axis, 0), places, np.moveaxis(flat, node.axis, 0))
        return Series(self.algebra, c)


def _operands(node: p.Node) -> tuple[int, ...]:
    match node:
        case p.Einsum(operands) | p.Call(_, operands):
            return operands
        case p.Sum(terms):
            return tuple(n for _, n in terms)
        case p.Apply(_, operand) | p.Stop(operand) | p.Window(operand):
            return (operand,)
    return ()


class Moment:
    """A model at one point: outputs, laws, and the fields of its flow, over the coordinates of its state."""

    def __init__(
        self,
        program: p.Program,
        outputs: Sequence[int],
        flow: Flow,
        leaves: Mapping[str, Series],
        chosen: Chosen,
        algebra: Algebra,
    ) -> None:
        self.algebra = algebra
        self.run = Evaluation(program, leaves, chosen, algebra)
        self.nodes = outputs
        self.flow = flow
        self.state = {name: leaf for name, leaf in leaves_of(program).items() if leaf.role in STATE}
        self.places: dict[str, list[int]] = {}
        first = 0
        for name, leaf in self.state.items():
            size = int(np.prod(leaf.shape))
            self.places[name] = list(range(first, first + size))
            first += size
        self.total = first

    def outputs(self) -> Series:
        return stacked([self.run.flat(n) for n in self.nodes], 0, join=True)

    def laws(self, nodes: Sequence[int]) -> Series:
        return stacked([self.run.flat(n) for n in nodes], 0, join=True)

    def parameters(self) -> list[int]:
        """The coordinates in which gradients are taken, part by part."""
        return [k for part in self._parts(1) for k in self.places[part.gradient or ""]]

    def moved(self) -> list[int]:
        """The coordinates that these gradients move."""
        return [k for part in self._parts(1) for k in self.places[part.target]]

    def _parts(self, degree: int) -> Sequence[Any]:
        return [part for field in self.flow.fields if field.degree == degree for part in field.parts]

    def fields(self) -> tuple[Series, Series | None]:
        """What multiplies minus the gradients, and the drift."""
        factors = [
            self.algebra.plain(np.ones(len(self.places[part.target])))
            if part.factor is None
            else self.run.flat(part.factor)
            for part in self._parts(1)
        ]
        control = stacked(factors, 0, join=True) if factors else self.algebra.plain(np.zeros(0))
        drift = {part.target: self.run.flat(part.factor) for part in self._parts(0)}
        if not drift:
            return control, None
        parts = [drift.get(name, self.algebra.plain(np.zeros(len(k)))) for name, k in self.places.items()]
        return control, stacked(parts, 0, join=True)

    def residues(self, laws: Sequence[int]) -> Residues:
        """As of a file: along the drift in the first column, then by every entry of the outputs."""
        with np.errstate(all="ignore"):
            h, g = self.laws(laws), self.outputs()
            control, drift = self.fields()
            slopes = h.slopes[:, self.moved()] * control.value
            jacobian = g.slopes[:, self.parameters()]
            values, scales = slopes @ jacobian.T, np.abs(slopes) @ np.abs(jacobian).T
            along, size = np.zeros((len(values), 1)), np.zeros((len(values), 1))
            if drift is not None:
                along, size = (h.slopes @ drift.value)[:, None], (np.abs(h.slopes) @ np.abs(drift.value))[:, None]
            values, scales = np.hstack([along, values]), np.hstack([size, scales])
            values[~np.isfinite(h.value)] = np.nan
            if not np.all(np.isfinite(g.value)):
                values[:, 1:] = np.nan
            return Residues(values, scales)


def moment(
    program: p.Program,
    outputs: Sequence[int],
    flow: Flow,
    point: Mapping[str, Numbers],
    chosen: Chosen,
    dtype: Any = np.float64,
) -> Moment:
    """A model at a point of its leaves."""
    state = {name: leaf for name, leaf in leaves_of(program).items() if leaf.role in STATE}
    algebra = Algebra(0, sum(int(np.prod(leaf.shape)) for leaf in state.values()), dtype)
    leaves: dict[str, Series] = {}
    first = 0
    for name, leaf in state.items():
        leaves[name] = algebra.variable(point[name], first)
        first += int(np.prod(leaf.shape))
    leaves |= {name: algebra.plain(x) for name, x in point.items() if name not in state}
    return Moment(program, outputs, flow, leaves, chosen, algebra)


class ProgramFields(Fields):
    """The fields of a statement's model at one state."""

    def __init__(
        self, program: p.Program, outputs: Sequence[int], flow: Flow, point: Mapping[str, Numbers], chosen: Chosen
    ) -> None:
        leaves = leaves_of(program)
        state = {name: leaf for name, leaf in leaves.items() if leaf.role in STATE}
        inputs = {name: leaf for name, leaf in leaves.items() if leaf.role == "input"}
        super().__init__(state, inputs, {k: point[k] for k, leaf in leaves.items() if leaf.role == "const"}, point)
        self.program, self.outputs, self.flow, self.chosen = program, outputs, flow, chosen

    def moment(self, leaves: Mapping[str, Series], algebra: Algebra) -> Moment:
        return Moment(self.program, self.outputs, self.flow, leaves, self.chosen, algebra)

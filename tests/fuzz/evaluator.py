"""A second meaning of `.claw` files, in floating point: it shares the parser with claws and nothing else.

Written from grammar/LANGUAGE.md. A file at fixed sizes is evaluated on arrays of power series (`series.py`), which gives its
values with all derivatives at once: of laws, outputs, and what the flow is made of.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from claws.syntax import nodes
from claws.syntax.parser import parse_source
from tests.fuzz.opened import Chosen, NoValue
from tests.fuzz.series import (
    SMOOTH,
    Algebra,
    Series,
    determinant,
    einsum,
    normal_cdf,
    pair,
    power,
    product,
    sides,
    smooth,
    stacked,
)

TIME = "t"


@dataclass(frozen=True)
class Leaf:
    role: str
    shape: tuple[int, ...]
    domain: str


def velocity_of(parameter: str) -> str:
    return f"vel({parameter})"


def read(text: str) -> nodes.File:
    """The tree of a text without errors."""
    file, errors = parse_source(text)
    if errors:
        raise ValueError(str(errors[0]))
    return file


@dataclass
class Motion:
    """What a `flow` statement says; by parameter or, under None, for all parameters that are not named."""

    friction: nodes.Expression | None = None
    decay: dict[str | None, nodes.Expression] = field(default_factory=dict)
    rate: dict[str | None, nodes.Expression] = field(default_factory=dict)


class Source:
    """A file with what it declares, at fixed sizes; blocks are files of their own."""

    def __init__(self, file: nodes.File, sizes: Mapping[str, int], folder: Path | None = None) -> None:
        self.file = file
        self.sizes = dict(sizes)
        self.lets: dict[str, nodes.Expression] = {}
        self.laws: dict[str, nodes.Expression] = {}
        self.outputs: tuple[nodes.Expression, ...] = ()
        self.activations: dict[str, nodes.Expression | nodes.Derivative | None] = {}
        self.functions: dict[str, tuple[nodes.Expression, ...] | None] = {}
        self.preconditions: dict[str, nodes.Expression] = {}
        self.motion = Motion()
        self.timed = False
        self.blocks: dict[str, Source] = {}
        own: dict[str, Leaf] = {}
        for s in file.statements:
            if isinstance(s, nodes.Dim):
                for name, size in s.entries:
                    if size is not None:
                        self.sizes.setdefault(name.name, int(number(size, self.sizes)))
        for s in file.statements:
            match s:
                case nodes.Let(name, value):
                    self.lets[name.name] = value
                case nodes.Law(name, value):
                    self.laws[name.name] = value
                case nodes.Map(outputs):
                    self.outputs = outputs
                case nodes.Activation(entries):
                    self.activations |= {name.name: x for name, x in entries}
                case nodes.Function(shapes):
                    self.functions |= {name.name: x for name, x in shapes}
                case nodes.Precondition(factors):
                    self.preconditions |= {name.name: x for name, x in factors}
                case nodes.Flow(parts):
                    self._flow(parts)
                case nodes.Declare(role, groups):
                    for group in groups:
                        shape = tuple(int(number(x, self.sizes)) for x in group.shape or ())
                        domain = group.domain.name if group.domain else "real"
                        own |= {name.name: Leaf(role, shape, domain) for name in group.names}
                case nodes.Import(path, name, settings):
                    assert folder is not None
                    inner = read((folder / path.value).read_text())
                    given = {k.name: int(number(x, self.sizes)) for k, x in settings}
                    fixed = {
                        k.name: number(x, {})
                        for d in inner.statements
                        if isinstance(d, nodes.Dim)
                        for k, x in d.entries
                        if x is not None
                    }
                    shared = {k: n for k, n in self.sizes.items() if k not in fixed}
                    self.blocks[name.name] = Source(inner, shared | given, folder)
        self.leaves = own
        for alias, block in self.blocks.items():
            for inner_name, leaf in block.leaves.items():
                if leaf.role in ("param", "const"):
                    self.leaves[f"{alias}.{inner_name}"] = leaf
        if (
            self.motion.friction is not None
            or self.motion.decay
            or any("t" in self._mentioned(e) for e in self.motion.rate.values())
        ):
            self.timed = True

    def _mentioned(self, e: nodes.Expression) -> set[str]:
        found: set[str] = set()
        todo = [e]
        while todo:
            for name in nodes.names_in(todo.pop()):
                if name not in found:
                    found.add(name)
                    if name in self.lets:
                        todo.append(self.lets[name])
        return found

    def _flow(self, parts: Sequence[nodes.Dynamic]) -> None:
        for part in parts:
            word = part.kind.name
            if word == "momentum":
                (self.motion.friction,) = part.arguments
            elif word in ("decay", "rate"):
                table = self.motion.decay if word == "decay" else self.motion.rate
                value, *owners = part.arguments
                names: list[str | None] = [e.name for e in owners if isinstance(e, nodes.Name)]
                table.update(dict.fromkeys(names or [None], value))

    def factor(self, parameter: str) -> tuple[Source, str, str] | None:
        """The file that has the preconditioner of a parameter, the parameter's name in it, and the prefix of its names here."""
        if parameter in self.preconditions:
            return self, parameter, ""
        head, dot, rest = parameter.partition(".")
        if dot and head in self.blocks:
            found = self.blocks[head].factor(rest)
            return None if found is None else (found[0], found[1], f"{head}.{found[2]}")
        return None

    def state(self) -> dict[str, Leaf]:
        """The leaves that training moves: parameters, velocities, the time."""
        params = {name: leaf for name, leaf in self.leaves.items() if leaf.role == "param"}
        found = dict(params)
        if self.motion.friction is not None:
            found |= {velocity_of(name): Leaf("velocity", leaf.shape, "real") for name, leaf in params.items()}
        if self.timed:
            found[TIME] = Leaf("time", (), "nonnegative")
        return found


def number(e: nodes.Expression, names: Mapping[str, int | Fraction]) -> Fraction:
    """A number that is known at once."""
    match e:
        case nodes.Number(value):
            return value
        case nodes.Negative(operand):
            return -number(operand, names)
        case nodes.Name(name):
            return Fraction(names[name])
        case nodes.Binary(operator, left, right):
            a, b = number(left, names), number(right, names)
            match operator:
                case "+":
                    return a + b
                case "-":
                    return a - b
                case "*":
                    return a * b
                case "/":
                    return a / b
                case "^":
                    return a ** int(b)
    raise NotImplementedError(type(e).__name__)


class Run:
    """A file at one point: values of its expressions as power series."""

    def __init__(
        self, source: Source, values: Mapping[str, Series], chosen: Chosen, algebra: Algebra, prefix: str = ""
    ):
        self.source = source
        self.values = dict(values)
        self.chosen = chosen
        self.algebra = algebra
        self.prefix = prefix
        """What the names of leaves and functions of this file start with in the whole."""
        self.loops: dict[str, int] = {}

    # --- expressions ---

    def value(self, e: nodes.Expression) -> Series:
        match e:
            case nodes.Number(value):
                return self._number(value)
            case nodes.Name(name):
                return self._name(name)
            case nodes.Negative(operand):
                return -self.value(operand)
            case nodes.Binary("^", left, right):
                exponent = self._constant(right)
                return power(self.value(left), exponent)
            case nodes.Binary("@", left, right):
                return self._matmul(self.value(left), self.value(right))
            case nodes.Binary(operator, left, right):
                a, b = self.value(left), self.value(right)
                match operator:
                    case "+":
                        return a + b
                    case "-":
                        return a - b
                    case "*":
                        return a * b
                    case "/":
                        return a / b
            case nodes.Transpose(operand):
                return self.value(operand).transposed()
            case nodes.Index(base, items):
                a = self.value(base)
                return a[tuple(self._item(x, n) for x, n in zip(items, a.shape, strict=False))]
            case nodes.Array(items):
                return self._alike([self.value(x) for x in items])
            case nodes.ArrayComprehension(body, loops):
                return self._nested(body, loops)
            case nodes.Call(function, arguments, keywords):
                return self._call(function.name, arguments, {k.name: x for k, x in keywords})
        raise NotImplementedError(type(e).__name__)

    def _number(self, x: Fraction | int) -> Series:
        x = Fraction(x)
        return self.algebra.plain(self.algebra.dtype(x.numerator) / self.algebra.dtype(x.denominator))

    def _name(self, name: str) -> Series:
        if name in self.loops:
            return self._number(self.loops[name])
        if name in self.values:
            return self.values[name]
        if name in self.source.sizes:
            return self._number(self.source.sizes[name])
        loops, self.loops = self.loops, {}
        try:
            if name in self.source.lets:
                found = self.value(self.source.lets[name])
            elif name in self.source.laws:
                found = self.value(self.source.laws[name])
            else:
                block, _, inner = name.partition(".")
                found = self._inside(block, {})._name(inner)
        finally:
            self.loops = loops
        self.values[name] = found
        return found

    def _inside(self, name: str, inputs: Mapping[str, Series]) -> Run:
        """A run of a block, with these values for its inputs."""
        own = {k.removeprefix(f"{name}."): x for k, x in self.values.items() if k.startswith(f"{name}.")}
        source = self.source.blocks[name]
        own = {k: x for k, x in own.items() if k in source.leaves}
        return Run(source, own | dict(inputs), self.chosen, self.algebra, f"{self.prefix}{name}.")

    def _names(self) -> dict[str, int | Fraction]:
        return {**self.source.sizes, **self.loops}

    def _constant(self, e: nodes.Expression) -> Fraction:
        return number(e, self._names())

    def _whole(self, e: nodes.Expression) -> int:
        x = self._constant(e)
        assert x.denominator == 1
        return int(x)

    def _item(self, x: nodes.Expression | nodes.Slice, size: int) -> Any:
        if isinstance(x, nodes.Slice):
            return slice(*(None if part is None else self._whole(part) for part in (x.start, x.stop, x.step)))
        k = self._whole(x)
        if k < 0 and not isinstance(x, nodes.Negative):
            raise IndexError("an index before the start")
        return k

    def _alike(self, items: Sequence[Series]) -> Series:
        shape = np.broadcast_shapes(*(x.shape for x in items))
        return stacked([x.broadcast(shape) for x in items])

    def _ranges(self, loops: Sequence[nodes.Loop]) -> Iterator[None]:
        """Gives the variables each of their values, the last one running fastest."""
        if not loops:
            yield
            return
        outer = self.loops
        first = loops[0]
        for k in range(self._whole(first.low), self._whole(first.high) + 1):
            self.loops = outer | {first.variable.name: k}
            yield from self._ranges(loops[1:])
        self.loops = outer

    def _nested(self, body: nodes.Expression, loops: Sequence[nodes.Loop]) -> Series:
        if not loops:
            return self.value(body)
        items = []
        for _ in self._ranges(loops[:1]):
            items.append(self._nested(body, loops[1:]))
        if not items:
            raise NoValue("an empty array")
        return stacked(items)

    def _matmul(self, a: Series, b: Series) -> Series:
        ra, rb = len(a.shape), len(b.shape)
        if ra == 1 and rb == 1:
            return pair(a, "i", b, "i", "")
        if rb == 1:
            head = "abcdefg"[: ra - 1]
            return pair(a, head + "i", b, "i", head)
        if ra == 1:
            head = "abcdefg"[: rb - 2]
            return pair(a, "i", b, head + "ij", head + "j")
        rank = max(ra, rb) - 2
        shape = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        head = "abcdefg"[:rank]
        a, b = a.broadcast((*shape, *a.shape[-2:])), b.broadcast((*shape, *b.shape[-2:]))
        return pair(a, head + "ij", b, head + "jk", head + "ik")

    # --- calls ---

    def _call(self, name: str, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:
        if name in self.source.blocks:
            block = self.source.blocks[name]
            inputs = [k for k, leaf in block.leaves.items() if leaf.role == "input"]
            given = dict(zip(inputs, (self.value(x) for x in arguments), strict=False))
            given |= {k: self.value(x) for k, x in keywords.items()}
            run = self._inside(name, given)
            (output,) = block.outputs
            return run.value(output)
        if name in self.source.activations:
            return self.activation(name, self.value(arguments[0]))
        if name in self.source.functions:
            return self._opaque(name, [self.value(x) for x in arguments])
        if name in ("sum", "prod") and isinstance(arguments[0], nodes.Generator):
            generator = arguments[0]
            total = self._number(int(name == "prod"))
            for _ in self._ranges(generator.loops):
                x = self.value(generator.body)
                total = total + x if name == "sum" else total * x
            return total
        special = getattr(self, f"_do_{name}", None)
        if special is not None:
            return special(arguments, keywords)
        assert not keywords, name
        values = [self.value(x) for x in arguments]
        if name in SMOOTH:
            return smooth(name, values[0])
        return ARRAYS[name](self, *values)

    def _do_vel(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:
        (parameter,) = arguments
        assert isinstance(parameter, nodes.Name)
        return self.values[velocity_of(parameter.name)]

    def _do_einsum(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:
        spec, *others = arguments
        assert isinstance(spec, nodes.Text)
        left, arrow, out = spec.value.replace(" ", "").partition("->")
        if not arrow:
            out = "".join(sorted(c for c in set(left) - {","} if left.count(c) == 1))
        return einsum(left.split(","), [self.value(x) for x in others], out)

    def _shape(self, arguments: Sequence[nodes.Expression]) -> list[int]:
        if len(arguments) == 1 and isinstance(arguments[0], nodes.Array):
            arguments = arguments[0].items
        return [self._whole(x) for x in arguments]

    def _do_I(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:  # noqa: N802
        return self.algebra.plain(np.eye(self._shape(arguments)[0]))

    def _do_ones(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:
        return self.algebra.plain(np.ones(self._shape(arguments)))

    def _do_zeros(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:
        return self.algebra.plain(np.zeros(self._shape(arguments)))

    def _diagonal(self, keywords: dict[str, nodes.Expression]) -> int:
        return self._whole(keywords["k"]) if "k" in keywords else 0

    def _do_tri(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:
        shape = self._shape(arguments)
        return self.algebra.plain(np.tri(shape[0], shape[-1], k=self._diagonal(keywords)))

    def _do_tril(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:
        a = self.value(arguments[0])
        return a * np.tril(np.ones(a.shape[-2:]), k=self._diagonal(keywords))

    def _do_triu(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:
        a = self.value(arguments[0])
        return a * np.triu(np.ones(a.shape[-2:]), k=self._diagonal(keywords))

    def _axis(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> int | None:
        e = arguments[1] if len(arguments) > 1 else keywords.get("axis")
        return None if e is None else self._whole(e)

    def _do_sum(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:
        return self.value(arguments[0]).total(self._axis(arguments, keywords))

    def _do_prod(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:
        a, axis = self.value(arguments[0]), self._axis(arguments, keywords)
        if axis is None:
            return product(a.reshape([int(np.prod(a.shape))]))
        order = [axis % len(a.shape), *(k for k in range(len(a.shape)) if k != axis % len(a.shape))]
        return product(a.transposed(order))

    def _do_concat(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:
        if len(arguments) == 1 and isinstance(arguments[0], nodes.Array):
            arguments = arguments[0].items
        axis = self._whole(keywords["axis"]) if "axis" in keywords else 0
        return stacked([self.value(x) for x in arguments], axis, join=True)

    def _do_reshape(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:
        return self.value(arguments[0]).reshape(self._shape(arguments[1:]))

    def _do_leaky_relu(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:
        e = arguments[1] if len(arguments) > 1 else keywords.get("slope")
        slope = self._number(Fraction(1, 100)) if e is None else self.value(e)
        return sides(self.value(arguments[0]), lambda z: z, lambda z: z * slope)

    def _do_softmax(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:
        weights = smooth("exp", self.value(arguments[0]))
        if "mask" in keywords:
            weights = weights * self.value(keywords["mask"])
        return weights / weights.total(-1)[..., None, :, :]

    def _convolution(self, rank: int, arguments: Sequence[nodes.Expression], keywords: dict[str, Any]) -> Series:
        x, w = (self.value(e) for e in arguments[:2])
        bias = arguments[2] if len(arguments) > 2 else keywords.get("bias")

        def each(key: str, default: int) -> list[int]:
            e = keywords.get(key)
            if e is None:
                return [default] * rank
            return [self._whole(y) for y in e.items] if isinstance(e, nodes.Array) else [self._whole(e)] * rank

        stride, padding, dilation = each("stride", 1), each("padding", 0), each("dilation", 1)
        groups = self._whole(keywords["groups"]) if "groups" in keywords else 1
        plain = len(w.shape) == rank
        if plain:
            w = w[None, None]
            x = x[(..., None, *(slice(None),) * (rank + 2))] if len(x.shape) > rank else x[None]
        lead = x.shape[: len(x.shape) - rank - 1]
        channels, spots = x.shape[len(lead)], list(x.shape[len(lead) + 1 :])
        width = [(0, 0)] * (len(lead) + 1) + [(p, p) for p in padding] + [(0, 0), (0, 0)]
        padded = Series(self.algebra, np.pad(x.c, width))
        spots = [n + 2 * p for n, p in zip(spots, padding, strict=True)]
        taps = w.shape[2:]
        counts = [(n - d * (k - 1) - 1) // s + 1 for n, d, k, s in zip(spots, dilation, taps, stride, strict=True)]
        per = channels // groups
        assert per == w.shape[1]
        outs = []
        share = w.shape[0] // groups
        for o in range(w.shape[0]):
            first = o // share * per
            total: Any = self.algebra.plain(np.zeros((*lead, *counts)))
            for c in range(per):
                for tap in np.ndindex(*taps):
                    window = tuple(
                        slice(d * j, d * j + s * (n - 1) + 1, s)
                        for d, j, s, n in zip(dilation, tap, stride, counts, strict=True)
                    )
                    total = total + padded[(*(slice(None),) * len(lead), first + c, *window)] * w[(o, c, *tap)]
            if bias is not None:
                total = total + self.value(bias)[o]
            outs.append(total)
        result = stacked(outs)
        # channels go behind the batch axes
        order = [*range(1, len(lead) + 1), 0, *range(len(lead) + 1, len(result.shape))]
        result = result.transposed(order)
        return result[(*(slice(None),) * len(lead), 0)] if plain else result

    def _do_conv1d(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:
        return self._convolution(1, arguments, keywords)

    def _do_conv2d(self, arguments: Sequence[nodes.Expression], keywords: dict[str, nodes.Expression]) -> Series:
        return self._convolution(2, arguments, keywords)

    # --- what the file leaves open ---

    def activation(self, name: str, z: Series) -> Series:
        declared = self.source.activations[name]
        whole = self.prefix + name
        if isinstance(declared, nodes.Derivative):
            return self.chosen.solution_value(whole, polynomial_of(declared), z)
        if declared is not None:
            return self.chosen.homogeneous_value(whole, number(declared, {}), z)
        return self.chosen.free_value(whole, z)

    def _opaque(self, name: str, arguments: Sequence[Series]) -> Series:
        declared = self.source.functions[name]
        shape = arguments[0].shape if declared is None else tuple(self._whole(x) for x in declared)
        return self.chosen.function_value(self.prefix + name, arguments, shape)


def polynomial_of(declared: nodes.Derivative) -> list[float]:
    """The right-hand side of `s' = ...` by its coefficients, that of 1 first."""

    def expand(e: nodes.Expression) -> np.ndarray[Any, Any]:
        match e:
            case nodes.Name():
                return np.array([0.0, 1.0])
            case nodes.Negative(operand):
                return -expand(operand)
            case nodes.Number(value):
                return np.array([float(value)])
            case nodes.Binary("^", left, right):
                total = np.array([1.0])
                for _ in range(int(number(right, {}))):
                    total = np.convolve(total, expand(left))
                return total
            case nodes.Binary(operator, left, right):
                a, b = expand(left), expand(right)
                if operator == "*":
                    return np.convolve(a, b)
                if operator == "/":
                    return a / b[0]
                size = max(len(a), len(b))
                a, b = np.pad(a, (0, size - len(a))), np.pad(b, (0, size - len(b)))
                return a + b if operator == "+" else a - b
        raise NotImplementedError(type(e).__name__)

    return [float(x) for x in expand(declared.value)]


def _mean(a: Series) -> Series:
    return a.total(-1) * (a.algebra.dtype(1) / a.shape[-1])


def _normed(a: Series) -> Series:
    return a * power(_mean(a * a), Fraction(-1, 2))[..., None, :, :]


def _dot(run: Run, a: Series, b: Series) -> Series:
    return a * b if not a.shape or not b.shape else run._matmul(a, b)


def _diag(run: Run, a: Series) -> Series:
    n = a.shape[0]
    if len(a.shape) == 2:
        return a[range(n), range(n)]
    return a[:, None] * np.eye(n)


def _kron(run: Run, a: Series, b: Series) -> Series:
    if len(a.shape) == 1:
        return pair(a, "a", b, "b", "ab").reshape([a.shape[0] * b.shape[0]])
    shape = [a.shape[k] * b.shape[k] for k in range(2)]
    return pair(a, "ab", b, "cd", "acbd").reshape(shape)


ARRAYS: dict[str, Callable[..., Series]] = {
    "trace": lambda run, a: _diag(run, a).total(),
    "diag": _diag,
    "sqnorm": lambda run, a: (a * a).total(),
    "dot": _dot,
    "outer": lambda run, a, b: pair(a, "a", b, "b", "ab"),
    "kron": _kron,
    "det": lambda run, a: determinant(a),
    "sqrt": lambda run, a: power(a, Fraction(1, 2)),
    "relu": lambda run, a: sides(a, lambda z: z, lambda z: z * 0),
    "elu": lambda run, a: sides(a, lambda z: z, lambda z: smooth("exp", z) - 1),
    "abs": lambda run, a: sides(a, lambda z: z, lambda z: -z),
    "silu": lambda run, a: a * smooth("sigmoid", a),
    "gelu": lambda run, a: a * normal_cdf(a),
    "stop": lambda run, a: a.stopped(),
    "layernorm": lambda run, a: _normed(a - _mean(a)[..., None, :, :]),
    "rmsnorm": lambda run, a: _normed(a),
}
"""Functions of arrays without keywords."""

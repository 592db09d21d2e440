"""An interpreter of `.claw` files that shares nothing with claws but the parser: NumPy arrays of objects, moved by NumPy.

Entries are whatever can be added, multiplied and divided: elements of SymPy's polynomial rings, or
`Dual` numbers (a value and all its partial derivatives) over exact fractions or mpmath's floating-point numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import sympy

from claws.syntax import nodes
from claws.syntax.parser import parse_source

Array = Any
"""A NumPy array of objects."""

CONTEXT = mpmath.mp.clone()
CONTEXT.dps = 40


class NoValue(Exception):
    """An expression has no value at this point, or none that can be computed: try another one."""


# --- numbers with derivatives ------------------------------------------------------------------------------------------


class Dual:
    """A number with its partial derivatives by variable number."""

    __slots__ = ("slopes", "value")

    def __init__(self, value: Any, slopes: dict[int, Any] | None = None) -> None:
        self.value = value
        self.slopes = slopes or {}

    def __add__(self, other: Any) -> Dual:
        if not isinstance(other, Dual):
            return Dual(self.value + other, self.slopes)
        slopes = dict(self.slopes)
        for k, y in other.slopes.items():
            slopes[k] = slopes[k] + y if k in slopes else y
        return Dual(self.value + other.value, slopes)

    def __mul__(self, other: Any) -> Dual:
        if not isinstance(other, Dual):
            return Dual(self.value * other, {k: y * other for k, y in self.slopes.items()})
        slopes = {k: y * other.value for k, y in self.slopes.items()}
        for k, y in other.slopes.items():
            slopes[k] = slopes[k] + self.value * y if k in slopes else self.value * y
        return Dual(self.value * other.value, slopes)

    __radd__ = __add__
    __rmul__ = __mul__

    def __neg__(self) -> Dual:
        return self * -1

    def __sub__(self, other: Any) -> Dual:
        return self + (-other)

    def __rsub__(self, other: Any) -> Dual:
        return -self + other

    def through(self, value: Any, slope: Any) -> Dual:
        """f of this, given f(value) and f'(value)."""
        return Dual(value, {k: y * slope for k, y in self.slopes.items()})

    def __pow__(self, k: int) -> Dual:
        if k == 0:
            return Dual(self.value * 0 + 1)
        if k < 0 and self.value == 0:
            raise NoValue("a division by zero")
        return self.through(self.value**k, k * self.value ** (k - 1))

    def __truediv__(self, other: Any) -> Dual:
        return self * other**-1

    def __rtruediv__(self, other: Any) -> Dual:
        return self**-1 * other


# --- elementwise functions -----------------------------------------------------------------------------------------------

_z = sympy.Symbol("z")
_FORMULAS = {
    "exp": sympy.exp(_z),
    "log": sympy.log(_z),
    "sin": sympy.sin(_z),
    "cos": sympy.cos(_z),
    "tanh": sympy.tanh(_z),
    "erf": sympy.erf(_z),
    "sigmoid": 1 / (1 + sympy.exp(-_z)),
    "softplus": sympy.log(1 + sympy.exp(_z)),
    "sqrt": sympy.sqrt(_z),
    "silu": _z / (1 + sympy.exp(-_z)),
    "gelu": _z * (1 + sympy.erf(_z / sympy.sqrt(2))) / 2,
}
_MODULES = [{name: getattr(CONTEXT, name) for name in ("exp", "log", "sin", "cos", "tanh", "erf", "sqrt", "pi")}]
SMOOTH = {
    name: tuple(sympy.lambdify(_z, e, _MODULES) for e in (formula, sympy.diff(formula, _z)))
    for name, formula in _FORMULAS.items()
}
"""Each smooth function and SymPy's derivative of it, on mpmath's numbers."""


def read(text: str) -> nodes.File:
    """The tree of a file without errors: all that is claws's own here."""
    file, errors = parse_source(text)
    assert not errors, errors
    return file


@dataclass
class Numbers:
    """The numbers that a file is evaluated on."""

    number: Callable[[Fraction], Any]
    function: Callable[[str, Any], Any]
    """f(x) for an elementwise function; may raise `NoValue`."""


PLAIN = Numbers(lambda x: x, lambda name, x: x)
"""For what mentions no leaf: sizes and degrees."""


# --- the interpreter -----------------------------------------------------------------------------------------------------


def wrap(x: Any) -> Array:
    """Anything as an array of objects; a scalar has no axes."""
    if isinstance(x, np.ndarray):
        return x if x.dtype == object else x.astype(object)
    array = np.empty((), dtype=object)
    array[()] = x
    return array


def einsum(spec: str, operands: list[Array]) -> Array:
    left, arrow, out = spec.replace(" ", "").partition("->")
    rows = left.split(",")
    if not arrow:
        out = "".join(sorted(x for x in set(left) - {","} if left.count(x) == 1))
    sizes = {x: n for row, a in zip(rows, operands, strict=True) for x, n in zip(row, a.shape, strict=True)}
    inner = [x for x in sizes if x not in out]
    result = np.empty([sizes[x] for x in out], dtype=object)
    for at in np.ndindex(*result.shape):
        total: Any = 0
        for k in itertools.product(*(range(sizes[x]) for x in inner)):
            place = dict(zip(out, at, strict=True)) | dict(zip(inner, k, strict=True))
            term: Any = 1
            for row, a in zip(rows, operands, strict=True):
                term = a[tuple(place[x] for x in row)] * term
            total = term + total
        result[at] = total
    return result


class Interpreter:
    """A file at fixed sizes, with a value for every entry of every leaf."""

    def __init__(
        self, file: nodes.File, sizes: Mapping[str, int], leaves: Mapping[str, Array], numbers: Numbers
    ) -> None:
        self.file = file
        self.numbers = numbers
        self.names: dict[str, Array | int] = {**sizes, **leaves}
        self.variables: dict[str, int] = {}
        """The values of loop variables here."""
        self.lets = {s.name.name: s.value for s in file.statements if isinstance(s, nodes.Let)}

    def value(self, e: nodes.Expression) -> Array:
        return wrap(self._value(e))

    def _value(self, e: nodes.Expression) -> Any:
        match e:
            case nodes.Number(value):
                return self.numbers.number(value)
            case nodes.Name(name):
                if name in self.lets and name not in self.names:
                    variables, self.variables = self.variables, {}
                    self.names[name] = self.value(self.lets[name])
                    self.variables = variables
                found = self.variables[name] if name in self.variables else self.names[name]
                return self.numbers.number(Fraction(found)) if isinstance(found, int) else found
            case nodes.Negative(operand):
                return -self.value(operand)
            case nodes.Binary("^", left, right):
                return self._power(self.value(left), self.constant(right))
            case nodes.Binary(operator, left, right):
                a, b = self.value(left), self.value(right)
                if operator == "+":
                    return a + b
                if operator == "-":
                    return a - b
                if operator == "*":
                    return a * b
                if operator == "@":
                    return a @ b
                return a * self._power(b, Fraction(-1))
            case nodes.Transpose(operand):
                return self.value(operand).T
            case nodes.Index(base, items):
                return self.value(base)[tuple(self._item(x) for x in items)]
            case nodes.Array(items):
                return np.stack(np.broadcast_arrays(*(self.value(x) for x in items)))
            case nodes.ArrayComprehension(body, loops):
                return self._stacked(body, loops)
            case nodes.Call(function, arguments, keywords):
                return self._call(function.name, arguments, {k.name: x for k, x in keywords})
        raise NotImplementedError(type(e).__name__)

    def constant(self, e: nodes.Expression) -> Fraction:
        """A number that needs no leaf."""
        match e:
            case nodes.Number(value):
                return value
            case nodes.Negative(operand):
                return -self.constant(operand)
            case nodes.Name(name):
                found = self.variables[name] if name in self.variables else self.names[name]
                assert isinstance(found, int)
                return Fraction(found)
            case nodes.Binary(operator, left, right):
                a, b = self.constant(left), self.constant(right)
                return a / b if operator == "/" else {"+": a + b, "-": a - b, "*": a * b}[operator]
        raise NotImplementedError(type(e).__name__)

    def _whole(self, e: nodes.Expression | None) -> int | None:
        return None if e is None else int(self.constant(e))

    def _item(self, x: nodes.Expression | nodes.Slice) -> int | slice:
        if isinstance(x, nodes.Slice):
            return slice(self._whole(x.start), self._whole(x.stop), self._whole(x.step))
        return int(self.constant(x))

    def _range(self, loop: nodes.Loop) -> Iterator[None]:
        """Gives the variable each of its values."""
        outer = self.variables
        for k in range(int(self.constant(loop.low)), int(self.constant(loop.high)) + 1):
            self.variables = outer | {loop.variable.name: k}
            yield
        self.variables = outer

    def _each(self, loops: tuple[nodes.Loop, ...], body: nodes.Expression) -> Iterator[Array]:
        if not loops:
            yield self.value(body)
            return
        for _ in self._range(loops[0]):
            yield from self._each(loops[1:], body)

    def _stacked(self, body: nodes.Expression, loops: tuple[nodes.Loop, ...]) -> Array:
        if not loops:
            return self.value(body)
        rows = [self._stacked(body, loops[1:]) for _ in self._range(loops[0])]
        if not rows:
            raise NotImplementedError("an empty array")
        return np.stack(rows)

    def _power(self, a: Array, k: Fraction) -> Array:
        if k.denominator == 1 and k >= 0:
            return wrap(a ** int(k))
        if k.denominator == 1:
            for x in a.flat:
                if not getattr(x, "value", x):
                    raise NoValue("a division by zero")
            return wrap(1 / (a ** int(-k)))
        assert k == Fraction(1, 2), k
        return self._map("sqrt", a)

    def _map(self, name: str, a: Array) -> Array:
        result = np.empty(a.shape, dtype=object)
        for i in np.ndindex(*a.shape):
            result[i] = self.numbers.function(name, a[i])
        return result

    def _convolution(self, x: Array, w: Array, bias: Array | None, keywords: dict[str, nodes.Expression]) -> Array:
        """PyTorch's, one place of the output at a time; without channels where neither array has them."""
        rank = 2 if w.ndim in (2, 4) and x.ndim in (2, 3) and w.ndim != 3 else 1
        plain = x.ndim == rank
        if plain:
            x, w = x[None], w[None, None]
        bias = self.value(keywords["bias"]) if "bias" in keywords else bias
        stride, padding, dilation, groups = (
            self._whole(keywords.get(key)) or default
            for key, default in (("stride", 1), ("padding", 0), ("dilation", 1), ("groups", 1))
        )
        zero = self.numbers.number(Fraction(0))
        shape = [n + 2 * padding for n in x.shape[1:]]
        padded = np.empty((len(x), *shape), dtype=object)
        padded.fill(zero)
        padded[(slice(None), *(slice(padding, padding + n) for n in x.shape[1:]))] = x
        counts = [(n - dilation * (k - 1) - 1) // stride + 1 for n, k in zip(shape, w.shape[2:], strict=True)]
        result = np.empty((len(w), *counts), dtype=object)
        for o, *at in np.ndindex(*result.shape):
            total = zero if bias is None else bias[o]
            first = o // (len(w) // groups) * w.shape[1]
            for c, *tap in np.ndindex(*w.shape[1:]):
                place = tuple(stride * i + dilation * j for i, j in zip(at, tap, strict=True))
                total = total + padded[(first + c, *place)] * w[(o, c, *tap)]
            result[(o, *at)] = total
        return result[0] if plain else result

    def _total(self, a: Array, axis: int | None = None) -> Array:
        if not a.size:
            return wrap(self.numbers.number(Fraction(0)))
        return wrap(np.sum(a, axis=axis))

    def _call(self, name: str, arguments: tuple[nodes.Expression, ...], keywords: dict[str, nodes.Expression]) -> Any:
        if name == "einsum":
            spec = arguments[0]
            assert isinstance(spec, nodes.Text)
            return einsum(spec.value, [self.value(x) for x in arguments[1:]])
        if name in ("I", "ones", "zeros", "tri"):
            shape = [int(self.constant(x)) for x in arguments]
            array: Any = np.full(shape, int(name == "ones"))
            if name in ("I", "tri"):
                array = (np.eye if name == "I" else np.tri)(shape[0], dtype=int)
            result = np.empty(array.shape, dtype=object)
            for i in np.ndindex(*array.shape):
                result[i] = self.numbers.number(Fraction(int(array[i])))
            return result
        if name == "reshape":
            items = arguments[1].items if isinstance(arguments[1], nodes.Array) else arguments[1:]
            return self.value(arguments[0]).reshape([int(self.constant(x)) for x in items])
        if name == "concat":
            return np.concatenate([self.value(x) for x in arguments], axis=self._whole(keywords.get("axis")) or 0)
        if name == "vel":
            (parameter,) = arguments
            assert isinstance(parameter, nodes.Name)
            return self.names[velocity_of(parameter.name)]
        if name in ("sum", "prod") and isinstance(arguments[0], nodes.Generator):
            total = wrap(self.numbers.number(Fraction(name == "prod")))
            for v in self._each(arguments[0].loops, arguments[0].body):
                total = wrap(total + v) if name == "sum" else wrap(total * v)
            return total
        a, *others = (self.value(x) for x in arguments)
        if name == "sum":
            return self._total(a, self._whole(keywords.get("axis")))
        if name == "prod":
            return np.prod(a)
        if name == "trace":
            return self._total(np.diagonal(a))
        if name == "diag":
            if a.ndim == 2:
                return np.diagonal(a)
            result = np.empty((len(a), len(a)), dtype=object)
            result.fill(self.numbers.number(Fraction(0)))
            for k, x in enumerate(a):
                result[k, k] = x
            return result
        if name == "sqnorm":
            return self._total(wrap(a * a))
        if name == "dot":
            return a @ others[0]
        if name == "outer":
            return a[:, None] * others[0][None, :]
        if name == "softmax":
            weights = self._map("exp", a)
            if "mask" in keywords:
                weights = wrap(weights * self.value(keywords["mask"]))
            return weights / wrap(np.sum(weights, axis=-1))[..., None]
        if name == "rmsnorm":
            mean = wrap(np.sum(a * a, axis=-1)) * self.numbers.number(Fraction(1, a.shape[-1]))
            return a / self._map("sqrt", wrap(mean))[..., None]
        if name == "layernorm":
            count = self.numbers.number(Fraction(1, a.shape[-1]))
            centred = a - wrap(wrap(np.sum(a, axis=-1)) * count)[..., None]
            mean = wrap(np.sum(centred * centred, axis=-1)) * count
            return centred / self._map("sqrt", wrap(mean))[..., None]
        if name in ("conv1d", "conv2d"):
            return self._convolution(a, others[0], others[1] if len(others) > 1 else None, keywords)
        if name == "leaky_relu":
            slope = self.value(keywords["slope"])[()] if "slope" in keywords else self.numbers.number(Fraction(1, 100))
            return self._map("relu", a) - self._map("relu", wrap(-a)) * slope
        if name == "abs":
            return self._map("relu", a) + self._map("relu", wrap(-a))
        if others or keywords:
            raise NotImplementedError(name)
        return self._map(name, a)


# --- the residue -----------------------------------------------------------------------------------------------------------

Place = tuple[tuple[int, ...], int, tuple[int, ...]]
"""An entry of the law, an output, and an entry of that output; output -1 stands for the drift."""

TIME = "t"


def velocity_of(parameter: str) -> str:
    return f"vel({parameter})"


@dataclass
class Motion:
    """A `flow` statement. By parameter or, under None, for all parameters."""

    friction: nodes.Expression | None
    decay: dict[str | None, nodes.Expression]
    rate: dict[str | None, nodes.Expression]


def motion_of(file: nodes.File) -> Motion:
    friction = None
    tables: dict[str, dict[str | None, nodes.Expression]] = {"decay": {}, "rate": {}}
    for s in file.statements:
        if isinstance(s, nodes.Flow):
            for part in s.parts:
                if part.kind.name == "momentum":
                    (friction,) = part.arguments
                elif part.kind.name in tables:
                    value, *owners = part.arguments
                    names: list[str | None] = [e.name for e in owners if isinstance(e, nodes.Name)]
                    tables[part.kind.name].update(dict.fromkeys(names or [None], value))
    return Motion(friction, **tables)


def at_parameter(
    run: Interpreter, table: dict[str | None, nodes.Expression], name: str, shape: tuple[int, ...], default: int
) -> Array:
    """The value of a rate or a decay for each entry of a parameter."""
    e = table.get(name, table.get(None))
    value = run.value(nodes.Number(Fraction(default), str(default)) if e is None else e)
    return np.broadcast_to(value, shape)


def shapes_of(file: nodes.File, sizes: Mapping[str, int]) -> dict[str, tuple[str, tuple[int, ...], str]]:
    """Role, shape and domain of every leaf, velocities and the time too."""
    read = Interpreter(file, sizes, {}, PLAIN)
    leaves = {
        name.name: (
            s.role,
            tuple(int(read.constant(x)) for x in group.shape or ()),
            group.domain.name if group.domain else "real",
        )
        for s in file.statements
        if isinstance(s, nodes.Declare)
        for group in s.groups
        for name in group.names
    }
    if motion_of(file).friction is not None:
        moving = {name: shape for name, (role, shape, _) in leaves.items() if role == "param"}
        leaves |= {velocity_of(name): ("velocity", shape, "real") for name, shape in moving.items()}
    if any(isinstance(s, nodes.Flow) for s in file.statements):
        leaves.setdefault(TIME, ("time", (), "nonnegative"))
    return leaves


def law_of(file: nodes.File, name: str) -> nodes.Expression:
    return next(s.value for s in file.statements if isinstance(s, nodes.Law) and s.name.name == name)


def _outputs(file: nodes.File) -> tuple[nodes.Expression, ...]:
    return next(s.outputs for s in file.statements if isinstance(s, nodes.Map))


def _factors(file: nodes.File) -> dict[str, nodes.Expression]:
    return {name.name: e for s in file.statements if isinstance(s, nodes.Precondition) for name, e in s.entries}


def calls_in(file: nodes.File) -> set[str]:
    """The functions that a file calls, "sqrt" too if it has fractional powers."""
    found: set[str] = set()
    stack: list[Any] = list(file.statements)
    while stack:
        x = stack.pop()
        match x:
            case nodes.Call(function):
                found.add(function.name)
            case nodes.Binary("^", _, nodes.Binary()):
                found.add("sqrt")
        if isinstance(x, tuple):
            stack.extend(x)
        elif is_dataclass(x):
            stack.extend(getattr(x, f.name) for f in fields(x))
    return found


def residue_at(
    file: nodes.File,
    law: str,
    sizes: Mapping[str, int],
    point: Mapping[str, Array],
    numbers: Numbers,
) -> dict[Place, tuple[Any, Any]]:
    """J P grad h at a point, and drift . grad h under output -1: for each place the residue and the sum of its terms' absolute
    values. `point` has plain numbers by leaf.
    """
    leaves: dict[str, Array] = {}
    places: dict[tuple[str, tuple[int, ...]], int] = {}
    """The state: entries of parameters, of velocities, and the time."""
    shapes = shapes_of(file, sizes)
    for name, (role, shape, _) in shapes.items():
        array = np.empty(shape, dtype=object)
        for i in np.ndindex(*shape):
            slopes = None
            if role in ("param", "velocity", "time"):
                places[name, i] = len(places)
                slopes = {places[name, i]: numbers.number(Fraction(1)).value}
            array[i] = Dual(point[name][i], slopes)
        leaves[name] = array
    run = Interpreter(file, sizes, leaves, numbers)
    factors, drift = _fields(file, run, shapes)
    outputs = [run.value(e) for e in _outputs(file)]
    h = run.value(law_of(file, law))
    result: dict[Place, tuple[Any, Any]] = {}
    moved = velocity_of if motion_of(file).friction is not None else str
    params = [(k, places[moved(name), i], factors[name][i]) for (name, i), k in places.items() if name in factors]
    for a in np.ndindex(*h.shape):
        gradient = getattr(h[a], "slopes", {})
        terms = [x.value * gradient[places[key]] for key, x in drift.items() if places[key] in gradient]
        if terms:
            result[a, -1, ()] = sum(terms), sum(map(abs, terms))
        for number, g in enumerate(outputs):
            for b in np.ndindex(*g.shape):
                slopes = getattr(g[b], "slopes", {})
                terms = [slopes[k] * x.value * gradient[to] for k, to, x in params if k in slopes and to in gradient]
                result[a, number, b] = sum(terms), sum(map(abs, terms))
    return result


def _fields(
    file: nodes.File, run: Interpreter, shapes: Mapping[str, tuple[str, tuple[int, ...], str]]
) -> tuple[dict[str, Array], dict[tuple[str, tuple[int, ...]], Any]]:
    """What multiplies the gradient of each parameter, and the drift by entry of the state, as `Dual` numbers."""
    motion = motion_of(file)
    given = _factors(file)
    one = run.numbers.number(Fraction(1))
    factors: dict[str, Array] = {}
    drift: dict[tuple[str, tuple[int, ...]], Any] = {}
    for name, (role, shape, _) in shapes.items():
        if role == "time":
            drift[name, ()] = one
        if role != "param":
            continue
        rate = at_parameter(run, motion.rate, name, shape, 1)
        factors[name] = wrap(rate * np.broadcast_to(run.value(given[name]), shape)) if name in given else rate
        if motion.friction is None and not motion.decay:
            continue
        pull: Any = wrap(wrap(at_parameter(run, motion.decay, name, shape, 0) * rate) * run.names[name])
        for i in np.ndindex(*shape):
            if motion.friction is None:
                drift[name, i] = -pull[i]
            else:
                here: Any = run.names[velocity_of(name)]
                velocity = here[i]
                drift[name, i] = velocity
                drift[velocity_of(name), i] = -pull[i] - run.value(motion.friction)[()] * velocity
    return factors, drift


def ring_residue_vanishes(file: nodes.File, law: str, sizes: Mapping[str, int]) -> bool:
    """Whether the residue of a polynomial law of a polynomial model is identically zero: by SymPy's polynomials."""
    if any(isinstance(s, nodes.Flow) for s in file.statements):
        raise NotImplementedError("flow")
    shapes = shapes_of(file, sizes)
    names = [f"{name}_{'_'.join(map(str, i))}" for name, (_, shape, _) in shapes.items() for i in np.ndindex(*shape)]
    domain, *generators = sympy.ring(names, sympy.QQ)
    symbols = dict(zip(names, generators, strict=True))
    leaves: dict[str, Array] = {}
    for name, (_, shape, _) in shapes.items():
        leaves[name] = np.empty(shape, dtype=object)
        for i in np.ndindex(*shape):
            leaves[name][i] = symbols[f"{name}_{'_'.join(map(str, i))}"]

    def number(x: Fraction) -> Any:
        return domain(sympy.QQ(x.numerator, x.denominator))

    def function(name: str, x: Any) -> Any:
        raise NotImplementedError(name)

    run = Interpreter(file, sizes, leaves, Numbers(number, function))
    factors = {name: np.broadcast_to(run.value(e), leaves[name].shape) for name, e in _factors(file).items()}
    outputs = [domain(x) for e in _outputs(file) for x in run.value(e).flat]
    params = [
        (symbols[f"{name}_{'_'.join(map(str, i))}"], factors[name][i] if name in factors else 1)
        for name, (role, shape, _) in shapes.items()
        if role == "param"
        for i in np.ndindex(*shape)
    ]
    slopes = [[g.diff(x) for x, _ in params] for g in outputs]
    for h in run.value(law_of(file, law)).flat:
        gradient = [(k, p * domain(h).diff(x)) for k, (x, p) in enumerate(params) if domain(h).diff(x)]
        for row in slopes:
            if sum((row[k] * y for k, y in gradient), domain(0)):
                return False
    return True

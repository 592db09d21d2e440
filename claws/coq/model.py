"""What is exported: the program of a model with some of its laws, at fixed sizes, and the names that it has in the file.

Where the file can be read with its dims left open, the program keeps them, so that the exported statement can speak of `n` and
`r` instead of numbers; `fixed` is the same program, node for node, at the sizes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from claws.kernel.core.errors import Malformed
from claws.kernel.core.functions import CHAINS, Slope
from claws.kernel.core.program import Apply, Det, Leaf, Opaque, Power, Program, count_entries
from claws.kernel.core.sizes import ZERO, Size
from claws.kernel.values.evaluation import fixed as integer
from claws.syntax.diagnostic import SourceError
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from claws.syntax.spec import Spec


class CannotExport(Exception):
    """A claim that is outside of what can be exported; the message is a sentence that says why."""


@dataclass(frozen=True)
class Model:
    """A model with laws. `outputs`, `factors` and `laws` are nodes of `program`, which may have free dims, and of `fixed`."""

    spec: Spec
    sizes: Mapping[str, int]
    program: Program
    fixed: Program
    outputs: tuple[int, ...]
    factors: Mapping[str, int]
    laws: Mapping[str, int]
    named: Mapping[int, str]
    """The nodes that a `let` of the file names."""

    def beyond_polynomials(self) -> str | None:
        """What is not a polynomial of the parameters, data and constants; None if all is."""
        program = self.fixed
        for n in program.cone([*self.outputs, *self.laws.values(), *self.factors.values()]):
            node = program.nodes[n]
            if isinstance(node, Apply):
                return f"`{node.function}`"
            if isinstance(node, Power) and node.exponent.denominator != 1:
                return "a root"
            if isinstance(node, Power) and node.exponent < 0:
                return "a division"
        return None

    def no_polynomial(self, roots: Iterable[int], quotients: bool = False) -> str | None:
        """What is no polynomial of parameters and data, at given constants; with `quotients`, no quotient of polynomials."""
        program = self.fixed
        for n in program.cone(list(roots)):
            node = program.nodes[n]
            if isinstance(node, Apply):
                return f"`{node.function}`"
            if not isinstance(node, Power) or (node.exponent.denominator == 1 and node.exponent >= 0):
                continue
            if not any(self.mentions(role, [node.operand]) for role in ("param", "input")):
                continue
            if node.exponent.denominator != 1:
                return "a root"
            if not quotients:
                return "a division"
        return None

    def parameters(self) -> int:
        """D."""
        return sum(integer(count_entries(self.fixed.shapes[n])) for n, _ in self.fixed.leaves("param"))

    def offsets(self, role: str) -> dict[str, Size]:
        """Where the entries of each leaf of a role begin, among all of them."""
        result, total = {}, ZERO
        for n, leaf in self.program.leaves(role):
            result[leaf.name] = total
            total = total + count_entries(self.program.shapes[n])
        return result

    def shape(self, node: int) -> tuple[int, ...]:
        return tuple(integer(k) for k in self.fixed.shapes[node])

    def mentions(self, role: str, roots: Iterable[int]) -> bool:
        nodes = self.program.nodes
        return any(isinstance(leaf := nodes[n], Leaf) and leaf.role == role for n in self.program.cone(roots))


def read_model(spec: Spec, sizes: Mapping[str, int], laws: Sequence[str]) -> Model:
    """The model with these laws at these sizes. Raises `CannotExport`, and `SourceError` if the file has no meaning there."""
    named = Instance(spec, sizes)
    given = {d: named.sizes[d] for d in spec.dims if d in named.sizes}
    try:
        # without the sizes of -D, so that dims keep their names; a dim that the file fixes is a number: that of -D, if it has one
        plain = load_text(spec.text, spec.path)
        fixed = {d: given[d] for d, n in plain.dims.items() if n is not None and d in given}
        model = _read(Instance(plain, fixed), spec, given, laws)
    except (SourceError, Malformed):
        model = _read(named, spec, given, laws)
    _check_exportable(model)
    return model


def read_open_model(spec: Spec, given: Mapping[str, int], sizes: Mapping[str, int], laws: Sequence[str]) -> Model:
    """The model with the dims open that are not given; `sizes` are some that fit. What occurs in it is not looked at."""
    return _read(Instance(spec, given), spec, sizes, laws)


def _read(instance: Instance, spec: Spec, sizes: Mapping[str, int], laws: Sequence[str]) -> Model:
    if instance.spec.diagnostics:
        raise SourceError(instance.spec.diagnostics[0])
    assert spec.map is not None
    flow = instance.fields().flow()
    outputs = [instance.output(e).node for e in spec.map.outputs]
    values = {name: instance.law(name).node for name in laws}
    if spec.dynamics.scheduled and spec.dynamics.momentum is None and not spec.dynamics.decay:
        raise CannotExport("learning rates that change with the time can't be exported yet")
    if flow.drift or flow.second_order:
        raise CannotExport("momentum and weight decay can't be exported yet")
    program, number = instance.builder.program([*outputs, *values.values(), *flow.nodes()])
    return Model(
        spec,
        sizes,
        program,
        program.at(sizes) if program.free_dims() else program,
        tuple(number[n] for n in outputs),
        dict(flow.placed(number).factors),
        {name: number[n] for name, n in values.items()},
        _lets(instance, number),
    )


def _lets(instance: Instance, number: Mapping[int, int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for name in instance.spec.lets:
        try:
            node = instance.value(name).node
        except SourceError:
            continue
        if node in number:
            found.setdefault(number[node], name)
    return found


def _check_exportable(model: Model) -> None:
    program = model.fixed
    for n in program.cone([*model.outputs, *model.laws.values(), *model.factors.values()]):
        node = program.nodes[n]
        named = {*FUNCTIONS, *BY_DERIVATIVE, *dict(program.activations)}
        if isinstance(node, Apply) and node.function not in named:
            raise CannotExport(f"`{node.function}` can't be exported yet{_WHY_NOT.get(node.function, '')}")
        if isinstance(node, Apply) and isinstance(known := dict(program.activations).get(node.function), Slope):
            _check_solvable(node.function, known)
        if isinstance(node, Opaque):
            raise CannotExport(f"the declared function `{node.function}` can't be exported yet")
        if isinstance(node, Det):
            raise CannotExport("determinants can't be exported yet")
        if isinstance(node, Power) and node.exponent.denominator > 2:
            raise CannotExport("roots other than square roots can't be exported yet")
        if isinstance(node, Leaf) and node.role in ("time", "velocity"):
            raise CannotExport("laws that depend on the time can't be exported yet")


def _check_solvable(name: str, slope: Slope) -> None:
    """Raises `CannotExport` unless some function on all of R, beside constants, has this derivative.

    A statement about all functions that have it would say nothing: none has s' = 1 + s^2, only 0 s' = s^2. A solution is
    monotone; if the degree is 2 or more, it reaches infinity in finite time unless it stays between two zeros of the polynomial.
    """
    if slope.degree < 2:
        return
    if slope.degree > MOST_DEGREE:
        raise CannotExport(f"an activation whose derivative has a degree above {MOST_DEGREE} can't be exported yet")
    import sympy

    z = sympy.Symbol("z")
    terms = {(e,): sympy.Rational(c.numerator, c.denominator) for c, e in slope.terms}
    if sympy.Poly.from_dict(terms, z, domain="QQ").sqf_part().count_roots() < 2:
        raise CannotExport(
            f"no function on all of R, but for constants, has the derivative {name}' = {slope.text(name)}: "
            "that can't be exported yet, a statement about such functions would say nothing"
        )


MOST_DEGREE = 50

FUNCTIONS = {
    "exp": "exp",
    "log": "ln",
    "sin": "sin",
    "cos": "cos",
    "tanh": "tanh",
    "sigmoid": "sigmoid",
    "softplus": "softplus",
}
"""The functions of `Towers.v`, in the order of their numbers, and their names in Coq."""

BY_DERIVATIVE = tuple(name for name in CHAINS if name not in FUNCTIONS)
"""Functions without a name in Coq: a statement speaks of all functions with their derivatives."""

_WHY_NOT = {
    "relu": ": it has no derivative at its kink, and a statement would have to say how a curve crosses it",
}


def number_of(value: Fraction | Size, sizes: Mapping[str, int]) -> Fraction:
    """A polynomial in the dims, at the sizes."""
    c = Size.of(value).at(sizes).constant()
    assert c is not None
    return c

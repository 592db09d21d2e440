"""What is exported: the program of a model with some of its laws, at fixed sizes, and the names that it has in the file.

Where the file can be read with its dims left open, the program keeps them, so that the exported statement can speak of `n` and
`r` instead of numbers; `fixed` is the same program, node for node, at the sizes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from claws.coq.statements.node_facts import CannotExport, beyond_polynomials, refusal_of_node
from claws.kernel.core.errors import Malformed
from claws.kernel.core.program import Leaf, Program, count_entries, operands_of
from claws.kernel.core.sizes import ZERO, Size
from claws.kernel.values.evaluation import fixed as integer
from claws.readings.flow import factors_of, moves_velocities
from claws.syntax.diagnostic import SourceError
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from claws.syntax.spec import Spec

Sizes = Mapping[str, int]
"""The sizes of dims, by their names."""


@dataclass(frozen=True)
class ExportedModel:
    """A model with laws. `outputs`, `factors` and `laws` are nodes of `program`, which may have free dims, and of `fixed`."""

    spec: Spec
    sizes: Mapping[str, int]
    program: Program
    fixed: Program
    outputs: tuple[int, ...]
    factors: Mapping[str, int]
    laws: Mapping[str, int]
    named: Mapping[int, str]
    """The names that a `let` of the file gives to nodes."""

    def roots(self) -> list[int]:
        """Returns the nodes that statements speak of: the outputs, the laws, and the factors of the preconditioner."""
        return [*self.outputs, *self.laws.values(), *self.factors.values()]

    def beyond_polynomials(self) -> str | None:
        """Returns what is not a polynomial of the parameters, data and constants; None if all is."""
        nodes = self.fixed.nodes
        found = (beyond_polynomials(nodes[n]) for n in self.fixed.cone(self.roots()))
        return next((beyond.text for beyond in found if beyond is not None), None)

    def no_polynomial(self, roots: Iterable[int], quotients: bool = False) -> str | None:
        """Returns what is no polynomial of parameters and data, at given constants; with `quotients`, what is no quotient of
        polynomials. None if all is."""
        program = self.fixed
        for n in program.cone(list(roots)):
            beyond = beyond_polynomials(program.nodes[n])
            if beyond is None or (quotients and beyond.kind == "division"):
                continue
            varies = any(self.mentions(role, operands_of(program.nodes[n])) for role in ("param", "input"))
            if varies or beyond.kind == "function":
                return beyond.text
        return None

    def parameters(self) -> int:
        """Returns D, the number of coordinates: the entries of all parameters."""
        return sum(integer(count_entries(self.fixed.shapes[n])) for n, _ in self.fixed.leaves("param"))

    def offsets(self, role: str) -> dict[str, Size]:
        """Returns where the entries of each leaf of a role begin, from 0, among those of all leaves of the role."""
        result, total = {}, ZERO
        for n, leaf in self.program.leaves(role):
            result[leaf.name] = total
            total = total + count_entries(self.program.shapes[n])
        return result

    def shape(self, node: int) -> tuple[int, ...]:
        """Returns the shape of a node at the sizes."""
        return tuple(integer(k) for k in self.fixed.shapes[node])

    def mentions(self, role: str, roots: Iterable[int]) -> bool:
        """Whether the values of these nodes depend on a leaf of this role."""
        nodes = self.program.nodes
        return any(isinstance(leaf := nodes[n], Leaf) and leaf.role == role for n in self.program.cone(roots))


def read_model(spec: Spec, sizes: Mapping[str, int], laws: Sequence[str]) -> ExportedModel:
    """Returns the model with these laws at these sizes.

    Raises `CannotExport` where it can't be exported at any size, and `SourceError` where the file has no meaning at these.
    """
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


def read_open_model(
    spec: Spec, given: Mapping[str, int], sizes: Mapping[str, int], laws: Sequence[str]
) -> ExportedModel:
    """Returns the model with the dims open that are not given; `sizes` are some that fit.

    Whether its nodes can be exported is not looked at. Raises `CannotExport` for a flow that can't be, and `SourceError`.
    """
    return _read(Instance(spec, given), spec, sizes, laws)


def _read(instance: Instance, spec: Spec, sizes: Mapping[str, int], laws: Sequence[str]) -> ExportedModel:
    if instance.spec.diagnostics:
        raise SourceError(instance.spec.diagnostics[0])
    assert spec.map is not None
    flow = instance.fields().flow()
    outputs = [instance.output(e).node for e in spec.map.outputs]
    values = {name: instance.law(name).node for name in laws}
    if spec.dynamics.scheduled and spec.dynamics.momentum is None and not spec.dynamics.decay:
        raise CannotExport("learning rates that change with the time can't be exported yet")
    if flow.drift or moves_velocities(flow):
        raise CannotExport("momentum and weight decay can't be exported yet")
    program, number = instance.builder.program([*outputs, *values.values(), *flow.nodes()])
    return ExportedModel(
        spec,
        sizes,
        program,
        program.at(sizes) if program.free_dims() else program,
        tuple(number[n] for n in outputs),
        factors_of(flow.placed(number)),
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


def _check_exportable(model: ExportedModel) -> None:
    """Raises `CannotExport` where a node of the model has no export at any size."""
    program = model.fixed
    activations = dict(program.activations)
    for n in program.cone(model.roots()):
        refusal = refusal_of_node(program.nodes[n], activations)
        if refusal is not None:
            raise CannotExport(refusal)

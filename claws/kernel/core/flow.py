"""The training dynamics: which vector fields move the state of a model.

Soundness-critical: a claim is about the curves of a `Flow`. The state is every entry of the parameters and, where there are any,
of their velocities and the time. It moves along the sum of the flow's fields, each of which is homogeneous in the gradient of the
loss. The field of degree 0, the *drift*, is there without a loss. That of degree 1, the *control*, is linear in the gradient, and
that is any combination of gradients of outputs <c, g(theta, x)>, since nothing is known of the loss.

A law is constant along all curves iff it is so along each field by itself: for s*E in place of a loss E its rate of change is a
polynomial in s whose coefficients are those along the fields, so that it vanishes for all s iff each of them does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, TypeVar

from claws.kernel.core.errors import Malformed
from claws.kernel.core.fields import Name, NodeNumber, Range
from claws.kernel.core.program import Leaf, Number, Program
from claws.kernel.core.sizes import ONE

STATE = ("param", "velocity", "time")
"""The roles of the leaves that a flow moves, and that laws may mention beside constants."""

WORDS = ("drift", "factor")
"""What the node of a part is called, by the degree of its field."""

T = TypeVar("T")


def velocity_of(parameter: str) -> str:
    """The name of the leaf that is the velocity of a parameter."""
    return f"vel({parameter})"


def parameter_of(velocity: str) -> str:
    """The parameter of which a leaf is the velocity, by the leaf's name."""
    return velocity.removeprefix("vel(").removesuffix(")")


@dataclass(frozen=True, slots=True)
class Part:
    """How one state leaf, `target`, moves: by `factor`, a node of its shape, or by 1 where there is none.

    With a `gradient`, which names a parameter, by that times minus the gradient of the loss in this parameter, elementwise.
    """

    target: Name
    factor: NodeNumber | None = None
    gradient: Name | None = None

    def scaled(self, x: T, times: Callable[[int, T], T]) -> T:
        """The factor times an array. `times` multiplies an array by the value of a node, elementwise."""
        return x if self.factor is None else times(self.factor, x)


@dataclass(frozen=True, slots=True)
class Field:
    """A vector field on the state, homogeneous of this degree in the gradient of the loss. Parts are in the order of targets."""

    degree: Annotated[int, Range(0, 16)]
    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        if self.degree not in (0, 1):
            raise Malformed("the degree of a field in the gradient is 0 or 1")
        for part in self.parts:
            if (part.gradient is None) != (self.degree == 0):
                raise Malformed(f"what moves {part.target} is not of degree {self.degree} in the gradient")
            if part.gradient is None and part.factor is None:
                raise Malformed(f"the drift of {part.target} is not given")
        targets = [part.target for part in self.parts]
        gradients = [part.gradient for part in self.parts if part.gradient is not None]
        if len(set(targets)) != len(targets) or len(set(gradients)) != len(gradients):
            raise Malformed(f"a {WORDS[self.degree]} is given twice")
        if not targets:
            raise Malformed("a field has no parts")
        if targets != sorted(targets):
            raise Malformed("the parts of a field are not in the order of what they move")


@dataclass(frozen=True, slots=True)
class Flow:
    """The fields that move the state, in the order of their degrees, which differ. What no part of them moves stands still.

    theta' = -P grad E is a field of degree 1 with a part for each parameter. Momentum, theta'' + tau theta' + grad E = 0, has
    U' = vel(U), vel(U)' = -tau vel(U) and t' = 1 in a field of degree 0; its gradients move velocities.
    """

    fields: tuple[Field, ...] = ()

    def __post_init__(self) -> None:
        degrees = [field.degree for field in self.fields]
        if degrees != sorted(set(degrees)):
            raise Malformed("the fields of a flow are not in the order of their degrees, each once")

    def parts(self, degree: int) -> tuple[Part, ...]:
        """The parts of the field of this degree; none where there is no such field."""
        return next((field.parts for field in self.fields if field.degree == degree), ())

    def at(self, target: str) -> dict[int, Part]:
        """The parts that move this leaf of the state, by the degree of their field."""
        return {field.degree: part for field in self.fields for part in field.parts if part.target == target}

    def nodes(self) -> tuple[int, ...]:
        """The nodes that the flow names."""
        return tuple(part.factor for field in self.fields for part in field.parts if part.factor is not None)

    @property
    def drift(self) -> dict[str, int]:
        """The field of degree 0: by state leaf, the node that it moves by. Soundness-critical."""
        return {part.target: part.factor for part in self.parts(0) if part.factor is not None}

    def control(self, gradient: Mapping[str, T], times: Callable[[int, T], T]) -> dict[str, T]:
        """The field of degree 1, by state leaf, for an array by parameter in place of minus the gradient. Soundness-critical."""
        by = {part.gradient: part for part in self.parts(1)}
        return {by[name].target: by[name].scaled(x, times) for name, x in gradient.items() if name in by}

    def transposed(self, covector: Mapping[str, T], times: Callable[[int, T], T]) -> dict[str, T]:
        """The transpose of `control`: a direction by parameter, for the gradient of a function h of the state by state leaf.

        <transposed(grad h), u> = <grad h, control(u)> for every u: the control changes h by minus the derivative of the loss
        along transposed(grad h). Soundness-critical.
        """
        by = {part.target: (part, part.gradient) for part in self.parts(1) if part.gradient is not None}
        return {by[name][1]: by[name][0].scaled(x, times) for name, x in covector.items() if name in by}

    def placed(self, place: Mapping[int, int]) -> Flow:
        """The same flow in a program whose nodes are elsewhere."""
        return self._with(lambda part: part if part.factor is None else replace(part, factor=place[part.factor]))

    def moving(self, moves: Callable[[str], bool]) -> Flow:
        """The flow that moves these leaves of the state as this one does, and no others."""
        return self._with(lambda part: part if moves(part.target) else None)

    def _with(self, change: Callable[[Part], Part | None]) -> Flow:
        found = ((f.degree, tuple(new for part in f.parts if (new := change(part)) is not None)) for f in self.fields)
        return Flow(tuple(Field(degree, parts) for degree, parts in found if parts))

    def check(self, program: Program) -> None:
        """Raises `Malformed` for a flow that does not fit the program."""
        state = {leaf.name: (leaf.role, program.shapes[n]) for n, leaf in program.leaves(*STATE)}
        for field in self.fields:
            for part in field.parts:
                role, shape = state.get(part.target, ("", ()))
                if not role or (part.factor is not None and program.shapes[part.factor] != shape):
                    raise Malformed(f"the {WORDS[field.degree]} of {part.target} does not fit a part of the state")
                if part.gradient is None:
                    continue
                if state.get(part.gradient) != ("param", shape):
                    raise Malformed(f"{part.target} moves by the gradient in {part.gradient}, which does not fit it")
                own = ("velocity", velocity_of(part.gradient)), ("param", part.gradient)
                if (role, part.target) not in own:
                    raise Malformed(f"the gradient in {part.gradient} moves {part.target}, neither it nor its velocity")
        for n in program.cone(self.nodes()):
            node = program.nodes[n]
            if isinstance(node, Leaf) and node.role == "input":
                raise Malformed(f"the flow mentions the input {node.name}")
        drift, pushed = self.drift, {part.target for part in self.parts(1)}
        for name, (role, _) in state.items():
            if role == "velocity" and name not in pushed:
                raise Malformed("a velocity has a meaning in a flow of second order only")
            if role == "time" and (name not in drift or program.nodes[drift[name]] != Number(ONE)):
                raise Malformed(f"{name} is a time, so its derivative is 1")


def flow_of(parts: Iterable[Part]) -> Flow:
    """The flow with these parts, in their order."""
    ordered = sorted(parts, key=lambda part: part.target)
    drift = tuple(part for part in ordered if part.gradient is None)
    control = tuple(part for part in ordered if part.gradient is not None)
    return Flow(tuple(Field(degree, own) for degree, own in enumerate((drift, control)) if own))


def gradient_flow(program: Program) -> Flow:
    """theta' = -grad E, in every parameter of the program."""
    return flow_of(Part(leaf.name, None, leaf.name) for _, leaf in program.leaves("param"))

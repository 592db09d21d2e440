"""What a `flow` statement means: the fields that move the state.

READ WITH CARE: it decides what a claim means. With the learning rate r, the preconditioner P, the weight decay lambda of each
parameter theta, and the friction tau,

    flow gradient:        theta' = -r (P grad E + lambda theta)
    flow momentum(tau):   theta'' + tau theta' + r (P grad E + lambda theta) = 0

r, P and lambda are elementwise; r = P = 1 and lambda = 0 where nothing is said. r, lambda and tau may depend on the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from claws.kernel.core.flow import velocity_of
from claws.syntax import nodes
from claws.syntax.diagnostic import START, SourceError, Span
from claws.syntax.elaborate import Scope, error, suggest
from claws.syntax.elaboration.arrays import Arrays
from claws.syntax.elaboration.builder import Misfit, Value, shape_text

TIME = "t"

_WRITTEN = {"decay": "decay(lambda)", "rate": "rate(eta, U)"}


@dataclass
class Dynamics:
    """The flow of a file as it is written. Expressions by parameter; `None` holds for the parameters that are not named."""

    momentum: nodes.Expression | None = None
    decay: dict[str | None, nodes.Expression] = field(default_factory=dict)
    rate: dict[str | None, nodes.Expression] = field(default_factory=dict)
    scheduled: bool = False
    """Whether a rate mentions the time."""
    span: Span = START

    @property
    def timed(self) -> bool:
        """Whether the time is a coordinate of the state: laws may then mention it."""
        return self.momentum is not None or bool(self.decay) or self.scheduled

    def expressions(self) -> list[nodes.Expression]:
        return [*([] if self.momentum is None else [self.momentum]), *self.decay.values(), *self.rate.values()]


def read_flow(flow: nodes.Flow, parameters: list[str], lets: Mapping[str, nodes.Let]) -> Dynamics:
    """The parts of a `flow` statement. Raises `SourceError` for one that makes no sense."""
    first, *others = flow.parts
    result = Dynamics(span=flow.span)
    if first.kind.name == "momentum":
        if len(first.arguments) != 1:
            raise error("CLAW032", "`flow momentum` needs its friction", first.span, "write `flow momentum(tau)`")
        result.momentum = first.arguments[0]
    elif first.kind.name == "gradient" and first.arguments:
        raise error("CLAW032", f"`flow {first.kind.name}` takes no argument", first.arguments[0].span)
    for part in others:
        name = part.kind.name
        if name not in _WRITTEN:
            continue  # an unknown word has been reported
        table = result.decay if name == "decay" else result.rate
        if not part.arguments:
            raise error("CLAW032", f"`{name}` needs a number", part.span, f"write `{_WRITTEN[name]}`")
        value, *named = part.arguments
        owners: list[str | None] = []
        for e in named:
            if not isinstance(e, nodes.Name) or e.name not in parameters:
                word = e.name if isinstance(e, nodes.Name) else ""
                hint = (
                    suggest(word, parameters) or f"write `{_WRITTEN[name]}`, with names of parameters after the number"
                )
                raise error("CLAW032", f"`{name}` is about parameters, and this is none", e.span, hint)
            owners.append(e.name)
        for owner in owners or [None]:
            if owner in table:
                what = f"`{owner}` has two of them" if owner else "two of them are for all parameters"
                raise error("CLAW032", f"`{name}` is given twice: {what}", part.span)
            table[owner] = value
    result.scheduled = any(TIME in _all_names(e, lets) for e in result.rate.values())
    return result


def _all_names(e: nodes.Expression, lets: Mapping[str, nodes.Let]) -> set[str]:
    """The names that an expression mentions, also through `let`s."""
    found: set[str] = set()
    new = nodes.names_in(e)
    while new:
        found.update(new)
        new = [x for name in new if name in lets for x in nodes.names_in(lets[name].value) if x not in found]
    return found


class Elaborated:
    """The fields of a flow as values of one builder: factors by parameter, the drift by state leaf."""

    def __init__(
        self, dynamics: Dynamics, scope: Scope, state: Mapping[str, Value], given: Mapping[str, Value]
    ) -> None:
        self.scope = scope
        self.builder: Arrays = scope.builder
        self.dynamics = dynamics
        self.factors: dict[str, Value] = {}
        self.drift: dict[str, Value] = {}
        for name, theta in state.items():
            self._one(name, theta, given.get(name))
        if dynamics.timed:
            self.drift[TIME] = self.builder.number(1)

    def _one(self, name: str, theta: Value, given: Value | None) -> None:
        b = self.builder
        rate = self._coefficient("rate", self.dynamics.rate, name, theta)
        decay = self._coefficient("decay", self.dynamics.decay, name, theta)
        factor = given if rate is None else rate if given is None else self._times(rate, given)
        if factor is not None:
            self.factors[name] = b.expand(factor, theta.shape, ())
        if decay is not None and rate is not None:
            decay = self._times(rate, decay)
        pull = None if decay is None else self._times(decay, theta)
        terms = [] if pull is None else [(Fraction(-1), pull)]
        if self.dynamics.momentum is None:
            if terms:
                self.drift[name] = b.expand(b.add(terms, lambda: ""), theta.shape, ())
            return
        velocity = velocity_leaf(b, name, theta)
        friction = self._value("friction", self.dynamics.momentum)
        if friction.shape:
            raise error("CLAW022", f"a friction is one number, this is {shape_text(friction.shape)}",
                        self.dynamics.momentum.span)  # fmt: skip
        terms.append((Fraction(-1), self._times(friction, velocity)))
        self.drift[name] = velocity
        self.drift[velocity_of(name)] = b.expand(b.add(terms, lambda: ""), theta.shape, ())

    def _times(self, a: Value, b: Value) -> Value:
        return self.builder.multiply(a, b, lambda: "")

    def _coefficient(
        self, what: str, table: Mapping[str | None, nodes.Expression], name: str, theta: Value
    ) -> Value | None:
        e = table.get(name, table.get(None))
        if e is None:
            return None
        v = self._value(what, e)
        check_fit(self.builder, what, name, theta, v, e.span)
        return v

    def _value(self, what: str, e: nodes.Expression) -> Value:
        v = self.scope.value(e)
        found = [x for role in ("param", "velocity") for x in self.builder.leaves_of(v.node, role)]
        if found:
            raise error(
                "CLAW032",
                f"a {what} can't depend on `{found[0]}`, which training moves",
                e.span,
                "it is made of numbers, constants and the time `t`; `precondition U by ...` may mention parameters",
            )
        return v


def check_fit(builder: Arrays, what: str, name: str, theta: Value, v: Value, span: Span) -> None:
    """Raises `SourceError` unless a coefficient broadcasts to the shape of its parameter."""
    try:
        shape = builder.broadcast(theta.shape, v.shape, lambda: "")
    except Misfit:
        shape = ()
    if shape != theta.shape:
        raise error(
            "CLAW022",
            f"`{name}` is {shape_text(theta.shape)}, its {what} is {shape_text(v.shape)}",
            span,
            f"a {what} is one number, or has the shape of its parameter",
        )


def velocity_leaf(builder: Arrays, name: str, theta: Value) -> Value:
    return builder.leaf(velocity_of(name), "velocity", theta.shape)


def time_leaf(builder: Arrays) -> Value:
    return builder.leaf(TIME, "time", ())


def check_names(dynamics: Dynamics, places: Mapping[str, Span]) -> SourceError | None:
    """An error if the file uses the name of the time for something else."""
    if not dynamics.timed or TIME not in places:
        return None
    return error("CLAW020", f"`{TIME}` is the time under this flow", places[TIME], "choose another name")

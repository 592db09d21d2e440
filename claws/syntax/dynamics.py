"""What a `flow` statement says: which fields move the state.

READ WITH CARE: it decides what a claim means. With the learning rate r, the preconditioner P, the weight decay lambda of each
parameter theta, and the friction tau,

    flow gradient:        theta' = -r (P grad E + lambda theta)
    flow momentum(tau):   theta'' + tau theta' + r (P grad E + lambda theta) = 0

r, P and lambda are elementwise; r = P = 1 and lambda = 0 where nothing is said. r, lambda and tau may depend on the time.
`claws.syntax.instances.fields` makes arrays of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from claws.syntax import nodes
from claws.syntax.diagnostic import START, SourceError, Span, error, suggest

TIME = "t"

_WRITTEN = {"decay": "decay(lambda)", "rate": "rate(eta, U)"}


@dataclass
class Dynamics:
    """A flow as it is written. Expressions are kept by parameter; `None` holds for the parameters that are not named."""

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
        """What the statement says, in no particular order."""
        return [*([] if self.momentum is None else [self.momentum]), *self.decay.values(), *self.rate.values()]


def read_flow(flow: nodes.Flow, parameters: list[str], lets: Mapping[str, nodes.Let]) -> Dynamics:
    """Reads the parts of a `flow` statement. Raises `SourceError` for one that makes no sense."""
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


def check_names(dynamics: Dynamics, places: Mapping[str, Span]) -> SourceError | None:
    """The error of a file that uses the name of the time for something else, or None."""
    if not dynamics.timed or TIME not in places:
        return None
    return error("CLAW020", f"`{TIME}` is the time under this flow", places[TIME], "choose another name")

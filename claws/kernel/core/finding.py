"""What a check finds: a verdict, and what it rests on.

Soundness-critical: `theorem.check` makes theorems of findings and of nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from fractions import Fraction
from types import MappingProxyType


class Verdict(StrEnum):
    """What is said of a claim. A theorem says PROVED or REFUTED."""

    PROVED = "PROVED"
    """The claim is true: the kernel has accepted evidence for it."""
    REFUTED = "REFUTED"
    """The claim is false: the kernel has evaluated an exact counter-example, or has bounds that exclude it."""
    UNKNOWN = "UNKNOWN"
    """Neither is established; no theorem says so, and a result gives the reason."""


class Layer(StrEnum):
    """The layers of the kernel that a theorem may rest on, each a part that can be read by itself after the core."""

    CORE = "core"
    TENSORS = "tensors"
    POLYNOMIALS = "polynomials"
    BLOCKS = "blocks"
    VALUES = "values"
    COUNTING = "counting"


VERSIONS: Mapping[Layer, int] = dict.fromkeys(Layer, 3)
"""The version of each layer. It changes with whatever changes what the layer accepts."""


class Premise(Enum):
    """What a theorem may take for granted: a closed list, each with an exact text.

    Soundness-critical: a theorem lists those that it rests on, and says nothing where one of them is false. What the program
    itself contradicts is refused by the layer.
    """

    PATTERNS = (
        "at some parameters, the units of every path through the network take all on/off combinations at data where all other "
        "units keep their sides"
    )
    INDEPENDENT_VALUES = (
        "at almost all parameters, constants, data and times, the values of erf and of the normal distribution function at "
        "different arguments, and of transcendental functions of these, are "
        "algebraically independent over the rational functions of these"
    )
    GENERIC_ACTIVATION = (
        "each activation that is declared without a derivative is generic: smooth beside its kink, with values and derivatives "
        "that satisfy no polynomial equation but those of its declaration"
    )
    NOT_CONSTANT = (
        "each activation that is declared by its derivative is a solution of that equation which is not constant"
    )

    @property
    def code(self) -> str:
        """A short name, which stays the same from version to version."""
        return self.name.lower().replace("_", "-")

    @property
    def text(self) -> str:
        """What exactly is assumed."""
        return self.value

    @property
    def layer(self) -> Layer:
        """The layer that uses it: so far none but one does."""
        return Layer.COUNTING


@dataclass(frozen=True, slots=True)
class NamedPoint:
    """The value of one leaf at a rational point: its entries row by row, as many as the shape says."""

    name: str
    shape: tuple[int, ...]
    entries: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict on a statement, and what it rests on.

    `sizes` is None for every size, else the sizes that it is about; `conditions` are those of the statement on sizes, such as
    `r >= 2`. `premises` is a set, in the order of `Premise`. `near` is the point in whose neighbourhood it was seen; empty for
    almost everywhere. `found` are numbers that were established on the way: `parameters`, `count_at_least`, `count_at_most`, ...
    `outside` names what was computed outside the kernel or modulo a number.
    """

    verdict: Verdict
    method: str
    layers: frozenset[Layer]
    sizes: Mapping[str, int] | None = field(default_factory=dict)
    conditions: tuple[str, ...] = ()
    premises: tuple[Premise, ...] = ()
    near: tuple[NamedPoint, ...] = ()
    outside: tuple[str, ...] = ()
    found: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # what was handed in may be changed later, a finding not
        object.__setattr__(self, "sizes", None if self.sizes is None else MappingProxyType(dict(self.sizes)))
        object.__setattr__(self, "found", MappingProxyType(dict(self.found)))
        object.__setattr__(self, "premises", tuple(p for p in Premise if p in self.premises))

    def trust(self) -> tuple[str, ...]:
        """The layers with their versions, in the order of `Layer`, and what came from outside."""
        layers = self.layers | {Layer.CORE}
        return (*(f"{layer} {VERSIONS[layer]}" for layer in Layer if layer in layers), *self.outside)

"""What a check finds: a verdict, and what it rests on.

Soundness-critical: `theorem.check` makes theorems of findings and of nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


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


VERSIONS: Mapping[Layer, int] = dict.fromkeys(Layer, 2)
"""The version of each layer. It changes with whatever changes what the layer accepts."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict on a statement, and what it rests on.

    `sizes` is None for every size, else the sizes that it is about. `found` are numbers that were established on the way:
    `parameters`, `count_at_least`, `count_at_most`, ... `outside` names what was computed outside the kernel or modulo a number.
    """

    verdict: Verdict
    method: str
    layers: frozenset[Layer]
    sizes: Mapping[str, int] | None = field(default_factory=dict)
    assumptions: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()
    found: Mapping[str, int] = field(default_factory=dict)

    def trust(self) -> tuple[str, ...]:
        """The layers with their versions, in the order of `Layer`, and what came from outside."""
        layers = self.layers | {Layer.CORE}
        return (*(f"{layer} {VERSIONS[layer]}" for layer in Layer if layer in layers), *self.outside)

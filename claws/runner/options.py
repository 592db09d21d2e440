"""The options of a run, whatever the command."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Options:
    """How to decide claims, and with how many processes."""

    sizes: Mapping[str, int] = field(default_factory=dict)
    """Dims set or overridden (`-D n=3`)."""
    seed: int = 0
    """For everything that is drawn: the same seed gives the same results."""
    budget: int = 20_000_000
    """Elementary steps for each claim: the same budget gives the same verdict on every machine."""
    timeout: float | None = 60.0
    """Seconds for each claim, as a backstop; None for none."""
    certificates: str | None = None
    """A folder for certificates; None: none are written."""
    jobs: int = 1
    """Processes that share the work."""
    pure: bool = False
    """Let the kernel compute every rank by itself, without an accelerator."""
    unconditional: bool = False
    """Take a verdict that rests on a premise for UNKNOWN."""
    coq: bool = False
    """Let Coq check the claims, too, as far as they can be exported (see `claws.coq`)."""

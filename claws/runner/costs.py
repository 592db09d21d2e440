"""Cheap estimates of how long claims take, in milliseconds, so that the longest can be begun first.

They are read off the text and the sizes, before anything is elaborated. No result depends on them: where one is wrong, the
processes of a run are shared out less evenly.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from claws.kernel.core.program import count_entries
from claws.kernel.core.sizes import Size
from claws.syntax import nodes
from claws.syntax.diagnostic import Span
from claws.syntax.instances.instance import Instance
from claws.syntax.spec import Claim, Spec


@dataclass(frozen=True, slots=True)
class Rates:
    """How cost grows, fitted to the files of `examples/`."""

    proof: float = 0.1
    """Milliseconds for each character of the model, where a law is expected to be proved: tensors decide it at once."""
    refutation: float = 0.5
    """Milliseconds for each character, where a witness is looked for at fixed sizes."""
    all_sizes: float = 0.5
    """Milliseconds for the characters to the power 1.5, where a proof for all sizes is tried in vain first."""
    number: float = 0.5
    """Milliseconds for the square of the coordinates, where brackets are ranked."""
    momentum: float = 10.0
    """The factor of a rank under momentum, whose brackets are chains."""


RATES = Rates()


class Costs:
    """The estimates for the claims of one file."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.length = model_length(spec)
        self._parameters: Size | None = None

    def claim(self, claim: Claim, sizes: Mapping[str, int]) -> float:
        """The estimate for one claim at these sizes. Raises `SourceError` where no shape has a meaning."""
        if claim.kind != "law":
            return self.number(sizes)
        if claim.expected == "PROVED":
            return RATES.proof * self.length
        if any(n is None and d not in sizes for d, n in self.spec.dims.items()):
            return float(RATES.all_sizes * self.length**1.5)
        return RATES.refutation * self.length

    def number(self, sizes: Mapping[str, int]) -> float:
        """The estimate for a number of laws at these sizes, from the coordinates that training moves. Raises `SourceError`."""
        momentum = self.spec.dynamics.momentum is not None
        coordinates = self.parameters(sizes) * (2 if momentum else 1)
        return RATES.number * coordinates**2 * (RATES.momentum if momentum else 1.0)

    def parameters(self, sizes: Mapping[str, int]) -> int:
        """The entries of all parameters; a dim without a size counts as 1. Raises `SourceError`."""
        if self._parameters is None:
            self._parameters = parameter_count(self.spec)
        given = {d: 1 if n is None else n for d, n in self.spec.dims.items()} | dict(sizes)
        return self._parameters.at(given).integer() or 1


def parameter_count(spec: Spec) -> Size:
    """The entries of all parameters, as a polynomial in the dims. Raises `SourceError`."""
    scope = Instance(spec, {}).dims_only()
    total = Size.of(0)
    for group, role in spec.leaves.values():
        if role == "param":
            total = total + count_entries(() if group.shape is None else scope.shape(group.shape, "a size"))
    return total


def model_length(spec: Spec) -> int:
    """The characters of the model's map and abbreviations, those of its blocks among them."""
    lines = spec.text.split("\n")
    own = sum(_length(lines, s.span) for s in spec.file.statements if isinstance(s, nodes.Map | nodes.Let))
    return own + sum(model_length(block.spec) for block in spec.blocks.values())


def _length(lines: list[str], span: Span) -> int:
    return sum(len(line.strip()) for line in lines[span.line - 1 : span.end_line])

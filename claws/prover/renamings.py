"""Renamings of summed indices that make equal networks equal: evidence for the kernel's tensor reading.

Untrusted. The kernel names summed indices by refining colours, with the first choice among indices that stay alike; two networks
that are the same may so get different names. Here all choices are tried (individualisation and refinement, as in McKay's nauty),
and the least form is taken.
"""

from __future__ import annotations

from claws.kernel.core.errors import Meter, Refused
from claws.kernel.core.simplified import simplified_statement
from claws.kernel.core.statement import Statement
from claws.kernel.laws.by_tensors import tensor_residue
from claws.kernel.laws.evidence import ByTensors, Network
from claws.kernel.laws.labelling import LITERAL, Colours, first_cell, form_of, refined, split
from claws.kernel.laws.tensors import Tensors

MAX_CHOICES = 400
"""Labellings of one network that are tried; past it the least of these is taken."""


class LeastForms:
    """Renamings to the least form of each network that is asked about, kept as evidence (see `labelling.Renamings`)."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.found: dict[Network, tuple[int, ...]] = {}
        """The networks that are renamed; a network whose form is the least one is not here."""
        self._known: dict[Network, tuple[int, ...] | None] = {}

    def get(self, network: Network) -> tuple[int, ...] | None:
        """The renaming of a connected network to its least form, None where that is its own."""
        if network not in self._known:
            n = -min(i for _, _, ix in network for i in ix if i > LITERAL)
            form, colours = _Search(network, self.meter).least(dict.fromkeys(range(-n, 0), 0))
            self._known[network] = None if form == network else tuple(colours[-1 - k] for k in range(n))
        renaming = self._known[network]
        if renaming is not None:
            self.found[network] = renaming
        return renaming


class _Search:
    """The search for the least form of one network."""

    def __init__(self, network: Network, meter: Meter) -> None:
        self.network = network
        self.meter = meter
        self.choices = 0

    def least(self, colours: Colours) -> tuple[Network, Colours]:
        """The least form that refines these colours, and the colours that give it."""
        colours = refined(self.network, colours, self.meter)
        cell = first_cell(colours)
        if not cell:
            self.choices += 1
            return form_of(self.network, colours), colours
        best: tuple[Network, Colours] | None = None
        leaves: set[Network] = set()
        for i in cell:
            if self.choices > MAX_CHOICES and best is not None:
                break
            child = split(colours, i)
            leaf = self._first_leaf(child)
            if leaf in leaves:
                # a leaf seen before: an automorphism maps that choice to this one
                continue
            leaves.add(leaf)
            found = self.least(child)
            if best is None or found[0] < best[0]:
                best = found
        assert best is not None
        return best

    def _first_leaf(self, colours: Colours) -> Network:
        colours = refined(self.network, colours, self.meter)
        while cell := first_cell(colours):
            colours = refined(self.network, split(colours, cell[0]), self.meter)
        return form_of(self.network, colours)


def search_renamings(statement: Statement, evidence: ByTensors, meter: Meter) -> ByTensors | None:
    """The same evidence with renamings under which the residue vanishes; None where no renaming helps."""
    least = LeastForms(meter)
    simple = simplified_statement(statement)
    try:
        residue = tensor_residue(simple, Tensors(simple.program, meter, least))
    except Refused:
        return None
    if not least.found or residue.left or residue.drift:
        return None
    return ByTensors(evidence.sizes, tuple(least.found.items()))

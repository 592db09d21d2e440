"""Names for the summed indices of a network, so that equal networks mostly get equal names.

Not soundness-critical beyond this: the result is the same network with its summed indices renamed. Names come from refining
colours, with the first choice where a colour is shared. Where that tells equal networks apart, evidence may say how to rename one
(`evidence.ByTensors.renamings`); a renaming is checked to be one, and nothing is searched for here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from claws.kernel.core.errors import Malformed, Meter
from claws.kernel.core.sizes import Size
from claws.kernel.laws.evidence import Network, TensorFactor

LITERAL = -1_000_000
"""Indices at or below this are literal positions."""

Colours = dict[int, int]
"""The colours of summed indices; equal ones can't be told apart yet."""


class Renamings(Protocol):
    """What evidence says of networks that have one of several possible labellings."""

    def get(self, network: Network, /) -> tuple[int, ...] | None:
        """The new number of each summed index -1, -2, ... of a connected network, or None to leave it."""


def labelled(
    factors: Sequence[TensorFactor], bound: Mapping[int, Size], rank: int, meter: Meter, renamings: Renamings
) -> tuple[Network, bool]:
    """The factors in an order and with names for the summed indices, from `rank` on, and whether a choice was made.

    Connected parts (through summed indices) are labelled one by one: equal parts must not multiply the choices.
    """
    if not bound:
        meter.tick(1)
        return tuple(sorted(factors)), False
    tied = False
    forms: list[tuple[int, Network]] = []
    for part in _components(factors, bound):
        n, form, chosen = _labelled_part(part, bound, meter)
        if chosen:
            form, tied = renamed(form, n, renamings.get(form)), True
        forms.append((n, form))
    result = sorted(f for f in factors if not any(i in bound for i in f[2]))
    offset = rank
    for n, form in sorted(forms):
        # summed indices in a form are -1, -2, ..., -n
        result += [(s, e, tuple(offset - 1 - i if LITERAL < i < 0 else i for i in ix)) for s, e, ix in form]
        offset += n
    return tuple(result), tied


def renamed(form: Network, n: int, renaming: tuple[int, ...] | None) -> Network:
    """The same connected network with its n summed indices renamed. Raises `Malformed` unless each name is given once."""
    if renaming is None:
        return form
    if sorted(renaming) != list(range(n)):
        raise Malformed("a renaming of summed indices is no permutation of them")
    return tuple(
        sorted((s, e, tuple(-1 - renaming[-1 - i] if LITERAL < i < 0 else i for i in ix)) for s, e, ix in form)
    )


def _labelled_part(
    factors: Sequence[TensorFactor], bound: Mapping[int, Size], meter: Meter
) -> tuple[int, Network, bool]:
    """The number of summed indices of a connected network, its form, and whether a choice was made among alike indices."""
    summed = sorted({i for _, _, ix in factors for i in ix if i in bound})
    meter.tick(len(factors) + len(summed))
    colours = refined(factors, dict.fromkeys(summed, 0), meter)
    chosen = False
    while cell := first_cell(colours):
        chosen = True
        colours = refined(factors, split(colours, cell[0]), meter)
    return len(summed), form_of(factors, colours), chosen


def refined(factors: Sequence[TensorFactor], colours: Colours, meter: Meter) -> Colours:
    """Colours that tell indices apart by the factors they stand in and the colours beside them, as far as that goes."""
    # small numbers in the same order as (symbol, exponent): fractions are slow to hash
    tags = {pair: k for k, pair in enumerate(sorted({(s, e) for s, e, _ in factors}))}
    tagged = [(tags[s, e], ix) for s, e, ix in factors]
    while True:
        meter.tick(len(factors))
        seen: dict[int, list[tuple[object, ...]]] = {i: [] for i in colours}
        for tag, ix in tagged:
            # legs and literals keep colours of their own, below those of the summed indices
            shade = (tag, tuple(colours[i] if i in colours else i if i <= LITERAL else -1 - i for i in ix))
            for axis, i in enumerate(ix):
                if i in colours:
                    seen[i].append((shade, axis))
        signature = {i: (colours[i], tuple(sorted(seen[i]))) for i in colours}
        order = {v: k for k, v in enumerate(sorted(set(signature.values())))}
        new = {i: order[signature[i]] for i in colours}
        if len(order) == len(set(colours.values())):
            return new
        colours = new


def split(colours: Colours, i: int) -> Colours:
    """The colours with index i told apart from those of its own colour."""
    return {j: 2 * c + (1 if j != i and c == colours[i] else 0) for j, c in colours.items()}


def first_cell(colours: Colours) -> list[int]:
    """The indices of the first colour that several share; empty where all are told apart."""
    cells: dict[int, list[int]] = {}
    for i, c in colours.items():
        cells.setdefault(c, []).append(i)
    return next((cells[c] for c in sorted(cells) if len(cells[c]) > 1), [])


def form_of(factors: Iterable[TensorFactor], colours: Colours) -> Network:
    """The factors in order, with -1 - colour for each summed index."""
    return tuple(sorted((s, e, tuple(-1 - colours[i] if i in colours else i for i in ix)) for s, e, ix in factors))


def _components(factors: Sequence[TensorFactor], bound: Mapping[int, Size]) -> list[list[TensorFactor]]:
    """The factors that carry a summed index, grouped by which of them share one."""
    parent: dict[int, int] = {}

    def find(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for _, _, ix in factors:
        summed = [i for i in ix if i in bound]
        for i in summed:
            parent.setdefault(i, i)
            parent[find(i)] = find(summed[0])
    groups: dict[int, list[TensorFactor]] = {}
    for f in factors:
        first = next((i for i in f[2] if i in bound), None)
        if first is not None:
            groups.setdefault(find(first), []).append(f)
    return list(groups.values())

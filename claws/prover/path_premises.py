"""What generators along single paths rest on: nothing for one layer of relus, a premise for several, and what contradicts it.

A part of the accelerator that follows paths (`path_ranks.py`, which has the proofs): it is not in the kernel, and the trust line
of a theorem names it. What is looked at is seen modulo the number of the setting, at its pseudo-random parameters: arguments
that are not proportional there, or independent there, are so at almost all parameters.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import numpy.typing as npt

from claws.kernel.core.errors import Malformed, Meter, Refused
from claws.kernel.core.program import Apply, Call, Einsum, Leaf, Number, Program, Sum, Window, operands_of
from claws.kernel.counting.cells import is_partial
from claws.kernel.counting.evidence import Bundle
from claws.kernel.counting.points import CountedModel, has_data
from claws.kernel.counting.ranks import ResidueRows
from claws.readings.arrays import Reading
from claws.readings.points import ModularPoint

TOTAL = ("prod", "det")
"""Functions of whole arrays that have a value everywhere."""

SPARE = 4
"""Data beyond the number of units in a path at which arguments are compared, so that few are taken for related by chance."""

Units = npt.NDArray[np.int64]
"""Residues, or units by their flat places."""


def is_deep(model: CountedModel) -> bool:
    """Whether a unit stands behind another one, so that paths need a premise."""
    program = model.program
    return any(
        isinstance(program.nodes[m], Apply)
        for node in program.applications(model.outputs)
        for m in program.cone([node.operand])
    )


def check_paths(point: ModularPoint, bundles: Sequence[Bundle], meter: Meter) -> bool:
    """Whether generators along these paths need a premise. Raises `Refused` for what is no network of relus, and where

    the program contradicts the premise. Only outputs that a bundle names are looked at: a loss may see one of them alone.
    """
    program = point.program
    _check_outputs(point.model)
    needed = False
    for k in sorted({bundle.output for bundle in bundles}):
        if not 0 <= k < len(point.model.outputs):
            raise Malformed("a bundle of paths names an output that is not there")
        network = _Network(program, point.model.outputs[k])
        network.check_form()
        chains = [_chain(program, bundle) for bundle in bundles if bundle.output == k]
        longest = max(len(chain) for chain in chains)
        arguments = _Arguments(point, network.units, longest + SPARE, meter)
        arguments.check_kinks()
        if network.deep:
            needed = True
            network.check_weights()
            for chain in chains:
                arguments.check_crossing(chain)
    return needed


def _check_outputs(model: CountedModel) -> None:
    """Raises `Refused` where an output may have no value at some data, which could then not be where kinks are."""
    program = model.program
    for n in program.cone(model.outputs):
        node = program.nodes[n]
        partial = is_partial(node, dict(program.activations)) and not (isinstance(node, Apply) and _is_relu(node))
        if (partial or (isinstance(node, Call) and node.function not in TOTAL)) and has_data(program, n):
            raise Refused("an output may have no value at data where units are at their kinks")


def _is_relu(node: Apply) -> bool:
    return node.exponent is None and node.function == "relu"


def _chain(program: Program, bundle: Bundle) -> list[tuple[int, Units]]:
    """The relus of a bundle, each with the unit that is on in each row."""
    if not all(0 <= n < len(program.nodes) and len(places) == len(bundle.entries) for n, places in bundle.on):
        raise Malformed("a bundle of paths names a node that is not there, or has rows of different length")
    return [(n, np.array(places, dtype=np.int64)) for n, places in sorted(bundle.on)]


class _Network:
    """The form of what one output is made of: an affine function of units, each with an argument of its own."""

    def __init__(self, program: Program, output: int) -> None:
        self.program = program
        self.cone = program.cone([output])
        self.data: set[int] = set()
        """Nodes that depend on data."""
        self.behind: set[int] = set()
        """Nodes that depend on units."""
        self.units = [n for n in self.cone if isinstance(program.nodes[n], Apply)]
        for n in self.cone:
            node, operands = program.nodes[n], operands_of(program.nodes[n])
            if (isinstance(node, Leaf) and node.role == "input") or any(m in self.data for m in operands):
                self.data.add(n)
            if isinstance(node, Apply) or any(m in self.behind for m in operands):
                self.behind.add(n)
        self.deep = any(m in self.behind for n in self.units for m in operands_of(program.nodes[n]))

    def check_form(self) -> None:
        """Raises `Refused` unless the output is linear in units, which are relus of what is affine in data and inner units."""
        degree: dict[int, int] = {}
        for n in self.cone:
            node, operands = self.program.nodes[n], operands_of(self.program.nodes[n])
            degrees = [degree[m] for m in operands]
            match node:
                case Leaf(role="input"):
                    if node.domain != "real":
                        raise Refused(f"the data {node.name} are {node.domain}: units may not reach their kinks there")
                    degree[n] = 1
                case Leaf() | Number():
                    degree[n] = 0
                case Sum() | Window():
                    degree[n] = max(degrees)
                case Einsum():
                    if sum(m in self.behind for m in operands) > 1:
                        raise Refused("piecewise units are multiplied, so no path is followed through them")
                    degree[n] = sum(degrees)
                case Apply() if _is_relu(node):
                    if degrees[0] > 1:
                        raise Refused("the argument of a relu is not affine in the data, so its kink is not known")
                    degree[n] = 1
                case _:
                    raise Refused(f"paths are followed in networks of relus only, not through {_described(node)}")

    def check_weights(self) -> None:
        """Raises `Refused` unless inner units come into the argument of each other with weights whose signs are free."""
        for n in self.units:
            (argument,) = operands_of(self.program.nodes[n])
            if argument in self.behind and not self._is_weighted(argument):
                raise Refused(
                    "the signs of the weights between units are forced or tied, so which of their on/off patterns occur "
                    "is not known"
                )

    def _is_weighted(self, n: int) -> bool:
        """Whether inner units come into a node with a free weight each. Raises `Refused` where weights are shared."""
        node = self.program.nodes[n]
        if n not in self.behind:
            return True
        match node:
            case Window(operand):
                return self._is_weighted(operand)
            case Sum(terms):
                # of terms that are seen through the same weights later, one may have none of its own
                return sum(not self._is_weighted(m) for _, m in terms) == 0
            case Einsum(operands, labels, out, _):
                (k,) = (k for k, m in enumerate(operands) if m in self.behind)
                free = [set(row) for m, row in zip(operands, labels, strict=True) if self._is_free(m)]
                summed = set(labels[k]) - set(out)
                return any(summed <= row for row in free) and self._is_spread(operands[k])
        return False

    def _is_spread(self, n: int) -> bool:
        """Whether units come into a node that weights are put to one by one, or with weights of their own already."""
        node = self.program.nodes[n]
        if n not in self.behind or isinstance(node, Apply):
            return True
        match node:
            case Window(operand):
                return self._is_spread(operand)
            case Sum(terms):
                # a second term without weights would share those of the first
                bare = [m for _, m in terms if m in self.behind and not self._is_weighted(m)]
                return len(bare) <= 1 and all(self._is_spread(m) for m in bare)
            case Einsum(operands, labels, out, _):
                (k,) = (k for k, m in enumerate(operands) if m in self.behind)
                summed = set(labels[k]) - set(out)
                return self._is_weighted(n) or (not summed and self._is_spread(operands[k]))
        return False

    def _is_free(self, n: int) -> bool:
        """Whether a node is a parameter of either sign that nothing else in the network uses."""
        node = self.program.nodes[n]
        if not isinstance(node, Leaf) or node.role != "param" or node.domain == "positive":
            return False
        users = [m for m in self.cone for k in operands_of(self.program.nodes[m]) if k == n]
        return len(users) == 1


def _described(node: object) -> str:
    if isinstance(node, Apply):
        return node.function if node.exponent is None else "a power"
    return type(node).__name__.lower()


class _Arguments:
    """The arguments of units at some data, where every unit is on: residues, a column of samples for each unit."""

    def __init__(self, point: ModularPoint, units: Sequence[int], samples: int, meter: Meter) -> None:
        self.p = p = point.field.p
        self.meter = meter
        program = point.program
        # where every unit is on a relu is the identity
        nodes = [Sum(((Fraction(1), x.operand),)) if isinstance(x, Apply) else x for x in program.nodes]
        linear = Program(tuple(nodes), program.activations, program.functions, program.conditions)
        leaves = point.leaves(point.theta, 0, [("kink", k) for k in range(samples)])
        reading = Reading(linear, leaves, point.functions(), 0, meter)
        self.columns: dict[int, Units] = {}
        """Entries x samples, for the entries of each relu row by row."""
        for n in units:
            (operand,) = operands_of(program.nodes[n])
            values = reading.array(operand)
            whole = np.broadcast_to(values, (samples, *values.shape[1:])).reshape(samples, -1)
            self.columns[n] = whole.T.astype(np.int64) % p

    def check_kinks(self) -> None:
        """Raises `Refused` if two units share their kink, or one stands on one side of it for all data."""
        seen: set[tuple[int, ...]] = set()
        for columns in self.columns.values():
            self.meter.tick(columns.size)
            for column in columns.tolist():
                if all(x == column[0] for x in column):
                    raise Refused("the argument of a relu keeps its sign for all data, so it can't be switched by them")
                scale = pow(next(x for x in column if x), -1, self.p)
                direction = tuple(x * scale % self.p for x in column)
                if direction in seen:
                    raise Refused("two relus have proportional arguments and share their kink, so data switch both")
                seen.add(direction)

    def check_crossing(self, chain: Sequence[tuple[int, Units]]) -> None:
        """Raises `Refused` where the kinks of the units of a path can't cross beside those of others."""
        if not chain:
            return
        whole = np.concatenate(list(self.columns.values()))
        if len(whole) > len(chain) and not self._spans(whole, len(chain) + 1):
            raise Refused("there are too few inputs for the units of a path to be at their kinks, and no others")
        units = np.unique(np.stack([places for _, places in chain], axis=1), axis=0)
        slopes = []
        for (n, _), places in zip(chain, units.T, strict=True):
            if n not in self.columns or not np.all((places >= 0) & (places < len(self.columns[n]))):
                raise Refused("a path goes through a unit that its output does not have")
            column = self.columns[n][places]
            slopes.append((column[:, 1:] - column[:, :1]) % self.p)
        self.meter.tick(units.size * len(chain))
        # elimination in all paths at once, without divisions
        for k, x in enumerate(slopes):
            pivot = np.argmax(x != 0, axis=1)[:, None]
            top = np.take_along_axis(x, pivot, axis=1)
            if not np.all(top):
                raise Refused("there are too few inputs for the units of a path: their kinks can't cross")
            for j in range(k + 1, len(slopes)):
                below = np.take_along_axis(slopes[j], pivot, axis=1)
                slopes[j] = (slopes[j] * top - below * x) % self.p

    def _spans(self, columns: Units, wanted: int) -> bool:
        """Whether so many arguments are linearly independent as functions of the data."""
        rows = ResidueRows(self.p, self.meter)
        for column in columns:
            rows.add(column.tolist())
            if rows.rank >= wanted:
                return True
        return False

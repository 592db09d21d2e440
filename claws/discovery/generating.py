"""A generating set: laws whose gradients are independent at a point, so that none is a function of the others.

Untrusted. A product of laws, or any function of them, has a gradient in the span of theirs, and is left out by the rank alone.
Ranks modulo a prime at one point are lower bounds: what is kept is independent; what is left out is dependent but for an
accident, with a probability of about the degree over the prime.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from claws.discovery.ansatz import Ansatz, Coefficients
from claws.kernel.core.errors import Meter
from claws.kernel.core.flow import STATE
from claws.kernel.core.program import Leaf
from claws.kernel.counting.points import CountedModel, Setting
from claws.kernel.values.evaluation import fixed
from claws.readings.echelon import BATCH, Echelon, elimination_work
from claws.readings.modular import Residues
from claws.readings.points import ModularPoint

_INNER = 256
"""Products of residues that may be added up before a reduction."""


class GradientSpan:
    """The span of the gradients of laws at the pseudo-random point of a seed, whatever programs they stand in.

    Gradients are rows of residues, with the coordinates of the state as columns, its arrays in the order of their names.
    """

    def __init__(self, model: CountedModel, modulus: int, seed: int, meter: Meter) -> None:
        self.modulus = modulus
        self.seed = seed
        self.meter = meter
        # programs of one model may have its leaves in another order
        sizes = {leaf.name: math.prod(fixed(k) for k in leaf.shape) for _, leaf in model.program.leaves(*STATE)}
        self.places: dict[str, slice] = {}
        start = 0
        for name in sorted(sizes):
            self.places[name] = slice(start, start + sizes[name])
            start += sizes[name]
        self.rows = Echelon(modulus, start)
        self._letters: dict[int, tuple[Ansatz, Residues, Residues | None]] = {}

    @property
    def rank(self) -> int:
        """How many gradients are independent, at most the number of coordinates."""
        return self.rows.rank

    def add(self, gradients: Residues) -> int:
        """Add these rows to the span. Returns by how much the rank rose."""
        before = self.rank
        for start in range(0, len(gradients), BATCH):
            block = gradients[start : start + BATCH].copy()
            self.meter.tick(elimination_work(self.rows, len(block)))
            self.rows.add(block)
        return self.rank - before

    def news(self, gradients: Residues) -> bool:
        """Whether one of these rows is outside the span."""
        return bool(np.any(self.rows.rest(gradients)))

    def of_nodes(self, model: CountedModel, laws: Sequence[int]) -> Residues:
        """The gradients of all entries of these nodes of a model's program: entries x coordinates.

        Raises `Undefined` where one has no value at the point.
        """
        point = ModularPoint(model, Setting(self.modulus, self.seed), self.meter)
        blocks = list(point.law_gradients(laws))
        return self._arranged(point, np.concatenate(blocks) if blocks else np.zeros((0, self.rows.width)))

    def of_polynomial(self, ansatz: Ansatz, coefficients: Coefficients) -> Residues:
        """The gradient of a polynomial in the letters of an ansatz: 1 x coordinates."""
        values, jacobian = self._letters_at_point(ansatz)
        field = self.rows.field
        one = len(values) - 1
        degree = max(map(len, coefficients))
        monomials = np.array([[*m, *[one] * (degree - len(m))] for m in coefficients])
        c = np.array([float(x % self.modulus) for x in coefficients.values()])
        slopes = np.zeros(len(values))
        for t in range(degree):
            term = field.reduce(c)
            for s in range(degree):
                if s != t:
                    term = field.reduce(term * values[monomials[:, s]])
            np.add.at(slopes, monomials[:, t], term)
        slopes = field.reduce(slopes)[:-1]
        used = np.flatnonzero(slopes)
        total = np.zeros((1, self.rows.width))
        if jacobian is None:
            total[0, self._plain(ansatz)[used]] = slopes[used]
            return total
        for start in range(0, len(used), _INNER):
            part = used[start : start + _INNER]
            total = field.reduce(total + field.reduce(slopes[None, part] @ jacobian[part]))
        return total

    def _letters_at_point(self, ansatz: Ansatz) -> tuple[Residues, Residues | None]:
        """The values of the letters and 1, and their Jacobian (letters x coordinates); None for letters that are coordinates."""
        known = self._letters.get(id(ansatz))
        if known is None:
            point = ModularPoint(ansatz.model, Setting(self.modulus, self.seed), self.meter)
            reading = point.reading(point.theta, 0, None)
            values, rows = [], []
            plain = all(self._is_plain(ansatz, k) for k in range(len(ansatz.letters)))
            gradients: dict[int, Residues] = {}
            for letter in ansatz.letters:
                n, shape = letter.node, reading.shapes[letter.node]
                k = int(np.ravel_multi_index(letter.entry, shape)) if shape else 0
                x = reading.value(n)[0]
                values.append(0.0 if x is None else float(np.broadcast_to(x, (1, *shape)).reshape(-1)[k]))
                if not plain:
                    if n not in gradients:
                        gradients[n] = self.of_nodes(ansatz.model, [n])
                    rows.append(gradients[n][k])
            known = ansatz, np.array([*values, 1.0]), None if plain else np.stack(rows)
            self._letters[id(ansatz)] = known
        return known[1], known[2]

    def _is_plain(self, ansatz: Ansatz, k: int) -> bool:
        """Whether a letter is a coordinate."""
        node = ansatz.model.program.nodes[ansatz.letters[k].node]
        return isinstance(node, Leaf) and node.name in self.places

    def _plain(self, ansatz: Ansatz) -> np.ndarray:
        """The number of the coordinate that each letter is."""
        found = []
        for letter in ansatz.letters:
            leaf = ansatz.model.program.nodes[letter.node]
            assert isinstance(leaf, Leaf)
            shape = [fixed(k) for k in leaf.shape]
            found.append(
                self.places[leaf.name].start + (int(np.ravel_multi_index(letter.entry, shape)) if shape else 0)
            )
        return np.array(found, dtype=np.int64)

    def _arranged(self, point: ModularPoint, rows: Residues) -> Residues:
        """The rows with the coordinates of a point in the order of this span."""
        result = np.zeros((len(rows), self.rows.width))
        start = 0
        for name in point.state:
            size = math.prod(point.shapes[name])
            if name in self.places:
                result[:, self.places[name]] = rows[:, start : start + size]
            start += size
        return result

"""Linear and affine symmetries of a model, those that give a law apart from those that give none.

By Noether's theorem (see `claws.discovery.noether`) a symmetry gives a law iff it is the flow of P grad h for some h. Under
momentum the symmetries that give laws are isometries. The others are no laws, and say why a symmetry that somebody knows is none.

Untrusted, but what is listed has been checked exactly: by tensors, or by polynomials at the sizes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from claws.discovery.found import Notes
from claws.discovery.notation import ONE_OPERAND, Operand, Summand, sum_text
from claws.discovery.reconstruction import Combination, integral, rational_vectors, sparser
from claws.discovery.search_points import SearchPoint, points_of, random_states
from claws.discovery.symmetry_notation import NamedMatrices, along_axes, array_literal, exponential, transposed
from claws.kernel.core.errors import Malformed, Meter, NoRoot, OutOfBudget, Refused, Undefined
from claws.kernel.core.flow import gradient_flow
from claws.kernel.core.program import Node, Number, Program, Sum, Window
from claws.kernel.core.simplified import simplified
from claws.kernel.core.sizes import ONE, Size
from claws.kernel.core.statement import Statement
from claws.kernel.counting.bounds import simple_model
from claws.kernel.counting.jets import salt
from claws.kernel.counting.points import Changed, Setting
from claws.kernel.laws.by_polynomials import generic_point
from claws.kernel.laws.polynomials import Polynomials
from claws.kernel.laws.tensors import Tensors
from claws.kernel.values.evaluation import Array, directional, fixed, indices
from claws.kernel.values.evidence import Index
from claws.prover.renamings import LeastForms
from claws.readings.echelon import BATCH, Echelon, elimination_work, null_space
from claws.readings.flow import factors_of, moves_velocities
from claws.readings.modular import PRIMES, PrimeField, Residues
from claws.readings.points import ModularPoint
from claws.syntax import nodes
from claws.syntax.instances.instance import Instance
from claws.syntax.spec import Spec


@dataclass(frozen=True, slots=True)
class LinearSymmetryLimits:
    """How far the search for linear symmetries goes."""

    budget: int = 20_000_000
    """Elementary steps for the linear symmetries of one model, unless a meter is given."""
    unknowns: int = 3_000
    """A model with D parameters has D*(D + 1) unknowns; one with more than this is turned down."""
    proof_share: int = 40
    """One proof takes at most one part in so many of what is left of the budget."""
    states: int = 3
    """Random states at which a field is compared with a gradient under a preconditioner."""
    spare: int = 16
    """Equations beyond the number of unknowns."""


LIMITS = LinearSymmetryLimits()


@dataclass(frozen=True)
class LinearSymmetry:
    """A field theta' = M theta + c along which no output changes, at fixed sizes."""

    text: str
    """Its flow, where every parameter moves by itself, else the field, entry by entry."""
    is_gradient: bool
    """Whether it gives a law: it is P grad h for some h; under momentum, whether it is an isometry."""


def linear_symmetries(
    spec: Spec,
    sizes: Mapping[str, int] | None = None,
    seed: int = 0,
    meter: Meter | None = None,
    notes: Notes | None = None,
) -> list[LinearSymmetry]:
    """A basis of the affine fields theta' = M theta + c along which the outputs do not change, those that give a law first.

    Multiples of a shift by linear functions are left out: they are symmetries because the shift is. The fields are found modulo a
    prime and checked exactly; what is not shown within the budget is left out, and a note says so. Raises `Malformed` where
    a size is missing or the model has too many parameters, `Undefined` where it can't be evaluated modulo a prime, `SourceError`
    as elaboration does.
    """
    statement = Instance(spec, sizes or {}).statement_of(nodes.Name(spec.parameters()[0]))
    if statement.program.free_dims():
        raise Malformed(
            f"linear symmetries need fixed sizes: none is given for {', '.join(statement.program.free_dims())}"
        )
    search = _LinearSearch(statement, seed, meter or Meter(LIMITS.budget), Notes() if notes is None else notes)
    return search.run()


class _LinearSearch:
    """The search at fixed sizes, with D parameters.

    A field is a vector that has the entry M[i, j] under the key i*(D + 1) + j, and c[i] as if j were D.
    """

    def __init__(self, statement: Statement, seed: int, meter: Meter, notes: Notes) -> None:
        self.statement = statement
        self.seed = seed
        self.meter = meter
        self.notes = notes
        program = statement.program
        self.shapes = {leaf.name: tuple(fixed(k) for k in program.shapes[n]) for n, leaf in program.leaves("param")}
        self.entries = [(name, i) for name, shape in self.shapes.items() for i in indices(shape)]
        self.size = len(self.entries)
        self.s = "eps" if "s" in self.shapes else "s"
        if self.size * (self.size + 1) > LIMITS.unknowns:
            raise Malformed(f"{self.size} parameters are too many for linear symmetries to be looked for")

    def run(self) -> list[LinearSymmetry]:
        """The symmetries, those that give a law first; a note says what was not shown, or not listed.

        Raises `Undefined` where the model has no value at random points.
        """
        every = self._kernel()
        lawful = self._subspace(every, self._no_gradient)
        skew = [] if factors_of(self.statement.flow) else self._subspace(every, self._symmetry)
        shifts = [v for v in self._subspace(every, self._slope) if v]
        known = Echelon(PRIMES[0], self.size * (self.size + 1))
        result: list[LinearSymmetry] = []
        try:
            for basis, gives_law in ((lawful, True), (skew, False), (every, False)):
                for v in sorted(basis, key=lambda v: v not in shifts):
                    if known.add(self._residues(v)[None]):
                        if self._holds(v):
                            result.append(LinearSymmetry(self._text(v), gives_law))
                        else:
                            self.notes.add(
                                "linear symmetries that hold modulo a prime were not shown, and are left out"
                            )
                    if v in shifts:
                        for multiple in self._multiples(v):
                            known.add(multiple)
        except OutOfBudget:
            self.notes.add("linear symmetries were not all listed: the budget for them is used up")
        return result

    def _multiples(self, shift: Combination) -> Iterable[Residues]:
        """The products of a shift with each coordinate."""
        field = PrimeField(PRIMES[0])
        _, c = self._matrix(shift)
        for j in range(self.size):
            whole = np.zeros((self.size, self.size + 1))
            whole[:, j] = c
            yield field.reduce(whole.reshape(1, -1))

    def _residues(self, v: Combination) -> Residues:
        """A field modulo the first prime: its D*(D + 1) entries."""
        row = np.zeros(self.size * (self.size + 1))
        field = PrimeField(PRIMES[0])
        for k, c in v.items():
            row[k] = field.number(c)
        return row

    # --- the linear algebra ------------------------------------------------------------------------------------------

    def _kernel(self) -> list[Combination]:
        """All fields along which no output changes at random points, modulo a prime, as rational vectors."""
        s = self.statement
        model = Changed(s.program, s.outputs, gradient_flow(s.program))
        for prime, twisted in points_of(model):
            try:
                return self._kernel_at(SearchPoint(simple_model(model), Setting(prime, self.seed), self.meter, twisted))
            except NoRoot:
                continue
        raise Undefined("no points were found at which all square roots exist")

    def _kernel_at(self, point: ModularPoint) -> list[Combination]:
        """The same fields, from points modulo one prime. Raises `NoRoot` where square roots do not exist there."""
        field, width = point.field, self.size * (self.size + 1)
        equations = Echelon(field.p, width)
        for start in range(0, width + LIMITS.spare, BATCH):
            keys = point.with_own_states(start, BATCH, lambda keys: random_states(point, keys))
            if not point.roots:
                # a field may not depend on the constants: it must do for all of them
                for name in point.consts:
                    starts = [salt("linear const", point.seed, name, *key) for key in keys]
                    point.consts[name] = field.drawn(starts, point.shapes[name])
            theta = random_states(point, keys)
            moved = point.generators(theta, 0, keys)
            x, w = [], []
            for name in self.shapes:
                here, there = theta[name][0], moved.get(name, [None])[0]
                assert here is not None
                x.append(here.reshape(BATCH, -1))
                zero = np.zeros_like(here)
                w.append((zero if there is None else np.broadcast_to(there, here.shape)).reshape(BATCH, -1))
            state = np.concatenate([*x, np.ones((BATCH, 1))], axis=1)
            rows = field.reduce(np.concatenate(w, axis=1)[:, :, None] * state[:, None, :]).reshape(BATCH, width)
            self.meter.tick(elimination_work(equations, BATCH))
            if not equations.add(rows):
                break
        return sparser(rational_vectors(null_space(equations), field.p))

    def _subspace(
        self, basis: Sequence[Combination], condition: Callable[[Combination], Residues]
    ) -> list[Combination]:
        """The combinations of these vectors that meet a linear condition."""
        if not basis:
            return []
        columns = np.stack([condition(v) for v in basis], axis=1)
        equations = Echelon(PRIMES[0], len(basis))
        for start in range(0, len(columns), BATCH):
            equations.add(columns[start : start + BATCH].copy())
        found = []
        for combination in rational_vectors(null_space(equations), PRIMES[0]):
            total: Combination = {}
            for a, c in combination.items():
                for k, x in basis[a].items():
                    total[k] = total.get(k, Fraction(0)) + c * x
            found.append(integral({k: c for k, c in total.items() if c}))
        return sparser(found)

    def _matrix(self, v: Combination) -> tuple[Residues, Residues]:
        """The matrix (D x D) and the shift (D) of a field, modulo the first prime."""
        whole = self._residues(v).reshape(self.size, self.size + 1)
        return whole[:, : self.size], whole[:, self.size]

    def _symmetry(self, v: Combination) -> Residues:
        """What is zero for a skew matrix without a shift."""
        m, c = self._matrix(v)
        return PrimeField(PRIMES[0]).reduce(np.concatenate([(m + m.T).reshape(-1), c]))

    def _slope(self, v: Combination) -> Residues:
        """What is zero for a shift."""
        return self._matrix(v)[0].reshape(-1)

    def _no_gradient(self, v: Combination) -> Residues:
        """What is zero for a field X that gives a law.

        X/P then has a symmetric Jacobian; under momentum X/P is a constant isometry.
        """
        flow = self.statement.flow
        field = PrimeField(PRIMES[0])
        m, c = self._matrix(v)
        if not factors_of(flow):
            return field.reduce((m + m.T if moves_velocities(flow) else m - m.T).reshape(-1))
        residues = []
        for theta, p, slope in self._preconditioners:
            x = field.reduce(field.reduce(m @ theta) + c)
            inverse = field.power(p, -1)
            jacobian = field.reduce(inverse[:, None] * m)
            if moves_velocities(flow):
                residues.append(jacobian + jacobian.T)
                continue
            square = field.reduce(field.reduce(inverse * inverse) * x)
            jacobian = field.reduce(jacobian - field.reduce(square[:, None] * slope))
            residues.append(jacobian - jacobian.T)
        return field.reduce(np.concatenate(residues).reshape(-1))

    @cached_property
    def _preconditioners(self) -> list[tuple[Residues, Residues, Residues]]:
        """The state, the factors of the flow, and the derivatives of these, at random states."""
        return [self._preconditioner(self.seed + k) for k in range(1, LIMITS.states + 1)]

    def _preconditioner(self, seed: int) -> tuple[Residues, Residues, Residues]:
        """The state (D), the factors of the flow there (D), and their derivatives (D x D), at the point of a seed."""
        s = self.statement
        point = ModularPoint(Changed(s.program, s.outputs, s.flow), Setting(PRIMES[0], seed), self.meter)
        reading = point.reading(point.theta, 0, None)
        factors = factors_of(s.flow)
        theta, p = [], []
        slope = np.zeros((self.size, self.size))
        start = 0
        offsets = {}
        for name in point.state:
            offsets[name] = start
            start += math.prod(point.shapes[name])
        own = [offsets[name] + k for name, shape in self.shapes.items() for k in range(math.prod(shape))]
        row = 0
        for name, shape in self.shapes.items():
            count = math.prod(shape)
            here = point.theta[name][0]
            assert here is not None
            theta.append(here.reshape(-1))
            if name in factors:
                value = reading.value(factors[name])[0]
                p.append(np.zeros(count) if value is None else np.broadcast_to(value, (1, *shape)).reshape(-1))
                slope[row : row + count] = np.concatenate(list(point.law_gradients([factors[name]])))[:, own]
            else:
                p.append(np.ones(count))
            row += count
        return np.concatenate(theta), np.concatenate(p), slope

    # --- exactly -----------------------------------------------------------------------------------------------------

    def _holds(self, v: Combination) -> bool:
        """Whether no output changes along the field: by tensors or by polynomials, exactly."""
        limit, self.meter.limit = (
            self.meter.limit,
            self.meter.used + (self.meter.limit - self.meter.used) // LIMITS.proof_share,
        )
        try:
            return self._by_tensors(v) or self._by_polynomials(v)
        except Refused:
            return False
        finally:
            self.meter.limit = limit

    def _by_tensors(self, v: Combination) -> bool:
        """Whether the derivative of every output along the field vanishes as a tensor."""
        p = self.statement.program
        written: list[Node] = list(p.nodes)
        place = {leaf.name: n for n, leaf in p.leaves("param")}

        def put(node: Node) -> int:
            """Append a node."""
            written.append(node)
            return len(written) - 1

        terms: dict[str, list[tuple[Fraction, int]]] = {}
        for k, c in v.items():
            i, j = divmod(k, self.size + 1)
            n = put(Number(ONE))
            if j < self.size:
                other, index = self.entries[j]
                n = place[other]
                for position, size in zip(index, p.shapes[n], strict=True):
                    n = put(Window(n, 0, Size.of(position), (), (), size))
            name, index = self.entries[i]
            for length, position in zip(reversed(self.shapes[name]), reversed(index), strict=True):
                n = put(Window(n, 0, Size.of(position), (), (), Size.of(length), transposed=True))
            terms.setdefault(name, []).append((c, n))
        fields = {name: put(Sum(tuple(own))) for name, own in terms.items()}
        program, moved = simplified(Program(tuple(written), p.activations, p.functions, p.conditions))
        t = Tensors(program, self.meter, LeastForms(self.meter))
        tangents = {moved[place[name]]: t.opened(t.value(moved[n])) for name, n in fields.items()}
        pushed = t.push([moved[n] for n in self.statement.outputs], tangents)
        return all(t.vanishes(x) for x in pushed.values())

    def _by_polynomials(self, v: Combination) -> bool:
        """Whether the derivative of every output along the field vanishes as a polynomial.

        Raises `Refused` where there are no polynomials.
        """
        program = self.statement.program
        ring = Polynomials(dict(program.activations), self.meter)
        leaves = generic_point(program, ring)
        direction: dict[str, Array] = {}
        for k, c in v.items():
            i, j = divmod(k, self.size + 1)
            name, index = self.entries[i]
            term = ring.number(c)
            if j < self.size:
                other, place = self.entries[j]
                term = term * leaves[other][place]
            own = direction.setdefault(name, {})
            own[index] = own[index] + term if index in own else term
        residue = directional(program, self.statement.outputs, leaves, direction, ring, self.meter)
        return all(ring.vanishes(y) for x in residue.values() for y in x.values())

    # --- as text -----------------------------------------------------------------------------------------------------

    def _text(self, v: Combination) -> str:
        """The flow of the field where every parameter moves by itself, else the field, entry by entry."""
        matrices = NamedMatrices(set(self.shapes), self.s)
        parts = []
        for name in self.shapes:
            own = {k: c for k, c in v.items() if self.entries[k // (self.size + 1)][0] == name}
            if own:
                parts.append(self._by_matrices(name, own, matrices))
        if all(part is not None for part in parts):
            return ", ".join([*(p for p in parts if p is not None), *matrices.definitions()])
        return ", ".join(self._entry_text(v))

    def _by_matrices(self, name: str, own: Combination, matrices: NamedMatrices) -> str | None:
        """How one parameter moves, along its axes or by a shift, as text; None where others take part, or it has no such form."""
        shape = self.shapes[name]
        linear: dict[tuple[Index, Index], Fraction] = {}
        shift: dict[Index, Fraction] = {}
        for k, c in own.items():
            i, j = divmod(k, self.size + 1)
            if j == self.size:
                shift[self.entries[i][1]] = c
            elif self.entries[j][0] != name:
                return None
            else:
                linear[self.entries[i][1], self.entries[j][1]] = c
        if shift:
            return None if linear else f"{name} -> {name} + {self.s}*{array_literal(shift, shape)}"
        found = along_axes(linear, shape)
        if found is None:
            return None
        scale, by_axis = found
        before = after = where = ""
        if scale:
            before = exponential(scale, self.s) + " "
        for axis, matrix in by_axis.items():
            # theta'[.., j, ..] = sum of theta[.., x, ..] * matrix[x, j]
            if len(shape) <= 2 and axis == 0:
                before += f"exp({matrices.times_s(transposed(matrix))}) "
            elif len(shape) == 2:
                after += f" exp({matrices.times_s(matrix)})"
            else:
                after += f" exp({matrices.times_s(matrix)})"
                where = f" (along axis {axis})"
        return f"{name} -> {before}{name}{after}{where}"

    def _entry_text(self, v: Combination) -> list[str]:
        """The field as differential equations, one for each entry that moves."""
        lines: dict[int, list[Summand]] = {}
        for k, c in sorted(v.items()):
            i, j = divmod(k, self.size + 1)
            lines.setdefault(i, []).append(
                Summand(c, "", Operand(self._entry_name(j)) if j < self.size else ONE_OPERAND)
            )
        return [f"d{self._entry_name(i)}/d{self.s} = {sum_text(terms)}" for i, terms in lines.items()]

    def _entry_name(self, k: int) -> str:
        """A coordinate as a file would write it."""
        name, index = self.entries[k]
        return f"{name}[{', '.join(map(str, index))}]" if index else name

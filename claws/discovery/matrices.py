"""Conservation laws for all sizes, from the bare model: which combinations of tensor networks are conserved.

Untrusted: every law that is handed on has been proved by the kernel. The residue of a law is linear in the law, so for
candidates m_1, m_2, ... of one shape the conserved sums c_1 m_1 + c_2 m_2 + ... are the kernel of a linear map. It is found
twice: modulo a prime at small sizes, which is quick and leaves few candidates; and, where what is left is not proved as it
stands, for all sizes, with the c_k as constants of which nothing is known and the networks of the residue's normal form as
coordinates.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations

import numpy as np

from claws.discovery.exact import reconstructed
from claws.discovery.found import FoundLaw, Notes
from claws.discovery.networks import (
    MAX_RANK,
    Candidate,
    Rate,
    Writer,
    Written,
    candidates,
    elements_of,
    with_entries,
)
from claws.discovery.notation import Term, law_text
from claws.discovery.points import SearchPoint, points_of, random_states
from claws.kernel.core.errors import Meter, NoRoot, OutOfBudget, Refused, Undefined
from claws.kernel.core.program import ROLES, Einsum, Leaf, Node, Power, Program, Shape, Sum, count_entries
from claws.kernel.core.simplified import simplified
from claws.kernel.core.statement import Statement
from claws.kernel.counting.bounds import Changed, simple_model
from claws.kernel.counting.points import coordinates
from claws.kernel.laws.by_tensors import tensor_residue
from claws.kernel.laws.tensors import Tensors
from claws.kernel.values.evaluation import fixed
from claws.prover.laws import prove_law
from claws.prover.renamings import LeastForms
from claws.prover.scaling import scaled_model
from claws.prover.sizes import smallest_sizes
from claws.readings.arrays import Reading, Theta
from claws.readings.echelon import Echelon, elimination_work, null_space
from claws.readings.modular import DrawnFunctions, Residues
from claws.readings.points import ModularPoint
from claws.syntax import nodes
from claws.syntax.instances.instance import Instance
from claws.syntax.parser import parse_expression
from claws.syntax.printer import print_expression
from claws.syntax.spec import Spec

BUDGET = 20_000_000
"""Elementary steps for one file, unless a meter is given."""

MAX_CANDIDATES = 400
"""Of one shape; with more, only the first are looked at."""

MAX_EXACT = 60
"""Of them, where the model can't be evaluated modulo a prime."""

EXACT_SHARE = 20
"""A residue with unknown coefficients takes at most one part in so many of the budget."""

MAX_ENTRIES = 600
"""A shape with more entries at the small sizes is left out."""

_ROWS = 256
"""Equations that are added to the linear system at a time, and the most samples."""

_SPARE = 16
"""Equations beyond the number of unknowns."""

_FIRST = 32
"""Samples that are drawn at first."""

MAX_POINT = 20_000
"""Sizes at which the leaves have more entries together are not small."""

MAX_TERMS = 50
"""Longer sums are not subtracted from others."""

ATTEMPTS = 4
"""Draws of samples until none of them divides by zero."""

PROOF_SHARE = 20
"""One proof takes at most one part in so many of the budget."""

Vector = dict[int, Fraction]
"""Coefficients by the number of a candidate."""


def matrix_laws(
    spec: Spec, sizes: Mapping[str, int] | None = None, degree: int = 2, seed: int = 0, meter: Meter | None = None
) -> list[FoundLaw]:
    """Laws of the model for all sizes (those given in `sizes` apart), independent of each other, the strongest first.

    Deterministic for a seed and a meter without a clock. Where the meter runs out, what was found until then is returned.
    Raises `SourceError` where the model has no meaning without further sizes.
    """
    found: list[FoundLaw] = []
    for law in search_matrix_laws(spec, sizes, degree, seed, meter):
        found.append(law)
    return found


def search_matrix_laws(
    spec: Spec,
    sizes: Mapping[str, int] | None = None,
    degree: int = 2,
    seed: int = 0,
    meter: Meter | None = None,
    notes: Notes | None = None,
) -> Iterator[FoundLaw]:
    """The same, one by one as they are found. `notes` says what was left out."""
    notes = Notes() if notes is None else notes
    search = _Search(spec, dict(sizes or {}), degree, seed, meter or Meter(BUDGET), notes)
    try:
        yield from search.run()
    except OutOfBudget:
        notes.add("matrix identities were not all searched: the budget for them is used up")


@dataclass(frozen=True)
class _Group:
    """Candidates of one shape, and where they are in the program."""

    shape: Shape
    members: list[Candidate]
    nodes: list[int]


class _Search:
    def __init__(self, spec: Spec, sizes: dict[str, int], degree: int, seed: int, meter: Meter, notes: Notes) -> None:
        self.spec = spec
        self.sizes = sizes
        self.degree = degree
        self.seed = seed
        self.meter = meter
        self.notes = notes
        self.instance = Instance(spec, sizes)
        # any law will do: it is the model that is looked at
        self.model = self.instance.statement_of(nodes.Name(spec.parameters()[0]))
        self.scaled: Changed
        self.program: Program
        self.point: ModularPoint
        self.reading: Reading
        self.jacobian: Echelon

    # --- the way ---------------------------------------------------------------------------------------------------

    def run(self) -> Iterator[FoundLaw]:
        groups = self.groups()
        samples = self._samples()
        for group in groups:
            yield from self._laws_of(group, samples)

    def groups(self) -> list[_Group]:
        """The candidates, in the order in which they are looked at; `program` has their nodes then."""
        self.scaled, weights = scaled_model(self.model)
        put = Writer(self.scaled.program)
        friction = self.spec.dynamics.momentum
        flow = Written(tuple(self.spec.preconditions), "" if friction is None else print_expression(friction))
        elements = elements_of(self.scaled, weights, flow, self.degree, put)
        for e in elements:
            if len(e.shape) > MAX_RANK:
                self.notes.add(f"matrix identities have {e.text} as a whole only: it has more than {MAX_RANK} axes")
        by_shape: dict[tuple[int, Shape], list[Candidate]] = {}
        for c in candidates(elements, self.degree, self._rates(self.scaled, put)):
            by_shape.setdefault((c.degree, c.shape), []).append(c)
            self.meter.tick()
        # laws of degree 1 first, so that no product of them is a law of degree 2; then the largest arrays
        declared = {d: k for k, d in enumerate(self.spec.dims)}

        def place(key: tuple[int, Shape]) -> tuple[int, int, list[list[int]], list[str]]:
            degree, shape = key
            return degree, -len(shape), [sorted(declared[d] for d in n.dims()) for n in shape], [str(n) for n in shape]

        groups = []
        for degree, shape in sorted(by_shape, key=place):
            members = by_shape[degree, shape] + (by_shape.get((1, shape), []) if degree == 2 else [])
            members.sort(key=lambda c: (c.mixing, c.degree))
            if len(shape) == 1 or (degree == 1 and len(shape) == 2):
                members = with_entries(members)
            if len(members) > MAX_CANDIDATES:
                self.notes.add(
                    f"{len(members) - MAX_CANDIDATES} of {len(members)} terms of matrix identities of shape "
                    f"[{', '.join(map(str, shape))}] were not looked at, products of different parameters first"
                )
            members = members[:MAX_CANDIDATES]
            groups.append(_Group(shape, members, [put.candidate(c) for c in members]))
        self.program = put.finished()
        return groups

    def _laws_of(self, group: _Group, samples: _Samples | None) -> Iterator[FoundLaw]:
        """The new laws of one group."""
        left: set[int] = set()
        if samples is None:
            left = set(range(min(len(group.members), MAX_EXACT)))
            if len(group.members) > MAX_EXACT:
                self.notes.add(
                    f"{len(group.members) - MAX_EXACT} of {len(group.members)} terms of matrix identities were not "
                    "looked at: the model can't be evaluated modulo a prime"
                )
        for v in self._modular_kernel(group, samples):
            if self._is_new(group, v):
                law = self._proved(group, v)
                if law is None:
                    left.update(v)
                else:
                    self._keep(group, v)
                    yield law
        # what is conserved at small sizes alone is left; some sums of it may be so for all
        for v in self._exact_kernel(group, sorted(left)) if left else []:
            if self._is_new(group, v):
                law = self._proved(group, v)
                if law is not None:
                    self._keep(group, v)
                    yield law

    def _modular_kernel(self, group: _Group, samples: _Samples | None) -> list[Vector]:
        try:
            found = samples.kernel(group) if samples is not None else []
            # sums before quotients: log(u) - log(v) rather than u/v
            return sorted(found, key=lambda v: any(group.members[k].is_quotient for k in v))
        except Undefined:
            return []  # a point at which a candidate has no value

    # --- proofs ----------------------------------------------------------------------------------------------------

    def _proved(self, group: _Group, v: Vector) -> FoundLaw | None:
        """The law, if the kernel accepts it as it accepts a law of a file."""
        text = self._text(group, v)
        expression = parse_expression(text)
        statement = self.instance.statement_of(expression)
        meter = Meter(max(1, self.meter.limit // PROOF_SHARE), self.meter.seconds)
        try:
            evidence = prove_law(statement, meter)
        except Refused as problem:
            self.notes.add(f"{text} was not proved for all sizes: {problem}")
            evidence = None
        self.meter.tick(meter.used)
        if evidence is None:
            return None
        return FoundLaw(text, bool(statement.program.free_dims()), dict(self.sizes))

    def _text(self, group: _Group, v: Vector) -> str:
        """The shortest text over the orders of the result's axes."""
        texts = []
        places = sorted(v, key=lambda k: (*group.members[k].place, k))
        sign = 1 if v[places[0]] > 0 else -1
        first = {c.entry for k in v if (c := group.members[k]).entry is not None}
        for order in permutations(range(len(group.shape))):
            if first <= set(order[:1]):
                terms = [Term(sign * v[k], group.members[k].weight, group.members[k].text(order)) for k in places]
                texts.append(law_text(terms))
        return min(texts, key=len)

    def _rates(self, model: Changed, put: Writer) -> dict[str, Rate]:
        """By parameter what its squares are divided by: its learning rate or constant preconditioner, where these differ."""
        program, flow = model.program, model.flow
        factors = dict(flow.factors)
        params = [leaf.name for _, leaf in program.leaves("param")]
        if len({factors.get(name) for name in params}) < 2:
            return {}
        given = self.spec.dynamics.rate
        found = {}
        for name, n in factors.items():
            roles = {node.role for m in program.cone([n]) if isinstance(node := program.nodes[m], Leaf)}
            rate = given.get(name, given.get(None))
            parts = [
                x for x in (rate, self.spec.preconditions[name][1] if name in self.spec.preconditions else None) if x
            ]
            if roles <= {"const"}:
                texts = [print_expression(x) for x in parts]
                text = texts[0] if len(texts) == 1 and re.fullmatch(r"\w+", texts[0]) else f"({'*'.join(texts)})"
                node = program.nodes[n]
                if isinstance(node, Einsum) and node.labels == ((),):
                    (n,) = node.operands  # one number, repeated
                found[name] = Rate(text, put.node(Power(n, Fraction(-1))), program.shapes[n])
        return found

    # --- at small sizes, modulo a prime ------------------------------------------------------------------------------

    def _samples(self) -> _Samples | None:
        """Random states and how generators move them there; None where the model can't be evaluated modulo a prime."""
        model = self.scaled
        dims = self.program.free_dims()
        options = small_sizes(model.program)
        if not options:
            raise Undefined("no sizes were found at which the model has a meaning")
        for sizes in options:
            small = Changed(model.program.at(sizes) if dims else model.program, model.outputs, model.flow)
            longer = self.program.at(sizes) if dims else self.program
            for prime, twisted in points_of(small):
                self.point = ModularPoint(Changed(longer, small.outputs, small.flow), prime, self.seed, self.meter)
                self.reading = self.point.reading(self.point.theta, 0, None)
                self.jacobian = Echelon(prime, coordinates(longer))
                try:
                    samples = _Samples(small, longer, prime, twisted, self.seed, self.meter, self.notes)
                    samples.more()
                except NoRoot:
                    continue
                except Undefined:
                    return None
                return samples
        return None

    # --- independence ------------------------------------------------------------------------------------------------

    def _gradients(self, group: _Group, v: Vector) -> Residues:
        """The gradient of every entry of the sum, in the coordinates of the state."""
        field, reading = self.point.field, self.reading
        count = math.prod(reading.shapes[group.nodes[0]])
        seed = np.eye(count).reshape(count, *reading.shapes[group.nodes[0]])
        pulled = reading.pull({group.nodes[k]: [field.reduce(field.number(c) * seed)] for k, c in v.items()})
        columns = []
        for name in self.point.state:
            part = pulled[name][0] if name in pulled else None
            size = math.prod(self.point.shapes[name])
            columns.append(np.zeros((count, size)) if part is None else part.reshape(count, size))
        return np.concatenate(columns, axis=1)

    def _is_new(self, group: _Group, v: Vector) -> bool:
        """Whether some entry of the sum is independent of the laws that are known, at a random point of small sizes."""
        before = list(self.jacobian.blocks)
        gain = self._add_rows(self._gradients(group, v))
        self.jacobian.blocks = before
        return gain > 0

    def _keep(self, group: _Group, v: Vector) -> None:
        self._add_rows(self._gradients(group, v))

    def _add_rows(self, rows: Residues) -> int:
        self.meter.tick(elimination_work(self.jacobian, len(rows)))
        return sum(self.jacobian.add(rows[k : k + _ROWS].copy()) for k in range(0, len(rows), _ROWS))

    # --- for all sizes -------------------------------------------------------------------------------------------------

    def _exact_kernel(self, group: _Group, chosen: Sequence[int]) -> list[Vector]:
        """Conserved sums of these candidates whatever the sizes, from one residue with constants for coefficients."""
        written: list[Node] = list(self.program.nodes)
        names: dict[str, int] = {}
        terms = []
        axes = tuple(range(len(group.shape)))
        for k in chosen:
            name = f"coefficient {k}"
            names[name] = k
            written.append(Leaf(name, "const", ()))
            written.append(Einsum((len(written) - 1, group.nodes[k]), ((), axes), axes, group.shape))
            terms.append((Fraction(1), len(written) - 1))
        written.append(Sum(tuple(terms)))
        p = self.program
        program = Program(tuple(written), p.activations, p.functions, p.conditions)
        simple, place = simplified(program)
        law = Statement(
            simple,
            tuple(place[n] for n in self.scaled.outputs),
            place[len(written) - 1],
            self.scaled.flow.placed(place),
        )
        limit = self.meter.limit
        self.meter.limit = min(limit, self.meter.used + limit // EXACT_SHARE)
        tensors = Tensors(simple, self.meter, LeastForms(self.meter))
        try:
            residue = tensor_residue(law, tensors)
        except Refused as problem:
            self.notes.add(f"sums of {len(chosen)} terms were not searched for identities for all sizes: {problem}")
            return []
        finally:
            self.meter.limit = limit
        numbers = {s.number: names[s.text] for s in tensors.symbols if s.kind == "leaf" and s.text in names}
        parts = [*residue.left.values(), *([] if residue.drift is None else [residue.drift])]
        equations: dict[object, Vector] = {}
        for j, tensor in enumerate(parts):
            for network, size in tensor.terms.items():
                own = [f for f in network if f[0] in numbers]
                if len(own) != 1:
                    return []
                rest = tuple(f for f in network if f[0] not in numbers)
                for monomial, c in size.terms:
                    row = equations.setdefault((j, rest, monomial), {})
                    k = numbers[own[0][0]]
                    row[k] = row.get(k, Fraction(0)) + c
        return rational_kernel(list(equations.values()), list(chosen))


class _Samples:
    """Random states at small sizes, a generator at each, and so one linear equation for each entry of a candidate."""

    def __init__(
        self, model: Changed, longer: Program, prime: int, twisted: bool, seed: int, meter: Meter, notes: Notes
    ) -> None:
        self.program = longer
        self.seed = seed
        self.meter = meter
        self.notes = notes
        self.point = SearchPoint(simple_model(model), prime, seed, meter, twisted)
        self.theta: Theta = {}
        self.field_there: Theta = {}
        self.readings: dict[tuple[int, int], Reading] = {}
        self.count = 0
        self.tried = 0

    def more(self) -> None:
        """Draw more samples. Raises `Undefined` where the model has no value modulo the prime: `NoRoot` for want of roots."""
        count = _FIRST if not self.count else _ROWS
        for attempt in range(ATTEMPTS):
            try:
                theta, moved = self._drawn(count)
                break
            except NoRoot:
                raise
            except Undefined:
                # perhaps a division by zero at one of the points, which others do not meet
                if attempt == ATTEMPTS - 1:
                    raise
        for name, x in theta.items():
            (a,), b = x, moved.get(name, [None])[0]
            assert a is not None
            b = np.zeros_like(a) if b is None else np.broadcast_to(b, a.shape)
            if self.count:
                (old,), (old_b,) = self.theta[name], self.field_there[name]
                a, b = np.concatenate([old, a]), np.concatenate([old_b, b])
            self.theta[name], self.field_there[name] = [a], [b]
        self.count += count

    def _drawn(self, count: int) -> tuple[Theta, Theta]:
        """So many random states, and a generator at each."""
        point = self.point
        start, self.tried = self.tried, self.tried + count
        keys = point.with_own_states(start, count, lambda keys: random_states(point, keys))
        theta = random_states(point, keys)
        return theta, point.generators(theta, 0, keys)

    def kernel(self, group: _Group) -> list[Vector]:
        """Sums of the candidates whose derivative along every generator is 0 modulo the prime, sparse, with small integers."""
        width = len(group.members)
        entries = 1
        for size in self.program.shapes[group.nodes[0]]:
            entries *= fixed(size)
        if entries > MAX_ENTRIES:
            self.notes.add(f"matrix identities with {entries} entries at small sizes were not searched")
            return []
        wanted = _FIRST // 2
        while wanted * entries < 2 * width + _SPARE:
            wanted *= 2
        while self.count < wanted:
            self.more()
        field = self.point.field
        equations = Echelon(field.p, width)
        start = 0
        while start < self.count:
            # where signals do not get through, samples say little: all that there are have the last word
            stop = wanted if not start else self.count
            rows = self._rows(group, slice(start, stop))
            for k in range(0, len(rows), _ROWS):
                self.meter.tick(elimination_work(equations, _ROWS))
                equations.add(rows[k : k + _ROWS].copy())
                if equations.rank == width:
                    return []
            start = stop
        return sparser(rational_vectors(null_space(equations), field.p))

    def _rows(self, group: _Group, part: slice) -> Residues:
        """An equation for each of these samples and each entry, a column for each candidate."""
        if (part.start, part.stop) not in self.readings:
            leaves: Theta = {
                name: [x[part] for x in (theta[0], self.field_there[name][0]) if x is not None]
                for name, theta in self.theta.items()
            }
            leaves.update({name: [x, None] for name, x in self.point.consts.items()})
            functions = DrawnFunctions(self.point.field, self.seed, dict(self.program.activations))
            self.readings[part.start, part.stop] = Reading(self.program, leaves, functions, 1, self.meter)
        reading = self.readings[part.start, part.stop]
        count = part.stop - part.start
        columns = []
        for n in group.nodes:
            slope = reading.value(n)[1]
            shape = (count, *reading.shapes[n])
            columns.append((np.zeros(shape) if slope is None else np.broadcast_to(slope, shape)).reshape(-1))
        return np.stack(columns, axis=1)


def small_sizes(program: Program) -> list[dict[str, int]]:
    """Sizes at which laws are looked for, the best first: small, but not so small that there are more laws than for others."""
    dims = program.free_dims()
    if not dims:
        return [{}]
    base = smallest_sizes(dims, program.bounds)
    trained = {d for n, _ in program.leaves("param") for size in program.shapes[n] for d in size.dims()}
    options = []
    for more in ((2, 3, 2), (2, 2, 2), (3, 2, 2), (1, 2, 2), (1, 1, 1), (0, 1, 1), (0, 0, 0)):
        sizes = {d: base[d] + more[k % 2 if d in trained else 2] for k, d in enumerate(dims)}
        try:
            if not program.bounds.hold_at(sizes):
                continue
            total = sum(fixed(count_entries(leaf.shape).at(sizes)) for _, leaf in program.leaves(*ROLES))
        except Refused:
            continue
        if total <= MAX_POINT:
            options.append(sizes)
    return options


def integral(v: Vector) -> Vector:
    """The multiple with coprime integers whose first coefficient is positive."""
    scale = math.lcm(*(c.denominator for c in v.values()))
    whole = {k: int(c * scale) for k, c in sorted(v.items())}
    common = math.gcd(*whole.values())
    if next(iter(whole.values())) < 0:
        common = -common
    return {k: Fraction(c, common) for k, c in whole.items()}


def rational_vectors(vectors: Iterable[Residues], prime: int) -> list[Vector]:
    """Those that are small rationals modulo the prime, as coprime integers."""
    found = []
    for v in vectors:
        entries = {int(k): reconstructed(int(v[k]) % prime, prime) for k in np.flatnonzero(v)}
        if all(c is not None for c in entries.values()):
            found.append(integral({k: c for k, c in entries.items() if c is not None}))
    return found


def rational_kernel(equations: Sequence[Vector], unknowns: Sequence[int]) -> list[Vector]:
    """A basis of the vectors on which all equations vanish, exactly."""
    pivots: dict[int, Vector] = {}
    for row in equations:
        row = {k: c for k, c in row.items() if c}
        for p, other in pivots.items():
            if p in row:
                row = _minus(row, row[p], other)
        if row:
            p = min(row)
            row = {k: c / row[p] for k, c in row.items()}
            pivots = {q: _minus(x, x[p], row) if p in x else x for q, x in pivots.items()}
            pivots[p] = row
    result = []
    for free in unknowns:
        if free not in pivots:
            result.append(integral({free: Fraction(1), **{p: -x[free] for p, x in pivots.items() if free in x}}))
    return sparser(result)


def sparser(vectors: Sequence[Vector]) -> list[Vector]:
    """Another basis, with fewer terms where subtracting one vector from another leaves fewer; the shortest first."""
    result = list(vectors)
    changed = True
    while changed:
        changed = False
        for i, v in enumerate(result):
            for j, w in enumerate(result):
                if i == j or len(w) > MAX_TERMS:
                    continue
                for k in w.keys() & v.keys():
                    new = _minus(v, v[k] / w[k], w)
                    if len(new) < len(v):
                        result[i] = v = integral(new)
                        changed = True
                        break
    return sorted(result, key=lambda v: (len(v), max(abs(c) for c in v.values()), sorted(v)))


def _minus(row: Vector, factor: Fraction, other: Vector) -> Vector:
    result = dict(row)
    for k, c in other.items():
        result[k] = result.get(k, Fraction(0)) - factor * c
    return {k: c for k, c in result.items() if c}

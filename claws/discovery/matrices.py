"""Conservation laws for all sizes, from the bare model: which combinations of tensor networks are conserved.

Untrusted: every law that is handed on has been proved by the kernel. The residue of a law is linear in the law, so for
candidates m_1, m_2, ... of one shape the conserved sums c_1 m_1 + c_2 m_2 + ... are the kernel of a linear map. It is found
twice: modulo a prime at small sizes, which is quick and leaves few candidates; and, where what is left is not proved as it
stands, for all sizes, with the c_k as constants of which nothing is known and the networks of the residue's normal form as
coordinates.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations

import numpy as np

from claws.discovery.candidates import LIMITS as CANDIDATE_LIMITS
from claws.discovery.candidates import (
    Candidate,
    CandidateWriter,
    FlowText,
    Rate,
    candidates,
    elements_of,
    with_entries,
)
from claws.discovery.found import FoundLaw, Notes
from claws.discovery.notation import Summand, sum_text
from claws.discovery.program_writer import continued
from claws.discovery.reconstruction import Combination, rational_kernel, rational_vectors, sparser
from claws.discovery.scaling import scaled_model
from claws.discovery.search_points import SearchPoint, points_of, random_states
from claws.kernel.core.errors import Meter, NoRoot, OutOfBudget, Refused, Undefined
from claws.kernel.core.program import (
    ROLES,
    Einsum,
    Leaf,
    Node,
    Program,
    Shape,
    Sum,
    count_entries,
    power,
)
from claws.kernel.core.simplified import simplified
from claws.kernel.core.statement import Statement
from claws.kernel.counting.bounds import simple_model
from claws.kernel.counting.points import Changed, Setting, coordinates
from claws.kernel.laws.by_tensors import tensor_residue
from claws.kernel.laws.tensors import Tensors
from claws.kernel.values.evaluation import fixed
from claws.prover.laws import prove_law
from claws.prover.least_sizes import smallest_sizes
from claws.prover.renamings import LeastForms
from claws.readings.arrays import Reading, Theta
from claws.readings.echelon import Echelon, elimination_work, null_space
from claws.readings.flow import factors_of
from claws.readings.modular import DrawnFunctions, Residues
from claws.readings.points import ModularPoint
from claws.syntax import nodes
from claws.syntax.instances.instance import Instance
from claws.syntax.parser import parse_expression
from claws.syntax.printer import print_expression
from claws.syntax.spec import Spec


@dataclass(frozen=True, slots=True)
class MatrixLimits:
    """How far the search for matrix identities goes, and in which portions it works."""

    budget: int = 20_000_000
    """Elementary steps for one file, unless a meter is given."""
    candidates: int = 400
    """With more candidates of one shape, only the first are looked at."""
    exact: int = 60
    """The same where the model can't be evaluated modulo a prime."""
    exact_share: int = 20
    """A residue with unknown coefficients takes at most one part in so many of the budget."""
    proof_share: int = 20
    """One proof takes at most one part in so many of the budget."""
    entries: int = 600
    """A shape with more entries at the small sizes is left out."""
    point: int = 20_000
    """Sizes at which the leaves have more entries together than this are not small."""
    draws: int = 4
    """How often samples are drawn until none of them divides by zero."""
    rows: int = 256
    """Equations that are added to the linear system at a time, and samples that are drawn at a time but for the first."""
    first: int = 32
    """Samples that are drawn at first."""
    spare: int = 16
    """Equations beyond the number of unknowns."""


LIMITS = MatrixLimits()


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
    """The laws that `matrix_laws` lists, one by one as they are found. `notes` says what was left out."""
    notes = Notes() if notes is None else notes
    search = _Search(spec, dict(sizes or {}), degree, seed, meter or Meter(LIMITS.budget), notes)
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
    """The search for one file: groups of candidates, a point of small sizes, and the gradients of what was found."""

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
        """The laws, group by group. Raises `OutOfBudget`, or `Undefined` where no sizes give the model a meaning."""
        groups = self.groups()
        samples = self._samples()
        for group in groups:
            yield from self._laws_of(group, samples)

    def groups(self) -> list[_Group]:
        """The candidates, in the order in which they are looked at; `program` has their nodes then."""
        self.scaled, weights = scaled_model(self.model)
        put = CandidateWriter(self.scaled.program)
        flow = FlowText(tuple(self.spec.preconditions), self.spec.dynamics.momentum)
        elements = elements_of(self.scaled, weights, flow, self.degree, put)
        for e in elements:
            if len(e.shape) > CANDIDATE_LIMITS.rank:
                self.notes.add(
                    f"matrix identities have {e.written.text} as a whole only: it has more than {CANDIDATE_LIMITS.rank} axes"
                )
        by_shape: dict[tuple[int, Shape], list[Candidate]] = {}
        for c in candidates(elements, self.degree, self._rates(self.scaled, put)):
            by_shape.setdefault((c.degree, c.shape), []).append(c)
            self.meter.tick()
        # laws of degree 1 first, so that no product of them is a law of degree 2; then the largest arrays
        declared = {d: k for k, d in enumerate(self.spec.dims)}

        def place(key: tuple[int, Shape]) -> tuple[int, int, list[list[int]], list[str]]:
            """What the groups are sorted by."""
            degree, shape = key
            return degree, -len(shape), [sorted(declared[d] for d in n.dims()) for n in shape], [str(n) for n in shape]

        groups = []
        for degree, shape in sorted(by_shape, key=place):
            members = by_shape[degree, shape] + (by_shape.get((1, shape), []) if degree == 2 else [])
            members.sort(key=lambda c: (c.mixing, c.degree))
            if len(shape) == 1 or (degree == 1 and len(shape) == 2):
                members = with_entries(members)
            if len(members) > LIMITS.candidates:
                self.notes.add(
                    f"{len(members) - LIMITS.candidates} of {len(members)} terms of matrix identities of shape "
                    f"[{', '.join(map(str, shape))}] were not looked at, products of different parameters first"
                )
            members = members[: LIMITS.candidates]
            groups.append(_Group(shape, members, [put.put_candidate(c) for c in members]))
        self.program = put.finished()
        return groups

    def _laws_of(self, group: _Group, samples: _Samples | None) -> Iterator[FoundLaw]:
        """The new laws of one group."""
        left: set[int] = set()
        if samples is None:
            left = set(range(min(len(group.members), LIMITS.exact)))
            if len(group.members) > LIMITS.exact:
                self.notes.add(
                    f"{len(group.members) - LIMITS.exact} of {len(group.members)} terms of matrix identities were not "
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

    def _modular_kernel(self, group: _Group, samples: _Samples | None) -> list[Combination]:
        """The sums of candidates that are conserved at small sizes modulo a prime, sums before quotients."""
        try:
            found = samples.kernel(group) if samples is not None else []
            # sums before quotients: log(u) - log(v) rather than u/v
            return sorted(found, key=lambda v: any(group.members[k].is_quotient for k in v))
        except Undefined:
            return []  # a point at which a candidate has no value

    # --- proofs ----------------------------------------------------------------------------------------------------

    def _proved(self, group: _Group, v: Combination) -> FoundLaw | None:
        """The law with these coefficients; None unless the kernel accepts it as it accepts a law of a file."""
        text = self._text(group, v)
        expression = parse_expression(text)
        statement = self.instance.statement_of(expression)
        meter = Meter(max(1, self.meter.limit // LIMITS.proof_share), self.meter.seconds)
        try:
            evidence = prove_law(statement, meter)
        except Refused as problem:
            self.notes.add(f"{text} was not proved for all sizes: {problem}")
            evidence = None
        self.meter.tick(meter.used)
        if evidence is None:
            return None
        return FoundLaw(text, bool(statement.program.free_dims()), dict(self.sizes))

    def _text(self, group: _Group, v: Combination) -> str:
        """The law as a file would write it: the shortest text over the orders of the result's axes."""
        texts = []
        places = sorted(v, key=lambda k: (*group.members[k].place, k))
        sign = 1 if v[places[0]] > 0 else -1
        first = {c.entry for k in v if (c := group.members[k]).entry is not None}
        for order in permutations(range(len(group.shape))):
            if first <= set(order[:1]):
                terms = [Summand(sign * v[k], group.members[k].weight, group.members[k].written(order)) for k in places]
                texts.append(sum_text(terms))
        return min(texts, key=len)

    def _rates(self, model: Changed, put: CandidateWriter) -> dict[str, Rate]:
        """The constant that divides the squares of a parameter: its learning rate times its preconditioner, where these differ.

        Parameters without one, or with one that is no constant, are not in the result.
        """
        program, flow = model.program, model.flow
        factors = factors_of(flow)
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
                text = "*".join(print_expression(x) for x in parts)
                if len(parts) != 1 or not _is_plain(parts[0]):
                    text = f"({text})"
                node = program.nodes[n]
                if isinstance(node, Einsum) and node.labels == ((),):
                    (n,) = node.operands  # one number, repeated
                found[name] = Rate(text, put.put(power(n, -1)), program.shapes[n])
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
                self.point = ModularPoint(
                    Changed(longer, small.outputs, small.flow), Setting(prime, self.seed), self.meter
                )
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

    def _gradients(self, group: _Group, v: Combination) -> Residues:
        """The gradient of every entry of the sum: entries x coordinates of the state."""
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

    def _is_new(self, group: _Group, v: Combination) -> bool:
        """Whether some entry of the sum is independent of the laws that are known, at a random point of small sizes."""
        before = list(self.jacobian.blocks)
        gain = self._add_rows(self._gradients(group, v))
        self.jacobian.blocks = before
        return gain > 0

    def _keep(self, group: _Group, v: Combination) -> None:
        """Remember the gradients of a law that was found."""
        self._add_rows(self._gradients(group, v))

    def _add_rows(self, rows: Residues) -> int:
        """Add gradients to those that are known. Returns by how much their rank rose."""
        self.meter.tick(elimination_work(self.jacobian, len(rows)))
        return sum(len(self.jacobian.add(rows[k : k + LIMITS.rows].copy())) for k in range(0, len(rows), LIMITS.rows))

    # --- for all sizes -------------------------------------------------------------------------------------------------

    def _exact_kernel(self, group: _Group, chosen: Sequence[int]) -> list[Combination]:
        """The sums of these candidates that are conserved for all sizes, from one residue with constants for coefficients."""
        written: list[Node] = list(self.program.nodes)
        names: dict[str, int] = {}
        terms = []
        axes = tuple(range(len(group.shape)))
        prefix = "c" + "_" * max(len(name) for _, name in self.program.declared())  # longer than any name that is taken
        for k in chosen:
            name = f"{prefix}{k}"
            names[name] = k
            written.append(Leaf(name, "const", ()))
            written.append(Einsum((len(written) - 1, group.nodes[k]), ((), axes), axes, group.shape))
            terms.append((Fraction(1), len(written) - 1))
        written.append(Sum(tuple(terms)))
        simple, place = simplified(continued(self.program, written))
        law = Statement(
            simple,
            tuple(place[n] for n in self.scaled.outputs),
            place[len(written) - 1],
            self.scaled.flow.placed(place),
        )
        limit = self.meter.limit
        self.meter.limit = min(limit, self.meter.used + limit // LIMITS.exact_share)
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
        equations: dict[object, Combination] = {}
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
    """Random states at small sizes, a generator at each: one linear equation for each entry of a candidate."""

    def __init__(
        self, model: Changed, longer: Program, prime: int, twisted: bool, seed: int, meter: Meter, notes: Notes
    ) -> None:
        self.program = longer
        self.seed = seed
        self.meter = meter
        self.notes = notes
        self.point = SearchPoint(simple_model(model), Setting(prime, seed), meter, twisted)
        self.theta: Theta = {}
        self.field_there: Theta = {}
        self.readings: dict[tuple[int, int], Reading] = {}
        self.count = 0
        self.tried = 0

    def more(self) -> None:
        """Draw more samples. Raises `Undefined` where the model has no value modulo the prime, `NoRoot` for want of roots."""
        count = LIMITS.first if not self.count else LIMITS.rows
        for attempt in range(LIMITS.draws):
            try:
                theta, moved = self._drawn(count)
                break
            except NoRoot:
                raise
            except Undefined:
                # perhaps a division by zero at one of the points, which others do not meet
                if attempt == LIMITS.draws - 1:
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
        """New random states, `count` of them, and one generator at each: arrays by name, with the states as first axis."""
        point = self.point
        start, self.tried = self.tried, self.tried + count
        keys = point.with_own_states(start, count, lambda keys: random_states(point, keys))
        theta = random_states(point, keys)
        return theta, point.generators(theta, 0, keys)

    def kernel(self, group: _Group) -> list[Combination]:
        """A basis of the sums whose derivative along every generator is 0 modulo the prime, sparse, with small integers."""
        width = len(group.members)
        entries = 1
        for size in self.program.shapes[group.nodes[0]]:
            entries *= fixed(size)
        if entries > LIMITS.entries:
            self.notes.add(f"matrix identities with {entries} entries at small sizes were not searched")
            return []
        wanted = LIMITS.first // 2
        while wanted * entries < 2 * width + LIMITS.spare:
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
            for k in range(0, len(rows), LIMITS.rows):
                self.meter.tick(elimination_work(equations, LIMITS.rows))
                equations.add(rows[k : k + LIMITS.rows].copy())
                if equations.rank == width:
                    return []
            start = stop
        return sparser(rational_vectors(null_space(equations), field.p))

    def _rows(self, group: _Group, part: slice) -> Residues:
        """The equations for some of the samples: (samples * entries) x candidates."""
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
        if total <= LIMITS.point:
            options.append(sizes)
    return options


def _is_plain(e: nodes.Expression) -> bool:
    """Whether an expression is a name or a whole number, which needs no parentheses as a divisor."""
    return isinstance(e, nodes.Name) or (isinstance(e, nodes.Number) and e.value.denominator == 1)

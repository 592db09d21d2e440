"""Deciding `count`, `complete` and `independent`: bounds from both sides until they meet, or the work ends.

Untrusted: a verdict is a theorem of the kernel, or it is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from claws.kernel.core.errors import Malformed, Meter, NoRoot, OutOfBudget, Refused, Undefined
from claws.kernel.core.program import Node, Program, renumbered
from claws.kernel.core.statement import Statement
from claws.kernel.counting.assumptions import check_assumptions
from claws.kernel.counting.bounds import Changed, bounds, compare, gradient_rank, simple_model
from claws.kernel.counting.entries import Entries
from claws.kernel.counting.evidence import Bundle, Evidence, NotConserved, Relation, Sandwich, Step, Tree
from claws.kernel.counting.jets import salt
from claws.kernel.counting.points import (
    MAX_LEVEL,
    CountedModel,
    Point,
    Ranks,
    coordinates,
    depth,
    has_data,
    is_root,
    parameters,
    roots_of,
)
from claws.kernel.counting.statements import Complete, Count, Independent
from claws.kernel.laws.evidence import ByPolynomials, ByTensors
from claws.kernel.theorem import Theorem, check
from claws.kernel.values.evidence import Witness
from claws.prover.array_ranks import SPARSE
from claws.prover.laws import decide_law, prove_law
from claws.prover.path_ranks import PathRanks
from claws.readings.echelon import BATCH, Echelon, elimination_work
from claws.readings.points import ModularPoint

if TYPE_CHECKING:
    from claws.prover.array_ranks import ArrayRanks


@dataclass(frozen=True, slots=True)
class CountingLimits:
    """How far the search for brackets and laws goes. Where it ends, the search gives up, with the bounds that it has."""

    pause: int = 3
    """Depths at which the rank may stand still before the search gives up: it can grow again."""
    idle: int = 2
    """Batches of elements of one form that may bring nothing before the next form is tried."""
    many: int = 1_000
    """With more coordinates than this, sparse generators are tried before a dense matrix."""
    seeds: int = 256
    """Points that are tried for each prime until square roots of functions of the parameters exist."""
    bracket: int = 24
    """The deepest brackets that are tried."""
    chain: int = MAX_LEVEL
    """The longest chain of brackets inside another bracket: each takes a nilpotent."""
    pair: int = 5
    """The longest chains that are bracketed with each other."""
    degree: int = 2
    """The degree of the polynomial laws that are looked for where the file names too few."""
    accelerated: int = 2_000
    """Below this estimate of work the kernel computes its ranks by itself, without an accelerator."""


LIMITS = CountingLimits()


@dataclass
class NumberOutcome:
    """What was found out about a number of laws. `theorem` is None for UNKNOWN; then `reason` says why."""

    theorem: Theorem | None = None
    reason: str = ""
    tried: list[str] = field(default_factory=list)
    found: dict[str, int] = field(default_factory=dict)
    """`parameters`, `count_at_least`, `count_at_most`, `bracket_depth`, ..."""
    used: list[str] = field(default_factory=list)
    """Names of the file's laws that the lower bound rests on, and formulas of laws that were found."""
    work: int = 0


@dataclass(frozen=True)
class KnownLaw:
    """A law of the file, at the sizes of the claim."""

    name: str
    statement: Statement


@dataclass(frozen=True)
class Conjectures:
    """What the counting takes laws and relations from that no file names. Each is proved before it counts.

    The search for these is `claws.discovery`, which builds on the prover, so the prover is handed it
    (`claws.discovery.conjectures`).
    """

    laws: Callable[[CountedModel, Callable[[], int], int, int, int, Meter], Iterator[tuple[str, Statement]]]
    """Given a model, how many laws are still wanted, a degree, a prime, a seed and a meter: laws, each with a text."""
    relations: Callable[[Independent, Sequence[int], int, int, Meter], Iterator[Relation]]
    """Given laws, the numbers of their distinct entries, a prime, a seed and a meter: relations between these entries."""


def decide_number(
    statement: Count | Complete | Independent,
    laws: Sequence[KnownLaw],
    conjectures: Conjectures,
    seed: int = 0,
    budget: int = 20_000_000,
    seconds: float | None = None,
    pure: bool = False,
) -> NumberOutcome:
    """Decide a claim: PROVED or REFUTED by a theorem, or UNKNOWN with a reason.

    `budget` counts elementary steps; `pure` has the kernel compute every rank by itself. Deterministic for a seed when no time is
    set. Raises `Refused` where the kernel turns down what it had accepted in parts.
    """
    search = NumberSearch(statement, laws, conjectures, seed, Meter(budget, seconds), pure)
    if isinstance(statement, Independent):
        return search.run(lambda: search.independent(statement))
    return search.run(lambda: search.number(statement))


def count_laws(
    model: Count,
    laws: Sequence[KnownLaw],
    conjectures: Conjectures,
    seed: int = 0,
    budget: int = 20_000_000,
    seconds: float | None = None,
    pure: bool = False,
) -> NumberOutcome:
    """The number of laws, whatever it is: a theorem about `count = k`, or bounds. The model's own number plays no part."""
    search = NumberSearch(model, laws, conjectures, seed, Meter(budget, seconds), pure)
    return search.run(lambda: search.tally(model))


def _roots(program: Program, nodes: Sequence[int]) -> list[int]:
    """The square roots that the values of some nodes need."""
    return [n for n in program.cone(nodes) if is_root(program.nodes[n])]


class NumberSearch:
    """One search for a number of laws, with what it has found so far: bounds from both sides."""

    def __init__(
        self,
        statement: Count | Complete | Independent,
        laws: Sequence[KnownLaw],
        conjectures: Conjectures,
        seed: int,
        meter: Meter,
        pure: bool,
    ) -> None:
        from claws.prover.array_ranks import ArrayRanks

        self.statement = statement
        self.laws = laws
        self.conjectures = conjectures
        self.meter = meter
        self.modulus, self.seed = self._point(seed)
        self.pure = pure
        self.ranks: ArrayRanks = ArrayRanks()
        self.outcome = NumberOutcome()
        self.program = statement.program
        self.proved: list[tuple[int, ByTensors | ByPolynomials]] = []
        self.steps: list[Step] = []
        self.paths: tuple[Bundle, ...] = ()
        self.at_least = 0
        self.at_most = self.coordinates = coordinates(statement.program)
        self.growing = False
        """Whether the rank of brackets was still growing at the last depth."""

    def _point(self, seed: int) -> tuple[int, int]:
        """A prime and a seed at which square roots of functions of the parameters exist, in the model and its laws."""
        from claws.readings.modular import PRIMES, PRIMES_WITH_ROOTS

        models: list[tuple[CountedModel, list[int]]] = [(self.statement, roots_of(self.statement))]
        models += [(law.statement, _roots(law.statement.program, [law.statement.law])) for law in self.laws]
        if isinstance(self.statement, Complete | Independent):
            models.append((self.statement, _roots(self.statement.program, self.statement.laws)))
        if not any(roots for _, roots in models):
            return PRIMES[0], seed
        for modulus in PRIMES_WITH_ROOTS:
            for attempt in range(LIMITS.seeds):
                here = salt("roots", seed, attempt) if attempt else seed
                try:
                    for model, roots in models:
                        fixed = [n for n in roots if not has_data(model.program, n)]
                        Point(model, modulus, here, self.meter).values(fixed)
                except NoRoot:
                    continue
                except Undefined:
                    break  # what is wrong will be said where the values are needed
                return modulus, here
        return PRIMES_WITH_ROOTS[0], seed

    def run(self, decide: Callable[[], Theorem | None]) -> NumberOutcome:
        """The outcome of a way to decide, which may end in a theorem, with bounds, or out of budget."""
        outcome = self.outcome
        try:
            outcome.theorem = decide()
        except OutOfBudget as problem:
            outcome.reason = "; ".join(x for x in (self.gap(), f"{problem}; raise it with --budget or --timeout") if x)
        except Refused as problem:
            outcome.reason = str(problem)
        outcome.work = self.meter.used
        if outcome.theorem is not None:
            outcome.found.update(outcome.theorem.found)
        return outcome

    # --- the number of laws ----------------------------------------------------------------------------------------

    def number(self, statement: Count | Complete) -> Theorem | None:
        """The theorem that decides a claim; None where the bounds do not decide it, for a reason that the outcome has.

        Raises `Refused`, out of budget among the reasons.
        """
        own = self._prove_own(statement) if isinstance(statement, Complete) else None
        if own is not None:
            return own
        for law in self.laws:
            self.add(law.name, law.statement)
        self.raise_lower()
        if not self._decided(statement):
            self.lower_upper(self.coordinates - self.at_least)
        if not self._decided(statement):
            self._find_laws()
        if not self._decided(statement):
            self.outcome.reason = self.gap()
            return None
        return self._close(statement)

    def tally(self, model: Count) -> Theorem | None:
        """The theorem about the number at which the bounds meet; None where they do not. Raises `Refused`."""
        for law in self.laws:
            self.add(law.name, law.statement)
        self.raise_lower()
        self.lower_upper(self.coordinates - self.at_least)
        if self.at_least < self.at_most:
            self._find_laws()
        if self.at_least < self.at_most:
            self.outcome.reason = self.gap()
            return None
        return self._close(replace(model, relation="=", number=self.at_least))

    def confirmed(self) -> Theorem:
        """The kernel's theorem about the number, where the bounds have met; else about the upper bound. Raises `Refused`."""
        assert isinstance(self.statement, Count)
        relation = "=" if self.at_least == self.at_most else "<="
        theorem = self._close(replace(self.statement, relation=relation, number=self.at_most))
        # without the paths on which it was resting, the bound has become another
        return theorem if theorem is not None else self.confirmed()

    def _close(self, statement: Count | Complete) -> Theorem | None:
        """The kernel's theorem from the bounds; None where these were hoped for only, and no longer decide the claim.

        Raises `Refused`.
        """
        try:
            return self._check(statement, self._sandwich(self.steps))
        except OutOfBudget:
            raise
        except Refused:
            if not self.paths:
                raise
        self._without_paths()
        if self._decided(statement):
            return self._check(statement, self._sandwich(self.steps))
        self.outcome.reason = self.gap()
        return None

    def _prove_own(self, statement: Complete) -> Theorem | None:
        """The theorem that a `complete` claim is false since one of its laws is not conserved; None where all are proved.

        Raises `Refused` where one is neither proved nor refuted.
        """
        for k, law in enumerate(statement.laws):
            own = Statement(statement.program, statement.outputs, law, statement.flow)
            outcome = decide_law(own, self.seed, self.meter.limit - self.meter.used, self.meter.seconds)
            theorem = outcome.theorem
            if theorem is None:
                raise Refused(f"one of the laws is not proved: {outcome.reason}")
            if isinstance(theorem.evidence, Witness):
                return self._check(statement, NotConserved(k, theorem.evidence))
            assert isinstance(theorem.evidence, ByTensors | ByPolynomials)
            self.proved.append((law, theorem.evidence))
        return None

    def add(self, name: str, law: Statement) -> bool:
        """Put a law that can be proved into the program. Returns whether it was; raises `OutOfBudget`."""

        try:
            # a law whose gradient can't be taken at the point (a root, a relu) is left out
            check_assumptions(law, [law.law], self.modulus, self.seed, self.meter)
            next(ModularPoint(law, self.modulus, self.seed, self.meter).law_gradients([law.law]), None)
        except OutOfBudget:
            raise
        except Refused:
            return False
        evidence = prove_law(law, self.meter)
        if evidence is None:
            return False
        program, (node,) = appended(self.program, law.program, [law.law])
        together = Changed(program, law.outputs, law.flow)
        try:
            # values of exp in two laws may be related (exp(t) and exp(2*t)): these laws can't be counted together
            check_assumptions(together, [*(n for n, _ in self.proved), node], self.modulus, self.seed, self.meter)
        except OutOfBudget:
            raise
        except Refused:
            return False
        if node not in (n for n, _ in self.proved):
            self.program = program
            self.proved.append((node, evidence))
            self.outcome.used.append(name)
        return True

    def raise_lower(self) -> None:
        """Set the lower bound to the rank of the gradients of the laws that are proved. Raises `Refused`."""
        found = bounds(self.statement, self._sandwich(()), lambda s, e: None, self.ranks, self.meter)
        self.at_least = found.at_least
        self.outcome.found.update(
            parameters=parameters(self.program), coordinates=self.coordinates,
            count_at_least=self.at_least, count_at_most=self.at_most,
            lie_dimension_at_least=self.coordinates - self.at_most,
        )  # fmt: skip

    def _sandwich(self, steps: Sequence[Step]) -> Sandwich:
        """The evidence for both bounds: the laws that are proved, and some of the brackets."""
        nodes = self.program.nodes[len(self.statement.program.nodes) :]
        return Sandwich(nodes, tuple(self.proved), tuple(steps), self.modulus, self.seed, self.paths)

    def _decided(self, statement: Count | Complete) -> bool:
        """Whether the bounds decide a claim, one way or the other."""
        low, high = self.at_least, self.at_most
        if isinstance(statement, Complete):
            rank = gradient_rank(statement, statement.laws, self.modulus, self.seed, self.ranks, self.meter)
            return rank >= high or rank < low
        return compare(statement, low, high) is not None

    def lower_upper(self, target: int, paths: bool = True) -> None:
        """Add brackets until their rank is the target, stands still, or the budget is used up. Raises `Refused`.

        With `paths`, a large network of relus has sparse generators tried first.
        """

        model = simple_model(self.statement)
        if paths and self.coordinates > LIMITS.many:
            self._follow_paths(model, target)
            if self.paths or self.coordinates > SPARSE:
                return
        # what the kernel would refuse in the end is refused before the work
        check_assumptions(model, (), self.modulus, self.seed, self.meter)
        point = ModularPoint(model, self.modulus, self.seed, self.meter)
        rows = Echelon(self.modulus, self.coordinates)
        pause = 0
        for trees in forms(bool(model.flow.drift)):
            start = rows.rank
            for tree in trees:
                count, before, idle = 0, rows.rank, 0
                # one idle batch may be bad luck: where relus are off, many elements are zero
                while rows.rank < target and idle < LIMITS.idle:
                    batch = min(BATCH, max(8, target - rows.rank + 4))
                    elements = point.elements(tree, len(self.steps), range(count, count + batch))
                    self.meter.tick(elimination_work(rows, batch))
                    idle = 0 if rows.add(elements) else idle + 1
                    count += batch
                if rows.rank > before:
                    self.steps.append(Step(tree, count))
                    self.ranks.remember(model, self.steps, self.modulus, self.seed, rows.rank)
                    self.at_most = self.coordinates - rows.rank
                    self.outcome.found.update(
                        bracket_depth=max(depth(s.tree) for s in self.steps),
                        lie_dimension_at_least=rows.rank, count_at_most=self.at_most,
                    )  # fmt: skip
            self.growing = rows.rank > start
            pause = 0 if self.growing or trees == [1] else pause + 1
            if rows.rank >= target or pause > LIMITS.pause:
                break

    def _follow_paths(self, model: CountedModel, target: int) -> None:
        """Take sparse generators instead of a dense matrix, where the model is a network of relus.

        If there are as many as are wanted they are hoped to be independent: it is the kernel that finds their rank.
        """
        from claws.prover.relu_paths import find_paths

        paths = find_paths(model)
        if sum(len(bundle.entries) for bundle in paths) == target:
            self.paths = paths
            self.at_most = self.coordinates - target
            self.outcome.found.update(bracket_depth=1, lie_dimension_at_least=target, count_at_most=self.at_most)

    def _without_paths(self) -> None:
        """Start again with a dense matrix: the hope for sparse generators was vain. Raises `Refused` where it is too large."""

        target, self.paths, self.at_most = self.coordinates - self.at_most, (), self.coordinates
        if self.coordinates > SPARSE:
            raise Refused(f"{self.gap()}; the model is too large for a dense matrix")
        self.lower_upper(target, paths=False)

    def _find_laws(self) -> None:
        """Add laws that the file does not have, until the bounds meet or there are no more."""

        def wanted() -> int:
            """How many laws are still missing."""
            return self.at_most - self.at_least

        for text, law in self.conjectures.laws(
            self.statement, wanted, LIMITS.degree, self.modulus, self.seed, self.meter
        ):
            before = self.at_least, self.program, list(self.proved), list(self.outcome.used)
            if self.add(text, law):
                self.raise_lower()
            if self.at_least == before[0]:
                # no news: it depends on the laws that are known
                _, self.program, self.proved, self.outcome.used = before
            if self.at_least >= self.at_most:
                break

    def gap(self) -> str:
        """What is known where the bounds do not meet, as a sentence; empty for `independent`."""
        if isinstance(self.statement, Independent):
            return ""
        text = f"the number of laws is at least {self.at_least} and at most {self.at_most}"
        if self.steps:
            deepest = max(depth(s.tree) for s in self.steps)
            text += f", by brackets of up to {deepest} generators; the rank "
            text += "was still growing" if self.growing else "had stopped growing, which is no proof"
        return text

    # --- independence ------------------------------------------------------------------------------------------------

    def independent(self, statement: Independent) -> Theorem | None:
        """The theorem that laws are independent, or that they are not; None where neither was shown. Raises `Refused`."""
        try:
            return self._check(statement, Sandwich((), (), (), self.modulus, self.seed))
        except (OutOfBudget, Undefined, Malformed):
            raise
        except Refused as problem:
            reason = str(problem)
        entries = Entries(statement, statement.laws, self.modulus, self.seed, self.meter)
        for relation in self.conjectures.relations(statement, entries.distinct, self.modulus, self.seed, self.meter):
            try:
                return self._check(statement, relation)
            except OutOfBudget:
                raise
            except Refused:
                self.outcome.tried.append("a relation between the laws modulo a prime, which does not hold exactly")
        rank = gradient_rank(statement, statement.laws, self.modulus, self.seed, self.ranks, self.meter)
        self.outcome.reason = (
            f"{rank} of {len(entries.distinct)} different entries have independent gradients at a random point, which is no "
            f"proof that the others depend on them; no polynomial relation of low degree was found ({reason})"
        )
        return None

    # --- the kernel ----------------------------------------------------------------------------------------------------

    def _check(self, statement: Count | Complete | Independent, evidence: Evidence) -> Theorem:
        """The kernel's theorem. Raises `Refused`."""
        # the kernel has work of its own: what the search has used up must not cost the verdict
        meter = Meter(self.meter.limit, self.meter.seconds)
        return check(
            statement,
            evidence,
            meter,
            PathRanks() if self.pure else accelerator(evidence, self.coordinates, self.ranks),
        )


def accelerator(evidence: Evidence, total: int, ranks: Ranks) -> Ranks | None:
    """What computes ranks for the kernel; None where its own are quick enough for this evidence."""
    if not isinstance(evidence, Sandwich):
        return None
    if evidence.paths:
        return ranks
    work = sum(step.count * 4 ** min(10, depth(step.tree) - 1) for step in evidence.steps) * total
    return ranks if work + total * total > LIMITS.accelerated else None


def forms(drift: bool) -> Iterable[list[Tree]]:
    """The brackets to try, by depth: balanced ones, and a generator with a balanced one.

    Where a drift moves the state, brackets with it again and again are what matters: chains, and pairs of chains.
    """
    yield [1]
    for d in range(2, LIMITS.bracket + 1):
        if not drift:
            yield [balanced(d)] + ([(1, balanced(d - 1))] if d > 3 else [])
            continue
        trees: list[Tree] = [balanced(d)]
        trees += [
            (chain(a), chain(d - a)) for a in range(1, d // 2 + 1) if d - a <= (LIMITS.chain if a == 1 else LIMITS.pair)
        ]
        yield list(dict.fromkeys(trees))


def chain(d: int) -> Tree:
    """The bracket [X1, [X2, [X3, ...]]] of `d` >= 1 generators."""
    return 1 if d == 1 else (1, chain(d - 1))


def balanced(d: int) -> Tree:
    """The bracket of `d` >= 1 generators that is as little deep as can be."""
    return 1 if d == 1 else (balanced(d // 2), balanced(d - d // 2))


def appended(program: Program, other: Program, roots: Sequence[int]) -> tuple[Program, list[int]]:
    """A program continued by what these roots of another need, and the places of the roots in it. Equal nodes are one."""
    place: dict[int, int] = {}
    nodes: list[Node] = list(program.nodes)
    known: dict[Node, int] = {node: n for n, node in enumerate(nodes)}
    for n in other.cone(roots):
        node = renumbered(other.nodes[n], place)
        if node not in known:
            known[node] = len(nodes)
            nodes.append(node)
        place[n] = known[node]
    if len(nodes) == len(program.nodes):
        return program, [place[r] for r in roots]
    return (
        Program(tuple(nodes), program.activations, program.functions, program.conditions),
        [place[r] for r in roots],
    )

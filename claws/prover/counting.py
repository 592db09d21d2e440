"""Deciding `count`, `complete` and `independent`: bounds from both sides until they meet, or the work ends.

Untrusted: a verdict is a theorem of the kernel, or it is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from claws.kernel.core.errors import Malformed, Meter, NoRoot, OutOfBudget, Refused, Undefined
from claws.kernel.core.finding import Premise
from claws.kernel.core.program import Node, Program, renumbered
from claws.kernel.core.statement import Statement
from claws.kernel.counting.bounds import Here, bounds, compare
from claws.kernel.counting.entries import Entries
from claws.kernel.counting.evidence import Evidence, NotConserved, Relation, Sandwich
from claws.kernel.counting.jets import salt
from claws.kernel.counting.points import (
    Changed,
    CountedModel,
    Point,
    Ranks,
    Setting,
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
from claws.prover.array_ranks import ArrayRanks, SearchRanks
from claws.prover.involutions import find_involution, one_field
from claws.prover.laws import decide_law, prove_law
from claws.prover.path_ranks import PathRanks
from claws.prover.upper_bounds import UpperBound


@dataclass(frozen=True, slots=True)
class CountingLimits:
    """How far the search for a point and for laws goes. Where it ends, the search gives up, with the bounds that it has."""

    seeds: int = 256
    """Points that are tried for each prime until square roots of functions of the parameters exist."""
    many: int = 8_000
    """With more coordinates than this, it is said why a law was left out."""
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
        self.statement = statement
        self.laws = laws
        self.conjectures = conjectures
        self.meter = meter
        self.modulus, self.seed = self._point(seed)
        self.pure = pure
        self.ranks = SearchRanks()
        self.outcome = NumberOutcome()
        self.program = statement.program
        self.proved: list[tuple[int, ByTensors | ByPolynomials]] = []
        self.involution = one_field(statement)
        named = statement.laws if isinstance(statement, Complete) else ()
        self.upper = UpperBound(statement, named, self.modulus, self.seed, self.ranks)
        self.left_out: list[str] = []
        """Laws whose gradients were not to be had."""
        self.at_least = 0
        self.coordinates = self.upper.coordinates
        self.below: tuple[Premise, ...] = ()
        """What the lower bound takes for granted."""

    @property
    def at_most(self) -> int:
        """The upper bound for the number of laws."""
        return self.coordinates - self.upper.rank

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
                        Point(model, Setting(modulus, here), self.meter).values(fixed)
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
        self._add_known()
        if not self._decided(statement):
            self.lower_upper(self.coordinates - self.at_least)
        if not self._decided(statement):
            self._find_laws()
        if not self._decided(statement):
            self.involve()
        if self._decided(statement):
            return self._close(statement)
        self._leave_open()
        return None

    def tally(self, model: Count) -> Theorem | None:
        """The theorem about the number at which the bounds meet; None where they do not. Raises `Refused`."""
        self._add_known()
        self.lower_upper(self.coordinates - self.at_least)
        if self.at_least < self.at_most:
            self._find_laws()
        if self.at_least < self.at_most:
            self.involve()
        if self.at_least < self.at_most:
            self._leave_open()
            return None
        return self._close(replace(model, relation="=", number=self.at_least))

    def _leave_open(self) -> None:
        """Say what is known where the bounds do not decide: of the upper one, what the kernel accepts."""
        if self.upper.rank and not self.upper.paths:
            statement = self.statement
            bound = Count(statement.program, statement.outputs, statement.flow, "<=", self.at_most)
            try:
                self._check(bound, self._sandwich())
            except OutOfBudget:
                raise
            except Refused as problem:
                self._take_back(str(problem))
        self.outcome.reason = self.gap()

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
            return self._check(statement, self._sandwich())
        except OutOfBudget:
            raise
        except Refused as problem:
            target, paths = self.upper.rank, self.upper.paths
            self._take_back(str(problem))
            if not paths:
                raise
        # without the paths, a dense matrix is tried
        self.lower_upper(target, paths=False)
        if self._decided(statement):
            return self._check(statement, self._sandwich())
        self.outcome.reason = self.gap()
        return None

    def _take_back(self, reason: str) -> None:
        """Drop the upper bound, which the kernel has not accepted."""
        self.upper.take_back(reason)
        self._note_upper()

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

    def _add_known(self) -> None:
        """Put the file's laws into the program: first those that count without a premise, then others that are needed."""
        under: list[KnownLaw] = []
        for law in self.laws:
            if self._premises(law.statement):
                under.append(law)
            else:
                self.add(law.name, law.statement)
        self.raise_lower()
        for law in under:
            self._add_for_news(law.name, law.statement)

    def _premises(self, law: Statement) -> tuple[Premise, ...]:
        """What counting a law takes for granted; nothing for one that can't be counted. Raises `OutOfBudget`."""
        try:
            return self._here(law, [law.law]).setting_of_gradients([law.law])[1]
        except OutOfBudget:
            raise
        except Refused:
            return ()

    def _add_for_news(self, name: str, law: Statement) -> None:
        """Put a law into the program if it raises the lower bound. Raises `Refused`."""
        before = self.at_least, self.program, list(self.proved), list(self.outcome.used), self.below
        if self.add(name, law):
            self.raise_lower()
        if self.at_least == before[0]:
            # no news: it depends on the laws that are known
            _, self.program, self.proved, self.outcome.used, self.below = before

    def add(self, name: str, law: Statement) -> bool:
        """Put a law that can be proved into the program. Returns whether it was; raises `OutOfBudget`."""

        try:
            # a law whose gradient can't be taken at the point (a root, a relu) is left out
            self._here(Changed(law.program, law.outputs, law.flow), [law.law]).gradients([law.law])
        except OutOfBudget:
            raise
        except Refused as problem:
            self.left_out.append(f"{name} is left out: {problem}")
            return False
        evidence = prove_law(law, self.meter)
        if evidence is None:
            return False
        try:
            # where the model does not have the law's activations, there is no such program
            program, (node,) = appended(self.program, law.program, [law.law])
            # values of exp in two laws may be related in a way that is not understood: these can't be counted together
            nodes = [*(n for n, _ in self.proved), node]
            self._here(Changed(program, law.outputs, law.flow), nodes).gradients(nodes)
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
        found = bounds(self.statement, self._sandwich(lower_only=True), lambda s, e: None, self.ranks, self.meter)
        self.at_least, self.below = found.at_least, found.below
        self.outcome.found.update(
            parameters=parameters(self.program), coordinates=self.coordinates,
            count_at_least=self.at_least, count_at_most=self.at_most,
            lie_dimension_at_least=self.coordinates - self.at_most,
        )  # fmt: skip

    def rank_of_laws(self) -> int:
        """How many laws there are by the gradients of those that are proved, as far as this was found out."""
        if self.involution is None:
            return self.at_least
        nodes = [n for n, _ in self.proved]
        longer = Changed(self.program, self.statement.outputs, self.statement.flow)
        return self._here(longer, nodes).gradients(nodes).rank

    def _sandwich(self, lower_only: bool = False) -> Sandwich:
        """The evidence for both bounds: the laws that are proved, and the elements of the Lie algebra."""
        nodes, upper = self.program.nodes[len(self.statement.program.nodes) :], self.upper
        steps = () if lower_only else tuple(upper.steps)
        return Sandwich(
            nodes=nodes,
            laws=tuple(self.proved),
            steps=steps,
            modulus=self.modulus,
            seed=self.seed,
            paths=() if lower_only else upper.paths,
            point=upper.point if steps else None,
            involution=self.involution,
        )

    def _here(self, model: CountedModel, laws: Sequence[int]) -> Here:
        """A model and laws at the true point that was found, or else at the pseudo-random one."""
        drawn = Sandwich((), (), (), self.modulus, self.seed, (), self.upper.point)
        return Here(model, laws, drawn, self.ranks, self.meter)

    def _decided(self, statement: Count | Complete) -> bool:
        """Whether the bounds decide a claim, one way or the other."""
        low, high = self.at_least, self.at_most
        if isinstance(statement, Complete):
            rank, _ = self._here(statement, statement.laws).gradients(statement.laws)
            return rank >= high or rank < low
        return compare(statement, low, high) is not None

    def lower_upper(self, target: int, paths: bool = True) -> None:
        """Lower the upper bound until the rank is the target or stands still. Raises `Refused`, out of budget among it."""
        try:
            self.upper.lower(target, self.meter, paths)
        finally:
            self._note_upper()

    def _note_upper(self) -> None:
        """Report the upper bound."""
        depth = {"bracket_depth": self.upper.depth} if self.upper.depth else {}
        self.outcome.found.pop("bracket_depth", None)
        self.outcome.found.update(lie_dimension_at_least=self.upper.rank, count_at_most=self.at_most, **depth)

    def _find_laws(self) -> None:
        """Add laws that the file does not have, until the bounds meet or there are no more."""

        def wanted() -> int:
            """How many laws are still missing."""
            return self.at_most - self.at_least

        for text, law in self.conjectures.laws(
            self.statement, wanted, LIMITS.degree, self.modulus, self.seed, self.meter
        ):
            self._add_for_news(text, law)
            if self.at_least >= self.at_most:
                break

    def involve(self) -> None:
        """Raise the lower bound to the upper one where the fields are in involution. Raises `Refused`."""
        if self.at_least == self.at_most or self.involution is not None:
            return
        rank = self.coordinates - self.at_most
        self.involution = find_involution(self.statement, rank, self.modulus, self.seed, self.meter)
        if self.involution is None:
            return
        try:
            self.raise_lower()
        except Refused:
            # the kernel takes too long over it, say: what is known without it stays
            self.involution = None
            raise
        self.outcome.used.append(f"{self.at_most} laws that need no formula: {rank} fields in involution (Frobenius)")

    def gap(self) -> str:
        """What is known where the bounds do not meet, as a sentence; empty for `independent`."""
        if isinstance(self.statement, Independent):
            return ""
        text = f"the number of laws is at least {self.at_least} and at most {self.at_most}"
        text += self.upper.text()
        if self.coordinates > LIMITS.many:
            text = "; ".join([text, *self.left_out[:1]])
        codes = [p.code for p in Premise if p in self.below or p in self.upper.premises]
        return f"{text}; under the premise{'s' if len(codes) > 1 else ''} {', '.join(codes)}" if codes else text

    # --- independence ------------------------------------------------------------------------------------------------

    def independent(self, statement: Independent) -> Theorem | None:
        """The theorem that laws are independent, or that they are not; None where neither was shown. Raises `Refused`."""
        try:
            return self._check(statement, Sandwich((), (), (), self.modulus, self.seed))
        except (OutOfBudget, Undefined, Malformed):
            raise
        except Refused as problem:
            reason = str(problem)
        entries = Entries(
            statement,
            statement.laws,
            self._here(statement, statement.laws).setting_of_gradients(statement.laws)[0],
            self.meter,
        )
        for relation in self.conjectures.relations(statement, entries.distinct, self.modulus, self.seed, self.meter):
            try:
                return self._check(statement, relation)
            except OutOfBudget:
                raise
            except Refused:
                self.outcome.tried.append("a relation between the laws modulo a prime, which does not hold exactly")
        rank, _ = self._here(statement, statement.laws).gradients(statement.laws)
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
            # what the search remembers is no evidence: the kernel's ranks are computed for it
            PathRanks() if self.pure else accelerator(evidence, self.coordinates, ArrayRanks()),
        )


def accelerator(evidence: Evidence, total: int, ranks: Ranks) -> Ranks | None:
    """What computes ranks for the kernel; None where its own are quick enough for this evidence."""
    if not isinstance(evidence, Sandwich):
        return None
    if evidence.paths:
        return ranks
    work = sum(step.count * 4 ** min(10, depth(step.tree) - 1) for step in evidence.steps) * total
    return ranks if work + total * total > LIMITS.accelerated else None


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

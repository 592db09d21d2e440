"""`claws test` on one law: a property test by hypothesis, and training.

Not trusted, and no verdict: `claws check` decides. A law is tried exactly at random points, along gradient flows of random
training problems, and in steps of gradient descent. What these find against a verdict is a bug of claws, and is reported as one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import product
from typing import Any

from claws.syntax.instances.instance import Instance
from claws.testing.exact import ExactRate, NoValue, floating, residue, shape_of

# isort: split
import hypothesis
import numpy as np
from hypothesis import HealthCheck, Phase, assume, settings
from hypothesis import strategies as st

from claws.flows.problem import (
    CannotTrain,
    System,
    TrainingProblem,
    Trajectory,
    gradient_descent,
    gradient_flow,
    random_problem,
)
from claws.kernel.core.errors import Malformed
from claws.kernel.core.finding import Verdict
from claws.kernel.core.program import ROLES
from claws.kernel.core.statement import Statement
from claws.report.descent import EXACT, QUADRATIC, Discrete, descend
from claws.report.results import ClaimResult
from claws.syntax.diagnostic import SourceError
from claws.syntax.spec import Claim, Sizes, Spec
from claws.testing import strategies


@dataclass(frozen=True, slots=True)
class TrialLimits:
    """How much is tried for one law, and what rounding and the integrator explain."""

    smaller: int = 30
    """Smaller sizes at which a failing example is looked for."""
    problems: int = 2
    """Training problems for each law and 100 examples."""
    duration: float = 0.5
    """How long a random training problem runs, in the flow's time."""
    step: float = 1 / 64
    """The length of a gradient descent step; the order is measured between two of which one is half the other."""
    halvings: int = 3
    """How often the step is halved until orders are what they are for small steps."""
    loose: float = 1e-8
    """The tolerance of a second integration, whose distance from the first is the integrator's own error."""
    margin: float = 10.0
    """How many times that error a conserved law may drift."""
    floor: float = 1e-9
    """The relative drift that rounding explains."""


LIMITS = TrialLimits()


@dataclass
class Trained:
    """What training says of a law at one problem: drifts are maxima of |h(t) - h(0)| over time and entries, at least 0."""

    problem: TrainingProblem
    drift: float
    allowed: float
    """How much the law may drift along the flow by the integrator's error."""
    coarse: float
    """The drift under gradient descent with the longer step."""
    fine: float
    """The same with half the step."""

    scale: float = 0.0
    """The largest absolute value of the law along the flow."""

    @property
    def holds(self) -> bool:
        """Whether the drift along the flow is no more than the integrator's error allows."""
        return self.drift <= self.allowed

    @property
    def order(self) -> float | None:
        """log2 of the quotient of the two drifts; None where there is no drift to speak of."""
        noise = 1e-11 * (1.0 + self.scale)
        return None if self.fine < noise or self.coarse < noise else float(np.log2(self.coarse / self.fine))


@dataclass
class LawTest:
    """What was found out about one law."""

    claim: Claim
    examples: int = 0
    hows: set[str] = field(default_factory=set)
    """How exactly residues were evaluated."""
    undefined: str = ""
    """Why no example could be evaluated, if so."""
    failure: ExactRate | None = None
    case: str = ""
    """The failing example, shrunk, as text."""
    trained: list[Trained] = field(default_factory=list)
    not_trained: str = ""
    steps: str = ""
    """What a step of gradient descent does to it, where it is conserved."""
    step_failure: str = ""
    result: ClaimResult | None = None
    """The verdict of `claws check`."""
    crash: Exception | None = None
    """What the test itself died of."""
    witness_fails: bool = False
    """Whether the derivative at the witness of a refutation is zero in floating point."""
    seconds: float = 0.0

    @property
    def conserved(self) -> bool:
        """Whether everything that was tried speaks for the law."""
        return self.failure is None and not self.step_failure and all(t.holds for t in self.trained)

    @property
    def tried(self) -> bool:
        """Whether anything could be evaluated."""
        return bool(self.examples or self.trained)

    @property
    def holds(self) -> bool:
        """Whether the tests agree with what the file expects."""
        if not self.tried:
            return False
        if self.claim.expected == "REFUTED":
            return not self.conserved
        return self.conserved or self.claim.expected == "UNKNOWN"

    @property
    def contradiction(self) -> str:
        """What a verdict and the tests disagree about: a bug of claws. Empty where there is none."""
        if self.result is None:
            return ""
        if self.result.verdict is Verdict.PROVED and not self.conserved:
            return "claws check says PROVED, and the law fails"
        # a law that is false somewhere may hold at many points: only its own witness can contradict a refutation
        if self.result.verdict is Verdict.REFUTED and self.witness_fails:
            return "claws check says REFUTED, and floating point sees no change at its witness"
        return ""


class _Fails(Exception):
    """An example at which a law changes, with its text."""

    def __init__(self, found: ExactRate, case: str, sizes: Sizes) -> None:
        super().__init__(case)
        self.found = found
        self.case = case
        self.sizes = sizes


@dataclass(frozen=True)
class Plan:
    """What is tested, and how much is tried. `examples` None means as many as hypothesis's profile says."""

    seed: int = 0
    examples: int | None = None
    laws: tuple[str, ...] = ()
    """The laws that are tested, by name; all where there are none here."""
    profile: str = ""
    """The name of a profile of hypothesis; where it is empty, hypothesis chooses."""

    def load_profile(self) -> None:
        """Make the profile hypothesis's own. Raises hypothesis's `InvalidArgument` for a profile that it does not have."""
        if self.profile:
            settings.load_profile(self.profile)

    @property
    def count(self) -> int:
        """The number of examples for a law, at least 1."""
        return settings().max_examples if self.examples is None else self.examples

    @property
    def problems(self) -> int:
        """The number of training problems for a law, 1 to 20."""
        return max(1, min(20, round(LIMITS.problems * self.count / 100)))


def law_tests(spec: Spec, plan: Plan, check: Callable[[Claim, Sizes], ClaimResult] | None = None) -> Iterator[LawTest]:
    """Test the laws of a file one by one: every one, or those of the plan. `check` gives verdicts to compare with, if given.

    Raises nothing: what a test died of is its `crash`.
    """
    trained: dict[tuple[str, ...], list[tuple[TrainingProblem, _Runs]] | str] = {}
    for claim in spec.claims:
        if claim.kind != "law" or (plan.laws and claim.name not in plan.laws):
            continue
        start = time.perf_counter()
        test = LawTest(claim)
        try:
            with np.errstate(all="ignore"):
                _exactly(spec, test, plan)
                _train(spec, test, plan, trained)
                if claim.expected == "PROVED" and test.conserved:
                    _steps(spec, test)
            if check is not None:
                test.result = check(claim, claim.sizes[0])
                test.witness_fails = _witness_fails(spec, test.result)
        except Exception as crash:
            test.crash = crash  # the other laws have results of their own
        test.seconds = time.perf_counter() - start
        yield test


# --- exactly -------------------------------------------------------------------------------------------------------


def _settings(count: int, shrink: bool) -> settings:
    phases = [Phase.explicit, Phase.generate, *([Phase.shrink] if shrink else [])]
    return settings(
        max_examples=count, phases=phases, database=None, deadline=None, derandomize=False, print_blob=False,
        report_multiple_bugs=False, suppress_health_check=list(HealthCheck),
    )  # fmt: skip


def _run(
    strategy: st.SearchStrategy[Any], body: Callable[[Any], None], plan: Plan, count: int, shrink: bool
) -> _Fails | None:
    """Run hypothesis on a body that may raise `_Fails`; the last failure, shrunk if asked for, or None."""

    @hypothesis.seed(plan.seed)
    @_settings(count, shrink)
    @hypothesis.given(strategy)
    def test(x: Any) -> None:
        body(x)

    try:
        test()
    except _Fails as failure:
        return failure
    except hypothesis.errors.Unsatisfiable:
        return None
    return None


class _Statements:
    """One law at any sizes, each elaborated once."""

    def __init__(self, spec: Spec, law: str) -> None:
        self.spec = spec
        self.law = law
        self.known: dict[tuple[tuple[str, int], ...], Statement] = {}

    def at(self, sizes: Sizes) -> Statement:
        key = tuple(sorted(sizes.items()))
        if key not in self.known:
            self.known[key] = Instance(self.spec, sizes).statement(self.law)
        return self.known[key]


@st.composite
def _cases(draw: st.DrawFn, statements: _Statements, fixed: Sizes | None = None) -> tuple[Sizes, dict[str, Any], Any]:
    """Draw sizes (or take these), a value for every leaf, and weights of the law's entries."""
    spec = statements.spec
    at = draw(strategies.sizes(spec, statements.law)) if fixed is None else fixed
    at = {d: at[d] for d in spec.dims if d in at}  # hypothesis orders a dict as it likes
    leaves = draw(strategies.states(spec, at)) | draw(strategies.data(spec, at))
    statement = statements.at(at)
    shape = shape_of(statement, statement.law)
    size = int(np.prod(shape, dtype=int))
    weights = np.empty(size, dtype=object)
    weights[:] = draw(st.tuples(*[st.integers(-2, 2)] * size))
    return at, leaves, weights.reshape(shape)


def _exactly(spec: Spec, test: LawTest, plan: Plan) -> None:
    """Evaluate the law's residue at random points, and write what was found into the test."""
    statements = _Statements(spec, test.claim.name)

    def body(case: tuple[Sizes, dict[str, Any], Any]) -> None:
        at, leaves, weights = case
        statement = statements.at(at)
        names = {leaf.name for _, leaf in statement.program.leaves(*ROLES)}
        try:
            found = residue(statement, {name: x for name, x in leaves.items() if name in names}, weights, plan.seed)
        except NoValue as problem:
            test.undefined = str(problem)
            assume(False)
            return
        test.hows.add(found.how)
        test.examples += 1
        if found.value:
            raise _Fails(found, _case_text(at, leaves, weights, found), at)

    try:
        failure = _run(_cases(statements), body, plan, plan.count, shrink=False)
        if failure is not None and test.claim.expected != "REFUTED":
            failure = _smallest(statements, failure, body, plan)
    except (SourceError, Malformed) as problem:
        test.undefined = str(problem)
        return
    if failure is not None:
        test.failure, test.case = failure.found, failure.case


def _smallest(statements: _Statements, failure: _Fails, body: Callable[[Any], None], plan: Plan) -> _Fails:
    """A failure at the smallest sizes, shrunk.

    Hypothesis shrinks numbers well, but sizes, on which other numbers hang, badly: they are tried here, the smallest first.
    """
    spec, law = statements.spec, statements.law
    names = list(failure.sizes)
    ranges = [range(1, failure.sizes[d] + 1) for d in names]
    claimed = [s for c in spec.claims if c.kind == "law" and c.name == law for s in c.sizes if s]
    for numbers in sorted(product(*ranges), key=sum)[: LIMITS.smaller]:
        at = dict(zip(names, numbers, strict=True))
        if at == dict(failure.sizes):
            break
        if (claimed and at not in claimed) or not strategies.has_meaning(spec, at, law):
            continue
        found = _run(_cases(statements, at), body, plan, min(plan.count, 40), shrink=True)
        if found is not None:
            return found
    return _run(_cases(statements, failure.sizes), body, plan, plan.count, shrink=True) or failure


def _case_text(at: Sizes, leaves: Mapping[str, Any], weights: Any, found: ExactRate) -> str:
    lines = [f"{d} = {n}" for d, n in at.items()]
    rows = [", ".join(lines)] if lines else []
    rows += [f"{name} = {_array_text(x)}" for name, x in leaves.items()]
    if np.size(weights) > 1:
        rows.append(f"weights of the law's entries: {_array_text(weights)}")
    value = f"{found.value:.3g}" if isinstance(found.value, float) else str(found.value)
    rows.append(f"d/dt of the law = {value} {found.where}, {found.how}; it should be 0")
    return "\n".join(rows)


def _array_text(x: Any) -> str:
    x = np.asarray(x)
    if not x.ndim:
        return str(x[()])
    return "[" + ", ".join(_array_text(y) for y in x) + "]"


def _witness_fails(spec: Spec, result: ClaimResult) -> bool:
    """Whether floating point sees no change of the law at the witness of a refutation."""
    found = result.detail.counterexample
    if result.verdict is not Verdict.REFUTED or found is None or found.choices:
        return False  # what the file leaves open is another function here
    statement = Instance(spec, {**(result.sizes or {}), **found.sizes}).statement(result.name)
    leaves = {
        name: np.vectorize(Fraction, otypes=[object])(np.array(x, dtype=object)) for name, x in found.arrays.items()
    }
    weights = np.zeros(shape_of(statement, statement.law))
    weights[found.law_entry] = 1.0
    try:
        return not floating(statement, leaves, weights, 0).value
    except NoValue:
        return False


# --- by training -----------------------------------------------------------------------------------------------------


@dataclass
class _Runs:
    """The runs of one problem: along the flow at two tolerances, and in steps of two lengths."""

    tight: Trajectory
    coarse: Trajectory
    fine: Trajectory
    error: np.ndarray
    """The distance of the two flows, at each time, by coordinate."""


def _train(spec: Spec, test: LawTest, plan: Plan, known: dict[tuple[str, ...], Any]) -> None:
    """Run the training problems of the law's sizes, which laws without a `for` share."""
    law = test.claim.name
    own = any(test.claim.sizes[0])
    key = (law,) if own else ()
    if key not in known:
        known[key] = _problems(spec, law if own else None, plan)
    runs = known[key]
    if isinstance(runs, str):
        test.not_trained = runs
        return
    for problem, run in runs:
        if law not in problem.system.laws:
            test.not_trained = "the law has no meaning at the sizes that were tried"
            continue
        trained = _judged(law, problem, run)
        if trained is not None:
            test.trained.append(trained)
    if not test.trained and not test.not_trained:
        test.not_trained = "the law has no value along the flow"


def _problems(spec: Spec, law: str | None, plan: Plan) -> list[tuple[TrainingProblem, _Runs]] | str:
    """Random training problems with their runs; or why there are none."""
    reason = ""
    found = []
    for k, at in enumerate(_some_sizes(spec, law, plan)):
        for attempt in range(3):
            try:
                problem = random_problem(spec, at, plan.seed * 1000 + 10 * k + attempt, scale=0.7)
                runs = _runs(problem)
            except (SourceError, CannotTrain, Malformed) as failure:
                reason = str(failure)
                continue
            if runs is None:
                reason = "the flow could not be followed"
                continue
            found.append((problem, runs))
            break
    return found or reason or "no sizes were found"


def _some_sizes(spec: Spec, law: str | None, plan: Plan) -> list[Sizes]:
    """Sizes for the training problems, a little larger than the smallest."""
    found: list[Sizes] = []

    @hypothesis.seed(plan.seed + 1)
    @_settings(8 * plan.problems, shrink=False)
    @hypothesis.given(strategies.sizes(spec, law))
    def collect(at: Sizes) -> None:
        if at not in found:
            found.append(dict(at))

    try:
        collect()
    except hypothesis.errors.Unsatisfiable:
        return []
    usable = sorted(found, key=lambda s: -sum(s.values()))
    # a law with sizes of its own shares no run with others
    wanted = plan.problems if law is None else (plan.problems + 1) // 2
    return (usable * wanted)[:wanted]


def _runs(problem: TrainingProblem) -> _Runs | None:
    """Train one problem; None where the flow can't be followed."""
    tight = gradient_flow(problem, LIMITS.duration, 9)
    if len(tight.times) < 2:
        return None
    loose = gradient_flow(problem, LIMITS.duration, 9, rtol=LIMITS.loose)
    n = min(len(tight.times), len(loose.times))
    if n < 2:
        return None
    coarse, fine = (gradient_descent(problem, step, LIMITS.duration, 9) for step in (LIMITS.step, LIMITS.step / 2))
    for k in range(LIMITS.halvings):
        if not (coarse.stopped or fine.stopped) and _settled(tight, coarse, fine):
            break
        coarse, fine = fine, gradient_descent(problem, LIMITS.step / 2 ** (k + 2), LIMITS.duration, 9)
    error = np.abs(tight.states[:n] - loose.states[:n])
    tight.times, tight.states = tight.times[:n], tight.states[:n]
    return _Runs(tight, coarse, fine, error)


def _settled(flow: Trajectory, coarse: Trajectory, fine: Trajectory) -> bool:
    """Whether steps are so small that the drifts of laws that the flow conserves halve with them, as far as they ever will."""
    with np.errstate(all="ignore"):
        drifts = zip(flow.drifts().values(), coarse.drifts().values(), fine.drifts().values(), strict=True)
        return all(1.6 < a.max() / b.max() < 2.5 for f, a, b in drifts if f.max() < 1e-3 * b.max() and b.max() > 1e-11)


def _judged(law: str, problem: TrainingProblem, runs: _Runs) -> Trained | None:
    """What the runs of a problem say of a law; None where it has no value along them."""
    with np.errstate(all="ignore"):
        values = runs.tight.laws()[law]
        drift = float(np.max(np.abs(values - values[0]), initial=0.0))
        scale = float(np.max(np.abs(values), initial=0.0))
        allowed = LIMITS.floor * (1.0 + scale)
        for state, error in zip(runs.tight.states, runs.error, strict=True):
            jacobian, _ = problem.system.law_gradient(law, problem.unpack(state), problem.data)
            allowed = max(allowed, LIMITS.margin * float(np.max(np.abs(jacobian) @ error, initial=0.0)))
        coarse, fine = (float(run.drifts()[law].max()) for run in (runs.coarse, runs.fine))
    if not np.isfinite(drift) or not np.isfinite(allowed):
        return None
    return Trained(problem, drift, allowed, coarse, fine, scale)


# --- in steps --------------------------------------------------------------------------------------------------------


def _steps(spec: Spec, test: LawTest) -> None:
    """Compare what is derived for a step of gradient descent with steps that are taken."""
    known = descend(spec, test.claim.name)
    test.steps = known.text
    if known.kind not in (EXACT, QUADRATIC):
        return
    for trained in test.trained:
        reason = _step_failure(spec, test.claim.name, known, trained.problem)
        if reason:
            test.step_failure = reason
            return


def _step_failure(spec: Spec, law: str, known: Discrete, problem: TrainingProblem) -> str:
    """Why one long step does not change the law by what is derived, up to rounding; empty where it does."""
    step = 0.25
    moved = problem.motion(problem.start)
    after = {name: x + step * moved[name] for name, x in problem.start.items()}
    change = problem.law_values(after)[law] - problem.law_values()[law]
    expected: Any = np.zeros_like(change)
    if known.kind == QUADRATIC:
        assert known.part is not None
        expected = step**2 * expression_value(spec, problem, known.part, moved)
    size = 1.0 + float(np.max(np.abs(problem.law_values(after)[law]), initial=0.0))
    if np.all(np.isfinite(change)) and np.max(np.abs(change - expected), initial=0.0) > 1e-10 * size:
        return f"a step of {step} changes the law by {_array_text(change)}; {known.text}"
    return ""


def expression_value(spec: Spec, problem: TrainingProblem, e: Any, state: Mapping[str, Any]) -> Any:
    """The value at this state of an expression of the file's language about the state and constants."""
    instance = Instance(spec, problem.sizes)
    model, (node,) = instance.with_expressions([e])
    system = System(model, {"": node}, problem.system.declared, problem.system.shapes)
    return system.law_values(state, problem.data)[""]

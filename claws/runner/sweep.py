"""`count` and `sweep` as a verb of the runner: a unit of work is one choice of sizes, and gives one row.

Soundness rests on nothing here: each number is a theorem of the kernel, or there are bounds and a reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product

from claws.kernel.core.errors import Refused
from claws.report.premises import taken_for_unknown
from claws.report.sweeps import SweepRow
from claws.report.where import Where
from claws.runner.claims import known_laws
from claws.runner.costs import Costs
from claws.runner.faults import Fault
from claws.runner.files import Source
from claws.runner.options import Options
from claws.runner.run import Run, Tell, Verb, run
from claws.syntax.diagnostic import START, Diagnostic, SourceError
from claws.syntax.instances.instance import Instance
from claws.syntax.limits import LIMITS
from claws.syntax.spec import Sizes, Spec

MAX_ROWS = 100_000
"""The most sizes of one sweep."""


def count_at(spec: Spec, sizes: Mapping[str, int], options: Options) -> SweepRow:
    """The number of laws of a file's model at these sizes. Raises `SourceError` where the model has no meaning at them."""
    from claws.discovery.conjectures import CONJECTURES
    from claws.prover.counting import count_laws

    instance = Instance(spec, sizes)
    free = instance.free_dims()
    if free:
        hint = f"give it, as in `-D {free[0]}=3`, or use `claws sweep FILE --over {free[0]}=1..4`"
        raise SourceError(Diagnostic("CLAW025", f"the number of laws depends on the size {free[0]}", START, hint))
    model = instance.model()
    outcome = count_laws(
        model, known_laws(spec, None, sizes), CONJECTURES, options.seed, options.budget, options.timeout, options.pure
    )
    found, theorem = outcome.found, outcome.theorem
    total = found.get("coordinates", 0)
    if theorem is not None and theorem.premises and options.unconditional:
        # the bounds rest on the premise, too
        reason = taken_for_unknown(theorem.verdict, theorem.premises)
        return SweepRow(dict(sizes), total, 0, 0, total, 0, "UNKNOWN", reason)
    return SweepRow(
        dict(sizes),
        total,
        found.get("lie_dimension_at_least", 0),
        found.get("count_at_least", 0),
        found.get("count_at_most", total),
        found.get("bracket_depth", 0),
        "UNKNOWN" if theorem is None else theorem.verdict,
        outcome.reason,
        tuple(outcome.used),
        () if theorem is None else theorem.trust,
        () if theorem is None else theorem.premises,
        None if theorem is None else Where.of(theorem.near),
    )


# --- sizes -------------------------------------------------------------------------------------------------------------


def parse_over(text: str) -> dict[str, list[int]]:
    """Ranges such as `n=1..6,m=2,r=1..4`, both ends included. Raises `ValueError` with what is wrong."""
    result: dict[str, list[int]] = {}
    for part in text.split(","):
        name, equals, values = (x.strip() for x in part.partition("="))
        low, dots, high = (x.strip() for x in values.partition(".."))
        if not (equals and name.isidentifier() and low.isascii() and low.isdigit() and (not dots or high.isdigit())):
            raise ValueError(f"{part.strip()!r} is not a range; write for example n=1..6")
        if name in result:
            raise ValueError(f"{name} is given twice")
        first, last = int(low), int(high or low)
        if not 1 <= first <= last <= LIMITS.size:
            raise ValueError(f"{part.strip()!r}: sizes run upwards from at least 1 to at most {LIMITS.size}")
        result[name] = list(range(first, last + 1))
    return result


def all_sizes(over: Mapping[str, Sequence[int]]) -> list[dict[str, int]]:
    """Every combination, the last dim running fastest. Raises `ValueError` for too many."""
    count = 1
    for values in over.values():
        count *= len(values)
    if count > MAX_ROWS:
        raise ValueError(f"these are {count} sizes; at most {MAX_ROWS} are swept at a time")
    return [dict(zip(over, values, strict=True)) for values in product(*over.values())]


# --- many sizes --------------------------------------------------------------------------------------------------------


@dataclass
class Rows:
    """The rows of one file, in the order of the sizes."""

    rows: list[SweepRow] = field(default_factory=list)
    fault: Fault | None = None
    """What is wrong with claws, if something is."""
    interrupted: bool = False


@dataclass(frozen=True)
class Sweep(Verb[Sizes, SweepRow, Rows]):
    """Count the laws of each file at all of these sizes."""

    options: Options
    sizes: tuple[Sizes, ...]

    def begin(self, source: Source) -> tuple[Rows, Sequence[Sizes]]:
        return Rows(), self.sizes

    def costs(self, source: Source, units: Sequence[Sizes]) -> list[float]:
        cost = Costs(source.spec({}))
        return [cost.number(sizes) for sizes in units]

    def do(self, source: Source, unit: Sizes, tell: Tell) -> SweepRow:
        try:
            return count_at(source.spec({}), unit, self.options)
        except SourceError as problem:
            return no_row(unit, problem.diagnostic.message)
        except Refused as problem:
            return no_row(unit, str(problem))
        except (RecursionError, MemoryError):
            return no_row(unit, "this is too large to be counted")

    def add(self, result: Rows, unit: Sizes, part: SweepRow | Fault) -> Rows:
        row = _row(unit, part)
        if row is not None:
            result.rows.append(row)
        elif result.fault is None:
            assert isinstance(part, Fault)
            result.fault = part
        return result

    def refuse(self, source: Source, fault: Fault) -> Rows:
        return Rows(fault=fault)


def _row(sizes: Sizes, part: SweepRow | Fault) -> SweepRow | None:
    """The row of these sizes, also where their process died; None for a fault of claws."""
    if isinstance(part, SweepRow):
        return part
    return no_row(sizes, "its process died, perhaps for want of memory") if part.died else None


def no_row(sizes: Mapping[str, int], reason: str) -> SweepRow:
    """A row where nothing could be counted, which is no reason to end the sweep."""
    return SweepRow(sizes, 0, 0, 0, 0, 0, "ERROR", reason)


def sweep(
    source: Source, sizes: Sequence[Sizes], options: Options, done: Callable[[SweepRow], object] = lambda row: None
) -> Run[Rows]:
    """Count at every size. `done` is called for each row as soon as it is finished, the longest first under several jobs."""

    def unit_done(unit: Sizes, part: SweepRow | Fault) -> None:
        row = _row(unit, part)
        if row is not None:
            done(row)

    return run(Sweep(options, tuple(sizes)), [source], options.jobs, unit_done=unit_done)

"""Laws of random programs: what claws says of each, and whether that is true in floating point.

PROVED: the residue vanishes at random points, at several sizes where the claim is for all. REFUTED: at the witness that claws
prints everything has a value, and the residue is the number that claws prints.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from claws.kernel.values.evidence import Witness
from claws.report.results import ClaimResult
from claws.runner.claims import check_claim
from claws.runner.options import Options
from claws.syntax import nodes
from claws.syntax.diagnostic import SourceError
from claws.syntax.reader import load_text
from claws.syntax.spec import Spec
from tests.fuzz.constructs import constructs
from tests.fuzz.evaluator import Source, read
from tests.fuzz.harness import Finding, Outcome, random_of
from tests.fuzz.opened import Chosen, NoValue, dense
from tests.fuzz.programs import Program, random_program
from tests.fuzz.residues import Model, draw_point
from tests.fuzz.series import Numbers

FOLDER = Path(__file__).parent / "blocks"
"""Where the files are that random programs import."""

OPTIONS = Options(budget=150_000, timeout=20.0)
"""Small: what takes long is left undecided."""

ZERO = 1e-7
"""A residue is taken for zero where it is below this, in units of the terms that it is made of (or of 1)."""

ATTEMPTS = 8


def decided(text: str, options: Options = OPTIONS) -> tuple[Spec, list[ClaimResult], list[str]]:
    """The results of the claims of a file, and errors. Claims that have no meaning are left out."""
    spec = load_text(text, str(FOLDER / "random.claw"))
    if spec.diagnostics:
        return spec, [], [f"{d.code} {d.message}" for d in spec.diagnostics]
    results, errors = [], []
    for claim in spec.claims:
        for sizes in claim.sizes:
            try:
                results.append(check_claim(spec, claim, sizes, options))
            except SourceError as problem:
                errors.append(f"{problem.diagnostic.code} {problem.diagnostic.message}")
    return spec, results, errors


def without_wrong_laws(text: str) -> str:
    """The text without the lines of laws in which claws finds an error."""
    for _ in range(6):
        spec = load_text(text, str(FOLDER / "random.claw"))
        lines = text.split("\n")
        wrong = {d.span.line - 1 for d in spec.diagnostics if lines[d.span.line - 1].startswith("law")}
        if not wrong:
            return text
        text = "\n".join(line for k, line in enumerate(lines) if k not in wrong)
    return text


# --- what is proved ------------------------------------------------------------------------------------------------------


def sizes_of(result: ClaimResult, source: nodes.File, random: Random) -> dict[str, int] | None:
    """Sizes that a claim is about; None where none were found that satisfy its conditions."""
    dims = [
        name.name for s in source.statements if isinstance(s, nodes.Dim) for name, size in s.entries if size is None
    ]
    given = dict(result.sizes or {})
    said = result.conditions
    conditions = [text for text in said if re.fullmatch(r"[\w+*^/ -]+>=[\w+*^/ -]+", text)]
    for _ in range(40):
        sizes = given | {d: random.choice([1, 2, 2, 3]) for d in dims if d not in given}
        if all(_holds(text, sizes) for text in conditions):
            return sizes
    return None


def _holds(condition: str, sizes: Mapping[str, int]) -> bool:
    left, right = (read(f"param u\nmap ({x})*u").statements[-1] for x in condition.split(">="))
    source = Source(read("param u\nmap u"), sizes)
    low, high = (Model(source, {"u": np.ones(())}, Chosen()).run.value(s.outputs[0]).value for s in (right, left))
    return bool(high >= low)


@dataclass
class Looked:
    """The residue of a law at random points."""

    points: int = 0
    """How many had a value."""
    bad: str = ""
    """Where it is not zero, in words."""


def look(text: str, result: ClaimResult, key: object, points: int) -> Looked:
    """The residue at random points of the sizes that a claim is about."""
    file = read(text)
    random = random_of("look", key, result.name)
    found = Looked()
    for k in range(points):
        for attempt in range(ATTEMPTS):
            sizes = sizes_of(result, file, random)
            if sizes is None:
                return found
            source = Source(file, sizes, FOLDER)
            numbers = np.random.default_rng(random.randrange(2**32))
            point = draw_point(source, numbers, random.choice([1.0, 1.0, 0.5, 2.0]))
            chosen = Chosen(random.randrange(1000))
            worst = residue_at(source, result.name, point, chosen)
            if worst is None:
                if attempt == 3 and not found.points and k:
                    break
                continue
            found.points += 1
            if worst > ZERO:
                found.bad = (
                    f"the residue of {result.name} is {worst:.3g} (in units of its terms) at {sizes}, {shown(point)}"
                )
                return found
            break
    return found


def residue_at(source: Source, law: str, point: Mapping[str, Numbers], chosen: Chosen) -> float | None:
    """How far the residue is from zero, confirmed in higher precision; None where something has no value."""
    try:
        found = Model(source, point, chosen).residues(source.laws[law])
    except NoValue:
        return None
    if not found.defined:
        return None
    worst = found.worst()
    if worst <= ZERO:
        return worst
    precise = Model(source, point, chosen, np.longdouble).residues(source.laws[law])
    again = precise.worst()
    if not precise.defined:
        return None
    if abs(again - worst) <= 1e-3 * worst:
        return worst
    return again if again <= ZERO else None


def shown(point: Mapping[str, Numbers]) -> str:
    return ", ".join(f"{k} = {np.array2string(np.asarray(x, dtype=float), precision=3)}" for k, x in point.items())


# --- what is refuted -----------------------------------------------------------------------------------------------------


def chosen_by(witness: Witness) -> Chosen:
    """The functions that a witness chooses."""
    choices = witness.choices
    return Chosen(
        seed=7,
        homogeneous={k: (float(a), float(b)) for k, (a, b) in choices.homogeneous.items()},
        values={k: {float(z): (float(f), float(g)) for z, (f, g) in t.items()} for k, t in choices.values.items()},
        functions=choices.functions,
    )


def check_witness(text: str, result: ClaimResult, witness: Witness, outcome: Outcome) -> Finding | None:
    """What is wrong with a witness, if something is."""
    file = read(text)
    unsaid = {name.name: 1 for s in file.statements if isinstance(s, nodes.Dim) for name, n in s.entries if n is None}
    sizes = unsaid | dict(result.sizes or {}) | dict(witness.sizes)
    source = Source(file, sizes, FOLDER)
    leaves = {**source.leaves, **source.state()}
    # what the claim does not mention is anything in its domain
    point = {
        name: dense(witness.leaves[name], leaf.shape) if name in witness.leaves else np.ones(leaf.shape)
        for name, leaf in leaves.items()
    }
    for name, leaf in leaves.items():
        x = point[name]
        wrong = (leaf.domain == "positive" and np.any(x <= 0)) or (leaf.domain == "nonzero" and np.any(x == 0))
        if wrong or (leaf.domain == "nonnegative" and np.any(x < 0)):
            return Finding("a witness outside of a domain", f"{name} = {x} is {leaf.domain}", text)
    chosen = chosen_by(witness)
    model = Model(source, point, chosen, np.longdouble)
    law = source.laws[result.name]
    found = model.residues(law)
    shape = model.run.value(law).shape
    row = int(np.ravel_multi_index(witness.law_entry, shape)) if shape else 0
    if witness.output is None:
        column = 0
    else:
        before = [model.run.value(e).shape for e in source.outputs]
        own = before[witness.output]
        column = 1 + sum(int(np.prod(s)) for s in before[: witness.output])
        column += int(np.ravel_multi_index(witness.output_entry, own)) if own else 0
    claimed = witness.residue
    low, high = claimed if isinstance(claimed, tuple) else (claimed, claimed)
    where = f"{result.name} at {sizes}, {shown(point)}, {chosen.homogeneous} {chosen.values}"
    if low <= 0 <= high:
        return Finding("a witness without a residue", f"the residue is between {low} and {high}: {where}", text)
    value, scale = float(found.values[row, column]), float(found.scales[row, column])
    kink = _has_kink(model, source)
    if not np.isfinite(value):
        if not kink:
            return _in_a_region(source, result, point, chosen, text, where)
        outcome.notes["witnesses at a kink of something"] += 1
        return _beside(source, result, point, chosen, text, where, outcome)
    middle = float((low + high) / 2)
    if abs(value - middle) > 1e-6 * (abs(middle) + 1e-3 * scale) + 1e-9:
        return Finding("a witness with another residue", f"{middle} is printed, it is {value}: {where}", text)
    if not found.defined and not kink:
        return _in_a_region(source, result, point, chosen, text, where)
    if not found.defined:
        outcome.notes["witnesses at a kink of something"] += 1
    return None


def _has_kink(model: Model, source: Source) -> bool:
    """Whether what has no value at a point has one beside it, in some direction."""
    random = np.random.default_rng(3)
    for _ in range(6):
        point = {
            k: x.value + random.uniform(-1e-4, 1e-4, x.shape)
            for k, x in model.run.values.items()
            if k in _leaves(source)
        }
        beside = Model(source, point, model.run.chosen)
        with np.errstate(all="ignore"):
            if np.all(np.isfinite(beside.outputs().value.astype(float))):
                return True
    return False


def _leaves(source: Source) -> set[str]:
    return {*source.leaves, *source.state()}


def _in_a_region(
    source: Source, result: ClaimResult, point: Mapping[str, Numbers], chosen: Chosen, text: str, where: str
) -> Finding:
    return Finding(
        "a witness where something has no value", f"an output, the law, a factor or the drift: {where}", text
    )


def _beside(
    source: Source,
    result: ClaimResult,
    point: Mapping[str, Numbers],
    chosen: Chosen,
    text: str,
    where: str,
    outcome: Outcome,
) -> Finding | None:
    """Beside a kink the law is refuted all the same, or the witness proves nothing."""
    random = np.random.default_rng(5)
    free = Chosen(chosen.seed, chosen.homogeneous)
    for _ in range(30):
        moved = {k: x + random.uniform(-1e-2, 1e-2, x.shape) for k, x in point.items()}
        if TIME_NAME in moved:
            moved[TIME_NAME] = np.abs(moved[TIME_NAME])
        worst = residue_at(source, result.name, moved, free)
        if worst is not None and worst > ZERO:
            return None
    return Finding("a witness at a kink, and no residue beside it", where, text)


TIME_NAME = "t"


# --- the fuzzer ----------------------------------------------------------------------------------------------------------


def check_program(program: Program, key: object, outcome: Outcome, points: int = 3) -> None:
    """Decide the laws of a file, and look at what was decided."""
    text = program.text
    try:
        text = without_wrong_laws(text)
        _, results, errors = decided(text)
    except Exception as problem:
        outcome.findings.append(Finding(f"an exception, {type(problem).__name__}", repr(problem)[:500], text))
        return
    for error in errors:
        outcome.notes[f"errors {error.split()[0]}"] += 1
    if not results:
        return
    used = constructs(read(text))
    for result in results:
        outcome.verdicts[result.verdict.value] += 1
        judge(text, result, key, outcome, points, result.name in program.true)
        if result.verdict != "UNKNOWN":
            outcome.constructs.update(used)


def judge(text: str, result: ClaimResult, key: object, outcome: Outcome, points: int, true: bool) -> None:
    """What is wrong with one verdict on a law goes to the outcome's findings."""
    if result.verdict == "PROVED":
        found = look(text, result, key, points)
        if found.bad:
            outcome.findings.append(Finding("PROVED, and false", found.bad, text))
        outcome.notes["points at which a proved residue was seen"] += found.points
        if not found.points:
            message = f"{result.name}: the contract says UNKNOWN of what is defined nowhere"
            outcome.suspects.append(Finding("PROVED where no point with a value was found", message, text))
    elif result.verdict == "REFUTED":
        assert isinstance(result.evidence, Witness), result.evidence
        finding = check_witness(text, result, result.evidence, outcome)
        if finding is not None:
            outcome.findings.append(finding)
        elif true:
            outcome.findings.append(Finding("REFUTED, and true by construction", result.name, text))
    elif true:
        outcome.suspects.append(Finding("UNKNOWN, and true by construction", f"{result.name}: {result.reason}", text))


def case(seed: int, number: int, flows: bool = False) -> Outcome:
    """One random file."""
    outcome = Outcome()
    program = random_program(random_of("laws", seed, number, flows), flows)
    check_program(program, (seed, number), outcome)
    return outcome

"""Certificates that are changed: what the kernel accepts all the same has to be true, and it refuses the others in time.

A certificate of a random claim, or of a claim of examples/, is changed in a few places. Where `claws.kernel` accepts it, the
statement that it has read is evaluated (`kernel_programs.py`): residues at random points, the witness, ranks at true points.
"""

from __future__ import annotations

import copy
import json
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from claws.kernel import Meter, Refused, Statement, check
from claws.kernel.core.program import Program
from claws.kernel.counting.evidence import NotConserved
from claws.kernel.counting.statements import Complete, Count, Independent
from claws.kernel.format.certificate import read_certificate
from claws.kernel.theorem import Theorem
from claws.kernel.values.evidence import Witness
from claws.runner.claims import check_claim
from claws.runner.options import Options
from claws.syntax.diagnostic import SourceError
from claws.syntax.reader import load_text
from tests.fuzz.counts import random_model
from tests.fuzz.harness import Finding, Outcome, random_of
from tests.fuzz.kernel_programs import ProgramFields, draw_leaves, leaves_of, moment, whole
from tests.fuzz.laws import FOLDER, ZERO, chosen_by
from tests.fuzz.opened import Chosen, dense
from tests.fuzz.programs import random_program
from tests.fuzz.ranks import number_at, rank_of

EXAMPLES = Path(__file__).parents[2] / "examples"

OPTIONS = Options(budget=150_000, timeout=20.0)

BUDGET = 600_000
"""Steps of the kernel for a changed certificate."""

SECONDS = 60.0
"""A certificate that takes longer has escaped the meter, however busy the machine is."""

MUTANTS = 25
"""Changed certificates of each one."""

LARGE = 60
"""Programs with more entries in a leaf are not evaluated."""


# --- certificates to begin with --------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _examples() -> tuple[str, ...]:
    files = sorted(EXAMPLES.glob("*.claw"))
    return tuple(str(path) for path in files)


def some_claim(random: Random) -> tuple[str, str]:
    """The text of a file with a claim, and the name of the file."""
    kind = random.random()
    if kind < 0.5:
        return random_program(random).text, str(FOLDER / "random.claw")
    if kind < 0.65:
        return random_program(random, flows=True).text, str(FOLDER / "random.claw")
    if kind < 0.85:
        text, _ = random_model(random)
        laws = [line.split()[1] for line in text.split("\n") if line.startswith("law")]
        claim = f"count {random.choice(['=', '<=', '>='])} {random.randint(0, 4)}"
        if laws and random.random() < 0.7:
            claim = f"{random.choice(['complete', 'independent'])} {', '.join(laws)}"
        return f"{text}{claim}\n", str(FOLDER / "random.claw")
    path = random.choice(_examples())
    return Path(path).read_text(), path


def certificate(random: Random) -> str | None:
    """The text of the certificate of some claim; None where it was not decided."""
    text, path = some_claim(random)
    spec = load_text(text, path)
    places = [(claim, sizes) for claim in spec.claims for sizes in claim.sizes]
    if spec.diagnostics or not places:
        return None
    counted = [place for place in places if place[0].kind != "law"]
    claim, sizes = random.choice(counted if counted and random.random() < 0.6 else places)
    with tempfile.TemporaryDirectory() as folder:
        options = Options(budget=OPTIONS.budget, timeout=OPTIONS.timeout, certificates=folder)
        try:
            result = check_claim(spec, claim, sizes, options)
        except SourceError:
            return None
        if result.detail.certificate is None:
            return None
        found = Path(result.detail.certificate).read_text()
    return found if len(found) < 60_000 else None


# --- changes ---------------------------------------------------------------------------------------------------------------

Data = dict[str, Any]

NUMBERS = ("0", "1", "-1", "2", "-2", "1/2", "3", "-1/3", "5/7", "1/100")
WORDS = (
    "relu", "elu", "exp", "log", "tanh", "sin", "cos", "sigmoid", "softplus", "atan", "erf", "^", "prod", "det", "param", "input",
    "const", "time", "velocity", "real", "positive", "nonzero", "=", "<=", ">=", "s", "F", "t", "vel(u)", "law", "count",
    "complete", "tensors", "polynomials", "independent",
)  # fmt: skip
PIECES: tuple[Any, ...] = (
    None, True, [], {}, 0, 1, 2, [0], [1], [[0, 1]], ["1", 0], ["apply", "relu", 0, None], ["apply", "^", 0, "2"], ["stop", 0],
    ["sum", [["1", 0], ["-1", 0]]], {"method": "polynomials"}, [[1, 3]], [[[1, 1], 4]], ["s", None], ["s", "1"],
)  # fmt: skip


def places_of(x: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to each part of some data."""
    found = [way] if way else []
    items = x.items() if isinstance(x, dict) else enumerate(x) if isinstance(x, list) else ()
    for k, y in items:
        found += places_of(y, (*way, k))
    return found


def _at(data: Any, way: Sequence[Any]) -> Any:
    for step in way:
        data = data[step]
    return data


def _edit(data: Data, random: Random, other: Data | None) -> None:
    """Change one place: mostly to another value of the same type, which is still a certificate."""
    part = random.choice(["statement", "statement", "statement", "evidence", "evidence"])
    if other is not None and random.random() < 0.06:
        data[part] = copy.deepcopy(other[part])
        return
    ways = places_of(data[part])
    if not ways:
        return
    way = random.choice(ways)
    place, last = _at(data[part], way[:-1]), way[-1]
    old = place[last]
    kind = random.random()
    if isinstance(old, bool):
        place[last] = not old
    elif isinstance(old, int) and kind < 0.85:
        place[last] = random.choice([old + 1, old - 1, 0, 1, old * 2, random.randint(0, 9)])
    elif isinstance(old, str) and kind < 0.85:
        texts = [y for w in ways if isinstance(y := _at(data[part], w), str)]
        is_number = old.lstrip("-").replace("/", "").isdigit()
        place[last] = random.choice(NUMBERS if is_number else (*texts, *texts, *WORDS))
    elif isinstance(old, list) and len(old) > 1 and kind < 0.5:
        k = random.randrange(len(old) - 1)
        action = random.choice(["swap", "remove", "double", "reverse"])
        if action == "swap":
            old[k], old[k + 1] = old[k + 1], old[k]
        elif action == "remove":
            del old[k]
        elif action == "double":
            old.insert(k, copy.deepcopy(old[k]))
        else:
            old.reverse()
    elif kind < 0.8:
        place[last] = copy.deepcopy(_at(data[part], random.choice(ways)))
    elif kind < 0.9:
        del place[last]
    else:
        place[last] = copy.deepcopy(random.choice(PIECES))


def mutant(data: Data, random: Random, other: Data | None) -> Data:
    """A copy with one to three changes."""
    result = copy.deepcopy(data)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        try:
            _edit(result, random, other)
        except (KeyError, IndexError, TypeError):
            continue
    return result


# --- what is accepted ------------------------------------------------------------------------------------------------------


class TooLarge(Exception):
    """A statement with too many entries to be evaluated."""


def _fixed(program: Program, random: Random, sizes: Mapping[str, int] | None = None) -> Program | None:
    """The program at some sizes that its conditions allow, or at the given ones; None where none were found."""
    dims = program.free_dims()
    for _ in range(30):
        here = dict(sizes) if sizes is not None else {d: random.choice([1, 2, 2, 3]) for d in dims}
        if not dims:
            found = program
        else:
            try:
                if not program.bounds.hold_at(here):
                    continue
                found = program.at(here)
            except Refused:
                continue
        if any(np.prod([whole(n) for n in shape], initial=1) > LARGE**2 for shape in found.shapes):
            raise TooLarge
        if any(np.prod(leaf.shape, initial=1) > LARGE for leaf in leaves_of(found).values()):
            raise TooLarge
        return found
    return None


def _residue(statement: Statement, laws: Sequence[int], program: Program, random: Random) -> float | None:
    """The largest residue at a random point, in units of its terms; None where something has no value, or it is not clear."""
    point = draw_leaves(program, np.random.default_rng(random.randrange(2**32)), random.choice([1.0, 1.0, 0.5]))
    chosen = Chosen(random.randrange(1000))
    found = moment(program, statement.outputs, statement.flow, point, chosen).residues(laws)
    if not found.defined:
        return None
    worst = found.worst()
    if worst <= ZERO:
        return worst
    again = moment(program, statement.outputs, statement.flow, point, chosen, np.longdouble).residues(laws)
    if not again.defined:
        return None
    if abs(again.worst() - worst) <= 1e-3 * worst:
        return worst
    return again.worst() if again.worst() <= ZERO else None


def judge_law(theorem: Theorem, statement: Statement, random: Random) -> str:
    """What is wrong with a theorem about a law, in words."""
    if theorem.verdict == "PROVED":
        for _ in range(8):
            program = _fixed(statement.program, random)
            worst = None if program is None else _residue(statement, [statement.law], program, random)
            if worst is not None and worst > ZERO:
                return f"PROVED, and the residue is {worst:.3g} in units of its terms"
        return ""
    assert isinstance(theorem.evidence, Witness)
    return _wrong_witness(theorem.evidence, statement, random)


def _wrong_witness(w: Witness, statement: Statement, random: Random) -> str:
    program = _fixed(statement.program, random, dict(w.sizes))
    if program is None:
        return "REFUTED at sizes that the statement does not speak of"
    leaves = leaves_of(program)
    point = {name: dense(w.leaves.get(name, {}), leaf.shape) for name, leaf in leaves.items()}
    for name, leaf in leaves.items():
        x = point[name]
        wrong = (leaf.domain == "positive" and np.any(x <= 0)) or (leaf.domain == "nonzero" and np.any(x == 0))
        if wrong or (leaf.domain == "nonnegative" and np.any(x < 0)):
            return f"REFUTED outside of the domain of {name}"
    here = moment(program, statement.outputs, statement.flow, point, chosen_by(w), np.longdouble)
    found = here.residues([statement.law])
    shape = here.run.value(statement.law).shape
    row = int(np.ravel_multi_index(w.law_entry, shape)) if shape else 0
    column = 0
    if w.output is not None:
        shapes = [here.run.value(n).shape for n in statement.outputs]
        column = 1 + sum(int(np.prod(s)) for s in shapes[: w.output])
        column += int(np.ravel_multi_index(w.output_entry, shapes[w.output])) if shapes[w.output] else 0
    value, scale = float(found.values[row, column]), float(found.scales[row, column])
    if not np.isfinite(value):
        # a value is missing somewhere: `laws.py` asks for more than that the residue has one
        return ""
    low, high = w.residue if isinstance(w.residue, tuple) else (w.residue, w.residue)
    middle = float((low + high) / 2)
    if abs(value - middle) > 1e-6 * (abs(middle) + 1e-3 * scale) + 1e-9:
        return f"REFUTED with a residue of {middle}, and it is {value}"
    return ""


def _least(statement: Count | Complete, random: Random, wanted: int) -> int | None:
    """The least number of laws that is seen at some true points, until it is as wanted."""
    least = None
    for k in range(12):
        point = draw_leaves(statement.program, np.random.default_rng(random.randrange(2**32)), [1.0, 0.5, 2.0][k % 3])
        fields = ProgramFields(statement.program, statement.outputs, statement.flow, point, Chosen(k))
        if fields.total > 14:
            raise TooLarge
        found = number_at(fields, k, 3 if k < 6 else 5, 10 + 4 * k)
        if found is not None and found.clear and (least is None or found.laws < least):
            least = found.laws
        if least is not None and least <= wanted:
            break
    return least


def judge_number(theorem: Theorem, statement: Count, random: Random) -> str:
    """What is wrong with a theorem about a number of laws, in words."""
    low, high = theorem.found["count_at_least"], theorem.found["count_at_most"]
    k, relation = statement.number, statement.relation
    truth = {"=": low == high == k, ">=": low >= k, "<=": high <= k}[relation]
    false = {"=": not low <= k <= high, ">=": high < k, "<=": low > k}[relation]
    if not (truth if theorem.verdict == "PROVED" else false):
        return f"{theorem.verdict} of count {relation} {k} from the bounds {low}..{high}"
    _fixed(statement.program, random)
    least = _least(statement, random, high)
    if least is None:
        return ""
    if least < low:
        return f"at least {low} laws, and there are {least} near some parameters"
    if least > high:
        return f"at most {high} laws, and no fewer than {least} were seen"
    return ""


def _gradients(
    statement: Complete | Independent, random: Random, points: int = 4
) -> list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Values and gradients of all entries of laws at some random points."""
    found = []
    for _ in range(points * 3):
        point = draw_leaves(statement.program, np.random.default_rng(random.randrange(2**32)))
        laws = moment(statement.program, statement.outputs, statement.flow, point, Chosen(3)).laws(statement.laws)
        if np.all(np.isfinite(laws.value)) and np.all(np.isfinite(laws.slopes)):
            found.append((laws.value, laws.slopes))
        if len(found) == points:
            break
    return found


def _distinct(found: Sequence[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]) -> int:
    """How many entries differ from each other and from each other's opposite, at these points."""
    rows = np.array([value for value, _ in found]).T
    kept: list[np.ndarray[Any, Any]] = []
    for row in rows:
        if not any(np.allclose(row, s * other, atol=1e-9) for other in kept for s in (1, -1)):
            kept.append(row)
    return len(kept)


def judge_laws(theorem: Theorem, statement: Complete | Independent, random: Random) -> str:
    """What is wrong with a theorem about several laws, in words."""
    _fixed(statement.program, random)
    found = _gradients(statement, random)
    if not found or not statement.laws:
        return ""
    ranks = [rank_of(slopes) for _, slopes in found]
    rank, clear = max(r for r, _ in ranks), all(c for _, c in ranks)
    if not clear:
        return ""
    if isinstance(statement, Independent):
        distinct = _distinct(found)
        if theorem.verdict == "PROVED":
            return "" if rank >= distinct else f"PROVED independent, of rank {rank} with {distinct} entries"
        return "" if rank < distinct else f"REFUTED independent, of rank {rank} with {distinct} entries"
    own = Statement(statement.program, statement.outputs, statement.laws[0], statement.flow)
    residues = [_residue(own, statement.laws, statement.program, random) for _ in range(4)]
    conserved = all(x is None or x <= ZERO for x in residues)
    if isinstance(theorem.evidence, NotConserved):
        law = statement.laws[theorem.evidence.law]
        return _wrong_witness(theorem.evidence.witness, Statement(own.program, own.outputs, law, own.flow), random)
    if theorem.verdict == "PROVED":
        if not conserved:
            return "PROVED complete, and not conserved"
        least = _least(statement, random, rank)
        return "" if least is None or least <= rank else f"PROVED complete, {rank} laws of no fewer than {least}"
    if conserved and theorem.verdict == "REFUTED":
        least = _least(statement, random, rank)
        if least is not None and least <= rank:
            return f"REFUTED complete, {rank} laws where there are {least} near some parameters"
    return ""


def judge(theorem: Theorem, random: Random) -> str:
    """What is wrong with a theorem, in words; nothing where nothing is, or where it can't be told."""
    statement = theorem.statement
    if isinstance(statement, Statement):
        return judge_law(theorem, statement, random)
    if isinstance(statement, Count):
        return judge_number(theorem, statement, random)
    return judge_laws(theorem, statement, random)


# --- the fuzzer ------------------------------------------------------------------------------------------------------------


def accepted(text: str, budget: int = BUDGET) -> Theorem:
    """The theorem of a certificate. Raises `Refused`."""
    found = read_certificate(text)
    return check(found.statement, found.evidence, Meter(budget))


def examine(data: Data, original: Theorem, random: Random, outcome: Outcome, accept: Callable[[str], Theorem]) -> None:
    """Whether a changed certificate is refused, or true."""
    text = json.dumps(data)
    start = time.monotonic()
    try:
        theorem = accept(text)
    except Refused:
        outcome.verdicts["refused"] += 1
        return
    except Exception as problem:
        outcome.verdicts["refused"] += 1
        outcome.findings.append(Finding(f"an exception, {type(problem).__name__}", repr(problem)[:300], text))
        return
    finally:
        if time.monotonic() - start > SECONDS:
            outcome.findings.append(
                Finding("a certificate that takes too long", f"{time.monotonic() - start:.0f} s", text)
            )
    outcome.verdicts["accepted"] += 1
    if theorem.statement == original.statement:
        outcome.notes["accepted with the statement as it was"] += 1
        if theorem.verdict != original.verdict and not isinstance(theorem.statement, Complete | Independent):
            outcome.findings.append(Finding("both verdicts on one statement", f"{theorem.verdict}", text))
        return
    try:
        wrong = judge(theorem, random)
    except TooLarge:
        outcome.notes["accepted and too large to be evaluated"] += 1
        return
    outcome.notes["accepted and evaluated"] += 1
    if wrong:
        given = " under a premise" if theorem.premises else ""
        outcome.findings.append(Finding(f"{wrong.split(',')[0].split(' with ')[0]}{given}", wrong, text))


def case(seed: int, number: int, accept: Callable[[str], Theorem] = accepted) -> Outcome:
    """A certificate and some that are made of it."""
    random = random_of("certificates", seed, number)
    outcome = Outcome()
    text = certificate(random)
    if text is None:
        outcome.notes["claims without a certificate"] += 1
        return outcome
    spare = certificate(random)
    data, other = json.loads(text), None if spare is None else json.loads(spare)
    try:
        original = accepted(text, 20_000_000)
    except Refused as problem:
        outcome.notes["certificates that are dear to check"] += 1
        if "budget" not in str(problem):
            outcome.findings.append(Finding("a certificate of claws is refused", str(problem), text))
        return outcome
    for _ in range(MUTANTS):
        examine(mutant(data, random, other), original, random, outcome, accept)
    return outcome

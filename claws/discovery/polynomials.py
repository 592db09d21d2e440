"""All laws in the span of given functions: polynomials of bounded degree in given letters, at fixed sizes.

Untrusted: what is found is rational again by reconstruction, and goes to the kernel as any law does. A polynomial h with
unknown coefficients is conserved iff <grad h, X> = 0 for every generator X at every point: one linear equation for each random
generator at a random point, modulo a prime. The letters are the coordinates of the state, or any other functions of it.
Gradings that the model has (`claws.discovery.gradings`) split the monomials into classes that are solved apart, and of
those that permutations of neurons take to each other (`claws.discovery.permutations`), one is. Most classes have one or
two members, and many of these are eliminated at once.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt

from claws.discovery.exact import rational_vector, shortened, without_kernel
from claws.discovery.found import Notes
from claws.discovery.gradings import Grading, Hashes, gradings
from claws.discovery.permutations import permutations
from claws.discovery.points import random_states
from claws.kernel.core.errors import Meter, NoRoot, Undefined
from claws.kernel.core.flow import STATE
from claws.kernel.core.program import Einsum, Gather, Node, Number, Power, Program, Sum
from claws.kernel.core.simplified import simplified
from claws.kernel.core.sizes import Size
from claws.kernel.core.statement import Statement
from claws.kernel.counting.bounds import Changed
from claws.kernel.counting.jets import salt
from claws.kernel.counting.points import Model
from claws.kernel.values.evaluation import Index, fixed, indices
from claws.prover.scaling import scaled_model
from claws.readings.arrays import Reading, Theta
from claws.readings.echelon import BATCH, Echelon, elimination_work, null_space
from claws.readings.modular import PRIMES, PRIMES_WITH_ROOTS, Residues
from claws.readings.points import ModularPoint

MAX_UNKNOWNS = 4_000
"""Larger classes of monomials are not solved."""

MAX_MONOMIALS = 3_000_000
"""More monomials than this are not listed."""

MAX_PRIMES = 4
"""Primes from which the coefficients of a law are reconstructed."""

MAX_DRAWS = 8
"""Points that are drawn again where a division by zero was met."""

_SPARE = 8
"""Equations beyond the number of unknowns."""

_SMALL = 24
"""Classes of so many monomials are eliminated many at a time."""

_CHUNK = 2_000_000
"""Numbers that are worked on at once."""

_POWER = re.compile(r"\((\w+(?:\[[\d, ]*\])?)\^(\d+)\)")
"""A power of a coordinate as a letter is written."""

Monomial = tuple[int, ...]
"""Numbers of letters, sorted; () is 1."""

Coefficients = dict[Monomial, int]

Vector = dict[Monomial, Fraction]
"""Coefficients of monomials with 1 as a letter: all are of one length."""

Monomials = npt.NDArray[np.int64]
"""Monomials x degree: numbers of letters, sorted, with the number of all letters for 1."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A function of the state that polynomials are made of: an entry of a node, and how a file would write it."""

    node: int
    entry: Index
    text: str
    weight: str = ""
    """A factor in front, as it would be written, which the node has already."""
    denominator: str = ""
    """Of what the letter is the inverse, as it would be written; empty for another letter."""
    whole: str = ""
    """The array that it is an entry of (under a denominator, if it has one), as it would be written; empty for no array."""
    logarithm: str = ""
    """The polynomial whose square it is the logarithm of; empty for another letter."""
    constant: bool = False
    """Whether no flow changes it: it may stand in coefficients, and is no law by itself."""


@dataclass(frozen=True)
class Ansatz:
    """A model whose program has the nodes of the letters as well."""

    model: Changed
    letters: tuple[Letter, ...]


@dataclass(frozen=True)
class Law:
    """A polynomial in the letters of an ansatz that seems to be conserved."""

    ansatz: Ansatz
    coefficients: Coefficients

    @property
    def degree(self) -> int:
        return max(map(len, self.coefficients))

    def text(self, limit: int | None = None) -> str:
        """The law as it would be written in a file, cut after `limit` terms."""
        return law_text(self.coefficients, self.ansatz.letters, limit)

    def lifted_text(self) -> str:
        """The law of an entry as a law of all: u^2 - v^2 for u[1]^2 - v[1]^2, u^2 - u[0]^2 for u[1]^2 - u[0]^2.

        A guess, and often right; empty where it makes no sense.
        """
        letters = list(self.ansatz.letters)
        used = sorted({k for m in self.coefficients for k in m if letters[k].entry})
        shapes = {self.ansatz.model.program.shapes[letters[k].node] for k in used}
        entries = sorted({letters[k].entry for k in used})
        if len(shapes) != 1 or len(entries) > 2 or not all(letters[k].whole for k in used):
            return ""
        # the law for u reads better with u first
        order = sorted(self.coefficients, key=lambda m: (not all(letters[k].entry in ((), entries[-1]) for k in m), m))
        sign = 1 if self.coefficients[order[0]] > 0 else -1
        lifted = {m: sign * self.coefficients[m] for m in order}
        for k in used:
            letters[k] = self._lifted(letters[k], entries[-1])
        return law_text(lifted, letters)

    def _lifted(self, letter: Letter, last: Index) -> Letter:
        text = letter.whole
        if letter.entry != last:
            # an axis along which both entries agree is as long as before, another one has length 1
            pairs = list(zip(letter.entry, last, strict=True))
            items = [":" if a == b else f"{a}:{a + 1}" for a, b in pairs]
            text += f"[{', '.join(items)}]" if len(pairs) > 1 else f"[{pairs[0][0]}]"
        return replace(letter, text=text, denominator=text if letter.denominator else "")

    def statement(self) -> Statement:
        return law_statement(self.ansatz, self.coefficients)


def state_ansatz(model: Model) -> Iterator[Ansatz]:
    """The coordinates of the state as letters: scaled to stand still where the flow moves them by itself, then as they are."""
    scaled, weights = scaled_model(model)
    nodes = list(scaled.program.nodes)
    letters: list[Letter] = []
    for n, leaf in scaled.program.leaves(*STATE):
        place, text = n, ""
        if leaf.name in weights:
            axes = tuple(range(len(leaf.shape)))
            nodes.append(Einsum((weights[leaf.name].factor, n), ((), axes), axes, leaf.shape))
            place, text = len(nodes) - 1, weights[leaf.name].text
        for i in indices([fixed(k) for k in leaf.shape]):
            letters.append(Letter(place, i, entry_text(leaf.name, i), text, whole=leaf.name if i else ""))
    program = continued(scaled.program, nodes)
    yield Ansatz(Changed(program, model.outputs, model.flow), tuple(letters))
    if weights:
        # laws may mix coordinates that grow differently, as u + vel(u)/tau under friction
        plain = Changed(model.program, model.outputs, model.flow)
        place_of = {leaf.name: n for n, leaf in model.program.leaves(*STATE)}
        own = [
            Letter(place_of[leaf.name], i, entry_text(leaf.name, i), whole=leaf.name if i else "")
            for _, leaf in model.program.leaves(*STATE)
            for i in indices([fixed(k) for k in leaf.shape])
        ]
        yield Ansatz(plain, tuple(own))


def continued(program: Program, nodes: Sequence[Node]) -> Program:
    if len(nodes) == len(program.nodes):
        return program
    return Program(tuple(nodes), program.activations, program.functions, program.conditions)


def entry_text(name: str, i: Index) -> str:
    return f"{name}[{', '.join(map(str, i))}]" if i else name


# --- the search ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Classes:
    """Monomials by their gradings."""

    keys: Hashes
    """Sorted."""
    order: npt.NDArray[np.int64]
    """Numbers of monomials, class by class."""
    starts: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]

    def members(self, c: int) -> npt.NDArray[np.int64]:
        return self.order[self.starts[c] : self.starts[c] + self.counts[c]]

    def of(self, keys: Hashes) -> npt.NDArray[np.int64]:
        """The class with each of these keys, -1 for none."""
        found = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[found] == keys, found, -1)


class PolynomialSearch:
    """The polynomials in the letters of an ansatz that are conserved, modulo a prime at random points."""

    def __init__(self, ansatz: Ansatz, modulus: int, seed: int, meter: Meter, notes: Notes | None = None) -> None:
        self.ansatz = ansatz
        self.modulus = modulus
        self.seed = seed
        self.meter = meter
        self.notes = Notes() if notes is None else notes
        program, place = simplified(ansatz.model.program)
        self.model = Changed(program, tuple(place[n] for n in ansatz.model.outputs), ansatz.model.flow.placed(place))
        self.places = [(place[letter.node], self._flat(letter)) for letter in ansatz.letters]
        """Each letter as an entry of a node of the simplified program, counted row by row."""
        self._samples: dict[int, Samples] = {}
        self._grades: Grading | None = None
        one = len(self.places)
        self.permutations = [np.append(p, one) for p in permutations(self.model, self.places)]

    def _flat(self, letter: Letter) -> int:
        shape = [fixed(k) for k in self.ansatz.model.program.shapes[letter.node]]
        return int(np.ravel_multi_index(letter.entry, shape)) if shape else 0

    def laws(self, degree: int) -> Iterator[Law]:
        """A basis of the laws of at most this degree, in classes apart, the sparsest first within each. Deterministic."""
        monomials = self.monomials(degree)
        if monomials is None:
            return
        classes = self._classes(monomials)
        for c, goes_to in self._to_solve(monomials, classes):
            chosen = classes.members(c)
            vectors = [
                {tuple(monomials[chosen[k]].tolist()): x for k, x in v.items()} for v in self._kernel(monomials[chosen])
            ]
            if vectors:
                for image in self._images_of(c, vectors, classes) if goes_to else [vectors]:
                    yield from self._as_laws(image)

    def _as_laws(self, vectors: Sequence[Vector]) -> Iterator[Law]:
        one = len(self.places)
        monomials = sorted({m for v in vectors for m in v})
        number = {m: k for k, m in enumerate(monomials)}
        for v in shortened([{number[m]: x for m, x in v.items()} for v in vectors]):
            yield Law(self.ansatz, {tuple(x for x in monomials[k] if x != one): c for k, c in v.items()})

    def monomials(self, degree: int) -> Monomials | None:
        """All of degree 1 to this, but those of constants alone; None, and a note, for too many."""
        one = len(self.places)
        count = math.comb(one + degree, degree) - 1
        if count > MAX_MONOMIALS:
            self.notes.add(f"degree {degree} was not searched: there are {count} monomials, more than {MAX_MONOMIALS}")
            return None
        self.meter.tick(1 + count // 50)
        if degree == 1:
            found = np.arange(one, dtype=np.int64)[:, None]
        elif degree == 2:
            found = np.stack(np.triu_indices(one + 1), axis=1)[:-1]
        else:
            flat = (x for m in combinations_with_replacement(range(one + 1), degree) for x in m)
            found = np.fromiter(flat, dtype=np.int64, count=degree * (count + 1)).reshape(-1, degree)[:-1]
        constant = np.array([*(letter.constant for letter in self.ansatz.letters), True])
        return found[~np.all(constant[found], axis=1)] if np.any(constant[:-1]) else found

    # --- classes ---

    def _classes(self, monomials: Monomials) -> Classes:
        keys, inverse, counts = np.unique(self.grades(monomials).keys(), return_inverse=True, return_counts=True)
        order = np.argsort(inverse, kind="stable")
        classes = Classes(keys, order, np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
        largest = int(counts.max(initial=0))
        if largest > MAX_UNKNOWNS:
            lost = int(np.sum(counts > MAX_UNKNOWNS))
            self.notes.add(
                f"{lost} of {len(counts)} classes of monomials of degree {monomials.shape[1]} were not searched: "
                f"they have up to {largest} members, more than {MAX_UNKNOWNS}"
            )
        return classes

    def _to_solve(self, monomials: Monomials, classes: Classes) -> list[tuple[int, bool]]:
        """Of the classes that permutations take to each other one, where it may have a law, and whether there are others.

        In the order of their first monomials.
        """
        first = self._representatives(monomials, classes)
        chosen, others = np.unique(first, return_counts=True)
        kept: list[int] = []
        for size in np.unique(classes.counts[chosen]):
            if size > MAX_UNKNOWNS:
                continue
            these = chosen[classes.counts[chosen] == size]
            if size > _SMALL:
                kept += these.tolist()
                continue
            members = classes.order[classes.starts[these][:, None] + np.arange(size)]
            per = max(1, _CHUNK // int(size * (size + 2)))
            for start in range(0, len(members), per):
                chunk = members[start : start + per]
                self.meter.tick(1 + len(chunk) * int(size) ** 3 // 2_000)
                samples = self.sampled(self.modulus, int(size) + 2)
                stack = np.moveaxis(samples.equations(monomials[chunk], 0, int(size) + 2), 0, 1)
                free = ~without_kernel(samples.point.field, np.ascontiguousarray(stack))
                kept += these[start : start + per][free].tolist()
        several = dict(zip(chosen.tolist(), (others > 1).tolist(), strict=True))
        return sorted(((c, several[c]) for c in kept), key=lambda pair: int(classes.order[classes.starts[pair[0]]]))

    def _representatives(self, monomials: Monomials, classes: Classes) -> npt.NDArray[np.int64]:
        """For each class, the one with the first monomial among those that permutations take to each other."""
        count = len(classes.counts)
        if not self.permutations:
            return np.arange(count)
        from scipy.sparse import coo_array
        from scipy.sparse.csgraph import connected_components

        firsts = classes.order[classes.starts]
        self.meter.tick(1 + count * len(self.permutations) // 50)
        ends = np.concatenate([classes.of(self.grades(p[monomials[firsts]]).keys()) for p in self.permutations])
        known = ends >= 0
        starts = np.tile(np.arange(count), len(self.permutations))
        graph = coo_array((np.ones(known.sum(), dtype=np.int8), (starts[known], ends[known])), shape=(count, count))
        _, part = connected_components(graph, directed=False)
        by_first = np.argsort(firsts)
        _, leading = np.unique(part[by_first], return_index=True)
        first: npt.NDArray[np.int64] = by_first[leading][part]
        return first

    def _images_of(self, start: int, vectors: list[Vector], classes: Classes) -> Iterator[list[Vector]]:
        """The laws of one class, and of all classes that permutations take it to."""
        seen, queue = {start}, deque([vectors])
        while queue:
            vectors = queue.popleft()
            yield vectors
            self.meter.tick(1 + len(vectors) * len(self.permutations))
            firsts = np.array([min(vectors[0])])
            ends = [int(classes.of(self.grades(p[firsts]).keys())[0]) for p in self.permutations]
            for p, c in zip(self.permutations, ends, strict=True):
                if c >= 0 and c not in seen:
                    seen.add(c)
                    queue.append([{tuple(sorted(p[list(m)].tolist())): x for m, x in v.items()} for v in vectors])

    def grades(self, monomials: Monomials) -> Grading:
        """The signs and weights of each monomial."""
        if self._grades is None:
            found = gradings(self.model, list(dict.fromkeys(n for n, _ in self.places)))
            # the last is 1
            sign, weight = np.zeros((2, len(self.places) + 1), dtype=np.uint64)
            if found is None:
                self.notes.add("the model has too many terms for its scalings and sign flips to split the search")
            else:
                sign[:-1] = [found[n].sign[entry] for n, entry in self.places]
                weight[:-1] = [found[n].weight[entry] for n, entry in self.places]
            self._grades = Grading(sign, weight)
        return self._grades.product(monomials)

    # --- kernels ---

    def _kernel(self, monomials: Monomials) -> list[dict[int, Fraction]]:
        """The vectors of coefficients of the laws in one class, by the numbers of the monomials."""
        first = self._images(monomials, self.modulus)
        if not first:
            return []
        images = [{self.modulus: v} for v in first]
        others = [p for p in (PRIMES if self.modulus in PRIMES else PRIMES_WITH_ROOTS) if p != self.modulus]
        found = [rational_vector(image) for image in images]
        for p in others[: MAX_PRIMES - 1]:
            if all(sure for _, sure in found):
                break
            try:
                more = self._images(monomials, p)
            except NoRoot:
                continue
            free = [[int(np.flatnonzero(v)[-1]) for v in vectors] for vectors in (first, more)]
            if free[0] != free[1]:
                continue  # one of the primes is unlucky
            for image, v in zip(images, more, strict=True):
                image[p] = v
            found = [rational_vector(image) for image in images]
        kept = [vector for vector, sure in found if sure and vector is not None]
        if len(kept) < len(found):
            lost = len(found) - len(kept)
            self.notes.add(f"{lost} laws modulo a prime are left out: no small rational coefficients give them")
        return kept

    def _images(self, monomials: Monomials, modulus: int) -> list[Residues]:
        width = len(monomials)
        equations = Echelon(modulus, width)
        samples = self.sampled(modulus, width + _SPARE)
        for start in range(0, width + _SPARE, BATCH):
            self._add(equations, samples, monomials, start, min(start + BATCH, width + _SPARE))
        stop = width + _SPARE
        # where relus are off, many equations say nothing: more are asked until these have no news
        while equations.rank < width:
            before, start, stop = equations.rank, stop, stop + max(_SPARE, min(BATCH, width))
            self._add(equations, self.sampled(modulus, stop), monomials, start, stop)
            if equations.rank == before:
                return list(null_space(equations))
        return []

    def _add(self, equations: Echelon, samples: Samples, monomials: Monomials, start: int, stop: int) -> None:
        self.meter.tick(elimination_work(equations, stop - start))
        equations.add(samples.equations(monomials, start, stop))

    def sampled(self, modulus: int, count: int) -> Samples:
        """At least so many samples modulo this prime."""
        if modulus not in self._samples:
            self._samples[modulus] = Samples(self.model, self.places, modulus, self.seed, self.meter)
        samples = self._samples[modulus]
        samples.extend(count)
        return samples


class Samples:
    """The letters and their derivatives along random generators, at random points: a row each. The last letter is 1."""

    def __init__(
        self, model: Changed, places: Sequence[tuple[int, int]], modulus: int, seed: int, meter: Meter
    ) -> None:
        self.point = ModularPoint(model, modulus, seed, meter)
        self.places = places
        self.values = np.ones((0, len(places) + 1))
        self.slopes = np.zeros((0, len(places) + 1))
        self._next = 0

    def extend(self, count: int) -> None:
        values, slopes = [self.values], [self.slopes]
        have = len(self.values)
        while have < count:
            x, v = self._drawn()
            values.append(x)
            slopes.append(v)
            have += len(x)
        if len(values) > 1:
            self.values, self.slopes = np.concatenate(values), np.concatenate(slopes)

    def _drawn(self) -> tuple[Residues, Residues]:
        for attempt in range(MAX_DRAWS):
            start, self._next = self._next, self._next + BATCH
            try:
                return self._batch(start)
            except NoRoot:
                raise
            except Undefined:
                if attempt == MAX_DRAWS - 1:
                    raise
        raise AssertionError

    def _batch(self, start: int) -> tuple[Residues, Residues]:
        point = self.point
        keys = point.with_own_states(start, BATCH, lambda keys: random_states(point, keys))
        if not point.roots:
            # constants are any: a law must hold for all of them
            for name in point.consts:
                starts = [salt("law const", point.seed, name, *key) for key in keys]
                point.consts[name] = point.field.drawn(starts, point.shapes[name])
        theta = random_states(point, keys)
        generators = point.generators(theta, 0, keys)
        moved: Theta = {name: [x[0], generators[name][0] if name in generators else None] for name, x in theta.items()}
        moved |= {name: [x, None] for name, x in point.consts.items()}
        reading = Reading(point.program, moved, point.functions(), 1, point.meter)
        values, slopes = np.ones((BATCH, len(self.places) + 1)), np.zeros((BATCH, len(self.places) + 1))
        for k, (n, entry) in enumerate(self.places):
            x, v = reading.value(n)
            # an array may stand for the whole batch
            values[:, k] = 0.0 if x is None else x.reshape(len(x), -1)[:, entry]
            slopes[:, k] = 0.0 if v is None else v.reshape(len(v), -1)[:, entry]
        return values, slopes

    def products(self, monomials: Monomials, start: int, stop: int) -> Residues:
        """The value of each monomial, in a row for each sample."""
        x, result = self.values[start:stop], np.ones((stop - start, len(monomials)))
        for t in range(monomials.shape[-1]):
            result = self.point.field.reduce(result * x[:, monomials[:, t]])
        return result

    def equations(self, monomials: Monomials, start: int, stop: int) -> Residues:
        """d/dt of each monomial (an array of them, with the letters along the last axis), in a row for each sample."""
        x, v = self.values[start:stop], self.slopes[start:stop]
        reduce = self.point.field.reduce
        degree = monomials.shape[-1]
        total: Residues | None = None
        for t in range(degree):
            term = v[:, monomials[..., t]]
            for s in range(degree):
                if s != t:
                    term = reduce(term * x[:, monomials[..., s]])
            total = term if total is None else total + term
        assert total is not None
        return reduce(total) if degree > 1 else total


def find_laws(
    model: Model, wanted: Callable[[], int], degree: int, modulus: int, seed: int, meter: Meter
) -> Iterator[tuple[str, Statement]]:
    """Candidates for conserved polynomials by rising degree, each with a text; the search ends when `wanted()` is 0."""
    for ansatz in state_ansatz(model):
        search = PolynomialSearch(ansatz, modulus, seed, meter)
        for d in range(1, degree + 1):
            if wanted() < 1:
                return
            laws = [law for law in search.laws(d) if law.degree == d]
            for law in sorted(laws, key=lambda law: (len(law.coefficients), sorted(law.coefficients))):
                yield law.text(limit=12), law.statement()


# --- texts and statements ------------------------------------------------------------------------------------------------


def law_text(coefficients: Mapping[Monomial, int], letters: Sequence[Letter], limit: int | None = None) -> str:
    """The polynomial as it would be written in a file. A weight that all terms have alike is taken out in front."""
    weights = {tuple(sorted(letters[k].weight for k in m if letters[k].weight)) for m in coefficients}
    common = weights.pop() if len(weights) == 1 else ()
    terms = []
    for m, c in list(coefficients.items())[:limit]:
        terms.append(f"{'-' if c < 0 else '+'} {_term(m, abs(c), letters, bool(common))}")
    text = " ".join(terms)
    text = text.removeprefix("+ ") if text.startswith("+") else f"-{text[2:]}"
    if limit is not None and len(coefficients) > limit:
        text += f" + ... ({len(coefficients)} terms)"
    if not common:
        return text
    front = "*".join(_weight_power(w, common.count(w)) for w in dict.fromkeys(common))
    return f"{front}*({text})" if len(coefficients) > 1 else f"{front}*{text}"


def _weight_power(weight: str, exponent: int) -> str:
    base, _, inner = weight.rpartition("^")
    if base == "t":
        return f"t^{int(inner) * exponent}"
    return weight if exponent == 1 else f"{weight}^{exponent}"


def _term(m: Monomial, c: int, letters: Sequence[Letter], without_weight: bool) -> str:
    top = [_powered(letters[k], m.count(k), without_weight) for k in dict.fromkeys(m) if not letters[k].denominator]
    bottom = [_power(letters[k].denominator, m.count(k)) for k in dict.fromkeys(m) if letters[k].denominator]
    if c != 1 or not top:
        top.insert(0, str(c))
    text = "*".join(top)
    return text + (f"/({'*'.join(bottom)})" if len(bottom) > 1 else f"/{bottom[0]}" if bottom else "")


def _powered(letter: Letter, exponent: int, without_weight: bool) -> str:
    text = letter.text
    if letter.weight and not without_weight:
        text = f"{letter.weight}*{text}"
        return text if exponent == 1 else f"({text})^{exponent}"
    return _power(text, exponent)


def _power(text: str, exponent: int) -> str:
    """A power of a letter, which may be one itself: (u[0]^2)^3 is u[0]^6."""
    inner = _POWER.fullmatch(text)
    if inner is not None:
        text, exponent = inner[1], int(inner[2]) * exponent
    return text if exponent == 1 else f"{text}^{exponent}"


def law_statement(ansatz: Ansatz, coefficients: Mapping[Monomial, int]) -> Statement:
    """The claim that a polynomial in the letters is conserved, as a statement that continues the ansatz's program."""
    program, letters = ansatz.model.program, ansatz.letters
    nodes: list[Node] = list(program.nodes)

    def put(node: Node) -> int:
        nodes.append(node)
        return len(nodes) - 1

    entries: dict[int, int] = {}
    for k in sorted({k for m in coefficients for k in m}):
        n = letters[k].node
        for position in letters[k].entry:
            n = put(Gather(n, 0, Size.of(position), (), ()))
        entries[k] = n
    terms = []
    for m, c in coefficients.items():
        if not m:
            terms.append((Fraction(c), put(Number(Size.of(1)))))
            continue
        factors = [entries[k] for k in m]
        if len(m) > 2:
            factors = [
                entries[k] if m.count(k) == 1 else put(Power(entries[k], Fraction(m.count(k))))
                for k in dict.fromkeys(m)
            ]
        terms.append((Fraction(c), factors[0] if len(factors) == 1 else put(_product(factors))))
    law = put(Sum(tuple(terms)))
    model = ansatz.model
    return Statement(continued(program, nodes), model.outputs, law, model.flow)


def _product(factors: Sequence[int]) -> Einsum:
    return Einsum(tuple(factors), tuple(() for _ in factors), (), ())

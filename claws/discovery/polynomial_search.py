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
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement

import numpy as np
import numpy.typing as npt

from claws.discovery.ansatz import Ansatz, Letter, LetterProduct, PolynomialLaw, state_ansatz
from claws.discovery.found import Notes
from claws.discovery.gradings import Grading, Hashes, gradings
from claws.discovery.permutations import permutations
from claws.discovery.reconstruction import rational_vector, shortened, without_kernel
from claws.discovery.search_points import random_states
from claws.kernel.core.errors import Meter, NoRoot, Undefined
from claws.kernel.core.simplified import simplified
from claws.kernel.core.statement import Statement
from claws.kernel.counting.jets import salt
from claws.kernel.counting.points import Changed, CountedModel, Setting
from claws.kernel.values.evaluation import fixed
from claws.readings.arrays import Reading, Theta
from claws.readings.echelon import BATCH, Echelon, elimination_work, null_space
from claws.readings.modular import PRIMES, PRIMES_WITH_ROOTS, Residues
from claws.readings.points import ModularPoint


@dataclass(frozen=True, slots=True)
class PolynomialLimits:
    """How far the search for polynomials goes, and in which portions it works."""

    unknowns: int = 4_000
    """Larger classes of monomials are not solved."""
    monomials: int = 3_000_000
    """More monomials than this are not listed: the degree is not searched."""
    primes: int = 4
    """Primes from which the coefficients of a law are reconstructed."""
    draws: int = 8
    """How often points are drawn until none of them meets a division by zero."""
    spare: int = 8
    """Equations beyond the number of unknowns."""
    small: int = 24
    """Classes of at most so many monomials are eliminated many at a time."""
    chunk: int = 2_000_000
    """Numbers that are worked on at once."""


LIMITS = PolynomialLimits()

PaddedCoefficients = dict[LetterProduct, Fraction]
"""Coefficients of monomials with 1 as a letter: all monomials are of one length."""

Monomials = npt.NDArray[np.int64]
"""Monomials x degree: numbers of letters, sorted, with the number of all letters for 1."""


@dataclass(frozen=True)
class Classes:
    """Monomials in classes of one grading each."""

    keys: Hashes
    """The grading of each class, as one number; sorted."""
    order: npt.NDArray[np.int64]
    """Numbers of monomials, class by class."""
    starts: npt.NDArray[np.int64]
    """Where each class starts in `order`."""
    counts: npt.NDArray[np.int64]
    """How many members each class has."""

    def members(self, c: int) -> npt.NDArray[np.int64]:
        """The numbers of the monomials in one class."""
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
        """The place of a letter in its node, counted row by row."""
        shape = [fixed(k) for k in self.ansatz.model.program.shapes[letter.node]]
        return int(np.ravel_multi_index(letter.entry, shape)) if shape else 0

    def laws(self, degree: int) -> Iterator[PolynomialLaw]:
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

    def _as_laws(self, vectors: Sequence[PaddedCoefficients]) -> Iterator[PolynomialLaw]:
        """Laws with short integer coefficients that span the same space, the sparsest first."""
        one = len(self.places)
        monomials = sorted({m for v in vectors for m in v})
        number = {m: k for k, m in enumerate(monomials)}
        for v in shortened([{number[m]: x for m, x in v.items()} for v in vectors]):
            yield PolynomialLaw(self.ansatz, {tuple(x for x in monomials[k] if x != one): c for k, c in v.items()})

    def monomials(self, degree: int) -> Monomials | None:
        """All monomials of degree 1 to `degree`, but those of constants alone; None, and a note, where there are too many."""
        one = len(self.places)
        count = math.comb(one + degree, degree) - 1
        if count > LIMITS.monomials:
            self.notes.add(
                f"degree {degree} was not searched: there are {count} monomials, more than {LIMITS.monomials}"
            )
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
        """The monomials in classes; a note says how many classes are too large."""
        keys, inverse, counts = np.unique(self.grades(monomials).keys(), return_inverse=True, return_counts=True)
        order = np.argsort(inverse, kind="stable")
        classes = Classes(keys, order, np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
        largest = int(counts.max(initial=0))
        if largest > LIMITS.unknowns:
            lost = int(np.sum(counts > LIMITS.unknowns))
            self.notes.add(
                f"{lost} of {len(counts)} classes of monomials of degree {monomials.shape[1]} were not searched: "
                f"they have up to {largest} members, more than {LIMITS.unknowns}"
            )
        return classes

    def _to_solve(self, monomials: Monomials, classes: Classes) -> list[tuple[int, bool]]:
        """The classes to solve, in the order of their first monomials, each with whether it stands for others as well.

        Of the classes that permutations take to each other one is solved, and none that surely has no law.
        """
        first = self._representatives(monomials, classes)
        chosen, others = np.unique(first, return_counts=True)
        kept: list[int] = []
        for size in np.unique(classes.counts[chosen]):
            if size > LIMITS.unknowns:
                continue
            these = chosen[classes.counts[chosen] == size]
            if size > LIMITS.small:
                kept += these.tolist()
                continue
            members = classes.order[classes.starts[these][:, None] + np.arange(size)]
            per = max(1, LIMITS.chunk // int(size * (size + 2)))
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
        """The number of the class that stands for each class: the one with the first monomial that permutations take it to."""
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

    def _images_of(
        self, start: int, vectors: list[PaddedCoefficients], classes: Classes
    ) -> Iterator[list[PaddedCoefficients]]:
        """The laws of the class `start`, and of every class that permutations take it to, class by class."""
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
        """The rational coefficients of the laws in one class, by the numbers of the monomials; a basis."""
        first = self._images(monomials, self.modulus)
        if not first:
            return []
        images = [{self.modulus: v} for v in first]
        others = [p for p in (PRIMES if self.modulus in PRIMES else PRIMES_WITH_ROOTS) if p != self.modulus]
        found = [rational_vector(image) for image in images]
        for p in others[: LIMITS.primes - 1]:
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
        """A basis of the coefficients of the laws in one class, modulo a prime."""
        width = len(monomials)
        equations = Echelon(modulus, width)
        samples = self.sampled(modulus, width + LIMITS.spare)
        for start in range(0, width + LIMITS.spare, BATCH):
            self._add(equations, samples, monomials, start, min(start + BATCH, width + LIMITS.spare))
        stop = width + LIMITS.spare
        # where relus are off, many equations say nothing: more are asked until these have no news
        while equations.rank < width:
            before, start, stop = equations.rank, stop, stop + max(LIMITS.spare, min(BATCH, width))
            self._add(equations, self.sampled(modulus, stop), monomials, start, stop)
            if equations.rank == before:
                return list(null_space(equations))
        return []

    def _add(self, equations: Echelon, samples: Samples, monomials: Monomials, start: int, stop: int) -> None:
        """Add the equations of these samples."""
        self.meter.tick(elimination_work(equations, stop - start))
        equations.add(samples.equations(monomials, start, stop))

    def sampled(self, modulus: int, count: int) -> Samples:
        """The samples modulo a prime, at least `count` of them."""
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
        self.point = ModularPoint(model, Setting(modulus, seed), meter)
        self.places = places
        self.values = np.ones((0, len(places) + 1))
        self.slopes = np.zeros((0, len(places) + 1))
        self._next = 0

    def extend(self, count: int) -> None:
        """Draw until there are `count` samples. Raises `NoRoot`, or `Undefined` where every point meets a division by zero."""
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
        """The letters and their derivatives at a new batch of points, a row each."""
        for attempt in range(LIMITS.draws):
            start, self._next = self._next, self._next + BATCH
            try:
                return self._batch(start)
            except NoRoot:
                raise
            except Undefined:
                if attempt == LIMITS.draws - 1:
                    raise
        raise AssertionError

    def _batch(self, start: int) -> tuple[Residues, Residues]:
        """The letters and their derivatives at the points from number `start` on."""
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
        """The value of each monomial at the samples from `start` to `stop`: samples x monomials."""
        x, result = self.values[start:stop], np.ones((stop - start, len(monomials)))
        for t in range(monomials.shape[-1]):
            result = self.point.field.reduce(result * x[:, monomials[:, t]])
        return result

    def equations(self, monomials: Monomials, start: int, stop: int) -> Residues:
        """The derivative d/dt of each monomial at the samples from `start` to `stop`: samples x the monomials' own axes.

        Monomials have their letters along the last axis.
        """
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
    model: CountedModel, wanted: Callable[[], int], degree: int, modulus: int, seed: int, meter: Meter
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

"""Gradings of the generators of a model, which split the search for its laws: sign flips, and scalings by neuron.

Untrusted, and harmless: what is wrong here can hide a law from the search, and make none.

Give every entry of the state and of the data a weight in some abelian group. If all terms of each generator then change alike,
beside the weight of the coordinate that they move, X(h) has one weight for a function h that has one, and different weights come
from different ones: so the parts of a conserved h that have one weight are conserved by themselves. Monomials of different
weights are in different laws.

With weights in GF(2) these are the sign flips that the model has. With weights in the integers they are its scalings: the
hidden neurons of `U @ V.T` have one each, under which U[:, k] and V[:, k] grow alike (that the outputs do not is no matter, as
the generators do). Both are found by one walk through the program, forward for the weights of values and back for those of the
derivatives of the outputs: every sum demands that its terms have one weight, which is a linear equation between those of the
leaves. They are solved modulo 2, and modulo a large prime, where integer weights are; a solution drawn at random there
separates, but for accidents, what any solution separates.

The slopes of relus are data (see `claws.kernel.counting.cells`), and change by no flip or scaling.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations, product
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from claws.kernel.core.flow import STATE
from claws.kernel.core.functions import function_of
from claws.kernel.core.program import (
    Apply,
    Call,
    Einsum,
    Iota,
    Leaf,
    Node,
    Number,
    Program,
    Stop,
    Sum,
    Window,
    operands_of,
)
from claws.kernel.counting.jets import salt
from claws.kernel.counting.points import CountedModel
from claws.kernel.values.evaluation import fixed


@dataclass(frozen=True, slots=True)
class GradingLimits:
    """Which models have their gradings found."""

    terms: int = 400_000
    """Models with more terms in their products and sums are not graded."""
    determinant: int = 5
    """Larger determinants are taken to have no weights."""


LIMITS = GradingLimits()

WEIGHT_PRIME = (1 << 61) - 1
"""The prime modulo which weights stand for integers."""

Hashes = npt.NDArray[np.uint64]
"""A number of 64 bits for each entry or monomial."""


@dataclass(frozen=True)
class Grading:
    """The signs and weights of the entries of a node, or of monomials.

    Monomials that differ in their sums of weights (modulo WEIGHT_PRIME), or of signs (by xor), are in different laws.
    """

    sign: Hashes
    """64 independent sign flips, a bit each."""
    weight: Hashes
    """One scaling, drawn at random among those that the model has."""

    def product(self, monomials: npt.NDArray[np.int64]) -> Grading:
        """The grading of products of these entries: monomials (count x degree), each with the numbers of its factors."""
        weight = np.zeros(len(monomials), dtype=np.uint64)
        for k in range(monomials.shape[1]):
            weight = (weight + self.weight[monomials[:, k]]) % WEIGHT_PRIME
        return Grading(np.bitwise_xor.reduce(self.sign[monomials], axis=1), weight)

    def keys(self) -> Hashes:
        """One number for the sign and the weight of each; different pairs have the same only by accident."""
        with np.errstate(over="ignore"):
            return self.sign + self.weight * np.uint64(0x9E3779B97F4A7C15)


def gradings(model: CountedModel, letters: Sequence[int]) -> dict[int, Grading] | None:
    """The gradings of the entries (row by row) of these nodes, for a model with fixed sizes; None for one that is too large."""
    try:
        signs = _Walk(model, letters, 2).hashes()
        weights = _Walk(model, letters, WEIGHT_PRIME).hashes()
    except _TooLarge:
        return None
    return {n: Grading(signs[n], weights[n]) for n in letters}


# --- linear forms --------------------------------------------------------------------------------------------------------

Form = Mapping[int, int]
"""A linear form in the unknown weights: residues by unknown, none of them 0."""

UNIT_WEIGHT: Form = {}
"""The weight of 1."""


class _Equations:
    """Linear equations between unknowns modulo a prime, eliminated as they come."""

    def __init__(self, modulus: int) -> None:
        self.modulus = modulus
        self.solved: dict[int, Form] = {}
        """The form in other unknowns that an unknown is equal to."""

    def combined(self, *terms: tuple[int, Form]) -> Form:
        """A linear combination."""
        result: dict[int, int] = {}
        for c, form in terms:
            for x, d in form.items():
                result[x] = result.get(x, 0) + c * d
        return {x: d % self.modulus for x, d in result.items() if d % self.modulus}

    def reduced(self, *terms: tuple[int, Form]) -> Form:
        """A linear combination, in unknowns that no equation has solved."""
        result: dict[int, int] = {}
        for c, form in terms:
            for x, d in form.items():
                known = self._known(x)
                if known is None:
                    result[x] = result.get(x, 0) + c * d
                else:
                    for y, e in known.items():
                        result[y] = result.get(y, 0) + c * d * e
        return {x: d % self.modulus for x, d in result.items() if d % self.modulus}

    def _known(self, x: int) -> Form | None:
        """What an unknown is equal to, in unknowns that no equation has solved; None where it is one of these."""
        known = self.solved.get(x)
        if known is not None and any(y in self.solved for y in known):
            known = self.solved[x] = self.reduced((1, known))
        return known

    def equal(self, a: Form, b: Form) -> None:
        """Demand that two forms are the same."""
        if a is b or a == b:
            return
        rest = self.reduced((1, a), (-1, b))
        if rest:
            pivot = max(rest)
            inverse = -pow(rest[pivot], -1, self.modulus)
            self.solved[pivot] = self.combined((inverse, {x: d for x, d in rest.items() if x != pivot}))


Forms = Any
"""The forms of the entries of a node, in its shape; None for an entry that is 0, which may have any weight."""


class _TooLarge(Exception):
    """The model has too many terms to be graded."""


class _Walk:
    """All gradings of a model with weights modulo one prime."""

    def __init__(self, model: CountedModel, letters: Sequence[int], modulus: int) -> None:
        self.model = model
        self.program: Program = model.program
        self.letters = letters
        self.modulus = modulus
        self.equations = _Equations(modulus)
        self.shapes = [tuple(fixed(k) for k in shape) for shape in self.program.shapes]
        self.activations = dict(self.program.activations)
        self.values: dict[int, Forms] = {}
        self.slopes: dict[int, Forms] = {}
        self.unknowns = 0
        self.terms = 0

    def hashes(self) -> dict[int, Hashes]:
        """The weight of each entry of the letters in a solution drawn at random; modulo 2, in 64 of them, a bit each.

        Raises `_TooLarge`.
        """
        moving = self._moving()
        for n in self._needed(moving):
            self.values[n] = self._value(n)
        self._descend(moving)
        self._flow()
        result = {}
        for n in self.letters:
            forms = [
                UNIT_WEIGHT if form is None else self.equations.reduced((1, form)) for form in self.values[n].ravel()
            ]
            result[n] = np.array([self._hash(form) for form in forms], dtype=np.uint64)
        return result

    def _hash(self, form: Form) -> int:
        """The value of a form in the solution that was drawn."""
        total = 0
        for x, d in form.items():
            if self.modulus == 2:
                total ^= salt("sign", x)
            else:
                total += d * salt("weight", x)
        return total if self.modulus == 2 else total % self.modulus

    def _unknown(self) -> Form:
        """A new unknown weight."""
        self.unknowns += 1
        return {self.unknowns: 1}

    def _array(self, n: int, form: Form | None) -> Forms:
        """The same form for every entry of a node."""
        result = np.empty(self.shapes[n], dtype=object)
        result.fill(form)
        return result

    def _count(self, terms: int) -> None:
        """Note that terms are walked through. Raises `_TooLarge` where there are too many."""
        self.terms += terms
        if self.terms > LIMITS.terms:
            raise _TooLarge

    # --- which nodes ---

    def _moving(self) -> set[int]:
        """The nodes below the outputs that the gradients go through."""
        found: set[int] = set()
        for n in self.program.cone(self.model.outputs):
            node = self.program.nodes[n]
            if (isinstance(node, Leaf) and node.role == "param") or any(m in found for m in operands_of(node)):
                found.add(n)
        return found

    def _needed(self, moving: set[int]) -> list[int]:
        """The nodes whose values are factors somewhere in a generator, or are compared with others, in order."""
        flow = self.model.flow
        roots = [*self.letters, *flow.nodes(), *(n for n, _ in self.program.leaves(*STATE))]
        for n in moving:
            node = self.program.nodes[n]
            match node:
                case Einsum(operands):
                    for k, m in enumerate(operands):
                        if m in moving:
                            roots += operands[:k] + operands[k + 1 :]
                case Apply():
                    if self._degree(node) != 1:
                        roots.append(node.operand)
                case Call():
                    roots += operands_of(node)
        return self.program.cone(roots)

    # --- values ---

    def _value(self, n: int) -> Forms:
        """The weights of the entries of a node, from those of its operands."""
        node = self.program.nodes[n]
        operands = [self.values[m] for m in operands_of(node)]
        match node:
            case Leaf():
                result = self._array(n, None)
                self._count(result.size)
                for place in np.ndindex(result.shape):
                    result[place] = self._unknown()
                return result
            case Number(value):
                return self._array(n, None if value.constant() == 0 else UNIT_WEIGHT)
            case Iota(start, step):
                result = self._array(n, UNIT_WEIGHT)
                result[fixed(start) + step * np.arange(len(result)) == 0] = None
                return result
            case Einsum():
                return self._einsum(n, node)
            case Sum(terms):
                result = self._array(n, None)
                self._count(result.size * len(terms))
                for (c, _), forms in zip(terms, operands, strict=True):
                    if c:
                        self._merge(result, forms)
                return result
            case Apply():
                return self._mapped(n, operands[0], self._degree(node))
            case Call("prod"):
                return self._products(n, operands[0])
            case Call("det"):
                return self._determinants(n, operands[0])
            case Call():
                for forms in operands:
                    self._unchanged(forms)
                return self._array(n, UNIT_WEIGHT)
            case Window():
                return self._moved(n, node, operands[0])
            case Stop():
                return operands[0]
            case _:
                assert_never(node)

    def _degree(self, node: Apply) -> int | None:
        """The multiple of the weight of z that f(z) has, where f'(z) has one less; None where z can have the weight of 1 only."""
        if node.exponent is not None:
            exponent: object = node.exponent
        else:
            row = function_of(node.function, self.activations)
            if self.modulus == 2 and row.parity:
                return int(row.parity < 0)
            exponent = row.degree
        if not isinstance(exponent, Fraction) or exponent.denominator % self.modulus == 0:
            return None
        return exponent.numerator * pow(exponent.denominator, -1, self.modulus) % self.modulus

    def _mapped(self, n: int, forms: Forms, degree: int | None) -> Forms:
        """The weights of a function of each entry that is homogeneous of some degree; None for one that is not."""
        if degree is None:
            self._unchanged(forms)
            return self._array(n, UNIT_WEIGHT)
        result = self._array(n, None)
        for place in np.ndindex(result.shape):
            form = forms[place]
            # 0 to any power counts as having the weight of 1: it is 0, or it is not defined
            result[place] = UNIT_WEIGHT if form is None else self.equations.combined((degree, form))
        return result

    def _unchanged(self, forms: Forms) -> None:
        """Demand that these entries have the weight of 1."""
        for form in forms.ravel():
            if form is not None:
                self.equations.equal(form, UNIT_WEIGHT)

    def _merge(self, into: Forms, forms: Forms) -> None:
        """Demand that terms of the same sums have the same weights, entry by entry."""
        for place in np.ndindex(into.shape):
            self._add(into, place, forms[place])

    def _add(self, into: Forms, place: tuple[int, ...], form: Form | None) -> None:
        """Demand that one more term of the sum at a place has its weight, or note the weight of the first."""
        if form is None:
            return
        if into[place] is None:
            into[place] = self.equations.reduced((1, form))
        else:
            self.equations.equal(into[place], form)

    def _einsum(self, n: int, node: Einsum) -> Forms:
        """The weights of the entries of an einsum."""
        result = self._array(n, None)
        operands = [self.values[m] for m in node.operands]
        for out, places in self._places(node):
            factors = [forms[place] for forms, place in zip(operands, places, strict=True)]
            if all(form is not None for form in factors):
                self._add(result, out, self.equations.combined(*((1, form) for form in factors)))
        return result

    def _places(self, node: Einsum) -> Iterator[tuple[tuple[int, ...], list[tuple[int, ...]]]]:
        """The entries of the value and of each operand, for every term of an einsum. Raises `_TooLarge`."""
        used = sorted({*node.out, *(label for row in node.labels for label in row)})
        sizes = [fixed(node.sizes[label]) for label in used]
        self._count(int(np.prod(sizes, dtype=np.int64)) * max(1, len(node.operands)))
        at = {label: k for k, label in enumerate(used)}
        out = [at[label] for label in node.out]
        rows = [[at[label] for label in row] for row in node.labels]
        for index in product(*map(range, sizes)):
            yield tuple(index[k] for k in out), [tuple(index[k] for k in row) for row in rows]

    def _products(self, n: int, forms: Forms) -> Forms:
        """The weights of products along the last axis."""
        result = self._array(n, None)
        for place in np.ndindex(result.shape):
            if all(form is not None for form in forms[place]):
                result[place] = self.equations.combined(*((1, form) for form in forms[place]))
        return result

    def _determinants(self, n: int, forms: Forms) -> Forms:
        """The weights of determinants of the last two axes; those of large ones are 1, and so are their entries'."""
        result = self._array(n, None)
        size = forms.shape[-1]
        if size > LIMITS.determinant:
            self._unchanged(forms)
            return self._array(n, UNIT_WEIGHT)
        for place in np.ndindex(result.shape):
            for p in permutations(range(size)):
                factors = [forms[(*place, i, j)] for i, j in enumerate(p)]
                if all(form is not None for form in factors):
                    self._add(result, place, self.equations.combined(*((1, form) for form in factors)))
        return result

    def _moved(self, n: int, node: Window, forms: Forms) -> Forms:
        """The weights of the entries of a window."""
        if node.transposed:
            result = self._array(n, None)
            for place, form in zip(self._sources(n, node), forms.ravel(), strict=True):
                self._add(result.reshape(-1), (int(place),), form)
            return result
        return forms.ravel()[self._sources(n, node)].reshape(self.shapes[n])

    def _sources(self, n: int, node: Window) -> npt.NDArray[np.int64]:
        """The places of entries row by row: where each comes from; of a transposed window, where each of the operand goes."""
        outer = self.shapes[n] if node.transposed else self.shapes[node.operand]
        lengths = [fixed(length) for length in node.lengths]
        index = np.full(lengths, fixed(node.start), dtype=np.int64)
        for k, step in enumerate(node.steps):
            index = index + fixed(step) * np.arange(lengths[k]).reshape(
                [-1 if j == k else 1 for j in range(len(lengths))]
            )
        numbers = np.arange(int(np.prod(outer, dtype=np.int64))).reshape(outer)
        return np.take(numbers, index, axis=node.axis).ravel()

    # --- derivatives of the outputs ---

    def _descend(self, moving: set[int]) -> None:
        """Find the weights of d(output)/d(node), times a datum that stands for the slope of the loss, from the outputs down."""
        for n in sorted(moving):
            self.slopes[n] = self._array(n, None)
        for n in dict.fromkeys(self.model.outputs):
            if n in moving:
                for place in np.ndindex(self.shapes[n]):
                    self.slopes[n][place] = self._unknown()
        for n in sorted(moving, reverse=True):
            self._pull(n, self.program.nodes[n], moving)

    def _pull(self, n: int, node: Node, moving: set[int]) -> None:
        """Hand the weights of the derivatives at a node on to its operands."""
        slopes = self.slopes[n]
        combined = self.equations.combined
        match node:
            case Sum(terms):
                self._count(slopes.size * len(terms))
                for c, m in terms:
                    if c and m in moving:
                        self._merge(self.slopes[m], slopes)
            case Einsum():
                self._pull_einsum(node, slopes, moving)
            case Apply():
                self._pull_mapped(node.operand, slopes, self._degree(node))
            case Call("prod", (m,)):
                for place in np.ndindex(slopes.shape):
                    factors = list(self.values[m][place])
                    for k in range(len(factors)):
                        others = factors[:k] + factors[k + 1 :]
                        if slopes[place] is not None and all(form is not None for form in others):
                            form = combined((1, slopes[place]), *((1, other) for other in others))
                            self._add(self.slopes[m], (*place, k), form)
            case Call("det", (m,)):
                whole = self._determinants(n, self.values[m])
                for place in np.ndindex(self.slopes[m].shape):
                    form, entry = slopes[place[:-2]], self.values[m][place]
                    if form is not None and whole[place[:-2]] is not None and entry is not None:
                        self._add(self.slopes[m], place, combined((1, form), (1, whole[place[:-2]]), (-1, entry)))
            case Call(_, operands):
                for m in operands:
                    self._unchanged(self.values[m])
                forms = [form for form in slopes.ravel() if form is not None]
                for form in forms[1:]:
                    self.equations.equal(form, forms[0])
                for m in operands:
                    if forms and m in moving:
                        self._merge(self.slopes[m], self._array(m, forms[0]))
            case Window(m) if node.transposed:
                self._merge(self.slopes[m], slopes.ravel()[self._sources(n, node)].reshape(self.shapes[m]))
            case Window(m):
                below = self.slopes[m].reshape(-1)
                for place, form in zip(self._sources(n, node), slopes.ravel(), strict=True):
                    self._add(below, (int(place),), form)
            case Leaf() | Number() | Iota() | Stop():
                pass
            case _:
                assert_never(node)

    def _pull_mapped(self, m: int, slopes: Forms, degree: int | None) -> None:
        """Hand the weights on through a function of each entry of `m`, homogeneous of some degree; None for one that is not."""
        if degree == 1:
            self._merge(self.slopes[m], slopes)
            return
        values = self.values[m]
        if degree is None:
            self._unchanged(values)
            self._merge(self.slopes[m], slopes)
            return
        for place in np.ndindex(slopes.shape):
            if slopes[place] is not None and values[place] is not None:
                self._add(
                    self.slopes[m], place, self.equations.combined((1, slopes[place]), (degree - 1, values[place]))
                )

    def _pull_einsum(self, node: Einsum, slopes: Forms, moving: set[int]) -> None:
        """Hand the weights on to the operands of an einsum."""
        through = [k for k, m in enumerate(node.operands) if m in moving]
        values = [self.values.get(m) for m in node.operands]
        for out, places in self._places(node):
            if slopes[out] is None:
                continue
            for k in through:
                terms = [(1, slopes[out])]
                for j, place in enumerate(places):
                    if j != k:
                        forms = values[j]
                        assert forms is not None
                        if forms[place] is None:
                            break
                        terms.append((1, forms[place]))
                else:
                    self._add(self.slopes[node.operands[k]], places[k], self.equations.combined(*terms))

    def _flow(self) -> None:
        """Demand that what moves a coordinate changes as it does; a drift may change by one weight more."""
        flow, equations = self.model.flow, self.equations
        state = {leaf.name: n for n, leaf in self.program.leaves(*STATE)}
        shift = self._unknown()
        for part in flow.parts(1):
            assert part.gradient is not None
            for place in np.ndindex(self.shapes[n := state[part.gradient]]):
                form = self.slopes[n][place] if n in self.slopes else None
                if part.factor is not None and form is not None:
                    factor = self.values[part.factor][place]
                    form = None if factor is None else equations.combined((1, form), (1, factor))
                if form is not None:
                    equations.equal(form, self.values[state[part.target]][place])
        for name, n in flow.drift.items():
            for place in np.ndindex(self.shapes[n]):
                form = self.values[n][place]
                if form is not None:
                    equations.equal(form, equations.combined((1, self.values[state[name]][place]), (1, shift)))

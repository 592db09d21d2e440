"""Symmetries behind laws, and symmetries that give none.

Noether's theorem for gradient flow: h is conserved iff the outputs do not change along the field P grad h, so every law
generates a symmetry of the model, the flow of that field. Not every symmetry is one: it gives a law iff it is the flow of such
a gradient. Under momentum the gradient is that in the velocities, and the symmetries that give laws are isometries.

Untrusted. `noether` describes a law that was proved elsewhere; what `linear_symmetries` lists has been checked exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from itertools import chain, combinations, count
from math import gcd, lcm

import numpy as np

from claws.discovery.found import FoundLaw, Notes
from claws.discovery.matrices import Vector, integral, rational_vectors, sparser
from claws.discovery.notation import Labels, Term, law_text, product_text
from claws.discovery.points import SearchPoint, points_of, random_states
from claws.kernel.core.errors import Malformed, Meter, NoRoot, OutOfBudget, Refused, Undefined
from claws.kernel.core.evidence import Network
from claws.kernel.core.flow import GRADIENT, STATE
from claws.kernel.core.program import Gather, Leaf, Node, Number, Program, Scatter, Sum
from claws.kernel.core.simplified import simplified
from claws.kernel.core.sizes import ONE, Size
from claws.kernel.core.statement import Statement
from claws.kernel.counting.bounds import Changed, simple_model
from claws.kernel.counting.jets import salt
from claws.kernel.laws.by_polynomials import generic_point
from claws.kernel.laws.polynomials import Polynomials
from claws.kernel.laws.symbols import Tensor, squeeze
from claws.kernel.laws.tensors import Tensors
from claws.kernel.values.evaluation import Array, Index, directional, fixed, indices
from claws.prover.renamings import LeastForms
from claws.readings.echelon import BATCH, Echelon, elimination_work, null_space
from claws.readings.modular import PRIMES, PrimeField, Residues
from claws.readings.points import ModularPoint
from claws.syntax import nodes
from claws.syntax.instances.instance import Instance
from claws.syntax.parser import parse_expression
from claws.syntax.spec import Spec

BUDGET = 5_000_000
"""Elementary steps for the description of one law."""


@dataclass(frozen=True)
class Symmetry:
    """A one-parameter group of maps of the parameters, s its parameter: in plain text and in LaTeX."""

    text: str
    latex: str

    def __str__(self) -> str:
        return self.text


def noether(
    spec: Spec, law: FoundLaw | str, sizes: Mapping[str, int] | None = None, meter: Meter | None = None
) -> Symmetry:
    """The symmetry of the model that a law generates: the flow of P grad <S, law>, S any constant array of the law's shape.

    `law` is one that was found, or an expression in the file's names, which is taken to be conserved. Raises `SourceError` for an
    expression without a meaning, `Refused` where the budget does not suffice.
    """
    text = law if isinstance(law, str) else law.text
    given = sizes if sizes is not None else {} if isinstance(law, str) else law.sizes
    statement = Instance(spec, given).statement_of(parse_expression(text))
    return _Description(statement, text, spec.parameters(), meter or Meter(BUDGET)).symmetry()


# --- the field of a law ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Part:
    """coefficient * S[seed] * product of factors, one term of the field in a parameter. Axes of size 1 are left out."""

    coefficient: Fraction
    factors: tuple[tuple[str, Fraction, Labels], ...]
    """Arrays of the state and constants: name, exponent, indices; 0, 1, ... are the parameter's own axes."""
    seed: Labels
    at: tuple[tuple[int, str], ...]
    """Axes of the parameter along which one place alone moves."""
    pace: tuple[tuple[int, Fraction], ...]
    """Factors that are one number, constants or functions of the time: symbols and exponents."""


@dataclass(frozen=True)
class _Action:
    """What a part does by itself. `kind` is "scale", "shift" or "matrix"."""

    kind: str
    coefficient: Fraction
    at: tuple[tuple[int, str], ...]
    along: tuple[tuple[int, int], ...]
    """Pairs of an axis of the parameter and the axis of S that runs along with it."""
    axis: int = 0
    """Of a matrix: the axis that it acts on, from the right."""
    transposed: bool = False
    symmetry: int = 0
    """Of a matrix: 1 where only a symmetric S counts, -1 where only a skew one does."""


class _Description:
    def __init__(self, statement: Statement, text: str, order: Sequence[str], meter: Meter) -> None:
        self.law = text
        self.order = order
        self.program = statement.program
        self.flow = statement.flow
        self.tensors = Tensors(self.program, meter, LeastForms(meter))
        self.node = statement.law
        self.shape = squeeze(self.program.shapes[self.node])
        self.leaves = {node.name: n for n, node in enumerate(self.program.nodes) if isinstance(node, Leaf)}
        # letters that the file does not use
        taken = {*self.leaves, *self.program.free_dims()}
        self.s = next(x for x in ("s", "eps", "pace") if x not in taken)
        self.seed = next(x for x in ("S", "Z", "seed") if x not in taken)
        self.letters = [x for x in "kijlmnpqab" if x not in taken] + ["k1", "k2", "k3"]
        self.timed = self._timed()
        self.exchange = self._exchange()
        self.field = self._field()

    def _timed(self) -> set[int]:
        """Symbols of numbers that are constant or depend on the time alone."""
        program = self.program
        found: set[int] = set()
        for n in program.cone([self.node, *self.flow.nodes()]):
            leaves = [node for m in program.cone([n]) if isinstance(node := program.nodes[m], Leaf)]
            if not program.shapes[n] and leaves and all(leaf.role in ("const", "time") for leaf in leaves):
                found.update(s for network in self.tensors.value(n).terms for s, _, _ in network)
        return found

    def _exchange(self) -> dict[tuple[int, int], int]:
        """Pairs of axes of the law that may be exchanged, with the sign that this brings."""
        t = self.tensors
        value = t.value(self.node)
        found = {}
        for a, b in combinations(range(len(self.shape)), 2):
            if self.shape[a] == self.shape[b] and value.terms:
                axes = list(range(len(self.shape)))
                axes[a], axes[b] = b, a
                other = t.einsum([value], [axes], range(len(axes)), dict(enumerate(self.shape)))
                for sign in (1, -1):
                    if t.vanishes(t.add((Fraction(1), value), (Fraction(-sign), other))):
                        found[a, b] = sign
        return found

    def _field(self) -> dict[str, list[_Part]] | None:
        """P grad <S, law> by parameter; None where a part has no simple form."""
        t, program = self.tensors, self.program
        place = {leaf.name: n for n, leaf in program.leaves(*STATE)}
        moved = {place[self.flow.moved(leaf.name)]: leaf.name for _, leaf in program.leaves("param")}
        factors = dict(self.flow.factors)
        seed = t.fresh_constant("S", program.shapes[self.node])
        found: dict[str, list[_Part]] = {}
        for n, g in t.gradient(self.node, seed, moved).items():
            name = moved[n]
            direction = _written_out(t, t.hadamard(t.value(factors[name]), g) if name in factors else g)
            for network, c in direction.terms.items():
                number = c.constant()
                part = None if number is None else self._part(network, number, len(direction.shape))
                if part is None:
                    return None
                found.setdefault(name, []).append(part)
        if len({p.pace for parts in found.values() for p in parts}) > 1:
            return None

        def places(part: _Part) -> list[tuple[int, int, str]]:
            # x[2] before x[10]
            return [(axis, len(position), position) for axis, position in part.at]

        return {name: sorted(found[name], key=places) for name in self.order if name in found}

    def _part(self, network: Network, c: Fraction, rank: int) -> _Part | None:
        factors: list[tuple[str, Fraction, Labels]] = []
        seed: Labels = ()
        at: dict[int, str] = {}
        pace: list[tuple[int, Fraction]] = []
        for s, e, ix in network:
            symbol = self.tensors.symbols[s]
            if symbol.kind == "constant":
                seed = ix
            elif symbol.kind == "select" and len(ix) == 1 and 0 <= ix[0] < rank:
                at[ix[0]] = str(symbol.data[0])
            elif s in self.timed:
                pace.append((s, e))
            elif symbol.kind == "leaf":
                factors.append((symbol.text, e, ix))
            else:
                return None
        # a place of the parameter itself: U[0] in the direction of U[0]
        own = [
            (name, e, tuple(k if i < 0 and at.get(k) == str(self.tensors.position(i)) else i for k, i in enumerate(ix)))
            for name, e, ix in factors
        ]
        if any(i < 0 for row in (seed, *(ix for _, _, ix in own)) for i in row):
            return None
        return _Part(c, tuple(own), seed, tuple(sorted(at.items())), tuple(pace))

    # --- as actions ----------------------------------------------------------------------------------------------------

    def symmetry(self) -> Symmetry:
        if self.field is None:
            return self._in_words()
        actions: dict[str, list[_Action]] = {}
        for name, parts in self.field.items():
            own: dict[object, _Action] = {}
            for part in parts:
                a = self._action(name, part)
                if a is None:
                    return self._turned(self.field) or self._as_field(self.field)
                key = replace(a, coefficient=Fraction(0))
                own[key] = replace(a, coefficient=a.coefficient + (own[key].coefficient if key in own else 0))
            actions[name] = [a for a in own.values() if a.coefficient]
            if not all(_commute(actions[name])):
                return self._as_field(self.field)
        everything = [a for own_ in actions.values() for a in own_]
        if not everything:
            return Symmetry("none: the field is zero", "\\mathrm{id}")
        scale = _common([a.coefficient for a in everything])
        written = [pair for name, own_ in actions.items() for pair in self._written(name, own_, scale)]
        suffix = self._suffix(everything)
        latex = ",\\; ".join(formula for _, formula in written)
        return Symmetry(", ".join(text for text, _ in written) + suffix, latex)

    def _action(self, name: str, part: _Part) -> _Action | None:
        rank = len(squeeze(self.program.shapes[self.leaves[name]]))
        along = tuple((i, k) for k, i in enumerate(part.seed) if i < rank)
        if len({i for i, _ in along}) != len(along):
            return None
        if not part.factors:
            return _Action("shift", part.coefficient, part.at, along) if len(along) == len(part.seed) else None
        if len(part.factors) != 1 or part.factors[0][:2] != (name, Fraction(1)):
            return None
        ix = part.factors[0][2]
        summed = [k for k, i in enumerate(ix) if i >= rank]
        if any(i != k for k, i in enumerate(ix) if k not in summed):
            return None
        if not summed:
            return _Action("scale", part.coefficient, part.at, along) if len(along) == len(part.seed) else None
        if len(summed) > 1 or part.seed.count(ix[summed[0]]) != 1 or summed[0] not in part.seed:
            return None
        (axis,) = summed
        inner, outer = part.seed.index(ix[axis]), part.seed.index(axis)
        if len(along) != len(part.seed) - 1:
            return None
        along = tuple((i, k) for i, k in along if i != axis)
        sign = self.exchange.get((min(inner, outer), max(inner, outer)), 0)
        c, transposed = part.coefficient, inner > outer
        if sign and transposed:
            # S has the symmetry of the law: either order of its axes says the same
            c, transposed = c * sign, False
        return _Action("matrix", c, part.at, along, axis, transposed, sign)

    def _written(self, name: str, actions: Sequence[_Action], scale: Fraction) -> Iterable[tuple[str, str]]:
        done: set[object] = set()
        for a in actions:
            if a.kind != "matrix":
                text, formula = self._entry(name, a)
                c = a.coefficient / scale
                if a.kind == "scale":
                    yield f"{text} -> {self._power(c)} {text}", f"{formula} \\mapsto {self._power_latex(c)} {formula}"
                else:
                    plus = "+" if c > 0 else "-"
                    step = self.s if abs(c) == 1 else f"{abs(c)}*{self.s}"
                    yield (
                        f"{text} -> {text} {plus} {step}",
                        f"{formula} \\mapsto {formula} {plus} {step.replace('*', ' ')}",
                    )
            elif (a.at, a.along) not in done:
                done.add((a.at, a.along))
                yield self._by_matrices(name, [b for b in actions if (b.at, b.along) == (a.at, a.along)], scale)

    def _entry(self, name: str, a: _Action) -> tuple[str, str]:
        """The part of a parameter that moves as one, as `U[:, k]`."""
        axes = [k for k, n in enumerate(self.program.shapes[self.leaves[name]]) if n != ONE]
        index = {axes[i]: self.letters[k] for i, k in a.along}
        index.update((axes[i], place) for i, place in a.at)
        if not index:
            return name, _name_latex(name)
        items = [index.get(k, ":") for k in range(len(self.program.shapes[self.leaves[name]]))]
        while items[-1] == ":" and len(items) > 2:
            items.pop()
        full = ", ".join(items if len(axes) == 2 or items[-1] != ":" else items[:-1])
        return f"{name}[{full}]", f"{_name_latex(name)}_{{{full.replace(' ', '')}}}"

    def _by_matrices(self, name: str, actions: Sequence[_Action], scale: Fraction) -> tuple[str, str]:
        shape = self.program.shapes[self.leaves[name]]
        # those of size 1 count: a row is multiplied from the right
        axes = [k for k, n in enumerate(shape) if n != ONE]
        fixed = {axes[i] for i, _ in (*actions[0].along, *actions[0].at)}
        left = [k for k in range(len(shape)) if k not in fixed]
        text, formula = self._entry(name, actions[0])
        if fixed and sorted(fixed) == list(range(len(fixed))):
            # U[h, :, :] is U[h]
            head = text[text.index("[") + 1 : -1].split(", ")[: len(fixed)]
            text, formula = f"{name}[{', '.join(head)}]", f"{_name_latex(name)}_{{{','.join(head)}}}"
        before = after = before_latex = after_latex = where = ""
        for a in actions:
            c = a.coefficient / scale
            axis = axes[a.axis]
            on_left = len(left) == 1 or left.index(axis) == 0
            transposed = a.transposed
            if on_left and len(left) <= 2:
                transposed, c = not transposed if not a.symmetry else False, c * (a.symmetry or 1)
            letters = [self.letters[k] for _, k in a.along]
            seed = self.seed + (f"[{', '.join(letters)}]" if letters else "") + (".T" if transposed else "")
            seed_latex = self.seed + (f"_{{{','.join(letters)}}}" if letters else "")
            seed_latex += "^{\\top}" if transposed else ""
            factor = "" if c == 1 else "-" if c == -1 else f"{c}*"
            power = f"exp({factor}{self.s}*{seed})"
            power_latex = f"e^{{{factor.replace('*', '')}{self.s} {seed_latex}}}"
            if len(left) > 2:
                where += f" (along axis {axis})"
                after, after_latex = f" {power}", f" {power_latex}"
            elif on_left:
                before, before_latex = f"{power} ", f"{power_latex} "
            else:
                after, after_latex = f" {power}", f" {power_latex}"
        moved = f"{before_latex}{formula}{after_latex}"
        return f"{text} -> {before}{text}{after}{where}", f"{formula} \\mapsto {moved}"

    def _suffix(self, actions: Sequence[_Action]) -> str:
        kinds = {a.symmetry for a in actions if a.kind == "matrix"}
        if kinds:
            about = "symmetric" if kinds == {1} else "skew" if kinds == {-1} else ""
            return f", {self.seed} {about}" if about else f", any {self.seed}"
        letters = sorted({self.letters[k] for a in actions for _, k in a.along})
        return f", for each {', '.join(letters)}" if letters else ""

    # --- as fields -----------------------------------------------------------------------------------------------------

    def _turned(self, field: Mapping[str, list[_Part]]) -> Symmetry | None:
        """Two arrays that turn into each other, as u and v for the law u*v."""
        if len(field) != 2 or any(len(parts) != 1 or parts[0].at for parts in field.values()):
            return None
        (u, (p,)), (v, (q,)) = field.items()
        rank = len(squeeze(self.program.shapes[self.leaves[u]]))
        own = tuple(range(rank))
        expected = ((v, Fraction(1), own),), ((u, Fraction(1), own),)
        if (p.factors, q.factors) != expected or p.seed != q.seed or abs(p.coefficient) != abs(q.coefficient):
            return None
        if any(i >= rank for i in p.seed) or len(set(p.seed)) != len(p.seed):
            return None
        a = _Action("scale", p.coefficient, (), tuple((i, k) for k, i in enumerate(p.seed)))
        (x, x_latex), (y, y_latex) = self._entry(u, a), self._entry(v, a)
        same = p.coefficient == q.coefficient
        cos, sin, sign = ("cosh", "sinh", "+") if same else ("cos", "sin", "-")
        s = self.s
        text = f"{x} -> {cos}({s})*{x} + {sin}({s})*{y}, {y} -> {cos}({s})*{y} {sign} {sin}({s})*{x}"
        formula = (
            f"{x_latex} \\mapsto \\{cos} {s}\\, {x_latex} + \\{sin} {s}\\, {y_latex},\\; "
            f"{y_latex} \\mapsto \\{cos} {s}\\, {y_latex} {sign} \\{sin} {s}\\, {x_latex}"
        )
        return Symmetry(text + self._suffix([a]), formula)

    def _as_field(self, field: Mapping[str, list[_Part]]) -> Symmetry:
        scale = _common([p.coefficient for parts in field.values() for p in parts])
        texts, formulas = [], []
        for name, parts in field.items():
            rank = len(squeeze(self.program.shapes[self.leaves[name]]))
            total: dict[str, Fraction] = {}
            for p in parts:
                if p.at or any(ONE in self.program.shapes[self.leaves[f]] for f, _, _ in p.factors):
                    return self._in_words()
                rows = [(_power_of(f, e), ix) for f, e, ix in p.factors]
                rows += [(self.seed, p.seed)] if self.shape else []
                labels = [tuple(i if i < rank else rank - 1 - i for i in ix) for _, ix in rows]
                carried = {i for row in labels for i in row}
                out = tuple(range(rank))
                if not carried >= set(out):
                    return self._in_words()
                text = product_text([t for t, _ in rows], labels, out) if rows else "1"
                total[text] = total.get(text, Fraction(0)) + p.coefficient / scale
            terms = [Term(c, "", text) for text, c in total.items() if c]
            if terms:
                right = law_text(sorted(terms, key=lambda term: term.body == "1"))
                texts.append(f"d{name}/d{self.s} = {right}")
                formulas.append(
                    f"\\tfrac{{d}}{{d{self.s}}} {_name_latex(name)} = \\texttt{{{right}}}".replace("^", "\\^{}")
                )
        return Symmetry(", ".join(texts) + self._any(), ",\\; ".join(formulas))

    def _in_words(self) -> Symmetry:
        factor = "P " if self.flow.factors else ""
        inner = f"<{self.seed}, {self.law}>" if self.shape else f"({self.law})"
        text = f"the flow of d(theta)/d{self.s} = {factor}grad {inner}{self._any()}"
        return Symmetry(text, f"\\tfrac{{d}}{{d{self.s}}}\\theta = {factor}\\nabla h")

    def _any(self) -> str:
        return f", any {self.seed}" if self.shape else ""

    def _power(self, c: Fraction) -> str:
        return _power(c, self.s)

    def _power_latex(self, c: Fraction) -> str:
        return f"e^{{{'' if c == 1 else '-' if c == -1 else c}{self.s}}}"


def _written_out(t: Tensors, x: Tensor) -> Tensor:
    """The same tensor with its sums written out, but for those in a denominator.

    `Tensors.opened` multiplies by the denominators, which keeps a zero and changes everything else.
    """
    while True:
        exponents: dict[int, set[Fraction]] = {}
        for network in x.terms:
            for number, e, _ in network:
                exponents.setdefault(number, set()).add(e)
        sums = [
            k
            for k, found in exponents.items()
            if t.symbols[k].definition is not None and max(found) >= 1 and min(found) > 0
        ]
        if not sums:
            return x
        latest = max(sums)
        x = t.opened(x, lambda symbol, latest=latest: symbol.number == latest)  # type: ignore[misc]


def _commute(actions: Sequence[_Action]) -> Iterable[bool]:
    """Whether the actions on one parameter can be written one by one."""
    for a, b in combinations(actions, 2):
        if a.at != b.at and {i for i, _ in a.at} == {i for i, _ in b.at}:
            yield True  # on different places
        elif a.kind == b.kind == "scale":
            yield True
        else:
            yield a.kind == b.kind == "matrix" and a.axis != b.axis and a.along == b.along


def _common(numbers: Sequence[Fraction]) -> Fraction:
    """What to divide by, so that coprime integers are left and the first is positive."""
    scale = lcm(*(c.denominator for c in numbers))
    common = Fraction(gcd(*(int(c * scale) for c in numbers)), scale)
    return -common if numbers[0] < 0 else common


def _power(c: Fraction, s: str) -> str:
    return f"e^{s}" if c == 1 else f"e^-{s}" if c == -1 else f"e^({c}*{s})"


def _power_of(name: str, e: Fraction) -> str:
    return name if e == 1 else f"1/{name}" if e == -1 else f"1/{name}^{-e}" if e < 0 else f"{name}^{e}"


def _name_latex(name: str) -> str:
    """`W1` as W_1; a long name upright."""
    head, tail = name.rstrip("0123456789"), name[len(name.rstrip("0123456789")) :]
    head = head if len(head) == 1 else f"\\mathrm{{{head}}}".replace("_", "\\_")
    return f"{head}_{{{tail}}}" if tail else head


# --- linear symmetries -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LinearSymmetry:
    """theta' = M theta + c, along which no output changes, at fixed sizes."""

    text: str
    is_gradient: bool
    """Whether it gives a law: it is P grad h for some h; under momentum, whether it is an isometry."""


MAX_UNKNOWNS = 3_000
"""Models with D parameters are not read where D*(D + 1) is larger."""

LINEAR_BUDGET = 20_000_000
"""Elementary steps for the linear symmetries of one model."""

PROOFS = 40
"""One proof takes at most one part in so many of what is left of the budget."""

STATES = 3
"""Random states at which a field is compared with a gradient under a preconditioner."""

_SPARE = 16
"""Equations beyond the number of unknowns."""


def linear_symmetries(
    spec: Spec,
    sizes: Mapping[str, int] | None = None,
    seed: int = 0,
    meter: Meter | None = None,
    notes: Notes | None = None,
) -> list[LinearSymmetry]:
    """A basis of the affine fields theta' = M theta + c along which the outputs do not change, those that give a law first.

    Multiples of a shift by linear functions are left out: they are symmetries because the shift is. The fields are found modulo a
    prime and checked exactly; what is not shown within the budget is left out, and a note says so. Raises `Malformed` where
    a size is missing or the model has too many parameters, `Undefined` where it can't be evaluated modulo a prime, `SourceError`
    as elaboration does.
    """
    statement = Instance(spec, sizes or {}).statement_of(nodes.Name(spec.parameters()[0]))
    if statement.program.free_dims():
        raise Malformed(
            f"linear symmetries need fixed sizes: none is given for {', '.join(statement.program.free_dims())}"
        )
    search = _Linear(statement, seed, meter or Meter(LINEAR_BUDGET), Notes() if notes is None else notes)
    return search.run()


class _Linear:
    """Vectors have the entry M[i, j] under the key i*(D + 1) + j, and c[i] as if j were D."""

    def __init__(self, statement: Statement, seed: int, meter: Meter, notes: Notes) -> None:
        self.statement = statement
        self.seed = seed
        self.meter = meter
        self.notes = notes
        program = statement.program
        self.shapes = {leaf.name: tuple(fixed(k) for k in program.shapes[n]) for n, leaf in program.leaves("param")}
        self.entries = [(name, i) for name, shape in self.shapes.items() for i in indices(shape)]
        self.size = len(self.entries)
        self.s = "eps" if "s" in self.shapes else "s"
        if self.size * (self.size + 1) > MAX_UNKNOWNS:
            raise Malformed(f"{self.size} parameters are too many for linear symmetries to be looked for")

    def run(self) -> list[LinearSymmetry]:
        every = self._kernel()
        lawful = self._subspace(every, self._no_gradient)
        skew = [] if self.statement.flow.factors else self._subspace(every, self._symmetry)
        shifts = [v for v in self._subspace(every, self._slope) if v]
        known = Echelon(PRIMES[0], self.size * (self.size + 1))
        result: list[LinearSymmetry] = []
        try:
            for basis, gives_law in ((lawful, True), (skew, False), (every, False)):
                for v in sorted(basis, key=lambda v: v not in shifts):
                    if known.add(self._residues(v)[None]):
                        if self._holds(v):
                            result.append(LinearSymmetry(self._text(v), gives_law))
                        else:
                            self.notes.add(
                                "linear symmetries that hold modulo a prime were not shown, and are left out"
                            )
                    if v in shifts:
                        for multiple in self._multiples(v):
                            known.add(multiple)
        except OutOfBudget:
            self.notes.add("linear symmetries were not all listed: the budget for them is used up")
        return result

    def _multiples(self, shift: Vector) -> Iterable[Residues]:
        """The products of a shift with each coordinate."""
        field = PrimeField(PRIMES[0])
        _, c = self._matrix(shift)
        for j in range(self.size):
            whole = np.zeros((self.size, self.size + 1))
            whole[:, j] = c
            yield field.reduce(whole.reshape(1, -1))

    def _residues(self, v: Vector) -> Residues:
        row = np.zeros(self.size * (self.size + 1))
        field = PrimeField(PRIMES[0])
        for k, c in v.items():
            row[k] = field.number(c)
        return row

    # --- the linear algebra ------------------------------------------------------------------------------------------

    def _kernel(self) -> list[Vector]:
        """All fields along which no output changes at random points, modulo a prime."""
        s = self.statement
        model = Changed(s.program, s.outputs, GRADIENT)
        for prime, twisted in points_of(model):
            try:
                return self._kernel_at(SearchPoint(simple_model(model), prime, self.seed, self.meter, twisted))
            except NoRoot:
                continue
        raise Undefined("no points were found at which all square roots exist")

    def _kernel_at(self, point: ModularPoint) -> list[Vector]:
        field, width = point.field, self.size * (self.size + 1)
        equations = Echelon(field.p, width)
        for start in range(0, width + _SPARE, BATCH):
            keys = point.with_own_states(start, BATCH, lambda keys: random_states(point, keys))
            if not point.roots:
                # a field may not depend on the constants: it must do for all of them
                for name in point.consts:
                    starts = [salt("linear const", point.seed, name, *key) for key in keys]
                    point.consts[name] = field.drawn(starts, point.shapes[name])
            theta = random_states(point, keys)
            moved = point.generators(theta, 0, keys)
            x, w = [], []
            for name in self.shapes:
                here, there = theta[name][0], moved.get(name, [None])[0]
                assert here is not None
                x.append(here.reshape(BATCH, -1))
                zero = np.zeros_like(here)
                w.append((zero if there is None else np.broadcast_to(there, here.shape)).reshape(BATCH, -1))
            state = np.concatenate([*x, np.ones((BATCH, 1))], axis=1)
            rows = field.reduce(np.concatenate(w, axis=1)[:, :, None] * state[:, None, :]).reshape(BATCH, width)
            self.meter.tick(elimination_work(equations, BATCH))
            if not equations.add(rows):
                break
        return sparser(rational_vectors(null_space(equations), field.p))

    def _subspace(self, basis: Sequence[Vector], condition: Callable[[Vector], Residues]) -> list[Vector]:
        """The combinations of these vectors that meet a linear condition."""
        if not basis:
            return []
        columns = np.stack([condition(v) for v in basis], axis=1)
        equations = Echelon(PRIMES[0], len(basis))
        for start in range(0, len(columns), BATCH):
            equations.add(columns[start : start + BATCH].copy())
        found = []
        for combination in rational_vectors(null_space(equations), PRIMES[0]):
            total: Vector = {}
            for a, c in combination.items():
                for k, x in basis[a].items():
                    total[k] = total.get(k, Fraction(0)) + c * x
            found.append(integral({k: c for k, c in total.items() if c}))
        return sparser(found)

    def _matrix(self, v: Vector) -> tuple[Residues, Residues]:
        whole = self._residues(v).reshape(self.size, self.size + 1)
        return whole[:, : self.size], whole[:, self.size]

    def _symmetry(self, v: Vector) -> Residues:
        """Zero for a skew matrix without a shift."""
        m, c = self._matrix(v)
        return PrimeField(PRIMES[0]).reduce(np.concatenate([(m + m.T).reshape(-1), c]))

    def _slope(self, v: Vector) -> Residues:
        """Zero for a shift."""
        return self._matrix(v)[0].reshape(-1)

    def _no_gradient(self, v: Vector) -> Residues:
        """Zero for a field X that gives a law: X/P has a symmetric Jacobian; under momentum X/P is a constant isometry."""
        flow = self.statement.flow
        field = PrimeField(PRIMES[0])
        m, c = self._matrix(v)
        if not flow.factors:
            return field.reduce((m + m.T if flow.second_order else m - m.T).reshape(-1))
        residues = []
        for theta, p, slope in self._preconditioners:
            x = field.reduce(field.reduce(m @ theta) + c)
            inverse = field.power(p, -1)
            jacobian = field.reduce(inverse[:, None] * m)
            if flow.second_order:
                residues.append(jacobian + jacobian.T)
                continue
            square = field.reduce(field.reduce(inverse * inverse) * x)
            jacobian = field.reduce(jacobian - field.reduce(square[:, None] * slope))
            residues.append(jacobian - jacobian.T)
        return field.reduce(np.concatenate(residues).reshape(-1))

    @cached_property
    def _preconditioners(self) -> list[tuple[Residues, Residues, Residues]]:
        """At random states: the state, the factors of the flow there, and their derivatives."""
        return [self._preconditioner(self.seed + k) for k in range(1, STATES + 1)]

    def _preconditioner(self, seed: int) -> tuple[Residues, Residues, Residues]:
        s = self.statement
        point = ModularPoint(Changed(s.program, s.outputs, s.flow), PRIMES[0], seed, self.meter)
        reading = point.reading(point.theta, 0, None)
        factors = dict(s.flow.factors)
        theta, p = [], []
        slope = np.zeros((self.size, self.size))
        start = 0
        offsets = {}
        for name in point.state:
            offsets[name] = start
            start += math.prod(point.shapes[name])
        own = [offsets[name] + k for name, shape in self.shapes.items() for k in range(math.prod(shape))]
        row = 0
        for name, shape in self.shapes.items():
            count = math.prod(shape)
            here = point.theta[name][0]
            assert here is not None
            theta.append(here.reshape(-1))
            if name in factors:
                value = reading.value(factors[name])[0]
                p.append(np.zeros(count) if value is None else np.broadcast_to(value, (1, *shape)).reshape(-1))
                slope[row : row + count] = np.concatenate(list(point.law_gradients([factors[name]])))[:, own]
            else:
                p.append(np.ones(count))
            row += count
        return np.concatenate(theta), np.concatenate(p), slope

    # --- exactly -----------------------------------------------------------------------------------------------------

    def _holds(self, v: Vector) -> bool:
        """Whether no output changes along the field: by tensors or by polynomials, exactly."""
        limit, self.meter.limit = self.meter.limit, self.meter.used + (self.meter.limit - self.meter.used) // PROOFS
        try:
            return self._by_tensors(v) or self._by_polynomials(v)
        except Refused:
            return False
        finally:
            self.meter.limit = limit

    def _by_tensors(self, v: Vector) -> bool:
        p = self.statement.program
        written: list[Node] = list(p.nodes)
        place = {leaf.name: n for n, leaf in p.leaves("param")}

        def put(node: Node) -> int:
            written.append(node)
            return len(written) - 1

        terms: dict[str, list[tuple[Fraction, int]]] = {}
        for k, c in v.items():
            i, j = divmod(k, self.size + 1)
            n = put(Number(ONE))
            if j < self.size:
                other, index = self.entries[j]
                n = place[other]
                for position in index:
                    n = put(Gather(n, 0, Size.of(position), (), ()))
            name, index = self.entries[i]
            for length, position in zip(reversed(self.shapes[name]), reversed(index), strict=True):
                n = put(Scatter(n, 0, Size.of(position), (), Size.of(length)))
            terms.setdefault(name, []).append((c, n))
        fields = {name: put(Sum(tuple(own))) for name, own in terms.items()}
        program, moved = simplified(Program(tuple(written), p.activations, p.functions, p.conditions))
        t = Tensors(program, self.meter, LeastForms(self.meter))
        tangents = {moved[place[name]]: t.opened(t.value(moved[n])) for name, n in fields.items()}
        pushed = t.push([moved[n] for n in self.statement.outputs], tangents)
        return all(t.vanishes(x) for x in pushed.values())

    def _by_polynomials(self, v: Vector) -> bool:
        program = self.statement.program
        ring = Polynomials(dict(program.activations), self.meter)
        leaves = generic_point(program, ring)
        direction: dict[str, Array] = {}
        for k, c in v.items():
            i, j = divmod(k, self.size + 1)
            name, index = self.entries[i]
            term = ring.number(c)
            if j < self.size:
                other, place = self.entries[j]
                term = term * leaves[other][place]
            own = direction.setdefault(name, {})
            own[index] = own[index] + term if index in own else term
        residue = directional(program, self.statement.outputs, leaves, direction, ring, self.meter)
        return all(ring.vanishes(y) for x in residue.values() for y in x.values())

    # --- as text -----------------------------------------------------------------------------------------------------

    def _text(self, v: Vector) -> str:
        matrices = _Matrices(set(self.shapes), self.s)
        parts = []
        for name in self.shapes:
            own = {k: c for k, c in v.items() if self.entries[k // (self.size + 1)][0] == name}
            if own:
                parts.append(self._by_matrices(name, own, matrices))
        if all(part is not None for part in parts):
            return ", ".join([*(p for p in parts if p is not None), *matrices.definitions()])
        return ", ".join(self._entry_text(v))

    def _by_matrices(self, name: str, own: Vector, matrices: _Matrices) -> str | None:
        """How one parameter moves, where it does by itself: along its axes, or by a shift."""
        shape = self.shapes[name]
        linear: dict[tuple[Index, Index], Fraction] = {}
        shift: dict[Index, Fraction] = {}
        for k, c in own.items():
            i, j = divmod(k, self.size + 1)
            if j == self.size:
                shift[self.entries[i][1]] = c
            elif self.entries[j][0] != name:
                return None
            else:
                linear[self.entries[i][1], self.entries[j][1]] = c
        if shift:
            return None if linear else f"{name} -> {name} + {self.s}*{_literal(shift, shape)}"
        found = _along_axes(linear, shape)
        if found is None:
            return None
        scale, by_axis = found
        before = after = where = ""
        if scale:
            before = _power(scale, self.s) + " "
        for axis, matrix in by_axis.items():
            # theta'[.., j, ..] = sum of theta[.., x, ..] * matrix[x, j]
            if len(shape) <= 2 and axis == 0:
                before += f"exp({matrices.times_s(_transposed(matrix))}) "
            elif len(shape) == 2:
                after += f" exp({matrices.times_s(matrix)})"
            else:
                after += f" exp({matrices.times_s(matrix)})"
                where = f" (along axis {axis})"
        return f"{name} -> {before}{name}{after}{where}"

    def _entry_text(self, v: Vector) -> list[str]:
        """The field, entry by entry."""
        lines: dict[int, list[Term]] = {}
        for k, c in sorted(v.items()):
            i, j = divmod(k, self.size + 1)
            lines.setdefault(i, []).append(Term(c, "", self._entry_name(j) if j < self.size else "1"))
        return [f"d{self._entry_name(i)}/d{self.s} = {law_text(terms)}" for i, terms in lines.items()]

    def _entry_name(self, k: int) -> str:
        name, index = self.entries[k]
        return f"{name}[{', '.join(map(str, index))}]" if index else name


Matrix = tuple[tuple[Fraction, ...], ...]


class _Matrices:
    """Names for the matrices of one symmetry, each named once up to its sign and its transpose."""

    def __init__(self, taken: set[str], s: str) -> None:
        self.s = s
        free = [x for x in "ABCDEFGHJKLMNPQR" if x not in taken]
        self.letters = iter(chain(free, (x for k in count(1) if (x := f"M{k}") not in taken)))
        self.known: dict[Matrix, str] = {}

    def times_s(self, matrix: Matrix) -> str:
        minus = tuple(tuple(-x for x in row) for row in matrix)
        for form, sign, end in (
            (matrix, "", ""),
            (minus, "-", ""),
            (_transposed(matrix), "", ".T"),
            (_transposed(minus), "-", ".T"),
        ):
            if form in self.known:
                return f"{sign}{self.s}*{self.known[form]}{end}"
        name = next(self.letters)
        self.known[matrix] = name
        return f"{self.s}*{name}"

    def definitions(self) -> list[str]:
        return [f"{name} = [{', '.join(_row(row) for row in matrix)}]" for matrix, name in self.known.items()]


def _row(row: Sequence[Fraction]) -> str:
    return f"[{', '.join(map(str, row))}]"


def _transposed(matrix: Matrix) -> Matrix:
    return tuple(zip(*matrix, strict=True))


def _literal(values: Mapping[Index, Fraction], shape: Sequence[int]) -> str:
    def build(prefix: Index) -> str:
        if len(prefix) == len(shape):
            return str(values.get(prefix, Fraction(0)))
        return f"[{', '.join(build((*prefix, k)) for k in range(shape[len(prefix)]))}]"

    return build(())


def _along_axes(
    linear: Mapping[tuple[Index, Index], Fraction], shape: Sequence[int]
) -> tuple[Fraction, dict[int, Matrix]] | None:
    """A linear map of arrays as scale*identity plus one matrix for some axes, each with a zero at [0, 0]; None for another."""
    rank = len(shape)
    zero = (0,) * rank
    scale = linear.get((zero, zero), Fraction(0))
    by_axis: dict[int, Matrix] = {}
    for axis, n in enumerate(shape):
        rows = []
        for x in range(n):
            place = [(*zero[:axis], y, *zero[axis + 1 :]) for y in (x, *range(n))]
            row = [linear.get((out, place[0]), Fraction(0)) for out in place[1:]]
            row[x] -= scale
            rows.append(tuple(row))
        if any(x for row in rows for x in row):
            by_axis[axis] = tuple(rows)
    total: dict[tuple[Index, Index], Fraction] = {}
    for i in indices(shape):
        total[i, i] = total.get((i, i), Fraction(0)) + scale
        for axis, matrix in by_axis.items():
            for j in range(shape[axis]):
                out = (*i[:axis], j, *i[axis + 1 :])
                total[out, i] = total.get((out, i), Fraction(0)) + matrix[i[axis]][j]
    if {k: c for k, c in total.items() if c} != dict(linear):
        return None
    if len(by_axis) == 1 and scale:
        # one matrix says it all
        ((axis, matrix),) = by_axis.items()
        by_axis[axis] = tuple(
            tuple(x + (scale if a == b else 0) for b, x in enumerate(row)) for a, row in enumerate(matrix)
        )
        scale = Fraction(0)
    return scale, by_axis

"""The symmetry behind a law, written down.

Noether's theorem for gradient flow: h is conserved iff the outputs do not change along the field P grad h, so every law
generates a symmetry of the model, the flow of that field. Under momentum the gradient is that in the velocities, and the
symmetries that give laws are isometries. `claws.discovery.linear_symmetries` lists those that give no law.

Untrusted: it describes a law that was proved elsewhere. `claws.discovery.law_fields` has the field; here it is written as
scalings, shifts and matrices that act on parameters, where it is made of these, and else as a differential equation.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import combinations
from math import gcd, lcm
from typing import Literal

from claws.discovery.found import FoundLaw
from claws.discovery.law_fields import FieldTerm, LawField, field_of_law
from claws.discovery.notation import ONE_OPERAND, Operand, Summand, product_of, sum_text
from claws.discovery.symmetry_notation import exponential, exponential_latex, name_latex, power_of
from claws.kernel.core.errors import Meter
from claws.kernel.core.sizes import ONE
from claws.syntax.instances.instance import Instance
from claws.syntax.parser import parse_expression
from claws.syntax.spec import Spec


@dataclass(frozen=True, slots=True)
class NoetherLimits:
    """How much work the description of a symmetry may take."""

    budget: int = 5_000_000
    """Elementary steps for the description of one law, unless a meter is given."""


LIMITS = NoetherLimits()


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
    field = field_of_law(statement, spec.parameters(), meter or Meter(LIMITS.budget))
    return _Description(field, text).symmetry()


@dataclass(frozen=True)
class _Action:
    """What a term of the field does to a parameter by itself."""

    kind: Literal["scale", "shift", "matrix"]
    coefficient: Fraction
    at: tuple[tuple[int, str], ...]
    """Pairs of an axis of the parameter and the one place along it that moves."""
    along: tuple[tuple[int, int], ...]
    """Pairs of an axis of the parameter and the axis of S that runs along with it."""
    axis: int = 0
    """The axis that a matrix acts on, from the right."""
    transposed: bool = False
    """Whether it is the transpose of S that acts."""
    symmetry: int = 0
    """For a matrix: 1 where only a symmetric S counts, -1 where only a skew one does, 0 where any does."""


@dataclass(frozen=True)
class _Part:
    """A part of a parameter that moves as one, such as `U[:, k]`: the name, and what stands at each axis of the index."""

    name: str
    index: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The part as a file would write it."""
        return f"{self.name}[{', '.join(self.index)}]" if self.index else self.name

    @property
    def latex(self) -> str:
        """The part as LaTeX, with the index as a subscript."""
        head = name_latex(self.name)
        return f"{head}_{{{','.join(self.index).replace(' ', '')}}}" if self.index else head

    def leading(self, count: int) -> _Part:
        """The same part with the first `count` places of the index alone: U[h] for U[h, :, :]."""
        return replace(self, index=self.index[:count])


class _Description:
    """The flow of one law's field, in words that a person can read."""

    def __init__(self, field: LawField, law: str) -> None:
        self.field = field
        self.law = law
        # letters that the file does not use
        taken = {*field.parameters, *field.program.free_dims()}
        self.s = next(x for x in ("s", "eps", "pace") if x not in taken)
        self.seed = next(x for x in ("S", "Z", "seed") if x not in taken)
        self.letters = [x for x in "kijlmnpqab" if x not in taken] + ["k1", "k2", "k3"]

    def symmetry(self) -> Symmetry:
        """The flow as actions on the parameters where it is one, else as two arrays that turn, else as a field."""
        terms = self.field.terms
        if terms is None:
            return self._in_words()
        actions: dict[str, list[_Action]] = {}
        for name, own_terms in terms.items():
            own: dict[object, _Action] = {}
            for term in own_terms:
                a = self._action(name, term)
                if a is None:
                    return self._turned(terms) or self._as_field(terms)
                key = replace(a, coefficient=Fraction(0))
                own[key] = replace(a, coefficient=a.coefficient + (own[key].coefficient if key in own else 0))
            actions[name] = [a for a in own.values() if a.coefficient]
            if not all(_commute(actions[name])):
                return self._as_field(terms)
        everything = [a for own_ in actions.values() for a in own_]
        if not everything:
            return Symmetry("none: the field is zero", "\\mathrm{id}")
        scale = _common([a.coefficient for a in everything])
        written = [pair for name, own_ in actions.items() for pair in self._written(name, own_, scale)]
        suffix = self._suffix(everything)
        latex = ",\\; ".join(formula for _, formula in written)
        return Symmetry(", ".join(text for text, _ in written) + suffix, latex)

    # --- as actions ----------------------------------------------------------------------------------------------------

    def _action(self, name: str, term: FieldTerm) -> _Action | None:
        """The action of a term on its parameter; None where it is neither a scaling, nor a shift, nor a matrix."""
        rank = self.field.rank(name)
        along = tuple((i, k) for k, i in enumerate(term.seed) if i < rank)
        if len({i for i, _ in along}) != len(along):
            return None
        if not term.factors:
            return _Action("shift", term.coefficient, term.at, along) if len(along) == len(term.seed) else None
        if len(term.factors) != 1 or term.factors[0][:2] != (name, Fraction(1)):
            return None
        ix = term.factors[0][2]
        summed = [k for k, i in enumerate(ix) if i >= rank]
        if any(i != k for k, i in enumerate(ix) if k not in summed):
            return None
        if not summed:
            return _Action("scale", term.coefficient, term.at, along) if len(along) == len(term.seed) else None
        if len(summed) > 1 or term.seed.count(ix[summed[0]]) != 1 or summed[0] not in term.seed:
            return None
        (axis,) = summed
        inner, outer = term.seed.index(ix[axis]), term.seed.index(axis)
        if len(along) != len(term.seed) - 1:
            return None
        along = tuple((i, k) for i, k in along if i != axis)
        sign = self.field.exchange.get((min(inner, outer), max(inner, outer)), 0)
        c, transposed = term.coefficient, inner > outer
        if sign and transposed:
            # S has the symmetry of the law: either order of its axes says the same
            c, transposed = c * sign, False
        return _Action("matrix", c, term.at, along, axis, transposed, sign)

    def _written(self, name: str, actions: Sequence[_Action], scale: Fraction) -> Iterable[tuple[str, str]]:
        """The actions on one parameter, each as text and as LaTeX; coefficients are divided by `scale`."""
        done: set[object] = set()
        for a in actions:
            if a.kind == "matrix":
                if (a.at, a.along) not in done:
                    done.add((a.at, a.along))
                    yield self._by_matrices(name, [b for b in actions if (b.at, b.along) == (a.at, a.along)], scale)
                continue
            part = self._part(name, a)
            text, formula = part.text, part.latex
            c = a.coefficient / scale
            if a.kind == "scale":
                yield (
                    f"{text} -> {exponential(c, self.s)} {text}",
                    f"{formula} \\mapsto {exponential_latex(c, self.s)} {formula}",
                )
            else:
                plus = "+" if c > 0 else "-"
                step, step_latex = (self.s, self.s) if abs(c) == 1 else (f"{abs(c)}*{self.s}", f"{abs(c)} {self.s}")
                yield f"{text} -> {text} {plus} {step}", f"{formula} \\mapsto {formula} {plus} {step_latex}"

    def _part(self, name: str, a: _Action) -> _Part:
        """The part of a parameter that moves as one, with a letter at each axis that runs along with S."""
        shape = self.field.parameters[name]
        axes = [k for k, n in enumerate(shape) if n != ONE]
        index = {axes[i]: self.letters[k] for i, k in a.along}
        index.update((axes[i], place) for i, place in a.at)
        if not index:
            return _Part(name)
        items = [index.get(k, ":") for k in range(len(shape))]
        while items[-1] == ":" and len(items) > 2:
            items.pop()
        return _Part(name, tuple(items if len(axes) == 2 or items[-1] != ":" else items[:-1]))

    def _by_matrices(self, name: str, actions: Sequence[_Action], scale: Fraction) -> tuple[str, str]:
        """Matrices that act on one part of a parameter, along different axes, as text and as LaTeX."""
        shape = self.field.parameters[name]
        # those of size 1 count: a row is multiplied from the right
        axes = [k for k, n in enumerate(shape) if n != ONE]
        fixed = {axes[i] for i, _ in (*actions[0].along, *actions[0].at)}
        left = [k for k in range(len(shape)) if k not in fixed]
        part = self._part(name, actions[0])
        if fixed and sorted(fixed) == list(range(len(fixed))):
            part = part.leading(len(fixed))
        text, formula = part.text, part.latex
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
            factor, factor_latex = ("", "") if c == 1 else ("-", "-") if c == -1 else (f"{c}*", f"{c}")
            power = f"exp({factor}{self.s}*{seed})"
            power_latex = f"e^{{{factor_latex}{self.s} {seed_latex}}}"
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
        """What S is, or for which letters the actions are meant; empty where there is nothing to say."""
        kinds = {a.symmetry for a in actions if a.kind == "matrix"}
        if kinds:
            about = "symmetric" if kinds == {1} else "skew" if kinds == {-1} else ""
            return f", {self.seed} {about}" if about else f", any {self.seed}"
        letters = sorted({self.letters[k] for a in actions for _, k in a.along})
        return f", for each {', '.join(letters)}" if letters else ""

    # --- as fields -----------------------------------------------------------------------------------------------------

    def _turned(self, terms: Mapping[str, Sequence[FieldTerm]]) -> Symmetry | None:
        """The rotation or boost of two arrays that turn into each other, as u and v do for u*v; None for another field."""
        if len(terms) != 2 or any(len(own) != 1 or own[0].at for own in terms.values()):
            return None
        (u, (p,)), (v, (q,)) = terms.items()
        rank = self.field.rank(u)
        own = tuple(range(rank))
        expected = ((v, Fraction(1), own),), ((u, Fraction(1), own),)
        if (p.factors, q.factors) != expected or p.seed != q.seed or abs(p.coefficient) != abs(q.coefficient):
            return None
        if any(i >= rank for i in p.seed) or len(set(p.seed)) != len(p.seed):
            return None
        a = _Action("scale", p.coefficient, (), tuple((i, k) for k, i in enumerate(p.seed)))
        x, y = self._part(u, a), self._part(v, a)
        same = p.coefficient == q.coefficient
        cos, sin, sign = ("cosh", "sinh", "+") if same else ("cos", "sin", "-")
        s = self.s
        text = (
            f"{x.text} -> {cos}({s})*{x.text} + {sin}({s})*{y.text}, "
            f"{y.text} -> {cos}({s})*{y.text} {sign} {sin}({s})*{x.text}"
        )
        formula = (
            f"{x.latex} \\mapsto \\{cos} {s}\\, {x.latex} + \\{sin} {s}\\, {y.latex},\\; "
            f"{y.latex} \\mapsto \\{cos} {s}\\, {y.latex} {sign} \\{sin} {s}\\, {x.latex}"
        )
        return Symmetry(text + self._suffix([a]), formula)

    def _as_field(self, terms: Mapping[str, Sequence[FieldTerm]]) -> Symmetry:
        """The differential equation of the flow, one equation for each parameter that moves."""
        scale = _common([term.coefficient for own in terms.values() for term in own])
        texts, formulas = [], []
        for name, own in terms.items():
            rank = self.field.rank(name)
            total: dict[Operand, Fraction] = {}
            for term in own:
                if term.at or any(ONE in self.field.parameters[f] for f, _, _ in term.factors):
                    return self._in_words()
                rows = [(power_of(f, e), ix) for f, e, ix in term.factors]
                rows += [(Operand(self.seed), term.seed)] if self.field.shape else []
                labels = [tuple(i if i < rank else rank - 1 - i for i in ix) for _, ix in rows]
                carried = {i for row in labels for i in row}
                out = tuple(range(rank))
                if not carried >= set(out):
                    return self._in_words()
                product = product_of([x for x, _ in rows], labels, out) if rows else ONE_OPERAND
                total[product] = total.get(product, Fraction(0)) + term.coefficient / scale
            summands = [Summand(c, "", product) for product, c in total.items() if c]
            if summands:
                right = sum_text(sorted(summands, key=lambda summand: summand.body == ONE_OPERAND))
                texts.append(f"d{name}/d{self.s} = {right}")
                formulas.append(
                    f"\\tfrac{{d}}{{d{self.s}}} {name_latex(name)} = \\texttt{{{right}}}".replace("^", "\\^{}")
                )
        return Symmetry(", ".join(texts) + self._any(), ",\\; ".join(formulas))

    def _in_words(self) -> Symmetry:
        """The definition of the flow, where nothing simpler can be said."""
        factor = "P " if self.field.preconditioned else ""
        inner = f"<{self.seed}, {self.law}>" if self.field.shape else f"({self.law})"
        text = f"the flow of d(theta)/d{self.s} = {factor}grad {inner}{self._any()}"
        return Symmetry(text, f"\\tfrac{{d}}{{d{self.s}}}\\theta = {factor}\\nabla h")

    def _any(self) -> str:
        """The words that S is arbitrary; empty for a scalar law, which has none."""
        return f", any {self.seed}" if self.field.shape else ""


def _commute(actions: Sequence[_Action]) -> Iterable[bool]:
    """For each pair of actions on one parameter, whether the two can be written one after the other."""
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

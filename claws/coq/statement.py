"""The Coq text of a model: its arrays as functions of indices, its products as sums over an index.

Every array of the program is printed twice from the same nodes, in two languages: as real numbers, for the statement, and as
expressions (`pexp`), for the proof. That the two mean the same is checked by coqc, by computation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from claws.coq.model import BY_DERIVATIVE, FUNCTIONS, CannotExport, Model, number_of
from claws.kernel.core.functions import CHAINS, Slope
from claws.kernel.core.program import (
    Apply,
    Einsum,
    Gather,
    Iota,
    Leaf,
    Node,
    Number,
    Power,
    Product,
    Reshape,
    Scatter,
    Shape,
    Sum,
    count_entries,
    operands_of,
)
from claws.kernel.core.sizes import Size

KEYWORDS = frozenset(
    "as at by cofix do else end exists exists2 fix for forall fun if IF in let match mod of return Set SProp Prop then Type "
    "using where with admit abstract Definition Lemma Theorem Proof Qed Print".split()
)

VOCABULARY = frozenset(
    """R Q Z nat list bool positive option nil cons pair true false map app fst snd repeat nth coordinate IZR params data
    place upd partial Rsum Rprod Psum join array1 array2 array3 array4 on_data preconditioner gradient factor flow
    constant_along conserved is_gradient loss_flow conserved_for_losses conservation_law point near ex_partial cont
    C2 invariant no_other_law independent polynomial generically dense complete Zc Qc X Add Sub Mul Opp Pow Esum
    Eprod Const Input pexp row theta consts sample samples brackets chosen scale matrix_A matrix_B matrix_C
    direction all_nonzero all_positive inside conserved_on conserved_for_losses_on conservation_law_on homogeneous
    sqrt Derive ex_derive is_derive number_of_laws counted slope numbers specialise TZc TQc TX TAdd TSub TMul TOpp
    TPow TInv TSqrt TApp Tsum Tprod TConst TInput texp eval teval functions lift facts true_facts at_given
    at_given_ok at_folded at_folded_ok check_conserved check_tower check_complete check_counted
    check_counted_straight check_refuted check_refuted_quotient check_missing check_missing_straight
    check_independent_given check_dependent_given counted_ok counted_straight_ok
    dependent_ok combination laws_ok laws_on_data_ok law_entry law_entry_on everywhere tower_ok tower_on_data
    complete_ok missing_straight_ok refuted_ok refuted_quotient_ok missing_ok independent_ok none_nonzero
    none_positive none_on_data both_nonzero both_positive sample_nonzero sample_positive I Some None proj1 proj2
    conj eq_refl length True polynomial_of nth_array1 nth_array2 nth_array3 nth_array4""".split()
) | frozenset(FUNCTIONS.values())
"""What exported text mentions: a name of the file that is among these gets a prime."""

INDICES = ("i", "j", "k", "l", "p", "q", "s", "t", "u", "v", "w")

LONG = 8
"""Shared parts with more operations than this have a definition of their own."""

MOST_AXES = 4
"""Laws with more axes are stated as a list of entries."""


class Names:
    """Coq names for those of the file: the same, unless Coq or the library has them already."""

    reserved = KEYWORDS | VOCABULARY

    def __init__(self, given: Iterable[str]) -> None:
        self.taken: set[str] = set(self.reserved)
        self.of: dict[str, str] = {}
        for name in given:
            self.of[name] = self.fresh("underscore" if name == "_" else re.sub(r"[^\w']", "_", name))
        self.dimension = self.fresh("D")
        self.outputs = self.fresh("phi")
        self.factors = self.fresh("factors")

    def function(self, name: str) -> str:
        """The name of an activation of the file, or of a function that Coq has no name for."""
        key = name if name not in BY_DERIVATIVE else f"function {name}"
        if key not in self.of:
            self.of[key] = self.fresh(name)
        return self.of[key]

    def local(self, name: str) -> str:
        """A name for a variable that is bound in one line or proof: any that is not taken."""
        while name in self.taken:
            name += "'"
        return name

    def fresh(self, name: str) -> str:
        """A name that is not taken yet, and now is."""
        name = self.local(name)
        self.taken.add(name)
        return name


@dataclass(frozen=True)
class Term:
    """Coq text with its precedence: 0 a sum, 1 a product, 2 a power, 3 an application, 4 an atom."""

    text: str
    level: int
    denominator: str = ""
    """Of a term / x that is to be written as a quotient where it is a factor."""

    def at(self, level: int) -> str:
        return self.text if self.level >= level else f"({self.text})"


class Reals:
    """Terms as real numbers."""

    suffix = ""
    kind = "R"

    def number(self, c: Fraction) -> Term:
        if c < 0:
            return Term(f"- {self.number(-c).at(2)}", 0)
        return Term(f"{c.numerator} / {c.denominator}", 1) if c.denominator != 1 else Term(str(c.numerator), 4)

    def natural(self, text: str) -> Term:
        return Term(f"IZR (Z.of_nat ({text}))", 3)

    def add(self, a: Term, b: Term) -> Term:
        return Term(f"{a.at(0)} + {b.at(1)}", 0)

    def subtract(self, a: Term, b: Term) -> Term:
        return Term(f"{a.at(0)} - {b.at(1)}", 0)

    def negative(self, a: Term) -> Term:
        return Term(f"- {a.at(2)}", 0)

    def multiply(self, a: Term, b: Term) -> Term:
        # a / b is a * / b
        return Term(f"{a.at(1)} / {b.denominator}" if b.denominator else f"{a.at(1)} * {b.at(2)}", 1)

    def inverse(self, a: Term) -> Term:
        return Term(f"/ {a.at(2)}", 1, a.at(2))

    def root(self, a: Term) -> Term:
        return Term(f"sqrt {a.at(4)}", 3)

    def apply(self, name: str, number: int, a: Term) -> Term:
        """The function with this name in Coq and this number in `Towers.v`."""
        return Term(f"{name} {a.at(4)}", 3)

    def leaf(self, role: str, dimension: str, where: str) -> Term:
        word = {"param": "theta", "const": "consts", "input": "sample"}[role]
        return Term(f"{word} (coordinate {as_atom(where)})", 3)

    def power(self, a: Term, n: int) -> Term:
        return Term(f"{a.at(3)} ^ {n}", 2)

    def fold(self, what: str, size: str, index: str, body: Term) -> Term:
        return Term(f"R{what} {size} (fun {index} => {body.text})", 3)

    def choose(self, condition: str, body: Term) -> Term:
        return Term(f"if {condition} then {body.text} else 0", -1)


class Expressions(Reals):
    """The same terms as expressions, which are polynomials."""

    suffix = "'e"
    kind = "pexp"
    prefix = ""
    folds = "E"

    def number(self, c: Fraction) -> Term:
        if c < 0:
            return self.negative(self.number(-c))
        if c.denominator != 1:
            return Term(f"{self.prefix}Qc {c.numerator} {c.denominator}", 3)
        return Term(f"{self.prefix}Zc {c.numerator}", 3)

    def natural(self, text: str) -> Term:
        return Term(f"{self.prefix}Zc (Z.of_nat ({text}))", 3)

    def _call(self, name: str, *arguments: Term) -> Term:
        return Term(" ".join([self.prefix + name, *(a.at(4) for a in arguments)]), 3)

    def add(self, a: Term, b: Term) -> Term:
        return self._call("Add", a, b)

    def subtract(self, a: Term, b: Term) -> Term:
        return self._call("Sub", a, b)

    def negative(self, a: Term) -> Term:
        return self._call("Opp", a)

    def multiply(self, a: Term, b: Term) -> Term:
        return self._call("Mul", a, b)

    def inverse(self, a: Term) -> Term:
        raise CannotExport("a division is not a polynomial")

    def root(self, a: Term) -> Term:
        raise CannotExport("a root is not a polynomial")

    def apply(self, name: str, number: int, a: Term) -> Term:
        raise CannotExport(f"`{name}` is not a polynomial")

    def power(self, a: Term, n: int) -> Term:
        return self._call("Pow", a, Term(f"{n}%nat", 4))

    def leaf(self, role: str, dimension: str, where: str) -> Term:
        if role == "function":
            return self._call("X", Term(where, 4))
        if role == "param":
            return self._call("X", Term(f"(coordinate {as_atom(where)})", 4))
        name = "Const" if role == "const" else "Input"
        return self._call(name, Term(dimension, 4), Term(f"(coordinate {as_atom(where)})", 4))

    def fold(self, what: str, size: str, index: str, body: Term) -> Term:
        return Term(f"{self.folds}{what} {size} (fun {index} => {body.text})", 3)

    def choose(self, condition: str, body: Term) -> Term:
        return Term(f"if {condition} then {body.text} else {self.prefix}Zc 0", -1)


class Towers(Expressions):
    """The same terms as expressions with divisions, roots and functions."""

    kind = "texp"
    prefix = "T"
    folds = "T"

    def inverse(self, a: Term) -> Term:
        return self._call("Inv", a)

    def root(self, a: Term) -> Term:
        return self._call("Sqrt", a)

    def apply(self, name: str, number: int, a: Term) -> Term:
        return self._call("App", Term(str(number), 4), a)


@dataclass
class Writer:
    """Writes the definitions of a model. `lines(reals)` and `lines(expressions)` define the same arrays."""

    model: Model
    names: Names
    own: dict[int, str] = field(default_factory=dict)
    """The nodes that have a definition of their own, with its name."""
    declared: dict[str, int] = field(default_factory=dict)
    """The numbers of the file's activations; the derivative of one that has no rule comes after it."""

    def __post_init__(self) -> None:
        program = self.model.program
        self.cone = program.cone([*self.model.outputs, *self.model.laws.values(), *self.model.factors.values()])
        uses: dict[int, int] = {}
        inside: set[int] = set()
        for n in self.cone:
            for m in operands_of(program.nodes[n]):
                uses[m] = uses.get(m, 0) + 1
                if isinstance(program.nodes[n], Einsum | Product | Power | Scatter | Apply):
                    inside.add(m)
        laws = {n: name for name, n in self.model.laws.items()}
        length: dict[int, int] = {}
        for n in self.cone:
            node = program.nodes[n]
            length[n] = 1 + sum(length[m] for m in operands_of(node))
            if isinstance(node, Leaf):
                self.own[n] = self.names.of[node.name]
            elif n in laws:
                self.own[n] = self.names.of[laws[n]]
            elif n in self.model.named and length[n] > 1:
                self.own[n] = self.names.of[self.model.named[n]]
            elif (n in inside and _sums(node) and not self._short(n, length[n])) or (
                uses.get(n, 0) > 1 and length[n] > LONG
            ):
                # written out where it is used it would be computed again for each index
                self.own[n] = self.names.fresh(f"part{sum(1 for x in self.own.values() if x.startswith('part')) + 1}")
            if n in self.own:
                length[n] = 1
        used = {node.function for n in self.cone if isinstance(node := program.nodes[n], Apply)}
        number = len(FUNCTIONS) + 1
        for name, known in program.activations:
            if name in used:
                self.declared[name] = number
                number += 1 if isinstance(known, Slope) else 2
        for name in BY_DERIVATIVE:
            if name in used:
                used |= {f for _, _, powers in CHAINS[name] for f, _ in powers}
                self.declared[name] = number
                number += 1

    def _short(self, n: int, length: int) -> bool:
        """Whether a scalar is a few terms, as 3*y: those are written out."""
        return isinstance(self.model.program.nodes[n], Sum) and not self.model.program.shapes[n] and length <= LONG

    def function(self, name: str) -> tuple[str, int]:
        """The name in Coq of a function, and its number in `Towers.v`."""
        if name in self.declared:
            return self.names.function(name), self.declared[name]
        return FUNCTIONS[name], list(FUNCTIONS).index(name) + 1

    def functions(self, roots: Iterable[int]) -> list[str]:
        """The file's activations that values depend on, by their names in Coq."""
        nodes = self.model.program.nodes
        found = {node.function for n in self.model.program.cone(roots) if isinstance(node := nodes[n], Apply)}
        return [self.names.function(name) for name in self.declared if name in found]

    # --- sizes and indices ---

    def size(self, n: Size) -> str:
        """A size as a natural number, in the names of the dims."""
        positive = [(m, c) for m, c in n.terms if c > 0]
        negative = [(m, -c) for m, c in n.terms if c < 0]
        if any(c.denominator != 1 for _, c in n.terms) or (negative and not positive):
            return str(int(number_of(n, self.model.sizes)))

        def product(monomial: tuple[tuple[str, int], ...], c: Fraction) -> str:
            parts = [self.names.of[d] for d, e in monomial for _ in range(e)]
            return " * ".join(([str(c)] if c != 1 or not parts else []) + parts)

        text = " + ".join(product(m, c) for m, c in positive) or "0"
        return text + "".join(f" - {product(m, c)}" for m, c in negative)

    def atom(self, n: Size) -> str:
        text = self.size(n)
        return text if re.fullmatch(r"\S+", text) else f"({text})"

    def position(self, shape: Shape, indices: Sequence[str], offset: Size | None = None) -> str:
        """Where an entry of an array stands, row by row."""
        text = ""
        for n, i in zip(shape, indices, strict=True):
            text = f"{text if ' + ' not in text else f'({text})'} * {self.atom(n)} + {as_atom(i)}" if text else i
        parts = [self.size(offset)] if offset else []
        return " + ".join([*parts, *([text] if text else [])]) or "0"

    # --- terms ---

    def fresh_index(self, used: set[str]) -> str:
        k = 0
        while True:
            for name in INDICES:
                name = name + str(k) if k else name
                if name not in used and name not in self.names.taken:
                    used.add(name)
                    return name
            k += 1

    def call(self, n: int, indices: Sequence[str], language: Reals) -> Term:
        """The entry of a node that has a definition."""
        words = [self.own[n] + language.suffix, *self.context(n, language), *(as_atom(i) for i in indices)]
        return Term(" ".join(words), 3 if len(words) > 1 else 4)

    def context(self, n: int, language: Reals) -> list[str]:
        """What the value of a node depends on."""
        if isinstance(language, Expressions):
            return []
        kinds = {"const": "consts", "input": "sample", "param": "theta"}
        return [*self.functions([n]), *(word for role, word in kinds.items() if self.model.mentions(role, [n]))]

    def entry(self, n: int, indices: Sequence[str], language: Reals, used: set[str]) -> Term:
        """The entry of a node at these indices."""
        return self.call(n, indices, language) if n in self.own else self.opened(n, indices, language, used)

    def opened(self, n: int, indices: Sequence[str], language: Reals, used: set[str]) -> Term:
        """The same by the node's meaning."""
        program = self.model.program
        node = program.nodes[n]
        if isinstance(node, Number):
            return language.number(number_of(node.value, self.model.sizes))
        if isinstance(node, Iota):
            if node.step < 0:
                raise CannotExport("an index that counts down can't be exported yet")
            start = self.size(node.start)
            return language.natural(f"{start} + {node.step} * {as_atom(indices[0])}")
        if isinstance(node, Einsum):
            return self._einsum(node, indices, language, used)
        if isinstance(node, Sum):
            terms = []
            for c, m in node.terms:
                term = self.entry(m, indices, language, used)
                terms.append((c > 0, term if abs(c) == 1 else language.multiply(language.number(abs(c)), term)))
            return signed_sum(language, terms)
        if isinstance(node, Power):
            base = self.entry(node.operand, indices, language, used)
            return _power(language, base, node.exponent)
        if isinstance(node, Apply):
            argument = self.entry(node.operand, indices, language, used)
            return language.apply(*self.function(node.function), argument)
        if isinstance(node, Product):
            index = self.fresh_index(used)
            body = self.entry(node.operand, [*indices, index], language, used)
            return language.fold("prod", self.atom(program.shapes[node.operand][-1]), index, body)
        if isinstance(node, Gather):
            m = len(node.steps)
            here = self._window(node.start, node.steps, indices[node.axis : node.axis + m])
            return self.entry(node.operand, [*indices[: node.axis], here, *indices[node.axis + m :]], language, used)
        if isinstance(node, Scatter):
            m = len(node.steps)
            inner = [self.fresh_index(used) for _ in range(m)]
            here = self._window(node.start, node.steps, inner)
            read = self.entry(node.operand, [*indices[: node.axis], *inner, *indices[node.axis + 1 :]], language, used)
            body = language.choose(f"Nat.eqb ({here}) {as_atom(indices[node.axis])}", read)
            lengths = program.shapes[node.operand][node.axis : node.axis + m]
            for index, length in reversed(list(zip(inner, lengths, strict=True))):
                body = language.fold("sum", self.atom(length), index, body)
            return body
        assert isinstance(node, Reshape)
        return self.entry(node.operand, self._unflattened(n, node, indices), language, used)

    def _window(self, start: Size, steps: Sequence[int], indices: Sequence[str]) -> str:
        up = [as_atom(j) if s == 1 else f"{s} * {as_atom(j)}" for s, j in zip(steps, indices, strict=True) if s > 0]
        down = [as_atom(j) if s == -1 else f"{-s} * {as_atom(j)}" for s, j in zip(steps, indices, strict=True) if s < 0]
        first = [self.size(start)] if start or not up else []
        return " + ".join([*first, *up]) + "".join(f" - {j}" for j in down)

    def _unflattened(self, n: int, node: Reshape, indices: Sequence[str]) -> list[str]:
        program = self.model.program
        shape = program.shapes[node.operand]
        flat = self.position(program.shapes[n], indices)
        result = []
        for k in range(len(shape)):
            rest = shape[k + 1 :]
            text = f"({flat})"
            if rest:
                text = f"Nat.div {text} {self.atom(count_entries(rest))}"
            result.append(text if k == 0 else f"Nat.modulo ({text}) {self.atom(shape[k])}")
        return result

    def _einsum(self, node: Einsum, indices: Sequence[str], language: Reals, used: set[str]) -> Term:
        where: dict[int, str] = {}
        equal: list[str] = []
        for label, i in zip(node.out, indices, strict=True):
            if label in where:
                equal.append(f"Nat.eqb {as_atom(where[label])} {as_atom(i)}")
            else:
                where[label] = i
        summed = [x for x in dict.fromkeys(label for ls in node.labels for label in ls) if x not in where]
        for label in summed:
            where[label] = self.fresh_index(used)
        body: Term | None = None
        for m, ls in zip(node.operands, node.labels, strict=True):
            factor = self.entry(m, [where[label] for label in ls], language, used)
            body = factor if body is None else language.multiply(body, factor)
        body = language.number(Fraction(1)) if body is None else body
        for label in reversed(summed):
            body = language.fold("sum", self.atom(node.sizes[label]), where[label], body)
        for condition in equal:
            body = language.choose(condition, body)
        return body

    # --- definitions ---

    def definition(self, n: int, language: Reals) -> str:
        """The Coq definition of a node."""
        program = self.model.program
        used: set[str] = set()
        indices = [self.fresh_index(used) for _ in program.shapes[n]]
        node = program.nodes[n]
        body = (
            self._leaf(node, indices, language) if isinstance(node, Leaf) else self.opened(n, indices, language, used)
        )
        arguments = self._arguments(n, language) + (f" ({' '.join(indices)} : nat)" if indices else "")
        return f"Definition {self.own[n]}{language.suffix}{arguments} : {language.kind} := {body.text}."

    def _arguments(self, n: int, language: Reals) -> str:
        types = {"consts": "data", "sample": "data", "theta": "params"}
        return "".join(f" ({word} : {types.get(word, 'R -> R')})" for word in self.context(n, language))

    def _leaf(self, leaf: Leaf, indices: Sequence[str], language: Reals) -> Term:
        where = self.position(leaf.shape, indices, self.model.offsets(leaf.role)[leaf.name])
        return language.leaf(leaf.role, self.names.dimension, where)

    def array(self, n: int, language: Reals) -> str:
        """The list of all entries of a node."""
        shape = self.model.program.shapes[n]
        used: set[str] = set()
        indices = [self.fresh_index(used) for _ in shape]
        body = self.entry(n, indices, language, used).text
        return self._listed(shape, indices, body)

    def _listed(self, shape: Shape, indices: Sequence[str], body: str) -> str:
        if not shape:
            return f"[{body}]"
        if len(shape) > MOST_AXES:
            inner = self._listed(shape[1:], indices[1:], body)
            return f"join {self.atom(shape[0])} (fun {indices[0]} => {inner})"
        sizes = " ".join(self.atom(n) for n in shape)
        # (fun i j => U theta i j) is U theta
        last = " " + " ".join(indices)
        head = body[: -len(last)] if body.endswith(last) else ""
        if head and re.fullmatch(r"[\w']+( (theta|consts|sample))*", head):
            return f"array{len(shape)} {sizes} {head if ' ' not in head else f'({head})'}"
        return f"array{len(shape)} {sizes} (fun {' '.join(indices)} => {body})"

    def arrays(self, roots: Sequence[int], language: Reals) -> str:
        """The lists of several nodes, one after another."""
        return " ++ ".join(self.array(n, language) for n in roots)

    def factors(self, language: Reals) -> str:
        """The factors of the preconditioner, in the order of the coordinates."""
        if not self.model.factors:
            return "[]"
        parts = []
        for n, leaf in self.model.program.leaves("param"):
            if leaf.name in self.model.factors:
                parts.append(self.array(self.model.factors[leaf.name], language))
            else:
                one = language.number(Fraction(1)).at(4)
                parts.append(f"repeat {one} ({self.size(count_entries(self.model.program.shapes[n]))})")
        return " ++ ".join(parts)

    def definitions(self, language: Reals, keep: Callable[[int], bool]) -> list[str]:
        """The definitions that are kept, in the order of the program."""
        return [self.definition(n, language) for n in self.cone if n in self.own and keep(n)]


def signed_sum(language: Reals, terms: Iterable[tuple[bool, Term]]) -> Term:
    """The sum of the terms with True, less the others; of one term at least."""
    total: Term | None = None
    for plus, term in terms:
        if total is None:
            total = term if plus else language.negative(term)
        else:
            total = language.add(total, term) if plus else language.subtract(total, term)
    assert total is not None
    return total


def _power(language: Reals, base: Term, exponent: Fraction) -> Term:
    if exponent.denominator == 2:
        base = language.root(base)
    if exponent < 0:
        base = language.inverse(base)
    n = abs(exponent.numerator)
    return base if n == 1 and (exponent < 0 or exponent.denominator == 2) else language.power(base, n)


def _sums(node: Node) -> bool:
    return isinstance(node, Sum | Product | Scatter) or (isinstance(node, Einsum) and _summed(node))


def _summed(node: Einsum) -> bool:
    return any(label not in node.out for ls in node.labels for label in ls)


def as_atom(text: str) -> str:
    return text if re.fullmatch(r"[\w']+|\([^()]*\)", text) else f"({text})"

"""How each node of a program is written: arrays as functions of indices, products as sums over an index.

Every array is printed from the same nodes in several languages (`term_languages.py`): as real numbers, for the statement, and as
expressions, for the proof. That they mean the same is checked by coqc, by computation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import assert_never

from claws.coq.statements.coq_text import as_atom
from claws.coq.statements.exported_model import ExportedModel
from claws.coq.statements.function_table import BY_DERIVATIVE, NAMED, NUMBERS
from claws.coq.statements.index_terms import IndexTerm, Ix, product_of, sum_of, variable
from claws.coq.statements.node_facts import (
    CannotExport,
    encloses_operands,
    is_product,
    is_reshape,
    is_sum,
    number_of,
    refusal_of_node,
)
from claws.coq.statements.reserved_names import Names
from claws.coq.statements.term_languages import CoqTerm, Expressions, Reals, power_of, signed_sum
from claws.kernel.core.functions import Slope
from claws.kernel.core.program import (
    Apply,
    Call,
    Einsum,
    Iota,
    Leaf,
    Number,
    Shape,
    Stop,
    Sum,
    Window,
    count_entries,
    operands_of,
)
from claws.kernel.core.sizes import Size

INDICES = ("i", "j", "k", "l", "p", "q", "s", "t", "u", "v", "w")
"""The names of indices, in the order in which they are used."""


@dataclass(frozen=True, slots=True)
class TextLimits:
    """How long parts of an exported statement may become before they are written in another way."""

    long: int = 8
    """Parts that are used more than once and have more operations than this have a definition of their own."""
    axes: int = 4
    """Laws with more axes are stated as a list of entries, since the library has `array1` to `array4`."""


LIMITS = TextLimits()


@dataclass
class ArrayWriter:
    """Writes the arrays of a model: each as a function of its indices, its products as sums over an index.

    `definitions` in the language of the reals and in one of expressions define the same arrays.
    """

    model: ExportedModel
    names: Names
    own: dict[int, str] = field(default_factory=dict)
    """The names of the nodes that have a definition of their own."""
    declared: dict[str, int] = field(default_factory=dict)
    """The numbers in `Elements.v` of the functions that Coq has no name for; the derivative of one without a rule comes after
    it."""

    def __post_init__(self) -> None:
        program = self.model.program
        self.cone = program.cone([*self.model.outputs, *self.model.laws.values(), *self.model.factors.values()])
        self._name_nodes()
        used = {node.function for n in self.cone if isinstance(node := program.nodes[n], Apply)}
        number = len(NAMED) + 1
        for name, known in program.activations:
            if name in used:
                self.declared[name] = number
                number += 1 if isinstance(known, Slope) else 2
        for name, derivative in BY_DERIVATIVE.items():
            if name in used:
                used |= {f for _, _, factors in derivative for f, _ in factors if isinstance(f, str)}
                self.declared[name] = number
                number += 1

    def _name_nodes(self) -> None:
        """Decides which nodes have a definition of their own: leaves, laws, what a `let` names, and parts that would be long."""
        program = self.model.program
        uses: dict[int, int] = {}
        inside: set[int] = set()
        for n in self.cone:
            for m in operands_of(program.nodes[n]):
                uses[m] = uses.get(m, 0) + 1
                if encloses_operands(program.nodes[n]):
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
            elif (n in inside and is_sum(node) and not self._short(n, length[n])) or (
                uses.get(n, 0) > 1 and length[n] > LIMITS.long
            ):
                # written out where it is used it would be computed again for each index
                self.own[n] = self.names.fresh(f"part{sum(1 for x in self.own.values() if x.startswith('part')) + 1}")
            if n in self.own:
                length[n] = 1

    def _short(self, n: int, length: int) -> bool:
        """Whether a scalar is a few terms, as 3*y: those are written out."""
        return (
            isinstance(self.model.program.nodes[n], Sum) and not self.model.program.shapes[n] and length <= LIMITS.long
        )

    def function(self, name: str) -> tuple[str, int]:
        """Returns the name in Coq of a function, and its number in `Elements.v`."""
        if name in self.declared:
            return self.names.function(name), self.declared[name]
        return NAMED[name].name, NUMBERS[name]

    def functions(self, roots: Iterable[int]) -> list[str]:
        """Returns the names in Coq of the functions without a name there that the values of these nodes depend on."""
        nodes = self.model.program.nodes
        found = {node.function for n in self.model.program.cone(roots) if isinstance(node := nodes[n], Apply)}
        return [self.names.function(name) for name in self.declared if name in found]

    # --- sizes and indices ---

    def size(self, n: Size) -> str:
        """Returns a size as a natural number, in the names of the dims."""
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
        """Returns the same as an argument."""
        text = self.size(n)
        return text if re.fullmatch(r"\S+", text) else f"({text})"

    def position(self, shape: Shape, indices: Sequence[str], offset: Size | None = None) -> str:
        """Returns the place, from 0, of an entry of an array whose entries are listed row by row, after `offset` others."""
        text = ""
        for n, i in zip(shape, indices, strict=True):
            text = f"{text if ' + ' not in text else f'({text})'} * {self.atom(n)} + {as_atom(i)}" if text else i
        parts = [self.size(offset)] if offset else []
        return " + ".join([*parts, *([text] if text else [])]) or "0"

    # --- terms ---

    def fresh_index(self, used: set[str]) -> str:
        """Returns the name of an index that is neither used nor a name of the file, and adds it to the used ones."""
        k = 0
        while True:
            for name in INDICES:
                name = name + str(k) if k else name
                if name not in used and name not in self.names.taken:
                    used.add(name)
                    return name
            k += 1

    def call(self, n: int, indices: Sequence[str], language: Reals) -> CoqTerm:
        """Returns the entry at these indices, which are texts, of a node that has a definition of its own."""
        words = self.words(n, indices, language)
        return CoqTerm(" ".join(words), 3 if len(words) > 1 else 4)

    def words(self, n: int, indices: Sequence[str], language: Reals) -> list[str]:
        """Returns the words of this entry: a definition's name and what it is applied to."""
        return [self.own[n] + language.suffix, *self.context(n, language), *(as_atom(i) for i in indices)]

    def context(self, n: int, language: Reals) -> list[str]:
        """Returns what the definition of a node takes beside indices: functions, `consts`, `sample` and `theta`, as far as its
        value depends on them."""
        if isinstance(language, Expressions):
            return []
        kinds = {"const": "consts", "input": "sample", "param": "theta"}
        return [*self.functions([n]), *(word for role, word in kinds.items() if self.model.mentions(role, [n]))]

    def entry(self, n: int, indices: Sequence[IndexTerm], language: Reals, used: set[str]) -> CoqTerm:
        """Returns the entry of a node at these indices; `used` are the variables that are bound around it.

        Raises `CannotExport` where the language has no such term.
        """
        if n in self.own:
            return self.call(n, [i.text for i in indices], language)
        return self.opened(n, indices, language, used)

    def opened(self, n: int, indices: Sequence[IndexTerm], language: Reals, used: set[str]) -> CoqTerm:
        """Returns the same written out, by the meaning of the node, whether it has a definition or not."""
        program = self.model.program
        node = program.nodes[n]
        if isinstance(node, Leaf):
            return self._leaf(node, indices, language)
        if isinstance(node, Number):
            return language.number(number_of(node.value, self.model.sizes))
        if isinstance(node, Iota):
            if node.step < 0:
                raise CannotExport("an index that counts down can't be exported yet")
            return language.natural(f"{self.size(node.start)} + {node.step} * {indices[0].atom().text}")
        if isinstance(node, Einsum):
            return self._einsum(node, indices, language, used)
        if isinstance(node, Sum):
            terms = []
            for c, m in node.terms:
                term = self.entry(m, indices, language, used)
                terms.append((c > 0, term if abs(c) == 1 else language.multiply(language.number(abs(c)), term)))
            return signed_sum(language, terms)
        if isinstance(node, Apply):
            argument = self.entry(node.operand, indices, language, used)
            if node.exponent is not None:
                return power_of(language, argument, node.exponent)
            return language.apply(*self.function(node.function), argument)
        if isinstance(node, Call | Stop):
            if isinstance(node, Stop) or not is_product(node):
                raise CannotExport(refusal_of_node(node, {}) or "")
            index = self.fresh_index(used)
            body = self.entry(node.operands[0], [*indices, variable(index)], language, used)
            return language.fold("prod", self.atom(program.shapes[node.operands[0]][-1]), index, body)
        if isinstance(node, Window):
            if not node.transposed:
                here = self._window(node.start, node.steps, indices[node.axis : node.axis + len(node.steps)])
                rest = indices[node.axis + len(node.steps) :]
                return self.entry(node.operand, [*indices[: node.axis], here, *rest], language, used)
            if is_reshape(node):
                apart = self._unflattened(node, indices[node.axis])
                rest = indices[node.axis + 1 :]
                return self.entry(node.operand, [*indices[: node.axis], *apart, *rest], language, used)
            return self._padded(node, indices, language, used)
        assert_never(node)

    def _padded(self, node: Window, indices: Sequence[IndexTerm], language: Reals, used: set[str]) -> CoqTerm:
        m = len(node.steps)
        inner = [self.fresh_index(used) for _ in range(m)]
        variables = [variable(i) for i in inner]
        here = self._window(node.start, node.steps, variables)
        read = self.entry(node.operand, [*indices[: node.axis], *variables, *indices[node.axis + 1 :]], language, used)
        body = language.choose(here.enclosed(), indices[node.axis].atom(), read)
        for index, length in reversed(list(zip(inner, node.lengths, strict=True))):
            body = language.fold("sum", self.atom(length), index, body)
        return body

    def _window(self, start: Size, steps: Shape, indices: Sequence[IndexTerm]) -> IndexTerm:
        """Returns start + sum_k steps_k * indices_k, with what is subtracted last."""
        counts_down = [(s.integer() or 0) < 0 for s in steps]
        scaled = [self._scaled(-s if d else s, j) for s, d, j in zip(steps, counts_down, indices, strict=True)]
        up = [j for d, j in zip(counts_down, scaled, strict=True) if not d]
        down = [j for d, j in zip(counts_down, scaled, strict=True) if d]
        first = [IndexTerm(self.size(start), self._size_as_index(start))] if start or not up else []
        text = " + ".join(j.text for j in [*first, *up]) + "".join(f" - {j.text}" for j in down)
        return IndexTerm(text, None if down else sum_of([j.ix for j in [*first, *up]]))

    def _scaled(self, step: Size, index: IndexTerm) -> IndexTerm:
        """Returns a positive multiple of an index, as a term of a sum."""
        atom, factor = index.atom(), self._size_as_index(step)
        if step == 1:
            return atom
        return IndexTerm(f"{self.atom(step)} * {atom.text}", None if factor is None else product_of([factor, atom.ix]))

    def _size_as_index(self, n: Size) -> Ix | None:
        """Returns a size as an index, as far as it is a sum of products of dims."""
        if n.constant() is not None or any(c.denominator != 1 or c < 0 for _, c in n.terms):
            number = n.integer()
            return number if number is not None and number >= 0 else None
        terms: list[Ix | None] = []
        for monomial, c in n.terms:
            dims: list[Ix | None] = [self.names.of[d] for d, e in monomial for _ in range(e)]
            terms.append(product_of([*([int(c)] if c != 1 or not dims else []), *dims]))
        return sum_of(terms)

    def _unflattened(self, node: Window, flat: IndexTerm) -> list[IndexTerm]:
        """Returns the indices along axes that a window merges, by division with remainder."""
        result = []
        for k, (step, length) in enumerate(zip(node.steps, node.lengths, strict=True)):
            text = f"({flat.text})"
            if k + 1 < len(node.steps):
                text = f"Nat.div {text} {self.atom(step)}"
            result.append(IndexTerm(text if k == 0 else f"Nat.modulo ({text}) {self.atom(length)}"))
        return result

    def _einsum(self, node: Einsum, indices: Sequence[IndexTerm], language: Reals, used: set[str]) -> CoqTerm:
        where: dict[int, IndexTerm] = {}
        equal: list[tuple[IndexTerm, IndexTerm]] = []
        for label, i in zip(node.out, indices, strict=True):
            if label in where:
                equal.append((where[label].atom(), i.atom()))
            else:
                where[label] = i
        summed: dict[int, str] = {}
        for label in dict.fromkeys(label for labels in node.labels for label in labels):
            if label not in where:
                summed[label] = self.fresh_index(used)
        where |= {label: variable(index) for label, index in summed.items()}
        body: CoqTerm | None = None
        for m, labels in zip(node.operands, node.labels, strict=True):
            factor = self.entry(m, [where[label] for label in labels], language, used)
            body = factor if body is None else language.multiply(body, factor)
        body = language.number(Fraction(1)) if body is None else body
        for label, index in reversed(summed.items()):
            body = language.fold("sum", self.atom(node.sizes[label]), index, body)
        for left, right in equal:
            body = language.choose(left, right, body)
        return body

    # --- definitions ---

    def definition(self, n: int, language: Reals) -> str:
        """Returns the definition of a node that has one."""
        used: set[str] = set()
        indices = [self.fresh_index(used) for _ in self.model.program.shapes[n]]
        body = self.opened(n, [variable(i) for i in indices], language, used)
        arguments = self._arguments(n, language) + (f" ({' '.join(indices)} : nat)" if indices else "")
        return f"Definition {self.own[n]}{language.suffix}{arguments} : {language.kind} := {body.text}."

    def _arguments(self, n: int, language: Reals) -> str:
        types = {"consts": "data", "sample": "data", "theta": "params"}
        return "".join(f" ({word} : {types.get(word, 'R -> R')})" for word in self.context(n, language))

    def _leaf(self, leaf: Leaf, indices: Sequence[IndexTerm], language: Reals) -> CoqTerm:
        where = self.position(leaf.shape, [i.text for i in indices], self.model.offsets(leaf.role)[leaf.name])
        return language.leaf(leaf.role, self.names.dimension, where)

    def array(self, n: int, language: Reals) -> str:
        """Returns the list of all entries of a node, row by row."""
        shape = self.model.program.shapes[n]
        used: set[str] = set()
        indices = [self.fresh_index(used) for _ in shape]
        body = self.entry(n, [variable(i) for i in indices], language, used).text
        return self._listed(shape, indices, body)

    def _listed(self, shape: Shape, indices: Sequence[str], body: str) -> str:
        if not shape:
            return f"[{body}]"
        if len(shape) > LIMITS.axes:
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
        """Returns the lists of the entries of several nodes, one after another."""
        return " ++ ".join(self.array(n, language) for n in roots)

    def factors(self, language: Reals) -> str:
        """Returns the list of the factors of the preconditioner, in the order of the coordinates; empty for plain gradient
        flow."""
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
        """Returns the definitions of the nodes that `keep` is true of, in the order of the program."""
        return [self.definition(n, language) for n in self.cone if n in self.own and keep(n)]

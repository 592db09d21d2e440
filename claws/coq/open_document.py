"""A model whose sizes are variables: the text of its statement, and the same as data for the proof.

The text is that of `statement.Writer`. The data (`networks.Net`) are one more language in which the same nodes are written, so
that coqc can compare the two by computation.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod

from claws.coq.document import REALS, Document
from claws.coq.model import CannotExport, Model, read_open_model
from claws.coq.networks import (
    ONE,
    Axes,
    Binary,
    Dim,
    Entry,
    Ix,
    Multiplied,
    Net,
    Num,
    Opposite,
    Problem,
    Raised,
    Total,
    When,
    entries,
    indices_of,
    variables_of,
)
from claws.coq.proofs import Sizes
from claws.coq.statement import Names, Reals, Term, Writer, as_atom, signed_sum
from claws.kernel.core.program import Apply, Det, Iota, Leaf, Number, Opaque, Power, Reshape, Shape
from claws.kernel.core.sizes import Size
from claws.syntax.instances.instance import Instance
from claws.syntax.spec import Spec

WORDS = frozenset(
    """Section Variables Definition End Pos Nat Iv Ic Iadd Imul Nint Nfrac Ndim Nentry Nadd Nsub Nmul Nopp Npow Nsum Nprod
    Nwhen net env ev size values arr combine index sizes axes_n cshapes ishapes inverted outputs_n factors_n check_all_sizes
    all_sizes_ok all_sizes_on_data inside_nil inside_cons gradient_factor listed_factor Forall2_cons Forall2_nil Rgt_not_eq
    eq_refl""".split()
)
"""What these files mention beside the vocabulary."""


@dataclass(frozen=True)
class NetTerm(Term):
    """A term of the language `Data`."""

    net: Net = ONE


def _net(term: Term) -> Net:
    if not isinstance(term, NetTerm):
        raise CannotExport(f"`{term.text}` can't be exported for all sizes yet")
    return term.net


def _term(net: Net) -> NetTerm:
    return NetTerm("", 4, net=net)


class Data(Reals):
    """The same terms as data."""

    suffix = "'n"
    kind = "net"

    def number(self, c: Fraction) -> Term:
        return self.negative(self.number(-c)) if c < 0 else _term(Num(c))

    def natural(self, text: str) -> Term:
        return _term(Dim(text))

    def add(self, a: Term, b: Term) -> Term:
        return _term(Binary("Nadd", _net(a), _net(b)))

    def subtract(self, a: Term, b: Term) -> Term:
        return _term(Binary("Nsub", _net(a), _net(b)))

    def negative(self, a: Term) -> Term:
        return _term(Opposite(_net(a)))

    def multiply(self, a: Term, b: Term) -> Term:
        return _term(Binary("Nmul", _net(a), _net(b)))

    def power(self, a: Term, n: int) -> Term:
        return _term(Raised(_net(a), n))

    def fold(self, what: str, size: str, index: str, body: Term) -> Term:
        kind = Total if what == "sum" else Multiplied
        return _term(kind(index, size, _net(body)))

    def choose(self, condition: str, body: Term) -> Term:
        left, right = _atoms(condition.removeprefix("Nat.eqb "))
        return _term(When(_index(left), _index(right), _net(body)))


DATA = Data()


def _atoms(text: str) -> list[str]:
    """The words of a text, where what is in parentheses is one word."""
    words, depth = [""], 0
    for c in text:
        depth += (c == "(") - (c == ")")
        if c == " " and depth == 0:
            words.append("")
        else:
            words[-1] += c
    return words


def _index(text: str) -> Ix:
    """An index from its text."""
    cannot = CannotExport(f"the index `{text}` can't be exported for all sizes yet")

    def read(node: ast.expr) -> Ix:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return node.value
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mult):
            return ("+" if isinstance(node.op, ast.Add) else "*", read(node.left), read(node.right))
        raise cannot

    try:
        return read(ast.parse(text, mode="eval").body)
    except SyntaxError:
        # a dim may be called `lambda`, or have a prime
        raise cannot from None


class OpenNames(Names):
    reserved = Names.reserved | WORDS


@dataclass
class OpenWriter(Writer):
    """A `Writer` of programs with open sizes, in the languages `Reals` and `Data`."""

    used: set[str] = field(default_factory=set)
    """The indices of the data."""
    inverted: list[str] = field(default_factory=list)
    """Constants whose inverse occurs."""

    def size(self, n: Size) -> str:
        if any(c.denominator != 1 for _, c in n.terms) or (n.terms and all(c < 0 for _, c in n.terms)):
            raise CannotExport(f"the size {n} can't be exported for all sizes yet")
        return super().size(n)

    def entry(self, n: int, indices: Sequence[str], language: Reals, used: set[str]) -> Term:
        if not isinstance(language, Data):
            return super().entry(n, indices, language, used)
        node = self.model.program.nodes[n]
        if isinstance(node, Leaf):
            return _term(Entry(node.name, tuple(_index(i) for i in indices)))
        return self.opened(n, indices, language, used)

    def opened(self, n: int, indices: Sequence[str], language: Reals, used: set[str]) -> Term:
        node = self.model.program.nodes[n]
        if isinstance(node, Number) and node.value.constant() is None:
            return self._in_sizes(node.value, language)
        if isinstance(node, Power) and node.exponent < 0:
            return self._inverse(node, indices, language, used)
        return super().opened(n, indices, language, used)

    def _in_sizes(self, value: Size, language: Reals) -> Term:
        terms = []
        for monomial, c in value.terms:
            term = language.number(abs(c))
            for d, e in monomial:
                for _ in range(e):
                    term = language.multiply(term, language.natural(self.names.of[d]))
            terms.append((c > 0, term))
        return signed_sum(language, terms)

    def _inverse(self, node: Power, indices: Sequence[str], language: Reals, used: set[str]) -> Term:
        inner, exponent = node.operand, -node.exponent
        while isinstance(below := self.model.program.nodes[inner], Power):
            inner, exponent = below.operand, exponent * below.exponent
        net = _net(self.entry(inner, indices, DATA, set()))
        constants = {leaf.name for _, leaf in self.model.program.leaves("const") if leaf.domain != "real"}
        if not (isinstance(net, Entry) and net.array in constants) or exponent.denominator != 1:
            raise CannotExport(
                "a division by other than a constant in `positive` or `nonzero` can't be exported for all sizes yet"
            )
        if net.array not in self.inverted:
            self.inverted.append(net.array)
        if isinstance(language, Data):
            inverse: Term = _term(Entry(inverse_of(net.array), net.indices))
        else:
            inverse = Term(f"/ {self.entry(inner, indices, language, used).at(3)}", 2)
        return inverse if exponent == 1 else language.power(inverse, int(exponent))

    # --- parameters ---

    def offset(self, shapes: Sequence[Shape]) -> str:
        """The number of entries of several arrays."""
        counts = [" * ".join(self.atom(n) for n in shape) or "1" for shape in shapes]
        if all(re.fullmatch(r"[\d* ]+", c) for c in counts):
            number = sum(prod(int(k) for k in c.split(" * ")) for c in counts)
            return str(number)
        return " + ".join(counts)

    def _leaf(self, leaf: Leaf, indices: Sequence[str], language: Reals) -> Term:
        leaves = [other for _, other in self.model.program.leaves(leaf.role)]
        before = leaves[: [other.name for other in leaves].index(leaf.name)]
        offset = self.offset([other.shape for other in before])
        where = self.position(leaf.shape, indices) if indices else "0"
        if before and (indices or not offset.isdigit()):
            where = f"{offset} + {where if not set(where) & set('+*') else f'({where})'}"
        elif before:
            where = offset
        word = {"param": "theta", "const": "consts", "input": "sample"}[leaf.role]
        return Term(f"{word} (coordinate {as_atom(where)})", 3)

    def factors(self, language: Reals) -> str:
        parts = []
        for _, leaf in self.model.program.leaves("param"):
            if leaf.name in self.model.factors:
                parts.append(self.array(self.model.factors[leaf.name], language))
            else:
                parts.append(self._listed(leaf.shape, ["_"] * len(leaf.shape), language.number(Fraction(1)).text))
        return " ++ ".join(parts)

    # --- data ---

    def axes(self, shape: Shape) -> Axes:
        return tuple((self.fresh_index(self.used), self.atom(n)) for n in shape)

    def net(self, n: int, axes: Axes) -> Net:
        """The value of a node at these indices."""
        net = _net(self.entry(n, [v for v, _ in axes], DATA, self.used))
        if not all(v in self.used for i in indices_of(net) for v in variables_of(i)):
            raise CannotExport("an index that depends on the sizes can't be exported for all sizes yet")
        return net


def inverse_of(name: str) -> str:
    return f"1/{name}"


class OpenDocument(Document):
    """A model whose sizes are variables. Raises `CannotExport` and `SourceError`."""

    names_type = OpenNames
    writer_type = OpenWriter
    library = "AllSizes"
    writer: OpenWriter

    def __init__(self, spec: Spec, given: Sizes, sizes: Sizes, laws: Sequence[str]) -> None:
        self.given = given
        super().__init__(spec, sizes, laws)
        program = self.model.program
        self.dims = [d for d in spec.dims if d in program.free_dims()]
        # of each law by itself: what one of them needs is no premise of another
        self.needed = {law: Instance(spec, given).statement(law).program.conditions for law in laws}
        self.data = self._data(laws)

    def read(self, sizes: Sizes, laws: Sequence[str]) -> Model:
        model = read_open_model(self.spec, self.given, sizes, laws)
        _check_exportable(model)
        return model

    # --- data ---

    def _data(self, laws: Sequence[str]) -> _Data:
        writer, program, model = self.writer, self.model.program, self.model
        parameters = {leaf.name: writer.axes(leaf.shape) for _, leaf in program.leaves("param")}
        factors = {name: writer.net(n, parameters[name]) for name, n in model.factors.items()}
        outputs = []
        for n in model.outputs:
            axes = writer.axes(program.shapes[n])
            outputs.append((axes, writer.net(n, axes)))
        found = {}
        for name in laws:
            n = model.laws[name]
            axes = writer.axes(program.shapes[n])
            found[name] = (axes, writer.net(n, axes))
        return _Data(parameters, factors, outputs, found)

    def lows(self, law: str) -> dict[str, int]:
        """Lower bounds for the sizes of axes of which the model or the law reads an entry with a fixed number."""
        read: dict[str, None] = {}
        shapes = {name: [d for _, d in axes] for name, axes in self.data.parameters.items()}
        shapes |= {inverse_of(name): list(shape) for name, shape in self._constants().items()}
        for net in [*self.data.factors.values(), *(net for _, net in [*self.data.outputs, self.data.laws[law]])]:
            for entry in entries(net):
                for i, d in zip(entry.indices, shapes.get(entry.array, ()), strict=False):
                    if isinstance(i, int):
                        read[d] = None
        known = {self.names.of[d]: 1 for d in self.dims}
        for c in self.needed[law]:
            for d in c.dims():
                rest = (c - Size.dim(d)).integer()
                if rest is not None:
                    known[self.names.of[d]] = max(known[self.names.of[d]], -rest)
        return {d: int(d) if d.isdigit() else known[d] for d in read if d.isdigit() or d in known}

    def _constants(self) -> dict[str, tuple[str, ...]]:
        return {leaf.name: tuple(map(self.writer.atom, leaf.shape)) for _, leaf in self.model.program.leaves("const")}

    def check(self) -> None:
        """Raises `CannotExport` unless Coq's check will find that the laws are conserved."""
        shapes = self._constants()
        inverses = {name: (inverse_of(name), shapes[name]) for name in self.writer.inverted}
        for name, (entry, law) in self.data.laws.items():
            # each law has a budget of its own, so that laws that pass one by one pass together
            problem = Problem(self.data.parameters, self.data.factors, inverses, self.lows(name))
            for axes, output in self.data.outputs:
                rest = problem.residue(axes, output, entry, law)
                if rest:
                    raise CannotExport(
                        f"for all sizes it is beyond what `Networks.v` can decide: of the derivative of `{name}` "
                        f"{len(rest)} {'term is' if len(rest) == 1 else 'terms are'} left"
                    )

    # --- text ---

    def where(self) -> str:
        given = ", ".join(f"{d} = {n}" for d, n in self.given.items())
        return " for all sizes" + (f" with {given}" if given else "")

    def sizes(self) -> None:
        self.section = self.names.fresh("Sizes")
        self.add(f"Section {self.section}.", f"Variables {self.dims_text()} : nat.", "")
        total = self.writer.offset([leaf.shape for _, leaf in self.model.program.leaves("param")])
        self.add(f"Definition {self.names.dimension} := Pos.of_nat ({total}).", "")

    def dims_text(self) -> str:
        return " ".join(self.names.of[d] for d in self.dims)

    def outside(self, text: str) -> str:
        """What a text of the section is outside of it: its first word applied to the sizes that its definition mentions."""
        head, space, rest = text.partition(" ")
        return " ".join([head, *self.uses.get(head, [])]) + space + rest

    def close(self) -> None:
        self.add(f"End {self.section}.", "")
        dims = [self.names.of[d] for d in self.dims]
        self.uses: dict[str, list[str]] = {}
        for line in self.lines:
            if line.startswith("Definition "):
                words = set(re.findall(r"[\w']+", line))
                used = {d for word in words for d in self.uses.get(word, [word] if word in dims else [])}
                self.uses[line.split()[1]] = [d for d in dims if d in used]

    def conditions(self, law: str) -> list[str]:
        """What the sizes must satisfy for a law to have a meaning."""
        writer = self.writer
        found = []
        for c in self.needed[law]:
            left = Size({m: k for m, k in c.terms if k > 0})
            right = Size({m: -k for m, k in c.terms if k < 0})
            found.append(f"({writer.size(right) if right else 0} <= {writer.size(left) if left else 0})%nat")
        ones = [d for d, low in self.lows(law).items() if low == 1 and not d.isdigit()]
        return found + [f"(0 < {d})%nat" for d in ones]

    def premises(self) -> list[str]:
        """What the constants must satisfy whose inverses occur."""
        found = []
        for n, leaf in self.model.program.leaves("const"):
            if leaf.name in self.writer.inverted:
                used: set[str] = set()
                indices = [self.writer.fresh_index(used) for _ in leaf.shape]
                value = self.writer.call(n, indices, REALS).text
                text = f"0 < {value}" if leaf.domain == "positive" else f"{value} <> 0"
                bounds = "".join(
                    f"({i} < {self.writer.atom(d)})%nat -> " for i, d in zip(indices, leaf.shape, strict=True)
                )
                found.append(f"(forall {' '.join(indices)}, {bounds}{text})" if indices else text)
        return found


@dataclass(frozen=True)
class _Data:
    parameters: Mapping[str, Axes]
    factors: Mapping[str, Net]
    outputs: Sequence[tuple[Axes, Net]]
    laws: Mapping[str, tuple[Axes, Net]]


def _check_exportable(model: Model) -> None:
    program = model.program
    for n in program.cone([*model.outputs, *model.laws.values(), *model.factors.values()]):
        node = program.nodes[n]
        what = None
        if isinstance(node, Apply | Opaque):
            what = f"`{node.function}`"
        elif isinstance(node, Det):
            what = "a determinant"
        elif isinstance(node, Power) and node.exponent.denominator != 1:
            what = "a root"
        elif isinstance(node, Reshape):
            what = "a reshape"
        elif isinstance(node, Iota):
            what = "a range of numbers"
        elif isinstance(node, Leaf) and node.role in ("time", "velocity"):
            what = "a law that depends on the time"
        if what:
            raise CannotExport(f"{what} can't be exported for all sizes yet")

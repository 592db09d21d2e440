"""A model whose sizes are variables: the text of its statement, and the same as data for the proof.

The text is that of `array_writer.ArrayWriter`. The data (`networks.Net`) are one more language in which the same nodes are
written, so that coqc can compare the two by computation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction

from claws.coq.statements.array_writer import ArrayWriter
from claws.coq.statements.document import Document
from claws.coq.statements.exported_model import ExportedModel, Sizes, read_open_model
from claws.coq.statements.index_terms import IndexTerm, Ix, variable
from claws.coq.statements.networks import (
    ONE_NET,
    ArrayEntry,
    Axes,
    Net,
    NetNumber,
    NetOperation,
    NetOpposite,
    NetPower,
    NetSize,
    ProductOver,
    SumOver,
    WhereEqual,
    entries,
    indices_of,
    variables_of,
)
from claws.coq.statements.node_facts import CannotExport, refusal_for_all_sizes
from claws.coq.statements.reserved_names import Names
from claws.coq.statements.term_languages import REALS, CoqTerm, Reals, signed_sum
from claws.kernel.core.program import Apply, Leaf, Number, Shape, count_entries
from claws.kernel.core.sizes import ZERO, Size
from claws.syntax.instances.instance import Instance
from claws.syntax.spec import Spec

WORDS = frozenset(
    """Section Variables Definition End Pos Nat Iv Ic Iadd Imul Nint Nfrac Ndim Nentry Nadd Nsub Nmul Nopp Npow Nsum Nprod
    Nwhen net env ev size values arr combine index sizes axes_n cshapes ishapes inverted outputs_n factors_n check_all_sizes
    all_sizes_ok all_sizes_on_data inside_nil inside_cons gradient_factor listed_factor Forall2_cons Forall2_nil Rgt_not_eq
    eq_refl""".split()
)
"""The words that these files mention beside the vocabulary."""


@dataclass(frozen=True)
class NetTerm(CoqTerm):
    """A term of the language `NetLanguage`: it has no text."""

    net: Net = ONE_NET


def _net(term: CoqTerm) -> Net:
    if not isinstance(term, NetTerm):
        raise CannotExport(f"`{term.text}` can't be exported for all sizes yet")
    return term.net


def _term(net: Net) -> NetTerm:
    return NetTerm("", 4, net=net)


class NetLanguage(Reals):
    """The language `net` of `NetworkTerms.v`: the same terms as data.

    Its methods raise `CannotExport` for what is no sum of products of entries.
    """

    suffix = "'n"
    kind = "net"

    def number(self, c: Fraction) -> CoqTerm:
        return self.negative(self.number(-c)) if c < 0 else _term(NetNumber(c))

    def natural(self, text: str) -> CoqTerm:
        return _term(NetSize(text))

    def add(self, a: CoqTerm, b: CoqTerm) -> CoqTerm:
        return _term(NetOperation("Nadd", _net(a), _net(b)))

    def subtract(self, a: CoqTerm, b: CoqTerm) -> CoqTerm:
        return _term(NetOperation("Nsub", _net(a), _net(b)))

    def negative(self, a: CoqTerm) -> CoqTerm:
        return _term(NetOpposite(_net(a)))

    def multiply(self, a: CoqTerm, b: CoqTerm) -> CoqTerm:
        return _term(NetOperation("Nmul", _net(a), _net(b)))

    def power(self, a: CoqTerm, n: int) -> CoqTerm:
        return _term(NetPower(_net(a), n))

    def fold(self, what: str, size: str, index: str, body: CoqTerm) -> CoqTerm:
        kind = SumOver if what == "sum" else ProductOver
        return _term(kind(index, size, _net(body)))

    def choose(self, left: IndexTerm, right: IndexTerm, body: CoqTerm) -> CoqTerm:
        return _term(WhereEqual(_index(left), _index(right), _net(body)))


NETS = NetLanguage()


def _index(i: IndexTerm) -> Ix:
    if i.ix is None:
        raise CannotExport(f"the index `{i.text}` can't be exported for all sizes yet")
    return i.ix


class OpenNames(Names):
    """The names in a file about all sizes."""

    reserved = Names.reserved | WORDS


@dataclass
class OpenWriter(ArrayWriter):
    """An `ArrayWriter` of programs with open sizes, in the languages `Reals` and `NetLanguage`."""

    used: set[str] = field(default_factory=set)
    """The variables of the data."""
    inverted: list[str] = field(default_factory=list)
    """The names of the constants whose inverse occurs."""
    mentioned: set[str] = field(default_factory=set)
    """The dims that the definition that is being written mentions so far, by their names in Coq."""
    uses: dict[str, set[str]] = field(default_factory=dict)
    """The dims that definitions mention, by the names of these."""

    def size(self, n: Size) -> str:
        if any(c.denominator != 1 for _, c in n.terms) or (n.terms and all(c < 0 for _, c in n.terms)):
            raise CannotExport(f"the size {n} can't be exported for all sizes yet")
        self.mentioned |= {self.names.of[d] for d in n.dims()}
        return super().size(n)

    def words(self, n: int, indices: Sequence[str], language: Reals) -> list[str]:
        self.mentioned |= self.uses.get(self.own[n], set())
        return super().words(n, indices, language)

    def entry(self, n: int, indices: Sequence[IndexTerm], language: Reals, used: set[str]) -> CoqTerm:
        if not isinstance(language, NetLanguage):
            return super().entry(n, indices, language, used)
        node = self.model.program.nodes[n]
        if isinstance(node, Leaf):
            return _term(ArrayEntry(node.name, tuple(_index(i) for i in indices)))
        return self.opened(n, indices, language, used)

    def opened(self, n: int, indices: Sequence[IndexTerm], language: Reals, used: set[str]) -> CoqTerm:
        node = self.model.program.nodes[n]
        if isinstance(node, Number) and node.value.constant() is None:
            return self._in_sizes(node.value, language)
        if isinstance(node, Apply) and node.exponent is not None and node.exponent < 0:
            return self._inverse(node, indices, language, used)
        return super().opened(n, indices, language, used)

    def _in_sizes(self, value: Size, language: Reals) -> CoqTerm:
        terms = []
        for monomial, c in value.terms:
            term = language.number(abs(c))
            for d, e in monomial:
                for _ in range(e):
                    term = language.multiply(term, language.natural(self.size(Size.dim(d))))
            terms.append((c > 0, term))
        return signed_sum(language, terms)

    def _inverse(self, node: Apply, indices: Sequence[IndexTerm], language: Reals, used: set[str]) -> CoqTerm:
        assert node.exponent is not None
        inner, exponent = node.operand, -node.exponent
        while isinstance(below := self.model.program.nodes[inner], Apply) and below.exponent is not None:
            inner, exponent = below.operand, exponent * below.exponent
        net = _net(self.entry(inner, indices, NETS, set()))
        constants = {leaf.name for _, leaf in self.model.program.leaves("const") if leaf.domain != "real"}
        if not (isinstance(net, ArrayEntry) and net.array in constants) or exponent.denominator != 1:
            raise CannotExport(
                "a division by other than a constant in `positive` or `nonzero` can't be exported for all sizes yet"
            )
        if net.array not in self.inverted:
            self.inverted.append(net.array)
        if isinstance(language, NetLanguage):
            inverse: CoqTerm = _term(ArrayEntry(inverse_of(net.array), net.indices))
        else:
            inverse = CoqTerm(f"/ {self.entry(inner, indices, language, used).at(3)}", 2)
        return inverse if exponent == 1 else language.power(inverse, int(exponent))

    # --- parameters ---

    def offset(self, shapes: Sequence[Shape]) -> str:
        """Returns the number of entries of several arrays."""
        if _are_numbers(shapes):
            return str(sum((count_entries(shape) for shape in shapes), start=ZERO))
        return " + ".join(" * ".join(self.atom(n) for n in shape) or "1" for shape in shapes)

    def _leaf(self, leaf: Leaf, indices: Sequence[IndexTerm], language: Reals) -> CoqTerm:
        leaves = [other for _, other in self.model.program.leaves(leaf.role)]
        before = [other.shape for other in leaves[: [other.name for other in leaves].index(leaf.name)]]
        where = self.position(leaf.shape, [i.text for i in indices]) if indices else "0"
        if before and (indices or not _are_numbers(before)):
            where = f"{self.offset(before)} + {where if not set(where) & set('+*') else f'({where})'}"
        elif before:
            where = self.offset(before)
        return language.leaf(leaf.role, self.names.dimension, where)

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
        """Returns axes of this shape with new variables."""
        return tuple((self.fresh_index(self.used), self.atom(n)) for n in shape)

    def net(self, n: int, axes: Axes) -> Net:
        """Returns the value of a node, at the variables of these axes, as data.

        Raises `CannotExport` where it is no sum of products of entries, or an index in it depends on the sizes.
        """
        net = _net(self.entry(n, [variable(v) for v, _ in axes], NETS, self.used))
        if not all(v in self.used for i in indices_of(net) for v in variables_of(i)):
            raise CannotExport("an index that depends on the sizes can't be exported for all sizes yet")
        return net


def _are_numbers(shapes: Sequence[Shape]) -> bool:
    """Whether all sizes of these arrays are numbers."""
    return all(n.integer() is not None for shape in shapes for n in shape)


def inverse_of(name: str) -> str:
    """Returns the name of the array of the inverses of the entries of a constant."""
    return f"1/{name}"


@dataclass(frozen=True)
class NetData:
    """A model and its laws as data: the axes of each parameter, its factors in these variables (1 where there is none), and each
    output and each law with its own axes."""

    parameters: Mapping[str, Axes]
    factors: Mapping[str, Net]
    outputs: Sequence[tuple[Axes, Net]]
    laws: Mapping[str, tuple[Axes, Net]]


class OpenDocument(Document):
    """The text of a file about a model whose sizes are variables: a section, in which they are fixed, and what follows from it.

    Making one raises `CannotExport` for what has no statement for all sizes, and `SourceError`.
    """

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

    def read(self, sizes: Sizes, laws: Sequence[str]) -> ExportedModel:
        model = read_open_model(self.spec, self.given, sizes, laws)
        program = model.program
        for n in program.cone(model.roots()):
            refusal = refusal_for_all_sizes(program.nodes[n])
            if refusal is not None:
                raise CannotExport(refusal)
        return model

    # --- data ---

    def _data(self, laws: Sequence[str]) -> NetData:
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
        return NetData(parameters, factors, outputs, found)

    def lows(self, law: str) -> dict[str, int]:
        """Returns lower bounds for the sizes, by their texts, of axes of which the model or the law reads an entry with a fixed
        number."""
        return {self.writer.atom(size): low for size, low in self._lows(law).items()}

    def _lows(self, law: str) -> dict[Size, int]:
        leaves = self.model.program.leaves("param", "const")
        shapes = {leaf.name if leaf.role == "param" else inverse_of(leaf.name): leaf.shape for _, leaf in leaves}
        read: dict[Size, None] = {}
        for net in [*self.data.factors.values(), *(net for _, net in [*self.data.outputs, self.data.laws[law]])]:
            for entry in entries(net):
                for i, size in zip(entry.indices, shapes.get(entry.array, ()), strict=False):
                    if isinstance(i, int):
                        read[size] = None
        known = {Size.dim(d): 1 for d in self.dims}
        for c in self.needed[law]:
            for d in c.dims():
                rest = (c - Size.dim(d)).integer()
                if rest is not None:
                    known[Size.dim(d)] = max(known[Size.dim(d)], -rest)
        known |= {size: number for size in read if (number := size.integer()) is not None}
        return {size: known[size] for size in read if size in known}

    # --- text ---

    def where(self) -> str:
        given = ", ".join(f"{d} = {n}" for d, n in self.given.items())
        return " for all sizes" + (f" with {given}" if given else "")

    def sizes(self) -> None:
        self.section = self.names.fresh("Sizes")
        self.add(f"Section {self.section}.", f"Variables {self.dims_text()} : nat.", "")
        with self.defining(self.names.dimension):
            total = self.writer.offset([leaf.shape for _, leaf in self.model.program.leaves("param")])
            self.add(f"Definition {self.names.dimension} := Pos.of_nat ({total}).", "")

    def dims_text(self) -> str:
        """Returns the names of the dims that are variables."""
        return " ".join(self.names.of[d] for d in self.dims)

    @contextmanager
    def defining(self, name: str) -> Iterator[None]:
        self.writer.mentioned = set()
        yield
        self.writer.uses[name] = self.writer.mentioned

    def applied_words(self, name: str, roots: Sequence[int], consts: str = "consts") -> list[str]:
        self.writer.mentioned |= self.writer.uses.get(name, set())
        return super().applied_words(name, roots, consts)

    def flow(self, samples: str = "samples", consts: str = "consts") -> str:
        self.writer.mentioned |= self.writer.uses[self.names.dimension]
        return super().flow(samples, consts)

    def outside(self, words: Sequence[str]) -> str:
        """Returns what an application of a definition of the section is outside of it: there the definition also takes the sizes
        that it mentions."""
        head, *rest = words
        uses = self.writer.uses.get(head, set())
        return " ".join([head, *(self.names.of[d] for d in self.dims if self.names.of[d] in uses), *rest])

    def close(self) -> None:
        """Writes the end of the section."""
        self.add(f"End {self.section}.", "")

    def conditions(self, law: str) -> list[str]:
        """Returns what the sizes must satisfy for a law to have a meaning."""
        writer = self.writer
        found = []
        for c in self.needed[law]:
            left = Size({m: k for m, k in c.terms if k > 0})
            right = Size({m: -k for m, k in c.terms if k < 0})
            found.append(f"({writer.size(right) if right else 0} <= {writer.size(left) if left else 0})%nat")
        ones = [size for size, low in self._lows(law).items() if low == 1 and size.integer() is None]
        return found + [f"(0 < {writer.atom(size)})%nat" for size in ones]

    def premises(self) -> list[str]:
        """Returns what the constants must satisfy whose inverses occur."""
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

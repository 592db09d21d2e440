"""A reader of the text of statements, written from the grammar in FORMAT.md and from nothing of the kernel's printing.

It only makes records; whether they fit each other, `Program` and the statements see.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import TypeVar

from claws.kernel import Complete, Count, Independent, Program, Size, Statement
from claws.kernel.core.flow import Field, Flow, Part
from claws.kernel.core.functions import KNOWN, Property, Slope
from claws.kernel.core.program import Apply, Call, Einsum, Iota, Leaf, Node, Number, Shape, Stop, Sum, Window
from claws.kernel.counting.statements import AnyStatement

T = TypeVar("T")

LABELS = "ijklmnpqrsuvwxyzabcdefgh"
NAME = r"(?!\d)[^\s()%,:;=+*/^'\[\]-]+"
LEAF = rf"(?:vel\({NAME}\)|{NAME})"
RATIONAL = r"-?\d+(?:/\d+)?"
MOVES = "training moves, elementwise, with grad_U the gradient of any loss in U:"


def read_statement(text: str) -> AnyStatement:
    """The statement of a text."""
    return _Reader(text.split("\n")).statement()


class _Reader:
    def __init__(self, lines: Sequence[str]) -> None:
        self.lines = list(lines)
        self.dims: tuple[str, ...] = ()
        self.activations: list[tuple[str, Property]] = []
        self.functions: list[str] = []
        self.nodes: list[Node] = []
        self.shapes: list[Shape] = []

    def take(self, pattern: str) -> re.Match[str] | None:
        """The match of the next line, which is then read; None where it is another."""
        found = re.fullmatch(pattern, self.lines[0]) if self.lines else None
        if found:
            del self.lines[0]
        return found

    def need(self, pattern: str) -> re.Match[str]:
        found = self.take(pattern)
        assert found, f"expected {pattern}, found {self.lines[:1]}"
        return found

    def each(self, pattern: str, make: Callable[[re.Match[str]], T]) -> list[T]:
        result = []
        while found := self.take(pattern):
            result.append(make(found))
        return result

    def statement(self) -> AnyStatement:
        if found := self.take("for all integers (.*) >= 1"):
            self.dims = tuple(found[1].split(", "))
        conditions = self.each("given (.*) >= (.*)", lambda m: _size(m[1]) - _size(m[2]))
        self.activations = self.each(rf"for any function ({NAME})(| .*), elementwise", _activation)
        self.functions = self.each(rf"for any differentiable map ({NAME})", lambda m: m[1])
        self.take("in names, .*")
        while found := self.take(r"  %(\d+): \[(.*)\] = (.*)"):
            assert int(found[1]) == len(self.nodes)
            self.shapes.append(tuple(map(_size, _items(found[2]))))
            self.nodes.append(self.node(found[3]))
        outputs = _places(self.need("the model sees its parameters through (.*)")[1])
        self.need(re.escape(MOVES))
        flow = _flow([part for parts in self.each(rf"  ({LEAF})' = (.*)", _moves) for part in parts])
        program = Program(tuple(self.nodes), tuple(self.activations), tuple(self.functions), tuple(conditions))
        assert program.shapes == tuple(self.shapes)
        assert program.free_dims() == list(self.dims)
        statement = self.claim(program, outputs, flow)
        assert not self.lines
        return statement

    def claim(self, program: Program, outputs: tuple[int, ...], flow: Flow) -> AnyStatement:
        if found := self.take(r"claim: every entry of %(\d+) is conserved, whatever the loss and the data"):
            return Statement(program, outputs, int(found[1]), flow)
        if found := self.take(
            r"claim: the least number of independent conservation laws near generic points of an open region is (\S+) (-?\d+)"
        ):
            return Count(program, outputs, flow, found[1], int(found[2]))
        if found := self.take(
            "claim: (.*) are conserved, and near generic points of some open region every conservation law is a function of them"
        ):
            return Complete(program, outputs, flow, _places(found[1]))
        found = self.need("claim: the gradients of all entries of (.*) are independent at generic parameters")
        return Independent(program, outputs, flow, _places(found[1]))

    # --- values of nodes ---

    def node(self, text: str) -> Node:
        shape = self.shapes[-1]
        if found := re.fullmatch(rf"(param|input|const|time|velocity) ({LEAF})(?: in (positive|nonzero))?", text):
            return Leaf(found[2], found[1], shape, found[3] or "real")
        if found := re.fullmatch(r"einsum (.*)->(\S*) \((.*?)\)((?: with \S+ of .*)?)", text):
            return self.einsum(*found.groups())
        if found := re.fullmatch(r"stop\(%(\d+)\)", text):
            return Stop(int(found[1]))
        if found := re.fullmatch(r"%(\d+)\^(?:(\d+)|\((.*)\))", text):
            return Apply("^", int(found[1]), Fraction(found[2] or found[3]))
        if found := re.fullmatch(r"%(\d+) at (.*) of axis (\d+)", text):
            return self.window(int(found[1]), found[2], int(found[3]))
        if found := re.fullmatch(r"%(\d+) put at (.*) of an axis (\d+) of (.*)", text):
            return self.put(int(found[1]), found[2], int(found[3]), _size(found[4]))
        if found := re.fullmatch(rf"({NAME})\((%.*)\)(?: over (\d+) batch axes)?", text):
            name, operands = found[1], _places(found[2])
            if name in KNOWN or name in dict(self.activations):
                (operand,) = operands
                assert found[3] is None
                return Apply(name, operand)
            assert name in (*self.functions, "prod", "det")
            return Call(name, operands, shape, int(found[3] or 0))
        if "%" in text:
            return Sum(tuple(_terms(text)))
        if found := re.fullmatch(r"(.*), (.*), \.\.\.", text):
            start = _size(found[1])
            step = (_size(found[2]) - start).integer()
            assert step is not None
            return Iota(start, step, shape[0])
        return Number(_size(text))

    def einsum(self, rows: str, value: str, operands: str, unused: str) -> Einsum:
        places = _places(operands) if operands else ()
        labels = tuple(map(_labels, rows.split(","))) if places else ()
        out, sizes = _labels(value), dict[int, Size]()
        for ls, shape in [*zip(labels, (self.shapes[n] for n in places), strict=True), (out, self.shapes[-1])]:
            for label, size in zip(ls, shape, strict=True):
                assert sizes.setdefault(label, size) == size
        for item in unused.split(" with ")[1:]:
            letter, _, text = item.partition(" of ")
            sizes[_labels(letter)[0]] = _size(text)
        return Einsum(places, labels, out, tuple(sizes[k] for k in range(len(sizes))))

    def window(self, operand: int, position: str, axis: int) -> Window:
        start, steps = _position(position)
        lengths = self.shapes[-1][axis : axis + len(steps)]
        return Window(operand, axis, start, steps, lengths, self.shapes[operand][axis])

    def put(self, operand: int, position: str, axis: int, size: Size) -> Window:
        start, steps = _position(position)
        lengths = self.shapes[operand][axis : axis + len(steps)]
        return Window(operand, axis, start, steps, lengths, size, transposed=True)


def _items(text: str) -> list[str]:
    return text.split(", ") if text else []


def _places(text: str) -> tuple[int, ...]:
    assert re.fullmatch(r"no node|%\d+(, %\d+)*", text), text
    return tuple(map(int, re.findall(r"\d+", text)))


def _labels(text: str) -> tuple[int, ...]:
    assert re.fullmatch(rf"([{LABELS}]|<\d+>)*", text), text
    found = re.findall(r"[a-z]|\d+", text)
    return tuple(LABELS.index(x) if x.isalpha() else int(x) for x in found)


def _signed(text: str) -> list[tuple[int, str]]:
    """The terms of a sum, each with its sign."""
    pieces = re.split(r" ([+-]) ", text)
    first = (-1, pieces[0][1:]) if pieces[0].startswith("-") else (1, pieces[0])
    return [first, *((1 if sign == "+" else -1, x) for sign, x in zip(pieces[1::2], pieces[2::2], strict=True))]


def _terms(text: str) -> list[tuple[Fraction, int]]:
    result = []
    for sign, term in _signed(text):
        found = re.fullmatch(r"(?:(\d+(?:/\d+)?)\*)?%(\d+)", term)
        assert found, term
        result.append((sign * Fraction(found[1] or 1), int(found[2])))
    return result


def _size(text: str) -> Size:
    """A polynomial in dims, canonically written."""
    total: dict[tuple[tuple[str, int], ...], Fraction] = {}
    for sign, term in _signed(text):
        c, powers = Fraction(sign), []
        for factor in term.split("*"):
            if re.fullmatch(r"\d+(/\d+)?", factor):
                c *= Fraction(factor)
            else:
                name, _, e = factor.partition("^")
                assert re.fullmatch(NAME, name), text
                powers.append((name, int(e or 1)))
        assert all(a < b for (a, _), (b, _) in pairwise(powers)), text
        assert tuple(powers) not in total, text
        total[tuple(powers)] = c
    return Size(total)


def _part(text: str) -> Size:
    return _size(text[1:-1] if text.startswith("(") else text)


def _position(text: str) -> tuple[Size, Shape]:
    part = r"\d+|\([^()]*\)"
    found = re.fullmatch(rf"({part})((?: \+ (?:(?:{part})\*)?j\d+)*)", text)
    assert found, text
    steps = re.findall(rf" \+ (?:({part})\*)?j(\d+)", found[2])
    assert [int(k) for _, k in steps] == list(range(len(steps)))
    return _part(found[1]), tuple(_part(step or "1") for step, _ in steps)


def _activation(found: re.Match[str]) -> tuple[str, Property]:
    name, known = found[1], found[2]
    if not known:
        return name, None
    if degree := re.fullmatch(rf" that is positively homogeneous of degree ({RATIONAL})", known):
        return name, Fraction(degree[1])
    slope = known.removeprefix(f" with {name}' = ")
    assert slope != known
    polynomial = _size(slope)
    return name, Slope(tuple(sorted(((c, m[0][1] if m else 0) for m, c in polynomial.terms), key=lambda t: t[1])))


def _moves(found: re.Match[str]) -> list[tuple[int, Part]]:
    """The parts that move a leaf, each with the degree of its field."""
    target, text = found[1], found[2]
    if text == "0":
        return []
    moves = re.fullmatch(rf"(?:%(\d+))?(?:(?: - |-)(?:%(\d+)\*)?grad_({NAME}))?", text)
    assert moves, text
    drift, factor, gradient = moves.groups()
    parts = [] if drift is None else [(0, Part(target, int(drift)))]
    if gradient is not None:
        parts.append((1, Part(target, None if factor is None else int(factor), gradient)))
    return parts


def _flow(parts: Sequence[tuple[int, Part]]) -> Flow:
    fields = []
    for degree in (0, 1):
        own = sorted((part for d, part in parts if d == degree), key=lambda part: part.target)
        if own:
            fields.append(Field(degree, tuple(own)))
    return Flow(tuple(fields))

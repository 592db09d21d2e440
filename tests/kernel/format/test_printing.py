"""The text of a statement determines it: a parser of its own reads it back, and every change of a field changes it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.kernel import Complete, Count, Independent, Malformed, Program, Size, Statement
from claws.kernel.core.flow import Flow, Part, flow_of, gradient_flow
from claws.kernel.core.functions import Slope
from claws.kernel.core.identifiers import is_name
from claws.kernel.core.program import Apply, Call, Einsum, Iota, Leaf, Node, Number, Stop, Sum, Window, power
from claws.kernel.counting.statements import AnyStatement
from claws.kernel.format.decoding import decode
from claws.kernel.format.printing import LETTERS, render_node, render_statement, statement_lines
from claws.prover.certificates import encode
from claws.syntax.diagnostic import SourceError
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from tests.kernel.format.cases import CASES
from tests.kernel.format.statement_text import read_statement
from tests.kernel.models import ONE, every_kind, make
from tests.kernel.random_programs import at_sizes, random_statement
from tests.properties.programs import Program as RandomFile
from tests.properties.programs import programs

N, M = Size.dim("n"), Size.dim("m")
TWO = Size.of(2)
EXAMPLES = sorted((Path(__file__).parents[3] / "examples").rglob("*.claw"))


def full() -> Statement:
    """A statement of every kind of node, each with a use of every field that can be changed while the rest stays."""
    f = Fraction
    nodes: list[Node] = [
        Leaf("a", "param", ()),
        Leaf("b", "param", (), "nonzero"),
        Leaf("A.U", "param", (N, N), "positive"),
        Leaf("x", "input", (N, M)),
        Leaf("c", "const", (Size.of(5),)),
        Leaf("t", "time", ()),
        Leaf("vel(a)", "velocity", ()),
        Number(Size.of(1)),
        Number(N * N * f(1, 2) - M + 3),
        Iota(N - 1, -2, M + 1),
        Iota(Size.of(0), 1, N),
        Einsum((0, 1), ((), ()), (), ()),
        Einsum((2, 3), ((0, 1), (1, 2)), (0, 2), (N, N, M, M * 2)),
        Einsum((2,), ((0, 0),), (0, 0), (N,)),
        Einsum((), (), (0,), (TWO, N)),
        Sum(((f(1), 0), (f(-1), 1), (f(2, 3), 11), (f(0), 0))),
        Sum(((f(-1), 2),)),
        power(0, 2),
        power(2, f(-1, 2)),
        Apply("exp", 3),
        Apply("s", 3),
        Call("det", (2,), ()),
        Call("prod", (3,), (N,), 1),
        Call("F", (2, 3), (N, M), 1),
        Call("G", (0,), ()),
        Window(3, 1, M - 1, (Size.of(-1),), (M,), M),
        Window(4, 0, Size.of(1), (Size.of(1), TWO), (TWO, TWO), Size.of(5)),
        Window(2, 0, Size.of(0), (Size.of(1),), (N,), N),
        Window(2, 0, Size.of(0), (), (), N),
        Window(10, 0, Size.of(1), (TWO,), (N,), N * 2 + 1, True),
        Window(2, 0, Size.of(0), (N, Size.of(1)), (N, N), N * N, True),
        Stop(3),
        Stop(0),
    ]
    activations = (
        ("s", None),
        ("h", f(-1, 2)),
        ("g", f(2)),
        ("p", Slope(((f(1), 0), (f(-1), 2)))),
        ("q", Slope(((f(-1, 2), 1),))),
    )
    program = Program(tuple(nodes), activations, ("F", "G"), (N - 2, M - N * 2 + 5))
    parts = [Part("a", 6), Part("b", 0, "b"), Part("t", 7), Part("vel(a)", 11), Part("vel(a)", None, "a")]
    return Statement(program, (12, 11), 15, flow_of([*parts, Part("A.U", None, "A.U")]))


def numbered(statement: Statement) -> list[AnyStatement]:
    """Statements about the number of laws of the same model, at fixed sizes."""
    one = at_sizes(statement, dict.fromkeys(statement.program.free_dims(), 3))
    program, outputs, flow = one.program, one.outputs, one.flow
    return [
        Count(program, outputs, flow, "<=", 3),
        Complete(program, outputs, flow, (one.law, 0)),
        Complete(program, outputs, flow, ()),
        Independent(program, outputs, flow, (one.law, 0)),
    ]


STATEMENTS: dict[str, AnyStatement] = {
    "full": full(),
    "every kind": every_kind(),
    **{name: statement for name, (statement, _) in CASES.items()},
    **{f"number {k}": statement for k, statement in enumerate(numbered(full()))},
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_the_text_is_read_back(name: str) -> None:
    assert read_statement(render_statement(STATEMENTS[name])) == STATEMENTS[name]


def test_a_text_to_compare_with() -> None:
    assert render_statement(full()).split("\n") == [
        "for all integers m, n >= 1",
        "given n >= 2",
        "given m + 5 >= 2*n",
        "for any function s, elementwise",
        "for any function h that is positively homogeneous of degree -1/2, elementwise",
        "for any function g that is positively homogeneous of degree 2, elementwise",
        "for any function p with p' = 1 - p^2, elementwise",
        "for any function q with q' = -1/2*q, elementwise",
        "for any differentiable map F",
        "for any differentiable map G",
        "  %0: [] = param a",
        "  %1: [] = param b in nonzero",
        "  %2: [n, n] = param A.U in positive",
        "  %3: [n, m] = input x",
        "  %4: [5] = const c",
        "  %5: [] = time t",
        "  %6: [] = velocity vel(a)",
        "  %7: [] = 1",
        "  %8: [] = 1/2*n^2 - m + 3",
        "  %9: [m + 1] = n - 1, n - 3, ...",
        "  %10: [n] = 0, 1, ...",
        "  %11: [] = einsum ,-> (%0, %1)",
        "  %12: [n, m] = einsum ij,jk->ik (%2, %3) with l of 2*m",
        "  %13: [n, n] = einsum ii->ii (%2)",
        "  %14: [2] = einsum ->i () with j of n",
        "  %15: [] = %0 - %1 + 2/3*%11 + 0*%0",
        "  %16: [n, n] = -%2",
        "  %17: [] = %0^2",
        "  %18: [n, n] = %2^(-1/2)",
        "  %19: [n, m] = exp(%3)",
        "  %20: [n, m] = s(%3)",
        "  %21: [] = det(%2)",
        "  %22: [n] = prod(%3) over 1 batch axes",
        "  %23: [n, m] = F(%2, %3) over 1 batch axes",
        "  %24: [] = G(%0)",
        "  %25: [n, m] = %3 at (m - 1) + (-1)*j0 of axis 1",
        "  %26: [2, 2] = %4 at 1 + j0 + 2*j1 of axis 0",
        "  %27: [n, n] = %2 at 0 + j0 of axis 0",
        "  %28: [n] = %2 at 0 of axis 0",
        "  %29: [2*n + 1] = %10 put at 1 + 2*j0 of an axis 0 of 2*n + 1",
        "  %30: [n^2] = %2 put at 0 + (n)*j0 + j1 of an axis 0 of n^2",
        "  %31: [n, m] = stop(%3)",
        "  %32: [] = stop(%0)",
        "the model sees its parameters through %12, %11",
        "training moves, elementwise, with grad_U the gradient of any loss in U:",
        "  a' = %6",
        "  b' = -%0*grad_b",
        "  A.U' = -grad_A.U",
        "  t' = %7",
        "  vel(a)' = %11 - grad_a",
        "claim: every entry of %15 is conserved, whatever the loss and the data",
    ]


def test_letters_that_may_look_like_others_are_named() -> None:
    """A Cyrillic a looks like a Latin one; the text says which is which."""
    names = "a", "\N{CYRILLIC SMALL LETTER A}", "\N{GREEK SMALL LETTER THETA}\N{GREEK SMALL LETTER THETA}1"
    program = Program(tuple(Leaf(name, "param", ()) for name in names))
    statement = Statement(program, (0,), 1, gradient_flow(program))
    said = "in names, θ is GREEK SMALL LETTER THETA, \N{CYRILLIC SMALL LETTER A} is CYRILLIC SMALL LETTER A"
    assert render_statement(statement).split("\n")[0] == said
    assert read_statement(render_statement(statement)) == statement
    assert "in names" not in render_statement(make([Leaf("a", "param", ())], [0], 0))
    assert all(unicodedata.name(c) in said for c in "".join(names) if not c.isascii())


ODD = st.text(st.characters(categories=["L", "Mn", "Mc", "Nd", "Nl", "Pc"]), max_size=4).map("q{}".format)


@given(st.lists(ODD.filter(is_name), min_size=5, max_size=5, unique=True))
def test_every_name_is_read_back(names: list[str]) -> None:
    dim, leaf, other, s, f = names
    nodes: list[Node] = [
        Leaf(leaf, "param", (Size.dim(dim),)),
        Leaf(other, "param", ()),
        Apply(s, 1),
        Call(f, (2,), ()),
    ]
    statement = make(nodes, [3], 1, activations=((s, None),), functions=(f,))
    assert read_statement(render_statement(statement)) == statement


def test_many_labels_have_names_of_their_own() -> None:
    label = len(LETTERS)
    texts = {render_node(Einsum((0,), ((k,),), (), (N,) * (label + 12))).split(" with")[0] for k in range(label + 12)}
    assert len(texts) == label + 12
    assert f"einsum <{label}>-> (%0)" in texts


# --- of every example ---


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_statements_of_an_example_are_read_back(path: Path) -> None:
    spec = load_text(path.read_text(encoding="utf-8"), str(path))
    assert not spec.diagnostics
    for claim in spec.claims:
        instance = Instance(spec, claim.sizes[0])
        if claim.kind == "law":
            statement: AnyStatement = instance.statement(claim.name, claim.among)
        elif instance.free_dims(claim.laws):
            continue
        else:
            statement = instance.number_statement(claim)
        assert read_statement(render_statement(statement)) == statement


# --- of random statements ---


@pytest.mark.parametrize("seed", range(60))
def test_a_random_statement_is_read_back(seed: int) -> None:
    statement = random_statement(Random(seed), 14)
    assert read_statement(render_statement(statement)) == statement
    for other in numbered(statement):
        assert read_statement(render_statement(other)) == other


@settings(max_examples=60, deadline=None)
@given(programs())
def test_the_statements_of_a_random_file_are_read_back(file: RandomFile) -> None:
    spec = load_text(file.text)
    for claim in spec.claims:
        try:
            statement = Instance(spec, claim.sizes[0]).statement(claim.name)
        except SourceError:
            continue  # it has no meaning at these sizes
        assert read_statement(render_statement(statement)) == statement


# --- every change of a field changes the text ---

NAMES = ["a", "b", "x", "s", "h", "F", "G", "exp", "det", "^", "vel(a)", "other"]
WORDS = ["param", "input", "const", "real", "positive", "nonzero", "=", "<=", ">="]
NUMBERS = ["0", "2", "-1", "1/2"]
SIZES: list[Any] = [0, 1, 2, [["1", [["n", 1]]]], [["1", [["n", 1]]], ["1", []]], [["2", [["m", 2]]]], [["-1", []]]]
OTHERS: list[Any] = [None, 0, "2", [["1", 1]]]


def mutants(data: Any) -> Iterator[Any]:
    """The same JSON data with one change: of a value, or of the items of a list."""
    if isinstance(data, dict):
        for key, item in data.items():
            yield from ({**data, key: x} for x in mutants(item))
    elif isinstance(data, list):
        for k, item in enumerate(data):
            yield [*data[:k], *data[k + 1 :]]
            yield [*data[:k], item, *data[k:]]
            if k:
                yield [*data[: k - 1], item, data[k - 1], *data[k + 1 :]]
            yield from ([*data[:k], x, *data[k + 1 :]] for x in mutants(item))
        yield from ([*data, x] for x in (0, 1, *SIZES[3:5]))
        if not data or (isinstance(data[0], list) and data[0] and isinstance(data[0][0], str)):
            yield from (*SIZES, None)
    elif isinstance(data, str):
        yield from (x for x in (NUMBERS if re.fullmatch(r"-?\d.*", data) else NAMES + WORDS) if x != data)
        yield from (None, [["1", 1]])
    elif isinstance(data, bool):
        yield not data
    elif data is None:
        yield from OTHERS
    else:
        yield from (data + 1, data - 1, None, *SIZES[3:5])


def changed(a: Any, b: Any, where: tuple[type, str]) -> set[tuple[type, str]]:
    """The fields of records, the innermost ones, in which two values differ."""
    if a == b:
        return set()
    if type(a) is type(b) and is_dataclass(a):
        found = set()
        for f in fields(a):
            if f.init:
                found |= changed(getattr(a, f.name), getattr(b, f.name), (type(a), f.name))
        return found
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return {place for x, y in zip(a, b, strict=True) for place in changed(x, y, where)}
    return {where}


def places_in(x: Any) -> set[tuple[type, str]]:
    """The fields of the records in a value, but those that are records themselves."""
    if is_dataclass(x):
        own = [(f.name, getattr(x, f.name)) for f in fields(x) if f.init]
        here = {(type(x), name) for name, value in own if not is_dataclass(value) or isinstance(value, Slope)}
        return here.union(*(places_in(value) for _, value in own))
    return set().union(*map(places_in, x)) if isinstance(x, tuple) else set()


FOLLOWS = {"degree of Field", "gradient of Part"}
"""What can't be changed alone: the degree is 1 iff there is a gradient, and the target says in which parameter that is."""


@pytest.mark.slow
def test_every_change_of_a_field_changes_the_text() -> None:
    """All changes of one value of JSON; each field of each record is changed by itself at least once."""
    known: dict[str, AnyStatement] = {}
    every: set[tuple[type, str]] = set()
    alone: set[tuple[type, str]] = set()
    for statement in (full(), every_kind(), *numbered(full())):
        known[render_statement(statement)] = statement
        data = encode(AnyStatement, statement)
        # the program of the first, which the others have too or need not, is changed once
        for changes in mutants({**data, "program": None} if every else data):
            try:
                other = decode(AnyStatement, {**changes, "program": changes["program"] or data["program"]})
            except Malformed:
                continue
            if other == statement:
                continue
            text = render_statement(other)
            assert known.setdefault(text, other) == other, text
            assert read_statement(text) == other
            places = changed(statement, other, (type(statement), ""))
            alone |= places if len(places) == 1 else set()
        every |= places_in(statement)
    assert len(known) > 500
    assert {f"{name} of {kind.__name__}" for kind, name in every - alone} == FOLLOWS


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**9))
def test_a_change_of_a_random_statement_changes_its_text(seed: int) -> None:
    random = Random(seed)
    statement = random_statement(random)
    data = encode(AnyStatement, statement)
    known: dict[str, AnyStatement] = {render_statement(statement): statement}
    for _ in range(30):
        try:
            other = decode(AnyStatement, one_of(data, random))
        except Malformed:
            continue
        text = render_statement(other)
        assert known.setdefault(text, other) == other
        assert read_statement(text) == other


def one_of(data: Any, random: Random) -> Any:
    """One change somewhere."""
    if isinstance(data, dict):
        key = random.choice([k for k in data if k != "claim"])
        return {**data, key: one_of(data[key], random)}
    if isinstance(data, list) and data and random.random() < 0.85:
        k = random.randrange(len(data))
        return [*data[:k], one_of(data[k], random), *data[k + 1 :]]
    return random.choice(
        list(mutants(data)) if not isinstance(data, list) else [data[1:], data[::-1], [*data, *data[:1]]]
    )


# --- pairs that once had one text ---


def pairs() -> Iterator[tuple[str, Node, Node]]:
    yield "a label without a use", Einsum((0,), ((0,),), (), (N,)), Einsum((0,), ((0,),), (), (N, M))
    yield "exponents", power(0, Fraction(1, 2)), Sum(((Fraction(1, 2), 0),))
    yield "a dim called j0", Window(0, 0, Size.dim("j0"), (), (), N), Window(0, 0, Size.of(0), (ONE_SIZE,), (N,), N)
    yield "what is put and what is taken", Window(0, 0, TWO, (), (), N), Window(0, 0, TWO, (), (), N, True)
    yield "einsums of one number and of none", Einsum((), (), (), ()), Einsum((0,), ((),), (), ())
    yield "two domains", Leaf("a", "param", (), "positive"), Leaf("a", "param", (), "nonzero")


ONE_SIZE = Size.of(1)


@pytest.mark.parametrize(("name", "one", "other"), list(pairs()), ids=lambda x: x if isinstance(x, str) else "")
def test_two_nodes_have_two_texts(name: str, one: Node, other: Node) -> None:
    assert render_node(one) != render_node(other)


def test_a_condition_without_dims_is_printed() -> None:
    base = make([Leaf("a", "param", ())], [0], 0)
    never = replace(base, program=replace(base.program, conditions=(Size.of(-1),)))
    assert "given 0 >= 1" in render_statement(never).split("\n")
    assert read_statement(render_statement(never)) == never != base


def test_lines_come_one_by_one() -> None:
    assert "\n".join(statement_lines(full())) == render_statement(full())
    assert all("\n" not in line for line in statement_lines(full()))
    assert ONE == 1 and Flow() != full().flow

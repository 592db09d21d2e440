"""Names: what can be one, and that no declared thing hides another. Each that is refused has a twin that is accepted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from claws.kernel import Malformed, Meter, Program, Size, check
from claws.kernel.core.functions import KNOWN
from claws.kernel.core.identifiers import is_leaf_name, is_name
from claws.kernel.core.program import ARRAY_FUNCTIONS, ROLES, WORDS, Apply, Call, Leaf, Node
from claws.kernel.format.certificate import read_certificate

NAMES = ("U", "W1", "_", "vel_U", "A.U", "A.B.U", "θ", "Δx", "é", "x̂", "параметр")
NO_NAMES = (
    *(
        "",
        " ",
        "1",
        "-1",
        "1/2",
        "U V",
        "U\n",
        "U,V",
        "n*r",
        "n^2",
        "n + 1",
        "U'",
        "%1",
        "U=",
        '"U"',
        "U(V)",
        "[n]",
        "-> U",
    ),
    *(".", "A.", ".U", "A..U", "A.1", "A U", "vel()", "vel(U", "U)", "vel(vel(U))"),
    *("\ufb01t", "\uff35", "\U0001d414", "x\u00b2", "e\u0301"),
    *("U\ufe00", "U\u034f", "\u115f", "\u1160", "U\U000e0100", "U\u200b", "U\u200d", "\ud800", "\u202eU"),
)
"""Other text, forms that NFKC changes, and letters that are not seen."""


@pytest.mark.parametrize("text", NAMES)
def test_a_name(text: str) -> None:
    assert is_name(text)
    assert is_leaf_name(text)
    assert is_leaf_name(f"vel({text})")
    assert not is_name(f"vel({text})")


@pytest.mark.parametrize("text", NO_NAMES)
def test_what_is_no_name(text: str) -> None:
    assert not is_name(text)
    assert not is_leaf_name(text)


def program(
    leaves: tuple[str, ...] = ("U",),
    dims: tuple[str, ...] = ("n",),
    activations: tuple[str, ...] = ("s",),
    functions: tuple[str, ...] = ("F",),
) -> Program:
    nodes = tuple(Leaf(name, "param", tuple(map(Size.dim, dims))) for name in leaves)
    return Program(nodes, tuple((s, None) for s in activations), functions)


PLACES = ("leaves", "dims", "activations", "functions")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("text", NO_NAMES)
def test_a_program_declares_by_names(place: str, text: str) -> None:
    assert program(**{place: ("A.x",)}).nodes
    with pytest.raises(Malformed, match="can't be a name"):
        program(**{place: (text,)})


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", [*KNOWN, *ARRAY_FUNCTIONS])
def test_nothing_hides_a_known_function(place: str, name: str) -> None:
    assert program(**{place: (f"{name}_",)}).nodes
    with pytest.raises(Malformed, match=f"has a name that means something else: {name}"):
        program(**{place: (name,)})


@pytest.mark.parametrize("word", sorted(WORDS - {*KNOWN, *ARRAY_FUNCTIONS}))
def test_no_declared_function_is_called_as_a_node(word: str) -> None:
    """Leaves and dims may be: they are never applied to anything."""
    assert program(leaves=(word,)).nodes
    assert program(dims=(word,)).nodes
    for place in ("activations", "functions"):
        with pytest.raises(Malformed, match=f"has a name that means something else: {word}"):
            program(**{place: (word,)})


def test_every_type_of_node_has_its_word() -> None:
    from typing import get_args

    kinds = {record.__name__.lower() for record in get_args(get_args(Node)[0])}
    assert kinds | set(ROLES) <= WORDS


@pytest.mark.parametrize("first", PLACES)
@pytest.mark.parametrize("second", PLACES)
def test_a_name_stands_for_one_thing(first: str, second: str) -> None:
    names: dict[str, tuple[str, ...]] = {first: ("a", "b")}
    names[second] = (*names.get(second, ()), "c")
    assert program(**names).nodes
    names[second] = (*names[second][:-1], "a")
    if (first, second) == ("dims", "dims"):
        assert program(**names).nodes  # a dim is declared wherever it is used
        return
    with pytest.raises(Malformed, match="a is the name of two things: "):
        program(**names)


# --- in a certificate ---


def certificate(functions: list[str], called: str, activations: list[Any], applied: str) -> str:
    """The law u^2 - 2*v of the map u*applied(v), which is true for exp, with called(v) beside it."""
    nodes = [
        *(["leaf", name, "param", [], "real"] for name in "uv"),
        ["apply", applied, 1, None],
        ["einsum", [0, 2], [[], []], [], []],
        ["apply", "^", 0, "2"],
        ["sum", [["1", 4], ["-2", 1]]],
        ["call", called, [1], [], 0],
    ]
    program = {"nodes": nodes, "activations": activations, "functions": functions, "conditions": []}
    parts = [{"target": name, "factor": None, "gradient": name} for name in "uv"]
    flow = {"fields": [{"degree": 1, "parts": parts}]}
    statement = {"claim": "law", "program": program, "outputs": [3], "law": 5, "flow": flow}
    evidence: Mapping[str, Any] = {"method": "tensors", "sizes": {}, "renamings": []}
    return json.dumps({"claws-certificate": 3, "about": {}, "statement": statement, "evidence": evidence})


def test_a_declared_function_does_not_hide_the_one_that_the_proof_is_about() -> None:
    """It was accepted, with a text that said `for any differentiable map exp`: of that the law is false."""
    good = read_certificate(certificate(["F"], "F", [], "exp"))
    assert check(good.statement, good.evidence, Meter(10_000)).verdict == "PROVED"
    for bad in (
        certificate(["exp"], "exp", [], "exp"),
        certificate(["s"], "s", [["s", None]], "s"),
        certificate(["det"], "det", [], "exp"),
        certificate(["F"], "F", [["exp", None]], "exp"),
    ):
        with pytest.raises(Malformed, match=r"means something else|is the name of two things"):
            read_certificate(bad)


def test_the_names_of_operations_are_read_as_strictly() -> None:
    for name in NO_NAMES:
        with pytest.raises(Malformed, match="can't be a name"):
            read_certificate(certificate(["F"], "F", [], name))
    assert Apply("^", 0).function == "^"
    assert Call("F", (0,), ()).function == "F"

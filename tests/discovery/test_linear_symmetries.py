"""Linear symmetries: how many there are, which of them give laws, and what they are called."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from claws.discovery.found import Notes
from claws.discovery.linear_symmetries import LinearSymmetry, _LinearSearch, linear_symmetries
from claws.discovery.symmetry_notation import NamedMatrices
from claws.kernel.core.errors import Malformed, Meter
from claws.syntax.instances.instance import Instance
from claws.syntax.parser import parse_expression
from claws.syntax.reader import load_text
from claws.syntax.spec import Spec

EXAMPLES = Path(__file__).parents[2] / "examples"


def read(text: str) -> Spec:
    spec = load_text(text)
    assert not spec.diagnostics, spec.diagnostics
    return spec


def example(name: str) -> Spec:
    return read((EXAMPLES / f"{name}.claw").read_text())


def counted(found: list[LinearSymmetry]) -> tuple[int, int]:
    """How many give laws, and how many do not."""
    return sum(x.is_gradient for x in found), sum(not x.is_gradient for x in found)


@pytest.mark.parametrize(
    ("name", "sizes", "laws", "others"),
    [
        ("two_layer_linear", {"n": 2, "m": 2, "r": 2}, 3, 1),
        ("two_layer_linear", {"n": 3, "m": 2, "r": 3}, 6, 3),
        ("two_layer_relu", {"n": 2, "m": 2, "r": 3}, 3, 0),
        ("attention", {"T": 2, "d": 2, "k": 2, "v": 1}, 4, 1),
        ("softmax_classifier", {"n": 2, "c": 3}, 3, 0),
        ("learning_rates", {"n": 2, "m": 2, "r": 2}, 3, 1),
        ("nmf_entropic", {"n": 2, "m": 2, "r": 2}, 2, 2),
        ("momentum", {"n": 2, "m": 2, "r": 2}, 1, 3),
        ("momentum_relu", {"d": 2, "n": 2, "m": 1}, 0, 2),
        ("diagonal_linear", {"n": 2}, 2, 0),
        ("gallery/linear/complex_phase_retrieval", {"k": 4, "n": 2}, 0, 1),
        ("gallery/linear/tied_weights", {"n": 3, "r": 2}, 0, 1),
        ("gallery/smooth/tanh", {"n": 2, "m": 2, "r": 2}, 0, 0),
        ("gallery/smooth/weight_normalisation", {"n": 1, "m": 2}, 1, 0),
    ],
)
def test_how_many_linear_symmetries_there_are(name: str, sizes: dict[str, int], laws: int, others: int) -> None:
    assert counted(linear_symmetries(example(name), sizes)) == (laws, others)


def test_a_symmetry_holds_for_all_constants() -> None:
    """At one value of M there are more, which depend on it and are none: they must not get in the way of the others."""
    notes = Notes()
    spec = read('dim n, r, k\nconst M: [k, n, n]\nparam U: [n, r]\nmap einsum("kij,ia,ja->k", M, U, U)')
    assert counted(linear_symmetries(spec, {"n": 2, "r": 3, "k": 2}, notes=notes)) == (0, 3)
    assert notes.lines == []


def test_what_they_are_called() -> None:
    assert linear_symmetries(example("two_layer_linear"), {"n": 2, "m": 2, "r": 2}) == [
        LinearSymmetry("U -> U exp(s*A), V -> V exp(-s*A), A = [[1, 0], [0, 0]]", True),
        LinearSymmetry("U -> U exp(s*A), V -> V exp(-s*A), A = [[0, 0], [0, 1]]", True),
        LinearSymmetry("U -> U exp(s*A), V -> V exp(-s*A), A = [[0, 1], [1, 0]]", True),
        LinearSymmetry("U -> U exp(s*A), V -> V exp(s*A), A = [[0, -1], [1, 0]]", False),
    ]
    assert linear_symmetries(read("param u, v\nmap u*v")) == [LinearSymmetry("u -> e^s u, v -> e^-s v", True)]
    assert linear_symmetries(read("param u: [2], v\nmap sum(u) + v")) == [
        LinearSymmetry("u -> u + s*[1, -1]", True),
        LinearSymmetry("u -> u + s*[1, 0], v -> v + s*-1", True),
    ]
    (rotation,) = linear_symmetries(read("const A: [3, 2]\nparam u: [2], v: [2]\nmap (A @ u)^2 + (A @ v)^2"))
    assert rotation == LinearSymmetry("du[0]/ds = v[0], du[1]/ds = v[1], dv[0]/ds = -u[0], dv[1]/ds = -u[1]", False)


def test_a_field_that_is_none_is_not_shown() -> None:
    """The exact check turns down what linear algebra modulo a prime might have let through, and takes its twin."""
    spec = read("param u, v\nmap u*v")
    search = _LinearSearch(Instance(spec, {}).statement_of(parse_expression("u")), 0, Meter(10**6), Notes())
    one = Fraction(1)
    assert search._holds({0: one, 4: -one})  # u' = u, v' = -v: the entries of 2 rows of 3
    assert not search._holds({0: one, 4: one})
    assert not search._by_polynomials({0: one, 4: one}) and search._by_polynomials({0: one, 4: -one})


def test_sizes_are_needed() -> None:
    with pytest.raises(Malformed, match="none is given for m, r"):
        linear_symmetries(example("two_layer_linear"), {"n": 2})
    with pytest.raises(Malformed, match="128 parameters are too many"):
        linear_symmetries(example("two_layer_linear"), {"n": 8, "m": 8, "r": 8})


def test_a_budget_cuts_the_list_short_and_a_note_says_so() -> None:
    spec, sizes = example("two_layer_linear"), {"n": 2, "m": 2, "r": 2}
    whole, cut = Notes(), Notes()
    every = linear_symmetries(spec, sizes, notes=whole)
    some = linear_symmetries(spec, sizes, meter=Meter(4000), notes=cut)
    assert some == every[: len(some)] and len(some) < len(every)
    assert whole.lines == []
    assert cut.lines == ["linear symmetries that hold modulo a prime were not shown, and are left out"]


def test_every_matrix_has_a_name_of_its_own() -> None:
    matrices = NamedMatrices({"A", "M2"}, "s")
    written = [matrices.times_s(((Fraction(k),),)) for k in range(1, 20)]
    assert len(set(written)) == 19 and "s*M1" in written and not {"s*A", "s*M2"} & set(written)
    assert matrices.times_s(((Fraction(-3),),)) == "-" + written[2]

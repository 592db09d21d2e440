"""What a file means, and what is said of one that means nothing: elaboration, shapes, statements."""

from __future__ import annotations

import pytest

from claws.kernel.core.sizes import Size
from claws.syntax.diagnostic import Diagnostic
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from claws.syntax.spec import Spec

HEAD = "dim n, m, r\nparam U: [n, r], V: [m, r], b: [r], c\ninput x: [m]\n"


def errors(text: str) -> list[Diagnostic]:
    return load_text(text).diagnostics


def only(text: str) -> Diagnostic:
    found = errors(text)
    assert len(found) == 1, found
    return found[0]


def good(text: str) -> Spec:
    spec = load_text(text)
    assert not spec.diagnostics
    return spec


def shape_of(expression: str, head: str = HEAD) -> str:
    """The shape of an expression over the parameters of HEAD, as text."""
    spec = good(f"{head}let value = {expression}\nmap c\n")
    return ", ".join(map(str, Instance(spec, {}).value("value").shape))


@pytest.mark.parametrize(
    ("expression", "shape"),
    [
        ("U @ V.T", "n, m"),
        ("U.T @ U", "r, r"),
        ("V.T @ x", "r"),
        ("x @ V", "r"),
        ("x @ x", ""),
        ("U + b", "n, r"),
        ("U * c", "n, r"),
        ("U[0]", "r"),
        ("U[:, 0]", "n"),
        ("U[0:1]", "1, r"),
        ("U[-1, -1]", ""),
        ("U[0:n - 1]", "n - 1, r"),
        ("[b, b]", "2, r"),
        ("[[c, c, c], [c, c, c]]", "2, 3"),
        ("[b[k]^2 for k in 0..r - 1]", "r"),
        ("[U[:, k] for k in 0..r - 1]", "r, n"),
        ("[U[i, j] for i in 0..n - 1 for j in 0..r - 1]", "n, r"),
        ("sum(U[:, k] for k in 0..r - 1)", "n"),
        ("sum(U, axis=1)", "n"),
        ("prod(b)", ""),
        ("concat(U, V)", "m + n, r"),
        ("concat(U, U, axis=1)", "n, 2*r"),
        ("reshape(U, [n*r])", "n*r"),
        ("kron(U, V)", "m*n, r^2"),
        ("outer(b, x)", "r, m"),
        ("diag(b)", "r, r"),
        ("I(3)", "3, 3"),
        ("ones(n, 2)", "n, 2"),
        ('einsum("ij,kj->ik", U, V)', "n, m"),
        ('einsum("ij,kj", U, V)', "n, m"),
        ('einsum("ij", U)', "n, r"),
        ('einsum("ji", U)', "r, n"),
        ("softmax(U)", "n, r"),
        ("conv1d(x, [c, c])", "m - 1"),
        ("conv1d(x, [c, c], padding=1)", "m + 1"),
        ("conv1d(V.T, ones(4, r, 2))", "4, m - 1"),
        ("conv2d(U, ones(1, 1))", "n, r"),
        ("[x[i + j] for i in 0..m - 2 for j in 0..1]", "m - 1, 2"),
    ],
)
def test_shapes_are_those_of_numpy(expression: str, shape: str) -> None:
    if expression == 'einsum("ji", U)':
        # without an arrow the subscripts of the result are in order, as in NumPy
        assert shape_of(expression) == "r, n"
        return
    assert shape_of(expression) == shape


@pytest.mark.parametrize(
    ("text", "code", "place", "words"),
    [
        ("map U @ V", "CLAW022", (4, 7), ["`U` is n x r", "`V` is m x r", "the inner sizes r and m differ"]),
        ("map U + V", "CLAW022", (4, 7), ["the sizes n and m differ"]),
        ("map U @ c", "CLAW022", (4, 7), ["a scalar"]),
        ("map trace(U)", "CLAW022", (4, 5), ["square", "n x r"]),
        ("map U[0, 0, 0]", "CLAW023", (4, 5), ["at most 2 indices, not 3"]),
        ("map [U, V]", "CLAW022", (4, 5), ["n x r", "m x r"]),
        ("map concat(U, x)", "CLAW022", (4, 5), ["cannot be joined"]),
        ("map reshape(U, [n])", "CLAW022", (4, 5), ["n*r entries"]),
        ("map W @ U", "CLAW021", (4, 5), ["unknown name `W`"]),
        ("map rellu(U)", "CLAW021", (4, 5), ["unknown function `rellu`"]),
        ("map U^U", "CLAW029", (4, 7), ["an exponent is a number"]),
        ("map U^n", "CLAW025", (4, 7), ["fixed size for `n`"]),
        ("map sum(k for k in 3..1)", "CLAW023", (4, 11), ["runs backwards"]),
        ("map relu", "CLAW024", (4, 5), ["is a function"]),
        ("map U(0)", "CLAW024", (4, 5), ["is not a function"]),
        ("map relu(U, V)", "CLAW024", (4, 5), ["takes 1 argument, not 2"]),
        ("map conv1d(x, b, strides=2)", "CLAW024", (4, 18), ["no keyword `strides`"]),
        ("map c/0", "CLAW035", (4, 6), ["division by zero"]),
        ('map einsum("ij,jk->ik", U, V)', "CLAW022", (4, 28), ['"j" has the sizes r and m']),
        ("map [U[k] for U in 0..1]", "CLAW020", (4, 15), ["already has a meaning"]),
        ("map c\nlaw l = x[0]", "CLAW028", (5, 9), ["cannot mention the input `x`"]),
        ("let z = V.T @ x\nmap c\nlaw l = z[0]", "CLAW028", (6, 9), ["`z`, which depends on `x`"]),
        ("map c\nprecondition U by V", "CLAW022", (5, 19), ["`U` is n x r, its preconditioner is m x r"]),
        ("map c\nprecondition W by 2", "CLAW021", (5, 14), ["`W` is not a parameter"]),
        ("map c\nprecondition c by x[0]", "CLAW028", (5, 19), ["a preconditioner cannot mention the input"]),
        ("map c\nlaw l = c for q = 1", "CLAW030", (5, 15), ["`q` is not a dim"]),
        ("map c\nlaw l = c for n = 0", "CLAW030", (5, 19), ["sizes are at least 1"]),
        ("map c\nlaw l = c for n in 1..2 where n > 2", "CLAW030", (5, 11), ["no sizes satisfy"]),
        ("map c\ncomplete l", "CLAW033", (5, 10), ["no law is named `l`"]),
        ("map c\nmap c", "CLAW027", (5, 1), ["a second `map`"]),
        ("map c\nparam U", "CLAW020", (5, 7), ["declared twice, first in line 2"]),
        ("map c\nparam sum", "CLAW020", (5, 7), ["built-in function"]),
        ("map c\nparam normal_cdf", "CLAW020", (5, 7), ["a function of the kernel"]),
        ("map c\ndim erf_slope", "CLAW020", (5, 5), ["a function of the kernel"]),
        ("map window(c)\nactivation window", "CLAW020", (5, 12), ["word for a kind of node"]),
        ("map time(c)\nfunction time", "CLAW020", (5, 10), ["word for a kind of node"]),
        ("map c\nlaw l = vel(c)", "CLAW032", (5, 9), ["only under `flow momentum"]),
        ("map c\nparam W: [n - n]", "CLAW026", (5, 11), ["sizes are at least 1"]),
        ("map c\nparam W: [c]", "CLAW021", (5, 11), ["unknown name `c`"]),
        ("map c\nlaw l = U[n/2, 0]", "CLAW026", (5, 11), ["an index must be a whole number"]),
        ("map c\nlaw l = U[0, r - 3] for r = 2", "CLAW023", (5, 14), ["the index -1 is outside an axis of size 2"]),
        ("let N = 10^2000\nlet M = N*N\nmap c*M*M", "CLAW029", (5, 10), ["too large to be written out"]),
        ("map c\nparam W: [(n + m + r + k)^16]", "CLAW021", (5, 24), ["unknown name `k`"]),
        ("map c\nparam W: [(n + m + r)^16]", "CLAW026", (5, 11), ["too many terms"]),
        ("map c*(n + m + r)^40*(n + m + r)^40", "CLAW029", (4, 7), ["too large to be written out"]),
        pytest.param(
            "map c\nlaw l = c for n in 1..10^4, m in 1..10^4 where n < 0",
            "CLAW030",
            (5, 29),
            ["more than 100000"],
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "map sum(c^i*c^j for i in 1..1000 for j in 1..1000)",
            "CLAW034",
            (4, 12),
            ["more than 50000 operations"],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_an_error_names_the_place_and_what_is_wrong(
    text: str, code: str, place: tuple[int, int], words: list[str]
) -> None:
    law = "" if "law" in text else "\nlaw trivial = 1"
    found = only(HEAD + text + law)
    assert found.code == code
    assert (found.span.line, found.span.column) == place
    for word in words:
        assert word in found.message


def test_an_index_that_small_sizes_do_not_have_is_a_condition() -> None:
    spec = good("dim r\nparam x: [r]\nmap sqnorm(x)\nlaw l = x[2]\nlaw k = x[0]\n")
    instance = Instance(spec, {})
    assert instance.statement("l").program.conditions == (Size.dim("r") - 3,)
    # the condition of one law is not one of another
    assert Instance(spec, {}).statement("k").program.conditions == ()


def test_at_fixed_sizes_the_same_index_is_an_error() -> None:
    found = only("dim r = 2\nparam x: [r]\nmap sqnorm(x)\nlaw l = x[2]\n")
    assert (found.code, found.span.line, found.span.column) == ("CLAW023", 4, 11)


def test_a_long_chain_of_lets_is_no_deep_recursion() -> None:
    lines = ["param w", "let a0 = w", *(f"let a{k} = a{k - 1} + w" for k in range(1, 3000)), "map a2999"]
    assert not errors("\n".join(lines))


def test_a_let_knows_nothing_of_the_comprehension_that_uses_it_first() -> None:
    spec = good("dim n\nparam U: [n]\nlet A = [U[k]^2 for k in 0..n-1]\nmap sum(A[k] for k in 0..n-1)\nlaw l = U\n")
    apart = good("dim n\nparam U: [n]\nlet A = [U[j]^2 for j in 0..n-1]\nmap sum(A[k] for k in 0..n-1)\nlaw l = U\n")
    assert Instance(spec, {}).statement("l") == Instance(apart, {}).statement("l")
    assert only("dim n\nparam U: [n]\nlet a = U[k]\nmap sum(a for k in 0..n-1)").message == "unknown name `k`"


def test_long_sums_and_products_are_no_deep_recursion() -> None:
    assert not errors("param x\nmap " + "+".join(["x", "2*x^2"] * 2000) + "\nlaw l = " + "*".join(["x"] * 2000))


def test_lets_may_come_in_any_order_but_not_in_a_circle() -> None:
    assert not errors("param w\nlet a = b\nlet b = w\nmap a")
    assert "defined by itself" in errors("param w\nlet a = b\nlet b = a\nmap a")[0].message

"""Imported blocks: what they mean in a network, and what is said of a wrong import."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from claws.readings.floating import values
from claws.syntax.diagnostic import Diagnostic
from claws.syntax.instances.instance import Instance
from claws.syntax.reader import load_text
from claws.syntax.spec import Spec

MLP = """dim m, r
param W: [r, m], b: [r], U: [m, r]
input z: [m]
let h = tanh(W @ z + b)
map U @ h
law balance = diag(U.T @ U) - diag(W @ W.T)
"""


def load(folder: Path, text: str, **files: str) -> Spec:
    """The network of this text, beside these files."""
    for name, inner in files.items():
        (folder / f"{name}.claw").write_text(inner, encoding="utf-8")
    return load_text(text, str(folder / "net.claw"))


def good(folder: Path, text: str, **files: str) -> Spec:
    spec = load(folder, text, **files)
    assert spec.diagnostics == []
    return spec


def output(spec: Spec, sizes: dict[str, int], seed: int = 0) -> np.ndarray:
    """The value of the one output at parameters and data drawn by name."""
    model = Instance(spec, sizes).model()
    leaves = {}
    for n, leaf in model.program.leaves("param", "input", "const"):
        shape = [k.integer() or 0 for k in model.program.shapes[n]]
        leaves[leaf.name.rpartition(".")[2]] = leaves[leaf.name] = np.random.default_rng(
            [seed, *map(ord, leaf.name.rpartition(".")[2])]
        ).normal(size=shape)
    (node,) = model.outputs
    return np.asarray(values(model.program, [node], leaves)[node])


@pytest.mark.parametrize(
    ("by_blocks", "by_hand"),
    [
        ("map x + A(x)", "map x + U @ tanh(W @ x + b)"),
        ("map A(z = 2*x)", "map U @ tanh(2*W @ x + b)"),
        ("let y = A(A(x))\nmap y*x", "let y = U @ tanh(W @ (U @ tanh(W @ x + b)) + b)\nmap y*x"),
        ("map [A(k*x) for k in 0..2]", "map [U @ tanh(k*(W @ x) + b) for k in 0..2]"),
        ("map sum(A(c*x[k]*x) for k in 0..m-1)", "map sum(U @ tanh(c*x[k]*(W @ x) + b) for k in 0..m-1)"),
        ("map A.W @ x + A.b", "map W @ x + b"),
        ("map sqnorm(A.balance)*x", "map sqnorm(diag(U.T @ U) - diag(W @ W.T))*x"),
    ],
)
def test_a_call_is_the_blocks_output(tmp_path: Path, by_blocks: str, by_hand: str) -> None:
    head = "dim m, r\nconst c\ninput x: [m]\n"
    params = "param W: [r, m], b: [r], U: [m, r]\n"
    net = good(tmp_path, f'{head}import "mlp.claw" as A\n{by_blocks}', mlp=MLP)
    hand = load_text(head + params + by_hand)
    assert hand.diagnostics == []
    for sizes in ({"m": 2, "r": 3}, {"m": 1, "r": 1}, {"m": 3, "r": 1}):
        np.testing.assert_allclose(output(net, sizes), output(hand, sizes), rtol=1e-12)


EVERY = """dim n, k
param A: [n, n], w: [n], c
const C: [n]
activation s
function F: [n]
input v: [n]
let G = s(A @ v + c)*C + F(v)
map [prod(G[0:n] + v), det(A + outer(v, w)), G[0], sum(reshape(outer(G, v), [n*n])), (v @ v + 1)^-2, concat(v, G)[n], 3]
"""


def test_every_operation_inside_a_comprehension(tmp_path: Path) -> None:
    """A copy of each kind of node with the axis of a comprehension variable in front."""
    head = "dim n, k\n"
    loop = good(
        tmp_path, head + 'import "every.claw" as B\nparam X: [k, n]\nmap [B(X[i]) for i in 0..k-1]', every=EVERY
    )
    one = good(tmp_path, head + 'import "every.claw" as B\nparam X: [k, n]\nmap [B(X[0]), B(X[1])]')
    for n in (2, 3):
        model = Instance(loop, {"n": n, "k": 2}).model()
        other = Instance(one, {"n": n, "k": 2}).model()
        assert model.program.shapes[model.outputs[0]] == other.program.shapes[other.outputs[0]]
        np.testing.assert_allclose(output(loop, {"n": n, "k": 2}), output(one, {"n": n, "k": 2}), rtol=1e-10)


def test_two_imports_have_parameters_of_their_own(tmp_path: Path) -> None:
    spec = good(
        tmp_path,
        'dim m, r\nimport "mlp.claw" as A\nimport "mlp.claw" as B(r = 2*r + 1)\ninput x: [m]\nmap A(x) + B(x)',
        mlp=MLP,
    )
    assert spec.parameters() == ["A.W", "A.b", "A.U", "B.W", "B.b", "B.U"]
    shapes = {x: str(Instance(spec, {}).value(x).shape[0]) for x in ("A.W", "B.W")}
    assert shapes == {"A.W": "r", "B.W": "2*r + 1"}


def test_names_do_not_meet(tmp_path: Path) -> None:
    """The network may use the block's names, and those of its comprehension variables, for other things."""
    inner = "dim m\nparam W: [m]\ninput x: [m]\nlet k = x\nmap sum(W[j]*k[j] for j in 0..m-1)\nlaw l = [W[i] for i in 0..m-1]"
    spec = good(
        tmp_path,
        'dim m, j\nparam W, k, i: [j]\ninput x: [m]\nimport "inner.claw" as A\nmap A(x)*W*k, i\nlaw l = A.l',
        inner=inner,
    )
    assert spec.parameters() == ["W", "k", "i", "A.W"]


def test_blocks_inside_blocks(tmp_path: Path) -> None:
    spec = good(
        tmp_path,
        'dim m\nimport "two.claw" as T(r = m + 1)\ninput x: [m]\nmap T(x)\nlaw l = T.B.balance\nlaw k = T.here',
        mlp=MLP,
        two='dim m, r\nimport "mlp.claw" as A\nimport "mlp.claw" as B(r = 2*r)\ninput x: [m]\nmap B(A(x))\nlaw here = A.balance',
    )
    assert "T.B.W" in spec.parameters()
    assert str(Instance(spec, {}).value("T.B.W").shape[0]) == "2*m + 2"


def test_a_block_that_needs_its_sizes(tmp_path: Path) -> None:
    power = "dim n\nparam w\ninput x\nmap w*x^n\nlaw l = 2*w for n = 3"
    spec = good(
        tmp_path, 'dim k\nimport "power.claw" as P(n = k + 1)\ninput x\nmap P(x)\nlaw l = P.l for k = 2', power=power
    )
    program = Instance(spec, {"k": 2}).statement("l").program
    assert not program.free_dims()
    spec = load(tmp_path, 'dim k\nimport "power.claw" as P(n = k + 1)\ninput x\nmap P(x)\nlaw l = P.l')
    assert [d.code for d in spec.diagnostics] == ["CLAW025"]
    assert "`P`" in spec.diagnostics[0].message and "line 4" in spec.diagnostics[0].message


def test_a_law_that_needs_larger_sizes_restricts_no_call(tmp_path: Path) -> None:
    inner = "dim n\nparam w: [n]\ninput x: [n]\nmap w @ x\nlaw second = w[1]"
    net = 'dim n\nimport "inner.claw" as A\ninput x: [n]\nmap A(x)\nlaw first = A.w[0]\nlaw second = A.second'
    spec = good(tmp_path, net, inner=inner)
    assert Instance(spec, {}).statement("first").program.conditions == ()
    assert [str(c) for c in Instance(spec, {}).statement("second").program.conditions] == ["n - 2"]


def test_fixed_dims_of_a_block_may_be_set(tmp_path: Path) -> None:
    inner = "dim n = 2\nparam w: [n]\nmap w"
    net = 'dim k\nimport "inner.claw" as A\nimport "inner.claw" as B(n = k)\nmap A() + sum(B())'
    here = Instance(good(tmp_path, net, inner=inner), {})
    assert [str(here.value(f"{x}.w").shape[0]) for x in "AB"] == ["2", "k"]


def test_preconditioners_come_with_a_block(tmp_path: Path) -> None:
    inner = "param u in positive, v\ninput x\nmap u*v*x\nprecondition u by u, v by 2*u"
    net = 'import "inner.claw" as A\ninput x\nmap A(x)\n'
    flow = Instance(good(tmp_path, net, inner=inner), {}).model().flow
    assert [x.gradient for x in flow.parts(1) if x.factor is not None] == ["A.u", "A.v"]
    spec = good(tmp_path, net + "precondition A.v by 3")
    model = Instance(spec, {}).model()
    factors = {x.gradient: x.factor for x in model.flow.parts(1)}
    assert factors.keys() == {"A.u", "A.v"}
    assert factors["A.v"] is not None
    assert str(model.program.nodes[factors["A.v"]]).startswith("Number")


def at(d: Diagnostic) -> tuple[str, int, int]:
    return d.code, d.span.line, d.span.column


HEAD = 'dim m, r\nimport "mlp.claw" as A\ninput x: [m], y: [r]\n'


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        (HEAD + "map A(y)", ("CLAW022", 4, 7), "`A` takes a vector of m for `z`, this is a vector of r", "where it is imported"),
        (HEAD + "map A(x, x)", ("CLAW024", 4, 5), "`A` takes 1 argument, not 2", "usage: A(z)"),
        (HEAD + "map A()", ("CLAW024", 4, 5), "`A` needs a value for `z`", "usage: A(z)"),
        (HEAD + "map A(x, z = x)", ("CLAW024", 4, 10), "the input `z` is given twice", ""),
        (HEAD + "map A(zz = x)", ("CLAW024", 4, 7), "`A` has no input `zz`", "`z`"),
        (HEAD + "map A @ x", ("CLAW024", 4, 5), "`A` is a block", "call it, `A(...)`"),
        (HEAD + "map A.V @ x", ("CLAW021", 4, 5), "unknown name `A.V`", ""),
        (HEAD + "map A.h", ("CLAW028", 2, 1), "it depends on the block's input `z`", ""),
        (HEAD + "map A(x)\nparam A", ("CLAW020", 5, 7), "`A` is declared twice", ""),
        (HEAD + "map A(x)\nparam A.c", ("CLAW020", 5, 7), "`A.c` is a name of a block", "no point"),
        (HEAD + "map A(x)\ncomplete A.balanc for m = 1, r = 1", ("CLAW033", 5, 10), "no law is named `A.balanc`", "`A.balance`"),
        (HEAD + "map A(x)\ncount = 1 in A.V for m = 1, r = 1", ("CLAW021", 5, 14), "`A.V` is not a parameter", ""),
        (HEAD + "map A(x)\ncomplete A.balance in A.W for m = 1, r = 1", ("CLAW033", 5, 1), "mentions `A.U`", "after `in`"),
        ('import "no.claw" as A\nparam w\nmap w', ("CLAW036", 1, 8), "there is no file `no.claw`", "relative to the folder"),
        ('import "." as A\nparam w\nmap w', ("CLAW036", 1, 8), "there is no file `.`", "relative to the folder"),
        ('import "\0" as A\nparam w\nmap w', ("CLAW036", 1, 8), "there is no file `<U+0000>`", "relative to the folder"),
        ('import "net.claw" as A\nparam w\nmap w', ("CLAW036", 1, 8), "a part of itself", ""),
        ('import "loop.claw" as A\nparam w\nmap w', ("CLAW036", 1, 8), "in line 1", ""),
        ('import "bad.claw" as A\nparam w\nmap w', ("CLAW036", 1, 8), "`bad.claw` is wrong, in line 2: unknown name `v`", ""),
        ('import "mlp.claw" as A(m = 2)\nparam w\nmap w', ("CLAW036", 1, 1), "`A` needs a size for `r`", "dim r"),
        ('dim r\nimport "mlp.claw" as A(n = 2)\nparam w\nmap w', ("CLAW036", 2, 24), "has no dim `n`", "its dims are m, r"),
        ('import "mlp.claw" as A(m = 2, m = 3, r = 1)\nparam w\nmap w', ("CLAW020", 1, 31), "`m` is given twice", ""),
        ('import "mlp.claw" as A(m = 0, r = 1)\nparam w\nmap w', ("CLAW026", 1, 28), "is 0, but sizes are at least 1", ""),
        ('import "two.claw" as A\nmap A(1)', ("CLAW036", 2, 5), "`A` has 2 outputs", "concat"),
    ],
)  # fmt: skip
def test_wrong_imports(tmp_path: Path, text: str, place: tuple[str, int, int], message: str, hint: str) -> None:
    (tmp_path / "net.claw").write_text(text, encoding="utf-8")
    two, loop = "param w\ninput x\nmap w*x, w", 'import "net.claw" as N\nmap N()'
    spec = load(tmp_path, text, mlp=MLP, bad="param w\nmap v", two=two, loop=loop)
    assert at(spec.diagnostics[0]) == place
    assert message in spec.diagnostics[0].message
    assert hint in spec.diagnostics[0].hint


def test_a_wrong_import_is_one_error(tmp_path: Path) -> None:
    spec = load(tmp_path, 'import "no.claw" as A\ninput x\nmap A(x)*A.w\nlaw l = A.w')
    assert [d.code for d in spec.diagnostics] == ["CLAW036"]


def test_laws_that_mention_a_velocity_need_momentum(tmp_path: Path) -> None:
    inner = "param u, v\nmap u^2 + v^2\nflow momentum(1)\nlaw l = exp(t)*(u*vel(v) - v*vel(u))"
    net = 'import "inner.claw" as A\nparam w\nmap A()*w\n'
    good(tmp_path, net + "flow momentum(1)\nlaw l = A.l", inner=inner)
    spec = load(tmp_path, net + "law l = A.l")
    assert spec.diagnostics[0].code == "CLAW036"
    assert "this file's flow has none" in spec.diagnostics[0].message


def test_names_beyond_ascii(tmp_path: Path) -> None:
    good(tmp_path, 'dim m, r\nimport "mlp.claw" as Ä\ninput x: [m]\nmap Ä(x) + Ä.U @ Ä.b', mlp=MLP)


def test_imports_that_multiply_are_bounded(tmp_path: Path) -> None:
    """Files that import files many times: refused where that grows too large, not followed."""
    one = "param w\ninput x\nmap w*x\nlaw l = w"
    many = "".join(f'import "one.claw" as B{j}\n' for j in range(60)) + "input x\nmap B0(x)"
    good(tmp_path, many, one=one)
    more = "".join(f'import "many.claw" as B{j}\n' for j in range(60)) + "input x\nmap B0(x)"
    spec = load(tmp_path, more, many=many)
    assert spec.diagnostics[0].code == "CLAW034"
    assert "the blocks of this file have more than 4000 names" in spec.diagnostics[0].message

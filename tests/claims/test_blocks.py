"""Networks made of blocks have the verdicts of the networks written out; claims about some of the parameters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from claws.report.descent import EXACT, FIRST_ORDER, QUADRATIC, descend
from claws.report.results import ClaimResult
from claws.runner.check import check_file, check_text
from claws.runner.options import Options
from claws.runner.verification import verify_certificate
from claws.syntax.reader import load_text

ATTENTION = """dim n, d, h
param Q: [h, d], K: [h, d], V: [h, d], O: [h, d]
input x: [n, d]
map softmax((x @ Q.T) @ (x @ K.T).T) @ x @ V.T @ O
law qk = Q @ Q.T - K @ K.T
law vo = V @ V.T - O @ O.T
"""
MLP = """dim n, d, h
param W: [h, d], b: [h], U: [d, h]
input x: [n, d]
map relu(x @ W.T + b) @ U.T
law units = diag(W @ W.T) + b^2 - diag(U.T @ U)
"""
SKEW = """param u, v
input x
map (u^2 + v^2)*x
flow momentum(2)
law angular = exp(2*t)*(u*vel(v) - v*vel(u))
"""
MIRROR = """dim r
param u: [r] in positive, v: [r] in positive
input x: [r]
map sum(u*v*x)
precondition u by u, v by v
law mirror = u - v
"""
BLOCKS = {"attention": ATTENTION, "mlp": MLP, "skew": SKEW, "mirror": MIRROR}


def claims(folder: Path, text: str, options: Options | None = None) -> dict[str, ClaimResult]:
    for name, inner in BLOCKS.items():
        (folder / f"{name}.claw").write_text(inner, encoding="utf-8")
    (folder / "net.claw").write_text(text, encoding="utf-8")
    result = check_file(str(folder / "net.claw"), options or Options(timeout=None))
    assert not result.errors, result.errors
    return {c.name: c for c in result.claims}


HEAD = 'dim n, d, h\nimport "attention.claw" as A\nimport "mlp.claw" as M\ninput x: [n, d]\n'


@pytest.mark.parametrize(
    "outputs",
    [
        "map M(x + A(x))",
        "let y = x + A(x)\nmap y + M(y)",
        "map A(A(x))",  # shared weights
        "map A(M(A(x) + x))*sqnorm(M.b)",
        "param g: [d]\nmap A(g*layernorm(x)) @ A(x).T, M(x)",
    ],
)
def test_laws_of_a_block_are_proved_by_the_block(tmp_path: Path, outputs: str) -> None:
    found = claims(
        tmp_path, f"{HEAD}{outputs}\nlaw qk = A.qk\nlaw vo = A.vo\nlaw written = A.Q @ A.Q.T - A.K @ A.K.T\n"
    )
    assert {c.verdict.value for c in found.values()} == {"PROVED"}
    assert all(c.for_all_sizes and c.method == "block" for c in found.values())


@pytest.mark.parametrize(
    ("outputs", "law"),
    [
        ("map A(x) @ A.Q.T", "A.qk"),  # a parameter that is used elsewhere, too
        ("map A(x + A.V[0])", "A.vo"),
        ("map M(M(x))*M.b[0]", "M.units"),
        ("map A(x)\nprecondition A.Q by 2", "A.qk"),
        ("map M(x)\nflow gradient, decay(1, M.b)", "M.units"),
        ("map A(x)\nflow momentum(1)", "A.qk"),
        ("map M(x)\nflow gradient, rate(2, M.U)", "M.units"),
    ],
)
def test_a_law_that_the_network_breaks_is_refuted(tmp_path: Path, outputs: str, law: str) -> None:
    (claim,) = claims(tmp_path, f"{HEAD}{outputs}\nlaw l = {law} expect refuted\n").values()
    assert claim.verdict.value == "REFUTED", claim.reason
    twin = outputs.partition("\n")[0].split(" @ A.Q.T")[0].split("*M.b")[0].replace(" + A.V[0]", "")
    (claim,) = claims(tmp_path, f"{HEAD}{twin}\nlaw l = {law}\n").values()
    assert (claim.verdict.value, claim.method) == ("PROVED", "block")


def test_flows_of_blocks(tmp_path: Path) -> None:
    net = 'import "skew.claw" as S\nparam w\ninput y\nmap w*S(y)\nflow {}\nlaw l = S.angular\n'
    assert claims(tmp_path, net.format("momentum(2)"))["l"].method == "block"
    assert claims(tmp_path, net.format("momentum(3)"))["l"].verdict.value == "REFUTED"
    net = 'dim r\nimport "mirror.claw" as M\nparam w\ninput y: [r]\nmap w*M(y)\nlaw l = M.mirror\n'
    assert claims(tmp_path, net)["l"].method == "block"
    assert claims(tmp_path, net + "precondition M.u by 1\n")["l"].verdict.value == "REFUTED"


def test_calls_inside_comprehensions_are_proved_without_the_block(tmp_path: Path) -> None:
    (claim,) = claims(tmp_path, HEAD + "map [M(k*x) for k in 0..n-1]\nlaw l = M.units\n").values()
    assert (claim.verdict.value, claim.method) == ("PROVED", "tensors")


def test_blocks_at_fixed_sizes(tmp_path: Path) -> None:
    net = 'import "attention.claw" as A(n = 3, d = 2, h = 1)\ninput x: [3, 2]\nmap A(x)\nlaw qk = A.qk\n'
    net += "complete A.qk, A.vo\ncount = 2\n"
    found = claims(tmp_path, net)
    assert {c.verdict.value for c in found.values()} == {"PROVED"}
    assert found["qk"].method == "block"


def test_certificates_of_blocks(tmp_path: Path) -> None:
    found = claims(tmp_path, HEAD + "map M(x + A(x))\nlaw qk = A.qk\n", Options(certificates=str(tmp_path)))
    path = str(found["qk"].detail.certificate)
    spec = load_text((tmp_path / "net.claw").read_text(encoding="utf-8"), str(tmp_path / "net.claw"))
    good = verify_certificate(spec, path, Options())
    assert good.accepted, good
    data = json.loads(Path(path).read_text(encoding="utf-8"))
    assert data["evidence"]["method"] == "block"
    data["evidence"]["names"]["K"] = "A.V"
    Path(path).write_text(json.dumps(data), encoding="utf-8")
    bad = verify_certificate(spec, path, Options())
    assert not bad.accepted and "takes two parameters of the block for one" in bad.message


def test_what_a_step_of_descent_does(tmp_path: Path) -> None:
    net = HEAD + "map M(x + A(x))\nlaw a = A.qk\nlaw m = 2*M.units\nlaw q = A.Q[0, 0]\nlaw c = M(zeros(n, d))\n"
    claims(tmp_path, net)
    spec = load_text(net, str(tmp_path / "net.claw"))
    assert "eta^2*(grad(A.Q) @ grad(A.Q).T - grad(A.K) @ grad(A.K).T)" in descend(spec, "a").text
    assert [descend(spec, name).kind for name in "mqc"] == [QUADRATIC, EXACT, FIRST_ORDER]


# --- claims about some of the parameters ---

LINEAR = "dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T\nlaw balance = U.T @ U - V.T @ V\n"
NORMED = "param w: [3], v, b\ninput x: [3]\nmap v*(w @ x)/sqrt(w @ w) + b\nlaw norm = sqnorm(w)\nlaw other = v\n"


@pytest.mark.parametrize(
    ("text", "claim", "verdict"),
    [
        (LINEAR, "count = 0 in U for n = 2, m = 2, r = 2", "PROVED"),
        (LINEAR, "count = 3 in U, V for n = 2, m = 2, r = 2", "PROVED"),
        (LINEAR, "complete balance in V, U for n = 2, m = 2, r = 1", "PROVED"),
        (LINEAR, "count = 1 in U for n = 2, m = 2, r = 1", "REFUTED"),
        (NORMED, "complete norm in w", "PROVED"),
        (NORMED, "count = 0 in v, b", "PROVED"),
        (NORMED, "count = 1 in w, v", "PROVED"),
        (NORMED, "complete other in v", "REFUTED"),
        ("param u, v\nmap u*v\nprecondition u by v\n", "count = 0 in v", "PROVED"),
        ("param u, v\nmap u^2 + v^2\nflow momentum(1)\n", "count = 1", "PROVED"),
        ("param u, v\nmap u^2 + v^2\nflow momentum(1)\n", "count = 0 in v", "PROVED"),
        ("param u, v\nmap v\nflow gradient, decay(1)\n", "count = 1 in u", "PROVED"),  # exp(t)*u
        ("dim n, d, k\nparam Q: [d, k], K: [d, k], V: [d, k]\ninput X: [n, d]\nmap softmax(X @ Q @ (X @ K).T) @ X @ V\n"
         "law s = Q.T @ Q - K.T @ K\n", "complete s in Q, K for n = 2, d = 2, k = 1", "PROVED"),
    ],
)  # fmt: skip
def test_claims_about_some_parameters(text: str, claim: str, verdict: str) -> None:
    result = check_text(text + claim, "x.claw", Options(timeout=None))
    assert not result.errors, result.errors
    assert result.claims[-1].verdict.value == verdict, result.claims[-1].reason


def test_a_flow_that_couples_them_is_refused() -> None:
    """The preconditioner of u is v, so what u does depends on the path of v; as data it may not be mentioned by the flow."""
    result = check_text("param u, v\nmap u*v\nprecondition u by v\ncount = 0 in u\n", "x.claw", Options())
    assert [d.code for d in result.errors] == ["CLAW022"]
    assert "the flow mentions the input v" in result.errors[0].message


def test_the_name_says_which() -> None:
    (claim,) = check_text("param u, v\nmap u*v\ncount = 0 in u\n", "x.claw", Options()).claims
    assert claim.name == "count in u"
    assert claim.detail.to_json()["parameters"] == 1

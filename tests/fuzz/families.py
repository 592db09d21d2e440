"""Quantities of parameters of which laws are known, whatever function of them a model is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tests.properties import programs as simple

Shape = tuple[str, ...]
"""Sizes as they are written: names of dims, or numbers."""

DIMS = ("n", "m", "r")


@dataclass(frozen=True)
class Family:
    """Declarations, quantities of the parameters with their shapes, laws of every function of these, and what resembles laws."""

    declarations: str
    leaves: Mapping[str, Shape]
    phi: Sequence[tuple[str, Shape]]
    laws: Sequence[tuple[str, Shape]]
    near: Sequence[str] = ()
    flows: Sequence[tuple[str, Sequence[str]]] = ()
    """Flows, each with laws of every function of the quantities under it."""


def _simple(family: simple.Family) -> Family:
    return Family(
        family.params, family.leaves, tuple(family.phi.values()), tuple(family.laws.items()), tuple(family.near)
    )


N, M, R = "n", "m", "r"
FIXED = {
    "conv1d": Family(
        "param a: [2], b: [2]\ninput z: [4]",
        {"a": ("2",), "b": ("2",)},
        [("conv1d(conv1d(z, a), b)", ("2",)), ("conv1d(a, b, padding=1)", ("3",))],
        [("sqnorm(a) - sqnorm(b)", ())],
        ("a - b", "a^2 - b^2", "sqnorm(a) + sqnorm(b)"),
    ),
    "conv channels": Family(
        "param A: [2, 1, 2], B: [1, 2, 2], c: [2]\ninput z: [1, 4]",
        {"A": ("2", "1", "2"), "B": ("1", "2", "2"), "c": ("2",)},
        [
            ("conv1d(relu(conv1d(z, A, bias=c)), B)[0]", ("2",)),
            ("conv1d(relu(conv1d(z, A, c, stride=2)), B)[0, 0]", ()),
            ("sum(conv1d(relu(conv1d(z, A, c, dilation=2)), B))", ()),
        ],
        [
            ("[sqnorm(A[k]) + c[k]^2 - sqnorm(B[:, k]) for k in 0..1]", ("2",)),
            ("sqnorm(A) + sqnorm(c) - sqnorm(B)", ()),
        ],
        ("sqnorm(A) - sqnorm(B)", "[sqnorm(A[k]) - sqnorm(B[:, k]) for k in 0..1]", "c"),
    ),
    "conv groups": Family(
        "param A: [2, 1, 2], d: [2]\ninput z: [2, 3]",
        {"A": ("2", "1", "2"), "d": ("2",)},
        [("d @ conv1d(z, A, groups=2)", ("2",)), ("d @ conv1d(z, A, groups=2, padding=1, stride=2)", ("2",))],
        [("[sqnorm(A[k]) - d[k]^2 for k in 0..1]", ("2",))],
        ("sqnorm(A) + sqnorm(d)", "A[:, 0, 0] - d"),
    ),
    "conv2d": Family(
        "param w: [2, 2], u\ninput z: [3, 3]",
        {"w": ("2", "2"), "u": ()},
        [("u*conv2d(z, w)", ("2", "2")), ("u*conv2d(z, w, stride=[2, 1], padding=[1, 0])", ("2", "2"))],
        [("u^2 - sqnorm(w)", ())],
        ("u^2 + sqnorm(w)", "u - sum(w)", "u^2 - w[0, 0]^2"),
    ),
    "conv2d channels": Family(
        "param W: [2, 1, 2, 2], u: [2]\ninput z: [1, 3, 2]",
        {"W": ("2", "1", "2", "2"), "u": ("2",)},
        [('einsum("c,cij->ij", u, conv2d(z, W))', ("2", "1")), ("sum(u*conv2d(z, W, dilation=1)[:, 0, 0])", ())],
        [("[u[k]^2 - sqnorm(W[k]) for k in 0..1]", ("2",))],
        ("u", "sqnorm(u) + sqnorm(W)"),
    ),
    "determinant": Family(
        "param A: [2, 2]",
        {"A": ("2", "2")},
        [("det(A)", ()), ("det(A @ A.T)", ())],
        [("(A.T @ A)[0, 1]", ()), ("(A.T @ A)[0, 0] - (A.T @ A)[1, 1]", ()), ("(A @ A.T)[1, 0]", ())],
        ("A.T @ A", "trace(A)", "det(A)", "A - A.T"),
    ),
    "cube": Family(
        "param A: [3, 3] ",
        {"A": ("3", "3")},
        [("det(A)", ())],
        [("(A.T @ A)[0, 1]", ()), ("(A.T @ A)[0, 0] - (A.T @ A)[2, 2]", ())],
        ("A @ A.T", "trace(A)"),
    ),
    "triangles": Family(
        "param A: [2, 2], b: [2]",
        {"A": ("2", "2"), "b": ("2",)},
        [("tril(A) @ b", ("2",)), ("(A*tri(2)) @ b", ("2",))],
        [("triu(A, k=1)", ("2", "2")), ("A[0, 1]", ()), ("tril(A)*tri(2, k=-5)", ("2", "2"))],
        ("triu(A)", "tril(A, k=-1)", "A*tri(2, 2)", "sqnorm(tril(A)) - sqnorm(b)"),
    ),
    "joined": Family(
        "param a: [2], b: [3], W: [2, 5]",
        {"a": ("2",), "b": ("3",), "W": ("2", "5")},
        [("W @ concat(a, b)", ("2",)), ("concat(W[:, 0:2], W[:, 2:], axis=1) @ concat([a, b])", ("2",))],
        [("sqnorm(W) - sqnorm(a) - sqnorm(b)", ()), ("W.T @ W - outer(concat(a, b), concat(a, b))", ("5", "5"))],
        ("sqnorm(W) - sqnorm(a)", "concat(a, b)", "W[0]"),
    ),
    "kronecker": Family(
        "param a: [2], b: [2]",
        {"a": ("2",), "b": ("2",)},
        [("kron(a, b)", ("4",)), ("kron(outer(a, b), I(1))", ("2", "2")), ("reshape(kron(b, a), [2, 2])", ("2", "2"))],
        [("sqnorm(a) - sqnorm(b)", ())],
        ("a - b", "kron(a, a) - kron(b, b)", "sqnorm(a) + sqnorm(b)"),
    ),
    "products": Family(
        "param u: [3], v: [2, 2]",
        {"u": ("3",), "v": ("2", "2")},
        [("prod(u)", ()), ("prod(v, axis=0)", ("2",)), ("prod(u[k] for k in 0..2)", ()), ("prod(v)", ())],
        [("u^2 - u[0]^2", ("3",)), ("v[0]^2 - v[1]^2", ("2",)), ("u[-1]^2 - u[1]^2", ())],
        ("u^2", "u - u[0]", "v[:, 0]^2 - v[:, 1]^2", "prod(u)"),
    ),
    "stops": Family(
        "param U: [2, 2], v: [2], w: [2]",
        {"U": ("2", "2"), "v": ("2",), "w": ("2",)},
        [("U @ stop(v)", ("2",)), ("w*stop(w)", ("2",))],
        [("v", ("2",)), ("sqnorm(v)*v[0]", ())],
        ("U.T @ U - outer(v, v)", "w", "sqnorm(U) - sqnorm(v)"),
    ),
    "masked attention": Family(
        "param Q: [2, 2], K: [2, 2]\ninput X: [2, 2]",
        {"Q": ("2", "2"), "K": ("2", "2")},
        [("softmax(X @ Q @ K.T @ X.T, mask=tri(2)) @ X", ("2", "2"))],
        [("Q.T @ Q - K.T @ K", ("2", "2")), ("sqnorm(Q) - sqnorm(K)", ())],
        ("Q @ Q.T - K @ K.T", "Q - K", "sqnorm(Q)"),
    ),
    "two calls of a block": Family(
        'import "product.claw" as A(n = 2, m = 2, r = 1)\nimport "pair.claw" as B\ninput y: [2]',
        {},
        [("A(tanh(A(y)))", ("2",)), ("B(y=y)", ("2",)), ("A.Z", ("2", "2"))],
        [("A.balance", ("1", "1")), ("B.balance", ("1", "1")), ("A.U.T @ A.U - A.V.T @ A.V", ("1", "1"))],
        ("A.half", "sqnorm(A.U) + sqnorm(A.V)", "A.balance + B.balance*sum(A.U)", "B.L.balance - sqnorm(B.L.V)"),
    ),
    "mirror block": Family(
        'import "unit.claw" as C\ninput y',
        {},
        [("C(y)", ()), ("C(C(y))", ())],
        [("C.gap", ()), ("C.u - C.v + C.k", ())],
        ("C.u^2 - C.v^2", "C.u + C.v", "C.gap*C.u"),
    ),
}
"""Families of which the sizes are fixed."""

OWN = {
    "attention": Family(
        "param Q: [n, r], K: [n, r], W: [m, r], O: [m, r]\ninput X: [m, n]",
        {"Q": (N, R), "K": (N, R), "W": (M, R), "O": (M, R)},
        [("softmax(X @ Q @ K.T @ X.T) @ X", (M, N)), ("W @ O.T", (M, M))],
        [("Q.T @ Q - K.T @ K", (R, R)), ("W.T @ W - O.T @ O", (R, R)), ("sqnorm(Q) - sqnorm(K)", ())],
        ("Q.T @ Q - W.T @ W", "Q - K", "Q @ Q.T - K @ K.T", "Q.T @ Q + K.T @ K"),
    ),
    "normalised layer": Family(
        "param W: [n, m], b: [n], g: [n]\ninput z: [m]",
        {"W": (N, M), "b": (N,), "g": (N,)},
        [("layernorm(W @ z + b)*g", (N,))],
        [("sum(W, axis=0)", (M,)), ("sum(b)", ()), ("sqnorm(W) + sqnorm(b)", ())],
        ("sqnorm(W)", "sum(W, axis=1)", "g", "sum(g)"),
    ),
    "weight normalisation": Family(
        "param v: [n] in nonzero, g",
        {"v": (N,), "g": ()},
        [("g*v/sqrt(sqnorm(v))", (N,)), ("g*rmsnorm(v)", (N,))],
        [("sqnorm(v)", ())],
        ("sum(v)", "g", "sqnorm(v) - g^2", "sqnorm(v)^(1/2) - g"),
    ),
    "declared exponential": Family(
        "activation e with e' = 2*e\nparam u, b: [n], V: [n, m]\ninput z: [m]",
        {"u": (N,), "b": (N,), "V": (N, M)},
        [("u*e(V @ z + b)", (N,))],
        [("u^2 - b", (N,)), ("sqnorm(u) - sum(b)", ())],
        ("u^2 - 2*b", "u - b", "diag(V @ V.T)", "u^2 + b"),
    ),
    "declared sigmoid": Family(
        "activation g with g' = 1 - g^2\nparam u, v: [n], c\ninput z: [n]",
        {"u": (N,), "v": (N,), "c": ()},
        [("g(u*v*z)", (N,)), ("u*v + c*g(z)", (N,))],
        [("u^2 - v^2", (N,)), ("sqnorm(u) - sqnorm(v)", ())],
        ("u^2 + v^2", "c", "g(u) - g(v)", "u*g(c)"),
    ),
    "logistic": Family(
        "activation p with p' = p - p^2\nparam u, v: [n]\ninput z: [n]",
        {"u": (N,), "v": (N,)},
        [("u*p(v*z)", (N,)), ("p(u*z)*v", (N,))],
        [("0*u", (N,))],
        ("u - v", "u^2 - v^2", "p(u)"),
    ),
    "opaque": Family(
        "function F, G: [m]\nparam u, v: [n]",
        {"u": (N,), "v": (N,)},
        [("F(u*v)", (N,)), ("G(u*v, [u[i]*v[i] for i in 0..n-1])", (M,))],
        [("u^2 - v^2", (N,)), ("sqnorm(u) - sqnorm(v)", ())],
        ("u^2 + v^2", "u*v", "F(u)", "sum(G(u - v))"),
    ),
    "smooth gates": Family(
        "param u, v in positive, w: [n]",
        {"u": (), "v": (), "w": (N,)},
        [
            ("gelu(u*v) + silu(u*v) + w", (N,)),
            ("log(u*v) + sqrt(u*v)*w", (N,)),
            ("atan(u*v) + erf(u*v)*softplus(u*v)", ()),
            ("elu(u*v) + cos(u*v)", ()),
        ],
        [("u^2 - v^2", ()), ("(u - v)*(u + v)", ())],
        ("log(u) - log(v)", "u - v", "sqrt(u) - sqrt(v)", "w", "elu(u) - elu(v)"),
    ),
    "homogeneous": Family(
        "activation h homogeneous 1, q homogeneous 2\nparam U, V: [n, r], w: [r]\ninput z: [n]",
        {"U": (N, R), "V": (N, R), "w": (R,)},
        [("U @ h(V.T @ z)", (N,)), ("w*q(V.T @ z)", (R,))],
        [("diag(U.T @ U) + 2*w^2 - diag(V.T @ V)", (R,)), ("sqnorm(U) + 2*sqnorm(w) - sqnorm(V)", ())],
        ("diag(U.T @ U) - diag(V.T @ V)", "w^2 - diag(V.T @ V)/2", "diag(U.T @ U) - 2*diag(V.T @ V) + w^2"),
    ),
    "shared argument": Family(
        "param U: [n, r], V: [m, r], w: [r]\ninput z: [m]",
        {"U": (N, R), "V": (M, R), "w": (R,)},
        [("U @ relu(V.T @ z) + sum(w*abs(V.T @ z))", (N,)), ("sum(w*leaky_relu(V.T @ z, 1/3))", ())],
        [("diag(U.T @ U) + w^2 - diag(V.T @ V)", (R,))],
        ("diag(U.T @ U) - diag(V.T @ V)", "w^2 - diag(V.T @ V)"),
    ),
    "powers": Family(
        "param u, v: [n] in positive",
        {"u": (N,), "v": (N,)},
        [("u^(1/2)*v^(3/2)", (N,)), ("(u*v^3)^(1/3)", (N,)), ("log(u) + 3*log(v)", (N,)), ("u^-2*v^-6", (N,))],
        [("3*u^2 - v^2", (N,)), ("3*sqnorm(u) - sqnorm(v)", ())],
        ("u^2 - 3*v^2", "u^2 - v^2", "sqrt(u) - sqrt(v)"),
    ),
    "range": Family(
        "param u, v: [n]\nconst K: [n, n]",
        {"u": (N,), "v": (N,)},
        [
            ("[sum(K[i, j]*u[j]*v[j] for j in 0..n-1) for i in 0..n-1]", (N,)),
            ("sum(K[i, j]*u[i]*v[i]*u[j]*v[j]*(i + 1) for i in 0..n-1 for j in 0..n-1)", ()),
            ("[[u[i]*v[i]*u[j]*v[j] for j in 0..n-1] for i in 0..n-1]", (N, N)),
        ],
        [("[u[n - 1 - i]^2 - v[n - 1 - i]^2 for i in 0..n-1]", (N,)), ("sum((u[i]^2 - v[i]^2)*i for i in 0..n-1)", ())],
        ("[u[i]^2 - v[n - 1 - i]^2 for i in 0..n-1]", "sum(u[i]*v[i] for i in 0..n-1)", "K @ u - K.T @ v", "u[::2]"),
    ),
}
"""More families for every size."""

FREE = {name: _simple(family) for name, family in simple.FAMILIES.items() if name != "slices"} | OWN
FIXED["slices"] = _simple(simple.FAMILIES["slices"])

LINEAR = "param U: [n, r], V: [m, r]"
MOMENT = "(U.T @ vel(U) - vel(U).T @ U + V.T @ vel(V) - vel(V).T @ V)"
BALANCE = "(U.T @ U - V.T @ V)"
Base = tuple[list[tuple[str, Shape]], dict[str, Shape]]
"""Quantities, and the parameters that they are made of."""

_PRODUCT: Base = ([("U @ V.T", (N, M))], {"U": (N, R), "V": (M, R)})
_SUM: Base = ([("u + v", (N,))], {"u": (N,), "v": (N,)})
_VECTORS: Base = ([("u*v", (N,))], {"u": (N,), "v": (N,)})


def _moving(declarations: str, base: Base, flows: Mapping[str, str]) -> Family:
    phi, leaves = base
    return Family(declarations, leaves, phi, (), (), [(flow, laws.split(" ; ")) for flow, laws in flows.items()])


MOVING = {
    "linear": _moving(
        f"{LINEAR}\nconst tau, a, b, k in positive",
        _PRODUCT,
        {
            "momentum(tau)": f"exp(tau*t)*{MOMENT} ; exp(2*tau*t)*{MOMENT} ; {BALANCE}",
            "momentum(0)": f"{MOMENT} ; t*{MOMENT} ; sqnorm(vel(U)) + sqnorm(vel(V))",
            "momentum(3/t)": f"t^3*{MOMENT} ; t^2*{MOMENT}",
            "momentum(2), decay(k)": f"exp(2*t)*{MOMENT} ; exp(k*t)*{MOMENT}",
            "momentum(1), rate(a, U), rate(b, V)": "exp(t)*(b*(U.T @ vel(U) - vel(U).T @ U) + "
            "a*(V.T @ vel(V) - vel(V).T @ V)) ; " + f"exp(t)*{MOMENT}",
            "momentum(1/(1 + t))": f"(1 + t)*{MOMENT} ; exp(t)*{MOMENT}",
            "momentum(t)": f"exp(t^2/2)*{MOMENT} ; exp(t^2)*{MOMENT}",
            "gradient, decay(k)": f"exp(2*k*t)*{BALANCE} ; exp(k*t)*{BALANCE} ; {BALANCE}",
            "gradient, decay(k), rate(a)": f"exp(2*a*k*t)*{BALANCE} ; exp(2*k*t)*{BALANCE}",
            "gradient, decay(1/(1 + t))": f"(1 + t)^2*{BALANCE} ; (1 + t)*{BALANCE}",
            "gradient, rate(a, U), rate(b, V)": f"U.T @ U/a - V.T @ V/b ; a*U.T @ U - b*V.T @ V ; {BALANCE}",
            "gradient, rate(1/(1 + t))": f"{BALANCE} ; t*{BALANCE}",
            "gradient, rate(1 + t), rate(2, U)": "(1 + t)*U.T @ U - 2*V.T @ V ; U.T @ U/2 - V.T @ V",
            "gradient, decay(k), decay(a, U)": f"exp(2*k*t)*{BALANCE} ; exp(k*t + a*t)*{BALANCE}",
            "gradient, rate(a)": f"{BALANCE} ; sqnorm(U) - a*sqnorm(V)",
        },
    ),
    "translations": _moving(
        "param u, v: [n]\nconst tau, a, k in positive",
        _SUM,
        {
            "momentum(tau)": "exp(tau*t)*(vel(u) - vel(v)) ; tau*(u - v) + vel(u) - vel(v) ; u - v",
            "momentum(3/t)": "t^3*(vel(u) - vel(v)) ; u - v + t*(vel(u) - vel(v))/2 ; t^2*(vel(u) - vel(v))",
            "momentum(3), decay(2)": "exp(t)*(vel(u) - vel(v) + 2*(u - v)) ; exp(2*t)*(vel(u) - vel(v) + u - v)",
            "momentum(0), decay(1)": "(vel(u) - vel(v))*cos(t) + (u - v)*sin(t) ; (vel(u) - vel(v))*sin(t) + u - v",
            "gradient, decay(k)": "exp(k*t)*(u - v) ; exp(2*k*t)*(u - v)",
            "gradient, rate(a, u)": "u - a*v ; a*u - v",
            "gradient, decay(k, u)": "exp(k*t)*u - v ; u - v",
        },
    ),
    "mirror": _moving(
        "param u, v: [n] in positive\nprecondition u by u, v by v\nconst tau, a in positive",
        _VECTORS,
        {
            "momentum(tau)": "exp(tau*t)*(vel(u) - vel(v)) ; exp(tau*t)*(vel(u)/u - vel(v)/v)",
            "gradient": "u - v ; u^2 - v^2",
            "gradient, rate(a, u)": "u - a*v ; u - v",
            "gradient, rate(2*a)": "u - v ; u - 2*a*v",
            "gradient, decay(a)": "exp(a*t)*(u - v) ; u - v",
        },
    ),
    "arrays of rates": _moving(
        "param u, v: [n]\nconst k: [n]",
        _VECTORS,
        {
            "gradient, decay(k)": "exp(2*k*t)*(u^2 - v^2) ; exp(2*sum(k)*t)*(u^2 - v^2)",
            "gradient, rate(k, u)": "u^2 - k*v^2 ; k*u^2 - v^2",
            "gradient, rate(2*k), decay(1/2)": "exp(2*k*t)*(u^2 - v^2) ; exp(k*t)*(u^2 - v^2)",
            "momentum(1), rate(k)": "exp(t)*(u*vel(v) - v*vel(u)) ; u^2 - v^2",
        },
    ),
    "relu": _moving(
        "param U: [n, r], V: [m, r]\ninput z: [m]\nconst k in positive",
        ([("U @ relu(V.T @ z)", (N,))], {"U": (N, R), "V": (M, R)}),
        {
            "gradient, decay(k)": "exp(2*k*t)*(diag(U.T @ U) - diag(V.T @ V)) ; diag(U.T @ U) - diag(V.T @ V)",
            "momentum(k)": "exp(k*t)*(diag(U.T @ vel(U)) - diag(V.T @ vel(V))) ; diag(U.T @ U) - diag(V.T @ V)",
            "gradient, rate(t)": "diag(U.T @ U) - diag(V.T @ V) ; t*diag(U.T @ U)",
        },
    ),
    "unseen": _moving(
        "param u, w: [n]",
        ([("u^2", (N,))], {"u": (N,), "w": (N,)}),
        {
            "momentum(3/t)": "t^3*vel(w) ; w + t*vel(w)/2 ; w",
            "momentum(1)": "exp(t)*vel(w) ; w + vel(w)",
            "gradient, decay(2)": "exp(2*t)*w ; w",
            "gradient": "w ; u",
        },
    ),
}
"""Families with flows of their own."""

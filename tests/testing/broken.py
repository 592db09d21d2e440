"""Twenty files with a law that is wrong in a way that is easy to get wrong, each with what it should have been."""

from __future__ import annotations

from dataclasses import dataclass

LINEAR = "dim n, m, r\nparam U: [n, r], V: [m, r]\nmap U @ V.T\n"
RELU = "dim n, m, r\nparam U: [n, r], b: [r], V: [m, r]\ninput x: [n]\nmap V @ relu(U.T @ x + b)\n"
ATTENTION = (
    "dim T, e, a\nparam Q: [a, e], K: [a, e], V: [a, e], O: [e, a]\ninput x: [T, e]\n"
    "map softmax((x @ Q.T) @ (x @ K.T).T) @ (x @ V.T) @ O.T\n"
)
CONVOLUTION = "dim c\nparam w: [c, 1, 2], v: [1, c, 2]\ninput x: [1, 4]\nmap conv1d(relu(conv1d(x, w)), v)\n"
ENTROPIC = "dim n, m, r\nparam U: [n, r], V: [m, r] in positive\nmap U @ V.T\nprecondition U by U, V by V\n"
SPIN = "(U.T @ vel(U) - vel(U).T @ U + V.T @ vel(V) - vel(V).T @ V)"


@dataclass(frozen=True)
class Broken:
    """A model, a wrong law and the right one. The flow is part of the model; `right_model` where that was the mistake."""

    name: str
    model: str
    law: str
    right: str
    right_model: str = ""

    @property
    def text(self) -> str:
        return f"{self.model}law wrong = {self.law}\n"

    @property
    def mended(self) -> str:
        return f"{self.right_model or self.model}law wrong = {self.right}\n"


BROKEN = [
    Broken("sign", LINEAR, "U.T @ U + V.T @ V", "U.T @ U - V.T @ V"),
    Broken("factor", LINEAR, "U.T @ U - 2*V.T @ V", "U.T @ U - V.T @ V"),
    Broken("other side", LINEAR, "trace(U @ U.T) - trace(V.T @ V)*r", "trace(U @ U.T) - trace(V.T @ V)"),
    Broken("cubic", LINEAR, "det(U.T @ U) - det(V.T @ V)", "det(U.T @ U - V.T @ V)"),
    Broken("missing bias", RELU, "diag(U.T @ U) - diag(V.T @ V)", "diag(U.T @ U) + b^2 - diag(V.T @ V)"),
    Broken("sign of a bias", RELU, "diag(U.T @ U) - b^2 - diag(V.T @ V)", "diag(U.T @ U) + b^2 - diag(V.T @ V)"),
    Broken("bias not squared", RELU, "diag(U.T @ U) + b - diag(V.T @ V)", "diag(U.T @ U) + b^2 - diag(V.T @ V)"),
    Broken("off the diagonal", RELU, "U.T @ U + outer(b, b) - V.T @ V", "diag(U.T @ U) + b^2 - diag(V.T @ V)"),
    Broken(
        "degree",
        "activation s homogeneous 2\nparam u, v\ninput x\nmap v*s(u*x)\n",
        "u^2 - v^2",
        "u^2 - 2*v^2",
    ),
    Broken("keys for values", ATTENTION, "Q @ Q.T - V @ V.T", "Q @ Q.T - K @ K.T"),
    Broken("transposed output", ATTENTION, "sqnorm(V) + sqnorm(O)", "V @ V.T - O.T @ O"),
    Broken("channels", CONVOLUTION, "sum(w) - sum(v)", "[sqnorm(w[i]) - sqnorm(v[:, i]) for i in 0..c-1]"),
    Broken("taps", CONVOLUTION, "sqnorm(w[:, :, 0]) - sqnorm(v[:, :, 0])", "sqnorm(w) - sqnorm(v)"),
    Broken("Euclidean law of a mirror flow", ENTROPIC, "U.T @ U - V.T @ V", "sum(U, axis=0) - sum(V, axis=0)"),
    Broken(
        "mirror law without its flow",
        LINEAR,
        "sum(U, axis=0) - sum(V, axis=0)",
        "sum(U, axis=0) - sum(V, axis=0)",
        ENTROPIC,
    ),
    Broken("balance under momentum", f"{LINEAR}flow momentum(1)\n", "U.T @ U - V.T @ V", f"exp(t)*{SPIN}"),
    Broken("no factor for friction", f"{LINEAR}flow momentum(1)\n", SPIN, f"exp(t)*{SPIN}"),
    Broken("factor of another friction", f"{LINEAR}flow momentum(3/t)\n", f"t^2*{SPIN}", f"t^3*{SPIN}"),
    Broken(
        "half the decay",
        f"const k in positive\n{LINEAR}flow gradient, decay(k)\n",
        "exp(k*t)*(U.T @ U - V.T @ V)",
        "exp(2*k*t)*(U.T @ U - V.T @ V)",
    ),
    Broken(
        "rates the wrong way up",
        f"{LINEAR}flow gradient, rate(2, U), rate(3, V)\n",
        "2*U.T @ U - 3*V.T @ V",
        "U.T @ U/2 - V.T @ V/3",
    ),
]

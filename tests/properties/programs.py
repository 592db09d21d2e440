"""Strategies for `.claw` files that make sense: models of random shapes, with laws that are true, nearly true or arbitrary.

Expressions are written for a wanted shape, so they fit by construction. A model is a random function of some quantities
`phi` of which laws are known (`FAMILIES`); so these laws are true, whatever the function.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from hypothesis import strategies as st

Shape = tuple[str, ...]
"""Sizes as they are written in the file: names of dims, or numbers."""

DIMS = ("n", "m", "r")


@dataclass(frozen=True)
class Kit:
    """What a random expression may use."""

    elementwise: tuple[str, ...] = ()
    """Templates of functions of an array, such as `relu({})`."""
    division: bool = True
    powers: bool = True
    comprehensions: bool = True


POLYNOMIAL = Kit(division=False)
RATIONAL = Kit()
PIECEWISE = Kit(("relu({})", "leaky_relu({}, slope=1/3)", "abs({})", "leaky_relu({})"))
SMOOTH = Kit(("tanh({})", "softplus({})", "exp(-({})^2)", "sigmoid({})", "sin({})", "silu({})", "relu({})"))
OPAQUE = Kit(("s({})", "q({})", "relu({})"))


class Writer:
    """Writes random expressions of a wanted shape over the leaves in `names`."""

    def __init__(self, draw: st.DrawFn, names: Mapping[str, Shape], kit: Kit, variables: Sequence[str] = ()) -> None:
        self.draw = draw
        self.names = names
        self.kit = kit
        self.fresh = 0

    def pick(self, options: Sequence[str]) -> str:
        return self.draw(st.sampled_from(options))

    def below(self, n: int) -> int:
        return self.draw(st.integers(0, n - 1))

    def variable(self) -> str:
        self.fresh += 1
        return f"i{self.fresh}"

    def leaf(self, shape: Shape) -> str:
        """A name, a part of one, or a number spread over the shape."""
        options = []
        for name, s in self.names.items():
            if s == shape:
                options += [name] * 3
            if s == shape[::-1] and len(s) == 2:
                options.append(f"{name}.T")
            if len(s) == len(shape) + 1 and s[1:] == shape:
                options += [f"{name}[0]", f"{name}[-1]"]
            if len(s) == len(shape) + 1 and s[:-1] == shape:
                options.append(f"{name}[{', '.join([':'] * len(shape) + ['0'])}]")
            if len(s) == 2 and not shape:
                options += [f"{name}[0, 0]", f"{name}[-1, 0]"]
            if s == ("4",) and shape == ("2",):
                options += [f"{name}[1:3]", f"{name}[::2]", f"{name}[-2:]"]
            if s == ("4",) and shape == ("2", "2"):
                options.append(f"reshape({name}, [2, 2])")
        number = self.pick(["1", "2", "3", "1/2", "-1"])
        if not options or self.below(8) == 0:
            if not shape:
                return f"({number})" if "/" in number or "-" in number else number
            return f"({number}*ones({', '.join(shape)}))"
        return self.pick(options)

    def expression(self, shape: Shape, depth: int) -> str:
        """A random expression of this shape. Brackets are generous."""
        if depth <= 0:
            return self.leaf(shape)
        down = depth - 1
        makers: list[Callable[[], str]] = [
            lambda: self.leaf(shape),
            lambda: f"({self.expression(shape, down)} {self.pick('+-')} {self.expression(shape, down)})",
            lambda: f"({self.expression(shape, down)} * {self.expression(self.narrower(shape), down)})",
            lambda: self.product(shape, down),
            lambda: self.product(shape, down),
            lambda: self.reduced(shape, down),
        ]
        if self.kit.powers:
            makers.append(lambda: f"({self.expression(shape, down)})^{self.pick('223')}")
        if self.kit.division:
            makers.append(
                lambda: f"({self.expression(shape, down)})/(1 + ({self.expression(self.narrower(shape), 0)})^2)"
            )
            makers.append(lambda: f"(({self.expression(shape, down)})/3)")
        if self.kit.comprehensions:
            makers.append(lambda: self.comprehension(shape, down))
        if self.kit.elementwise:
            call = self.pick(self.kit.elementwise)
            makers += [lambda: call.format(self.expression(shape, down))] * 3
        return makers[self.below(len(makers))]()

    def narrower(self, shape: Shape) -> Shape:
        """The shape, or one that broadcasts to it."""
        choice = self.below(3)
        if choice == 0 or not shape:
            return shape
        return shape[1:] if choice == 1 else ()

    def size(self) -> str:
        sizes = sorted({d for s in self.names.values() for d in s})
        return self.pick(sizes) if sizes else "2"

    def product(self, shape: Shape, depth: int) -> str:
        k = self.size()
        e = self.expression
        if not shape:
            return self.pick(
                [
                    f"dot({e((k,), depth)}, {e((k,), depth)})",
                    f'einsum("i,i,i->", {e((k,), depth)}, {e((k,), 0)}, {e((k,), 0)})',
                    f"({e((k,), depth)} @ {e((k,), depth)})",
                ]
            )
        if len(shape) == 1:
            n = shape[0]
            return self.pick(
                [
                    f"({e((n, k), depth)} @ {e((k,), depth)})",
                    f"({e((k,), 0)} @ {e((k, n), depth)})",
                    f'einsum("ij,ij->i", {e((n, k), depth)}, {e((n, k), 0)})',
                    f'einsum("ii->i", {e((n, n), depth)})',
                    f"diag({e((n, n), depth)})",
                ]
            )
        if len(shape) == 2:
            n, m = shape
            options = [
                f"({e((n, k), depth)} @ {e((k, m), depth)})",
                f"outer({e((n,), depth)}, {e((m,), 0)})",
                f'einsum("ik,k,jk->ij", {e((n, k), depth)}, {e((k,), 0)}, {e((m, k), 0)})',
                f'einsum("ab->ba", {e((m, n), depth)})',
            ]
            if n == m:
                options += [f"diag({e((n,), depth)})", f"({e(shape, depth)} + I({n}))"]
            return self.pick(options)
        return self.leaf(shape)

    def reduced(self, shape: Shape, depth: int) -> str:
        k, m = self.size(), self.size()
        e = self.expression
        if not shape:
            return self.pick(
                [
                    f"sum({e((k, m), depth)})",
                    f"sqnorm({e((k,), depth)})",
                    f"trace({e((k, k), depth)})",
                    f"sum(concat({e((k,), depth)}, {e((m,), 0)}))",
                    f"dot(concat({e((k,), 0)}, {e((m,), depth)}), concat({e((k,), depth)}, {e((m,), 0)}))",
                    f"sum(reshape({e((k, m), depth)}, [{k}*{m}]))",
                    f"prod([{e((), depth)}, {e((), 0)}])",
                    f"sum([{e((k,), depth)}, {e((k,), 0)}], axis=0)[0]",
                ]
            )
        return self.pick(
            [f"sum({e((k, *shape), depth)}, axis=0)", f"[{e(shape, depth)}, {e(shape, 0)}][{self.below(2)}]"]
        )

    def comprehension(self, shape: Shape, depth: int) -> str:
        i = self.variable()
        if not shape:
            k = self.size()
            vector, other = self.expression((k,), depth), self.expression((k,), 0)
            return self.pick(
                [
                    f"sum(({vector})[{i}] * ({other})[{i}] for {i} in 0..{k} - 1)",
                    f"sum(({vector})[{i}] * ({i} + 1) for {i} in 0..{k} - 1)",
                    f"sum(({vector})[{k} - 1 - {i}] * ({other})[{i}] for {i} in 0..{k} - 1)",
                ]
            )
        n, rest = shape[0], shape[1:]
        body = f"({self.expression(shape, depth)})[{i}]"
        factor = self.expression(rest, 0)
        return self.pick([f"[{body} * {factor} for {i} in 0..{n} - 1]", f"[{body} + {i} for {i} in 0..{n} - 1]"])


@dataclass(frozen=True)
class Family:
    """Quantities `phi` of some parameters, and laws of every function of them."""

    params: str
    """Declarations, as in `param U: [n, r]`, one a line."""
    phi: Mapping[str, tuple[str, Shape]]
    """Quantities that the map may use: an expression and its shape."""
    laws: Mapping[str, Shape]
    """True laws and their shapes."""
    near: tuple[str, ...] = ()
    """Expressions that resemble laws and are none, at most sizes."""
    leaves: Mapping[str, Shape] = field(default_factory=dict)
    """The parameters with their shapes."""


FAMILIES: dict[str, Family] = {
    "product": Family(
        "param U: [n, r], V: [m, r]",
        {"U @ V.T": ("U @ V.T", ("n", "m"))},
        {"U.T @ U - V.T @ V": ("r", "r"), "diag(U.T @ U) - diag(V.T @ V)": ("r",), "sqnorm(U) - sqnorm(V)": ()},
        ("U.T @ U + V.T @ V", "U.T @ U - 2*V.T @ V", "sqnorm(U)", "U @ U.T", "sum(U)"),
        {"U": ("n", "r"), "V": ("m", "r")},
    ),
    "product of three": Family(
        "param U: [n, r], W: [r, m], V: [m, n]",
        {"U W V": ("U @ W @ V", ("n", "n"))},
        {"U.T @ U - W @ W.T": ("r", "r"), "W.T @ W - V @ V.T": ("m", "m"), "sqnorm(U) - sqnorm(V)": ()},
        ("sqnorm(U) + sqnorm(V)", "W @ W.T", "V @ V.T - 2*W.T @ W"),
        {"U": ("n", "r"), "W": ("r", "m"), "V": ("m", "n")},
    ),
    "relu": Family(
        "param U: [n, r], V: [m, r], b: [r]\ninput z: [m]",
        {"net": ("U @ relu(V.T @ z + b)", ("n",))},
        {"diag(U.T @ U) - diag(V.T @ V) - b^2": ("r",), "sqnorm(U) - sqnorm(V) - sqnorm(b)": ()},
        ("U.T @ U - V.T @ V - outer(b, b)", "diag(U.T @ U) - diag(V.T @ V)", "sqnorm(U) - sqnorm(V)", "b"),
        {"U": ("n", "r"), "V": ("m", "r"), "b": ("r",)},
    ),
    "leaky": Family(
        "param U: [n, r], V: [m, r]\ninput z: [m]",
        {"net": ("U @ leaky_relu(V.T @ z, slope=2/7)", ("n",)), "net2": ("U @ abs(V.T @ z)", ("n",))},
        {"diag(U.T @ U) - diag(V.T @ V)": ("r",)},
        ("U.T @ U - V.T @ V", "diag(U.T @ U) + diag(V.T @ V)"),
        {"U": ("n", "r"), "V": ("m", "r")},
    ),
    "hadamard": Family(
        "param u, v, w: [n]",
        {"uvw": ("u*v*w", ("n",)), "squares": ("u^2*v^2*w^2", ("n",))},
        {"u^2 - v^2": ("n",), "w^2 - v^2": ("n",), "2*u^2 - v^2 - w^2": ("n",)},
        ("u^2 + v^2", "u^2 - 2*v^2", "u - v", "u^3 - v^3", "outer(u, u) - outer(v, v)"),
        {"u": ("n",), "v": ("n",), "w": ("n",)},
    ),
    "powers": Family(
        "param u, v: [n] in positive",
        {"u2v": ("u^2*v^3", ("n",)), "ratio": ("v^6*u^4", ("n",))},
        {"3*u^2 - 2*v^2": ("n",)},
        ("u^2 - v^2", "2*u^2 - 3*v^2"),
        {"u": ("n",), "v": ("n",)},
    ),
    "quotient": Family(
        "param u, v: [n] in nonzero",
        {"u/v": ("u/v", ("n",)), "v/u": ("(v/u)^2", ("n",))},
        {"u^2 + v^2": ("n",), "sqnorm(u) + sqnorm(v)": ()},
        ("u^2 - v^2", "u*v", "u + v"),
        {"u": ("n",), "v": ("n",)},
    ),
    "radius": Family(
        "param u: [n] in nonzero",
        {"sqnorm(u)": ("sqnorm(u)", ())},
        {"outer(u, 1/u)": ("n", "n"), "u/u[0]": ("n",)},
        ("outer(u, u)", "u", "outer(u, 1/u) + outer(u, u)", "1/u"),
        {"u": ("n",)},
    ),
    "shift": Family(
        "param u, v: [n]",
        {"u + 2*v": ("u + 2*v", ("n",))},
        {"2*u - v": ("n",), "sum(2*u - v)": ()},
        ("u - 2*v", "u - v", "2*u + v", "u^2 - v^2"),
        {"u": ("n",), "v": ("n",)},
    ),
    "cp": Family(
        "param A: [n, r], B: [m, r], C: [n, r]",
        {"cp": ('einsum("ir,jr,kr->ijk", A, B, C)[:, :, 0]', ("n", "m"))},
        {"diag(A.T @ A) - diag(B.T @ B)": ("r",), "sqnorm(A) - sqnorm(B)": ()},
        ("A.T @ A - B.T @ B", "diag(A.T @ A) + diag(B.T @ B)"),
        {"A": ("n", "r"), "B": ("m", "r"), "C": ("n", "r")},
    ),
    "homogeneous": Family(
        "activation f homogeneous 3\nparam U: [n, r], V: [m, r]\ninput z: [m]",
        {"net": ("U @ f(V.T @ z)", ("n",))},
        {"diag(U.T @ U) - diag(V.T @ V)/3": ("r",)},
        ("diag(U.T @ U) - diag(V.T @ V)", "diag(U.T @ U) - 3*diag(V.T @ V)", "U.T @ U - V.T @ V/3"),
        {"U": ("n", "r"), "V": ("m", "r")},
    ),
    "any activation": Family(
        "activation f\nparam u, v, b: [n]\ninput z: [n]",
        {"net": ("u*v*f(z)", ("n",)), "other": ("f(u*v)", ("n",))},
        {"u^2 - v^2": ("n",), "b": ("n",), "(u - v)*(u + v)": ("n",)},
        ("u^2 + v^2", "u*v", "b*u"),
        {"u": ("n",), "v": ("n",), "b": ("n",)},
    ),
    "exponential": Family(
        "param u, v, b: [n]\ninput z: [n]",
        {"net": ("u*exp(v*z + b)", ("n",))},
        {"u^2 - 2*b": ("n",)},
        ("u^2 - b", "u^2 - v^2", "u^2 - b^2"),
        {"u": ("n",), "v": ("n",), "b": ("n",)},
    ),
    "mirror": Family(
        "param u, v: [n] in positive\nprecondition u by u, v by v",
        {"uv": ("u*v", ("n",))},
        {"u - v": ("n",), "sum(u) - sum(v)": ()},
        ("u^2 - v^2", "u + v", "2*u - v"),
        {"u": ("n",), "v": ("n",)},
    ),
    "mirror of matrices": Family(
        "param U: [n, r], V: [m, r]\nprecondition U by U, V by V",
        {"U @ V.T": ("U @ V.T", ("n", "m"))},
        {"sum(U, axis=0) - sum(V, axis=0)": ("r",)},
        ("U.T @ U - V.T @ V", "sum(U) + sum(V)"),
        {"U": ("n", "r"), "V": ("m", "r")},
    ),
    "preconditioned": Family(
        "param u, v: [n]\nconst c: [n] in nonzero\nprecondition u by 2*c, v by 1/c",
        {"uv": ("u*v", ("n",))},
        {"u^2/c - 2*c*v^2": ("n",)},
        ("u^2 - v^2", "u^2/c - c*v^2"),
        {"u": ("n",), "v": ("n",)},
    ),
    "slices": Family(
        "param w: [4], k: [2]",
        {"wk": ("w[1:3]*k", ("2",)), "ends": ("w[0]*w[3]", ())},
        {"w[1:3]^2 - k^2": ("2",), "w[0]^2 - w[-1]^2": (), "reshape(w, [2, 2])[1, 0]^2 - k[1]^2": ()},
        ("w[1:3]^2 + k^2", "w[0:2]^2 - k^2", "w[::2]^2 - k^2", "w[0] - w[3]"),
        {"w": ("4",), "k": ("2",)},
    ),
    "softmax": Family(
        "param W: [n, m], b: [n]\ninput z: [m]",
        {"net": ("softmax(W @ z + b)", ("n",))},
        {"sum(W, axis=0)": ("m",), "sum(b)": ()},
        ("sqnorm(W)", "sum(W, axis=1)", "sum(b) + sqnorm(b)"),
        {"W": ("n", "m"), "b": ("n",)},
    ),
    "norm": Family(
        "param W: [n, m]\ninput z: [m] in positive",
        {"net": ("rmsnorm(W @ z)", ("n",)), "other": ("(W @ z)/sum((W @ z)^2)^(1/2)", ("n",))},
        {"sqnorm(W)": ()},
        ("sum(W)", "W.T @ W", "sqnorm(W) + sum(W)"),
        {"W": ("n", "m")},
    ),
    "nothing": Family(
        "param U: [n, m], a: [n]",
        {"U": ("U", ("n", "m"))},
        {"a": ("n",), "outer(a, a)": ("n", "n")},
        ("U", "a + U[:, 0]"),
        {"U": ("n", "m"), "a": ("n",)},
    ),
}

POLYNOMIAL_FAMILIES = (
    "product",
    "product of three",
    "hadamard",
    "shift",
    "cp",
    "mirror of matrices",
    "slices",
    "nothing",
)
RATIONAL_FAMILIES = (*POLYNOMIAL_FAMILIES, "quotient", "radius", "powers", "preconditioned", "mirror")


@dataclass(frozen=True)
class Program:
    """The text of a file, and what is known of its laws."""

    text: str
    dims: tuple[str, ...]
    true: frozenset[str]
    """Names of laws that hold by construction."""
    family: str


@st.composite
def programs(
    draw: st.DrawFn,
    kit: Kit | None = None,
    families: Sequence[str] = tuple(FAMILIES),
    depth: int = 2,
    disturbed: bool = True,
) -> Program:
    """A random model and its laws: `t...` true by construction, `x...` random, `y...` near misses."""
    if kit is None:
        kit = draw(st.sampled_from([POLYNOMIAL, RATIONAL, PIECEWISE, SMOOTH, OPAQUE]))
    name = draw(st.sampled_from(list(families)))
    family = FAMILIES[name]
    lines = ["dim n, m, r", family.params]
    if "s({})" in kit.elementwise:
        lines.append("activation s homogeneous 2, q")
    data: dict[str, Shape] = {}
    if draw(st.booleans()):
        lines.append("input x: [n]")
        data["x"] = ("n",)
    if draw(st.booleans()):
        lines.append("const K: [n, m], d in positive")
        data |= {"K": ("n", "m"), "d": ()}
    names: dict[str, Shape] = dict(data)
    for k, (e, shape) in enumerate(family.phi.values()):
        lines.append(f"let Z{k} = {e}")
        names[f"Z{k}"] = shape
    writer = Writer(draw, names, kit)
    shapes = [(), ("n",), ("m",), ("n", "m"), ("m", "n")]
    outputs = [writer.expression(draw(st.sampled_from(shapes)), depth) for _ in range(draw(st.integers(1, 2)))]
    first = draw(
        st.sampled_from(["Z0", "[Z0, 2*Z0]", "concat(Z0, Z0)" if names["Z0"] else "Z0", "reshape(Z0, [1, n*m])"])
    )
    if first.startswith("reshape") and names["Z0"] != ("n", "m"):
        first = "Z0"
    if draw(st.integers(0, 2)):
        outputs.insert(0, first)
    is_disturbed = disturbed and draw(st.integers(0, 7)) == 0
    if is_disturbed:
        outputs.append(Writer(draw, family.leaves, Kit(division=False)).expression((), 1))
    lines.append("map " + ", ".join(outputs))

    constants = {k: v for k, v in data.items() if k != "x"}
    true: set[str] = set()
    for k in range(draw(st.integers(1, 2))):
        lines.append(f"law t{k} = {draw(true_laws(family, constants, kit))}")
        true.add(f"t{k}")
    lines.append(f"law y = {draw(st.sampled_from(family.near))}")
    for k in range(draw(st.integers(0, 1))):
        writer = Writer(draw, {**family.leaves, **constants}, Kit(division=False))
        e = writer.expression(draw(st.sampled_from([(), (), next(iter(family.leaves.values()))])), 2)
        lines.append(f"law x{k} = {e}")
    return Program("\n".join(lines) + "\n", DIMS, frozenset() if is_disturbed else frozenset(true), name)


@st.composite
def true_laws(draw: st.DrawFn, family: Family, constants: Mapping[str, Shape], kit: Kit) -> str:
    """A function of the family's laws and of constants."""

    def one() -> tuple[str, Shape]:
        text, shape = draw(st.sampled_from(list(family.laws.items())))
        return f"({text})", shape

    a, shape = one()
    b, shape_b = one()
    total = f"sum({b})" if shape_b else b
    options = [a, a, a, f"2*{a} - 7", f"{a}*{total}", f"{a}^2 + 3*{total}", "5", f"{a} - {a}"]
    if shape:
        options.append(f"sum({a})")
        options.append(f"{a}[-1]" + ("[0]" if len(shape) == 2 else ""))
    if len(shape) == 2 and shape[0] == shape[1]:
        options += [f"{a} @ {a}.T", f"trace({a} @ {a})", f"diag({a})"]
    if "d" in constants:
        options += [f"d*{a} + d", f"sum(K)*{a}", "sqnorm(K)"]
    if kit.division:
        options.append(f"{a}/(1 + {total}^2)")
    if "exp(-({})^2)" in kit.elementwise:
        options += [f"tanh({total})", f"{a}*exp({total})"]
    return draw(st.sampled_from(options))

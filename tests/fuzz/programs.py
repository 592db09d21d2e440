"""Random `.claw` files over every construct of the language, with laws that are true, nearly true or arbitrary.

A model is a random function of quantities `phi` of which laws are known (`Family`), so these are true; they are made into others,
and changed a little, which makes most of them false. Nothing here decides what is true: that is the evaluator's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from tests.fuzz.families import DIMS, FIXED, FREE, MOVING, Family, M, N, Shape

# --- expressions ---------------------------------------------------------------------------------------------------------

ELEMENTWISE = (
    "relu({})", "elu({})", "leaky_relu({})", "leaky_relu({}, slope=1/3)", "abs({})", "tanh({})", "sigmoid({})", "softplus({})",
    "exp({}/4)", "sin({})", "cos({})", "atan({})", "erf({})", "silu({})", "gelu({})", "sqrt(1 + ({})^2)", "log(2 + ({})^2)",
    "(1 + ({})^2)^(-1/2)", "(1 + ({})^2)^(1/3)",
)  # fmt: skip


class Writer:
    """Writes random expressions of a wanted shape over the leaves in `names`. Brackets are generous."""

    def __init__(
        self, random: Random, names: Mapping[str, Shape], sizes: Mapping[str, int], smooth: bool = True
    ) -> None:
        self.random = random
        self.names = names
        self.sizes = sizes
        """Of the dims that are fixed."""
        self.smooth = smooth
        self.fresh = 0

    def pick(self, options: Sequence[str]) -> str:
        return self.random.choice(list(options))

    def fixed(self, *sizes: str) -> list[int] | None:
        """The sizes as numbers, where all are fixed."""
        found = [int(n) if n.isdigit() else self.sizes.get(n) for n in sizes]
        return None if None in found else [n for n in found if n is not None]

    def size(self) -> str:
        sizes = sorted({n for shape in self.names.values() for n in shape})
        return self.pick(sizes) if sizes else "2"

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
            if len(s) == 1 and len(shape) == 1 and (sizes := self.fixed(s[0], shape[0])) is not None:
                big, small = sizes
                if small <= big:
                    options += [f"{name}[0:{small}]", f"{name}[{big - small}:]"]
                if big == 2 * small:
                    options.append(f"{name}[::2]")
        number = self.pick(["1", "2", "3", "1/2", "-1", "0.25"])
        if not options or self.random.random() < 0.1:
            dim = self.pick([d for d in DIMS if d in self.sizes] or ["1"])
            number = self.pick([number, number, dim])
            filled = self.pick([f"{number}*ones", f"{number} + zeros"])
            return f"({number})" if not shape else f"({filled}({', '.join(shape)}))"
        return self.pick(options)

    def expression(self, shape: Shape, depth: int) -> str:
        """A random expression of this shape."""
        if depth <= 0 or len(shape) > 2:
            return self.leaf(shape)
        down = depth - 1
        e = self.expression
        makers: list[Callable[[], str]] = [
            lambda: self.leaf(shape),
            lambda: f"({e(shape, down)} {self.pick('+-')} {e(self.narrower(shape), down)})",
            lambda: f"({e(shape, down)} * {e(self.narrower(shape), down)})",
            lambda: f"({e(shape, down)})^{self.pick('223')}",
            lambda: f"(({e(shape, down)})/3)",
            lambda: f"({e(shape, down)})/(1 + ({e(self.narrower(shape), 0)})^2)",
            lambda: self.made(shape, down),
            lambda: self.made(shape, down),
            lambda: self.made(shape, down),
            lambda: self.comprehension(shape, down),
        ]
        if self.smooth:
            call = self.pick(ELEMENTWISE)
            makers += [lambda: call.format(e(shape, down))] * 2
        return self.random.choice(makers)()

    def narrower(self, shape: Shape) -> Shape:
        """The shape, or one that broadcasts to it."""
        choice = self.random.randrange(3)
        if choice == 0 or not shape:
            return shape
        return shape[1:] if choice == 1 else ()

    def made(self, shape: Shape, depth: int) -> str:
        match shape:
            case ():
                return self.pick(self.scalar(depth))
            case (n,):
                return self.pick(self.vector(n, depth))
            case _:
                return self.pick(self.matrix(shape[0], shape[1], depth))

    def scalar(self, depth: int) -> list[str]:
        k, m = self.size(), self.size()
        e, d = self.expression, depth
        options = [
            f"dot({e((k,), d)}, {e((k,), d)})",
            f'einsum("i,i,i->", {e((k,), d)}, {e((k,), 0)}, {e((k,), 0)})',
            f"({e((k,), d)} @ {e((k,), d)})",
            f"sum({e((k, m), d)})",
            f"sqnorm({e((k,), d)})",
            f"trace({e((k, k), d)})",
            f"sum(concat({e((k,), d)}, {e((m,), 0)}))",
            f"sum(reshape({e((k, m), d)}, [{k}*{m}]))",
            f"prod([{e((), d)}, {e((), 0)}])",
            f"sum([{e((k,), d)}, {e((k,), 0)}], axis=0)[0]",
            f"sum(kron({e((k,), d)}, {e((m,), 0)}))",
        ]
        if (n := self.fixed(k)) is not None and n[0] <= 3:
            options += [f"det({e((k, k), d)})", f"prod({e((k,), d)})"]
        return options

    def vector(self, n: str, depth: int) -> list[str]:
        k = self.size()
        e, d = self.expression, depth
        options = [
            f"({e((n, k), d)} @ {e((k,), d)})",
            f"({e((k,), 0)} @ {e((k, n), d)})",
            f'einsum("ij,ij->i", {e((n, k), d)}, {e((n, k), 0)})',
            f'einsum("ii->i", {e((n, n), d)})',
            f"diag({e((n, n), d)})",
            f"sum({e((k, n), d)}, axis=0)",
            f"sum({e((n, k), d)}, 1)",
            f"[{e((n,), d)}, {e((n,), 0)}][{self.random.randrange(2)}]",
        ]
        if self.smooth:
            options += [f"softmax({e((n,), d)})", f"rmsnorm({e((n,), d)})", f"layernorm({e((n,), d)})"]
        sizes = self.fixed(n, k)
        if sizes is not None:
            a, b = sizes
            options += [f"prod({e((k, n), d)}, axis=0)", f"(tri({n}) @ {e((n,), d)})"]
            taps = self.random.choice([1, 2])
            if a + taps - 1 == b:
                options.append(f"conv1d({e((k,), d)}, {e((str(taps),), 0)})")
            if a == b and self.smooth:
                options.append(f"conv1d({e((k,), d)}, {e(('3',), 0)}, padding=1)")
            if a > 1:
                options.append(f"concat({e((n,), d)}[1:], {e((n,), 0)}[0:1])")
        return options

    def matrix(self, n: str, m: str, depth: int) -> list[str]:
        k = self.size()
        e, d = self.expression, depth
        options = [
            f"({e((n, k), d)} @ {e((k, m), d)})",
            f"outer({e((n,), d)}, {e((m,), 0)})",
            f'einsum("ik,k,jk->ij", {e((n, k), d)}, {e((k,), 0)}, {e((m, k), 0)})',
            f'einsum("ab->ba", {e((m, n), d)})',
            f'einsum("ja,ia", {e((m, k), d)}, {e((n, k), 0)})',
            f"({e((m, n), d)}).T",
            f"reshape({e((m, n), d)}, [{n}, {m}])",
        ]
        if self.smooth:
            options += [f"softmax({e((n, m), d)})", f"layernorm({e((n, m), d)})", f"rmsnorm({e((n, m), d)})"]
        if n == m:
            options += [f"diag({e((n,), d)})", f"({e((n, m), d)} + I({n}))", f"kron({e((n, m), d)}, I(1))"]
        sizes = self.fixed(n, m)
        if sizes is not None:
            options += [
                f"tril({e((n, m), d)})",
                f"triu({e((n, m), d)}, k=1)",
                f"({e((n, m), d)}*tri({n}, {m}, k={self.random.choice([-1, 0, 1])}))",
                f"concat({e((n, m), d)}[:, 0:1], {e((n, m), 0)}[:, 1:], axis=1)",
            ]
            if self.smooth:
                options.append(f"softmax({e((n, m), d)}, mask=tri({n}, {m}))")
                options.append(f"conv2d({e((n, m), d)}, {e(('1', '1'), 0)})")
        return options

    def comprehension(self, shape: Shape, depth: int) -> str:
        self.fresh += 1
        i = f"i{self.fresh}"
        e = self.expression
        if not shape:
            k = self.size()
            vector, other = e((k,), depth), e((k,), 0)
            options = [
                f"sum(({vector})[{i}] * ({other})[{i}] for {i} in 0..{k} - 1)",
                f"sum(({vector})[{i}] * ({i} + 1) for {i} in 0..{k} - 1)",
                f"sum(({vector})[{k} - 1 - {i}] * ({other})[{i}] for {i} in 0..{k} - 1)",
            ]
            if self.fixed(k) is not None:
                options.append(f"prod(({vector})[{i}] for {i} in 0..{k} - 1)")
            return self.pick(options)
        n, rest = shape[0], shape[1:]
        body = f"({e(shape, depth)})[{i}]"
        factor = e(rest, 0)
        if len(shape) == 2 and self.random.random() < 0.4:
            j = f"{i}b"
            a, b = e((n,), 0), e((shape[1],), 0)
            return f"[[({a})[{i}]*({b})[{j}] for {j} in 0..{shape[1]} - 1] for {i} in 0..{n} - 1]"
        return self.pick([f"[{body} * {factor} for {i} in 0..{n} - 1]", f"[{body} + {i} for {i} in 0..{n} - 1]"])


# --- names and coordinates -----------------------------------------------------------------------------------------------

_WORDS = {
    "param", "input", "const", "activation", "function", "precondition", "homogeneous", "positive", "nonzero", "in", "by", "with",
    "import", "as", "claw", "product", "pair", "unit", *DIMS,
}  # fmt: skip
_WORD = re.compile(r"(?<![\w.\"])[^\W\d]\w*")
_FRESH = (
    "p",
    "q",
    "W",
    "A1",
    "θ",
    "beta",
    "x_1",
    "Wv",
    "Ω",
    "eps",
    "γ",
    "H",
    "k2",
    "yy",
    "Mat",
    "c0",
    "lam",
    "UU",
    "g9",
    "Dd",
)


def declared(declarations: str) -> list[str]:
    """The names that declarations declare."""
    text = re.sub(r'"[^"]*"|\([^)]*\)|\[[^\]]*\]|with [^\n]*|by [^,\n]*', " ", declarations)
    return [w for w in dict.fromkeys(_WORD.findall(text)) if w not in _WORDS]


def renamed(family: Family, names: Mapping[str, str]) -> Family:
    """The same family with other names."""

    def new(text: str) -> str:
        return _WORD.sub(lambda found: names.get(found[0], found[0]), text)

    return Family(
        new(family.declarations),
        {names.get(k, k): s for k, s in family.leaves.items()},
        [(new(e), s) for e, s in family.phi],
        [(new(e), s) for e, s in family.laws],
        [new(e) for e in family.near],
        [(new(flow), [new(e) for e in laws]) for flow, laws in family.flows],
    )


def moved(family: Family, random: Random) -> tuple[Family, list[str]]:
    """The same family in other orthonormal coordinates of its parameters, which changes no law; and `let`s for the old ones."""
    line = next((x for x in family.declarations.split("\n") if x.startswith("param")), "")
    plain = "precondition" not in family.declarations and "positive" not in line and "nonzero" not in line
    names = [k for k in declared(line) if k in family.leaves]
    if not plain or not names or family.flows:
        return family, []
    a = random.choice(names)
    shape = family.leaves[a]
    alike = [b for b in names if b != a and family.leaves[b] == shape]
    options = ["negative"]
    if alike:
        options += ["rotation"] * 3
    if len(shape) == 2:
        options.append("transpose")
    if len(shape) > 1:
        options.append("flat")
    declarations, lets = family.declarations, []
    own = {a}
    kind = random.choice(options)
    brackets = f": [{', '.join(shape)}]" if shape else ""
    if kind == "rotation":
        b = random.choice(alike)
        own.add(b)
        c, s = random.choice([("3/5", "4/5"), ("5/13", "12/13"), ("0", "1"), ("8/17", "-15/17")])
        new = f"param {a}n{brackets}, {b}n{brackets}"
        lets = [f"let {a} = {c}*{a}n - {s}*{b}n", f"let {b} = {s}*{a}n + {c}*{b}n"]
    elif kind == "transpose":
        new = f"param {a}n: [{shape[1]}, {shape[0]}]"
        lets = [f"let {a} = {a}n.T"]
    elif kind == "flat":
        new = f"param {a}n: [{'*'.join(shape)}]"
        lets = [f"let {a} = reshape({a}n, [{', '.join(shape)}])"]
    else:
        new = f"param {a}n{brackets}"
        lets = [f"let {a} = -{a}n"]
    rest = [
        f"{k}: [{', '.join(family.leaves[k])}]" if family.leaves[k] else k
        for k in sorted(names, key=lambda k: len(family.leaves[k]) == 0)
        if k not in own
    ]
    kept = f"param {', '.join(rest)}\n" if rest else ""
    return replace(family, declarations=declarations.replace(line, kept + new)), lets


# --- files ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Program:
    """The text of a file, and the names of the laws that are true by construction."""

    text: str
    true: frozenset[str]
    family: str


def changed(text: str, random: Random, names: Sequence[str]) -> str:
    """An expression with one number, sign, name or function in it changed."""
    tokens = re.findall(r'"[^"]*"|[^\W\d][\w.]*|\d+(?:\.\d+)?|\.\.|\S', text)
    places = [k for k, x in enumerate(tokens) if x[0].isalnum() or x in "+-*@^"]
    if not places:
        return text
    for _ in range(random.choice([1, 1, 1, 2])):
        k = random.choice(places)
        x = tokens[k]
        if x.isdigit():
            tokens[k] = random.choice(["0", "1", "2", "3", f"{int(x) + 1}"])
        elif x in "+-":
            tokens[k] = "-" if x == "+" else "+"
        elif x in "*@":
            tokens[k] = random.choice("*@+-")
        elif x in names:
            tokens[k] = random.choice(list(names))
        elif x in _SWAPS:
            tokens[k] = random.choice(_SWAPS)
    return " ".join(tokens).replace(" . T", ".T").replace("= ", "=").replace(" =", "=")


_SWAPS = ("exp", "sin", "cos", "sqnorm", "sum", "prod", "trace", "diag", "relu", "abs", "log", "sqrt", "tril", "triu")


def function_of(laws: Sequence[tuple[str, Shape]], random: Random, constants: Mapping[str, Shape]) -> str:
    """A function of laws and constants."""
    (a, shape), (b, other) = ((f"({e})", s) for e, s in (random.choice(list(laws)) for _ in range(2)))
    total = f"sum({b})" if other else b
    options = [
        a,
        a,
        a,
        a,
        f"2*{a} - 7",
        f"{a}*{total}",
        f"{a}^2 + 3*{total}",
        "5",
        f"{a}/(1 + {total}^2)",
        f"{a}*exp({total}/9)",
    ]
    options += [f"tanh({total})", f"[{total}, sin({total})]", f"sqrt(1 + {total}^2)"]
    if shape:
        options += [f"sum({a})", f"{a}[-1]" + ("[0]" if len(shape) == 2 else "")]
    if len(shape) == 2 and shape[0] == shape[1]:
        options += [f"{a} @ {a}.T", f"trace({a} @ {a})", f"diag({a})", f"reshape({a}, [{shape[0]}*{shape[1]}])"]
    options += [f"{k}*{a} + {k}" for k, s in constants.items() if s == ()]
    return random.choice(options)


def random_program(random: Random, flows: bool = False) -> Program:
    """A model with two to five laws. With `flows`, under a flow that is not the plain gradient."""
    families = MOVING if flows else {**FREE, **FIXED}
    name = random.choice(list(families))
    family = families[name]
    sizes = {} if random.random() < 0.5 else {d: random.randint(1, 3) for d in DIMS}
    if random.random() < 0.5 and name not in ("two calls of a block", "mirror block"):
        own = declared(family.declarations)
        fresh = random.sample(_FRESH, len(own))
        names = {k: f"{x}" for k, x in zip(own, fresh, strict=True)}
        family = renamed(family, names)
    lets: list[str] = []
    if random.random() < 0.35:
        family, lets = moved(family, random)
    dims = ", ".join(d if not sizes else f"{d} = {sizes[d]}" for d in DIMS)
    lines = [f"dim {dims}", family.declarations, *lets]
    phi, laws, near = list(family.phi), list(family.laws), list(family.near)
    flow_laws: list[str] = []
    if flows:
        flow, texts = random.choice(list(family.flows))
        if random.random() < 0.25:
            more = random.choice(["decay(1/3)", "rate(2)", "rate(1 + t)", "decay(t)", "rate(1/2), decay(3)"])
            word = more[:4]
            flow = flow if word in flow else f"{flow}, {more}"
        lines.append(f"flow {flow}")
        flow_laws = list(texts)
    elif random.random() < 0.15:
        second = renamed(
            FREE[other := random.choice(sorted(FREE))], {k: f"{k}2" for k in declared(FREE[other].declarations)}
        )
        lines.append(second.declarations)
        phi, laws, near = [*phi, *second.phi], [*laws, *second.laws], [*near, *second.near]
        family = replace(family, leaves={**family.leaves, **second.leaves})
    data: dict[str, Shape] = {}
    if random.random() < 0.5:
        lines.append("input dx: [n]")
        data["dx"] = (N,)
    if random.random() < 0.5:
        lines.append("const dK: [n, m], dc in positive")
        data |= {"dK": (N, M), "dc": ()}
    has_open = random.random() < 0.2
    if has_open:
        lines.append("activation ds homogeneous 2, dq\nfunction dF")
    visible = dict(data)
    for k, (e, shape) in enumerate(phi):
        lines.append(f"let Z{k} = {e}")
        visible[f"Z{k}"] = shape
    depth = random.choice([0, 1, 1, 2, 2, 3])
    outputs = []
    for _ in range(random.randint(1, 2)):
        shape = random.choice([(), (N,), (M,), (N, M), random.choice(phi)[1]])
        e = Writer(random, visible, sizes).expression(shape, depth)
        if has_open and random.random() < 0.6:
            e = random.choice([f"ds({e})", f"dq({e})", f"dF({e})"])
        outputs.append(e)
    if random.random() < 0.7:
        outputs.insert(0, f"Z{random.randrange(len(phi))}")
    disturbed = random.random() < 0.12
    if disturbed and family.leaves:
        outputs.append(Writer(random, family.leaves, sizes, smooth=False).expression((), 1))
    if flows and random.random() < 0.2 and "precondition" not in family.declarations:
        lines.append(f"precondition {random.choice(list(family.leaves))} by 2")
        disturbed = True
    lines.append("map " + ", ".join(outputs))
    constants = {k: s for k, s in data.items() if k != "dx"}
    claims: list[str] = []
    true: set[str] = set()
    params = list(family.leaves)
    if flows:
        for e in random.sample(flow_laws, min(len(flow_laws), 2)):
            claims.append(random.choice([e, e, f"2*{e} + 1", f"sum({e})", f"({e})^2"]))
        claims.append(changed(random.choice(flow_laws), random, params))
    else:
        for _ in range(random.randint(1, 2)):
            if not disturbed:
                true.add(f"l{len(claims)}")
            claims.append(function_of(laws, random, constants))
        claims.append(changed(function_of(laws, random, constants), random, params or ["A.U", "A.V"]))
        if near:
            claims.append(random.choice(near))
    if random.random() < 0.3 and family.leaves:
        leaves = {**family.leaves, **constants}
        if flows and "momentum" in lines[2 + len(lets)]:  # the flow's line
            leaves |= {f"vel({k})": s for k, s in family.leaves.items()}
        writer = Writer(random, leaves, sizes, smooth=random.random() < 0.4)
        claims.append(writer.expression(random.choice([(), (), next(iter(family.leaves.values()))]), 2))
    for k, e in enumerate(claims):
        clause = " for n in 1..2, m = 2, r = 1" if not sizes and random.random() < 0.08 else ""
        lines.append(f"law l{k} = {e}{clause}")
    return Program("\n".join(lines) + "\n", frozenset(true), name)

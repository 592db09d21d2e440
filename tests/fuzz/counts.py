"""Numbers of laws of random models, against ranks in floating point at true data.

`at_least` may not be larger than the number at any parameters; `at_most` may not be smaller than at all of them. The second is
suspicious only, as long as better parameters and longer brackets may be found: more are tried before it is a finding. Where claws
names a point, it is looked at.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from random import Random

import numpy as np

from claws.report.results import ClaimResult
from claws.runner.options import Options
from claws.syntax import nodes
from tests.fuzz.constructs import constructs
from tests.fuzz.evaluator import Source, read
from tests.fuzz.families import DIMS, FREE, Shape
from tests.fuzz.harness import Finding, Outcome, random_of
from tests.fuzz.laws import FOLDER, decided
from tests.fuzz.opened import Chosen
from tests.fuzz.programs import Writer
from tests.fuzz.ranks import FileFields, Number, number_at
from tests.fuzz.residues import draw_point
from tests.fuzz.series import Numbers

OPTIONS = Options(budget=600_000, timeout=20.0)

MOST = 13
"""Models have at most so many coordinates."""

POINTS = 4
MORE = 60
"""Parameters that are tried at first, and before something is a finding."""


# --- random models -------------------------------------------------------------------------------------------------------


def _shape(*sizes: int) -> str:
    return f": [{', '.join(map(str, sizes))}]"


def _linear(random: Random) -> str:
    sizes = [random.randint(1, 2) for _ in range(random.randint(3, 4))]
    params = ", ".join(f"W{k}{_shape(b, a)}" for k, (a, b) in enumerate(itertools.pairwise(sizes)))
    chain = " @ ".join(f"W{k}" for k in reversed(range(len(sizes) - 1)))
    laws = [f"law l{k} = W{k} @ W{k}.T - W{k + 1}.T @ W{k + 1}" for k in range(len(sizes) - 2)]
    return f"param {params}\nmap {chain}\n" + "\n".join(random.sample(laws, random.randint(0, len(laws))))


_UNITS = (
    "relu",
    "relu",
    "relu",
    "abs",
    "leaky_relu",
    "elu",
    "h",
    "s",
    "tanh",
    "exp",
    "sigmoid",
    "softplus",
    "sin",
    "g",
    "e2",
    "silu",
)
_DECLARED = {
    "h": "activation h homogeneous 1\n",
    "s": "activation s\n",
    "g": "activation g with g' = 1 - g^2\n",
    "e2": "activation e2 with e2' = 2*e2\n",
}


def _layers(random: Random) -> str:
    """A network of two or three layers, with biases or without."""
    f = random.choice(_UNITS)
    deep = random.random() < 0.35
    sizes = [random.randint(1, 2) for _ in range(4 if deep else 3)]
    if not deep and random.random() < 0.3:
        sizes[1] = 3
    lines, params, x = [], [], "x"
    for k, (a, b) in enumerate(itertools.pairwise(sizes)):
        params.append(f"W{k}{_shape(b, a)}")
        x = f"W{k} @ {x}"
        if k < len(sizes) - 2:
            if random.random() < 0.5:
                params.append(f"b{k}{_shape(b)}")
                x = f"{x} + b{k}"
            x = f"{f}({x})"
    if not deep and random.random() < 0.4:
        bias = "b0" in params[-1] or any(p.startswith("b0") for p in params)
        lines.append(f"law l = diag(W0 @ W0.T) - diag(W1.T @ W1){' + b0^2' if bias else ''}")
    return f"{_DECLARED.get(f, '')}param {', '.join(params)}\ninput x{_shape(sizes[0])}\nmap {x}\n" + "\n".join(lines)


_SIDED = ("relu(z)", "h(z)", "q(z)", "abs(z)", "leaky_relu(z)", "elu(z)")
_SHARED = (*_SIDED, "relu(-z)", "z", "relu(z)^2", "relu(2*z)", "relu(z + 1)")


def _shared(random: Random) -> str:
    """Several functions of one argument."""
    terms = random.sample(random.choice([_SHARED, _SIDED, _SIDED[:3]]), random.randint(2, 3))
    body = " + ".join(f"{p}*{t}" for p, t in zip("uwp", terms, strict=False))
    affine = random.choice(["v @ x", "v @ x + b", "v[0]*x[0] + v[1]"])
    more = ", b" if "+ b" in affine else ""
    return (
        "activation h homogeneous 1, q homogeneous 1\n"
        f"param {', '.join('uwp'[: len(terms)])}{more}\nparam v: [2]\ninput x: [2]\nlet z = {affine}\nmap {body}"
    )


def _tied(random: Random) -> str:
    """Units that are on or off together, or never together."""
    return random.choice(
        [
            "param A: [2, 2]\nparam w, u, p\ninput x: [2], y: [2]\nmap u*relu(w*sum(relu(A @ x))), p*relu(-w*sum(relu(A @ y)))",
            "param a, w, u, p: [2]\ninput x: [2]\nmap u[0]*relu(w[0]*relu(a @ x)), p[0]*relu(-w[0]*relu(a @ x))",
            "param a: [2], w, u, p\ninput x: [2]\nmap u*relu(w*relu(a @ x)), p*relu(-w*relu(a @ x))",
            "param a: [2], w, u\ninput x: [2]\nmap relu(w)*u*relu(a @ x)",
            "param w, u, v\nmap relu(w)*u + abs(v)*w",
            "param w, u, v\ninput x\nmap u*relu(w*x) + v*relu(-w*x)",
            "param w, u, v, b\ninput x\nmap u*relu(w*x + b) + v*relu(-w*x - b)",
            "param w, u, v, b\ninput x\nmap u*relu(w*x + b) + v*relu(w*x - b)",
            "param W: [2, 2], V: [2, 2]\ninput x: [2]\nmap V @ relu(W @ x) + V @ relu(-(W @ x))",
            "param W: [2, 2]\ninput x: [2]\nmap W.T @ relu(W @ x)",
            "param W: [2, 2]\ninput x: [2]\nmap relu(W @ relu(W @ x))",
            "param u: [3], V: [3, 2]\ninput x: [2]\nmap u @ relu(V @ x)",
            "param u: [2], V: [2, 1]\ninput x: [1]\nmap u @ relu(V @ x)",
            "param u: [2], v: [2], b: [2]\ninput x\nmap sum(u*relu(v*x + b))*x",
        ]
    )


def _monomials(random: Random) -> str:
    outputs = []
    for _ in range(random.randint(1, 3)):
        terms = []
        for _ in range(random.randint(1, 3)):
            factors = [f"{p}^{e}" for p in "xyz" if (e := random.randint(0, 2))]
            terms.append("*".join([f"({random.choice([-3, -1, 1, 2])})", *factors]))
        outputs.append(" + ".join(terms))
    return f"param x, y, z\nmap {', '.join(outputs)}"


def _exponents(random: Random) -> str:
    """Related exponents, logarithms and roots."""
    a, b = random.choice(["v*x", "v", "v + w", "x*v + w"]), random.choice(["2*v*x", "v*x + w", "w", "2*v", "-v", "w*x"])
    f = random.choice(["exp", "exp", "exp", "tanh", "sigmoid", "sin", "erf", "softplus"])
    body = random.choice(
        [
            f"u*{f}({a}) + p*{f}({b})",
            f"u*exp({a})*exp({b})",
            f"u*exp({a}) + p*tanh({b})",
            f"u*{f}({a} + p)",
            "exp(log(1 + u^2)/2)*v*x + p*w",
            "u*log(1 + exp(v*x)) + p*softplus(v*x) + w",
            "sqrt(1 + u^2)*v*x + p*w",
            "sqrt(u^2 + v^2)*x, sqrt(4*u^2 + 4*v^2)*w + p",
            "u*exp(abs(v*x))*exp(-v*x) + w*p",
            "u*sqrt(relu(v*x)^2 + w^2) + p",
            "u*exp(relu(v*x)) + w*exp(2*relu(v*x)) + p*x",
            "softmax([u*x, v*x, w]) * p",
            "tanh(relu(u*x + v))*w + p",
        ]
    )
    return f"param u, v, w, p\ninput x\nmap {body}"


def _norms(random: Random) -> str:
    f = random.choice(
        [
            "rmsnorm",
            "layernorm",
            "softmax",
            "log(softmax({}))",
            "relu(rmsnorm({}))",
            "rmsnorm(relu({}))",
            "softmax(relu({}))",
        ]
    )
    n = random.randint(2, 3)
    inner = random.choice(["W @ x", "W @ x + b", "W[:, 0]*x[0] + b"])
    call = f.format(inner) if "{" in f else f"{f}({inner})"
    bias = f", b{_shape(n)}" if "+ b" in inner else ""
    gain = random.random() < 0.4
    return f"param W{_shape(n, 2)}{bias}{f', g{_shape(n)}' if gain else ''}\ninput x: [2]\nmap {call}{'*g' if gain else ''}"


def _attention(random: Random) -> str:
    f = random.choice(["softmax", "relu", "exp", ""])
    scores = f"{f}(X @ Q @ K.T @ X.T)" if f else "X @ Q @ K.T @ X.T"
    k = random.choice([1, 2])
    d = random.choice([1, 2]) if k == 1 else 1
    law = random.choice(["", "\nlaw l = Q.T @ Q - K.T @ K"])
    value = random.choice(["X", "X @ V"]) if d * k < 2 else "X"
    extra = f", V{_shape(d, 1)}" if "V" in value else ""
    return f"param Q{_shape(d, k)}, K{_shape(d, k)}{extra}\ninput X{_shape(2, d)}\nmap {scores} @ {value}{law}"


def _piecewise(random: Random) -> str:
    """Piecewise units inside of functions, products and each other."""
    return random.choice(
        [
            "param W: [2, 2], V: [2, 2]\ninput x: [2]\nmap softmax(V @ relu(W @ x))",
            "param W: [2, 2], V: [2, 2]\ninput x: [2]\nmap relu(W @ x)*relu(V @ x)",
            "param W: [2, 2], V: [2, 2], u: [2]\ninput x: [2]\nmap u*relu(W @ x)*tanh(V @ x)",
            "param a, b: [2], u\ninput x: [2]\nmap u*(relu(a @ x - b @ x) + b @ x)",
            "param a, b: [2], u\ninput x: [2]\nmap u/(1 + relu(a @ x)), b @ x",
            "param a, b: [2], u, c\ninput x: [2]\nmap u*relu(1 - relu(a @ x + c)) + b[0]*b[1]",
            "param a: [2], u, c, w\ninput x: [2]\nmap u*relu(w*relu(a @ x) + c)",
            "param a: [2], u, c, w\ninput x: [2]\nmap x[0] + u*relu(a @ x), w*relu(x[1] + c*relu(a @ x))",
            "param u, v, w in positive\ninput x\nmap u*relu(v*x - w)",
            "param u, v, w in positive\ninput x in positive\nmap u*relu(v*x + w)",
            "param u, v, w in nonzero\nconst k\nmap relu(u*v)*w + k*relu(-u)",
            "param p: [2], q: [2]\ninput x: [2]\nmap relu(p*x)*q, abs(q*x)",
            "param W: [2, 2], g: [2]\ninput x: [2]\nmap g*relu(layernorm(W @ x))",
            "param a: [2], u, c\ninput x: [2]\nmap u*elu(a @ x + c), c*relu(x[0])",
        ]
    )


_WEIGHTS = "abcdefg"


def _units(random: Random) -> str:
    """Units of random sums of data and of other units, which share weights, signs and kinks."""
    names = list(_WEIGHTS[: random.randint(3, 6)])
    some_positive = random.random() < 0.3
    last = random.choice(names[1:]) if some_positive else ""
    data = random.choice(["x", "x", "x in positive", "x, y"])
    atoms = ["x", *(["y"] if "y" in data else [])]
    lets = []

    def weight() -> str:
        return random.choice([*names, *names, f"(-{random.choice(names)})", "2", "(-1)", "1"])

    for k in range(random.randint(2, 4)):
        terms = [f"{weight()}*{random.choice(atoms)}" for _ in range(random.randint(1, 2))]
        if random.random() < 0.4:
            terms.append(random.choice([random.choice(names), "1"]))
        f = random.choice(
            ["relu", "relu", "relu", "abs", "leaky_relu", "elu", "tanh", "exp", "softplus", "relu(relu({}) - 1)"]
        )
        inner = " + ".join(terms)
        lets.append(f"let z{k} = {f.format(inner) if '{' in f else f'{f}({inner})'}")
        atoms.append(f"z{k}")
    units = [x for x in atoms if x.startswith("z")]
    outputs = []
    for _ in range(random.randint(1, 2)):
        terms = [f"{weight()}*{random.choice(units)}" for _ in range(random.randint(1, 3))]
        if random.random() < 0.2:
            terms.append(f"{random.choice(units)}*{random.choice(units)}")
        outputs.append(" + ".join(terms))
    free = ", ".join(x for x in names if x != last)
    domain = f"\nparam {last} in positive" if last else ""
    return f"param {free}{domain}\ninput {data}\n" + "\n".join(lets) + f"\nmap {', '.join(outputs)}"


def _mirror(random: Random) -> str:
    return random.choice(
        [
            "param u, v: [2] in positive\nprecondition u by u, v by v\nmap u*v",
            "param u, v: [2] in positive\nprecondition u by u, v by v\nmap u @ v",
            "param U: [2, 1] in positive, V: [2, 1] in positive\nprecondition U by U, V by V\nmap U @ V.T",
            "param u, v\nconst c, d in positive\nprecondition u by c, v by d\ninput x\nmap u*tanh(v*x)",
            "param u, v, w\nprecondition u by v^2\nmap u*v*w",
            "param u, v: [2]\nstop\n".replace("stop\n", "map u*v, sum(u)"),
            "param u, v, w in nonzero\nmap u/v, v/w",
            "param u: [3] in nonzero\nmap sqnorm(u), 1/prod(u)",
            "param A: [2, 2]\nmap det(A)",
            "param A: [2, 2]\nmap det(A), trace(A)",
        ]
    )


def _flows(random: Random) -> str:
    base = random.choice(
        ["param u, v\nmap u*v", "param u, v\nmap u + v", "param u, v, w\nmap u*v*w", "param u, v\ninput x\nmap u*relu(v*x)",
         "param u, v in positive\nprecondition u by u, v by v\nmap u*v", "param u, w\nmap u^2", "param u: [2], v: [2]\nmap u @ v"]
    )  # fmt: skip
    flow = random.choice(
        ["momentum(0)", "momentum(2)", "momentum(3/t)", "gradient, decay(1)", "gradient, decay(1, u)", "gradient, rate(t)",
         "gradient, rate(2, u)", "gradient, decay(1/(1 + t)), rate(3)", "momentum(1), decay(2)"]
    )  # fmt: skip
    return f"{base}\nflow {flow}"


def _random(random: Random) -> str:
    """A random function of quantities of a family."""
    name = random.choice(sorted(FREE))
    family = FREE[name]
    sizes = {d: random.choice([1, 1, 2]) for d in DIMS}
    lines = [f"dim {', '.join(f'{d} = {n}' for d, n in sizes.items())}", family.declarations, "input dx: [n]"]
    visible: dict[str, Shape] = {"dx": ("n",)}
    for k, (e, shape) in enumerate(family.phi):
        lines.append(f"let Z{k} = {e}")
        visible[f"Z{k}"] = shape
    writer = Writer(random, visible, sizes)
    outputs = [
        writer.expression(random.choice([(), ("n",), ("m",)]), random.choice([0, 1, 1, 2])),
        f"Z{len(family.phi) - 1}",
    ]
    lines.append("map " + ", ".join(random.sample(outputs, random.randint(1, 2))))
    for k, (e, _) in enumerate(family.laws):
        if random.random() < 0.5:
            lines.append(f"law l{k} = {e}")
    return "\n".join(lines)


KINDS: Sequence[tuple[Callable[[Random], str], int]] = (
    (_linear, 2), (_layers, 5), (_shared, 3), (_tied, 3), (_monomials, 2), (_exponents, 3), (_norms, 2), (_attention, 2),
    (_piecewise, 3), (_mirror, 1), (_flows, 1), (_units, 8), (_random, 4),
)  # fmt: skip


def random_model(random: Random) -> tuple[str, str]:
    """A small model, perhaps with laws, and what it is an example of."""
    make = random.choices([f for f, _ in KINDS], [w for _, w in KINDS])[0]
    return make(random).rstrip() + "\n", make.__name__.strip("_")


# --- the truth -----------------------------------------------------------------------------------------------------------


@dataclass
class Seen:
    """The numbers of laws at some parameters."""

    source: Source
    least: int | None = None
    """The least one that was seen clearly."""
    at: str = ""


def _state(source: Source, random: np.random.Generator, kind: int) -> dict[str, Numbers]:
    """Parameters: of order one, or small and large, with biases that are small, or balanced a little."""
    point = draw_point(source, random)
    for name, leaf in source.leaves.items():
        if leaf.role != "param":
            continue
        if kind % 4 == 1:
            point[name] = point[name] * random.choice([0.1, 0.5, 2, 4])
        elif kind % 4 == 2:
            x = random.normal(size=leaf.shape)
            point[name] = np.abs(x) + 0.05 if leaf.domain == "positive" else x
        elif kind % 4 == 3:
            # units that see units are alive, and their kinks are near
            point[name] = np.abs(point[name]) if len(leaf.shape) == 2 else point[name] * 0.2
    return point


def _number(seen: Seen, point: Mapping[str, Numbers], seed: int, depth: int, idle: int, stop: int = 0) -> Number | None:
    """The number of laws near some parameters, where it is clear; one that would be the least so far in higher precision, too."""
    chosen = Chosen(seed % 1000)
    found = number_at(FileFields(seen.source, point, chosen), seed, depth, idle, stop)
    if found is None or not found.clear:
        return None
    if seen.least is not None and found.laws < seen.least:
        again = number_at(FileFields(seen.source, point, chosen, np.longdouble), seed, depth, idle, stop)
        if again is None or not again.clear or again.laws != found.laws:
            return None
    return found


def _numbers(
    seen: Seen, key: object, points: int, depth: int, idle: int
) -> Iterator[tuple[int, dict[str, Numbers], int]]:
    """The numbers of laws at random parameters, with these and a seed."""
    for k in range(points):
        seed = random_of("state", key, k, idle).randrange(2**31)
        point = _state(seen.source, np.random.default_rng(seed), k)
        found = _number(seen, point, seed, depth, idle)
        if found is not None:
            yield found.laws, point, seed


def look_at(seen: Seen, key: object, points: int, depth: int, idle: int, wanted: int) -> None:
    """The number of laws at some parameters, until there are such with as few laws as wanted."""
    for laws, point, _ in _numbers(seen, key, points, depth, idle):
        _note(seen, laws, point)
        if laws <= wanted:
            return


def look_harder(seen: Seen, key: object, depth: int, wanted: int) -> None:
    """The same at many parameters: brackets are tried only where generators alone leave the fewest laws."""
    best: list[tuple[int, int, dict[str, Numbers], int]] = []
    for laws, point, seed in _numbers(seen, (key, "more"), MORE, 1, 25):
        _note(seen, laws, point)
        if laws <= wanted:
            return
        best.append((laws, len(best), point, seed))
    for _, _, point, seed in sorted(best, key=lambda x: x[:2])[:6]:
        found = _number(seen, point, seed, depth, 40, wanted)
        if found is not None:
            _note(seen, found.laws, point)
            if found.laws <= wanted:
                return


def _note(seen: Seen, laws: int, point: Mapping[str, Numbers]) -> None:
    if seen.least is None or laws < seen.least:
        seen.least = laws
        seen.at = ", ".join(f"{n} = {np.round(x, 4).tolist()}" for n, x in point.items() if n in seen.source.state())


def claimed(result: ClaimResult) -> tuple[int | None, int | None]:
    """The bounds of the number of laws that a result asserts, from its verdict and what it lists."""
    low: int | None = None
    high: int | None = None
    bounds = result.detail.bounds
    if bounds is not None:
        low, high = bounds.at_least, bounds.at_most
    return low, high


def case(seed: int, number: int) -> Outcome:
    """One random model, with its number of laws and wrong ones claimed."""
    random = random_of("counts", seed, number)
    text, kind = random_model(random)
    outcome = Outcome()
    check_model(text, kind, (seed, number), random, outcome)
    return outcome


def check_model(text: str, kind: str, key: object, random: Random, outcome: Outcome) -> None:
    """Claim numbers of laws of a model, and look at the verdicts."""
    source = Source(read(text), {}, FOLDER)
    total = sum(int(np.prod(leaf.shape)) for leaf in source.state().values())
    if total > MOST:
        return
    depth = 6 if source.timed else 4
    seen = Seen(source)
    look_at(seen, (key, "first"), POINTS, depth, 10, 0)
    if seen.least is None:
        outcome.notes["models without a clear number"] += 1
        return
    k = seen.least
    wrong = random.choice([f"count = {k + 1}", f"count >= {k + 1}", f"count <= {k - 1}", f"count = {k - 1}"])
    laws = [s.name.name for s in source.file.statements if isinstance(s, nodes.Law)]
    claims = [f"count = {k}", *([wrong] if random.random() < 0.5 else [])]
    if laws and random.random() < 0.6:
        claims.append(f"complete {', '.join(laws)}")
    whole = text + "\n".join(claims) + "\n"
    try:
        _, results, errors = decided(whole, OPTIONS)
    except Exception as problem:
        outcome.findings.append(Finding(f"an exception, {type(problem).__name__}", repr(problem)[:500], whole))
        return
    for error in errors:
        outcome.notes[f"errors {error.split()[0]}"] += 1
    used = constructs(read(whole)) | {kind}
    for result in (r for r in results if r.kind in ("count", "complete")):
        outcome.verdicts[result.verdict.value] += 1
        if result.verdict != "UNKNOWN":
            outcome.constructs.update(used)
        elif result is results[-len(claims)]:
            outcome.notes[f"UNKNOWN of {kind}"] += 1
        finding = judge(whole, result, seen, key, depth, outcome)
        if finding is not None:
            outcome.findings.append(finding)


def judge(text: str, result: ClaimResult, seen: Seen, key: object, depth: int, outcome: Outcome) -> Finding | None:
    """What is wrong with a verdict or with bounds, if something is."""
    low, high = claimed(result)
    premises = ", ".join(p.code for p in result.premises) or "none"
    name = f"{result.name} ({result.verdict.value}, bounds {low}..{high}, premises: {premises})"
    given = " under a premise" if result.premises else ""
    verdict = result.verdict.value
    if result.kind == "count" and verdict != "UNKNOWN":
        assert low is not None and high is not None
        relation, k = _count_of(text, result)
        truth = {"=": low == high == k, ">=": low >= k, "<=": high <= k}[relation]
        false = {"=": not low <= k <= high, ">=": high < k, "<=": low > k}[relation]
        if not (truth if verdict == "PROVED" else false):
            return Finding("a verdict that its bounds do not support", name, text)
    assert seen.least is not None
    if low is not None and low > seen.least:
        return Finding(f"too many laws{given}", f"{name}: there are at most {seen.least} near {seen.at}", text)
    if high is not None and high < seen.least:
        look_harder(seen, key, depth, high)
        outcome.notes["bounds that took a longer look"] += 1
        if high < seen.least:
            return Finding(
                f"too few laws{given}", f"{name}: no fewer than {seen.least} were seen, near {seen.at}", text
            )
    return _at_the_point(text, result, seen.source, low, high, depth)


def _count_of(text: str, result: ClaimResult) -> tuple[str, int]:
    line = text.split("\n")[result.span.line - 1].split()
    return line[1], int(line[2])


def _at_the_point(
    text: str, result: ClaimResult, source: Source, low: int | None, high: int | None, depth: int
) -> Finding | None:
    """Near the point that a verdict names, the number is what it says."""
    point = result.detail.to_json().get("point")
    if not isinstance(point, Mapping) or result.verdict == "UNKNOWN":
        return None
    values = {k: np.ones(leaf.shape) for k, leaf in {**source.leaves, **source.state()}.items()}
    for name, x in point.items():
        if name in values:
            values[name] = np.vectorize(lambda y: float(Fraction(y)), otypes=[float])(np.array(x, dtype=object))
        elif "[" in name and name.partition("[")[0] in values:
            place = tuple(int(i) for i in name.partition("[")[2].rstrip("]").split(","))
            values[name.partition("[")[0]][place] = float(Fraction(x))
    best: Number | None = None
    for k in range(4):
        found = number_at(FileFields(source, values, Chosen(k)), k, depth, 20 + 20 * k)
        if found is not None and found.clear and (best is None or found.laws < best.laws):
            best = found
        if best is not None and best.laws == high:
            break
    if best is not None and low is not None and best.laws < low:
        return Finding("too many laws at the point that is named", f"{best.laws} at {point}, {low} claimed", text)
    if best is not None and high is not None and best.laws > high:
        return Finding("too few laws at the point that is named", f"{best.laws} at {point}, {high} claimed", text)
    return None

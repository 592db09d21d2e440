"""Random small programs with free dims: every node kind, with operands that fit.

Numbers stay of order one and away from poles and kinks, so that floating point can be compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from random import Random

import numpy as np

from claws.kernel import Malformed, Program, Size, Statement
from claws.kernel.core import program as p
from claws.kernel.core.flow import Part, flow_of
from tests.kernel.reference import Array, shape_of
from tests.kernel.sketches import Det, Gather, Product, Reshape, Scatter, Sketch, drawn

N, M = Size.dim("n"), Size.dim("m")
ONE = Size.of(1)
ACTIVATIONS = (
    ("s", None),
    ("h", Fraction(2)),
    ("g", Fraction(1)),
    ("k", Fraction(0)),
    ("mask", None),
    ("named", None),
)
SMOOTH = (
    "sin",
    "cos",
    "tanh",
    "sigmoid",
    "exp",
    "erf",
    "softplus",
    "normal_cdf",
    "s",
    "mask",
    "named",
    "h",
    "g",
    "k",
    "relu",
)


class Maker:
    def __init__(self, random: Random) -> None:
        self.random = random
        self.nodes: list[p.Node] = []
        self.shapes: list[p.Shape] = []
        self.positive: set[int] = set()
        for name, role, shape, domain in (
            ("U", "param", (N, M), "real"),
            ("w", "param", (N,), "real"),
            ("a", "param", (), "real"),
            ("P", "param", (M,), "positive"),
            ("E", "param", (ONE, N), "real"),
            ("C", "const", (N, N), "real"),
            ("x", "input", (M,), "real"),
        ):
            k = self.put(p.Leaf(name, role, shape, domain))
            if k is not None and domain == "positive":
                self.positive.add(k)

    def put(self, item: Sketch) -> int | None:
        """The position of the value of an item, or None where it does not fit or is too large."""
        try:
            drawing = drawn([*self.nodes, item], ACTIVATIONS, ("F",))
            found = Program(tuple(drawing.nodes), ACTIVATIONS, ("F",)).shapes
        except Malformed:
            return None
        if any(len(shape) > 4 for shape in found):
            return None
        new = drawing.nodes[len(self.nodes) :]
        self.nodes += new
        self.shapes += found[len(self.shapes) :]
        return drawing.place[len(drawing.place) - 1] if new else None

    def some(self) -> int:
        # later nodes more often, so that programs become deep
        r, last = self.random, len(self.nodes) - 1
        return max(r.randint(0, last), r.randint(0, last))

    def step(self) -> None:
        r = self.random
        kind = r.choice(
            ["einsum"] * 5 + ["sum"] * 3 + ["power", "apply", "apply", "product", "opaque", "gather", "gather"]
        )
        kind = r.choice([kind] * 4 + ["scatter", "reshape", "reshape", "number", "iota", "det", "stop"])
        x = self.some()
        shape = self.shapes[x]
        if kind == "einsum":
            self.einsum()
        elif kind == "sum":
            same = [k for k, s in enumerate(self.shapes) if s == shape]
            self.put(
                p.Sum(tuple((Fraction(r.choice([1, -1, 2, 3]), r.choice([1, 2])), r.choice(same)) for _ in range(2)))
            )
        elif kind == "power":
            e = Fraction(r.choice([2, 3, -1, 1, 0, -2]))
            if x in self.positive and r.random() < 0.7:
                e = Fraction(r.choice([1, 3, -1]), 2)
            k = self.put(p.power(x, e))
            if k is not None and x in self.positive:
                self.positive.add(k)
        elif kind == "apply":
            f = r.choice(SMOOTH)
            k = self.put(p.Apply(f, x))
            if k is not None and f == "exp":
                self.positive.add(k)
        elif kind == "product":
            self.put(Product(x))
        elif kind == "stop":
            k = self.put(p.Stop(x))
            if k is not None and x in self.positive:
                self.positive.add(k)
        elif kind == "det":
            self.put(Det(r.choice([5, x])))
        elif kind == "opaque":
            operands = tuple(self.some() for _ in range(r.randint(1, 2)))
            batch = r.randint(0, min(2, len(shape)))
            tail = r.choice([shape[batch:], (), (N,), (ONE, N), (M,)])
            self.put(p.Call("F", (x, *operands[1:]), (*shape[:batch], *tail), batch))
        elif kind == "gather" and shape:
            axis = r.randrange(len(shape))
            size = shape[axis]
            choice = r.choice(["first", "last", "reverse", "tail", "window"])
            if choice == "first":
                self.put(Gather(x, axis, Size.of(0), (), ()))
            elif choice == "last":
                self.put(Gather(x, axis, size - 1, (), ()))
            elif choice == "reverse":
                self.put(Gather(x, axis, size - 1, (-1,), (size,)))
            elif choice == "tail":
                self.put(Gather(x, axis, ONE, (1,), (size - 1,)))
            else:
                self.put(Gather(x, axis, Size.of(0), (1, 1), (size - 1, Size.of(2))))
        elif kind == "scatter" and shape:
            axis = r.randrange(len(shape))
            size = shape[axis]
            step, extra = r.choice([(1, 0), (1, 2), (2, 0), (-1, 0)])
            start = size - 1 if step < 0 else Size.of(extra)
            self.put(Scatter(x, axis, start, (step,), size * abs(step) + extra))
        elif kind == "reshape":
            total = p.count_entries(shape)
            options: list[p.Shape] = [(total,), (*shape, ONE), (ONE, *shape), tuple(reversed(shape))]
            self.put(Reshape(x, r.choice(options)))
        elif kind == "number":
            self.put(p.Number(r.choice([N, N * M - 3, Size.of(Fraction(1, 2)), Size.of(-2)])))
        elif kind == "iota":
            self.put(p.Iota(r.choice([Size.of(0), N]), r.choice([1, -2]), r.choice([N, M, ONE])))

    def einsum(self) -> None:
        r = self.random
        sizes: list[Size] = []
        labels: list[tuple[int, ...]] = []
        operands = tuple(self.some() for _ in range(r.randint(1, 3)))
        for m in operands:
            row = []
            for n in self.shapes[m]:
                old = [k for k, s in enumerate(sizes) if s == n]
                if old and r.random() < 0.6:
                    row.append(r.choice(old))
                else:
                    sizes.append(n)
                    row.append(len(sizes) - 1)
            labels.append(tuple(row))
        if r.random() < 0.15:
            sizes.append(N)
        out = [k for k in range(len(sizes)) if r.random() < 0.45][:3]
        if out and len(out) < 3 and r.random() < 0.15:
            out.append(r.choice(out))
        r.shuffle(out)
        k = self.put(p.Einsum(operands, tuple(labels), tuple(out), tuple(sizes)))
        if k is not None and all(m in self.positive for m in operands) and len(set(out)) == len(out):
            self.positive.add(k)

    def statement(self) -> Statement:
        r = self.random
        program = Program(tuple(self.nodes), ACTIVATIONS, ("F",))
        x = next(k for k, node in enumerate(self.nodes) if isinstance(node, p.Leaf) and node.name == "x")
        stops = {k for k, node in enumerate(self.nodes) if isinstance(node, p.Stop)}
        laws = [k for k in range(len(self.nodes)) if not {x, *stops} & set(program.cone([k]))]
        law = max(r.choice(laws), r.choice(laws))
        params = {k for k, node in enumerate(self.nodes) if isinstance(node, p.Leaf) and node.role == "param"}
        near = params & set(program.cone([law]))
        # outputs that move when the law's parameters do, where there are any
        moving = [k for k in range(len(self.nodes)) if near & set(program.cone([k]))] or [len(self.nodes) - 1]
        outputs = tuple({max(r.choice(moving), r.choice(moving)) for _ in range(2)})
        scale = [
            (node.name, k) for k, node in enumerate(self.nodes) if isinstance(node, p.Leaf) and node.role == "param"
        ]
        factors = dict([r.choice(scale)]) if r.random() < 0.3 else {}
        parts = [Part(name, factors.get(name), name) for name, _ in scale]
        for name, k in scale:
            fields = [n for n in laws if self.shapes[n] == self.shapes[k]]
            if fields and r.random() < 0.15:
                parts.append(Part(name, r.choice(fields)))
        return Statement(program, outputs, law, flow_of(parts))


def random_statement(random: Random, steps: int = 9) -> Statement:
    maker = Maker(random)
    for _ in range(steps):
        maker.step()
    return maker.statement()


def random_leaves(program: p.Program, random: np.random.Generator) -> dict[str, Array]:
    """Values for the leaves of a program of fixed sizes: none close to 0."""
    result = {}
    for n, leaf in program.leaves(*p.ROLES):
        shape = shape_of(program, n)
        x = random.uniform(0.4, 1.3, shape)
        if leaf.domain == "real":
            x = x * random.choice([-1, 1], shape)
        result[leaf.name] = x + 0j
    return result


def at_sizes(statement: Statement, sizes: Mapping[str, int]) -> Statement:
    program = statement.program.at(sizes)
    return Statement(program, statement.outputs, statement.law, statement.flow)

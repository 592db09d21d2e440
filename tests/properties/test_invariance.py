"""Verdicts on a model and on the same model written otherwise never contradict each other."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from claws.kernel.core.finding import Verdict
from claws.runner.check import check_text
from claws.runner.options import Options
from claws.syntax import nodes
from claws.syntax.printer import print_file
from claws.syntax.reader import load_text
from tests.properties.interpreter import read
from tests.properties.programs import DIMS, FAMILIES, Program, programs

quiet = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
OPTIONS = Options(budget=100_000, timeout=None)


# --- trees ---------------------------------------------------------------------------------------------------------------


def rewritten(x: Any, change: Callable[[Any], Any]) -> Any:
    """The tree with `change` made at every node, from the leaves up."""
    if isinstance(x, tuple):
        return tuple(rewritten(y, change) for y in x)
    if not is_dataclass(x) or isinstance(x, type):
        return x
    parts = {f.name: rewritten(getattr(x, f.name), change) for f in fields(x) if f.compare}
    return change(replace(x, **parts))


def substituted(x: Any, by: Mapping[str, nodes.Expression]) -> Any:
    """The tree with expressions for names, where they are used and not where they are declared."""
    return rewritten(x, lambda y: by.get(y.name, y) if isinstance(y, nodes.Name) else y)


def expression(text: str, **parts: nodes.Expression) -> nodes.Expression:
    """The tree of an expression, with parts put in for names."""
    let = read(f"let z = {text}").statements[0]
    return substituted(let.value, parts)


@dataclass(frozen=True)
class Leaf:
    """A declared array."""

    role: str
    name: str
    shape: tuple[nodes.Expression, ...] | None
    domain: str

    def declaration(self) -> nodes.Declare:
        domain = nodes.Identifier(self.domain)
        return nodes.Declare(self.role, (nodes.Group((nodes.Identifier(self.name),), self.shape, domain),))


class Parts:
    """A file taken apart, to be changed and put together again."""

    def __init__(self, file: nodes.File) -> None:
        self.leaves = [leaf for s in file.statements if isinstance(s, nodes.Declare) for leaf in _leaves(s)]
        self.factors = {n.name: e for s in file.statements if isinstance(s, nodes.Precondition) for n, e in s.entries}
        self.map = next(s for s in file.statements if isinstance(s, nodes.Map))
        self.laws = [s for s in file.statements if isinstance(s, nodes.Law)]
        taken = nodes.Declare | nodes.Precondition | nodes.Map | nodes.Law
        self.others = [s for s in file.statements if not isinstance(s, taken)]

    def params(self) -> list[Leaf]:
        return [leaf for leaf in self.leaves if leaf.role == "param"]

    def put(self, leaf: Leaf) -> None:
        """Change the declaration of the leaf of this name."""
        self.leaves = [leaf if x.name == leaf.name else x for x in self.leaves]

    def substitute(self, **by: nodes.Expression) -> None:
        """Write expressions for names, everywhere."""
        self.factors = {n: substituted(e, by) for n, e in self.factors.items()}
        self.map = substituted(self.map, by)
        self.laws = [substituted(s, by) for s in self.laws]
        self.others = [substituted(s, by) for s in self.others]

    def file(self) -> nodes.File:
        factors = [nodes.Precondition(((nodes.Identifier(n), e),)) for n, e in self.factors.items()]
        leaves = [leaf.declaration() for leaf in self.leaves]
        return nodes.File(None, (*self.others, *leaves, *factors, self.map, *self.laws))


def _leaves(s: nodes.Declare) -> Iterator[Leaf]:
    for group in s.groups:
        for name in group.names:
            yield Leaf(s.role, name.name, group.shape, group.domain.name if group.domain else "real")


# --- the same, written otherwise -----------------------------------------------------------------------------------------

Change = Callable[[Parts, random.Random], object]
"""Changes the parts; returns False where the file has nothing to change."""

SPELLINGS: dict[str, Change] = {}
"""The same statement in other words: besides, what is proved stays proved."""
EQUIVALENT: dict[str, Change] = {}
"""Other models or laws: the new claim is true if and only if the old one is."""
WEAKER: dict[str, Change] = {}
"""If the old claim is true then the new one is."""
STRONGER: dict[str, Change] = {}
"""If the new claim is true then the old one is."""


def into(table: dict[str, Change]) -> Callable[[Change], Change]:
    def register(change: Change) -> Change:
        table[change.__name__] = change
        return change

    return register


@into(SPELLINGS)
def rename(parts: Parts, rng: random.Random) -> None:
    """All names but those of laws, so that their order is another one, too."""
    names = [*DIMS, *(leaf.name for leaf in parts.leaves)]
    names += [s.name.name for s in parts.others if isinstance(s, nodes.Let)]
    names += [n.name for s in parts.others if isinstance(s, nodes.Activation) for n, _ in s.entries]
    new = dict(zip(names, rng.sample([f"{a}{b}" for a in "abuUxZ" for b in "_pQ789"], len(names)), strict=True))

    def change(x: Any) -> Any:
        known = isinstance(x, nodes.Name | nodes.Identifier) and x.name in new
        return replace(x, name=new[x.name]) if known else x

    laws = {s.name.name for s in parts.laws}
    assert not laws & set(new)
    parts.leaves = [replace(x, name=new[x.name], shape=rewritten(x.shape, change)) for x in parts.leaves]
    parts.factors = {new[n]: rewritten(e, change) for n, e in parts.factors.items()}
    parts.map, parts.laws, parts.others = (
        rewritten(parts.map, change),
        [rewritten(s, change) for s in parts.laws],
        [rewritten(s, change) for s in parts.others],
    )


@into(SPELLINGS)
def reorder_statements(parts: Parts, rng: random.Random) -> None:
    for statements in (parts.leaves, parts.laws, parts.others):
        rng.shuffle(statements)


@into(SPELLINGS)
def commute(parts: Parts, rng: random.Random) -> None:
    """Terms and elementwise factors in another order."""

    def change(x: Any) -> Any:
        if isinstance(x, nodes.Binary) and x.operator in "+*" and rng.random() < 0.7:
            return replace(x, left=x.right, right=x.left)
        return x

    parts.map = rewritten(parts.map, change)
    parts.laws = [rewritten(s, change) for s in parts.laws]
    parts.others = [rewritten(s, change) for s in parts.others]


@into(SPELLINGS)
def write_out_lets(parts: Parts, rng: random.Random) -> None:
    lets = {s.name.name: s.value for s in parts.others if isinstance(s, nodes.Let)}
    parts.others = [s for s in parts.others if not isinstance(s, nodes.Let)]
    parts.substitute(**lets)


@into(SPELLINGS)
def transpose_params(parts: Parts, rng: random.Random) -> bool:
    """Every matrix of parameters is stored as its transpose."""
    matrices = [p for p in parts.params() if p.shape is not None and len(p.shape) == 2]
    for p in matrices:
        assert p.shape is not None
        parts.put(replace(p, shape=p.shape[::-1]))
        if p.name in parts.factors:
            parts.factors[p.name] = nodes.Transpose(parts.factors[p.name])
    parts.substitute(**{p.name: nodes.Transpose(nodes.Name(p.name)) for p in matrices})
    return bool(matrices)


@into(SPELLINGS)
def reorder_outputs(parts: Parts, rng: random.Random) -> None:
    """The outputs in another order, one of them twice."""
    outputs = [*parts.map.outputs, rng.choice(parts.map.outputs)]
    rng.shuffle(outputs)
    parts.map = nodes.Map(tuple(outputs))


@into(SPELLINGS)
def stack_outputs(parts: Parts, rng: random.Random) -> None:
    parts.map = nodes.Map(tuple(nodes.Array((e, e)) for e in parts.map.outputs))


@into(SPELLINGS)
def data_as_constants(parts: Parts, rng: random.Random) -> None:
    parts.leaves = [replace(x, role="const") if x.role == "input" else x for x in parts.leaves]


@into(SPELLINGS)
def constants_as_params_that_stand_still(parts: Parts, rng: random.Random) -> bool:
    constants = [x.name for x in parts.leaves if x.role == "const"]
    parts.leaves = [replace(x, role="param") if x.role == "const" else x for x in parts.leaves]
    parts.factors.update({name: expression("0") for name in constants})
    return bool(constants)


@into(SPELLINGS)
def another_param(parts: Parts, rng: random.Random) -> None:
    """A parameter of its own, which is also an output."""
    parts.leaves.append(Leaf("param", "another", None, "real"))
    parts.map = nodes.Map((*parts.map.outputs, nodes.Name("another")))


@into(SPELLINGS)
def twice_as_fast(parts: Parts, rng: random.Random) -> None:
    """All parameters move at twice the speed."""
    for p in parts.params():
        parts.factors[p.name] = expression("2*P", P=parts.factors.get(p.name, expression("1")))


@into(SPELLINGS)
def scale_a_param(parts: Parts, rng: random.Random) -> None:
    """x = c*x': then x' moves 1/c^2 times as fast."""
    p = rng.choice(parts.params())
    c = expression(rng.choice(["2", "3", "(1/2)"] + ["(-2)", "(-1)"] * (p.domain != "positive")))
    parts.factors[p.name] = expression("P/c^2", P=parts.factors.get(p.name, expression("1")), c=c)
    parts.substitute(**{p.name: expression("c*x", c=c, x=nodes.Name(p.name))})


@into(EQUIVALENT)
def rotate_params(parts: Parts, rng: random.Random) -> bool:
    """Two parameters of one shape, in coordinates rotated and reflected."""
    free = [p for p in parts.params() if p.domain == "real" and p.name not in parts.factors]
    pairs = [(p, q) for p in free for q in free if p.name < q.name and p.shape == q.shape]
    if not pairs:
        return False
    p, q = rng.choice(pairs)
    x, y = nodes.Name(p.name), nodes.Name(q.name)
    parts.substitute(**{p.name: expression("(3*x + 4*y)/5", x=x, y=y), q.name: expression("(4*x - 3*y)/5", x=x, y=y)})
    return True


@into(EQUIVALENT)
def logarithm_of_a_param(parts: Parts, rng: random.Random) -> bool:
    """x = exp(y) for a positive x: then y' = -P/x^2 * grad_y E."""
    positive = [p for p in parts.params() if p.domain == "positive"]
    if not positive:
        return False
    p = rng.choice(positive)
    x = nodes.Name(p.name)
    parts.factors[p.name] = expression("P/x^2", P=parts.factors.get(p.name, expression("1")), x=x)
    parts.put(replace(p, domain="real"))
    parts.substitute(**{p.name: expression("exp(x)", x=x)})
    return True


@into(EQUIVALENT)
def freeze_a_param(parts: Parts, rng: random.Random) -> bool:
    """A parameter is a constant: the same for the laws that don't mention it."""
    p = rng.choice(parts.params())
    parts.laws = [s for s in parts.laws if p.name not in nodes.names_in(s.value)]
    parts.put(replace(p, role="const"))
    parts.factors.pop(p.name, None)
    return bool(parts.laws) and len(parts.params()) > 0


@into(EQUIVALENT)
def functions_of_outputs_too(parts: Parts, rng: random.Random) -> None:
    """Outputs that are functions of the others."""
    more = expression(rng.choice(["tanh(g)", "g^2", "sum(g)", "exp(-g)*g", "relu(g)"]), g=parts.map.outputs[0])
    parts.map = nodes.Map((*parts.map.outputs, more))


@into(EQUIVALENT)
def one_to_one_function_of_the_outputs(parts: Parts, rng: random.Random) -> None:
    text = rng.choice(["tanh(g)", "exp(g)", "2 - 3*g", "sinh", "softplus(g)"]).replace("sinh", "g + g^3")
    parts.map = nodes.Map(tuple(expression(text, g=g) for g in parts.map.outputs))


@into(EQUIVALENT)
def any_function_of_each_output(parts: Parts, rng: random.Random) -> None:
    """Opaque functions: among them is the identity."""
    functions = [nodes.Identifier(f"F{k}") for k in range(len(parts.map.outputs))]
    parts.others.append(nodes.Function(tuple((f, None) for f in functions)))
    parts.map = nodes.Map(tuple(nodes.Call(f, (g,)) for f, g in zip(functions, parts.map.outputs, strict=True)))


@into(EQUIVALENT)
def any_activation_of_each_output(parts: Parts, rng: random.Random) -> None:
    parts.others.append(nodes.Activation(((nodes.Identifier("act"), None),)))
    parts.map = nodes.Map(tuple(nodes.Call(nodes.Identifier("act"), (g,)) for g in parts.map.outputs))


@into(EQUIVALENT)
def functions_of_laws(parts: Parts, rng: random.Random) -> None:
    """A function of each law that is nowhere constant."""
    text = rng.choice(["7 - 3*h", "h^2", "h^3 + h", "tanh(h)", "exp(h)", "[h, 2*h]", "sigmoid(h) - 1/2"])
    parts.laws = [replace(s, value=expression(text, h=s.value)) for s in parts.laws]


@into(WEAKER)
def part_of_the_outputs(parts: Parts, rng: random.Random) -> None:
    outputs = parts.map.outputs
    kept = rng.sample(outputs, max(1, len(outputs) - 1))
    kept[0] = expression("sum(g)", g=kept[0])
    parts.map = nodes.Map(tuple(kept))


@into(WEAKER)
def part_of_the_laws(parts: Parts, rng: random.Random) -> None:
    text = rng.choice(["sum(h)", "sqnorm(h)", "0*h", "prod(h)"])
    parts.laws = [replace(s, value=expression(text, h=s.value)) for s in parts.laws]


@into(WEAKER)
def fix_the_sizes(parts: Parts, rng: random.Random) -> None:
    sizes = tuple((nodes.Identifier(d), nodes.Number(Fraction(rng.randint(1, 3)))) for d in DIMS)
    parts.others = [s for s in parts.others if not isinstance(s, nodes.Dim)] + [nodes.Dim(sizes)]


@into(STRONGER)
def more_outputs(parts: Parts, rng: random.Random) -> None:
    p = nodes.Name(rng.choice(parts.params()).name)
    more = expression(rng.choice(["sum(p)", "p", "sqnorm(p)", "tanh(p)"]), p=p)
    parts.map = nodes.Map((*parts.map.outputs, more))


@into(STRONGER)
def more_laws(parts: Parts, rng: random.Random) -> None:
    """Each law together with its sum with all laws before it: conserved only if the law itself is."""
    total = expression("0")
    laws = []
    for s in parts.laws:
        laws.append(replace(s, value=expression("[h, h + s]", h=s.value, s=total)))
        total = expression("s + sum(h)", s=total, h=s.value)
    parts.laws = laws


CHANGES = SPELLINGS | EQUIVALENT | WEAKER | STRONGER


def changed(text: str, name: str, seed: int) -> str | None:
    """The file after a change; None where there is nothing to change."""
    parts = Parts(read(text))
    if CHANGES[name](parts, random.Random(seed)) is False:
        return None
    return print_file(parts.file())


# --- the tests -----------------------------------------------------------------------------------------------------------


def verdicts(text: str) -> dict[str, tuple[Verdict, str]]:
    result = check_text(text, "invariance.claw", OPTIONS)
    assert not result.errors, f"{result.errors} in:\n{text}"
    return {c.name: (c.verdict, c.reason) for c in result.claims}


def is_wrong(text: str) -> bool:
    return bool(load_text(text, "invariance.claw", {}).diagnostics)


def check_change(text: str, name: str, seed: int) -> None:
    """Neither file has a law that contradicts the other's, and other spellings lose no proof."""
    assume(not is_wrong(text))
    other = changed(text, name, seed)
    assume(other is not None)
    assert other is not None
    before, after = verdicts(text), verdicts(other)
    for law, (verdict, reason) in after.items():
        was = before[law][0]
        event(f"{name}: {was} {verdict}")
        if name not in STRONGER:
            assert (was, verdict) != (Verdict.PROVED, Verdict.REFUTED), f"{law} in:\n{other}"
        if name not in WEAKER:
            assert (was, verdict) != (Verdict.REFUTED, Verdict.PROVED), f"{law} in:\n{other}"
        if name in SPELLINGS and was is Verdict.PROVED:
            assert verdict is Verdict.PROVED or "budget" in reason, f"{law} in:\n{other}"


changes = st.sampled_from(sorted(CHANGES))


@pytest.mark.slow
@settings(quiet, max_examples=40)
@given(programs(), changes, st.integers(0, 1000))
def test_a_change_contradicts_no_verdict(program: Program, name: str, seed: int) -> None:
    check_change(program.text, name, seed)


@pytest.mark.slow
@settings(quiet, max_examples=250)
@given(programs(), changes, st.integers(0, 1000))
def test_changes_of_many_models_contradict_no_verdict(program: Program, name: str, seed: int) -> None:
    check_change(program.text, name, seed)


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_the_laws_of_each_family_stay_proved(family: str) -> None:
    """Models with nothing random about them: every change but more outputs keeps the proofs, and gives a false law none."""
    f = FAMILIES[family]
    outputs = ", ".join(e for e, _ in f.phi.values())
    laws = [f"law t{k} = {e}" for k, e in enumerate(f.laws)]
    text = "\n".join(["dim n, m, r", f.params, f"map {outputs}", *laws, f"law false = {f.near[0]}", ""])
    for name in CHANGES.keys() - STRONGER.keys():
        other = changed(text, name, 0)
        for law, (verdict, reason) in verdicts(other).items() if other else ():
            if law != "false":
                assert verdict is Verdict.PROVED, f"{law}: {reason} in:\n{other}"
            elif name not in WEAKER:
                assert verdict is not Verdict.PROVED, other

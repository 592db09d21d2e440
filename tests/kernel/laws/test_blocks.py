"""Laws that a network has from its blocks: what the kernel accepts, and each refusal with its reason."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from claws.kernel import Meter, Refused, Size, Statement, check
from claws.kernel.core.flow import Flow, Part, flow_of
from claws.kernel.core.functions import Slope
from claws.kernel.core.program import Apply, Call, Einsum, Leaf, Node, Number, Sum, power
from claws.kernel.counting.evidence import Evidence
from claws.kernel.laws.evidence import BlockLaw, ByBlock, ByTensors
from claws.kernel.values.evidence import Choices, Witness
from tests.kernel.models import judge, linear, make, preconditioned, product, refuses, scale
from tests.kernel.sketches import Gather, Sketch

SQUARE = Fraction(2)


def law(a: int, b: int, place: int) -> list[Node]:
    """a^2 - b^2, from this place on."""
    return [power(a, SQUARE), power(b, SQUARE), Sum((scale(1, place), scale(-1, place + 1)))]


def block(domain: str = "real", data: str = "real", function: str | None = None, **settings: object) -> Statement:
    """a*b*x, or f(a*b)*x, and the law a^2 - b^2."""
    nodes: list[Node] = [Leaf("a", "param", (), domain), Leaf("b", "param", ()), Leaf("x", "input", (), data)]
    nodes += [product(0, 1), Apply(function, 3) if function else product(3), product(4, 2), *law(0, 1, 6)]
    return make(nodes, [5], 8, **settings)  # type: ignore[arg-type]


def network(*more: Node, outputs: tuple[int, ...] = (5,), domain: str = "real", function: str | None = None,
            **settings: object) -> Statement:  # fmt: skip
    """The block at the data y (node 5), another parameter w (node 9), and these nodes (10, ...)."""
    nodes: list[Node] = [Leaf("A.a", "param", (), domain), Leaf("A.b", "param", ()), Leaf("y", "input", ())]
    nodes += [product(0, 1), Apply(function, 3) if function else product(3), product(4, 2), *law(0, 1, 6)]
    return make([*nodes, Leaf("w", "param", ()), *more], outputs, 8, **settings)  # type: ignore[arg-type]


BY_TENSORS = ByTensors({})
NAMES = {"a": "A.a", "b": "A.b"}


def use(*calls: int, of: Statement | None = None, names: dict[str, str] | None = None,
        dims: dict[str, Size] | None = None) -> ByBlock:  # fmt: skip
    premise = BlockLaw(of or block(), BY_TENSORS)
    return ByBlock(premise, dims or {}, {**NAMES, **(names or {})}, tuple((0, n) for n in calls or (5,)), {})


def accepts(statement: Statement, evidence: Evidence) -> None:
    theorem = judge(statement, evidence)
    assert (theorem.verdict, theorem.method) == ("PROVED", "block")
    # and it is a law
    assert judge(statement, BY_TENSORS if not statement.program.free_dims() else evidence).verdict == "PROVED"


def test_a_law_of_a_block_is_one_of_the_network() -> None:
    accepts(network(), use())
    accepts(network(product(9, 5), outputs=(10,)), use())


def test_a_block_may_be_called_again_also_on_what_depends_on_it() -> None:
    again = network(product(9, 5), product(4, 10), product(11, 9), outputs=(12, 5))
    accepts(again, use(5, 11))
    refuses(again, use(5), "an output depends on parameters of the block that it does not get from the block")


def test_a_theorem_serves_as_premise() -> None:
    theorem = check(block(), BY_TENSORS, Meter(10_000))
    accepts(network(), replace(use(), premise=BlockLaw(block(), BY_TENSORS, theorem)))


def test_a_theorem_about_something_else_serves_for_nothing() -> None:
    """The premise is proved again: neither a theorem about another block nor a refutation stands for it."""
    false = replace(block(), law=6)
    other = check(block(), BY_TENSORS, Meter(10_000))
    forged = replace(use(), premise=BlockLaw(false, BY_TENSORS, other))
    refuses(replace(network(), law=6), forged, "the normal form of the residue does not vanish")
    leaves = {"a": {(): Fraction(1)}, "b": {(): Fraction(1)}, "x": {(): Fraction(1)}}
    witness = Witness({}, leaves, Choices(), (), 0, (), Fraction(2))
    refuted = check(false, witness, Meter(10_000))
    assert refuted.verdict == "REFUTED"
    forged = replace(use(), premise=BlockLaw(false, BY_TENSORS, refuted))
    refuses(replace(network(), law=6), forged, "the normal form of the residue does not vanish")


def test_the_premise_must_be_proved() -> None:
    false = replace(block(), law=6)
    refuses(replace(network(), law=6), use(of=false), "the normal form of the residue does not vanish")


def test_a_parameter_that_is_used_elsewhere() -> None:
    refuses(network(product(5, 0), outputs=(10,)), use(), "an output depends on parameters of the block")
    accepts(network(product(5, 9), outputs=(10,)), use())


def test_an_argument_that_depends_on_the_parameters() -> None:
    shifted = network(product(0, 2), product(4, 10), outputs=(11,))
    refuses(shifted, use(11), "an argument of the block depends on its parameters, not through the block")


def test_a_call_that_is_its_own_argument() -> None:
    """The identity is a second output of the block. Nothing follows for what is put in."""
    both = replace(block(), outputs=(5, 2))
    evidence = ByBlock(BlockLaw(both, BY_TENSORS), {}, NAMES, ((1, 10),), {})
    refuses(network(product(0, 2), outputs=(10,)), evidence, "a call of the block is its own argument")
    accepts(network(), ByBlock(BlockLaw(both, BY_TENSORS), {}, NAMES, ((0, 5),), {}))


def test_the_law_must_be_the_blocks() -> None:
    refuses(replace(network(), law=6), use(), "the network differs from the block")
    refuses(network(), use(of=replace(block(), law=6)), "the normal form of the residue does not vanish")


def test_names() -> None:
    refuses(network(), use(names={"b": "A.a"}), "takes two parameters of the block for one")
    refuses(network(), use(names={"b": "w"}), "something else in the place of the block's b")
    refuses(network(), replace(use(), names={"a": "A.a"}), "something else in the place of the block's b")


def test_calls_that_are_not_there() -> None:
    refuses(network(), use(99), "names a node that is not there")
    refuses(network(), replace(use(), calls=((1, 5),)), "an output that the block does not have")
    refuses(network(), use(4), "the network differs from the block")


def test_functions() -> None:
    accepts(network(function="exp"), use(of=block(function="exp")))
    refuses(network(function="tanh"), use(of=block(function="exp"), names={"exp": "tanh"}), "the network differs")
    refuses(network(function="exp"), use(of=block(function="s", activations=(("s", None),)), names={"s": "exp"}),
            "the network's exp is not the block's s")  # fmt: skip
    declared = {"activations": (("s", Slope(((Fraction(1), 1),))),)}
    renamed = {"activations": (("A.s", Slope(((Fraction(1), 1),))),)}
    other = {"activations": (("A.s", Slope(((Fraction(2), 1),))),)}
    mine = block(function="s", **declared)
    accepts(network(function="A.s", **renamed), use(of=mine, names={"s": "A.s"}))
    refuses(
        network(function="A.s", **other), use(of=mine, names={"s": "A.s"}), "the network's A.s is not the block's s"
    )
    refuses(network(function="s", activations=(("s", None),)), use(of=mine), "the network's s is not the block's s")


def test_an_opaque_function_may_be_another() -> None:
    def with_function(statement: Statement, name: str) -> Statement:
        nodes = list(statement.program.nodes)
        nodes[4] = Call(name, (3,), ())
        return make(nodes, statement.outputs, statement.law, functions=(name,))

    accepts(with_function(network(), "A.F"), use(of=with_function(block(), "F"), names={"F": "A.F"}))
    refuses(with_function(network(), "A.F"), use(of=with_function(block(), "F")), "the network differs")


def test_domains() -> None:
    refuses(
        network(), use(of=block(domain="positive")), "the block is about positive values of a, and the network is not"
    )
    accepts(network(domain="positive"), use(of=block(domain="positive")))
    accepts(network(domain="positive"), use())
    refuses(network(), use(of=block(data="nonzero")), "about nonzero values of x, and the network may give others")


def test_flows() -> None:
    """a' = -2 grad: the law is another, a^2 - 2 b^2, so neither flow may pass for the other."""
    two = Number(Size.of(2))
    nodes = (*network().program.nodes, two)
    plain = [Part(name, None, name) for name in ("A.a", "A.b", "w")]
    fast = make(nodes, [5], 8, flow=preconditioned("A.b", "w", "A.a", **{"A.a": 10}))
    refuses(fast, use(), "another factor of A.a than the block's")
    drift = make((*network().program.nodes, product(0)), [5], 8, flow=flow_of([*plain, Part("A.a", 10)]))
    refuses(drift, use(), "another drift of A.a than the block's")
    elsewhere = make((*network().program.nodes, product(9)), [5], 8, flow=flow_of([*plain, Part("w", 10)]))
    theorem = judge(elsewhere, use())  # what moves by itself is no part of the law
    assert theorem.verdict == "PROVED"


def test_a_part_that_one_flow_lacks() -> None:
    """Where b stands still it is a law, and where it moves it is none; and the other way round for a^2 - b^2."""
    still = block(flow=preconditioned("a"))
    idle = use(of=replace(still, law=1))
    refuses(replace(network(), law=1), idle, "another factor of A.b than the block's")
    frozen = network(flow=preconditioned("A.a", "w"))
    assert judge(replace(frozen, law=1), idle).verdict == "PROVED"
    refuses(frozen, use(), "another factor of A.b than the block's")
    # what else stands still is no matter
    accepts(network(flow=preconditioned("A.a", "A.b")), use())


def test_factors_are_matched_node_by_node() -> None:
    """a' = -a dE/da and b' = -b dE/db conserve a - b; with the factors exchanged, or other ones, nothing follows."""

    def mirror(a: str, b: str, *factors: int) -> Statement:
        nodes: list[Node] = [Leaf(a, "param", ()), Leaf(b, "param", ()), Leaf(a + "x", "input", ()), product(0, 1, 2)]
        nodes += [Sum((scale(1, 0), scale(-1, 1))), Number(Size.of(1)), product(0, 1)]
        return make(nodes, [3], 4, flow=preconditioned(a, b, **dict(zip((a, b), factors, strict=False))))

    evidence = ByBlock(BlockLaw(mirror("a", "b", 0, 1), BY_TENSORS), {}, NAMES, ((0, 3),), {})
    assert judge(mirror("A.a", "A.b", 0, 1), evidence).verdict == "PROVED"
    refuses(mirror("A.a", "A.b", 1, 0), evidence, "something else in the place of the block's")
    refuses(mirror("A.a", "A.b", 5, 1), evidence, "something else in the place of the block's a")
    refuses(mirror("A.a", "A.b", 6, 1), evidence, "something else in the place of the block's a")
    refuses(mirror("A.a", "A.b", 0), evidence, "another factor of A.b than the block's")
    refuses(mirror("A.a", "A.b"), evidence, "another factor of A.a than the block's")


def coasting(velocities: dict[str, int], nothing: int) -> Flow:
    """U' = vel(U), vel(U)' = -grad E: `velocities` are nodes by parameter, `nothing` the node 0."""
    parts = [Part(name, n) for name, n in velocities.items()]
    for name in velocities:
        parts += [Part(f"vel({name})", nothing), Part(f"vel({name})", None, name)]
    return flow_of(parts)


def test_momentum() -> None:
    """The law v_a b - ... is made of velocities: these have to be those of the parameters."""

    def moving(a: str, b: str, y: str) -> Statement:
        nodes: list[Node] = [
            Leaf(a, "param", ()), Leaf(b, "param", ()), Leaf(y, "input", ()),
            Leaf(f"vel({a})", "velocity", ()), Leaf(f"vel({b})", "velocity", ()),
            product(0, 2), product(1, 2), product(0, 0, 2), product(1, 1, 2), Sum((scale(1, 7), scale(1, 8))),
            product(0, 4), product(1, 3), Sum((scale(1, 10), scale(-1, 11))), Number(Size.of(0)),
        ]  # fmt: skip
        return make(nodes, [9], 12, flow=coasting({a: 3, b: 4}, 13))

    names = {"a": "A.a", "b": "A.b", "vel(a)": "vel(A.a)", "vel(b)": "vel(A.b)"}
    evidence = ByBlock(BlockLaw(moving("a", "b", "x"), BY_TENSORS), {}, names, ((0, 9),), {})
    assert judge(moving("A.a", "A.b", "y"), evidence).verdict == "PROVED"
    swapped = {**names, "vel(a)": "vel(A.b)", "vel(b)": "vel(A.a)"}
    refuses(moving("A.a", "A.b", "y"), replace(evidence, names=swapped), "takes the velocity of a for something else")
    refuses(network(), evidence, "not trained by the same flow")
    slow = moving("A.a", "A.b", "y")
    parts = (part for field in slow.flow.fields for part in field.parts)
    lighter = flow_of(replace(part, factor=0) if part.gradient == "A.b" else part for part in parts)
    refuses(replace(slow, flow=lighter), evidence, r"another factor of vel\(A.b\) than the block's")


def test_a_law_of_gradient_flow_is_none_under_momentum() -> None:
    """a^2 - b^2 of the block, in a network whose gradients move velocities."""
    nodes = [*network().program.nodes, Leaf("vel(A.a)", "velocity", ()), Leaf("vel(A.b)", "velocity", ())]
    pushed = flow_of(Part(f"vel({name})", None, name) for name in ("A.a", "A.b"))
    refuses(make(nodes, [5], 8, flow=pushed), use(), "another factor of A.a than the block's")
    velocities = use(names={"a": "vel(A.a)", "b": "vel(A.b)"})
    refuses(make(nodes, [5], 8, flow=pushed), velocities, "takes the velocity of a for something else")


def test_a_law_of_a_velocity_alone() -> None:
    """Its parameter, which nothing sees, must be named, too."""

    def idle(prefix: str) -> Statement:
        a, c = prefix + "a", prefix + "c"
        nodes: list[Node] = [
            Leaf(a, "param", ()), Leaf(c, "param", ()), Leaf(prefix + "x", "input", ()),
            Leaf(f"vel({a})", "velocity", ()), Leaf(f"vel({c})", "velocity", ()), product(0, 2), Number(Size.of(0)),
        ]  # fmt: skip
        return make(nodes, [5], 4, flow=coasting({a: 3, c: 4}, 6))

    names = {"a": "A.a", "c": "A.c", "vel(a)": "vel(A.a)", "vel(c)": "vel(A.c)"}
    evidence = ByBlock(BlockLaw(idle(""), BY_TENSORS), {}, names, ((0, 5),), {})
    assert judge(idle("A."), evidence).verdict == "PROVED"
    del names["c"]
    refuses(idle("A."), replace(evidence, names=names), "does not say what the parameters of the block's law are")


def big(n: Size, m: Size, r: Size, prefix: str = "A.") -> Statement:
    """Two linear layers (the block without data), multiplied by a parameter."""
    inner = linear(n, m, r).program.nodes
    named = [replace(x, name=prefix + x.name) if isinstance(x, Leaf) else x for x in inner]
    extra = [Leaf("w", "param", ()), Einsum((2, 6), ((0, 1), ()), (0, 1), (n, m))]
    return make([*named, *extra], [7], 5)


def sizes_of(statement: Statement) -> dict[str, int]:
    return dict.fromkeys(statement.program.free_dims(), 2)


def test_sizes() -> None:
    n, k = Size.dim("n"), Size.dim("k")
    premise = BlockLaw(linear(), ByTensors({"n": 1, "m": 1, "r": 1}))

    def evidence(statement: Statement, **dims: Size) -> ByBlock:
        return ByBlock(premise, dims, {"U": "A.U", "V": "A.V"}, ((0, 2),), sizes_of(statement))

    free = big(n, n * 2, k + 1)
    assert judge(free, evidence(free, n=n, m=n * 2, r=k + 1)).sizes is None
    fixed = big(Size.of(3), Size.of(2), Size.of(1))
    assert judge(fixed, evidence(fixed, n=Size.of(3), m=Size.of(2), r=Size.of(1))).sizes == {}
    refuses(free, evidence(free, n=n, m=n, r=k + 1), "shape|differs")
    refuses(free, evidence(free, n=n, m=n * 2), "exactly the sizes that the block leaves free")
    refuses(free, evidence(free, n=n, m=n * 2, r=k + 1, q=k), "exactly the sizes that the block leaves free")
    empty = big(n, n, k - 1)
    refuses(empty, evidence(empty, n=n, m=n, r=k - 1), "may be no whole number of at least 1")
    refuses(
        free, replace(evidence(free, n=n, m=n * 2, r=k + 1), sizes={"n": 1}), "no sizes at which the statement says"
    )


def test_halves_are_no_sizes() -> None:
    n = Size.dim("n")
    half = n * Fraction(1, 2)
    nodes = [
        Leaf("A.a", "param", (n,)),
        Leaf("y", "input", (n,)),
        Einsum((0, 1), ((0,), (0,)), (), (n,)),
        Number(Size.of(0)),
    ]
    free = [
        Leaf("a", "param", (n,)),
        Leaf("x", "input", (n,)),
        Einsum((0, 1), ((0,), (0,)), (), (n,)),
        Number(Size.of(0)),
    ]
    evidence = ByBlock(
        BlockLaw(make(free, [2], 3), ByTensors({"n": 1})), {"n": half}, {"a": "A.a"}, ((0, 2),), {"n": 2}
    )
    refuses(make(nodes, [2], 3), evidence, "may be no whole number of at least 1")
    assert judge(make(nodes, [2], 3), replace(evidence, dims={"n": n})).verdict == "PROVED"


def test_conditions_of_the_block() -> None:
    """The block reads its second entry, so it needs two."""
    n = Size.dim("n")

    def second(name: str, data: str, size: Size, conditions: tuple[Size, ...]) -> Statement:
        nodes = [
            Leaf(name, "param", (size,)), Leaf(data, "input", ()), Gather(0, 0, Size.of(1), (), ()), product(2, 1),
            Gather(0, 0, Size.of(0), (), ()),
        ]  # fmt: skip
        return make(nodes, [3], 4, conditions=conditions)

    premise = BlockLaw(second("a", "x", n, (n - 2,)), ByTensors({"n": 2}))
    evidence = ByBlock(premise, {"n": n + 1}, {"a": "A.a"}, ((0, 3),), {"n": 1})
    assert judge(second("A.a", "y", n + 1, ()), evidence).verdict == "PROVED"
    needy = BlockLaw(second("a", "x", n, (n - 2, n - 3)), ByTensors({"n": 3}))
    refuses(second("A.a", "y", n + 1, ()), replace(evidence, premise=needy), "the block needs n - 2 >= 0")


# --- networks at random, against SymPy ---


@st.composite
def networks(draw: st.DrawFn) -> tuple[Statement, ByBlock]:
    """Sums and products of data, parameters and calls of the block, some of which are named as such."""
    nodes: list[Node] = [Leaf("A.a", "param", ()), Leaf("A.b", "param", ()), Leaf("y", "input", ()), product(0, 1)]
    nodes += [product(3), product(4, 2), *law(0, 1, 6), Leaf("w", "param", ())]
    usable, calls = [2, 5, 9], [5]
    if draw(st.integers(0, 3)) == 0:
        usable += draw(st.lists(st.sampled_from([0, 1, 3, 6]), min_size=1, max_size=2))
    for _ in range(draw(st.integers(1, 6))):
        p, q = draw(st.sampled_from(usable)), draw(st.sampled_from(usable))
        kind = draw(st.sampled_from(["product", "sum", "call"]))
        if kind == "call":
            nodes.append(product(4, p))
            calls.append(len(nodes) - 1)
        else:
            nodes.append(product(p, q) if kind == "product" else Sum((scale(1, p), scale(2, q))))
        usable.append(len(nodes) - 1)
    outputs = draw(st.lists(st.sampled_from(usable), min_size=1, max_size=2))
    named = draw(st.sampled_from([calls, calls[:1], calls[1:] or calls]))
    return make(nodes, outputs, 8), use(*named)


@settings(deadline=None, max_examples=200)
@given(networks())
def test_what_is_accepted_is_a_law(case: tuple[Statement, ByBlock]) -> None:
    statement, evidence = case
    try:
        judge(statement, evidence)
    except Refused:
        return
    a, b, y, w = sympy.symbols("a b y w")
    values: list[sympy.Expr] = []
    for node in statement.program.nodes:
        match node:
            case Leaf(name):
                values.append({"A.a": a, "A.b": b, "y": y, "w": w}[name])
            case Einsum(operands):
                values.append(sympy.Mul(*(values[n] for n in operands)))
            case Sum(terms):
                values.append(sympy.Add(*(sympy.Rational(c) * values[n] for c, n in terms)))
            case Apply("^", operand):
                values.append(values[operand] ** 2)
    gradient = {x: sympy.diff(values[statement.law], x) for x in (a, b, w)}
    for n in statement.outputs:
        residue = sum(sympy.diff(values[n], x) * g for x, g in gradient.items())
        assert sympy.expand(residue) == 0


def test_both_outcomes_occur() -> None:
    accepts(network(product(9, 2), product(4, 10), outputs=(11, 5)), use(5, 11))
    with pytest.raises(Refused):
        judge(network(product(3, 2), outputs=(10,)), use())


# --- functions of whole arrays ---


def with_call(function: str, prefix: str = "", size: int = 2, functions: tuple[str, ...] = ()) -> Statement:
    """The map f(v)*x and the law v[0]^2 - v[1]^2, conserved for the product of two numbers alone."""
    n = (Size.of(size),)
    entry = [Gather(0, 0, Size.of(k), (), ()) for k in range(2)]
    nodes: list[Sketch] = [Leaf(f"{prefix}v", "param", n), Leaf("x", "input", ()), Call(function, (0,), ())]
    return make([*nodes, product(2, 1), *entry, *law(4, 5, 6)], [3], 8, functions=functions)


def with_any_law(function: str, prefix: str = "", functions: tuple[str, ...] = ()) -> Statement:
    """The map f(v)*x and the law u, which no output depends on: conserved whatever f is."""
    n = (Size.of(2),)
    nodes: list[Sketch] = [Leaf(f"{prefix}v", "param", n), Leaf(f"{prefix}u", "param", ()), Leaf("x", "input", ())]
    return make([*nodes, Call(function, (0,), ()), product(3, 2)], [4], 1, functions=functions)


def of_call(premise: Statement, position: int, **names: str) -> ByBlock:
    return ByBlock(BlockLaw(premise, BY_TENSORS), {}, names, ((0, position),), {})


def test_a_law_that_holds_for_the_product_holds_for_no_other_function() -> None:
    accepts(with_call("prod", "A."), of_call(with_call("prod"), 3, v="A.v"))
    other = with_call("F", "A.", functions=("F",))
    # it is none of F, and names can't make it one
    refuses(other, BY_TENSORS, "the normal form of the residue does not vanish")
    for names in ({"v": "A.v"}, {"v": "A.v", "prod": "F"}, {"v": "A.v", "F": "prod"}, {"v": "A.v", "prod": "prod"}):
        refuses(other, of_call(with_call("prod"), 3, **names), "the network differs from the block")
    accepts(with_call("prod", "A."), of_call(with_call("prod"), 3, v="A.v", prod="F"))
    # the block's own F has no such law
    mine = with_call("F", functions=("F",))
    refuses(
        with_call("prod", "A."), of_call(mine, 3, v="A.v", F="prod"), "the normal form of the residue does not vanish"
    )


def test_a_law_that_holds_for_every_function_holds_for_the_product() -> None:
    mine = with_any_law("F", functions=("F",))
    accepts(with_any_law("G", "A.", ("G",)), of_call(mine, 4, v="A.v", u="A.u", F="G"))
    accepts(with_any_law("prod", "A."), of_call(mine, 4, v="A.v", u="A.u", F="prod"))
    refuses(with_any_law("prod", "A."), of_call(mine, 4, v="A.v", u="A.u"), "the network differs from the block")


def test_a_law_that_holds_for_one_power_or_function_holds_for_no_other() -> None:
    """A declared function of the block is the same one in the network, and no power."""
    root = Fraction(1, 2)

    def with_power(node: Node, prefix: str = "", **settings: object) -> Statement:
        nodes: list[Sketch] = [Leaf(f"{prefix}a", "param", ()), Leaf(f"{prefix}b", "param", ()), Leaf("x", "input", ())]
        return make([*nodes, product(0, 1), node, product(4, 2), *law(0, 1, 6)], [5], 8, **settings)  # type: ignore[arg-type]

    mine = with_power(Apply("h", 3), activations=(("h", Fraction(2)),))
    assert judge(mine, BY_TENSORS).verdict == "PROVED"
    for node in (power(3, 2), power(3, root)):
        network = with_power(node, "A.")
        assert judge(network, BY_TENSORS).verdict == "PROVED"
        refuses(network, of_call(mine, 5, a="A.a", b="A.b", h="^"), r"the network's \^ is not the block's h")
        accepts(network, of_call(with_power(node), 5, a="A.a", b="A.b"))
    refuses(
        with_power(power(3, 2), "A."),
        of_call(with_power(power(3, root)), 5, a="A.a", b="A.b"),
        "the network differs from the block",
    )


def test_a_block_whose_law_holds_where_another_output_has_a_value() -> None:
    """The block gives sqrt(-a) and a*x, so its law relu(a) is 0 wherever it has values; the network does without the root."""
    nodes: list[Node] = [Leaf("a", "param", ()), Leaf("x", "input", ()), Sum((scale(-1, 0),)), power(2, Fraction(1, 2))]
    nodes += [product(0, 1), Apply("relu", 0)]
    premise = make(nodes, [3, 4], 5)
    theorem = check(premise, BY_TENSORS, Meter(10_000))
    assert theorem.verdict == "PROVED"
    its = [Leaf("A.a", "param", ()), Leaf("y", "input", ()), *nodes[2:]]
    without, beside = make(its, [4], 5), make(its, [3, 4], 5)
    assert check(beside, BY_TENSORS, Meter(10_000)).verdict == "PROVED"
    refuses(without, BY_TENSORS, "the normal form of the residue does not vanish")
    for known in (None, theorem):
        given = BlockLaw(premise, BY_TENSORS, known)
        refuses(
            without, ByBlock(given, {}, {"a": "A.a"}, ((1, 4),), {}), "the normal form of the residue does not vanish"
        )
    # where the law itself has the root, it has it in the network too
    own = [*nodes[:5], Apply("relu", 0), Sum((scale(1, 3), scale(1, 5), scale(-1, 3)))]
    good = make([*own, product(3, 5)], [4], 7)
    twin = make([Leaf("A.a", "param", ()), Leaf("y", "input", ()), *own[2:], product(3, 5)], [4], 7)
    for known in (None, check(good, BY_TENSORS, Meter(10_000))):
        given = BlockLaw(good, BY_TENSORS, known)
        assert judge(twin, ByBlock(given, {}, {"a": "A.a"}, ((0, 4),), {})).method == "block"

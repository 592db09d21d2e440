"""A law of a block is a law of every network that uses the block with parameters of its own.

Soundness-critical. Let B(theta, x) be a block with a proved law h: J_B(theta, x) v(theta) = 0 for all theta and x, where
v = B^T grad h (`statement.py`). A network calls it at nodes o_1, ..., o_k, each of which is an output of B at this theta and at
some values x of the network, and depends on theta in no other way. Then nothing in the network moves along v: by induction
along the program, d o_i = J_B v + (dB/dx) dx. The first term is the block's residue; and dx = 0, because x depends on theta
through earlier calls alone. So h is conserved by the network, whatever else is in it and however often the block is used
(with one theta: weights that are shared). A field that needs no loss moves h in the network as it does in the block.

What is checked: the block's nodes are found again, one by one, in the network's program, with sizes put in for the block's dims
and other names for its parameters; the flows move what the law mentions alike; no output and no argument of a call reaches these
parameters but through calls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from claws.kernel.core.errors import Meter, Refused
from claws.kernel.core.finding import Finding, Layer, Verdict
from claws.kernel.core.flow import STATE, WORDS, Part
from claws.kernel.core.program import Apply, Call, Leaf, Node, node_at, operands_of, renumbered
from claws.kernel.core.scope import check_scope, conditions_of
from claws.kernel.core.signs import has_values_by_form
from claws.kernel.core.sizes import SizeBounds
from claws.kernel.core.statement import Statement
from claws.kernel.laws.evidence import ByBlock
from claws.kernel.values.defined import check_defined

ProveBlockLaw = Callable[[ByBlock, Meter], Finding]
"""Proves the law of a block wherever the law has a value. Raises `Refused` where it is not proved so: the network may do without
an output of the block that has values in some places only."""


def check_by_block(statement: Statement, evidence: ByBlock, prove: ProveBlockLaw, meter: Meter) -> Finding:
    """The finding that a law is conserved because it is the law of a block.

    Raises `Refused` unless the block's law is proved, and the network uses the block as described above.
    """
    sizes = check_scope(statement.program, evidence.sizes)
    block = prove(evidence, meter)
    _Use(statement, evidence.premise.statement, evidence, meter).check()
    layers, conditions = block.layers | {Layer.BLOCKS}, conditions_of(statement.program)
    if not has_values_by_form(statement.program, statement.subject):
        check_defined(statement.program, statement.subject, evidence.sizes, meter)
        layers |= {Layer.VALUES}
    return Finding(Verdict.PROVED, "block", layers, sizes, conditions, block.premises)


class _Use:
    def __init__(self, statement: Statement, block: Statement, evidence: ByBlock, meter: Meter) -> None:
        self.statement = statement
        self.block = block
        self.evidence = evidence
        self.meter = meter
        self.bounds = SizeBounds(statement.program.conditions)

    def check(self) -> None:
        self._check_sizes()
        self._check_names()
        moved = self._check_flow()
        self._match([(self.block.law, self.statement.law)])
        self._check_calls(moved)

    def _check_sizes(self) -> None:
        sizes = self.evidence.dims
        if set(sizes) != set(self.block.program.free_dims()):
            raise Refused("the certificate does not give exactly the sizes that the block leaves free")
        for d, n in sizes.items():
            self.bounds.check_axis(n, f"the block's {d} is")
            if any(c.denominator != 1 for _, c in n.terms) or not self.bounds.positive(n):
                raise Refused(f"the block's {d} is {n}, which may be no whole number of at least 1")
        for c in self.block.program.conditions:
            here = c.at(sizes)
            self.bounds.check_short(here)
            if not self.bounds.nonnegative(here):
                raise Refused(f"the block needs {here} >= 0, which the statement does not give")

    def _check_names(self) -> None:
        names, leaves = self.evidence.names, self.block.program.leaves(*STATE)
        state = [names[leaf.name] for _, leaf in leaves if leaf.name in names]
        if len(set(state)) != len(state):
            raise Refused("the certificate takes two parameters of the block for one")

    def _check_flow(self) -> set[str]:
        """The parameters of the network whose gradients move what the law mentions.

        Raises `Refused` unless both flows move this alike.
        """
        program, names = self.block.program, self.evidence.names
        state = [
            x for n in program.cone([self.block.law]) if isinstance(x := program.nodes[n], Leaf) and x.role in STATE
        ]
        pairs: list[tuple[Part, Part]] = []
        for leaf in state:
            there = self._named(leaf.name)
            own, its_own = self.block.flow.at(leaf.name), self.statement.flow.at(there)
            for degree, word in enumerate(WORDS):
                b, a = own.get(degree), its_own.get(degree)
                if b is None and a is None:
                    continue
                if b is None or a is None or (b.factor is None) != (a.factor is None):
                    raise Refused(
                        "the network and its block are not trained by the same flow: the network's has "
                        f"another {word} of {there} than the block's"
                    )
                pairs.append((b, a))
        gradients = {b.gradient: a.gradient for b, a in pairs if b.gradient is not None and a.gradient is not None}
        for parameter, its in gradients.items():
            if parameter not in names:
                raise Refused("the certificate does not say what the parameters of the block's law are in the network")
            if names[parameter] != its:
                raise Refused(f"the certificate takes the velocity of {parameter} for something else")
        for b, a in pairs:
            if b.factor is not None and a.factor is not None:
                self._match([(b.factor, a.factor)])
        return set(gradients.values())

    def _named(self, name: str) -> str:
        """What a leaf of the block is called in the network."""
        if name not in self.evidence.names:
            raise Refused(f"the network has something else in the place of the block's {name}")
        return self.evidence.names[name]

    def _check_calls(self, moved: set[str]) -> None:
        program = self.statement.program
        stops = {n for _, n in self.evidence.calls}
        if not all(0 <= n < len(program.nodes) for n in stops):
            raise Refused("the certificate names a node that is not there")
        free: list[bool] = []
        """Whether a node depends on what the law moves, other than through calls."""
        for n, node in enumerate(program.nodes):
            self.meter.tick(1)
            if n in stops:
                free.append(False)
            elif isinstance(node, Leaf):
                free.append(node.role == "param" and node.name in moved)
            else:
                free.append(any(free[m] for m in operands_of(node)))
        if any(free[n] for n in self.statement.outputs):
            raise Refused("an output depends on parameters of the block that it does not get from the block")
        for position, n in self.evidence.calls:
            if not 0 <= position < len(self.block.outputs):
                raise Refused("the certificate names an output that the block does not have")
            image = self._match([(self.block.outputs[position], n)])
            for b, a in image.items():
                leaf = self.block.program.nodes[b]
                if isinstance(leaf, Leaf) and leaf.role == "input":
                    if a >= n:
                        raise Refused("a call of the block is its own argument")
                    if free[a]:
                        raise Refused("an argument of the block depends on its parameters, not through the block")

    # --- the block's nodes in the network ---

    def _match(self, pairs: list[tuple[int, int]]) -> dict[int, int]:
        """Where the nodes below these of the block are in the network. Raises `Refused` where they are not."""
        program, stack, image = self.statement.program, list(pairs), dict[int, int]()
        while stack:
            b, n = stack.pop()
            self.meter.tick(1)
            if b in image:
                if image[b] != n:
                    raise Refused("the network has two different things in the place of one of the block")
                continue
            image[b] = n
            mine, its = self.block.program.nodes[b], program.nodes[n]
            if isinstance(mine, Leaf):
                self._match_leaf(mine, n)
                continue
            own, other = operands_of(mine), operands_of(its)
            if len(own) != len(other) or _form(self._put(mine)) != _form(its):
                raise Refused("the network differs from the block")
            stack += zip(own, other, strict=True)
        return image

    def _match_leaf(self, mine: Leaf, n: int) -> None:
        shape = tuple(k.at(self.evidence.dims) for k in mine.shape)
        if self.statement.program.shapes[n] != shape:
            raise Refused(f"the block's {mine.name} has another shape in the network")
        if mine.role == "input":
            if mine.domain != "real":
                raise Refused(
                    f"the block is about {mine.domain} values of {mine.name}, and the network may give others"
                )
            return
        its = self.statement.program.nodes[n]
        if not isinstance(its, Leaf) or its.role != mine.role or its.name != self._named(mine.name):
            raise Refused(f"the network has something else in the place of the block's {mine.name}")
        if mine.domain not in ("real", its.domain):
            raise Refused(f"the block is about {mine.domain} values of {mine.name}, and the network is not")

    def _put(self, node: Node) -> Node:
        """The node with the network's sizes and names of functions."""
        node = node_at(node, self.evidence.dims)
        if isinstance(node, Call) and node.function in self.block.program.functions:
            return replace(node, function=self.evidence.names.get(node.function, node.function))
        own = dict(self.block.program.activations)
        if isinstance(node, Apply) and node.function in own:
            name = self.evidence.names.get(node.function, node.function)
            if dict(self.statement.program.activations).get(name, node) != own[node.function]:
                raise Refused(f"the network's {name} is not the block's {node.function}")
            return replace(node, function=name)
        return node


def _form(node: Node) -> Node:
    """The node without its operands."""
    return renumbered(node, dict.fromkeys(operands_of(node), 0))

"""Which entries of leaves an entry of a node needs, where the places in both go together: gradients of many entries at once.

If entry i of a node depends only on those entries of a leaf that have i among their places, entries do not share what they
depend on, and the gradients of all are read off the gradient of their sum.
"""

from __future__ import annotations

from claws.kernel.core.program import Apply, Einsum, Leaf, Program, Stop, Sum, Window, operands_of

Axes = tuple[int | None, ...]
"""For each axis of a node the axis of the root along which it runs, or None."""


def aligned_leaves(program: Program, root: int) -> dict[str, tuple[int, ...]] | None:
    """For each leaf that a node depends on: the axes that give the place of the entry of the node. None where they do not.

    Constants are left out, which are the same for all entries.
    """
    axes: dict[int, Axes] = {root: tuple(range(len(program.shapes[root])))}
    for n in reversed(program.cone([root])):
        node, own = program.nodes[n], axes[n]
        for k, m in enumerate(operands_of(node)):
            found = _operand(node, k, own, len(program.shapes[m]))
            known = axes.get(m, found)
            # a node that is read in two ways is aligned where both ways agree
            axes[m] = tuple(a if a == b else None for a, b in zip(known, found, strict=True))
    result: dict[str, tuple[int, ...]] = {}
    for n, own in axes.items():
        leaf = program.nodes[n]
        if isinstance(leaf, Leaf) and leaf.role != "const":
            if not set(range(len(program.shapes[root]))) <= set(own):
                return None
            result[leaf.name] = tuple(own.index(a) for a in range(len(program.shapes[root])))
    return result


def _operand(node: object, k: int, own: Axes, rank: int) -> Axes:
    """The axes of the k-th operand of a node whose axes are these."""
    match node:
        case Sum() | Apply() | Stop():
            return own
        case Einsum(_, labels, out, _):
            along: dict[int, int | None] = {}
            for label, a in zip(out, own, strict=True):
                # on a diagonal every axis of the node gives the place
                along[label] = a if along.get(label) is None else along[label]
            return tuple(along.get(label) for label in labels[k])
        case Window(_, axis, transposed=transposed) if not transposed:
            count = len(node.steps)
            return (*own[:axis], None, *own[axis + count :])
    return (None,) * rank

"""Symmetries of a model that split the search for its laws: sign flips of entries, and degrees.

Untrusted, and harmless: what is wrong here can hide a law from the search, and make none.

Give each entry of the state and of the data a sign, +1 or -1. If every entry of every node is then multiplied by a sign,
too, each generator becomes another generator. A gradient of a polynomial changes as its coordinates do, since a sign is its own
inverse. So the sign flips act on the laws, and the monomials of a law that change alike are a law by themselves. The group
of all sign flips that the program has is dual to the *signatures*: to each entry belongs the vector over GF(2) that tells which
flips change it, and a monomial has the sum of those of its entries. They are found by one walk through the program: every sum
demands that its terms have one signature, which is an equation between those of the leaves.

Values of activations at generic data count as data of their own (see `claws.kernel.assumptions`), so the slopes of relus change
no sign. The degree in all parameters together splits laws as well, where every generator has one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations

import numpy as np
import numpy.typing as npt

from claws.kernel.evaluate import fixed
from claws.kernel.flow import STATE
from claws.kernel.jets import salt
from claws.kernel.lie import Model
from claws.kernel.program import (
    Apply,
    Det,
    Einsum,
    Gather,
    Iota,
    Leaf,
    Number,
    Opaque,
    Power,
    Product,
    Program,
    Reshape,
    Scatter,
    Sum,
    operands_of,
)

MAX_WORDS = 40_000_000
"""Larger tables of signatures are not made: everything then counts as unchanged."""

MAX_DET = 5
"""Larger determinants are taken to have no signs."""

ODD = frozenset({"relu", "tanh", "sin", "erf"})
"""Functions with f(-z) = -f(z), the slopes of relus being data."""

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Grading:
    """Of every entry of a node. Monomials whose sums of degrees, or of signatures (by xor), differ are in different laws."""

    signature: Words
    degree: npt.NDArray[np.int64]


def gradings(model: Model, letters: Sequence[int]) -> dict[int, Grading]:
    """The gradings of the entries (row by row) of these nodes, for a model with fixed sizes."""
    signs = _Signs(model, letters).found()
    degrees = _degrees(model, letters)
    result = {}
    for n in letters:
        size = int(np.prod([fixed(k) for k in model.program.shapes[n]], dtype=np.int64))
        signature = np.zeros(size, dtype=np.uint64) if signs is None else signs[n]
        result[n] = Grading(signature, np.full(size, 0 if degrees is None else degrees[n], dtype=np.int64))
    return result


# --- degrees -------------------------------------------------------------------------------------------------------------


def _degrees(model: Model, letters: Sequence[int]) -> dict[int, int] | None:
    """The degree of each of these nodes in the parameters, times a common denominator; None where generators have none."""
    program, flow = model.program, model.flow
    wanted = set(program.cone([*model.outputs, *flow.nodes(), *letters]))
    degree: dict[int, Fraction | None] = {}
    for n, node in enumerate(program.nodes):
        if n in wanted:
            degree[n] = _degree(node, degree)
    for n in (*model.outputs, *letters):
        if degree[n] is None:
            return None
    state = {leaf.name: n for n, leaf in program.leaves(*STATE)}
    factors = dict(flow.factors)
    own = {degree[factors[leaf.name]] if leaf.name in factors else Fraction(0) for _, leaf in program.leaves("param")}
    if len(own) > 1 or None in own or any(degree[n] != degree.get(state[name]) for name, n in flow.drift):
        return None
    common = np.lcm.reduce([d.denominator for n in letters if (d := degree[n]) is not None] or [1])
    return {n: int(d * int(common)) for n in letters if (d := degree[n]) is not None}


def _degree(node: object, degree: dict[int, Fraction | None]) -> Fraction | None:
    zero = Fraction(0)
    match node:
        case Leaf(_, role):
            return Fraction(1) if role in ("param", "velocity") else zero
        case Number() | Iota():
            return zero
        case Einsum(operands):
            parts = [degree[m] for m in operands]
            return None if None in parts else sum((d for d in parts if d is not None), start=zero)
        case Sum(terms):
            first = degree[terms[0][1]]
            return first if all(degree[m] == first for _, m in terms) else None
        case Power(operand, exponent):
            d = degree[operand]
            return None if d is None else d * exponent
        case Apply("relu", operand) | Gather(operand) | Scatter(operand) | Reshape(operand):
            return degree[operand]
        case Apply(_, operand):
            return zero if degree[operand] == 0 else None
        case Opaque(_, operands):
            return zero if all(degree[m] == 0 for m in operands) else None
    return None


# --- signs ---------------------------------------------------------------------------------------------------------------


@dataclass
class _Signed:
    """Signatures of the entries of a node (shape x words), and which entries are zero whatever the leaves are."""

    words: Words
    zero: npt.NDArray[np.bool_]


class _MoreEquations(Exception):
    """Terms of one sum have different signatures: these must be the same."""

    def __init__(self, rows: Words) -> None:
        super().__init__()
        self.rows = rows


class _TooLarge(Exception):
    pass


class _Signs:
    """The signatures of a model, and of further nodes, found node by node; every new equation starts the walk again."""

    def __init__(self, model: Model, letters: Sequence[int]) -> None:
        self.model = model
        self.program: Program = model.program
        self.letters = letters
        self.shapes = [tuple(fixed(k) for k in shape) for shape in self.program.shapes]
        self.activations = dict(self.program.activations)
        self.order = self.program.cone([*model.outputs, *model.flow.nodes(), *letters])
        self.free: dict[int, slice] = {}
        count = 0
        for n in self.order:
            node = self.program.nodes[n]
            if isinstance(node, Leaf) and node.role != "const":
                size = int(np.prod(self.shapes[n], dtype=np.int64))
                self.free[n] = slice(count, count + size)
                count += size
        # the signature of every entry of a leaf: at first, each has a flip of its own
        self.basis = np.eye(count, dtype=bool)

    def found(self) -> dict[int, Words] | None:
        """A hash of the signature of each entry of the letters; None where the program is too large."""
        try:
            while True:
                try:
                    signed = self._walk()
                    break
                except _MoreEquations as more:
                    self._impose(more.rows)
        except _TooLarge:
            return None
        bits = self.basis.shape[1]
        salts = np.array([salt("signature", k) & (1 << 64) - 1 for k in range(bits)], dtype=np.uint64)
        result = {}
        for n in self.letters:
            flags = _unpacked(signed[n].words.reshape(-1, signed[n].words.shape[-1]), bits)
            result[n] = np.bitwise_xor.reduce(np.where(flags, salts, np.uint64(0)), axis=1, initial=np.uint64(0))
        return result

    def _impose(self, rows: Words) -> None:
        """Make signatures that must be the same the same: coordinates of the quotient by these differences."""
        bits = self.basis.shape[1]
        reduced, pivots = _eliminated(_unpacked(rows, bits))
        kept = [k for k in range(bits) if k not in set(pivots)]
        # modulo the rows, a pivot coordinate is the sum of the others in its row
        change = np.zeros((bits, len(kept)), dtype=bool)
        change[kept, range(len(kept))] = True
        change[pivots] = reduced[:, kept]
        self.basis = (self.basis.astype(np.float32) @ change.astype(np.float32)) % 2 != 0

    def _walk(self) -> dict[int, _Signed]:
        packed = _packed(self.basis)
        self.words = packed.shape[1]
        signed: dict[int, _Signed] = {}
        for n in self.order:
            signed[n] = self._signed(n, signed, packed)
        flow = self.model.flow
        state = {leaf.name: n for n, leaf in self.program.leaves(*STATE)}
        for _, n in flow.factors:
            self._same(signed[n], self._unchanged(n))
        for name, n in flow.drift:
            if state[name] in signed:
                self._same(signed[n], signed[state[name]])
            else:
                self._same(signed[n], self._unchanged(n))
        return signed

    def _unchanged(self, n: int) -> _Signed:
        shape = self.shapes[n]
        return _Signed(np.zeros((*shape, self.words), dtype=np.uint64), np.zeros(shape, dtype=bool))

    def _signed(self, n: int, signed: dict[int, _Signed], packed: Words) -> _Signed:
        node = self.program.nodes[n]
        shape = self.shapes[n]
        self._check(shape)
        arguments = [signed[m] for m in operands_of(node)]
        match node:
            case Leaf():
                if n not in self.free:
                    return self._unchanged(n)
                return _Signed(packed[self.free[n]].reshape(*shape, self.words), np.zeros(shape, dtype=bool))
            case Number(value):
                result = self._unchanged(n)
                result.zero[...] = value.constant() == 0
                return result
            case Iota(start, step):
                result = self._unchanged(n)
                result.zero[...] = fixed(start) + step * np.arange(shape[0]) == 0
                return result
            case Einsum(_, labels, out, sizes):
                return self._einsum(arguments, labels, out, [fixed(k) for k in sizes], n)
            case Sum():
                stacked = _Signed(np.stack([a.words for a in arguments]), np.stack([a.zero for a in arguments]))
                return self._summed(stacked)
            case Power(_, exponent):
                if exponent.denominator != 1:
                    self._same(arguments[0], self._unchanged(n))
                    return self._unchanged(n)
                return arguments[0] if exponent.numerator % 2 else self._unchanged(n)
            case Apply(function):
                declared = self.activations.get(function)
                whole = isinstance(declared, Fraction) and declared.denominator == 1
                if function in ODD or (whole and isinstance(declared, Fraction) and declared.numerator % 2):
                    return arguments[0]
                if not whole:
                    self._same(arguments[0], self._unchanged(n))
                return self._unchanged(n)
            case Product():
                words = np.bitwise_xor.reduce(arguments[0].words, axis=-2, initial=np.uint64(0))
                return _Signed(words, np.any(arguments[0].zero, axis=-1))
            case Det():
                return self._det(arguments[0], n)
            case Opaque():
                for a, m in zip(arguments, operands_of(node), strict=True):
                    self._same(a, self._unchanged(m))
                return self._unchanged(n)
        return self._moved(node, arguments[0], shape)

    def _check(self, shape: Sequence[int]) -> None:
        if int(np.prod(shape, dtype=np.int64)) * max(1, self.words) > MAX_WORDS:
            raise _TooLarge

    def _same(self, a: _Signed, b: _Signed) -> None:
        different = (a.words ^ b.words)[~(a.zero | b.zero)].reshape(-1, self.words)
        self._demand(different)

    def _demand(self, different: Words) -> None:
        """These must be zero."""
        different = different[np.any(different, axis=1)]
        if len(different):
            raise _MoreEquations(np.unique(different, axis=0))

    def _summed(self, terms: _Signed) -> _Signed:
        """The signature of a sum along the first axis, whose terms must have one."""
        first = np.argmin(terms.zero, axis=0)
        reference = np.take_along_axis(terms.words, first[None, ..., None], axis=0)[0]
        different = np.where(terms.zero[..., None], np.uint64(0), terms.words ^ reference)
        self._demand(different.reshape(-1, self.words))
        return _Signed(reference, np.all(terms.zero, axis=0))

    def _einsum(
        self,
        arguments: list[_Signed],
        labels: Sequence[Sequence[int]],
        out: Sequence[int],
        sizes: Sequence[int],
        n: int,
    ) -> _Signed:
        """Factor by factor; a label is summed over as soon as nothing later has it."""
        names: list[int] = []
        words, zero = np.zeros((self.words,), dtype=np.uint64), np.zeros((), dtype=bool)
        for k, (a, row) in enumerate(zip(arguments, labels, strict=True)):
            own_words, own_zero, own = _diagonal(a, list(row))
            both = list(dict.fromkeys([*names, *own]))
            self._check([sizes[x] for x in both])
            left, left_zero = _spread(words, zero, names, both)
            right, right_zero = _spread(own_words, own_zero, own, both)
            words, zero = left ^ right, left_zero | right_zero
            later = {x for rest in labels[k + 1 :] for x in rest} | set(out)
            names = both
            for label in [x for x in names if x not in later]:
                axis = names.index(label)
                summed = self._summed(_Signed(np.moveaxis(words, axis, 0), np.moveaxis(zero, axis, 0)))
                words, zero = summed.words, summed.zero
                names = [x for x in names if x != label]
        new = list(dict.fromkeys(out))
        words, zero = _spread(words, zero, names, new)
        shape = tuple(sizes[x] for x in new)
        words, zero = np.broadcast_to(words, (*shape, self.words)), np.broadcast_to(zero, shape)
        if len(new) == len(out):
            return _Signed(words, zero)
        result = self._unchanged(n)
        result.zero[...] = True
        grid = np.indices(shape)
        place = tuple(grid[new.index(x)] for x in out)
        result.words[place], result.zero[place] = words, zero
        return result

    def _det(self, a: _Signed, n: int) -> _Signed:
        size = a.zero.shape[-1]
        if size > MAX_DET or np.any(a.zero):
            flat = _Signed(a.words, np.zeros_like(a.zero))
            self._same(flat, _Signed(np.zeros_like(a.words), flat.zero))
            return self._unchanged(n)
        terms = [
            np.bitwise_xor.reduce(np.stack([a.words[..., i, j, :] for i, j in enumerate(p)]), axis=0)
            for p in permutations(range(size))
        ]
        return self._summed(_Signed(np.stack(terms), np.zeros((len(terms), *self.shapes[n]), dtype=bool)))

    def _moved(self, node: object, a: _Signed, shape: tuple[int, ...]) -> _Signed:
        """A Gather, Scatter or Reshape node."""
        if isinstance(node, Reshape):
            return _Signed(a.words.reshape(*shape, self.words), a.zero.reshape(shape))
        assert isinstance(node, Gather | Scatter)
        inner = shape if isinstance(node, Gather) else a.zero.shape
        lengths = inner[node.axis : node.axis + len(node.steps)]
        index = np.full(lengths, fixed(node.start), dtype=np.int64)
        for k, step in enumerate(node.steps):
            index = index + step * np.arange(lengths[k]).reshape([-1 if j == k else 1 for j in range(len(lengths))])
        if isinstance(node, Gather):
            return _Signed(np.take(a.words, index, axis=node.axis), np.take(a.zero, index, axis=node.axis))
        target = np.take(np.arange(int(np.prod(shape))).reshape(shape), index, axis=node.axis).ravel()
        words, zero = a.words.reshape(-1, self.words), a.zero.ravel()
        result = _Signed(
            np.zeros((int(np.prod(shape)), self.words), dtype=np.uint64), np.ones(int(np.prod(shape)), bool)
        )
        # the last entry that lands at a place stands for all: the others must agree
        filled = np.flatnonzero(~zero)
        result.words[target[filled]] = words[filled]
        result.zero[target[filled]] = False
        self._demand(words[filled] ^ result.words[target[filled]])
        return _Signed(result.words.reshape(*shape, self.words), result.zero.reshape(shape))


def _diagonal(a: _Signed, row: list[int]) -> tuple[Words, npt.NDArray[np.bool_], list[int]]:
    """Without repeated labels."""
    distinct = list(dict.fromkeys(row))
    words, zero = a.words, a.zero
    if len(distinct) != len(row):
        grid = np.indices([a.zero.shape[row.index(x)] for x in distinct])
        place = tuple(grid[distinct.index(x)] for x in row)
        words, zero = words[place], zero[place]
    return words, zero, distinct


def _spread(
    words: Words, zero: npt.NDArray[np.bool_], names: Sequence[int], wider: Sequence[int]
) -> tuple[Words, npt.NDArray[np.bool_]]:
    """Axes in the order of `wider`, of length 1 where there is none."""
    order = [names.index(x) for x in wider if x in names]
    shape = [zero.shape[names.index(x)] if x in names else 1 for x in wider]
    return (
        np.transpose(words, [*order, len(names)]).reshape(*shape, words.shape[-1]),
        np.transpose(zero, order).reshape(shape),
    )


def _packed(flags: npt.NDArray[np.bool_]) -> Words:
    """Rows of bits as rows of words, at least one."""
    count = max(1, -(-flags.shape[1] // 64))
    whole = np.zeros((len(flags), 64 * count), dtype=bool)
    whole[:, : flags.shape[1]] = flags
    return np.packbits(whole, axis=1, bitorder="little").view("<u8").astype(np.uint64)


def _unpacked(words: Words, bits: int) -> npt.NDArray[np.bool_]:
    flags = np.unpackbits(np.ascontiguousarray(words.astype("<u8")).view(np.uint8), axis=1, bitorder="little")
    result: npt.NDArray[np.bool_] = flags[:, :bits] != 0
    return result


def _eliminated(rows: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.bool_], list[int]]:
    """The reduced echelon form over GF(2), and its pivots."""
    bits = rows.shape[1]
    words = _packed(rows)
    pivots: list[int] = []
    for c in range(bits):
        r = len(pivots)
        if r == len(words):
            break
        word, bit = c // 64, np.uint64(1 << (c % 64))
        has = (words[:, word] & bit) != 0
        below = np.flatnonzero(has[r:])
        if not below.size:
            continue
        k = r + int(below[0])
        if k != r:
            words[[r, k]] = words[[k, r]]
            has[[r, k]] = has[[k, r]]
        has[r] = False
        words[has] ^= words[r]
        pivots.append(c)
        if r % 64 == 63:
            # rows that have become zero only cost time
            alive = np.any(words, axis=1)
            alive[: r + 1] = True
            words = words[alive]
    return _unpacked(words[: len(pivots)], bits), pivots

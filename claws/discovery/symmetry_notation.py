"""Powers, names and matrices of a symmetry as they are written, in text and in LaTeX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import chain, count

from claws.discovery.notation import Operand
from claws.kernel.values.evaluation import indices
from claws.kernel.values.evidence import Index

_Rows = tuple[tuple[Fraction, ...], ...]
"""A matrix, row by row."""


def exponential(c: Fraction, s: str) -> str:
    """The factor exp(c*s) as text, for a symbol s: e^s, e^-s, e^(2*s)."""
    return f"e^{s}" if c == 1 else f"e^-{s}" if c == -1 else f"e^({c}*{s})"


def exponential_latex(c: Fraction, s: str) -> str:
    """The factor exp(c*s) as LaTeX, for a symbol s."""
    return f"e^{{{'' if c == 1 else '-' if c == -1 else c}{s}}}"


def power_of(name: str, e: Fraction) -> Operand:
    """The power of an array as an operand of a product; 1/name for a negative exponent."""
    if e < 0:
        return Operand(name if e == -1 else f"{name}^{-e}", "inverse")
    return Operand(name) if e == 1 else Operand(name, "power", e)


def name_latex(name: str) -> str:
    """The name of a parameter as LaTeX: `W1` as W_1; a long name upright."""
    head, tail = name.rstrip("0123456789"), name[len(name.rstrip("0123456789")) :]
    head = head if len(head) == 1 else f"\\mathrm{{{head}}}".replace("_", "\\_")
    return f"{head}_{{{tail}}}" if tail else head


class NamedMatrices:
    """Names for the matrices of one symmetry, each named once up to its sign and its transpose."""

    def __init__(self, taken: set[str], s: str) -> None:
        self.s = s
        free = [x for x in "ABCDEFGHJKLMNPQR" if x not in taken]
        self.letters = iter(chain(free, (x for k in count(1) if (x := f"M{k}") not in taken)))
        self.known: dict[_Rows, str] = {}

    def times_s(self, matrix: _Rows) -> str:
        """The product of the matrix with s as text, under the name that it has or now gets: `-s*A.T`."""
        minus = tuple(tuple(-x for x in row) for row in matrix)
        for form, sign, end in (
            (matrix, "", ""),
            (minus, "-", ""),
            (transposed(matrix), "", ".T"),
            (transposed(minus), "-", ".T"),
        ):
            if form in self.known:
                return f"{sign}{self.s}*{self.known[form]}{end}"
        name = next(self.letters)
        self.known[matrix] = name
        return f"{self.s}*{name}"

    def definitions(self) -> list[str]:
        """What each name stands for, as `A = [[0, 1], [-1, 0]]`, in the order in which they were given."""
        return [f"{name} = [{', '.join(_row(row) for row in matrix)}]" for matrix, name in self.known.items()]


def _row(row: Sequence[Fraction]) -> str:
    """A row of numbers in brackets."""
    return f"[{', '.join(map(str, row))}]"


def transposed(matrix: _Rows) -> _Rows:
    """The transpose of a matrix."""
    return tuple(zip(*matrix, strict=True))


def array_literal(values: Mapping[Index, Fraction], shape: Sequence[int]) -> str:
    """An array of numbers as nested lists in a file's notation; entries that are not in `values` are 0."""

    def build(prefix: Index) -> str:
        """The part of the array whose indices begin with `prefix`."""
        if len(prefix) == len(shape):
            return str(values.get(prefix, Fraction(0)))
        return f"[{', '.join(build((*prefix, k)) for k in range(shape[len(prefix)]))}]"

    return build(())


def along_axes(
    linear: Mapping[tuple[Index, Index], Fraction], shape: Sequence[int]
) -> tuple[Fraction, dict[int, _Rows]] | None:
    """A linear map of arrays as scale*identity plus one matrix for some axes; None for a map that is no such sum.

    `linear` has the coefficient of the entry `j` in the image's entry `i` under (i, j). Each matrix has a zero at [0, 0], unless
    it is the only one, which takes the scale in.
    """
    rank = len(shape)
    zero = (0,) * rank
    scale = linear.get((zero, zero), Fraction(0))
    by_axis: dict[int, _Rows] = {}
    for axis, n in enumerate(shape):
        rows = []
        for x in range(n):
            place = [(*zero[:axis], y, *zero[axis + 1 :]) for y in (x, *range(n))]
            row = [linear.get((out, place[0]), Fraction(0)) for out in place[1:]]
            row[x] -= scale
            rows.append(tuple(row))
        if any(x for row in rows for x in row):
            by_axis[axis] = tuple(rows)
    total: dict[tuple[Index, Index], Fraction] = {}
    for i in indices(shape):
        total[i, i] = total.get((i, i), Fraction(0)) + scale
        for axis, matrix in by_axis.items():
            for j in range(shape[axis]):
                out = (*i[:axis], j, *i[axis + 1 :])
                total[out, i] = total.get((out, i), Fraction(0)) + matrix[i[axis]][j]
    if {k: c for k, c in total.items() if c} != dict(linear):
        return None
    if len(by_axis) == 1 and scale:
        # one matrix says it all
        ((axis, matrix),) = by_axis.items()
        by_axis[axis] = tuple(
            tuple(x + (scale if a == b else 0) for b, x in enumerate(row)) for a, row in enumerate(matrix)
        )
        scale = Fraction(0)
    return scale, by_axis

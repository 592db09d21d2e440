"""The languages in which arrays are written: real numbers, for statements, and two of expressions, for proofs.

Each array is printed from the same nodes in each of them. That the texts mean the same is checked by coqc, by computation.
`open_sizes.py` has one more language.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from claws.coq.statements.coq_text import as_atom
from claws.coq.statements.index_terms import IndexTerm
from claws.coq.statements.node_facts import CannotExport


@dataclass(frozen=True)
class CoqTerm:
    """Coq text with its precedence: 0 a sum, 1 a product, 2 a power, 3 an application, 4 an atom; -1 a conditional."""

    text: str
    level: int
    denominator: str = ""
    """The text of x, for a term / x that is to be written as a quotient where it is a factor."""

    def at(self, level: int) -> str:
        """Returns the text for a place that needs this precedence, in parentheses where the term's is lower."""
        return self.text if self.level >= level else f"({self.text})"


class Reals:
    """The language of statements: terms that are real numbers. The other languages have the same methods."""

    suffix = ""
    """What the names of definitions end in."""
    kind = "R"
    """The type of the terms."""
    folds = "R"
    """What the names of the sum and the product over an index begin with."""

    def number(self, c: Fraction) -> CoqTerm:
        """Returns a rational number."""
        if c < 0:
            return CoqTerm(f"- {self.number(-c).at(2)}", 0)
        return CoqTerm(f"{c.numerator} / {c.denominator}", 1) if c.denominator != 1 else CoqTerm(str(c.numerator), 4)

    def natural(self, text: str) -> CoqTerm:
        """Returns a natural number, given by its text, as a term."""
        return CoqTerm(f"IZR (Z.of_nat ({text}))", 3)

    def add(self, a: CoqTerm, b: CoqTerm) -> CoqTerm:
        """Returns the sum of two terms."""
        return CoqTerm(f"{a.at(0)} + {b.at(1)}", 0)

    def subtract(self, a: CoqTerm, b: CoqTerm) -> CoqTerm:
        """Returns the difference of two terms."""
        return CoqTerm(f"{a.at(0)} - {b.at(1)}", 0)

    def negative(self, a: CoqTerm) -> CoqTerm:
        """Returns the opposite of a term."""
        return CoqTerm(f"- {a.at(2)}", 0)

    def multiply(self, a: CoqTerm, b: CoqTerm) -> CoqTerm:
        """Returns the product of two terms."""
        # a / b is a * / b
        return CoqTerm(f"{a.at(1)} / {b.denominator}" if b.denominator else f"{a.at(1)} * {b.at(2)}", 1)

    def inverse(self, a: CoqTerm) -> CoqTerm:
        """Returns 1 divided by a term."""
        return CoqTerm(f"/ {a.at(2)}", 1, a.at(2))

    def root(self, a: CoqTerm) -> CoqTerm:
        """Returns the square root of a term."""
        return CoqTerm(f"sqrt {a.at(4)}", 3)

    def apply(self, name: str, number: int, a: CoqTerm) -> CoqTerm:
        """Returns the value of the function with this name in Coq and this number in `Elements.v`."""
        return CoqTerm(f"{name} {a.at(4)}", 3)

    def leaf(self, role: str, dimension: str, where: str) -> CoqTerm:
        """Returns the number at a place among all entries of the leaves of a role; `dimension` is the name of D."""
        word = {"param": "theta", "const": "consts", "input": "sample"}[role]
        return CoqTerm(f"{word} (coordinate {as_atom(where)})", 3)

    def power(self, a: CoqTerm, n: int) -> CoqTerm:
        """Returns a whole power of a term, n >= 0."""
        return CoqTerm(f"{a.at(3)} ^ {n}", 2)

    def fold(self, what: str, size: str, index: str, body: CoqTerm) -> CoqTerm:
        """Returns the sum or the product (`what` is `sum` or `prod`) of a term over the values of an index below a size."""
        return CoqTerm(f"{self.folds}{what} {size} (fun {index} => {body.text})", 3)

    def choose(self, left: IndexTerm, right: IndexTerm, body: CoqTerm) -> CoqTerm:
        """Returns a term where two indices, which are atoms, are equal, and 0 elsewhere."""
        return CoqTerm(f"if Nat.eqb {left.text} {right.text} then {body.text} else {self.number(Fraction(0)).text}", -1)


class Expressions(Reals):
    """The language `pexp` of `Polynomials.v`: the same terms as data, which are polynomials.

    `inverse`, `root` and `apply` raise `CannotExport`.
    """

    suffix = "'e"
    kind = "pexp"
    prefix = ""
    folds = "E"

    def number(self, c: Fraction) -> CoqTerm:
        if c < 0:
            return self.negative(self.number(-c))
        if c.denominator != 1:
            return CoqTerm(f"{self.prefix}Qc {c.numerator} {c.denominator}", 3)
        return CoqTerm(f"{self.prefix}Zc {c.numerator}", 3)

    def natural(self, text: str) -> CoqTerm:
        return CoqTerm(f"{self.prefix}Zc (Z.of_nat ({text}))", 3)

    def _call(self, name: str, *arguments: CoqTerm) -> CoqTerm:
        return CoqTerm(" ".join([self.prefix + name, *(a.at(4) for a in arguments)]), 3)

    def add(self, a: CoqTerm, b: CoqTerm) -> CoqTerm:
        return self._call("Add", a, b)

    def subtract(self, a: CoqTerm, b: CoqTerm) -> CoqTerm:
        return self._call("Sub", a, b)

    def negative(self, a: CoqTerm) -> CoqTerm:
        return self._call("Opp", a)

    def multiply(self, a: CoqTerm, b: CoqTerm) -> CoqTerm:
        return self._call("Mul", a, b)

    def inverse(self, a: CoqTerm) -> CoqTerm:
        raise CannotExport("a division is not a polynomial")

    def root(self, a: CoqTerm) -> CoqTerm:
        raise CannotExport("a root is not a polynomial")

    def apply(self, name: str, number: int, a: CoqTerm) -> CoqTerm:
        raise CannotExport(f"`{name}` is not a polynomial")

    def power(self, a: CoqTerm, n: int) -> CoqTerm:
        return self._call("Pow", a, CoqTerm(f"{n}%nat", 4))

    def leaf(self, role: str, dimension: str, where: str) -> CoqTerm:
        if role == "function":
            return self._call("X", CoqTerm(where, 4))
        if role == "param":
            return self._call("X", CoqTerm(f"(coordinate {as_atom(where)})", 4))
        name = "Const" if role == "const" else "Input"
        return self._call(name, CoqTerm(dimension, 4), CoqTerm(f"(coordinate {as_atom(where)})", 4))


class Towers(Expressions):
    """The language `texp` of `Elements.v`: the same terms as data, with divisions, roots and functions."""

    kind = "texp"
    prefix = "T"
    folds = "T"

    def inverse(self, a: CoqTerm) -> CoqTerm:
        return self._call("Inv", a)

    def root(self, a: CoqTerm) -> CoqTerm:
        return self._call("Sqrt", a)

    def apply(self, name: str, number: int, a: CoqTerm) -> CoqTerm:
        return self._call("App", CoqTerm(str(number), 4), a)


REALS = Reals()
EXPRESSIONS = Expressions()
TOWERS = Towers()


def signed_sum(language: Reals, terms: Iterable[tuple[bool, CoqTerm]]) -> CoqTerm:
    """Returns the sum of the terms with True, less the others; there must be one term at least."""
    total: CoqTerm | None = None
    for plus, term in terms:
        if total is None:
            total = term if plus else language.negative(term)
        else:
            total = language.add(total, term) if plus else language.subtract(total, term)
    assert total is not None
    return total


def power_of(language: Reals, base: CoqTerm, exponent: Fraction) -> CoqTerm:
    """Returns a power of a term. The exponent is a whole number or half of one, of any sign."""
    if exponent.denominator == 2:
        base = language.root(base)
    if exponent < 0:
        base = language.inverse(base)
    n = abs(exponent.numerator)
    return base if n == 1 and (exponent < 0 or exponent.denominator == 2) else language.power(base, n)

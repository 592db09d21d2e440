"""The elementwise functions: one table, with a row for each that is known; a declared activation has a row of the same kind.

Soundness-critical: the rows are used by every proof, and every reading asks them. A row says how a function is differentiated:

* a *smooth* function has a derivative that is an expression in the argument z and in smooth functions of the same z;
* a *two-sided* function is one such expression where z > 0 and another where z < 0. At 0 it has a kink, where it has a value for
  nobody: proofs, witnesses and counts are about the points beside it. The two sides of all two-sided functions of one argument go
  together: z is positive for all of them or for none;
* a declared activation has a derivative that is a polynomial in itself (a Pfaffian function: then s is any solution of that
  equation, and a proof is one for all of them), or the degree of its positive homogeneity, or nothing.

To add a function, write a row; `tests/readings/test_functions.py` says what else it needs. `leaky_relu`, `abs`, `silu`, `gelu`,
`softmax`, `layernorm` and `rmsnorm` are written with these before a program is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Annotated

from claws.kernel.core.errors import Irrational, Undefined, brief
from claws.kernel.core.fields import Range, Row

# --- expressions in one argument --------------------------------------------------------------------------------------

Polynomial = tuple[Fraction, ...]
"""A polynomial in the argument z by its coefficients, that of 1 first: 1 + z^2 is (1, 0, 1)."""

Factor = tuple[str | Polynomial, int]
"""A smooth function of z, or a polynomial in z, and an exponent, which is negative only for a polynomial."""

Term = tuple[Fraction, int, tuple[Factor, ...]]
"""A coefficient, an exponent of z, and factors: (c, k, ((f, e), ...)) is c * z^k * f(z)^e * ..."""

Expression = tuple[Term, ...]
"""A sum of terms, without terms that are alike. Derivatives of expressions are expressions."""


def _sum(*terms: tuple[int, int, tuple[tuple[str | tuple[int, ...], int], ...]]) -> Expression:
    def base(f: str | tuple[int, ...]) -> str | Polynomial:
        return f if isinstance(f, str) else tuple(map(Fraction, f))

    return tuple((Fraction(c), k, tuple((base(f), e) for f, e in factors)) for c, k, factors in terms)


Z = _sum((1, 1, ()))
ZERO = _sum()


def expanded(polynomial: Polynomial) -> Expression:
    """A polynomial in the argument as an expression."""
    return tuple((c, k, ()) for k, c in enumerate(polynomial) if c)


def _derivative(expression: Expression, rule: Callable[[str], Expression]) -> Expression:
    """d/dz of an expression, where `rule` gives the derivatives of smooth functions. Soundness-critical."""
    total: dict[tuple[int, tuple[Factor, ...]], Fraction] = {}

    def put(c: Fraction, k: int, exponents: dict[str | Polynomial, int]) -> None:
        factors = sorted(((f, e) for f, e in exponents.items() if e), key=lambda f: (isinstance(f[0], str), f[0]))
        key = (k, tuple(factors))
        total[key] = total.get(key, Fraction(0)) + c

    for c, k, factors in expression:
        if k:
            put(c * k, k - 1, dict(factors))
        for base, e in factors:
            inner = rule(base) if isinstance(base, str) else _derivative(expanded(base), rule)
            for c2, k2, more in inner:
                exponents = dict(factors)
                exponents[base] -= 1
                for other, e2 in more:
                    exponents[other] = exponents.get(other, 0) + e2
                put(c * e * c2, k + k2, exponents)
    return tuple((c, k, factors) for (k, factors), c in total.items() if c)


# --- rows -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Slope(Row):
    """A declared derivative: s' is the sum of c*s^e over the terms (c, e), by rising exponent, none of them zero."""

    terms: tuple[tuple[Fraction, Annotated[int, Range(0, 32)]], ...]

    @property
    def degree(self) -> int:
        return self.terms[-1][1]

    def at(self, value: Fraction) -> Fraction:
        """s'(z) where s(z) is this."""
        return sum((c * value**e for c, e in self.terms), start=Fraction(0))

    def text(self, name: str) -> str:
        """The polynomial, with a name for s."""
        parts: list[str] = []
        for c, e in self.terms:
            power = name if e == 1 else f"{name}^{e}" if e else ""
            size = "*".join(([str(abs(c))] if abs(c) != 1 or not power else []) + ([power] if power else []))
            parts.append((" - " if c < 0 else " + ") + size if parts else ("-" if c < 0 else "") + size)
        return "".join(parts)


Property = Fraction | Slope | None
"""What is declared of an activation: the degree of its positive homogeneity, its derivative, or nothing."""


@dataclass(frozen=True, slots=True)
class MadeWith:
    """What the values of a smooth function are made with, so that Ax's theorem (1971) says when they are independent.

    Soundness-critical, for counts alone: a function of an `exponential` is rational in one exponential of the argument (of its
    square, if `squared`), or with that one as good as independent of it; those of different exponentials are taken to be related
    at equal arguments.
    """

    exponential: str | None
    squared: bool = False
    logarithm: bool = False
    """Whether the value is a logarithm: of the argument, or of something made with the exponential."""
    rate: int = 1
    moebius: tuple[int, int, int, int] | None = None
    """For a function made with exp: (a, b, c, d) if its value at z is (a*E + b)/(c*E + d) with E = exp(rate*z)."""


@dataclass(frozen=True, eq=False)
class Function:
    """One row. Exactly one of `derivative` and `sides` is given for a function that is known.

    Soundness-critical: what each field is used for stands beside it. `tests/kernel/core/test_functions.py` compares all of them
    with an independent table of the functions themselves.
    """

    name: str
    about: str
    """What it is, in half a line: a formula, or a name of the field."""
    derivative: Expression | None = None
    """For a smooth function: its derivative. Every proof, witness and count of a model with the function uses it."""
    sides: tuple[Expression, Expression] | None = None
    """For a two-sided function: what it is where z > 0, and where z < 0, the same in the limit at 0. As above."""
    exact: tuple[Fraction, Fraction] | None = None
    """An argument at which the value is a known rational number, and the value: 0 for all but the logarithm. Witnesses and
    proofs of laws use it."""
    reflection: Expression | None = None
    """f(-z) in z and f(z), if known. Proofs of laws use it, so that values at z and -z are not independent."""
    exponential: bool = False
    """Whether it is e^z: then f(a + b) = f(a)*f(b), all values are positive, and f(log(u)) = u. Proofs of laws use it."""
    logarithm: bool = False
    """Whether it is the logarithm, the inverse of e^z: log(a*b) = log(a) + log(b) where a is positive. Proofs of laws use it."""
    positive: bool = False
    """Whether all values are positive. `simplified` takes such factors out of functions of degree 1, in proofs and counts."""
    on_positive: bool = False
    """Whether it has a value where the argument is positive, and nowhere else. Proofs use it, and what asks where values are."""
    degree: Fraction | None = None
    """The k for which f(a*z) = a^k f(z) for all a > 0, if known. Proofs and counts use it: Euler's identity, `simplified`."""
    made_with: MadeWith | None = None
    """For a smooth function: why its values are independent of others. Models with one that has None are not counted."""
    word: bool = True
    """Whether the language has the function by this name."""
    declared: bool = False
    """Whether it stands for any function of which only what the row says is known: a declared activation."""

    @property
    def open(self) -> bool:
        """Whether there is neither a derivative nor an expression on either side: values are free, but for a degree."""
        return self.derivative is None and self.sides is None

    @property
    def parity(self) -> int:
        """1 if f(-z) = f(z), -1 if f(-z) = -f(z), 0 if neither is known."""
        return {_even(self.name): 1, _odd(self.name): -1}.get(self.reflection or (), 0)

    @property
    def kinked(self) -> bool:
        """Whether the function has a kink at 0, or may have one: it is two-sided, or homogeneous by declaration."""
        return self.sides is not None or (self.open and self.degree is not None)

    @property
    def partial(self) -> bool:
        """Whether it has a value at positive arguments alone, as the logarithm does: its derivative divides by the argument."""
        return any(k < 0 for _, k, _ in self.derivative or ())

    @cached_property
    def smooth(self) -> tuple[str, ...]:
        """The smooth functions of the argument that values are made with: the function itself, or those on its sides."""
        if self.sides is None:
            return (self.name,) if self.derivative is not None else ()
        return tuple(
            sorted({f for side in self.sides for _, _, factors in side for f, _ in factors if isinstance(f, str)})
        )

    def rule(self, name: str) -> Expression:
        """The derivative of a smooth function that this one's expressions mention."""
        found = self.derivative if name == self.name else KNOWN[name].derivative
        if found is None:
            raise Undefined(f"{name} has no derivative rule")
        return found

    def on(self, side: int, order: int = 0) -> Expression:
        """The derivative of this order where the argument is positive (side 1) or negative (side 0), for a row that is not open.

        Soundness-critical. A smooth function is the same on both sides.
        """
        key = (side if self.sides else 1, order)
        if key not in self._derivatives:
            if order:
                self._derivatives[key] = _derivative(self.on(side, order - 1), self.rule)
            else:
                self._derivatives[key] = self.sides[1 - side] if self.sides else ((Fraction(1), 0, ((self.name, 1),)),)
        return self._derivatives[key]

    @cached_property
    def _derivatives(self) -> dict[tuple[int, int], Expression]:
        return {}

    def at(self, z: Fraction) -> Fraction:
        """f(z) for a smooth function, where that is a rational number that is known exactly. Raises `Irrational` elsewhere."""
        if self.exact is not None and z == self.exact[0]:
            return self.exact[1]
        raise Irrational(f"{self.name}({brief(z)}) is not known as an exact rational number")


def _even(name: str) -> Expression:
    """f(z), as f(-z) is for an even function."""
    return _sum((1, 0, ((name, 1),)))


def _odd(name: str) -> Expression:
    """-f(z), as f(-z) is for an odd function."""
    return _sum((-1, 0, ((name, 1),)))


def _at(z: int, value: int | Fraction) -> tuple[Fraction, Fraction]:
    return Fraction(z), Fraction(value)


# fmt: off
KNOWN: Mapping[str, Function] = {row.name: row for row in (
    Function("exp", "the exponential function", derivative=_sum((1, 0, (("exp", 1),))), exact=_at(0, 1),
             positive=True, exponential=True, made_with=MadeWith("exp", moebius=(1, 0, 0, 1))),
    Function("log", "the natural logarithm", derivative=_sum((1, -1, ())), exact=_at(1, 0), on_positive=True,
             logarithm=True, made_with=MadeWith(None, logarithm=True)),
    Function("sin", "the sine", derivative=_sum((1, 0, (("cos", 1),))), exact=_at(0, 0), reflection=_odd("sin"),
             made_with=MadeWith("circle")),
    Function("cos", "the cosine", derivative=_sum((-1, 0, (("sin", 1),))), exact=_at(0, 1), reflection=_even("cos"),
             made_with=MadeWith("circle")),
    Function("tanh", "the hyperbolic tangent", derivative=_sum((1, 0, ()), (-1, 0, (("tanh", 2),))),
             exact=_at(0, 0), reflection=_odd("tanh"), made_with=MadeWith("exp", rate=2, moebius=(1, -1, 1, 1))),
    # a logarithm of complex numbers
    Function("atan", "the arctangent", derivative=_sum((1, 0, (((1, 0, 1), -1),))), exact=_at(0, 0),
             reflection=_odd("atan"), made_with=MadeWith(None, logarithm=True)),
    Function("relu", "max(z, 0)", sides=(Z, ZERO), degree=Fraction(1)),
    Function("elu", "z where z > 0, exp(z) - 1 elsewhere", sides=(Z, _sum((1, 0, (("exp", 1),)), (-1, 0, ())))),
    Function("sigmoid", "1/(1 + exp(-z))", derivative=_sum((1, 0, (("sigmoid", 1),)), (-1, 0, (("sigmoid", 2),))),
             reflection=_sum((1, 0, ()), (-1, 0, (("sigmoid", 1),))), exact=_at(0, Fraction(1, 2)), positive=True,
             made_with=MadeWith("exp", moebius=(1, 0, 1, 1))),
    Function("softplus", "log(1 + exp(z))", derivative=_sum((1, 0, (("sigmoid", 1),))),
             reflection=_sum((1, 0, (("softplus", 1),)), (-1, 1, ())), positive=True,
             made_with=MadeWith("exp", logarithm=True)),
    # erf' = (2/sqrt(pi)) exp(-z^2), kept as one function so that every coefficient is rational
    Function("erf", "the error function", derivative=_sum((1, 0, (("erf_slope", 1),))), exact=_at(0, 0),
             reflection=_odd("erf"), made_with=MadeWith("erf", squared=True)),
    Function("erf_slope", "2*exp(-z^2)/sqrt(pi), the derivative of erf", derivative=_sum((-2, 1, (("erf_slope", 1),))),
             reflection=_even("erf_slope"), positive=True, made_with=MadeWith("erf", squared=True), word=False),
    Function("normal_cdf", "the distribution function of the standard normal law: gelu(z) = z*normal_cdf(z)",
             derivative=_sum((1, 0, (("normal_pdf", 1),))), exact=_at(0, Fraction(1, 2)), positive=True,
             reflection=_sum((1, 0, ()), (-1, 0, (("normal_cdf", 1),))),
             made_with=MadeWith("normal", squared=True), word=False),
    Function("normal_pdf", "exp(-z^2/2)/sqrt(2*pi), the density of the standard normal law",
             derivative=_sum((-1, 1, (("normal_pdf", 1),))), reflection=_even("normal_pdf"), positive=True,
             made_with=MadeWith("normal", squared=True), word=False),
)}
# fmt: on
"""The table."""


def function_of(name: str, activations: Mapping[str, Property]) -> Function:
    """The row of a function, known or declared."""
    return KNOWN[name] if name in KNOWN else _declared(name, activations[name])


@lru_cache(maxsize=4096)
def _declared(name: str, declared: Property) -> Function:
    """The row that says of an activation what its declaration says, and nothing else. Soundness-critical."""
    if isinstance(declared, Slope):
        rule: Expression = tuple((c, 0, ((name, e),) if e else ()) for c, e in declared.terms)
        about = f"an activation with the derivative {declared.text(name)}"
        made_with = MadeWith(f"{name}'") if _is_riccati(declared) else None
        return Function(name, about, derivative=rule, made_with=made_with, declared=True)
    about = "an activation" if declared is None else f"an activation that is homogeneous of degree {declared}"
    return Function(name, about, degree=declared, declared=True)


def _is_riccati(slope: Slope) -> bool:
    """Whether the solutions s that are not constant are made with an exponential e^(d*z), for one number d.

    s' = b*s + c with b != 0: s is linear in e^(b*z). s' = a*s^2 + b*s + c with d^2 = b^2 - 4*a*c != 0: s is a Moebius function of
    e^(d*z) (Riccati). Both maps can be undone, so s(z) is as good as e^(d*z) in Ax's theorem.
    """
    c, b, a = ({e: x for x, e in slope.terms}.get(k, Fraction(0)) for k in range(3))
    return slope.degree <= 2 and bool(b if not a else b * b - 4 * a * c)


# --- powers ---------------------------------------------------------------------------------------------------------------

"""The trusted kernel: it alone says PROVED or REFUTED.

`check(statement, evidence, meter)` returns a `Theorem` or raises `Refused`. It imports the standard library and itself, and
nothing else. What is trusted, what is assumed and in which order to read: README.md beside this file. The
certificate format, read and written by `claws.kernel.certificate`: FORMAT.md.
"""

from claws.kernel.errors import Malformed, Meter, OutOfBudget, Refused, Undefined
from claws.kernel.evidence import ByPolynomials, ByTensors, Evidence, NotConserved, Relation, Sandwich, Witness
from claws.kernel.program import Program
from claws.kernel.sizes import Size
from claws.kernel.statement import Complete, Count, Independent, Statement
from claws.kernel.theorem import Theorem, check

__all__ = [
    "ByPolynomials",
    "ByTensors",
    "Complete",
    "Count",
    "Evidence",
    "Independent",
    "Malformed",
    "Meter",
    "NotConserved",
    "OutOfBudget",
    "Program",
    "Refused",
    "Relation",
    "Sandwich",
    "Size",
    "Statement",
    "Theorem",
    "Undefined",
    "Witness",
    "check",
]

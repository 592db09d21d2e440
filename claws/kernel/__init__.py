"""The trusted kernel: it alone says PROVED or REFUTED.

`check(statement, evidence, meter)` returns a `Theorem` or raises `Refused`. It imports the standard library and itself, and
nothing else. What is trusted, what is assumed and in which order to read: README.md beside this file. The
certificate format, read and written by `claws.kernel.format.certificate`: FORMAT.md.
"""

from claws.kernel.core.errors import Malformed, Meter, OutOfBudget, Refused, Undefined
from claws.kernel.core.evidence import ByPolynomials, ByTensors, Evidence, NotConserved, Relation, Sandwich, Witness
from claws.kernel.core.program import Program
from claws.kernel.core.sizes import Size
from claws.kernel.core.statement import Complete, Count, Independent, Statement
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

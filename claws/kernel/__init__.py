"""The trusted kernel: it alone says PROVED or REFUTED.

`check(statement, evidence, meter)` returns a `Theorem` or raises `Refused`. It imports the standard library and itself, and
nothing else. What is trusted, what is assumed and in which order to read: README.md beside this file. The certificate
format, read by `claws.kernel.format.certificate` and written outside the kernel: FORMAT.md.
"""

from claws.kernel.core.errors import Malformed, Meter, OutOfBudget, Refused, Undefined
from claws.kernel.core.finding import Layer, NamedPoint, Premise, Verdict
from claws.kernel.core.program import Program
from claws.kernel.core.sizes import Size
from claws.kernel.core.statement import Statement
from claws.kernel.counting.evidence import Evidence, NotConserved, Relation, Sandwich
from claws.kernel.counting.statements import Complete, Count, Independent
from claws.kernel.laws.evidence import BlockLaw, ByBlock, ByPolynomials, ByTensors
from claws.kernel.theorem import Theorem, check
from claws.kernel.values.evidence import Witness

__all__ = [
    "BlockLaw",
    "ByBlock",
    "ByPolynomials",
    "ByTensors",
    "Complete",
    "Count",
    "Evidence",
    "Independent",
    "Layer",
    "Malformed",
    "Meter",
    "NamedPoint",
    "NotConserved",
    "OutOfBudget",
    "Premise",
    "Program",
    "Refused",
    "Relation",
    "Sandwich",
    "Size",
    "Statement",
    "Theorem",
    "Undefined",
    "Verdict",
    "Witness",
    "check",
]

"""How much of the kernel one check enters: `python -m tests.kernel.layers` measures it and prints the table of the kernel's page.

A line of code has something beside a comment, a docstring or white space.
"""

from __future__ import annotations

import ast
import io
import sys
import tokenize
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from types import FrameType

import claws.kernel
from claws.kernel import Evidence, Meter, Theorem, check
from claws.kernel.core.finding import Layer
from claws.kernel.counting.evidence import NotConserved, Sandwich, Step
from claws.kernel.counting.statements import AnyStatement, Complete
from claws.prover.path_ranks import PathRanks
from claws.readings.modular import PRIMES_WITH_ROOTS
from tests.kernel.counting import test_bounds as counts
from tests.kernel.counting import test_involution as involutions
from tests.kernel.counting import true
from tests.kernel.format.cases import CASES
from tests.kernel.models import product, scalars, witness

KERNEL = Path(claws.kernel.__file__).parent
SILENT = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}

Check = Callable[[], Theorem]

LAYERS: dict[str, tuple[str, ...]] = {
    "core": ("core/",),
    "tensors": (
        "laws/by_tensors",
        "laws/tensors",
        "laws/function_values",
        "laws/algebra",
        "laws/identities",
        "laws/labelling",
        "laws/symbols",
    ),
    "polynomials": ("laws/by_polynomials", "laws/polynomials"),
    "blocks": ("laws/blocks", "laws/symbols"),
    "values": ("values/",),
    "counting": ("counting/",),
}
"""The files of each layer, by how their names start. What is in no layer only holds evidence."""


def of_layer(name: str) -> list[str]:
    """The files of a layer, relative to the kernel."""
    return [file for file in kernel_files() if file.startswith(LAYERS[name])]


def kernel_files() -> list[str]:
    """Every file of the kernel, relative to it."""
    return sorted(path.relative_to(KERNEL).as_posix() for path in KERNEL.rglob("*.py"))


def lines_of_code(file: str) -> set[int]:
    """The numbers of the lines of code of a file of the kernel."""
    text = (KERNEL / file).read_text(encoding="utf-8")
    silent: set[int] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            silent |= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    said: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in SILENT:
            said |= set(range(token.start[0], token.end[0] + 1))
    return said - silent


def size(files: Iterable[str]) -> int:
    """The lines of code of these files."""
    return sum(len(lines_of_code(file)) for file in files)


class Entered:
    """The functions of the kernel that are called while it is on, as first lines in files."""

    def __init__(self) -> None:
        self.places: dict[str, set[int]] = defaultdict(set)

    def _note(self, frame: FrameType, event: str, _: object) -> None:
        name = frame.f_code.co_filename
        if event == "call" and name.startswith(str(KERNEL)):
            self.places[Path(name).relative_to(KERNEL).as_posix()].add(frame.f_code.co_firstlineno)

    def __enter__(self) -> Entered:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def files(self) -> list[str]:
        return sorted(self.places)

    def lines(self) -> int:
        """The lines of code of the functions that were entered."""
        total = 0
        for file, starts in self.places.items():
            inside: set[int] = set()
            for node in ast.walk(ast.parse((KERNEL / file).read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.Lambda | ast.GeneratorExp | ast.ListComp):
                    first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))])
                    if first in starts:
                        inside |= set(range(first, (node.end_lineno or first) + 1))
            total += len(inside & lines_of_code(file))
        return total


def _direct(case: str) -> Check:
    statement, evidence = CASES[case]
    return lambda: check(statement, evidence, Meter(10**6))


def _number(
    relation: str, number: int, text: str, law: str, *steps: Step, modulus: int = counts.P, seed: int = 0
) -> Check:
    statement = counts.count(relation, number, text)
    evidence = replace(counts.sandwich(statement, law, text, steps), modulus=modulus, seed=seed)
    return lambda: check(statement, evidence, Meter(10**7))


def _involution() -> Check:
    statement = counts.count("=", 2, involutions.SCALED)
    evidence = involutions.only(involutions.BY_HAND, Step(1, 4))
    return lambda: check(statement, evidence, Meter(10**7))


def _true_point() -> Check:
    statement = true.count_of(counts.RELU, "<=", 2)
    point = true.point_of({"W": [1, 2, 3, -1], "u": [2, 5]}, [[1, 1], [2, 1], [1, -1], [2, -3]])
    evidence = Sandwich((), (), (true.generators(4),), true.P, 0, (), point)
    return lambda: check(statement, evidence, Meter(10**7))


def _paths() -> Check:
    statement = counts.count("=", 2, counts.RELU)
    evidence = counts.path_evidence(statement)
    return lambda: check(statement, evidence, Meter(10**7), PathRanks())


def _claim(text: str, claim: str, evidence: Callable[[AnyStatement], Evidence]) -> Check:
    statement = counts.statements(text, claim)
    given = evidence(statement)
    return lambda: check(statement, given, Meter(10**7))


def _not_conserved() -> Check:
    law = scalars(product(0, 1))
    statement = Complete(law.program, law.outputs, law.flow, (law.law,))
    return lambda: check(statement, NotConserved(0, witness(residue=1)), Meter(10**6))


ROOT = "param v: [3], g\ninput x: [3]\nmap g*dot(v, x)/sqrt(sqnorm(v))\nlaw l = sqnorm(v)\n"
ROOTS_EXIST = 1
"""A seed at which the roots of this model exist modulo the prime."""

SMOOTH = "param u, v\ninput x\nmap u*tanh(v*x)\nlaw l = u*0\n"
DEPENDENT = "param x, y\nmap x*y\nlaw a = [x^2 - y^2, y^2 - x^2, (x^2 - y^2)^2]\n"

KINDS: dict[str, Callable[[], Check]] = {
    "law, by tensors": lambda: _direct("tensors"),
    "law, by polynomials": lambda: _direct("polynomials"),
    "law, by a block": lambda: _direct("block"),
    "law, witness of rational value": lambda: _direct("witness"),
    "law, witness with bounds": lambda: _direct("enclosed"),
    "count, polynomial model": lambda: _number("=", 3, counts.LINEAR, "balance", *counts.STEPS),
    "count, with tanh": lambda: _number("<=", 0, SMOOTH, "l", Step(1, 4)),
    "count, with roots": lambda: _number(
        ">=", 1, ROOT, "l", Step(1, 4), modulus=PRIMES_WITH_ROOTS[0], seed=ROOTS_EXIST
    ),
    "count, at a true point": lambda: _true_point(),
    "count, by paths": lambda: _paths(),
    "count, by involution": lambda: _involution(),
    "complete": lambda: _claim(counts.LINEAR, "complete balance", counts.sandwich),
    "complete, a law that is none": lambda: _not_conserved(),
    "independent": lambda: _claim(
        counts.LINEAR.replace("V.T @ V", "(V.T @ V)[0, 0]").replace("U.T @ U", "(U.T @ U)[0, 0]"),
        "independent balance",
        lambda s: Sandwich((), (), (), counts.P, 0),
    ),
    "independent, a relation": lambda: _claim(
        DEPENDENT, "independent a", lambda s: counts.relation((1, ((0, 2),)), (-1, ((2, 1),)))
    ),
}
"""For each kind of theorem, what makes a check of a small one."""


def measure(kind: str) -> tuple[Theorem, Entered]:
    """The theorem and what its check enters. For figures that do not depend on caches, in a process of its own."""
    run = KINDS[kind]()
    entered = Entered()
    with entered:
        theorem = run()
    return theorem, entered


def row(kind: str) -> str:
    """The row of the kernel's page about a kind of theorem."""
    theorem, entered = measure(kind)
    rooms: dict[str, list[str]] = defaultdict(list)
    for file in entered.files():
        room, _, name = file.rpartition("/")
        rooms[room].append(name.removesuffix(".py"))
    files = "; ".join(f"{room}: {', '.join(names)}" for room, names in rooms.items() if room)
    layers = ", ".join(layer for layer in Layer if layer in theorem.layers and layer is not Layer.CORE) or "none"
    return f"| {kind} | {layers} | {files} | {size(entered.files())} | {entered.lines()} |"


if __name__ == "__main__":
    for chosen in sys.argv[1:] or KINDS:
        print(row(chosen))

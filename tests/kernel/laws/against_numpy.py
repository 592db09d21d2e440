"""What both readings of laws make of a program, compared with NumPy at random points."""

from __future__ import annotations

from random import Random

import numpy as np

from claws.kernel import Meter, Refused, Statement
from claws.kernel.laws.by_polynomials import generic_point
from claws.kernel.laws.by_tensors import tensor_residue
from claws.kernel.laws.polynomials import Polynomials
from claws.kernel.laws.tensors import Tensors
from claws.kernel.values.evaluation import directional, evaluate
from claws.kernel.values.residues import law_directions
from tests.kernel.random_programs import at_sizes, random_leaves
from tests.kernel.reference import PolynomialReader, TensorReader, drift, law_direction, residue, shape_of, values


def close(found: np.ndarray, expected: np.ndarray) -> None:
    """Equal where both are numbers of a size that floating point can compare."""
    ok = np.isfinite(found) & np.isfinite(expected) & (abs(expected) < 1e6)
    np.testing.assert_allclose(found[ok], expected[ok], rtol=1e-5, atol=1e-6)


def tensors_agree(statement: Statement, random: Random, seed: int) -> bool:
    """Compare values, the gradient of the law and the residue at two sizes, and see that there is no false theorem.

    Returns False where the kernel refuses the program.
    """
    program = statement.program
    tensors = Tensors(program, Meter(200_000))
    names = {leaf.name: n for n, leaf in program.leaves("param")}
    try:
        for n in range(len(program.nodes)):
            tensors.value(n)
        found = tensor_residue(statement, tensors)
        along = {names[name]: tensors.value(n) for name, n in statement.flow.drift.items()}
        drifted = tensors.push([statement.law], along)[statement.law]
        pushed = tensors.push(statement.outputs, {names[name]: t for name, t in found.direction.items()})
    except Refused:
        return False
    sizes_seen = [{"n": random.randint(1, 3), "m": random.randint(1, 3)}, {"n": 2, "m": 3}]
    for sizes in sizes_seen:
        here = at_sizes(statement, sizes)
        numbers = np.random.default_rng(seed)
        leaves = random_leaves(here.program, numbers)
        weights = numbers.normal(size=shape_of(here.program, here.law)) + 0j
        reader = TensorReader(tensors, here.program, sizes, leaves, weights)
        for n, expected in enumerate(reader.now):
            close(reader.read(tensors.value(n)).ravel(), expected.ravel())
        slopes = law_direction(here, leaves, weights)
        for name, direction in found.direction.items():
            close(reader.read(direction).ravel(), slopes[name].ravel())
        for n, expected in residue(here, leaves, weights).items():
            close(reader.read(pushed[n]).ravel(), expected.ravel())
            if n not in found.left:
                close(np.zeros(expected.size), expected.ravel())
        expected = drift(here, leaves)
        close(reader.read(drifted).ravel(), expected.ravel())
        if found.drift is None:
            close(np.zeros(expected.size), expected.ravel())
    return True


def polynomials_agree(statement: Statement, random: Random, seed: int) -> bool:
    """Compare values and residues at small sizes, and see that what vanishes is zero.

    Returns False where the kernel refuses the program.
    """
    statement = at_sizes(statement, {"n": random.randint(1, 2), "m": random.randint(1, 2)})
    program = statement.program
    meter = Meter(60_000)
    of = Polynomials(dict(program.activations), meter)
    try:
        point = generic_point(program, of)
        every = list(range(len(program.nodes)))
        found = evaluate(program, every, point, of, meter)
        by_entry = law_directions(statement, point, of, meter)
        rest = {e: directional(program, statement.outputs, point, d, of, meter) for e, d in by_entry.items()}
        zero = {(e, n, i): of.vanishes(y) for e, r in rest.items() for n, x in r.items() for i, y in x.items()}
    except Refused:
        return False
    leaves = random_leaves(program, np.random.default_rng(seed))
    reader = PolynomialReader(of, leaves)

    def compare(y: complex, expected: complex) -> None:
        close(np.array([y]), np.array([expected]))

    for n, expected in enumerate(values(program, leaves)):
        for i in np.ndindex(expected.shape):
            compare(reader.read(found[n][i]) if i in found[n] else 0, complex(expected[i]))
    for entry, of_entry in rest.items():
        weights = np.zeros(shape_of(program, statement.law), dtype=complex)
        weights[entry] = 1
        for n, expected in residue(statement, leaves, weights).items():
            for i in np.ndindex(expected.shape):
                y = of_entry[n].get(i)
                compare(0 if y is None else reader.read(y), complex(expected[i]))
                if y is None or zero[entry, n, i]:
                    compare(0, complex(expected[i]))
    return True

"""Untrusted readings of a program: arrays of residues or floats with jets, FLINT polynomials, SymPy expressions.

| file | what it has |
| --- | --- |
| `jets.py` | jets of arrays over a field: sums, products, series, einsums, determinants |
| `functions.py` | what every kind of numbers needs to know of a function, and the one evaluation of derivative rules |
| `modular.py`, `floating.py` | the two kinds of numbers: residues modulo a prime, and float64; `solutions.py` helps the second |
| `arrays.py` | the reading: values forwards, gradients backwards, over jets of one kind of numbers |
| `flow.py` | how a flow moves the state, and the residue of a law |
| `points.py` | a model at a random point: its generators, their brackets, the gradients of its laws |
| `echelon.py` | the row space of residue vectors |
| `residues.py` | whether a law's residue vanishes modulo a prime |
| `flint_reading.py`, `sympy_reading.py` | rational functions by FLINT, and expressions by SymPy for people |
"""

import os

# before NumPy loads: many small products on several threads, in several processes, wait for each other
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

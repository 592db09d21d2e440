"""Untrusted readings of a program: arrays of residues or floats with jets, FLINT polynomials, SymPy expressions."""

"""What people read: a model, its laws and a claim about them in Coq's words. Nothing here is a proof, or searches for one.

The same writer also writes each array in the languages that proofs compute with (`term_languages.py`, `open_sizes.py`), so that a
node of a program is written in one place.
"""

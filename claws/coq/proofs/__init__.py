"""What writes proofs, which nobody reads: coqc checks them. Files about each kind of claim, and the searches for their data.

A proof runs one of the library's functions, which only compute, on data; the searches find the data. A wrong proof is no danger:
coqc does not accept it.
"""

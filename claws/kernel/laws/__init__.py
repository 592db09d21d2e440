"""How a law is PROVED: by tensors for every size, by polynomials at fixed sizes, or as a law of a block."""

"""Conservation laws that nobody wrote down, found from a model alone.

Untrusted, as all of the search: what is found goes through the same prover and kernel as a user's claim.

| module | what |
| --- | --- |
| `found` | what is handed on: a law as text, and where it is proved; notes of what was left out |
| `networks` | candidates: products of one or two arrays of the state with some indices summed, by the shape of the result |
| `notation` | such a product, and a combination of them, as a person would write it |
| `points` | random points at which models are evaluated |
| `matrices` | the search for combinations of candidates that are conserved, whatever the sizes |
| `exact` | kernels modulo primes, rational reconstruction, short integer vectors |
| `gradings` | the sign flips and scalings that a model has, which split the search |
| `permutations` | those of its neurons, which take laws to laws |
| `polynomials` | all laws of bounded degree in given letters, at fixed sizes |
| `generating` | which laws are no functions of others |
| `beyond` | letters beside the coordinates: functions of the user and of the model, Darboux polynomials |
| `rational` | quotients of polynomials, by linear algebra on pairs of monomials |
| `relations` | relations between laws |
| `find` | all of these in their order, for one file |
| `symmetries` | the symmetry that a law generates, and linear symmetries that give no law |
"""

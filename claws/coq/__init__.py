"""Export to Coq: statements that a mathematician can read, with proofs that coqc checks and that rest on nothing of claws.

Not trusted: a wrong export is refused by coqc. What has to be read is the exported statement and `Vocabulary.v`.
"""

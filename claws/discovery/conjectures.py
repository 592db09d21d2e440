"""What the counting of laws (`claws.prover.counting`) is handed from here: laws and relations that no file names."""

from __future__ import annotations

from claws.discovery.polynomial_search import find_laws
from claws.discovery.relations import find_relations
from claws.prover.counting import Conjectures

CONJECTURES = Conjectures(find_laws, find_relations)
"""Polynomial laws of low degree, and polynomial relations between laws."""

"""How a claim was decided, as a record: what its JSON has under `detail`, and what the text shows below its line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from claws.kernel.values.evidence import Residue
from claws.report.residues import negative, residue_text
from claws.report.where import NestedText, Where


@dataclass(frozen=True)
class Bounds:
    """What is known of the number of laws, from both sides, by theorems of the kernel or by the search so far."""

    parameters: int
    coordinates: int
    """All that training moves: the parameters, and under momentum velocities and the time."""
    at_least: int
    at_most: int
    lie_dimension_at_least: int
    """The rank of brackets that was reached, which is a lower bound of the dimension of the Lie algebra."""
    bracket_depth: int | None = None
    """The number of generators in the deepest bracket that was needed; None where none was."""

    @staticmethod
    def of(found: Mapping[str, int]) -> Bounds | None:
        """The bounds that a search has found, None where it ended before there were any."""
        if "count_at_least" not in found:
            return None
        return Bounds(
            found["parameters"],
            found["coordinates"],
            found["count_at_least"],
            found["count_at_most"],
            found["lie_dimension_at_least"],
            found.get("bracket_depth"),
        )

    def to_json(self) -> dict[str, Any]:
        data = {
            "parameters": self.parameters,
            "coordinates": self.coordinates,
            "count_at_least": self.at_least,
            "count_at_most": self.at_most,
            "lie_dimension_at_least": self.lie_dimension_at_least,
        }
        return data if self.bracket_depth is None else data | {"bracket_depth": self.bracket_depth}


@dataclass(frozen=True)
class Term:
    """One term of a refuted law, and what it leaves at the witness."""

    text: str
    residue: Residue

    def to_json(self) -> dict[str, Any]:
        return {"term": self.text, "residue": residue_text(self.residue)}


@dataclass(frozen=True)
class Counterexample:
    """Where a law is not conserved: the point, the entries of law and output, and the residue there, which is not 0."""

    sizes: dict[str, int]
    entries: dict[str, str]
    """Each entry of each leaf by its name, as `U[0,1]`."""
    arrays: dict[str, NestedText]
    choices: tuple[str, ...]
    """What was chosen for the functions that the file leaves open, a sentence each."""
    law_entry: tuple[int, ...]
    output: str
    """The output that is the loss, as the file writes it; empty where the law changes without any."""
    output_entry: tuple[int, ...]
    residue: Residue
    bits: int
    """Enclosures are multiples of 2^-bits; 0 where every value is rational."""
    terms: tuple[Term, ...] | None = None
    """What each term of the law leaves; None where the law is one of several of a `complete` claim."""
    law: str | None = None
    """The law of a `complete` claim that is not conserved."""

    @property
    def change(self) -> Residue:
        """The derivative of the law's entry by time, where the output's entry is the loss and where there is none."""
        return negative(self.residue) if self.output else self.residue

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {
            "sizes": self.sizes,
            "witness": self.entries,
            "arrays": self.arrays,
            "choices": list(self.choices),
            "law_entry": list(self.law_entry),
            "output": self.output,
            "output_entry": list(self.output_entry),
            "residue": residue_text(self.residue),
            "residue_bits": self.bits,
        }
        if self.law is not None:
            data["law"] = self.law
        if self.terms is not None:
            data["terms"] = [t.to_json() for t in self.terms]
        return data


@dataclass
class Detail:
    """What is known of one claim beside its verdict. A field is None where there is nothing to say."""

    parameters: int | str | None = None
    """The number of parameters of a law's model, a polynomial in the dims as text where these are free."""
    bounds: Bounds | None = None
    """What is known of the number of laws, for a claim about it."""
    tried: tuple[str, ...] | None = None
    """What a search without a verdict tried, a sentence each."""
    laws: tuple[str, ...] | None = None
    """What a decided number rests on: names of the file's laws, and formulas of laws that were found."""
    counterexample: Counterexample | None = None
    certificate: str | None = None
    """The path of the certificate that was written."""
    coq: str | None = None
    """What Coq says of it."""
    where: Where | None = None
    """Where a number of laws, or independence, was seen; None where that has no meaning."""

    def to_json(self) -> dict[str, Any]:
        data: dict[str, Any] = {}
        if self.parameters is not None:
            data["parameters"] = self.parameters
        if self.bounds is not None:
            data |= self.bounds.to_json()
        if self.tried is not None:
            data["tried"] = list(self.tried)
        if self.laws is not None:
            data["laws"] = list(self.laws)
        if self.counterexample is not None:
            data |= self.counterexample.to_json()
        if self.certificate is not None:
            data["certificate"] = self.certificate
        if self.coq is not None:
            data["coq"] = self.coq
        if self.where is not None:
            data |= self.where.to_json()
        return data

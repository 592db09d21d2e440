"""From a `.claw` file to Coq files: which claims are exported, what is proved of each, and why some are not.

A law is exported as its verdict is: that it is conserved, or that it is not. Laws at the same sizes share a file. A law that
holds for all sizes is exported at small ones, and for all sizes where that can be done (`proofs/laws_for_all_sizes.py`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from claws.coq.proofs.conserved_laws import laws_file
from claws.coq.proofs.entry_polynomials import ProvedLaws, check_size
from claws.coq.proofs.independent_gradients import search_dependence, search_independence
from claws.coq.proofs.independent_laws import dependent_file, independent_file
from claws.coq.proofs.laws_for_all_sizes import all_sizes_file
from claws.coq.proofs.no_other_law import (
    AllLawsCertificate,
    MissingLaw,
    conserved_entries,
    search_certificate,
    search_missing,
)
from claws.coq.proofs.number_of_laws import complete_file, counted_file, missing_file
from claws.coq.proofs.one_field import OneField, search_one_field
from claws.coq.proofs.refuted_laws import Refutation, refuted_file, refuted_quotient_file
from claws.coq.proofs.unrelated_values import check_needs_no_relation
from claws.coq.statements.coq_file import CoqFile
from claws.coq.statements.exported_model import ExportedModel, Sizes, read_model
from claws.coq.statements.node_facts import CannotExport
from claws.discovery.conjectures import CONJECTURES
from claws.kernel.core.errors import Malformed, OutOfBudget, Undefined
from claws.kernel.core.sizes import SizeBounds
from claws.kernel.counting.bounds import compare
from claws.kernel.counting.evidence import NotConserved
from claws.kernel.counting.statements import Count
from claws.kernel.values.evaluation import indices
from claws.kernel.values.evidence import Witness
from claws.prover.counting import KnownLaw, count_laws, decide_number
from claws.prover.laws import decide_law
from claws.prover.least_sizes import smallest_sizes
from claws.syntax.diagnostic import SourceError
from claws.syntax.instances.instance import Instance
from claws.syntax.spec import Claim, Spec


@dataclass(frozen=True)
class Refusal:
    """A claim that can't be exported, and a sentence that says why."""

    claim: Claim
    sizes: Sizes
    reason: str


@dataclass
class Export:
    """What came of a `.claw` file: the exported files, and what was left out."""

    files: list[CoqFile] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    one_size: list[Refusal] = field(default_factory=list)
    """The laws that hold for all sizes and are exported at one size only, with the reason."""


@dataclass(frozen=True)
class Work:
    """What the search for the verdict on one claim may take, where the verdict is not known already."""

    seed: int = 0
    """The seed of what is drawn."""
    budget: int = 20_000_000
    """The most steps of a search, as the kernel's `Meter` counts them."""
    timeout: float | None = 60.0
    """The most seconds; None for no limit."""


@dataclass(frozen=True)
class Decided:
    """What is known of a claim: its verdict, and the evidence that the kernel has accepted for it."""

    verdict: str
    evidence: object
    reason: str = ""


Known = Mapping[tuple[int, tuple[tuple[str, int], ...]], Decided]
"""What is known of claims, by the claim's `id` and its sizes."""


def export(
    spec: Spec,
    work: Work | None = None,
    claims: Sequence[tuple[Claim, Sizes]] | None = None,
    known: Known | None = None,
) -> Export:
    """Exports these claims (all, for None) of a file without errors; dims without a size are taken as small as may be, but not 1.

    What is not `known` is decided anew. A claim that can't be exported is in `refused`, with the reason; nothing is raised.
    """
    result = Export()
    exporter = _Exporter(spec, work or Work(), known or {})
    laws: dict[tuple[tuple[str, int], ...], list[tuple[Claim, Sizes]]] = {}
    for_all: dict[tuple[tuple[str, int], ...], list[CoqFile]] = {}
    if claims is None:
        claims = [(claim, given) for claim in spec.claims for given in claim.sizes]
    for claim, given in claims:
        refusal = None
        try:
            found = exporter.one(claim, given)
        except EXPORT_PROBLEMS as problem:
            refusal = Refusal(claim, given, _reason(problem))
        else:
            if isinstance(found, CoqFile):
                result.files.append(found)
                continue
            laws.setdefault(tuple(found.items()), []).append((claim, given))
        try:
            if exporter.has_open_sizes(claim, given):
                fixed = exporter.known_sizes(given)
                # what can't be exported is not decided again
                alone = exporter.all_sizes(fixed, [(claim, given)])
                if exporter.is_proved(claim, given):
                    for_all.setdefault(tuple(fixed.items()), []).append(alone)
                    refusal = None
        except EXPORT_PROBLEMS as problem:
            if refusal is None:
                result.one_size.append(Refusal(claim, given, _reason(problem)))
        if refusal is not None:
            result.refused.append(refusal)
    files = [file for key, group in laws.items() for file in _laws(spec, dict(key), group, result)]
    for key, alone_files in for_all.items():
        together = [pair for file in alone_files for pair in file.claims]
        files.append(alone_files[0] if len(together) == 1 else exporter.all_sizes(dict(key), together))
    result.files = _named_apart(files + result.files)
    return result


def _named_apart(files: Sequence[CoqFile]) -> list[CoqFile]:
    """Returns the files; of several with one name (claims on one line) the later ones get a number."""
    result: list[CoqFile] = []
    taken: set[str] = set()
    for file in files:
        name, k = file.name, 1
        while name in taken:
            k += 1
            name = f"{file.name}_{k}"
        taken.add(name)
        result.append(replace(file, name=name))
    return result


EXPORT_PROBLEMS = (CannotExport, Malformed, Undefined, OutOfBudget, SourceError)
"""What may be raised for a claim that can't be exported."""


def _reason(problem: Exception) -> str:
    return problem.diagnostic.message if isinstance(problem, SourceError) else str(problem)


def _laws(spec: Spec, sizes: Sizes, group: Sequence[tuple[Claim, Sizes]], result: Export) -> list[CoqFile]:
    """Returns the file of these laws, without those that can't be written, which are added to `result`."""
    try:
        return [laws_file(spec, sizes, group)]
    except CannotExport as problem:
        if len(group) == 1:
            result.refused.append(Refusal(*group[0], str(problem)))
            return []
    good = [claim for claim in group if _laws(spec, sizes, [claim], result)]
    return [laws_file(spec, sizes, good)] if good else []


class _Exporter:
    """Makes the files of single claims of a `.claw` file.

    Its methods raise those of `EXPORT_PROBLEMS` where a claim can't be exported.
    """

    def __init__(self, spec: Spec, work: Work, decided: Known) -> None:
        self.spec = spec
        self.work = work
        self.decided = dict(decided)

    def one(self, claim: Claim, given: Sizes) -> CoqFile | Sizes:
        """Returns the file of a claim; for a law that is conserved the sizes of the file that it belongs to."""
        if claim.kind == "law":
            return self.law(claim, claim.name, given)
        if claim.among is not None:
            raise CannotExport("a claim about the laws of some of the parameters can't be exported yet")
        if claim.kind == "complete":
            return self.complete(claim, given)
        if claim.kind == "independent":
            return self.independent(claim, given)
        return self.count(claim, given)

    def known_sizes(self, given: Sizes) -> dict[str, int]:
        """Returns the sizes that the file fixes, or a claim."""
        known = {d: n for d, n in self.spec.dims.items() if n is not None} | dict(given)
        return {d: known[d] for d in self.spec.dims if d in known}

    def sizes(self, laws: Sequence[str], given: Sizes) -> dict[str, int]:
        """Returns a size for every dim: 2 where it is free, if that will do."""
        spec = self.spec
        known = self.known_sizes(given)
        free = [d for d in spec.dims if d not in known]
        if not free:
            return {d: known[d] for d in spec.dims}
        instance = Instance(spec, known)
        conditions = [c for law in laws for c in instance.statement(law).program.conditions]
        bounds = SizeBounds(tuple(conditions))
        small = smallest_sizes(free, bounds)
        for raised in _raised(free, small):
            if bounds.hold_at(raised):
                small = raised
                break
        return {d: known.get(d, small.get(d, 1)) for d in spec.dims}

    # --- laws ---

    def has_open_sizes(self, claim: Claim, given: Sizes) -> bool:
        """Whether a claim says that a law is conserved for all sizes of some dims."""
        return claim.kind == "law" and bool(Instance(self.spec, given).statement(claim.name).program.free_dims())

    def is_proved(self, claim: Claim, given: Sizes) -> bool:
        """Whether a law is conserved at all sizes but those that are given."""
        return self.decision(claim, given, given).verdict == "PROVED"

    def all_sizes(self, known: Sizes, claims: Sequence[tuple[Claim, Sizes]]) -> CoqFile:
        """Returns the file that says that these laws are conserved for all sizes of the dims that are not known."""
        sizes = self.sizes([claim.name for claim, _ in claims], known)
        return all_sizes_file(self.spec, known, sizes, claims)

    def law(self, claim: Claim, law: str, given: Sizes) -> CoqFile | Sizes:
        """Returns the file that says that a law is not conserved; for a law that is, the sizes of the file that it belongs to."""
        sizes = self.sizes([law], given)
        model = read_model(self.spec, sizes, [law])
        if model.beyond_polynomials():
            check_size(model)
        found = self.decision(claim, given, sizes)
        if isinstance(found.evidence, Witness):
            return self.refuted(claim, law, given, found.evidence)
        if found.verdict != "PROVED":
            raise CannotExport("there is no witness against it that Coq could read")
        if model.beyond_polynomials():
            check_needs_no_relation(Instance(self.spec, sizes).statement(law))
        return sizes

    def expected(self, claim: Claim, given: Sizes) -> str:
        """Returns the verdict that a claim has had, or that the file expects."""
        known = self.decided.get((id(claim), tuple(given.items())))
        return claim.expected if known is None or known.verdict == "UNKNOWN" else known.verdict

    def unless_refuted(self, claim: Claim, given: Sizes, sizes: Sizes, prove: Callable[[], CoqFile]) -> CoqFile | None:
        """Returns the file that proves a claim; None if it is refuted. A claim that is expected to hold is not decided before."""
        if self.expected(claim, given) != "PROVED":
            return prove() if self.decision(claim, given, sizes).verdict == "PROVED" else None
        try:
            return prove()
        except CannotExport:
            with contextlib.suppress(CannotExport):
                if self.decision(claim, given, sizes).verdict == "REFUTED":
                    return None
            raise

    def decision(self, claim: Claim, given: Sizes, sizes: Mapping[str, int]) -> Decided:
        """Returns the verdict on a claim. Raises `CannotExport` for UNKNOWN."""
        found = self.decided.get((id(claim), tuple(given.items())))
        if found is None:
            instance = Instance(self.spec, given)
            options = (self.work.seed, self.work.budget, self.work.timeout)
            if claim.kind == "law":
                outcome = decide_law(instance.statement(claim.name), *options)
                theorem, reason = outcome.theorem, outcome.reason
            else:
                known = list(self.known(claim, sizes))
                number = decide_number(instance.number_statement(claim), known, CONJECTURES, *options)
                theorem, reason = number.theorem, number.reason
            found = Decided(theorem.verdict, theorem.evidence) if theorem else Decided("UNKNOWN", None, reason)
            self.decided[id(claim), tuple(given.items())] = found
        if found.verdict == "UNKNOWN":
            raise CannotExport(f"it is not decided: {found.reason}")
        return found

    def refuted(self, claim: Claim, law: str, given: Sizes, witness: Witness) -> CoqFile:
        """Returns the file that says that a law is not conserved, because of the kernel's witness."""
        sizes = self.sizes([law], {**given, **witness.sizes})
        model = read_model(self.spec, sizes, [law])
        what = "that a law is not conserved can be exported"
        beyond = model.no_polynomial([*model.outputs, *model.factors.values()])
        if beyond is not None:
            raise CannotExport(f"{what} for models that are polynomials only yet, and {beyond} is none")
        beyond = model.no_polynomial([model.laws[law]], quotients=True)
        if beyond is not None:
            raise CannotExport(f"{what} for quotients of polynomials only yet, and {beyond} is none")
        assert witness.output is not None
        shapes = [model.shape(n) for n in model.outputs]
        before = sum(len(list(indices(shape))) for shape in shapes[: witness.output])
        output = before + list(indices(shapes[witness.output])).index(witness.output_entry)

        def values(role: str) -> list[Fraction]:
            return [
                witness.leaves.get(leaf.name, {}).get(i, Fraction(0))
                for n, leaf in model.fixed.leaves(role)
                for i in indices(model.shape(n))
            ]

        write = refuted_file if model.beyond_polynomials() is None else refuted_quotient_file
        found = Refutation(law, tuple(witness.law_entry), output, values("param"), values("const"), values("input"))
        return write(self.spec, sizes, claim, given, found)

    # --- all laws ---

    def complete(self, claim: Claim, given: Sizes) -> CoqFile:
        """Returns the file about a claim that some laws are all: that they are, that one is missing, or that one is no law."""
        sizes = self.sizes(claim.laws, given)
        model = read_model(self.spec, sizes, claim.laws)
        _need_polynomials(model, "that there is no other law")

        def prove() -> CoqFile:
            found = search_certificate(model, claim.laws, self.work.seed)
            return complete_file(self.spec, sizes, claim, given, claim.laws, found)

        file = self.unless_refuted(claim, given, sizes, prove)
        if file is not None:
            return file
        evidence = self.decision(claim, given, sizes).evidence
        if isinstance(evidence, NotConserved):
            return self.refuted(claim, claim.laws[evidence.law], given, evidence.witness)
        missing: MissingLaw | OneField | None = None
        proved = ProvedLaws.of(Instance(self.spec, given).number_statement(claim).program, evidence)
        if proved is not None:
            missing = search_missing(model, claim.laws, proved, self.work.seed)
        if missing is None:
            missing = search_one_field(model, claim.laws, self.work.seed)
        if missing is None:
            raise CannotExport("another law exists, but none that is known is a polynomial")
        return missing_file(self.spec, sizes, claim, given, missing)

    def independent(self, claim: Claim, given: Sizes) -> CoqFile:
        """Returns the file about a claim that laws are independent: that they are, or that they are not."""
        sizes = self.sizes(claim.laws, given)
        model = read_model(self.spec, sizes, claim.laws)
        beyond = model.no_polynomial(model.laws.values())
        if beyond is not None:
            raise CannotExport(
                f"whether laws are independent can be exported for polynomials only yet, and {beyond} is none"
            )

        def prove() -> CoqFile:
            found = search_independence(model, claim.laws, self.work.seed)
            return independent_file(self.spec, sizes, claim, given, found)

        file = self.unless_refuted(claim, given, sizes, prove)
        if file is not None:
            return file
        return dependent_file(self.spec, sizes, claim, given, search_dependence(model, claim.laws, self.work.seed))

    def count(self, claim: Claim, given: Sizes) -> CoqFile:
        """Returns the file about a number of laws: by a list of all of them, or because all outputs push along one field."""
        sizes = self.sizes([], given)
        statement = Instance(self.spec, given).number_statement(claim)
        assert isinstance(statement, Count)
        _need_polynomials(read_model(self.spec, sizes, []), "the number of laws")
        laws = [name for name in (known.name for known in self.known(claim, sizes)) if self.is_law(name, sizes)]
        model = read_model(self.spec, sizes, laws)
        found = self.all_laws(claim, given, sizes, statement, model, laws)
        number = model.parameters() - 1 if isinstance(found, OneField) else len(found.laws)
        verdict = "PROVED" if compare(statement, number, number) else "REFUTED"
        if verdict != self.expected(claim, given) and self.decision(claim, given, sizes).verdict != verdict:
            raise CannotExport(
                f"there are {number} laws at the constants and data that were drawn, which is not the verdict on the claim"
            )
        return counted_file(self.spec, sizes, claim, given, laws, found, statement, number, verdict)

    def all_laws(
        self, claim: Claim, given: Sizes, sizes: Sizes, statement: Count, model: ExportedModel, laws: Sequence[str]
    ) -> AllLawsCertificate | OneField:
        """Returns a proof that these laws of the file are all, or those that the prover has found; or that all fields are
        along one."""
        # first, because brackets of fields along one field may be large, and lead nowhere
        straight = search_one_field(model, laws, self.work.seed)
        if straight is not None:
            return straight
        try:
            return search_certificate(model, laws, self.work.seed)
        except CannotExport as problem:
            if statement.relation == "=":
                evidence = self.decision(claim, given, sizes).evidence
            else:
                # where a bound has been shown, the number is not known yet
                options = (self.work.seed, self.work.budget, self.work.timeout)
                theorem = count_laws(statement, list(self.known(claim, sizes)), CONJECTURES, *options).theorem
                evidence = theorem.evidence if theorem else None
            proved = ProvedLaws.of(statement.program, evidence)
            if proved is not None:
                try:
                    return search_certificate(model, [], self.work.seed, proved)
                except CannotExport:
                    pass
            raise CannotExport(f"no list of all laws is known: {problem}") from problem

    def is_law(self, name: str, sizes: Sizes) -> bool:
        """Whether a law of the file is a polynomial, and conserved."""
        try:
            model = read_model(self.spec, sizes, [name])
            return conserved_entries(model, [name], self.work.seed)
        except (CannotExport, SourceError, Malformed, Undefined):
            return False

    def known(self, claim: Claim, sizes: Mapping[str, int]) -> Iterator[KnownLaw]:
        """Yields the file's other laws that are claimed at these sizes."""
        for other in self.spec.claims:
            if other.kind != "law" or other.expected != "PROVED" or other.name in claim.laws:
                continue
            if any(all(sizes.get(d, n) == n for d, n in given.items()) for given in other.sizes):
                try:
                    yield KnownLaw(other.name, Instance(self.spec, sizes).statement(other.name))
                except (SourceError, Malformed):
                    continue


def _need_polynomials(model: ExportedModel, what: str) -> None:
    roots = [*model.outputs, *model.factors.values(), *model.laws.values()]
    beyond = model.no_polynomial(roots)
    if beyond is not None:
        raise CannotExport(f"{what} can be exported for polynomials only yet, and {beyond} is none")


def _raised(free: Sequence[str], small: Mapping[str, int]) -> Iterator[dict[str, int]]:
    """Yields sizes with every dim at least 2; then, in case that breaks a condition, with one of them a little more."""
    base = {d: max(2, small[d]) for d in free}
    yield base
    for more in range(1, 6):
        for d in free:
            yield {**base, d: base[d] + more}

"""All stages of the search for the laws of one file, from matrix identities to raw polynomials, and how many are missing.

Untrusted: a law leaves only after the kernel has accepted a proof of its text, read as the file's own.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from claws.discovery.ansatz import Ansatz, PolynomialLaw, state_ansatz
from claws.discovery.bare_model import bare_text, chosen_sizes
from claws.discovery.beyond import (
    Extra,
    ansatz_with,
    darboux_functions,
    darboux_polynomials,
    own_functions,
    rational_law_text,
)
from claws.discovery.conjectures import CONJECTURES
from claws.discovery.found import FileLaw, Findings, Notes, Settings
from claws.discovery.generating import GradientSpan
from claws.discovery.linear_symmetries import linear_symmetries
from claws.discovery.matrices import search_matrix_laws
from claws.discovery.noether import noether
from claws.discovery.polynomial_search import PolynomialSearch
from claws.discovery.rational import quotients
from claws.kernel.core.errors import Malformed, Meter, OutOfBudget, Refused, Undefined
from claws.kernel.core.statement import Statement
from claws.kernel.counting.bounds import simple_model
from claws.kernel.counting.statements import Count
from claws.prover.counting import NumberSearch
from claws.prover.laws import decide_law, prove_law
from claws.readings.modular import Residues
from claws.syntax import nodes
from claws.syntax.diagnostic import START, Diagnostic, SourceError, Span
from claws.syntax.instances.instance import Instance
from claws.syntax.library.table import BUILTINS
from claws.syntax.parser import parse_expression
from claws.syntax.printer import print_expression
from claws.syntax.reader import load_text
from claws.syntax.spec import Spec


@dataclass(frozen=True, slots=True)
class StageLimits:
    """How the budget of a file, and its time, are shared among the stages of the search."""

    matrix_share: int = 4
    """The search for matrix identities gets at most one part in so many of the budget and of the time."""
    bound_share: int = 2
    """The upper bound for the number of laws gets at most one part in so many of what is left then, and so do symmetries."""
    proof_share: int = 20
    """One proof takes at most one part in so many of what is left."""
    final_share: int = 5
    """When the search has ended, one part in so many of the budget and of the time again is for its last word."""
    degree: int = 12
    """The highest degree that `--complete` goes up to."""
    complete_share: int = 5_000
    """`--complete` stops after a degree that took more than one part in so many of the budget: the next takes far more."""
    description_share: int = 20
    """The symmetry of one law takes at most one part in so many of what is left."""
    described: int = 200
    """The symmetry of a law whose text has more characters is not written down: nobody would read it."""


LIMITS = StageLimits()

Progress = Callable[[str], None]
"""What is told which stage of the search begins, in words."""


def find_laws_of(
    spec: Spec, settings: Settings, progress: Progress = lambda what: None, found: Findings | None = None
) -> Findings:
    """The laws of a file, whose own claims play no part.

    What was found is kept when the search is interrupted. An error of claws itself is the caller's, who keeps what was found
    before it by handing in the `Findings` to be filled.
    """
    found = Findings(spec.path) if found is None else found
    found.model, found.errors = spec.model, list(spec.diagnostics)
    found.text, found.dims = spec.text, tuple(spec.dims)
    if found.errors:
        return found
    try:
        _Stages(spec, settings, found, progress).run()
    except BasisError as problem:
        found.place = f"{found.path}, --basis"
        found.text = problem.text
        found.errors.append(problem.diagnostic)
    except SourceError as problem:
        found.errors.append(problem.diagnostic)
    except KeyboardInterrupt:
        found.interrupted = True
    return found


class BasisError(SourceError):
    """An error in an expression of `--basis`, with places in its text."""

    def __init__(self, text: str, diagnostic: Diagnostic) -> None:
        span = diagnostic.span
        moved = Span(max(1, span.line - 1), span.column, max(1, span.end_line - 1), span.end_column)
        super().__init__(replace(diagnostic, span=moved))
        self.text = text


# --- the search ----------------------------------------------------------------------------------------------------------


class _Stages:
    """The search in one file: the stages, and what they have found so far."""

    def __init__(self, spec: Spec, settings: Settings, found: Findings, progress: Progress) -> None:
        self.settings = settings
        self.found = found
        self.progress = progress
        found.bare = bare_text(spec, settings.sizes)
        self.spec = load_text(found.bare, spec.path)
        self.sizes = chosen_sizes(self.spec, settings.sizes)
        found.sizes = self.sizes
        found.chosen = tuple(d for d in self.sizes if d not in settings.sizes)
        self.instance = Instance(self.spec, self.sizes)
        self.model: Count = self.instance.model()
        self.meter = Meter(settings.budget, settings.timeout)
        self.end = None if settings.timeout is None else time.monotonic() + settings.timeout
        self.tally = NumberSearch(self.model, (), CONJECTURES, settings.seed, self.meter, False)
        self.independence = GradientSpan(self.model, self.tally.modulus, self.tally.seed, self.meter)
        self.notes = Notes(found.notes)
        self.searches: list[PolynomialSearch] = []
        self.wider: list[PolynomialSearch] = []
        self.extras: list[Extra] | None = None
        self.gradients: dict[str, Residues] = {}
        self.taken = {
            *(*spec.dims, *spec.leaves, *spec.lets, *spec.activations, *spec.functions, *spec.laws),
            *(*BUILTINS, "t", "vel"),
        }
        found.parameters = self.tally.coordinates
        found.count_at_most = self.tally.coordinates

    @property
    def missing(self) -> int:
        """How many independent laws may exist beside those that were found, as far as the search knows."""
        return self.tally.at_most - self.independence.rank

    def run(self) -> None:
        """Run the stages in their order, until no law is missing or the budget is used up; then say what is left to say.

        Raises `BasisError` for an expression of `--basis` that is wrong.
        """
        self.basis = [self._basis(text) for text in self.settings.basis]
        try:
            self._matrices()
            self._bound()
            self._degrees()
        except OutOfBudget as problem:
            self.notes.add(f"the search ended early: {problem}; raise it with --budget or --timeout")
        finally:
            self._put_numbers()
        # what is left to say of the laws that were found has work of its own
        self._renew_meter(LIMITS.final_share)
        try:
            self._bound_again()
            self._prune()
            self._symmetries()
        except OutOfBudget as problem:
            self.notes.add(f"not all was said of the laws: {problem}; raise it with --budget or --timeout")
        finally:
            self._put_numbers()

    def _renew_meter(self, parts: int) -> None:
        """Give the rest of the work one part in `parts` of the whole budget and time, whatever was used before."""
        seconds = self.settings.timeout
        self.meter = Meter(max(1, self.settings.budget // parts), None if seconds is None else seconds / parts)
        self.end = None if seconds is None else time.monotonic() + seconds / parts
        self.tally.meter = self.independence.meter = self.meter

    @contextlib.contextmanager
    def _stage(self, what: str) -> Iterator[None]:
        """Run one way to look for laws: where it does not apply to the model, a note says why, and the others go on."""
        self.progress(what)
        try:
            yield
        except OutOfBudget:
            raise
        except Refused as problem:
            self.notes.add(f"{what}: not searched, or not to the end ({problem})")

    # --- stages ---

    def _matrices(self) -> None:
        """Offer the laws for all sizes that are sums of products of arrays."""
        meter = self._share(LIMITS.matrix_share)
        degree, seed = self.settings.degree, self.settings.seed
        try:
            with self._stage("matrix identities"):
                for law in search_matrix_laws(self.spec, None, degree, seed, meter, self.notes):
                    self._offer(law.text, law.for_all_sizes, {} if law.for_all_sizes else law.sizes)
        except SourceError as problem:
            self.notes.add(f"there are no laws for all sizes: the model needs some ({problem})")
        self.meter.used += meter.used

    def _share(self, parts: int) -> Meter:
        """A meter with one part in `parts` of what is left."""
        left = self.meter.limit - self.meter.used
        seconds = None if self.end is None else max(0.1, (self.end - time.monotonic()) / parts)
        return Meter(max(1, left // parts), seconds)

    def _bound(self) -> None:
        """Bound the number of laws from above, by brackets of generators."""
        meter = self.tally.meter = self._share(LIMITS.bound_share)
        try:
            with self._stage("the number of laws"):
                self.tally.raise_lower()
                self.tally.lower_upper(self.tally.coordinates - self.tally.at_least)
        except OutOfBudget:
            self.notes.add("the upper bound for the number of laws may be too high: the budget for it is used up")
        self.meter.used += meter.used
        self.tally.meter = self.meter
        if self.missing > 0:
            # the search goes on, and may be interrupted
            self._confirm()
        self._put_numbers()

    def _bound_again(self) -> None:
        """Raise the lower bound with the laws that are known by now, or by what needs no law: the bounds may meet."""
        before = self.tally.at_least
        with self._stage("the number of laws"):
            self.tally.raise_lower()
            self.tally.involve()
            self.found.together = self.tally.rank_of_laws()
        if self.found.count_at_most > self.tally.at_most or before < self.tally.at_least == self.tally.at_most:
            self._confirm()

    def _confirm(self) -> None:
        """Ask the kernel for its word on the number of laws: what it has not accepted is not said."""
        if self.tally.at_most == self.tally.coordinates:
            return
        self.progress("the kernel's word on the number of laws")
        try:
            theorem = self.tally.confirmed()
            self.found.count_at_most = self.tally.at_most
            self.found.premises, self.found.near = theorem.premises, theorem.near
        except Refused as problem:
            # out of budget, too
            self.notes.add(f"the kernel has not accepted the upper bound: {problem}")

    def _degrees(self) -> None:
        """Search degree by degree, up to the one that was asked for; with `complete` while a law is missing, within reason."""
        asked, complete = self.settings.degree, self.settings.complete
        last = max(LIMITS.degree, asked) if complete else asked
        for degree in range(1, last + 1):
            if self.missing < 1:
                return
            before = self.meter.used
            self._polynomials(degree)
            spent = self.meter.used - before
            self.found.degree = degree
            self._quotients(degree)
            if asked <= degree < last and spent > self.settings.budget // LIMITS.complete_share:
                self.notes.add(
                    f"degrees above {degree} were not searched, for the work: raise --budget, or set --degree"
                )
                return

    def _polynomials(self, degree: int) -> None:
        """Search polynomials in the coordinates; at the degree that was asked for, and above, in further functions as well."""
        if not self.searches:
            self.searches = [self._search(ansatz) for ansatz in state_ansatz(self.model)]
        with self._stage(f"polynomials of degree {degree}"):
            for search in self.searches:
                self._take(search.laws(degree), degree)
        if degree < self.settings.degree or self.missing < 1:
            return
        with self._stage(f"further functions, degree {degree}"):
            extras = self._extras()
            if extras and not self.wider:
                self.wider = [self._search(ansatz) for ansatz in ansatz_with(self.instance, extras, self.notes)]
            for search in self.wider:
                for d in self._since(degree):
                    self._take(search.laws(d), d)

    def _quotients(self, degree: int) -> None:
        """Search quotients of polynomials, at the degree that was asked for, and above."""
        if degree < self.settings.degree or self.missing < 1:
            return
        with self._stage(f"quotients of degree {degree}"):
            for search in self.searches:
                for d in self._since(degree):
                    self._take_quotients(search, d)

    def _since(self, degree: int) -> range:
        """The degrees up to this one that are new to a search which begins at the degree that was asked for."""
        return range(1 if degree == self.settings.degree else degree, degree + 1)

    def _search(self, ansatz: Ansatz) -> PolynomialSearch:
        """The search for polynomials in the letters of an ansatz, at the point of the count."""
        return PolynomialSearch(ansatz, self.tally.modulus, self.tally.seed, self.meter, self.notes)

    def _extras(self) -> list[Extra]:
        """The functions beyond polynomials: the user's, those of the model, and those of its Darboux polynomials."""
        if self.extras is None:
            model = simple_model(self.model)
            polynomials = darboux_polynomials(model, self.tally.modulus, self.tally.seed, self.meter, self.notes)
            extras = [
                *(Extra(e) for e in self.basis),
                *own_functions(self.spec),
                *darboux_functions([parse_expression(text) for text in polynomials]),
            ]
            self.extras = [e for e in extras if self._has_meaning(e)]
        return self.extras

    def _has_meaning(self, extra: Extra) -> bool:
        """Whether an expression can be read at the sizes of the search."""
        try:
            self.instance.statement_of(extra.value)
            return True
        except (SourceError, Malformed):
            return False  # what a user gave has been tried before

    def _basis(self, text: str) -> nodes.Expression:
        """Read an expression of `--basis`. Raises `BasisError` where it has no meaning, or no value at the search's point."""
        try:
            value = parse_expression(text)
            statement = self.instance.statement_of(value)
            # one function without a value would cost all the others
            self.independence.of_nodes(statement, [statement.law])
            return value
        except SourceError as problem:
            raise BasisError(text, problem.diagnostic) from problem
        except Undefined as problem:
            message = f"the search can't evaluate this function: {problem}"
            hint = "whole powers have values, and square roots if the model has these, too"
            raise BasisError(text, Diagnostic("CLAW022", message, START, hint)) from problem
        except Malformed as problem:
            raise BasisError(text, Diagnostic("CLAW022", str(problem))) from problem

    def _take(self, laws: Iterable[PolynomialLaw], degree: int) -> None:
        """Offer the laws of this degree that are no function of what is known, the sparsest first."""
        exact = [law for law in laws if law.degree == degree]
        for law in sorted(exact, key=lambda law: (len(law.coefficients), sorted(law.coefficients))):
            if self.missing < 1:
                return
            gradient = self.independence.of_polynomial(law.ansatz, law.coefficients)
            if self.independence.news(gradient) and not self._offer_family(law.lifted_text()):
                self._offer(rational_law_text(law) or law.text(), False, self.sizes)

    def _take_quotients(self, search: PolynomialSearch, degree: int) -> None:
        """Offer the quotients of this degree while a law is missing."""
        for quotient in quotients(search, degree):
            if self.missing < 1:
                return
            self._offer(quotient.text, False, self.sizes)

    def _prune(self) -> None:
        """Leave out a law of which a later one is the whole: u[0]^2 - u[1]^2 where u^2 - u[0]^2 was found after it."""
        for law in list(self.found.laws):
            later = self.found.laws[self.found.laws.index(law) + 1 :]
            span = self._span([x for x in later if x.for_all_sizes or not law.for_all_sizes])
            if not span.news(self.gradients[law.name]):
                self.found.laws.remove(law)
                self.taken.discard(law.name)
        left, self.found.laws = self.found.laws, []
        self.taken -= {law.name for law in left}
        for law in left:
            name = self._name()
            self.found.laws.append(replace(law, name=name))
            self.taken.add(name)

    def _span(self, laws: Iterable[FileLaw]) -> GradientSpan:
        """The span of the gradients of some of the laws that were found."""
        span = GradientSpan(self.model, self.tally.modulus, self.tally.seed, self.meter)
        for law in laws:
            span.add(self.gradients[law.name])
        return span

    def _symmetries(self) -> None:
        """Describe the symmetry that each law generates, and list those that give no law where these are asked for."""
        self.progress("symmetries")
        for k, law in enumerate(self.found.laws):
            if len(law.text) > LIMITS.described:
                self.notes.add(f"the symmetry of {law.name} is not written down: the law is too long to be read")
                continue
            share = self._share(LIMITS.description_share)
            try:
                symmetry = noether(self.spec, law.text, law.sizes, share)
            except (Refused, SourceError) as problem:
                self.notes.add(f"the symmetry of {law.name} was not found: {problem}")
                continue
            finally:
                self.meter.used += share.used
            self.found.laws[k] = replace(law, symmetry=symmetry.text, symmetry_latex=symmetry.latex)
        if self.settings.symmetries:
            try:
                symmetries = linear_symmetries(
                    self.spec, self.sizes, self.settings.seed, self._share(LIMITS.bound_share), self.notes
                )
            except (Refused, SourceError) as problem:
                self.notes.add(f"linear symmetries were not searched: {problem}")
                return
            self.found.symmetries = [s.text for s in symmetries if not s.is_gradient]

    # --- one law ---

    def _offer_family(self, text: str) -> bool:
        """Keep a law for whole arrays, if the kernel accepts it for all sizes, or for these. Returns whether it was kept."""
        if not text:
            return False
        value = parse_expression(text)
        share = self._share(LIMITS.proof_share)
        try:
            if prove_law(Instance(self.spec, self.sizes).statement_of(value), share) is None:
                return False
        except (SourceError, Refused):
            return False
        finally:
            self.meter.used += share.used
        free = any(n is None for n in self.spec.dims.values()) and self._proved_for_all_sizes(value)
        return self._offer(text, free, {} if free else self.sizes)

    def _offer(self, text: str, for_all_sizes: bool, sizes: Mapping[str, int]) -> bool:
        """Keep a law if the kernel accepts it, and it says something new. Returns whether it was kept; a note may say why not."""
        value = parse_expression(text)
        statement = self._statement(value)
        if statement is None:
            return False
        try:
            gradients = self.independence.of_nodes(statement, [statement.law])
        except Undefined as problem:
            self.notes.add(f"left out, for its gradient has no value at the point: {text} ({problem})")
            return False
        if not self.independence.news(gradients) and not for_all_sizes:
            return False
        name = self._name()
        if not self.tally.add(name, statement):
            if not self._proved(text, statement):
                return False
            self.notes.add(f"{text} is proved, but the kernel can't count it with the other laws")
        if for_all_sizes and not self._proved_for_all_sizes(value):
            for_all_sizes, sizes = False, self.sizes
        self.independence.add(gradients)
        self.gradients[name] = gradients
        own = {d: n for d, n in sizes.items() if self.spec.dims.get(d, 0) is None}
        text = print_expression(value)
        self.found.laws.append(FileLaw(name, text, for_all_sizes, own, _different(gradients)))
        self.taken.add(name)
        self._put_numbers()
        return True

    def _proved(self, text: str, statement: Statement) -> bool:
        """Whether the kernel accepts a law that it can't count (a relu in it, say); if not, a note says so."""
        share = self._share(LIMITS.proof_share)
        outcome = decide_law(statement, self.settings.seed, share.limit, share.seconds)
        self.meter.used += outcome.work
        if outcome.theorem is not None and outcome.theorem.verdict == "PROVED":
            return True
        why = "it is false" if outcome.theorem is not None else outcome.reason
        self.notes.add(f"dropped, for it holds modulo a prime only, as far as is known: {text} ({why})")
        return False

    def _proved_for_all_sizes(self, value: nodes.Expression) -> bool:
        """Whether the kernel accepts a law with every free dim left free."""
        share = self._share(LIMITS.proof_share)
        try:
            proved = prove_law(Instance(self.spec, {}).statement_of(value), share) is not None
        except (SourceError, Refused):
            return False
        finally:
            self.meter.used += share.used
        if not proved and share.used > share.limit:
            self.notes.add(f"not shown for all sizes, for the budget is used up: {print_expression(value)}")
        return proved

    def _statement(self, value: nodes.Expression) -> Statement | None:
        """The claim that an expression is conserved, at the sizes of the search; None, and a note, where it has no meaning."""
        try:
            return Instance(self.spec, self.sizes).statement_of(value)
        except (SourceError, Malformed) as problem:
            self.notes.add(f"left out: {print_expression(value)} ({problem})")
            return None

    def _name(self) -> str:
        """A name for the next law that the file does not use."""
        k = len(self.found.laws) + 1
        while f"law{k}" in self.taken:
            k += 1
        return f"law{k}"

    def _put_numbers(self) -> None:
        """Write the numbers that are known by now into the findings."""
        found = self.found
        found.independent = self.independence.rank
        found.counted = self.tally.at_least
        found.count_at_least = max(found.counted, found.independent)


def _different(gradients: Residues) -> int:
    """How many rows there are, those of zeros, repetitions and opposites left out."""
    seen = set()
    for row in gradients:
        places = np.flatnonzero(row)
        if places.size:
            # -0.0 has other bytes than 0.0
            seen.add((0.0 + (row if row[places[0]] > 0 else -row)).tobytes())
    return len(seen)

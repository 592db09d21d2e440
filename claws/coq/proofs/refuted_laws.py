"""The files that say that a law is not conserved, at given numbers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from claws.coq.proofs.given_numbers import finish, given_words
from claws.coq.statements.coq_file import CoqFile, file_name
from claws.coq.statements.coq_text import rationals
from claws.coq.statements.definition_domain import conditions_of
from claws.coq.statements.document import Document
from claws.coq.statements.exported_model import Sizes
from claws.coq.statements.node_facts import CannotExport
from claws.coq.statements.term_languages import EXPRESSIONS, TOWERS
from claws.syntax.spec import Claim, Spec


@dataclass(frozen=True)
class Refutation:
    """What shows that a law is not conserved: with the loss that is output number `output`, an entry of it changes at the point,
    the constants and the sample."""

    law: str
    entry: tuple[int, ...]
    output: int
    point: list[Fraction]
    consts: list[Fraction]
    sample: list[Fraction]

    @property
    def place(self) -> list[str]:
        """Returns the indices of the entry, as text."""
        return [str(k) for k in self.entry]


def refuted_file(
    spec: Spec,
    sizes: Sizes,
    claim: Claim,
    given: Sizes,
    found: Refutation,
) -> CoqFile:
    """Returns the file that says that an entry of a law, a polynomial, is not conserved: it changes at the point."""
    doc = Document(spec, sizes, [found.law])
    names = doc.names
    doc.header("a law that is not conserved", given=True)
    doc.declarations()
    words = given_words(doc, found.point, found.consts, [found.sample], show_point=False)
    function = doc.function(found.law, found.place, words.consts)
    statement, theorem = names.fresh(f"{names.of[found.law]}_statement"), names.fresh(f"{names.of[found.law]}_refuted")
    doc.add(f"Definition {statement} : Prop := ~ conserved {doc.flow(words.samples, words.consts)} {function}.", "")
    doc.expressions()
    entries = names.fresh("entries")
    expression = doc.writer.call(doc.model.laws[found.law], found.place, EXPRESSIONS).text
    doc.add(
        f"Definition {words.point} := {rationals(found.point)}.",
        f"Definition {entries} (theta : params) : list R := [{doc.entry(found.law, found.place, words.consts)}].",
        f"Definition {entries}'e : list pexp := [{expression}].",
        "",
    )
    data = f"{words.point} {found.output} 0"
    finish(doc, words, entries, theorem, statement, "check_refuted", "refuted_ok", data)
    label = found.law if claim.kind == "law" else f"{claim.kind}_line{claim.node.span.line}"
    return CoqFile(file_name(spec, f"refuted_{label}", sizes), doc.text(), ((claim, given),), sizes, verdict="REFUTED")


def refuted_quotient_file(
    spec: Spec,
    sizes: Sizes,
    claim: Claim,
    given: Sizes,
    found: Refutation,
) -> CoqFile:
    """Returns the file that says that an entry of a law, a quotient of polynomials, is not conserved where it is defined.

    Raises `CannotExport` where roots are taken, or data divided by.
    """
    doc = Document(spec, sizes, [found.law], TOWERS)
    names, model = doc.names, doc.model
    conditions = conditions_of(model, [*model.outputs, *model.factors.values(), model.laws[found.law]])
    if conditions.radicands or any(model.mentions("input", [n]) for n in conditions.denominators):
        raise CannotExport(
            "that a law is not conserved can't be exported yet for models with roots or quotients of data"
        )
    doc.header("a law that is not conserved", given=True)
    doc.declarations()
    words = given_words(doc, found.point, found.consts, [found.sample], show_point=False)
    nodes = conditions.denominators
    function = doc.function(found.law, found.place, words.consts)
    statement, theorem = names.fresh(f"{names.of[found.law]}_statement"), names.fresh(f"{names.of[found.law]}_refuted")
    flow = doc.flow(words.samples, words.consts)
    domain = f"{names.of[found.law]}_defined"
    denominators = "denominators"
    if nodes:
        domain, denominators = names.fresh(domain), names.fresh("denominators")
        listed = doc.at(doc.writer.arrays(nodes, doc.reals), words.consts)
        doc.add(
            f"Definition {denominators} (theta : params) : list R := {listed}.",
            f"Definition {domain} (theta : params) : Prop := all_nonzero ({denominators} theta).",
            f"Definition {statement} : Prop := ~ conserved_on {domain} {flow} {function}.",
            "",
        )
    else:
        doc.add(f"Definition {statement} : Prop := ~ conserved {flow} {function}.", "")
    doc.expressions()
    entries = names.fresh("entries")
    expression = doc.writer.call(model.laws[found.law], found.place, TOWERS).text
    doc.add(
        f"Definition {words.point} := {rationals(found.point)}.",
        f"Definition {entries} (theta : params) : list R := [{doc.entry(found.law, found.place, words.consts)}].",
    )
    doc.expression_list(f"{entries}'e", f"[{expression}]")
    words.same(entries)
    doc.expression_list(f"{denominators}'e", doc.writer.arrays(nodes, TOWERS) if nodes else "[]")
    words.same(denominators, "" if nodes else "(fun _ => @nil R)")
    lists = (
        f"{names.dimension} {names.outputs}'e {names.factors}'e {entries}'e {denominators}'e {words.consts_list} "
        f"{words.samples_list}"
    )
    consts_word = words.consts
    inside = f"{denominators} {domain}" if nodes else "(fun _ => @nil R) (fun _ => True)"
    holds = "(fun theta H => H)" if nodes else "(fun _ _ => I)"
    proof = (
        f"refuted_quotient_ok {lists} {words.meaning(entries)} {inside} {words.point} {found.output} 0 {theorem}'checked "
        f"({names.outputs}'same {consts_word}) ({names.factors}'same {consts_word}) {entries}'same {denominators}'same {holds}"
    )
    if not nodes:
        proof = f"fun C => {proof} (fun c theta a b _ => C c theta a b)"
    doc.add(
        f"Lemma {theorem}'checked : check_refuted_quotient {lists} {words.point} {found.output} 0 = true.",
        "Proof. vm_cast_no_check (eq_refl true). Qed.",
        "",
        f"Theorem {theorem} : {statement}.",
        "Proof.",
        f"  exact ({proof}).",
        "Qed.",
        f"Print Assumptions {theorem}.",
    )
    label = found.law if claim.kind == "law" else f"{claim.kind}_line{claim.node.span.line}"
    return CoqFile(file_name(spec, f"refuted_{label}", sizes), doc.text(), ((claim, given),), sizes, verdict="REFUTED")

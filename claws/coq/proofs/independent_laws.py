"""The files that say that laws are independent at a point, or that they are not."""

from __future__ import annotations

from collections.abc import Sequence

from claws.coq.proofs.given_numbers import entries_of, given_words
from claws.coq.proofs.independent_gradients import DependentGradients, IndependentGradients
from claws.coq.statements.coq_file import CoqFile, file_name
from claws.coq.statements.coq_text import matrix, rationals
from claws.coq.statements.document import Document
from claws.coq.statements.exported_model import Sizes
from claws.coq.statements.node_facts import CannotExport
from claws.coq.statements.term_languages import TOWERS
from claws.syntax.spec import Claim, Spec


def independent_file(spec: Spec, sizes: Sizes, claim: Claim, given: Sizes, found: IndependentGradients) -> CoqFile:
    """Returns the file that says that the gradients of these entries are linearly independent, at a point and almost everywhere.

    Raises `CannotExport` where a function without a name in Coq occurs.
    """
    return _about_gradients(
        spec,
        sizes,
        claim,
        given,
        found,
        "independent",
        [f"Definition scale := {found.scale}%Q.", f"Definition matrix_B : list (list Q) := {matrix(found.b)}."],
        "scale matrix_B",
    )


def dependent_file(spec: Spec, sizes: Sizes, claim: Claim, given: Sizes, found: DependentGradients) -> CoqFile:
    """Returns the file that says that the gradients of these entries are not linearly independent at a point.

    Raises `CannotExport` where a function without a name in Coq occurs.
    """
    data = [f"Definition combination : list Q := {rationals(found.combination)}."]
    return _about_gradients(spec, sizes, claim, given, found, "dependent", data, "combination")


def _about_gradients(
    spec: Spec,
    sizes: Sizes,
    claim: Claim,
    given: Sizes,
    found: IndependentGradients | DependentGradients,
    what: str,
    definitions: Sequence[str],
    data: str,
) -> CoqFile:
    doc = Document(spec, sizes, claim.laws, TOWERS)
    names = doc.names
    if doc.declared():
        raise CannotExport(
            f"whether laws are independent can't be exported yet for models with {next(iter(doc.declared()))}"
        )
    doc.header(f"{what} laws", given=True, data=False)
    doc.declarations()
    words = given_words(doc, found.point, found.consts, [])
    listed, expressions = entries_of(doc, found.entries, words.consts)
    laws = names.fresh("laws")
    doc.add(f"Definition {laws} (theta : params) : list R := {listed}.", "")
    statement, theorem = names.fresh(f"{what}_statement"), names.fresh(f"{what}_laws")
    dimension = names.dimension
    claimed = f"independent {dimension} {laws} (point {words.point})"
    everywhere = f"generically {dimension} (fun theta => independent {dimension} {laws} theta)"
    said = f"{claimed} /\\ {everywhere}" if what == "independent" else f"~ {claimed}"
    doc.claim(claim)
    doc.add(f"Definition {statement} : Prop := {said}.", "")
    doc.expressions()
    doc.expression_list(f"{laws}'e", expressions)
    words.same(laws)
    numbers = f"{words.point} {data}"
    doc.add(
        *definitions,
        "",
        f"Lemma {theorem}'checked : check_{what}_given {dimension} {laws}'e {words.consts_list} {numbers} = true.",
        "Proof. vm_cast_no_check (eq_refl true). Qed.",
        "",
        f"Theorem {theorem} : {statement}.",
        "Proof.",
        f"  exact ({what}_ok {dimension} {laws}'e {words.consts_list} {laws} {numbers} {theorem}'checked {laws}'same).",
        "Qed.",
        f"Print Assumptions {theorem}.",
    )
    name = file_name(spec, f"{what}_line{claim.node.span.line}", sizes)
    verdict = "PROVED" if what == "independent" else "REFUTED"
    return CoqFile(name, doc.text(), ((claim, given),), sizes, verdict=verdict)

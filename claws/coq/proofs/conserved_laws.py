"""The files that say that laws are conserved: a statement, and below a line its proof."""

from __future__ import annotations

from collections.abc import Sequence

from claws.coq.statements.array_writer import LIMITS
from claws.coq.statements.coq_file import CoqFile, file_name
from claws.coq.statements.definition_domain import Domains
from claws.coq.statements.document import Document
from claws.coq.statements.exported_model import Sizes
from claws.coq.statements.term_languages import EXPRESSIONS
from claws.kernel.core.program import Shape
from claws.syntax.spec import Claim, Spec


def laws_file(spec: Spec, sizes: Sizes, claims: Sequence[tuple[Claim, Sizes]]) -> CoqFile:
    """Returns the file that says that laws are conserved. Raises `CannotExport` and `SourceError`, as `Document` does."""
    names = list(dict.fromkeys(claim.name for claim, _ in claims))
    doc = Document(spec, sizes, names)
    doc.header("conservation laws")
    doc.declarations()
    domains = Domains(doc)
    for name in names:
        domains.add(name)
    theorems = [_law_statement(doc, name, domains) for name in names]
    doc.add("")
    doc.expressions()
    if doc.expressions_are is not EXPRESSIONS:
        domains.proofs()
    for name, (statement, theorem) in zip(names, theorems, strict=True):
        _law_proof(doc, name, statement, theorem, domains)
    rests = theorems[0][1]
    if len(theorems) > 1:
        # asked once: it takes a second
        rests = doc.names.fresh("all_theorems")
        doc.add("", f"Definition {rests} := ({', '.join(theorem for _, theorem in theorems)}).")
    doc.add(f"Print Assumptions {rests}.")
    return CoqFile(file_name(spec, "laws", sizes), doc.text(), tuple(claims), sizes)


def _quantifiers(doc: Document) -> list[str]:
    return [*(["(consts : data)"] if doc.has_consts else []), *(["(samples : list data)"] if doc.has_data else [])]


def _indices(doc: Document, shape: Shape) -> list[str]:
    used: set[str] = set()
    return [doc.writer.fresh_index(used) for _ in shape]


def _law_statement(doc: Document, law: str, domains: Domains) -> tuple[str, str]:
    """Writes the statement that a law is conserved. Returns its name and that of its theorem."""
    shape = doc.model.program.shapes[doc.model.laws[law]]
    statement = doc.names.fresh(f"{doc.names.of[law]}_statement")
    theorem = doc.names.fresh(f"{doc.names.of[law]}_conserved")
    functions = " ".join(doc.declared())
    words = [*([f"({functions} : R -> R)"] if functions else []), *_quantifiers(doc)]
    domain = domains.of(law)
    claimed = f"conservation_law_on {domain.text} {doc.flow()}" if domain else f"conservation_law {doc.flow()}"
    assumed = "".join(f"{fact} -> " for fact in doc.facts())
    if len(shape) > LIMITS.axes:
        place = doc.names.local("l")
        words.append(place)
        body = f"{assumed}{claimed} (fun theta => nth {place} ({doc.all_entries(law)} theta) 0)"
    else:
        indices = _indices(doc, shape)
        words += indices
        bounds = "".join(f"({i} < {doc.writer.atom(n)})%nat -> " for i, n in zip(indices, shape, strict=True))
        body = f"{assumed}{bounds}{claimed} {doc.function(law, indices)}"
    quantified = f"forall {' '.join(words)}, " if words else ""
    doc.add(f"Definition {statement} : Prop := {quantified}{body}.")
    return statement, theorem


def _law_proof(doc: Document, law: str, statement: str, theorem: str, domains: Domains) -> None:
    names, node = doc.names, doc.model.laws[law]
    shape = doc.model.program.shapes[node]
    functions = list(doc.declared())
    facts = doc.fact_names()
    words = [*functions, *(["consts"] if doc.has_consts else []), *(["samples"] if doc.has_data else [])]
    entries = doc.all_entries(law)
    # a law that is a parameter, or that equals an earlier one, shares its name
    label = theorem
    doc.add("")
    doc.expression_list(f"{label}'l", doc.writer.array(node, doc.expressions_are))
    doc.same(label, f"{label}'l", entries)
    towers = doc.expressions_are is not EXPRESSIONS
    if towers:
        check, conclusion = domains.check(law, label, entries)
    else:
        check = f"check_conserved {names.dimension} {names.outputs}'e {names.factors}'e {label}'l"
        consts = "consts" if doc.has_consts else "(fun _ => 0)"
        lemmas = " ".join(f"({name}'same {consts})" for name in (names.outputs, names.factors, label))
        conclusion = (
            f"({'laws_on_data_ok' if doc.has_data else 'laws_ok'} {names.dimension} {names.outputs}'e {names.factors}'e "
            f"{label}'l {consts} {doc.preconditioner()} {doc.phi()} {entries} {label}'checked {lemmas})"
        )
    doc.add(
        f"Lemma {label}'checked : {check} = true.",
        "Proof. vm_cast_no_check (eq_refl true). Qed.",
        f"Theorem {theorem} : {statement}.",
        "Proof.",
    )
    if len(shape) > LIMITS.axes:
        words += [names.local("l"), *facts]
    else:
        indices = _indices(doc, shape)
        words += [*indices, *facts, *(names.local(f"H{i}") for i in indices)]
    doc.add(*([f"  intros {' '.join(words)}."] if words else []))
    if towers and not domains.of(law):
        doc.add("  apply (everywhere (fun _ => True)); [intro; exact I|].")
    if len(shape) <= LIMITS.axes:
        place, proof = _place(doc, shape, indices)
        lemma = (
            "law_entry_on (fun _ => True)"
            if towers and not domains.of(law)
            else "law_entry_on _"
            if towers
            else "law_entry"
        )
        doc.add(f"  apply ({lemma} _ _ _ {entries} ({place})); [intro; {proof}|].")
    doc.add(f"  apply {conclusion}.", "Qed.")


def _place(doc: Document, shape: Shape, indices: Sequence[str]) -> tuple[str, str]:
    """Returns where an entry stands in the list of all, in the form that the library's lemma has; and the proof of that."""
    if not shape:
        return "0%nat", "reflexivity"
    text = indices[-1]
    rest = doc.writer.atom(shape[-1])
    for n, i in zip(reversed(shape[:-1]), reversed(indices[:-1]), strict=True):
        text = f"{i} * {rest} + {text if text == indices[-1] else f'({text})'}"
        rest = f"({doc.writer.atom(n)} * {rest})"
    return f"({text})%nat", f"apply nth_array{len(shape)}; assumption"

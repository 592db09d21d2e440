"""The files that are exported: a statement, and below a line its proof, for each kind of theorem.

All of them are written from a `Document`; what a proof needs beside the model (a point, brackets, matrices) is given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from claws.coq.certificate import Certificate
from claws.coq.document import EXPRESSIONS, Document, matrix, rationals
from claws.coq.domain import Domains
from claws.coq.statement import MOST_AXES
from claws.kernel.program import Shape
from claws.syntax.spec import Claim, Spec

Sizes = Mapping[str, int]


@dataclass(frozen=True)
class CoqFile:
    """One exported file, `name` without `.v`. `claims` are the claims that it proves, with the sizes of their `for`."""

    name: str
    text: str
    claims: tuple[tuple[Claim, Sizes], ...]
    sizes: Sizes
    """The sizes of all dims that the file is about; if it is about all sizes, of those that are fixed."""
    all_sizes: bool = False
    verdict: str = "PROVED"
    """The verdict that its theorems stand for."""


# --- laws ----------------------------------------------------------------------------------------------------------


def laws_file(spec: Spec, sizes: Sizes, claims: Sequence[tuple[Claim, Sizes]]) -> CoqFile:
    """That laws are conserved."""
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
    """Adds the statement that a law is conserved; its name and that of its theorem."""
    shape = doc.model.program.shapes[doc.model.laws[law]]
    statement = doc.names.fresh(f"{doc.names.of[law]}_statement")
    theorem = doc.names.fresh(f"{doc.names.of[law]}_conserved")
    functions = " ".join(doc.declared())
    words = [*([f"({functions} : R -> R)"] if functions else []), *_quantifiers(doc)]
    domain = domains.of(law)
    claimed = f"conservation_law_on {domain.text} {doc.flow()}" if domain else f"conservation_law {doc.flow()}"
    assumed = "".join(f"{fact} -> " for fact in doc.facts())
    if len(shape) > MOST_AXES:
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
    if len(shape) > MOST_AXES:
        words += [names.local("l"), *facts]
    else:
        indices = _indices(doc, shape)
        words += [*indices, *facts, *(names.local(f"H{i}") for i in indices)]
    doc.add(*([f"  intros {' '.join(words)}."] if words else []))
    if towers and not domains.of(law):
        doc.add("  apply (everywhere (fun _ => True)); [intro; exact I|].")
    if len(shape) <= MOST_AXES:
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
    """Where an entry stands in the list of all, in the form that the library's lemma has; and the proof."""
    if not shape:
        return "0%nat", "reflexivity"
    text = indices[-1]
    rest = doc.writer.atom(shape[-1])
    for n, i in zip(reversed(shape[:-1]), reversed(indices[:-1]), strict=True):
        text = f"{i} * {rest} + {text if text == indices[-1] else f'({text})'}"
        rest = f"({doc.writer.atom(n)} * {rest})"
    return f"({text})%nat", f"apply nth_array{len(shape)}; assumption"


# --- no other law --------------------------------------------------------------------------------------------------


def complete_file(
    spec: Spec,
    sizes: Sizes,
    claim: Claim,
    given: Sizes,
    laws: Sequence[str],
    found: Certificate,
    count: int | None = None,
) -> CoqFile:
    """That these laws are all, at the certificate's point and almost everywhere; and, for a `count`, how many they are."""
    doc = Document(spec, sizes, laws)
    names = doc.names
    doc.header("there is no other conservation law", given=True)
    doc.declarations()
    words = given_words(doc, found.point, found.consts, found.samples)
    listed, expressions = entries_of(doc, found.entries, words.consts)
    laws_name = names.fresh("laws")
    doc.add(f"Definition {laws_name} (theta : params) : list R := {listed}.", "")
    statement = names.fresh("complete_statement" if count is None else "count_statement")
    theorem = names.fresh("all_laws")
    flow = doc.flow(words.samples, words.consts)
    number = "" if count is None else f" /\\ forall theta, length ({laws_name} theta) = {count}%nat"
    doc.add(f"Definition {statement} : Prop := complete {flow} {laws_name} (point {words.point}){number}.", "")
    doc.expressions()
    doc.expression_list(f"{laws_name}'e", expressions)
    doc.add(
        f"Definition brackets : list (nat * nat) := [{'; '.join(f'({i}, {j})' for i, j in found.brackets)}]%nat.",
        f"Definition chosen : list nat := [{'; '.join(map(str, found.chosen))}]%nat.",
        f"Definition scale := {found.scale}%Q.",
        f"Definition matrix_A : list (list Q) := {matrix(found.a)}.",
        f"Definition matrix_C : list (list Q) := {matrix(found.c)}.",
        "",
    )
    data = f"{words.point} brackets chosen scale matrix_A matrix_C"
    polynomial = doc.expressions_are is EXPRESSIONS
    _finish(
        doc,
        words,
        laws_name,
        theorem,
        statement,
        f"{'check_complete' if polynomial else 'check_complete_given'} {words.lists(laws_name)} {data}",
        "complete_ok" if polynomial else "complete_given_ok",
        data,
        "" if count is None else "(fun _ => eq_refl)",
    )
    return CoqFile(
        file_name(spec, f"{claim.kind}_line{claim.node.span.line}", sizes), doc.text(), ((claim, given),), sizes
    )


def refuted_file(
    spec: Spec,
    sizes: Sizes,
    claim: Claim,
    given: Sizes,
    law: str,
    entry: Sequence[int],
    output: int,
    point: Sequence[Fraction],
    consts: Sequence[Fraction],
    sample: Sequence[Fraction],
) -> CoqFile:
    """That an entry of a law is not conserved: with the loss that is output number `output`, it changes at the point."""
    doc = Document(spec, sizes, [law])
    names = doc.names
    doc.header("a law that is not conserved", given=True)
    doc.declarations()
    words = given_words(doc, point, consts, [list(sample)], show_point=False)
    function = doc.function(law, [str(k) for k in entry], words.consts)
    statement, theorem = names.fresh(f"{names.of[law]}_statement"), names.fresh(f"{names.of[law]}_refuted")
    doc.add(f"Definition {statement} : Prop := ~ conserved {doc.flow(words.samples, words.consts)} {function}.", "")
    doc.expressions()
    entries = names.fresh("entries")
    expression = doc.writer.call(doc.model.laws[law], [str(k) for k in entry], EXPRESSIONS).text
    doc.add(
        f"Definition {words.point} := {rationals(point)}.",
        f"Definition {entries} (theta : params) : list R := [{doc.entry(law, [str(k) for k in entry], words.consts)}].",
        f"Definition {entries}'e : list pexp := [{expression}].",
        "",
    )
    data = f"{words.point} {output} 0"
    _finish(
        doc,
        words,
        entries,
        theorem,
        statement,
        f"check_refuted {words.specialised(entries)} {data}",
        "refuted_ok",
        data,
    )
    label = law if claim.kind == "law" else f"{claim.kind}_line{claim.node.span.line}"
    return CoqFile(file_name(spec, f"refuted_{label}", sizes), doc.text(), ((claim, given),), sizes, verdict="REFUTED")


def missing_file(
    spec: Spec,
    sizes: Sizes,
    claim: Claim,
    given: Sizes,
    other: tuple[str, int],
    entries: Sequence[tuple[str, int]],
    point: Sequence[Fraction],
    consts: Sequence[Fraction],
    samples: Sequence[Sequence[Fraction]],
    direction: Sequence[int],
) -> CoqFile:
    """That laws are not all: at the point the gradient of an entry of another law is no combination of theirs.

    `direction` is orthogonal to the gradients of all `entries` and not to that of `other`.
    """
    laws = list(dict.fromkeys([*(name for name, _ in entries), *claim.laws, other[0]]))
    doc = Document(spec, sizes, laws)
    names = doc.names
    doc.header("there is another conservation law", given=True)
    doc.declarations()
    words = given_words(doc, point, consts, samples)
    listed, expressions = entries_of(doc, entries, words.consts)
    laws_name, other_name = names.fresh("laws"), names.fresh("other")
    doc.add(f"Definition {laws_name} (theta : params) : list R := {listed}.", "")
    statement, theorem = names.fresh("missing_statement"), names.fresh("missing")
    flow = doc.flow(words.samples, words.consts)
    doc.add(f"Definition {statement} : Prop := ~ no_other_law {flow} {laws_name} (point {words.point}).", "")
    doc.expressions()
    _, other_expression = entries_of(doc, [other], words.consts)
    doc.add(
        f"Definition {laws_name}'e : list pexp := {expressions}.",
        f"Definition {other_name}'e : list pexp := {other_expression}.",
        f"Definition direction : list Q := {rationals([Fraction(x) for x in direction])}.",
        "",
    )
    other_given = f"(nth 0 (given {names.dimension} {words.consts_list} {other_name}'e) (Zc 0))"
    check = f"check_missing {words.specialised(laws_name)} {words.point} {other_given} direction"
    _finish(doc, words, laws_name, theorem, statement, check, "missing_ok", f"{words.point} {other_name}'e direction")
    name = file_name(spec, f"missing_line{claim.node.span.line}", sizes)
    return CoqFile(name, doc.text(), ((claim, given),), sizes, verdict="REFUTED")


@dataclass(frozen=True)
class Words:
    """How a statement at given numbers speaks of them."""

    doc: Document
    point: str
    consts: str
    samples: str
    consts_list: str
    samples_list: str

    def lists(self, laws: str) -> str:
        """The lists of expressions and of numbers that all checks have in common."""
        names = self.doc.names
        return f"{names.dimension} {names.outputs}'e {names.factors}'e {laws}'e {self.consts_list} {self.samples_list}"

    def specialised(self, laws: str) -> str:
        """The same with the numbers put in."""
        names, consts = self.doc.names, self.consts_list
        return (
            f"{names.dimension} (given_outputs {names.dimension} {names.outputs}'e {consts} {self.samples_list}) "
            f"(given {names.dimension} {consts} {names.factors}'e) (given {names.dimension} {consts} {laws}'e)"
        )

    def same(self, name: str, reals: str = "") -> None:
        """Adds that the expressions of a list mean its reals, at the given constants."""
        doc = self.doc
        reals = reals or name
        doc.add(
            f"Lemma {name}'same (sample theta : positive -> R) : "
            f"map ({doc.evaluation()} (lift {doc.names.dimension} {self.consts} sample theta)) {name}'e = {reals} theta.",
            f"Proof. {doc.by_computation()} (eq_refl ({reals} theta)). Qed.",
        )

    def meaning(self, laws: str) -> str:
        """The functions that the expressions stand for."""
        doc = self.doc
        phi = doc.phi(self.consts) if doc.has_data else f"(fun _ => {doc.phi(self.consts)})"
        return f"{doc.preconditioner(self.consts)} {phi} {laws}"


def given_words(
    doc: Document,
    point: Sequence[Fraction],
    consts: Sequence[Fraction],
    samples: Sequence[Sequence[Fraction]],
    show_point: bool = True,
) -> Words:
    """Adds the point, the constants and the samples of a statement."""
    point_name, consts_name, samples_name = (doc.names.fresh(x) for x in ("p", "given_consts", "given_samples"))
    if show_point:
        doc.add(f"Definition {point_name} := {rationals(point)}.")
    if doc.has_consts:
        doc.add(f"Definition {consts_name} := {rationals(consts)}.")
    if doc.has_data and samples:
        doc.add(f"Definition {samples_name} := [{'; '.join(rationals(s) for s in samples)}].")
    return Words(
        doc,
        point_name,
        f"(point {consts_name if doc.has_consts else '[]'})",
        f"(map point {samples_name})",
        consts_name if doc.has_consts else "[]",
        samples_name if doc.has_data else "[[]]",
    )


def _finish(
    doc: Document,
    words: Words,
    laws: str,
    theorem: str,
    statement: str,
    check: str,
    lemma: str,
    data: str,
    more: str = "",
) -> None:
    """Adds the proof of a theorem at given numbers: a check by computation, and the library's theorem about it."""
    names, consts = doc.names, words.consts
    words.same(laws)
    proof = (
        f"({lemma} {words.lists(laws)} {words.meaning(laws)} {data} {theorem}'checked ({names.outputs}'same {consts}) "
        f"({names.factors}'same {consts}) {laws}'same)"
    )
    doc.add(
        f"Lemma {theorem}'checked : {check} = true.",
        "Proof. vm_cast_no_check (eq_refl true). Qed.",
        "",
        f"Theorem {theorem} : {statement}.",
        "Proof.",
        f"  exact {f'(conj {proof} {more})' if more else proof}.",
        "Qed.",
        f"Print Assumptions {theorem}.",
    )


def entries_of(doc: Document, entries: Sequence[tuple[str, int]], consts: str) -> tuple[str, str]:
    """Entries of laws as a list of reals at theta, and as a list of expressions."""
    reals, expressions = [], []
    e = doc.names.local("e")
    for law in dict.fromkeys(name for name, _ in entries):
        shape = doc.model.shape(doc.model.laws[law])
        places = [n for name, n in entries if name == law]
        tuples = [_unflattened(n, shape) for n in places]
        variables = _components(e, len(shape))
        body = doc.entry(law, variables, consts)
        expression = doc.writer.call(doc.model.laws[law], variables, doc.expressions_are).text
        if not shape:
            reals.append(f"[{body}]")
            expressions.append(f"[{expression}]")
            continue
        listed = "; ".join(f"({', '.join(map(str, i))})" if len(i) > 1 else str(i[0]) for i in tuples)
        reals.append(f"map (fun {e} => {body}) [{listed}]%nat")
        expressions.append(f"map (fun {e} => {expression}) [{listed}]%nat")
    return " ++ ".join(reals) or "[]", " ++ ".join(expressions) or "[]"


def _components(e: str, count: int) -> list[str]:
    """The components of a tuple ((a, b), c)."""
    if count <= 1:
        return [e] * count
    return [*_components(f"(fst {e})", count - 1), f"(snd {e})"]


def _unflattened(flat: int, shape: Sequence[int]) -> tuple[int, ...]:
    result: list[int] = []
    for n in reversed(shape):
        flat, k = divmod(flat, n)
        result.insert(0, k)
    return tuple(result)


def file_name(spec: Spec, what: str, sizes: Sizes) -> str:
    name = "_".join([re.sub(r"\W", "_", spec.model) or "model", what, *(f"{d}{n}" for d, n in sizes.items())])
    return name if re.match(r"[^\W\d]", name) else f"model_{name}"

"""Statements at given numbers (a point, constants and samples), and their proofs: a computation, and a theorem about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from claws.coq.statements.coq_text import rationals
from claws.coq.statements.document import Document
from claws.coq.statements.term_languages import EXPRESSIONS


@dataclass(frozen=True)
class GivenWords:
    """The words with which a statement at given numbers speaks of them."""

    doc: Document
    point: str
    """The name of the point, a list."""
    consts: str
    """The constants, as `data`."""
    samples: str
    """The samples, as a list of `data`."""
    consts_list: str
    samples_list: str
    """The same as lists of rational numbers."""

    def lists(self, laws: str) -> str:
        """Returns the lists of expressions and of numbers that all checks have in common; `laws` is the name of a list of
        reals."""
        names = self.doc.names
        return f"{names.dimension} {names.outputs}'e {names.factors}'e {laws}'e {self.consts_list} {self.samples_list}"

    def same(self, name: str, reals: str = "") -> None:
        """Writes that the expressions of a list mean its reals, at the given constants."""
        doc = self.doc
        reals = reals or name
        doc.add(
            f"Lemma {name}'same (sample theta : positive -> R) : "
            f"map ({doc.evaluation()} (lift {doc.names.dimension} {self.consts} sample theta)) {name}'e = {reals} theta.",
            f"Proof. {doc.by_computation()} (eq_refl ({reals} theta)). Qed.",
        )

    def meaning(self, laws: str) -> str:
        """Returns the functions that the expressions stand for."""
        doc = self.doc
        phi = doc.phi(self.consts) if doc.has_data else f"(fun _ => {doc.phi(self.consts)})"
        return f"{doc.preconditioner(self.consts)} {phi} {laws}"


def given_words(
    doc: Document,
    point: Sequence[Fraction],
    consts: Sequence[Fraction],
    samples: Sequence[Sequence[Fraction]],
    show_point: bool = True,
) -> GivenWords:
    """Writes the point, the constants and the samples of a statement, each where it plays a part. Returns their names."""
    point_name, consts_name, samples_name = (doc.names.fresh(x) for x in ("p", "given_consts", "given_samples"))
    if show_point:
        doc.add(f"Definition {point_name} := {rationals(point)}.")
    if doc.has_consts:
        doc.add(f"Definition {consts_name} := {rationals(consts)}.")
    if doc.has_data and samples:
        doc.add(f"Definition {samples_name} := [{'; '.join(rationals(s) for s in samples)}].")
    return GivenWords(
        doc,
        point_name,
        f"(point {consts_name if doc.has_consts else '[]'})",
        f"(map point {samples_name})",
        consts_name if doc.has_consts else "[]",
        samples_name if doc.has_data else "[[]]",
    )


def finish(
    doc: Document,
    words: GivenWords,
    laws: str,
    theorem: str,
    statement: str,
    check: str,
    lemma: str,
    data: str,
    compares: bool = False,
) -> None:
    """Writes the proof of a theorem at given numbers: a check by computation, and the library's `lemma` about it.

    `laws` is the name of a list of reals; that of its expressions has been added. `compares`: the statement has a second half,
    which compares numbers.
    """
    names, consts = doc.names, words.consts
    words.same(laws)
    at = "at_given" if doc.expressions_are is EXPRESSIONS else "at_folded"
    check = f"({check} {names.dimension} {data})"
    proof = (
        f"({at}_ok {words.lists(laws)} {words.meaning(laws)} {check} _ ({lemma} {names.dimension} {data} _ _ _) "
        f"{theorem}'checked ({names.outputs}'same {consts}) ({names.factors}'same {consts}) {laws}'same)"
    )
    doc.add(
        f"Lemma {theorem}'checked : {at} {words.lists(laws)} {check} = true.",
        "Proof. vm_cast_no_check (eq_refl true). Qed.",
        "",
        f"Theorem {theorem} : {statement}.",
        "Proof.",
        f"  split; [exact {proof}|numbers]." if compares else f"  exact {proof}.",
        "Qed.",
        f"Print Assumptions {theorem}.",
    )


def entries_of(doc: Document, entries: Sequence[tuple[str, int]], consts: str) -> tuple[str, str]:
    """Returns entries of laws, given by law and position, as a list of reals at theta, and as a list of expressions."""
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
    """Returns the components of a tuple ((a, b), c) of this many."""
    if count <= 1:
        return [e] * count
    return [*_components(f"(fst {e})", count - 1), f"(snd {e})"]


def _unflattened(flat: int, shape: Sequence[int]) -> tuple[int, ...]:
    """Returns the indices of the entry at a position, row by row."""
    result: list[int] = []
    for n in reversed(shape):
        flat, k = divmod(flat, n)
        result.insert(0, k)
    return tuple(result)

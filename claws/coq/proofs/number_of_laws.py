"""Files about how many laws there are: that some are all, that they are not, and how many there are in all."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from claws.coq.proofs.entry_polynomials import Poly
from claws.coq.proofs.given_numbers import GivenWords, entries_of, finish, given_words
from claws.coq.proofs.no_other_law import AllLawsCertificate, MissingLaw
from claws.coq.proofs.one_field import OneField
from claws.coq.statements.coq_file import CoqFile, file_name
from claws.coq.statements.coq_text import matrix, rationals
from claws.coq.statements.document import Document
from claws.coq.statements.exported_model import Sizes
from claws.kernel.counting.statements import Count
from claws.syntax.spec import Claim, Spec


def complete_file(
    spec: Spec, sizes: Sizes, claim: Claim, given: Sizes, laws: Sequence[str], found: AllLawsCertificate
) -> CoqFile:
    """Returns the file that says that these laws are all, at the certificate's point and almost everywhere."""
    doc = Document(spec, sizes, laws)
    names = doc.names
    doc.header("there is no other conservation law", given=True)
    doc.declarations()
    words = given_words(doc, found.point, found.consts, found.samples)
    name, expressions = _laws(doc, words, found.entries)
    statement, theorem = names.fresh("complete_statement"), names.fresh("all_laws")
    flow = doc.flow(words.samples, words.consts)
    doc.claim(claim)
    doc.add(f"Definition {statement} : Prop := complete {flow} {name} (point {words.point}).", "")
    doc.expressions()
    doc.expression_list(f"{name}'e", expressions)
    data = _certificate(doc, words, found)
    finish(doc, words, name, theorem, statement, "check_complete", "complete_ok", data)
    return _file(spec, f"complete_line{claim.node.span.line}", sizes, claim, given, doc)


def counted_file(
    spec: Spec,
    sizes: Sizes,
    claim: Claim,
    given: Sizes,
    laws: Sequence[str],
    found: AllLawsCertificate | OneField,
    count: Count,
    number: int,
    verdict: str,
) -> CoqFile:
    """Returns the file that says how many laws there are: by a certificate that some laws are all, or because all outputs push
    along one field.

    `laws` are those with which the model was read in the search: they may have constants that it has not.
    """
    doc = Document(spec, sizes, laws)
    names = doc.names
    doc.header("how many conservation laws there are", given=True)
    doc.declarations(laws=False)
    words = given_words(doc, found.point, found.consts, found.samples)
    statement, theorem = names.fresh("count_statement"), names.fresh("number")
    flow = doc.flow(words.samples, words.consts)
    compared = _compared(count, number, verdict)
    doc.claim(claim)
    doc.add(f"Definition {statement} : Prop := counted {flow} {number} (point {words.point}){compared}.", "")
    doc.expressions()
    none = names.fresh("no_laws")
    doc.add(f"Definition {none} (theta : params) : list R := [].")
    doc.expression_list(f"{none}'e", "[]")
    if isinstance(found, AllLawsCertificate):
        listed = names.fresh("all_laws")
        data = f"{_certificate(doc, words, found)} {listed}"
        terms = "; ".join(_terms(f) for f in found.laws)
        doc.add(f"Definition {listed} : list pexp := map polynomial_of [{terms}]%Z.", "")
        check = "counted"
    else:
        check, data = "counted_straight", f"{words.point} {found.output} {found.coordinate}"
    finish(doc, words, none, theorem, statement, f"check_{check}", f"{check}_ok", f"{data} {number}", bool(compared))
    return _file(spec, f"count_line{claim.node.span.line}", sizes, claim, given, doc, verdict)


def _compared(count: Count, number: int, verdict: str) -> str:
    """Returns what the claim says of the number of laws beyond the number itself, whole numbers that may be negative or huge."""
    said = f"({number} {count.relation} {count.number})%Z"
    if verdict == "PROVED":
        return "" if count.relation == "=" else f" /\\ {said}"
    return f" /\\ ~ {said}"


def missing_file(spec: Spec, sizes: Sizes, claim: Claim, given: Sizes, found: MissingLaw | OneField) -> CoqFile:
    """Returns the file that says that laws are not all: at the point the gradient of another law is no combination of theirs.

    The other law is known, or it exists because all outputs push along one field.
    """
    doc = Document(spec, sizes, claim.laws)
    names = doc.names
    doc.header("there is another conservation law", given=True)
    doc.declarations()
    words = given_words(doc, found.point, found.consts, found.samples)
    name, expressions = _laws(doc, words, found.entries)
    statement, theorem = names.fresh("missing_statement"), names.fresh("missing")
    flow = doc.flow(words.samples, words.consts)
    doc.claim(claim)
    doc.add(f"Definition {statement} : Prop := ~ no_other_law {flow} {name} (point {words.point}).", "")
    doc.expressions()
    doc.expression_list(f"{name}'e", expressions)
    if isinstance(found, MissingLaw):
        other = names.fresh("other")
        doc.add(f"Definition {other} : pexp := polynomial_of {_terms(found.other)}%Z.")
        check, data = "missing", f"{words.point} {other} direction"
    else:
        doc.add(f"Definition slope : list Q := {rationals([Fraction(x) for x in found.slope])}.")
        check, data = "missing_straight", f"{words.point} {found.output} {found.coordinate} slope direction"
    doc.add(f"Definition direction : list Q := {rationals([Fraction(x) for x in found.direction])}.", "")
    finish(doc, words, name, theorem, statement, f"check_{check}", f"{check}_ok", data)
    return _file(spec, f"missing_line{claim.node.span.line}", sizes, claim, given, doc, "REFUTED")


def _laws(doc: Document, words: GivenWords, entries: Sequence[tuple[str, int]]) -> tuple[str, str]:
    """Writes the list of these entries. Returns its name, and the entries as expressions."""
    listed, expressions = entries_of(doc, entries, words.consts)
    name = doc.names.fresh("laws")
    doc.add(f"Definition {name} (theta : params) : list R := {listed}.", "")
    return name, expressions


def _terms(f: Poly) -> str:
    """Returns a polynomial as the library's `polynomial_of` reads it."""
    terms = ("; ".join(map(str, (c.numerator, c.denominator, *m))) for m, c in f.items())
    return f"[{'; '.join(f'[{term}]' for term in terms)}]"


def _certificate(doc: Document, words: GivenWords, found: AllLawsCertificate) -> str:
    """Writes the brackets and the matrices. Returns the names of all data."""
    doc.add(
        f"Definition brackets : list (nat * nat) := [{'; '.join(f'({i}, {j})' for i, j in found.brackets)}]%nat.",
        f"Definition chosen : list nat := [{'; '.join(map(str, found.chosen))}]%nat.",
        f"Definition scale := {found.scale}%Q.",
        f"Definition matrix_A : list (list Q) := {matrix(found.a)}.",
        f"Definition matrix_C : list (list Q) := {matrix(found.c)}.",
        "",
    )
    return f"{words.point} brackets chosen scale matrix_A matrix_C"


def _file(
    spec: Spec, what: str, sizes: Sizes, claim: Claim, given: Sizes, doc: Document, verdict: str = "PROVED"
) -> CoqFile:
    return CoqFile(file_name(spec, what, sizes), doc.text(), ((claim, given),), sizes, verdict=verdict)

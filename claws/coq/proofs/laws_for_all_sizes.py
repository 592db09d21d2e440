"""The file that says that laws are conserved for all sizes.

Its definitions are those of a file at one size, with the sizes as variables; the statement quantifies over them. The proof has
the outputs and the laws as data, runs `check_all_sizes` on them, and has coqc compare the data with the text by computation.
"""

from __future__ import annotations

from collections.abc import Sequence

from claws.coq.proofs.network_check import Problem
from claws.coq.statements.coq_file import CoqFile, file_name
from claws.coq.statements.document import LINE
from claws.coq.statements.exported_model import Sizes
from claws.coq.statements.networks import ONE_NET, Numbering
from claws.coq.statements.node_facts import CannotExport
from claws.coq.statements.open_sizes import OpenDocument, inverse_of
from claws.kernel.core.program import Shape
from claws.syntax.spec import Claim, Spec


def all_sizes_file(spec: Spec, given: Sizes, sizes: Sizes, claims: Sequence[tuple[Claim, Sizes]]) -> CoqFile:
    """Returns the file that says that laws are conserved for all sizes, but for those that `given` fixes; `sizes` are some
    that fit.

    Raises `CannotExport` for what has no such statement, or no proof that Coq's check finds; and `SourceError`.
    """
    names = list(dict.fromkeys(claim.name for claim, _ in claims))
    doc = OpenDocument(spec, given, sizes, names)
    _check(doc)
    doc.header("conservation laws")
    doc.declarations()
    stated = [_statement(doc, name) for name in names]
    doc.close()
    theorems = []
    for name, statement in zip(names, stated, strict=True):
        law = doc.names.of[name]
        everywhere, theorem = doc.names.fresh(f"{law}_for_all_sizes"), doc.names.fresh(f"{law}_conserved")
        premises = "".join(f"{c} -> " for c in doc.conditions(name))
        doc.add(
            f"Definition {everywhere} : Prop := forall {doc.dims_text()} : nat, {premises}{doc.outside([statement])}."
        )
        theorems.append((name, everywhere, theorem))
    doc.add("", LINE, "")
    proof = _Proof(doc)
    proof.definitions()
    for name, everywhere, theorem in theorems:
        proof.law(name, everywhere, theorem)
    return CoqFile(f"{file_name(spec, 'laws', given)}_all_sizes", doc.text(), tuple(claims), given, all_sizes=True)


def _check(doc: OpenDocument) -> None:
    """Raises `CannotExport` unless Coq's check will find that the laws are conserved."""
    constants = {leaf.name: tuple(map(doc.writer.atom, leaf.shape)) for _, leaf in doc.model.program.leaves("const")}
    inverses = {name: (inverse_of(name), constants[name]) for name in doc.writer.inverted}
    for name, (entry, law) in doc.data.laws.items():
        # each law has a budget of its own, so that laws that pass one by one pass together
        problem = Problem(doc.data.parameters, doc.data.factors, inverses, doc.lows(name))
        for axes, output in doc.data.outputs:
            rest = problem.residue(axes, output, entry, law)
            if rest:
                raise CannotExport(
                    f"for all sizes it is beyond what `Networks.v` can decide: of the derivative of `{name}` "
                    f"{len(rest)} {'term is' if len(rest) == 1 else 'terms are'} left"
                )


def _statement(doc: OpenDocument, law: str) -> str:
    """Writes the statement at the sizes of the section. Returns its name."""
    shape = doc.model.program.shapes[doc.model.laws[law]]
    statement = doc.names.fresh(f"{doc.names.of[law]}_statement")
    indices = _indices(doc, shape)
    with doc.defining(statement):
        premises = "".join(f"{c} -> " for c in doc.premises())
        consts = ["(consts : data)"] if doc.has_consts else []
        words = [*(["(samples : list data)"] if doc.has_data else []), *indices]
        if not premises and words:
            consts, words = [], [*consts, *words]
        bounds = "".join(f"({i} < {doc.writer.atom(n)})%nat -> " for i, n in zip(indices, shape, strict=True))
        law_text = f"conservation_law {doc.flow()} {doc.function(law, indices)}"
        doc.add(f"Definition {statement} : Prop := {_forall(consts)}{premises}{_forall(words)}{bounds}{law_text}.")
    return statement


def _forall(words: Sequence[str]) -> str:
    return f"forall {' '.join(words)}, " if words else ""


def _indices(doc: OpenDocument, shape: Shape) -> list[str]:
    used: set[str] = set()
    return [doc.writer.fresh_index(used) for _ in shape]


class _Proof:
    """The part of the file that is not read: the data, that they mean what the statement says, and the theorems."""

    def __init__(self, doc: OpenDocument) -> None:
        self.doc = doc
        # what the tactics name
        self.size, self.number, self.place, self.among, self.there = (
            doc.names.fresh(f"{word}_") for word in ("size", "number", "place", "among", "there")
        )
        program = doc.model.program
        arrays = [leaf.name for role in ("param", "const", "input") for _, leaf in program.leaves(role)]
        arrays += [inverse_of(name) for name in doc.writer.inverted]
        self.numbers = numbers = Numbering({name: k for k, name in enumerate(arrays)})
        writer = doc.writer
        self.axes = [numbers.axes(axes) for axes in doc.data.parameters.values()]
        self.outputs = [f"({numbers.axes(axes)}%nat, {numbers.net(net)})" for axes, net in doc.data.outputs]
        self.factors = [numbers.net(doc.data.factors.get(name, ONE_NET)) for name in doc.data.parameters]
        self.laws = {name: (numbers.axes(a), numbers.net(net)) for name, (a, net) in doc.data.laws.items()}
        self.shapes = {
            role: "; ".join(
                f"[{'; '.join(str(numbers.size(writer.atom(n))) for n in leaf.shape)}]"
                for _, leaf in program.leaves(role)
            )
            for role in ("const", "input")
        }
        consts = [leaf.name for _, leaf in program.leaves("const")]
        self.inverted = "; ".join(str(consts.index(name)) for name in writer.inverted)

    def definitions(self) -> None:
        """Writes the data of the model, and that they mean the same as its text."""
        doc, names = self.doc, self.doc.names
        dims = doc.dims_text()
        doc.add(
            f"Definition sizes ({dims} : nat) : list nat := [{'; '.join(self.numbers.sizes)}]%nat.",
            f"Definition axes_n : list (list (nat * nat)) := [{'; '.join(self.axes)}]%nat.",
            f"Definition cshapes : list (list nat) := [{self.shapes['const']}]%nat.",
            f"Definition ishapes : list (list nat) := [{self.shapes['input']}]%nat.",
            f"Definition inverted : list nat := [{self.inverted}]%nat.",
            f"Definition outputs_n : list (list (nat * nat) * net) := [{'; '.join(self.outputs)}].",
        )
        sample = " sample" if doc.has_data else ""
        value = f"{self.outputs_outside()}{sample} theta"
        self.same(f"{names.outputs}'same", f"values (size (sizes {dims})) outputs_n {self.arrays()} index", value)
        if doc.model.factors:
            doc.add(f"Definition factors_n : list net := [{'; '.join(self.factors)}].")
            value = f"{self.preconditioner_outside()} theta"
            lists = f"values (size (sizes {dims})) (combine axes_n factors_n) {self.arrays()} index"
            self.same(f"{names.factors}'same", lists, value)

    def outputs_outside(self, consts: str = "consts") -> str:
        """Returns the outputs, as a function of a sample (if there are data) and the parameters, outside of the section."""
        doc = self.doc
        return doc.outside(doc.applied_words(doc.names.outputs, doc.model.outputs, consts))

    def preconditioner_outside(self, consts: str = "consts") -> str:
        """Returns the preconditioner outside of the section."""
        doc = self.doc
        roots = list(doc.model.factors.values())
        return doc.outside(doc.applied_words(doc.names.factors, roots, consts) if roots else ["gradient"])

    def arrays(self) -> str:
        """Returns the arrays of a model at given sizes, constants, data and parameters."""
        return f"(arr axes_n cshapes ishapes inverted (sizes {self.doc.dims_text()}) consts sample theta)"

    def same(self, name: str, data: str, reals: str) -> None:
        """Writes that data mean the same as the text of the statement."""
        given = f"({self.doc.dims_text()} : nat) (consts sample theta : positive -> R) (index : env)"
        self.doc.add(
            f"Lemma {name} {given} : {data} = {reals}.",
            f"Proof. exact_no_check (eq_refl ({reals})). Qed.",
        )

    def law(self, law: str, everywhere: str, theorem: str) -> None:
        """Writes the theorem that a law is conserved at all sizes, which `everywhere` states."""
        doc, names = self.doc, self.doc.names
        dims = doc.dims_text()
        axes, net = self.laws[law]
        variables = [self.numbers.variable(v) for v, _ in doc.data.laws[law][0]]
        value = doc.outside(doc.entry_words(law, [f"(index {v}%nat)" for v in variables]))
        doc.add("", f"Definition {theorem}'n : net := {net}.")
        self.same(f"{theorem}'same", f"ev (size (sizes {dims})) {self.arrays()} index {theorem}'n", value)
        factors = "factors_n" if doc.model.factors else "[]"
        bounds = doc.lows(law)
        lows = [bounds.get(size, 0) for size in self.numbers.sizes] if bounds else []
        check = f"[{'; '.join(map(str, lows))}]%nat axes_n cshapes ishapes inverted {factors} outputs_n {axes}%nat {theorem}'n"
        doc.add(
            f"Lemma {theorem}'checked : check_all_sizes {check} = true.",
            "Proof. vm_cast_no_check (eq_refl true). Qed.",
            f"Theorem {theorem} : {everywhere}.",
            "Proof.",
        )
        shape = doc.model.program.shapes[doc.model.laws[law]]
        indices = _indices(doc, shape)
        # these are bound in this proof alone
        taken = set(names.taken)
        premises = [names.fresh(f"P{k}") for k, _ in enumerate(doc.premises())]
        intros = [
            *(names.of[d] for d in doc.dims),
            *(names.fresh(f"C{k}") for k, _ in enumerate(doc.conditions(law))),
            *(["consts"] if doc.has_consts else []),
            *premises,
            *(["samples"] if doc.has_data else []),
            *indices,
            *(names.fresh(f"H{i}") for i in indices),
        ]
        consts = "consts" if doc.has_consts else "(fun _ => 0)"
        place = self.place
        entry = doc.outside(doc.entry_words(law, [f"(nth {k} {place} 0%nat)" for k, _ in enumerate(indices)]))
        lemma = "all_sizes_on_data" if doc.has_data else "all_sizes_ok"
        preconditioner = self.preconditioner_outside(consts)
        doc.add(
            f"  intros {' '.join(intros)}.",
            f"  refine ({lemma} {check} (sizes {dims}) {consts} _ _ {theorem}'checked ({doc.outside([names.dimension])}) "
            f"({preconditioner}) (fun {place} theta => {entry}) eq_refl _ _ ({self.outputs_outside(consts)}) _ "
            f"{'samples ' if doc.has_data else ''}[{'; '.join(indices)}] _).",
            f"  - {self._lows_proof(lows)}",
            f"  - {self._inverses_proof(premises)}",
            f"  - {self._factors_proof(consts)}",
            f"  - intros. apply {theorem}'same.",
            f"  - intros. apply {names.outputs}'same.",
            f"  - {''.join('apply Forall2_cons; [assumption|]. ' for _ in indices)}apply Forall2_nil.",
            "Qed.",
            f"Print Assumptions {theorem}.",
        )
        names.taken = taken

    def _lows_proof(self, lows: Sequence[int]) -> str:
        d = self.size
        step = f"destruct {d} as [|{d}]; [unfold size; simpl; lia|]. "
        return f"intro {d}. " + step * len(lows) + f"destruct {d}; apply Nat.le_0_l."

    def _inverses_proof(self, premises: Sequence[str]) -> str:
        """Returns the proof that the constants whose inverses occur are not 0."""
        c, place, among, there = self.number, self.place, self.among, self.there
        leaves = [leaf for _, leaf in self.doc.model.program.leaves("const")]
        text = f"intros {c} {place} {among} {there}. "
        # the premises are in the order of the constants, the cases in that of the inverses
        of = dict(zip([leaf.name for leaf in leaves if leaf.name in self.doc.writer.inverted], premises, strict=True))
        for name in self.doc.writer.inverted:
            leaf = next(leaf for leaf in leaves if leaf.name == name)
            steps, arguments, bounds = "", [], []
            for k, _ in enumerate(leaf.shape):
                i, bound, more = (self.doc.names.fresh(f"{x}{k}_") for x in ("i", "below", "more"))
                steps += (
                    f"destruct (inside_cons _ _ _ _ {there}) as [{i} [{more} [-> [{bound} {there}']]]]; clear {there}; "
                )
                steps += f"rename {there}' into {there}; "
                arguments.append(i)
                bounds.append(bound)
            premise = " ".join([of[name], *arguments, *bounds])
            last = f"exact (Rgt_not_eq _ _ ({premise}))" if leaf.domain == "positive" else f"exact ({premise})"
            text += f"destruct {among} as [<-|{among}]; [{steps}rewrite (inside_nil _ _ {there}); {last}|]. "
        return f"{text}destruct {among}."

    def _factors_proof(self, consts: str) -> str:
        doc = self.doc
        if not doc.model.factors:
            return "intros. apply gradient_factor."
        return (
            f"apply (listed_factor _ axes_n cshapes ishapes inverted {consts} factors_n); [reflexivity|]. "
            f"intros. apply {doc.names.factors}'same."
        )

"""Where a model and a law are defined: the denominators that must not be 0, and the radicands that must be positive.

What is positive by its form at every point, such as a sum of exponentials, is not asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from claws.coq.statements.document import Document
from claws.coq.statements.exported_model import ExportedModel
from claws.coq.statements.node_facts import Sign, demand_of_node, is_root, sign_of_node


@dataclass(frozen=True)
class Conditions:
    """What must hold for a model or a law to be defined: nodes of a program, all of whose entries must satisfy something."""

    denominators: tuple[int, ...] = ()
    """The nodes whose entries must differ from 0."""
    radicands: tuple[int, ...] = ()
    """The nodes whose entries must be positive: what a root or a logarithm is taken of."""

    def __bool__(self) -> bool:
        return bool(self.denominators or self.radicands)

    def minus(self, other: Conditions) -> Conditions:
        """Returns the conditions that the other ones do not state already."""
        return Conditions(
            tuple(n for n in self.denominators if n not in other.denominators + other.radicands),
            tuple(n for n in self.radicands if n not in other.radicands),
        )

    def split(self, model: ExportedModel) -> tuple[Conditions, Conditions]:
        """Returns the conditions that mention no data, and those that do."""

        def where(nodes: Iterable[int], data: bool) -> tuple[int, ...]:
            return tuple(n for n in nodes if model.mentions("input", [n]) == data)

        return (
            Conditions(where(self.denominators, False), where(self.radicands, False)),
            Conditions(where(self.denominators, True), where(self.radicands, True)),
        )


def conditions_of(model: ExportedModel, roots: Iterable[int]) -> Conditions:
    """Returns what must hold for these nodes to have values and derivatives, without what holds by its form."""
    nodes = model.fixed.nodes
    signs: dict[int, Sign] = {}

    def sign(n: int) -> Sign:
        if n not in signs:
            signs[n] = sign_of_node(model.program.nodes[n], sign, model.sizes)
        return signs[n]

    denominators: dict[int, None] = {}
    radicands: dict[int, None] = {}
    for n in model.fixed.cone(list(roots)):
        demand = demand_of_node(nodes[n])
        if demand is None:
            continue
        what, operand = demand
        # a root that has a derivative is not 0
        if what == "nonzero" and is_root(nodes[operand]):
            continue
        if not sign(operand).positive:
            (radicands if what == "positive" else denominators)[operand] = None
    return Conditions(tuple(n for n in denominators if n not in radicands), tuple(radicands))


# --- in an exported file ---


@dataclass(frozen=True)
class _Part:
    """A list of real numbers that a statement mentions, and what it says of all of them."""

    kind: str
    """What is said: `nonzero` or `positive`."""
    name: str
    """The list's name."""
    roots: tuple[int, ...]
    """The nodes whose entries it lists."""
    data: bool
    """Whether they mention data."""


@dataclass(frozen=True)
class Domain:
    """The set of parameters that a statement speaks of; `text` is empty where it is no restriction."""

    text: str = ""
    parts: tuple[_Part, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text)


@dataclass
class Domains:
    """The definitions of an exported file that say where its model and its laws are defined."""

    doc: Document
    domains: dict[str, Domain] = field(default_factory=dict)

    def __post_init__(self) -> None:
        model = self.doc.model
        self.own = conditions_of(model, [*model.outputs, *model.factors.values()])
        plain, on_data = self.own.split(model)
        self.parts = [*self._define("", plain, False), *self._define("sample_", on_data, True)]
        self.shared = self._defined("defined", self.parts) if self.parts else Domain()

    def add(self, law: str) -> None:
        """Writes what a law asks for beside the model."""
        more = conditions_of(self.doc.model, [self.doc.model.laws[law]]).minus(self.own)
        if not more:
            self.domains[law] = self.shared
            return
        name = self.doc.names.of[law]
        self.domains[law] = self._defined(f"{name}_defined", [*self.parts, *self._define(f"{name}_", more, False)])

    def of(self, law: str) -> Domain:
        """Returns where a law that has been added, and the model, are defined."""
        return self.domains[law]

    def _define(self, prefix: str, conditions: Conditions, data: bool) -> list[_Part]:
        doc = self.doc
        parts = []
        for kind, what, nodes in (
            ("nonzero", "denominators", conditions.denominators),
            ("positive", "radicands", conditions.radicands),
        ):
            if nodes:
                part = _Part(kind, doc.names.fresh(f"{prefix}{what}"), nodes, data)
                parts.append(part)
                sample = " (sample : data)" if data else ""
                doc.add(
                    f"Definition {part.name}{doc.arguments(nodes)}{sample} (theta : params) : list R := "
                    f"{doc.writer.arrays(nodes, doc.reals)}."
                )
        return parts

    def _defined(self, wanted: str, parts: list[_Part]) -> Domain:
        doc = self.doc
        name = doc.names.fresh(wanted)
        roots = [n for part in parts for n in part.roots]
        samples = any(part.data for part in parts)
        said = []
        for part in parts:
            list_of = self._applied(part)
            said.append(f"all_{part.kind} ({f'on_data {list_of} samples' if part.data else _plain(list_of)} theta)")
        both = " /\\ ".join(said)
        arguments = doc.arguments(roots) + (" (samples : list data)" if samples else "")
        doc.add(f"Definition {name}{arguments} (theta : params) : Prop := {both}.")
        words = _plain(doc.applied(name, roots)) + (" samples" if samples else "")
        return Domain(f"({words})" if " " in words else words, tuple(parts))

    def _applied(self, part: _Part) -> str:
        return self.doc.applied(part.name, part.roots)

    # --- proofs ---

    def proofs(self) -> None:
        """Writes what the proofs of all laws share: facts about functions, and the conditions on samples as expressions."""
        doc = self.doc
        facts = "; ".join(doc.facts_as_data())
        doc.add(f"Definition facts'e : facts := [{facts}].")
        functions = " ".join(doc.declared())
        assumed = "".join(f"{fact} -> " for fact in doc.facts())
        quantified = f"forall ({functions} : R -> R), " if functions else ""
        doc.add(
            f"Lemma facts'true : {quantified}{assumed}true_facts {doc.functions()} facts'e.",
            "Proof. intros. facts. Qed.",
        )
        for kind in ("nonzero", "positive"):
            self._list(f"sample_{kind}", [p for p in self.parts if p.data and p.kind == kind], data=True)

    def _list(self, name: str, parts: list[_Part], data: bool) -> None:
        doc = self.doc
        expressions = " ++ ".join(f"({doc.writer.arrays(part.roots, doc.expressions_are)})" for part in parts) or "[]"
        doc.expression_list(f"{name}'e", expressions)
        doc.same(name, f"{name}'e", self._reals(parts, data, "sample"))

    def _reals(self, parts: list[_Part], data: bool, sample: str = "") -> str:
        """Returns the lists as a function of the parameters, or of samples and parameters."""
        if not parts:
            return "(fun _ => @nil R)" if not data or sample else "(fun _ _ => @nil R)"
        if data:
            return f"{self._applied(parts[0])}{' ' + sample if sample else ''}"
        if len(parts) == 1:
            return self._applied(parts[0])
        return "(fun theta => " + " ++ ".join(f"{_plain(self._applied(part))} theta" for part in parts) + ")"

    def check(self, law: str, label: str, entries: str) -> tuple[str, str]:
        """Writes the conditions of a law as expressions. Returns the check of the law, and the term that proves the law from
        it."""
        doc, names = self.doc, self.doc.names
        domain = self.of(law)
        fixed = {kind: [p for p in domain.parts if not p.data and p.kind == kind] for kind in ("nonzero", "positive")}
        for kind, parts in fixed.items():
            self._list(f"{label}_{kind}", parts, data=False)
        lists = (
            f"{names.dimension} {names.outputs}'e {names.factors}'e {label}'l sample_nonzero'e sample_positive'e "
            f"{label}_nonzero'e {label}_positive'e facts'e"
        )
        consts = "consts" if doc.has_consts else "(fun _ => 0)"
        same = " ".join([*doc.declared(), consts])

        def lemma(name: str) -> str:
            return f"({name}'same {same})"

        known = " ".join(["facts'true", *doc.declared(), *doc.fact_names()])
        of_data = {kind: [p for p in self.parts if p.data and p.kind == kind] for kind in ("nonzero", "positive")}
        sample_lists = [self._reals(of_data[kind], doc.has_data) for kind in ("nonzero", "positive")]
        inside = []
        for kind in ("nonzero", "positive"):
            inside.append(self._holds(domain, fixed[kind], kind))
        for kind in ("nonzero", "positive"):
            if of_data[kind]:
                inside.append(self._holds(domain, of_data[kind], kind))
            elif doc.has_data:
                inside.append(f"(fun theta _ => none_on_data all_{kind} samples theta none_{kind})")
            else:
                inside.append(f"(fun _ _ => none_{kind})")
        where = domain.text or "(fun _ => True)"
        conclusion = (
            f"({'tower_on_data' if doc.has_data else 'tower_ok'} {lists} {doc.functions()} {consts} {doc.preconditioner()} "
            f"{entries} {self._reals(fixed['nonzero'], False)} {self._reals(fixed['positive'], False)} {label}'checked "
            f"({known}) eq_refl {lemma(names.factors)} {lemma(label)} {lemma(f'{label}_nonzero')} "
            f"{lemma(f'{label}_positive')} {doc.phi()} {' '.join(sample_lists)} {'samples ' if doc.has_data else ''}{where} "
            f"{lemma(names.outputs)} {lemma('sample_nonzero')} {lemma('sample_positive')} {' '.join(inside)})"
        )
        return f"check_tower {lists}", conclusion

    def _holds(self, domain: Domain, parts: list[_Part], kind: str) -> str:
        """Returns the proof that a list has this property inside the domain."""
        if not parts:
            return f"(fun _ _ => none_{kind})"
        terms = [_projection(domain.parts.index(part), len(domain.parts)) for part in parts]
        term = terms[-1]
        for other in reversed(terms[:-1]):
            term = f"(both_{kind} _ _ {other} {term})"
        return f"(fun theta H => {term})"


def _projection(k: int, count: int) -> str:
    """Returns the proof of part k, from 0, of a conjunction H of this many."""
    term = "H"
    for _ in range(k):
        term = f"(proj2 {term})"
    return f"(proj1 {term})" if k < count - 1 else term


def _plain(text: str) -> str:
    """Returns a term without the parentheses around an application."""
    return text[1:-1] if text.startswith("(") else text

"""The text of one exported file: the model's definitions, and the words with which statements speak of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction

from claws.coq.statements.array_writer import ArrayWriter
from claws.coq.statements.coq_text import comment, wrapped
from claws.coq.statements.exported_model import ExportedModel, read_model
from claws.coq.statements.function_table import BY_DERIVATIVE
from claws.coq.statements.node_facts import CannotExport
from claws.coq.statements.reserved_names import Names
from claws.coq.statements.term_languages import EXPRESSIONS, REALS, TOWERS, CoqTerm, Expressions, Reals
from claws.kernel.core.functions import Expression, Property, Slope
from claws.kernel.core.program import Leaf
from claws.syntax import nodes
from claws.syntax.printer import print_statement
from claws.syntax.spec import Claim, Spec

LINE = "(** ---- Below is the proof. It need not be read: coqc checks it. ---- *)"
"""What stands between the statement and the proof."""


class Document:
    """The text of a file about a model with some of its laws: the lines that have been written so far.

    Its methods write definitions, or return the words with which a statement or a proof speaks of them. Making one raises
    `CannotExport` and `SourceError`, as `read_model` does; so do the methods that write, for what has no text.
    """

    # what a document with open sizes has others of
    names_type = Names
    writer_type = ArrayWriter
    library = "Claws"

    def __init__(
        self, spec: Spec, sizes: Mapping[str, int], laws: Sequence[str], language: Expressions | None = None
    ) -> None:
        self.spec = spec
        self.model = model = self.read(sizes, laws)
        leaves = [leaf.name for leaf in model.program.nodes if isinstance(leaf, Leaf)]
        activations = [name for name, _ in model.program.activations]
        self.names = self.names_type([*spec.dims, *leaves, *activations, *model.named.values(), *laws])
        self.writer = self.writer_type(model, self.names)
        self.reals = REALS
        self.expressions_are = language or (TOWERS if model.beyond_polynomials() else EXPRESSIONS)
        self.lines: list[str] = []
        self.written: set[int] = set()
        self.has_data = model.mentions("input", model.outputs)
        self.has_consts = model.mentions("const", self.writer.cone)

    def read(self, sizes: Mapping[str, int], laws: Sequence[str]) -> ExportedModel:
        """Returns the model that the file is about."""
        return read_model(self.spec, sizes, laws)

    def add(self, *lines: str) -> None:
        """Writes lines, which may be longer than the file's."""
        self.lines += lines

    def text(self) -> str:
        """Returns the text of the file."""
        return "\n".join(wrapped(line) for line in self.lines).rstrip() + "\n"

    # --- what is declared ---

    def header(self, what: str, given: bool = False, data: bool = True) -> None:
        """Writes what the file is about, and what it loads. `given` says that its constants and data are numbers; without `data`
        no data play a part in it."""
        kinds = [*(["constants"] if self.has_consts else []), *(["data"] if self.has_data and data else [])]
        if kinds:
            what += (
                f", {'at the' if given else 'for all'} {' and '.join(kinds)}{' that are given below' if given else ''}"
            )
        title = " ".join((self.spec.file.docstring or "").split())
        self.add(
            f"(** {comment(self.spec.model)}{self.where()}: {what}.",
            *([f"    {comment(title)}"] if title else []),
            "    Written by `claws export coq`. The words of the statement are defined in Claws/Vocabulary.v. What is",
            "    assumed stands in the statement: the theorem rests on no premise of the kernel. *)",
            "",
            "From Coq Require Import Reals QArith ZArith List.",
            *(["From Coquelicot Require Import Coquelicot."] if self.declared() else []),
            f"From Claws Require Import {self.library}.",
            "Import ListNotations.",
            "Open Scope R_scope.",
            "",
        )

    def where(self) -> str:
        """Returns the sizes that the file is about, in the words of its header."""
        sizes = ", ".join(f"{d} = {n}" for d, n in self.model.sizes.items())
        return f" at {sizes}" if sizes else ""

    def sizes(self) -> None:
        """Writes the sizes, and the number of coordinates."""
        model, names = self.model, self.names
        dims = [d for d in model.sizes if d in model.program.free_dims()]
        if dims:
            self.add(" ".join(f"Definition {names.of[d]} := {model.sizes[d]}%nat." for d in dims))
        self.add(f"Definition {names.dimension} := {model.parameters()}%positive.", "")

    def declarations(self, laws: bool = True) -> None:
        """Writes the sizes, arrays, outputs, the preconditioner and, where the statement is about `laws`, the laws: each under
        its source."""
        model, names, writer = self.model, self.names, self.writer
        self.sizes()
        self.sources(nodes.Declare)
        define = self.define
        define([n for n, leaf in model.program.leaves("param", "const", "input") if n in writer.cone])
        self.add("")
        define(model.outputs)
        assert self.spec.map is not None
        self.add(f"(* {comment(print_statement(self.spec.map))} *)")
        sample = " (sample : data)" if self.has_data else ""
        with self.defining(names.outputs):
            body = writer.arrays(model.outputs, REALS)
            words = self.arguments(model.outputs) + sample
            self.add(f"Definition {names.outputs}{words} (theta : params) : list R := {body}.")
        if model.factors:
            roots = list(model.factors.values())
            define(roots)
            self.sources(nodes.Precondition, nodes.Flow)
            with self.defining(names.factors):
                body = writer.factors(REALS)
                self.add(f"Definition {names.factors}{self.arguments(roots)} (theta : params) : list R := {body}.")
        self.add("")
        if laws:
            define(model.laws.values())
            self.add("")

    def define(self, roots: Iterable[int]) -> None:
        """Writes the definitions of these values, and of what they are made of, that have not been written yet."""
        model, names, writer = self.model, self.names, self.writer
        for n in model.program.cone(roots):
            if n in writer.own and n not in self.written:
                self.written.add(n)
                for name in [name for name, m in model.laws.items() if m == n]:
                    self.add(f"(* {comment(print_statement(self.spec.laws[name]))} *)")
                if n in model.named and writer.own[n] == names.of[model.named[n]]:
                    self.add(f"(* {comment(print_statement(self.spec.lets[model.named[n]]))} *)")
                with self.defining(writer.own[n]):
                    self.add(writer.definition(n, REALS))

    def defining(self, name: str) -> AbstractContextManager[None]:
        """Returns a context in which the definition of this name is written: a document with open sizes notes what it
        mentions."""
        return nullcontext()

    def claim(self, claim: Claim) -> None:
        """Writes the source of the claim that a statement is about, as a comment."""
        self.add(f"(* {comment(print_statement(claim.node))} *)")

    def sources(self, *kinds: type) -> None:
        """Writes the statements of these kinds that stand in the `.claw` file, as comments."""
        for statement in self.spec.file.statements:
            if isinstance(statement, kinds):
                self.add(f"(* {comment(print_statement(statement))} *)")

    def arguments(self, roots: Sequence[int]) -> str:
        """Returns what values depend on beside samples and parameters, as arguments of a definition."""
        functions = "".join(f" ({s} : R -> R)" for s in self.writer.functions(roots))
        return functions + (" (consts : data)" if self.model.mentions("const", roots) else "")

    def applied(self, name: str, roots: Sequence[int], consts: str = "consts") -> str:
        """Returns a name that is defined with these arguments (see `arguments`), applied to them."""
        words = self.applied_words(name, roots, consts)
        return f"({' '.join(words)})" if len(words) > 1 else name

    def applied_words(self, name: str, roots: Sequence[int], consts: str = "consts") -> list[str]:
        """Returns the words of the same: the name, and what it is applied to."""
        return [name, *self.writer.functions(roots), *([consts] if self.model.mentions("const", roots) else [])]

    # --- words of statements; `consts` is what stands for the constants ---

    def phi(self, consts: str = "consts") -> str:
        """Returns the outputs, as a function of a sample (if there are data) and the parameters."""
        return self.applied(self.names.outputs, self.model.outputs, consts)

    def outputs(self, samples: str = "samples", consts: str = "consts") -> str:
        """Returns the outputs on all samples, as a function of the parameters."""
        return f"(on_data {self.phi(consts)} {samples})" if self.has_data else self.phi(consts)

    def preconditioner(self, consts: str = "consts") -> str:
        """Returns the preconditioner, as a function of the parameters."""
        if not self.model.factors:
            return "gradient"
        return self.applied(self.names.factors, list(self.model.factors.values()), consts)

    def flow(self, samples: str = "samples", consts: str = "consts") -> str:
        """Returns what a statement says of a flow: the number of coordinates, the preconditioner and the outputs."""
        return f"{self.names.dimension} {self.preconditioner(consts)} {self.outputs(samples, consts)}"

    def function(self, law: str, indices: Sequence[str], consts: str = "consts") -> str:
        """Returns the entry of a law as a function of the parameters."""
        words = self.entry_words(law, indices, consts)
        if words[-1] != "theta":
            return f"(fun theta => {' '.join(words)})"
        # (fun theta => h theta) is h
        return words[0] if len(words) == 2 else f"({' '.join(words[:-1])})"

    def entry(self, law: str, indices: Sequence[str], consts: str = "consts") -> str:
        """Returns the entry of a law at theta."""
        return " ".join(self.entry_words(law, indices, consts))

    def entry_words(self, law: str, indices: Sequence[str], consts: str = "consts") -> list[str]:
        """Returns the words of the same: the name of the law's definition, and what it is applied to."""
        words = self.writer.words(self.model.laws[law], indices, REALS)
        return [consts if word == "consts" else word for word in words]

    def at(self, text: str, consts: str) -> str:
        """Returns a term in which `consts` stands for the constants, with them put in."""
        # a name of the file that ends in a prime, as consts', is another word
        return text if consts == "consts" else re.sub(r"\bconsts\b(?!')", consts, text)

    def all_entries(self, law: str) -> str:
        """Returns the list of all entries of a law, as a function of the parameters."""
        return f"(fun theta => {self.writer.array(self.model.laws[law], REALS)})"

    # --- proofs ---

    def expressions(self) -> None:
        """Writes the line, the same definitions as expressions, and that the outputs and the preconditioner mean the same."""
        names, language = self.names, self.expressions_are
        self.add(LINE, "")
        self.add(*self.writer.definitions(language, lambda n: True))
        self.expression_list(f"{names.outputs}'e", self.writer.arrays(self.model.outputs, language))
        self.expression_list(f"{names.factors}'e", self.writer.factors(language))
        self.same(names.outputs, f"{names.outputs}'e", self.phi() + (" sample" if self.has_data else ""))
        self.same(names.factors, f"{names.factors}'e", self.preconditioner())

    def expression_list(self, name: str, body: str) -> None:
        """Writes the definition of a list of expressions."""
        self.add(f"Definition {name} : list {self.expressions_are.kind} := {body}.")

    def same(self, name: str, expressions: str, reals: str) -> None:
        """Writes that a list of expressions has the values of a list of reals, for all constants, samples and parameters."""
        functions = list(self.declared())
        quantified = f"({' '.join(functions)} : R -> R) " if functions else ""
        self.add(
            f"Lemma {name}'same {quantified}(consts sample theta : positive -> R) : "
            f"map ({self.evaluation()} (lift {self.names.dimension} consts sample theta)) {expressions} = {reals} theta.",
            f"Proof. {self.by_computation()} (eq_refl ({reals} theta)). Qed.",
        )

    def by_computation(self) -> str:
        """Returns the tactic for equations that hold by definition."""
        # the virtual machine is faster, but would unfold exp, sqrt and the like into their definitions as limits
        return "vm_cast_no_check" if self.expressions_are is EXPRESSIONS else "exact_no_check"

    def declared(self) -> dict[str, Property | Expression]:
        """Returns what is known of the functions that Coq has no name for, by their names in the exported file."""
        known = dict(self.model.program.activations)
        return {
            self.names.function(name): BY_DERIVATIVE[name] if name in BY_DERIVATIVE else known[name]
            for name in self.writer.declared
        }

    def facts(self) -> list[str]:
        """Returns what a statement assumes of the declared functions.

        Raises `CannotExport` for a degree that is no whole number.
        """
        said = []
        z = self.argument()
        for name, known in self.declared().items():
            if isinstance(known, Slope):
                rule = " + ".join(_slope_term(f"{name} {z}", c, e) for c, e in known.terms) or "0"
                said.append(f"(forall {z}, is_derive {name} {z} ({rule}))")
                continue
            if isinstance(known, tuple):
                said.append(f"(forall {z}, is_derive {name} {z} ({self._rule(known, REALS).text}))")
                continue
            said.append(f"(forall {z}, ex_derive {name} {z})")
            if known is not None:
                if known.denominator != 1 or known < 1:
                    raise CannotExport(f"an activation that is homogeneous of degree {known} can't be exported yet")
                said.append(f"homogeneous {known} {name}")
        return said

    def argument(self) -> str:
        """Returns the variable of the assumptions about functions."""
        return self.names.local("z") if "z" in self.declared() else "z"

    def fact_names(self) -> list[str]:
        """Returns what proofs call these assumptions."""
        return [self.names.local(f"F{k}") for k, _ in enumerate(self.facts())]

    def facts_as_data(self) -> list[str]:
        """Returns the same as `Elements.v` reads them: of each function the derivative and the value, where they are known."""
        said = []
        for (_, known), number in zip(self.declared().items(), self.writer.declared.values(), strict=True):
            if isinstance(known, Slope):
                rule = EXPRESSIONS.number(Fraction(0))
                for k, (c, e) in enumerate(known.terms):
                    term = EXPRESSIONS.number(c)
                    if e:
                        value = EXPRESSIONS.leaf("function", "", str(number + 2))
                        term = EXPRESSIONS.multiply(term, EXPRESSIONS.power(value, e))
                    rule = EXPRESSIONS.add(rule, term) if k else term
                said.append(f"(Some {rule.at(4)}, None)")
                continue
            if isinstance(known, tuple):
                said.append(f"(Some {self._rule(known, EXPRESSIONS).at(4)}, None)")
                continue
            slope = f"(X {number + 3})"
            value_text = "None" if known is None else f"Some (Mul (Qc 1 {known}) (Mul (X 1) {slope}))"
            said += [f"(Some {slope}, {value_text})", "(None, None)"]
        return said

    def _rule(self, rule: Expression, language: Reals) -> CoqTerm:
        """Returns a derivative, as a term in z, or as an expression in the variables of `around` of `Elements.v`."""
        z = self.argument()
        total: CoqTerm | None = None
        for c, k, powers in rule:
            factors = [(CoqTerm(z, 4) if language is REALS else language.leaf("function", "", "1"), k)] if k else []
            for name, e in powers:
                assert isinstance(name, str)  # `function_table.py` refuses fractions
                coq, number = self.writer.function(name)
                value = (
                    CoqTerm(f"{coq} {z}", 3) if language is REALS else language.leaf("function", "", str(number + 2))
                )
                factors.append((value, e))
            term = language.number(abs(c)) if abs(c) != 1 or not factors else None
            for value, e in factors:
                power = value if e == 1 else language.power(value, e)
                term = power if term is None else language.multiply(term, power)
            assert term is not None
            if total is None:
                total = language.negative(term) if c < 0 else term
            else:
                total = language.subtract(total, term) if c < 0 else language.add(total, term)
        assert total is not None
        return total

    def functions(self) -> str:
        """Returns the list of declared functions that `Elements.v` speaks of."""
        words = []
        for name, known in self.declared().items():
            words += [name] if isinstance(known, Slope | tuple) else [name, f"Derive {name}"]
        return f"[{'; '.join(words)}]"

    def evaluation(self) -> str:
        """Returns the function of the library that gives expressions their values."""
        return "eval" if self.expressions_are is EXPRESSIONS else f"teval (functions {self.functions()})"


def _slope_term(value: str, c: Fraction, e: int) -> str:
    number = REALS.number(c)
    if e == 0:
        return number.at(1)
    power = value if e == 1 else f"{value} ^ {e}"
    return power if c == 1 else f"{number.at(1)} * {power}"

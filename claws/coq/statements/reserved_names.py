"""The names in an exported file: what Coq and the library call things, and how the names of a `.claw` file give way to that."""

from __future__ import annotations

import re
from collections.abc import Iterable

from claws.coq.statements.function_table import BY_DERIVATIVE, NAMED

KEYWORDS = frozenset(
    "as at by cofix do else end exists exists2 fix for forall fun if IF in let match mod of return Set SProp Prop then Type "
    "using where with admit abstract Definition Lemma Theorem Proof Qed Print".split()
)

VOCABULARY = frozenset(
    """R Q Z nat list bool positive option nil cons pair true false map app fst snd repeat nth coordinate IZR params data
    place upd partial Rsum Rprod Psum join array1 array2 array3 array4 on_data preconditioner gradient factor flow
    constant_along conserved is_gradient loss_flow conserved_for_losses conservation_law point near ex_partial cont
    C2 invariant no_other_law independent polynomial generically dense complete Zc Qc X Add Sub Mul Opp Pow Esum
    Eprod Const Input pexp row theta consts sample samples brackets chosen scale matrix_A matrix_B matrix_C
    direction all_nonzero all_positive inside conserved_on conserved_for_losses_on conservation_law_on homogeneous
    sqrt Derive ex_derive is_derive number_of_laws counted slope numbers specialise TZc TQc TX TAdd TSub TMul TOpp
    TPow TInv TSqrt TApp Tsum Tprod TConst TInput texp eval teval functions lift facts true_facts at_given
    at_given_ok at_folded at_folded_ok check_conserved check_tower check_complete check_counted
    check_counted_straight check_refuted check_refuted_quotient check_missing check_missing_straight
    check_independent_given check_dependent_given counted_ok counted_straight_ok
    dependent_ok combination laws_ok laws_on_data_ok law_entry law_entry_on everywhere tower_ok tower_on_data
    complete_ok missing_straight_ok refuted_ok refuted_quotient_ok missing_ok independent_ok none_nonzero
    none_positive none_on_data both_nonzero both_positive sample_nonzero sample_positive I Some None proj1 proj2
    conj eq_refl length True polynomial_of nth_array1 nth_array2 nth_array3 nth_array4""".split()
) | frozenset(function.name for function in NAMED.values())
"""The words that exported text mentions: a name of the file that is among these gets a prime."""


class Names:
    """The names in an exported file for those of the `.claw` file: the same, unless Coq or the library has them already."""

    reserved = KEYWORDS | VOCABULARY

    def __init__(self, given: Iterable[str]) -> None:
        self.taken: set[str] = set(self.reserved)
        self.of: dict[str, str] = {}
        """The names in Coq, by those in the file."""
        for name in given:
            self.of[name] = self.fresh("underscore" if name == "_" else re.sub(r"[^\w']", "_", name))
        # what every statement mentions: the number of coordinates, the outputs, the factors of the preconditioner
        self.dimension = self.fresh("D")
        self.outputs = self.fresh("phi")
        self.factors = self.fresh("factors")

    def function(self, name: str) -> str:
        """Returns the name of an activation of the file, or of a function that Coq has no name for."""
        key = name if name not in BY_DERIVATIVE else f"function {name}"
        if key not in self.of:
            self.of[key] = self.fresh(name)
        return self.of[key]

    def local(self, name: str) -> str:
        """Returns a name for a variable that is bound in one line or proof: this one, with primes where it is taken."""
        while name in self.taken:
            name += "'"
        return name

    def fresh(self, name: str) -> str:
        """Returns a name that is not taken yet, this one or with primes, and takes it."""
        name = self.local(name)
        self.taken.add(name)
        return name

"""coqc turns down theorems that are wrong, of each kind, for that reason: wrong statements, data and proofs."""

from __future__ import annotations

import pytest

from claws.coq.coqc import check_text
from tests.coq.exported_examples import one

pytestmark = pytest.mark.coq

LAW = [("- Rsum m", "+ Rsum m"), ("Sub (Esum n", "Add (Esum n")]
"""The wrong sign in the first law, in the statement and in its expression."""

WRONG: dict[str, tuple[str, str, list[tuple[str, str]], str]] = {
    # a law
    "law: wrong": ("two_layer_linear", "laws", LAW, "check_conserved D phi'e"),
    "law: a function of more than laws": (
        "two_layer_linear",
        "laws",
        [
            ("balance theta i j * balance theta j i", "balance theta i j * U theta j i"),
            ("Mul (balance'e i j) (balance'e j i)", "Mul (balance'e i j) (U'e j i)"),
        ],
        "check_conserved D phi'e",
    ),
    "law: a power that is none": (
        "two_layer_linear",
        "laws",
        [
            ("balance theta i j * balance theta j i", "(balance theta i j + U theta j i) ^ 3"),
            ("Mul (balance'e i j) (balance'e j i)", "Pow (Add (balance'e i j) (U'e j i)) 3"),
        ],
        "check_conserved D phi'e",
    ),
    "law: only the statement is wrong": ("two_layer_linear", "laws", LAW[:1], "balance_conserved'l"),
    "law: another flow": (
        "two_layer_linear",
        "laws",
        [
            ("gradient", "(fun theta => array2 n r (U theta))"),
            ("factors'e : list pexp := []", "factors'e : list pexp := array2 n r U'e"),
        ],
        "check_conserved D phi'e",
    ),
    "law: only the flow of the statement is another": (
        "two_layer_linear",
        "laws",
        [("conservation_law D gradient phi", "conservation_law D phi phi")],
        'Unable to unify "conserved D gradient phi',
    ),
    "law: too few dimensions": (
        "two_layer_linear",
        "laws",
        [("D := 8%positive", "D := 7%positive")],
        "(eval (lift D consts sample theta)) phi'e",
    ),
    # a law of a network
    "law on data: wrong": (
        "lora",
        "laws",
        [("- Rsum m", "+ Rsum m"), ("Sub (Esum n", "Add (Esum n")],
        "check_conserved D phi'e",
    ),
    "law on data: too few dimensions": (
        "lora",
        "laws",
        [("D := 8%positive", "D := 4%positive")],
        "(eval (lift D consts sample theta)) phi'e",
    ),
    # a law of a preconditioned flow
    "preconditioned: without the preconditioner": (
        "nmf_entropic",
        "laws",
        [
            (" factors phi", " gradient phi"),
            ("= factors", "= gradient"),
            ("(factors theta)", "(gradient theta)"),
            ("factors'e : list pexp := array2 n r U'e ++ array2 m r V'e", "factors'e : list pexp := []"),
        ],
        "check_conserved D phi'e",
    ),
    # no other law
    "complete: a law less": (
        "two_layer_linear",
        "complete",
        [("[(0, 0); (0, 1); (1, 1)]", "[(0, 0); (0, 1)]")],
        "check_complete D",
    ),
    "complete: wrong law": ("two_layer_linear", "complete", LAW, "check_complete D"),
    "complete: another flow": (
        "two_layer_linear",
        "complete",
        [("D gradient phi", "D laws phi"), (" gradient (fun", " laws (fun")],
        "factors'same",
    ),
    "complete: one dimension more": (
        "two_layer_linear",
        "complete",
        [("D := 10%positive", "D := 11%positive")],
        "check_complete D",
    ),
    "complete: another point": (
        "two_layer_linear",
        "complete",
        [("Definition p := [", "Definition p := [7; ")],
        "check_complete D",
    ),
    "complete: a bracket is corrupted": (
        "two_layer_linear",
        "complete",
        [("list (nat * nat) := [(0, 1)", "list (nat * nat) := [(0, 0)")],
        "check_complete D",
    ),
    "complete: a matrix is corrupted": (
        "two_layer_linear",
        "complete",
        [("matrix_C : list (list Q) := map row [[0; ", "matrix_C : list (list Q) := map row [[1; ")],
        "check_complete D",
    ),
    "complete: the scale is 0": (
        "two_layer_linear",
        "complete",
        [("scale := 4%Q", "scale := 0%Q")],
        "check_complete D",
    ),
    # not conserved
    "refuted: of a true law": (
        "two_layer_linear",
        "refuted_total",
        [(") + Rsum", ") - Rsum"), ("total'e (i j : nat) : pexp :=\n  Add", "total'e (i j : nat) : pexp :=\n  Sub")],
        "check_refuted D",
    ),
    "refuted: at another point": (
        "two_layer_linear",
        "refuted_total",
        [("p := [1; 1]%Q", "p := [1; 0]%Q")],
        "check_refuted D",
    ),
    "refuted: another flow": (
        "nmf_entropic",
        "refuted_balance",
        [("~ conserved D factors phi", "~ conserved D gradient phi")],
        "refuted_ok",
    ),
    "refuted: no dimension for the second layer": (
        "two_layer_linear",
        "refuted_total",
        [("D := 2%positive", "D := 1%positive")],
        "(eval (lift D consts sample theta)) phi'e",
    ),
    # another law
    "missing: not another": (
        "two_layer_linear",
        "missing",
        [("other : pexp := ", "other : pexp := nth 0 laws'e (Zc 0). Definition unused := ")],
        "check_missing D",
    ),
    "missing: not conserved": (
        "two_layer_linear",
        "missing",
        [("other : pexp := polynomial_of [", "other : pexp := polynomial_of [[1; 1; 1]; ")],
        "check_missing D",
    ),
    # a law with functions
    "function: wrong law": (
        "rational_law",
        "laws",
        [("x theta + / (3", "x theta - / (3"), ("TAdd x'e (TInv", "TSub x'e (TInv")],
        "check_tower D",
    ),
    "function: only the statement is wrong": (
        "rational_law",
        "laws",
        [("x theta + / (3", "x theta - / (3")],
        "rational_conserved'l",
    ),
    "function: another flow": (
        "rational_law",
        "laws",
        [("gradient", "(fun theta => [y theta])"), ("factors'e : list texp := []", "factors'e : list texp := [y'e]")],
        "check_tower D",
    ),
    "function: only the flow of the statement is another": (
        "rational_law",
        "laws",
        [("D gradient phi rational", "D phi phi rational")],
        "Unable to unify",
    ),
    "function: too few dimensions": (
        "rational_law",
        "laws",
        [("D := 2%positive", "D := 1%positive")],
        "(lift D consts sample theta)) phi'e",
    ),
    "function: nothing is said of the denominator": (
        "rational_law",
        "laws",
        [
            (
                "rational_denominators (theta : params) : list R := [3 * y theta]",
                "rational_denominators (theta : params) : list R := []",
            ),
            (
                "rational_conserved_nonzero'e : list texp := ([TMul (TZc 3) y'e])",
                "rational_conserved_nonzero'e : list texp := []",
            ),
        ],
        "check_tower D",
    ),
    "function: another denominator": (
        "rational_law",
        "laws",
        [
            (
                "rational_conserved_nonzero'e : list texp := ([TMul (TZc 3) y'e])",
                "rational_conserved_nonzero'e : list texp := ([x'e])",
            )
        ],
        "rational_conserved_nonzero'e",
    ),
    "function: a radicand that may be negative": (
        "normalisation",
        "laws",
        [
            ("list R := [part3 sample theta / 2]", "list R := [part3 sample theta / 2 + 1]"),
            (
                "sample_positive'e : list texp := ([TMul part3'e (TInv (TZc 2))])",
                "sample_positive'e : list texp := ([TAdd (TMul part3'e (TInv (TZc 2))) (TZc 1)])",
            ),
        ],
        "check_tower D",
    ),
    "function: only the activation's derivative in the statement is another": (
        "declared_activation",
        "laws",
        [("is_derive s z (s z)", "is_derive s z (2 * s z)")],
        "facts'true",
    ),
    "function: another activation": (
        "declared_activation",
        "laws",
        [
            ("is_derive s z (s z)", "is_derive s z (2 * s z)"),
            ("facts := [(Some (Mul (Zc 1)", "facts := [(Some (Mul (Zc 2)"),
        ],
        "check_tower D",
    ),
    "function: another degree": (
        "homogeneous_neuron",
        "laws",
        [("homogeneous 2 s", "homogeneous 3 s"), ("Some (Mul (Qc 1 2)", "Some (Mul (Qc 1 3)")],
        "check_tower D",
    ),
    # a quotient that is not conserved
    "quotient: at another point": (
        "scalar_neuron",
        "refuted_ratio",
        [("p := [0; 1]%Q", "p := [1; 1]%Q")],
        "check_refuted_quotient D",
    ),
    "quotient: where it is not defined": (
        "scalar_neuron",
        "refuted_ratio",
        [("p := [0; 1]%Q", "p := [1; 0]%Q")],
        "check_refuted_quotient D",
    ),
    "quotient: of a true law": (
        "rational_law",
        "refuted_sign",
        [("x theta - / (3", "x theta + / (3"), ("TSub x'e (TInv", "TAdd x'e (TInv")],
        "check_refuted_quotient D",
    ),
    "quotient: another flow": (
        "scalar_neuron",
        "refuted_ratio",
        [("D gradient phi ratio", "D phi phi ratio")],
        "refuted_quotient_ok",
    ),
    "quotient: too few dimensions": (
        "scalar_neuron",
        "refuted_ratio",
        [("D := 2%positive", "D := 1%positive")],
        "(lift D consts sample theta)) phi'e",
    ),
    # independent laws
    "independent: a law twice": (
        "two_layer_linear",
        "independent",
        [("[(0, 0); (0, 1); (1, 1)]", "[(0, 0); (0, 1); (0, 1)]")],
        "check_independent_given D",
    ),
    "independent: the matrix is corrupted": (
        "two_layer_linear",
        "independent",
        [("matrix_B : list (list Q) := map row [", "matrix_B : list (list Q) := map row [[0; 7]; ")],
        "check_independent_given D",
    ),
    "independent: another point": (
        "two_layer_linear",
        "independent",
        [("Definition p := [", "Definition p := [7; ")],
        "check_independent_given D",
    ),
    "independent: too few dimensions": (
        "two_layer_linear",
        "independent",
        [("D := 6%positive", "D := 5%positive")],
        "(lift D consts sample theta)) phi'e",
    ),
    # laws that are not
    "dependent: another combination": (
        "two_layer_linear",
        "dependent",
        [("combination : list Q := [", "combination : list Q := [7; ")],
        "check_dependent_given D",
    ),
    "dependent: nothing is combined": (
        "two_layer_linear",
        "dependent",
        [("combination : list Q := [", "combination : list Q := map (fun _ => 0%Q) [")],
        "check_dependent_given D",
    ),
    "dependent: fewer laws": (
        "two_layer_linear",
        "dependent",
        [("[(0, 0); (0, 1); (0, 2);", "[(0, 0); (0, 1);")],
        "check_dependent_given D",
    ),
    "dependent: too few dimensions": (
        "two_layer_linear",
        "dependent",
        [("D := 6%positive", "D := 5%positive")],
        "(lift D consts sample theta)) phi'e",
    ),
    # how many laws there are
    "count: another number": (
        "two_layer_linear",
        "count_line21_n2_m2_r2",
        [("phi 3 (", "phi 2 (")],
        "counted_ok D p brackets",
    ),
    "count: another number, in the check as well": (
        "two_layer_linear",
        "count_line21_n2_m2_r2",
        [("phi 3 (", "phi 2 ("), ("all_laws 3", "all_laws 2")],
        "check_counted D",
    ),
    "count: a law less": (
        "two_layer_linear",
        "count_line21_n2_m2_r2",
        [
            ("phi 3 (", "phi 2 ("),
            ("all_laws 3", "all_laws 2"),
            ("[[[1; 1; 1; 1]; [1; 1; 3; 3]; [-1; 1; 5; 5]; [-1; 1; 7; 7]]; ", "["),
        ],
        "check_counted D",
    ),
    "count: no law": (
        "two_layer_linear",
        "count_line21_n2_m2_r2",
        [
            (
                "[[[1; 1; 1; 1]; [1; 1; 3; 3]; [-1; 1; 5; 5]; [-1; 1; 7; 7]]; ",
                "[[[1; 1; 1; 1]; [1; 1; 3; 3]; [1; 1; 5; 5]; [-1; 1; 7; 7]]; ",
            )
        ],
        "check_counted D",
    ),
    "count: another flow": (
        "two_layer_linear",
        "count_line21_n2_m2_r2",
        [("counted D gradient phi", "counted D phi phi")],
        "counted_ok D",
    ),
    "count: a matrix is corrupted": (
        "two_layer_linear",
        "count_line21_n2_m2_r2",
        [("matrix_C : list (list Q) := map row [[0; ", "matrix_C : list (list Q) := map row [[1; ")],
        "check_counted D",
    ),
    "count: too few dimensions": (
        "two_layer_linear",
        "count_line21_n2_m2_r2",
        [("D := 8%positive", "D := 7%positive")],
        "(eval (lift D consts sample theta)) phi'e",
    ),
    # laws without a formula
    "straight: the gradient is not orthogonal to the field": (
        "deep_linear",
        "missing",
        [("slope : list Q := [(-4)", "slope : list Q := [4")],
        "check_missing_straight D",
    ),
    "straight: the direction does not tell": (
        "deep_linear",
        "missing",
        [("direction : list Q := [0; 0; 0; 1; 1;", "direction : list Q := [0; 0; 0; 0; 0;")],
        "check_missing_straight D",
    ),
    "straight: the direction is not orthogonal to the laws": (
        "deep_linear",
        "missing",
        [("direction : list Q := [0;", "direction : list Q := [1;")],
        "check_missing_straight D",
    ),
    "straight: a component that vanishes": (
        "deep_linear",
        "missing",
        [
            (
                "p := [(-1); 2; 1; 0; 0; (-1); 2; 0; (-1); (-1); 1; 0]",
                "p := [0; 0; 1; 0; 0; (-1); 2; 0; (-1); (-1); 1; 0]",
            )
        ],
        "check_missing_straight D",
    ),
    "straight: no such output": (
        "deep_linear",
        "missing",
        [
            ("check_missing_straight D p 0", "check_missing_straight D p 1"),
            ("missing_straight_ok D p 0", "missing_straight_ok D p 1"),
        ],
        "check_missing_straight D",
    ),
    "straight: too few dimensions": (
        "deep_linear",
        "missing",
        [("D := 12%positive", "D := 11%positive")],
        "(eval (lift D consts sample theta)) phi'e",
    ),
    "straight: another flow": (
        "deep_linear",
        "missing",
        [("~ no_other_law D gradient phi", "~ no_other_law D laws phi")],
        "missing_straight_ok D",
    ),
    "straight: another law": (
        "deep_linear",
        "missing",
        [
            ("W3 theta k i * W3 theta k j", "W2 theta i j * W3 theta k j"),
            ("Mul (W3'e k i) (W3'e k j)", "Mul (W2'e i j) (W3'e k j)"),
        ],
        "check_missing_straight D",
    ),
    "straight: so many laws of another flow": (
        "deep_linear",
        "count_line19",
        [("counted D gradient phi", "counted D phi phi")],
        "counted_straight_ok D",
    ),
    "straight: one dimension more": (
        "deep_linear",
        "count_line19",
        [("D := 12%positive", "D := 13%positive")],
        "check_counted_straight D",
    ),
    "straight: two outputs": (
        "deep_linear",
        "count_line19",
        [
            ("n4 := 1%nat", "n4 := 2%nat"),
            ("D := 12%positive", "D := 14%positive"),
            (" 11 (", " 13 ("),
            ("p 0 3 11", "p 0 3 13"),
        ],
        "check_counted_straight D",
    ),
    "straight: another number": (
        "deep_linear",
        "count_line19",
        [(" 11 (", " 9 ("), ("p 0 3 11", "p 0 3 9")],
        "check_counted_straight D",
    ),
    "straight: where the field vanishes": (
        "deep_linear",
        "count_line19",
        [("p := [(-1); 2;", "p := [0; 0;")],
        "check_counted_straight D",
    ),
    # no other law, at given constants
    "given: wrong law": (
        "learning_rates",
        "complete",
        [("/ a consts - part2", "/ a consts + part2"), ("TSub (TMul (part1'e", "TAdd (TMul (part1'e")],
        "check_complete D",
    ),
    "given: other constants": (
        "learning_rates",
        "complete",
        [("given_consts := [", "given_consts := [7; ")],
        "check_complete D",
    ),
    "given: a rate is 0": (
        "learning_rates",
        "complete",
        [("given_consts := [", "given_consts := [0; ")],
        "check_complete D",
    ),
    "given: another flow": (
        "learning_rates",
        "complete",
        [("complete D (factors (point given_consts))", "complete D gradient")],
        "complete_ok",
    ),
    "missing: the direction is corrupted": (
        "two_layer_linear",
        "missing",
        [("direction : list Q := [", "direction : list Q := [1; ")],
        "check_missing D",
    ),
    "missing: too few dimensions": (
        "two_layer_linear",
        "missing",
        [("D := 10%positive", "D := 9%positive")],
        "(eval (lift D consts sample theta)) phi'e",
    ),
}
"""Of each case: the example, the file, the changes, and what coqc's message must name."""


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_turned_down_for_that_reason(case: str) -> None:
    name, kind, changes, reason = WRONG[case]
    file = one(name, kind)
    text = file.text
    for old, new in changes:
        assert old in text, f"the export no longer says: {old}"
        text = text.replace(old, new)
    answer = check_text(file.name, text)
    assert not answer.accepted and not answer.out_of_time
    assert reason in answer.message


def test_a_theorem_that_rests_on_more_is_not_accepted() -> None:
    file = one("product", "laws")
    cheat = "Axiom cheat : forall P : Prop, P.\nTheorem differences_conserved : differences_statement. Proof. apply cheat. Qed.\n"
    start, end = file.text.index("Theorem differences_conserved"), file.text.index("Print Assumptions")
    answer = check_text(file.name, file.text[:start] + cheat + file.text[end:])
    assert not answer.accepted and "rests on cheat" in answer.message

(** What exported files load: the vocabulary of their statements, and the theorems that their proofs apply. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Claws Require Export Vocabulary Polynomials Conserved Losses NoOther Smooth Generic Refuted Missing Towers TowerLaws Given.
Import ListNotations.
Open Scope R_scope.

Section Laws.
Variables (D : positive) (outputs factors laws : list pexp) (c : data) (P : preconditioner).

Theorem laws_ok (phi law : params -> list R) :
  check_conserved D outputs factors laws = true ->
  (forall z x, map (eval (lift D c z x)) outputs = phi x) ->
  preconditioned D c P factors ->
  (forall z x, map (eval (lift D c z x)) laws = law x) ->
  forall l, conservation_law D P phi (fun x => nth l (law x) 0).
Proof.
  intros K Hp HP Hl l.
  assert (C : conserved D P phi (fun x => nth l (law x) 0)) by (apply (check_conserved_ok D outputs factors laws K c); auto).
  split; [exact C|]. apply conserved_losses; [|exact C]. apply (smooth_polynomials D c outputs). exact Hp.
Qed.

Theorem laws_on_data_ok (phi : data -> params -> list R) (law : params -> list R) :
  check_conserved D outputs factors laws = true ->
  (forall z x, map (eval (lift D c z x)) outputs = phi z x) ->
  preconditioned D c P factors ->
  (forall z x, map (eval (lift D c z x)) laws = law x) ->
  forall samples l, conservation_law D P (on_data phi samples) (fun x => nth l (law x) 0).
Proof.
  intros K Hp HP Hl samples l.
  assert (C : conserved D P (on_data phi samples) (fun x => nth l (law x) 0))
    by (apply (check_conserved_on_data D outputs factors laws K c); auto).
  split; [exact C|]. apply conserved_losses; [|exact C]. apply (smooth_on_data D c outputs). exact Hp.
Qed.
End Laws.

Lemma law_entry D P phi (entries : params -> list R) l (h : params -> R) :
  (forall x, nth l (entries x) 0 = h x) -> conservation_law D P phi (fun x => nth l (entries x) 0) ->
  conservation_law D P phi h.
Proof.
  intros E [A B]. split; intros c theta a b F s t; intros; rewrite <- !E;
  [apply (A c theta a b)|apply (B c theta a b)]; auto.
Qed.

(** ** All laws *)

Section All.
Variables (D : positive) (p : list Q) (prog : list (nat * nat)) (sel : list nat) (N : Q) (A C : list vec).

Definition check_complete (O F L : list pexp) : bool :=
  check_conserved D O F L && check_no_other D O F L p prog sel N A C && check_below D O F L prog sel.

Theorem complete_ok P phi law O F L : mean D O F L P phi law -> check_complete O F L = true -> complete D P phi law (point p).
Proof.
  intros [HO [HF HL]] K. unfold check_complete in K.
  apply andb_prop in K. destruct K as [K KB]. apply andb_prop in K. destruct K as [KC KN].
  assert (Ep : forall x, map (eval x) O = phi x) by apply HO. assert (EP : forall x, map (eval x) F = P x) by apply HF.
  assert (El : forall x, map (eval x) L = law x) by apply HL.
  split; [|split].
  - apply (laws_ok D O F L (fun _ => 0)); auto; intros z x; [apply HO|apply HF|apply HL].
  - apply (check_no_other_sound D P phi law O F L) with (4 := KN); auto.
  - apply (generic_ok D P phi law O F L Ep EP El p prog sel N A C); auto.
Qed.

(** These are k laws, and all. *)
Variables (L : list pexp) (k : nat).
Definition check_counted (O F _ : list pexp) : bool := check_complete O F L && Nat.eqb (length L) k.

Theorem counted_ok P phi law O F L' : mean D O F L' P phi law -> check_counted O F L' = true -> counted D P phi k (point p).
Proof.
  intros [HO [HF _]] K. unfold check_counted, check_complete in K. apply andb_prop in K. destruct K as [K Lk]. apply Nat.eqb_eq in Lk.
  apply andb_prop in K. destruct K as [K KB]. apply andb_prop in K. destruct K as [KC KN].
  assert (Ep : forall x, map (eval x) O = phi x) by apply HO. assert (EP : forall x, map (eval x) F = P x) by apply HF.
  set (laws := fun x => map (eval x) L). assert (El : forall x, map (eval x) L = laws x) by reflexivity.
  assert (One : forall x, no_other_law D P phi laws x /\ independent D laws x -> number_of_laws D P phi k x).
  { intros x [H1 H2]. exists 1, laws. split; [lra|split; [|split; [|split; [exact H1|exact H2]]]].
    - intro y. unfold laws. rewrite map_length. exact Lk.
    - intros l Ll. replace (fun y => nth l (laws y) 0) with (fun y => eval y (nth l L (Zc 0))).
      + split; [apply C2_eval|]. apply (law_invariant D P phi O F Ep EP L KC). lia.
      + apply functional_extensionality. intro y. unfold laws. rewrite nth_map_eval, norm_ok; auto. lia. }
  split.
  - apply One, (check_no_other_sound D P phi laws O F L) with (4 := KN); auto.
  - destruct (generic_ok D P phi laws O F L Ep EP El p prog sel N A C KN KC KB) as [q [Q1 [Q2 Q3]]].
    exists q. split; [exact Q1|split; [exact Q2|]]. intros x X. apply One, Q3, X.
Qed.
End All.

(** ** Independent laws *)

Section Folded.
Variables (D : positive) (laws : list texp) (c : list Q).

Definition check_independent_given p sc B : bool :=
  match folded D c [] laws with Some Ls => check_independent D Ls p sc B | None => false end.
Theorem independent_ok (law : params -> list R) p sc B :
  check_independent_given p sc B = true ->
  (forall z x, map (teval (functions []) (lift D (point c) z x)) laws = law x) ->
  independent D law (point p) /\ generically D (fun x => independent D law x).
Proof.
  intros K Hl. unfold check_independent_given in K. destruct (folded D c [] laws) as [Ls|] eqn:EL; [|discriminate].
  apply (independent_at D law Ls) with (2 := K). intro x. rewrite <- (Hl (point []) x). apply (folded_ok D c [] laws Ls EL x).
Qed.

Definition check_dependent_given p beta : bool :=
  match folded D c [] laws with Some Ls => check_dependent D Ls p beta | None => false end.
Theorem dependent_ok (law : params -> list R) p beta :
  check_dependent_given p beta = true ->
  (forall z x, map (teval (functions []) (lift D (point c) z x)) laws = law x) ->
  ~ independent D law (point p).
Proof.
  intros K Hl. unfold check_dependent_given in K. destruct (folded D c [] laws) as [Ls|] eqn:EL; [|discriminate].
  apply (dependent_at D law Ls) with (2 := K). intro x. rewrite <- (Hl (point []) x). apply (folded_ok D c [] laws Ls EL x).
Qed.
End Folded.

(** Comparisons of numbers. *)
Ltac numbers := lia.

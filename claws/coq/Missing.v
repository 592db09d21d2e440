(** That laws are not all: at a rational point the gradient of another law is no combination of theirs. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra.
From Coquelicot Require Import Coquelicot.
From Claws Require Import Vocabulary Polynomials Conserved NoOther Smooth Generic.
Import ListNotations.
Open Scope R_scope.

Definition slopes (D : positive) (p : list Q) (e : pexp) : vec :=
  let h := norm e in map (fun k => evq p (dp k h)) (below_idx D).

(** The direction u is orthogonal to the gradients of the laws, and not to that of the other law. *)
Definition check_missing (D : positive) (outputs factors laws : list pexp) (p : list Q) (e : pexp) (u : vec) : bool :=
  check_conserved D outputs factors [e] &&
  forallb (fun l => Qeq_bool (dotq (slopes D p l) u) 0) laws &&
  negb (Qeq_bool (dotq (slopes D p e) u) 0).

Lemma dotq_ok a b : Q2R (dotq a b) = dot a (map Q2R b).
Proof.
  revert b; induction a as [|x a IH]; intros [|z b]; simpl; try apply Q2R_0. rewrite Q2R_add, Q2R_mul, IH. reflexivity.
Qed.
Lemma slopes_ok D p e u : Q2R (dotq (slopes D p e) u) =
  Rsum (length u) (fun j => (if Nat.ltb j (Pos.to_nat D) then partial (fun x => eval x e) (coordinate j) (point p) else 0) *
    Q2R (nth j u 0%Q)).
Proof.
  rewrite dotq_ok, dot_entries, map_length. apply Rsum_eq. intros j J.
  rewrite (nth_indep (map Q2R u) 0 (Q2R 0%Q)) by (rewrite map_length; auto). rewrite map_nth. f_equal.
  unfold slopes, below_idx. rewrite map_map. destruct (Nat.ltb_spec j (Pos.to_nat D)) as [L|L].
  - rewrite (nth_indep _ 0%Q ((fun x => evq p (dp (Pos.of_succ_nat x) (norm e))) 0%nat)) by (rewrite map_length, seq_length; auto).
    rewrite (map_nth (fun x => evq p (dp (Pos.of_succ_nat x) (norm e)))), seq_nth by auto.
    rewrite evq_ok, partial_eval. reflexivity.
  - rewrite nth_overflow by (rewrite map_length, seq_length; auto). apply Q2R_0.
Qed.

Section Missing.
Variables (D : positive) (P : preconditioner) (phi laws : params -> list R) (outputs factors le : list pexp).
Hypothesis Hp : forall x, map (eval x) outputs = phi x.
Hypothesis HP : forall x, map (eval x) factors = P x.
Hypothesis Hl : forall x, map (eval x) le = laws x.

Theorem check_missing_sound p e u : check_missing D outputs factors le p e u = true -> ~ no_other_law D P phi laws (point p).
Proof.
  unfold check_missing. intros K N. apply andb_prop in K. destruct K as [K K0]. apply andb_prop in K. destruct K as [KC KL].
  destruct (N 1 (fun x => eval x e) Rlt_0_1 (C2_eval D (point p) 1 e)) as [beta H].
  { apply (law_invariant D P phi outputs factors Hp HP [e] KC 0%nat). simpl. auto. }
  assert (LL : length (laws (point p)) = length le) by (rewrite <- Hl; apply map_length). rewrite LL in H.
  assert (Z : Q2R (dotq (slopes D p e) u) = 0).
  { rewrite slopes_ok.
    rewrite (Rsum_eq (length u) _ (fun j => Rsum (length le) (fun l => beta l *
      ((if Nat.ltb j (Pos.to_nat D) then partial (fun y => eval y (nth l le (Zc 0))) (coordinate j) (point p) else 0) * Q2R (nth j u 0%Q))))).
    2:{ intros j J. destruct (Nat.ltb_spec j (Pos.to_nat D)) as [L|L].
        - rewrite H by (unfold coordinate; lia). rewrite <- Rsum_mul_r. apply Rsum_eq. intros l Ll.
          rewrite (partial_nth laws le l (coordinate j) (point p) Hl Ll), partial_eval. ring.
        - rewrite Rsum_zero; [ring|]. intros. ring. }
    rewrite Rsum_swap. apply Rsum_zero. intros l Ll. rewrite Rsum_mul, <- slopes_ok.
    rewrite forallb_forall in KL. specialize (KL _ (nth_In le (Zc 0) Ll)). apply Qeq_bool_iff, Qeq_eqR in KL.
    rewrite KL, Q2R_0. ring. }
  rewrite <- Q2R_0 in Z. apply eqR_Qeq, Qeq_bool_iff in Z. rewrite Z in K0. discriminate.
Qed.
End Missing.

Section Given.
Variables (D : positive) (outputs factors laws : list pexp) (c : list Q) (samples : list (list Q)).

Theorem missing_ok (P : preconditioner) (phi : data -> params -> list R) (law : params -> list R) p (other : list pexp) u :
  check_missing D (given_outputs D outputs c samples) (given D c factors) (given D c laws) p
    (nth 0 (given D c other) (Zc 0)) u = true ->
  (forall z x, map (eval (lift D (point c) z x)) outputs = phi z x) ->
  preconditioned D (point c) P factors ->
  (forall z x, map (eval (lift D (point c) z x)) laws = law x) ->
  ~ no_other_law D P (on_data phi (map point samples)) law (point p).
Proof.
  intros K Hp HP Hl.
  apply (check_missing_sound D P (on_data phi (map point samples)) law
    (given_outputs D outputs c samples) (given D c factors) (given D c laws)) with (4 := K).
  - intro x. unfold on_data, given_outputs. clear - Hp. induction samples as [|z s IH]; simpl; auto.
    rewrite map_app, map_map, IH, <- Hp. f_equal. apply map_ext. intro e. apply specialise_ok.
  - intro x. unfold given. rewrite map_map, <- (HP (point []) x). apply map_ext. intro e. apply specialise_ok.
  - intro x. unfold given. rewrite map_map, <- (Hl (point []) x). apply map_ext. intro e. apply specialise_ok.
Qed.
End Given.

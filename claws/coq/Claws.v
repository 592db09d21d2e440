(** What exported files load: the vocabulary of their statements, and the theorems that their proofs apply. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia.
From Coquelicot Require Import Coquelicot.
From Claws Require Export Vocabulary Polynomials Conserved Losses NoOther Smooth Generic Refuted Missing Towers TowerLaws.
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

(** All of a [complete] claim, at given constants and on given data. *)
Section Complete.
Variables (D : positive) (outputs factors laws : list pexp) (c : list Q) (samples : list (list Q)).

Lemma specialise_lift c' z' z x e : eval (lift D c' z' x) (specialise D c z e) = eval x (specialise D c z e).
Proof.
  induction e; cbn [specialise eval]; try congruence.
  destruct (Pos.leb k D) eqn:E; [cbn [eval]; apply lift_at; apply Pos.leb_le; exact E|].
  destruct (k - D)%positive; reflexivity.
Qed.

Definition check_complete p prog sel N A C : bool :=
  let O := given_outputs D outputs c samples in
  let F := given D c factors in
  let L := given D c laws in
  check_conserved D O F L && check_no_other D O F L p prog sel N A C && check_below D O F L prog sel.

Theorem complete_ok (P : preconditioner) (phi : data -> params -> list R) (law : params -> list R) p prog sel N A C :
  check_complete p prog sel N A C = true ->
  (forall z x, map (eval (lift D (point c) z x)) outputs = phi z x) ->
  preconditioned D (point c) P factors ->
  (forall z x, map (eval (lift D (point c) z x)) laws = law x) ->
  complete D P (on_data phi (map point samples)) law (point p).
Proof.
  intros K Hp HP Hl. unfold check_complete in K. cbv zeta in K.
  apply andb_prop in K. destruct K as [K KB]. apply andb_prop in K. destruct K as [KC KN].
  assert (Ep : forall x, map (eval x) (given_outputs D outputs c samples) = on_data phi (map point samples) x).
  { intro x. unfold on_data, given_outputs. clear - Hp. induction samples as [|z s IH]; simpl; auto.
    rewrite map_app, map_map, IH, <- Hp. f_equal. apply map_ext. intro e. apply specialise_ok. }
  assert (EP : forall x, map (eval x) (given D c factors) = P x).
  { intro x. unfold given. rewrite map_map, <- (HP (point []) x). apply map_ext. intro e. apply specialise_ok. }
  assert (El : forall x, map (eval x) (given D c laws) = law x).
  { intro x. unfold given. rewrite map_map, <- (Hl (point []) x). apply map_ext. intro e. apply specialise_ok. }
  split; [|split].
  - apply (laws_ok D (given_outputs D outputs c samples) (given D c factors) (given D c laws) (point c)); auto.
    + intros z x. rewrite <- Ep. unfold given_outputs. clear. induction samples as [|s l IH]; simpl; auto.
      rewrite !map_app, IH, !map_map. f_equal. apply map_ext. intro. apply specialise_lift.
    + intros z x. rewrite <- EP. unfold given. rewrite !map_map. apply map_ext. intro. apply specialise_lift.
    + intros z x. rewrite <- El. unfold given. rewrite !map_map. apply map_ext. intro. apply specialise_lift.
  - apply (check_no_other_sound D P _ law (given_outputs D outputs c samples) (given D c factors) (given D c laws))
      with (4 := KN); auto.
  - apply (generic_ok D P _ law (given_outputs D outputs c samples) (given D c factors) (given D c laws) Ep EP El p prog sel N A C); auto.
Qed.
End Complete.

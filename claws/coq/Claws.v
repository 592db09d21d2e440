(** What exported files load: the vocabulary of their statements, and the theorems that their proofs apply. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia.
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

(** All of a [complete] claim about polynomials of the parameters alone. *)
Section All.
Variables (D : positive) (O F L : list pexp).
Definition check_all p prog sel N A C : bool :=
  check_conserved D O F L && check_no_other D O F L p prog sel N A C && check_below D O F L prog sel.

Lemma all_ok (P : preconditioner) (phi law : params -> list R) p prog sel N A C :
  (forall x, map (eval x) O = phi x) -> (forall x, map (eval x) F = P x) -> (forall x, map (eval x) L = law x) ->
  (forall c z x, map (eval (lift D c z x)) O = map (eval x) O) ->
  (forall c z x, map (eval (lift D c z x)) F = map (eval x) F) ->
  (forall c z x, map (eval (lift D c z x)) L = map (eval x) L) ->
  check_all p prog sel N A C = true -> complete D P phi law (point p).
Proof.
  intros Ep EP El Lp LP Ll K. unfold check_all in K.
  apply andb_prop in K. destruct K as [K KB]. apply andb_prop in K. destruct K as [KC KN].
  split; [|split].
  - apply (laws_ok D O F L (fun _ => 0)); auto; intros z x; [rewrite Lp|rewrite LP|rewrite Ll]; auto.
  - apply (check_no_other_sound D P phi law O F L) with (4 := KN); auto.
  - apply (generic_ok D P phi law O F L Ep EP El p prog sel N A C); auto.
Qed.
End All.

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
  check_all D (given_outputs D outputs c samples) (given D c factors) (given D c laws) p prog sel N A C.

Theorem complete_ok (P : preconditioner) (phi : data -> params -> list R) (law : params -> list R) p prog sel N A C :
  check_complete p prog sel N A C = true ->
  (forall z x, map (eval (lift D (point c) z x)) outputs = phi z x) ->
  preconditioned D (point c) P factors ->
  (forall z x, map (eval (lift D (point c) z x)) laws = law x) ->
  complete D P (on_data phi (map point samples)) law (point p).
Proof.
  intros K Hp HP Hl.
  assert (Ep : forall x, map (eval x) (given_outputs D outputs c samples) = on_data phi (map point samples) x).
  { intro x. unfold on_data, given_outputs. clear - Hp. induction samples as [|z s IH]; simpl; auto.
    rewrite map_app, map_map, IH, <- Hp. f_equal. apply map_ext. intro e. apply specialise_ok. }
  assert (EP : forall x, map (eval x) (given D c factors) = P x).
  { intro x. unfold given. rewrite map_map, <- (HP (point []) x). apply map_ext. intro e. apply specialise_ok. }
  assert (El : forall x, map (eval x) (given D c laws) = law x).
  { intro x. unfold given. rewrite map_map, <- (Hl (point []) x). apply map_ext. intro e. apply specialise_ok. }
  apply (all_ok D (given_outputs D outputs c samples) (given D c factors) (given D c laws)) with (7 := K); auto;
  intros c' z x; apply map_ext_in; intros e I.
  - unfold given_outputs in I. apply in_flat_map in I. destruct I as [s [_ I]]. apply in_map_iff in I. destruct I as [e' [<- _]].
    apply specialise_lift.
  - unfold given in I. apply in_map_iff in I. destruct I as [e' [<- _]]. apply specialise_lift.
  - unfold given in I. apply in_map_iff in I. destruct I as [e' [<- _]]. apply specialise_lift.
Qed.
End Complete.

(** The same, of expressions that are polynomials once the constants and the data are given. *)
Section Folded.
Variables (D : positive) (outputs factors laws : list texp) (c : list Q) (samples : list (list Q)).

Definition check_complete_given p prog sel N A C : bool :=
  match folded_outputs D c samples outputs, folded D c [] factors, folded D c [] laws with
  | Some Os, Some Fs, Some Ls => check_all D Os Fs Ls p prog sel N A C
  | _, _, _ => false
  end.
Theorem complete_given_ok (P : preconditioner) (phi : data -> params -> list R) (law : params -> list R) p prog sel N A C :
  check_complete_given p prog sel N A C = true ->
  (forall z x, map (teval (functions []) (lift D (point c) z x)) outputs = phi z x) ->
  (forall z x, map (teval (functions []) (lift D (point c) z x)) factors = P x) ->
  (forall z x, map (teval (functions []) (lift D (point c) z x)) laws = law x) ->
  complete D P (on_data phi (map point samples)) law (point p).
Proof.
  intros K Hp HP Hl. unfold check_complete_given in K.
  destruct (folded_outputs D c samples outputs) as [Os|] eqn:EO; [|discriminate].
  destruct (folded D c [] factors) as [Fs|] eqn:EF; [|discriminate].
  destruct (folded D c [] laws) as [Ls|] eqn:EL; [|discriminate].
  apply (all_ok D Os Fs Ls) with (7 := K).
  - intro x. apply (folded_outputs_ok D c samples outputs phi Hp Os EO x).
  - intro x. rewrite <- (HP (point []) x). apply (folded_ok D c [] factors Fs EF x).
  - intro x. rewrite <- (Hl (point []) x). apply (folded_ok D c [] laws Ls EL x).
  - intros c' z x. apply (folded_outputs_ok D c samples outputs phi Hp Os EO x).
  - intros c' z x. apply (folded_ok D c [] factors Fs EF x).
  - intros c' z x. apply (folded_ok D c [] laws Ls EL x).
Qed.

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

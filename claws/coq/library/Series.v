(** Functions that are convergent sums of polynomials: how large the terms can be, and that the sum may be differentiated term by term.

    A polynomial is an expression here, in variables of any type and with real numbers. Its majorant is the value of the same expression with
    the absolute values of its numbers at radii of the variables: no value within these radii is larger. Cauchy's estimate of a derivative,
    [radius * derivative <= majorant], holds for majorants of expressions, without complex numbers. *)

From Coq Require Import Reals List Lia Lra FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
Import ListNotations.
Open Scope R_scope.

Section Series.
Context {V : Type}.

Inductive rexp := Num (c : R) | Var (v : V) | Plus (a b : rexp) | Times (a b : rexp).

Fixpoint val (y : V -> R) (e : rexp) : R :=
  match e with
  | Num c => c
  | Var v => y v
  | Plus a b => val y a + val y b
  | Times a b => val y a * val y b
  end.

Fixpoint majorant (r : V -> R) (e : rexp) : R :=
  match e with
  | Num c => Rabs c
  | Var v => r v
  | Plus a b => majorant r a + majorant r b
  | Times a b => majorant r a * majorant r b
  end.

(** The derivation with these values at the variables. *)
Fixpoint derivation (d : V -> rexp) (e : rexp) : rexp :=
  match e with
  | Num _ => Num 0
  | Var v => d v
  | Plus a b => Plus (derivation d a) (derivation d b)
  | Times a b => Plus (Times (derivation d a) b) (Times a (derivation d b))
  end.

Lemma majorant_pos r e : (forall v, 0 <= r v) -> 0 <= majorant r e.
Proof.
  intro H. induction e; simpl; auto using Rabs_pos, Rplus_le_le_0_compat, Rmult_le_pos.
Qed.
Lemma majorant_le r r' e : (forall v, 0 <= r v <= r' v) -> majorant r e <= majorant r' e.
Proof.
  intro H. assert (P : forall v, 0 <= r v) by apply H.
  induction e; simpl; [lra|apply H|lra|]. apply Rmult_le_compat; auto using majorant_pos.
Qed.
Lemma val_bound r y e : (forall v, Rabs (y v) <= r v) -> Rabs (val y e) <= majorant r e.
Proof.
  intro H. induction e; simpl; auto; [lra| |].
  - eapply Rle_trans; [apply Rabs_triang|]. lra.
  - rewrite Rabs_mult. apply Rmult_le_compat; auto using Rabs_pos.
Qed.

(** Cauchy's estimate. *)
Lemma derivation_majorant d r r' s e : 0 <= s -> (forall v, 0 <= r v) -> (forall v, r v + s * majorant r (d v) <= r' v) ->
  majorant r e + s * majorant r (derivation d e) <= majorant r' e.
Proof.
  intros S P H. assert (P' : forall v, 0 <= r v <= r' v).
  { intro v. split; [auto|]. assert (0 <= s * majorant r (d v)) by (apply Rmult_le_pos; auto using majorant_pos).
    specialize (H v). lra. }
  induction e; simpl; auto.
  - rewrite Rabs_R0. lra.
  - lra.
  - assert (A := majorant_pos r e1 P). assert (B := majorant_pos r e2 P).
    assert (A' := majorant_pos r (derivation d e1) P). assert (B' := majorant_pos r (derivation d e2) P).
    assert (SA := Rmult_le_pos _ _ S A'). assert (SB := Rmult_le_pos _ _ S B').
    apply Rle_trans with ((majorant r e1 + s * majorant r (derivation d e1)) * (majorant r e2 + s * majorant r (derivation d e2))).
    + assert (0 <= (s * majorant r (derivation d e1)) * (s * majorant r (derivation d e2))) by (apply Rmult_le_pos; auto). lra.
    + apply Rmult_le_compat; auto; lra.
Qed.
(** The same for differences. *)
Lemma difference_majorant r r' y y' t s e : 0 <= t -> (forall v, Rabs (y v) <= r v) -> (forall v, Rabs (y' v) <= r v) ->
  (forall v, Rabs (y v - y' v) <= t) -> (forall v, r v + s * t <= r' v) -> 0 <= s ->
  majorant r e + s * Rabs (val y e - val y' e) <= majorant r' e.
Proof.
  intros T Y Y' E H S.
  assert (P : forall v, 0 <= r v) by (intro v; eapply Rle_trans; [apply Rabs_pos|apply (Y v)]).
  assert (ST := Rmult_le_pos _ _ S T).
  assert (P' : forall v, 0 <= r v <= r' v) by (intro v; split; [auto|specialize (H v); lra]).
  induction e; simpl.
  - rewrite Rminus_eq_0, Rabs_R0. lra.
  - eapply Rle_trans; [|apply H]. apply Rplus_le_compat_l, Rmult_le_compat_l; auto.
  - replace (val y e1 + val y e2 - (val y' e1 + val y' e2)) with ((val y e1 - val y' e1) + (val y e2 - val y' e2)) by ring.
    assert (s * Rabs ((val y e1 - val y' e1) + (val y e2 - val y' e2)) <= s * (Rabs (val y e1 - val y' e1) + Rabs (val y e2 - val y' e2)))
      by (apply Rmult_le_compat_l; auto using Rabs_triang). lra.
  - replace (val y e1 * val y e2 - val y' e1 * val y' e2)
      with ((val y e1 - val y' e1) * val y e2 + val y' e1 * (val y e2 - val y' e2)) by ring.
    assert (A := majorant_pos r e1 P). assert (B := majorant_pos r e2 P).
    assert (A0 := Rabs_pos (val y e1 - val y' e1)). assert (B0 := Rabs_pos (val y e2 - val y' e2)).
    assert (B1 := val_bound r y e2 Y). assert (A1 := val_bound r y' e1 Y').
    assert (SA := Rmult_le_pos _ _ S A0). assert (SB := Rmult_le_pos _ _ S B0).
    apply Rle_trans with ((majorant r e1 + s * Rabs (val y e1 - val y' e1)) * (majorant r e2 + s * Rabs (val y e2 - val y' e2))).
    + assert (0 <= (s * Rabs (val y e1 - val y' e1)) * (s * Rabs (val y e2 - val y' e2))) by (apply Rmult_le_pos; auto).
      assert (s * Rabs ((val y e1 - val y' e1) * val y e2 + val y' e1 * (val y e2 - val y' e2)) <=
        s * (Rabs (val y e1 - val y' e1) * majorant r e2 + majorant r e1 * Rabs (val y e2 - val y' e2))).
      { apply Rmult_le_compat_l; auto. eapply Rle_trans; [apply Rabs_triang|]. rewrite !Rabs_mult.
        apply Rplus_le_compat; [apply Rmult_le_compat_l|apply Rmult_le_compat_r]; auto. }
      lra.
    + apply Rmult_le_compat; auto; lra.
Qed.

(** The derivative along a curve. *)
Lemma curve_val (y : R -> V -> R) t d e : (forall v, is_derive (fun s => y s v) t (val (y t) (d v))) ->
  is_derive (fun s => val (y s) e) t (val (y t) (derivation d e)).
Proof.
  intro H. induction e; simpl; auto.
  - apply (is_derive_const (V := R_NormedModule)).
  - apply (is_derive_plus (V := R_NormedModule)); auto.
  - apply (is_derive_mult (fun s => val (y s) e1) (fun s => val (y s) e2)); auto using Rmult_comm.
Qed.

(** ** Convergent sequences *)

Lemma geometric M (u : nat -> R) : (forall n, Rabs (u n) <= M * (1 / 2) ^ n) -> ex_series u /\ Rabs (Series u) <= 2 * M.
Proof.
  intro H.
  assert (G : ex_series (fun n => M * (1 / 2) ^ n)).
  { apply (ex_series_scal (K := R_AbsRing) (V := R_NormedModule) M). apply ex_series_geom. rewrite Rabs_right; lra. }
  assert (A : ex_series (fun n => Rabs (u n))).
  { apply (ex_series_le (K := R_AbsRing) (V := R_CompleteNormedModule) _ (fun n => M * (1 / 2) ^ n)); [|exact G].
    intro n. unfold norm; simpl. unfold abs; simpl. rewrite Rabs_Rabsolu. apply H. }
  split; [apply ex_series_Rabs; exact A|].
  eapply Rle_trans; [apply Series_Rabs; exact A|].
  eapply Rle_trans; [apply Series_le; [|exact G]; intro n; split; [apply Rabs_pos|apply H]|].
  rewrite Series_scal_l, Series_geom by (rewrite Rabs_right; lra). lra.
Qed.

Variable r : V -> R.
Variable r0 : R.
Hypotheses (r0_pos : 0 < r0) (r_pos : forall v, r0 <= r v).

Definition radii (t : R) : V -> R := fun v => t * r v.

(** The majorants at t times the radii decrease geometrically, for some t > 1/2: values, within half of the radii, and derivatives can be summed. *)
Definition good (t : R) (a : nat -> rexp) : Prop := exists M, forall n, majorant (radii t) (a n) <= M * (1 / 2) ^ n.
Definition convergent (a : nat -> rexp) : Prop := exists t, 1 / 2 < t /\ good t a.
Definition within (y : V -> R) : Prop := forall v, Rabs (y v) <= radii (1 / 2) v.
Definition value (a : nat -> rexp) (y : V -> R) : R := Series (fun n => val y (a n)).

Lemma radii_pos t v : 0 <= t -> 0 <= radii t v.
Proof. intro T. unfold radii. apply Rmult_le_pos; auto. specialize (r_pos v). lra. Qed.
Lemma radii_le t t' v : 0 <= t <= t' -> 0 <= radii t v <= radii t' v.
Proof. intro T. split; [apply radii_pos; lra|]. unfold radii. apply Rmult_le_compat_r; [specialize (r_pos v)|]; lra. Qed.

Lemma convergent_bound a : convergent a -> exists M, forall n y, within y -> Rabs (val y (a n)) <= M * (1 / 2) ^ n.
Proof.
  intros [t [T [M H]]]. exists M. intros n y Y. eapply Rle_trans; [|apply H].
  eapply Rle_trans; [apply (val_bound (radii (1 / 2))); exact Y|].
  apply majorant_le. intro v. apply radii_le. lra.
Qed.

Definition bounded_derivation (d : V -> rexp) : Prop := exists C, 0 < C /\ forall v, majorant (radii 1) (d v) <= C.

Lemma convergent_derivation d a : bounded_derivation d -> convergent a -> convergent (fun n => derivation d (a n)).
Proof.
  intros [C [C0 HC]] [t0 [T0 H0]].
  assert (Ht : exists t, 1 / 2 < t <= 1 /\ good t a).
  { destruct (Rle_dec t0 1) as [L|L]; [exists t0; split; auto; lra|]. exists 1. split; [lra|].
    destruct H0 as [M H]. exists M. intro n. eapply Rle_trans; [|apply H]. apply majorant_le. intro v. apply radii_le. lra. }
  destruct Ht as [t [T [M H]]]. clear t0 T0 H0.
  set (t' := (t + 1 / 2) / 2). set (s := (t - t') * r0 / C).
  assert (T1 : 0 < t - t') by (unfold t'; lra). assert (T2 : 1 / 2 < t') by (unfold t'; lra).
  assert (S0 : 0 < s) by (apply Rdiv_lt_0_compat; auto; apply Rmult_lt_0_compat; auto).
  exists t'. split; [exact T2|]. exists (M / s). intro n.
  apply (Rmult_le_reg_l s); auto. replace (s * (M / s * (1 / 2) ^ n)) with (M * (1 / 2) ^ n) by (field; lra).
  eapply Rle_trans; [|apply H].
  assert (B : forall v, radii t' v + s * majorant (radii t') (d v) <= radii t v).
  { intro v. assert (majorant (radii t') (d v) <= C).
    { eapply Rle_trans; [|apply (HC v)]. apply majorant_le. intro w. apply radii_le. lra. }
    assert (s * majorant (radii t') (d v) <= s * C) by (apply Rmult_le_compat_l; lra).
    replace (s * C) with ((t - t') * r0) in * by (unfold s; field; lra).
    assert ((t - t') * r0 <= (t - t') * r v) by (apply Rmult_le_compat_l; [lra|auto]).
    unfold radii in *. lra. }
  assert (P : forall v, 0 <= radii t' v) by (intro; apply radii_pos; lra).
  assert (E := derivation_majorant d (radii t') (radii t) s (a n) (Rlt_le _ _ S0) P B).
  assert (0 <= majorant (radii t') (a n)) by (apply majorant_pos, P). lra.
Qed.

Lemma quadratic_derive (f : R -> R) t l C e : 0 < e -> (forall s, Rabs (s - t) < e -> Rabs (f s - f t - (s - t) * l) <= C * (s - t) ^ 2) ->
  is_derive f t l.
Proof.
  intros E H. apply is_derive_Reals. intros eps Eps.
  assert (C0 := Rabs_pos C).
  assert (De : 0 < Rmin e (eps / (Rabs C + 1))) by (apply Rmin_pos; auto; apply Rdiv_lt_0_compat; lra).
  exists (mkposreal _ De). intros h H0 Hh. simpl in Hh.
  assert (H1 := Rlt_le_trans _ _ _ Hh (Rmin_l _ _)). assert (H2 := Rlt_le_trans _ _ _ Hh (Rmin_r _ _)).
  assert (A : 0 < Rabs h) by (apply Rabs_pos_lt; auto).
  specialize (H (t + h)). replace (t + h - t) with h in H by ring. specialize (H H1).
  replace ((f (t + h) - f t) / h - l) with ((f (t + h) - f t - h * l) / h) by (field; auto).
  unfold Rdiv. rewrite Rabs_mult, Rabs_inv. apply (Rmult_lt_reg_r (Rabs h)); auto.
  rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
  eapply Rle_lt_trans; [exact H|]. rewrite <- Rsqr_pow2, Rsqr_abs. unfold Rsqr. rewrite <- Rmult_assoc. apply Rmult_lt_compat_r; auto.
  apply Rle_lt_trans with ((Rabs C + 1) * Rabs h).
  - apply Rmult_le_compat_r; [lra|]. assert (Z := Rle_abs C). lra.
  - apply (Rmult_lt_compat_l (Rabs C + 1)) in H2; [|lra]. replace ((Rabs C + 1) * (eps / (Rabs C + 1))) with eps in H2 by (field; lra).
    exact H2.
Qed.

(** A function of one variable whose second derivative is bounded. *)
Lemma second_bound (g g1 g2 : R -> R) t s M :
  (forall u, Rmin t s <= u <= Rmax t s -> is_derive g u (g1 u)) ->
  (forall u, Rmin t s <= u <= Rmax t s -> is_derive g1 u (g2 u)) ->
  (forall u, Rmin t s <= u <= Rmax t s -> Rabs (g2 u) <= M) ->
  Rabs (g s - g t - (s - t) * g1 t) <= M * (s - t) ^ 2.
Proof.
  intros D1 D2 B.
  assert (M0 : 0 <= M).
  { eapply Rle_trans; [apply Rabs_pos|apply (B t)]. split; [apply Rmin_l|apply Rmax_l]. }
  destruct (MVT_gen g t s g1) as [c [Ic Ec]].
  { intros u U. apply D1. lra. }
  { intros u U. apply derivable_continuous_pt. exists (g1 u). apply is_derive_Reals, D1, U. }
  assert (Mt : forall u, Rmin t c <= u <= Rmax t c -> Rmin t s <= u <= Rmax t s).
  { intros u U. revert U Ic. unfold Rmin, Rmax. repeat destruct (Rle_dec _ _); lra. }
  destruct (MVT_gen g1 t c g2) as [c' [Ic' Ec']].
  { intros u U. apply D2, Mt. lra. }
  { intros u U. apply derivable_continuous_pt. exists (g2 u). apply is_derive_Reals, D2, Mt, U. }
  replace (g s - g t - (s - t) * g1 t) with ((g1 c - g1 t) * (s - t)) by lra.
  rewrite Ec', !Rabs_mult. rewrite <- Rsqr_pow2, Rsqr_abs. unfold Rsqr. rewrite <- Rmult_assoc.
  apply Rmult_le_compat_r; [apply Rabs_pos|]. apply Rmult_le_compat; auto using Rabs_pos.
  revert Ic. unfold Rmin, Rmax, Rabs. repeat (destruct (Rle_dec _ _) || destruct (Rcase_abs _)); lra.
Qed.

(** Term by term. *)
Theorem value_derive d a (y : R -> V -> R) t e : bounded_derivation d -> convergent a -> 0 < e ->
  (forall s, Rabs (s - t) < e -> within (y s)) ->
  (forall s v, Rabs (s - t) < e -> is_derive (fun u => y u v) s (val (y s) (d v))) ->
  is_derive (fun s => value a (y s)) t (value (fun n => derivation d (a n)) (y t)).
Proof.
  intros Bd Ca E W H.
  assert (C1 := convergent_derivation d a Bd Ca). assert (C2 := convergent_derivation d _ Bd C1).
  destruct (convergent_bound _ Ca) as [M0 B0]. destruct (convergent_bound _ C1) as [M1 B1]. destruct (convergent_bound _ C2) as [M2 B2].
  apply (quadratic_derive _ t _ (2 * M2) e E). intros s S. unfold value.
  assert (T : Rabs (t - t) < e) by (rewrite Rminus_eq_0, Rabs_R0; exact E).
  assert (X0 : forall u, Rabs (u - t) < e -> ex_series (fun n => val (y u) (a n))).
  { intros u U. apply (geometric M0). auto. }
  assert (X1 : ex_series (fun n => val (y t) (derivation d (a n)))) by (apply (geometric M1); auto).
  rewrite <- Series_minus by auto. rewrite <- Series_scal_l.
  rewrite <- Series_minus; [| |apply (ex_series_scal (K := R_AbsRing) (V := R_NormedModule) (s - t)); exact X1].
  2:{ apply (ex_series_minus (K := R_AbsRing) (V := R_NormedModule)); auto. }
  replace (2 * M2 * (s - t) ^ 2) with (2 * (M2 * (s - t) ^ 2)) by ring. apply geometric. intro n.
  replace (M2 * (s - t) ^ 2 * (1 / 2) ^ n) with ((M2 * (1 / 2) ^ n) * (s - t) ^ 2) by ring.
  assert (N : forall u, Rmin t s <= u <= Rmax t s -> Rabs (u - t) < e).
  { intros u U. revert U S. unfold Rmin, Rmax, Rabs. repeat (destruct (Rle_dec _ _) || destruct (Rcase_abs _)); lra. }
  apply (second_bound (fun u => val (y u) (a n)) (fun u => val (y u) (derivation d (a n))) (fun u => val (y u) (derivation d (derivation d (a n))))).
  - intros u U. apply curve_val. auto.
  - intros u U. apply curve_val. auto.
  - intros u U. apply B2; auto.
Qed.

(** The sum is Lipschitz. *)
Theorem value_lipschitz a : convergent a -> exists L, 0 < L /\ forall y y' t, within y -> within y' -> 0 < t ->
  (forall v, Rabs (y v - y' v) <= t) -> Rabs (value a y - value a y') <= L * t.
Proof.
  intro Ca. destruct (convergent_bound a Ca) as [M0 B0]. destruct Ca as [t0 [T0 [M H]]].
  set (k := (t0 - 1 / 2) * r0). assert (K : 0 < k) by (apply Rmult_lt_0_compat; lra).
  exists (2 * (Rabs M / k) + 1). split.
  { assert (0 <= Rabs M / k); [|lra]. apply Rmult_le_pos; [apply Rabs_pos|]. left. apply Rinv_0_lt_compat. auto. }
  intros y y' t Y Y' T E. unfold value.
  rewrite <- Series_minus by (apply (geometric M0); auto).
  apply Rle_trans with (2 * (Rabs M / k * t)); [|lra]. apply geometric. intro n.
  assert (ST : 0 < k / t) by (apply Rdiv_lt_0_compat; auto).
  assert (R1 : forall v, radii (1 / 2) v + k / t * t <= radii t0 v).
  { intro v. replace (k / t * t) with k by (field; lra). unfold k, radii.
    assert ((t0 - 1 / 2) * r0 <= (t0 - 1 / 2) * r v) by (apply Rmult_le_compat_l; [lra|auto]). lra. }
  assert (D := difference_majorant (radii (1 / 2)) (radii t0) y y' t (k / t) (a n) (Rlt_le _ _ T) Y Y' E R1 (Rlt_le _ _ ST)).
  assert (P : 0 <= majorant (radii (1 / 2)) (a n)) by (apply majorant_pos; intro; apply radii_pos; lra).
  apply (Rmult_le_reg_l (k / t)); auto.
  replace (k / t * (Rabs M / k * t * (1 / 2) ^ n)) with (Rabs M * (1 / 2) ^ n) by (field; lra).
  assert (M * (1 / 2) ^ n <= Rabs M * (1 / 2) ^ n); [|specialize (H n); lra].
  apply Rmult_le_compat_r; [apply pow_le; lra|apply Rle_abs].
Qed.
(** ** Powers of a derivation *)

(** The n-th power of the derivation on h, divided by n!. *)
Fixpoint iterated (d : V -> rexp) (h : rexp) (n : nat) : rexp :=
  match n with O => h | S n' => Times (Num (/ INR (S n'))) (derivation d (iterated d h n')) end.

Lemma exp_pow x n : exp x ^ n = exp (INR n * x).
Proof.
  induction n; cbn [pow]; [rewrite Rmult_0_l, exp_0; reflexivity|]. rewrite IHn, <- exp_plus, S_INR. f_equal. ring.
Qed.
Lemma euler n : ((INR n + 2) / (INR n + 1)) ^ n <= exp 1.
Proof.
  assert (N := pos_INR n).
  replace ((INR n + 2) / (INR n + 1)) with (1 + / (INR n + 1)) by (field; lra).
  apply Rle_trans with (exp (/ (INR n + 1)) ^ n).
  - apply pow_incr. split; [|apply exp_ineq1_le]. assert (0 < / (INR n + 1)) by (apply Rinv_0_lt_compat; lra). lra.
  - rewrite exp_pow. assert (L : INR n * / (INR n + 1) <= 1).
    { apply (Rmult_le_reg_r (INR n + 1)); [lra|]. rewrite Rmult_assoc, Rinv_l; lra. }
    destruct L as [L|L]; [left; apply exp_increasing; exact L|right; rewrite L; reflexivity].
Qed.

Lemma iterated_majorant d : bounded_derivation d -> exists K, 0 < K /\ forall h, exists M, 0 < M /\
  forall n t, 0 <= t < 1 -> majorant (radii t) (iterated d h n) <= M * (K / (1 - t)) ^ n.
Proof.
  intros [C [C0 HC]]. set (K := 2 * exp 1 * C / r0). assert (E0 := exp_pos 1).
  assert (K0 : 0 < K) by (apply Rdiv_lt_0_compat; auto; repeat apply Rmult_lt_0_compat; lra).
  exists K. split; [exact K0|]. intro h. set (M := majorant (radii 1) h + 1).
  assert (M0 : 0 < M). { assert (0 <= majorant (radii 1) h) by (apply majorant_pos; intro; apply radii_pos; lra). unfold M. lra. }
  exists M. split; [exact M0|]. induction n; intros t T.
  - cbn [iterated pow]. rewrite Rmult_1_r. apply Rle_trans with (majorant (radii 1) h); [|unfold M; lra].
    apply majorant_le. intro v. apply radii_le. lra.
  - assert (N := pos_INR n). cbn [iterated majorant]. rewrite S_INR, Rabs_right.
    2:{ left. apply Rinv_0_lt_compat. lra. }
    set (a := (1 - t) / (INR n + 2)). set (t' := t + a).
    assert (A : 0 < a) by (apply Rdiv_lt_0_compat; lra).
    assert (T' : 1 - t' = (1 - t) * (INR n + 1) / (INR n + 2)) by (unfold t', a; field; lra).
    assert (T1 : 0 < 1 - t'). { rewrite T'. apply Rdiv_lt_0_compat; [apply Rmult_lt_0_compat|]; lra. }
    assert (T2 : t < t') by (unfold t'; lra).
    set (s := a * r0 / C). assert (S0 : 0 < s) by (apply Rdiv_lt_0_compat; auto; apply Rmult_lt_0_compat; auto).
    assert (B : forall v, radii t v + s * majorant (radii t) (d v) <= radii t' v).
    { intro v. assert (majorant (radii t) (d v) <= C).
      { eapply Rle_trans; [|apply (HC v)]. apply majorant_le. intro w. apply radii_le. lra. }
      assert (s * majorant (radii t) (d v) <= s * C) by (apply Rmult_le_compat_l; lra).
      replace (s * C) with (a * r0) in * by (unfold s; field; lra).
      assert (a * r0 <= a * r v) by (apply Rmult_le_compat_l; [lra|auto]). unfold t', radii in *. lra. }
    assert (P : forall v, 0 <= radii t v) by (intro; apply radii_pos; lra).
    assert (D := derivation_majorant d (radii t) (radii t') s (iterated d h n) (Rlt_le _ _ S0) P B).
    assert (0 <= majorant (radii t) (iterated d h n)) by (apply majorant_pos, P).
    specialize (IHn t'). assert (I : majorant (radii t') (iterated d h n) <= M * (K / (1 - t')) ^ n) by (apply IHn; lra).
    assert (F : s * majorant (radii t) (derivation d (iterated d h n)) <= M * (K / (1 - t)) ^ n * exp 1).
    { apply Rle_trans with (M * (K / (1 - t')) ^ n); [lra|].
      replace (K / (1 - t')) with (K / (1 - t) * ((INR n + 2) / (INR n + 1))) by (rewrite T'; field; lra).
      rewrite Rpow_mult_distr, <- Rmult_assoc. apply Rmult_le_compat_l; [|apply euler].
      apply Rmult_le_pos; [lra|]. apply pow_le. left. apply Rdiv_lt_0_compat; lra. }
    apply (Rmult_le_reg_l (s * (INR n + 1))); [apply Rmult_lt_0_compat; lra|].
    replace (s * (INR n + 1) * (/ (INR n + 1) * majorant (radii t) (derivation d (iterated d h n))))
      with (s * majorant (radii t) (derivation d (iterated d h n))) by (field; lra).
    eapply Rle_trans; [exact F|].
    replace (s * (INR n + 1) * (M * (K / (1 - t)) ^ S n))
      with (M * (K / (1 - t)) ^ n * exp 1 * (2 * (INR n + 1) / (INR n + 2))).
    2:{ cbn [pow]. generalize ((K / (1 - t)) ^ n). intro q. unfold s, a, K. field. lra. }
    rewrite <- (Rmult_1_r (M * (K / (1 - t)) ^ n * exp 1)) at 1. apply Rmult_le_compat_l.
    + apply Rmult_le_pos; [|lra]. apply Rmult_le_pos; [lra|]. apply pow_le. left. apply Rdiv_lt_0_compat; lra.
    + apply (Rmult_le_reg_r (INR n + 2)); [lra|]. replace (2 * (INR n + 1) / (INR n + 2) * (INR n + 2)) with (2 * (INR n + 1)) by (field; lra). lra.
Qed.
End Series.

Arguments rexp V : clear implicits.

(** Theorem (f): a law that is not conserved. A polynomial vector field has an integral curve through each point (Picard's iteration); along
    the curve of one output the law has, at a rational point, a derivative that is not zero. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Claws Require Import Vocabulary Polynomials Conserved NoOther.
Import ListNotations.
Open Scope R_scope.

(** ** Integral curves *)

Lemma sub_same (a b : R) : a + b - a = b. Proof. ring. Qed.
Lemma sub_two (a b c : R) : a + b - (a + c) = b - c. Proof. ring. Qed.

Lemma half_pow n : (1 / 2) ^ n = / 2 ^ n.
Proof. assert (H : 2 ^ n <> 0) by (apply pow_nonzero; lra). induction n; cbn [pow]; [field|].
  assert (H' : 2 ^ n <> 0) by (apply pow_nonzero; lra). rewrite IHn by auto. field. auto. Qed.

Lemma clamp_lipschitz a b x y : a <= b -> Rabs (Rmax a (Rmin b x) - Rmax a (Rmin b y)) <= Rabs (x - y).
Proof.
  intro H. unfold Rmax, Rmin, Rabs.
  repeat (destruct (Rle_dec _ _) || destruct (Rcase_abs _)); lra.
Qed.

Lemma clamp_continuous a b x : a <= b -> continuous (fun r => Rmax a (Rmin b r)) x.
Proof.
  intro H. apply continuity_pt_filterlim. intros e He. exists e. split; [exact He|].
  intros y [_ Hy]. simpl in *. unfold R_dist in *. eapply Rle_lt_trans; [apply clamp_lipschitz; exact H|exact Hy].
Qed.

Lemma rint_bound f t M : (forall s, Rabs s <= Rabs t -> continuous f s) -> (forall s, Rabs s <= Rabs t -> Rabs (f s) <= M) ->
  ex_RInt f 0 t /\ Rabs (RInt f 0 t) <= Rabs t * M.
Proof.
  intros C B.
  assert (I : forall z, Rmin 0 t <= z <= Rmax 0 t -> Rabs z <= Rabs t).
  { intros z. unfold Rmin, Rmax, Rabs. repeat (destruct (Rle_dec _ _) || destruct (Rcase_abs _)); lra. }
  assert (E : ex_RInt f 0 t). { apply (ex_RInt_continuous (V := R_CompleteNormedModule)). intros z Z. apply C, I, Z. }
  split; [exact E|]. destruct (Rle_dec 0 t) as [T|T].
  - rewrite (Rabs_right t) by lra. replace (t * M) with ((t - 0) * M) by ring. apply abs_RInt_le_const; auto.
    intros s S. apply B. rewrite !Rabs_right; lra.
  - assert (T' : t <= 0) by lra. rewrite <- (opp_RInt_swap (V := R_CompleteNormedModule)) by (apply ex_RInt_swap; exact E).
    unfold opp; simpl. rewrite Rabs_Ropp, (Rabs_left1 t) by lra. replace (- t * M) with ((0 - t) * M) by ring.
    apply abs_RInt_le_const; auto; [apply ex_RInt_swap; exact E|].
    intros s S. apply B. rewrite !Rabs_left1; lra.
Qed.

Section Picard.
Variables (D : positive) (W : positive -> poly) (p : params).
Hypothesis HW : forall k, (k <= D)%positive -> below D (W k) = true.

Definition clamp (x : params) : params := fun k => Rmax (p k - 1) (Rmin (p k + 1) (x k)).
Definition G (k : positive) (x : params) : R := evp (clamp x) (W k).

Lemma clamp_bound x k : Rabs (clamp x k) <= Rabs (p k) + 1.
Proof.
  unfold clamp, Rmax, Rmin, Rabs. repeat (destruct (Rle_dec _ _) || destruct (Rcase_abs _)); lra.
Qed.
Lemma clamp_near x k : Rabs (x k - p k) <= 1 -> clamp x k = x k.
Proof.
  unfold clamp, Rmax, Rmin, Rabs. repeat (destruct (Rle_dec _ _) || destruct (Rcase_abs _)); lra.
Qed.

Definition close (d : R) (x y : params) : Prop := forall k, (k <= D)%positive -> Rabs (x k - y k) <= d.
Definition tame (L M : R) (f : params -> R) : Prop :=
  0 <= L /\ 0 <= M /\ (forall x y d, 0 <= d -> close d x y -> Rabs (f x - f y) <= L * d) /\ forall x, Rabs (f x) <= M.

Lemma tame_m m : forallb (fun k => Pos.leb k D) m = true -> exists L M, tame L M (fun x => evm (clamp x) m).
Proof.
  induction m as [|k m IH]; intro B; cbn [evm].
  - exists 0, 1. repeat split; try lra; intros; [rewrite Rminus_eq_0, Rabs_R0|rewrite Rabs_R1]; lra.
  - simpl in B. apply andb_prop in B. destruct B as [Bk Bm]. apply Pos.leb_le in Bk.
    destruct (IH Bm) as [L [M [L0 [M0 [HL HM]]]]].
    assert (A := Rabs_pos (p k)).
    exists (M + (Rabs (p k) + 1) * L), ((Rabs (p k) + 1) * M). repeat split.
    + assert (0 <= (Rabs (p k) + 1) * L) by (apply Rmult_le_pos; lra). lra.
    + apply Rmult_le_pos; lra.
    + intros x y d Hd H. specialize (HL x y d Hd H).
      replace (clamp x k * evm (clamp x) m - clamp y k * evm (clamp y) m)
        with ((clamp x k - clamp y k) * evm (clamp x) m + clamp y k * (evm (clamp x) m - evm (clamp y) m)) by ring.
      eapply Rle_trans; [apply Rabs_triang|]. rewrite !Rabs_mult.
      assert (E1 : Rabs (clamp x k - clamp y k) <= d).
      { eapply Rle_trans; [apply clamp_lipschitz; lra|apply H; auto]. }
      assert (Rabs (clamp x k - clamp y k) * Rabs (evm (clamp x) m) <= d * M)
        by (apply Rmult_le_compat; auto using Rabs_pos).
      assert (Rabs (clamp y k) * Rabs (evm (clamp x) m - evm (clamp y) m) <= (Rabs (p k) + 1) * (L * d))
        by (apply Rmult_le_compat; auto using Rabs_pos, clamp_bound).
      lra.
    + intro x. rewrite Rabs_mult. apply Rmult_le_compat; auto using Rabs_pos, clamp_bound.
Qed.
Lemma tame_p q : below D q = true -> exists L M, tame L M (fun x => evp (clamp x) q).
Proof.
  induction q as [|[m c] q IH]; intro B; cbn [evp].
  - exists 0, 0. repeat split; try lra; intros; rewrite ?Rminus_eq_0, Rabs_R0; lra.
  - cbn [below forallb fst] in B. apply andb_prop in B. destruct B as [Bm Bq].
    destruct (IH Bq) as [L [M [L0 [M0 [HL HM]]]]]. destruct (tame_m m Bm) as [L' [M' [L0' [M0' [HL' HM']]]]].
    assert (A := Rabs_pos (Q2R c)).
    exists (Rabs (Q2R c) * L' + L), (Rabs (Q2R c) * M' + M). repeat split.
    + assert (0 <= Rabs (Q2R c) * L') by (apply Rmult_le_pos; lra). lra.
    + assert (0 <= Rabs (Q2R c) * M') by (apply Rmult_le_pos; lra). lra.
    + intros x y d Hd H. specialize (HL x y d Hd H). specialize (HL' x y d Hd H).
      replace (Q2R c * evm (clamp x) m + evp (clamp x) q - (Q2R c * evm (clamp y) m + evp (clamp y) q))
        with (Q2R c * (evm (clamp x) m - evm (clamp y) m) + (evp (clamp x) q - evp (clamp y) q)) by ring.
      eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_mult.
      assert (Rabs (Q2R c) * Rabs (evm (clamp x) m - evm (clamp y) m) <= Rabs (Q2R c) * (L' * d))
        by (apply Rmult_le_compat_l; auto). lra.
    + intro x. eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_mult.
      apply Rplus_le_compat; auto. apply Rmult_le_compat_l; auto.
Qed.
Lemma tame_all : exists L M, 0 < L /\ 0 < M /\ forall k, (k <= D)%positive -> tame L M (G k).
Proof.
  assert (H : forall l, (forall k, In k l -> (k <= D)%positive) -> exists L M, 0 < L /\ 0 < M /\ forall k, In k l -> tame L M (G k)).
  { induction l as [|a l IH]; intro I.
    - exists 1, 1. split; [lra|split; [lra|]]. intros k [].
    - destruct IH as [L [M [L0 [M0 H]]]]; [intros; apply I; simpl; auto|].
      destruct (tame_p (W a)) as [L' [M' T']]. { apply HW, I. simpl; auto. }
      exists (Rmax L L'), (Rmax M M').
      assert (A1 := Rmax_l L L'). assert (A2 := Rmax_r L L'). assert (B1 := Rmax_l M M'). assert (B2 := Rmax_r M M').
      split; [lra|split; [lra|]].
      assert (W1 : forall f l m, tame l m f -> l <= Rmax L L' -> m <= Rmax M M' -> tame (Rmax L L') (Rmax M M') f).
      { intros f l' m' [T1 [T2 [T3 T4]]] Hl Hm. split; [lra|split; [lra|split]].
        - intros x y d Hd C. eapply Rle_trans; [apply (T3 x y d Hd C)|]. apply Rmult_le_compat_r; auto.
        - intro x. eapply Rle_trans; [apply T4|]. auto. }
      intros k [<-|K]; [apply (W1 _ L' M'); auto|apply (W1 _ L M); auto]. }
  destruct (H (below_idx D)) as [L [M [L0 [M0 T]]]]. { intros k K. apply below_idx_in. exact K. }
  exists L, M. split; [auto|split; [auto|]]. intros k K. apply T, below_idx_in, K.
Qed.

Lemma continuous_G (Y : R -> params) t k :
  (forall j, (j <= D)%positive -> continuous (fun s => Y s j) t) -> (k <= D)%positive -> continuous (fun s => G k (Y s)) t.
Proof.
  intros C K. unfold G. assert (B := HW k K). revert B. generalize (W k) as q.
  assert (M : forall m, forallb (fun k => Pos.leb k D) m = true -> continuous (fun s => evm (clamp (Y s)) m) t).
  { induction m as [|j m IH]; intro B; cbn [evm]; [apply continuous_const|].
    simpl in B. apply andb_prop in B. destruct B as [Bj Bm]. apply Pos.leb_le in Bj.
    apply (continuous_mult (K := R_AbsRing)); auto. unfold clamp.
    apply (continuous_comp (fun s => Y s j) (fun r => Rmax (p j - 1) (Rmin (p j + 1) r))); auto.
    apply clamp_continuous. lra. }
  induction q as [|[m c] q IH]; intro B; cbn [evp]; [apply continuous_const|].
  cbn [below forallb fst] in B. apply andb_prop in B. destruct B as [Bm Bq].
  apply (continuous_plus (V := R_NormedModule)); auto.
  apply (continuous_mult (K := R_AbsRing)); [apply continuous_const|auto].
Qed.

Fixpoint iterate (n : nat) (t : R) : params :=
  match n with
  | O => p
  | S n' => fun k => p k + RInt (fun s => G k (iterate n' s)) 0 t
  end.

Lemma iterate_continuous n k t : (k <= D)%positive -> continuous (fun s => iterate n s k) t.
Proof.
  revert k t. induction n; intros k t K; cbn [iterate]; [apply continuous_const|].
  apply (continuous_plus (V := R_NormedModule)); [apply continuous_const|].
  assert (C : forall z, continuous (fun s => G k (iterate n s)) z) by (intro; apply continuous_G; auto).
  apply ex_derive_continuous. exists (G k (iterate n t)).
  apply (is_derive_RInt (V := R_NormedModule) (fun s => G k (iterate n s)) _ 0).
  - apply filter_forall. intro b. apply (RInt_correct (V := R_CompleteNormedModule)).
    apply (ex_RInt_continuous (V := R_CompleteNormedModule)). auto.
  - auto.
Qed.

Section Curve.
Variables (L M e : R).
Hypotheses (L0 : 0 < L) (M0 : 0 < M) (T : forall k, (k <= D)%positive -> tame L M (G k)).
Lemma T_bound k x : (k <= D)%positive -> Rabs (G k x) <= M.
Proof. intro K. destruct (T k K) as [_ [_ [_ H]]]. apply H. Qed.
Hypotheses (e0 : 0 < e) (eL : e * L <= 1 / 2) (eM : e * M <= 1).

Lemma continuous_iterate_G n k z : (k <= D)%positive -> continuous (fun s => G k (iterate n s)) z.
Proof. intro K. apply continuous_G; auto. intros. apply iterate_continuous; auto. Qed.

Lemma step n : forall t, Rabs t <= e -> close (e * M / 2 ^ n) (iterate (S n) t) (iterate n t).
Proof.
  induction n; intros t Ht k K.
  - cbn [iterate]. rewrite sub_same.
    destruct (rint_bound (fun s => G k p) t M) as [_ B].
    + intros. apply continuous_const.
    + intros. apply T_bound; auto.
    + eapply Rle_trans; [exact B|]. simpl. replace (e * M / 1) with (e * M) by field.
      apply Rmult_le_compat_r; lra.
  - change (iterate (S (S n)) t k) with (p k + RInt (fun s => G k (iterate (S n) s)) 0 t).
    change (iterate (S n) t k) with (p k + RInt (fun s => G k (iterate n s)) 0 t).
    destruct (rint_bound (fun s => G k (iterate (S n) s)) t M) as [E1 _];
      [intros; apply continuous_iterate_G; auto|intros; apply T_bound; auto|].
    destruct (rint_bound (fun s => G k (iterate n s)) t M) as [E2 _];
      [intros; apply continuous_iterate_G; auto|intros; apply T_bound; auto|].
    replace (p k + RInt (fun s => G k (iterate (S n) s)) 0 t - (p k + RInt (fun s => G k (iterate n s)) 0 t))
      with (RInt (fun s => minus (G k (iterate (S n) s)) (G k (iterate n s))) 0 t).
    2:{ rewrite (RInt_minus (V := R_CompleteNormedModule)) by auto. rewrite sub_two. reflexivity. }
    destruct (rint_bound (fun s => minus (G k (iterate (S n) s)) (G k (iterate n s))) t (L * (e * M / 2 ^ n))) as [_ B].
    + intros. apply (continuous_minus (V := R_NormedModule)); apply continuous_iterate_G; auto.
    + intros s S. unfold minus, plus, opp; simpl. destruct (T k K) as [_ [_ [HL _]]]. apply HL.
      * apply Rmult_le_pos; [apply Rmult_le_pos; lra|]. left. apply Rinv_0_lt_compat, pow_lt. lra.
      * apply IHn. lra.
    + eapply Rle_trans; [exact B|].
      assert (P : 0 < 2 ^ n) by (apply pow_lt; lra).
      assert (Q : 0 <= e * M / 2 ^ n) by (apply Rmult_le_pos; [apply Rmult_le_pos; lra|left; apply Rinv_0_lt_compat; auto]).
      replace (e * M / 2 ^ S n) with (1 / 2 * (e * M / 2 ^ n)) by (simpl; field; lra).
      rewrite <- Rmult_assoc. apply Rmult_le_compat_r; auto.
      eapply Rle_trans; [apply Rmult_le_compat_r; [lra|exact Ht]|exact eL].
Qed.

Definition gap (n : nat) : R := 2 * (e * M / 2 ^ n).
Lemma gap_pos n : 0 < gap n.
Proof.
  unfold gap. apply Rmult_lt_0_compat; [lra|]. apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat; lra|].
  apply Rinv_0_lt_compat, pow_lt. lra.
Qed.
Lemma steps n j t : Rabs t <= e -> close (gap n * (1 - 1 / 2 ^ j)) (iterate (n + j) t) (iterate n t).
Proof.
  intros Ht. induction j; intros k K.
  - rewrite Nat.add_0_r, Rminus_eq_0, Rabs_R0. simpl. lra.
  - rewrite Nat.add_succ_r.
    replace (iterate (S (n + j)) t k - iterate n t k)
      with ((iterate (S (n + j)) t k - iterate (n + j) t k) + (iterate (n + j) t k - iterate n t k)) by ring.
    eapply Rle_trans; [apply Rabs_triang|].
    assert (A := step (n + j) t Ht k K). assert (B := IHj k K).
    assert (P : 0 < 2 ^ n) by (apply pow_lt; lra). assert (P' : 0 < 2 ^ j) by (apply pow_lt; lra).
    replace (gap n * (1 - 1 / 2 ^ S j)) with (e * M / 2 ^ (n + j) + gap n * (1 - 1 / 2 ^ j)); [lra|].
    unfold gap. rewrite pow_add. simpl. field. lra.
Qed.
Lemma steps' n j t : Rabs t <= e -> close (gap n) (iterate (n + j) t) (iterate n t).
Proof.
  intros Ht k K. eapply Rle_trans; [apply (steps n j t Ht k K)|].
  assert (G0 := gap_pos n). assert (P' : 0 < / 2 ^ j) by (apply Rinv_0_lt_compat, pow_lt; lra).
  replace (gap n) with (gap n * 1) at 2 by ring. apply Rmult_le_compat_l; [lra|]. unfold Rdiv. lra.
Qed.

Lemma gap_small r : 0 < r -> exists n, gap n < r.
Proof.
  intro H. destruct (pow_lt_1_zero (1 / 2)) with (y := r / (2 * (e * M))) as [n N].
  - rewrite Rabs_right; lra.
  - apply Rdiv_lt_0_compat; auto. apply Rmult_lt_0_compat; [lra|]. apply Rmult_lt_0_compat; lra.
  - exists n. specialize (N n (le_n n)).
    assert (P : 0 < 2 ^ n) by (apply pow_lt; lra). assert (E : 0 < e * M) by (apply Rmult_lt_0_compat; lra).
    rewrite Rabs_right in N by (left; apply pow_lt; lra).
    unfold gap. replace (2 * (e * M / 2 ^ n)) with ((2 * (e * M)) * (1 / 2) ^ n).
    + apply (Rmult_lt_compat_l (2 * (e * M))) in N; [|lra]. replace (2 * (e * M) * (r / (2 * (e * M)))) with r in N by (field; lra).
      exact N.
    + rewrite half_pow. field. lra.
Qed.

Definition curve (t : R) : params := fun k => real (Lim_seq (fun n => iterate n t k)).

Lemma curve_lim t k : Rabs t <= e -> (k <= D)%positive -> is_lim_seq (fun n => iterate n t k) (curve t k).
Proof.
  intros Ht K. unfold curve. apply Lim_seq_correct'. apply ex_lim_seq_cauchy_corr. intro r.
  destruct (gap_small (r / 2)) as [N HN]; [assert (H := cond_pos r); lra|]. exists N. intros n m Hn Hm.
  replace (iterate n t k - iterate m t k) with ((iterate n t k - iterate N t k) - (iterate m t k - iterate N t k)) by ring.
  assert (A := steps' N (n - N) t Ht k K). assert (B := steps' N (m - N) t Ht k K).
  replace (N + (n - N))%nat with n in A by lia. replace (N + (m - N))%nat with m in B by lia.
  eapply Rle_lt_trans; [apply Rabs_triang|]. rewrite Rabs_Ropp. lra.
Qed.
Lemma curve_close n t : Rabs t <= e -> close (gap n) (curve t) (iterate n t).
Proof.
  intros Ht k K.
  assert (A : is_lim_seq (fun j => Rabs (iterate (j + n) t k - iterate n t k)) (Rabs (curve t k - iterate n t k))).
  { apply (is_lim_seq_abs _ (Finite (curve t k - iterate n t k))). apply is_lim_seq_minus'; [|apply is_lim_seq_const].
    apply (is_lim_seq_incr_n (fun j => iterate j t k) n). apply curve_lim; auto. }
  apply (is_lim_seq_le _ (fun _ => gap n) _ (gap n)) in A; [exact A| |apply is_lim_seq_const].
  intro j. rewrite Nat.add_comm. apply steps'; auto.
Qed.

Lemma iterate_lipschitz n s t k : (k <= D)%positive -> Rabs (iterate n t k - iterate n s k) <= M * Rabs (t - s).
Proof.
  intro K. destruct n; cbn [iterate].
  - rewrite Rminus_eq_0, Rabs_R0. apply Rmult_le_pos; [lra|apply Rabs_pos].
  - set (f := fun s => G k (iterate n s)).
    assert (C : forall z, continuous f z) by (intro; apply continuous_iterate_G; auto).
    assert (E : forall a b, ex_RInt f a b) by (intros; apply (ex_RInt_continuous (V := R_CompleteNormedModule)); auto).
    assert (CH := RInt_Chasles f 0 s t (E 0 s) (E s t)). unfold plus in CH; simpl in CH.
    rewrite sub_two. replace (RInt f 0 t - RInt f 0 s) with (RInt f s t) by (rewrite <- CH; symmetry; apply sub_same).
    assert (B : forall a b, a <= b -> Rabs (RInt f a b) <= (b - a) * M).
    { intros a b Hab. apply abs_RInt_le_const; auto. intros. apply T_bound; auto. }
    destruct (Rle_dec s t) as [H|H].
    + rewrite (Rabs_right (t - s)) by lra. specialize (B s t H). lra.
    + rewrite (Rabs_left (t - s)) by lra. rewrite <- (opp_RInt_swap (V := R_CompleteNormedModule)) by auto.
      unfold opp; simpl. rewrite Rabs_Ropp. assert (H' : t <= s) by lra. specialize (B t s H'). lra.
Qed.
Lemma curve_lipschitz s t k : Rabs s <= e -> Rabs t <= e -> (k <= D)%positive ->
  Rabs (curve t k - curve s k) <= M * Rabs (t - s).
Proof.
  intros Hs Ht K.
  assert (A : is_lim_seq (fun n => Rabs (iterate n t k - iterate n s k)) (Rabs (curve t k - curve s k))).
  { apply (is_lim_seq_abs _ (Finite (curve t k - curve s k))). apply is_lim_seq_minus'; apply curve_lim; auto. }
  apply (is_lim_seq_le _ (fun _ => M * Rabs (t - s)) _ (M * Rabs (t - s))) in A; [exact A| |apply is_lim_seq_const].
  intro n. apply iterate_lipschitz; auto.
Qed.
Lemma curve_continuous t k : Rabs t < e -> (k <= D)%positive -> continuous (fun s => curve s k) t.
Proof.
  intros Ht K. apply continuity_pt_filterlim. intros r Hr.
  exists (Rmin (e - Rabs t) (r / (2 * M))). split.
  { apply Rmin_pos; [lra|]. apply Rdiv_lt_0_compat; lra. }
  intros y [_ Hy]. simpl in *. unfold R_dist in *.
  assert (H1 := Rlt_le_trans _ _ _ Hy (Rmin_l _ _)). assert (H2 := Rlt_le_trans _ _ _ Hy (Rmin_r _ _)).
  assert (Hye : Rabs y <= e).
  { replace y with ((y - t) + t) by ring. eapply Rle_trans; [apply Rabs_triang|]. lra. }
  eapply Rle_lt_trans; [apply curve_lipschitz; auto; lra|].
  apply Rle_lt_trans with (M * (r / (2 * M))); [apply Rmult_le_compat_l; lra|].
  replace (M * (r / (2 * M))) with (r / 2) by (field; lra). lra.
Qed.
Lemma curve_G_continuous t k : Rabs t < e -> (k <= D)%positive -> continuous (fun s => G k (curve s)) t.
Proof. intros Ht K. apply continuous_G; auto. intros. apply curve_continuous; auto. Qed.

Lemma curve_integral t k : Rabs t < e -> (k <= D)%positive ->
  ex_RInt (fun s => G k (curve s)) 0 t /\ curve t k = p k + RInt (fun s => G k (curve s)) 0 t.
Proof.
  intros Ht K.
  destruct (rint_bound (fun s => G k (curve s)) t M) as [E _];
    [intros; apply curve_G_continuous; auto; lra|intros; apply T_bound; auto|].
  split; [exact E|].
  assert (A : is_lim_seq (fun n => iterate (S n) t k) (curve t k)).
  { apply (is_lim_seq_incr_1 (fun n => iterate n t k)). apply curve_lim; auto; lra. }
  assert (B : is_lim_seq (fun n => iterate (S n) t k) (p k + RInt (fun s => G k (curve s)) 0 t)).
  { apply is_lim_seq_spec. intro r. destruct (gap_small r (cond_pos r)) as [N HN]. exists N. intros n Hn.
    change (iterate (S n) t k) with (p k + RInt (fun s => G k (iterate n s)) 0 t).
    destruct (rint_bound (fun s => G k (iterate n s)) t M) as [E2 _];
      [intros; apply continuous_iterate_G; auto|intros; apply T_bound; auto|].
    replace (p k + RInt (fun s => G k (iterate n s)) 0 t - (p k + RInt (fun s => G k (curve s)) 0 t))
      with (RInt (fun s => minus (G k (iterate n s)) (G k (curve s))) 0 t).
    2:{ rewrite (RInt_minus (V := R_CompleteNormedModule)) by auto. rewrite sub_two. reflexivity. }
    destruct (rint_bound (fun s => minus (G k (iterate n s)) (G k (curve s))) t (L * gap n)) as [_ F].
    - intros. apply (continuous_minus (V := R_NormedModule)); [apply continuous_iterate_G|apply curve_G_continuous]; auto; lra.
    - intros s S. unfold minus, plus, opp; simpl. destruct (T k K) as [_ [_ [HL _]]]. apply HL; [left; apply gap_pos|].
      intros j J. rewrite Rabs_minus_sym. apply curve_close; auto; lra.
    - eapply Rle_lt_trans; [exact F|].
      assert (GN : gap n <= gap N).
      { unfold gap. apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat_l; [apply Rmult_le_pos; lra|].
        apply Rinv_le_contravar; [apply pow_lt; lra|]. apply Rle_pow; [lra|auto]. }
      assert (G0 := gap_pos n).
      assert (Rabs t * (L * gap n) <= e * (L * gap n)).
      { apply Rmult_le_compat_r; [apply Rmult_le_pos; lra|lra]. }
      assert (e * (L * gap n) <= 1 / 2 * gap n) by (rewrite <- Rmult_assoc; apply Rmult_le_compat_r; lra). lra. }
  apply is_lim_seq_unique in A. apply is_lim_seq_unique in B. rewrite A in B. inversion B. auto.
Qed.

Lemma curve_derive t k : Rabs t < e -> (k <= D)%positive -> is_derive (fun s => curve s k) t (evp (curve t) (W k)).
Proof.
  intros Ht K.
  assert (N : forall j, (j <= D)%positive -> clamp (curve t) j = curve t j).
  { intros j J. apply clamp_near. destruct (curve_integral t j Ht J) as [_ E]. rewrite E.
    rewrite sub_same.
    destruct (rint_bound (fun s => G j (curve s)) t M) as [_ B];
      [intros; apply curve_G_continuous; auto; lra|intros; apply T_bound; auto|].
    eapply Rle_trans; [exact B|]. apply Rle_trans with (e * M); [apply Rmult_le_compat_r; lra|lra]. }
  replace (evp (curve t) (W k)) with (G k (curve t)).
  2:{ unfold G. assert (B := HW k K). revert B. generalize (W k) as q.
      assert (Em : forall m, forallb (fun k => Pos.leb k D) m = true -> evm (clamp (curve t)) m = evm (curve t) m).
      { induction m as [|j m IH]; intro B; cbn [evm]; auto. simpl in B. apply andb_prop in B. destruct B as [Bj Bm].
        apply Pos.leb_le in Bj. rewrite IH, N by auto. reflexivity. }
      induction q as [|[m c] q IH]; intro B; cbn [evp]; auto. cbn [below forallb fst] in B. apply andb_prop in B.
      destruct B as [Bm Bq]. rewrite IH, Em by auto. reflexivity. }
  assert (Loc : locally t (fun s => Rabs s < e)).
  { assert (P : 0 < e - Rabs t) by lra. exists (mkposreal _ P). intros y Hy. unfold ball in Hy; simpl in Hy. unfold AbsRing_ball, abs, minus, plus, opp in Hy; simpl in Hy.
    replace y with ((y + - t) + t) by ring. eapply Rle_lt_trans; [apply Rabs_triang|]. lra. }
  apply (is_derive_ext_loc (fun s => p k + RInt (fun u => G k (curve u)) 0 s)).
  { revert Loc. apply filter_imp. intros s S. symmetry. apply curve_integral; auto. }
  replace (G k (curve t)) with (plus 0 (G k (curve t))) by (unfold plus; simpl; ring).
  apply (is_derive_plus (V := R_NormedModule)); [apply (is_derive_const (V := R_NormedModule))|].
  apply (is_derive_RInt (V := R_NormedModule) (fun u => G k (curve u)) _ 0).
  - revert Loc. apply filter_imp. intros s S. apply (RInt_correct (V := R_CompleteNormedModule)). apply curve_integral; auto.
  - apply curve_G_continuous; auto.
Qed.
Lemma curve_start k : (k <= D)%positive -> curve 0 k = p k.
Proof.
  intro K. assert (H : Rabs 0 < e) by (rewrite Rabs_R0; auto). destruct (curve_integral 0 k H K) as [_ E].
  rewrite E, (RInt_point (V := R_CompleteNormedModule)). unfold zero; simpl. ring.
Qed.
End Curve.

(** Through every point goes an integral curve of a polynomial field. *)
Theorem integral_curve : exists e (theta : R -> params), 0 < e /\ (forall k, (k <= D)%positive -> theta 0 k = p k) /\
  forall t k, Rabs t < e -> (k <= D)%positive -> is_derive (fun s => theta s k) t (evp (theta t) (W k)).
Proof.
  destruct tame_all as [L [M [L0 [M0 T]]]].
  set (e := Rmin (1 / (2 * L)) (1 / M)).
  assert (e0 : 0 < e) by (apply Rmin_pos; apply Rdiv_lt_0_compat; lra).
  assert (eL : e * L <= 1 / 2).
  { replace (1 / 2) with (1 / (2 * L) * L) by (field; lra). apply Rmult_le_compat_r; [lra|apply Rmin_l]. }
  assert (eM : e * M <= 1).
  { apply Rle_trans with (1 / M * M); [apply Rmult_le_compat_r; [lra|apply Rmin_r]|right; field; lra]. }
  exists e, curve. split; [exact e0|split].
  - intros k K. apply (curve_start L M e); auto.
  - intros t k Ht K. apply (curve_derive L M e); auto.
Qed.
End Picard.

(** ** The check *)

Definition check_refuted (D : positive) (p : list Q) (i l : nat) (outputs factors laws : list pexp) : bool :=
  let V := field_of D (map norm factors) (norm (nth i outputs (Zc 0))) in
  let h := norm (nth l laws (Zc 0)) in
  let r := lie V h in
  Nat.ltb i (length outputs) && Nat.ltb l (length laws) &&
  forallb (fun k => below D (V k)) (below_idx D) && below D h && below D r && negb (Qeq_bool (evq p r) 0).

Lemma below_popp D q : below D (popp q) = below D q.
Proof. induction q as [|[m c] q IH]; simpl; auto. rewrite IH. reflexivity. Qed.
Lemma evp_below D x y q : below D q = true -> (forall k, (k <= D)%positive -> x k = y k) -> evp x q = evp y q.
Proof.
  intros B E. induction q as [|[m c] q IH]; cbn [evp]; auto. cbn [below forallb fst] in B.
  apply andb_prop in B. destruct B as [Bm Bq]. rewrite IH by auto. f_equal. f_equal. clear - Bm E.
  induction m as [|k m IH]; simpl in *; auto. apply andb_prop in Bm. destruct Bm as [A B]. apply Pos.leb_le in A.
  rewrite IH, E; auto.
Qed.

Lemma locally_small (e : R) : 0 < e -> locally 0 (fun s => Rabs s < e).
Proof.
  intro He. exists (mkposreal e He). intros y Hy. unfold ball in Hy; simpl in Hy.
  unfold AbsRing_ball, abs, minus, plus, opp in Hy; simpl in Hy. rewrite Ropp_0, Rplus_0_r in Hy. exact Hy.
Qed.

Section Refute.
Variables (D : positive) (P : preconditioner) (phi laws : params -> list R) (outputs factors le : list pexp).
Hypothesis Hp : forall x, map (eval x) outputs = phi x.
Hypothesis HP : forall x, map (eval x) factors = P x.
Hypothesis Hl : forall x, map (eval x) le = laws x.

(** Where output i is the loss, a curve flows through p. *)
Lemma output_flow p i : (i < length outputs)%nat ->
  (forall k, (k <= D)%positive -> below D (field_of D (map norm factors) (norm (nth i outputs (Zc 0))) k) = true) ->
  exists e theta, 0 < e /\ (forall k, (k <= D)%positive -> theta 0 k = point p k) /\
    flow D P phi (fun j _ => if Nat.eqb j i then 1 else 0) theta (Finite (- e)) (Finite e) /\
    forall t k, Rabs t < e -> (k <= D)%positive -> is_derive (fun s => theta s k) t
      (evp (theta t) (popp (field_of D (map norm factors) (norm (nth i outputs (Zc 0))) k))).
Proof.
  intros K HB. set (f := norm (nth i outputs (Zc 0))) in *. set (V := field_of D (map norm factors) f) in *.
  assert (B : forall k, (k <= D)%positive -> below D (popp (V k)) = true) by (intros; rewrite below_popp; auto).
  destruct (integral_curve D (fun k => popp (V k)) (point p) B) as [e [theta [e0 [S H]]]].
  exists e, theta. split; [exact e0|split; [exact S|split; [|exact H]]].
  intros t k At Tb Lk. simpl in At, Tb.
  replace (- (factor P k (theta t) * _)) with (evp (theta t) (popp (V k))).
  { apply H; auto. apply Rabs_def1; lra. }
  rewrite popp_ok. unfold V. rewrite (factor_ok' D P factors HP) by auto. f_equal. f_equal.
  unfold f. rewrite <- (partial_nth phi outputs i k (theta t) Hp K).
  unfold Rsum. assert (I : In i (seq 0 (length (phi (theta t))))).
  { apply in_seq. rewrite <- Hp, map_length. lia. }
  assert (N : NoDup (seq 0 (length (phi (theta t))))) by apply seq_NoDup. revert I N.
  assert (Z : forall s, ~ In i s -> fold_right Rplus 0 (map (fun j => (if Nat.eqb j i then 1 else 0) *
     partial (fun x => nth j (phi x) 0) k (theta t)) s) = 0).
  { induction s as [|a s IH]; simpl; intro N; [reflexivity|].
    destruct (Nat.eqb_spec a i); [exfalso; auto|]. rewrite IH by tauto. ring. }
  generalize (seq 0 (length (phi (theta t)))). induction l as [|a s IH]; simpl; [tauto|].
  intros I N. inversion N; subst. destruct (Nat.eqb_spec a i).
  - subst. rewrite Z by auto. ring.
  - rewrite <- IH; [ring| |auto]. destruct I; [congruence|auto].
Qed.

(** Along it a polynomial that is constant has, at p, the derivative 0. *)
Lemma still p V e (theta : R -> params) h : 0 < e -> (forall k, (k <= D)%positive -> theta 0 k = point p k) ->
  (forall t k, Rabs t < e -> (k <= D)%positive -> is_derive (fun s => theta s k) t (evp (theta t) (popp (V k)))) ->
  below D h = true -> below D (lie V h) = true -> locally 0 (fun s => evp (theta s) h = evp (theta 0) h) ->
  Qeq_bool (evq p (lie V h)) 0 = true.
Proof.
  intros e0 S H Bh Br C. set (r := lie V h) in *.
  assert (D1 : is_derive (fun s => evp (theta s) h) 0 (dirp (theta 0) (fun k => evp (theta 0) (popp (V k))) h)).
  { apply (curve_p theta 0 _ D h); auto. intros k Lk. apply H; auto. rewrite Rabs_R0. auto. }
  assert (D2 : is_derive (fun s => evp (theta s) h) 0 0).
  { apply (is_derive_ext_loc (fun _ => evp (theta 0) h)); [|apply (is_derive_const (V := R_NormedModule))].
    revert C. apply filter_imp. intros s Hs. symmetry. exact Hs. }
  apply is_derive_unique in D1. apply is_derive_unique in D2. rewrite D1 in D2.
  rewrite (dirp_ext _ _ (fun k => -1 * evp (theta 0) (V k))) in D2 by (intro; rewrite popp_ok; ring).
  rewrite dirp_scal, <- lie_ok in D2. fold r in D2.
  rewrite (evp_below D (theta 0) (point p) r Br S), <- evq_ok in D2.
  assert (Z : Q2R (evq p r) = Q2R 0) by (rewrite Q2R_0; lra). apply eqR_Qeq, Qeq_bool_iff in Z. exact Z.
Qed.

Theorem check_refuted_sound p i l : check_refuted D p i l outputs factors le = true ->
  ~ conserved D P phi (fun x => nth l (laws x) 0).
Proof.
  unfold check_refuted. intros K C.
  repeat (apply andb_prop in K; let K' := fresh "K" in destruct K as [K K']).
  apply Nat.ltb_lt in K. apply Nat.ltb_lt in K4. rewrite forallb_forall in K3.
  destruct (output_flow p i K) as [e [theta [e0 [S [F H]]]]].
  { intros k Lk. apply K3, below_idx_in, Lk. }
  assert (E : forall x, nth l (laws x) 0 = evp x (norm (nth l le (Zc 0)))).
  { intro x. rewrite <- Hl. apply nth_map_eval. auto. }
  rewrite (still p _ e theta _ e0 S H K2 K1) in K0; [discriminate|].
  generalize (locally_small e e0). apply filter_imp. intros s Hs. rewrite <- !E. apply Rabs_def2 in Hs.
  symmetry. apply (C _ _ _ _ F 0 s); simpl; lra.
Qed.
End Refute.

Theorem refuted_ok D p i l P phi law O F L : mean D O F L P phi law -> check_refuted D p i l O F L = true ->
  ~ conserved D P phi (fun x => nth l (law x) 0).
Proof.
  intros [HO [HF HL]] K. apply (check_refuted_sound D P phi law O F L) with (p := p) (i := i); auto;
  intro x; [apply HO|apply HF|apply HL].
Qed.

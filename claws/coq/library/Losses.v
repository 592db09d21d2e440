(** Theorem (b): what holds for arbitrary c_i holds for every differentiable loss, which may change with the time. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Claws Require Import Vocabulary Polynomials Conserved.
Import ListNotations.
Open Scope R_scope.

Lemma finite_del (l : list nat) (P : nat -> R -> Prop) :
  (forall i, In i l -> exists del, 0 < del /\ forall h, Rabs h < del -> P i h) ->
  exists del, 0 < del /\ forall h, Rabs h < del -> forall i, In i l -> P i h.
Proof.
  induction l as [|a l IH]; intro H.
  - exists 1. split; [lra|]. intros h _ i [].
  - destruct (H a) as [d1 [D1 H1]]; [simpl; auto|].
    destruct IH as [d2 [D2 H2]]; [intros; apply H; simpl; auto|].
    exists (Rmin d1 d2). split; [apply Rmin_pos; auto|]. intros h Hh i [<-|I].
    + apply H1. eapply Rlt_le_trans; [exact Hh|apply Rmin_l].
    + apply H2; auto. eapply Rlt_le_trans; [exact Hh|apply Rmin_r].
Qed.
Lemma Rsum_le n f g : (forall i, (i < n)%nat -> f i <= g i) -> Rsum n f <= Rsum n g.
Proof.
  unfold Rsum. intro H. assert (G : forall i, In i (seq 0 n) -> f i <= g i).
  { intros i I. apply in_seq in I. apply H. lia. }
  clear H. induction (seq 0 n); simpl; [lra|]. apply Rplus_le_compat; [apply G; simpl; auto|].
  apply IHl. intros; apply G; simpl; auto.
Qed.
Lemma Rsum_scal n a f : Rsum n (fun i => a * f i) = a * Rsum n f.
Proof. unfold Rsum. induction (seq 0 n); simpl; [ring|]. rewrite IHl. ring. Qed.
Lemma Rsum_plus n f g : Rsum n (fun i => f i + g i) = Rsum n f + Rsum n g.
Proof. unfold Rsum. induction (seq 0 n); simpl; [ring|]. rewrite IHl. ring. Qed.
Lemma Rsum_ext n f g : (forall i, f i = g i) -> Rsum n f = Rsum n g.
Proof. intro H. unfold Rsum. induction (seq 0 n); simpl; [ring|]. rewrite IHl, H. ring. Qed.
Lemma Rsum_pos n f : (forall i, 0 <= f i) -> 0 <= Rsum n f.
Proof. intro H. unfold Rsum. induction (seq 0 n); simpl; [lra|]. specialize (H a). lra. Qed.
Lemma Rsum_abs n f : Rabs (Rsum n f) <= Rsum n (fun i => Rabs (f i)).
Proof.
  unfold Rsum. induction (seq 0 n); simpl; [rewrite Rabs_R0; lra|].
  eapply Rle_trans; [apply Rabs_triang|]. lra.
Qed.

(** chain rule along a curve s |-> y(s) in R^d *)
Lemma chain (d : nat) (L : list R -> R) (y : R -> list R) (x : R) (g p : nat -> R) :
  d = length (y x) -> is_gradient L (y x) g -> (forall s, length (y s) = length (y x)) ->
  (forall i, (i < d)%nat -> is_derive (fun s => nth i (y s) 0) x (p i)) ->
  is_derive (fun s => L (y s)) x (Rsum d (fun i => g i * p i)).
Proof.
  intros Hlen G LL Hp. unfold is_gradient in G. rewrite <- Hlen in G, LL. apply is_derive_Reals. intros eps Heps.
  set (K := Rsum d (fun i => Rabs (p i) + 1 + Rabs (g i)) + 1).
  assert (K1 : 1 <= K).
  { unfold K. assert (0 <= Rsum d (fun i => Rabs (p i) + 1 + Rabs (g i))); [|lra].
    apply Rsum_pos. intro i. assert (A := Rabs_pos (p i)). assert (B := Rabs_pos (g i)). lra. }
  set (e := Rmin 1 (eps / (2 * K))).
  assert (E0 : 0 < e). { apply Rmin_pos; [lra|]. apply Rdiv_lt_0_compat; lra. }
  assert (E1 : e <= 1) by apply Rmin_l.
  assert (EK : e * K < eps).
  { apply Rle_lt_trans with (eps / (2 * K) * K).
    - apply Rmult_le_compat_r; [lra|apply Rmin_r].
    - replace (eps / (2 * K) * K) with (eps / 2) by (field; lra). lra. }
  destruct (G e E0) as [del [Hdel HG]].
  (* each coordinate *)
  destruct (finite_del (seq 0 d) (fun i h =>
      Rabs (nth i (y (x + h)) 0 - nth i (y x) 0 - p i * h) <= e * Rabs h)) as [d1 [D1 H1]].
  { intros i I. apply in_seq in I. assert (I' : (i < d)%nat) by lia.
    assert (A := Hp i I'). apply is_derive_Reals in A. destruct (A e E0) as [[dd Hdd] Hd].
    exists dd. split; [exact Hdd|]. intros h Hh. destruct (Req_dec h 0) as [->|Nz].
    - rewrite Rplus_0_r, Rmult_0_r. replace (_ - _ - 0) with 0 by ring. rewrite Rabs_R0. lra.
    - specialize (Hd h Nz Hh). cbv beta in Hd.
      replace (nth i (y (x + h)) 0 - nth i (y x) 0 - p i * h)
        with (((nth i (y (x + h)) 0 - nth i (y x) 0) / h - p i) * h) by (field; auto).
      rewrite Rabs_mult. apply Rmult_le_compat_r; [apply Rabs_pos|]. lra. }
  assert (H2 : forall h, Rabs h < d1 -> forall i, (i < d)%nat ->
     Rabs (nth i (y (x + h)) 0 - nth i (y x) 0) <= (Rabs (p i) + 1) * Rabs h).
  { intros h Hh i I. assert (J : In i (seq 0 d)) by (apply in_seq; lia).
    specialize (H1 h Hh i J). cbv beta in H1.
    replace (nth i (y (x + h)) 0 - nth i (y x) 0)
      with ((nth i (y (x + h)) 0 - nth i (y x) 0 - p i * h) + p i * h) by ring.
    eapply Rle_trans; [apply Rabs_triang|]. rewrite Rabs_mult.
    assert (e * Rabs h <= 1 * Rabs h) by (apply Rmult_le_compat_r; [apply Rabs_pos|lra]). lra. }
  assert (Dm : 0 < Rmin d1 (del / K)).
  { apply Rmin_pos; auto. apply Rdiv_lt_0_compat; lra. }
  exists (mkposreal _ Dm). simpl. intros h Nz Hh.
  assert (Hh1 := Rlt_le_trans _ _ _ Hh (Rmin_l _ _)). assert (Hh2 := Rlt_le_trans _ _ _ Hh (Rmin_r _ _)).
  assert (Hpos : 0 < Rabs h) by (apply Rabs_pos_lt; auto).
  assert (KB : forall i, (i < d)%nat -> Rabs (p i) + 1 <= K).
  { intros i I. unfold K. assert (Rabs (p i) + 1 <= Rsum d (fun i => Rabs (p i) + 1 + Rabs (g i))); [|lra].
    unfold Rsum. assert (J : In i (seq 0 d)) by (apply in_seq; lia). revert J. generalize (seq 0 d).
    assert (Q : forall j, 0 <= Rabs (p j) + 1 + Rabs (g j)).
    { intro j. assert (A := Rabs_pos (p j)). assert (B := Rabs_pos (g j)). lra. }
    induction l as [|a l IH]; simpl; [tauto|]. intros [->|J].
    - assert (B := Rabs_pos (g i)). assert (0 <= fold_right Rplus 0 (map (fun i => Rabs (p i) + 1 + Rabs (g i)) l)); [|lra].
      clear IH. induction l; simpl; [lra|]. specialize (Q a). lra.
    - specialize (IH J). specialize (Q a). lra. }
  assert (Z := HG (y (x + h)) (LL _)).
  assert (Zc : forall i, (i < d)%nat -> Rabs (nth i (y (x + h)) 0 - nth i (y x) 0) < del).
  { intros i I. eapply Rle_lt_trans; [apply H2; auto|].
    apply Rle_lt_trans with (K * Rabs h).
    - apply Rmult_le_compat_r; [lra|]. auto.
    - apply Rlt_le_trans with (K * (del / K)); [apply Rmult_lt_compat_l; lra|].
      right. field. lra. }
  specialize (Z Zc).
  assert (Fin : Rabs (L (y (x + h)) - L (y x) - Rsum d (fun i => g i * p i) * h) <= e * K * Rabs h).
  { set (dy := fun i => nth i (y (x + h)) 0 - nth i (y x) 0) in *.
    replace (L (y (x + h)) - L (y x) - Rsum d (fun i => g i * p i) * h)
      with ((L (y (x + h)) - L (y x) - Rsum d (fun i => g i * dy i))
            + Rsum d (fun i => g i * (dy i - p i * h))).
    2:{ rewrite (Rsum_ext d (fun i => g i * (dy i - p i * h)) (fun i => g i * dy i + - h * (g i * p i)))
          by (intro; ring). rewrite Rsum_plus, Rsum_scal. ring. }
    eapply Rle_trans; [apply Rabs_triang|].
    apply Rle_trans with (e * Rsum d (fun i => (Rabs (p i) + 1) * Rabs h)
                          + Rsum d (fun i => Rabs (g i) * (e * Rabs h))).
    - apply Rplus_le_compat.
      + eapply Rle_trans; [exact Z|]. apply Rmult_le_compat_l; [lra|]. apply Rsum_le. intros; apply H2; auto.
      + eapply Rle_trans; [apply Rsum_abs|]. apply Rsum_le. intros i I. rewrite Rabs_mult.
        apply Rmult_le_compat_l; [apply Rabs_pos|]. apply (H1 h Hh1 i). apply in_seq; lia.
    - rewrite <- Rsum_scal, <- Rsum_plus.
      rewrite (Rsum_ext d _ (fun i => (e * Rabs h) * (Rabs (p i) + 1 + Rabs (g i)))) by (intro; ring).
      rewrite Rsum_scal. unfold K.
      assert (0 <= e * Rabs h) by (apply Rmult_le_pos; lra).
      replace (e * (Rsum d (fun i => Rabs (p i) + 1 + Rabs (g i)) + 1) * Rabs h)
        with (e * Rabs h * Rsum d (fun i => Rabs (p i) + 1 + Rabs (g i)) + e * Rabs h) by ring. lra. }
  replace ((L (y (x + h)) - L (y x)) / h - Rsum d (fun i => g i * p i))
    with ((L (y (x + h)) - L (y x) - Rsum d (fun i => g i * p i) * h) / h) by (field; auto).
  unfold Rdiv. rewrite Rabs_mult, Rabs_inv. 
  apply Rle_lt_trans with (e * K * Rabs h * / Rabs h).
  - apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; auto|auto].
  - rewrite Rmult_assoc, Rinv_r by lra. lra.
Qed.

(** The outputs are smooth enough on [S]: a list of fixed length, whose entries have partial derivatives there. *)
Definition smooth_on (S : params -> Prop) (D : positive) (phi : params -> list R) : Prop :=
  (forall x y, length (phi x) = length (phi y)) /\
  forall i x k, S x -> (k <= D)%positive -> ex_derive (fun s => nth i (phi (upd x k s)) 0) (x k).
Definition smooth := smooth_on (fun _ => True).

Lemma upd_self x k : upd x k (x k) = x.
Proof. apply functional_extensionality. intro. apply upd_same. Qed.

Theorem conserved_losses_on S D P phi law :
  smooth_on S D phi -> conserved_on S D P phi law -> conserved_for_losses_on S D P phi law.
Proof.
  intros [S1 S2] C L theta a b Stay F.
  (* the gradient of the loss at each time: chosen by its uniqueness in each coordinate, as a limit *)
  set (c := fun i t => Derive (fun s => L t (map (fun j => nth j (phi (theta t)) 0 + if Nat.eqb j i then s else 0)
      (seq 0 (length (phi (theta t)))))) 0).
  apply (C c theta a b Stay). intros t k A B Lk. destruct (F t A B) as [[g G] H]. specialize (H k Lk).
  set (y := phi (theta t)) in *.
  assert (Ec : forall i, (i < length y)%nat -> c i t = g i).
  { intros i I. unfold c. fold y. apply is_derive_unique.
    set (e := fun s => map (fun j => nth j y 0 + (if Nat.eqb j i then s else 0)) (seq 0 (length y))).
    assert (E0 : e 0 = y).
    { apply (nth_ext _ _ 0 0). { unfold e. rewrite map_length, seq_length. reflexivity. }
      intros n N. unfold e in *. rewrite map_length, seq_length in N.
      etransitivity; [apply (nth_array1 (length y) (fun j => nth j y 0 + (if Nat.eqb j i then 0 else 0)) n 0 N)|].
      destruct (Nat.eqb n i); ring. }
    replace (g i) with (Rsum (length y) (fun j => g j * (if Nat.eqb j i then 1 else 0))).
    - apply (chain (length y) (L t) e 0 g (fun j => if Nat.eqb j i then 1 else 0)).
      + rewrite E0. reflexivity.
      + rewrite E0. exact G.
      + intro s. unfold e. rewrite !map_length. reflexivity.
      + intros j J. apply (is_derive_ext (fun s => nth j y 0 + (if Nat.eqb j i then s else 0))).
        { intro s. symmetry.
          apply (nth_array1 (length y) (fun j => nth j y 0 + (if Nat.eqb j i then s else 0)) j 0 J). }
        replace (if Nat.eqb j i then 1 else 0) with (0 + (if Nat.eqb j i then 1 else 0)) by ring.
        apply (is_derive_plus (V := R_NormedModule)).
        * apply (is_derive_const (V := R_NormedModule)).
        * destruct (Nat.eqb j i); [apply (is_derive_id (K := R_AbsRing))|apply (is_derive_const (V := R_NormedModule))].
    - unfold Rsum. assert (N : NoDup (seq 0 (length y))) by apply seq_NoDup.
      assert (J : In i (seq 0 (length y))) by (apply in_seq; lia). revert N J.
      assert (Z : forall l, ~ In i l -> fold_right Rplus 0 (map (fun j => g j * (if Nat.eqb j i then 1 else 0)) l) = 0).
      { induction l as [|a' l IH]; simpl; intro N; [reflexivity|].
        destruct (Nat.eqb_spec a' i); [exfalso; auto|]. rewrite IH by tauto. ring. }
      generalize (seq 0 (length y)). induction l as [|a' l IH]; simpl; [tauto|]. intros N J. inversion N; subst.
      destruct (Nat.eqb_spec a' i).
      + subst. rewrite Z by auto. ring.
      + rewrite IH; [ring|auto|]. destruct J; [congruence|auto]. }
  replace (Rsum (length y) (fun i => c i t * partial (fun x => nth i (phi x) 0) k (theta t)))
    with (partial (fun x => L t (phi x)) k (theta t)); [exact H|].
  unfold partial at 1. apply is_derive_unique.
  replace (Rsum (length y) (fun i => c i t * partial (fun x => nth i (phi x) 0) k (theta t)))
    with (Rsum (length y) (fun i => g i * partial (fun x => nth i (phi x) 0) k (theta t))).
  2:{ unfold Rsum. f_equal. apply map_ext_in. intros i I. apply in_seq in I. rewrite Ec by lia. reflexivity. }
  apply (chain (length y) (L t) (fun s => phi (upd (theta t) k s)) (theta t k) g).
  - rewrite upd_self. reflexivity.
  - rewrite upd_self. exact G.
  - intro s. apply S1.
  - intros i I. unfold partial. apply Derive_correct. apply S2; auto.
Qed.

(** All curves stay in the set of all points. *)
Lemma everywhere (S : params -> Prop) D P phi law : (forall x, S x) -> conservation_law_on S D P phi law -> conservation_law D P phi law.
Proof.
  intros H [A B]. split; intros c theta a b; [apply A|apply B]; intros t _ _; apply H.
Qed.
Theorem conserved_losses D P phi law : smooth D phi -> conserved D P phi law -> conserved_for_losses D P phi law.
Proof.
  intros H C L theta a b F. refine (conserved_losses_on (fun _ => True) D P phi law H _ L theta a b _ F).
  - intros c' theta' a' b' _. apply C.
  - intros t _ _. exact I.
Qed.

Lemma smooth_on_data D c outputs (phi : data -> params -> list R) samples :
  (forall z x, map (eval (lift D c z x)) outputs = phi z x) -> smooth D (on_data phi samples).
Proof.
  intro H. assert (Ln : forall z x, length (phi z x) = length outputs) by (intros; rewrite <- H; apply map_length).
  split.
  - intros x y. unfold on_data. induction samples; simpl; auto. rewrite !app_length, IHsamples, !Ln. reflexivity.
  - intros i x k _ L. unfold on_data.
    destruct (nth_flat_map phi (length outputs) samples i Ln) as [[z [j [J [_ E]]]]|E].
    + apply (ex_derive_ext (fun s => evp (lift D c z (upd x k s)) (norm (nth j outputs (Zc 0))))).
      * intro s. rewrite E, <- H. symmetry. apply nth_map_eval. auto.
      * apply ex_derive_lift. auto.
    + apply (ex_derive_ext (fun _ => 0)); [intro; symmetry; apply E|apply ex_derive_const].
Qed.
Lemma smooth_polynomials D c outputs (phi : params -> list R) :
  (forall z x, map (eval (lift D c z x)) outputs = phi x) -> smooth D phi.
Proof.
  intro H.
  assert (E : phi = on_data (fun _ => phi) [fun _ => 0]).
  { apply functional_extensionality. intro x. unfold on_data. simpl. rewrite app_nil_r. reflexivity. }
  rewrite E. apply (smooth_on_data D c outputs (fun _ => phi)). auto.
Qed.

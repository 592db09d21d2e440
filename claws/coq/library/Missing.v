(** That laws are not all: at a rational point the gradient of another law is no combination of theirs. The other law may be given; or, where
    all outputs push along one direction, it is known to exist, and so is how many there are ([Straighten.v]). *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Claws Require Import Vocabulary Polynomials Conserved NoOther Smooth Generic Straighten.
Import ListNotations.
Open Scope R_scope.

(** A polynomial from its terms: numerator and denominator of the coefficient, then the numbers of the variables, as in
    [-3; 2; 1; 1; 2] for - 3/2 x_1^2 x_2. *)
Definition polynomial_of (terms : list (list Z)) : pexp :=
  fold_right (fun t e => match t with
    | n :: d :: m => Add (fold_right (fun k e => Mul (X (Z.to_pos k)) e) (Qc n (Z.to_pos d)) m) e
    | _ => e end) (Zc 0) terms.

Definition slopes (D : positive) (p : list Q) (e : pexp) : vec :=
  let h := norm e in map (fun k => evq p (dp k h)) (below_idx D).

(** The direction u is orthogonal to the gradients of the laws. *)
Definition tells (D : positive) (laws : list pexp) (p : list Q) (u : vec) : bool :=
  forallb (fun l => Qeq_bool (dotq (slopes D p l) u) 0) laws.

(** ... and not to that of the other law. *)
Definition check_missing (D : positive) (p : list Q) (e : pexp) (u : vec) (outputs factors laws : list pexp) : bool :=
  check_conserved D outputs factors [e] && tells D laws p u && negb (Qeq_bool (dotq (slopes D p e) u) 0).

(** The field of output i has a component that is not 0 at p, that of the coordinate x0, and all others are along it. *)
Definition check_one_field (D : positive) (p : list Q) (i : nat) (x0 : positive) (outputs factors : list pexp) : bool :=
  let field e := field_of D (map norm factors) (norm e) in
  let V := field (nth i outputs (Zc 0)) in
  Nat.ltb i (length outputs) && Pos.leb x0 D && negb (Qeq_bool (evq p (V x0)) 0) &&
  forallb (fun e => let W := field e in
    forallb (fun k => pzero (padd (pmul (W k) (V x0)) (popp (pmul (V k) (W x0))))) (below_idx D)) outputs.

(** The gradient w is orthogonal to the field. *)
Definition check_missing_straight (D : positive) (p : list Q) (i : nat) (x0 : positive) (w u : vec)
    (outputs factors laws : list pexp) : bool :=
  let V := field_of D (map norm factors) (norm (nth i outputs (Zc 0))) in
  check_one_field D p i x0 outputs factors && tells D laws p u && Nat.eqb (length w) (Pos.to_nat D) &&
  Qeq_bool (dotq w (map (fun k => evq p (V k)) (below_idx D))) 0 && negb (Qeq_bool (dotq w u) 0).

Definition check_counted_straight (D : positive) (p : list Q) (i : nat) (x0 : positive) (n : nat)
    (outputs factors laws : list pexp) : bool :=
  check_one_field D p i x0 outputs factors &&
  below D (field_of D (map norm factors) (norm (nth i outputs (Zc 0))) x0) && Nat.eqb (S n) (Pos.to_nat D).

(** ** Why it is right *)

Lemma dotq_Rsum a : forall b, Q2R (dotq a b) = Rsum (length a) (fun n => Q2R (nth n a 0%Q) * Q2R (nth n b 0%Q)).
Proof.
  induction a as [|x a IH]; intro b; [cbn [dotq length]; rewrite Q2R_0; reflexivity|].
  destruct b as [|z b]; cbn [dotq length].
  - rewrite Q2R_0, Rsum_zero; auto. intros [|n] _; simpl; rewrite Q2R_0; ring.
  - rewrite Rsum_S, Q2R_add, Q2R_mul, IH. reflexivity.
Qed.
Lemma dotq_Psum D a b : length a = Pos.to_nat D -> Q2R (dotq a b) = Psum D (fun k => point a k * point b k).
Proof.
  intro L. rewrite dotq_Rsum, L. unfold Psum. apply Rsum_eq. intros n _. unfold point, place, coordinate.
  rewrite SuccNat2Pos.id_succ. reflexivity.
Qed.
Lemma length_below_idx D : length (below_idx D) = Pos.to_nat D.
Proof. unfold below_idx. rewrite map_length, seq_length. reflexivity. Qed.
Lemma point_below D (f : positive -> Q) k : (k <= D)%positive -> point (map f (below_idx D)) k = Q2R (f k).
Proof.
  intro L. unfold point, below_idx, place. rewrite map_map.
  rewrite (nth_indep _ 0%Q (f (Pos.of_succ_nat 0))) by (rewrite map_length, seq_length; lia).
  rewrite (map_nth (fun x => f (Pos.of_succ_nat x))), seq_nth by lia. rewrite idx_ok. reflexivity.
Qed.
Lemma slopes_ok D p e u : Q2R (dotq (slopes D p e) u) = Psum D (fun k => partial (fun x => eval x e) k (point p) * point u k).
Proof.
  rewrite (dotq_Psum D) by (unfold slopes; rewrite map_length; apply length_below_idx).
  apply Psum_ext. intros k L. unfold slopes. rewrite point_below by auto. rewrite evq_ok, partial_eval. reflexivity.
Qed.

Section Missing.
Variables (D : positive) (P : preconditioner) (phi laws : params -> list R) (outputs factors le : list pexp).
Hypothesis M : mean D outputs factors le P phi laws.
Let Hp x : map (eval x) outputs = phi x. Proof. apply M. Qed.
Let HP x : map (eval x) factors = P x. Proof. apply M. Qed.
Let Hl x : map (eval x) le = laws x. Proof. apply M. Qed.

(** An invariant whose gradient u does not take to 0 is another law. *)
Lemma another p u eps h : tells D le p u = true -> 0 < eps -> C2 D (point p) eps h -> invariant D P phi (point p) eps h ->
  Psum D (fun k => partial h k (point p) * point u k) <> 0 -> ~ no_other_law D P phi laws (point p).
Proof.
  intros K E C I Z N. apply Z. destruct (N eps h E C I) as [beta H].
  rewrite (Psum_ext D _ (fun k => Rsum (length le) (fun l => beta l * (partial (fun y => eval y (nth l le (Zc 0))) k (point p) * point u k)))).
  2:{ intros k L. rewrite H by auto. rewrite <- Hl, map_length, <- Rsum_mul_r. apply Rsum_eq. intros l Ll.
      rewrite (partial_nth laws le l k (point p) Hl Ll), partial_eval. ring. }
  unfold Psum. rewrite Rsum_swap. apply Rsum_zero. intros l Ll. rewrite Rsum_mul.
  assert (S := slopes_ok D p (nth l le (Zc 0)) u). unfold Psum in S. rewrite <- S.
  unfold tells in K. rewrite forallb_forall in K. specialize (K _ (nth_In le (Zc 0) Ll)). apply Qeq_bool_iff, Qeq_eqR in K.
  rewrite K, Q2R_0. ring.
Qed.

Lemma not_zero q : negb (Qeq_bool q 0) = true -> Q2R q <> 0.
Proof.
  intros K Z. rewrite <- Q2R_0 in Z. apply eqR_Qeq, Qeq_bool_iff in Z. rewrite Z in K. discriminate.
Qed.

Theorem check_missing_sound p e u : check_missing D p e u outputs factors le = true -> ~ no_other_law D P phi laws (point p).
Proof.
  unfold check_missing. intro K. apply andb_prop in K. destruct K as [K K0]. apply andb_prop in K. destruct K as [KC KT].
  apply (another p u 1 (fun x => eval x e) KT Rlt_0_1).
  - apply C2_eval.
  - apply (law_invariant D P phi outputs factors Hp HP [e] KC 0%nat). simpl. auto.
  - rewrite <- slopes_ok. apply not_zero, K0.
Qed.

(** ** All outputs along one field *)

Section OneField.
Variables (p : list Q) (i : nat) (x0 : positive).
Hypothesis KF : check_one_field D p i x0 outputs factors = true.
Let field e := field_of D (map norm factors) (norm e).
Let V := field (nth i outputs (Zc 0)).

Lemma one_field : (i < length outputs)%nat /\ (x0 <= D)%positive /\ evp (point p) (V x0) <> 0 /\
  forall e, In e outputs -> forall k, (k <= D)%positive -> forall x, evp x (field e k) * evp x (V x0) = evp x (V k) * evp x (field e x0).
Proof.
  unfold check_one_field in KF. apply andb_prop in KF. destruct KF as [K K3]. apply andb_prop in K. destruct K as [K K2].
  apply andb_prop in K. destruct K as [K0 K1]. apply Nat.ltb_lt in K0. apply Pos.leb_le in K1.
  split; [exact K0|split; [exact K1|split]].
  - rewrite <- evq_ok. apply not_zero. exact K2.
  - intros e I k L x. rewrite forallb_forall in K3. specialize (K3 e I). rewrite forallb_forall in K3.
    specialize (K3 k (proj2 (below_idx_in D k) L)). fold (field e) (field (nth i outputs (Zc 0))) in K3. fold V in K3.
    assert (E := padd_ok x (pmul (field e k) (V x0)) (popp (pmul (V k) (field e x0)))).
    destruct (padd _ _) as [|]; [|discriminate]. rewrite popp_ok, !pmul_ok in E. simpl in E. lra.
Qed.
Lemma field_supported k : (D < k)%positive -> V k = [].
Proof. intro L. unfold V, field, field_of. apply Pos.leb_gt in L. rewrite L. reflexivity. Qed.

(** An invariant has a gradient orthogonal to V, and the other way round where V does not vanish. *)
Lemma invariant_field x j h : (j < length outputs)%nat ->
  Psum D (fun k => partial h k x * (factor P k x * partial (fun y => nth j (phi y) 0) k x)) =
  Psum D (fun k => evp x (field (nth j outputs (Zc 0)) k) * partial h k x).
Proof.
  intro J. apply Psum_ext. intros k L. unfold field. rewrite (factor_ok' D P factors HP) by auto.
  rewrite (partial_nth phi outputs j k x Hp J). ring.
Qed.
Lemma killed_is_invariant x0' eps h : (forall x, near D x0' eps x -> evp x (V x0) <> 0) ->
  (forall x, near D x0' eps x -> Psum D (fun k => evp x (V k) * partial h k x) = 0) -> invariant D P phi x0' eps h.
Proof.
  intros F H x N j J. rewrite <- Hp, map_length in J. rewrite invariant_field by auto.
  destruct one_field as [_ [_ [_ E]]]. specialize (E _ (nth_In outputs (Zc 0) J)). specialize (F x N).
  rewrite (Psum_ext D _ (fun k => evp x (field (nth j outputs (Zc 0)) x0) / evp x (V x0) * (evp x (V k) * partial h k x))).
  2:{ intros k L. specialize (E k L x). revert E F.
      generalize (evp x (field (nth j outputs (Zc 0)) k)) (evp x (V x0)) (evp x (V k)) (evp x (field (nth j outputs (Zc 0)) x0)) (partial h k x).
      intros a b c d q E F. apply (Rmult_eq_reg_r b); [|exact F]. replace (a * q * b) with (a * b * q) by ring.
      rewrite E. field. exact F. }
  rewrite Psum_scal, (H x N). apply Rmult_0_r.
Qed.

(** As many laws as the dimension, less one. *)
Lemma number_at x n : evp x (V x0) <> 0 -> S n = Pos.to_nat D -> number_of_laws D P phi n x.
Proof.
  intros F Ln. destruct one_field as [Li [Lx _]].
  destruct (straight D V x x0 Lx field_supported F) as [eps [E0 [F0 H]]].
  set (w := fun (j k : positive) => if Pos.eqb k x0 then - (evp x (V j) / evp x (V x0)) else if Pos.eqb j k then 1 else 0).
  set (js := filter (fun k => negb (Pos.eqb k x0)) (below_idx D)).
  assert (In_js : forall k, In k js <-> (k <= D)%positive /\ k <> x0).
  { intro k. unfold js. rewrite filter_In, below_idx_in. destruct (Pos.eqb_spec k x0); simpl; intuition discriminate. }
  assert (Nd : NoDup js) by (apply NoDup_filter, below_idx_nodup).
  (* a sum over all coordinates *)
  assert (Split : forall f : positive -> R, Psum D f = f x0 + fold_right Rplus 0 (map f js)).
  { intro f. rewrite Psum_fr. assert (I : In x0 (below_idx D)) by (apply below_idx_in; exact Lx).
    assert (N := below_idx_nodup D). unfold js. revert I N. generalize (below_idx D).
    induction l as [|a l IH]; simpl; [tauto|]. intros I N. inversion N as [|? ? N1 N2]; subst.
    destruct (Pos.eqb_spec a x0) as [->|E]; cbn [negb].
    - f_equal. f_equal. f_equal. clear - N1. induction l as [|b l IH]; simpl in *; auto.
      destruct (Pos.eqb_spec b x0) as [->|E]; [tauto|]. cbn [negb]. f_equal. apply IH. tauto.
    - destruct I as [I|I]; [congruence|]. cbn [map fold_right]. rewrite IH; auto. ring. }
  assert (Len : length js = n).
  { assert (L := length_below_idx D). rewrite <- Ln in L.
    assert (I : In x0 (below_idx D)) by (apply below_idx_in; exact Lx). assert (N := below_idx_nodup D).
    assert (G : forall l, In x0 l -> NoDup l -> S (length (filter (fun k => negb (Pos.eqb k x0)) l)) = length l).
    { induction l as [|a l IH]; simpl; [tauto|]. intros I' N'. inversion N' as [|? ? N1 N2]; subst.
      destruct (Pos.eqb_spec a x0) as [->|E]; cbn [negb length].
      - f_equal. clear - N1. induction l as [|b l IH]; simpl in *; auto.
        destruct (Pos.eqb_spec b x0) as [->|E]; [tauto|]. cbn [negb length]. f_equal. apply IH. tauto.
      - f_equal. apply IH; auto. destruct I' as [I'|I']; [congruence|auto]. }
    specialize (G _ I N). unfold js. lia. }
  assert (Orth : forall j, In j js -> Psum D (fun k => w j k * evp x (V k)) = 0).
  { intros j J. apply In_js in J. destruct J as [J1 J2]. rewrite Split. unfold w at 1. rewrite Pos.eqb_refl.
    rewrite (fr_ext _ (fun k => evp x (V k) * (if Pos.eqb j k then 1 else 0))).
    2:{ intros k K. apply In_js in K. unfold w. destruct (Pos.eqb_spec k x0); [tauto|]. ring. }
    rewrite (fr_delta (fun k => evp x (V k)) j js Nd).
    destruct (in_dec Pos.eq_dec j js) as [I|I]; [field; exact F|]. exfalso. apply I, In_js. auto. }
  set (laws' := fun y => map (fun j => straightened D V x x0 (w j) y) js).
  assert (Nth : forall l, (l < n)%nat -> (fun y => nth l (laws' y) 0) = straightened D V x x0 (w (nth l js x0))).
  { intros l Ll. apply functional_extensionality. intro y. unfold laws'.
    rewrite (nth_indep _ 0 (straightened D V x x0 (w x0) y)) by (rewrite map_length; lia).
    apply (map_nth (fun j => straightened D V x x0 (w j) y)). }
  assert (In_nth : forall l, (l < n)%nat -> In (nth l js x0) js) by (intros l Ll; apply nth_In; lia).
  assert (Grad : forall l k, (l < n)%nat -> (k <= D)%positive -> partial (fun y => nth l (laws' y) 0) k x = w (nth l js x0) k).
  { intros l k Ll Lk. rewrite Nth by auto. apply (proj2 (proj2 (H _ (Orth _ (In_nth l Ll))))). exact Lk. }
  assert (Length : forall y, length (laws' y) = n) by (intro y; unfold laws'; rewrite map_length; exact Len).
  assert (Sum : forall f : positive -> R, Rsum n (fun l => f (nth l js x0)) = fold_right Rplus 0 (map f js)).
  { intro f. rewrite <- Len. clear. induction js as [|a l IH]; [reflexivity|]. cbn [length]. rewrite Rsum_S. cbn [map fold_right nth].
    rewrite IH. reflexivity. }
  exists eps, laws'. split; [exact E0|split; [exact Length|split; [|split]]].
  - intros l Ll. rewrite (Nth l Ll). destruct (H _ (Orth _ (In_nth l Ll))) as [HC [HK _]]. split; [exact HC|].
    apply killed_is_invariant; auto.
  - (* no other *)
    intros e g E C I. rewrite Length.
    assert (G : Psum D (fun k => evp x (V k) * partial g k x) = 0).
    { unfold V. rewrite <- invariant_field by auto. apply I; [apply near_self; exact E|]. rewrite <- Hp, map_length. exact Li. }
    exists (fun l => partial g (nth l js x0) x). intros k Lk.
    rewrite (Rsum_eq n _ (fun l => partial g (nth l js x0) x * w (nth l js x0) k)).
    2:{ intros l Ll. rewrite Grad by auto. reflexivity. }
    rewrite (Sum (fun j => partial g j x * w j k)). unfold w. destruct (Pos.eqb_spec k x0) as [->|N].
    + rewrite Split in G. apply (Rmult_eq_reg_l (evp x (V x0))); [|exact F].
      rewrite <- fr_scal. rewrite (fr_ext _ (fun j => -1 * (evp x (V j) * partial g j x))) by (intros; field; exact F).
      rewrite fr_scal. lra.
    + rewrite (fr_ext _ (fun j => partial g j x * (if Pos.eqb k j then 1 else 0))).
      2:{ intros j _. rewrite (Pos.eqb_sym j k). destruct (Pos.eqb_spec k j); [subst|]; ring. }
      rewrite (fr_delta (fun j => partial g j x) k js Nd).
      destruct (in_dec Pos.eq_dec k js) as [J|J]; [reflexivity|]. exfalso. apply J, In_js. auto.
  - (* independent *)
    intros beta B m Lm. rewrite Length in *.
    assert (J := In_nth m Lm). apply In_js in J. destruct J as [J1 J2]. specialize (B (nth m js x0) J1).
    rewrite (Rsum_eq n _ (fun l => beta l * delta l m)) in B.
    + rewrite Rsum_delta in B by auto. exact B.
    + intros l Ll. rewrite Grad by auto. unfold w, delta.
      destruct (Pos.eqb_spec (nth m js x0) x0); [contradiction|].
      destruct (Pos.eqb_spec (nth l js x0) (nth m js x0)) as [E|E], (Nat.eqb_spec l m) as [E'|E']; try reflexivity.
      * exfalso. apply E'. apply (proj1 (NoDup_nth js x0) Nd); [lia|lia|exact E].
      * exfalso. apply E. rewrite E'. reflexivity.
Qed.
End OneField.

Theorem check_missing_straight_sound p i x0 w u : check_missing_straight D p i x0 w u outputs factors le = true ->
  ~ no_other_law D P phi laws (point p).
Proof.
  unfold check_missing_straight. intro K. apply andb_prop in K. destruct K as [K K0]. apply andb_prop in K. destruct K as [K KW].
  apply andb_prop in K. destruct K as [K KL]. apply andb_prop in K. destruct K as [KF KT]. apply Nat.eqb_eq in KL.
  destruct (one_field p i x0 KF) as [Li [Lx [F E]]].
  destruct (straight D _ (point p) x0 Lx (field_supported i) F) as [eps [E0 [F0 H]]].
  destruct (H (point w)) as [HC [HK HG]].
  { apply Qeq_bool_iff, Qeq_eqR in KW. rewrite Q2R_0, (dotq_Psum D) in KW by auto. rewrite <- KW.
    apply Psum_ext. intros k L. rewrite point_below by auto. rewrite evq_ok. reflexivity. }
  apply (another p u eps _ KT E0 HC).
  - apply (killed_is_invariant p i x0 KF); auto.
  - rewrite (Psum_ext D _ (fun k => point w k * point u k)) by (intros k L; rewrite HG by auto; reflexivity).
    rewrite <- (dotq_Psum D) by auto. apply not_zero, K0.
Qed.

Theorem check_counted_straight_sound p i x0 n : check_counted_straight D p i x0 n outputs factors le = true ->
  counted D P phi n (point p).
Proof.
  unfold check_counted_straight. intro K. apply andb_prop in K. destruct K as [K KN]. apply andb_prop in K. destruct K as [KF KB].
  apply Nat.eqb_eq in KN. destruct (one_field p i x0 KF) as [_ [_ [F _]]]. split.
  - apply (number_at p i x0 KF); auto.
  - exists (fun x => evp x (field_of D (map norm factors) (norm (nth i outputs (Zc 0))) x0)).
    split; [apply poly_evp, KB|split; [exists (point p); exact F|]].
    intros x X. apply (number_at p i x0 KF); auto.
Qed.
End Missing.

Definition missing_ok D p e u P phi law O F L (M : mean D O F L P phi law) := check_missing_sound D P phi law O F L M p e u.
Definition missing_straight_ok D p i x0 w u P phi law O F L (M : mean D O F L P phi law) :=
  check_missing_straight_sound D P phi law O F L M p i x0 w u.
Definition counted_straight_ok D p i x0 n P phi law O F L (M : mean D O F L P phi law) :=
  check_counted_straight_sound D P phi law O F L M p i x0 n.

(** Conservation laws of models with divisions, roots and transcendental functions.

    Each quotient, root or value of a function is a new variable, an element of a tower; its derivative is again a polynomial in the
    parameters and the elements. Models and laws become polynomials, whose derivatives are computed and agree with the analytic ones
    wherever the model is defined. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Claws Require Import Vocabulary Polynomials Conserved Losses NoOther.
From Claws Require Export Elements.
Import ListNotations.
Open Scope R_scope.

Section Tower.
Variables (declared : list (R -> R)) (K : facts).
Hypothesis HK : true_facts declared K.
Hypothesis LK : length K = length declared.
Let F := functions declared.

Definition kval (w : kind) (z : R) : R :=
  match w with KInv => / z | KRsqrt => / sqrt z | KApp f => functions declared f z end.
Definition fine (w : kind) (z : R) : Prop :=
  match w with KInv => z <> 0 | KRsqrt => 0 < z | KApp f => only_positive f = true -> 0 < z end.

Definition step (x : params) (l : list R) (en : entry) : list R := l ++ [kval (what en) (evp (ext x l) (inner en))].
(** The values of the elements. *)
Definition run (x : params) (T : tower) : list R := fold_left (step x) T [].

Definition slope_of (T : tower) (en : entry) : option poly :=
  match what en with
  | KInv => option_map (fun e => popp (pmul e e)) (elem T KInv (inner en))
  | KRsqrt => option_map (fun e => pterm [] (-1 # 2) (ppow e 3)) (elem T KRsqrt (inner en))
  | KApp f => bind (slope K f) (subst T (inner en))
  end.

(** An argument mentions elements that come before, and no others. *)
Definition closed (n : nat) (p : poly) : bool :=
  forallb (fun t => forallb (fun k => match k with xI j => Nat.ltb (place j) n | _ => true end) (fst t)) p.
(** Only elements that have a derivative. *)
Definition has_grad (T : tower) (j : nat) : bool :=
  match nth_error T j with Some en => match grad en with Some _ => true | None => false end | None => false end.
Definition moving (T : tower) (p : poly) : bool :=
  forallb (fun t => forallb (fun k => match k with xI j => has_grad T (place j) | _ => true end) (fst t)) p.
Fixpoint ordered (n : nat) (T : tower) : bool :=
  match T with [] => true | en :: T' => closed n (inner en) && ordered (S n) T' end.
Definition right_grad (T : tower) (en : entry) : bool :=
  match grad en with
  | None => true
  | Some g => moving T (inner en) && match slope_of T en with Some g' => poly_eqb g g' | None => false end
  end.
Definition valid (T : tower) : bool := ordered 0 T && forallb (right_grad T) T.

Lemma length_fold {A} (f : list R -> A -> R) T : forall l, length (fold_left (fun l en => l ++ [f l en]) T l) = (length l + length T)%nat.
Proof. induction T as [|en T IH]; intro l; simpl; [lia|]. rewrite IH, app_length. simpl. lia. Qed.
Lemma length_run x T : length (run x T) = length T.
Proof. apply (length_fold (fun l en => kval (what en) (evp (ext x l) (inner en))) T []). Qed.
Lemma fold_prefix {A} (f : list R -> A -> R) T : forall l, exists r, fold_left (fun l en => l ++ [f l en]) T l = l ++ r.
Proof.
  induction T as [|en T IH]; intro l; simpl; [exists []; rewrite app_nil_r; auto|].
  destruct (IH (l ++ [f l en])) as [r E]. exists (f l en :: r). rewrite E, <- app_assoc. reflexivity.
Qed.
(** What stands at place j, for both the values and the velocities. *)
Lemma fold_nth {A} (f : list R -> A -> R) (P : nat -> A -> Prop) T :
  (forall T1 en T2, T = T1 ++ en :: T2 -> forall l l', length l = length T1 ->
     (forall i, (i < length T1)%nat -> nth i l 0 = nth i l' 0) -> f l en = f l' en) ->
  forall j en, nth_error T j = Some en ->
  nth j (fold_left (fun l en => l ++ [f l en]) T []) 0 = f (fold_left (fun l en => l ++ [f l en]) T []) en.
Proof.
  intros H j en E. destruct (nth_error_split _ _ E) as [T1 [T2 [ET LT]]]. rewrite ET, fold_left_app. simpl.
  set (l1 := fold_left (fun l en => l ++ [f l en]) T1 []).
  assert (L1 : length l1 = length T1) by apply (length_fold f T1 []).
  destruct (fold_prefix f T2 (l1 ++ [f l1 en])) as [r Er]. rewrite Er, <- app_assoc. simpl.
  rewrite app_nth2 by lia. replace (j - length l1)%nat with 0%nat by lia. simpl.
  apply (H T1 en T2 ET); auto. intros i I. rewrite app_nth1 by lia. reflexivity.
Qed.

Lemma evp_closed x l l' n p : closed n p = true -> (forall i, (i < n)%nat -> nth i l 0 = nth i l' 0) ->
  evp (ext x l) p = evp (ext x l') p.
Proof.
  intros C E. induction p as [|[m c] p IH]; simpl; auto. simpl in C. apply andb_prop in C. destruct C as [C1 C2].
  rewrite (IH C2). f_equal. f_equal. clear - C1 E. induction m as [|k m IH]; simpl; auto. simpl in C1. apply andb_prop in C1.
  destruct C1 as [A B]. rewrite (IH B). f_equal. destruct k; simpl; auto. apply E. apply Nat.ltb_lt. exact A.
Qed.
Lemma ordered_closed T1 en T2 : forall n, ordered n (T1 ++ en :: T2) = true -> closed (n + length T1) (inner en) = true.
Proof.
  induction T1 as [|e T1 IH]; intros n O; simpl in O; apply andb_prop in O; destruct O as [O1 O2].
  - rewrite Nat.add_0_r. exact O1.
  - specialize (IH (S n) O2). simpl. rewrite Nat.add_succ_r. exact IH.
Qed.
Lemma run_nth T x j en : ordered 0 T = true -> nth_error T j = Some en ->
  nth j (run x T) 0 = kval (what en) (evp (ext x (run x T)) (inner en)).
Proof.
  intros O. apply (fold_nth (fun l en => kval (what en) (evp (ext x l) (inner en))) (fun _ _ => True)).
  intros T1 e T2 E l l' L H. f_equal. rewrite E in O. apply ordered_closed in O. apply (evp_closed x l l' (length T1)); auto.
Qed.

Lemma find_ok w p T : forall n k, find w p T n = Some k ->
  exists j en, nth_error T j = Some en /\ k = element (n + j) /\ what en = w /\ inner en = p.
Proof.
  induction T as [|en T IH]; intros n k H; simpl in H; [discriminate|].
  destruct (kind_eqb w (what en) && poly_eqb p (inner en))%bool eqn:E.
  - apply andb_prop in E. destruct E as [E1 E2]. apply kind_eqb_ok in E1. apply poly_eqb_ok in E2.
    inversion H. exists 0%nat, en. rewrite Nat.add_0_r. repeat split; auto.
  - destruct (IH (S n) k H) as [j [e [A [B C]]]]. exists (S j), e. rewrite Nat.add_succ_r. auto.
Qed.
Lemma ext_element x l j : ext x l (element j) = nth j l 0.
Proof. unfold ext, element. f_equal. unfold place, coordinate. lia. Qed.

Section At.
Variables (T : tower) (x : params).
Hypothesis O : ordered 0 T = true.
Let E := ext x (run x T).

Lemma elem_ok w p q : elem T w p = Some q -> evp E q = kval w (evp E p).
Proof.
  unfold elem. destruct (find w p T 0) as [k|] eqn:H; [|discriminate]. intro Q. inversion Q; subst q; clear Q.
  destruct (find_ok w p T 0 k H) as [j [en [A [B [C D]]]]]. rewrite Nat.add_0_l in B. subst k. cbn [evp evm].
  replace (E (element j)) with (kval w (evp E p)); [rewrite Q2R_1; ring|].
  unfold E at 2. rewrite ext_element, (run_nth T x j en O A), C, D. reflexivity.
Qed.
Lemma rsqrt_mul p : p * / sqrt p = sqrt p.
Proof.
  destruct (Rlt_dec 0 p) as [H|H].
  - rewrite <- (sqrt_def p) at 1 by lra. field. apply Rgt_not_eq, sqrt_lt_R0. exact H.
  - rewrite sqrt_neg_0 by lra. rewrite Rinv_0. ring.
Qed.
Lemma flat_ok : forall e p, flat T e = Some p -> evp E p = teval F x e.
Proof.
  fix IH 1. intros e p H. destruct e; simpl in H |- *.
  - inversion H. exact (norm_ok E (Zc z)).
  - inversion H. exact (norm_ok E (Qc n d)).
  - inversion H. simpl. rewrite Q2R_1. ring.
  - destruct (flat T e1) eqn:A, (flat T e2) eqn:B; try discriminate. inversion H. rewrite padd_ok, (IH e1 _ A), (IH e2 _ B). reflexivity.
  - destruct (flat T e1) eqn:A, (flat T e2) eqn:B; try discriminate. inversion H. rewrite padd_ok, popp_ok, (IH e1 _ A), (IH e2 _ B). reflexivity.
  - destruct (flat T e1) eqn:A, (flat T e2) eqn:B; try discriminate. inversion H. rewrite pmul_ok, (IH e1 _ A), (IH e2 _ B). reflexivity.
  - destruct (flat T e) eqn:A; try discriminate. inversion H. rewrite popp_ok, (IH e _ A). reflexivity.
  - destruct (flat T e) eqn:A; try discriminate. inversion H. rewrite ppow_ok, (IH e _ A). reflexivity.
  - assert (G : bind (flat T e) (elem T KInv) = Some p -> evp E p = / teval F x e).
    { intro G. destruct (flat T e) as [q|] eqn:A; [|discriminate]. rewrite <- (IH e q A). apply (elem_ok KInv q p G). }
    destruct e; try (apply G; exact H).
    destruct (flat T e) as [q|] eqn:A; [|discriminate]. simpl. rewrite <- (IH e q A). apply (elem_ok KRsqrt q p H).
  - destruct (flat T e) as [q|] eqn:A; [|discriminate]. simpl in H. destruct (elem T KRsqrt q) as [r|] eqn:B; [|discriminate].
    inversion H. rewrite pmul_ok, (elem_ok KRsqrt q r B), (IH e q A). apply rsqrt_mul.
  - destruct (flat T e) as [q|] eqn:A; [|discriminate]. simpl in H. rewrite <- (IH e q A). apply (elem_ok (KApp f) q p H).
Qed.
Lemma subst_ok p e : forall q, subst T p e = Some q -> evp E q = eval (around F (evp E p)) e.
Proof.
  induction e; intros q H; simpl in H |- *.
  - inversion H. exact (norm_ok E (Zc z)).
  - inversion H. exact (norm_ok E (Qc n d)).
  - destruct k as [k|[k|k|]|]; try (apply (elem_ok (KApp _) p q H)).
    + apply (elem_ok KInv p q H).
    + inversion H. reflexivity.
  - destruct (subst T p e1) eqn:A, (subst T p e2) eqn:B; try discriminate. inversion H. rewrite padd_ok, (IHe1 _ eq_refl), (IHe2 _ eq_refl). reflexivity.
  - destruct (subst T p e1) eqn:A, (subst T p e2) eqn:B; try discriminate. inversion H. rewrite padd_ok, popp_ok, (IHe1 _ eq_refl), (IHe2 _ eq_refl). reflexivity.
  - destruct (subst T p e1) eqn:A, (subst T p e2) eqn:B; try discriminate. inversion H. rewrite pmul_ok, (IHe1 _ eq_refl), (IHe2 _ eq_refl). reflexivity.
  - destruct (subst T p e) eqn:A; try discriminate. inversion H. rewrite popp_ok, (IHe _ eq_refl). reflexivity.
  - destruct (subst T p e) eqn:A; try discriminate. inversion H. rewrite ppow_ok, (IHe _ eq_refl). reflexivity.
Qed.

Lemma inv_derive z : z <> 0 -> is_derive Rinv z (- (/ z * / z)).
Proof. intro H. auto_derive; auto. field. auto. Qed.
Lemma rsqrt_derive z : 0 < z -> is_derive (fun z => / sqrt z) z (- / 2 * (/ sqrt z) ^ 3).
Proof.
  intro H. assert (S := sqrt_lt_R0 z H). auto_derive; [split; [auto|lra]|]. field. lra.
Qed.
Lemma slope_ok en g : slope_of T en = Some g -> fine (what en) (evp E (inner en)) ->
  is_derive (kval (what en)) (evp E (inner en)) (evp E g).
Proof.
  unfold slope_of, fine. destruct (what en) as [| |f] eqn:W; intros H G.
  - destruct (elem T KInv (inner en)) as [e|] eqn:A; [|discriminate]. inversion H. rewrite popp_ok, pmul_ok, (elem_ok _ _ _ A).
    apply inv_derive. exact G.
  - destruct (elem T KRsqrt (inner en)) as [e|] eqn:A; [|discriminate].
    assert (Eg : g = pterm [] (-1 # 2) (ppow e 3)) by (cbn [option_map] in H; congruence). subst g. clear H.
    rewrite pterm_ok, ppow_ok, (elem_ok _ _ _ A).
    replace (Q2R (-1 # 2) * evm E [] * kval KRsqrt (evp E (inner en)) ^ 3) with (- / 2 * (/ sqrt (evp E (inner en))) ^ 3)
      by (unfold Q2R; simpl; field; apply Rgt_not_eq, sqrt_lt_R0; exact G).
    apply rsqrt_derive. exact G.
  - destruct (slope K f) as [e|] eqn:A; [|discriminate]. simpl in H. rewrite (subst_ok _ _ _ H).
    apply (slope_derives declared K f e); auto.
Qed.
End At.

(** ** Velocities of the elements *)

Definition vstep (E v : params) (l : list R) (en : entry) : R :=
  match grad en with Some g => evp E g * dirp E (ext v l) (inner en) | None => 0 end.
Definition vel (E v : params) (T : tower) : list R := fold_left (fun l en => l ++ [vstep E v l en]) T [].

Lemma vel_snoc E v T en : vel E v (T ++ [en]) = vel E v T ++ [vstep E v (vel E v T) en].
Proof. unfold vel. rewrite fold_left_app. reflexivity. Qed.
Lemma length_vel E v T : length (vel E v T) = length T.
Proof. apply (length_fold (vstep E v) T []). Qed.

Lemma dirp_closed E v l l' n p : closed n p = true -> (forall i, (i < n)%nat -> nth i l 0 = nth i l' 0) ->
  dirp E (ext v l) p = dirp E (ext v l') p.
Proof.
  intros C H. induction p as [|[m c] p IH]; simpl; auto. simpl in C. apply andb_prop in C. destruct C as [C1 C2].
  rewrite (IH C2). f_equal. f_equal. clear - C1 H. induction m as [|k m IH]; simpl; auto. simpl in C1. apply andb_prop in C1.
  destruct C1 as [A B]. rewrite (IH B). f_equal. f_equal. destruct k; simpl; auto. apply H. apply Nat.ltb_lt. exact A.
Qed.
Lemma vel_nth E v T j en : ordered 0 T = true -> nth_error T j = Some en ->
  nth j (vel E v T) 0 = vstep E v (vel E v T) en.
Proof.
  intros O. apply (fold_nth (vstep E v) (fun _ _ => True)). intros T1 e T2 Eq l l' L H. unfold vstep. destruct (grad e); auto.
  f_equal. rewrite Eq in O. apply ordered_closed in O. apply (dirp_closed E v l l' (length T1)); auto.
Qed.

Lemma vel_lin E u v a b T : forall i,
  nth i (vel E (fun j => a * u j + b * v j) T) 0 = a * nth i (vel E u T) 0 + b * nth i (vel E v T) 0.
Proof.
  induction T as [|en T IH] using rev_ind; intro i.
  - destruct i; simpl; ring.
  - rewrite !vel_snoc. destruct (lt_eq_lt_dec i (length T)) as [[L|L]|L].
    + rewrite !app_nth1 by (rewrite length_vel; auto). apply IH.
    + subst i. rewrite !app_nth2 by (rewrite length_vel; auto). rewrite !length_vel, Nat.sub_diag. simpl. unfold vstep.
      destruct (grad en) as [g|]; [|ring].
      rewrite (dirp_ext E _ (fun k => a * ext u (vel E u T) k + b * ext v (vel E v T) k)).
      * rewrite dirp_lin. ring.
      * intro k. destruct k; simpl; [apply IH|reflexivity|ring].
    + rewrite !nth_overflow by (rewrite app_length, length_vel; simpl; lia). ring.
Qed.
Lemma vel_zero E T i : nth i (vel E (fun _ => 0) T) 0 = 0.
Proof.
  replace (fun _ : positive => 0) with (fun j : positive => 0 * (fun _ : positive => 0) j + 0 * (fun _ : positive => 0) j)
    by (apply functional_extensionality; intro; ring).
  rewrite (vel_lin E (fun _ => 0) (fun _ => 0)). ring.
Qed.
(** The derivative in a direction. *)
Definition dir (E v : params) (T : tower) (p : poly) : R := dirp E (ext v (vel E v T)) p.
Lemma dir_lin E u v a b T p : dir E (fun j => a * u j + b * v j) T p = a * dir E u T p + b * dir E v T p.
Proof.
  unfold dir. rewrite <- dirp_lin. apply dirp_ext. intro k. destruct k; simpl; [apply vel_lin|reflexivity|ring].
Qed.
Lemma dir_zero E T p : dir E (fun _ => 0) T p = 0.
Proof.
  unfold dir. rewrite (dirp_ext E _ (fun _ => 0)); [apply dirp_0|]. intro k. destruct k; simpl; auto using vel_zero.
Qed.
Lemma dir_sum E (d : positive -> params) (c : positive -> R) l T p :
  dir E (fun j => fold_right Rplus 0 (map (fun k => c k * d k j) l)) T p =
  fold_right Rplus 0 (map (fun k => c k * dir E (d k) T p) l).
Proof.
  induction l as [|k l IH]; cbn [map fold_right]; [apply dir_zero|].
  replace (fun j => c k * d k j + fold_right Rplus 0 (map (fun k => c k * d k j) l))
    with (fun j => c k * d k j + 1 * fold_right Rplus 0 (map (fun k => c k * d k j) l))
    by (apply functional_extensionality; intro; ring).
  rewrite (dir_lin E (d k) (fun j => fold_right Rplus 0 (map (fun k => c k * d k j) l))), IH. ring.
Qed.

Definition unit (k : positive) : params := fun j => if Pos.eqb j k then 1 else 0.
Lemma dir_units D E v T p : (forall j, (D < j)%positive -> v j = 0) ->
  dir E v T p = Psum D (fun k => v k * dir E (unit k) T p).
Proof.
  intro Z. rewrite Psum_fr, <- dir_sum. f_equal. apply functional_extensionality. intro j.
  rewrite <- Psum_fr. unfold unit. rewrite (Psum_delta D v j). destruct (Pos.leb_spec j D); auto.
Qed.

(** ** Derivatives along curves *)

Lemma curve_m' (th : R -> params) t v m : (forall k, In k m -> is_derive (fun s => th s k) t (v k)) ->
  is_derive (fun s => evm (th s) m) t (dirm (th t) v m).
Proof.
  induction m as [|j m IH]; cbn [evm dirm]; intro H.
  - apply (is_derive_const (V := R_NormedModule)).
  - apply (is_derive_mult (fun s => th s j) (fun s => evm (th s) m)).
    + apply H. simpl; auto.
    + apply IH. intros. apply H. simpl; auto.
    + intros. apply Rmult_comm.
Qed.
Lemma curve_p' (th : R -> params) t v p : (forall k m c, In (m, c) p -> In k m -> is_derive (fun s => th s k) t (v k)) ->
  is_derive (fun s => evp (th s) p) t (dirp (th t) v p).
Proof.
  induction p as [|[m c] p IH]; cbn [evp dirp]; intro H.
  - apply (is_derive_const (V := R_NormedModule)).
  - apply (is_derive_plus (V := R_NormedModule)).
    + apply is_derive_scal. apply curve_m'. intros k I. apply (H k m c); simpl; auto.
    + apply IH. intros k m' c' I J. apply (H k m' c'); simpl; auto.
Qed.

Section Curve.
Variables (T : tower) (th : R -> params) (t : R) (v : params).
Hypothesis VT : valid T = true.
Hypothesis Hth : forall k, is_derive (fun s => th s k) t (v k).
Let E := ext (th t) (run (th t) T).
Hypothesis G : forall en, In en T -> fine (what en) (evp E (inner en)).

Lemma valid_ordered : ordered 0 T = true.
Proof. apply andb_prop in VT. tauto. Qed.

Lemma element_curve : forall j, has_grad T j = true -> is_derive (fun s => nth j (run (th s) T) 0) t (nth j (vel E v T) 0).
Proof.
  induction j as [j IH] using lt_wf_ind. unfold has_grad. destruct (nth_error T j) as [en|] eqn:N; [|discriminate].
  destruct (grad en) as [g|] eqn:Eg; [|discriminate]. intros _.
  assert (I : In en T) by (eapply nth_error_In; eauto).
  assert (O := valid_ordered). assert (V := VT). apply andb_prop in V. destruct V as [_ V]. rewrite forallb_forall in V.
  specialize (V en I). unfold right_grad in V. rewrite Eg in V. apply andb_prop in V. destruct V as [Mv Sl].
  destruct (slope_of T en) as [g'|] eqn:Sg; [|discriminate]. apply poly_eqb_ok in Sl. subst g'.
  rewrite (vel_nth E v T j en O N). unfold vstep. rewrite Eg.
  apply (is_derive_ext (fun s => kval (what en) (evp (ext (th s) (run (th s) T)) (inner en)))).
  { intro s. symmetry. apply run_nth; auto. }
  rewrite Rmult_comm.
  apply (is_derive_comp (kval (what en)) (fun s => evp (ext (th s) (run (th s) T)) (inner en)) t).
  - apply (slope_ok T (th t) O en g Sg). apply G. exact I.
  - apply curve_p'. intros k m c Im Ik. destruct (nth_error_split _ _ N) as [T1 [T2 [ET LT]]].
    assert (C : closed j (inner en) = true).
    { rewrite ET in O. apply ordered_closed in O. rewrite LT in O. exact O. }
    unfold closed in C. rewrite forallb_forall in C. specialize (C _ Im). simpl in C. rewrite forallb_forall in C. specialize (C _ Ik).
    unfold moving in Mv. rewrite forallb_forall in Mv. specialize (Mv _ Im). simpl in Mv. rewrite forallb_forall in Mv. specialize (Mv _ Ik).
    destruct k as [k|k|]; simpl.
    + apply IH; auto. apply Nat.ltb_lt. exact C.
    + apply Hth.
    + apply (is_derive_const (V := R_NormedModule)).
Qed.

Lemma texp_curve e p : flat T e = Some p -> moving T p = true -> is_derive (fun s => teval F (th s) e) t (dir E v T p).
Proof.
  intros Fl Mv. apply (is_derive_ext (fun s => evp (ext (th s) (run (th s) T)) p)).
  { intro s. apply flat_ok; auto. apply valid_ordered. }
  apply (curve_p' (fun s => ext (th s) (run (th s) T))). intros k m c Im Ik.
  unfold moving in Mv. rewrite forallb_forall in Mv. specialize (Mv _ Im). simpl in Mv. rewrite forallb_forall in Mv. specialize (Mv _ Ik).
  destruct k as [k|k|]; simpl.
  - apply element_curve. exact Mv.
  - apply Hth.
  - apply (is_derive_const (V := R_NormedModule)).
Qed.
End Curve.

(** ** Derivatives as polynomials *)

Definition extf (k : positive) (l : list poly) : positive -> poly := fun j =>
  match j with xO i => if Pos.eqb i k then [([], 1%Q)] else [] | xI i => nth (place i) l [] | xH => [] end.
Definition fstep (k : positive) (l : list poly) (en : entry) : list poly :=
  l ++ [match grad en with Some g => pmul g (lie (extf k l) (inner en)) | None => [] end].
(** The derivatives of all elements in coordinate k, and of a polynomial. *)
Definition table (k : positive) (T : tower) : list poly := fold_left (fstep k) T [].
Definition gradients (T : tower) (D : positive) : list (positive * list poly) := map (fun k => (k, table k T)) (below_idx D).
Definition gradient_of (tables : list (positive * list poly)) (p : poly) : list poly :=
  map (fun kt => lie (extf (fst kt) (snd kt)) p) tables.

Lemma extf_ok E k l l' : (forall i, evp E (nth i l []) = nth i l' 0) -> forall j, evp E (extf k l j) = ext (unit k) l' j.
Proof.
  intros H j. unfold extf, ext, unit. destruct j as [j|j|]; [apply H| |reflexivity].
  destruct (Pos.eqb j k); simpl; [rewrite Q2R_1; ring|reflexivity].
Qed.
Lemma table_ok E k T : length (table k T) = length T /\ forall i, evp E (nth i (table k T) []) = nth i (vel E (unit k) T) 0.
Proof.
  induction T as [|en T [L IH]] using rev_ind; [split; auto; intros []; reflexivity|].
  unfold table in *. rewrite fold_left_app. cbn [fold_left]. unfold fstep at 1 3. split; [rewrite !app_length, L; reflexivity|].
  intro i. rewrite vel_snoc. destruct (lt_eq_lt_dec i (length T)) as [[H|H]|H].
  - rewrite !app_nth1 by (rewrite ?L, ?length_vel; auto). apply IH.
  - subst i. rewrite !app_nth2 by (rewrite ?L, ?length_vel; auto). rewrite L, length_vel, Nat.sub_diag. simpl. unfold vstep.
    destruct (grad en) as [g|]; [|reflexivity]. rewrite pmul_ok, lie_ok. f_equal. apply dirp_ext. apply extf_ok. exact IH.
  - rewrite !nth_overflow by (rewrite app_length, ?L, ?length_vel; simpl; lia). reflexivity.
Qed.
Lemma gradient_nth E T D p k : (k <= D)%positive ->
  evp E (nth (place k) (gradient_of (gradients T D) p) []) = dir E (unit k) T p.
Proof.
  intro L. unfold gradient_of, gradients. rewrite map_map. cbn [fst snd].
  assert (N : nth_error (below_idx D) (place k) = Some k).
  { unfold below_idx. rewrite nth_error_map.
    rewrite (nth_error_nth' _ 0%nat) by (rewrite seq_length; unfold place; lia). rewrite seq_nth by (unfold place; lia).
    simpl. f_equal. unfold place. lia. }
  rewrite (nth_error_nth (map (fun x => lie (extf x (table x T)) p) (below_idx D)) (place k) [] (x := lie (extf k (table k T)) p)).
  - rewrite lie_ok. unfold dir. apply dirp_ext. apply extf_ok. apply table_ok.
  - rewrite nth_error_map, N. reflexivity.
Qed.

(** ** Whether a polynomial in the elements is zero wherever the model is defined *)

Definition count (k : positive) (m : mono) : nat := length (filter (Pos.eqb k) m).
Definition strip (k : positive) (m : mono) : mono := filter (fun j => negb (Pos.eqb k j)) m.
Definition degree (k : positive) (p : poly) : nat := fold_right (fun t d => Nat.max (count k (fst t)) d) 0%nat p.
Fixpoint powers (p q : poly) (n : nat) : list poly := match n with O => [q] | S n' => q :: powers p (pmul p q) n' end.

Lemma strip_ok x k m : evm x m = x k ^ count k m * evm x (strip k m).
Proof.
  unfold count, strip. induction m as [|j m IH]; simpl; [ring|]. destruct (Pos.eqb_spec k j) as [->|N]; simpl; rewrite IH; ring.
Qed.
Lemma degree_le k p m c : In (m, c) p -> (count k m <= degree k p)%nat.
Proof.
  induction p as [|[n d] p IH]; simpl; [tauto|]. intros [H|H]; [inversion H; lia|]. specialize (IH H). lia.
Qed.
Lemma powers_ok x p : forall n q i, (i <= n)%nat -> evp x (nth i (powers p q n) []) = evp x p ^ i * evp x q.
Proof.
  induction n; intros q i I; simpl.
  - replace i with 0%nat by lia. simpl. ring.
  - destruct i; simpl; [ring|]. rewrite IHn by lia. rewrite pmul_ok. ring.
Qed.

(** 1/p: multiply by a power of p. *)
Definition clear_inv (k : positive) (p f : poly) : poly :=
  match degree k f with O => f | d =>
    let ps := powers p (pcst 1) d in
    psum (map (fun t => pterm (strip k (fst t)) (snd t) (nth (d - count k (fst t)) ps [])) f) end.
(** The same for 1/sqrt(p), of which the square is 1/p. *)
Definition clear_rsqrt (k : positive) (p f : poly) : poly :=
  match degree k f with O => f | d =>
    let h := Nat.div2 d in
    let ps := powers p (pcst 1) h in
    psum (map (fun t => let a := count k (fst t) in
      pterm (if Nat.odd a then minsert k (strip k (fst t)) else strip k (fst t)) (snd t) (nth (h - Nat.div2 a) ps [])) f) end.
(** An element that is a polynomial in others. *)
Definition put (k : positive) (q f : poly) : poly :=
  match degree k f with O => f | d =>
    let ps := powers q (pcst 1) d in
    psum (map (fun t => pterm (strip k (fst t)) (snd t) (nth (count k (fst t)) ps [])) f) end.

Lemma one_ok x : evp x (pcst 1) = 1.
Proof. rewrite pcst_ok. apply Q2R_1. Qed.
Lemma clear_sum x a f (h : mono * Q -> poly) : (forall m c, In (m, c) f -> evp x (h (m, c)) = a * (Q2R c * evm x m)) ->
  evp x (psum (map h f)) = a * evp x f.
Proof.
  intro H. rewrite psum_ok. induction f as [|[m c] f IH]; [simpl; ring|].
  change (evp x (h (m, c)) + evs x (map h f) = a * (Q2R c * evm x m + evp x f)). rewrite IH.
  - rewrite (H m c) by (simpl; auto). ring.
  - intros. apply H. simpl; auto.
Qed.
Lemma clear_inv_ok x k p f : evp x p <> 0 -> x k = / evp x p -> evp x (clear_inv k p f) = 0 -> evp x f = 0.
Proof.
  intros N Ek. unfold clear_inv. destruct (degree k f) as [|d'] eqn:Ed; auto. set (d := S d') in *. intro H.
  rewrite (clear_sum x (evp x p ^ d)) in H.
  - assert (P := pow_nonzero (evp x p) d N).
    apply Rmult_integral in H. tauto.
  - intros m c I. assert (L := degree_le k f m c I). cbn [fst snd]. rewrite pterm_ok, powers_ok, one_ok by lia.
    rewrite (strip_ok x k m), Ek. replace d with (d - count k m + count k m)%nat at 2 by lia. rewrite pow_add.
    assert (P : evp x p ^ count k m * (/ evp x p) ^ count k m = 1).
    { rewrite <- Rpow_mult_distr, Rinv_r by auto. apply pow1. }
    transitivity (Q2R c * evm x (strip k m) * evp x p ^ (d - count k m) * (evp x p ^ count k m * (/ evp x p) ^ count k m));
    [rewrite P|]; ring.
Qed.
Lemma div2_le a b : (a <= b)%nat -> (Nat.div2 a <= Nat.div2 b)%nat.
Proof.
  assert (A := Nat.div2_odd a). assert (B := Nat.div2_odd b). revert A B. generalize (Nat.div2 a) (Nat.div2 b).
  destruct (Nat.odd a), (Nat.odd b); simpl; intros; lia.
Qed.
Lemma clear_rsqrt_ok x k p f : 0 < evp x p -> x k = / sqrt (evp x p) -> evp x (clear_rsqrt k p f) = 0 -> evp x f = 0.
Proof.
  intros N Ek. unfold clear_rsqrt. destruct (degree k f) as [|d'] eqn:Ed; auto. set (d := S d') in *. cbv zeta. intro H.
  rewrite (clear_sum x (evp x p ^ Nat.div2 d)) in H.
  - assert (P := pow_nonzero (evp x p) (Nat.div2 d)). apply Rmult_integral in H. destruct H; auto. exfalso. apply P; lra.
  - intros m c I. assert (L := degree_le k f m c I). cbn [fst snd].
    assert (L2 : (Nat.div2 (count k m) <= Nat.div2 d)%nat).
    { apply div2_le. lia. }
    rewrite pterm_ok, powers_ok, one_ok by lia. rewrite (strip_ok x k m).
    set (b := Nat.div2 (count k m)) in *.
    assert (Q : evp x p * (x k * x k) = 1).
    { rewrite Ek. assert (S := sqrt_lt_R0 _ N). assert (D := sqrt_def (evp x p)). rewrite <- (sqrt_def (evp x p)) at 1 by lra. field. lra. }
    assert (P : evp x p ^ b * (x k * x k) ^ b = 1) by (rewrite <- Rpow_mult_distr, Q; apply pow1).
    replace (Nat.div2 d) with (Nat.div2 d - b + b)%nat at 2 by lia. rewrite pow_add.
    assert (C : x k ^ count k m = (x k * x k) ^ b * x k ^ (if Nat.odd (count k m) then 1 else 0)).
    { replace (x k * x k) with (x k ^ 2) by ring. rewrite <- pow_mult, <- pow_add. f_equal. unfold b.
      assert (B := Nat.div2_odd (count k m)). destruct (Nat.odd (count k m)); simpl in B |- *; lia. }
    rewrite C. clear - P. revert P. generalize ((x k * x k) ^ b) (evp x p ^ b) (evp x p ^ (Nat.div2 d - b)). intros u w y P.
    destruct (Nat.odd (count k m)); rewrite ?minsert_ok; simpl pow.
    + transitivity (Q2R c * (x k * evm x (strip k m)) * y * (w * u)); [rewrite P|]; ring.
    + transitivity (Q2R c * evm x (strip k m) * y * (w * u)); [rewrite P|]; ring.
Qed.
Lemma put_ok x k q f : x k = evp x q -> evp x (put k q f) = evp x f.
Proof.
  intro Ek. unfold put. destruct (degree k f) as [|d'] eqn:Ed; auto. set (d := S d') in *.
  rewrite (clear_sum x 1); [ring|]. intros m c I. assert (L := degree_le k f m c I). cbn [fst snd].
  rewrite pterm_ok, powers_ok, one_ok by lia. rewrite (strip_ok x k m), Ek. ring.
Qed.

Definition clear (T : tower) (f : poly) (je : nat * entry) : poly :=
  let (j, en) := je in
  match what en with
  | KInv => clear_inv (element j) (inner en) f
  | KRsqrt => clear_rsqrt (element j) (inner en) f
  | KApp g => match bind (value K g) (subst T (inner en)) with Some q => put (element j) q f | None => f end
  end.
Definition vanishes (T : tower) (f : poly) : bool :=
  pzero (fold_left (clear T) (rev (combine (seq 0 (length T)) T)) f).

Lemma vanishes_ok T x f : ordered 0 T = true -> (forall en, In en T -> fine (what en) (evp (ext x (run x T)) (inner en))) ->
  vanishes T f = true -> evp (ext x (run x T)) f = 0.
Proof.
  intros O G. set (E := ext x (run x T)) in *. unfold vanishes.
  assert (H : forall l f, (forall j en, In (j, en) l -> nth_error T j = Some en) ->
    pzero (fold_left (clear T) l f) = true -> evp E f = 0).
  { clear f. induction l as [|[j en] l IH]; intros f I Z; simpl in Z.
    - destruct f; [reflexivity|discriminate].
    - assert (N : nth_error T j = Some en) by (apply I; simpl; auto).
      assert (Ge := G en (nth_error_In _ _ N)).
      assert (Ek : E (element j) = kval (what en) (evp E (inner en))).
      { transitivity (nth j (run x T) 0); [apply ext_element|apply run_nth; auto]. }
      assert (Z' : evp E (clear T f (j, en)) = 0) by (apply IH; auto; intros; apply I; simpl; auto).
      unfold clear in Z'. unfold fine in Ge. destruct (what en) as [| |g]; cbn [kval] in Ek.
      + apply (clear_inv_ok E (element j) (inner en)); auto.
      + apply (clear_rsqrt_ok E (element j) (inner en)); auto.
      + destruct (value K g) as [e|] eqn:V; simpl in Z'; auto. destruct (subst T (inner en) e) as [q|] eqn:S; auto.
        rewrite <- (put_ok E (element j) q f); auto. rewrite Ek, (value_is declared K g e _ HK LK V).
        symmetry. apply (subst_ok T x O _ _ _ S). }
  apply H. intros j en I. apply in_rev in I. clear - I.
  assert (A : forall T n, In (j, en) (combine (seq n (length T)) T) -> nth_error T (j - n) = Some en /\ (n <= j)%nat).
  { clear. induction T as [|e T IH]; intros n I; simpl in I; [tauto|]. destruct I as [I|I].
    - inversion I. subst. rewrite Nat.sub_diag. split; auto.
    - destruct (IH (S n) I) as [A B]. split; [|lia]. replace (j - n)%nat with (S (j - S n)) by lia. exact A. }
  destruct (A T 0%nat I) as [B _]. rewrite Nat.sub_0_r in B. exact B.
Qed.

(** ** Where elements are defined *)

(** Positive, or not negative, by its form; at every point. *)
Fixpoint sign (e : texp) : bool * bool :=
  match e with
  | TZc z => (Z.ltb 0 z, Z.leb 0 z)
  | TQc n _ => (Z.ltb 0 n, Z.leb 0 n)
  | TAdd a b => let (p, q) := sign a in let (p', q') := sign b in ((p && q') || (q && p'), q && q')%bool
  | TMul a b => let (p, q) := sign a in let (p', q') := sign b in (p && p', (q && q') || texp_eqb a b)%bool
  | TPow a n => let (p, q) := sign a in (p, q || Nat.even n)%bool
  | TInv a => sign a
  | TSqrt a => (fst (sign a), true)
  | TApp f _ => let p := (Pos.eqb f 1 || Pos.eqb f 6)%bool in (p, p)
  | _ => (false, false)
  end.
Lemma square_pos a n : Nat.even n = true -> 0 <= a ^ n.
Proof.
  intro H. apply Nat.even_spec in H. destruct H as [m ->]. rewrite pow_mult. apply pow_le. apply pow2_ge_0.
Qed.
Lemma sign_ok x e : (fst (sign e) = true -> 0 < teval F x e) /\ (snd (sign e) = true -> 0 <= teval F x e).
Proof.
  induction e; cbn [sign teval]; try (split; discriminate).
  - split; intro H; [apply IZR_lt, Z.ltb_lt, H|apply IZR_le, Z.leb_le, H].
  - assert (D : 0 < IZR (Zpos d)) by (apply IZR_lt; reflexivity). split; intro H; simpl in H.
    + apply Rdiv_lt_0_compat; auto. apply IZR_lt, Z.ltb_lt, H.
    + apply Rdiv_le_0_compat; auto. apply IZR_le, Z.leb_le, H.
  - destruct (sign e1) as [p q], (sign e2) as [p' q'], IHe1 as [A B], IHe2 as [A' B']. simpl in *. split; intro H.
    + apply orb_prop in H. destruct H as [H|H]; apply andb_prop in H; destruct H as [H1 H2];
      [specialize (A H1); specialize (B' H2)|specialize (B H1); specialize (A' H2)]; lra.
    + apply andb_prop in H. destruct H as [H1 H2]. specialize (B H1). specialize (B' H2). lra.
  - destruct (sign e1) as [p q], (sign e2) as [p' q'], IHe1 as [A B], IHe2 as [A' B']. simpl in *. split; intro H.
    + apply andb_prop in H. destruct H. apply Rmult_lt_0_compat; auto.
    + apply orb_prop in H. destruct H as [H|H].
      * apply andb_prop in H. destruct H. apply Rmult_le_pos; auto.
      * apply texp_eqb_ok in H. subst. apply Rle_0_sqr.
  - destruct (sign e) as [p q], IHe as [A B]. simpl in *. split; intro H.
    + apply pow_lt. auto.
    + apply orb_prop in H. destruct H; [apply pow_le; auto|apply square_pos; auto].
  - destruct IHe as [A B]. split; intro H.
    + apply Rinv_0_lt_compat. auto.
    + destruct (B H) as [C|C]; [left; apply Rinv_0_lt_compat; auto|right; rewrite <- C, Rinv_0; reflexivity].
  - destruct IHe as [A B]. simpl. split; intro H; [apply sqrt_lt_R0; auto|apply sqrt_pos].
  - cbv zeta. simpl. assert (G : (Pos.eqb f 1 || Pos.eqb f 6)%bool = true -> 0 < F f (teval F x e)).
    { intro H. apply orb_prop in H. destruct H as [H|H]; apply Pos.eqb_eq in H; subst; unfold F; simpl.
      - apply exp_pos.
      - unfold sigmoid. apply Rinv_0_lt_compat. assert (A := exp_pos (- teval F x e)). unfold F in *. lra. }
    split; intro H; [auto|left; auto].
Qed.

(** Conditions: expressions that are positive (true), or not zero. *)
Definition conditions := list (bool * texp).
Definition hold (x : params) (cs : conditions) : Prop :=
  forall b e, In (b, e) cs -> if b : bool then 0 < teval F x e else teval F x e <> 0.
Definition is_flat (T : tower) (e : texp) (p : poly) : bool := match flat T e with Some q => poly_eqb q p | None => false end.
Definition covered (T : tower) (cs : conditions) (en : entry) : bool :=
  let by_form := fst (sign (arg en)) && is_flat T (arg en) (inner en) in
  let given (positive : bool) := existsb (fun c => (fst c || negb positive) && is_flat T (snd c) (inner en)) cs in
  (match what en with
   | KInv => by_form || given false
   | KRsqrt => by_form || given true
   | KApp f => if only_positive f then by_form || given true else true
   end)%bool.

Lemma is_flat_ok T x e p : ordered 0 T = true -> is_flat T e p = true -> evp (ext x (run x T)) p = teval F x e.
Proof.
  intros O H. unfold is_flat in H. destruct (flat T e) as [q|] eqn:A; [|discriminate]. apply poly_eqb_ok in H. subst q.
  apply flat_ok; auto.
Qed.
Lemma covered_ok T x cs en : ordered 0 T = true -> hold x cs -> covered T cs en = true ->
  fine (what en) (evp (ext x (run x T)) (inner en)).
Proof.
  intros O H. unfold covered.
  assert (P : forall b, ((fst (sign (arg en)) && is_flat T (arg en) (inner en)) ||
      existsb (fun c => (fst c || negb b) && is_flat T (snd c) (inner en)) cs)%bool = true ->
      if b then 0 < evp (ext x (run x T)) (inner en) else evp (ext x (run x T)) (inner en) <> 0).
  { intros b G. apply orb_prop in G. destruct G as [G|G].
    - apply andb_prop in G. destruct G as [G1 G2]. rewrite (is_flat_ok T x _ _ O G2).
      assert (S := proj1 (sign_ok x (arg en)) G1). destruct b; [exact S|lra].
    - apply existsb_exists in G. destruct G as [[b' e] [I G]]. apply andb_prop in G. destruct G as [G1 G2]. simpl in G1, G2.
      rewrite (is_flat_ok T x _ _ O G2). specialize (H b' e I). destruct b, b'; simpl in G1; try discriminate; auto. lra. }
  unfold fine. destruct (what en) as [| |f]; [apply (P false)|apply (P true)|].
  destruct (only_positive f); [intros G _; apply (P true G)|discriminate].
Qed.

(** ** The check *)

Definition flat0 (T : tower) (e : texp) : poly := match flat T e with Some p => p | None => [] end.
Definition flattens (T : tower) (e : texp) : bool := match flat T e with Some _ => true | None => false end.
Definition sound (T : tower) (cs : conditions) (es : list texp) : bool :=
  valid T && forallb (covered T cs) T && forallb (fun e => flattens T e && moving T (flat0 T e)) es.

Section Model.
Variables (D : positive) (c : data).

Section Sound.
Variables (T : tower) (cs : conditions) (es : list texp).
Hypothesis HS : sound T cs es = true.
Variables (z x : params).
Hypothesis HC : hold (lift D c z x) cs.
Let E := ext (lift D c z x) (run (lift D c z x) T).

Lemma sound_fine en : In en T -> fine (what en) (evp E (inner en)).
Proof.
  intro I. unfold sound in HS. apply andb_prop in HS. destruct HS as [H _]. apply andb_prop in H. destruct H as [V C].
  rewrite forallb_forall in C. apply (covered_ok T _ cs); auto. apply andb_prop in V. tauto.
Qed.
Lemma sound_valid : valid T = true.
Proof. unfold sound in HS. apply andb_prop in HS. destruct HS as [H _]. apply andb_prop in H. tauto. Qed.
Lemma sound_ordered : ordered 0 T = true.
Proof. assert (V := sound_valid). apply andb_prop in V. tauto. Qed.
Lemma sound_flat e : In e es -> flat T e = Some (flat0 T e) /\ moving T (flat0 T e) = true.
Proof.
  intro I. unfold sound in HS. apply andb_prop in HS. destruct HS as [_ H]. rewrite forallb_forall in H. specialize (H e I).
  apply andb_prop in H. destruct H as [A B]. split; auto. unfold flattens, flat0 in *. destruct (flat T e); [auto|discriminate].
Qed.

Lemma partial_at e k : In e es -> (k <= D)%positive ->
  is_derive (fun s => teval F (lift D c z (upd x k s)) e) (x k) (dir E (unit k) T (flat0 T e)).
Proof.
  intros I L. destruct (sound_flat e I) as [A B].
  assert (X : lift D c z (upd x k (x k)) = lift D c z x) by (rewrite upd_id; reflexivity).
  unfold E. rewrite <- X. apply (texp_curve T (fun s => lift D c z (upd x k s)) (x k) (unit k)); auto.
  - apply sound_valid.
  - intro j. apply (is_derive_ext (fun s => upd (lift D c z x) k s j)). { intro s. rewrite lift_upd by auto. reflexivity. }
    unfold upd, unit. destruct (Pos.eqb j k); [apply (is_derive_id (K := R_AbsRing))|apply (is_derive_const (V := R_NormedModule))].
  - rewrite X. apply sound_fine.
Qed.
Lemma partial_is e k : In e es -> (k <= D)%positive ->
  partial (fun y => teval F (lift D c z y) e) k x = dir E (unit k) T (flat0 T e).
Proof. intros I L. apply is_derive_unique, partial_at; auto. Qed.
End Sound.

Lemma chain_at T cs es z (theta : R -> params) t (v : positive -> R) e : sound T cs es = true -> hold (lift D c z (theta t)) cs ->
  In e es -> (forall k, (k <= D)%positive -> is_derive (fun s => theta s k) t (v k)) ->
  is_derive (fun s => teval F (lift D c z (theta s)) e) t
    (Psum D (fun k => v k * partial (fun y => teval F (lift D c z y) e) k (theta t))).
Proof.
  intros HS HC I Hv. destruct (sound_flat T cs es HS e I) as [A B].
  set (w := fun k => if Pos.leb k D then v k else 0).
  replace (Psum D (fun k => v k * partial (fun y => teval F (lift D c z y) e) k (theta t)))
    with (dir (ext (lift D c z (theta t)) (run (lift D c z (theta t)) T)) w T (flat0 T e)).
  - apply (texp_curve T (fun s => lift D c z (theta s)) t w); auto.
    + apply (sound_valid T cs es HS).
    + intro k. unfold w, lift. destruct (Pos.leb_spec k D) as [L|L]; [apply Hv; auto|apply (is_derive_const (V := R_NormedModule))].
    + apply (sound_fine T cs es HS); auto.
  - rewrite (dir_units D).
    + apply Psum_ext. intros k L. rewrite (partial_is T cs es HS) by auto. unfold w. apply Pos.leb_le in L. rewrite L. reflexivity.
    + intros j L. unfold w. apply Pos.leb_gt in L. rewrite L. reflexivity.
Qed.

Definition product (P gf gh : list poly) (k : positive) : poly :=
  (* laws are short: the shorter factor first *)
  let ab := pmul (nth (place k) gh []) (nth (place k) gf []) in
  match nth_error P (place k) with Some q => pmul q ab | None => ab end.
Definition orthogonal_by (T : tower) (P gf gh : list poly) : bool := vanishes T (psum (map (product P gf gh) (below_idx D))).

Lemma orthogonal_at T cs outputs laws factors z x (P : preconditioner) f h :
  sound T cs (outputs ++ laws) = true -> hold (lift D c z x) cs ->
  forallb (flattens T) factors = true -> map (teval F (lift D c z x)) factors = P x ->
  orthogonal_by T (map (flat0 T) factors) (gradient_of (gradients T D) (flat0 T f)) (gradient_of (gradients T D) (flat0 T h)) = true ->
  In f outputs -> In h laws ->
  Psum D (fun k => partial (fun y => teval F (lift D c z y) h) k x *
    (factor P k x * partial (fun y => teval F (lift D c z y) f) k x)) = 0.
Proof.
  intros HS HC HF HP V If Ih. unfold orthogonal_by in V.
  apply (vanishes_ok T (lift D c z x)) in V; [|apply (sound_ordered T cs _ HS)|apply (sound_fine T cs _ HS); auto].
  set (E := ext (lift D c z x) (run (lift D c z x) T)) in *.
  rewrite psum_ok in V. rewrite <- V. rewrite Psum_fr. unfold evs.
  assert (G : forall l, (forall k, In k l -> (k <= D)%positive) -> fold_right Rplus 0 (map (fun k => partial (fun y => teval F (lift D c z y) h) k x *
      (factor P k x * partial (fun y => teval F (lift D c z y) f) k x)) l) =
      fold_right (fun p r => evp E p + r) 0 (map (product (map (flat0 T) factors) (gradient_of (gradients T D) (flat0 T f))
        (gradient_of (gradients T D) (flat0 T h))) l)).
  { induction l as [|k l IH]; intro Hl; [reflexivity|]. cbn [map fold_right]. rewrite IH by (intros; apply Hl; simpl; auto). f_equal.
    assert (L : (k <= D)%positive) by (apply Hl; simpl; auto).
    rewrite !(partial_is T cs (outputs ++ laws) HS z x HC) by (auto; apply in_or_app; auto). fold E.
    unfold product. cbv zeta. unfold factor. rewrite <- HP.
    destruct (nth_error (map (flat0 T) factors) (place k)) as [q|] eqn:N; rewrite ?pmul_ok, !(gradient_nth E T D) by auto.
    - rewrite nth_error_map in N. destruct (nth_error factors (place k)) as [e|] eqn:M; [|discriminate].
      assert (Eq : nth (place k) (map (teval F (lift D c z x)) factors) 1 = evp E q).
      { apply nth_error_nth. rewrite nth_error_map, M. simpl. f_equal. symmetry.
        rewrite forallb_forall in HF. specialize (HF e (nth_error_In _ _ M)). simpl in N. inversion N.
        apply flat_ok; [apply (sound_ordered T cs _ HS)|]. unfold flattens, flat0 in *. destruct (flat T e); [auto|discriminate]. }
      rewrite Eq. ring.
    - rewrite nth_overflow; [ring|]. apply nth_error_None in N. rewrite map_length in *. exact N. }
  apply G. intros k I. apply below_idx_in. exact I.
Qed.
End Model.
End Tower.

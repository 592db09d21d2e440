(** Derivatives of sums of products with open sizes: in a direction, in an entry of a parameter, and what the check of laws for all sizes
    computes of them. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra Bool FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Claws Require Import Vocabulary Polynomials Conserved Losses Networks.
Import ListNotations.
Open Scope R_scope.

(** ** Derivatives *)

Section Derivatives.
Variables (sz : nat -> nat) (lows : list nat) (shapes : list (list nat)).
Hypothesis Hlow : forall d, (nth d lows 0 <= sz d)%nat.

(** The arrays of parameters come first; [shapes] are theirs. *)
Definition shape (a : nat) : list nat := nth a shapes [].
Definition inside (ds l : list nat) : Prop := Forall2 (fun i n => (i < n)%nat) l (map sz ds).

Lemma inside_length ds : forall l, inside ds l -> length l = length ds.
Proof. unfold inside. induction ds; intros l F; simpl in F; inversion F; subst; simpl; auto. Qed.

Lemma inside_nil l : inside [] l -> l = [].
Proof. intro F. inversion F. reflexivity. Qed.
Lemma inside_cons d ds l : inside (d :: ds) l -> exists i k, l = i :: k /\ (i < sz d)%nat /\ inside ds k.
Proof. unfold inside. intro F. inversion F; subst. eauto. Qed.

(** Every entry of a parameter that is read exists. *)
Fixpoint typed (ctx : list (nat * nat)) (t : net) : bool :=
  match t with
  | Nint _ | Nfrac _ _ | Ndim _ => true
  | Nentry a l => negb (Nat.ltb a (length shapes)) || all_below lows ctx l (shape a)
  | Nadd s t | Nsub s t | Nmul s t => typed ctx s && typed ctx t
  | Nopp t | Npow t _ | Nwhen _ _ t => typed ctx t
  | Nsum v d t | Nprod v d t => typed ((v, d) :: ctx) t
  | Nexcept _ _ _ _ => false
  end.

(** The derivative when the entries of [A] change at the rates [B]. *)
Fixpoint dev (A B : arrays) (e : env) (t : net) : R :=
  match t with
  | Nint _ | Nfrac _ _ | Ndim _ => 0
  | Nentry a l => B a (map (ixv e) l)
  | Nadd s t => dev A B e s + dev A B e t
  | Nsub s t => dev A B e s - dev A B e t
  | Nmul s t => dev A B e s * ev sz A e t + ev sz A e s * dev A B e t
  | Nopp t => - dev A B e t
  | Npow t n => INR n * dev A B e t * ev sz A e t ^ pred n
  | Nsum v d t => Rsum (sz d) (fun k => dev A B (set e v k) t)
  | Nprod v d t =>
      Rsum (sz d) (fun k => dev A B (set e v k) t * Rprod (sz d) (fun j => if Nat.eqb j k then 1 else ev sz A (set e v j) t))
  | Nexcept _ _ _ _ => 0
  | Nwhen i j t => if Nat.eqb (ixv e i) (ixv e j) then dev A B e t else 0
  end.

Lemma Rsum_derive n (f : nat -> R -> R) (g : nat -> R) x : (forall i, (i < n)%nat -> is_derive (f i) x (g i)) ->
  is_derive (fun s => Rsum n (fun i => f i s)) x (Rsum n g).
Proof.
  intro H. unfold Rsum. assert (G : forall i, In i (seq 0 n) -> is_derive (f i) x (g i)).
  { intros i I. apply in_seq in I. apply H. lia. }
  clear H. induction (seq 0 n) as [|i l IH]; simpl.
  - apply (is_derive_const (V := R_NormedModule)).
  - apply (is_derive_plus (V := R_NormedModule)); [apply G; simpl; auto|]. apply IH. intros; apply G; simpl; auto.
Qed.

Lemma Rprod_derive n (f : nat -> R -> R) (g : nat -> R) x : (forall i, (i < n)%nat -> is_derive (f i) x (g i)) ->
  is_derive (fun s => Rprod n (fun i => f i s)) x (Rsum n (fun k => g k * Rprod n (fun j => if Nat.eqb j k then 1 else f j x))).
Proof.
  intro H. unfold Rsum, Rprod. assert (G : forall i, In i (seq 0 n) -> is_derive (f i) x (g i)).
  { intros i I. apply in_seq in I. apply H. lia. }
  assert (N := seq_NoDup n 0). clear H. induction (seq 0 n) as [|a l IH]; simpl.
  - apply (is_derive_const (V := R_NormedModule)).
  - inversion N; subst. rewrite Nat.eqb_refl.
    replace (_ + _) with (g a * fold_right Rmult 1 (map (fun i => f i x) l) + f a x * fold_right Rplus 0
      (map (fun k => g k * fold_right Rmult 1 (map (fun j => if Nat.eqb j k then 1 else f j x) l)) l)).
    + apply (is_derive_mult (f a) (fun s => fold_right Rmult 1 (map (fun i => f i s) l))); [apply G; simpl; auto| |apply Rmult_comm].
      apply IH; auto. intros; apply G; simpl; auto.
    + f_equal.
      * rewrite Rmult_1_l. f_equal. f_equal. apply map_ext_in. intros j J.
        destruct (Nat.eqb_spec j a); [subst; tauto|reflexivity].
      * assert (S : forall k, incl k l -> f a x * fold_right Rplus 0
          (map (fun k => g k * fold_right Rmult 1 (map (fun j => if Nat.eqb j k then 1 else f j x) l)) k) =
          fold_right Rplus 0 (map (fun k => g k * ((if Nat.eqb a k then 1 else f a x) *
            fold_right Rmult 1 (map (fun j => if Nat.eqb j k then 1 else f j x) l))) k)); [|apply S, incl_refl].
        induction k as [|b k IHk]; simpl; intro C; [ring|]. rewrite <- IHk by (intros y Y; apply C; simpl; auto).
        destruct (Nat.eqb_spec a b); [subst; exfalso; apply H1, C; simpl; auto|]. ring.
Qed.

Lemma ev_derive (As : R -> arrays) (B : arrays) x :
  (forall a l, ((a < length shapes)%nat -> inside (shape a) l) -> is_derive (fun s => As s a l) x (B a l)) ->
  forall t ctx e, typed ctx t = true -> inrange sz ctx e -> is_derive (fun s => ev sz (As s) e t) x (dev (As x) B e t).
Proof.
  intro H. induction t; cbn [typed ev dev]; intros ctx e T E;
    try match goal with |- is_derive (fun _ => ?c) _ _ => apply (is_derive_const (V := R_NormedModule)) end.
  - apply H. intro L. apply Nat.ltb_lt in L. rewrite L in T. simpl in T.
    unfold inside. apply (all_below_ok sz lows Hlow ctx); auto.
  - apply andb_prop in T. destruct T. apply (is_derive_plus (V := R_NormedModule)); eauto.
  - apply andb_prop in T. destruct T. apply (is_derive_minus (V := R_NormedModule)); eauto.
  - apply andb_prop in T. destruct T.
    apply (is_derive_mult (fun s => ev sz (As s) e t1) (fun s => ev sz (As s) e t2)); eauto using Rmult_comm.
  - apply (is_derive_opp (V := R_NormedModule)); eauto.
  - apply (is_derive_pow (fun s => ev sz (As s) e t)); eauto.
  - apply (Rsum_derive _ (fun k s => ev sz (As s) (set e v k) t)). intros k K. apply (IHt ((v, d) :: ctx)); auto.
    apply inrange_set; auto.
  - apply (Rprod_derive _ (fun k s => ev sz (As s) (set e v k) t)). intros k K. apply (IHt ((v, d) :: ctx)); auto.
    apply inrange_set; auto.
  - discriminate.
  - destruct (Nat.eqb _ _); [eauto|apply (is_derive_const (V := R_NormedModule))].
Qed.

(** ** Sums over all entries of the parameters *)

Fixpoint lsum (ns : list nat) (f : list nat -> R) : R :=
  match ns with [] => f [] | n :: ns => Rsum n (fun i => lsum ns (fun l => f (i :: l))) end.
Definition gsum (f : nat -> list nat -> R) : R := Rsum (length shapes) (fun a => lsum (map sz (shape a)) (f a)).

Lemma lsum_eq ns : forall f g, (forall l, Forall2 (fun i n => (i < n)%nat) l ns -> f l = g l) -> lsum ns f = lsum ns g.
Proof. induction ns; simpl; intros f g H; [apply H; constructor|]. apply Rsum_eq. intros i I. apply IHns. intros. apply H. constructor; auto. Qed.
Lemma lsum_plus ns : forall f g, lsum ns (fun l => f l + g l) = lsum ns f + lsum ns g.
Proof.
  induction ns; simpl; intros; auto. rewrite <- Rsum_plus. apply Rsum_eq. intros.
  apply (IHns (fun l => f (i :: l)) (fun l => g (i :: l))).
Qed.
Lemma lsum_scal ns a : forall f, lsum ns (fun l => a * f l) = a * lsum ns f.
Proof. induction ns; simpl; intros; auto. rewrite <- Rsum_scal. apply Rsum_eq. intros. apply (IHns (fun l => f (i :: l))). Qed.
Lemma lsum_0 ns f : (forall l, f l = 0) -> lsum ns f = 0.
Proof.
  intro H. rewrite (lsum_eq ns f (fun l => 0 * f l)) by (intros; rewrite H; ring). rewrite lsum_scal. ring.
Qed.
Lemma lsum_Rsum ns n : forall f, lsum ns (fun l => Rsum n (fun i => f i l)) = Rsum n (fun i => lsum ns (f i)).
Proof.
  induction ns; simpl; intros; auto. rewrite Rsum_swap. apply Rsum_eq. intros.
  apply (IHns (fun k l => f k (i :: l))).
Qed.
Lemma gsum_eq f g : (forall a l, (a < length shapes)%nat -> inside (shape a) l -> f a l = g a l) -> gsum f = gsum g.
Proof. intro H. apply Rsum_eq. intros a I. apply lsum_eq. intros. apply H; auto. Qed.
Lemma gsum_plus f g : gsum (fun a l => f a l + g a l) = gsum f + gsum g.
Proof. unfold gsum. rewrite <- Rsum_plus. apply Rsum_eq. intros. apply lsum_plus. Qed.
Lemma gsum_scal x f : gsum (fun a l => x * f a l) = x * gsum f.
Proof. unfold gsum. rewrite <- Rsum_scal. apply Rsum_eq. intros. apply lsum_scal. Qed.
Lemma gsum_Rsum n f : gsum (fun a l => Rsum n (fun i => f i a l)) = Rsum n (fun i => gsum (f i)).
Proof. unfold gsum. rewrite Rsum_swap. apply Rsum_eq. intros. apply (lsum_Rsum _ n (fun j l => f j i l)). Qed.
Lemma gsum_0 f : (forall a l, (a < length shapes)%nat -> inside (shape a) l -> f a l = 0) -> gsum f = 0.
Proof.
  intro H. rewrite (gsum_eq f (fun _ _ => 0 * 0)) by (intros; rewrite H by auto; ring). rewrite (gsum_scal 0 (fun _ _ => 0)). ring.
Qed.

Fixpoint eqs (l k : list nat) : bool :=
  match l, k with [], [] => true | i :: l, j :: k => Nat.eqb i j && eqs l k | _, _ => false end.
Lemma eqs_eq l : forall k, eqs l k = true <-> l = k.
Proof.
  induction l as [|i l IH]; intros [|j k]; simpl; split; intro H; try discriminate; auto.
  - apply andb_prop in H. destruct H as [H1 H2]. apply Nat.eqb_eq in H1. apply IH in H2. congruence.
  - inversion H; subst. rewrite Nat.eqb_refl. apply IH. reflexivity.
Qed.
Lemma lsum_one ns : forall k f, Forall2 (fun i n => (i < n)%nat) k ns -> lsum ns (fun l => if eqs l k then f l else 0) = f k.
Proof.
  induction ns as [|n ns IH]; intros k f F; inversion F; subst; simpl; auto.
  rewrite (Rsum_eq _ _ (fun i => if Nat.eqb i x then f (i :: l) else 0)).
  - apply (Rsum_one n x (fun i => f (i :: l))). auto.
  - intros i _. destruct (Nat.eqb i x); simpl.
    + apply (IH l (fun l => f (i :: l))). auto.
    + apply lsum_0. intro. ring.
Qed.

(** 1 at one entry, 0 elsewhere. *)
Definition ind (a : nat) (l : list nat) : arrays := fun b k => if Nat.eqb b a && eqs k l then 1 else 0.

Lemma dev_gsum A B : (forall a l, (length shapes <= a)%nat -> B a l = 0) -> forall t ctx e,
  typed ctx t = true -> inrange sz ctx e -> dev A B e t = gsum (fun a l => B a l * dev A (ind a l) e t).
Proof.
  intro HB. induction t; cbn [typed dev]; intros ctx e T E; try (symmetry; apply gsum_0; intros; ring).
  - destruct (Nat.ltb_spec a (length shapes)) as [L|L].
    + simpl in T. unfold gsum. rewrite (Rsum_eq _ _ (fun b => if Nat.eqb b a then B b (map (ixv e) l) else 0)).
      * rewrite Rsum_one by auto. reflexivity.
      * intros b _. unfold ind. rewrite (Nat.eqb_sym a b). destruct (Nat.eqb_spec b a) as [->|]; simpl.
        -- rewrite (lsum_eq _ _ (fun k => if eqs k (map (ixv e) l) then B a k else 0)).
           ++ rewrite lsum_one; auto. apply (all_below_ok sz lows Hlow ctx); auto.
           ++ intros k _. destruct (eqs k (map (ixv e) l)) eqn:Q.
              ** apply eqs_eq in Q. subst. destruct (eqs (map (ixv e) l) (map (ixv e) l)) eqn:Q; [ring|].
                 exfalso. assert (Z : eqs (map (ixv e) l) (map (ixv e) l) = true) by (apply eqs_eq; auto). congruence.
              ** destruct (eqs (map (ixv e) l) k) eqn:Q2; [|ring]. apply eqs_eq in Q2. subst.
                 exfalso. assert (Z : eqs (map (ixv e) l) (map (ixv e) l) = true) by (apply eqs_eq; auto). congruence.
        -- apply lsum_0. intro. ring.
    + rewrite HB by auto. symmetry. apply gsum_0. intros b k I _. unfold ind.
      destruct (Nat.eqb_spec a b); [lia|]. simpl. ring.
  - apply andb_prop in T. destruct T. rewrite (IHt1 ctx), (IHt2 ctx), <- gsum_plus by auto. apply gsum_eq. intros. ring.
  - apply andb_prop in T. destruct T. rewrite (IHt1 ctx), (IHt2 ctx) by auto.
    rewrite (gsum_eq (fun a l => B a l * (dev A (ind a l) e t1 - dev A (ind a l) e t2))
      (fun a l => B a l * dev A (ind a l) e t1 + -1 * (B a l * dev A (ind a l) e t2))) by (intros; ring).
    rewrite gsum_plus, gsum_scal. ring.
  - apply andb_prop in T. destruct T. rewrite (IHt1 ctx), (IHt2 ctx) by auto.
    rewrite (gsum_eq (fun a l => B a l * (dev A (ind a l) e t1 * ev sz A e t2 + ev sz A e t1 * dev A (ind a l) e t2))
      (fun a l => ev sz A e t2 * (B a l * dev A (ind a l) e t1) + ev sz A e t1 * (B a l * dev A (ind a l) e t2))) by (intros; ring).
    rewrite gsum_plus, !gsum_scal. ring.
  - rewrite (IHt ctx) by auto. rewrite (gsum_eq (fun a l => B a l * - dev A (ind a l) e t)
      (fun a l => -1 * (B a l * dev A (ind a l) e t))) by (intros; ring). rewrite gsum_scal. ring.
  - rewrite (IHt ctx) by auto.
    rewrite (gsum_eq (fun a l => B a l * (INR n * dev A (ind a l) e t * ev sz A e t ^ pred n))
      (fun a l => (INR n * ev sz A e t ^ pred n) * (B a l * dev A (ind a l) e t))) by (intros; ring). rewrite gsum_scal. ring.
  - rewrite (gsum_eq _ (fun a l => Rsum (sz d) (fun k => B a l * dev A (ind a l) (set e v k) t))).
    + rewrite gsum_Rsum. apply Rsum_eq. intros k K. apply (IHt ((v, d) :: ctx)); auto. apply inrange_set; auto.
    + intros. symmetry. apply Rsum_scal.
  - set (Q := fun k => Rprod (sz d) (fun j => if Nat.eqb j k then 1 else ev sz A (set e v j) t)).
    rewrite (gsum_eq _ (fun a l => Rsum (sz d) (fun k => Q k * (B a l * dev A (ind a l) (set e v k) t)))).
    + rewrite gsum_Rsum. apply Rsum_eq. intros k K. rewrite gsum_scal, Rmult_comm. f_equal.
      apply (IHt ((v, d) :: ctx)); auto. apply inrange_set; auto.
    + intros. rewrite <- Rsum_scal. apply Rsum_eq. intros. fold (Q i). ring.
  - destruct (Nat.eqb _ _); [eauto|]. symmetry. apply gsum_0. intros. ring.
Qed.

(** ** The derivative in an entry, as a network *)

Fixpoint deltas (l : list ix) (xs : list nat) : net :=
  match l, xs with [], [] => Nint 1 | i :: l, x :: xs => Nwhen i (Iv x) (deltas l xs) | _, _ => Nint 0 end.
Fixpoint sdev (a : nat) (xs : list nat) (t : net) : net :=
  match t with
  | Nint _ | Nfrac _ _ | Ndim _ => Nint 0
  | Nentry b l => if Nat.eqb b a then deltas l xs else Nint 0
  | Nadd s t => Nadd (sdev a xs s) (sdev a xs t)
  | Nsub s t => Nsub (sdev a xs s) (sdev a xs t)
  | Nmul s t => Nadd (Nmul (sdev a xs s) t) (Nmul s (sdev a xs t))
  | Nopp t => Nopp (sdev a xs t)
  | Npow t n => Nmul (Nmul (Nint (Z.of_nat n)) (sdev a xs t)) (Npow t (pred n))
  | Nsum v d t => Nsum v d (sdev a xs t)
  | Nprod v d t => Nsum v d (Nmul (sdev a xs t) (Nexcept v d t (Iv v)))
  | Nexcept _ _ _ _ => Nint 0
  | Nwhen i j t => Nwhen i j (sdev a xs t)
  end.
Fixpoint nvars (t : net) : list nat :=
  match t with
  | Nint _ | Nfrac _ _ | Ndim _ => []
  | Nentry _ l => flat_map ixvars l
  | Nadd s t | Nsub s t | Nmul s t => nvars s ++ nvars t
  | Nopp t | Npow t _ => nvars t
  | Nsum v _ t | Nprod v _ t => v :: nvars t
  | Nexcept v _ t i => v :: ixvars i ++ nvars t
  | Nwhen i j t => ixvars i ++ ixvars j ++ nvars t
  end.

Lemma deltas_ok A e l : forall xs, ev sz A e (deltas l xs) = if eqs (map (ixv e) l) (map e xs) then 1 else 0.
Proof.
  induction l as [|i l IH]; intros [|x xs]; simpl; auto. rewrite IH. destruct (Nat.eqb _ _); simpl; auto.
Qed.
Lemma sdev_ok A a xs t : forall e, (forall x, In x xs -> ~ In x (nvars t)) ->
  ev sz A e (sdev a xs t) = dev A (ind a (map e xs)) e t.
Proof.
  induction t; cbn [sdev ev dev nvars]; intros e H; auto;
    try (rewrite IHt1, IHt2 by (intros x X J; apply (H x X), in_or_app; auto); reflexivity).
  - unfold ind. destruct (Nat.eqb a0 a); simpl; auto. apply deltas_ok.
  - rewrite IHt by auto. reflexivity.
  - rewrite IHt by auto. rewrite <- INR_IZR_INZ. reflexivity.
  - apply Rsum_eq. intros k _. rewrite IHt by (intros x X J; apply (H x X); simpl; auto).
    replace (map (set e v k) xs) with (map e xs); auto. apply map_ext_in. intros x X. symmetry. apply set_other.
    intros ->. apply (H v X). simpl. auto.
  - apply Rsum_eq. intros k _. rewrite IHt by (intros x X J; apply (H x X); simpl; auto).
    replace (map (set e v k) xs) with (map e xs).
    + f_equal. cbn [ixv]. rewrite set_same. apply Rprod_eq. intros j _.
      replace (set (set e v k) v j) with (set e v j); auto. apply functional_extensionality. intro x. unfold set.
      destruct (Nat.eqb x v); auto.
    + apply map_ext_in. intros x X. symmetry. apply set_other. intros ->. apply (H v X). simpl. auto.
  - rewrite IHt by (intros x X J; apply (H x X); rewrite !in_app_iff; auto). reflexivity.
Qed.
Lemma ixv_ext e1 e2 i : (forall x, In x (ixvars i) -> e1 x = e2 x) -> ixv e1 i = ixv e2 i.
Proof. intro H. rewrite (ixsub_ok Iv e1 e2), ixsub_id; auto. Qed.
Lemma ixvs_ext e1 e2 l : (forall x, In x (flat_map ixvars l) -> e1 x = e2 x) -> map (ixv e1) l = map (ixv e2) l.
Proof. intro H. apply map_ext_in. intros i I. apply ixv_ext. intros. apply H, in_flat_map. eauto. Qed.
Lemma ev_ext A t : forall e1 e2, (forall x, In x (nvars t) -> e1 x = e2 x) -> ev sz A e1 t = ev sz A e2 t.
Proof.
  induction t; cbn [ev nvars]; intros e1 e2 H; auto;
    try (rewrite (IHt1 e1 e2), (IHt2 e1 e2) by (intros; apply H, in_or_app; auto); reflexivity);
    try (rewrite (IHt e1 e2) by auto; reflexivity).
  - rewrite (ixvs_ext e1 e2) by auto. reflexivity.
  - apply Rsum_eq. intros k _. apply IHt. intros x X. unfold set. destruct (Nat.eqb_spec x v); auto. apply H. simpl. auto.
  - apply Rprod_eq. intros k _. apply IHt. intros x X. unfold set. destruct (Nat.eqb_spec x v); auto. apply H. simpl. auto.
  - rewrite (ixv_ext e1 e2 i) by (intros; apply H; simpl; rewrite in_app_iff; auto). apply Rprod_eq. intros k _.
    rewrite (IHt (set e1 v k) (set e2 v k)); auto. intros x X. unfold set. destruct (Nat.eqb_spec x v); auto.
    apply H. simpl. rewrite in_app_iff. auto.
  - rewrite (ixv_ext e1 e2 i), (ixv_ext e1 e2 j), (IHt e1 e2); auto; intros; apply H; rewrite !in_app_iff; auto.
Qed.
Lemma dev_ext A B t : forall e1 e2, (forall x, In x (nvars t) -> e1 x = e2 x) -> dev A B e1 t = dev A B e2 t.
Proof.
  induction t; cbn [dev nvars]; intros e1 e2 H; auto;
    try (rewrite (IHt1 e1 e2), (IHt2 e1 e2) by (intros; apply H, in_or_app; auto); reflexivity);
    try (rewrite (IHt e1 e2) by auto; reflexivity).
  - rewrite (ixvs_ext e1 e2) by auto. reflexivity.
  - rewrite (IHt1 e1 e2), (IHt2 e1 e2), (ev_ext A t1 e1 e2), (ev_ext A t2 e1 e2); auto; intros; apply H, in_or_app; auto.
  - rewrite (IHt e1 e2), (ev_ext A t e1 e2); auto.
  - apply Rsum_eq. intros k _. apply IHt. intros x X. unfold set. destruct (Nat.eqb_spec x v); auto. apply H. simpl. auto.
  - assert (S : forall k x, In x (nvars t) -> set e1 v k x = set e2 v k x).
    { intros k x X. unfold set. destruct (Nat.eqb_spec x v); auto. apply H. simpl. auto. }
    apply Rsum_eq. intros k _. rewrite (IHt (set e1 v k) (set e2 v k)) by auto. f_equal. apply Rprod_eq. intros j _.
    rewrite (ev_ext A t (set e1 v j) (set e2 v j)); auto.
  - rewrite (ixv_ext e1 e2 i), (ixv_ext e1 e2 j), (IHt e1 e2); auto; intros; apply H; rewrite !in_app_iff; auto.
Qed.

(** ** What the check computes *)

(** Several variables set at once; sums over them. *)
Fixpoint sets (e : env) (xs l : list nat) : env :=
  match xs, l with x :: xs, i :: l => sets (set e x i) xs l | _, _ => e end.
Fixpoint sums (b : list (nat * nat)) (t : net) : net := match b with [] => t | (x, d) :: b => Nsum x d (sums b t) end.
Lemma sums_ok A b t : forall e, ev sz A e (sums b t) = lsum (map sz (map snd b)) (fun l => ev sz A (sets e (map fst b) l) t).
Proof. induction b as [|[x d] b IH]; simpl; auto. intro e. apply Rsum_eq. intros. apply IH. Qed.
Lemma sets_other xs : forall e l x, ~ In x xs -> sets e xs l x = e x.
Proof.
  induction xs as [|y xs IH]; intros e [|i l] x N; simpl; auto. rewrite IH by (simpl in N; tauto).
  apply set_other. intro; subst. apply N. simpl. auto.
Qed.
Lemma sets_at xs : forall e l, NoDup xs -> length l = length xs -> map (sets e xs l) xs = l.
Proof.
  induction xs as [|x xs IH]; intros e [|i l] N L; simpl in *; try discriminate; auto. inversion N; subst. f_equal.
  - rewrite sets_other by auto. apply set_same.
  - apply IH; auto.
Qed.
End Derivatives.

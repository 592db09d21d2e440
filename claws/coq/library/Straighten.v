(** A field that does not vanish at a point has, near it, C2 invariants with every gradient that is orthogonal to it: D - 1 independent ones.

    No flow is needed. Let f be a component of the field X that does not vanish at p, say that of the coordinate x_0; then Y = X / f has
    Y x_0 = 1. With s = x_0 - p_0 the sum  sum_n (-s)^n / n! Y^n h  is killed by Y, since it telescopes, and equals h where s = 0. Its terms are
    polynomials in the coordinates, 1/f and s, and [Series.v] bounds them. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Claws Require Import Vocabulary Polynomials Conserved NoOther Smooth Generic Series.
Import ListNotations.
Open Scope R_scope.

(** ** Series and sums over coordinates *)

Lemma is_series_0 : is_series (fun _ : nat => 0) 0.
Proof.
  unfold is_series. apply (is_lim_seq_ext (fun _ => 0) _ (Finite 0)); [|apply is_lim_seq_const].
  intro n. rewrite sum_n_const. ring.
Qed.
Lemma Psum_series D (c : positive -> R) (u : positive -> nat -> R) : (forall k, (k <= D)%positive -> ex_series (u k)) ->
  Psum D (fun k => c k * Series (u k)) = Series (fun n => Psum D (fun k => c k * u k n)).
Proof.
  intro H. rewrite Psum_fr.
  assert (G : forall l, (forall k, In k l -> ex_series (u k)) ->
    ex_series (fun n => fold_right Rplus 0 (map (fun k => c k * u k n) l)) /\
    fold_right Rplus 0 (map (fun k => c k * Series (u k)) l) = Series (fun n => fold_right Rplus 0 (map (fun k => c k * u k n) l))).
  { induction l as [|a l IH]; intro I; cbn [map fold_right].
    - split; [exists 0; apply is_series_0|]. symmetry. apply is_series_unique, is_series_0.
    - destruct IH as [X E]; [intros; apply I; simpl; auto|].
      assert (Xa : ex_series (fun n => c a * u a n)).
      { apply (ex_series_scal (K := R_AbsRing) (V := R_NormedModule) (c a)). apply I. simpl. auto. }
      split; [apply (ex_series_plus (K := R_AbsRing) (V := R_NormedModule)); auto|].
      rewrite Series_plus, Series_scal_l, E by auto. reflexivity. }
  destruct (G (below_idx D)) as [_ E]; [intros; apply H, below_idx_in; auto|].
  rewrite E. apply Series_ext. intro n. rewrite Psum_fr. reflexivity.
Qed.

Lemma Psum_le_all D (f : positive -> R) k : (forall j, 0 <= f j) -> (k <= D)%positive -> f k <= Psum D f.
Proof.
  intros P K. apply below_idx_in in K. rewrite Psum_fr.
  assert (N : forall l, 0 <= fold_right Rplus 0 (map f l)) by (induction l; simpl; [lra|specialize (P a); lra]).
  revert K. generalize (below_idx D). induction l as [|a l IH]; simpl; [tauto|].
  intros [->|I]; [specialize (N l); lra|]. specialize (IH I). specialize (P a). lra.
Qed.

(** ** Near a point *)

Lemma near_open D p eps x : near D p eps x -> exists delta, 0 < delta /\ forall y, near D x delta y -> near D p eps y.
Proof.
  intro N.
  assert (G : forall l, (forall k, In k l -> (k <= D)%positive) -> exists delta, 0 < delta /\ forall y, near D x delta y ->
    forall k, In k l -> Rabs (y k - p k) < eps).
  { induction l as [|a l IH]; intro I.
    - exists 1. split; [lra|]. intros y _ k [].
    - destruct IH as [d [D0 H]]; [intros; apply I; simpl; auto|].
      destruct (N a) as [Na _]. specialize (Na (I a (or_introl eq_refl))).
      exists (Rmin d (eps - Rabs (x a - p a))). split; [apply Rmin_pos; lra|]. intros y Y k [<-|K].
      + apply near_min in Y. destruct Y as [_ Y]. destruct (Y a) as [Ya _]. specialize (Ya (I a (or_introl eq_refl))).
        replace (y a - p a) with ((y a - x a) + (x a - p a)) by ring. eapply Rle_lt_trans; [apply Rabs_triang|]. lra.
      + apply near_min in Y. destruct Y as [Y _]. apply (H y Y k K). }
  destruct (G (below_idx D)) as [d [D0 H]]; [intros k K; apply below_idx_in; exact K|].
  exists d. split; [exact D0|]. intros y Y k. split.
  - intro K. apply (H y Y). apply below_idx_in, K.
  - intro K. destruct (N k) as [_ A]. destruct (Y k) as [_ B]. rewrite B, A; auto.
Qed.

Section Straighten.
Variables (D : positive) (X : positive -> poly) (p : params) (x0 : positive).
Hypothesis Hx0 : (x0 <= D)%positive.
Hypothesis supported : forall k, (D < k)%positive -> X k = [].
Let f (x : params) : R := evp x (X x0).
Hypothesis fp : f p <> 0.

Inductive var := Coord (k : positive) | Inverse | Time.

Fixpoint monomial (m : mono) : rexp var :=
  match m with [] => Num 1 | k :: m' => Times (Var (Coord k)) (monomial m') end.
Fixpoint expr (q : poly) : rexp var :=
  match q with [] => Num 0 | (m, c) :: q' => Plus (Times (Num (Q2R c)) (monomial m)) (expr q') end.

Lemma val_expr y q : val y (expr q) = evp (fun k => y (Coord k)) q.
Proof.
  induction q as [|[m c] q IH]; simpl; auto. rewrite IH. f_equal. f_equal.
  induction m; simpl; auto. rewrite IHm. reflexivity.
Qed.

(** The values of the variables at a point. *)
Definition at_point (x : params) (v : var) : R :=
  match v with Coord k => x k | Inverse => / f x | Time => x x0 - p x0 end.

(** The derivations d/dx_k and Y. *)
Definition along_axis (k : positive) (v : var) : rexp var :=
  match v with
  | Coord j => Num (if Pos.eqb j k then 1 else 0)
  | Inverse => Times (Num (-1)) (Times (Times (Var Inverse) (Var Inverse)) (expr (dp k (X x0))))
  | Time => Num (if Pos.eqb x0 k then 1 else 0)
  end.
Definition along_field (v : var) : rexp var :=
  match v with
  | Coord j => Times (Var Inverse) (expr (X j))
  | Inverse => Times (Num (-1)) (Times (Times (Var Inverse) (Var Inverse)) (Times (Var Inverse) (expr (lie X (X x0)))))
  | Time => Num 1
  end.

Lemma axis_derive x k v : f x <> 0 -> is_derive (fun s => at_point (upd x k s) v) (x k) (val (at_point x) (along_axis k v)).
Proof.
  intro F. destruct v as [j| |]; cbn [at_point along_axis val].
  - unfold upd. destruct (Pos.eqb j k); [apply (is_derive_id (K := R_AbsRing))|apply (is_derive_const (V := R_NormedModule))].
  - rewrite val_expr. cbn [at_point]. change (fun k => x k) with x.
    replace (-1 * (/ f x * / f x * evp x (dp k (X x0)))) with (- evp x (dp k (X x0)) / f (upd x k (x k)) ^ 2).
    2:{ rewrite upd_id. field. exact F. }
    apply (is_derive_inv (fun s => f (upd x k s))); [apply is_partial|]. rewrite upd_id. exact F.
  - replace (if Pos.eqb x0 k then 1 else 0) with ((if Pos.eqb x0 k then 1 else 0) - 0) by ring.
    apply (is_derive_minus (V := R_NormedModule)); [|apply (is_derive_const (V := R_NormedModule))].
    unfold upd. destruct (Pos.eqb x0 k); [apply (is_derive_id (K := R_AbsRing))|apply (is_derive_const (V := R_NormedModule))].
Qed.

(** X = f Y. *)
Lemma field_axes x e : f x <> 0 -> Psum D (fun k => evp x (X k) * val (at_point x) (derivation (along_axis k) e)) =
  f x * val (at_point x) (derivation along_field e).
Proof.
  intro F. induction e as [c|v|a IHa b IHb|a IHa b IHb]; cbn [derivation val].
  - rewrite Psum_0 by (intros; ring). ring.
  - destruct v as [j| |]; cbn [along_axis along_field val at_point].
    + rewrite Psum_delta, val_expr. cbn [at_point]. change (fun k => x k) with x.
      destruct (Pos.leb_spec j D) as [L|L]; [field; exact F|]. rewrite (supported j L). simpl. ring.
    + rewrite val_expr. cbn [at_point]. change (fun k => x k) with x.
      rewrite lie_ok, (dirp_Psum D) by (intros k K; rewrite (supported k K); reflexivity).
      rewrite (Psum_ext D _ (fun k => (- (/ f x * / f x)) * (evp x (X k) * evp x (dp k (X x0))))).
      2:{ intros k K. rewrite val_expr. cbn [at_point]. change (fun k => x k) with x. ring. }
      rewrite Psum_scal. field. exact F.
    + rewrite Psum_delta. apply Pos.leb_le in Hx0. rewrite Hx0. unfold f. ring.
  - rewrite (Psum_ext D _ (fun k => evp x (X k) * val (at_point x) (derivation (along_axis k) a) +
      evp x (X k) * val (at_point x) (derivation (along_axis k) b))) by (intros; ring).
    rewrite Psum_plus, IHa, IHb. ring.
  - rewrite (Psum_ext D _ (fun k => val (at_point x) b * (evp x (X k) * val (at_point x) (derivation (along_axis k) a)) +
      val (at_point x) a * (evp x (X k) * val (at_point x) (derivation (along_axis k) b)))) by (intros; ring).
    rewrite Psum_plus, !Psum_scal, IHa, IHb. ring.
Qed.

(** Expressions without s. *)
Fixpoint timeless (e : rexp var) : Prop :=
  match e with Num _ => True | Var Time => False | Var _ => True | Plus a b | Times a b => timeless a /\ timeless b end.
Lemma timeless_expr q : timeless (expr q).
Proof.
  induction q as [|[m c] q IH]; simpl; auto. repeat split; auto. induction m; simpl; auto.
Qed.
Lemma timeless_field e : timeless e -> timeless (derivation along_field e).
Proof.
  induction e as [c|v|a IHa b IHb|a IHa b IHb]; simpl; auto; try tauto.
  destruct v; simpl; try tauto; repeat split; auto using timeless_expr.
Qed.
Lemma timeless_majorant r r' e : timeless e -> (forall v, v <> Time -> r v = r' v) -> majorant r e = majorant r' e.
Proof.
  intros T E. induction e as [c|v|a IHa b IHb|a IHa b IHb]; simpl in *; auto.
  - destruct v; try tauto; apply E; congruence.
  - destruct T. rewrite IHa, IHb; auto.
  - destruct T. rewrite IHa, IHb; auto.
Qed.

(** ** The terms *)

Section Terms.
Variable w : positive -> R.

Fixpoint linear (l : list positive) : rexp var :=
  match l with [] => Num 0 | k :: l' => Plus (Times (Num (w k)) (Var (Coord k))) (linear l') end.
Definition start : rexp var := linear (below_idx D).
Lemma timeless_start : timeless start.
Proof. unfold start. induction (below_idx D); simpl; auto. Qed.
Lemma derivation_start d y : val y (derivation d start) = Psum D (fun k => w k * val y (d (Coord k))).
Proof.
  rewrite Psum_fr. unfold start. induction (below_idx D) as [|k l IH]; simpl; auto. rewrite IH. ring.
Qed.

Fixpoint backwards (n : nat) : rexp var :=
  match n with O => Num 1 | S n' => Times (Times (Num (-1)) (Var Time)) (backwards n') end.
Definition coefficient : nat -> rexp var := iterated along_field start.
Definition term (n : nat) : rexp var := Times (backwards n) (coefficient n).

Lemma val_backwards y n : val y (backwards n) = (- y Time) ^ n.
Proof. induction n; simpl; auto. rewrite IHn. ring. Qed.
Lemma derivation_backwards d y n :
  val y (derivation d (backwards n)) = - INR n * val y (d Time) * (- y Time) ^ (pred n).
Proof.
  induction n; cbn [backwards derivation val pred]; [simpl; ring|]. rewrite IHn, val_backwards, S_INR.
  destruct n; cbn [pred pow]; [simpl; ring|]. ring.
Qed.
Lemma timeless_coefficient n : timeless (coefficient n).
Proof.
  induction n; [apply timeless_start|]. simpl. split; auto. apply timeless_field, IHn.
Qed.
Lemma derivation_coefficient y n : val y (derivation along_field (coefficient n)) = INR (S n) * val y (coefficient (S n)).
Proof.
  cbn [coefficient iterated val]. unfold coefficient. cbn [iterated val]. field. apply not_0_INR. lia.
Qed.

(** It telescopes. *)
Definition rest (y : var -> R) (n : nat) : R := (- y Time) ^ n * (INR (S n) * val y (coefficient (S n))).
Lemma telescope y n : sum_n (fun n => val y (derivation along_field (term n))) n = rest y n.
Proof.
  assert (E : forall n, val y (derivation along_field (term n)) =
    - INR n * (- y Time) ^ pred n * val y (coefficient n) + rest y n).
  { intro m. unfold term, rest. cbn [derivation val].
    rewrite derivation_backwards, val_backwards, derivation_coefficient. cbn [along_field val]. ring. }
  induction n.
  - rewrite sum_O, E. simpl. ring.
  - rewrite sum_Sn, IHn, E. match goal with |- plus ?a ?b = ?c => change (a + b = c) end. unfold rest. cbn [pred pow]. ring.
Qed.

Definition straightened (x : params) : R := value term (at_point x).
End Terms.

(** ** Radii *)

Let rA (v : var) : R := match v with Coord j => 4 * (Rabs (p j) + 1) | Inverse => 8 / Rabs (f p) | Time => 1 end.
Let rmin : R := Rmin 1 (8 / Rabs (f p)).
Lemma fp_pos : 0 < Rabs (f p). Proof. apply Rabs_pos_lt, fp. Qed.
Lemma rmin_pos : 0 < rmin.
Proof. apply Rmin_pos; [lra|]. apply Rdiv_lt_0_compat; [lra|apply fp_pos]. Qed.
Lemma rA_min v : rmin <= rA v.
Proof.
  assert (A := Rmin_l 1 (8 / Rabs (f p))). assert (B := Rmin_r 1 (8 / Rabs (f p))). fold rmin in A, B.
  destruct v; simpl; auto. assert (H := Rabs_pos (p k)). lra.
Qed.

Lemma bounded_axis r k : (forall v, 0 <= r v) -> bounded_derivation r (along_axis k).
Proof.
  intro H. set (C := majorant (radii r 1) (along_axis k Inverse)).
  assert (P : forall v, 0 <= radii r 1 v) by (intro; unfold radii; rewrite Rmult_1_l; auto).
  assert (C0 : 0 <= C) by (apply majorant_pos, P).
  exists (C + 1). split; [lra|]. intros [j| |]; [| fold C; lra |]; simpl;
  destruct (Pos.eqb _ k); rewrite ?Rabs_R0, ?Rabs_R1; lra.
Qed.
Lemma bounded_field r : (forall v, 0 <= r v) -> bounded_derivation r along_field.
Proof.
  intro H. assert (P : forall v, 0 <= radii r 1 v) by (intro; unfold radii; rewrite Rmult_1_l; auto).
  set (C1 := majorant (radii r 1) (along_field Inverse)). set (C2 := Psum D (fun j => majorant (radii r 1) (along_field (Coord j)))).
  assert (P1 : 0 <= C1) by (apply majorant_pos, P).
  assert (B : forall j, (j <= D)%positive -> majorant (radii r 1) (along_field (Coord j)) <= C2).
  { intros j J. apply (Psum_le_all D (fun j => majorant (radii r 1) (along_field (Coord j))) j); auto. intro. apply majorant_pos, P. }
  assert (P2 : 0 <= C2). { eapply Rle_trans; [|apply (B x0 Hx0)]. apply majorant_pos, P. }
  exists (C1 + C2 + 1). split; [lra|]. intros [j| |]; [|fold C1; lra|simpl; rewrite Rabs_R1; lra].
  destruct (Pos.leb_spec j D) as [L|L]; [specialize (B j L); lra|].
  cbn [along_field]. rewrite (supported j L). cbn [expr majorant]. rewrite Rabs_R0, Rmult_0_r. lra.
Qed.

Lemma two_pow n : INR (S n) <= 2 ^ n.
Proof.
  induction n; [simpl; lra|]. rewrite S_INR. cbn [pow]. assert (1 <= 2 ^ n) by (apply pow_R1_Rle; lra). lra.
Qed.

Theorem straight : exists eps, 0 < eps /\ (forall x, near D p eps x -> f x <> 0) /\
  forall w, Psum D (fun k => w k * evp p (X k)) = 0 ->
  C2 D p eps (straightened w) /\
  (forall x, near D p eps x -> Psum D (fun k => evp x (X k) * partial (straightened w) k x) = 0) /\
  forall k, (k <= D)%positive -> partial (straightened w) k p = w k.
Proof.
  assert (RA : forall v, 0 <= rA v) by (intro v; assert (A := rA_min v); assert (B := rmin_pos); lra).
  destruct (iterated_majorant rA rmin rmin_pos rA_min along_field (bounded_field rA RA)) as [K [K0 HK]].
  set (e0 := 1 / (8 * K)). assert (E0 : 0 < e0) by (apply Rdiv_lt_0_compat; lra).
  assert (E2 : e0 * (2 * K) = 1 / 4) by (unfold e0; field; lra).
  set (r := fun v => match v with Time => e0 | _ => radii rA (1 / 2) v end).
  set (r0 := Rmin e0 (rmin / 2)).
  assert (r0_pos : 0 < r0) by (apply Rmin_pos; auto; assert (A := rmin_pos); lra).
  assert (r_pos : forall v, r0 <= r v).
  { assert (A := Rmin_l e0 (rmin / 2)). assert (B := Rmin_r e0 (rmin / 2)). fold r0 in A, B.
    intros [j| |]; simpl; unfold radii; [assert (Z := rA_min (Coord j))|assert (Z := rA_min Inverse)|]; simpl in *; lra. }
  assert (rn : forall v, 0 <= r v) by (intro v; specialize (r_pos v); lra).
  (* near p *)
  destruct (cont_evp D (X x0) p (Rabs (f p) / 2)) as [df [Df Hf]]; [assert (A := fp_pos); lra|].
  set (eps := Rmin df (Rmin 1 (e0 / 2))).
  assert (Eps : 0 < eps) by (repeat apply Rmin_pos; lra).
  assert (half : forall x, near D p eps x -> Rabs (f p) / 2 < Rabs (f x)).
  { intros x N. apply near_min in N. destruct N as [N _]. specialize (Hf x N). fold (f x) (f p) in Hf.
    assert (T := Rabs_triang_inv (f p) (f p - f x)). replace (f p - (f p - f x)) with (f x) in T by ring.
    rewrite Rabs_minus_sym in Hf. lra. }
  assert (nonzero : forall x, near D p eps x -> f x <> 0).
  { intros x N E. specialize (half x N). rewrite E, Rabs_R0 in half. assert (A := fp_pos). lra. }
  assert (W : forall x, near D p eps x -> within r (at_point x)).
  { intros x N v. assert (H := half x N). assert (F := nonzero x N). assert (A := fp_pos).
    apply near_min in N. destruct N as [_ N]. apply near_min in N. destruct N as [N1 N2].
    destruct v as [j| |]; unfold radii, r, radii, rA; cbn [at_point].
    - destruct (N1 j) as [Nj Nj']. assert (Rabs (x j) <= Rabs (p j) + 1); [|lra].
      destruct (Pos.leb_spec j D) as [L|L]; [|rewrite (Nj' L); lra]. specialize (Nj L).
      replace (x j) with ((x j - p j) + p j) by ring. eapply Rle_trans; [apply Rabs_triang|]. lra.
    - rewrite Rabs_inv. replace (1 / 2 * (1 / 2 * (8 / Rabs (f p)))) with (/ (Rabs (f p) / 2)) by (field; lra).
      apply Rinv_le_contravar; lra.
    - destruct (N2 x0) as [Nx _]. specialize (Nx Hx0). lra. }
  assert (BA : forall k, bounded_derivation r (along_axis k)) by (intro k; apply bounded_axis; auto).
  (* derivatives, term by term *)
  assert (DV : forall a x k, convergent r a -> near D p eps x -> (k <= D)%positive ->
    is_derive (fun s => value a (at_point (upd x k s))) (x k) (value (fun n => derivation (along_axis k) (a n)) (at_point x))).
  { intros a x k Ca N L. destruct (near_upd D p eps x k N L) as [e [He H]].
    replace (at_point x) with (at_point (upd x k (x k))) by (rewrite upd_id; reflexivity).
    apply (value_derive r r0 r0_pos r_pos (along_axis k) a (fun s => at_point (upd x k s)) (x k) e); auto.
    intros s v S. assert (AD := axis_derive (upd x k s) k v (nonzero _ (H s S))). rewrite upd_eq in AD.
    apply (is_derive_ext (fun u => at_point (upd (upd x k s) k u) v)); [intro; rewrite upd_twice; reflexivity|exact AD]. }
  assert (PV : forall a x k, convergent r a -> near D p eps x -> (k <= D)%positive ->
    partial (fun y => value a (at_point y)) k x = value (fun n => derivation (along_axis k) (a n)) (at_point x)).
  { intros a x k Ca N L. apply is_derive_unique. apply DV; auto. }
  assert (CD : forall a k, convergent r a -> convergent r (fun n => derivation (along_axis k) (a n))).
  { intros a k Ca. apply (convergent_derivation r r0 r0_pos r_pos); auto. }
  (* and continuous *)
  assert (CV : forall a x, convergent r a -> near D p eps x -> cont D (fun y => value a (at_point y)) x).
  { intros a x Ca N e He. destruct (value_lipschitz r r0 r0_pos r_pos a Ca) as [L [L0 HL]].
    set (t := e / (2 * L)). assert (T : 0 < t) by (apply Rdiv_lt_0_compat; lra).
    destruct (near_open D p eps x N) as [d1 [D1 H1]].
    assert (A := fp_pos).
    assert (Fq : 0 < t * (Rabs (f p) / 2 * (Rabs (f p) / 2))).
    { apply Rmult_lt_0_compat; auto. apply Rmult_lt_0_compat; lra. }
    destruct (cont_evp D (X x0) x _ Fq) as [d2 [D2 H2]].
    exists (Rmin d1 (Rmin d2 t)). split; [repeat apply Rmin_pos; auto|]. intros y Y.
    apply near_min in Y. destruct Y as [Y1 Y]. apply near_min in Y. destruct Y as [Y2 Y3].
    specialize (H1 y Y1). specialize (H2 y Y2). fold (f x) (f y) in H2.
    apply Rle_lt_trans with (L * t); [|unfold t; replace (L * (e / (2 * L))) with (e / 2) by (field; lra); lra].
    apply HL; auto. assert (B1 := half x N). assert (B2 := half y H1). assert (F1 := nonzero x N). assert (F2 := nonzero y H1).
    intros [j| |]; cbn [at_point].
    - destruct (Y3 j) as [Yj Yj']. destruct (Pos.leb_spec j D) as [L'|L']; [left; auto|].
      rewrite (Yj' L'), Rminus_eq_0, Rabs_R0. lra.
    - replace (/ f y - / f x) with (- (f y - f x) * / (f x * f y)) by (field; auto).
      rewrite Rabs_mult, Rabs_Ropp, Rabs_inv, Rabs_mult.
      assert (Q : 0 < Rabs (f x) * Rabs (f y)) by (apply Rmult_lt_0_compat; lra).
      apply (Rmult_le_reg_r (Rabs (f x) * Rabs (f y))); auto. rewrite Rmult_assoc, Rinv_l, Rmult_1_r by lra.
      left. eapply Rlt_le_trans; [exact H2|]. apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat; lra.
    - replace (y x0 - p x0 - (x x0 - p x0)) with (y x0 - x x0) by ring. left. apply Y3, Hx0. }
  assert (local : forall x l, near D p eps x -> (l <= D)%positive -> locally (x l) (fun s => near D p eps (upd x l s))).
  { intros x l N L. destruct (near_upd D p eps x l N L) as [e [He H]]. exists (mkposreal e He). intros s S. apply H. exact S. }
  exists eps. split; [exact Eps|split; [exact nonzero|]]. intros w Hw.
  destruct (HK (start w)) as [M [M0 HA]].
  assert (A2 : forall n, majorant (radii rA (1 / 2)) (coefficient w n) <= M * (2 * K) ^ n).
  { intro n. unfold coefficient. replace (2 * K) with (K / (1 - 1 / 2)) by field. apply HA. lra. }
  assert (rC : forall n, majorant r (coefficient w n) <= M * (2 * K) ^ n).
  { intro n. rewrite (timeless_majorant r (radii rA (1 / 2))); auto using timeless_coefficient. intros [j| |] N; (reflexivity || congruence). }
  (* the terms can be summed *)
  assert (CT : convergent r (term w)).
  { exists 1. split; [lra|]. exists M. intro n. unfold term. cbn [majorant].
    assert (R1 : forall e, majorant (radii r 1) e = majorant r e).
    { intro e. f_equal. apply functional_extensionality. intro v. unfold radii. ring. }
    rewrite !R1. assert (PW : majorant r (backwards n) = e0 ^ n).
    { induction n; simpl; [apply Rabs_R1|]. rewrite IHn. rewrite Rabs_left by lra. ring. }
    rewrite PW. apply Rle_trans with (e0 ^ n * (M * (2 * K) ^ n)).
    - apply Rmult_le_compat_l; [apply pow_le; lra|apply rC].
    - replace (e0 ^ n * (M * (2 * K) ^ n)) with (M * (e0 * (2 * K)) ^ n) by (rewrite Rpow_mult_distr; ring).
      rewrite E2. apply Rmult_le_compat_l; [lra|]. apply pow_incr. lra. }
  unfold straightened. split; [|split].
  - intros x N k l Lk Ll.
    assert (CT1 := CD (term w) k CT). assert (CT2 := CD _ l CT1).
    assert (PP : forall x, near D p eps x -> is_derive (fun s => partial (fun y => value (term w) (at_point y)) k (upd x l s)) (x l)
      (value (fun n => derivation (along_axis l) (derivation (along_axis k) (term w n))) (at_point x))).
    { intros y Ny. apply (is_derive_ext_loc (fun s => value (fun n => derivation (along_axis k) (term w n)) (at_point (upd y l s)))).
      - generalize (local y l Ny Ll). apply filter_imp. intros s S. symmetry. apply PV; auto.
      - apply (DV (fun n => derivation (along_axis k) (term w n))); auto. }
    split; [|split].
    + eexists. apply DV; auto.
    + eexists. apply PP, N.
    + intros e He. destruct (CV _ x CT2 N e He) as [d [D0 H]]. destruct (near_open D p eps x N) as [d1 [D1 H1]].
      exists (Rmin d d1). split; [apply Rmin_pos; auto|]. intros y Y. apply near_min in Y. destruct Y as [Y1 Y2].
      replace (partial (partial (fun z => value (term w) (at_point z)) k) l y)
        with (value (fun n => derivation (along_axis l) (derivation (along_axis k) (term w n))) (at_point y))
        by (symmetry; apply is_derive_unique, PP, H1, Y2).
      replace (partial (partial (fun z => value (term w) (at_point z)) k) l x)
        with (value (fun n => derivation (along_axis l) (derivation (along_axis k) (term w n))) (at_point x))
        by (symmetry; apply is_derive_unique, PP, N).
      apply H, Y1.
  - (* killed by X *)
    intros x N.
    rewrite (Psum_ext D _ (fun k => evp x (X k) * Series (fun n => val (at_point x) (derivation (along_axis k) (term w n))))).
    2:{ intros k L. rewrite (PV (term w) x k CT N L). reflexivity. }
    rewrite Psum_series.
    2:{ intros k L. destruct (convergent_bound r r0 r0_pos r_pos _ (CD (term w) k CT)) as [B H]. apply (geometric B). auto. }
    rewrite (Series_ext _ (fun n => f x * val (at_point x) (derivation along_field (term w n)))).
    2:{ intro n. apply field_axes. auto. }
    rewrite Series_scal_l. assert (Z : is_series (fun n => val (at_point x) (derivation along_field (term w n))) 0).
    { unfold is_series. apply (is_lim_seq_ext (rest w (at_point x)) _ (Finite 0)); [intro n; symmetry; apply telescope|].
      apply is_lim_seq_abs_0.
      apply (is_lim_seq_le_le (fun _ => 0) _ (fun n => (2 * K * M) * (1 / 2) ^ n)).
      - intro n. split; [apply Rabs_pos|]. unfold rest. rewrite !Rabs_mult, <- RPow_abs, Rabs_Ropp.
        assert (Wx := W x N). assert (WT := Wx Time). unfold radii in WT. simpl in WT.
        assert (V1 : Rabs (val (at_point x) (coefficient w (S n))) <= M * (2 * K) ^ S n).
        { eapply Rle_trans; [|apply rC]. apply val_bound. intro v. eapply Rle_trans; [apply Wx|].
          unfold radii. specialize (rn v). lra. }
        rewrite (Rabs_right (INR (S n))) by (apply Rle_ge, pos_INR).
        assert (V2 : INR (S n) <= 2 ^ n) by apply two_pow.
        assert (V3 : Rabs (at_point x Time) ^ n <= (e0 / 2) ^ n).
        { apply pow_incr. split; [apply Rabs_pos|]. cbn [at_point]. lra. }
        apply Rle_trans with ((e0 / 2) ^ n * (2 ^ n * (M * (2 * K) ^ S n))).
        + apply Rmult_le_compat; [apply pow_le, Rabs_pos| |exact V3|].
          * apply Rmult_le_pos; [apply pos_INR|apply Rabs_pos].
          * apply Rmult_le_compat; auto using pos_INR, Rabs_pos.
        + cbn [pow]. replace ((e0 / 2) ^ n * (2 ^ n * (M * (2 * K * (2 * K) ^ n)))) with (2 * K * M * (e0 * (2 * K)) ^ n).
          2:{ replace (e0 * (2 * K)) with (e0 / 2 * (2 * (2 * K))) by field. rewrite !Rpow_mult_distr. ring. }
          rewrite E2. apply Rmult_le_compat_l; [repeat apply Rmult_le_pos; lra|]. apply pow_incr. lra.
      - apply is_lim_seq_const.
      - replace (Finite 0) with (Rbar_mult (Finite (2 * K * M)) (Finite 0)) by (simpl; f_equal; ring).
        apply is_lim_seq_scal_l. apply is_lim_seq_geom. rewrite Rabs_right; lra. }
    rewrite (is_series_unique _ _ Z). ring.
  - (* the gradient at p *)
    intros k L. assert (N := near_self D p eps Eps). rewrite (PV (term w) p k CT N L). unfold value.
    assert (T0 : at_point p Time = 0) by (simpl; ring).
    assert (A1 : val (at_point p) (coefficient w 1) = 0).
    { unfold coefficient. cbn [iterated val]. rewrite derivation_start. cbn [along_field val at_point].
      rewrite (Psum_ext D _ (fun k => / f p * (w k * evp p (X k)))).
      2:{ intros j J. rewrite val_expr. cbn [at_point]. change (fun k => p k) with p. ring. }
      rewrite Psum_scal, Hw. ring. }
    assert (TN : forall n, val (at_point p) (derivation (along_axis k) (term w n)) = match n with O => w k | _ => 0 end).
    { intro n. unfold term. cbn [derivation val]. rewrite derivation_backwards, val_backwards, T0, Ropp_0.
      destruct n as [|[|n]].
      - cbn [pred pow INR]. unfold coefficient. cbn [iterated]. rewrite derivation_start. cbn [along_axis val].
        rewrite (Psum_ext D _ (fun j => w j * (if Pos.eqb k j then 1 else 0))).
        2:{ intros j J. rewrite Pos.eqb_sym. reflexivity. }
        rewrite Psum_delta. apply Pos.leb_le in L. rewrite L. ring.
      - rewrite A1. cbn [pred pow]. ring.
      - cbn [pred]. rewrite !pow_i by lia. ring. }
    rewrite (Series_ext _ _ TN).
    assert (B := CD (term w) k CT). destruct (convergent_bound r r0 r0_pos r_pos _ B) as [B' HB].
    rewrite Series_incr_1.
    2:{ apply (ex_series_ext (fun n => val (at_point p) (derivation (along_axis k) (term w n)))); [exact TN|]. apply (geometric B'). auto. }
    rewrite (is_series_unique _ _ is_series_0). ring.
Qed.
End Straighten.

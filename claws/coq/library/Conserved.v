(** Theorem (a): a check, by computation, that laws are conserved, and the proof that it is right. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Claws Require Import Vocabulary Polynomials.
Import ListNotations.
Open Scope R_scope.

(** ** Constants and data as further variables *)

(** The variables 1..D are the parameters; of those above D every second one is a constant, the others are data. *)
Definition lift (D : positive) (c z x : params) : params := fun k =>
  if Pos.leb k D then x k else match (k - D)%positive with xO j => c j | xI j => z j | xH => 0 end.
Definition Const (D : positive) (j : positive) : pexp := X (D + xO j).
Definition Input (D : positive) (j : positive) : pexp := X (D + xI j).

(** Sums and products as expressions. *)
Definition Esum (n : nat) (f : nat -> pexp) : pexp := fold_right Add (Zc 0) (map f (seq 0 n)).
Definition Eprod (n : nat) (f : nat -> pexp) : pexp := fold_right Mul (Zc 1) (map f (seq 0 n)).

Definition allowed (D k : positive) : bool :=
  Pos.leb k D || match (k - D)%positive with xO _ => true | _ => false end.
(** No data occur. *)
Definition dataless (D : positive) (p : poly) : bool := forallb (fun t => forallb (allowed D) (fst t)) p.

Lemma dataless_ok D c z z' x p : dataless D p = true -> evp (lift D c z x) p = evp (lift D c z' x) p.
Proof.
  induction p as [|[m q] p IH]; cbn [dataless forallb evp fst]; auto.
  intro H. apply andb_prop in H. destruct H as [H1 H2]. rewrite (IH H2). f_equal. f_equal.
  clear - H1. induction m as [|k m IH]; simpl in *; auto. apply andb_prop in H1. destruct H1 as [A B].
  rewrite (IH B). f_equal. unfold lift, allowed in *. destruct (Pos.leb k D); auto.
  destruct (k - D)%positive; try discriminate; auto.
Qed.

Lemma lift_upd D c z x k s : (k <= D)%positive -> lift D c z (upd x k s) = upd (lift D c z x) k s.
Proof.
  intro L. apply functional_extensionality. intro j. unfold lift, upd.
  destruct (Pos.eqb_spec j k) as [->|E]; auto. apply Pos.leb_le in L. rewrite L. reflexivity.
Qed.
Lemma lift_at D c z x k : (k <= D)%positive -> lift D c z x k = x k.
Proof. intro L. unfold lift. apply Pos.leb_le in L. rewrite L. reflexivity. Qed.

Lemma partial_lift D c z x k p : (k <= D)%positive ->
  partial (fun y => evp (lift D c z y) p) k x = evp (lift D c z x) (dp k p).
Proof.
  intro L. rewrite <- partial_evp. unfold partial. rewrite (lift_at D c z x k L).
  apply Derive_ext. intro s. rewrite lift_upd by auto. reflexivity.
Qed.
Lemma ex_derive_lift D c z x k p : (k <= D)%positive -> ex_derive (fun s => evp (lift D c z (upd x k s)) p) (x k).
Proof.
  intro L. apply (ex_derive_ext (fun s => evp (upd (lift D c z x) k s) p)).
  { intro s. rewrite lift_upd by auto. reflexivity. }
  rewrite <- (lift_at D c z x k L). eexists. apply is_partial.
Qed.

(** ** The check *)

Definition pzero (p : poly) : bool := match p with [] => true | _ => false end.

(** The field of an output: its gradient times the factors of the preconditioner. *)
Definition field_of (D : positive) (P : list poly) (f : poly) : positive -> poly :=
  fun k => if Pos.leb k D then
    match nth_error P (place k) with Some q => pmul q (dp k f) | None => dp k f end else [].

(** The parts of degree 2 or less of which a polynomial of a larger degree is made; with its degree, or more. A function of laws is
    a law, and need not be expanded. *)
Definition small (d : nat) : bool := Nat.leb d 2.
Definition parts_of (a : pexp) (s : nat * list pexp) : list pexp := if small (fst s) then [a] else snd s.
Fixpoint parts (e : pexp) : nat * list pexp :=
  match e with
  | Zc _ | Qc _ _ => (0%nat, [])
  | X _ => (1%nat, [])
  | Add a b | Sub a b => let s := parts a in let t := parts b in
      let d := Nat.max (fst s) (fst t) in (d, if small d then [] else parts_of a s ++ parts_of b t)
  | Mul a b => let s := parts a in let t := parts b in
      let d := (fst s + fst t)%nat in (d, if small d then [] else parts_of a s ++ parts_of b t)
  | Opp a => parts a
  | Pow a n => let s := parts a in let d := (n * fst s)%nat in (d, if small d then [] else parts_of a s)
  end.

(** The derivative of a law along fields vanishes. *)
Definition steady (fields : list (positive -> poly)) (e : pexp) (h : poly) : bool :=
  let s := parts e in
  if (if small (fst s) then false else
      forallb (fun a => let p := norm a in forallb (fun V => pzero (lie V p)) fields) (snd s))
  then true else forallb (fun V => pzero (lie V h)) fields.

Definition check_conserved (D : positive) (outputs factors laws : list pexp) : bool :=
  let P := map norm factors in
  let fields := map (fun e => field_of D P (norm e)) outputs in
  forallb (dataless D) P && forallb (fun e => let h := norm e in dataless D h && steady fields e h) laws.

(** ** Why it is right *)

Lemma dirm_lin x u v a b m :
  dirm x (fun j => a * u j + b * v j) m = a * dirm x u m + b * dirm x v m.
Proof. induction m; simpl; [ring|]. rewrite IHm. ring. Qed.
Lemma dirp_lin x u v a b p :
  dirp x (fun j => a * u j + b * v j) p = a * dirp x u p + b * dirp x v p.
Proof.
  induction p as [|[m c] p IH]; simpl; [ring|]. rewrite IH, dirm_lin. ring.
Qed.
Lemma dirm_0 x m : dirm x (fun _ => 0) m = 0.
Proof. induction m; simpl; auto. rewrite IHm. ring. Qed.
Lemma dirp_0 x p : dirp x (fun _ => 0) p = 0.
Proof. induction p as [|[m c] p IH]; simpl; auto. rewrite IH, dirm_0. ring. Qed.
Lemma dirp_scal x v a p : dirp x (fun j => a * v j) p = a * dirp x v p.
Proof.
  rewrite (dirp_ext x _ (fun j => a * v j + 0 * 0)) by (intro; ring).
  rewrite (dirp_lin x v (fun _ => 0)). ring.
Qed.
Lemma dirp_sum x (w : nat -> params) l p :
  (forall i, In i l -> dirp x (w i) p = 0) ->
  dirp x (fun j => fold_right Rplus 0 (map (fun i => w i j) l)) p = 0.
Proof.
  induction l as [|i l IH]; intro H; simpl.
  - apply dirp_0.
  - rewrite (dirp_ext x _ (fun j => 1 * w i j + 1 * fold_right Rplus 0 (map (fun i => w i j) l)))
      by (intro; ring).
    rewrite dirp_lin, IH, (H i); simpl; auto; [ring|]. intros; apply H; simpl; auto.
Qed.

(** Derivatives of normal forms by the rules. *)
Lemma dirp_line x v p : is_derive (fun s => evp (fun k => x k + s * v k) p) 0 (dirp x v p).
Proof.
  rewrite (dirp_ext1 x (fun k => x k + 0 * v k)) by (intro; ring).
  apply (curve_p (fun s k => x k + s * v k) 0 v (pmax p) p); [|apply below_pmax; lia].
  intros k _. generalize (x k) (v k). intros a b. auto_derive; [exact I|ring].
Qed.
Lemma dirp_unique x v p l : is_derive (fun s => evp (fun k => x k + s * v k) p) 0 l -> dirp x v p = l.
Proof.
  intro H. assert (A := is_derive_unique _ _ _ H). assert (B := is_derive_unique _ _ _ (dirp_line x v p)). congruence.
Qed.
Lemma parts_ok x v e : (forall a, In a (parts_of e (parts e)) -> dirp x v (norm a) = 0) -> dirp x v (norm e) = 0.
Proof.
  assert (L : forall p, is_derive (fun s => evp (fun k => x k + s * v k) p) 0 (dirp x v p)) by (intro; apply dirp_line).
  induction e; intro H; unfold parts_of in H; cbn [parts] in H; cbv zeta in H; cbn [fst snd] in H;
  try (apply H; left; reflexivity).
  - destruct (small _) in H; [apply H; left; reflexivity|].
    rewrite (dirp_unique x v _ (dirp x v (norm e1) + dirp x v (norm e2))).
    + rewrite IHe1, IHe2; [ring| |]; intros; apply H, in_or_app; auto.
    + apply (is_derive_ext (fun s => evp (fun k => x k + s * v k) (norm e1) + evp (fun k => x k + s * v k) (norm e2))).
      { intro. rewrite !norm_ok. reflexivity. }
      apply (is_derive_plus (V := R_NormedModule)); auto.
  - destruct (small _) in H; [apply H; left; reflexivity|].
    rewrite (dirp_unique x v _ (dirp x v (norm e1) - dirp x v (norm e2))).
    + rewrite IHe1, IHe2; [ring| |]; intros; apply H, in_or_app; auto.
    + apply (is_derive_ext (fun s => evp (fun k => x k + s * v k) (norm e1) - evp (fun k => x k + s * v k) (norm e2))).
      { intro. rewrite !norm_ok. reflexivity. }
      apply (is_derive_minus (V := R_NormedModule)); auto.
  - destruct (small _) in H; [apply H; left; reflexivity|].
    rewrite (dirp_unique x v _ (dirp x v (norm e1) * evp (fun k => x k + 0 * v k) (norm e2) + evp (fun k => x k + 0 * v k) (norm e1) * dirp x v (norm e2))).
    + rewrite IHe1, IHe2; [ring| |]; intros; apply H, in_or_app; auto.
    + apply (is_derive_ext (fun s => evp (fun k => x k + s * v k) (norm e1) * evp (fun k => x k + s * v k) (norm e2))).
      { intro. rewrite !norm_ok. reflexivity. }
      apply (is_derive_mult (fun s => evp (fun k => x k + s * v k) (norm e1)) (fun s => evp (fun k => x k + s * v k) (norm e2))); auto using Rmult_comm.
  - unfold parts_of in IHe. destruct (small _) in H, IHe; [apply H; left; reflexivity|].
    rewrite (dirp_unique x v _ (- dirp x v (norm e))).
    + rewrite IHe; [ring|]. exact H.
    + apply (is_derive_ext (fun s => - evp (fun k => x k + s * v k) (norm e))).
      { intro. rewrite !norm_ok. reflexivity. }
      apply (is_derive_opp (V := R_NormedModule)); auto.
  - destruct (small _) in H; [apply H; left; reflexivity|].
    rewrite (dirp_unique x v _ (INR n * dirp x v (norm e) * evp (fun k => x k + 0 * v k) (norm e) ^ pred n)).
    + rewrite IHe; [ring|]. exact H.
    + apply (is_derive_ext (fun s => evp (fun k => x k + s * v k) (norm e) ^ n)).
      { intro. rewrite !norm_ok. reflexivity. }
      apply (is_derive_pow (fun s => evp (fun k => x k + s * v k) (norm e))); auto.
Qed.
Lemma steady_ok fields e V x : steady fields e (norm e) = true -> In V fields -> evp x (lie V (norm e)) = 0.
Proof.
  unfold steady. cbv zeta. intros K I. rewrite lie_ok.
  assert (Z : forall h, forallb (fun V => pzero (lie V h)) fields = true -> dirp x (fun a => evp x (V a)) h = 0).
  { intros h B. rewrite forallb_forall in B. specialize (B V I). rewrite <- lie_ok. destruct (lie V h); [reflexivity|discriminate]. }
  destruct (if small (fst (parts e)) then false else _) eqn:E; [|apply Z, K].
  apply parts_ok. unfold parts_of. destruct (small (fst (parts e))); [discriminate|].
  intros a A. rewrite forallb_forall in E. apply Z, (E a A).
Qed.

Lemma zero_derive_const (f : R -> R) (a b : Rbar) :
  (forall t : R, Rbar_lt a t -> Rbar_lt t b -> is_derive f t 0) ->
  forall s t : R, Rbar_lt a s -> Rbar_lt s b -> Rbar_lt a t -> Rbar_lt t b -> f s = f t.
Proof.
  intros H s t As Sb At Tb.
  assert (P : forall u, Rmin s t <= u <= Rmax s t -> is_derive f u 0).
  { intros u [U1 U2]. apply H.
    - destruct a; simpl in *; auto. revert U1. apply Rmin_case; lra.
    - destruct b; simpl in *; auto. revert U2. apply Rmax_case; lra. }
  destruct (MVT_gen f s t (fun _ => 0)) as [c [_ E]].
  - intros u U. apply P. lra.
  - intros u U. apply derivable_continuous_pt. exists 0. apply is_derive_Reals, P. lra.
  - lra.
Qed.

(** A value is that of a polynomial in the parameters, the constants and some data. *)
Definition is_poly (D : positive) (c : data) (f : params -> R) (z : data) (p : poly) : Prop :=
  forall x, f x = evp (lift D c z x) p.

Definition preconditioned (D : positive) (c : data) (P : preconditioner) (factors : list pexp) : Prop :=
  forall z x, map (eval (lift D c z x)) factors = P x.

Lemma nth_map_eval x es i : (i < length es)%nat -> nth i (map (eval x) es) 0 = evp x (norm (nth i es (Zc 0))).
Proof.
  intro L. rewrite norm_ok, (nth_indep _ 0 (eval x (Zc 0))) by (rewrite map_length; lia). apply map_nth.
Qed.

(** The factor of a coordinate, read off the expressions at y, whose values are those of the preconditioner at x. *)
Lemma factor_at D (P : preconditioner) factors (x y : params) k f : map (eval y) factors = P x -> (k <= D)%positive ->
  evp y (field_of D (map norm factors) f k) = factor P k x * evp y (dp k f).
Proof.
  intros HP L. unfold field_of, factor. apply Pos.leb_le in L. rewrite L. rewrite <- HP.
  destruct (nth_error (map norm factors) (place k)) as [q|] eqn:E.
  - rewrite pmul_ok. f_equal.
    assert (I : (place k < length factors)%nat).
    { rewrite <- (map_length norm). apply nth_error_Some. congruence. }
    rewrite (nth_indep _ 1 0) by (rewrite map_length; auto). rewrite nth_map_eval by auto.
    apply (nth_error_nth _ _ (norm (Zc 0))) in E. rewrite <- E, map_nth. reflexivity.
  - apply nth_error_None in E. rewrite map_length in E.
    rewrite nth_overflow by (rewrite map_length; auto). ring.
Qed.
Lemma factor_ok D c P factors z x k f : preconditioned D c P factors -> (k <= D)%positive ->
  evp (lift D c z x) (field_of D (map norm factors) f k) = factor P k x * evp (lift D c z x) (dp k f).
Proof. intros HP. apply factor_at, HP. Qed.

Section Law.
Variables (D : positive) (c : data) (P : preconditioner) (factors : list pexp) (h : poly) (law : params -> R).
Hypothesis HP : preconditioned D c P factors.
Hypothesis Hd : dataless D h = true.
Hypothesis Hh : forall z, is_poly D c law z h.

Lemma orthogonal f z p x : is_poly D c f z p -> (forall y, evp y (lie (field_of D (map norm factors) p) h) = 0) -> forall z',
  dirp (lift D c z' x) (fun k => if Pos.leb k D then factor P k x * partial f k x else 0) h = 0.
Proof.
  intros Hf C z'.
  assert (G : forall v, dirp (lift D c z' x) v h = dirp (lift D c z x) v h).
  { intro v. clear - Hd. revert Hd. induction h as [|[m q] r IH]; cbn [dataless forallb dirp fst]; auto.
    intro H. apply andb_prop in H. destruct H as [H1 H2]. rewrite IH by auto. f_equal. f_equal.
    clear - H1. induction m as [|k m IH]; simpl in *; auto. apply andb_prop in H1. destruct H1 as [A B].
    rewrite IH by auto.
    assert (E : evm (lift D c z' x) m = evm (lift D c z x) m).
    { assert (Z := dataless_ok D c z' z x [(m, 1%Q)]). cbn [dataless forallb fst evp] in Z.
      rewrite B in Z. specialize (Z eq_refl). rewrite Q2R_1 in Z. lra. }
    rewrite E. f_equal. f_equal. unfold lift, allowed in *. destruct (Pos.leb k D); auto.
    destruct (k - D)%positive; try discriminate; auto. }
  rewrite G. rewrite (dirp_ext _ _ (fun k => evp (lift D c z x) (field_of D (map norm factors) p k))).
  - rewrite <- lie_ok. apply C.
  - intro k. destruct (Pos.leb_spec k D) as [L|L].
    + rewrite (factor_ok D c P) by auto. f_equal. rewrite <- partial_lift by auto.
      unfold partial. apply Derive_ext. intro s. apply Hf.
    + unfold field_of. apply Pos.leb_gt in L. rewrite L. reflexivity.
Qed.

Lemma conserved_if phi :
  (forall i, (exists z p, is_poly D c (fun x => nth i (phi x) 0) z p /\ forall y, evp y (lie (field_of D (map norm factors) p) h) = 0)
             \/ forall x, nth i (phi x) 0 = 0) ->
  conserved D P phi law.
Proof.
  intros H ci theta a b F s t As Sb At Tb.
  set (z0 := fun _ : positive => 0).
  apply (zero_derive_const (fun t => law (theta t)) a b); auto. clear s t As Sb At Tb. intros t At Tb.
  apply (is_derive_ext (fun s => evp (lift D c z0 (theta s)) h)); [intro; symmetry; apply Hh|].
  set (n := length (phi (theta t))).
  set (V := fun k => if Pos.leb k D then - (factor P k (theta t) *
     Rsum n (fun i => ci i t * partial (fun x => nth i (phi x) 0) k (theta t))) else 0).
  replace 0 with (dirp (lift D c z0 (theta t)) V h).
  - apply (curve_p (fun s => lift D c z0 (theta s)) t V (pmax h)); [|apply below_pmax; lia].
    intros k _. unfold V, lift. destruct (Pos.leb_spec k D) as [L|L].
    + apply F; auto.
    + apply (is_derive_const (V := R_NormedModule)).
  - rewrite (dirp_ext _ V (fun k => -1 * fold_right Rplus 0 (map (fun i => ci i t *
       (if Pos.leb k D then factor P k (theta t) * partial (fun x => nth i (phi x) 0) k (theta t) else 0)) (seq 0 n)))).
    + rewrite dirp_scal.
      rewrite (dirp_sum _ (fun i k => ci i t *
       (if Pos.leb k D then factor P k (theta t) * partial (fun x => nth i (phi x) 0) k (theta t) else 0))); [ring|].
      intros i _. rewrite dirp_scal. destruct (H i) as [[z [p [Hp C]]]|Z].
      * rewrite (orthogonal _ z p); auto. ring.
      * rewrite (dirp_ext _ _ (fun _ => 0)), dirp_0; [ring|]. intro k. destruct (Pos.leb k D); auto.
        unfold partial. rewrite (Derive_ext _ (fun _ => 0)), Derive_const by (intro; apply Z). ring.
    + intro k. unfold V, Rsum. destruct (Pos.leb k D).
      * induction (seq 0 n); simpl; [ring|]. rewrite Rmult_plus_distr_l, Ropp_plus_distr, IHl. ring.
      * induction (seq 0 n); simpl; [ring|]. rewrite Rmult_0_r, Rplus_0_l. apply IHl.
Qed.
End Law.

Lemma nth_flat_map {A} (f : A -> params -> list R) n (l : list A) i : (forall z x, length (f z x) = n) ->
  (exists z j, (j < n)%nat /\ In z l /\ forall x, nth i (flat_map (fun z => f z x) l) 0 = nth j (f z x) 0)
  \/ forall x, nth i (flat_map (fun z => f z x) l) 0 = 0.
Proof.
  intro H. revert i. induction l as [|z l IH]; intro i.
  - right. intro x. destruct i; reflexivity.
  - destruct (lt_dec i n) as [L|L].
    + left. exists z, i. split; [auto|split; [simpl; auto|]]. intro x. cbn [flat_map]. apply app_nth1. rewrite H. auto.
    + destruct (IH (i - n)%nat) as [[z' [j [J [I E]]]]|E]; [left|right].
      * exists z', j. split; [auto|split; [simpl; auto|]]. intro x. cbn [flat_map]. rewrite app_nth2, H; rewrite ?H; auto. lia.
      * intro x. cbn [flat_map]. rewrite app_nth2, H; rewrite ?H; auto. lia.
Qed.

Section Check.
Variables (D : positive) (outputs factors laws : list pexp).
Hypothesis C : check_conserved D outputs factors laws = true.

Lemma check_parts l : (l < length laws)%nat ->
  dataless D (norm (nth l laws (Zc 0))) = true /\ forall i, (i < length outputs)%nat -> forall x,
  evp x (lie (field_of D (map norm factors) (norm (nth i outputs (Zc 0)))) (norm (nth l laws (Zc 0)))) = 0.
Proof.
  intro L. assert (K := C). unfold check_conserved in K. apply andb_prop in K. destruct K as [_ K].
  rewrite forallb_forall in K. specialize (K _ (nth_In laws (Zc 0) L)). cbv zeta in K.
  apply andb_prop in K. destruct K as [K1 K2]. split; auto. intros i I x. apply (steady_ok _ _ _ x K2).
  apply in_map_iff. exists (nth i outputs (Zc 0)). split; [reflexivity|apply nth_In; auto].
Qed.

(** For a network on any data set. *)
Theorem check_conserved_on_data (c : data) (P : preconditioner) (phi : data -> params -> list R) (law : params -> list R) :
  (forall z x, map (eval (lift D c z x)) outputs = phi z x) ->
  preconditioned D c P factors ->
  (forall z x, map (eval (lift D c z x)) laws = law x) ->
  forall samples l, conserved D P (on_data phi samples) (fun x => nth l (law x) 0).
Proof.
  intros Hp HP Hl samples l. destruct (lt_dec l (length laws)) as [L|L].
  2:{ intros ci theta a b _ s t _ _ _ _. rewrite <- !(Hl (fun _ => 0)), !nth_overflow; auto; rewrite map_length; lia. }
  destruct (check_parts l L) as [Hd Z].
  apply (conserved_if D c P factors (norm (nth l laws (Zc 0)))); auto.
  - intros z x. rewrite <- (Hl z). apply nth_map_eval. auto.
  - intro i. unfold on_data.
    destruct (nth_flat_map phi (length outputs) samples i) as [[z [j [J [_ E]]]]|E]; [|left|right; auto].
    + intros z x. rewrite <- Hp. apply map_length.
    + exists z, (norm (nth j outputs (Zc 0))). split; auto. intro x. rewrite E, <- Hp. apply nth_map_eval. auto.
Qed.

(** For a model without data. *)
Theorem check_conserved_ok (c : data) (P : preconditioner) (phi law : params -> list R) :
  (forall z x, map (eval (lift D c z x)) outputs = phi x) ->
  preconditioned D c P factors ->
  (forall z x, map (eval (lift D c z x)) laws = law x) ->
  forall l, conserved D P phi (fun x => nth l (law x) 0).
Proof.
  intros Hp HP Hl l.
  assert (E : phi = on_data (fun _ => phi) [fun _ => 0]).
  { apply functional_extensionality. intro x. unfold on_data. simpl. rewrite app_nil_r. reflexivity. }
  rewrite E. apply (check_conserved_on_data c); auto.
Qed.
End Check.

(** ** From a list of entries to entries *)

Lemma nth_join {A} n m (f : nat -> list A) i j d : (forall i, length (f i) = m) -> (i < n)%nat -> (j < m)%nat ->
  nth (i * m + j) (join n f) d = nth j (f i) d.
Proof.
  intros H I J. unfold join. rewrite flat_map_concat_map.
  assert (G : forall s k, (k < n)%nat -> nth (k * m + j) (concat (map f (seq s n))) d = nth j (f (s + k)%nat) d).
  { clear I i. induction n; intros s k K; [lia|]. cbn [seq map concat]. destruct k.
    - rewrite app_nth1 by (rewrite H; simpl; lia). rewrite Nat.add_0_r. reflexivity.
    - rewrite app_nth2 by (rewrite H; simpl; lia). rewrite H.
      replace (S k * m + j - m)%nat with (k * m + j)%nat by (simpl; lia).
      rewrite IHn by lia. f_equal. f_equal. lia. }
  apply (G 0%nat i I).
Qed.
Lemma length_join {A} n m (f : nat -> list A) : (forall i, length (f i) = m) -> length (join n f) = (n * m)%nat.
Proof.
  intro H. unfold join. generalize 0%nat. induction n; intro s; simpl; auto. rewrite app_length, H, IHn. reflexivity.
Qed.
Lemma nth_array1 {A} n (f : nat -> A) i d : (i < n)%nat -> nth i (array1 n f) d = f i.
Proof.
  intro I. unfold array1. rewrite (nth_indep _ d (f 0%nat)) by (rewrite map_length, seq_length; auto).
  rewrite map_nth, seq_nth by auto. reflexivity.
Qed.
Lemma length_array1 {A} n (f : nat -> A) : length (array1 n f) = n.
Proof. unfold array1. rewrite map_length, seq_length. reflexivity. Qed.
Lemma length_array2 {A} n m (f : nat -> nat -> A) : length (array2 n m f) = (n * m)%nat.
Proof. apply length_join. intro. apply length_array1. Qed.
Lemma length_array3 {A} n m k (f : nat -> nat -> nat -> A) : length (array3 n m k f) = (n * (m * k))%nat.
Proof. apply length_join. intro. apply length_array2. Qed.
Lemma nth_array2 {A} n m (f : nat -> nat -> A) i j d : (i < n)%nat -> (j < m)%nat ->
  nth (i * m + j) (array2 n m f) d = f i j.
Proof. intros. unfold array2. rewrite nth_join; auto using length_array1. apply nth_array1; auto. Qed.
Lemma nth_array3 {A} n m l (f : nat -> nat -> nat -> A) i j k d : (i < n)%nat -> (j < m)%nat -> (k < l)%nat ->
  nth (i * (m * l) + (j * l + k)) (array3 n m l f) d = f i j k.
Proof.
  intros. unfold array3. rewrite nth_join; auto using length_array2.
  - apply nth_array2; auto.
  - apply Nat.lt_le_trans with (j * l + l)%nat; [lia|]. replace (j * l + l)%nat with (S j * l)%nat by (simpl; lia).
    apply Nat.mul_le_mono_r. lia.
Qed.
Lemma nth_array4 {A} n m l p (f : nat -> nat -> nat -> nat -> A) i j k q d :
  (i < n)%nat -> (j < m)%nat -> (k < l)%nat -> (q < p)%nat ->
  nth (i * (m * (l * p)) + (j * (l * p) + (k * p + q))) (array4 n m l p f) d = f i j k q.
Proof.
  intros. unfold array4. rewrite nth_join; auto using length_array3.
  - apply nth_array3; auto.
  - assert (k * p + q < l * p)%nat.
    { apply Nat.lt_le_trans with (S k * p)%nat; [simpl; lia|]. apply Nat.mul_le_mono_r. lia. }
    apply Nat.lt_le_trans with (S j * (l * p))%nat; [simpl; lia|]. apply Nat.mul_le_mono_r. lia.
Qed.

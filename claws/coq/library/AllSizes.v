(** Laws for all sizes: a check, by computation on sums of products with open sizes, that a law is conserved; and the proof that it is right. *)

From Coq Require Import Reals QArith Qreals List ZArith Lra Bool FunctionalExtensionality.
From Coq Require Export Lia.
From Coquelicot Require Import Coquelicot.
From Claws Require Export Vocabulary Networks NetworkDerivatives.
From Claws Require Import Polynomials Conserved Losses Networks.
Import ListNotations.
Open Scope R_scope.

(** ** Where entries stand *)

Section Places.
Variable dims : list nat.
Definition size (d : nat) : nat := nth d dims 0%nat.

(** The number of entries of an array; where an array begins among all coordinates; and where an entry is in its array. *)
Definition count (ds : list nat) : nat := match map size ds with [] => 1 | n :: ns => fold_left Nat.mul ns n end.
Definition offset (shapes : list (list nat)) (a : nat) : nat := fold_left Nat.add (map count (firstn a shapes)) 0%nat.
Definition horner (acc : nat) (ns l : list nat) : nat := fold_left (fun x p => x * fst p + snd p)%nat (combine ns l) acc.
Definition within (ds l : list nat) : nat := horner 0 (map size ds) l.
Definition at_entry (shapes : list (list nat)) (a : nat) (l : list nat) : positive :=
  coordinate (offset shapes a + within (nth a shapes []) l).

Definition prod (ns : list nat) : nat := fold_right Nat.mul 1%nat ns.
Lemma fold_mul ns : forall n, fold_left Nat.mul ns n = (n * prod ns)%nat.
Proof. induction ns; simpl; intro n; [lia|]. rewrite IHns. unfold prod. simpl. lia. Qed.
Lemma count_prod ds : count ds = prod (map size ds).
Proof. unfold count. destruct (map size ds); auto. apply fold_mul. Qed.
Lemma horner_acc ns : forall l acc, Forall2 (fun i n => (i < n)%nat) l ns ->
  horner acc ns l = (acc * prod ns + horner 0 ns l)%nat.
Proof.
  induction ns as [|n ns IH]; intros l acc F; inversion F; subst; simpl; [unfold horner; simpl; lia|].
  unfold horner in *. cbn [combine fold_left fst snd]. rewrite (IH l0 (acc * n + x)%nat), (IH l0 (0 * n + x)%nat) by auto.
  unfold prod. simpl. nia.
Qed.
Lemma horner_lt ns : forall l, Forall2 (fun i n => (i < n)%nat) l ns -> (horner 0 ns l < prod ns)%nat.
Proof.
  induction ns as [|n ns IH]; intros l F; inversion F; subst; [unfold horner; simpl; lia|].
  change (horner 0 (n :: ns) (x :: l0)) with (horner (0 * n + x) ns l0). rewrite horner_acc by auto.
  specialize (IH _ H3). unfold prod in *. simpl. nia.
Qed.
Lemma horner_inj ns : forall l k a b, Forall2 (fun i n => (i < n)%nat) l ns -> Forall2 (fun i n => (i < n)%nat) k ns ->
  horner a ns l = horner b ns k -> a = b /\ l = k.
Proof.
  induction ns as [|n ns IH]; intros l k a b F G E; inversion F; inversion G; subst; [auto|].
  change (horner a (n :: ns) (x :: l0)) with (horner (a * n + x) ns l0) in E.
  change (horner b (n :: ns) (x0 :: l1)) with (horner (b * n + x0) ns l1) in E.
  destruct (IH _ _ _ _ H3 H8 E) as [E1 ->]. rewrite (Nat.mul_comm a), (Nat.mul_comm b) in E1.
  destruct (Nat.div_mod_unique n a b x x0 ltac:(assumption) ltac:(assumption) E1) as [-> ->]. auto.
Qed.

Lemma offset_S shapes a : (a < length shapes)%nat -> offset shapes (S a) = (offset shapes a + count (nth a shapes []))%nat.
Proof.
  intro L. assert (E : firstn (S a) shapes = firstn a shapes ++ [nth a shapes []]).
  { revert shapes L. induction a; intros [|s shapes] L; simpl in *; try lia; auto. f_equal. apply IHa. lia. }
  unfold offset. rewrite E, map_app, fold_left_app. reflexivity.
Qed.
Lemma offset_le shapes a b : (a <= b)%nat -> (b <= length shapes)%nat -> (offset shapes a <= offset shapes b)%nat.
Proof.
  intros L B. induction b; [replace a with 0%nat by lia; auto|]. destruct (Nat.eq_dec a (S b)) as [->|]; auto.
  rewrite offset_S by lia. specialize (IHb ltac:(lia) ltac:(lia)). lia.
Qed.
Lemma within_lt ds l : inside size ds l -> (within ds l < count ds)%nat.
Proof. intro I. rewrite count_prod. apply horner_lt. exact I. Qed.
Lemma at_entry_place shapes a l : Pos.to_nat (at_entry shapes a l) = S (offset shapes a + within (nth a shapes []) l).
Proof. unfold at_entry, coordinate. apply SuccNat2Pos.id_succ. Qed.
Lemma at_entry_inj shapes a b l k : (a < length shapes)%nat -> (b < length shapes)%nat ->
  inside size (nth a shapes []) l -> inside size (nth b shapes []) k -> at_entry shapes a l = at_entry shapes b k -> a = b /\ l = k.
Proof.
  intros La Lb Il Ik E. apply (f_equal Pos.to_nat) in E. rewrite !at_entry_place in E.
  assert (W1 := within_lt _ _ Il). assert (W2 := within_lt _ _ Ik).
  destruct (Nat.lt_trichotomy a b) as [L|[->|L]].
  - assert (O := offset_le shapes (S a) b L ltac:(lia)). rewrite offset_S in O by auto. lia.
  - split; auto. apply (horner_inj _ l k 0 0 Il Ik). unfold within in E. lia.
  - assert (O := offset_le shapes (S b) a L ltac:(lia)). rewrite offset_S in O by auto. lia.
Qed.
Lemma at_entry_le shapes a l : (a < length shapes)%nat -> inside size (nth a shapes []) l ->
  (at_entry shapes a l <= Pos.of_nat (offset shapes (length shapes)))%positive.
Proof.
  intros L I. apply Pos2Nat.inj_le. assert (W := within_lt _ _ I). assert (O := offset_le shapes (S a) (length shapes) L ltac:(lia)).
  rewrite offset_S in O by auto. rewrite at_entry_place, Nat2Pos.id by lia. lia.
Qed.
End Places.

(** ** Outputs *)

Section Outputs.
Variable sz : nat -> nat.
(** The list of all values of a network over its open indices. *)
Fixpoint listed (b : list (nat * nat)) (t : net) (A : arrays) (e : env) : list R :=
  match b with
  | [] => [ev sz A e t]
  | (v, d) :: b =>
      match b with
      | [] => array1 (sz d) (fun k => ev sz A (set e v k) t)
      | _ => join (sz d) (fun k => listed b t A (set e v k))
      end
  end.
Fixpoint values (outs : list (list (nat * nat) * net)) (A : arrays) (e : env) : list R :=
  match outs with
  | [] => []
  | (b, t) :: outs => match outs with [] => listed b t A e | _ => listed b t A e ++ values outs A e end
  end.

Fixpoint points (b : list (nat * nat)) (e : env) : list env :=
  match b with [] => [e] | (v, d) :: b => flat_map (fun k => points b (set e v k)) (seq 0 (sz d)) end.
Lemma listed_points b t A : forall e, listed b t A e = map (fun e' => ev sz A e' t) (points b e).
Proof.
  induction b as [|[v d] b IH]; intro e; auto. cbn [listed points]. destruct b as [|p b].
  - unfold array1. simpl. induction (seq 0 (sz d)); simpl; congruence.
  - unfold join. generalize (seq 0 (sz d)). induction l as [|k l IHl]; [reflexivity|]. cbn [flat_map]. rewrite map_app, <- IHl. f_equal. apply IH.
Qed.
Lemma points_in b : forall ctx e e', inrange sz ctx e -> In e' (points b e) ->
  inrange sz (ext ctx b) e' /\ forall x, ~ In x (map fst b) -> e' x = e x.
Proof.
  induction b as [|[v d] b IH]; intros ctx e e' H I; simpl in *.
  - destruct I as [<-|[]]. auto.
  - apply in_flat_map in I. destruct I as [k [K I]]. apply in_seq in K.
    destruct (IH ((v, d) :: ctx) (set e v k) e') as [R S]; auto.
    + apply inrange_set; auto. lia.
    + split; auto. intros x N. rewrite S by tauto. apply set_other. intro; subst; tauto.
Qed.
Lemma values_points outs A e :
  values outs A e = flat_map (fun o => map (fun e' => ev sz A e' (snd o)) (points (fst o) e)) outs.
Proof.
  induction outs as [|[b t] outs IH]; auto. cbn [values flat_map fst snd]. destruct outs.
  - simpl. rewrite app_nil_r. apply listed_points.
  - rewrite IH, listed_points. reflexivity.
Qed.
Lemma listed_length b t A : forall e, length (listed b t A e) = prod (map sz (map snd b)).
Proof.
  induction b as [|[v d] b IH]; intro e; auto. cbn [listed map snd prod fold_right]. destruct b.
  - unfold array1. rewrite map_length, seq_length. simpl. lia.
  - apply length_join. intro. apply IH.
Qed.
Lemma nth_listed b t A x : forall e l, Forall2 (fun i n => (i < n)%nat) l (map sz (map snd b)) ->
  nth (horner 0 (map sz (map snd b)) l) (listed b t A e) x = ev sz A (sets e (map fst b) l) t.
Proof.
  induction b as [|[v d] b IH]; intros e l F; inversion F; subst; auto. cbn [map snd fst sets].
  change (horner 0 (sz d :: map sz (map snd b)) (x0 :: l0)) with (horner (0 * sz d + x0) (map sz (map snd b)) l0).
  rewrite horner_acc by auto. cbn [listed]. destruct b as [|p b].
  - inversion H3; subst. cbn [map snd prod fold_right horner combine fold_left sets]. unfold horner. simpl.
    replace (x0 * 1 + 0)%nat with x0 by lia. apply (nth_array1 (sz d) (fun k => ev sz A (set e v k) t)). auto.
  - rewrite nth_join with (m := prod (map sz (map snd (p :: b)))); auto.
    + intro. apply listed_length.
    + apply horner_lt. auto.
Qed.
End Outputs.

(** ** The check *)

Section Check.
(** The sizes are at least [lows]. Of each parameter its axes: a variable that stands for the index and the number of the size;
    [factors] are those of the preconditioner (1 if there are none left), in these variables. Of constants and data the shapes;
    [inverted] are the constants whose inverses are arrays as well, the last ones. [outs] are the outputs, [law] is the law, with
    the variables that stand for their indices. *)
Variables (lows : list nat) (axes : list (list (nat * nat))) (cshapes ishapes : list (list nat)) (inverted : list nat).
Variables (factors : list net) (outs : list (list (nat * nat) * net)) (entry : list (nat * nat)) (law : net).

Definition pshapes : list (list nat) := map (map snd) axes.
Definition inverses : list (nat * nat * list nat) :=
  map (fun i => let c := nth i inverted 0%nat in
         ((length pshapes + c)%nat, (length pshapes + length cshapes + length ishapes + i)%nat, nth c cshapes []))
      (seq 0 (length inverted)).

(** The sum over all entries of the parameters of: factor * derivative of an output * derivative of the law. *)
Definition residue_of (f : net) (a : nat) : net :=
  let b := nth a axes [] in
  sums b (Nmul (nth a factors (Nint 1)) (Nmul (sdev a (map fst b) f) (sdev a (map fst b) law))).
Definition residue (f : net) : net := fold_right Nadd (Nint 0) (map (residue_of f) (seq 0 (length axes))).

Definition check_output (o : list (nat * nat) * net) : bool :=
  let ctx := ext (ext [] entry) (fst o) in
  typed lows pshapes ctx (snd o) && typed lows pshapes ctx law && disjoint (map fst entry) (map fst (fst o)) &&
  forallb (fun b => disjoint (map fst b) (nvars (snd o) ++ nvars law)) axes &&
  is_zero lows inverses ctx (residue (snd o)).
Definition check_all_sizes : bool :=
  nodup (map fst entry) && typed lows pshapes (ext [] entry) law && forallb (fun b => nodup (map fst b)) axes &&
  forallb (fun c => Nat.ltb c (length cshapes)) inverted && forallb check_output outs.

(** ** Why it is right *)

Variables (dims : list nat) (consts : data).
Hypothesis Hlow : forall d, (nth d lows 0 <= size dims d)%nat.
Hypothesis Hinv : forall c l, In c inverted -> inside (size dims) (nth c cshapes []) l ->
  consts (at_entry dims cshapes c l) <> 0.

(** The arrays on a sample [z] at the parameters [x]. *)
Definition arr (z : data) (x : params) : arrays := fun a l =>
  if Nat.ltb a (length pshapes) then x (at_entry dims pshapes a l) else
  let c := (a - length pshapes)%nat in
  if Nat.ltb c (length cshapes) then consts (at_entry dims cshapes c l) else
  let i := (c - length cshapes)%nat in
  if Nat.ltb i (length ishapes) then z (at_entry dims ishapes i l) else
  / consts (at_entry dims cshapes (nth (i - length ishapes) inverted 0%nat) l).

Let sz := size dims.
Let p := length pshapes.

Lemma pshape a : nth a pshapes [] = map snd (nth a axes []).
Proof. apply (map_nth (map snd) axes []). Qed.
Lemma p_axes : p = length axes.
Proof. apply map_length. Qed.

Lemma arr_param z x a l : (a < p)%nat -> arr z x a l = x (at_entry dims pshapes a l).
Proof. intro L. unfold arr. apply Nat.ltb_lt in L. fold p. rewrite L. reflexivity. Qed.
Lemma arr_other z x y a l : (p <= a)%nat -> arr z x a l = arr z y a l.
Proof. intro L. unfold arr. fold p. apply Nat.ltb_ge in L. rewrite L. reflexivity. Qed.

Lemma inverses_ok z x a b ds l : (forall c, In c inverted -> (c < length cshapes)%nat) -> In (a, b, ds) inverses -> Forall2 (fun i n => (i < n)%nat) l (map sz ds) ->
  arr z x a l * arr z x b l = 1.
Proof.
  intros Hc I F. apply in_map_iff in I. destruct I as [i [E I]]. cbv zeta in E. apply in_seq in I.
  assert (Ic : In (nth i inverted 0%nat) inverted) by (apply nth_In; lia).
  set (c := nth i inverted 0%nat) in *. inversion E; subst. clear E.
  assert (Lc : (c < length cshapes)%nat) by (apply Hc; auto).
  assert (N := Hinv c l Ic F).
  unfold arr. fold p.
  replace (Nat.ltb (p + c) p) with false by (symmetry; apply Nat.ltb_ge; lia).
  replace (Nat.ltb (p + length cshapes + length ishapes + i) p) with false by (symmetry; apply Nat.ltb_ge; lia).
  replace (p + c - p)%nat with c by lia. cbv zeta. apply Nat.ltb_lt in Lc. rewrite Lc.
  replace (p + length cshapes + length ishapes + i - p)%nat with (length cshapes + (length ishapes + i))%nat by lia.
  replace (Nat.ltb (length cshapes + (length ishapes + i)) (length cshapes)) with false by (symmetry; apply Nat.ltb_ge; lia).
  replace (length cshapes + (length ishapes + i) - length cshapes)%nat with (length ishapes + i)%nat by lia.
  replace (Nat.ltb (length ishapes + i) (length ishapes)) with false by (symmetry; apply Nat.ltb_ge; lia).
  replace (length ishapes + i - length ishapes)%nat with i by lia. fold c. apply Rinv_r. exact N.
Qed.

(** Derivatives of networks are partial derivatives. *)
Lemma network_derive z (xs : R -> params) x (v : positive -> R) t ctx e :
  (forall a l, (a < p)%nat -> inside sz (nth a pshapes []) l -> is_derive (fun s => xs s (at_entry dims pshapes a l)) x (v (at_entry dims pshapes a l))) ->
  typed lows pshapes ctx t = true -> inrange sz ctx e ->
  is_derive (fun s => ev sz (arr z (xs s)) e t) x
    (dev sz (arr z (xs x)) (fun a l => if Nat.ltb a p then v (at_entry dims pshapes a l) else 0) e t).
Proof.
  intros H T E. apply (ev_derive sz lows pshapes Hlow (fun s => arr z (xs s))) with (ctx := ctx); auto.
  intros a l J. fold p in J. destruct (Nat.ltb_spec a p) as [L|L].
  - apply (is_derive_ext (fun s => xs s (at_entry dims pshapes a l))).
    + intro s. symmetry. apply arr_param. auto.
    + apply H; [exact L|apply J; exact L].
  - apply (is_derive_ext (fun _ => arr z (xs x) a l)).
    + intro s. apply arr_other. auto.
    + apply (is_derive_const (V := R_NormedModule)).
Qed.
Lemma dev_typed A B C t : (forall a l, ((a < p)%nat -> inside sz (nth a pshapes []) l) -> B a l = C a l) -> forall ctx e,
  typed lows pshapes ctx t = true -> inrange sz ctx e -> dev sz A B e t = dev sz A C e t.
Proof.
  intro H. induction t; cbn [dev typed]; intros ctx e T E; auto;
    try (apply andb_prop in T; destruct T; rewrite (IHt1 ctx), (IHt2 ctx) by auto; reflexivity);
    try (rewrite (IHt ctx) by auto; reflexivity).
  - apply H. intro L. apply Nat.ltb_lt in L. fold p in T. rewrite L in T. apply (all_below_ok sz lows Hlow ctx); auto.
  - apply Rsum_eq. intros k K. apply (IHt ((v, d) :: ctx)); auto. apply inrange_set; auto.
  - apply Rsum_eq. intros k K. f_equal. apply (IHt ((v, d) :: ctx)); auto. apply inrange_set; auto.
Qed.

Lemma partial_network z x a l t ctx e : (a < p)%nat -> inside sz (nth a pshapes []) l ->
  typed lows pshapes ctx t = true -> inrange sz ctx e ->
  partial (fun y => ev sz (arr z y) e t) (at_entry dims pshapes a l) x = dev sz (arr z x) (ind a l) e t.
Proof.
  intros L I T E. unfold partial. apply is_derive_unique. set (k := at_entry dims pshapes a l).
  rewrite <- (upd_self x k) at 2.
  rewrite (dev_typed _ (ind a l) (fun b m => if Nat.ltb b p then (if Pos.eqb (at_entry dims pshapes b m) k then 1 else 0) else 0) t) with (ctx := ctx); auto.
  - apply (network_derive z (fun s => upd x k s) (x k) (fun j => if Pos.eqb j k then 1 else 0) t ctx e); auto.
    intros b m _ _. unfold upd. destruct (Pos.eqb _ k).
    + apply (is_derive_id (K := R_AbsRing)).
    + apply (is_derive_const (V := R_NormedModule)).
  - intros b m J. unfold ind. destruct (Nat.ltb_spec b p) as [Lb|Lb].
    + destruct (Pos.eqb_spec (at_entry dims pshapes b m) k) as [Q|Q].
      * apply at_entry_inj in Q; auto. destruct Q as [-> ->]. rewrite Nat.eqb_refl. simpl.
        assert (Z : eqs l l = true) by (apply eqs_eq; auto). rewrite Z. reflexivity.
      * destruct (Nat.eqb_spec b a) as [->|]; auto. simpl. destruct (eqs m l) eqn:S; auto. apply eqs_eq in S. subst. exfalso. auto.
    + destruct (Nat.eqb_spec b a); [lia|reflexivity].
Qed.
Lemma ex_partial_network z x k t ctx e : typed lows pshapes ctx t = true -> inrange sz ctx e ->
  ex_derive (fun s => ev sz (arr z (upd x k s)) e t) (x k).
Proof.
  intros T E. eexists. apply (network_derive z (fun s => upd x k s) (x k) (fun j => if Pos.eqb j k then 1 else 0) t ctx e); auto.
  intros b m _ _. unfold upd. destruct (Pos.eqb _ k).
  - apply (is_derive_id (K := R_AbsRing)).
  - apply (is_derive_const (V := R_NormedModule)).
Qed.

Lemma inrange_sets b : forall ctx e l, inrange sz ctx e -> inside sz (map snd b) l -> inrange sz (ext ctx b) (sets e (map fst b) l).
Proof.
  unfold inside. induction b as [|[v d] b IH]; intros ctx e l H F; simpl in *; inversion F; subst; auto.
  apply (IH ((v, d) :: ctx)); auto. apply inrange_set; auto.
Qed.

Hypothesis Hcheck : check_all_sizes = true.
Variables (D : positive) (P : preconditioner) (h : list nat -> params -> R).
Hypothesis HD : D = Pos.of_nat (offset dims pshapes p).
Hypothesis HP : forall z x e a l, (a < p)%nat -> inside sz (nth a pshapes []) l ->
  factor P (at_entry dims pshapes a l) x = ev sz (arr z x) (sets e (map fst (nth a axes [])) l) (nth a factors (Nint 1)).
Hypothesis Hh : forall z x e, ev sz (arr z x) e law = h (map e (map fst entry)) x.

Lemma check_parts : NoDup (map fst entry) /\ typed lows pshapes (ext [] entry) law = true /\
  (forall a, NoDup (map fst (nth a axes []))) /\ (forall c, In c inverted -> (c < length cshapes)%nat) /\
  forall o, In o outs -> check_output o = true.
Proof.
  assert (K := Hcheck). unfold check_all_sizes in K. repeat (apply andb_prop in K; destruct K as [K ?]).
  split; [apply nodup_ok; auto|]. split; [auto|]. rewrite forallb_forall in *. split; [|split]; auto.
  - intro a. destruct (nth_in_or_default a axes []) as [I|E]; [apply nodup_ok; auto|]. rewrite E. constructor.
  - intros c I. apply Nat.ltb_lt. auto.
Qed.

(** One output: at the indices [l] of the law and at any of its own. *)
Lemma output_ok z x o l e0 e : In o outs -> inside sz (map snd entry) l -> In e (points sz (fst o) (sets e0 (map fst entry) l)) ->
  gsum sz pshapes (fun a k => let c := at_entry dims pshapes a k in
    factor P c x * partial (fun y => ev sz (arr z y) e (snd o)) c x * partial (h l) c x) = 0.
Proof.
  intros Io Il Ie. destruct check_parts as [Nd [Tl [Na [Hc Co]]]]. specialize (Co o Io). destruct o as [b t]. cbn [fst snd] in *.
  unfold check_output in Co. cbv zeta in Co. cbn [fst snd] in Co.
  apply andb_prop in Co. destruct Co as [Co Z]. apply andb_prop in Co. destruct Co as [Co Fr].
  apply andb_prop in Co. destruct Co as [Co Dj]. apply andb_prop in Co. destruct Co as [Tt Th].
  assert (E0 : inrange sz [] e0) by (intros v d; discriminate).
  assert (R0 := inrange_sets entry [] e0 l E0 Il).
  destruct (points_in sz b (ext [] entry) _ e R0 Ie) as [Re Ke].
  set (ctx := ext (ext [] entry) b) in *.
  assert (Hl : forall y, h l y = ev sz (arr z y) e law).
  { intro y. rewrite Hh. f_equal. transitivity (map (sets e0 (map fst entry) l) (map fst entry)).
    - symmetry. apply sets_at; auto. apply inside_length in Il. rewrite !map_length in *. auto.
    - apply map_ext_in. intros v V. symmetry. apply Ke. apply (disjoint_ok _ _ Dj). auto. }
  transitivity (ev sz (arr z x) e (residue t)).
  2:{ apply (is_zero_ok sz (arr z x) lows Hlow inverses) with (ctx := ctx); auto.
      intros a' b' ds k. apply inverses_ok. auto. }
  unfold residue. transitivity (Rsum (length axes) (fun a => ev sz (arr z x) e (residue_of t a))).
  2:{ unfold Rsum. induction (seq 0 (length axes)); simpl; auto. rewrite IHl0. reflexivity. }
  unfold gsum. fold p. rewrite <- p_axes. apply Rsum_eq. intros a La. unfold residue_of. cbv zeta. rewrite sums_ok.
  unfold shape. rewrite pshape. apply lsum_eq. intros k Ik. rewrite <- pshape in Ik.
  cbn [ev]. set (xs := map fst (nth a axes [])).
  assert (Lk : length k = length xs).
  { apply inside_length in Ik. rewrite pshape, !map_length in Ik. unfold xs. rewrite map_length. auto. }
  assert (Fx : forall v, In v xs -> ~ In v (nvars t ++ nvars law)).
  { rewrite forallb_forall in Fr. rewrite p_axes in La. apply disjoint_ok. apply Fr. apply nth_In. auto. }
  rewrite (HP z x e a k La Ik). fold xs. rewrite (partial_network z x a k t ctx e) by auto.
  assert (Ph : partial (h l) (at_entry dims pshapes a k) x = dev sz (arr z x) (ind a k) e law).
  { rewrite <- (partial_network z x a k law ctx e) by auto. unfold partial. apply Derive_ext. intro s. apply Hl. }
  rewrite Ph, Rmult_assoc. f_equal. f_equal.
  - rewrite sdev_ok by (intros v V J; apply (Fx v V), in_or_app; auto). rewrite sets_at; auto; [|apply Na].
    apply dev_ext. intros v V. symmetry. apply sets_other. intro J. apply (Fx v J), in_or_app; auto.
  - rewrite sdev_ok by (intros v V J; apply (Fx v V), in_or_app; auto). rewrite sets_at; auto; [|apply Na].
    apply dev_ext. intros v V. symmetry. apply sets_other. intro J. apply (Fx v J), in_or_app; auto.
Qed.

(** The values of a model on samples: each is that of an output at some indices. *)
Section Values.
Variables (l : list nat) (phi : params -> list R) (Q : list (data * (env * net))).
Hypothesis Hl : inside sz (map snd entry) l.
Let e0 : env := fun _ => 0%nat.
Hypothesis HQ : forall x, phi x = map (fun q => ev sz (arr (fst q) x) (fst (snd q)) (snd (snd q))) Q.
Hypothesis HQin : forall q, In q Q -> exists o, In o outs /\ snd (snd q) = snd o /\
  In (fst (snd q)) (points sz (fst o) (sets e0 (map fst entry) l)).

Lemma nth_phi i : (i < length Q)%nat -> exists q, In q Q /\
  forall x, nth i (phi x) 0 = ev sz (arr (fst q) x) (fst (snd q)) (snd (snd q)).
Proof.
  intro L. exists (nth i Q (fun _ => 0, (e0, Nint 0))). split; [apply nth_In; auto|]. intro x. rewrite HQ.
  rewrite (nth_indep _ 0 ((fun q => ev sz (arr (fst q) x) (fst (snd q)) (snd (snd q))) (fun _ => 0, (e0, Nint 0))))
    by (rewrite map_length; auto).
  apply (map_nth (fun q => ev sz (arr (fst q) x) (fst (snd q)) (snd (snd q)))).
Qed.
Lemma output_typed q : In q Q -> exists ctx, typed lows pshapes ctx (snd (snd q)) = true /\ inrange sz ctx (fst (snd q)).
Proof.
  intro I. destruct (HQin q I) as [o [Io [-> Ie]]]. destruct check_parts as [_ [_ [_ [_ Co]]]]. specialize (Co o Io).
  unfold check_output in Co. cbv zeta in Co. repeat (apply andb_prop in Co; destruct Co as [Co ?]).
  exists (ext (ext [] entry) (fst o)). split; auto.
  refine (proj1 (points_in sz (fst o) (ext [] entry) _ _ (inrange_sets entry [] e0 l _ Hl) Ie)). intros v d; discriminate.
Qed.

Lemma smooth_phi : smooth D phi.
Proof.
  split.
  - intros x y. rewrite !HQ, !map_length. reflexivity.
  - intros i x k _ _. destruct (lt_dec i (length Q)) as [L|L].
    + destruct (nth_phi i L) as [q [I E]]. destruct (output_typed q I) as [ctx [T R]].
      apply (ex_derive_ext (fun s => ev sz (arr (fst q) (upd x k s)) (fst (snd q)) (snd (snd q)))); [intro; symmetry; apply E|].
      apply (ex_partial_network _ _ _ _ ctx); auto.
    + apply (ex_derive_ext (fun _ => 0)); [|apply ex_derive_const].
      intro s. symmetry. apply nth_overflow. rewrite HQ, map_length. lia.
Qed.

Theorem conserved_phi : conserved D P phi (h l).
Proof.
  intros c theta a b F s t As Sb At Tb. apply (zero_derive_const (fun t => h l (theta t)) a b); auto.
  clear s t As Sb At Tb. intros t At Tb. destruct check_parts as [Nd [Tl [Na [Hc Co]]]].
  set (z0 := fun _ : positive => 0). set (e := sets e0 (map fst entry) l).
  assert (Re : inrange sz (ext [] entry) e) by (apply inrange_sets; auto; intros v d; discriminate).
  assert (Le : map e (map fst entry) = l).
  { apply sets_at; auto. apply inside_length in Hl. rewrite !map_length in *. auto. }
  assert (Eh : forall x, h l x = ev sz (arr z0 x) e law) by (intro x; rewrite Hh, Le; auto).
  apply (is_derive_ext (fun s => ev sz (arr z0 (theta s)) e law)); [intro; symmetry; apply Eh|].
  set (x := theta t). set (n := length (phi x)).
  set (v := fun k => - (factor P k x * Rsum n (fun i => c i t * partial (fun y => nth i (phi y) 0) k x))).
  replace 0 with (dev sz (arr z0 x) (fun a l => if Nat.ltb a p then v (at_entry dims pshapes a l) else 0) e law).
  - apply (network_derive z0 theta t v law (ext [] entry) e); auto. intros a' k La Ik. apply F; auto.
    rewrite HD. apply at_entry_le; auto.
  - rewrite (dev_gsum sz lows pshapes Hlow) with (ctx := ext [] entry); auto.
    2:{ intros a' k L. apply Nat.ltb_ge in L. fold p in L. rewrite L. reflexivity. }
    rewrite (gsum_eq _ _ _ (fun a' k => -1 * Rsum n (fun i => c i t * (let d := at_entry dims pshapes a' k in
       factor P d x * partial (fun y => nth i (phi y) 0) d x * partial (h l) d x)))).
    + rewrite gsum_scal, gsum_Rsum, Rsum_0; [ring|]. intros i I. rewrite gsum_scal.
      unfold n in I. rewrite HQ, map_length in I. destruct (nth_phi i I) as [q [Iq Eq]].
      destruct (HQin q Iq) as [o [Io [Eo Ie]]].
      rewrite (gsum_eq _ _ _ (fun a' k => let d := at_entry dims pshapes a' k in
         factor P d x * partial (fun y => ev sz (arr (fst q) y) (fst (snd q)) (snd o)) d x * partial (h l) d x)).
      * rewrite (output_ok (fst q) x o l e0); auto. ring.
      * intros a' k _ _. cbv zeta. f_equal. f_equal. unfold partial. apply Derive_ext. intro s. rewrite Eq, Eo. reflexivity.
    + intros a' k La Ik. fold p in La. apply Nat.ltb_lt in La. rewrite La. apply Nat.ltb_lt in La.
      assert (Ph : dev sz (arr z0 x) (ind a' k) e law = partial (h l) (at_entry dims pshapes a' k) x).
      { rewrite <- (partial_network z0 x a' k law (ext [] entry) e) by auto. unfold partial. apply Derive_ext.
        intro s. symmetry. apply Eh. }
      rewrite Ph. unfold v. cbv zeta. set (d := at_entry dims pshapes a' k).
      rewrite (Rsum_eq n (fun i => c i t * (factor P d x * partial (fun y => nth i (phi y) 0) d x * partial (h l) d x))
        (fun i => (factor P d x * partial (h l) d x) * (c i t * partial (fun y => nth i (phi y) 0) d x))) by (intros; ring).
      rewrite Rsum_scal. ring.
Qed.
End Values.

(** For a network on any data set. *)
Theorem all_sizes_on_data (phi : data -> params -> list R) :
  (forall z x e, values sz outs (arr z x) e = phi z x) ->
  forall samples l, inside sz (map snd entry) l -> conservation_law D P (on_data phi samples) (h l).
Proof.
  intros Hphi samples l Hl. set (e := sets (fun _ => 0%nat) (map fst entry) l).
  set (Q := flat_map (fun z => flat_map (fun o => map (fun e' => (z, (e', snd o))) (points sz (fst o) e)) outs) samples).
  assert (HQ : forall x, on_data phi samples x = map (fun q => ev sz (arr (fst q) x) (fst (snd q)) (snd (snd q))) Q).
  { intro x. unfold on_data, Q. induction samples as [|z s IH]; [reflexivity|]. cbn [flat_map]. rewrite map_app, <- IH. f_equal.
    rewrite <- (Hphi z x e), values_points. clear. induction outs as [|o k IH]; [reflexivity|]. cbn [flat_map].
    rewrite map_app, <- IH, map_map. reflexivity. }
  assert (HQin : forall q, In q Q -> exists o, In o outs /\ snd (snd q) = snd o /\ In (fst (snd q)) (points sz (fst o) e)).
  { intros q I. unfold Q in I. apply in_flat_map in I. destruct I as [z [_ I]]. apply in_flat_map in I.
    destruct I as [o [Io I]]. apply in_map_iff in I. destruct I as [e' [<- I]]. exists o. auto. }
  assert (C := conserved_phi l _ Q Hl HQ HQin). split; auto. apply conserved_losses; auto.
  apply (smooth_phi l _ Q Hl HQ HQin).
Qed.

(** For a model without data. *)
Theorem all_sizes_ok (phi : params -> list R) :
  (forall z x e, values sz outs (arr z x) e = phi x) ->
  forall l, inside sz (map snd entry) l -> conservation_law D P phi (h l).
Proof.
  intros Hphi l Hl.
  assert (E : phi = on_data (fun _ => phi) [fun _ => 0]).
  { apply functional_extensionality. intro x. unfold on_data. simpl. rewrite app_nil_r. reflexivity. }
  rewrite E. apply all_sizes_on_data; auto.
Qed.
End Check.

(** ** Preconditioners *)

(** Of plain gradient flow all factors are 1. *)
Lemma gradient_factor dims axes cshapes ishapes inverted consts z x e a l :
  factor gradient (at_entry dims (pshapes axes) a l) x =
  ev (size dims) (arr axes cshapes ishapes inverted dims consts z x) (sets e (map fst (nth a axes [])) l) (nth a [] (Nint 1)).
Proof. unfold factor, gradient. destruct (place _), a; reflexivity. Qed.

(** The factors of a preconditioner are listed array by array. *)
Lemma nth_values sz A e outs : forall a l r, (a < length outs)%nat -> outs <> [] ->
  Forall2 (fun i n => (i < n)%nat) l (map sz (map snd (fst (nth a outs ([], Nint 1))))) ->
  nth (fold_left Nat.add (map (fun o => prod (map sz (map snd (fst o)))) (firstn a outs)) 0%nat +
       horner 0 (map sz (map snd (fst (nth a outs ([], Nint 1))))) l) (values sz outs A e) r =
  ev sz A (sets e (map fst (fst (nth a outs ([], Nint 1)))) l) (snd (nth a outs ([], Nint 1))).
Proof.
  assert (FA : forall l n, fold_left Nat.add l n = (n + fold_left Nat.add l 0)%nat).
  { induction l as [|m l IH]; intro n; simpl; [lia|]. rewrite IH, (IH m). lia. }
  induction outs as [|[b t] outs IH]; intros a l r L N F; [congruence|]. destruct a.
  - cbn [firstn map fold_left nth fst snd Nat.add] in *. cbn [values]. destruct outs.
    + apply nth_listed. exact F.
    + rewrite app_nth1; [apply nth_listed; exact F|]. rewrite listed_length. apply horner_lt. exact F.
  - cbn [firstn map fold_left fst nth Nat.add] in *. cbn [values]. destruct outs as [|o outs]; [simpl in L; lia|].
    rewrite FA, app_nth2; rewrite listed_length; [|lia].
    match goal with |- nth ?i _ _ = _ => replace i with
      (fold_left Nat.add (map (fun o => prod (map sz (map snd (fst o)))) (firstn a (o :: outs))) 0%nat +
       horner 0 (map sz (map snd (fst (nth a (o :: outs) ([], Nint 1))))) l)%nat by lia end.
    apply IH; auto; [simpl in *; lia|discriminate].
Qed.
Lemma listed_factor dims axes cshapes ishapes inverted consts factors P :
  length factors = length axes ->
  (forall z x e, values (size dims) (combine axes factors) (arr axes cshapes ishapes inverted dims consts z x) e = P x) ->
  forall z x e a l, (a < length (pshapes axes))%nat -> inside (size dims) (nth a (pshapes axes) []) l ->
  factor P (at_entry dims (pshapes axes) a l) x =
  ev (size dims) (arr axes cshapes ishapes inverted dims consts z x) (sets e (map fst (nth a axes [])) l) (nth a factors (Nint 1)).
Proof.
  intros LF H z x e a l L I. unfold factor. rewrite <- (H z x e). unfold place. rewrite at_entry_place. cbn [pred].
  unfold pshapes in L. rewrite map_length in L.
  assert (C : nth a (combine axes factors) ([], Nint 1) = (nth a axes [], nth a factors (Nint 1))) by (apply combine_nth; auto).
  assert (V := nth_values (size dims) (arr axes cshapes ishapes inverted dims consts z x) e (combine axes factors) a l 1).
  rewrite C in V. cbn [fst snd] in V. rewrite <- V.
  - f_equal. unfold within. rewrite pshape. f_equal. unfold offset. f_equal. unfold pshapes.
    rewrite firstn_map, map_map.
    replace (firstn a axes) with (map fst (firstn a (combine axes factors))).
    + rewrite map_map. apply map_ext. intro o. rewrite count_prod. reflexivity.
    + rewrite <- firstn_map. f_equal. clear - LF. revert factors LF.
      induction axes as [|b axes IH]; intros [|f factors] LF; simpl in *; try discriminate; auto. f_equal. apply IH. lia.
  - rewrite combine_length. lia.
  - destruct axes; [simpl in L; lia|]. destruct factors; simpl; discriminate.
  - rewrite <- pshape. exact I.
Qed.

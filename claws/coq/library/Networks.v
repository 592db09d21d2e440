(** Sums of products of entries of arrays, of any sizes, as data: their normal forms, and a check that such a sum is zero for all sizes. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra Bool Permutation FunctionalExtensionality.
From Claws Require Import Vocabulary Polynomials Losses.
From Claws Require Export NetworkTerms.
Import ListNotations.
Open Scope R_scope.

Section Sizes.
Variable sz : nat -> nat.

(** The sum of [F] over the values of several variables, each with the number of its size. *)
Fixpoint msum (b : list (nat * nat)) (e : env) (F : env -> R) : R :=
  match b with [] => F e | (v, d) :: b => Rsum (sz d) (fun k => msum b (set e v k) F) end.

(** The variables that [ctx] names are below the sizes that it gives. *)
Definition inrange (ctx : list (nat * nat)) (e : env) : Prop := forall v d, lookup ctx v = Some d -> (e v < sz d)%nat.
Definition ext (ctx b : list (nat * nat)) : list (nat * nat) := fold_left (fun c x => x :: c) b ctx.

Lemma inrange_set ctx e v d k : inrange ctx e -> (k < sz d)%nat -> inrange ((v, d) :: ctx) (set e v k).
Proof.
  intros H K w d'. cbn [lookup]. unfold set. destruct (Nat.eqb_spec w v); [intro E; inversion E; subst; auto|apply H].
Qed.
Lemma msum_in b : forall ctx e F G, inrange ctx e -> (forall e', inrange (ext ctx b) e' -> F e' = G e') -> msum b e F = msum b e G.
Proof.
  induction b as [|[v d] b IH]; simpl; auto. intros ctx e F G H E. apply Rsum_eq. intros k K.
  apply (IH ((v, d) :: ctx)); auto. apply inrange_set; auto.
Qed.
Lemma msum_eq b : forall e F G, (forall e', F e' = G e') -> msum b e F = msum b e G.
Proof. induction b as [|[v d] b IH]; simpl; auto. intros. apply Rsum_eq. intros. apply IH. auto. Qed.
Lemma msum_scal b a F : forall e, msum b e (fun e' => a * F e') = a * msum b e F.
Proof.
  induction b as [|[v d] b IH]; simpl; auto. intro e. rewrite <- Rsum_scal. apply Rsum_eq. intros. apply IH.
Qed.
Lemma msum_app b1 b2 F : forall e, msum (b1 ++ b2) e F = msum b1 e (fun e' => msum b2 e' F).
Proof. induction b1 as [|[v d] b IH]; simpl; auto. intro e. apply Rsum_eq. auto. Qed.
Lemma msum_perm b1 b2 F : Permutation b1 b2 -> NoDup (map fst b1) -> forall e, msum b1 e F = msum b2 e F.
Proof.
  induction 1; intros N e; auto.
  - destruct x as [v d]. simpl in *. inversion N; subst. apply Rsum_eq. auto.
  - destruct x as [v d], y as [w d']. simpl in *. inversion N as [|? ? N1 _]; subst. simpl in N1.
    rewrite Rsum_swap. apply Rsum_eq. intros k _. apply Rsum_eq. intros k' _. rewrite set_swap by (intro; subst; tauto). reflexivity.
  - rewrite IHPermutation1 by auto. apply IHPermutation2.
    apply (Permutation_NoDup (l := map fst l)); auto. apply Permutation_map. auto.
Qed.
(** [F] does not depend on the variables. *)
Lemma msum_set b v k F : (forall e, F (set e v k) = F e) -> ~ In v (map fst b) -> forall e, msum b (set e v k) F = msum b e F.
Proof.
  intro H. induction b as [|[w d] b IH]; simpl; auto. intros N e. apply Rsum_eq. intros l _.
  rewrite set_swap by (intro; subst; tauto). apply IH. tauto.
Qed.
Lemma msum_pull b F G : (forall e v k, In v (map fst b) -> F (set e v k) = F e) ->
  forall e, msum b e (fun e' => F e' * G e') = F e * msum b e G.
Proof.
  induction b as [|[w d] b IH]; simpl; auto. intros H e. rewrite <- Rsum_scal. apply Rsum_eq. intros k _.
  rewrite IH by auto. rewrite H by auto. reflexivity.
Qed.

(** ** Monomials *)

(** A factor: an entry; 1 where two indices are equal and 0 elsewhere; or a product of entries, over the index for which [None]
    stands, perhaps all but that at an index. *)
Inductive fac : Set := Fe (a : nat) (l : list ix) | Fd (i j : ix) | Fp (a : nat) (l : list (option ix)) (d : nat) (x : option ix).

Variable A : arrays.

Definition ixo (e : env) (k : nat) (o : option ix) : nat := match o with Some i => ixv e i | None => k end.
Definition fval (e : env) (f : fac) : R :=
  match f with
  | Fe a l => A a (map (ixv e) l)
  | Fd i j => if Nat.eqb (ixv e i) (ixv e j) then 1 else 0
  | Fp a l d None => Rprod (sz d) (fun k => A a (map (ixo e k) l))
  | Fp a l d (Some i) => Rprod (sz d) (fun k => if Nat.eqb k (ixv e i) then 1 else A a (map (ixo e k) l))
  end.
Definition bval (body : list fac) (e : env) : R := fold_right (fun f x => fval e f * x) 1 body.

Record mono : Set := Mono { mc : Q; mb : list (nat * nat); mf : list fac }.
Definition mval (e : env) (m : mono) : R := Q2R (mc m) * msum (mb m) e (bval (mf m)).
Definition msval (e : env) (l : list mono) : R := fold_right (fun m x => mval e m + x) 0 l.

Fixpoint ixvars (i : ix) : list nat :=
  match i with Iv v => [v] | Ic _ => [] | Iadd i j | Imul i j => ixvars i ++ ixvars j end.
Definition ixovars (o : option ix) : list nat := match o with Some i => ixvars i | None => [] end.
Definition fvars (f : fac) : list nat :=
  match f with
  | Fe _ l => flat_map ixvars l
  | Fd i j => ixvars i ++ ixvars j
  | Fp _ l _ x => flat_map ixovars l ++ ixovars x
  end.
Definition bvars (body : list fac) : list nat := flat_map fvars body.
Definition bound (m : mono) : list nat := map fst (mb m).
Definition mvars (m : mono) : list nat := bound m ++ bvars (mf m).

Fixpoint ixsub (s : nat -> ix) (i : ix) : ix :=
  match i with Iv v => s v | Ic c => Ic c | Iadd i j => Iadd (ixsub s i) (ixsub s j) | Imul i j => Imul (ixsub s i) (ixsub s j) end.
Definition fsub (s : nat -> ix) (f : fac) : fac :=
  match f with
  | Fe a l => Fe a (map (ixsub s) l)
  | Fd i j => Fd (ixsub s i) (ixsub s j)
  | Fp a l d x => Fp a (map (option_map (ixsub s)) l) d (option_map (ixsub s) x)
  end.
Definition bsub (s : nat -> ix) (body : list fac) : list fac := map (fsub s) body.

Lemma ixsub_ok s e1 e2 i : (forall x, In x (ixvars i) -> e1 x = ixv e2 (s x)) -> ixv e1 i = ixv e2 (ixsub s i).
Proof.
  induction i; simpl; intro H; auto; rewrite IHi1, IHi2; auto; intros; apply H, in_or_app; auto.
Qed.
Lemma fsub_ok s e1 e2 f : (forall x, In x (fvars f) -> e1 x = ixv e2 (s x)) -> fval e1 f = fval e2 (fsub s f).
Proof.
  destruct f as [a l|i j|a l d x]; cbn [fvars fsub]; intro H; [cbn [fval]|cbn [fval]|].
  - f_equal. rewrite map_map. apply map_ext_in. intros i I. apply ixsub_ok. intros x X. apply H. apply in_flat_map. eauto.
  - rewrite (ixsub_ok s e1 e2 i), (ixsub_ok s e1 e2 j); auto; intros; apply H, in_or_app; auto.
  - assert (E : forall k, map (ixo e1 k) l = map (ixo e2 k) (map (option_map (ixsub s)) l)).
    { intro k. rewrite map_map. apply map_ext_in. intros [i|] I; auto. simpl. apply ixsub_ok. intros y Y. apply H, in_or_app. left.
      apply in_flat_map. exists (Some i). auto. }
    destruct x as [i|]; cbn [fval option_map].
    + rewrite <- (ixsub_ok s e1 e2 i) by (intros; apply H, in_or_app; auto). apply Rprod_eq. intros k _. rewrite E. reflexivity.
    + apply Rprod_eq. intros k _. rewrite E. reflexivity.
Qed.
Lemma bsub_ok s e1 e2 body : (forall x, In x (bvars body) -> e1 x = ixv e2 (s x)) -> bval body e1 = bval (bsub s body) e2.
Proof.
  induction body as [|f body IH]; simpl; intro H; auto.
  rewrite (fsub_ok s e1 e2 f), IH; auto; intros; apply H, in_or_app; auto.
Qed.
Lemma ixsub_id i : ixsub Iv i = i.
Proof. induction i; simpl; congruence. Qed.
Lemma bsub_id body : bsub Iv body = body.
Proof.
  unfold bsub. induction body as [|f body IH]; simpl; auto. rewrite IH. f_equal.
  assert (O : forall o, option_map (ixsub Iv) o = o) by (intros [i|]; simpl; rewrite ?ixsub_id; auto).
  destruct f; simpl; rewrite ?ixsub_id, ?O; auto; f_equal; induction l; simpl; auto; rewrite ?ixsub_id, ?O, IHl; reflexivity.
Qed.
Lemma bval_ext body e1 e2 : (forall x, In x (bvars body) -> e1 x = e2 x) -> bval body e1 = bval body e2.
Proof. intro H. rewrite (bsub_ok Iv e1 e2), bsub_id; auto. Qed.
Lemma bval_set body e v k : ~ In v (bvars body) -> bval body (set e v k) = bval body e.
Proof. intro N. apply bval_ext. intros x I. apply set_other. congruence. Qed.
Lemma bval_perm body1 body2 e : Permutation body1 body2 -> bval body1 e = bval body2 e.
Proof. induction 1; simpl; auto; try congruence; ring. Qed.
Lemma bval_app body1 body2 e : bval (body1 ++ body2) e = bval body1 e * bval body2 e.
Proof. induction body1; simpl; [ring|]. rewrite IHbody1. ring. Qed.

(** *** Renaming bound variables *)

Definition rename_ok (s : nat -> nat) (m : mono) : bool :=
  forallb (fun x => mem x (bound m) || Nat.eqb (s x) x) (bvars (mf m)) &&
  forallb (fun v => forallb (fun x => implb (Nat.eqb (s x) (s v)) (Nat.eqb x v)) (mvars m)) (bound m).
Definition rename (s : nat -> nat) (m : mono) : option mono :=
  if rename_ok s m then
    Some (Mono (mc m) (map (fun p => (s (fst p), snd p)) (mb m)) (bsub (fun x => Iv (s x)) (mf m)))
  else None.

Lemma msum_rename (s : nat -> nat) body : forall b e1 e2,
  (forall v x, In v (map fst b) -> In x (bvars body) -> s x = s v -> x = v) ->
  (forall x, In x (bvars body) -> ~ In x (map fst b) -> e1 x = e2 (s x)) ->
  msum b e1 (bval body) = msum (map (fun p => (s (fst p), snd p)) b) e2 (bval (bsub (fun x => Iv (s x)) body)).
Proof.
  induction b as [|[v d] b IH]; simpl; intros e1 e2 J E.
  - apply bsub_ok. intros x I. apply E; auto.
  - apply Rsum_eq. intros k _. apply IH; [intros; apply J; auto|]. intros x I N. unfold set.
    destruct (Nat.eqb_spec x v) as [->|X].
    + rewrite Nat.eqb_refl. reflexivity.
    + destruct (Nat.eqb_spec (s x) (s v)) as [S|S]; [exfalso; apply X, J; auto|]. apply E; auto. intros [->|?]; auto.
Qed.
Lemma rename_msum s m m' : rename s m = Some m' ->
  mc m' = mc m /\ forall e, msum (mb m) e (bval (mf m)) = msum (mb m') e (bval (mf m')).
Proof.
  unfold rename. destruct (rename_ok s m) eqn:C; [|discriminate]. intro H. inversion H; subst. clear H. simpl.
  split; auto. intro e. apply andb_prop in C. destruct C as [C1 C2]. rewrite forallb_forall in C1, C2.
  apply msum_rename.
  - intros v x V X S. specialize (C2 v V). rewrite forallb_forall in C2.
    assert (I : In x (mvars m)) by (apply in_or_app; auto). specialize (C2 x I).
    apply Nat.eqb_eq in S. rewrite S in C2. apply Nat.eqb_eq. exact C2.
  - intros x X N. specialize (C1 x X). apply mem_not in N. unfold bound in C1. rewrite N in C1. simpl in C1.
    apply Nat.eqb_eq in C1. rewrite C1. reflexivity.
Qed.
Lemma rename_mval s m m' e : rename s m = Some m' -> mval e m' = mval e m.
Proof. intro H. destruct (rename_msum s m m' H) as [E F]. unfold mval. rewrite E, F. reflexivity. Qed.

(** With bound variables other than those. *)
Definition freshen (avoid : list nat) (m : mono) : option mono :=
  if disjoint (bound m) avoid then Some m
  else let K := S (fold_right Nat.max 0%nat (avoid ++ filter (fun x => negb (mem x (bound m))) (bvars (mf m)))) in
       rename (fun x => if mem x (bound m) then (x + K)%nat else x) m.
Lemma freshen_mval l m m' e : freshen l m = Some m' -> mval e m' = mval e m.
Proof.
  unfold freshen. destruct (disjoint _ _); [intro H; inversion H; auto|]. apply rename_mval.
Qed.

(** *** Expansion *)

(** The bound variables of each differ from all variables of the other; one that a size brings in has no number of its own. *)
Definition mmul (m n : mono) : option mono :=
  match freshen (mvars m) n with
  | Some n =>
      match freshen (mvars n) m with
      | Some m => if disjoint (bound n) (mvars m) && disjoint (bound m) (mvars n) then
                    Some (Mono (qmul (mc m) (mc n)) (mb m ++ mb n) (mf m ++ mf n)) else None
      | None => None
      end
  | None => None
  end.
Lemma mmul_ok m n p e : mmul m n = Some p -> mval e p = mval e m * mval e n.
Proof.
  unfold mmul. destruct (freshen (mvars m) n) as [n'|] eqn:F; [|discriminate].
  rewrite <- (freshen_mval _ _ _ e F). clear F n. rename n' into n.
  destruct (freshen (mvars n) m) as [m'|] eqn:F; [|discriminate].
  rewrite <- (freshen_mval _ _ _ e F). clear F m. rename m' into m.
  destruct (disjoint (bound n) (mvars m)) eqn:D1; [|discriminate].
  destruct (disjoint (bound m) (mvars n)) eqn:D2; [|discriminate]. intro H. inversion H; subst. clear H.
  assert (D1' := disjoint_ok _ _ D1). assert (D2' := disjoint_ok _ _ D2).
  unfold mval. simpl. rewrite Q2R_mul.
  assert (E : msum (mb m ++ mb n) e (bval (mf m ++ mf n)) = msum (mb m) e (bval (mf m)) * msum (mb n) e (bval (mf n))).
  2:{ rewrite E. ring. }
  rewrite msum_app.
  rewrite (msum_eq _ e _ (fun e' => msum (mb n) e' (bval (mf n)) * bval (mf m) e')).
  - rewrite msum_pull; [ring|]. intros e' v k I. apply msum_set.
    + intro. apply bval_set. intro J. apply (D2' v I). apply in_or_app. auto.
    + intro J. apply (D2' v I). apply in_or_app. auto.
  - intro e'. rewrite (msum_eq _ e' _ (fun e'' => bval (mf m) e'' * bval (mf n) e'')) by (intro; apply bval_app).
    rewrite msum_pull; [ring|]. intros e'' v k I. apply bval_set. intro J. apply (D1' v I). apply in_or_app. auto.
Qed.

Fixpoint each {X Y} (f : X -> option (list Y)) (l : list X) : option (list Y) :=
  match l with
  | [] => Some []
  | x :: l => match f x, each f l with Some y, Some k => Some (y ++ k) | _, _ => None end
  end.
Definition one_of {X} (o : option X) : option (list X) := match o with Some x => Some [x] | None => None end.
Definition mul (l k : list mono) : option (list mono) := each (fun m => each (fun n => one_of (mmul m n)) k) l.

Lemma msval_app e l k : msval e (l ++ k) = msval e l + msval e k.
Proof. induction l; simpl; [ring|]. rewrite IHl. ring. Qed.
Lemma mul_ok l k p e : mul l k = Some p -> msval e p = msval e l * msval e k.
Proof.
  unfold mul. revert p. induction l as [|m l IH]; simpl; intros p H; [inversion H; simpl; ring|].
  destruct (each (fun n => one_of (mmul m n)) k) as [q|] eqn:E; [|discriminate]. destruct (each _ l); [|discriminate].
  inversion H; subst. rewrite msval_app, (IH _ eq_refl).
  assert (F : msval e q = mval e m * msval e k); [|rewrite F; ring].
  clear - E. revert q E. induction k as [|n k IH]; simpl; intros q E; [inversion E; simpl; ring|].
  destruct (mmul m n) eqn:M; simpl in E; [|discriminate]. destruct (each _ k); [|discriminate].
  inversion E; subst. simpl. rewrite (IH _ eq_refl), (mmul_ok _ _ _ e M). ring.
Qed.
Fixpoint power (l : list mono) (n : nat) : option (list mono) :=
  match n with 0%nat => Some [Mono 1 [] []] | S n => match power l n with Some k => mul l k | None => None end end.
Lemma mval_1 c e : mval e (Mono c [] []) = Q2R c.
Proof. unfold mval. simpl. ring. Qed.
Lemma power_ok l n : forall p e, power l n = Some p -> msval e p = msval e l ^ n.
Proof.
  induction n as [|n IH]; cbn [power]; intros p e H.
  - inversion H; subst. cbn [msval fold_right]. rewrite mval_1, Q2R_1. simpl. ring.
  - destruct (power l n) as [k|]; [|discriminate]. rewrite (mul_ok _ _ _ _ H), (IH _ e eq_refl). reflexivity.
Qed.
Definition opposite (l : list mono) : list mono := map (fun m => Mono (qmul (-1) (mc m)) (mb m) (mf m)) l.
Lemma opposite_ok l e : msval e (opposite l) = - msval e l.
Proof.
  induction l as [|m l IH]; simpl; [ring|]. rewrite IH. unfold mval at 1. simpl. rewrite Q2R_mul.
  replace (Q2R (-1)) with (-1) by (unfold Q2R; simpl; lra). unfold mval. ring.
Qed.

(** The indices of an entry in a product over [v]. *)
Fixpoint holes (v : nat) (l : list ix) : option (list (option ix)) :=
  match l with
  | [] => Some []
  | i :: l =>
      match holes v l with
      | Some k => if match i with Iv w => Nat.eqb w v | _ => false end then Some (None :: k) else
                  if mem v (ixvars i) then None else Some (Some i :: k)
      | None => None
      end
  end.
Lemma holes_ok v l e k : forall m, holes v l = Some m -> map (ixv (set e v k)) l = map (ixo e k) m.
Proof.
  induction l as [|i l IH]; cbn [holes]; intros m H; [inversion H; auto|]. destruct (holes v l); [|discriminate].
  destruct (match i with Iv w => Nat.eqb w v | _ => false end) eqn:E.
  - inversion H; subst. destruct i; try discriminate. apply Nat.eqb_eq in E. subst. simpl. rewrite set_same, (IH _ eq_refl). reflexivity.
  - destruct (mem v (ixvars i)) eqn:V; [discriminate|]. inversion H; subst. simpl. rewrite (IH _ eq_refl). f_equal.
    apply mem_not in V. rewrite <- (ixsub_id i) at 2. apply ixsub_ok. intros x X. simpl. apply set_other. congruence.
Qed.
Definition product (v d : nat) (t : net) (x : option ix) : option (list mono) :=
  match t with
  | Nentry a l => match holes v l with Some l => Some [Mono 1 [] [Fp a l d x]] | None => None end
  | _ => None
  end.
Fixpoint expand (t : net) : option (list mono) :=
  match t with
  | Nint z => Some (match z with Z0 => [] | _ => [Mono (z # 1) [] []] end)
  | Nfrac n d => Some [Mono (n # d) [] []]
  | Ndim d => Some [Mono 1 [(0%nat, d)] []]
  | Nentry a l => Some [Mono 1 [] [Fe a l]]
  | Nadd s t => match expand s, expand t with Some l, Some k => Some (l ++ k) | _, _ => None end
  | Nsub s t => match expand s, expand t with Some l, Some k => Some (l ++ opposite k) | _, _ => None end
  | Nopp t => match expand t with Some l => Some (opposite l) | None => None end
  | Nmul s t => match expand s, expand t with Some l, Some k => mul l k | _, _ => None end
  | Npow t n => match expand t with Some l => power l n | None => None end
  | Nsum v d t =>
      match expand t with
      | Some l => each (fun m => match freshen [v] m with
                                 | Some m => Some [Mono (mc m) ((v, d) :: mb m) (mf m)] | None => None end) l
      | None => None
      end
  | Nprod v d t => product v d t None
  | Nexcept v d t i => product v d t (Some i)
  | Nwhen i j t => match expand t with Some l => mul [Mono 1 [] [Fd i j]] l | None => None end
  end.

Theorem expand_ok t : forall l e, expand t = Some l -> ev sz A e t = msval e l.
Proof.
  induction t; cbn [expand ev]; intros k e H.
  - destruct z; inversion H; subst; cbn [msval fold_right]; auto; rewrite mval_1; unfold Q2R; simpl; field.
  - inversion H; subst. cbn [msval fold_right]. rewrite mval_1. unfold Q2R, Rdiv. simpl. ring.
  - inversion H; subst. cbn [msval fold_right]. unfold mval. cbn [mc mb mf msum].
    rewrite Q2R_1, <- Rsum_count. unfold bval. simpl. ring.
  - inversion H; subst. cbn [msval fold_right]. unfold mval. cbn [mc mb mf msum]. rewrite Q2R_1. simpl. ring.
  - destruct (expand t1), (expand t2); try discriminate. inversion H; subst. rewrite msval_app.
    rewrite (IHt1 _ e eq_refl), (IHt2 _ e eq_refl). reflexivity.
  - destruct (expand t1), (expand t2); try discriminate. inversion H; subst. rewrite msval_app, opposite_ok.
    rewrite (IHt1 _ e eq_refl), (IHt2 _ e eq_refl). reflexivity.
  - destruct (expand t1), (expand t2); try discriminate. rewrite (mul_ok _ _ _ _ H).
    rewrite (IHt1 _ e eq_refl), (IHt2 _ e eq_refl). reflexivity.
  - destruct (expand t); try discriminate. inversion H; subst. rewrite opposite_ok. rewrite (IHt _ e eq_refl). reflexivity.
  - destruct (expand t); try discriminate. rewrite (power_ok _ _ _ e H), (IHt _ e eq_refl). reflexivity.
  - destruct (expand t) as [l|]; try discriminate.
    rewrite (Rsum_eq _ _ (fun k => msval (set e v k) l)) by (intros; apply IHt; auto). clear IHt.
    revert k H. induction l as [|m l IH]; cbn [each]; intros k H.
    + inversion H; subst. simpl. apply Rsum_0. auto.
    + destruct (freshen [v] m) as [m'|] eqn:F; [|discriminate]. destruct (each _ l); [|discriminate].
      inversion H; subst. simpl. rewrite Rsum_plus, (IH _ eq_refl). f_equal.
      rewrite (Rsum_eq _ _ (fun k => mval (set e v k) m')) by (intros; symmetry; apply (freshen_mval _ _ _ _ F)).
      unfold mval. simpl. rewrite Rsum_scal. reflexivity.
  - clear IHt. unfold product in H. destruct t; try discriminate. destruct (holes v l) as [m|] eqn:E; [|discriminate].
    inversion H; subst. unfold msval, mval, bval. cbn [fold_right fval mc mb mf msum ev]. rewrite Q2R_1.
    rewrite (Rprod_eq _ _ (fun k => A a (map (ixo e k) m))) by (intros; rewrite (holes_ok v l e _ m E); auto). ring.
  - clear IHt. unfold product in H. destruct t; try discriminate. destruct (holes v l) as [m|] eqn:E; [|discriminate].
    inversion H; subst. unfold msval, mval, bval. cbn [fold_right fval mc mb mf msum ev]. rewrite Q2R_1.
    rewrite (Rprod_eq _ _ (fun k => if Nat.eqb k (ixv e i) then 1 else A a (map (ixo e k) m)))
      by (intros; rewrite (holes_ok v l e _ m E); auto). ring.
  - destruct (expand t) as [l|]; try discriminate. rewrite (mul_ok _ _ _ _ H), (IHt _ e eq_refl).
    assert (E : msval e [Mono 1 [] [Fd i j]] = if Nat.eqb (ixv e i) (ixv e j) then 1 else 0).
    { unfold msval, mval, bval. cbn [fold_right fval mc mb mf msum]. rewrite Q2R_1. ring. }
    rewrite E. destruct (Nat.eqb _ _); ring.
Qed.

(** *** Equal indices *)

Fixpoint ix_eqb (i j : ix) : bool :=
  match i, j with
  | Iv v, Iv w => Nat.eqb v w
  | Ic v, Ic w => Nat.eqb v w
  | Iadd a b, Iadd c d | Imul a b, Imul c d => ix_eqb a c && ix_eqb b d
  | _, _ => false
  end.
Fixpoint ixs_eqb (l k : list ix) : bool :=
  match l, k with [], [] => true | i :: l, j :: k => ix_eqb i j && ixs_eqb l k | _, _ => false end.
Definition ixo_eqb (o p : option ix) : bool :=
  match o, p with Some i, Some j => ix_eqb i j | None, None => true | _, _ => false end.
Fixpoint ixos_eqb (l k : list (option ix)) : bool :=
  match l, k with [], [] => true | i :: l, j :: k => ixo_eqb i j && ixos_eqb l k | _, _ => false end.
Definition fac_eqb (f g : fac) : bool :=
  match f, g with
  | Fp a l d x, Fp b k e y => Nat.eqb a b && ixos_eqb l k && Nat.eqb d e && ixo_eqb x y
  | Fe a l, Fe b k => Nat.eqb a b && ixs_eqb l k
  | Fd i j, Fd k l => ix_eqb i k && ix_eqb j l
  | _, _ => false
  end.
Definition pair_eqb (p q : nat * nat) : bool := Nat.eqb (fst p) (fst q) && Nat.eqb (snd p) (snd q).
Lemma ix_eqb_eq i : forall j, ix_eqb i j = true -> i = j.
Proof.
  induction i; intros [] H; simpl in H; try discriminate; try (apply Nat.eqb_eq in H; congruence);
    apply andb_prop in H; destruct H; f_equal; auto.
Qed.
Lemma ixs_eqb_eq l : forall k, ixs_eqb l k = true -> l = k.
Proof.
  induction l; intros [] H; simpl in H; try discriminate; auto. apply andb_prop in H. destruct H as [H1 H2].
  apply ix_eqb_eq in H1. f_equal; auto.
Qed.
Lemma ixo_eqb_eq o p : ixo_eqb o p = true -> o = p.
Proof. destruct o, p; simpl; intro H; try discriminate; auto. apply ix_eqb_eq in H. congruence. Qed.
Lemma ixos_eqb_eq l : forall k, ixos_eqb l k = true -> l = k.
Proof.
  induction l; intros [] H; simpl in H; try discriminate; auto. apply andb_prop in H. destruct H as [H1 H2].
  apply ixo_eqb_eq in H1. f_equal; auto.
Qed.
Lemma fac_eqb_eq f g : fac_eqb f g = true -> f = g.
Proof.
  destruct f, g; simpl; intro H; try discriminate; apply andb_prop in H; destruct H as [H1 H2].
  3:{ apply andb_prop in H1. destruct H1 as [H1 H3]. apply andb_prop in H1. destruct H1 as [H1 H4].
      apply Nat.eqb_eq in H1. apply Nat.eqb_eq in H3. apply ixo_eqb_eq in H2. apply ixos_eqb_eq in H4. congruence. }
  - apply Nat.eqb_eq in H1. apply ixs_eqb_eq in H2. congruence.
  - apply ix_eqb_eq in H1. apply ix_eqb_eq in H2. congruence.
Qed.
Lemma pair_eqb_eq p q : pair_eqb p q = true -> p = q.
Proof.
  destruct p, q. unfold pair_eqb. simpl. intro H. apply andb_prop in H. destruct H as [H1 H2].
  apply Nat.eqb_eq in H1. apply Nat.eqb_eq in H2. congruence.
Qed.

(** Size number [d] is at least [nth d lows 0]. *)
Variable lows : list nat.
Hypothesis Hlow : forall d, (nth d lows 0 <= sz d)%nat.

(** The index is below size number [d]. *)
Definition below (ctx : list (nat * nat)) (i : ix) (d : nat) : bool :=
  match i with
  | Iv v => match lookup ctx v with Some d' => Nat.eqb d d' | None => false end
  | Ic c => Nat.ltb c (nth d lows 0%nat)
  | _ => false
  end.
Fixpoint all_below (ctx : list (nat * nat)) (l : list ix) (ds : list nat) : bool :=
  match l, ds with [], [] => true | i :: l, d :: ds => below ctx i d && all_below ctx l ds | _, _ => false end.
Lemma below_ok ctx e i d : inrange ctx e -> below ctx i d = true -> (ixv e i < sz d)%nat.
Proof.
  intros H B. destruct i; simpl in *; try discriminate.
  - destruct (lookup ctx v) eqn:L; [|discriminate]. apply Nat.eqb_eq in B. subst. apply H. auto.
  - apply Nat.ltb_lt in B. specialize (Hlow d). lia.
Qed.
Lemma all_below_ok ctx e l : forall ds, inrange ctx e -> all_below ctx l ds = true ->
  Forall2 (fun i n => (i < n)%nat) (map (ixv e) l) (map sz ds).
Proof.
  induction l as [|i l IH]; intros [|d ds] H B; simpl in *; try discriminate; constructor; apply andb_prop in B; destruct B.
  - apply (below_ok ctx); auto.
  - apply IH; auto.
Qed.

(** Arrays that are the inverses of others, entry by entry: [(a, b, shape)]. *)
Variable inverses : list (nat * nat * list nat).
Hypothesis Hinv : forall a b ds l, In (a, b, ds) inverses -> Forall2 (fun i n => (i < n)%nat) l (map sz ds) -> A a l * A b l = 1.

(** One step towards a normal form: an index that equals a summed one is put in its place, an entry and its inverse are cancelled,
    other equations of indices are written one way round. *)
Definition collapse (ctx : list (nat * nat)) (m : mono) (v : nat) (j : ix) (rest : list fac) : option mono :=
  if nodup (bound m) && negb (mem v (ixvars j)) then
    first_some (fun p => match p with ((w, d), b) =>
        if Nat.eqb w v && below (ext ctx b) j d
        then Some (Mono (mc m) b (bsub (fun x => if Nat.eqb x v then j else Iv x) rest)) else None end) (picks (mb m))
  else None.
Definition cancel_inverse (ctx : list (nat * nat)) (m : mono) (a : nat) (l : list ix) (rest : list fac) : option mono :=
  first_some (fun q => match q with (a', b, ds) =>
    if Nat.eqb a a' && all_below (ext ctx (mb m)) l ds then
      match without fac_eqb (Fe b l) rest with Some r => Some (Mono (mc m) (mb m) r) | None => None end
    else None end) inverses.
(** Where the two indices of an equation are equal, one may stand for the other. *)
Definition replaced (m : mono) (v : nat) (j : ix) (f : fac) (rest : list fac) : option mono :=
  if mem v (bvars rest) then Some (Mono (mc m) (mb m) (f :: bsub (fun x => if Nat.eqb x v then j else Iv x) rest)) else None.
Definition orelse {X} (o p : option X) : option X := match o with Some _ => o | None => p end.
(** A product without one of its entries, and that entry. *)
Definition complete_product (ctx : list (nat * nat)) (m : mono) (a : nat) (l : list (option ix)) (d : nat) (i : ix) (rest : list fac) : option mono :=
  if below (ext ctx (mb m)) i d then
    match without fac_eqb (Fe a (map (fun o => match o with Some j => j | None => i end) l)) rest with
    | Some r => Some (Mono (mc m) (mb m) (Fp a l d None :: r)) | None => None end
  else None.
Definition step (ctx : list (nat * nat)) (m : mono) : option mono :=
  first_some (fun p => match p with (f, rest) =>
    match f with
    | Fe a l => cancel_inverse ctx m a l rest
    | Fp a l d (Some i) => complete_product ctx m a l d i rest
    | Fp _ _ _ None => None
    | Fd i j =>
        if ix_eqb i j then Some (Mono (mc m) (mb m) rest) else
        orelse (match i with Iv v => collapse ctx m v j rest | _ => None end)
        (orelse (match j with Iv v => collapse ctx m v i rest | _ => None end)
        (match i, j with
         | Ic c, Ic d => if Nat.eqb c d then None else Some (Mono 0 [] [])
         | Iv v, Iv w => if Nat.ltb w v then Some (Mono (mc m) (mb m) (Fd j i :: rest)) else replaced m w i (Fd i j) rest
         | Iv v, Ic _ => replaced m v j (Fd i j) rest
         | Ic _, Iv _ => Some (Mono (mc m) (mb m) (Fd j i :: rest))
         | _, _ => None
         end))
    end end) (picks (mf m)).
Fixpoint reduce (n : nat) (ctx : list (nat * nat)) (m : mono) : mono :=
  match n with 0%nat => m | S n => match step ctx m with Some m => reduce n ctx m | None => m end end.

Lemma ext_app b1 b2 ctx : ext ctx (b1 ++ b2) = ext (ext ctx b1) b2.
Proof. unfold ext. apply fold_left_app. Qed.

Lemma collapse_ok ctx e m v j rest m' : inrange ctx e -> Permutation (Fd (Iv v) j :: rest) (mf m) ->
  collapse ctx m v j rest = Some m' -> mval e m' = mval e m.
Proof.
  unfold collapse. intros H P C. destruct (nodup (bound m)) eqn:N; [|discriminate].
  destruct (mem v (ixvars j)) eqn:V; [discriminate|]. simpl in C. apply first_some_ok in C.
  destruct C as [[[w d] b] [I C]]. destruct (Nat.eqb_spec w v) as [->|]; [|discriminate].
  destruct (below (ext ctx b) j d) eqn:B; [|discriminate]. simpl in C. inversion C; subst. clear C. unfold mval. simpl.
  f_equal. apply picks_perm in I.
  assert (P2 : Permutation (b ++ [(v, d)]) (mb m)).
  { apply perm_trans with ((v, d) :: b); auto. apply Permutation_sym, Permutation_cons_append. }
  rewrite <- (msum_perm _ _ _ P2).
  2:{ apply (Permutation_NoDup (l := bound m)); [apply Permutation_map, Permutation_sym; auto|apply nodup_ok; auto]. }
  rewrite msum_app. apply (msum_in b ctx); auto. intros e' H'. cbn [msum].
  assert (J : forall k, ixv (set e' v k) j = ixv e' j).
  { intro k. apply mem_not in V. rewrite <- (ixsub_id j) at 2. apply ixsub_ok. intros x X. simpl. apply set_other. congruence. }
  rewrite (Rsum_eq _ _ (fun k => if Nat.eqb k (ixv e' j) then bval rest (set e' v k) else 0)).
  - rewrite Rsum_one by (apply (below_ok (ext ctx b)); auto). symmetry. apply bsub_ok. intros x _. unfold set.
    destruct (Nat.eqb x v); reflexivity.
  - intros k _. rewrite <- (bval_perm _ _ _ P). cbn [bval fold_right fval]. rewrite J. cbn [ixv]. rewrite set_same.
    fold (bval rest (set e' v k)). destruct (Nat.eqb k (ixv e' j)); ring.
Qed.
Lemma Fd_swap i j rest e : bval (Fd i j :: rest) e = bval (Fd j i :: rest) e.
Proof. simpl. rewrite Nat.eqb_sym. reflexivity. Qed.

Lemma replaced_ok m v j i k rest m' e : (i = Iv v /\ k = j) \/ (k = Iv v /\ i = j) -> Permutation (Fd i k :: rest) (mf m) ->
  replaced m v j (Fd i k) rest = Some m' -> mval e m' = mval e m.
Proof.
  intros E P R. unfold replaced in R. destruct (mem v (bvars rest)); [|discriminate]. inversion R; subst. clear R.
  unfold mval. simpl. f_equal. apply msum_eq. intro e'. rewrite <- (bval_perm _ _ _ P). cbn [bval fold_right fval].
  fold (bval rest e'). fold (bval (bsub (fun x => if Nat.eqb x v then j else Iv x) rest) e').
  destruct (Nat.eqb_spec (ixv e' i) (ixv e' k)) as [Q|]; [|ring]. f_equal. symmetry. apply bsub_ok. intros x _.
  destruct (Nat.eqb_spec x v) as [->|]; auto. destruct E as [[-> ->]|[-> ->]]; simpl in Q; auto.
Qed.

Lemma complete_product_ok ctx e m a l d i rest m' : inrange ctx e -> Permutation (Fp a l d (Some i) :: rest) (mf m) ->
  complete_product ctx m a l d i rest = Some m' -> mval e m' = mval e m.
Proof.
  intros H P C. unfold complete_product in C. destruct (below _ i d) eqn:B; [|discriminate].
  destruct (without _ _ rest) as [r|] eqn:W; [|discriminate]. inversion C; subst. clear C.
  apply (without_perm _ fac_eqb_eq) in W. unfold mval. simpl. f_equal. apply (msum_in (mb m) ctx); auto. intros e' H'.
  rewrite <- (bval_perm _ _ _ P).
  rewrite (bval_perm (Fp a l d (Some i) :: rest) (Fp a l d (Some i) :: Fe a (map (fun o => match o with Some j => j | None => i end) l) :: r))
    by (apply perm_skip, Permutation_sym; auto).
  cbn [bval fold_right fval]. rewrite map_map.
  rewrite (map_ext (fun x => ixv e' match x with Some j => j | None => i end) (ixo e' (ixv e' i))) by (intros [j|]; auto).
  rewrite <- Rmult_assoc. f_equal. rewrite Rmult_comm.
  symmetry. apply (Rprod_except (sz d) (ixv e' i) (fun k => A a (map (ixo e' k) l))). apply (below_ok (ext ctx (mb m))); auto.
Qed.

Lemma step_ok ctx e m m' : inrange ctx e -> step ctx m = Some m' -> mval e m' = mval e m.
Proof.
  intros H S. unfold step in S. apply first_some_ok in S. destruct S as [[f rest] [I S]].
  apply picks_perm in I. destruct f as [a l|i j|a l d [i|]]; [| |apply (complete_product_ok ctx e m a l d i rest); auto|discriminate].
  - unfold cancel_inverse in S. apply first_some_ok in S. destruct S as [[[a' b] ds] [Q S]].
    destruct (Nat.eqb_spec a a') as [<-|]; [|discriminate]. destruct (all_below _ l ds) eqn:B; [|discriminate]. simpl in S.
    destruct (without fac_eqb (Fe b l) rest) as [r|] eqn:W; [|discriminate]. inversion S; subst. clear S.
    apply (without_perm _ fac_eqb_eq) in W. unfold mval. simpl. f_equal. apply (msum_in (mb m) ctx); auto. intros e' H'.
    rewrite <- (bval_perm _ _ _ I).
    rewrite (bval_perm (Fe a l :: rest) (Fe a l :: Fe b l :: r)) by (apply perm_skip, Permutation_sym; auto). cbn [bval fold_right fval].
    rewrite <- Rmult_assoc, (Hinv a b ds); auto; [rewrite Rmult_1_l; reflexivity|]. apply (all_below_ok (ext ctx (mb m))); auto.
  - destruct (ix_eqb i j) eqn:E.
    + apply ix_eqb_eq in E. subst j. inversion S; subst. clear S. unfold mval. simpl. f_equal. apply msum_eq. intro e'.
      rewrite <- (bval_perm _ _ _ I). simpl. rewrite Nat.eqb_refl. ring.
    + destruct (match i with Iv v => collapse ctx m v j rest | _ => None end) as [m1|] eqn:C.
      * simpl in S. inversion S; subst. destruct i; try discriminate. apply (collapse_ok ctx e m v j rest); auto.
      * assert (W : mval e m = mval e (Mono (mc m) (mb m) (Fd j i :: rest))).
        { unfold mval. simpl. f_equal. apply msum_eq. intro e'. rewrite <- (bval_perm _ _ _ I). apply Fd_swap. }
        simpl in S. destruct (match j with Iv v => collapse ctx m v i rest | _ => None end) as [m2|] eqn:C2.
        -- simpl in S. inversion S; subst. destruct j; try discriminate. rewrite W.
           apply (collapse_ok ctx e (Mono (mc m) (mb m) (Fd (Iv v) i :: rest)) v i rest); auto.
        -- simpl in S. destruct i, j; try discriminate; try (inversion S; subst; symmetry; exact W).
           ++ destruct (Nat.ltb v0 v); [inversion S; subst; symmetry; exact W|].
              apply (replaced_ok m v0 (Iv v) (Iv v) (Iv v0) rest); auto.
           ++ apply (replaced_ok m v (Ic c) (Iv v) (Ic c) rest); auto.
           ++ destruct (Nat.eqb_spec c c0); [discriminate|]. inversion S; subst. rewrite mval_1.
              unfold mval. rewrite (msum_eq _ e _ (fun _ => 0 * 1)).
              ** rewrite msum_scal. unfold Q2R. simpl. ring.
              ** intro e'. rewrite <- (bval_perm _ _ _ I). simpl. apply Nat.eqb_neq in n. rewrite n. ring.
Qed.
Lemma reduce_ok n ctx e : inrange ctx e -> forall m, mval e (reduce n ctx m) = mval e m.
Proof.
  intro H. induction n as [|n IH]; simpl; auto. intro m. destruct (step ctx m) as [m'|] eqn:S; auto.
  rewrite IH. apply (step_ok ctx); auto.
Qed.

(** *** Equal monomials *)

(** Bound variables of one monomial for those of another, so that the factors agree; whether they do is checked afterwards. *)
Fixpoint match_ix (b c s : list (nat * nat)) (i j : ix) : option (list (nat * nat)) :=
  match i, j with
  | Iv v, Iv w =>
      match lookup s v with
      | Some w' => if Nat.eqb w w' then Some s else None
      | None =>
          match lookup b v, lookup c w with
          | Some d, Some d' => if Nat.eqb d d' && negb (mem w (map snd s)) then Some ((v, w) :: s) else None
          | None, None => if Nat.eqb v w then Some s else None
          | _, _ => None
          end
      end
  | Ic v, Ic w => if Nat.eqb v w then Some s else None
  | Iadd i1 i2, Iadd j1 j2 | Imul i1 i2, Imul j1 j2 =>
      match match_ix b c s i1 j1 with Some s => match_ix b c s i2 j2 | None => None end
  | _, _ => None
  end.
Fixpoint match_ixs (b c s : list (nat * nat)) (l k : list ix) : option (list (nat * nat)) :=
  match l, k with
  | [], [] => Some s
  | i :: l, j :: k => match match_ix b c s i j with Some s => match_ixs b c s l k | None => None end
  | _, _ => None
  end.
Fixpoint match_ixos (b c s : list (nat * nat)) (l k : list (option ix)) : option (list (nat * nat)) :=
  match l, k with
  | [], [] => Some s
  | Some i :: l, Some j :: k => match match_ix b c s i j with Some s => match_ixos b c s l k | None => None end
  | None :: l, None :: k => match_ixos b c s l k
  | _, _ => None
  end.
Definition match_fac (b c s : list (nat * nat)) (f g : fac) : option (list (nat * nat)) :=
  match f, g with
  | Fe a l, Fe a' k => if Nat.eqb a a' then match_ixs b c s l k else None
  | Fd i j, Fd k l => match_ixs b c s [i; j] [k; l]
  | Fp a l d x, Fp a' k d' y => if Nat.eqb a a' && Nat.eqb d d' then match_ixos b c s (x :: l) (y :: k) else None
  | _, _ => None
  end.
Fixpoint match_body (b c : list (nat * nat)) (l k : list fac) (s : list (nat * nat)) : option (list (nat * nat)) :=
  match l with
  | [] => match k with [] => Some s | _ => None end
  | f :: l => first_some (fun p => match match_fac b c s f (fst p) with
                                   | Some s => match_body b c l (snd p) s | None => None end) (picks k)
  end.
(** Variables that no factor mentions are paired by their sizes. *)
Fixpoint match_rest (b c s : list (nat * nat)) : list (nat * nat) :=
  match b with
  | [] => s
  | (v, d) :: b =>
      match lookup s v with
      | Some _ => match_rest b c s
      | None => match find (fun q => Nat.eqb (snd q) d && negb (mem (fst q) (map snd s))) c with
                | Some (w, _) => match_rest b c ((v, w) :: s) | None => match_rest b c s end
      end
  end.
(** Where sizes and arrays are not the same, nothing is tried. *)
Definition array_of (f : fac) : nat := match f with Fe a _ => S a | Fd _ _ => 0 | Fp a _ _ _ => S a end.
Definition same (m n : mono) : bool :=
  permuted Nat.eqb (map snd (mb m)) (map snd (mb n)) && permuted Nat.eqb (map array_of (mf m)) (map array_of (mf n)) &&
  match match_body (mb m) (mb n) (mf m) (mf n) [] with
  | Some s =>
      let s := match_rest (mb m) (mb n) s in
      match rename (fun v => match lookup s v with Some w => w | None => v end) m with
      | Some m => nodup (bound m) && permuted pair_eqb (mb m) (mb n) && permuted fac_eqb (mf m) (mf n)
      | None => false
      end
  | None => false
  end.
Lemma same_ok m n e : same m n = true -> msum (mb m) e (bval (mf m)) = msum (mb n) e (bval (mf n)).
Proof.
  unfold same. intro H. apply andb_prop in H. destruct H as [_ H]. destruct (match_body _ _ _ _ _) as [s|]; [|discriminate].
  cbv zeta in H. destruct (rename _ m) as [m'|] eqn:R; [|discriminate]. destruct (rename_msum _ _ _ R) as [_ E]. rewrite E.
  apply andb_prop in H. destruct H as [H H3]. apply andb_prop in H. destruct H as [H1 H2].
  rewrite (msum_perm (mb m') (mb n)).
  - apply msum_eq. intro. apply bval_perm. apply (permuted_ok _ fac_eqb_eq). auto.
  - apply (permuted_ok _ pair_eqb_eq). auto.
  - apply nodup_ok. auto.
Qed.

Fixpoint collect (m : mono) (l : list mono) : list mono :=
  match l with
  | [] => [m]
  | n :: l => if same m n then Mono (qadd (mc m) (mc n)) (mb n) (mf n) :: l else n :: collect m l
  end.
Lemma collect_ok m l e : msval e (collect m l) = mval e m + msval e l.
Proof.
  induction l as [|n l IH]; simpl; auto. destruct (same m n) eqn:S; simpl.
  - unfold mval at 1. simpl. rewrite Q2R_add, Rmult_plus_distr_r, <- (same_ok _ _ e S) at 1. unfold mval. ring.
  - rewrite IH. ring.
Qed.
Definition total (l : list mono) : list mono := fold_right collect [] l.
Lemma total_ok l e : msval e (total l) = msval e l.
Proof. induction l; simpl; auto. rewrite collect_ok, IHl. reflexivity. Qed.

(** ** The check *)

(** The expanded sum, its equal monomials collected; those with a coefficient that is not 0 stay. *)
Definition normal (ctx : list (nat * nat)) (t : net) : option (list mono) :=
  match expand t with
  | Some l => Some (filter (fun m => negb (Qeq_bool (mc m) 0)) (total (map (fun m => reduce (4 * length (mf m) + 1) ctx m) l)))
  | None => None
  end.
Definition is_zero (ctx : list (nat * nat)) (t : net) : bool := match normal ctx t with Some [] => true | _ => false end.

Theorem is_zero_ok ctx t e : is_zero ctx t = true -> inrange ctx e -> ev sz A e t = 0.
Proof.
  unfold is_zero, normal. intros Z H. destruct (expand t) as [l|] eqn:E; [|discriminate].
  rewrite (expand_ok t l e E).
  assert (R : msval e l = msval e (total (map (fun m => reduce (4 * length (mf m) + 1) ctx m) l))).
  { rewrite total_ok. clear - H Hlow Hinv. induction l as [|m l IH]; simpl; auto.
    rewrite IH, <- (reduce_ok (4 * length (mf m) + 1) ctx e H m) at 1. reflexivity. }
  rewrite R. clear R. induction (total _) as [|m k IH]; auto. simpl in *. destruct (Qeq_bool (mc m) 0) eqn:Q.
  - simpl in Z. rewrite IH by auto. unfold mval. apply Qeq_bool_eq, Qeq_eqR in Q. rewrite Q. unfold Q2R. simpl. lra.
  - simpl in Z. discriminate.
Qed.
End Sizes.

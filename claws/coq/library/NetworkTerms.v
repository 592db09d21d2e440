(** Sums of products of entries of arrays, of any sizes, as data: networks, and what they mean; with facts about lists and sums. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra Bool Permutation FunctionalExtensionality.
From Claws Require Import Vocabulary Polynomials Losses.
Import ListNotations.
Open Scope R_scope.

(** ** Indices and networks *)

(** An index: a variable, a number, a sum or a product of indices. *)
Inductive ix : Set := Iv (v : nat) | Ic (c : nat) | Iadd (i j : ix) | Imul (i j : ix).

(** A sum of products of entries. [Nentry a l] is the entry of array number [a] at the indices [l]; [Nsum v d t] sums [t] over the
    values of the variable [v] below size number [d], [Nprod v d t] multiplies them, [Nexcept v d t i] all but that at the index [i];
    [Nwhen i j t] is [t] where the indices are equal, and 0 elsewhere. *)
Inductive net : Set :=
| Nint (z : Z) | Nfrac (n : Z) (d : positive) | Ndim (d : nat)
| Nentry (a : nat) (l : list ix)
| Nadd (s t : net) | Nsub (s t : net) | Nmul (s t : net) | Nopp (t : net) | Npow (t : net) (n : nat)
| Nsum (v d : nat) (t : net)
| Nprod (v d : nat) (t : net)
| Nexcept (v d : nat) (t : net) (i : ix)
| Nwhen (i j : ix) (t : net).

(** The values of the index variables, and with one of them changed. *)
Definition env := nat -> nat.
Definition set (e : env) (v k : nat) : env := fun x => if Nat.eqb x v then k else e x.
Definition arrays := nat -> list nat -> R.

Fixpoint ixv (e : env) (i : ix) : nat :=
  match i with Iv v => e v | Ic c => c | Iadd i j => ixv e i + ixv e j | Imul i j => ixv e i * ixv e j end.

Fixpoint ev (sz : nat -> nat) (A : arrays) (e : env) (t : net) : R :=
  match t with
  | Nint z => IZR z
  | Nfrac n d => IZR n / IZR (Zpos d)
  | Ndim d => IZR (Z.of_nat (sz d))
  | Nentry a l => A a (map (ixv e) l)
  | Nadd s t => ev sz A e s + ev sz A e t
  | Nsub s t => ev sz A e s - ev sz A e t
  | Nmul s t => ev sz A e s * ev sz A e t
  | Nopp t => - ev sz A e t
  | Npow t n => ev sz A e t ^ n
  | Nsum v d t => Rsum (sz d) (fun k => ev sz A (set e v k) t)
  | Nprod v d t => Rprod (sz d) (fun k => ev sz A (set e v k) t)
  | Nexcept v d t i => Rprod (sz d) (fun k => if Nat.eqb k (ixv e i) then 1 else ev sz A (set e v k) t)
  | Nwhen i j t => if Nat.eqb (ixv e i) (ixv e j) then ev sz A e t else 0
  end.

(** ** Lists *)

Definition mem (x : nat) (l : list nat) : bool := existsb (Nat.eqb x) l.
Definition disjoint (l k : list nat) : bool := forallb (fun x => negb (mem x k)) l.
Fixpoint nodup (l : list nat) : bool := match l with [] => true | x :: l => negb (mem x l) && nodup l end.
Fixpoint lookup (l : list (nat * nat)) (x : nat) : option nat :=
  match l with [] => None | (y, d) :: l => if Nat.eqb x y then Some d else lookup l x end.
Fixpoint picks {A} (l : list A) : list (A * list A) :=
  match l with [] => [] | x :: l => (x, l) :: map (fun p => (fst p, x :: snd p)) (picks l) end.
Fixpoint first_some {A B} (f : A -> option B) (l : list A) : option B :=
  match l with [] => None | x :: l => match f x with Some y => Some y | None => first_some f l end end.
Fixpoint without {A} (eqb : A -> A -> bool) (x : A) (l : list A) : option (list A) :=
  match l with
  | [] => None
  | y :: l => if eqb x y then Some l else match without eqb x l with Some k => Some (y :: k) | None => None end
  end.
Fixpoint permuted {A} (eqb : A -> A -> bool) (l k : list A) : bool :=
  match l with
  | [] => match k with [] => true | _ => false end
  | x :: l => match without eqb x k with Some k => permuted eqb l k | None => false end
  end.

Lemma mem_In x l : mem x l = true <-> In x l.
Proof.
  unfold mem. rewrite existsb_exists. split.
  - intros [y [I E]]. apply Nat.eqb_eq in E. subst. auto.
  - intro I. exists x. rewrite Nat.eqb_refl. auto.
Qed.
Lemma mem_not x l : mem x l = false <-> ~ In x l.
Proof. rewrite <- mem_In. destruct (mem x l); split; congruence. Qed.
Lemma disjoint_ok l k : disjoint l k = true -> forall x, In x l -> ~ In x k.
Proof.
  unfold disjoint. rewrite forallb_forall. intros H x I. specialize (H x I). apply negb_true_iff in H. apply mem_not. auto.
Qed.
Lemma nodup_ok l : nodup l = true -> NoDup l.
Proof.
  induction l as [|x l IH]; intro H; [constructor|]. cbn [nodup] in H. apply andb_prop in H. destruct H as [H1 H2].
  constructor; auto. apply negb_true_iff in H1. apply mem_not. auto.
Qed.
Lemma picks_perm {A} (l : list A) x r : In (x, r) (picks l) -> Permutation (x :: r) l.
Proof.
  revert x r. induction l as [|y l IH]; simpl; [tauto|]. intros x r [E|I].
  - inversion E; subst. apply Permutation_refl.
  - apply in_map_iff in I. destruct I as [[x' r'] [E I]]. simpl in E. inversion E; subst.
    apply perm_trans with (y :: x :: r'); [apply perm_swap|]. apply perm_skip. auto.
Qed.
Lemma first_some_ok {A B} (f : A -> option B) l y : first_some f l = Some y -> exists x, In x l /\ f x = Some y.
Proof.
  induction l as [|x l IH]; simpl; [discriminate|]. destruct (f x) eqn:E; intro H.
  - inversion H; subst. eauto.
  - destruct (IH H) as [z [I F]]. eauto.
Qed.
Lemma without_perm {A} (eqb : A -> A -> bool) (Heq : forall x y, eqb x y = true -> x = y) x l k :
  without eqb x l = Some k -> Permutation (x :: k) l.
Proof.
  revert k. induction l as [|y l IH]; simpl; [discriminate|]. intros k H. destruct (eqb x y) eqn:E.
  - inversion H; subst. rewrite (Heq _ _ E). apply Permutation_refl.
  - destruct (without eqb x l); [|discriminate]. inversion H; subst.
    apply perm_trans with (y :: x :: l0); [apply perm_swap|]. apply perm_skip. auto.
Qed.
Lemma permuted_ok {A} (eqb : A -> A -> bool) (Heq : forall x y, eqb x y = true -> x = y) l k :
  permuted eqb l k = true -> Permutation l k.
Proof.
  revert k. induction l as [|x l IH]; simpl; intros k H.
  - destruct k; [constructor|discriminate].
  - destruct (without eqb x k) eqn:E; [|discriminate]. apply (without_perm _ Heq) in E.
    apply perm_trans with (x :: l0); auto.
Qed.

(** ** Sums *)

Lemma Rsum_eq n f g : (forall i, (i < n)%nat -> f i = g i) -> Rsum n f = Rsum n g.
Proof.
  intro H. unfold Rsum. assert (G : forall i, In i (seq 0 n) -> f i = g i) by (intros i I; apply in_seq in I; apply H; lia).
  clear H. induction (seq 0 n); simpl; auto. rewrite IHl, G; simpl; auto. intros; apply G; simpl; auto.
Qed.
Lemma Rsum_0 n f : (forall i, (i < n)%nat -> f i = 0) -> Rsum n f = 0.
Proof.
  intro H. rewrite (Rsum_eq n f (fun _ => 0 * 0)) by (intros; rewrite H by auto; ring). rewrite Rsum_scal. ring.
Qed.
Lemma Rsum_swap n m (f : nat -> nat -> R) :
  Rsum n (fun i => Rsum m (f i)) = Rsum m (fun j => Rsum n (fun i => f i j)).
Proof.
  unfold Rsum at 1 4. induction (seq 0 n) as [|i l IH]; simpl.
  - symmetry. apply Rsum_0. auto.
  - rewrite IH, <- Rsum_plus. reflexivity.
Qed.
Lemma Rsum_scal_r n a f : Rsum n (fun i => f i * a) = Rsum n f * a.
Proof. rewrite (Rsum_eq n _ (fun i => a * f i)) by (intros; ring). rewrite Rsum_scal. ring. Qed.
Lemma Rsum_one n k f : (k < n)%nat -> Rsum n (fun i => if Nat.eqb i k then f i else 0) = f k.
Proof.
  intro L. unfold Rsum. assert (I : In k (seq 0 n)) by (apply in_seq; lia). assert (N := seq_NoDup n 0). revert I N.
  assert (Z : forall l, ~ In k l -> fold_right Rplus 0 (map (fun i => if Nat.eqb i k then f i else 0) l) = 0).
  { induction l as [|a l IH]; simpl; auto. intro H. destruct (Nat.eqb_spec a k); [exfalso; auto|]. rewrite IH by auto. ring. }
  induction (seq 0 n) as [|a l IH]; simpl; [tauto|]. intros I N. inversion N; subst. destruct (Nat.eqb_spec a k).
  - subst. rewrite Z by auto. ring.
  - destruct I as [->|I]; [congruence|]. rewrite IH by auto. ring.
Qed.
Lemma Rsum_count n : Rsum n (fun _ => 1) = IZR (Z.of_nat n).
Proof.
  unfold Rsum. rewrite <- INR_IZR_INZ. replace (INR n) with (INR (length (seq 0 n))) by (rewrite seq_length; auto).
  induction (seq 0 n) as [|a l IH]; [reflexivity|]. cbn [map fold_right length]. rewrite IH, S_INR. ring.
Qed.

Lemma Rprod_eq n f g : (forall i, (i < n)%nat -> f i = g i) -> Rprod n f = Rprod n g.
Proof.
  intro H. unfold Rprod. assert (G : forall i, In i (seq 0 n) -> f i = g i) by (intros i I; apply in_seq in I; apply H; lia).
  clear H. induction (seq 0 n); simpl; auto. rewrite IHl, G; simpl; auto. intros; apply G; simpl; auto.
Qed.
Lemma Rprod_except n i f : (i < n)%nat -> f i * Rprod n (fun k => if Nat.eqb k i then 1 else f k) = Rprod n f.
Proof.
  intro L. unfold Rprod. assert (I : In i (seq 0 n)) by (apply in_seq; lia). assert (N := seq_NoDup n 0). revert I N.
  assert (Z : forall l, ~ In i l -> fold_right Rmult 1 (map (fun k => if Nat.eqb k i then 1 else f k) l) = fold_right Rmult 1 (map f l)).
  { induction l as [|a l IH]; simpl; auto. intro H. destruct (Nat.eqb_spec a i); [exfalso; auto|]. rewrite IH by auto. reflexivity. }
  induction (seq 0 n) as [|a l IH]; simpl; [tauto|]. intros I N. inversion N; subst. destruct (Nat.eqb_spec a i).
  - subst. rewrite Z by auto. ring.
  - destruct I as [->|I]; [congruence|]. rewrite <- IH by auto. ring.
Qed.

Lemma set_same e v k : set e v k v = k.
Proof. unfold set. rewrite Nat.eqb_refl. reflexivity. Qed.
Lemma set_other e v k x : x <> v -> set e v k x = e x.
Proof. unfold set. intro N. apply Nat.eqb_neq in N. rewrite N. reflexivity. Qed.
Lemma set_swap e v k w l : v <> w -> set (set e v k) w l = set (set e w l) v k.
Proof.
  intro N. apply functional_extensionality. intro x. unfold set.
  destruct (Nat.eqb_spec x w); destruct (Nat.eqb_spec x v); congruence.
Qed.

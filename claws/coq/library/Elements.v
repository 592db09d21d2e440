(** Expressions with divisions, roots and transcendental functions, and the towers of elements in which they are polynomials.

    Each quotient, root or value of a function is a new variable, an element of a tower. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Claws Require Import Vocabulary Polynomials Conserved Losses NoOther.
Import ListNotations.
Open Scope R_scope.

(** ** Expressions with functions *)

Inductive texp : Set :=
| TZc (z : Z) | TQc (n : Z) (d : positive) | TX (k : positive)
| TAdd (a b : texp) | TSub (a b : texp) | TMul (a b : texp) | TOpp (a : texp)
| TPow (a : texp) (n : nat)
| TInv (a : texp) | TSqrt (a : texp) | TApp (f : positive) (a : texp).

Definition Tsum (n : nat) (f : nat -> texp) : texp := fold_right TAdd (TZc 0) (map f (seq 0 n)).
Definition Tprod (n : nat) (f : nat -> texp) : texp := fold_right TMul (TZc 1) (map f (seq 0 n)).
Definition TConst (D : positive) (j : positive) : texp := TX (D + xO j).
Definition TInput (D : positive) (j : positive) : texp := TX (D + xI j).

(** The functions by their numbers: those that are known, then those that a file declares. *)
Definition functions (declared : list (R -> R)) (f : positive) : R -> R :=
  match f with
  | 1%positive => exp | 2%positive => ln | 3%positive => sin | 4%positive => cos | 5%positive => tanh | 6%positive => sigmoid | 7%positive => softplus
  | _ => nth (Pos.to_nat f - 8)%nat declared (fun _ => 0)
  end.

Fixpoint teval (F : positive -> R -> R) (x : params) (e : texp) : R :=
  match e with
  | TZc z => IZR z
  | TQc n d => IZR n / IZR (Zpos d)
  | TX k => x k
  | TAdd a b => teval F x a + teval F x b
  | TSub a b => teval F x a - teval F x b
  | TMul a b => teval F x a * teval F x b
  | TOpp a => - teval F x a
  | TPow a n => teval F x a ^ n
  | TInv a => / teval F x a
  | TSqrt a => sqrt (teval F x a)
  | TApp f a => F f (teval F x a)
  end.

(** What is known of functions at z is a polynomial in: z, which is variable 1; 1/z, which is 2; the value there of the function f, which is f + 2. *)
Definition around (F : positive -> R -> R) (z : R) : params := fun k =>
  match k with 1%positive => z | 2%positive => / z | _ => F (k - 2)%positive z end.

Definition known_slope (f : positive) : option pexp :=
  match f with
  | 1%positive => Some (X 3)
  | 2%positive => Some (X 2)
  | 3%positive => Some (X 6)
  | 4%positive => Some (Opp (X 5))
  | 5%positive => Some (Sub (Zc 1) (Mul (X 7) (X 7)))
  | 6%positive => Some (Sub (X 8) (Mul (X 8) (X 8)))
  | 7%positive => Some (X 8)
  | _ => None
  end.

(** Functions that are declared: of each, its derivative and its value, where they are known as polynomials. *)
Definition facts := list (option pexp * option pexp).
Definition slope (K : facts) (f : positive) : option pexp :=
  match known_slope f with Some e => Some e | None => fst (nth (Pos.to_nat f - 8)%nat K (None, None)) end.
Definition value (K : facts) (f : positive) : option pexp :=
  match known_slope f with Some e => None | None => snd (nth (Pos.to_nat f - 8)%nat K (None, None)) end.

(** The logarithm alone asks for a positive argument. *)
Definition only_positive (f : positive) : bool := Pos.eqb f 2.

Definition true_facts (declared : list (R -> R)) (K : facts) : Prop :=
  forall i e z, (i < length declared)%nat ->
    (fst (nth i K (None, None)) = Some e ->
       is_derive (nth i declared (fun _ => 0)) z (eval (around (functions declared) z) e)) /\
    (snd (nth i K (None, None)) = Some e ->
       nth i declared (fun _ => 0) z = eval (around (functions declared) z) e).

Lemma derive_tanh z : is_derive tanh z (1 - tanh z * tanh z).
Proof.
  assert (C : 0 < cosh z) by (unfold cosh; assert (A := exp_pos z); assert (B := exp_pos (- z)); lra).
  unfold tanh. replace (1 - sinh z / cosh z * (sinh z / cosh z)) with
    ((cosh z * cosh z - sinh z * sinh z) / (cosh z) ^ 2) by (field; lra).
  apply is_derive_div; [apply is_derive_Reals, derivable_pt_lim_sinh|apply is_derive_Reals, derivable_pt_lim_cosh|lra].
Qed.
Lemma derive_exp z : is_derive exp z (exp z).
Proof. apply is_derive_Reals, derivable_pt_lim_exp. Qed.
Lemma derive_ln z : 0 < z -> is_derive ln z (/ z).
Proof. intro H. apply is_derive_Reals, derivable_pt_lim_ln. exact H. Qed.
Lemma derive_sigmoid z : is_derive sigmoid z (sigmoid z - sigmoid z * sigmoid z).
Proof. assert (A := exp_pos (- z)). unfold sigmoid. auto_derive; [lra|]. field. lra. Qed.
Lemma derive_softplus z : is_derive softplus z (sigmoid z).
Proof.
  assert (A := exp_pos z). assert (B := exp_pos (- z)). unfold softplus, sigmoid. auto_derive; [lra|].
  rewrite exp_Ropp. field. lra.
Qed.

Lemma slope_derives declared K f e z : true_facts declared K -> length K = length declared -> slope K f = Some e ->
  (only_positive f = true -> 0 < z) ->
  is_derive (functions declared f) z (eval (around (functions declared) z) e).
Proof.
  intros T L S P. unfold slope in S. destruct (known_slope f) as [e'|] eqn:E.
  - inversion S; subst e'; clear S.
    assert (C : exists n : nat, (n < 8)%nat /\ Pos.to_nat f = n).
    { exists (Pos.to_nat f). split; auto. destruct (le_lt_dec 8 (Pos.to_nat f)) as [G|G]; auto. exfalso.
      destruct f as [[[f|f|]|[f|f|]|]|[[f|f|]|[f|f|]|]|]; simpl in E; try discriminate; simpl in G; lia. }
    assert (D : (f = 1 \/ f = 2 \/ f = 3 \/ f = 4 \/ f = 5 \/ f = 6 \/ f = 7)%positive) by (destruct C as [n [N1 N2]]; lia).
    destruct D as [->|[->|[->|[->|[->|[->| ->]]]]]]; simpl in E; inversion E; subst e; clear E;
      unfold around; simpl.
    + apply derive_exp.
    + apply derive_ln. apply P. reflexivity.
    + apply is_derive_Reals, derivable_pt_lim_sin.
    + apply is_derive_Reals, derivable_pt_lim_cos.
    + apply derive_tanh.
    + apply derive_sigmoid.
    + apply derive_softplus.
  - set (i := (Pos.to_nat f - 8)%nat) in *.
    assert (I : (i < length declared)%nat).
    { rewrite <- L. destruct (le_lt_dec (length K) i) as [G|G]; auto. rewrite (nth_overflow K) in S by auto. discriminate. }
    replace (functions declared f) with (nth i declared (fun _ => 0)).
    + apply (T i e z I). exact S.
    + unfold functions, i. destruct f as [[[f|f|]|[f|f|]|]|[[f|f|]|[f|f|]|]|]; simpl in E; try discriminate; reflexivity.
Qed.
Lemma value_is declared K f e z : true_facts declared K -> length K = length declared -> value K f = Some e ->
  functions declared f z = eval (around (functions declared) z) e.
Proof.
  intros T L S. unfold value in S. destruct (known_slope f) as [e'|] eqn:E; [discriminate|].
  set (i := (Pos.to_nat f - 8)%nat) in *.
  assert (I : (i < length declared)%nat).
  { rewrite <- L. destruct (le_lt_dec (length K) i) as [G|G]; auto. rewrite (nth_overflow K) in S by auto. discriminate. }
  rewrite <- (proj2 (T i e z I) S). unfold functions, i.
  destruct f as [[[f|f|]|[f|f|]|]|[[f|f|]|[f|f|]|]|]; simpl in E; try discriminate; reflexivity.
Qed.

(** ** Towers *)

Inductive kind : Set := KInv | KRsqrt | KApp (f : positive).
(** An element: its kind, its argument, the polynomial that the argument is, and the element's derivative as a function of the argument. *)
Record entry : Set := { what : kind; arg : texp; inner : poly; grad : option poly }.
Definition tower := list entry.

(** Variables 2k are those of expressions, 2j + 1 is the element j = 1, 2, ... *)
Definition ext (x : params) (l : list R) : params := fun k =>
  match k with xO j => x j | xI j => nth (place j) l 0 | xH => 0 end.
Definition element (j : nat) : positive := xI (coordinate j).

Definition kind_eqb (a b : kind) : bool :=
  match a, b with KInv, KInv => true | KRsqrt, KRsqrt => true | KApp f, KApp g => Pos.eqb f g | _, _ => false end.
Lemma kind_eqb_ok a b : kind_eqb a b = true -> a = b.
Proof. destruct a, b; simpl; try discriminate; auto. intro H. apply Pos.eqb_eq in H. congruence. Qed.
Fixpoint mono_eqb (a b : mono) : bool :=
  match a, b with [], [] => true | x :: a', y :: b' => Pos.eqb x y && mono_eqb a' b' | _, _ => false end.
Lemma mono_eqb_ok a : forall b, mono_eqb a b = true -> a = b.
Proof.
  induction a as [|x a IH]; intros [|y b]; simpl; try discriminate; auto. intro H. apply andb_prop in H.
  destruct H as [H1 H2]. apply Pos.eqb_eq in H1. rewrite (IH b H2). congruence.
Qed.
Fixpoint poly_eqb (a b : poly) : bool :=
  match a, b with
  | [], [] => true
  | (m, c) :: a', (n, d) :: b' => mono_eqb m n && (Z.eqb (Qnum c) (Qnum d) && Pos.eqb (Qden c) (Qden d)) && poly_eqb a' b'
  | _, _ => false
  end.
Lemma poly_eqb_ok a : forall b, poly_eqb a b = true -> a = b.
Proof.
  induction a as [|[m [c c']] a IH]; intros [|[n [d d']] b]; simpl; try discriminate; auto. intro H.
  apply andb_prop in H. destruct H as [H H3]. apply andb_prop in H. destruct H as [H1 H2]. apply andb_prop in H2.
  destruct H2 as [H2 H4]. apply mono_eqb_ok in H1. apply Z.eqb_eq in H2. apply Pos.eqb_eq in H4. rewrite (IH b H3). congruence.
Qed.
Fixpoint texp_eqb (a b : texp) : bool :=
  match a, b with
  | TZc x, TZc y => Z.eqb x y
  | TQc n d, TQc m e => Z.eqb n m && Pos.eqb d e
  | TX j, TX k => Pos.eqb j k
  | TAdd a c, TAdd b d | TSub a c, TSub b d | TMul a c, TMul b d => texp_eqb a b && texp_eqb c d
  | TOpp a, TOpp b | TInv a, TInv b | TSqrt a, TSqrt b => texp_eqb a b
  | TPow a n, TPow b m => texp_eqb a b && Nat.eqb n m
  | TApp f a, TApp g b => Pos.eqb f g && texp_eqb a b
  | _, _ => false
  end.
Lemma texp_eqb_ok a : forall b, texp_eqb a b = true -> a = b.
Proof.
  induction a; intros []; simpl; try discriminate; intro H;
  repeat match goal with K : (_ && _)%bool = true |- _ => apply andb_prop in K; destruct K end;
  repeat match goal with
    | K : Z.eqb _ _ = true |- _ => apply Z.eqb_eq in K
    | K : Pos.eqb _ _ = true |- _ => apply Pos.eqb_eq in K
    | K : Nat.eqb _ _ = true |- _ => apply Nat.eqb_eq in K end; subst; f_equal; auto.
Qed.

Fixpoint find (w : kind) (p : poly) (T : tower) (n : nat) : option positive :=
  match T with
  | [] => None
  | en :: T' => if kind_eqb w (what en) && poly_eqb p (inner en) then Some (element n) else find w p T' (S n)
  end.
Definition elem (T : tower) (w : kind) (p : poly) : option poly :=
  match find w p T 0 with Some k => Some [([k], 1%Q)] | None => None end.

Definition map2 {A B C} (f : A -> B -> C) (a : option A) (b : option B) : option C :=
  match a, b with Some x, Some y => Some (f x y) | _, _ => None end.
Definition bind {A B} (a : option A) (f : A -> option B) : option B := match a with Some x => f x | None => None end.

(** An expression as a polynomial in the variables and the elements. *)
Fixpoint flat (T : tower) (e : texp) : option poly :=
  match e with
  | TZc z => Some (pcst (inject_Z z))
  | TQc n d => Some (pcst (Qred (n # d)))
  | TX k => Some [([xO k], 1%Q)]
  | TAdd a b => map2 padd (flat T a) (flat T b)
  | TSub a b => map2 (fun p q => padd p (popp q)) (flat T a) (flat T b)
  | TMul a b => map2 pmul (flat T a) (flat T b)
  | TOpp a => option_map popp (flat T a)
  | TPow a n => option_map (fun p => ppow p n) (flat T a)
  | TInv (TSqrt a) => bind (flat T a) (elem T KRsqrt)
  | TInv a => bind (flat T a) (elem T KInv)
  | TSqrt a => bind (flat T a) (fun p => option_map (pmul p) (elem T KRsqrt p))
  | TApp f a => bind (flat T a) (elem T (KApp f))
  end.

(** The polynomial e of [around], where z is p. *)
Fixpoint subst (T : tower) (p : poly) (e : pexp) : option poly :=
  match e with
  | Zc z => Some (pcst (inject_Z z))
  | Qc n d => Some (pcst (Qred (n # d)))
  | X k => match k with
      | 1%positive => Some p | 2%positive => elem T KInv p | _ => elem T (KApp (k - 2)) p end
  | Add a b => map2 padd (subst T p a) (subst T p b)
  | Sub a b => map2 (fun p q => padd p (popp q)) (subst T p a) (subst T p b)
  | Mul a b => map2 pmul (subst T p a) (subst T p b)
  | Opp a => option_map popp (subst T p a)
  | Pow a n => option_map (fun p => ppow p n) (subst T p a)
  end.

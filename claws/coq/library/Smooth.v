(** Polynomials are twice continuously differentiable, so 'no other law' speaks of them and of more. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Claws Require Import Vocabulary Polynomials Conserved NoOther.
Import ListNotations.
Open Scope R_scope.

Lemma cont_const D c x : cont D (fun _ => c) x.
Proof. intros e E. exists 1. split; [lra|]. intros y _. rewrite Rminus_eq_0, Rabs_R0. auto. Qed.
Lemma cont_coord D k x : cont D (fun y => y k) x.
Proof.
  intros e E. exists e. split; auto. intros y N. destruct (N k) as [A B].
  destruct (Pos.leb_spec k D) as [L|L]; [auto|]. rewrite (B L), Rminus_eq_0, Rabs_R0. auto.
Qed.
Lemma near_min D x a b y : near D x (Rmin a b) y -> near D x a y /\ near D x b y.
Proof.
  intro N. split; intro k; destruct (N k) as [A B]; split; auto; intro L; specialize (A L);
  eapply Rlt_le_trans; try exact A; [apply Rmin_l|apply Rmin_r].
Qed.
Lemma cont_plus D f g x : cont D f x -> cont D g x -> cont D (fun y => f y + g y) x.
Proof.
  intros F G e E. destruct (F (e/2)) as [a [A1 A2]]; [lra|]. destruct (G (e/2)) as [b [B1 B2]]; [lra|].
  exists (Rmin a b). split; [apply Rmin_pos; auto|]. intros y N. apply near_min in N. destruct N as [N1 N2].
  specialize (A2 y N1). specialize (B2 y N2).
  replace (f y + g y - (f x + g x)) with ((f y - f x) + (g y - g x)) by ring.
  eapply Rle_lt_trans; [apply Rabs_triang|]. lra.
Qed.
Lemma cont_mult D f g x : cont D f x -> cont D g x -> cont D (fun y => f y * g y) x.
Proof.
  intros F G e E.
  assert (M : 0 < Rabs (f x) + Rabs (g x) + 1).
  { assert (A := Rabs_pos (f x)). assert (B := Rabs_pos (g x)). lra. }
  set (q := Rmin 1 (e / (2 * (Rabs (f x) + Rabs (g x) + 1)))).
  assert (Q0 : 0 < q). { apply Rmin_pos; [lra|]. apply Rdiv_lt_0_compat; lra. }
  assert (Q1 : q <= 1) by apply Rmin_l.
  assert (Q2 : q * (Rabs (f x) + Rabs (g x) + 1) < e).
  { apply Rle_lt_trans with (e / (2 * (Rabs (f x) + Rabs (g x) + 1)) * (Rabs (f x) + Rabs (g x) + 1)).
    - apply Rmult_le_compat_r; [lra|apply Rmin_r].
    - replace (_ * _) with (e / 2) by (field; lra). lra. }
  destruct (F q Q0) as [a [A1 A2]]. destruct (G q Q0) as [b [B1 B2]].
  exists (Rmin a b). split; [apply Rmin_pos; auto|]. intros y N. apply near_min in N. destruct N as [N1 N2].
  specialize (A2 y N1). specialize (B2 y N2).
  replace (f y * g y - f x * g x) with ((f y - f x) * (g y - g x) + (f y - f x) * g x + f x * (g y - g x)) by ring.
  eapply Rle_lt_trans; [apply Rabs_triang|]. eapply Rle_lt_trans; [apply Rplus_le_compat_r, Rabs_triang|].
  rewrite !Rabs_mult.
  assert (U := Rabs_pos (f y - f x)). assert (V := Rabs_pos (g y - g x)).
  assert (A := Rabs_pos (f x)). assert (B := Rabs_pos (g x)).
  assert (Rabs (f y - f x) * Rabs (g y - g x) <= q * 1) by (apply Rmult_le_compat; lra).
  assert (Rabs (f y - f x) * Rabs (g x) <= q * Rabs (g x)) by (apply Rmult_le_compat_r; lra).
  assert (Rabs (f x) * Rabs (g y - g x) <= Rabs (f x) * q) by (apply Rmult_le_compat_l; lra).
  lra.
Qed.
Lemma cont_evp D p x : cont D (fun y => evp y p) x.
Proof.
  induction p as [|[m c] p IH]; simpl; [apply cont_const|]. apply cont_plus; auto.
  apply cont_mult; [apply cont_const|]. induction m; simpl; [apply cont_const|].
  apply cont_mult; auto. apply cont_coord.
Qed.
Theorem C2_eval D p0 eps e : C2 D p0 eps (fun x => eval x e).
Proof.
  replace (fun x => eval x e) with (fun x => evp x (norm e))
    by (apply functional_extensionality; intro; apply norm_ok).
  intros x _ k l _ _.
  assert (E : forall q j, partial (fun y => evp y q) j = (fun y => evp y (dp j q))).
  { intros. apply functional_extensionality; intro. apply partial_evp. }
  repeat split.
  - eexists. apply is_partial.
  - rewrite E. eexists. apply is_partial.
  - rewrite !E. apply cont_evp.
Qed.

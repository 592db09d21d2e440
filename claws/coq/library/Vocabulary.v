(** The words of the exported statements. Whoever reads a statement has to read this file, and no other of this library. *)

From Coq Require Import Reals QArith Qreals List.
From Coquelicot Require Import Coquelicot.
Import ListNotations.
Open Scope R_scope.

(** ** Parameters *)

(** A point of parameter space. Its coordinates are numbered 1, 2, ..., D; what stands at other numbers plays no part. *)
Definition params := positive -> R.

(** A data sample, or the constants of a model: also numbered from 1. *)
Definition data := positive -> R.

(** The coordinate at the place n = 0, 1, 2, ... of a list of all coordinates; and back. *)
Definition coordinate (n : nat) : positive := Pos.of_succ_nat n.
Definition place (k : positive) : nat := pred (Pos.to_nat k).

(** [x] with its coordinate [k] replaced by [s]. *)
Definition upd (x : params) (k : positive) (s : R) : params := fun j => if Pos.eqb j k then s else x j.

(** The partial derivative of [f] in coordinate [k] at [x]: the derivative of a function of one real variable. *)
Definition partial (f : params -> R) (k : positive) (x : params) : R := Derive (fun s => f (upd x k s)) (x k).

(** f 0 + f 1 + ... + f (n-1), and the sum over the coordinates 1..D. *)
Definition Rsum (n : nat) (f : nat -> R) : R := fold_right Rplus 0 (map f (seq 0 n)).
Definition Psum (D : positive) (f : positive -> R) : R := Rsum (Pos.to_nat D) (fun n => f (coordinate n)).

(** f 0 * f 1 * ... * f (n-1). *)
Definition Rprod (n : nat) (f : nat -> R) : R := fold_right Rmult 1 (map f (seq 0 n)).

(** All entries of an array, row by row; [join] glues the entries of its rows together. *)
Definition join {A} (n : nat) (f : nat -> list A) : list A := flat_map f (seq 0 n).
Definition array1 {A} (n : nat) (f : nat -> A) : list A := map f (seq 0 n).
Definition array2 {A} (n m : nat) (f : nat -> nat -> A) : list A := join n (fun i => array1 m (f i)).
Definition array3 {A} (n m l : nat) (f : nat -> nat -> nat -> A) : list A := join n (fun i => array2 m l (f i)).
Definition array4 {A} (n m l k : nat) (f : nat -> nat -> nat -> nat -> A) : list A := join n (fun i => array3 m l k (f i)).

(** ** Training *)

(** A model is a list of outputs [phi x], functions of the parameters: all that a loss can see of them. A network has outputs for
    each data sample; on a data set it has all of these. *)
Definition on_data (phi : data -> params -> list R) (samples : list data) : params -> list R :=
  fun x => flat_map (fun z => phi z x) samples.

(** The factors of a preconditioner, one for each coordinate in order; none at all for plain gradient flow. *)
Definition preconditioner := params -> list R.
Definition gradient : preconditioner := fun _ => [].
Definition factor (P : preconditioner) (k : positive) (x : params) : R := nth (place k) (P x) 1.

(** [theta] solves, on the open interval (a, b) of times, which may be infinite,
      theta_k'(t) = - P_k(theta(t)) * sum_i c_i(t) * (d phi_i / d theta_k)(theta(t))      for k = 1..D.
    The c_i are what a loss contributes: its derivatives in the outputs. *)
Definition flow (D : positive) (P : preconditioner) (phi : params -> list R) (c : nat -> R -> R) (theta : R -> params)
    (a b : Rbar) : Prop :=
  forall (t : R) (k : positive), Rbar_lt a t -> Rbar_lt t b -> (k <= D)%positive ->
    is_derive (fun s => theta s k) t
      (- (factor P k (theta t) *
          Rsum (length (phi (theta t))) (fun i => c i t * partial (fun x => nth i (phi x) 0) k (theta t)))).

(** [law] has the same value at any two times of the interval. *)
Definition constant_along (law : params -> R) (theta : R -> params) (a b : Rbar) : Prop :=
  forall s t : R, Rbar_lt a s -> Rbar_lt s b -> Rbar_lt a t -> Rbar_lt t b -> law (theta s) = law (theta t).

(** [law] is constant along every such curve, whatever the c_i are. *)
Definition conserved (D : positive) (P : preconditioner) (phi : params -> list R) (law : params -> R) : Prop :=
  forall c theta a b, flow D P phi c theta a b -> constant_along law theta a b.

(** ** Losses *)

(** [g] is the gradient of the function [L] of a list of reals at [y] (differentiability in the sense of Frechet). *)
Definition is_gradient (L : list R -> R) (y : list R) (g : nat -> R) : Prop :=
  forall e, 0 < e -> exists delta, 0 < delta /\ forall z, length z = length y ->
    (forall i, (i < length y)%nat -> Rabs (nth i z 0 - nth i y 0) < delta) ->
    Rabs (L z - L y - Rsum (length y) (fun i => g i * (nth i z 0 - nth i y 0)))
      <= e * Rsum (length y) (fun i => Rabs (nth i z 0 - nth i y 0)).

(** theta_k'(t) = - P_k(theta(t)) * d/d theta_k of L_t(phi(theta)), where the loss L_t may change with the time and is differentiable
    at phi(theta(t)). *)
Definition loss_flow (D : positive) (P : preconditioner) (phi : params -> list R) (L : R -> list R -> R)
    (theta : R -> params) (a b : Rbar) : Prop :=
  forall t : R, Rbar_lt a t -> Rbar_lt t b ->
    (exists g, is_gradient (L t) (phi (theta t)) g) /\
    forall k, (k <= D)%positive ->
      is_derive (fun s => theta s k) t (- (factor P k (theta t) * partial (fun x => L t (phi x)) k (theta t))).

(** [law] is constant along the training flow of every such loss. *)
Definition conserved_for_losses (D : positive) (P : preconditioner) (phi : params -> list R) (law : params -> R) : Prop :=
  forall L theta a b, loss_flow D P phi L theta a b -> constant_along law theta a b.

(** Both. *)
Definition conservation_law (D : positive) (P : preconditioner) (phi : params -> list R) (law : params -> R) : Prop :=
  conserved D P phi law /\ conserved_for_losses D P phi law.

(** ** Where a model is defined *)

(** A statement about a model that divides, takes roots or logarithms is about curves in a set [S] of parameters: where no denominator is
    0, and every radicand is positive. *)
Definition all_nonzero (l : list R) : Prop := forall y, In y l -> y <> 0.
Definition all_positive (l : list R) : Prop := forall y, In y l -> 0 < y.

Definition inside (S : params -> Prop) (theta : R -> params) (a b : Rbar) : Prop :=
  forall t : R, Rbar_lt a t -> Rbar_lt t b -> S (theta t).

(** The same three, for curves that stay in [S]. *)
Definition conserved_on (S : params -> Prop) (D : positive) (P : preconditioner) (phi : params -> list R) (law : params -> R) : Prop :=
  forall c theta a b, inside S theta a b -> flow D P phi c theta a b -> constant_along law theta a b.
Definition conserved_for_losses_on (S : params -> Prop) (D : positive) (P : preconditioner) (phi : params -> list R)
    (law : params -> R) : Prop :=
  forall L theta a b, inside S theta a b -> loss_flow D P phi L theta a b -> constant_along law theta a b.
Definition conservation_law_on (S : params -> Prop) (D : positive) (P : preconditioner) (phi : params -> list R)
    (law : params -> R) : Prop :=
  conserved_on S D P phi law /\ conserved_for_losses_on S D P phi law.

(** Functions that Coq's library of reals does not name. *)
Definition sigmoid (z : R) : R := / (1 + exp (- z)).
Definition softplus (z : R) : R := ln (1 + exp z).

(** [s] is positively homogeneous of degree [k]. *)
Definition homogeneous (k : nat) (s : R -> R) : Prop := forall l z, 0 < l -> s (l * z) = l ^ k * s z.

(** ** No other law *)

(** The point with these rational coordinates. *)
Definition point (l : list Q) : params := fun k => Q2R (nth (place k) l 0%Q).

(** [x] is within [eps] of [p] in each of the coordinates 1..D, and equal to [p] in the others. *)
Definition near (D : positive) (p : params) (eps : R) (x : params) : Prop :=
  forall k, ((k <= D)%positive -> Rabs (x k - p k) < eps) /\ ((D < k)%positive -> x k = p k).

(** [f] has a partial derivative in coordinate [k] at [x]; [f] is continuous at [x]. *)
Definition ex_partial (f : params -> R) (k : positive) (x : params) : Prop := ex_derive (fun s => f (upd x k s)) (x k).
Definition cont (D : positive) (f : params -> R) (x : params) : Prop :=
  forall e, 0 < e -> exists delta, 0 < delta /\ forall y, near D x delta y -> Rabs (f y - f x) < e.

(** [h] is twice continuously differentiable within [eps] of [p]. *)
Definition C2 (D : positive) (p : params) (eps : R) (h : params -> R) : Prop :=
  forall x, near D p eps x -> forall k l, (k <= D)%positive -> (l <= D)%positive ->
    ex_partial h k x /\ ex_partial (partial h k) l x /\ cont D (partial (partial h k) l) x.

(** Within [eps] of [p] no output moves [h]: the gradient of [h] is orthogonal to the (preconditioned) gradient of each output. *)
Definition invariant (D : positive) (P : preconditioner) (phi : params -> list R) (p : params) (eps : R)
    (h : params -> R) : Prop :=
  forall x, near D p eps x -> forall i, (i < length (phi x))%nat ->
    Psum D (fun k => partial h k x * (factor P k x * partial (fun y => nth i (phi y) 0) k x)) = 0.

(** At [p] the gradient of every C2 invariant, polynomial or not, is a linear combination of the gradients of the laws. *)
Definition no_other_law (D : positive) (P : preconditioner) (phi laws : params -> list R) (p : params) : Prop :=
  forall eps h, 0 < eps -> C2 D p eps h -> invariant D P phi p eps h ->
  exists beta : nat -> R, forall k, (k <= D)%positive ->
    partial h k p = Rsum (length (laws p)) (fun l => beta l * partial (fun y => nth l (laws y) 0) k p).

(** At [p] the gradients of the laws are linearly independent. *)
Definition independent (D : positive) (laws : params -> list R) (p : params) : Prop :=
  forall beta : nat -> R,
  (forall k, (k <= D)%positive ->
    Rsum (length (laws p)) (fun l => beta l * partial (fun y => nth l (laws y) 0) k p) = 0) ->
  forall l, (l < length (laws p))%nat -> beta l = 0.

(** Near [p] there are [k] laws: C2 invariants, independent at [p], and there is no other at [p]. *)
Definition number_of_laws (D : positive) (P : preconditioner) (phi : params -> list R) (k : nat) (p : params) : Prop :=
  exists (eps : R) (laws : params -> list R), 0 < eps /\ (forall x, length (laws x) = k) /\
    (forall l, (l < k)%nat -> C2 D p eps (fun x => nth l (laws x) 0) /\ invariant D P phi p eps (fun x => nth l (laws x) 0)) /\
    no_other_law D P phi laws p /\ independent D laws p.

(** ** Almost everywhere *)

(** Made of the coordinates 1..D and numbers by addition and multiplication. *)
Inductive polynomial (D : positive) : (params -> R) -> Prop :=
| poly_number q : polynomial D (fun _ => q)
| poly_coordinate k : (k <= D)%positive -> polynomial D (fun x => x k)
| poly_add f g : polynomial D f -> polynomial D g -> polynomial D (fun x => f x + g x)
| poly_mul f g : polynomial D f -> polynomial D g -> polynomial D (fun x => f x * g x).

(** [S] holds wherever some polynomial, which is not zero everywhere, is not zero. Such a set is open, and dense. *)
Definition generically (D : positive) (S : params -> Prop) : Prop :=
  exists q, polynomial D q /\ (exists p, q p <> 0) /\ forall x, q x <> 0 -> S x.

(** There are points of [S] within every distance of every point. *)
Definition dense (D : positive) (S : params -> Prop) : Prop := forall x eps, 0 < eps -> exists y, near D x eps y /\ S y.

(** These are all laws: they are conserved; at [p], and almost everywhere, there is no other, and they are independent. *)
Definition complete (D : positive) (P : preconditioner) (phi laws : params -> list R) (p : params) : Prop :=
  (forall l, conservation_law D P phi (fun x => nth l (laws x) 0)) /\
  (no_other_law D P phi laws p /\ independent D laws p) /\
  generically D (fun x => no_other_law D P phi laws x /\ independent D laws x).

(** There are [k] laws, at [p] and almost everywhere. *)
Definition counted (D : positive) (P : preconditioner) (phi : params -> list R) (k : nat) (p : params) : Prop :=
  number_of_laws D P phi k p /\ generically D (number_of_laws D P phi k).

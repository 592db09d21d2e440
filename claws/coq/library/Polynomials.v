(** Polynomials as data: expressions, their normal forms, and derivatives that are computed and agree with the analytic ones. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra.
From Coquelicot Require Import Coquelicot.
From Claws Require Import Vocabulary.
Import ListNotations.
Open Scope R_scope.

(** ** Expressions and their normal forms *)

Inductive pexp : Set :=
| Zc (z : Z) | Qc (n : Z) (d : positive) | X (k : positive)
| Add (a b : pexp) | Sub (a b : pexp) | Mul (a b : pexp) | Opp (a : pexp)
| Pow (a : pexp) (n : nat).

Fixpoint eval (x : params) (e : pexp) : R :=
  match e with
  | Zc z => IZR z
  | Qc n d => IZR n / IZR (Zpos d)
  | X k => x k
  | Add a b => eval x a + eval x b
  | Sub a b => eval x a - eval x b
  | Mul a b => eval x a * eval x b
  | Opp a => - eval x a
  | Pow a n => eval x a ^ n
  end.

Definition mono := list positive.         (* sorted, with repetition *)
Definition poly := list (mono * Q).       (* sorted by deglex *)

Fixpoint evm (x : params) (m : mono) : R :=
  match m with [] => 1 | k :: m' => x k * evm x m' end.
Fixpoint evp (x : params) (p : poly) : R :=
  match p with [] => 0 | (m, c) :: p' => Q2R c * evm x m + evp x p' end.

Fixpoint lexcmp (m n : mono) : comparison :=
  match m, n with
  | [], [] => Eq | [], _ => Lt | _, [] => Gt
  | a :: m', b :: n' => match Pos.compare a b with Eq => lexcmp m' n' | r => r end
  end.
Fixpoint lencmp (m n : mono) : comparison :=
  match m, n with
  | [], [] => Eq | [], _ => Lt | _, [] => Gt
  | _ :: m', _ :: n' => lencmp m' n'
  end.
Definition mcmp (m n : mono) : comparison :=
  match lencmp m n with Eq => lexcmp m n | r => r end.

Lemma lexcmp_eq m n : lexcmp m n = Eq -> m = n.
Proof.
  revert n; induction m as [|a m IH]; destruct n as [|b n]; simpl; try easy.
  destruct (Pos.compare_spec a b); try easy. intros; subst; f_equal; auto.
Qed.
Lemma mcmp_eq m n : mcmp m n = Eq -> m = n.
Proof. unfold mcmp; destruct (lencmp m n); try easy. apply lexcmp_eq. Qed.

(* integers first: no gcd when both denominators are 1 *)
Definition qadd (a b : Q) : Q :=
  match Qden a, Qden b with
  | xH, xH => inject_Z (Qnum a + Qnum b)
  | _, _ => Qred (a + b)
  end.
Definition qmul (a b : Q) : Q :=
  match Qden a, Qden b with
  | xH, xH => inject_Z (Qnum a * Qnum b)
  | _, _ => Qred (a * b)
  end.
Lemma Q2R_add a b : Q2R (qadd a b) = Q2R a + Q2R b.
Proof.
  rewrite <- Q2R_plus. apply Qeq_eqR. unfold qadd.
  destruct a as [n [u|u|]], b as [m [v|v|]]; cbn [Qden Qnum]; try apply Qred_correct.
  unfold Qeq, Qplus, Qmult, inject_Z; cbn [Qnum Qden Pos.mul]. lia.
Qed.
Lemma Q2R_mul a b : Q2R (qmul a b) = Q2R a * Q2R b.
Proof.
  rewrite <- Q2R_mult. apply Qeq_eqR. unfold qmul.
  destruct a as [n [u|u|]], b as [m [v|v|]]; cbn [Qden Qnum]; try apply Qred_correct.
  unfold Qeq, Qplus, Qmult, inject_Z; cbn [Qnum Qden Pos.mul]. lia.
Qed.

Definition consq (m : mono) (c : Q) (p : poly) : poly :=
  match Qnum c with Z0 => p | _ => (m, c) :: p end.
Lemma consq_ok x m c p : evp x (consq m c p) = Q2R c * evm x m + evp x p.
Proof.
  unfold consq. destruct c as [[|z|z] d]; simpl; auto.
  unfold Q2R; simpl. ring.
Qed.

Fixpoint padd (p : poly) : poly -> poly :=
  fix go (q : poly) : poly :=
    match p, q with
    | [], _ => q
    | _, [] => p
    | (m, c) :: p', (n, d) :: q' =>
        match mcmp m n with
        | Lt => (m, c) :: padd p' q
        | Gt => (n, d) :: go q'
        | Eq => consq m (qadd c d) (padd p' q')
        end
    end.
Lemma padd_ok x p : forall q, evp x (padd p q) = evp x p + evp x q.
Proof.
  induction p as [|[m c] p IH]; intro q.
  - destruct q as [|[n d] q]; simpl; ring.
  - induction q as [|[n d] q IHq]; [simpl; ring|].
    cbn [padd]. destruct (mcmp m n) eqn:E.
    + apply mcmp_eq in E; subst. rewrite consq_ok, IH, Q2R_add. simpl. ring.
    + simpl. rewrite IH. simpl. ring.
    + cbn [evp]. cbn [padd evp] in IHq. rewrite IHq. ring.
Qed.

Fixpoint pairs (l : list poly) : list poly :=
  match l with a :: b :: r => padd a b :: pairs r | _ => l end.
Fixpoint psumf (n : nat) (l : list poly) : poly :=
  match n with
  | O => fold_right padd [] l
  | S n' => match l with [] => [] | [a] => a | _ => psumf n' (pairs l) end
  end.
Definition psum (l : list poly) : poly := psumf 40 l.
Definition evs x (l : list poly) : R := fold_right (fun p r => evp x p + r) 0 l.
Lemma pairs_ok x : forall l, evs x (pairs l) = evs x l.
Proof.
  fix IH 1. intros [|a [|b r]]; try reflexivity.
  cbn [pairs]. unfold evs in *. cbn [fold_right]. rewrite IH, padd_ok. ring.
Qed.
Lemma psumf_ok x n : forall l, evp x (psumf n l) = evs x l.
Proof.
  induction n; intro l.
  - simpl. induction l; simpl; auto. rewrite padd_ok, IHl. reflexivity.
  - cbn [psumf]. destruct l as [|a [|b r]]; simpl; try ring.
    rewrite IHn. etransitivity; [apply (pairs_ok x (a :: b :: r))|]. reflexivity.
Qed.
Lemma psum_ok x l : evp x (psum l) = evs x l.
Proof. apply psumf_ok. Qed.

Fixpoint minsert (k : positive) (m : mono) : mono :=
  match m with
  | [] => [k]
  | j :: m' => if Pos.leb k j then k :: m else j :: minsert k m'
  end.
Lemma minsert_ok x k m : evm x (minsert k m) = x k * evm x m.
Proof.
  induction m as [|j m IH]; simpl; auto. destruct (Pos.leb k j); simpl; auto.
  rewrite IH. ring.
Qed.
Definition mmul (m n : mono) : mono := fold_right minsert n m.
Lemma mmul_ok x m n : evm x (mmul m n) = evm x m * evm x n.
Proof.
  induction m; simpl; [ring|]. unfold mmul in *; simpl. rewrite minsert_ok, IHm. ring.
Qed.
Definition pterm (m : mono) (c : Q) (p : poly) : poly :=
  map (fun t => (mmul m (fst t), qmul c (snd t))) p.
Lemma pterm_ok x m c p : evp x (pterm m c p) = Q2R c * evm x m * evp x p.
Proof.
  induction p as [|[n d] p IH]; simpl; [ring|].
  rewrite IH, mmul_ok, Q2R_mul. ring.
Qed.
Definition pmul (p q : poly) : poly := psum (map (fun t => pterm (fst t) (snd t) q) p).
Lemma pmul_ok x p q : evp x (pmul p q) = evp x p * evp x q.
Proof.
  unfold pmul. rewrite psum_ok. induction p as [|[m c] p IH]; simpl; [ring|].
  rewrite pterm_ok. unfold evs in *. rewrite IH. ring.
Qed.
Definition popp (p : poly) : poly := map (fun t => (fst t, Qopp (snd t))) p.
Lemma popp_ok x p : evp x (popp p) = - evp x p.
Proof.
  induction p as [|[m c] p IH]; simpl; [ring|]. rewrite IH, Q2R_opp. ring.
Qed.
Definition pcst (q : Q) : poly := consq [] q [].
Lemma pcst_ok x q : evp x (pcst q) = Q2R q.
Proof. unfold pcst. rewrite consq_ok. simpl. ring. Qed.
Fixpoint ppow (p : poly) (n : nat) : poly :=
  match n with O => pcst 1 | S n' => pmul p (ppow p n') end.
Lemma ppow_ok x p n : evp x (ppow p n) = evp x p ^ n.
Proof.
  induction n; cbn [ppow pow]. { rewrite pcst_ok. unfold Q2R; simpl. field. }
  rewrite pmul_ok, IHn. reflexivity.
Qed.

Fixpoint norm (e : pexp) : poly :=
  match e with
  | Zc z => pcst (inject_Z z)
  | Qc n d => pcst (Qred (n # d))
  | X k => [([k], 1%Q)]
  | Add a b => padd (norm a) (norm b)
  | Sub a b => padd (norm a) (popp (norm b))
  | Mul a b => pmul (norm a) (norm b)
  | Opp a => popp (norm a)
  | Pow a n => ppow (norm a) n
  end.
Lemma Q2R_1 : Q2R 1 = 1. Proof. unfold Q2R; simpl; field. Qed.
Theorem norm_ok x e : evp x (norm e) = eval x e.
Proof.
  induction e; cbn [norm eval].
  - rewrite pcst_ok. unfold Q2R, inject_Z; simpl. field.
  - rewrite pcst_ok. rewrite (Qeq_eqR _ _ (Qred_correct _)). reflexivity.
  - simpl. rewrite Q2R_1. ring.
  - rewrite padd_ok. congruence.
  - rewrite padd_ok, popp_ok, IHe1, IHe2. ring.
  - rewrite pmul_ok. congruence.
  - rewrite popp_ok. congruence.
  - rewrite ppow_ok. congruence.
Qed.

(** ** Derivatives *)

(** Directional derivative of a normal form at [x] in direction [v]. *)
Fixpoint dirm (x v : params) (m : mono) : R :=
  match m with [] => 0 | j :: m' => v j * evm x m' + x j * dirm x v m' end.
Fixpoint dirp (x v : params) (p : poly) : R :=
  match p with [] => 0 | (m, c) :: p' => Q2R c * dirm x v m + dirp x v p' end.

Definition below (D : positive) (p : poly) : bool :=
  forallb (fun t => forallb (fun k => Pos.leb k D) (fst t)) p.

Lemma curve_m (th : R -> params) t v D m :
  (forall k, (k <= D)%positive -> is_derive (fun s => th s k) t (v k)) ->
  forallb (fun k => Pos.leb k D) m = true ->
  is_derive (fun s => evm (th s) m) t (dirm (th t) v m).
Proof.
  intros H. induction m as [|j m IH]; cbn [evm dirm forallb]; intro B.
  - apply (is_derive_const (V := R_NormedModule)).
  - apply andb_prop in B. destruct B as [B1 B2]. apply Pos.leb_le in B1.
    apply (is_derive_mult (fun s => th s j) (fun s => evm (th s) m)); auto using Rmult_comm.
Qed.
Lemma curve_p (th : R -> params) t v D p :
  (forall k, (k <= D)%positive -> is_derive (fun s => th s k) t (v k)) ->
  below D p = true ->
  is_derive (fun s => evp (th s) p) t (dirp (th t) v p).
Proof.
  intros H. induction p as [|[m c] p IH]; cbn [evp dirp below forallb]; intro B.
  - apply (is_derive_const (V := R_NormedModule)).
  - apply andb_prop in B. destruct B as [B1 B2].
    apply (is_derive_plus (V := R_NormedModule)); auto.
    apply is_derive_scal. eapply curve_m; eauto.
Qed.

(** Formal Lie derivative  sum_a V_a * d p / d x_a. *)
Fixpoint liem (V : positive -> poly) (m : mono) : poly :=
  match m with
  | [] => []
  | j :: m' => padd (pterm m' 1 (V j)) (pterm [j] 1 (liem V m'))
  end.
Definition lie (V : positive -> poly) (p : poly) : poly :=
  psum (map (fun t => pterm [] (snd t) (liem V (fst t))) p).
Lemma liem_ok x V m : evp x (liem V m) = dirm x (fun a => evp x (V a)) m.
Proof.
  induction m as [|j m IH]; cbn [liem dirm]; [reflexivity|].
  rewrite padd_ok, !pterm_ok, IH, Q2R_1. simpl. ring.
Qed.
Lemma lie_ok x V p : evp x (lie V p) = dirp x (fun a => evp x (V a)) p.
Proof.
  unfold lie. rewrite psum_ok. induction p as [|[m c] p IH]; [reflexivity|].
  cbn [map evs fold_right dirp fst snd]. unfold evs in IH. 
  rewrite pterm_ok, liem_ok, IH. simpl. ring.
Qed.
Definition ek (k : positive) : positive -> poly :=
  fun j => if Pos.eqb j k then [([], 1%Q)] else [].
Definition dp (k : positive) (p : poly) : poly := lie (ek k) p.

Lemma dirm_ext x u v m : (forall j, u j = v j) -> dirm x u m = dirm x v m.
Proof. intro E. induction m; simpl; auto. rewrite E, IHm. reflexivity. Qed.
Lemma dirp_ext x u v p : (forall j, u j = v j) -> dirp x u p = dirp x v p.
Proof.
  intro E. induction p as [|[m c] p IH]; simpl; auto.
  rewrite IH, (dirm_ext x u v m E). reflexivity.
Qed.
Lemma evm_ext x y m : (forall j, x j = y j) -> evm x m = evm y m.
Proof. intro E. induction m; simpl; auto. rewrite E, IHm. reflexivity. Qed.
Lemma dirm_ext1 x y v m : (forall j, x j = y j) -> dirm x v m = dirm y v m.
Proof. intro E. induction m; simpl; auto. rewrite E, IHm, (evm_ext x y m E). reflexivity. Qed.
Lemma dirp_ext1 x y v p : (forall j, x j = y j) -> dirp x v p = dirp y v p.
Proof.
  intro E. induction p as [|[m c] p IH]; simpl; auto.
  rewrite IH, (dirm_ext1 x y v m E). reflexivity.
Qed.
Lemma upd_same x k j : upd x k (x k) j = x j.
Proof. unfold upd. destruct (Pos.eqb_spec j k); congruence. Qed.

Fixpoint mmax (m : mono) : positive := match m with [] => 1 | k :: m' => Pos.max k (mmax m') end.
Fixpoint pmax (p : poly) : positive := match p with [] => 1 | (m, _) :: p' => Pos.max (mmax m) (pmax p') end.
Lemma below_mono m D : (mmax m <= D)%positive -> forallb (fun k => Pos.leb k D) m = true.
Proof.
  induction m; simpl; auto. intro. apply andb_true_intro; split.
  apply Pos.leb_le; lia. apply IHm; lia.
Qed.
Lemma below_pmax p D : (pmax p <= D)%positive -> below D p = true.
Proof.
  induction p as [|[m c] p IH]; simpl; auto. intro. apply andb_true_intro; split.
  apply below_mono; lia. apply IH; lia.
Qed.

Lemma upd_derive x k j :
  is_derive (fun s => upd x k s j) (x k) (evp x (ek k j)).
Proof.
  unfold upd, ek. destruct (Pos.eqb_spec j k).
  - subst. simpl. replace (Q2R 1 * 1 + 0) with 1 by (rewrite Q2R_1; ring).
    apply (is_derive_id (K := R_AbsRing)).
  - simpl. apply (is_derive_const (V := R_NormedModule)).
Qed.
Lemma is_partial x k p :
  is_derive (fun s => evp (upd x k s) p) (x k) (evp x (dp k p)).
Proof.
  unfold dp. rewrite lie_ok.
  rewrite (dirp_ext1 x (upd x k (x k)) _ p) by (intro; symmetry; apply upd_same).
  apply (curve_p (fun s => upd x k s) (x k) _ (pmax p) p).
  - intros j _. apply upd_derive.
  - apply below_pmax. lia.
Qed.
Lemma partial_evp x k p : partial (fun y => evp y p) k x = evp x (dp k p).
Proof. unfold partial. apply is_derive_unique, is_partial. Qed.
Lemma partial_eval x k e : partial (fun y => eval y e) k x = evp x (dp k (norm e)).
Proof.
  rewrite <- partial_evp. unfold partial. apply Derive_ext. intro. symmetry. apply norm_ok.
Qed.


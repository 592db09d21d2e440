(** Theorem (d): from 'no other law at p' to 'no other law wherever a polynomial is not zero', so on a dense open set.

    The matrices of the certificate are multiples of the identity at p. Elimination without divisions gives them inverses, up to a
    polynomial that is not zero at p; where that polynomial is not zero the argument at p goes through. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra FunctionalExtensionality Classical.
From Coquelicot Require Import Coquelicot.
From Claws Require Import Vocabulary Polynomials Conserved NoOther Smooth.
Import ListNotations.
Open Scope R_scope.

(** ** Sums *)

Lemma Rsum_S n f : Rsum (S n) f = f 0%nat + Rsum n (fun i => f (S i)).
Proof. unfold Rsum. cbn [seq map fold_right]. rewrite <- seq_shift, map_map. reflexivity. Qed.
Lemma Rsum_eq n f g : (forall i, (i < n)%nat -> f i = g i) -> Rsum n f = Rsum n g.
Proof. intro H. unfold Rsum. apply fr_ext. intros i I. apply in_seq in I. apply H. lia. Qed.
Lemma Rsum_zero n f : (forall i, (i < n)%nat -> f i = 0) -> Rsum n f = 0.
Proof. intro H. unfold Rsum. apply fr_0. intros i I. apply in_seq in I. apply H. lia. Qed.
Lemma Rsum_add n f g : Rsum n (fun i => f i + g i) = Rsum n f + Rsum n g.
Proof. apply fr_plus. Qed.
Lemma Rsum_mul n a f : Rsum n (fun i => a * f i) = a * Rsum n f.
Proof. apply fr_scal. Qed.
Lemma Rsum_mul_r n a f : Rsum n (fun i => f i * a) = Rsum n f * a.
Proof. rewrite Rmult_comm, <- Rsum_mul. apply Rsum_eq. intros. ring. Qed.
Lemma Rsum_swap n m f : Rsum n (fun i => Rsum m (f i)) = Rsum m (fun j => Rsum n (fun i => f i j)).
Proof. apply fr_swap. Qed.
Lemma Rsum_opp n f : Rsum n (fun i => - f i) = - Rsum n f.
Proof. replace (- Rsum n f) with (-1 * Rsum n f) by ring. rewrite <- Rsum_mul. apply Rsum_eq. intros. ring. Qed.
Definition delta (i j : nat) : R := if Nat.eqb i j then 1 else 0.
Lemma Rsum_delta n f l : (l < n)%nat -> Rsum n (fun i => f i * delta i l) = f l.
Proof.
  revert f l. induction n; intros f l L; [lia|]. rewrite Rsum_S. destruct l.
  - rewrite Rsum_zero; [unfold delta; simpl; ring|]. intros. unfold delta; simpl. ring.
  - rewrite (Rsum_eq n (fun i => f (S i) * delta (S i) (S l)) (fun i => f (S i) * delta i l)) by reflexivity.
    rewrite (IHn (fun i => f (S i)) l) by lia. unfold delta. simpl. ring.
Qed.
Lemma delta_sym i j : delta i j = delta j i.
Proof. unfold delta. rewrite Nat.eqb_sym. reflexivity. Qed.

(** ** Polynomials of the coordinates 1..D *)

Lemma poly_sum D n f : (forall i, polynomial D (f i)) -> polynomial D (fun x => Rsum n (fun i => f i x)).
Proof.
  intro H. unfold Rsum. induction (seq 0 n); simpl; [apply poly_number|]. apply (poly_add D (f a)); auto.
Qed.
Lemma poly_opp D f : polynomial D f -> polynomial D (fun x => - f x).
Proof.
  intro H. replace (fun x => - f x) with (fun x => -1 * f x) by (apply functional_extensionality; intro; ring).
  apply (poly_mul D (fun _ => -1)); auto using poly_number.
Qed.
Lemma poly_sub D f g : polynomial D f -> polynomial D g -> polynomial D (fun x => f x - g x).
Proof. intros. apply (poly_add D f (fun x => - g x)); auto using poly_opp. Qed.
Lemma poly_evp D q : below D q = true -> polynomial D (fun x => evp x q).
Proof.
  induction q as [|[m c] q IH]; cbn [evp]; [intro; apply poly_number|].
  cbn [below forallb fst]. intro B. apply andb_prop in B. destruct B as [Bm Bq].
  apply (poly_add D (fun x => Q2R c * evm x m)); auto. apply (poly_mul D (fun _ => Q2R c)); [apply poly_number|].
  clear - Bm. induction m as [|k m IH]; cbn [evm]; [apply poly_number|]. simpl in Bm. apply andb_prop in Bm.
  destruct Bm as [A B]. apply Pos.leb_le in A. apply (poly_mul D (fun x => x k)); auto using poly_coordinate.
Qed.

(** ** Elimination *)

Lemma inverse D n : forall (K : nat -> nat -> params -> R) (p : params) (c : R), c <> 0 ->
  (forall i j, polynomial D (K i j)) ->
  (forall i j, (i < n)%nat -> (j < n)%nat -> K i j p = c * delta i j) ->
  exists (B : nat -> nat -> params -> R) (d : params -> R),
    (forall i j, polynomial D (B i j)) /\ polynomial D d /\ d p <> 0 /\
    forall x i l, (i < n)%nat -> (l < n)%nat -> Rsum n (fun j => B i j x * K j l x) = d x * delta i l.
Proof.
  induction n; intros K p c Hc HP Hp.
  - exists (fun _ _ _ => 0), (fun _ => 1). split; [intros; apply poly_number|split; [apply poly_number|split; [lra|intros; lia]]].
  - set (a := K 0%nat 0%nat).
    set (K' := fun i j x => a x * K (S i) (S j) x - K (S i) 0%nat x * K 0%nat (S j) x).
    destruct (IHn K' p (c * c)) as [B [d [PB [Pd [Hd H]]]]].
    + apply Rmult_integral_contrapositive_currified; auto.
    + intros i j. unfold K', a. apply (poly_sub D (fun x => K 0%nat 0%nat x * K (S i) (S j) x)); apply poly_mul; auto.
    + intros i j I J. unfold K', a. rewrite !Hp by lia. unfold delta; simpl. destruct (Nat.eqb i j); ring.
    + set (U0 := fun i x => - Rsum n (fun j => B i j x * K (S j) 0%nat x)).
      assert (PU0 : forall i, polynomial D (U0 i)).
      { intro i. apply poly_opp. apply (poly_sum D n (fun j x => B i j x * K (S j) 0%nat x)). intro. apply poly_mul; auto. }
      assert (Row : forall x i l, (i < n)%nat -> (l < S n)%nat ->
        U0 i x * K 0%nat l x + Rsum n (fun j => B i j x * a x * K (S j) l x) = match l with O => 0 | S l' => d x * delta i l' end).
      { intros x i l I L. unfold U0. destruct l as [|l].
        - rewrite (Rsum_eq n (fun j => B i j x * a x * K (S j) 0%nat x) (fun j => a x * (B i j x * K (S j) 0%nat x))) by (intros; ring).
          rewrite Rsum_mul. unfold a. ring.
        - rewrite <- (H x i l) by lia. rewrite <- Rsum_opp, <- Rsum_mul_r, <- Rsum_add. apply Rsum_eq. intros j J.
          unfold K'. ring. }
      exists (fun i j x => match i, j with
        | O, O => d x - Rsum n (fun l => K 0%nat (S l) x * U0 l x)
        | O, S j' => - Rsum n (fun l => K 0%nat (S l) x * (B l j' x * a x))
        | S i', O => U0 i' x * a x
        | S i', S j' => B i' j' x * a x * a x end), (fun x => d x * a x).
      split; [|split; [|split]].
      * intros [|i] [|j].
        -- apply (poly_sub D d); auto. apply (poly_sum D n (fun l x => K 0%nat (S l) x * U0 l x)). intro. apply poly_mul; auto.
        -- apply poly_opp. apply (poly_sum D n (fun l x => K 0%nat (S l) x * (B l j x * a x))). intro l.
           apply (poly_mul D (K 0%nat (S l))); auto. apply poly_mul; auto. apply HP.
        -- apply (poly_mul D (U0 i)); auto. apply HP.
        -- apply (poly_mul D (fun x => B i j x * a x)); [apply poly_mul; auto|]; apply HP.
      * apply poly_mul; auto. apply HP.
      * apply Rmult_integral_contrapositive_currified; auto. unfold a. rewrite Hp by lia. unfold delta; simpl. lra.
      * intros x [|i] l I L; rewrite Rsum_S.
        -- match goal with |- _ + Rsum n ?f = _ =>
             rewrite (Rsum_eq n f (fun j => - Rsum n (fun m => K 0%nat (S m) x * (B m j x * a x * K (S j) l x)))) end.
           2:{ intros j J. cbv beta iota. rewrite <- Ropp_mult_distr_l, <- Rsum_mul_r. f_equal. apply Rsum_eq. intros. ring. }
           rewrite Rsum_opp, Rsum_swap.
           rewrite Rmult_minus_distr_r, <- Rsum_mul_r.
           rewrite (Rsum_eq n (fun j => Rsum n (fun i => K 0%nat (S j) x * (B j i x * a x * K (S i) l x)))
             (fun m => K 0%nat (S m) x * (match l with O => 0 | S l' => d x * delta m l' end) - K 0%nat (S m) x * U0 m x * K 0%nat l x)).
           2:{ intros m M. rewrite Rsum_mul. rewrite <- (Row x m l M L). ring. }
           rewrite (Rsum_eq n (fun m => K 0%nat (S m) x * (match l with O => 0 | S l' => d x * delta m l' end) - K 0%nat (S m) x * U0 m x * K 0%nat l x)
              (fun m => K 0%nat (S m) x * (match l with O => 0 | S l' => d x * delta m l' end) + - (K 0%nat (S m) x * U0 m x * K 0%nat l x))) by (intros; ring).
           rewrite Rsum_add, Rsum_opp. destruct l as [|l].
           ++ rewrite (Rsum_zero n (fun m => K 0%nat (S m) x * 0)) by (intros; ring). unfold delta; simpl. fold a. ring.
           ++ rewrite (Rsum_eq n (fun m => K 0%nat (S m) x * (d x * delta m l)) (fun m => (d x * K 0%nat (S m) x) * delta m l)) by (intros; ring).
              rewrite (Rsum_delta n (fun m => d x * K 0%nat (S m) x)) by lia. unfold delta; simpl. ring.
        -- rewrite (Rsum_eq n _ (fun j => a x * (B i j x * a x * K (S j) l x))) by (intros; ring).
           rewrite Rsum_mul.
           replace (U0 i x * a x * K 0%nat l x + a x * Rsum n (fun j => B i j x * a x * K (S j) l x))
             with (a x * (U0 i x * K 0%nat l x + Rsum n (fun j => B i j x * a x * K (S j) l x))) by ring.
           rewrite (Row x i l) by lia. destruct l as [|l]; unfold delta; simpl; ring.
Qed.

(** ** Vectors as lists, and their entries *)

Lemma dot_entries (a : vec) (w : list R) : dot a w = Rsum (length w) (fun j => Q2R (nth j a 0%Q) * nth j w 0).
Proof.
  revert w; induction a as [|x a IH]; intros [|y w]; cbn [dot length].
  - reflexivity.
  - symmetry. apply Rsum_zero. intros j _. destruct j; simpl; rewrite Q2R_0; ring.
  - reflexivity.
  - rewrite Rsum_S, IH. reflexivity.
Qed.
Definition basis (n l : nat) : list R := map (fun j => delta j l) (seq 0 n).
Lemma length_basis n l : length (basis n l) = n.
Proof. unfold basis. rewrite map_length, seq_length. reflexivity. Qed.
Lemma nth_basis n l j : (j < n)%nat -> nth j (basis n l) 0 = delta j l.
Proof. intro J. apply (nth_array1 n (fun j => delta j l) j 0 J). Qed.
Lemma dot_basis n l a : (l < n)%nat -> dot a (basis n l) = Q2R (nth l a 0%Q).
Proof.
  intro L. rewrite dot_entries, length_basis. rewrite <- (Rsum_delta n (fun j => Q2R (nth j a 0%Q)) l L).
  apply Rsum_eq. intros j J. rewrite nth_basis by auto. reflexivity.
Qed.

(** ** A law that is conserved is an invariant *)

Lemma law_invariant D P phi pe Pe : (forall x, map (eval x) pe = phi x) -> (forall x, map (eval x) Pe = P x) ->
  forall le, check_conserved D pe Pe le = true -> forall m, (m < length le)%nat ->
  forall x eps, invariant D P phi x eps (fun y => eval y (nth m le (Zc 0))).
Proof.
  intros Hp HP le KC m M x eps y _ i Li. rewrite <- Hp, map_length in Li.
  destruct (check_parts D pe Pe le KC m M) as [_ Z]. specialize (Z i Li).
  assert (E := lie_ok y (field_of D (map norm Pe) (norm (nth i pe (Zc 0)))) (norm (nth m le (Zc 0)))).
  rewrite Z, (dirp_Psum D) in E.
  - etransitivity; [|symmetry; exact E]. apply Psum_ext. intros q Q. rewrite partial_eval.
    rewrite (factor_ok' D P Pe HP) by auto. rewrite (partial_nth phi pe i q y Hp Li). ring.
  - intros q Q. unfold field_of. apply Pos.leb_gt in Q. rewrite Q. reflexivity.
Qed.

(** ** The certificate away from its point *)

Section Away.
Variables (D : positive) (P : preconditioner) (phi laws : params -> list R) (pe Pe le : list pexp).
Hypothesis Hp : forall x, map (eval x) pe = phi x.
Hypothesis HP : forall x, map (eval x) Pe = P x.
Hypothesis Hl : forall x, map (eval x) le = laws x.
Variables (p : list Q) (prog : list (nat * nat)) (sel : list nat) (sc : Q) (A C : list vec).
Hypothesis N : check_no_other D pe Pe le p prog sel sc A C = true.
Hypothesis KC : check_conserved D pe Pe le = true.

Let fs := extend D (grads D (map norm Pe) pe) prog.
Let s := length sel.
Let k := length le.
Let n := Pos.to_nat D.
Definition field_at (j l : nat) : poly := get (nth (nth j sel 0%nat) (extend D (grads D (map norm Pe) pe) prog) []) (coordinate l).
Definition slope (m l : nat) : poly := dp (coordinate l) (norm (nth m le (Zc 0))).

(** What the polynomial in the conclusion is made of has no variable above D. *)
Definition check_below : bool :=
  let fields := extend D (grads D (map norm Pe) pe) prog in
  let hs := map norm le in
  forallb (fun l => forallb (fun j => below D (get (nth (nth j sel 0%nat) fields []) (coordinate l))) (seq 0 s) &&
    forallb (fun m => below D (dp (coordinate l) (nth m hs (norm (Zc 0))))) (seq 0 k)) (seq 0 n).
Hypothesis KB : check_below = true.

Lemma below_field j l : (j < s)%nat -> (l < n)%nat -> below D (field_at j l) = true.
Proof.
  intros J L. unfold check_below in KB. cbv zeta in KB. rewrite forallb_forall in KB. specialize (KB l).
  assert (I : In l (seq 0 n)) by (apply in_seq; lia). specialize (KB I). apply andb_prop in KB. destruct KB as [B _].
  rewrite forallb_forall in B. apply B. apply in_seq. lia.
Qed.
Lemma below_slope m l : (m < k)%nat -> (l < n)%nat -> below D (slope m l) = true.
Proof.
  intros J L. unfold check_below in KB. cbv zeta in KB. rewrite forallb_forall in KB. specialize (KB l).
  assert (I : In l (seq 0 n)) by (apply in_seq; lia). specialize (KB I). apply andb_prop in KB. destruct KB as [_ B].
  rewrite forallb_forall in B. unfold slope. rewrite <- (map_nth norm). apply B. apply in_seq. lia.
Qed.

(* outside of the matrix an entry is 0, so that all entries are polynomials *)
Let V (j l : nat) (x : params) : R := if Nat.ltb j s && Nat.ltb l n then evp x (field_at j l) else 0.
Let Gr (m l : nat) (x : params) : R := if Nat.ltb m k && Nat.ltb l n then evp x (slope m l) else 0.
Let Ar (i j : nat) : R := Q2R (nth j (nth i A []) 0%Q).
Let Cr (i j : nat) : R := Q2R (nth j (nth i C []) 0%Q).

Lemma V_eq j l x : (j < s)%nat -> (l < n)%nat -> V j l x = evp x (field_at j l).
Proof. intros J L. unfold V. apply Nat.ltb_lt in J, L. rewrite J, L. reflexivity. Qed.
Lemma G_eq m l x : (m < k)%nat -> (l < n)%nat -> Gr m l x = evp x (slope m l).
Proof. intros J L. unfold Gr. apply Nat.ltb_lt in J, L. rewrite J, L. reflexivity. Qed.
Lemma poly_V j l : polynomial D (V j l).
Proof.
  unfold V. destruct (Nat.ltb_spec j s) as [J|J]; simpl; [|apply poly_number].
  destruct (Nat.ltb_spec l n) as [L|L]; simpl; [|apply poly_number]. apply poly_evp, below_field; auto.
Qed.
Lemma poly_G m l : polynomial D (Gr m l).
Proof.
  unfold Gr. destruct (Nat.ltb_spec m k) as [J|J]; simpl; [|apply poly_number].
  destruct (Nat.ltb_spec l n) as [L|L]; simpl; [|apply poly_number]. apply poly_evp, below_slope; auto.
Qed.

Let K (i l : nat) (x : params) : R :=
  Rsum s (fun j => Ar i j * V j l x) + Rsum k (fun m => Gr m i x * Rsum k (fun m' => Cr m m' * Gr m' l x)).
Let S (m l : nat) (x : params) : R := Rsum k (fun m' => Cr m m' * Rsum n (fun i => Gr m' i x * Gr l i x)).

Lemma poly_K i l : polynomial D (K i l).
Proof.
  unfold K. apply (poly_add D (fun x => Rsum s (fun j => Ar i j * V j l x))).
  - apply (poly_sum D s (fun j x => Ar i j * V j l x)). intro j. apply (poly_mul D (fun _ => Ar i j)); auto using poly_number, poly_V.
  - apply (poly_sum D k (fun m x => Gr m i x * Rsum k (fun m' => Cr m m' * Gr m' l x))). intro m.
    apply (poly_mul D (Gr m i)); auto using poly_G.
    apply (poly_sum D k (fun m' x => Cr m m' * Gr m' l x)). intro m'. apply (poly_mul D (fun _ => Cr m m')); auto using poly_number, poly_G.
Qed.
Lemma poly_S m l : polynomial D (S m l).
Proof.
  unfold S. apply (poly_sum D k (fun m' x => Cr m m' * Rsum n (fun i => Gr m' i x * Gr l i x))). intro m'.
  apply (poly_mul D (fun _ => Cr m m')); [apply poly_number|].
  apply (poly_sum D n (fun i x => Gr m' i x * Gr l i x)). intro i. apply poly_mul; apply poly_G.
Qed.

Let vs := map (fun t => map (evq p) (nth t fs [])) sel.
Let gs := map (fun e => let h := norm e in map (fun k => evq p (dp k h)) (below_idx D)) le.

Lemma vs_entry j l : (j < s)%nat -> (l < n)%nat -> Q2R (nth l (nth j vs []) 0%Q) = V j l (point p).
Proof.
  intros J L. rewrite V_eq by auto. unfold vs, field_at.
  rewrite (nth_indep _ [] ((fun t => map (evq p) (nth t fs [])) 0%nat)) by (rewrite map_length; auto).
  rewrite (map_nth (fun t => map (evq p) (nth t fs []))). fold fs. unfold get.
  replace (pred (Pos.to_nat (coordinate l))) with l by (unfold coordinate; lia).
  set (F := nth (nth j sel 0%nat) fs []). destruct (lt_dec l (length F)) as [H|H].
  - rewrite (nth_indep _ 0%Q (evq p [])) by (rewrite map_length; auto). rewrite map_nth, evq_ok. reflexivity.
  - rewrite !nth_overflow; rewrite ?map_length; try lia. rewrite Q2R_0. reflexivity.
Qed.
Lemma gs_entry m l : (m < k)%nat -> (l < n)%nat -> Q2R (nth l (nth m gs []) 0%Q) = Gr m l (point p).
Proof.
  intros M L. rewrite G_eq by auto. unfold gs, slope.
  rewrite (nth_indep _ [] ((fun e => let h := norm e in map (fun k => evq p (dp k h)) (below_idx D)) (Zc 0)))
    by (rewrite map_length; auto).
  rewrite (map_nth (fun e => let h := norm e in map (fun k => evq p (dp k h)) (below_idx D))). cbv zeta.
  unfold below_idx. rewrite map_map.
  rewrite (nth_indep _ 0%Q ((fun x => evq p (dp (Pos.of_succ_nat x) (norm (nth m le (Zc 0))))) 0%nat))
    by (rewrite map_length, seq_length; auto).
  rewrite (map_nth (fun x => evq p (dp (Pos.of_succ_nat x) (norm (nth m le (Zc 0)))))), seq_nth by auto.
  rewrite evq_ok. reflexivity.
Qed.
Lemma length_vs : length vs = s. Proof. apply map_length. Qed.
Lemma length_gs : length gs = k. Proof. apply map_length. Qed.

Lemma at_point : Q2R sc <> 0 /\
  (forall i l, (i < n)%nat -> (l < n)%nat -> K i l (point p) = Q2R sc * delta i l) /\
  (forall m l, (m < k)%nat -> (l < k)%nat -> S m l (point p) = Q2R sc * delta m l).
Proof.
  assert (N' := N). unfold check_no_other, cert in N'. fold fs vs gs in N'.
  apply andb_prop in N'; destruct N' as [N' KI]. apply andb_prop in N'; destruct N' as [N' KA].
  apply andb_prop in N'; destruct N' as [N' Kg]. apply andb_prop in N'; destruct N' as [KlA KlC].
  apply andb_prop in KlA; destruct KlA as [KN KlA].
  apply Nat.eqb_eq in KlA, KlC. fold n in KlA, KA. fold k in KlC, KI. rewrite forallb_forall in KA, KI.
  split; [|split].
  - intro E. rewrite <- Q2R_0 in E. apply eqR_Qeq in E. apply Qeq_bool_iff in E. rewrite E in KN. discriminate.
  - intros i l I L. specialize (KA _ (nth_combine_seq _ A i [] KlA I)). cbn [fst snd] in KA.
    assert (E := veqb_ok _ _ (basis n l) KA). rewrite dot_vadd, !dot_lincomb, dot_vscal, dot_unit, nth_basis in E by auto.
    rewrite <- E. unfold K. f_equal.
    + rewrite dot_entries, map_length, length_vs. apply Rsum_eq. intros j J. unfold Ar. f_equal.
      rewrite (nth_indep _ 0 ((fun v => dot v (basis n l)) [])) by (rewrite map_length, length_vs; auto).
      rewrite (map_nth (fun v => dot v (basis n l))), dot_basis by auto. symmetry. apply vs_entry; auto.
    + rewrite dot_entries, map_length, KlC. apply Rsum_eq. intros m M. f_equal.
      * unfold coord. rewrite (nth_indep _ 0%Q ((fun g => nth i g 0%Q) [])) by (rewrite map_length, length_gs; auto).
        rewrite (map_nth (fun g => nth i g 0%Q)). symmetry. apply gs_entry; auto.
      * rewrite (nth_indep _ 0 ((fun v => dot v (map (fun v => dot v (basis n l)) gs)) [])) by (rewrite map_length, KlC; auto).
        rewrite (map_nth (fun v => dot v (map (fun v => dot v (basis n l)) gs))).
        rewrite dot_entries, map_length, length_gs. apply Rsum_eq. intros m' M'. unfold Cr. f_equal.
        rewrite (nth_indep _ 0 ((fun v => dot v (basis n l)) [])) by (rewrite map_length, length_gs; auto).
        rewrite (map_nth (fun v => dot v (basis n l))), dot_basis by auto. symmetry. apply gs_entry; auto.
  - intros m l M L. specialize (KI _ (nth_combine_seq _ C m [] KlC M)). cbn [fst snd] in KI.
    assert (E := veqb_ok _ _ (basis k l) KI). rewrite dot_lincomb, dot_vscal, dot_unit, nth_basis in E by auto.
    rewrite <- E. unfold S. rewrite dot_entries, map_length, map_length, length_gs. apply Rsum_eq. intros m' M'. unfold Cr. f_equal.
    rewrite (nth_indep _ 0 ((fun v => dot v (basis k l)) [])) by (rewrite map_length, map_length, length_gs; auto).
    rewrite (map_nth (fun v => dot v (basis k l))), dot_basis by auto.
    rewrite (nth_indep _ [] ((fun g => map (dotq g) gs) [])) by (rewrite map_length, length_gs; auto).
    rewrite (map_nth (fun g => map (dotq g) gs)).
    rewrite (nth_indep _ 0%Q (dotq (nth m' gs []) [])) by (rewrite map_length, length_gs; auto).
    rewrite (map_nth (dotq (nth m' gs []))).
    assert (DQ : forall a c : vec, Q2R (dotq a c) = dot a (map Q2R c)).
    { induction a as [|x a IH]; intros [|z c]; simpl; try apply Q2R_0. rewrite Q2R_add, Q2R_mul, IH. reflexivity. }
    rewrite DQ, dot_entries, map_length.
    assert (LG : length (nth l gs []) = n).
    { assert (I : In (nth l gs []) gs) by (apply nth_In; rewrite length_gs; auto).
      unfold gs in I at 2. apply in_map_iff in I. destruct I as [e [I _]]. rewrite <- I. cbv zeta.
      unfold below_idx. rewrite !map_length, seq_length. reflexivity. }
    rewrite LG. apply Rsum_eq. intros i I. f_equal; [symmetry; apply gs_entry; auto|].
    rewrite (nth_indep _ 0 (Q2R 0%Q)) by (rewrite map_length, LG; auto). rewrite map_nth. symmetry. apply gs_entry; auto.
Qed.

Lemma law_partial m x l : (m < k)%nat -> (l < n)%nat -> partial (fun y => nth m (laws y) 0) (coordinate l) x = Gr m l x.
Proof. intros M L. rewrite G_eq by auto. apply (partial_nth laws le m (coordinate l) x Hl M). Qed.

(** The fields are orthogonal to the gradients of the laws, everywhere. *)
Lemma fields_laws x j m : (j < s)%nat -> (m < k)%nat -> Rsum n (fun i => V j i x * Gr m i x) = 0.
Proof.
  intros J M. set (h := fun y => eval y (nth m le (Zc 0))).
  assert (I : invariant D P phi x 1 h) by (apply (law_invariant D P phi pe Pe Hp HP le KC); auto).
  assert (F := fields_kill D P phi pe Pe Hp HP x 1 h prog Rlt_0_1 (C2_eval D x 1 _) I (nth j sel 0%nat) x (near_self D x 1 Rlt_0_1)).
  rewrite <- F. unfold Psum. fold n. apply Rsum_eq. intros i Li. rewrite V_eq, G_eq by auto. f_equal.
  unfold h. rewrite partial_eval. reflexivity.
Qed.

Theorem generic_ok : generically D (fun x => no_other_law D P phi laws x /\ independent D laws x).
Proof.
  destruct at_point as [Hsc [HK HS]].
  destruct (inverse D n K (point p) (Q2R sc) Hsc poly_K HK) as [B [d [_ [Pd [Hd IK]]]]].
  destruct (inverse D k S (point p) (Q2R sc) Hsc poly_S HS) as [B1 [d1 [_ [Pd1 [Hd1 IS]]]]].
  destruct (inverse D k (fun i j => S j i) (point p) (Q2R sc) Hsc (fun i j => poly_S j i)) as [B2 [d2 [_ [Pd2 [Hd2 IT]]]]].
  { intros i j I J. rewrite HS, delta_sym by auto. reflexivity. }
  exists (fun x => d x * (d1 x * d2 x)). split; [|split].
  - apply poly_mul; auto. apply poly_mul; auto.
  - exists (point p). repeat apply Rmult_integral_contrapositive_currified; auto.
  - intros x Hx.
    assert (X0 : d x <> 0) by (intro E; apply Hx; rewrite E; ring).
    assert (X1 : d1 x <> 0) by (intro E; apply Hx; rewrite E; ring).
    assert (X2 : d2 x <> 0) by (intro E; apply Hx; rewrite E; ring).
    assert (LL : length (laws x) = k) by (rewrite <- Hl; apply map_length).
    (* K(x) and S(x) send only 0 to 0 *)
    assert (inj : forall (q : nat) (K B : nat -> nat -> params -> R) (d : params -> R) (w : nat -> R), d x <> 0 ->
      (forall x i l, (i < q)%nat -> (l < q)%nat -> Rsum q (fun j => B i j x * K j l x) = d x * delta i l) ->
      (forall i, (i < q)%nat -> Rsum q (fun l => K i l x * w l) = 0) -> forall i, (i < q)%nat -> w i = 0).
    { intros q K0 B0 d0 w Hd0 I0 Z i Li. apply (Rmult_eq_reg_l (d0 x)); auto. rewrite Rmult_0_r.
      rewrite <- (Rsum_delta q (fun l => d0 x * w l) i Li).
      rewrite (Rsum_eq q _ (fun l => Rsum q (fun j => B0 i j x * K0 j l x) * w l)).
      2:{ intros l Ll. rewrite I0, (delta_sym l i) by auto. ring. }
      rewrite (Rsum_eq q _ (fun l => Rsum q (fun j => B0 i j x * (K0 j l x * w l)))).
      2:{ intros l Ll. rewrite <- Rsum_mul_r. apply Rsum_eq. intros. ring. }
      rewrite Rsum_swap. apply Rsum_zero. intros j Lj. rewrite Rsum_mul, Z by auto. ring. }
    split.
    + intros eps h He Hh Hi.
      set (w := fun l => partial h (coordinate l) x).
      assert (VW : forall j, (j < s)%nat -> Rsum n (fun l => V j l x * w l) = 0).
      { intros j J.
        rewrite <- (fields_kill D P phi pe Pe Hp HP x eps h prog He Hh Hi (nth j sel 0%nat) x (near_self D x eps He)).
        unfold Psum. fold n. apply Rsum_eq. intros l L. rewrite V_eq by auto. reflexivity. }
      set (y := fun m => Rsum k (fun m' => Cr m m' * Rsum n (fun l => Gr m' l x * w l))).
      set (beta := fun m => / d2 x * Rsum k (fun j => B2 j m x * y j)).
      assert (Sb : forall m, (m < k)%nat -> Rsum k (fun l => S m l x * beta l) = y m).
      { intros m M. apply (Rmult_eq_reg_l (d2 x)); auto. rewrite <- Rsum_mul.
        rewrite (Rsum_eq k _ (fun l => Rsum k (fun j => y j * (B2 j l x * S m l x)))).
        2:{ intros l L. unfold beta. replace (d2 x * (S m l x * (/ d2 x * Rsum k (fun j => B2 j l x * y j))))
              with (S m l x * Rsum k (fun j => B2 j l x * y j)) by (field; auto).
            rewrite <- Rsum_mul. apply Rsum_eq. intros. ring. }
        rewrite Rsum_swap. rewrite (Rsum_eq k _ (fun j => (d2 x * y j) * delta j m)).
        2:{ intros j J. rewrite Rsum_mul. rewrite (IT x j m) by auto. ring. }
        apply (Rsum_delta k (fun j => d2 x * y j) m M). }
      set (u := fun l => w l - Rsum k (fun m => beta m * Gr m l x)).
      assert (Ku : forall i, (i < n)%nat -> Rsum n (fun l => K i l x * u l) = 0).
      { intros i I.
        (* V u = 0 *)
        assert (Vu : forall j, (j < s)%nat -> Rsum n (fun l => V j l x * u l) = 0).
        { intros j J. unfold u.
          rewrite (Rsum_eq n _ (fun l => V j l x * w l + - Rsum k (fun m => beta m * (V j l x * Gr m l x)))).
          2:{ intros l L. rewrite Rmult_minus_distr_l, <- Rsum_mul. unfold Rminus. f_equal. f_equal. apply Rsum_eq. intros; ring. }
          rewrite Rsum_add, VW, Rsum_opp, Rsum_swap by auto.
          rewrite (Rsum_zero k); [ring|]. intros m M. rewrite Rsum_mul, (fields_laws x j m) by auto. ring. }
        (* C G u = y - S beta = 0 *)
        assert (Gu : forall m, (m < k)%nat -> Rsum k (fun m' => Cr m m' * Rsum n (fun l => Gr m' l x * u l)) = 0).
        { intros m M. unfold u.
          rewrite (Rsum_eq k _ (fun m' => Cr m m' * Rsum n (fun l => Gr m' l x * w l) +
             - Rsum k (fun l' => (Cr m m' * Rsum n (fun l => Gr m' l x * Gr l' l x)) * beta l'))).
          2:{ intros m' M'.
              rewrite (Rsum_eq n (fun l => Gr m' l x * (w l - Rsum k (fun m0 => beta m0 * Gr m0 l x)))
                (fun l => Gr m' l x * w l + - Rsum k (fun l' => beta l' * (Gr m' l x * Gr l' l x)))).
              2:{ intros l L. rewrite Rmult_minus_distr_l, <- Rsum_mul. unfold Rminus. f_equal. f_equal. apply Rsum_eq. intros; ring. }
              rewrite Rsum_add, Rsum_opp, Rsum_swap, Rmult_plus_distr_l. f_equal.
              rewrite <- Ropp_mult_distr_r, <- Rsum_mul. f_equal. apply Rsum_eq. intros l' L'. rewrite Rsum_mul. ring. }
          rewrite Rsum_add, Rsum_opp, Rsum_swap. fold (y m).
          rewrite (Rsum_eq k (fun j => Rsum k (fun i0 => Cr m i0 * Rsum n (fun l => Gr i0 l x * Gr j l x) * beta j))
             (fun l' => S m l' x * beta l')).
          2:{ intros l' L'. unfold S. rewrite Rsum_mul_r. reflexivity. }
          rewrite Sb by auto. ring. }
        rewrite (Rsum_eq n _ (fun l => Rsum s (fun j => Ar i j * (V j l x * u l)) +
            Rsum k (fun m => Gr m i x * Rsum k (fun m' => Cr m m' * (Gr m' l x * u l))))).
        2:{ intros l L. unfold K. rewrite Rmult_plus_distr_r, <- !Rsum_mul_r. f_equal.
            - apply Rsum_eq. intros; ring.
            - apply Rsum_eq. intros m M. rewrite Rmult_assoc, <- Rsum_mul_r. f_equal. apply Rsum_eq. intros; ring. }
        rewrite Rsum_add, !(Rsum_swap n).
        rewrite (Rsum_zero s), (Rsum_zero k); [ring| |].
        - intros m M. rewrite Rsum_mul. rewrite Rsum_swap.
          rewrite (Rsum_eq k _ (fun m' => Cr m m' * Rsum n (fun l => Gr m' l x * u l))) by (intros; apply Rsum_mul).
          rewrite Gu by auto. ring.
        - intros j J. rewrite Rsum_mul, Vu by auto. ring. }
      exists beta. intros q Q. rewrite LL.
      assert (Lq : (place q < n)%nat) by (unfold place, n; lia).
      assert (Eq : coordinate (place q) = q) by (unfold coordinate, place; lia).
      assert (U0 := inj n K B d u X0 IK Ku (place q) Lq). unfold u, w in U0. rewrite Eq in U0.
      replace (partial h q x) with (Rsum k (fun m => beta m * Gr m (place q) x)) by lra.
      apply Rsum_eq. intros m M. rewrite <- (law_partial m x (place q)) by auto. rewrite Eq. reflexivity.
    + intros beta Hb l Ll. rewrite LL in *.
      apply (inj k S B1 d1 beta X1 IS); auto. intros m M. unfold S.
      rewrite (Rsum_eq k _ (fun l' => Rsum k (fun m' => Cr m m' * Rsum n (fun i => Gr m' i x * (beta l' * Gr l' i x))))).
      2:{ intros l' L'. rewrite <- Rsum_mul_r. apply Rsum_eq. intros m' M'. rewrite Rmult_assoc, <- Rsum_mul_r.
          f_equal. apply Rsum_eq. intros; ring. }
      rewrite Rsum_swap. apply Rsum_zero. intros m' M'. rewrite Rsum_mul, Rsum_swap.
      rewrite (Rsum_zero n); [ring|]. intros i I. rewrite Rsum_mul.
      assert (Z : Rsum k (fun l' => beta l' * Gr l' i x) = 0).
      { rewrite <- (Hb (coordinate i)); [|unfold coordinate, n in *; lia]. apply Rsum_eq. intros l' L'.
        rewrite law_partial by auto. reflexivity. }
      rewrite Z. ring.
Qed.
End Away.

(** ** A set that is generic is dense *)

Fixpoint horner (l : list R) (s : R) : R := match l with [] => 0 | a :: l' => a + s * horner l' s end.
Lemma horner_add l m : exists r, forall s, horner r s = horner l s + horner m s.
Proof.
  revert m. induction l as [|a l IH]; intros [|b m].
  - exists []. intro; simpl; ring.
  - exists (b :: m). intro; simpl; ring.
  - exists (a :: l). intro; simpl; ring.
  - destruct (IH m) as [r H]. exists (a + b :: r). intro. simpl. rewrite H. ring.
Qed.
Lemma horner_scal c l : exists r, forall s, horner r s = c * horner l s.
Proof.
  induction l as [|a l [r H]]; [exists []; intro; simpl; ring|]. exists (c * a :: r). intro. simpl. rewrite H. ring.
Qed.
Lemma horner_mul l m : exists r, forall s, horner r s = horner l s * horner m s.
Proof.
  induction l as [|a l [r H]]; [exists []; intro; simpl; ring|].
  destruct (horner_scal a m) as [t T]. destruct (horner_add t (0 :: r)) as [u U]. exists u. intro.
  rewrite U, T. simpl. rewrite H. ring.
Qed.
Lemma horner_bound l : exists C, 0 <= C /\ forall s, 0 <= s <= 1 -> Rabs (horner l s) <= C.
Proof.
  induction l as [|a l [C [C0 H]]]; simpl.
  - exists 0. split; [lra|]. intros. rewrite Rabs_R0. lra.
  - exists (Rabs a + C). assert (A := Rabs_pos a). split; [lra|]. intros s S.
    eapply Rle_trans; [apply Rabs_triang|]. apply Rplus_le_compat_l. rewrite Rabs_mult, (Rabs_right s) by lra.
    specialize (H s S). assert (B := Rabs_pos (horner l s)).
    apply Rle_trans with (1 * Rabs (horner l s)); [apply Rmult_le_compat_r; lra|lra].
Qed.
Lemma horner_zero d l : 0 < d <= 1 -> (forall s, 0 < s < d -> horner l s = 0) -> forall s, horner l s = 0.
Proof.
  intros Hd. induction l as [|a l IH]; intros H s; [reflexivity|].
  assert (A : a = 0).
  { destruct (horner_bound l) as [C [C0 B]]. destruct (Req_dec a 0) as [E|E]; auto. exfalso.
    assert (P : 0 < Rabs a) by (apply Rabs_pos_lt; auto).
    set (t := Rmin (d / 2) (Rabs a / (2 * (C + 1)))).
    assert (T0 : 0 < t) by (apply Rmin_pos; apply Rdiv_lt_0_compat; lra).
    assert (T1 : t <= d / 2) by apply Rmin_l. assert (T2 : t <= Rabs a / (2 * (C + 1))) by apply Rmin_r.
    assert (Z : horner (a :: l) t = 0) by (apply H; lra). simpl in Z.
    assert (Q : Rabs a = t * Rabs (horner l t)).
    { replace a with (- (t * horner l t)) by lra. rewrite Rabs_Ropp, Rabs_mult, (Rabs_right t) by lra. reflexivity. }
    assert (t * Rabs (horner l t) <= t * C) by (apply Rmult_le_compat_l; [lra|apply B; lra]).
    assert (t * C <= Rabs a / (2 * (C + 1)) * C) by (apply Rmult_le_compat_r; lra).
    assert (Rabs a / (2 * (C + 1)) * C <= Rabs a / 2).
    { replace (Rabs a / 2) with (Rabs a / (2 * (C + 1)) * (C + 1)) by (field; lra). apply Rmult_le_compat_l; [|lra].
      left. apply Rdiv_lt_0_compat; lra. }
    lra. }
  subst a. simpl. rewrite IH; [ring|]. intros t T. assert (Z := H t T). simpl in Z.
  apply (Rmult_eq_reg_l t); lra.
Qed.

Theorem generic_dense D S : generically D S -> dense D S.
Proof.
  intros [q [Pq [[p Hq] HS]]] x eps He.
  set (y := fun s k => if Pos.leb k D then x k + s * (p k - x k) else x k).
  assert (L : forall f, polynomial D f -> exists l, forall s, f (y s) = horner l s).
  { induction 1 as [c|k K|f g F [l Hl] G [m Hm]|f g F [l Hl] G [m Hm]].
    - exists [c]. intro; simpl; ring.
    - exists [x k; p k - x k]. intro. unfold y. apply Pos.leb_le in K. rewrite K. simpl. ring.
    - destruct (horner_add l m) as [r H]. exists r. intro. rewrite H, Hl, Hm. reflexivity.
    - destruct (horner_mul l m) as [r H]. exists r. intro. rewrite H, Hl, Hm. reflexivity. }
  assert (E1 : forall f, polynomial D f -> f (y 1) = f p).
  { induction 1 as [c|k K|f g F If G Ig|f g F If G Ig]; try congruence.
    unfold y. apply Pos.leb_le in K. rewrite K. ring. }
  set (M := Psum D (fun k => Rabs (p k - x k)) + 1).
  assert (MB : forall k, (k <= D)%positive -> Rabs (p k - x k) <= M /\ 0 < M).
  { intros k K. unfold M. rewrite Psum_fr. apply below_idx_in in K. revert K. generalize (below_idx D).
    assert (Z : forall s, 0 <= fold_right Rplus 0 (map (fun k => Rabs (p k - x k)) s)).
    { induction s as [|a s IH]; simpl; [lra|]. assert (A := Rabs_pos (p a - x a)). lra. }
    induction l as [|a l IH]; simpl; [tauto|]. assert (A := Rabs_pos (p a - x a)). assert (B := Z l).
    intros [->|I]; [lra|]. destruct (IH I). lra. }
  assert (M0 : 0 < M) by (apply (MB D); lia).
  set (d := Rmin 1 (eps / M)).
  assert (D0 : 0 < d) by (apply Rmin_pos; [lra|apply Rdiv_lt_0_compat; lra]).
  assert (D1 : d <= 1) by apply Rmin_l. assert (D2 : d <= eps / M) by apply Rmin_r.
  destruct (classic (exists s, 0 < s < d /\ q (y s) <> 0)) as [[s [Hs Z]]|Z].
  - exists (y s). split; [|apply HS; exact Z]. intro k. unfold y. destruct (Pos.leb_spec k D) as [K|K].
    + split; [intros _|lia]. replace (x k + s * (p k - x k) - x k) with (s * (p k - x k)) by ring.
      rewrite Rabs_mult, (Rabs_right s) by lra. destruct (MB k K) as [B _].
      apply Rle_lt_trans with (s * M); [apply Rmult_le_compat_l; lra|].
      apply Rlt_le_trans with (d * M); [apply Rmult_lt_compat_r; lra|].
      replace eps with (eps / M * M) by (field; lra). apply Rmult_le_compat_r; lra.
    + split; [lia|auto].
  - exfalso. destruct (L q Pq) as [l Hl]. apply Hq. rewrite <- (E1 q Pq), Hl.
    apply (horner_zero d l); [lra|]. intros s Hs. rewrite <- Hl.
    destruct (Req_dec (q (y s)) 0) as [E|E]; auto. exfalso. apply Z. exists s. auto.
Qed.

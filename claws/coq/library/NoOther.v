(** Theorem (c): a certificate, checked by computation, that there is no other law at a rational point; and the proof that it is right. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra FunctionalExtensionality FinFun.
From Coquelicot Require Import Coquelicot.
From Claws Require Import Vocabulary Polynomials Conserved.
Import ListNotations.
Open Scope R_scope.

(** ** Finite sums *)

Lemma fr_ext {A} (f g : A -> R) l : (forall i, In i l -> f i = g i) ->
  fold_right Rplus 0 (map f l) = fold_right Rplus 0 (map g l).
Proof. induction l; simpl; intro H; auto. rewrite H, IHl; auto. Qed.
Lemma fr_plus {A} (f g : A -> R) l :
  fold_right Rplus 0 (map (fun i => f i + g i) l) =
  fold_right Rplus 0 (map f l) + fold_right Rplus 0 (map g l).
Proof. induction l; simpl; [ring|]. rewrite IHl. ring. Qed.
Lemma fr_scal {A} a (f : A -> R) l :
  fold_right Rplus 0 (map (fun i => a * f i) l) = a * fold_right Rplus 0 (map f l).
Proof. induction l; simpl; [ring|]. rewrite IHl. ring. Qed.
Lemma fr_0 {A} (f : A -> R) l : (forall i, In i l -> f i = 0) -> fold_right Rplus 0 (map f l) = 0.
Proof. induction l; simpl; intro H; auto. rewrite H, IHl; auto. ring. Qed.
Lemma fr_swap {A B} (f : A -> B -> R) l m :
  fold_right Rplus 0 (map (fun i => fold_right Rplus 0 (map (f i) m)) l) =
  fold_right Rplus 0 (map (fun j => fold_right Rplus 0 (map (fun i => f i j) l)) m).
Proof.
  induction l; simpl. { symmetry; apply fr_0; auto. }
  rewrite IHl, <- fr_plus. reflexivity.
Qed.

Definition below_idx (D : positive) : list positive := map Pos.of_succ_nat (seq 0 (Pos.to_nat D)).
Lemma Psum_fr D f : Psum D f = fold_right Rplus 0 (map f (below_idx D)).
Proof. unfold Psum, Rsum, below_idx, coordinate. rewrite map_map. reflexivity. Qed.
Lemma below_idx_in D k : In k (below_idx D) <-> (k <= D)%positive.
Proof.
  unfold below_idx. rewrite in_map_iff. split.
  - intros [j [E I]]. apply in_seq in I. subst. lia.
  - intro L. exists (pred (Pos.to_nat k)). split; [|apply in_seq]; lia.
Qed.
Lemma below_idx_nodup D : NoDup (below_idx D).
Proof.
  unfold below_idx. apply Injective_map_NoDup; [|apply seq_NoDup].
  intros a b E. lia.
Qed.
Lemma Psum_ext D f g : (forall k, (k <= D)%positive -> f k = g k) -> Psum D f = Psum D g.
Proof. intro H. rewrite !Psum_fr. apply fr_ext. intros i I. apply H, below_idx_in, I. Qed.
Lemma Psum_plus D f g : Psum D (fun k => f k + g k) = Psum D f + Psum D g.
Proof. rewrite !Psum_fr. apply fr_plus. Qed.
Lemma Psum_scal D a f : Psum D (fun k => a * f k) = a * Psum D f.
Proof. rewrite !Psum_fr. apply fr_scal. Qed.
Lemma Psum_swap D f : Psum D (fun k => Psum D (f k)) = Psum D (fun l => Psum D (fun k => f k l)).
Proof.
  rewrite !Psum_fr. etransitivity; [apply fr_ext; intros; apply Psum_fr|].
  rewrite fr_swap. apply fr_ext; intros. symmetry. apply (Psum_fr D (fun k => f k i)).
Qed.
Lemma Psum_0 D f : (forall k, (k <= D)%positive -> f k = 0) -> Psum D f = 0.
Proof. intro H. rewrite Psum_fr. apply fr_0. intros i I. apply H, below_idx_in, I. Qed.
Lemma fr_delta (v : positive -> R) j l : NoDup l ->
  fold_right Rplus 0 (map (fun k => v k * (if Pos.eqb j k then 1 else 0)) l) =
  if in_dec Pos.eq_dec j l then v j else 0.
Proof.
  induction l as [|a l IH]; intro N; [reflexivity|].
  inversion N as [|? ? N1 N2]; subst. cbn [map fold_right]. rewrite (IH N2). clear IH N N2.
  destruct (Pos.eqb_spec j a) as [E|E].
  - subst a. destruct (in_dec Pos.eq_dec j l); [contradiction|].
    destruct (in_dec Pos.eq_dec j (j :: l)) as [I|I]; [ring|exfalso; apply I; simpl; auto].
  - destruct (in_dec Pos.eq_dec j l) as [I|I]; destruct (in_dec Pos.eq_dec j (a :: l)) as [J|J];
    try ring; exfalso; simpl in *; intuition congruence.
Qed.
Lemma Psum_delta D v j :
  Psum D (fun k => v k * (if Pos.eqb j k then 1 else 0)) = if Pos.leb j D then v j else 0.
Proof.
  rewrite Psum_fr, fr_delta by apply below_idx_nodup.
  destruct (in_dec Pos.eq_dec j (below_idx D)) as [I|I]; rewrite below_idx_in in I;
  destruct (Pos.leb_spec j D); try reflexivity; lia.
Qed.

(** ** Calculus *)

Lemma upd_upd x k l a b : k <> l -> upd (upd x k a) l b = upd (upd x l b) k a.
Proof.
  intro N. apply functional_extensionality. intro j. unfold upd.
  destruct (Pos.eqb_spec j l), (Pos.eqb_spec j k); congruence.
Qed.
Lemma upd_twice x k a b : upd (upd x k a) k b = upd x k b.
Proof.
  apply functional_extensionality. intro j. unfold upd. destruct (Pos.eqb j k); auto.
Qed.
Lemma upd_id x k : upd x k (x k) = x.
Proof. apply functional_extensionality. intro; apply upd_same. Qed.
Lemma upd_eq x k a : upd x k a k = a.
Proof. unfold upd. rewrite Pos.eqb_refl. reflexivity. Qed.
Lemma upd_neq x k a j : j <> k -> upd x k a j = x j.
Proof. unfold upd. destruct (Pos.eqb_spec j k); congruence. Qed.

Lemma near_self D p eps : 0 < eps -> near D p eps p.
Proof. intros E k. split; auto. intros _. rewrite Rminus_eq_0, Rabs_R0. auto. Qed.

(** moving one coordinate a little stays near *)
Lemma near_upd D p eps x k : near D p eps x -> (k <= D)%positive ->
  exists del, 0 < del /\ forall s, Rabs (s - x k) < del -> near D p eps (upd x k s).
Proof.
  intros N L. destruct (N k) as [N1 _]. specialize (N1 L).
  exists (eps - Rabs (x k - p k)). split; [lra|]. intros s S j.
  destruct (Pos.eq_dec j k) as [->|E].
  - rewrite upd_eq. split; [|intro; lia]. intros _.
    replace (s - p k) with ((s - x k) + (x k - p k)) by ring.
    eapply Rle_lt_trans; [apply Rabs_triang|]. lra.
  - rewrite upd_neq by auto. apply N.
Qed.
Lemma near_upd2 D p eps x k l : near D p eps x -> (k <= D)%positive -> (l <= D)%positive -> k <> l ->
  exists del, 0 < del /\ forall a b, Rabs (a - x k) < del -> Rabs (b - x l) < del ->
    near D p eps (upd (upd x k a) l b).
Proof.
  intros N Lk Ll KL. destruct (N k) as [N1 _]. specialize (N1 Lk).
  destruct (N l) as [N2 _]. specialize (N2 Ll).
  exists (Rmin (eps - Rabs (x k - p k)) (eps - Rabs (x l - p l))). split.
  { apply Rmin_pos; lra. }
  intros a b A B j.
  assert (A' := Rlt_le_trans _ _ _ A (Rmin_l _ _)). assert (B' := Rlt_le_trans _ _ _ B (Rmin_r _ _)).
  destruct (Pos.eq_dec j l) as [->|E].
  - rewrite upd_eq. split; [|intro; lia]. intros _.
    replace (b - p l) with ((b - x l) + (x l - p l)) by ring.
    eapply Rle_lt_trans; [apply Rabs_triang|]. lra.
  - rewrite upd_neq by auto. destruct (Pos.eq_dec j k) as [->|E'].
    + rewrite upd_eq. split; [|intro; lia]. intros _.
      replace (a - p k) with ((a - x k) + (x k - p k)) by ring.
      eapply Rle_lt_trans; [apply Rabs_triang|]. lra.
    + rewrite upd_neq by auto. apply N.
Qed.

Section Inv.
Variables (D : positive) (p : params) (eps : R) (h : params -> R).
Hypothesis Hh : C2 D p eps h.

Lemma hess_sym x k l : near D p eps x -> (k <= D)%positive -> (l <= D)%positive ->
  partial (partial h k) l x = partial (partial h l) k x.
Proof.
  intros N Lk Ll. destruct (Pos.eq_dec k l) as [->|KL]; [reflexivity|].
  set (f := fun a b => h (upd (upd x k a) l b)).
  assert (F1 : forall a b, (fun z => f z b) = (fun z => h (upd (upd (upd x k a) l b) k z))).
  { intros. apply functional_extensionality; intro z. unfold f.
    rewrite (upd_upd x k l a b KL), upd_twice, (upd_upd x k l z b KL). reflexivity. }
  assert (F2 : forall a b, (fun z => f a z) = (fun z => h (upd (upd (upd x k a) l b) l z))).
  { intros. apply functional_extensionality; intro z. unfold f. rewrite upd_twice. reflexivity. }
  assert (P1 : forall a b, Derive (fun z => f z b) a = partial h k (upd (upd x k a) l b)).
  { intros. rewrite (F1 a b). unfold partial. rewrite (upd_neq _ l b k), upd_eq; auto. }
  assert (P2 : forall a b, Derive (fun z => f a z) b = partial h l (upd (upd x k a) l b)).
  { intros. rewrite (F2 a b). unfold partial. rewrite upd_eq. reflexivity. }
  assert (Q1 : forall a b, (fun z => Derive (fun t => f t z) a) =
       (fun z => partial h k (upd (upd (upd x k a) l b) l z))).
  { intros. apply functional_extensionality; intro z. rewrite P1, upd_twice. reflexivity. }
  assert (Q2 : forall a b, (fun z => Derive (fun t => f z t) b) =
       (fun z => partial h l (upd (upd (upd x k a) l b) k z))).
  { intros. apply functional_extensionality; intro z. rewrite P2.
    rewrite (upd_upd x k l a b KL), upd_twice, (upd_upd x k l z b KL). reflexivity. }
  assert (R1 : forall a b, Derive (fun z => Derive (fun t => f t z) a) b =
       partial (partial h k) l (upd (upd x k a) l b)).
  { intros. rewrite (Q1 a b). unfold partial at 2. rewrite upd_eq. reflexivity. }
  assert (R2 : forall a b, Derive (fun z => Derive (fun t => f z t) b) a =
       partial (partial h l) k (upd (upd x k a) l b)).
  { intros. rewrite (Q2 a b). unfold partial at 2. rewrite (upd_neq _ l b k), upd_eq; auto. }
  assert (E0 : upd (upd x k (x k)) l (x l) = x).
  { rewrite upd_id. apply upd_id. }
  assert (S := Schwarz f (x k) (x l)). rewrite R1, R2, E0 in S. symmetry. apply S; clear S.
  - destruct (near_upd2 D p eps x k l N Lk Ll KL) as [del [Hd Hn]].
    exists (mkposreal del Hd). simpl. intros u v Hu Hv. specialize (Hn u v Hu Hv).
    destruct (Hh _ Hn k l Lk Ll) as [A1 [A2 _]]. destruct (Hh _ Hn l k Ll Lk) as [B1 [B2 _]].
    unfold ex_partial in *. rewrite upd_eq in *. rewrite (upd_neq _ l v k), upd_eq in * by auto.
    repeat split.
    + rewrite (F1 u v). exact A1.
    + rewrite (F2 u v). exact B1.
    + rewrite (Q2 u v). exact B2.
    + rewrite (Q1 u v). exact A2.
  - intros e. destruct (Hh x N l k Ll Lk) as [_ [_ C]]. destruct (C e (cond_pos e)) as [del [Hd Hc]].
    exists (mkposreal del Hd). simpl. intros u v Hu Hv. rewrite !R2, E0. apply Hc.
    intro j. destruct (Pos.eq_dec j l) as [->|El]; [rewrite upd_eq; split; auto; lia|].
    rewrite upd_neq by auto. destruct (Pos.eq_dec j k) as [->|Ek]; [rewrite upd_eq; split; auto; lia|].
    rewrite upd_neq by auto. split; auto. intros _. rewrite Rminus_eq_0, Rabs_R0; auto.
  - intros e. destruct (Hh x N k l Lk Ll) as [_ [_ C]]. destruct (C e (cond_pos e)) as [del [Hd Hc]].
    exists (mkposreal del Hd). simpl. intros u v Hu Hv. rewrite !R1, E0. apply Hc.
    intro j. destruct (Pos.eq_dec j l) as [->|El]; [rewrite upd_eq; split; auto; lia|].
    rewrite upd_neq by auto. destruct (Pos.eq_dec j k) as [->|Ek]; [rewrite upd_eq; split; auto; lia|].
    rewrite upd_neq by auto. split; auto. intros _. rewrite Rminus_eq_0, Rabs_R0; auto.
Qed.

(** a polynomial field kills [h] near [p] *)
Definition kills (V : positive -> poly) : Prop :=
  forall x, near D p eps x -> Psum D (fun k => evp x (V k) * partial h k x) = 0.
Definition supp (V : positive -> poly) : Prop := forall k, (D < k)%positive -> V k = [].

Lemma is_derive_fr {A} (f : A -> R -> R) (df : A -> R) t l :
  (forall i, In i l -> is_derive (f i) t (df i)) ->
  is_derive (fun s => fold_right Rplus 0 (map (fun i => f i s) l)) t (fold_right Rplus 0 (map df l)).
Proof.
  induction l; intro H; simpl.
  - apply (is_derive_const (V := R_NormedModule)).
  - apply (is_derive_plus (V := R_NormedModule)); [apply H|apply IHl; intros; apply H]; simpl; auto.
Qed.

Lemma kills_d V x l : kills V -> near D p eps x -> (l <= D)%positive ->
  Psum D (fun k => evp x (dp l (V k)) * partial h k x) +
  Psum D (fun k => evp x (V k) * partial (partial h k) l x) = 0.
Proof.
  intros K N Ll. rewrite <- Psum_plus.
  set (F := fun s => Psum D (fun k => evp (upd x l s) (V k) * partial h k (upd x l s))).
  assert (D1 : is_derive F (x l) (Psum D (fun k =>
     evp x (dp l (V k)) * partial h k x + evp x (V k) * partial (partial h k) l x))).
  { apply (is_derive_ext (fun s => fold_right Rplus 0 (map (fun k =>
        evp (upd x l s) (V k) * partial h k (upd x l s)) (below_idx D)))).
    { intro s. unfold F. rewrite Psum_fr. reflexivity. }
    rewrite Psum_fr. 
    apply (is_derive_fr (fun k s => evp (upd x l s) (V k) * partial h k (upd x l s))).
    intros k I. apply below_idx_in in I.
    assert (M := is_derive_mult (fun s => evp (upd x l s) (V k)) (fun s => partial h k (upd x l s))
       (x l) (evp x (dp l (V k))) (partial (partial h k) l x)).
    cbv beta in M. rewrite !upd_id in M. apply M; clear M.
    - apply is_partial.
    - unfold partial at 2. apply Derive_correct. destruct (Hh x N k l I Ll) as [_ [E _]]. exact E.
    - apply Rmult_comm. }
  assert (D2 : is_derive F (x l) 0).
  { destruct (near_upd D p eps x l N Ll) as [del [Hd Hn]].
    apply (is_derive_ext_loc (fun _ => 0)); [|apply (is_derive_const (V := R_NormedModule))].
    exists (mkposreal del Hd). intros s Hs. symmetry. unfold F. apply K. apply Hn. exact Hs. }
  rewrite <- (is_derive_unique _ _ _ D1). apply is_derive_unique, D2.
Qed.

Lemma dirp_Psum x (v : params) q : (forall k, (D < k)%positive -> v k = 0) ->
  dirp x v q = Psum D (fun l => v l * evp x (dp l q)).
Proof.
  intro Hv. symmetry.
  assert (E : forall l, evp x (dp l q) = dirp x (fun j => if Pos.eqb j l then 1 else 0) q).
  { intro l. unfold dp. rewrite lie_ok. apply dirp_ext. intro j. unfold ek.
    destruct (Pos.eqb j l); simpl; [rewrite Q2R_1|]; ring. }
  assert (G : forall L, fold_right Rplus 0 (map (fun l => v l * evp x (dp l q)) L) =
     dirp x (fun j => fold_right Rplus 0 (map (fun l => v l * (if Pos.eqb j l then 1 else 0)) L)) q).
  { induction L as [|a L IH]; simpl. { symmetry. apply dirp_0. }
    rewrite IH, E. symmetry. etransitivity; [|etransitivity; [apply (dirp_lin x
       (fun j => if Pos.eqb j a then 1 else 0)
       (fun j => fold_right Rplus 0 (map (fun l => v l * (if Pos.eqb j l then 1 else 0)) L)) (v a) 1 q)|ring]].
    apply dirp_ext. intro j. ring. }
  rewrite Psum_fr, G. apply dirp_ext. intro j.
  rewrite <- (Psum_fr D (fun l => v l * (if Pos.eqb j l then 1 else 0))), Psum_delta.
  destruct (Pos.leb_spec j D); auto. symmetry; auto.
Qed.

Definition bracket (V W : positive -> poly) : positive -> poly :=
  fun k => padd (lie V (W k)) (popp (lie W (V k))).

Lemma kills_half V W x : kills V -> supp W -> near D p eps x ->
  Psum D (fun k => evp x (lie W (V k)) * partial h k x) +
  Psum D (fun l => Psum D (fun k => evp x (W l) * evp x (V k) * partial (partial h k) l x)) = 0.
Proof.
  intros K S N.
  rewrite (Psum_ext D (fun k => evp x (lie W (V k)) * partial h k x)
    (fun k => Psum D (fun l => evp x (W l) * (evp x (dp l (V k)) * partial h k x)))).
  2:{ intros k _. rewrite lie_ok, dirp_Psum.
      - rewrite Rmult_comm, <- Psum_scal. apply Psum_ext. intros; ring.
      - intros j J. rewrite (S j J). reflexivity. }
  rewrite Psum_swap, <- Psum_plus. apply Psum_0. intros l Ll.
  rewrite (Psum_ext D (fun k => evp x (W l) * evp x (V k) * partial (partial h k) l x)
     (fun k => evp x (W l) * (evp x (V k) * partial (partial h k) l x))) by (intros; ring).
  rewrite !Psum_scal, <- Rmult_plus_distr_l, kills_d by auto. ring.
Qed.

Lemma kills_bracket V W : kills V -> kills W -> supp V -> supp W -> kills (bracket V W).
Proof.
  intros KV KW SV SW x N. unfold bracket.
  assert (A := kills_half V W x KV SW N). assert (B := kills_half W V x KW SV N).
  rewrite (Psum_ext D _ (fun k => evp x (lie V (W k)) * partial h k x +
     -1 * (evp x (lie W (V k)) * partial h k x))).
  2:{ intros. rewrite padd_ok, popp_ok. ring. }
  rewrite Psum_plus, Psum_scal.
  assert (E : Psum D (fun l => Psum D (fun k => evp x (W l) * evp x (V k) * partial (partial h k) l x))
            = Psum D (fun l => Psum D (fun k => evp x (V l) * evp x (W k) * partial (partial h k) l x))).
  { rewrite Psum_swap. apply Psum_ext; intros k Lk. apply Psum_ext; intros l Ll.
    rewrite (hess_sym x k l) by auto. ring. }
  rewrite E in A. lra.
Qed.
End Inv.

(** ** Tabulated fields, brackets one after another, values at a rational point *)

Definition field := list poly.
Definition get (F : field) (k : positive) : poly := nth (pred (Pos.to_nat k)) F [].
Definition tab (D : positive) (V : positive -> poly) : field := map V (below_idx D).
Lemma get_tab D V k : get (tab D V) k = if Pos.leb k D then V k else [].
Proof.
  unfold get, tab, below_idx. rewrite map_map. destruct (Pos.leb_spec k D) as [L|L].
  - rewrite (nth_indep _ [] ((fun j => V (Pos.of_succ_nat j)) 0%nat))
      by (rewrite map_length, seq_length; lia).
    rewrite (map_nth (fun j => V (Pos.of_succ_nat j))), seq_nth by lia. f_equal. lia.
  - apply nth_overflow. rewrite map_length, seq_length. lia.
Qed.
Definition grads (D : positive) (P : list poly) (pe : list pexp) : list field :=
  map (fun e => let f := norm e in tab D (field_of D P f)) pe.
Fixpoint extend (D : positive) (fs : list field) (prog : list (nat * nat)) : list field :=
  match prog with
  | [] => fs
  | (i, j) :: prog' =>
      extend D (fs ++ [tab D (bracket (get (nth i fs [])) (get (nth j fs [])))]) prog'
  end.

Fixpoint evmq (p : list Q) (m : mono) : Q :=
  match m with [] => 1%Q | k :: m' => qmul (nth (pred (Pos.to_nat k)) p 0%Q) (evmq p m') end.
Fixpoint evq (p : list Q) (f : poly) : Q :=
  match f with [] => 0%Q | (m, c) :: f' => qadd (qmul c (evmq p m)) (evq p f') end.
Lemma evmq_ok p m : Q2R (evmq p m) = evm (point p) m.
Proof. induction m; simpl; [apply Q2R_1|]. rewrite Q2R_mul, IHm. reflexivity. Qed.
Lemma Q2R_0 : Q2R 0 = 0. Proof. unfold Q2R; simpl; ring. Qed.
Lemma evq_ok p f : Q2R (evq p f) = evp (point p) f.
Proof.
  induction f as [|[m c] f IH]; simpl; [apply Q2R_0|].
  rewrite Q2R_add, Q2R_mul, IH, evmq_ok. reflexivity.
Qed.

Notation vec := (list Q).
Fixpoint vadd (a b : vec) : vec :=
  match a, b with [], _ => b | _, [] => a | x :: a', y :: b' => qadd x y :: vadd a' b' end.
Definition vscal (q : Q) (a : vec) : vec := match Qnum q with Z0 => [] | _ => map (qmul q) a end.
Fixpoint lincomb (cs : vec) (vs : list vec) : vec :=
  match cs, vs with c :: cs', v :: vs' => vadd (vscal c v) (lincomb cs' vs') | _, _ => [] end.
Fixpoint dot (a : vec) (w : list R) : R :=
  match a, w with x :: a', y :: w' => Q2R x * y + dot a' w' | _, _ => 0 end.
Lemma dot_vadd a b w : dot (vadd a b) w = dot a w + dot b w.
Proof.
  revert b w; induction a as [|x a IH]; intros [|y b] [|z w]; simpl; try ring.
  rewrite Q2R_add, IH. ring.
Qed.
Lemma dot_vscal q a w : dot (vscal q a) w = Q2R q * dot a w.
Proof.
  unfold vscal. destruct q as [[|n|n] d]; simpl.
  - unfold Q2R; simpl. ring.
  - revert w; induction a as [|x a IH]; intros [|z w]; simpl; try ring. rewrite Q2R_mul, IH. ring.
  - revert w; induction a as [|x a IH]; intros [|z w]; simpl; try ring. rewrite Q2R_mul, IH. ring.
Qed.
Lemma dot_lincomb cs vs w : dot (lincomb cs vs) w = dot cs (map (fun v => dot v w) vs).
Proof.
  revert vs; induction cs as [|c cs IH]; intros [|v vs]; simpl; auto.
  rewrite dot_vadd, dot_vscal, IH. reflexivity.
Qed.
Lemma dot_zero cs w : (forall y, In y w -> y = 0) -> dot cs w = 0.
Proof.
  revert w; induction cs as [|c cs IH]; intros [|y w] H; simpl; auto.
  rewrite (H y) by (simpl; auto). rewrite IH; [ring|]. intros; apply H; simpl; auto.
Qed.
Fixpoint veqb (a b : vec) : bool :=
  match a, b with
  | [], _ => forallb (fun q => Qeq_bool q 0) b
  | _, [] => forallb (fun q => Qeq_bool q 0) a
  | x :: a', y :: b' => Qeq_bool x y && veqb a' b'
  end.
Lemma dot_z a w : forallb (fun q => Qeq_bool q 0) a = true -> dot a w = 0.
Proof.
  revert w; induction a as [|x a IH]; intros [|z w]; simpl; auto. intro H.
  apply andb_prop in H. destruct H as [H1 H2]. rewrite IH by auto.
  apply Qeq_bool_eq, Qeq_eqR in H1. rewrite H1, Q2R_0. ring.
Qed.
Lemma veqb_ok a b w : veqb a b = true -> dot a w = dot b w.
Proof.
  revert b w; induction a as [|x a IH]; intros [|y b] w.
  - auto.
  - intro H. symmetry. etransitivity; [apply (dot_z (y :: b) w H)|reflexivity].
  - intro H. etransitivity; [apply (dot_z (x :: a) w H)|destruct w; reflexivity].
  - cbn [veqb]. intro H. apply andb_prop in H. destruct H as [H1 H2]. destruct w as [|z w]; auto.
    simpl. apply Qeq_bool_eq, Qeq_eqR in H1. rewrite H1, (IH b w); auto.
Qed.
Fixpoint unit (i : nat) : vec := match i with O => [1%Q] | S i' => 0%Q :: unit i' end.
Lemma dot_unit i w : dot (unit i) w = nth i w 0.
Proof.
  revert w; induction i; intros [|y w]; simpl; auto.
  - rewrite Q2R_1. destruct w; ring.
  - rewrite Q2R_0, IHi. ring.
Qed.

(** certificate: rows of brackets [vs], rows of law gradients [gs], matrices [A], [C] with
    A * vs + gs^T * C * gs = N   and   C * (gs gs^T) = N,  N <> 0 *)
Definition coord (i : nat) (gs : list vec) : vec := map (fun g => nth i g 0%Q) gs.
Fixpoint dotq (a b : vec) : Q :=
  match a, b with x :: a', y :: b' => qadd (qmul x y) (dotq a' b') | _, _ => 0%Q end.
Definition cert (n k : nat) (vs gs : list vec) (N : Q) (A C : list vec) : bool :=
  negb (Qeq_bool N 0) &&
  Nat.eqb (length A) n && Nat.eqb (length C) k && Nat.eqb (length gs) k &&
  forallb (fun ia => veqb (vadd (lincomb (snd ia) vs) (lincomb (lincomb (coord (fst ia) gs) C) gs))
                          (vscal N (unit (fst ia))))
          (combine (seq 0 n) A) &&
  (let M := map (fun g => map (dotq g) gs) gs in
   forallb (fun ic => veqb (lincomb (snd ic) M) (vscal N (unit (fst ic)))) (combine (seq 0 k) C)).

Definition check_no_other (D : positive) (pe Pe le : list pexp) (p : vec)
   (prog : list (nat * nat)) (sel : list nat) (N : Q) (A C : list vec) : bool :=
  let fs := extend D (grads D (map norm Pe) pe) prog in
  let vs := map (fun s => map (evq p) (nth s fs [])) sel in
  let gs := map (fun e => let h := norm e in map (fun k => evq p (dp k h)) (below_idx D)) le in
  cert (Pos.to_nat D) (length le) vs gs N A C.

Lemma nth_combine_seq {B} n (l : list B) i dflt : length l = n -> (i < n)%nat ->
  In (i, nth i l dflt) (combine (seq 0 n) l).
Proof.
  intros E L.
  replace (i, nth i l dflt) with (nth i (combine (seq 0 n) l) (0%nat, dflt)).
  - apply nth_In. rewrite combine_length, seq_length. lia.
  - rewrite combine_nth by (rewrite seq_length; auto). rewrite seq_nth by auto. reflexivity.
Qed.

Lemma dot_Rsum_gen (a : vec) (w : list R) s : length a = length w ->
  dot a w = fold_right Rplus 0 (map (fun j => Q2R (nth (j - s) a 0%Q) * nth (j - s) w 0) (seq s (length a))).
Proof.
  revert w s; induction a as [|x a IH]; intros [|y w] s E; simpl in E; try discriminate; auto.
  cbn [length seq map fold_right dot]. rewrite Nat.sub_diag. simpl nth. f_equal.
  rewrite (IH w (S s)) by lia. apply fr_ext. intros j J. apply in_seq in J.
  replace (j - s)%nat with (S (j - S s)) by lia. reflexivity.
Qed.
Lemma dot_Rsum (a : vec) (w : list R) : length a = length w ->
  dot a w = Rsum (length a) (fun j => Q2R (nth j a 0%Q) * nth j w 0).
Proof.
  intro E. rewrite (dot_Rsum_gen a w 0 E). unfold Rsum. apply fr_ext. intros. rewrite Nat.sub_0_r. reflexivity.
Qed.
Lemma dot_Psum D (a : vec) (w : positive -> R) : length a = Pos.to_nat D ->
  dot a (map w (below_idx D)) = Psum D (fun k => Q2R (nth (pred (Pos.to_nat k)) a 0%Q) * w k).
Proof.
  intro E. assert (L : length (map w (below_idx D)) = Pos.to_nat D).
  { unfold below_idx. rewrite !map_length, seq_length. reflexivity. }
  rewrite dot_Rsum by congruence. rewrite E. unfold Psum, Rsum. apply fr_ext. intros j J.
  apply in_seq in J. rewrite SuccNat2Pos.id_succ. simpl pred. f_equal.
  unfold below_idx. rewrite map_map.
  rewrite (nth_indep _ 0 ((fun x => w (Pos.of_succ_nat x)) 0%nat)) by (rewrite map_length, seq_length; lia).
  rewrite (map_nth (fun x => w (Pos.of_succ_nat x))), seq_nth by lia. reflexivity.
Qed.

Lemma idx_ok k : Pos.of_succ_nat (0 + pred (Pos.to_nat k)) = k.
Proof. lia. Qed.
Lemma idx_ok' j : pred (Pos.to_nat (Pos.of_succ_nat j)) = j.
Proof. lia. Qed.

Section Final.
Variables (D : positive) (P : preconditioner) (phi laws : params -> list R) (pe Pe le : list pexp).
Hypothesis Hp : forall x, map (eval x) pe = phi x.
Hypothesis HP : forall x, map (eval x) Pe = P x.
Hypothesis Hl : forall x, map (eval x) le = laws x.

Lemma factor_ok' x k f : (k <= D)%positive -> evp x (field_of D (map norm Pe) f k) = factor P k x * evp x (dp k f).
Proof. apply factor_at, HP. Qed.

Lemma partial_nth (fs : params -> list R) es i k x :
  (forall x, map (eval x) es = fs x) -> (i < length es)%nat ->
  partial (fun y => nth i (fs y) 0) k x = evp x (dp k (norm (nth i es (Zc 0)))).
Proof.
  intros H L. rewrite <- partial_eval. unfold partial. apply Derive_ext. intro s. rewrite <- H.
  rewrite (nth_indep _ 0 (eval (upd x k s) (Zc 0))) by (rewrite map_length; lia). apply map_nth.
Qed.

Lemma extend_inv p eps h prog : C2 D p eps h -> forall fs,
  (forall s, kills D p eps h (get (nth s fs [])) /\ supp D (get (nth s fs [])) ) ->
  forall s, kills D p eps h (get (nth s (extend D fs prog) [])).
Proof.
  intro Hh. induction prog as [|[i j] prog IH]; intros fs H s; cbn [extend]; [apply H|].
  apply IH. intro t. destruct (lt_eq_lt_dec t (length fs)) as [[L|L]|L].
  - rewrite app_nth1 by auto. apply H.
  - subst t. rewrite nth_middle. destruct (H i) as [Ki Si], (H j) as [Kj Sj]. split.
    + intros x N. etransitivity; [|apply (kills_bracket D p eps h Hh _ _ Ki Kj Si Sj x N)].
      apply Psum_ext. intros k Lk. rewrite get_tab. apply Pos.leb_le in Lk. rewrite Lk. reflexivity.
    + intros k Lk. rewrite get_tab. apply Pos.leb_gt in Lk. rewrite Lk. reflexivity.
  - rewrite (nth_overflow (fs ++ _)) by (rewrite app_length; cbn [length]; lia). split.
    + intros x _. apply Psum_0. intros. unfold get. destruct (pred (Pos.to_nat k)); simpl; ring.
    + intros k _. unfold get. destruct (pred (Pos.to_nat k)); reflexivity.
Qed.

(** Every field on the list kills every invariant. *)
Lemma fields_kill p eps h prog : 0 < eps -> C2 D p eps h -> invariant D P phi p eps h ->
  forall s, kills D p eps h (get (nth s (extend D (grads D (map norm Pe) pe) prog) [])).
Proof.
  intros He Hh Hi. apply extend_inv; auto. intro s. unfold grads.
  destruct (lt_dec s (length pe)) as [L|L].
  - rewrite (nth_indep _ [] ((fun e => let f := norm e in tab D (field_of D (map norm Pe) f)) (Zc 0)))
      by (rewrite map_length; auto).
    rewrite (map_nth (fun e => let f := norm e in tab D (field_of D (map norm Pe) f))). cbv zeta. split.
    + intros x N. rewrite <- (Hi x N s) by (rewrite <- Hp, map_length; auto). apply Psum_ext. intros k Lk.
      rewrite get_tab. assert (Lb := Lk). apply Pos.leb_le in Lb. rewrite Lb.
      rewrite factor_ok' by auto. rewrite (partial_nth phi pe s k) by auto. ring.
    + intros k Lk. rewrite get_tab. apply Pos.leb_gt in Lk. rewrite Lk. reflexivity.
  - rewrite nth_overflow by (rewrite map_length; lia). split.
    + intros x _. apply Psum_0. intros. unfold get. destruct (pred (Pos.to_nat k)); simpl; ring.
    + intros k _. unfold get. destruct (pred (Pos.to_nat k)); reflexivity.
Qed.

Lemma coord_len i gs : length (coord i gs) = length gs.
Proof. apply map_length. Qed.

Theorem check_no_other_sound p prog sel sc A C :
  check_no_other D pe Pe le p prog sel sc A C = true ->
  no_other_law D P phi laws (point p) /\ independent D laws (point p).
Proof.
  unfold check_no_other, cert. intro K.
  set (fs := extend D (grads D (map norm Pe) pe) prog) in *.
  set (vs := map (fun s => map (evq p) (nth s fs [])) sel) in *.
  set (gs := map (fun e => let h := norm e in map (fun k => evq p (dp k h)) (below_idx D)) le) in *.
  apply andb_prop in K; destruct K as [K KI]. apply andb_prop in K; destruct K as [K KA].
  apply andb_prop in K; destruct K as [K Kg]. apply andb_prop in K; destruct K as [KlA KlC].
  apply andb_prop in KlA; destruct KlA as [KN KlA].
  assert (N0 : Q2R sc <> 0).
  { intro E. rewrite <- Q2R_0 in E. apply eqR_Qeq in E. apply Qeq_bool_iff in E.
    rewrite E in KN. discriminate. }
  apply Nat.eqb_eq in Kg, KlA, KlC. rewrite forallb_forall in KA, KI.
  assert (LL : forall x, length (laws x) = length le) by (intro; rewrite <- Hl; apply map_length).
  assert (GL : forall l k, (l < length le)%nat -> (k <= D)%positive ->
     Q2R (nth (pred (Pos.to_nat k)) (nth l gs []) 0%Q) = partial (fun y => nth l (laws y) 0) k (point p)).
  { intros l k L Lk. rewrite (partial_nth laws le l k) by auto.
    unfold gs. rewrite (nth_indep _ [] ((fun e => let h := norm e in
       map (fun k => evq p (dp k h)) (below_idx D)) (Zc 0))) by (rewrite map_length; auto).
    rewrite (map_nth (fun e => let h := norm e in map (fun k => evq p (dp k h)) (below_idx D))).
    cbv zeta. unfold below_idx. rewrite map_map.
    rewrite (nth_indep _ 0%Q ((fun x => evq p (dp (Pos.of_succ_nat x) (norm (nth l le (Zc 0))))) 0%nat))
      by (rewrite map_length, seq_length; lia).
    rewrite (map_nth (fun x => evq p (dp (Pos.of_succ_nat x) (norm (nth l le (Zc 0)))))).
    rewrite seq_nth by lia. rewrite evq_ok, idx_ok. reflexivity. }
  assert (GLen : forall l, (l < length le)%nat -> length (nth l gs []) = Pos.to_nat D).
  { intros l L. assert (In (nth l gs []) gs) by (apply nth_In; unfold gs; rewrite map_length; auto).
    unfold gs in H at 2. apply in_map_iff in H. destruct H as [e [E _]]. rewrite <- E. cbv zeta.
    unfold below_idx. rewrite !map_length, seq_length. reflexivity. }
  split.
  - intros eps h He Hh Hi.
    assert (KS : forall s, kills D (point p) eps h (get (nth s fs []))) by (apply fields_kill; auto).
    set (w := map (fun k => partial h k (point p)) (below_idx D)).
    assert (VW : forall y, In y (map (fun v => dot v w) vs) -> y = 0).
    { intros y Y. apply in_map_iff in Y. destruct Y as [v [<- Y]]. unfold vs in Y.
      apply in_map_iff in Y. destruct Y as [s [<- _]].
      rewrite <- (KS s (point p) (near_self D (point p) eps He)).
      unfold get. generalize (nth s fs []) as F. intro F. unfold w.
      unfold Psum, Rsum, below_idx. rewrite map_map.
      assert (GG : forall n (F : field) (m : nat),
         dot (map (evq p) F) (map (fun x => partial h (Pos.of_succ_nat x) (point p)) (seq m n)) =
         fold_right Rplus 0 (map (fun j => evp (point p) (nth (j - m) F []) *
            partial h (Pos.of_succ_nat j) (point p)) (seq m n))).
      { clear. induction n; intros [|q F] m; auto.
        - cbn [map seq dot fold_right]. symmetry. rewrite fr_0.
          + destruct (m - m)%nat; simpl; ring.
          + intros. destruct (i - m)%nat; simpl; ring.
        - cbn [map seq dot fold_right]. rewrite Nat.sub_diag. cbn [nth]. rewrite evq_ok, IHn. f_equal.
          apply fr_ext. intros j J. apply in_seq in J. replace (j - m)%nat with (S (j - S m)) by lia.
          reflexivity. }
      rewrite GG. apply fr_ext. intros j _. unfold coordinate. rewrite idx_ok', Nat.sub_0_r. reflexivity. }
    exists (fun l => / Q2R sc * dot (nth l C []) (map (fun g => dot g w) gs)).
    intros k Lk. set (i := pred (Pos.to_nat k)).
    assert (Li : (i < Pos.to_nat D)%nat) by (unfold i; lia).
    assert (W : partial h k (point p) = nth i w 0).
    { unfold w, below_idx. rewrite map_map.
      rewrite (nth_indep _ 0 ((fun x => partial h (Pos.of_succ_nat x) (point p)) 0%nat))
        by (rewrite map_length, seq_length; lia).
      rewrite (map_nth (fun x => partial h (Pos.of_succ_nat x) (point p))), seq_nth by auto.
      unfold i. rewrite idx_ok. reflexivity. }
    rewrite W, <- dot_unit. apply (Rmult_eq_reg_l (Q2R sc)); [|exact N0]. rewrite <- dot_vscal.
    specialize (KA _ (nth_combine_seq _ A i [] KlA Li)). cbn [fst snd] in KA.
    rewrite <- (veqb_ok _ _ w KA), dot_vadd, !dot_lincomb, (dot_zero _ _ VW), Rplus_0_l.
    rewrite dot_Rsum by (rewrite coord_len, map_length; congruence).
    rewrite coord_len, Kg, LL. unfold Rsum. rewrite <- fr_scal. apply fr_ext. intros l Il. apply in_seq in Il.
    rewrite <- !Rmult_assoc, Rinv_r, Rmult_1_l by exact N0. rewrite Rmult_comm. f_equal.
    + rewrite (nth_indep _ 0 (dot [] (map (fun v => dot v w) gs))) by (rewrite map_length; lia).
      rewrite (map_nth (fun v => dot v (map (fun v => dot v w) gs))). reflexivity.
    + rewrite <- GL by (auto; lia). unfold coord.
      rewrite (nth_indep (map (fun g => nth i g 0%Q) gs) 0%Q ((fun g => nth i g 0%Q) [])) by (rewrite map_length; lia).
      rewrite (map_nth (fun g => nth i g 0%Q)). reflexivity.
  - intros beta Hb l Ll. rewrite LL in *.
    set (b := map beta (seq 0 (length le))).
    assert (Bl : length b = length le) by (unfold b; rewrite map_length, seq_length; reflexivity).
    assert (Bn : forall l, (l < length le)%nat -> nth l b 0 = beta l).
    { intros j J. unfold b. rewrite (nth_indep _ 0 (beta 0%nat)) by (rewrite map_length, seq_length; auto).
      rewrite map_nth, seq_nth by auto. reflexivity. }
    rewrite <- Bn, <- dot_unit by auto. apply (Rmult_eq_reg_l (Q2R sc)); [|exact N0].
    rewrite Rmult_0_r, <- dot_vscal.
    assert (KC : length C = length le) by congruence.
    specialize (KI _ (nth_combine_seq _ C l [] KC Ll)). cbn [fst snd] in KI.
    rewrite <- (veqb_ok _ _ b KI), dot_lincomb. apply dot_zero. intros y Y.
    rewrite map_map in Y. apply in_map_iff in Y. destruct Y as [g [<- Ig]].
    (* dot (map (dotq g) gs) b = sum_l beta_l (g . g_l) = sum_k g_k sum_l beta_l g_lk = 0 *)
    assert (DQ : forall a c : vec, Q2R (dotq a c) = dot a (map Q2R c)).
    { induction a as [|x a IH]; intros [|z c]; simpl; try apply Q2R_0.
      rewrite Q2R_add, Q2R_mul, IH. reflexivity. }
    rewrite dot_Rsum by (rewrite map_length; congruence).
    rewrite map_length, Kg.
    assert (Lg : length g = Pos.to_nat D).
    { apply (In_nth _ _ []) in Ig. destruct Ig as [j [J <-]]. apply GLen. congruence. }
    unfold Rsum.
    rewrite (fr_ext _ (fun j => fold_right Rplus 0 (map (fun k =>
        Q2R (nth (pred (Pos.to_nat k)) g 0%Q) * (beta j * partial (fun y => nth j (laws y) 0) k (point p)))
        (below_idx D)))).
    + rewrite fr_swap. apply fr_0. intros k Ik. apply below_idx_in in Ik.
      rewrite fr_scal. unfold Rsum in Hb. rewrite Hb by auto. ring.
    + intros j J. apply in_seq in J. rewrite Bn by lia.
      rewrite (nth_indep (map (dotq g) gs) 0%Q (dotq g [])) by (rewrite map_length; lia).
      rewrite (map_nth (dotq g)), DQ.
      assert (E : map Q2R (nth j gs []) = map (fun k => Q2R (nth (pred (Pos.to_nat k)) (nth j gs []) 0%Q)) (below_idx D)).
      { apply (nth_ext _ _ 0 0).
        - unfold below_idx. rewrite !map_length, seq_length. apply GLen; lia.
        - intros n Hn. rewrite map_length, GLen in Hn by lia.
          rewrite (nth_indep _ 0 (Q2R 0%Q)) by (rewrite map_length, GLen; lia). rewrite map_nth.
          unfold below_idx. rewrite map_map.
          rewrite (nth_indep _ 0 ((fun x => Q2R (nth (pred (Pos.to_nat (Pos.of_succ_nat x))) (nth j gs []) 0%Q)) 0%nat))
            by (rewrite map_length, seq_length; lia).
          rewrite (map_nth (fun x => Q2R (nth (pred (Pos.to_nat (Pos.of_succ_nat x))) (nth j gs []) 0%Q))).
          rewrite seq_nth by lia. rewrite idx_ok'. reflexivity. }
      rewrite E, dot_Psum, Psum_fr by auto.
      rewrite Rmult_comm, <- fr_scal. apply fr_ext. intros k Ik. apply below_idx_in in Ik.
      rewrite <- GL by (auto; lia). ring.
Qed.
End Final.

(** Rows of a matrix with most of their entries 0: [g; v; ...] is g times 0, then v, and so on. *)
Fixpoint row (l : list Z) : vec :=
  match l with g :: v :: l' => repeat 0%Q (Z.to_nat g) ++ inject_Z v :: row l' | _ => [] end.

(** ** With constants and data that are given as rational numbers *)

Definition rational (l : list Q) (j : positive) : pexp := let q := nth (place j) l 0%Q in Qc (Qnum q) (Qden q).
Fixpoint specialise (D : positive) (c z : list Q) (e : pexp) : pexp :=
  match e with
  | X k => if Pos.leb k D then X k else
      match (k - D)%positive with xO j => rational c j | xI j => rational z j | xH => Zc 0 end
  | Add a b => Add (specialise D c z a) (specialise D c z b)
  | Sub a b => Sub (specialise D c z a) (specialise D c z b)
  | Mul a b => Mul (specialise D c z a) (specialise D c z b)
  | Opp a => Opp (specialise D c z a)
  | Pow a n => Pow (specialise D c z a) n
  | _ => e
  end.
Lemma specialise_ok D c z x e : eval x (specialise D c z e) = eval (lift D (point c) (point z) x) e.
Proof.
  induction e; cbn [specialise eval]; try congruence.
  unfold lift. destruct (Pos.leb k D); [reflexivity|]. destruct (k - D)%positive; reflexivity.
Qed.

(** The polynomials on the list have the values of [f], whatever stands at coordinates above D. *)
Definition stands (D : positive) (l : list pexp) (f : params -> list R) : Prop :=
  forall x, map (eval x) l = f x /\ forall c z, map (eval (lift D c z x)) l = f x.
Definition mean (D : positive) (O F L : list pexp) (P : preconditioner) (phi laws : params -> list R) : Prop :=
  stands D O phi /\ stands D F P /\ stands D L laws.

Lemma specialise_lift D c z c' z' x e : eval (lift D c' z' x) (specialise D c z e) = eval x (specialise D c z e).
Proof.
  induction e; cbn [specialise eval]; try congruence.
  destruct (Pos.leb k D) eqn:E; [cbn [eval]; apply lift_at; apply Pos.leb_le; exact E|].
  destruct (k - D)%positive; reflexivity.
Qed.
Lemma stands_given D c z es f : (forall x, map (eval (lift D (point c) (point z) x)) es = f x) -> stands D (map (specialise D c z) es) f.
Proof.
  intros H x. rewrite <- H. split; [|intros c' z']; rewrite map_map; apply map_ext; intro e; rewrite ?specialise_lift; apply specialise_ok.
Qed.

Section Given.
Variables (D : positive) (outputs factors laws : list pexp) (c : list Q) (samples : list (list Q)).
Definition given_outputs := flat_map (fun z => map (specialise D c z) outputs) samples.

(** What a check, by computation, says of the model and the laws at these numbers. *)
Definition at_given (check : list pexp -> list pexp -> list pexp -> bool) : bool :=
  check given_outputs (map (specialise D c []) factors) (map (specialise D c []) laws).

Theorem at_given_ok (P : preconditioner) (phi : data -> params -> list R) (law : params -> list R) check (conclusion : Prop) :
  (forall O F L, mean D O F L P (on_data phi (map point samples)) law -> check O F L = true -> conclusion) ->
  at_given check = true ->
  (forall z x, map (eval (lift D (point c) z x)) outputs = phi z x) ->
  preconditioned D (point c) P factors ->
  (forall z x, map (eval (lift D (point c) z x)) laws = law x) ->
  conclusion.
Proof.
  intros H K Hp HP Hl. apply (H _ _ _) with (2 := K). split; [|split; apply stands_given; auto].
  intro x. unfold on_data, given_outputs. clear - Hp. induction samples as [|z l IH]; simpl; auto.
  destruct (stands_given D c z outputs (phi (point z)) (Hp (point z)) x) as [A B]. destruct IH as [I J].
  split; [|intros c' z']; rewrite map_app; congruence.
Qed.
End Given.

(** Claims at given constants and data: expressions that are polynomials there, laws that are quotients, independent laws. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Claws Require Import Vocabulary Polynomials Conserved NoOther Smooth Generic Refuted Missing Towers.
Import ListNotations.
Open Scope R_scope.

(** ** Expressions in which all that is divided by, or of which a root is taken, is a number *)

Definition constant_of (e : pexp) : option Q :=
  match norm e with [] => Some 0%Q | [([], q)] => Some q | _ => None end.
Lemma constant_ok x e q : constant_of e = Some q -> eval x e = Q2R q.
Proof.
  unfold constant_of. rewrite <- norm_ok. destruct (norm e) as [|[[|k m] c] [|t l]]; intro H; inversion H; simpl.
  - symmetry. apply Q2R_0.
  - ring.
Qed.
Definition root_of (q : Q) : option Q :=
  let r := (Z.sqrt (Qnum q * Zpos (Qden q)) # Qden q)%Q in
  if (Qeq_bool (r * r) q && Z.leb 0 (Qnum r))%bool then Some r else None.
Lemma root_ok q r : root_of q = Some r -> sqrt (Q2R q) = Q2R r.
Proof.
  unfold root_of. destruct (Qeq_bool _ q && _)%bool eqn:E; intro H; inversion H. apply andb_prop in E. destruct E as [E P].
  apply Qeq_bool_iff, Qeq_eqR in E. rewrite Q2R_mult in E. rewrite <- E. apply sqrt_square.
  set (q' := (_ # _)%Q) in *. unfold Q2R. apply Rmult_le_pos; [apply IZR_le, Z.leb_le; exact P|].
  left. apply Rinv_0_lt_compat, IZR_lt. reflexivity.
Qed.

Section Fold.
Variables (D : positive) (c z : list Q).
Definition number (q : Q) : pexp := Qc (Qnum q) (Qden q).
Fixpoint fold (e : texp) : option pexp :=
  match e with
  | TZc n => Some (Zc n)
  | TQc n d => Some (Qc n d)
  | TX k => Some (if Pos.leb k D then X k else
      match (k - D)%positive with xO j => rational c j | xI j => rational z j | xH => Zc 0 end)
  | TAdd a b => map2 Add (fold a) (fold b)
  | TSub a b => map2 Sub (fold a) (fold b)
  | TMul a b => map2 Mul (fold a) (fold b)
  | TOpp a => option_map Opp (fold a)
  | TPow a n => option_map (fun e => Pow e n) (fold a)
  | TInv a => bind (bind (fold a) constant_of) (fun q => if Qeq_bool q 0 then None else Some (number (/ q)))
  | TSqrt a => option_map number (bind (bind (fold a) constant_of) root_of)
  | TApp _ _ => None
  end.
Definition plain := functions [].

Lemma number_ok x q : eval x (number q) = Q2R q.
Proof. reflexivity. Qed.
Lemma fold_ok x e : forall e', fold e = Some e' ->
  eval x e' = teval plain (lift D (point c) (point z) x) e /\ forall c' z', eval (lift D c' z' x) e' = eval x e'.
Proof.
  induction e; intros e' H; simpl in H.
  - inversion H. split; reflexivity.
  - inversion H. split; reflexivity.
  - inversion H. simpl. unfold lift at 1. destruct (Pos.leb k D) eqn:E.
    + split; [reflexivity|]. intros. simpl. apply lift_at, Pos.leb_le, E.
    + destruct (k - D)%positive; split; reflexivity.
  - destruct (fold e1), (fold e2); try discriminate. inversion H. destruct (IHe1 _ eq_refl) as [A A'], (IHe2 _ eq_refl) as [B B'].
    simpl. split; [congruence|]. intros. rewrite A', B'. reflexivity.
  - destruct (fold e1), (fold e2); try discriminate. inversion H. destruct (IHe1 _ eq_refl) as [A A'], (IHe2 _ eq_refl) as [B B'].
    simpl. split; [congruence|]. intros. rewrite A', B'. reflexivity.
  - destruct (fold e1), (fold e2); try discriminate. inversion H. destruct (IHe1 _ eq_refl) as [A A'], (IHe2 _ eq_refl) as [B B'].
    simpl. split; [congruence|]. intros. rewrite A', B'. reflexivity.
  - destruct (fold e); try discriminate. inversion H. destruct (IHe _ eq_refl) as [A A']. simpl. split; [congruence|]. intros. rewrite A'. reflexivity.
  - destruct (fold e); try discriminate. inversion H. destruct (IHe _ eq_refl) as [A A']. simpl. split; [congruence|]. intros. rewrite A'. reflexivity.
  - destruct (fold e) as [e1|]; try discriminate. simpl in H. destruct (constant_of e1) as [q|] eqn:E; try discriminate. simpl in H.
    destruct (Qeq_bool q 0) eqn:Z; try discriminate. inversion H. destruct (IHe _ eq_refl) as [A A']. split; [|reflexivity].
    rewrite number_ok. simpl. rewrite <- A, (constant_ok x e1 q E). apply Q2R_inv. intro G. apply Qeq_bool_iff in G. congruence.
  - destruct (fold e) as [e1|]; try discriminate. simpl in H. destruct (constant_of e1) as [q|] eqn:E; try discriminate. simpl in H.
    destruct (root_of q) as [r|] eqn:Rq; try discriminate. inversion H. destruct (IHe _ eq_refl) as [A A']. split; [|reflexivity].
    rewrite number_ok. simpl. rewrite <- A, (constant_ok x e1 q E). symmetry. apply root_ok. exact Rq.
  - discriminate.
Qed.
End Fold.

Fixpoint all_some {A} (l : list (option A)) : option (list A) :=
  match l with [] => Some [] | o :: l' => map2 cons o (all_some l') end.
Lemma all_some_app {A} (l m : list (option A)) r : all_some (l ++ m) = Some r ->
  exists a b, all_some l = Some a /\ all_some m = Some b /\ r = a ++ b.
Proof.
  revert r. induction l as [|o l IH]; simpl; intros r H; [exists [], r; auto|].
  destruct o as [y|], (all_some (l ++ m)) as [r'|] eqn:E; try discriminate. inversion H.
  destruct (IH r' eq_refl) as [a [b [P [Q' S]]]]. exists (y :: a), b. rewrite P, S. simpl. auto.
Qed.

Section At.
Variables (D : positive) (c : list Q).
Definition folded (z : list Q) (es : list texp) : option (list pexp) := all_some (map (fold D c z) es).
Definition folded_outputs (samples : list (list Q)) (es : list texp) : option (list pexp) :=
  all_some (flat_map (fun z => map (fold D c z) es) samples).

Lemma folded_ok z es : forall l, folded z es = Some l -> forall x,
  map (eval x) l = map (teval plain (lift D (point c) (point z) x)) es /\ forall c' z', map (eval (lift D c' z' x)) l = map (eval x) l.
Proof.
  unfold folded. induction es as [|e es IH]; simpl; intros l H x; [inversion H; split; reflexivity|].
  destruct (fold D c z e) as [e'|] eqn:E, (all_some (map (fold D c z) es)) as [l'|]; try discriminate. inversion H.
  destruct (IH l' eq_refl x) as [A B]. destruct (fold_ok D c z x e e' E) as [A' B']. simpl. split; [congruence|].
  intros. rewrite B, B'. reflexivity.
Qed.
Lemma folded_outputs_ok samples es (phi : data -> params -> list R) :
  (forall z x, map (teval plain (lift D (point c) z x)) es = phi z x) -> forall l, folded_outputs samples es = Some l -> forall x,
  map (eval x) l = on_data phi (map point samples) x /\ forall c' z', map (eval (lift D c' z' x)) l = map (eval x) l.
Proof.
  intro Hp. unfold folded_outputs, on_data. induction samples as [|z s IH]; simpl; intros l H x; [inversion H; split; reflexivity|].
  destruct (all_some_app _ _ _ H) as [a [b [A [B ->]]]]. destruct (IH b B x) as [I J].
  destruct (folded_ok z es a A x) as [I' J']. rewrite !map_app, I, I', Hp. split; [reflexivity|].
  intros. rewrite map_app, J, J'. rewrite I, I', Hp. reflexivity.
Qed.
End At.

Section Folded.
Variables (D : positive) (outputs factors laws : list texp) (c : list Q) (samples : list (list Q)).

(** [at_given] for such expressions. *)
Definition at_folded (check : list pexp -> list pexp -> list pexp -> bool) : bool :=
  match folded_outputs D c samples outputs, folded D c [] factors, folded D c [] laws with
  | Some Os, Some Fs, Some Ls => check Os Fs Ls
  | _, _, _ => false
  end.

Theorem at_folded_ok (P : preconditioner) (phi : data -> params -> list R) (law : params -> list R) check (conclusion : Prop) :
  (forall O F L, mean D O F L P (on_data phi (map point samples)) law -> check O F L = true -> conclusion) ->
  at_folded check = true ->
  (forall z x, map (teval plain (lift D (point c) z x)) outputs = phi z x) ->
  (forall z x, map (teval plain (lift D (point c) z x)) factors = P x) ->
  (forall z x, map (teval plain (lift D (point c) z x)) laws = law x) ->
  conclusion.
Proof.
  intros H K Hp HP Hl. unfold at_folded in K.
  destruct (folded_outputs D c samples outputs) as [Os|] eqn:EO; [|discriminate].
  destruct (folded D c [] factors) as [Fs|] eqn:EF; [|discriminate].
  destruct (folded D c [] laws) as [Ls|] eqn:EL; [|discriminate].
  apply (H Os Fs Ls); auto.
  assert (S : forall es l f, folded D c [] es = Some l -> (forall z x, map (teval plain (lift D (point c) z x)) es = f x) -> stands D l f).
  { intros es l f E M x. destruct (folded_ok D c [] es l E x) as [A B]. rewrite M in A. split; [exact A|]. intros. rewrite B. exact A. }
  split; [|split; [apply (S factors)|apply (S laws)]; auto].
  intro x. destruct (folded_outputs_ok D c samples outputs phi Hp Os EO x) as [A B]. split; [exact A|]. intros. rewrite B. exact A.
Qed.
End Folded.

(** ** Quotients *)

(** Numerator, denominator, and all that has to differ from 0. *)
Fixpoint quotient (D : positive) (c z : list Q) (e : texp) : option (pexp * pexp * list pexp) :=
  match fold D c z e with
  | Some e' => Some (e', Zc 1, [])
  | None =>
    match e with
    | TAdd a b => map2 (fun s t => let '(n, d, l) := s in let '(m, f, k) := t in (Add (Mul n f) (Mul m d), Mul d f, d :: f :: l ++ k))
        (quotient D c z a) (quotient D c z b)
    | TSub a b => map2 (fun s t => let '(n, d, l) := s in let '(m, f, k) := t in (Sub (Mul n f) (Mul m d), Mul d f, d :: f :: l ++ k))
        (quotient D c z a) (quotient D c z b)
    | TMul a b => map2 (fun s t => let '(n, d, l) := s in let '(m, f, k) := t in (Mul n m, Mul d f, d :: f :: l ++ k))
        (quotient D c z a) (quotient D c z b)
    | TOpp a => option_map (fun s => let '(n, d, l) := s in (Opp n, d, d :: l)) (quotient D c z a)
    | TPow a k => option_map (fun s => let '(n, d, l) := s in (Pow n k, Pow d k, d :: l)) (quotient D c z a)
    | TInv a => option_map (fun s => let '(n, d, l) := s in (d, n, n :: d :: l)) (quotient D c z a)
    | _ => None
    end
  end.
Definition apart (x : params) (l : list pexp) : Prop := forall d, In d l -> eval x d <> 0.
Lemma apart_app x l k : apart x (l ++ k) -> apart x l /\ apart x k.
Proof. intro H. split; intros d I; apply H, in_or_app; auto. Qed.
Lemma quotient_ok D c z x e : forall n d l, quotient D c z e = Some (n, d, l) -> apart x l -> eval x d <> 0 ->
  teval plain (lift D (point c) (point z) x) e = eval x n / eval x d.
Proof.
  assert (Base : forall e n d l, match fold D c z e with Some e' => Some (e', Zc 1, @nil pexp) | None => None end = Some (n, d, l) ->
    teval plain (lift D (point c) (point z) x) e = eval x n / eval x d).
  { intros e' n d l H. destruct (fold D c z e') as [q|] eqn:E; inversion H; subst. rewrite <- (proj1 (fold_ok D c z x e' n E)). simpl. field. }
  assert (Two : forall l k d f, apart x (d :: f :: l ++ k) -> eval x d <> 0 /\ eval x f <> 0 /\ apart x l /\ apart x k).
  { intros l k d f H. split; [apply H; simpl; auto|split; [apply H; simpl; auto|]]. apply apart_app. intros g G. apply H. simpl. auto. }
  induction e; intros nn dd ll H A N;
  cbn [quotient] in H; match type of H with (match ?o with Some _ => _ | None => _ end) = _ => destruct o as [e'|] eqn:Fo end;
  try (apply Base with (l := []); rewrite Fo; inversion H; reflexivity); try discriminate.
  - destruct (quotient D c z e1) as [[[n1 d1] l1]|], (quotient D c z e2) as [[[n2 d2] l2]|]; try discriminate. inversion H; subst.
    destruct (Two _ _ _ _ A) as [A1 [A2 [A3 A4]]]. cbn [teval eval]. rewrite (IHe1 _ _ _ eq_refl A3 A1), (IHe2 _ _ _ eq_refl A4 A2). field. auto.
  - destruct (quotient D c z e1) as [[[n1 d1] l1]|], (quotient D c z e2) as [[[n2 d2] l2]|]; try discriminate. inversion H; subst.
    destruct (Two _ _ _ _ A) as [A1 [A2 [A3 A4]]]. cbn [teval eval]. rewrite (IHe1 _ _ _ eq_refl A3 A1), (IHe2 _ _ _ eq_refl A4 A2). field. auto.
  - destruct (quotient D c z e1) as [[[n1 d1] l1]|], (quotient D c z e2) as [[[n2 d2] l2]|]; try discriminate. inversion H; subst.
    destruct (Two _ _ _ _ A) as [A1 [A2 [A3 A4]]]. cbn [teval eval]. rewrite (IHe1 _ _ _ eq_refl A3 A1), (IHe2 _ _ _ eq_refl A4 A2). field. auto.
  - destruct (quotient D c z e) as [[[n1 d1] l1]|]; try discriminate. inversion H; subst. cbn [teval eval].
    rewrite (IHe _ _ _ eq_refl); auto. { field. auto. } intros g G. apply A. simpl. auto.
  - destruct (quotient D c z e) as [[[n1 d1] l1]|]; try discriminate. inversion H; subst. cbn [teval eval].
    assert (D1 : eval x d1 <> 0) by (apply A; simpl; auto).
    rewrite (IHe _ _ _ eq_refl); auto. { unfold Rdiv. rewrite Rpow_mult_distr, pow_inv. reflexivity. } intros g G. apply A. simpl. auto.
  - destruct (quotient D c z e) as [[[n1 d1] l1]|]; try discriminate. inversion H; subst. cbn [teval eval].
    assert (D1 : eval x nn <> 0) by (apply A; simpl; auto). assert (D2 : eval x dd <> 0) by auto.
    rewrite (IHe _ _ _ eq_refl); auto. { field. auto. } intros g G. apply A. simpl. auto.
Qed.

Section Refute.
Variables (D : positive) (outputs factors laws nonzero : list texp) (c : list Q) (samples : list (list Q)).

Definition apart_of (s : pexp * pexp * list pexp) : list pexp := let '(n, d, l) := s in n :: d :: l.
Definition check_refuted_quotient (p : list Q) (i l : nat) : bool :=
  match folded_outputs D c samples outputs, folded D c [] factors, quotient D c [] (nth l laws (TZc 0)),
        all_some (map (quotient D c []) nonzero) with
  | Some Os, Some Fs, Some (n, d, k), Some others =>
    let V := field_of D (map norm Fs) (norm (nth i Os (Zc 0))) in
    let q := (evq p (norm n) / evq p (norm d))%Q in
    let h := norm (Sub n (Mul (number q) d)) in
    Nat.ltb i (length Os) && Nat.ltb l (length laws) && forallb (fun k => below D (V k)) (below_idx D) && below D h && below D (lie V h) &&
    forallb (fun d => below D (norm d) && negb (Qeq_bool (evq p (norm d)) 0)) (d :: k ++ flat_map apart_of others) &&
    negb (Qeq_bool (evq p (lie V h)) 0)
  | _, _, _, _ => false
  end.

Theorem refuted_quotient_ok (P : preconditioner) (phi : data -> params -> list R) (law nz : params -> list R) (S : params -> Prop) p i l :
  check_refuted_quotient p i l = true ->
  (forall z x, map (teval plain (lift D (point c) z x)) outputs = phi z x) ->
  (forall z x, map (teval plain (lift D (point c) z x)) factors = P x) ->
  (forall z x, map (teval plain (lift D (point c) z x)) laws = law x) ->
  (forall z x, map (teval plain (lift D (point c) z x)) nonzero = nz x) ->
  (forall x, all_nonzero (nz x) -> S x) ->
  ~ conserved_on S D P (on_data phi (map point samples)) (fun x => nth l (law x) 0).
Proof.
  intros K Hp HP Hl Hn HS C. unfold check_refuted_quotient in K.
  destruct (folded_outputs D c samples outputs) as [Os|] eqn:FO; [|discriminate].
  destruct (folded D c [] factors) as [FP|] eqn:EP; [|discriminate].
  destruct (quotient D c [] (nth l laws (TZc 0))) as [[[n d] k]|] eqn:Q; [|discriminate].
  destruct (all_some (map (quotient D c []) nonzero)) as [others|] eqn:QO; [|discriminate].
  cbv zeta in K. set (q := (evq p (norm n) / evq p (norm d))%Q) in *.
  set (h := norm (Sub n (Mul (number q) d))) in *. set (V := field_of D (map norm FP) (norm (nth i Os (Zc 0)))) in *.
  apply andb_prop in K; destruct K as [K K0]. apply andb_prop in K; destruct K as [K K1]. apply andb_prop in K; destruct K as [K K2].
  apply andb_prop in K; destruct K as [K K3]. apply andb_prop in K; destruct K as [K K4]. apply andb_prop in K; destruct K as [K K5].
  apply Nat.ltb_lt in K. apply Nat.ltb_lt in K5. rewrite forallb_forall in K4, K1.
  destruct (output_flow D P (on_data phi (map point samples)) Os FP
    (fun x => proj1 (folded_outputs_ok D c samples outputs phi Hp Os FO x))) with (p := p) (i := i) as [e [theta [e0 [St [F H]]]]]; auto.
  { intro x. rewrite <- (HP (point [])). apply (folded_ok D c [] factors FP EP x). }
  { intros j Lj. apply K4, below_idx_in, Lj. }
  (* what must not be 0 is not 0 near the point *)
  assert (Z0 : forall g, In g (d :: k ++ flat_map apart_of others) -> eval (theta 0) g <> 0).
  { intros g I. specialize (K1 g I). apply andb_prop in K1. destruct K1 as [B N]. rewrite <- norm_ok, (evp_below D (theta 0) (point p)) by auto.
    rewrite <- evq_ok, <- Q2R_0. intro E. apply eqR_Qeq, Qeq_bool_iff in E. rewrite E in N. discriminate. }
  assert (Loc : locally 0 (fun s => apart (theta s) (d :: k ++ flat_map apart_of others))).
  { assert (A : forall L, (forall g, In g L -> In g (d :: k ++ flat_map apart_of others)) -> locally 0 (fun s => apart (theta s) L)).
    { induction L as [|g L IH]; intro I.
      - apply filter_forall. intros s g [].
      - apply (filter_imp (fun s => eval (theta s) g <> 0 /\ apart (theta s) L)).
        + intros s [A1 A2] g' [<-|J]; auto.
        + apply filter_and; [|apply IH; intros; apply I; simpl; auto].
          assert (Ig : In g (d :: k ++ flat_map apart_of others)) by (apply I; simpl; auto).
          assert (B := K1 g Ig). apply andb_prop in B. destruct B as [B _].
          assert (Cn : continuous (fun s => eval (theta s) g) 0).
          { apply (ex_derive_continuous (V := R_NormedModule)). eexists.
            apply (is_derive_ext (fun s => evp (theta s) (norm g))); [intro; apply norm_ok|].
            apply (curve_p theta 0 (fun j => evp (theta 0) (popp (V j))) D (norm g)); auto. intros j Lj. apply H; auto. rewrite Rabs_R0. auto. }
          apply (Cn (fun y => y <> 0)). assert (N := Z0 g Ig). exists (mkposreal _ (Rabs_pos_lt _ N)). intros y Y E.
          unfold ball in Y; simpl in Y; unfold AbsRing_ball, abs, minus, plus, opp in Y; simpl in Y. rewrite E in Y.
          rewrite Rplus_0_l, Rabs_Ropp in Y. lra. }
    apply A. auto. }
  destruct Loc as [del Hdel]. set (e' := Rmin e del).
  assert (E0 : 0 < e') by (apply Rmin_pos; [auto|apply cond_pos]).
  assert (Small : forall s, Rabs s < e' -> Rabs s < e /\ apart (theta s) (d :: k ++ flat_map apart_of others)).
  { intros s Hs. split; [eapply Rlt_le_trans; [exact Hs|apply Rmin_l]|]. apply Hdel.
    unfold ball; simpl; unfold AbsRing_ball, abs, minus, plus, opp; simpl. rewrite Ropp_0, Rplus_0_r.
    eapply Rlt_le_trans; [exact Hs|apply Rmin_r]. }
  assert (Lw : forall s, Rabs s < e' -> nth l (law (theta s)) 0 = eval (theta s) n / eval (theta s) d /\ eval (theta s) d <> 0).
  { intros s Hs. destruct (Small s Hs) as [_ A].
    assert (Nd : eval (theta s) d <> 0) by (apply A; simpl; auto). split; [|exact Nd].
    rewrite <- (Hl (point [])). rewrite (nth_indep _ 0 (teval plain (lift D (point c) (point []) (theta s)) (TZc 0)))
      by (rewrite map_length; auto). rewrite map_nth.
    apply (quotient_ok D c [] (theta s) _ n d k Q); auto. intros g I. apply A. simpl. right. apply in_or_app. auto. }
  assert (Stay : inside S theta (Finite (- e')) (Finite e')).
  { intros t At Tb. simpl in At, Tb. apply HS. intros y Y. rewrite <- (Hn (point [])) in Y. apply in_map_iff in Y. destruct Y as [g [<- Ig]].
    destruct (Small t (Rabs_def1 _ _ Tb At)) as [_ A].
    assert (G : forall es os, all_some (map (quotient D c []) es) = Some os -> In g es -> exists s, quotient D c [] g = Some s /\ In s os).
    { clear. induction es as [|a es IH]; simpl; intros os E I; [tauto|].
      destruct (quotient D c [] a) as [s|] eqn:Qa, (all_some (map (quotient D c []) es)) as [os'|]; try discriminate. inversion E; subst.
      destruct I as [->|I]; [exists s; simpl; auto|]. destruct (IH os' eq_refl I) as [s' [A B]]. exists s'. simpl; auto. }
    destruct (G nonzero others QO Ig) as [[[gn gd] gl] [Qg Is]].
    assert (A' : apart (theta t) (gn :: gd :: gl)).
    { intros f If. apply A. simpl. right. apply in_or_app. right. apply in_flat_map. exists (gn, gd, gl). auto. }
    rewrite (quotient_ok D c [] (theta t) g gn gd gl Qg).
    - unfold Rdiv. apply Rmult_integral_contrapositive_currified; [apply A'; simpl; auto|]. apply Rinv_neq_0_compat, A'. simpl; auto.
    - intros f If. apply A'. simpl. auto.
    - apply A'. simpl; auto. }
  assert (F' : flow D P (on_data phi (map point samples)) (fun j _ => if Nat.eqb j i then 1 else 0) theta (Finite (- e')) (Finite e')).
  { intros t j At Tb Lj. simpl in At, Tb. destruct (Small t (Rabs_def1 _ _ Tb At)) as [A _]. apply Rabs_def2 in A. apply F; simpl; auto; lra. }
  rewrite (still D p V e theta h e0 St H K3 K2) in K0; [discriminate|].
  assert (T0 : Rabs 0 < e') by (rewrite Rabs_R0; auto).
  assert (Eq : Q2R q = eval (theta 0) n / eval (theta 0) d).
  { assert (Bd := K1 d (or_introl eq_refl)). apply andb_prop in Bd. destruct Bd as [Bd Nd].
    assert (Bn : Q2R (evq p (norm n)) = eval (point p) n) by (rewrite evq_ok; apply norm_ok).
    assert (Bd' : Q2R (evq p (norm d)) = eval (point p) d) by (rewrite evq_ok; apply norm_ok).
    assert (Ed : eval (theta 0) d = eval (point p) d) by (rewrite <- !norm_ok; apply (evp_below D); auto).
    assert (Eh : evp (theta 0) h = evp (point p) h) by (apply (evp_below D); auto).
    unfold h in Eh. rewrite !norm_ok in Eh. cbn [eval] in Eh. rewrite !number_ok, Ed in Eh.
    unfold q at 1. rewrite Q2R_div. 2:{ intro E. apply Qeq_bool_iff in E. rewrite E in Nd. discriminate. }
    rewrite Bn, Bd', Ed. assert (En : eval (theta 0) n = eval (point p) n) by lra. rewrite En. reflexivity. }
  assert (Z : forall s, Rabs s < e' -> evp (theta s) h = 0).
  { intros s Hs. unfold h. rewrite norm_ok. cbn [eval]. rewrite number_ok, Eq.
    destruct (Lw s Hs) as [L1 N1]. destruct (Lw 0 T0) as [L2 N2].
    assert (A := Rabs_def2 _ _ Hs). assert (B := C _ _ _ _ Stay F' s 0).
    rewrite <- L2, <- B, L1 by (simpl; lra). field. auto. }
  generalize (locally_small e' E0). apply filter_imp. intros s Hs. rewrite !Z; auto.
Qed.
End Refute.

(** ** Independent laws *)

Section Independent.
Variables (D : positive) (laws : params -> list R) (le : list pexp).
Hypothesis Hl : forall x, map (eval x) le = laws x.
Let n := Pos.to_nat D.
Let k := length le.

(** The gradients times the rows of B, at p, are a multiple of the identity. *)
Definition check_independent (p : list Q) (sc : Q) (B : list (list Q)) : bool :=
  negb (Qeq_bool sc 0) &&
  forallb (fun e => let h := norm e in forallb (fun j => below D (dp j h)) (below_idx D)) le &&
  forallb (fun i => forallb (fun j =>
    Qeq_bool (dotq (slopes D p (nth i le (Zc 0))) (nth j B [])) (if Nat.eqb i j then sc else 0)) (seq 0 k)) (seq 0 k).

Theorem independent_at p sc B : check_independent p sc B = true ->
  independent D laws (point p) /\ generically D (fun x => independent D laws x).
Proof.
  intro K. unfold check_independent in K. apply andb_prop in K. destruct K as [K KM].
  apply andb_prop in K. destruct K as [K0 KB]. rewrite forallb_forall in KB, KM.
  assert (LL : forall x, length (laws x) = k) by (intro; rewrite <- Hl; apply map_length).
  set (b := fun j l => point (nth j B []) (coordinate l)).
  (* the transposed product, a polynomial in each entry *)
  set (M := fun j i x => if (Nat.ltb i k && Nat.ltb j k)%bool then
    Rsum n (fun l => evp x (dp (coordinate l) (norm (nth i le (Zc 0)))) * b j l) else 0).
  assert (PM : forall j i, polynomial D (M j i)).
  { intros j i. unfold M. destruct (Nat.ltb_spec i k) as [Li|Li]; cbn [andb]; [|apply poly_number]. destruct (Nat.ltb j k); [|apply poly_number].
    unfold Rsum.
    assert (G : forall s, (forall l, In l s -> (l < n)%nat) -> polynomial D (fun x => fold_right Rplus 0
      (map (fun l => evp x (dp (coordinate l) (norm (nth i le (Zc 0)))) * b j l) s))).
    { induction s as [|l s IH]; intro I; simpl; [apply poly_number|].
      apply (poly_add D (fun x => evp x (dp (coordinate l) (norm (nth i le (Zc 0)))) * b j l)).
      - apply (poly_mul D (fun x => evp x _) (fun _ => b j l)); [|apply poly_number]. apply poly_evp.
        specialize (KB (nth i le (Zc 0)) (nth_In _ _ Li)). cbv zeta in KB. rewrite forallb_forall in KB. apply KB, below_idx_in.
        assert (l < n)%nat by (apply I; simpl; auto). unfold coordinate, n in *. lia.
      - apply IH. intros; apply I; simpl; auto. }
    apply G. intros l I. apply in_seq in I. lia. }
  assert (ME : forall j i x, (i < k)%nat -> (j < k)%nat ->
    M j i x = Rsum n (fun l => partial (fun y => nth i (laws y) 0) (coordinate l) x * b j l)).
  { intros j i x Li Lj. unfold M. apply Nat.ltb_lt in Li as Li'. apply Nat.ltb_lt in Lj as Lj'. rewrite Li', Lj'. simpl.
    apply Rsum_eq. intros l Il. rewrite (partial_nth laws le i (coordinate l) x Hl Li). reflexivity. }
  assert (Msc : forall i j, (i < k)%nat -> (j < k)%nat -> M i j (point p) = Q2R sc * delta i j).
  { intros j i Lj Li. rewrite ME by auto.
    assert (I : In i (seq 0 k)) by (apply in_seq; lia). assert (J : In j (seq 0 k)) by (apply in_seq; lia).
    specialize (KM i I). cbv beta in KM. rewrite forallb_forall in KM. specialize (KM j J). apply Qeq_bool_iff, Qeq_eqR in KM. rewrite slopes_ok in KM.
    transitivity (Q2R (if Nat.eqb i j then sc else 0%Q)).
    - rewrite <- KM. unfold Psum. apply Rsum_eq. intros l Ll. unfold b. f_equal.
      rewrite (partial_nth laws le i (coordinate l) (point p) Hl Li), partial_eval. reflexivity.
    - unfold delta. rewrite Nat.eqb_sym. destruct (Nat.eqb j i); rewrite ?Q2R_0; ring. }
  assert (N0 : Q2R sc <> 0).
  { intro E. rewrite <- Q2R_0 in E. apply eqR_Qeq, Qeq_bool_iff in E. rewrite E in K0. discriminate. }
  destruct (inverse D k M (point p) (Q2R sc) N0 PM Msc) as [Bi [d [_ [Pd [Hd I]]]]].
  assert (G : forall x, d x <> 0 -> independent D laws x).
  { intros x Hx beta Hb l Ll. rewrite LL in *.
    apply (Rmult_eq_reg_l (d x)); auto. rewrite Rmult_0_r.
    rewrite <- (Rsum_delta k (fun i => d x * beta i) l Ll).
    rewrite (Rsum_eq k _ (fun i => Rsum k (fun j => Bi l j x * M j i x) * beta i)).
    2:{ intros i Li. rewrite I, (delta_sym l i) by auto. ring. }
    rewrite (Rsum_eq k _ (fun i => Rsum k (fun j => Bi l j x * (M j i x * beta i)))).
    2:{ intros i Li. rewrite <- Rsum_mul_r. apply Rsum_eq. intros. ring. }
    rewrite Rsum_swap. apply Rsum_zero. intros j Lj. rewrite Rsum_mul.
    replace (Rsum k (fun i => M j i x * beta i)) with 0; [ring|]. symmetry.
    rewrite (Rsum_eq k _ (fun i => Rsum n (fun l => b j l * (beta i * partial (fun y => nth i (laws y) 0) (coordinate l) x)))).
    2:{ intros i Li. rewrite ME by auto. rewrite <- Rsum_mul_r. apply Rsum_eq. intros. ring. }
    rewrite Rsum_swap. apply Rsum_zero. intros l' Ll'. rewrite Rsum_mul, Hb; [ring|]. unfold coordinate, n in *. lia. }
  split; [apply G; exact Hd|]. exists d. split; [exact Pd|split; [exists (point p); exact Hd|exact G]].
Qed.
End Independent.

(** ** Laws that are not independent *)

Section Dependent.
Variables (D : positive) (laws : params -> list R) (le : list pexp).
Hypothesis Hl : forall x, map (eval x) le = laws x.

(** A combination of the gradients at p, not with all numbers 0, is 0. *)
Definition check_dependent (p beta : list Q) : bool :=
  let hs := map norm le in
  Nat.eqb (length beta) (length le) && negb (forallb (fun b => Qeq_bool b 0) beta) &&
  forallb (fun k => Qeq_bool (dotq (map (fun h => evq p (dp k h)) hs) beta) 0) (below_idx D).

Theorem dependent_at p beta : check_dependent p beta = true -> ~ independent D laws (point p).
Proof.
  intros K I. unfold check_dependent in K. cbv zeta in K. apply andb_prop in K. destruct K as [K KG]. apply andb_prop in K. destruct K as [KL K0].
  apply Nat.eqb_eq in KL. rewrite forallb_forall in KG.
  assert (LL : length (laws (point p)) = length le) by (rewrite <- Hl; apply map_length).
  assert (Z : forall l, (l < length le)%nat -> Q2R (nth l beta 0%Q) = 0).
  { rewrite <- LL. apply (I (fun l => Q2R (nth l beta 0%Q))). intros k Lk. rewrite LL.
    specialize (KG k (proj2 (below_idx_in D k) Lk)). apply Qeq_bool_iff, Qeq_eqR in KG. rewrite Q2R_0, dotq_Rsum, !map_length in KG.
    etransitivity; [|exact KG]. apply Rsum_eq. intros l L. rewrite (partial_nth laws le l k (point p) Hl L), <- evq_ok.
    rewrite map_map, (nth_indep (map _ le) 0%Q ((fun e => evq p (dp k (norm e))) (Zc 0))) by (rewrite map_length; auto).
    rewrite (map_nth (fun e => evq p (dp k (norm e)))). ring. }
  assert (E : forallb (fun b => Qeq_bool b 0) beta = true); [|rewrite E in K0; discriminate].
  apply forallb_forall. intros b B. apply (In_nth _ _ 0%Q) in B. destruct B as [l [L <-]]. apply Qeq_bool_iff, eqR_Qeq.
  rewrite Q2R_0. apply Z. lia.
Qed.
End Dependent.

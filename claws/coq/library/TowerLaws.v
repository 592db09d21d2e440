(** The check of laws of models with functions, by computation, and the proof that it is right. *)

From Coq Require Import Reals QArith Qreals List ZArith Lia Lra FunctionalExtensionality.
From Coquelicot Require Import Coquelicot.
From Claws Require Import Vocabulary Polynomials Conserved Losses NoOther Towers.
Import ListNotations.
Open Scope R_scope.

(** ** Building a tower: what comes out is checked, so nothing has to be proved of this *)

Fixpoint mentioned (e : pexp) : list positive :=
  match e with
  | X k => [k]
  | Add a b | Sub a b | Mul a b => mentioned a ++ mentioned b
  | Opp a | Pow a _ => mentioned a
  | _ => []
  end.
Definition add_element (w : kind) (a : texp) (T : tower) : tower :=
  match flat T a with
  | Some p => match find w p T 0 with Some _ => T | None => T ++ [{| what := w; arg := a; inner := p; grad := None |}] end
  | None => T end.
Definition told (K : facts) (f : positive) : list positive :=
  match slope K f with Some e => mentioned e | None => [] end ++ match value K f with Some e => mentioned e | None => [] end.
Fixpoint add_function (K : facts) (fuel : nat) (f : positive) (a : texp) (T : tower) : tower :=
  let T := add_element (KApp f) a T in
  match fuel with
  | O => T
  | S fuel => fold_left (fun T k => match k with
      | 1%positive => T | 2%positive => add_element KInv a T
      | _ => if Pos.eqb (k - 2) f then T else add_function K fuel (k - 2) a T end) (told K f) T
  end.
Fixpoint grow (K : facts) (T : tower) (e : texp) : tower :=
  match e with
  | TAdd a b | TSub a b | TMul a b => grow K (grow K T a) b
  | TOpp a | TPow a _ => grow K T a
  | TInv (TSqrt a) | TSqrt a => add_element KRsqrt a (grow K T a)
  | TInv a => add_element KInv a (grow K T a)
  | TApp f a => add_function K 3 f a (grow K T a)
  | _ => T
  end.
Definition build (K : facts) (es : list texp) : tower :=
  let T := fold_left (grow K) es [] in
  map (fun en => {| what := what en; arg := arg en; inner := inner en; grad := slope_of K T en |}) T.

(** ** The check *)

Lemma flow_term n (a b : nat -> R) u q :
  - (u * Rsum n (fun i => a i * b i)) * q = Rsum n (fun i => - a i * (q * (u * b i))).
Proof. unfold Rsum. induction (seq 0 n); simpl; [ring|]. rewrite <- IHl. ring. Qed.


Section Check.
Variables (D : positive) (outputs factors laws dens rads law_dens law_rads : list texp) (K : facts).

(** Conditions of the outputs, for each sample; and of the laws and the preconditioner. *)
Definition conditions_of (nz ps : list texp) : conditions := map (pair false) nz ++ map (pair true) ps.

Definition check_tower : bool :=
  let TL := build K (laws ++ law_dens ++ law_rads) in
  let T := build K (outputs ++ laws ++ factors ++ dens ++ rads ++ law_dens ++ law_rads) in
  let csL := conditions_of law_dens law_rads in
  let cs := csL ++ conditions_of dens rads in
  let G := gradients T D in
  let P := map (flat0 T) factors in
  let gh := map (fun h => gradient_of G (flat0 T h)) laws in
  (sound K TL csL laws && sound K T cs (outputs ++ laws) && forallb (flattens T) factors &&
   forallb (fun f => let gf := gradient_of G (flat0 T f) in forallb (orthogonal_by K D T P gf) gh) outputs)%bool.

Variables (declared : list (R -> R)) (c : data) (P : preconditioner) (law nzL psL : params -> list R).
Let F := functions declared.
Hypothesis C : check_tower = true.
Hypothesis HK : true_facts declared K.
Hypothesis LK : length K = length declared.
Hypothesis HP : forall z x, map (teval F (lift D c z x)) factors = P x.
Hypothesis Hl : forall z x, map (teval F (lift D c z x)) laws = law x.
Hypothesis HnL : forall z x, map (teval F (lift D c z x)) law_dens = nzL x.
Hypothesis HpL : forall z x, map (teval F (lift D c z x)) law_rads = psL x.

Lemma hold_of z x nz ps : (forall y, In y (map (teval F (lift D c z x)) nz) -> y <> 0) ->
  (forall y, In y (map (teval F (lift D c z x)) ps) -> 0 < y) -> hold declared (lift D c z x) (conditions_of nz ps).
Proof.
  intros A B b e I. unfold conditions_of in I. apply in_app_or in I. destruct I as [I|I]; apply in_map_iff in I;
  destruct I as [e' [E I]]; inversion E; subst; [apply A|apply B]; apply in_map; exact I.
Qed.
Lemma hold_app x a b : hold declared x a -> hold declared x b -> hold declared x (a ++ b).
Proof. intros A B v e I. apply in_app_or in I. destruct I; [apply A|apply B]; auto. Qed.

Lemma nth_teval x es i : (i < length es)%nat -> nth i (map (teval F x) es) 0 = teval F x (nth i es (TZc 0)).
Proof. intro L. rewrite (nth_indep _ 0 (teval F x (TZc 0))) by (rewrite map_length; lia). apply map_nth. Qed.

Section Data.
Variables (phi nz ps : data -> params -> list R) (samples : list data) (S : params -> Prop).
Hypothesis Hp : forall z x, map (teval F (lift D c z x)) outputs = phi z x.
Hypothesis Hn : forall z x, map (teval F (lift D c z x)) dens = nz z x.
Hypothesis Hs : forall z x, map (teval F (lift D c z x)) rads = ps z x.
Hypothesis SnL : forall x, S x -> all_nonzero (nzL x).
Hypothesis SpL : forall x, S x -> all_positive (psL x).
Hypothesis Sn : forall x, S x -> all_nonzero (on_data nz samples x).
Hypothesis Sp : forall x, S x -> all_positive (on_data ps samples x).

Lemma holdL z x : S x -> hold declared (lift D c z x) (conditions_of law_dens law_rads).
Proof. intro H. apply hold_of; [rewrite HnL; apply SnL|rewrite HpL; apply SpL]; auto. Qed.
Lemma holds z x : S x -> In z samples ->
  hold declared (lift D c z x) (conditions_of law_dens law_rads ++ conditions_of dens rads).
Proof.
  intros H I. apply hold_app; [apply holdL; auto|]. apply hold_of.
  - rewrite Hn. intros y Y. apply (Sn x H). unfold on_data. apply in_flat_map. eauto.
  - rewrite Hs. intros y Y. apply (Sp x H). unfold on_data. apply in_flat_map. eauto.
Qed.

Theorem tower_on_data l : conservation_law_on S D P (on_data phi samples) (fun x => nth l (law x) 0).
Proof.
  assert (CC := C). unfold check_tower in CC. cbv zeta in CC.
  set (TL := build K (laws ++ law_dens ++ law_rads)) in *.
  set (T := build K (outputs ++ laws ++ factors ++ dens ++ rads ++ law_dens ++ law_rads)) in *.
  set (csL := conditions_of law_dens law_rads) in *.
  apply andb_prop in CC. destruct CC as [CC CO]. apply andb_prop in CC. destruct CC as [CC CF].
  apply andb_prop in CC. destruct CC as [CL CT].
  assert (LP : forall z x, length (phi z x) = length outputs) by (intros; rewrite <- Hp; apply map_length).
  assert (A : conserved_on S D P (on_data phi samples) (fun x => nth l (law x) 0)).
  { destruct (lt_dec l (length laws)) as [Ll|Ll].
    2:{ intros ci theta a b _ _ s t _ _ _ _. rewrite <- !(Hl (fun _ => 0)), !nth_overflow; auto; rewrite map_length; lia. }
    set (h := nth l laws (TZc 0)). assert (Ih : In h laws) by (apply nth_In; auto).
    assert (El : forall z y, nth l (law y) 0 = teval F (lift D c z y) h) by (intros z y; rewrite <- (Hl z); apply nth_teval; auto).
    intros ci theta a b Stay Fl. refine (zero_derive_const (fun t => nth l (law (theta t)) 0) a b _). intros t At Bt.
    set (z0 := fun _ : positive => 0).
    apply (is_derive_ext (fun s => teval F (lift D c z0 (theta s)) h)); [intro; symmetry; apply El|].
    set (n := length (on_data phi samples (theta t))).
    set (pf := fun i k => partial (fun x => nth i (on_data phi samples x) 0) k (theta t)).
    set (v := fun k => - (factor P k (theta t) * Rsum n (fun i => ci i t * pf i k))).
    replace 0 with (Psum D (fun k => v k * partial (fun y => teval F (lift D c z0 y) h) k (theta t))).
    - apply (chain_at declared K HK LK D c TL csL laws z0 theta t v h CL); auto.
      + apply holdL. apply Stay; auto.
      + intros k L. apply Fl; auto.
    - transitivity (Psum D (fun k => Rsum n (fun i => - ci i t * (partial (fun y => teval F (lift D c z0 y) h) k (theta t) *
        (factor P k (theta t) * pf i k))))).
      { apply Psum_ext. intros k L. apply flow_term. }
      unfold Rsum. rewrite Psum_fr, fr_swap. apply fr_0. intros i _. rewrite fr_scal, <- Psum_fr.
      replace (Psum D _) with 0; [ring|]. symmetry.
      destruct (nth_flat_map phi (length outputs) samples i LP) as [[z [j [J [Iz E]]]]|E].
      + set (f := nth j outputs (TZc 0)). assert (If : In f outputs) by (apply nth_In; auto).
        assert (Ef : forall k, pf i k = partial (fun y => teval F (lift D c z y) f) k (theta t)).
        { intro k. unfold pf, partial. apply Derive_ext. intro s. unfold on_data. rewrite E, <- Hp. apply nth_teval. auto. }
        transitivity (Psum D (fun k => partial (fun y => teval F (lift D c z y) h) k (theta t) *
          (factor P k (theta t) * partial (fun y => teval F (lift D c z y) f) k (theta t)))).
        * apply Psum_ext. intros k L. rewrite Ef. f_equal. unfold partial. apply Derive_ext. intro s. rewrite <- !El. reflexivity.
        * apply (orthogonal_at declared K HK LK D c T (csL ++ conditions_of dens rads) outputs laws factors); auto.
          -- apply holds; auto.
          -- rewrite forallb_forall in CO. specialize (CO f If). cbv zeta in CO. rewrite forallb_forall in CO.
             apply CO. apply (in_map (fun h => gradient_of (gradients T D) (flat0 T h))). exact Ih.
      + apply Psum_0. intros k L. replace (pf i k) with 0; [ring|]. symmetry. unfold pf, partial, on_data.
        rewrite (Derive_ext _ (fun _ => 0)) by (intro; apply E). apply Derive_const. }
  split; [exact A|]. apply conserved_losses_on; [|exact A]. split.
  - intros x y. unfold on_data. clear - LP. induction samples; simpl; auto. rewrite !app_length, IHl, !LP. reflexivity.
  - intros i x k Sx L. unfold on_data. destruct (nth_flat_map phi (length outputs) samples i LP) as [[z [j [J [Iz E]]]]|E].
    + apply (ex_derive_ext (fun s => teval F (lift D c z (upd x k s)) (nth j outputs (TZc 0)))).
      * intro s. rewrite E, <- Hp. symmetry. apply nth_teval. auto.
      * eexists. apply (partial_at declared K HK LK D c T (csL ++ conditions_of dens rads) (outputs ++ laws)); auto.
        -- apply holds; auto.
        -- apply in_or_app. left. apply nth_In. auto.
    + apply (ex_derive_ext (fun _ => 0)); [intro; symmetry; apply E|apply ex_derive_const].
Qed.
End Data.

(** For a model without data. *)
Section NoData.
Variables (phi nz ps : params -> list R) (S : params -> Prop).
Hypothesis Hp : forall z x, map (teval F (lift D c z x)) outputs = phi x.
Hypothesis Hn : forall z x, map (teval F (lift D c z x)) dens = nz x.
Hypothesis Hs : forall z x, map (teval F (lift D c z x)) rads = ps x.
Hypothesis SnL : forall x, S x -> all_nonzero (nzL x).
Hypothesis SpL : forall x, S x -> all_positive (psL x).
Hypothesis Sn : forall x, S x -> all_nonzero (nz x).
Hypothesis Sp : forall x, S x -> all_positive (ps x).

Lemma one_sample (g : params -> list R) : g = on_data (fun _ => g) [fun _ => 0].
Proof. apply functional_extensionality. intro x. unfold on_data. simpl. rewrite app_nil_r. reflexivity. Qed.
Theorem tower_ok l : conservation_law_on S D P phi (fun x => nth l (law x) 0).
Proof.
  rewrite (one_sample phi). apply (tower_on_data (fun _ => phi) (fun _ => nz) (fun _ => ps)); auto; intros x H; rewrite <- one_sample; auto.
Qed.
End NoData.
End Check.

(** From the list of a law's entries to one of them. *)
Lemma law_entry_on S D P phi (entries : params -> list R) l (h : params -> R) :
  (forall x, nth l (entries x) 0 = h x) -> conservation_law_on S D P phi (fun x => nth l (entries x) 0) ->
  conservation_law_on S D P phi h.
Proof.
  intros E [A B]. split; intros c theta a b I F s t; intros; rewrite <- !E;
  [apply (A c theta a b)|apply (B c theta a b)]; auto.
Qed.

Lemma none_nonzero : all_nonzero []. Proof. intros y []. Qed.
Lemma none_positive : all_positive []. Proof. intros y []. Qed.
Lemma none_on_data (P : list R -> Prop) samples x : P [] -> P (on_data (fun _ _ => []) samples x).
Proof. intro H. unfold on_data. replace (flat_map _ samples) with (@nil R); auto. induction samples; simpl; auto. Qed.
Lemma both_nonzero a b : all_nonzero a -> all_nonzero b -> all_nonzero (a ++ b).
Proof. intros A B y I. apply in_app_or in I. destruct I; auto. Qed.
Lemma both_positive a b : all_positive a -> all_positive b -> all_positive (a ++ b).
Proof. intros A B y I. apply in_app_or in I. destruct I; auto. Qed.

(** ** What is known of declared functions *)

Lemma derivable_known s z : (forall z, ex_derive s z) -> is_derive s z (Derive s z).
Proof. intro H. apply Derive_correct, H. Qed.

(** Euler: a homogeneous function of degree k is z s'(z) / k. *)
Lemma euler k s z : homogeneous k s -> (forall z, ex_derive s z) -> z * Derive s z = INR k * s z.
Proof.
  intros H S.
  assert (A : is_derive (fun l => s (l * z)) 1 (z * Derive s z)).
  { apply (is_derive_comp s (fun l => l * z)).
    - rewrite Rmult_1_l. apply Derive_correct, S.
    - auto_derive; auto. ring. }
  assert (B : is_derive (fun l => l ^ k * s z) 1 (INR k * s z)).
  { auto_derive; auto. rewrite pow1. ring. }
  apply is_derive_unique in A. apply is_derive_unique in B. rewrite <- A, <- B. apply Derive_ext_loc.
  exists (mkposreal (1 / 2) ltac:(lra)). intros y Y. apply H.
  unfold ball in Y; simpl in Y; unfold AbsRing_ball, abs, minus, plus, opp in Y; simpl in Y. apply Rabs_def2 in Y. lra.
Qed.

(** The facts about a list of declared functions, from hypotheses of these forms. *)
Ltac fact :=
  cbn [nth fst snd]; let E := fresh "E" in split; intro E; try discriminate E; injection E as <-;
  match goal with
  | S : forall z, is_derive ?s z _ |- is_derive ?s ?z _ => refine (eq_rect _ (is_derive s z) (S z) _ _); simpl; field
  | S : forall z, ex_derive ?s z |- is_derive ?s _ _ => apply Derive_correct, S
  | H : homogeneous ?k ?s, S : forall z, ex_derive ?s z |- ?s ?z = _ =>
    let U := fresh "U" in assert (U := euler k s z H S); simpl in U |- *; lra
  end.
Ltac facts :=
  let i := fresh "i" in let z := fresh "z" in let L := fresh "L" in
  intros i ? z L; simpl in L;
  repeat first [exfalso; lia | destruct i as [|i]; [clear L; first [fact | split; discriminate]|]].

"""Identities of 0/1 arrays: how a term is rewritten until nothing more can be used.

Soundness-critical. Only identities that hold for every size within the statement's conditions are used.
"""

from __future__ import annotations

from fractions import Fraction

from claws.kernel.core.program import Shape
from claws.kernel.core.sizes import Size
from claws.kernel.laws.labelling import LITERAL
from claws.kernel.laws.symbols import Exponent, Factor, Symbol, Symbols, Term


class Identities(Symbols):
    """The symbols with the identities between them."""

    def simplify(self, term: Term) -> bool:
        """Rewrite a term in place by the identities below; False if it is zero. Soundness-critical."""
        changed = True
        while changed:
            self.meter.tick(1 + len(term.factors))
            changed = False
            merged: dict[tuple[int, tuple[int, ...]], Exponent] = {}
            for s, e, ix in term.factors:
                # x^a x^b = x^(a+b); a 0/1 array is its own square
                if self.symbols[s].idempotent:
                    merged[s, ix] = Fraction(1)
                else:
                    merged[s, ix] = merged.get((s, ix), Fraction(0)) + e
            term.factors = [(s, e, ix) for (s, ix), e in merged.items() if e]
            for position, (s, _, ix) in enumerate(term.factors):
                symbol = self.symbols[s]
                outcome: bool | None = False
                if symbol.kind == "equal":
                    outcome = self._use_equal(term, position, symbol, ix)
                elif symbol.kind == "select":
                    outcome = self._use_select(term, position, symbol, ix)
                elif symbol.kind == "regroup":
                    outcome = self._use_regroup(term, position, symbol, ix)
                if outcome is None:
                    return False
                if outcome:
                    changed = True
                    break
        used = {i for _, _, ix in term.factors for i in ix}
        for i, n in list(term.bound.items()):
            if i not in used:
                # the sum of a term that does not depend on i is the term times the size of i
                term.coefficient = term.coefficient * n
                del term.bound[i]
        return bool(term.coefficient)

    def _use_equal(self, term: Term, position: int, symbol: Symbol, ix: tuple[int, ...]) -> bool | None:
        """Identities of [i = j]. True: the term was rewritten; None: it is zero."""
        i, j = ix
        if i == j:
            # the diagonal of the identity matrix is 1
            del term.factors[position]
            return True
        for old, new in ((i, j), (j, i)):
            if old in term.bound:
                # sum_i [i = j] f(i) = f(j)
                del term.factors[position]
                term.replace(old, new)
                return True
        if min(ix) <= LITERAL:
            if max(ix) <= LITERAL:
                return self._compare(term, position, self.position(i) - self.position(j))
            term.factors[position] = self.select_factor(self.position(min(ix)), (), (), symbol.shape[0], (max(ix),))
            return True
        # both are legs: f(j) [i = j] = f(i) [i = j]; use the smaller elsewhere
        low, high = min(ix), max(ix)
        changed = ix != (low, high)
        term.factors[position] = (symbol.number, Fraction(1), (low, high))
        return self._elsewhere(term, position, high, low) or changed

    def _compare(self, term: Term, position: int, difference: Size) -> bool | None:
        """Use a factor that says difference = 0 between literal positions."""
        if not difference:
            del term.factors[position]
            return True
        if self.bounds.positive(difference) or self.bounds.positive(-difference):
            return None
        return False

    def _elsewhere(self, term: Term, position: int, old: int, new: int) -> bool:
        """Put `new` for the leg `old` in every other factor; whether that changed anything."""
        changed = False
        for k, (s, e, ix) in enumerate(term.factors):
            if k != position and old in ix:
                term.factors[k] = (s, e, tuple(new if i == old else i for i in ix))
                changed = True
        return changed

    def _use_select(self, term: Term, position: int, symbol: Symbol, ix: tuple[int, ...]) -> bool | None:
        """Identities of [i = start + sum steps*j], which is 1 for exactly one i for each j."""
        start, steps, lengths, size = _select_data(symbol)
        *js, i = ix
        for k, j in enumerate(js):
            if j <= LITERAL:
                # the position of j is known: it is part of the start
                legs = (*js[:k], *js[k + 1 :], i)
                new_start = start + self.position(j) * steps[k]
                term.factors[position] = self.select_factor(
                    new_start, steps[:k] + steps[k + 1 :], lengths[:k] + lengths[k + 1 :], size, legs
                )
                return True
        if not steps:
            # [i = c] f(i) = [i = c] f(c)
            if i <= LITERAL:
                return self._compare(term, position, start - self.position(i))
            c = self.literal(start)
            if i in term.bound:
                del term.factors[position]
                term.replace(i, c)
                return True
            return self._elsewhere(term, position, i, c)
        if i <= LITERAL:
            return self._solve(term, position, symbol, js, self.position(i)) if len(js) == 1 else False
        others = [(k, f) for k, f in enumerate(term.factors) if k != position and i in f[2]]
        if i in term.bound and not others and i not in js:
            # sum_i [i = ...] = 1; the sum over i is done, so i is not summed (and counted) once more
            del term.factors[position]
            del term.bound[i]
            return True
        for k, (s2, _, ix2) in others:
            other = self.symbols[s2]
            if other.kind != "select":
                continue
            start2, steps2, lengths2, size2 = _select_data(other)
            if ix2[-1] == i:
                # two conditions on the same i
                if len(steps) == len(steps2) == 1:
                    if s2 == symbol.number and ix2[0] != js[0]:
                        # start + t*j = start + t*j' means j = j'
                        equal = self.symbol("equal", lengths[0], (lengths[0], lengths[0]), "eq")
                        term.factors[k] = (equal.number, Fraction(1), (js[0], ix2[0]))
                        return True
                    if self._apart(start, steps[0], lengths[0], start2, steps2[0], lengths2[0]):
                        return None
            elif i in term.bound and len(others) == 1 and i not in js and ix2.count(i) == 1:
                # sum_i [i = A(j)] [k = B(i, ..)] = [k = B(A(j), ..)]
                at = ix2.index(i)
                t = steps2[at]
                new_steps = (*steps2[:at], *(t * u for u in steps), *steps2[at + 1 :])
                new_lengths = (*lengths2[:at], *lengths, *lengths2[at + 1 :])
                new_legs = (*ix2[:at], *js, *ix2[at + 1 :])
                term.factors[k] = self.select_factor(start2 + start * t, new_steps, new_lengths, size2, new_legs)
                del term.factors[position]
                del term.bound[i]
                return True
        return False

    def _solve(self, term: Term, position: int, symbol: Symbol, js: list[int], c: Size) -> bool | None:
        """[c = start + t*j]: j is (c - start)/t where that is a whole number in range, and else the factor is 0."""
        start, (t,), (length,), _ = _select_data(symbol)
        shift = c - start
        if t != 1:
            value = shift.integer()
            if value is None:
                return False
            if value % t:
                return None
            shift = Size.of(value // t)
        if self.bounds.positive(-shift) or self.bounds.nonnegative(shift - length):
            return None
        if self.bounds.nonnegative(shift) and self.bounds.positive(length - shift):
            term.factors[position] = self.select_factor(shift, (), (), length, (js[0],))
            return True
        return False

    def _apart(self, a: Size, s: int, m: Size, b: Size, t: int, n: Size) -> bool:
        """Whether no a + s*j (0 <= j < m) equals a b + t*k (0 <= k < n)."""
        if s == t:
            difference = (a - b).integer()
            if difference is not None and difference % s:
                return True
        (low1, high1), (low2, high2) = (
            (x, x + (k - 1) * u) if u > 0 else (x + (k - 1) * u, x) for x, u, k in ((a, s, m), (b, t, n))
        )
        return self.bounds.positive(low2 - high1) or self.bounds.positive(low1 - high2)

    def select_factor(
        self, start: Size, steps: tuple[int, ...], lengths: Shape, size: Size, legs: tuple[int, ...]
    ) -> Factor:
        """The factor [legs[-1] = start + sum steps*legs[:-1]]; the identity where it is one."""
        if steps == (1,) and not start and lengths[0] == size:
            return (self.symbol("equal", size, (size, size), "eq").number, Fraction(1), legs)
        text = f"at[{start}]" if not steps else f"window[{start}{''.join(f'+{t}*' for t in steps)}]"
        data = (start, steps, lengths, size)
        s = self.symbol("select", data, (*lengths, size), text, data=data)
        return (s.number, Fraction(1), legs)

    def _use_regroup(self, term: Term, position: int, symbol: Symbol, ix: tuple[int, ...]) -> bool | None:
        """Identities of the 0/1 array of a bijection between two groups of indices."""
        (m,) = symbol.data
        assert isinstance(m, int)
        sides = (ix[:m], ix[m:])
        elsewhere = {i for k, (_, _, jx) in enumerate(term.factors) if k != position for i in jx}
        for side in sides:
            if all(i in term.bound and i not in elsewhere for i in side) and len(set(ix)) == len(ix):
                # each index on one side meets exactly one on the other; the sum over this side is done
                del term.factors[position]
                for i in side:
                    del term.bound[i]
                return True
        for k, (s2, _, ix2) in enumerate(term.factors):
            if k == position or s2 != symbol.number:
                continue
            for same, old, new in ((ix[:m] == ix2[:m], ix2[m:], ix[m:]), (ix[m:] == ix2[m:], ix2[:m], ix[:m])):
                if same and old != new:
                    # the same entry seen twice: its other indices agree too
                    for a, b, n in zip(old, new, symbol.shape[m:] if old == ix2[m:] else symbol.shape[:m], strict=True):
                        if a != b:
                            equal = self.symbol("equal", n, (n, n), "eq")
                            term.factors.append((equal.number, Fraction(1), (a, b)))
                    del term.factors[k]
                    return True
        return False


def _select_data(symbol: Symbol) -> tuple[Size, tuple[int, ...], Shape, Size]:
    start, steps, lengths, size = symbol.data
    return start, steps, lengths, size  # type: ignore[return-value]

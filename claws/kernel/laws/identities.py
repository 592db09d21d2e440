"""Identities of 0/1 arrays: how a term is rewritten until nothing more can be used.

Soundness-critical. Only identities that hold for every size within the statement's conditions are used.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from claws.kernel.core.program import Shape, is_row_major
from claws.kernel.core.sizes import Size
from claws.kernel.laws.labelling import LITERAL
from claws.kernel.laws.symbols import Exponent, Factor, NetworkTerm, Select, Symbol, Symbols


class Identities(Symbols):
    """The symbols with the identities between them."""

    def simplify(self, term: NetworkTerm) -> bool:
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

    def _use_equal(self, term: NetworkTerm, position: int, symbol: Symbol, ix: tuple[int, ...]) -> bool | None:
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

    def _compare(self, term: NetworkTerm, position: int, difference: Size) -> bool | None:
        """Use a factor that says difference = 0 between literal positions."""
        if not difference:
            del term.factors[position]
            return True
        if self.bounds.positive(difference) or self.bounds.positive(-difference):
            return None
        return False

    def _elsewhere(self, term: NetworkTerm, position: int, old: int, new: int) -> bool:
        """Put `new` for the leg `old` in every other factor; whether that changed anything."""
        changed = False
        for k, (s, e, ix) in enumerate(term.factors):
            if k != position and old in ix:
                term.factors[k] = (s, e, tuple(new if i == old else i for i in ix))
                changed = True
        return changed

    def _use_select(self, term: NetworkTerm, position: int, symbol: Symbol, ix: tuple[int, ...]) -> bool | None:
        """Identities of [i = start + sum steps*j], which is 1 for exactly one i for each j."""
        select = _data_of(symbol)
        start, steps, lengths = select.start, select.steps, select.lengths
        *js, i = ix
        for k, j in enumerate(js):
            if j <= LITERAL:
                # the position of j is known: it is part of the start
                legs = (*js[:k], *js[k + 1 :], i)
                new_start = start + self.position(j) * steps[k]
                term.factors[position] = self.select_factor(
                    new_start, steps[:k] + steps[k + 1 :], lengths[:k] + lengths[k + 1 :], select.size, legs
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
            return self._solve(term, position, select, js, self.position(i)) if len(js) == 1 else False
        others = [(k, f) for k, f in enumerate(term.factors) if k != position and i in f[2]]
        if i in term.bound and not others and i not in js:
            # sum_i [i = ...] = 1; the sum over i is done, so i is not summed (and counted) once more
            del term.factors[position]
            del term.bound[i]
            return True
        if select.merges and self._sum_over_parts(term, position, ix):
            return True
        if self._same_parts(term, position, symbol, ix):
            return True
        for k, (s2, _, ix2) in others:
            other = self.symbols[s2]
            if other.kind != "select":
                continue
            if ix2[-1] == i:
                # two conditions on the same i
                if s2 == symbol.number and ix2 != ix and self._tells_parts(select):
                    # start + sum t*j = start + sum t*j' means j = j'
                    del term.factors[k]
                    self._equate(term, zip(js, ix2, lengths, strict=False))
                    return True
                if len(steps) == 1 and self._apart(select, _data_of(other)):
                    return None
            elif i in term.bound and len(others) == 1 and i not in js and ix2.count(i) == 1:
                # sum_i [i = A(j)] [k = B(i, ..)] = [k = B(A(j), ..)]
                outer, at = _data_of(other), ix2.index(i)
                t = outer.steps[at]
                new_steps = (*outer.steps[:at], *(t * u for u in steps), *outer.steps[at + 1 :])
                new_lengths = (*outer.lengths[:at], *lengths, *outer.lengths[at + 1 :])
                new_legs = (*ix2[:at], *js, *ix2[at + 1 :])
                term.factors[k] = self.select_factor(
                    outer.start + start * t, new_steps, new_lengths, outer.size, new_legs
                )
                del term.factors[position]
                del term.bound[i]
                return True
        return False

    def _sum_over_parts(self, term: NetworkTerm, position: int, ix: tuple[int, ...]) -> bool:
        """Use that sum_j [i = ...] = 1 where each i has one j and nothing else depends on j; whether that was so."""
        js = ix[:-1]
        elsewhere = {x for k, (_, _, jx) in enumerate(term.factors) if k != position for x in jx}
        if len(set(ix)) != len(ix) or any(j not in term.bound or j in elsewhere for j in js):
            return False
        del term.factors[position]
        for j in js:
            del term.bound[j]
        return True

    def _same_parts(self, term: NetworkTerm, position: int, symbol: Symbol, ix: tuple[int, ...]) -> bool:
        """Use that two conditions with the same j have the same i; whether there was another."""
        for k, (s, _, jx) in enumerate(term.factors):
            if k != position and s == symbol.number and jx[:-1] == ix[:-1] and jx != ix:
                del term.factors[k]
                self._equate(term, [(ix[-1], jx[-1], symbol.shape[-1])])
                return True
        return False

    def _tells_parts(self, select: Select) -> bool:
        """Whether different j give different i."""
        if len(select.steps) > 1:
            return select.merges
        (t,) = select.steps
        return self.bounds.positive(t) or self.bounds.positive(-t)

    def _equate(self, term: NetworkTerm, pairs: Iterable[tuple[int, int, Size]]) -> None:
        """Put in the condition that indices are the same, each pair with the size of its axis."""
        for a, b, n in pairs:
            if a != b:
                equal = self.symbol("equal", n, (n, n), "eq")
                term.factors.append((equal.number, Fraction(1), (a, b)))

    def _solve(self, term: NetworkTerm, position: int, select: Select, js: list[int], c: Size) -> bool | None:
        """[c = start + t*j]: j is (c - start)/t where that is a whole number in range, and else the factor is 0."""
        (t,), (length,) = select.steps, select.lengths
        shift = c - select.start
        if t != 1:
            value, step = shift.integer(), t.integer()
            if value is None or not step:
                return False
            if value % step:
                return None
            shift = Size.of(value // step)
        if self.bounds.positive(-shift) or self.bounds.nonnegative(shift - length):
            return None
        if self.bounds.nonnegative(shift) and self.bounds.positive(length - shift):
            term.factors[position] = self.select_factor(shift, (), (), length, (js[0],))
            return True
        return False

    def _apart(self, a: Select, b: Select) -> bool:
        """Whether two conditions with one j each never hold for the same i."""
        if len(b.steps) != 1:
            return False
        if a.steps == b.steps:
            difference, step = (a.start - b.start).integer(), a.steps[0].integer()
            if difference is not None and step is not None and difference % step:
                return True
        (low1, high1), (low2, high2) = self._ends(a), self._ends(b)
        return self.bounds.positive(low2 - high1) or self.bounds.positive(low1 - high2)

    def _ends(self, a: Select) -> tuple[Size, Size]:
        """The first and the last i of a condition with one j."""
        last = a.start + (a.lengths[0] - 1) * a.steps[0]
        return (a.start, last) if self.bounds.nonnegative(a.steps[0]) else (last, a.start)

    def select_factor(self, start: Size, steps: Shape, lengths: Shape, size: Size, legs: tuple[int, ...]) -> Factor:
        """The factor [legs[-1] = start + sum steps*legs[:-1]]; the identity where it is one."""
        if len(steps) == 1 and steps[0] == 1 and not start and lengths[0] == size:
            return (self.symbol("equal", size, (size, size), "eq").number, Fraction(1), legs)
        text = f"at[{start}]" if not steps else f"window[{start}{''.join(f'+{t}*' for t in steps)}]"
        data = Select(start, steps, lengths, size, len(steps) > 1 and is_row_major(start, steps, lengths, size))
        s = self.symbol("select", data, (*lengths, size), text, select=data)
        return (s.number, Fraction(1), legs)


def _data_of(symbol: Symbol) -> Select:
    assert symbol.select is not None
    return symbol.select

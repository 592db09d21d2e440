"""Tensors in index notation, as `claws show` writes gradients and residues."""

from __future__ import annotations

from claws.kernel.format.printing import LETTERS
from claws.kernel.laws.symbols import Symbol, Tensor
from claws.kernel.laws.tensors import Tensors


class TensorPrinter:
    """Writes tensors in index notation; named symbols are listed once, with their definitions."""

    def __init__(self, tensors: Tensors) -> None:
        self.tensors = tensors
        self.names: dict[int, str] = {}

    def render(self, tensor: Tensor) -> str:
        """`2*U[i,k]*A[k,l]`, summed over the indices that are not legs; legs are the first letters."""
        if not tensor.terms:
            return "0"
        parts = []
        rank = len(tensor.shape)
        for network, c in sorted(tensor.terms.items()):
            # letters by first use after the legs, so that terms read alike
            letters = {k: LETTERS[k % len(LETTERS)] for k in range(rank)}
            factors = []
            for s, e, ix in network:
                for i in ix:
                    if i >= rank and i not in letters:
                        k = len(letters)
                        letters[i] = LETTERS[k] if k < len(LETTERS) else f"i{k}"
                inside = ",".join(letters[i] if i >= 0 else str(self.tensors.position(i)) for i in ix)
                symbol = self.tensors.symbols[s]
                power = "" if e == 1 else f"^{e}" if e.denominator == 1 and e > 0 else f"^({e})"
                factors.append(self._factor(symbol, inside) + power)
            number = str(c)
            sign = ""
            if number.startswith("-"):
                sign, number = "-", str(-c)
            if len(c.terms) > 1:
                number = f"({number})"
            body = "*".join(([number] if number != "1" or not factors else []) + factors)
            parts.append((sign, body))
        text = ("-" if parts[0][0] else "") + parts[0][1]
        for sign, body in parts[1:]:
            text += f" {sign or '+'} {body}"
        return text

    def _factor(self, symbol: Symbol, inside: str) -> str:
        return self._name(symbol) + (f"[{inside}]" if inside else "")

    def _name(self, symbol: Symbol) -> str:
        if symbol.kind in ("leaf", "constant"):
            return symbol.text
        if symbol.number not in self.names:
            used = len([n for n in self.names.values() if n.startswith(f"{symbol.text}_")])
            self.names[symbol.number] = (
                symbol.text if symbol.kind in ("equal", "select", "iota") else f"{symbol.text}_{used + 1}"
            )
        return self.names[symbol.number]

    def definitions(self) -> list[str]:
        """A line for each symbol that has been printed and is defined by others."""
        done: set[int] = set()
        lines = []
        while set(self.names) - done:
            for number in sorted(set(self.names) - done):
                done.add(number)
                symbol = self.tensors.symbols[number]
                if symbol.definition is not None:
                    legs = ",".join(LETTERS[k] for k in range(len(symbol.shape)))
                    head = self.names[number] + (f"[{legs}]" if legs else "")
                    lines.append(f"{head} = {self.render(symbol.definition)}")
        return lines

"""The Python interface: `claws.load`, `claws.loads`, `claws.Model.from_sympy`.

    >>> import claws
    >>> model = claws.loads("param u, v\\nmap u*v\\nlaw balance = u^2 - v^2")
    >>> model.check().claims[0].verdict
    <Verdict.PROVED: 'PROVED'>

A `Model` is a `.claw` file that has been read; `check` returns the values that the command line renders.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from claws.report.results import FileResult
from claws.runner.check import check_spec
from claws.runner.options import Options
from claws.syntax.diagnostic import Diagnostic
from claws.syntax.limits import LIMITS
from claws.syntax.reader import load_text
from claws.syntax.source import read_source, source_lines
from claws.syntax.spec import Spec

if TYPE_CHECKING:
    import sympy


class ClawError(ValueError):
    """A file that can't be read or is wrong. `diagnostics` are its errors; the message is the command line's."""

    def __init__(self, path: str, text: str, diagnostics: list[Diagnostic]) -> None:
        from claws.report.text import render_diagnostic

        lines = source_lines(text)
        super().__init__("\n".join("\n".join(render_diagnostic(path, lines, d)) for d in diagnostics))
        self.diagnostics = diagnostics


@dataclass(frozen=True)
class Law:
    """One law of a model."""

    model: Model
    name: str

    def to_sympy(self, sizes: Mapping[str, int] | None = None) -> Any:
        """The law as a SymPy expression, column, matrix or array (by its number of axes), at these sizes.

        The entry U[0, 1] of a parameter is the symbol `U_0_1`. Raises `ClawError` where a size is missing or does not fit.
        """
        from claws.report.formulas import law_entries
        from claws.syntax.diagnostic import SourceError

        spec = self.model.spec
        _check_names(spec, sizes or {})
        try:
            return law_entries(spec, self.name, sizes)
        except SourceError as problem:
            raise ClawError(spec.path, spec.text, [problem.diagnostic]) from problem

    def evaluate(self, values: Mapping[str, Any], sizes: Mapping[str, int] | None = None) -> Any:
        """The value of the law as a float64 array, for watching it while your own code trains.

        `values` has an array (anything that NumPy takes) for each parameter and constant that the law mentions, and for `vel(U)`
        and `t` under flows that have these. Sizes are read off the arrays where `sizes` does not give them. Raises `ClawError`.
        """
        import numpy as np

        from claws.flows.problem import CannotTrain, law_at
        from claws.syntax.diagnostic import SourceError

        spec = self.model.spec
        _check_names(spec, sizes or {})
        arrays = {name: np.asarray(x, dtype=np.float64) for name, x in values.items()}
        try:
            return law_at(spec, self.name, arrays, dict(sizes or {}))
        except SourceError as problem:
            raise ClawError(spec.path, spec.text, [problem.diagnostic]) from problem
        except CannotTrain as reason:
            span = spec.laws[self.name].span
            raise ClawError(spec.path, spec.text, [Diagnostic("CLAW022", str(reason), span)]) from reason


class Model:
    """A `.claw` file that has been read without errors."""

    def __init__(self, spec: Spec) -> None:
        if spec.diagnostics:
            raise ClawError(spec.path, spec.text, spec.diagnostics)
        self.spec = spec

    def __repr__(self) -> str:
        return f"<claws.Model {self.name}: {len(self.spec.claims)} claims>"

    @property
    def name(self) -> str:
        return self.spec.model

    @property
    def text(self) -> str:
        """The source as `.claw` text."""
        return self.spec.text

    @property
    def laws(self) -> dict[str, Law]:
        """The laws by name, in the order of the file."""
        return {name: Law(self, name) for name in self.spec.laws}

    def check(
        self,
        *,
        seed: int = 0,
        budget: int = 20_000_000,
        timeout: float | None = 60.0,
        certificates: str | None = None,
        unconditional: bool = False,
    ) -> FileResult:
        """Decide every claim. The options are those of `claws check`; `certificates` is a folder."""
        options = Options(
            seed=seed, budget=budget, timeout=timeout, certificates=certificates, unconditional=unconditional
        )
        return check_spec(self.spec, options)

    @staticmethod
    def from_sympy(
        params: Iterable[sympy.Symbol] | sympy.Symbol,
        map: Iterable[sympy.Expr] | sympy.Expr,
        laws: Mapping[str, sympy.Expr] | Iterable[sympy.Expr] | sympy.Expr,
        *,
        inputs: Iterable[sympy.Symbol] | sympy.Symbol = (),
        name: str = "sympy",
    ) -> Model:
        """A model from scalar SymPy expressions.

        `params` and `inputs` are symbols (positive or nonzero ones become so declared); laws without names are called
        law1, law2, ...; a matrix is the list of its entries. Raises `ValueError` for an expression that has no exact
        counterpart, such as a float.
        """
        from claws.frontends.from_sympy import source_from_sympy

        return loads(source_from_sympy(params, map, laws, inputs, name), name)


def load(path: str | os.PathLike[str], sizes: Mapping[str, int] | None = None) -> Model:
    """Read a `.claw` file; `sizes` sets or overrides dims. Raises `ClawError` with all of its errors."""
    name = os.fspath(path)
    text, problem = read_source(name)
    if problem is not None:
        raise ClawError(name, "", [problem])
    return _model(text, name, sizes)


def loads(text: str, path: str = "<text>", sizes: Mapping[str, int] | None = None) -> Model:
    """Read the text of a `.claw` file; `path` is for messages."""
    return _model(text, path, sizes)


def _model(text: str, path: str, sizes: Mapping[str, int] | None) -> Model:
    _check_sizes(text, path, sizes or {})
    model = Model(load_text(text, path, sizes))
    _check_names(model.spec, sizes or {})
    return model


def _check_sizes(text: str, path: str, sizes: Mapping[str, int]) -> None:
    for d, n in sizes.items():
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= LIMITS.size:
            message = f"the size {d} = {n!r} is no whole number from 1 to {LIMITS.size}"
            raise ClawError(path, text, [Diagnostic("CLAW043", message)])


def _check_names(spec: Spec, sizes: Mapping[str, int]) -> None:
    _check_sizes(spec.text, spec.path, sizes)
    unknown = ", ".join(f"`{d}`" for d in sizes if d not in spec.dims)
    if unknown:
        raise ClawError(spec.path, spec.text, [Diagnostic("CLAW043", f"the file declares no dim {unknown}")])

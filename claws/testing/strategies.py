"""Hypothesis strategies for a file: sizes, states, data, losses and whole training problems.

Everything shrinks: to small sizes, to few entries that are not zero, to small whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st

from claws.flows.losses import LOSSES, Loss, polynomial
from claws.flows.problem import CannotTrain, System, TrainingProblem, started
from claws.kernel.core.errors import Malformed
from claws.kernel.core.program import count_entries
from claws.kernel.values.evaluation import fixed
from claws.readings.jets import Array
from claws.syntax.diagnostic import SourceError
from claws.syntax.instances.instance import Instance
from claws.syntax.spec import Spec

Sizes = Mapping[str, int]
"""A number for each free dim."""


@dataclass(frozen=True, slots=True)
class StrategyLimits:
    """What is drawn from at most."""

    entries: int = 200
    """Models with more numbers are left out: they would shrink slowly, and find nothing that small ones do not."""
    sizes: int = 200
    """Sizes of a `for` clause, the smallest first."""


LIMITS = StrategyLimits()


class _SameFile:
    """A file as a key: itself, and no other with the same text."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec

    def __hash__(self) -> int:
        return id(self.spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SameFile) and other.spec is self.spec


_Key = tuple[tuple[str, int], ...]
"""Sizes as a key."""


def _key(sizes: Sizes) -> _Key:
    return tuple(sorted(sizes.items()))


def sizes(spec: Spec, law: str | None = None, *, largest: int = 3) -> st.SearchStrategy[dict[str, int]]:
    """Sizes at which the model has a meaning, and the law if one is given, as a dict by dim.

    Those of the law's `for` clause, else 1 to `largest` for each free dim. Raises `KeyError` for a law that is not there.
    """
    if law is not None and law not in spec.laws:
        raise KeyError(f"the model has no law `{law}`; it has {', '.join(spec.laws)}")

    def fits(found: dict[str, int]) -> bool:
        return has_meaning(spec, found, law)

    claimed = [s for c in spec.claims if c.kind == "law" and c.name == law for s in c.sizes if s]
    free = {d: st.integers(1, largest) for d, n in spec.dims.items() if n is None}
    if not claimed:
        return st.fixed_dictionaries(free).filter(fits)
    usable = sorted(({**s} for s in claimed), key=lambda s: (sum(s.values()), sorted(s.items())))[: LIMITS.sizes]
    if len(usable[0]) == len(free):
        small = [s for s in usable if fits(s)]
        return st.sampled_from(small or usable[:1])
    others = {d: s for d, s in free.items() if d not in usable[0]}
    return st.builds(lambda a, b: {**a, **b}, st.sampled_from(usable), st.fixed_dictionaries(others)).filter(fits)


def has_meaning(spec: Spec, at: Sizes, law: str | None) -> bool:
    """Whether the model, and the law, can be made at these sizes, and are small enough for a property test."""
    return _has_meaning(_SameFile(spec), _key(at), law)


@lru_cache(maxsize=4096)
def _has_meaning(file: _SameFile, at: _Key, law: str | None) -> bool:
    try:
        instance = Instance(file.spec, dict(at))
        program = instance.with_laws([] if law is None else [law])[0].program
    except (SourceError, Malformed):
        return False
    leaves = program.leaves("param", "input", "const")
    return sum(fixed(count_entries(program.shapes[n])) for n, _ in leaves) <= LIMITS.entries


# --- numbers ---------------------------------------------------------------------------------------------------


RATIONALS = tuple(Fraction(x) for x in ("0", "1", "-1", "2", "-2", "3", "-3", "1/2", "-1/2", "1/3", "3/2"))
"""The values of exact entries, simplest first: one choice for each entry, so that large arrays shrink fast, too."""


def _rationals(domain: str) -> st.SearchStrategy[Fraction]:
    if domain == "positive":
        return st.sampled_from([x for x in RATIONALS if x > 0])
    return st.sampled_from(RATIONALS[1:] if domain == "nonzero" else RATIONALS)


def _floats(domain: str) -> st.SearchStrategy[float]:
    # multiples of 1/8: exact in any precision, and readable
    found = st.integers(1 if domain == "positive" else -16, 16).map(lambda k: k / 8)
    return found.filter(bool) if domain == "nonzero" else found


@lru_cache(maxsize=1024)
def _arrays(shape: tuple[int, ...], domain: str, exact: bool) -> st.SearchStrategy[Any]:
    size = int(np.prod(shape, dtype=int))
    entries: st.SearchStrategy[Any] = _rationals(domain) if exact else _floats(domain)

    def made(values: tuple[Any, ...]) -> Any:
        x = np.empty(size, dtype=object if exact else np.float64)
        x[:] = values
        return x.reshape(shape)

    return st.tuples(*[entries] * size).map(made)


@lru_cache(maxsize=256)
def _system(file: _SameFile, at: _Key) -> System:
    return System.of(file.spec, dict(at))


@lru_cache(maxsize=1024)
def _leaves(
    file: _SameFile, at: _Key, roles: tuple[str, ...], exact: bool, samples: int | None = None
) -> st.SearchStrategy[dict[str, Any]]:
    system = _system(file, at)
    parts = {}
    for name in system.names(*roles):
        leaf = system.leaf(name)
        shape = system.shapes[name]
        if leaf.role == "input" and samples is not None:
            shape = (samples, *shape)
        parts[name] = _arrays(shape, "positive" if leaf.role == "time" else leaf.domain, exact)
    return st.fixed_dictionaries(parts)


def parameters(spec: Spec, sizes: Sizes, *, exact: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """The parameters by name, inside their domains: arrays of `Fraction` (dtype object), or of float64."""
    return _leaves(_SameFile(spec), _key(sizes), ("param",), exact)


def states(spec: Spec, sizes: Sizes, *, exact: bool = True) -> st.SearchStrategy[dict[str, Any]]:
    """The whole state by name: parameters and, where the flow has them, velocities `vel(U)` and the time `t`."""
    return _leaves(_SameFile(spec), _key(sizes), ("param", "velocity", "time"), exact)


def data(
    spec: Spec, sizes: Sizes, *, samples: int | None = None, exact: bool = True
) -> st.SearchStrategy[dict[str, Any]]:
    """Inputs and constants by name. With `samples` every input has an axis of that length in front."""
    return _leaves(_SameFile(spec), _key(sizes), ("input", "const"), exact, samples)


def losses() -> st.SearchStrategy[Loss]:
    """Losses of an output and its target: square, logistic, softplus, pseudo-Huber, and polynomials of degree 4 bounded below."""
    eighths = st.integers(-8, 8).map(lambda k: k / 8)
    positive = st.integers(1, 8).map(lambda k: k / 8)
    return st.sampled_from(list(LOSSES.values())) | st.builds(polynomial, eighths, eighths, positive)


@st.composite
def training_problems(
    draw: st.DrawFn,
    spec: Spec,
    law: str | None = None,
    *,
    at: Sizes | None = None,
    samples: int = 4,
    loss: st.SearchStrategy[Loss] | None = None,
) -> TrainingProblem:
    """Training problems of a model in float64: sizes (or `at` these), initial state, data, targets and a loss.

    With a law, sizes are such that it has a meaning. Up to `samples` samples; one for a map without an input.
    """
    here = dict(draw(sizes(spec, law))) if at is None else dict(at)
    file, key = _SameFile(spec), _key(here)
    system = _system(file, key)
    state = draw(_leaves(file, key, ("param", "velocity"), False))
    state.update({name: np.zeros(()) for name in system.names("time")})
    count = draw(st.integers(1, samples)) if system.names("input") else 1
    known = draw(_leaves(file, key, ("input", "const"), False, count))
    targets: list[Array] = []
    for n in system.model.outputs:
        shape = tuple(fixed(k) for k in system.model.program.shapes[n])
        targets.append(draw(_arrays((count, *shape), "real", False)))
    problem = TrainingProblem(system, here, state, known, tuple(targets), draw(losses() if loss is None else loss))
    try:
        return started(problem)
    except CannotTrain:
        assume(False)
        raise

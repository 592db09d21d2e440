"""The bare model of a file: the file without its claims, at sizes at which it has a meaning."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from claws.kernel.core.errors import Malformed
from claws.kernel.core.sizes import Size
from claws.kernel.counting.points import coordinates
from claws.syntax import nodes
from claws.syntax.diagnostic import START, Diagnostic, SourceError
from claws.syntax.instances.instance import Instance
from claws.syntax.printer import print_file
from claws.syntax.spec import Spec


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """Which sizes are chosen for dims that neither the file nor the command line gives."""

    low: int = 2
    """The size of a dim, at first of every other one."""
    high: int = 3
    """The size of the dims between these."""
    coordinates: int = 400
    """Sizes at which the state has more coordinates are not chosen."""


LIMITS = SizeLimits()


def bare_text(spec: Spec, sizes: Mapping[str, int]) -> str:
    """The file without its claims, in canonical form; a dim that it fixes has the size given here, if there is one."""
    claims = [s for s in spec.file.statements if isinstance(s, nodes.Claim)]
    kept = tuple(_resized(s, sizes) for s in spec.file.statements if not isinstance(s, nodes.Claim))
    lines = {line for s in kept for line in range(s.span.line, s.span.end_line + 1)}
    comments = []
    first = min((c.span.line for c in claims), default=None)
    # comments just above the first claim are about it, as are all below
    above = {c.span.line for c in spec.file.comments} - lines
    while first is not None and first - 1 in above:
        first -= 1
    for comment in spec.file.comments:
        if comment.span.line in lines or first is None or comment.span.line < first:
            comments.append(comment)
    return print_file(nodes.File(spec.file.docstring, kept, tuple(comments), spec.file.docstring_span))


def _resized(s: nodes.Statement, sizes: Mapping[str, int]) -> nodes.Statement:
    """A declaration of dims with the sizes given here for those that it fixes; any other statement as it is."""
    if not isinstance(s, nodes.Dim):
        return s
    entries = []
    for name, value in s.entries:
        new = sizes.get(name.name)
        entries.append((name, value if value is None or new is None else _number(new, value)))
    return nodes.Dim(tuple(entries), s.span)


def _number(n: int, like: nodes.Expression) -> nodes.Expression:
    """A whole number in the place of an expression."""
    return nodes.Number(Fraction(n), str(n), like.span)


def _least_sizes(spec: Spec, given: Mapping[str, int]) -> dict[str, int]:
    """One more than the conditions ask for, by dim: a vector of two that has been normalised is (1, -1), whatever it was."""
    try:
        bounds = Instance(spec, given).bounds()
    except (SourceError, Malformed):
        return {}  # it needs sizes
    dims = {d for c in bounds.conditions for d in c.dims() if c.dims() == {d}}
    return {d: 1 + next(n for n in range(1, 100) if not bounds.positive(Size.dim(d) - n)) for d in dims}


def chosen_sizes(spec: Spec, given: Mapping[str, int]) -> dict[str, int]:
    """A size for every free dim: as given, else small, so that the model has a meaning.

    Raises `SourceError` where no sizes were found that give it one.
    """
    free = [d for d, n in spec.dims.items() if n is None]
    missing = [d for d in free if d not in given]
    given = {d: n for d, n in given.items() if d in free}
    low, high = LIMITS.low, LIMITS.high
    least = _least_sizes(spec, given)
    tries: list[dict[str, int]] = [
        {d: (low, high)[k % 2] for k, d in enumerate(missing)},
        {d: (high, low)[k % 2] for k, d in enumerate(missing)},
        dict.fromkeys(missing, low),
        dict.fromkeys(missing, high),
        # an input that is shorter than a kernel has no convolution
        {d: 2 + k for k, d in enumerate(missing)},
        {d: 2 + k for k, d in enumerate(reversed(missing))},
        *({**dict.fromkeys(missing, low), d: n} for n in (4, 6) for d in missing),
        dict.fromkeys(missing, 1),
        dict.fromkeys(missing, 4),
    ]
    problem: SourceError | None = None
    for sizes in tries:
        whole = {d: given[d] if d in given else max(sizes[d], least.get(d, 1)) for d in free}
        try:
            model = Instance(spec, whole).model()
        except SourceError as found:
            problem = problem or found
            continue
        except Malformed as found:
            problem = problem or SourceError(Diagnostic("CLAW022", str(found)))
            continue
        if not missing or coordinates(model.program) <= LIMITS.coordinates:
            return whole
    if problem is None:
        problem = SourceError(
            Diagnostic("CLAW025", "no small sizes were found for this model", START, "give some with -D")
        )
    raise problem
